//! The sigstore bundle: v0.3 with a managed key is written; v0.1, v0.2 and v0.3 of any kind are read.

use plimsoll_oci::media_type::SIGSTORE_BUNDLE;
use serde_json::{Value, json};

use crate::json::{JsonError, parse_strict, shortened};
use crate::{Envelope, EnvelopeError, PublicKey, base64};

/// The largest bundle read. An SBOM attestation of a large image is a few megabytes.
pub const MAX_BUNDLE_BYTES: usize = 32 * 1024 * 1024;

const READABLE: [&str; 4] = [
    SIGSTORE_BUNDLE,
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

/// What identifies the signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyMaterial {
    /// A managed key; the hint is unsigned and never trusted.
    PublicKey {
        /// base64 of SHA-256 of the `SubjectPublicKeyInfo`, as cosign writes it.
        hint: String,
    },
    /// A leaf certificate, DER.
    Certificate(Vec<u8>),
    /// A certificate chain, DER, leaf first (bundles 0.1 and 0.2).
    Chain(Vec<Vec<u8>>),
}

impl KeyMaterial {
    /// Whether the signature is keyless.
    pub fn is_certificate(&self) -> bool {
        !matches!(self, Self::PublicKey { .. })
    }
}

/// What proves who signed and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Material {
    /// The key or certificate.
    pub key: KeyMaterial,
    /// Transparency log entries as read.
    pub tlog_entries: Vec<Value>,
    /// RFC 3161 timestamps, DER.
    pub timestamps: Vec<Vec<u8>>,
}

/// A signature over a message that is not in the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSignature {
    /// The digest's algorithm as written: `SHA2_256`. It identifies the message; nothing is verified with it.
    pub algorithm: String,
    /// The digest's bytes.
    pub digest: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// What was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A DSSE envelope.
    Envelope(Envelope),
    /// A signature over something else.
    Message(MessageSignature),
}

/// A bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// Media type as read; [`Bundle::to_bytes`] writes it too.
    pub media_type: String,
    /// What proves who signed.
    pub material: Material,
    /// What was signed.
    pub content: Content,
}

