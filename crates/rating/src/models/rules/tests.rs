use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;
use crate::rating::models::model::ModelKind;
use methods::attributes::TEMPLATES;

fn ready(kind: ModelKind, document: &Json) -> Ready {
    read(kind, document, &BTreeMap::new()).unwrap()
}

fn faults(kind: ModelKind, document: &Json) -> Vec<(String, &'static str)> {
    let faults = read(kind, document, &BTreeMap::new()).unwrap_err();
    let short = faults.into_iter().map(|fault| (fault.pointer, fault.code));
    short.collect()
}

fn values(pairs: &[(&str, f64)]) -> BTreeMap<String, Value> {
    let pairs = pairs.iter();
    pairs
        .map(|(code, number)| ((*code).to_owned(), Value::Number(*number)))
        .collect()
}

/// The criteria of formulas 3.2 with their anchors.
fn four_criteria() -> Json {
    json!({"criteria": [
        {"code": "CURRENT_RATIO", "weight": 0.277_181, "worst": 0.5, "best": 2.5},
        {"code": "SALES_GROWTH", "weight": 0.160_088, "worst": -20, "best": 30},
        {"code": "DAYS_LATE", "weight": 0.467_296, "worst": 60, "best": 0},
        {"code": "INDUSTRY_RISK", "weight": 0.095_435, "worst": 5, "best": 1, "missing": "refuse"}
    ]})
}

#[test]
fn anchored_topsis_gives_the_published_closeness() {
    let model = ready(ModelKind::AnchoredTopsis, &four_criteria());
    let k1 = [
        ("CURRENT_RATIO", 2.0),
        ("SALES_GROWTH", 12.0),
        ("DAYS_LATE", 3.0),
        ("INDUSTRY_RISK", 2.0),
    ];
    let found = model.appraise(&values(&k1)).unwrap();
    assert!((found.score - 0.8403).abs() < 5e-5);
    // What is farthest from the best is named first.
    assert_eq!(found.reasons[0], "CURRENT_RATIO");
    let found = model.appraise(&values(&k1[1..])).unwrap();
    assert_eq!(found.factors[0].basis, "missing_scored");
    assert!(found.score < 0.75);
    let refused = model.appraise(&values(&k1[..3])).unwrap_err();
    assert!(refused.starts_with("INDUSTRY_RISK is missing"), "{refused}");
}

#[test]
fn every_template_is_a_model() {
    for template in TEMPLATES {
        let tree = template.tree().unwrap();
        let mut document = json!({"tree": tree});
        if let Some(purpose) = tree.purposes().first() {
            document["purpose"] = json!(purpose);
        }
        let model = ready(ModelKind::AttributeTree, &document);
        assert!(!model.indicators().is_empty(), "{}", template.code);
    }
}

#[test]
fn judgements_that_do_not_fit_together_are_refused_with_the_one_to_revise() {
    let mut document = json!({"tree": default_tree().unwrap()});
    document["tree"]["weighting"] = json!({"judged": [
        [1, 9, 0.111_111, 3], [0.111_111, 1, 9, 2], [9, 0.111_111, 1, 4], [0.333_333, 0.5, 0.25, 1]
    ]});
    let found = read(ModelKind::AttributeTree, &document, &BTreeMap::new()).unwrap_err();
    assert_eq!(found[0].code, "inconsistent");
    assert!(
        found[0].pointer.starts_with("/tree/weighting"),
        "{}",
        found[0].pointer
    );
    assert!(found[0].message.contains("consistency ratio"));
}

