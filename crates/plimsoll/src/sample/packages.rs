//! The packages of the sample's base, with the names, versions and sources Debian 12 gave them.

use std::fmt::Write as _;

/// A package of the sample.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// `Source:` where it differs from the name; with a version where that differs too.
    pub(super) source: Option<&'static str>,
    pub(super) arch: &'static str,
    pub(super) essential: bool,
    pub(super) depends: &'static str,
    pub(super) licence: &'static str,
    pub(super) homepage: &'static str,
    pub(super) description: &'static str,
    pub(super) files: &'static [(&'static str, u32, &'static [u8])],
    pub(super) links: &'static [(&'static str, &'static str)],
}

impl Package {
    /// The package's stanza of `/var/lib/dpkg/status`.
    pub(super) fn stanza(&self) -> String {
        let mut text = format!("Package: {}\n", self.name);
        if self.essential {
            text.push_str("Essential: yes\n");
        }
        let _ = write!(
            text,
            "Status: install ok installed\nPriority: optional\nSection: misc\nInstalled-Size: 100\n\
             Maintainer: Debian Maintainers <maintainers@debian.example>\nArchitecture: {}\n",
            self.arch
        );
        if let Some(source) = self.source {
            let _ = writeln!(text, "Source: {source}");
        }
        let _ = writeln!(text, "Version: {}", self.version);
        if !self.depends.is_empty() {
            let _ = writeln!(text, "Depends: {}", self.depends);
        }
        let _ = write!(text, "Description: {}\nHomepage: {}\n\n", self.description, self.homepage);
        text
    }
}

/// A program that ends at once: x86-64, 64-byte header, one program header, `exit(0)`.
const STAND_IN: &[u8] = &[
    0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, // identification
    2, 0, 0x3e, 0, 1, 0, 0, 0, 0x78, 0, 0x40, 0, 0, 0, 0, 0, // executable, x86-64, entry 0x400078
    0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // program headers at 64, no sections
    0, 0, 0, 0, 0x40, 0, 0x38, 0, 1, 0, 0, 0, 0, 0, 0, 0, // sizes
    1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // PT_LOAD, read and execute
    0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, // at 0x400000
    0x81, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0, 0, 0, 0, 0, 0, // 129 bytes
    0, 0x10, 0, 0, 0, 0, 0, 0, // alignment
    0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, // mov eax, 60; xor edi, edi; syscall
];

/// UTC, TZif version 1 (RFC 8536): one time type, offset 0, abbreviation "UTC".
const UTC: &[u8] =
    b"TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0\0\0\0UTC\0";

const OS_RELEASE: &[u8] =
    b"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n\
VERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\nHOME_URL=\"https://www.debian.org/\"\n";

/// What most of them share.
const fn package(
    name: &'static str,
    version: &'static str,
    files: &'static [(&'static str, u32, &'static [u8])],
) -> Package {
    Package {
        name,
        version,
        source: None,
        arch: "amd64",
        essential: false,
        depends: "",
        licence: "GPL-2+",
        homepage: "https://www.debian.org/",
        description: "part of the sample",
        files,
        links: &[],
    }
}

