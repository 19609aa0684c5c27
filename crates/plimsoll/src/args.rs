//! The command line: names, flags and their texts. `cli` in the documentation is the contract.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Hardens container images and proves that a bad one is refused.
#[derive(Parser, Debug)]
#[command(name = "plimsoll", version, about, disable_help_subcommand = true, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags every command takes.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// Print only the result
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(crate) color: When,
    /// How to show progress; always on stderr
    #[arg(long, global = true, value_enum, default_value_t = Progress::Auto, value_name = "HOW")]
    pub(crate) progress: Progress,
    /// Touch no network except loopback
    #[arg(long, global = true, env = "PLIMSOLL_OFFLINE", value_parser = clap::builder::BoolishValueParser::new(), num_args = 0..=1, require_equals = true, hide_possible_values = true, default_value = "false", default_missing_value = "true")]
    pub(crate) offline: bool,
    /// The present, RFC 3339; default the system clock
    #[arg(long, global = true, value_name = "RFC3339")]
    pub(crate) now: Option<jiff::Timestamp>,
    /// Seconds a network operation may take
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) timeout: u64,
    /// Exit 0 whatever was found; for upload steps
    #[arg(long, global = true)]
    pub(crate) exit_zero: bool,
}

/// When to colour.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

/// How to show progress.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Auto,
    Plain,
    Json,
    None,
}

/// An image to read.
#[derive(Args, Debug, Clone)]
pub(crate) struct ImageArg {
    /// oci-dir:PATH, oci-archive:FILE, docker-archive:FILE, dir:PATH, registry:REF, or a path or name
    pub(crate) image: String,
    /// os/arch[/variant] to take; default the host's from an index, and whatever a single image is for
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<plimsoll_oci::Platform>,
}

/// How an image is catalogued.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Cataloguing {
    /// Layers read at a time; default the processors there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: Option<u16>,
    /// Read every layer, and keep nothing of it
    #[arg(long, env = "PLIMSOLL_NO_CACHE", value_parser = clap::builder::BoolishValueParser::new(), num_args = 0..=1, require_equals = true, hide_possible_values = true, default_value = "false", default_missing_value = "true")]
    pub(crate) no_cache: bool,
    /// Where what is known of layers is kept; default plimsoll/layers in the user's cache folder
    #[arg(long, value_name = "DIR", env = "PLIMSOLL_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

impl Cataloguing {
    /// Layers read at a time. The result does not depend on it.
    pub(crate) fn jobs(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.jobs.map_or_else(all, usize::from)
    }
}

