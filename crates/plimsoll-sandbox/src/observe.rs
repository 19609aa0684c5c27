//! What the kernel says about the processes of a sandbox.

use std::collections::BTreeSet;
use std::fs;

/// A process of the sandbox as `/proc` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    pub(crate) pid: u32,
    pub(crate) name: String,
    /// The user inside: through the namespace's map.
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
    pub(crate) capabilities: Option<u64>,
    pub(crate) no_new_privs: Option<bool>,
    pub(crate) root_read_only: Option<bool>,
}

/// The innermost descendants of a process, itself excluded: what the runtime started.
pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::from([pid]);
    let mut stack = vec![pid];
    while let Some(current) = stack.pop() {
        for child in children(current) {
            if seen.len() < 10_000 && seen.insert(child) {
                out.push(child);
                stack.push(child);
            }
        }
    }
    out
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks
        .flatten()
        .filter_map(|t| fs::read_to_string(t.path().join("children")).ok())
        .flat_map(|text| text.split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

/// Whether a process runs still. One that has ended and was not waited for by its parent holds nothing any more.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    state.is_some_and(|s| !matches!(s, 'Z' | 'X'))
}

/// Reads one process. `None` if it is gone.
pub(crate) fn observe(pid: u32) -> Option<Observed> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field =
        |name: &str| status.lines().find_map(|l| l.strip_prefix(name).and_then(|r| r.strip_prefix(':'))).map(str::trim);
    let id = |name: &str, map: &str| {
        let outer: u32 = field(name)?.split_ascii_whitespace().nth(1)?.parse().ok()?;
        inside(outer, &fs::read_to_string(format!("/proc/{pid}/{map}")).ok()?)
    };
    Some(Observed {
        pid,
        name: field("Name").unwrap_or_default().to_owned(),
        uid: id("Uid", "uid_map"),
        gid: id("Gid", "gid_map"),
        capabilities: field("CapEff").and_then(|c| u64::from_str_radix(c, 16).ok()),
        no_new_privs: field("NoNewPrivs").map(|v| v == "1"),
        root_read_only: fs::read_to_string(format!("/proc/{pid}/mountinfo")).ok().and_then(|m| root_read_only(&m)),
    })
}

/// An id of the outer namespace as the inner one numbers it (`inside outside count` lines).
fn inside(outer: u32, map: &str) -> Option<u32> {
    map.lines().find_map(|line| {
        let numbers: Vec<u32> = line.split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect();
        let [inner, start, count] = numbers.as_slice() else { return None };
        let offset = outer.checked_sub(*start)?;
        (offset < *count).then(|| inner.saturating_add(offset))
    })
}

/// Whether the mount at `/` is read-only; the last one there counts.
fn root_read_only(mountinfo: &str) -> Option<bool> {
    let mut options = mountinfo.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(4);
        (fields.next() == Some("/")).then(|| fields.next()).flatten()
    });
    options.next_back().map(|o| o.split(',').any(|x| x == "ro"))
}

/// Whether a process's network namespace has a socket listening on a TCP port.
pub(crate) fn listens(pid: u32, port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    ["tcp", "tcp6"].iter().filter_map(|f| fs::read_to_string(format!("/proc/{pid}/net/{f}")).ok()).any(|table| {
        table.lines().skip(1).any(|line| {
            let mut fields = line.split_ascii_whitespace().skip(1);
            let local = fields.next().unwrap_or_default();
            let state = fields.nth(1).unwrap_or_default();
            // 0A is LISTEN.
            local.ends_with(&wanted) && state == "0A"
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_through_the_map() {
        assert_eq!(inside(0, "     65532          0          1\n"), Some(65532));
        assert_eq!(inside(1, "     65532          0          1\n"), None);
        assert_eq!(inside(65532, "0 0 4294967295\n"), Some(65532));
    }

    #[test]
    fn the_last_root_mount_counts() {
        let info = "1 0 0:1 / / rw,relatime - overlay x rw\n2 1 0:2 /r / ro,nosuid - ext4 y rw\n3 2 0:3 / /tmp rw - tmpfs t rw\n";
        assert_eq!(root_read_only(info), Some(true));
        assert_eq!(root_read_only("1 0 0:1 / /x ro - a b c\n"), None);
    }

    #[test]
    fn this_process_is_seen() {
        let seen = observe(std::process::id()).unwrap();
        assert!(seen.capabilities.is_some() && seen.uid.is_some());
        assert_eq!(observe(u32::MAX), None);
    }
}
