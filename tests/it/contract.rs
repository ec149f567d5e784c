//! The contract: every operation of the document does what the document says, for every role, method and code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use kernel::caller::Role;
use netterms::platform::http::Code;
use netterms::server::openapi;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, on_both, sign};

/// What may be called without a token.
const PUBLIC: &[&str] = &["/healthz", "/readyz"];

/// Codes that no test reaches yet, each with its reason. A code that a test reaches must leave this list.
const NOT_YET: &[&str] = &[];

/// One operation of the document.
struct Operation {
    method: &'static str,
    path: String,
    declared: Value,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The roles that are let in; `None` when there is no security at all.
    fn roles(&self) -> Vec<String> {
        self.declared["security"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|requirement| requirement["bearer"][0].as_str().unwrap().to_owned())
            .collect()
    }

    fn is_public(&self) -> bool {
        self.declared["security"] == json!([])
    }

    /// The path with ids of the right shape that name nothing.
    fn filled_path(&self) -> String {
        let parameters = self.declared["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut path = self.path.clone();
        for parameter in parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
        {
            let name = parameter["name"].as_str().unwrap();
            let value = example_for(&parameter["schema"]);
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        assert!(
            !path.contains('{'),
            "{}: a path parameter is not declared",
            self.name()
        );
        path
    }
}

/// The document, made once: of every path parameter of every operation the example is looked up for every role.
static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi::document);

fn example_for(schema: &Value) -> String {
    let document = &*DOCUMENT;
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    let given = schema
        .pointer("/examples/0")
        .or_else(|| schema.get("example"));
    match (given, schema["type"].as_str()) {
        (Some(Value::String(text)), _) => text.clone(),
        (Some(value), _) => value.to_string(),
        (None, Some("integer")) => "1".to_owned(),
        (None, _) => schema
            .pointer("/enum/0")
            .and_then(Value::as_str)
            .unwrap_or("NONE-1")
            .to_owned(),
    }
}

/// The operation with the parameters that it shares with others in their places.
fn with_parameters(mut declared: Value, document: &Value) -> Value {
    let parameters = declared.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if let Some(reference) = parameter["$ref"].as_str() {
            *parameter = document
                .pointer(reference.trim_start_matches('#'))
                .unwrap()
                .clone();
        }
    }
    declared
}

fn operations() -> Vec<Operation> {
    let document = openapi::document();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, declared) in item.as_object().unwrap() {
            operations.push(Operation {
                method: known_method(method),
                path: path.clone(),
                declared: with_parameters(declared.clone(), &document),
            });
        }
    }
    assert!(
        operations.len() > 10,
        "the document has hardly any operation"
    );
    operations
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn known_method(name: &str) -> &'static str {
    METHODS
        .into_iter()
        .find(|method| method.eq_ignore_ascii_case(name))
        .unwrap_or_else(|| panic!("the document has the method {name}"))
}

// ---------------------------------------------------------------- who may

/// Calls an operation with a body that no shape allows: whoever is let in is told so, and nothing happens.
fn call(app: &TestApp, operation: &Operation, token: Option<String>) -> Reply {
    crate::support::Client::new(app, token)
        .request(operation.method, &operation.filled_path())
        .header("Content-Type", "application/json")
        .bytes(if operation.method == "GET" {
            Vec::new()
        } else {
            b"[]".to_vec()
        })
        .send()
}

