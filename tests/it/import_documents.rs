//! Files of invoices with all that documents say, of credit notes, and of receipts for many invoices.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, an_invoice, import, on_both};

const INVOICES: &str = "number,customer_number,invoice_date,due_date,amount,currency,net,tax,posting_date,baseline_date,customer_order_number,payment_terms,labels\n";
const RECEIPTS: &str =
    "number,customer_number,receipt_date,amount,currency,invoice_number,payer_number\n";
const CREDIT_NOTES: &str =
    "number,customer_number,credit_date,amount,currency,reason,invoice_number\n";

fn run(app: &TestApp, kind: &str, header: &str, lines: &str) -> Reply {
    import(kind, format!("{header}{lines}")).run(&app.finance())
}

/// Created, unchanged and rejected lines.
#[track_caller]
fn expect_counts(job: &Reply, created: i64, unchanged: i64, rejected: i64) {
    let result = &job["result"];
    let found = [
        &result["created"],
        &result["unchanged"],
        &result["rejected"],
    ];
    assert_eq!(
        found,
        [&json!(created), &json!(unchanged), &json!(rejected)],
        "{}",
        job.text
    );
}

fn errors(job: &Reply) -> Vec<(i64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = job["errors"].as_array().unwrap().iter();
    errors
        .map(|error| {
            let line = error["line"].as_i64().unwrap_or_default();
            (line, text(&error["column"]), text(&error["code"]))
        })
        .collect()
}

fn error(line: i64, column: &str, code: &str) -> (i64, String, String) {
    (line, column.to_owned(), code.to_owned())
}

fn open_of(app: &TestApp, invoice: &str) -> String {
    let read = app.finance().get(&format!("/v1/invoices/{invoice}"));
    read.expect(200).text_at("/open/amount")
}

#[test]
fn an_invoice_comes_in_with_all_that_it_says() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").create(app);
        let lines = "I-1,A,2026-03-01,,113.00,CNY,100.00,,2026-03-02,2026-03-05,PO 77,2_10_net_30,export; pilot\n\
            I-2,A,2026-03-01,2026-03-20,113.00,CNY,,13.00,,,,2_10_net_30,\n\
            I-3,A,2026-03-01,,113.00,CNY,,,,,,,\n";
        let job = run(app, "invoices", INVOICES, lines);
        expect_counts(&job, 3, 0, 0);
        let first = app.finance().get("/v1/invoices/I-1").expect(200);
        assert_eq!(first["tax"]["amount"], "13.00");
        assert_eq!(first["posting_date"], "2026-03-02");
        assert_eq!(first["customer_order_number"], "PO 77");
        assert_eq!(first["labels"], json!(["export", "pilot"]));
        // By the terms, from the baseline date on.
        assert_eq!(first["due_date"], "2026-04-04");
        assert_eq!(first["payment_terms"], "2_10_net_30");
        let second = app.finance().get("/v1/invoices/I-2").expect(200);
        assert_eq!(second["net"]["amount"], "100.00");
        // The file's own due date holds.
        assert_eq!(second["due_date"], "2026-03-20");
        let third = app.finance().get("/v1/invoices/I-3").expect(200);
        assert_eq!(third["due_date"], "2026-03-31");
        expect_counts(&run(app, "invoices", INVOICES, lines), 0, 3, 0);
        // What a line leaves empty is no difference, what it says otherwise is.
        let less = "I-1,A,2026-03-01,,113.00,CNY,,,,,,,\n\
            I-2,A,2026-03-01,,113.00,CNY,,14.00,,,,,\n";
        let job = run(app, "invoices", INVOICES, less);
        expect_counts(&job, 0, 1, 1);
        let taken = error(3, "number", "number_taken_with_other_content");
        assert_eq!(errors(&job), [taken]);
        app.adds_up();
    });
}

#[test]
fn what_does_not_add_up_is_told_at_its_column() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").create(app);
        let lines = "I-1,A,2026-03-01,,113.00,CNY,100.00,12.00,,,,,\n\
            I-2,A,2026-03-01,,113.00,CNY,,-13.00,,,,,\n\
            I-3,A,2026-03-01,,113.00,CNY,,,2027-12-01,,,,\n\
            I-4,A,2026-03-01,,113.00,CNY,,,,,,unknown,\n\
            I-5,A,2026-03-01,,113.00,CNY,,,,,,,two words\n";
        let job = run(app, "invoices", INVOICES, lines);
        expect_counts(&job, 0, 0, 5);
        assert_eq!(
            errors(&job),
            [
                error(3, "tax", "out_of_bounds"),
                error(6, "labels", "malformed"),
                error(2, "net", "does_not_add_up"),
                error(4, "posting_date", "out_of_bounds"),
                error(5, "payment_terms", "unknown_payment_terms"),
            ]
        );
    });
}

