//! The DSSE envelope (Dead Simple Signing Envelope v1) with exactly one signature, as a sigstore bundle carries it.

use serde_json::{Value, json};

use crate::base64;

/// The payload type of an in-toto statement.
pub const IN_TOTO_PAYLOAD: &str = "application/vnd.in-toto+json";

/// An envelope and its one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Type of the payload, an exact string that is signed too.
    pub payload_type: String,
    /// The payload's bytes, exactly as signed.
    pub payload: Vec<u8>,
    /// The signature over [`Envelope::pae`].
    pub signature: Vec<u8>,
    /// The key id, unsigned and therefore never trusted; cosign leaves it empty.
    pub keyid: String,
}

/// Why an envelope was refused; whoever wrote it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// A field is missing or has another type.
    #[error("DSSE field '{0}' is missing or has the wrong type")]
    Field(&'static str),
    /// A field is not canonical base64.
    #[error("DSSE field '{0}' is not canonical standard base64")]
    Base64(&'static str),
    /// Not exactly one signature.
    #[error("DSSE envelope has {0} signatures; exactly one is accepted")]
    Signatures(usize),
}

/// The pre-authentication encoding: what a DSSE signature covers.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

impl Envelope {
    /// What the signature covers.
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// The envelope as cosign writes it into a bundle.
    pub fn to_json(&self) -> Value {
        json!({
            "payload": base64::encode(&self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"sig": base64::encode(&self.signature), "keyid": self.keyid}],
        })
    }

    /// Reads an envelope from a parsed JSON object.
    pub fn from_json(value: &Value) -> Result<Self, EnvelopeError> {
        let text = |value: &Value, key: &'static str| {
            value.get(key).and_then(Value::as_str).map(str::to_owned).ok_or(EnvelopeError::Field(key))
        };
        let bytes = |text: String, key: &'static str| base64::decode(&text).ok_or(EnvelopeError::Base64(key));
        let signatures = value.get("signatures").and_then(Value::as_array).ok_or(EnvelopeError::Field("signatures"))?;
        let [signature] = signatures.as_slice() else {
            return Err(EnvelopeError::Signatures(signatures.len()));
        };
        let keyid = match signature.get("keyid") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(id)) => id.clone(),
            Some(_) => return Err(EnvelopeError::Field("keyid")),
        };
        Ok(Self {
            payload_type: text(value, "payloadType")?,
            payload: bytes(text(value, "payload")?, "payload")?,
            signature: bytes(text(signature, "sig")?, "sig")?,
            keyid,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_the_specification_shows() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    }

    #[test]
    fn round_trips_with_exactly_one_signature() {
        let envelope = Envelope {
            payload_type: IN_TOTO_PAYLOAD.into(),
            payload: b"{}".to_vec(),
            signature: vec![1, 2, 3],
            keyid: String::new(),
        };
        let json = envelope.to_json();
        assert_eq!(Envelope::from_json(&json), Ok(envelope));
        for n in [0, 2] {
            let mut other = json.clone();
            other["signatures"] = vec![json["signatures"][0].clone(); n].into();
            assert_eq!(Envelope::from_json(&other), Err(EnvelopeError::Signatures(n)));
        }
        let mut other = json.clone();
        other["payload"] = "e30".into();
        assert_eq!(Envelope::from_json(&other), Err(EnvelopeError::Base64("payload")));
        other["payload"] = 1.into();
        assert_eq!(Envelope::from_json(&other), Err(EnvelopeError::Field("payload")));
    }
}
