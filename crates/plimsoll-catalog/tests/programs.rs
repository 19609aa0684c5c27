//! Programs, package notes and kernels in whole images: whose they are, and what belongs together.

// The helpers of tests fail by panicking too.
#![allow(clippy::unwrap_used)]

use plimsoll_catalog::{Catalog, Package, catalog, wants};
use plimsoll_tree::{Builder, MemoryContents};

fn read(files: &[(&str, &[u8])]) -> Catalog {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o755);
        header.set_size(data.len() as u64);
        archive.append_data(&mut header, path, *data).unwrap();
    }
    let mut contents = MemoryContents::new(wants);
    let mut builder = Builder::default();
    builder.layer(0, archive.into_inner().unwrap().as_slice(), &mut contents).unwrap();
    catalog(&builder.finish(), &contents)
}

fn named<'a>(catalog: &'a Catalog, purl: &str) -> Vec<&'a Package> {
    catalog.packages.iter().filter(|p| p.purl.starts_with(purl)).collect()
}

/// A relocatable file with one section.
fn object(name: &str, content: &[u8]) -> Vec<u8> {
    let names = format!("\0{name}\0.shstrtab\0");
    let mut out = vec![0u8; 64];
    out[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1]);
    (out[16], out[18], out[20]) = (1, 62, 1);
    out[40..48].copy_from_slice(&((64 + content.len() + names.len()) as u64).to_le_bytes());
    (out[52], out[58], out[60], out[62]) = (64, 64, 3, 2);
    out.extend(content);
    out.extend(names.as_bytes());
    let sections = [(0, 0, 0, 0), (1, 1, 64, content.len()), (name.len() + 2, 3, 64 + content.len(), names.len())];
    for (name, kind, from, size) in sections {
        let mut header = [0u8; 64];
        header[..4].copy_from_slice(&(name as u32).to_le_bytes());
        header[4..8].copy_from_slice(&u32::to_le_bytes(kind));
        header[24..32].copy_from_slice(&(from as u64).to_le_bytes());
        header[32..40].copy_from_slice(&(size as u64).to_le_bytes());
        out.extend(header);
    }
    out
}

fn note(json: &str) -> Vec<u8> {
    let mut body = json.as_bytes().to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    [&4u32.to_le_bytes()[..], &(body.len() as u32).to_le_bytes(), &0xcafe_1a7e_u32.to_le_bytes(), b"FDO\0", &body]
        .concat()
}

const OS: (&str, &[u8]) = ("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n");
const STATUS: (&str, &[u8]) = (
    "var/lib/dpkg/status",
    b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2\n\n\
      Package: hello\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.10-3\n",
);

#[test]
fn a_program_of_a_package_is_that_package() {
    let bash = object(".comment", b"@(#)Bash version 5.2.15(1) release GNU\0");
    let node = object(".comment", b"/json\0node.js/v20.20.2\0");
    let files = [
        OS,
        STATUS,
        ("var/lib/dpkg/info/bash.list", b"/.\n/bin\n/bin/bash\n"),
        ("bin/bash", &bash),
        ("opt/node", &node),
    ];
    let catalog = read(&files);
    assert!(named(&catalog, "pkg:generic/bash@").is_empty(), "dpkg lists it");
    assert_eq!(named(&catalog, "pkg:deb/debian/bash@5.2.15-2").len(), 1);
    let node = named(&catalog, "pkg:generic/node@20.20.2");
    assert_eq!((node.len(), node[0].owners.len()), (1, 0));
    assert!(catalog.problems.is_empty(), "{:?}", catalog.problems);

    // A package may bring a program of another version than its own, which nothing else lists.
    let other = object(".comment", b"@(#)Bash version 4.4.20(1) release GNU\0");
    let catalog = read(&[OS, STATUS, files[2], ("bin/bash", &other)]);
    let bash = named(&catalog, "pkg:generic/bash@4.4.20");
    assert_eq!(bash.len(), 1);
    assert_eq!(bash[0].owners, ["pkg:deb/debian/bash@5.2.15-2?arch=amd64&distro=debian-12"]);
    assert_eq!(bash[0].cpes[0], "cpe:2.3:a:gnu:bash:4.4.20:*:*:*:*:*:*:*");
}

#[test]
fn a_note_tells_only_where_no_database_does() {
    let mine = object(".note.package", &note(r#"{"type":"deb","os":"debian","name":"hello","version":"2.10-3"}"#));
    let copied =
        object(".note.package", &note(r#"{"type":"deb","name":"gone","version":"1-1","architecture":"amd64"}"#));
    let files = [
        OS,
        STATUS,
        ("var/lib/dpkg/info/hello.list", b"/.\n/usr/bin/hello\n"),
        ("usr/bin/hello", &mine),
        ("opt/gone", &copied),
    ];
    let catalog = read(&files);
    assert_eq!(named(&catalog, "pkg:deb/debian/hello@").len(), 1);
    assert_eq!(named(&catalog, "pkg:deb/debian/gone@1-1?arch=amd64&distro=debian-12").len(), 1);
}

#[test]
fn modules_depend_on_their_kernel_and_each_other() {
    let mut kernel = vec![0; 0x300];
    kernel[0x202..0x206].copy_from_slice(b"HdrS");
    kernel[0x20e..0x210].copy_from_slice(&0x100u16.to_le_bytes());
    kernel.extend(b"6.1.0-50 (a@b) #1 SMP\0");
    let ext4 = object(".modinfo", b"name=ext4\0depends=jbd2\0vermagic=6.1.0-50 SMP\0");
    let jbd2 = object(".modinfo", b"name=jbd2\0depends=\0vermagic=6.1.0-50 SMP\0");
    let files = [
        ("boot/vmlinuz-6.1.0-50", &kernel[..]),
        ("usr/lib/modules/6.1.0-50/kernel/ext4.ko", &ext4),
        ("usr/lib/modules/6.1.0-50/kernel/jbd2.ko", &jbd2),
    ];
    let catalog = read(&files);
    let ext4 = named(&catalog, "pkg:generic/ext4");
    assert_eq!(ext4[0].depends, ["pkg:generic/jbd2", "pkg:generic/linux-kernel@6.1.0-50"]);
    assert_eq!(named(&catalog, "pkg:generic/jbd2")[0].depends, ["pkg:generic/linux-kernel@6.1.0-50"]);
}
