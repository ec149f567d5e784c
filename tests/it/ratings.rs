//! Customers rated: what is known of them, by the live model, on the live scale, and why.

use std::fmt::Write as _;

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, a_model, an_invoice, import, on_both, put_live};

const TODAY: &str = "2026-03-31";

/// A house that rates by market share alone, on 31 March.
pub fn open(app: &TestApp) {
    app.turn_to(TODAY);
    put_live(app, &a_model(app, "SHARE", json!({})));
}

/// Says what market share a customer has.
pub fn say(app: &TestApp, customer: &str, share: f64) {
    let body = json!({
        "indicator": "MARKET_SHARE", "value": share, "source": "Trade association", "as_of": TODAY,
    });
    app.credit()
        .post(&format!("/v1/customers/{customer}/facts"), body)
        .expect(201);
}

/// A customer with a market share.
fn customer(app: &TestApp, number: &str, share: f64) -> String {
    let made = a_customer(number).create(app);
    say(app, number, share);
    made.id
}

pub fn rate(app: &TestApp, customer: &str) -> Reply {
    app.credit()
        .post("/v1/ratings", json!({"customer": customer}))
        .expect(201)
}

fn expert(app: &TestApp, who: &str, rating: &Reply, grade: &str, until: &str) -> Reply {
    app.caller(who, &[Role::Finance], None).post_if(
        &format!("/v1/ratings/{}/override", rating.id()),
        &rating.etag(),
        json!({"grade": grade, "reason": "Known for ten years.", "expires_on": until}),
    )
}

fn current(app: &TestApp, query: &str) -> Vec<(String, Value)> {
    let listed = app.credit().get(&format!("/v1/ratings{query}")).expect(200);
    let rows = listed["data"].as_array().unwrap().iter();
    rows.map(|row| {
        (
            row["customer_id"].as_str().unwrap().to_owned(),
            row["grade"].clone(),
        )
    })
    .collect()
}

// ---------------------------------------------------------------- one customer

#[test]
fn a_customer_of_whom_nothing_is_known_is_not_rated_and_the_rating_says_why() {
    on_both(|app| {
        open(app);
        a_customer("C-1").create(app);
        let rating = rate(app, "C-1");
        assert_eq!(
            (&rating["grade"], &rating["model"]["score"]),
            (&json!("NR"), &Value::Null)
        );
        let why = rating.text_at("/model/not_rated_because");
        assert!(why.contains("MARKET_SHARE is missing"), "{why}");
        // What is missing is told with its reason, and is no zero.
        assert_eq!(rating["inputs"]["MARKET_SHARE"]["value"], Value::Null);
        assert_eq!(
            rating["inputs"]["MARKET_SHARE"]["missing"]["code"],
            "not_said"
        );
        expert(app, "u-finance", &rating, "B", "2026-09-30").expect_problem(409, "state_conflict");
    });
}

#[test]
fn a_rating_tells_its_inputs_factors_rules_and_versions() {
    on_both(|app| {
        open(app);
        let id = customer(app, "C-1", 0.8);
        let rating = rate(app, "C-1");
        assert_eq!(rating["customer_id"], json!(id));
        assert_eq!(
            (&rating["model"]["grade"], &rating["model"]["score"]),
            (&json!("AA"), &json!(0.8))
        );
        // New customers and those without statements are capped, whatever their score.
        assert_eq!(rating["grade"], "BBB");
        let moved: Vec<&Value> = rating["rules"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|step| step["outcome"] == "moved")
            .collect();
        assert_eq!(moved.len(), 1);
        assert_eq!(
            moved[0]["cause"]["condition"]["fact"],
            "customer_months_under"
        );
        let unknown = rating["rules"].as_array().unwrap().iter();
        assert_eq!(
            unknown
                .filter(|step| step["outcome"] == "not_known")
                .count(),
            1
        );
        assert_eq!(rating["factors"][0]["path"], json!(["MARKET_SHARE"]));
        assert_eq!(rating["factors"][0]["lost"], 0.2);
        assert_eq!(rating["reasons"], json!(["MARKET_SHARE"]));
        assert_eq!(rating["inputs"]["MARKET_SHARE"]["source"]["kind"], "fact");
        assert_eq!(
            (&rating["scale_version"], &rating["stale_on"]),
            (&json!(1), &json!("2027-03-31"))
        );
        let read = app
            .auditor()
            .get(&format!("/v1/ratings/{}", rating.id()))
            .expect(200);
        assert_eq!(read.body, rating.body);
    });
}

