//! Grade scales and rating models: written by one person, tried, approved by another, live.

use std::fmt::Write as _;

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_model, on_both, put_live, upload};

fn approve_scale(app: &TestApp, who: &str, roles: &[Role], scale: &Reply) -> Reply {
    app.caller(who, roles, None).post_if(
        &format!("/v1/grade-scales/{}/approve", scale.id()),
        &scale.etag(),
        json!({"reason": "Agreed in the credit committee."}),
    )
}

fn live_scale(app: &TestApp) -> Reply {
    app.sales().get("/v1/grade-scales/live").expect(200)
}

fn draft_scale(app: &TestApp, change: impl FnOnce(&mut Value)) -> Reply {
    let mut document = live_scale(app)["document"].clone();
    change(&mut document);
    app.credit().post(
        "/v1/grade-scales",
        json!({"document": document, "reason": "After a year of experience."}),
    )
}

// ---------------------------------------------------------------- grade scales

#[test]
fn a_new_house_grades_from_aaa_to_ccc() {
    on_both(|app| {
        let live = live_scale(app);
        let codes: Vec<&str> = live["document"]["scale"]["grades"]
            .as_array()
            .unwrap()
            .iter()
            .map(|grade| grade["code"].as_str().unwrap())
            .collect();
        assert_eq!(codes, ["AAA", "AA", "A", "BBB", "BB", "B", "CCC"]);
        assert_eq!(live["document"]["scale"]["in_default"], "D");
        assert_eq!(live["document"]["rating_months"], 12);
        let read = app
            .auditor()
            .get(&format!("/v1/grade-scales/{}", live.id()));
        assert_eq!(read.expect(200).body, live.body);
        app.system()
            .get("/v1/grade-scales")
            .expect_problem(403, "forbidden");
        app.credit()
            .get("/v1/grade-scales/gsc_01k00000000000000000000009")
            .expect_problem(404, "not_found");
    });
}

#[test]
fn nobody_who_wrote_a_scale_sets_it_live() {
    on_both(|app| {
        let first = live_scale(app);
        let drafted = draft_scale(app, |document| document["rating_months"] = json!(6)).expect(201);
        approve_scale(app, "u-credit", &[Role::Credit, Role::Finance], &drafted)
            .expect_problem(403, "segregation_of_duties");
        let changed = app
            .caller("u-second", &[Role::Admin], None)
            .put(
                &format!("/v1/grade-scales/{}", drafted.id()),
                &drafted.etag(),
                json!({"document": drafted["document"], "reason": "Read over."}),
            )
            .expect(200);
        assert_eq!(changed["drafters"], json!(["u-credit", "u-second"]));
        approve_scale(app, "u-finance", &[Role::Finance], &drafted).expect_problem(412, "stale");
        let live = approve_scale(app, "u-finance", &[Role::Finance], &changed).expect(200);
        assert_eq!(
            (&live["status"], &live["scale_version"]),
            (&json!("live"), &json!(2))
        );
        assert_eq!(live_scale(app)["document"]["rating_months"], 6);
        let retired = app
            .credit()
            .get(&format!("/v1/grade-scales/{}", first.id()));
        assert_eq!(retired.expect(200)["status"], "retired");
        approve_scale(app, "u-third", &[Role::Credit], &live).expect_problem(409, "state_conflict");
        let listed = app
            .auditor()
            .get("/v1/grade-scales?status=retired")
            .expect(200);
        assert_eq!(listed["data"][0]["scale_version"], 1);
    });
}

#[test]
fn a_scale_that_makes_no_sense_is_refused_with_the_places() {
    on_both(|app| {
        let refused = draft_scale(app, |document| {
            document["scale"]["grades"][2]["from"] = json!(0.9);
        })
        .expect_problem(422, "invalid");
        assert_eq!(
            refused["errors"][0]["pointer"],
            "/document/scale/grades/2/from"
        );
        let refused = draft_scale(app, |document| {
            document["bounds"]["rules"][1]["bound"]["grade"] = json!("ZZ");
            document["rating_months"] = json!(0);
        })
        .expect_problem(422, "invalid");
        let places: Vec<&str> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(
            places,
            [
                "/document/bounds/rules/1/bound/grade",
                "/document/rating_months"
            ]
        );
        draft_scale(app, |document| document["rating_months"] = json!("long"))
            .expect_problem(422, "invalid");
    });
}

