//! Periods: nothing is posted into a closed one, or it is flagged, and two persons open it again.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, a_receipt, an_invoice, on_both};

fn state(app: &TestApp, periods: Value) -> Reply {
    app.system()
        .request("PUT", "/v1/periods")
        .json(json!({"periods": periods}))
        .send()
}

fn month(code: &str, status: &str) -> Value {
    let last = match code {
        "2026-02" => "28",
        "2026-04" => "30",
        _ => "31",
    };
    json!({
        "code": code, "first_day": format!("{code}-01"), "last_day": format!("{code}-{last}"), "status": status,
    })
}

/// The receivables are kept here.
fn keep_here(app: &TestApp) {
    let main = app.finance().get("/v1/legal-entities/MAIN").expect(200);
    app.finance()
        .patch(
            "/v1/legal-entities/MAIN",
            &main.etag(),
            json!({"ledger": "ledger"}),
        )
        .expect(200);
}

#[test]
fn a_book_without_periods_takes_every_day() {
    on_both(|app| {
        app.turn_to("2026-04-03");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .dated("2020-01-31")
            .create(app);
        let listed = app.sales().get("/v1/periods").expect(200);
        assert_eq!(listed["data"], json!([]));
    });
}

#[test]
fn nothing_is_posted_into_a_closed_period_where_receivables_are_kept_here() {
    on_both(|app| {
        app.turn_to("2026-04-03");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .dated("2026-03-10")
            .create(app);
        let receipt = a_receipt("R-1", "C-1", "10.00")
            .dated("2026-03-20")
            .unapplied();
        receipt.create(app);
        keep_here(app);
        state(
            app,
            json!([month("2026-03", "closed"), month("2026-02", "closed")]),
        )
        .expect(200);
        let refused = an_invoice("I-2", "C-1", "100.00")
            .dated("2026-02-10")
            .post(app)
            .expect_problem(422, "period_closed");
        assert_eq!(refused["first_open"], "2026-04-01");
        assert_eq!(refused["period"], "2026-02");
        a_receipt("R-2", "C-1", "10.00")
            .dated("2026-03-31")
            .post(app)
            .expect_problem(422, "period_closed");
        let back = json!({"reason": "Wrong.", "effective_on": "2026-03-31"});
        let etag = app.finance().get("/v1/invoices/I-1").expect(200).etag();
        app.finance()
            .post_if("/v1/invoices/I-1/cancel", &etag, back.clone())
            .expect_problem(422, "period_closed");
        let etag = app.finance().get("/v1/receipts/R-1").expect(200).etag();
        app.finance()
            .post_if("/v1/receipts/R-1/reverse", &etag, back)
            .expect_problem(422, "period_closed");
        let note = json!({
            "number": "CN-1", "customer": "C-1", "credit_date": "2026-03-31",
            "amount": {"amount": "5.00", "currency": "CNY"}, "reason": "Damaged.",
        });
        app.finance()
            .post("/v1/credit-notes", note)
            .expect_problem(422, "period_closed");
        // The posting date counts, and today is open.
        let mut body = an_invoice("I-3", "C-1", "100.00")
            .dated("2026-03-31")
            .body(app);
        body["posting_date"] = json!("2026-04-01");
        app.finance().post("/v1/invoices", body).expect(201);
        a_receipt("R-2", "C-1", "10.00").create(app);
    });
}

