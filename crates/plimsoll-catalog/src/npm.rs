//! npm: packages installed in `node_modules` and in Debian's `/usr/share/nodejs`, and the lock files of npm, Yarn, pnpm, Bun
//! and Deno.
//!
//! A `package.json` is evidence of an installed package only where Node.js would load a package from: directly in a modules
//! directory whose own holder is an application or an installed package. Everything else of that name is a fixture of
//! tests, a second build of the same package, or a stub that says how files are to be read. [`install`] decides that.

use plimsoll_version::purl::Purl;

use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File};

mod denolock;
mod install;
mod lock;
mod manifest;
mod paths;
mod pnpm;
mod yaml;
mod yarn;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "npm",
    about: "npm packages: installed ones, and lock files of npm, Yarn, pnpm, Bun and Deno in directories",
    evidence: &[
        Evidence::Path { glob: "**/package.json", limit: 4 * MIB },
        Evidence::Path { glob: "**/node_modules/.package-lock.json", limit: 32 * MIB },
        Evidence::Path { glob: "**/node_modules/.pnpm/lock.yaml", limit: 32 * MIB },
        Evidence::Directory { glob: "**/package-lock.json", limit: 32 * MIB },
        Evidence::Directory { glob: "**/npm-shrinkwrap.json", limit: 32 * MIB },
        Evidence::Directory { glob: "**/yarn.lock", limit: 32 * MIB },
        Evidence::Directory { glob: "**/pnpm-lock.yaml", limit: 32 * MIB },
        Evidence::Directory { glob: "**/bun.lock", limit: 32 * MIB },
        Evidence::Directory { glob: "**/deno.lock", limit: 32 * MIB },
    ],
    purls: &["npm"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Hashes, Gives::Supplier],
    read,
    join: Some(install::join),
};

fn read(file: &File<'_>, out: &mut Facts) {
    match file.name() {
        "package.json" => manifest::read(file.bytes, out),
        ".package-lock.json" => lock::hidden(file.bytes, out),
        "lock.yaml" => pnpm::hidden(file.bytes, out),
        "yarn.lock" => yarn::read(file.bytes, out),
        "pnpm-lock.yaml" => pnpm::read(file.bytes, out),
        "bun.lock" => denolock::bun(file.bytes, out),
        "deno.lock" => denolock::deno(file.bytes, out),
        _ => lock::read(file.bytes, out),
    }
}

/// Whether a text can be a package's name: `name` or `@scope/name`, as much as old packages and Node.js allow.
pub(crate) fn is_name(name: &str) -> bool {
    let part = |p: &str| {
        !p.is_empty()
            && !p.starts_with(['.', '@'])
            && p.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"/\\:?#%<>\"|*".contains(c))
    };
    name.len() <= 214
        && match name.strip_prefix('@').and_then(|n| n.split_once('/')) {
            Some((scope, name)) => part(scope) && part(name),
            None => part(name),
        }
}

/// A version as npm cleans it: `v1.0.0` and `=1.0.0` are `1.0.0`.
pub(crate) fn version(text: &str) -> Option<String> {
    let bare = text.trim().trim_start_matches(['v', '=']).trim_start();
    let text = if bare.starts_with(|c: char| c.is_ascii_digit()) { bare } else { text.trim() };
    crate::link::token(text.as_bytes())
}

/// `pkg:npm/%40scope/name@version`.
pub(crate) fn purl(name: &str, version: &str) -> String {
    let (scope, bare) = match name.split_once('/') {
        Some((scope, bare)) if scope.starts_with('@') => (scope, bare),
        _ => ("", name),
    };
    let purl = Purl::new("npm", bare).map(|p| p.with_namespace(scope).with_version(version));
    purl.map(|p| p.to_string()).unwrap_or_default()
}

/// Name and what follows the `@` behind it: `@scope/name@1.0.0`.
pub(crate) fn split_at(text: &str) -> Option<(&str, &str)> {
    let at = text.get(1..)?.find('@')? + 1;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
