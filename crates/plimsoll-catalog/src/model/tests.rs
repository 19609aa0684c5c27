//! Headers of models.

use super::*;

fn facts(path: &str, which: usize, bytes: &[u8]) -> Facts {
    let mut out = Facts::default();
    read(&File { path, root: "", which, bytes }, &mut out);
    out
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// A header with two strings, an array of strings that is passed over, and a number.
fn header() -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(3u32.to_le_bytes());
    out.extend(291u64.to_le_bytes());
    out.extend(4u64.to_le_bytes());
    for (key, value) in [("general.name", "TinyLlama 1.1B"), ("general.license", "apache-2.0")] {
        out.extend(string(key));
        out.extend(8u32.to_le_bytes());
        out.extend(string(value));
    }
    out.extend(string("tokenizer.ggml.tokens"));
    out.extend(9u32.to_le_bytes());
    out.extend(8u32.to_le_bytes());
    out.extend(2u64.to_le_bytes());
    out.extend(string("<s>"));
    out.extend(string("</s>"));
    out.extend(string("llama.context_length"));
    out.extend(4u32.to_le_bytes());
    out.extend(2048u32.to_le_bytes());
    out
}

#[test]
fn gguf_headers() {
    let header = header();
    let out = facts("/models/tiny.gguf", 0, &header);
    let record = &out.records[0];
    assert_eq!(record.name, "TinyLlama 1.1B");
    assert_eq!(record.purl, "pkg:generic/TinyLlama%201.1B");
    assert_eq!(record.licenses, ["Apache-2.0"]);
    assert!(record.properties.contains(&("model:llama.context_length".to_owned(), "2048".to_owned())));
    assert!(out.troubles.is_empty());
    for end in 0..header.len() {
        assert_eq!(facts("/m.gguf", 0, &header[..end]).troubles.len(), 1);
    }
    // A count that announces more than there is, and arrays within arrays.
    let mut hostile = header.clone();
    hostile[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(facts("/m.gguf", 0, &hostile).troubles.len(), 1);
    let mut nested = header[..24].to_vec();
    nested.extend(string("x"));
    nested.extend(9u32.to_le_bytes());
    for _ in 0..1000 {
        nested.extend(9u32.to_le_bytes());
        nested.extend(1u64.to_le_bytes());
    }
    assert_eq!(facts("/m.gguf", 0, &nested).troubles.len(), 1);
}

#[test]
fn safetensors_headers() {
    let json = r#"{"__metadata__":{"format":"pt","modelspec.title":"Tiny"},"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#;
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend(json.as_bytes());
    let out = facts("/models/model.safetensors", 1, &bytes);
    assert_eq!(out.records[0].name, "Tiny");
    assert!(out.records[0].properties.contains(&("model:safetensors.dtypes".to_owned(), "F16".to_owned())));
    for end in 0..bytes.len() {
        assert_eq!(facts("/m.safetensors", 1, &bytes[..end]).troubles.len(), 1);
    }
    let huge = facts("/m.safetensors", 1, b"\xff\xff\xff\xff\0\0\0\0{");
    assert_eq!(huge.records[0].name, "m");
}
