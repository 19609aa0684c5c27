//! Hardening: static closure, plan, rewritten image, manifest patches.
