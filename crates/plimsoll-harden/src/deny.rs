//! What a hardened image does not carry (rule R11), and what an image holds only because it was once installed.

use plimsoll_tree::{Node, NodeKind};

use crate::words::is_shell;

/// Why a path is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A shell or a multi-call binary that is one.
    Shell,
    /// A package manager, of the system or of a language.
    PackageManager,
    /// A program that changes who one is: su, sudo, mount, passwd.
    Privilege,
    /// A network client or tool that attackers bring work for.
    NetworkTool,
    /// A debugger or tracer.
    Debugger,
    /// A compiler, assembler or linker.
    Compiler,
    /// Documentation, manuals, translations. Copyright files are not of this class.
    Documentation,
    /// Caches, logs, package lists, backups.
    Leftover,
    /// Integration with a host's service manager, cron, editors or shells.
    HostIntegration,
    /// State of tools that are gone: dpkg's and apt's own files, alternatives, debconf.
    SystemState,
    /// Account secrets and host identity: shadow, machine-id, SSH host keys.
    Identity,
    /// A device node or FIFO; the runtime makes those.
    Device,
    /// Version control data.
    VersionControl,
    /// A private key.
    PrivateKey,
    /// A script whose interpreter is left out.
    DeadScript,
    /// A `closure.drop` line names it.
    Decided,
    /// Nothing the workload runs reaches it.
    Unreached,
}

impl Class {
    /// Stable kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::PackageManager => "package-manager",
            Self::Privilege => "privilege-tool",
            Self::NetworkTool => "network-tool",
            Self::Debugger => "debugger",
            Self::Compiler => "compiler",
            Self::Documentation => "documentation",
            Self::Leftover => "leftover",
            Self::HostIntegration => "host-integration",
            Self::SystemState => "system-state",
            Self::Identity => "identity",
            Self::Device => "device",
            Self::VersionControl => "version-control",
            Self::PrivateKey => "private-key",
            Self::DeadScript => "dead-script",
            Self::Decided => "decided",
            Self::Unreached => "unreached",
        }
    }
}

const PROGRAM_DIRECTORIES: &[&str] =
    &["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/games", "/busybox"];

const PACKAGE_MANAGERS: &[&str] = &[
    "apk",
    "apt",
    "apt-get",
    "apt-cache",
    "apt-cdrom",
    "apt-config",
    "apt-key",
    "apt-mark",
    "aptitude",
    "conda",
    "composer",
    "corepack",
    "debconf",
    "dnf",
    "dnf5",
    "dpkg",
    "dpkg-deb",
    "dpkg-divert",
    "dpkg-query",
    "dpkg-split",
    "dpkg-trigger",
    "easy_install",
    "gem",
    "mamba",
    "microdnf",
    "npm",
    "npx",
    "opkg",
    "pacman",
    "pecl",
    "pip",
    "pip3",
    "pipx",
    "pnpm",
    "rpm",
    "rpmkeys",
    "snap",
    "tdnf",
    "uv",
    "yarn",
    "yum",
    "zypper",
];
const PRIVILEGE: &[&str] = &[
    "chage",
    "chfn",
    "chsh",
    "doas",
    "expiry",
    "fusermount",
    "fusermount3",
    "gpasswd",
    "login",
    "mount",
    "newgidmap",
    "newgrp",
    "newuidmap",
    "nsenter",
    "passwd",
    "pkexec",
    "runuser",
    "sg",
    "su",
    "sudo",
    "sulogin",
    "umount",
    "unix_chkpwd",
    "unshare",
    "chroot",
    "setpriv",
    "useradd",
    "usermod",
    "adduser",
    "addgroup",
];
const NETWORK_TOOLS: &[&str] = &[
    "arp",
    "curl",
    "dig",
    "ftp",
    "host",
    "ip",
    "lftp",
    "nc",
    "nc.openbsd",
    "nc.traditional",
    "ncat",
    "netcat",
    "nmap",
    "nslookup",
    "rsync",
    "scp",
    "sftp",
    "socat",
    "ss",
    "ssh",
    "tcpdump",
    "telnet",
    "tftp",
    "wget",
    "wget2",
];
const DEBUGGERS: &[&str] = &["bpftrace", "gdb", "gdbserver", "lldb", "ltrace", "perf", "strace", "valgrind"];
const COMPILERS: &[&str] = &[
    "ar", "as", "c++", "c89", "c99", "cc", "clang", "clang++", "cpp", "g++", "gcc", "go", "gold", "ld", "ld.bfd",
    "ld.gold", "ld.lld", "make", "nasm", "objcopy", "objdump", "ranlib", "rustc", "tcc",
];

