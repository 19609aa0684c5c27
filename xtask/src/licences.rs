//! Tables of licences for crates and Go modules, whose binaries name them without licences.
//!
//! Both clients resolve throw-away projects that use well-known programs and libraries; every package that comes along
//! gives its licence: crates declare it, modules carry its text. Packages that the tables know already and this run does
//! not meet are kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use plimsoll_catalog::license;
use serde_json::Value;

use crate::run::{cache, find, root, run};

/// Crates whose dependencies are what most programs in Rust consist of.
const CRATES: [&str; 9] = ["actix-web", "axum", "cargo", "nu-command", "polars", "reqwest", "sqlx", "tokenizers", "uv"];

/// The same for Go: packages of programs, and modules.
const MODULES: [&str; 12] = [
    "github.com/anchore/syft/cmd/syft",
    "github.com/aquasecurity/trivy/cmd/trivy",
    "github.com/caddyserver/caddy/v2/cmd/caddy",
    "github.com/containerd/containerd/v2/cmd/containerd",
    "github.com/docker/compose/v2/cmd",
    "github.com/gin-gonic/gin",
    "github.com/prometheus/prometheus/cmd/prometheus",
    "github.com/rclone/rclone",
    "go.etcd.io/etcd/server/v3",
    "helm.sh/helm/v3/cmd/helm",
    "istio.io/istio/pilot/cmd/pilot-discovery",
    "k8s.io/kubectl/pkg/cmd",
];

/// The largest licence file that is read.
const MOST: u64 = 1 << 20;

/// The largest table that goes into the binary.
const LARGEST: usize = 150_000;

type Table = BTreeMap<String, String>;

/// Brings both tables up to date.
pub(crate) fn lane() -> Result<()> {
    let dir = root().join("crates/plimsoll-catalog/src/licenses");
    for (program, file, fill) in
        [("cargo", "cargo.tsv", crates as fn(&mut Table) -> Result<()>), ("go", "go.tsv", modules)]
    {
        if find(program).is_none() {
            println!("skipped: {file}: {program} is not installed");
            continue;
        }
        let path = dir.join(file);
        let mut table = read(&path);
        let before = table.len();
        fill(&mut table)?;
        write(&path, &table)?;
        println!("{file}: {} packages, {before} before", table.len());
    }
    Ok(())
}

fn read(path: &Path) -> Table {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|l| l.split_once('\t')).map(|(n, l)| (n.to_owned(), l.to_owned())).collect()
}

fn write(path: &Path, table: &Table) -> Result<()> {
    let text: String = table.iter().map(|(name, id)| format!("{name}\t{id}\n")).collect();
    if text.len() > LARGEST {
        bail!("{} would have {} bytes, more than {LARGEST}", path.display(), text.len());
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// A folder for one throw-away project.
fn project(kind: &str, name: &str) -> Result<PathBuf> {
    let dir = cache("licences")?.join(kind).join(name.replace('/', "_"));
    std::fs::create_dir_all(dir.join("src"))?;
    Ok(dir)
}

/// Takes what crates declare. Those of this workspace are met too.
fn crates(table: &mut Table) -> Result<()> {
    take_crates(&root(), table)?;
    for name in CRATES {
        let dir = project("crates", name)?;
        let manifest = format!(
            "[package]\nname = \"throwaway\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n[dependencies]\n{name} = \"*\"\n"
        );
        std::fs::write(dir.join("Cargo.toml"), manifest)?;
        std::fs::write(dir.join("src/main.rs"), "fn main() {}\n")?;
        if let Err(error) = take_crates(&dir, table) {
            println!("skipped: {name}: {error:#}");
        }
    }
    Ok(())
}

fn take_crates(dir: &Path, table: &mut Table) -> Result<()> {
    let output = run(Command::new(env!("CARGO")).args(["metadata", "--format-version", "1"]).current_dir(dir))?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        // Only what comes from the registry has a name that means the same everywhere.
        let (Some(name), Some(declared), true) =
            (package["name"].as_str(), package["license"].as_str(), package["source"].is_string())
        else {
            continue;
        };
        // The old way to write a choice.
        let declared = declared.replace('/', " OR ").split_whitespace().collect::<Vec<_>>().join(" ");
        match license::normalise(&declared).filter(|l| license::is_expression(l)) {
            Some(id) => {
                table.insert(name.to_owned(), id);
            }
            None => println!("{name}: {declared:?} is no SPDX expression"),
        }
    }
    Ok(())
}

/// Takes what the texts of modules say.
fn modules(table: &mut Table) -> Result<()> {
    for name in MODULES {
        let dir = project("modules", name)?;
        if !dir.join("go.mod").is_file() {
            std::fs::write(dir.join("go.mod"), "module throwaway\n\ngo 1.25\n")?;
        }
        let newest = format!("{name}@latest");
        let get = |args: &[&str]| run(Command::new("go").arg("get").args(args).arg(&newest).current_dir(&dir));
        if let Err(error) = get(&["-tool"]).or_else(|_| get(&[])) {
            println!("skipped: {name}: {error:#}");
            continue;
        }
        // One module that cannot be had does not spoil the others: each says so itself.
        let output = Command::new("go").args(["mod", "download", "-json"]).current_dir(&dir).output()?;
        for module in serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
            let module = module?;
            let (Some(path), Some(dir)) = (module["Path"].as_str(), module["Dir"].as_str()) else { continue };
            match of_folder(Path::new(dir))? {
                Some(id) => {
                    table.insert(path.to_owned(), id);
                }
                None => println!("{path}: its licence is not known by its text"),
            }
        }
    }
    // The standard library is a module of its own in binaries.
    table.insert("stdlib".to_owned(), "BSD-3-Clause".to_owned());
    Ok(())
}

/// The licence of a folder's files: all texts of `LICENSE` and `COPYING` hold, and of files that are named after
/// licences (`LICENSE-MIT`) any may be chosen.
fn of_folder(dir: &Path) -> Result<Option<String>> {
    let (mut whole, mut named) = (BTreeMap::new(), BTreeMap::new());
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        let Some(rest) = ["license", "licence", "copying", "unlicense"].iter().find_map(|p| name.strip_prefix(p))
        else {
            continue;
        };
        let meta = entry.metadata()?;
        if !meta.is_file() || meta.len() > MOST {
            continue;
        }
        let found = license::text::recognise(&std::fs::read(entry.path())?);
        let found: Vec<&str> = found.into_iter().filter(|id| license::is_expression(id)).collect();
        if found.is_empty() {
            continue;
        }
        let list = if matches!(rest, "" | ".md" | ".txt" | ".rst" | ".code") { &mut whole } else { &mut named };
        list.insert(name, found.join(" AND "));
    }
    let (list, operator) = if whole.is_empty() { (named, " OR ") } else { (whole, " AND ") };
    let mut parts: Vec<String> = list.into_values().collect();
    parts.sort();
    parts.dedup();
    let id = parts.join(operator);
    Ok(license::is_expression(&id).then_some(id))
}
