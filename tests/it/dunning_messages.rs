//! Notices that go out by themselves: by e-mail or as a letter, where the company has a sender, and only as long as they hold.

use netterms::collect::dunning::actions::SENDING;
use netterms::platform::events::catch_up;
use serde_json::{Value, json};

use crate::correspondence::{DAY, on_both_with_mail, prepare};
use crate::dunning::{dun, invoice, level, pay, set_levels};
use crate::sealed_trail::falsify;
use crate::support::{Reply, TestApp, a_customer, on_both};

/// The messages that came of a notice, once the notices so far were followed.
fn messages_of(app: &TestApp, notice: &Value) -> Vec<Value> {
    catch_up(app.database(), &SENDING).unwrap();
    let path = format!("/v1/messages?about_id={}", notice["id"].as_str().unwrap());
    let page = app.credit().get(&path).expect(200);
    page["data"].as_array().unwrap().clone()
}

fn default_procedure(app: &TestApp) -> String {
    let all = app.credit().get("/v1/dunning-procedures").expect(200);
    format!("/v1/dunning-procedures/{}", all.text_at("/data/0/id"))
}

fn by_letter(app: &TestApp) {
    set_levels(app, &default_procedure(app), json!([level(1, 1, "none")]));
}

fn print(app: &TestApp) -> Reply {
    app.credit()
        .post("/v1/messages/print", json!({}))
        .expect(200)
}

#[test]
fn a_notice_reaches_the_customers_mailbox_for_reminders_once() {
    on_both_with_mail(|app, mailbox, _| {
        invoice(app, "C-1", "INV-1", "2026-02-28", "1200.00");
        let notices = dun(app, DAY);
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0]["channel"], "email");
        let caught = mailbox.next();
        assert_eq!(caught.to, ["cfo@acme.example"]);
        assert_eq!(caught.from, "ar@northwind.example");
        let sent = messages_of(app, &notices[0]);
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0]["kind"], "dunning_notice");
        assert_eq!(sent[0]["subject"], notices[0]["subject"]);
        // Who was told of it once is not told again.
        assert!(dun(app, DAY).is_empty());
        assert_eq!(messages_of(app, &notices[0]).len(), 1);
        assert!(mailbox.rest().is_empty());
    });
}

#[test]
fn a_letter_waits_as_pdf_until_somebody_prints_it() {
    on_both(|app| {
        prepare(app);
        by_letter(app);
        invoice(app, "C-1", "INV-1", "2026-02-28", "1200.00");
        invoice(app, "C-1", "INV-2", "2026-03-15", "300.50");
        let notices = dun(app, DAY);
        let waiting = messages_of(app, &notices[0]);
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0]["status"], "queued");
        assert_eq!(waiting[0]["channel"], "letter");
        let id = waiting[0]["id"].as_str().unwrap();
        let path = format!("/v1/messages/{id}/content");
        let pdf = app.credit().get(&path).expect(200);
        assert_eq!(pdf.header("content-type"), Some("application/pdf"));
        assert!(pdf.bytes.starts_with(b"%PDF-"));
        let printed = print(app);
        assert_eq!(printed["letters"][0]["id"], id);
        app.adds_up();
    });
}

#[test]
fn what_is_paid_or_held_back_before_it_goes_is_not_sent() {
    on_both(|app| {
        prepare(app);
        by_letter(app);
        a_customer("C-2").named("Held Ltd").create(app);
        invoice(app, "C-1", "INV-1", "2026-02-28", "1200.00");
        invoice(app, "C-2", "INV-2", "2026-02-28", "900.00");
        let notices = dun(app, DAY);
        assert_eq!(notices.len(), 2);
        for notice in &notices {
            assert_eq!(messages_of(app, notice).len(), 1);
        }
        pay(app, "C-1", "INV-1", DAY, "1200.00");
        let block = json!({"customer": "C-2", "reason": "The goods are being inspected.", "until": "2026-04-30"});
        app.credit().post("/v1/dunning-blocks", block).expect(201);
        let printed = print(app);
        assert_eq!(printed["letters"], json!([]));
        let cancelled = printed["cancelled"].as_array().unwrap();
        let mut reasons: Vec<&str> = cancelled
            .iter()
            .map(|message| message["status_reason"].as_str().unwrap())
            .collect();
        reasons.sort_unstable();
        assert_eq!(reasons.len(), 2);
        assert_eq!(reasons[0], "Not dunned: blocked.");
        assert!(reasons[1].starts_with("less is open of "), "{reasons:?}");
        app.adds_up();
    });
}

#[test]
fn a_notice_that_is_told_of_again_is_not_sent_again() {
    on_both(|app| {
        prepare(app);
        by_letter(app);
        invoice(app, "C-1", "INV-1", "2026-02-28", "1200.00");
        let notices = dun(app, DAY);
        assert_eq!(messages_of(app, &notices[0]).len(), 1);
        // As after a dump was loaded into another cluster.
        let from_the_beginning =
            "UPDATE subscriptions SET transaction_id = 0, seq = 0 WHERE name = 'dunning_messages'";
        falsify(app, from_the_beginning);
        assert_eq!(messages_of(app, &notices[0]).len(), 1);
    });
}

#[test]
fn an_invoice_that_is_held_back_or_asked_for_by_a_later_notice_is_not_written_of() {
    on_both(|app| {
        prepare(app);
        let levels = json!([level(1, 1, "none"), level(2, 20, "none")]);
        set_levels(app, &default_procedure(app), levels);
        let held = invoice(app, "C-1", "INV-1", "2026-03-30", "1200.00");
        let first = dun(app, DAY);
        assert_eq!(messages_of(app, &first[0]).len(), 1);
        // Nobody printed for three weeks.
        let second = dun(app, "2026-04-22");
        assert_eq!(messages_of(app, &second[0]).len(), 1);
        let printed = print(app);
        assert_eq!(printed["letters"].as_array().unwrap().len(), 1);
        assert_eq!(printed["letters"][0]["about_id"], second[0]["id"]);
        assert_eq!(
            printed["cancelled"][0]["status_reason"],
            "Not dunned: already_dunned."
        );
        // Whoever prints has them for an hour; then it is asked again whether they hold.
        assert_eq!(print(app)["letters"], json!([]));
        let block = json!({
            "invoice": held, "reason": "The goods are being inspected.", "until": "2026-05-30",
        });
        app.credit().post("/v1/dunning-blocks", block).expect(201);
        app.turn_to("2026-04-23");
        let later = print(app);
        assert_eq!(later["letters"], json!([]));
        assert_eq!(
            later["cancelled"][0]["status_reason"],
            "Not dunned: blocked."
        );
    });
}

#[test]
fn a_company_without_a_sender_leaves_sending_to_its_people() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-02-28", "1200.00");
        let notices = dun(app, DAY);
        assert_eq!(notices.len(), 1);
        assert!(messages_of(app, &notices[0]).is_empty());
    });
}
