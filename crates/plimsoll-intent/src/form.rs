//! The forms that text in a decision may take, each with its check and its pattern in the published schema.

use jiff::civil::Date;
use plimsoll_oci::Reference;

/// What a text must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Any text that is not blank.
    Free,
    /// Kebab-case name.
    Name,
    /// Kubernetes namespace.
    Namespace,
    /// `Kind/name`.
    Workload,
    /// Label key.
    LabelKey,
    /// Label value.
    LabelValue,
    /// Glob over `registry/repository`.
    ImageGlob,
    /// Glob over absolute paths.
    PathGlob,
    /// Absolute path of a directory or file, no globs.
    Path,
    /// `registry/repository-prefix`.
    Repository,
    /// `file:PATH` or an inline PEM public key.
    PublicKey,
    /// `https://…`.
    Issuer,
    /// Anchored regular expression.
    Regexp,
    /// `2027-01-31`.
    Date,
    /// `24h`, `7d`.
    Age,
    /// `64Mi`.
    Size,
    /// Linux capability without `CAP_`.
    Capability,
    /// `CVE-2023-0286`, `GHSA-…`.
    Vulnerability,
    /// A decision key, `gate.tier0`, as in `deferred`.
    Key,
}

/// Linux capabilities that a workload may be granted, without `CAP_`.
const CAPABILITIES: &[&str] = &[
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// Longest text taken, in bytes; a PEM key of any real kind fits.
const MAX_TEXT: usize = 8192;
/// Longest pattern taken.
const MAX_PATTERN: usize = 512;

impl Form {
    /// Whether `text` has the form; if not, what is wrong with it, to follow `key:`.
    pub(crate) fn check(self, text: &str) -> Result<(), String> {
        if text.trim().is_empty() {
            return Err("is blank".to_owned());
        }
        if text.len() > MAX_TEXT {
            return Err(format!("is {} bytes long; at most {MAX_TEXT} are read", text.len()));
        }
        if self != Self::PublicKey && self != Self::Free && text.chars().any(char::is_control) {
            return Err("holds a control character".to_owned());
        }
        match self {
            // What a candidate leaves to be filled in must not pass for a decision.
            Self::Free if text.starts_with('<') && text.ends_with('>') => {
                Err("is a placeholder; fill it in".to_owned())
            }
            Self::Free => Ok(()),
            Self::Name => ensure(dns_label(text), "must be kebab-case: a-z, 0-9 and inner hyphens, at most 63"),
            Self::Namespace => ensure(dns_label(text), "must be a namespace name, exact: a-z, 0-9 and inner hyphens"),
            Self::Workload => {
                let ok = text.split_once('/').is_some_and(|(kind, name)| kind_name(kind) && dns_subdomain(name));
                ensure(ok, "must be Kind/name, exact, for example Deployment/web")
            }
            Self::LabelKey => ensure(label_key(text), "must be a label key, for example app.kubernetes.io/name"),
            Self::LabelValue => ensure(label_value(text), "must be a label value: letters, digits and inner - _ ."),
            Self::ImageGlob => image_glob(text),
            Self::PathGlob => path_glob(text),
            Self::Path => absolute_path(text),
            Self::Repository => repository(text),
            Self::PublicKey => crate::pem::check_written(text),
            Self::Issuer => issuer(text),
            Self::Regexp => regexp(text),
            Self::Date => date(text).map(drop),
            Self::Age => age(text).map(drop),
            Self::Size => size(text),
            Self::Capability => capability(text),
            Self::Vulnerability => {
                let ok = text.len() <= 64
                    && text.contains('-')
                    && text.starts_with(|c: char| c.is_ascii_uppercase())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-:._".contains(&b));
                ensure(ok, "must be one vulnerability id, for example CVE-2023-0286; waivers take no patterns")
            }
            Self::Key => crate::schema::check_deferrable(text),
        }
    }

    /// The pattern of the published schema: never stricter than [`Form::check`].
    pub(crate) fn pattern(self) -> Option<&'static str> {
        Some(match self {
            Self::Free | Self::PublicKey | Self::Regexp | Self::Key => return None,
            Self::Name | Self::Namespace => "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
            Self::Workload => "^[A-Z][A-Za-z0-9]*/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
            Self::LabelKey => "^([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
            Self::LabelValue => "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
            Self::ImageGlob => "^[^?{}\\[\\]\\s@]+$",
            Self::PathGlob | Self::Path => "^/",
            Self::Repository => "^[^/*\\s@]+(/[^*\\s@]*)?$",
            Self::Issuer => "^https://",
            Self::Date => "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            Self::Age => "^[1-9][0-9]*[smhd]$",
            Self::Size => "^[1-9][0-9]*(k|M|G|T|Ki|Mi|Gi|Ti)?$",
            Self::Capability => "^[A-Z][A-Z_]*$",
            Self::Vulnerability => "^[A-Z][A-Za-z0-9:._-]*$",
        })
    }
}

