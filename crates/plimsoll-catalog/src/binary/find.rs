//! How a version is found in a program's bytes.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Input, Span};

use super::Row;
use crate::facts::File;
use crate::go;

/// One way to find a version. The first of a row that gives one is taken.
pub(crate) enum Find {
    /// Near a text: the pattern is tried around each place where the text stands.
    Near { text: &'static str, pattern: &'static str },
    /// A number that stands alone between zeros, and is the only one that fits.
    Alone { pattern: &'static str, fits: fn(&File<'_>, &str) -> bool },
    /// In the file's own name.
    Name { pattern: &'static str },
    /// A Go program by its main module.
    Module { path: &'static str },
    /// A Go program by its main package, whose version is that of Go.
    Toolchain { package: &'static str },
}

pub(crate) const fn near(text: &'static str, pattern: &'static str) -> Find {
    Find::Near { text, pattern }
}

pub(crate) const fn alone(pattern: &'static str, fits: fn(&File<'_>, &str) -> bool) -> Find {
    Find::Alone { pattern, fits }
}

pub(crate) const fn name(pattern: &'static str) -> Find {
    Find::Name { pattern }
}

pub(crate) const fn module(path: &'static str) -> Find {
    Find::Module { path }
}

/// How far around a text its version may stand.
const BEFORE: usize = 96;
const AFTER: usize = 192;
/// Distinct numbers beyond which a search is given up, and places of a text that are tried.
const MAX_CANDIDATES: usize = 64;
const MAX_PLACES: usize = 100_000;

/// What the ways of one row are compiled to.
struct Compiled {
    texts: Option<AhoCorasick>,
    patterns: Vec<Option<Regex>>,
}

/// Rows that were met, by their address. There are about a hundred, and most files meet none.
static COMPILED: Mutex<Vec<(usize, &'static Compiled)>> = Mutex::new(Vec::new());

fn compiled(row: &'static Row) -> &'static Compiled {
    let key = std::ptr::from_ref(row).addr();
    let mut all = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, known)) = all.iter().find(|(k, _)| *k == key) {
        return known;
    }
    let texts: Vec<&str> =
        row.find.iter().filter_map(|f| if let Find::Near { text, .. } = f { Some(*text) } else { None }).collect();
    let compiled: &'static Compiled = Box::leak(Box::new(Compiled {
        texts: (!texts.is_empty()).then(|| AhoCorasick::new(&texts).ok()).flatten(),
        patterns: row.find.iter().map(pattern).collect(),
    }));
    all.push((key, compiled));
    compiled
}

pub(crate) fn pattern(find: &Find) -> Option<Regex> {
    let (Find::Near { pattern, .. } | Find::Alone { pattern, .. } | Find::Name { pattern }) = find else { return None };
    Regex::builder().syntax(syntax::Config::new().utf8(false).unicode(false)).build(pattern).ok()
}

/// The version of the program that `row` describes, if `file` states it.
pub(crate) fn version(row: &'static Row, file: &File<'_>) -> Option<String> {
    let compiled = compiled(row);
    let mut near = near_texts(row, compiled, file.bytes).into_iter();
    row.find.iter().zip(&compiled.patterns).find_map(|(find, pattern)| match (find, pattern) {
        (Find::Near { .. }, _) => near.next().flatten(),
        (Find::Alone { fits, .. }, Some(pattern)) => only(pattern, file, *fits),
        (Find::Name { .. }, Some(pattern)) => first(pattern, file.name().as_bytes()),
        (Find::Module { path }, _) => {
            let (of, _, version) = go::program(file.bytes)?;
            let major = of.strip_prefix(path)?;
            let same =
                major.is_empty() || major.strip_prefix("/v").is_some_and(|m| m.bytes().all(|b| b.is_ascii_digit()));
            let version = version.strip_prefix('v').unwrap_or(&version);
            (same && !version.is_empty() && !version.starts_with("0.0.0-")).then(|| version.to_owned())
        }
        (Find::Toolchain { package }, _) => {
            let (_, of, _) = go::program(file.bytes)?;
            if of != *package {
                return None;
            }
            go::release(file.bytes)
        }
        _ => None,
    })
}