#[test]
fn a_scorecard_is_imported_by_its_coefficients_and_gives_a_probability() {
    // Formulas 3.5, with one characteristic of three bands.
    let band = |from: Json, below: Json, woe: f64| json!({"band": {"range": {"from": from, "below": below}}, "woe": woe});
    let document = json!({"coefficients": {
        "intercept": 2.0,
        "characteristics": [
            {"characteristic": "MAX_DAYS_LATE", "coefficient": 0.9, "bands": [
                band(Json::Null, json!(6), 0.616_186),
                band(json!(6), json!(31), -0.048_790),
                band(json!(31), Json::Null, -1.147_402)
            ]},
            {"characteristic": "OTHER", "coefficient": 0.7, "bands": [
                {"band": {"range": {}}, "woe": 0.40}
            ]}
        ],
        "scaling": {"points_to_double": 20, "base_score": 600, "base_odds": 50},
        "missing": "refuse"
    }});
    let model = ready(ModelKind::Scorecard, &document);
    let found = model
        .appraise(&values(&[("MAX_DAYS_LATE", 3.0), ("OTHER", 1.0)]))
        .unwrap();
    assert!((found.points.unwrap() - 568.91).abs() < 0.01);
    assert!((found.probability_of_default.unwrap() - 0.0555).abs() < 5e-5);
    assert!((found.score - 0.9445).abs() < 5e-5);
    assert!(model.appraise(&values(&[("OTHER", 1.0)])).is_err());
}

#[test]
fn points_of_an_expert_count_from_the_fewest_to_the_most() {
    let document = json!({"points": {
        "base_points": 10,
        "characteristics": [{"characteristic": "LATE", "bands": [
            {"band": {"range": {"below": 6}}, "points": 40},
            {"band": {"range": {"from": 6}}, "points": 10}
        ]}],
        "missing": {"worst_band": {"penalty": 5}}
    }});
    let model = ready(ModelKind::Scorecard, &document);
    let score = |pairs: &[(&str, f64)]| model.appraise(&values(pairs)).unwrap().score;
    assert!((score(&[("LATE", 0.0)]) - 1.0).abs() < 1e-12);
    assert!(score(&[("LATE", 9.0)]).abs() < 1e-12);
    assert!(score(&[]).abs() < 1e-12);
}

#[test]
fn a_tree_written_by_hand_tells_its_path() {
    let leaf = |probability: f64| json!({"leaf": {"probability_of_default": probability}});
    let document = json!({"root": {"split": {
        "characteristic": "DAYS_LATE", "test": {"below": 6}, "missing": "fails",
        "holds": leaf(0.02), "fails": leaf(0.2)
    }}});
    let model = ready(ModelKind::DecisionTree, &document);
    let found = model.appraise(&values(&[("DAYS_LATE", 3.0)])).unwrap();
    assert!((found.score - 0.98).abs() < 1e-12);
    assert_eq!(found.factors[0].basis, "holds");
    let mut wrong = document.clone();
    wrong["root"]["split"]["holds"] = leaf(1.2);
    let place = "/root/split/holds".to_owned();
    assert_eq!(
        faults(ModelKind::DecisionTree, &wrong),
        [(place, "invalid")]
    );
}

#[test]
fn a_composite_shares_out_its_models() {
    let parts: Vec<(RatingModelId, f64, Json)> = vec![
        (
            RatingModelId::new(),
            0.6,
            json!({"criteria": [{"code": "A", "weight": 1, "worst": 0, "best": 1}]}),
        ),
        (
            RatingModelId::new(),
            0.4,
            json!({"criteria": [{"code": "B", "weight": 1, "worst": 0, "best": 1}]}),
        ),
    ];
    let known: BTreeMap<RatingModelId, Part> = parts
        .iter()
        .enumerate()
        .map(|(place, (id, _, document))| {
            let model = ready(ModelKind::AnchoredTopsis, document);
            let name = format!("M{place}/1");
            (*id, Part { name, model })
        })
        .collect();
    let listed: Vec<Json> = parts
        .iter()
        .map(|(id, share, _)| json!({"model_id": id, "share": share}))
        .collect();
    let document = json!({"parts": listed, "missing": {"rule": "share_out"}});
    let model = read(ModelKind::Composite, &document, &known).unwrap();
    let found = model.appraise(&values(&[("A", 0.8), ("B", 0.5)])).unwrap();
    assert!((found.score - 0.68).abs() < 1e-12); // formulas 3.10
    let alone = model.appraise(&values(&[("A", 0.8)])).unwrap();
    assert!((alone.score - 0.8).abs() < 1e-12);
    assert_eq!(
        alone
            .factors
            .iter()
            .filter(|one| one.basis == "missing_model")
            .count(),
        1
    );
    let unknown = faults(ModelKind::Composite, &document);
    assert_eq!(unknown[0], ("/parts/0/model_id".to_owned(), "unknown"));
}

