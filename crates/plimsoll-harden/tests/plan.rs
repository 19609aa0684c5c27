//! Small images hardened: what stays, what goes, what stops, and that the result is the same twice.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;

use plimsoll_catalog::Catalog;
use plimsoll_finding::{Finding, harden as h, manifest as m};
use plimsoll_harden::{Class, Plan, PlanInput, Rule, Source, apply, plan};
use plimsoll_intent::{ClosureLine, ClosureRule, Origin, RuntimeRule};
use plimsoll_oci::{Config, Digest};
use plimsoll_tree::{Contents, Tree};
use plimsoll_workload::{Workload, workload_from_object};
use serde_json::{Value, json};

#[path = "support/image.rs"]
mod image;
#[path = "../src/testing.rs"]
mod testing;
use image::{File, tree};
use testing::{ElfSpec, elf};

const STATUS: &[u8] =
    b"Package: appd\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\nDescription: a\n b\n\n\
Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.1\n\n\
Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.5\n\n\
Package: unused\nStatus: install ok installed\nArchitecture: amd64\nVersion: 9\n";

struct Image {
    tree: Tree,
    contents: Box<dyn Contents>,
    config: Config,
    runtime: RuntimeRule,
    closure: ClosureRule,
    workloads: Vec<Workload>,
}

impl Image {
    fn new(config: Value) -> Self {
        Self::with(config, Vec::new(), &[], &[])
    }

    /// A Debian-like image: a daemon with a library and a plug-in, a shell, a setuid file, documentation, an application.
    fn with(config: Value, more: Vec<File<'_>>, links: &[(&str, &str)], dirs: &[(&str, u32, u32)]) -> Self {
        let interpreter = Some("/lib64/ld-linux-x86-64.so.2");
        let library = |needed: &[&str]| elf(&ElfSpec { needed, ..ElfSpec::default() });
        let program = elf(&ElfSpec {
            interpreter,
            needed: &["libssl.so.3", "libmissing.so.9"],
            rodata: b"libplugin.so.1\0/usr/share/appd/data\0/var/lib/appd/db\0/run/appd.pid\0/bin/sh\0",
            ..ElfSpec::default()
        });
        let list = |paths: &[&str]| paths.join("\n").into_bytes();
        let mut files = vec![
            File("/etc/os-release", 0o644, 0, b"ID=debian\nVERSION_ID=\"12\"\n".to_vec()),
            File("/etc/passwd", 0o644, 0, b"root:x:0:0:root:/root:/bin/bash\napp:x:100:100::/:/bin/sh\n".to_vec()),
            File("/etc/group", 0o644, 0, b"root:x:0:\n".to_vec()),
            File("/etc/shadow", 0o640, 0, b"root:*:1::::::\n".to_vec()),
            File("/etc/appd/appd.conf", 0o640, 100, b"include /etc/appd/conf.d/*.conf\nstate /var/lib/appd\n".to_vec()),
            File("/etc/appd/conf.d/a.conf", 0o644, 0, b"load /opt/extra/module.so\n".to_vec()),
            File("/opt/extra/module.so", 0o644, 0, library(&[])),
            File("/usr/bin/appd", 0o755, 0, program),
            File("/usr/bin/dash", 0o755, 0, elf(&ElfSpec { interpreter, ..ElfSpec::default() })),
            File("/usr/bin/unused", 0o4755, 0, elf(&ElfSpec { interpreter, ..ElfSpec::default() })),
            File("/usr/bin/curl", 0o755, 0, elf(&ElfSpec { interpreter, ..ElfSpec::default() })),
            File("/usr/lib64/ld-linux-x86-64.so.2", 0o755, 0, library(&[])),
            File("/usr/lib/x86_64-linux-gnu/libssl.so.3", 0o644, 0, library(&["libcrypto.so.3"])),
            File("/usr/lib/x86_64-linux-gnu/libcrypto.so.3", 0o644, 0, library(&[])),
            File("/usr/lib/x86_64-linux-gnu/libplugin.so.1.0", 0o644, 0, library(&[])),
            File("/usr/lib/x86_64-linux-gnu/libunused.so.1", 0o644, 0, library(&[])),
            File("/usr/share/appd/data", 0o644, 0, b"data".to_vec()),
            File("/usr/share/doc/appd/copyright", 0o644, 0, b"licence".to_vec()),
            File("/usr/share/doc/appd/changelog.gz", 0o644, 0, b"x".to_vec()),
            File("/usr/share/doc/libssl3/copyright", 0o644, 0, b"licence".to_vec()),
            File("/usr/share/zoneinfo/Europe/Rome", 0o644, 0, b"TZif".to_vec()),
            File("/usr/share/man/man1/x.1.gz", 0o644, 0, b"x".to_vec()),
            File("/etc/init.d/appd", 0o755, 0, b"#!/bin/sh\n".to_vec()),
            File("/usr/share/appd/helper.sh", 0o755, 0, b"#!/bin/sh\necho\n".to_vec()),
            File("/srv/app/index.html", 0o666, 0, b"hello".to_vec()),
            File("/var/lib/dpkg/status", 0o644, 0, STATUS.to_vec()),
            File("/var/lib/dpkg/info/appd.list", 0o644, 0, list(&["/.", "/etc/appd", "/etc/appd/appd.conf", "/usr/bin/appd", "/usr/share/appd", "/usr/share/appd/data", "/usr/share/appd/helper.sh", "/usr/share/doc/appd/copyright", "/usr/share/doc/appd/changelog.gz", "/etc/init.d/appd", "/var/lib/appd"])),
            File("/var/lib/dpkg/info/appd.md5sums", 0o644, 0, b"0123456789abcdef0123456789abcdef  usr/bin/appd\n0123456789abcdef0123456789abcdef  usr/share/doc/appd/changelog.gz\n".to_vec()),
            File("/var/lib/dpkg/info/libssl3.list", 0o644, 0, list(&["/lib/x86_64-linux-gnu/libssl.so.3", "/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/share/doc/libssl3/copyright"])),
            File("/var/lib/dpkg/info/dash.list", 0o644, 0, list(&["/bin/dash", "/bin/sh"])),
            File("/var/lib/dpkg/info/unused.list", 0o644, 0, list(&["/usr/bin/unused", "/usr/lib/x86_64-linux-gnu/libunused.so.1"])),
            File("/var/log/old.log", 0o644, 0, b"x".to_vec()),
        ];
        files.extend(more);
        let mut all = vec![
            ("/bin", "usr/bin"),
            ("/lib", "usr/lib"),
            ("/lib64", "usr/lib64"),
            ("/usr/bin/sh", "dash"),
            ("/usr/lib/x86_64-linux-gnu/libplugin.so.1", "libplugin.so.1.0"),
            ("/srv/app/alias", "index.html"),
        ];
        all.extend(links);
        let mut directories = vec![("/var/lib/appd", 0o700, 100)];
        directories.extend(dirs);
        let (tree, contents) = tree(&files, &all, &directories);
        let config = json!({"architecture": "amd64", "os": "linux", "config": config, "rootfs": {"type": "layers", "diff_ids": []}});
        let config = Config::parse(config.to_string().as_bytes()).unwrap();
        Self {
            tree,
            contents: Box::new(contents),
            config,
            runtime: RuntimeRule::default(),
            closure: ClosureRule::default(),
            workloads: Vec::new(),
        }
    }

