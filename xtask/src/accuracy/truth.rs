//! The truth that `images-sbom` recorded, in the words that findings are compared in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Set, normal, text, words};

/// The folder with an image's truth.
pub(super) struct Truth<'p>(&'p Path);

impl<'p> Truth<'p> {
    pub(super) fn new(folder: &'p Path) -> Self {
        Self(folder)
    }

    /// The lines of a file; none where the image has nothing of the kind.
    fn lines(&self, name: &str) -> Result<Vec<String>> {
        let path = self.0.join(name);
        if !path.is_file() {
            return Ok(Vec::new());
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    pub(super) fn tsv(&self, name: &str, row: impl Fn(&[&str]) -> Option<String>) -> Result<Set> {
        Ok(self.lines(name)?.iter().filter_map(|l| row(&l.split('\t').collect::<Vec<_>>())).collect())
    }

    /// The files of a folder, each with the path in the image that its name stands for.
    fn folder(&self, name: &str) -> Result<Vec<(String, Value)>> {
        let Ok(dir) = std::fs::read_dir(self.0.join(name)) else { return Ok(Vec::new()) };
        let mut out = Vec::new();
        for entry in dir {
            let path: PathBuf = entry?.path();
            let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
            let json = serde_json::from_slice(&std::fs::read(&path)?).with_context(|| format!("{}", path.display()))?;
            out.push((format!("/{}", stem.replace('+', "/")), json));
        }
        Ok(out)
    }

    pub(super) fn debs(&self) -> Result<Set> {
        self.tsv("debs.tsv", |f| f.last()?.starts_with("ii").then(|| words(f.get(..3).unwrap_or_default())))
    }

    pub(super) fn python(&self) -> Result<Set> {
        let mut out = Set::new();
        for (site, list) in self.folder("pip")? {
            let list = list.as_array().into_iter().flatten();
            out.extend(list.map(|p| format!("{site} {} {}", normal(text(p, "name")), text(p, "version"))));
        }
        Ok(out)
    }

    /// The JARs that Debian's repository leads to, and what it calls each.
    pub(super) fn debian_jars(&self) -> Result<(Set, BTreeMap<String, Set>)> {
        let mut names: BTreeMap<String, Set> = BTreeMap::new();
        for line in self.lines("maven-repo.tsv")? {
            let fields: Vec<&str> = line.split('\t').collect();
            let [group, artifact, _, _, jar] = fields.as_slice() else { continue };
            names.entry((*jar).to_owned()).or_default().insert(format!("{group}:{artifact}"));
        }
        Ok((names.keys().cloned().collect(), names))
    }

    pub(super) fn jars(&self, kind: &str) -> Result<Set> {
        // A pom without a group has it from a parent that is not there.
        self.tsv("jars.tsv", |f| match f {
            [jar, k, what] if *k == kind && !what.starts_with(':') => Some(format!("{jar} {what}")),
            _ => None,
        })
    }

    pub(super) fn maven(&self) -> Result<Set> {
        let mut out = Set::new();
        for line in [self.lines("mvn/app.txt")?, self.lines("mvn/lib.txt")?].concat() {
            let fields: Vec<&str> = line.split_whitespace().next().unwrap_or_default().split(':').collect();
            if let [group, artifact, "jar", .., version, _] = fields.as_slice() {
                out.insert(format!("{group}:{artifact}:{version}"));
            }
        }
        Ok(out)
    }

    pub(super) fn gems(&self) -> Result<Set> {
        let mut out = Set::new();
        for line in self.lines("gems.txt")? {
            let Some((name, versions)) = line.split_once(" (") else { continue };
            for version in versions.trim_end_matches(')').split(", ") {
                let version = version.trim_start_matches("default: ").split(' ').next().unwrap_or_default();
                out.insert(format!("{name} {version}"));
            }
        }
        Ok(out)
    }

    pub(super) fn go(&self) -> Result<Set> {
        let (mut out, mut program, mut last) = (Set::new(), String::new(), String::new());
        for line in self.lines("go.txt")? {
            let fields: Vec<&str> = line.split('\t').collect();
            match fields.as_slice() {
                [head] => {
                    let (path, version) = head.rsplit_once(": go").unwrap_or((head, ""));
                    program = format!("/{path}");
                    out.insert(format!("{program} stdlib {version}"));
                }
                ["", "mod" | "dep", module, version, ..] => {
                    last = format!("{program} {module} {version}");
                    out.insert(last.clone());
                }
                ["", "=>", module, version, ..] => {
                    out.remove(&last);
                    out.insert(format!("{program} {module} {version}"));
                }
                _ => {}
            }
        }
        Ok(out)
    }

    /// Crates that are in a program; those that only its build needed are not.
    pub(super) fn rust(&self) -> Result<Set> {
        let mut out = Set::new();
        for (program, list) in self.folder("rust")? {
            let linked = list["packages"].as_array().into_iter().flatten().filter(|p| p["kind"] != "build");
            out.extend(linked.map(|p| format!("{program} {} {}", text(p, "name"), text(p, "version"))));
        }
        Ok(out)
    }
}
