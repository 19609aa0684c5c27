//! `plimsoll demo`: the whole mission on the embedded sample, offline. It ends by showing that bad images are refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_advisory::{Index, read_feeds};
use plimsoll_intent::MissingDecision;
use plimsoll_oci::{Digest, Platform, media_type};
use plimsoll_registry::blocking::RunningServer;
use plimsoll_registry::{Options, ServerOptions};
use plimsoll_source::LayoutWriter;
use plimsoll_trust::PrivateKey;

use crate::args::{Common, Demo, ImageArg};
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::load;
use crate::net;
use crate::open::{self, source_failure};
use crate::output::{print, write_file};
use crate::promotion::{self, Job, Promotion, context};
use crate::proving::Proof;
use crate::sample;
use crate::ui::Ui;

/// The advisory extract's own time: the sample's index is never stale where the demo judges it.
const INDEX_BUILT: i64 = sample::CREATED + 86_400;

/// Runs the demo.
pub(crate) fn run(args: &Demo, common: &Common, ui: &Ui) -> Result<Exit> {
    let temporary =
        tempfile::tempdir().map_err(|e| Failure::input(format!("cannot make a temporary directory: {e}")))?;
    let out = args.out.clone().unwrap_or_else(|| temporary.path().join("demo"));
    // The sample has its own present, so that it shows the same on every day; --now asks for another.
    let moment = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let now = common.now.unwrap_or_else(|| moment(INDEX_BUILT + 3600));
    let created = clock::build_time(moment(sample::CREATED))?;
    ui.say(&format!("the sample is written to {}", out.display()));
    lay_out(&out)?;
    let index = index(&out)?;
    let dir = tempfile::tempdir().map_err(|e| Failure::input(format!("cannot make a temporary directory: {e}")))?;
    let server = RunningServer::start(([127, 0, 0, 1], 0).into(), dir.path(), ServerOptions::default())?;
    let push: plimsoll_oci::Reference = format!("{}:1.4.1", sample::REPOSITORY)
        .parse()
        .map_err(|e| Failure::new(Exit::Internal, format!("the sample's name: {e}")))?;
    let stand_ins = BTreeMap::from([(push.registry.clone(), server.local_addr())]);
    let client = Arc::new(net::client_with(common, Options { stand_ins, ..Options::default() })?);
    ui.say(&format!("{} is the embedded registry, on {}", push.registry, server.local_addr()));
    let common = Common { offline: false, now: Some(now), ..common.clone() };
    // Paths in what is written are relative to the demo's folder, so that they are the same wherever it lies.
    let job = within(&out, || job(&index, client, push, now, created, &common, ui))?;
    let promotion = within(&out, || promotion::promote(&job, &common, ui))?;
    conclude(&promotion, &out, args.out.is_some(), ui)
}

fn job<'a>(
    index: &'a [u8],
    client: Arc<plimsoll_registry::blocking::Client>,
    push: plimsoll_oci::Reference,
    now: Timestamp,
    created: Timestamp,
    common: &Common,
    ui: &Ui,
) -> Result<Job<'a>> {
    let decisions = Path::new("decisions");
    let intent = load::intent(decisions, now, ui)?;
    let workload = context::select(load::sound_manifests(Path::new("manifests"), ui)?, None)?;
    let nothing = |_: &MissingDecision| (Vec::new(), BTreeMap::new());
    let effective = context::resolve(&intent, &workload, decisions, Path::new("promoted"), now, &nothing, ui)?;
    let arg = ImageArg { image: "oci-dir:image".to_owned(), platform: None };
    Ok(Job {
        image: open::image(&arg, common, ui)?,
        workload,
        intent,
        effective,
        index: Index::open(index)?,
        key: Some(PrivateKey::from_pem(sample::TRUSTED_KEY, Some(sample::KEY_PASSWORD.as_bytes()))?),
        key_reference: None,
        push: Some(push),
        client,
        out: PathBuf::from("promoted"),
        no_run: false,
        now,
        created,
    })
}

/// Runs in the demo's folder.
fn within<T>(dir: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let fault = |e: std::io::Error| Failure::input(format!("cannot enter {}: {e}", dir.display()));
    let back = std::env::current_dir().map_err(fault)?;
    std::env::set_current_dir(dir).map_err(fault)?;
    let result = work();
    std::env::set_current_dir(back).map_err(fault)?;
    result
}

