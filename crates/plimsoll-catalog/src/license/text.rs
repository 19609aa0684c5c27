//! Licences known by sentences of their texts.
//!
//! A text is brought to lower-case words and searched once for all sentences. Which licences it holds follows from how
//! often each sentence stands in it; what fits none of the rules is left unsaid.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// The most bytes of a text that are read; the collected licences of a large program stay below.
const MOST: usize = 4 << 20;

macro_rules! phrases {
    ($($name:ident $text:literal,)+) => {
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum Phrase { $($name,)+ }

        const PHRASES: &[&str] = &[$($text,)+];
    };
}

phrases! {
    Expat "permission is hereby granted free of charge to any person obtaining a copy",
    Sublicense "merge publish distribute sublicense and or sell copies",
    Icu "provided that the above copyright notice s and this permission notice appear in all copies of the software and that both",
    XName "except as contained in this notice the name",
    Isc "permission to use copy modify and or distribute this software for any purpose with or without fee is hereby granted",
    IscOld "permission to use copy modify and distribute this software for any purpose with or without fee is hereby granted",
    Sell "permission to use copy modify distribute and sell this software and its documentation for any purpose",
    Hpnd "permission to use copy modify and distribute this software and its documentation",
    Bsd "redistribution and use in source and binary forms with or without modification",
    BsdShort "redistribution and use in source and binary forms are permitted",
    Endorse "to endorse or promote products derived from this software",
    Advertise "all advertising materials mentioning features or use of this software",
    Apache1 "the end user documentation included with the redistribution if any must include the following acknowledg",
    OpenSsl "redistributions of any form whatsoever must retain the following acknowledgment this product includes software developed by the openssl project",
    Zlib "altered source versions must be plainly marked as such",
    Apache2 "apache license version 2 0",
    Apache2Address "www apache org licenses license 2 0",
    Apache2Name "licensed under the apache license v2 0",
    LikePerl "same terms as perl",
    Artistic2 "artistic license 2 0",
    Psf "python software foundation license version 2",
    BeOpen "beopen python open source license agreement",
    Mpl2 "mozilla public license version 2 0",
    Mpl2Short "mozilla public license v 2 0",
    Mpl11 "mozilla public license version 1 1",
    Boost "boost software license version 1 0",
    Cc0 "cc0 1 0 universal",
    Cc0Deed "creativecommons org publicdomain zero 1 0",
    Unlicense "this is free and unencumbered software released into the public domain",
    Wtfpl "do what the fuck you want to public license",
    Tcl "permission to use copy modify distribute and license this software and its documentation for any purpose provided that existing copyright notices are retained",
    InfoZip "of the info zip license",
    InfoZipCopyright "of the info zip copyright and license",
    Ofl "sil open font license version 1 1",
    Sgi "sgi free software license b version 2 0",
    Vera "bitstream vera is a trademark",
    Curl "shall not be used in advertising or otherwise to promote the sale use or other dealings in this software without prior written authorization of the copyright holder",
    PublicIs "is in the public domain",
    PublicAre "are in the public domain",
    PublicPlaced "placed in the public domain",
    PublicInto "into the public domain",
    PublicNot "is not in the public domain",
    Blue "blue oak model license",
    Epl1 "eclipse public license v1 0",
    Epl2 "eclipse public license v 2 0",
    W3c "w3c software notice and license",
    Unicode3 "unicode license v3",
    Gpl2Later "gnu general public license as published by the free software foundation either version 2",
    Gpl2LaterOf "version 2 of the gnu general public license as published by the free software foundation or at your option",
    Gpl3Later "gnu general public license as published by the free software foundation either version 3",
    Gpl1Later "gnu general public license as published by the free software foundation either version 1",
    Gpl2Only "gnu general public license as published by the free software foundation version 2",
    Gpl2OnlyOf "gnu general public license version 2 as published by the free software foundation",
    Lgpl2Later "gnu library general public license as published by the free software foundation either version 2",
    Lgpl20Later "gnu lesser general public license as published by the free software foundation either version 2 of",
    Lgpl21Later "gnu lesser general public license as published by the free software foundation either version 2 1",
    Lgpl3Later "gnu lesser general public license as published by the free software foundation either version 3",
    Lgpl21Only "gnu lesser general public license as published by the free software foundation version 2 1",
    Gpl2OrLater "gnu general public license version 2 or at your option any later version",
    Gpl3OrLater "gnu general public license version 3 or at your option any later version",
    Lgpl21OrLater "gnu lesser general public license version 2 1 or at your option any later version",
    Agpl3Later "gnu affero general public license as published by the free software foundation either version 3",
    Gpl2Text "gnu general public license version 2 june 1991",
    Gpl3Text "gnu general public license version 3 29 june 2007",
    Lgpl2Text "gnu library general public license version 2 june 1991",
    Lgpl21Text "gnu lesser general public license version 2 1 february 1999",
    Lgpl3Text "gnu lesser general public license version 3 29 june 2007",
    Agpl3Text "gnu affero general public license version 3 19 november 2007",
}

