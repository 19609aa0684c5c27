//! `plimsoll db build | status | verify`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use plimsoll_advisory::{Index, read_feeds};
use plimsoll_layer::{EntryKind, Limits, TarReader, decompress};

use crate::args::{Common, Db};
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::map::map;
use crate::output::{print, write_file};
use crate::ui::Ui;

/// A decompressed feed file larger than this is refused.
const MAX_FEED: u64 = 1 << 30;

/// Runs the command.
pub(crate) fn run(command: &Db, common: &Common, ui: &Ui) -> Result<Exit> {
    match command {
        Db::Build { sources, output } => build(sources, output, common, ui),
        Db::Status { db } => status(db.as_deref(), common),
        Db::Verify { db } => {
            let path = required(db.as_deref())?;
            let bytes = map(path).map_err(|e| unreadable(path, &e))?;
            let index = open(path, &bytes)?;
            ui.say(&format!("{} is sound: {}", path.display(), index.digest()));
            Ok(Exit::Ok)
        }
    }
}

fn build(sources: &[PathBuf], output: &Path, common: &Common, ui: &Ui) -> Result<Exit> {
    let mut files = Vec::new();
    for source in sources {
        collect(source, source, &mut files, ui)?;
    }
    files.sort();
    let step = ui.step("reading feeds");
    let feeds = read_feeds(files);
    step.done();
    for path in &feeds.unknown {
        ui.detail(&format!("passed over: {path} is no feed plimsoll reads"));
    }
    for (path, bad) in &feeds.bad {
        ui.detail(&format!("not read: {path} {}: {}", bad.place, bad.why));
    }
    let (unknown, bad) = (feeds.unknown.len(), feeds.bad.len());
    let bytes = feeds.builder.build(clock::build_time(clock::now(common))?)?;
    let index = Index::open(&bytes)?;
    if index.is_empty() {
        let message = "the folders hold no advisory that plimsoll reads";
        return Err(Failure::new(Exit::Nothing, message)
            .hint("plimsoll db build -v names every file passed over")
            .into());
    }
    write_file(output, &bytes)?;
    ui.say(&format!(
        "wrote {}: {} advisories, {}, {}; {unknown} files passed over, {bad} records not read",
        output.display(),
        index.len(),
        plimsoll_report::size_text(bytes.len() as u64),
        index.digest()
    ));
    Ok(Exit::Ok)
}

/// Every file below `path`, decompressed, archives as their members.
fn collect(root: &Path, path: &Path, files: &mut Vec<(String, Vec<u8>)>, ui: &Ui) -> Result<()> {
    let fault = |e: std::io::Error| unreadable(path, &e);
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
            .map_err(fault)?
            .map(|e| e.map(|e| e.path()))
            .collect::<Result<_, _>>()
            .map_err(fault)?;
        entries.sort();
        return entries.iter().try_for_each(|entry| collect(root, entry, files, ui));
    }
    let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
    let name = if name.is_empty() { path.file_name().unwrap_or_default().to_string_lossy().into_owned() } else { name };
    let broken = |why: String| Failure::input(format!("cannot read {}: {why}", path.display()));
    let file = std::io::BufReader::new(std::fs::File::open(path).map_err(fault)?);
    let limits = Limits::default();
    let mut stream = decompress(file, &limits).map_err(|e| broken(e.to_string()))?;
    if name.contains(".tar") || name.ends_with(".tgz") {
        ui.detail(&format!("reading {name}"));
        let mut tar = TarReader::new(stream, &limits);
        while let Some(entry) = tar.next_entry().map_err(|e| broken(e.to_string()))? {
            if entry.kind == EntryKind::File {
                let mut bytes = Vec::new();
                if entry.size > MAX_FEED {
                    return Err(broken(format!("its member {} is larger than {MAX_FEED} bytes", entry.path)).into());
                }
                (&mut tar).take(MAX_FEED).read_to_end(&mut bytes).map_err(fault)?;
                files.push((format!("{name}{}", entry.path), bytes));
            }
        }
        return Ok(());
    }
    let mut bytes = Vec::new();
    (&mut stream).take(MAX_FEED + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > MAX_FEED {
        return Err(broken(format!("it is larger than {MAX_FEED} bytes")).into());
    }
    files.push((name, bytes));
    Ok(())
}

fn status(db: Option<&Path>, common: &Common) -> Result<Exit> {
    let path = required(db)?;
    let bytes = map(path).map_err(|e| unreadable(path, &e))?;
    let index = open(path, &bytes)?;
    let age = clock::now(common).duration_since(index.built_at());
    let mut rows = vec![
        vec!["file".into(), path.display().to_string()],
        vec!["digest".into(), index.digest().to_string()],
        vec!["built".into(), index.built_at().to_string()],
        vec!["age".into(), format!("{} h", age.as_hours())],
        vec!["size".into(), plimsoll_report::size_text(bytes.len() as u64)],
        vec!["advisories".into(), index.len().to_string()],
    ];
    for feed in index.feeds() {
        let snapshot = feed.snapshot.map_or_else(|| "no date".to_owned(), |t| t.to_string());
        rows.push(vec![
            format!("feed {}", feed.name),
            format!("{} records, {} not read, {snapshot}", feed.records, feed.bad),
        ]);
    }
    print(plimsoll_report::table(&rows).as_bytes())?;
    Ok(Exit::Ok)
}

/// The path of the index, or the failure that says where one comes from.
pub(crate) fn required(db: Option<&Path>) -> Result<&Path> {
    db.ok_or_else(|| {
        Failure::new(Exit::Index, "no advisory index was given")
            .hint("plimsoll db build SOURCE_DIR -o plimsoll.db, then --db plimsoll.db or PLIMSOLL_DB")
            .into()
    })
}

/// Opens an index, a damaged one being its own failure.
pub(crate) fn open<'a>(path: &Path, bytes: &'a [u8]) -> Result<Index<'a>> {
    Index::open(bytes).map_err(|e| Failure::new(Exit::Index, format!("{}: {e}", path.display())).into())
}

/// An index file that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Index, format!("cannot read {}: {error}", path.display()))
}
