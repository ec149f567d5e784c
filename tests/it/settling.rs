//! Settling as it happens: discounts, short payments, differences, set-off, payers, other currencies, instalments.

use serde_json::{Value, json};

use crate::support::{
    Reply, TestApp, a_customer, a_receipt, an_invoice, on_both, set_policy, set_rate,
};

fn money(amount: &str, currency: &str) -> Value {
    json!({"amount": amount, "currency": currency})
}

fn cny(amount: &str) -> Value {
    money(amount, "CNY")
}

/// Posts an invoice of the customer with what else it says.
fn invoice_with(
    app: &TestApp,
    number: &str,
    customer: &str,
    amount: &Value,
    more: &Value,
) -> Reply {
    let mut body = json!({
        "number": number, "customer": customer, "invoice_date": app.clock().today().to_string(), "amount": amount,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    app.finance().post("/v1/invoices", body)
}

/// Posts a receipt of the customer that is applied as told.
fn receipt_for(
    app: &TestApp,
    number: &str,
    customer: &str,
    amount: &Value,
    applications: &Value,
) -> Reply {
    let body = json!({
        "number": number, "customer": customer, "receipt_date": app.clock().today().to_string(), "amount": amount,
        "applications": applications,
    });
    app.finance().post("/v1/receipts", body)
}

fn open_of(app: &TestApp, invoice: &str) -> String {
    let read = app.finance().get(&format!("/v1/invoices/{invoice}"));
    read.expect(200).text_at("/open/amount")
}

/// Kind and amount of each settlement of an invoice.
fn settlements(app: &TestApp, invoice: &str) -> Vec<(String, String)> {
    let path = format!("/v1/invoices/{invoice}/settlements");
    let listed = app.finance().get(&path).expect(200);
    listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&row["kind"]), text(&row["amount"]["amount"]))
        })
        .collect()
}

fn rows(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(kind, amount): &(&str, &str)| ((*kind).to_owned(), (*amount).to_owned());
    expected.iter().map(owned).collect()
}

/// The items of an invoice: what is open, when it is due.
fn items(app: &TestApp, invoice: &str) -> Vec<(String, String)> {
    let id = app
        .finance()
        .get(&format!("/v1/invoices/{invoice}"))
        .expect(200)
        .id();
    let listed = app
        .auditor()
        .get(&format!("/v1/items?invoice_id={id}"))
        .expect(200);
    listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&item["open"]["amount"]), text(&item["due_date"]))
        })
        .collect()
}

#[test]
fn two_percent_are_granted_to_who_pays_within_ten_days() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        let terms = json!({"payment_terms": "2_10_net_30"});
        let posted = invoice_with(app, "I-1", "C-1", &cny("1000.00"), &terms).expect(201);
        assert_eq!(posted["due_date"], "2026-03-31");
        assert_eq!(posted["payment_terms"], "2_10_net_30");
        invoice_with(app, "I-2", "C-1", &cny("1000.00"), &terms).expect(201);
        app.turn_to("2026-03-11");
        a_receipt("R-1", "C-1", "980.00")
            .paying("I-1", "980.00")
            .create(app);
        assert_eq!(open_of(app, "I-1"), "0.00");
        assert_eq!(
            settlements(app, "I-1"),
            rows(&[("payment", "980.00"), ("discount", "20.00")])
        );
        // A day later the discount is gone, and the difference stays open.
        app.turn_to("2026-03-12");
        a_receipt("R-2", "C-1", "980.00")
            .paying("I-2", "980.00")
            .create(app);
        assert_eq!(open_of(app, "I-2"), "20.00");
        app.adds_up();
        // The value date counts, not the day on which it is entered.
        let unapplied = app.finance().post(
            "/v1/receipts/R-1/unapply",
            json!({"reason": "It pays another invoice."}),
        );
        assert_eq!(unapplied.expect(200)["unapplied"]["amount"], "980.00");
        assert_eq!(open_of(app, "I-1"), "1000.00");
        let body = json!({"applications": [{"invoice_number": "I-1", "amount": cny("980.00")}]});
        app.finance()
            .post("/v1/receipts/R-1/apply", body)
            .expect(200);
        assert_eq!(open_of(app, "I-1"), "0.00");
        app.adds_up();
    });
}

