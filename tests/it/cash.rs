//! Cash application: what the bank says came in, whose money it is, and what it pays.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{
    OWN, Reply, TestApp, a_bank_account, a_customer, a_payment, a_statement_of, an_invoice,
    fresh_key, on_both, send, set_policy,
};

const DAY: &str = "2026-03-31";
const THEIRS: &str = "NL91ABNA0417164300";

/// A customer `C-1` with three invoices, and a bank account in its currency.
fn a_book(app: &TestApp) {
    app.turn_to(DAY);
    a_bank_account(app, "CNY");
    a_customer("C-1").named("Jiangnan Trading Co.").create(app);
    for (number, amount, due) in [
        ("I-2026-0001", "125.00", "2026-04-10"),
        ("I-2026-0002", "80.50", "2026-04-20"),
        ("I-2026-0003", "300.00", "2026-04-30"),
    ] {
        an_invoice(number, "C-1", amount).due(due).create(app);
    }
}

/// What an invoice has open.
fn open(app: &TestApp, number: &str) -> String {
    let read = app.finance().get(&format!("/v1/invoices/{number}"));
    read.expect(200).text_at("/open/amount")
}

fn entries(app: &TestApp, query: &str) -> Vec<Value> {
    let read = app.finance().get(&format!("/v1/bank-entries{query}"));
    read.expect(200)["data"].as_array().unwrap().clone()
}

/// The only entry that there is, with its ETag.
fn entry(app: &TestApp) -> Reply {
    let all = entries(app, "?kind=credit");
    assert_eq!(all.len(), 1, "{all:?}");
    read(app, all[0]["id"].as_str().unwrap())
}

fn read(app: &TestApp, id: &str) -> Reply {
    let found = app.finance().get(&format!("/v1/bank-entries/{id}"));
    found.expect(200)
}

fn tell(app: &TestApp, entry: &Reply, verb: &str, body: Value) -> Reply {
    let path = format!("/v1/bank-entries/{}/{verb}", entry.id());
    app.finance().post_if(&path, &entry.etag(), body)
}

/// Reverses the first receipt that an entry became.
fn reverse(app: &TestApp, entry: &Reply) {
    let path = format!("/v1/receipts/{}", entry.text_at("/receipts/0/receipt_id"));
    let receipt = app.finance().get(&path).expect(200);
    let reason = json!({"reason": "It is not theirs."});
    app.finance()
        .post_if(&format!("{path}/reverse"), &receipt.etag(), reason)
        .expect(200);
}

/// The reasons of the best proposal.
fn reasons(entry: &Reply) -> Vec<String> {
    let reasons = entry["proposals"][0]["reasons"].as_array().unwrap();
    let code = |reason: &Value| reason["code"].as_str().unwrap().to_owned();
    reasons.iter().map(code).collect()
}

/// What the customer's account has in unapplied cash.
fn unapplied(app: &TestApp, customer: &str) -> String {
    let found = app
        .finance()
        .get(&format!("/v1/credit-accounts?customer={customer}"));
    found
        .expect(200)
        .text_at("/data/0/exposure/by_category/unapplied_cash/amount")
}

#[test]
fn a_payment_that_names_its_invoice_is_applied_by_itself() {
    on_both(|app| {
        a_book(app);
        let file = a_statement_of(DAY, "CNY").with(
            a_payment("125.00", "INVOICE I 2026 0001")
                .by("JIANGNAN TRADING")
                .from(THEIRS),
        );
        let job = send(app, file.text());
        assert_eq!(job["result"]["applied"], 1, "{}", job.text);
        assert_eq!(
            job["progress"],
            json!({"done": 1, "total": 1, "unit": "entries"})
        );
        assert_eq!(open(app, "I-2026-0001"), "0.00");
        let entry = entry(app);
        assert_eq!(entry["status"], "applied");
        assert_eq!(entry["customer_number"], "C-1");
        assert_eq!(entry["left"]["amount"], "0.00");
        assert_eq!(entry["decided_by"], Value::Null);
        let receipt = entry.text_at("/receipts/0/receipt_id");
        let receipt = app
            .finance()
            .get(&format!("/v1/receipts/{receipt}"))
            .expect(200);
        assert_eq!(receipt["receipt_date"], DAY);
        assert_eq!(receipt["unapplied"]["amount"], "0.00");
        let trail = format!("/v1/trail?entity_id={}", entry.id());
        let trail = app.auditor().get(&trail).expect(200);
        assert_eq!(trail["data"][0]["action"], "bank_entry.applied");
        app.adds_up();
    });
}