#[test]
fn cut_offs_are_proposed_by_exact_clustering() {
    on_both(|app| {
        let scores = json!([0.12, 0.18, 0.22, 0.41, 0.44, 0.47, 0.52, 0.78, 0.83, 0.90]);
        let proposed = app
            .credit()
            .post(
                "/v1/grade-scales/propose",
                json!({"scores": scores, "codes": ["A", "B", "C"]}),
            )
            .expect(200);
        assert_eq!(proposed["proposal"]["cut_offs"], json!([0.315, 0.65]));
        assert_eq!(proposed["proposal"]["goodness_of_fit"], 0.972_312);
        assert_eq!(
            proposed["scale"]["grades"],
            json!([{"code": "A", "from": 0.65}, {"code": "B", "from": 0.315}, {"code": "C"}])
        );
        let refused = app
            .credit()
            .post(
                "/v1/grade-scales/propose",
                json!({"scores": [0.1, 0.1], "codes": ["A", "B"]}),
            )
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "too_few_scores");
        // Of a book that was never rated there are no scores.
        app.credit()
            .post("/v1/grade-scales/propose", json!({}))
            .expect_problem(422, "invalid");
        app.finance()
            .post("/v1/grade-scales/propose", json!({}))
            .expect_problem(403, "forbidden");
    });
}

// ---------------------------------------------------------------- models

fn verb(app: &TestApp, who: &str, role: Role, verb: &str, model: &Reply) -> Reply {
    app.caller(who, &[role], None).post_if(
        &format!("/v1/rating-models/{}/{verb}", model.id()),
        &model.etag(),
        json!({"reason": "As agreed."}),
    )
}

