//! What can be decided under each key: options with a ready block, what each does, and what it costs.
//!
//! The options repeat the standing defaults; they propose and never decide.

use crate::candidate::{Ask, quoted};

/// One option of a candidate.
pub(crate) struct Choice {
    /// Stable id, kebab-case: measured consequences are given under it.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The block below `apiVersion`, ending in a line break. Text in angle brackets is left to be filled in, and refused
    /// as long as it is not.
    pub(crate) yaml: String,
    /// What it does to the workload.
    pub(crate) effect: String,
    pub(crate) downside: &'static str,
}

/// A key's question.
pub(crate) struct Question {
    /// Ends `Decide …`.
    pub(crate) title: &'static str,
    /// Why a run cannot go on without it.
    pub(crate) blocks: &'static str,
    pub(crate) choices: Vec<Choice>,
    /// Considered and not offered, with the reason.
    pub(crate) rejected: &'static [&'static str],
}

fn choice(id: &'static str, title: &'static str, yaml: String, effect: String, downside: &'static str) -> Choice {
    Choice { id, title, yaml, effect, downside }
}

/// The question behind a required key.
pub(crate) fn question(key: &str, ask: &Ask<'_>) -> Question {
    match key {
        "tiers.assign" => tiers(ask),
        "trust.signers" => signers(ask),
        "trust.transparency" => transparency(ask),
        "vex.accept" => vex(ask),
        "sbom.formats" => sbom(ask),
        "provenance" => provenance(ask),
        "keys.custody" => custody(ask),
        "registry.push" => push(ask),
        "registry.attestations" => attestations(ask),
        "admission.engines" => engines(ask),
        "admission.failurePolicy" => failure_policy(ask),
        _ => gate(key, ask),
    }
}

fn tiers(ask: &Ask<'_>) -> Question {
    let namespace = ask.workload.namespace.as_deref();
    let workload = quoted(&format!("{}/{}", ask.workload.kind, ask.workload.name));
    let assign = |tier: u8| {
        let namespace = namespace.map_or_else(String::new, |n| format!("namespace: {}, ", quoted(n)));
        format!("tiers:\n  assign:\n    - {{{namespace}workload: {workload}, tier: {tier}}}\n")
    };
    let w = &ask.name;
    Question {
        title: "how critical the workload is",
        blocks: "Everything stricter or looser hangs on the tier: the gate, whether provenance is demanded, the approvals. A label such as `tier: backend` says nothing about it and is not read.",
        choices: vec![
            choice(
                "tier-0",
                "Tier 0, critical path",
                assign(0),
                format!(
                    "{w} is held to gate.tier0 and to provenance wherever tier 0 demands it; a human approves production."
                ),
                "Most releases wait for a fix; somebody must be on call for the waivers.",
            ),
            choice(
                "tier-1",
                "Tier 1, important",
                assign(1),
                format!("{w} is held to gate.tier1; a human approves production."),
                "High findings stop a release even when its change is urgent.",
            ),
            choice(
                "tier-2",
                "Tier 2, standard",
                assign(2),
                format!("{w} is held to gate.tier2."),
                "What tier 1 would have stopped can reach production.",
            ),
            choice(
                "tier-3",
                "Tier 3, experimental",
                assign(3),
                format!("{w} is held to gate.tier3, the loosest."),
                "Nothing that matters may come to depend on it; nobody notices when something does.",
            ),
        ],
        rejected: &[
            "Reading the tier from a label or an annotation: whoever deploys could lower it.",
            "A default tier for everything that is not named: a critical workload would be forgotten silently.",
        ],
    }
}

fn signers(ask: &Ask<'_>) -> Question {
    let images: String = ask.globs.iter().map(|g| format!("        - {}\n", quoted(g))).collect();
    let w = &ask.name;
    let keyless = format!(
        "trust:\n  signers:\n    - name: release-workflow\n      keyless:\n        issuer: https://token.actions.githubusercontent.com\n        subject: \"<https://github.com/ORG/REPO/.github/workflows/release.yml@refs/heads/main>\"\n      images:\n{images}"
    );
    let key = format!(
        "trust:\n  signers:\n    - name: release-key\n      key: file:keys/release.pub\n      images:\n{images}"
    );
    Question {
        title: "who may sign which images",
        blocks: "A signature shows nothing until it is written down whose signatures count, and for which images.",
        choices: vec![
            choice(
                "keyless",
                "The release workflow, keyless",
                keyless,
                format!(
                    "Images of {w} deploy only if that workflow signed their digest; a copy of the image built elsewhere is refused."
                ),
                "Signing needs the OIDC issuer, the certificate authority and the log to be reachable; renaming the workflow breaks verification until this decision is changed.",
            ),
            choice(
                "key",
                "A public key",
                key,
                format!("Images of {w} deploy only if the holder of the private key signed their digest."),
                "A long-lived key can be stolen and does not say who used it; it has to be rotated within a year, with an overlap window.",
            ),
        ],
        rejected: &[
            "Any signature by anybody: it shows that somebody signed, and nothing else.",
            "The registry's login as proof of origin: whoever can push could then deploy.",
        ],
    }
}

