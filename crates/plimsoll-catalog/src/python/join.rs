//! Distributions put together from the files beside their metadata, with those that hold others and what they require.

use std::collections::{BTreeMap, BTreeSet};

use super::marker::Environment;
use super::name;
use super::requirement::Requirement;
use crate::assemble::{Join, Read};
use crate::{Ecosystem, Record, digest};

/// Directories of test suites.
const TESTS: &[&str] = &["test", "tests", "testing", "testdata", "test-data", "test_data", "fixtures"];

/// Extras that are followed of one distribution.
const MAX_EXTRAS: usize = 64;

/// A distribution's metadata directory (or file), and what was read in it.
#[derive(Default)]
struct Info<'t> {
    main: Option<Read<'t>>,
    record: Option<Read<'t>>,
    beside: Vec<Read<'t>>,
}

impl Info<'_> {
    fn noted(&self, kind: &str) -> &[String] {
        let all = self.main.iter().chain(&self.record).chain(&self.beside);
        all.map(|r| r.facts.noted(kind)).find(|n| !n.is_empty()).unwrap_or_default()
    }
}

/// A distribution that is listed.
struct Listed {
    index: usize,
    requires: Vec<Requirement>,
}

/// Places every distribution.
pub(super) fn join(join: &mut Join<'_>) {
    let (infos, links) = grouped(std::mem::take(&mut join.files));
    let held = held(&infos);
    let tops = tops(&infos);
    let mut listed: BTreeMap<&str, Listed> = BTreeMap::new();
    let mut holders: Vec<(&str, &str)> = Vec::new();
    for (dir, info) in &infos {
        let (site, entry) = site(dir);
        let inner = inner(site);
        let holder = held.get(dir).copied().or_else(|| {
            let (packages, below) = inner?;
            tops.get(&(packages, below.split('/').next()?)).copied()
        });
        if is_fixture(site) {
            continue;
        }
        let Some(evidence) = info.main.as_ref().or(info.record.as_ref()) else { continue };
        let Some(mut record) = record(info, entry) else { continue };
        if record.name.is_empty() {
            join.tell(evidence.path, None, "neither the metadata nor the directory states a name; left out");
            continue;
        }
        record.scope = site.to_owned();
        if (holder.is_some() && holder != Some(dir)) || inner.is_some() {
            record.properties.push(("python:vendored".to_owned(), site.to_owned()));
            holders.extend(holder.filter(|h| h != dir).map(|h| (*dir, h)));
        }
        record.properties.sort();
        let requires = info.noted("requires").iter().filter_map(|r| Requirement::parse(r)).collect();
        let index = join.place(record, "", evidence.path, evidence.node);
        listed.insert(dir, Listed { index, requires });
    }
    for (dir, holder) in holders {
        if let (Some(own), Some(holder)) = (listed.get(dir), listed.get(holder)) {
            join.placed[own.index].within = Some(holder.index);
        }
    }
    let developed = developed(join, &links, &listed);
    require(join, &listed, &developed);
}