#[test]
fn a_snapshot_of_open_items_says_the_same_of_its_invoices() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").create(app);
        let header = "number,customer_number,invoice_date,amount,open,currency,tax,payment_terms\n";
        let lines = "I-1,A,2026-03-01,113.00,50.00,CNY,13.00,net_60\n";
        let job = run(app, "open_items", header, lines);
        expect_counts(&job, 1, 0, 0);
        let made = app.finance().get("/v1/invoices/I-1").expect(200);
        assert_eq!(made["net"]["amount"], "100.00");
        assert_eq!(made["due_date"], "2026-04-30");
        assert_eq!(made["open"]["amount"], "50.00");
        let other = run(
            app,
            "open_items",
            header,
            &lines.replace(",13.00", ",12.00"),
        );
        assert_eq!(other["result"]["warnings"][0]["code"], "differs");
        app.adds_up();
    });
}

#[test]
fn credit_notes_come_in_and_settle_what_they_are_about() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").create(app);
        a_customer("B").create(app);
        for (number, customer) in [("I-1", "A"), ("I-2", "A"), ("I-3", "B")] {
            an_invoice(number, customer, "100.00")
                .dated("2026-03-01")
                .create(app);
        }
        let lines = "CN-1,A,2026-03-10,30.00,CNY,Damaged.,I-1\n\
            CN-2,A,2026-03-10,10.00,CNY,Goodwill.,\n\
            CN-3,A,2026-03-11,20.00,CNY,Price.,I-1\n\
            CN-3,A,2026-03-11,120.00,CNY,Price.,I-2\n\
            CN-4,A,2026-03-10,10.00,CNY,Wrong.,I-3\n\
            CN-5,A,2026-03-10,10.00,CNY,Wrong.,I-9\n\
            CN-6,A,2027-03-10,10.00,CNY,Wrong.,\n\
            CN-7,A,2026-03-10,10.00,CNY,,\n\
            CN-8,A,2026-03-10,10.00,EUR,Wrong.,\n";
        let job = run(app, "credit_notes", CREDIT_NOTES, lines);
        expect_counts(&job, 4, 0, 5);
        assert_eq!(
            errors(&job),
            [
                error(9, "reason", "missing"),
                error(6, "invoice_number", "other_customer"),
                error(7, "invoice_number", "unknown_invoice"),
                error(8, "credit_date", "out_of_bounds"),
                error(10, "currency", "currency_mismatch"),
            ]
        );
        assert_eq!(open_of(app, "I-1"), "50.00");
        assert_eq!(open_of(app, "I-2"), "0.00");
        let third = app.finance().get("/v1/credit-notes/CN-3").expect(200);
        assert_eq!(third["amount"]["amount"], "140.00");
        assert_eq!(third["unapplied"]["amount"], "20.00");
        assert_eq!(third["invoice_id"], Value::Null);
        let about = app.finance().get("/v1/credit-notes/CN-1").expect(200);
        assert_ne!(about["invoice_id"], Value::Null);
        expect_counts(&run(app, "credit_notes", CREDIT_NOTES, lines), 0, 4, 5);
        app.adds_up();
        // Taken back, it does not come in again.
        app.finance()
            .post_if(
                "/v1/credit-notes/CN-2/reverse",
                &app.finance()
                    .get("/v1/credit-notes/CN-2")
                    .expect(200)
                    .etag(),
                json!({"reason": "Not agreed."}),
            )
            .expect(200);
        let again = run(
            app,
            "credit_notes",
            CREDIT_NOTES,
            "CN-2,A,2026-03-10,10.00,CNY,Goodwill.,\n",
        );
        assert_eq!(errors(&again), [error(2, "number", "credit_note_reversed")]);
        import("credit_notes", CREDIT_NOTES)
            .send(&app.credit())
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn lines_of_one_number_are_one_receipt_for_many_invoices() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").create(app);
        for number in ["I-1", "I-2", "I-3"] {
            an_invoice(number, "A", "100.00")
                .dated("2026-03-01")
                .create(app);
        }
        let lines = "R-1,A,2026-03-10,100.00,CNY,I-1,\n\
            R-1,A,2026-03-10,60.00,CNY,I-2,\n\
            R-1,A,2026-03-10,60.00,CNY,I-2,\n\
            R-1,A,2026-03-10,130.00,CNY,I-3,\n\
            R-1,A,2026-03-10,5.00,CNY,,\n";
        let job = run(app, "receipts", RECEIPTS, lines);
        // The line that stands there twice counts once.
        expect_counts(&job, 4, 1, 0);
        let receipt = app.finance().get("/v1/receipts/R-1").expect(200);
        assert_eq!(receipt["amount"]["amount"], "295.00");
        // What is too much of a line, and the line without an invoice, stay unapplied.
        assert_eq!(receipt["unapplied"]["amount"], "35.00");
        assert_eq!(open_of(app, "I-1"), "0.00");
        assert_eq!(open_of(app, "I-2"), "40.00");
        assert_eq!(open_of(app, "I-3"), "0.00");
        expect_counts(&run(app, "receipts", RECEIPTS, lines), 0, 5, 0);
        let fewer = run(
            app,
            "receipts",
            RECEIPTS,
            "R-1,A,2026-03-10,100.00,CNY,I-1,\nR-1,A,2026-03-10,60.00,CNY,I-2,\n",
        );
        let taken = |line| error(line, "number", "number_taken_with_other_content");
        assert_eq!(errors(&fewer), [taken(2), taken(3)]);
        app.adds_up();
    });
}

