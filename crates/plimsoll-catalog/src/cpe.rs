//! CPE names (2.3) that a package may be listed under. Only the dictionary decides which is right: what is known of
//! well-known packages comes first, then what their ecosystem's habits suggest.

mod known;

use crate::Ecosystem;
#[cfg(test)]
use crate::facts::Record;

/// The most candidates of one package.
pub(crate) const MOST: usize = 8;

/// Candidates of a record, best first, at most [`MOST`], none twice.
#[cfg(test)]
pub(crate) fn candidates(record: &Record) -> Vec<String> {
    let source = record.source.as_ref().map_or(record.name.as_str(), |s| s.name.as_str());
    of(record.ecosystem, &record.name, &record.version, source)
}

/// The same from what matters of a package.
pub(crate) fn of(ecosystem: Ecosystem, name: &str, version: &str, source: &str) -> Vec<String> {
    let version = upstream(ecosystem, version);
    let target = if ecosystem == Ecosystem::Wordpress { "wordpress" } else { "" };
    let mut found: Vec<String> = Vec::new();
    for (vendor, product) in pairs(ecosystem, name, source) {
        let part = if product == "linux_kernel" { 'o' } else { 'a' };
        if let Some(cpe) = bind(part, &vendor, &product, version, target)
            && !found.contains(&cpe)
        {
            found.push(cpe);
            if found.len() == MOST {
                break;
            }
        }
    }
    found
}

/// The version that upstream released: without the epoch and the revision of a distribution, without Go's `v`.
fn upstream(ecosystem: Ecosystem, version: &str) -> &str {
    use Ecosystem as E;
    let without_epoch = || match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => version,
    };
    match ecosystem {
        E::Deb | E::Rpm | E::Alpm | E::Bottlerocket => {
            let version = without_epoch();
            version.rsplit_once('-').map_or(version, |(v, _)| v)
        }
        E::Apk | E::Portage => match version.rsplit_once("-r") {
            Some((v, r)) if r.bytes().all(|b| b.is_ascii_digit()) => v,
            _ => version,
        },
        E::Golang => version.strip_prefix('v').unwrap_or(version).trim_end_matches("+incompatible"),
        _ => version,
    }
}

