//! Sold and pledged receivables: what leaves exposure, who duns, and what comes back.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::dunning::{list, preview, skipped};
use crate::limits::{an_order, check, codes};
use crate::receivables::take_back;
use crate::support::{Reply, TestApp, a_customer, a_receipt, an_invoice, on_both};

pub fn agree(app: &TestApp, number: &str, change: impl FnOnce(&mut Value)) -> Reply {
    let mut body = json!({
        "number": number, "factor": "Suzhou Factoring Ltd.", "kind": "sale", "recourse": "without",
        "notification": "disclosed", "advance_ppm": 800_000,
    });
    change(&mut body);
    app.finance().post("/v1/factoring-agreements", body)
}

fn propose(app: &TestApp, invoice: &str, agreement: &str) -> Reply {
    app.finance().post(
        "/v1/change-requests",
        json!({
            "kind": "factoring_assignment", "target": invoice, "after": {"factoring_agreement": agreement},
            "reason": "Cash for April.",
        }),
    )
}

/// Another person of finance approves.
fn approve(app: &TestApp, request: &Reply) -> Reply {
    app.caller("u-finance-2", &[Role::Finance], None).post_if(
        &format!("/v1/change-requests/{}/approve", request.id()),
        &request.etag(),
        json!({"reason": "Agreed."}),
    )
}

/// Sells or pledges an invoice, and gives its assignment.
pub fn assign(app: &TestApp, invoice: &str, agreement: &str) -> Value {
    let request = propose(app, invoice, agreement).expect(201);
    assert_eq!(approve(app, &request).expect(200)["status"], "applied");
    list(&app.credit(), "/v1/factoring-assignments?status=active")[0].clone()
}

fn receivable(app: &TestApp, account: &str) -> String {
    app.finance()
        .get(&format!("/v1/credit-accounts/{account}"))
        .expect(200)
        .text_at("/exposure/by_category/receivables/amount")
}

#[test]
fn an_invoice_sold_without_recourse_is_no_exposure_from_that_day_on_and_stays_open() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        a_receipt("R-1", "C-1", "20.00")
            .paying("I-1", "20.00")
            .create(app);
        agree(app, "FA-1", |_| ()).expect(201);
        let request = propose(app, "I-1", "FA-1").expect(201);
        assert_eq!(request["after"]["factor"], "Suzhou Factoring Ltd.");
        // Proposed is not sold.
        assert_eq!(receivable(app, &made.account), "80.00");
        app.finance()
            .post_if(
                &format!("/v1/change-requests/{}/approve", request.id()),
                &request.etag(),
                json!({"reason": "Mine."}),
            )
            .expect_problem(403, "segregation_of_duties");
        assert_eq!(approve(app, &request).expect(200)["status"], "applied");
        assert_eq!(receivable(app, &made.account), "0.00");
        let invoice = app.finance().get("/v1/invoices/I-1").expect(200);
        assert_eq!(invoice["status"], "sold");
        assert_eq!(invoice["sold_on"], "2026-03-31");
        assert_eq!(invoice["open"]["amount"], "80.00");
        let assignment = &list(&app.credit(), "/v1/factoring-assignments")[0];
        assert_eq!(assignment["effect"], "leaves");
        assert_eq!(assignment["assigned"]["amount"], "80.00");
        assert_eq!(assignment["advanced"]["amount"], "64.00");
        assert_eq!(assignment["assigned_by"], "u-finance-2");
        let aging = app.credit().get("/v1/reports/aging").expect(200);
        assert_eq!(aging["totals"][0]["outstanding"]["amount"], "80.00");
        assert_eq!(aging["totals"][0]["sold"]["amount"], "80.00");
        let before = app.credit().get("/v1/reports/aging?as_of=2026-03-30");
        assert_eq!(before.expect(200)["totals"], json!([]));
        app.adds_up();
    });
}

#[test]
fn what_is_sold_with_recourse_or_pledged_stays_exposure() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        agree(app, "FA-1", |body| body["recourse"] = json!("with")).expect(201);
        agree(app, "PL-1", |body| {
            body["kind"] = json!("pledge");
            body["recourse"] = json!("with");
        })
        .expect(201);
        for (invoice, agreement) in [("I-1", "FA-1"), ("I-2", "PL-1")] {
            an_invoice(invoice, "C-1", "100.00").create(app);
            assert_eq!(assign(app, invoice, agreement)["effect"], "stays");
        }
        assert_eq!(receivable(app, &made.account), "200.00");
        let open = app.finance().get("/v1/invoices/I-1").expect(200);
        assert_eq!(open["status"], "open");
        assert_eq!(open["sold_on"], Value::Null);
        app.adds_up();
    });
}

