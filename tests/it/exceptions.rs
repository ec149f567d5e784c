//! What the policy has for a customer's grade binds a recommendation, unless an exception says why not.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::applications::{Case, account, chief, cny, second};
use crate::support::{Client, Reply, TestApp, a_customer, on_both_as_shipped, set_policy};

fn recommend(case: &Case, who: &Client, limit: &str, days: i32, exceptions: Value) -> Reply {
    let body = json!({
        "limit": cny(limit), "net_days": days, "exceptions": exceptions, "reason": "A large customer.",
    });
    case.step(who, "recommend", body)
}

fn bound(reply: &Reply) -> Vec<(String, String)> {
    let errors = reply["errors"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    errors
        .map(|error| {
            assert_eq!(error["code"], "above_policy");
            (text(&error["pointer"]), text(&error["message"]))
        })
        .collect()
}

fn term() -> Value {
    json!([{"kind": "term", "reason": "A public hospital: the law gives it 60 days."}])
}

#[test]
fn what_passes_the_row_of_the_grade_is_refused_and_both_bounds_are_named() {
    on_both_as_shipped(|app| {
        a_customer("C-1").create(app);
        let case = Case::under_review(app, "C-1", "900000.00");
        let refused = recommend(&case, &app.credit(), "900000.00", 150, json!([]));
        let bounds = bound(&refused.expect_problem(422, "invalid"));
        assert_eq!(bounds[0].0, "/limit");
        assert!(bounds[0].1.contains("grade NR"), "{bounds:?}");
        assert!(bounds[0].1.contains("25000.00"), "{bounds:?}");
        assert_eq!(bounds[1].0, "/net_days");
        assert!(bounds[1].1.contains("30 days"), "{bounds:?}");
        // An exception of one kind does not pass the other.
        let refused = recommend(&case, &app.credit(), "900000.00", 150, term());
        let bounds = bound(&refused.expect_problem(422, "invalid"));
        assert_eq!(bounds.len(), 1);
        assert_eq!(bounds[0].0, "/limit");
        // Each kind once, and never without a reason.
        let twice = json!([{"kind": "term", "reason": "One."}, {"kind": "term", "reason": "Two."}]);
        recommend(&case, &app.credit(), "20000.00", 60, twice)
            .expect_problem(400, "malformed_body");
        let mute = json!([{"kind": "term", "reason": ""}]);
        recommend(&case, &app.credit(), "20000.00", 60, mute).expect_problem(400, "malformed_body");
        // What the row allows takes none.
        let done = recommend(&case, &app.credit(), "25000.00", 30, json!([])).expect(200);
        assert_eq!(done["recommendation"]["exceptions"], json!([]));
    });
}

#[test]
fn an_exception_is_approved_by_whom_the_policy_names_for_it() {
    on_both_as_shipped(|app| {
        let made = a_customer("C-1").create(app);
        let case = Case::under_review(app, "C-1", "20000.00");
        let done = recommend(&case, &app.credit(), "20000.00", 60, term()).expect(200);
        assert_eq!(done["recommendation"]["exceptions"], term());
        // The limit alone would be within the authority of level 1.
        let refused = case
            .approve(&second(app))
            .expect_problem(403, "exception_authority");
        assert_eq!(refused["kind"], "term");
        assert_eq!(
            refused["needed"],
            json!(["credit level 2", "finance level 1"])
        );
        assert_eq!(account(app, &made.account)["limit_kind"], "none");
        let approved = case.approve(&chief(app)).expect(200);
        assert_eq!(approved["status"], "approved");
        let steps = approved["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["verb"] == "recommend");
        assert_eq!(step.unwrap()["details"]["exceptions"], term());
        assert_eq!(account(app, &made.account)["net_days"], 60);
        // Sales read that it is approved, not why credit made an exception.
        let seen = app.sales().get(&case.path()).expect(200);
        assert_eq!(seen["recommendation"]["exceptions"], json!([]));
        assert!(!format!("{seen:?}").contains("public hospital"));
    });
}

#[test]
fn a_policy_may_let_nobody_make_exceptions_and_one_that_is_silent_binds_nothing() {
    on_both_as_shipped(|app| {
        a_customer("C-1").create(app);
        let case = Case::under_review(app, "C-1", "20000.00");
        set_policy(app, |document| document["exceptions"] = json!([]));
        recommend(&case, &app.credit(), "20000.00", 60, term()).expect(200);
        let refused = case
            .approve(&chief(app))
            .expect_problem(403, "exception_authority");
        assert_eq!(refused["needed"], json!([]));
        a_customer("C-2").create(app);
        let case = Case::under_review(app, "C-2", "20000.00");
        set_policy(app, |document| {
            let rows = document["terms"].as_array_mut().unwrap();
            rows.retain(|row| row["grade"] != "NR");
        });
        recommend(&case, &app.credit(), "20000.00", 60, json!([])).expect(200);
        case.approve(&chief(app)).expect(200);
    });
}

#[test]
fn the_row_is_looked_at_again_when_it_is_approved() {
    on_both_as_shipped(|app| {
        a_customer("C-1").create(app);
        let case = Case::under_review(app, "C-1", "20000.00");
        recommend(&case, &app.credit(), "20000.00", 30, json!([])).expect(200);
        set_policy(app, |document| {
            for row in document["terms"].as_array_mut().unwrap() {
                if row["grade"] == "NR" {
                    row["net_days_max"] = json!(14);
                }
            }
        });
        let refused = case.approve(&chief(app)).expect_problem(422, "invalid");
        assert_eq!(bound(&refused)[0].0, "/net_days");
        let declined = json!({"reason": "The policy gives it 14 days by now."});
        case.step(&app.finance(), "decline", declined).expect(200);
    });
}

#[test]
fn above_credits_authority_finance_need_not_be_named_where_credit_made_the_exception() {
    on_both_as_shipped(|app: &TestApp| {
        a_customer("C-1").create(app);
        set_policy(app, |document| {
            document["exceptions"] = json!([{"kind": "limit", "role": "credit", "level": 3}]);
        });
        let case = Case::under_review(app, "C-1", "9000000.00");
        let why = json!([{"kind": "limit", "reason": "The state owns it."}]);
        recommend(&case, &app.credit(), "9000000.00", 30, why).expect(200);
        let head = app.caller("u-head", &[Role::Credit], Some(3));
        assert_eq!(
            case.approve(&head).expect(200)["status"],
            "pending_approval"
        );
        assert_eq!(
            case.approve(&app.finance()).expect(200)["status"],
            "approved"
        );
    });
}

#[test]
fn who_approves_exceptions_is_credit_or_finance_each_once_for_a_kind() {
    on_both_as_shipped(|app| {
        let mut document = app.credit().get("/v1/policies/live").expect(200)["document"].clone();
        document["exceptions"] = json!([
            {"kind": "term", "role": "sales", "level": 1},
            {"kind": "limit", "role": "credit", "level": 1},
            {"kind": "limit", "role": "credit", "level": 2},
        ]);
        let body = json!({"document": document, "reason": "A test needs it."});
        let refused = app
            .credit()
            .post("/v1/policies", body)
            .expect_problem(422, "invalid");
        let pointers: Vec<_> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].clone())
            .collect();
        assert_eq!(
            pointers,
            ["/document/exceptions/0/role", "/document/exceptions/2"]
        );
    });
}