    fn pod(mut self, container: Value) -> Self {
        let mut container = container;
        container["name"] = json!("main");
        let pod =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}});
        self.workloads.push(workload_from_object(pod, Default::default()).unwrap());
        self
    }

    fn catalog(&self) -> Catalog {
        plimsoll_catalog::catalog(&self.tree, &*self.contents)
    }

    fn plan(&self) -> Plan {
        let catalog = self.catalog();
        plan(&PlanInput {
            image: "test",
            references: &[],
            tree: &self.tree,
            contents: &*self.contents,
            catalog: &catalog,
            config: &self.config,
            runtime: &self.runtime,
            closure: &self.closure,
            workloads: &self.workloads,
        })
        .unwrap()
    }
}

fn line(path: &str) -> ClosureLine {
    ClosureLine { path: path.into(), why: "because".into(), origin: Origin { document: "adr.md".into(), line: 7 } }
}

fn codes(findings: &[&Finding]) -> Vec<&'static str> {
    findings.iter().map(|f| f.code.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn has(plan: &Plan, code: plimsoll_finding::Code) -> bool {
    plan.findings.iter().any(|f| f.code == code)
}

#[test]
fn the_closure_keeps_what_is_reached_and_says_why() {
    let plan = Image::new(json!({"Cmd": ["appd", "--config=/etc/appd/appd.conf"]})).plan();
    assert_eq!(codes(&plan.stops()), Vec::<&str>::new(), "{:?}", plan.stops());
    for (path, rule) in [
        ("/usr/bin/appd", Rule::Seed),
        ("/lib64", Rule::Link),
        ("/usr/lib64/ld-linux-x86-64.so.2", Rule::Elf),
        ("/usr/lib/x86_64-linux-gnu/libssl.so.3", Rule::Elf),
        ("/usr/lib/x86_64-linux-gnu/libcrypto.so.3", Rule::Elf),
        ("/usr/lib/x86_64-linux-gnu/libplugin.so.1.0", Rule::Dlopen),
        ("/usr/share/appd/data", Rule::Unit),
        ("/etc/appd/conf.d/a.conf", Rule::Unit),
        ("/opt/extra/module.so", Rule::Configuration),
        ("/usr/share/zoneinfo/Europe/Rome", Rule::Data),
        ("/srv/app/index.html", Rule::Application),
        ("/usr/share/doc/libssl3/copyright", Rule::Licence),
        ("/var/lib/dpkg/status.d/appd", Rule::Metadata),
    ] {
        assert_eq!(plan.kept.get(path).map(|k| k.rule), Some(rule), "{path}");
    }
    for (path, class) in [
        ("/usr/bin/dash", Class::Shell),
        ("/usr/bin/curl", Class::NetworkTool),
        ("/usr/bin/unused", Class::Unreached),
        ("/usr/lib/x86_64-linux-gnu/libunused.so.1", Class::Unreached),
        ("/usr/share/doc/appd/changelog.gz", Class::Documentation),
        ("/etc/init.d/appd", Class::HostIntegration),
        ("/usr/share/appd/helper.sh", Class::DeadScript),
        ("/etc/shadow", Class::Identity),
        ("/var/lib/dpkg/status", Class::SystemState),
        ("/var/log/old.log", Class::Leftover),
    ] {
        assert_eq!(plan.dropped.get(path).map(|d| d.class), Some(class), "{path}");
    }
    assert!(has(&plan, h::LIBRARY_MISSING) && has(&plan, h::ROOT_USER) && has(&plan, h::SETUID_FILES));
    assert_eq!(plan.kept["/srv/app/index.html"].mode, 0o664, "nobody else writes it");
    let conf = &plan.kept["/etc/appd/appd.conf"];
    assert_eq!((conf.mode, conf.uid, conf.gid), (0o640, 0, 65532), "a service user's file changes hands");
    let writable: Vec<&str> = plan.writable.iter().map(|w| w.path.as_str()).collect();
    assert_eq!(writable, ["/run", "/tmp", "/var/lib/appd"]);
    assert_eq!((plan.stats.packages_before, plan.stats.packages_after), (4, 2));
    assert_eq!((plan.stats.setuid_before, plan.stats.setuid_after, plan.stats.shells_after), (1, 0, 0));
    let sums = String::from_utf8(plan.written["/var/lib/dpkg/status.d/appd.md5sums"].bytes.clone()).unwrap();
    assert_eq!(sums, "0123456789abcdef0123456789abcdef  usr/bin/appd\n");
    let stanza = String::from_utf8(plan.written["/var/lib/dpkg/status.d/appd"].bytes.clone()).unwrap();
    assert!(stanza.starts_with("Package: appd\n") && stanza.ends_with(" b\n\n"), "{stanza:?}");
    assert_eq!(plan.config["config"]["User"], "65532:65532");
    assert!(plan.application.contains("/srv/app/alias") && !plan.application.contains("/usr/bin/appd"));
}

#[test]
fn the_result_is_the_same_twice_and_is_hardened_already() {
    let image = Image::new(json!({"Cmd": ["appd"], "Volumes": {"/data": {}}, "WorkingDir": "/work"}));
    let plan = image.plan();
    let base = Digest::sha256(b"base");
    let source = Source { digest: &base, name: Some("example.org/app") };
    let epoch = jiff::Timestamp::from_second(1_000).unwrap();
    let (mut one, mut two) = (Vec::new(), Vec::new());
    let first = apply(&plan, &image.tree, &*image.contents, &source, epoch, &mut one, &mut two).unwrap();
    let again =
        apply(&image.plan(), &image.tree, &*image.contents, &source, epoch, std::io::sink(), std::io::sink()).unwrap();
    assert_eq!((&first.manifest, &first.config), (&again.manifest, &again.config));
    assert_eq!(first.annotations["org.opencontainers.image.base.digest"], base.to_string());
    assert_eq!(Digest::sha256(&one), first.layers[0].1.descriptor.digest);
    let config = Config::parse(&first.config).unwrap();
    assert_eq!(
        (config.container.user.as_str(), config.diff_ids.len(), config.container.volumes.len()),
        ("65532:65532", 2, 0)
    );
    assert_eq!(config.created.as_deref(), Some("1970-01-01T00:16:40Z"));

    let mut contents = plimsoll_tree::MemoryContents::new(|_: &str, _| true);
    let mut builder = plimsoll_tree::Builder::default();
    for (i, blob) in [&one, &two].into_iter().enumerate() {
        let tar = plimsoll_layer::decompress(blob.as_slice(), &plimsoll_layer::Limits::default()).unwrap();
        builder.layer(i as u32, tar, &mut contents).unwrap();
    }
    let tree = builder.finish();
    assert!(
        tree.get("/work").is_some() && tree.get("/data").is_some(),
        "working directory and volume are there to mount on"
    );
    let catalog = plimsoll_catalog::catalog(&tree, &contents);
    let names: Vec<&str> = catalog.packages.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["appd", "libssl3"], "scanners still see what is left");
    let hardened = Image {
        tree,
        contents: Box::new(contents),
        config,
        runtime: image.runtime,
        closure: image.closure,
        workloads: Vec::new(),
    };
    let second = hardened.plan();
    assert!(!has(&second, h::ROOT_USER) && !has(&second, h::SETUID_FILES) && !has(&second, h::SHELL_PRESENT));
    assert!(has(&second, h::SMALL_SAVING), "nothing is left to gain: {:?}", second.dropped);
    assert!(second.config_changes.is_empty(), "{:?}", second.config_changes);
    // Ownership of links and configuration is not in a package's sums, so the layers may be cut elsewhere; the files may not.
    let shape = |p: &Plan| p.kept.iter().map(|(path, k)| (path.clone(), k.mode, k.uid, k.gid)).collect::<Vec<_>>();
    assert_eq!(shape(&second), shape(&plan), "hardening twice changes nothing");
    for (path, written) in &plan.written {
        assert_eq!(second.written.get(path), Some(written), "{path}");
    }
}

