//! Insolvent and dissolved customers and those in default, under the policy that a new book begins with; and what is
//! prepaid.

use serde_json::{Value, json};

use crate::dunning::{blocks, invoice, notices, preview, skipped};
use crate::limits::{an_order, check};
use crate::support::{
    Reply, TestApp, a_customer, a_receipt, import, on_both, on_both_as_shipped, set_rules,
};

fn set_status(app: &TestApp, customer: &str, status: &str) -> Reply {
    let path = format!("/v1/customers/{customer}");
    let etag = app.credit().get(&path).expect(200).etag();
    app.credit()
        .put(
            &format!("{path}/legal-status"),
            &etag,
            json!({"status": status, "reason": "Register of insolvencies."}),
        )
        .expect(200)
}

fn suspend(app: &TestApp, account: &str) {
    let path = format!("/v1/credit-accounts/{account}");
    let etag = app.credit().get(&path).expect(200).etag();
    app.credit()
        .post_if(
            &format!("{path}/suspend"),
            &etag,
            json!({"reason": "Under investigation."}),
        )
        .expect(200);
}

/// The causes that a decision names.
fn causes(decision: &Reply) -> Vec<&str> {
    let reasons = decision["reasons"].as_array().unwrap().iter();
    reasons
        .filter_map(|reason| reason["facts"]["cause"].as_str())
        .collect()
}

fn standing(app: &TestApp, account: &str) -> Vec<String> {
    let blocks = blocks(app, account);
    let blocks = blocks.as_array().unwrap().iter();
    let mut causes: Vec<String> = blocks
        .map(|block| block["cause"].as_str().unwrap().to_owned())
        .collect();
    causes.sort();
    causes
}

fn prepaid(mut order: Value, amount: &str) -> Value {
    order["prepaid"] = json!({"amount": amount, "currency": "CNY"});
    order
}

#[test]
fn an_order_of_who_is_insolvent_or_dissolved_is_rejected_and_the_reason_names_it() {
    on_both_as_shipped(|app| {
        let made = a_customer("C-1").with_limit("500000.00").create(app);
        let order = |number: &str| check(app, an_order("C-1", number, "400.00")).expect(200);
        assert_eq!(order("SO-0")["outcome"], "approved");
        for (status, words) in [("insolvent", "insolvent"), ("dissolved", "dissolved")] {
            set_status(app, "C-1", status);
            let decision = order(&format!("SO-{status}"));
            assert_eq!(decision["outcome"], "rejected", "{}", decision.text);
            assert_eq!(decision["reasons"][0]["code"], "account_status");
            assert_eq!(causes(&decision), [status]);
            let message = decision["reasons"][0]["message"].as_str().unwrap();
            assert!(message.contains(words), "{message}");
            assert_eq!(standing(app, &made.account), [status]);
        }
        set_status(app, "C-1", "none");
        assert_eq!(order("SO-9")["outcome"], "approved");
        assert_eq!(standing(app, &made.account), [""; 0]);
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", made.account))
            .expect(200);
        let count = |action: &str| {
            let entries = trail["data"].as_array().unwrap().iter();
            entries.filter(|entry| entry["action"] == action).count()
        };
        assert_eq!(count("credit_account.blocked"), 2);
        assert_eq!(count("credit_account.unblocked"), 2);
    });
}

#[test]
fn an_account_that_is_opened_later_or_a_customer_that_was_imported_so_is_blocked_from_the_first_moment()
 {
    on_both_as_shipped(|app| {
        let file = "number,name,country,legal_status\nC-1,One,CN,insolvent\n";
        assert_eq!(
            import("customers", file).run(&app.credit())["result"]["created"],
            1
        );
        let account = app
            .finance()
            .post(
                "/v1/credit-accounts",
                json!({"customer": "C-1", "currency": "CNY"}),
            )
            .expect(201)
            .id();
        assert_eq!(standing(app, &account), ["insolvent"]);
    });
}

