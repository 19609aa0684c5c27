//! When to try again.

use std::time::{Duration, SystemTime};

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};

/// Whether a later try may be answered otherwise.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// Seconds to wait, from either form of the header.
pub(crate) fn retry_after(response: &Response) -> Option<u64> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    text.parse().ok().or_else(|| {
        let at = httpdate::parse_http_date(text).ok()?;
        Some(at.duration_since(SystemTime::now()).map_or(0, |wait| wait.as_secs() + 1))
    })
}

/// A growing pause with a random part, so that clients that failed together do not come back together.
pub(crate) fn backoff(tries: u32) -> Duration {
    use std::hash::{BuildHasher as _, Hasher as _};
    let base = 100_u64 << tries.min(6);
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    Duration::from_millis(base + random % base)
}