#[test]
fn a_small_difference_is_let_go_within_the_policys_tolerance() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        set_policy(app, |policy| {
            policy["settlement"] =
                json!({"tolerance": {"amounts": {"CNY": "5.00"}, "share": "0.01"}});
        });
        for (number, amount, paid, left) in [
            ("I-1", "1000.00", "995.00", "0.00"),
            ("I-2", "1000.00", "994.99", "5.01"),
            // The smaller of both: one percent of 100.00.
            ("I-3", "100.00", "99.00", "0.00"),
            ("I-4", "100.00", "98.99", "1.01"),
        ] {
            an_invoice(number, "C-1", amount).create(app);
            a_receipt(&number.replace('I', "R"), "C-1", paid)
                .paying(number, paid)
                .create(app);
            assert_eq!(open_of(app, number), left, "{number}");
        }
        assert_eq!(
            settlements(app, "I-1"),
            rows(&[("payment", "995.00"), ("tolerance", "5.00")])
        );
        app.adds_up();
        // A bounced payment takes the tolerance with it.
        let etag = app.finance().get("/v1/receipts/R-1").expect(200).etag();
        app.finance()
            .post_if(
                "/v1/receipts/R-1/reverse",
                &etag,
                json!({"reason": "Bounced."}),
            )
            .expect(200);
        assert_eq!(open_of(app, "I-1"), "1000.00");
        app.adds_up();
    });
}

#[test]
fn who_pays_short_says_why_and_a_dispute_stays_open_with_its_reason() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        for number in ["I-1", "I-2", "I-3"] {
            an_invoice(number, "C-1", "1000.00").create(app);
        }
        let paid = |number: &str, invoice: &str, rest: Value| {
            let applications =
                json!([{"invoice_number": invoice, "amount": cny("950.00"), "rest": rest}]);
            receipt_for(app, number, "C-1", &cny("950.00"), &applications)
        };
        let dispute = json!({"treatment": "dispute", "reason": "Two pallets were damaged."});
        paid("R-1", "I-1", dispute).expect(201);
        assert_eq!(open_of(app, "I-1"), "50.00");
        let listed = app.finance().get("/v1/items?open=true").expect(200);
        let disputed = &listed["data"][0];
        assert_eq!(disputed["open_reason"]["treatment"], "dispute");
        assert_eq!(
            disputed["open_reason"]["reason"],
            "Two pallets were damaged."
        );
        // Nothing is let go that no policy lets go.
        let charge = json!({"treatment": "bank_charge"});
        let refused = paid("R-2", "I-2", charge.clone()).expect_problem(422, "over_applied");
        assert_eq!(refused["errors"][0]["code"], "over_limit");
        assert_eq!(open_of(app, "I-2"), "1000.00");
        set_policy(app, |policy| {
            policy["settlement"] = json!({"difference_limits": {"CNY": "50.00"}});
        });
        paid("R-2", "I-2", charge).expect(201);
        assert_eq!(
            settlements(app, "I-2"),
            rows(&[("payment", "950.00"), ("bank_charge", "50.00")])
        );
        // One that is paid in full loses its reason.
        a_receipt("R-4", "C-1", "50.00")
            .paying("I-1", "50.00")
            .create(app);
        let read = app.finance().get("/v1/items?open=false").expect(200);
        assert_eq!(read["data"][0]["open_reason"], Value::Null);
        app.adds_up();
    });
}