/// The files by the directory or file that is a distribution's metadata, and the links of `setup.py develop`.
fn grouped<'t>(files: BTreeMap<&'t str, Read<'t>>) -> (BTreeMap<&'t str, Info<'t>>, Vec<Read<'t>>) {
    let (mut infos, mut links): (BTreeMap<&str, Info<'t>>, _) = (BTreeMap::new(), Vec::new());
    for (path, read) in files {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_egg = dir.ends_with(".egg-info") || dir.ends_with("/EGG-INFO");
        // What has the bytes of a metadata file under another name was read with it, and is none.
        match name {
            "METADATA" if dir.ends_with(".dist-info") => infos.entry(dir).or_default().main = Some(read),
            "PKG-INFO" if is_egg => infos.entry(dir).or_default().main = Some(read),
            "RECORD" if dir.ends_with(".dist-info") => infos.entry(dir).or_default().record = Some(read),
            "direct_url.json" | "INSTALLER" | "top_level.txt" | "requires.txt" | "installed-files.txt"
                if is_egg || dir.ends_with(".dist-info") =>
            {
                infos.entry(dir).or_default().beside.push(read);
            }
            _ if name.ends_with(".egg-link") => links.push(read),
            _ if name.ends_with(".egg-info") || name.ends_with(".egg") => {
                infos.entry(path).or_default().main = Some(read)
            }
            _ => {}
        }
    }
    (infos, links)
}

/// Where a metadata directory lies, and the name that tells the distribution's name and version.
fn site(dir: &str) -> (&str, &str) {
    let (site, entry) = dir.rsplit_once('/').unwrap_or(("", dir));
    if entry == "EGG-INFO" && site.ends_with(".egg") {
        return site.rsplit_once('/').unwrap_or(("", site));
    }
    (site, entry)
}

/// The directory of installed packages that a directory lies below, and the way down from it.
fn inner(site: &str) -> Option<(&str, &str)> {
    let at = ["/site-packages/", "/dist-packages/"].iter().filter_map(|p| Some(site.rfind(p)? + p.len())).max()?;
    Some((&site[..at - 1], &site[at..]))
}

/// Whether a directory lies in a test suite: that of an installed package, or Python's own.
fn is_fixture(site: &str) -> bool {
    if let Some((_, below)) = inner(site) {
        return below.split('/').any(|c| TESTS.contains(&c));
    }
    let mut components = site.split('/').skip_while(|c| !c.starts_with("python3") && !c.starts_with("python2"));
    components.next().is_some() && components.next() == Some("test")
}

/// Metadata that another distribution lists among its files, and that distribution.
fn held<'t>(infos: &BTreeMap<&'t str, Info<'t>>) -> BTreeMap<&'t str, &'t str> {
    let mut held = BTreeMap::new();
    for (dir, info) in infos {
        let site = dir.rsplit_once('/').map_or("", |(s, _)| s);
        for listed in info.noted("lists") {
            // `installed-files.txt` is relative to the directory that it lies in.
            let below = listed.strip_prefix("../").unwrap_or(listed);
            if below.split('/').any(|c| c == "..") {
                continue;
            }
            let path = if below.starts_with('/') { below.to_owned() } else { format!("{site}/{below}") };
            let other = path.strip_suffix("/METADATA").or_else(|| path.strip_suffix("/PKG-INFO")).unwrap_or(&path);
            if let Some((other, _)) = infos.get_key_value(other)
                && other != dir
            {
                held.insert(*other, *dir);
            }
        }
    }
    held
}

/// Which distribution of a directory has a top-level package.
fn tops<'i>(infos: &'i BTreeMap<&'i str, Info<'_>>) -> BTreeMap<(&'i str, &'i str), &'i str> {
    let mut tops = BTreeMap::new();
    for (dir, info) in infos {
        for top in info.noted("top") {
            tops.insert((site(dir).0, top.as_str()), *dir);
        }
    }
    tops
}

/// The record of a distribution, from its metadata and its directory's name. `None` for what pip itself takes for the
/// rest of an interrupted removal, and where only files lie that say nothing without metadata.
fn record(info: &Info<'_>, entry: &str) -> Option<Record> {
    if entry.starts_with(['~', '-']) {
        return None;
    }
    let stated = info.main.as_ref().and_then(|m| m.facts.records.first()).cloned();
    let mut record = stated.unwrap_or_default();
    record.ecosystem = Ecosystem::Pypi;
    if let Some((name, version)) = name::of_directory(entry) {
        if record.name.is_empty() {
            record.name = name;
        }
        if record.version.is_empty() {
            record.version = version;
        }
    }
    let mut tell = |name: &str, value: String| record.properties.push((name.to_owned(), value));
    if info.main.is_none() {
        tell("python:metadata", "absent".to_owned());
    }
    if let Some(installer) = info.noted("installer").first().and_then(|i| super::text(i)) {
        tell("python:installer", installer);
    }
    if let Some(url) = info.noted("editable").first() {
        tell("python:editable", url.trim_start_matches("file://").to_owned());
    }
    let origin = info.noted("vcs").first().cloned().unwrap_or_default();
    record.download = info.noted("url").first().cloned();
    record.hashes = info.noted("digest").iter().filter_map(|d| digest::named(d)).collect();
    record.purl = name::package_url(&record.name, &record.version, &origin);
    Some(record)
}

/// Distributions in their source trees that an `.egg-link` puts into a directory of installed packages: that directory
/// and the metadata's.
fn developed<'l>(
    join: &mut Join<'_>,
    links: &'l [Read<'_>],
    listed: &BTreeMap<&'l str, Listed>,
) -> Vec<(&'l str, &'l str)> {
    let mut trees: BTreeMap<&str, Vec<&'l str>> = BTreeMap::new();
    for dir in listed.keys() {
        trees.entry(site(dir).0).or_default().push(dir);
    }
    let mut developed = Vec::new();
    for link in links {
        let Some(target) = link.facts.noted("link").first() else { continue };
        let (site, name) = link.path.rsplit_once('/').unwrap_or(("", link.path));
        let wanted = name.strip_suffix(".egg-link").and_then(name::normal);
        for dir in trees.get(target.trim_end_matches('/')).into_iter().flatten() {
            let Some(own) = listed.get(dir) else { continue };
            let placed = &mut join.placed[own.index];
            if wanted.as_deref().is_some_and(|w| w == placed.record.name) {
                placed.evidence.push(link.path.to_owned());
                placed.record.properties.push(("python:editable".to_owned(), target.clone()));
                placed.record.properties.sort();
                developed.push((site, *dir));
            }
        }
    }
    developed
}

