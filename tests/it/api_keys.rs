//! API keys: shown once, held to what they were made for, replaced while they are used, and ended at once.

use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, a_customer, eventually, fresh_key, on_both};

const KEYS: &str = "/v1/api-keys";

/// A key that was made: its path and its text.
struct Key {
    path: String,
    id: String,
    text: String,
}

fn make(app: &TestApp, change: impl FnOnce(&mut Value)) -> Reply {
    let mut body = json!({
        "name": "Order desk", "role": "system", "scopes": ["limits:check", "limits:check", "customers:read"],
    });
    change(&mut body);
    app.admin().post(KEYS, body)
}

fn made(app: &TestApp, change: impl FnOnce(&mut Value)) -> Key {
    let reply = make(app, change).expect(201);
    let id = reply.text_at("/api_key/id");
    Key {
        path: format!("{KEYS}/{id}"),
        id,
        text: reply.text_at("/key"),
    }
}

fn with<'a>(app: &'a TestApp, text: &str) -> Client<'a> {
    Client::new(app, Some(text.to_owned()))
}

impl Key {
    fn read(&self, app: &TestApp) -> Reply {
        app.auditor().get(&self.path).expect(200)
    }

    fn act(&self, app: &TestApp, verb: &str, body: Value) -> Reply {
        let etag = self.read(app).etag();
        let path = format!("{}/{verb}", self.path);
        app.admin().post_if(&path, &etag, body)
    }
}

fn check() -> Value {
    json!({"customer": "C-1", "amount": {"amount": "10.00", "currency": "CNY"}, "reserve": false})
}

#[test]
fn a_key_does_what_it_was_made_for_and_nothing_else() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let key = made(app, |_| {});
        let desk = with(app, &key.text);
        desk.get("/v1/customers/C-1").expect(200);
        desk.post("/v1/limit-checks", check()).expect(200);
        let refused = desk.get("/v1/invoices").expect_problem(403, "out_of_scope");
        assert_eq!(refused["scope"], "receivables:read");
        // What its role may not do, it may not either.
        desk.get("/v1/trail").expect_problem(403, "forbidden");
        desk.get(KEYS).expect_problem(403, "forbidden");
        desk.get("/v1/me").expect_problem(403, "out_of_scope");
        let shown = key.read(app);
        assert_eq!(shown["scopes"], json!(["customers:read", "limits:check"]));
        assert_eq!(shown["status"], "active");
        eventually(|| key.read(app)["last_used_at"].is_string().then_some(()));
    });
}

