//! Webhook endpoints: their secrets when the server's own is replaced, what waits for them, what they are never told, and how
//! they go.

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl as _};
use kernel::ids::{EventId, WebhookDeliveryId, WebhookEndpointId};
use netterms::connect::webhooks::model::{Delivery, DeliveryStatus};
use netterms::connect::webhooks::secrets::Vault;
use netterms::connect::webhooks::{actions, store};
use netterms::platform::db::{Conn, Db, DbError, Tx};
use netterms::platform::http::auth::internal_caller;
use netterms::server::housekeeping::sweep;
use serde_json::json;

use crate::event_log::read_when;
use crate::support::{Receiver, TestApp, a_customer, eventually, on_both};
use crate::webhooks::{Endpoint, numbers, on_both_inside, post_invoices, reason, set_up};

const ENDPOINTS: &str = "/v1/webhook-endpoints";

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(db: &mut Db, of: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS count FROM {of}");
    let row: Count = match db.conn() {
        Conn::Postgres(c) => diesel::sql_query(sql).get_result(&mut **c),
        Conn::Sqlite(c) => diesel::sql_query(sql).get_result(&mut **c),
    }
    .unwrap();
    row.count
}

fn run(app: &TestApp, sql: &str) {
    match app.database().reader().unwrap().conn() {
        Conn::Postgres(c) => c.batch_execute(sql).unwrap(),
        Conn::Sqlite(c) => c.batch_execute(sql).unwrap(),
    }
}

/// A secret as a server kept it that had another secret of its own.
fn sealed_by_another_server() -> String {
    let vault = Vault::derive(b"the secret of before, of more than thirty-two bytes");
    vault.unwrap().make().unwrap()
}

/// The first delivery, as soon as it was tried once.
fn when_tried(app: &TestApp, endpoint: &Endpoint) -> Delivery {
    let id: WebhookDeliveryId = eventually(|| {
        let all = endpoint.deliveries(app);
        let tried = all.iter().find(|one| one["attempts"] == 1)?;
        Some(tried["id"].as_str().unwrap().parse().unwrap())
    });
    let mut db = app.database().reader().unwrap();
    store::find_delivery(&mut db, id).unwrap().unwrap()
}

/// Writes deliveries that came later and were never tried, all about what this one is about.
fn write_more(app: &TestApp, like: &Delivery, count: i64) {
    let rows: Vec<Delivery> = (1..=count)
        .map(|at| Delivery {
            id: WebhookDeliveryId::new(),
            event_id: EventId::new(),
            seq: like.seq + at,
            status: DeliveryStatus::Pending,
            attempts: 0,
            next_attempt_at: Some(like.created_at),
            lease_until: None,
            ..like.clone()
        })
        .collect();
    let caller = internal_caller("netterms-webhooks", &[]).unwrap();
    let write = |tx: &mut Tx| store::insert_deliveries(tx, &rows);
    app.database().maintain(&caller, write).unwrap();
}

#[test]
fn after_the_servers_secret_was_replaced_a_rotated_endpoint_is_told_at_once() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        let other = sealed_by_another_server();
        run(
            app,
            &format!("UPDATE webhook_endpoints SET secret = '{other}'"),
        );
        post_invoices(app, &["INV-1"]);
        let rotated = endpoint
            .act(app, "rotate-secret", json!({"overlap_hours": 24}))
            .expect(200);
        let new = rotated.text_at("/secret");
        // The secret before could sign nothing, and is not kept.
        assert!(rotated["endpoint"]["previous_secret_until"].is_null());
        let told = receiver.next();
        assert_eq!(numbers(std::slice::from_ref(&told)), ["INV-1"]);
        assert!(told.is_signed_with(&new) && !told.is_signed_with(&endpoint.secret));
    });
}

#[test]
fn a_secret_of_before_that_cannot_be_opened_holds_up_nothing() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        let rotated = endpoint
            .act(app, "rotate-secret", json!({"overlap_hours": 24}))
            .expect(200);
        assert!(rotated["endpoint"]["previous_secret_until"].is_string());
        let other = sealed_by_another_server();
        run(
            app,
            &format!("UPDATE webhook_endpoints SET previous_secret = '{other}'"),
        );
        post_invoices(app, &["INV-1"]);
        let told = receiver.next();
        assert!(told.is_signed_with(&rotated.text_at("/secret")));
        assert!(!told.is_signed_with(&endpoint.secret));
    });
}

#[test]
fn what_waits_behind_a_refused_message_keeps_nothing_else_from_the_endpoint() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        receiver.answer(|one| {
            let fails = one.event()["data"]["number"] == "INV-1";
            let answer = if fails {
                "503 Busy\r\nRetry-After: 86400"
            } else {
                "204 Received"
            };
            answer.to_owned()
        });
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        post_invoices(app, &["INV-1"]);
        assert_eq!(numbers(&[receiver.next()]), ["INV-1"]);
        let refused = when_tried(app, &endpoint);
        write_more(app, &refused, 1_100);
        post_invoices(app, &["INV-2"]);
        assert_eq!(numbers(&[receiver.next()]), ["INV-2"]);
    });
}

