//! The credit policy: drafted by one person, set live by another.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, on_both};
use kernel::caller::Role;

fn live(app: &TestApp) -> Reply {
    app.credit().get("/v1/policies/live").expect(200)
}

/// The live document with a change, drafted by credit.
fn draft(app: &TestApp, change: impl FnOnce(&mut Value)) -> Reply {
    let mut document = live(app)["document"].clone();
    change(&mut document);
    app.credit().post(
        "/v1/policies",
        json!({"document": document, "reason": "Tighter after a year of losses."}),
    )
}

fn approve(app: &TestApp, who: &str, roles: &[Role], policy: &Reply) -> Reply {
    app.caller(who, roles, None).post_if(
        &format!("/v1/policies/{}/approve", policy.id()),
        &policy.etag(),
        json!({"reason": "Agreed in the credit committee."}),
    )
}

#[test]
fn a_new_house_has_a_live_policy() {
    on_both(|app| {
        let live = live(app);
        assert_eq!(live["policy_version"], 1);
        assert_eq!(live["status"], "live");
        assert_eq!(live["document"]["applications"]["answer_days"], 30);
        let same = app
            .sales()
            .get(&format!("/v1/policies/{}", live.id()))
            .expect(200);
        assert_eq!(same.body, live.body);
        app.sales()
            .get("/v1/policies/pol_01k00000000000000000000009")
            .expect_problem(404, "not_found");
    });
}

#[test]
fn another_person_sets_a_draft_live_and_the_one_before_is_retired() {
    on_both(|app| {
        let first = live(app);
        let drafted = draft(app, |document| {
            document["applications"]["answer_days"] = json!(10);
        })
        .expect(201);
        assert_eq!(drafted["policy_version"], 2);
        assert_eq!(drafted["status"], "draft");
        assert_eq!(live(app)["policy_version"], 1);
        let approved = approve(app, "u-finance", &[Role::Finance], &drafted).expect(200);
        assert_eq!(approved["status"], "live");
        assert_eq!(approved["author"], "u-credit");
        assert_eq!(approved["approver"], "u-finance");
        assert_eq!(live(app)["document"]["applications"]["answer_days"], 10);
        let retired = app
            .credit()
            .get(&format!("/v1/policies/{}", first.id()))
            .expect(200);
        assert_eq!(retired["status"], "retired");
        assert!(retired["retired_at"].is_string());
        assert_eq!(retired["document"], first["document"]);
        let listed = app.auditor().get("/v1/policies").expect(200);
        let versions: Vec<_> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|policy| policy["policy_version"].as_i64().unwrap())
            .collect();
        assert_eq!(versions, [2, 1]);
        let listed = app.auditor().get("/v1/policies?status=retired").expect(200);
        assert_eq!(listed["data"][0]["policy_version"], 1);
    });
}

#[test]
fn nobody_who_wrote_a_draft_sets_it_live() {
    on_both(|app| {
        let drafted = draft(app, |_| {}).expect(201);
        approve(app, "u-credit", &[Role::Credit, Role::Finance], &drafted)
            .expect_problem(403, "segregation_of_duties");
        // Who changes a draft has written it too.
        let changed = app
            .caller("u-second", &[Role::Credit], None)
            .put(
                &format!("/v1/policies/{}", drafted.id()),
                &drafted.etag(),
                json!({"document": drafted["document"], "reason": "Read over."}),
            )
            .expect(200);
        assert_eq!(changed["drafters"], json!(["u-credit", "u-second"]));
        for author in ["u-credit", "u-second"] {
            approve(app, author, &[Role::Finance], &changed)
                .expect_problem(403, "segregation_of_duties");
        }
        approve(app, "u-admin", &[Role::Admin], &changed).expect_problem(403, "forbidden");
        approve(app, "u-third", &[Role::Credit], &changed).expect(200);
    });
}

#[test]
fn a_live_version_never_changes() {
    on_both(|app| {
        let drafted = draft(app, |_| {}).expect(201);
        let live = approve(app, "u-finance", &[Role::Finance], &drafted).expect(200);
        let body = json!({"document": live["document"], "reason": "A small change."});
        let path = format!("/v1/policies/{}", live.id());
        app.credit()
            .put(&path, &live.etag(), body.clone())
            .expect_problem(409, "state_conflict");
        approve(app, "u-third", &[Role::Credit], &live).expect_problem(409, "state_conflict");
        app.credit()
            .put(&path, &drafted.etag(), body)
            .expect_problem(412, "stale");
    });
}

