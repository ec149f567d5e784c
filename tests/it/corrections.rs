//! Documents that were wrong are put right: under their own number, and from the day from which they were wrong.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, a_receipt, an_invoice, import, on_both};

/// A credit note of today for the customer `C-1`.
fn a_credit_note(app: &TestApp, number: &str, amount: &str, about: Option<&str>) -> Reply {
    let body = json!({
        "number": number, "customer": "C-1", "credit_date": app.clock().today().to_string(),
        "amount": {"amount": amount, "currency": "CNY"}, "reason": "Damaged.", "invoice_number": about,
    });
    app.finance().post("/v1/credit-notes", body)
}

/// Cancels or reverses a document as it is now, from a day on.
fn take_back(app: &TestApp, path: &str, verb: &str, from: Option<&str>) -> Reply {
    let etag = app.finance().get(path).expect(200).etag();
    let body = json!({"reason": "It was wrong.", "effective_on": from});
    app.finance()
        .post_if(&format!("{path}/{verb}"), &etag, body)
}

fn cancel(app: &TestApp, number: &str, from: Option<&str>) -> Reply {
    take_back(app, &format!("/v1/invoices/{number}"), "cancel", from)
}

fn reverse(app: &TestApp, number: &str, from: Option<&str>) -> Reply {
    take_back(app, &format!("/v1/receipts/{number}"), "reverse", from)
}

fn read(app: &TestApp, path: &str) -> Reply {
    app.finance().get(path).expect(200)
}

/// What `C-1` owes at the end of a day: outstanding, unapplied, and what is post-dated when there is any.
fn owed(app: &TestApp, as_of: &str) -> String {
    let report = read(
        app,
        &format!("/v1/reports/aging?customer=C-1&as_of={as_of}"),
    );
    let Some(row) = report["rows"].get(0) else {
        return "nothing".to_owned();
    };
    let amount = |name: &str| row[name]["amount"].as_str().unwrap().to_owned();
    let post_dated = match amount("post_dated").as_str() {
        "0.00" => String::new(),
        some => format!(" post-dated {some}"),
    };
    let buckets = row["buckets"].as_array().unwrap();
    let cents: i64 = buckets
        .iter()
        .map(|bucket| bucket["amount"]["amount"].as_str().unwrap())
        .map(|text| text.replace('.', "").parse::<i64>().unwrap())
        .sum();
    let outstanding = amount("outstanding");
    assert_eq!(outstanding.replace('.', "").parse::<i64>().unwrap(), cents);
    format!("{outstanding} -{}{post_dated}", amount("unapplied"))
}

/// What exposure counts on documents: receivables less what is unapplied.
fn counted(app: &TestApp) -> String {
    let found = read(app, "/v1/credit-accounts?customer=C-1");
    found.text_at("/data/0/exposure/total/amount")
}

#[test]
fn a_cancelled_invoices_number_may_be_used_again_and_both_stay_readable() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let wrong = an_invoice("INV-1", "C-1", "70.00").create(app);
        cancel(app, "INV-1", None).expect(200);
        // Where there is no other, the number still names the one that was cancelled.
        assert_eq!(read(app, "/v1/invoices/INV-1").id(), wrong);
        let right = an_invoice("INV-1", "C-1", "77.00").create(app);
        assert_eq!(read(app, "/v1/invoices/INV-1").id(), right);
        assert_eq!(
            read(app, &format!("/v1/invoices/{wrong}"))["status"],
            "cancelled"
        );
        assert_eq!(
            read(app, "/v1/invoices?customer=C-1")["data"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        // Money that names the number is for the living one.
        a_receipt("R-1", "C-1", "77.00")
            .paying("INV-1", "77.00")
            .create(app);
        assert_eq!(
            read(app, &format!("/v1/invoices/{right}"))["status"],
            "paid"
        );
        reverse(app, "R-1", None).expect(200);
        // And once more, in a batch.
        cancel(app, "INV-1", None).expect(200);
        let third = an_invoice("INV-1", "C-1", "78.00").body(app);
        let batch = json!({"invoices": [third.clone(), third]});
        let posted = app.finance().post("/v1/invoices/batch", batch).expect(207);
        assert_eq!(posted["results"][0]["status"], 201);
        assert_eq!(posted["results"][1]["status"], 409);
        assert_eq!(
            posted["results"][1]["problem"]["existing_id"],
            posted["results"][0]["id"]
        );
        assert_eq!(counted(app), "78.00");
        app.adds_up();
    });
}

