//! Money that a bank statement brought and that an ERP posts as well: flagged, told, and recognised by files.

use serde_json::{Value, json};

use crate::support::{
    Reply, TestApp, a_bank_account, a_customer, a_payment, a_receipt, a_statement_of, an_invoice,
    import, on_both, send,
};

const DAY: &str = "2026-03-31";

/// Customer `C-1` with an invoice of 125.00 that a bank statement paid.
fn a_book(app: &TestApp) -> String {
    app.turn_to(DAY);
    a_bank_account(app, "CNY");
    a_customer("C-1").named("Jiangnan Trading Co.").create(app);
    an_invoice("I-2026-0001", "C-1", "125.00").create(app);
    let payment = a_payment("125.00", "I-2026-0001").by("JIANGNAN TRADING");
    let job = send(app, a_statement_of(DAY, "CNY").with(payment).text());
    assert_eq!(job["result"]["applied"], 1, "{}", job.text);
    let receipts = app.finance().get("/v1/receipts").expect(200);
    receipts.text_at("/data/0/id")
}

fn post(app: &TestApp, number: &str, change: &Value) -> Reply {
    let mut body = json!({
        "number": number, "customer": "C-1", "receipt_date": DAY, "apply": "none",
        "amount": {"amount": "125.00", "currency": "CNY"}
    });
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    app.finance().post("/v1/receipts", body)
}

