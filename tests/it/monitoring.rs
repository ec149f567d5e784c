//! Models watched at work: whether those whom a model rated badly turned out so.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::ratings::{open, rate, say};
use crate::support::{
    Reply, TestApp, a_customer, a_receipt, an_invoice, on_both, put_live, upload,
};

/// Customers rated on 31 March 2026 with these market shares, who all bought in May for 1 June.
fn rated(app: &TestApp, shares: &[(&str, f64)]) {
    for (number, share) in shares {
        a_customer(number).create(app);
        say(app, number, *share);
    }
    let credit = app.credit();
    let run = credit.post("/v1/rating-runs", json!({})).expect(202);
    let events = format!("{}/events", run.header("location").unwrap());
    credit.get(&events).expect(200);
    app.turn_to("2026-05-02");
    for (number, _) in shares {
        an_invoice(&format!("{number}-1"), number, "100.00")
            .due("2026-06-01")
            .create(app);
    }
}

fn pay(app: &TestApp, receipt: &str, customer: &str) -> String {
    a_receipt(receipt, customer, "100.00")
        .paying(&format!("{customer}-1"), "100.00")
        .create(app)
}

/// What became of those whom the live model had rated.
fn watched(app: &TestApp, query: &str) -> Reply {
    let live = app.credit().get("/v1/rating-models/live").expect(200).id();
    app.auditor()
        .get(&format!("/v1/rating-models/{live}/discrimination{query}"))
}

/// Ten customers who never pay and twelve who pay nineteen days late, each with its share.
fn a_year_later(app: &TestApp, share: impl Fn(usize) -> f64) {
    let numbers: Vec<String> = (0..22).map(|place| format!("C-{place}")).collect();
    let shares: Vec<(&str, f64)> = numbers
        .iter()
        .enumerate()
        .map(|(place, number)| (number.as_str(), share(place)))
        .collect();
    rated(app, &shares);
    app.turn_to("2026-06-20");
    for number in &numbers[10..] {
        pay(app, &format!("R-{number}"), number);
    }
    app.turn_to("2027-04-01");
}

/// The share of who stands at a place: of the first ten from `bad` on, of the others from `good` on.
fn apart(bad: &str, good: &str) -> impl Fn(usize) -> f64 {
    let (bad, good) = (bad.to_owned(), good.to_owned());
    move |place| {
        let from = if place < 10 { &bad } else { &good };
        format!("{from}{place:02}").parse().unwrap()
    }
}

#[test]
fn a_model_that_told_who_would_not_pay_holds() {
    on_both(|app| {
        open(app);
        a_year_later(app, apart("0.1", "0.6"));
        let found = watched(app, "").expect(200);
        assert_eq!(
            (&found["rated_on"], &found["until"]),
            (&json!("2026-04-01"), &json!("2027-04-01"))
        );
        assert_eq!(
            (&found["rated"], &found["bads"], &found["goods"]),
            (&json!(22), &json!(10), &json!(12))
        );
        assert_eq!(
            (
                &found["ks"]["value"],
                &found["auc"]["value"],
                &found["gini"]["value"]
            ),
            (&json!(1.0), &json!(1.0), &json!(1.0))
        );
        assert_eq!(
            (&found["verdict"], &found["notices"], &found["validation"]),
            (&json!("holds"), &json!([]), &Value::Null)
        );
        assert_eq!(found["ks_score"], 0.109);
    });
}

#[test]
fn a_model_that_told_it_the_wrong_way_round_is_to_be_calibrated_anew() {
    on_both(|app| {
        open(app);
        a_year_later(app, apart("0.6", "0.1"));
        let found = watched(app, "?rated_on=2026-03-31").expect(200);
        assert_eq!(found["auc"]["value"], 0.0);
        assert_eq!(found["verdict"], "recalibrate");
        assert_eq!(
            found["notices"],
            json!([{"code": "no_better_than_chance", "auc_low": 0.0}])
        );
    });
}