/// Vendors and products, best first.
fn pairs(ecosystem: Ecosystem, name: &str, source: &str) -> Vec<(String, String)> {
    use Ecosystem as E;
    let mut found: Vec<(String, String)> = Vec::new();
    let lower = name.to_ascii_lowercase();
    let name = lower.as_str();
    let add = |found: &mut Vec<(String, String)>, vendor: &str, product: &str| {
        if !vendor.is_empty() && !product.is_empty() {
            found.push((vendor.to_owned(), product.to_owned()));
        }
    };
    for (vendor, product) in known::of(ecosystem, name, source) {
        add(&mut found, vendor, product);
    }
    match ecosystem {
        E::Maven => {
            let (group, artifact) = name.split_once(':').unwrap_or(("", name));
            let labels: Vec<&str> = group.split('.').collect();
            let first =
                labels.iter().copied().find(|l| !matches!(*l, "com" | "org" | "io" | "net" | "de" | "dev" | "me"));
            let vendor = match labels.as_slice() {
                [_, host, owner, ..] if matches!(*host, "github" | "gitlab" | "googlecode") => owner,
                _ => first.unwrap_or(artifact),
            };
            add(&mut found, vendor, artifact);
            let last = labels.last().copied().unwrap_or_default();
            add(&mut found, vendor, last);
            add(&mut found, vendor, artifact.split('-').next().unwrap_or_default());
            add(&mut found, artifact, artifact);
            add(&mut found, &format!("{artifact}_project"), artifact);
        }
        E::Npm => {
            let (scope, bare) = match name.strip_prefix('@').and_then(|n| n.split_once('/')) {
                Some((scope, bare)) => (scope, bare),
                None => ("", name),
            };
            add(&mut found, scope, bare);
            add(&mut found, bare, bare);
            add(&mut found, &format!("{bare}_project"), bare);
            if !scope.is_empty() {
                add(&mut found, scope, &format!("{scope}/{bare}"));
            }
        }
        E::Pypi => {
            let bare = name.strip_prefix("python-").unwrap_or(name);
            add(&mut found, bare, bare);
            add(&mut found, &format!("{bare}_project"), bare);
            add(&mut found, &format!("python-{bare}"), bare);
            add(&mut found, &format!("python-{bare}"), &format!("python-{bare}"));
            add(&mut found, "python", bare);
        }
        E::Golang => {
            let labels: Vec<&str> = name.split('/').filter(|l| !is_major(l)).collect();
            match labels.as_slice() {
                ["golang.org", "x", module, ..] => add(&mut found, "golang", module),
                ["k8s.io" | "sigs.k8s.io", module, ..] => add(&mut found, "kubernetes", module),
                [host, owner, module, ..] if host.contains('.') => {
                    add(&mut found, owner, module);
                    add(&mut found, module, module);
                    add(&mut found, &format!("{module}_project"), module);
                }
                [.., last] => {
                    let bare = last.split(".v").next().unwrap_or(last);
                    add(&mut found, bare, bare);
                    add(&mut found, &format!("{bare}_project"), bare);
                }
                [] => {}
            }
        }
        E::Composer => {
            let (vendor, package) = name.split_once('/').unwrap_or((name, name));
            add(&mut found, vendor, package);
            add(&mut found, package, package);
            add(&mut found, &format!("{package}_project"), package);
        }
        E::Nuget if name.starts_with("microsoft.") || name.starts_with("system.") => {
            add(&mut found, "microsoft", name);
        }
        E::Swift => {
            let mut labels = name.rsplit('/');
            let (product, vendor) = (labels.next().unwrap_or_default(), labels.next().unwrap_or_default());
            add(&mut found, vendor, product);
            add(&mut found, product, product);
        }
        E::Deb | E::Rpm | E::Apk | E::Alpm | E::Portage | E::Nix | E::Bottlerocket => {
            let (name, source) = (name.rsplit('/').next().unwrap_or(name), source.rsplit('/').next().unwrap_or(source));
            let source = source.to_ascii_lowercase();
            if found.is_empty() {
                add(&mut found, &source, &source);
                let bare = source.strip_prefix("lib").filter(|b| b.len() > 1).unwrap_or_default();
                add(&mut found, bare, bare);
                add(&mut found, &format!("{source}_project"), &source);
            }
            add(&mut found, name, name);
        }
        _ => {
            add(&mut found, name, name);
            add(&mut found, &format!("{name}_project"), name);
        }
    }
    // The dictionary writes some names with the one separator and some with the other.
    let other: Vec<(String, String)> = found
        .iter()
        .filter(|(v, p)| v.contains('-') || p.contains('-'))
        .map(|(v, p)| (v.replace('-', "_"), p.replace('-', "_")))
        .collect();
    found.extend(other);
    found
}