#[test]
fn a_receipt_of_many_lines_comes_in_whole_or_not_at_all() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").create(app);
        a_customer("X").create(app);
        for number in ["I-1", "I-2"] {
            an_invoice(number, "A", "100.00")
                .dated("2026-03-01")
                .create(app);
        }
        let lines = "R-1,A,2026-03-10,10.00,CNY,I-1,\n\
            R-1,A,2026-03-11,10.00,CNY,I-2,\n\
            R-2,A,2026-03-10,10.00,CNY,I-1,\n\
            R-2,X,2026-03-10,10.00,CNY,I-2,\n\
            R-3,A,2026-03-10,10.00,CNY,I-1,\n\
            R-3,A,2026-03-10,10.00,CNY,I-9,\n\
            R-4,A,2026-03-10,10.00,CNY,I-1,\n\
            R-4,A,2026-03-10,11.00,CNY,I-1,\n\
            R-4,A,2026-03-10,10.00,CNY,I-2,\n\
            R-5,A,2026-03-10,10.00,CNY,I-1,\n\
            R-5,A,2026-03-10,many,CNY,I-2,\n\
            R-6,A,2026-03-10,10.00,CNY,I-1,\n";
        let job = run(app, "receipts", RECEIPTS, lines);
        expect_counts(&job, 1, 0, 11);
        let contradicts = |line, column| error(line, column, "lines_contradict");
        let incomplete = |line| error(line, "number", "incomplete_document");
        assert_eq!(
            errors(&job),
            [
                error(12, "amount", "malformed"),
                contradicts(2, "receipt_date"),
                contradicts(3, "receipt_date"),
                contradicts(4, "customer_number"),
                contradicts(5, "customer_number"),
                incomplete(6),
                error(7, "invoice_number", "unknown_invoice"),
                contradicts(8, "invoice_number"),
                contradicts(9, "invoice_number"),
                contradicts(10, "invoice_number"),
                incomplete(11),
            ]
        );
        assert_eq!(open_of(app, "I-1"), "90.00");
        assert_eq!(open_of(app, "I-2"), "100.00");
        app.adds_up();
    });
}