#[test]
fn an_endpoint_that_is_removed_is_gone_at_once_and_forgotten_some_at_a_time() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        receiver.answer(|_| "503 Busy\r\nRetry-After: 86400".to_owned());
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        post_invoices(app, &["INV-1"]);
        let refused = when_tried(app, &endpoint);
        write_more(app, &refused, 1_200);
        let id: WebhookEndpointId = refused.endpoint_id;
        let caller = internal_caller("u-admin", &[]).unwrap();
        let because = "So it was agreed.".parse().unwrap();
        // Removing writes one row, whatever was delivered; and what is deleted then is deleted some at a time.
        let remove = |tx: &mut Tx| {
            let version = store::lock(tx, id)?.unwrap().version;
            actions::remove(tx, id, version, &because).unwrap();
            assert_eq!(count(tx, "webhook_deliveries"), 1_201);
            let emptied = "webhook_endpoints WHERE secret = '' AND previous_secret IS NULL";
            assert_eq!(count(tx, emptied), 1);
            assert_eq!(store::delete_removed(tx, 500)?, 500);
            assert_eq!(count(tx, "webhook_deliveries"), 701);
            Ok::<_, DbError>(())
        };
        app.database().write(&caller, remove).unwrap();
        let admin = app.admin();
        admin.get(&endpoint.path).expect_problem(404, "not_found");
        for path in [
            format!("{}/deliveries", endpoint.path),
            format!("{ENDPOINTS}/{id}"),
        ] {
            admin.get(&path).expect_problem(404, "not_found");
        }
        let replay = format!("{}/deliveries/{}/replay", endpoint.path, refused.id);
        admin
            .post(&replay, json!({}))
            .expect_problem(404, "not_found");
        admin
            .patch(&endpoint.path, "\"1\"", json!({"description": "Back."}))
            .expect_problem(404, "not_found");
        assert_eq!(admin.get(ENDPOINTS).expect(200)["data"], json!([]));
        // What it was is no status that anybody may ask for.
        admin
            .get(&format!("{ENDPOINTS}?status=removed"))
            .expect_problem(400, "malformed_parameter");
        sweep(app.database()).unwrap();
        let mut db = app.database().reader().unwrap();
        assert_eq!(count(&mut db, "webhook_deliveries"), 0);
        assert_eq!(count(&mut db, "webhook_endpoints"), 0);
    });
}

#[test]
fn removing_by_hand_leaves_room_for_another_endpoint() {
    on_both_inside(|app| {
        let made: Vec<Endpoint> = (0..50)
            .map(|at| {
                set_up(
                    app,
                    &format!("https://erp.example.com/{at}"),
                    &["invoice.posted"],
                )
            })
            .collect();
        let body = json!({"url": "https://erp.example.com/more"});
        app.admin()
            .post(ENDPOINTS, body.clone())
            .expect_problem(422, "invalid");
        made[0].act(app, "remove", reason()).expect(200);
        app.admin().post(ENDPOINTS, body).expect(201);
        let listed = app
            .admin()
            .get(&format!("{ENDPOINTS}?limit=100"))
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 50);
    });
}

#[test]
fn what_admins_and_systems_may_not_read_is_told_to_no_endpoint() {
    on_both(|app| {
        for (types, pointer) in [
            (json!(["rating.made"]), "/event_types/0"),
            (
                json!(["invoice.posted", "financial_statement.entered"]),
                "/event_types/1",
            ),
            (json!(["application.approved"]), "/event_types/0"),
        ] {
            let body = json!({"url": "https://erp.example.com/hooks", "event_types": types});
            let refused = app
                .admin()
                .post(ENDPOINTS, body)
                .expect_problem(422, "invalid");
            assert_eq!(refused.text_at("/errors/0/pointer"), pointer);
            assert_eq!(refused.text_at("/errors/0/code"), "not_told");
        }
        let endpoint = set_up(app, "https://erp.example.com/hooks", &["invoice.posted"]);
        let etag = endpoint.read(app).etag();
        let body = json!({"event_types": ["rating.made"]});
        let refused = app
            .admin()
            .patch(&endpoint.path, &etag, body)
            .expect_problem(422, "invalid");
        assert_eq!(refused.text_at("/errors/0/code"), "not_told");
    });
}

#[test]
fn an_endpoint_that_wants_all_is_told_what_admins_and_systems_may_read_now_and_by_replay() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        let all = set_up(app, &receiver.url(), &[]);
        a_customer("C-1").create(app);
        let deadline = json!({
            "kind": "review", "customer": "C-1", "due_on": "2027-04-01", "rule": "Three years from the due date",
        });
        app.credit().post("/v1/deadlines", deadline).expect(201);
        read_when(&app.credit(), "type=deadline.set", 1);
        post_invoices(app, &["INV-1"]);
        // The types of all deliveries, as soon as the invoice was told so often.
        let told = |times: usize| -> Vec<String> {
            eventually(|| {
                let all = all.deliveries(app);
                let types = all.iter().map(|one| one["event_type"].as_str().unwrap());
                let types: Vec<String> = types.map(str::to_owned).collect();
                let invoices = types.iter().filter(|of| *of == "invoice.posted").count();
                (invoices == times).then_some(types)
            })
        };
        let now = told(1);
        assert!(now.contains(&"customer.created".to_owned()), "{now:?}");
        let is_read_by_people = |of: &String| of.starts_with("deadline.");
        assert!(!now.iter().any(is_read_by_people), "{now:?}");
        let body = json!({"from": "2027-03-01T00:00:00Z", "reason": "A day was lost."});
        all.act(app, "replay", body).expect(200);
        let again = told(2);
        assert!(again.len() > now.len(), "{again:?}");
        assert!(!again.iter().any(is_read_by_people), "{again:?}");
    });
}
