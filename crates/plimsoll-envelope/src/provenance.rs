//! SLSA build provenance v1: what plimsoll writes about a hardening, and what it reads of anyone's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use plimsoll_oci::Digest;
use serde_json::{Map, Value, json};

/// The predicate type, exact.
pub const SLSA_PROVENANCE_V1: &str = "https://slsa.dev/provenance/v1";

/// The build type of a hardening: the image in, the parameters, the hardened image out.
pub const HARDEN_BUILD_TYPE: &str = "https://plimsoll.dev/harden/v1";

/// Something a build consumed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    /// Where it came from: a purl or an image name.
    pub uri: String,
    /// Digests by algorithm, lower-case hex.
    pub digests: BTreeMap<String, String>,
    /// A role in the build: `input-image`, `tool`.
    pub name: Option<String>,
}

impl Dependency {
    /// A dependency identified by one digest.
    pub fn of(uri: &str, digest: &Digest, name: &str) -> Self {
        let digests = BTreeMap::from([(digest.algorithm().name().to_owned(), digest.hex().to_owned())]);
        Self { uri: uri.to_owned(), digests, name: Some(name.to_owned()) }
    }
}

/// How the program that writes the provenance was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvenanceMode {
    /// As a command inside the job of whoever builds: the fields are the tenant's own words.
    CommandLine,
    /// As a separate trusted step whose key and fields the build cannot reach.
    ControlPlane,
}

/// The highest SLSA build level that may honestly be claimed: 1 for a command line, whoever signs. A control plane
/// counts as 2 only under a builder id of its own; without one nobody could tell it from the command line.
pub fn claimed_level(builder_id: &str, mode: ProvenanceMode) -> u8 {
    match mode {
        ProvenanceMode::CommandLine => 1,
        ProvenanceMode::ControlPlane if builder_id.is_empty() => 1,
        ProvenanceMode::ControlPlane => 2,
    }
}

/// What a build was and who ran it.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance {
    /// Build type URI.
    pub build_type: String,
    /// What the caller chose. Everything here is the tenant's to say, and a verifier may refuse what it does not know.
    pub external_parameters: Map<String, Value>,
    /// What was consumed, with digests.
    pub dependencies: Vec<Dependency>,
    /// Builder id URI.
    pub builder_id: String,
    /// Versions of the builder's parts: `plimsoll` → `0.1.0`.
    pub builder_version: BTreeMap<String, String>,
    /// An id of this run, if there is one.
    pub invocation_id: Option<String>,
    /// Start, where known.
    pub started: Option<Timestamp>,
    /// End, where known.
    pub finished: Option<Timestamp>,
    /// Other outputs and earlier attestations, linked by digest.
    pub byproducts: Vec<Dependency>,
}

impl Provenance {
    /// The predicate.
    pub fn to_json(&self) -> Value {
        let list = |items: &[Dependency]| items.iter().map(dependency_json).collect::<Vec<_>>();
        let mut builder = json!({"id": self.builder_id});
        if !self.builder_version.is_empty() {
            builder["version"] = texts(&self.builder_version);
        }
        let mut details = json!({"builder": builder});
        let mut metadata = Map::new();
        if let Some(id) = &self.invocation_id {
            metadata.insert("invocationId".into(), id.clone().into());
        }
        if let Some(time) = self.started {
            metadata.insert("startedOn".into(), time.to_string().into());
        }
        if let Some(time) = self.finished {
            metadata.insert("finishedOn".into(), time.to_string().into());
        }
        if !metadata.is_empty() {
            details["metadata"] = metadata.into();
        }
        if !self.byproducts.is_empty() {
            details["byproducts"] = list(&self.byproducts).into();
        }
        json!({
            "buildDefinition": {
                "buildType": self.build_type,
                "externalParameters": self.external_parameters,
                "resolvedDependencies": list(&self.dependencies),
            },
            "runDetails": details,
        })
    }
}

/// The provenance of a hardening. It is a build of its own: the input image is a dependency, and whatever provenance the
/// input had does not carry over.
pub fn harden_provenance(
    input: Dependency,
    tool: Dependency,
    parameters: Map<String, Value>,
    builder_id: &str,
    version: &str,
    at: Option<Timestamp>,
) -> Provenance {
    Provenance {
        build_type: HARDEN_BUILD_TYPE.to_owned(),
        external_parameters: parameters,
        dependencies: vec![input, tool],
        builder_id: builder_id.to_owned(),
        builder_version: BTreeMap::from([("plimsoll".to_owned(), version.to_owned())]),
        invocation_id: None,
        started: at,
        finished: at,
        byproducts: Vec::new(),
    }
}

