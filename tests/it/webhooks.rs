//! Webhooks: delivered, signed, in order, again until they are received, and nowhere else.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;

use netterms::decide::limits::desk::Switch;
use netterms::server::config::Config;
use serde_json::{Value, json};

use crate::event_log::read_when;
use crate::support::{
    Received, Receiver, Reply, TestApp, a_customer, a_receipt, an_invoice, eventually, fresh_key,
    on_both, on_both_with,
};

const ENDPOINTS: &str = "/v1/webhook-endpoints";

/// On a server that may send to this machine.
pub fn on_both_inside(test: impl Fn(&TestApp)) {
    let inside = |config: &mut Config| {
        config.webhook_private_addresses = Switch::On;
        config.webhook_plain_http = Switch::On;
    };
    on_both_with(inside, |app| {
        // Later than the book was opened.
        app.turn_to("2027-03-01");
        test(app);
    });
}

/// An endpoint that was set up: its path and its secret.
pub struct Endpoint {
    pub path: String,
    pub secret: String,
}

pub fn set_up(app: &TestApp, url: &str, types: &[&str]) -> Endpoint {
    let made = app
        .admin()
        .post(ENDPOINTS, json!({"url": url, "event_types": types}))
        .expect(201);
    Endpoint {
        path: format!("{ENDPOINTS}/{}", made.text_at("/endpoint/id")),
        secret: made.text_at("/secret"),
    }
}

impl Endpoint {
    pub fn read(&self, app: &TestApp) -> Reply {
        app.admin().get(&self.path).expect(200)
    }

    pub fn deliveries(&self, app: &TestApp) -> Vec<Value> {
        let path = format!("{}/deliveries?limit=200", self.path);
        let page = app.admin().get(&path).expect(200);
        page["data"].as_array().unwrap().clone()
    }

    /// The deliveries, as soon as all of them, and so many, stand like this.
    fn when_all(&self, app: &TestApp, status: &str, count: usize) -> Vec<Value> {
        eventually(|| {
            let all = self.deliveries(app);
            let stand = all.iter().all(|delivery| delivery["status"] == status);
            (stand && all.len() == count).then_some(all)
        })
    }

    pub fn act(&self, app: &TestApp, verb: &str, body: Value) -> Reply {
        let etag = self.read(app).etag();
        let path = format!("{}/{verb}", self.path);
        app.admin().post_if(&path, &etag, body)
    }
}

pub fn reason() -> Value {
    json!({"reason": "So it was agreed."})
}

pub fn post_invoices(app: &TestApp, numbers: &[&str]) {
    for number in numbers {
        an_invoice(number, "C-1", "10.00")
            .dated("2027-02-01")
            .create(app);
    }
}

pub fn numbers(received: &[Received]) -> Vec<String> {
    let number = |one: &Received| one.event()["data"]["number"].as_str().unwrap().to_owned();
    received.iter().map(number).collect()
}

#[test]
fn what_happens_is_told_signed_as_the_standard_says() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted", "invoice.settled"]);
        a_customer("C-1").create(app);
        post_invoices(app, &["INV-1"]);
        a_receipt("R-1", "C-1", "4.00")
            .paying("INV-1", "4.00")
            .create(app);
        for expected in ["invoice.posted", "invoice.settled"] {
            let message = receiver.next();
            assert!(message.is_signed_with(&endpoint.secret));
            assert!(!message.is_signed_with("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
            assert_eq!(message.headers["content-type"], "application/json");
            let event = message.event();
            assert_eq!(event["type"], expected);
            assert_eq!(event["id"], message.id());
            let path = format!("/v1/events/{}", message.id());
            assert_eq!(app.finance().get(&path).expect(200).body, event);
        }
        let delivered = endpoint.when_all(app, "delivered", 2);
        assert_eq!(delivered[0]["answer_code"], 204);
        assert_eq!(delivered[0]["attempts"], 1);
        assert!(receiver.rest().is_empty());
    });
}

