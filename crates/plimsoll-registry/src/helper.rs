//! Docker credential helpers: `docker-credential-NAME get`, the server on standard input, JSON on standard output.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::RegistryError;
use crate::credentials::Login;
use crate::secret::Secret;

/// How long a helper may take; some ask a cloud service.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The most of a helper's answer that is read.
const MAX_ANSWER: u64 = 64 * 1024;

/// Asks one helper. `None` when it knows no credentials for the registry.
pub(crate) async fn ask(name: &str, registry: &str) -> Result<Option<Login>, RegistryError> {
    let (name, host) = (name.to_owned(), registry.to_owned());
    let joined = tokio::task::spawn_blocking({
        let host = host.clone();
        move || run(&name, &host, TIMEOUT)
    })
    .await;
    match joined {
        Ok(Ok(login)) => Ok(login),
        Ok(Err(why)) => Err(RegistryError::Credentials { host, why }),
        Err(_) => {
            Err(RegistryError::Credentials { host, why: "the credential helper's thread ended early".to_owned() })
        }
    }
}

fn run(name: &str, registry: &str, timeout: Duration) -> Result<Option<Login>, String> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err("the name of the credential helper is malformed".to_owned());
    }
    let program = format!("docker-credential-{name}");
    converse(Command::new(&program), &program, registry, timeout)
}

fn converse(mut helper: Command, program: &str, registry: &str, timeout: Duration) -> Result<Option<Login>, String> {
    // Standard error is dropped: helpers are known to write secrets to it.
    let mut child = helper
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{program} cannot be started: {e}"))?;
    let server = if registry == "docker.io" { "https://index.docker.io/v1/" } else { registry };
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that exits without reading breaks the pipe; its exit status then says what happened.
        let _ = writeln!(stdin, "{server}");
    }
    let (sender, answer) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let read = stdout.take(MAX_ANSWER).read_to_end(&mut text).map(|_| text);
            let _ = sender.send(read);
        });
    }
    let deadline = Instant::now() + timeout;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{program} did not answer within {} s", timeout.as_secs_f32()));
            }
            Err(e) => return Err(format!("{program}: {e}")),
        }
    };
    let text = answer
        .recv_timeout(deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(100)))
        .map_err(|_| format!("{program} left its output open"))?
        .map_err(|e| format!("{program}: {e}"))?;
    if !status.success() {
        // The protocol has no code for "not known", only this text.
        let unknown = String::from_utf8_lossy(&text).contains("credentials not found");
        return if unknown { Ok(None) } else { Err(format!("{program} failed ({status})")) };
    }
    let value: Value = serde_json::from_slice(&text).map_err(|_| format!("{program} did not answer with JSON"))?;
    let field = |key: &str| value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    let (Some(username), Some(secret)) = (field("Username"), field("Secret")) else { return Ok(None) };
    let secret = Secret::new(secret.to_owned());
    Ok(Some(match username {
        "<token>" => Login::Identity(secret),
        _ => Login::Basic { username: username.to_owned(), password: secret },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_that_is_not_there_is_named() {
        let why = run("plimsoll-test-none", "x.io", TIMEOUT).unwrap_err();
        assert!(why.contains("docker-credential-plimsoll-test-none"), "{why}");
        assert!(run("../evil", "x.io", TIMEOUT).unwrap_err().contains("malformed"));
    }

    #[cfg(unix)]
    #[test]
    fn helpers_answer_refuse_and_stall() {
        let ask = |body: &str, timeout| {
            let mut shell = Command::new("sh");
            shell.args(["-c", body]);
            converse(shell, "helper", "x.io", timeout)
        };
        let echo = r#"read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"u-$server\",\"Secret\":\"pw\"}""#;
        let Ok(Some(Login::Basic { username, password })) = ask(echo, TIMEOUT) else { panic!("no login") };
        assert_eq!((username.as_str(), password.reveal()), ("u-x.io", "pw"));
        let token = r#"echo '{"Username":"<token>","Secret":"t"}'"#;
        assert!(matches!(ask(token, TIMEOUT), Ok(Some(Login::Identity(_)))));
        let unknown = "echo credentials not found in native keychain; exit 1";
        assert_eq!(ask(unknown, TIMEOUT), Ok(None));
        assert!(ask("echo hunter2; exit 3", TIMEOUT).is_err_and(|why| !why.contains("hunter2")));
        assert!(ask("echo hunter2", TIMEOUT).is_err_and(|why| !why.contains("hunter2")));
        let started = Instant::now();
        let why = ask("exec sleep 30", Duration::from_millis(200)).unwrap_err();
        assert!(why.contains("did not answer") && started.elapsed() < Duration::from_secs(5), "{why}");
    }
}
