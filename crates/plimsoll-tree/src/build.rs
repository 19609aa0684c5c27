//! Layers merged into a tree. (skeleton: signatures are the contract)

use std::io::Read;

use crate::{ContentSink, Tree};

/// Why a layer could not be merged; the layer is at fault.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Placeholder.
    #[error("{0}")]
    Layer(String),
}

/// Merges layers, base first.
#[derive(Debug, Default)]
pub struct Builder {
    tree: Tree,
}

impl Builder {
    /// Merges one layer: `tar` is the *uncompressed* stream. Whiteouts and opaque directories are applied.
    pub fn layer(&mut self, _index: u32, _tar: impl Read, _sink: &mut dyn ContentSink) -> Result<(), TreeError> {
        Err(TreeError::Layer("not written".into()))
    }

    /// The merged tree.
    pub fn finish(self) -> Tree {
        self.tree
    }
}
