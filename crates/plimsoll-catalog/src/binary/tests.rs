//! Programs known by the bytes that their versions stand in.

use super::*;

fn found(path: &str, bytes: &[u8]) -> Vec<String> {
    let mut out = Facts::default();
    read(&File { path, root: "", which: 0, bytes }, &mut out);
    assert!(out.troubles.is_empty());
    out.records.into_iter().map(|r| r.purl).collect()
}

fn program(strings: &[u8]) -> Vec<u8> {
    [b"\x7fELF\x02\x01\x01\0\0\0\0\0", strings, b"\0"].concat()
}

/// Strings as they stand in programs of Debian 11 to 13, PyPI and npm, and in their makers' own builds.
#[test]
fn versions_of_real_programs() {
    for (path, strings, purl) in [
        (
            "/usr/bin/redis-check-rdb",
            &b"redis_version:%s\0\x0a\0err\x007.0.15\0c11\0\xff\xdfA7.0.151790282056000000000\0%llx\0"[..],
            "redis@7.0.15",
        ),
        (
            "/usr/local/bin/redis-server",
            b"redis_version:%s\0standalone\x007.2.4\x0014.2.0\0x7.2.4buildkitsandbox-1704806478000000000\0",
            "redis@7.2.4",
        ),
        (
            "/usr/bin/valkey-server",
            b"valkey_version\0ga\x008.1.1\x007.2.4\x0014.2.0\x0000000000\0\0valkey8.1.11792855166000000000\0",
            "valkey@8.1.1",
        ),
        ("/usr/sbin/nginx", b"nginx version: nginx/1.22.1\0", "nginx@1.22.1"),
        ("/usr/local/openresty/nginx/sbin/nginx", b"nginx version: openresty/1.21.4.3\0", "openresty@1.21.4.3"),
        (
            "/usr/sbin/haproxy",
            b"\x002.6.12-1+deb12u4\0 version 2.6.12-1+deb12u4, released 2026/10/17\0",
            "haproxy@2.6.12",
        ),
        ("/usr/bin/perl", b"PERL5LIB\0PERL_INTERNAL_RAND_SEED\0v5.36.0\0panic: sysconf: %s\0", "perl@5.36.0"),
        ("/bin/busybox", b"BusyBox v1.35.0 (Debian 1:1.35.0-4)\0", "busybox@1.35.0"),
        ("/usr/bin/getopt", b"util-linux\0util-linux 2.38.1\0", "util-linux@2.38.1"),
        ("/usr/bin/python3.11", b"PYTHONHOME\x003.9.0\0pymalloc_debug\x003.11.2\0strict\0", "python@3.11.2"),
        (
            "/usr/lib/libpython3.13.so.1.0",
            b"PYTHONHOME\0, item %d\0 %.256s\x003.13.5\0%.80s (%.80s) %.80s\0",
            "python@3.13.5",
        ),
        (
            "/usr/lib/libruby-3.1.so.3.1.2",
            b"1993-2022 Yukihiro Matsumoto\0\0ruby 3.1.2p20 (2022-04-12 revision 4491bb740a)\0",
            "ruby@3.1.2p20",
        ),
        ("/usr/bin/php8.2", b"cli-server\0X-Powered-By: PHP/8.2.36\0", "php-cli@8.2.36"),
        ("/usr/sbin/php-fpm8.2", b"fpm-fcgi\0X-Powered-By: PHP/8.2.36\0", "php-fpm@8.2.36"),
        ("/usr/lib/apache2/modules/libphp8.2.so", b"X-Powered-By: PHP/8.2.36\0", "libphp@8.2.36"),
        ("/usr/lib/php/20220829/gd.so", b"get_module\0Oal|l!\x008.2.36\0API20220829,NTS\0", "php-gd@8.2.36"),
        (
            "/usr/lib/postgresql/15/bin/postgres",
            b"postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\0",
            "postgresql@15.20",
        ),
        ("/usr/bin/mariadb", b"%s  Ver %s\x0010.11.19-MariaDB\x0010.11.19\0", "mariadb@10.11.19"),
        ("/usr/bin/mysql", b"mysql from MariaDB\x0010.11.19-MariaDB\0mysql-8.0.1/\0", "mariadb@10.11.19"),
        ("/usr/sbin/mysqld", b"listed_files.empty()\0MySQL 9.7.4\0log_before\0", "mysql@9.7.4"),
        ("/usr/bin/memcached", b"listen\0memcached 1.6.18\0udp-port\0", "memcached@1.6.18"),
        ("/usr/sbin/apache2", b"conf/httpd.conf\0Apache/2.4.71 (Debian)\0", "httpd@2.4.71"),
        ("/bin/bash", b"@(#)Bash version 5.2.15(1) release GNU\0", "bash@5.2.15"),
        ("/usr/bin/openssl", b"OPENSSL_3.0.0\0OpenSSL 3.0.22 25 Aug 2026\0", "openssl@3.0.22"),
        ("/usr/lib/libcrypto.so.1.1", b"OpenSSL 1.1.1w  11 Sep 2023\0", "openssl@1.1.1w"),
        ("/usr/bin/curl", b"\0curl/7.88.1\0", "curl@7.88.1"),
        ("/usr/sbin/lighttpd", b"\0lighttpd/1.4.69\0", "lighttpd@1.4.69"),
        ("/usr/sbin/proftpd", b"ProFTPD Version 1.3.8\0", "proftpd@1.3.8"),
        ("/usr/bin/zstd", b"Disabled\0Enabled\0v1.5.4\0Zstandard CLI\0", "zstd@1.5.4"),
        ("/usr/bin/xz", b"xz (XZ Utils) 5.4.1\0", "xz@5.4.1"),
        ("/bin/gzip", b"<bug-gzip@gnu.org>\0while zipping\n\x001.12\0\0\0", "gzip@1.12"),
        ("/usr/bin/jq", b"%s\n\x001.6\0DEBUG:\0jq: error (at %s)\0", "jq@1.6"),
        ("/usr/bin/ffmpeg", b"\0%s version 5.1.9-0+deb12u1\0", "ffmpeg@5.1.9"),
        ("/usr/lib/libavcodec.so.59.37.100", b"FFmpeg version 5.1.9-0+deb12u1\0", "ffmpeg@5.1.9"),
        ("/usr/lib/ghc/bin/ghc", b"libHSghc-9.0.2-ghc9.0.2.so\0", "haskell/ghc@9.0.2"),
        ("/usr/bin/cabal", b"/usr/lib/x86_64-linux-ghc-9.0.2/cabal-install-3.4.1.0\0", "haskell/cabal@3.4.1.0"),
        ("/usr/bin/stack", b"/usr/lib/x86_64-linux-ghc-9.0.2/stack-2.7.5\0", "haskell/stack@2.7.5"),
        ("/usr/bin/x86_64-linux-gnu-gcc-12", b" zstd\x0012.2.0\0(Debian) \0gcc version %s %s\0", "gcc@12.2.0"),
        ("/usr/local/bin/gcc", b" zstd\x0013.2.0\0(GCC) \0gcc version %s %s\0", "gcc@13.2.0"),
        ("/usr/local/bin/node", b"[ \0]\0/json\0node.js/v20.20.2\0", "node@20.20.2"),
        ("/opt/java/bin/java", b"\0openjdk\0java\x000.0\x0017.0.21+9\0-J-ms8m\0", "java/jre@17.0.21%2B9"),
        ("/usr/lib/libstd-a5a48102fbd58791.so", b"/usr/src/rustc-1.63.0/library/alloc\0", "rust@1.63.0"),
        ("/usr/lib/libswipl.so.9.0.4", b"SWI-Prolog\0", "swipl@9.0.4"),
        (
            "/usr/bin/ldapsearch",
            b"@(#) $OpenLDAP: ldapsearch 2.5.13+dfsg-5 (Feb  8 2023 01:56:12) $\0",
            "openldap@2.5.13",
        ),
        ("/usr/lib/libQt6Core.so.6.4.2", b"Qt 6.4.2 (x86_64-little_endian-lp64 shared\0", "qt@6.4.2"),
        (
            "/usr/lib/firefox/firefox",
            b"{ec8030f7-c20a-464f-9b0e-13a3a9e97384}&version=153.7.0&buildid=2026\0",
            "firefox@153.7.0",
        ),
        ("/usr/lib/libkrb5.so.3.3", b"KRB5_BRAND: krb5-1.20.1-final 1.20.1 20221111\0", "krb5@1.20.1"),
        ("/usr/lib/libkrb5.so.26.0.0", b"\0Heimdal 7.8.0\0", "heimdal@7.8.0"),
        ("/usr/lib/libsqlcipher.so.0", b"fast_kdf_iter\x003.4.1\0cipher_page_size\0", "sqlcipher@3.4.1"),
        ("/bin/deno", b"OTel-OTLP-Exporter-Deno/0.80.0grpc\0denover2.9.6Deno/2.9.6+e518fbd\0", "deno@2.9.6"),
        ("/bin/bun", b"Bun v1.4.5 (Linux x64)\0", "bun@1.4.5"),
        (
            "/usr/bin/dart",
            b"too large\"\x003.13.7 (stable) (Thu Oct 22 14:28:57 2026 -0700) on \"linux\0",
            "dart@3.13.7",
        ),
        ("/usr/lib/libpypy3.9-c.so", b"[PyPy 7.3.11 with \0", "pypy@7.3.11"),
    ] {
        let program = program(strings);
        assert_eq!(found(path, &program), [format!("pkg:generic/{purl}")], "{path}");
        for end in 0..program.len() {
            found(path, &program[..end]);
        }
    }
}

