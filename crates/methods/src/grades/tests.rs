use proptest::prelude::*;
use serde_json::json;

use super::super::cut_offs::propose;
use super::*;

fn bounds(most: Option<u32>, best: Option<&str>, worst: Option<&str>) -> NotchBounds {
    NotchBounds {
        most,
        best: best.map(str::to_owned),
        worst: worst.map(str::to_owned),
    }
}

#[test]
fn a_score_gets_the_best_grade_whose_cut_off_it_reaches() {
    let scale = GradeScale::default();
    let grade = |score: f64| scale.grade(score).unwrap().grade;
    assert_eq!(
        [1.0, 0.85, 0.849, 0.70, 0.5, 0.25, 0.2, -3.0].map(grade),
        ["AAA", "AAA", "AA", "AA", "BBB", "B", "CCC", "CCC"]
    );
    let found = scale.grade(0.65).unwrap();
    assert_eq!((found.from, found.below), (Some(0.60), Some(0.70)));
    assert_eq!(scale.grade(f64::NAN), Err(ScaleError::Score));
    assert_eq!(
        scale.codes(),
        ["AAA", "AA", "A", "BBB", "BB", "B", "CCC", "D", "NR"]
    );
}

#[test]
fn clustering_makes_a_scale() {
    let scores = [0.12, 0.18, 0.22, 0.41, 0.44, 0.47, 0.52, 0.78, 0.83, 0.90];
    let found = propose(&scores, 3).unwrap();
    let scale = GradeScale::from_cut_offs(&["A", "B", "C"], &found.cut_offs).unwrap();
    let grades: String = scores
        .iter()
        .map(|score| scale.grade(*score).unwrap().grade)
        .collect();
    assert_eq!(grades, "CCCBBBBAAA");
    assert_eq!(
        GradeScale::from_cut_offs(&["A", "B"], &[]).unwrap_err(),
        ScaleError::CutOffs {
            grades: 2,
            cut_offs: 0
        }
    );
}

#[test]
fn a_scale_may_say_how_likely_each_grade_defaults() {
    let of = |best: serde_json::Value, worst: serde_json::Value| {
        let document: ScaleDocument = serde_json::from_value(json!({
            "grades": [{"code": "A", "from": 0.7, "probability_of_default": best},
                {"code": "B", "from": 0.4}, {"code": "C", "probability_of_default": worst}],
            "in_default": "D",
        }))
        .unwrap();
        GradeScale::try_from(document)
    };
    let scale = of(json!(0.01), json!(0.2)).unwrap();
    let told = ["A", "B", "C", "D", "X"].map(|code| scale.probability_of_default(code));
    assert_eq!(told, [Some(0.01), None, Some(0.2), Some(1.0), None]);
    let wrong = of(json!(1.1), json!(0.2)).unwrap_err();
    assert_eq!(wrong, ScaleError::Probability { place: 0 });
    assert_eq!(wrong.pointer(), "/grades/0/probability_of_default");
    let falls = of(json!(0.3), json!(0.2)).unwrap_err();
    assert_eq!(falls, ScaleError::ProbabilityFalls { place: 2 });
}

