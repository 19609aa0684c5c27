//! Hardening: the static closure of what an image starts, the plan made from it, the rewritten image, the manifest
//! patches that fit it, and the contradictions between manifests and image.
//!
//! [`plan`] decides and changes nothing; [`apply`] writes what a plan says. The rules are numbered R0 to R16; each kept
//! path names the rule that kept it and what asked for it. What cannot be decided from the image and the manifests stops
//! the plan ([`Plan::stops`]) rather than being guessed.

mod apply;
mod build;
mod closure;
mod conf;
mod contradiction;
mod data;
mod deny;
mod dlopen;
pub mod elf;
mod follow;
mod glob;
mod image_config;
mod inspect;
pub mod ldcache;
mod linker;
mod metadata;
mod patch;
mod plan;
mod read;
mod rendered;
mod script;
mod secret;
mod seed;
mod shape;
mod start;
mod tally;
mod units;
mod words;
mod writable;
mod yaml;

#[cfg(test)]
mod testing;

pub use apply::{Hardened, LayerKind, Source, apply};
pub use build::plan;
pub use contradiction::{Deployed, contradictions};
pub use deny::Class;
pub use inspect::{Account, Files, Inspection, inspect};
pub use patch::{PatchFacts, patches};
pub use plan::{
    ConfigChange, Dropped, Fate, Kept, PackageFate, Plan, PlanInput, Rule, Stats, Summary, Undecided, Writable, Written,
};
pub use rendered::{rendered, rendered_yaml};

/// Why hardening could not be decided or carried out.
#[derive(Debug, thiserror::Error)]
pub enum HardenError {
    /// The medium that holds the image's files failed.
    #[error("cannot read {path} of the image: {source}")]
    Read {
        /// The file.
        path: String,
        /// The medium's error.
        source: std::io::Error,
    },
    /// A file's bytes were not held, or fewer than announced; the caller is at fault.
    #[error("the bytes of {path} are not held; hardening needs every file")]
    NotHeld {
        /// The file.
        path: String,
    },
    /// Files of the image refer to more than can be followed in reasonable time; the image is at fault, and probably
    /// hostile.
    #[error("the image's files refer to too much to be followed; stopped at {path}")]
    TooComplex {
        /// The file at which the work ran out.
        path: String,
    },
    /// A layer could not be written.
    #[error("cannot write the hardened image: {0}")]
    Layer(#[from] plimsoll_layer::LayerError),
    /// The place the layers go to failed.
    #[error("cannot write the hardened image: {source}")]
    Write {
        /// The medium's error.
        source: std::io::Error,
    },
    /// The plan says that the image would not run; its findings say why.
    #[error("the plan stops: {}", .0.join("; "))]
    Stopped(Vec<String>),
}
