//! Each operation, completed by rule: roles, keys, headers, problem answers, examples.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schemas::example_of;
use crate::platform::http::Form;
use crate::platform::http::auth::PERMISSIONS;
use crate::platform::http::page::REPETITIONS_MAX;

/// The longest text that an answer may be.
const TEXT_LENGTH_MAX: u32 = 100_000_000;

/// Completes every operation.
pub fn complete(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let versioned = versioned_schemas(document);
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    for item in paths.values_mut().filter_map(Value::as_object_mut) {
        for (method, operation) in item.iter_mut() {
            let secured = operation.get("security").is_some();
            if secured {
                declare_roles(operation);
            } else {
                operation["security"] = json!([]);
            }
            if method == "post" {
                add_idempotency_key(operation);
            }
            bound_query(operation);
            free_of_body(method, operation, &schemas);
            add_request_example(operation, &schemas);
            complete_answers(method, operation, &schemas, &versioned);
            tell_forms(operation);
            add_problems(method, operation, secured);
        }
    }
}

/// Turns the permission that a handler names into the roles that it takes, one requirement each: any is enough.
fn declare_roles(operation: &mut Value) {
    let permission = operation["security"][0]["bearer"][0].clone();
    let roles = PERMISSIONS
        .iter()
        .find(|(name, _)| permission == *name)
        .map_or(&[][..], |(_, roles)| roles);
    operation["x-permission"] = permission;
    operation["security"] = roles
        .iter()
        .map(|role| json!({"bearer": [role.as_str()]}))
        .collect();
}

fn add_idempotency_key(operation: &mut Value) {
    if has_parameter(operation, "header", Some("Idempotency-Key")) {
        return;
    }
    let required = operation["description"]
        .as_str()
        .is_some_and(|text| text.contains("Idempotency-Key` is required"));
    let parameter = json!({
        "name": "Idempotency-Key", "in": "header", "required": required,
        "description": "New for each intent, the same for its retries; the stored answer is replayed for seven days.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-~]+$"},
        "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
    });
    match operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
    {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

/// What every query enforces: no parameter is empty, and none is repeated without end.
fn bound_query(operation: &mut Value) {
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
        let schema = &mut parameter["schema"];
        let one = if schema["type"] == "array" {
            schema["maxItems"] = json!(REPETITIONS_MAX);
            &mut schema["items"]
        } else {
            schema
        };
        if one["type"] == "string" && one["minLength"].is_null() && one["enum"].is_null() {
            one["minLength"] = json!(1);
        }
    }
}

/// An action that needs nothing said takes no body as well as `{}`.
fn free_of_body(method: &str, operation: &mut Value, schemas: &Value) {
    let schema = operation.pointer("/requestBody/content/application~1json/schema/$ref");
    let name = schema
        .and_then(Value::as_str)
        .and_then(|path| path.rsplit('/').next());
    let Some(shape) = name.and_then(|name| schemas.get(name)) else {
        return;
    };
    let wants = |key: &str| shape.get(key).is_some_and(|wanted| *wanted != json!([]));
    let is_said_in_full = method == "post" && shape["type"] == "object";
    if is_said_in_full
        && !["required", "minProperties", "oneOf", "anyOf", "allOf"]
            .iter()
            .any(|key| wants(key))
    {
        operation["requestBody"]["required"] = json!(false);
    }
}

/// The request's example is that of its shape.
fn add_request_example(operation: &mut Value, schemas: &Value) {
    let Some(media) = operation
        .pointer_mut("/requestBody/content/application~1json")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    if media.contains_key("example") || media.contains_key("examples") {
        return;
    }
    if let Some(example) = media
        .get("schema")
        .and_then(|schema| example_of(schema, schemas))
    {
        media.insert("example".to_owned(), example);
    }
}

/// The shapes that operations with `If-Match` answer with: wherever one of them is answered, it comes with its `ETag`.
fn versioned_schemas(document: &Value) -> BTreeSet<String> {
    document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, item)| item.as_object())
        .flatten()
        .filter(|(_, operation)| has_parameter(operation, "header", Some("If-Match")))
        .filter_map(|(_, operation)| answered_schema(&operation["responses"]["200"]))
        .collect()
}

fn answered_schema(response: &Value) -> Option<String> {
    let schema = response.pointer("/content/application~1json/schema/$ref")?;
    schema.as_str().map(str::to_owned)
}

