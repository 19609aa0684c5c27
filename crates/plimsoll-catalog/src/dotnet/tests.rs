//! .NET's records and assemblies.

use super::*;
use crate::facts::Record;

fn parsed(path: &str, text: &str) -> Facts {
    let mut out = Facts::default();
    read(&File { path, root: "", which: 0, bytes: text.as_bytes() }, &mut out);
    out
}

fn purls(records: &[Record]) -> Vec<&str> {
    records.iter().map(|r| r.purl.as_str()).collect()
}

/// As `dotnet publish` writes it: an application, a package with an assembly, one that only groups it, one only needed to
/// compile, and a runtime pack.
const DEPS: &str = r#"{
  "runtimeTarget": {"name": ".NETCoreApp,Version=v6.0/linux-x64", "signature": ""},
  "targets": {".NETCoreApp,Version=v6.0": {}, ".NETCoreApp,Version=v6.0/linux-x64": {
    "App/1.0.0": {"dependencies": {"Serilog.All": "1.0.0", "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64": "6.0.25", "Ref.Only": "2.0.0"}, "runtime": {"App.dll": {}}},
    "Serilog.All/1.0.0": {"dependencies": {"Serilog": "2.12.0"}},
    "Serilog/2.12.0": {"runtime": {"lib/net6.0/Serilog.dll": {"assemblyVersion": "2.0.0.0", "fileVersion": "2.12.0.0"}}, "resources": {"lib/net6.0/de/Serilog.resources.dll": {"locale": "de"}}},
    "Ref.Only/2.0.0": {"compile": {"ref/x.dll": {}}},
    "Bare.Reference/1.2.0.0": {"runtime": {"Bare.dll": {}}},
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.25": {"runtime": {"System.Private.CoreLib.dll": {}}, "native": {"libclrjit.so": {}}}}},
  "libraries": {
    "App/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
    "Serilog.All/1.0.0": {"type": "package", "serviceable": true, "sha512": "", "path": "x"},
    "Serilog/2.12.0": {"type": "package", "serviceable": true, "sha512": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==", "path": "x"},
    "Ref.Only/2.0.0": {"type": "package", "sha512": ""},
    "Bare.Reference/1.2.0.0": {"type": "reference", "sha512": ""},
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.25": {"type": "runtimepack", "sha512": ""}}}"#;

#[test]
fn packages_not_assemblies() {
    let out = parsed("/app/App.deps.json", DEPS);
    assert_eq!(
        purls(&out.records),
        [
            "pkg:nuget/App@1.0.0",
            "pkg:nuget/Serilog.All@1.0.0",
            "pkg:nuget/Serilog@2.12.0",
            "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@6.0.25"
        ]
    );
    assert_eq!(out.records[1].needs, [2]);
    assert_eq!(out.records[2].hashes.len(), 1);
    assert_eq!(out.noted("assets:2").len(), 2);
    assert!(out.troubles.is_empty());
}

#[test]
fn source_trees() {
    let out = parsed(
        "/packages.lock.json",
        r#"{"version": 1, "dependencies": {"net6.0": {"A": {"type": "Direct", "requested": "[1.0, )", "resolved": "1.0.0", "dependencies": {"b": "2.0.0"}},
            "B": {"type": "Transitive", "resolved": "2.0.0"}, "own": {"type": "Project"}}}}"#,
    );
    assert_eq!(purls(&out.records), ["pkg:nuget/A@1.0.0", "pkg:nuget/B@2.0.0"]);
    assert_eq!(out.records[0].needs, [1]);
    let out = parsed(
        "/packages.config",
        "\u{feff}<?xml version=\"1.0\"?><packages><package id=\"A\" version=\"1.0\" /></packages>",
    );
    assert_eq!(purls(&out.records), ["pkg:nuget/A@1.0"]);
    let out = parsed(
        "/Directory.Packages.props",
        "<Project><PropertyGroup><X>3.1</X></PropertyGroup><ItemGroup><PackageVersion Include=\"A\" Version=\"$(X)\"/>\
         <PackageVersion Include=\"B\"><Version>[2.0]</Version></PackageVersion><PackageVersion Include=\"C\" Version=\"1.*\"/></ItemGroup></Project>",
    );
    assert_eq!(purls(&out.records), ["pkg:nuget/A@3.1", "pkg:nuget/B@2.0", "pkg:nuget/C"]);
}

#[test]
fn truncated_at_every_byte() {
    for end in 0..DEPS.len() {
        parsed("/a.deps.json", &DEPS[..end]);
    }
    assert_eq!(parsed("/a.deps.json", "{}").troubles.len(), 1);
    assert_eq!(parsed("/packages.config", "<a b=").troubles.len(), 1);
}
