//! Ratings that netterms looks at again by itself, once a business day, and the day on which a person is to.

use kernel::caller::Role;
use netterms::server::housekeeping;
use serde_json::{Value, json};

use crate::support::{
    Reply, TestApp, a_customer, a_graded_customer, a_model, a_receipt, an_invoice, on_both,
    put_live, rate_by_share, set_policy,
};

const TODAY: &str = "2026-03-31";

fn open(app: &TestApp) {
    app.turn_to(TODAY);
    rate_by_share(app);
}

/// Begins the day's work and waits for its end: the jobs that were done so far, the newest first.
fn work(app: &TestApp) -> Vec<Value> {
    housekeeping::begin_day(app.database()).unwrap();
    let credit = app.credit();
    let jobs = credit.get("/v1/jobs?kind=rerating").expect(200);
    let jobs = jobs["data"].as_array().unwrap().clone();
    jobs.iter()
        .map(|job| {
            let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
            credit.get(&format!("{path}/events")).expect(200);
            let job = credit.get(&path).expect(200);
            assert_eq!(job["status"], "succeeded");
            job["result"].clone()
        })
        .collect()
}

fn current(app: &TestApp, customer: &str) -> Reply {
    let listed = app
        .credit()
        .get(&format!("/v1/ratings?customer={customer}"))
        .expect(200);
    let id = listed["data"][0]["id"].as_str().unwrap();
    app.credit().get(&format!("/v1/ratings/{id}")).expect(200)
}

fn history(app: &TestApp, customer: &str) -> usize {
    let listed = app
        .credit()
        .get(&format!("/v1/ratings?customer={customer}&history=all"))
        .expect(200);
    listed["data"].as_array().unwrap().len()
}

#[test]
fn who_pays_otherwise_than_when_rated_is_rated_again_once_a_day() {
    on_both(|app| {
        open(app);
        let quiet = a_graded_customer(app, "C-1", "BB").id;
        let late = a_graded_customer(app, "C-2", "BB").id;
        a_customer("C-3").create(app);
        an_invoice("I-1", "C-2", "5000.00")
            .due("2026-04-10")
            .create(app);
        let (quiet_before, late_before) = (history(app, &quiet), history(app, &late));
        // Nothing is rated again on the day on which it was rated, and a day is begun once.
        assert_eq!(work(app), [json!({"customers": 0, "rated": {}})]);
        assert_eq!(work(app).len(), 1);
        app.turn_to("2026-04-10");
        assert_eq!(work(app)[0], json!({"customers": 2, "rated": {}}));

        // Overdue for 91 days it is in default, and overdue from day to day it is rated every day.
        app.turn_to("2026-07-10");
        assert_eq!(work(app)[0], json!({"customers": 2, "rated": {"moved": 1}}));
        assert_eq!(work(app).len(), 3);
        assert_eq!(history(app, &quiet), quiet_before);
        assert_eq!(history(app, &late), late_before + 1);
        let rating = current(app, &late);
        assert_eq!(
            (&rating["grade"], &rating["cause"], &rating["rated_by"]),
            (&json!("D"), &json!("moved"), &json!("netterms"))
        );
        assert_eq!(rating["moved"], json!(["past_due", "unpaid_days"]));
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", rating.id()))
            .expect(200);
        assert_eq!(
            trail["data"][0]["reason"],
            "Behaviour moved: past_due, unpaid_days."
        );
        let unrated = app.credit().get("/v1/ratings?history=all").expect(200);
        let rated = unrated["data"].as_array().unwrap();
        assert!(rated.iter().all(|row| {
            [&quiet, &late].contains(&&row["customer_id"].as_str().unwrap().to_owned())
        }));
    });
}

#[test]
fn an_indicator_of_our_ledger_that_the_model_asks_for_moves_a_rating() {
    on_both(|app| {
        app.turn_to("2025-01-15");
        let id = a_customer("C-1").create(app).id;
        an_invoice("I-1", "C-1", "100.00")
            .due("2025-02-15")
            .create(app);
        app.turn_to("2025-02-15");
        a_receipt("R-1", "C-1", "100.00")
            .paying("I-1", "100.00")
            .create(app);
        // The four aspects ask for how the customer pays.
        app.credit()
            .post("/v1/ratings", json!({"customer": "C-1"}))
            .expect(201);
        an_invoice("I-2", "C-1", "100.00")
            .due("2025-03-01")
            .create(app);
        app.turn_to("2025-02-20");
        assert_eq!(work(app)[0]["rated"], json!({}));
        app.turn_to("2025-03-05");
        assert_eq!(work(app)[0]["rated"], json!({"moved": 1}));
        let moved = current(app, &id)["moved"].clone();
        assert!(
            moved.as_array().unwrap().contains(&json!("OVERDUE_COUNT")),
            "{moved}"
        );
        // A day later it is later, which this model does not look at: counts and amounts are the same.
        app.turn_to("2025-03-06");
        assert_eq!(work(app)[0]["rated"], json!({}));
    });
}

