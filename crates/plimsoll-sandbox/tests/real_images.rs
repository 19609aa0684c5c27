//! Real root file systems hardened and started. `PLIMSOLL_ROOTFS_DIR` holds `nginx-light.tar` and `redis-server.tar`, as
//! `mmdebstrap --variant=minbase --include=PACKAGE bookworm PACKAGE.tar` writes them; without it the tests are skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail by panicking and says what it saw"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_harden::{Hardened, Plan, PlanInput, Source};
use plimsoll_intent::{ClosureRule, RuntimeRule};
use plimsoll_layer::{Limits, decompress};
use plimsoll_oci::{Config, Digest};
use plimsoll_sandbox::{Bind, Mount, Outcome, Probe, Run, RuntimeKind, detect, extract, find, run};
use plimsoll_tree::{Builder, MemoryContents, Tree};

type Held = MemoryContents<fn(&str, u64) -> bool>;

fn rootfs(name: &str) -> Option<PathBuf> {
    let Some(dir) = std::env::var_os("PLIMSOLL_ROOTFS_DIR") else {
        eprintln!("skipped: PLIMSOLL_ROOTFS_DIR is not set");
        return None;
    };
    Some(Path::new(&dir).join(name))
}

fn held() -> Held {
    MemoryContents::new((|_, _| true) as fn(&str, u64) -> bool)
}

struct Done {
    plan: Plan,
    hardened: Hardened,
    tree: Tree,
    contents: Held,
}

fn harden(tar: &Path, cmd: &[&str]) -> Done {
    let mut contents = held();
    let mut builder = Builder::default();
    builder.layer(0, File::open(tar).unwrap(), &mut contents).unwrap();
    harden_tree(builder.finish(), contents, cmd)
}

fn harden_tree(tree: Tree, contents: Held, cmd: &[&str]) -> Done {
    let catalog = plimsoll_catalog::catalog(&tree, &contents);
    assert!(catalog.packages.len() > 10, "{:?}", catalog.problems);
    let config = serde_json::json!({"architecture": "amd64", "os": "linux", "config": {"Cmd": cmd}, "rootfs": {"type": "layers", "diff_ids": []}});
    let config = Config::parse(config.to_string().as_bytes()).unwrap();
    let input = PlanInput {
        image: "test",
        references: &[],
        tree: &tree,
        contents: &contents,
        catalog: &catalog,
        config: &config,
        runtime: &RuntimeRule::default(),
        closure: &ClosureRule::default(),
        workloads: &[],
    };
    let plan = plimsoll_harden::plan(&input).unwrap();
    if std::env::var_os("PLIMSOLL_SHOW_PLAN").is_some() {
        for (path, kept) in &plan.kept {
            eprintln!("{:4} {:o} {}:{} {path}  <- {}", kept.rule.id(), kept.mode, kept.uid, kept.gid, kept.via);
        }
        for f in &plan.findings {
            eprintln!("{} {} {} {:?}", f.code, f.level.name(), f.message, f.evidence);
        }
        eprintln!("{:#?} {:#?} {:#?} {:#?}", plan.writable, plan.config_changes, plan.undecided, plan.summary());
        for p in plan.packages.iter().filter(|p| p.fate != plimsoll_harden::Fate::Removed) {
            eprintln!("{} {} {}/{}", p.name, p.fate.name(), p.files_after, p.files_before);
        }
    }
    assert!(plan.stops().is_empty(), "{:?}", plan.stops());
    let base = Digest::sha256(b"base");
    let source = Source { digest: &base, name: None };
    let epoch = jiff::Timestamp::from_second(1_700_000_000).unwrap();
    let (mut runtime, mut application) = (Vec::new(), Vec::new());
    let hardened =
        plimsoll_harden::apply(&plan, &tree, &contents, &source, epoch, &mut runtime, &mut application).unwrap();
    let again =
        plimsoll_harden::apply(&plan, &tree, &contents, &source, epoch, std::io::sink(), std::io::sink()).unwrap();
    assert_eq!(hardened.digest, again.digest, "equal inputs give equal images");
    let mut contents = held();
    let mut builder = Builder::default();
    for (i, blob) in [&runtime, &application].into_iter().take(hardened.layers.len()).enumerate() {
        let limits = Limits::default();
        builder.layer(i as u32, decompress(blob.as_slice(), &limits).unwrap(), &mut contents).unwrap();
    }
    eprintln!(
        "{cmd:?}: {:?}, layers {:?}",
        plan.stats,
        hardened.layers.iter().map(|(k, b)| (*k, b.size, b.descriptor.size)).collect::<Vec<_>>()
    );
    Done { plan, hardened, tree: builder.finish(), contents }
}

