//! The answer: a message of at most three lines, and the AdmissionReview that carries it.

use serde_json::{Value, json};

use crate::Decision;

/// Longest line of a message, in characters; clients print it in one piece.
const MAX_LINE: usize = 400;

/// Longest warning the API server passes on whole.
const MAX_WARNING: usize = 250;

fn cut(text: &str, limit: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Why a workload is refused, in at most three lines; the first is sufficient alone. Empty if nothing refuses.
pub fn refusal_message(decision: &Decision) -> String {
    let denials: Vec<_> = decision.denials().collect();
    let Some(first) = denials.first() else {
        return String::new();
    };
    let more = match denials.len() - 1 {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    let mut lines = vec![cut(
        &format!("{} {}: {} refused: {}{more}", first.code, first.code.rule().name, decision.workload, first.message),
        MAX_LINE,
    )];
    let facts = match denials.get(1..).unwrap_or_default() {
        [] => first.evidence.join("; "),
        rest => {
            let rest: Vec<_> = rest.iter().map(|f| format!("{} {}", f.code, f.message)).collect();
            format!("also: {}", rest.join("; "))
        }
    };
    if !facts.is_empty() {
        lines.push(cut(&facts, MAX_LINE));
    }
    lines.push(cut(&format!("next: {}", first.next_step()), MAX_LINE));
    lines.join("\n")
}

/// The AdmissionReview v1 that answers request `uid`. Notes become warnings, so that a pass that was not a check shows.
pub fn admission_response(uid: &str, decision: &Decision) -> Value {
    let mut response = json!({"uid": uid, "allowed": decision.allowed()});
    if !decision.allowed() {
        response["status"] = status(&refusal_message(decision), 403, "Forbidden");
    }
    let notes =
        decision.findings.iter().filter(|f| !f.is_error() && f.code != plimsoll_finding::admission::NOT_APPLICABLE);
    let notes: Vec<_> = notes.map(|f| cut(&format!("{} {}", f.code, f.message), MAX_WARNING)).collect();
    if !notes.is_empty() {
        response["warnings"] = json!(notes);
    }
    review(response)
}

/// The AdmissionReview v1 for a request that could not be read: refused, with the reason. `uid` is what could be read.
pub fn error_response(uid: &str, reason: &str) -> Value {
    review(json!({"uid": uid, "allowed": false, "status": status(&cut(reason, MAX_LINE), 400, "BadRequest")}))
}

fn status(message: &str, code: u16, reason: &str) -> Value {
    json!({"status": "Failure", "message": message, "reason": reason, "code": code})
}

fn review(response: Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
}
