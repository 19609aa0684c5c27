//! Hardening (area H): what in the image resists a minimal, unprivileged run.

area! {
    ROOT_USER = "PL-H001" "root-user" Error
        "image runs as root"
        "The image configuration names no user, or uid 0, so every process starts as root unless each manifest remembers to say otherwise."
        "plimsoll harden IMAGE -o oci-dir:PATH";
    SHELL_PRESENT = "PL-H002" "shell-present" Warning
        "image carries a shell"
        "A shell turns a bug that runs one command into a foothold that runs any. A service that is started without one does not need it in its image."
        "plimsoll harden IMAGE -o oci-dir:PATH";
    PACKAGE_MANAGER_PRESENT = "PL-H003" "package-manager-present" Warning
        "image carries a package manager"
        "A package manager lets whoever gets in install what is missing, and lets an image drift from its catalogue while it runs."
        "plimsoll harden IMAGE -o oci-dir:PATH";
    SETUID_FILES = "PL-H004" "setuid-files" Warning
        "image carries setuid or setgid files"
        "Each of these files runs with the rights of its owner, whoever starts it: a ready path from a service account to root where privilege escalation is not switched off."
        "plimsoll harden IMAGE -o oci-dir:PATH";
    ENTRY_NEEDS_SHELL = "PL-H005" "entry-needs-shell" Error
        "the process is started by a shell"
        "The entry point is a shell script, or a shell command that cannot be rewritten as a plain program with arguments. Without the shell the image does not start; with it the image is not minimal. plimsoll does not decide that."
        "give the program and its arguments in exec form, or decide runtime.shell: keep";
    PRIVATE_KEY = "PL-H006" "private-key" Error
        "image carries a private key"
        "Whoever can pull the image has the key. It must be treated as lost, replaced, and given to the workload as a Secret; a file that only looks like a key can be kept by a decision."
        "remove the key from the build, or decide closure.keep or closure.drop for its path with the reason";
    LIBRARY_MISSING = "PL-H007" "library-missing" Note
        "a library that a program asks for is not in the image"
        "The dynamic loader would not find this library in the image as it came either, so the program that asks for it was broken before hardening, or never runs."
        "check that the program is really unused, or install the library";
    FILE_CAPABILITIES = "PL-H008" "file-capabilities" Warning
        "a file carries capabilities, which hardening removes"
        "File capabilities have no effect once privilege escalation is off and every capability is dropped. A program that relied on one to bind a low port needs a port above 1023 or the pod's ip_unprivileged_port_start sysctl."
        "listen on a port above 1023, or set the sysctl net.ipv4.ip_unprivileged_port_start on the pod";
    ENTRY_NOT_FOUND = "PL-H009" "entry-not-found" Error
        "the program the image starts is not in the image"
        "Neither the path nor a search along the image's PATH leads to the program that entry point and command name, so the image cannot start."
        "correct Entrypoint and Cmd, or the command in the manifest";
    UNDECIDED_DATA = "PL-H010" "undecided-data" Warning
        "a program names a large data directory that no decision keeps or drops"
        "A kept program holds the path of this directory. It is too big to keep on that evidence alone, and whether the program reads it cannot be seen from outside, so it was left out."
        "decide closure.keep or closure.drop for the path, with the reason";
    WRITABLE_NOT_EMPTY = "PL-H011" "writable-not-empty" Error
        "a directory the process writes to holds files"
        "Under a read-only root the directory must be a mount, and an empty mount would hide the files it holds. An init container has to fill the mount, or the program has to be told to write elsewhere."
        "fill the mount by an init container, or move what is written, and decide runtime.writable";
    SMALL_SAVING = "PL-H012" "small-saving" Note
        "hardening makes the image hardly smaller"
        "Less than a twentieth of the image's files goes away: the image was minimal before, or nearly everything in it is reached."
        "nothing needs to be done; the other changes still hold";
    DENIED_NEEDED = "PL-H013" "denied-needed" Error
        "the workload starts a program that hardened images do not carry"
        "The process, a probe or a hook names a package manager, a privilege tool, a network client, a debugger or a compiler. Leaving it out would break the workload, keeping it needs a decision."
        "use another program, or decide closure.keep for its path, with the reason";
    DROP_OF_NEEDED = "PL-H014" "drop-of-needed" Error
        "a closure.drop line names a file that the process needs"
        "The static closure shows that the process, or a library it loads, asks for this file. Dropping it would break the image, so the line is refused."
        "remove or narrow the closure.drop line";
    KEEP_UNUSED = "PL-H015" "closure-line-unused" Warning
        "a closure line matches nothing"
        "A keep or drop line that matches no path of the image has a typing error or has outlived its reason; either way the image is not what its author expects."
        "correct or remove the line";
    METADATA_LOST = "PL-H016" "package-records-missing" Warning
        "the records of kept packages could not be rewritten"
        "Scanners find packages by the package manager's records. For these packages the record was not found or not readable, so a scan of the hardened image would miss them."
        "restore the package database in the base image";
    RUN_FAILED = "PL-H017" "run-failed" Error
        "the hardened image did not pass its run"
        "The hardened root was started without privileges, with a read-only root and no capabilities, and the process ended, or did not answer, before its deadline."
        "read the evidence; keep what is missing by closure.keep, or add the path to runtime.writable";
    RUN_UNVERIFIED = "PL-H018" "run-unverified" Warning
        "the hardened image was not started"
        "No runtime that can start it without privileges is installed here, or the runtime could not be used, so that it runs is not shown. This is a gap, not a pass."
        "install bubblewrap or runc and run again";
    WORLD_WRITABLE = "PL-H019" "world-writable" Note
        "image carries files that anybody may write"
        "A file or directory that every user may write, outside of sticky temporary directories, lets one process of the container change what another one trusts."
        "plimsoll harden IMAGE -o oci-dir:PATH";
    UNREADABLE_BY_USER = "PL-H020" "unreadable-by-user" Error
        "a file the process needs belongs to root and is closed to the runtime user"
        "Only root may read this file, and it is part of what the process needs. Opening it could publish a secret, so plimsoll does not do it unasked."
        "give the file a mode the runtime user can read in the build, or remove the need for it";
}
