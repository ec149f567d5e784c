use proptest::prelude::*;

use super::correlation::{CorrelationError, concordance, kendall, spearman};
use super::stability::{StabilityCount, StabilityVerdict, of_counts, stability};
use super::*;
use crate::bands::Band;

fn close(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within, "{a} is not {b} ± {within}");
}

fn observed(goods: &[f64], bads: &[f64]) -> Vec<Observation> {
    let of = |outcome| {
        move |score: &f64| Observation {
            score: *score,
            outcome,
            probability_of_default: None,
        }
    };
    goods
        .iter()
        .map(of(Outcome::Good))
        .chain(bads.iter().map(of(Outcome::Bad)))
        .collect()
}

fn worked() -> Vec<Observation> {
    observed(
        &[720.0, 700.0, 690.0, 650.0, 640.0, 600.0],
        &[660.0, 610.0, 560.0, 540.0],
    )
}

/// Formulas 3.7.
#[test]
fn the_worked_auc_gini_and_ks() {
    let report = validate(
        &worked(),
        &ValidationSettings::default(),
        &Progress::default(),
    )
    .unwrap();
    close(report.auc.value, 20.0 / 24.0, 1e-12);
    close(report.gini.value, 0.6667, 5e-5);
    close(report.ks.value, 0.5833, 5e-5);
    close(report.ks_score, 610.0, 1e-12);
    assert!(report.auc.low < report.auc.value && report.auc.value < report.auc.high);
    // Refused are those below 640, the next score: three bads and the good of 600.
    let confusion = &report.confusion;
    let cells = (
        confusion.bads_refused,
        confusion.goods_refused,
        confusion.bads_accepted,
        confusion.goods_accepted,
    );
    assert_eq!(cells, (3, 1, 1, 5));
    close(confusion.precision.unwrap().value, 0.75, 1e-12);
    close(confusion.recall.value, 0.75, 1e-12);
    close(confusion.f1.unwrap().value, 0.75, 1e-12);
    close(confusion.accuracy.value, 0.8, 1e-12);
    assert_eq!((report.brier, report.calibration.len()), (None, 0));
}

#[test]
fn equal_scores_count_half() {
    close(
        auc(&observed(&[1.0, 2.0], &[1.0, 2.0])).unwrap(),
        0.5,
        1e-12,
    );
    close(auc(&observed(&[2.0], &[1.0])).unwrap(), 1.0, 1e-12);
    close(auc(&observed(&[0.0], &[-0.0])).unwrap(), 0.5, 1e-12);
}

/// Formulas 3.7.
#[test]
fn the_worked_population_stability() {
    let count = |(index, actual): (usize, usize)| StabilityCount {
        band: Band::Values(vec![index.to_string()]),
        expected: 20,
        actual,
    };
    let counts = [15, 18, 20, 22, 25]
        .into_iter()
        .enumerate()
        .map(count)
        .collect();
    let found = of_counts(counts, &ValidationSettings::default()).unwrap();
    close(found.index.value, 0.0296, 5e-5);
    assert_eq!(
        (found.verdict, found.expected, found.actual),
        (StabilityVerdict::Stable, 100, 100)
    );
    assert_eq!(
        [0.0999, 0.10, 0.25, 0.2501].map(StabilityVerdict::of),
        [
            StabilityVerdict::Stable,
            StabilityVerdict::Watch,
            StabilityVerdict::Watch,
            StabilityVerdict::Act
        ]
    );
}

#[test]
fn scores_are_compared_in_bins_of_those_expected() {
    let expected: Vec<f64> = (0..1000).map(f64::from).collect();
    let settings = ValidationSettings::default();
    let same = stability(&expected, &expected, 10, &settings).unwrap();
    assert_eq!(same.bins.len(), 10);
    close(same.index.value, 0.0, 1e-12);
    let moved: Vec<f64> = expected.iter().map(|score| score - 300.0).collect();
    let moved = stability(&expected, &moved, 10, &settings).unwrap();
    assert_eq!(moved.verdict, StabilityVerdict::Act);
    assert_eq!(
        moved.bins.iter().map(|bin| bin.count.actual).sum::<usize>(),
        1000
    );
    let tied = stability(&[1.0, 1.0, 1.0, 2.0], &[1.0, 2.0], 2, &settings).unwrap();
    assert_eq!(tied.bins.len(), 2);
    assert!(stability(&[], &expected, 10, &settings).is_err());
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let settings = ValidationSettings {
        replicates: 50,
        ..ValidationSettings::default()
    };
    let other = ValidationSettings {
        seed: 2,
        ..settings.clone()
    };
    let report = |settings| validate(&worked(), settings, &Progress::default()).unwrap();
    assert_eq!(report(&settings), report(&settings));
    assert_ne!(report(&settings).auc.low.to_bits(), 0);
    assert_ne!(report(&settings).auc, report(&other).auc);
}

