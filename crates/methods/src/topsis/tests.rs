//! The published numbers, and what must hold of any cohort.

#![expect(
    clippy::unreadable_literal,
    reason = "figures are written as they are published"
)]

use proptest::prelude::*;

use super::*;

fn criteria(weights: &[f64], directions: &[Direction]) -> Vec<Criterion> {
    let pairs = weights.iter().zip(directions).enumerate();
    pairs
        .map(|(place, (weight, direction))| Criterion {
            code: format!("C{place}"),
            weight: *weight,
            direction: *direction,
        })
        .collect()
}

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= tolerance,
            "{found} is not {expected}"
        );
    }
}

fn of(cohort: &Cohort, figure: fn(&Distance) -> f64) -> Vec<f64> {
    cohort.standings.iter().map(figure).collect()
}

fn ranks(cohort: &Cohort) -> Vec<usize> {
    cohort
        .standings
        .iter()
        .map(|standing| standing.rank)
        .collect()
}

use Direction::{Benefit, Cost};

const WEIGHTS: [f64; 4] = [0.277181, 0.160088, 0.467296, 0.095435];

/// Current ratio, sales growth in %, average days late, industry risk.
#[rustfmt::skip]
const FOUR_CUSTOMERS: [f64; 16] = [
    2.0, 12.0, 3.0, 2.0,
    1.2, 5.0, 18.0, 3.0,
    1.6, 20.0, 9.0, 4.0,
    0.9, -4.0, 35.0, 3.0,
];

fn four_customers() -> Cohort {
    let criteria = criteria(&WEIGHTS, &[Benefit, Benefit, Cost, Cost]);
    rank_cohort(&criteria, &FOUR_CUSTOMERS, Normalisation::Vector).unwrap()
}

#[test]
fn four_customers_rank_as_worked() {
    let cohort = four_customers();
    assert_near(
        &of(&cohort, |s| s.closeness),
        &[0.8828, 0.4927, 0.8035, 0.0359],
        5e-5,
    );
    assert_near(
        &of(&cohort, |s| s.to_best),
        &[0.052951, 0.213670, 0.084560, 0.415276],
        1e-6,
    );
    assert_near(
        &of(&cohort, |s| s.to_worst),
        &[0.398942, 0.207550, 0.345791, 0.015482],
        1e-6,
    );
    assert_eq!(ranks(&cohort), [1, 3, 2, 4]);
    let best: Vec<f64> = cohort.frame.iter().map(|measure| measure.best).collect();
    let worst: Vec<f64> = cohort.frame.iter().map(|measure| measure.worst).collect();
    assert_near(&best, &[0.186769, 0.132377, 0.034628, 0.030963], 1e-6);
    assert_near(&worst, &[0.084046, -0.026475, 0.403990, 0.061926], 1e-6);
}

#[test]
fn tzeng_and_huang_rank_as_published() {
    let values = [5.0, 8.0, 4.0, 7.0, 6.0, 8.0, 8.0, 8.0, 6.0, 7.0, 4.0, 6.0];
    let cohort = rank_cohort(
        &criteria(&[0.3, 0.4, 0.3], &[Benefit; 3]),
        &values,
        Normalisation::Vector,
    );
    let cohort = cohort.unwrap();
    assert_near(
        &of(&cohort, |s| s.closeness),
        &[0.50372, 0.658085, 0.748249, 0.333997],
        1e-6,
    );
    assert_eq!(ranks(&cohort), [3, 2, 1, 4]);
}

