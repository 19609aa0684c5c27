//! What the fuzz targets share.

#[path = "../../crates/plimsoll-catalog/tests/hostile/check.rs"]
pub mod check;

/// One cataloger on arbitrary bytes.
pub fn catalog(name: &str, bytes: &[u8]) {
    // The checks are meant for small inputs, and larger ones find nothing more.
    if bytes.len() <= 1 << 20 {
        check::everything(check::named(name), bytes);
    }
}