#[test]
fn a_shell_line_is_rewritten_or_stops() {
    let plan = Image::new(json!({"Entrypoint": ["/bin/sh", "-c", "exec appd --config /etc/appd/appd.conf"]})).plan();
    assert!(plan.stops().is_empty(), "{:?}", plan.stops());
    assert_eq!(plan.argv, ["appd", "--config", "/etc/appd/appd.conf"]);
    assert_eq!(plan.config["config"]["Entrypoint"], json!(["appd", "--config", "/etc/appd/appd.conf"]));
    let needs = json!({"Entrypoint": ["/bin/sh", "-c", "appd && sleep 1"]});
    let stopped = Image::new(needs.clone());
    let plan = stopped.plan();
    assert_eq!(codes(&plan.stops()), ["PL-H005"]);
    let base = Digest::sha256(b"");
    let source = Source { digest: &base, name: None };
    let refused = apply(
        &plan,
        &stopped.tree,
        &*stopped.contents,
        &source,
        jiff::Timestamp::UNIX_EPOCH,
        std::io::sink(),
        std::io::sink(),
    );
    assert!(matches!(refused, Err(plimsoll_harden::HardenError::Stopped(_))));
    let mut kept = Image::new(needs);
    kept.runtime.keep_shell = true;
    let plan = kept.plan();
    assert!(plan.stops().is_empty() && plan.kept.contains_key("/usr/bin/dash"), "{:?}", plan.stops());
}