#[test]
fn where_another_ledger_leads_it_is_recorded_and_flagged() {
    on_both(|app| {
        app.turn_to("2026-04-03");
        a_customer("C-1").create(app);
        let stated = state(app, json!([month("2026-03", "closed")])).expect(200);
        let period = stated.text_at("/periods/0/id");
        let invoice = an_invoice("I-1", "C-1", "100.00")
            .dated("2026-03-10")
            .create(app);
        an_invoice("I-2", "C-1", "100.00").create(app);
        let receipt = a_receipt("R-1", "C-1", "10.00")
            .dated("2026-03-20")
            .create(app);
        let listed = app
            .auditor()
            .get(&format!("/v1/periods/{period}/violations"))
            .expect(200);
        let named: Vec<&str> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["document_id"].as_str().unwrap())
            .collect();
        assert_eq!(named, [receipt.as_str(), invoice.as_str()]);
        let trail = app
            .auditor()
            .get("/v1/trail?action=period.violated")
            .expect(200);
        assert_eq!(trail["data"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_closed_period_is_opened_again_by_two_persons() {
    on_both(|app| {
        app.turn_to("2026-04-03");
        keep_here(app);
        let stated = state(app, json!([month("2026-03", "open")])).expect(200);
        let id = stated.text_at("/periods/0/id");
        let path = format!("/v1/periods/{id}");
        let etag = app.finance().get(&path).expect(200).etag();
        let reason = json!({"reason": "March is done."});
        let closed = app
            .finance()
            .post_if(&format!("{path}/close"), &etag, reason.clone())
            .expect(200);
        assert_eq!(closed["status"], "closed");
        app.finance()
            .post_if(&format!("{path}/close"), &closed.etag(), reason.clone())
            .expect_problem(409, "state_conflict");
        app.finance()
            .post_if(&format!("{path}/close"), &etag, reason.clone())
            .expect_problem(412, "stale");
        app.credit()
            .post_if(&format!("{path}/close"), &etag, reason.clone())
            .expect_problem(403, "forbidden");
        // No list opens it where the receivables are kept here.
        let refused = state(app, json!([month("2026-03", "open")])).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "reopening");
        // Nor does one free some of its days: by making it shorter, or by moving it.
        for (first_day, last_day) in [
            ("2026-03-01", "2026-03-30"),
            ("2026-03-02", "2026-03-31"),
            ("2026-04-01", "2026-04-30"),
        ] {
            let moved = json!([{
                "code": "2026-03", "first_day": first_day, "last_day": last_day, "status": "closed",
            }]);
            let refused = state(app, moved).expect_problem(422, "invalid");
            assert_eq!(refused["errors"][0]["code"], "reopening");
        }
        let proposal = json!({
            "kind": "period_reopening", "target": id, "after": {"status": "open"}, "reason": "A late invoice.",
        });
        let proposed = app
            .finance()
            .post("/v1/change-requests", proposal)
            .expect(201);
        let approve = format!("/v1/change-requests/{}/approve", proposed.id());
        app.finance()
            .post_if(&approve, &proposed.etag(), reason.clone())
            .expect_problem(403, "segregation_of_duties");
        app.credit()
            .post_if(&approve, &proposed.etag(), reason)
            .expect(200);
        assert_eq!(app.sales().get(&path).expect(200)["status"], "open");
    });
}

#[test]
fn the_same_list_twice_changes_nothing_and_what_overlaps_is_refused() {
    on_both(|app| {
        app.turn_to("2026-04-03");
        let list = json!([month("2026-03", "closed"), month("2026-04", "open")]);
        let first = state(app, list.clone()).expect(200);
        let again = state(app, list).expect(200);
        assert_eq!(again.body, first.body);
        // An ERP that leads may say that a period is open again, or shorter.
        state(app, json!([month("2026-03", "open")])).expect(200);
        let overlapping = json!([{
            "code": "Q1", "first_day": "2026-01-01", "last_day": "2026-03-01", "status": "open"
        }]);
        let refused = state(app, overlapping).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "overlaps");
        let backwards = json!([{
            "code": "B", "first_day": "2026-05-02", "last_day": "2026-05-01", "status": "open"
        }]);
        let refused = state(app, backwards).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "backwards");
        let listed = app
            .sales()
            .get("/v1/periods?status=open&legal_entity=MAIN")
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 2);
        app.credit()
            .request("PUT", "/v1/periods")
            .json(json!({"periods": [month("2026-05", "open")]}))
            .send()
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn a_list_that_names_a_period_twice_is_refused_and_nothing_of_it_is_kept() {
    on_both(|app| {
        let twice = json!([
            month("2026-03", "closed"),
            month("2026-04", "open"),
            month("2026-03", "open")
        ]);
        let refused = state(app, twice).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/periods/2/code");
        assert_eq!(refused["errors"][0]["code"], "repeated");
        let listed = app.sales().get("/v1/periods").expect(200);
        assert_eq!(listed["data"], json!([]));
    });
}

#[test]
fn nothing_slips_into_a_period_that_is_closed_at_the_same_moment() {
    on_both(|app| {
        app.turn_to("2026-04-03");
        for customer in ["C-1", "C-2", "C-3", "C-4"] {
            a_customer(customer).create(app);
        }
        keep_here(app);
        state(app, json!([month("2026-03", "open")])).expect(200);
        let posted = || {
            let page = app.finance().get("/v1/invoices?limit=200").expect(200);
            page["data"].as_array().unwrap().len()
        };
        let at_the_close = std::thread::scope(|scope| {
            for customer in ["C-1", "C-2", "C-3", "C-4"] {
                scope.spawn(move || {
                    for number in 1..=15 {
                        let reply = an_invoice(&format!("{customer}-{number}"), customer, "1.00")
                            .dated("2026-03-10")
                            .post(app);
                        assert!([201, 422].contains(&reply.status), "{}", reply.text);
                    }
                });
            }
            while posted() < 5 {}
            state(app, json!([month("2026-03", "closed")])).expect(200);
            posted()
        });
        assert_eq!(posted(), at_the_close);
    });
}
