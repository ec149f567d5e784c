//! Postings: what began here, until another ledger has followed.

use std::fmt::Write as _;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl as _};
use netterms::platform::db::Conn;
use serde_json::{Value, json};

use crate::event_log::read_when;
use crate::support::{
    Client, TestApp, a_customer, a_receipt, an_invoice, eventually, import, on_both,
};

fn postings(client: &Client, query: &str) -> Vec<Value> {
    let page = client.get(&format!("/v1/postings?{query}")).expect(200);
    page["data"].as_array().unwrap().clone()
}

fn when(client: &Client, query: &str, count: usize) -> Vec<Value> {
    eventually(|| Some(postings(client, query)).filter(|found| found.len() == count))
}

/// An invoice of 600.00 of which 100.00 is paid, as finance entered it.
fn partly_paid(app: &TestApp) {
    a_customer("C-1").owned_by("u-sales").create(app);
    an_invoice("INV-1", "C-1", "600.00").create(app);
    a_receipt("R-1", "C-1", "100.00")
        .paying("INV-1", "100.00")
        .create(app);
}

#[test]
fn what_was_settled_here_is_open_until_the_erp_acknowledges_it() {
    on_both(|app| {
        partly_paid(app);
        let erp = app.system();
        let open = when(&erp, "status=open", 1);
        assert_eq!(open[0]["kind"], "payment");
        assert_eq!(
            open[0]["amount"],
            json!({"amount": "100.00", "currency": "CNY"})
        );
        assert!(
            open[0]["settlement_id"]
                .as_str()
                .unwrap()
                .starts_with("set_")
        );
        let path = format!("/v1/postings/{}", open[0]["id"].as_str().unwrap());
        let acknowledge = format!("{path}/acknowledge");
        let etag = erp.get(&path).expect(200).etag();
        let body = json!({"reference": "FI 4711/2026"});
        app.sales()
            .post_if(&acknowledge, &etag, body.clone())
            .expect_problem(403, "forbidden");
        erp.post_if(&acknowledge, "\"7\"", body.clone())
            .expect_problem(412, "stale");
        let done = erp.post_if(&acknowledge, &etag, body.clone()).expect(200);
        assert_eq!(done["reference"], "FI 4711/2026");
        assert_eq!(done["acknowledged_by"], "order-system");
        erp.post_if(&acknowledge, &done.etag(), body)
            .expect_problem(409, "state_conflict");
        assert!(postings(&erp, "status=open").is_empty());
        assert_eq!(postings(&erp, "status=acknowledged&kind=payment").len(), 1);
        let told = read_when(&app.finance(), "type=posting.acknowledged", 1);
        assert_eq!(told[0]["data"]["reference"], "FI 4711/2026");
        assert_eq!(told[0]["customer_number"], "C-1");
    });
}

#[test]
fn what_is_taken_back_is_a_posting_of_its_own() {
    on_both(|app| {
        partly_paid(app);
        let finance = app.finance();
        when(&finance, "", 1);
        let etag = finance.get("/v1/receipts/R-1").expect(200).etag();
        finance
            .post_if(
                "/v1/receipts/R-1/reverse",
                &etag,
                json!({"reason": "It bounced."}),
            )
            .expect(200);
        let all = when(&finance, "", 2);
        let sum: Vec<&str> = all
            .iter()
            .map(|one| one["amount"]["amount"].as_str().unwrap())
            .collect();
        assert_eq!(sum, ["100.00", "-100.00"]);
    });
}

#[test]
fn what_a_system_states_with_its_own_document_began_there() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let erp = app.system();
        an_invoice("INV-1", "C-1", "600.00").create(app);
        erp.post(
            "/v1/receipts",
            json!({
                "number": "R-9", "customer": "C-1", "receipt_date": app.clock().today(),
                "amount": {"amount": "50.00", "currency": "CNY"},
                "applications": [{"invoice_number": "INV-1", "amount": {"amount": "50.00", "currency": "CNY"}}],
            }),
        )
        .expect(201);
        a_receipt("R-1", "C-1", "100.00")
            .paying("INV-1", "100.00")
            .create(app);
        let all = when(&erp, "", 1);
        assert_eq!(all[0]["amount"]["amount"], "100.00");
    });
}

