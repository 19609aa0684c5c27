//! `plimsoll key generate | public | import`.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use plimsoll_trust::{PrivateKey, SystemRandom, encrypt};

use crate::args::Key;
use crate::exit::{Exit, Failure};
use crate::keys;
use crate::output::{print, write_file};
use crate::ui::Ui;

/// Runs the command.
pub(crate) fn run(command: &Key, ui: &Ui) -> Result<Exit> {
    match command {
        Key::Generate { output_key_prefix } => write_pair(&PrivateKey::generate()?, output_key_prefix, ui),
        Key::Import { key, output_key_prefix } => {
            let private = keys::private(&key.display().to_string())?;
            write_pair(&private, output_key_prefix, ui)
        }
        Key::Public { key } => {
            let private = keys::private(key)?;
            print(private.public_key().to_pem().as_bytes())?;
            Ok(Exit::Ok)
        }
    }
}

fn write_pair(key: &PrivateKey, prefix: &Path, ui: &Ui) -> Result<Exit> {
    let file = |suffix: &str| PathBuf::from(format!("{}.{suffix}", prefix.display()));
    let (private, public) = (file("key"), file("pub"));
    for path in [&private, &public] {
        if path.exists() {
            return Err(Failure::usage(format!("{} exists; a key is not overwritten", path.display())).into());
        }
    }
    let password = keys::password().unwrap_or_default();
    if password.is_empty() {
        ui.say("COSIGN_PASSWORD is empty or not set: the key file is encrypted with an empty password");
    }
    let text = encrypt(key, &password, &SystemRandom)?;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&private)
        .and_then(|mut f| f.write_all(text.as_bytes()))
        .map_err(|e| Failure::input(format!("cannot write {}: {e}", private.display())))?;
    write_file(&public, key.public_key().to_pem().as_bytes())?;
    ui.say(&format!("wrote {} and {}", private.display(), public.display()));
    Ok(Exit::Ok)
}
