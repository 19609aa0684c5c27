//! Interpreters, compilers and runtimes.

use crate::binary::find::{Find, alone, any, as_gcc_named, as_named, name, near};
use crate::binary::{Row, row};

/// As CPython writes its own version.
const PYTHON: &[Find] = &[alone(r"\x00([23]\.\d{1,2}\.\d{1,2}(?:(?:a|b|rc)\d+)?\+?)\x00", as_named)];
const PERL: &[Find] = &[near("\0v5.", r"\x00v(5\.\d{1,2}\.\d{1,2})\x00")];
const RUBY: &[Find] = &[near("ruby ", r"ruby (\d+\.\d+\.\d+(?:p\d+|preview\d+|rc\d+|dev)?) \(\d{4}-")];
const NODE: &[Find] = &[near("node.js/v", r"node\.js/v(\d+\.\d+\.\d+)")];
const PYTHON_CPES: &[&str] = &["python_software_foundation:python", "python:python"];
const PHP: &[Find] = &[near("X-Powered-By: PHP/", r"X-Powered-By: PHP/(\d+\.\d+\.\d+(?:(?:alpha|beta|RC)\d+)?)")];
const PHP_CPES: &[&str] = &["php:php"];

pub(super) const ROWS: &[Row] = &[
    row("python", &["**/python", "**/python2*", "**/python3*"], PYTHON_CPES, PYTHON).with(&["PYTHONHOME"]),
    row("python", &["**/libpython*.so*"], PYTHON_CPES, PYTHON).with(&["PYTHONHOME"]),
    row(
        "pypy",
        &["**/libpypy*.so*", "**/pypy*"],
        &["pypy:pypy"],
        &[near("[PyPy ", r"\[PyPy (\d+\.\d+\.\d+(?:-\w+)?) with ")],
    ),
    row("go", &["**/bin/go"], &["golang:go"], &[Find::Toolchain { package: "cmd/go" }]),
    row("go", &["**/go/VERSION", "**/go-*/VERSION"], &["golang:go"], &[near("go1", r"^go(1\.\d+[\w.]*)")]).text(),
    row("node", &["**/node", "**/nodejs"], &["nodejs:node.js"], NODE),
    row("node", &["**/libnode.so*"], &["nodejs:node.js"], NODE),
    row("deno", &["**/deno"], &["deno:deno"], &[near("Deno/", r"[^-]Deno/(\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?)")]),
    row(
        "bun",
        &["**/bun"],
        &["oven:bun"],
        &[near("Bun v", r"Bun v(\d+\.\d+\.\d+) \("), near("Bun/", r"\x00Bun/(\d+\.\d+\.\d+)")],
    ),
    row("perl", &["**/perl", "**/perl5*", "**/libperl.so*"], &["perl:perl"], PERL).with(&["PERL5LIB"]),
    row("ruby", &["**/ruby", "**/ruby2*", "**/ruby3*", "**/ruby4*", "**/libruby*.so*"], &["ruby-lang:ruby"], RUBY)
        .with(&["Yukihiro Matsumoto"]),
    row("php-cli", &["**/php", "**/bin/php*"], PHP_CPES, PHP).with(&["cli-server"]).without(&["fpm-fcgi"]),
    row("php-cgi", &["**/php-cgi*"], PHP_CPES, PHP).with(&["cgi-fcgi"]).without(&["fpm-fcgi"]),
    row("php-fpm", &["**/php-fpm*"], PHP_CPES, PHP).with(&["fpm-fcgi"]),
    row("libphp", &["**/libphp*.so"], PHP_CPES, PHP),
    row(
        "php-*",
        &["**/php*/**/*.so", "**/lib/php*/*/*.so"],
        &[],
        &[near("\0API20", r"\x00(\d+\.\d+\.\d+[\w.-]*)\x00API20\d{6},")],
    )
    .with(&["get_module"]),
    row("composer", &["**/composer", "**/composer.phar", "**/composer-*"], &["getcomposer:composer"], COMPOSER)
        .with(&["Composer"])
        .text(),
    row("wp-cli", &["**/wp", "**/wp-cli.phar", "**/wp-cli"], &["wp-cli:wp-cli"], WP).with(&["WP_CLI"]).text(),
    row(
        "java/jre",
        &["**/bin/java"],
        &["oracle:openjdk"],
        &[near("\0java\0", r"\x00java\x00(?:[01]\.\d+)\x00(\d[\w.+-]{2,80})\x00")],
    ),
    row(
        "java/jdk",
        &["**/bin/jdb"],
        &["oracle:openjdk"],
        &[near("\0jdb\0", r"\x00jdb\x00(?:[01]\.\d+)\x00(\d[\w.+-]{2,80})\x00")],
    ),
    row(
        "erlang",
        &["**/erlexec", "**/beam.smp"],
        &["erlang:erlang\\/otp"],
        &[
            near("otp_src_", r"/otp_src_(\d+(?:\.\d+)*)/"),
            near("/otp-", r"/otp-(?:OTP-)?(\d+\.\d+(?:\.\d+)*)/"),
            near("/OTP-", r"/OTP-(\d+\.\d+(?:\.\d+)*)/"),
        ],
    ),
    row("erlang", &["**/releases/*/OTP_VERSION"], &["erlang:erlang\\/otp"], &[near(".", r"^\s*(\d+\.\d+(?:\.\d+)*)")])
        .text(),
    row(
        "elixir",
        &["**/elixir"],
        &["elixir-lang:elixir"],
        &[near("ELIXIR_VERSION=", r"ELIXIR_VERSION=v?(\d+\.\d+\.\d+(?:-[\w.]+)?)")],
    )
    .text(),
    row(
        "swipl",
        &["**/swipl", "**/libswipl.so*"],
        &["swi-prolog:swi-prolog"],
        &[name(r"^libswipl\.so\.(\d+\.\d+\.\d+)$"), near("swipl-", r"/swipl-(\d+\.\d+\.\d+)/")],
    )
    .with(&["SWI-Prolog"]),
    row(
        "dart",
        &["**/dart", "**/dartaotruntime"],
        &["dart:dart_software_development_kit"],
        &[
            near(" (stable) (", r"\x00(\d+\.\d+\.\d+) \(stable\) \("),
            near(" (beta) (", r"\x00(\d+\.\d+\.\d+-[\w.]+) \(beta\) \("),
            near(" (dev) (", r"\x00(\d+\.\d+\.\d+-[\w.]+) \(dev\) \("),
        ],
    ),
    row("haskell/ghc", &["**/ghc", "**/ghc-*"], &["haskell:ghc"], GHC),
    row(
        "haskell/cabal",
        &["**/cabal", "**/cabal-*"],
        &["haskell:cabal"],
        &[near("cabal-install-", r"cabal-install-(\d+\.\d+(?:\.\d+)*)")],
    ),
    row(
        "haskell/stack",
        &["**/stack"],
        &["haskell:stack"],
        &[near("/stack-", r"/stack-(\d+\.\d+\.\d+(?:\.\d+)?)[-/\x00]")],
    ),
    row(
        "julia",
        &["**/libjulia-internal.so*", "**/libjulia.so*"],
        &["julialang:julia"],
        &[
            name(r"^libjulia(?:-internal)?\.so\.(\d+\.\d+\.\d+)$"),
            alone(r"\x00(1\.\d{1,2}\.\d{1,2}(?:-(?:alpha|beta|rc)\d+)?)\x00", any),
        ],
    )
    .with(&["julia"]),
    row("rust", &["**/libstd-*.so", "**/librustc_driver-*.so"], &["rust-lang:rust"], RUST),
    row(
        "gcc",
        &["**/gcc", "**/gcc-*", "**/*-gcc", "**/*-gcc-*"],
        &["gnu:gcc"],
        &[alone(r"\x00(\d{1,2}\.\d{1,2}\.\d{1,2})\x00", as_gcc_named)],
    )
    .with(&["gcc version %s"]),
];

const GHC: &[Find] = &[
    near("libHSghc-", r"libHSghc-(\d+\.\d+\.\d+)[-.]"),
    near("/ghc-", r"/ghc-(\d+\.\d+\.\d+)[/-]"),
    near("\0ghc-", r"\x00ghc-(\d+\.\d+\.\d+)[\x00:-]"),
];
const RUST: &[Find] = &[
    near("rustc version ", r"rustc version (\d+\.\d+\.\d+(?:-[\w.]+)?)"),
    near("/rustc-", r"/rustc-(\d+\.\d+\.\d+)(?:-src)?/"),
];
const COMPOSER: &[Find] = &[near("VERSION = '", r"const VERSION = '(\d+\.\d+\.\d+[\w.-]*)'")];
const WP: &[Find] = &[
    near("'wp-cli/wp-cli'", r"'wp-cli/wp-cli'\s*=>\s*array\s*\(\s*'pretty_version'\s*=>\s*'v?(\d+\.\d+\.\d+)"),
    near("'WP_CLI_VERSION'", r"'WP_CLI_VERSION',\s*'(\d+\.\d+\.\d+)'"),
];