/// Writes the sample: image, decisions, manifests, advisories.
fn lay_out(out: &Path) -> Result<()> {
    let image = out.join("image");
    let fault = |e: std::io::Error| Failure::input(format!("cannot write {}: {e}", image.display()));
    if image.exists() {
        std::fs::remove_dir_all(&image).map_err(fault)?;
    }
    std::fs::create_dir_all(out).map_err(fault)?;
    let made = sample::image()?;
    let mut writer = LayoutWriter::directory(&image).map_err(source_failure)?;
    for (descriptor, bytes) in &made.layers {
        writer.blob(descriptor, bytes.as_slice()).map_err(source_failure)?;
    }
    writer.bytes(media_type::CONFIG, &made.config).map_err(source_failure)?;
    let mut manifest = writer.bytes(media_type::MANIFEST, &made.manifest).map_err(source_failure)?;
    manifest.platform = Some(Platform::new("linux", "amd64"));
    writer.manifest(manifest, Some("1.4.0"));
    writer.finish().map_err(source_failure)?;
    for (path, text) in sample::FILES {
        write_file(&out.join(path), text.as_bytes())?;
    }
    write_file(&out.join("advisories/records.jsonl"), sample::ADVISORIES.as_bytes())
}

/// Builds the advisory index of the sample.
fn index(out: &Path) -> Result<Vec<u8>> {
    let feeds = read_feeds([("advisories/records.jsonl".to_owned(), sample::ADVISORIES.as_bytes().to_vec())]);
    let bytes = feeds.builder.build(Timestamp::from_second(INDEX_BUILT).unwrap_or(Timestamp::UNIX_EPOCH))?;
    write_file(&out.join("plimsoll.db"), &bytes)?;
    Ok(bytes)
}

fn conclude(promotion: &Promotion, out: &Path, kept: bool, ui: &Ui) -> Result<Exit> {
    let Some(proof) = &promotion.proof else {
        return Ok(promotion.exit);
    };
    let (text, holds) = matrix(proof, ui);
    print(text.as_bytes())?;
    let before = promotion.before.as_ref();
    let vulnerable = before.is_some_and(|v| !v.blocking.is_empty());
    if let Some(decision) = &promotion.admitted {
        let word = if decision.allowed() { ui.out.green("admitted") } else { ui.out.red("refused") };
        print(format!("\n{} with the hardened digest and the patches: {word}\n", decision.workload).as_bytes())?;
    }
    if let Some(verdict) = before {
        let head = ui.out.bold("the image as it came, at the same gate");
        print(format!("\n{head}\n{}", plimsoll_report::verdict_text(verdict, ui.out)).as_bytes())?;
    }
    let digest: &Digest = &promotion.digest;
    let good = holds && vulnerable && promotion.exit == Exit::Ok;
    if good {
        print(
            format!(
                "\n{} {}@{digest} is promoted, and every bad case above was refused\n",
                ui.out.green("ok"),
                sample::REPOSITORY
            )
            .as_bytes(),
        )?;
    } else {
        print(format!("\n{} not every bad case was refused\n", ui.out.red("failed")).as_bytes())?;
    }
    if kept {
        let place = out.join("promoted");
        ui.say(&format!(
            "see {} and {}",
            place.join("supply-chain.md").display(),
            place.join("k8s/security").display()
        ));
        ui.say(
            "another run with the same SOURCE_DATE_EPOCH and --now gives the same bytes, except what holds signatures:",
        );
        promotion.signed_files.iter().for_each(|f| ui.say(&format!("  promoted/{f}")));
        ui.say("  promoted/image/blobs/sha256/*, as far as they hold those bundles");
    }
    Ok(if good { Exit::Ok } else { Exit::PolicyDenies })
}

/// The admission matrix as a table.
fn matrix(proof: &Proof, ui: &Ui) -> (String, bool) {
    let mut rows = vec![["CASE", "EXPECTED", "DECIDED", ""].map(str::to_owned).to_vec()];
    for row in proof.rows.iter().filter(|r| r.case.essential || !r.holds()) {
        let m = row.matrix();
        let mark = if m.holds { ui.out.green("holds") } else { ui.out.red("DOES NOT HOLD") };
        rows.push(vec![m.case, m.expected, m.found, mark]);
    }
    let holds = !proof.rows.is_empty() && proof.rows.iter().all(crate::proving::Row::holds);
    let more = proof.rows.iter().filter(|r| !r.case.essential).count();
    let mut text = format!("\n{}\n", ui.out.bold("admission matrix"));
    // Colour is not a character: the table is laid out without it, and the marks stand last.
    text.push_str(&plimsoll_report::table(&rows));
    text.push_str(&format!(
        "and {more} more cases, crossing the same faults with every kind of workload and place of an image\n"
    ));
    (text, holds)
}
