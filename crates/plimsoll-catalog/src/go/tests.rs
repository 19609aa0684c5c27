//! Build information, plain and packed.

use super::*;
use crate::elf::Executable;

fn facts(bytes: &[u8]) -> Facts {
    let mut out = Facts::default();
    read(&File { path: "/bin/tool", root: "", which: 0, bytes }, &mut out);
    out
}

const MODULES: &str = "path\tgithub.com/A/tool/v2/cmd/tool\nmod\tgithub.com/A/tool/v2\t(devel)\t\n\
    dep\tgopkg.in/yaml.v3\tv3.0.1\th1:fx=\ndep\tgithub.com/old/dep\tv1.0.0\n=>\tgithub.com/new/dep\tv1.0.1\th1:n=\n\
    dep\texample.com/local\tv0.0.0\n=>\t./staging/local\t(devel)\t\ndep\t\tv1.0.0\n\
    build\t-ldflags=\"-X main.commit=1\"\nbuild\tGOARCH=arm64\n\
    build\tvcs.revision=0123456789abcdef0123456789abcdef01234567\nbuild\tvcs.time=2024-01-02T03:04:05Z\n";

fn marked(modules: &str) -> Vec<u8> {
    [&b"0123456789abcdef"[..], modules.as_bytes(), b"fedcba9876543210"].concat()
}

fn inline(modules: &str) -> Vec<u8> {
    let modules = marked(modules);
    let mut data = b"\xff Go buildinf:\x08\x02".to_vec();
    data.extend([0; 16]);
    data.push(8);
    data.extend(b"go1.22.3");
    data.extend([(modules.len() & 0x7f) as u8 | 0x80, (modules.len() >> 7) as u8]);
    data.extend(modules);
    data
}

fn found(executable: &Executable<'_>) -> Option<Facts> {
    let Found::Info(info) = buildinfo::find(executable) else { return None };
    let mut out = Facts::default();
    describe(&info, &mut out);
    Some(out)
}

#[test]
fn modules_of_a_program() {
    let data = inline(MODULES);
    let out = found(&Executable::of_segments([(0x1000, &data[..])].into_iter())).unwrap();
    let told: Vec<(&str, &str, &str)> =
        out.records.iter().map(|r| (r.name.as_str(), r.version.as_str(), r.purl.as_str())).collect();
    assert_eq!(
        told,
        [
            (
                "github.com/A/tool/v2",
                "v2.0.0-20240102030405-0123456789ab",
                "pkg:golang/github.com/A/tool/v2@v2.0.0-20240102030405-0123456789ab"
            ),
            ("stdlib", "1.22.3", "pkg:golang/stdlib@1.22.3"),
            ("gopkg.in/yaml.v3", "v3.0.1", "pkg:golang/gopkg.in/yaml.v3@v3.0.1"),
            ("github.com/new/dep", "v1.0.1", "pkg:golang/github.com/new/dep@v1.0.1"),
            ("example.com/local", "", "pkg:golang/example.com/local"),
        ]
    );
    assert_eq!(out.records[0].needs, [1, 2, 3, 4]);
    let property = |i: usize, key: &str| {
        out.records[i].properties.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v.as_str()).to_owned()
    };
    assert_eq!(property(0, "go:build:GOARCH"), "arm64");
    assert_eq!(property(0, "go:build:-ldflags"), "-X main.commit=1");
    assert_eq!(property(2, "go:h1"), "h1:fx=");
    assert_eq!(property(3, "go:replaces"), "github.com/old/dep@v1.0.0");
    assert_eq!(property(4, "go:replacedBy"), "./staging/local");
    assert_eq!(out.records[1].cpes, ["cpe:2.3:a:golang:go:1.22.3:-:*:*:*:*:*:*"]);
}

