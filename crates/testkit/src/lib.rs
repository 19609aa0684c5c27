//! Test kit: images, trees and archives built in memory. For tests only: what cannot happen panics.
#![allow(clippy::expect_used, clippy::panic)]

mod image;
mod layer;

pub use image::{ImageBuilder, MemoryImage};
pub use layer::{Layer, Stored};
