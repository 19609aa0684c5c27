//! The reader and the writer against the `tar` crate.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};

use plimsoll_layer::{BlobWriter, Entry, EntryKind, LayerError, Limits, TarReader, TarWriter, decompress};
use proptest::prelude::*;

fn read_all(tar: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, LayerError> {
    let mut reader = TarReader::new(tar, &Limits::default());
    let mut out = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        let mut content = Vec::new();
        reader.read_to_end(&mut content)?;
        out.push((entry, content));
    }
    Ok(out)
}

fn write_all(members: &[(Entry, Vec<u8>)]) -> Vec<u8> {
    let mut tar = TarWriter::new(Vec::new());
    for (entry, content) in members {
        tar.append(entry, &mut content.as_slice()).unwrap();
    }
    tar.finish().unwrap()
}

fn long(part: &str, parts: usize) -> String {
    vec![part; parts].join("/")
}

#[test]
fn reads_what_the_tar_crate_writes() {
    let path = long("directory-with-a-long-name", 12);
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.set_mode(0o4755);
    header.set_uid(3_000_000);
    header.set_gid(7);
    header.set_mtime(1_600_000_000);
    header.set_cksum();
    builder.append_data(&mut header, &path, &b"abc"[..]).unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "link", format!("../{path}")).unwrap();
    builder.append_pax_extensions([("SCHILY.xattr.security.capability", &b"\x01\0\0\x02"[..])]).unwrap();
    let mut plain = tar::Header::new_ustar();
    plain.set_path("bin/ping").unwrap();
    plain.set_size(0);
    plain.set_mode(0o755);
    plain.set_cksum();
    builder.append(&plain, &b""[..]).unwrap();
    let entries = read_all(&builder.into_inner().unwrap()).unwrap();
    assert_eq!(entries[0].0.path, format!("/{path}"));
    assert_eq!(entries[0].1, b"abc");
    assert_eq!((entries[0].0.mode, entries[0].0.uid, entries[0].0.gid), (0o4755, 3_000_000, 7));
    assert_eq!(entries[0].0.mtime, 1_600_000_000);
    assert_eq!(entries[1].0.kind, EntryKind::Symlink { target: format!("../{path}") });
    assert_eq!(entries[2].0.xattrs, [("security.capability".to_owned(), b"\x01\0\0\x02".to_vec())]);
}

#[test]
fn a_prefix_is_used_before_pax() {
    let path = format!("/{}/{}", long("0123456789", 13), "n".repeat(90));
    let tar = write_all(&[(Entry::new(path.clone(), EntryKind::File, 0o644, 0), Vec::new())]);
    assert_eq!(tar.len(), 512 + 1024, "no PAX header was needed");
    assert_eq!(read_all(&tar).unwrap()[0].0.path, path);
    assert!(!tar.windows(9).any(|w| w == b"PaxHeader"));
}

#[test]
fn the_writer_gives_known_bytes() {
    let mut blob = BlobWriter::new(Vec::new());
    let mut tar = TarWriter::new(&mut blob);
    tar.append(&Entry::new("/a", EntryKind::File, 0o644, 1), &mut &b"x"[..]).unwrap();
    tar.finish().unwrap();
    let (bytes, written) = blob.finish().unwrap();
    assert_eq!(&bytes[..4], b"\x1f\x8b\x08\x00");
    assert_eq!(&bytes[4..8], [0; 4], "no time");
    assert_eq!(bytes[9], 255, "no operating system");
    assert!(written.descriptor.digest.matches(&bytes));
    assert_eq!(written.descriptor.size, bytes.len() as u64);
    let mut plain = Vec::new();
    decompress(bytes.as_slice(), &Limits::default()).unwrap().read_to_end(&mut plain).unwrap();
    assert!(written.diff_id.matches(&plain));
    assert_eq!(written.size, plain.len() as u64);
}

#[test]
fn compression_does_not_depend_on_how_writes_are_cut() {
    let data: Vec<u8> = (0..400_000_u32).flat_map(|n| (n / 7 * 31).to_le_bytes()).collect();
    let compress = |size: usize| {
        let mut blob = BlobWriter::new(Vec::new());
        data.chunks(size).for_each(|c| blob.write_all(c).unwrap());
        blob.finish().unwrap().0
    };
    let whole = compress(data.len());
    assert!(whole == compress(511) && whole == compress(70_000));
}

fn sparse_expected() -> Vec<u8> {
    let mut expected = vec![0; 2000];
    expected[100..105].copy_from_slice(b"first");
    expected[1990..].copy_from_slice(b"to the end");
    expected
}

fn ustar(name: &str, flag: u8, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.as_mut_bytes()[156] = flag;
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let len = (rest + 1..).find(|len| rest + len.to_string().len() == *len).unwrap();
        body += &format!("{len} {key}={value}\n");
    }
    ustar("x", b'x', body.as_bytes())
}

