//! Dunning by schedule: what goes out without a person, and what waits for one.

use netterms::server::housekeeping;
use serde_json::{Value, json};

use crate::dunning::{colleague, dun, invoice, level, list, notices};
use crate::support::{
    TestApp, a_bank_account, a_customer, a_payment, a_statement_of, on_both, send,
};

/// The default procedure: a reminder that nobody need see, and a final notice that a person does, on Thursdays.
fn a_schedule(app: &TestApp, weekdays: Value) {
    let procedures = list(&app.credit(), "/v1/dunning-procedures");
    let path = format!(
        "/v1/dunning-procedures/{}",
        procedures[0]["id"].as_str().unwrap()
    );
    let mut reminder = level(1, 1, "none");
    reminder["approval"] = json!("none");
    let last = level(2, 10, "block");
    let drafted = app
        .credit()
        .post(
            &format!("{path}/versions"),
            json!({
                "levels": [reminder, last], "schedule": {"weekdays": weekdays, "cash_feed_days": 2},
                "reason": "Reminders go out by themselves.",
            }),
        )
        .expect(201);
    assert_eq!(drafted["levels"][1]["approval"], "second_person");
    let approve = format!("{}/approve", drafted.header("location").unwrap());
    colleague(app)
        .post_if(&approve, &drafted.etag(), json!({"reason": "Seen."}))
        .expect(200);
}

/// Begins the day, waits for its work, and gives the day's runs: what goes out by itself, and what waits.
fn begin(app: &TestApp, day: &str) -> Vec<Value> {
    app.turn_to(day);
    housekeeping::begin_day(app.database()).unwrap();
    let credit = app.credit();
    for job in list(&credit, "/v1/jobs?kind=dunning_day") {
        let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
        credit.get(&format!("{path}/events")).expect(200);
        let job = credit.get(&path).expect(200);
        assert_eq!(job["status"], "succeeded", "{}", job.text);
    }
    let runs = list(&credit, "/v1/dunning-runs");
    let of_day = |run: &&Value| run["as_of"] == day && run["scope"] != "all";
    let mut of_day: Vec<Value> = runs.iter().filter(of_day).cloned().collect();
    of_day.reverse();
    of_day
}

/// The bank tells up to a day what came in.
fn the_bank_tells(app: &TestApp, day: &str) {
    send(
        app,
        a_statement_of(day, "CNY")
            .with(a_payment("1.00", "Nobody knows"))
            .text(),
    );
}

#[test]
fn a_reminder_goes_out_without_a_person_when_the_bank_has_told_and_a_final_notice_waits() {
    on_both(|app| {
        // Thursdays: 26 March, 2 and 9 April.
        app.turn_to("2026-03-20");
        a_bank_account(app, "CNY");
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-10", "700.00");
        dun(app, "2026-03-21");
        a_schedule(app, json!(["thursday"]));
        invoice(app, "C-2", "INV-2", "2026-03-25", "300.00");
        app.turn_to("2026-04-01");
        the_bank_tells(app, "2026-04-01");
        let runs = begin(app, "2026-04-02");
        assert_eq!(runs.len(), 2, "{runs:?}");
        let (alone, waits) = (&runs[0], &runs[1]);
        assert_eq!(
            (&alone["scope"], &alone["status"]),
            (&json!("unattended"), &json!("issued"))
        );
        assert_eq!(
            alone["skipped"],
            json!([{"reason": "needs_approval", "invoices": 1}])
        );
        let sent = notices(app, alone["id"].as_str().unwrap());
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0]["customer_number"], "C-2");
        assert_eq!(sent[0]["status"], "issued");
        assert_eq!(
            (&waits["scope"], &waits["status"]),
            (&json!("attended"), &json!("previewed"))
        );
        let waiting = notices(app, waits["id"].as_str().unwrap());
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0]["customer_number"], "C-1");
        assert_eq!(waiting[0]["level"], 2);
        // A person approves it, as any other run.
        let path = format!("/v1/dunning-runs/{}", waits["id"].as_str().unwrap());
        let etag = app.credit().get(&path).expect(200).etag();
        app.credit()
            .post_if(&format!("{path}/approve"), &etag, json!({}))
            .expect(200);
        app.adds_up();
    });
}

#[test]
fn without_a_fresh_feed_everything_waits_for_a_person() {
    on_both(|app| {
        app.turn_to("2026-03-20");
        a_bank_account(app, "CNY");
        a_customer("C-1").create(app);
        a_schedule(app, json!(["thursday"]));
        invoice(app, "C-1", "INV-1", "2026-03-10", "700.00");
        the_bank_tells(app, "2026-03-20");
        let runs = begin(app, "2026-03-26");
        let told: Vec<(&Value, &Value)> = runs
            .iter()
            .map(|run| (&run["status"], &run["skipped"]))
            .collect();
        let stale = json!([{"reason": "feed_stale", "invoices": 1}]);
        assert_eq!(
            told,
            [
                (&json!("cancelled"), &stale),
                (&json!("previewed"), &json!([]))
            ]
        );
        assert_eq!(
            list(&app.credit(), "/v1/dunning-stages"),
            Vec::<Value>::new()
        );
    });
}

#[test]
fn a_schedule_is_for_its_days_alone_and_there_is_none_until_somebody_writes_one() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-10", "700.00");
        assert_eq!(begin(app, "2026-03-26"), Vec::<Value>::new());
        a_schedule(app, json!(["friday"]));
        assert_eq!(begin(app, "2026-04-02"), Vec::<Value>::new());
        assert_eq!(begin(app, "2026-04-03").len(), 2);
    });
}

#[test]
fn an_account_without_a_statement_makes_its_company_wait() {
    on_both(|app| {
        app.turn_to("2026-03-20");
        a_bank_account(app, "CNY");
        let second =
            json!({"number": "NL91ABNA0417164300", "currency": "CNY", "name": "Second account"});
        app.finance().post("/v1/bank-accounts", second).expect(201);
        a_customer("C-1").create(app);
        a_schedule(app, json!(["thursday"]));
        invoice(app, "C-1", "INV-1", "2026-03-10", "700.00");
        app.turn_to("2026-03-25");
        the_bank_tells(app, "2026-03-25");
        let runs = begin(app, "2026-03-26");
        assert_eq!(
            runs[0]["skipped"],
            json!([{"reason": "feed_stale", "invoices": 1}])
        );
        assert_eq!(runs[1]["status"], "previewed");
        assert_eq!(
            list(&app.credit(), "/v1/dunning-stages"),
            Vec::<Value>::new()
        );
    });
}

#[test]
fn a_new_procedure_has_no_schedule_until_another_person_approves_one() {
    on_both(|app| {
        let mut reminder = level(1, 1, "none");
        reminder["approval"] = json!("none");
        let mut body = json!({
            "name": "By itself", "levels": [reminder],
            "schedule": {"weekdays": ["thursday"], "cash_feed_days": 2},
        });
        let refused = app
            .credit()
            .post("/v1/dunning-procedures", body.clone())
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/schedule");
        assert_eq!(refused["errors"][0]["code"], "needs_approval");
        body["schedule"] = Value::Null;
        let made = app
            .credit()
            .post("/v1/dunning-procedures", body)
            .expect(201);
        assert_eq!(made["schedule"], Value::Null);
    });
}
