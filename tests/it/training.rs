//! Training sets as they come out of other programs: missing values, decimal commas, words among numbers, columns that
//! know too much.

use std::fmt::Write as _;

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, on_both, upload};

fn plan(code: &str) -> Value {
    json!({
        "code": code, "name": "Learnt", "kind": "scorecard", "target": {"column": "outcome", "bad": "bad"},
        "seed": 3, "reason": "A test needs it.",
    })
}

fn fit(app: &TestApp, plan: &Value, csv: &str) -> Reply {
    upload("/v1/rating-models/fit", csv)
        .part("plan", plan.to_string())
        .run(&app.credit())
}

/// The model that a fit left.
fn model(app: &TestApp, job: &Reply) -> Reply {
    assert_eq!(job["status"], "succeeded", "{}", job.text);
    let id = job["result"]["rating_model_id"].as_str().unwrap();
    app.credit()
        .get(&format!("/v1/rating-models/{id}"))
        .expect(200)
}

/// Customers by days beyond terms and quota, one in eleven without; `missing` is how that is written, `mark` what stands
/// before decimals.
fn customers(rows: usize, missing: &str, mark: &str) -> String {
    let mut csv = "DAYS_BEYOND_TERMS;QUOTA;outcome\n".to_owned();
    for row in 0..rows {
        let days = (row * 37) % 60;
        let shown = if row % 11 == 0 {
            missing.to_owned()
        } else {
            days.to_string()
        };
        let outcome = if days + ((row * 7919) % 1013) % 100 > 118 {
            "bad"
        } else {
            "good"
        };
        writeln!(csv, "{shown};{}{mark}{};{outcome}", row % 3, (row * 7) % 10).unwrap();
    }
    csv
}

#[test]
fn missing_values_are_missing_however_the_program_spelt_them() {
    on_both(|app| {
        let fitted = |code: &str, missing: &str| {
            let job = fit(app, &plan(code), &customers(900, missing, "."));
            model(app, &job)["document"].clone()
        };
        let empty = fitted("EMPTY", "");
        assert!(empty.to_string().contains("missing"), "{empty}");
        for (code, missing) in [("NA", "NA"), ("NAN", "NaN"), ("NULL", "null"), ("DOT", ".")] {
            assert_eq!(fitted(code, missing), empty, "{missing}");
        }
    });
}

#[test]
fn a_word_in_a_column_of_numbers_is_refused_with_its_place_unless_the_plan_says_words() {
    on_both(|app| {
        let csv = customers(900, "none", ".");
        let job = fit(app, &plan("WORD"), &csv);
        assert_eq!(job["status"], "failed");
        let error = &job["errors"][0];
        assert_eq!(error["code"], "word_among_numbers", "{}", job.text);
        assert_eq!(
            (&error["line"], &error["column"]),
            (&json!(2), &json!("DAYS_BEYOND_TERMS"))
        );
        let mut words = plan("WORD");
        words["words"] = json!(["DAYS_BEYOND_TERMS"]);
        model(app, &fit(app, &words, &csv));
        let mut missing = plan("WORD");
        missing["missing"] = json!(["none"]);
        model(app, &fit(app, &missing, &csv));
    });
}

#[test]
fn a_decimal_comma_is_asked_for_or_refused() {
    on_both(|app| {
        let csv = customers(900, "", ",");
        let job = fit(app, &plan("COMMA"), &csv);
        let error = &job["errors"][0];
        assert_eq!(error["code"], "decimal_comma", "{}", job.text);
        assert_eq!(
            (&error["line"], &error["column"]),
            (&json!(2), &json!("QUOTA"))
        );
        let mut with_comma = plan("COMMA");
        with_comma["decimal"] = json!("comma");
        let by_comma = model(app, &fit(app, &with_comma, &csv));
        let by_point = model(app, &fit(app, &plan("POINT"), &customers(900, "", ".")));
        assert_eq!(by_comma["document"], by_point["document"]);
        let job = fit(app, &with_comma, &customers(900, "", "."));
        assert_eq!(job["errors"][0]["code"], "not_a_number", "{}", job.text);
    });
}

#[test]
fn rows_without_an_outcome_are_left_out_and_counted() {
    on_both(|app| {
        let mut csv = customers(900, "", ".");
        csv.push_str("1;1.5;\n2;1.5;NA\n");
        let job = fit(app, &plan("OPEN"), &csv);
        assert_eq!(job["result"]["without_outcome"], 2, "{}", job.text);
        let model = model(app, &job);
        let report = &model["report"];
        assert_eq!(report["without_outcome"], 2);
        let counted = report["learnt_from"]
            .as_u64()
            .zip(report["held_back"].as_u64());
        assert_eq!(
            counted.map(|(learnt, held_back)| learnt + held_back),
            Some(900)
        );
        let mut strict = plan("STRICT");
        strict["target"]["good"] = json!("good");
        csv.push_str("3;1.5;perhaps\n");
        let job = fit(app, &strict, &csv);
        assert_eq!(job["errors"][0]["code"], "unknown_outcome", "{}", job.text);
        assert_eq!(job["errors"][0]["line"], 904);
    });
}

#[test]
fn a_column_that_knows_the_outcome_and_too_few_customers_are_warnings_that_approval_repeats() {
    on_both(|app| {
        let mut csv = customers(150, "", ".");
        // Whoever turned out badly was handed over to an agency, and everybody has a number.
        csv = csv
            .lines()
            .enumerate()
            .map(|(row, line)| match (row, line.ends_with("bad")) {
                (0, _) => format!("AGENCY_FEE;{line}\n"),
                (_, true) => format!("{};{line}\n", 100 + row),
                (_, false) => format!(";{line}\n"),
            })
            .collect();
        let fitted = model(app, &fit(app, &plan("LEAK"), &csv));
        let codes = |model: &Reply| -> Vec<(String, Value)> {
            let warnings = model["warnings"].as_array().unwrap().iter();
            warnings
                .map(|one| {
                    (
                        one["code"].as_str().unwrap().to_owned(),
                        one["column"].clone(),
                    )
                })
                .collect()
        };
        let wanted = [
            ("few_rows".to_owned(), json!(null)),
            ("few_bad".to_owned(), json!(null)),
            ("leak".to_owned(), json!("AGENCY_FEE")),
        ];
        assert_eq!(codes(&fitted), wanted);
        assert_eq!(
            fitted["report"]["warnings"].as_array().map(Vec::len),
            Some(3)
        );
        let reason = json!({"reason": "A test needs it."});
        let path = |verb: &str| format!("/v1/rating-models/{}/{verb}", fitted.id());
        let shadow = app
            .credit()
            .post_if(&path("shadow"), &fitted.etag(), reason.clone())
            .expect(200);
        let finance = app.caller("u-finance", &[Role::Finance], Some(3));
        let approved = finance
            .request("POST", &path("approve"))
            .header("If-Match", &shadow.etag())
            .header("Accept-Language", "zh")
            .key("approve-leak")
            .json(reason)
            .send()
            .expect(200);
        assert_eq!(codes(&approved), wanted);
        let message = approved["warnings"][2]["message"].as_str().unwrap();
        assert!(
            message.contains("AGENCY_FEE") && message.contains("客户"),
            "{message}"
        );
        let sound = model(app, &fit(app, &plan("SOUND"), &customers(900, "", ".")));
        assert_eq!(
            sound["warnings"],
            json!([]),
            "{}",
            sound["report"]["validation"]["tally"]
        );
    });
}