#[test]
fn of_three_instalments_the_second_is_late_and_is_dunned_alone() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        let three = json!({"instalments": [
            {"amount": cny("300.00"), "due_date": "2026-03-31"},
            {"amount": cny("300.00"), "due_date": "2026-04-30"},
            {"amount": cny("400.00"), "due_date": "2026-05-31"}
        ]});
        let posted = invoice_with(app, "I-1", "C-1", &cny("1000.00"), &three).expect(201);
        assert_eq!(posted["due_date"], "2026-05-31");
        app.turn_to("2026-03-31");
        a_receipt("R-1", "C-1", "300.00").create(app);
        assert_eq!(
            items(app, "I-1"),
            rows(&[
                ("0.00", "2026-03-31"),
                ("300.00", "2026-04-30"),
                ("400.00", "2026-05-31")
            ])
        );
        app.turn_to("2026-05-10");
        let aging = app
            .finance()
            .get("/v1/reports/aging?as_of=2026-05-10&by=customer")
            .expect(200);
        let buckets = aging["rows"][0]["buckets"].as_array().unwrap();
        assert_eq!(buckets[0]["amount"]["amount"], "400.00", "{buckets:?}");
        assert_eq!(buckets[1]["amount"]["amount"], "300.00", "{buckets:?}");
        let run = app.credit().post("/v1/dunning-runs", json!({})).expect(201);
        let notices = app
            .credit()
            .get(&format!("/v1/dunning-notices?run_id={}", run.id()))
            .expect(200);
        let listed = notices["data"][0]["items"].as_array().unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0]["position"], 2);
        assert_eq!(listed[0]["due_date"], "2026-04-30");
        assert_eq!(notices["data"][0]["total"]["amount"], "300.00");
        app.adds_up();
        // Money for the invoice goes to what is due first, or to the instalment that is named.
        let third = app
            .finance()
            .get("/v1/items?open=true&due_date_from=2026-05-31")
            .expect(200)
            .text_at("/data/0/id");
        let applications =
            json!([{"invoice_number": "I-1", "item_id": third, "amount": cny("100.00")}]);
        receipt_for(app, "R-2", "C-1", &cny("100.00"), &applications).expect(201);
        a_receipt("R-3", "C-1", "350.00")
            .paying("I-1", "350.00")
            .create(app);
        assert_eq!(
            items(app, "I-1"),
            rows(&[
                ("0.00", "2026-03-31"),
                ("0.00", "2026-04-30"),
                ("250.00", "2026-05-31")
            ])
        );
        app.adds_up();
    });
}

#[test]
fn instalments_that_do_not_add_up_are_refused() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        let short = json!({"instalments": [{"amount": cny("999.99"), "due_date": "2026-03-31"}]});
        let refused = invoice_with(app, "I-1", "C-1", &cny("1000.00"), &short);
        refused.expect_problem(422, "invalid");
        let early = json!({"instalments": [{"amount": cny("1000.00"), "due_date": "2026-02-28"}]});
        invoice_with(app, "I-1", "C-1", &cny("1000.00"), &early).expect_problem(422, "invalid");
        let both = json!({
            "payment_terms": "net_30", "instalments": [{"amount": cny("1000.00"), "due_date": "2026-03-31"}]
        });
        invoice_with(app, "I-1", "C-1", &cny("1000.00"), &both).expect_problem(422, "invalid");
        let unknown = json!({"payment_terms": "ZB99"});
        let refused = invoice_with(app, "I-1", "C-1", &cny("1000.00"), &unknown);
        assert_eq!(
            refused.expect_problem(422, "invalid")["errors"][0]["code"],
            "unknown_payment_terms"
        );
        let tax = json!({"net": cny("900.00"), "tax": cny("99.00")});
        invoice_with(app, "I-1", "C-1", &cny("1000.00"), &tax).expect_problem(422, "invalid");
        let euros = json!({"net": money("900.00", "EUR")});
        invoice_with(app, "I-1", "C-1", &cny("1000.00"), &euros).expect_problem(422, "invalid");
    });
}

