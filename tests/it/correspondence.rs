//! What is sent to customers: kept byte for byte, sent by SMTP, tried again, stopped in time, and told when it arrives or
//! comes back.

use aws_lc_rs::digest::{SHA256, digest};
use kernel::caller::Role;
use kernel::ids::{MAIN_ENTITY, MessageId};
use kernel::places::Language;
use netterms::book::receivables::store as receivables;
use netterms::collect::correspondence::actions::{cancel_about, queue};
use netterms::collect::correspondence::input::{Attachment, NewContent, NewMessage};
use netterms::collect::correspondence::model::{Asked, Message, MessageKind};
use netterms::collect::correspondence::standing;
use netterms::platform::db::{Db, DbError, Tx};
use netterms::platform::http::auth::internal_caller;
use netterms::platform::http::body::hex;
use serde_json::{Value, json};

use crate::dunning::{invoice, pay};
use crate::support::{
    Client, Mailbox, Reply, TestApp, a_customer, eventually, on_both, on_both_with,
};

pub const DAY: &str = "2026-04-01";

/// A customer `C-1` with a contact for reminders, and a company that has an address to write from.
pub fn prepare(app: &TestApp) -> String {
    app.turn_to(DAY);
    let made = a_customer("C-1").named("Acme Ltd").create(app);
    let path = format!("/v1/customers/{}", made.id);
    let etag = app.finance().get(&path).expect(200).etag();
    let contacts = json!([
        {"email": "ap@acme.example", "purpose": "invoices"},
        {"email": "cfo@acme.example", "purpose": "reminders"},
    ]);
    app.finance()
        .patch(&path, &etag, json!({"contacts": contacts}))
        .expect(200);
    let main = "/v1/legal-entities/MAIN";
    let etag = app.finance().get(main).expect(200).etag();
    app.finance()
        .patch(main, &etag, json!({"name": "Northwind Steel", "letter_sender": "Receivables, ar@northwind.example"}))
        .expect(200);
    made.id
}

fn email(text: &str) -> NewContent {
    NewContent::Email {
        to: "cfo@acme.example".parse().unwrap(),
        text: text.to_owned(),
        html: Some(format!("<p>{text}</p>")),
        attachments: vec![Attachment {
            name: "Mahnung.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: b"%PDF-1.7 as good as".to_vec(),
        }],
    }
}

fn letter() -> NewContent {
    NewContent::Letter {
        recipient: vec!["Acme Ltd".to_owned(), "1 Main Street".to_owned()],
        pdf: b"%PDF-1.7 as good as".to_vec(),
    }
}

/// Queues something about `about`, as another room does in its unit of work.
fn queue_about(
    app: &TestApp,
    customer: &str,
    about: &str,
    asks: &[&str],
    content: NewContent,
) -> String {
    queue_as(
        app,
        customer,
        MessageKind::DunningNotice,
        about,
        asks,
        content,
    )
}

fn queue_as(
    app: &TestApp,
    customer: &str,
    kind: MessageKind,
    about: &str,
    asks: &[&str],
    content: NewContent,
) -> String {
    let caller = internal_caller("netterms", &[]).unwrap();
    let queued = app.database().write(&caller, |tx: &mut Tx| {
        let invoices: Vec<_> = asks.iter().map(|id| id.parse().unwrap()).collect();
        let items = receivables::list_items_of(tx, &invoices)?;
        let asked = |item: &netterms::book::receivables::model::Item| Asked {
            item_id: item.id,
            open_minor: item.open_minor,
        };
        queue(
            tx,
            &NewMessage {
                customer_id: customer.parse().unwrap(),
                legal_entity_id: MAIN_ENTITY,
                kind,
                about_id: about.to_owned(),
                language: Language::Chinese,
                subject: "付款提醒：CNY 1,200.00".to_owned(),
                asks: items.iter().map(asked).collect(),
                content: content.clone(),
            },
        )
    });
    queued.unwrap().id.to_string()
}

fn read(app: &TestApp, id: &str) -> Reply {
    app.credit().get(&format!("/v1/messages/{id}")).expect(200)
}

fn when(app: &TestApp, id: &str, status: &str) -> Reply {
    eventually(|| {
        let message = read(app, id);
        (message["status"] == status).then_some(message)
    })
}

