//! Deadlines: one list for all of them, met, missed or withdrawn.

use netterms::server::housekeeping;
use serde_json::{Value, json};

use crate::dunning::list;
use crate::support::{Reply, TestApp, a_customer, an_invoice, on_both};

fn add(app: &TestApp, kind: &str, due_on: &str, change: impl FnOnce(&mut Value)) -> Reply {
    let mut body = json!({
        "kind": kind, "customer": "C-1", "due_on": due_on, "rule": "Three years from the due date",
    });
    change(&mut body);
    app.credit().post("/v1/deadlines", body)
}

fn end(app: &TestApp, deadline: &Reply, verb: &str, body: Value) -> Reply {
    let path = format!("/v1/deadlines/{}", deadline.id());
    let etag = app.credit().get(&path).expect(200).etag();
    app.credit().post_if(&format!("{path}/{verb}"), &etag, body)
}

#[test]
fn a_person_adds_a_deadline_and_says_that_it_was_met() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let invoice = an_invoice("I-1", "C-1", "100.00").create(app);
        let added = add(app, "limitation", "2026-04-30", |body| {
            body["invoice"] = json!("I-1");
        })
        .expect(201);
        assert_eq!(added["status"], "open");
        assert_eq!(added["subject_kind"], "invoice");
        assert_eq!(added["subject_id"], invoice.as_str());
        assert_eq!(added["customer_name"], "Customer C-1");
        app.turn_to("2026-05-02");
        end(app, &added, "meet", json!({"note": "Sued."})).expect_problem(422, "invalid");
        let met = end(
            app,
            &added,
            "meet",
            json!({"note": "Sued.", "done_on": "2026-04-30"}),
        )
        .expect(200);
        assert_eq!(met["status"], "met");
        assert_eq!(met["done_on"], "2026-04-30");
        end(app, &added, "withdraw", json!({"reason": "No."}))
            .expect_problem(409, "state_conflict");
    });
}

#[test]
fn the_day_after_it_was_due_an_open_deadline_is_missed_once_and_the_trail_tells() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let today = add(app, "review", "2026-03-31", |_| ()).expect(201);
        let later = add(app, "review", "2026-04-01", |_| ()).expect(201);
        let gone = add(app, "review", "2026-03-31", |_| ()).expect(201);
        end(app, &gone, "withdraw", json!({"reason": "Not needed."})).expect(200);
        housekeeping::sweep(app.database()).unwrap();
        let status = |of: &Reply| {
            let path = format!("/v1/deadlines/{}", of.id());
            app.credit().get(&path).expect(200)["status"].clone()
        };
        assert_eq!(status(&today), "open");
        app.turn_to("2026-04-01");
        for _ in 0..2 {
            housekeeping::sweep(app.database()).unwrap();
        }
        assert_eq!(status(&today), "missed");
        assert_eq!(status(&later), "open");
        assert_eq!(status(&gone), "withdrawn");
        let missed = app
            .auditor()
            .get("/v1/trail?action=deadline.missed")
            .expect(200);
        assert_eq!(missed["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn the_list_has_the_most_urgent_first_and_filters() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        add(app, "review", "2026-06-30", |_| ()).expect(201);
        add(app, "limitation", "2026-04-30", |_| ()).expect(201);
        add(app, "guarantee", "2026-05-31", |_| ()).expect(201);
        let kinds = |query: &str| -> Vec<String> {
            list(&app.credit(), &format!("/v1/deadlines{query}"))
                .iter()
                .map(|row| row["kind"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(kinds(""), ["limitation", "guarantee", "review"]);
        assert_eq!(
            kinds("?sort=-due_on"),
            ["review", "guarantee", "limitation"]
        );
        assert_eq!(kinds("?due_on_to=2026-05-31"), ["limitation", "guarantee"]);
        assert_eq!(kinds("?due_on_from=2026-05-31"), ["guarantee", "review"]);
        assert_eq!(
            kinds("?kind=review&kind=guarantee"),
            ["guarantee", "review"]
        );
        assert_eq!(kinds("?status=met"), Vec::<String>::new());
        assert_eq!(kinds("?customer=C-2"), Vec::<String>::new());
        let page = app.credit().get("/v1/deadlines?limit=2").expect(200);
        let cursor = page.text_at("/next_cursor");
        assert_eq!(kinds(&format!("?limit=2&cursor={cursor}")), ["review"]);
    });
}

#[test]
fn a_wrong_deadline_is_refused() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        an_invoice("I-2", "C-2", "100.00").create(app);
        add(app, "instrument_presentation", "2026-04-30", |_| ())
            .expect_problem(400, "malformed_body");
        add(app, "review", "2026-03-30", |_| ()).expect_problem(422, "invalid");
        add(app, "review", "2026-04-30", |body| {
            body["customer"] = json!("C-9");
        })
        .expect_problem(404, "not_found");
        add(app, "review", "2026-04-30", |body| {
            body["invoice"] = json!("I-2");
        })
        .expect_problem(422, "invalid");
        add(app, "review", "2026-02-30", |_| ()).expect_problem(400, "malformed_body");
        let added = add(app, "review", "2026-04-30", |_| ()).expect(201);
        let path = format!("/v1/deadlines/{}/meet", added.id());
        app.credit()
            .post(&path, json!({"note": "Done."}))
            .expect_problem(428, "precondition_required");
        app.credit()
            .post_if(&path, "\"9\"", json!({"note": "Done."}))
            .expect_problem(412, "stale");
        app.auditor()
            .post("/v1/deadlines", json!({}))
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn the_deadline_of_an_instrument_is_ended_by_the_instrument_alone() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let cheque = json!({
            "number": "CHQ-1", "kind": "cheque", "customer": "C-1", "issue_date": "2026-03-31",
            "amount": {"amount": "100.00", "currency": "CNY"},
        });
        app.finance().post("/v1/instruments", cheque).expect(201);
        let id = list(&app.credit(), "/v1/deadlines")[0]["id"].clone();
        let path = format!("/v1/deadlines/{}", id.as_str().unwrap());
        let etag = app.credit().get(&path).expect(200).etag();
        let refused = app
            .credit()
            .post_if(&format!("{path}/meet"), &etag, json!({"note": "Done."}))
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "of_instrument");
    });
}
