//! Catalogers of smaller ecosystems, through whole images.

// The helpers of tests fail by panicking too.
#![allow(clippy::unwrap_used)]

use plimsoll_catalog::{Catalog, Ecosystem, Package, catalog, wants};
use plimsoll_tree::{Builder, MemoryContents};

fn read(files: &[(&str, &[u8])]) -> Catalog {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(data.len() as u64);
        builder.append_data(&mut header, path, *data).unwrap();
    }
    let layer = builder.into_inner().unwrap();
    let mut contents = MemoryContents::new(wants);
    let mut builder = Builder::default();
    builder.layer(0, layer.as_slice(), &mut contents).unwrap();
    catalog(&builder.finish(), &contents)
}

fn named<'a>(catalog: &'a Catalog, name: &str) -> &'a Package {
    let found: Vec<&Package> = catalog.packages.iter().filter(|p| p.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0]
}

// As pacman 6 wrote it.
const HELLO: &[u8] = b"%NAME%\nhello\n\n%VERSION%\n1:2.12-3\n\n%BASE%\nhello-base\n\n%DESC%\nSays hello\n\n%URL%\nhttps://example.org\n\n%ARCH%\nx86_64\n\n%BUILDDATE%\n1700000000\n\n\
    %INSTALLDATE%\n1795649000\n\n%PACKAGER%\nA B <a@example.org>\n\n%SIZE%\n2\n\n%LICENSE%\nGPL-3.0-or-later\ncustom:Foo\n\n%VALIDATION%\nnone\n\n%DEPENDS%\nlibh>=1\nlibh.so=1-64\n\n";
const LIBH: &[u8] = b"%NAME%\nlibh\n\n%VERSION%\n1.0-1\n\n%BASE%\nlibh\n\n%ARCH%\nany\n\n%LICENSE%\nMIT\n\n%PROVIDES%\nlibh.so=1-64\n\n";

#[test]
fn arch_linux() {
    let found = read(&[
        ("etc/os-release", b"ID=arch\nBUILD_ID=rolling\n"),
        ("usr/bin/hello", b"x"),
        ("var/lib/pacman/local/hello-1:2.12-3/desc", HELLO),
        ("var/lib/pacman/local/hello-1:2.12-3/files", b"%FILES%\nusr/\nusr/bin/\nusr/bin/hello\n"),
        ("var/lib/pacman/local/libh-1.0-1/desc", LIBH),
    ]);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let hello = named(&found, "hello");
    assert_eq!(hello.purl, "pkg:alpm/arch/hello@1:2.12-3?arch=x86_64&distro=arch&upstream=hello-base");
    assert_eq!(hello.files, ["/usr/bin/hello"]);
    assert_eq!(hello.depends, ["pkg:alpm/arch/libh@1.0-1?arch=any&distro=arch"]);
    assert_eq!(hello.licenses, ["Foo", "GPL-3.0-or-later"]);
}

#[test]
fn gentoo() {
    let found = read(&[
        ("etc/os-release", b"ID=gentoo\nVERSION_ID=2.15\n"),
        ("usr/bin/curl", b"x"),
        ("var/db/pkg/net-misc/curl-8.5.0-r1/CONTENTS", b"dir /usr\nobj /usr/bin/curl 0123 17\n"),
        ("var/db/pkg/net-misc/curl-8.5.0-r1/LICENSE", b"BSD curl ISC\n"),
        ("var/db/pkg/net-misc/curl-8.5.0-r1/RDEPEND", b">=sys-libs/zlib-1.1.4:0/1=[abi_x86_64(-)]\n"),
        ("var/db/pkg/net-misc/curl-8.5.0-r1/repository", b"gentoo\n"),
        ("var/db/pkg/sys-libs/zlib-1.3.1/CONTENTS", b""),
        ("var/db/pkg/sys-libs/zlib-1.3.1/PF", b"zlib-1.3.1\n"),
    ]);
    let curl = named(&found, "net-misc/curl");
    assert_eq!(curl.purl, "pkg:ebuild/net-misc/curl@8.5.0-r1");
    assert_eq!(curl.licenses, ["BSD-3-Clause", "ISC", "curl"]);
    assert_eq!(
        (curl.files.as_slice(), curl.depends.as_slice()),
        (["/usr/bin/curl".to_owned()].as_slice(), ["pkg:ebuild/sys-libs/zlib@1.3.1".to_owned()].as_slice())
    );
    assert_eq!(curl.cpes[0], "cpe:2.3:a:haxx:curl:8.5.0:*:*:*:*:*:*:*");
}

