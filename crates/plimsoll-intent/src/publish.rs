//! The published JSON Schema (draft 2020-12) of the block, made from the same table as the check.

use serde_json::{Map, Value, json};

use crate::schema::{BLOCK, Field, Shape};

/// The JSON Schema of `plimsoll.yaml` and of the `plimsoll` block in front matter, ending in a line break.
///
/// It says what an editor can check. What needs a second look (anchored expressions, real dates, key files, conflicts
/// between documents) is checked by [`read`](crate::read()) and [`Raw::resolve`](crate::Raw::resolve) alone.
pub fn schema_json() -> String {
    let mut root = Map::new();
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("$id".to_owned(), json!("https://plimsoll.dev/schemas/decisions-v1.json"));
    root.insert("title".to_owned(), json!("plimsoll decisions"));
    let about = "The plimsoll block of an accepted decision or architecture document, or the whole of plimsoll.yaml.";
    root.insert("description".to_owned(), json!(about));
    root.extend(shape(&BLOCK));
    format!("{:#}\n", Value::Object(root))
}

fn shape(shape_: &Shape) -> Map<String, Value> {
    let value = match shape_ {
        Shape::Text(form) => match form.pattern() {
            Some(pattern) => json!({"type": "string", "minLength": 1, "pattern": pattern}),
            None => json!({"type": "string", "minLength": 1}),
        },
        Shape::Number { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Word([word]) => json!({"const": word}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::List { item, least: 0 } => json!({"type": "array", "items": shape(item)}),
        Shape::List { item, least } => json!({"type": "array", "minItems": least, "items": shape(item)}),
        Shape::Object(fields) => return object(fields),
        Shape::Choice { fields, one_of } => {
            let mut map = object(fields);
            let each: Vec<Value> = one_of.iter().map(|name| json!({"required": [name]})).collect();
            map.insert("oneOf".to_owned(), Value::Array(each));
            return map;
        }
        Shape::Dict { key, value } => match key.pattern() {
            Some(pattern) => json!({
                "type": "object",
                "propertyNames": {"pattern": pattern},
                "additionalProperties": shape(value),
            }),
            None => json!({"type": "object", "additionalProperties": shape(value)}),
        },
    };
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn object(fields: &[Field]) -> Map<String, Value> {
    let mut properties = Map::new();
    for field in fields {
        let mut property = Map::new();
        property.insert("description".to_owned(), json!(field.about));
        property.extend(shape(&field.shape));
        properties.insert(field.name.to_owned(), Value::Object(property));
    }
    let must: Vec<&str> = fields.iter().filter(|f| f.must).map(|f| f.name).collect();
    let mut map = Map::new();
    map.insert("type".to_owned(), json!("object"));
    map.insert("properties".to_owned(), Value::Object(properties));
    if !must.is_empty() {
        map.insert("required".to_owned(), json!(must));
    }
    map.insert("additionalProperties".to_owned(), json!(false));
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_json_and_closed() {
        let schema: Value = serde_json::from_str(&schema_json()).unwrap();
        assert_eq!(schema["required"], json!(["apiVersion"]));
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["apiVersion"]["const"], json!("plimsoll.dev/v1"));
        let gate = &schema["properties"]["gate"]["properties"]["tier0"];
        assert_eq!(gate["properties"]["kev"]["enum"], json!(["block", "warn"]));
        assert_eq!(gate["required"], json!(["failOn"]));
        let signer = &schema["properties"]["trust"]["properties"]["signers"]["items"];
        assert_eq!(signer["oneOf"], json!([{"required": ["key"]}, {"required": ["keyless"]}]));
    }
}