fn transparency(ask: &Ask<'_>) -> Question {
    let w = &ask.name;
    Question {
        title: "whether signatures need a transparency log entry",
        blocks: "Without it nobody can say whether a signature that is in no public log is good enough.",
        choices: vec![
            choice(
                "required",
                "Required",
                "trust:\n  transparency: required\n".to_owned(),
                format!(
                    "Every signature of {w}'s images carries an entry that verifies; secret use of a stolen identity becomes visible."
                ),
                "Names and digests become public where the public log is used; signing stops while the log is down.",
            ),
            choice(
                "not-required",
                "Not required",
                "trust:\n  transparency: not-required\n".to_owned(),
                format!("Images of {w} that a trusted key signed deploy without an entry, in an air gap too."),
                "Misuse of the key leaves no trace; keyless signatures lose the proof of when they were made.",
            ),
        ],
        rejected: &["Required where present: an attacker simply leaves the entry out."],
    }
}

fn gate(key: &str, ask: &Ask<'_>) -> Question {
    let tier = key.strip_prefix("gate.").unwrap_or(key);
    let block = |rule: &str| format!("gate:\n  {tier}: {{{rule}}}\n");
    let w = &ask.name;
    Question {
        title: "which findings of a scan block promotion",
        blocks: "A scan whose findings do not block is decoration; which of them block is a risk somebody has to own.",
        choices: vec![
            choice(
                "fail-on-medium",
                "Block from medium up",
                block(
                    "failOn: medium, fixAvailableOnly: false, unknownSeverity: block, kev: block, endOfLife: block, maxIndexAge: 24h",
                ),
                format!("{w} is promoted only without medium, high, critical and unrated findings, fixed or not."),
                "Findings without a fix stop releases and have to be waived one by one.",
            ),
            choice(
                "fail-on-high",
                "Block from high up",
                block(
                    "failOn: high, fixAvailableOnly: false, unknownSeverity: block, kev: block, endOfLife: block, maxIndexAge: 24h",
                ),
                format!(
                    "{w} is promoted only without high, critical and unrated findings, fixed or not. This is the standing default."
                ),
                "Medium findings accumulate and have to be tracked to their 90 days.",
            ),
            choice(
                "fail-on-high-fixed",
                "Block from high up, where a fix exists",
                block(
                    "failOn: high, fixAvailableOnly: true, unknownSeverity: block, kev: block, endOfLife: block, maxIndexAge: 48h",
                ),
                format!("{w} is promoted with high and critical findings that nobody has fixed yet."),
                "A vulnerability without a fix ships unnoticed unless somebody reads the report; known exploited ones still block.",
            ),
            choice(
                "fail-on-critical-fixed",
                "Block critical, where a fix exists",
                block(
                    "failOn: critical, fixAvailableOnly: true, unknownSeverity: warn, kev: block, endOfLife: warn, maxIndexAge: 7d",
                ),
                format!(
                    "{w} is promoted with every high finding, with unrated ones, and from a distribution without support."
                ),
                "Little is stopped; suited to what nothing depends on.",
            ),
        ],
        rejected: &[
            "Reporting without blocking: the report is read after the incident.",
            "Blocking on every severity: the gate is switched off within a week.",
        ],
    }
}