#[test]
fn the_four_aspects_rate_from_day_one_and_their_parts_sum_to_the_score() {
    on_both(|app| {
        app.turn_to(TODAY);
        customer(app, "C-1", 0.3);
        let rating = rate(app, "C-1");
        assert_eq!(rating["model"]["code"], "FOUR_ASPECTS");
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        let factors = rating["factors"].as_array().unwrap();
        assert_eq!(factors.len(), 12);
        let brought: f64 = factors.iter().map(|one| number(&one["contribution"])).sum();
        let score = number(&rating["model"]["score"]);
        // Much is missing, and what is missing is taken off.
        assert!(score < brought, "{score} of {brought}");
        assert!(factors.iter().any(|one| one["basis"] == "left_out"));
    });
}

#[test]
fn sales_read_grade_and_factors_of_their_own_customers() {
    on_both(|app| {
        open(app);
        customer(app, "C-1", 0.3);
        a_customer("C-2").owned_by("u-other").create(app);
        say(app, "C-2", 0.3);
        let (own, other) = (rate(app, "C-1"), rate(app, "C-2"));
        let sales = app.sales();
        let read = sales.get(&format!("/v1/ratings/{}", own.id())).expect(200);
        assert_eq!(read["grade"], "B");
        // What each factor brought is told, and not what credit knows of the customer.
        for (told, whole) in read["factors"]
            .as_array()
            .unwrap()
            .iter()
            .zip(own["factors"].as_array().unwrap())
        {
            let mut masked = whole.clone();
            masked["value"] = Value::Null;
            assert_eq!(*told, masked);
        }
        assert_eq!(
            (&read["inputs"], &read["facts"]),
            (&Value::Null, &Value::Null)
        );
        sales
            .get(&format!("/v1/ratings/{}", other.id()))
            .expect_problem(404, "not_found");
        let listed = sales.get("/v1/ratings").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        let body = json!({"customer": "C-1"});
        sales
            .post("/v1/ratings", body.clone())
            .expect_problem(403, "forbidden");
        app.admin()
            .get("/v1/ratings")
            .expect_problem(403, "forbidden");
        app.auditor()
            .post("/v1/ratings", body)
            .expect_problem(403, "forbidden");
        app.credit()
            .post("/v1/ratings", json!({"customer": "C-9"}))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn who_owes_for_more_than_ninety_days_is_not_above_b() {
    on_both(|app| {
        open(app);
        customer(app, "C-1", 0.65);
        an_invoice("INV-1", "C-1", "100.00")
            .dated("2025-01-10")
            .due("2025-12-30")
            .create(app);
        let rating = rate(app, "C-1");
        assert_eq!(
            (&rating["model"]["grade"], &rating["grade"]),
            (&json!("A"), &json!("B"))
        );
        assert_eq!(rating["facts"]["unpaid_days"], 91);
        assert_eq!(rating["facts"]["customer_months"], 14);
    });
}

#[test]
fn a_new_rating_takes_the_place_of_the_one_before() {
    on_both(|app| {
        open(app);
        let id = customer(app, "C-1", 0.3);
        let first = rate(app, "C-1");
        say(app, "C-1", 0.45);
        let second = rate(app, "C-1");
        assert_eq!(second["grade"], "BB");
        let old = app
            .credit()
            .get(&format!("/v1/ratings/{}", first.id()))
            .expect(200);
        assert!(old["superseded_at"].is_string());
        expert(app, "u-finance", &old, "BB", "2026-09-30").expect_problem(409, "state_conflict");
        assert_eq!(
            current(app, &format!("?customer={id}")),
            [(id.clone(), json!("BB"))]
        );
        assert_eq!(
            current(app, &format!("?customer={id}&history=all")).len(),
            2
        );
        assert_eq!(current(app, "?grade=B"), []);
        assert_eq!(current(app, "?grade=BB&grade=B").len(), 1);
        assert_eq!(current(app, "?stale_by=2027-03-30"), []);
        assert_eq!(current(app, "?stale_by=2027-03-31").len(), 1);
        app.credit()
            .get("/v1/ratings?grade=")
            .expect_problem(400, "malformed_parameter");
    });
}

#[test]
fn two_ratings_of_one_customer_at_once_leave_one_that_is_the_newest() {
    on_both(|app| {
        open(app);
        let id = customer(app, "C-1", 0.3);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| rate(app, "C-1"));
            }
        });
        assert_eq!(current(app, &format!("?customer={id}")).len(), 1);
        assert_eq!(
            current(app, &format!("?customer={id}&history=all")).len(),
            4
        );
    });
}

