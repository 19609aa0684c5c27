//! Evaluators of the emitted text, and what both test files need.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::{Context, Env, ExecutionError, Program, Value as Cel, extensions};
use plimsoll_admit::corpus::CorpusImages;
use plimsoll_engines::{EmitOptions, emit};
use plimsoll_intent::{AdmissionPolicy, Engine, FailurePolicy, Identity, ProvenanceRule, Signer, Tier, Transparency};
use plimsoll_oci::Digest;
use serde_json::{Value, json};

pub const REPOSITORY: &str = "registry.example.com/shop/web";
pub const BUILDER: &str = "https://builder.example.com/v1";
pub const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";

pub fn policy(registries: &[&str]) -> AdmissionPolicy {
    let key = Identity::Key { pem: PEM.to_owned(), file: None };
    let keyless = Identity::Keyless {
        issuer: "https://token.actions.githubusercontent.com".to_owned(),
        subject: None,
        subject_regexp: Some("https://github.com/shop/.+".to_owned()),
    };
    let signer = |name: &str, identity, images: &[&str]| Signer {
        name: name.to_owned(),
        identity,
        images: images.iter().map(|s| (*s).to_owned()).collect(),
    };
    AdmissionPolicy {
        tier: Tier::Critical,
        signers: vec![
            signer("shop-ci", key, &["registry.example.com/shop/**"]),
            signer("infra", keyless, &["registry.example.com/infra/*", "registry.example.com/base"]),
        ],
        transparency: Transparency::NotRequired,
        registries: registries.iter().map(|s| (*s).to_owned()).collect(),
        provenance: Some(ProvenanceRule {
            required: vec![Tier::Critical],
            min_level: 2,
            builders: BTreeMap::from([(BUILDER.to_owned(), 2), ("https://laptop.example.com".to_owned(), 1)]),
        }),
        engines: vec![Engine::Vap],
        failure_policy: FailurePolicy::Fail,
        exclude_namespaces: vec!["kube-system".to_owned()],
    }
}

pub fn images() -> CorpusImages {
    let digest = |name: &str| Digest::sha256(name.as_bytes());
    CorpusImages {
        repository: REPOSITORY.to_owned(),
        tag: "1.4.2".to_owned(),
        good: digest("good"),
        other: digest("other"),
        unsigned: digest("unsigned"),
        wrong_key: digest("wrong key"),
        root: digest("root"),
        no_provenance: digest("no provenance"),
        wrong_provenance: digest("wrong provenance"),
    }
}

/// The documents of one engine by their kind, read back from the emitted text.
pub fn emitted(engine: Engine, policy: &AdmissionPolicy) -> BTreeMap<String, Value> {
    let files = emit(engine, policy, EmitOptions::default());
    files
        .values()
        .map(|text| serde_saphyr::from_str::<Value>(text).unwrap())
        .map(|v| (v["kind"].as_str().unwrap().to_owned(), v))
        .collect()
}

fn env() -> Arc<Env> {
    let mut env = Env::stdlib();
    env.add_extension(extensions::strings).unwrap();
    env.add_extension(extensions::lists).unwrap();
    env.add_extension(extensions::math).unwrap();
    env.add_extension(extensions::encoders).unwrap();
    Arc::new(env)
}

struct Validation {
    expression: Program,
    message: String,
    message_expression: Option<Program>,
}

/// A CEL policy of any engine.
pub struct CelPolicy {
    env: Arc<Env>,
    conditions: Vec<Program>,
    variables: Vec<(String, Program)>,
    validations: Vec<Validation>,
}

pub type Setup<'s> = &'s dyn Fn(&mut Context<'_, '_>);

