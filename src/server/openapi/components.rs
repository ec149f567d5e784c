//! What operations share: the security scheme, headers, and the answer for each problem status.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::platform::http::{Code, Problem};
use kernel::places::Language;

/// Adds the shared components.
pub fn add(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token (RFC 9068), verified as RFC8725 asks. The scopes are the roles of its `roles` claim; any one of those listed is enough.",
        }
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
        "Idempotent-Replayed": text("`true` when the answer is the one kept for this Idempotency-Key.", "true", 4),
        "Link": text("The next page, with `rel=\"next\"`; absent on the last.", "</v1/customers?cursor=eyJs>; rel=\"next\"", 8000),
        "Location": text("Where the result is.", "/v1/customers/cus_01k00000000000000000000001", 200),
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
            "The body arrived too slowly.",
            Problem::new(Code::RequestTimeout),
        ),
        (
            "Not possible in this state, or a number is taken, or the same key is in progress.",
            Problem::state("credit account", "suspended", ["reinstate"]),
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
            "The caller has too many uploads on their way.",
            Problem::new(Code::TooManyUploads)
                .with("limit", 4)
                .retry_after(1),
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
