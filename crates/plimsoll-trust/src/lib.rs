//! Keys: cosign-compatible key files and signing.
