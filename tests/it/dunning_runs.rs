//! Dunning runs that are too large for one request, and what people decide about their lines.

use serde_json::{Value, json};

use crate::dunning::{approve, colleague, invoice, issue, list, notices, pay, preview};
use crate::support::{Client, Reply, TestApp, a_customer, on_both};

/// Three customers with 350 overdue invoices each.
fn a_large_book(app: &TestApp) {
    for customer in ["C-1", "C-2", "C-3"] {
        a_customer(customer).create(app);
        let lines: Vec<Value> = (1..=350)
            .map(|at| {
                json!({
                    "number": format!("{customer}-{at}"), "customer": customer, "invoice_date": "2026-01-01",
                    "due_date": "2026-03-20", "amount": {"amount": "10.00", "currency": "CNY"},
                })
            })
            .collect();
        app.finance()
            .post("/v1/invoices/batch?atomic=true", json!({"invoices": lines}))
            .expect(200);
    }
}

/// Waits until the job of an answer has ended, and gives the run.
fn when_done(app: &TestApp, answer: &Reply, run: &str) -> Reply {
    let job = answer.header("location").unwrap();
    assert!(job.starts_with("/v1/jobs/"), "{job}");
    app.credit().get(&format!("{job}/events")).expect(200);
    app.credit()
        .get(&format!("/v1/dunning-runs/{run}"))
        .expect(200)
}

fn issue_again(client: &Client, run: &str) -> Reply {
    let path = format!("/v1/dunning-runs/{run}");
    let etag = client.get(&path).expect(200).etag();
    client.post_if(&format!("{path}/issue"), &etag, json!({}))
}

#[test]
fn a_large_run_is_previewed_and_issued_by_jobs_with_their_progress() {
    on_both(|app| {
        a_large_book(app);
        app.turn_to("2026-04-01");
        let credit = app.credit();
        let begun = credit.post("/v1/dunning-runs", json!({})).expect(202);
        assert_eq!(begun["status"], "previewing");
        assert_eq!(
            begun["progress"],
            json!({"done": 0, "total": 1050, "unit": "lines"})
        );
        let run = begun.id();
        let previewed = when_done(app, &begun, &run);
        assert_eq!(previewed["status"], "previewed");
        assert_eq!(previewed["progress"]["done"], 1050);
        assert_eq!(
            (&previewed["notices"], &previewed["lines"]),
            (&json!(3), &json!(1050))
        );
        assert_eq!(notices(app, &run).len(), 3);
        approve(app, &run);
        let issuing = issue_again(&credit, &run).expect(202);
        assert_eq!(issuing["status"], "issuing");
        let issued = when_done(app, &issuing, &run);
        assert_eq!(issued["status"], "issued");
        assert_eq!(issued["issued_by"], "u-credit");
        assert_eq!(
            issued["progress"],
            json!({"done": 1050, "total": 1050, "unit": "lines"})
        );
        let customers = list(&credit, "/v1/dunning-stages/customers");
        assert!(
            customers
                .iter()
                .all(|of| of["invoices"] == 350 && of["level"] == 1)
        );
        let job = credit.get(issuing.header("location").unwrap()).expect(200);
        assert_eq!(job["status"], "succeeded");
        assert_eq!(job["result"]["dunning_run_id"], run.as_str());
        app.adds_up();
    });
}

#[test]
fn a_job_that_is_cancelled_goes_on_when_the_run_is_issued_again_and_nobody_is_dunned_twice() {
    on_both(|app| {
        a_large_book(app);
        app.turn_to("2026-04-01");
        let credit = app.credit();
        let begun = credit.post("/v1/dunning-runs", json!({})).expect(202);
        let run = begun.id();
        when_done(app, &begun, &run);
        approve(app, &run);
        let issuing = issue_again(&credit, &run).expect(202);
        // It may have ended already, or end before it hears of it.
        credit.post(
            &format!("{}/cancel", issuing.header("location").unwrap()),
            json!({}),
        );
        let mut told = when_done(app, &issuing, &run);
        if told["status"] == "issuing" {
            let again = issue_again(&credit, &run).expect(202);
            told = when_done(app, &again, &run);
        }
        assert_eq!(told["status"], "issued");
        let issued = list(&credit, "/v1/dunning-notices?status=issued");
        assert_eq!(issued.len(), 3);
        issue_again(&credit, &run).expect_problem(409, "state_conflict");
        app.adds_up();
    });
}

