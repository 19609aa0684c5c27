//! The package managers and registries that packages come from.

macro_rules! ecosystems {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal $purl:literal,)+) => {
        /// Where a package comes from. The order is the order of the catalogue.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Ecosystem {
            $($(#[doc = $doc])+ $variant,)+
            /// A package known only from a document that came in, of a type that is not one of ours.
            #[default]
            Other,
        }

        impl Ecosystem {
            /// Every ecosystem that a cataloger reads.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name in documents and tables: `deb`, `npm`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other => "other",
                }
            }

            /// The type of its package URLs.
            pub fn purl_type(self) -> &'static str {
                match self {
                    $(Self::$variant => $purl,)+
                    Self::Other => "generic",
                }
            }
        }
    };
}

ecosystems! {
    /// dpkg and opkg (`status`, `status.d`).
    Deb "deb" "deb",
    /// apk (`lib/apk/db/installed`).
    Apk "apk" "apk",
    /// rpm, whatever its database is kept in.
    Rpm "rpm" "rpm",
    /// pacman.
    Alpm "alpm" "alpm",
    /// Portage.
    Portage "portage" "ebuild",
    /// Nix store paths.
    Nix "nix" "nix",
    /// Snaps.
    Snap "snap" "snap",
    /// Bottlerocket's inventory.
    Bottlerocket "bottlerocket" "generic",
    /// Homebrew.
    Brew "brew" "brew",
    /// PyPI.
    Pypi "python" "pypi",
    /// conda.
    Conda "conda" "conda",
    /// npm.
    Npm "npm" "npm",
    /// Maven; names are `group:artifact`.
    Maven "java" "maven",
    /// Go modules.
    Golang "go" "golang",
    /// crates.io.
    Cargo "rust" "cargo",
    /// RubyGems.
    Gem "ruby" "gem",
    /// Packagist; names are `vendor/package`.
    Composer "php" "composer",
    /// PEAR and PECL.
    Pear "pear" "pear",
    /// NuGet.
    Nuget "dotnet" "nuget",
    /// CRAN.
    Cran "r" "cran",
    /// LuaRocks.
    Luarocks "lua" "luarocks",
    /// Hex.
    Hex "hex" "hex",
    /// Applications of Erlang's OTP.
    Otp "erlang" "otp",
    /// CPAN.
    Cpan "perl" "cpan",
    /// opam.
    Opam "ocaml" "opam",
    /// Hackage.
    Hackage "haskell" "hackage",
    /// Dart's pub.
    Pub "dart" "pub",
    /// Swift packages.
    Swift "swift" "swift",
    /// CocoaPods.
    Cocoapods "cocoapods" "cocoapods",
    /// Conan.
    Conan "conan" "conan",
    /// vcpkg.
    Vcpkg "vcpkg" "vcpkg",
    /// Julia's packages.
    Julia "julia" "julia",
    /// WordPress plugins.
    Wordpress "wordpress" "wordpress-plugin",
    /// Bitnami's components.
    Bitnami "bitnami" "bitnami",
    /// Models for machine learning.
    Model "model" "generic",
    /// Linux kernels and their modules.
    Kernel "kernel" "generic",
    /// Programs known by a version string in their bytes, and others without a package manager.
    Binary "binary" "generic",
}

impl Ecosystem {
    /// Whether it is the package manager of an operating system, whose packages own files.
    pub fn is_system(self) -> bool {
        matches!(self, Self::Deb | Self::Apk | Self::Rpm | Self::Alpm | Self::Portage | Self::Nix | Self::Bottlerocket)
    }

    /// The ecosystem whose package URLs have a type. Types that several share are none of them.
    pub fn of_purl_type(kind: &str) -> Self {
        Self::ALL.iter().copied().find(|e| e.purl_type() == kind && kind != "generic").unwrap_or(Self::Other)
    }
}
