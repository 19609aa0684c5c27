//! A shell command line split into words, where it is plain enough to run without a shell.

/// The words of `text`, if it is one simple command: no variable, glob, pipe, redirection, list, substitution, comment or
/// assignment. Quotes and backslashes are understood. `None` where only a shell would know what it means.
pub(crate) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => {
                let w = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        other => w.push(other),
                    }
                }
            }
            '"' => {
                let w = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            e @ ('"' | '\\' | '$' | '`') => w.push(e),
                            '\n' => {}
                            other => w.extend(['\\', other]),
                        },
                        '$' | '`' => return None,
                        other => w.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            '$' | '`' | '|' | '&' | ';' | '<' | '>' | '(' | ')' | '{' | '}' | '*' | '?' | '[' | ']' | '!' | '\n' => {
                return None;
            }
            '#' | '~' if word.is_none() => return None,
            '=' if words.is_empty() => return None,
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    if words.first().is_some_and(|w| w == "exec") {
        words.remove(0);
    }
    let first = words.first()?;
    // Words that only a shell can carry out.
    const BUILTINS: &[&str] = &[
        ".", ":", "[", "alias", "bg", "break", "case", "cd", "command", "continue", "eval", "exit", "export", "fg",
        "for", "if", "jobs", "read", "readonly", "return", "set", "shift", "source", "test", "time", "times", "trap",
        "type", "ulimit", "umask", "unset", "until", "wait", "while",
    ];
    (!first.is_empty() && !first.starts_with('-') && !BUILTINS.contains(&first.as_str())).then_some(words)
}

/// The command of `argv` without its shell: `["sh", "-c", "exec nginx -g 'daemon off;'"]` becomes `nginx -g daemon off;`.
/// `None` if `argv` is no `sh -c`, or only a shell would know what it means.
pub(crate) fn unshell(argv: &[String]) -> Option<Vec<String>> {
    let [shell, flags, script] = argv else { return None };
    (is_shell(shell) && flags.starts_with('-') && flags.ends_with('c') && flags[1..].chars().all(|c| "cel".contains(c)))
        .then(|| split(script))
        .flatten()
}

/// Whether the file name of `program` is a shell's.
pub(crate) fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(
        name,
        "sh" | "bash" | "rbash" | "dash" | "ash" | "ksh" | "ksh93" | "mksh" | "zsh" | "fish" | "csh" | "tcsh"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<Vec<String>> {
        split(text)
    }

    #[test]
    fn plain_commands_lose_their_shell() {
        assert_eq!(words("exec nginx -g 'daemon off;'").unwrap(), ["nginx", "-g", "daemon off;"]);
        assert_eq!(
            words(r#"redis-server "/etc/my redis.conf" a\ b"#).unwrap(),
            ["redis-server", "/etc/my redis.conf", "a b"]
        );
        let argv: Vec<String> = ["/bin/sh", "-c", "exec app --port 80"].map(str::to_owned).into();
        assert_eq!(unshell(&argv).unwrap(), ["app", "--port", "80"]);
    }

    #[test]
    fn what_needs_a_shell_is_not_guessed() {
        for text in [
            "a && b",
            "a | b",
            "a $HOME",
            "a `b`",
            "a > f",
            "X=1 a",
            "cd /x",
            "a *.so",
            "exec",
            "",
            "a 'open",
            "a; b",
            "[ -f x ]",
            "if true",
            "# x",
            "a \"$(b)\"",
            "~/x",
        ] {
            assert_eq!(words(text), None, "{text}");
        }
    }
}
