//! Catalogues: shipped with a new book, changed by two persons, and never without what was once in them.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, on_both};

const REASONS: &str = "/v1/catalogues/dispute_reasons";

fn live(app: &TestApp) -> Reply {
    app.credit().get(REASONS).expect(200)
}

fn item(code: &str) -> Value {
    json!({"code": code, "texts": {"en": code, "zh-CN": "条目"}})
}

/// A body with all items that are live, changed as a test wants.
fn body(app: &TestApp, change: impl FnOnce(&mut Vec<Value>)) -> Value {
    let live = live(app);
    let mut items = live["items"].as_array().unwrap().clone();
    change(&mut items);
    json!({"texts": live["texts"], "items": items, "reason": "After the quarter's disputes."})
}

/// The next version, drafted by credit.
fn draft(app: &TestApp, change: impl FnOnce(&mut Vec<Value>)) -> Reply {
    let body = body(app, change);
    app.credit().post(&format!("{REASONS}/versions"), body)
}

fn path(version: &Reply) -> String {
    format!("{REASONS}/versions/{}", version["catalogue_version"])
}

fn approve(app: &TestApp, who: &str, roles: &[Role], version: &Reply) -> Reply {
    app.caller(who, roles, None).post_if(
        &format!("{}/approve", path(version)),
        &version.etag(),
        json!({"reason": "Agreed with sales."}),
    )
}

#[test]
fn a_new_book_has_catalogues_in_both_languages() {
    on_both(|app| {
        let listed = app.admin().get("/v1/catalogues").expect(200);
        let codes: Vec<&str> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|catalogue| catalogue["code"].as_str().unwrap())
            .collect();
        assert_eq!(
            codes,
            [
                "decline_reasons",
                "dispute_handlings",
                "dispute_reasons",
                "excuses",
                "instrument_kinds",
                "late_payment_regimes",
                "payment_methods",
                "reference_rates"
            ]
        );
        for catalogue in listed["data"].as_array().unwrap() {
            assert_eq!(catalogue["status"], "live");
            assert_eq!(catalogue["catalogue_version"], 1);
            assert_eq!(catalogue["retired_count"], 0);
        }
        let methods = app
            .system()
            .get("/v1/catalogues/payment_methods")
            .expect(200);
        let cheque = methods["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["code"] == "cheque")
            .unwrap();
        assert_eq!(cheque["texts"], json!({"en": "Cheque", "zh-CN": "支票"}));
        assert_eq!(cheque["attributes"]["presentation_days"], 10);
        assert_eq!(cheque["retired"], false);
        let paged = app.sales().get("/v1/catalogues?limit=2").expect(200);
        let next = paged.text_at("/next_cursor");
        let paged = app
            .sales()
            .get(&format!("/v1/catalogues?limit=2&cursor={next}"))
            .expect(200);
        assert_eq!(paged["data"][0]["code"], "dispute_reasons");
    });
}

