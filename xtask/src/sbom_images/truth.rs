//! What an image's own package managers say is in it, written beside the image, for tests of accuracy to compare with.
//!
//! | file | from |
//! |---|---|
//! | `debs.tsv` | `dpkg-query`: package, version, architecture, source, source's version, state |
//! | `pip/*.json` | `pip list --format json` of each folder of Python packages; the name is the folder's path |
//! | `npm-ls.json` | `npm ls --all --json` of `/app` |
//! | `npm.tsv` | every package folder below a `node_modules`, and of Debian's: path, name, version |
//! | `maven-repo.tsv` | links of `/usr/share/maven-repo`: group, artifact, version, link, what it points at |
//! | `mvn/*.txt` | `mvn dependency:list` of the projects that the Java layer was made from |
//! | `jars.tsv` | what is in every JAR: path, `nested` and a JAR's path, or `pom` and group:artifact:version |
//! | `go.txt` | `go version -m` of every Go binary |
//! | `rust/*.json` | `rust-audit-info` of every program that carries the list |
//! | `gems.txt`, `r.tsv` | `gem list`, R's `installed.packages()` |
//! | `dotnet.tsv` | libraries of every `.deps.json`: path, name, version, type |
//! | `counts.tsv` | how many of each |

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::stage::Stage;
use crate::run::{find, run};

/// The reader of the dependency lists in Rust programs.
pub(super) const AUDIT_INFO: &str = "rust-audit-info@0.5.4";

/// An image's files, unpacked, and where what they say is written.
struct Truth<'a> {
    stage: &'a Stage,
    root: PathBuf,
    out: PathBuf,
    counts: String,
}

/// Unpacks the image's layers, asks, and gives the counts. Nothing is done where the counts are there already.
pub(super) fn record(stage: &Stage, layout: &Path, out: &Path) -> Result<String> {
    let done = out.join("counts.tsv");
    if let Ok(counts) = std::fs::read_to_string(&done) {
        return Ok(counts);
    }
    let root = stage.fresh("truth-root")?;
    // No layer of these images deletes anything, so unpacking them in order is all there is to it.
    for layer in layers(layout)? {
        run(Command::new("tar").arg("-xzf").arg(layer).arg("-C").arg(&root))?;
    }
    let _ = std::fs::remove_dir_all(out);
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    let mut truth = Truth { stage, root, out: out.to_path_buf(), counts: String::new() };
    truth.debs()?;
    let files = files(&truth.root)?;
    truth.python(&files)?;
    truth.npm(&files)?;
    truth.maven_repo()?;
    truth.jars(&files)?;
    truth.go()?;
    truth.rust()?;
    truth.others()?;
    truth.dotnet(&files)?;
    std::fs::write(&done, &truth.counts).with_context(|| format!("cannot write {}", done.display()))?;
    std::fs::remove_dir_all(&truth.root).context("cannot remove the unpacked image")?;
    Ok(truth.counts)
}

/// The blobs of an image's layers, lowest first.
fn layers(layout: &Path) -> Result<Vec<PathBuf>> {
    let blob = |descriptor: &Value| -> Result<PathBuf> {
        let digest = descriptor["digest"].as_str().context("a descriptor has no digest")?;
        Ok(layout.join("blobs").join(digest.replace(':', "/")))
    };
    let index = json(&layout.join("index.json"))?;
    let manifest = json(&blob(&index["manifests"][0])?)?;
    manifest["layers"].as_array().context("the manifest has no layers")?.iter().map(blob).collect()
}

/// Every path below a folder, by its path from there, in order; links are not followed.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let output =
        Command::new("find").arg(".").args(["-mindepth", "1", "-printf", "%P\\n"]).current_dir(root).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found: Vec<PathBuf> = text.lines().map(PathBuf::from).collect();
    found.sort();
    Ok(found)
}

fn named(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
}

/// A path as a file name.
fn flat(path: &Path) -> String {
    path.display().to_string().replace('/', "+")
}

fn json(path: &Path) -> Result<Value> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", path.display()))
}