#[test]
fn calibration_tells_where_probabilities_are_wrong() {
    let mut rows = Vec::new();
    // A tenth of the first 1,000 and half of the last 1,000 are bad; both were given 10%, the latter 11%.
    for row in 0..2000 {
        let bad = if row < 1000 {
            row % 10 == 0
        } else {
            row % 2 == 0
        };
        let probability = if row < 1000 { 0.10 } else { 0.11 };
        rows.push(Observation {
            score: 1.0 - probability,
            outcome: if bad { Outcome::Bad } else { Outcome::Good },
            probability_of_default: Some(probability),
        });
    }
    let report = validate(&rows, &ValidationSettings::default(), &Progress::default()).unwrap();
    let agrees: Vec<bool> = report.calibration.iter().map(|bin| bin.agrees).collect();
    assert_eq!(agrees, [true, false]);
    let expected =
        (100.0 * 0.81 + 900.0 * 0.01 + 500.0 * (0.89 * 0.89) + 500.0 * (0.11 * 0.11)) / 2000.0;
    close(report.brier.unwrap().value, expected, 1e-12);
}

#[test]
fn malformed_observations_are_refused() {
    let settings = ValidationSettings::default();
    assert_eq!(
        validate(
            &observed(&[1.0], &[f64::NAN]),
            &settings,
            &Progress::default()
        ),
        Err(ValidationError::Observation { row: 1 })
    );
    assert!(matches!(
        validate(&observed(&[1.0], &[]), &settings, &Progress::default()),
        Err(ValidationError::OneOutcome { .. })
    ));
    let wrong = ValidationSettings {
        confidence: 1.0,
        ..settings
    };
    assert!(matches!(
        validate(&worked(), &wrong, &Progress::default()),
        Err(ValidationError::Setting { .. })
    ));
}

#[test]
fn rank_correlations_know_ties() {
    let (one, other) = ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]);
    close(spearman(&one, &other).unwrap(), 0.8, 1e-12);
    close(kendall(&one, &other).unwrap(), 0.6, 1e-12);
    // By hand: of 6 pairs one is tied in the first, one in the second, 4 in order: 4 ÷ √(5 · 5).
    close(
        kendall(&[1.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 2.0, 3.0]).unwrap(),
        0.8,
        1e-12,
    );
    assert_eq!(
        kendall(&[1.0, 1.0], &[1.0, 2.0]),
        Err(CorrelationError::Constant)
    );
    assert!(spearman(&[1.0], &[1.0]).is_err());
}

#[test]
fn judges_agree_as_much_as_published() {
    // S. Siegel, Nonparametric Statistics for the Behavioral Sciences, 1956: six applicants before three executives.
    let applicants = [
        vec![1.0, 6.0, 3.0, 2.0, 5.0, 4.0],
        vec![1.0, 5.0, 6.0, 4.0, 2.0, 3.0],
        vec![6.0, 3.0, 2.0, 5.0, 4.0, 1.0],
    ];
    close(concordance(&applicants).unwrap(), 0.161_905, 1e-6);
    // M. G. Kendall, Rank Correlation Methods, 1948: ten things and many ties, S = 591, W = 0.828.
    let tied = [
        vec![1.0, 4.5, 2.0, 4.5, 3.0, 7.5, 6.0, 9.0, 7.5, 10.0],
        vec![2.5, 1.0, 2.5, 4.5, 4.5, 8.0, 9.0, 6.5, 10.0, 6.5],
        vec![2.0, 1.0, 4.5, 4.5, 4.5, 4.5, 8.0, 8.0, 8.0, 10.0],
    ];
    close(concordance(&tied).unwrap(), 591.0 / 714.0, 1e-12);
    let same = vec![vec![3.0, 1.0, 2.0]; 4];
    close(concordance(&same).unwrap(), 1.0, 1e-12);
    for (judges, error) in [
        (vec![vec![1.0, 2.0]], CorrelationError::Judges),
        (vec![vec![1.0], vec![1.0]], CorrelationError::Judges),
        (
            vec![vec![1.0, 2.0], vec![1.0, 2.0, 3.0]],
            CorrelationError::Judges,
        ),
        (vec![vec![1.0, 1.0]; 2], CorrelationError::Constant),
        (vec![vec![1.0, f64::NAN]; 2], CorrelationError::NotFinite),
    ] {
        assert_eq!(concordance(&judges), Err(error));
    }
}

