//! How a running process shows that it works.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// What must be seen before the deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The process is still there after this long.
    StaysUp(Duration),
    /// The process ends with status 0.
    ExitsZero,
    /// A process of the sandbox listens on this TCP port. Works without a shared network.
    Listens(u16),
    /// A TCP connection to loopback takes `send` and answers with something that begins like `expect`. Needs the network
    /// of the caller.
    Tcp {
        /// Port.
        port: u16,
        /// Sent first.
        send: Vec<u8>,
        /// The answer's beginning.
        expect: Vec<u8>,
    },
    /// `GET path` on loopback answers with a status from 200 to 399, as a kubelet's probe wants it. Needs the network of
    /// the caller.
    Http {
        /// Port.
        port: u16,
        /// Path, with its slash.
        path: String,
    },
}

impl Probe {
    /// Whether the sandbox must share the caller's network.
    pub fn needs_network(&self) -> bool {
        matches!(self, Self::Tcp { .. } | Self::Http { .. })
    }

    /// The port the probe speaks to.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Listens(port) | Self::Tcp { port, .. } | Self::Http { port, .. } => Some(*port),
            Self::StaysUp(_) | Self::ExitsZero => None,
        }
    }
}

/// One try over the network. `Ok` is the evidence.
pub(crate) fn try_network(probe: &Probe) -> Result<String, String> {
    match probe {
        Probe::Tcp { port, send, expect } => {
            let answer = talk(*port, send, expect.len().max(1))?;
            if answer.starts_with(expect) {
                Ok(format!("127.0.0.1:{port} answered {:?}", String::from_utf8_lossy(&answer[..expect.len()])))
            } else {
                Err(format!("127.0.0.1:{port} answered {:?}", String::from_utf8_lossy(&answer)))
            }
        }
        Probe::Http { port, path } => {
            let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            let answer = talk(*port, request.as_bytes(), 64)?;
            let line = String::from_utf8_lossy(&answer);
            let line = line.lines().next().unwrap_or_default().to_owned();
            let mut words = line.split(' ');
            let status =
                words.next().filter(|v| v.starts_with("HTTP/1.")).and(words.next()).and_then(|s| s.parse::<u16>().ok());
            match status {
                Some(200..=399) => Ok(format!("GET {path} on port {port}: {line}")),
                _ => Err(format!("GET {path} on port {port}: {line:?}")),
            }
        }
        _ => Err("not a network probe".to_owned()),
    }
}

/// Sends and reads until `want` bytes came, the peer closes or a second passes.
fn talk(port: u16, send: &[u8], want: usize) -> Result<Vec<u8>, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let second = Duration::from_secs(1);
    let fail = |e: std::io::Error| format!("127.0.0.1:{port}: {e}");
    let mut stream = TcpStream::connect_timeout(&address, second).map_err(fail)?;
    stream.set_read_timeout(Some(second)).map_err(fail)?;
    stream.set_write_timeout(Some(second)).map_err(fail)?;
    stream.write_all(send).map_err(fail)?;
    let mut out = Vec::new();
    let mut buffer = [0; 4096];
    while out.len() < want {
        match stream.read(&mut buffer).map_err(fail)? {
            0 => break,
            n => out.extend_from_slice(&buffer[..n]),
        }
    }
    Ok(out)
}
