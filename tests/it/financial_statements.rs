//! Financial statements: what a customer reports, and what it tells.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, a_statement, on_both};

/// One ratio of an answered statement.
fn ratio<'a>(reply: &'a Reply, code: &str) -> &'a Value {
    let ratios = reply["ratios"].as_array().unwrap();
    ratios.iter().find(|ratio| ratio["code"] == code).unwrap()
}

fn altman<'a>(reply: &'a Reply, model: &str) -> &'a Value {
    let scores = reply["altman"].as_array().unwrap();
    scores.iter().find(|score| score["model"] == model).unwrap()
}

fn with_customer(test: impl Fn(&TestApp)) {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        test(app);
    });
}

#[test]
fn a_statement_tells_its_ratios_and_z_scores_with_what_went_in() {
    with_customer(|app| {
        let entered = a_statement("C-1").enter(app).expect(201);
        let id = entered.text_at("/statement/id");
        let path = format!("/v1/financial-statements/{id}");
        assert_eq!(entered.header("location"), Some(path.as_str()));
        let read = app.credit().get(&path).expect(200);
        assert_eq!(read.body, entered.body);
        assert_eq!(read["warnings"], json!([]));
        let current = ratio(&read, "current_ratio");
        assert_eq!(current["value"], "1.5625");
        assert_eq!(current["formula"], "current_assets / current_liabilities");
        assert_eq!(current["inputs"][1]["amount"]["amount"], "3200.00");
        let private = &altman(&read, "private")["score"];
        assert_eq!(
            (&private["score"], &private["zone"]),
            (&json!("2.01334"), &json!("grey"))
        );
        assert_eq!(private["components"][3]["ratio"], "0.666667");
        let others = &altman(&read, "non_manufacturing")["score"];
        assert_eq!(
            (&others["score"], &others["zone"]),
            (&json!("2.9746"), &json!("safe"))
        );
        assert_eq!(altman(&read, "emerging_market")["score"]["score"], "6.2246");
    });
}

#[test]
fn what_is_not_given_is_missing_and_never_zero() {
    with_customer(|app| {
        let read = a_statement("C-1").enter(app).expect(201);
        let quick = ratio(&read, "quick_ratio");
        assert_eq!(quick["value"], Value::Null);
        assert_eq!(
            quick["no_value"],
            json!({"code": "missing", "line": "inventory"})
        );
        let growth = ratio(&read, "sales_growth");
        assert_eq!(growth["no_value"], json!({"code": "no_period_before"}));
        let listed = altman(&read, "listed");
        assert_eq!(listed["score"], Value::Null);
        assert_eq!(
            listed["missing"],
            json!([{"code": "missing", "line": "market_value"}])
        );
        let idle = a_statement("C-1")
            .of("2024-12-31", "2025-03-20")
            .with("sales", "0.00");
        let idle = idle.with("net_profit", "0.00").enter(app).expect(201);
        let margin = ratio(&idle, "net_margin");
        assert_eq!(
            margin["no_value"],
            json!({"code": "zero_divisor", "line": "sales"})
        );
    });
}