#[test]
fn a_parent_pays_for_its_subsidiaries_in_one_receipt() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let parent = a_customer("P").create(app);
        for (number, invoice) in [("S-1", "I-1"), ("S-2", "I-2")] {
            a_customer(number).below("P").create(app);
            an_invoice(invoice, number, "100.00")
                .dated("2026-03-01")
                .create(app);
        }
        a_customer("X").create(app);
        an_invoice("I-X", "X", "100.00")
            .dated("2026-03-01")
            .create(app);
        // By the parent alone; by who owes and who paid, a stranger among them; and for one of them.
        let lines = "R-1,P,2026-03-10,10.00,CNY,I-1,\n\
            R-1,P,2026-03-10,10.00,CNY,I-2,\n\
            R-2,S-1,2026-03-10,20.00,CNY,I-1,P\n\
            R-2,S-2,2026-03-10,20.00,CNY,I-2,P\n\
            R-2,X,2026-03-10,20.00,CNY,I-X,P\n\
            R-3,S-1,2026-03-10,30.00,CNY,I-1,P\n\
            R-4,P,2026-03-10,5.00,CNY,I-1,\n\
            R-5,P,2026-03-10,5.00,CNY,I-X,\n\
            R-6,S-1,2026-03-10,5.00,CNY,I-1,P\n\
            R-6,S-2,2026-03-10,5.00,CNY,I-X,P\n\
            R-7,S-1,2026-03-10,5.00,CNY,I-1,nobody\n";
        let job = run(app, "receipts", RECEIPTS, lines);
        expect_counts(&job, 7, 0, 4);
        assert_eq!(
            errors(&job),
            [
                error(9, "invoice_number", "other_customer"),
                error(10, "number", "incomplete_document"),
                error(11, "invoice_number", "other_customer"),
                error(12, "payer_number", "unknown_customer"),
            ]
        );
        assert_eq!(open_of(app, "I-1"), "35.00");
        assert_eq!(open_of(app, "I-2"), "70.00");
        assert_eq!(open_of(app, "I-X"), "80.00");
        let of_parent = app.finance().get("/v1/receipts/R-2").expect(200);
        assert_eq!(of_parent["customer_id"], parent.id.as_str());
        let of_child = app.finance().get("/v1/receipts/R-3").expect(200);
        assert_eq!(of_child["payer_customer_id"], parent.id.as_str());
        expect_counts(&run(app, "receipts", RECEIPTS, lines), 0, 7, 4);
        app.adds_up();
    });
}

#[test]
fn a_receipt_is_one_wherever_a_thousand_lines_end() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").create(app);
        for number in ["I-1", "I-2", "I-3"] {
            an_invoice(number, "A", "100.00")
                .dated("2026-03-01")
                .create(app);
        }
        let mut lines = String::new();
        for number in 1..1000 {
            writeln!(lines, "R-{number},A,2026-03-09,0.01,CNY,I-3,").unwrap();
        }
        lines.push_str("G-1,A,2026-03-10,40.00,CNY,I-1,\nG-1,A,2026-03-10,40.00,CNY,I-2,\n");
        // Another line of its number that stands elsewhere is none of it.
        lines.push_str("G-2,A,2026-03-10,1.00,CNY,I-1,\nG-1,A,2026-03-10,40.00,CNY,I-3,\n");
        let job = run(app, "receipts", RECEIPTS, &lines);
        expect_counts(&job, 1002, 0, 1);
        let receipt = app.finance().get("/v1/receipts/G-1").expect(200);
        assert_eq!(receipt["amount"]["amount"], "80.00");
        assert_eq!(
            errors(&job),
            [error(1004, "number", "number_taken_with_other_content")]
        );
        let mut many = String::new();
        for number in 1..=502 {
            writeln!(many, "M-1,A,2026-03-10,0.01,CNY,N-{number},").unwrap();
        }
        let job = run(app, "receipts", RECEIPTS, &many);
        expect_counts(&job, 0, 0, 502);
        assert_eq!(errors(&job)[0].2, "too_many_lines");
        app.adds_up();
    });
}

/// Adds what a source system calls a customer.
fn alias(app: &TestApp, customer: &str, system: &str, alias: &str) -> Reply {
    let body = json!({"source_system": system, "alias": alias});
    app.finance()
        .post(&format!("/v1/customers/{customer}/aliases"), body)
}

