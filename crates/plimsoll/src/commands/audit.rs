//! `plimsoll audit`: the anti-patterns of an inherited workload. It needs no decisions.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use plimsoll_admit::structural_findings;
use plimsoll_advisory::match_catalog;
use plimsoll_finding::{Finding, Location, manifest};
use plimsoll_gate::{IndexInfo, Inputs, fail_on, judge};
use plimsoll_harden::{Deployed, contradictions, inspect};
use plimsoll_intent::{AdmissionPolicy, FailurePolicy, Severity, Tier, Transparency};
use plimsoll_oci::{Digest, Image as _, Reference};
use plimsoll_registry::RegistryError;
use plimsoll_registry::blocking::Client;
use plimsoll_source::{SourceRef, parse_source};
use plimsoll_workload::Workload;
use serde_json::{Map, json};

use crate::args::{Audit, Common, ImageArg, SubjectArg};
use crate::audit::files::{self, Inherited};
use crate::audit::images::{self, Beside};
use crate::audit::policies::{self, Judged};
use crate::audit::{ANTI_PATTERNS, Seen, State, floor, listed};
use crate::bundles;
use crate::clock;
use crate::commands::{db, harden};
use crate::exit::{Exit, Failure};
use crate::map::map;
use crate::net;
use crate::open::{self, LoadedImage, Need, OpenedImage};
use crate::output::OutputSpec;
use crate::render;
use crate::ui::Ui;

/// What is shown of a list.
const SHOWN: usize = 5;

/// Runs the command.
pub(crate) fn run(args: &Audit, common: &Common, ui: &Ui) -> Result<Exit> {
    OutputSpec::parse_all(&args.output.output, &render::FORMATS)?;
    if args.manifests.is_none() && args.images.is_empty() {
        let failure = Failure::new(Exit::Nothing, "there is nothing to audit");
        return Err(failure.hint("name an image, or manifests with --manifests DIR").into());
    }
    let mut seen = Seen { manifests: args.manifests.is_some(), ..Seen::default() };
    let inherited = args.manifests.as_deref().map(files::read).transpose()?.unwrap_or_default();
    let mut findings = inherited.problems.clone();
    let mut judged = Judged::default();
    if let Some(path) = &args.manifests {
        if args.images.is_empty() && is_empty(&inherited) {
            let message = format!("{} holds nothing to audit ({} files read)", path.display(), inherited.files);
            return Err(Failure::new(Exit::Nothing, message).into());
        }
        judged = manifests(path, &inherited, &mut findings, ui)?;
        seen.workloads = !inherited.workloads.is_empty();
        seen.policies = judged.any;
    }
    let mut audited = BTreeSet::new();
    for source in &args.images {
        audited.extend(image(source, args, &inherited.workloads, &judged, &mut findings, &mut seen, common, ui)?);
    }
    if !args.images.is_empty() {
        findings.extend(others(&inherited.workloads, &audited));
    }
    findings.sort_by(|a, b| (std::cmp::Reverse(a.level), a).cmp(&(std::cmp::Reverse(b.level), b)));
    findings.dedup();
    let states: Vec<State> = ANTI_PATTERNS.iter().map(|pattern| pattern.state(&findings, seen)).collect();
    let mut extra = Map::new();
    let (workloads, others) = (inherited.workloads.len(), inherited.others.len());
    extra.insert(
        "examined".into(),
        json!({"files": inherited.files, "workloads": workloads, "otherObjects": others, "images": args.images.len()}),
    );
    let patterns = ANTI_PATTERNS.iter().zip(&states).map(|(pattern, state)| pattern.json(*state)).collect();
    extra.insert("antiPatterns".into(), patterns);
    render::findings_with(&findings, "no anti-pattern was found in what was examined", extra, &args.output.output, ui)?;
    summary(&states, ui);
    let refused = findings.iter().any(Finding::is_error);
    Ok(if refused { Exit::PolicyDenies } else { Exit::Ok })
}

fn is_empty(inherited: &Inherited) -> bool {
    inherited.workloads.is_empty()
        && inherited.others.is_empty()
        && inherited.problems.is_empty()
        && inherited.provisioning.is_empty()
}