#[test]
fn the_same_statement_twice_changes_nothing() {
    on_both(|app| {
        a_book(app);
        let file = a_statement_of(DAY, "CNY")
            .with(a_payment("125.00", "I-2026-0001"))
            .with(a_payment("80.50", "I-2026-0002"));
        send(app, file.text());
        let again = send(app, file.text());
        assert_eq!(again["result"]["statements"][0]["was_known"], true);
        assert_eq!(again["result"]["applied_now"], 0);
        assert_eq!(entries(app, "").len(), 2);
        let receipts = app.finance().get("/v1/receipts").expect(200);
        assert_eq!(receipts["data"].as_array().unwrap().len(), 2);
        let statements = app.finance().get("/v1/bank-statements").expect(200);
        assert_eq!(statements["data"].as_array().unwrap().len(), 1);
        // Under another name, the entries are known one by one.
        let renamed = send(app, file.clone().called("OTHER").text());
        assert_eq!(renamed["result"]["statements"][0]["known_entries"], 2);
        assert_eq!(entries(app, "").len(), 2);
        app.adds_up();
    });
}

#[test]
fn a_notification_and_then_the_statement_of_the_day_are_the_same_money() {
    on_both(|app| {
        a_book(app);
        let both = [
            a_payment("125.00", "I-2026-0001").with_bank_reference("B-1"),
            a_payment("80.50", "I-2026-0002"),
        ];
        let single = a_payment("300.00", "I-2026-0003");
        let file = a_statement_of(DAY, "CNY").batch(&both).with(single.clone());
        let first = send(app, file.as_notification());
        assert_eq!(first["result"]["applied"], 3, "{}", first.text);
        // The statement has the batch as one booking without details.
        let whole = a_payment("205.50", "batch of 2").with_bank_reference("B-1");
        let file = a_statement_of(DAY, "CNY").with(whole).with(single);
        let second = send(app, file.text());
        assert_eq!(second["result"]["statements"][0]["known_entries"], 2);
        assert_eq!(entries(app, "").len(), 3);
    });
}

#[test]
fn two_payments_that_look_alike_keep_the_references_by_which_the_statement_knows_them() {
    on_both(|app| {
        a_book(app);
        let both = |text: &str| {
            ["B-1", "B-2"]
                .iter()
                .fold(a_statement_of(DAY, "CNY"), |file, reference| {
                    let payment = a_payment("10.00", text).by("Somebody");
                    file.with(payment.with_bank_reference(reference))
                })
        };
        send(app, both("thank you").as_notification());
        assert_eq!(entries(app, "").len(), 2);
        // The statement says less of each.
        let told = send(app, both("thanks").text());
        assert_eq!(told["result"]["statements"][0]["known_entries"], 2);
        assert_eq!(entries(app, "").len(), 2);
    });
}

#[test]
fn two_payments_that_look_alike_are_two() {
    on_both(|app| {
        a_book(app);
        let twin = || a_payment("10.00", "thank you").by("Somebody");
        let morning = a_statement_of(DAY, "CNY").called("A").with(twin());
        let evening = a_statement_of(DAY, "CNY")
            .called("B")
            .opening("1010.00")
            .with(twin());
        send(app, morning.text());
        send(app, evening.text());
        assert_eq!(entries(app, "?status=unidentified").len(), 2);
    });
}

#[test]
fn one_transfer_pays_several_invoices() {
    on_both(|app| {
        a_book(app);
        let text = "I-2026-0001 / I-2026-0002";
        let file = a_statement_of(DAY, "CNY").with(a_payment("205.50", text));
        assert_eq!(send(app, file.text())["result"]["applied"], 1);
        assert_eq!(open(app, "I-2026-0001"), "0.00");
        assert_eq!(open(app, "I-2026-0002"), "0.00");
        assert_eq!(open(app, "I-2026-0003"), "300.00");
    });
}

#[test]
fn a_payment_less_its_discount_in_time_closes_the_invoice() {
    on_both(|app| {
        a_book(app);
        for number in ["I-2026-0050", "I-2026-0051"] {
            let mut body = an_invoice(number, "C-1", "1000.00")
                .dated("2026-03-25")
                .body(app);
            body["payment_terms"] = json!("2_10_net_30");
            app.finance().post("/v1/invoices", body).expect(201);
        }
        let in_time = a_payment("980.00", "I-2026-0050").valued("2026-03-30");
        let file = a_statement_of(DAY, "CNY").with(in_time);
        assert_eq!(send(app, file.text())["result"]["applied"], 1);
        assert_eq!(open(app, "I-2026-0050"), "0.00");
        // Ten days after 25 March the discount is gone.
        app.turn_to("2026-04-10");
        let late = a_payment("980.00", "I-2026-0051");
        let file = a_statement_of("2026-04-10", "CNY")
            .opening("2000.00")
            .with(late);
        assert_eq!(send(app, file.text())["result"]["open"], 1);
        assert_eq!(open(app, "I-2026-0051"), "1000.00");
        app.adds_up();
    });
}

