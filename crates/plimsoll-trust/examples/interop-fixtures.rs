//! Writes key files and bundles of every kind into a directory, with a `cases.json` that says which of them other
//! people's verifiers must accept and which they must refuse: `interop-fixtures DIR`.

use std::error::Error;
use std::path::Path;

use plimsoll_envelope::{Bundle, Content, KeyAlgorithm, SLSA_PROVENANCE_V1, Statement, Subject, sign_statement};
use plimsoll_oci::Digest;
use plimsoll_trust::{PrivateKey, SystemRandom, encrypt, sign_statement_bundle};
use serde_json::{Value, json};

const PASSWORD: &[u8] = b"interop";

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).ok_or("usage: interop-fixtures DIR")?;
    let dir = Path::new(&dir);
    std::fs::create_dir_all(dir)?;
    let digest = Digest::sha256(b"an image manifest");
    let mut cases: Vec<Value> = Vec::new();
    let kinds = [
        ("p256", KeyAlgorithm::EcdsaP256),
        ("p384", KeyAlgorithm::EcdsaP384),
        ("p521", KeyAlgorithm::EcdsaP521),
        ("ed25519", KeyAlgorithm::Ed25519),
        ("rsa", KeyAlgorithm::Rsa),
    ];
    for (name, algorithm) in kinds {
        let key = PrivateKey::generate_of(algorithm)?;
        let public = format!("{name}.pub");
        std::fs::write(dir.join(&public), key.public_key().to_pem())?;
        std::fs::write(dir.join(format!("{name}.key")), encrypt(&key, PASSWORD, &SystemRandom)?)?;
        let signed = sign_statement(&digest, [("team".to_owned(), "payments".to_owned())].into());
        let predicate = json!({"buildDefinition": {"buildType": "https://example.com/b"}, "text": "<&> \u{e9}"});
        let attested = Statement::new(vec![Subject::of(&digest)], SLSA_PROVENANCE_V1, predicate);
        for (what, statement) in [("sign", signed), ("attest", attested)] {
            let bundle = sign_statement_bundle(&statement, &key)?;
            let mut case =
                |suffix: &str, bundle: &Bundle, digest: &Digest, accept: bool| -> Result<(), Box<dyn Error>> {
                    let file = format!("{name}-{what}{suffix}.sigstore.json");
                    std::fs::write(dir.join(&file), bundle.to_bytes())?;
                    cases.push(json!({"bundle": file, "key": public, "digest": digest.to_string(), "accept": accept}));
                    Ok(())
                };
            case("", &bundle, &digest, true)?;
            case("-of-another-image", &bundle, &Digest::sha256(b"another"), false)?;
            let mut payload = bundle.clone();
            if let Content::Envelope(envelope) = &mut payload.content {
                let text = String::from_utf8(envelope.payload.clone())?;
                envelope.payload = text.replace("Statement/v1\"", "Statement/v1\" ").into_bytes();
            }
            case("-payload-changed", &payload, &digest, false)?;
            let mut signature = bundle.clone();
            if let Content::Envelope(envelope) = &mut signature.content
                && let Some(last) = envelope.signature.last_mut()
            {
                *last ^= 1;
            }
            case("-signature-changed", &signature, &digest, false)?;
            let other = sign_statement_bundle(&statement, &PrivateKey::generate_of(algorithm)?)?;
            case("-by-another-key", &other, &digest, false)?;
        }
    }
    std::fs::write(dir.join("cases.json"), serde_json::to_string_pretty(&cases)?)?;
    Ok(())
}