/// The table of anti-patterns, for people.
fn summary(states: &[State], ui: &Ui) {
    let row = |(pattern, state): (&crate::audit::AntiPattern, &State)| {
        let state = match state {
            State::Found(n) => format!("found ({n})"),
            State::NotFound => "not found".to_owned(),
            State::NotExamined(why) => format!("not examined: {why}"),
        };
        vec![pattern.title.to_owned(), state]
    };
    ui.say(&plimsoll_report::table(&ANTI_PATTERNS.iter().zip(states).map(row).collect::<Vec<_>>()));
}

/// What admission would ask of any workload: no signer and no registry is known, so only its form is judged.
fn anybody() -> AdmissionPolicy {
    AdmissionPolicy {
        tier: Tier::Experimental,
        signers: Vec::new(),
        transparency: Transparency::NotRequired,
        registries: vec!["**".to_owned()],
        provenance: None,
        engines: Vec::new(),
        failure_policy: FailurePolicy::Fail,
        exclude_namespaces: Vec::new(),
    }
}

fn manifests(path: &Path, inherited: &Inherited, findings: &mut Vec<Finding>, ui: &Ui) -> Result<Judged> {
    let workloads = &inherited.workloads;
    for passed in &inherited.passed_over {
        ui.detail(&format!("passed over: {passed}"));
    }
    let policy = anybody();
    findings.extend(workloads.iter().flat_map(|w| structural_findings(w, &policy)));
    findings.extend(compare(workloads, None)?);
    findings.extend(floor::owned(&inherited.others, workloads));
    findings.extend(floor::unexamined(&inherited.others));
    for (what, files) in &inherited.provisioning {
        let first = files.first().cloned().unwrap_or_default();
        let location = Location::File { path: first, line: None, column: None };
        let message = format!("{what} is authored beside the workload");
        let evidence = listed(files.iter().map(String::as_str), SHOWN);
        findings.push(Finding::new(manifest::PROVISIONING, location, message).with_evidence(evidence));
    }
    let mut judged = policies::judge(&inherited.others, &path.display().to_string(), workloads.len(), inherited.proven);
    findings.append(&mut judged.findings);
    Ok(judged)
}

/// Contradictions, without what admission's own findings say in full (user 0), and without those about images that were
/// not given (told once for all).
fn compare(workloads: &[Workload], image: Option<&Deployed<'_>>) -> Result<Vec<Finding>> {
    let said = [manifest::ROOT_IN_MANIFEST, manifest::OTHER_IMAGE];
    let mut found = contradictions(workloads, image, &BTreeSet::new()).map_err(crate::hardening::failure)?;
    found.retain(|f| !said.contains(&f.code));
    Ok(found)
}

/// Audits one image and gives the repositories under which the workloads name it.
#[expect(clippy::too_many_arguments, reason = "one step of the command, called once")]
fn image(
    source: &str,
    args: &Audit,
    workloads: &[Workload],
    judged: &Judged,
    findings: &mut Vec<Finding>,
    seen: &mut Seen,
    common: &Common,
    ui: &Ui,
) -> Result<Vec<String>> {
    let arg = ImageArg { image: source.to_owned(), platform: None };
    let opened = open::image(&arg, common, ui)?;
    let loaded = open::load_image(&opened.image, Need::Inspection, ui)?;
    let config = opened.image.config();
    let facts = inspect(&loaded.tree, &*loaded.contents, config, &loaded.catalog).map_err(crate::hardening::failure)?;
    seen.images = true;
    findings.extend(images::posture(&opened.name, &facts));
    match &args.db {
        Some(path) => findings.extend(scan(path, &opened, &loaded, common)?),
        None => ui.detail("no --db: vulnerabilities were not looked for"),
    }
    match attached(source, &opened, common, ui)? {
        Some((digests, found, beside)) => {
            seen.bundles = true;
            findings.extend(images::signed(&opened.name, &digests, &found, &beside, judged.demands_provenance));
        }
        None => {
            ui.say(&format!("{} {source} has no place for signatures; none were looked for", ui.err.yellow("note:")))
        }
    }
    let Some(references) = references(&opened, workloads, args.images.len() == 1) else {
        if !workloads.is_empty() {
            ui.say(&format!("{} no workload names {}; it was not compared", ui.err.yellow("note:"), opened.name));
        }
        return Ok(Vec::new());
    };
    let deployed =
        Deployed { references: &references, config, tree: &loaded.tree, contents: &*loaded.contents, writable: &[] };
    findings.extend(compare(workloads, Some(&deployed))?);
    seen.compared = true;
    let all = || harden::repositories(workloads).into_iter().collect();
    Ok(if references.is_empty() { all() } else { references })
}

