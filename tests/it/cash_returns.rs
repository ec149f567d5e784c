//! What a bank takes back: a payment that had come in is owed again, and the worklist says which one it was.

use serde_json::{Value, json};

use crate::support::{
    Reply, TestApp, a_bank_account, a_customer, a_payment, a_statement_of, an_invoice, on_both,
    send,
};

const PAID_ON: &str = "2026-03-10";
const RETURNED_ON: &str = "2026-03-13";
const THEIRS: &str = "NL91ABNA0417164300";

/// A customer `C-1` with an invoice for 125.00 of the end of February and one for 80.50.
fn a_book(app: &TestApp) {
    app.turn_to("2026-03-31");
    a_bank_account(app, "CNY");
    a_customer("C-1").named("Jiangnan Trading Co.").create(app);
    for (number, amount) in [("I-2026-0001", "125.00"), ("I-2026-0002", "80.50")] {
        an_invoice(number, "C-1", amount)
            .dated("2026-02-01")
            .due("2026-03-05")
            .create(app);
    }
}

fn open(app: &TestApp, number: &str) -> String {
    let read = app.finance().get(&format!("/v1/invoices/{number}"));
    read.expect(200).text_at("/open/amount")
}

fn entry(app: &TestApp, query: &str) -> Reply {
    let found = app
        .finance()
        .get(&format!("/v1/bank-entries?{query}"))
        .expect(200);
    let all = found["data"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    let id = all[0]["id"].as_str().unwrap();
    app.finance()
        .get(&format!("/v1/bank-entries/{id}"))
        .expect(200)
}

fn tell(app: &TestApp, entry: &Reply, verb: &str, body: Value) -> Reply {
    let path = format!("/v1/bank-entries/{}/{verb}", entry.id());
    app.finance().post_if(&path, &entry.etag(), body)
}

/// Both payments of a day come in, and each pays its invoice.
fn both_pay(app: &TestApp) {
    let paid = a_statement_of(PAID_ON, "CNY")
        .with(
            a_payment("125.00", "I-2026-0001")
                .by("JIANGNAN TRADING")
                .from(THEIRS)
                .named("E2E-77"),
        )
        .with(
            a_payment("80.50", "I-2026-0002")
                .by("JIANGNAN TRADING")
                .from(THEIRS),
        );
    let job = send(app, paid.text());
    assert_eq!(job["result"]["applied"], 2, "{}", job.text);
}

fn outstanding(app: &TestApp, day: &str) -> Value {
    let report = app
        .finance()
        .get(&format!("/v1/reports/aging?as_of={day}"))
        .expect(200);
    report["totals"][0]["outstanding"]["amount"].clone()
}

#[test]
fn a_payment_that_the_bank_takes_back_is_owed_again_with_its_own_due_date() {
    on_both(|app| {
        a_book(app);
        both_pay(app);
        let back = a_statement_of(RETURNED_ON, "CNY").with(
            a_payment("125.00", "RETURN INSUFFICIENT FUNDS")
                .named("E2E-77")
                .returned(),
        );
        let job = send(app, back.text());
        assert_eq!(job["result"]["no_receipt"], 1, "{}", job.text);
        assert_eq!(open(app, "I-2026-0001"), "125.00");
        assert_eq!(open(app, "I-2026-0002"), "0.00");
        let invoice = app.finance().get("/v1/invoices/I-2026-0001").expect(200);
        assert_eq!(invoice["due_date"], "2026-03-05");
        let took = entry(app, "kind=returned_credit");
        let gone = entry(app, "status=returned");
        assert_eq!(took["status"], "no_receipt");
        assert_eq!(took["returns_entry_id"], gone["id"]);
        assert_eq!(took["customer_number"], "C-1");
        assert_eq!(took["decided_by"], Value::Null);
        let receipt = gone.text_at("/receipts/0/receipt_id");
        let receipt = app.finance().get(&format!("/v1/receipts/{receipt}"));
        let receipt = receipt.expect(200);
        assert_eq!(receipt["status"], "reversed");
        assert_eq!(receipt["reversed_on"], RETURNED_ON);
        // Until that day it was paid.
        assert_eq!(outstanding(app, "2026-03-12"), Value::Null);
        assert_eq!(outstanding(app, RETURNED_ON), "125.00");
        // Nobody has to look at it, and the same statement again changes nothing.
        let waiting = "/v1/bank-entries?status=open&status=unidentified&status=received";
        assert_eq!(app.finance().get(waiting).expect(200)["data"], json!([]));
        send(app, back.text());
        assert_eq!(open(app, "I-2026-0001"), "125.00");
        app.adds_up();
    });
}

#[test]
fn of_several_that_it_may_be_a_person_chooses_one() {
    on_both(|app| {
        a_book(app);
        an_invoice("I-2026-0003", "C-1", "125.00")
            .dated("2026-02-01")
            .due("2026-03-05")
            .create(app);
        both_pay(app);
        let second = a_payment("125.00", "I-2026-0003").from(THEIRS);
        send(app, a_statement_of("2026-03-11", "CNY").with(second).text());
        let back = a_payment("125.00", "RETURN").from(THEIRS).returned();
        let job = send(app, a_statement_of(RETURNED_ON, "CNY").with(back).text());
        assert_eq!(job["result"]["open"], 1, "{}", job.text);
        let waiting = entry(app, "kind=returned_credit");
        let proposals = waiting["proposals"].as_array().unwrap();
        assert_eq!(proposals.len(), 2);
        // Of equally sure ones the latest comes first.
        assert_eq!(proposals[0]["confidence"], "0.950000");
        assert_eq!(
            proposals[0]["reasons"],
            json!([{"code": "same_account", "fact": THEIRS}, {"code": "amount_exact", "fact": null}])
        );
        assert_eq!(proposals[0]["parts"][0]["customer_number"], "C-1");
        // It is no money that could be assigned.
        let part = json!({"parts": [{"customer": "C-1", "amount": {"amount": "125.00", "currency": "CNY"}}]});
        let refused = tell(app, &waiting, "assign", part).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "went_out");
        let other = json!({"proposal_id": proposals[1]["id"]});
        let taken = tell(app, &waiting, "accept", other).expect(200);
        assert_eq!(taken["status"], "no_receipt");
        assert_eq!(taken["returns_entry_id"], proposals[1]["returns_entry_id"]);
        assert_eq!(open(app, "I-2026-0001"), "125.00");
        assert_eq!(open(app, "I-2026-0003"), "0.00");
        app.adds_up();
    });
}