fn act(client: &Client, app: &TestApp, id: &str, verb: &str, body: Value) -> Reply {
    let etag = read(app, id).etag();
    client.post_if(&format!("/v1/messages/{id}/{verb}"), &etag, body)
}

fn ids(page: &Reply) -> Vec<String> {
    let all = page["data"].as_array().unwrap();
    all.iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// On a server that has a mail server.
pub fn on_both_with_mail(test: impl Fn(&TestApp, &Mailbox, &str)) {
    let mailbox = Mailbox::start();
    let url = mailbox.url();
    on_both_with(
        |config| config.smtp_url = Some(url.clone()),
        |app| {
            mailbox.answer(|_| None);
            let customer = prepare(app);
            test(app, &mailbox, &customer);
            app.adds_up();
        },
    );
}

#[test]
fn what_a_mail_server_takes_is_byte_for_byte_what_is_kept() {
    on_both_with_mail(|app, mailbox, customer| {
        let id = queue_about(
            app,
            customer,
            "dno_1",
            &[],
            email("请付款。\n.\n..two dots\nEnd"),
        );
        let sent = when(app, &id, "sent");
        let caught = mailbox.next();
        assert_eq!(caught.from, "ar@northwind.example");
        assert_eq!(caught.to, ["cfo@acme.example"]);
        let kept = app
            .credit()
            .get(&format!("/v1/messages/{id}/content"))
            .expect(200);
        assert_eq!(kept.header("content-type"), Some("message/rfc822"));
        assert_eq!(caught.text.trim_end(), kept.text.trim_end());
        let hash = hex(digest(&SHA256, kept.text.as_bytes()).as_ref());
        assert_eq!(sent["sha256"], hash);
        assert_eq!(sent["size_bytes"], kept.text.len());
        assert!(
            kept.text
                .contains(&format!("Message-ID: <{id}@northwind.example>"))
        );
        assert_eq!(sent["attempts"], 1);
        assert_eq!(sent["sender"], "ar@northwind.example");
        assert!(!sent["sent_at"].is_null());
        assert_eq!(sent["kind"], "dunning_notice");
    });
}

#[test]
fn a_server_that_refuses_the_mailbox_makes_it_bounce_and_one_that_is_busy_is_asked_again() {
    on_both_with_mail(|app, mailbox, customer| {
        mailbox.answer(|_| Some("550 5.1.1 no such mailbox".to_owned()));
        let refused = queue_about(app, customer, "dno_1", &[], email("One"));
        let bounced = when(app, &refused, "bounced");
        assert!(
            bounced
                .text_at("/status_reason")
                .contains("no such mailbox")
        );
        assert!(!bounced["ended_at"].is_null());

        mailbox.answer(|_| Some("451 4.3.0 try again later".to_owned()));
        let busy = queue_about(app, customer, "dno_2", &[], email("Two"));
        let waiting = eventually(|| {
            let message = read(app, &busy);
            (message["attempts"] == 1).then_some(message)
        });
        assert_eq!(waiting["status"], "queued");
        assert!(waiting.text_at("/failure").contains("try again later"));
        assert!(mailbox.rest().is_empty());
        mailbox.answer(|_| None);
        app.turn_to("2026-04-02");
        let sent = when(app, &busy, "sent");
        assert_eq!(sent["attempts"], 2);
        assert_eq!(sent["failure"], Value::Null);
        assert_eq!(mailbox.rest().len(), 1);
    });
}

#[test]
fn after_three_days_it_is_given_up_until_a_person_has_it_tried_again() {
    on_both_with_mail(|app, mailbox, customer| {
        mailbox.answer(|_| Some("421 4.3.2 closing".to_owned()));
        let id = queue_about(app, customer, "dno_1", &[], email("One"));
        for day in 1..=9 {
            eventually(|| (read(app, &id)["attempts"] == day).then_some(()));
            app.turn_to(&format!("2026-04-{:02}", day + 1));
        }
        let failed = when(app, &id, "failed");
        assert_eq!(failed["attempts"], 10);
        let credit = app.credit();
        act(&credit, app, &id, "cancel", json!({"reason": "Too late."}))
            .expect_problem(409, "state_conflict");
        mailbox.answer(|_| None);
        act(&credit, app, &id, "retry", json!({})).expect(200);
        when(app, &id, "sent");
        act(&credit, app, &id, "retry", json!({})).expect_problem(409, "state_conflict");
    });
}

#[test]
fn a_payment_between_queueing_and_sending_stops_the_message() {
    on_both_with_mail(|app, mailbox, customer| {
        let paid = invoice(app, "C-1", "INV-1", "2026-03-30", "1200.00");
        let open = invoice(app, "C-1", "INV-2", "2026-03-30", "300.00");
        mailbox.answer(|_| Some("451 4.3.0 try again later".to_owned()));
        let first = queue_about(app, customer, "dno_1", &[&paid, &open], email("Both"));
        let second = queue_about(app, customer, "dno_2", &[&open], email("The second"));
        for id in [&first, &second] {
            eventually(|| (read(app, id)["attempts"] == 1).then_some(()));
        }
        pay(app, "C-1", "INV-1", DAY, "0.01");
        mailbox.answer(|_| None);
        app.turn_to("2026-04-02");
        let stopped = when(app, &first, "cancelled");
        assert!(stopped.text_at("/status_reason").contains("less is open"));
        when(app, &second, "sent");
        assert_eq!(mailbox.rest().len(), 1);
    });
}

/// What a room above would look up.
#[expect(clippy::unnecessary_wraps, reason = "the form of such a check")]
fn is_disputed(_: &mut Db, message: &Message) -> Result<Option<String>, DbError> {
    Ok((message.about_id == "disputed").then(|| "a dispute is open".to_owned()))
}

#[test]
fn the_room_that_a_message_comes_from_may_stop_it_and_cancel_it() {
    standing::register(&[(MessageKind::Other, is_disputed)]);
    on_both_with_mail(|app, mailbox, customer| {
        let other = MessageKind::Other;
        let stopped = queue_as(app, customer, other, "disputed", &[], email("One"));
        let stopped = when(app, &stopped, "cancelled");
        assert_eq!(stopped["status_reason"], "a dispute is open");
        let sent = queue_as(app, customer, other, "calm", &[], email("Two"));
        when(app, &sent, "sent");
        assert_eq!(mailbox.rest().len(), 1);
    });
    on_both(|app| {
        // Without a mail server all waits.
        let customer = prepare(app);
        let id = queue_about(app, &customer, "dno_9", &[], email("One"));
        let caller = internal_caller("netterms", &[]).unwrap();
        let cancel = |tx: &mut Tx| cancel_about(tx, "dno_9", "the notice was withdrawn");
        assert_eq!(app.database().write(&caller, cancel).unwrap(), 1);
        assert_eq!(read(app, &id)["status"], "cancelled");
    });
}

#[test]
fn letters_are_printed_and_marked_as_posted_by_a_person() {
    on_both(|app| {
        let customer = prepare(app);
        let paid = invoice(app, "C-1", "INV-1", "2026-03-30", "1200.00");
        let first = queue_about(app, &customer, "dno_1", &[&paid], letter());
        let second = queue_about(app, &customer, "dno_2", &[], letter());
        let mail = queue_about(app, &customer, "dno_3", &[], email("One"));
        let credit = app.credit();
        let waiting = credit
            .get("/v1/messages?channel=letter&status=queued")
            .expect(200);
        assert_eq!(ids(&waiting), [second.clone(), first.clone()]);
        let kept = credit
            .get(&format!("/v1/messages/{first}/content"))
            .expect(200);
        assert_eq!(kept.header("content-type"), Some("application/pdf"));
        assert_eq!(kept.text, "%PDF-1.7 as good as");

        pay(app, "C-1", "INV-1", DAY, "1200.00");
        let print = credit.post("/v1/messages/print", json!({})).expect(200);
        assert_eq!(print["letters"][0]["id"], second);
        assert_eq!(print["cancelled"][0]["id"], first);
        credit.post("/v1/messages/print", json!({})).expect(200);

        let mark =
            |ids: &[&str]| credit.post("/v1/messages/mark-sent", json!({"message_ids": ids}));
        let refused = mark(&[&second, &mail]).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/message_ids/1");
        assert_eq!(read(app, &second)["status"], "queued");
        let marked = mark(&[&second]).expect(200);
        assert_eq!(marked["letters"][0]["status"], "sent");
        mark(&[&second]).expect_problem(422, "invalid");
        mark(&[&MessageId::new().to_string()]).expect_problem(404, "not_found");
        act(
            &credit,
            app,
            &mail,
            "cancel",
            json!({"reason": "Spoken to."}),
        )
        .expect(200);
        assert_eq!(read(app, &mail)["status_reason"], "Spoken to.");
        app.adds_up();
    });
}

fn notification(id: &str, action: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@mail.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"XX\"\r\n\r\n\
         --XX\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --XX\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n\
         Final-Recipient: rfc822; cfo@acme.example\r\nAction: {action}\r\nStatus: 5.2.2\r\n\
         Diagnostic-Code: smtp; 552 5.2.2 mailbox full\r\n\
         --XX\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}@northwind.example>\r\n\r\n--XX--\r\n"
    )
    .into_bytes()
}