#[test]
fn a_reversed_receipts_and_credit_notes_number_may_be_used_again() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let wrong = a_receipt("R-1", "C-1", "90.00").create(app);
        reverse(app, "R-1", None).expect(200);
        assert_eq!(read(app, "/v1/receipts/R-1").id(), wrong);
        let right = a_receipt("R-1", "C-1", "9.00").create(app);
        assert_eq!(read(app, "/v1/receipts/R-1").id(), right);
        assert_eq!(
            read(app, &format!("/v1/receipts/{wrong}"))["status"],
            "reversed"
        );
        let wrong = a_credit_note(app, "CN-1", "50.00", None).expect(201).id();
        take_back(app, "/v1/credit-notes/CN-1", "reverse", None).expect(200);
        let right = a_credit_note(app, "CN-1", "5.00", None).expect(201).id();
        assert_eq!(read(app, "/v1/credit-notes/CN-1").id(), right);
        assert_eq!(
            read(app, &format!("/v1/credit-notes/{wrong}"))["status"],
            "reversed"
        );
        assert_eq!(owed(app, "2026-03-31"), "0.00 -14.00");
        app.adds_up();
    });
}

#[test]
fn a_taken_number_says_which_document_has_it() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        an_invoice("N-1", "C-1", "1.00").create(app);
        cancel(app, "N-1", None).expect(200);
        let invoice = an_invoice("N-1", "C-1", "1.00").create(app);
        let refused = an_invoice("N-1", "C-1", "2.00").post(app);
        let refused = refused.expect_problem(409, "duplicate_number");
        assert_eq!(refused["existing_id"], json!(invoice));
        a_receipt("N-1", "C-1", "1.00").create(app);
        reverse(app, "N-1", None).expect(200);
        let receipt = a_receipt("N-1", "C-1", "1.00").create(app);
        let refused = a_receipt("N-1", "C-1", "2.00").post(app);
        let refused = refused.expect_problem(409, "duplicate_number");
        assert_eq!(refused["existing_id"], json!(receipt));
        a_credit_note(app, "N-1", "1.00", None).expect(201);
        take_back(app, "/v1/credit-notes/N-1", "reverse", None).expect(200);
        let note = a_credit_note(app, "N-1", "1.00", None).expect(201).id();
        let refused = a_credit_note(app, "N-1", "2.00", None);
        let refused = refused.expect_problem(409, "duplicate_number");
        assert_eq!(refused["existing_id"], json!(note));
    });
}

