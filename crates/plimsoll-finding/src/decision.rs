//! Decisions (area D): what the written intent lacks or contradicts.

area! {
    MISSING = "PL-D001" "decision-missing" Error
        "a required decision is missing"
        "plimsoll consumes decisions and never invents one: a value that the run needs stands in no accepted document, so the run stops and writes a candidate for it."
        "write the decision from the candidate, accept it, and run again";
    DEFERRAL_EXPIRED = "PL-D002" "deferral-expired" Error
        "a deferred decision is past its date"
        "A decision may be put off with an owner, a reason and a last day. That day has passed, so the gap is no longer an accepted one and the run stops as if nobody had decided."
        "decide the key, or have its owner accept a new date in `deferred`";
    CONFLICT = "PL-D003" "decision-conflict" Error
        "two accepted documents decide the same thing"
        "Two accepted documents set one key, or one decides what another defers. Which of them holds is not for a tool to guess, even where the values are equal today."
        "supersede one of the documents, or remove the key from it";
    UNKNOWN_KEY = "PL-D004" "unknown-key" Error
        "a key in a decision is not known"
        "A mistyped key would silently leave its decision unmade, so keys that the schema does not hold are refused."
        "correct the key; `plimsoll decisions init` shows all of them";
    WRONG_TYPE = "PL-D005" "wrong-type" Error
        "a value in a decision has the wrong type"
        "The value is of another kind than the schema asks for, for example a list where text belongs, or an unquoted number where text belongs."
        "write the value as the message says";
    BAD_VALUE = "PL-D006" "bad-decision-value" Error
        "a value in a decision is not acceptable"
        "The value has the right type and still cannot be meant: an unknown word, a date that does not exist, a pattern that does not cover what it seems to, user 0, a private key where a public one belongs."
        "write the value as the message says";
    NO_SUCCESSOR = "PL-D007" "superseded-without-successor" Error
        "a superseded decision leads to no accepted successor"
        "A superseded document does not count; the document that replaces it does. Here none can be found, or the one named is not accepted, so nobody can say what holds."
        "name the accepted successor in the status, or accept it";
    NOT_COUNTED = "PL-D008" "document-not-counted" Note
        "a document with decisions does not count"
        "Only accepted documents count. This one is proposed, deprecated, rejected, or of no recognised status, so the decisions in it are ignored."
        "accept the document if its decisions are meant to hold";
    DUPLICATE_KEY = "PL-D009" "duplicate-key" Error
        "a key stands twice in one map"
        "YAML readers disagree on which of two equal keys holds, so a reviewer and a tool may read different decisions from one text. Both are refused."
        "remove one of the two lines";
    INVALID_YAML = "PL-D010" "invalid-yaml" Error
        "a document is not readable as YAML"
        "The front matter or file does not follow the YAML grammar, or uses merge keys, custom tags or several documents, which decisions may not."
        "correct the YAML at the line and column given";
    TOO_LARGE = "PL-D011" "document-too-large" Error
        "a document exceeds a reading limit"
        "Decisions are small. A document of more than 1 MiB, nested too deeply, with too many nodes or with aliases that multiply is not read at all."
        "split the document, or write aliases out";
    TOOL_ABSENT = "PL-D012" "decided-tool-absent" Error
        "a tool that a decision names is not there"
        "A decision names another tool for this step. plimsoll drives it or takes its output and never replaces it silently, so without the tool the run stops."
        "install the named tool, hand in its output, or decide otherwise under `tools`";
    KEY_FILE = "PL-D013" "key-file-unreadable" Error
        "a public key named by a decision cannot be used"
        "The file that a signer's `key` names was not found, or holds something other than one PEM public key. Without it nothing that signer made can be verified."
        "put the public key beside the document; a private key never belongs there";
    STILL_ACCEPTED = "PL-D014" "superseded-still-accepted" Warning
        "a document still says accepted although another supersedes it"
        "An accepted document says that it supersedes this one, whose own status was never changed. The successor holds; a reader of the old document cannot know."
        "set the status to `superseded by` the successor";
    TIER_ORDER = "PL-D015" "gate-looser-at-stricter-tier" Warning
        "the gate of a stricter tier lets more through"
        "Strictness grows as the tier's number falls. Here a less critical tier refuses more than a more critical one, which is mostly a slip of the pen."
        "compare the two gate rules";
    FIELD_MISSING = "PL-D016" "field-missing" Error
        "a decision lacks a part it must have"
        "The decision is there and incomplete: a waiver without an end, a signer without images, a document without its apiVersion."
        "add the field that the message names";
    DEFERRED = "PL-D017" "decision-deferred" Warning
        "a decision is deferred: a documented gap"
        "The decision was put off by its owner until a date. What depends on it is reported as a gap and never as passed."
        "decide the key before its date";
    WAIVER_BROAD = "PL-D018" "waiver-too-broad" Warning
        "a waiver covers more than it should"
        "A waiver without a package holds for every package that ever matches the vulnerability, and one of more than 180 days outlives every review."
        "name the package, and end the waiver within 180 days";
}
