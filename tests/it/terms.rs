//! Terms by grade in the policy, what they cost and bring, and two policies side by side.

use serde_json::{Value, json};

use crate::support::{
    Reply, TestApp, a_customer, a_graded_customer, an_invoice, draft_policy, on_both, put_live,
    rate_by_share,
};

fn cny(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

fn simulate(app: &TestApp, body: Value) -> Reply {
    app.sales().post("/v1/terms-simulations", body)
}

// ---------------------------------------------------------------- the policy's rows

#[test]
fn a_new_house_gives_each_grade_its_terms() {
    on_both(|app| {
        let live = app.sales().get("/v1/policies/live").expect(200);
        let rows = live["document"]["terms"].as_array().unwrap();
        let grades: Vec<(&Value, &Value)> = rows
            .iter()
            .map(|row| (&row["grade"], &row["net_days_max"]))
            .collect();
        assert_eq!(grades.len(), 7);
        assert_eq!(grades[2], (&json!("A"), &json!(60)));
        assert_eq!(rows[2]["discount"], json!({"rate": "0.02", "days": 10}));
        assert_eq!(rows[6]["prepaid_share"], "1.00");
        assert_eq!(live["document"]["limit_methods"]["combination"], "min");
        assert_eq!(live["document"]["straight_through"], Value::Null);
    });
}

#[test]
fn terms_that_make_no_sense_are_pointed_at() {
    on_both(|app| {
        let mut document = app.credit().get("/v1/policies/live").expect(200)["document"].clone();
        document["terms"][2]["discount"]["days"] = json!(60);
        document["terms"][3]["grade"] = json!("A");
        document["limit_methods"]["weights"] = json!([{"method": "net_worth", "weight": "1"}]);
        document["straight_through"] =
            json!({"ceilings": {"CNY": "99999999.00"}, "worst_grade": "XX"});
        let body = json!({"document": document, "reason": "Wrong."});
        let refused = app
            .credit()
            .post("/v1/policies", body)
            .expect_problem(422, "invalid");
        let told: Vec<String> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                format!(
                    "{} {}",
                    error["pointer"].as_str().unwrap(),
                    error["code"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "/document/terms/2/discount/days not_before_due",
                "/document/terms/3/grade repeated",
                "/document/limit_methods/weights not_used",
                "/document/straight_through/worst_grade unknown_grade",
                "/document/straight_through/ceilings/CNY above_authority",
            ]
        );
        let mut wrong = document.clone();
        wrong["terms"][0]["net_days_max"] = json!(366);
        let body = json!({"document": wrong, "reason": "Wrong."});
        app.credit().post("/v1/policies", body).expect(400);
    });
}

#[test]
fn a_document_of_before_is_taken_and_has_no_terms() {
    on_both(|app| {
        let drafted = draft_policy(app, |document| {
            for name in ["terms", "limit_methods", "straight_through"] {
                document.as_object_mut().unwrap().remove(name).unwrap();
            }
        });
        assert_eq!(drafted["document"]["terms"], json!([]));
        assert_eq!(drafted["document"]["limit_methods"]["buffer_days"], 15);
    });
}

#[test]
fn two_policies_are_compared_path_by_path() {
    on_both(|app| {
        let live = app.credit().get("/v1/policies/live").expect(200);
        let drafted = draft_policy(app, |document| {
            document["terms"].as_array_mut().unwrap().remove(0);
            document["terms"][1]["net_days_max"] = json!(45);
            document["limit_methods"]["combination"] = json!("median");
        });
        let path = format!("/v1/policies/{}/compare", drafted.id());
        let compared = app.auditor().get(&path).expect(200);
        assert_eq!(compared["with_id"], json!(live.id()));
        let told: Vec<String> = compared["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                format!(
                    "{} {} [{}]",
                    one["kind"].as_str().unwrap(),
                    one["pointer"].as_str().unwrap(),
                    one["row"].as_str().unwrap_or("-")
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "changed /limit_methods/combination [-]",
                "removed /terms/0 [AAA]",
                "changed /terms/1/net_days_max [A]",
            ]
        );
        let back = app
            .admin()
            .get(&format!(
                "/v1/policies/{}/compare?with={}",
                live.id(),
                drafted.id()
            ))
            .expect(200);
        assert_eq!(back["differences"][1]["before"], 45);
        assert_eq!(back["differences"][1]["after"], 60);
        app.credit()
            .get(&format!("{path}?with=pol_01k00000000000000000000009"))
            .expect_problem(404, "not_found");
        app.sales().get(&path).expect_problem(403, "forbidden");
    });
}

// ---------------------------------------------------------------- simulations

