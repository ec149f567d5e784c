//! Exchange rates: what one currency is in another, from which day, and that nothing is ever taken as 1:1.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, import, on_both, set_rate};
use kernel::caller::Role;

/// The ECB's reference rates of 28 June 2024, all against the euro.
const ECB: &str = "base_currency,quote_currency,rate,rate_date,source\n\
    EUR,USD,1.0705,2024-06-28,ECB\n\
    EUR,JPY,171.94,2024-06-28,ECB\n\
    EUR,CNY,7.7748,2024-06-28,ECB\n";

const PATH: &str = "/v1/exchange-rates";

fn rate_in(rate: Value) -> Value {
    json!({
        "base_currency": "EUR", "quote_currency": "CNY", "rate": rate, "rate_date": "2024-06-28", "source": "ECB",
    })
}

fn quote(app: &TestApp, from: &str, to: &str, on: &str) -> Reply {
    app.sales()
        .get(&format!("{PATH}/quote?from={from}&to={to}&on={on}"))
}

/// The rate that is used, and its day.
fn rate(app: &TestApp, from: &str, to: &str, on: &str) -> (String, String) {
    let quoted = quote(app, from, to, on).expect(200);
    (quoted.text_at("/rate"), quoted.text_at("/rate_date"))
}

fn pair(rate: &str, day: &str) -> (String, String) {
    (rate.to_owned(), day.to_owned())
}

/// The rates of a list, in its order.
fn listed(app: &TestApp, query: &str) -> Vec<String> {
    let list = app.auditor().get(&format!("{PATH}?{query}")).expect(200);
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rate| rate["rate"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_rate_that_finance_sets_can_be_read_and_the_trail_says_who_set_it() {
    on_both(|app| {
        let set = app
            .finance()
            .post(PATH, rate_in(json!("7.7748")))
            .expect(201);
        assert_eq!(set["base_currency"], "EUR");
        assert_eq!(set["quote_currency"], "CNY");
        assert_eq!(set["rate"], "7.7748");
        assert_eq!(set["rate_date"], "2024-06-28");
        assert_eq!(set["source"], "ECB");
        assert_eq!(set["set_by"], "u-finance");
        let location = set.header("location").unwrap();
        assert_eq!(location, format!("{PATH}/{}", set.id()));
        for reader in [app.sales(), app.system(), app.auditor(), app.admin()] {
            assert_eq!(reader.get(location).expect(200).body, set.body);
        }
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", set.id()))
            .expect(200);
        assert_eq!(trail["data"][0]["action"], "exchange_rate.set");
        assert_eq!(trail["data"][0]["subject"], "u-finance");
        assert_eq!(trail["data"][0]["after"]["rate"], "7.7748");
        app.sales()
            .get(&format!("{PATH}/fxr_01k00000000000000000000009"))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn only_finance_and_admin_set_rates() {
    on_both(|app| {
        app.admin().post(PATH, rate_in(json!("7.7748"))).expect(201);
        for role in [Role::Sales, Role::Credit, Role::Auditor, Role::System] {
            app.caller("u-other", &[role], None)
                .post(PATH, rate_in(json!("7.7748")))
                .expect_problem(403, "forbidden");
        }
        app.anonymous()
            .post(PATH, rate_in(json!("7.7748")))
            .expect_problem(401, "token_missing");
        assert_eq!(listed(app, ""), ["7.7748"]);
    });
}

#[test]
fn a_rate_holds_from_its_day_until_the_next_one() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        set_rate(app, "EUR", "CNY", "7.80", "2026-03-10");
        set_rate(app, "EUR", "CNY", "7.90", "2026-03-20");
        set_rate(app, "EUR", "CNY", "7.70", "2026-03-02");
        let held = |on| rate(app, "EUR", "CNY", on);
        assert_eq!(held("2026-03-02"), pair("7.70", "2026-03-02"));
        assert_eq!(held("2026-03-09"), pair("7.70", "2026-03-02"));
        assert_eq!(held("2026-03-10"), pair("7.80", "2026-03-10"));
        assert_eq!(held("2026-03-19"), pair("7.80", "2026-03-10"));
        assert_eq!(held("2027-01-01"), pair("7.90", "2026-03-20"));
        quote(app, "EUR", "CNY", "2026-03-01").expect_problem(422, "no_exchange_rate");
        // Today when no day is given.
        let today = app
            .credit()
            .get(&format!("{PATH}/quote?from=EUR&to=CNY"))
            .expect(200);
        assert_eq!(today["on"], "2026-03-31");
        assert_eq!(today["rate"], "7.90");
    });
}

#[test]
fn a_correction_of_the_same_day_holds_and_the_wrong_rate_stays_to_be_seen() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let wrong = set_rate(app, "EUR", "CNY", "77.748", "2026-03-30");
        let right = set_rate(app, "EUR", "CNY", "7.7748", "2026-03-30");
        set_rate(app, "EUR", "CNY", "7.60", "2026-03-29");
        let quoted = quote(app, "EUR", "CNY", "2026-03-30").expect(200);
        assert_eq!(quoted["rate"], "7.7748");
        assert_eq!(quoted["legs"][0]["exchange_rate_id"], right);
        assert_eq!(
            rate(app, "EUR", "CNY", "2026-03-29"),
            pair("7.60", "2026-03-29")
        );
        let kept = app.auditor().get(&format!("{PATH}/{wrong}")).expect(200);
        assert_eq!(kept["rate"], "77.748");
        assert_eq!(listed(app, ""), ["7.7748", "77.748", "7.60"]);
    });
}

