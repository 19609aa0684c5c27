//! `plimsoll promote`.

use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_intent::MissingDecision;
use plimsoll_oci::Image as _;

use crate::args::{Common, Promote};
use crate::clock;
use crate::commands::db;
use crate::exit::Exit;
use crate::keys;
use crate::load;
use crate::map::map;
use crate::net;
use crate::open;
use crate::output::print;
use crate::promotion::measure::measure;
use crate::promotion::{self, Job, context};
use crate::render;
use crate::ui::Ui;

/// Runs the command.
pub(crate) fn run(args: &Promote, common: &Common, ui: &Ui) -> Result<Exit> {
    let now = clock::now(common);
    let intent = load::intent(&args.decisions, now, ui)?;
    let workload = context::select(load::sound_manifests(&args.manifests, ui)?, args.workload.as_deref())?;
    let measured = |missing: &MissingDecision| measure(args, missing, common);
    let effective = context::resolve(&intent, &workload, &args.decisions, &args.out, now, &measured, ui)?;
    context::tools(&effective, ui)?;
    let push = context::push_target(args.push.as_deref(), &effective)?;
    let path = db::required(args.db.as_deref())?;
    let bytes = map(path).map_err(|e| db::unreadable(path, &e))?;
    let index = db::open(path, &bytes)?;
    let own = effective.tools.signer == "plimsoll";
    let key = args.key.as_deref().filter(|_| own).map(keys::private).transpose()?;
    let image = open::image(&args.image, common, ui)?;
    let from_image = image.image.config().created.as_deref().and_then(|t| t.parse().ok());
    let created = clock::build_time(from_image.unwrap_or(Timestamp::UNIX_EPOCH))?;
    let job = Job {
        image,
        workload,
        intent,
        effective,
        index,
        key,
        key_reference: args.key.clone(),
        push,
        client: Arc::new(net::client(common)?),
        out: args.out.clone(),
        no_run: args.no_run,
        now,
        created,
    };
    let promotion = promotion::promote(&job, common, ui)?;
    if !args.output.is_empty() {
        render::findings(&promotion.findings, "nothing was found", &args.output, ui)?;
    }
    // stdout carries one result: the findings where they were asked for there, else the reference.
    let taken = args.output.iter().any(|o| !o.contains('='));
    if promotion.exit == Exit::Ok && !taken {
        let name = job
            .push
            .as_ref()
            .map_or_else(|| format!("oci-dir:{}", job.out.join("image").display()), plimsoll_oci::Reference::name);
        print(format!("{name}@{}\n", promotion.digest).as_bytes())?;
    }
    Ok(promotion.exit)
}
