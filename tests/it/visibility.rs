//! What a caller sees: by role, by ownership, and by what credit keeps to itself.

use std::collections::{BTreeMap, BTreeSet};

use kernel::caller::Role;
use netterms::drill::{Plan, live_through};
use serde_json::{Value, json};

use crate::support::{Client, TestApp, a_customer, an_invoice, on_both};

/// The salesperson of the sandbox book whose eyes these tests look through.
const READER: &str = "lin.wei";
/// What credit writes for itself.
const NOTE: &str = "Only between us in credit";

/// Rows of a list, page by page, a thousand at most.
fn rows(client: &Client, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    for _ in 0..5 {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = client.get(&format!("{path}{sign}limit=200{cursor}"));
        if page.status != 200 {
            return rows;
        }
        rows.extend(page["data"].as_array().into_iter().flatten().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    rows
}

fn text(row: &Value, member: &str) -> String {
    row[member].as_str().unwrap_or_default().to_owned()
}

/// What salespeople may read, as the contract says it.
fn read_by_sales(app: &TestApp) -> Vec<String> {
    let contract = app.anonymous().get("/openapi.json").expect(200);
    let is_for_sales = |operation: &Value| operation.to_string().contains("\"sales\"");
    let paths = contract["paths"].as_object().unwrap();
    let found = paths.iter().filter(|(path, item)| {
        path.starts_with("/v1/") && item.get("get").is_some_and(is_for_sales)
    });
    found.map(|(path, _)| path.clone()).collect()
}

/// Lets credit write its notes on what is the reader's own.
fn write_notes(app: &TestApp, own: &[Value]) {
    let credit = app.credit();
    let sales = app.caller(READER, &[Role::Sales], None);
    let today = app.clock().today().to_string();
    for customer in own {
        let number = text(customer, "number");
        let fact = json!({"indicator": "MARKET_SHARE", "value": 0.4321, "source": NOTE, "as_of": today, "note": NOTE});
        credit
            .post(&format!("/v1/customers/{number}/facts"), fact)
            .expect(201);
        let rated = credit
            .post("/v1/ratings", json!({"customer": number}))
            .expect(201);
        let until = app.clock().today() + chrono::Duration::days(30);
        let body =
            json!({"grade": rated["grade"], "reason": NOTE, "expires_on": until.to_string()});
        app.caller("u-other-credit", &[Role::Credit], Some(2))
            .post_if(
                &format!("/v1/ratings/{}/override", rated.id()),
                &rated.etag(),
                body,
            );
        let account = rows(&credit, &format!("/v1/credit-accounts?customer={number}"));
        let body = json!({"customer": number, "requested_net_days": 30, "purpose": "More.",
            "requested_limit": {"amount": "1000", "currency": account[0]["currency"]}});
        let draft = sales.post("/v1/applications", body);
        if draft.status != 201 {
            continue;
        }
        let path = format!("/v1/applications/{}", draft.id());
        sales
            .post_if(&format!("{path}/submit"), "\"1\"", json!({}))
            .expect(200);
        credit
            .post_if(&format!("{path}/start-review"), "\"2\"", json!({}))
            .expect(200);
        credit
            .post_if(&format!("{path}/assess"), "\"3\"", json!({}))
            .expect(200);
        credit
            .post_if(
                &format!("{path}/recommend"),
                "\"4\"",
                json!({"net_days": 30, "reason": NOTE,
                    "limit": {"amount": "1000", "currency": account[0]["currency"]}}),
            )
            .expect(200);
    }
}

/// Names, numbers and ids of what belongs to others.
fn foreign_words(
    auditor: &Client,
    foreign: &BTreeSet<String>,
    customers: &[Value],
) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for customer in customers {
        if foreign.contains(&text(customer, "id")) {
            words.extend(["id", "number", "name", "email"].map(|member| text(customer, member)));
        }
    }
    for list in [
        "/v1/credit-accounts",
        "/v1/invoices",
        "/v1/receipts",
        "/v1/credit-notes",
        "/v1/applications",
        "/v1/credit-blocks",
        "/v1/reservations",
        "/v1/limit-checks",
        "/v1/ratings",
        "/v1/dunning-notices",
        "/v1/dunning-blocks",
    ] {
        for row in rows(auditor, list) {
            if foreign.contains(&text(&row, "customer_id")) {
                words.insert(text(&row, "id"));
                words.insert(text(&row, "number"));
            }
        }
    }
    words.remove("");
    words
}

/// Every string in a document.
fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => members.values().for_each(|member| strings(member, found)),
        _ => {}
    }
}