#[test]
fn of_many_who_post_one_number_at_once_one_does() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        an_invoice("N-1", "C-1", "1.00").create(app);
        cancel(app, "N-1", None).expect(200);
        a_receipt("N-1", "C-1", "1.00").create(app);
        reverse(app, "N-1", None).expect(200);
        let statuses: Vec<(u16, u16)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6)
                .map(|n| {
                    let customer = if n % 2 == 0 { "C-1" } else { "C-2" };
                    scope.spawn(move || {
                        let receipt = a_receipt("N-1", customer, "2.00").unapplied().post(app);
                        let invoice = an_invoice("N-1", customer, "2.00").post(app);
                        (invoice.status, receipt.status)
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let posted = |one: fn(&(u16, u16)) -> u16| {
            let all: Vec<u16> = statuses.iter().map(one).collect();
            assert!(all.iter().all(|status| [201, 409].contains(status)));
            all.iter().filter(|status| **status == 201).count()
        };
        assert_eq!(posted(|both| both.0), 1);
        assert_eq!(posted(|both| both.1), 1);
        app.adds_up();
    });
}

/// The first error's code of an import, or what it did.
fn imported(app: &TestApp, kind: &str, lines: &[&str]) -> Vec<String> {
    let header = match kind {
        "invoices" => "number,customer_number,invoice_date,amount,currency",
        _ => "number,customer_number,receipt_date,amount,currency,invoice_number",
    };
    let csv = format!("{header}\n{}\n", lines.join("\n"));
    let job = import(kind, csv).run(&app.finance());
    let errors = job["errors"].as_array().unwrap();
    let mut told: Vec<String> = errors
        .iter()
        .map(|error| format!("{} {}", error["line"], error["code"].as_str().unwrap()))
        .collect();
    let result = &job["result"];
    told.push(format!(
        "created {} unchanged {}",
        result["created"], result["unchanged"]
    ));
    told
}

#[test]
fn a_file_that_brings_a_document_that_was_taken_back_says_so_and_its_correction_is_posted() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let wrong = "K-1,C-1,2026-03-01,70.00,CNY";
        assert_eq!(
            imported(app, "invoices", &[wrong]),
            ["created 1 unchanged 0"]
        );
        cancel(app, "K-1", None).expect(200);
        let again = ["2 invoice_cancelled", "created 0 unchanged 0"];
        assert_eq!(imported(app, "invoices", &[wrong]), again);
        assert_eq!(counted(app), "0.00");
        let right = "K-1,C-1,2026-03-01,77.00,CNY";
        assert_eq!(
            imported(app, "invoices", &[right]),
            ["created 1 unchanged 0"]
        );
        assert_eq!(
            imported(app, "invoices", &[wrong, right]),
            ["2 invoice_cancelled", "created 0 unchanged 1"]
        );
        assert_eq!(
            imported(app, "invoices", &["K-1,C-1,2026-03-01,78.00,CNY"]),
            ["2 number_taken_with_other_content", "created 0 unchanged 0"]
        );
        let wrong = "R-1,C-1,2026-03-02,90.00,CNY,";
        assert_eq!(
            imported(app, "receipts", &[wrong]),
            ["created 1 unchanged 0"]
        );
        reverse(app, "R-1", None).expect(200);
        assert_eq!(
            imported(app, "receipts", &[wrong]),
            ["2 receipt_reversed", "created 0 unchanged 0"]
        );
        let right = "R-1,C-1,2026-03-02,9.00,CNY,";
        assert_eq!(
            imported(app, "receipts", &[wrong, right]),
            ["2 receipt_reversed", "created 1 unchanged 0"]
        );
        assert_eq!(counted(app), "68.00");
        app.adds_up();
    });
}

#[test]
fn a_line_of_a_file_is_right_or_wrong_whatever_stands_before_it() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        for (customer, prefix) in [("C-1", "A"), ("C-2", "B")] {
            an_invoice(&format!("{prefix}-1"), customer, "100.00")
                .dated("2026-01-10")
                .create(app);
            an_invoice(&format!("{prefix}-2"), customer, "100.00")
                .dated("2026-02-10")
                .create(app);
        }
        // Oldest first, then the same invoice by name: what is too much stays unapplied.
        let oldest_first = [
            "R-1,C-1,2026-03-01,80.00,CNY,",
            "R-2,C-1,2026-03-02,50.00,CNY,A-1",
            "R-3,C-1,2026-03-03,30.00,CNY,",
        ];
        let named_first = [
            "S-2,C-2,2026-03-02,50.00,CNY,B-1",
            "S-1,C-2,2026-03-01,80.00,CNY,",
            "S-3,C-2,2026-03-03,30.00,CNY,",
        ];
        for lines in [oldest_first, named_first] {
            assert_eq!(imported(app, "receipts", &lines), ["created 3 unchanged 0"]);
        }
        let open =
            |number: &str| read(app, &format!("/v1/invoices/{number}")).text_at("/open/amount");
        assert_eq!((open("A-1"), open("A-2")), ("0.00".into(), "70.00".into()));
        assert_eq!((open("B-1"), open("B-2")), ("0.00".into(), "40.00".into()));
        assert_eq!(
            read(app, "/v1/receipts/R-2").text_at("/unapplied/amount"),
            "30.00"
        );
        // A wrong line does not keep its number from a right one, before or after it.
        assert_eq!(
            imported(
                app,
                "invoices",
                &[
                    "N-1,C-1,2028-01-01,5.00,CNY",
                    "N-1,C-1,2026-03-01,5.00,CNY",
                    "N-1,C-1,2026-03-01,5.00,CNY",
                    "N-1,C-1,2026-03-01,6.00,CNY",
                    "N-1,C-1,2028-01-01,5.00,CNY",
                ]
            ),
            [
                "2 out_of_bounds",
                "5 number_taken_with_other_content",
                "6 number_taken_with_other_content",
                "created 1 unchanged 1"
            ]
        );
        assert_eq!(
            imported(
                app,
                "receipts",
                &[
                    "N-1,C-1,2026-03-05,5.00,CNY,Z-9",
                    "N-2,C-1,2026-03-05,1.00,CNY,",
                    "N-1,C-1,2026-03-05,5.00,CNY,N-1",
                ]
            ),
            ["2 unknown_invoice", "created 2 unchanged 0"]
        );
        app.adds_up();
    });
}

