use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-12,
        "{found} is not {expected}"
    );
}

fn indicator(scoring: Scoring) -> Indicator {
    Indicator {
        code: "X".to_owned(),
        full_score: 1.0,
        scoring,
        missing: Missing::Refuse,
    }
}

fn points(indicator: &Indicator, number: f64) -> f64 {
    indicator.points(&Value::Number(number)).unwrap().0
}

#[test]
fn a_line_rises_or_falls_and_is_level_beyond_its_ends() {
    let current_ratio = indicator(Scoring::Linear {
        worst: 0.5,
        best: 2.5,
    });
    for (value, score) in [(0.5, 0.0), (2.0, 0.75), (2.5, 1.0), (9.0, 1.0), (-1.0, 0.0)] {
        assert_near(points(&current_ratio, value), score);
    }
    let days_late = Indicator {
        full_score: 20.0,
        ..indicator(Scoring::Linear {
            worst: 60.0,
            best: 0.0,
        })
    };
    for (value, score) in [(60.0, 0.0), (3.0, 19.0), (0.0, 20.0), (90.0, 0.0)] {
        assert_near(points(&days_late, value), score);
    }
}

#[test]
fn a_piecewise_line_says_between_which_points() {
    let points_at = |value: f64, score: f64| Point { value, score };
    let bent = indicator(Scoring::Piecewise {
        points: vec![
            points_at(0.0, 1.0),
            points_at(30.0, 0.6),
            points_at(90.0, 0.0),
        ],
    });
    let (score, how) = bent.points(&Value::Number(60.0)).unwrap();
    assert_near(score, 0.3);
    let (lower, upper) = (points_at(30.0, 0.6), points_at(90.0, 0.0));
    assert_eq!(how, How::Interpolated { lower, upper });
    let (score, how) = bent.points(&Value::Number(100.0)).unwrap();
    assert_near(score, 0.0);
    assert_eq!(how, How::Beyond { end: upper });
    assert_near(points(&bent, 30.0), 0.6);
}

#[test]
fn steps_and_tables_give_what_they_list() {
    let step = |from: f64, score: f64| Step { from, score };
    let late_count = indicator(Scoring::Steps {
        below: 1.0,
        steps: vec![step(1.0, 0.8), step(3.0, 0.5), step(6.0, 0.0)],
    });
    for (value, score) in [(0.0, 1.0), (1.0, 0.8), (2.9, 0.8), (3.0, 0.5), (99.0, 0.0)] {
        assert_near(points(&late_count, value), score);
    }
    let how = late_count.points(&Value::Number(4.0)).unwrap().1;
    assert_eq!(
        how,
        How::Step {
            from: Some(3.0),
            to: Some(6.0)
        }
    );
    let answer = |answer: &str, score: f64| Answer {
        answer: answer.to_owned(),
        score,
    };
    let reputation = indicator(Scoring::Table {
        answers: vec![answer("good", 1.0), answer("poor", 0.2)],
    });
    let of = |given: &str| reputation.points(&Value::Answer(given.to_owned()));
    assert_near(of("poor").unwrap().0, 0.2);
    assert!(matches!(of("so-so"), Err(ScoreError::UnknownAnswer { .. })));
    let number = reputation.points(&Value::Number(1.0));
    assert!(matches!(number, Err(ScoreError::AnswerNeeded { .. })));
    let text = late_count.points(&Value::Answer("two".to_owned()));
    assert!(matches!(text, Err(ScoreError::NumberNeeded { .. })));
    for number in [f64::NAN, f64::INFINITY, 1e16] {
        let wrong = late_count.points(&Value::Number(number));
        assert!(matches!(wrong, Err(ScoreError::NumberNeeded { .. })));
    }
}

