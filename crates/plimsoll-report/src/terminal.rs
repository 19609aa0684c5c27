//! Findings as people read them.

use std::fmt::Write as _;

use plimsoll_finding::{Finding, Level, Location};

use crate::Style;

/// One finding: what, where, the evidence, the next command.
pub fn finding_text(finding: &Finding, style: Style) -> String {
    let head = format!("{}[{}]", finding.level.name(), finding.code);
    let head = match finding.level {
        Level::Error => style.red(&head),
        Level::Warning => style.yellow(&head),
        Level::Note => style.bold(&head),
    };
    let mut text = format!("{head}: {}\n", safe(&finding.message));
    if finding.location != Location::Run {
        let _ = writeln!(text, "  {} {}", style.dim("at"), style.cyan(&safe(&finding.location.to_string())));
    }
    for fact in &finding.evidence {
        let _ = writeln!(text, "  {} {}", style.dim("="), safe(fact));
    }
    let _ = writeln!(text, "  {} {}", style.cyan("hint:"), safe(finding.next_step()));
    text
}

/// Findings, gravest first, a blank line between.
pub fn findings_text(findings: &[Finding], style: Style) -> String {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|f| std::cmp::Reverse(f.level));
    sorted.iter().map(|f| finding_text(f, style)).collect::<Vec<_>>().join("\n")
}

/// Columns aligned by the widest cell, two spaces apart; the last column is not padded.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let cell = safe(cell);
            let pad = widths[column].saturating_sub(cell.chars().count()) + 2;
            let pad = if column + 1 == row.len() { 0 } else { pad };
            let _ = write!(line, "{cell}{}", " ".repeat(pad));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A size for people: `12.7 MB`.
pub fn size_text(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Text of an image or manifest with control characters made visible, so that it cannot drive the terminal.
fn safe(text: &str) -> String {
    if text.chars().all(|c| !c.is_control()) {
        return text.to_owned();
    }
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_what_where_why_and_what_next() {
        let at = Location::Object { object: "Pod/shop/web".into(), field: "spec.containers[0].image".into() };
        let finding = Finding::new(plimsoll_finding::admission::UNSIGNED, at, "image web is not signed")
            .with_evidence("0 bundles refer to sha256:12")
            .with_hint("plimsoll sign web");
        let text = finding_text(&finding, Style::PLAIN);
        assert_eq!(
            text,
            "error[PL-A001]: image web is not signed\n  at Pod/shop/web spec.containers[0].image\n  = 0 bundles refer to \
             sha256:12\n  hint: plimsoll sign web\n"
        );
    }

    #[test]
    fn hostile_text_cannot_drive_the_terminal() {
        let finding = Finding::new(plimsoll_finding::admission::UNSIGNED, Location::Run, "x\x1b[2Jy\nz");
        let text = finding_text(&finding, Style::PLAIN);
        assert!(!text.contains('\x1b') && text.starts_with("error[PL-A001]: x\\u{1b}[2Jy\\nz\n"), "{text}");
    }

    #[test]
    fn sizes_and_tables() {
        assert_eq!(
            [size_text(999), size_text(1000), size_text(999_950), size_text(68_900_000)],
            ["999 B", "1.0 kB", "1.0 MB", "68.9 MB"]
        );
        assert_eq!(table(&[vec!["a".into(), "bb".into()], vec!["ccc".into(), "d".into()]]), "a    bb\nccc  d\n");
    }
}