#[test]
fn an_entry_script_stops_unless_a_manifest_starts_something_else() {
    let script = || vec![File("/entry.sh", 0o755, 0, b"#!/bin/sh\nexec appd\n".to_vec())];
    let entry = || Image::with(json!({"Entrypoint": ["/entry.sh"]}), script(), &[], &[]);
    assert_eq!(codes(&entry().plan().stops()), ["PL-H005"]);
    let plan = entry().pod(json!({"command": ["/usr/bin/appd"]})).plan();
    assert!(plan.stops().is_empty() && has(&plan, h::ENTRY_NEEDS_SHELL), "{:?}", plan.findings);
    let mut kept = entry();
    kept.runtime.keep_shell = true;
    let plan = kept.plan();
    assert!(
        plan.kept.contains_key("/usr/bin/dash") && plan.kept.contains_key("/usr/bin/appd") && plan.stops().is_empty()
    );
}

#[test]
fn manifests_are_seeds() {
    let image = Image::new(json!({"Cmd": ["appd"]})).pod(json!({
        "livenessProbe": {"exec": {"command": ["/usr/bin/unused", "x"]}},
        "readinessProbe": {"exec": {"command": ["sh", "-c", "unused --ready"]}},
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 5; kill 1"]}}},
        "startupProbe": {"exec": {"command": ["absent"]}},
    }));
    let plan = image.plan();
    assert_eq!(plan.kept["/usr/bin/unused"].mode, 0o755, "kept for the probe, without its setuid bit");
    assert!(has(&plan, m::EXEC_REWRITTEN) && has(&plan, m::EXEC_NEEDS_SHELL) && has(&plan, m::COMMAND_NOT_FOUND));
    let plan = Image::new(json!({"Cmd": ["curl", "x"]})).plan();
    assert_eq!(codes(&plan.stops()), ["PL-H013"]);
    assert_eq!(codes(&Image::new(json!({"Cmd": ["nothing"]})).plan().stops()), ["PL-H009"]);
    assert_eq!(codes(&Image::new(json!({})).plan().stops()), ["PL-H009"]);
}

