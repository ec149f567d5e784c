//! Invoices, receipts, credit notes, and what settles what.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, a_receipt, an_invoice, on_both};

/// What an account owes: receivables and unapplied cash.
fn exposure(app: &TestApp, account: &str) -> (String, String) {
    let read = app
        .finance()
        .get(&format!("/v1/credit-accounts/{account}"))
        .expect(200);
    let category = |name: &str| read.text_at(&format!("/exposure/by_category/{name}/amount"));
    (category("receivables"), category("unapplied_cash"))
}

fn owes(receivables: &str, unapplied: &str) -> (String, String) {
    (receivables.to_owned(), unapplied.to_owned())
}

fn invoice(app: &TestApp, number: &str) -> Reply {
    app.finance()
        .get(&format!("/v1/invoices/{number}"))
        .expect(200)
}

/// Status and open amount of an invoice.
fn state(app: &TestApp, number: &str) -> (String, String) {
    let read = invoice(app, number);
    (read.text_at("/status"), read.text_at("/open/amount"))
}

fn stands(status: &str, open: &str) -> (String, String) {
    (status.to_owned(), open.to_owned())
}

/// Cancels or reverses a document as it is now.
pub fn take_back(app: &TestApp, path: &str, verb: &str) -> Reply {
    let etag = app.finance().get(path).expect(200).etag();
    app.finance().post_if(
        &format!("{path}/{verb}"),
        &etag,
        json!({"reason": "Posted by mistake."}),
    )
}

fn a_credit_note(app: &TestApp, number: &str, amount: &str, about: Option<&str>) -> Reply {
    let mut body = json!({
        "number": number, "customer": "C-1", "credit_date": app.clock().today().to_string(),
        "amount": {"amount": amount, "currency": "CNY"}, "reason": "Two pallets were damaged.",
    });
    if let Some(about) = about {
        body["invoice_number"] = Value::from(about);
    }
    app.finance().post("/v1/credit-notes", body)
}

#[test]
fn an_invoice_raises_exposure_and_is_due_by_the_accounts_terms() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        let posted = an_invoice("I-1", "C-1", "100.00").post(app).expect(201);
        assert_eq!(posted["due_date"], "2026-04-30");
        assert_eq!(posted["status"], "open");
        assert_eq!(posted["open"]["amount"], "100.00");
        assert_eq!(
            posted.header("location"),
            Some(format!("/v1/invoices/{}", posted.id()).as_str())
        );
        assert_eq!(invoice(app, "I-1").body, posted.body);
        assert_eq!(invoice(app, &posted.id()).body, posted.body);
        // No credit was ever granted: the goods are delivered all the same.
        assert_eq!(exposure(app, &made.account), owes("100.00", "0.00"));
        assert_eq!(state(app, "I-1"), stands("open", "100.00"));
    });
}

#[test]
fn the_exposure_of_a_group_follows_its_members_invoices() {
    on_both(|app| {
        let head = a_customer("G").with_group_limit("1000.00").create(app);
        a_customer("C-1").below("G").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        a_receipt("R-1", "C-1", "30.00").create(app);
        let read = app
            .finance()
            .get(&format!("/v1/credit-accounts/{}", head.account))
            .expect(200);
        assert_eq!(read["exposure"]["total"]["amount"], "0.00");
        assert_eq!(read["group"]["exposure"]["total"]["amount"], "70.00");
    });
}

