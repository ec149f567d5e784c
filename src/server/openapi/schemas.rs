//! The shapes: named as a client would name them, said once, and every integer with its bounds.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use kernel::money::Currency;

/// Where schemas are, as references name them.
const SCHEMAS: &str = "#/components/schemas/";

/// Pages refer to their items instead of repeating them; `PageOut_Customer` becomes `CustomerPage`, `BlockOut` `Block`.
pub fn tidy(document: &mut Value) {
    let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    refer_to_items(schemas);
    let names: BTreeMap<String, String> = schemas
        .keys()
        .filter_map(|name| Some((name.clone(), better_name(name, schemas)?)))
        .collect();
    let renamed: Map<String, Value> = std::mem::take(schemas)
        .into_iter()
        .map(|(name, schema)| (names.get(&name).cloned().unwrap_or(name), schema))
        .collect();
    *schemas = renamed;
    schemas.sort_keys();
    bound_decimals(schemas);
    // A problem has the facts of its code as further members.
    if let Some(problem) = schemas.get_mut("Problem") {
        problem["additionalProperties"] = json!(true);
    }
    rename_references(document, &names);
}

/// An amount has no more decimals than its currency. Not `PositiveIn`: with its own pattern this leaves a generator of
/// requests hardly anything.
fn bound_decimals(schemas: &mut Map<String, Value>) {
    let with_digits = |digits: u32| -> Vec<&str> {
        Currency::all()
            .filter(|currency| currency.minor_digits() == digits)
            .map(Currency::code)
            .collect()
    };
    // Each part names both members: a linter that forbids unknown ones looks at the parts one by one.
    let part = |amount: Value, currency: Value| json!({"properties": {"amount": amount, "currency": currency}});
    let written = |pattern: &str| part(json!({"pattern": pattern}), json!({}));
    let mut rule = written(r"^[^.]+(\.[0-9]{1,2})?$");
    for (digits, pattern) in [
        (4, r"^[^.]+(\.[0-9]{1,4})?$"),
        (3, r"^[^.]+(\.[0-9]{1,3})?$"),
        (0, r"^[^.]+$"),
    ] {
        rule = json!({
            "if": part(json!({}), json!({"enum": with_digits(digits)})),
            "then": written(pattern),
            "else": rule,
        });
    }
    for name in ["Money", "AmountIn"] {
        if let (Some(Value::Object(schema)), Value::Object(rule)) = (schemas.get_mut(name), &rule) {
            schema.extend(rule.clone());
        }
    }
}

fn refer_to_items(schemas: &mut Map<String, Value>) {
    let pages: Vec<(String, String)> = schemas
        .keys()
        .filter_map(|name| Some((name.clone(), items_of(name)?.to_owned())))
        .filter(|(_, item)| schemas.contains_key(item))
        .collect();
    for (page, item) in pages {
        if let Some(items) = schemas
            .get_mut(&page)
            .and_then(|page| page.pointer_mut("/properties/data/items"))
        {
            *items = json!({"$ref": format!("{SCHEMAS}{item}")});
        }
    }
}

/// What a page is of, by its name.
fn items_of(page: &str) -> Option<&str> {
    page.strip_prefix("PageOut_")
        .or_else(|| page.strip_prefix("LogPageOut_"))
}

fn better_name(name: &str, schemas: &Map<String, Value>) -> Option<String> {
    let better = match items_of(name) {
        Some(item) => format!("{}Page", item.strip_suffix("Out").unwrap_or(item)),
        None => name.strip_suffix("Out")?.to_owned(),
    };
    (!schemas.contains_key(&better)).then_some(better)
}

fn rename_references(value: &mut Value, names: &BTreeMap<String, String>) {
    walk(value, &mut |object| {
        let better = object
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| names.get(reference.strip_prefix(SCHEMAS)?))
            .map(|name| format!("{SCHEMAS}{name}"));
        if let Some(better) = better {
            object.insert("$ref".to_owned(), Value::String(better));
        }
    });
}

/// An integer without bounds of its own has those of its format, which is what is enforced.
pub fn bound_integers(document: &mut Value) {
    walk(document, &mut |object| {
        let is_integer = match object.get("type") {
            Some(Value::String(kind)) => kind == "integer",
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "integer"),
            _ => false,
        };
        if !is_integer {
            return;
        }
        let small = object
            .get("maximum")
            .and_then(Value::as_i64)
            .is_some_and(|maximum| i32::try_from(maximum).is_ok());
        let format = object
            .entry("format")
            .or_insert_with(|| Value::from(if small { "int32" } else { "int64" }));
        let (lowest, highest) = if format == "int32" {
            (i64::from(i32::MIN), i64::from(i32::MAX))
        } else {
            (i64::MIN, i64::MAX)
        };
        object.entry("minimum").or_insert_with(|| lowest.into());
        object.entry("maximum").or_insert_with(|| highest.into());
    });
}

/// What is said of a member beside a reference stands where generators read it, which leave out whatever is beside `$ref`:
/// around the reference, or around the choice between it and null.
pub fn describe_beside_references(document: &mut Value) {
    walk(document, &mut |object| {
        if let Some(Value::Array(choices)) = object.get_mut("oneOf")
            && choices.len() == 2
            && choices.iter().any(|choice| choice["type"] == "null")
        {
            let described = choices.iter_mut().filter_map(Value::as_object_mut);
            let description = described
                .filter(|choice| choice.contains_key("$ref"))
                .find_map(|choice| choice.remove("description"));
            if let Some(description) = description {
                object.entry("description").or_insert(description);
            }
        } else if object.len() > 1
            && let Some(reference) = object.get("$ref").cloned()
            && reference.as_str().is_some_and(|to| to.starts_with(SCHEMAS))
        {
            object.remove("$ref");
            object.insert("allOf".to_owned(), json!([{"$ref": reference}]));
        }
    });
}

/// The example of a schema, found through its reference; a page's example has one item.
pub fn example_of(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return example_of(&schemas[name], schemas);
    }
    if let Some(example) = schema
        .get("example")
        .or_else(|| schema.pointer("/examples/0"))
    {
        return Some(example.clone());
    }
    if schema["type"] == "array" {
        return Some(json!([example_of(&schema["items"], schemas)?]));
    }
    let item = example_of(&schema["properties"]["data"]["items"], schemas)?;
    if schema["properties"].get("has_more").is_none() {
        return Some(json!({"data": [item]}));
    }
    // A log's page always says where to go on.
    let is_log = schema["properties"]["next_cursor"]["type"] == "string";
    let next_cursor = is_log.then_some("eyJsaXN0IjoiL3YxL2V2ZW50cyJ9");
    Some(json!({"data": [item], "next_cursor": next_cursor, "has_more": false}))
}

/// Shows `visit` every object of the document but those inside examples.
fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            for (name, member) in object.iter_mut() {
                if name != "example" && name != "examples" {
                    walk(member, visit);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        _ => {}
    }
}