#[test]
fn a_secret_is_shown_once_and_again_for_the_same_key_alone() {
    on_both_inside(|app| {
        let send = |key: &str| {
            app.admin()
                .request("POST", ENDPOINTS)
                .key(key)
                .json(json!({"url": "https://erp.example.com/hooks"}))
                .send()
                .expect(201)
        };
        let key = fresh_key();
        let (first, again) = (send(&key), send(&key));
        assert_eq!(first.body, again.body);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_ne!(send(&fresh_key())["secret"], first["secret"]);
        let secret = first.text_at("/secret");
        let shown = app.admin().get(ENDPOINTS).expect(200);
        assert!(!shown.text.contains(&secret) && !shown.text.contains("secret\":"));
        let trail = app
            .auditor()
            .get("/v1/trail?action=webhook_endpoint.created")
            .expect(200);
        assert_eq!(trail["data"].as_array().unwrap().len(), 2);
        assert!(!trail.text.contains("\"secret\""), "{}", trail.text);
    });
}

#[test]
fn while_a_secret_is_rotated_both_sign() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        let rotated = endpoint
            .act(app, "rotate-secret", json!({"overlap_hours": 24}))
            .expect(200);
        let new = rotated.text_at("/secret");
        assert_ne!(new, endpoint.secret);
        assert!(rotated["endpoint"]["previous_secret_until"].is_string());
        post_invoices(app, &["INV-1"]);
        let both = receiver.next();
        assert!(both.is_signed_with(&new) && both.is_signed_with(&endpoint.secret));
        app.turn_to("2027-03-03");
        post_invoices(app, &["INV-2"]);
        let one = receiver.next();
        assert!(one.is_signed_with(&new) && !one.is_signed_with(&endpoint.secret));
    });
}

#[test]
fn what_is_not_received_is_sent_again_later_with_the_same_id() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        receiver.answer(|_| "503 Busy\r\nRetry-After: 7200".to_owned());
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        post_invoices(app, &["INV-1"]);
        let first = receiver.next();
        let tried = eventually(|| {
            let all = endpoint.deliveries(app);
            (all[0]["attempts"] == 1).then(|| all[0].clone())
        });
        assert_eq!(tried["status"], "pending");
        assert_eq!(tried["answer_code"], 503);
        assert!(tried["next_attempt_at"].as_str().unwrap() >= "2027-03-01T14:00:00");
        assert!(endpoint.read(app)["failing_since"].is_string());
        receiver.answer(|_| "200 OK".to_owned());
        app.turn_to("2027-03-02");
        let second = receiver.next();
        assert_eq!(second.id(), first.id());
        assert_eq!(second.body, first.body);
        let delivered = endpoint.when_all(app, "delivered", 1);
        assert_eq!(delivered[0]["attempts"], 2);
        eventually(|| endpoint.read(app)["failing_since"].is_null().then_some(()));
    });
}

#[test]
fn after_the_last_attempt_a_delivery_is_dead_until_it_is_replayed() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        // Others are received, so that the endpoint is not switched off.
        receiver.answer(|one| {
            let fails = one.event()["data"]["number"] == "INV-1";
            if fails { "500 Broken" } else { "204 Received" }.to_owned()
        });
        post_invoices(app, &["INV-1"]);
        for day in 1..=10 {
            let number = format!("OTHER-{day}");
            let message = receiver.next();
            assert_eq!(numbers(&[message]), ["INV-1"]);
            post_invoices(app, &[&number]);
            assert_eq!(numbers(&[receiver.next()]), [number]);
            eventually(|| {
                let all = endpoint.deliveries(app);
                let tried = all.iter().any(|delivery| delivery["attempts"] == day);
                let waits = all
                    .iter()
                    .filter(|delivery| delivery["status"] == "pending")
                    .count();
                ((tried || day == 1) && waits <= 1).then_some(())
            });
            app.turn_to(&format!("2027-03-{:02}", 2 * day + 1));
        }
        let all = eventually(|| {
            let all = endpoint.deliveries(app);
            all.iter()
                .any(|delivery| delivery["status"] == "dead")
                .then_some(all)
        });
        let dead: Vec<&Value> = all
            .iter()
            .filter(|delivery| delivery["status"] == "dead")
            .collect();
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0]["attempts"], 10);
        assert!(dead[0]["next_attempt_at"].is_null());
        receiver.answer(|_| "204 Received".to_owned());
        let id = dead[0]["id"].as_str().unwrap();
        let path = format!("{}/deliveries/{id}/replay", endpoint.path);
        app.admin().post(&path, json!({})).expect(200);
        assert_eq!(numbers(&[receiver.next()]), ["INV-1"]);
        endpoint.when_all(app, "delivered", 11);
    });
}