#[test]
fn every_sparse_format_expands() {
    let stored = b"firstto the end";
    let map_1_0 = format!("2\n100\n5\n1990\n10\n{}", "\0".repeat(512));
    let padded = [&map_1_0.as_bytes()[..512], stored].concat();
    let formats = [
        [
            pax(&[
                ("GNU.sparse.size", "2000"),
                ("GNU.sparse.numblocks", "2"),
                ("GNU.sparse.offset", "100"),
                ("GNU.sparse.numbytes", "5"),
                ("GNU.sparse.offset", "1990"),
                ("GNU.sparse.numbytes", "10"),
            ]),
            ustar("s", b'0', stored),
        ]
        .concat(),
        [
            pax(&[("GNU.sparse.size", "2000"), ("GNU.sparse.map", "100,5,1990,10"), ("GNU.sparse.name", "s")]),
            ustar("GNUSparseFile.1/s", b'0', stored),
        ]
        .concat(),
        [
            pax(&[
                ("GNU.sparse.major", "1"),
                ("GNU.sparse.minor", "0"),
                ("GNU.sparse.name", "s"),
                ("GNU.sparse.realsize", "2000"),
            ]),
            ustar("GNUSparseFile.1/s", b'0', &padded),
        ]
        .concat(),
        {
            let mut header = tar::Header::new_gnu();
            header.set_path("s").unwrap();
            header.set_size(stored.len() as u64);
            header.set_entry_type(tar::EntryType::GNUSparse);
            let bytes = header.as_mut_bytes();
            for (at, text) in [
                (386, "00000000144"),
                (398, "00000000005"),
                (410, "00000003706"),
                (422, "00000000012"),
                (483, "00000003720"),
            ] {
                bytes[at..at + 11].copy_from_slice(text.as_bytes());
            }
            header.set_cksum();
            let mut out = header.as_bytes().to_vec();
            out.extend_from_slice(stored);
            out.resize(1024, 0);
            out
        },
    ];
    for (number, tar) in formats.iter().enumerate() {
        let entries = read_all(tar).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].0.path, "/s", "format {number}");
        assert_eq!(entries[0].0.size, 2000, "format {number}");
        assert!(entries[0].1 == sparse_expected(), "format {number}");
    }
}

#[test]
fn hostile_archives_are_refused() {
    let lying = pax(&[("GNU.sparse.size", "9223372036854775807"), ("GNU.sparse.map", "0,5")]);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (ustar("../etc/passwd", b'0', b""), "'..'"),
        (ustar("/etc/passwd", b'0', b""), "absolute"),
        (ustar("a/../../b", b'0', b""), "'..'"),
        (ustar("a", b'Z', b""), "not supported"),
        (ustar("a", b'0', b"cut")[..513].to_vec(), "truncated"),
        (ustar("a", b'0', b"")[..300].to_vec(), "truncated"),
        ([pax(&[("size", "99999999999999999999")]), ustar("a", b'0', b"")].concat(), "not a number"),
        ([pax(&[("size", "9223372036854775807")]), ustar("a", b'0', b"")].concat(), "max_layer_bytes"),
        ([pax(&[("path", "a\0b")]), ustar("a", b'0', b"")].concat(), "NUL"),
        ([lying, ustar("a", b'0', b"abcde")].concat(), "max_layer_bytes"),
        ([pax(&[("GNU.sparse.size", "3"), ("GNU.sparse.map", "0,5")]), ustar("a", b'0', b"abcde")].concat(), "beyond"),
        (
            [pax(&[("GNU.sparse.size", "9"), ("GNU.sparse.map", "4,2,0,3")]), ustar("a", b'0', b"abcde")].concat(),
            "order",
        ),
        (pax(&[("path", "a")]), "without its member"),
        ([vec![0; 512], ustar("a", b'0', b"")].concat(), "lone block"),
    ];
    for (tar, why) in cases {
        let error = read_all(&tar).unwrap_err().to_string();
        assert!(error.contains(why), "{error} should say {why}");
    }
    let mut broken = ustar("a", b'0', b"");
    broken[0] = b'b';
    assert!(read_all(&broken).unwrap_err().to_string().contains("checksum"));
    let mut global = pax(&[("path", "elsewhere")]);
    global[156] = b'g';
    let mut header = tar::Header::from_byte_slice(&global[..512]).clone();
    header.set_cksum();
    global[..512].copy_from_slice(header.as_bytes());
    assert!(read_all(&global).unwrap_err().to_string().contains("global"));
}

#[test]
fn a_link_has_no_content_whatever_it_says() {
    // A reader that believed the size would skip the member hidden in the "content".
    let mut link = ustar("l", b'1', b"");
    let mut header = tar::Header::from_byte_slice(&link[..512]).clone();
    header.set_size(512);
    header.set_link_name("b").unwrap();
    header.set_cksum();
    link[..512].copy_from_slice(header.as_bytes());
    let entries = read_all(&[link, ustar("b", b'0', b"")].concat()).unwrap();
    assert_eq!(entries.iter().map(|(e, _)| e.path.as_str()).collect::<Vec<_>>(), ["/l", "/b"]);
}