#[test]
fn a_document_of_another_shape_is_refused_with_the_place() {
    let mut document = four_criteria();
    document["criteria"][2]["weight"] = json!("much");
    let place = "/criteria/2/weight".to_owned();
    assert_eq!(
        faults(ModelKind::AnchoredTopsis, &document),
        [(place, "malformed")]
    );
    document["criteria"][2]["weight"] = json!(0.9);
    let place = "/criteria".to_owned();
    assert_eq!(
        faults(ModelKind::AnchoredTopsis, &document),
        [(place, "invalid")]
    );
    assert_eq!(
        faults(ModelKind::Scorecard, &json!({})),
        [(String::new(), "one_of")]
    );
}

/// How good a customer is by its statements and its industry.
const STATEMENTS: [(&str, &[(&str, f64)]); 4] = [
    (
        "good statements",
        &[
            ("CURRENT_RATIO", 2.2),
            ("QUICK_RATIO", 1.3),
            ("DEBT_RATIO", 0.4),
            ("NET_MARGIN", 0.1),
            ("SALES_GROWTH", 0.15),
            ("INVENTORY_TURNOVER", 9.0),
            ("INDUSTRY_GROWTH", 0.05),
        ],
    ),
    (
        "middling statements",
        &[
            ("CURRENT_RATIO", 1.4),
            ("QUICK_RATIO", 0.8),
            ("DEBT_RATIO", 0.65),
            ("NET_MARGIN", 0.03),
            ("SALES_GROWTH", 0.03),
            ("INVENTORY_TURNOVER", 5.0),
            ("INDUSTRY_GROWTH", 0.03),
        ],
    ),
    (
        "poor statements",
        &[
            ("CURRENT_RATIO", 0.7),
            ("QUICK_RATIO", 0.4),
            ("DEBT_RATIO", 0.85),
            ("NET_MARGIN", -0.04),
            ("SALES_GROWTH", -0.1),
            ("INVENTORY_TURNOVER", 2.0),
            ("INDUSTRY_GROWTH", 0.03),
        ],
    ),
    ("no statements", &[("INDUSTRY_GROWTH", 0.05)]),
];

/// How a customer has paid: invoices paid late, the share that is past due, the share that was paid in time.
const HISTORIES: [(&str, &[(&str, f64)]); 5] = [
    (
        "prompt",
        &[
            ("OVERDUE_COUNT", 0.0),
            ("OVERDUE_SHARE", 0.0),
            ("REPAYMENT_RECORD", 0.98),
        ],
    ),
    (
        "slow",
        &[
            ("OVERDUE_COUNT", 4.0),
            ("OVERDUE_SHARE", 0.05),
            ("REPAYMENT_RECORD", 0.75),
        ],
    ),
    ("unknown", &[]),
    (
        "bad",
        &[
            ("OVERDUE_COUNT", 10.0),
            ("OVERDUE_SHARE", 0.4),
            ("REPAYMENT_RECORD", 0.5),
        ],
    ),
    (
        "worst",
        &[
            ("OVERDUE_COUNT", 30.0),
            ("OVERDUE_SHARE", 1.0),
            ("REPAYMENT_RECORD", 0.0),
        ],
    ),
];