#[test]
fn sales_sees_postings_of_its_own_customers() {
    on_both(|app| {
        partly_paid(app);
        a_customer("C-2").owned_by("u-other").create(app);
        an_invoice("INV-2", "C-2", "10.00").create(app);
        a_receipt("R-2", "C-2", "10.00")
            .paying("INV-2", "10.00")
            .create(app);
        let all = when(&app.finance(), "", 2);
        let own = postings(&app.sales(), "");
        assert_eq!(own.len(), 1);
        for posting in all {
            let path = format!("/v1/postings/{}", posting["id"].as_str().unwrap());
            let expected = if posting == own[0] { 200 } else { 404 };
            app.sales().get(&path).expect(expected);
        }
        assert_eq!(postings(&app.finance(), "customer=C-2").len(), 1);
    });
}

#[test]
fn a_posting_that_tells_another_amount_than_its_settlement_is_found() {
    on_both(|app| {
        partly_paid(app);
        when(&app.finance(), "", 1);
        assert!(app.audit().holds);
        let sql = "UPDATE postings SET amount_minor = amount_minor + 1";
        match app.database().reader().unwrap().conn() {
            Conn::Postgres(c) => c.batch_execute(sql).unwrap(),
            Conn::Sqlite(c) => c.batch_execute(sql).unwrap(),
        }
        let audit = app.audit();
        let found = audit
            .invariants
            .iter()
            .find(|finding| !finding.first.is_empty());
        assert_eq!(
            found.unwrap().invariant,
            "a posting tells the amount of what it is of"
        );
    });
}

#[test]
fn an_undoing_that_is_moved_to_an_earlier_day_is_posted_as_well() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        an_invoice("INV-1", "C-1", "100.00").create(app);
        a_receipt("R-1", "C-1", "100.00")
            .dated("2026-03-01")
            .create(app);
        app.turn_to("2026-03-31");
        let finance = app.finance();
        finance
            .post(
                "/v1/receipts/R-1/unapply",
                json!({"reason": "It pays another.", "effective_on": "2026-03-20"}),
            )
            .expect(200);
        // The receipt never was: the undoing of the 20th is taken back, and made of the 1st. The invoice stays as open.
        let etag = finance.get("/v1/receipts/R-1").expect(200).etag();
        let body = json!({"reason": "It was wrong.", "effective_on": "2026-03-01"});
        finance
            .post_if("/v1/receipts/R-1/reverse", &etag, body)
            .expect(200);
        let all = when(&finance, "", 4);
        let told: Vec<String> = all
            .iter()
            .map(|one| {
                format!(
                    "{} {}",
                    one["effective_on"].as_str().unwrap(),
                    one["amount"]["amount"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "2026-03-01 100.00",
                "2026-03-20 -100.00",
                "2026-03-20 100.00",
                "2026-03-01 -100.00"
            ]
        );
        assert!(all.iter().all(|one| one["customer_number"] == "C-1"));
    });
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(app: &TestApp, of: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS count FROM {of}");
    let row: Count = match app.database().reader().unwrap().conn() {
        Conn::Postgres(c) => diesel::sql_query(sql).get_result(&mut **c),
        Conn::Sqlite(c) => diesel::sql_query(sql).get_result(&mut **c),
    }
    .unwrap();
    row.count
}

#[test]
fn two_thousand_payments_of_one_invoice_in_one_file_are_all_posted() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        an_invoice("INV-1", "C-1", "50000.00")
            .dated("2026-02-01")
            .create(app);
        let mut file =
            "number,customer_number,receipt_date,amount,currency,invoice_number\n".to_owned();
        for number in 1..=2_000 {
            // Each of another amount: none looks like another one once more.
            let (whole, hundredths) = (number / 100, number % 100);
            writeln!(
                file,
                "R-{number},C-1,2026-03-30,{whole}.{hundredths:02},CNY,INV-1"
            )
            .unwrap();
        }
        let job = import("receipts", file)
            .all_or_nothing()
            .run(&app.finance());
        assert_eq!(job["status"], "succeeded", "{}", job.text);
        eventually(|| (count(app, "postings") == 2_000).then_some(()));
        assert_eq!(
            count(app, "trail_entries WHERE action = 'posting.made'"),
            2_000
        );
        // And what is settled after that.
        a_receipt("R-LAST", "C-1", "1.00")
            .paying("INV-1", "1.00")
            .create(app);
        eventually(|| (count(app, "postings") == 2_001).then_some(()));
    });
}
