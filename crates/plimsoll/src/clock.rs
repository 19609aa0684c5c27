//! The present and the build time, the only places the clock is read.

use anyhow::Result;
use jiff::Timestamp;

use crate::args::Common;
use crate::exit::Failure;

/// `--now`, or the system clock.
pub(crate) fn now(common: &Common) -> Timestamp {
    common.now.unwrap_or_else(Timestamp::now)
}

/// `SOURCE_DATE_EPOCH`, or `fallback`: the time written into artefacts.
pub(crate) fn build_time(fallback: Timestamp) -> Result<Timestamp> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Err(_) => Ok(fallback),
        Ok(text) => text
            .trim()
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or_else(|| Failure::usage(format!("SOURCE_DATE_EPOCH is '{text}', not a number of seconds")).into()),
    }
}