#[test]
fn money_is_taken_off_one_invoice_alone() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        an_invoice("I-1", "C-1", "60.00").create(app);
        an_invoice("I-2", "C-1", "50.00").create(app);
        an_invoice("I-3", "C-2", "50.00").create(app);
        a_receipt("R-1", "C-1", "110.00").create(app);
        app.turn_to("2026-03-31");
        let unapply = |body: Value| app.finance().post("/v1/receipts/R-1/unapply", body);
        let body = json!({"invoice_number": "I-1", "reason": "It pays another.", "effective_on": "2026-03-20"});
        for nobody in [app.system(), app.credit(), app.sales()] {
            nobody
                .post("/v1/receipts/R-1/unapply", body.clone())
                .expect_problem(403, "forbidden");
        }
        let receipt = unapply(body.clone()).expect(200);
        assert_eq!(receipt["unapplied"]["amount"], "60.00");
        assert_eq!(receipt["status"], "posted");
        assert_eq!(read(app, "/v1/invoices/I-1")["status"], "open");
        assert_eq!(read(app, "/v1/invoices/I-2")["status"], "paid");
        assert_eq!(owed(app, "2026-03-19"), "nothing");
        assert_eq!(owed(app, "2026-03-20"), "60.00 -60.00");
        assert_eq!(counted(app), "0.00");
        // Nothing stands there any more, of another's invoice nothing ever did, and some invoices are not there.
        for invoice in ["I-1", "I-3"] {
            let refused = unapply(json!({"invoice_number": invoice, "reason": "x"}));
            let refused = refused.expect_problem(422, "invalid");
            assert_eq!(refused["errors"][0]["code"], "not_applied");
        }
        let unknown = unapply(json!({"invoice_number": "I-9", "reason": "x"}));
        assert_eq!(
            unknown.expect_problem(422, "invalid")["errors"][0]["code"],
            "unknown_invoice"
        );
        let both = json!({"invoice_number": "I-1", "invoice_id": read(app, "/v1/invoices/I-1").id(), "reason": "x"});
        unapply(both).expect_problem(400, "malformed_body");
        app.finance()
            .post("/v1/receipts/R-9/unapply", json!({"reason": "x"}))
            .expect_problem(404, "not_found");
        // Not named: all that it settles.
        let receipt = unapply(json!({"reason": "All of it."})).expect(200);
        assert_eq!(receipt["unapplied"]["amount"], "110.00");
        assert_eq!(owed(app, "2026-03-31"), "110.00 -110.00");
        // A credit note likewise.
        a_credit_note(app, "CN-1", "20.00", Some("I-2")).expect(201);
        let note = app.finance().post(
            "/v1/credit-notes/CN-1/unapply",
            json!({"invoice_number": "I-2", "reason": "It is about another."}),
        );
        assert_eq!(note.expect(200)["unapplied"]["amount"], "20.00");
        let actions: Vec<String> = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", receipt.id()))
            .expect(200)["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            actions,
            ["receipt.posted", "receipt.unapplied", "receipt.unapplied"]
        );
        app.adds_up();
    });
}