#[test]
fn customers_are_found_by_what_a_source_system_calls_them() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let first = a_customer("A").create(app).id;
        let second = a_customer("B").create(app).id;
        // Of two systems that use one number, and where the alias is another customer's number with us.
        alias(app, "A", "erp", "100").expect(201);
        alias(app, "B", "crm", "100").expect(201);
        alias(app, "A", "erp", "B").expect(201);
        let header = "number,customer_number,invoice_date,amount,currency\n";
        let file = format!(
            "{header}I-1,100,2026-03-01,10.00,CNY\nI-2,B,2026-03-01,20.00,CNY\nI-3,A,2026-03-01,30.00,CNY\n"
        );
        let job = import("invoices", &file)
            .part("source_system", "erp")
            .run(&app.finance());
        expect_counts(&job, 3, 0, 0);
        let customer = |invoice: &str| {
            let read = app.finance().get(&format!("/v1/invoices/{invoice}"));
            read.expect(200).text_at("/customer_id")
        };
        assert_eq!(["I-1", "I-2", "I-3"].map(customer), [first.as_str(); 3]);
        // Sent again it changes nothing, and without the system 100 is nobody.
        let again = import("invoices", &file)
            .part("source_system", "erp")
            .run(&app.finance());
        expect_counts(&again, 0, 3, 0);
        let other = import(
            "invoices",
            format!("{header}I-4,100,2026-03-01,10.00,CNY\n"),
        );
        assert_eq!(
            errors(&other.run(&app.finance())),
            [error(2, "customer_number", "unknown_customer")]
        );
        // A mapping says it too; the part holds.
        let mapping = json!({"source_system": "erp"});
        let by_mapping = import(
            "invoices",
            format!("{header}I-5,100,2026-03-01,10.00,CNY\n"),
        )
        .mapped(mapping.clone())
        .run(&app.finance());
        expect_counts(&by_mapping, 1, 0, 0);
        let by_part = import(
            "invoices",
            format!("{header}I-6,100,2026-03-01,10.00,CNY\n"),
        )
        .mapped(mapping)
        .part("source_system", "crm")
        .run(&app.finance());
        expect_counts(&by_part, 1, 0, 0);
        assert_eq!(
            ["I-5", "I-6"].map(customer),
            [first.as_str(), second.as_str()]
        );
        import("invoices", &file)
            .part("source_system", "two words")
            .send(&app.finance())
            .expect_problem(400, "malformed_body");
    });
}

#[test]
fn a_snapshot_and_a_shipped_mapping_know_aliases() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let customer = a_customer("A").in_currency("EUR").create(app).id;
        alias(app, "A", "sap", "D-1001").expect(201);
        let file = std::fs::read("tests/fixtures/imports/sap_fbl5n.csv").unwrap();
        let job = import("open_items", file)
            .mapped(json!({"shipped": "sap_fbl5n"}))
            .run(&app.finance());
        assert_eq!(job["result"]["rejected"], 0, "{}", job.text);
        let made = app.finance().get("/v1/invoices/1800000001").expect(200);
        assert_eq!(made["customer_id"], customer.as_str());
        let orders =
            "number,customer_number,order_date,amount,currency\nSO-1,D-1001,2026-03-01,5.00,EUR\n";
        for missing in [0, 0] {
            let job = import("open_orders", orders)
                .part("source_system", "sap")
                .run(&app.finance());
            assert_eq!(job["result"]["missing"], missing, "{}", job.text);
        }
        app.adds_up();
    });
}

#[test]
fn an_alias_is_one_customers_in_its_system_and_is_removed_by_its_version() {
    on_both(|app| {
        a_customer("A").owned_by("u-sales").create(app);
        a_customer("B").owned_by("u-other").create(app);
        let made = alias(app, "A", "erp", "100").expect(201);
        alias(app, "B", "erp", "100").expect_problem(409, "duplicate_number");
        alias(app, "nobody", "erp", "101").expect_problem(404, "not_found");
        alias(app, "A", "erp", "").expect_problem(400, "malformed_body");
        let body = json!({"source_system": "erp", "alias": "7"});
        // Whose documents a file brings is not for whoever sells to say.
        app.sales()
            .post("/v1/customers/A/aliases", body.clone())
            .expect_problem(403, "forbidden");
        app.credit()
            .post("/v1/customers/A/aliases", body.clone())
            .expect(201);
        app.system()
            .post("/v1/customers/A/aliases", body)
            .expect_problem(403, "forbidden");
        let listed = app.auditor().get("/v1/customers/A/aliases").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 2);
        let of_none = "/v1/customers/A/aliases?source_system=crm";
        assert_eq!(app.auditor().get(of_none).expect(200)["data"], json!([]));
        let path = format!("/v1/customers/A/aliases/{}/remove", made.id());
        let finance = app.finance();
        finance
            .post_if(&path, "\"2\"", json!({}))
            .expect_problem(412, "stale");
        let elsewhere = format!("/v1/customers/B/aliases/{}/remove", made.id());
        finance
            .post_if(&elsewhere, &made.etag(), json!({}))
            .expect_problem(404, "not_found");
        finance.post_if(&path, &made.etag(), json!({})).expect(200);
        finance
            .post_if(&path, &made.etag(), json!({}))
            .expect_problem(404, "not_found");
        alias(app, "B", "erp", "100").expect(201);
    });
}