#[test]
fn what_a_key_does_is_done_in_its_name() {
    on_both(|app| {
        let key = made(app, |_| {});
        a_customer("C-1").with_limit("1000.00").create(app);
        let mut order = check();
        order["reserve"] = json!(true);
        order["order_number"] = json!("SO-1");
        with(app, &key.text)
            .post("/v1/limit-checks", order)
            .expect(200);
        let reserved = app
            .auditor()
            .get("/v1/trail?action=reservation.created")
            .expect(200);
        assert_eq!(
            reserved["data"][0]["subject"],
            format!("api-key:{}", key.id)
        );
        let trail = app.auditor().get("/v1/trail?limit=200").expect(200);
        let created = trail["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["action"] == "api_key.created");
        assert_eq!(created.unwrap()["subject"], "u-admin");
        assert!(!trail.text.contains("hash") && !trail.text.contains(&key.text));
    });
}

#[test]
fn nobody_makes_a_key_that_approves() {
    on_both(|app| {
        for role in ["finance", "credit", "sales", "admin"] {
            make(app, |body| body["role"] = json!(role)).expect_problem(400, "malformed_body");
        }
        for (role, scope) in [
            ("system", "applications:decide"),
            ("system", "credit-blocks:decide"),
            ("system", "api-keys:manage"),
            ("auditor", "limits:check"),
            ("auditor", "cash:post"),
        ] {
            let refused = make(app, |body| {
                body["role"] = json!(role);
                body["scopes"] = json!([scope]);
            })
            .expect_problem(422, "invalid");
            assert_eq!(refused["errors"][0]["pointer"], "/scopes/0");
            assert_eq!(refused["errors"][0]["code"], "not_of_role");
        }
        let unknown = make(app, |body| {
            body["scopes"] = json!(["limits:check", "limits:chek"]);
        })
        .expect_problem(422, "invalid");
        assert_eq!(unknown["errors"][0]["code"], "unknown_scope");
        make(app, |body| body["scopes"] = json!([])).expect_problem(400, "malformed_body");
        make(app, |body| body["requests_per_second"] = json!(0))
            .expect_problem(400, "malformed_body");
        make(app, |body| {
            body["expires_at"] = json!("2020-01-01T00:00:00Z");
        })
        .expect_problem(422, "invalid");
        for client in [app.finance(), app.credit(), app.auditor(), app.system()] {
            let body = json!({"name": "x", "role": "system", "scopes": ["limits:check"]});
            client.post(KEYS, body).expect_problem(403, "forbidden");
        }
    });
}

#[test]
fn a_key_is_shown_once_and_again_for_the_same_idempotency_key_alone() {
    on_both(|app| {
        let send = |key: &str| {
            app.admin()
                .request("POST", KEYS)
                .key(key)
                .json(json!({"name": "ERP", "role": "system", "scopes": ["invoices:post"]}))
                .send()
                .expect(201)
        };
        let idempotent = fresh_key();
        let (first, again) = (send(&idempotent), send(&idempotent));
        assert_eq!(first.body, again.body);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let text = first.text_at("/key");
        let (_, secret) = text
            .rsplit_once('_')
            .map_or(("", text.as_str()), |both| both);
        for path in [KEYS, "/v1/trail?limit=200", "/v1/events?limit=200"] {
            let client = if path == KEYS {
                app.admin()
            } else {
                app.auditor()
            };
            let shown = client.get(path).expect(200);
            assert!(!shown.text.contains(secret), "{path}");
            assert!(!shown.text.contains("secret_hash"), "{path}");
        }
        let events = app
            .admin()
            .get("/v1/events?type=api_key.created")
            .expect(200);
        assert_eq!(events["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_key_is_replaced_while_it_is_used() {
    on_both(|app| {
        let key = made(app, |_| {});
        with(app, &key.text).get("/v1/customers").expect(200);
        let rotated = key
            .act(app, "rotate", json!({"overlap_hours": 24}))
            .expect(200);
        let new = rotated.text_at("/key");
        assert_ne!(new, key.text);
        assert!(rotated["api_key"]["previous_until"].is_string());
        for text in [&key.text, &new] {
            with(app, text).get("/v1/customers").expect(200);
        }
        let later = app.clock().now().plus(chrono::Duration::hours(25));
        app.clock().turn_to(later);
        with(app, &key.text)
            .get("/v1/customers")
            .expect_problem(401, "token_invalid");
        with(app, &new).get("/v1/customers").expect(200);
        let newest = key
            .act(app, "rotate", json!({"overlap_hours": 0}))
            .expect(200);
        with(app, &new)
            .get("/v1/customers")
            .expect_problem(401, "token_invalid");
        with(app, &newest.text_at("/key"))
            .get("/v1/customers")
            .expect(200);
    });
}

#[test]
fn a_revoked_key_lets_nobody_in_from_then_on() {
    on_both(|app| {
        let key = made(app, |_| {});
        with(app, &key.text).get("/v1/customers").expect(200);
        let reason = json!({"reason": "It stood in a log of the order system."});
        let revoked = key.act(app, "revoke", reason.clone()).expect(200);
        assert_eq!(revoked["status"], "revoked");
        with(app, &key.text)
            .get("/v1/customers")
            .expect_problem(401, "token_invalid");
        key.act(app, "revoke", reason)
            .expect_problem(409, "state_conflict");
        key.act(app, "rotate", json!({}))
            .expect_problem(409, "state_conflict");
        app.admin()
            .post_if(&format!("{}/rotate", key.path), "\"1\"", json!({}))
            .expect_problem(412, "stale");
        app.admin()
            .post(&format!("{}/revoke", key.path), json!({"reason": "x"}))
            .expect_problem(428, "precondition_required");
        // Another server hears of it as well, a few seconds later.
        let other = app.another();
        with(&other, &key.text)
            .get("/v1/customers")
            .expect_problem(401, "token_invalid");
    });
}

#[test]
fn an_expired_key_says_so() {
    on_both(|app| {
        let end = app.clock().now().plus(chrono::Duration::hours(1));
        let key = made(app, |body| body["expires_at"] = json!(end));
        with(app, &key.text).get("/v1/customers").expect(200);
        app.clock().turn_to(end);
        with(app, &key.text)
            .get("/v1/customers")
            .expect_problem(401, "token_expired");
        assert_eq!(key.read(app)["status"], "expired");
        key.act(app, "rotate", json!({}))
            .expect_problem(409, "state_conflict");
    });
}

#[test]
fn what_is_no_key_lets_nobody_in() {
    on_both(|app| {
        let key = made(app, |_| {});
        let (number, secret) = key.text.split_at(key.text.len() - 43);
        let other_secret: String = secret.chars().rev().collect();
        for text in [
            "ntk_".to_owned(),
            number.to_owned(),
            format!("{number}{}", "A".repeat(43)),
            format!("{number}{other_secret}"),
            format!("{}x", key.text),
            key.text.to_uppercase(),
            key.id.clone(),
            format!("ntk_{}_{secret}", "0".repeat(32)),
        ] {
            with(app, &text)
                .get("/v1/customers")
                .expect_problem(401, "token_invalid");
        }
        app.anonymous()
            .get(&format!("/v1/customers?api_key={}", key.text))
            .expect_problem(401, "token_missing");
        app.admin()
            .get("/v1/api-keys/key_01k00000000000000000000001")
            .expect_problem(404, "not_found");
        app.admin()
            .get("/v1/api-keys?role=emperor")
            .expect_problem(400, "malformed_parameter");
        let auditors = app.admin().get("/v1/api-keys?role=auditor").expect(200);
        assert_eq!(auditors["data"], json!([]));
    });
}

#[test]
fn a_key_of_an_auditor_reads_the_events_of_its_scopes_alone() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let key = made(app, |body| {
            body["role"] = json!("auditor");
            body["scopes"] = json!(["events:read", "customers:read"]);
        });
        let all = app.auditor().get("/v1/events?limit=200").expect(200);
        let seen = with(app, &key.text).get("/v1/events?limit=200").expect(200);
        let types = |reply: &Reply| {
            let mut types: Vec<String> = reply["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|event| event["type"].as_str().unwrap().to_owned())
                .collect();
            types.sort();
            types.dedup();
            types
        };
        assert!(types(&all).contains(&"api_key.created".to_owned()));
        assert_eq!(types(&seen), ["customer.created"]);
    });
}

#[test]
fn a_key_of_an_auditor_reads_of_the_trail_what_its_scopes_let_it_read() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let key = |scopes: Value| {
            made(app, |body| {
                body["role"] = json!("auditor");
                body["scopes"] = scopes;
            })
        };
        let actions = |reply: &Reply| {
            let mut actions: Vec<String> = reply["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| entry["action"].as_str().unwrap().to_owned())
                .collect();
            actions.sort();
            actions.dedup();
            actions
        };
        let read = |key: &Key| with(app, &key.text).get("/v1/trail?limit=200").expect(200);
        let alone = key(json!(["trail:read"]));
        assert_eq!(actions(&read(&alone)), [""; 0]);
        let customers = key(json!(["trail:read", "customers:read"]));
        let seen = read(&customers);
        assert_eq!(actions(&seen), ["customer.created"]);
        // As much as the event tells, and no more.
        let whole = app
            .auditor()
            .get("/v1/trail?action=customer.created")
            .expect(200);
        let members = |entry: &Value| entry["after"].as_object().unwrap().len();
        assert!(members(&seen["data"][0]) < members(&whole["data"][0]));
        assert!(actions(&app.auditor().get("/v1/trail?limit=200").expect(200)).len() > 2);
        let proof = with(app, &customers.text).get("/v1/trail/proof");
        proof.expect_problem(403, "out_of_scope");
    });
}

#[test]
fn however_many_guess_keys_whoever_has_one_is_let_in() {
    on_both(|app| {
        let key = made(app, |_| {});
        let desk = with(app, &key.text);
        desk.get("/v1/customers").expect(200);
        let secret = &key.text[key.text.len() - 43..];
        std::thread::scope(|scope| {
            for part in 0..6_u32 {
                scope.spawn(move || {
                    for guess in 0..200_u32 {
                        let number = format!("{part:016x}{guess:016x}");
                        with(app, &format!("ntk_{number}_{secret}"))
                            .get("/v1/customers")
                            .expect_problem(401, "token_invalid");
                    }
                });
            }
            for _ in 0..50 {
                desk.get("/v1/customers").expect(200);
            }
        });
        // One that is made now is known now.
        let new = made(app, |_| {});
        with(app, &new.text).get("/v1/customers").expect(200);
    });
}
