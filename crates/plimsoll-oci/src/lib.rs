//! OCI words: digest, reference, platform, descriptor, manifest, index, image configuration, and the read-only image
//! traits every source implements.
//!
//! Shapes follow the OCI image specification v1.1 and the distribution specification v1.1. Nothing here does IO.

mod config;
mod digest;
mod image;
mod manifest;
mod platform;
mod reference;

pub use config::{Config, ContainerConfig, History, ImageConfigError};
pub use digest::{Algorithm, Digest, DigestError};
pub use image::{Image, ImageError, LayerSource};
pub use manifest::{
    Descriptor, Document, EMPTY_CONFIG, Index, MAX_MANIFEST_BYTES, Manifest, ManifestError, media_type, parse_document,
};
pub use platform::{Platform, PlatformError};
pub use reference::{Reference, ReferenceError};
