//! Problems, bounded for each file.

use std::collections::{BTreeMap, BTreeSet};

use crate::Problem;

/// The most problems told of one file; a last one says that there were more.
const MAX_PROBLEMS: usize = 50;

#[derive(Default)]
pub(crate) struct Problems {
    list: BTreeSet<Problem>,
    told: BTreeMap<String, usize>,
}

impl Problems {
    pub(crate) fn tell(&mut self, path: &str, line: Option<u32>, why: &str) {
        let told = self.told.entry(path.to_owned()).or_default();
        *told += 1;
        if *told <= MAX_PROBLEMS {
            self.list.insert(Problem { path: path.to_owned(), line, why: why.to_owned() });
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Problem> {
        for (path, told) in std::mem::take(&mut self.told) {
            if told > MAX_PROBLEMS {
                let why = format!("and {} more problems", told - MAX_PROBLEMS);
                self.list.insert(Problem { path, line: None, why });
            }
        }
        self.list.into_iter().collect()
    }
}