#[test]
fn a_wrong_invoice_is_refused_and_leaves_nothing() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        a_customer("C-2").without_account().create(app);
        let refused = |status: u16, code: &str, change: &dyn Fn(&mut Value)| {
            let mut body = an_invoice("I-1", "C-1", "100.00").body(app);
            change(&mut body);
            app.finance()
                .post("/v1/invoices", body)
                .expect_problem(status, code)
        };
        let amount = |amount: &str, currency: &str| json!({"amount": amount, "currency": currency});
        refused(422, "currency_mismatch", &|body| {
            body["amount"] = amount("1.00", "EUR");
        });
        let zero = refused(422, "invalid", &|body| {
            body["amount"] = amount("0.00", "CNY");
        });
        assert_eq!(zero["errors"][0]["code"], "not_positive");
        assert_eq!(zero["errors"][0]["pointer"], "/amount");
        refused(400, "malformed_body", &|body| {
            body["amount"] = amount("-1.00", "CNY");
        });
        refused(400, "malformed_body", &|body| {
            body["amount"] = amount("1000000000000", "CNY");
        });
        refused(400, "malformed_body", &|body| {
            body["amount"] = amount("1.001", "CNY");
        });
        refused(400, "malformed_body", &|body| body["colour"] = json!("red"));
        refused(400, "malformed_body", &|body| {
            body["invoice_date"] = json!("2026-02-29");
        });
        refused(422, "invalid", &|body| {
            body["invoice_date"] = json!("2027-04-02");
        });
        let due = refused(422, "invalid", &|body| {
            body["due_date"] = json!("2026-03-30");
        });
        assert_eq!(due["errors"][0]["pointer"], "/due_date");
        let unknown = refused(404, "not_found", &|body| {
            body["customer"] = json!("C-9");
        });
        assert_eq!(unknown["errors"][0]["pointer"], "/customer");
        let closed = refused(422, "invalid", &|body| {
            body["customer"] = json!("C-2");
        });
        assert_eq!(closed["errors"][0]["pointer"], "/customer");
        refused(400, "malformed_body", &|body| {
            body["customer"] = json!(null);
        });
        assert_eq!(exposure(app, &made.account), owes("0.00", "0.00"));
        let largest = an_invoice("I-1", "C-1", "999999999999.99")
            .post(app)
            .expect(201);
        assert_eq!(largest["open"]["amount"], "999999999999.99");
    });
}

#[test]
fn who_may_post_and_who_may_see() {
    on_both(|app| {
        a_customer("C-1").owned_by("u-other").create(app);
        let body = an_invoice("I-1", "C-1", "100.00").body(app);
        for nobody in [app.sales(), app.credit(), app.auditor()] {
            nobody
                .post("/v1/invoices", body.clone())
                .expect_problem(403, "forbidden");
            nobody
                .post("/v1/receipts", json!({}))
                .expect_problem(403, "forbidden");
        }
        let unkeyed = app
            .finance()
            .request("POST", "/v1/invoices")
            .json(body.clone())
            .send();
        unkeyed.expect_problem(400, "idempotency_key_missing");
        app.system().post("/v1/invoices", body).expect(201);
        let receipt = a_receipt("R-1", "C-1", "10.00").create(app);
        for path in [
            "/v1/invoices/I-1".to_owned(),
            "/v1/invoices/I-1/settlements".to_owned(),
            format!("/v1/receipts/{receipt}"),
        ] {
            app.sales().get(&path).expect_problem(404, "not_found");
            app.auditor().get(&path).expect(200);
        }
        for path in ["/v1/invoices", "/v1/receipts", "/v1/credit-notes"] {
            assert_eq!(app.sales().get(path).expect(200)["data"], json!([]));
        }
        app.system()
            .post_if("/v1/invoices/I-1/cancel", "\"1\"", json!({"reason": "x"}))
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn a_number_names_one_document_of_its_kind() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        an_invoice("N-1", "C-1", "100.00").create(app);
        an_invoice("N-1", "C-1", "100.00")
            .post(app)
            .expect_problem(409, "duplicate_number");
        a_receipt("N-1", "C-1", "10.00").create(app);
        a_receipt("N-1", "C-1", "10.00")
            .post(app)
            .expect_problem(409, "duplicate_number");
        a_credit_note(app, "N-1", "5.00", None).expect(201);
        a_credit_note(app, "N-1", "5.00", None).expect_problem(409, "duplicate_number");
        assert_eq!(exposure(app, &made.account), owes("90.00", "5.00"));
    });
}

