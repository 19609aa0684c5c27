//! The TLS client configuration: rustls with aws-lc-rs, trusting what this machine trusts.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// A configuration that trusts the system's certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured), or none.
pub(crate) fn config(trust_system: bool) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if trust_system {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
            return Err(format!("no trusted certificates were found{why}; set SSL_CERT_FILE to a PEM file of them"));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_the_systems_or_an_error_that_says_what_to_set() {
        assert!(config(false).is_ok());
        if let Err(why) = config(true) {
            assert!(why.contains("SSL_CERT_FILE"), "{why}");
        }
    }
}