#[test]
fn a_run_that_is_cancelled_while_it_is_previewed_stays_so() {
    on_both(|app| {
        a_large_book(app);
        app.turn_to("2026-04-01");
        let credit = app.credit();
        let begun = credit.post("/v1/dunning-runs", json!({})).expect(202);
        let path = format!("/v1/dunning-runs/{}", begun.id());
        let etag = credit.get(&path).expect(200).etag();
        let reason = json!({"reason": "The wrong day."});
        // Where it was previewed meanwhile, its version is another.
        let cancelled = credit.post_if(&format!("{path}/cancel"), &etag, reason.clone());
        when_done(app, &begun, &begun.id());
        if cancelled.status != 200 {
            cancelled.expect_problem(412, "stale");
            let etag = credit.get(&path).expect(200).etag();
            credit
                .post_if(&format!("{path}/cancel"), &etag, reason)
                .expect(200);
        }
        assert_eq!(credit.get(&path).expect(200)["status"], "cancelled");
        let of_run = notices(app, &begun.id());
        assert!(of_run.iter().all(|notice| notice["status"] == "cancelled"));
    });
}

// ---------------------------------------------------------------- lines

fn decide(app: &TestApp, run: &str, body: Value) -> Reply {
    let path = format!("/v1/dunning-runs/{run}");
    let etag = app.credit().get(&path).expect(200).etag();
    app.credit().post_if(&format!("{path}/decide"), &etag, body)
}

fn letter(app: &TestApp, notice: &Value) -> String {
    let id = notice["id"].as_str().unwrap();
    let path = format!("/v1/dunning-notices/{id}/letter?format=text");
    app.credit().get(&path).expect(200).text
}

fn item(app: &TestApp, run: &str, invoice: &str) -> Value {
    let of_run = notices(app, run);
    let mut items = of_run.iter().flat_map(|n| n["items"].as_array().unwrap());
    let found = items.find(|item| item["invoice_number"] == invoice);
    found.unwrap().clone()
}

#[test]
fn a_line_that_is_left_off_is_not_in_the_letter_and_comes_with_the_next_run() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        invoice(app, "C-1", "INV-2", "2026-03-21", "300.00");
        app.turn_to("2026-04-01");
        let run = preview(app).id();
        let line = item(app, &run, "INV-1")["item_id"].clone();
        let seen = app.credit().get(&format!("/v1/dunning-runs/{run}")).etag();
        let exclude = json!({"decision": "exclude", "items": [line], "reason": "A credit note is on its way."});
        decide(app, &run, exclude.clone()).expect(200);
        let notice = &notices(app, &run)[0];
        assert_eq!(notice["total"]["amount"], "300.00");
        let text = letter(app, notice);
        assert!(!text.contains("INV-1") && text.contains("INV-2"), "{text}");
        let excluded = item(app, &run, "INV-1");
        assert_eq!(excluded["dropped_reason"], "excluded");
        assert_eq!(excluded["decision"], "exclude");
        assert_eq!(excluded["decided_by"], "u-credit");
        // Whoever saw the run as it was before does not approve it.
        colleague(app)
            .post_if(&format!("/v1/dunning-runs/{run}/approve"), &seen, json!({}))
            .expect_problem(412, "stale");
        decide(app, &run, json!({"decision": "include", "items": [line]})).expect(200);
        assert_eq!(notices(app, &run)[0]["total"]["amount"], "1000.00");
        assert_eq!(item(app, &run, "INV-1")["decision"], "include");
        decide(app, &run, exclude).expect(200);
        approve(app, &run);
        issue(app, &run);
        let stages = list(&app.credit(), "/v1/dunning-stages");
        assert_eq!(stages.len(), 1);
        assert_eq!(stages[0]["invoice_number"], "INV-2");
        let next = preview(app).id();
        assert_eq!(item(app, &next, "INV-1")["decision"], "include");
        app.adds_up();
    });
}