#[test]
fn pointers_of_older_programs_in_both_orders_and_widths() {
    for (width, big) in [(4u8, true), (4, false), (8, true), (8, false)] {
        let number = |n: u64| -> Vec<u8> {
            let bytes = if big { n.to_be_bytes() } else { n.to_le_bytes() };
            match (width, big) {
                (4, true) => bytes[4..].to_vec(),
                (4, false) => bytes[..4].to_vec(),
                _ => bytes.to_vec(),
            }
        };
        let modules = marked(MODULES);
        let mut data = b"\xff Go buildinf:".to_vec();
        data.extend([width, u8::from(big)]);
        data.extend(number(0x2000));
        data.extend(number(0x2040));
        data.resize(32, 0);
        let mut strings = [number(0x2080), number(7)].concat();
        strings.resize(0x40, 0);
        strings.extend([number(0x2090), number(modules.len() as u64)].concat());
        strings.resize(0x80, 0);
        strings.extend(b"go1.17\0\0");
        strings.resize(0x90, 0);
        strings.extend(&modules);
        strings[0x86] = b'9';
        let whole = Executable::of_segments([(0x1000, &data[..]), (0x2000, &strings[..])].into_iter());
        let out = found(&whole).unwrap();
        assert_eq!(out.records.len(), 5, "{width} {big}");
        assert_eq!(out.records[1].version, "1.179");
        // Pointers that lead nowhere.
        assert!(found(&Executable::of_segments([(0x1000, &data[..])].into_iter())).is_none());
    }
}

#[test]
fn packed_programs_are_unpacked() {
    for (name, packed) in [
        ("lzma", &include_bytes!("../../tests/data/go/lzma.upx")[..]),
        ("nrv2b", include_bytes!("../../tests/data/go/nrv2b.upx")),
        ("nrv2d", include_bytes!("../../tests/data/go/nrv2d.upx")),
        ("nrv2e", include_bytes!("../../tests/data/go/nrv2e.upx")),
    ] {
        let out = facts(packed);
        let told: Vec<(&str, &str)> = out.records.iter().map(|r| (r.name.as_str(), r.version.as_str())).collect();
        let expected = [("example.com/tool", ""), ("stdlib", "1.22.3"), ("example.com/dep", "v1.2.3")];
        assert_eq!(told, expected, "{name}: {:?}", out.troubles);
        for end in 0..packed.len() {
            facts(&packed[..end]);
        }
        for at in 0..packed.len() {
            let mut damaged = packed.to_vec();
            damaged[at] ^= 0xff;
            facts(&damaged);
        }
    }
}

#[test]
fn programs_built_without_modules_are_named_by_their_repository() {
    for (modules, expected) in [
        (
            "path\tgithub.com/prometheus/prometheus/cmd/prometheus\n\
             build\t-ldflags=\"-X github.com/prometheus/common/version.Version=2.42.0+ds\"\n",
            Some(("github.com/prometheus/prometheus", "v2.42.0+ds")),
        ),
        ("path\tcommand-line-arguments\n", None),
        ("path\tcmd/go\n", None),
        ("path\tgithub.com/one\n", None),
    ] {
        let data = inline(&format!("{modules}build\tpadding={:100}\n", ""));
        let out = found(&Executable::of_segments([(0, &data[..])].into_iter())).unwrap();
        let main = out.records.iter().find(|r| r.name != "stdlib");
        assert_eq!(main.map(|r| (r.name.as_str(), r.version.as_str())), expected, "{modules}");
    }
}

#[test]
fn truncated_information_is_no_panic() {
    let data = inline(MODULES);
    for end in 0..data.len() {
        let _ = found(&Executable::of_segments([(0, &data[..end])].into_iter()));
    }
}

#[test]
fn standard_libraries() {
    let cpe = |v: &str| standard_library(v).map(|s| (s.version, s.cpes[0].clone()));
    for (version, expected, update) in [
        ("go1.22.3", "1.22.3", "1.22.3:-"),
        ("go1.22rc1", "1.22rc1", "1.22:rc1"),
        ("devel go1.23-abc Tue", "1.23", "1.23:-"),
        ("go1.20.5 X:boring", "1.20.5", "1.20.5:-"),
    ] {
        let (v, c) = cpe(version).unwrap();
        assert_eq!(v, expected);
        assert_eq!(c, format!("cpe:2.3:a:golang:go:{update}:*:*:*:*:*:*"));
    }
    assert!(cpe("gotcha").is_none() && cpe("").is_none());
}
