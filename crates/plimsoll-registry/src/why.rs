//! The reason in an error, from what a registry or the network said.

/// Code and message of the first error of a registry's error body, without control characters.
pub(crate) fn reason(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let first = value.get("errors")?.get(0)?;
    let text = |key: &str| first.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let whole = format!("{} {}", text("code"), text("message"));
    let clean: String = whole.trim().chars().filter(|c| !c.is_control()).take(300).collect();
    (!clean.is_empty()).then_some(clean)
}

/// An HTTP error with its causes, and without the address, whose query may hold a token.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(cause) = next {
        let part = cause.to_string();
        if !text.contains(&part) {
            text = if text.is_empty() { part } else { format!("{text}: {part}") };
        }
        next = cause.source();
    }
    if text.is_empty() { "the request failed".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_cannot_write_to_the_terminal() {
        let body = br#"{"errors":[{"code":"DENIED","message":"\u001b[31mno\nway"}]}"#;
        assert_eq!(reason(body).as_deref(), Some("DENIED [31mnoway"));
        assert_eq!(reason(b"<html>"), None);
    }
}