#[test]
fn a_person_says_what_was_taken_back_and_a_mistake_is_undone() {
    on_both(|app| {
        a_book(app);
        both_pay(app);
        let back = a_payment("125.00", "RETURN").returned();
        send(app, a_statement_of(RETURNED_ON, "CNY").with(back).text());
        let waiting = entry(app, "kind=returned_credit");
        assert_eq!(waiting["proposals"], json!([]));
        let paid = app
            .finance()
            .get("/v1/bank-entries?status=applied")
            .expect(200);
        let of = |amount: &str| {
            let all = paid["data"].as_array().unwrap().iter();
            let found = all.clone().find(|one| one["amount"]["amount"] == amount);
            found.unwrap()["id"].clone()
        };
        let by_hand = |entry: &Reply, payment: &Value| {
            let body = json!({"entry_id": payment, "reason": "The bank told us by telephone."});
            tell(app, entry, "take-back", body)
        };
        let refused = by_hand(&waiting, &of("80.50")).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "does_not_fit");
        by_hand(&waiting, &json!("ben_01k00000000000000000000001"))
            .expect_problem(404, "not_found");
        let path = format!("/v1/bank-entries/{}/take-back", waiting.id());
        let body = json!({"entry_id": of("125.00"), "reason": "The bank told us."});
        for other in [app.sales(), app.auditor(), app.admin()] {
            other
                .post_if(&path, &waiting.etag(), body.clone())
                .expect_problem(403, "forbidden");
        }
        app.finance()
            .post_if(&path, "\"77\"", body)
            .expect_problem(412, "stale");
        by_hand(&waiting, &of("125.00")).expect(200);
        assert_eq!(open(app, "I-2026-0001"), "125.00");
        // It was another payment after all: both wait again, and the money is assigned anew.
        let gone = entry(app, "status=returned");
        let again = tell(app, &gone, "reopen", json!({"reason": "Not this one."})).expect(200);
        assert_eq!(again["status"], "open");
        let waiting = entry(app, "kind=returned_credit");
        assert_eq!(
            (&waiting["status"], &waiting["returns_entry_id"]),
            (&json!("open"), &Value::Null)
        );
        let matched = tell(app, &again, "match", json!({})).expect(200);
        assert_eq!(matched["status"], "applied");
        assert_eq!(open(app, "I-2026-0001"), "0.00");
        app.adds_up();
    });
}

#[test]
fn what_was_refunded_since_waits_for_a_person() {
    on_both(|app| {
        a_book(app);
        let over = a_payment("500.00", "ON ACCOUNT")
            .from(THEIRS)
            .named("E2E-9");
        send(app, a_statement_of(PAID_ON, "CNY").with(over).text());
        let waiting = entry(app, "kind=credit");
        let part = json!({"parts": [{"customer": "C-1", "amount": {"amount": "500.00", "currency": "CNY"}}]});
        let assigned = tell(app, &waiting, "assign", part).expect(200);
        let receipt = assigned.text_at("/receipts/0/receipt_id");
        let body = json!({
            "receipt_id": receipt, "amount": {"amount": "100.00", "currency": "CNY"}, "reason": "Paid too much."
        });
        let refund = app.credit().post("/v1/refunds", body).expect(201);
        let path = format!("/v1/refunds/{}", refund.id());
        let approved = app
            .finance()
            .post_if(
                &format!("{path}/approve"),
                &refund.etag(),
                json!({"reason": "Checked."}),
            )
            .expect(200);
        app.finance()
            .post_if(
                &format!("{path}/pay"),
                &approved.etag(),
                json!({"paid_on": "2026-03-31"}),
            )
            .expect(200);
        let back = a_payment("500.00", "RETURN").named("E2E-9").returned();
        let job = send(app, a_statement_of(RETURNED_ON, "CNY").with(back).text());
        assert_eq!(job["result"]["open"], 1, "{}", job.text);
        let waiting = entry(app, "kind=returned_credit");
        assert_eq!(waiting["proposals"][0]["confidence"], "0.980000");
        tell(app, &waiting, "accept", json!({})).expect_problem(409, "state_conflict");
        app.adds_up();
    });
}
