//! Which ordering a type of package URL has.

use std::cmp::Ordering;

use crate::{
    VersionError, alpm, apk, coerced, composer, conan, cpan, cran, dpkg, gem, golang, hackage, julia, maven, nuget,
    opam, pep440, pub_dev, rpm,
};

/// Orders two versions.
pub type Compare = fn(&str, &str) -> Result<Ordering, VersionError>;

/// Every type of package URL that has an ordering, with it.
pub const ALL: [(&str, Compare); 21] = [
    ("alpm", alpm::compare),
    ("apk", apk::compare),
    ("cargo", coerced::compare),
    ("composer", composer::compare),
    ("conan", conan::compare),
    ("cpan", cpan::compare),
    ("cran", cran::compare),
    ("deb", dpkg::compare),
    ("gem", gem::compare),
    ("golang", golang::compare),
    ("hackage", hackage::compare),
    ("hex", coerced::compare),
    ("julia", julia::compare),
    ("maven", maven::compare),
    ("npm", coerced::compare),
    ("nuget", nuget::compare),
    ("opam", opam::compare),
    ("pub", pub_dev::compare),
    ("pypi", pep440::compare),
    ("rpm", rpm::compare),
    ("swift", coerced::compare),
];

/// The ordering of versions of packages with such package URLs; `None` where there is none (yet): then nothing about
/// their versions is decided.
pub fn of(purl_type: &str) -> Option<Compare> {
    ALL.iter().find(|(name, _)| *name == purl_type).map(|(_, compare)| *compare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_sorted_and_found() {
        assert!(ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (name, _) in ALL {
            let compare = of(name).unwrap();
            assert_eq!(compare("1.2.3", "1.10.0"), Ok(Ordering::Less), "{name}");
            assert!(compare("", "1.2.3").is_err(), "{name}");
        }
        assert!(of("generic").is_none());
    }
}
