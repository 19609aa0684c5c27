//! Python's lock files.

use super::*;

fn facts(name: &str, text: &[u8]) -> Facts {
    let mut out = Facts::default();
    let path = format!("/src/{name}");
    read(&File { path: &path, root: "/src", which: 0, bytes: text }, &mut out);
    out
}

fn purls(facts: &Facts) -> Vec<&str> {
    facts.records.iter().map(|r| r.purl.as_str()).collect()
}

#[test]
fn requirements_that_pin() {
    let text = "# c\n-r other.txt\n--index-url https://x.org\nPyYAML==6.0.1 # why\nfoo[a,b]==1.0 ; python_version < '3'\n\
        bar>=2\nbaz==1.*\nqux (==3.1)\nlong==1 \\\n    --hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
        two==2,!=3\n-e git+https://x.org/a@1#egg=a\nlocal==1.0+cpu\n===\n";
    let expected = [
        "pkg:pypi/pyyaml@6.0.1",
        "pkg:pypi/foo@1.0",
        "pkg:pypi/qux@3.1",
        "pkg:pypi/long@1",
        "pkg:pypi/local@1.0%2Bcpu",
    ];
    let read = facts("requirements.txt", text.as_bytes());
    assert_eq!(purls(&read), expected);
    assert_eq!(read.records[3].hashes.len(), 1);
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain("a==1\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(purls(&facts("requirements.txt", &wide)), ["pkg:pypi/a@1"]);
}

#[test]
fn a_lock_of_pipenv() {
    let text = br#"{"_meta": {"hash": {}}, "default": {"certifi": {"hashes": ["sha256:1"], "version": "==2024.2.2"},
        "mine": {"editable": true, "path": "."}, "vc": {"git": "https://x.org/vc.git", "ref": "0f"}},
        "develop": {"pytest": {"version": "==8.0.0"}}}"#;
    let read = facts("Pipfile.lock", text);
    assert_eq!(
        purls(&read),
        [
            "pkg:pypi/certifi@2024.2.2",
            "pkg:pypi/vc?vcs_url=git%2Bhttps:%2F%2Fx.org%2Fvc.git%400f",
            "pkg:pypi/pytest@8.0.0"
        ]
    );
    assert_eq!(read.records[2].properties, [("python:group".to_owned(), "develop".to_owned())]);
    assert_eq!(facts("Pipfile.lock", b"{").troubles.len(), 1);
}

#[test]
fn locks_in_tables() {
    let poetry = br#"
[[package]]
name = "Requests"
version = "2.31.0"
optional = false
files = [{file = "requests-2.31.0.tar.gz", hash = "sha256:0"}]
[package.dependencies]
certifi = ">=2017.4.17"
PySocks = {version = ">=1.5.6", optional = true}
[[package]]
name = "vc"
version = "1"
[package.source]
type = "git"
url = "https://x.org/vc"
reference = "main"
resolved_reference = "0f"
[metadata]
lock-version = "2.0"
"#;
    let read = facts("poetry.lock", poetry);
    assert_eq!(purls(&read), ["pkg:pypi/requests@2.31.0", "pkg:pypi/vc@1?vcs_url=git%2Bhttps:%2F%2Fx.org%2Fvc%400f"]);
    let wants: std::collections::BTreeSet<&str> = read.records[0].wants.iter().flatten().map(String::as_str).collect();
    assert!(wants.iter().eq(["certifi", "pysocks"].iter()));

    let uv = br#"
version = 1
[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "anyio" }]
[[package]]
name = "anyio"
version = "4.3.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [
    { name = "idna" },
    { name = "exceptiongroup", marker = "python_full_version < '3.11'" },
]
wheels = [{ url = "https://x.org/a.whl", hash = "sha256:0" }]
[[package]]
name = "vc"
version = "1"
source = { git = "https://x.org/vc?rev=main#0f" }
"#;
    let read = facts("uv.lock", uv);
    assert_eq!(purls(&read), ["pkg:pypi/anyio@4.3.0", "pkg:pypi/vc@1?vcs_url=git%2Bhttps:%2F%2Fx.org%2Fvc%400f"]);
    assert_eq!(read.records[0].wants, [["idna".to_owned()].to_vec(), ["exceptiongroup".to_owned()].to_vec()]);

    let pdm = b"[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"B_c>=1; x\"]\n";
    assert_eq!(facts("pdm.lock", pdm).records[0].wants, [["b-c".to_owned()].to_vec()]);
    let pylock = b"lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nvcs = {type = \"git\", url = \"https://x.org/a\", commit-id = \"0f\"}\n";
    assert_eq!(purls(&facts("pylock.toml", pylock)), ["pkg:pypi/a@1?vcs_url=git%2Bhttps:%2F%2Fx.org%2Fa%400f"]);
    for end in 0..poetry.len() {
        facts("poetry.lock", &poetry[..end]);
    }
    assert_eq!(facts("poetry.lock", b"[[package]]\nname = 1\n").troubles.len(), 1);
    let deep = format!("a = {}", "[".repeat(100_000));
    assert_eq!(facts("poetry.lock", deep.as_bytes()).troubles.len(), 1);
}
