//! Dart: `pubspec.lock`.

use super::{add, record};
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::outline;
use crate::{Ecosystem, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "dart",
    about: "lock files of Dart and Flutter",
    evidence: &[Evidence::Directory { glob: "**/pubspec.lock", limit: 16 * MIB }],
    purls: &["pub"],
    gives: &[Gives::Hashes],
    read,
    join: None,
};

/// Reads the lock file: under `packages:` one mapping for each, with `version`, `source` and `sha256`.
fn read(file: &File<'_>, out: &mut Facts) {
    let mut section = "";
    let mut open: Option<(u32, &str, Record, bool)> = None;
    let close = |open: Option<(u32, &str, Record, bool)>, out: &mut Facts| {
        let Some((line, name, found, is_sdk)) = open else { return };
        // The SDK's own parts are versioned 0.0.0 and come from no registry.
        if !is_sdk {
            let made = record(file, Ecosystem::Pub, name, &found.version);
            add(out, Some(line), made.map(|r| Record { hashes: found.hashes, properties: found.properties, ..r }));
        }
    };
    for line in outline::lines(file.bytes) {
        match line.indent {
            0 => {
                close(open.take(), out);
                section = line.key;
            }
            2 if section == "packages" => {
                close(open.take(), out);
                open = Some((line.number, line.key, Record::default(), false));
            }
            _ => {
                let Some((_, _, record, is_sdk)) = &mut open else { continue };
                match line.key {
                    "version" => record.version = line.value.to_owned(),
                    "sha256" => record.hashes = plain::hash(line.value).into_iter().collect(),
                    "source" => *is_sdk = line.value == "sdk",
                    _ => {}
                }
            }
        }
    }
    close(open, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file() {
        let sum = "a".repeat(64);
        let text = format!(
            "packages:\n  async:\n    dependency: transitive\n    description:\n      name: async\n      sha256: \"{sum}\"\n      url: \"https://pub.dev\"\n    source: hosted\n    version: \"2.11.0\"\n  flutter:\n    dependency: \"direct main\"\n    description: flutter\n    source: sdk\n    version: \"0.0.0\"\nsdks:\n  dart: \">=3.0.0 <4.0.0\"\n"
        );
        let out = super::super::read_all(read, 0, text.as_bytes());
        assert_eq!(out.records.len(), 1);
        assert_eq!((out.records[0].purl.as_str(), out.records[0].hashes.len()), ("pkg:pub/async@2.11.0", 1));
    }
}
