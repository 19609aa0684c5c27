//! Member names as paths: safe, absolute and reversible.

use crate::LayerError;

/// Where the private stand-ins for bytes that are not UTF-8 begin: byte `b` (0x80 to 0xff) is U+10FF00 + `b`.
const BASE: u32 = 0x10_FF00;

/// `bytes` as a `String`. What is not UTF-8, and the stand-ins themselves if a name really holds them, is written as one
/// stand-in per byte, so that [`path_to_bytes`] gives back exactly `bytes`.
pub fn path_from_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        // Every stand-in's encoding starts with 0xf4; most names hold no such byte.
        if chunk.valid().as_bytes().contains(&0xf4) {
            for c in chunk.valid().chars() {
                if u32::from(c) >= BASE + 0x80 {
                    c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| out.push(stand_in(b)));
                } else {
                    out.push(c);
                }
            }
        } else {
            out.push_str(chunk.valid());
        }
        chunk.invalid().iter().for_each(|b| out.push(stand_in(*b)));
    }
    out
}

fn stand_in(byte: u8) -> char {
    // Every value of BASE + byte is a character; the alternative is never taken.
    char::from_u32(BASE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The bytes [`path_from_bytes`] was given.
pub fn path_to_bytes(path: &str) -> Vec<u8> {
    if !path.as_bytes().contains(&0xf4) {
        return path.as_bytes().to_vec();
    }
    let mut out = Vec::with_capacity(path.len());
    for c in path.chars() {
        match u32::from(c).checked_sub(BASE).and_then(|b| u8::try_from(b).ok()) {
            Some(byte) if byte >= 0x80 => out.push(byte),
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// A member name as an absolute path: `./usr//bin/` becomes `/usr/bin`, the root itself `/`.
///
/// Refused: an empty name, a NUL byte, a name longer than `max`, a `..` component anywhere, and an absolute name other
/// than the root's.
pub fn normalise(name: &[u8], max: usize) -> Result<String, LayerError> {
    let path = clean(name, max)?;
    if name.starts_with(b"/") && path != "/" {
        return Err(LayerError::path(name, "it is absolute"));
    }
    Ok(path)
}

/// A hard link's target as an absolute path: like [`normalise`], but a leading slash, which archivers commonly write, is
/// the root.
pub(crate) fn normalise_link(name: &[u8], max: usize) -> Result<String, LayerError> {
    clean(name, max)
}

fn clean(name: &[u8], max: usize) -> Result<String, LayerError> {
    if name.is_empty() {
        return Err(LayerError::path(name, "it is empty"));
    }
    if name.len() > max {
        return Err(LayerError::path(name, "it is too long"));
    }
    if name.contains(&0) {
        return Err(LayerError::path(name, "it holds a NUL byte"));
    }
    let mut raw = Vec::with_capacity(name.len() + 1);
    for part in name.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err(LayerError::path(name, "it holds '..'")),
            part => {
                raw.push(b'/');
                raw.extend_from_slice(part);
            }
        }
    }
    Ok(if raw.is_empty() { "/".to_owned() } else { path_from_bytes(&raw) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises() {
        for (name, path) in [
            ("a", "/a"),
            ("./a/b/", "/a/b"),
            ("a//b/./c", "/a/b/c"),
            ("./", "/"),
            (".", "/"),
            ("/", "/"),
            ("a..b/...", "/a..b/..."),
        ] {
            assert_eq!(normalise(name.as_bytes(), 4096).unwrap(), path, "{name}");
        }
        for bad in ["", "..", "../a", "a/..", "a/../b", "./../a", "/etc/passwd", "//a", "a\0b"] {
            assert!(normalise(bad.as_bytes(), 4096).is_err(), "{bad:?}");
        }
        assert!(normalise(&[b'a'; 4097], 4096).is_err());
        assert_eq!(normalise_link(b"/usr/bin/env", 4096).unwrap(), "/usr/bin/env");
        assert!(normalise_link(b"/../etc", 4096).is_err());
    }

    #[test]
    fn every_name_comes_back() {
        let stand_in_itself = "\u{10FF80}x".as_bytes().to_vec();
        for name in [b"plain".to_vec(), "ü\u{1F600}".into(), vec![0xff, b'a', 0x80], stand_in_itself.clone()] {
            assert_eq!(path_to_bytes(&path_from_bytes(&name)), name);
        }
        // A raw byte and the real character never meet.
        assert_ne!(path_from_bytes(&[0x80, b'x']), path_from_bytes(&stand_in_itself));
        assert_eq!(path_from_bytes(&[0xff]), "\u{10FFFF}");
    }

    proptest::proptest! {
        #[test]
        fn reversible(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(path_to_bytes(&path_from_bytes(&bytes)), bytes);
        }
    }
}
