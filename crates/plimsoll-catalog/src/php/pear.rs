//! PEAR's registry: one serialised record for each package.

use super::serialized::{self, Php};
use crate::facts::{Facts, Record};
use crate::{Ecosystem, fields, link};

/// Reads a record.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let Some(value) = serialized::read(bytes) else {
        return out.trouble(None, "not a record of PEAR's registry; nothing was read");
    };
    match record(&value) {
        Some(record) => out.records.push(record),
        None => out.trouble(None, "a record of PEAR's registry has no name or no version; left out"),
    }
}

fn record(value: &Php<'_>) -> Option<Record> {
    // Packages of the first format say `package` and a plain `version`.
    let name = value.member("name").or_else(|| value.member("package"))?;
    let name = link::token(name.as_bytes())?;
    let version = value.get("version")?;
    let version = version.text().or_else(|| version.member("release"))?;
    let version = link::token(version.as_bytes())?;
    let channel = value.member("channel").unwrap_or_else(|| "pear.php.net".into());
    let mut licenses = Vec::new();
    let declared = value.get("license").or_else(|| value.get("release_license"));
    if let Some(text) = declared.and_then(|l| l.text().or_else(|| l.member("_content"))) {
        fields::licence(&text, &mut licenses);
    }
    let people = ["lead", "developer", "maintainers"].iter().filter_map(|key| value.get(key));
    let maintainer = people.filter_map(person).next();
    let required = value.get("dependencies").and_then(|d| d.get("required")).and_then(|r| r.get("package"));
    let mut wants: Vec<Vec<String>> = Vec::new();
    if let Some(required) = required {
        // One package stands as it is, several in a list.
        let several = required.elements().iter().take(fields::MAX_ENTRIES).map(|(_, package)| package);
        wants.extend(std::iter::once(required).chain(several).filter_map(|p| p.member("name")).map(|n| vec![n]));
    }
    Some(Record {
        ecosystem: Ecosystem::Pear,
        purl: super::purl("pear", &channel, &name, &version),
        name,
        version,
        licenses,
        maintainer,
        description: value.member("summary"),
        homepage: Some(format!("https://{channel}")).filter(|_| link::name(channel.as_bytes()).is_some()),
        wants,
        properties: vec![("pear:channel".into(), channel)],
        ..Record::default()
    })
}

fn person(value: &Php<'_>) -> Option<String> {
    let one = value.get("0").unwrap_or(value);
    let name = one.member("name")?;
    Some(match one.member("email") {
        Some(mail) => format!("{name} <{mail}>"),
        None => name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record() {
        let text = b"a:7:{s:4:\"name\";s:11:\"Archive_Tar\";s:7:\"channel\";s:12:\"pear.php.net\";s:7:\"summary\";s:3:\"tar\";\
            s:4:\"lead\";a:1:{i:0;a:2:{s:4:\"name\";s:1:\"V\";s:5:\"email\";s:3:\"v@p\";}}s:7:\"version\";a:1:{s:7:\"release\";s:6:\"1.4.14\";}\
            s:7:\"license\";a:1:{s:8:\"_content\";s:3:\"MIT\";}s:12:\"dependencies\";a:1:{s:8:\"required\";a:1:{s:7:\"package\";a:1:{s:4:\"name\";s:4:\"PEAR\";}}}}";
        let mut out = Facts::default();
        read(text, &mut out);
        let record = &out.records[0];
        assert_eq!(record.purl, "pkg:pear/pear.php.net/Archive_Tar@1.4.14");
        assert_eq!((record.licenses[0].as_str(), record.maintainer.as_deref()), ("MIT", Some("V <v@p>")));
        assert_eq!(record.wants, [["PEAR"]]);
        read(b"a:0:{}", &mut out);
        read(b"x", &mut out);
        assert_eq!(out.troubles.len(), 2);
    }
}
