//! Payment terms as data, approved by two persons, and calendars that shift what falls on a holiday.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, on_both};

fn draft(app: &TestApp, code: &str, instalments: &Value) -> Reply {
    draft_more(app, code, json!({"instalments": instalments}))
}

fn draft_more(app: &TestApp, code: &str, more: Value) -> Reply {
    let mut body = json!({"texts": {"en": "Terms", "zh-CN": "条件"}, "reason": "For the season."});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let path = format!("/v1/payment-terms/{code}/versions");
    app.credit().post(&path, body)
}

fn approve(app: &TestApp, who: &str, roles: &[Role], version: &Reply) -> Reply {
    let path = format!(
        "/v1/payment-terms/{}/versions/{}/approve",
        version.text_at("/code"),
        version["terms_version"]
    );
    let body = json!({"reason": "Agreed."});
    app.caller(who, roles, None)
        .post_if(&path, &version.etag(), body)
}

fn set_live(app: &TestApp, code: &str, more: Value) {
    let drafted = draft_more(app, code, more).expect(201);
    approve(app, "u-finance", &[Role::Finance], &drafted).expect(200);
}

fn tried(app: &TestApp, code: &str, amount: &str, baseline: &str) -> Reply {
    let body = json!({"amount": {"amount": amount, "currency": "CNY"}, "baseline_date": baseline});
    app.sales()
        .post(&format!("/v1/payment-terms/{code}/try"), body)
}

fn dues(reply: &Reply) -> Vec<(String, String)> {
    let parts = reply["instalments"].as_array().unwrap();
    parts
        .iter()
        .map(|part| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&part["amount"]["amount"]), text(&part["due_date"]))
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(amount, due): &(&str, &str)| ((*amount).to_owned(), (*due).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn a_new_book_has_terms_in_both_languages() {
    on_both(|app| {
        let listed = app.system().get("/v1/payment-terms").expect(200);
        let codes: Vec<&str> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|terms| terms["code"].as_str().unwrap())
            .collect();
        assert_eq!(codes.len(), 6);
        assert!(codes.contains(&"2_10_net_30"));
        let found = app.sales().get("/v1/payment-terms/2_10_net_30").expect(200);
        assert_eq!(found["status"], "live");
        assert!(found["texts"]["zh-CN"].is_string());
        let tried = tried(app, "2_10_net_30", "1000.00", "2026-03-01").expect(200);
        assert_eq!(
            tried["instalments"][0]["discounts"],
            json!([{"until": "2026-03-11", "rate": "0.02"}])
        );
        assert_eq!(dues(&tried), pairs(&[("1000.00", "2026-03-31")]));
        let next = listed_after(app, codes[1]);
        assert_eq!(next, codes[2]);
    });
}

/// The code that comes after another in the list.
fn listed_after(app: &TestApp, code: &str) -> String {
    let first = app.sales().get("/v1/payment-terms?limit=2").expect(200);
    assert_eq!(first["data"][1]["code"], code);
    let cursor = first.text_at("/next_cursor");
    let path = format!("/v1/payment-terms?limit=2&cursor={cursor}");
    app.sales().get(&path).expect(200).text_at("/data/0/code")
}

#[test]
fn terms_of_three_instalments_go_live_by_another_person_and_are_tried() {
    on_both(|app| {
        let drafted = draft(
            app,
            "ZB03",
            &json!([
                {"share": "0.30", "due": {"days": 30}},
                {"share": "0.30", "due": {"days": 60}},
                {"due": {"days": 90}}
            ]),
        )
        .expect(201);
        // A draft holds for nothing.
        app.sales()
            .get("/v1/payment-terms/ZB03")
            .expect_problem(404, "not_found");
        approve(app, "u-credit", &[Role::Credit, Role::Finance], &drafted)
            .expect_problem(403, "segregation_of_duties");
        approve(app, "u-finance", &[Role::Finance], &drafted).expect(200);
        let parts = tried(app, "ZB03", "0.05", "2026-03-31").expect(200);
        assert_eq!(
            dues(&parts),
            pairs(&[
                ("0.02", "2026-04-30"),
                ("0.02", "2026-05-30"),
                ("0.01", "2026-06-29")
            ])
        );
        let trail = app
            .auditor()
            .get("/v1/trail?action=payment_terms.live&action=payment_terms.drafted")
            .expect(200);
        assert!(trail["data"].as_array().unwrap().len() >= 2);
    });
}

