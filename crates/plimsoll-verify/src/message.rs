//! Bundles for files: `verify-blob`.

use plimsoll_envelope::Content;
use plimsoll_finding::signing;
use plimsoll_oci::Digest;

use crate::candidate::{Context, examine, read_bundle, signer_of};
use crate::image::Trust;
use crate::reason::{Fault, Reason};
use crate::sigstore::{Seen, SeenContent};

/// The file a bundle is about.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The file's bytes; a signature over the file itself cannot be checked without them.
    pub bytes: &'a [u8],
    /// What the file is called, which the signers' image patterns do not restrict: give signers made for it.
    pub name: &'a str,
}

/// Verifies a file's bundle, a message signature or an attestation about the file's SHA-256, and names the signer.
pub fn verify_message(message: &Message<'_>, bundle: &[u8], trust: &Trust<'_>) -> Result<String, Reason> {
    let digest = Digest::sha256(message.bytes);
    let context = Context::new(&digest, message.name, trust);
    verify(message, bundle, &context).map_err(|fault| fault.of(message.name))
}

fn verify(message: &Message<'_>, bytes: &[u8], context: &Context<'_>) -> Result<String, Fault> {
    let bundle = read_bundle(bytes)?;
    let Content::Message(signed) = &bundle.content else {
        return examine(bytes, context).map(|established| established.signer);
    };
    // The digest in the bundle identifies the file and no more; a wrong one is a plain mistake worth naming.
    let ours: String = signed.digest.iter().map(|b| format!("{b:02x}")).collect();
    if signed.algorithm == "SHA2_256" && ours != context.digest.hex() {
        return Err(Fault::new(signing::OTHER_DIGEST, context.digest.to_string(), format!("sha256:{ours}")));
    }
    let content = SeenContent::Message(&signed.signature);
    let seen = Seen { bytes, content, digest: context.digest, now: context.trust.now };
    signer_of(message.bytes, &signed.signature, &bundle.material, &seen, context)
}
