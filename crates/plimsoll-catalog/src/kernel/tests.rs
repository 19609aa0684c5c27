//! Kernels and their modules.

use super::*;

fn facts(path: &str, which: usize, bytes: &[u8]) -> Facts {
    let mut out = Facts::default();
    read(&File { path, root: "", which, bytes }, &mut out);
    out
}

const BANNER: &str =
    "6.1.0-50-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)";

/// The boot header of an x86 kernel, as far as it is read.
fn boot_image() -> Vec<u8> {
    let mut image = vec![0; 0x300];
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x20e..0x210].copy_from_slice(&0x100u16.to_le_bytes());
    image.extend(BANNER.as_bytes());
    image.push(0);
    image
}

#[test]
fn kernels() {
    let image = boot_image();
    let out = facts("/boot/vmlinuz-6.1.0-50-cloud-amd64", MODULES, &image);
    assert_eq!(out.records[0].purl, "pkg:generic/linux-kernel@6.1.0-50-cloud-amd64");
    for end in 0..image.len() {
        facts("/boot/vmlinuz", MODULES, &image[..end]);
    }
    let mut unpacked = b"\x7fELF".to_vec();
    unpacked.extend(b"Linux version %s\0Linux version 6.6.8-0-virt (buildozer@build) #1-Alpine\n\0");
    assert_eq!(facts("/boot/vmlinux", MODULES, &unpacked).records[0].version, "6.6.8-0-virt");
    assert!(facts("/usr/share/doc/kernel", MODULES, b"Linux version 6.6.8 is a kernel").is_empty());
}

/// A relocatable file of one section.
fn object(info: &[u8]) -> Vec<u8> {
    let names = b"\0.modinfo\0.shstrtab\0";
    let mut out = vec![0u8; 64];
    out[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1]);
    out[16] = 1;
    out[18] = 62;
    out[20] = 1;
    let table = 64 + info.len() + names.len();
    out[40..48].copy_from_slice(&(table as u64).to_le_bytes());
    out[52] = 64;
    out[58] = 64;
    out[60] = 3;
    out[62] = 2;
    out.extend(info);
    out.extend(names);
    let mut header = |name: u32, kind: u32, from: usize, size: usize| {
        let mut h = [0u8; 64];
        h[..4].copy_from_slice(&name.to_le_bytes());
        h[4..8].copy_from_slice(&kind.to_le_bytes());
        h[24..32].copy_from_slice(&(from as u64).to_le_bytes());
        h[32..40].copy_from_slice(&(size as u64).to_le_bytes());
        out.extend(h);
    };
    header(0, 0, 0, 0);
    header(1, 1, 64, info.len());
    header(10, 3, 64 + info.len(), names.len());
    out
}

#[test]
fn modules() {
    let info = b"license=GPL v2\0description=Fourth Extended Filesystem\0depends=jbd2,mbcache\0name=ext4\0version=1.5\0vermagic=6.1.0-50-amd64 SMP preempt mod_unload\0";
    let plain = object(info);
    let packed = zstd::encode_all(&plain[..], 1).unwrap();
    for bytes in [&plain, &packed] {
        let out = facts("/lib/modules/6.1.0-50-amd64/kernel/fs/ext4/ext4.ko", 0, bytes);
        let record = &out.records[0];
        assert_eq!((record.name.as_str(), record.purl.as_str()), ("ext4", "pkg:generic/ext4@1.5"));
        assert_eq!(record.licenses, ["GPL-2.0-only"]);
        assert_eq!(out.noted("module"), ["6.1.0-50-amd64", "jbd2", "mbcache"]);
        for end in 0..bytes.len() {
            facts("/lib/modules/x/a.ko", 0, &bytes[..end]);
        }
    }
    let nameless = facts("/lib/modules/x/snd-hda.ko", 0, &object(b"license=GPL\0"));
    assert_eq!(nameless.records[0].name, "snd_hda");
    assert_eq!(facts("/lib/modules/x/a.ko", 0, b"text").troubles.len(), 1);
}