#[test]
fn a_version_retires_the_one_before_and_a_stale_one_is_refused() {
    on_both(|app| {
        let net = |days: u32| json!([{"due": {"days": days}}]);
        let first = draft(app, "N", &net(30)).expect(201);
        approve(app, "u-finance", &[Role::Finance], &first).expect(200);
        let second = draft(app, "N", &net(45)).expect(201);
        let changed = app
            .admin()
            .patch(
                "/v1/payment-terms/N/versions/2",
                &second.etag(),
                json!({"texts": {"en": "Net 50"}, "instalments": net(50), "reason": "Longer."}),
            )
            .expect(200);
        approve(app, "u-finance", &[Role::Finance], &second).expect_problem(412, "stale");
        approve(app, "u-finance", &[Role::Finance], &changed).expect(200);
        assert_eq!(
            dues(&tried(app, "N", "1.00", "2026-01-01").expect(200)),
            pairs(&[("1.00", "2026-02-20")])
        );
        let before = app.sales().get("/v1/payment-terms/N?version=1").expect(200);
        assert_eq!(before["status"], "retired");
        let versions = app
            .auditor()
            .get("/v1/payment-terms/N/versions?status=live");
        assert_eq!(versions.expect(200)["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn terms_that_make_no_sense_are_refused_where_they_stand() {
    on_both(|app| {
        let half = json!({"share": "0.5", "due": {}});
        let refused = draft(app, "X", &json!([half])).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "not_whole");
        let shift = json!({"instalments": [{"due": {}}], "shift": "following"});
        let refused = draft_more(app, "X", shift).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/calendar");
        let unknown = json!({"instalments": [{"due": {}}], "calendar": "moon"});
        let refused = draft_more(app, "X", unknown).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "unknown_calendar");
        draft(app, "X", &json!([])).expect_problem(400, "malformed_body");
        let zero =
            json!([{"amount": {"amount": "0.00", "currency": "CNY"}, "due": {}}, {"due": {}}]);
        draft(app, "X", &zero).expect_problem(400, "malformed_body");
        let huge = json!([{"due": {"days": 4000}}]);
        draft(app, "X", &huge).expect_problem(400, "malformed_body");
        let negative = json!([{"share": "-0.5", "due": {}}, {"due": {}}]);
        draft(app, "X", &negative).expect_problem(422, "invalid");
        let body = json!({"texts": {"en": "X"}, "instalments": [{"due": {}}], "reason": "R."});
        app.sales()
            .post("/v1/payment-terms/X/versions", body)
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn terms_with_an_amount_are_for_one_currency_and_a_stated_date_is_asked_for() {
    on_both(|app| {
        let deposit = json!([
            {"amount": {"amount": "500.00", "currency": "EUR"}, "due": {}}, {"due": {"days": 30}}
        ]);
        set_live(app, "DEP", json!({"instalments": deposit}));
        tried(app, "DEP", "1000.00", "2026-03-01").expect_problem(422, "currency_mismatch");
        let refused =
            tried(app, "document", "1000.00", "2026-03-01").expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/due_date");
        tried(app, "none", "1.00", "2026-03-01").expect_problem(404, "not_found");
        tried(app, "net_30", "0.00", "2026-03-01").expect_problem(400, "malformed_body");
        tried(app, "net_30", "-1.00", "2026-03-01").expect_problem(400, "malformed_body");
    });
}

fn china() -> Value {
    json!({
        "texts": {"en": "China", "zh-CN": "中国"}, "weekend": ["saturday", "sunday"], "days": [
            {"day": "2026-10-02", "kind": "holiday", "name": null},
            {"day": "2026-10-01", "kind": "holiday", "name": "National Day"},
            {"day": "2026-10-10", "kind": "working_day", "name": null}
        ]
    })
}

fn put_new(app: &TestApp, code: &str, body: Value) -> Reply {
    app.credit()
        .request("PUT", &format!("/v1/calendars/{code}"))
        .header("If-None-Match", "*")
        .json(body)
        .send()
}

#[test]
fn what_falls_on_a_holiday_is_due_on_the_next_business_day() {
    on_both(|app| {
        let created = put_new(app, "cn", china()).expect(200);
        assert_eq!(created["days"][0]["day"], "2026-10-01");
        let terms = json!({
            "instalments": [{"due": {"days": 30}, "discounts": [{"until": {"days": 3}, "rate": "0.02"}]}],
            "calendar": "cn", "shift": "following"
        });
        set_live(app, "N30CN", terms);
        // 1 October is a holiday, as is the 2nd; the 3rd and 4th are a weekend.
        let parts = tried(app, "N30CN", "100.00", "2026-09-01").expect(200);
        assert_eq!(dues(&parts), pairs(&[("100.00", "2026-10-05")]));
        // A Saturday that is worked stays, and the last day of the discount shifts like a due date.
        let parts = tried(app, "N30CN", "100.00", "2026-09-10").expect(200);
        assert_eq!(dues(&parts), pairs(&[("100.00", "2026-10-10")]));
        assert_eq!(
            parts["instalments"][0]["discounts"][0]["until"],
            "2026-09-14"
        );
    });
}

#[test]
fn the_same_holidays_twice_change_nothing() {
    on_both(|app| {
        let created = put_new(app, "cn", china()).expect(200);
        put_new(app, "cn", china()).expect_problem(412, "stale");
        let days = json!({"days": [
            {"day": "2027-01-01", "kind": "holiday", "name": "New Year's Day"},
            {"day": "2026-10-10", "kind": "holiday", "name": null}
        ]});
        let added = app
            .system()
            .post("/v1/calendars/cn/days", days.clone())
            .expect(200);
        assert_eq!(added["days"].as_array().unwrap().len(), 4);
        assert_eq!(added["days"][2]["kind"], "holiday");
        let again = app.system().post("/v1/calendars/cn/days", days).expect(200);
        assert_eq!(again.etag(), added.etag());
        app.credit()
            .put("/v1/calendars/cn", &created.etag(), china())
            .expect_problem(412, "stale");
        app.credit()
            .put("/v1/calendars/cn", &added.etag(), china())
            .expect(200);
        app.sales()
            .post(
                "/v1/calendars/cn/days",
                json!({"days": [{"day": "2027-01-01", "kind": "holiday", "name": null}]}),
            )
            .expect_problem(403, "forbidden");
        let all = json!({
            "texts": {"en": "None"}, "days": [],
            "weekend": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        });
        put_new(app, "none", all).expect_problem(422, "invalid");
        app.credit()
            .put("/v1/calendars/moon", "\"1\"", china())
            .expect_problem(404, "not_found");
        let listed = app.auditor().get("/v1/calendars").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    });
}
