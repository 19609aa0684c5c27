//! The rules as CEL, shared by ValidatingAdmissionPolicy, Kyverno and Gatekeeper.
//!
//! The wording of each expression is what the conformance suite evaluates; nothing here may change without it.

use serde_json::{Value, json};

/// The whole image text: distribution grammar, then the one form of digest that is let in.
pub(crate) const PINNED: &str = concat!(
    "^(?:(?:[a-z0-9]+(?:[.-]+[a-z0-9]+)*|\\[[0-9a-f:.]+\\])(?::[0-9]{1,5})?/)?",
    "[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*)*",
    "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:[a-f0-9]{64}$"
);

/// A name that begins with a registry host.
pub(crate) const HOSTED: &str = "^([^/]*[.:][^/]*|localhost)/";

/// A CEL string literal, whatever the text holds.
pub(crate) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\\' | '\'' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Where the pod spec of `object` stands.
pub(crate) fn pod_spec(object: &str) -> String {
    format!(
        "{object}.kind == 'Pod' ? {object}.spec :\n\
         {object}.kind == 'CronJob' ? {object}.spec.jobTemplate.spec.template.spec :\n\
         {object}.kind == 'PodTemplate' ? {object}.template.spec : {object}.spec.template.spec"
    )
}

/// Containers of every list; native sidecars are init containers.
const CONTAINERS: &str = "variables.podSpec.?containers.orValue([]).map(c, dyn(c)) +\n\
    variables.podSpec.?initContainers.orValue([]).map(c, dyn(c)) +\n\
    variables.podSpec.?ephemeralContainers.orValue([]).map(c, dyn(c))";

/// Every image a pod would pull: containers and image volumes.
const IMAGES: &str = "variables.containers.map(c, c.?image.orValue('')) +\n\
    variables.podSpec.?volumes.orValue([]).filter(v, has(v.image)).map(v, v.image.?reference.orValue(''))";

/// A list of image texts as a list of normalised `registry/repository` names: digest and tag cut off, Docker Hub's short
/// names and its other hosts written out. Policies compare what would be pulled, not how it was written.
pub(crate) fn names(images: &str) -> String {
    let hosted = string(HOSTED);
    format!(
        "{images}.map(i, i.split('@')[0])\n\
         .map(n, n.lastIndexOf(':') > n.lastIndexOf('/') ? n.substring(0, n.lastIndexOf(':')) : n)\n\
         .map(n, n.matches({hosted}) ? n : n.contains('/') ? 'docker.io/' + n : 'docker.io/library/' + n)\n\
         .map(n, n.startsWith('index.docker.io/') ? 'docker.io/' + n.substring(16) : n)\n\
         .map(n, n.startsWith('registry-1.docker.io/') ? 'docker.io/' + n.substring(21) : n)\n\
         .map(n, n.matches('^docker[.]io/[^/]+$') ? 'docker.io/library/' + n.substring(10) : n)"
    )
}

/// A boolean over `name`: it matches one of the anchored patterns. None: false.
pub(crate) fn any_match(name: &str, patterns: &[String]) -> String {
    let each: Vec<_> = patterns.iter().map(|p| format!("{name}.matches({})", string(p))).collect();
    match each.as_slice() {
        [] => "false".to_owned(),
        each => each.join(" || "),
    }
}

/// The variables, in the order they build on each other.
pub(crate) fn variables(object: &str) -> Vec<Value> {
    let variable = |name: &str, expression: String| json!({"name": name, "expression": expression});
    vec![
        variable("podSpec", pod_spec(object)),
        variable("containers", CONTAINERS.to_owned()),
        variable("images", IMAGES.to_owned()),
        variable("names", names("variables.images")),
    ]
}

/// The container's setting, or else the pod's.
fn effective(path: &str, absent: &str) -> String {
    format!("c.?securityContext.{path}.orValue(variables.podSpec.?securityContext.{path}.orValue({absent}))")
}

