//! The 512-byte tar header in its dialects: v7, ustar, star and GNU.

use crate::LayerError;

pub(crate) const BLOCK: usize = 512;

/// A header's own fields; extensions come later.
pub(crate) struct Header {
    pub(crate) flag: u8,
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) uid: i64,
    pub(crate) gid: i64,
    pub(crate) size: u64,
    pub(crate) mtime: i64,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) gnu: bool,
}

impl Header {
    /// Reads a header at offset `at`, checksum first.
    pub(crate) fn parse(block: &[u8; BLOCK], at: u64) -> Result<Self, LayerError> {
        let bad = |why| LayerError::Malformed { at, why };
        let announced = number(&block[148..156]).ok_or(bad("checksum field is not a number"))?;
        // The sum with the checksum field as spaces; some old archivers summed signed bytes.
        let (mut unsigned, mut signed) = (8 * 32_i64, 8 * 32_i64);
        for byte in block[..148].iter().chain(&block[156..]) {
            unsigned += i64::from(*byte);
            signed += i64::from(byte.cast_signed());
        }
        if announced != unsigned && announced != signed {
            return Err(bad("header checksum is wrong"));
        }
        let ustar = &block[257..265] == b"ustar\x0000";
        let gnu = &block[257..265] == b"ustar  \0";
        let star = ustar && &block[508..512] == b"tar\0";
        let field = |from: usize, to: usize, why| number(&block[from..to]).ok_or(bad(why));
        let device = |from: usize| {
            if !ustar && !gnu {
                return Ok(0);
            }
            u32::try_from(field(from, from + 8, "device number is not a number")?)
                .map_err(|_| bad("device number is out of range"))
        };
        let prefix: &[u8] = match (star, ustar, gnu) {
            (true, _, _) => c_string(&block[345..476]),
            (_, true, _) => c_string(&block[345..500]),
            // Go before 1.8 wrote ustar prefixes under the GNU magic, over the two GNU times, which then do not parse.
            (_, _, true) if block[345] != 0 && (number(&block[345..357]).and(number(&block[357..369]))).is_none() => {
                let prefix = c_string(&block[345..500]);
                if prefix.is_ascii() { prefix } else { b"" }
            }
            _ => b"",
        };
        let mut name = prefix.to_vec();
        if !prefix.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(c_string(&block[..100]));
        let flag = block[156];
        let is_device = matches!(flag, b'3' | b'4');
        Ok(Self {
            flag,
            name,
            link: c_string(&block[157..257]).to_vec(),
            mode: (field(100, 108, "mode is not a number")? & 0o7777) as u32,
            uid: field(108, 116, "uid is not a number")?,
            gid: field(116, 124, "gid is not a number")?,
            size: u64::try_from(field(124, 136, "size is not a number")?).map_err(|_| bad("size is negative"))?,
            mtime: field(136, 148, "mtime is not a number")?,
            major: if is_device { device(329)? } else { 0 },
            minor: if is_device { device(337)? } else { 0 },
            gnu,
        })
    }
}

/// The bytes before the first NUL.
pub(crate) fn c_string(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A numeric field: octal text padded by spaces and NULs, or GNU's base-256 marked by the top bit, two's complement.
pub(crate) fn number(field: &[u8]) -> Option<i64> {
    let (&first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let negative = first & 0x40 != 0;
        let start = if negative { i128::from(first & 0x7f) - 0x80 } else { i128::from(first & 0x7f) };
        let mut value = start;
        for byte in rest {
            value = (value << 8) | i128::from(*byte);
            if i64::try_from(value).is_err() {
                return None;
            }
        }
        return i64::try_from(value).ok();
    }
    let is_pad = |b: &u8| matches!(*b, b' ' | 0);
    let start = field.iter().position(|b| !is_pad(b)).unwrap_or(field.len());
    let text = c_string(&field[start..]);
    let end = text.iter().rposition(|b| *b != b' ').map_or(0, |at| at + 1);
    text[..end].iter().try_fold(0_i64, |value, byte| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(b"\0\0\0\0\0\0\0\0"), Some(0));
        assert_eq!(number(b"12x\0"), None);
        assert_eq!(number(b"8\0"), None);
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]), Some(2 << 24));
        assert_eq!(number(&[0xff; 12]), Some(-1));
        assert_eq!(number(&[0xbf; 12]), None, "out of range");
        assert_eq!(number(b"777777777777777777777777"), None, "out of range");
    }
}