#[test]
fn an_invoice_says_net_tax_dates_labels_and_the_buyers_order() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").create(app);
        let more = json!({
            "net": cny("884.96"), "posting_date": "2026-03-11", "baseline_date": "2026-03-05",
            "customer_order_number": "PO 4711", "labels": ["export", "export", "q1"]
        });
        let posted = invoice_with(app, "I-1", "C-1", &cny("1000.00"), &more).expect(201);
        assert_eq!(posted["tax"]["amount"], "115.04");
        assert_eq!(posted["posting_date"], "2026-03-11");
        assert_eq!(posted["labels"], json!(["export", "q1"]));
        assert_eq!(posted["customer_order_number"], "PO 4711");
        // The account's 30 days run from the baseline date.
        assert_eq!(posted["due_date"], "2026-04-04");
        let plain = an_invoice("I-2", "C-1", "10.00").post(app).expect(201);
        assert_eq!(plain["posting_date"], "2026-03-10");
        assert_eq!(plain["net"], Value::Null);
    });
}

#[test]
fn a_parent_pays_three_subsidiaries_with_one_transfer() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let parent = a_customer("P").create(app);
        for number in ["S-1", "S-2", "S-3"] {
            a_customer(number).below("P").create(app);
            an_invoice(&format!("I-{number}"), number, "100.00").create(app);
        }
        a_customer("X").create(app);
        an_invoice("I-X", "X", "100.00").create(app);
        let one =
            |invoice: &str, amount: &str| json!({"invoice_number": invoice, "amount": cny(amount)});
        let three = json!([
            one("I-S-1", "100.00"),
            one("I-S-2", "100.00"),
            one("I-S-3", "60.00")
        ]);
        let paid = receipt_for(app, "R-1", "P", &cny("300.00"), &three).expect(201);
        assert_eq!(paid["unapplied"]["amount"], "40.00");
        assert_eq!(open_of(app, "I-S-1"), "0.00");
        assert_eq!(open_of(app, "I-S-3"), "40.00");
        let account = app
            .finance()
            .get(&format!("/v1/credit-accounts/{}", parent.account))
            .expect(200);
        assert_eq!(
            account["exposure"]["by_category"]["unapplied_cash"]["amount"],
            "40.00"
        );
        app.adds_up();
        // A stranger's invoice is settled only when the stranger is named.
        let stranger = json!([one("I-X", "40.00")]);
        let body = json!({"applications": stranger});
        let refused = app.finance().post("/v1/receipts/R-1/apply", body);
        assert_eq!(
            refused.expect_problem(422, "invalid")["errors"][0]["code"],
            "other_customer"
        );
        let named = json!({"applications": [
            {"invoice_number": "I-X", "amount": cny("40.00"), "customer": "X"}
        ]});
        app.finance()
            .post("/v1/receipts/R-1/apply", named)
            .expect(200);
        assert_eq!(open_of(app, "I-X"), "60.00");
        app.adds_up();
        // Taken back, all four owe again.
        let etag = app.finance().get("/v1/receipts/R-1").expect(200).etag();
        app.finance()
            .post_if(
                "/v1/receipts/R-1/reverse",
                &etag,
                json!({"reason": "Recalled."}),
            )
            .expect(200);
        for invoice in ["I-S-1", "I-S-2", "I-S-3", "I-X"] {
            assert_eq!(open_of(app, invoice), "100.00");
        }
        app.adds_up();
    });
}

#[test]
fn a_receipt_of_a_subsidiary_tells_who_paid() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let parent = a_customer("P").create(app);
        a_customer("S-1").below("P").create(app);
        an_invoice("I-1", "S-1", "100.00").create(app);
        let mut body = json!({
            "number": "R-1", "customer": "S-1", "payer_customer": "P", "receipt_date": "2026-03-01",
            "amount": cny("100.00"),
        });
        let paid = app.finance().post("/v1/receipts", body.clone()).expect(201);
        assert_eq!(paid["payer_customer_id"], parent.id.as_str());
        assert_eq!(open_of(app, "I-1"), "0.00");
        body["number"] = json!("R-2");
        body["payer_customer"] = json!("nobody");
        let refused = app.finance().post("/v1/receipts", body);
        assert_eq!(
            refused.expect_problem(404, "not_found")["errors"][0]["pointer"],
            "/payer_customer"
        );
    });
}

