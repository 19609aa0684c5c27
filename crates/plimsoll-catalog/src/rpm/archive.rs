//! `*.rpm`: package files, whose header tells what a database would.

use sha2::{Digest, Sha256};

use crate::facts::{Facts, File};
use crate::{Hash, HashAlgorithm};
use plimsoll_version::purl::{self, OsPackage};

use super::header::Header;
use super::{deps, package};

/// Bytes before the first header, which old tools read the name from.
const LEAD: usize = 96;

/// Reads a package file: a lead, a header of signatures padded to eight bytes, and the package's own.
pub(super) fn read(file: &File<'_>, out: &mut Facts) {
    let found = header(file.bytes).map_err(str::to_owned).and_then(|h| Ok((h, package::record(&h)?)));
    let (header, mut record) = match found {
        Ok((header, Some((record, why)))) => {
            out.troubles.extend(why.map(|w| (None, w)));
            (header, record)
        }
        Ok((_, None)) => return,
        Err(why) => return out.trouble(None, why),
    };
    record.hashes = vec![Hash { algorithm: HashAlgorithm::Sha256, hex: hex(&Sha256::digest(file.bytes)) }];
    // It is installed nowhere: it owns nothing, and which distribution it is for is not known. Others beside it may be
    // what it depends on.
    record.owned.clear();
    record.scope = format!("{}/*.rpm", file.dir());
    let (wants, provides) = deps::names(&header);
    (record.wants, record.provides) = (wants.into_iter().map(|w| vec![w]).collect(), provides);
    let os = OsPackage {
        name: &record.name,
        version: &record.version,
        arch: &record.arch,
        source_name: "",
        source_version: "",
        distro: None,
    };
    match purl::rpm(&os, &package::source_rpm(&record)) {
        Ok(purl) => record.purl = purl.to_string(),
        Err(error) => return out.trouble(None, format!("package {}: {error}", record.name)),
    }
    out.records.push(record);
}

fn header(bytes: &[u8]) -> Result<Header<'_>, &'static str> {
    if !bytes.starts_with(&[0xed, 0xab, 0xee, 0xdb]) {
        return Err("is no rpm package");
    }
    let signatures = bytes.get(LEAD..).and_then(marked).ok_or("has no header of signatures")?;
    let (_, rest) = Header::parse(signatures)?;
    let padding = (bytes.len() - rest.len()).next_multiple_of(8) - (bytes.len() - rest.len());
    let own = rest.get(padding..).and_then(marked).ok_or("has no header")?;
    Ok(Header::parse(own)?.0)
}

/// What follows a header's mark and four reserved bytes.
fn marked(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(&[0x8e, 0xad, 0xe8, 0x01])?.get(4..)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