/// `v2`: a major version at the end of a module path.
fn is_major(label: &str) -> bool {
    label.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The formatted string (NIST IR 7695, section 6.2); `None` where a value holds what no CPE may.
fn bind(part: char, vendor: &str, product: &str, version: &str, target: &str) -> Option<String> {
    let any = |text: &str| if text.is_empty() { Some("*".to_owned()) } else { quote(text) };
    let (vendor, product, version, target) = (quote(vendor)?, quote(product)?, any(version)?, any(target)?);
    Some(format!("cpe:2.3:{part}:{vendor}:{product}:{version}:*:*:*:*:{target}:*:*"))
}

/// A value as it stands between the colons: letters, digits, `_`, `.` and `-` as they are, other marks behind a
/// backslash, white space as `_`. A lone hyphen would mean "not applicable".
fn quote(text: &str) -> Option<String> {
    if text.is_empty() || text.len() > 256 {
        return None;
    }
    if text == "-" {
        return Some("\\-".to_owned());
    }
    let mut out = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        match c {
            'a'..='z' | '0'..='9' | '_' | '.' | '-' => out.push(c),
            'A'..='Z' => out.push(c.to_ascii_lowercase()),
            ' ' => out.push('_'),
            '!'..='~' => {
                out.push('\\');
                out.push(c);
            }
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourcePackage;

    fn first(ecosystem: Ecosystem, name: &str, version: &str) -> String {
        let record = Record { ecosystem, name: name.into(), version: version.into(), ..Record::default() };
        let found = candidates(&record);
        assert!(found.len() <= MOST && !found.is_empty());
        found[0].clone()
    }

    fn short(ecosystem: Ecosystem, name: &str) -> String {
        let full = first(ecosystem, name, "1");
        full.trim_start_matches("cpe:2.3:").trim_end_matches(":1:*:*:*:*:*:*:*").to_owned()
    }

    #[test]
    fn well_known_packages() {
        use Ecosystem as E;
        for (ecosystem, name, expected) in [
            (E::Deb, "openssl", "a:openssl:openssl"),
            (E::Apk, "busybox", "a:busybox:busybox"),
            (E::Deb, "bash", "a:gnu:bash"),
            (E::Rpm, "glibc", "a:gnu:glibc"),
            (E::Rpm, "kernel-core", "o:linux:linux_kernel"),
            (E::Maven, "org.apache.logging.log4j:log4j-core", "a:apache:log4j"),
            (E::Maven, "com.fasterxml.jackson.core:jackson-databind", "a:fasterxml:jackson-databind"),
            (E::Maven, "org.springframework:spring-web", "a:vmware:spring_framework"),
            (E::Maven, "io.netty:netty-handler", "a:netty:netty"),
            (E::Maven, "org.apache.tomcat.embed:tomcat-embed-core", "a:apache:tomcat"),
            (E::Maven, "org.eclipse.jetty:jetty-server", "a:eclipse:jetty"),
            (E::Pypi, "Django", "a:djangoproject:django"),
            (E::Npm, "lodash", "a:lodash:lodash"),
            (E::Npm, "@angular/core", "a:angular:core"),
            (E::Golang, "stdlib", "a:golang:go"),
            (E::Golang, "github.com/docker/docker", "a:docker:docker"),
            (E::Golang, "github.com/go-chi/chi/v5", "a:go-chi:chi"),
            (E::Gem, "rails", "a:rubyonrails:rails"),
            (E::Binary, "nginx", "a:f5:nginx"),
            (E::Binary, "redis", "a:redis:redis"),
            (E::Cargo, "tokio", "a:tokio:tokio"),
        ] {
            assert_eq!(short(ecosystem, name), expected, "{name}");
        }
    }

    #[test]
    fn versions_and_sources() {
        let record = Record {
            ecosystem: Ecosystem::Deb,
            name: "libc6".into(),
            version: "2.36-9+deb12u4".into(),
            source: Some(SourcePackage { name: "glibc".into(), version: "2.36-9+deb12u4".into() }),
            ..Record::default()
        };
        assert_eq!(candidates(&record)[0], "cpe:2.3:a:gnu:glibc:2.36:*:*:*:*:*:*:*");
        assert_eq!(first(Ecosystem::Apk, "curl", "8.5.0-r0"), "cpe:2.3:a:haxx:curl:8.5.0:*:*:*:*:*:*:*");
        assert_eq!(first(Ecosystem::Deb, "x", "1:2.0~rc1+dfsg-1"), "cpe:2.3:a:x:x:2.0\\~rc1\\+dfsg:*:*:*:*:*:*:*");
        assert_eq!(first(Ecosystem::Deb, "x", ""), "cpe:2.3:a:x:x:*:*:*:*:*:*:*:*");
        assert_eq!(first(Ecosystem::Wordpress, "akismet", "5"), "cpe:2.3:a:akismet:akismet:5:*:*:*:*:wordpress:*:*");
    }

    #[test]
    fn values_are_quoted() {
        assert_eq!(quote("c++").as_deref(), Some("c\\+\\+"));
        assert_eq!(quote("A b:c*?\\").as_deref(), Some("a_b\\:c\\*\\?\\\\"));
        assert_eq!(quote("-").as_deref(), Some("\\-"));
        assert!(quote("").is_none() && quote("ü").is_none() && quote("a\n").is_none());
        let long = "@".repeat(300);
        assert!(candidates(&Record { name: long, ..Record::default() }).is_empty());
        for name in ["@", "/", ":", "@/", "a:", ":b", "v2/v3"] {
            for ecosystem in Ecosystem::ALL {
                of(*ecosystem, name, "(devel)", name);
            }
        }
    }
}