#[test]
fn a_scale_says_what_is_wrong_where() {
    let error = |document: serde_json::Value| {
        let document: ScaleDocument = serde_json::from_value(document).unwrap();
        GradeScale::try_from(document).unwrap_err()
    };
    let scale = |middle: serde_json::Value| json!({"grades": [{"code": "A", "from": 0.7}, middle, {"code": "C"}]});
    let wrong = error(scale(json!({"code": "B", "from": 0.7})));
    assert_eq!(
        (&wrong, wrong.pointer().as_str()),
        (&ScaleError::NotFalling { place: 1 }, "/grades/1/from")
    );
    assert_eq!(
        error(scale(json!({"code": "B"}))),
        ScaleError::NoCutOff { place: 1 }
    );
    assert_eq!(
        error(scale(json!({"code": "B", "from": 1e300}))),
        ScaleError::NotANumber { place: 1 }
    );
    assert_eq!(
        error(scale(json!({"code": "A", "from": 0.1}))),
        ScaleError::CodeTwice {
            code: "A".to_owned()
        }
    );
    assert_eq!(
        error(scale(json!({"code": "", "from": 0.1}))),
        ScaleError::Code { place: 1 }
    );
    let lowest = json!({"grades": [{"code": "A", "from": 0.7}, {"code": "B", "from": 0.1}]});
    assert_eq!(error(lowest), ScaleError::LowestCutOff { place: 1 });
    assert_eq!(error(json!({"grades": [{"code": "A"}]})), ScaleError::Count);
    let taken = json!({"grades": [{"code": "A", "from": 0.7}, {"code": "B"}], "in_default": "B"});
    assert_eq!(
        error(taken),
        ScaleError::CodeTwice {
            code: "B".to_owned()
        }
    );
}