#[test]
fn a_payment_of_the_next_instalment_is_applied_by_itself() {
    on_both(|app| {
        a_book(app);
        let cny = |amount: &str| json!({"amount": amount, "currency": "CNY"});
        let mut body = an_invoice("I-2026-0060", "C-1", "1000.00")
            .dated("2026-03-25")
            .body(app);
        body["instalments"] = json!([
            {"amount": cny("300.00"), "due_date": "2026-04-30"},
            {"amount": cny("700.00"), "due_date": "2026-05-31"},
        ]);
        app.finance().post("/v1/invoices", body).expect(201);
        let file =
            a_statement_of(DAY, "CNY").with(a_payment("300.00", "first part of I-2026-0060"));
        assert_eq!(send(app, file.text())["result"]["applied"], 1);
        assert_eq!(open(app, "I-2026-0060"), "700.00");
        app.adds_up();
    });
}

#[test]
fn a_receipt_says_who_paid_for_another() {
    on_both(|app| {
        app.turn_to(DAY);
        a_bank_account(app, "CNY");
        a_customer("P").named("Parent Holding").create(app);
        a_customer("S-1")
            .named("Subsidiary One")
            .below("P")
            .create(app);
        an_invoice("I-0101", "S-1", "100.00").create(app);
        let payment = a_payment("100.00", "I-0101").by("PARENT HOLDING");
        let file = a_statement_of(DAY, "CNY").with(payment);
        assert_eq!(send(app, file.text())["result"]["applied"], 1);
        let receipt = entry(app).text_at("/receipts/0/receipt_id");
        let receipt = app
            .finance()
            .get(&format!("/v1/receipts/{receipt}"))
            .expect(200);
        let parent = app.finance().get("/v1/customers/P").expect(200).id();
        assert_eq!(receipt["payer_customer_id"], parent.as_str());
        app.adds_up();
    });
}

#[test]
fn a_parents_payment_is_assigned_to_the_invoice_of_its_subsidiary() {
    on_both(|app| {
        app.turn_to(DAY);
        a_bank_account(app, "CNY");
        a_customer("P").create(app);
        a_customer("S-1").below("P").create(app);
        a_customer("X").create(app);
        an_invoice("I-0101", "S-1", "60.00").create(app);
        an_invoice("I-0102", "X", "60.00").create(app);
        let payment = a_payment("100.00", "various");
        send(app, a_statement_of(DAY, "CNY").with(payment).text());
        let waiting = entry(app);
        let for_invoice = |invoice: &str| {
            json!({"parts": [{
                "customer": "P", "amount": {"amount": "100.00", "currency": "CNY"},
                "invoices": [{"invoice_number": invoice, "amount": {"amount": "60.00", "currency": "CNY"}}],
            }]})
        };
        let refused = tell(app, &waiting, "assign", for_invoice("I-0102"));
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "other_customer");
        let assigned = tell(app, &waiting, "assign", for_invoice("I-0101")).expect(200);
        assert_eq!(assigned["status"], "applied");
        assert_eq!(open(app, "I-0101"), "0.00");
        assert_eq!(unapplied(app, "P"), "40.00");
        app.adds_up();
        reverse(app, &assigned);
        assert_eq!(open(app, "I-0101"), "60.00");
        app.adds_up();
    });
}

#[test]
fn who_was_taken_for_the_payer_by_mistake_is_not_recorded_as_one() {
    on_both(|app| {
        a_book(app);
        a_customer("C-2").create(app);
        let payment = a_payment("125.00", "thanks").by("Unknown Ltd").from(THEIRS);
        send(app, a_statement_of(DAY, "CNY").with(payment).text());
        let to = |customer: &str| json!({"parts": [{"customer": customer, "amount": {"amount": "125.00", "currency": "CNY"}}]});
        let wrong = tell(app, &entry(app), "assign", to("C-2")).expect(200);
        assert_eq!(wrong["customer_number"], "C-2");
        reverse(app, &wrong);
        let back = entry(app);
        assert_eq!(back["customer_number"], Value::Null);
        let known = app.finance().get("/v1/payer-accounts").expect(200);
        assert_eq!(known["data"], json!([]));
        let right = tell(app, &back, "assign", to("C-1")).expect(200);
        assert_eq!(right["customer_number"], "C-1");
        let receipts = app.finance().get("/v1/receipts?customer=C-1").expect(200);
        assert_eq!(receipts["data"][0]["payer_customer_id"], Value::Null);
        app.adds_up();
    });
}

#[test]
fn a_creditor_reference_with_check_digits_names_the_invoice() {
    on_both(|app| {
        a_book(app);
        an_invoice("539007547034", "C-1", "42.00").create(app);
        let payment = a_payment("42.00", "").with_reference("RF18 5390 0754 7034");
        let file = a_statement_of(DAY, "CNY").with(payment);
        assert_eq!(send(app, file.text())["result"]["applied"], 1);
        assert_eq!(open(app, "539007547034"), "0.00");
    });
}

