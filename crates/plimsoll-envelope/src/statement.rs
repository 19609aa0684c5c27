//! The in-toto statement: v1 is written, v1 and v0.1 are read.

use std::collections::BTreeMap;

use plimsoll_oci::Digest;
use serde_json::{Map, Value, json};

use crate::json::{JsonError, parse_strict, shortened};

const TYPE_V1: &str = "https://in-toto.io/Statement/v1";
const TYPE_V01: &str = "https://in-toto.io/Statement/v0.1";

/// The predicate type of an image signature (cosign 3).
pub const COSIGN_SIGN_V1: &str = "https://sigstore.dev/cosign/sign/v1";

/// The most subjects read.
const MAX_SUBJECTS: usize = 10_000;

/// Which statement version was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementVersion {
    /// `https://in-toto.io/Statement/v1`.
    V1,
    /// `https://in-toto.io/Statement/v0.1`, which `cosign attest` still writes.
    V01,
}

/// What a statement is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Name, informative only.
    pub name: Option<String>,
    /// Digests by algorithm, lower-case hex: `sha256` → hex.
    pub digests: BTreeMap<String, String>,
    /// Annotations, which cosign's `-a key=value` fills.
    pub annotations: BTreeMap<String, String>,
}

impl Subject {
    /// A subject of one digest without a name.
    pub fn of(digest: &Digest) -> Self {
        let digests = BTreeMap::from([(digest.algorithm().name().to_owned(), digest.hex().to_owned())]);
        Self { digests, ..Self::default() }
    }

    /// Whether the subject is `digest`: the same algorithm with the same hex.
    pub fn is(&self, digest: &Digest) -> bool {
        self.digests.get(digest.algorithm().name()).is_some_and(|hex| hex == digest.hex())
    }
}

/// A statement: a predicate about subjects.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The version it was read as; [`Statement::to_bytes`] always writes v1.
    pub version: StatementVersion,
    /// What it is about; never empty.
    pub subjects: Vec<Subject>,
    /// Predicate type URI.
    pub predicate_type: String,
    /// The predicate; `Null` when there is none.
    pub predicate: Value,
}

/// Why a statement was refused; whoever wrote it is at fault.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// Not strict JSON.
    #[error("statement is {0}")]
    Json(#[from] JsonError),
    /// `_type` is not a statement version known here.
    #[error("statement _type '{0}' is not supported; expected {TYPE_V1} or {TYPE_V01}")]
    Type(String),
    /// A field is missing or has another type.
    #[error("statement field '{0}' is missing or has the wrong type")]
    Field(&'static str),
    /// No subject, or more than 10,000.
    #[error("statement has {0} subjects; 1 to 10000 are accepted")]
    Subjects(usize),
    /// A subject's sha256 or sha512 is not lower-case hex of its length.
    #[error("statement subject digest '{0}' is malformed")]
    Digest(String),
}

impl Statement {
    /// A v1 statement.
    pub fn new(subjects: Vec<Subject>, predicate_type: &str, predicate: Value) -> Self {
        Self { version: StatementVersion::V1, subjects, predicate_type: predicate_type.to_owned(), predicate }
    }

    /// Whether any subject is `digest`.
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.subjects.iter().any(|s| s.is(digest))
    }

    /// The bytes to sign, v1, fields in cosign's order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let subjects: Vec<Value> = self.subjects.iter().map(subject_json).collect();
        json!({
            "_type": TYPE_V1,
            "subject": subjects,
            "predicateType": self.predicate_type,
            "predicate": self.predicate,
        })
        .to_string()
        .into_bytes()
    }

    /// Reads a statement strictly: known version, at least one subject, each with a digest, no key twice. Unknown fields
    /// are skipped, as the in-toto parsing rules ask.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let Value::Object(mut map) = parse_strict(bytes)? else {
            return Err(StatementError::Field("_type"));
        };
        let version = match map.get("_type").and_then(Value::as_str).ok_or(StatementError::Field("_type"))? {
            TYPE_V1 => StatementVersion::V1,
            TYPE_V01 => StatementVersion::V01,
            other => return Err(StatementError::Type(shortened(other))),
        };
        let subjects = map.get("subject").and_then(Value::as_array).ok_or(StatementError::Field("subject"))?;
        if subjects.is_empty() || subjects.len() > MAX_SUBJECTS {
            return Err(StatementError::Subjects(subjects.len()));
        }
        let subjects = subjects.iter().map(read_subject).collect::<Result<_, _>>()?;
        let predicate_type = match map.get("predicateType").and_then(Value::as_str) {
            Some(uri) if !uri.is_empty() => uri.to_owned(),
            _ => return Err(StatementError::Field("predicateType")),
        };
        let predicate = map.remove("predicate").unwrap_or_default();
        Ok(Self { version, subjects, predicate_type, predicate })
    }
}

