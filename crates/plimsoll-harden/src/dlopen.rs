//! What well-known libraries open at run time without naming it in their headers (rule R3).

use plimsoll_tree::NodeKind;

use crate::closure::Closure;
use crate::elf::Elf;
use crate::linker::parent;
use crate::plan::Rule;

/// Directories beside a library that hold what it opens: (library name's start, directory).
const BESIDE: &[(&str, &str)] = &[
    ("libcrypto.so", "ossl-modules"),
    ("libcrypto.so", "engines-3"),
    ("libcrypto.so", "engines-1.1"),
    ("libpam.so", "security"),
    ("libsasl2.so", "sasl2"),
    ("libkrb5.so", "krb5/plugins"),
    ("libp11-kit.so", "pkcs11"),
    ("libgtk", "gtk-3.0"),
];

/// Data at a fixed place: (library name's start, path).
const FIXED: &[(&str, &str)] = &[
    ("libcrypto.so", "/etc/ssl/openssl.cnf"),
    ("libcrypto.so", "/usr/lib/ssl"),
    ("libcrypto.so", "/etc/pki/tls/openssl.cnf"),
    ("libpam.so", "/etc/pam.d"),
    ("libpam.so", "/etc/security"),
    ("libgssapi", "/etc/gss/mech.d"),
    ("libkrb5.so", "/etc/krb5.conf"),
    ("libp11-kit.so", "/usr/share/p11-kit"),
    ("libfontconfig.so", "/etc/fonts"),
    ("libfontconfig.so", "/usr/share/fontconfig"),
    ("libfontconfig.so", "/usr/share/fonts"),
    ("libodbc.so", "/etc/odbcinst.ini"),
];

/// Keeps what the table says for the library at `path`.
pub(crate) fn table(closure: &mut Closure<'_, '_>, path: &str, found: &Elf) {
    let name = found.soname.clone().unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path).to_owned());
    let dir = parent(path).to_owned();
    for (library, beside) in BESIDE {
        if name.starts_with(library) {
            directory_or_file(closure, &format!("{dir}/{beside}"), path);
        }
    }
    for (library, fixed) in FIXED {
        if name.starts_with(library) {
            directory_or_file(closure, fixed, path);
        }
    }
    if name == "libc.so.6" {
        glibc(closure, path, &dir);
    }
}

/// The name services of `/etc/nsswitch.conf`, the resolver, and the unwinder that thread cancellation loads.
fn glibc(closure: &mut Closure<'_, '_>, path: &str, dir: &str) {
    let mut names = vec!["libresolv.so.2".to_owned(), "libgcc_s.so.1".to_owned()];
    for service in ["files", "dns", "compat"] {
        names.push(format!("libnss_{service}.so.2"));
    }
    if let Ok(Some(bytes)) = closure.reader.read("/etc/nsswitch.conf") {
        for line in String::from_utf8_lossy(&bytes).lines().take(256) {
            let line = line.split('#').next().unwrap_or_default();
            let services = line.split_once(':').map(|(_, s)| s).unwrap_or_default();
            for service in services.split_ascii_whitespace() {
                if service.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    names.push(format!("libnss_{service}.so.2"));
                }
            }
        }
    }
    for name in names {
        closure.keep(&format!("{dir}/{name}"), Rule::Dlopen, path);
    }
    // Character sets beyond UTF-8 and ASCII are modules; they are only asked for under another locale.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|n| closure.input.config.container.env_value(n));
    let plain = locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.is_empty() || l == "c" || l == "posix" || l.contains("utf-8") || l.contains("utf8")
    });
    if !plain {
        closure.keep_below(&format!("{dir}/gconv"), Rule::Dlopen, path);
    }
}

fn directory_or_file(closure: &mut Closure<'_, '_>, path: &str, via: &str) {
    match closure.input.tree.lookup(path).map(|(_, n)| &n.kind) {
        Some(NodeKind::Directory) => closure.keep_below(path, Rule::Dlopen, via),
        Some(_) => {
            closure.keep(path, Rule::Dlopen, via);
        }
        None => {}
    }
}
