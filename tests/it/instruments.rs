//! Cheques, drafts, bills and notes: what they settle, what counts until they clear, and what comes back.

use netterms::server::housekeeping;
use serde_json::{Value, json};

use crate::dunning::list;
use crate::receivables::take_back;
use crate::support::{
    Reply, TestApp, a_customer, an_invoice, fresh_key, on_both, set_policy, set_rate,
};

fn cny(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

/// A cheque of C-1 over CNY 100.00, dated 31 March, changed as a test wants.
fn body(number: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({
        "number": number, "kind": "cheque", "customer": "C-1", "amount": cny("100.00"), "issue_date": "2026-03-31",
    });
    change(&mut body);
    body
}

fn receive(app: &TestApp, number: &str, change: impl FnOnce(&mut Value)) -> Reply {
    app.finance().post("/v1/instruments", body(number, change))
}

/// Takes an instrument one step further, as it is now.
fn step(app: &TestApp, id: &str, verb: &str, body: Value) -> Reply {
    let path = format!("/v1/instruments/{id}");
    let etag = app.finance().get(&path).expect(200).etag();
    app.finance()
        .post_if(&format!("{path}/{verb}"), &etag, body)
}

/// What an account counts: receivables, instruments and all together.
fn exposure(app: &TestApp, account: &str) -> [String; 3] {
    let read = app
        .finance()
        .get(&format!("/v1/credit-accounts/{account}"))
        .expect(200);
    [
        "/exposure/by_category/receivables/amount",
        "/exposure/by_category/instruments/amount",
        "/exposure/total/amount",
    ]
    .map(|pointer| read.text_at(pointer))
}

fn invoice_of(app: &TestApp, number: &str) -> [String; 3] {
    let read = app
        .finance()
        .get(&format!("/v1/invoices/{number}"))
        .expect(200);
    ["/status", "/open/amount", "/due_date"].map(|pointer| read.text_at(pointer))
}

#[test]
fn a_cheque_settles_its_invoice_on_condition_and_is_exposure_until_it_clears() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "120.00").create(app);
        let cheque = receive(app, "CHQ-1", |body| {
            body["applications"] = json!([{"invoice_number": "I-1", "amount": cny("100.00")}]);
        })
        .expect(201);
        assert_eq!(cheque["status"], "received");
        assert_eq!(cheque["allowed"], json!(["hold", "withdraw"]));
        assert_eq!(cheque["outstanding"], cny("100.00"));
        assert_eq!(cheque["present_by"], "2026-04-10");
        assert_eq!(cheque["customer_number"], "C-1");
        assert_eq!(
            cheque.header("location"),
            Some(format!("/v1/instruments/{}", cheque.id()).as_str())
        );
        assert_eq!(
            invoice_of(app, "I-1"),
            ["partially_paid", "20.00", "2026-04-30"]
        );
        assert_eq!(exposure(app, &made.account), ["20.00", "100.00", "120.00"]);
        for verb in ["hold", "present"] {
            step(app, &cheque.id(), verb, json!({})).expect(200);
            assert_eq!(exposure(app, &made.account), ["20.00", "100.00", "120.00"]);
        }
        let cleared = step(app, &cheque.id(), "clear", json!({})).expect(200);
        assert_eq!(cleared["status"], "cleared");
        assert_eq!(cleared["outstanding"], cny("0.00"));
        assert_eq!(cleared["allowed"], json!([]));
        assert_eq!(exposure(app, &made.account), ["20.00", "0.00", "20.00"]);
        app.adds_up();
    });
}

