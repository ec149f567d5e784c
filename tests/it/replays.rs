//! Recorded checks, decided again: one by one, and by the thousand for a policy that is to come.

use kernel::caller::Role;
use netterms::decide::limits::simulation;
use netterms::platform::http::Problem;
use netterms::platform::http::auth::internal_caller;
use netterms::platform::jobs::actions as jobs;
use serde_json::{Value, json};

use crate::limits::{an_order, check, reserved};
use crate::support::{Reply, TestApp, a_customer, draft_rules, on_both, set_rules};

fn replay(app: &TestApp, check: &str, query: &str) -> Reply {
    let path = format!("/v1/limit-checks/{check}/replay{query}");
    app.auditor().post(&path, json!({}))
}

fn ask(app: &TestApp, order: &str, amount: &str) -> Reply {
    check(app, an_order("C-1", order, amount)).expect(200)
}

// ---------------------------------------------------------------- one check

#[test]
fn every_check_can_be_decided_again_from_its_record() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let approved = ask(app, "SO-1", "600.00");
        let reviewed = ask(app, "SO-2", "600.00");
        let path = format!(
            "/v1/reservations/{}/amend",
            approved.text_at("/reservation/id")
        );
        let less = json!({"amount": {"amount": "500.00", "currency": "CNY"}});
        let amended = app.system().post(&path, less).expect(200);
        let block = format!("/v1/credit-blocks/{}", reviewed.text_at("/credit_block/id"));
        let etag = app.credit().get(&block).expect(200).etag();
        app.credit()
            .post_if(
                &format!("{block}/release"),
                &etag,
                json!({"reason": "Fine."}),
            )
            .expect(200);
        // The world moves on, and so does the policy.
        set_rules(
            app,
            json!([{"code": "limit_utilisation", "effect": "block", "threshold_ppm": 1}]),
        );
        let checks = app.auditor().get("/v1/limit-checks").expect(200);
        let checks = checks["data"].as_array().unwrap().clone();
        assert_eq!(checks.len(), 4);
        for check in &checks {
            let replayed = replay(app, check["id"].as_str().unwrap(), "").expect(200);
            assert_eq!(replayed["identical"], true, "{}", replayed.text);
            assert_eq!(replayed["recorded"], replayed["replayed"]);
            assert_eq!(replayed["recorded"]["outcome"], check["outcome"]);
            assert_eq!(replayed["recorded"]["policy_version"], 1);
            assert_eq!(replayed["not_known"], json!([]));
        }
        // Nothing was changed by it.
        let after = app.auditor().get("/v1/limit-checks").expect(200);
        assert_eq!(after["data"], json!(checks));
        assert_eq!(reserved(app, &customer.account), "1100.00");
        // What came to less is allowed under any policy.
        let replayed = replay(app, &amended.id(), "?policy_version=2").expect(200);
        assert_eq!(replayed["replayed"]["outcome"], "approved");
    });
}

#[test]
fn another_version_of_the_policy_may_have_said_something_else() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let id = ask(app, "SO-1", "600.00").id();
        draft_rules(
            app,
            json!([
                {"code": "max_document_value", "effect": "review", "amounts": {"CNY": "500.00"}},
                {"code": "payment_behaviour", "effect": "review", "days": 10},
                {"code": "unpaid_count", "effect": "review", "count": 0},
            ]),
        );
        let replayed = replay(app, &id, "?policy_version=2").expect(200);
        assert_eq!(replayed["identical"], false);
        assert_eq!(replayed["recorded"]["outcome"], "approved");
        assert_eq!(replayed["recorded"]["policy_version"], 1);
        let other = &replayed["replayed"];
        assert_eq!(other["outcome"], "review_required");
        assert_eq!(other["policy_version"], 2);
        assert_eq!(other["reasons"][0]["code"], "max_document_value");
        assert_eq!(other["counter_offers"][0]["amount"]["amount"], "500.00");
        assert_eq!(
            replayed["not_known"],
            json!(["unpaid_count", "payment_behaviour"])
        );
        replay(app, &id, "?policy_version=3").expect_problem(422, "invalid");
        replay(app, &id, "?policy_version=x").expect_problem(400, "malformed_parameter");
        replay(app, "chk_01k00000000000000000000009", "").expect_problem(404, "not_found");
    });
}

#[test]
fn those_who_ask_do_not_replay() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let path = format!("/v1/limit-checks/{}/replay", ask(app, "SO-1", "1.00").id());
        for client in [app.sales(), app.system(), app.admin()] {
            client
                .post(&path, json!({}))
                .expect_problem(403, "forbidden");
        }
        for client in [app.credit(), app.finance(), app.auditor()] {
            client.post(&path, json!({})).expect(200);
        }
    });
}

// ---------------------------------------------------------------- a policy

/// Simulates a policy, and gives the job when it has ended.
fn simulate(app: &TestApp, policy: &str, from: &str, to: &str) -> Reply {
    let credit = app.credit();
    let begun = credit
        .post(
            &format!("/v1/policies/{policy}/simulate"),
            json!({"from": from, "to": to}),
        )
        .expect(202);
    let job = begun.header("location").unwrap().to_owned();
    credit.get(&format!("{job}/events")).expect(200);
    credit.get(&job).expect(200)
}

fn cell(recorded: &str, simulated: &str, checks: i64, amount: &str) -> Value {
    json!({"recorded": recorded, "simulated": simulated, "checks": checks,
        "amount": {"amount": amount, "currency": "CNY"}})
}

