//! Tests of manifest reading.

use super::*;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: c, image: nginx}\n";

fn kinds(text: &str) -> Vec<ProblemKind> {
    parse_manifests("m.yaml", text).problems.iter().map(|p| p.kind).collect()
}

#[test]
fn documents_have_their_lines() {
    let text = format!(
        "# a comment\n\n{POD}---\napiVersion: v1\nkind: ConfigMap\ndata: {{x: '{{{{ go }}}}'}}\n---\n# nothing\n--- # next\n{POD}...\n{POD}"
    );
    let found = parse_manifests("m.yaml", &text);
    assert_eq!(found.problems, []);
    assert_eq!((found.workloads.len(), found.others.len()), (3, 1));
    let lines: Vec<_> = found.workloads.iter().map(|w| w.origin.line).collect();
    for line in &lines {
        assert_eq!(text.lines().nth(*line as usize - 1), Some("apiVersion: v1"), "{lines:?}");
    }
}

#[test]
fn a_marker_inside_a_block_scalar_ends_the_document() {
    let text = format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    x\n    --- y\n---\n{POD}");
    let found = parse_manifests("m.yaml", &text);
    assert_eq!((found.workloads.len(), found.others.len(), found.problems.len()), (1, 1, 0));
}

#[test]
fn directives_stay_with_their_document() {
    let found = parse_manifests("m.yaml", &format!("%YAML 1.2\n---\n{POD}"));
    assert_eq!((found.workloads.len(), found.problems), (1, vec![]));
}

#[test]
fn json_and_lists() {
    let json = r#"{"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"image":"x"}]}},
        {"apiVersion":"v1","kind":"Service"}]}"#;
    let found = parse_manifests("l.json", json);
    assert_eq!((found.workloads.len(), found.others.len(), found.workloads[0].origin.line), (1, 1, 2));
    let typed = parse_manifests("p.yaml", "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n  spec: {}\n");
    assert_eq!((typed.workloads.len(), typed.workloads[0].origin.line), (1, 4));
    assert_eq!(kinds("kind: List\napiVersion: v1\nitems:\n- {kind: List, items: []}\n"), [ProblemKind::NestedList]);
}

#[test]
fn duplicate_keys_are_refused_with_their_line() {
    let found = parse_manifests("m.yaml", "kind: Pod\napiVersion: v1\nspec:\n  hostPID: false\n  hostPID: true\n");
    assert_eq!(found.problems[0].kind, ProblemKind::DuplicateKey, "{:?}", found.problems);
    assert_eq!((found.problems[0].line, found.workloads.len()), (5, 0));
    assert_eq!(kinds(r#"{"kind":"Pod","kind":"Job"}"#), [ProblemKind::DuplicateKey]);
    assert_eq!(found.problems[0].finding().code.as_str(), "PL-A021");
}

#[test]
fn one_bad_document_does_not_hide_the_others() {
    let found = parse_manifests("m.yaml", &format!("{POD}---\nkind: [unclosed\n---\n{POD}"));
    assert_eq!((found.workloads.len(), found.problems.len()), (2, 1));
    assert!(found.problems[0].line >= 8, "{:?}", found.problems);
}

#[test]
fn templates_are_named() {
    for text in [
        "kind: Deployment\napiVersion: apps/v1\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n",
        "kind: Pod\napiVersion: v1\nmetadata: {name: '{{ .Release.Name }}'}\nspec: {containers: [{image: a}]}\n",
        "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - image: \"{{ .Values.image }}\"\n",
        "kind: {{ .Values.kind }}\n",
    ] {
        let found = parse_manifests("t.yaml", text);
        assert_eq!(found.problems.iter().map(|p| p.kind).collect::<Vec<_>>(), [ProblemKind::Template], "{text}");
        assert!(found.problems[0].message.contains("helm template | plimsoll"));
        assert!(found.workloads.is_empty());
    }
}

#[test]
fn bombs_are_bounded() {
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f"), ("h", "g")] {
        let list = vec![format!("*{of}"); 9].join(",");
        bomb.push_str(&format!("{name}: &{name} [{list}]\n"));
    }
    assert_eq!(kinds(&bomb), [ProblemKind::Syntax]);
    assert_eq!(kinds(&"[".repeat(200_000)), [ProblemKind::Syntax]);
    assert_eq!(kinds(&"- ".repeat(200_000)), [ProblemKind::Syntax]);
    assert_eq!(kinds(&" ".repeat(MAX_MANIFEST_BYTES + 1)), [ProblemKind::TooLarge]);
    assert_eq!(kinds(&"---\nkind: X\n".repeat(MAX_DOCUMENTS + 5)), [ProblemKind::TooLarge]);
}

#[test]
fn anchors_and_yaml_1_1_values_read_as_the_api_servers_clients_read_them() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  securityContext: {runAsNonRoot: yes, runAsUser: 00}\n  containers:\n  - &c {name: c, image: x}\n  - <<: *c\n    name: d\n";
    let found = parse_manifests("m.yaml", text);
    let workload = &found.workloads[0];
    assert_eq!(workload.images().len(), 2);
    let security = workload.security(&workload.containers()[1]);
    assert_eq!((security.run_as_non_root.value(), security.run_as_user.value()), (Some(true), Some(0)));
}

#[test]
fn scalars_and_empty_files() {
    assert_eq!(kinds("just text"), [ProblemKind::NotAnObject]);
    assert_eq!(kinds("- a\n"), [ProblemKind::NotAnObject]);
    assert_eq!(parse_manifests("e.yaml", "\n# only a comment\n---\n"), Manifests::default());
    assert_eq!(parse_manifests("e.yaml", ""), Manifests::default());
    assert_eq!(parse_manifests("b.yaml", &format!("\u{feff}{POD}")).workloads.len(), 1);
}

#[test]
fn other_objects_are_named() {
    let text = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: trust}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n";
    let found = parse_manifests("p.yaml", text);
    let named: Vec<_> = found.others.iter().map(|o| (o.group(), o.display_name(), o.origin.line)).collect();
    assert_eq!(named, [("kyverno.io", "ClusterPolicy/trust".to_owned(), 1), ("", "Service/shop/web".to_owned(), 5)]);
}
