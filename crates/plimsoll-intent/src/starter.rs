//! The starter file that `decisions init` writes.

/// A commented `plimsoll.yaml` that holds every key and decides nothing: each decision is commented out.
pub fn starter() -> &'static str {
    include_str!("starter.yaml")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::schema::{KEYS, Shape, shape_at};
    use crate::{Document, Setting, read};

    fn document(text: String) -> Vec<Document> {
        vec![Document { path: "plimsoll.yaml".to_owned(), text }]
    }

    #[test]
    fn as_written_it_is_sound_and_decides_nothing() {
        let raw = read(&document(starter().to_owned()));
        assert_eq!(raw.findings(), []);
        let intent = raw.resolve(&BTreeMap::new(), jiff::civil::date(2026, 11, 23)).unwrap().intent;
        assert_eq!((intent.custody, intent.origins.len()), (Setting::Missing, 0));
    }

    #[test]
    fn uncommented_it_holds_every_key_and_is_sound() {
        let text: String = starter()
            .lines()
            .filter(|l| !l.starts_with("##"))
            .map(|l| l.strip_prefix("# ").unwrap_or(l).to_owned() + "\n")
            .collect();
        let raw = read(&document(text));
        assert_eq!(raw.findings(), []);
        for key in KEYS {
            assert!(raw.settings.contains_key(key.path), "the starter lacks {}", key.path);
        }
        // Fields of objects too, so that nothing has to be looked up elsewhere.
        for key in KEYS.iter().filter(|k| k.path.starts_with("gate.") || k.path == "provenance") {
            let Some(Shape::Object(fields)) = shape_at(key.path) else { panic!("{}", key.path) };
            let node = &raw.settings[key.path][0].node;
            if key.path == "gate.tier0" || key.path == "provenance" {
                fields.iter().for_each(|f| assert!(node.get(f.name).is_some(), "{}.{}", key.path, f.name));
            }
        }
    }
}
