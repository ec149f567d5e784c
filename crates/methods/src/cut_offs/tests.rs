//! The worked example, the optimum by trying everything, and what must hold of any proposal.

#![expect(
    clippy::unreadable_literal,
    reason = "figures are written as they are published"
)]

use proptest::prelude::*;

use super::*;

const TEN: [f64; 10] = [0.12, 0.18, 0.22, 0.41, 0.44, 0.47, 0.52, 0.78, 0.83, 0.90];

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

#[test]
fn ten_scores_fall_into_three_classes() {
    let mut shuffled = TEN;
    shuffled.reverse();
    let found = propose(&shuffled, 3).unwrap();
    let means: Vec<f64> = found.classes.iter().map(|class| class.mean).collect();
    assert_near(&means, &[0.1733, 0.4600, 0.8367], 5e-5);
    assert_near(
        &[found.within_classes, found.in_all],
        &[0.018933, 0.683810],
        5e-7,
    );
    assert_near(&[found.goodness_of_fit], &[0.9723], 5e-5);
    assert_near(&found.cut_offs, &[0.315, 0.650], 1e-12);
    assert_eq!(found.fit, Fit::Good);
    let counts: Vec<usize> = found.classes.iter().map(|class| class.count).collect();
    assert_eq!(counts, [3, 4, 3]);
    assert_near(
        &[found.silhouette.unwrap()],
        &[silhouette_by_definition(&TEN, &found)],
        1e-12,
    );
}

/// The petal lengths of Fisher's iris. The published k-means of that file is over its four columns, which no cut on a
/// line can reproduce; on one column the optimum can be known by trying every cut.
#[test]
fn one_column_of_iris_is_cut_where_trying_everything_cuts_it() {
    let Some(lengths) = petal_lengths() else {
        return;
    };
    let found = propose(&lengths, 3).unwrap();
    assert_eq!(
        found.classes.iter().map(|class| class.count).sum::<usize>(),
        150
    );
    let mut sorted = lengths.clone();
    sorted.sort_by(f64::total_cmp);
    assert_near(
        &[found.within_classes],
        &[least_by_trying(&sorted, 3)],
        1e-9,
    );
    assert_eq!(found.classes[0].count, 50); // setosa stands apart
    assert_near(
        &[found.silhouette.unwrap()],
        &[silhouette_by_definition(&sorted, &found)],
        1e-9,
    );
}

fn petal_lengths() -> Option<Vec<f64>> {
    let folder = std::env::var("NETTERMS_TEST_DATA").map_or_else(
        |_| std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        std::path::PathBuf::from,
    );
    let path = folder.join("kmeans_iris.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!(
            "SKIPPED: {} can't be read; set NETTERMS_TEST_DATA to its folder",
            path.display()
        );
        return None;
    };
    let lengths = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap().parse().unwrap());
    Some(lengths.collect())
}

#[test]
fn equal_scores_stay_together() {
    let scores = [1.0, 1.0, 1.0, 5.0, 5.0, -0.0, 0.0];
    let found = propose(&scores, 3).unwrap();
    let counts: Vec<usize> = found.classes.iter().map(|class| class.count).collect();
    assert_eq!(counts, [2, 3, 2]);
    assert_near(
        &[
            found.within_classes,
            found.goodness_of_fit,
            found.silhouette.unwrap(),
        ],
        &[0.0, 1.0, 1.0],
        0.0,
    );
    assert_near(&found.cut_offs, &[0.5, 3.0], 0.0);
}

#[test]
fn one_class_has_no_cut_off_and_no_silhouette() {
    let found = propose(&TEN, 1).unwrap();
    assert_eq!(
        (found.cut_offs.len(), found.silhouette, found.fit),
        (0, None, Fit::Poor)
    );
    assert_near(&[found.goodness_of_fit], &[0.0], 1e-12);
    let alike = propose(&[3.0; 5], 1).unwrap();
    assert_near(&[alike.goodness_of_fit], &[1.0], 0.0);
}

#[test]
fn a_cut_off_lies_above_the_class_below_it() {
    let next = f64::from_bits(1.0_f64.to_bits() + 1);
    let found = propose(&[1.0, next], 2).unwrap();
    assert!(found.cut_offs[0] > 1.0 && found.cut_offs[0] <= next);
}

