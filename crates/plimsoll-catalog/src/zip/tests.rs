//! ZIP archives, honest and hostile.

use std::io::Write;

use super::*;

/// A member for [`zip`]: name, bytes, whether it is deflated.
pub(crate) type Entry<'a> = (&'a str, &'a [u8], bool);

/// An archive as `jar` and `zip` write it.
pub(crate) fn zip(members: &[Entry<'_>]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes, deflated) in members {
        let packed = if *deflated { deflate(bytes) } else { bytes.to_vec() };
        let method = if *deflated { 8u16 } else { 0 };
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let offset = out.len() as u32;
        let mut shared = Vec::new();
        shared.extend([20u8, 0, 0, 8]);
        shared.extend(method.to_le_bytes());
        shared.extend([0; 4]);
        shared.extend(crc.sum().to_le_bytes());
        shared.extend((packed.len() as u32).to_le_bytes());
        shared.extend((bytes.len() as u32).to_le_bytes());
        shared.extend((name.len() as u16).to_le_bytes());
        shared.extend([0; 2]);
        out.extend(LOCAL);
        out.extend(&shared);
        out.extend(name.as_bytes());
        out.extend(&packed);
        directory.extend(ENTRY);
        directory.extend([20, 3]);
        directory.extend(&shared);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let offset = out.len() as u32;
    out.extend(&directory);
    out.extend(END);
    out.extend([0; 4]);
    out.extend((members.len() as u16).to_le_bytes());
    out.extend((members.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend([0; 2]);
    out
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Contents = Vec<(String, Result<Vec<u8>, Fault>)>;

fn all(bytes: &[u8], limit: u64, total: u64) -> Result<Contents, Fault> {
    let archive = Archive::open(bytes)?;
    let mut budget = Budget::new(total);
    let members: Result<Vec<Member<'_>>, Fault> = archive.members().collect();
    let read = |m: Member<'_>| (m.text().into_owned(), archive.read(&m, limit, &mut budget).map(Cow::into_owned));
    Ok(members?.into_iter().map(read).collect())
}

fn sample() -> Vec<u8> {
    zip(&[("META-INF/", b"", false), ("a.txt", b"aaaaaaaaaaaaaaaaaaaaaaaa", true), ("b", b"stored", false)])
}

fn expected() -> Contents {
    vec![
        ("META-INF/".to_owned(), Ok(Vec::new())),
        ("a.txt".to_owned(), Ok(b"aaaaaaaaaaaaaaaaaaaaaaaa".to_vec())),
        ("b".to_owned(), Ok(b"stored".to_vec())),
    ]
}

#[test]
fn reads_members() {
    assert_eq!(all(&sample(), 100, 100), Ok(expected()));
    assert_eq!(all(&zip(&[]), 100, 100), Ok(vec![]));
}

#[test]
fn what_stands_before_and_after_does_not_matter() {
    let script = b"#!/bin/sh\nexec java -jar \"$0\"\n# PK\x05\x06 is not the end\n".to_vec();
    assert_eq!(all(&[script.clone(), sample()].concat(), 100, 100), Ok(expected()));
    let mut comment = sample();
    let at = comment.len() - 2;
    comment[at..].copy_from_slice(&40u16.to_le_bytes());
    comment.extend(b"a comment that holds PK\x05\x06 itself, 40 long");
    assert_eq!(all(&[script, comment.clone()].concat(), 100, 100), Ok(expected()));
    comment.extend([0; 512]);
    assert_eq!(all(&comment, 100, 100), Ok(expected()), "padding behind the archive");
}

#[test]
fn zip64() {
    // As Java's ZipOutputStream writes it: all four fields that do not fit are moved.
    let plain = zip(&[("x", b"long", false)]);
    let end = plain.len() - END_LEN;
    let start = end - ENTRY_LEN - 1;
    let mut bytes = plain[..start].to_vec();
    let mut entry = plain[start..end].to_vec();
    for at in [20, 24, 42] {
        entry[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    }
    entry[30..32].copy_from_slice(&32u16.to_le_bytes());
    entry.extend([0xfe, 0xca, 0, 0, 1, 0, 24, 0]);
    entry.extend(4u64.to_le_bytes());
    entry.extend(4u64.to_le_bytes());
    entry.extend(0u64.to_le_bytes());
    bytes.extend(&entry);
    let record = bytes.len() as u64;
    bytes.extend(END64);
    bytes.extend(44u64.to_le_bytes());
    bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(1u64.to_le_bytes());
    bytes.extend(1u64.to_le_bytes());
    bytes.extend((entry.len() as u64).to_le_bytes());
    bytes.extend((start as u64).to_le_bytes());
    bytes.extend(LOCATOR64);
    bytes.extend([0; 4]);
    bytes.extend(record.to_le_bytes());
    bytes.extend([1, 0, 0, 0]);
    bytes.extend(END);
    bytes.extend([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]);
    let expected = Ok(vec![("x".to_owned(), Ok(b"long".to_vec()))]);
    assert_eq!(all(&bytes, 100, 100), expected);
    assert_eq!(all(&[b"#!/bin/sh\n".to_vec(), bytes].concat(), 100, 100), expected);
}

#[test]
fn budgets() {
    let zeros = vec![0; 1 << 20];
    let bomb = zip(&[("z", &zeros, true), ("y", &zeros, true), ("s", &zeros[..100], false)]);
    let found = |limit, total| all(&bomb, limit, total).unwrap().into_iter().map(|(_, r)| r.map(|b| b.len())).collect();
    let found: &dyn Fn(u64, u64) -> Vec<Result<usize, Fault>> = &found;
    assert_eq!(found(1 << 20, 1 << 22), [Ok(1 << 20), Ok(1 << 20), Ok(100)]);
    assert_eq!(found((1 << 20) - 1, 1 << 22), [Err(Fault::TooLarge), Err(Fault::TooLarge), Ok(100)]);
    assert_eq!(found(1 << 20, (1 << 20) + 9), [Ok(1 << 20), Err(Fault::Exhausted), Err(Fault::Exhausted)]);
    assert_eq!(found(99, 100), [Err(Fault::TooLarge), Err(Fault::Exhausted), Err(Fault::TooLarge)]);
}

#[test]
fn lies() {
    let mut bytes = sample();
    let directory = bytes.windows(4).position(|w| w == ENTRY).unwrap();
    let second = directory + ENTRY_LEN + 9;
    // A huge announced size neither allocates nor matters.
    bytes[second + 24..second + 28].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    assert_eq!(all(&bytes, u64::MAX, u64::MAX), Ok(expected()));
    let with = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[second + at] = value;
        all(&bytes, 100, 100).unwrap()[1].1.clone()
    };
    assert_eq!(with(8, 1), Err(Fault::Encrypted));
    assert_eq!(with(10, 14), Err(Fault::Method));
    assert_eq!(with(20, 2), Err(Fault::Damaged), "cut off");
    assert_eq!(with(22, 1), Err(Fault::Member));
    assert_eq!(with(42, 1), Err(Fault::Member));
    assert_eq!(with(45, 0xff), Err(Fault::Member));
}

#[test]
fn any_prefix_and_any_changed_byte() {
    let bytes = sample();
    for end in 0..bytes.len() {
        assert_eq!(all(&bytes[..end], 100, 100), Err(Fault::NotZip));
    }
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            let _ = all(&bytes, 100, 100);
        }
    }
}