/// The class of tool a program's file name belongs to.
pub(crate) fn tool(path: &str) -> Option<Class> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    if !PROGRAM_DIRECTORIES.contains(&dir) {
        return None;
    }
    // `gcc-12`, `x86_64-linux-gnu-gcc`, `pip3.11` are the tool with a version or a target.
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-');
    let last = if name.contains("-linux-") { name.rsplit('-').next().unwrap_or(name) } else { name };
    let is = |list: &[&str]| list.contains(&name) || list.contains(&bare) || list.contains(&last);
    if is_shell(name) || name == "busybox" || name == "toybox" {
        Some(Class::Shell)
    } else if is(PACKAGE_MANAGERS) {
        Some(Class::PackageManager)
    } else if is(PRIVILEGE) {
        Some(Class::Privilege)
    } else if is(NETWORK_TOOLS) {
        Some(Class::NetworkTool)
    } else if is(DEBUGGERS) {
        Some(Class::Debugger)
    } else if is(COMPILERS) {
        Some(Class::Compiler)
    } else {
        None
    }
}

/// Directories of a class: the path itself or anything below.
const BELOW: &[(&str, Class)] = &[
    ("/usr/share/doc", Class::Documentation),
    ("/usr/share/man", Class::Documentation),
    ("/usr/local/share/man", Class::Documentation),
    ("/usr/share/info", Class::Documentation),
    ("/usr/share/locale", Class::Documentation),
    ("/usr/share/gtk-doc", Class::Documentation),
    ("/usr/share/help", Class::Documentation),
    ("/usr/share/i18n", Class::Documentation),
    ("/usr/share/groff", Class::Documentation),
    ("/usr/share/doc-base", Class::Documentation),
    ("/usr/share/lintian", Class::HostIntegration),
    ("/usr/share/linda", Class::HostIntegration),
    ("/usr/share/bug", Class::HostIntegration),
    ("/usr/share/apport", Class::HostIntegration),
    ("/usr/share/bash-completion", Class::HostIntegration),
    ("/usr/share/zsh", Class::HostIntegration),
    ("/usr/share/fish", Class::HostIntegration),
    ("/usr/share/vim", Class::HostIntegration),
    ("/usr/share/applications", Class::HostIntegration),
    ("/usr/share/pixmaps", Class::HostIntegration),
    ("/usr/share/menu", Class::HostIntegration),
    ("/usr/share/debconf", Class::HostIntegration),
    ("/usr/lib/systemd", Class::HostIntegration),
    ("/lib/systemd", Class::HostIntegration),
    ("/usr/lib/tmpfiles.d", Class::HostIntegration),
    ("/usr/lib/sysusers.d", Class::HostIntegration),
    ("/usr/lib/udev", Class::HostIntegration),
    ("/etc/systemd", Class::HostIntegration),
    ("/etc/init.d", Class::HostIntegration),
    ("/etc/rc0.d", Class::HostIntegration),
    ("/etc/rc1.d", Class::HostIntegration),
    ("/etc/rc2.d", Class::HostIntegration),
    ("/etc/rc3.d", Class::HostIntegration),
    ("/etc/rc4.d", Class::HostIntegration),
    ("/etc/rc5.d", Class::HostIntegration),
    ("/etc/rc6.d", Class::HostIntegration),
    ("/etc/rcS.d", Class::HostIntegration),
    ("/etc/logrotate.d", Class::HostIntegration),
    ("/etc/ufw", Class::HostIntegration),
    ("/etc/cron.d", Class::HostIntegration),
    ("/etc/cron.daily", Class::HostIntegration),
    ("/etc/cron.hourly", Class::HostIntegration),
    ("/etc/cron.weekly", Class::HostIntegration),
    ("/etc/cron.monthly", Class::HostIntegration),
    ("/etc/default", Class::HostIntegration),
    ("/etc/bash_completion.d", Class::HostIntegration),
    ("/etc/profile.d", Class::HostIntegration),
    ("/etc/update-motd.d", Class::HostIntegration),
    ("/etc/skel", Class::HostIntegration),
    ("/etc/apparmor.d", Class::HostIntegration),
    ("/etc/network", Class::HostIntegration),
    ("/etc/modprobe.d", Class::HostIntegration),
    ("/etc/sysctl.d", Class::HostIntegration),
    ("/etc/kernel", Class::HostIntegration),
    ("/etc/apt", Class::PackageManager),
    ("/etc/dpkg", Class::PackageManager),
    ("/usr/lib/apt", Class::PackageManager),
    ("/usr/lib/dpkg", Class::PackageManager),
    ("/usr/libexec/dpkg", Class::PackageManager),
    ("/usr/share/dpkg", Class::PackageManager),
    ("/usr/share/keyrings", Class::PackageManager),
    ("/etc/apk", Class::PackageManager),
    ("/etc/alternatives", Class::SystemState),
    ("/var/lib/dpkg", Class::SystemState),
    ("/lib/apk", Class::SystemState),
    ("/usr/lib/apk", Class::SystemState),
    ("/var/lib/apt", Class::SystemState),
    ("/var/lib/pam", Class::SystemState),
    ("/var/lib/systemd", Class::SystemState),
    ("/var/lib/ucf", Class::SystemState),
    ("/var/lib/misc", Class::SystemState),
    ("/var/lib/shells.state", Class::SystemState),
    ("/var/lib/apk", Class::SystemState),
    ("/var/cache", Class::Leftover),
    ("/var/log", Class::Leftover),
    ("/var/backups", Class::Leftover),
    ("/var/tmp", Class::Leftover),
    ("/var/mail", Class::Leftover),
    ("/var/spool/mail", Class::Leftover),
    ("/var/lock", Class::Leftover),
    ("/tmp", Class::Leftover),
    ("/run", Class::Leftover),
    ("/var/run", Class::Leftover),
    ("/proc", Class::Leftover),
    ("/sys", Class::Leftover),
    ("/dev", Class::Device),
    ("/boot", Class::Leftover),
    ("/root/.cache", Class::Leftover),
];