#[test]
fn a_retried_receipt_is_posted_once() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        let body = json!({
            "number": "R-1", "customer": made.id, "receipt_date": app.clock().today().to_string(),
            "amount": {"amount": "40.00", "currency": "CNY"},
        });
        let send = |body: &Value| {
            app.finance()
                .request("POST", "/v1/receipts")
                .key("k-1")
                .json(body.clone())
                .send()
        };
        let first = send(&body).expect(201);
        let again = send(&body).expect(201);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        assert_eq!(exposure(app, &made.account), owes("60.00", "0.00"));
        let mut other = body.clone();
        other["number"] = json!("R-2");
        send(&other).expect_problem(422, "idempotency_key_reused");
    });
}

#[test]
fn money_goes_to_the_oldest_invoices_when_none_is_named() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        an_invoice("I-2", "C-1", "80.00")
            .dated("2026-02-01")
            .due("2026-03-08")
            .create(app);
        an_invoice("I-1", "C-1", "100.00")
            .dated("2026-02-02")
            .due("2026-03-01")
            .create(app);
        let receipt = a_receipt("R-1", "C-1", "150.00").post(app).expect(201);
        assert_eq!(receipt["unapplied"]["amount"], "0.00");
        assert_eq!(state(app, "I-1"), stands("paid", "0.00"));
        assert_eq!(state(app, "I-2"), stands("partially_paid", "30.00"));
        assert_eq!(exposure(app, &made.account), owes("30.00", "0.00"));
        // What is left after the last open invoice is unapplied, and lowers exposure too.
        let receipt = a_receipt("R-2", "C-1", "50.00").post(app).expect(201);
        assert_eq!(receipt["unapplied"]["amount"], "20.00");
        assert_eq!(exposure(app, &made.account), owes("0.00", "20.00"));
    });
}

#[test]
fn an_empty_list_of_applications_is_none_and_no_list_is_the_oldest_first() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .dated("2026-02-02")
            .due("2026-03-01")
            .create(app);
        let post = |number: &str, applications: Option<Value>| {
            let mut body = json!({
                "number": number, "customer": "C-1", "receipt_date": "2026-03-31",
                "amount": {"amount": "30.00", "currency": "CNY"},
            });
            if let Some(applications) = applications {
                body["applications"] = applications;
            }
            app.finance().post("/v1/receipts", body).expect(201)
        };
        assert_eq!(post("R-1", Some(json!([])))["unapplied"]["amount"], "30.00");
        assert_eq!(state(app, "I-1"), stands("open", "100.00"));
        assert_eq!(post("R-2", None)["unapplied"]["amount"], "0.00");
        assert_eq!(state(app, "I-1"), stands("partially_paid", "70.00"));
        let nothing = app
            .finance()
            .post("/v1/receipts/R-1/apply", json!({"applications": []}))
            .expect_problem(400, "malformed_body");
        assert_eq!(nothing["errors"][0]["code"], "nothing_to_do");
    });
}