#[test]
fn a_repeated_key_rates_once() {
    on_both(|app| {
        open(app);
        customer(app, "C-1", 0.3);
        let send = || {
            app.credit()
                .request("POST", "/v1/ratings")
                .key("rate-1")
                .json(json!({"customer": "C-1"}))
                .send()
                .expect(201)
        };
        let (first, again) = (send(), send());
        assert_eq!(first.id(), again.id());
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(current(app, "?history=all").len(), 1);
    });
}

// ---------------------------------------------------------------- overrides

#[test]
fn another_person_overrides_a_rating_until_a_day() {
    on_both(|app| {
        open(app);
        let id = customer(app, "C-1", 0.3);
        let rating = rate(app, "C-1");
        expert(app, "u-credit", &rating, "BB", "2026-09-30")
            .expect_problem(403, "segregation_of_duties");
        let refused = expert(app, "u-finance", &rating, "BBB", "2026-09-30");
        assert_eq!(
            refused.expect_problem(422, "invalid")["errors"][0]["code"],
            "too_far"
        );
        let refused = expert(app, "u-finance", &rating, "Z", "2026-09-30");
        assert_eq!(
            refused.expect_problem(422, "invalid")["errors"][0]["pointer"],
            "/grade"
        );
        for (day, code) in [("2026-03-30", "in_past"), ("2027-04-01", "above_maximum")] {
            let refused = expert(app, "u-finance", &rating, "BB", day);
            assert_eq!(
                refused.expect_problem(422, "invalid")["errors"][0]["code"],
                code
            );
        }
        let moved = expert(app, "u-finance", &rating, "BB", "2026-09-30").expect(200);
        assert_eq!(
            (&moved["grade"], &moved["grade_without_override"]),
            (&json!("BB"), &json!("B"))
        );
        assert_eq!(moved["override"]["approved_by"], "u-finance");
        expert(app, "u-finance", &rating, "CCC", "2026-09-30").expect_problem(412, "stale");
        assert_eq!(current(app, "?grade=BB"), [(id.clone(), json!("BB"))]);
        // It goes over to the next rating, and ends with its day.
        let next = rate(app, "C-1");
        assert_eq!(next["grade"], "BB");
        app.turn_to("2026-10-01");
        assert_eq!(current(app, ""), [(id.clone(), json!("B"))]);
        assert_eq!(current(app, "?grade=BB"), []);
        let later = rate(app, "C-1");
        assert_eq!(
            (&later["grade"], &later["override"]),
            (&json!("B"), &Value::Null)
        );
    });
}

#[test]
fn a_cap_holds_for_an_expert_too() {
    on_both(|app| {
        open(app);
        customer(app, "C-1", 0.55);
        let rating = rate(app, "C-1");
        assert_eq!(rating["grade"], "BBB");
        let capped = expert(app, "u-finance", &rating, "A", "2026-09-30").expect(200);
        assert_eq!(capped["grade"], "BBB");
    });
}

// ---------------------------------------------------------------- champion and challenger

#[test]
fn a_model_in_shadow_rates_beside_the_live_one_and_decides_nothing() {
    on_both(|app| {
        open(app);
        customer(app, "C-1", 0.3);
        let reversed = json!({"criteria": [
            {"code": "MARKET_SHARE", "weight": 1, "worst": 1, "best": 0}
        ]});
        let draft = a_model(app, "SMALL", reversed);
        let path = format!("/v1/rating-models/{}/shadow", draft.id());
        let reason = json!({"reason": "To be tried."});
        app.credit()
            .post_if(&path, &draft.etag(), reason)
            .expect(200);
        let rating = rate(app, "C-1");
        assert_eq!(
            (&rating["grade"], &rating["model"]["code"]),
            (&json!("B"), &json!("SHARE"))
        );
        let challenger = &rating["challengers"][0];
        assert_eq!(
            (&challenger["code"], &challenger["score"]),
            (&json!("SMALL"), &json!(0.7))
        );
        assert_eq!(challenger["grade"], "AA");
    });
}

