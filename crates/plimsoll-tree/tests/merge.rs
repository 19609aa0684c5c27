//! Layers merged as a runtime would.
#![allow(clippy::unwrap_used)]

use plimsoll_layer::{Entry, EntryKind, Limits};
use plimsoll_tree::{Builder, Contents, MemoryContents, NodeKind, Tree, TreeError};
use testkit::Layer;

fn merge(layers: &[Layer]) -> Result<Tree, TreeError> {
    merge_with(layers, &Limits::default())
}

fn merge_with(layers: &[Layer], limits: &Limits) -> Result<Tree, TreeError> {
    let mut builder = Builder::new(limits);
    for (index, layer) in layers.iter().enumerate() {
        builder.layer(index as u32, layer.tar().as_slice(), &mut MemoryContents::new(|_, _| false))?;
    }
    Ok(builder.finish())
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.iter().map(|(p, _)| p).collect()
}

#[test]
fn parents_are_made() {
    let tree = merge(&[Layer::new().file("usr/bin/env", "x")]).unwrap();
    assert_eq!(paths(&tree), ["/", "/usr", "/usr/bin", "/usr/bin/env"]);
    assert_eq!(tree.get("/usr").unwrap().mode, 0o755);
}

#[test]
fn whiteouts_hide_lower_layers_only_in_any_order() {
    let base = Layer::new().file("etc/a", "1").file("etc/b", "1").file("etc/sub/c", "1");
    let first = Layer::new().whiteout("etc/a").opaque("etc/sub").file("etc/a", "2").file("etc/sub/d", "2");
    let last = Layer::new().file("etc/a", "2").file("etc/sub/d", "2").opaque("etc/sub").whiteout("etc/a");
    let trees = [merge(&[base.clone(), first]).unwrap(), merge(&[base.clone(), last]).unwrap()];
    for tree in &trees {
        assert_eq!(paths(tree), ["/", "/etc", "/etc/a", "/etc/b", "/etc/sub", "/etc/sub/d"]);
        let node = tree.get("/etc/a").unwrap();
        assert_eq!((node.first_layer, node.layer), (1, 1));
        assert_eq!(tree.get("/etc/b").unwrap().layer, 0);
    }
    let gone = merge(&[base.clone(), Layer::new().whiteout("etc")]).unwrap();
    assert_eq!(paths(&gone), ["/"]);
    let remade = merge(&[base, Layer::new().file("etc/sub/new", "").whiteout("etc")]).unwrap();
    assert_eq!(paths(&remade), ["/", "/etc", "/etc/sub", "/etc/sub/new"]);
    assert_eq!(remade.get("/etc").unwrap().first_layer, 1);
}

#[test]
fn whiteouts_that_would_reach_elsewhere_are_refused() {
    for name in [".wh.", ".wh..", ".wh..."] {
        let layer = Layer::new().file(&format!("a/{name}"), "");
        assert!(matches!(merge(&[layer]), Err(TreeError::BadWhiteout(_))), "{name}");
    }
    let tree = merge(&[Layer::new().file("a/.wh..wh.plnk", ""), Layer::new().whiteout("nothing/here")]).unwrap();
    assert_eq!(paths(&tree), ["/"]);
}

#[test]
fn kinds_replace_each_other() {
    let base = Layer::new().dir_with("d", 0o700, 1, 2).file("d/x", "1").file("f", "1");
    let tree = merge(&[base, Layer::new().file("d", "2").file("f/y", "2")]);
    assert!(matches!(tree, Err(TreeError::ParentNotDirectory { .. })));
    let base = Layer::new().dir("d").file("d/x", "1").file("f", "1").dir("k").file("k/x", "");
    let tree = merge(&[base, Layer::new().file("d", "2").dir("f").file("f/y", "").dir_with("k", 0o500, 0, 0)]).unwrap();
    assert_eq!(paths(&tree), ["/", "/d", "/f", "/f/y", "/k", "/k/x"]);
    assert!(matches!(tree.get("/d").unwrap().kind, NodeKind::File { size: 1, .. }));
    let kept = tree.get("/k").unwrap();
    assert_eq!((kept.mode, kept.first_layer, kept.layer), (0o500, 0, 1));
}

#[test]
fn hard_links_share_content() {
    let base = Layer::new().file("a", "content");
    let layer = Layer::new().hardlink("b", "/a").hardlink("c", "/b");
    let tree = merge(&[base.clone(), layer]).unwrap();
    assert_eq!(tree.get("/a").unwrap().kind, tree.get("/c").unwrap().kind);
    assert_eq!((tree.get("/a").unwrap().layer, tree.get("/c").unwrap().layer), (0, 1));
    for bad in [
        Layer::new().hardlink("x", "/missing"),
        Layer::new().hardlink("a", "/a"),
        Layer::new().hardlink("x", "/y").hardlink("y", "/x"),
    ] {
        assert!(matches!(merge(&[base.clone(), bad]), Err(TreeError::HardLinkMissing { .. })));
    }
    let bad = Layer::new().dir("d").hardlink("x", "/d");
    assert!(matches!(merge(&[bad]), Err(TreeError::HardLinkToDirectory { .. })));
}