#[test]
fn charts_stand_alone_and_say_what_they_show() {
    let mut rows = worked();
    for row in &mut rows {
        row.probability_of_default = Some(1.0 / (1.0 + ((row.score - 600.0) / 40.0).exp()));
    }
    let report = validate(&rows, &ValidationSettings::default(), &Progress::default()).unwrap();
    for svg in [
        charts::roc(&report),
        charts::ks(&report),
        charts::calibration(&report),
    ] {
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("<title id=") && svg.contains("<desc id=") && !svg.contains("NaN"));
    }
    assert!(charts::ks(&report).contains("KS chart: 0.583 at 610<"));
    assert!(charts::roc(&report).contains("AUC 0.833"));
}

proptest! {
    /// The quick figures are those of the definitions, pair by pair.
    #[test]
    fn figures_are_those_of_the_definitions(
        goods in proptest::collection::vec(0_i32..8, 1..20),
        bads in proptest::collection::vec(0_i32..8, 1..20),
    ) {
        let number = |values: &[i32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
        let (goods, bads) = (number(&goods), number(&bads));
        let mut wins = 0.0;
        for good in &goods {
            for bad in &bads {
                wins += if good > bad { 1.0 } else if good >= bad { 0.5 } else { 0.0 };
            }
        }
        let settings = ValidationSettings { replicates: 5, ..ValidationSettings::default() };
        let report = validate(&observed(&goods, &bads), &settings, &Progress::default()).unwrap();
        prop_assert!((report.auc.value - wins / real(goods.len()) / real(bads.len())).abs() < 1e-12);
        let up_to = |scores: &[f64], score: f64| {
            real(scores.iter().filter(|s| **s <= score).count()) / real(scores.len())
        };
        let ks = (0..8).map(f64::from).map(|s| (up_to(&bads, s) - up_to(&goods, s)).abs()).fold(0.0, f64::max);
        prop_assert!((report.ks.value - ks).abs() < 1e-12);
        let last = report.curve.last().unwrap();
        prop_assert!((last.goods - 1.0).abs() < 1e-12 && (last.bads - 1.0).abs() < 1e-12);
    }

    /// Kendall's τ-b by counting all pairs.
    #[test]
    fn kendall_counts_all_pairs(pairs in proptest::collection::vec((0_i32..6, 0_i32..6), 2..40)) {
        let one: Vec<f64> = pairs.iter().map(|p| f64::from(p.0)).collect();
        let other: Vec<f64> = pairs.iter().map(|p| f64::from(p.1)).collect();
        let (mut sum, mut free_one, mut free_other) = (0, 0, 0);
        for (i, a) in pairs.iter().enumerate() {
            for b in &pairs[..i] {
                sum += (a.0 - b.0).signum() * (a.1 - b.1).signum();
                free_one += (a.0 - b.0).signum().abs();
                free_other += (a.1 - b.1).signum().abs();
            }
        }
        match kendall(&one, &other) {
            Ok(found) => {
                let expected = f64::from(sum) / (f64::from(free_one) * f64::from(free_other)).sqrt();
                prop_assert!((found - expected).abs() < 1e-12);
            }
            Err(_) => prop_assert!(free_one == 0 || free_other == 0),
        }
    }
}
