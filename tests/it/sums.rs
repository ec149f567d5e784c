//! Sums of money that are larger than any amount that comes in, and those that are too large for anything.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, an_invoice, on_both};

/// The largest amount that comes in, in a currency with four decimal places: of 922 of them, the sum leaves the range.
const LARGEST: &str = "999999999999.9999";

fn post_many(app: &TestApp, customer: &str, from: usize, count: usize) -> Reply {
    let day = app.clock().today().to_string();
    let invoices: Vec<Value> = (from..from + count)
        .map(|at| {
            json!({"number": format!("{customer}-{at}"), "customer": customer, "invoice_date": day,
                "amount": {"amount": LARGEST, "currency": "CLF"}})
        })
        .collect();
    app.finance()
        .post("/v1/invoices/batch", json!({"invoices": invoices}))
}

fn outstanding(report: &Reply) -> String {
    report.text_at("/totals/0/outstanding/amount")
}

#[test]
fn what_an_account_or_a_report_cannot_add_up_is_refused_and_never_cut() {
    on_both(|app| {
        a_customer("X").in_currency("CLF").create(app);
        a_customer("Y").in_currency("CLF").create(app);
        let finance = app.finance();
        post_many(app, "X", 0, 500);
        let half = finance.get("/v1/reports/aging?customer=X").expect(200);
        assert_eq!(outstanding(&half), "499999999999999.9500");
        post_many(app, "X", 500, 450).expect_problem(422, "sum_too_large");
        post_many(app, "Y", 0, 500);
        for path in [
            "/v1/reports/aging",
            "/v1/reports/aging?by=currency",
            "/v1/reports/aging?by=owner",
        ] {
            finance.get(path).expect_problem(422, "sum_too_large");
        }
        // Each alone is told in full, and nothing of what was refused is there.
        for customer in ["X", "Y"] {
            let path = format!("/v1/reports/aging?customer={customer}");
            assert_eq!(
                outstanding(&finance.get(&path).expect(200)),
                "499999999999999.9500"
            );
        }
        finance
            .get("/v1/invoices/X-500")
            .expect_problem(404, "not_found");
    });
}

#[test]
fn a_group_and_an_order_are_refused_where_the_sum_would_begin() {
    on_both(|app| {
        a_customer("G").in_currency("CLF").create(app);
        a_customer("A").in_currency("CLF").below("G").create(app);
        a_customer("B").in_currency("CLF").below("G").create(app);
        post_many(app, "A", 0, 500);
        post_many(app, "B", 0, 400);
        post_many(app, "B", 400, 1).expect_problem(422, "sum_too_large");
        an_invoice("B-one", "B", LARGEST)
            .in_currency("CLF")
            .post(app)
            .expect_problem(422, "sum_too_large");
        a_customer("S").in_currency("CLF").create(app);
        post_many(app, "S", 0, 500);
        post_many(app, "S", 500, 400);
        let ask = |amount: &str| {
            app.system().post(
                "/v1/limit-checks",
                json!({"customer": "S", "amount": {"amount": amount, "currency": "CLF"}}),
            )
        };
        ask(LARGEST).expect_problem(422, "sum_too_large");
        // The neighbours of such an order, and smaller ones, are decided.
        ask("0.0500").expect(200);
    });
}

#[test]
fn sums_of_more_than_twelve_digits_are_read_wherever_they_are_told() {
    on_both(|app| {
        let made = a_customer("BIG").in_currency("VND").create(app);
        let today = app.clock().today();
        for number in ["B-1", "B-2"] {
            an_invoice(number, "BIG", "600000000000")
                .in_currency("VND")
                .dated(&(today - chrono::Duration::days(60)).to_string())
                .create(app);
        }
        let sum = json!({"amount": "1200000000000", "currency": "VND"});
        let credit = app.credit();
        let account = credit
            .get(&format!("/v1/credit-accounts/{}", made.account))
            .expect(200);
        assert_eq!(account["exposure"]["total"], sum);
        let rating = credit
            .post("/v1/ratings", json!({"customer": "BIG"}))
            .expect(201);
        let read = credit
            .get(&format!("/v1/ratings/{}", rating.id()))
            .expect(200);
        assert_eq!(read["facts"]["past_due"][0]["amount"], sum);
        credit.get("/v1/customers/BIG/indicators").expect(200);
        let sales = app.sales();
        let application = sales
            .post(
                "/v1/applications",
                json!({"customer": "BIG", "requested_net_days": 30,
                "requested_limit": {"amount": "1000000", "currency": "VND"}, "purpose": "Steel."}),
            )
            .expect(201);
        let path = format!("/v1/applications/{}", application.id());
        sales
            .post_if(&format!("{path}/submit"), "\"1\"", json!({}))
            .expect(200);
        credit
            .post_if(&format!("{path}/start-review"), "\"2\"", json!({}))
            .expect(200);
        credit
            .post_if(&format!("{path}/assess"), "\"3\"", json!({}))
            .expect(200);
        credit.get(&format!("{path}/assessments")).expect(200);
        let check = app
            .system()
            .post(
                "/v1/limit-checks",
                json!({"customer": "BIG", "amount": {"amount": "1", "currency": "VND"}}),
            )
            .expect(200);
        assert_eq!(check["credit_account"]["exposure"]["total"], sum);
        credit
            .get(&format!("/v1/limit-checks/{}", check.id()))
            .expect(200);
        let csv = app.finance().get("/v1/reports/aging?format=csv");
        assert_eq!(csv.status, 200);
    });
}

#[test]
fn an_amount_that_comes_in_has_twelve_digits_at_most_whatever_sums_have() {
    on_both(|app| {
        a_customer("C-1").in_currency("VND").create(app);
        an_invoice("I-1", "C-1", "1000000000000")
            .in_currency("VND")
            .post(app)
            .expect_problem(400, "malformed_body");
        let statement = json!({
            "period_end": "2024-12-31", "months": 12, "kind": "annual", "currency": "VND", "audit": "audited",
            "source": "Customer", "received_on": "2025-03-20",
            "lines": {"sales": {"amount": "1000000000000", "currency": "VND"}},
        });
        app.sales()
            .post("/v1/customers/C-1/financial-statements", statement)
            .expect_problem(400, "malformed_body");
    });
}