fn ensure(ok: bool, otherwise: &str) -> Result<(), String> {
    if ok { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn dns_label(text: &str) -> bool {
    text.len() <= 63
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && !text.is_empty() && text.split('.').all(|l| !l.is_empty() && dns_label(l))
}

fn kind_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn label_value(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => dns_subdomain(prefix) && label_value(name),
        None => label_value(text),
    }
}

fn no_wild_letters(text: &str) -> Result<(), String> {
    if text.len() > MAX_PATTERN {
        return Err(format!("is longer than {MAX_PATTERN} bytes"));
    }
    match text.chars().find(|c| "?[]{}\\!".contains(*c)) {
        Some(c) => Err(format!("holds '{c}': the only wild cards are * (inside a segment) and ** (across segments)")),
        None => Ok(()),
    }
}

fn image_glob(text: &str) -> Result<(), String> {
    no_wild_letters(text)?;
    if text == "**" {
        return Ok(());
    }
    if text.contains('@') || text.contains(char::is_whitespace) || text.contains("://") {
        return Err("must be registry/repository without scheme, tag or digest".to_owned());
    }
    let Some((host, rest)) = text.split_once('/') else {
        return Err("must name the registry and the repository, for example registry.example.com/shop/**".to_owned());
    };
    if host.contains('*') {
        // `*.example.com` reads as a domain and matches `evil.org.example.com`'s neighbours too easily to be allowed.
        return Err("must name the registry without a wild card".to_owned());
    }
    registry_host(host)?;
    if rest.contains(':') {
        return Err("must be registry/repository without a tag".to_owned());
    }
    // A repository is lower case, so a pattern with capitals covers nothing; say so rather than match nothing.
    ensure(!rest.is_empty() && !rest.bytes().any(|b| b.is_ascii_uppercase()), "must have a lower-case repository")
}

fn registry_host(host: &str) -> Result<(), String> {
    if host == "index.docker.io" || host == "registry-1.docker.io" {
        return Err(format!("names {host}; write docker.io, the name images are compared under"));
    }
    if !(host.contains('.') || host.contains(':') || host == "localhost") {
        return Err(format!("must begin with a registry; '{host}' is none: write docker.io/{host}/… if that is meant"));
    }
    let probe = format!("{host}/x");
    match probe.parse::<Reference>() {
        Ok(r) if r.registry == host => Ok(()),
        _ => Err(format!("must begin with a registry; '{host}' is malformed")),
    }
}

fn repository(text: &str) -> Result<(), String> {
    let (host, rest) = text.split_once('/').unwrap_or((text, ""));
    registry_host(host)?;
    if rest.is_empty() && !text.contains('/') {
        return Ok(());
    }
    match text.parse::<Reference>() {
        Ok(r) if r.tag.is_none() && r.digest.is_none() && r.name() == text => Ok(()),
        _ => Err("must be registry/repository-prefix without scheme, tag, digest or final slash".to_owned()),
    }
}

fn absolute_path(text: &str) -> Result<(), String> {
    let clean = text.len() > 1
        && text.starts_with('/')
        && text[1..].split('/').all(|s| !s.is_empty() && s != "." && s != "..")
        && !text.contains(['*', '?', ':']);
    ensure(clean, "must be an absolute path other than /, without wild cards, '.', '..' or a final slash")
}

fn path_glob(text: &str) -> Result<(), String> {
    no_wild_letters(text)?;
    let clean = text.len() > 1 && text.starts_with('/') && !text.split('/').any(|s| s == "." || s == "..");
    ensure(clean, "must be an absolute path or glob, for example /usr/share/zoneinfo/**")
}

fn issuer(text: &str) -> Result<(), String> {
    let host = text.strip_prefix("https://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let clean = !host.is_empty() && !text.contains(|c: char| c.is_whitespace() || "*?#@".contains(c));
    ensure(clean, "must be the issuer's exact URL, beginning with https://")
}

/// Anchored for real: `^a|b$` is anchored on neither side as a whole, and an inline flag can move the anchors to lines.
fn regexp(text: &str) -> Result<(), String> {
    if text.len() > MAX_PATTERN {
        return Err(format!("is longer than {MAX_PATTERN} bytes"));
    }
    let Some(inner) = text.strip_prefix('^').and_then(|t| t.strip_suffix('$')) else {
        return Err("must be anchored: begin with ^ and end with $".to_owned());
    };
    if inner == ".*" || inner == ".+" {
        return Err("covers every subject there is".to_owned());
    }
    let mut depth = 0_usize;
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => return Err("ends in an escaped $, so it is not anchored".to_owned()),
            '\\' => {}
            '[' => skip_class(&mut chars)?,
            '(' => {
                depth += 1;
                if chars.next_if_eq(&'?').is_some() && chars.peek() != Some(&':') {
                    return Err("holds a (?…) group other than (?:…)".to_owned());
                }
            }
            ')' => depth = depth.checked_sub(1).ok_or("has a ) without its (")?,
            '|' if depth == 0 => {
                return Err("has an alternative outside ( ), so ^ and $ hold for one side each only".to_owned());
            }
            _ => {}
        }
    }
    ensure(depth == 0, "has a ( without its )")
}

