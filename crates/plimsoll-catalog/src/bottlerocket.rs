//! Bottlerocket's inventory of what its image was built from.

use serde_json::Value;

use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "bottlerocket",
    about: "Bottlerocket's inventory",
    evidence: &[Evidence::Path { glob: "**/usr/share/bottlerocket/application-inventory.json", limit: 16 * MIB }],
    purls: &["generic"],
    gives: &[Gives::Supplier],
    read,
    join: None,
};

/// Reads the inventory.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let value: Value = match serde_json::from_slice(file.bytes) {
        Ok(value) => value,
        Err(error) => {
            return out.trouble(u32::try_from(error.line()).ok(), format!("is not JSON: {error}"));
        }
    };
    let Some(content) = value.get("Content").and_then(Value::as_array) else {
        return out.trouble(None, "has no list named Content");
    };
    for entry in content {
        match record(entry) {
            Some(record) => out.records.push(record),
            None => out.trouble(None, "an entry has no Name or no Version; left out"),
        }
    }
}

fn record(entry: &Value) -> Option<Record> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let version = plain::token(text("Version")?)?;
    let epoch = entry.get("Epoch").map(|e| e.to_string().trim_matches('"').to_owned());
    let epoch = epoch.filter(|e| e.parse::<u32>().is_ok_and(|e| e > 0)).map_or(String::new(), |e| format!("{e}:"));
    let release = text("Release").and_then(plain::token).map_or(String::new(), |r| format!("-{r}"));
    Some(Record {
        ecosystem: Ecosystem::Bottlerocket,
        name: plain::token(text("Name")?)?,
        version: format!("{epoch}{version}{release}"),
        arch: text("Architecture").and_then(plain::token).unwrap_or_default(),
        maintainer: text("Publisher").and_then(plain::line),
        description: text("Summary").and_then(plain::line),
        homepage: text("Url").and_then(plain::line),
        ..Record::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVENTORY: &[u8] = br#"{"Content":[{"Name":"glibc","Publisher":"Bottlerocket","Version":"2.38","Release":"1","Epoch":"1",
        "InstalledTime":"2024-05-01T00:00:00Z","ApplicationType":"Unspecified","Architecture":"x86_64","Url":"http://www.gnu.org/software/glibc/",
        "Summary":"The GNU libc libraries"},{"Name":"x"}]}"#;

    #[test]
    fn the_inventory() {
        let mut out = Facts::default();
        let file =
            |bytes| File { path: "/usr/share/bottlerocket/application-inventory.json", root: "", which: 0, bytes };
        read(&file(INVENTORY), &mut out);
        assert_eq!((out.records.len(), out.troubles.len()), (1, 1));
        assert_eq!(out.records[0].version, "1:2.38-1");
        for cut in 0..INVENTORY.len() {
            let mut out = Facts::default();
            read(&file(&INVENTORY[..cut]), &mut out);
            assert_eq!(out.troubles.len(), 1);
        }
    }
}