/// Follows requirements to what is installed in the same place, and extras that are asked for to what they ask for.
fn require(join: &mut Join<'_>, listed: &BTreeMap<&str, Listed>, developed: &[(&str, &str)]) {
    let mut installed: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let names: Vec<String> = join.placed.iter().map(|p| p.record.name.clone()).collect();
    let mut places: Vec<(&str, &Listed)> = listed.iter().map(|(dir, l)| (site(dir).0, l)).collect();
    for (at, dir) in developed {
        // Its requirements are installed where the link is, not in the source tree.
        if let Some(own) = listed.get(dir) {
            places.push((at, own));
        }
    }
    for (position, (site, own)) in places.iter().enumerate() {
        if let Some(name) = names.get(own.index) {
            installed.insert((site, name), position);
        }
    }
    let paths: Vec<Vec<String>> = places.iter().map(|(site, _)| search_path(site)).collect();
    let environments: Vec<Environment> = places.iter().map(|(site, _)| environment(join, site)).collect();
    let mut asked: Vec<BTreeSet<String>> = vec![BTreeSet::new(); places.len()];
    let mut work: Vec<(usize, String)> = (0..places.len()).map(|p| (p, String::new())).collect();
    while let Some((position, extra)) = work.pop() {
        let own = places[position].1;
        for required in &own.requires {
            // What holds without the extra was followed when none was asked for.
            if !required.holds(&environments[position], [extra.as_str()]) {
                continue;
            }
            let found = paths[position].iter().find_map(|s| installed.get(&(s.as_str(), required.name.as_str())));
            let Some(&found) = found else { continue };
            let target = places[found].1.index;
            if target != own.index && !join.placed[own.index].needs.contains(&target) {
                join.placed[own.index].needs.push(target);
            }
            for extra in &required.extras {
                if asked[found].len() < MAX_EXTRAS && asked[found].insert(extra.clone()) {
                    work.push((found, extra.clone()));
                }
            }
        }
    }
}

/// The directories that an interpreter with packages in `site` looks into, nearest first.
fn search_path(site: &str) -> Vec<String> {
    let mut path = vec![site.to_owned()];
    let Some((prefix, rest)) = site.rsplit_once("/lib").filter(|(_, r)| r.contains("/python")) else { return path };
    let (Some((bits, below)), true) = (rest.split_once('/'), inner(site).is_none()) else { return path };
    let below = below.to_owned();
    let other = if bits.is_empty() { "64" } else { "" };
    path.push(format!("{prefix}/lib{other}/{below}"));
    // Packages of a user and those beside the distribution's see what the distribution installed.
    let base = prefix.strip_suffix("/usr/local").or_else(|| prefix.strip_suffix("/usr"));
    let base = if prefix.ends_with("/.local") { Some("") } else { base };
    if let Some(base) = base {
        for prefix in ["/usr/local", "/usr"] {
            for lib in ["lib", "lib64"] {
                path.push(format!("{base}{prefix}/{lib}/{below}"));
            }
        }
        path.push(format!("{base}/usr/lib/python3/dist-packages"));
    }
    path
}

/// The interpreter that a directory belongs to, by its path: `lib/python3.11/site-packages`.
fn environment(join: &Join<'_>, site: &str) -> Environment {
    let number = |component: &str| {
        let (major, minor) = component.strip_prefix("python").or(component.strip_prefix("pypy"))?.split_once('.')?;
        Some((major.parse().ok()?, minor.trim_end_matches('t').parse().ok()?))
    };
    let unix = site.contains("/lib/python") || site.contains("/lib64/python") || site.contains("/lib/pypy");
    let mut python = site.rsplit('/').find_map(number);
    if python.is_none()
        && let Some(base) = site.strip_suffix("/lib/python3/dist-packages")
        && let Some(real) = join.tree.resolve(&format!("{base}/bin/python3"))
    {
        python = real.rsplit('/').next().and_then(number);
    }
    Environment { python, unix }
}
