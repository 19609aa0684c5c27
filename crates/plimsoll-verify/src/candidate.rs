//! One candidate: from bytes to a statement that a trusted signer made about the digest, or the reason why not.

use plimsoll_envelope::{Bundle, BundleError, Content, Envelope, IN_TOTO_PAYLOAD, KeyMaterial, Material, Statement};
use plimsoll_finding::signing;
use plimsoll_intent::Transparency;
use plimsoll_oci::Digest;
use serde_json::Value;

use crate::crypto::verifies;
use crate::image::Trust;
use crate::reason::Fault;
use crate::signers::Signers;
use crate::sigstore::{Root, Seen, SeenContent};

/// What one run verifies against.
pub(crate) struct Context<'a> {
    pub(crate) digest: &'a Digest,
    pub(crate) image_name: &'a str,
    pub(crate) trust: &'a Trust<'a>,
    pub(crate) signers: Signers<'a>,
    pub(crate) root: Root<'a>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(digest: &'a Digest, image_name: &'a str, trust: &'a Trust<'a>) -> Self {
        let signers = Signers::read(trust.signers, image_name);
        Self { digest, image_name, trust, signers, root: Root::new(trust.trusted_root) }
    }
}

/// A statement whose signer is established.
pub(crate) struct Established {
    pub(crate) statement: Statement,
    pub(crate) signer: String,
}

/// Reads a bundle, telling apart what is malformed from what is merely unknown.
pub(crate) fn read_bundle(bytes: &[u8]) -> Result<Bundle, Fault> {
    Bundle::parse(bytes).map_err(|error| {
        let code = match error {
            BundleError::MediaType(_) => signing::UNKNOWN_BUNDLE_VERSION,
            _ => signing::MALFORMED_BUNDLE,
        };
        Fault::new(code, "a sigstore bundle 0.1, 0.2 or 0.3 with one signature", error.to_string())
    })
}

/// Establishes the statement of one candidate, or says why not.
pub(crate) fn examine(bytes: &[u8], context: &Context<'_>) -> Result<Established, Fault> {
    let bundle = read_bundle(bytes)?;
    let envelope = envelope_of(&bundle)?;
    let statement = Statement::parse(&envelope.payload)
        .map_err(|e| Fault::new(signing::MALFORMED_STATEMENT, "an in-toto statement v1 or v0.1", e.to_string()))?;
    if !statement.is_about(context.digest) {
        return Err(Fault::new(signing::OTHER_DIGEST, context.digest.to_string(), subjects_of(&statement)));
    }
    let seen = Seen { bytes, content: SeenContent::Envelope(envelope), digest: context.digest, now: context.trust.now };
    let signer = signer_of(&envelope.pae(), &envelope.signature, &bundle.material, &seen, context)?;
    Ok(Established { statement, signer })
}

fn envelope_of(bundle: &Bundle) -> Result<&Envelope, Fault> {
    let fault = |found: String| Fault::new(signing::NOT_A_STATEMENT, "an in-toto statement in a DSSE envelope", found);
    match &bundle.content {
        Content::Message(_) => Err(fault("the signature of a file".to_owned())),
        Content::Envelope(e) if e.payload_type != IN_TOTO_PAYLOAD => {
            Err(fault(format!("payload type '{}'", e.payload_type)))
        }
        Content::Envelope(envelope) => Ok(envelope),
    }
}

/// Who signed `message`: the first trusted signer whose key or identity verifies.
pub(crate) fn signer_of(
    message: &[u8],
    signature: &[u8],
    material: &Material,
    seen: &Seen<'_>,
    context: &Context<'_>,
) -> Result<String, Fault> {
    let log = context.trust.transparency == Transparency::Required;
    let logged = !material.tlog_entries.is_empty();
    if log && !logged {
        return Err(Fault::new(signing::LOG_ENTRY_MISSING, "a transparency log entry", "none in the bundle"));
    }
    let proves = |entry: &Value| {
        ["inclusionProof", "inclusionPromise"].iter().any(|key| entry.get(key).is_some_and(|v| !v.is_null()))
    };
    if !material.tlog_entries.iter().all(proves) && (log || material.key.is_certificate()) {
        let found = "an entry with neither proof nor promise, which anybody could have written";
        return Err(Fault::new(signing::LOG_ENTRY_INVALID, "log entries with an inclusion proof", found));
    }
    match &material.key {
        // The hint is unsigned, so it plays no part: every trusted key is tried.
        KeyMaterial::PublicKey { hint } => {
            let mut matching = context.signers.keys.iter().filter(|s| verifies(&s.key, message, signature)).peekable();
            let Some(first) = matching.peek().map(|s| s.name) else {
                let found = format!("a signature by another key (hint '{hint}'), or changed bytes");
                return Err(Fault::new(signing::UNTRUSTED_KEY, context.signers.trusted_keys(), found));
            };
            let Some(signer) = matching.find(|s| s.covers) else {
                return Err(not_for_image(first, context));
            };
            if log {
                context.root.log_of_key(seen, &signer.key)?;
            }
            Ok(signer.name.to_owned())
        }
        KeyMaterial::Certificate(_) | KeyMaterial::Chain(_) => {
            let claims = context.root.certificate(seen, log || logged)?;
            let mut matching =
                context.signers.keyless.iter().filter(|s| s.is(&claims.issuer, &claims.subject)).peekable();
            let Some(first) = matching.peek().map(|s| s.name) else {
                let found = format!("'{}' of {}", claims.subject, claims.issuer);
                return Err(Fault::new(signing::UNTRUSTED_IDENTITY, context.signers.trusted_identities(), found));
            };
            let signer = matching.find(|s| s.covers).ok_or_else(|| not_for_image(first, context))?;
            Ok(signer.name.to_owned())
        }
    }
}

fn not_for_image(signer: &str, context: &Context<'_>) -> Fault {
    let found = format!("signer '{signer}', whose images do not cover it");
    Fault::new(signing::SIGNER_NOT_FOR_IMAGE, format!("a signer trusted for {}", context.image_name), found)
}

fn subjects_of(statement: &Statement) -> String {
    let one = |s: &plimsoll_envelope::Subject| {
        s.digests.iter().map(|(a, hex)| format!("{a}:{hex}")).collect::<Vec<_>>().join(" ")
    };
    statement.subjects.iter().take(3).map(one).collect::<Vec<_>>().join(", ")
}
