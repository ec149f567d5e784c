//! Each check rule that a policy may have, drafted and set live, and then asked.

use netterms::book::exposure::model::LimitScope;
use serde_json::{Value, json};

use crate::dunning::{dun, invoice, pay};
use crate::limits::{an_order, check, codes};
use crate::ratings;
use crate::receivables::take_back;
use crate::support::{
    Reply, TestApp, a_customer, a_graded_customer, a_receipt, an_invoice, on_both, rate_by_share,
    set_limit, set_rules,
};

/// Asks about an order without reserving.
fn ask(app: &TestApp, order: &str, amount: &str) -> Reply {
    let mut question = an_order("C-1", order, amount);
    question["reserve"] = json!(false);
    check(app, question).expect(200)
}

fn outcome(app: &TestApp, amount: &str) -> String {
    ask(app, "SO-ASKED", amount).text_at("/outcome")
}

/// The facts that the record of a check kept.
fn facts(app: &TestApp, check: &Reply) -> Value {
    app.auditor()
        .get(&format!("/v1/limit-checks/{}", check.id()))
        .expect(200)["facts"]
        .clone()
}

#[test]
fn what_no_rule_asks_for_is_not_looked_up() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let facts = facts(app, &ask(app, "SO-1", "1.00"));
        for name in ["unpaid", "dunning_level", "behaviour", "usual_order"] {
            assert!(facts.get(name).is_none(), "{facts}");
        }
    });
}

#[test]
fn a_rule_may_be_for_some_grades_alone() {
    on_both(|app| {
        ratings::open(app);
        a_customer("C-1").with_limit("unlimited").create(app);
        let rule = |grades: Value| json!({"code": "max_document_value", "effect": "review", "amounts": {"CNY": "100.00"}, "grades": grades});
        set_rules(app, json!([rule(json!(["CCC", "NR"]))]));
        let unrated = ask(app, "SO-1", "100.01");
        assert_eq!(codes(&unrated), ["max_document_value"]);
        assert_eq!(facts(app, &unrated)["grade"], "NR");
        ratings::say(app, "C-1", 1.0);
        let rating = ratings::rate(app, "C-1");
        let rated = ask(app, "SO-1", "100.01");
        assert_eq!(rated["outcome"], "approved");
        assert_eq!(facts(app, &rated)["grade"], rating["grade"]);
        set_rules(app, json!([rule(json!([rating["grade"]]))]));
        assert_eq!(outcome(app, "100.01"), "review_required");
        assert_eq!(outcome(app, "100.00"), "approved");
    });
}

#[test]
fn whose_review_is_overdue_goes_to_credit_until_somebody_looks() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        rate_by_share(app);
        // Looked at every six months.
        a_graded_customer(app, "C-1", "BB");
        set_limit(app, "C-1", LimitScope::Own, "1000.00", "CNY");
        set_rules(
            app,
            json!([{"code": "review_overdue", "effect": "review", "days": 14}]),
        );
        app.turn_to("2026-10-14");
        assert_eq!(outcome(app, "1.00"), "approved");
        app.turn_to("2026-10-15");
        let late = ask(app, "SO-1", "1.00");
        assert_eq!(codes(&late), ["review_overdue"]);
        assert_eq!(
            late["reasons"][0]["facts"],
            json!({"review_on": "2026-09-30", "grace_days": "14"})
        );
        ratings::rate(app, "C-1");
        assert_eq!(outcome(app, "1.00"), "approved");
    });
}

