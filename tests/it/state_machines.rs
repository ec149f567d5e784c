//! The state machines: all that the contract has, with the roles that it says.

use std::collections::{BTreeMap, BTreeSet};

use kernel::caller::Role;
use netterms::prove::machines::rules::machines;
use netterms::server::housekeeping::sweep;
use serde_json::{Value, json};

use crate::factoring::{agree, assign};
use crate::limits::{an_order, capture, check};
use crate::receivables::take_back;
use crate::support::{TestApp, a_customer, a_receipt, an_invoice, on_both};

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

/// Things by what the trail's actions about them begin with, and their machines.
const OF_TRAIL: &[(&str, &str)] = &[
    ("credit_block", "credit_block"),
    ("credit_note", "credit_note"),
    ("deadline", "deadline"),
    ("factoring_assignment", "factoring_assignment"),
    ("invoice", "invoice"),
    ("job", "job"),
    ("receipt", "receipt"),
    ("refund", "refund"),
    ("reservation", "reservation"),
];

/// The ways that things of a book went, by the trail: machine, from where, to where.
fn ways_gone(app: &TestApp) -> BTreeSet<(&'static str, String, String)> {
    let mut gone = BTreeSet::new();
    let mut path = "/v1/trail?limit=200".to_owned();
    loop {
        let page = app.auditor().get(&path).expect(200);
        for entry in page["data"].as_array().unwrap() {
            let action = entry["action"].as_str().unwrap();
            let thing = action.split('.').next();
            let machine = OF_TRAIL.iter().find(|(begins, _)| Some(*begins) == thing);
            let status = |member: &str| entry[member]["status"].as_str().map(str::to_owned);
            if let (Some((_, machine)), Some(from), Some(to)) =
                (machine, status("before"), status("after"))
            {
                gone.insert((*machine, from, to));
            }
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/trail?limit=200&cursor={cursor}"),
            None => return gone,
        }
    }
}

/// Invoices: sold, partly paid, paid, taken off and taken back.
fn invoices_go(app: &TestApp) {
    agree(app, "FA-1", |_| ()).expect(201);
    an_invoice("I-1", "C-2", "100.00").create(app);
    let assignment = assign(app, "I-1", "FA-1");
    for (number, amount) in [("R-1", "40.00"), ("R-2", "20.00")] {
        a_receipt(number, "C-2", amount)
            .paying("I-1", amount)
            .create(app);
    }
    take_back(app, "/v1/receipts/R-2", "reverse").expect(200);
    a_receipt("R-3", "C-2", "60.00")
        .paying("I-1", "60.00")
        .create(app);
    let id = assignment["id"].as_str().unwrap();
    let path = format!("/v1/factoring-assignments/{id}");
    let etag = app.finance().get(&path).expect(200).etag();
    app.finance()
        .post_if(
            &format!("{path}/buy-back"),
            &etag,
            json!({"reason": "Paid to us."}),
        )
        .expect(200);
    for receipt in ["R-3", "R-1"] {
        take_back(app, &format!("/v1/receipts/{receipt}"), "reverse").expect(200);
    }
    an_invoice("I-2", "C-2", "100.00").create(app);
    for (number, amount) in [("R-4", "40.00"), ("R-5", "20.00")] {
        a_receipt(number, "C-2", amount)
            .paying("I-2", amount)
            .create(app);
    }
    take_back(app, "/v1/receipts/R-5", "reverse").expect(200);
}

/// Orders: given to somebody and back, partly delivered, changed, delivered and taken back.
fn orders_go(app: &TestApp) {
    let waits = check(app, an_order("C-1", "SO-1", "150.00")).expect(200);
    let block = format!("/v1/credit-blocks/{}", waits.text_at("/credit_block/id"));
    for to in [json!("u-21"), json!("u-22"), json!(null), json!(null)] {
        let etag = app.credit().get(&block).expect(200).etag();
        app.credit()
            .post_if(
                &format!("{block}/assign"),
                &etag,
                json!({"assigned_to": to}),
            )
            .expect(200);
    }
    let order = check(app, an_order("C-2", "SO-2", "500.00")).expect(200);
    let reservation = order.text_at("/reservation/id");
    let amend = |amount: &str| {
        let to = json!({"amount": {"amount": amount, "currency": "CNY"}});
        app.system()
            .post(&format!("/v1/reservations/{reservation}/amend"), to)
            .expect(200);
    };
    amend("600.00");
    capture(app, &reservation, "D-1", "100.00").expect(201);
    capture(app, &reservation, "D-2", "100.00").expect(201);
    amend("700.00");
    take_back(app, "/v1/invoices/D-2", "cancel").expect(200);
}

/// What is told of the machines is what things do: partly paid after the sale, taken off, taken back when paid, given back.
#[test]
fn every_way_that_a_thing_goes_is_told() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").with_limit("100.00").create(app);
        a_customer("C-2").with_limit("9000.00").create(app);
        invoices_go(app);
        orders_go(app);
        sweep(app.database()).unwrap();
        let told: BTreeSet<(&str, String, String)> = machines()
            .into_iter()
            .flat_map(|machine| {
                machine.transitions.into_iter().filter_map(move |way| {
                    Some((machine.name, way.from?.to_owned(), way.to.to_owned()))
                })
            })
            .collect();
        let gone = ways_gone(app);
        let untold: Vec<_> = gone.difference(&told).collect();
        assert!(untold.is_empty(), "{untold:?}");
        for (machine, from, to) in [
            ("invoice", "sold", "sold"),
            ("invoice", "partially_paid", "partially_paid"),
            ("invoice", "paid", "paid"),
            ("credit_block", "assigned", "open"),
            ("reservation", "partially_captured", "partially_captured"),
        ] {
            let way = (machine, from.to_owned(), to.to_owned());
            assert!(gone.contains(&way), "{way:?} of {gone:?}");
        }
        // An amended reservation of which something was delivered never was one of which nothing is.
        let wrong = "active".to_owned();
        let amended = machines()
            .into_iter()
            .flat_map(|machine| machine.transitions);
        let mut amended = amended.filter(|way| way.verb == "amend");
        assert!(amended.all(|way| way.from == Some("active") || way.to != wrong));
    });
}

/// What netterms does to jobs and deadlines by itself leaves nothing in the trail, or needs a server that stops.
#[test]
fn what_is_done_by_itself_is_told() {
    let told = machines();
    let is_told = |name: &str, from: &str, verb: &str, to: &str| {
        let machine = told.iter().find(|machine| machine.name == name).unwrap();
        machine.transitions.iter().any(|way| {
            way.operation.is_none() && way.from == Some(from) && way.verb == verb && way.to == to
        })
    };
    for (name, from, verb, to) in [
        ("job", "running", "give_back", "queued"),
        ("export", "running", "give_back", "queued"),
        ("deadline", "open", "meet", "met"),
        ("deadline", "open", "withdraw", "withdrawn"),
    ] {
        assert!(is_told(name, from, verb, to), "{name} {verb}");
    }
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