#[test]
fn every_operation_lets_in_exactly_the_roles_it_declares() {
    on_both(|app| {
        for operation in operations() {
            let name = operation.name();
            if operation.is_public() {
                assert!(
                    PUBLIC.contains(&operation.path.as_str()),
                    "{name} has no security"
                );
                call(app, &operation, None).expect(200);
                continue;
            }
            let declared = operation.roles();
            assert!(
                !declared.is_empty(),
                "{name} names a permission that no role has"
            );
            call(app, &operation, None).expect_problem(401, "token_missing");
            let expired = sign(|claims| claims["exp"] = json!(1_700_000_000));
            call(app, &operation, Some(expired)).expect_problem(401, "token_expired");
            for role in Role::ALL {
                let token = sign(|claims| claims["roles"] = json!([role.as_str()]));
                let reply = call(app, &operation, Some(token));
                let refused = reply.status == 403 && reply["code"] == "forbidden";
                if declared.iter().any(|name| name == role.as_str()) {
                    assert!(
                        reply.status != 401 && !refused,
                        "{name} refuses {role}: {}",
                        reply.text
                    );
                } else {
                    assert!(
                        refused,
                        "{name} lets {role} in: {} {}",
                        reply.status, reply.text
                    );
                }
            }
            let nobody = sign(|claims| claims["roles"] = json!([]));
            call(app, &operation, Some(nobody)).expect_problem(403, "forbidden");
        }
    });
}

// ---------------------------------------------------------------- what is said

#[test]
fn every_operation_is_fully_described() {
    let document = openapi::document();
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut ids = BTreeMap::new();
    for operation in operations() {
        let name = operation.name();
        let declared = &operation.declared;
        let id = declared["operationId"].as_str().unwrap_or_default();
        let is_snake_case = id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        assert!(
            !id.is_empty() && is_snake_case,
            "{name}: the operationId is {id:?}"
        );
        if let Some(other) = ids.insert(id.to_owned(), name.clone()) {
            panic!("{name} and {other} have the operationId {id}");
        }
        for member in ["summary", "description"] {
            assert!(
                declared[member].as_str().is_some_and(|text| text.len() > 5),
                "{name} has no {member}"
            );
        }
        let tag = declared["tags"][0].as_str().unwrap_or_default();
        assert!(
            tags.contains(tag),
            "{name}: the tag {tag:?} is not declared"
        );
        check_examples(&name, declared);
        check_problems(&operation);
        let parameters = declared["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut named = BTreeSet::new();
        for parameter in &parameters {
            let own = (parameter["name"].to_string(), parameter["in"].to_string());
            assert!(named.insert(own), "{name} has {} twice", parameter["name"]);
        }
        for (status, answer) in declared["responses"].as_object().unwrap() {
            assert!(answer.is_object(), "{name}: {status} is {answer}");
        }
    }
}

fn check_examples(name: &str, declared: &Value) {
    let has_example =
        |media: &Value| media.get("example").is_some() || media.get("examples").is_some();
    if let Some(content) = declared
        .pointer("/requestBody/content")
        .and_then(Value::as_object)
    {
        for (kind, media) in content
            .iter()
            .filter(|(kind, _)| *kind == "application/json")
        {
            assert!(
                has_example(media),
                "{name}: the request ({kind}) has no example"
            );
        }
    }
    let responses = declared["responses"].as_object().unwrap();
    let successes: Vec<_> = responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'))
        .collect();
    assert!(!successes.is_empty(), "{name} never succeeds");
    for (status, response) in successes {
        for (kind, media) in response["content"].as_object().into_iter().flatten() {
            if kind == "application/json" {
                assert!(
                    has_example(media),
                    "{name}: the answer {status} has no example"
                );
            }
        }
    }
}

fn check_problems(operation: &Operation) {
    let responses = operation.declared["responses"].as_object().unwrap();
    let mut needed = vec!["500", "503"];
    if !operation.is_public() {
        needed.extend(["400", "401", "403"]);
    }
    if operation.path.contains('{') {
        needed.push("404");
    }
    if operation.method != "GET" {
        needed.extend(["408", "409", "413", "415", "422"]);
    }
    for status in needed {
        assert!(
            responses.contains_key(status),
            "{} has no {status}",
            operation.name()
        );
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = openapi::document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    for reference in references {
        assert!(
            document
                .pointer(reference.trim_start_matches('#'))
                .is_some(),
            "{reference} leads nowhere; on a query parameter, #[param(inline)] helps"
        );
    }
}

fn collect_references(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            references.extend(
                members
                    .get("$ref")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            members
                .values()
                .for_each(|member| collect_references(member, references));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, references)),
        _ => {}
    }
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/netterms.json");
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(
        committed == openapi::document(),
        "openapi/netterms.json is stale. Regenerate it: cargo run -- openapi > openapi/netterms.json"
    );
}