#[test]
fn what_we_owe_the_customer_is_set_off_and_taken_back() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "1000.00").create(app);
        let set_off = |kind: &str, amount: Value| {
            let body = json!({"kind": kind, "amount": amount, "reason": "Their invoice 4711."});
            app.finance().post("/v1/invoices/I-1/set-off", body)
        };
        let after = set_off("compensation", cny("300.00")).expect(200);
        assert_eq!(after["open"]["amount"], "700.00");
        set_off("compensation", cny("700.01")).expect_problem(422, "over_applied");
        set_off("compensation", cny("0.00")).expect_problem(400, "malformed_body");
        set_off("compensation", money("1.00", "EUR")).expect_problem(422, "currency_mismatch");
        set_off("write_off", cny("1.00")).expect_problem(422, "over_applied");
        let body = json!({"kind": "compensation", "amount": cny("1.00"), "reason": "No."});
        app.credit()
            .post("/v1/invoices/I-1/set-off", body)
            .expect_problem(403, "forbidden");
        app.adds_up();
        let row = app
            .finance()
            .get("/v1/invoices/I-1/settlements")
            .expect(200)
            .text_at("/data/0/id");
        let path = format!("/v1/settlements/{row}/reverse");
        let reason = json!({"reason": "Set off against the wrong invoice."});
        app.finance().post(&path, reason.clone()).expect(200);
        assert_eq!(open_of(app, "I-1"), "1000.00");
        app.finance()
            .post(&path, reason)
            .expect_problem(409, "state_conflict");
        app.adds_up();
    });
}

#[test]
fn what_is_let_go_of_an_item_bit_by_bit_is_within_the_limit_all_together() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "1000.00").create(app);
        set_policy(app, |policy| {
            policy["settlement"] = json!({"difference_limits": {"CNY": "50.00"}});
        });
        let write_off = |amount: &str| {
            let body = json!({"kind": "write_off", "amount": cny(amount), "reason": "Too little."});
            app.finance().post("/v1/invoices/I-1/set-off", body)
        };
        write_off("30.00").expect(200);
        let refused = write_off("20.01").expect_problem(422, "over_applied");
        assert_eq!(refused["errors"][0]["code"], "over_limit");
        let rest = |number: &str| {
            let rest = json!({"treatment": "bank_charge"});
            let applications =
                json!([{"invoice_number": "I-1", "amount": cny("949.99"), "rest": rest}]);
            receipt_for(app, number, "C-1", &cny("949.99"), &applications)
        };
        rest("R-1").expect_problem(422, "over_applied");
        write_off("20.00").expect(200);
        write_off("0.01").expect_problem(422, "over_applied");
        rest("R-1").expect_problem(422, "over_applied");
        // What is undone was not let go.
        let listed = app.finance().get("/v1/invoices/I-1/settlements");
        let listed = listed.expect(200);
        let of_thirty = listed["data"].as_array().unwrap().iter();
        let mut of_thirty = of_thirty.filter(|row| row["amount"] == cny("30.00"));
        let id = of_thirty.next().unwrap()["id"].as_str().unwrap();
        let reason = json!({"reason": "They paid it."});
        app.finance()
            .post(&format!("/v1/settlements/{id}/reverse"), reason)
            .expect(200);
        write_off("30.01").expect_problem(422, "over_applied");
        write_off("30.00").expect(200);
        assert_eq!(open_of(app, "I-1"), "950.00");
        app.adds_up();
    });
}

