//! What packages of operating systems have in common: databases at known places, and package URLs that name the
//! distribution.

use plimsoll_version::purl::{self, OsPackage, Purl, PurlError};

use crate::assemble::{Distros, Placed};
use crate::facts::Record;
use crate::problems::Problems;
use crate::{Distro, Ecosystem, rpm};

/// Where the image's own package managers keep their databases. One that is only reached through a link to its directory
/// is not met while layers are read, and has to be told.
pub(crate) const DATABASES: &[&str] = &[
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/usr/lib/apk/db/installed",
    "/var/lib/rpm/Packages",
    "/var/lib/rpm/Packages.db",
    "/var/lib/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/Packages",
    "/usr/lib/sysimage/rpm/Packages.db",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/usr/share/rpm/Packages",
    "/usr/share/rpm/Packages.db",
    "/usr/share/rpm/rpmdb.sqlite",
];

/// Gives each package of an operating system its package URL. One that cannot have any is left out and told.
pub(crate) fn name(placed: &mut [Placed], distros: &Distros, problems: &mut Problems) {
    for p in placed.iter_mut().filter(|p| p.record.purl.is_empty() && p.record.ecosystem.is_system()) {
        match package_url(&p.record, distros.of(&p.root)) {
            Ok(purl) => p.record.purl = purl.to_string(),
            Err(error) => {
                let path = p.evidence.first().map_or("", String::as_str);
                problems.tell(path, None, &format!("package {}: {error}", p.record.name));
            }
        }
    }
}

/// The package URL of a record of an operating system's package manager.
fn package_url(record: &Record, distro: Option<&Distro>) -> Result<Purl, PurlError> {
    let package = OsPackage {
        name: &record.name,
        version: &record.version,
        arch: &record.arch,
        source_name: record.source.as_ref().map_or(&record.name, |s| &s.name),
        source_version: record.source.as_ref().map_or(&record.version, |s| &s.version),
        distro: distro.map(|d| (d.id.as_str(), d.version_id.as_str())),
    };
    match record.ecosystem {
        Ecosystem::Apk => purl::apk(&package),
        Ecosystem::Deb => purl::deb(&package),
        Ecosystem::Rpm => purl::rpm(&package, &rpm::package::source_rpm(record)),
        Ecosystem::Alpm => purl::alpm(&package),
        Ecosystem::Bottlerocket => purl::bottlerocket(&package),
        other => Ok(Purl::new(other.purl_type(), &record.name)?.with_version(&record.version)),
    }
}