/// In one pass over the file, the version near each of the row's texts.
fn near_texts(row: &Row, compiled: &Compiled, bytes: &[u8]) -> Vec<Option<String>> {
    let Some(texts) = &compiled.texts else { return Vec::new() };
    let patterns: Vec<&Regex> = row
        .find
        .iter()
        .zip(&compiled.patterns)
        .filter(|(f, _)| matches!(f, Find::Near { .. }))
        .filter_map(|(_, p)| p.as_ref())
        .collect();
    let mut found: Vec<Option<String>> = vec![None; patterns.len()];
    for place in texts.find_overlapping_iter(bytes).take(MAX_PLACES) {
        let which = place.pattern().as_usize();
        let (Some(pattern), Some(None)) = (patterns.get(which), found.get(which)) else { continue };
        let window = bytes.get(place.start().saturating_sub(BEFORE)..bytes.len().min(place.end() + AFTER));
        if let (Some(version), Some(slot)) = (first(pattern, window.unwrap_or_default()), found.get_mut(which)) {
            *slot = Some(version);
            if which == 0 {
                break;
            }
        }
    }
    found
}

fn first(pattern: &Regex, bytes: &[u8]) -> Option<String> {
    let mut captures = pattern.create_captures();
    pattern.captures(bytes, &mut captures);
    text(captures.get_group(1)?, bytes)
}

fn text(span: Span, bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes.get(span.range())?).ok().map(str::to_owned)
}

/// The only candidate that fits; none where several do.
fn only(pattern: &Regex, file: &File<'_>, fits: fn(&File<'_>, &str) -> bool) -> Option<String> {
    let mut captures = pattern.create_captures();
    let mut candidates: BTreeSet<String> = BTreeSet::new();
    let mut from = 0;
    while let Some(rest) = file.bytes.get(from..).filter(|r| !r.is_empty()) {
        pattern.captures(Input::new(rest), &mut captures);
        let (Some(all), Some(group)) = (captures.get_match(), captures.get_group(1)) else { break };
        candidates.extend(text(group, rest));
        if candidates.len() > MAX_CANDIDATES {
            return None;
        }
        // The zero that ends one number may begin the next.
        from += (all.end() - 1).max(all.start() + 1);
    }
    let mut fitting = candidates.into_iter().filter(|c| fits(file, c));
    let found = fitting.next()?;
    fitting.next().is_none().then_some(found)
}

/// Whatever the pattern allows.
pub(crate) fn any(_: &File<'_>, _: &str) -> bool {
    true
}

/// The version that the file's name begins to tell: `python3.11`, `libpython3.11.so.1.0`.
pub(crate) fn as_named(file: &File<'_>, version: &str) -> bool {
    let name = file.name();
    let Some(number) = name.find(|c: char| c.is_ascii_digit()).and_then(|at| name.get(at..)) else { return true };
    let mut parts = number.split(|c: char| !c.is_ascii_digit());
    let mut own = version.split('.');
    let (major, minor) = (parts.next(), parts.next().filter(|p| !p.is_empty()));
    own.next() == major && minor.is_none_or(|minor| own.next() == Some(minor))
}

/// The same for a cross compiler, whose name tells a machine first: `x86_64-linux-gnu-gcc-12`.
pub(crate) fn as_gcc_named(file: &File<'_>, version: &str) -> bool {
    match file.name().rsplit_once("gcc-") {
        Some((_, number)) => version.split('.').next() == number.split('.').next(),
        None => true,
    }
}

/// The version with which the build's identifier begins: `7.2.4buildhost-1704806478000000000`.
pub(crate) fn begins_build_id(file: &File<'_>, version: &str) -> bool {
    build_id(file, version, b"")
}

/// The same, after the program's name.
pub(crate) fn begins_named_build_id(file: &File<'_>, version: &str) -> bool {
    build_id(file, version, b"valkey")
}

fn build_id(file: &File<'_>, version: &str, before: &[u8]) -> bool {
    let mut wanted = before.to_vec();
    wanted.extend(version.as_bytes());
    memchr::memmem::find_iter(file.bytes, &wanted).take(1000).any(|at| {
        let rest = file.bytes.get(at + wanted.len()..).unwrap_or_default();
        let id = rest.get(..rest.len().min(128)).unwrap_or_default().split(|&b| b == 0).next().unwrap_or_default();
        let digits = id.iter().rev().take_while(|b| b.is_ascii_alphanumeric()).filter(|b| b.is_ascii_digit()).count();
        id.len() >= 16 && digits >= 16 && id.iter().all(|b| b.is_ascii_graphic())
    })
}