#[test]
fn keys_and_closed_files_stop() {
    let key = b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n".to_vec();
    let with =
        || Image::with(json!({"Cmd": ["appd"]}), vec![File("/srv/app/tls.key", 0o644, 0, key.clone())], &[], &[]);
    let plan = with().plan();
    assert_eq!(codes(&plan.stops()), ["PL-H006"]);
    assert!(!plan.kept.contains_key("/srv/app/tls.key"));
    let mut dropped = with();
    dropped.closure.drop.push(line("/srv/app/*.key"));
    assert!(dropped.plan().stops().is_empty());
    let mut kept = with();
    kept.closure.keep.push(line("/srv/app/tls.key"));
    let plan = kept.plan();
    assert!(plan.stops().is_empty() && plan.kept["/srv/app/tls.key"].rule == Rule::Decided);
    let library = elf(&ElfSpec::default());
    let closed = Image::with(json!({"Cmd": ["/srv/tool"]}), vec![File("/srv/tool", 0o700, 0, library)], &[], &[]);
    assert_eq!(codes(&closed.plan().stops()), ["PL-H020"]);
}

#[test]
fn decided_lines_are_obeyed_refused_or_called_unused() {
    let mut image = Image::new(json!({"Cmd": ["appd"]}));
    image.closure.keep.push(line("/usr/bin/curl"));
    image.closure.keep.push(line("/nowhere/**"));
    image.closure.drop.push(line("/srv/app/alias"));
    let plan = image.plan();
    assert_eq!(plan.kept["/usr/bin/curl"].via, "adr.md:7 (because)");
    assert_eq!(plan.dropped["/srv/app/alias"].class, Class::Decided);
    assert!(has(&plan, h::KEEP_UNUSED) && plan.stops().is_empty());
    image.closure.drop.push(line("/usr/lib/**/libssl.so.3"));
    assert_eq!(codes(&image.plan().stops()), ["PL-H014"]);
}

#[test]
fn logs_to_the_standard_streams_stay_and_filled_directories_are_not_hidden() {
    let config = json!({"Cmd": ["appd"], "Volumes": {"/data": {}}});
    let image = Image::with(
        config,
        vec![File("/data/seed.db", 0o644, 0, b"x".to_vec())],
        &[("/var/log/appd/access.log", "/dev/stdout")],
        &[],
    );
    let plan = image.plan();
    assert!(plan.kept.contains_key("/var/log/appd/access.log"));
    assert!(!plan.writable.iter().any(|w| w.path == "/var/log/appd" || w.path == "/data"));
    assert_eq!(codes(&plan.stops()), ["PL-H011"]);
}

#[test]
fn hard_links_stay_one_file_and_links_out_of_the_root_lead_nowhere() {
    let image = Image::with(
        json!({"Cmd": ["appd"]}),
        Vec::new(),
        &[("/srv/app/loop", "loop"), ("/srv/app/out", "../../../../../etc/shadow")],
        &[],
    );
    let plan = image.plan();
    assert!(plan.kept.contains_key("/srv/app/loop"), "a link that leads nowhere is kept as it is");
    assert!(
        !plan.kept.contains_key("/srv/app/out") && !plan.kept.contains_key("/etc/shadow"),
        "one to a denied file goes with it"
    );
}