#[test]
fn a_pair_that_is_quoted_the_other_way_round_is_divided_by() {
    on_both(|app| {
        let id = set_rate(app, "EUR", "USD", "1.0705", "2024-06-28");
        let quoted = quote(app, "USD", "EUR", "2024-06-28").expect(200);
        assert_eq!(quoted["rate"], "0.934142923867");
        assert_eq!(
            quoted["legs"],
            json!([{
                "exchange_rate_id": id, "base_currency": "EUR", "quote_currency": "USD", "rate": "1.0705",
                "inverse": true, "rate_date": "2024-06-28", "source": "ECB",
            }])
        );
        // Once the pair itself is there, it goes before its inverse, also when it is older.
        set_rate(app, "USD", "EUR", "0.93", "2024-06-01");
        assert_eq!(
            rate(app, "USD", "EUR", "2024-06-28"),
            pair("0.93", "2024-06-01")
        );
    });
}

#[test]
fn two_currencies_meet_in_a_third_one() {
    on_both(|app| {
        import("exchange_rates", ECB).run(&app.finance());
        set_rate(app, "EUR", "CNY", "7.7500", "2024-06-30");
        let quoted = quote(app, "USD", "CNY", "2024-06-29").expect(200);
        assert_eq!(quoted["rate"], "7.26277440448");
        assert_eq!(quoted["rate_date"], "2024-06-28");
        assert_eq!(quoted["source"], "ECB");
        let legs: Vec<_> = quoted["legs"].as_array().unwrap().iter().collect();
        assert_eq!(legs.len(), 2);
        assert_eq!(legs[0]["quote_currency"], "USD");
        assert_eq!(legs[0]["inverse"], true);
        assert_eq!(legs[1]["quote_currency"], "CNY");
        assert_eq!(legs[1]["inverse"], false);
        // As old as its older leg.
        assert_eq!(
            rate(app, "JPY", "CNY", "2024-06-30"),
            pair("0.0450738629755", "2024-06-28")
        );
        // Dollars to yen through pounds, whose rates are newer than those against the euro.
        set_rate(app, "USD", "GBP", "0.80", "2024-06-29");
        set_rate(app, "GBP", "JPY", "200", "2024-06-29");
        assert_eq!(
            rate(app, "USD", "JPY", "2024-06-29"),
            pair("160", "2024-06-29")
        );
    });
}