#[test]
fn evidence_fits_the_file() {
    // An applet of busybox under the name of the program it stands for.
    assert_eq!(found("/bin/gzip", &program(b"BusyBox v1.35.0\0bug-gzip@gnu.org\x001.12\0")), [] as [&str; 0]);
    assert_eq!(found("/bin/[", &program(b"BusyBox v1.36.1 (2024)\0")), ["pkg:generic/busybox@1.36.1"]);
    assert_eq!(found("/usr/bin/[", &program(b"GNU coreutils\x009.1\0")), [] as [&str; 0]);
    // Text that speaks of a program, other makers' libraries, and two numbers of which either may be the version.
    assert!(found("/bin/bash", b"#!/bin/sh\n# @(#)Bash version 5.2.15(1)").is_empty());
    assert!(
        found("/usr/lib/libcrypto.so", &program(b"OpenSSL 1.1.1 (compatible; AWS-LC 1.15.0)\0"))
            .iter()
            .all(|p| p.contains("aws-lc"))
    );
    assert!(found("/bin/gcc", &program(b"\x0012.2.0\x0011.1.0\0gcc version %s\0")).is_empty());
    assert!(found("/usr/bin/redis-server", &program(b"redis_version\x007.2.4\0")).is_empty());
    assert!(found("/usr/bin/other", &program(b"nginx version: nginx/1.22.1\0")).is_empty());
}