#[test]
fn growth_and_trends_look_at_the_year_before() {
    with_customer(|app| {
        let last_year = a_statement("C-1")
            .of("2024-12-31", "2025-03-20")
            .with("sales", "10000.00")
            .with("current_assets", "6000.00")
            .create(app);
        // A half year is no year, and nothing is compared with it.
        a_statement("C-1")
            .of("2025-06-30", "2025-08-20")
            .saying("months", json!(6))
            .saying("kind", json!("interim"))
            .with("sales", "5000.00")
            .create(app);
        let read = a_statement("C-1").enter(app).expect(201);
        assert_eq!(read["before_id"], last_year.as_str());
        let growth = ratio(&read, "sales_growth");
        assert_eq!(growth["value"], "0.2");
        assert_eq!(growth["inputs"][1]["period_end"], "2024-12-31");
        let trends = read["trends"].as_array().unwrap();
        let trend = trends
            .iter()
            .find(|trend| trend["code"] == "current_ratio")
            .unwrap();
        assert_eq!(
            trend["points"][0],
            json!({"period_end": "2024-12-31", "value": "1.875", "no_value": null})
        );
        assert_eq!(
            (&trend["change"], &trend["movement"]),
            (&json!("-0.3125"), &json!("worsened"))
        );
        assert_eq!(trend["points"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_correction_is_another_version_and_both_are_to_be_seen() {
    with_customer(|app| {
        let first = a_statement("C-1").create(app);
        let again = a_statement("C-1").enter(app).expect_problem(422, "invalid");
        assert_eq!(again["errors"][0]["code"], "period_exists");
        assert!(again.text.contains(&first));
        let corrected = a_statement("C-1").with("ebit", "700.00").correcting(&first);
        let second = corrected.enter(app).expect(201);
        assert_eq!(second["statement"]["statement_version"], 2);
        assert_eq!(second["statement"]["corrects_id"], first.as_str());
        let second = second.text_at("/statement/id");
        let refused = corrected.enter(app).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "not_current");
        let old = app
            .credit()
            .get(&format!("/v1/financial-statements/{first}"))
            .expect(200);
        assert_eq!(old["statement"]["corrected_by_id"], second.as_str());
        assert_eq!(old["statement"]["lines"]["ebit"]["amount"], "900.00");
        let listed = app.credit().get(&a_statement("C-1").path()).expect(200);
        let versions: Vec<&Value> = listed["data"].as_array().unwrap().iter().collect();
        assert_eq!(versions.len(), 2);
        assert_eq!(
            (&versions[0]["id"], &versions[0]["corrected_by_id"]),
            (&json!(second), &Value::Null)
        );
        assert_eq!(
            (&versions[1]["id"], &versions[1]["corrected_by_id"]),
            (&json!(first), &json!(second))
        );
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={second}"))
            .expect(200);
        assert_eq!(trail["data"][0]["action"], "financial_statement.entered");
        assert_eq!(trail["data"][0]["reason"], "The auditor found more.");
        assert!(trail["data"][0]["before"]["id"] == first.as_str());
    });
}

#[test]
fn nobody_corrects_another_customers_or_periods_statement() {
    with_customer(|app| {
        a_customer("C-2").create(app);
        let other = a_statement("C-2").create(app);
        a_statement("C-1")
            .correcting(&other)
            .enter(app)
            .expect_problem(422, "invalid");
        let mine = a_statement("C-1").create(app);
        let elsewhere = a_statement("C-1")
            .of("2024-12-31", "2025-03-20")
            .correcting(&mine);
        elsewhere.enter(app).expect_problem(422, "invalid");
    });
}

#[test]
fn of_two_corrections_at_the_same_moment_one_holds() {
    with_customer(|app| {
        let first = a_statement("C-1").create(app);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..6)
                .map(|n| {
                    let corrected = a_statement("C-1")
                        .with("ebit", &format!("{n}.00"))
                        .correcting(&first);
                    scope.spawn(move || corrected.enter(app).status)
                })
                .collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 201).count(),
            1,
            "{statuses:?}"
        );
        assert_eq!(
            statuses.iter().filter(|status| **status == 422).count(),
            5,
            "{statuses:?}"
        );
    });
}

#[test]
fn a_repeated_entry_is_answered_as_the_first_time() {
    with_customer(|app| {
        let statement = a_statement("C-1");
        let enter = || {
            let request = app.credit().request("POST", &statement.path()).key("once");
            request.json(statement.body()).send().expect(201)
        };
        let first = enter();
        let again = enter();
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    });
}

#[test]
fn what_no_statement_can_be_is_refused_where_it_stands() {
    with_customer(|app| {
        let refused = a_statement("C-1")
            .with("total_equity", "3900.00")
            .enter(app);
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/lines/total_assets");
        assert_eq!(refused["errors"][0]["code"], "sum");
        let refused = a_statement("C-1").with("inventory", "-1.00").enter(app);
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/lines/inventory");
        let mut body = a_statement("C-1").body();
        body["lines"]["cash"] = json!({"amount": "10.00", "currency": "EUR"});
        let refused = app.credit().post(&a_statement("C-1").path(), body);
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "currency");
        for (period_end, received_on) in
            [("2026-06-30", "2026-06-30"), ("2025-12-31", "2026-04-01")]
        {
            let early = a_statement("C-1").of(period_end, received_on).enter(app);
            assert_eq!(
                early.expect_problem(422, "invalid")["errors"][0]["code"],
                "in_future"
            );
        }
        let listed = app.credit().get(&a_statement("C-1").path()).expect(200);
        assert_eq!(listed["data"], json!([]));
    });
}