fn vex(ask: &Ask<'_>) -> Question {
    let w = &ask.name;
    Question {
        title: "whose VEX documents are believed",
        blocks: "A VEX statement removes a finding from the gate, so believing its author is a security decision.",
        choices: vec![
            choice(
                "none",
                "Nobody's",
                "vex:\n  accept: []\n".to_owned(),
                format!("Every finding on {w} counts until it is fixed or waived."),
                "Findings that cannot be reached in this workload have to be waived by hand, with an expiry.",
            ),
            choice(
                "own",
                "The own product security team's",
                "vex:\n  accept: [\"<author of the documents>\"]\n".to_owned(),
                format!("Findings on {w} that this author states as not affected or fixed do not block."),
                "A wrong or careless statement hides a real vulnerability; the author's work has to be reviewed like code.",
            ),
        ],
        rejected: &["Any author's: whoever supplies an image could then clear its findings."],
    }
}

fn sbom(ask: &Ask<'_>) -> Question {
    let w = &ask.name;
    let block = |formats: &str| format!("sbom:\n  formats: [{formats}]\n");
    Question {
        title: "the format of the SBOM",
        blocks: "The SBOM is attested to the digest in this format; those who have to read it must be able to.",
        choices: vec![
            choice(
                "cyclonedx",
                "CycloneDX",
                block("cyclonedx"),
                format!("Images of {w} carry a CycloneDX 1.6 document, the one that vulnerability tooling reads best."),
                "Customers who ask for SPDX get nothing.",
            ),
            choice(
                "spdx",
                "SPDX",
                block("spdx"),
                format!(
                    "Images of {w} carry an SPDX 2.3 document, the one that licence and procurement tooling asks for."
                ),
                "Some vulnerability tools read less from it.",
            ),
            choice(
                "both",
                "Both",
                block("cyclonedx, spdx"),
                format!("Images of {w} carry both."),
                "Two attestations per image to store, sign and keep consistent.",
            ),
        ],
        rejected: &[
            "An SBOM beside the image, not attested: it can be exchanged, and the digest says nothing about it.",
        ],
    }
}

fn provenance(ask: &Ask<'_>) -> Question {
    let w = &ask.name;
    let block = |required: &str, level: u8| {
        format!(
            "provenance:\n  required: [{required}]\n  minLevel: {level}\n  builders:\n    \"<builder id, exact>\": {level}\n"
        )
    };
    Question {
        title: "whether provenance is required, and from which builders",
        blocks: "A signature says who vouches for an image; only provenance says how it was built, and only from a builder that is believed.",
        choices: vec![
            choice(
                "critical-tiers",
                "Tiers 0 and 1, level 2",
                block("0, 1", 2),
                format!(
                    "If {w} is of tier 0 or 1, its images deploy only with provenance of that builder at SLSA build level 2 or higher."
                ),
                "Images built on a laptop or mirrored from elsewhere cannot be deployed there, in an emergency neither.",
            ),
            choice(
                "all-tiers",
                "All tiers, level 2",
                block("0, 1, 2, 3", 2),
                format!("Images of {w} deploy only with provenance of that builder."),
                "Third-party images without provenance cannot be used at all.",
            ),
            choice(
                "none",
                "Nowhere",
                "provenance:\n  required: []\n".to_owned(),
                format!("Images of {w} deploy however they were built, as long as they are signed."),
                "A compromised build that reaches the signing step passes every check.",
            ),
        ],
        rejected: &["Any builder: provenance that its own author wrote shows nothing."],
    }
}

fn custody(ask: &Ask<'_>) -> Question {
    let w = &ask.name;
    let block = |custody: &str| format!("keys:\n  custody: {custody}\n");
    Question {
        title: "who holds the signing key",
        blocks: "How an image is signed, and what has to be rotated or revoked after an incident, follows from it.",
        choices: vec![
            choice(
                "keyless",
                "Keyless, by OIDC identity",
                block("keyless"),
                format!(
                    "Images of {w} are signed with a certificate that lives minutes; there is no key to steal or rotate. Preferred."
                ),
                "Needs an OIDC issuer, a certificate authority and a log that are reachable when signing.",
            ),
            choice(
                "kms",
                "A key management service",
                block("kms"),
                format!("Images of {w} are signed by a key that never leaves the service, whose every use is logged."),
                "Ties signing to that service; the key has to be rotated within a year.",
            ),
            choice(
                "key-file",
                "A key file (an exception)",
                block("key-file"),
                format!("Images of {w} are signed with a long-lived key that somebody keeps."),
                "Whoever copies the file signs as you, unseen; rotation, backup and revocation are manual. Choose it only where the others cannot work.",
            ),
        ],
        rejected: &["A key in the pipeline's variables: every job of the pipeline can read it."],
    }
}