/// Why a bundle was refused; whoever wrote it is at fault.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// More bytes than [`MAX_BUNDLE_BYTES`].
    #[error("bundle is {0} bytes; at most {MAX_BUNDLE_BYTES} are read")]
    TooLarge(usize),
    /// Not strict JSON.
    #[error("bundle is {0}")]
    Json(#[from] JsonError),
    /// A media type that is not known here: it is refused, never guessed at.
    #[error("bundle media type '{0}' is not supported; expected sigstore bundle 0.1, 0.2 or 0.3")]
    MediaType(String),
    /// A field is missing or has another type.
    #[error("bundle field '{0}' is missing or has the wrong type")]
    Field(&'static str),
    /// A field is not canonical base64.
    #[error("bundle field '{0}' is not canonical standard base64")]
    Base64(&'static str),
    /// None or several of fields that exclude each other.
    #[error("bundle must hold exactly one of {0}")]
    OneOf(&'static str),
    /// The envelope is malformed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

impl Bundle {
    /// A v0.3 bundle of an envelope signed with a managed key, without a log entry.
    pub fn managed_key(envelope: Envelope, key: &PublicKey) -> Self {
        Self {
            media_type: SIGSTORE_BUNDLE.to_owned(),
            material: Material {
                key: KeyMaterial::PublicKey { hint: key.hint() },
                tlog_entries: Vec::new(),
                timestamps: Vec::new(),
            },
            content: Content::Envelope(envelope),
        }
    }

    /// A v0.3 bundle of a file's signature made with a managed key; `digest` is SHA-256 of the file.
    pub fn managed_key_message(digest: Vec<u8>, signature: Vec<u8>, key: &PublicKey) -> Self {
        let message = MessageSignature { algorithm: "SHA2_256".to_owned(), digest, signature };
        let empty =
            Envelope { payload_type: String::new(), payload: Vec::new(), signature: Vec::new(), keyid: String::new() };
        Self { content: Content::Message(message), ..Self::managed_key(empty, key) }
    }

    /// The bundle's bytes. Empty lists are written out, because some readers demand the fields.
    pub fn to_bytes(&self) -> Vec<u8> {
        let raw = |der: &[u8]| json!({"rawBytes": base64::encode(der)});
        let (key, value) = match &self.material.key {
            KeyMaterial::PublicKey { hint } => ("publicKey", json!({"hint": hint})),
            KeyMaterial::Certificate(der) => ("certificate", raw(der)),
            KeyMaterial::Chain(chain) => {
                ("x509CertificateChain", json!({"certificates": chain.iter().map(|der| raw(der)).collect::<Vec<_>>()}))
            }
        };
        let stamps: Vec<Value> =
            self.material.timestamps.iter().map(|t| json!({"signedTimestamp": base64::encode(t)})).collect();
        let material = json!({
            key: value,
            "tlogEntries": self.material.tlog_entries,
            "timestampVerificationData": {"rfc3161Timestamps": stamps},
        });
        let (content_key, content) = match &self.content {
            Content::Envelope(envelope) => ("dsseEnvelope", envelope.to_json()),
            Content::Message(message) => (
                "messageSignature",
                json!({
                    "messageDigest": {"algorithm": message.algorithm, "digest": base64::encode(&message.digest)},
                    "signature": base64::encode(&message.signature),
                }),
            ),
        };
        json!({"mediaType": self.media_type, "verificationMaterial": material, content_key: content})
            .to_string()
            .into_bytes()
    }

    /// Reads a bundle strictly.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge(bytes.len()));
        }
        let value = parse_strict(bytes)?;
        let media_type = text(&value, "mediaType", "mediaType")?;
        if !READABLE.contains(&media_type.as_str()) {
            return Err(BundleError::MediaType(shortened(&media_type)));
        }
        let material = present(&value, "verificationMaterial").ok_or(BundleError::Field("verificationMaterial"))?;
        let content = match (present(&value, "dsseEnvelope"), present(&value, "messageSignature")) {
            (Some(envelope), None) => Content::Envelope(Envelope::from_json(envelope)?),
            (None, Some(message)) => Content::Message(read_message(message)?),
            _ => return Err(BundleError::OneOf("dsseEnvelope and messageSignature")),
        };
        Ok(Self { media_type, material: read_material(material)?, content })
    }
}

/// A field that is there and not null; protobuf's JSON treats null as absent.
fn present<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|v| !v.is_null())
}

fn text(value: &Value, key: &str, field: &'static str) -> Result<String, BundleError> {
    value.get(key).and_then(Value::as_str).map(str::to_owned).ok_or(BundleError::Field(field))
}

fn bytes(value: &Value, key: &str, field: &'static str) -> Result<Vec<u8>, BundleError> {
    base64::decode(&text(value, key, field)?).ok_or(BundleError::Base64(field))
}

fn list<'a>(value: &'a Value, key: &str, field: &'static str) -> Result<&'a [Value], BundleError> {
    match present(value, key) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(BundleError::Field(field)),
    }
}

fn read_material(value: &Value) -> Result<Material, BundleError> {
    let key = match (present(value, "publicKey"), present(value, "certificate"), present(value, "x509CertificateChain"))
    {
        (Some(key), None, None) => {
            let hint = match present(key, "hint") {
                None => String::new(),
                Some(_) => text(key, "hint", "publicKey.hint")?,
            };
            KeyMaterial::PublicKey { hint }
        }
        (None, Some(certificate), None) => {
            KeyMaterial::Certificate(bytes(certificate, "rawBytes", "certificate.rawBytes")?)
        }
        (None, None, Some(chain)) => {
            let certificates = list(chain, "certificates", "x509CertificateChain.certificates")?;
            let chain = certificates.iter().map(|c| bytes(c, "rawBytes", "x509CertificateChain.certificates.rawBytes"));
            let chain = chain.collect::<Result<Vec<_>, _>>()?;
            if chain.is_empty() {
                return Err(BundleError::Field("x509CertificateChain.certificates"));
            }
            KeyMaterial::Chain(chain)
        }
        _ => return Err(BundleError::OneOf("publicKey, certificate and x509CertificateChain")),
    };
    let entries = list(value, "tlogEntries", "tlogEntries")?;
    if !entries.iter().all(Value::is_object) {
        return Err(BundleError::Field("tlogEntries"));
    }
    let timestamps = match present(value, "timestampVerificationData") {
        None => Vec::new(),
        Some(data) => list(data, "rfc3161Timestamps", "rfc3161Timestamps")?
            .iter()
            .map(|t| bytes(t, "signedTimestamp", "rfc3161Timestamps.signedTimestamp"))
            .collect::<Result<_, _>>()?,
    };
    Ok(Material { key, tlog_entries: entries.to_vec(), timestamps })
}

