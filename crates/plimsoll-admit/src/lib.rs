//! Admission: the native decision over workloads and verified facts.
