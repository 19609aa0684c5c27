//! `/etc/ld.so.cache`: glibc's index from library name to path (format `glibc-ld.so.cache1.1`).

/// The old format's magic; a new cache may follow it in the same file.
const OLD_MAGIC: &[u8] = b"ld.so-1.7.0";
/// The new format's magic.
const NEW_MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
/// Bytes of the new header: magic, count, string length, flags, extension offset, unused.
const HEADER: usize = 48;
/// Bytes of a new entry: flags, key, value, OS version, hardware capabilities.
const ENTRY: usize = 24;
/// Entries read at most; a large desktop has some thousands.
const MAX_ENTRIES: usize = 100_000;

/// The cache's (library name, path) pairs in its order. `None` if the bytes are not a cache.
pub fn read(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let start = if bytes.starts_with(NEW_MAGIC) {
        0
    } else if bytes.starts_with(OLD_MAGIC) {
        // Old header: 12 bytes of magic, a count, then 12 bytes an entry; the new cache is aligned to 8.
        let count = usize::try_from(u32_at(bytes, 12)?).ok()?;
        let end = 16usize.checked_add(count.checked_mul(12)?)?;
        end.checked_next_multiple_of(8)?
    } else {
        return None;
    };
    let cache = bytes.get(start..)?;
    if !cache.starts_with(NEW_MAGIC) {
        return None;
    }
    let count = usize::try_from(u32_at(cache, 20)?).ok()?.min(MAX_ENTRIES).min(cache.len() / ENTRY);
    let mut out = Vec::new();
    for entry in 0..count {
        let at = HEADER + entry * ENTRY;
        let key = string_at(cache, u32_at(cache, at + 4)?);
        let value = string_at(cache, u32_at(cache, at + 8)?);
        if let (Some(key), Some(value)) = (key, value)
            && value.starts_with('/')
        {
            out.push((key, value));
        }
    }
    Some(out)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let raw = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(raw.try_into().ok()?))
}

fn string_at(bytes: &[u8], at: u32) -> Option<String> {
    let rest = bytes.get(usize::try_from(at).ok()?..)?;
    let end = rest.iter().take(4_096).position(|b| *b == 0)?;
    std::str::from_utf8(&rest[..end]).ok().filter(|s| !s.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> Vec<u8> {
        let mut bytes = NEW_MAGIC.to_vec();
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(20u32.to_le_bytes());
        bytes.resize(HEADER, 0);
        let strings = (HEADER + ENTRY) as u32;
        bytes.extend(3u32.to_le_bytes());
        bytes.extend(strings.to_le_bytes());
        bytes.extend((strings + 10).to_le_bytes());
        bytes.resize(HEADER + ENTRY, 0);
        bytes.extend(b"libz.so.1\0/lib/libz.so.1\0");
        bytes
    }

    #[test]
    fn reads_both_layouts() {
        let expected = vec![("libz.so.1".to_owned(), "/lib/libz.so.1".to_owned())];
        assert_eq!(read(&cache()), Some(expected.clone()));
        let mut old = OLD_MAGIC.to_vec();
        old.push(0);
        old.extend(1u32.to_le_bytes());
        old.resize(16 + 12, 0);
        old.resize(32, 0);
        old.extend(cache());
        assert_eq!(read(&old), Some(expected));
    }

    #[test]
    fn hostile_bytes_are_survived() {
        let whole = cache();
        for end in 0..whole.len() {
            let _ = read(&whole[..end]);
        }
        let mut huge = whole;
        huge[20..24].copy_from_slice(&u32::MAX.to_le_bytes());
        let _ = read(&huge);
        assert_eq!(read(b""), None);
    }
}