#[test]
fn a_parent_pays_three_subsidiaries_with_one_transfer() {
    on_both(|app| {
        app.turn_to(DAY);
        a_bank_account(app, "CNY");
        a_customer("P").create(app);
        for (customer, invoice, amount) in [
            ("S-1", "I-0101", "100.00"),
            ("S-2", "I-0102", "50.00"),
            ("S-3", "I-0103", "25.50"),
        ] {
            a_customer(customer).below("P").create(app);
            an_invoice(invoice, customer, amount).create(app);
        }
        let text = "I-0101 I-0102 I-0103";
        let file = a_statement_of(DAY, "CNY").with(a_payment("175.50", text));
        assert_eq!(send(app, file.text())["result"]["applied"], 1);
        for invoice in ["I-0101", "I-0102", "I-0103"] {
            assert_eq!(open(app, invoice), "0.00");
        }
        let entry = entry(app);
        assert_eq!(entry["receipts"].as_array().unwrap().len(), 3);
        assert_eq!(entry["customer_id"], Value::Null);
        app.adds_up();
    });
}

#[test]
fn strangers_invoices_in_one_transfer_wait_for_a_person() {
    on_both(|app| {
        a_book(app);
        a_customer("C-2").create(app);
        an_invoice("I-9001", "C-2", "10.00").create(app);
        let file = a_statement_of(DAY, "CNY").with(a_payment("135.00", "I-2026-0001 I-9001"));
        assert_eq!(send(app, file.text())["result"]["open"], 1);
        let entry = entry(app);
        assert!(reasons(&entry).contains(&"other_payer".to_owned()));
        let accepted = tell(app, &entry, "accept", json!({})).expect(200);
        assert_eq!(accepted["status"], "applied");
        assert_eq!(accepted["decided_by"], "u-finance");
        assert_eq!(open(app, "I-9001"), "0.00");
    });
}

#[test]
fn a_short_payment_waits_and_a_person_accepts_it() {
    on_both(|app| {
        a_book(app);
        let payment = a_payment("100.00", "I-2026-0001").by("Jiangnan Trading");
        send(app, a_statement_of(DAY, "CNY").with(payment).text());
        let waiting = entry(app);
        assert_eq!(waiting["status"], "open");
        assert_eq!(waiting["proposals"][0]["confidence"], "0.900000");
        assert!(reasons(&waiting).contains(&"amount_short".to_owned()));
        assert_eq!(open(app, "I-2026-0001"), "125.00");
        let proposal = waiting.text_at("/proposals/0/id");
        let accepted = tell(app, &waiting, "accept", json!({"proposal_id": proposal}));
        let accepted = accepted.expect(200);
        assert_eq!(accepted["status"], "applied");
        assert_eq!(accepted["proposals"], json!([]));
        assert_eq!(open(app, "I-2026-0001"), "25.00");
        tell(app, &waiting, "accept", json!({})).expect_problem(412, "stale");
        tell(app, &accepted, "accept", json!({})).expect_problem(409, "state_conflict");
        app.adds_up();
    });
}

#[test]
fn an_account_that_paid_before_is_known_and_can_be_forgotten() {
    on_both(|app| {
        a_book(app);
        let first = a_payment("125.00", "I-2026-0001")
            .by("Treasury Services 7")
            .from(THEIRS);
        send(app, a_statement_of(DAY, "CNY").with(first).text());
        let known = app.finance().get("/v1/payer-accounts").expect(200);
        assert_eq!(known["data"][0]["number"], THEIRS);
        // The next payment names nothing, and its amount is open once.
        let second = a_payment("80.50", "your invoice")
            .by("Treasury Services 7")
            .from(THEIRS);
        let day = a_statement_of(DAY, "CNY").called("B").opening("2000.00");
        assert_eq!(send(app, day.with(second).text())["result"]["applied"], 1);
        assert_eq!(open(app, "I-2026-0002"), "0.00");
        let path = format!("/v1/payer-accounts/{}", known.text_at("/data/0/id"));
        let read = app.finance().get(&path).expect(200);
        assert_eq!(read["uses"], 2);
        let reason = json!({"reason": "It is a factor's account."});
        let removed = app
            .finance()
            .post_if(&format!("{path}/remove"), &read.etag(), reason);
        removed.expect(200);
        app.finance().get(&path).expect_problem(404, "not_found");
        let third = a_payment("300.00", "your invoice").from(THEIRS);
        let day = a_statement_of(DAY, "CNY").called("C").opening("3000.00");
        assert_eq!(
            send(app, day.with(third).text())["result"]["unidentified"],
            1
        );
    });
}

