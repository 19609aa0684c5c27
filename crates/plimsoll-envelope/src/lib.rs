//! Envelopes: DSSE, in-toto statements and predicates, sigstore bundles, referrer manifests.