#[test]
fn the_served_document_is_the_contract() {
    on_both(|app| {
        let served = app.anonymous().get("/openapi.json").expect(200);
        assert!(served.body == openapi::document());
        app.anonymous().get("/docs/").expect(200);
        app.anonymous().get("/docs").expect(307);
    });
}

// ---------------------------------------------------------------- methods and paths

#[test]
fn a_method_that_is_not_declared_is_405_with_those_that_are() {
    on_both(|app| {
        let mut paths: BTreeMap<String, (Operation, BTreeSet<&'static str>)> = BTreeMap::new();
        for operation in operations() {
            let method = operation.method;
            let entry = paths
                .entry(operation.path.clone())
                .or_insert_with(|| (operation, BTreeSet::new()));
            entry.1.insert(method);
        }
        let auditor = app.auditor();
        for (operation, declared) in paths.values() {
            let path = operation.filled_path();
            for method in METHODS
                .into_iter()
                .chain(["TRACE"])
                .filter(|method| !declared.contains(method))
            {
                let refused = auditor
                    .request(method, &path)
                    .send()
                    .expect_problem(405, "method_not_allowed");
                let allowed: BTreeSet<&str> =
                    refused.header("allow").unwrap().split(", ").collect();
                assert!(declared.is_subset(&allowed), "{method} {path}: {allowed:?}");
                assert!(allowed.contains("OPTIONS"), "{method} {path}: {allowed:?}");
                assert_eq!(
                    allowed.contains("HEAD"),
                    declared.contains("GET"),
                    "{method} {path}"
                );
            }
            let options = auditor.request("OPTIONS", &path).send().expect(204);
            assert!(
                options
                    .header("allow")
                    .is_some_and(|allowed| allowed.contains("OPTIONS"))
            );
        }
    });
}

#[test]
fn a_head_request_is_answered_as_get_without_the_body() {
    on_both(|app| {
        let client = app.auditor();
        let read = client.get("/v1/customers").expect(200);
        let head = client.request("HEAD", "/v1/customers").send().expect(200);
        assert_eq!(head.text, "");
        assert_eq!(head.header("content-type"), read.header("content-type"));
        assert_eq!(
            head.header("content-length"),
            Some(read.text.len().to_string().as_str())
        );
        let refused = app
            .anonymous()
            .request("HEAD", "/v1/customers")
            .send()
            .expect(401);
        assert_eq!(refused.text, "");
        client
            .request("HEAD", "/v1/credit-accounts/none/suspend")
            .send()
            .expect(405);
    });
}

#[test]
fn a_path_that_nobody_knows_is_a_problem() {
    on_both(|app| {
        for path in [
            "/",
            "/v1",
            "/v1/",
            "/v2/customers",
            "/v1/customers/",
            "/v1/customers/C-1/nothing",
            "/.env",
        ] {
            for method in ["GET", "POST", "OPTIONS", "TRACE"] {
                app.auditor()
                    .request(method, path)
                    .send()
                    .expect_problem(404, "unknown_route");
            }
        }
    });
}

// ---------------------------------------------------------------- codes

#[test]
fn every_code_is_reached_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut sources = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_file() && name != "contract.rs" {
            sources.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    // This file's own tests count, its lists don't.
    let own = include_str!("contract.rs");
    sources.push_str(own.split_once("// ---").unwrap().1);
    let is_reached = |code: &str| sources.contains(&format!("\"{code}\""));
    let missing: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !is_reached(code) && !NOT_YET.contains(code))
        .collect();
    assert!(missing.is_empty(), "no test reaches {missing:?}");
    let reached: Vec<&&str> = NOT_YET.iter().filter(|code| is_reached(code)).collect();
    assert!(
        reached.is_empty(),
        "take {reached:?} off NOT_YET: a test reaches it"
    );
}
