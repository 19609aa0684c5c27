//! Layers: streaming decompression and tar reading under limits, deterministic tar writing.