#[test]
fn what_is_wrong_with_an_indicator_is_said_with_its_place() {
    let pointers = |indicator: &Indicator| -> Vec<String> {
        let problems = indicator.problems();
        problems
            .iter()
            .map(|problem| problem.pointer().to_owned())
            .collect()
    };
    let line = |worst: f64, best: f64| indicator(Scoring::Linear { worst, best });
    assert_eq!(pointers(&line(1.0, 1.0)), ["/scoring/best"]);
    assert_eq!(pointers(&line(f64::NAN, 1.0)), ["/scoring/worst"]);
    let falling = Scoring::Piecewise {
        points: vec![
            Point {
                value: 5.0,
                score: 0.0,
            },
            Point {
                value: 5.0,
                score: 1.5,
            },
        ],
    };
    assert_eq!(
        pointers(&indicator(falling)),
        ["/scoring/points/1/value", "/scoring/points/1/score"]
    );
    let steps = |steps: Vec<Step>| indicator(Scoring::Steps { below: -1.0, steps });
    assert_eq!(
        pointers(&steps(Vec::new())),
        ["/scoring/below", "/scoring/steps"]
    );
    let twice = ["good", "good", " "].map(|answer| Answer {
        answer: answer.to_owned(),
        score: 1.0,
    });
    assert_eq!(
        pointers(&indicator(Scoring::Table {
            answers: twice.to_vec()
        })),
        ["/scoring/answers/1/answer", "/scoring/answers/2/answer"]
    );
    let missing = |missing: Missing| Indicator {
        missing,
        ..line(0.0, 1.0)
    };
    assert_eq!(
        pointers(&missing(Missing::Score { score: 2.0 })),
        ["/missing/score"]
    );
    assert_eq!(
        pointers(&missing(Missing::LeaveOut { penalty: 1.1 })),
        ["/missing/penalty"]
    );
    for full_score in [0.0, -1.0, f64::NAN] {
        let nothing = Indicator {
            full_score,
            ..line(0.0, 1.0)
        };
        assert_eq!(pointers(&nothing), ["/full_score"]);
    }
}

/// Two indicators from 0 to 1 with weights 0.6 and 0.4.
fn two(missing: Missing) -> Vec<WeightedIndicator> {
    let leaf = |code: &str, weight: f64| WeightedIndicator {
        path: vec![code.to_owned()],
        weight,
        indicator: Indicator {
            code: code.to_owned(),
            missing,
            ..indicator(Scoring::Linear {
                worst: 0.0,
                best: 1.0,
            })
        },
    };
    vec![leaf("A", 0.6), leaf("B", 0.4)]
}

fn known(pairs: &[(&str, f64)]) -> BTreeMap<String, Value> {
    let pairs = pairs.iter();
    pairs
        .map(|(code, value)| ((*code).to_owned(), Value::Number(*value)))
        .collect()
}

#[test]
fn a_result_is_the_sum_of_its_contributions() {
    let found = total(&two(Missing::Refuse), &known(&[("A", 0.5), ("B", 1.0)])).unwrap();
    assert_near(found.score, 0.7);
    assert_near(found.contributions[0].contribution, 0.3);
    assert_near(found.contributions[1].contribution, 0.4);
    assert_near(found.known_weight, 1.0);
}

#[test]
fn a_missing_value_is_seen_and_never_a_silent_zero() {
    let half = known(&[("A", 0.5)]);
    let left_out = total(&two(Missing::LeaveOut { penalty: 0.5 }), &half).unwrap();
    assert_near(left_out.before_penalty, 0.5);
    assert_near(left_out.penalty, 0.2);
    assert_near(left_out.score, 0.3);
    assert_near(left_out.known_weight, 0.6);
    let [a, b] = &left_out.contributions[..] else {
        panic!("two indicators")
    };
    assert_near(a.counted_weight, 1.0);
    assert_eq!((b.points, &b.how), (None, &How::LeftOut));
    assert_near(b.penalty, 0.2);

    let scored = total(&two(Missing::Score { score: 0.25 }), &half).unwrap();
    assert_near(scored.score, 0.4);
    assert_eq!(scored.contributions[1].how, How::MissingScored);
    assert_eq!(scored.contributions[1].value, None);

    let refused = total(&two(Missing::Refuse), &half).unwrap_err();
    assert_eq!(
        refused,
        ScoreError::Missing {
            indicator: "B".to_owned()
        }
    );
    for missing in [
        Missing::LeaveOut { penalty: 0.5 },
        Missing::Score { score: 1.0 },
    ] {
        let nothing = total(&two(missing), &BTreeMap::new()).unwrap_err();
        assert_eq!(nothing, ScoreError::NothingKnown);
    }
    // The penalty is never more than there is.
    let poor = total(
        &two(Missing::LeaveOut { penalty: 1.0 }),
        &known(&[("A", 0.1)]),
    )
    .unwrap();
    assert_near(poor.score, 0.0);
}

