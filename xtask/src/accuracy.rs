//! Compares what plimsoll finds in the images of `images-sbom` with what their own package managers say is in them.
//!
//! Fails where dpkg, Python's dist-info or npm are not met exactly, where Debian's JARs get fewer than 98 % of their
//! coordinates right, and where anything is listed twice. The rest is printed: some truths hold more than is in the image
//! (`deps.json` names packages that were only needed to compile, Maven lists starters that a fat JAR leaves out).

mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::run::{cache, plimsoll, run};
use crate::sbom_images;
use truth::Truth;

/// Things by what tells them apart, in words.
type Set = BTreeSet<String>;

/// The most things of a kind that are printed.
const MOST: usize = 10;

/// What one package manager says, and what was found of its kind.
struct Row {
    name: &'static str,
    truth: Set,
    found: Set,
    /// Recall and precision below this fail, in percent.
    least: Option<f64>,
}

/// Every image that is made, with its truth.
pub(crate) fn lane() -> Result<()> {
    let (binary, out) = (plimsoll()?, cache("accuracy")?);
    let mut failed = Vec::new();
    for name in sbom_images::NAMES {
        let truth = cache("images")?.join("truth").join(name);
        let Some(layout) = sbom_images::cached(name)?.filter(|_| truth.join("counts.tsv").is_file()) else {
            println!("skipped: {name} is not made (cargo xtask images-sbom {name})");
            continue;
        };
        let path = out.join(format!("{name}.json"));
        let mut command = Command::new(&binary);
        command.args(["sbom", "--no-cache", &format!("oci-dir:{}", layout.display()), "-o"]);
        run(command.arg(format!("plimsoll-json={}", path.display())))?;
        let sbom: Value = serde_json::from_slice(&std::fs::read(&path)?).context("plimsoll wrote no JSON")?;
        let packages = sbom["packages"].as_array().context("the SBOM has no packages")?;
        println!("\n{name}: {} packages", packages.len());
        failed.extend(image(packages, &truth)?.into_iter().map(|what| format!("{name}: {what}")));
    }
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("\n")) }
}

/// Prints every comparison of an image, and gives those that fail.
fn image(packages: &[Value], truth: &Path) -> Result<Vec<String>> {
    let mut failed = Vec::new();
    println!("{:<12}{:>7}{:>7}{:>9}{:>7}{:>10}{:>11}", "", "truth", "found", "missing", "extra", "recall", "precision");
    for row in rows(&Sbom(packages), &Truth::new(truth))? {
        if row.truth.is_empty() && row.found.is_empty() {
            continue;
        }
        let right = row.truth.intersection(&row.found).count();
        let (missing, extra) = (row.truth.len() - right, row.found.len() - right);
        let part = |of: usize| if of == 0 { 100.0 } else { 100.0 * right as f64 / of as f64 };
        let (recall, precision) = (part(row.truth.len()), part(row.found.len()));
        let (truths, founds) = (row.truth.len(), row.found.len());
        println!("{:<12}{truths:>7}{founds:>7}{missing:>9}{extra:>7}{recall:>9.2}%{precision:>10.2}%", row.name);
        print("missing", row.truth.difference(&row.found));
        print("extra", row.found.difference(&row.truth));
        if row.least.is_some_and(|least| recall.min(precision) < least) {
            failed.push(format!("{}: recall {recall:.2} %, precision {precision:.2} %", row.name));
        }
    }
    let twice = twice(&Sbom(packages));
    println!("listed twice: {}", twice.len());
    print("twice", twice.iter());
    if !twice.is_empty() {
        failed.push(format!("{} are listed twice", twice.len()));
    }
    Ok(failed)
}

fn print<'s>(what: &str, things: impl Iterator<Item = &'s String>) {
    for thing in things.take(MOST) {
        println!("    {what}: {thing}");
    }
}

fn rows(sbom: &Sbom<'_>, truth: &Truth<'_>) -> Result<Vec<Row>> {
    let exact = Some(100.0);
    let row = |name, truth: Result<Set>, found, least| truth.map(|truth| Row { name, truth, found, least });
    let versions =
        |ecosystem| sbom.of(ecosystem).map(|p| format!("{} {}", text(p, "name"), text(p, "version"))).collect();
    let (debian, coordinates) = truth.debian_jars()?;
    let right = sbom.by_file("java", |e| coordinates.contains_key(outer(e))).map(|(e, name, _)| {
        let is_right = coordinates.get(outer(&e)).is_some_and(|names| names.contains(&name));
        if is_right { outer(&e).to_owned() } else { format!("{e} {name}") }
    });
    // What a JAR holds is no JAR of Debian's itself.
    let right = right.filter(|e| !e.contains('!')).collect();
    let poms = truth.jars("pom")?;
    let shaded: Set = sbom.by_file("java", |_| true).map(|(e, name, v)| format!("{} {name}:{v}", outer(&e))).collect();
    let shaded = shaded.intersection(&poms).cloned().collect();
    let maven = truth.maven()?;
    let all: Set = sbom.of("java").map(|p| format!("{}:{}", text(p, "name"), text(p, "version"))).collect();
    let all = all.intersection(&maven).cloned().collect();
    let nested = sbom.by_file("java", |e| e.contains('!') && e.ends_with(".jar"));
    let nested = nested.filter(|(e, ..)| e.matches('!').count() == 1).map(|(e, ..)| e.replacen('!', " ", 1)).collect();
    Ok(vec![
        row("dpkg", truth.debs(), sbom.debs(), exact)?,
        row("dist-info", truth.python(), sbom.python(), exact)?,
        row("npm", truth.tsv("npm.tsv", |f| Some(words(f.get(..3)?))), sbom.npm(), exact)?,
        row("Debian JARs", Ok(debian), right, Some(98.0))?,
        row("JARs in JARs", truth.jars("nested"), nested, None)?,
        row("poms in JARs", Ok(poms), shaded, None)?,
        row("Maven", Ok(maven), all, None)?,
        row("gems", truth.gems(), versions("ruby"), None)?,
        row("R", truth.tsv("r.tsv", |f| Some(words(f.get(1..3)?))), versions("r"), None)?,
        row("Go", truth.go(), sbom.in_files("go", |_| true), None)?,
        row("Rust", truth.rust(), sbom.in_files("rust", |e| !e.contains(".dist-info/sboms/")), None)?,
        row(
            "NuGet",
            truth.tsv("dotnet.tsv", |f| Some(words(f.get(..3)?))),
            sbom.in_files("dotnet", |e| e.ends_with(".deps.json")),
            None,
        )?,
    ])
}