/// Single files of `/etc` and elsewhere that installation left behind or that identify one host.
const EXACT: &[(&str, Class)] = &[
    ("/.dockerenv", Class::SystemState),
    ("/etc/.pwd.lock", Class::SystemState),
    ("/etc/adduser.conf", Class::SystemState),
    ("/etc/adjtime", Class::SystemState),
    ("/etc/bash.bashrc", Class::SystemState),
    ("/etc/debconf.conf", Class::SystemState),
    ("/etc/deluser.conf", Class::SystemState),
    ("/etc/environment", Class::SystemState),
    ("/etc/fstab", Class::SystemState),
    ("/etc/group-", Class::Identity),
    ("/etc/gshadow", Class::Identity),
    ("/etc/gshadow-", Class::Identity),
    ("/etc/hostname", Class::Identity),
    ("/etc/issue", Class::SystemState),
    ("/etc/issue.net", Class::SystemState),
    ("/etc/locale.alias", Class::SystemState),
    ("/etc/locale.gen", Class::SystemState),
    ("/etc/login.defs", Class::SystemState),
    ("/etc/machine-id", Class::Identity),
    ("/etc/modules", Class::SystemState),
    ("/etc/motd", Class::SystemState),
    ("/etc/mtab", Class::SystemState),
    ("/etc/passwd-", Class::Identity),
    ("/etc/profile", Class::SystemState),
    ("/etc/resolv.conf", Class::Identity),
    ("/etc/securetty", Class::SystemState),
    ("/etc/shadow", Class::Identity),
    ("/etc/shadow-", Class::Identity),
    ("/etc/shells", Class::SystemState),
    ("/etc/subgid", Class::Identity),
    ("/etc/subgid-", Class::Identity),
    ("/etc/subuid", Class::Identity),
    ("/etc/subuid-", Class::Identity),
    ("/etc/sysctl.conf", Class::SystemState),
    ("/root/.bashrc", Class::SystemState),
    ("/root/.profile", Class::SystemState),
    ("/usr/share/info/dir", Class::Documentation),
];