#[test]
fn money_goes_to_the_invoices_that_are_named() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .dated("2026-02-01")
            .create(app);
        an_invoice("I-2", "C-1", "100.00")
            .dated("2026-03-01")
            .create(app);
        an_invoice("I-3", "C-2", "100.00").create(app);
        let refused = a_receipt("R-1", "C-1", "150.00")
            .paying("I-2", "100.01")
            .post(app);
        let refused = refused.expect_problem(422, "over_applied");
        assert_eq!(refused["errors"][0]["pointer"], "/applications/0/amount");
        assert_eq!(refused["available"], "CNY 100.00");
        let twice = a_receipt("R-1", "C-1", "150.00")
            .paying("I-2", "60.00")
            .paying("I-2", "60.00")
            .post(app);
        twice.expect_problem(422, "over_applied");
        let more = a_receipt("R-1", "C-1", "150.00")
            .paying("I-1", "100.00")
            .paying("I-2", "51.00")
            .post(app);
        more.expect_problem(422, "over_applied");
        let zero = a_receipt("R-1", "C-1", "150.00")
            .paying("I-2", "0.00")
            .post(app);
        zero.expect_problem(422, "invalid");
        let others = a_receipt("R-1", "C-1", "150.00")
            .paying("I-3", "10.00")
            .post(app);
        assert_eq!(
            others.expect_problem(422, "invalid")["errors"][0]["code"],
            "other_customer"
        );
        let unknown = a_receipt("R-1", "C-1", "150.00")
            .paying("I-9", "10.00")
            .post(app);
        assert_eq!(
            unknown.expect_problem(422, "invalid")["errors"][0]["code"],
            "unknown_invoice"
        );
        let contradiction = a_receipt("R-1", "C-1", "150.00")
            .paying("I-2", "10.00")
            .unapplied()
            .post(app);
        contradiction.expect_problem(400, "malformed_body");
        let receipt = a_receipt("R-1", "C-1", "150.00")
            .paying("I-2", "100.00")
            .post(app)
            .expect(201);
        assert_eq!(receipt["unapplied"]["amount"], "50.00");
        assert_eq!(state(app, "I-2"), stands("paid", "0.00"));
        assert_eq!(state(app, "I-1"), stands("open", "100.00"));
        assert_eq!(exposure(app, &made.account), owes("100.00", "50.00"));
    });
}

#[test]
fn a_receipt_is_in_the_accounts_currency_and_not_of_tomorrow() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let foreign = a_receipt("R-1", "C-1", "10.00")
            .in_currency("EUR")
            .post(app);
        foreign.expect_problem(422, "currency_mismatch");
        let tomorrow = a_receipt("R-1", "C-1", "10.00")
            .dated("2026-04-01")
            .post(app);
        assert_eq!(
            tomorrow.expect_problem(422, "invalid")["errors"][0]["pointer"],
            "/receipt_date"
        );
        a_receipt("R-1", "C-1", "0.00")
            .post(app)
            .expect_problem(422, "invalid");
    });
}

#[test]
fn unapplied_cash_is_applied_later() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        let receipt = a_receipt("R-1", "C-1", "100.00").unapplied().create(app);
        an_invoice("I-1", "C-1", "60.00").create(app);
        an_invoice("I-2", "C-1", "60.00").create(app);
        assert_eq!(exposure(app, &made.account), owes("120.00", "100.00"));
        app.turn_to("2026-04-10");
        let path = format!("/v1/receipts/{receipt}/apply");
        let named = |amount: &str| {
            let amount = json!({"amount": amount, "currency": "CNY"});
            app.finance().post(
                &path,
                json!({"applications": [{"invoice_number": "I-2", "amount": amount}]}),
            )
        };
        named("60.01").expect_problem(422, "over_applied");
        assert_eq!(named("60.00").expect(200)["unapplied"]["amount"], "40.00");
        let rest = app.finance().post(&path, json!({})).expect(200);
        assert_eq!(rest["unapplied"]["amount"], "0.00");
        assert_eq!(state(app, "I-1"), stands("partially_paid", "20.00"));
        assert_eq!(exposure(app, &made.account), owes("20.00", "0.00"));
        named("0.01").expect_problem(422, "over_applied");
        app.finance()
            .post(&path, json!({"apply": "none"}))
            .expect_problem(400, "malformed_body");
        let settled = app
            .finance()
            .get("/v1/invoices/I-2/settlements")
            .expect(200);
        assert_eq!(settled["data"][0]["effective_on"], "2026-04-10");
    });
}

