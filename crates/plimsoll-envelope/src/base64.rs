//! Strict standard base64: padded and canonical, so that one value has one spelling.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// `None` for anything that is not the canonical spelling: white space, the URL alphabet, missing padding, stray bits.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_spelling() {
        assert_eq!(decode("AA=="), Some(vec![0]));
        for bad in ["AA", "AB==", "AA==\n", "A A==", "-_==", "AA=", "AA==="] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
