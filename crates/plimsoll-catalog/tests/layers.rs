//! Layers read each for itself and put together give what reading them as one image gives.
#![allow(clippy::unwrap_used)]

use plimsoll_catalog::{Catalog, LayerFacts, assemble, catalog, merge_layers, read_layer, read_layer_again, wants};
use plimsoll_layer::Limits;
use plimsoll_tree::{Builder, MemoryContents};
use testkit::Layer;

const OS: &str = "ID=debian\nVERSION_ID=\"12\"\n";
const BASH: &str = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n";
const PACKAGE: &str = r#"{"name":"left-pad","version":"1.3.0","license":"WTFPL"}"#;

fn by_layers(layers: &[Layer]) -> Catalog {
    let limits = Limits::default();
    let read = layers.iter().map(|layer| {
        let facts = read_layer(layer.tar().as_slice(), &limits).unwrap();
        let facts = if facts.is_complete() {
            facts
        } else {
            read_layer_again(layer.tar().as_slice(), &limits, &facts).unwrap()
        };
        // As the cache gives them back.
        LayerFacts::from_bytes(&facts.to_bytes()).unwrap()
    });
    let (tree, facts) = merge_layers(read, &limits).unwrap();
    assemble(&tree, facts)
}

fn at_once(layers: &[Layer]) -> Catalog {
    let mut contents = MemoryContents::new(wants);
    let mut builder = Builder::default();
    for (index, layer) in (0u32..).zip(layers) {
        builder.layer(index, layer.tar().as_slice(), &mut contents).unwrap();
    }
    catalog(&builder.finish(), &contents)
}

#[test]
fn both_ways_agree() {
    let base = Layer::new()
        .file("etc/os-release", OS)
        .file("var/lib/dpkg/status", BASH)
        .file("var/lib/dpkg/info/bash.list", "/.\n/usr\n/usr/bin\n/usr/bin/bash\n")
        .file("usr/bin/bash", "x")
        .file("app/node_modules/left-pad/package.json", PACKAGE)
        .file("app/package.json", r#"{"name":"app","version":"1.0.0"}"#);
    let upper = Layer::new().whiteout("app/node_modules").file("var/lib/dpkg/info/bash.list", "/usr/bin/bash\n");
    let restored = Layer::new().file("app/node_modules/left-pad/package.json", PACKAGE);
    for layers in [&[base.clone()][..], &[base.clone(), upper.clone()], &[base, upper, restored]] {
        let found = by_layers(layers);
        assert_eq!(found, at_once(layers));
        let names: Vec<&str> = found.packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names.contains(&"left-pad"), layers.len() != 2, "{names:?}");
    }
}

#[test]
fn a_store_of_hard_links_is_read_through_them() {
    let layer = Layer::new()
        .file("store/v3/files/ab/cdef", PACKAGE)
        .file("store/v3/files/ab/other", "{}")
        .hardlink("app/node_modules/left-pad/package.json", "store/v3/files/ab/cdef")
        .hardlink("app/node_modules/left-pad/index.js", "store/v3/files/ab/other")
        .file("app/package.json", r#"{"name":"app","version":"1.0.0"}"#);
    let first = read_layer(layer.tar().as_slice(), &Limits::default()).unwrap();
    assert!(!first.is_complete());
    let catalog = by_layers(&[layer]);
    let found = catalog.packages.iter().find(|p| p.name == "left-pad").unwrap();
    assert_eq!(found.evidence, ["/app/node_modules/left-pad/package.json"]);
}
