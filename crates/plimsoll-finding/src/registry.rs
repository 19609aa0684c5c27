//! The registry: every code, by area. An area is one file; a new code is one entry there and nowhere else.

use crate::Rule;

/// Declares an area's codes: a constant each, and the area's slice of the registry, sorted by code.
macro_rules! area {
    ($($konst:ident = $code:literal $name:literal $level:ident $title:literal $explanation:literal $help:literal;)+) => {
        $(#[doc = $title] pub const $konst: $crate::Code = $crate::Code($code);)+

        pub(crate) const RULES: &[$crate::Rule] = &[$($crate::Rule {
            code: $konst,
            name: $name,
            level: $crate::Level::$level,
            title: $title,
            explanation: $explanation,
            help: $help,
        },)+];
    };
}

/// Every rule, sorted by code.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        crate::admission::RULES,
        crate::sbom::RULES,
        crate::decision::RULES,
        crate::gate::RULES,
        crate::harden::RULES,
        crate::manifest::RULES,
        crate::rubric::RULES,
        crate::signing::RULES,
    ]
    .into_iter()
    .flatten()
}