#[test]
fn a_new_house_rates_by_the_four_aspects() {
    on_both(|app| {
        let live = app.credit().get("/v1/rating-models/live").expect(200);
        assert_eq!(
            (&live["code"], &live["kind"]),
            (&json!("FOUR_ASPECTS"), &json!("attribute_tree"))
        );
        // The weights of formulas 3.1.
        let ratio = &live["weights"]["judgements"]["consistency"]["ratio"];
        assert!(
            (ratio.as_f64().unwrap() - 0.011_475).abs() < 1e-5,
            "{ratio}"
        );
        let templates = app.admin().get("/v1/rating-templates").expect(200);
        let codes: Vec<&str> = templates["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|template| template["code"].as_str().unwrap())
            .collect();
        assert_eq!(codes, ["FOUR_ASPECTS", "5C", "5W", "CAMEL", "FEATURE_18"]);
        app.sales()
            .get("/v1/rating-models")
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn a_model_goes_from_draft_by_way_of_shadow_and_approval_to_live() {
    on_both(|app| {
        let before = app.credit().get("/v1/rating-models/live").expect(200);
        let draft = a_model(app, "SHARE", json!({}));
        assert_eq!(
            (&draft["status"], &draft["model_version"]),
            (&json!("draft"), &json!(1))
        );
        verb(app, "u-finance", Role::Finance, "approve", &draft)
            .expect_problem(409, "state_conflict");
        let shadow = verb(app, "u-credit", Role::Credit, "shadow", &draft).expect(200);
        let change = json!({
            "code": "SHARE", "name": "Changed", "kind": "anchored_topsis", "document": shadow["document"],
            "reason": "Too late.",
        });
        app.credit()
            .put(
                &format!("/v1/rating-models/{}", shadow.id()),
                &shadow.etag(),
                change,
            )
            .expect_problem(409, "state_conflict");
        verb(app, "u-credit", Role::Finance, "approve", &shadow)
            .expect_problem(403, "segregation_of_duties");
        verb(app, "u-admin", Role::Admin, "approve", &shadow).expect_problem(403, "forbidden");
        verb(app, "u-finance", Role::Finance, "approve", &draft).expect_problem(412, "stale");
        let approved = verb(app, "u-finance", Role::Finance, "approve", &shadow).expect(200);
        assert_eq!(approved["approver"], "u-finance");
        verb(app, "u-credit", Role::Credit, "go-live", &approved)
            .expect_problem(403, "segregation_of_duties");
        let live = verb(app, "u-second", Role::Credit, "go-live", &approved).expect(200);
        assert_eq!(live["status"], "live");
        verb(app, "u-credit", Role::Credit, "retire", &live).expect_problem(409, "state_conflict");
        let retired = app
            .credit()
            .get(&format!("/v1/rating-models/{}", before.id()));
        assert_eq!(retired.expect(200)["status"], "retired");
        // The next draft of the same code is its second version.
        assert_eq!(a_model(app, "SHARE", json!({}))["model_version"], 2);
        let listed = app
            .auditor()
            .get("/v1/rating-models?code=SHARE&status=live")
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_draft_is_changed_with_its_etag_and_keeps_code_and_kind() {
    on_both(|app| {
        let draft = a_model(app, "SHARE", json!({}));
        let path = format!("/v1/rating-models/{}", draft.id());
        let body = |code: &str, kind: &str| {
            json!({
                "code": code, "name": "By market share", "kind": kind, "document": draft["document"],
                "reason": "Read over.",
            })
        };
        let changed = app
            .caller("u-second", &[Role::Admin], None)
            .put(&path, &draft.etag(), body("SHARE", "anchored_topsis"))
            .expect(200);
        assert_eq!(changed["drafters"], json!(["u-credit", "u-second"]));
        let credit = app.credit();
        credit
            .put(&path, &draft.etag(), body("SHARE", "anchored_topsis"))
            .expect_problem(412, "stale");
        let refused = credit.put(&path, &changed.etag(), body("OTHER", "anchored_topsis"));
        assert_eq!(
            refused.expect_problem(422, "invalid")["errors"][0]["pointer"],
            "/code"
        );
        let refused = credit.put(&path, &changed.etag(), body("SHARE", "scorecard"));
        assert_eq!(
            refused.expect_problem(422, "invalid")["errors"][0]["pointer"],
            "/kind"
        );
    });
}

#[test]
fn judgements_that_contradict_each_other_are_refused_with_the_one_to_revise() {
    on_both(|app| {
        let templates = app.credit().get("/v1/rating-templates").expect(200);
        let mut tree = templates["data"][0]["tree"].clone();
        tree["weighting"] = json!({"judged": [
            [1, 9, 0.111_111, 3], [0.111_111, 1, 9, 2], [9, 0.111_111, 1, 4], [0.333_333, 0.5, 0.25, 1]
        ]});
        let body = json!({
            "code": "OURS", "name": "Ours", "kind": "attribute_tree", "document": {"tree": tree},
            "reason": "Weighed anew.",
        });
        let refused = app
            .credit()
            .post("/v1/rating-models", body)
            .expect_problem(422, "invalid");
        let error = &refused["errors"][0];
        assert_eq!(error["code"], "inconsistent");
        assert!(
            error["pointer"]
                .as_str()
                .unwrap()
                .starts_with("/document/tree/weighting")
        );
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("consistency ratio"),
            "{error}"
        );
    });
}

#[test]
fn a_composite_is_made_of_models_that_are_approved() {
    on_both(|app| {
        let part = a_model(app, "SHARE", json!({}));
        let composite = |id: &str| {
            app.credit().post(
                "/v1/rating-models",
                json!({
                    "code": "MIX", "name": "Two views", "kind": "composite",
                    "document": {"parts": [{"model_id": id, "share": 1.0}], "missing": {"rule": "refuse"}},
                    "reason": "Both together.",
                }),
            )
        };
        let refused = composite(&part.id()).expect_problem(422, "invalid");
        assert_eq!(
            refused["errors"][0]["pointer"],
            "/document/parts/0/model_id"
        );
        let part = verb(app, "u-credit", Role::Credit, "shadow", &part).expect(200);
        let mix = composite(&part.id()).expect(201);
        let mix = verb(app, "u-credit", Role::Credit, "shadow", &mix).expect(200);
        let refused = verb(app, "u-finance", Role::Finance, "approve", &mix);
        assert_eq!(
            refused.expect_problem(422, "invalid")["errors"][0]["code"],
            "part_not_approved"
        );
        verb(app, "u-finance", Role::Finance, "approve", &part).expect(200);
        verb(app, "u-finance", Role::Finance, "approve", &mix).expect(200);
        let nested = composite(&mix.id()).expect_problem(422, "invalid");
        assert_eq!(nested["errors"][0]["code"], "composite");
    });
}

// ---------------------------------------------------------------- fitting

/// Customers of whom the late ones turn out badly more often, drawn without chance.
fn training_set(rows: usize) -> String {
    let mut csv = "days_late,years,region,outcome\n".to_owned();
    for row in 0..rows {
        let late = (row * 37) % 60;
        let years = (row * 13) % 25;
        let region = ["north", "south", "east"][row % 3];
        let risk = late + (25 - years) + (row * 29) % 30;
        let outcome = if risk > 65 { "bad" } else { "good" };
        writeln!(csv, "{late},{years},{region},{outcome}").unwrap();
    }
    csv
}

fn plan(kind: &str, column: &str) -> Value {
    json!({
        "code": "FITTED", "name": "Learnt from our book", "kind": kind,
        "target": {"column": column, "bad": "bad", "good": "good"}, "seed": 7, "reason": "First fit.",
    })
}

fn fit(app: &TestApp, plan: &Value, csv: &str) -> Reply {
    upload("/v1/rating-models/fit", csv)
        .part("plan", plan.to_string())
        .run(&app.credit())
}

#[test]
fn a_scorecard_is_fitted_validated_and_drawn() {
    on_both(|app| {
        let csv = training_set(900);
        let job = fit(app, &plan("scorecard", "outcome"), &csv);
        assert_eq!(job["status"], "succeeded", "{}", job.text);
        let auc = job["result"]["auc"].as_f64().unwrap();
        assert!(auc > 0.7, "{auc}");
        let id = job["result"]["rating_model_id"].as_str().unwrap();
        let model = app
            .credit()
            .get(&format!("/v1/rating-models/{id}"))
            .expect(200);
        assert_eq!(
            (&model["status"], &model["author"]),
            (&json!("draft"), &json!("u-credit"))
        );
        assert_eq!(
            model["report"]["validation"]["auc"]["value"],
            job["result"]["auc"]
        );
        assert_eq!(model["report"]["learnt_from"], 630);
        for chart in ["roc", "ks", "calibration"] {
            let drawn = app
                .auditor()
                .get(&format!("/v1/rating-models/{id}/charts/{chart}.svg"))
                .expect(200);
            assert_eq!(drawn.header("content-type"), Some("image/svg+xml"));
            assert!(drawn.text.starts_with("<svg"), "{chart}");
        }
        app.auditor()
            .get(&format!("/v1/rating-models/{id}/charts/pie.svg"))
            .expect(404);
        // The same file, plan and seed give the same model.
        let again = fit(app, &plan("scorecard", "outcome"), &csv);
        let id = again["result"]["rating_model_id"].as_str().unwrap();
        let twin = app
            .credit()
            .get(&format!("/v1/rating-models/{id}"))
            .expect(200);
        assert_eq!(twin["document"], model["document"]);
        assert_eq!(twin["model_version"], 2);
    });
}

#[test]
fn a_decision_tree_is_fitted() {
    on_both(|app| {
        let job = fit(app, &plan("decision_tree", "outcome"), &training_set(900));
        assert_eq!(job["status"], "succeeded", "{}", job.text);
        let id = job["result"]["rating_model_id"].as_str().unwrap();
        let model = app
            .credit()
            .get(&format!("/v1/rating-models/{id}"))
            .expect(200);
        assert!(model["document"]["root"]["split"]["characteristic"].is_string());
        // Changed by hand, it is no longer what was validated.
        let live = app.credit().get("/v1/rating-models/live").expect(200);
        app.credit()
            .get(&format!("/v1/rating-models/{}/charts/roc.svg", live.id()))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn a_fit_that_can_not_be_made_says_why() {
    on_both(|app| {
        let job = fit(app, &plan("scorecard", "result"), &training_set(100));
        assert_eq!(job["status"], "failed");
        assert!(
            job["errors"][0]["message"]
                .as_str()
                .unwrap()
                .contains("`result`")
        );
        let job = fit(app, &plan("scorecard", "region"), &training_set(100));
        assert_eq!(job["status"], "failed", "{}", job.text);
        let twice = "a,a,outcome\n1,2,good\n";
        let job = fit(app, &plan("scorecard", "outcome"), twice);
        assert_eq!(job["errors"][0]["code"], "repeated", "{}", job.text);
        let send = |plan: &Value| {
            upload("/v1/rating-models/fit", "a,outcome\n1,good\n")
                .part("plan", plan.to_string())
                .send(&app.credit())
        };
        send(&plan("composite", "outcome")).expect_problem(400, "malformed_body");
        let mut strange = plan("scorecard", "outcome");
        strange["colour"] = json!("red");
        send(&strange).expect_problem(400, "malformed_body");
        upload("/v1/rating-models/fit", "a\n1\n")
            .send(&app.credit())
            .expect_problem(400, "malformed_body");
        upload("/v1/rating-models/fit", "a\n1\n")
            .part("plan", strange.to_string())
            .send(&app.finance())
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn a_live_model_is_retired_only_by_its_successor() {
    on_both(|app| {
        let draft = a_model(app, "SHARE", json!({}));
        let live = put_live(app, &draft);
        assert_eq!(live["status"], "live");
        let next = put_live(app, &a_model(app, "SHARE", json!({})));
        let retired = app
            .credit()
            .get(&format!("/v1/rating-models/{}", live.id()));
        let retired = retired.expect(200);
        assert_eq!(retired["status"], "retired");
        assert_eq!(next["model_version"], 2);
        verb(app, "u-credit", Role::Credit, "retire", &retired)
            .expect_problem(409, "state_conflict");
    });
}
