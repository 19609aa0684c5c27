//! The rows: servers, languages, and tools with their libraries.

mod languages;
mod servers;
mod tools;

use super::Row;

/// Every row. What is found first does not matter: rows are independent.
pub(crate) static TABLES: &[&[Row]] = &[servers::ROWS, languages::ROWS, tools::ROWS];
