//! The OCI distribution client and the embedded registry.
