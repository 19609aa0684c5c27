//! Engines: admission policies emitted for Kyverno, Gatekeeper and ValidatingAdmissionPolicy.