#[test]
fn champion_and_challenger_are_compared_side_by_side_over_the_book() {
    on_both(|app| {
        open(app);
        for (number, share) in [("C-1", 0.3), ("C-2", 0.45), ("C-3", 0.8)] {
            customer(app, number, share);
        }
        let reversed = json!({"criteria": [
            {"code": "MARKET_SHARE", "weight": 1, "worst": 1, "best": 0}
        ]});
        let draft = a_model(app, "SMALL", reversed);
        let path = format!("/v1/rating-models/{}", draft.id());
        let reason = json!({"reason": "To be tried."});
        app.credit()
            .post_if(&format!("{path}/shadow"), &draft.etag(), reason)
            .expect(200);
        run(app);
        let compared = app.auditor().get(&format!("{path}/comparison")).expect(200);
        assert_eq!(compared["rank_correlation"], -1.0);
        assert_eq!(compared["grades"]["count"], 3);
        assert_eq!(
            compared["grades"]["matrix"]["moves"],
            json!({"better": 2, "same": 0, "worse": 1, "apart": 0})
        );
        let live = app.credit().get("/v1/rating-models/live").expect(200).id();
        let stability = |query: &str| {
            app.finance()
                .get(&format!("/v1/rating-models/{live}/stability{query}"))
        };
        let found = stability("?from=2026-03-31&to=2026-03-31").expect(200);
        assert_eq!(
            (&found["verdict"], &found["index"]["value"]),
            (&json!("stable"), &json!(0.0))
        );
        stability("?from=2026-03-30&to=2026-03-31").expect_problem(422, "invalid");
        app.sales()
            .get(&format!("{path}/comparison"))
            .expect_problem(403, "forbidden");
    });
}

// ---------------------------------------------------------------- the whole book

fn run(app: &TestApp) -> Reply {
    let credit = app.credit();
    let location = credit
        .post("/v1/rating-runs", json!({}))
        .expect(202)
        .header("location")
        .unwrap()
        .to_owned();
    credit.get(&format!("{location}/events")).expect(200);
    credit.get(&location).expect(200)
}

#[test]
fn a_run_rates_the_whole_book() {
    on_both(|app| {
        open(app);
        for (number, share) in [("C-1", 0.3), ("C-2", 0.45), ("C-3", 0.1)] {
            customer(app, number, share);
        }
        a_customer("C-4").without_account().create(app);
        let job = run(app);
        assert_eq!(job["status"], "succeeded", "{}", job.text);
        assert_eq!(
            job["result"]["grades"],
            json!({"B": 1, "BB": 1, "CCC": 1, "NR": 1})
        );
        assert_eq!(job["progress"]["done"], 4);
        let listed = app.auditor().get("/v1/ratings").expect(200);
        let rows = listed["data"].as_array().unwrap();
        assert_eq!(rows.len(), 4);
        assert!(
            rows.iter()
                .all(|row| row["run_id"] == job["id"] && row["rated_by"] == "u-credit")
        );
        // Of these scores cut-offs can be proposed.
        let proposed = app
            .credit()
            .post(
                "/v1/grade-scales/propose",
                json!({"codes": ["GOOD", "FAIR", "POOR"]}),
            )
            .expect(200);
        assert_eq!(proposed["proposal"]["cut_offs"], json!([0.2, 0.375]));
        app.finance()
            .post("/v1/rating-runs", json!({}))
            .expect_problem(403, "forbidden");
    });
}

#[test]
#[ignore = "measures time"]
fn a_run_over_100_000_customers() {
    on_both(|app| {
        let count: usize = std::env::var("NETTERMS_TEST_CUSTOMERS")
            .map_or(100_000, |count| count.parse().unwrap());
        let mut csv = "number,name,country\n".to_owned();
        for number in 0..count {
            writeln!(csv, "C-{number},Customer {number},CN").unwrap();
        }
        let imported = import("customers", csv).run(&app.credit());
        assert_eq!(imported["status"], "succeeded");
        let begun = std::time::Instant::now();
        let job = run(app);
        assert_eq!(job["result"]["customers"], count);
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{:?}: {count} customers rated in {seconds:.1} s",
            app.backend
        );
    });
}