fn read_message(value: &Value) -> Result<MessageSignature, BundleError> {
    let digest = present(value, "messageDigest").ok_or(BundleError::Field("messageDigest"))?;
    Ok(MessageSignature {
        algorithm: text(digest, "algorithm", "messageDigest.algorithm")?,
        digest: bytes(digest, "digest", "messageDigest.digest")?,
        signature: bytes(value, "signature", "messageSignature.signature")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IN_TOTO_PAYLOAD;

    fn sample() -> Bundle {
        Bundle {
            media_type: SIGSTORE_BUNDLE.into(),
            material: Material {
                key: KeyMaterial::PublicKey { hint: "aGludA==".into() },
                tlog_entries: vec![],
                timestamps: vec![],
            },
            content: Content::Envelope(Envelope {
                payload_type: IN_TOTO_PAYLOAD.into(),
                payload: b"{}".to_vec(),
                signature: vec![48, 1],
                keyid: String::new(),
            }),
        }
    }

    #[test]
    fn writes_the_fields_readers_demand() {
        let text = String::from_utf8(sample().to_bytes()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":"#,
                r#"{"hint":"aGludA=="},"tlogEntries":[],"timestampVerificationData":{"rfc3161Timestamps":[]}},"#,
                r#""dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","#,
                r#""signatures":[{"sig":"MAE=","keyid":""}]}}"#
            )
        );
    }

    #[test]
    fn round_trips_every_kind() {
        let mut bundle = sample();
        for key in [
            KeyMaterial::PublicKey { hint: String::new() },
            KeyMaterial::Certificate(vec![1]),
            KeyMaterial::Chain(vec![vec![1], vec![2]]),
        ] {
            bundle.material.key = key;
            bundle.material.tlog_entries = vec![json!({"logIndex": "0"})];
            bundle.material.timestamps = vec![vec![9, 9]];
            assert_eq!(Bundle::parse(&bundle.to_bytes()).unwrap(), bundle);
        }
        bundle.content = Content::Message(MessageSignature {
            algorithm: "SHA2_256".into(),
            digest: vec![0; 32],
            signature: vec![1],
        });
        assert_eq!(Bundle::parse(&bundle.to_bytes()).unwrap(), bundle);
    }

    #[test]
    fn knows_its_versions_and_refuses_others() {
        let with = |media_type: &str| {
            let mut bundle = sample();
            bundle.media_type = media_type.into();
            Bundle::parse(&bundle.to_bytes())
        };
        for known in READABLE {
            assert!(with(known).is_ok(), "{known}");
        }
        for unknown in ["application/vnd.dev.sigstore.bundle.v0.4+json", "", "application/json"] {
            assert!(matches!(with(unknown), Err(BundleError::MediaType(_))), "{unknown}");
        }
    }

    #[test]
    fn refuses_two_readings() {
        let good = String::from_utf8(sample().to_bytes()).unwrap();
        let both = good.replace(r#""publicKey":"#, r#""certificate":{"rawBytes":"AA=="},"publicKey":"#);
        assert!(matches!(Bundle::parse(both.as_bytes()), Err(BundleError::OneOf(_))));
        let none = good.replace(r#""publicKey":"#, r#""other":"#);
        assert!(matches!(Bundle::parse(none.as_bytes()), Err(BundleError::OneOf(_))));
        let twice = good.replace(r#""payload":"#, r#""payload":"e30=","payload":"#);
        assert!(matches!(Bundle::parse(twice.as_bytes()), Err(BundleError::Json(_))));
        let message = good.replace(r#""dsseEnvelope":"#, r#""messageSignature":{},"dsseEnvelope":"#);
        assert!(matches!(Bundle::parse(message.as_bytes()), Err(BundleError::OneOf(_))));
        assert!(matches!(Bundle::parse(&vec![b' '; MAX_BUNDLE_BYTES + 1]), Err(BundleError::TooLarge(_))));
    }
}
