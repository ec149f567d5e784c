//! What dunning procedures say, by version: drafted by one person, set live by another, and kept by the runs.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::dunning::{
    approve, colleague, invoice, issue, level, list, notices, preview, set_levels,
};
use crate::support::{Reply, TestApp, a_customer, on_both};

/// The procedure that a new book begins with.
fn standard(app: &TestApp) -> String {
    let found = list(&app.credit(), "/v1/dunning-procedures");
    let standard = found.iter().find(|found| found["usage"] == "default");
    format!(
        "/v1/dunning-procedures/{}",
        standard.unwrap()["id"].as_str().unwrap()
    )
}

fn draft(app: &TestApp, procedure: &str, levels: Value) -> Reply {
    app.credit().post(
        &format!("{procedure}/versions"),
        json!({"levels": levels, "reason": "Banks need a week."}),
    )
}

fn set_live(app: &TestApp, who: &str, roles: &[Role], draft: &Reply) -> Reply {
    app.caller(who, roles, None).post_if(
        &format!("{}/approve", draft.header("location").unwrap()),
        &draft.etag(),
        json!({"reason": "Agreed on 31 March."}),
    )
}

#[test]
fn one_person_drafts_a_procedure_and_another_sets_it_live() {
    on_both(|app| {
        let path = standard(app);
        let credit = app.credit();
        let before = credit.get(&path).expect(200);
        let drafted = draft(app, &path, json!([level(1, 9, "none")])).expect(201);
        assert_eq!(drafted["procedure_version"], 2);
        assert_eq!(drafted["status"], "draft");
        assert_eq!(drafted["author"], "u-credit");
        assert_eq!(drafted["dunning_procedure_id"], before["id"]);
        // A draft changes nothing yet.
        assert_eq!(credit.get(&path).expect(200).body, before.body);

        let version = drafted.header("location").unwrap().to_owned();
        let both = [Role::Credit, Role::Finance];
        set_live(app, "u-credit", &both, &drafted).expect_problem(403, "segregation_of_duties");
        for role in [Role::Sales, Role::Auditor, Role::System, Role::Admin] {
            set_live(app, "u-other", &[role], &drafted).expect_problem(403, "forbidden");
        }
        // Whoever changes a draft has written it too.
        let anew = json!({"levels": [level(1, 10, "none")], "reason": "Ten days."});
        app.finance()
            .put(&version, &drafted.etag(), anew.clone())
            .expect_problem(403, "forbidden");
        let changed = colleague(app)
            .put(&version, &drafted.etag(), anew.clone())
            .expect(200);
        assert_eq!(changed["drafters"], json!(["u-credit", "u-colleague"]));
        assert_eq!(changed["reason"], "Ten days.");
        credit
            .put(&version, &drafted.etag(), anew.clone())
            .expect_problem(412, "stale");
        let approve = |who: &str, etag: &str| {
            app.caller(who, &both, None).post_if(
                &format!("{version}/approve"),
                etag,
                json!({"reason": "Agreed."}),
            )
        };
        approve("u-colleague", &changed.etag()).expect_problem(403, "segregation_of_duties");
        approve("u-finance", &drafted.etag()).expect_problem(412, "stale");
        let live = approve("u-finance", &changed.etag()).expect(200);
        assert_eq!(live["status"], "live");
        assert_eq!(live["approver"], "u-finance");

        let after = credit.get(&path).expect(200);
        assert_eq!(after["procedure_version"], 2);
        assert_eq!(after["levels"], live["levels"]);
        assert_ne!(after.etag(), before.etag());
        credit
            .put(&version, &live.etag(), anew)
            .expect_problem(409, "state_conflict");
        let versions = list(&credit, &format!("{path}/versions"));
        let told: Vec<_> = versions
            .iter()
            .map(|version| (&version["procedure_version"], &version["status"]))
            .collect();
        assert_eq!(
            told,
            [(&json!(2), &json!("live")), (&json!(1), &json!("retired"))]
        );
        assert_eq!(versions[1]["level_count"], 4);
        assert_eq!(
            list(&credit, &format!("{path}/versions?status=retired")),
            versions[1..]
        );
        let first = credit.get(&format!("{path}/versions/1")).expect(200);
        assert_eq!(first["levels"], before["levels"]);
        credit
            .get(&format!("{path}/versions/3"))
            .expect_problem(404, "not_found");
        let id = live["id"].as_str().unwrap();
        let trail = app.auditor().get(&format!("/v1/trail?entity_id={id}"));
        let trail = trail.expect(200);
        let mut actions: Vec<_> = trail["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        actions.sort_unstable();
        assert_eq!(
            actions,
            [
                "dunning_procedure.changed",
                "dunning_procedure.drafted",
                "dunning_procedure.live"
            ]
        );
    });
}

#[test]
fn of_two_drafts_the_later_approved_holds_and_each_is_approved_once() {
    on_both(|app| {
        let path = standard(app);
        let first = draft(app, &path, json!([level(1, 5, "none")])).expect(201);
        let second = draft(app, &path, json!([level(1, 7, "none")])).expect(201);
        assert_eq!(second["procedure_version"], 3);
        let finance = [Role::Finance];
        set_live(app, "u-finance", &finance, &second).expect(200);
        let live = set_live(app, "u-finance", &finance, &first).expect(200);
        assert_eq!(live["status"], "live");
        let now = app.credit().get(&path).expect(200);
        assert_eq!(now["procedure_version"], 2);
        assert_eq!(now["levels"][0]["days_past_due"], 5);
        // The same key replays the answer; another one finds the version live.
        let send = |key: &str, etag: &str| {
            app.finance()
                .request("POST", &format!("{path}/versions/2/approve"))
                .header("If-Match", etag)
                .key(key)
                .json(json!({"reason": "Agreed."}))
                .send()
        };
        let third = draft(app, &path, json!([level(1, 6, "none")])).expect(201);
        let approve_third = || {
            app.finance()
                .request("POST", &format!("{path}/versions/4/approve"))
                .header("If-Match", &third.etag())
                .key("k-1")
                .json(json!({"reason": "Agreed."}))
                .send()
                .expect(200)
        };
        let approved = approve_third();
        let again = approve_third();
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, approved.body);
        let retired = app.credit().get(&format!("{path}/versions/2")).expect(200);
        assert_eq!(retired["status"], "retired");
        send("k-2", &retired.etag()).expect_problem(409, "state_conflict");
    });
}