#[test]
fn an_order_a_discount_and_a_year_are_worked_out_with_every_step() {
    on_both(|app| {
        let year = |collection: &str| {
            json!({
                "credit_sales": cny("5000.00"), "variable_cost_share": "0.40", "capital_cost": "0.10",
                "bad_debt_share": "0.025", "collection_cost": cny(collection), "year_days": 360,
                "groups": [
                    {"share": "0.60", "pays_on_day": 10, "discount_rate": "0.03"},
                    {"share": "0.18", "pays_on_day": 20, "discount_rate": "0.02"},
                    {"share": "0.22", "pays_on_day": 45, "discount_rate": "0"}
                ],
            })
        };
        let found = simulate(
            app,
            json!({
                "order": {"amount": cny("100000.00"), "margin": "0.25", "default_probability": "0.04",
                    "loss_given_default": "1", "capital_cost": "0.08", "days": 75},
                "discount": {"rate": "0.02", "days": 10, "pays_on_day": 30},
                "year": {"before": year("120.00"), "after": year("20.00")},
            }),
        )
        .expect(200);
        assert_eq!(found["order"]["expected_profit"], cny("19767.12"));
        assert_eq!(
            found["order"]["break_even"]["default_probability"],
            "0.237671"
        );
        assert_eq!(found["order"]["steps"][1]["name"], "expected_loss");
        assert_eq!(found["discount"]["nominal"], "0.372449");
        assert_eq!(found["discount"]["effective"], "0.445853");
        let before = &found["year"]["before"];
        assert_eq!(before["average_collection_days"], "19.5");
        assert_eq!(before["opportunity_cost"], cny("10.83"));
        assert_eq!(before["profit"], cny("2636.17"));
        assert_eq!(found["year"]["change"]["profit"], cny("100.00"));
        assert_eq!(found["year"]["steps"].as_array().unwrap().len(), 11);
    });
}

/// An order for a customer, without a probability of default.
fn order_of(app: &TestApp, customer: &str) -> Reply {
    let order = json!({
        "amount": cny("100000.00"), "margin": "0.25", "customer": customer, "loss_given_default": "1",
        "capital_cost": "0.08", "days": 75,
    });
    simulate(app, json!({"order": order}))
}

#[test]
fn an_order_takes_the_probability_of_default_of_its_customers_rating() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        rate_by_share(app);
        a_graded_customer(app, "C-1", "BB");
        a_customer("C-2").create(app);
        let refusal = |customer: &str| {
            let problem = order_of(app, customer).expect_problem(422, "invalid");
            let error = &problem["errors"][0];
            (error["pointer"].clone(), error["code"].clone())
        };
        assert_eq!(
            refusal("C-2"),
            (json!("/order/customer"), json!("not_rated"))
        );
        assert_eq!(refusal("C-9"), (json!("/order/customer"), json!("unknown")));
        // The scale says how likely each grade defaults: netterms' own says 2.1% of a BB.
        let by_the_house =
            || order_of(app, "C-1").expect(200)["order"]["default_probability"].clone();
        assert_eq!(by_the_house(), "0.021");
        let live = app.credit().get("/v1/grade-scales/live").expect(200);
        let mut document = live["document"].clone();
        document["scale"]["grades"][4]["probability_of_default"] = json!(0.04);
        let drafted = app
            .credit()
            .post(
                "/v1/grade-scales",
                json!({"document": document, "reason": "Counted."}),
            )
            .expect(201);
        app.finance()
            .post_if(
                &format!("/v1/grade-scales/{}/approve", drafted.id()),
                &drafted.etag(),
                json!({"reason": "Agreed."}),
            )
            .expect(200);
        assert_eq!(by_the_house(), "0.021", "it was rated on the scale before");
        let rate = || {
            app.credit()
                .post("/v1/ratings", json!({"customer": "C-1"}))
                .expect(201)
        };
        let rating = rate();
        let answered = order_of(app, "C-1").expect(200);
        assert_eq!(answered["order"]["expected_profit"], cny("19767.12"));
        assert_eq!(answered["order"]["default_probability"], "0.04");
        assert_eq!(
            answered["order"]["probability_source"],
            json!({"kind": "grade", "rating_id": rating.id(), "grade_scale_id": drafted.id()})
        );
        // A model that has one of its own goes before.
        let leaf = |probability: f64| json!({"leaf": {"probability_of_default": probability}});
        let tree = json!({"root": {"split": {
            "characteristic": "MARKET_SHARE", "test": {"below": 0.2}, "missing": "fails",
            "holds": leaf(0.3), "fails": leaf(0.1),
        }}});
        let body = json!({
            "code": "TREE", "name": "For a test", "kind": "decision_tree", "document": tree,
            "reason": "A test needs it.",
        });
        put_live(
            app,
            &app.credit().post("/v1/rating-models", body).expect(201),
        );
        rate();
        let answered = order_of(app, "C-1").expect(200);
        assert_eq!(answered["order"]["default_probability"], "0.1");
        assert_eq!(answered["order"]["probability_source"]["kind"], "model");
        // Who asks may say otherwise, and must say something.
        let mut order = json!({
            "amount": cny("100000.00"), "margin": "0.25", "default_probability": "0.04",
            "loss_given_default": "1", "capital_cost": "0.08", "days": 75,
        });
        let answered = simulate(app, json!({"order": order})).expect(200);
        assert_eq!(
            answered["order"]["probability_source"],
            json!({"kind": "given"})
        );
        order.as_object_mut().unwrap().remove("default_probability");
        simulate(app, json!({"order": order})).expect(400);
    });
}