#[test]
fn money_that_pays_nothing_more_is_refunded_by_two_persons() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "1000.00").create(app);
        let receipt = a_receipt("R-1", "C-1", "1200.00").create(app);
        let request = |amount: &str| {
            let body =
                json!({"receipt_id": receipt, "amount": cny(amount), "reason": "Paid twice."});
            app.credit().post("/v1/refunds", body)
        };
        request("200.01").expect_problem(422, "over_applied");
        let refund = request("150.00").expect(201);
        let path = format!("/v1/refunds/{}", refund.id());
        let reason = json!({"reason": "Checked."});
        app.caller("u-credit", &[kernel::caller::Role::Finance], None)
            .post_if(&format!("{path}/approve"), &refund.etag(), reason.clone())
            .expect_problem(403, "segregation_of_duties");
        let approved = app
            .finance()
            .post_if(&format!("{path}/approve"), &refund.etag(), reason.clone())
            .expect(200);
        let read = app.finance().get("/v1/receipts/R-1").expect(200);
        assert_eq!(read["unapplied"]["amount"], "50.00");
        assert_eq!(read["refunded"]["amount"], "150.00");
        app.adds_up();
        // What is to be given back settles nothing, and is not taken back by a reversal.
        an_invoice("I-2", "C-1", "100.00").create(app);
        let body = json!({"applications": [{"invoice_number": "I-2", "amount": cny("50.01")}]});
        app.finance()
            .post("/v1/receipts/R-1/apply", body)
            .expect_problem(422, "over_applied");
        app.finance()
            .post_if(
                "/v1/receipts/R-1/reverse",
                &read.etag(),
                json!({"reason": "Bounced."}),
            )
            .expect_problem(409, "state_conflict");
        app.finance()
            .post_if(&format!("{path}/approve"), &refund.etag(), reason.clone())
            .expect_problem(412, "stale");
        app.turn_to("2026-03-03");
        let future = json!({"paid_on": "2026-03-04"});
        app.finance()
            .post_if(&format!("{path}/pay"), &approved.etag(), future)
            .expect_problem(422, "invalid");
        let paid = app
            .finance()
            .post_if(
                &format!("{path}/pay"),
                &approved.etag(),
                json!({"paid_on": "2026-03-03"}),
            )
            .expect(200);
        assert_eq!(paid["status"], "paid");
        app.finance()
            .post_if(&format!("{path}/cancel"), &paid.etag(), reason)
            .expect_problem(409, "state_conflict");
        app.adds_up();
    });
}

#[test]
fn a_refund_that_is_cancelled_frees_the_money() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        let receipt = a_receipt("R-1", "C-1", "100.00").create(app);
        let body = json!({"receipt_id": receipt, "amount": cny("100.00"), "reason": "Paid twice."});
        let refund = app.credit().post("/v1/refunds", body).expect(201);
        let path = format!("/v1/refunds/{}", refund.id());
        let reason = json!({"reason": "Checked."});
        let approved = app
            .finance()
            .post_if(&format!("{path}/approve"), &refund.etag(), reason.clone())
            .expect(200);
        app.turn_to("2026-03-05");
        app.finance()
            .post_if(&format!("{path}/cancel"), &approved.etag(), reason)
            .expect(200);
        let read = app.finance().get("/v1/receipts/R-1").expect(200);
        assert_eq!(read["unapplied"]["amount"], "100.00");
        assert_eq!(read["refunded"]["amount"], "0.00");
        app.adds_up();
        let then = app
            .finance()
            .get("/v1/reports/aging?as_of=2026-03-03&by=customer")
            .expect(200);
        assert_eq!(then["rows"], json!([]));
        // On a day on which it was held it settled nothing, nor does it now from that day on.
        an_invoice("I-1", "C-1", "60.00")
            .dated("2026-03-01")
            .create(app);
        let apply = |day: &str| {
            let applications = json!([{"invoice_number": "I-1", "amount": cny("60.00")}]);
            let body = json!({"applications": applications, "effective_on": day});
            app.finance().post("/v1/receipts/R-1/apply", body)
        };
        let refused = apply("2026-03-04").expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "in_use");
        apply("2026-03-05").expect(200);
        app.adds_up();
    });
}