fn skip_class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), String> {
    chars.next_if_eq(&'^');
    chars.next_if_eq(&']');
    while let Some(c) = chars.next() {
        match c {
            ']' => return Ok(()),
            '[' => return Err("has a [ inside [ ]".to_owned()),
            '\\' => drop(chars.next()),
            _ => {}
        }
    }
    Err("has a [ without its ]".to_owned())
}

/// A calendar day.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let parsed = if shaped { text.parse::<Date>().ok() } else { None };
    parsed.ok_or_else(|| "must be a day that exists, as YYYY-MM-DD".to_owned())
}

/// Seconds of `24h`, `7d`; a year at most.
pub(crate) fn age(text: &str) -> Result<u64, String> {
    let wrong = || "must be a whole number with s, m, h or d, for example 24h or 7d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let total = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(seconds));
    total.filter(|t| *t <= 366 * 86_400).ok_or_else(|| "must be a year at most".to_owned())
}

fn size(text: &str) -> Result<(), String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let ok = !digits.starts_with('0')
        && (1..=12).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && ["", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"].contains(&unit);
    ensure(ok, "must be a size such as 64Mi")
}

fn capability(text: &str) -> Result<(), String> {
    if CAPABILITIES.contains(&text) {
        return Ok(());
    }
    if text == "ALL" {
        return Err("grants everything; name the capabilities that are needed".to_owned());
    }
    let upper = text.to_ascii_uppercase();
    let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
    let meant = if CAPABILITIES.contains(&bare) { Some(bare) } else { nearest(bare, CAPABILITIES.iter().copied()) };
    Err(match meant {
        Some(meant) => format!("is not a capability; did you mean {meant}?"),
        None => "is not a capability".to_owned(),
    })
}

/// The candidate nearest to `word`, if it is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(64).map(|c| c.to_ascii_lowercase()).collect();
    let most = (word.len() / 3).clamp(1, 3);
    candidates
        .map(|c| (distance(&word, &c.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<_>>()), c))
        .filter(|(d, _)| *d <= most)
        .min()
        .map(|(_, c)| c)
}