impl Truth<'_> {
    /// A program of the image, if the image has it.
    fn inside(&self, program: &str) -> Option<Command> {
        self.root.join("usr/bin").join(program).symlink_metadata().ok()?;
        let mut command = Command::new("chroot");
        command.arg(&self.root).arg(program).env("HOME", "/root").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        Some(command)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.out.join(name);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
    }

    fn count(&mut self, what: &str, n: usize) -> Result<()> {
        writeln!(self.counts, "{what}\t{n}").context("cannot count")
    }

    fn debs(&mut self) -> Result<()> {
        let format = "${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\t${source:Version}\\t${db:Status-Abbrev}\\n";
        let Some(mut dpkg) = self.inside("dpkg-query") else { bail!("the image has no dpkg-query") };
        let output = run(dpkg.args(["-W", "-f", format]))?;
        self.write("debs.tsv", &output.stdout)?;
        self.count("debs", lines(&output))
    }

    fn python(&mut self, files: &[PathBuf]) -> Result<()> {
        let mut sites = BTreeSet::new();
        for path in files.iter().filter(|p| {
            let name = named(p);
            name.ends_with(".dist-info") || name.ends_with(".egg-info")
        }) {
            sites.extend(path.parent());
        }
        let mut total = 0;
        for site in sites {
            let Some(mut python) = self.inside("python3") else { return Ok(()) };
            let list = ["-m", "pip", "list", "--format", "json", "--disable-pip-version-check", "--path"];
            let output = run(python.args(list).arg(Path::new("/").join(site)))?;
            let packages: Value = serde_json::from_slice(&output.stdout).context("pip list printed no JSON")?;
            total += packages.as_array().map_or(0, Vec::len);
            self.write(&format!("pip/{}.json", flat(site)), &output.stdout)?;
        }
        self.count("python packages", total)
    }

    fn npm(&mut self, files: &[PathBuf]) -> Result<()> {
        let (mut table, mut total, mut app) = (String::new(), 0, 0);
        for path in files.iter().filter(|p| named(p) == "package.json") {
            let Some(package) = path.parent() else { continue };
            let above = package.parent().unwrap_or(Path::new(""));
            let holder = match named(above).starts_with('@') {
                true => above.parent().unwrap_or(above),
                false => above,
            };
            let debian = holder == Path::new("usr/share/nodejs");
            if !debian && named(holder) != "node_modules" {
                continue;
            }
            // A dangling link, or JSON with comments: npm takes neither for a package.
            let Ok(json) = json(&self.root.join(path)) else { continue };
            let (Some(name), Some(version)) = (json["name"].as_str(), json["version"].as_str()) else { continue };
            writeln!(table, "/{}\t{name}\t{version}", package.display())?;
            total += 1;
            app += usize::from(path.starts_with("app"));
        }
        self.write("npm.tsv", table)?;
        self.count("npm packages", total)?;
        self.count("npm packages in /app", app)?;
        if self.root.join("app/package.json").is_file()
            && let Some(mut shell) = self.inside("sh")
        {
            // npm ls fails on peers that are not met, and prints the tree all the same.
            let output = shell.args(["-c", "cd /app && npm ls --all --json --offline"]).output()?;
            self.write("npm-ls.json", &output.stdout)?;
        }
        Ok(())
    }

    fn maven_repo(&mut self) -> Result<()> {
        let repo = self.root.join("usr/share/maven-repo");
        let (mut table, mut jars) = (String::new(), BTreeSet::new());
        for path in files(&repo).unwrap_or_default() {
            if path.extension().is_none_or(|e| e != "jar") {
                continue;
            }
            let parts: Vec<&str> = path.iter().filter_map(|p| p.to_str()).collect();
            let [group @ .., artifact, version, _] = parts.as_slice() else { continue };
            let Some(mut readlink) = self.inside("readlink") else { continue };
            let link = Path::new("/usr/share/maven-repo").join(&path);
            // A link that leads nowhere is no JAR.
            let output = readlink.arg("-e").arg(&link).output()?;
            let target = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if target.is_empty() {
                continue;
            }
            writeln!(table, "{}\t{artifact}\t{version}\t{}\t{target}", group.join("."), link.display())?;
            jars.insert(target);
        }
        self.count("maven-repo links", table.lines().count())?;
        self.count("JARs they point at", jars.len())?;
        self.write("maven-repo.tsv", table)
    }

    fn jars(&mut self, files: &[PathBuf]) -> Result<()> {
        let (mut table, mut jars, mut nested, mut poms) = (String::new(), 0, 0, 0);
        for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "jar" || e == "war")) {
            let file = self.root.join(path);
            if !file.symlink_metadata().is_ok_and(|m| m.is_file()) || find("unzip").is_none() {
                continue;
            }
            jars += 1;
            writeln!(table, "/{}\tjar\t", path.display())?;
            let list = Command::new("unzip").arg("-Z1").arg(&file).output()?;
            let list = String::from_utf8_lossy(&list.stdout);
            for name in list.lines().filter(|n| n.ends_with(".jar")) {
                writeln!(table, "/{}\tnested\t{name}", path.display())?;
                nested += 1;
            }
            for name in list.lines().filter(|n| n.starts_with("META-INF/maven/") && n.ends_with("/pom.properties")) {
                let text = Command::new("unzip").arg("-p").arg(&file).arg(name).output()?;
                let text = String::from_utf8_lossy(&text.stdout);
                let get = |key: &str| text.lines().find_map(|l| l.trim().strip_prefix(key)).unwrap_or_default();
                let (group, artifact, version) = (get("groupId="), get("artifactId="), get("version="));
                writeln!(table, "/{}\tpom\t{group}:{artifact}:{version}", path.display())?;
                poms += 1;
            }
        }
        self.write("jars.tsv", table)?;
        self.count("JARs", jars)?;
        self.count("JARs in JARs", nested)?;
        self.count("pom.properties in JARs", poms)?;
        let side = self.stage.side("java-truth")?;
        if self.root.join("opt/java").is_dir() {
            for entry in std::fs::read_dir(&side)? {
                let path = entry?.path();
                self.write(&format!("mvn/{}", named(&path)), std::fs::read(&path)?)?;
            }
        }
        Ok(())
    }

    fn go(&mut self) -> Result<()> {
        if find("go").is_none() {
            println!("skipped: Go's truth needs go, which is not installed");
            return Ok(());
        }
        // Files that it cannot read make it fail at the end; what it could read is printed.
        let output = Command::new("go").args(["version", "-m", "."]).current_dir(&self.root).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let binaries = text.lines().filter(|l| !l.starts_with('\t')).count();
        let modules = text.lines().filter(|l| l.starts_with("\tdep\t")).count();
        self.write("go.txt", text.as_bytes())?;
        self.count("Go binaries", binaries)?;
        self.count("Go modules in them", modules)
    }

    fn rust(&mut self) -> Result<()> {
        let reader = self.stage.side("cargo-tools")?.join("bin/rust-audit-info");
        if !reader.is_file() {
            return Ok(());
        }
        let grep =
            Command::new("grep").args(["-rlsF", ".dep-v0", "usr", "opt", "app"]).current_dir(&self.root).output()?;
        let (mut programs, mut crates) = (0, 0);
        for path in String::from_utf8_lossy(&grep.stdout).lines() {
            let output = Command::new(&reader).arg(self.root.join(path)).output()?;
            let Ok(list) = serde_json::from_slice::<Value>(&output.stdout) else { continue };
            programs += 1;
            crates += list["packages"].as_array().map_or(0, Vec::len);
            self.write(&format!("rust/{}.json", flat(Path::new(path))), &output.stdout)?;
        }
        self.count("Rust programs with a list", programs)?;
        self.count("crates in them", crates)
    }

    fn others(&mut self) -> Result<()> {
        if let Some(mut gem) = self.inside("gem") {
            let output = run(gem.args(["list", "--local", "--quiet"]))?;
            self.write("gems.txt", &output.stdout)?;
            self.count("gems", lines(&output))?;
        }
        if let Some(mut rscript) = self.inside("Rscript") {
            let list = "p <- installed.packages()[, c('LibPath', 'Package', 'Version')]; \
                        write.table(p, sep = '\\t', quote = FALSE, row.names = FALSE, col.names = FALSE)";
            let output = run(rscript.args(["-e", list]))?;
            self.write("r.tsv", &output.stdout)?;
            self.count("R packages", lines(&output))?;
        }
        Ok(())
    }

    fn dotnet(&mut self, files: &[PathBuf]) -> Result<()> {
        let mut table = String::new();
        for path in files.iter().filter(|p| named(p).ends_with(".deps.json")) {
            let Ok(json) = json(&self.root.join(path)) else { continue };
            for (id, library) in json["libraries"].as_object().into_iter().flatten() {
                let (name, version) = id.split_once('/').unwrap_or((id, ""));
                let kind = library["type"].as_str().unwrap_or_default();
                writeln!(table, "/{}\t{name}\t{version}\t{kind}", path.display())?;
            }
        }
        self.count("NuGet libraries in .deps.json", table.lines().count())?;
        self.write("dotnet.tsv", table)
    }
}

fn lines(output: &Output) -> usize {
    String::from_utf8_lossy(&output.stdout).lines().count()
}
