//! What goes live fits what is live: models and the scale that grades them. And the model that a new book begins with.

use serde_json::{Value, json};

use crate::support::{
    Reply, TestApp, a_customer, a_model, a_receipt, an_invoice, on_both, put_live, rate_by_share,
};

const TODAY: &str = "2026-03-31";

fn say_share(app: &TestApp, customer: &str, share: f64) {
    let body = json!({
        "indicator": "MARKET_SHARE", "value": share, "source": "Trade association", "as_of": TODAY,
    });
    app.credit()
        .post(&format!("/v1/customers/{customer}/facts"), body)
        .expect(201);
}

fn rate(app: &TestApp, customer: &str) -> Reply {
    app.credit()
        .post("/v1/ratings", json!({"customer": customer}))
        .expect(201)
}

/// A tree that asks for one characteristic and gives a probability on either side of a tenth.
fn a_tree(app: &TestApp, code: &str, characteristic: &str, below: f64, from: f64) -> Reply {
    let leaf = |probability: f64| json!({"leaf": {"probability_of_default": probability}});
    let tree = json!({"root": {"split": {
        "characteristic": characteristic, "test": {"below": 0.1}, "missing": "holds",
        "holds": leaf(below), "fails": leaf(from),
    }}});
    let body = json!({
        "code": code, "name": "For a test", "kind": "decision_tree", "document": tree, "reason": "A test needs it.",
    });
    app.credit().post("/v1/rating-models", body).expect(201)
}

/// Takes a draft until it is approved, and gives the answer of setting it live.
fn go_live(app: &TestApp, draft: &Reply) -> Reply {
    let reason = json!({"reason": "A test needs it."});
    let path = |verb: &str| format!("/v1/rating-models/{}/{verb}", draft.id());
    let shadow = app
        .credit()
        .post_if(&path("shadow"), &draft.etag(), reason.clone())
        .expect(200);
    let approved = app
        .finance()
        .post_if(&path("approve"), &shadow.etag(), reason.clone())
        .expect(200);
    app.finance()
        .post_if(&path("go-live"), &approved.etag(), reason)
}

/// Drafts the live scale with a change, and gives the answer of setting it live.
fn set_scale(app: &TestApp, change: impl Fn(&mut Value)) -> Reply {
    let mut document = app.credit().get("/v1/grade-scales/live").expect(200)["document"].clone();
    for grade in document["scale"]["grades"].as_array_mut().unwrap() {
        change(grade);
    }
    let body = json!({"document": document, "reason": "A test needs it."});
    let draft = app.credit().post("/v1/grade-scales", body).expect(201);
    let path = format!("/v1/grade-scales/{}/approve", draft.id());
    app.finance()
        .post_if(&path, &draft.etag(), json!({"reason": "A test needs it."}))
}

fn without(member: &'static str) -> impl Fn(&mut Value) {
    move |grade| {
        grade.as_object_mut().unwrap().remove(member);
    }
}

fn refusal(reply: Reply) -> Value {
    reply.expect_problem(422, "invalid")["errors"][0]["code"].clone()
}

#[test]
fn a_probability_of_default_is_graded_by_its_own_bands() {
    on_both(|app| {
        app.turn_to(TODAY);
        for (customer, share) in [("C-1", 0.05), ("C-2", 0.5)] {
            a_customer(customer).create(app);
            say_share(app, customer, share);
        }
        put_live(app, &a_tree(app, "TREE", "MARKET_SHARE", 0.3, 0.02));
        let graded = |customer: &str| {
            let rating = rate(app, customer);
            (
                rating["model"]["grade"].clone(),
                rating["model"]["score"].clone(),
            )
        };
        let (good, score) = graded("C-2");
        assert_eq!(good, "BB", "by 1 - 2% = {score} it would have been an AAA");
        assert_eq!(graded("C-1").0, "CCC");
    });
}

#[test]
fn a_model_whose_columns_are_no_indicators_does_not_go_live() {
    on_both(|app| {
        let refused = go_live(app, &a_tree(app, "COLUMNS", "days_late", 0.3, 0.02));
        assert_eq!(refusal(refused), "no_indicator");
        let live = app.credit().get("/v1/rating-models/live").expect(200);
        assert_eq!(live["code"], "FOUR_ASPECTS");
    });
}

#[test]
fn a_scale_that_does_not_cut_what_the_live_model_gives_is_refused_from_either_side() {
    on_both(|app| {
        set_scale(app, without("probability_up_to")).expect(200);
        let tree = a_tree(app, "TREE", "MARKET_SHARE", 0.3, 0.02);
        assert_eq!(refusal(go_live(app, &tree)), "scale_does_not_fit");
        let bands = |grade: &mut Value| {
            let (code, grade) = (grade["code"].clone(), grade.as_object_mut().unwrap());
            grade.remove("from");
            let up_to = ["AAA", "AA", "A", "BBB", "BB", "B"]
                .iter()
                .position(|one| code == *one);
            if let Some(place) = up_to {
                let up_to = [0.001, 0.003, 0.007, 0.015, 0.03, 0.08][place];
                grade.insert("probability_up_to".to_owned(), json!(up_to));
            }
        };
        // The live model, the four aspects, gives a score.
        assert_eq!(refusal(set_scale(app, bands)), "scale_does_not_fit");
    });
}

