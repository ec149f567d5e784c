//! The customer file.

use netterms::platform::http::auth::internal_caller;
use netterms::platform::idempotency;
use serde_json::json;

use crate::support::{a_customer, on_both};

#[test]
fn sales_create_a_customer_and_read_it_by_id_and_number() {
    on_both(|app| {
        let made = app
            .sales()
            .post(
                "/v1/customers",
                json!({"number": "C-1001", "name": "江南贸易有限公司", "country": "CN", "language": "zh-CN"}),
            )
            .expect(201);
        assert_eq!(made["owner"], "u-sales");
        assert_eq!(
            made.header("location"),
            Some(format!("/v1/customers/{}", made.id()).as_str())
        );
        for name in [made.id(), "C-1001".to_owned()] {
            let read = app
                .sales()
                .get(&format!("/v1/customers/{name}"))
                .expect(200);
            assert_eq!(read.body, made.body);
            assert_eq!(read.etag(), "\"1\"");
        }
    });
}

#[test]
fn a_number_names_one_customer_only() {
    on_both(|app| {
        a_customer("C-1").create(app);
        app.finance()
            .post(
                "/v1/customers",
                json!({"number": "C-1", "name": "Another", "country": "DE"}),
            )
            .expect_problem(409, "duplicate_number");
    });
}

#[test]
fn a_change_needs_the_etag_that_was_read() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let credit = app.credit();
        let path = "/v1/customers/C-1";
        let etag = credit.get(path).expect(200).etag();
        let change = json!({"name": "New name", "email": null});
        credit
            .request("PATCH", path)
            .json(change.clone())
            .send()
            .expect_problem(428, "precondition_required");
        let changed = credit.patch(path, &etag, change.clone()).expect(200);
        assert_eq!(changed["name"], "New name");
        assert_eq!(changed["email"], json!(null));
        assert_eq!(changed["city"], "Suzhou");
        credit
            .patch(path, &etag, change)
            .expect_problem(412, "stale");
    });
}

#[test]
fn sales_see_their_own_customers_and_nobody_elses() {
    on_both(|app| {
        let other = a_customer("C-1").owned_by("u-other").create(app);
        a_customer("C-2").create(app);
        let sales = app.sales();
        let unknown = sales
            .get("/v1/customers/C-9")
            .expect_problem(404, "not_found");
        for name in ["C-1", &other.id] {
            let hidden = sales
                .get(&format!("/v1/customers/{name}"))
                .expect_problem(404, "not_found");
            assert_eq!(hidden["detail"], unknown["detail"]);
        }
        let listed = sales.get("/v1/customers").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        assert_eq!(listed["data"][0]["number"], "C-2");
        sales
            .post(
                "/v1/customers",
                json!({"number": "C-3", "name": "For you", "country": "CN", "owner": "u-other"}),
            )
            .expect_problem(422, "invalid");
    });
}

#[test]
fn a_list_is_read_page_by_page_without_loss() {
    on_both(|app| {
        for n in 0..7 {
            a_customer(&format!("C-{n}")).without_account().create(app);
        }
        let credit = app.credit();
        let mut seen = Vec::new();
        let mut path = "/v1/customers?limit=3&sort=-number".to_owned();
        loop {
            let page = credit.get(&path).expect(200);
            for customer in page["data"].as_array().unwrap() {
                seen.push(customer["number"].as_str().unwrap().to_owned());
            }
            let Some(cursor) = page["next_cursor"].as_str() else {
                assert_eq!(page["has_more"], false);
                break;
            };
            path = format!("/v1/customers?limit=3&sort=-number&cursor={cursor}");
        }
        assert_eq!(seen, ["C-6", "C-5", "C-4", "C-3", "C-2", "C-1", "C-0"]);
    });
}