#[test]
fn a_cheque_that_bounces_gives_the_debt_back_with_its_old_due_date_a_fee_and_a_fact_for_the_rating()
{
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .due("2026-04-05")
            .create(app);
        let cheque = receive(app, "CHQ-1", |_| ()).expect(201);
        assert_eq!(invoice_of(app, "I-1"), ["paid", "0.00", "2026-04-05"]);
        step(app, &cheque.id(), "hold", json!({})).expect(200);
        app.turn_to("2026-04-07");
        step(app, &cheque.id(), "present", json!({})).expect(200);
        app.turn_to("2026-04-09");
        let bounced = step(
            app,
            &cheque.id(),
            "dishonour",
            json!({"reason": "Insufficient funds.", "on": "2026-04-08", "fee": cny("5.00")}),
        )
        .expect(200);
        assert_eq!(bounced["status"], "dishonoured");
        assert_eq!(bounced["dishonoured_on"], "2026-04-08");
        assert_eq!(bounced["fee"], cny("5.00"));
        assert_eq!(invoice_of(app, "I-1"), ["open", "100.00", "2026-04-05"]);
        assert_eq!(exposure(app, &made.account), ["100.00", "0.00", "105.00"]);
        let entries = list(
            &app.finance(),
            &format!("/v1/credit-accounts/{}/exposure-entries", made.account),
        );
        assert_eq!(entries[0]["category"], "claimed_charges");
        assert_eq!(entries[0]["amount"], cny("5.00"));
        // The aging of the day before the refusal is as it was: paid.
        let aged = |day: &str| {
            let path = format!("/v1/reports/aging?as_of={day}");
            app.credit().get(&path).expect(200)["totals"][0]["outstanding"]["amount"].clone()
        };
        assert_eq!(aged("2026-04-07"), Value::Null);
        assert_eq!(aged("2026-04-08"), "100.00");
        let told = app.credit().get("/v1/customers/C-1/indicators").expect(200);
        let indicators = told["indicators"].as_array().unwrap();
        let dishonoured = indicators
            .iter()
            .find(|indicator| indicator["code"] == "DISHONOURED_COUNT")
            .unwrap();
        assert_eq!(dishonoured["value"], 1.0, "{dishonoured}");
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", cheque.id()))
            .expect(200);
        assert!(trail.text.contains("instrument.dishonoured"));
        let recourse = step(app, &cheque.id(), "start-recourse", json!({})).expect(200);
        assert_eq!(recourse["status"], "recourse");
        app.adds_up();
    });
}

#[test]
fn an_instrument_counts_for_the_company_that_received_it() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        let company = json!({
            "number": "DE01", "name": "Steel GmbH", "country": "DE", "functional_currency": "EUR",
        });
        app.finance()
            .post("/v1/legal-entities", company)
            .expect(201);
        let invoice = json!({
            "number": "I-1", "customer": "C-1", "invoice_date": "2026-03-31", "legal_entity": "DE01",
            "amount": cny("100.00"),
        });
        app.finance().post("/v1/invoices", invoice).expect(201);
        let of_another = receive(app, "CHQ-0", |body| {
            body["applications"] = json!([{"invoice_number": "I-1", "amount": cny("100.00")}]);
        });
        of_another.expect_problem(422, "entity_mismatch");
        let got = receive(app, "CHQ-1", |body| body["legal_entity"] = json!("DE01"));
        let got = got.expect(201);
        assert_eq!(got["legal_entity_number"], "DE01");
        assert_eq!(invoice_of(app, "I-1")[0], "paid");
        app.adds_up();
        step(app, &got.id(), "withdraw", json!({"reason": "Given back."})).expect(200);
        assert_eq!(invoice_of(app, "I-1")[0], "open");
        assert_eq!(exposure(app, &made.account)[1], "0.00");
        receive(app, "CHQ-2", |body| body["legal_entity"] = json!("XX"))
            .expect_problem(404, "not_found");
        app.adds_up();
    });
}

#[test]
fn a_step_that_the_state_does_not_allow_is_refused_with_those_it_does() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let cheque = receive(app, "CHQ-1", |_| ()).expect(201).id();
        let refused = step(app, &cheque, "clear", json!({})).expect_problem(409, "state_conflict");
        assert_eq!(refused["status"], 409);
        assert_eq!(refused["allowed"], json!(["hold", "withdraw"]));
        step(app, &cheque, "hold", json!({})).expect(200);
        let refused = step(app, &cheque, "hold", json!({})).expect_problem(409, "state_conflict");
        assert_eq!(
            refused["allowed"],
            json!(["endorse", "discount", "present", "withdraw"])
        );
        step(app, &cheque, "withdraw", json!({"reason": "Given back."})).expect(200);
        step(app, &cheque, "hold", json!({})).expect_problem(409, "state_conflict");
    });
}

