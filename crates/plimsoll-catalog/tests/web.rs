//! Packages of npm, RubyGems, Composer, NuGet and WordPress in whole trees: what is installed, what only looks like it,
//! and what depends on what.

// The helpers of tests fail by panicking too.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use plimsoll_catalog::{Catalog, Extractor, Mode, Package, assemble};
use plimsoll_tree::{Builder, Contents, MemoryContents, NodeKind};

fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        if let Some(target) = data.strip_prefix("-> ") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, path, target).unwrap();
            continue;
        }
        header.set_size(data.len() as u64);
        builder.append_data(&mut header, path, data.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn read(mode: Mode, files: &[(&str, &str)]) -> Catalog {
    let mut contents = MemoryContents::new(|_: &str, _: u64| true);
    let mut builder = Builder::default();
    builder.layer(0, tar(files).as_slice(), &mut contents).unwrap();
    let tree = builder.finish();
    let mut extractor = Extractor::new(mode);
    let mut facts = HashMap::new();
    for (path, node) in tree.iter() {
        let NodeKind::File { content, .. } = node.kind else { continue };
        let bytes = contents.get(content).unwrap().unwrap_or_default();
        // Equal contents are read once, under whichever path comes first.
        if let Entry::Vacant(slot) = facts.entry(content) {
            slot.insert(extractor.read(path, bytes.len() as u64, &mut &*bytes).unwrap());
        }
    }
    assemble(&tree, facts)
}

fn purls(catalog: &Catalog) -> Vec<&str> {
    catalog.packages.iter().map(|p| p.purl.as_str()).collect()
}

fn package<'c>(catalog: &'c Catalog, purl: &str) -> &'c Package {
    catalog.packages.iter().find(|p| p.purl == purl).unwrap()
}

const INTEGRITY: &str = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";

