//! Pages and schemas generated from the code they describe.

use std::fmt::Write as _;

use anyhow::Result;
use plimsoll_catalog::CATALOGERS;
use plimsoll_catalog::cataloger::{Cataloger, Evidence, Gives};

use crate::run::root;

/// Writes `docs/findings.md`, `docs/catalogers.md` and the published JSON Schemas.
pub(crate) fn lane() -> Result<()> {
    std::fs::create_dir_all(root().join("schemas"))?;
    std::fs::write(root().join("docs/findings.md"), findings_page())?;
    std::fs::write(root().join("docs/catalogers.md"), catalogers_page())?;
    std::fs::write(root().join("schemas/plimsoll.v1.schema.json"), plimsoll_intent::schema_json())?;
    Ok(())
}

/// The page of all codes, from the registry.
pub(crate) fn findings_page() -> String {
    let mut page = String::from(
        "# Findings\n\nEvery code plimsoll can print, generated from the registry by `cargo xtask schemas`. Codes are stable: one is never\n\
         given another meaning, and a retired one is not used again. `plimsoll explain CODE` prints the same text.\n",
    );
    let mut area = ' ';
    for rule in plimsoll_finding::rules() {
        let own = rule.code.as_str().as_bytes().get(3).map_or(' ', |b| char::from(*b));
        if own != area {
            area = own;
            let _ = write!(page, "\n## {}\n", area_title(area));
        }
        let _ = write!(
            page,
            "\n### {}\n\n`{}`, {}: {}.\n\n{}\n\nNext: {}\n",
            rule.code,
            rule.name,
            rule.level.name(),
            rule.title,
            rule.explanation,
            rule.help
        );
    }
    page
}

fn area_title(area: char) -> &'static str {
    match area {
        'A' => "Admission",
        'B' => "SBOM",
        'D' => "Decisions",
        'G' => "Gate",
        'H' => "Hardening",
        'M' => "Manifests",
        'R' => "Rubric",
        'S' => "Signing",
        _ => "Other",
    }
}

/// The page of all catalogers, from their list.
pub(crate) fn catalogers_page() -> String {
    let mut page = String::from(
        "# Catalogers\n\nWhat plimsoll reads to find packages, generated from the list of catalogers by `cargo xtask schemas`. In a\n\
         pattern `**/` stands for any directory, or none, so that root file systems inside the image are found too, and `*`\n\
         for anything inside one name. A file above its limit is not read, and the SBOM says so. Patterns marked as for\n\
         directories say what would be installed; they are read when a directory is scanned, never in an image.\n\n\
         | cataloger | reads | evidence | package URLs | says of a package besides name and version |\n\
         |---|---|---|---|---|\n",
    );
    for cataloger in CATALOGERS {
        let purls: Vec<String> = cataloger.purls.iter().map(|p| format!("`pkg:{p}`")).collect();
        let mut gives = cataloger.gives.to_vec();
        gives.sort_unstable();
        let gives: Vec<&str> = gives.into_iter().map(gives_title).collect();
        let row = [
            format!("`{}`", cataloger.name),
            cataloger.about.to_owned(),
            evidence(cataloger),
            purls.join(", "),
            gives.join(", "),
        ];
        // A bar would end the cell.
        let row: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(page, "| {} |", row.join(" | "));
    }
    page
}

/// A cataloger's patterns; those of one kind and limit stand together.
fn evidence(cataloger: &Cataloger) -> String {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for evidence in cataloger.evidence {
        let (pattern, kind) = match *evidence {
            Evidence::Path { glob, limit } => (format!("`{glob}`"), format!("to {}", size(limit))),
            Evidence::Directory { glob, limit } => {
                (format!("`{glob}`"), format!("only in directories, to {}", size(limit)))
            }
            Evidence::Head { glob, bytes } => (format!("`{glob}`"), format!("the first {}", size(bytes))),
            Evidence::Executable { format, limit } => {
                (format!("{} files", format.name()), format!("by their first bytes, to {}", size(limit)))
            }
        };
        match groups.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, patterns)) => patterns.push(pattern),
            None => groups.push((kind, vec![pattern])),
        }
    }
    if groups.is_empty() {
        return "names in the tree".to_owned();
    }
    let groups: Vec<String> = groups.iter().map(|(kind, p)| format!("{} ({kind})", p.join(", "))).collect();
    groups.join("; ")
}

fn size(bytes: u64) -> String {
    match bytes {
        b if b >= 1 << 30 && b.is_multiple_of(1 << 30) => format!("{} GiB", b >> 30),
        b if b >= 1 << 20 && b.is_multiple_of(1 << 20) => format!("{} MiB", b >> 20),
        b if b >= 1 << 10 && b.is_multiple_of(1 << 10) => format!("{} KiB", b >> 10),
        b => format!("{b} bytes"),
    }
}

fn gives_title(gives: Gives) -> &'static str {
    match gives {
        Gives::Licences => "licences",
        Gives::Dependencies => "dependencies",
        Gives::Files => "files",
        Gives::Hashes => "hashes",
        Gives::Supplier => "supplier",
    }
}