#[test]
fn a_cursor_serves_only_the_list_it_was_given_for() {
    on_both(|app| {
        for n in 0..3 {
            a_customer(&format!("C-{n}")).without_account().create(app);
        }
        let credit = app.credit();
        let cursor = credit
            .get("/v1/customers?limit=1")
            .expect(200)
            .text_at("/next_cursor");
        credit
            .get(&format!("/v1/customers?limit=1&country=CN&cursor={cursor}"))
            .expect_problem(422, "invalid_cursor");
        let mut forged = cursor.clone();
        forged.replace_range(0..1, if cursor.starts_with('A') { "B" } else { "A" });
        credit
            .get(&format!("/v1/customers?limit=1&cursor={forged}"))
            .expect_problem(422, "invalid_cursor");
    });
}

#[test]
fn search_takes_every_character_as_itself() {
    on_both(|app| {
        a_customer("C-1")
            .named("100% Steel_Works")
            .without_account()
            .create(app);
        a_customer("C-2")
            .named("ＡＣＭＥ Trading")
            .without_account()
            .create(app);
        let credit = app.credit();
        let found = |q: &str| -> Vec<String> {
            let page = credit.get(&format!("/v1/customers?q={q}")).expect(200);
            let customers = page["data"].as_array().unwrap().clone();
            customers
                .iter()
                .map(|c| c["number"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(found("acme"), ["C-2"]);
        assert_eq!(found("100%25"), ["C-1"]);
        assert_eq!(found("%25"), ["C-1"]);
        assert_eq!(found("l_w"), ["C-1"]);
        assert!(found("x'%20OR%20'1'='1").is_empty());
    });
}

#[test]
fn unknown_repeated_and_excessive_parameters_are_refused() {
    on_both(|app| {
        let credit = app.credit();
        for query in [
            "colour=red",
            "limit=0",
            "limit=201",
            "limit=1&limit=2",
            "sort=age",
            "q=a&q=b",
            "q=%00",
        ] {
            credit
                .get(&format!("/v1/customers?{query}"))
                .expect_problem(400, "malformed_parameter");
        }
        credit
            .get("/v1/customers?number=C-1&number=C-2")
            .expect(200);
    });
}

#[test]
fn a_retried_post_has_one_effect_and_one_answer() {
    on_both(|app| {
        let body = json!({"number": "C-1", "name": "Once", "country": "CN"});
        let send = |key: &str, body: serde_json::Value| {
            app.sales()
                .request("POST", "/v1/customers")
                .key(key)
                .json(body)
                .send()
        };
        let first = send("\"k-1\"", body.clone()).expect(201);
        assert_eq!(first.header("idempotent-replayed"), None);
        let again = send("k-1", body.clone()).expect(201);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        send(
            "k-1",
            json!({"number": "C-2", "name": "Once", "country": "CN"}),
        )
        .expect_problem(422, "idempotency_key_reused");
        // A refusal is an answer like any other, and stays.
        send("k-2", body.clone()).expect_problem(409, "duplicate_number");
        let refused = send("k-2", body.clone()).expect_problem(409, "duplicate_number");
        assert_eq!(refused.header("idempotent-replayed"), Some("true"));
        // Another caller's key is another key.
        app.credit()
            .request("POST", "/v1/customers")
            .key("k-1")
            .json(json!({"number": "C-3", "name": "Mine", "country": "CN"}))
            .send()
            .expect(201);
    });
}

#[test]
fn keys_are_forgotten_after_seven_days() {
    on_both(|app| {
        let create = |number: &str| {
            app.sales()
                .request("POST", "/v1/customers")
                .key(number)
                .json(json!({"number": number, "name": "Once", "country": "CN"}))
                .send()
                .expect(201)
        };
        let house = internal_caller("u-house", &[]).unwrap();
        let forget = || {
            app.database()
                .maintain(&house, idempotency::forget_old)
                .unwrap()
        };
        app.turn_to("2100-03-01");
        create("C-1");
        create("C-2");
        app.turn_to("2100-03-05");
        create("C-3");
        assert_eq!(forget(), 0);
        app.turn_to("2100-03-09");
        assert_eq!(forget(), 2);
        let again = create("C-3");
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        app.turn_to("2100-03-30");
        assert_eq!(forget(), 1);
        assert_eq!(forget(), 0);
    });
}