fn words(fields: &[&str]) -> String {
    fields.join(" ")
}

fn text<'v>(package: &'v Value, key: &str) -> &'v str {
    package[key].as_str().unwrap_or_default()
}

/// The file that evidence stands in.
fn outer(evidence: &str) -> &str {
    evidence.split('!').next().unwrap_or_default()
}

/// The packages that were found.
struct Sbom<'v>(&'v [Value]);

impl<'v> Sbom<'v> {
    /// Those of an ecosystem that are there, not only declared.
    fn of(&self, ecosystem: &str) -> impl Iterator<Item = &'v Value> {
        let is_there = move |p: &&Value| text(p, "ecosystem") == ecosystem && p["declared"] != true;
        self.0.iter().filter(is_there)
    }

    /// Evidence, name and version, once for each piece of evidence.
    fn by_file(
        &self,
        ecosystem: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = (String, String, String)> {
        let mut out = Vec::new();
        for package in self.of(ecosystem) {
            for evidence in evidence(package).filter(|e| wanted(e)) {
                out.push((evidence.to_owned(), text(package, "name").to_owned(), text(package, "version").to_owned()));
            }
        }
        out.into_iter()
    }

    fn in_files(&self, ecosystem: &str, wanted: impl Fn(&str) -> bool) -> Set {
        self.by_file(ecosystem, wanted).map(|(e, name, version)| format!("{e} {name} {version}")).collect()
    }

    fn debs(&self) -> Set {
        self.of("deb").map(|p| words(&["name", "version", "arch"].map(|key| text(p, key)))).collect()
    }

    fn python(&self) -> Set {
        let metadata = |e: &str| {
            let (dir, name) = e.rsplit_once('/')?;
            let is_file = name.ends_with(".egg-info");
            let dir = if is_file { Some(dir) } else { dir.rsplit_once('/').map(|(site, _)| site) };
            dir.filter(|_| is_file || matches!(name, "METADATA" | "PKG-INFO")).map(str::to_owned)
        };
        let rows = self.by_file("python", |e| metadata(e).is_some());
        let rows =
            rows.map(|(e, name, version)| format!("{} {} {version}", metadata(&e).unwrap_or_default(), normal(&name)));
        rows.collect()
    }

    /// Installed packages; an application's own manifest is none.
    fn npm(&self) -> Set {
        let is_application =
            |p: &Value| p["properties"].as_array().is_some_and(|l| l.iter().any(|x| x[1] == "application"));
        let mut out = Set::new();
        for package in self.of("npm").filter(|p| !is_application(p)) {
            let dirs = evidence(package).filter_map(|e| e.strip_suffix("/package.json"));
            out.extend(dirs.map(|dir| format!("{dir} {} {}", text(package, "name"), text(package, "version"))));
        }
        out
    }
}

fn evidence(package: &Value) -> impl Iterator<Item = &str> {
    package["evidence"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What stands twice: a package URL in two spellings or with other qualifiers, a file that tells packages of two
/// ecosystems, a program that is a system package of that version.
fn twice(sbom: &Sbom<'_>) -> Set {
    let mut out = Set::new();
    let (mut urls, mut files) = (Set::new(), BTreeMap::new());
    for package in sbom.0 {
        let (ecosystem, url) = (text(package, "ecosystem"), text(package, "purl"));
        let plain = url.split('?').next().unwrap_or_default().to_lowercase().replace("%2b", "+");
        if !plain.is_empty() && !urls.insert(format!("{ecosystem} {plain} {}", text(package, "arch"))) {
            out.insert(plain);
        }
        let owners = package["ownedBy"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut owners = owners.filter(|o| o.contains(&format!("@{}", text(package, "version"))));
        if ecosystem == "binary" && owners.next().is_some() {
            out.insert(url.to_owned());
        }
        for file in evidence(package).filter(|_| ecosystem != "deb" && package["declared"] != true) {
            if *files.entry(file).or_insert(ecosystem) != ecosystem {
                out.insert(format!("{file} ({ecosystem})"));
            }
        }
    }
    out
}

/// A distribution's name as Python compares it.
fn normal(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|w| !w.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}