#[test]
fn who_pays_late_goes_to_credit() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        a_customer("C-1").with_limit("unlimited").create(app);
        set_rules(
            app,
            json!([{"code": "payment_behaviour", "effect": "review", "days": 10}]),
        );
        let nothing_paid = ask(app, "SO-1", "1.00");
        assert_eq!(nothing_paid["outcome"], "approved");
        assert_eq!(
            facts(app, &nothing_paid)["behaviour"],
            json!({"paid_minor": 0, "late_minor_days": 0})
        );
        invoice(app, "C-1", "I-1", "2026-01-31", "100.00");
        invoice(app, "C-1", "I-2", "2026-02-28", "300.00");
        invoice(app, "C-1", "I-3", "2026-03-31", "100.00");
        app.turn_to("2026-02-20");
        pay(app, "C-1", "I-1", "2026-02-20", "100.00");
        let late = ask(app, "SO-1", "1.00");
        assert_eq!(codes(&late), ["payment_behaviour"]);
        assert_eq!(late["reasons"][0]["facts"]["days"], "20");
        assert_eq!(
            facts(app, &late)["behaviour"],
            json!({"paid_minor": 10_000, "late_minor_days": 200_000})
        );
        app.turn_to("2026-02-28");
        pay(app, "C-1", "I-2", "2026-02-28", "300.00");
        assert_eq!(outcome(app, "1.00"), "approved");
        // What is taken back was never paid; a credit note is no payment.
        take_back(app, "/v1/receipts/R-I-2-2026-02-28", "reverse").expect(200);
        assert_eq!(outcome(app, "1.00"), "review_required");
        app.finance()
            .post(
                "/v1/credit-notes",
                json!({
                    "number": "N-1", "customer": "C-1", "credit_date": "2026-02-28", "invoice_number": "I-2",
                    "amount": {"amount": "300.00", "currency": "CNY"}, "reason": "Returned.",
                }),
            )
            .expect(201);
        assert_eq!(outcome(app, "1.00"), "review_required");
        // Early payments count below zero: (100 · 20 - 100 · 31) / 200.
        pay(app, "C-1", "I-3", "2026-02-28", "100.00");
        let early = ask(app, "SO-1", "1.00");
        assert_eq!(
            facts(app, &early)["behaviour"],
            json!({"paid_minor": 20_000, "late_minor_days": -110_000})
        );
        app.turn_to("2027-02-20");
        assert_eq!(
            facts(app, &ask(app, "SO-1", "1.00"))["behaviour"]["paid_minor"],
            20_000
        );
        app.turn_to("2027-02-21");
        assert_eq!(
            facts(app, &ask(app, "SO-1", "1.00"))["behaviour"]["paid_minor"],
            10_000
        );
    });
}

#[test]
fn who_has_too_many_invoices_open_goes_to_credit() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        a_customer("C-1").with_limit("unlimited").create(app);
        a_customer("C-2").with_limit("unlimited").create(app);
        set_rules(
            app,
            json!([{"code": "unpaid_count", "effect": "review", "count": 2}]),
        );
        assert_eq!(outcome(app, "1.00"), "approved");
        for number in ["I-1", "I-2", "I-3"] {
            an_invoice(number, "C-1", "10.00").create(app);
        }
        an_invoice("I-4", "C-2", "10.00").create(app);
        let refused = ask(app, "SO-1", "1.00");
        assert_eq!(codes(&refused), ["unpaid_count"]);
        assert_eq!(refused["reasons"][0]["facts"]["count"], "3");
        assert_eq!(
            facts(app, &refused)["unpaid"],
            json!({"count": 3, "sum_minor": 3_000})
        );
        a_receipt("R-1", "C-1", "10.00").create(app);
        assert_eq!(outcome(app, "1.00"), "approved");
    });
}

#[test]
fn who_has_too_much_of_its_debt_overdue_goes_to_credit() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        a_customer("C-1").with_limit("unlimited").create(app);
        set_rules(
            app,
            json!([{"code": "overdue_ratio", "effect": "review", "days": 30, "threshold_ppm": 400_000}]),
        );
        an_invoice("I-1", "C-1", "40.00")
            .due("2026-01-31")
            .create(app);
        an_invoice("I-2", "C-1", "60.00")
            .due("2026-12-31")
            .create(app);
        app.turn_to("2026-03-02");
        assert_eq!(outcome(app, "1.00"), "approved");
        app.turn_to("2026-03-03");
        assert_eq!(outcome(app, "1.00"), "approved");
        a_receipt("R-1", "C-1", "1.00")
            .paying("I-2", "1.00")
            .create(app);
        let refused = ask(app, "SO-1", "1.00");
        assert_eq!(codes(&refused), ["overdue_ratio"]);
        assert_eq!(refused["reasons"][0]["facts"]["open"]["amount"], "99.00");
        assert_eq!(refused["reasons"][0]["facts"]["overdue"]["amount"], "40.00");
    });
}

#[test]
fn who_was_dunned_too_far_goes_to_credit_until_it_pays() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        a_customer("C-1").with_limit("unlimited").create(app);
        set_rules(
            app,
            json!([{"code": "max_dunning_level", "effect": "review", "count": 2}]),
        );
        invoice(app, "C-1", "I-1", "2026-01-31", "500.00");
        assert_eq!(outcome(app, "1.00"), "approved");
        dun(app, "2026-04-01");
        let once = ask(app, "SO-1", "1.00");
        assert_eq!(once["outcome"], "approved");
        assert_eq!(facts(app, &once)["dunning_level"], 1);
        dun(app, "2026-04-11");
        let twice = ask(app, "SO-1", "1.00");
        assert_eq!(codes(&twice), ["max_dunning_level"]);
        assert_eq!(twice["reasons"][0]["facts"]["level"], "2");
        pay(app, "C-1", "I-1", "2026-04-11", "500.00");
        let paid = ask(app, "SO-1", "1.00");
        assert_eq!(paid["outcome"], "approved");
        assert_eq!(facts(app, &paid)["dunning_level"], 0);
    });
}