#[test]
fn what_arrived_or_came_back_is_told_by_other_systems() {
    on_both_with_mail(|app, _, customer| {
        let system = app.system();
        let tell =
            |id: &str, body: Value| system.post(&format!("/v1/messages/{id}/delivery"), body);
        let post = |bytes: Vec<u8>, kind: &str| {
            system
                .request("POST", "/v1/messages/delivery-notifications")
                .header("Content-Type", kind)
                .bytes(bytes)
                .send()
        };
        let id = queue_about(app, customer, "dno_1", &[], email("One"));
        when(app, &id, "sent");
        post(notification(&id, "delayed"), "message/rfc822").expect(200);
        assert_eq!(read(app, &id)["status"], "sent");
        let delivered = json!({"outcome": "delivered", "occurred_at": "2026-04-01T11:00:00Z"});
        tell(&id, delivered.clone()).expect(200);
        tell(&id, delivered).expect(200);
        assert_eq!(read(app, &id)["ended_at"], "2026-04-01T11:00:00.000000Z");
        let bounced = post(notification(&id, "failed"), "message/rfc822").expect(200);
        assert_eq!(bounced["status"], "bounced");
        assert_eq!(
            bounced["status_reason"],
            "5.2.2 smtp; 552 5.2.2 mailbox full"
        );
        tell(&id, json!({"outcome": "delivered"})).expect_problem(409, "state_conflict");
        tell(
            &id,
            json!({"outcome": "bounced", "occurred_at": "2030-01-01T00:00:00Z"}),
        )
        .expect_problem(422, "invalid");
        post(
            b"Subject: Out of office\r\n\r\nAway.".to_vec(),
            "message/rfc822",
        )
        .expect_problem(400, "malformed_body");
        post(notification(&id, "failed"), "application/json")
            .expect_problem(415, "unsupported_media_type");
        let unknown = MessageId::new().to_string();
        post(notification(&unknown, "failed"), "message/rfc822").expect_problem(404, "not_found");
    });
}