#[test]
fn what_is_endorsed_or_discounted_counts_until_it_is_paid() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        for (number, verb) in [("CHQ-1", "endorse"), ("CHQ-2", "discount")] {
            let id = receive(app, number, |_| ()).expect(201).id();
            step(app, &id, "hold", json!({})).expect(200);
            let passed = step(app, &id, verb, json!({"to": "Bank of Suzhou"})).expect(200);
            assert_eq!(passed["passed_to"], "Bank of Suzhou");
            assert_eq!(passed["outstanding"], cny("100.00"));
        }
        assert_eq!(exposure(app, &made.account)[1], "200.00");
        app.adds_up();
    });
}

#[test]
fn an_instrument_that_is_withdrawn_gives_the_debt_back_and_frees_its_number() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        let first = receive(app, "CHQ-1", |_| ()).expect(201).id();
        let taken = receive(app, "CHQ-1", |body| body["receipt_number"] = json!("R-2"));
        let taken = taken.expect_problem(409, "duplicate_number");
        assert_eq!(taken["existing_id"], first.as_str());
        step(
            app,
            &first,
            "withdraw",
            json!({"reason": "Wrong date on it."}),
        )
        .expect(200);
        assert_eq!(exposure(app, &made.account), ["100.00", "0.00", "100.00"]);
        let path = format!("/v1/deadlines?subject_id={first}");
        assert_eq!(list(&app.finance(), &path)[0]["status"], "withdrawn");
        receive(app, "CHQ-1", |_| ()).expect(201);
        assert_eq!(exposure(app, &made.account), ["0.00", "100.00", "100.00"]);
        app.adds_up();
    });
}

#[test]
fn the_receipt_of_an_instrument_is_not_reversed_by_itself() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let cheque = receive(app, "CHQ-1", |_| ()).expect(201);
        let path = format!("/v1/receipts/{}", cheque.text_at("/receipt_id"));
        let refused = take_back(app, &path, "reverse").expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "of_instrument");
        app.adds_up();
    });
}

#[test]
fn money_of_a_cheque_that_has_not_cleared_is_not_given_back() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        let cheque = receive(app, "CHQ-1", |_| ()).expect(201);
        let ask = || {
            let body = json!({
                "receipt_id": cheque.text_at("/receipt_id"), "amount": cny("100.00"), "reason": "Paid twice.",
            });
            app.credit().post("/v1/refunds", body)
        };
        let refused = ask().expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "of_instrument");
        for verb in ["hold", "present"] {
            step(app, &cheque.id(), verb, json!({})).expect(200);
            ask().expect_problem(422, "invalid");
        }
        step(app, &cheque.id(), "clear", json!({})).expect(200);
        let refund = ask().expect(201);
        let path = format!("/v1/refunds/{}/approve", refund.id());
        let reason = json!({"reason": "Checked."});
        app.finance()
            .post_if(&path, &refund.etag(), reason)
            .expect(200);
        assert_eq!(exposure(app, &made.account), ["0.00", "0.00", "0.00"]);
        app.adds_up();
    });
}

#[test]
fn the_last_day_of_presentation_follows_from_the_kind_and_is_a_deadline() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        for (kind, maturity, last) in [
            ("cheque", None, "2026-04-10"),
            ("bank_promissory_note", None, "2026-05-31"),
            ("bank_draft", None, "2026-04-30"),
            ("bank_acceptance", Some("2026-09-30"), "2026-10-10"),
            ("commercial_acceptance", Some("2026-06-30"), "2026-07-10"),
        ] {
            let got = receive(app, kind, |body| {
                body["kind"] = json!(kind);
                body["acceptor"] = json!("Bank of Suzhou");
                if let Some(maturity) = maturity {
                    body["maturity_date"] = json!(maturity);
                }
            })
            .expect(201);
            assert_eq!(got["present_by"], last, "{kind}");
            let path = format!("/v1/deadlines?subject_id={}", got.id());
            let deadlines = list(&app.sales(), &path);
            assert_eq!(deadlines[0]["due_on"], last, "{kind}");
            assert_eq!(deadlines[0]["kind"], "instrument_presentation");
        }
        let by_terms = receive(app, "LC-1", |body| {
            body["kind"] = json!("letter_of_credit");
            body["present_by"] = json!("2026-05-15");
        });
        assert_eq!(by_terms.expect(201)["present_by"], "2026-05-15");
    });
}