#[test]
fn without_normalisation_values_count_as_they_are() {
    let values = [0.0, 1.0, 0.25, 0.75, 0.5, 0.5, 0.75, 0.25, 1.0, 0.0];
    let closeness = |weights: &[f64], directions: &[Direction]| {
        let cohort = rank_cohort(&criteria(weights, directions), &values, Normalisation::None);
        of(&cohort.unwrap(), |s| s.closeness)
    };
    assert_near(
        &closeness(&[0.7, 0.3], &[Benefit, Benefit]),
        &[0.3, 0.3495866639029891, 0.5, 0.6504133360970108, 0.7],
        1e-12,
    );
    assert_near(
        &closeness(&[0.5, 0.5], &[Benefit, Cost]),
        &[0.0, 0.25, 0.5, 0.75, 1.0],
        1e-12,
    );
}

#[test]
fn a_standing_is_explained_by_its_criteria() {
    let cohort = four_customers();
    for (values, standing) in FOUR_CUSTOMERS.chunks(4).zip(&cohort.standings) {
        let why = cohort.explain(values).unwrap();
        assert_near(
            &[why.to_best, why.to_worst, why.closeness],
            &[standing.to_best, standing.to_worst, standing.closeness],
            1e-12,
        );
    }
    // K4 is last because of its days late.
    let why = cohort.explain(&FOUR_CUSTOMERS[12..]).unwrap();
    assert!(why.parts[2].share_to_best > 0.75, "{why:?}");
    assert!(why.parts[2].to_worst <= 1e-15);
    let shares: f64 = why.parts.iter().map(|part| part.share_to_best).sum();
    assert_near(&[shares], &[1.0], 1e-12);
}

fn anchored() -> Vec<AnchoredCriterion> {
    let anchors = [(0.5, 2.5), (-20.0, 30.0), (60.0, 0.0), (5.0, 1.0)];
    let pairs = WEIGHTS.iter().zip(anchors).enumerate();
    pairs
        .map(|(place, (weight, (worst, best)))| AnchoredCriterion {
            code: format!("C{place}"),
            weight: *weight,
            worst,
            best,
        })
        .collect()
}

#[test]
fn one_customer_is_scored_against_anchors() {
    let why = score_anchored(&anchored(), &[2.0, 12.0, 3.0, 2.0]).unwrap();
    assert_near(
        &[why.to_best, why.to_worst, why.closeness],
        &[0.096117, 0.505877, 0.8403],
        4e-5,
    );
    assert_near(&[why.to_best, why.to_worst], &[0.096117, 0.505877], 1e-6);
    let places: Vec<f64> = why
        .parts
        .iter()
        .map(|part| part.weighted / part.best)
        .collect();
    assert_near(&places, &[0.75, 0.64, 0.95, 0.75], 1e-12);
    // Beyond the anchors nothing is gained or lost.
    let best = score_anchored(&anchored(), &[99.0, 99.0, -9.0, 0.0]).unwrap();
    let worst = score_anchored(&anchored(), &[0.0, -99.0, 999.0, 9.0]).unwrap();
    assert_near(&[best.closeness, worst.closeness], &[1.0, 0.0], 0.0);
}

#[test]
fn what_can_not_be_compared_is_refused() {
    let two = criteria(&[0.5, 0.5], &[Benefit; 2]);
    let rank = |values: &[f64]| rank_cohort(&two, values, Normalisation::Vector).unwrap_err();
    assert_eq!(rank(&[1.0, 2.0]), TopsisError::TooFew);
    assert_eq!(rank(&[]), TopsisError::TooFew);
    assert_eq!(rank(&[1.0, 2.0, 3.0]), TopsisError::Shape { criteria: 2 });
    assert_eq!(rank(&[1.0, 2.0, 1.0, 2.0]), TopsisError::AllAlike);
    let value = |row: usize, criterion: &str| TopsisError::Value {
        row,
        criterion: criterion.to_owned(),
    };
    assert_eq!(rank(&[1.0, 2.0, 3.0, f64::NAN]), value(1, "C1"));
    assert_eq!(rank(&[1e16, 2.0, 3.0, 4.0]), value(0, "C0"));
    let heavy = criteria(&[0.5, 0.6], &[Benefit; 2]);
    let refused = rank_cohort(&heavy, &[1.0, 2.0, 3.0, 4.0], Normalisation::None);
    assert_eq!(refused.unwrap_err(), TopsisError::Weights);
    assert_eq!(
        score_anchored(&[], &[]).unwrap_err(),
        TopsisError::NoCriteria
    );
    let mut flat = anchored();
    flat[1].best = flat[1].worst;
    for values in [[2.0, 12.0, 3.0, 2.0], [2.0, -20.0, 3.0, 2.0]] {
        let criterion = "C1".to_owned();
        assert_eq!(
            score_anchored(&flat, &values).unwrap_err(),
            TopsisError::Anchors { criterion }
        );
    }
}