#[test]
fn the_migration_matrix_tells_who_moved_from_which_grade_to_which() {
    on_both(|app| {
        open(app);
        for (number, share) in [("C-1", 0.3), ("C-2", 0.45)] {
            customer(app, number, share);
        }
        run(app);
        app.turn_to("2026-05-31");
        customer(app, "C-3", 0.1);
        say(app, "C-1", 0.42);
        run(app);
        let matrix = |query: &str| app.auditor().get(&format!("/v1/ratings/migration{query}"));
        let found = matrix("?from=2026-04-30&to=2026-05-31").expect(200);
        assert_eq!(
            (&found["count"], &found["not_comparable"]),
            (&json!(3), &json!(0))
        );
        let columns: Vec<&str> = found["matrix"]["after"]
            .as_array()
            .unwrap()
            .iter()
            .map(|code| code.as_str().unwrap())
            .collect();
        let count = |before: &str, after: &str| {
            let rows = found["matrix"]["rows"].as_array().unwrap();
            let row = rows.iter().find(|row| row["before"] == before).unwrap();
            let column = columns.iter().position(|code| *code == after).unwrap();
            row["counts"][column].as_i64().unwrap()
        };
        assert_eq!(
            (count("B", "BB"), count("BB", "BB"), count("NR", "CCC")),
            (1, 1, 1)
        );
        assert_eq!(
            found["matrix"]["moves"],
            json!({"better": 1, "same": 1, "worse": 0, "apart": 1})
        );
        let before = matrix("?from=2026-03-30&to=2026-03-30").expect(200);
        assert_eq!(before["count"], 0);
        matrix("?from=2026-05-31&to=2026-04-30").expect_problem(422, "invalid");
        matrix("?from=2026-05-31&to=2026-06-30").expect_problem(422, "invalid");
        matrix("?from=2026-05-31").expect_problem(400, "malformed_parameter");
        app.sales()
            .get("/v1/ratings/migration?from=2026-04-30&to=2026-05-31")
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn a_scale_is_previewed_on_the_book_before_it_goes_live() {
    on_both(|app| {
        open(app);
        for (number, share) in [("C-1", 0.3), ("C-2", 0.45)] {
            customer(app, number, share);
        }
        run(app);
        let mut document =
            app.credit().get("/v1/grade-scales/live").expect(200)["document"].clone();
        document["scale"]["grades"][5]["from"] = json!(0.35);
        let body = json!({"document": document, "reason": "B is too easy to have."});
        let drafted = app.credit().post("/v1/grade-scales", body).expect(201);
        let preview = app
            .finance()
            .get(&format!("/v1/grade-scales/{}/preview", drafted.id()))
            .expect(200);
        assert_eq!(
            preview["matrix"]["moves"],
            json!({"better": 0, "same": 1, "worse": 1, "apart": 0})
        );
        // Nobody was rated by it.
        assert_eq!(current(app, "?grade=B").len(), 1);
    });
}

// ---------------------------------------------------------------- rankings

#[test]
fn customers_are_ranked_among_each_other_with_the_distances_explained() {
    on_both(|app| {
        open(app);
        for (number, share) in [("C-1", 0.3), ("C-2", 0.9), ("C-3", 0.6)] {
            customer(app, number, share);
        }
        a_customer("C-4").create(app);
        let by = json!([{"indicator": "MARKET_SHARE", "weight": 3, "direction": "benefit"}]);
        let auditor = app.auditor();
        let ranked = auditor
            .post("/v1/rankings", json!({"criteria": by, "top": 2}))
            .expect(200);
        assert_eq!(
            (&ranked["cohort"], &ranked["left_out"]),
            (&json!(3), &json!(1))
        );
        let standings = ranked["standings"].as_array().unwrap();
        assert_eq!(standings.len(), 2);
        assert_eq!(standings[0]["customer_number"], "C-2");
        assert_eq!(
            (&standings[0]["closeness"], &standings[1]["closeness"]),
            (&json!(1.0), &json!(0.5))
        );
        assert_eq!(standings[1]["parts"][0]["code"], "MARKET_SHARE");
        let of = |customers: Value| {
            auditor.post(
                "/v1/rankings",
                json!({"criteria": by, "customers": customers}),
            )
        };
        let listed = of(json!(["C-1", "C-3"])).expect(200);
        assert_eq!(listed["standings"][0]["customer_number"], "C-3");
        let refused = of(json!(["C-1", "C-9"])).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/customers/1");
        of(json!(["C-1", "C-1"])).expect_problem(422, "invalid");
        let strange = json!([{"indicator": "SHOE_SIZE", "weight": 1, "direction": "benefit"}]);
        auditor
            .post("/v1/rankings", json!({"criteria": strange}))
            .expect_problem(422, "invalid");
        app.sales()
            .post("/v1/rankings", json!({"criteria": by}))
            .expect_problem(403, "forbidden");
    });
}
