//! Remittance advices by file: CSV and remt.001, taken whole and once.

use serde_json::{Value, json};

use crate::support::{
    Reply, TestApp, a_bank_account, a_customer, a_payment, a_statement_of, an_invoice, fresh_key,
    on_both, send, upload,
};

const DAY: &str = "2026-03-31";
const THEIRS: &str = "NL91ABNA0417164300";

const TABLE: &str = "number,customer_number,invoice_number,amount,currency,payment_date,payer_account\n\
    ADV-77,C-1,I-2026-0001,800.00,CNY,2026-03-31,\n\
    ADV-78,C-1,I-2026-0003,1.50,CNY,,\n\
    ADV-77,C-1,I-2026-0002,500.00,CNY,2026-03-31,\n";

fn a_book(app: &TestApp) {
    app.turn_to(DAY);
    a_bank_account(app, "CNY");
    a_customer("C-1").named("Jiangnan Trading Co.").create(app);
    for (number, amount) in [
        ("I-2026-0001", "800.00"),
        ("I-2026-0002", "500.00"),
        ("I-2026-0003", "900.00"),
    ] {
        an_invoice(number, "C-1", amount).create(app);
    }
}

fn send_file(app: &TestApp, file: &str) -> Reply {
    upload("/v1/remittance-advices/file", file)
        .keyed(&fresh_key())
        .send(&app.finance())
}

fn advices(app: &TestApp) -> Vec<Value> {
    let listed = app.finance().get("/v1/remittance-advices").expect(200);
    listed["data"].as_array().unwrap().clone()
}

/// One payment of 1,300.00 for two invoices, by customer `C-1` or whoever is said.
fn remt(payer: &str) -> String {
    let part = |invoice: &str, amount: &str| {
        format!(
            "<Strd><RfrdDocInf><Nb>{invoice}</Nb></RfrdDocInf><RfrdDocAmt><RmtdAmt Ccy=\"CNY\">{amount}</RmtdAmt>\
             </RfrdDocAmt></Strd>"
        )
    };
    format!(
        "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:remt.001.001.05\"><RmtAdvc>\
         <GrpHdr><MsgId>M-1</MsgId></GrpHdr><RmtInf><RmtId>ADV-90</RmtId>{}{}<OrgnlPmtInf><ReqdExctnDt>\
         <Dt>2026-03-31</Dt></ReqdExctnDt><Dbtr><Nm>Jiangnan</Nm>{payer}</Dbtr>\
         <DbtrAcct><Id><IBAN>{THEIRS}</IBAN></Id></DbtrAcct></OrgnlPmtInf></RmtInf></RmtAdvc></Document>",
        part("I-2026-0001", "800.00"),
        part("I-2026-0002", "500.00"),
    )
}

#[test]
fn a_table_of_advices_is_taken_once_and_explains_a_payment() {
    on_both(|app| {
        a_book(app);
        let first = send_file(app, TABLE).expect(200);
        assert_eq!(
            (&first["posted"], &first["unchanged"]),
            (&json!(2), &json!(0))
        );
        let again = send_file(app, TABLE).expect(200);
        assert_eq!(
            (&again["posted"], &again["unchanged"]),
            (&json!(0), &json!(2))
        );
        let all = advices(app);
        assert_eq!(all.len(), 2);
        let long = all.iter().find(|one| one["number"] == "ADV-77").unwrap();
        assert_eq!(long["amount"]["amount"], "1300.00");
        assert_eq!(long["lines"][1]["invoice_number"], "I-2026-0002");
        let payment = a_payment("1300.00", "ADV-77").by("JIANGNAN TRADING");
        let job = send(app, a_statement_of(DAY, "CNY").with(payment).text());
        assert_eq!(job["result"]["applied"], 1, "{}", job.text);
        let paid = app.finance().get("/v1/remittance-advices?status=paid");
        assert_eq!(paid.expect(200)["data"][0]["number"], "ADV-77");
        app.adds_up();
    });
}

