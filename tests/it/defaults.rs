//! Legal status, and customers in default: the grade of default, whatever the score says, until it is cured.

use serde_json::{Value, json};

use crate::support::{
    Reply, TestApp, a_customer, a_receipt, an_invoice, import, on_both, rate_by_share,
};

const TODAY: &str = "2026-03-31";

/// A customer with a market share of so much, which alone makes its score.
fn customer(app: &TestApp, number: &str, share: f64) {
    a_customer(number).create(app);
    say(app, number, share);
}

fn say(app: &TestApp, customer: &str, share: f64) {
    let body = json!({
        "indicator": "MARKET_SHARE", "value": share, "source": "Trade association", "as_of": TODAY,
    });
    app.credit()
        .post(&format!("/v1/customers/{customer}/facts"), body)
        .expect(201);
}

fn rate(app: &TestApp, customer: &str) -> Reply {
    app.credit()
        .post("/v1/ratings", json!({"customer": customer}))
        .expect(201)
}

fn set_status(app: &TestApp, customer: &str, body: Value) -> Reply {
    let path = format!("/v1/customers/{customer}");
    let etag = app.credit().get(&path).expect(200).etag();
    app.credit()
        .put(&format!("{path}/legal-status"), &etag, body)
}

/// What was asked of who is in default, with what came of it.
fn of_default(rating: &Reply) -> Vec<(String, String)> {
    let rules = rating["rules"].as_array().unwrap().iter();
    rules
        .filter(|step| step["cause"]["bound"]["effect"] == "in_default")
        .map(|step| {
            let fact = step["cause"]["condition"]["fact"].as_str().unwrap();
            let outcome = step["outcome"].as_str().unwrap();
            (fact.to_owned(), outcome.to_owned())
        })
        .collect()
}