/// Edits (insert, delete, replace, swap neighbours) between two words.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(form: Form, texts: &[&str]) {
        for text in texts {
            assert_eq!(form.check(text), Ok(()), "{form:?} {text}");
        }
    }

    fn bad(form: Form, texts: &[&str]) {
        for text in texts {
            assert!(form.check(text).is_err(), "{form:?} {text} should be refused");
        }
    }

    #[test]
    fn image_globs_name_their_registry() {
        good(Form::ImageGlob, &["**", "registry.example.com/shop/**", "localhost:5000/x", "docker.io/library/nginx"]);
        let refused = [
            "*",
            "shop/**",
            "*.example.com/x",
            "registry.example.com",
            "registry.example.com/",
            "registry.example.com/x:1",
            "registry.example.com/x@sha256:00",
            "https://registry.example.com/x",
            "registry.example.com/[ab]",
            "registry.example.com/a?",
            "registry.example.com/Shop",
            "index.docker.io/library/nginx",
            "registry.example.com*/x",
        ];
        bad(Form::ImageGlob, &refused);
    }

    #[test]
    fn regexps_are_anchored_for_real() {
        good(Form::Regexp, &[r"^https://github\.com/acme/shop/.*@refs/tags/v[0-9]+$", "^(a|b)$", "^a[|)]b$"]);
        let refused =
            ["a", "^a", "a$", "^a|b$", "^(a$", "^a)$", "^.*$", r"^a\$", "^(?i)a$", "^[a$", "^(?P<x>a)$", "^[[:x:]]$"];
        bad(Form::Regexp, &refused);
    }

    #[test]
    fn dates_ages_and_sizes() {
        good(Form::Date, &["2028-02-29"]);
        bad(Form::Date, &["2027-02-29", "2027-2-1", "tomorrow", "2027-01-01T00:00:00Z", "27-01-01"]);
        assert_eq!(age("24h"), Ok(86_400));
        assert_eq!(age("7d"), Ok(604_800));
        bad(Form::Age, &["0h", "24", "h", "1w", "-1h", "367d", "99999999999999999999d", "1é"]);
        good(Form::Size, &["64Mi", "1G", "1048576"]);
        bad(Form::Size, &["0", "Mi", "64mi", "1.5Gi", "0x10"]);
    }

    #[test]
    fn names_paths_and_repositories() {
        good(Form::Workload, &["Deployment/web", "StatefulSet/db.main"]);
        bad(Form::Workload, &["web", "deployment/web", "Deployment/*", "Deployment/"]);
        good(Form::Path, &["/var/cache/nginx"]);
        bad(Form::Path, &["/", "tmp", "/tmp/", "/a/../b", "/a//b", "/a/*", "/a:b"]);
        good(Form::Repository, &["registry.example.com", "registry.example.com/shop", "localhost:5000/a/b"]);
        let refused = ["shop", "registry.example.com/", "registry.example.com/a:1", "https://r.io/x", "r.io/A"];
        bad(Form::Repository, &refused);
        good(Form::LabelKey, &["app", "app.kubernetes.io/name"]);
        bad(Form::LabelKey, &["-a", "a/", "/a", "a b"]);
        good(Form::Vulnerability, &["CVE-2023-0286", "GHSA-xxxx-yyyy-zzzz"]);
        bad(Form::Vulnerability, &["CVE-*", "cve", "openssl"]);
    }

    #[test]
    fn capabilities_are_known_ones() {
        good(Form::Capability, &["NET_BIND_SERVICE"]);
        assert!(Form::Capability.check("CAP_NET_RAW").unwrap_err().contains("did you mean NET_RAW"));
        assert!(Form::Capability.check("NET_BIND_SERVCE").unwrap_err().contains("NET_BIND_SERVICE"));
        assert!(Form::Capability.check("ALL").unwrap_err().contains("everything"));
    }

    #[test]
    fn nearest_names() {
        let keys = ["failOn", "fixAvailableOnly", "kev"];
        assert_eq!(nearest("failon", keys.into_iter()), Some("failOn"));
        assert_eq!(nearest("fialOn", keys.into_iter()), Some("failOn"));
        assert_eq!(nearest("completely-different", keys.into_iter()), None);
    }
}