#[test]
fn money_of_nobody_counts_for_nobody_until_a_person_assigns_it() {
    on_both(|app| {
        a_book(app);
        let payment = a_payment("125.00", "thanks").by("Unknown Ltd").from(THEIRS);
        send(app, a_statement_of(DAY, "CNY").with(payment).text());
        let waiting = entry(app);
        assert_eq!(waiting["status"], "unidentified");
        assert_eq!(unapplied(app, "C-1"), "0.00");
        let parts = json!({"parts": [{
            "customer": "C-1", "amount": {"amount": "125.00", "currency": "CNY"},
            "invoices": [{"invoice_number": "I-2026-0003", "amount": {"amount": "100.00", "currency": "CNY"}}],
        }], "reason": "They told us by telephone."});
        let assigned = tell(app, &waiting, "assign", parts).expect(200);
        assert_eq!(assigned["status"], "applied");
        assert_eq!(assigned["decision_reason"], "They told us by telephone.");
        assert_eq!(open(app, "I-2026-0003"), "200.00");
        assert_eq!(unapplied(app, "C-1"), "25.00");
        // It taught netterms the account.
        let known = app
            .finance()
            .get("/v1/payer-accounts?customer=C-1")
            .expect(200);
        assert_eq!(known["data"][0]["number"], THEIRS);
        app.adds_up();
    });
}

#[test]
fn an_entry_is_split_over_customers_and_the_rest_waits() {
    on_both(|app| {
        a_book(app);
        a_customer("C-2").create(app);
        send(
            app,
            a_statement_of(DAY, "CNY")
                .with(a_payment("500.00", "various"))
                .text(),
        );
        let waiting = entry(app);
        let part = |customer: &str, amount: &str| json!({"customer": customer, "amount": {"amount": amount, "currency": "CNY"}});
        let parts = json!({"parts": [part("C-1", "125.00"), part("C-2", "75.00")]});
        let split = tell(app, &waiting, "assign", parts).expect(200);
        assert_eq!(split["status"], "open");
        assert_eq!(split["left"]["amount"], "300.00");
        assert_eq!(unapplied(app, "C-2"), "75.00");
        app.adds_up();
        let too_much = json!({"parts": [part("C-1", "300.01")]});
        tell(app, &split, "assign", too_much).expect_problem(422, "over_applied");
        let rest = json!({"parts": [part("C-1", "300.00")]});
        let done = tell(app, &split, "assign", rest).expect(200);
        assert_eq!(done["status"], "applied");
        assert_eq!(done["receipts"].as_array().unwrap().len(), 3);
        app.adds_up();
    });
}

#[test]
fn a_wrong_assignment_is_undone_by_reversing_its_receipt() {
    on_both(|app| {
        a_book(app);
        send(
            app,
            a_statement_of(DAY, "CNY")
                .with(a_payment("125.00", "I-2026-0001"))
                .text(),
        );
        let applied = entry(app);
        let path = format!("/v1/receipts/{}", applied.text_at("/receipts/0/receipt_id"));
        let receipt = app.finance().get(&path).expect(200);
        let reason = json!({"reason": "It pays another invoice."});
        app.finance()
            .post_if(&format!("{path}/reverse"), &receipt.etag(), reason)
            .expect(200);
        assert_eq!(open(app, "I-2026-0001"), "125.00");
        let back = read(app, &applied.id());
        assert_eq!(back["status"], "open");
        assert_eq!(back["left"]["amount"], "125.00");
        assert!(back["receipts"][0]["given_back_at"].is_string());
        app.adds_up();
        let parts = json!({"parts": [{"customer": "C-1", "amount": {"amount": "125.00", "currency": "CNY"}}]});
        let again = tell(app, &back, "assign", parts).expect(200);
        assert_eq!(again["status"], "applied");
        assert_eq!(unapplied(app, "C-1"), "125.00");
        app.adds_up();
    });
}

#[test]
fn what_is_no_customers_payment_is_ignored_and_can_come_back() {
    on_both(|app| {
        a_book(app);
        let payment = a_payment("9.99", "interest");
        send(app, a_statement_of(DAY, "CNY").with(payment).text());
        let waiting = entry(app);
        tell(app, &waiting, "ignore", json!({})).expect_problem(400, "malformed_body");
        let reason = json!({"reason": "Interest of the bank."});
        let ignored = tell(app, &waiting, "ignore", reason.clone()).expect(200);
        assert_eq!(ignored["status"], "ignored");
        assert_eq!(entries(app, "?status=open&status=unidentified").len(), 0);
        tell(
            app,
            &ignored,
            "assign",
            json!({"parts": [{
            "customer": "C-1", "amount": {"amount": "9.99", "currency": "CNY"}}]}),
        )
        .expect_problem(409, "state_conflict");
        let reopened = tell(app, &ignored, "reopen", reason).expect(200);
        assert_eq!(reopened["status"], "unidentified");
    });
}