#[test]
fn credit_says_who_is_sued_and_the_trail_keeps_why() {
    on_both(|app| {
        app.turn_to(TODAY);
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        let body =
            json!({"status": "sued", "since": "2026-03-20", "reason": "Filed by Suzhou Bank."});
        let set = set_status(app, "C-1", body.clone()).expect(200);
        assert_eq!(
            (&set["legal_status"], &set["legal_status_since"]),
            (&json!("sued"), &json!("2026-03-20"))
        );
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", set.id()))
            .expect(200);
        let entries = trail["data"].as_array().unwrap();
        let entry = entries
            .iter()
            .find(|entry| entry["action"] == "customer.legal_status_set")
            .unwrap();
        assert_eq!(entry["reason"], "Filed by Suzhou Bank.");
        assert_eq!(entry["before"]["legal_status"], "none");
        assert_eq!(entry["after"]["legal_status"], "sued");
        let listed = app
            .credit()
            .get("/v1/customers?legal_status=sued&legal_status=judgment")
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);

        let wrong = |body: Value| {
            let problem = set_status(app, "C-1", body).expect_problem(422, "invalid");
            problem["errors"][0]["pointer"].clone()
        };
        let reason = "Wrong.";
        let tomorrow = json!({"status": "sued", "since": "2026-04-01", "reason": reason});
        assert_eq!(wrong(tomorrow), "/since");
        let since_nothing = json!({"status": "none", "since": "2026-03-01", "reason": reason});
        assert_eq!(wrong(since_nothing), "/since");
        let path = "/v1/customers/C-1/legal-status";
        let credit = app.credit();
        credit
            .put(path, "\"1\"", body.clone())
            .expect_problem(412, "stale");
        credit
            .request("PUT", path)
            .json(body.clone())
            .send()
            .expect_problem(428, "precondition_required");
        app.sales()
            .put(path, "\"2\"", body)
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn legal_status_comes_with_imported_customers() {
    on_both(|app| {
        app.turn_to(TODAY);
        let file = "number,name,country,legal_status,legal_status_since\n\
                    C-1,One,CN,judgment,2026-01-15\n\
                    C-2,Two,CN,,\n\
                    C-3,Three,CN,dissolved,2026-04-15\n\
                    C-4,Four,CN,bankrupt,\n";
        let job = import("customers", file).run(&app.credit());
        assert_eq!(job["result"]["created"], 2);
        assert_eq!(job["result"]["rejected"], 2);
        let read = |number: &str| {
            app.credit()
                .get(&format!("/v1/customers/{number}"))
                .expect(200)
        };
        assert_eq!(read("C-1")["legal_status"], "judgment");
        assert_eq!(read("C-1")["legal_status_since"], "2026-01-15");
        assert_eq!(read("C-2")["legal_status"], "none");
        assert_eq!(
            import("customers", file).run(&app.credit())["result"]["unchanged"],
            2
        );
    });
}

#[test]
fn who_is_sued_is_capped_and_who_is_insolvent_is_in_default() {
    on_both(|app| {
        app.turn_to(TODAY);
        rate_by_share(app);
        customer(app, "C-1", 0.8);
        set_status(app, "C-1", json!({"status": "sued", "reason": "Filed."})).expect(200);
        assert_eq!(rate(app, "C-1")["grade"], "B");
        set_status(
            app,
            "C-1",
            json!({"status": "insolvent", "reason": "Opened."}),
        )
        .expect(200);
        let rating = rate(app, "C-1");
        assert_eq!(rating["grade"], "D");
        assert_eq!(rating["model"]["grade"], "AA");
        assert_eq!(rating["in_default_since"], TODAY);
        assert_eq!(rating["facts"]["legal_status"], "insolvent");
        let of = |fact: &str, outcome: &str| (fact.to_owned(), outcome.to_owned());
        assert_eq!(
            of_default(&rating),
            [
                of("legal_status_in", "moved"),
                of("unpaid_amount_over", "not_fired")
            ]
        );
        // Nobody lifts it by hand, and who can't be scored is in default all the same.
        app.finance()
            .post_if(
                &format!("/v1/ratings/{}/override", rating.id()),
                &rating.etag(),
                json!({"grade": "CCC", "reason": "He will pay.", "expires_on": "2026-09-30"}),
            )
            .expect_problem(409, "state_conflict");
        a_customer("C-2").create(app);
        set_status(
            app,
            "C-2",
            json!({"status": "dissolved", "reason": "Struck off."}),
        )
        .expect(200);
        assert_eq!(rate(app, "C-2")["grade"], "D");
        let listed = app.credit().get("/v1/ratings?grade=D").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_default_by_what_is_unpaid_ends_ninety_days_after_it_was_paid() {
    on_both(|app| {
        app.turn_to(TODAY);
        rate_by_share(app);
        customer(app, "C-1", 0.45);
        an_invoice("I-1", "C-1", "1000.01")
            .dated("2025-10-01")
            .due("2025-12-30")
            .create(app);
        let rating = rate(app, "C-1");
        assert_eq!(
            (&rating["grade"], &rating["in_default_since"]),
            (&json!("D"), &json!(TODAY))
        );
        assert_eq!(rating["facts"]["past_due"][0]["days"], 91);
        assert_eq!(
            rating["facts"]["past_due"][0]["amount"]["amount"],
            "1000.01"
        );
        app.turn_to("2026-04-10");
        a_receipt("R-1", "C-1", "1000.01")
            .dated("2026-04-10")
            .create(app);
        let cured = rate(app, "C-1");
        assert_eq!(
            (&cured["grade"], &cured["cured_on"], &cured["stale_on"]),
            (&json!("D"), &json!("2026-04-10"), &json!("2026-07-09"))
        );
        let rules = cured["rules"].as_array().unwrap();
        let last = rules.last().unwrap();
        assert_eq!(last["cause"]["by"], "probation");
        assert_eq!(last["cause"]["ends_on"], "2026-07-09");
        app.turn_to("2026-07-08");
        assert_eq!(rate(app, "C-1")["grade"], "D");
        app.turn_to("2026-07-09");
        let over = rate(app, "C-1");
        assert_eq!(
            (&over["grade"], &over["in_default_since"]),
            (&json!("BB"), &Value::Null)
        );
    });
}

#[test]
fn a_scale_that_gives_default_names_its_grade() {
    on_both(|app| {
        let scale = app.credit().get("/v1/grade-scales?status=live").expect(200);
        let mut document = scale["data"][0]["document"].clone();
        document["scale"]["in_default"] = Value::Null;
        document["bounds"]["probation_days"] = json!(400);
        let drafted = app
            .credit()
            .post(
                "/v1/grade-scales",
                json!({"document": document, "reason": "Without D."}),
            )
            .expect_problem(422, "invalid");
        let pointers: Vec<&Value> = drafted["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["pointer"])
            .collect();
        assert_eq!(
            pointers,
            [
                &json!("/document/bounds/probation_days"),
                &json!("/document/scale/in_default")
            ]
        );
    });
}