/// What a verifier needs of anyone's provenance.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvenanceSummary {
    /// Build type URI.
    pub build_type: String,
    /// Builder id URI.
    pub builder_id: String,
    /// Names of the external parameters, sorted.
    pub external_parameters: Vec<String>,
    /// URIs of the resolved dependencies.
    pub dependencies: Vec<String>,
}

/// Why a provenance predicate was refused; whoever wrote it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceError {
    /// A field that level 1 requires is missing, empty or of another type.
    #[error("provenance field '{0}' is missing, empty or has the wrong type")]
    Field(&'static str),
}

impl ProvenanceSummary {
    /// Reads a predicate of type [`SLSA_PROVENANCE_V1`]; every field that SLSA build level 1 requires must be there.
    pub fn read(predicate: &Value) -> Result<Self, ProvenanceError> {
        let missing = ProvenanceError::Field;
        let text = |value: Option<&Value>, field| match value.and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(missing(field)),
        };
        let definition =
            predicate.get("buildDefinition").filter(|v| v.is_object()).ok_or(missing("buildDefinition"))?;
        let details = predicate.get("runDetails").filter(|v| v.is_object()).ok_or(missing("runDetails"))?;
        let builder = details.get("builder").ok_or(missing("runDetails.builder"))?;
        let parameters = definition
            .get("externalParameters")
            .and_then(Value::as_object)
            .ok_or(missing("buildDefinition.externalParameters"))?;
        let mut names: Vec<String> = parameters.keys().cloned().collect();
        names.sort();
        let dependencies = match definition.get("resolvedDependencies") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => {
                list.iter().filter_map(|d| d.get("uri").and_then(Value::as_str)).map(str::to_owned).collect()
            }
            Some(_) => return Err(missing("buildDefinition.resolvedDependencies")),
        };
        Ok(Self {
            build_type: text(definition.get("buildType"), "buildDefinition.buildType")?,
            builder_id: text(builder.get("id"), "runDetails.builder.id")?,
            external_parameters: names,
            dependencies,
        })
    }
}

fn dependency_json(dependency: &Dependency) -> Value {
    let mut out = Map::new();
    if let Some(name) = &dependency.name {
        out.insert("name".into(), name.clone().into());
    }
    out.insert("uri".into(), dependency.uri.clone().into());
    if !dependency.digests.is_empty() {
        out.insert("digest".into(), texts(&dependency.digests));
    }
    out.into()
}

fn texts(map: &BTreeMap<String, String>) -> Value {
    map.iter().map(|(k, v)| (k.clone(), Value::from(v.clone()))).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Provenance {
        let mut parameters = Map::new();
        parameters.insert("uid".into(), 65532.into());
        harden_provenance(
            Dependency::of("pkg:oci/shop", &Digest::sha256(b"in"), "input-image"),
            Dependency::of("pkg:cargo/plimsoll@0.1.0", &Digest::sha256(b"tool"), "tool"),
            parameters,
            "https://plimsoll.dev/cli/v1",
            "0.1.0",
            Some(Timestamp::UNIX_EPOCH),
        )
    }

    #[test]
    fn a_hardening_is_a_build_of_its_own() {
        let json = sample().to_json();
        assert_eq!(json["buildDefinition"]["buildType"], HARDEN_BUILD_TYPE);
        assert_eq!(json["buildDefinition"]["resolvedDependencies"][0]["digest"]["sha256"], Digest::sha256(b"in").hex());
        assert_eq!(json["runDetails"]["metadata"]["startedOn"], "1970-01-01T00:00:00Z");
        let read = ProvenanceSummary::read(&json).unwrap();
        assert_eq!((read.builder_id.as_str(), read.dependencies.len()), ("https://plimsoll.dev/cli/v1", 2));
        assert_eq!(read.external_parameters, ["uid"]);
    }

    #[test]
    fn every_required_field_is_required() {
        for pointer in [
            "/buildDefinition",
            "/runDetails",
            "/buildDefinition/buildType",
            "/runDetails/builder/id",
            "/buildDefinition/externalParameters",
            "/runDetails/builder",
        ] {
            let mut json = sample().to_json();
            *json.pointer_mut(pointer).unwrap() = Value::Null;
            assert!(ProvenanceSummary::read(&json).is_err(), "{pointer}");
        }
        assert!(ProvenanceSummary::read(&Value::Null).is_err());
    }

    #[test]
    fn a_command_line_claims_level_one() {
        assert_eq!(claimed_level("https://ci.example.com/builder", ProvenanceMode::CommandLine), 1);
        assert_eq!(claimed_level("", ProvenanceMode::ControlPlane), 1);
        assert_eq!(claimed_level("https://ci.example.com/builder", ProvenanceMode::ControlPlane), 2);
    }
}