#[test]
fn an_order_far_above_the_usual_one_goes_to_credit() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        a_customer("C-1").with_limit("unlimited").create(app);
        set_rules(
            app,
            json!([{"code": "order_outlier", "effect": "review", "threshold_ppm": 3_000_000}]),
        );
        // Nothing is usual yet.
        assert_eq!(outcome(app, "9999.00"), "approved");
        for (order, amount) in [("SO-1", "100.00"), ("SO-2", "120.00"), ("SO-3", "200.00")] {
            let decision = check(app, an_order("C-1", order, amount)).expect(200);
            assert_eq!(decision["outcome"], "approved");
        }
        // Quotes, and questions that reserve nothing, are no orders.
        let mut quote = an_order("C-1", "Q-1", "300.00");
        quote["checkpoint"] = json!("quote");
        check(app, quote).expect(200);
        assert_eq!(outcome(app, "360.00"), "approved");
        let refused = ask(app, "SO-4", "360.01");
        assert_eq!(codes(&refused), ["order_outlier"]);
        assert_eq!(refused["reasons"][0]["facts"]["usual"]["amount"], "120.00");
        assert_eq!(
            refused["counter_offers"][0],
            json!({"kind": "reduced_amount", "amount": {"amount": "360.00", "currency": "CNY"}})
        );
        // An order is not compared with itself: without SO-3 the usual one is 110.
        let own = ask(app, "SO-3", "330.01");
        assert_eq!(own["reasons"][0]["facts"]["usual"]["amount"], "110.00");
        app.turn_to("2027-01-02");
        assert_eq!(
            facts(app, &ask(app, "SO-4", "1.00"))["usual_order"]["count"],
            0
        );
    });
}

#[test]
fn an_order_above_the_largest_document_goes_to_credit() {
    on_both(|app| {
        a_customer("C-1").with_limit("unlimited").create(app);
        set_rules(
            app,
            json!([{"code": "max_document_value", "effect": "review", "amounts": {"CNY": "1000.00"}}]),
        );
        assert_eq!(outcome(app, "1000.00"), "approved");
        let refused = ask(app, "SO-1", "1000.01");
        assert_eq!(codes(&refused), ["max_document_value"]);
        let offer = &refused["counter_offers"][0];
        assert_eq!(offer["amount"]["amount"], "1000.00");
    });
}

#[test]
fn a_new_customer_has_less_for_a_while() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        a_customer("C-1").with_limit("unlimited").create(app);
        set_rules(
            app,
            json!([{"code": "new_customer_period", "effect": "review", "days": 90, "amounts": {"CNY": "500.00"}}]),
        );
        check(app, an_order("C-1", "SO-1", "200.00")).expect(200);
        assert_eq!(outcome(app, "300.00"), "approved");
        let refused = ask(app, "SO-2", "300.01");
        assert_eq!(codes(&refused), ["new_customer_period"]);
        app.turn_to("2026-03-31");
        assert_eq!(outcome(app, "300.01"), "review_required");
        app.turn_to("2026-04-01");
        assert_eq!(outcome(app, "300.01"), "approved");
    });
}

#[test]
fn an_order_that_is_prepaid_for_a_good_part_passes_over_the_limit() {
    on_both(|app| {
        a_customer("C-1").with_limit("100.00").create(app);
        set_rules(
            app,
            json!([
                {"code": "limit_utilisation", "effect": "review"},
                {"code": "prepaid_exempt", "effect": "exempt", "threshold_ppm": 300_000},
            ]),
        );
        let with_prepaid = |prepaid: &str| {
            let mut question = an_order("C-1", "SO-1", "200.00");
            question["reserve"] = json!(false);
            question["prepaid"] = json!({"amount": prepaid, "currency": "CNY"});
            check(app, question).expect(200).text_at("/outcome")
        };
        assert_eq!(with_prepaid("59.99"), "review_required");
        assert_eq!(with_prepaid("60.00"), "approved");
    });
}

#[test]
fn open_orders_may_have_a_limit_of_their_own() {
    on_both(|app| {
        a_customer("C-1").with_limit("unlimited").create(app);
        set_rules(
            app,
            json!([{"code": "category_sublimit", "effect": "review", "category": "reservations",
                "amounts": {"CNY": "300.00"}}]),
        );
        check(app, an_order("C-1", "SO-1", "200.00")).expect(200);
        assert_eq!(outcome(app, "100.00"), "approved");
        let refused = ask(app, "SO-2", "100.01");
        assert_eq!(codes(&refused), ["category_sublimit"]);
        assert_eq!(refused["reasons"][0]["facts"]["category"], "reservations");
    });
}
