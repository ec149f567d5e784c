//! The contract: OpenAPI 3.1, collected from the handlers and completed by rule.
//!
//! Handlers declare what is theirs. What every operation shares (problem answers, roles, headers, the key of a keyed
//! command) is added here, so that it can't be forgotten or differ.

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;
use utoipa_actix_web::AppExt as _;

use crate::platform::http::auth::PERMISSIONS;
use crate::platform::http::problem::{FieldError, ProblemOut};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "netterms",
        description = "Trade-credit management: who may buy on account, up to what limit and on what terms, and the money coming in.\n\nMoney is a decimal string with its currency. Every list is paged by cursor. A change by a person needs `If-Match`; a POST may carry an `Idempotency-Key`, and must where money, capacity or approval moves. Every answer that is no answer is a problem (RFC 9457) with a stable `code`. Clients must accept members and codes that they do not know.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "netterms"),
    ),
    servers((url = "/", description = "This server.")),
    tags(
        (name = "customers", description = "The customer file and its groups."),
        (name = "credit-accounts", description = "Limits, terms, status and exposure."),
        (name = "applications", description = "Credit applications, from draft to decision."),
        (name = "policies", description = "The credit policy, by version."),
        (name = "limit-checks", description = "May this customer have so much more? Reservations and credit blocks."),
        (name = "receivables", description = "Invoices, credit notes, receipts and cash application."),
        (name = "reports", description = "Figures as of any date."),
        (name = "dunning", description = "Procedures, runs, notices, stages and blocks."),
        (name = "imports", description = "Files of customers, accounts, invoices and receipts."),
        (name = "jobs", description = "Long work, with progress."),
        (name = "trail", description = "Who changed what, when and why."),
        (name = "operation", description = "Health of the service, and one's own token."),
    ),
    components(schemas(ProblemOut, FieldError)),
)]
struct Contract;

/// The document as it is served, in one string.
pub struct Served(pub String);

impl Served {
    pub fn new(document: &Value) -> Served {
        Served(document.to_string())
    }
}

/// The whole contract.
pub fn document() -> Value {
    let (_, collected) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Contract::openapi())
        .configure(super::app::routes)
        .configure(super::health::routes)
        .split_for_parts();
    let mut document = serde_json::to_value(collected).unwrap_or_default();
    complete(&mut document);
    document
}

fn complete(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token (RFC 9068), verified as RFC 8725 asks. The scopes are the roles of its `roles` claim; any one of those listed is enough.",
        }
    });
    document["components"]["headers"] = json!({
        "Request-Id": {"description": "Names the request in our logs.", "schema": {"type": "string", "maxLength": 128}},
        "ETag": {"description": "The version, for If-Match.", "schema": {"type": "string", "maxLength": 40}},
        "Location": {"description": "Where the result is.", "schema": {"type": "string", "maxLength": 200}},
        "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1, "maximum": 86400}},
    });
    document["components"]["responses"] = problem_responses();
    let schemas = document["components"]["schemas"].clone();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for item in paths.values_mut().filter_map(Value::as_object_mut) {
        for (method, operation) in item.iter_mut() {
            complete_operation(method, operation, &schemas);
        }
    }
}

/// The statuses of problems, each with its words.
const PROBLEMS: &[(&str, &str)] = &[
    (
        "400",
        "The request itself is wrong: malformed, an unknown field or parameter.",
    ),
    ("401", "No valid token."),
    (
        "403",
        "No role that permits it, or another person must do it.",
    ),
    ("404", "No such thing, or not visible to the caller."),
    (
        "409",
        "Not possible in this state, or a number is taken, or the same key is in progress.",
    ),
    ("412", "Changed since it was read."),
    ("413", "The body is too large."),
    ("415", "Another media type than the operation takes."),
    (
        "422",
        "Refused by the rules, or the key was used for another request.",
    ),
    ("428", "If-Match is missing."),
    ("500", "Something went wrong inside."),
    ("503", "Overloaded, or the database is unavailable."),
];

fn problem_responses() -> Value {
    let mut responses = Map::new();
    for (status, description) in PROBLEMS {
        let mut response = json!({
            "description": description,
            "headers": {"X-Request-Id": {"$ref": "#/components/headers/Request-Id"}},
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        });
        if *status == "503" {
            response["headers"]["Retry-After"] =
                json!({"$ref": "#/components/headers/Retry-After"});
        }
        responses.insert(format!("Problem{status}"), response);
    }
    Value::Object(responses)
}

fn complete_operation(method: &str, operation: &mut Value, schemas: &Value) {
    let secured = operation.get("security").is_some();
    if secured {
        declare_roles(operation);
    } else {
        operation["security"] = json!([]);
    }
    if method == "post" && operation.get("x-idempotency-key").is_none() {
        add_idempotency_key(operation);
    }
    let has_parameter = |place: &str, name: Option<&str>| {
        operation["parameters"]
            .as_array()
            .is_some_and(|parameters| {
                parameters.iter().any(|parameter| {
                    parameter["in"] == place && name.is_none_or(|name| parameter["name"] == name)
                })
            })
    };
    let mut statuses = vec!["500", "503"];
    if secured {
        statuses.extend(["401", "403"]);
    }
    if has_parameter("query", None) || operation.get("requestBody").is_some() || method == "post" {
        statuses.push("400");
    }
    if has_parameter("path", None) {
        statuses.push("404");
    }
    if has_parameter("header", Some("If-Match")) {
        statuses.extend(["412", "428"]);
    }
    if method != "get" {
        statuses.extend(["404", "409", "413", "415", "422"]);
    }
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (status, response) in responses.iter_mut() {
        complete_response(status, response, schemas);
    }
    for status in statuses {
        responses
            .entry(status)
            .or_insert_with(|| json!({"$ref": format!("#/components/responses/Problem{status}")}));
    }
    responses.sort_keys();
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

fn complete_response(status: &str, response: &mut Value, schemas: &Value) {
    response["headers"]["X-Request-Id"] = json!({"$ref": "#/components/headers/Request-Id"});
    if status == "201" || status == "202" {
        response["headers"]["Location"] = json!({"$ref": "#/components/headers/Location"});
    }
    let Some(media) = response["content"]["application/json"].as_object_mut() else {
        if response["content"].is_null()
            && let Some(response) = response.as_object_mut()
        {
            response.remove("content");
        }
        return;
    };
    if media.contains_key("example") || media.contains_key("examples") {
        return;
    }
    if let Some(example) = example_of(&media["schema"], schemas) {
        media.insert("example".to_owned(), example);
    }
}

/// The example of a schema, found through its reference; a page's example has one item.
fn example_of(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return example_of(&schemas[name], schemas);
    }
    if let Some(example) = schema.get("example") {
        return Some(example.clone());
    }
    let item = example_of(&schema["properties"]["data"]["items"], schemas)?;
    Some(json!({"data": [item], "next_cursor": null, "has_more": false}))
}
