//! The state machines: all that the contract has, with the roles that it says.

use std::collections::{BTreeMap, BTreeSet};

use kernel::caller::Role;
use netterms::prove::machines::rules::machines;
use serde_json::Value;

use crate::support::{TestApp, on_both};

/// Lists whose names end like those of statuses, and that nothing stands in.
const NO_STATUS: &[&str] = &[];

fn contract(app: &TestApp) -> Value {
    app.anonymous().get("/openapi.json").expect(200).body
}

#[test]
fn every_list_of_statuses_is_listed_with_its_values() {
    on_both(|app| {
        let document = contract(app);
        let told = app.sales().get("/v1/meta/state-machines").expect(200);
        let mut listed: BTreeMap<String, Value> = BTreeMap::new();
        for machine in told["data"].as_array().unwrap() {
            let schema = machine["schema"].as_str().unwrap().to_owned();
            listed.insert(schema, machine["states"].clone());
        }
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut statuses = 0;
        for (name, schema) in schemas {
            if !name.ends_with("Status") || NO_STATUS.contains(&name.as_str()) {
                continue;
            }
            let Some(values) = schema.get("enum") else {
                continue;
            };
            statuses += 1;
            assert_eq!(listed.get(name), Some(values), "{name}");
        }
        assert!(statuses > 25, "{statuses}");
        assert_eq!(listed.len(), statuses, "{:?}", listed.keys());
    });
}

#[test]
fn each_way_is_an_operation_of_the_contract_and_takes_its_roles() {
    on_both(|app| {
        let document = contract(app);
        let mut roles: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for path in document["paths"].as_object().unwrap().values() {
            for operation in path.as_object().unwrap().values() {
                let Some(name) = operation["operationId"].as_str() else {
                    continue;
                };
                let security = operation["security"].as_array().into_iter().flatten();
                let scopes = security.flat_map(|one| one.as_object().unwrap().values());
                let names = scopes.flat_map(|scopes| scopes.as_array().unwrap());
                roles.insert(name, names.map(|one| one.as_str().unwrap()).collect());
            }
        }
        let mut ways = 0;
        for machine in machines() {
            for way in &machine.transitions {
                let Some(operation) = way.operation else {
                    assert!(way.roles.is_empty());
                    continue;
                };
                ways += 1;
                let told: BTreeSet<&str> = way.roles.iter().map(|role| role.as_str()).collect();
                let of_contract = roles.get(operation);
                assert_eq!(Some(&told), of_contract, "{} {}", machine.name, way.verb);
            }
        }
        assert!(ways > 100, "{ways}");
    });
}

#[test]
fn they_come_as_a_table_and_as_diagrams_too() {
    on_both(|app| {
        let system = app.system();
        let csv = system.get("/v1/meta/state-machines?format=csv").expect(200);
        assert!(csv.header("content-type").unwrap().starts_with("text/csv"));
        let line = "refund,requested,approve,approved,approve_refund,finance";
        assert!(csv.text.lines().any(|one| one == line), "{}", csv.text);
        let drawn = system
            .get("/v1/meta/state-machines?format=mermaid")
            .expect(200);
        assert!(drawn.text.contains("    requested --> approved: approve\n"));
        system
            .get("/v1/meta/state-machines?format=svg")
            .expect_problem(400, "malformed_parameter");
        app.anonymous()
            .get("/v1/meta/state-machines")
            .expect_problem(401, "token_missing");
        let nobody = app.caller("u-1", &[Role::Admin], None);
        nobody.get("/v1/meta/state-machines").expect(200);
    });
}