#[test]
fn a_composite_that_mixes_scores_and_probabilities_does_not_go_live() {
    on_both(|app| {
        let reason = json!({"reason": "A test needs it."});
        let approved = |draft: &Reply| {
            let path = |verb: &str| format!("/v1/rating-models/{}/{verb}", draft.id());
            let shadow = app
                .credit()
                .post_if(&path("shadow"), &draft.etag(), reason.clone())
                .expect(200);
            app.finance()
                .post_if(&path("approve"), &shadow.etag(), reason.clone())
                .expect(200)
        };
        let parts = [
            approved(&a_model(app, "SHARE", json!({}))),
            approved(&a_tree(app, "TREE", "MARKET_SHARE", 0.3, 0.02)),
        ];
        let parts: Vec<Value> = parts
            .iter()
            .map(|part| json!({"model_id": part.id(), "share": 1}))
            .collect();
        let body = json!({
            "code": "MIX", "name": "Mixed", "kind": "composite", "reason": "A test needs it.",
            "document": {"parts": parts, "missing": {"rule": "share_out"}},
        });
        let draft = app.credit().post("/v1/rating-models", body).expect(201);
        assert_eq!(refusal(go_live(app, &draft)), "mixed_measures");
    });
}

#[test]
fn going_live_shows_which_grades_the_book_would_get() {
    on_both(|app| {
        app.turn_to(TODAY);
        rate_by_share(app);
        for (customer, share) in [("C-1", 0.05), ("C-2", 0.5), ("C-3", 0.6)] {
            a_customer(customer).create(app);
            say_share(app, customer, share);
            rate(app, customer);
        }
        let counts = |distribution: &Value, member: &str| -> Vec<(String, i64)> {
            let grades = distribution["grades"].as_array().unwrap().iter();
            grades
                .map(|one| {
                    (
                        one["grade"].as_str().unwrap().to_owned(),
                        one[member].as_i64().unwrap(),
                    )
                })
                .filter(|(_, count)| *count > 0)
                .collect()
        };
        let of = |pairs: &[(&str, i64)]| -> Vec<(String, i64)> {
            pairs
                .iter()
                .map(|(grade, count)| ((*grade).to_owned(), *count))
                .collect()
        };
        let tree = a_tree(app, "TREE", "MARKET_SHARE", 0.3, 0.02);
        let before = app
            .credit()
            .get(&format!("/v1/rating-models/{}/distribution", tree.id()))
            .expect(200);
        let live = go_live(app, &tree).expect(200);
        assert_eq!(live["status"], "live");
        let shown = &live["distribution"];
        assert_eq!(*shown, before.body);
        assert_eq!(
            (&shown["customers"], &shown["looked_at"]),
            (&json!(3), &json!(3))
        );
        assert_eq!(counts(shown, "customers"), of(&[("BB", 2), ("CCC", 1)]));
        let now: i64 = counts(shown, "customers_now")
            .iter()
            .map(|(_, count)| count)
            .sum();
        assert_eq!(now, 3);
        // Only the answer of going live has it.
        let read = app
            .credit()
            .get(&format!("/v1/rating-models/{}", tree.id()))
            .expect(200);
        assert_eq!(read["distribution"], json!(null));
        app.credit()
            .get("/v1/rating-models/rmd_01k00000000000000000000009/distribution")
            .expect_problem(404, "not_found");
    });
}

#[test]
fn expected_economics_find_a_probability_for_every_graded_customer() {
    on_both(|app| {
        app.turn_to(TODAY);
        rate_by_share(app);
        let probability = |customer: &str| {
            let order = json!({
                "amount": {"amount": "100000.00", "currency": "CNY"}, "margin": "0.25", "customer": customer,
                "loss_given_default": "1", "capital_cost": "0.08", "days": 75,
            });
            let answer = app
                .sales()
                .post("/v1/terms-simulations", json!({"order": order}))
                .expect(200);
            answer["order"]["default_probability"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        // Customers of six months, without statements: capped at BBB.
        for (customer, share, grade, wanted) in [
            ("C-1", 0.9, "BBB", "0.01"),
            ("C-2", 0.45, "BB", "0.021"),
            ("C-3", 0.3, "B", "0.049"),
            ("C-4", 0.1, "CCC", "0.15"),
        ] {
            a_customer(customer).create(app);
            say_share(app, customer, share);
            assert_eq!(rate(app, customer)["grade"], grade);
            assert_eq!(probability(customer), wanted, "{grade}");
        }
        a_customer("C-5").create(app);
        assert_eq!(rate(app, "C-5")["grade"], "NR");
        assert_eq!(probability("C-5"), "0.03");
    });
}

#[test]
fn customers_in_yen_and_in_dollars_who_pay_alike_are_rated_alike() {
    on_both(|app| {
        app.turn_to(TODAY);
        let scores: Vec<Value> = [("USD", "00.00"), ("JPY", "0000")]
            .into_iter()
            .map(|(currency, end)| {
                let customer = format!("C-{currency}");
                a_customer(&customer).in_currency(currency).create(app);
                let number = |place: usize| format!("{currency}-{place}");
                for (place, (amount, due)) in [
                    ("50", "2025-12-01"),
                    ("30", "2026-01-15"),
                    ("20", "2026-02-15"),
                ]
                .into_iter()
                .enumerate()
                {
                    an_invoice(&number(place), &customer, &format!("{amount}{end}"))
                        .in_currency(currency)
                        .dated("2025-11-01")
                        .due(due)
                        .create(app);
                }
                a_receipt(&format!("R-{currency}"), &customer, &format!("80{end}"))
                    .in_currency(currency)
                    .dated("2026-01-10")
                    .paying(&number(0), &format!("50{end}"))
                    .paying(&number(1), &format!("30{end}"))
                    .create(app);
                let rating = rate(app, &customer);
                let share = rating["inputs"]["OVERDUE_SHARE"]["value"].clone();
                assert_eq!(
                    share.to_string().trim_matches('"'),
                    "0.2",
                    "{}",
                    rating.text
                );
                rating["model"]["score"].clone()
            })
            .collect();
        assert_eq!(scores[0], scores[1]);
        assert!(scores[0].as_f64().is_some());
    });
}
