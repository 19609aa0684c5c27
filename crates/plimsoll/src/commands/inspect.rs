//! `plimsoll inspect`.

use anyhow::Result;
use plimsoll_harden::{Inspection, inspect};
use plimsoll_oci::Image as _;
use plimsoll_report::size_text;
use serde_json::json;

use crate::args::{Common, Inspect};
use crate::exit::Exit;
use crate::open::{self, LoadedImage, Need, OpenedImage};
use crate::output::{OutputSpec, pretty};
use crate::ui::Ui;

/// Packages listed by size.
const LARGEST: usize = 10;

/// Runs the command.
pub(crate) fn run(args: &Inspect, common: &Common, ui: &Ui) -> Result<Exit> {
    let specs = OutputSpec::parse_all(&args.output, &["text", "json"])?;
    let opened = open::image(&args.image, common, ui)?;
    let loaded = open::load_image(&opened.image, Need::Inspection, ui)?;
    let facts = inspect(&loaded.tree, &*loaded.contents, opened.image.config(), &loaded.catalog)?;
    for spec in specs {
        let bytes = match spec.format.as_str() {
            "json" => pretty(&json_of(&opened, &loaded, &facts)),
            _ => text_of(&opened, &loaded, &facts, ui).into_bytes(),
        };
        spec.write(&bytes)?;
    }
    Ok(Exit::Ok)
}

fn text_of(opened: &OpenedImage, loaded: &LoadedImage, facts: &Inspection, ui: &Ui) -> String {
    let config = opened.image.config();
    let root = if facts.runs_as_root { "root" } else { "not root" };
    let user = if facts.user.is_empty() { "(none)" } else { &facts.user };
    let distro = loaded.catalog.distro.as_ref().map_or_else(
        || "unknown".to_owned(),
        |d| d.pretty_name.clone().unwrap_or_else(|| format!("{} {}", d.id, d.version_id)),
    );
    let mut rows = vec![
        vec!["digest".into(), opened.image.digest().to_string()],
        vec!["platform".into(), config.platform.to_string()],
        vec!["distribution".into(), distro],
        vec!["user".into(), format!("{user} ({root})")],
        vec!["command".into(), config.container.argv().join(" ")],
        vec!["ports".into(), config.container.exposed_ports.join(" ")],
        vec!["size".into(), format!("{} in {} paths", size_text(facts.size), loaded.tree.len())],
        vec!["packages".into(), loaded.catalog.packages.len().to_string()],
    ];
    for (name, paths) in lists(facts) {
        rows.push(vec![name.to_owned(), summary(paths)]);
    }
    let mut text = plimsoll_report::table(&rows);
    text.push_str(&format!("\n{}\n", ui.out.bold("layers, base first")));
    let layers = opened.image.layers().iter().enumerate().map(|(index, layer)| {
        let size = u32::try_from(index).ok().and_then(|i| facts.size_by_layer.get(&i)).copied().unwrap_or(0);
        let by = layer.created_by.clone().unwrap_or_default();
        let by: String = by.chars().take(60).collect();
        vec![index.to_string(), size_text(size), layer.diff_id.short().to_owned(), by]
    });
    text.push_str(&plimsoll_report::table(&layers.collect::<Vec<_>>()));
    text.push_str(&format!("\n{}\n", ui.out.bold("largest packages")));
    let largest = facts.size_by_package.iter().take(LARGEST).map(|(name, size)| vec![size_text(*size), name.clone()]);
    let rest = [vec![size_text(facts.size_unowned), "(owned by no package)".to_owned()]];
    text.push_str(&plimsoll_report::table(&largest.chain(rest).collect::<Vec<_>>()));
    text
}

fn lists(facts: &Inspection) -> [(&'static str, &[String]); 7] {
    [
        ("shells", &facts.files.shells),
        ("package managers", &facts.files.package_managers),
        ("other tools", &facts.files.tools),
        ("setuid or setgid", &facts.files.setuid),
        ("file capabilities", &facts.files.capabilities),
        ("world-writable", &facts.files.world_writable),
        ("writable by service", &facts.writable),
    ]
}

fn summary(paths: &[String]) -> String {
    match paths {
        [] => "none".to_owned(),
        few if few.len() <= 4 => few.join(" "),
        many => format!("{} and {} more", many[..4].join(" "), many.len() - 4),
    }
}

fn json_of(opened: &OpenedImage, loaded: &LoadedImage, facts: &Inspection) -> serde_json::Value {
    let config = opened.image.config();
    let mut paths = serde_json::Map::new();
    for (name, list) in lists(facts) {
        paths.insert(name.replace([' ', '-'], "_"), list.into());
    }
    json!({
        "schemaVersion": plimsoll_report::SCHEMA_VERSION,
        "name": opened.name,
        "digest": opened.image.digest().to_string(),
        "platform": config.platform.to_string(),
        "distribution": loaded.catalog.distro.as_ref().map(|d| json!({"id": d.id, "version": d.version_id})),
        "user": facts.user,
        "runsAsRoot": facts.runs_as_root,
        "command": config.container.argv(),
        "environment": config.container.env,
        "exposedPorts": config.container.exposed_ports,
        "accounts": facts.accounts.iter().map(|a| json!({"name": a.name, "uid": a.uid, "gid": a.gid, "shell": a.shell})).collect::<Vec<_>>(),
        "sizeBytes": facts.size,
        "paths": loaded.tree.len(),
        "packages": loaded.catalog.packages.len(),
        "found": paths,
        "layers": opened.image.layers().iter().enumerate().map(|(i, l)| json!({
            "digest": l.descriptor.digest.to_string(),
            "diffId": l.diff_id.to_string(),
            "storedBytes": l.descriptor.size,
            "keptBytes": u32::try_from(i).ok().and_then(|i| facts.size_by_layer.get(&i)).copied().unwrap_or(0),
            "createdBy": l.created_by,
        })).collect::<Vec<_>>(),
        "packageBytes": facts.size_by_package.iter().map(|(n, s)| json!({"name": n, "bytes": s})).collect::<Vec<_>>(),
        "unownedBytes": facts.size_unowned,
    })
}