#[test]
fn a_payment_that_came_before_its_invoice_is_matched_again() {
    on_both(|app| {
        a_book(app);
        send(
            app,
            a_statement_of(DAY, "CNY")
                .with(a_payment("77.00", "I-2026-0044"))
                .text(),
        );
        let waiting = entry(app);
        assert_eq!(waiting["status"], "unidentified");
        an_invoice("I-2026-0044", "C-1", "77.00").create(app);
        let key = fresh_key();
        let path = format!("/v1/bank-entries/{}/match", waiting.id());
        let ask = || {
            app.finance()
                .request("POST", &path)
                .key(&key)
                .header("If-Match", &waiting.etag())
                .json(json!({}))
                .send()
        };
        let matched = ask().expect(200);
        assert_eq!(matched["status"], "applied");
        let replayed = ask().expect(200);
        assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
        assert_eq!(replayed.body, matched.body);
        assert_eq!(open(app, "I-2026-0044"), "0.00");
    });
}

#[test]
fn all_that_waits_is_matched_again_by_a_job() {
    on_both(|app| {
        a_book(app);
        let file = a_statement_of(DAY, "CNY")
            .with(a_payment("77.00", "I-2026-0044"))
            .with(a_payment("5.00", "a gift"));
        send(app, file.text());
        an_invoice("I-2026-0044", "C-1", "77.00").create(app);
        let queued = app
            .finance()
            .post("/v1/bank-entries/match", json!({}))
            .expect(202);
        let location = queued.header("location").unwrap().to_owned();
        app.finance().get(&format!("{location}/events")).expect(200);
        let job = app.finance().get(&location).expect(200);
        assert_eq!(
            job["result"],
            json!({"applied": 1, "waiting": 1}),
            "{}",
            job.text
        );
        assert_eq!(open(app, "I-2026-0044"), "0.00");
    });
}

#[test]
fn money_that_a_person_took_back_is_proposed_to_them_and_applied_by_no_job() {
    on_both(|app| {
        a_book(app);
        let payment = a_payment("125.00", "I-2026-0001");
        send(app, a_statement_of(DAY, "CNY").with(payment).text());
        let applied = entry(app);
        assert_eq!(applied["status"], "applied");
        reverse(app, &applied);
        for _ in 0..2 {
            let queued = app.finance().post("/v1/bank-entries/match", json!({}));
            let location = queued.expect(202).header("location").unwrap().to_owned();
            app.finance().get(&format!("{location}/events")).expect(200);
            let job = app.finance().get(&location).expect(200);
            assert_eq!(
                job["result"],
                json!({"applied": 0, "waiting": 1}),
                "{}",
                job.text
            );
            assert_eq!(open(app, "I-2026-0001"), "125.00");
        }
        let waiting = entry(app);
        assert_eq!(waiting["status"], "open");
        assert_eq!(reasons(&waiting), ["reference_exact", "amount_exact"]);
        // Who asks for this very entry decides.
        let matched = tell(app, &waiting, "match", json!({})).expect(200);
        assert_eq!(matched["status"], "applied");
        assert_eq!(open(app, "I-2026-0001"), "0.00");
        app.adds_up();
    });
}

#[test]
fn the_policy_says_how_sure_is_sure_enough() {
    on_both(|app| {
        a_book(app);
        let nothing = json!({"automatic_above": null});
        set_policy(app, |document| document["cash_application"] = nothing);
        send(
            app,
            a_statement_of(DAY, "CNY")
                .with(a_payment("125.00", "I-2026-0001"))
                .text(),
        );
        let waiting = entry(app);
        assert_eq!(waiting["status"], "open");
        assert_eq!(waiting["proposals"][0]["confidence"], "0.964000");
        assert_eq!(reasons(&waiting), ["reference_exact", "amount_exact"]);
        set_policy(app, |document| {
            document["cash_application"] = json!({"automatic_above": "0.85"});
        });
        let matched = tell(app, &waiting, "match", json!({})).expect(200);
        assert_eq!(matched["status"], "applied");
        let mut document = app.credit().get("/v1/policies/live").expect(200)["document"].clone();
        document["cash_application"] = json!({"automatic_above": "1.5"});
        let body = json!({"document": document, "reason": "Wrong."});
        let refused = app.credit().post("/v1/policies", body);
        refused.expect_problem(422, "invalid");
    });
}