#[test]
fn a_sold_invoice_that_is_paid_to_us_moves_no_receivable_and_is_sold_again_when_the_receipt_is_reversed()
 {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        an_invoice("I-2", "C-1", "10.00").create(app);
        agree(app, "FA-1", |body| body["notification"] = json!("silent")).expect(201);
        assign(app, "I-1", "FA-1");
        assert_eq!(receivable(app, &made.account), "10.00");
        a_receipt("R-1", "C-1", "40.00")
            .paying("I-1", "40.00")
            .create(app);
        let status = || app.finance().get("/v1/invoices/I-1").expect(200)["status"].clone();
        assert_eq!(status(), "sold");
        assert_eq!(receivable(app, &made.account), "10.00");
        app.adds_up();
        a_receipt("R-2", "C-1", "60.00")
            .paying("I-1", "60.00")
            .create(app);
        assert_eq!(status(), "paid");
        app.adds_up();
        take_back(app, "/v1/receipts/R-2", "reverse").expect(200);
        assert_eq!(status(), "sold");
        assert_eq!(receivable(app, &made.account), "10.00");
        take_back(app, "/v1/invoices/I-1", "cancel").expect_problem(409, "state_conflict");
        app.adds_up();
    });
}

#[test]
fn an_invoice_that_is_bought_back_is_exposure_again() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        agree(app, "FA-1", |_| ()).expect(201);
        let assignment = assign(app, "I-1", "FA-1");
        let path = format!(
            "/v1/factoring-assignments/{}",
            assignment["id"].as_str().unwrap()
        );
        app.turn_to("2026-04-10");
        let read = app.finance().get(&path).expect(200);
        let back = || {
            app.finance().post_if(
                &format!("{path}/buy-back"),
                &read.etag(),
                json!({"reason": "Disputed by the customer."}),
            )
        };
        let ended = back().expect(200);
        assert_eq!(ended["status"], "bought_back");
        assert_eq!(ended["ended_on"], "2026-04-10");
        back().expect_problem(412, "stale");
        assert_eq!(receivable(app, &made.account), "100.00");
        let invoice = app.finance().get("/v1/invoices/I-1").expect(200);
        assert_eq!(invoice["status"], "open");
        let sold = |day: &str| {
            let path = format!("/v1/reports/aging?as_of={day}");
            app.credit().get(&path).expect(200)["totals"][0]["sold"]["amount"].clone()
        };
        assert_eq!(sold("2026-04-09"), "100.00");
        assert_eq!(sold("2026-04-10"), "0.00");
        assign(app, "I-1", "FA-1");
        assert_eq!(receivable(app, &made.account), "0.00");
        app.adds_up();
    });
}

#[test]
fn dunning_leaves_out_what_a_disclosed_factor_asks_for_and_asks_for_a_silent_one() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        a_customer("C-1").create(app);
        agree(app, "DISCLOSED", |_| ()).expect(201);
        agree(app, "SILENT", |body| body["notification"] = json!("silent")).expect(201);
        for (invoice, agreement) in [("I-1", "DISCLOSED"), ("I-2", "SILENT")] {
            an_invoice(invoice, "C-1", "100.00")
                .due("2026-01-31")
                .create(app);
            assign(app, invoice, agreement);
        }
        app.turn_to("2026-03-31");
        let run = preview(app);
        assert_eq!(
            skipped(&run),
            json!([{"reason": "factored", "invoices": 1}])
        );
        let notices = crate::dunning::notices(app, &run.id());
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0]["total"]["amount"], "100.00");
    });
}