static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(PHRASES).ok());

/// The licences whose sentences `text` holds: SPDX expressions, and `public-domain` for statements of that.
pub fn recognise(text: &[u8]) -> BTreeSet<&'static str> {
    let words = words(text.get(..text.len().min(MOST)).unwrap_or_default());
    let mut counts = [0usize; PHRASES.len()];
    let Some(search) = SEARCH.as_ref() else { return BTreeSet::new() };
    for found in search.find_overlapping_iter(&words) {
        if let Some(count) = counts.get_mut(found.pattern().as_usize()) {
            *count += 1;
        }
    }
    judge(&|phrase: Phrase| counts.get(phrase as usize).copied().unwrap_or_default())
}

/// Letters and digits in lower case, one blank between words; whatever else a text is decorated with falls away.
fn words(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_alphanumeric() {
            out.push(byte.to_ascii_lowercase());
        } else if byte >= 0x80 {
            // Part of a name; quotation marks of Unicode among them cost no match that matters.
            out.push(byte);
        } else if out.last().is_some_and(|b| *b != b' ') {
            out.push(b' ');
        }
    }
    out
}

fn judge(count: &dyn Fn(Phrase) -> usize) -> BTreeSet<&'static str> {
    use Phrase as P;
    let mut found = BTreeSet::new();
    let mut add = |holds: bool, id: &'static str| {
        if holds {
            found.insert(id);
        }
    };
    let any = |phrases: &[Phrase]| phrases.iter().any(|p| count(*p) > 0);
    // The family of MIT: what is granted is the same, the name clause and the conditions differ.
    let expat = count(P::Sublicense).min(count(P::Expat));
    let isc = count(P::Isc) + count(P::IscOld);
    let named = count(P::XName).saturating_sub(count(P::Curl).min(isc));
    let icu = count(P::Icu);
    add(icu > 0, "ICU");
    add(expat > 0 && named > icu, "X11");
    add(expat > named.saturating_sub(icu), "MIT");
    add(isc > 0 && count(P::Curl) > 0 && count(P::Expat) == 0, "curl");
    add(isc > 0 && (count(P::Curl) == 0 || count(P::Expat) > 0), "ISC");
    add(any(&[P::Sell]), "HPND-sell-variant");
    add(any(&[P::Hpnd]), "HPND");
    // The family of BSD: each text grants once, and may forbid endorsement and ask for acknowledgement.
    let apache1 = count(P::Apache1).min(count(P::Bsd));
    let openssl = count(P::OpenSsl);
    let grants = (count(P::Bsd) + count(P::BsdShort)).saturating_sub(apache1 + openssl);
    let advertise = count(P::Advertise).saturating_sub(openssl);
    let endorse = count(P::Endorse);
    add(apache1 > 0, "Apache-1.1");
    add(openssl > 0, "OpenSSL");
    add(grants > 0 && advertise > 0, "BSD-4-Clause");
    add(grants > 0 && endorse > advertise && grants > advertise, "BSD-3-Clause");
    add(grants > endorse.max(advertise), "BSD-2-Clause");
    add(any(&[P::Zlib]), "Zlib");
    add(any(&[P::Apache2, P::Apache2Address, P::Apache2Name]), "Apache-2.0");
    add(any(&[P::LikePerl]), "Artistic-1.0-Perl OR GPL-1.0-or-later");
    add(any(&[P::Artistic2]), "Artistic-2.0");
    add(any(&[P::BeOpen]), "Python-2.0");
    add(any(&[P::Psf]) && !any(&[P::BeOpen]), "PSF-2.0");
    add(any(&[P::Mpl2, P::Mpl2Short]), "MPL-2.0");
    add(any(&[P::Mpl11]), "MPL-1.1");
    add(any(&[P::Boost]), "BSL-1.0");
    add(any(&[P::Cc0, P::Cc0Deed]), "CC0-1.0");
    add(any(&[P::Unlicense]), "Unlicense");
    add(any(&[P::Wtfpl]), "WTFPL");
    add(any(&[P::Tcl]), "TCL");
    add(any(&[P::InfoZip, P::InfoZipCopyright]), "Info-ZIP");
    add(any(&[P::Ofl]), "OFL-1.1");
    add(any(&[P::Sgi]), "SGI-B-2.0");
    add(any(&[P::Vera]), "Bitstream-Vera");
    add(any(&[P::Blue]), "BlueOak-1.0.0");
    add(any(&[P::Epl1]), "EPL-1.0");
    add(any(&[P::Epl2]), "EPL-2.0");
    add(any(&[P::W3c]), "W3C");
    add(any(&[P::Unicode3]), "Unicode-3.0");
    let public = count(P::PublicIs) + count(P::PublicAre) + count(P::PublicPlaced) + count(P::PublicInto);
    add(public > count(P::PublicNot) + count(P::Unlicense) && !any(&[P::Cc0]), "public-domain");
    // The whole text of a licence ends with an example of the statement, which states nothing.
    let stated = |statement: Phrase, text: Phrase| count(statement) > count(text);
    add(any(&[P::Gpl1Later]), "GPL-1.0-or-later");
    add(stated(P::Gpl2Later, P::Gpl2Text) || any(&[P::Gpl2LaterOf, P::Gpl2OrLater]), "GPL-2.0-or-later");
    add(stated(P::Gpl3Later, P::Gpl3Text) || any(&[P::Gpl3OrLater]), "GPL-3.0-or-later");
    add(any(&[P::Gpl2Only, P::Gpl2OnlyOf]), "GPL-2.0-only");
    add(stated(P::Lgpl2Later, P::Lgpl2Text) || any(&[P::Lgpl20Later]), "LGPL-2.0-or-later");
    add(stated(P::Lgpl21Later, P::Lgpl21Text) || any(&[P::Lgpl21OrLater]), "LGPL-2.1-or-later");
    add(any(&[P::Lgpl3Later]), "LGPL-3.0-or-later");
    add(any(&[P::Lgpl21Only]), "LGPL-2.1-only");
    add(stated(P::Agpl3Later, P::Agpl3Text), "AGPL-3.0-or-later");
    for (statement, text, id) in [
        (P::Gpl2Later, P::Gpl2Text, "GPL-2.0"),
        (P::Gpl3Later, P::Gpl3Text, "GPL-3.0"),
        (P::Lgpl2Later, P::Lgpl2Text, "LGPL-2.0"),
        (P::Lgpl21Later, P::Lgpl21Text, "LGPL-2.1"),
        (P::Lgpl3Later, P::Lgpl3Text, "LGPL-3.0"),
        (P::Agpl3Later, P::Agpl3Text, "AGPL-3.0"),
    ] {
        add(any(&[text]) && !stated(statement, text), id);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&'static str> {
        recognise(text.as_bytes()).into_iter().collect()
    }

    #[test]
    fn phrases_are_words() {
        for phrase in PHRASES {
            assert_eq!(words(phrase.as_bytes()), phrase.as_bytes(), "{phrase}");
        }
    }

    #[test]
    fn the_short_licences() {
        let expat = "Permission is hereby granted, free of charge, to any person obtaining a copy\n * of this software, to use, copy, modify, merge, publish,\n * distribute, sublicense, and/or sell copies of the Software";
        assert_eq!(found(expat), ["MIT"]);
        assert_eq!(
            found(&format!("{expat}. Except as contained in this notice, the name of X shall not be used")),
            ["X11"]
        );
        let bsd =
            "Redistribution and use in source and binary forms, with or without modification, are permitted provided";
        assert_eq!(found(bsd), ["BSD-2-Clause"]);
        let three =
            format!("{bsd}. Neither the name may be used to endorse or promote products derived from this software");
        assert_eq!(found(&three), ["BSD-3-Clause"]);
        assert_eq!(found(&format!("{three} {bsd}")), ["BSD-2-Clause", "BSD-3-Clause"]);
        let four = format!("{three}. All advertising materials mentioning features or use of this software must");
        assert_eq!(found(&four), ["BSD-4-Clause"]);
        assert_eq!(
            found(
                "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"
            ),
            ["ISC"]
        );
        assert_eq!(found("under the same terms as Perl itself."), ["Artistic-1.0-Perl OR GPL-1.0-or-later"]);
        assert_eq!(found("This code is in the public domain."), ["public-domain"]);
        assert!(found("This code is not in the public domain.").is_empty());
        assert!(found("All rights reserved.").is_empty());
    }

    #[test]
    fn statements_and_texts() {
        let later = "GNU General Public License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later version.";
        assert_eq!(found(later), ["GPL-2.0-or-later"]);
        let text = "GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991";
        assert_eq!(found(&format!("{text} … {later}")), ["GPL-2.0"]);
        assert_eq!(found(&format!("{later} {text} … {later}")), ["GPL-2.0-or-later"]);
    }

    #[test]
    fn every_name_is_spdx() {
        // All rules at once.
        for id in judge(&|_| 2).iter().chain(judge(&|p| usize::from((p as usize).is_multiple_of(2))).iter()) {
            assert!(*id == "public-domain" || crate::license::is_expression(id), "{id}");
        }
    }
}
