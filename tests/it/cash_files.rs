//! Files of banks: every form is read and checked, and a bad one loses nothing.

use serde_json::{Value, json};

use crate::support::{
    OWN, Reply, TestApp, a_bank_account, a_customer, a_payment, a_statement_of, an_invoice,
    on_both, send, statement, upload,
};

const DAY: &str = "2026-03-31";

fn a_book(app: &TestApp) {
    app.turn_to(DAY);
    a_bank_account(app, "EUR");
    a_customer("C-1")
        .named("Müller Maschinenbau GmbH")
        .in_currency("EUR")
        .create(app);
    for (number, amount) in [("I-2026-0001", "125.00"), ("I-2026-0002", "80.50")] {
        an_invoice(number, "C-1", amount)
            .in_currency("EUR")
            .create(app);
    }
}

/// An MT940 of the account, its lines between balances.
fn mt940(lines: &str, closing: &str) -> String {
    format!(
        ":20:STARTUMS\r\n:25:37040044/0532013000\r\n:28C:63/1\r\n:60F:C260330EUR1000,00\r\n{lines}:62F:C260331EUR{closing}\r\n-\r\n"
    )
}

fn first(app: &TestApp) -> Value {
    let read = app.finance().get("/v1/bank-entries").expect(200);
    read["data"][0].clone()
}

fn count(app: &TestApp, path: &str) -> usize {
    let read = app.finance().get(path).expect(200);
    read["data"].as_array().unwrap().len()
}

/// Demands that a file is refused with a code at `/file`, and that nothing is left of it.
#[track_caller]
fn refused(app: &TestApp, file: impl AsRef<[u8]>, status: u16, code: &str) -> Reply {
    let reply = statement(file).send(&app.finance());
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(reply["errors"][0]["code"], code, "{}", reply.text);
    assert_eq!(reply["errors"][0]["pointer"], "/file");
    assert_eq!(count(app, "/v1/bank-statements"), 0);
    assert_eq!(count(app, "/v1/bank-entries"), 0);
    assert_eq!(count(app, "/v1/jobs"), 0);
    reply
}

#[test]
fn an_mt940_is_taken_and_its_payer_known_by_name() {
    on_both(|app| {
        a_book(app);
        let lines = ":61:2603310331CR125,00NTRFNONREF//B-1\r\n\
            :86:166?00GUTSCHRIFT?20EREF+NOTPROVIDED?21SVWZ+Rechnung 2026-00?2201?30COBADEFF\r\n\
            ?31NL91ABNA0417164300?32MUELLER MASCHINENBAU\r\n";
        let job = send(app, mt940(lines, "1125,00"));
        assert_eq!(job["result"]["applied"], 1, "{}", job.text);
        let entry = first(app);
        assert_eq!(entry["payer_name"], "MUELLER MASCHINENBAU");
        assert_eq!(entry["remittance"], "Rechnung 2026-0001");
        assert_eq!(entry["bank_reference"], "B-1");
        let statement = app.finance().get("/v1/bank-statements").expect(200);
        let statement = &statement["data"][0];
        assert_eq!(statement["format"], "mt940");
        assert_eq!(
            statement["closing"],
            json!({"amount": "1125.00", "currency": "EUR"})
        );
        let path = format!("/v1/bank-statements/{}", statement["id"].as_str().unwrap());
        assert_eq!(&app.auditor().get(&path).expect(200).body, statement);
    });
}

#[test]
fn a_csv_in_the_documented_form_is_taken() {
    on_both(|app| {
        a_book(app);
        let file = format!(
            "account,currency,booking_date,value_date,amount,payer_name,reference,remittance,balance\n\
             {OWN},EUR,2026-03-30,2026-03-30,125.00,Mueller,I-2026-0001,,1125.00\n\
             {OWN},EUR,2026-03-31,,-12.50,Bank,,fee,1112.50\n"
        );
        let job = send(app, file);
        assert_eq!(job["result"]["applied"], 1, "{}", job.text);
        assert_eq!(job["result"]["no_receipt"], 1);
        let entry = first(app);
        assert_eq!(entry["references"], json!(["I-2026-0001"]));
    });
}

#[test]
fn a_banks_own_csv_is_read_by_a_mapping() {
    on_both(|app| {
        a_book(app);
        let file = "Buchungstag;Betrag;Zahler;Zweck\n31.03.2026;1.125,00;Mueller;Rechnungen\n31.03.2026;80,50;Mueller;I-2026-0002\n";
        let mapping = json!({
            "columns": {"booking_date": "Buchungstag", "amount": "Betrag", "payer_name": "Zahler", "remittance": "Zweck"},
            "date_format": "%d.%m.%Y", "decimal_comma": true, "account": OWN, "currency": "EUR",
        });
        let job = statement(file).mapped(mapping).run(&app.finance());
        assert_eq!(job["result"]["applied"], 1, "{}", job.text);
        let wrong = json!({"columns": {"dragon": "Betrag"}});
        let refused = statement(file).mapped(wrong).send(&app.finance());
        refused.expect_problem(400, "malformed_body");
        let empty = statement(file)
            .mapped(json!({"account": ""}))
            .send(&app.finance());
        empty.expect_problem(400, "malformed_body");
    });
}

#[test]
fn the_form_may_be_said_and_must_then_be_right() {
    on_both(|app| {
        a_book(app);
        let file = a_statement_of(DAY, "EUR")
            .with(a_payment("125.00", "I-2026-0001"))
            .text();
        for (query, status) in [
            ("/v1/bank-statements?format=camt053", 202),
            ("/v1/bank-statements?format=camt054", 400),
            ("/v1/bank-statements?format=mt940", 400),
            ("/v1/bank-statements?format=csv", 400),
            ("/v1/bank-statements?format=pdf", 400),
        ] {
            let reply = upload(query, &file).send(&app.finance());
            assert_eq!(reply.status, status, "{query}: {}", reply.text);
        }
    });
}

