//! Data every process may ask for (rule R7), and the account files.

use plimsoll_intent::RuntimeRule;

use crate::closure::Closure;
use crate::plan::Rule;

/// Kept if they are there: what libc and its callers read without being told.
const ALWAYS: &[&str] = &[
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/alpine-release",
    "/etc/lsb-release",
    "/etc/redhat-release",
    "/etc/nsswitch.conf",
    "/etc/protocols",
    "/etc/services",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/mime.types",
    "/etc/ssl/cert.pem",
    "/etc/ssl/openssl.cnf",
];

/// Kept with everything below.
const ALWAYS_BELOW: &[&str] = &[
    "/etc/ld.so.conf.d",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted/pem",
    "/usr/share/zoneinfo",
    "/usr/lib/locale/C.utf8",
    "/usr/lib/locale/C.UTF-8",
];

/// Keeps the data of rule R7.
pub(crate) fn keep(closure: &mut Closure<'_, '_>) {
    for path in ALWAYS {
        closure.keep(path, Rule::Data, "every process may read it");
    }
    for dir in ALWAYS_BELOW {
        closure.keep_below(dir, Rule::Data, "every process may read it");
    }
    let tree = closure.input.tree;
    let loaders: Vec<String> =
        tree.children("/etc").filter(|(p, _)| p.starts_with("/etc/ld-musl-")).map(|(p, _)| p.to_owned()).collect();
    for path in loaders {
        closure.keep(&path, Rule::Data, "the loader's search path");
    }
    // Links at the root, `/bin` to `usr/bin`: a path written either way must lead to the same file.
    let links: Vec<String> = tree
        .children("/")
        .filter(|(_, n)| matches!(n.kind, plimsoll_tree::NodeKind::Symlink { .. }))
        .map(|(p, _)| p.to_owned())
        .collect();
    for link in links {
        closure.keep(&link, Rule::Link, "a merged root directory");
    }
    let config = &closure.input.config.container;
    let locales: Vec<String> = config
        .env
        .iter()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| *name == "LANG" || *name == "LANGUAGE" || name.starts_with("LC_"))
        .map(|(_, value)| value.to_owned())
        .filter(|v| !matches!(v.as_str(), "" | "C" | "POSIX" | "C.UTF-8" | "C.utf8"))
        .collect();
    for locale in locales {
        let normal = locale.replace(".UTF-8", ".utf8");
        closure.keep("/usr/lib/locale/locale-archive", Rule::Data, "the image's locale");
        for dir in [format!("/usr/lib/locale/{locale}"), format!("/usr/lib/locale/{normal}")] {
            closure.keep_below(&dir, Rule::Data, "the image's locale");
        }
    }
}

/// `/etc/passwd` with an entry for the runtime user; nobody has a login shell unless the shell stays.
pub(crate) fn passwd(before: &[u8], runtime: &RuntimeRule) -> Vec<u8> {
    let mut out = String::new();
    let mut names = Vec::new();
    let mut present = false;
    for line in String::from_utf8_lossy(before).lines() {
        let mut fields: Vec<&str> = line.split(':').collect();
        if fields.len() != 7 {
            continue;
        }
        present |= fields[2] == runtime.uid.to_string();
        names.push(fields[0].to_owned());
        if !runtime.keep_shell {
            fields[6] = "/usr/sbin/nologin";
        }
        out.push_str(&fields.join(":"));
        out.push('\n');
    }
    if names.is_empty() {
        out.push_str("root:x:0:0:root:/root:/usr/sbin/nologin\n");
        names.push("root".to_owned());
    }
    if !present {
        let name = free_name(&names);
        out.push_str(&format!("{name}:x:{}:{}:{name}:/home/nonroot:/usr/sbin/nologin\n", runtime.uid, runtime.gid));
    }
    out.into_bytes()
}

/// `/etc/group` with an entry for the runtime group.
pub(crate) fn group(before: &[u8], runtime: &RuntimeRule) -> Vec<u8> {
    let mut out = String::new();
    let mut names = Vec::new();
    let mut present = false;
    for line in String::from_utf8_lossy(before).lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if fields.len() != 4 {
            continue;
        }
        present |= fields[2] == runtime.gid.to_string();
        names.push(fields[0].to_owned());
        out.push_str(line);
        out.push('\n');
    }
    if names.is_empty() {
        out.push_str("root:x:0:\n");
        names.push("root".to_owned());
    }
    if !present {
        out.push_str(&format!("{}:x:{}:\n", free_name(&names), runtime.gid));
    }
    out.into_bytes()
}

fn free_name(taken: &[String]) -> String {
    let mut name = "nonroot".to_owned();
    while taken.contains(&name) {
        name.push('_');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_gain_one_entry_once() {
        let runtime = RuntimeRule::default();
        let once = passwd(b"root:x:0:0:root:/root:/bin/bash\nbroken\n", &runtime);
        assert_eq!(
            String::from_utf8(once.clone()).unwrap(),
            "root:x:0:0:root:/root:/usr/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/usr/sbin/nologin\n"
        );
        assert_eq!(passwd(&once, &runtime), once);
        let once = group(b"", &runtime);
        assert_eq!(once, b"root:x:0:\nnonroot:x:65532:\n");
        assert_eq!(group(&once, &runtime), once);
        assert!(String::from_utf8(group(b"nonroot:x:1:\n", &runtime)).unwrap().contains("nonroot_:x:65532:"));
    }
}