#[test]
fn what_does_not_fit_together_is_a_warning_and_rounding_is_none() {
    with_customer(|app| {
        let odd = a_statement("C-1")
            .with("cash", "3000.00")
            .with("receivables", "2500.00")
            .with("cost_of_sales", "8000.00")
            .with("gross_profit", "4500.00")
            .enter(app)
            .expect(201);
        let lines: Vec<&Value> = odd["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|warning| &warning["misfit"]["line"])
            .collect();
        assert_eq!(lines, ["current_assets", "gross_profit"]);
        assert_eq!(odd["warnings"][0]["misfit"]["code"], "parts_exceed");
        let rounded = a_statement("C-1")
            .of("2024-12-31", "2025-03-20")
            .with("total_equity", "4010.00");
        assert_eq!(rounded.enter(app).expect(201)["warnings"], json!([]));
    });
}

#[test]
fn a_malformed_statement_is_refused_by_itself() {
    with_customer(|app| {
        let post = |body: Value| {
            let reply = app.credit().post(&a_statement("C-1").path(), body);
            reply.expect_problem(400, "malformed_body")
        };
        let good = a_statement("C-1");
        for (member, value) in [
            ("months", json!(0)),
            ("months", json!(19)),
            ("months", json!(null)),
            ("kind", json!("interim")),
            ("kind", json!("monthly")),
            ("audit", json!(true)),
            ("lines", json!({})),
            ("lines", json!([])),
            (
                "lines",
                json!({"goodwill": {"amount": "1.00", "currency": "CNY"}}),
            ),
            (
                "lines",
                json!({"cash": {"amount": "1e3", "currency": "CNY"}}),
            ),
            (
                "lines",
                json!({"cash": {"amount": "1.001", "currency": "CNY"}}),
            ),
            (
                "lines",
                json!({"cash": {"amount": "1000000000000.00", "currency": "CNY"}}),
            ),
            ("lines", json!({"cash": "1.00"})),
            ("received_on", json!("2025-12-30")),
            ("period_end", json!("2025-02-30")),
            ("source", json!("")),
            ("correction_reason", json!("Why not.")),
            ("surprise", json!(1)),
        ] {
            post(good.clone().saying(member, value).body());
        }
        let twice = good.body().to_string().replace(
            "\"lines\":{",
            "\"lines\":{\"sales\":{\"amount\":\"1.00\",\"currency\":\"CNY\"},",
        );
        let request = app.credit().request("POST", &good.path());
        let request = request.header("Content-Type", "application/json");
        let refused = request
            .bytes(twice.into_bytes())
            .send()
            .expect_problem(400, "malformed_body");
        assert!(refused.text.contains("given twice"), "{}", refused.text);
    });
}

#[test]
fn sales_enter_and_read_their_own_customers_statements_only() {
    with_customer(|app| {
        a_customer("C-2").owned_by("u-other").create(app);
        let mine = app
            .sales()
            .post(&a_statement("C-1").path(), a_statement("C-1").body())
            .expect(201);
        assert_eq!(mine["statement"]["entered_by"], "u-sales");
        let theirs = a_statement("C-2").create(app);
        let sales = app.sales();
        sales
            .post(&a_statement("C-2").path(), a_statement("C-2").body())
            .expect_problem(404, "not_found");
        sales
            .get(&a_statement("C-2").path())
            .expect_problem(404, "not_found");
        sales
            .get(&format!("/v1/financial-statements/{theirs}"))
            .expect_problem(404, "not_found");
        for reader in [app.finance(), app.auditor()] {
            reader
                .get(&format!("/v1/financial-statements/{theirs}"))
                .expect(200);
            reader
                .post(&a_statement("C-1").path(), a_statement("C-1").body())
                .expect_problem(403, "forbidden");
        }
        app.system()
            .get(&a_statement("C-1").path())
            .expect_problem(403, "forbidden");
    });
}
