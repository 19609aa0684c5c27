//! Hostile input for every cataloger: nothing panics, and what comes out is bounded. The fuzz targets go deeper; this
//! needs no special toolchain.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "tests fail by panicking, and read the data beside them"
)]

#[path = "hostile/check.rs"]
mod check;

use std::path::{Path, PathBuf};

use plimsoll_catalog::{CATALOGERS, LayerFacts, Query};

/// Pseudo-random numbers from a fixed seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or_default()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn nothing_and_noise() {
    let mut random = Random(1);
    let magics: [&[u8]; 12] = [
        b"",
        b"\x7fELF\x02\x01\x01\0",
        b"MZ",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe\0\0\0\x02",
        b"\0asm\x01\0\0\0",
        b"PK\x03\x04",
        b"SQLite format 3\0",
        b"\x1f\x8b\x08",
        b"GGUF\x03\0\0\0",
        b"RpmP",
        b"\x27\x05\x19\x56",
    ];
    for magic in magics {
        for count in [0, 1, 7, 64, 1000, 5000] {
            let bytes = [magic, &random.bytes(count)].concat();
            CATALOGERS.iter().for_each(|c| check::everything(c, &bytes));
        }
    }
}

/// One thing said over and over: what nests, repeats or separates in some format. Those that nest stand a million times.
#[test]
fn the_same_over_and_over() {
    for unit in [b'(', b'{', b'[', b'<', b'\0', b'\xff'] {
        let bytes = vec![unit; 1 << 20];
        CATALOGERS.iter().for_each(|c| check::reading_as(c, &bytes, 4));
    }
    let units: [&[u8]; 26] = [
        b"\n",
        b" ",
        b"/",
        b"\"",
        b"\\",
        b"-",
        b"- ",
        b"a",
        b"1",
        b":",
        b",",
        b"{\"a\":",
        b"[{",
        b"<a>",
        b"a(",
        b"a:\n ",
        b"a\n",
        b"a: b\n",
        b"a: b\n\n",
        b"P:a\nV:1\n\n",
        b"Package: a\nVersion: 1\n\n",
        b"a=b\n",
        b"a,b\n",
        b"&a *a ",
        b"%%\n",
        b"[[a]]\n",
    ];
    for unit in units {
        let bytes = unit.repeat((1 << 16) / unit.len());
        CATALOGERS.iter().for_each(|c| check::reading(c, &bytes));
    }
    for unit in [b"a\n".as_slice(), b"P:a\nV:1\n\n", b"Package: a\nVersion: 1\n\n", b"\0"] {
        let bytes = unit.repeat((1 << 14) / unit.len());
        CATALOGERS.iter().for_each(|c| check::images(c, &bytes));
    }
}

/// A few cuts and flips of a valid example.
fn damaged(bytes: &[u8], random: &mut Random, mut each: impl FnMut(&[u8])) {
    each(bytes);
    for _ in 0..6 {
        each(&bytes[..random.below(bytes.len())]);
        let mut flipped = bytes.to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            flipped[at] ^= 1 << random.below(8);
        }
        each(&flipped);
    }
}

#[test]
fn damaged_files_of_the_test_data() {
    let mut random = Random(2);
    let mut data = Vec::new();
    files(&root().join("tests/data"), &mut data);
    assert!(data.len() > 5, "{data:?}");
    for file in data {
        let bytes = std::fs::read(&file).expect("test data");
        let bytes = match file.extension().is_some_and(|e| e == "gz") {
            true => {
                let mut out = Vec::new();
                let mut unpacked = flate2::read::GzDecoder::new(bytes.as_slice());
                std::io::Read::read_to_end(&mut unpacked, &mut out).expect("test data");
                out
            }
            false => bytes,
        };
        let names = match file.parent().and_then(|p| p.file_name()).and_then(|n| n.to_str()) {
            Some("go") => ["go", "rust", "binary"],
            Some("rpm") => ["rpm", "java", "binary"],
            _ => ["python", "java", "wheel-sbom"],
        };
        for name in names {
            damaged(&bytes[..bytes.len().min(1 << 20)], &mut random, |b| check::reading(check::named(name), b));
        }
    }
}

/// The text literals of a Rust source file, as far as they look like examples.
fn examples(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let raw = source.split("r#\"").skip(1).filter_map(|rest| rest.split("\"#").next()).map(str::to_owned);
    let mut rest = source;
    while let Some((_, after)) = rest.split_once('"') {
        let mut text = String::new();
        let mut characters = after.char_indices();
        let mut end = after.len();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    end = at + 1;
                    break;
                }
                '\\' => match characters.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, '0')) => text.push('\0'),
                    Some((_, '\n')) => {}
                    Some((_, other)) => text.push(other),
                    None => {}
                },
                _ => text.push(c),
            }
        }
        found.push(text);
        rest = after.get(end..).unwrap_or_default();
    }
    let telling = |t: &String| t.len() > 24 && t.len() < 1 << 16 && t.contains(['\n', '{', '<']);
    found.into_iter().chain(raw).filter(telling).collect()
}

/// The examples in the catalogers' own tests, damaged.
#[test]
fn damaged_examples_of_all_tests() {
    let mut random = Random(3);
    let mut sources = Vec::new();
    files(&root().join("src"), &mut sources);
    let mut count = 0;
    for file in sources {
        let text = std::fs::read_to_string(&file).expect("source");
        let tests = match (file.ends_with("tests.rs"), text.split_once("#[cfg(test)]")) {
            (true, _) => text.as_str(),
            (false, Some((_, tests))) => tests,
            (false, None) => continue,
        };
        let relative = file.strip_prefix(root().join("src")).expect("below");
        let own = relative.with_extension("").to_string_lossy().replace(['/', '\\'], "-").replace('_', "-");
        // The cataloger whose module it is, by the first or last part of its name; all of them where there is none.
        let mine = |name: &str| own.split('-').next() == name.split('-').next() || own.rsplit('-').next() == Some(name);
        let chosen: Vec<_> = CATALOGERS.iter().filter(|c| mine(c.name)).collect();
        for example in examples(tests) {
            count += 1;
            damaged(example.as_bytes(), &mut random, |bytes| {
                chosen.iter().for_each(|c| check::everything(c, bytes));
            });
            CATALOGERS.iter().for_each(|c| check::reading(c, example.as_bytes()));
        }
    }
    assert!(count > 120, "only {count} examples were found");
}

#[test]
fn kept_facts_of_strangers() {
    let mut random = Random(4);
    let bytes = LayerFacts::default().to_bytes();
    for _ in 0..2000 {
        let mut other = bytes.clone();
        other.extend(random.bytes(40));
        let at = random.below(other.len());
        other[at] = random.next() as u8;
        let _ = LayerFacts::from_bytes(&other);
        let _ = String::from_utf8_lossy(&other).parse::<Query>();
    }
}