#[test]
fn a_deadline_of_presentation_is_met_in_time_and_missed_after_it() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let in_time = receive(app, "CHQ-1", |_| ()).expect(201).id();
        let too_late = receive(app, "CHQ-2", |_| ()).expect(201).id();
        let forgotten = receive(app, "CHQ-3", |_| ()).expect(201).id();
        for id in [&in_time, &too_late, &forgotten] {
            step(app, id, "hold", json!({})).expect(200);
        }
        app.turn_to("2026-04-11");
        step(app, &in_time, "present", json!({"on": "2026-04-10"})).expect(200);
        step(app, &too_late, "present", json!({})).expect(200);
        housekeeping::sweep(app.database()).unwrap();
        let status = |id: &str| {
            let path = format!("/v1/deadlines?subject_id={id}");
            list(&app.credit(), &path)[0]["status"].clone()
        };
        assert_eq!(status(&in_time), "met");
        assert_eq!(status(&too_late), "missed");
        assert_eq!(status(&forgotten), "missed");
    });
}

#[test]
fn an_acceptors_instruments_count_under_its_cap_and_beyond_it_are_recorded_and_flagged() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        let bill = |number: &str, customer: &str| {
            receive(app, number, |body| {
                body["kind"] = json!("bank_acceptance");
                body["customer"] = json!(customer);
                body["maturity_date"] = json!("2026-06-30");
                body["acceptor"] = json!("Bank  of SUZHOU");
            })
            .expect(201)
        };
        assert_eq!(bill("B-0", "C-1")["acceptor_standing"], "no_cap");
        let cap = app
            .finance()
            .post(
                "/v1/portfolio-caps",
                json!({
                    "kind": "acceptor", "key": "Bank of Suzhou", "limit": cny("250.00"),
                    "reason": "No more of one small bank.",
                }),
            )
            .expect(201);
        assert_eq!(cap["exposure"], cny("100.00"));
        let second = bill("B-1", "C-2");
        assert_eq!(second["acceptor_standing"], "within");
        let third = bill("B-2", "C-1");
        assert_eq!(third["acceptor_standing"], "exceeded");
        let read = |path: &str| app.finance().get(path).expect(200);
        let path = format!("/v1/portfolio-caps/{}", cap.id());
        assert_eq!(read(&path)["exposure"], cny("300.00"));
        let trail = app
            .auditor()
            .get("/v1/trail?action=instrument.acceptor_exceeded")
            .expect(200);
        assert_eq!(trail["data"][0]["entity_id"], third.id().as_str());
        for verb in ["hold", "present", "clear"] {
            step(app, &second.id(), verb, json!({})).expect(200);
        }
        assert_eq!(read(&path)["exposure"], cny("200.00"));
        let of_bank = "/v1/instruments?acceptor=bank%20of%20suzhou&outstanding=true";
        assert_eq!(list(&app.credit(), of_bank).len(), 2);
        app.adds_up();
    });
}

#[test]
fn a_cap_of_an_acceptor_in_another_currency_says_when_no_rate_tells() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        app.finance()
            .post(
                "/v1/portfolio-caps",
                json!({
                    "kind": "acceptor", "key": "bank of suzhou", "limit": {"amount": "20.00", "currency": "EUR"},
                    "reason": "Small bank.",
                }),
            )
            .expect(201);
        let with_bank = |body: &mut Value| body["acceptor"] = json!("Bank of Suzhou");
        let got = receive(app, "CHQ-1", with_bank).expect(201);
        assert_eq!(got["acceptor_standing"], "no_exchange_rate");
        set_rate(app, "EUR", "CNY", "7.7748", "2026-03-31");
        // CNY 200.00 are EUR 25.73.
        let got = receive(app, "CHQ-2", with_bank).expect(201);
        assert_eq!(got["acceptor_standing"], "exceeded");
        app.adds_up();
    });
}

