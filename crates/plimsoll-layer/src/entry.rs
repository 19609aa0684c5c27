//! One archive member.

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file; its size is the entry's.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink {
        /// Target as written, absolute or relative; `..` may occur and is resolved inside the root.
        target: String,
    },
    /// Another name of a file already there.
    HardLink {
        /// Absolute path of that file.
        target: String,
    },
    /// A character device.
    Character {
        /// Device number.
        major: u32,
        /// Device number.
        minor: u32,
    },
    /// A block device.
    Block {
        /// Device number.
        major: u32,
        /// Device number.
        minor: u32,
    },
    /// A FIFO.
    Fifo,
}

/// One archive member's metadata, extensions applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Absolute, normalised path; `/` is the root.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Size of a file, holes included; 0 for everything else.
    pub size: u64,
    /// Permission bits with setuid, setgid and sticky (`0o7777`).
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Modification time, seconds since 1970.
    pub mtime: i64,
    /// Extended attributes, sorted by name.
    pub xattrs: Vec<(String, Vec<u8>)>,
}

impl Entry {
    /// An entry owned by root, at time 0, without extended attributes.
    pub fn new(path: impl Into<String>, kind: EntryKind, mode: u32, size: u64) -> Self {
        Self { path: path.into(), kind, size, mode, uid: 0, gid: 0, mtime: 0, xattrs: Vec::new() }
    }
}