/// Directories that hold only system state when no package owns what is in them.
const UNOWNED_STATE: &[&str] = &[
    "/etc/X11",
    "/etc/cloud",
    "/etc/pam.d",
    "/etc/security",
    "/etc/selinux",
    "/etc/terminfo",
    "/etc/ssl",
    "/etc/rc.d",
    "/etc/ca-certificates",
    "/etc/conf.d",
    "/etc/runlevels",
    "/etc/ld.so.conf.d",
    "/usr/share/mime",
    "/usr/share/icons",
    "/usr/share/ca-certificates",
    "/usr/lib/locale",
    "/usr/share/perl",
    "/usr/lib/python3",
    "/usr/share/python3",
    "/usr/share/glib-2.0",
    "/var/lib/python",
    "/var/lib/usbutils",
    "/etc/ca-certificates.conf",
    "/etc/group",
    "/etc/passwd",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/pam.conf",
    "/etc/os-release",
    "/etc/debian_version",
];

/// Whether `path` is `dir` or below it.
pub(crate) fn below(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a node is a link to the standard streams: logs written "to a file" leave the container through it.
pub(crate) fn is_stream_link(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Symlink { target } if matches!(target.as_str(), "/dev/stdout" | "/dev/stderr" | "/proc/self/fd/1" | "/proc/self/fd/2"))
}

/// The class that denies `path` a place in the image, if any. Shells count unless the decision keeps them.
pub(crate) fn class(path: &str, node: &Node, keep_shell: bool) -> Option<Class> {
    if let NodeKind::Special { .. } = node.kind {
        return Some(Class::Device);
    }
    if is_stream_link(node) && !below(path, "/dev") {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some(found) = tool(path) {
        return (found != Class::Shell || !keep_shell).then_some(found);
    }
    if let Some((_, class)) = EXACT.iter().find(|(p, _)| *p == path) {
        return Some(*class);
    }
    if path.starts_with("/etc/ssh/ssh_host_") {
        return Some(Class::Identity);
    }
    if path.split('/').any(|part| matches!(part, ".git" | ".hg" | ".svn")) {
        return Some(Class::VersionControl);
    }
    if below(path, "/usr/share/doc")
        && (name == "copyright" || name.starts_with("LICEN") || name.starts_with("COPYING"))
    {
        return None;
    }
    BELOW.iter().find(|(dir, _)| below(path, dir)).map(|(_, class)| *class)
}

/// Whether a path no package owns is state of the installed system rather than the application's.
pub(crate) fn unowned_state(path: &str, node: &Node) -> bool {
    if let NodeKind::Symlink { target } = &node.kind
        && target.starts_with("/etc/alternatives/")
    {
        return true;
    }
    UNOWNED_STATE.iter().any(|dir| below(path, dir)) || path.contains("/__pycache__/") && below(path, "/usr/lib")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Node {
        Node {
            kind: NodeKind::File { size: 1, content: plimsoll_tree::ContentId(0) },
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: 0,
            xattrs: Vec::new(),
            first_layer: 0,
            layer: 0,
        }
    }

    #[test]
    fn classes() {
        for (path, expected) in [
            ("/usr/bin/dash", Some(Class::Shell)),
            ("/bin/busybox", Some(Class::Shell)),
            ("/usr/bin/gcc-12", Some(Class::Compiler)),
            ("/usr/bin/x86_64-linux-gnu-gcc", Some(Class::Compiler)),
            ("/usr/bin/pip3.11", Some(Class::PackageManager)),
            ("/usr/bin/su", Some(Class::Privilege)),
            ("/app/bin/su", None),
            ("/usr/share/doc/x/copyright", None),
            ("/usr/share/doc/x/changelog.gz", Some(Class::Documentation)),
            ("/usr/bin/redis-cli", None),
            ("/etc/nginx/nginx.conf", None),
            ("/app/.git/config", Some(Class::VersionControl)),
            ("/etc/shadow", Some(Class::Identity)),
        ] {
            assert_eq!(class(path, &file(), false), expected, "{path}");
        }
        assert_eq!(class("/usr/bin/dash", &file(), true), None);
    }
}
