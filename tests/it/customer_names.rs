//! One member names a customer in requests and filters: its id, or the number that the ERP gave it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::dunning::dun;
use crate::support::{Client, TestApp, a_customer, an_invoice, on_both};

fn money(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

/// Lists that can be of some customers.
const LISTS: [&str; 15] = [
    "/v1/invoices",
    "/v1/receipts",
    "/v1/credit-notes",
    "/v1/credit-accounts",
    "/v1/applications",
    "/v1/limit-checks",
    "/v1/reservations",
    "/v1/credit-blocks",
    "/v1/ratings",
    "/v1/expert-panels",
    "/v1/dunning-blocks",
    "/v1/dunning-notices",
    "/v1/dunning-stages",
    "/v1/dunning-stages/customers",
    "/v1/reports/aging",
];

/// Requests that name a customer, each with what else it needs.
fn requests_about(customer: &str, at: usize) -> Vec<(&'static str, Value)> {
    let number = format!("N-{at}");
    let reason = "The delivery is being inspected.";
    vec![
        (
            "/v1/invoices",
            json!({"number": number, "customer": customer, "invoice_date": "2026-03-30", "amount": money("10.00")}),
        ),
        (
            "/v1/receipts",
            json!({"number": number, "customer": customer, "receipt_date": "2026-03-31", "amount": money("4.00")}),
        ),
        (
            "/v1/credit-notes",
            json!({"number": number, "customer": customer, "credit_date": "2026-03-31", "amount": money("1.00"),
                "reason": "Returned."}),
        ),
        (
            "/v1/limit-checks",
            json!({"customer": customer, "order_number": number, "amount": money("5.00"), "reserve": true}),
        ),
        (
            "/v1/applications",
            json!({"customer": customer, "requested_limit": money("900.00"), "requested_net_days": 30, "purpose": "More."}),
        ),
        (
            "/v1/dunning-blocks",
            json!({"customer": customer, "reason": reason, "until": "2026-04-15"}),
        ),
        ("/v1/ratings", json!({"customer": customer})),
    ]
}

/// Who may send each of them.
fn sender<'a>(app: &'a TestApp, path: &str) -> Client<'a> {
    match path {
        "/v1/limit-checks" => app.system(),
        "/v1/applications" => app.sales(),
        "/v1/ratings" | "/v1/dunning-blocks" => app.credit(),
        _ => app.finance(),
    }
}

#[test]
fn a_request_names_a_customer_by_its_id_or_its_number() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let ids: Vec<String> = ["C-1", "C-2"]
            .iter()
            .map(|number| a_customer(number).with_limit("1000.00").create(app).id)
            .collect();
        for (at, named) in ["C-1", &ids[1]].into_iter().enumerate() {
            for (path, body) in requests_about(named, at) {
                let made = sender(app, path).post(path, body);
                assert!([200, 201].contains(&made.status), "{path}: {}", made.text);
                if path != "/v1/limit-checks" {
                    assert_eq!(made["customer_id"], ids[at], "{path}: {}", made.text);
                }
            }
        }
        a_customer("C-3").without_account().create(app);
        let id = app.credit().get("/v1/customers/C-3").expect(200).id();
        let body = json!({"customer": id, "currency": "CNY"});
        let account = app.sales().post("/v1/credit-accounts", body).expect(201);
        assert_eq!(account["customer_number"], "C-3");
    });
}

#[test]
fn who_is_not_there_is_pointed_at() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        for named in ["C-9", "cus_01h455vb4pex5vsknk084sn02q"] {
            for (path, body) in requests_about(named, 1) {
                let reply = sender(app, path).post(path, body);
                let (status, code) = match path {
                    "/v1/dunning-blocks" => (422, "invalid"),
                    _ => (404, "not_found"),
                };
                let problem = reply.expect_problem(status, code);
                assert_eq!(problem["errors"][0]["pointer"], "/customer", "{path}");
            }
        }
    });
}