fn look(path: &str, body: &Value, words: &BTreeSet<String>) {
    let mut found = Vec::new();
    strings(body, &mut found);
    for said in found {
        assert!(
            !said.contains(NOTE),
            "{path} tells what credit noted: {said}"
        );
        assert!(
            !words.contains(said),
            "{path} tells of {said}, which is somebody else's"
        );
    }
    assert!(
        !body.to_string().contains("0.4321"),
        "{path} tells what credit said"
    );
}

#[test]
fn a_salesperson_reads_nothing_of_others_and_no_note_of_credit_by_any_operation() {
    on_both(|app| {
        let plan = Plan {
            seed: 7,
            customers: 20,
        };
        live_through(app.database(), plan, &mut |_, _| {}).unwrap();
        let (auditor, sales) = (app.auditor(), app.caller(READER, &[Role::Sales], None));
        let customers = rows(&auditor, "/v1/customers");
        let (own, others): (Vec<Value>, Vec<Value>) = customers
            .iter()
            .cloned()
            .partition(|one| one["owner"] == READER);
        assert!(!own.is_empty() && !others.is_empty());
        // One of the reader's own stands below a head that is somebody else's.
        let (child, head) = (&own[0], &others[0]);
        let path = format!("/v1/customers/{}", text(child, "id"));
        let moved = app.finance().put(
            &format!("{path}/parent"),
            &app.finance().get(&path).etag(),
            json!({"parent_customer": head["number"]}),
        );
        assert!([200, 422].contains(&moved.status), "{:?}", moved.body);
        write_notes(app, &own);
        let foreign: BTreeSet<String> = others.iter().map(|one| text(one, "id")).collect();
        let words = foreign_words(&auditor, &foreign, &customers);
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut asked = 0;
        for path in read_by_sales(app) {
            let Some((list, rest)) = path.split_once("/{") else {
                let paths = match path.as_str() {
                    "/v1/reports/aging" => ["customer", "group", "owner", "currency"]
                        .iter()
                        .flat_map(|by| {
                            ["json", "csv"].map(|format| format!("{path}?by={by}&format={format}"))
                        })
                        .collect(),
                    _ => vec![format!("{path}?limit=200"), path.clone()],
                };
                for path in paths {
                    let reply = sales.get(&path);
                    assert!(reply.status < 500, "{path}: {}", reply.status);
                    look(&path, &reply.body, &words);
                    asked += 1;
                }
                continue;
            };
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            if after == "/events" {
                continue;
            }
            let known = ids.entry(list.to_owned()).or_insert_with(|| {
                let reader = [&auditor, &app.credit()].map(|client| rows(client, list));
                let rows = reader
                    .into_iter()
                    .find(|rows| !rows.is_empty())
                    .unwrap_or_default();
                let of = |row: &Value| match text(row, "id") {
                    id if id.is_empty() => text(row, "code"),
                    id => id,
                };
                // Some of the reader's own, and some of others.
                let (mine, theirs): (Vec<&Value>, Vec<&Value>) = rows
                    .iter()
                    .partition(|row| !words.contains(&text(row, "id")));
                mine.iter()
                    .take(12)
                    .chain(theirs.iter().take(3))
                    .map(|row| of(row))
                    .collect()
            });
            for id in known.clone() {
                let path = format!("{list}/{id}{after}");
                let reply = sales.get(&path);
                assert!(reply.status < 500, "{path}: {}", reply.status);
                if words.contains(&id) {
                    assert_ne!(reply.status, 200, "{path} is somebody else's");
                } else {
                    look(&path, &reply.body, &words);
                }
                asked += 1;
            }
        }
        assert!(asked > 100, "{asked}");
    });
}