#[test]
fn a_line_that_is_held_is_kept_from_dunning_up_to_its_day() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        app.turn_to("2026-04-01");
        let run = preview(app).id();
        let notice = notices(app, &run)[0]["id"].clone();
        let hold = json!({
            "decision": "hold", "notices": [notice], "reason": "Half of it came broken.", "until": "2026-04-10"
        });
        decide(app, &run, hold).expect(200);
        let stopped = &notices(app, &run)[0];
        assert_eq!(stopped["status"], "suppressed");
        assert_eq!(stopped["suppressed_reason"], "held");
        let blocks = list(&app.credit(), "/v1/dunning-blocks?status=active");
        assert_eq!(blocks[0]["reason"], "Half of it came broken.");
        assert_eq!(blocks[0]["until"], "2026-04-10");
        // Who thinks better of it puts it on again, and the block is lifted.
        decide(
            app,
            &run,
            json!({"decision": "include", "notices": [notice]}),
        )
        .expect(200);
        assert_eq!(notices(app, &run)[0]["status"], "previewed");
        assert_eq!(
            list(&app.credit(), "/v1/dunning-blocks?status=active"),
            Vec::<Value>::new()
        );
        let hold = json!({
            "decision": "hold", "notices": [notice], "reason": "It is being looked at.", "until": "2026-04-10"
        });
        decide(app, &run, hold).expect(200);
        approve(app, &run);
        issue(app, &run);
        assert_eq!(
            list(&app.credit(), "/v1/dunning-stages"),
            Vec::<Value>::new()
        );
        app.turn_to("2026-04-11");
        let next = preview(app).id();
        assert_eq!(notices(app, &next)[0]["total"]["amount"], "700.00");
    });
}

#[test]
fn a_decision_names_lines_of_the_run_and_says_why_and_until_when() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        app.turn_to("2026-04-01");
        let run = preview(app).id();
        let line = item(app, &run, "INV-1")["item_id"].clone();
        for body in [
            json!({"decision": "exclude", "reason": "Why not."}),
            json!({"decision": "exclude", "items": [line]}),
            json!({"decision": "hold", "items": [line], "reason": "Until when?"}),
            json!({"decision": "include", "items": [line], "until": "2026-04-10"}),
        ] {
            decide(app, &run, body).expect(400);
        }
        let elsewhere = json!({"decision": "include", "items": ["itm_01k00000000000000000000001"]});
        let refused = decide(app, &run, elsewhere).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/items/0");
        let passed =
            json!({"decision": "hold", "items": [line], "reason": "Late.", "until": "2026-03-31"});
        decide(app, &run, passed).expect_problem(422, "invalid");
        approve(app, &run);
        let late = json!({"decision": "exclude", "items": [line], "reason": "Too late."});
        decide(app, &run, late).expect_problem(409, "state_conflict");
    });
}

#[test]
fn money_that_came_since_the_preview_shows_when_a_line_is_decided_about() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        invoice(app, "C-1", "INV-2", "2026-03-21", "300.00");
        app.turn_to("2026-04-01");
        let run = preview(app).id();
        pay(app, "C-1", "INV-2", "2026-04-01", "100.00");
        let line = item(app, &run, "INV-1")["item_id"].clone();
        let exclude =
            json!({"decision": "exclude", "items": [line], "reason": "Promised for Friday."});
        decide(app, &run, exclude).expect(200);
        let notice = &notices(app, &run)[0];
        assert_eq!(notice["total"]["amount"], "200.00");
        assert!(letter(app, notice).contains("CNY 200.00"));
    });
}
