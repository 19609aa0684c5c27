//! Windows executables and libraries that no `deps.json` covers: the version resource that they carry.

use std::collections::BTreeSet;

use plimsoll_version::purl::Purl;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Format, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, link};

mod resource;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "pe",
    about: "version resources of Windows executables and .NET assemblies",
    evidence: &[Evidence::Executable { format: Format::Pe, limit: 128 * MIB }],
    purls: &["nuget", "generic"],
    gives: &[Gives::Supplier],
    read,
    join: Some(join),
};

fn read(file: &File<'_>, out: &mut Facts) {
    // One without a version resource says nothing of where it is from.
    let Some(found) = resource::read(file.bytes) else { return };
    let get =
        |key: &str| found.strings.iter().find(|(k, _)| k == key).and_then(|(_, v)| link::text(v.trim().as_bytes()));
    let Some(name) = name(&get) else { return };
    let version = version(&get, found.managed).unwrap_or_default();
    let kind = if found.managed { "nuget" } else { "generic" };
    let purl = Purl::new(kind, &name).map(|p| p.with_version(&version).to_string()).unwrap_or_default();
    out.records.push(Record {
        ecosystem: if found.managed { Ecosystem::Nuget } else { Ecosystem::Binary },
        name,
        version,
        purl,
        maintainer: get("CompanyName"),
        description: get("FileDescription"),
        ..Record::default()
    });
}

/// Most vendors put the product's name into its own field; Microsoft puts "Microsoft® .NET" there and the assembly's name
/// into the description.
fn name(get: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let has = |key: &str| get(key).is_some_and(|v| v.to_ascii_lowercase().contains("microsoft"));
    let order = if has("CompanyName") || has("ProductName") {
        ["FileDescription", "InternalName", "OriginalFilename", "ProductName"]
    } else {
        ["ProductName", "FileDescription", "InternalName", "OriginalFilename"]
    };
    let name = order.iter().find_map(|key| get(key))?;
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    // Where only the file's name is left, its extension is no part of the product's.
    let name = name.strip_suffix(".dll").or_else(|| name.strip_suffix(".exe")).unwrap_or(&name);
    (!name.is_empty() && name.len() <= 256).then(|| name.to_owned())
}

/// A .NET assembly's product version is its package's, with the commit behind a plus sign. Otherwise the more precise of
/// the product's and the file's.
fn version(get: &dyn Fn(&str) -> Option<String>, managed: bool) -> Option<String> {
    let product = get("ProductVersion").unwrap_or_default();
    let file = get("FileVersion").unwrap_or_default();
    if managed && let Some(version) = semantic(&product) {
        return Some(version.to_owned());
    }
    let (product, file) = (dotted(&product), dotted(&file));
    let real = |v: &String| v.bytes().any(|b| matches!(b, b'1'..=b'9'));
    let parts = |v: &String| v.split('.').count();
    match (product.filter(real), file.filter(real)) {
        (Some(product), Some(file)) => Some(if parts(&file) > parts(&product) { file } else { product }),
        (product, file) => product.or(file),
    }
}

/// `1.2.3`, `1.2.3-rc.1`, what stands behind a plus sign left out.
fn semantic(text: &str) -> Option<&str> {
    let bare = text.split('+').next()?.trim();
    let (core, pre) = bare.split_once('-').map_or((bare, None), |(core, pre)| (core, Some(pre)));
    let numbers: Vec<&str> = core.split('.').collect();
    let number = |n: &&str| !n.is_empty() && n.len() <= 9 && n.bytes().all(|b| b.is_ascii_digit());
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let well_formed = numbers.len() == 3 && numbers.iter().all(number) && core != "0.0.0";
    (well_formed && pre.is_none_or(|p| !p.is_empty() && p.bytes().all(legal))).then_some(bare)
}

/// The numbers that a version begins with: `4.6.26919.02 @BuiltBy: x` is `4.6.26919.02`. Old tools write `1, 2, 3, 4`.
fn dotted(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches(['v', 'V']).replace(", ", ".").replace(',', ".");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let version = text.get(..end)?.trim_matches('.');
    (!version.is_empty() && version.len() <= 64).then(|| version.to_owned())
}

/// Places what is called a library or program and is not the file of a package that is known better.
fn join(join: &mut Join<'_>) {
    let files = std::mem::take(&mut join.files);
    if files.is_empty() {
        return;
    }
    let claimed: BTreeSet<String> = join
        .placed
        .iter()
        .filter(|p| p.record.ecosystem == Ecosystem::Nuget)
        .flat_map(|p| p.evidence.iter().cloned())
        .collect();
    for (path, mut read) in files {
        let lower = path.to_ascii_lowercase();
        if claimed.contains(path) || !(lower.ends_with(".dll") || lower.ends_with(".exe")) {
            continue;
        }
        read.root.clear();
        join.place_all(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let of = |product: &str, file: &str, managed: bool| {
            let get = |key: &str| {
                Some(if key == "ProductVersion" { product } else { file }.to_owned()).filter(|v| !v.is_empty())
            };
            version(&get, managed)
        };
        for (product, file, managed, expected) in [
            ("6.0.0+4822e3c3aa", "6.0.21.52210", true, Some("6.0.0")),
            ("8.0.0-rc.1.23419.4+92959931", "8.0.23.41904", true, Some("8.0.0-rc.1.23419.4")),
            ("4.6.26919.02 @BuiltBy: dlab14", "4.6.26919.02", true, Some("4.6.26919.02")),
            ("13.0.1", "13.0.1.25517", false, Some("13.0.1.25517")),
            ("1, 2, 3, 4", "", false, Some("1.2.3.4")),
            ("0.0.0.0", "0.0.0.0", true, None),
            ("", "", true, None),
        ] {
            assert_eq!(of(product, file, managed).as_deref(), expected, "{product}");
        }
    }

    #[test]
    fn names() {
        let get = |key: &str| match key {
            "CompanyName" => Some("Microsoft Corporation".to_owned()),
            "ProductName" => Some("Microsoft® .NET".to_owned()),
            "FileDescription" => Some("System.Text.Json".to_owned()),
            _ => None,
        };
        assert_eq!(name(&get).as_deref(), Some("System.Text.Json"));
        let get = |key: &str| (key == "OriginalFilename").then(|| "a.dll".to_owned());
        assert_eq!(name(&get).as_deref(), Some("a"));
        assert_eq!(name(&|_| None), None);
    }
}