#[test]
fn an_iso_advice_names_its_payer_or_is_known_by_the_account() {
    on_both(|app| {
        a_book(app);
        let unknown = send_file(app, &remt("")).expect_problem(422, "invalid");
        assert_eq!(unknown["errors"][0]["code"], "unknown_customer");
        // Once somebody paid from the account, it is known whose it is.
        let payment = a_payment("900.00", "I-2026-0003")
            .by("JIANGNAN TRADING")
            .from(THEIRS);
        send(app, a_statement_of(DAY, "CNY").with(payment).text());
        assert_eq!(send_file(app, &remt("")).expect(200)["posted"], 1);
        let advice = &advices(app)[0];
        assert_eq!(advice["number"], "ADV-90");
        assert_eq!(advice["payment_date"], "2026-03-31");
        assert_eq!(advice["payer_account"], THEIRS);
        assert_eq!(advice["amount"]["amount"], "1300.00");
        a_customer("C-2").create(app);
        let named = remt("<Id><OrgId><Othr><Id>C-2</Id></Othr></OrgId></Id>");
        assert_eq!(send_file(app, &named).expect(200)["posted"], 1);
        assert_eq!(advices(app).len(), 2);
    });
}

#[test]
fn a_file_that_is_wrong_somewhere_brings_nothing() {
    on_both(|app| {
        a_book(app);
        for (file, status, code) in [
            (
                TABLE.replace("ADV-78,C-1", "ADV-78,C-9"),
                422,
                "unknown_customer",
            ),
            (TABLE.replace("1.50", "1.505"), 400, "malformed"),
            (TABLE.replace("1.50", "0"), 400, "malformed"),
            (TABLE.replace("500.00,CNY", "500.00,EUR"), 400, "malformed"),
            (TABLE.replace("invoice_number", "invoice"), 400, "missing"),
            (TABLE.lines().take(1).collect(), 400, "empty_file"),
            ("<Document><x/></Document>".to_owned(), 400, "unrecognised"),
            ("<!DOCTYPE a><Document/>".to_owned(), 400, "document_type"),
            ("<Document><RmtAdvc>".to_owned(), 400, "ends_early"),
        ] {
            let problem = send_file(app, &file);
            assert_eq!(problem.status, status, "{}", problem.text);
            assert_eq!(problem["errors"][0]["code"], code, "{}", problem.text);
        }
        let mut long = vec![TABLE.lines().next().unwrap().to_owned()];
        long.extend((0..501).map(|invoice| format!("ADV-1,C-1,I-{invoice},1.00,CNY,,")));
        assert_eq!(send_file(app, &long.join("\n")).status, 400);
        assert_eq!(advices(app).len(), 0);
        send_file(app, TABLE).expect(200);
        let other = TABLE.replace("1.50", "1.60");
        let problem = send_file(app, &other).expect_problem(422, "invalid");
        let code = &problem["errors"][0]["code"];
        assert_eq!(code, "number_taken_with_other_content");
        let sales = upload("/v1/remittance-advices/file", TABLE).send(&app.sales());
        sales.expect_problem(403, "forbidden");
        let no_file = upload("/v1/remittance-advices/file", TABLE).without("file");
        no_file
            .send(&app.finance())
            .expect_problem(400, "malformed_body");
    });
}

#[test]
fn the_same_key_is_the_same_file() {
    on_both(|app| {
        a_book(app);
        let key = fresh_key();
        let keyed = |file: &str| {
            upload("/v1/remittance-advices/file", file)
                .keyed(&key)
                .send(&app.finance())
        };
        let first = keyed(TABLE).expect(200);
        assert_eq!(keyed(TABLE).expect(200).text, first.text);
        let other = TABLE.replace("1.50", "1.60");
        keyed(&other).expect_problem(422, "idempotency_key_reused");
    });
}