#[test]
fn credit_notes_are_posted_many_at_once() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        let note = |number: &str, amount: &str, about: Value| {
            json!({
                "number": number, "customer": "C-1", "credit_date": "2026-03-01", "amount": cny(amount),
                "invoice_number": about, "reason": "Damaged.",
            })
        };
        let body = json!({"credit_notes": [
            note("CN-1", "40.00", json!("I-1")), note("CN-1", "5.00", json!("I-1")),
            note("CN-2", "0.00", Value::Null), note("CN-3", "5.00", json!("I-1"))
        ]});
        let posted = app
            .finance()
            .post("/v1/credit-notes/batch", body)
            .expect(207);
        let statuses: Vec<i64> = posted["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["status"].as_i64().unwrap())
            .collect();
        assert_eq!(statuses, [201, 409, 422, 201]);
        assert_eq!(open_of(app, "I-1"), "55.00");
        app.adds_up();
    });
}

#[test]
fn thirty_thousand_dollars_booked_at_1_0705_are_paid_with_euros_at_1_05() {
    on_both(|app| {
        app.turn_to("2024-06-28");
        let main = app.finance().get("/v1/legal-entities/MAIN").expect(200);
        app.finance()
            .patch(
                "/v1/legal-entities/MAIN",
                &main.etag(),
                json!({"functional_currency": "EUR"}),
            )
            .expect(200);
        set_rate(app, "EUR", "USD", "1.0705", "2024-06-28");
        app.finance()
            .post(
                "/v1/customers",
                json!({"number": "C-1", "name": "Dollars", "country": "US"}),
            )
            .expect(201);
        let account = json!({"customer": "C-1", "currency": "USD", "billing_currencies": ["EUR"]});
        app.finance()
            .post("/v1/credit-accounts", account)
            .expect(201);
        for number in ["I-1", "I-2"] {
            let posted = invoice_with(app, number, "C-1", &money("30000.00", "USD"), &json!({}));
            let posted = posted.expect(201);
            assert_eq!(posted["booking"], money("28024.29", "EUR"));
        }
        app.turn_to("2024-07-28");
        set_rate(app, "EUR", "USD", "1.05", "2024-07-28");
        let paid = |number: &str, amount: &str, applications: Value| {
            receipt_for(app, number, "C-1", &money(amount, "EUR"), &applications)
        };
        let whole = json!([{"invoice_number": "I-1", "amount": money("30000.00", "USD")}]);
        let receipt = paid("R-1", "28571.43", whole).expect(201);
        assert_eq!(receipt["unapplied"]["amount"], "0.00");
        let settled = app
            .finance()
            .get("/v1/invoices/I-1/settlements")
            .expect(200);
        let row = &settled["data"][0];
        assert_eq!(row["amount"], money("30000.00", "USD"));
        assert_eq!(row["used"], money("28571.43", "EUR"));
        assert_eq!(row["rate"], "1.05");
        assert_eq!(row["realised_difference"], money("547.14", "EUR"));
        assert_eq!(open_of(app, "I-1"), "0.00");
        // Paid with EUR 28,500 only: USD 29,925.00 settled, USD 75.00 open.
        let part = json!([{"invoice_number": "I-2", "amount": money("28500.00", "EUR")}]);
        paid("R-2", "28500.00", part).expect(201);
        assert_eq!(open_of(app, "I-2"), "75.00");
        let settled = app
            .finance()
            .get("/v1/invoices/I-2/settlements")
            .expect(200);
        assert_eq!(settled["data"][0]["amount"], money("29925.00", "USD"));
        app.adds_up();
        let etag = app.finance().get("/v1/receipts/R-1").expect(200).etag();
        app.finance()
            .post_if(
                "/v1/receipts/R-1/reverse",
                &etag,
                json!({"reason": "Bounced."}),
            )
            .expect(200);
        assert_eq!(open_of(app, "I-1"), "30000.00");
        app.adds_up();
    });
}