#[test]
fn where_no_rate_leads_nothing_is_taken_as_one_to_one() {
    on_both(|app| {
        quote(app, "USD", "CNY", "2024-06-28").expect_problem(422, "no_exchange_rate");
        set_rate(app, "EUR", "USD", "1.0705", "2024-06-28");
        set_rate(app, "GBP", "CNY", "9.2", "2024-06-28");
        // The rates between euro and pound would need a second crossing.
        set_rate(app, "EUR", "GBP", "0.84638", "2024-06-28");
        let refused =
            quote(app, "USD", "CNY", "2024-06-28").expect_problem(422, "no_exchange_rate");
        assert_eq!(refused["from"], "USD");
        assert_eq!(refused["to"], "CNY");
        assert_eq!(refused["on"], "2024-06-28");
        let chinese = app
            .sales()
            .request("GET", &format!("{PATH}/quote?from=USD&to=CNY"))
            .header("Accept-Language", "zh-CN")
            .send()
            .expect_problem(422, "no_exchange_rate");
        assert!(chinese.text_at("/detail").contains("从 USD 到 CNY 的汇率"));
        let same = quote(app, "USD", "USD", "2024-06-28").expect(200);
        assert_eq!(same["rate"], "1");
        assert_eq!(same["source"], "identity");
        assert_eq!(same["legs"], json!([]));
    });
}

#[test]
fn a_rate_that_makes_no_sense_is_refused() {
    on_both(|app| {
        let finance = app.finance();
        for rate in [
            json!("0"),
            json!("0.00"),
            json!("-7.77"),
            json!("1e3"),
            json!("7,77"),
            json!("07.77"),
            json!(" 7.77"),
            json!(""),
            json!("NaN"),
            json!("1000000000000"),
            json!("7.77480000001"),
            json!(7.77),
            json!(null),
        ] {
            finance
                .post(PATH, rate_in(rate))
                .expect_problem(400, "malformed_body");
        }
        for (member, value) in [
            ("quote_currency", json!("EUR")),
            ("quote_currency", json!("cny")),
            ("base_currency", json!("XAU")),
            ("rate_date", json!("2024-06-31")),
            ("rate_date", json!("28.06.2024")),
            ("source", json!("")),
            ("source", json!("x".repeat(65))),
            ("source", json!("two\nlines")),
            ("note", json!("unknown")),
        ] {
            let mut body = rate_in(json!("7.7748"));
            body[member] = value;
            finance
                .post(PATH, body)
                .expect_problem(400, "malformed_body");
        }
        assert_eq!(listed(app, ""), [""; 0]);
        // The largest and the smallest one that there may be.
        for rate in ["999999999999.9999999999", "0.0000000001"] {
            let set = finance.post(PATH, rate_in(json!(rate))).expect(201);
            assert_eq!(set["rate"], rate);
        }
    });
}

#[test]
fn nobody_sets_a_rate_for_a_day_that_has_not_begun() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let mut body = rate_in(json!("7.7748"));
        body["rate_date"] = json!("2026-04-01");
        let refused = app
            .finance()
            .post(PATH, body.clone())
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/rate_date");
        assert_eq!(refused["errors"][0]["code"], "in_future");
        app.turn_to("2026-04-01");
        app.finance().post(PATH, body).expect(201);
    });
}

#[test]
fn a_repeated_request_sets_one_rate() {
    on_both(|app| {
        let send = |rate: &str| {
            app.finance()
                .request("POST", PATH)
                .key("rates-of-the-day")
                .json(rate_in(json!(rate)))
                .send()
        };
        let first = send("7.7748").expect(201);
        let again = send("7.7748").expect(201);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        send("7.78").expect_problem(422, "idempotency_key_reused");
        assert_eq!(listed(app, ""), ["7.7748"]);
    });
}