#[test]
fn a_scoring_with_problems_gives_no_number_out() {
    let mut leaves = two(Missing::Refuse);
    leaves[0].indicator.full_score = 0.0;
    let refused = total(&leaves, &known(&[("A", 0.5), ("B", 0.5)])).unwrap_err();
    let indicator = "A".to_owned();
    assert_eq!(refused, ScoreError::Scoring { indicator });
}

#[test]
fn weights_must_be_shares() {
    let mut leaves = two(Missing::Refuse);
    leaves[0].weight = 0.7;
    assert_eq!(
        total(&leaves, &BTreeMap::new()).unwrap_err(),
        ScoreError::Weights
    );
}

#[test]
fn feature_analysis_weighs_scores_of_one_to_ten() {
    let feature = |code: &str, weight: f64, score: Option<f64>| FeatureScore {
        code: code.to_owned(),
        weight,
        score,
    };
    let features = [
        feature("PAYMENT_RECORD", 3.0, Some(8.0)),
        feature("REFERENCES", 1.0, Some(4.0)),
        feature("APPEARANCE", 2.0, None),
        feature("PRODUCT", 0.0, None),
    ];
    let found = feature_analysis(&features).unwrap();
    assert_near(found.points, 28.0);
    assert_near(found.attainable, 40.0);
    assert_near(found.percent, 70.0);
    assert_near(found.features[0].percent, 60.0);
    assert_eq!(found.not_scored, ["APPEARANCE"]);
    let wrong = |feature: FeatureScore| feature_analysis(&[feature]).unwrap_err();
    let code = "X".to_owned();
    assert_eq!(
        wrong(feature("X", f64::NAN, None)),
        FeatureError::Weight { code: code.clone() }
    );
    assert_eq!(
        wrong(feature("X", 1.0, Some(0.5))),
        FeatureError::Score { code: code.clone() }
    );
    assert_eq!(wrong(feature("X", 1.0, None)), FeatureError::Nothing);
    let twice = [feature("X", 1.0, Some(2.0)), feature("X", 1.0, Some(2.0))];
    assert_eq!(
        feature_analysis(&twice).unwrap_err(),
        FeatureError::Twice { code }
    );
}

#[test]
fn an_indicator_is_written_as_it_is_read() {
    let text = r#"{"code":"DAYS_LATE","full_score":20.0,"scoring":{"kind":"linear","worst":60.0,"best":0.0},"missing":{"rule":"leave_out","penalty":0.5}}"#;
    let read: Indicator = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    let unknown = text.replace("\"penalty\"", "\"fine\"");
    assert!(serde_json::from_str::<Indicator>(&unknown).is_err());
    let unknown = text.replace("\"worst\":60.0", "\"worst\":60.0,\"mean\":1.0");
    assert!(serde_json::from_str::<Indicator>(&unknown).is_err());
    assert_eq!(
        serde_json::from_str::<Value>("1.5").unwrap(),
        Value::Number(1.5)
    );
    assert_eq!(
        serde_json::from_str::<Value>("\"good\"").unwrap(),
        Value::Answer("good".to_owned())
    );
}

proptest! {
    #[test]
    fn points_lie_from_nothing_to_the_full_score(
        value in -1e9_f64..1e9, worst in -1e3_f64..1e3, best in -1e3_f64..1e3, full_score in 0.1_f64..100.0,
    ) {
        let line = Indicator { full_score, ..indicator(Scoring::Linear { worst, best }) };
        prop_assume!(line.problems().is_empty());
        let found = points(&line, value);
        prop_assert!(found >= -1e-9 && found <= full_score * (1.0 + 1e-9));
    }

    #[test]
    fn a_score_is_its_contributions_less_the_penalty(
        a in prop::option::of(-0.5_f64..1.5), b in prop::option::of(-0.5_f64..1.5), penalty in 0.0_f64..=1.0,
    ) {
        let values = [("A", a), ("B", b)];
        let values: Vec<(&str, f64)> = values.into_iter().filter_map(|(code, value)| Some((code, value?))).collect();
        prop_assume!(!values.is_empty());
        let found = total(&two(Missing::LeaveOut { penalty }), &known(&values)).unwrap();
        let sum: f64 = found.contributions.iter().map(|part| part.contribution - part.penalty).sum();
        prop_assert!((found.score - sum.max(0.0)).abs() < 1e-12);
        let counted: f64 = found.contributions.iter().map(|part| part.counted_weight).sum();
        prop_assert!((counted - 1.0).abs() < 1e-12);
    }
}
