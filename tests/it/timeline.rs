//! The story of a customer, and the trail as others than auditors read it.

use netterms::platform::events::EventType;
use netterms::prove::timeline::rules::{PLACES, is_told_in_chinese};
use netterms::server::event_types;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, a_customer, a_receipt, an_invoice, eventually, on_both};

fn lines(client: &Client, path: &str) -> Vec<Value> {
    let page = client.get(path).expect(200);
    page["data"].as_array().unwrap().clone()
}

fn types(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect()
}

/// The story once it tells an event.
fn told_until(client: &Client, path: &str, last: &str) -> Vec<Value> {
    eventually(|| Some(lines(client, path)).filter(|found| types(found).contains(&last)))
}

fn two_customers(app: &TestApp) {
    app.turn_to("2026-03-31");
    a_customer("C-1")
        .owned_by("u-sales")
        .with_limit("5000.00")
        .create(app);
    a_customer("C-2").owned_by("u-other").create(app);
    an_invoice("I-1", "C-1", "600.00").create(app);
    an_invoice("I-2", "C-2", "70.00").create(app);
    a_receipt("R-1", "C-1", "600.00")
        .paying("I-1", "600.00")
        .create(app);
}

#[test]
fn a_story_tells_what_happened_with_one_customer_in_the_readers_language() {
    on_both(|app| {
        two_customers(app);
        let path = "/v1/customers/C-1/timeline";
        let credit = app.credit();
        let story = told_until(&credit, path, "posting.made");
        for told in [
            "invoice.posted",
            "invoice.settled",
            "customer.created",
            "credit_account.opened",
        ] {
            assert!(
                types(&story).contains(&told),
                "{told} in {:?}",
                types(&story)
            );
        }
        let posted = story
            .iter()
            .find(|line| line["type"] == "invoice.posted")
            .unwrap();
        assert_eq!(posted["sentence"], "An invoice was posted.");
        assert_eq!(posted["actor"], "u-finance");
        let read = credit.get(posted["link"].as_str().unwrap()).expect(200);
        assert_eq!(read["number"], "I-1");
        let chinese = credit
            .request("GET", path)
            .header("Accept-Language", "zh-CN")
            .send()
            .expect(200);
        let line = chinese["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|line| line["type"] == "invoice.posted");
        assert_eq!(line.unwrap()["sentence"], "发票已过账。");
        let sequences: Vec<i64> = story
            .iter()
            .map(|line| line["sequence"].as_i64().unwrap())
            .collect();
        assert!(
            sequences.is_sorted_by(|one, next| one > next),
            "{sequences:?}"
        );
    });
}

#[test]
fn a_story_is_paged_and_narrowed() {
    on_both(|app| {
        two_customers(app);
        let path = "/v1/customers/C-1/timeline";
        let credit = app.credit();
        let story = told_until(&credit, path, "posting.made");
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = credit.get(&format!("{path}?limit=2{cursor}")).expect(200);
            paged.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, story);
        let settled = lines(&credit, &format!("{path}?type=invoice.settled"));
        assert_eq!(types(&settled), ["invoice.settled"]);
        assert!(lines(&credit, &format!("{path}?type=no.such")).is_empty());
        assert!(lines(&credit, &format!("{path}?at_from=2030-01-01T00:00:00Z")).is_empty());
        credit
            .get(&format!("{path}?day=1"))
            .expect_problem(400, "malformed_parameter");
    });
}

#[test]
fn sales_reads_the_story_of_its_own_customers_without_what_its_role_may_not_read() {
    on_both(|app| {
        two_customers(app);
        let path = "/v1/customers/C-1/timeline";
        told_until(&app.credit(), path, "posting.made");
        let sales = app.sales();
        let own = lines(&sales, path);
        assert!(types(&own).contains(&"invoice.posted"));
        for of in event_types()
            .all()
            .filter(|of| !of.roles.contains(&kernel::caller::Role::Sales))
        {
            assert!(!types(&own).contains(&of.action), "{}", of.action);
        }
        sales
            .get("/v1/customers/C-2/timeline")
            .expect_problem(404, "not_found");
        sales
            .get("/v1/customers/C-9/timeline")
            .expect_problem(404, "not_found");
        app.admin().get(path).expect_problem(403, "forbidden");
        app.system().get(path).expect_problem(403, "forbidden");
    });
}

#[test]
fn every_type_of_events_has_its_sentence_in_chinese() {
    let lacking: Vec<&str> = event_types()
        .all()
        .map(|of: &EventType| of.action)
        .filter(|action| !is_told_in_chinese(action))
        .collect();
    assert!(
        lacking.is_empty(),
        "add to src/prove/timeline/zh-CN.txt: {lacking:?}"
    );
}

#[test]
fn links_lead_to_what_the_contract_serves() {
    on_both(|app| {
        let document = app.anonymous().get("/openapi.json").expect(200).body;
        let paths = document["paths"].as_object().unwrap();
        for (_, place) in PLACES {
            let served = paths.iter().any(|(path, methods)| {
                let rest = path.strip_prefix(place);
                rest.is_some_and(|rest| {
                    rest.starts_with('{') && rest.ends_with('}') && !rest.contains('/')
                }) && methods.get("get").is_some()
            });
            assert!(served, "{place}");
        }
    });
}

#[test]
fn others_than_auditors_read_of_the_trail_what_events_tell_them() {
    on_both(|app| {
        two_customers(app);
        let whole = lines(&app.auditor(), "/v1/trail?action=invoice.posted");
        let seen = lines(&app.credit(), "/v1/trail?action=invoice.posted");
        assert_eq!(whole.len(), 2);
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0]["id"], whole[0]["id"]);
        assert_eq!(
            seen[0]["after"]["amount"],
            json!({"amount": "600.00", "currency": "CNY"})
        );
        assert!(whole[0]["after"].get("created_by").is_some());
        assert!(seen[0]["after"].get("created_by").is_none());
        // What no event tells is the auditors' alone.
        let internal = "/v1/trail?action=business_day.begun&action=policy.approved";
        assert!(lines(&app.finance(), internal).is_empty());
        // An admin reads what belongs to nobody, and no invoices.
        let admin = lines(&app.admin(), "/v1/trail?limit=200");
        assert!(
            admin
                .iter()
                .all(|entry| entry["action"] != "invoice.posted")
        );
        app.sales()
            .get("/v1/trail")
            .expect_problem(403, "forbidden");
        for place in ["proof", "checkpoints"] {
            app.credit()
                .get(&format!("/v1/trail/{place}"))
                .expect_problem(403, "forbidden");
        }
    });
}