fn doubtful(app: &TestApp) -> Vec<String> {
    let path = "/v1/receipts?possible_duplicate=true";
    let listed = app.finance().get(path).expect(200);
    let all = listed["data"].as_array().unwrap().iter();
    all.map(|one| one["number"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_posting_of_what_a_bank_brought_is_flagged_and_told() {
    on_both(|app| {
        let by_bank = a_book(app);
        app.turn_to("2026-04-03");
        let flagged = post(app, "R-1", &json!({"receipt_date": "2026-04-03"})).expect(201);
        assert_eq!(flagged["possible_duplicate_of"], by_bank.as_str());
        assert_eq!(doubtful(app), ["R-1"]);
        let trail = format!("/v1/trail?entity_id={}", flagged.id());
        let trail = app.auditor().get(&trail).expect(200);
        let actions: Vec<&Value> = trail["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| &entry["action"])
            .collect();
        assert_eq!(actions, ["receipt.posted", "receipt.possible_duplicate"]);
        // The bank's receipt is taken for one only: more of the same is other money.
        let second = post(app, "R-2", &json!({})).expect(201);
        assert_eq!(second["possible_duplicate_of"], Value::Null);
        // Who reverses one of them ends the doubt.
        let body = json!({"reason": "It is the bank's."});
        let path = format!("/v1/receipts/{}/reverse", flagged.id());
        app.finance()
            .post_if(&path, &flagged.etag(), body)
            .expect(200);
        assert_eq!(doubtful(app), [""; 0]);
        app.adds_up();
    });
}

#[test]
fn other_money_is_not_flagged() {
    on_both(|app| {
        a_book(app);
        app.turn_to("2026-04-04");
        let hamburg = json!({
            "number": "DE01", "name": "Hamburg", "country": "DE", "functional_currency": "EUR"
        });
        app.finance()
            .post("/v1/legal-entities", hamburg)
            .expect(201);
        a_customer("C-2").create(app);
        for (number, change) in [
            ("R-1", json!({"receipt_date": "2026-04-04"})),
            ("R-2", json!({"receipt_date": "2026-03-27"})),
            (
                "R-3",
                json!({"amount": {"amount": "125.01", "currency": "CNY"}}),
            ),
            ("R-4", json!({"customer": "C-2"})),
            ("R-5", json!({"legal_entity": "DE01"})),
        ] {
            let posted = post(app, number, &change).expect(201);
            assert_eq!(posted["possible_duplicate_of"], Value::Null, "{number}");
        }
        assert_eq!(doubtful(app), [""; 0]);
        let others = "/v1/receipts?possible_duplicate=false";
        let others = app.finance().get(others).expect(200);
        assert_eq!(others["data"].as_array().unwrap().len(), 6);
    });
}

#[test]
fn what_a_bank_brings_after_it_was_posted_is_flagged_as_well() {
    on_both(|app| {
        app.turn_to(DAY);
        a_bank_account(app, "CNY");
        a_customer("C-1").named("Jiangnan Trading Co.").create(app);
        an_invoice("I-2026-0001", "C-1", "125.00").create(app);
        a_receipt("R-1", "C-1", "125.00").create(app);
        // Nothing is open any more: a person takes the payment for the customer's.
        let payment = a_payment("125.00", "I-2026-0001").by("JIANGNAN TRADING");
        send(app, a_statement_of(DAY, "CNY").with(payment).text());
        let entries = app.finance().get("/v1/bank-entries").expect(200);
        let id = entries.text_at("/data/0/id");
        let entry = app
            .finance()
            .get(&format!("/v1/bank-entries/{id}"))
            .expect(200);
        let body = json!({"parts": [{
            "customer": "C-1", "amount": {"amount": "125.00", "currency": "CNY"}
        }]});
        let path = format!("/v1/bank-entries/{id}/assign");
        app.finance()
            .post_if(&path, &entry.etag(), body)
            .expect(200);
        let listed = app
            .finance()
            .get("/v1/receipts?possible_duplicate=true")
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        let posted = app.finance().get("/v1/receipts/R-1").expect(200);
        assert_eq!(listed.text_at("/data/0/possible_duplicate_of"), posted.id());
        app.adds_up();
    });
}

#[test]
fn a_person_confirms_that_it_is_other_money() {
    on_both(|app| {
        a_book(app);
        let flagged = post(app, "R-1", &json!({})).expect(201);
        let confirm = |etag: &str| {
            let body = json!({"reason": "Two payments came."});
            app.finance()
                .post_if("/v1/receipts/R-1/confirm", etag, body)
        };
        app.sales()
            .post_if(
                "/v1/receipts/R-1/confirm",
                &flagged.etag(),
                json!({"reason": "No."}),
            )
            .expect_problem(403, "forbidden");
        confirm("\"9\"").expect_problem(412, "stale");
        let confirmed = confirm(&flagged.etag()).expect(200);
        assert_eq!(confirmed["possible_duplicate_of"], Value::Null);
        assert_eq!(doubtful(app), [""; 0]);
        confirm(&confirmed.etag()).expect_problem(409, "state_conflict");
        // The bank's receipt is still there to be taken for another one.
        post(app, "R-2", &json!({})).expect(201);
        assert_eq!(doubtful(app), ["R-2"]);
    });
}

const FILE: &str = "number,customer_number,receipt_date,amount,currency,invoice_number\n\
    R-1,C-1,2026-03-31,125.00,CNY,I-2026-0001\n\
    R-2,C-1,2026-03-31,125.00,CNY,\n\
    R-3,C-1,2026-03-31,80.00,CNY,\n";

#[test]
fn a_file_may_have_known_money_recognised() {
    on_both(|app| {
        let by_bank = a_book(app);
        let recognise = || {
            let file = import("receipts", FILE).part("write", "recognise");
            file.run(&app.finance())
        };
        let job = recognise();
        assert_eq!(job["result"]["recognised"], 1, "{}", job.text);
        assert_eq!(job["result"]["created"], 2, "{}", job.text);
        let known = app
            .finance()
            .get(&format!("/v1/receipts/{by_bank}"))
            .expect(200);
        assert_eq!(known["recognised_as"], "R-1");
        app.finance()
            .get("/v1/receipts/R-1")
            .expect_problem(404, "not_found");
        assert_eq!(doubtful(app), [""; 0]);
        // Sent again, the same line is recognised by its number, and no other one by the same money.
        let again = recognise();
        assert_eq!(again["result"]["recognised"], 1, "{}", again.text);
        assert_eq!(again["result"]["unchanged"], 2, "{}", again.text);
        // Who posts the number all the same is told.
        let posted = post(app, "R-1", &json!({})).expect(201);
        assert_eq!(posted["possible_duplicate_of"], by_bank.as_str());
        let wrong = import("invoices", "number\n").part("write", "recognise");
        wrong
            .send(&app.finance())
            .expect_problem(400, "malformed_body");
        app.adds_up();
    });
}

#[test]
fn what_was_recognised_and_taken_back_is_not_brought_again_by_the_file() {
    on_both(|app| {
        let by_bank = a_book(app);
        app.turn_to("2026-04-02");
        // The ledger has the money of 31 March on the next day.
        let file =
            "number,customer_number,receipt_date,amount,currency\nR-1,C-1,2026-04-01,125.00,CNY\n";
        let recognise = || {
            let file = import("receipts", file).part("write", "recognise");
            file.run(&app.finance())
        };
        assert_eq!(recognise()["result"]["recognised"], 1);
        let path = format!("/v1/receipts/{by_bank}");
        let known = app.finance().get(&path).expect(200);
        let reason = json!({"reason": "It bounced."});
        app.finance()
            .post_if(&format!("{path}/reverse"), &known.etag(), reason)
            .expect(200);
        for write in ["recognise", "insert"] {
            let job = import("receipts", file)
                .part("write", write)
                .run(&app.finance());
            assert_eq!(job["result"]["created"], 0, "{}", job.text);
            assert_eq!(job["errors"][0]["code"], "receipt_reversed", "{}", job.text);
        }
        // Corrected, the number is other money.
        let other = file.replace("125.00", "124.00");
        let job = import("receipts", other).run(&app.finance());
        assert_eq!(job["result"]["created"], 1, "{}", job.text);
        app.adds_up();
    });
}

#[test]
fn a_doubt_that_is_settled_leaves_the_banks_receipt_to_be_recognised() {
    on_both(|app| {
        app.turn_to(DAY);
        a_bank_account(app, "CNY");
        a_customer("C-1").named("Jiangnan Trading Co.").create(app);
        let posted = post(app, "R-1", &json!({})).expect(201);
        an_invoice("I-2026-0001", "C-1", "125.00").create(app);
        let payment = a_payment("125.00", "I-2026-0001").by("JIANGNAN TRADING");
        let job = send(app, a_statement_of(DAY, "CNY").with(payment).text());
        assert_eq!(job["result"]["applied"], 1, "{}", job.text);
        let flagged = app
            .finance()
            .get("/v1/receipts?possible_duplicate=true")
            .expect(200);
        assert_eq!(
            flagged.text_at("/data/0/possible_duplicate_of"),
            posted.id()
        );
        let by_bank = flagged.text_at("/data/0/id");
        // As long as both stand, more of the same is other money.
        let more = post(app, "R-2", &json!({})).expect(201);
        assert_eq!(more["possible_duplicate_of"], Value::Null);
        let reason = json!({"reason": "It is the bank's."});
        app.finance()
            .post_if("/v1/receipts/R-1/reverse", &posted.etag(), reason)
            .expect(200);
        let again = post(app, "R-3", &json!({})).expect(201);
        assert_eq!(again["possible_duplicate_of"], by_bank.as_str());
        app.adds_up();
    });
}

#[test]
fn a_file_that_recognises_nothing_flags_what_it_posts() {
    on_both(|app| {
        a_book(app);
        let dry = import("receipts", FILE)
            .part("write", "recognise")
            .part("dry_run", "true")
            .run(&app.finance());
        assert_eq!(dry["result"]["recognised"], 1, "{}", dry.text);
        let job = import("receipts", FILE).run(&app.finance());
        assert_eq!(job["result"]["created"], 3, "{}", job.text);
        assert_eq!(job["result"]["recognised"], Value::Null);
        assert_eq!(doubtful(app), ["R-1"]);
        app.adds_up();
    });
}