#[test]
fn a_rating_that_is_too_old_is_made_again_and_an_override_that_stands_stays() {
    on_both(|app| {
        open(app);
        let id = a_graded_customer(app, "C-1", "BB").id;
        app.turn_to("2027-03-30");
        let rating = current(app, &id);
        app.caller("u-finance", &[Role::Finance], None)
            .post_if(
                &format!("/v1/ratings/{}/override", rating.id()),
                &rating.etag(),
                json!({"grade": "B", "reason": "A new owner.", "expires_on": "2027-09-30"}),
            )
            .expect(200);
        work(app);
        assert_eq!(current(app, &id).id(), rating.id());
        app.turn_to("2027-03-31");
        assert_eq!(work(app)[0]["rated"], json!({"stale": 1}));
        let again = current(app, &id);
        assert_eq!(
            (
                &again["grade"],
                &again["grade_without_override"],
                &again["cause"]
            ),
            (&json!("B"), &json!("BB"), &json!("stale"))
        );
        assert_eq!(again["stale_on"], "2028-03-31");
    });
}

#[test]
fn that_a_customer_is_known_for_longer_moves_no_rating() {
    on_both(|app| {
        app.turn_to("2025-01-15");
        let by_time = json!({"criteria": [
            {"code": "YEARS_KNOWN", "weight": 1, "worst": 0, "best": 3, "missing": "refuse"}
        ]});
        put_live(app, &a_model(app, "KNOWN", by_time));
        let id = a_customer("C-1").create(app).id;
        an_invoice("I-1", "C-1", "100.00")
            .due("2025-02-15")
            .create(app);
        app.turn_to("2025-02-01");
        app.credit()
            .post("/v1/ratings", json!({"customer": "C-1"}))
            .expect(201);
        app.turn_to("2025-02-02");
        assert_eq!(work(app), [json!({"customers": 1, "rated": {}})]);
        assert_eq!(history(app, &id), 1);
    });
}

#[test]
fn the_policy_says_whom_the_house_rates_again() {
    on_both(|app| {
        open(app);
        let id = a_graded_customer(app, "C-1", "BB").id;
        a_customer("C-2").create(app);
        set_policy(app, |document| document["rerate"] = json!([]));
        app.turn_to("2027-04-10");
        assert_eq!(work(app), [Value::Null; 0]);
        let before = history(app, &id);
        set_policy(app, |document| document["rerate"] = json!(["unrated"]));
        app.turn_to("2027-04-11");
        assert_eq!(
            work(app)[0],
            json!({"customers": 2, "rated": {"unrated": 1}})
        );
        assert_eq!(history(app, &id), before);
        let twice = json!(["moved", "moved"]);
        let live = app.credit().get("/v1/policies/live").expect(200);
        let mut document = live["document"].clone();
        document["rerate"] = twice;
        let refused = app
            .credit()
            .post(
                "/v1/policies",
                json!({"document": document, "reason": "Twice."}),
            )
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/document/rerate");
    });
}

#[test]
fn two_replicas_begin_one_day_once() {
    on_both(|app| {
        open(app);
        a_graded_customer(app, "C-1", "BB");
        let other = app.another();
        std::thread::scope(|scope| {
            for database in [app.database(), other.database()] {
                scope.spawn(|| {
                    database.clock().turn_to(app.clock().now());
                    housekeeping::begin_day(database).unwrap();
                });
            }
        });
        assert_eq!(work(app).len(), 1);
    });
}

#[test]
fn a_probation_ends_by_itself() {
    on_both(|app| {
        open(app);
        let id = a_graded_customer(app, "C-1", "BB").id;
        an_invoice("I-1", "C-1", "5000.00")
            .due("2026-04-01")
            .create(app);
        app.turn_to("2026-07-01");
        work(app);
        assert_eq!(current(app, &id)["grade"], "D");
        app.turn_to("2026-07-02");
        a_receipt("R-1", "C-1", "5000.00")
            .paying("I-1", "5000.00")
            .create(app);
        work(app);
        assert_eq!(current(app, &id)["cured_on"], "2026-07-02");
        app.turn_to("2026-09-29");
        work(app);
        assert_eq!(current(app, &id)["grade"], "D");
        app.turn_to("2026-09-30");
        assert_eq!(work(app)[0]["rated"], json!({"stale": 1}));
        assert_eq!(current(app, &id)["grade"], "BB");
    });
}

#[test]
fn customers_to_be_reviewed_are_listed_by_their_day() {
    on_both(|app| {
        open(app);
        let id = a_graded_customer(app, "C-1", "BB").id;
        let review_by = |day: &str| {
            let listed = app
                .credit()
                .get(&format!("/v1/ratings?review_by={day}"))
                .expect(200);
            listed["data"].as_array().unwrap().len()
        };
        // BB is looked at every six months.
        assert_eq!(current(app, &id)["review_on"], "2026-09-30");
        assert_eq!((review_by("2026-09-29"), review_by("2026-09-30")), (0, 1));
        // Netterms rates again what is late, and that is no review; in a worse grade it is due sooner.
        an_invoice("I-1", "C-1", "500.00")
            .due("2026-04-01")
            .create(app);
        app.turn_to("2026-07-01");
        work(app);
        let worse = current(app, &id);
        assert_eq!(
            (&worse["grade"], &worse["review_on"]),
            (&json!("B"), &json!("2026-09-30"))
        );
        app.turn_to("2026-10-01");
        let asked = app
            .credit()
            .post("/v1/ratings", json!({"customer": "C-1"}))
            .expect(201);
        assert_eq!(asked["review_on"], "2027-01-01");
    });
}
