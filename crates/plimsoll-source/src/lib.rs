//! Image sources: layouts, archives, directories and registries opened as images.