#[test]
fn a_statement_that_does_not_add_up_is_refused_with_the_difference() {
    on_both(|app| {
        a_book(app);
        let payment = || a_payment("125.00", "I-2026-0001");
        let file = a_statement_of(DAY, "EUR")
            .with(payment())
            .claiming("1124.00");
        let reply = refused(app, file.text(), 422, "totals_differ");
        let message = reply.text_at("/errors/0/message");
        assert!(message.contains("EUR 1.00"), "{message}");
        let line = ":61:260331C125,00NTRFNONREF\r\n:86:I-2026-0001\r\n";
        refused(app, mt940(line, "1000,00"), 422, "totals_differ");
        let table = format!(
            "account,currency,booking_date,amount,balance\n{OWN},EUR,{DAY},1.00,11.00\n{OWN},EUR,{DAY},1.00,13.00\n"
        );
        refused(app, table, 422, "balance_differs");
        // Put right, the same statement is taken.
        let right = a_statement_of(DAY, "EUR").with(payment());
        assert_eq!(send(app, right.text())["result"]["applied"], 1);
    });
}

#[test]
fn a_statement_of_no_account_of_ours_is_refused() {
    on_both(|app| {
        a_book(app);
        let payment = || a_payment("125.00", "I-2026-0001");
        let other = a_statement_of(DAY, "EUR")
            .of_account("NL91ABNA0417164300")
            .with(payment());
        refused(app, other.text(), 422, "unknown_bank_account");
        let dollars = a_statement_of(DAY, "USD").with(payment());
        refused(app, dollars.text(), 422, "unknown_bank_account");
        let mixed = a_statement_of(DAY, "EUR").with(payment()).text();
        let mixed = mixed.replace("<Ntry><Amt Ccy=\"EUR\">", "<Ntry><Amt Ccy=\"USD\">");
        refused(app, mixed, 422, "other_currency");
        let late = a_statement_of("2026-04-01", "EUR").with(payment());
        refused(app, late.text(), 422, "in_future");
    });
}

#[test]
fn hostile_and_broken_files_are_refused_and_lose_nothing() {
    on_both(|app| {
        a_book(app);
        let good = a_statement_of(DAY, "EUR")
            .with(a_payment("125.00", "I-2026-0001"))
            .text();
        let bomb = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;&lol;\">]>";
        let xxe = "<!DOCTYPE Document [<!ENTITY xxe SYSTEM \"file:///etc/passwd\">]>";
        for (file, code) in [
            (
                good.replacen("<Document", &format!("{bomb}<Document"), 1),
                "document_type",
            ),
            (
                good.replacen("<Document", &format!("{xxe}<Document"), 1),
                "document_type",
            ),
            (good.replace("I-2026-0001", "&xxe;"), "entity"),
            (
                good.replace("I-2026-0001", &"<a>".repeat(5_000)),
                "too_deep",
            ),
            (good.replace("</Ntry>", "</Ntri>"), "no_xml"),
            (good[..good.len() - 20].to_owned(), "no_xml"),
            (
                good[..good.find("</Stmt>").unwrap()].to_owned(),
                "ends_early",
            ),
            (good.replace("125.00", "125.001"), "malformed"),
            (good.replace("125.00", "-125.00"), "malformed"),
            (good.replace("125.00", "1e3"), "malformed"),
            (
                good.replace("125.00", "9999999999999999999.00"),
                "malformed",
            ),
            (good.replace("2026-03-31", "2026-02-31"), "malformed"),
            (good.replace("CRDT", "BOTH"), "malformed"),
            (String::new(), "unrecognised"),
            ("\u{0}\u{1}\u{2}".to_owned(), "unrecognised"),
            ("%PDF-1.7".to_owned(), "unrecognised"),
            (":20:A\n:25:1\n:60F:C260330EUR1,\n".to_owned(), "ends_early"),
            (
                "account,currency,booking_date,amount\n".to_owned(),
                "empty_file",
            ),
        ] {
            refused(app, file, 400, code);
        }
        refused(
            app,
            b"account,currency,booking_date,amount\n\xff\xfe,EUR,2026-03-31,1\n",
            400,
            "not_utf8",
        );
        assert_eq!(send(app, good)["result"]["applied"], 1);
    });
}

#[test]
fn an_upload_has_its_parts_and_its_key() {
    on_both(|app| {
        a_book(app);
        let file = a_statement_of(DAY, "EUR")
            .with(a_payment("125.00", "I-2026-0001"))
            .text();
        let finance = app.finance();
        statement(&file)
            .part("dragon", "x")
            .send(&finance)
            .expect_problem(400, "malformed_body");
        statement(&file)
            .part("file", &file)
            .send(&finance)
            .expect_problem(400, "malformed_body");
        statement(&file)
            .without("file")
            .part("mapping", "{}")
            .send(&finance)
            .expect_problem(400, "malformed_body");
        let keyed = statement(&file).keyed("statement-1");
        let sent = keyed.send(&finance).expect(202);
        let again = keyed.send(&finance).expect(202);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again["id"], sent["id"]);
        statement(file.replace("I-2026-0001", "other"))
            .keyed("statement-1")
            .send(&finance)
            .expect_problem(422, "idempotency_key_reused");
    });
}
