//! Decisions (area D): what the written intent lacks or contradicts.

area! {
    MISSING = "PL-D001" "decision-missing" Error
        "a required decision is missing"
        "plimsoll consumes decisions and never invents one: a value that the run needs stands in no accepted document, so the run stops and writes a candidate for it."
        "write the decision from the candidate, accept it, and run again";
}