/// One validation: what must hold, the message, and how to name the offenders.
pub(crate) struct Rule {
    pub(crate) expression: String,
    pub(crate) message: &'static str,
    pub(crate) message_expression: Option<String>,
}

impl Rule {
    /// The validation as Kubernetes, Kyverno and Gatekeeper all read it. Only the first knows `reason`.
    pub(crate) fn validation(&self, reason: Option<&str>) -> Value {
        let mut out = json!({"expression": self.expression, "message": self.message});
        if let Some(expression) = &self.message_expression {
            out["messageExpression"] = json!(expression);
        }
        if let Some(reason) = reason {
            out["reason"] = json!(reason);
        }
        out
    }
}

/// What is decided from the manifest alone. `allowed` is a boolean expression over a normalised name `n`.
pub(crate) fn rules(allowed: &str) -> Vec<Rule> {
    let pinned = string(PINNED);
    let offenders = |head: &str, list: &str| Some(format!("{} + {list}.join(', ')", string(head)));
    let containers = |bad: &str| format!("variables.containers.filter(c, {bad}).map(c, c.?name.orValue('?'))");
    let root = format!(
        "{} != 0 &&\n{} == true &&\n{}.lowerAscii() != 'containeradministrator'",
        effective("?runAsUser", "-1"),
        effective("?runAsNonRoot", "false"),
        effective("?windowsOptions.?runAsUserName", "''"),
    );
    let group = format!("{} != 0", effective("?runAsGroup", "-1"));
    let writable = "c.?securityContext.?readOnlyRootFilesystem.orValue(false) == true";
    vec![
        Rule {
            expression: format!("variables.images.all(i, i.matches({pinned}))"),
            message: "PL-A006, PL-A007, PL-A008: images must be pinned by a sha256 digest",
            message_expression: offenders(
                "PL-A006, PL-A007, PL-A008: images must be pinned by a sha256 digest: ",
                &format!("variables.images.filter(i, !i.matches({pinned}))"),
            ),
        },
        Rule {
            expression: format!("variables.names.all(n, {allowed})"),
            message: "PL-A011: image comes from a registry that is not allowed",
            message_expression: offenders(
                "PL-A011: image comes from a registry that is not allowed: ",
                &format!("variables.names.filter(n, !({allowed}))"),
            ),
        },
        Rule {
            expression: format!("variables.containers.all(c,\n{root})"),
            message: "PL-A003: containers must not run as root (runAsNonRoot: true, runAsUser not 0)",
            message_expression: offenders(
                "PL-A003: containers must not run as root (runAsNonRoot: true, runAsUser not 0): ",
                &containers(&format!("!({root})")),
            ),
        },
        Rule {
            expression: format!(
                "variables.containers.all(c, {group}) &&\n\
                 variables.podSpec.?securityContext.?fsGroup.orValue(-1) != 0 &&\n\
                 !variables.podSpec.?securityContext.?supplementalGroups.orValue([]).exists(g, g == 0)"
            ),
            message: "PL-A005: containers must not run in group 0 (runAsGroup, fsGroup, supplementalGroups)",
            message_expression: None,
        },
        Rule {
            expression: format!("variables.containers.all(c, {writable})"),
            message: "PL-A016: containers must have a read-only root file system (readOnlyRootFilesystem: true)",
            message_expression: offenders(
                "PL-A016: containers must have a read-only root file system (readOnlyRootFilesystem: true): ",
                &containers(&format!("!({writable})")),
            ),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_cannot_be_broken_out_of() {
        assert_eq!(string(r"a\.b'c"), r"'a\\.b\'c'");
        assert_eq!(string("a\nb"), r"'a\u000ab'");
    }

    #[test]
    fn nothing_allowed_is_false() {
        assert_eq!(any_match("n", &[]), "false");
        assert_eq!(any_match("n", &["^a$".into(), "^b$".into()]), "n.matches('^a$') || n.matches('^b$')");
    }
}