#[test]
fn a_missing_rate_refuses_no_document_and_no_payment_that_says_both_amounts() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        let account = app
            .finance()
            .get("/v1/credit-accounts?customer=C-1")
            .expect(200);
        let (id, etag) = (account.text_at("/data/0/id"), "\"1\"");
        let patch = json!({"billing_currencies": ["any"], "reason": "They buy in dollars."});
        app.credit()
            .patch(&format!("/v1/credit-accounts/{id}"), etag, patch)
            .expect(200);
        let main = app.finance().get("/v1/legal-entities/MAIN").expect(200);
        app.finance()
            .patch(
                "/v1/legal-entities/MAIN",
                &main.etag(),
                json!({"functional_currency": "EUR"}),
            )
            .expect(200);
        let posted =
            invoice_with(app, "I-1", "C-1", &money("100.00", "USD"), &json!({})).expect(201);
        assert_eq!(posted["booking"], Value::Null);
        let pay = |number: &str, application: Value| {
            receipt_for(app, number, "C-1", &cny("700.00"), &json!([application]))
        };
        let one = json!({"invoice_number": "I-1", "amount": money("100.00", "USD")});
        pay("R-1", one.clone()).expect_problem(422, "no_exchange_rate");
        let mut both = one;
        both["used_amount"] = cny("700.00");
        pay("R-1", both).expect(201);
        let settled = app
            .finance()
            .get("/v1/invoices/I-1/settlements")
            .expect(200);
        assert_eq!(settled["data"][0]["rate"], "0.142857142857");
        assert_eq!(settled["data"][0]["realised_difference"], Value::Null);
        app.adds_up();
    });
}

#[test]
fn credit_proposes_and_finance_agrees_to_another_due_date_and_the_first_is_kept() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .due("2026-03-31")
            .create(app);
        let item = app
            .finance()
            .get("/v1/items")
            .expect(200)
            .text_at("/data/0/id");
        let proposal = json!({
            "kind": "item_due_date", "target": item, "after": {"due_date": "2026-06-30"},
            "reason": "Agreed after the flood.",
        });
        app.finance()
            .post("/v1/change-requests", proposal.clone())
            .expect_problem(403, "forbidden");
        let proposed = app
            .credit()
            .post("/v1/change-requests", proposal)
            .expect(201);
        let path = format!("/v1/change-requests/{}/approve", proposed.id());
        let reason = json!({"reason": "Agreed."});
        app.caller("u-credit-2", &[kernel::caller::Role::Credit], None)
            .post_if(&path, &proposed.etag(), reason.clone())
            .expect_problem(403, "forbidden");
        app.finance()
            .post_if(&path, &proposed.etag(), reason)
            .expect(200);
        let read = app.finance().get(&format!("/v1/items/{item}")).expect(200);
        assert_eq!(read["due_date"], "2026-06-30");
        assert_eq!(read["original_due_date"], "2026-03-31");
        let invoice = app.finance().get("/v1/invoices/I-1").expect(200);
        assert_eq!(invoice["due_date"], "2026-06-30");
        app.adds_up();
    });
}

#[test]
fn a_receipt_and_an_invoice_of_two_companies_do_not_settle_each_other() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        let entity = json!({
            "number": "DE01", "name": "Vertrieb GmbH", "country": "DE", "functional_currency": "EUR"
        });
        app.finance().post("/v1/legal-entities", entity).expect(201);
        let german = json!({"legal_entity": "DE01"});
        invoice_with(app, "I-1", "C-1", &cny("100.00"), &german).expect(201);
        let one = json!([{"invoice_number": "I-1", "amount": cny("100.00")}]);
        receipt_for(app, "R-1", "C-1", &cny("100.00"), &one).expect_problem(422, "entity_mismatch");
        let mut body = json!({
            "number": "R-1", "customer": "C-1", "receipt_date": "2026-03-01", "amount": cny("100.00"),
            "applications": one,
        });
        body["legal_entity"] = json!("DE01");
        app.finance().post("/v1/receipts", body).expect(201);
        assert_eq!(open_of(app, "I-1"), "0.00");
        app.adds_up();
    });
}