fn check(done: &Done) {
    let config = Config::parse(&done.hardened.config).unwrap();
    assert_eq!(config.container.user, "65532:65532");
    assert_eq!(config.diff_ids.len(), done.hardened.layers.len());
    let files = plimsoll_harden::inspect(&done.tree, &done.contents, &config, &Default::default()).unwrap().files;
    assert_eq!((files.shells, files.package_managers, files.setuid), (vec![], vec![], vec![]));
    assert!(files.world_writable.is_empty(), "{:?}", files.world_writable);
    let catalog = plimsoll_catalog::catalog(&done.tree, &done.contents);
    assert_eq!(catalog.packages.len(), done.plan.stats.packages_after, "{:?}", catalog.problems);
    assert!(catalog.distro.is_some(), "the distribution is still known");
}

fn started(done: &Done, argv: &[&str], probe: Probe, binds: Vec<(&str, &str)>) -> Outcome {
    started_by(None, done, argv, probe, binds)
}

fn started_by(
    kind: Option<RuntimeKind>,
    done: &Done,
    argv: &[&str],
    probe: Probe,
    binds: Vec<(&str, &str)>,
) -> Outcome {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("root");
    extract(&done.tree, &done.contents, &root, 65532, 65532).unwrap();
    let binds = binds
        .into_iter()
        .enumerate()
        .map(|(i, (inside, text))| {
            let host = scratch.path().join(format!("bind{i}"));
            File::create(&host).unwrap().write_all(text.as_bytes()).unwrap();
            Bind { host, inside: inside.to_owned() }
        })
        .collect();
    let search = std::env::var("PATH").unwrap();
    let runtime = kind.map_or_else(|| detect(&search), |k| find(k, &search));
    let what = Run {
        root: &root,
        argv: argv.iter().map(|a| (*a).to_owned()).collect(),
        env: vec!["PATH=/usr/sbin:/usr/bin".to_owned()],
        working_dir: String::new(),
        uid: 65532,
        gid: 65532,
        writable: done.plan.writable.iter().map(|w| Mount { path: w.path.clone(), mode: 0o777 }).collect(),
        binds,
        network: probe.needs_network(),
        // What the pod's sysctl says; only asked of runc.
        unprivileged_port_start: (kind.is_some() && probe == Probe::Listens(80)).then_some(0),
        probe,
        deadline: Duration::from_secs(10),
    };
    run(runtime.as_ref(), &what).unwrap()
}

fn proven(outcome: &Outcome) {
    match outcome {
        Outcome::Proven { evidence } => eprintln!("{evidence:#?}"),
        Outcome::Unverified { why } if why.contains("installed") => eprintln!("skipped: {why}"),
        other => panic!("{other:#?}"),
    }
}

/// runc runs as root only; elsewhere its opinion is missing, which is no failure of the image.
fn second_opinion(outcome: &Outcome) {
    match outcome {
        Outcome::Failed { .. } => panic!("{outcome:#?}"),
        other => eprintln!("{other:#?}"),
    }
}