/// Headers and examples of the answers that the handler declares.
fn complete_answers(
    method: &str,
    operation: &mut Value,
    schemas: &Value,
    versioned: &BTreeSet<String>,
) {
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (status, response) in responses.iter_mut() {
        let mut add_header = |header: &str, component: &str| {
            response["headers"][header] =
                json!({"$ref": format!("#/components/headers/{component}")});
        };
        add_header("X-Request-Id", "Request-Id");
        if status == "201" || status == "202" {
            add_header("Location", "Location");
        }
        if method == "post" && status.starts_with('2') {
            add_header("Idempotent-Replayed", "Idempotent-Replayed");
        }
        match answered_schema(response) {
            Some(schema) if versioned.contains(&schema) => {
                response["headers"]["ETag"] = json!({"$ref": "#/components/headers/ETag"});
            }
            Some(schema) if schema.ends_with("Page") => {
                response["headers"]["Link"] = json!({"$ref": "#/components/headers/Link"});
            }
            _ => {}
        }
        add_answer_example(response, schemas);
    }
}

/// Texts that are no JSON (letters, tables, drawings, event streams) are as long as what they tell: bounded all the same.
fn bound_texts(response: &mut Value) {
    let contents = response
        .get_mut("content")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten();
    for (kind, media) in contents.filter(|(kind, _)| *kind != "application/json") {
        let is_file = kind.starts_with("application/") && !kind.ends_with("json");
        if is_file && media["schema"]["$ref"].is_null() {
            media["schema"] = json!({"type": "string", "format": "binary"});
        }
        if media["schema"]["type"] == "string" {
            media["schema"]["maxLength"] = Value::from(TEXT_LENGTH_MAX);
        }
    }
}

fn add_answer_example(response: &mut Value, schemas: &Value) {
    bound_texts(response);
    if let Some(media) = response
        .pointer_mut("/content/application~1json")
        .and_then(Value::as_object_mut)
        && !media.contains_key("example")
        && !media.contains_key("examples")
        && let Some(example) = media
            .get("schema")
            .and_then(|schema| example_of(schema, schemas))
    {
        media.insert("example".to_owned(), example);
    }
}

/// A list is a table as well.
fn tell_forms(operation: &mut Value) {
    if !has_parameter(operation, "query", Some("format")) {
        return;
    }
    let Some(answer) = operation.pointer_mut("/responses/200") else {
        return;
    };
    if !answered_schema(answer).is_some_and(|schema| schema.ends_with("Page")) {
        return;
    }
    for form in [Form::Csv, Form::Ndjson, Form::Xlsx] {
        answer["content"][form.media_type()] =
            json!({"schema": {"$ref": "#/components/schemas/ListTable"}});
    }
    for header in ["Next-Cursor", "Has-More"] {
        answer["headers"][header] = json!({"$ref": format!("#/components/headers/{header}")});
    }
}

/// The problems that an operation of this make can end in.
fn add_problems(method: &str, operation: &mut Value, secured: bool) {
    let mut statuses = vec!["500", "503"];
    if secured {
        statuses.extend(["400", "401", "403", "429"]);
    }
    if has_parameter(operation, "path", None) {
        statuses.push("404");
    }
    if has_parameter(operation, "header", Some("If-Match")) {
        statuses.extend(["412", "428"]);
    }
    // A cursor of another list, a day in the future, a rate that nobody set.
    if has_parameter(operation, "query", None) {
        statuses.push("422");
    }
    if method != "get" {
        statuses.extend(["404", "408", "409", "413", "415", "422"]);
    }
    if method == "get" && has_parameter(operation, "query", Some("format")) {
        statuses.push("406");
    }
    if operation["operationId"] == "download_export" {
        statuses.extend(["409", "410", "416"]);
    }
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for status in statuses {
        responses
            .entry(status)
            .or_insert_with(|| json!({"$ref": format!("#/components/responses/Problem{status}")}));
    }
    responses.sort_keys();
}

fn has_parameter(operation: &Value, place: &str, name: Option<&str>) -> bool {
    operation["parameters"]
        .as_array()
        .is_some_and(|parameters| {
            parameters.iter().any(|parameter| {
                parameter["in"] == place && name.is_none_or(|name| parameter["name"] == name)
            })
        })
}