#[test]
fn a_policy_that_makes_no_sense_is_pointed_at() {
    on_both(|app| {
        let refused = draft(app, |document| {
            document["reservations"]["days_default"] = json!(90);
            document["reservations"]["days_max"] = json!(30);
            document["authority"][1]["level"] = json!(1);
            document["authority"][2]["role"] = json!("sales");
        })
        .expect_problem(422, "invalid");
        let pointers: Vec<_> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(
            pointers,
            [
                "/document/authority/1/level",
                "/document/authority/2/role",
                "/document/reservations/days_default"
            ]
        );
        let malformed: [fn(&mut Value); 6] = [
            |document| document["authority"][0]["level"] = json!(10),
            |document| document["authority"][0]["amounts"]["CNY"] = json!("-1.00"),
            |document| document["authority"][0]["amounts"]["CNY"] = json!("1e9"),
            |document| document["levels_by_subject"] = json!({"u-1": 0}),
            |document| document["applications"]["answer_days"] = json!(0),
            |document| document["surprise"] = json!(1),
        ];
        for change in malformed {
            let refused = draft(app, change).expect_problem(400, "malformed_body");
            let pointer = refused.text_at("/errors/0/pointer");
            assert!(pointer.starts_with("/document"), "{pointer}");
        }
    });
}

#[test]
fn a_retried_approval_sets_live_once() {
    on_both(|app| {
        let drafted = draft(app, |_| {}).expect(201);
        let send = || {
            app.finance()
                .request("POST", &format!("/v1/policies/{}/approve", drafted.id()))
                .key("k-1")
                .header("If-Match", &drafted.etag())
                .json(json!({"reason": "Agreed."}))
                .send()
                .expect(200)
        };
        let first = send();
        let again = send();
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        app.finance()
            .request("POST", &format!("/v1/policies/{}/approve", drafted.id()))
            .header("If-Match", &drafted.etag())
            .json(json!({"reason": "Agreed."}))
            .send()
            .expect_problem(400, "idempotency_key_missing");
    });
}

#[test]
fn drafts_that_are_made_at_once_get_numbers_of_their_own() {
    on_both(|app| {
        let document = live(app)["document"].clone();
        let mut numbers: Vec<i64> = std::thread::scope(|scope| {
            let drafts: Vec<_> = (0..4)
                .map(|_| {
                    let body = json!({"document": document, "reason": "At once."});
                    scope.spawn(move || {
                        let made = app.credit().post("/v1/policies", body).expect(201);
                        made["policy_version"].as_i64().unwrap()
                    })
                })
                .collect();
            drafts.into_iter().map(|d| d.join().unwrap()).collect()
        });
        numbers.sort_unstable();
        assert_eq!(numbers, [2, 3, 4, 5]);
    });
}

#[test]
fn drafts_that_are_set_live_at_once_leave_one_live() {
    on_both(|app| {
        let drafts: Vec<Reply> = (0..3).map(|_| draft(app, |_| {}).expect(201)).collect();
        std::thread::scope(|scope| {
            for drafted in &drafts {
                scope.spawn(move || {
                    approve(app, "u-finance", &[Role::Finance], drafted).expect(200);
                });
            }
        });
        let listed = app.auditor().get("/v1/policies?status=live").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        let listed = app.auditor().get("/v1/policies?status=retired").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn sales_and_systems_draft_no_policy() {
    on_both(|app| {
        let body = json!({"document": live(app)["document"], "reason": "More for me."});
        for caller in [app.sales(), app.system(), app.auditor()] {
            caller
                .post("/v1/policies", body.clone())
                .expect_problem(403, "forbidden");
        }
        app.admin().post("/v1/policies", body).expect(201);
        app.anonymous()
            .get("/v1/policies/live")
            .expect_problem(401, "token_missing");
        app.system()
            .get("/v1/policies/live")
            .expect_problem(403, "forbidden");
    });
}