#[test]
fn what_can_not_be_simulated_is_pointed_at() {
    on_both(|app| {
        simulate(app, json!({})).expect(400);
        let order = json!({"amount": cny("100.00"), "margin": "1.25", "default_probability": "0.04",
            "loss_given_default": "1", "capital_cost": "0.08", "days": 75});
        let refused = simulate(app, json!({"order": order})).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/order/margin");
        let late = json!({"discount": {"rate": "0.02", "days": 10, "pays_on_day": 10}});
        let refused = simulate(app, late).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/discount/pays_on_day");
        let huge = json!({"discount": {"rate": "0.9999999999", "days": 0, "pays_on_day": 1}});
        simulate(app, huge).expect_problem(422, "invalid");
        let days = json!({"discount": {"rate": "0.02", "days": -1, "pays_on_day": 10}});
        simulate(app, days).expect(400);
        app.auditor()
            .post("/v1/terms-simulations", json!({}))
            .expect_problem(403, "forbidden");
    });
}

// ---------------------------------------------------------------- two policies over the book

fn assuming(with: Option<&str>) -> Value {
    json!({
        "with": with, "currency": "CNY", "variable_cost_share": "0.75", "capital_cost": "0.08",
        "discount_taken_share": "0", "bad_debt_share": "0.005", "collection_cost_share": "0",
    })
}

#[test]
fn the_terms_of_two_policies_are_compared_over_what_was_sold() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        rate_by_share(app);
        a_graded_customer(app, "C-1", "BB");
        a_graded_customer(app, "C-2", "BB");
        a_customer("C-3").create(app);
        an_invoice("I-1", "C-1", "300000.00")
            .dated("2025-06-01")
            .create(app);
        an_invoice("I-2", "C-2", "65000.00")
            .dated("2026-03-31")
            .create(app);
        // A year and a day ago, and of a customer without a rating.
        an_invoice("I-3", "C-1", "5.00")
            .dated("2025-03-31")
            .create(app);
        an_invoice("I-4", "C-3", "35000.00")
            .dated("2026-01-01")
            .create(app);
        let drafted = draft_policy(app, |document| {
            document["terms"][4]["net_days_max"] = json!(103);
        });
        let path = format!("/v1/policies/{}/compare-terms", drafted.id());
        let found = app.auditor().post(&path, assuming(None)).expect(200);
        assert_eq!(found["from"], "2025-04-01");
        assert_eq!(found["parts"].as_array().unwrap().len(), 1);
        let part = &found["parts"][0];
        assert_eq!(
            (&part["grade"], &part["customers"]),
            (&json!("BB"), &json!(2))
        );
        assert_eq!(part["credit_sales"], cny("365000.00"));
        assert_eq!(part["before"]["terms"]["net_days_max"], 30);
        assert_eq!(part["after"]["groups"][0]["pays_on_day"], 103);
        // 73 days more of 1,000 a day, three quarters of it cost, at 8 %.
        assert_eq!(found["total"]["change"]["funds_tied_up"], cny("54750.00"));
        assert_eq!(found["total"]["change"]["profit"], cny("-4380.00"));
        assert_eq!(found["covered_share"], "0.9125");
        assert_eq!(found["left_out"][0]["reason"], "not_rated");
        assert_eq!(found["left_out"][0]["credit_sales"], cny("35000.00"));
        // A policy beside itself changes nothing.
        let same = app
            .finance()
            .post(&path, assuming(Some(&drafted.id())))
            .expect(200);
        assert_eq!(same["total"]["change"]["profit"], cny("0.00"));
        let mut euros = assuming(None);
        euros["currency"] = json!("EUR");
        app.credit()
            .post(&path, euros)
            .expect_problem(422, "invalid");
        let mut wrong = assuming(None);
        wrong["discount_taken_share"] = json!("1.5");
        let refused = app
            .credit()
            .post(&path, wrong)
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/discount_taken_share");
        app.sales()
            .post(&path, assuming(None))
            .expect_problem(403, "forbidden");
    });
}