#[test]
fn a_receipt_on_the_wrong_invoice_counts_once_on_every_day_after_its_correction() {
    on_both(|app| {
        app.turn_to("2026-01-10");
        a_customer("C-1").create(app);
        an_invoice("A", "C-1", "100.00").create(app);
        an_invoice("B", "C-1", "100.00").create(app);
        a_receipt("R", "C-1", "100.00")
            .dated("2026-01-10")
            .paying("A", "100.00")
            .create(app);
        app.turn_to("2026-03-31");
        assert_eq!(owed(app, "2026-02-15"), "100.00 -0.00");
        let reversed = reverse(app, "R", Some("2026-01-10")).expect(200);
        assert_eq!(reversed["reversed_on"], "2026-01-10");
        assert_eq!(reversed["reverse_entered_on"], "2026-03-31");
        a_receipt("R", "C-1", "100.00")
            .dated("2026-01-10")
            .paying("B", "100.00")
            .create(app);
        for day in ["2026-01-10", "2026-02-15", "2026-03-31"] {
            assert_eq!(owed(app, day), "100.00 -0.00", "{day}");
        }
        assert_eq!(read(app, "/v1/invoices/A")["status"], "open");
        assert_eq!(read(app, "/v1/invoices/B")["status"], "paid");
        app.adds_up();
    });
}

#[test]
fn a_payment_that_bounced_counts_until_the_day_on_which_it_bounced() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        a_receipt("R-1", "C-1", "120.00")
            .dated("2026-03-01")
            .create(app);
        app.turn_to("2026-03-31");
        reverse(app, "R-1", Some("2026-03-12")).expect(200);
        assert_eq!(owed(app, "2026-03-11"), "0.00 -20.00");
        assert_eq!(owed(app, "2026-03-12"), "100.00 -0.00");
        // Money of a day before that is too much on the invoice until then: it is unapplied on those days.
        a_receipt("R-2", "C-1", "100.00")
            .dated("2026-03-05")
            .paying("I-1", "100.00")
            .create(app);
        assert_eq!(owed(app, "2026-03-04"), "0.00 -20.00");
        assert_eq!(owed(app, "2026-03-05"), "0.00 -120.00");
        assert_eq!(owed(app, "2026-03-11"), "0.00 -120.00");
        assert_eq!(owed(app, "2026-03-12"), "nothing");
        assert_eq!(counted(app), "0.00");
        app.adds_up();
    });
}

#[test]
fn an_invoice_that_was_wrong_from_the_start_counts_on_no_day() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00").create(app);
        a_receipt("R-1", "C-1", "100.00")
            .dated("2026-03-01")
            .create(app);
        app.turn_to("2026-03-31");
        app.finance()
            .post(
                "/v1/receipts/R-1/unapply",
                json!({"reason": "x", "effective_on": "2026-03-20"}),
            )
            .expect(200);
        let cancelled = cancel(app, "I-1", Some("2026-03-01")).expect(200);
        assert_eq!(cancelled["cancelled_on"], "2026-03-01");
        assert_eq!(cancelled["cancel_entered_on"], "2026-03-31");
        // What settled it until the 20th is unapplied on those days, too.
        for day in ["2026-03-01", "2026-03-19", "2026-03-20", "2026-03-31"] {
            assert_eq!(owed(app, day), "0.00 -100.00", "{day}");
        }
        app.adds_up();
        // The receipt was wrong as well: also what it settled until the 20th never was.
        reverse(app, "R-1", Some("2026-03-01")).expect(200);
        for day in ["2026-03-01", "2026-03-19", "2026-03-20", "2026-03-31"] {
            assert_eq!(owed(app, day), "nothing", "{day}");
        }
        let rows = read(app, &format!("/v1/invoices/{}/settlements", cancelled.id()));
        let rows: Vec<String> = rows["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                format!(
                    "{} {}",
                    row["effective_on"].as_str().unwrap(),
                    row["amount"]["amount"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "2026-03-01 100.00",
                "2026-03-20 -100.00",
                "2026-03-20 100.00",
                "2026-03-01 -100.00"
            ]
        );
        app.adds_up();
    });
}