/// The base, in the order of the package database.
pub(super) const PACKAGES: &[Package] = &[
    Package {
        depends: "libc6 (>= 2.34)",
        description: "commandline package manager",
        ..package("apt", "2.6.1", &[("/usr/bin/apt-get", 0o755, STAND_IN), ("/usr/bin/apt", 0o755, STAND_IN)])
    },
    Package {
        essential: true,
        description: "Debian base system miscellaneous files",
        links: &[("/etc/os-release", "../usr/lib/os-release")],
        ..package(
            "base-files",
            "12.4+deb12u5",
            &[("/usr/lib/os-release", 0o644, OS_RELEASE), ("/etc/debian_version", 0o644, b"12.5\n")],
        )
    },
    Package {
        essential: true,
        source: Some("bash (5.2.15-2)"),
        depends: "base-files (>= 2.1.12), libc6 (>= 2.36)",
        licence: "GPL-3+",
        homepage: "http://tiswww.case.edu/php/chet/bash/bashtop.html",
        description: "GNU Bourne Again SHell",
        ..package("bash", "5.2.15-2+b2", &[("/usr/bin/bash", 0o755, STAND_IN)])
    },
    Package {
        depends: "libc6 (>= 2.34), libcurl4 (= 7.88.1-10), zlib1g (>= 1:1.1.4)",
        licence: "curl",
        homepage: "https://curl.se/",
        description: "command line tool for transferring data with URL syntax",
        ..package(
            "curl",
            "7.88.1-10",
            &[("/usr/bin/curl", 0o755, STAND_IN), ("/usr/share/man/man1/curl.1", 0o644, b".TH curl 1\n")],
        )
    },
    Package {
        essential: true,
        depends: "libc6 (>= 2.34)",
        licence: "BSD-3-clause",
        description: "POSIX-compliant shell",
        links: &[("/usr/bin/sh", "dash")],
        ..package("dash", "0.5.12-2", &[("/usr/bin/dash", 0o755, STAND_IN)])
    },
    Package {
        essential: true,
        depends: "libc6 (>= 2.34), zlib1g (>= 1:1.1.4)",
        description: "Debian package management system",
        ..package("dpkg", "1.21.22", &[("/usr/bin/dpkg", 0o755, STAND_IN)])
    },
    Package {
        source: Some("glibc"),
        licence: "LGPL-2.1+",
        homepage: "https://www.gnu.org/software/libc/libc.html",
        description: "GNU C Library: Shared libraries",
        ..package(
            "libc6",
            "2.36-9+deb12u1",
            &[
                ("/usr/lib/x86_64-linux-gnu/libc.so.6", 0o755, STAND_IN),
                ("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", 0o755, STAND_IN),
            ],
        )
    },
    Package {
        source: Some("curl"),
        depends: "libc6 (>= 2.34), libssl3 (>= 3.0.0), zlib1g (>= 1:1.1.4)",
        licence: "curl",
        homepage: "https://curl.se/",
        description: "easy-to-use client-side URL transfer library (OpenSSL flavour)",
        ..package("libcurl4", "7.88.1-10", &[("/usr/lib/x86_64-linux-gnu/libcurl.so.4.8.0", 0o644, STAND_IN)])
    },
    Package {
        source: Some("openssl"),
        depends: "libc6 (>= 2.34)",
        licence: "Apache-2.0",
        homepage: "https://www.openssl.org/",
        description: "Secure Sockets Layer toolkit - shared libraries",
        ..package(
            "libssl3",
            "3.0.8-1",
            &[
                ("/usr/lib/x86_64-linux-gnu/libcrypto.so.3", 0o644, STAND_IN),
                ("/usr/lib/x86_64-linux-gnu/libssl.so.3", 0o644, STAND_IN),
            ],
        )
    },
    Package {
        arch: "all",
        description: "Basic TCP/IP networking system",
        ..package(
            "netbase",
            "6.4",
            &[
                ("/etc/protocols", 0o644, b"tcp\t6\tTCP\nudp\t17\tUDP\n"),
                ("/etc/services", 0o644, b"http\t80/tcp\nhttps\t443/tcp\n"),
            ],
        )
    },
    Package {
        depends: "libc6 (>= 2.34), libssl3 (>= 3.0.8)",
        licence: "Apache-2.0",
        homepage: "https://www.openssl.org/",
        description: "Secure Sockets Layer toolkit - cryptographic utility",
        ..package("openssl", "3.0.8-1", &[("/usr/bin/openssl", 0o755, STAND_IN)])
    },
    Package {
        source: Some("shadow (1:4.13+dfsg1-1)"),
        depends: "libc6 (>= 2.34)",
        licence: "BSD-3-clause",
        homepage: "https://github.com/shadow-maint/shadow",
        description: "change and administer password and group data",
        ..package("passwd", "1:4.13+dfsg1-1+b1", &[("/usr/bin/passwd", 0o4755, STAND_IN)])
    },
    Package {
        essential: true,
        source: Some("perl"),
        depends: "libc6 (>= 2.35)",
        licence: "Artistic-1.0-Perl or GPL-1+",
        homepage: "http://dev.perl.org/perl5/",
        description: "minimal Perl system",
        ..package("perl-base", "5.36.0-7", &[("/usr/bin/perl", 0o755, STAND_IN)])
    },
    Package {
        arch: "all",
        licence: "public-domain",
        homepage: "https://www.iana.org/time-zones",
        description: "time zone and daylight-saving time data",
        links: &[("/usr/share/zoneinfo/UTC", "Etc/UTC")],
        ..package("tzdata", "2024a-0+deb12u1", &[("/usr/share/zoneinfo/Etc/UTC", 0o644, UTC)])
    },
    Package {
        source: Some("zlib"),
        depends: "libc6 (>= 2.14)",
        licence: "Zlib",
        homepage: "http://zlib.net/",
        description: "compression library - runtime",
        ..package("zlib1g", "1:1.2.13.dfsg-1", &[("/usr/lib/x86_64-linux-gnu/libz.so.1.2.13", 0o644, STAND_IN)])
    },
];