#[test]
fn who_is_in_default_by_days_past_due_goes_to_review_until_cured() {
    on_both_as_shipped(|app| {
        app.turn_to("2026-06-30");
        let made = a_customer("C-1").with_limit("500000.00").create(app);
        invoice(app, "C-1", "INV-1", "2026-01-31", "20000.00");
        let rating = app
            .credit()
            .post("/v1/ratings", json!({"customer": "C-1"}))
            .expect(201);
        assert_eq!(rating["grade"], "D", "{}", rating.text);
        assert_eq!(standing(app, &made.account), ["in_default"]);
        let decision = check(app, an_order("C-1", "SO-1", "400.00")).expect(200);
        assert_eq!(decision["outcome"], "review_required", "{}", decision.text);
        assert_eq!(causes(&decision), ["in_default"]);
        // An order that is prepaid in full passes all the same.
        let order = prepaid(an_order("C-1", "SO-2", "400.00"), "400.00");
        let decision = check(app, order).expect(200);
        assert_eq!(decision["outcome"], "approved", "{}", decision.text);
    });
}

#[test]
fn what_is_prepaid_in_full_passes_whatever_is_wrong_and_the_rest_is_judged() {
    on_both_as_shipped(|app| {
        app.turn_to("2026-06-30");
        let suspended = a_customer("C-1").create(app);
        suspend(app, &suspended.account);
        a_customer("C-2").with_limit("500.00").create(app);
        set_status(app, "C-2", "insolvent");
        invoice(app, "C-2", "INV-1", "2026-01-31", "20000.00");
        for customer in ["C-1", "C-2"] {
            let number = format!("SO-{customer}");
            let order = prepaid(an_order(customer, &number, "400.00"), "400.00");
            let decision = check(app, order).expect(200);
            assert_eq!(decision["outcome"], "approved", "{}", decision.text);
            assert_eq!(decision["reasons"], json!([]));
            let number = format!("SO-{customer}-part");
            let order = prepaid(an_order(customer, &number, "400.00"), "399.99");
            let decision = check(app, order).expect(200);
            assert_eq!(decision["outcome"], "rejected", "{}", decision.text);
        }
        // No exchange rate is needed for what nobody owes.
        let mut order = an_order("C-1", "SO-usd", "400.00");
        order["amount"]["currency"] = json!("USD");
        order["prepaid"] = order["amount"].clone();
        assert_eq!(check(app, order).expect(200)["outcome"], "approved");
    });
}

#[test]
fn rules_on_the_order_judge_the_part_that_is_not_prepaid() {
    on_both(|app| {
        a_customer("C-1").with_limit("100000.00").create(app);
        set_rules(
            app,
            json!([{"code": "max_document_value", "effect": "review", "amounts": {"CNY": "1000.00"}}]),
        );
        let outcome = |number: &str, paid: &str| {
            let order = prepaid(an_order("C-1", number, "3000.00"), paid);
            check(app, order).expect(200)["outcome"].clone()
        };
        assert_eq!(outcome("SO-1", "2000.00"), "approved");
        assert_eq!(outcome("SO-2", "1999.99"), "review_required");
    });
}

#[test]
fn a_policy_says_which_causes_its_rule_looks_at() {
    on_both(|app| {
        let rules = |causes: Value| json!([{"code": "account_status", "effect": "block", "causes": causes}]);
        a_customer("C-1").with_limit("1000.00").create(app);
        set_status(app, "C-1", "insolvent");
        let outcome = |number: &str| {
            check(app, an_order("C-1", number, "1.00")).expect(200)["outcome"].clone()
        };
        set_rules(app, rules(json!(["suspended", "dunning"])));
        assert_eq!(outcome("SO-1"), "approved");
        set_rules(app, rules(json!([])));
        assert_eq!(outcome("SO-2"), "rejected");
        let mut document = app.credit().get("/v1/policies/live").expect(200)["document"].clone();
        document["check_rules"] = json!([
            {"code": "account_status", "effect": "block", "causes": ["dunning", "dunning"]},
            {"code": "limit_expired", "effect": "review", "causes": ["dunning"]},
        ]);
        let body = json!({"document": document, "reason": "Wrong."});
        let problem = app
            .credit()
            .post("/v1/policies", body)
            .expect_problem(422, "invalid");
        assert_eq!(
            problem["errors"][0]["pointer"],
            "/document/check_rules/0/causes"
        );
        assert_eq!(
            problem["errors"][1]["pointer"],
            "/document/check_rules/1/causes"
        );
    });
}