#[test]
fn a_reversed_receipt_opens_its_invoices_again() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .dated("2026-03-01")
            .create(app);
        let receipt = a_receipt("R-1", "C-1", "130.00")
            .dated("2026-03-20")
            .create(app);
        assert_eq!(exposure(app, &made.account), owes("0.00", "30.00"));
        app.turn_to("2026-04-10");
        let path = format!("/v1/receipts/{receipt}");
        app.finance()
            .post_if(&format!("{path}/reverse"), "\"7\"", json!({"reason": "x"}))
            .expect_problem(412, "stale");
        let unconditional = app
            .finance()
            .post(&format!("{path}/reverse"), json!({"reason": "x"}));
        unconditional.expect_problem(428, "precondition_required");
        let reversed = take_back(app, &path, "reverse").expect(200);
        assert_eq!(reversed["status"], "reversed");
        assert_eq!(reversed["reversed_on"], "2026-04-10");
        assert_eq!(reversed["unapplied"]["amount"], "0.00");
        assert_eq!(state(app, "I-1"), stands("open", "100.00"));
        assert_eq!(exposure(app, &made.account), owes("100.00", "0.00"));
        take_back(app, &path, "reverse").expect_problem(409, "state_conflict");
        let settlements = app
            .finance()
            .get("/v1/invoices/I-1/settlements")
            .expect(200);
        let rows = settlements["data"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["amount"]["amount"], "100.00");
        assert_eq!(rows[0]["effective_on"], "2026-03-20");
        assert_eq!(rows[1]["amount"]["amount"], "-100.00");
        assert_eq!(rows[1]["effective_on"], "2026-04-10");
        assert_eq!(rows[1]["reverses_id"], rows[0]["id"]);
    });
}

#[test]
fn an_invoice_is_cancelled_only_before_anything_settles_it() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        let stale =
            app.finance()
                .post_if("/v1/invoices/I-1/cancel", "\"9\"", json!({"reason": "x"}));
        stale.expect_problem(412, "stale");
        let receipt = a_receipt("R-1", "C-1", "10.00").create(app);
        let refused =
            take_back(app, "/v1/invoices/I-1", "cancel").expect_problem(409, "state_conflict");
        assert_eq!(refused["status"], 409);
        take_back(app, &format!("/v1/receipts/{receipt}"), "reverse").expect(200);
        let cancelled = take_back(app, "/v1/invoices/I-1", "cancel").expect(200);
        assert_eq!(cancelled["status"], "cancelled");
        assert_eq!(cancelled["open"]["amount"], "0.00");
        assert_eq!(cancelled["cancel_reason"], "Posted by mistake.");
        assert_eq!(exposure(app, &made.account), owes("0.00", "0.00"));
        take_back(app, "/v1/invoices/I-1", "cancel").expect_problem(409, "state_conflict");
        // Nothing can be paid on it any more.
        let paying = a_receipt("R-2", "C-1", "10.00")
            .paying("I-1", "10.00")
            .post(app);
        paying.expect_problem(422, "over_applied");
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", cancelled.id()))
            .expect(200);
        let entries = trail["data"].as_array().unwrap();
        let actions: Vec<_> = entries
            .iter()
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        assert_eq!(
            actions,
            [
                "invoice.posted",
                "invoice.settled",
                "invoice.settled",
                "invoice.cancelled"
            ]
        );
        assert_eq!(entries[3]["before"]["open"]["amount"], "100.00");
        assert_eq!(entries[3]["after"]["status"], "cancelled");
    });
}