/// The statement `cosign sign` signs: the digest, the annotations, an empty predicate, and no name.
pub fn sign_statement(digest: &Digest, annotations: BTreeMap<String, String>) -> Statement {
    Statement::new(vec![Subject { annotations, ..Subject::of(digest) }], COSIGN_SIGN_V1, json!({}))
}

fn subject_json(subject: &Subject) -> Value {
    let texts = |map: &BTreeMap<String, String>| -> Value {
        map.iter().map(|(k, v)| (k.clone(), Value::from(v.clone()))).collect::<Map<_, _>>().into()
    };
    let mut out = Map::new();
    if let Some(name) = &subject.name {
        out.insert("name".into(), name.clone().into());
    }
    out.insert("digest".into(), texts(&subject.digests));
    if !subject.annotations.is_empty() {
        out.insert("annotations".into(), texts(&subject.annotations));
    }
    out.into()
}

fn read_subject(value: &Value) -> Result<Subject, StatementError> {
    let name = match value.get("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.clone()),
        Some(_) => return Err(StatementError::Field("subject.name")),
    };
    let digests = texts(value.get("digest"), "subject.digest")?;
    if digests.is_empty() {
        return Err(StatementError::Field("subject.digest"));
    }
    for (algorithm, hex) in digests.iter().filter(|(a, _)| matches!(a.as_str(), "sha256" | "sha512")) {
        let text = format!("{algorithm}:{hex}");
        text.parse::<Digest>().map_err(|_| StatementError::Digest(shortened(&text)))?;
    }
    Ok(Subject { name, digests, annotations: texts(value.get("annotations"), "subject.annotations")? })
}

fn texts(value: Option<&Value>, field: &'static str) -> Result<BTreeMap<String, String>, StatementError> {
    match value {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
            .collect::<Option<_>>()
            .ok_or(StatementError::Field(field)),
        Some(_) => Err(StatementError::Field(field)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_statement_is_cosigns() {
        let digest = Digest::sha256(b"image");
        let bytes = sign_statement(&digest, BTreeMap::new()).to_bytes();
        let expected = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{}"}}}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{{}}}}"#,
            digest.hex()
        );
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        let annotated = sign_statement(&digest, BTreeMap::from([("team".into(), "pay".into())]));
        assert_eq!(Statement::parse(&annotated.to_bytes()).unwrap(), annotated);
        assert!(annotated.is_about(&digest) && !annotated.is_about(&Digest::sha256(b"other")));
    }

    #[test]
    fn reads_both_versions_and_skips_unknown_fields() {
        let text = |kind: &str| {
            format!(
                r#"{{"_type":"https://in-toto.io/Statement/{kind}","subject":[{{"name":"r/a","digest":{{"sha256":"{}","gitCommit":"x"}}}}],"predicateType":"u","predicate":{{"a":1}},"new":[]}}"#,
                Digest::sha256(b"a").hex()
            )
        };
        assert_eq!(Statement::parse(text("v0.1").as_bytes()).unwrap().version, StatementVersion::V01);
        assert_eq!(Statement::parse(text("v1").as_bytes()).unwrap().version, StatementVersion::V1);
        assert!(matches!(Statement::parse(text("v2").as_bytes()), Err(StatementError::Type(_))));
    }

    #[test]
    fn refuses_what_is_about_nothing_or_reads_two_ways() {
        let with = |subject: &str| {
            let text = format!(r#"{{"_type":"{TYPE_V1}","subject":{subject},"predicateType":"u"}}"#);
            Statement::parse(text.as_bytes())
        };
        let hex = "a".repeat(64);
        assert!(with(&format!(r#"[{{"digest":{{"sha256":"{hex}"}}}}]"#)).is_ok());
        assert!(matches!(with("[]"), Err(StatementError::Subjects(0))));
        assert!(matches!(with("[{}]"), Err(StatementError::Field("subject.digest"))));
        assert!(matches!(with(r#"[{"digest":{"sha256":1}}]"#), Err(StatementError::Field("subject.digest"))));
        let upper = "A".repeat(64);
        assert!(matches!(with(&format!(r#"[{{"digest":{{"sha256":"{upper}"}}}}]"#)), Err(StatementError::Digest(_))));
        let doubled = format!(r#"[{{"digest":{{"sha256":"{hex}","sha256":"{hex}"}}}}]"#);
        assert!(matches!(with(&doubled), Err(StatementError::Json(_))));
        assert!(Statement::parse(b"[]").is_err() && Statement::parse(b"").is_err());
    }
}