#[test]
fn a_remittance_advice_says_what_a_payment_is_for() {
    on_both(|app| {
        a_book(app);
        let line = |number: &str, amount: &str| json!({"invoice_number": number, "amount": {"amount": amount, "currency": "CNY"}});
        let advice = json!({
            "number": "ADV-77", "customer": "C-1", "amount": {"amount": "180.50", "currency": "CNY"},
            "payer_account": "NL91 ABNA 0417 1643 00",
            "lines": [line("I 2026 0002", "80.50"), line("I-2026-0003", "100.00")],
        });
        let mut wrong = advice.clone();
        wrong["lines"][0]["amount"]["amount"] = json!("80.00");
        app.finance()
            .post("/v1/remittance-advices", wrong)
            .expect_problem(422, "invalid");
        let posted = app
            .system()
            .post("/v1/remittance-advices", advice.clone())
            .expect(201);
        app.finance()
            .post("/v1/remittance-advices", advice)
            .expect_problem(409, "duplicate_number");
        let payment = a_payment("180.50", "payment run 9")
            .by("Somebody")
            .from(THEIRS);
        assert_eq!(
            send(app, a_statement_of(DAY, "CNY").with(payment).text())["result"]["applied"],
            1
        );
        assert_eq!(open(app, "I-2026-0002"), "0.00");
        assert_eq!(open(app, "I-2026-0003"), "200.00");
        let path = format!("/v1/remittance-advices/{}", posted.id());
        let paid = app.finance().get(&path).expect(200);
        assert_eq!(paid["status"], "paid");
        assert_eq!(paid["entry_id"], entry(app)["id"]);
        let reason = json!({"reason": "A mistake."});
        app.finance()
            .post_if(&format!("{path}/withdraw"), &paid.etag(), reason)
            .expect_problem(409, "state_conflict");
    });
}

#[test]
fn an_advice_is_paid_by_its_own_payment_and_announces_it_again_when_that_is_taken_back() {
    on_both(|app| {
        a_book(app);
        a_customer("C-2").create(app);
        an_invoice("I-2026-0009", "C-2", "125.00").create(app);
        let advise = |customer: &str, invoice: &str, account: Option<&str>| {
            let money = json!({"amount": "125.00", "currency": "CNY"});
            let mut advice = json!({
                "number": "ADV-1", "customer": customer, "amount": money,
                "lines": [{"invoice_number": invoice, "amount": money}],
            });
            if let Some(account) = account {
                advice["payer_account"] = json!(account);
            }
            let posted = app.finance().post("/v1/remittance-advices", advice);
            format!("/v1/remittance-advices/{}", posted.expect(201).id())
        };
        let of_another = advise("C-2", "I-2026-0009", None);
        let own = advise("C-1", "I-2026-0001", Some(THEIRS));
        let payment = a_payment("125.00", "payment run 9")
            .by("Somebody")
            .from(THEIRS);
        send(app, a_statement_of(DAY, "CNY").with(payment).text());
        let applied = entry(app);
        assert_eq!(applied["status"], "applied");
        let status = |path: &str| app.finance().get(path).expect(200)["status"].clone();
        assert_eq!([status(&own), status(&of_another)], ["paid", "open"]);
        reverse(app, &applied);
        let again = app.finance().get(&own).expect(200);
        assert_eq!(again["status"], "open");
        assert_eq!(again["entry_id"], Value::Null);
        let trail = format!("/v1/trail?entity_id={}", again.id());
        let trail = app.auditor().get(&trail).expect(200);
        assert_eq!(trail["data"][2]["action"], "remittance_advice.reopened");
        tell(app, &entry(app), "match", json!({})).expect(200);
        assert_eq!([status(&own), status(&of_another)], ["paid", "open"]);
        assert_eq!(open(app, "I-2026-0001"), "0.00");
        app.adds_up();
    });
}

#[test]
fn money_that_went_out_is_no_receipt_and_what_came_back_waits() {
    on_both(|app| {
        a_book(app);
        let file = a_statement_of(DAY, "CNY")
            .with(a_payment("50.00", "I-2026-0001").going_out())
            .with(a_payment("125.00", "I-2026-0001").returned())
            .with(a_payment("80.50", "I-2026-0002").going_out().returned());
        let job = send(app, file.text());
        assert_eq!(job["result"]["no_receipt"], 1, "{}", job.text);
        assert_eq!(job["result"]["open"], 2);
        assert_eq!(entries(app, "?kind=returned_credit").len(), 1);
        assert_eq!(entries(app, "?kind=returned_debit&status=open").len(), 1);
        for invoice in [("I-2026-0001", "125.00"), ("I-2026-0002", "80.50")] {
            assert_eq!(open(app, invoice.0), invoice.1);
        }
    });
}

#[test]
fn another_currency_pays_nothing_and_waits() {
    on_both(|app| {
        a_book(app);
        a_bank_account(app, "USD");
        send(
            app,
            a_statement_of(DAY, "USD")
                .with(a_payment("125.00", "I-2026-0001"))
                .text(),
        );
        let waiting = entry(app);
        assert_eq!(waiting["status"], "unidentified");
        let part = |currency: &str| json!({"parts": [{"customer": "C-1", "amount": {"amount": "125.00", "currency": currency}}]});
        tell(app, &waiting, "assign", part("CNY")).expect_problem(422, "currency_mismatch");
        // The account of the customer is in another currency.
        tell(app, &waiting, "assign", part("USD")).expect_problem(422, "currency_mismatch");
        for amount in ["0.00", "-1.00", "9999999999999.00", "1e3", "1.005"] {
            let body = json!({"parts": [{"customer": "C-1", "amount": {"amount": amount, "currency": "USD"}}]});
            tell(app, &waiting, "assign", body).expect_problem(400, "malformed_body");
        }
        let nobody = json!({"parts": [{"customer": "C-9", "amount": {"amount": "1.00", "currency": "USD"}}]});
        tell(app, &waiting, "assign", nobody).expect_problem(404, "not_found");
    });
}