#[test]
fn what_can_not_be_cut_is_refused() {
    assert_eq!(propose(&TEN, 0).unwrap_err(), CutOffError::Classes);
    assert_eq!(propose(&TEN, 51).unwrap_err(), CutOffError::Classes);
    assert_eq!(
        propose(&[1.0, f64::NAN], 1).unwrap_err(),
        CutOffError::Score { place: 1 }
    );
    assert_eq!(
        propose(&[1.0, 1.0, 2.0], 3).unwrap_err(),
        CutOffError::TooFewScores {
            classes: 3,
            distinct: 2
        }
    );
    assert!(propose(&[], 1).is_err());
}

/// The least sum of squared deviations over every way to cut.
fn least_by_trying(sorted: &[f64], classes: usize) -> f64 {
    let deviation = |part: &[f64]| {
        let mean = part.iter().sum::<f64>() / of_count(part.len());
        part.iter().map(|score| (score - mean).powi(2)).sum::<f64>()
    };
    if classes == 1 {
        return deviation(sorted);
    }
    (classes - 1..sorted.len())
        .map(|cut| least_by_trying(&sorted[..cut], classes - 1) + deviation(&sorted[cut..]))
        .fold(f64::INFINITY, f64::min)
}

/// The mean silhouette, pair by pair.
fn silhouette_by_definition(scores: &[f64], found: &Proposal) -> f64 {
    let class_of = |score: f64| found.cut_offs.iter().filter(|cut| score >= **cut).count();
    let one = |place: usize, score: f64| {
        let mut sums = vec![(0.0, 0.0); found.classes.len()];
        for (other_place, other) in scores.iter().enumerate() {
            if other_place != place {
                let sum: &mut (f64, f64) = &mut sums[class_of(*other)];
                sum.0 += (score - other).abs();
                sum.1 += 1.0;
            }
        }
        let own = sums.remove(class_of(score));
        if own.1 == 0.0 {
            return 0.0;
        }
        let a = own.0 / own.1;
        let b = sums
            .iter()
            .map(|(sum, count)| sum / count)
            .fold(f64::INFINITY, f64::min);
        if a.max(b) > 0.0 {
            (b - a) / a.max(b)
        } else {
            0.0
        }
    };
    let pairs = scores.iter().enumerate();
    pairs.map(|(place, score)| one(place, *score)).sum::<f64>() / of_count(scores.len())
}

proptest! {
    #[test]
    fn nothing_is_better_than_the_proposal(
        scores in prop::collection::vec((0_u32..40).prop_map(|score| f64::from(score) / 8.0), 4..14),
        classes in 1_usize..=4,
    ) {
        let mut sorted = scores.clone();
        sorted.sort_by(f64::total_cmp);
        let found = propose(&scores, classes);
        prop_assume!(found.is_ok());
        let found = found.unwrap();
        let least = least_by_trying(&sorted, classes);
        prop_assert!((found.within_classes - least).abs() < 1e-9, "{} is not {least}", found.within_classes);
        if let Some(silhouette) = found.silhouette {
            prop_assert!((silhouette - silhouette_by_definition(&sorted, &found)).abs() < 1e-9);
        }
    }

    #[test]
    fn classes_partition_the_scores(
        scores in prop::collection::vec(-1e6_f64..1e6, 7..300), classes in 1_usize..=7,
    ) {
        let found = propose(&scores, classes).unwrap();
        prop_assert_eq!(found.classes.iter().map(|class| class.count).sum::<usize>(), scores.len());
        prop_assert_eq!(found.cut_offs.len() + 1, classes);
        prop_assert!((0.0..=1.0).contains(&found.goodness_of_fit));
        for (place, class) in found.classes.iter().enumerate() {
            let of_class = |score: f64| found.cut_offs.iter().filter(|cut| score >= **cut).count();
            prop_assert_eq!((of_class(class.lowest), of_class(class.highest)), (place, place));
            prop_assert!(class.lowest <= class.mean && class.mean <= class.highest);
        }
    }
}

/// Not a test of anything: prints how long many scores take. Run it in release.
#[test]
#[ignore = "measures; run with --release -- --ignored --nocapture"]
fn time_many_scores() {
    let mut random = fastrand::Rng::with_seed(7);
    let scores: Vec<f64> = (0..100_000).map(|_| random.f64()).collect();
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let start = std::time::Instant::now();
        let found = propose(&scores, 7).unwrap();
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(found.classes.len(), 7);
    }
    println!("cut-offs, 100,000 scores into 7, with silhouette: {best:.1} ms");
}