#[test]
fn a_credit_note_settles_its_invoice_as_far_as_that_is_open() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        an_invoice("I-2", "C-1", "100.00").create(app);
        a_receipt("R-1", "C-1", "70.00")
            .paying("I-1", "70.00")
            .create(app);
        let note = a_credit_note(app, "CN-1", "50.00", Some("I-1")).expect(201);
        assert_eq!(note["unapplied"]["amount"], "20.00");
        assert_eq!(state(app, "I-1"), stands("paid", "0.00"));
        assert_eq!(exposure(app, &made.account), owes("100.00", "20.00"));
        let applied = app
            .finance()
            .post("/v1/credit-notes/CN-1/apply", json!({}))
            .expect(200);
        assert_eq!(applied["unapplied"]["amount"], "0.00");
        assert_eq!(state(app, "I-2"), stands("partially_paid", "80.00"));
        take_back(app, "/v1/credit-notes/CN-1", "reverse").expect(200);
        assert_eq!(state(app, "I-1"), stands("partially_paid", "30.00"));
        assert_eq!(state(app, "I-2"), stands("open", "100.00"));
        assert_eq!(exposure(app, &made.account), owes("130.00", "0.00"));
        a_credit_note(app, "CN-2", "5.00", Some("I-9")).expect_problem(422, "invalid");
        let alone = a_credit_note(app, "CN-2", "5.00", None).expect(201);
        assert_eq!(alone["unapplied"]["amount"], "5.00");
        let found = app
            .finance()
            .get("/v1/credit-notes?unapplied=true")
            .expect(200);
        assert_eq!(found["data"].as_array().unwrap().len(), 1);
        assert_eq!(found["data"][0]["number"], "CN-2");
    });
}

#[test]
fn one_bad_item_of_a_batch_stops_none_of_the_others() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        an_invoice("I-0", "C-1", "1.00").create(app);
        let items = json!({"invoices": [
            an_invoice("I-1", "C-1", "100.00").body(app),
            an_invoice("I-2", "C-9", "100.00").body(app),
            an_invoice("I-0", "C-1", "100.00").body(app),
            an_invoice("I-3", "C-1", "100.00").in_currency("EUR").body(app),
            an_invoice("I-1", "C-2", "100.00").body(app),
            an_invoice("I-5", "C-2", "50.00").body(app),
            an_invoice("I-7", "C-1", "0.00").body(app),
        ]});
        let reply = app
            .finance()
            .post("/v1/invoices/batch", items.clone())
            .expect(207);
        let results = reply["results"].as_array().unwrap();
        let statuses: Vec<_> = results
            .iter()
            .map(|item| item["status"].as_u64().unwrap())
            .collect();
        assert_eq!(statuses, [201, 404, 409, 422, 409, 201, 422]);
        assert_eq!(results[0]["id"], json!(invoice(app, "I-1").id()));
        assert_eq!(results[2]["problem"]["code"], "duplicate_number");
        assert_eq!(
            results[1]["problem"]["errors"][0]["pointer"],
            "/invoices/1/customer"
        );
        assert_eq!(
            results[6]["problem"]["errors"][0]["pointer"],
            "/invoices/6/amount"
        );
        assert_eq!(exposure(app, &made.account), owes("101.00", "0.00"));
        // All or none: now nothing of it is posted, and everything that is wrong is told at once.
        let mut items = items;
        items["invoices"][5]["number"] = json!("I-9");
        let refused = app.finance().post("/v1/invoices/batch?atomic=true", items);
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused["errors"].as_array().unwrap().len(), 6);
        app.finance()
            .get("/v1/invoices/I-9")
            .expect_problem(404, "not_found");
        let sound = json!({"invoices": [an_invoice("I-9", "C-1", "1.00").body(app)]});
        let all = app
            .finance()
            .post("/v1/invoices/batch?atomic=true", sound)
            .expect(200);
        assert_eq!(all["results"][0]["status"], 201);
        assert_eq!(exposure(app, &made.account), owes("102.00", "0.00"));
    });
}

#[test]
fn a_batch_holds_up_to_five_hundred_invoices() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        let batch = |count: usize| {
            let items: Vec<Value> = (0..count)
                .map(|n| an_invoice(&format!("I-{n}"), "C-1", "1.00").body(app))
                .collect();
            app.finance()
                .post("/v1/invoices/batch", json!({"invoices": items}))
        };
        batch(501).expect_problem(400, "malformed_body");
        batch(0).expect_problem(400, "malformed_body");
        let reply = batch(500).expect(207);
        assert!(
            reply["results"]
                .as_array()
                .unwrap()
                .iter()
                .all(|item| item["status"] == 201)
        );
        assert_eq!(exposure(app, &made.account), owes("500.00", "0.00"));
    });
}

