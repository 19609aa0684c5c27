//! Manifests (area M): what the workload asks for that it should not.

area! {
    NON_ROOT_OVER_ROOT = "PL-M001" "run-as-non-root-over-root-image" Error
        "runAsNonRoot stands over an image whose only user is root"
        "The manifest promises that the container does not run as root while the image can only run as root: the kubelet refuses to start it, or somebody lifts the promise."
        "plimsoll harden IMAGE -o oci-dir:PATH, then deploy the hardened digest";
    USER_NOT_NUMERIC = "PL-M002" "user-not-numeric" Error
        "runAsNonRoot stands over an image whose user is a name"
        "The kubelet cannot see from a name that a user is not root, so it refuses to start the container unless runAsUser gives a number."
        "bake a numeric user into the image, or set runAsUser";
    READ_ONLY_WITHOUT_MOUNT = "PL-M003" "read-only-root-without-mount" Warning
        "the root is read-only and a path the image writes to has no mount"
        "The image declares or shows a directory that its process writes to. Under readOnlyRootFilesystem the write fails unless a volume is mounted there."
        "apply the patches of plimsoll harden, or mount an emptyDir at the path";
    PRIVILEGED_PORT = "PL-M004" "privileged-port" Warning
        "a container that is not root listens below port 1024"
        "Binding a low port needs the capability NET_BIND_SERVICE or a lowered net.ipv4.ip_unprivileged_port_start. Some container runtimes lower it by default, others do not; the manifest does not say."
        "listen above 1023, or set the sysctl net.ipv4.ip_unprivileged_port_start: \"0\" in the pod's securityContext";
    EXEC_NEEDS_SHELL = "PL-M005" "exec-needs-shell" Error
        "a probe, hook or command runs a shell that hardening removes"
        "The command is a shell line that cannot be written as one program with arguments. In the hardened image it fails, and with it the probe or hook."
        "use httpGet, tcpSocket or grpc, give the program in exec form, or decide runtime.shell: keep";
    EXEC_REWRITTEN = "PL-M006" "exec-rewritten" Note
        "a command through a shell is rewritten to start its program directly"
        "The shell only split the line into words. The patch gives the same words in exec form, so that the command works in an image without a shell."
        "review the patch";
    COMMAND_NOT_FOUND = "PL-M007" "command-not-found" Error
        "a probe, hook or command names a program that is not in the image"
        "Neither the path nor the image's PATH leads to the program, so the command fails whenever it is run."
        "correct the command, or add the program to the image";
    OTHER_IMAGE = "PL-M008" "container-of-another-image" Note
        "a container of the workload uses an image that this run did not harden"
        "What this run knows about users and writable paths holds for one image. The other container is left as it is; it needs a run of its own."
        "plimsoll harden OTHER-IMAGE with the same manifests";
    TOKEN_MOUNTED = "PL-M009" "service-account-token" Note
        "the pod mounts a service account token"
        "Unless the workload talks to the Kubernetes API, the token is only of use to an attacker. Whether it does cannot be seen from the manifest."
        "set automountServiceAccountToken: false on the pod if it does not use the API";
    PRIVILEGED = "PL-M010" "privileged-container" Error
        "container is privileged"
        "A privileged container has every capability and every device of its node. Nothing else that is hardened about it matters."
        "remove privileged: true";
    HOST_NAMESPACE = "PL-M011" "host-namespace" Error
        "pod shares a namespace of its node"
        "hostNetwork, hostPID and hostIPC let the container see and reach what runs on the node."
        "remove the field";
    CAPABILITY_ADDED = "PL-M012" "capability-added" Warning
        "container adds a capability that no decision justifies"
        "Every capability beyond none is a way out that must be worth its price. The decisions name none, or not this one."
        "remove it, or decide runtime.capabilities with the reason";
    HOST_PATH = "PL-M013" "host-path" Warning
        "pod mounts a path of its node"
        "A hostPath volume reaches around the container's file system; a container runtime's socket among them is root on the node."
        "use a volume of another kind";
    ROOT_IN_MANIFEST = "PL-M014" "run-as-root" Error
        "the manifest sets user 0"
        "runAsUser: 0 overrides the user baked into the image, so the process is root whatever the image says."
        "remove runAsUser: 0, or set the image's user";
    CONTEXT_INCOMPLETE = "PL-M015" "security-context-incomplete" Warning
        "container does not state all of the restricted security context"
        "What is not stated is left to the image and the cluster's defaults: a writable root, privilege escalation, the default capabilities, or an unconfined system call filter."
        "apply the patches of plimsoll harden";
    NO_BACKSTOP = "PL-M016" "gate-without-admission-backstop" Warning
        "no admission policy verifies images, so a bypassed pipeline can deploy anything"
        "A gate in a pipeline stops those who go through the pipeline. Among the files given is no policy that makes the cluster itself refuse an unsigned image, so whoever may create a pod gets round the gate. The policy may stand in another repository."
        "plimsoll policy emit --engine ENGINE --decisions DIR -o DIR";
    OWNS_FLOOR = "PL-M017" "policy-owns-the-floor" Warning
        "an admission policy duplicates or replaces the Pod Security label"
        "The Pod Security Standards are the floor that namespace labels set and the API server keeps. A policy that sets the labels, or checks the same fields again, makes two owners of one rule: they drift apart, and nobody knows which of them refuses."
        "leave the floor to the pod-security.kubernetes.io/enforce label and let the policy check what the floor does not: signatures, digests, provenance, a read-only root";
    ENFORCEMENT_UNTESTED = "PL-M018" "enforcement-untested" Warning
        "admission policies have no test with a bad image"
        "Among the files given is nothing that shows a bad image being refused. A policy that matches nothing, only reports, or fails open looks exactly like one that works, until it is needed."
        "plimsoll policy test DIR, or add tests whose expected result is a refusal";
    PROVISIONING = "PL-M019" "provisioning-authored-here" Note
        "a pipeline or cluster provisioning is authored beside the workload"
        "The delivery pipeline and the cluster belong to their platforms; a copy kept with the workload is changed by whoever changes the workload, so the gate and what it guards have one author."
        "hand it off to the delivery platform or the infrastructure's owners, and keep only what the gate demands";
    REPORTS_ONLY = "PL-M020" "policy-does-not-refuse" Warning
        "an admission policy reports and does not refuse"
        "The policy's action is to audit, warn or try out, or it lets through what it cannot decide. What it finds is written down while the workload starts."
        "set the policy to deny and to fail closed once its reports are clean";
    NOT_EXAMINED = "PL-M021" "pod-template-not-examined" Warning
        "an object of an unknown kind holds a pod template, which was not examined"
        "Its kind is none of those that plimsoll knows to make pods, so its images and security contexts were not looked at. They are not known to be good."
        "render the pods that the object makes and examine those";
}
