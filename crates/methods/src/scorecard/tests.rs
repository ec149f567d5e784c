use proptest::prelude::*;

use super::fit::{Fate, FitError, FitSettings, fit};
use super::*;
use crate::training::{Characteristic, Outcome, TrainingSet, Values};
use kernel::progress::Progress;

fn close(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within, "{a} is not {b} ± {within}");
}

fn range(from: Option<f64>, below: Option<f64>) -> Band {
    Band::Range { from, below }
}

fn answers<const N: usize>(values: [(&str, Answer); N]) -> Answers {
    values
        .map(|(name, answer)| (name.to_owned(), answer))
        .into()
}

/// Formulas 3.5: delays with β 0.9 and a second characteristic with β 0.7, β₀ 2.0, 20 points to double, 600 at 50 : 1.
fn worked() -> Scorecard {
    let weighed = |(from, below, woe)| WeighedBand {
        band: range(from, below),
        woe,
    };
    let delays = [
        (None, Some(6.0), 0.616_186),
        (Some(6.0), Some(31.0), -0.048_790),
        (Some(31.0), None, -1.147_402),
    ];
    let second = WeighedBand {
        band: Band::Values(vec!["own".into()]),
        woe: 0.40,
    };
    let characteristics = [
        ImportedCharacteristic {
            characteristic: "delay".into(),
            coefficient: 0.9,
            bands: delays.map(weighed).to_vec(),
        },
        ImportedCharacteristic {
            characteristic: "premises".into(),
            coefficient: 0.7,
            bands: vec![second],
        },
    ];
    let missing = MissingRule::WorstBand { penalty: 5.0 };
    Scorecard::of_coefficients(2.0, &characteristics, Scaling::default(), missing).unwrap()
}

#[test]
fn the_worked_scaling() {
    let scaling = Scaling::default();
    close(scaling.factor(), 28.853_901, 5e-7);
    close(scaling.offset(), 487.122_876, 5e-7);
    for (odds, score, pd) in [
        (99.0_f64, 619.71, 0.01),
        (19.0, 572.08, 0.05),
        (9.0, 550.52, 0.10),
    ] {
        close(scaling.score(odds.ln()), score, 0.005);
        close(
            probability_of_default(scaling.log_odds(scaling.score(odds.ln()))),
            pd,
            1e-12,
        );
    }
}

#[test]
fn the_worked_points_and_score() {
    let scorecard = worked();
    let points: Vec<f64> = scorecard.characteristics[0].points().collect();
    for (found, published) in points.iter().zip([288.42, 271.15, 242.62]) {
        close(*found, published, 0.005);
    }
    let customer = answers([
        ("delay", Answer::Number(0.0)),
        ("premises", Answer::Text("own".into())),
    ]);
    let score = scorecard.score(&customer).unwrap();
    close(score.log_odds.unwrap(), 2.834_567, 1e-6);
    close(score.score, 568.91, 0.005);
    close(score.probability_of_default.unwrap(), 0.0555, 5e-5);
    assert!(score.reason_codes(Against::Best, 4).is_empty());
}

#[test]
fn reasons_are_the_characteristics_that_cost_most() {
    let score = worked()
        .score(&answers([("delay", Answer::Number(45.0))]))
        .unwrap();
    let reasons = score.reason_codes(Against::Best, 4);
    assert_eq!(reasons[0].characteristic, "delay");
    close(reasons[0].lost_points, 288.42 - 242.62, 0.01);
    assert_eq!(
        (reasons[1].characteristic.as_str(), reasons[1].basis),
        ("premises", Basis::Missing)
    );
    close(reasons[1].lost_points, 5.0, 1e-9);
    assert_eq!(score.reason_codes(Against::Best, 1).len(), 1);
    let neutral = score.reason_codes(Against::Neutral, 4);
    close(neutral[0].lost_points, 0.9 * 1.147_402 * 28.853_901, 1e-3);
    assert_eq!(
        neutral.len(),
        1,
        "the only band of premises is better than neutral, even less the penalty"
    );
}

/// A scorecard of experts: 25 for young firms up to 100, words, a band of its own for what is missing.
const EXPERT: &str = r#"{
    "base_points": 100,
    "characteristics": [
        {"characteristic": "years_in_business", "bands": [
            {"band": {"range": {"below": 3}}, "points": 25},
            {"band": {"range": {"from": 3, "below": 10}}, "points": 60},
            {"band": {"range": {"from": 10}}, "points": 100},
            {"band": "missing", "points": 10}
        ]},
        {"characteristic": "references", "bands": [
            {"band": {"values": ["good"]}, "points": 40},
            {"band": {"values": ["mixed", "none"]}, "points": 10}
        ]}
    ],
    "missing": {"neutral": {"penalty": 10}}
}"#;

#[test]
fn an_expert_s_scorecard_is_written_in_json_and_gives_no_probability() {
    let scorecard: Scorecard = serde_json::from_str(EXPERT).unwrap();
    scorecard.check().unwrap();
    let full = answers([
        ("years_in_business", Answer::Number(3.0)),
        ("references", Answer::Text("good".into())),
    ]);
    let score = scorecard.score(&full).unwrap();
    close(score.score, 200.0, 1e-12);
    assert_eq!((score.log_odds, score.probability_of_default), (None, None));
    let unknown = answers([("references", Answer::Text("splendid".into()))]);
    let score = scorecard.score(&unknown).unwrap();
    close(score.score, 100.0 + 10.0 + (25.0 - 10.0), 1e-12);
    let bases: Vec<Basis> = score.contributions.iter().map(|c| c.basis).collect();
    assert_eq!(bases, [Basis::MissingBand, Basis::Unknown]);
    let again: Scorecard =
        serde_json::from_str(&serde_json::to_string(&scorecard).unwrap()).unwrap();
    assert_eq!(again, scorecard);
}

