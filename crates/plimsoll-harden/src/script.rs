//! Scripts and their interpreters (rule R4).

/// The interpreter a script names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// The program: a path, or a name to search for when `env` finds it.
    pub(crate) program: String,
    /// The `env` that searches for it.
    pub(crate) env: Option<String>,
}

/// The interpreter of a script; `None` if the bytes are no script.
pub(crate) fn interpreter(bytes: &[u8]) -> Option<Interpreter> {
    let rest = bytes.strip_prefix(b"#!")?;
    let line = rest.split(|b| *b == b'\n').next()?;
    let line = std::str::from_utf8(&line[..line.len().min(1_024)]).ok()?;
    let mut words = line.split_ascii_whitespace();
    let program = words.next()?.to_owned();
    if program.rsplit('/').next() != Some("env") {
        return Some(Interpreter { program, env: None });
    }
    // `env -S prog args`, `env NAME=value prog`.
    let name = words.find(|w| !w.starts_with('-') && !w.contains('='))?;
    Some(Interpreter { program: name.to_owned(), env: Some(program) })
}

/// Words of a shell script that could name a program. More than are run is harmless; fewer would break it.
pub(crate) fn words(bytes: &[u8]) -> std::collections::BTreeSet<String> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 20)]);
    text.lines()
        .filter(|l| !l.trim_start().starts_with('#'))
        .flat_map(|l| l.split(|c: char| !(c.is_ascii_alphanumeric() || "/._+-".contains(c))))
        .filter(|w| w.len() > 1 && w.len() < 256)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shebangs() {
        let program = |text: &str| interpreter(text.as_bytes()).map(|i| i.program);
        assert_eq!(program("#!/bin/sh -e\n").as_deref(), Some("/bin/sh"));
        assert_eq!(program("#! /usr/bin/env -S python3 -u\n").as_deref(), Some("python3"));
        assert_eq!(program("#!/usr/bin/env A=1 node").as_deref(), Some("node"));
        assert_eq!(program("plain"), None);
        assert_eq!(program("#!"), None);
    }
}