#[test]
fn money_is_applied_from_a_past_day_unless_it_was_in_use_then() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        for number in ["I-1", "I-2", "I-3"] {
            an_invoice(number, "C-1", "100.00").create(app);
        }
        a_receipt("R-1", "C-1", "150.00")
            .dated("2026-03-01")
            .paying("I-1", "100.00")
            .create(app);
        app.turn_to("2026-03-31");
        let apply = |invoice: &str, amount: &str, day: &str| {
            let body = json!({
                "applications": [{"invoice_number": invoice, "amount": {"amount": amount, "currency": "CNY"}}],
                "effective_on": day,
            });
            app.finance().post("/v1/receipts/R-1/apply", body)
        };
        apply("I-2", "10.00", "2026-03-05").expect(200);
        assert_eq!(owed(app, "2026-03-04"), "200.00 -50.00");
        assert_eq!(owed(app, "2026-03-05"), "190.00 -40.00");
        app.finance()
            .post(
                "/v1/receipts/R-1/unapply",
                json!({"invoice_number": "I-1", "reason": "x", "effective_on": "2026-03-20"}),
            )
            .expect(200);
        let refused = apply("I-3", "50.00", "2026-03-19").expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/effective_on");
        assert_eq!(refused["errors"][0]["code"], "in_use");
        let message = refused.text_at("/errors/0/message");
        assert!(message.contains("2026-03-20"), "{message}");
        apply("I-3", "40.00", "2026-03-19").expect(200);
        apply("I-3", "60.00", "2026-03-20").expect(200);
        assert_eq!(owed(app, "2026-03-19"), "150.00 -0.00");
        assert_eq!(owed(app, "2026-03-20"), "190.00 -40.00");
        app.adds_up();
    });
}

#[test]
fn a_document_is_taken_back_from_its_own_day_at_the_earliest_and_from_today_at_the_latest() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .dated("2026-03-10")
            .create(app);
        an_invoice("I-2", "C-1", "100.00")
            .dated("2026-04-10")
            .create(app);
        a_receipt("R-1", "C-1", "10.00")
            .dated("2026-03-10")
            .unapplied()
            .create(app);
        a_credit_note(app, "CN-1", "10.00", None).expect(201);
        let refuse = |reply: Reply| {
            let refused = reply.expect_problem(422, "invalid");
            assert_eq!(refused["errors"][0]["pointer"], "/effective_on");
        };
        for day in ["2026-03-09", "2026-04-01"] {
            refuse(cancel(app, "I-1", Some(day)));
            refuse(cancel(app, "I-2", Some(day)));
            refuse(reverse(app, "R-1", Some(day)));
            refuse(take_back(
                app,
                "/v1/credit-notes/CN-1",
                "reverse",
                Some(day),
            ));
            for path in ["receipts/R-1", "credit-notes/CN-1"] {
                refuse(app.finance().post(
                    &format!("/v1/{path}/apply"),
                    json!({"apply": "oldest_first", "effective_on": day}),
                ));
                refuse(app.finance().post(
                    &format!("/v1/{path}/unapply"),
                    json!({"reason": "x", "effective_on": day}),
                ));
            }
        }
        cancel(app, "I-1", Some("2026-02-30")).expect_problem(400, "malformed_body");
        // An invoice of tomorrow is cancelled today, and never counted.
        let cancelled = cancel(app, "I-2", Some("2026-03-31")).expect(200);
        assert_eq!(cancelled["cancelled_on"], "2026-03-31");
        cancel(app, "I-1", Some("2026-03-10")).expect(200);
        reverse(app, "R-1", Some("2026-03-10")).expect(200);
        take_back(app, "/v1/credit-notes/CN-1", "reverse", Some("2026-03-31")).expect(200);
        app.turn_to("2026-04-30");
        for day in ["2026-03-10", "2026-03-31", "2026-04-10", "2026-04-30"] {
            assert_eq!(owed(app, day), "nothing", "{day}");
        }
        app.adds_up();
    });
}