#[test]
fn only_what_node_would_load_is_installed() {
    let b2 = r#"{"name": "b", "version": "2.0.0", "license": "MIT"}"#;
    let lock = format!(
        r#"{{"packages": {{"node_modules/a": {{"version": "1.0.0", "resolved": "https://r/a.tgz", "integrity": "{INTEGRITY}"}}, "node_modules/b": {{"version": "9.9.9", "integrity": "{INTEGRITY}"}}}}}}"#
    );
    let catalog = read(
        Mode::Image,
        &[
            (
                "app/package.json",
                r#"{"name": "app", "version": "0.1.0", "dependencies": {"a": "1"}, "devDependencies": {"w": "*"}}"#,
            ),
            ("app/node_modules/.package-lock.json", &lock),
            (
                "app/node_modules/a/package.json",
                r#"{"name": "a", "version": "v1.0.0", "author": [{"name": "X", "email": "x@y"}], "licenses": [{"type": "MIT"}, {"type": "ISC"}],
                    "dependencies": {"b": "2", "@s/c": "1", "absent": "1"}, "peerDependencies": {"cjs": "*"}}"#,
            ),
            ("app/node_modules/a/node_modules/b/package.json", b2),
            ("app/node_modules/b/package.json", r#"{"name": "b", "version": "1.0.0"}"#),
            (
                "app/node_modules/@s/c/package.json",
                r#"{"name": "@s/c", "version": "1.0.0", "dependencies": {"b": "1"}}"#,
            ),
            // An alias: installed under another name than its own.
            ("app/node_modules/cjs/package.json", r#"{"name": "real", "version": "4.0.0"}"#),
            // What only looks like a package.
            ("app/node_modules/a/test/fixture/package.json", r#"{"name": "fixture", "version": "1.0.0"}"#),
            ("app/node_modules/a/test/node_modules/x/package.json", r#"{"name": "x", "version": "1.0.0"}"#),
            ("app/node_modules/a/dist/package.json", r#"{"name": "a", "version": "1.0.0"}"#),
            ("app/node_modules/a/esm/package.json", r#"{"type": "module"}"#),
            ("app/node_modules/@s/c/sub/package.json", "not json"),
            ("app/node_modules/.cache/y/package.json", r#"{"name": "y", "version": "1.0.0"}"#),
            ("elsewhere/package.json", r#"{"name": "elsewhere", "version": "1.0.0"}"#),
            // A member of the workspace.
            ("app/packages/w/package.json", r#"{"name": "w", "version": "3.0.0", "dependencies": {"b": "1"}}"#),
            ("app/node_modules/w", "-> ../packages/w"),
            // What cannot be read where a package is installed.
            ("app/node_modules/broken/package.json", "{"),
            ("app/node_modules/unversioned/package.json", r#"{"name": "unversioned"}"#),
            ("opt/yarn-v1.22.22/package.json", r#"{"name": "yarn", "version": "1.22.22"}"#),
        ],
    );
    assert_eq!(
        purls(&catalog),
        [
            "pkg:npm/%40s/c@1.0.0",
            "pkg:npm/a@1.0.0",
            "pkg:npm/app@0.1.0",
            "pkg:npm/b@1.0.0",
            "pkg:npm/b@2.0.0",
            "pkg:npm/real@4.0.0",
            "pkg:npm/w@3.0.0",
            "pkg:npm/yarn@1.22.22"
        ]
    );
    let a = package(&catalog, "pkg:npm/a@1.0.0");
    assert_eq!(a.depends, ["pkg:npm/%40s/c@1.0.0", "pkg:npm/b@2.0.0", "pkg:npm/real@4.0.0"]);
    assert_eq!((a.maintainer.as_deref(), a.hashes.len()), (Some("X <x@y>"), 1));
    assert_eq!(a.licenses, ["ISC", "MIT"]);
    assert_eq!(a.download.as_deref(), Some("https://r/a.tgz"));
    assert_eq!(package(&catalog, "pkg:npm/%40s/c@1.0.0").depends, ["pkg:npm/b@1.0.0"]);
    // The lock file speaks of another version.
    assert!(package(&catalog, "pkg:npm/b@1.0.0").hashes.is_empty());
    let app = package(&catalog, "pkg:npm/app@0.1.0");
    assert_eq!(app.depends, ["pkg:npm/a@1.0.0", "pkg:npm/w@3.0.0"]);
    assert_eq!(app.properties, [("npm:role".to_owned(), "application".to_owned())]);
    assert_eq!(package(&catalog, "pkg:npm/w@3.0.0").depends, ["pkg:npm/b@1.0.0"]);
    let told: Vec<&str> = catalog.problems.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(told, ["/app/node_modules/broken/package.json", "/app/node_modules/unversioned/package.json"]);
}

#[test]
fn pnpm_and_debian() {
    let catalog = read(
        Mode::Image,
        &[
            ("app/node_modules/a", "-> .pnpm/a@1.0.0/node_modules/a"),
            (
                "app/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
                r#"{"name": "a", "version": "1.0.0", "dependencies": {"b": "1"}}"#,
            ),
            ("app/node_modules/.pnpm/a@1.0.0/node_modules/b", "-> ../../b@1.0.0/node_modules/b"),
            (
                "app/node_modules/.pnpm/b@1.0.0/node_modules/b/package.json",
                r#"{"name": "b", "version": "1.0.0", "dependencies": {"d": "1"}}"#,
            ),
            (
                "app/node_modules/.pnpm/lock.yaml",
                &format!("lockfileVersion: '9.0'\npackages:\n  b@1.0.0:\n    resolution: {{integrity: {INTEGRITY}}}\n"),
            ),
            ("usr/share/nodejs/d/package.json", r#"{"name": "d", "version": "1.0.0", "dependencies": {"e": "1"}}"#),
            ("usr/lib/x86_64-linux-gnu/nodejs/e/package.json", r#"{"name": "e", "version": "1.0.0"}"#),
            ("usr/share/nodejs/d/test/package.json", r#"{"name": "t", "version": "1.0.0"}"#),
            ("usr/share/nodejs/d-es/package.json", "-> ../d/package.json"),
            ("usr/share/nodejs/d-es/test/package.json", "-> ../../d/package.json"),
        ],
    );
    assert_eq!(purls(&catalog), ["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0", "pkg:npm/d@1.0.0", "pkg:npm/e@1.0.0"]);
    assert_eq!(package(&catalog, "pkg:npm/a@1.0.0").depends, ["pkg:npm/b@1.0.0"]);
    let b = package(&catalog, "pkg:npm/b@1.0.0");
    assert_eq!((b.depends.as_slice(), b.hashes.len()), (["pkg:npm/d@1.0.0".to_owned()].as_slice(), 1));
    let d = package(&catalog, "pkg:npm/d@1.0.0");
    assert_eq!(d.depends, ["pkg:npm/e@1.0.0"]);
    assert_eq!(d.evidence, ["/usr/share/nodejs/d-es/package.json", "/usr/share/nodejs/d/package.json"]);
}

/// The same three packages in every format: `a` needs `b` and, under an alias, `@s/c`.
#[test]
fn lock_files_say_the_same() {
    let i = INTEGRITY;
    let expected = ["pkg:npm/%40s/c@3.0.0", "pkg:npm/a@1.0.0", "pkg:npm/b@2.0.0"];
    let files = [
        (
            "package-lock.json",
            format!(
                r#"{{"lockfileVersion": 3, "packages": {{"": {{}}, "node_modules/a": {{"version": "1.0.0", "integrity": "{i}", "dependencies": {{"b": "2", "c": "npm:@s/c@3"}}}},
            "node_modules/b": {{"version": "2.0.0", "integrity": "{i}"}}, "node_modules/c": {{"name": "@s/c", "version": "3.0.0", "integrity": "{i}"}}}}}}"#
            ),
        ),
        (
            "package-lock.json",
            format!(
                r#"{{"lockfileVersion": 1, "dependencies": {{"a": {{"version": "1.0.0", "integrity": "{i}", "requires": {{"b": "2", "c": "3"}}, "dependencies": {{"c": {{"version": "npm:@s/c@3.0.0", "integrity": "{i}"}}}}}},
            "b": {{"version": "2.0.0", "integrity": "{i}"}}}}}}"#
            ),
        ),
        (
            "yarn.lock",
            format!(
                "# yarn lockfile v1\n\n\na@^1.0.0, a@1:\n  version \"1.0.0\"\n  integrity {i}\n  dependencies:\n    b \"^2\"\n    c \"npm:@s/c@3\"\n\n\"b@^2\":\n  version \"2.0.0\"\n  integrity {i}\n\n\"c@npm:@s/c@3\":\n  version \"3.0.0\"\n  integrity {i}\n"
            ),
        ),
        (
            "pnpm-lock.yaml",
            format!(
                "lockfileVersion: '9.0'\n\npackages:\n\n  a@1.0.0:\n    resolution: {{integrity: {i}}}\n\n  b@2.0.0:\n    resolution: {{integrity: {i}}}\n\n  '@s/c@3.0.0':\n    resolution: {{integrity: {i}}}\n\nsnapshots:\n\n  a@1.0.0:\n    dependencies:\n      b: 2.0.0(x@1.0.0)\n      c: '@s/c@3.0.0'\n\n  b@2.0.0(x@1.0.0): {{}}\n"
            ),
        ),
        (
            "pnpm-lock.yaml",
            format!(
                "lockfileVersion: 5.3\n\npackages:\n\n  /a/1.0.0:\n    resolution: {{integrity: {i}}}\n    dependencies:\n      b: 2.0.0_x@1.0.0\n      c: /@s/c/3.0.0\n    dev: false\n\n  /b/2.0.0_x@1.0.0:\n    resolution: {{integrity: {i}}}\n\n  /@s/c/3.0.0:\n    resolution: {{integrity: {i}}}\n"
            ),
        ),
        (
            "bun.lock",
            format!(
                "{{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {{ \"\": {{ \"name\": \"x\", }}, }},\n  \"packages\": {{\n    \"a\": [\"a@1.0.0\", \"\", {{ \"dependencies\": {{ \"b\": \"2\", \"c\": \"npm:@s/c@3\" }} }}, \"{i}\"],\n    \"b\": [\"b@2.0.0\", \"\", {{}}, \"{i}\"],\n    \"c\": [\"@s/c@3.0.0\", \"\", {{}}, \"{i}\"],\n  }}\n}}\n"
            ),
        ),
        (
            "deno.lock",
            format!(
                r#"{{"version": "4", "npm": {{"a@1.0.0": {{"integrity": "{i}", "dependencies": ["b", "@s/c@3.0.0"]}}, "b@2.0.0_x@1.0.0": {{"integrity": "{i}"}}, "@s/c@3.0.0": {{"integrity": "{i}"}}}}}}"#
            ),
        ),
    ];
    for (name, text) in files {
        let catalog = read(Mode::Directory, &[(&format!("x/{name}"), &text)]);
        assert_eq!(catalog.problems, [], "{text}");
        assert_eq!(purls(&catalog), expected, "{text}");
        assert_eq!(package(&catalog, expected[1]).depends, [expected[0], expected[2]], "{text}");
        assert!(catalog.packages.iter().all(|p| p.hashes.len() == 1), "{text}");
        assert!(read(Mode::Image, &[(&format!("x/{name}"), &text)]).packages.is_empty());
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            read(Mode::Directory, &[(name, &text[..end])]);
        }
    }
    // Later Yarn has no digest of the published archive.
    let text = "__metadata:\n  version: 8\n\n\"a@npm:^1\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n  dependencies:\n    b: \"npm:^2\"\n    c: \"npm:@s/c@3\"\n  checksum: 10c0/ab\n  languageName: node\n  linkType: hard\n\n\
        \"b@npm:^2, b@npm:^2.0.0\":\n  version: 2.0.0\n  resolution: \"b@npm:2.0.0\"\n\n\"c@npm:@s/c@3\":\n  version: 3.0.0\n  resolution: \"@s/c@npm:3.0.0\"\n\n\"x@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"x@workspace:.\"\n  linkType: soft\n";
    let catalog = read(Mode::Directory, &[("yarn.lock", text)]);
    assert_eq!(purls(&catalog), expected);
    assert_eq!(package(&catalog, expected[1]).depends, [expected[0], expected[2]]);
}

#[test]
fn gems_plugins_and_composer() {
    let catalog = read(
        Mode::Image,
        &[
            (
                "usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec",
                "# stub: json 2.6.1 ruby lib\ns.licenses = [\"Ruby\".freeze]\n",
            ),
            (
                "usr/share/rubygems-integration/all/specifications/rack-2.2.6.gemspec",
                "# stub: rack 2.2.6 ruby lib\ns.add_runtime_dependency(%q<json>.freeze, [\">= 0\"])\n",
            ),
            ("var/lib/gems/3.1.0/specifications/own-1.0.gemspec", "spec.name = 'own'\nspec.version = Own::VERSION\n"),
            ("var/lib/gems/3.1.0/gems/own-1.0/own.gemspec", "spec.name = 'own'\nspec.version = Own::VERSION\n"),
            (
                "srv/wp-content/plugins/akismet/akismet.php",
                "<?php\n/*\nPlugin Name: Akismet\nVersion: 5.0\nLicense: MIT\n*/",
            ),
            ("srv/wp-content/plugins/akismet/class.php", "<?php // Version: 1"),
            (
                "srv/vendor/composer/installed.json",
                r#"{"packages": [{"name": "a/b", "version": "1.0", "require": {"c/d": "*", "php": "8"}}, {"name": "c/d", "version": "v2.0"}]}"#,
            ),
            ("srv/vendor/x/y/tests/vendor/composer/installed.json", r#"[{"name": "e/f", "version": "1.0"}]"#),
        ],
    );
    assert_eq!(
        purls(&catalog),
        [
            "pkg:gem/json@2.6.1",
            "pkg:gem/own@1.0",
            "pkg:gem/rack@2.2.6",
            "pkg:composer/a/b@1.0",
            "pkg:composer/c/d@v2.0",
            "pkg:wordpress-plugin/akismet@5.0"
        ]
    );
    assert_eq!(package(&catalog, "pkg:gem/rack@2.2.6").depends, ["pkg:gem/json@2.6.1"]);
    assert_eq!(package(&catalog, "pkg:composer/a/b@1.0").depends, ["pkg:composer/c/d@v2.0"]);
}

#[test]
fn dotnet_packages_without_their_files_are_only_declared() {
    let deps = r#"{"runtimeTarget": {"name": "t"}, "targets": {"t": {"App/1.0.0": {"dependencies": {"A": "1.0.0"}, "runtime": {"App.dll": {}}},
        "A/1.0.0": {"runtime": {"lib/net6.0/A.dll": {}}, "resources": {"lib/net6.0/de/A.resources.dll": {}}}, "All/1.0.0": {"dependencies": {"A": "1.0.0"}},
        "B/1.0.0": {"runtime": {"lib/net6.0/B.dll": {}}}, "Rest/1.0.0": {"dependencies": {"B": "1.0.0"}}}},
        "libraries": {"App/1.0.0": {"type": "project"}, "A/1.0.0": {"type": "package"}, "All/1.0.0": {"type": "package"}, "B/1.0.0": {"type": "package"}, "Rest/1.0.0": {"type": "package"}}}"#;
    let catalog = read(
        Mode::Image,
        &[("app/App.deps.json", deps), ("app/App.dll", "x"), ("app/A.dll", "y"), ("app/de/A.resources.dll", "z")],
    );
    let declared: Vec<(&str, bool)> = catalog.packages.iter().map(|p| (p.name.as_str(), p.declared)).collect();
    assert_eq!(declared, [("A", false), ("All", false), ("App", false), ("B", true), ("Rest", true)]);
    assert_eq!(catalog.packages[0].evidence, ["/app/A.dll", "/app/App.deps.json", "/app/de/A.resources.dll"]);
}

#[test]
fn an_assembly_for_one_platform_is_of_its_package() {
    let deps = r#"{"runtimeTarget": {"name": "t"}, "targets": {"t": {"A/4.7.0": {"runtime": {"lib/netstandard2.0/A.dll": {}},
        "runtimeTargets": {"runtimes/win/lib/net6.0/A.dll": {"rid": "win", "assetType": "runtime"}}}}},
        "libraries": {"A/4.7.0": {"type": "package"}}}"#;
    let catalog = read(
        Mode::Image,
        &[("app/App.deps.json", deps), ("app/A.dll", "y"), ("app/runtimes/win/lib/net6.0/A.dll", "z")],
    );
    assert_eq!(purls(&catalog), ["pkg:nuget/A@4.7.0"]);
    let evidence = ["/app/A.dll", "/app/App.deps.json", "/app/runtimes/win/lib/net6.0/A.dll"];
    assert_eq!(catalog.packages[0].evidence, evidence);
}