#[test]
fn money_pays_the_company_whose_account_it_came_to() {
    on_both(|app| {
        app.turn_to(DAY);
        let finance = app.finance();
        let company = json!({"number": "DE01", "name": "German company", "country": "DE", "functional_currency": "EUR"});
        finance.post("/v1/legal-entities", company).expect(201);
        let account =
            json!({"number": OWN, "currency": "CNY", "name": "Of DE01", "legal_entity": "DE01"});
        let account = finance.post("/v1/bank-accounts", account).expect(201);
        let unknown =
            json!({"number": "X-1", "currency": "CNY", "name": "Of none", "legal_entity": "ZZ"});
        finance
            .post("/v1/bank-accounts", unknown)
            .expect_problem(404, "not_found");
        a_customer("C-1").create(app);
        an_invoice("I-2026-0001", "C-1", "125.00").create(app);
        let mut theirs = an_invoice("I-2026-0001", "C-1", "125.00").body(app);
        theirs["legal_entity"] = json!("DE01");
        let theirs = finance.post("/v1/invoices", theirs).expect(201).id();
        let file = a_statement_of(DAY, "CNY").with(a_payment("125.00", "I-2026-0001"));
        assert_eq!(send(app, file.text())["result"]["applied"], 1);
        assert_eq!(open(app, &theirs), "0.00");
        let entry = entry(app);
        assert_eq!(entry["legal_entity_id"], account["legal_entity_id"]);
        let receipt = entry.text_at("/receipts/0/receipt_id");
        let receipt = finance.get(&format!("/v1/receipts/{receipt}")).expect(200);
        assert_eq!(receipt["legal_entity_id"], account["legal_entity_id"]);
        app.adds_up();
    });
}

#[test]
fn bank_accounts_are_set_up_changed_and_closed() {
    on_both(|app| {
        app.turn_to(DAY);
        let finance = app.finance();
        let body = json!({"number": "DE89 3704 0044 0532 0130 00", "currency": "EUR", "name": "Main", "bank_code": "COBADEFF"});
        let made = finance.post("/v1/bank-accounts", body.clone()).expect(201);
        assert_eq!(made["number"], "DE89370400440532013000");
        finance
            .post("/v1/bank-accounts", body.clone())
            .expect_problem(409, "duplicate_number");
        let mut dollars = body;
        dollars["currency"] = json!("USD");
        finance.post("/v1/bank-accounts", dollars).expect(201);
        let path = format!("/v1/bank-accounts/{}", made.id());
        let change = json!({"name": "Collection", "bank_code": null, "closed_on": "2026-03-31"});
        let changed = finance
            .patch(&path, &made.etag(), change.clone())
            .expect(200);
        assert_eq!(changed["bank_code"], Value::Null);
        finance
            .patch(&path, &made.etag(), change)
            .expect_problem(412, "stale");
        let file = a_statement_of(DAY, "EUR").with(a_payment("1.00", "x"));
        let refused = crate::support::statement(file.text()).send(&finance);
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "bank_account_closed");
        let listed = finance.get("/v1/bank-accounts?currency=EUR").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn only_finance_says_whose_money_it_is() {
    on_both(|app| {
        a_book(app);
        send(
            app,
            a_statement_of(DAY, "CNY")
                .with(a_payment("100.00", "I-2026-0001"))
                .text(),
        );
        let waiting = entry(app);
        let path = format!("/v1/bank-entries/{}", waiting.id());
        for client in [app.credit(), app.sales(), app.system(), app.admin()] {
            client
                .post_if(&format!("{path}/accept"), &waiting.etag(), json!({}))
                .expect_problem(403, "forbidden");
        }
        app.sales().get(&path).expect_problem(403, "forbidden");
        app.credit().get(&path).expect(200);
        app.auditor().get(&path).expect(200);
        let file = a_statement_of(DAY, "CNY").text();
        let clerk = app.caller("u-clerk", &[Role::Credit], None);
        crate::support::statement(&file)
            .send(&clerk)
            .expect_problem(403, "forbidden");
        crate::support::statement(&file).run(&app.system());
        app.finance()
            .request("POST", &format!("{path}/accept"))
            .header("If-Match", &waiting.etag())
            .json(json!({}))
            .send()
            .expect_problem(400, "idempotency_key_missing");
    });
}