/// Names under which the workloads call an image; empty: all of them mean it. `None`: it is not known that any does.
fn references(opened: &OpenedImage, workloads: &[Workload], alone: bool) -> Option<Vec<String>> {
    if workloads.is_empty() {
        return None;
    }
    let known = harden::references(opened, workloads);
    if !known.is_empty() {
        return Some(known);
    }
    let used = harden::repositories(workloads);
    if alone && used.len() <= 1 {
        return Some(Vec::new());
    }
    // A file is often called as its repository is.
    let stem = Path::new(&opened.name).file_stem().and_then(|s| s.to_str()).filter(|_| opened.reference.is_none())?;
    let mut alike = used.into_iter().filter(|name| name.rsplit('/').next() == Some(stem));
    let only = alike.next()?;
    alike.next().is_none().then(|| vec![only])
}

/// Repositories that the workloads name and that were not among the images.
fn others(workloads: &[Workload], audited: &BTreeSet<String>) -> Vec<Finding> {
    let mut out = Vec::new();
    for workload in workloads {
        for used in workload.images() {
            let Some(name) = used.image.parse::<Reference>().ok().map(|r| r.name()) else { continue };
            if !audited.contains(&name) {
                let location =
                    Location::Object { object: workload.display_name(), field: workload.object_field(&used.field) };
                let message = format!("{name} is not among the images that were audited");
                let hint = format!("plimsoll audit {} with the same manifests", used.image);
                out.push(Finding::new(manifest::OTHER_IMAGE, location, message).with_hint(hint));
            }
        }
    }
    out
}

fn scan(path: &Path, opened: &OpenedImage, loaded: &LoadedImage, common: &Common) -> Result<Vec<Finding>> {
    let now = clock::now(common);
    let bytes = map(path).map_err(|e| db::unreadable(path, &e))?;
    let index = db::open(path, &bytes)?;
    let matches = match_catalog(&loaded.catalog, &index, now);
    let image = opened.image.digest().clone();
    let inputs = Inputs { name: opened.name.clone(), image, index: IndexInfo::of(&index), intent: None, now };
    Ok(images::vulnerabilities(&opened.name, &judge(&matches, &fail_on(Severity::High, false), &[], inputs)))
}

type Attached = (Vec<Digest>, Vec<bundles::Found>, Beside);

/// What is stored beside an image: in its registry, or in its layout. `None`: there is no such place.
fn attached(source: &str, opened: &OpenedImage, common: &Common, ui: &Ui) -> Result<Option<Attached>> {
    let own = opened.image.digest().clone();
    let Some(reference) = &opened.reference else {
        if !matches!(parse_source(source), Ok(SourceRef::OciDir { .. })) {
            return Ok(None);
        }
        let arg = SubjectArg { reference: source.to_owned(), resolve: true, meant: None };
        let subject = bundles::subject(&arg, common, &ui.silent())?;
        return Ok(Some((vec![own], subject.bundles()?, Beside::default())));
    };
    let client = net::client(common)?;
    // An index is signed as a whole, or each of its images is.
    let mut digests = vec![client.resolve(reference).map_err(net::failure)?.digest];
    if !digests.contains(&own) {
        digests.push(own);
    }
    let (mut found, mut beside) = (Vec::new(), Beside::default());
    for digest in &digests {
        found.extend(bundles::of_registry(&client, reference, digest)?);
        for entry in client.referrers(reference, digest).map_err(net::failure)? {
            let kind = entry.artifact_type.unwrap_or_default();
            if kind.contains("spdx") || kind.contains("cyclonedx") {
                beside.sboms.push(format!("referrer {} ({kind})", entry.digest));
            }
        }
        for end in ["sig", "att", "sbom"] {
            let tag = format!("{}-{}.{end}", digest.algorithm().name(), digest.hex());
            if exists(&client, &Reference { tag: Some(tag.clone()), digest: None, ..reference.clone() })? {
                let list = if end == "sbom" { &mut beside.sboms } else { &mut beside.legacy };
                list.push(tag);
            }
        }
    }
    Ok(Some((digests, found, beside)))
}

fn exists(client: &Client, reference: &Reference) -> Result<bool> {
    match client.resolve(reference) {
        Ok(_) => Ok(true),
        Err(RegistryError::NotFound { .. }) => Ok(false),
        Err(error) => Err(net::failure(error).into()),
    }
}