#[test]
fn nobody_writes_reminders_to_whom_the_book_knows_to_be_insolvent_or_dissolved() {
    on_both_as_shipped(|app| {
        for (customer, number) in [("C-1", "INV-1"), ("C-2", "INV-2"), ("C-3", "INV-3")] {
            a_customer(customer).create(app);
            invoice(app, customer, number, "2026-01-31", "500.00");
        }
        set_status(app, "C-1", "insolvent");
        set_status(app, "C-2", "dissolved");
        app.turn_to("2026-04-01");
        let run = preview(app);
        assert_eq!(
            skipped(&run),
            json!([{"reason": "insolvent", "invoices": 1}, {"reason": "dissolved", "invoices": 1}])
        );
        let notices = notices(app, &run.id());
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0]["customer_number"], "C-3");
    });
}

#[test]
fn who_becomes_insolvent_between_preview_and_issue_is_written_to_no_more() {
    on_both_as_shipped(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-01-31", "500.00");
        app.turn_to("2026-04-01");
        let run = preview(app).id();
        crate::dunning::approve(app, &run);
        set_status(app, "C-1", "insolvent");
        crate::dunning::issue(app, &run);
        let notice = &notices(app, &run)[0];
        assert_eq!(notice["status"], "suppressed");
        assert_eq!(notice["suppressed_reason"], "insolvent");
    });
}

#[test]
fn a_new_book_begins_with_terms_for_every_grade_and_for_who_was_never_rated() {
    on_both_as_shipped(|app| {
        let live = app.credit().get("/v1/policies/live").expect(200);
        let document = &live["document"];
        let grades: Vec<&str> = document["terms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["grade"].as_str().unwrap())
            .collect();
        assert_eq!(
            grades,
            ["AAA", "AA", "A", "BBB", "BB", "B", "NR", "CCC", "D"]
        );
        let starter = &document["terms"][6];
        assert_eq!(starter["net_days_max"], 30);
        assert_eq!(starter["limit_cap"]["CNY"], "25000.00");
        assert_eq!(document["reservations"]["days_default"], 90);
        assert_eq!(document["reservations"]["capture_tolerance_ppm"], 0);
        assert_eq!(document["straight_through"]["worst_grade"], "BBB");
        assert_eq!(document["overdue"], "net");
        assert!(live["reason"].as_str().unwrap().contains("docs/policy.md"));
        // It may be drafted again as it is.
        let body = json!({"document": document, "reason": "As before."});
        app.credit().post("/v1/policies", body).expect(201);
    });
}

#[test]
fn the_checks_overdue_rules_are_net_of_what_is_unapplied_where_the_policy_says_so() {
    on_both_as_shipped(|app| {
        app.turn_to("2026-04-30");
        a_customer("C-1").with_limit("500000.00").create(app);
        invoice(app, "C-1", "INV-1", "2026-01-31", "9000.00");
        let outcome = |number: &str| {
            check(app, an_order("C-1", number, "1.00")).expect(200)["outcome"].clone()
        };
        assert_eq!(outcome("SO-1"), "review_required");
        a_receipt("R-1", "C-1", "4000.01").unapplied().create(app);
        // 4,999.99 is left, below the 5,000 of the rule that asks for a review, and above the 2,500 that warn.
        assert_eq!(outcome("SO-2"), "approved_with_warning");
        a_receipt("R-2", "C-1", "5000.00").unapplied().create(app);
        assert_eq!(outcome("SO-3"), "approved");
        crate::support::set_policy(app, |document| document["overdue"] = json!("gross"));
        assert_eq!(outcome("SO-4"), "review_required");
    });
}
