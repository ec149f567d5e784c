//! What operations share: the security scheme, headers, and the answer for each problem status.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::platform::http::{Code, Problem};
use kernel::places::Language;

/// Adds the shared components.
pub fn add(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token (RFC 9068), verified as RFC8725 asks. The scopes are the roles of its `roles` claim; any one of those listed is enough. An API key (`ntk_…`) is sent the same way: it has one role, and must have the operation's `x-permission` among its scopes.",
        }
    });
    document["components"]["schemas"]["ListTable"] = json!({
        "type": "string", "maxLength": 100_000_000,
        "description": "The page as a table: a line for each item, with columns such as `limit.amount` for what lies inside.",
    });
    document["components"]["headers"] = headers();
    document["components"]["responses"] = problem_responses();
}

fn headers() -> Value {
    let text = |description: &str, example: &str, max: u16| {
        json!({
            "description": description, "example": example,
            "schema": {"type": "string", "maxLength": max},
        })
    };
    json!({
        "ETag": text("The version of what is answered, for If-Match.", "\"3\"", 40),
        "Has-More": text("Of a log as a table: whether there is more to be read at once. `Next-Cursor` is there either way.", "true", 5),
        "Idempotent-Replayed": text("`true` when the answer is the one kept for this Idempotency-Key.", "true", 4),
        "Link": text("The next page, with `rel=\"next\"`; absent on the last.", "</v1/customers?cursor=eyJs>; rel=\"next\"", 8000),
        "Location": text("Where the result is.", "/v1/customers/cus_01k00000000000000000000001", 200),
        "Next-Cursor": text("The cursor of the next page, where the body has no place for it; absent on the last.", "eyJs", 2000),
        "Request-Id": text("Names the request in our logs.", "01k5q0x3", 128),
        "Retry-After": {
            "description": "Seconds to wait.", "example": 1,
            "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 86400},
        },
    })
}

/// The statuses of problems, each with its words and an example.
fn problems() -> Vec<(&'static str, Problem)> {
    vec![
        (
            "The request itself is wrong: malformed, an unknown member or parameter.",
            Problem::new(Code::MalformedBody).at(
                "/currency",
                "malformed",
                "is not a currency of ISO 4217",
            ),
        ),
        ("No valid token.", Problem::new(Code::TokenInvalid)),
        (
            "No role that permits it, or another person must do it.",
            Problem::new(Code::Forbidden).with_list("roles", ["credit"]),
        ),
        (
            "No such thing, or not visible to the caller.",
            Problem::not_found("customer"),
        ),
        (
            "In none of the forms that Accept names.",
            Problem::new(Code::NotAcceptable)
                .with_list("offered", ["application/json", "text/csv"]),
        ),
        (
            "The body arrived too slowly.",
            Problem::new(Code::RequestTimeout),
        ),
        (
            "Not possible in this state, or a number is taken, or the same key is in progress.",
            Problem::state("credit account", "suspended", ["reinstate"]),
        ),
        (
            "The file is there no more.",
            Problem::new(Code::ExportExpired).with("expired_at", "2026-04-07T08:00:00.000000Z"),
        ),
        ("Changed since it was read.", Problem::new(Code::Stale)),
        (
            "The body is too large.",
            Problem::new(Code::PayloadTooLarge).with("limit", 262_144),
        ),
        (
            "Another media type than the operation takes.",
            Problem::new(Code::UnsupportedMediaType).with("expected", "application/json"),
        ),
        (
            "The part begins behind the end of the file.",
            Problem::new(Code::RangeNotSatisfiable).with("bytes", 183_500),
        ),
        (
            "Refused by the rules, or the key was used for another request.",
            Problem::invalid(
                "/limit",
                "not_lower",
                "The new limit must be lower than the present one.",
            ),
        ),
        (
            "If-Match is missing.",
            Problem::new(Code::PreconditionRequired),
        ),
        (
            "More requests than the caller may make, or too many uploads or exports on their way.",
            Problem::new(Code::RateLimited).retry_after(1),
        ),
        (
            "Something went wrong inside.",
            Problem::new(Code::InternalError),
        ),
        (
            "Overloaded, or the database is unavailable.",
            Problem::new(Code::DatabaseUnavailable),
        ),
    ]
}