#[test]
fn equal_customers_share_a_rank() {
    let two = criteria(&[0.5, 0.5], &[Benefit; 2]);
    let values = [1.0, 1.0, 3.0, 3.0, 1.0, 1.0, 2.0, 2.0];
    let cohort = rank_cohort(&two, &values, Normalisation::Vector).unwrap();
    assert_eq!(ranks(&cohort), [3, 1, 3, 2]);
}

#[test]
fn a_criterion_in_which_all_have_nothing_moves_nobody() {
    let two = criteria(&[0.5, 0.5], &[Benefit; 2]);
    let cohort = rank_cohort(&two, &[0.0, 1.0, 0.0, 2.0], Normalisation::Vector).unwrap();
    assert_near(&of(&cohort, |s| s.closeness), &[0.0, 1.0], 0.0);
}

proptest! {
    #[test]
    fn closeness_is_a_share_and_units_do_not_matter(
        values in prop::collection::vec(prop::collection::vec(-1e6_f64..1e6, 3), 2..20),
        unit in 0.001_f64..1000.0,
    ) {
        let three = criteria(&[0.5, 0.3, 0.2], &[Benefit, Cost, Benefit]);
        let plain: Vec<f64> = values.iter().flatten().copied().collect();
        let scaled: Vec<f64> = values.iter().flat_map(|row| [row[0] * unit, row[1], row[2]]).collect();
        let cohort = rank_cohort(&three, &plain, Normalisation::Vector);
        prop_assume!(cohort.is_ok());
        let cohort = cohort.unwrap();
        let other = rank_cohort(&three, &scaled, Normalisation::Vector).unwrap();
        for (a, b) in cohort.standings.iter().zip(&other.standings) {
            prop_assert!((0.0..=1.0).contains(&a.closeness));
            prop_assert!((a.closeness - b.closeness).abs() < 1e-9);
        }
    }

    #[test]
    fn anchored_scores_do_not_depend_on_others_and_rise_with_what_is_good(
        ratio in 0.0_f64..3.0, growth in -30.0_f64..40.0, late in 0.0_f64..80.0, more in 0.0_f64..1.0,
    ) {
        let score = |ratio: f64| score_anchored(&anchored(), &[ratio, growth, late, 3.0]).unwrap().closeness;
        prop_assert!(score(ratio + more) >= score(ratio) - 1e-12);
        prop_assert!((0.0..=1.0).contains(&score(ratio)));
    }
}

/// Not a test of anything: prints how long a large cohort takes. Run it in release.
#[test]
#[ignore = "measures; run with --release -- --ignored --nocapture"]
fn time_a_large_cohort() {
    let customers = 100_000;
    let mut random = fastrand::Rng::with_seed(7);
    let values: Vec<f64> = (0..customers * 12).map(|_| random.f64() * 100.0).collect();
    let twelve = criteria(&[1.0 / 12.0; 12], &[Benefit, Cost].repeat(6));
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let start = std::time::Instant::now();
        let cohort = rank_cohort(&twelve, &values, Normalisation::Vector).unwrap();
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(cohort.standings.len(), customers);
    }
    println!("topsis, 100,000 customers x 12 criteria, with ranks: {best:.1} ms");
}
