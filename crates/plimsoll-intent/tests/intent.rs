//! Decisions from documents to intent, seen from outside.

#[path = "intent/common.rs"]
mod common;
#[path = "intent/company.rs"]
mod company;
#[path = "intent/hostile.rs"]
mod hostile;
#[path = "intent/rules.rs"]
mod rules;
#[path = "intent/succession.rs"]
mod succession;