#[test]
fn who_may_read_send_and_report() {
    on_both(|app| {
        let customer = prepare(app);
        let id = queue_about(app, &customer, "dno_1", &[], letter());
        let path = format!("/v1/messages/{id}");
        // Whose customer it is not does not see it; who owns it does.
        let other = app.caller("u-other", &[Role::Sales], None);
        other.get(&path).expect_problem(404, "not_found");
        other
            .get(&format!("{path}/content"))
            .expect_problem(404, "not_found");
        assert!(ids(&other.get("/v1/messages").expect(200)).is_empty());
        app.sales().get(&path).expect(200);
        app.auditor().get(&format!("{path}/content")).expect(200);
        let found = app
            .auditor()
            .get("/v1/messages?customer=C-1&about_id=dno_1&kind=dunning_notice");
        assert_eq!(ids(&found.expect(200)), std::slice::from_ref(&id));
        let none = app
            .auditor()
            .get("/v1/messages?customer=C-1&status=sent")
            .expect(200);
        assert!(ids(&none).is_empty());
        app.admin().get(&path).expect_problem(403, "forbidden");
        let body = json!({"message_ids": [id]});
        for client in [app.sales(), app.auditor(), app.system()] {
            client
                .post("/v1/messages/mark-sent", body.clone())
                .expect_problem(403, "forbidden");
        }
        app.finance()
            .post("/v1/messages/mark-sent", body)
            .expect(200);
        let told = json!({"outcome": "delivered"});
        let path = format!("{path}/delivery");
        app.finance()
            .post(&path, told.clone())
            .expect_problem(403, "forbidden");
        app.caller("post", &[Role::System], None)
            .post(&path, told)
            .expect(200);
    });
}
