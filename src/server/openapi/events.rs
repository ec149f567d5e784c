//! The `webhooks` section: each type of events with its payload and an example, from the rooms' declarations.
//!
//! Each entry refers to a path item among the components: generators of clients write broken code for inline ones.

use serde_json::{Map, Value, json};

use crate::connect::events::model::EventTypes;
use crate::platform::events::{EventType, Member, MemberKind, Payload};

/// Where schemas are, as references name them.
const SCHEMAS: &str = "#/components/schemas/";

/// Adds the schemas of payloads and events, and the entries.
pub fn add(document: &mut Value, types: EventTypes) {
    let mut webhooks = Map::new();
    let mut items = Map::new();
    for of in types.all() {
        let name = of.action.replace('.', "_");
        let reference = format!("#/components/pathItems/{name}");
        webhooks.insert(of.action.to_owned(), json!({"$ref": reference}));
        items.insert(name, path_item(of));
        let schemas = &mut document["components"]["schemas"];
        let example = example(of, schemas);
        schemas[of.payload.name] = payload_schema(of.payload, &example);
        schemas[schema_name(of)] = event_schema(of);
    }
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.sort_keys();
    }
    document["webhooks"] = Value::Object(webhooks);
    document["components"]["pathItems"] = Value::Object(items);
}

/// `InvoicePostedEvent` for `invoice.posted`.
fn schema_name(of: &EventType) -> String {
    pascal(of.action) + "Event"
}

fn pascal(text: &str) -> String {
    let mut name = String::new();
    for word in text.split(['.', '_']) {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

fn path_item(of: &EventType) -> Value {
    let roles: Vec<&str> = of.roles.iter().map(|role| role.as_str()).collect();
    json!({"post": {
        "tags": ["events"],
        "operationId": format!("on_{}", of.action.replace('.', "_")),
        "summary": of.summary,
        "description": format!(
            "Sent to webhook endpoints that want `{}`, signed as Standard Webhooks says. `GET /v1/events` tells it to {}.",
            of.action, roles.join(", "),
        ),
        "x-permission": of.permission,
        "security": [],
        "requestBody": {
            "required": true,
            "content": {"application/json": {
                "schema": {"$ref": format!("{SCHEMAS}{}", schema_name(of))},
            }},
        },
        "responses": {"204": {"description": "Received."}},
    }})
}

fn event_schema(of: &EventType) -> Value {
    json!({
        "type": "object",
        "description": of.summary,
        "required": ["id", "type", "version", "timestamp", "sequence", "resource_id", "customer_id", "customer_number", "data"],
        "properties": {
            "id": {"$ref": "#/components/schemas/EventId"},
            "type": {"type": "string", "enum": [of.action]},
            "version": {"type": "integer", "format": "int32", "enum": [of.version]},
            "timestamp": {"$ref": "#/components/schemas/Instant"},
            "sequence": {"type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX},
            "resource_id": {"type": "string", "maxLength": 128},
            "customer_id": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/CustomerId"}]},
            "customer_number": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Number"}]},
            "data": {"$ref": format!("#/components/schemas/{}", of.payload.name)},
        },
    })
}

fn payload_schema(payload: &Payload, example: &Value) -> Value {
    let properties: Map<String, Value> = payload
        .members
        .iter()
        .map(|member| (member.name.to_owned(), member_schema(member)))
        .collect();
    let names: Vec<&str> = payload.members.iter().map(|member| member.name).collect();
    json!({"type": "object", "required": names, "properties": properties, "example": example})
}

fn member_schema(member: &Member) -> Value {
    let text = |of: Value| -> Value {
        let mut schema = json!({"type": if member.nullable { json!(["string", "null"]) } else { json!("string") }});
        for (name, value) in of.as_object().into_iter().flatten() {
            schema[name] = value.clone();
        }
        schema
    };
    match member.kind {
        MemberKind::Id => text(json!({"maxLength": 128})),
        MemberKind::Text => text(json!({"maxLength": 4000})),
        MemberKind::Date => text(json!({"format": "date", "maxLength": 10})),
        MemberKind::Instant => text(json!({"format": "date-time", "maxLength": 40})),
        MemberKind::Integer => json!({
            "type": if member.nullable { json!(["integer", "null"]) } else { json!("integer") },
            "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX,
        }),
        MemberKind::Money if member.nullable => {
            json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Money"}]})
        }
        MemberKind::Money => json!({"$ref": "#/components/schemas/Money"}),
    }
}

/// An example of what a type tells; ids are those of the schemas, which bring theirs.
fn example(of: &EventType, schemas: &Value) -> Value {
    let thing = of.action.split('.').next().unwrap_or_default();
    let members = of.payload.members.iter().map(|member| {
        let named = member.name.strip_suffix("_id").unwrap_or(thing);
        let id = || schemas[pascal(whole_name(named)) + "Id"]["examples"][0].clone();
        let value = match member.kind {
            _ if member.nullable => Value::Null,
            MemberKind::Id => id(),
            MemberKind::Text => json!(text_example(member.name)),
            MemberKind::Money => json!({"amount": "12500.00", "currency": "CNY"}),
            MemberKind::Date => json!("2026-03-31"),
            MemberKind::Instant => json!("2026-03-31T08:00:00.000000Z"),
            MemberKind::Integer => json!(1),
        };
        // Of some things not even their kind is known.
        let is_unknown = value.is_null() && !member.nullable;
        let value = if is_unknown { json!("4711") } else { value };
        (member.name.to_owned(), value)
    });
    Value::Object(members.collect())
}

/// What a member calls in short.
fn whole_name(short: &str) -> &str {
    match short {
        "account" => "credit_account",
        "agreement" => "factoring_agreement",
        "check" => "limit_check",
        "last_notice" => "dunning_notice",
        "model" => "rating_model",
        "payer_customer" => "customer",
        "run" => "dunning_run",
        "subject" | "document" => "invoice",
        other => other,
    }
}

fn text_example(name: &str) -> &str {
    match name {
        "currency" | "base_currency" => "CNY",
        "quote_currency" | "functional_currency" => "USD",
        "country" => "CN",
        "language" => "en",
        "number" => "N-2026-0001",
        "order_number" => "SO-2026-0001",
        "rate" => "7.12",
        "url" => "https://erp.example.com/hooks",
        "status" => "open",
        other => other,
    }
}
