//! Small trees for tests.

use plimsoll_layer::{Entry, EntryKind, TarWriter};
use plimsoll_tree::{Builder, MemoryContents, Tree};

/// Contents that hold every file.
pub(crate) type Held = MemoryContents<fn(&str, u64) -> bool>;

/// A file of a test image.
pub(crate) struct File<'a>(pub(crate) &'a str, pub(crate) u32, pub(crate) u32, pub(crate) Vec<u8>);

/// A tree of files, links (`from`, `to`) and empty directories (path, mode, uid), with its contents.
pub(crate) fn tree(files: &[File<'_>], links: &[(&str, &str)], directories: &[(&str, u32, u32)]) -> (Tree, Held) {
    let mut tar = TarWriter::new(Vec::new());
    for (path, mode, uid) in directories {
        let mut entry = Entry::new(*path, EntryKind::Directory, *mode, 0);
        entry.uid = *uid;
        tar.append(&entry, &mut std::io::empty()).unwrap();
    }
    for File(path, mode, uid, bytes) in files {
        let mut entry = Entry::new(*path, EntryKind::File, *mode, bytes.len() as u64);
        entry.uid = *uid;
        tar.append(&entry, &mut bytes.as_slice()).unwrap();
    }
    for (from, to) in links {
        let entry = Entry::new(*from, EntryKind::Symlink { target: (*to).to_owned() }, 0o777, 0);
        tar.append(&entry, &mut std::io::empty()).unwrap();
    }
    let tar = tar.finish().unwrap();
    let mut contents: Held = MemoryContents::new(|_, _| true);
    let mut builder = Builder::default();
    builder.layer(0, tar.as_slice(), &mut contents).unwrap();
    (builder.finish(), contents)
}
