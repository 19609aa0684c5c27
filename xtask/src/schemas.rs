//! Pages and schemas generated from the code they describe.

use std::fmt::Write as _;

use anyhow::Result;

use crate::run::root;

/// Writes `docs/findings.md` and the published JSON Schemas.
pub(crate) fn lane() -> Result<()> {
    std::fs::create_dir_all(root().join("schemas"))?;
    std::fs::write(root().join("docs/findings.md"), findings_page())?;
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