#[test]
fn what_validation_promised_stands_beside_what_came() {
    on_both(|app| {
        open(app);
        let mut csv = "MARKET_SHARE,outcome\n".to_owned();
        for row in 0..300 {
            let outcome = if row % 100 < 30 { "bad" } else { "good" };
            writeln!(csv, "0.{:02},{outcome}", row % 100).unwrap();
        }
        let plan = json!({
            "code": "FITTED", "name": "Learnt from our book", "kind": "decision_tree",
            "target": {"column": "outcome", "bad": "bad"}, "reason": "First fit.",
        });
        let job = upload("/v1/rating-models/fit", csv)
            .part("plan", plan.to_string())
            .run(&app.credit());
        assert_eq!(job["status"], "succeeded", "{}", job.text);
        let id = job["result"]["rating_model_id"].as_str().unwrap();
        let path = format!("/v1/rating-models/{id}");
        let draft = app.credit().get(&path).expect(200);
        put_live(app, &draft);
        // Of those who paid as of those who did not, every other one has a small share.
        a_year_later(app, |place| if place % 2 == 0 { 0.1 } else { 0.6 });
        let found = watched(app, "").expect(200);
        assert_eq!(
            (&found["ks"]["value"], &found["auc"]["value"]),
            (&json!(0.0), &json!(0.5))
        );
        assert_eq!(found["validation"]["ks"]["value"], 1.0);
        assert_eq!(
            found["validation"]["auc"]["value"],
            draft["report"]["validation"]["auc"]["value"]
        );
        let codes: Vec<&Value> = found["notices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|notice| &notice["code"])
            .collect();
        assert_eq!(codes, ["ks_low", "ks_fell", "no_better_than_chance"]);
        assert_eq!(found["verdict"], "recalibrate");
    });
}

#[test]
fn a_shorter_watch_or_a_stricter_one_tells_otherwise() {
    on_both(|app| {
        open(app);
        a_year_later(app, apart("0.1", "0.6"));
        // By the end of August nothing that was due on 1 June is more than ninety days late.
        let early = watched(app, "?rated_on=2026-03-31&months=4").expect(200);
        assert_eq!(
            (
                &early["until"],
                &early["without_exposure"],
                &early["verdict"]
            ),
            (&json!("2026-07-31"), &json!(22), &json!("too_few"))
        );
        assert_eq!((&early["ks"], &early["auc"]), (&Value::Null, &Value::Null));
        // Ten days after the due date nobody had paid.
        let strict = watched(app, "?rated_on=2026-03-31&months=4&overdue_days=10").expect(200);
        assert_eq!((&strict["bads"], &strict["goods"]), (&json!(22), &json!(0)));
        // It was paid on the nineteenth day: at the end of none was it open for more than eighteen.
        let just = watched(app, "?rated_on=2026-03-31&months=4&overdue_days=18").expect(200);
        assert_eq!((&just["bads"], &just["goods"]), (&json!(10), &json!(12)));
        let before = watched(app, "?rated_on=2026-03-31&months=4&overdue_days=17").expect(200);
        assert_eq!(before["bads"], 22);
    });
}

#[test]
fn who_was_bad_before_is_left_out_and_a_payment_taken_back_leaves_its_invoice_unpaid() {
    on_both(|app| {
        open(app);
        a_customer("C-9").create(app);
        say(app, "C-9", 0.3);
        an_invoice("C-9-0", "C-9", "100.00")
            .dated("2025-11-01")
            .due("2025-12-01")
            .create(app);
        rated(app, &[("C-1", 0.2), ("C-2", 0.3), ("C-3", 0.4)]);
        app.turn_to("2026-06-20");
        let taken_back = pay(app, "R-1", "C-1");
        pay(app, "R-2", "C-2");
        pay(app, "R-3", "C-3");
        app.turn_to("2026-10-01");
        let path = format!("/v1/receipts/{taken_back}");
        let receipt = app.finance().get(&path).expect(200);
        app.finance()
            .post_if(
                &format!("{path}/reverse"),
                &receipt.etag(),
                json!({"reason": "Bounced."}),
            )
            .expect(200);
        app.turn_to("2026-10-10");
        pay(app, "R-4", "C-1");
        app.turn_to("2027-03-31");
        let found = watched(app, "?rated_on=2026-03-31").expect(200);
        assert_eq!(
            (
                &found["rated"],
                &found["bad_before"],
                &found["bads"],
                &found["goods"]
            ),
            (&json!(4), &json!(1), &json!(1), &json!(2))
        );
        assert_eq!(
            (&found["verdict"], &found["notices"][0]),
            (
                &json!("too_few"),
                &json!({"code": "few_bads", "bads": 1, "needed": 10})
            )
        );
        let until_september = watched(app, "?rated_on=2026-03-31&months=5").expect(200);
        assert_eq!(until_september["bads"], 0);
    });
}

#[test]
fn who_came_into_default_since_is_bad_though_nothing_was_owed_for_long() {
    on_both(|app| {
        open(app);
        rated(app, &[("C-1", 0.2), ("C-2", 0.3)]);
        app.turn_to("2026-06-20");
        pay(app, "R-1", "C-1");
        pay(app, "R-2", "C-2");
        let path = "/v1/customers/C-1";
        let etag = app.credit().get(path).expect(200).etag();
        let insolvent =
            json!({"status": "insolvent", "since": "2026-06-19", "reason": "Court notice."});
        app.credit()
            .put(&format!("{path}/legal-status"), &etag, insolvent)
            .expect(200);
        rate(app, "C-1");
        app.turn_to("2027-03-31");
        let found = watched(app, "?rated_on=2026-03-31").expect(200);
        assert_eq!(
            (&found["bad_before"], &found["bads"], &found["goods"]),
            (&json!(0), &json!(1), &json!(1))
        );
        // Once it was in default there was nothing left to foresee.
        let later = watched(app, "?rated_on=2026-06-20&months=9").expect(200);
        assert_eq!(
            (&later["bad_before"], &later["bads"]),
            (&json!(1), &json!(0))
        );
    });
}

#[test]
fn a_time_that_is_not_over_or_knows_no_rating_is_refused() {
    on_both(|app| {
        open(app);
        rated(app, &[("C-1", 0.2)]);
        for (query, pointer) in [
            ("?rated_on=2026-03-31", "#months"),
            ("?rated_on=2026-03-30&months=1", "#rated_on"),
            ("", "#rated_on"),
        ] {
            let refused = watched(app, query).expect_problem(422, "invalid");
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{query}");
        }
        for query in [
            "?months=0",
            "?months=37",
            "?overdue_days=366",
            "?months=x",
            "?years=1",
        ] {
            watched(app, query).expect_problem(400, "malformed_parameter");
        }
        let path = "/v1/rating-models/rmd_01k00000000000000000000001/discrimination";
        app.finance().get(path).expect_problem(404, "not_found");
        app.sales().get(path).expect_problem(403, "forbidden");
    });
}