#[test]
fn a_nix_store() {
    let found = read(&[
        ("nix/store/0c5gz8ncd8cxcrzhj0pyy3lr8yr9z3xc-openssl-3.0.12-bin/bin/openssl", b"x"),
        ("nix/store/1c5gz8ncd8cxcrzhj0pyy3lr8yr9z3xc-source/a", b"x"),
        ("nix/store/2c5gz8ncd8cxcrzhj0pyy3lr8yr9z3xc-glibc-2.38-44/lib/libc.so", b"x"),
    ]);
    assert_eq!(found.packages.len(), 2);
    let openssl = named(&found, "openssl");
    assert_eq!(openssl.purl, "pkg:nix/openssl@3.0.12?output=bin&outputhash=0c5gz8ncd8cxcrzhj0pyy3lr8yr9z3xc");
    assert_eq!(openssl.files, ["/nix/store/0c5gz8ncd8cxcrzhj0pyy3lr8yr9z3xc-openssl-3.0.12-bin/bin/openssl"]);
}

#[test]
fn an_elixir_release() {
    let metadata = b"{<<\"app\">>,<<\"jason\">>}.\n{<<\"name\">>,<<\"jason\">>}.\n{<<\"version\">>,<<\"1.4.1\">>}.\n";
    let found = read(&[
        ("app/lib/jason-1.4.1/ebin/jason.app", b"{application,jason,[{vsn,\"1.4.1\"},{applications,[kernel]}]}.\n"),
        ("app/lib/kernel-9.2/ebin/kernel.app", b"{application,kernel,[{vsn,\"9.2\"}]}.\n"),
        ("app/releases/start_erl.data", b"14.2 0.1.0"),
        ("src/deps/jason/hex_metadata.config", metadata),
    ]);
    let jason = named(&found, "jason");
    assert_eq!((jason.purl.as_str(), jason.ecosystem), ("pkg:hex/jason@1.4.1", Ecosystem::Hex));
    assert_eq!(jason.evidence.len(), 2, "one package with both pieces of evidence");
    assert_eq!(jason.depends, ["pkg:otp/kernel@9.2"]);
    assert_eq!(named(&found, "erts").purl, "pkg:otp/erts@14.2");
}

#[test]
fn cpan_is_told_once() {
    let install = br#"{"pathname":"E/ET/ETHER/Try-Tiny-0.31.tar.gz","dist":"Try-Tiny-0.31","name":"Try::Tiny","version":"0.31","provides":{"Try::Tiny":{"version":"0.31"}}}"#;
    let meta = br#"{"license":["mit"],"prereqs":{"runtime":{"requires":{"Foo::Bar":"0"}}}}"#;
    let found = read(&[
        ("usr/local/lib/perl5/x86_64-linux-gnu/.meta/Try-Tiny-0.31/install.json", install),
        ("usr/local/lib/perl5/x86_64-linux-gnu/.meta/Try-Tiny-0.31/MYMETA.json", meta),
        ("usr/local/lib/perl5/x86_64-linux-gnu/auto/Try/Tiny/.packlist", b"/usr/local/share/perl5/Try/Tiny.pm\n"),
        ("usr/local/lib/perl5/x86_64-linux-gnu/perllocal.pod", b"=head2 Wed: C<Module> L<Try::Tiny|Try::Tiny>\nC<VERSION: 0.31>\n=head2 Wed: C<Module> L<Foo::Bar|Foo::Bar>\nC<VERSION: 1>\n"),
        ("usr/local/lib/perl5/x86_64-linux-gnu/auto/Foo/Bar/.packlist", b""),
    ]);
    assert_eq!(found.packages.len(), 2, "{:?}", found.packages);
    let tiny = named(&found, "Try-Tiny");
    assert_eq!(
        (tiny.purl.as_str(), tiny.licenses.as_slice()),
        ("pkg:cpan/ETHER/Try-Tiny@0.31", ["MIT".to_owned()].as_slice())
    );
    assert_eq!(tiny.evidence.len(), 3);
    assert_eq!(named(&found, "Foo-Bar").purl, "pkg:cpan/Foo-Bar@1");
}

#[test]
fn dependencies_across_directories() {
    let description = |name: &str, imports: &str| {
        format!("Package: {name}\nVersion: 1.0\nLicense: GPL-2\n{imports}Built: R 4.2.1; ; 2022; unix\n").into_bytes()
    };
    let (rlang, dplyr) = (description("rlang", ""), description("dplyr", "Imports: R6, rlang (>= 1)\n"));
    let found = read(&[
        ("usr/lib/R/site-library/rlang/DESCRIPTION", rlang.as_slice()),
        ("usr/local/lib/R/site-library/dplyr/DESCRIPTION", dplyr.as_slice()),
        ("src/mypackage/DESCRIPTION", b"Package: mypackage\nVersion: 1.0\n"),
    ]);
    assert_eq!(found.packages.len(), 2);
    assert_eq!(named(&found, "dplyr").depends, ["pkg:cran/rlang@1.0"]);
}