fn push(ask: &Ask<'_>) -> Question {
    let w = &ask.name;
    let here = ask.registry.as_deref().map_or_else(|| "\"<registry/prefix>\"".to_owned(), quoted);
    Question {
        title: "where promoted images go",
        blocks: "A promoted image has to stand where only promotion can push, or its digest could be replaced by one that was never judged.",
        choices: vec![
            choice(
                "same-registry",
                "Where the images are today",
                format!("registry:\n  push: {here}\n"),
                format!("The hardened image of {w} goes beside its source, under the digest that was judged."),
                "Builds and promoted images share a place; who may push there has to be told apart by repository.",
            ),
            choice(
                "own-registry",
                "A registry for promoted images only",
                "registry:\n  push: \"<registry/prefix>\"\n".to_owned(),
                format!("The hardened image of {w} is copied to a registry that only promotion may write."),
                "A second registry to run, and its address in every manifest.",
            ),
        ],
        rejected: &["Leaving the image where it was built, unchanged: nothing then tells judged images from others."],
    }
}

fn attestations(ask: &Ask<'_>) -> Question {
    let w = &ask.name;
    Question {
        title: "where attestations are stored",
        blocks: "Admission looks signatures, SBOM and provenance up at deployment; they have to be where it looks.",
        choices: vec![choice(
            "referrers",
            "Beside the image, as OCI referrers",
            "registry:\n  attestations: referrers\n".to_owned(),
            format!(
                "Signatures and attestations of {w}'s images travel with them; a registry without the referrers API gets the fallback tag."
            ),
            "Copying an image with a tool that does not know referrers leaves them behind.",
        )],
        rejected: &[
            "A store of its own: it is down exactly when a deployment needs it, and copies of the image lose their proof.",
        ],
    }
}

fn engines(ask: &Ask<'_>) -> Question {
    let w = &ask.name;
    let block = |engines: &str| format!("admission:\n  engines: [{engines}]\n");
    Question {
        title: "which admission engines enforce the line",
        blocks: "A gate in the pipeline is passed by whoever passes by the pipeline; something in the cluster has to refuse.",
        choices: vec![
            choice(
                "vap-webhook",
                "Built-in policy and plimsoll's webhook",
                block("vap, webhook"),
                format!(
                    "{w} is refused by Kubernetes itself for what its manifest shows, and by the webhook for signatures and provenance."
                ),
                "A webhook to run, with its certificate and its availability.",
            ),
            choice(
                "vap-kyverno",
                "Built-in policy and Kyverno",
                block("vap, kyverno"),
                format!(
                    "{w} is refused by Kubernetes itself for what its manifest shows, and by Kyverno for signatures."
                ),
                "Kyverno's controllers to run and to keep up to date.",
            ),
            choice(
                "gatekeeper-webhook",
                "Gatekeeper and plimsoll's webhook",
                block("gatekeeper, webhook"),
                format!(
                    "{w} is refused by the Gatekeeper that may be there already; the webhook verifies signatures, which Rego alone cannot."
                ),
                "Two engines whose refusals read differently.",
            ),
            choice(
                "vap",
                "Built-in policy only",
                block("vap"),
                format!(
                    "{w} is refused for root, tags and missing digests; nothing in the cluster verifies its signature."
                ),
                "Unsigned images deploy: a documented gap at admission.",
            ),
        ],
        rejected: &[
            "No engine, the pipeline's gate alone: a CI gate without an admission backstop is an anti-pattern.",
        ],
    }
}

fn failure_policy(ask: &Ask<'_>) -> Question {
    let w = &ask.name;
    let block = |policy: &str| format!("admission:\n  failurePolicy: {policy}\n");
    Question {
        title: "what happens when an admission engine cannot decide",
        blocks: "An engine that is down or times out either refuses everything or lets everything through; both hurt somebody.",
        choices: vec![
            choice(
                "fail",
                "Refuse (Fail)",
                block("Fail"),
                format!("While the engine is down, {w} is not deployed, rescheduled pods of it neither."),
                "An outage of the engine becomes an outage of deployments; it needs replicas, a disruption budget and excluded system namespaces.",
            ),
            choice(
                "ignore",
                "Let through (Ignore)",
                block("Ignore"),
                format!("While the engine is down, any image deploys in the place of {w}."),
                "Whoever can slow the engine down switches the line off; the hole has to be watched.",
            ),
        ],
        rejected: &["Different answers for different engines: nobody could say what holds during an outage."],
    }
}
