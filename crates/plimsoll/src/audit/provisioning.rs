//! Pipelines and cluster provisioning, recognised by the names of their files and the kinds of their objects.

use std::path::Path;

use plimsoll_workload::OtherObject;

/// Hidden files and folders that are looked into all the same.
pub(crate) const HIDDEN: [&str; 11] = [
    ".github",
    ".gitlab",
    ".circleci",
    ".buildkite",
    ".tekton",
    ".woodpecker",
    ".gitlab-ci.yml",
    ".travis.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".woodpecker.yaml",
];

/// What a file is, by its path below the folder that was given.
pub(crate) fn of_path(path: &Path) -> Option<&'static str> {
    let parts: Vec<&str> = path.iter().filter_map(|p| p.to_str()).collect();
    let (name, folders) = parts.split_last()?;
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let below = |folder: &str| folders.contains(&folder);
    let by_name = match *name {
        "Jenkinsfile" => Some("Jenkins"),
        ".gitlab-ci.yml" => Some("GitLab CI"),
        ".travis.yml" => Some("Travis CI"),
        ".drone.yml" => Some("Drone"),
        ".woodpecker.yml" | ".woodpecker.yaml" => Some("Woodpecker"),
        "azure-pipelines.yml" | "azure-pipelines.yaml" => Some("Azure Pipelines"),
        "bitbucket-pipelines.yml" => Some("Bitbucket Pipelines"),
        "cloudbuild.yaml" | "cloudbuild.yml" => Some("Cloud Build"),
        "buildspec.yml" | "buildspec.yaml" => Some("CodeBuild"),
        "Pulumi.yaml" | "Pulumi.yml" => Some("Pulumi"),
        _ => None,
    };
    let by_folder = || match () {
        () if folders.ends_with(&[".github", "workflows"]) => Some("GitHub Actions"),
        () if below(".gitlab") => Some("GitLab CI"),
        () if below(".circleci") => Some("CircleCI"),
        () if below(".buildkite") => Some("Buildkite"),
        () if below(".woodpecker") => Some("Woodpecker"),
        () => None,
    };
    let terraform = [".tf", ".tf.json", ".tofu"].iter().any(|end| name.ends_with(end));
    by_name.or_else(|| yaml.then(by_folder).flatten()).or(terraform.then_some("Terraform"))
}

/// What an object is.
pub(crate) fn of_object(object: &OtherObject) -> Option<&'static str> {
    match (object.group(), object.kind()) {
        ("tekton.dev", _) => Some("Tekton"),
        ("eksctl.io", _) => Some("eksctl"),
        ("kind.x-k8s.io", _) => Some("kind"),
        ("kubeadm.k8s.io", _) => Some("kubeadm"),
        ("k3d.io", _) => Some("k3d"),
        ("rbac.authorization.k8s.io", "ClusterRole" | "ClusterRoleBinding") => Some("cluster-wide RBAC"),
        (group, _) if group == "cluster.x-k8s.io" || group.ends_with(".cluster.x-k8s.io") => Some("Cluster API"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_place() {
        let of = |path: &str| of_path(Path::new(path));
        assert_eq!(of(".github/workflows/build.yml"), Some("GitHub Actions"));
        assert_eq!(of("a/.github/workflows/build.yaml"), Some("GitHub Actions"));
        assert_eq!(of(".github/dependabot.yml"), None);
        assert_eq!(of("ci/Jenkinsfile"), Some("Jenkins"));
        assert_eq!(of("infra/eks.tf"), Some("Terraform"));
        assert_eq!(of("k8s/deployment.yaml"), None);
        assert_eq!(of(""), None);
    }
}
