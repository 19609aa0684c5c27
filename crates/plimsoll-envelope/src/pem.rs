//! PEM (RFC 7468): one block, strictly.

use crate::base64;

/// One PEM block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemBlock {
    /// The label between `BEGIN` and the dashes.
    pub label: String,
    /// The decoded body.
    pub body: Vec<u8>,
}

/// Why a PEM text was refused; the text is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// There is no `-----BEGIN` line.
    #[error("no PEM block: there is no -----BEGIN …----- line")]
    NoBlock,
    /// The block does not end, or ends under another label.
    #[error("PEM block '{0}' does not end with its own END line")]
    NoEnd(String),
    /// More than one block, or text after it.
    #[error("more than one PEM block where exactly one is expected")]
    Trailing,
    /// The body is not base64.
    #[error("PEM block '{0}' is not base64")]
    Base64(String),
    /// More than a key can be.
    #[error("PEM text is {0} bytes; at most 65536 are read")]
    TooLarge(usize),
}

/// Writes one block, 64 characters a line.
pub fn encode_pem(label: &str, body: &[u8]) -> String {
    let text = base64::encode(body);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

/// Reads the one block of `text`. Text before it is a comment (OpenSSL writes such); text after it is refused.
pub fn decode_pem(text: &str) -> Result<PemBlock, PemError> {
    if text.len() > 64 * 1024 {
        return Err(PemError::TooLarge(text.len()));
    }
    let mut lines = text.lines().map(str::trim_end);
    let label = lines
        .find_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----"))
        .ok_or(PemError::NoBlock)?
        .to_owned();
    let end = format!("-----END {label}-----");
    let mut body = String::new();
    loop {
        let line = lines.next().ok_or_else(|| PemError::NoEnd(label.clone()))?;
        if line == end {
            break;
        }
        if line.starts_with("-----") {
            return Err(PemError::NoEnd(label));
        }
        body.push_str(line);
    }
    if lines.any(|line| !line.trim().is_empty()) {
        return Err(PemError::Trailing);
    }
    let body = base64::decode(&body).ok_or_else(|| PemError::Base64(label.clone()))?;
    Ok(PemBlock { label, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for n in [0, 1, 47, 48, 49, 200] {
            let block = PemBlock { label: "PUBLIC KEY".into(), body: vec![7; n] };
            assert_eq!(decode_pem(&encode_pem(&block.label, &block.body)), Ok(block));
        }
    }

    #[test]
    fn refuses_malformed() {
        let good = encode_pem("X", b"abc");
        assert_eq!(decode_pem(&format!("comment\r\n{}", good.replace('\n', "\r\n"))).unwrap().body, b"abc");
        assert_eq!(decode_pem(""), Err(PemError::NoBlock));
        assert_eq!(decode_pem(&format!("{good}{good}")), Err(PemError::Trailing));
        assert_eq!(decode_pem(&good.replace("END X", "END Y")), Err(PemError::NoEnd("X".into())));
        assert_eq!(decode_pem("-----BEGIN X-----\n"), Err(PemError::NoEnd("X".into())));
        assert_eq!(decode_pem(&good.replace("YWJj", "YW!j")), Err(PemError::Base64("X".into())));
        assert_eq!(decode_pem(&"x".repeat(70_000)), Err(PemError::TooLarge(70_000)));
    }
}