#[test]
fn nginx_answers_http() {
    let Some(tar) = rootfs("nginx-light.tar") else { return };
    let argv = ["nginx", "-g", "daemon off;"];
    let done = harden(&tar, &argv);
    check(&done);
    assert!(
        done.plan.kept.contains_key("/usr/lib/nginx/modules/ngx_http_echo_module.so"),
        "load_module through a link"
    );
    assert!(done.plan.kept.contains_key("/var/www/html/index.nginx-debian.html"));
    let low = |f: &&plimsoll_finding::Finding| f.code == plimsoll_finding::manifest::PRIVILEGED_PORT;
    assert!(
        done.plan.findings.iter().find(low).is_some_and(|f| f.message.contains("port 80")),
        "the port is named beforehand"
    );
    let writable: BTreeMap<&str, &str> = done.plan.writable.iter().map(|w| (w.path.as_str(), w.why.as_str())).collect();
    for path in ["/tmp", "/run", "/var/log/nginx", "/var/lib/nginx"] {
        assert!(writable.contains_key(path), "{path} in {writable:?}");
    }
    // The image's own configuration, but for the port: binding 80 takes a sysctl of the pod.
    let site = "server { listen 18080; root /var/www/html; index index.nginx-debian.html; location /t { default_type text/html; echo ok; } }\n";
    let bind = vec![("/etc/nginx/sites-available/default", site)];
    proven(&started(&done, &argv, Probe::Http { port: 18080, path: "/".to_owned() }, bind.clone()));
    proven(&started(&done, &argv, Probe::Http { port: 18080, path: "/t".to_owned() }, bind.clone()));
    proven(&started(&done, &argv, Probe::Listens(18080), bind.clone()));
    let http = Probe::Http { port: 18080, path: "/".to_owned() };
    second_opinion(&started_by(Some(RuntimeKind::Runc), &done, &argv, http, bind));
    second_opinion(&started_by(Some(RuntimeKind::Runc), &done, &argv, Probe::Listens(80), Vec::new()));
    // Unchanged, port 80 cannot be bound without a right to it: said, not hidden.
    let outcome = started(&done, &argv, Probe::Listens(80), Vec::new());
    assert!(
        matches!(&outcome, Outcome::Failed { stderr, .. } if stderr.contains("bind() to 0.0.0.0:80 failed"))
            || matches!(outcome, Outcome::Unverified { .. }),
        "{outcome:?}"
    );
}

#[test]
fn redis_answers_ping() {
    let Some(tar) = rootfs("redis-server.tar") else { return };
    let argv = ["redis-server", "--protected-mode", "no", "--port", "16379"];
    let done = harden(&tar, &argv);
    check(&done);
    let probe = Probe::Tcp { port: 16379, send: b"PING\r\n".to_vec(), expect: b"+PONG".to_vec() };
    proven(&started(&done, &argv, probe.clone(), Vec::new()));
    second_opinion(&started_by(Some(RuntimeKind::Runc), &done, &argv, probe, Vec::new()));
    // Its own configuration file belongs to a service user; the runtime user must be able to read it.
    let with_file = ["redis-server", "/etc/redis/redis.conf", "--daemonize", "no", "--port", "16380", "--logfile", ""];
    let done = harden(&tar, &with_file);
    check(&done);
    proven(&started(&done, &with_file, Probe::Listens(16380), Vec::new()));
}

#[test]
fn language_runtimes_stay_whole() {
    let gunicorn = ["gunicorn", "--bind", "127.0.0.1:18090", "wsgiref.simple_server:demo_app"];
    let script = "const z = new Intl.DateTimeFormat('de', {timeZone: 'Europe/Rome'}).format(0); \
        require('http').createServer((q, r) => r.end(z + require('crypto').randomUUID())).listen(18091, '127.0.0.1')";
    let node = ["node", "-e", script];
    for (name, argv, port) in [("gunicorn.tar", gunicorn.as_slice(), 18090), ("nodejs.tar", node.as_slice(), 18091)] {
        let Some(tar) = rootfs(name) else { return };
        if !tar.is_file() {
            eprintln!("skipped: {name} is not there");
            continue;
        }
        let done = harden(&tar, argv);
        check(&done);
        proven(&started(&done, argv, Probe::Http { port, path: "/".to_owned() }, Vec::new()));
    }
}

/// Alpine from the data folder: musl's loader, apk's database, busybox under two hundred names.
#[test]
fn alpine_loses_busybox_and_keeps_its_records() {
    let Some(data) = std::env::var_os("PLIMSOLL_DATA") else {
        eprintln!("skipped: PLIMSOLL_DATA is not set");
        return;
    };
    let archive = File::open(Path::new(&data).join("images/alpine-310.tar.gz")).unwrap();
    let limits = Limits::default();
    let mut reader = plimsoll_layer::TarReader::new(decompress(archive, &limits).unwrap(), &limits);
    let mut contents = held();
    let mut builder = Builder::default();
    while let Some(entry) = reader.next_entry().unwrap() {
        if entry.path.ends_with("/layer.tar") {
            let mut layer = Vec::new();
            std::io::Read::read_to_end(&mut reader, &mut layer).unwrap();
            builder.layer(0, layer.as_slice(), &mut contents).unwrap();
        }
    }
    let done = harden_tree(builder.finish(), contents, &["/usr/bin/scanelf", "--version"]);
    check(&done);
    assert!(done.plan.kept.contains_key("/lib/ld-musl-x86_64.so.1") && done.plan.stats.shells_before > 2);
    proven(&started(&done, &["/usr/bin/scanelf", "--version"], Probe::ExitsZero, Vec::new()));
}