#[test]
fn invoices_are_listed_by_what_is_asked() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let other = a_customer("C-2").create(app);
        an_invoice("I-1", "C-1", "30.00")
            .dated("2026-01-05")
            .due("2026-03-01")
            .create(app);
        an_invoice("I-2", "C-1", "20.00")
            .dated("2026-01-20")
            .due("2026-02-01")
            .create(app);
        an_invoice("I-3", "C-2", "10.00")
            .dated("2026-03-31")
            .due("2026-04-30")
            .create(app);
        a_receipt("R-1", "C-1", "20.00")
            .paying("I-2", "20.00")
            .create(app);
        let found = |query: &str| -> Vec<String> {
            let page = app
                .credit()
                .get(&format!("/v1/invoices?{query}"))
                .expect(200);
            let rows = page["data"].as_array().unwrap().clone();
            rows.iter()
                .map(|row| row["number"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(found(""), ["I-2", "I-1", "I-3"]);
        assert_eq!(found("sort=-due_date"), ["I-3", "I-1", "I-2"]);
        assert_eq!(found("sort=invoice_date"), ["I-1", "I-2", "I-3"]);
        assert_eq!(found("sort=amount"), ["I-3", "I-2", "I-1"]);
        assert_eq!(found("sort=-number"), ["I-3", "I-2", "I-1"]);
        assert_eq!(found("customer=C-1"), ["I-2", "I-1"]);
        assert_eq!(found(&format!("customer={}", other.id)), ["I-3"]);
        assert_eq!(found("status=paid"), ["I-2"]);
        assert_eq!(found("status=open&status=paid"), ["I-2", "I-1", "I-3"]);
        assert_eq!(found("overdue_as_of=2026-03-31"), ["I-1"]);
        assert_eq!(found("overdue_as_of=2026-03-01"), [""; 0]);
        assert_eq!(
            found("due_date_from=2026-03-01&due_date_to=2026-03-31"),
            ["I-1"]
        );
        assert_eq!(found("invoice_date_to=2026-01-05"), ["I-1"]);
        app.credit()
            .get("/v1/invoices?sort=colour")
            .expect_problem(400, "malformed_parameter");
        let mut seen = Vec::new();
        let mut path = "/v1/invoices?limit=1".to_owned();
        loop {
            let page = app.credit().get(&path).expect(200);
            seen.push(page.text_at("/data/0/number"));
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            path = format!("/v1/invoices?limit=1&cursor={cursor}");
        }
        assert_eq!(seen, ["I-2", "I-1", "I-3"]);
    });
}

#[test]
fn many_payments_at_once_settle_an_invoice_exactly_once() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        std::thread::scope(|scope| {
            for n in 0..12 {
                scope.spawn(move || {
                    a_receipt(&format!("R-{n}"), "C-1", "10.00").create(app);
                });
            }
        });
        assert_eq!(state(app, "I-1"), stands("paid", "0.00"));
        assert_eq!(exposure(app, &made.account), owes("0.00", "20.00"));
        let settlements = app
            .finance()
            .get("/v1/invoices/I-1/settlements")
            .expect(200);
        assert_eq!(settlements["data"].as_array().unwrap().len(), 10);
    });
}

#[test]
fn of_two_who_reverse_one_receipt_at_once_one_does() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        let receipt = a_receipt("R-1", "C-1", "100.00").create(app);
        let path = format!("/v1/receipts/{receipt}/reverse");
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let reverse = || {
                app.finance()
                    .post_if(&path, "\"1\"", json!({"reason": "Twice."}))
                    .status
            };
            let both = [scope.spawn(reverse), scope.spawn(reverse)];
            both.into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        assert_eq!(exposure(app, &made.account), owes("100.00", "0.00"));
    });
}