#[test]
fn scorecards_that_make_no_sense_are_refused_with_the_place() {
    let right: Scorecard = serde_json::from_str(EXPERT).unwrap();
    let mut gap = right.clone();
    gap.characteristics[0].bands.remove(1);
    let error = gap.check().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("characteristic `years_in_business`: band 2"),
        "{error}"
    );
    let mut twice = right.clone();
    twice.characteristics[1].characteristic = "years_in_business".into();
    assert!(matches!(twice.check(), Err(ScorecardError::Twice { .. })));
    let mut penalty = right.clone();
    penalty.missing = MissingRule::Neutral { penalty: -1.0 };
    assert_eq!(penalty.check(), Err(ScorecardError::Penalty));
    let mut refusing = right.clone();
    refusing.missing = MissingRule::Refuse;
    let error = refusing.score(&Answers::new()).unwrap_err();
    assert_eq!(
        error,
        ScorecardError::Missing {
            name: "references".into()
        }
    );
    let mut scaled = right;
    scaled.scaling = Some(Scaling {
        points_to_double: -20.0,
        ..Scaling::default()
    });
    assert_eq!(
        scaled.check(),
        Err(ScorecardError::Scaling(ScalingError::PointsToDouble))
    );
    let nan = answers([("delay", Answer::Number(f64::NAN))]);
    assert!(worked().score(&nan).is_err());
}

/// Customers whose badness rises with `x`; `copy` repeats it, `noise` says nothing.
fn training() -> TrainingSet {
    let mut random = fastrand::Rng::with_seed(4);
    let (mut x, mut copy, mut noise, mut word, mut outcomes) =
        (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..4000 {
        let (value, group) = (random.f64(), random.bool());
        let bad = random.f64() < 0.05 + 0.3 * value + if group { 0.2 } else { 0.0 };
        x.push((random.f64() > 0.1).then_some(value));
        copy.push(Some(value * 2.0 + 1.0));
        noise.push(Some(random.f64()));
        word.push(Some(if group { "branch" } else { "head office" }.into()));
        outcomes.push(if bad { Outcome::Bad } else { Outcome::Good });
    }
    let numeric = |name: &str, values| {
        let values = Values::Numeric(values);
        Characteristic {
            name: name.into(),
            values,
        }
    };
    let word = Characteristic {
        name: "site".into(),
        values: Values::Categorical(word),
    };
    let columns = vec![
        numeric("x", x),
        numeric("copy", copy),
        numeric("noise", noise),
        word,
    ];
    TrainingSet::new(columns, outcomes).unwrap()
}

#[test]
fn a_fit_tells_each_characteristic_s_fate() {
    let settings = FitSettings {
        most_correlation: 0.8,
        ..FitSettings::default()
    };
    let fitted = fit(&training(), &settings, &Progress::default()).unwrap();
    let fate = |name: &str| {
        let found = fitted
            .candidates
            .iter()
            .find(|c| c.binning.characteristic == name);
        found.unwrap().fate.clone()
    };
    assert_eq!(
        (fate("site"), fate("copy")),
        (Fate::StoredResponse, Fate::StoredResponse)
    );
    assert_eq!(fate("noise"), Fate::TooWeak);
    assert!(matches!(fate("x"), Fate::Repeats { other, .. } if other == "copy"));
    assert!(
        fitted
            .regression
            .coefficients
            .iter()
            .all(|c| c.value > 0.5 && c.value < 1.5)
    );
    let again = fit(&training(), &settings, &Progress::default()).unwrap();
    assert_eq!(again, fitted);
}

#[test]
fn the_fitted_card_gives_the_regression_s_probabilities() {
    let training = training();
    let fitted = fit(&training, &FitSettings::default(), &Progress::default()).unwrap();
    let pds: Vec<f64> = (0..training.outcomes().len())
        .map(|row| fitted.scorecard.score(&training.answers(row)).unwrap())
        .map(|score| score.probability_of_default.unwrap())
        .collect();
    let bads = training.outcomes().iter().filter(|o| o.is_bad()).count();
    close(pds.iter().sum::<f64>(), real(bads), 1e-3);
}

#[test]
fn when_nothing_is_left_the_fates_are_told() {
    let settings = FitSettings {
        least_information_value: 5.0,
        ..FitSettings::default()
    };
    let error = fit(&training(), &settings, &Progress::default()).unwrap_err();
    let FitError::NothingLeft { candidates } = error else {
        panic!("{error}")
    };
    assert!(
        candidates
            .iter()
            .all(|candidate| candidate.fate == Fate::TooWeak)
    );
    let settings = FitSettings {
        most_correlation: f64::NAN,
        ..FitSettings::default()
    };
    assert!(matches!(
        fit(&training(), &settings, &Progress::default()),
        Err(FitError::Setting { .. })
    ));
}

proptest! {
    /// A score is the sum of its contributions, and better log-odds never mean a higher probability of default.
    #[test]
    fn scores_add_up(delay in proptest::option::of(-10.0..100.0_f64), own in any::<bool>()) {
        let mut customer = Answers::new();
        if let Some(delay) = delay {
            customer.insert("delay".into(), Answer::Number(delay));
        }
        if own {
            customer.insert("premises".into(), Answer::Text("own".into()));
        }
        let score = worked().score(&customer).unwrap();
        let sum: f64 = score.contributions.iter().map(|c| c.points).sum();
        prop_assert!((sum - score.score).abs() < 1e-9);
        let pd = score.probability_of_default.unwrap();
        prop_assert!(pd > 0.0 && pd < 1.0);
        prop_assert!(score.reason_codes(Against::Best, 9).iter().all(|r| r.lost_points > 0.0));
    }
}