#[test]
fn the_members_that_named_customers_before_are_refused_by_name() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        for (path, body) in requests_about("C-1", 1) {
            for (member, value) in [("customer_number", "C-1"), ("customer_id", &made.id)] {
                let mut instead = body.clone();
                let members = instead.as_object_mut().unwrap();
                members.remove("customer");
                members.insert(member.to_owned(), json!(value));
                let mut beside = body.clone();
                beside[member] = json!(value);
                for body in [instead, beside] {
                    let problem = sender(app, path)
                        .post(path, body)
                        .expect_problem(400, "malformed_body");
                    let pointer = format!("/{member}");
                    assert_eq!(problem["errors"][0]["pointer"], pointer, "{path}");
                }
            }
        }
        for path in LISTS {
            for query in [
                "customer_number=C-1".to_owned(),
                format!("customer_id={}", made.id),
            ] {
                let problem = app
                    .credit()
                    .get(&format!("{path}?{query}"))
                    .expect_problem(400, "malformed_parameter");
                let (member, _) = query.split_once('=').unwrap();
                let pointer = format!("#{member}");
                assert_eq!(problem["errors"][0]["pointer"], pointer, "{path}");
            }
        }
        for member in ["parent_customer_id", "parent_customer_number"] {
            app.credit()
                .get(&format!("/v1/customers?{member}={}", made.id))
                .expect_problem(400, "malformed_parameter");
        }
    });
}

#[test]
fn a_filter_names_several_customers_each_as_it_is_known() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let ids: Vec<String> = ["C-1", "C-2", "C-3"]
            .iter()
            .enumerate()
            .map(|(at, number)| {
                let made = a_customer(number).with_limit("1000.00").create(app);
                an_invoice(&format!("I-{at}"), number, "200.00")
                    .due("2026-03-02")
                    .create(app);
                made.id
            })
            .collect();
        dun(app, "2026-03-31");
        for (at, id) in ids.iter().enumerate() {
            for (path, body) in requests_about(id, at) {
                sender(app, path).post(path, body);
            }
            let order = format!("B-{at}");
            let large = json!({"customer": id, "order_number": order, "amount": money("5000.00"), "reserve": true});
            app.system().post("/v1/limit-checks", large).expect(200);
        }
        let whose = |list: &str, query: &str| -> BTreeSet<String> {
            let page = app.credit().get(&format!("{list}?{query}")).expect(200);
            let rows = match list {
                "/v1/reports/aging" => &page["rows"],
                _ => &page["data"],
            };
            let id = |row: &Value| {
                let id = row.get("customer_id").unwrap_or(&row["customer"]["id"]);
                id.as_str().unwrap().to_owned()
            };
            rows.as_array().unwrap().iter().map(id).collect()
        };
        let all: BTreeSet<String> = ids.iter().cloned().collect();
        let two: BTreeSet<String> = ids[..2].iter().cloned().collect();
        for list in LISTS {
            // Panels are convened in their own stories.
            let is_empty = list == "/v1/expert-panels";
            let expected = |whose: &BTreeSet<String>| {
                if is_empty {
                    BTreeSet::new()
                } else {
                    whose.clone()
                }
            };
            assert_eq!(whose(list, ""), expected(&all), "{list}");
            for query in [
                "customer=C-1&customer=C-2".to_owned(),
                format!("customer=C-1&customer={}", ids[1]),
                format!("customer={}&customer={}", ids[0], ids[1]),
                format!("customer=C-9&customer=C-2&customer={}&customer=C-1", ids[1]),
            ] {
                assert_eq!(whose(list, &query), expected(&two), "{list}?{query}");
            }
            for query in ["customer=C-9", "customer=cus_01h455vb4pex5vsknk084sn02q"] {
                assert_eq!(whose(list, query), BTreeSet::new(), "{list}?{query}");
            }
            let many = vec!["customer=C-1"; 101].join("&");
            app.credit()
                .get(&format!("{list}?{many}"))
                .expect_problem(400, "malformed_parameter");
        }
    });
}

#[test]
fn the_customers_below_one_are_found_by_its_id_or_its_number() {
    on_both(|app| {
        let head = a_customer("P").create(app);
        a_customer("C-1").below("P").create(app);
        a_customer("C-2").create(app);
        for named in ["P", &head.id] {
            let path = format!("/v1/customers?parent_customer={named}");
            let below = app.credit().get(&path).expect(200);
            assert_eq!(below["data"].as_array().unwrap().len(), 1, "{named}");
            assert_eq!(below["data"][0]["number"], "C-1");
        }
        let nobody = app.credit().get("/v1/customers?parent_customer=C-9");
        assert_eq!(nobody.expect(200)["data"], json!([]));
    });
}

#[test]
fn sales_learn_nothing_of_the_customers_of_others_by_naming_them() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let made = a_customer("C-2").owned_by("u-other").create(app);
        an_invoice("I-1", "C-1", "10.00").create(app);
        an_invoice("I-2", "C-2", "10.00").create(app);
        for named in ["C-2", &made.id] {
            let path = format!("/v1/invoices?customer=C-1&customer={named}");
            let listed = app.sales().get(&path).expect(200);
            assert_eq!(listed["data"].as_array().unwrap().len(), 1);
            assert_eq!(listed["data"][0]["number"], "I-1");
        }
    });
}