#[test]
fn another_server_on_the_same_book_adds_nothing() {
    on_both(|app| {
        let drafted = draft(app, |items| items.push(item("weather"))).expect(201);
        approve(app, "u-finance", &[Role::Finance], &drafted).expect(200);
        let again = app.another();
        assert_eq!(live(&again)["catalogue_version"], 2);
        let versions = again.auditor().get(&format!("{REASONS}/versions"));
        assert_eq!(versions.expect(200)["data"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn another_person_sets_a_draft_live_and_the_one_before_is_retired() {
    on_both(|app| {
        let first = live(app);
        let drafted = draft(app, |items| {
            items.push(item("weather"));
            items[0]["retired"] = json!(true);
            items[1]["texts"]["fr"] = json!("Quantité fausse");
        })
        .expect(201);
        assert_eq!(drafted["catalogue_version"], 2);
        assert_eq!(drafted["status"], "draft");
        assert_eq!(
            drafted.header("location"),
            Some("/v1/catalogues/dispute_reasons?version=2")
        );
        assert_eq!(live(app)["catalogue_version"], 1);
        let changed = app
            .admin()
            .patch(
                &path(&drafted),
                &drafted.etag(),
                json!({"texts": {"en": "Why customers dispute"}, "reason": "A better name."}),
            )
            .expect(200);
        assert_eq!(changed["drafters"], json!(["u-credit", "u-admin"]));
        assert_eq!(changed["items"], drafted["items"]);
        let approved = approve(app, "u-finance", &[Role::Finance], &changed).expect(200);
        assert_eq!(approved["status"], "live");
        assert_eq!(approved["approver"], "u-finance");
        let now = live(app);
        assert_eq!(now["texts"], json!({"en": "Why customers dispute"}));
        assert_eq!(now["items"][0]["retired"], true);
        assert_eq!(now["items"][1]["texts"]["fr"], "Quantité fausse");
        let before = app.sales().get(&format!("{REASONS}?version=1")).expect(200);
        assert_eq!(before["status"], "retired");
        assert!(before["retired_at"].is_string());
        assert_eq!(before["items"], first["items"]);
        let listed = app
            .auditor()
            .get(&format!("{REASONS}/versions"))
            .expect(200);
        assert_eq!(listed["data"][0]["catalogue_version"], 2);
        assert_eq!(listed["data"][0]["retired_count"], 1);
        assert_eq!(listed["data"][1]["status"], "retired");
        let live = app
            .auditor()
            .get(&format!("{REASONS}/versions?status=live"))
            .expect(200);
        assert_eq!(live["data"].as_array().unwrap().len(), 1);
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", approved.id()))
            .expect(200);
        let actions: Vec<&str> = trail["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        for action in ["catalogue.drafted", "catalogue.changed", "catalogue.live"] {
            assert!(actions.contains(&action), "{actions:?}");
        }
    });
}

#[test]
fn nobody_who_wrote_a_draft_sets_it_live() {
    on_both(|app| {
        let drafted = draft(app, |_| {}).expect(201);
        approve(app, "u-credit", &[Role::Credit, Role::Finance], &drafted)
            .expect_problem(403, "segregation_of_duties");
        approve(app, "u-admin", &[Role::Admin], &drafted).expect_problem(403, "forbidden");
        app.sales()
            .post(&format!("{REASONS}/versions"), body(app, |_| {}))
            .expect_problem(403, "forbidden");
        let changed = app
            .caller("u-second", &[Role::Finance], None)
            .patch(
                &path(&drafted),
                &drafted.etag(),
                json!({"reason": "Read over."}),
            )
            .expect(200);
        approve(app, "u-second", &[Role::Finance], &changed)
            .expect_problem(403, "segregation_of_duties");
        approve(app, "u-third", &[Role::Credit], &changed).expect(200);
    });
}

#[test]
fn what_was_live_retires_and_never_vanishes() {
    on_both(|app| {
        let refused = draft(app, |items| {
            items.remove(0);
        })
        .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "vanished");
        assert_eq!(refused["errors"][0]["pointer"], "/items");
        assert!(refused.text_at("/errors/0/message").contains("quality"));
        // A draft that was sound when it was written, and is not when another one has gone live.
        let late = draft(app, |_| {}).expect(201);
        let early = draft(app, |items| items.push(item("weather"))).expect(201);
        approve(app, "u-finance", &[Role::Finance], &early).expect(200);
        let refused =
            approve(app, "u-finance", &[Role::Finance], &late).expect_problem(422, "invalid");
        assert!(refused.text_at("/errors/0/message").contains("weather"));
        let mut items = live(app)["items"].as_array().unwrap().clone();
        items.pop();
        app.credit()
            .patch(
                &path(&late),
                &late.etag(),
                json!({"items": items, "reason": "Without."}),
            )
            .expect_problem(422, "invalid");
        // An item that was only ever drafted may go.
        let drafted = draft(app, |items| items.push(item("moon"))).expect(201);
        let all = live(app)["items"].clone();
        app.credit()
            .patch(
                &path(&drafted),
                &drafted.etag(),
                json!({"items": all, "reason": "Without the moon."}),
            )
            .expect(200);
    });
}

#[test]
fn a_live_version_never_changes_and_a_stale_reader_is_told_so() {
    on_both(|app| {
        let drafted = draft(app, |_| {}).expect(201);
        let body = json!({"reason": "A small change."});
        let changed = app
            .credit()
            .patch(&path(&drafted), &drafted.etag(), body.clone())
            .expect(200);
        approve(app, "u-finance", &[Role::Finance], &drafted).expect_problem(412, "stale");
        app.credit()
            .request("PATCH", &path(&drafted))
            .json(body.clone())
            .send()
            .expect_problem(428, "precondition_required");
        let approved = approve(app, "u-finance", &[Role::Finance], &changed).expect(200);
        app.credit()
            .patch(&path(&drafted), &approved.etag(), body)
            .expect_problem(409, "state_conflict");
        approve(app, "u-third", &[Role::Credit], &approved).expect_problem(409, "state_conflict");
    });
}

#[test]
fn a_retried_approval_sets_live_once() {
    on_both(|app| {
        let drafted = draft(app, |_| {}).expect(201);
        let request = || {
            app.finance()
                .request("POST", &format!("{}/approve", path(&drafted)))
                .header("If-Match", &drafted.etag())
                .json(json!({"reason": "Agreed."}))
        };
        let first = request().key("k-1").send().expect(200);
        let again = request().key("k-1").send().expect(200);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        request()
            .send()
            .expect_problem(400, "idempotency_key_missing");
        let send = || {
            app.credit()
                .request("POST", &format!("{REASONS}/versions"))
                .key("k-2")
                .json(body(app, |_| {}))
                .send()
                .expect(201)
        };
        assert_eq!(send().id(), send().id());
    });
}

#[test]
fn drafts_that_are_made_at_once_get_numbers_of_their_own() {
    on_both(|app| {
        let body = body(app, |_| {});
        let mut numbers: Vec<i64> = std::thread::scope(|scope| {
            let drafts: Vec<_> = (0..4)
                .map(|_| {
                    let body = body.clone();
                    scope.spawn(move || {
                        let made = app.credit().post(&format!("{REASONS}/versions"), body);
                        made.expect(201)["catalogue_version"].as_i64().unwrap()
                    })
                })
                .collect();
            drafts
                .into_iter()
                .map(|draft| draft.join().unwrap())
                .collect()
        });
        numbers.sort_unstable();
        assert_eq!(numbers, [2, 3, 4, 5]);
    });
}

#[test]
fn what_is_unknown_or_malformed_is_pointed_at() {
    on_both(|app| {
        for path in [
            "/v1/catalogues/dragons",
            "/v1/catalogues/dragons/versions",
            "/v1/catalogues/dispute_reasons?version=9",
            "/v1/catalogues/Dispute",
        ] {
            app.credit().get(path).expect_problem(404, "not_found");
        }
        app.credit()
            .post("/v1/catalogues/dragons/versions", body(app, |_| {}))
            .expect_problem(404, "not_found");
        app.credit()
            .patch(
                &format!("{REASONS}/versions/7"),
                "\"1\"",
                json!({"reason": "None."}),
            )
            .expect_problem(404, "not_found");
        app.credit()
            .get(&format!("{REASONS}?version=first"))
            .expect_problem(400, "malformed_parameter");
        let malformed: [(Value, &str); 7] = [
            (
                json!({"code": "A B", "texts": {"en": "A"}}),
                "/items/0/code",
            ),
            (
                json!({"code": "a", "texts": {"zh-CN": "甲"}}),
                "/items/0/texts",
            ),
            (
                json!({"code": "a", "texts": {"en": "A", "Chinese": "甲"}}),
                "/items/0/texts",
            ),
            (
                json!({"code": "a", "texts": {"en": ""}}),
                "/items/0/texts/en",
            ),
            (
                json!({"code": "a", "texts": {"en": "A"}, "attributes": {"deep": {"a": 1}}}),
                "/items/0/attributes/deep",
            ),
            (
                json!({"code": "a", "texts": {"en": "A"}, "retired": "yes"}),
                "/items/0/retired",
            ),
            (
                json!({"code": "a", "texts": {"en": "A"}, "colour": "red"}),
                "/items/0/colour",
            ),
        ];
        for (wrong, pointer) in malformed {
            let refused =
                draft(app, |items| items[0] = wrong.clone()).expect_problem(400, "malformed_body");
            let told = refused.text_at("/errors/0/pointer");
            assert!(told.starts_with(pointer), "{told} for {wrong}");
        }
        draft(app, Vec::clear).expect_problem(400, "malformed_body");
        let refused =
            draft(app, |items| items.push(items[3].clone())).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "repeated");
        assert_eq!(refused["errors"][0]["pointer"], "/items/15/code");
    });
}