#[test]
fn an_invoice_of_a_later_day_stays_out_of_what_is_outstanding_until_then() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        app.turn_to("2026-03-10");
        an_invoice("I-1", "C-1", "500.00")
            .dated("2026-03-20")
            .create(app);
        assert_eq!(owed(app, "2026-03-10"), "0.00 -0.00 post-dated 500.00");
        // On the day before nobody knew of it.
        assert_eq!(owed(app, "2026-03-09"), "nothing");
        a_receipt("R-1", "C-1", "200.00").create(app);
        assert_eq!(owed(app, "2026-03-10"), "0.00 -200.00 post-dated 500.00");
        assert_eq!(counted(app), "300.00");
        app.adds_up();
        let report = read(app, "/v1/reports/aging?by=currency");
        assert_eq!(report["totals"][0]["post_dated"]["amount"], "500.00");
        let csv = read(app, "/v1/reports/aging?by=currency&format=csv");
        assert!(csv.text.contains(",200.00,500.00,0.00\r\n"), "{}", csv.text);
        app.turn_to("2026-03-20");
        assert_eq!(owed(app, "2026-03-20"), "300.00 -0.00");
        assert_eq!(owed(app, "2026-03-19"), "0.00 -200.00 post-dated 500.00");
        assert_eq!(counted(app), "300.00");
        app.adds_up();
        // Cancelled before its day, it is post-dated until that.
        an_invoice("I-2", "C-1", "70.00")
            .dated("2026-04-20")
            .create(app);
        app.turn_to("2026-03-25");
        cancel(app, "I-2", None).expect(200);
        assert_eq!(owed(app, "2026-03-24"), "300.00 -0.00 post-dated 70.00");
        assert_eq!(owed(app, "2026-03-25"), "300.00 -0.00");
        app.adds_up();
    });
}

#[test]
fn a_year_of_corrections_adds_up_on_every_day() {
    on_both(|app| {
        let mut seed = fastrand::Rng::with_seed(71);
        app.turn_to("2026-01-01");
        a_customer("C-1").create(app);
        let mut invoices: Vec<(String, String)> = Vec::new();
        let mut receipts: Vec<(String, String)> = Vec::new();
        for month in 1..=8 {
            let today = format!("2026-{month:02}-20");
            app.turn_to(&today);
            let day = |seed: &mut fastrand::Rng| format!("2026-{month:02}-{:02}", seed.u8(1..=20));
            for n in 0..4 {
                let (number, dated) = (format!("I-{month}-{n}"), day(&mut seed));
                let amount = format!("{}.00", seed.u32(1..500));
                an_invoice(&number, "C-1", &amount)
                    .dated(&dated)
                    .create(app);
                invoices.push((number, dated));
            }
            for n in 0..3 {
                let (number, dated) = (format!("R-{month}-{n}"), day(&mut seed));
                let amount = format!("{}.00", seed.u32(1..700));
                a_receipt(&number, "C-1", &amount).dated(&dated).create(app);
                receipts.push((number, dated));
            }
            for _ in 0..3 {
                let (number, dated) = receipts[seed.usize(0..receipts.len())].clone();
                let from = if seed.bool() {
                    Some(dated.as_str())
                } else {
                    None
                };
                let body = json!({"reason": "x", "effective_on": from});
                // Some settle nothing, and some are reversed already.
                let path = format!("/v1/receipts/{number}");
                match seed.u8(0..3) {
                    0 => {
                        reverse(app, &number, from);
                    }
                    1 => {
                        app.finance().post(&format!("{path}/unapply"), body);
                    }
                    _ => {
                        let body = json!({"apply": "oldest_first", "effective_on": from});
                        app.finance().post(&format!("{path}/apply"), body);
                    }
                }
                let (number, dated) = invoices[seed.usize(0..invoices.len())].clone();
                cancel(app, &number, seed.bool().then_some(dated.as_str()));
            }
            app.adds_up();
        }
    });
}
