//! A real image promoted: refused at tier 0, promoted at tier 3, from real advisories, into the embedded registry.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::run::run;

/// Ends the registry with the lane.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Promotes `layout` at both tiers and says what came of it. Needs `PLIMSOLL_DATA`, a folder of public advisory data.
pub(crate) fn lane(name: &str, port: u16, layout: &Path, dir: &Path, binary: &Path) -> Result<()> {
    let Some(data) = std::env::var_os("PLIMSOLL_DATA").map(PathBuf::from) else {
        println!("skipped: promoting {name} needs advisories; PLIMSOLL_DATA names a folder of them");
        return Ok(());
    };
    let db = dir.join("plimsoll.db");
    run(Command::new(binary)
        .args(["db", "build"])
        .arg(data.join("advisories"))
        .arg(data.join("eol"))
        .arg("-o")
        .arg(&db))?;
    let (_served, registry) = serve(binary, &dir.join("registry"))?;
    let work = dir.join(format!("{name}-promote"));
    let _ = std::fs::remove_dir_all(&work);
    std::fs::create_dir_all(&work)?;
    run(Command::new(binary)
        .args(["key", "generate", "--output-key-prefix", "release"])
        .env("COSIGN_PASSWORD", "")
        .current_dir(&work))?;
    std::fs::write(work.join("workload.yaml"), manifest(name, port, &registry))?;
    for (tier, expected) in [(0, 20), (3, 0)] {
        let decisions = work.join(format!("tier-{tier}"));
        std::fs::create_dir_all(&decisions)?;
        std::fs::copy(work.join("release.pub"), decisions.join("release.pub"))?;
        std::fs::write(decisions.join("plimsoll.yaml"), decided(tier, &registry))?;
        let output = Command::new(binary)
            .arg("promote")
            .arg(format!("oci-dir:{}", layout.display()))
            .args(["--manifests", "workload.yaml", "--key", "release.key"])
            .arg("--decisions")
            .arg(decisions.join("plimsoll.yaml"))
            .arg("--db")
            .arg(&db)
            .args(["--push", &format!("{registry}/real/{name}:hardened")])
            .arg("--out")
            .arg(work.join(format!("out-{tier}")))
            .env("COSIGN_PASSWORD", "")
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .current_dir(&work)
            .output()
            .context("cannot start plimsoll")?;
        let told = String::from_utf8_lossy(&output.stderr);
        println!("\n{name} at tier {tier}: exit {:?}", output.status.code());
        told.lines().take(40).for_each(|line| println!("  {line}"));
        if output.status.code() != Some(expected) {
            bail!("{name} at tier {tier} had to end with {expected}");
        }
        if expected == 20 && !told.contains("CVE-") {
            bail!("the refusal of {name} names no CVE");
        }
    }
    let pushed = format!("{registry}/real/{name}:hardened");
    let verified =
        run(Command::new(binary).args(["verify", &pushed, "--resolve", "--key", "release.pub"]).current_dir(&work))?;
    print!("{}", String::from_utf8_lossy(&verified.stdout));
    Ok(())
}

fn serve(binary: &Path, root: &Path) -> Result<(Served, String)> {
    let mut child = Command::new(binary)
        .args(["registry", "serve", "--listen", "127.0.0.1:0", "--root"])
        .arg(root)
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the embedded registry")?;
    let stderr = child.stderr.take().context("the registry has no stderr")?;
    let served = Served(child);
    let mut line = String::new();
    BufReader::new(stderr).read_line(&mut line)?;
    let address = line
        .split_once("http://")
        .and_then(|(_, rest)| rest.split(' ').next())
        .context("the registry names no address")?;
    Ok((served, address.to_owned()))
}

fn manifest(name: &str, port: u16, registry: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: real}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
         template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n        - name: {name}\n          \
         image: {registry}/real/{name}:1\n          ports: [{{containerPort: {port}}}]\n"
    )
}

fn decided(tier: u8, registry: &str) -> String {
    let gate = if tier == 0 {
        "tier0: {failOn: medium, fixAvailableOnly: false, unknownSeverity: block, kev: block, endOfLife: block, maxIndexAge: 24h}"
    } else {
        "tier3: {failOn: critical, fixAvailableOnly: true, unknownSeverity: warn, kev: warn, endOfLife: warn, maxIndexAge: 30d}"
    };
    format!(
        "apiVersion: plimsoll.dev/v1\ntiers:\n  assign: [{{namespace: real, tier: {tier}}}]\ntrust:\n  signers:\n    - name: release\n      \
         key: file:release.pub\n      images: [\"{registry}/real/**\"]\n  transparency: not-required\ngate:\n  {gate}\nvex: {{accept: []}}\n\
         sbom: {{formats: [cyclonedx, spdx]}}\nprovenance: {{required: [0], minLevel: 1, builders: {{\"https://plimsoll.dev/builder/cli/v1\": 1}}}}\n\
         keys: {{custody: key-file}}\nregistry: {{push: \"{registry}/real\", attestations: referrers}}\n\
         admission: {{engines: [kyverno, gatekeeper, vap], failurePolicy: Fail}}\n"
    )
}