#[test]
fn a_list_has_the_newest_rates_first_by_pair_day_and_source() {
    on_both(|app| {
        import("exchange_rates", ECB).run(&app.finance());
        set_rate(app, "EUR", "CNY", "7.70", "2024-06-01");
        let mut body = rate_in(json!("7.50"));
        body["base_currency"] = json!("USD");
        body["source"] = json!("People's Bank of China");
        app.finance().post(PATH, body).expect(201);
        assert_eq!(
            listed(app, ""),
            ["7.50", "7.7748", "171.94", "1.0705", "7.70"]
        );
        assert_eq!(listed(app, "base_currency=USD"), ["7.50"]);
        assert_eq!(
            listed(app, "quote_currency=CNY&base_currency=EUR"),
            ["7.7748", "7.70"]
        );
        assert_eq!(
            listed(app, "quote_currency=JPY&quote_currency=USD"),
            ["171.94", "1.0705"]
        );
        assert_eq!(listed(app, "rate_date_to=2024-06-27"), ["7.70"]);
        assert_eq!(
            listed(
                app,
                "rate_date_from=2024-06-28&source=People%27s+Bank+of+China"
            ),
            ["7.50"]
        );
        let first = app.auditor().get(&format!("{PATH}?limit=3")).expect(200);
        assert_eq!(first["has_more"], true);
        let cursor = first.text_at("/next_cursor");
        assert_eq!(
            listed(app, &format!("limit=3&cursor={cursor}")),
            ["1.0705", "7.70"]
        );
        app.auditor()
            .get(&format!("{PATH}?base_currency=XXX"))
            .expect_problem(400, "malformed_parameter");
        for query in [
            "",
            "from=USD",
            "from=USD&to=usd",
            "from=USD&to=CNY&on=today",
        ] {
            app.auditor()
                .get(&format!("{PATH}/quote?{query}"))
                .expect_problem(400, "malformed_parameter");
        }
    });
}

#[track_caller]
fn expect_report(job: &Reply, created: i64, unchanged: i64, rejected: i64) {
    let lines = created + unchanged + rejected;
    let expected =
        json!({"lines": lines, "created": created, "unchanged": unchanged, "rejected": rejected});
    assert_eq!(job["result"], expected, "{}", job.text);
}

#[test]
fn a_file_of_rates_that_is_sent_again_changes_nothing() {
    on_both(|app| {
        let send = |file: &str| import("exchange_rates", file).run(&app.finance());
        expect_report(&send(ECB), 3, 0, 0);
        expect_report(&send(ECB), 0, 3, 0);
        // The same number written otherwise is the same; another number is a correction.
        let other = ECB.replace("7.7748", "7.77480").replace("171.94", "171.95");
        expect_report(&send(&other), 1, 2, 0);
        expect_report(&send(&other), 0, 3, 0);
        assert_eq!(
            rate(app, "EUR", "JPY", "2024-06-28"),
            pair("171.95", "2024-06-28")
        );
        assert_eq!(listed(app, "quote_currency=JPY"), ["171.95", "171.94"]);
        let twice = "base_currency,quote_currency,rate,rate_date,source\n\
            EUR,CHF,0.96,2024-06-28,ECB\nEUR,CHF,0.96,2024-06-28,ECB\nEUR,CHF,0.9634,2024-06-28,ECB\n";
        expect_report(&send(twice), 2, 1, 0);
        assert_eq!(
            rate(app, "EUR", "CHF", "2024-06-28"),
            pair("0.9634", "2024-06-28")
        );
    });
}

#[test]
fn every_wrong_line_of_a_file_of_rates_is_reported() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let file = "base_currency,quote_currency,rate,rate_date,source\n\
            EUR,USD,0,2026-03-02,ECB\n\
            EUR,EUR,1,2026-03-02,ECB\n\
            EUR,CNY,7.7748,2026-04-01,ECB\n\
            EUR,CNY,7.7748,,\n\
            EUR,CNY,7.7748,2026-03-31,ECB\n";
        let job = import("exchange_rates", file).run(&app.admin());
        expect_report(&job, 1, 0, 4);
        let errors: Vec<_> = job["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                let text = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
                (
                    error["line"].as_i64().unwrap(),
                    text("column"),
                    text("code"),
                )
            })
            .collect();
        let expected = [
            (2, "rate", "malformed"),
            (3, "quote_currency", "same_currency"),
            (5, "rate_date", "missing"),
            (5, "source", "missing"),
            (4, "rate_date", "in_future"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, column, code)| (*line, (*column).to_owned(), (*code).to_owned()))
            .collect();
        assert_eq!(errors, expected);
        import("exchange_rates", ECB)
            .send(&app.credit())
            .expect_problem(403, "forbidden");
        import("exchange_rates", ECB)
            .send(&app.system())
            .expect_problem(403, "forbidden");
        import("customers", "number,name,country\nA-1,First,CN\n")
            .send(&app.admin())
            .expect_problem(403, "forbidden");
    });
}