#[test]
fn a_draft_that_could_fail_a_run_is_refused_when_it_is_saved() {
    on_both(|app| {
        let path = standard(app);
        let refused =
            draft(app, &path, json!([level(2, 1, "none")])).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/levels/0/level");
        let mut wrong = level(1, 5, "none");
        wrong["texts"]["en"]["subject"] = json!("{{ iban }}");
        let refused = draft(app, &path, json!([wrong])).expect_problem(422, "invalid");
        assert_eq!(
            refused["errors"][0]["pointer"],
            "/levels/0/texts/en/subject"
        );
        let drafted = draft(app, &path, json!([level(1, 5, "none")])).expect(201);
        app.credit()
            .put(
                drafted.header("location").unwrap(),
                &drafted.etag(),
                json!({"levels": [wrong], "reason": "Wrong."}),
            )
            .expect_problem(422, "invalid");
        draft(
            app,
            "/v1/dunning-procedures/dpr_01h455vb4pex5vsknk084sn02q",
            json!([level(1, 5, "none")]),
        )
        .expect_problem(404, "not_found");
        app.credit()
            .post(
                &format!("{path}/versions"),
                json!({"levels": [level(1, 5, "none")]}),
            )
            .expect_problem(400, "malformed_body");
    });
}

#[test]
fn a_run_goes_out_by_the_version_that_it_was_previewed_by_and_says_which() {
    on_both(|app| {
        let path = standard(app);
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "100.00");
        invoice(app, "C-2", "INV-2", "2026-03-20", "100.00");
        app.turn_to("2026-04-01");
        set_levels(app, &path, json!([level(1, 1, "none")]));
        let run = preview(app);
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(
            run["procedures"],
            json!([{"dunning_procedure_id": id, "name": "Standard", "procedure_version": 2}])
        );
        approve(app, &run.id());
        // Meanwhile it asks for 1,000.00 at the least, in other words, and has no first level of one day any more.
        let mut patient = level(1, 60, "none");
        patient["minimum_amounts"] = json!([{"amount": "1000.00", "currency": "CNY"}]);
        patient["texts"]["en"]["subject"] = json!("Other words");
        set_levels(app, &path, json!([patient]));
        // C-2 pays a part, so that its letter is written anew, from the words that were approved.
        crate::dunning::pay(app, "C-2", "INV-2", "2026-04-01", "40.00");
        issue(app, &run.id());
        let issued = notices(app, &run.id());
        let told: Vec<_> = issued
            .iter()
            .map(|notice| {
                assert_eq!(notice["status"], "issued", "{notice}");
                assert_eq!(notice["dunning_procedure_id"], id);
                assert_eq!(notice["procedure_version"], 2);
                notice["subject"].as_str().unwrap().to_owned()
            })
            .collect();
        assert!(told.contains(&"Level 1: CNY 100.00".to_owned()), "{told:?}");
        assert!(told.contains(&"Level 1: CNY 60.00".to_owned()), "{told:?}");
        let later = preview(app);
        assert_eq!(later["procedures"][0]["procedure_version"], 3);
        assert_eq!(notices(app, &later.id()), Vec::<Value>::new());
    });
}

#[test]
fn a_new_procedure_holds_from_the_start_and_changes_by_a_version_of_another_person() {
    on_both(|app| {
        let credit = app.credit();
        let body = |name: &str| json!({"name": name, "levels": [level(1, 3, "none")], "reason": "For key accounts."});
        let made = credit
            .post("/v1/dunning-procedures", body("Key accounts"))
            .expect(201);
        assert_eq!(made["procedure_version"], 1);
        assert_eq!(made["levels"][0]["days_past_due"], 3);
        let path = format!("/v1/dunning-procedures/{}", made.id());
        let first = credit.get(&format!("{path}/versions/1")).expect(200);
        assert_eq!(first["status"], "live");
        assert_eq!(first["reason"], "For key accounts.");
        assert_eq!(first["approver"], Value::Null);
        set_levels(app, &path, json!([level(1, 4, "none")]));
        let now = credit.get(&path).expect(200);
        assert_eq!(now["levels"][0]["days_past_due"], 4);
        // The other procedure's versions are its own.
        let standard = credit.get(&standard(app)).expect(200);
        assert_eq!(standard["procedure_version"], 1);
        credit
            .patch(&path, &now.etag(), json!({"name": "Standard"}))
            .expect_problem(422, "invalid");
        app.sales()
            .patch(&path, &now.etag(), json!({"name": "Mine"}))
            .expect_problem(403, "forbidden");
        app.sales()
            .post(
                &format!("{path}/versions"),
                json!({"levels": [level(1, 4, "none")], "reason": "Mine."}),
            )
            .expect_problem(403, "forbidden");
        assert_eq!(
            app.sales().get(&format!("{path}/versions")).expect(200)["data"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
    });
}
