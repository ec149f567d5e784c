//! Money and credit that are not applied yet, when customers are asked for money; and letters that can't be written.

use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;
use netterms::platform::db::{Conn, DbError, Tx};
use netterms::platform::http::auth::internal_caller;
use serde_json::{Value, json};

use crate::dunning::{approve, invoice, issue, list, notices, preview, skipped};
use crate::support::{TestApp, a_customer, a_receipt, on_both};

fn credit_note(app: &TestApp, number: &str, customer: &str, amount: &str) {
    app.finance()
        .post(
            "/v1/credit-notes",
            json!({
                "number": number, "customer": customer, "credit_date": "2026-04-01",
                "amount": {"amount": amount, "currency": "CNY"}, "reason": "A bonus.",
            }),
        )
        .expect(201);
}

fn letter(app: &TestApp, notice: &Value, format: &str) -> String {
    let id = notice["id"].as_str().unwrap();
    let path = format!("/v1/dunning-notices/{id}/letter?format={format}");
    app.credit().get(&path).expect(200).text
}

#[test]
fn who_has_paid_or_is_in_credit_for_all_that_is_overdue_is_not_dunned() {
    on_both(|app| {
        app.turn_to("2026-04-01");
        for customer in ["C-1", "C-2", "C-3"] {
            a_customer(customer).create(app);
            invoice(
                app,
                customer,
                &format!("INV-{customer}"),
                "2026-03-01",
                "1000.00",
            );
        }
        a_receipt("R-1", "C-1", "1500.00").unapplied().create(app);
        credit_note(app, "CN-2", "C-2", "600.00");
        a_receipt("R-2", "C-2", "400.00").unapplied().create(app);
        a_receipt("R-3", "C-3", "899.99").unapplied().create(app);
        let run = preview(app);
        assert_eq!(skipped(&run), json!([{"reason": "covered", "invoices": 2}]));
        let notices = notices(app, &run.id());
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0]["customer_number"], "C-3");
        assert_eq!(notices[0]["total"]["amount"], "100.01");
    });
}

#[test]
fn where_a_part_is_covered_the_letter_says_so_and_asks_for_the_rest() {
    on_both(|app| {
        app.turn_to("2026-04-01");
        a_customer("C-1").create(app);
        a_customer("C-2").speaking("zh-CN").create(app);
        for customer in ["C-1", "C-2"] {
            invoice(
                app,
                customer,
                &format!("{customer}-old"),
                "2026-01-31",
                "100.00",
            );
            invoice(
                app,
                customer,
                &format!("{customer}-new"),
                "2026-03-01",
                "1000.00",
            );
            a_receipt(&format!("R-{customer}"), customer, "350.00")
                .unapplied()
                .create(app);
        }
        let run = preview(app).id();
        let previewed = notices(app, &run);
        let of = |notices: &[Value], customer: &str| -> Value {
            let mut found = notices.iter();
            found
                .find(|notice| notice["customer_number"] == customer)
                .unwrap()
                .clone()
        };
        // The oldest due is covered first: only the younger invoice is asked for, less the rest.
        let english = of(&previewed, "C-1");
        assert_eq!(english["items"].as_array().unwrap().len(), 1);
        assert_eq!(english["items"][0]["invoice_number"], "C-1-new");
        assert_eq!(english["items"][0]["open"]["amount"], "1000.00");
        assert_eq!(english["unapplied"]["amount"], "250.00");
        assert_eq!(english["total"]["amount"], "750.00");
        for format in ["text", "html"] {
            let text = letter(app, &english, format);
            for words in [
                "not yet applied",
                "CNY 250.00",
                "CNY 750.00",
                "CNY 1,000.00",
            ] {
                assert!(text.contains(words), "{words}: {text}");
            }
        }
        let chinese = letter(app, &of(&previewed, "C-2"), "text");
        assert!(
            chinese.contains("未核销") && chinese.contains("CNY 750.00"),
            "{chinese}"
        );
        // What comes between preview and issue is taken off as well.
        approve(app, &run);
        a_receipt("R-late", "C-1", "50.00").unapplied().create(app);
        a_receipt("R-all", "C-2", "750.00").unapplied().create(app);
        issue(app, &run);
        let issued = notices(app, &run);
        let english = of(&issued, "C-1");
        assert_eq!(english["status"], "issued");
        assert_eq!(english["unapplied"]["amount"], "300.00");
        assert_eq!(english["total"]["amount"], "700.00");
        assert!(letter(app, &english, "text").contains("CNY 700.00"));
        let chinese = of(&issued, "C-2");
        assert_eq!(chinese["status"], "suppressed");
        assert_eq!(chinese["suppressed_reason"], "covered");
        assert_eq!(list(&app.credit(), "/v1/dunning-stages").len(), 1);
    });
}

/// Gives the standard procedure a wording past all checks, as one that was saved before there were any.
fn smuggle(app: &TestApp, from: &str, to: &str) {
    let caller = internal_caller("test", &[]).unwrap();
    let work = |tx: &mut Tx| {
        tx.is_its_own_record();
        let sql = |mark: [&str; 2]| {
            format!(
                "UPDATE dunning_procedure_versions SET document = REPLACE(document, {}, {})",
                mark[0], mark[1]
            )
        };
        match tx.conn() {
            Conn::Postgres(c) => diesel::sql_query(sql(["$1", "$2"]))
                .bind::<Text, _>(from)
                .bind::<Text, _>(to)
                .execute(&mut **c)?,
            Conn::Sqlite(c) => diesel::sql_query(sql(["?", "?"]))
                .bind::<Text, _>(from)
                .bind::<Text, _>(to)
                .execute(&mut **c)?,
        };
        Ok::<(), DbError>(())
    };
    app.database().write(&caller, work).unwrap();
}

#[test]
fn a_letter_that_cant_be_written_costs_that_one_notice_and_no_other() {
    on_both(|app| {
        app.turn_to("2026-04-01");
        a_customer("C-1").create(app);
        a_customer("C-2").speaking("zh-CN").create(app);
        for customer in ["C-1", "C-2"] {
            invoice(
                app,
                customer,
                &format!("INV-{customer}"),
                "2026-03-20",
                "1000.00",
            );
        }
        let first = preview(app).id();
        approve(app, &first);
        // The English subject alone fails.
        smuggle(app, "Payment reminder: {{ total }}", "{{-- total }}");
        let run = preview(app);
        assert_eq!(
            skipped(&run),
            json!([{"reason": "letter_failed", "invoices": 1}])
        );
        let notices_now = notices(app, &run.id());
        assert_eq!(notices_now.len(), 1);
        assert_eq!(notices_now[0]["customer_number"], "C-2");
        // A notice that must be written anew when it is issued is the only one that is lost.
        a_receipt("R-1", "C-1", "40.00").create(app);
        issue(app, &first);
        for notice in notices(app, &first) {
            let is_lost = notice["customer_number"] == "C-1";
            let status = if is_lost { "suppressed" } else { "issued" };
            assert_eq!(notice["status"], status);
            let reason = if is_lost {
                json!("letter_failed")
            } else {
                Value::Null
            };
            assert_eq!(notice["suppressed_reason"], reason);
        }
    });
}