#[test]
fn a_commercial_bill_is_exposure_on_its_acceptors_account_too_unless_both_are_of_one_group() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("G").create(app);
        let own = a_customer("C-1").below("G").create(app);
        let acceptor = a_customer("A-1").create(app);
        let sister = a_customer("C-2").below("G").create(app);
        let bill = |number: &str, acceptor: &str| {
            receive(app, number, |body| {
                body["kind"] = json!("commercial_acceptance");
                body["maturity_date"] = json!("2026-06-30");
                body["acceptor_customer"] = json!(acceptor);
            })
            .expect(201)
        };
        let first = bill("B-1", "A-1");
        assert_eq!(first["counts_on_acceptor"], true);
        assert_eq!(first["acceptor"], "Customer A-1");
        assert_eq!(exposure(app, &acceptor.account)[1], "100.00");
        let second = bill("B-2", "C-2");
        assert_eq!(second["counts_on_acceptor"], false);
        assert_eq!(exposure(app, &sister.account)[1], "0.00");
        assert_eq!(exposure(app, &own.account)[1], "200.00");
        app.adds_up();
        step(app, &first.id(), "hold", json!({})).expect(200);
        step(app, &first.id(), "present", json!({})).expect(200);
        step(app, &first.id(), "dishonour", json!({"reason": "Refused."})).expect(200);
        assert_eq!(exposure(app, &acceptor.account)[1], "0.00");
        app.adds_up();
    });
}

#[test]
fn a_number_both_stated_and_posted_is_refused() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        let state = |number: &str, amount: &str| {
            let path = format!(
                "/v1/credit-accounts/{}/exposure-entries/instruments/{number}",
                made.account
            );
            app.finance()
                .request("PUT", &path)
                .json(json!({"amount": cny(amount), "entry_date": "2026-03-31"}))
                .send()
        };
        state("CHQ-1", "100.00").expect(200);
        let refused = receive(app, "CHQ-1", |_| ()).expect_problem(409, "counted_twice");
        assert_eq!(refused["number"], "CHQ-1");
        state("CHQ-1", "0.00").expect(200);
        receive(app, "CHQ-1", |_| ()).expect(201);
        state("CHQ-1", "100.00").expect_problem(409, "counted_twice");
        state("CHQ-1", "0.00").expect(200);
        app.adds_up();
    });
}

#[test]
fn a_policy_that_names_one_source_refuses_the_other() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        let state = || {
            let path = format!(
                "/v1/credit-accounts/{}/exposure-entries/instruments/CHQ-9",
                made.account
            );
            app.finance()
                .request("PUT", &path)
                .json(json!({"amount": cny("1.00"), "entry_date": "2026-03-31"}))
                .send()
        };
        set_policy(app, |document| {
            document["sources"] = json!({"instruments": "ledger"});
        });
        state().expect_problem(409, "other_source");
        receive(app, "CHQ-1", |_| ()).expect(201);
        set_policy(app, |document| {
            document["sources"] = json!({"instruments": "stated"});
        });
        state().expect(200);
        receive(app, "CHQ-2", |_| ()).expect_problem(409, "other_source");
    });
}

