//! Runs of this machine's own programs, where a runtime is installed; extraction; what is no proof.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail by panicking and says what it skipped"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use plimsoll_layer::{Entry, EntryKind, TarWriter};
use plimsoll_sandbox::{ExtractError, Mount, Outcome, Probe, Run, RunError, detect, extract, run};
use plimsoll_tree::{Builder, MemoryContents, Tree};

fn host(argv: &[&str], probe: Probe) -> Run<'static> {
    Run {
        root: Path::new("/"),
        argv: argv.iter().map(|a| (*a).to_owned()).collect(),
        env: vec!["PATH=/usr/bin:/bin".to_owned(), "A=b c".to_owned()],
        working_dir: String::new(),
        uid: 65532,
        gid: 65532,
        writable: vec![Mount { path: "/tmp".to_owned(), mode: 0o777 }],
        binds: Vec::new(),
        network: probe.needs_network(),
        unprivileged_port_start: None,
        probe,
        deadline: Duration::from_secs(5),
    }
}

/// The outcome, or `None` where this machine has no usable runtime.
fn outcome(what: &Run<'_>) -> Option<Outcome> {
    let runtime = detect(&std::env::var("PATH").unwrap_or_default());
    match run(runtime.as_ref(), what).unwrap() {
        Outcome::Unverified { why } => {
            eprintln!("skipped: {why}");
            None
        }
        other => Some(other),
    }
}

#[test]
fn without_a_runtime_nothing_is_proven() {
    let outcome = run(None, &host(&["true"], Probe::ExitsZero)).unwrap();
    assert!(matches!(outcome, Outcome::Unverified { .. }), "{outcome:?}");
    let mut alone = host(&["true"], Probe::Http { port: 1, path: "/".to_owned() });
    alone.network = false;
    let runtime = plimsoll_sandbox::Runtime {
        kind: plimsoll_sandbox::RuntimeKind::Bubblewrap,
        path: "/nonexistent/bwrap".into(),
        version: String::new(),
    };
    assert!(matches!(run(Some(&runtime), &alone), Err(RunError::ProbeNeedsNetwork)));
    let gone = run(Some(&runtime), &host(&["true"], Probe::ExitsZero)).unwrap();
    assert!(matches!(gone, Outcome::Unverified { .. }), "{gone:?}");
}

#[test]
fn what_is_asked_for_is_measured() {
    let script = "test \"$A\" = 'b c' && test $(id -u) = 65532 && touch /tmp/x && ! touch /x 2>/dev/null && sleep 60";
    let Some(found) = outcome(&host(&["sh", "-c", script], Probe::StaysUp(Duration::from_millis(400)))) else { return };
    let Outcome::Proven { evidence } = &found else { panic!("{found:?}") };
    assert!(
        evidence.iter().any(|e| e.contains("uid 65532, gid 65532, CapEff 0, NoNewPrivs 1, / read-only")),
        "{evidence:?}"
    );
}

#[test]
fn an_early_end_is_a_failure_with_its_words() {
    let probe = Probe::StaysUp(Duration::from_secs(1));
    let Some(found) = outcome(&host(&["sh", "-c", "echo because >&2; exit 3"], probe)) else { return };
    assert!(
        matches!(&found, Outcome::Failed { stderr, why } if stderr.contains("because") && why.contains('3')),
        "{found:?}"
    );
    let Some(found) = outcome(&host(&["/no/such/program"], Probe::ExitsZero)) else { return };
    assert!(matches!(found, Outcome::Failed { .. }), "the program is the image's fault: {found:?}");
}

#[test]
fn the_deadline_holds() {
    let mut what = host(&["sleep", "60"], Probe::Listens(9));
    what.deadline = Duration::from_millis(500);
    let start = std::time::Instant::now();
    let Some(found) = outcome(&what) else { return };
    assert!(matches!(found, Outcome::Failed { .. }) && start.elapsed() < Duration::from_secs(10), "{found:?}");
}

fn tree(entries: &[Entry]) -> (Tree, impl plimsoll_tree::Contents + use<>) {
    let mut tar = TarWriter::new(Vec::new());
    for entry in entries {
        tar.append(entry, &mut std::io::repeat(b'x')).unwrap();
    }
    let tar = tar.finish().unwrap();
    let mut contents = MemoryContents::new(|_: &str, _: u64| true);
    let mut builder = Builder::default();
    builder.layer(0, tar.as_slice(), &mut contents).unwrap();
    (builder.finish(), contents)
}

#[test]
fn extraction_follows_no_link_and_gives_each_file_the_users_own_rights() {
    let file =
        |path: &str, mode: u32, uid: u32, gid: u32| Entry { uid, gid, ..Entry::new(path, EntryKind::File, mode, 3) };
    let link = |path: &str, target: &str| Entry::new(path, EntryKind::Symlink { target: target.to_owned() }, 0o777, 0);
    let (tree, contents) = tree(&[
        Entry::new("/d", EntryKind::Directory, 0o555, 0),
        file("/d/public", 0o4644, 0, 0),
        file("/d/closed", 0o600, 0, 0),
        file("/d/group", 0o640, 0, 65532),
        link("/out", "/etc"),
        link("/d/abs", "/d/public"),
        Entry::new("/dev", EntryKind::Directory, 0o755, 0),
        Entry::new("/dev/null", EntryKind::Character { major: 1, minor: 3 }, 0o666, 0),
    ]);
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("root");
    extract(&tree, &contents, &root, 65532, 65532).unwrap();
    let mode = |path: &str| fs::symlink_metadata(root.join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("d/public"), mode("d/closed"), mode("d/group"), mode("d")), (0o444, 0, 0o444, 0o555));
    assert_eq!(fs::read_link(root.join("out")).unwrap(), Path::new("/etc"));
    assert!(!root.join("dev/null").exists(), "no device is made");
    assert!(matches!(extract(&tree, &contents, &root, 0, 0), Err(ExtractError::NotEmpty(_))));
    fs::set_permissions(root.join("d"), fs::Permissions::from_mode(0o755)).unwrap();
}