fn shipped() -> Ready {
    ready(ModelKind::AttributeTree, &json!({"tree": default_tree()}))
}

/// The grades of typical customers by the model that a new book begins with, on its scale; caps apart.
#[test]
fn the_shipped_model_puts_typical_customers_in_order_and_no_bad_payer_before_an_unknown_one() {
    let (model, scale) = (shipped(), methods::grades::GradeScale::default());
    let mut table = Vec::new();
    for (_, statements) in STATEMENTS {
        let scores = HISTORIES.map(|(_, history)| {
            let known = values(&[statements, history].concat());
            model.appraise(&known).unwrap().score
        });
        let [prompt, slow, unknown, bad, worst] = scores;
        assert!(
            prompt > slow && slow > unknown && unknown > bad && bad >= worst,
            "{scores:?}"
        );
        table.push(scores.map(|score| scale.grade(score).unwrap().grade));
    }
    let wanted = [
        ["AAA", "A", "BBB", "BB", "B"],
        ["A", "BB", "B", "B", "CCC"],
        ["BBB", "B", "B", "CCC", "CCC"],
        ["AA", "B", "CCC", "CCC", "CCC"],
    ];
    assert_eq!(table, wanted.map(|row| row.map(str::to_owned)));
}

#[test]
fn nobody_of_whom_nothing_is_known_is_rated_by_the_shipped_model() {
    assert!(shipped().appraise(&values(&[])).is_err());
}

proptest::proptest! {
    /// Whatever the rest says: who has paid badly in every respect is not before who has never paid.
    #[test]
    fn no_history_is_never_worse_than_a_bad_one(
        ratio in 0.0..4.0_f64, debt in 0.0..1.2_f64, margin in -0.3..0.3_f64, growth in -0.1..0.2_f64,
        late in 6.0..40.0_f64, overdue in 0.25..1.0_f64, in_time in 0.0..0.7_f64, has_statement in proptest::bool::ANY,
    ) {
        let mut rest = vec![("INDUSTRY_GROWTH", growth)];
        if has_statement {
            rest.extend([("CURRENT_RATIO", ratio), ("DEBT_RATIO", debt), ("NET_MARGIN", margin)]);
        }
        let unknown = shipped().appraise(&values(&rest)).unwrap().score;
        rest.extend([("OVERDUE_COUNT", late), ("OVERDUE_SHARE", overdue), ("REPAYMENT_RECORD", in_time)]);
        let bad = shipped().appraise(&values(&rest)).unwrap().score;
        proptest::prop_assert!(bad <= unknown);
    }
}

#[test]
fn a_fit_that_is_told_to_stop_ends_without_a_model() {
    use crate::rating::models::model::FitPlan;
    use kernel::progress::Progress;
    for kind in ["scorecard", "decision_tree"] {
        let plan = json!({
            "code": "M", "name": "M", "kind": kind, "target": {"column": "y", "bad": "bad"}, "reason": "x",
        });
        let plan: FitPlan = serde_json::from_value(plan).unwrap();
        let taken = || {
            let header = ["x", "y"].map(str::to_owned);
            let mut table = table::TrainingTable::new(&plan, &header).unwrap();
            for row in 0..400_i64 {
                let outcome = if (row * 37) % 60 + row % 13 > 55 {
                    "bad"
                } else {
                    "good"
                };
                table
                    .push(row + 2, &[&((row * 37) % 60).to_string(), outcome])
                    .unwrap();
            }
            table.finish().unwrap()
        };
        let progress = Progress::default();
        assert!(fit(&plan, taken(), &progress).is_ok(), "{kind}");
        let (done, total) = progress.seen();
        assert!(done > 0 && done <= total, "{done} of {total}");
        progress.stop();
        let error = fit(&plan, taken(), &progress).unwrap_err();
        assert!(error.stopped().is_some(), "{kind}: {error}");
    }
}
