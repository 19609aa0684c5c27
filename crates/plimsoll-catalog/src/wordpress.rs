//! WordPress plugins: the header in a comment at the beginning of their main file.

use plimsoll_version::purl::Purl;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, fields, link};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "wordpress",
    about: "WordPress plugins",
    evidence: &[
        Evidence::Path { glob: "**/wp-content/plugins/*/*.php", limit: 16 * MIB },
        Evidence::Path { glob: "**/wp-content/plugins/*.php", limit: 16 * MIB },
    ],
    purls: &["wordpress-plugin"],
    gives: &[Gives::Licences, Gives::Supplier],
    read,
    join: Some(join),
};

/// As many bytes as WordPress itself reads for the header.
const HEADER: usize = 8192;

/// Reads the header; a file without a plugin's name is a part of some plugin.
fn read(file: &File<'_>, out: &mut Facts) {
    let text = String::from_utf8_lossy(file.bytes.get(..file.bytes.len().min(HEADER)).unwrap_or_default());
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let line = line.trim_start_matches([' ', '\t', '/', '*', '#', '@']);
            let line = line.strip_prefix("<?php").unwrap_or(line).trim_start_matches([' ', '\t', '/', '*', '#', '@']);
            let (key, value) = line.split_once(':')?;
            let value = value.split("*/").next().and_then(|v| v.split("?>").next()).unwrap_or_default();
            key.trim().eq_ignore_ascii_case(name).then(|| link::text(value.trim().as_bytes())).flatten()
        })
    };
    let Some(title) = field("Plugin Name") else { return };
    let mut licenses = Vec::new();
    if let Some(licence) = field("License") {
        fields::licence(&licence, &mut licenses);
    }
    out.records.push(Record {
        ecosystem: Ecosystem::Wordpress,
        version: field("Version").and_then(|v| link::token(v.as_bytes())).unwrap_or_default(),
        licenses,
        maintainer: field("Author"),
        description: field("Description"),
        homepage: field("Plugin URI").filter(|u| u.contains("://")),
        properties: vec![("wordpress:title".into(), title)],
        ..Record::default()
    });
}

/// A plugin is known by its directory, as in WordPress's own register; one without a directory by its file.
fn join(join: &mut Join<'_>) {
    for (path, read) in std::mem::take(&mut join.files) {
        let below = path.rsplit_once("/wp-content/plugins/").map_or("", |(_, below)| below);
        let name = below.split_once('/').map_or(below.trim_end_matches(".php"), |(dir, _)| dir);
        let Some(name) = link::token(name.as_bytes()) else {
            join.tell(path, None, "the plugin's directory is not a name; left out");
            continue;
        };
        for mut record in read.facts.records {
            let purl = Purl::new("wordpress-plugin", &name).map(|p| p.with_version(&record.version).to_string());
            record.purl = purl.unwrap_or_default();
            record.name.clone_from(&name);
            join.place(record, "", path, read.node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &[u8]) -> Facts {
        let mut out = Facts::default();
        read(&File { path: "/x", root: "", which: 0, bytes: text }, &mut out);
        out
    }

    #[test]
    fn headers() {
        let out = parsed(
            b"<?php\n/**\n * @package Akismet\n */\n/*\nPlugin Name: Akismet: Spam\nPlugin URI: https://akismet.com/\n\
            Description: Used\nVersion: 5.0.1\nAuthor: Automattic\nLicense: GPLv2 or later\n*/\n",
        );
        let record = &out.records[0];
        assert_eq!((record.version.as_str(), record.maintainer.as_deref()), ("5.0.1", Some("Automattic")));
        assert_eq!(record.properties[0].1, "Akismet: Spam");
        let out = parsed(b"<?php /* Plugin Name: A */ // Version: 2\n");
        assert_eq!(out.records[0].properties[0].1, "A");
        assert!(parsed(b"<?php\n// Version: 1\n").is_empty());
        assert!(parsed(b"\xff\xfe").is_empty());
    }
}