#[test]
fn a_role_that_may_not_do_it_widens_nothing() {
    on_both(|app| {
        a_customer("F-1").owned_by("hans").create(app);
        an_invoice("I-1", "F-1", "10.00").create(app);
        app.credit()
            .post("/v1/ratings", json!({"customer": "F-1"}))
            .expect(201);
        let count = |client: &Client, path: &str| {
            let body = client.get(path).expect(200).body;
            body["data"]
                .as_array()
                .or(body["rows"].as_array())
                .unwrap()
                .len()
        };
        for other in [Role::Admin, Role::System] {
            let both = app.caller("lin", &[Role::Sales, other], None);
            for path in ["/v1/applications", "/v1/ratings", "/v1/reports/aging"] {
                assert_eq!(count(&both, path), 0, "{path} with {other}");
            }
            assert_eq!(both.get("/v1/reports/aging").expect(200)["covers"], "own");
            both.get("/v1/customers/F-1/financial-statements")
                .expect_problem(404, "not_found");
            let me = both.get("/v1/me").expect(200);
            assert_eq!(me["roles"].as_array().unwrap().len(), 2);
        }
        // Admins read no customers, order systems read all of them: the union is what each may.
        let with_admin = app.caller("lin", &[Role::Sales, Role::Admin], None);
        assert_eq!(count(&with_admin, "/v1/customers"), 0);
        let with_system = app.caller("lin", &[Role::Sales, Role::System], None);
        assert_eq!(count(&with_system, "/v1/customers"), 1);
        let with_credit = app.caller("lin", &[Role::Sales, Role::Credit], None);
        assert_eq!(count(&with_credit, "/v1/ratings"), 1);
    });
}

#[test]
fn a_head_that_is_somebody_elses_is_told_nowhere() {
    on_both(|app| {
        let head = a_customer("HEAD")
            .named("Secret Head GmbH")
            .owned_by("hans")
            .create(app);
        a_customer("KID")
            .named("Kid GmbH")
            .below("HEAD")
            .create(app);
        a_customer("GRANDKID")
            .named("Grandkid GmbH")
            .below("KID")
            .create(app);
        an_invoice("I-1", "KID", "10.00").create(app);
        an_invoice("I-2", "GRANDKID", "5.00").create(app);
        let sales = app.sales();
        let kid = sales.get("/v1/customers/KID").expect(200);
        assert_eq!(kid["parent_customer_id"], Value::Null);
        let all = app.auditor().get("/v1/customers/KID").expect(200);
        let head_id = all["parent_customer_id"].clone();
        assert_eq!(head_id, head.id.as_str());
        let grandkid = sales.get("/v1/customers/GRANDKID").expect(200);
        assert_eq!(grandkid["parent_customer_id"], kid["id"]);
        let below = format!(
            "/v1/customers?parent_customer={}",
            head_id.as_str().unwrap()
        );
        assert_eq!(sales.get(&below).expect(200)["data"], json!([]));
        // What is the reader's own stays together, under the highest of them.
        let aging = sales.get("/v1/reports/aging?by=group").expect(200);
        let rows = aging["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["customer"]["number"], "KID");
        assert_eq!(rows[0]["outstanding"]["amount"], "15.00");
        let whole = app.finance().get("/v1/reports/aging?by=group").expect(200);
        assert_eq!(whole["rows"][0]["customer"]["number"], "HEAD");
    });
}

#[test]
fn sales_read_of_facts_and_indicators_what_they_said_themselves() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let path = "/v1/customers/C-1/facts";
        let said = |indicator: &str, value: f64| json!({"indicator": indicator, "value": value, "source": "Press", "as_of": "2026-03-31", "note": NOTE});
        let (sales, credit) = (app.sales(), app.credit());
        credit.post(path, said("MARKET_SHARE", 0.4)).expect(201);
        let shown = |client: &Client| -> Value {
            let all = client.get("/v1/customers/C-1/indicators").expect(200);
            let all = all["indicators"].as_array().unwrap();
            all.iter()
                .find(|one| one["code"] == "MARKET_SHARE")
                .unwrap()
                .clone()
        };
        assert_eq!(shown(&credit)["value"], json!(0.4));
        assert_eq!(
            (&shown(&sales)["value"], &shown(&sales)["missing"]),
            (&Value::Null, &json!({"code": "not_shown"}))
        );
        assert_eq!(sales.get(path).expect(200)["data"], json!([]));
        app.clock()
            .turn_to(app.clock().now().plus(chrono::Duration::seconds(1)));
        sales.post(path, said("MARKET_SHARE", 0.3)).expect(201);
        assert_eq!(shown(&sales)["value"], json!(0.3));
        assert_eq!(
            sales.get(path).expect(200)["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            credit.get(path).expect(200)["data"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
    });
}
