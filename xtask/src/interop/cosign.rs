//! cosign and plimsoll open each other's key files and verify each other's signatures, over the embedded registry.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::judges::{COSIGN, or_skip};
use super::{Bench, Outcome, find, plimsoll, run};

const PASSWORD: &str = "interop";

/// A registry that ends with its owner.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about either.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(binary: &Path, root: &Path) -> Result<(Served, SocketAddr)> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let child = Command::new(binary)
        .args(["registry", "serve", "--listen", &address.to_string(), "--root"])
        .arg(root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let served = Served(child);
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        if start.elapsed() > Duration::from_secs(20) {
            bail!("plimsoll registry serve does not listen on {address}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok((served, address))
}

pub(super) fn cosign(bench: &Bench) -> Result<Outcome> {
    let cosign = or_skip!(bench.go_tool(&COSIGN));
    let Some(skopeo) = find("skopeo") else {
        return Ok(Outcome::Skipped("skopeo, which pushes the image, is not installed".to_owned()));
    };
    let (_, layouts) = bench.demo()?;
    let plimsoll = plimsoll()?;
    let dir = bench.fresh("cosign")?;
    let with = |program: &Path| {
        let mut command = Command::new(program);
        command.env("COSIGN_PASSWORD", PASSWORD).current_dir(&dir);
        command
    };

    run(with(&plimsoll).args(["key", "generate", "--output-key-prefix", "ours"]))?;
    let read = run(with(&cosign).args(["public-key", "--key", "ours.key"]))?;
    if read.stdout.trim_ascii() != std::fs::read(dir.join("ours.pub"))?.trim_ascii() {
        bail!("cosign reads another public key out of plimsoll's key file");
    }
    run(with(&cosign).args(["generate-key-pair", "--output-key-prefix", "theirs"]))?;
    let read = run(with(&plimsoll).args(["key", "public", "--key", "theirs.key"]))?;
    if read.stdout.trim_ascii() != std::fs::read(dir.join("theirs.pub"))?.trim_ascii() {
        bail!("plimsoll reads another public key out of cosign's key file");
    }

    let (_served, address) = serve(&plimsoll, &dir.join("registry"))?;
    for (signer, key) in [("plimsoll", "ours"), ("cosign", "theirs")] {
        let repository = format!("{address}/interop/by-{signer}");
        run(with(&skopeo)
            .args([
                "--insecure-policy",
                "copy",
                "--preserve-digests",
                "--dest-tls-verify=false",
                "--digestfile",
                "digest",
            ])
            .arg(format!("oci:{}", layouts[0].display()))
            .arg(format!("docker://{repository}:1")))?;
        let image = format!("{repository}@{}", std::fs::read_to_string(dir.join("digest"))?.trim());
        let (private, public) = (format!("{key}.key"), format!("{key}.pub"));
        if signer == "plimsoll" {
            run(with(&plimsoll).args(["sign", &image, "--key", &private]))?;
            run(with(&cosign).args(["verify", "--key", &public, "--insecure-ignore-tlog=true", &image]))?;
            refused(with(&cosign).args(["verify", "--key", "theirs.pub", "--insecure-ignore-tlog=true", &image]))?;
        } else {
            run(with(&cosign).args([
                "sign",
                "--yes",
                "--use-signing-config=false",
                "--tlog-upload=false",
                "--key",
                &private,
                &image,
            ]))?;
            run(with(&plimsoll).args(["verify", "--key", &public, &image]))?;
            refused(with(&plimsoll).args(["verify", "--key", "ours.pub", &image]))?;
        }
    }
    Ok(Outcome::Passed("key files and signatures, both ways".to_owned()))
}

/// Runs what must fail.
fn refused(command: &mut Command) -> Result<()> {
    if command.output()?.status.success() {
        bail!("{command:?} accepts a signature by another key");
    }
    Ok(())
}
