//! Weights: what judgements amount to, and what hangs on them.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, on_both};

// ---------------------------------------------------------------- judgements, weighed

fn four_groups() -> Value {
    // 0.333 stands for a third: of two opposite judgements the larger counts.
    json!([
        [1, 2, 0.5, 3],
        [0.5, 1, 0.333, 2],
        [2, 3, 1, 4],
        [0.333, 0.5, 0.25, 1]
    ])
}

fn weigh(app: &TestApp, body: Value) -> Reply {
    app.credit().post("/v1/ahp/weights", body)
}

#[test]
fn four_groups_are_weighed_as_the_book_has_it() {
    on_both(|app| {
        let body = json!({"experts": [{"name": "Committee", "matrix": four_groups()}]});
        let found = weigh(app, body).expect(200);
        assert_eq!(
            found["weights"],
            json!([0.277_181, 0.160_088, 0.467_296, 0.095_435])
        );
        assert_eq!(
            found["consistency"],
            json!({
                "lambda_max": 4.030_983, "consistency_index": 0.010_328, "table": "saaty", "random_index": 0.9,
                "consistency_ratio": 0.011_475, "limit": 0.1, "verdict": "accept"
            })
        );
        assert_eq!(found["revision"], Value::Null);
        assert_eq!(found["experts"][0]["weights"], found["weights"]);
        let by_2006 = json!({
            "experts": [{"name": "Committee", "matrix": four_groups()}], "table": "alonso_lamata2006",
        });
        let found = weigh(app, by_2006).expect(200);
        assert_eq!(found["consistency"]["random_index"], 0.8815);
    });
}

#[test]
fn several_experts_are_taken_together_by_the_geometric_mean() {
    on_both(|app| {
        let two = json!({"experts": [
            {"name": "Sales", "matrix": [[1, 8], [0.125, 1]]}, {"name": "Credit", "matrix": [[1, 2], [0.5, 1]]}
        ]});
        let found = weigh(app, two).expect(200);
        assert_eq!(found["matrix"], json!([[1.0, 4.0], [0.25, 1.0]]));
        assert_eq!(found["weights"], json!([0.8, 0.2]));
        assert_eq!(
            found["experts"][1]["weights"],
            json!([0.666_667, 0.333_333])
        );
        assert_eq!(
            found["judgements"],
            json!([{"row": 0, "column": 1, "lowest": 2.0, "geometric_mean": 4.0, "highest": 8.0, "spread": 2.0}])
        );
    });
}

#[test]
fn judgements_that_contradict_each_other_are_named_with_the_one_to_think_over() {
    on_both(|app| {
        // A is twice B, B is twice C, and C should be twice A.
        let circle = json!([[1, 2, 0.5], [0.5, 1, 2], [2, 0.5, 1]]);
        let body = json!({"experts": [{"name": "One", "matrix": circle}]});
        let found = weigh(app, body).expect(200);
        assert_eq!(found["consistency"]["verdict"], "revise");
        // Each of the three is twice, or half, of what their weights say, and any one put right makes all fit.
        assert_eq!(found["revision"]["factor"], 2.0);
        assert_eq!(found["revision"]["ratio_after"], 0.0);
    });
}

#[test]
fn a_matrix_that_is_none_is_refused_with_its_place() {
    on_both(|app| {
        let one =
            |matrix: Value| weigh(app, json!({"experts": [{"name": "One", "matrix": matrix}]}));
        for (matrix, pointer, code) in [
            (
                json!([[1, 2], [2, 1]]),
                "/experts/0/matrix/0/1",
                "not_reciprocal",
            ),
            (
                json!([[2, 2], [0.5, 1]]),
                "/experts/0/matrix/0/0",
                "not_one",
            ),
            (
                json!([[1, 0], [0.5, 1]]),
                "/experts/0/matrix/0/1",
                "out_of_range",
            ),
            (
                json!([[1, 101], [0.0099, 1]]),
                "/experts/0/matrix/0/1",
                "out_of_range",
            ),
        ] {
            let refused = one(matrix).expect_problem(422, "invalid");
            assert_eq!(
                (
                    &refused["errors"][0]["pointer"],
                    &refused["errors"][0]["code"]
                ),
                (&json!(pointer), &json!(code))
            );
        }
        for matrix in [
            json!([[1, 2]]),
            json!([]),
            json!([[1], [1]]),
            json!("big"),
            json!(vec![vec![1; 16]; 16]),
        ] {
            one(matrix).expect_problem(400, "malformed_body");
        }
        let sizes = json!({"experts": [
            {"name": "One", "matrix": [[1, 2], [0.5, 1]]}, {"name": "Two", "matrix": [[1]]}
        ]});
        let refused = weigh(app, sizes).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/experts/1/matrix");
        weigh(app, json!({"experts": []})).expect_problem(400, "malformed_body");
        app.sales()
            .post("/v1/ahp/weights", json!({"experts": []}))
            .expect_problem(403, "forbidden");
    });
}

// ---------------------------------------------------------------- what hangs on weights

fn leaf(code: &str) -> Value {
    json!({"code": code, "name": {"en": code, "zh": code}, "indicator": {
        "code": code, "scoring": {"kind": "linear", "worst": 0, "best": 10},
        "missing": {"rule": "leave_out", "penalty": 0.5}}})
}