#[test]
fn a_scale_is_written_as_it_is_read() {
    let text = serde_json::to_string(&GradeScale::default()).unwrap();
    assert_eq!(
        serde_json::from_str::<GradeScale>(&text).unwrap(),
        GradeScale::default()
    );
    assert!(serde_json::from_str::<GradeScale>(r#"{"grades":[],"colour":"red"}"#).is_err());
}

#[test]
fn notches_are_kept_on_the_scale_and_within_bounds() {
    let scale = GradeScale::default();
    let notch = |code: &str, notches: i32, bounds: &NotchBounds| {
        let found = scale.notch(code, notches, bounds).unwrap();
        (found.to, found.moved, found.held_by)
    };
    let free = NotchBounds::default();
    assert_eq!(notch("A", 1, &free), ("AA".to_owned(), 1, None));
    assert_eq!(notch("A", -2, &free), ("BB".to_owned(), -2, None));
    assert_eq!(
        notch("AA", 2, &free),
        ("AAA".to_owned(), 1, Some(HeldBy::EndOfScale))
    );
    assert_eq!(
        notch("B", i32::MIN, &free),
        ("CCC".to_owned(), -1, Some(HeldBy::EndOfScale))
    );
    let capped = bounds(None, Some("BBB"), None);
    assert_eq!(
        notch("BB", 2, &capped),
        ("BBB".to_owned(), 1, Some(HeldBy::Cap))
    );
    assert_eq!(
        notch("AA", 0, &capped),
        ("BBB".to_owned(), -2, Some(HeldBy::Cap))
    );
    let floored = bounds(None, None, Some("B"));
    assert_eq!(
        notch("BB", -3, &floored),
        ("B".to_owned(), -1, Some(HeldBy::Floor))
    );

    let one = bounds(Some(1), None, None);
    let too_many = scale.notch("A", -2, &one);
    assert_eq!(
        too_many,
        Err(ScaleError::TooManyNotches {
            asked: 2,
            allowed: 1
        })
    );
    for code in ["D", "NR"] {
        let refused = scale.notch(code, 1, &free);
        assert_eq!(
            refused,
            Err(ScaleError::NotOnTheLadder {
                code: code.to_owned()
            })
        );
    }
    assert!(matches!(
        scale.notch("Z", 1, &free),
        Err(ScaleError::Unknown { .. })
    ));
    let crossed = scale.notch("A", 1, &bounds(None, Some("B"), Some("A")));
    assert!(matches!(crossed, Err(ScaleError::Bounds { .. })));
}

#[test]
fn a_migration_counts_who_went_where() {
    let scale = GradeScale::default();
    let pairs = [
        ("A", "A"),
        ("A", "A"),
        ("A", "BBB"),
        ("A", "D"),
        ("BBB", "A"),
        ("NR", "B"),
    ];
    let found = migration(&scale, &scale, pairs).unwrap();
    let of_a = &found.rows[2];
    assert_eq!((of_a.before.as_str(), of_a.total), ("A", 4));
    assert_eq!(of_a.counts, [0, 0, 2, 1, 0, 0, 0, 1, 0]);
    assert_eq!(of_a.shares, [0.0, 0.0, 0.5, 0.25, 0.0, 0.0, 0.0, 0.25, 0.0]);
    assert_eq!(found.rows[0].shares, [0.0; 9]);
    assert_eq!(found.totals, [0, 0, 3, 1, 0, 1, 0, 1, 0]);
    assert_eq!(
        found.moves,
        Some(Moves {
            better: 1,
            same: 2,
            worse: 2,
            apart: 1
        })
    );

    let other = GradeScale::from_cut_offs(&["GOOD", "BAD"], &[0.5]).unwrap();
    let found = migration(&scale, &other, [("A", "GOOD"), ("CCC", "BAD")]).unwrap();
    assert_eq!((found.moves, found.count), (None, 2));
    let unknown = migration(&scale, &other, [("A", "A")]).unwrap_err();
    assert_eq!(
        unknown,
        MigrationError::After {
            code: "A".to_owned()
        }
    );
}

fn band(code: &str, grades: &[&str]) -> GradeBand {
    GradeBand {
        code: code.to_owned(),
        grades: grades.iter().map(|grade| (*grade).to_owned()).collect(),
    }
}

fn three_bands() -> [GradeBand; 3] {
    [
        band("low", &["AAA", "AA", "A"]),
        band("middle", &["BBB", "BB"]),
        band("high", &["B", "CCC", "D", "NR"]),
    ]
}

fn customer<'a>(id: &'a str, grade: &'a str, value_minor: i64) -> PlacedCustomer<'a> {
    PlacedCustomer {
        id,
        grade,
        value_minor,
    }
}

#[test]
fn a_portfolio_is_segmented_by_risk_and_value() {
    let customers = [
        customer("c1", "AA", 900),
        customer("c2", "B", 800),
        customer("c3", "A", 100),
        customer("c4", "BB", 100),
        customer("c5", "NR", -5),
        customer("c6", "A", 700),
    ];
    let found = portfolio_matrix(&customers, &GradeScale::default(), &three_bands(), 3).unwrap();
    let filled: Vec<(&str, usize, String, i64)> = found
        .cells
        .iter()
        .filter(|cell| !cell.customers.is_empty())
        .map(|cell| {
            (
                cell.band.as_str(),
                cell.value_class,
                cell.customers.join(" "),
                cell.value_minor,
            )
        })
        .collect();
    assert_eq!(
        filled,
        [
            ("low", 1, "c1".to_owned(), 900),
            ("low", 2, "c6 c3".to_owned(), 800),
            ("middle", 2, "c4".to_owned(), 100), // as much as c3
            ("high", 1, "c2".to_owned(), 800),
            ("high", 3, "c5".to_owned(), -5),
        ]
    );
    assert_eq!(
        (found.customers, found.value_minor, found.cells.len()),
        (6, 2595, 9)
    );
}

#[test]
fn bands_hold_every_grade_once() {
    let bands = three_bands();
    let scale = GradeScale::default();
    let refused = |customers: &[PlacedCustomer<'_>], bands: &[GradeBand], quantiles: usize| {
        portfolio_matrix(customers, &scale, bands, quantiles).unwrap_err()
    };
    let grade = |grade: &str| grade.to_owned();
    assert_eq!(
        refused(&[], &bands[..2], 3),
        SegmentError::Bands { grade: grade("B") }
    );
    let twice = [bands.to_vec(), vec![band("again", &["A"])]].concat();
    assert_eq!(
        refused(&[], &twice, 3),
        SegmentError::Bands { grade: grade("A") }
    );
    let strange = [customer("c1", "Z", 1)];
    assert_eq!(
        refused(&strange, &bands, 3),
        SegmentError::Unknown { grade: grade("Z") }
    );
    let huge = [customer("c1", "A", i64::MAX), customer("c2", "A", i64::MAX)];
    assert_eq!(refused(&huge, &bands, 3), SegmentError::TooLarge);
    assert_eq!(refused(&[], &bands, 0), SegmentError::Quantiles);
    assert_eq!(
        portfolio_matrix(&[], &scale, &bands, 2).unwrap().customers,
        0
    );
}

proptest! {
    #[test]
    fn a_better_score_is_never_a_worse_grade(a in -2.0_f64..2.0, b in -2.0_f64..2.0) {
        let scale = GradeScale::default();
        let place = |score: f64| scale.place(&scale.grade(score).unwrap().grade).unwrap().unwrap();
        prop_assert!(place(a.max(b)) <= place(a.min(b)));
    }

    #[test]
    fn a_moved_grade_moved_as_it_says(place in 0_usize..7, notches in -9_i32..=9) {
        let scale = GradeScale::default();
        let found = scale.notch(SEVEN_GRADES[place], notches, &NotchBounds::default()).unwrap();
        let to = scale.place(&found.to).unwrap().unwrap();
        prop_assert_eq!(i32::try_from(place).unwrap() - found.moved, i32::try_from(to).unwrap());
        prop_assert_eq!(found.held_by.is_none(), found.moved == notches);
    }
}

#[test]
fn a_probability_of_default_is_graded_by_its_band_and_not_by_the_cut_offs_of_scores() {
    let scale = GradeScale::default();
    // By its score every one would be an AAA.
    let graded = |probability: f64| scale.grade_said(0.86, Some(probability)).unwrap();
    let bands = [
        (0.0, "AAA"),
        (0.001, "AAA"),
        (0.0011, "AA"),
        (0.003, "AA"),
        (0.007, "A"),
        (0.0071, "BBB"),
        (0.015, "BBB"),
        (0.03, "BB"),
        (0.08, "B"),
        (0.081, "CCC"),
        (1.0, "CCC"),
    ];
    for (probability, grade) in bands {
        assert_eq!(graded(probability), grade, "{probability}");
    }
    assert_eq!(scale.grade_said(0.86, None).unwrap(), "AAA");
    // Every grade has a probability to reckon with, and it lies in its band.
    for code in scale.codes() {
        let used = scale.probability_of_default(&code).unwrap();
        let is_on_ladder = SEVEN_GRADES.contains(&code.as_str());
        assert!(!is_on_ladder || graded(used) == code, "{code}");
    }
}

#[test]
fn a_scale_may_be_for_probabilities_alone_and_its_bands_must_rise() {
    let document = |bands: [Option<f64>; 3]| {
        let grades = ["A", "B", "C"]
            .iter()
            .zip(bands)
            .map(|(code, up_to)| Grade {
                code: (*code).to_owned(),
                from: None,
                probability_up_to: up_to,
                probability_of_default: None,
            });
        ScaleDocument {
            grades: grades.collect(),
            in_default: None,
            not_rated: None,
            not_rated_probability_of_default: None,
        }
    };
    let scale = GradeScale::try_from(document([Some(0.01), Some(0.05), None])).unwrap();
    assert_eq!(scale.grade_said(0.5, Some(0.05)).unwrap(), "B");
    assert_eq!(scale.grade_said(0.5, None), Err(ScaleError::NotByScore));
    let wrong = |bands| GradeScale::try_from(document(bands)).unwrap_err().pointer();
    assert_eq!(
        wrong([Some(0.05), Some(0.05), None]),
        "/grades/1/probability_up_to"
    );
    assert_eq!(
        wrong([Some(0.05), None, None]),
        "/grades/1/probability_up_to"
    );
    assert_eq!(
        wrong([Some(0.05), Some(0.1), Some(0.2)]),
        "/grades/2/probability_up_to"
    );
    assert_eq!(wrong([None, None, None]), "/grades/0/from");
}
