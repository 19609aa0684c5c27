//! What a layer may cost.

/// Bounds on what is read from a layer. Crossing one is [`crate::LayerError::Limit`], by the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Decompressed bytes of one layer, holes of sparse files included.
    pub max_layer_bytes: u64,
    /// Decompressed bytes per compressed byte, once `ratio_floor` is passed.
    pub max_ratio: u64,
    /// Decompressed bytes up to which any ratio is accepted: a database file of zeros is not a bomb.
    pub ratio_floor: u64,
    /// Archive members of one layer; also paths of one tree.
    pub max_entries: u64,
    /// Length of a path or link target (`PATH_MAX`).
    pub max_path_bytes: usize,
    /// Length of one PAX or GNU extension header.
    pub max_header_bytes: u64,
    /// Data parts of one sparse file.
    pub max_sparse_parts: usize,
    /// Bytes of paths, link targets and extended attributes of one tree.
    pub max_metadata_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_layer_bytes: 64 << 30,
            max_ratio: 200,
            ratio_floor: 1 << 30,
            max_entries: 4_000_000,
            max_path_bytes: 4096,
            max_header_bytes: 1 << 20,
            max_sparse_parts: 1 << 16,
            max_metadata_bytes: 1 << 30,
        }
    }
}