/// A draft that weighs ability with six and product with four tenths.
fn ability_and_product(app: &TestApp) -> Reply {
    let tree = json!({
        "code": "GOAL", "name": {"en": "Goal", "zh": "目标"}, "weighting": {"given": [6, 4]},
        "children": [leaf("MANAGEMENT_ABILITY"), leaf("PRODUCT")],
    });
    let body = json!({
        "code": "JUDGED", "name": "By judgement", "kind": "attribute_tree", "document": {"tree": tree},
        "reason": "A test needs it.",
    });
    app.credit().post("/v1/rating-models", body).expect(201)
}

/// A customer with these points.
fn judged(app: &TestApp, number: &str, points: [Option<f64>; 2]) -> String {
    let id = a_customer(number).create(app).id;
    for (code, value) in ["MANAGEMENT_ABILITY", "PRODUCT"].iter().zip(points) {
        let Some(value) = value else {
            continue;
        };
        let fact =
            json!({"indicator": code, "value": value, "source": "Visit", "as_of": "2026-03-31"});
        app.credit()
            .post(&format!("/v1/customers/{number}/facts"), fact)
            .expect(201);
    }
    id
}

#[test]
fn a_model_tells_at_which_weight_grades_and_order_turn_over() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let model = ability_and_product(app);
        let first = judged(app, "C-1", [Some(7.0), Some(3.0)]);
        let second = judged(app, "C-2", [Some(5.0), Some(6.0)]);
        judged(app, "C-3", [None, None]);
        let path = format!("/v1/rating-models/{}/sensitivity", model.id());
        let body = json!({"step": 0.1, "customers": ["C-1", second, "C-3"]});
        let found = app.auditor().post(&path, body).expect(200);
        // 0.7 w + 0.3 (1 - w): 0.54 at 0.6, and BBB from 0.50 at 0.5 to 0.60 at 0.75.
        let one = &found["customers"][0];
        assert_eq!(
            (&one["customer_id"], &one["score"], &one["grade"]),
            (&json!(first), &json!(0.54), &json!("BBB"))
        );
        assert_eq!(
            one["nearest"],
            json!({"path": ["MANAGEMENT_ABILITY"], "weight": 0.6, "at": 0.5, "grade": "BB", "moved": 0.1})
        );
        let nothing_known = &found["customers"][2];
        assert_eq!(
            (&nothing_known["grade"], &nothing_known["nearest"]),
            (&json!("NR"), &Value::Null)
        );
        assert!(nothing_known["not_rated_because"].is_string());
        let ability = &found["attributes"][0];
        assert_eq!(ability["path"], json!(["MANAGEMENT_ABILITY"]));
        assert_eq!(
            ability["raised"],
            json!({"weight": 0.7, "rank_changes": 0, "leaves": [
                {"code": "MANAGEMENT_ABILITY", "weight_before": 0.6, "weight_after": 0.7, "rank_before": 1, "rank_after": 1},
                {"code": "PRODUCT", "weight_before": 0.4, "weight_after": 0.3, "rank_before": 2, "rank_after": 2}
            ]})
        );
        // With a half each they share the first rank.
        assert_eq!(ability["lowered"]["rank_changes"], 1);
        assert_eq!(
            ability["grade_turns"][0],
            json!({
                "customer_id": first, "lower": {"at": 0.5, "grade": "BB"}, "higher": {"at": 0.75, "grade": "A"}
            })
        );
        assert_eq!(ability["grade_turns"].as_array().unwrap().len(), 2);
        // 0.5 w + 0.6 (1 - w) is as much at 0.6, and then the first leads.
        assert_eq!(
            ability["order_turns"],
            json!([{"at": 0.6, "ahead_below": second, "ahead_above": first}])
        );
    });
}

#[test]
fn what_is_missing_takes_part_in_where_a_grade_turns() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let model = ability_and_product(app);
        judged(app, "C-1", [Some(8.0), None]);
        let path = format!("/v1/rating-models/{}/sensitivity", model.id());
        let found = app
            .finance()
            .post(&path, json!({"customers": ["C-1"]}))
            .expect(200);
        // 0.8 less half of what the missing one weighs: 0.6 at 0.6, which is A from just there.
        assert_eq!(found["customers"][0]["grade"], "A");
        let turns = &found["attributes"][0]["grade_turns"][0];
        assert_eq!(turns["lower"], json!({"at": 0.6, "grade": "BBB"}));
        assert_eq!(turns["higher"], json!({"at": 0.8, "grade": "AA"}));
    });
}

#[test]
fn only_the_weights_of_an_attribute_tree_can_be_moved() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let tree = app.credit().get("/v1/rating-models/live").expect(200);
        let path = format!("/v1/rating-models/{}/sensitivity", tree.id());
        let found = app.credit().post(&path, json!({})).expect(200);
        assert_eq!(
            (&found["step"], &found["customers"]),
            (&json!(0.05), &json!([]))
        );
        assert_eq!(found["attributes"][0]["weight"], 0.277_181);
        let other = crate::support::a_model(app, "SHARE", json!({}));
        let refused = app
            .credit()
            .post(
                &format!("/v1/rating-models/{}/sensitivity", other.id()),
                json!({}),
            )
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "not_an_attribute_tree");
        let refused = app
            .credit()
            .post(&path, json!({"customers": ["C-9"]}))
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/customers/0");
        for body in [
            json!({"step": 0}),
            json!({"step": 1.5}),
            json!({"customers": vec!["C-1"; 21]}),
        ] {
            app.credit()
                .post(&path, body)
                .expect_problem(400, "malformed_body");
        }
        app.credit()
            .post(
                "/v1/rating-models/rmd_01k00000000000000000000001/sensitivity",
                json!({}),
            )
            .expect_problem(404, "not_found");
        app.sales()
            .post(&path, json!({}))
            .expect_problem(403, "forbidden");
    });
}