#[test]
fn a_stricter_draft_is_tried_on_what_was_asked() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").with_limit("1000.00").create(app);
        a_customer("C-2").with_limit("100000.00").create(app);
        ask(app, "SO-0", "10.00");
        app.turn_to("2026-03-02");
        ask(app, "SO-1", "100.00");
        check(app, an_order("C-2", "SO-2", "600.00")).expect(200);
        app.turn_to("2026-03-03");
        check(app, an_order("C-2", "SO-3", "800.00")).expect(200);
        ask(app, "SO-4", "5000.00");
        app.turn_to("2026-03-04");
        ask(app, "SO-5", "10.00");
        let draft = draft_rules(
            app,
            json!([
                {"code": "limit_utilisation", "effect": "review"},
                {"code": "max_document_value", "effect": "block", "amounts": {"CNY": "700.00"}},
                {"code": "unpaid_count", "effect": "review", "count": 3},
            ]),
        );
        let job = simulate(app, &draft.id(), "2026-03-02", "2026-03-03");
        assert_eq!(job["status"], "succeeded", "{}", job.text);
        assert_eq!(
            job["progress"],
            json!({"done": 4, "total": 4, "unit": "checks"})
        );
        let result = &job["result"];
        assert_eq!(result["policy_id"], draft["id"]);
        assert_eq!(result["policy_version"], 2);
        assert_eq!(
            (&result["checks"], &result["identical"]),
            (&json!(4), &json!(2))
        );
        assert_eq!(
            result["matrix"],
            json!([
                cell("approved", "approved", 2, "700.00"),
                cell("approved", "rejected", 1, "800.00"),
                cell("review_required", "rejected", 1, "5000.00"),
            ])
        );
        assert_eq!(
            result["not_known"],
            json!([{"code": "unpaid_count", "checks": 4}])
        );
        assert_eq!(result["flipped"], 2);
        let flips = result["flips"].as_array().unwrap();
        assert_eq!(flips.len(), 2);
        assert_eq!(flips[0]["customer_number"], "C-2");
        assert_eq!(flips[0]["order_number"], "SO-3");
        assert_eq!(flips[0]["reasons"], json!(["max_document_value"]));
        assert_eq!(flips[1]["customer_number"], "C-1");
        assert_eq!(flips[1]["recorded"], "review_required");
        assert_eq!(flips[1]["simulated"], "rejected");
    });
}

#[test]
fn the_version_that_decided_says_the_same_again_page_after_page() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").with_limit("400.00").create(app);
        let live = app.credit().get("/v1/policies/live").expect(200);
        for batch in 0..3 {
            let items: Vec<Value> = (0..500)
                .map(|n| an_order("C-1", &format!("SO-{batch}-{n}"), "1.00"))
                .collect();
            app.system()
                .post("/v1/limit-checks/batch", json!({"items": items}))
                .expect(207);
        }
        let result = &simulate(app, &live.id(), "2026-03-01", "2026-03-01")["result"];
        assert_eq!(result["checks"], 1_500);
        assert_eq!(result["identical"], 1_500);
        assert_eq!(result["flipped"], 0);
        let draft = draft_rules(app, json!([{"code": "account_status", "effect": "block"}]));
        let result = &simulate(app, &draft.id(), "2026-03-01", "2026-03-01")["result"];
        // 1,100 were more than the limit, and 40 used more than 90 % of it, which was worth a warning.
        assert_eq!(result["flipped"], 1_140);
        assert_eq!(result["flips"].as_array().unwrap().len(), 1_000);
        // A period without checks.
        let result = &simulate(app, &live.id(), "2026-02-01", "2026-02-28")["result"];
        assert_eq!(result["checks"], 0);
        assert_eq!(result["matrix"], json!([]));
    });
}

#[test]
fn a_simulation_is_for_credit_and_admins_and_needs_a_policy_and_a_period() {
    on_both(|app| {
        let live = app.credit().get("/v1/policies/live").expect(200).id();
        let path = format!("/v1/policies/{live}/simulate");
        let period = json!({"from": "2026-03-01", "to": "2026-03-31"});
        for client in [app.sales(), app.finance(), app.system(), app.auditor()] {
            client
                .post(&path, period.clone())
                .expect_problem(403, "forbidden");
        }
        app.admin().post(&path, period.clone()).expect(202);
        let credit = app.credit();
        credit
            .post(&path, json!({"from": "2026-03-01", "to": "2026-02-28"}))
            .expect_problem(422, "invalid");
        for body in [json!({}), json!({"from": "2026-02-30", "to": "2026-03-01"})] {
            credit
                .post(&path, body)
                .expect_problem(400, "malformed_body");
        }
        credit
            .post(
                "/v1/policies/pol_01k00000000000000000000009/simulate",
                period,
            )
            .expect_problem(404, "not_found");
    });
}

#[test]
fn a_cancelled_simulation_stops() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let policy = app.credit().get("/v1/policies/live").expect(200).id();
        let caller = internal_caller("u-credit", &[Role::Credit]).unwrap();
        let day = "2026-03-01".parse().unwrap();
        // As a worker leaves it behind that died: taken, its lease not yet run out.
        let job = app
            .database()
            .write(&caller, |tx| {
                let job = simulation::begin(tx, policy.parse().unwrap(), day, day)?;
                jobs::take(tx, jobs::Wanted::of(&[simulation::JOB_KIND]))?;
                Ok::<_, Problem>(job.id)
            })
            .unwrap();
        let path = format!("/v1/jobs/{job}");
        let credit = app.credit();
        credit
            .post(&format!("{path}/cancel"), json!({}))
            .expect(200);
        app.turn_to("2026-03-02");
        credit.get(&format!("{path}/events")).expect(200);
        assert_eq!(credit.get(&path).expect(200)["status"], "cancelled");
    });
}
