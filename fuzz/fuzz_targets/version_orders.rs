//! Every ordering: of three versions, what is decided is the same both ways and transitive.
#![no_main]

use std::cmp::Ordering;

use plimsoll_version::order;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let (name, compare) = order::ALL[usize::from(*first) % order::ALL.len()];
    let mut versions = text.splitn(3, '\n');
    let (Some(a), Some(b), Some(c)) = (versions.next(), versions.next(), versions.next()) else { return };
    for (x, y) in [(a, b), (b, c), (a, c)] {
        assert_eq!(compare(x, y).ok(), compare(y, x).ok().map(Ordering::reverse), "{name}: {x:?} {y:?}");
        assert!(compare(x, x).ok().is_none_or(Ordering::is_eq), "{name}: {x:?}");
    }
    let (Ok(ab), Ok(bc), Ok(ac)) = (compare(a, b), compare(b, c), compare(a, c)) else { return };
    if ab == bc || bc.is_eq() {
        assert_eq!(ac, ab, "{name}: {a:?} {b:?} {c:?}");
    }
    if ab.is_eq() {
        assert_eq!(ac, bc, "{name}: {a:?} {b:?} {c:?}");
    }
});
