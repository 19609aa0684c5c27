//! This program's own JSON.

use serde::Deserialize;
use serde::de::Error as _;

use super::collect;
use crate::Sbom;
use crate::own;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    tool: own::Tool<'a>,
    author: Option<String>,
    form: Option<String>,
    created: String,
    #[serde(borrow)]
    subject: own::Subject<'a>,
    distro: Option<own::Distro>,
    #[serde(borrow)]
    packages: Vec<own::Body<'a>>,
    removed: Option<Vec<own::Removed>>,
    problems: Option<Vec<own::Problem>>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Sbom, serde_json::Error> {
    let document: Document<'_> = serde_json::from_slice(bytes)?;
    Ok(Sbom {
        subject: document.subject.read()?,
        distro: document.distro.map(own::Distro::read),
        packages: document.packages.into_iter().map(own::Body::read).collect::<Result<_, serde_json::Error>>()?,
        removed: document.removed.into_iter().flatten().map(own::Removed::read).collect(),
        problems: document.problems.into_iter().flatten().map(own::Problem::read).collect(),
        tool: document.tool.read(),
        author: document.author,
        form: collect::form(document.form.as_deref()),
        created: document.created.parse().map_err(serde_json::Error::custom)?,
    })
}
