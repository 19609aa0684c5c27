//! LuaRocks: rockspecs, which are Lua programs that only set variables.

mod table;

use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, plain};
use table::Value;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "lua",
    about: "rocks of LuaRocks",
    // The first that fits is taken: in a directory every rockspec, in an image those in a tree of rocks.
    evidence: &[
        Evidence::Directory { glob: "**/*.rockspec", limit: MIB },
        Evidence::Path { glob: "**/*.rockspec", limit: MIB },
    ],
    purls: &["luarocks"],
    gives: &[Gives::Licences, Gives::Dependencies],
    read,
    join: Some(plain::join),
};

const INSTALLED: usize = 1;

/// Reads a rockspec.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let variables = table::variables(file.bytes);
    let text = |name: &str| variables.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.text());
    let (name, version) = (text("package"), text("version"));
    let (Some(name), Some(version)) = (name.and_then(plain::token), version.and_then(plain::token)) else {
        return out.trouble(None, "the rockspec sets no package or no version that can be read; left out");
    };
    // An installed rock lies at `NAME/VERSION/`; sources that came along with something do not.
    if file.which == INSTALLED && !file.dir().to_lowercase().ends_with(&format!("/{name}/{version}").to_lowercase()) {
        return;
    }
    let table = |name: &str| variables.iter().find(|(n, _)| n == name).map(|(_, v)| v);
    let described = |key: &str| table("description").and_then(|d| d.get(key)).and_then(Value::text);
    let depends = table("dependencies").map(Value::items).unwrap_or_default();
    let wants = depends.iter().filter_map(|d| d.text()).map(|d| plain::before(d, &['<', '>', '=', '~']).to_lowercase());
    out.records.push(Record {
        ecosystem: Ecosystem::Luarocks,
        purl: plain::purl("luarocks", "", &name, &version),
        licenses: described("license").map(plain::licenses).unwrap_or_default(),
        description: described("summary").and_then(plain::line),
        homepage: described("homepage").and_then(plain::line),
        maintainer: described("maintainer").and_then(plain::line),
        download: table("source").and_then(|s| s.get("url")).and_then(Value::text).and_then(plain::line),
        wants: wants.filter(|w| !w.is_empty() && w != "lua").map(|w| vec![w]).collect(),
        provides: vec![name.to_lowercase()],
        name,
        version,
        ..Record::default()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &[u8] = b"local _V = \"2.1.0\"\npackage = \"lua-cjson\"\nversion = _V .. \"-1\" -- comment\nsource = {\n  url = 'https://example.org/x.zip',\n}\n\
        description = {\n  summary = \"A fast JSON\",\n  detailed = [[ a ]] ,\n  homepage = \"http://www.kyne.com.au\",\n  license = \"MIT/X11\"\n}\ndependencies = {\n  \"lua >= 5.1\", \"lpeg ~> 1\",\n}\nbuild = { type = \"builtin\", modules = { cjson = { sources = { \"a.c\" } } } }\n";

    fn facts(path: &str, which: usize, bytes: &[u8]) -> Facts {
        let mut out = Facts::default();
        read(&File { path, root: "", which, bytes }, &mut out);
        out
    }

    #[test]
    fn an_installed_rock() {
        let path = "/usr/local/lib/luarocks/rocks-5.1/lua-cjson/2.1.0-1/lua-cjson-2.1.0-1.rockspec";
        let out = facts(path, 1, SPEC);
        let record = &out.records[0];
        assert_eq!(record.purl, "pkg:luarocks/lua-cjson@2.1.0-1");
        assert_eq!(record.licenses, ["MIT"]);
        assert_eq!(record.wants, [vec!["lpeg"]]);
        assert_eq!(record.download.as_deref(), Some("https://example.org/x.zip"));
        assert!(facts("/src/lua-cjson-2.1.0-1.rockspec", 1, SPEC).is_empty(), "sources are not installed");
        assert_eq!(facts("/src/lua-cjson-2.1.0-1.rockspec", 0, SPEC).records.len(), 1);
        for cut in 0..SPEC.len() {
            facts(path, 0, &SPEC[..cut]);
        }
    }
}
