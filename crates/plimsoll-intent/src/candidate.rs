//! ADR candidates: for each missing decision a document that somebody can complete and accept.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::form::Form;
use crate::options::{Choice, Question, question};
use crate::{API_VERSION, MissingDecision, WorkloadId};

/// Days that the deferral offered in a candidate lasts.
const DEFERRAL_DAYS: i32 = 90;
/// Most images and facts written into a candidate.
const MAX_LINES: usize = 50;

/// What a candidate tells about the workload it is written for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CandidateContext {
    /// The workload.
    pub workload: WorkloadId,
    /// Its images as written in the manifests.
    pub images: Vec<String>,
    /// What was measured on it, one fact a line: `14 findings of high severity, 3 of them fixed`.
    pub measured: Vec<String>,
    /// What was measured for one option, by its id of [`option_ids`].
    pub per_option: BTreeMap<String, String>,
}

/// A candidate as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// `0007-gate-tier0.md`.
    pub file_name: String,
    /// The whole document.
    pub text: String,
}

/// What the options need to know.
pub(crate) struct Ask<'a> {
    pub(crate) workload: &'a WorkloadId,
    /// The workload's name in prose.
    pub(crate) name: String,
    /// Patterns over its images.
    pub(crate) globs: Vec<String>,
    /// `registry/prefix` of its first image.
    pub(crate) registry: Option<String>,
}

/// The ids of the options that the candidate of `key` offers, in order; empty for a key that is not required.
pub fn option_ids(key: &str) -> Vec<&'static str> {
    if !crate::required_keys().any(|k| k == key) {
        return Vec::new();
    }
    let ask = Ask { workload: &WorkloadId::default(), name: String::new(), globs: Vec::new(), registry: None };
    question(key, &ask).choices.iter().map(|c| c.id).collect()
}

/// Writes the candidate for `missing` under the number `id`.
///
/// It is proposed, so it never counts by being written; accepting it means moving one of its blocks into the front matter
/// and setting the status.
pub fn candidate(missing: &MissingDecision, context: &CandidateContext, id: u32, date: Date) -> Candidate {
    let ask = ask(context);
    let question = question(&missing.key, &ask);
    let slug = kebab(&missing.key);
    let mut out = format!(
        "---\nid: ADR-{id:04}\ntitle: Decide {}\nstatus: proposed\ndate: {date}\nsupersedes: []\n---\n\n# Decide {}\n\n",
        question.title, question.title
    );
    write_context(&mut out, missing, context, &question);
    write_decision(&mut out, missing, context, &question, date);
    write_consequences(&mut out, context, &question, &ask);
    out.push_str("\n## Alternatives considered\n\n");
    for line in question.rejected {
        out.push_str(&format!("- {line}\n"));
    }
    out.push_str("- Not deciding: the run stops here every time, and nothing is promoted.\n");
    Candidate { file_name: format!("{id:04}-{slug}.md"), text: out }
}

fn write_context(out: &mut String, missing: &MissingDecision, context: &CandidateContext, question: &Question) {
    out.push_str(&format!(
        "## Context\n\n`{}` stands in no accepted document. {}\n\n{}\n",
        missing.key,
        sentence(&missing.why),
        question.blocks
    ));
    out.push_str(&format!("\nIt is needed by `{}`", code(&context.workload.to_string())));
    if context.images.is_empty() {
        out.push_str(".\n");
    } else {
        out.push_str(", which runs:\n\n");
        list(out, context.images.iter().map(|image| format!("`{}`", code(image))));
    }
    if !context.measured.is_empty() {
        out.push_str("\nMeasured when this was written:\n\n");
        list(out, context.measured.iter().map(|fact| prose(fact)));
    }
}