#[test]
fn an_endpoint_that_fails_for_three_days_is_switched_off_and_says_so() {
    on_both_inside(|app| {
        let (receiver, watcher) = (Receiver::start(), Receiver::start());
        receiver.answer(|_| "500 Broken".to_owned());
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        set_up(app, &watcher.url(), &["webhook_endpoint.disabled"]);
        a_customer("C-1").create(app);
        post_invoices(app, &["INV-1"]);
        receiver.next();
        eventually(|| {
            endpoint.read(app)["failing_since"]
                .is_string()
                .then_some(())
        });
        app.turn_to("2027-03-05");
        receiver.next();
        let off = watcher.next().event();
        assert_eq!(off["type"], "webhook_endpoint.disabled");
        assert_eq!(off["data"]["disabled_because"], "failing");
        let shown = endpoint.read(app);
        assert_eq!(shown["status"], "disabled");
        assert_eq!(shown["disabled_because"], "failing");
        post_invoices(app, &["INV-2"]);
        receiver.answer(|_| "204 Received".to_owned());
        endpoint.act(app, "enable", reason()).expect(200);
        app.turn_to("2027-03-06");
        let mut told = numbers(&[receiver.next(), receiver.next()]);
        told.sort();
        assert_eq!(told, ["INV-1", "INV-2"]);
    });
}

#[test]
fn an_endpoint_that_is_gone_is_switched_off_at_once() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        receiver.answer(|_| "410 Gone".to_owned());
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        post_invoices(app, &["INV-1"]);
        let dead = endpoint.when_all(app, "dead", 1);
        assert_eq!(dead[0]["answer_code"], 410);
        let shown = endpoint.read(app);
        assert_eq!(shown["disabled_because"], "gone");
    });
}

#[test]
fn of_one_resource_the_next_waits_for_the_one_before_and_others_do_not() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        receiver.answer(|one| {
            let fails = one.event()["data"]["number"] == "INV-1";
            if fails { "500 Broken" } else { "204 Received" }.to_owned()
        });
        set_up(app, &receiver.url(), &["invoice.posted", "invoice.settled"]);
        a_customer("C-1").create(app);
        post_invoices(app, &["INV-1"]);
        a_receipt("R-1", "C-1", "4.00")
            .paying("INV-1", "4.00")
            .create(app);
        post_invoices(app, &["INV-2"]);
        let mut came = numbers(&[receiver.next(), receiver.next()]);
        came.sort();
        assert_eq!(came, ["INV-1", "INV-2"]);
        receiver.answer(|_| "204 Received".to_owned());
        app.turn_to("2027-03-02");
        let again = [receiver.next(), receiver.next()];
        let types: Vec<Value> = again
            .iter()
            .map(|one| one.event()["type"].clone())
            .collect();
        assert_eq!(json!(types), json!(["invoice.posted", "invoice.settled"]));
    });
}

#[test]
fn two_servers_tell_everything_once() {
    on_both_inside(|app| {
        let other = app.another();
        other.turn_to("2027-03-01");
        let receiver = Receiver::start();
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        let all: Vec<String> = (0..40).map(|number| format!("INV-{number}")).collect();
        let names: Vec<&str> = all.iter().map(String::as_str).collect();
        post_invoices(app, &names);
        endpoint.when_all(app, "delivered", all.len());
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for number in numbers(&receiver.rest()) {
            *count.entry(number).or_default() += 1;
        }
        assert_eq!(count.len(), all.len());
        assert!(count.values().all(|times| *times == 1), "{count:?}");
    });
}

