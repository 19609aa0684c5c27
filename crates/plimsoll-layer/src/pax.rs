//! PAX extended headers (POSIX pax, "pax Extended Header").

use std::collections::BTreeMap;

use crate::path::path_from_bytes;

/// The records of one extended header that change the member after it.
#[derive(Default)]
pub(crate) struct Pax {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) uid: Option<i64>,
    pub(crate) gid: Option<i64>,
    pub(crate) mtime: Option<i64>,
    pub(crate) xattrs: BTreeMap<String, Vec<u8>>,
    pub(crate) sparse: PaxSparse,
}

/// The `GNU.sparse.*` records.
#[derive(Default)]
pub(crate) struct PaxSparse {
    pub(crate) major: Option<Vec<u8>>,
    pub(crate) minor: Option<Vec<u8>>,
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    /// Numbers of format 0.1's `map`, or of 0.0's alternating `offset` and `numbytes`.
    pub(crate) map: Option<Vec<u64>>,
}

impl Pax {
    /// Reads the records. `max_parts` bounds a sparse map.
    pub(crate) fn parse(bytes: &[u8], max_parts: usize) -> Result<Self, &'static str> {
        let mut pax = Self::default();
        let mut real_size = None;
        for record in records(bytes) {
            let (key, value) = record?;
            // An empty value removes the record: the header's own field stands.
            if value.is_empty() && !key.starts_with(b"SCHILY.xattr.") {
                continue;
            }
            match key {
                b"path" => pax.path = Some(no_nul(value)?),
                b"linkpath" => pax.link = Some(no_nul(value)?),
                b"size" => pax.size = Some(unsigned(value).ok_or("PAX size is not a number")?),
                b"uid" => pax.uid = Some(signed(value).ok_or("PAX uid is not a number")?),
                b"gid" => pax.gid = Some(signed(value).ok_or("PAX gid is not a number")?),
                b"mtime" => pax.mtime = Some(time(value).ok_or("PAX mtime is not a time")?),
                b"GNU.sparse.major" => pax.sparse.major = Some(value.to_vec()),
                b"GNU.sparse.minor" => pax.sparse.minor = Some(value.to_vec()),
                b"GNU.sparse.name" => pax.sparse.name = Some(no_nul(value)?),
                b"GNU.sparse.size" => pax.sparse.size = Some(unsigned(value).ok_or("sparse size is not a number")?),
                b"GNU.sparse.realsize" => real_size = Some(unsigned(value).ok_or("sparse size is not a number")?),
                b"GNU.sparse.map" => {
                    let numbers: Vec<u64> = value
                        .split(|b| *b == b',')
                        .take(2 * max_parts + 1)
                        .map(|n| unsigned(n).ok_or("sparse map is not a list of numbers"))
                        .collect::<Result<_, _>>()?;
                    pax.sparse.map = Some(numbers);
                }
                b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => {
                    let map = pax.sparse.map.get_or_insert_default();
                    if key.ends_with(b"offset") != map.len().is_multiple_of(2) {
                        return Err("sparse offset and numbytes do not alternate");
                    }
                    map.push(unsigned(value).ok_or("sparse map is not a list of numbers")?);
                }
                _ => {
                    if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                        pax.xattrs.insert(path_from_bytes(name), value.to_vec());
                    }
                }
            }
        }
        pax.sparse.size = pax.sparse.size.or(real_size);
        Ok(pax)
    }
}

/// Whether a *global* header's records would change what members are or hold. Container runtimes ignore global headers
/// and other readers apply them, so such a layer has two readings.
pub(crate) fn global_is_ambiguous(bytes: &[u8]) -> Result<bool, &'static str> {
    for record in records(bytes) {
        let (key, _) = record?;
        if matches!(key, b"path" | b"linkpath" | b"size" | b"uid" | b"gid") || key.starts_with(b"GNU.sparse.") {
            return Ok(true);
        }
    }
    Ok(false)
}

type Record<'a> = Result<(&'a [u8], &'a [u8]), &'static str>;

/// `LENGTH KEY=VALUE\n`, the length counting itself.
fn records(mut rest: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let record = split(rest);
        match record {
            Ok((key, value, len)) => {
                rest = &rest[len..];
                Some(Ok((key, value)))
            }
            Err(why) => {
                rest = b"";
                Some(Err(why))
            }
        }
    })
}

fn split(bytes: &[u8]) -> Result<(&[u8], &[u8], usize), &'static str> {
    const BAD: &str = "PAX record is malformed";
    let space = bytes.iter().take(21).position(|b| *b == b' ').ok_or(BAD)?;
    let len = unsigned(&bytes[..space]).and_then(|n| usize::try_from(n).ok()).ok_or(BAD)?;
    if len > bytes.len() || len < space + 2 {
        return Err("PAX record announces more bytes than there are");
    }
    let body = bytes[space + 1..len].strip_suffix(b"\n").ok_or(BAD)?;
    let equals = body.iter().position(|b| *b == b'=').ok_or(BAD)?;
    let (key, value) = (&body[..equals], &body[equals + 1..]);
    if key.is_empty() || key.contains(&0) {
        return Err(BAD);
    }
    Ok((key, value, len))
}

fn no_nul(value: &[u8]) -> Result<Vec<u8>, &'static str> {
    if value.contains(&0) { Err("PAX path holds a NUL byte") } else { Ok(value.to_vec()) }
}

pub(crate) fn unsigned(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, byte| match byte {
        // Sizes and offsets are kept within i64, so that sums of two cannot overflow u64.
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(byte - b'0')).filter(|v| *v <= i64::MAX as u64),
        _ => None,
    })
}

fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(rest) => unsigned(rest).and_then(|n| i64::try_from(n).ok()).map(|n| -n),
        None => unsigned(text).and_then(|n| i64::try_from(n).ok()),
    }
}

/// Seconds with an optional decimal fraction, rounded down.
fn time(text: &[u8]) -> Option<i64> {
    let dot = text.iter().position(|b| *b == b'.');
    let (whole, fraction) = dot.map_or((text, &b""[..]), |at| (&text[..at], &text[at + 1..]));
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let seconds = signed(whole)?;
    let below = whole.starts_with(b"-") && fraction.iter().any(|b| *b != b'0');
    seconds.checked_sub(i64::from(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_records() {
        let pax = Pax::parse(b"12 path=a/b\n30 mtime=1350244992.023960108\n26 SCHILY.xattr.user.a=\0=\n", 4).unwrap();
        assert_eq!(pax.path.as_deref(), Some(&b"a/b"[..]));
        assert_eq!(pax.mtime, Some(1_350_244_992));
        assert_eq!(pax.xattrs["user.a"], b"\0=");
    }

    #[test]
    fn times_round_down() {
        assert_eq!(time(b"-1.5"), Some(-2));
        assert_eq!(time(b"-1.0"), Some(-1));
        assert_eq!(time(b"7.9"), Some(7));
        assert_eq!(time(b"7.9x"), None);
        assert_eq!(time(b""), None);
    }

    #[test]
    fn refuses_malformed() {
        for bad in [
            &b"12 path=a/b"[..],
            b"99 path=a/b\n",
            b"0 path=a/b\n",
            b"x",
            b"5 a\n",
            b"6 =ab\n",
            b"99999999999999999999999 a=b\n",
            b"25 size=99999999999999999\n0",
            b"30 size=18446744073709551616x\n",
            b"12 path=a\0b\n",
            b"10 size=-\n\n",
        ] {
            assert!(Pax::parse(bad, 4).is_err(), "{}", bad.escape_ascii());
        }
    }
}