/// The host's platform, as an image would name it.
pub(crate) fn host_platform() -> plimsoll_oci::Platform {
    plimsoll_oci::Platform::new("linux", if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" })
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the whole mission on an embedded sample, offline, and show bad images refused
    Demo(Demo),
    /// Do the nine steps for a workload; refuse promotion by exit code
    Promote(Promote),
    /// Name the anti-patterns of an inherited workload; needs no decisions
    Audit(Audit),
    /// Validate, show or start the written decisions
    #[command(subcommand)]
    Decisions(Decisions),
    /// Show configuration, users, shells, setuid files and sizes of an image
    Inspect(Inspect),
    /// Write a minimised, non-root image with its plan, run proof and manifest patches
    Harden(Harden),
    /// List what an image holds
    Sbom(SbomArgs),
    /// Tell which images hold a package
    Find(Find),
    /// Match an image or SBOM against the advisory index and judge it
    Scan(Scan),
    /// Build and look at the advisory index
    #[command(subcommand)]
    Db(Db),
    /// Make and read cosign-compatible key files
    #[command(subcommand)]
    Key(Key),
    /// Sign an image's digest
    Sign(Sign),
    /// Attest a predicate to an image's digest
    Attest(Attest),
    /// Attest SLSA provenance to an image's digest
    Provenance(ProvenanceArgs),
    /// Verify the signatures of an image
    Verify(Verify),
    /// Verify attestations of an image
    VerifyAttestation(VerifyAttestation),
    /// Emit and test admission policies
    #[command(subcommand)]
    Policy(Policy),
    /// Decide admission for manifests and admission reviews
    #[command(subcommand)]
    Admit(Admit),
    /// The embedded OCI registry
    #[command(subcommand)]
    Registry(Registry),
    /// Explain a finding's code
    Explain {
        /// PL-A001; without one, every code is listed
        code: Option<String>,
    },
    /// Print a shell completion script
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the version
    Version,
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Keep everything here instead of in a temporary directory
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Promote {
    #[command(flatten)]
    pub(crate) image: ImageArg,
    /// Directory or file of Kubernetes manifests
    #[arg(long, value_name = "DIR")]
    pub(crate) manifests: PathBuf,
    /// Directory of decision documents, or one plimsoll.yaml
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) decisions: PathBuf,
    /// The workload, where the manifests hold several
    #[arg(long, value_name = "KIND/NAME")]
    pub(crate) workload: Option<String>,
    /// Push the promoted image here; must lie below the decided registry
    #[arg(long, value_name = "REF")]
    pub(crate) push: Option<String>,
    /// Private key that signs: a cosign key file or env://VAR
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Advisory index
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
    pub(crate) db: Option<PathBuf>,
    /// Where k8s/security, supply-chain.md and the image are written
    #[arg(long, value_name = "DIR", default_value = "plimsoll-out")]
    pub(crate) out: PathBuf,
    /// Do not start the hardened image; the gap is documented
    #[arg(long)]
    pub(crate) no_run: bool,
    /// Everything found, as text, json or sarif, with =FILE to write a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Audit {
    /// Images to look at
    pub(crate) images: Vec<String>,
    /// Directory or file of Kubernetes manifests
    #[arg(long, value_name = "DIR")]
    pub(crate) manifests: Option<PathBuf>,
    /// Advisory index
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
    pub(crate) db: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: FindingsOutput,
}

/// Output of commands whose result is findings.
#[derive(Args, Debug, Clone)]
pub(crate) struct FindingsOutput {
    /// text, json or sarif, with =FILE to write a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", default_value = "text")]
    pub(crate) output: Vec<String>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Decisions {
    /// Validate the documents
    Check {
        /// Directory of decision documents, or one plimsoll.yaml
        #[arg(default_value = ".")]
        path: PathBuf,
        #[command(flatten)]
        output: FindingsOutput,
    },
    /// Show every effective value with its file and line
    Show {
        /// Directory of decision documents, or one plimsoll.yaml
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Write a commented starter
    Init {
        /// The file to write; it must not exist
        #[arg(default_value = "plimsoll.yaml")]
        path: PathBuf,
    },
    /// Print the JSON Schema of decision documents
    Schema,
}

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) image: ImageArg,
    /// text or json, with =FILE to write a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", default_value = "text")]
    pub(crate) output: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Harden {
    #[command(flatten)]
    pub(crate) image: ImageArg,
    /// oci-dir:PATH[:TAG] or oci-archive:FILE
    #[arg(short, long, value_name = "DEST", required_unless_present = "plan")]
    pub(crate) output: Option<String>,
    /// Manifests that run the image; their commands, probes and hooks are kept working
    #[arg(long, value_name = "DIR")]
    pub(crate) manifests: Option<PathBuf>,
    /// Decisions on runtime and closure
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) decisions: Option<PathBuf>,
    /// Keep paths that match
    #[arg(long, value_name = "GLOB")]
    pub(crate) keep: Vec<String>,
    /// Drop paths that match
    #[arg(long, value_name = "GLOB")]
    pub(crate) drop: Vec<String>,
    /// Print the plan and change nothing
    #[arg(long)]
    pub(crate) plan: bool,
    /// Do not start the result
    #[arg(long)]
    pub(crate) no_run: bool,
    /// What must be seen: listens:PORT, stays-up, exits-zero; http:PORT/PATH and tcp:PORT[:SEND=EXPECT] share the network
    #[arg(long, value_name = "PROBE")]
    pub(crate) probe: Option<String>,
    /// Write the manifest patches here
    #[arg(long, value_name = "DIR")]
    pub(crate) patches: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct SbomArgs {
    #[command(flatten)]
    pub(crate) source: ImageArg,
    #[command(flatten)]
    pub(crate) cataloguing: Cataloguing,
    /// Write one document for each platform of an index, and one for the index
    #[arg(long, conflicts_with = "platform")]
    pub(crate) all_platforms: bool,
    /// cyclonedx-json[@1.5|@1.6|@1.7], cyclonedx-xml, spdx-json[@2.3|@3.0], spdx-tag-value, plimsoll-json, purls, files
    /// (each package's files) or table, with =FILE to write a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[@VERSION][=FILE]", default_value = "table")]
    pub(crate) output: Vec<String>,
    /// Leave out what only describes packages, so that stores of attestations take the document
    #[arg(long)]
    pub(crate) attestable: bool,
    /// Exit 33 where something that is evidence could not be read
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Find {
    /// A name or package URL, and a range: log4j-core<2.17, pkg:deb/debian/openssl@>=3.0,<3.0.15
    pub(crate) query: String,
    /// Images, SBOM files and directories
    pub(crate) sources: Vec<String>,
    /// A file that lists more of them, one a line; - for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Look into the SBOM that a believed signer attested, not into the image
    #[arg(long)]
    pub(crate) attested: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// os/arch[/variant] to take of an index
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<plimsoll_oci::Platform>,
    #[command(flatten)]
    pub(crate) cataloguing: Cataloguing,
    /// text, or json for one object a line
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    pub(crate) output: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Scan {
    #[command(flatten)]
    pub(crate) source: ImageArg,
    #[command(flatten)]
    pub(crate) cataloguing: Cataloguing,
    /// Advisory index
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
    pub(crate) db: Option<PathBuf>,
    /// Lowest severity that denies; default high
    #[arg(long, value_name = "SEVERITY", conflicts_with = "decisions")]
    pub(crate) fail_on: Option<String>,
    /// Judge by these decisions
    #[arg(long, value_name = "DIR|FILE", requires = "tier")]
    pub(crate) decisions: Option<PathBuf>,
    /// The tier, 0 to 3
    #[arg(long, value_name = "N", requires = "decisions", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) tier: Option<u8>,
    /// Only findings with a fix deny
    #[arg(long)]
    pub(crate) only_fixed: bool,
    /// table, json, sarif, markdown or cosign-vuln, with =FILE to write a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", default_value = "table")]
    pub(crate) output: Vec<String>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Db {
    /// Build the index from folders of public advisory data
    Build {
        /// Folders of advisory data
        #[arg(required = true)]
        sources: Vec<PathBuf>,
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Say age, feeds and counts
    Status {
        /// The index
        #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
        db: Option<PathBuf>,
    },
    /// Check every section of the index
    Verify {
        /// The index
        #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
        db: Option<PathBuf>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum Key {
    /// Make a key pair; COSIGN_PASSWORD encrypts it
    Generate {
        /// PREFIX.key and PREFIX.pub are written
        #[arg(long, value_name = "PREFIX", default_value = "cosign")]
        output_key_prefix: PathBuf,
    },
    /// Print the public key of a private one
    Public {
        /// Private key: a cosign key file or env://VAR
        #[arg(long)]
        key: String,
    },
    /// Encrypt a PEM private key as a cosign key file
    Import {
        /// PEM private key
        #[arg(long)]
        key: PathBuf,
        /// PREFIX.key and PREFIX.pub are written
        #[arg(long, value_name = "PREFIX", default_value = "import-cosign")]
        output_key_prefix: PathBuf,
    },
}

/// An image whose digest is signed or attested.
#[derive(Args, Debug)]
pub(crate) struct SubjectArg {
    /// registry/repository@sha256:…, or oci-dir:PATH
    pub(crate) reference: String,
    /// Accept a tag: it is resolved once and printed
    #[arg(long)]
    pub(crate) resolve: bool,
    /// The name an image of a layout is meant for; signers are trusted by name
    #[arg(long = "as", value_name = "REGISTRY/REPOSITORY")]
    pub(crate) meant: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Sign {
    #[command(flatten)]
    pub(crate) subject: SubjectArg,
    /// Private key: a cosign key file or env://VAR
    #[arg(long)]
    pub(crate) key: String,
    /// Annotation, signed with the digest
    #[arg(short, long = "annotation", value_name = "KEY=VALUE")]
    pub(crate) annotations: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Attest {
    #[command(flatten)]
    pub(crate) subject: SubjectArg,
    /// Private key: a cosign key file or env://VAR
    #[arg(long)]
    pub(crate) key: String,
    /// The predicate's file, JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) predicate: PathBuf,
    /// spdxjson, cyclonedx, slsaprovenance1, vuln, openvex, or a URI
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) predicate_type: String,
}

#[derive(Args, Debug)]
pub(crate) struct ProvenanceArgs {
    #[command(flatten)]
    pub(crate) subject: SubjectArg,
    /// Private key: a cosign key file or env://VAR
    #[arg(long)]
    pub(crate) key: String,
    /// The builder's identity, a URI
    #[arg(long, value_name = "URI", default_value = plimsoll_envelope_builder())]
    pub(crate) builder_id: String,
    /// What kind of build it was, a URI
    #[arg(long, value_name = "URI")]
    pub(crate) build_type: Option<String>,
    /// A source or input: URI@ALGORITHM:HEX
    #[arg(long = "material", value_name = "URI@DIGEST")]
    pub(crate) materials: Vec<String>,
}

fn plimsoll_envelope_builder() -> &'static str {
    crate::BUILDER_ID
}

/// Who must have signed.
#[derive(Args, Debug)]
pub(crate) struct TrustArgs {
    /// Public key PEM; repeatable, any one is enough
    #[arg(long)]
    pub(crate) key: Vec<PathBuf>,
    /// Signers of these decisions
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Certificate subject, exact
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) certificate_identity: Option<String>,
    /// Certificate subject, anchored regular expression
    #[arg(long, value_name = "REGEXP")]
    pub(crate) certificate_identity_regexp: Option<String>,
    /// Certificate issuer, exact
    #[arg(long, value_name = "URL")]
    pub(crate) certificate_oidc_issuer: Option<String>,
    /// Trusted root JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) subject: SubjectArg,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// text, json or sarif, with =FILE to write a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", default_value = "text")]
    pub(crate) output: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct VerifyAttestation {
    #[command(flatten)]
    pub(crate) subject: SubjectArg,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// spdxjson, cyclonedx, slsaprovenance1, vuln, openvex, or a URI
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) predicate_type: String,
    /// text, json or sarif, with =FILE to write a file; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", default_value = "text")]
    pub(crate) output: Vec<String>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Policy {
    /// Write the admission policies of the decisions
    Emit {
        /// kyverno, gatekeeper, vap or webhook; repeatable; default those decided
        #[arg(long)]
        engine: Vec<String>,
        /// Directory of decision documents, or one plimsoll.yaml
        #[arg(long, value_name = "DIR|FILE")]
        decisions: PathBuf,
        /// The tier the policies hold for, 0 to 3
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=3))]
        tier: u8,
        /// For manifest-based admission: no parameters, names end in .static.k8s.io
        #[arg(long = "static")]
        static_manifests: bool,
        /// Where to write
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
    /// Run the decisions' admission policy against the built-in bad and good workloads
    Test {
        /// Directory of decision documents, or one plimsoll.yaml
        #[arg(value_name = "DIR|FILE")]
        decisions: PathBuf,
        /// The tier, 0 to 3
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=3))]
        tier: u8,
        #[command(flatten)]
        output: FindingsOutput,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum Admit {
    /// Decide for manifests or AdmissionReviews, - for stdin
    Test {
        /// Files or directories
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Directory of decision documents, or one plimsoll.yaml
        #[arg(long, value_name = "DIR|FILE")]
        decisions: PathBuf,
        /// The tier, 0 to 3, where the decisions assign none
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
        tier: Option<u8>,
        #[command(flatten)]
        output: FindingsOutput,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum Registry {
    /// Serve a registry from a directory
    Serve {
        /// Address to listen on
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5000")]
        listen: std::net::SocketAddr,
        /// Directory the content is kept in
        #[arg(long, value_name = "DIR", default_value = "registry")]
        root: PathBuf,
    },
}
