//! What people say of customers.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, on_both};

const PATH: &str = "/v1/customers/C-1/facts";

fn share(value: Value, as_of: &str) -> Value {
    json!({"indicator": "MARKET_SHARE", "value": value, "source": "Trade association", "as_of": as_of})
}

/// What an indicator says of C-1 as of a day.
fn indicator(app: &TestApp, code: &str, as_of: &str) -> Value {
    let all: Reply = app
        .credit()
        .get(&format!("/v1/customers/C-1/indicators?as_of={as_of}"))
        .expect(200);
    let all = all["indicators"].as_array().unwrap();
    all.iter().find(|one| one["code"] == code).unwrap().clone()
}

#[test]
fn the_newest_that_holds_counts_and_the_others_stay_to_be_seen() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let credit = app.credit();
        assert_eq!(
            indicator(app, "MARKET_SHARE", "2026-03-31")["missing"],
            json!({"code": "not_said"})
        );
        let first = app
            .sales()
            .post(PATH, share(json!(0.1), "2025-06-30"))
            .expect(201);
        assert_eq!(
            (&first["said_by"], &first["expires_on"]),
            (&json!("u-sales"), &json!("2026-06-30"))
        );
        let mut newer = share(json!(0.12), "2026-01-31");
        newer["expires_on"] = json!("2026-02-28");
        newer["note"] = json!("By their own account.");
        let newer = credit.post(PATH, newer).expect(201);
        for (as_of, value, fact) in [
            ("2026-01-30", 0.1, &first),
            ("2026-02-28", 0.12, &newer),
            ("2026-03-01", 0.1, &first),
        ] {
            let said = indicator(app, "MARKET_SHARE", as_of);
            assert_eq!(said["value"], json!(value), "{as_of}");
            assert_eq!(said["source"]["fact_id"], fact.id().as_str(), "{as_of}");
            assert_eq!(said["source"]["said_by"], fact["said_by"]);
        }
        assert_eq!(
            indicator(app, "MARKET_SHARE", "2025-06-29")["missing"],
            json!({"code": "not_said"})
        );
        app.turn_to("2026-07-01");
        let gone = indicator(app, "MARKET_SHARE", "2026-07-01");
        assert_eq!(gone["value"], Value::Null);
        assert_eq!(
            gone["missing"],
            json!({"code": "expired", "expired_on": "2026-06-30"})
        );
        assert_eq!(gone["as_of"], "2025-06-30");
        let listed = app.auditor().get(PATH).expect(200);
        let values: Vec<&Value> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fact| &fact["value"])
            .collect();
        assert_eq!(values, [0.12, 0.1]);
        let none = credit
            .get(&format!("{PATH}?indicator=AUDIT_OPINION"))
            .expect(200);
        assert_eq!(none["data"], json!([]));
    });
}

#[test]
fn an_answer_is_one_of_those_that_the_indicator_takes() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let say = |indicator: &str, value: Value| {
            let mut body = share(value, "2026-03-31");
            body["indicator"] = json!(indicator);
            app.credit().post(PATH, body)
        };
        say("AUDIT_OPINION", json!("qualified")).expect(201);
        say("MANAGEMENT_ABILITY", json!(7.5)).expect(201);
        assert_eq!(
            indicator(app, "AUDIT_OPINION", "2026-03-31")["value"],
            "qualified"
        );
        assert_eq!(
            indicator(app, "MANAGEMENT_ABILITY", "2026-03-31")["value"],
            7.5
        );
        for (indicator, value, pointer, code) in [
            ("AUDIT_OPINION", json!("good"), "/value", "no_answer"),
            ("AUDIT_OPINION", json!(1), "/value", "no_answer"),
            ("MANAGEMENT_ABILITY", json!(10.1), "/value", "no_answer"),
            ("MANAGEMENT_ABILITY", json!(-1), "/value", "no_answer"),
            ("MANAGEMENT_ABILITY", json!("7"), "/value", "no_answer"),
            ("CURRENT_RATIO", json!(2), "/value", "no_answer"),
            ("OVERDUE_COUNT", json!(0), "/value", "no_answer"),
            (
                "BROKEN_PROMISES",
                json!(0),
                "/indicator",
                "unknown_indicator",
            ),
        ] {
            let refused = say(indicator, value).expect_problem(422, "invalid");
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{indicator}");
            assert_eq!(refused["errors"][0]["code"], code, "{indicator}");
        }
        let mut early = share(json!(0.1), "2026-04-01");
        app.credit()
            .post(PATH, early.clone())
            .expect_problem(422, "invalid");
        early["as_of"] = json!("2026-03-31");
        early["expires_on"] = json!("2026-03-30");
        app.credit()
            .post(PATH, early)
            .expect_problem(422, "invalid");
        for value in [
            json!(null),
            json!(true),
            json!([1]),
            json!(1e16),
            json!(""),
            json!("x".repeat(65)),
        ] {
            say("MARKET_SHARE", value).expect_problem(400, "malformed_body");
        }
    });
}

#[test]
fn sales_speak_of_their_own_customers_and_readers_of_none() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").owned_by("u-other").create(app);
        let body = share(json!(0.1), "2026-03-31");
        app.sales()
            .post(PATH, body.clone())
            .expect_problem(404, "not_found");
        app.sales().get(PATH).expect_problem(404, "not_found");
        for reader in [app.finance(), app.auditor()] {
            reader.get(PATH).expect(200);
            reader
                .post(PATH, body.clone())
                .expect_problem(403, "forbidden");
        }
        app.system().get(PATH).expect_problem(403, "forbidden");
    });
}