#[test]
fn the_end_may_be_marked_or_not() {
    let member = ustar("a", b'0', b"x");
    for end in [0, 512, 1024, 10_240] {
        let tar = [member.clone(), vec![0; end]].concat();
        assert_eq!(read_all(&tar).unwrap().len(), 1, "{end}");
    }
    assert!(read_all(b"").unwrap().is_empty());
}

#[test]
fn bombs_stop_early() {
    let limits = Limits { ratio_floor: 1 << 20, ..Limits::default() };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        gzip.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(std::io::repeat(0).take(64 << 20), 3).unwrap();
    for bomb in [&gzip, &zstd] {
        let mut out = decompress(bomb.as_slice(), &limits).unwrap();
        let error = std::io::copy(&mut out, &mut std::io::sink()).unwrap_err();
        assert!(matches!(LayerError::from(error), LayerError::Limit { limit: "max_ratio", max: 200 }));
        let small = Limits { max_layer_bytes: 1 << 16, ..limits };
        let error = std::io::copy(&mut decompress(bomb.as_slice(), &small).unwrap(), &mut std::io::sink()).unwrap_err();
        assert!(matches!(LayerError::from(error), LayerError::Limit { limit: "max_layer_bytes", .. }));
        // Truncated: never a silent end.
        let cut = &bomb[..bomb.len() / 2];
        let whole = Limits::default();
        assert!(std::io::copy(&mut decompress(cut, &whole).unwrap(), &mut std::io::sink()).is_err());
    }
    assert!(matches!(decompress(&b"BZh9abc"[..], &limits), Err(LayerError::Compression("bzip2"))));
}

#[test]
fn entries_are_counted() {
    let tar: Vec<u8> = (0..100).flat_map(|n| ustar(&format!("f{n}"), b'0', b"")).collect();
    let limits = Limits { max_entries: 99, ..Limits::default() };
    let mut reader = TarReader::new(tar.as_slice(), &limits);
    let error = loop {
        match reader.next_entry() {
            Ok(entry) => assert!(entry.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LayerError::Limit { limit: "max_entries", max: 99 }));
}

fn kind() -> impl Strategy<Value = EntryKind> {
    prop_oneof![
        Just(EntryKind::File),
        Just(EntryKind::Directory),
        Just(EntryKind::Fifo),
        "[a-z./]{1,150}".prop_map(|target| EntryKind::Symlink { target }),
        "(/[a-z]{1,20}){1,12}".prop_map(|target| EntryKind::HardLink { target }),
        (0..2_000_000_u32, 0..2_000_000_u32).prop_map(|(major, minor)| EntryKind::Character { major, minor }),
    ]
}

prop_compose! {
    fn entry()(
        path in "(/[a-zü0-9._]{1,40}x){1,8}",
        kind in kind(),
        content in proptest::collection::vec(any::<u8>(), 0..1500),
        mode in 0..=0o7777_u32,
        uid: u32,
        gid: u32,
        mtime: i64,
        xattrs in proptest::collection::btree_map("user\\.[a-z]{1,9}", proptest::collection::vec(any::<u8>(), 0..50), 0..3),
    ) -> (Entry, Vec<u8>) {
        let content = if kind == EntryKind::File { content } else { Vec::new() };
        let xattrs = xattrs.into_iter().collect();
        (Entry { path, kind, size: content.len() as u64, mode, uid, gid, mtime, xattrs }, content)
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(mut members in proptest::collection::vec(entry(), 0..6)) {
        // i64::MIN has no positive counterpart to print and read back.
        members.iter_mut().for_each(|(e, _)| e.mtime = e.mtime.max(-i64::MAX));
        let tar = write_all(&members);
        prop_assert_eq!(&read_all(&tar).unwrap(), &members);
        // The oracle sees the same names and contents.
        let mut oracle = tar::Archive::new(tar.as_slice());
        for (theirs, (entry, content)) in oracle.entries().unwrap().zip(&members) {
            let mut theirs = theirs.unwrap();
            let name = theirs.path_bytes().into_owned();
            prop_assert_eq!(name.strip_suffix(b"/").unwrap_or(&name), &entry.path.as_bytes()[1..]);
            let mut bytes = Vec::new();
            theirs.read_to_end(&mut bytes).unwrap();
            prop_assert_eq!(&bytes, content);
        }
    }

    #[test]
    fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..4096), fix: bool) {
        if fix && bytes.len() >= 512 {
            let mut header = tar::Header::from_byte_slice(&bytes[..512]).clone();
            header.set_cksum();
            bytes[..512].copy_from_slice(header.as_bytes());
        }
        let _ = read_all(&bytes);
    }
}