#[test]
fn a_parent_that_is_a_link_is_followed_inside_the_root() {
    let base = Layer::new().dir("usr/bin").symlink("bin", "usr/bin").symlink("out", "../../../../etc");
    let tree = merge(&[
        base.clone(),
        Layer::new().file("bin/foo", "1").file("bin/bar", "1").hardlink("bin/baz", "/bin/foo").file("out/passwd", ""),
    ])
    .unwrap();
    assert!(tree.get("/usr/bin/foo").is_some() && tree.get("/usr/bin/bar").is_some());
    assert_eq!(tree.get("/usr/bin/baz").unwrap().kind, tree.get("/usr/bin/foo").unwrap().kind);
    assert!(tree.get("/bin/foo").is_none() && tree.get("/etc/passwd").is_some());
    let tree = merge(&[base.clone(), Layer::new().file("bin/foo", ""), Layer::new().whiteout("bin/foo")]).unwrap();
    assert!(tree.get("/usr/bin/foo").is_none());
    // The link goes away in the middle of a layer: later members are not put where it led.
    let layer = Layer::new().file("bin/x/one", "").dir("bin").file("bin/x/two", "");
    let tree = merge(&[base, layer]).unwrap();
    assert!(tree.get("/usr/bin/x/one").is_some() && tree.get("/bin/x/two").is_some());
    let loops = Layer::new().symlink("a", "b").symlink("b", "a").file("a/x", "");
    assert!(matches!(merge(&[loops]), Err(TreeError::LinkLoop(_))));
}

#[test]
fn contents_are_kept_once_and_found_through_links() {
    let layer = Layer::new().file("usr/lib/os-release", "ID=x\n").symlink("etc/os-release", "../usr/lib/os-release");
    let mut contents = MemoryContents::new(|path: &str, _| path.ends_with("os-release"));
    let mut builder = Builder::default();
    builder.layer(0, layer.tar().as_slice(), &mut contents).unwrap();
    let tree = builder.finish();
    assert_eq!(contents.read(&tree, "/etc/os-release").unwrap().unwrap().as_ref(), b"ID=x\n");
}

#[test]
fn limits_hold() {
    let many: Layer = (0..50).fold(Layer::new(), |l, n| l.file(&format!("f{n}"), ""));
    let limits = Limits { max_entries: 40, ..Limits::default() };
    let error = merge_with(&[many], &limits).unwrap_err().to_string();
    assert!(error.contains("max_entries"), "{error}");
    let deep = Layer::new().file("a/".repeat(60).trim_end_matches('/'), "");
    assert!(matches!(merge_with(&[deep], &limits), Err(TreeError::Limit { limit: "max_entries", .. })));
    let long = Limits { max_metadata_bytes: 1000, ..Limits::default() };
    let deep = Layer::new().file("a/".repeat(60).trim_end_matches('/'), "");
    assert!(matches!(merge_with(&[deep], &long), Err(TreeError::Limit { limit: "max_metadata_bytes", .. })));
    // A chain of links walked again and again costs no archive bytes worth speaking of.
    let mut chain = Layer::new().dir("end");
    for n in 0..30 {
        let next = if n == 29 { "end".to_owned() } else { format!("l{}", n + 1) };
        chain = chain.symlink(&format!("l{n}"), &next);
    }
    for n in 0..200 {
        chain = chain.file(&format!("l{}/f{n}", n % 2), "");
    }
    let limits = Limits { max_entries: 500, ..Limits::default() };
    assert!(merge_with(&[chain], &limits).unwrap_err().to_string().contains("steps"));
}

#[test]
fn a_large_layer_is_quick_and_complete() {
    let mut builder = Builder::default();
    let mut none = MemoryContents::new(|_: &str, _| false);
    for n in 0..100_000 {
        let entry = Entry::new(format!("/usr/share/d{}/file{n}", n / 100), EntryKind::File, 0o644, 0);
        builder.insert(0, entry, &mut std::io::empty(), &mut none).unwrap();
    }
    assert_eq!(builder.finish().len(), 100_000 + 1_000 + 3);
}

proptest::proptest! {
    #[test]
    fn every_parent_is_a_directory(ops in proptest::collection::vec((0..7_u8, "[ab](/[ab]){0,3}", "(/?[ab.]{1,2}){1,3}"), 0..60)) {
        let mut layers = vec![Layer::new()];
        for (op, path, target) in ops {
            let layer = layers.pop().unwrap();
            let target = target.replace("..", "b");
            let next = match op {
                0 => layer.file(&path, "x"),
                1 => layer.dir(&path),
                2 => layer.symlink(&path, &target),
                3 => layer.whiteout(&path),
                4 => layer.opaque(&path),
                5 => layer.hardlink(&path, &format!("/{}", target.trim_start_matches('/').replace('.', "a"))),
                _ => { layers.push(layer); Layer::new() }
            };
            layers.push(next);
        }
        if let Ok(tree) = merge(&layers) {
            for (path, _) in tree.iter().filter(|(p, _)| *p != "/") {
                let parent = path.rsplit_once('/').map(|(p, _)| if p.is_empty() { "/" } else { p }).unwrap();
                proptest::prop_assert_eq!(&tree.get(parent).unwrap().kind, &NodeKind::Directory, "{}", path);
            }
        }
    }
}