#[test]
fn an_endpoint_that_does_not_answer_holds_up_no_other() {
    on_both_inside(|app| {
        let (slow, quick) = (Receiver::start(), Receiver::start());
        let (release, wait) = channel::<()>();
        slow.answer(move |_| {
            let _ = wait.recv();
            "204 Received".to_owned()
        });
        let held = set_up(app, &slow.url(), &["invoice.posted"]);
        set_up(app, &quick.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        post_invoices(app, &["INV-1", "INV-2"]);
        let mut came = numbers(&[quick.next(), quick.next()]);
        came.sort();
        assert_eq!(came, ["INV-1", "INV-2"]);
        for delivery in held.deliveries(app) {
            assert_eq!(delivery["status"], "pending");
        }
        drop(release);
        held.when_all(app, "delivered", 2);
    });
}

#[test]
fn an_endpoint_is_told_again_from_an_instant_on() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        let endpoint = set_up(app, &receiver.url(), &["invoice.posted"]);
        a_customer("C-1").create(app);
        post_invoices(app, &["INV-1"]);
        app.turn_to("2027-03-02");
        post_invoices(app, &["INV-2"]);
        let first = [receiver.next(), receiver.next()];
        endpoint.when_all(app, "delivered", 2);
        let body = json!({"from": "2027-03-02T00:00:00Z", "reason": "A day was lost."});
        endpoint.act(app, "replay", body).expect(200);
        let again = receiver.next();
        assert_eq!(numbers(std::slice::from_ref(&again)), ["INV-2"]);
        let before = first
            .iter()
            .find(|one| numbers(&[(*one).clone()]) == ["INV-2"]);
        assert_eq!(again.id(), before.unwrap().id());
        endpoint.when_all(app, "delivered", 3);
        let body = json!({"from": "2027-03-05T00:00:00Z", "reason": "Too early."});
        endpoint
            .act(app, "replay", body)
            .expect_problem(422, "invalid");
    });
}

#[test]
fn a_shop_hears_what_is_available_and_one_message_waits_for_each_account() {
    on_both_inside(|app| {
        let receiver = Receiver::start();
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        receiver.answer(|_| "503 Busy".to_owned());
        let endpoint = set_up(app, &receiver.url(), &["account.available_changed"]);
        post_invoices(app, &["INV-1"]);
        receiver.next();
        let waits = eventually(|| {
            let all = endpoint.deliveries(app);
            (all[0]["attempts"] == 1).then_some(all)
        });
        assert_eq!(waits.len(), 1);
        post_invoices(app, &["INV-2", "INV-3", "INV-4"]);
        // Another endpoint tells when all that has been seen.
        let other = Receiver::start();
        set_up(app, &other.url(), &["invoice.posted"]);
        post_invoices(app, &["INV-5"]);
        other.next();
        receiver.answer(|_| "204 Received".to_owned());
        app.turn_to("2027-03-02");
        let event = receiver.next().event();
        assert_eq!(event["type"], "account.available_changed");
        assert_eq!(event["resource_id"], json!(customer.account));
        assert_eq!(event["customer_number"], "C-1");
        assert_eq!(event["data"]["available"]["amount"], "950.00");
        for delivery in endpoint.when_all(app, "delivered", endpoint.deliveries(app).len()) {
            assert_eq!(delivery["event_type"], "account.available_changed");
        }
        assert_eq!(endpoint.deliveries(app).len(), 1);
    });
}