#[test]
fn a_sale_takes_finance_twice_an_open_invoice_and_an_agreement_that_holds() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        let agreement = agree(app, "FA-1", |body| {
            body["valid_until"] = json!("2026-04-30");
        });
        let agreement = agreement.expect(201);
        let body = json!({
            "kind": "factoring_assignment", "target": "I-1", "after": {"factoring_agreement": "FA-1"}, "reason": "Cash.",
        });
        app.credit()
            .post("/v1/change-requests", body)
            .expect_problem(403, "forbidden");
        propose(app, "I-1", "FA-9").expect_problem(422, "invalid");
        propose(app, "I-9", "FA-1").expect_problem(404, "not_found");
        let request = propose(app, "I-1", "FA-1").expect(201);
        app.credit()
            .post_if(
                &format!("/v1/change-requests/{}/approve", request.id()),
                &request.etag(),
                json!({"reason": "By credit."}),
            )
            .expect_problem(403, "forbidden");
        // What was settled meanwhile was not what was proposed.
        a_receipt("R-1", "C-1", "10.00")
            .paying("I-1", "10.00")
            .create(app);
        assert_eq!(approve(app, &request).expect(200)["status"], "stale");
        let request = propose(app, "I-1", "FA-1").expect(201);
        app.turn_to("2026-05-01");
        approve(app, &request).expect_problem(422, "invalid");
        app.turn_to("2026-04-30");
        let end = format!("/v1/factoring-agreements/{}/end", agreement.id());
        let ended = app
            .finance()
            .post_if(&end, &agreement.etag(), json!({"reason": "Too dear."}))
            .expect(200);
        assert_eq!(ended["status"], "ended");
        approve(app, &request).expect_problem(422, "invalid");
        app.adds_up();
    });
}

#[test]
fn a_wrong_agreement_is_refused() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        agree(app, "FA-1", |_| ()).expect(201);
        agree(app, "FA-1", |_| ()).expect_problem(409, "duplicate_number");
        let malformed = |change: &dyn Fn(&mut Value)| {
            agree(app, "FA-2", change).expect_problem(400, "malformed_body");
        };
        malformed(&|body| body["kind"] = json!("pledge"));
        malformed(&|body| body["advance_ppm"] = json!(-1));
        malformed(&|body| body["advance_ppm"] = json!(1_000_001));
        malformed(&|body| body["factor"] = json!(""));
        malformed(&|body| {
            body["valid_from"] = json!("2026-04-30");
            body["valid_until"] = json!("2026-04-29");
        });
        agree(app, "FA-2", |body| {
            body["valid_until"] = json!("2026-03-30");
        })
        .expect_problem(422, "invalid");
        for client in [app.sales(), app.credit(), app.auditor()] {
            client
                .post("/v1/factoring-agreements", json!({}))
                .expect_problem(403, "forbidden");
        }
        app.sales()
            .get("/v1/factoring-agreements")
            .expect_problem(403, "forbidden");
        assert_eq!(list(&app.auditor(), "/v1/factoring-agreements").len(), 1);
    });
}

#[test]
fn what_is_sold_without_recourse_is_overdue_to_its_buyer_and_not_to_us() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        a_customer("C-1").with_limit("100000.00").create(app);
        agree(app, "WITHOUT", |body| {
            body["notification"] = json!("silent");
        })
        .expect(201);
        agree(app, "WITH", |body| body["recourse"] = json!("with")).expect(201);
        for invoice in ["I-1", "I-2"] {
            an_invoice(invoice, "C-1", "5000.00")
                .due("2026-01-31")
                .create(app);
        }
        let overdue = |order: &str| codes(&check(app, an_order("C-1", order, "1.00")).expect(200));
        app.turn_to("2026-03-31");
        assert_eq!(overdue("SO-1"), ["overdue_days_oldest"]);
        let sold = assign(app, "I-1", "WITHOUT");
        assert_eq!(overdue("SO-2"), ["overdue_days_oldest"]);
        assign(app, "I-2", "WITH");
        assert_eq!(overdue("SO-3"), ["overdue_days_oldest"]);
        app.finance()
            .post(
                "/v1/receipts",
                json!({
                    "number": "R-2", "customer": "C-1", "receipt_date": "2026-03-31",
                    "amount": {"amount": "5000.00", "currency": "CNY"},
                    "applications": [{"invoice_number": "I-2", "amount": {"amount": "5000.00", "currency": "CNY"}}],
                }),
            )
            .expect(201);
        assert!(overdue("SO-4").is_empty());
        app.adds_up();
        // Ours again, and overdue again.
        let path = format!("/v1/factoring-assignments/{}", sold["id"].as_str().unwrap());
        let etag = app.finance().get(&path).expect(200).etag();
        app.finance()
            .post_if(
                &format!("{path}/buy-back"),
                &etag,
                json!({"reason": "The factor gave it back."}),
            )
            .expect(200);
        assert_eq!(overdue("SO-5"), ["overdue_days_oldest"]);
        app.adds_up();
    });
}