fn write_decision(
    out: &mut String,
    missing: &MissingDecision,
    context: &CandidateContext,
    question: &Question,
    date: Date,
) {
    out.push_str(
        "\n## Decision\n\nOpen. Choose one of the options, put its block into the front matter of this document, set the \
         status to `accepted`, and remove the others. What stands in angle brackets has to be filled in first.\n",
    );
    for (i, option) in question.choices.iter().enumerate() {
        out.push_str(&format!(
            "\n### Option {}: {} (`{}`)\n\n{}",
            i + 1,
            option.title,
            option.id,
            fenced(&option.yaml)
        ));
        if let Some(measured) = context.per_option.get(option.id) {
            out.push_str(&format!("\nMeasured: {}\n", prose(measured)));
        }
    }
    let until = date.checked_add(DEFERRAL_DAYS.days()).unwrap_or(date);
    let deferral = format!(
        "deferred:\n  {}:\n    owner: \"<who owns the gap>\"\n    reason: \"<why it is not decided yet>\"\n    until: {until}\n",
        missing.key
    );
    out.push_str(&format!(
        "\n### Put it off\n\nA documented gap: the run goes on, what depends on the decision is listed as not passed, and \
         after the date it stops again.\n\n{}",
        fenced(&deferral)
    ));
}

fn write_consequences(out: &mut String, context: &CandidateContext, question: &Question, ask: &Ask<'_>) {
    out.push_str("\n## Consequences\n\n");
    for Choice { id, title, effect, downside, .. } in &question.choices {
        out.push_str(&format!("- **{title}.** {effect}"));
        if let Some(measured) = context.per_option.get(*id) {
            out.push_str(&format!(" Measured: {}", sentence(measured)));
        }
        out.push_str(&format!(" Downside: {downside}\n"));
    }
    out.push_str(&format!(
        "- **Put it off.** {} goes on with a documented gap. Downside: the gap is open until its date.\n",
        ask.name
    ));
}

fn ask(context: &CandidateContext) -> Ask<'_> {
    let mut globs: Vec<String> = Vec::new();
    let mut registry = None;
    for image in context.images.iter().take(MAX_LINES) {
        let Ok(reference) = image.parse::<plimsoll_oci::Reference>() else { continue };
        let name = reference.name();
        if Form::ImageGlob.check(&name).is_ok() && !globs.contains(&name) {
            globs.push(name);
        }
        if registry.is_none() {
            let prefix = reference.repository.rsplit_once('/').map(|(prefix, _)| prefix);
            let here = prefix.map_or_else(|| reference.registry.clone(), |p| format!("{}/{p}", reference.registry));
            registry = Form::Repository.check(&here).is_ok().then_some(here);
        }
    }
    if globs.is_empty() {
        globs.push("<registry/repository>".to_owned());
    }
    Ask { workload: &context.workload, name: format!("`{}`", code(&context.workload.to_string())), globs, registry }
}

/// A key as part of a file name: `admission-failure-policy`.
fn kebab(key: &str) -> String {
    let mut out = String::new();
    for c in key.chars() {
        match c {
            'A'..='Z' => {
                out.push('-');
                out.push(c.to_ascii_lowercase());
            }
            'a'..='z' | '0'..='9' => out.push(c),
            _ => out.push('-'),
        }
    }
    out
}

fn fenced(yaml: &str) -> String {
    let body: String = yaml.lines().map(|l| format!("  {l}\n")).collect();
    format!("```yaml\nplimsoll:\n  apiVersion: {API_VERSION}\n{body}```\n")
}

fn list(out: &mut String, lines: impl ExactSizeIterator<Item = String>) {
    let more = lines.len().saturating_sub(MAX_LINES);
    for line in lines.take(MAX_LINES) {
        out.push_str(&format!("- {line}\n"));
    }
    if more > 0 {
        out.push_str(&format!("- and {more} more\n"));
    }
}

/// Text as YAML: JSON's quotes and escapes are YAML's too.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Foreign text inside back-ticks.
fn code(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '`').take(300).collect()
}

/// Foreign text in prose: one line, and nothing that Markdown would take for structure or HTML.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(500) {
        match c {
            c if c.is_control() => out.push(' '),
            '<' | '>' | '[' | ']' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn sentence(text: &str) -> String {
    let text = prose(text.trim_end_matches('.'));
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).chain(['.']).collect())
}