impl CelPolicy {
    /// From the part of a document that holds `variables` and `validations`.
    pub fn new(spec: &Value) -> Self {
        let env = env();
        let compile = |v: &Value| {
            let text = v.as_str().unwrap();
            env.compile(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
        };
        let list = |key: &str| spec[key].as_array().cloned().unwrap_or_default();
        Self {
            conditions: list("matchConditions").iter().map(|c| compile(&c["expression"])).collect(),
            variables: list("variables")
                .iter()
                .map(|v| (v["name"].as_str().unwrap().to_owned(), compile(&v["expression"])))
                .collect(),
            validations: list("validations")
                .iter()
                .map(|v| Validation {
                    expression: compile(&v["expression"]),
                    message: v["message"].as_str().unwrap().to_owned(),
                    message_expression: v.get("messageExpression").map(&compile),
                })
                .collect(),
            env,
        }
    }

    /// Messages of the validations that fail, as the API server would word them. An error is a failure, as failure policy
    /// Fail has it; a match condition that is false matches nothing.
    pub fn evaluate(&self, object: &Value, operation: &str, given: &[(&str, Cel)], setup: Setup<'_>) -> Vec<String> {
        let mut known: HashMap<String, Cel> = given.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        let object = cel::to_value(object).unwrap();
        let request = cel::to_value(json!({"operation": operation})).unwrap();
        let run = |program: &Program, known: &HashMap<String, Cel>| -> Result<Cel, ExecutionError> {
            let mut context = Context::with_env(self.env.clone());
            context.add_variable_from_value("object", object.clone());
            context.add_variable_from_value("request", request.clone());
            context.add_variable_from_value("variables", Cel::from(known.clone()));
            setup(&mut context);
            program.execute(&context)
        };
        if self.conditions.iter().any(|c| run(c, &known) == Ok(Cel::Bool(false))) {
            return Vec::new();
        }
        for (name, program) in &self.variables {
            // Lazy: a variable that cannot be computed fails whoever uses it, and nobody else.
            if let Ok(value) = run(program, &known) {
                known.insert(name.clone(), value);
            }
        }
        let mut failed = Vec::new();
        for validation in &self.validations {
            match run(&validation.expression, &known) {
                Ok(Cel::Bool(true)) => continue,
                Ok(Cel::Bool(false)) => {}
                Ok(other) => panic!("{other:?} is no boolean"),
                Err(error) => failed.push(format!("error: {error}")),
            }
            let worded = validation.message_expression.as_ref().and_then(|m| match run(m, &known) {
                Ok(Cel::String(text)) => Some(text.to_string()),
                _ => None,
            });
            failed.push(worded.unwrap_or_else(|| validation.message.clone()));
        }
        failed
    }

    pub fn check(&self, object: &Value, given: &[(&str, Cel)]) -> Vec<String> {
        self.evaluate(object, "CREATE", given, &|_| {})
    }
}

/// Every engine that decides from the manifest, over one policy.
pub struct Engines {
    pub vap: CelPolicy,
    pub kyverno: CelPolicy,
    pub gatekeeper: CelPolicy,
    rego: regorus::Engine,
    parameters: Value,
}

impl Engines {
    pub fn new(policy: &AdmissionPolicy) -> Self {
        let vap = &emitted(Engine::Vap, policy)["ValidatingAdmissionPolicy"]["spec"];
        let kyverno = &emitted(Engine::Kyverno, policy)["ValidatingPolicy"]["spec"];
        let gatekeeper = emitted(Engine::Gatekeeper, policy);
        let code = &gatekeeper["ConstraintTemplate"]["spec"]["targets"][0]["code"];
        let mut rego = regorus::Engine::new();
        let text = code[1]["source"]["rego"].as_str().unwrap();
        rego.add_policy("plimsoll.rego".to_owned(), text.to_owned()).unwrap();
        Self {
            vap: CelPolicy::new(vap),
            kyverno: CelPolicy::new(kyverno),
            gatekeeper: CelPolicy::new(&code[0]["source"]),
            rego,
            parameters: gatekeeper["PlimsollWorkloadTrust"]["spec"]["parameters"].clone(),
        }
    }

    pub fn rego(&self, object: &Value, operation: &str) -> Vec<String> {
        let mut engine = self.rego.clone();
        let review = json!({"object": object, "operation": operation, "kind": {"kind": object["kind"]}});
        let input = json!({"review": review, "parameters": self.parameters});
        engine.set_input_json(&input.to_string()).unwrap();
        let found = engine.eval_rule("data.plimsollworkloadtrust.violation".to_owned()).unwrap();
        let found: Value = serde_json::from_str(&found.to_json_str().unwrap()).unwrap();
        found.as_array().unwrap().iter().map(|v| v["msg"].as_str().unwrap().to_owned()).collect()
    }

    pub fn gatekeeper(&self, object: &Value) -> Vec<String> {
        let given =
            [("anyObject", cel::to_value(object).unwrap()), ("params", cel::to_value(&self.parameters).unwrap())];
        self.gatekeeper.check(object, &given)
    }

    /// What each engine says, by its name.
    pub fn all(&self, object: &Value) -> [(&'static str, Vec<String>); 4] {
        [
            ("vap", self.vap.check(object, &[])),
            ("kyverno", self.kyverno.check(object, &[])),
            ("gatekeeper cel", self.gatekeeper(object)),
            ("gatekeeper rego", self.rego(object, "CREATE")),
        ]
    }
}

/// The rule a message belongs to, by the first code it names.
pub fn rule_of(message: &str) -> &'static str {
    match message.get(..7) {
        Some("PL-A006" | "PL-A007" | "PL-A008" | "PL-A009") => "digest",
        Some("PL-A011") => "registry",
        Some("PL-A003") => "root",
        Some("PL-A005") => "group",
        Some("PL-A016") => "writable",
        Some("PL-A019") => "malformed",
        _ => "error",
    }
}