#[test]
fn a_try_is_told_to_that_endpoint_alone_whatever_it_wants() {
    on_both_inside(|app| {
        let (one, other) = (Receiver::start(), Receiver::start());
        let tried = set_up(app, &one.url(), &["invoice.posted"]);
        let all = set_up(app, &other.url(), &[]);
        let path = format!("{}/test", tried.path);
        app.admin().post(&path, json!({})).expect(200);
        let received = one.next();
        assert_eq!(received.event()["type"], "webhook_endpoint.tested");
        assert!(received.is_signed_with(&tried.secret));
        a_customer("C-1").create(app);
        let mut types = Vec::new();
        while types.last() != Some(&json!("credit_account.opened")) {
            types.push(other.next().event()["type"].clone());
        }
        assert!(
            !types.contains(&json!("webhook_endpoint.tested")),
            "{types:?}"
        );
        all.act(app, "disable", reason()).expect(200);
        let path = format!("{}/test", all.path);
        app.admin()
            .post(&path, json!({}))
            .expect_problem(409, "state_conflict");
        all.act(app, "disable", reason())
            .expect_problem(409, "state_conflict");
    });
}

#[test]
fn what_leads_inside_is_refused_when_it_is_set_up_and_when_it_is_sent() {
    on_both(|app| {
        for url in [
            "http://erp.example.com/",
            "https://127.0.0.1/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://2130706433/",
            "https://me:secret@erp.example.com/",
            "no address",
        ] {
            app.admin()
                .post(ENDPOINTS, json!({"url": url}))
                .expect_problem(422, "invalid");
        }
        let endpoint = set_up(app, "https://localhost:1/", &["invoice.posted"]);
        a_customer("C-1").create(app);
        an_invoice("INV-1", "C-1", "10.00").create(app);
        let tried = eventually(|| {
            let all = endpoint.deliveries(app);
            all.first().filter(|one| one["attempts"] == 1).cloned()
        });
        assert_eq!(tried["failure"], "address_refused");
        assert!(tried["answer_code"].is_null());
    });
}

#[test]
fn only_administrators_set_endpoints_up_and_a_stale_one_is_not_changed() {
    on_both_inside(|app| {
        let body = json!({"url": "https://erp.example.com/hooks"});
        for client in [
            app.sales(),
            app.credit(),
            app.finance(),
            app.auditor(),
            app.system(),
        ] {
            client
                .post(ENDPOINTS, body.clone())
                .expect_problem(403, "forbidden");
        }
        let endpoint = set_up(app, "https://erp.example.com/hooks", &["invoice.posted"]);
        app.auditor().get(&endpoint.path).expect(200);
        app.finance()
            .get(&endpoint.path)
            .expect_problem(403, "forbidden");
        let admin = app.admin();
        let patch = json!({"description": "The ERP.", "event_types": ["invoice.settled"]});
        let changed = admin
            .patch(&endpoint.path, "\"1\"", patch.clone())
            .expect(200);
        assert_eq!(changed["event_types"], json!(["invoice.settled"]));
        assert_eq!(changed["description"], "The ERP.");
        admin
            .patch(&endpoint.path, "\"1\"", patch)
            .expect_problem(412, "stale");
        for (body, pointer) in [
            (
                json!({"event_types": ["invoice.posted", "invoice.lost"]}),
                "/event_types/1",
            ),
            (
                json!({"url": "https://10.0.0.1.sslip.example.com@10.0.0.1/"}),
                "/url",
            ),
        ] {
            let etag = endpoint.read(app).etag();
            let refused = admin.patch(&endpoint.path, &etag, body).expect(422);
            if pointer != "/url" {
                assert_eq!(refused.text_at("/errors/0/pointer"), pointer);
            }
        }
        endpoint.act(app, "remove", reason()).expect(200);
        admin.get(&endpoint.path).expect_problem(404, "not_found");
        let removed = read_when(&admin, "type=webhook_endpoint.removed", 1);
        assert_eq!(removed[0]["data"]["id"], removed[0]["resource_id"]);
        assert_eq!(removed[0]["data"]["description"], "The ERP.");
        // Where it is may hold a token of the receiver's, and is told to no other.
        assert!(!removed[0].to_string().contains("erp.example.com"));
    });
}