fn problem_responses() -> Value {
    let mut responses = Map::new();
    for (description, problem) in problems() {
        let status = problem.code().status();
        let codes: Vec<String> = Code::ALL
            .iter()
            .filter(|code| code.status() == status)
            .map(|code| format!("`{}`", code.as_str()))
            .collect();
        let mut response = json!({
            "description": format!("{description} Codes: {}.", codes.join(", ")),
            "headers": {"X-Request-Id": {"$ref": "#/components/headers/Request-Id"}},
            "content": {"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": problem.body(Language::English, "/v1/customers/C-1001", "01k5q0x3"),
            }},
        });
        if problem.retry_after_seconds().is_some() {
            response["headers"]["Retry-After"] =
                json!({"$ref": "#/components/headers/Retry-After"});
        }
        responses.insert(format!("Problem{status}"), response);
    }
    Value::Object(responses)
}

/// Takes out components that nothing refers to, until none is left.
pub fn prune(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        collect_references(document, &mut used);
        let mut removed = false;
        for kind in ["schemas", "headers", "responses"] {
            let Some(components) = document["components"][kind].as_object_mut() else {
                continue;
            };
            components.retain(|name, _| {
                let keep = used.contains(&format!("#/components/{kind}/{name}"));
                removed |= !keep;
                keep
            });
        }
        if !removed {
            return;
        }
    }
}

fn collect_references(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                used.insert(reference.to_owned());
            }
            object
                .values()
                .for_each(|member| collect_references(member, used));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, used)),
        _ => {}
    }
}

/// Lets every example stand in one place: operations name those of their shapes, which stay nowhere else.
pub fn share_examples(document: &mut Value) {
    let mut shared = Map::new();
    for media in media_types(document) {
        let Some(name) = media["schema"]["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix("#/components/schemas/"))
            .map(str::to_owned)
        else {
            continue;
        };
        let Some(example) = media
            .as_object_mut()
            .and_then(|media| media.remove("example"))
        else {
            continue;
        };
        let own = shared
            .entry(&name)
            .or_insert_with(|| json!({"value": example.clone()}));
        if own["value"] == example {
            media["examples"] = json!({"shown": {"$ref": format!("#/components/examples/{name}")}});
        } else {
            media["example"] = example;
        }
    }
    for (name, example) in &shared {
        let schema = &mut document["components"]["schemas"][name];
        if schema["example"] == example["value"]
            && let Some(schema) = schema.as_object_mut()
        {
            schema.remove("example");
        }
    }
    document["components"]["examples"] = Value::Object(shared);
}

/// What goes in and comes out of every operation.
fn media_types(document: &mut Value) -> Vec<&mut Value> {
    let mut found = Vec::new();
    for operation in operations(document) {
        let Some(operation) = operation.as_object_mut() else {
            continue;
        };
        for (name, member) in operation.iter_mut() {
            let holders: Vec<&mut Value> = match (name.as_str(), member) {
                ("requestBody", body) => vec![body],
                ("responses", Value::Object(responses)) => responses.values_mut().collect(),
                _ => continue,
            };
            let contents = holders
                .into_iter()
                .filter_map(|holder| holder.get_mut("content")?.as_object_mut());
            found.extend(contents.flat_map(Map::values_mut));
        }
    }
    found
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut)
}

/// Lets a parameter that several operations have stand in one place.
pub fn share_parameters(document: &mut Value) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for parameter in operations(document).flat_map(parameters) {
        let count = counts.entry(parameter.to_string()).or_default();
        *count = count.saturating_add(1);
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut shared = Map::new();
    for operation in operations(document) {
        for parameter in parameters(operation) {
            let text = parameter.to_string();
            if counts.get(&text).is_none_or(|count| *count < 2) {
                continue;
            }
            let name = names.entry(text).or_insert_with(|| {
                let name = free_name(&shared, parameter);
                shared.insert(name.clone(), parameter.clone());
                name
            });
            *parameter = json!({"$ref": format!("#/components/parameters/{name}")});
        }
    }
    document["components"]["parameters"] = Value::Object(shared);
}

fn parameters(operation: &mut Value) -> impl Iterator<Item = &mut Value> {
    operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// The parameter's own name, with a number where another one has it.
fn free_name(taken: &Map<String, Value>, parameter: &Value) -> String {
    let name = parameter["name"].as_str().unwrap_or("parameter");
    let numbered = (2_u32..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken.contains_key(name))
        .unwrap_or_default()
}
