//! As much DER (X.690) as a `SubjectPublicKeyInfo` needs.

/// Reads one element of `tag` from the front: its contents and what follows. Lengths must be minimal.
pub(crate) fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = input.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => {
            let (a, rest) = rest.split_first()?;
            (Some(usize::from(*a)).filter(|n| *n >= 0x80)?, rest)
        }
        0x82 => {
            let (bytes, rest) = rest.split_first_chunk::<2>()?;
            (Some(usize::from(u16::from_be_bytes(*bytes))).filter(|n| *n >= 0x100)?, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const OBJECT: u8 = 0x06;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const NULL: &[u8] = &[0x05, 0x00];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_minimal_and_inside() {
        assert_eq!(element(&[0x30, 1, 9, 8], SEQUENCE), Some((&[9][..], &[8][..])));
        for bad in [&[0x30][..], &[0x30, 2, 0], &[0x30, 0x81, 1, 0], &[0x30, 0x80, 0, 0], &[0x30, 0x84, 0, 0, 0, 1, 0]]
        {
            assert_eq!(element(bad, SEQUENCE), None, "{bad:?}");
        }
    }
}