#[test]
fn a_wrong_instrument_is_refused_and_leaves_nothing() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        a_customer("C-9").without_account().create(app);
        let refused = |status: u16, code: &str, pointer: &str, change: &dyn Fn(&mut Value)| {
            let reply = receive(app, "CHQ-1", change).expect_problem(status, code);
            if !pointer.is_empty() {
                assert_eq!(reply["errors"][0]["pointer"], pointer);
            }
        };
        refused(422, "invalid", "/kind", &|body| {
            body["kind"] = json!("gold");
        });
        refused(422, "invalid", "/kind", &|body| {
            body["kind"] = json!("telegraphic_transfer");
        });
        refused(422, "invalid", "/acceptor", &|body| {
            body["kind"] = json!("bank_acceptance");
            body["maturity_date"] = json!("2026-06-30");
        });
        refused(422, "invalid", "/maturity_date", &|body| {
            body["kind"] = json!("bank_acceptance");
            body["acceptor"] = json!("Bank");
        });
        refused(422, "invalid", "/maturity_date", &|body| {
            body["kind"] = json!("bank_acceptance");
            body["acceptor"] = json!("Bank");
            body["maturity_date"] = json!("2026-10-01");
        });
        refused(400, "malformed_body", "", &|body| {
            body["maturity_date"] = json!("2026-03-30");
        });
        refused(422, "invalid", "/issue_date", &|body| {
            body["issue_date"] = json!("2027-04-02");
        });
        refused(422, "invalid", "/received_on", &|body| {
            body["received_on"] = json!("2026-04-01");
        });
        refused(422, "invalid", "/present_by", &|body| {
            body["present_by"] = json!("2026-04-01");
        });
        refused(422, "currency_mismatch", "", &|body| {
            body["amount"] = json!({"amount": "1.00", "currency": "EUR"});
        });
        refused(400, "malformed_body", "", &|body| {
            body["amount"] = cny("0.00");
        });
        refused(400, "malformed_body", "", &|body| {
            body["amount"] = cny("-1.00");
        });
        refused(400, "malformed_body", "", &|body| {
            body["amount"] = cny("1000000000000.00");
        });
        refused(400, "malformed_body", "", &|body| {
            body["colour"] = json!("red");
        });
        refused(404, "not_found", "/customer", &|body| {
            body["customer"] = json!("C-7");
        });
        refused(404, "not_found", "/acceptor_customer", &|body| {
            body["acceptor_customer"] = json!("C-7");
        });
        refused(422, "invalid", "/customer", &|body| {
            body["customer"] = json!("C-9");
        });
        refused(422, "invalid", "/applications/0/invoice_number", &|body| {
            body["applications"] = json!([{"invoice_number": "I-7", "amount": cny("1.00")}]);
        });
        assert_eq!(exposure(app, &made.account), ["0.00", "0.00", "0.00"]);
        assert_eq!(list(&app.finance(), "/v1/instruments").len(), 0);
        assert_eq!(list(&app.finance(), "/v1/receipts").len(), 0);
    });
}

#[test]
fn an_instrument_is_received_once_for_its_key_and_changed_only_as_it_was_read() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        let (key, cheque) = (fresh_key(), body("CHQ-1", |_| ()));
        let send = |body: &Value| {
            app.finance()
                .request("POST", "/v1/instruments")
                .key(&key)
                .json(body.clone())
                .send()
        };
        let first = send(&cheque).expect(201);
        let again = send(&cheque).expect(201);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        assert_eq!(exposure(app, &made.account)[1], "100.00");
        send(&body("CHQ-2", |_| ())).expect_problem(422, "idempotency_key_reused");
        app.finance()
            .request("POST", "/v1/instruments")
            .json(cheque)
            .send()
            .expect_problem(400, "idempotency_key_missing");
        let path = format!("/v1/instruments/{}/hold", first.id());
        app.finance()
            .post_if(&path, &first.etag(), json!({}))
            .expect(200);
        app.finance()
            .post_if(
                &format!("/v1/instruments/{}/present", first.id()),
                &first.etag(),
                json!({}),
            )
            .expect_problem(412, "stale");
        app.finance()
            .post(&path, json!({}))
            .expect_problem(428, "precondition_required");
    });
}

#[test]
fn finance_alone_receives_instruments_and_sales_see_those_of_their_own_customers() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        a_customer("C-2").owned_by("u-other").create(app);
        let own = receive(app, "CHQ-1", |_| ()).expect(201).id();
        let others = receive(app, "CHQ-2", |body| body["customer"] = json!("C-2"))
            .expect(201)
            .id();
        for client in [app.sales(), app.credit(), app.system(), app.auditor()] {
            client
                .post("/v1/instruments", body("CHQ-3", |_| ()))
                .expect_problem(403, "forbidden");
        }
        let seen = list(&app.sales(), "/v1/instruments");
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0]["id"], own.as_str());
        app.sales()
            .get(&format!("/v1/instruments/{others}"))
            .expect_problem(404, "not_found");
        let deadlines = list(&app.sales(), "/v1/deadlines");
        assert_eq!(deadlines.len(), 1);
    });
}