#[test]
fn texts_state_versions_too() {
    assert_eq!(found("/usr/local/go/VERSION", b"go1.22.3\ntime 2024\n"), ["pkg:generic/go@1.22.3"]);
    assert_eq!(found("/usr/lib/erlang/releases/25/OTP_VERSION", b"25.2.3\n"), ["pkg:generic/erlang@25.2.3"]);
    assert_eq!(
        found("/usr/lib/elixir/bin/elixir", b"#!/bin/sh\nELIXIR_VERSION=1.14.0\n"),
        ["pkg:generic/elixir@1.14.0"]
    );
    let phar = b"<?php\nnamespace Composer;\nconst VERSION = '2.7.1';\n";
    assert_eq!(found("/usr/bin/composer", phar), ["pkg:generic/composer@2.7.1"]);
}

#[test]
fn every_row_is_sound() {
    for row in TABLES.iter().copied().flatten() {
        for find in row.find {
            let compiles =
                matches!(find, Find::Module { .. } | Find::Toolchain { .. }) || find::pattern(find).is_some();
            assert!(compiles, "{}", row.name);
        }
        assert!(row.cpes.iter().all(|c| c.matches(':').count() == 1), "{}", row.name);
        assert!(!row.paths.is_empty() && !row.find.is_empty());
    }
}

#[test]
fn versions_in_cpes_are_escaped() {
    assert_eq!(escaped("17.0.21+9-x"), "17.0.21\\+9-x");
}
