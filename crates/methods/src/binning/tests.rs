use proptest::prelude::*;

use super::*;
use crate::training::Answer;

fn close(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within, "{a} is not {b} ± {within}");
}

fn counted(counts: &[(usize, usize)]) -> Binning {
    let band = |index: usize| Band::Values(vec![index.to_string()]);
    let bins = counts.iter().enumerate();
    let bins = bins.map(|(index, (goods, bads))| {
        let tally = Tally {
            goods: *goods,
            bads: *bads,
        };
        (band(index), tally)
    });
    Binning::of_counts("worked", bins.collect())
}

fn woes(binning: &Binning) -> Vec<f64> {
    binning.bins.iter().map(|bin| bin.woe).collect()
}

fn all_close(found: &[f64], published: &[f64], within: f64) {
    assert_eq!(found.len(), published.len());
    found
        .iter()
        .zip(published)
        .for_each(|(a, b)| close(*a, *b, within));
}

/// A characteristic whose values are 0, 1, 2 … as often as counted.
fn column(counts: &[(usize, usize)]) -> (Characteristic, Vec<Outcome>) {
    let mut values = Vec::new();
    let mut outcomes = Vec::new();
    for (value, (goods, bads)) in counts.iter().enumerate() {
        for (count, outcome) in [(goods, Outcome::Good), (bads, Outcome::Bad)] {
            values.extend(std::iter::repeat_n(Some(real(value)), *count));
            outcomes.extend(std::iter::repeat_n(outcome, *count));
        }
    }
    let values = Values::Numeric(values);
    (
        Characteristic {
            name: "x".into(),
            values,
        },
        outcomes,
    )
}

/// The worked example of the trade's formulas: longest delay of 12 months, 900 good and 100 bad.
#[test]
fn the_worked_example_of_delays() {
    let binning = counted(&[(500, 30), (300, 35), (100, 35)]);
    all_close(&woes(&binning), &[0.616_186, -0.048_790, -1.147_402], 5e-7);
    let parts: Vec<f64> = binning
        .bins
        .iter()
        .map(|bin| bin.information_value)
        .collect();
    all_close(&parts, &[0.157_470, 0.000_813, 0.274_102], 5e-7);
    close(binning.information_value, 0.432_385, 5e-7);
    assert_eq!(binning.strength, Strength::Strong);
}

/// Published by ShichenXie/scorecard (woebin reference), whose WOE is ln(bad ÷ good): the sign is turned.
#[test]
fn the_published_bins_of_german_credit() {
    let amount = counted(&[(185, 82), (87, 18), (287, 95), (120, 76), (21, 29)]);
    let published = [
        0.033_661_28,
        -0.728_238_5,
        -0.258_307_46,
        0.390_539_46,
        1.170_071_25,
    ];
    all_close(&woes(&amount), &published.map(|woe: f64| -woe), 1e-7);
    close(amount.information_value, 0.181_220_4, 1e-7);
    let housing = counted(&[(109, 70), (527, 186), (64, 44)]);
    all_close(
        &woes(&housing),
        &[-0.404_445_2, 0.194_156, -0.472_604_4],
        1e-7,
    );
    close(housing.information_value, 0.083_293_43, 1e-7);
    assert_eq!(housing.strength, Strength::Weak);
}

/// Published by optbinning (tutorial, breast cancer data); its WOE has our sign.
#[test]
fn the_published_bins_of_mean_radius() {
    let bins = [
        (3, 115),
        (3, 76),
        (7, 61),
        (10, 39),
        (28, 55),
        (44, 10),
        (117, 1),
    ];
    let binning = counted(&bins);
    let published = [
        -3.125_17, -2.710_972, -1.643_814, -0.839_827, -0.153_979, 2.002_754, 5.283_323,
    ];
    all_close(&woes(&binning), &published, 1e-6);
    close(binning.information_value, 5.043_925, 1e-6);
    assert_eq!(binning.strength, Strength::Suspicious);
}

#[test]
fn an_empty_cell_counts_half_a_customer_in_both_cells() {
    let binning = counted(&[(0, 10), (90, 40)]);
    close(
        binning.bins[0].woe,
        ((0.5 / 90.0) / (10.5_f64 / 50.0)).ln(),
        1e-12,
    );
    close(
        binning.bins[1].woe,
        ((90.0 / 90.0) / (40.0_f64 / 50.0)).ln(),
        1e-12,
    );
}

#[test]
fn words_of_strength_have_their_limits() {
    let words = [0.019, 0.02, 0.1, 0.3, 0.5, 0.51].map(Strength::of);
    assert_eq!(
        words,
        [
            Strength::Useless,
            Strength::Weak,
            Strength::Medium,
            Strength::Strong,
            Strength::Strong,
            Strength::Suspicious
        ]
    );
}

#[test]
fn merging_finds_the_best_monotonic_bins() {
    // Values 1 and 2 are out of order and must go together.
    let (x, outcomes) = column(&[(50, 50), (80, 20), (70, 30), (95, 5)]);
    let binning = bin(&x, &outcomes, &BinningSettings::default());
    let tallies: Vec<(usize, usize)> = (binning.bins.iter())
        .map(|bin| (bin.tally.goods, bin.tally.bads))
        .collect();
    assert_eq!(tallies, [(50, 50), (150, 50), (95, 5)]);
    let free = BinningSettings {
        trend: Trend::Free,
        ..BinningSettings::default()
    };
    assert_eq!(bin(&x, &outcomes, &free).bins.len(), 4);
    let falling = BinningSettings {
        trend: Trend::Falling,
        ..BinningSettings::default()
    };
    assert_eq!(bin(&x, &outcomes, &falling).bins.len(), 1, "no cut falls");
}

#[test]
fn small_bins_are_merged_and_missing_is_its_own() {
    let (mut x, mut outcomes) = column(&[(500, 100), (3, 9), (400, 20)]);
    if let Values::Numeric(values) = &mut x.values {
        values.extend([None, None]);
    }
    outcomes.extend([Outcome::Bad, Outcome::Good]);
    let binning = bin(&x, &outcomes, &BinningSettings::default());
    assert_eq!(binning.bins.len(), 3);
    assert_eq!(binning.bins[2].band, Band::Missing);
    assert_eq!(binning.bins[2].tally, Tally { goods: 1, bads: 1 });
}

#[test]
fn without_any_value_only_the_missing_bin_is_left() {
    let x = Characteristic {
        name: "x".into(),
        values: Values::Numeric(vec![None; 4]),
    };
    let binning = bin(
        &x,
        &[Outcome::Good, Outcome::Bad, Outcome::Good, Outcome::Bad],
        &BinningSettings::default(),
    );
    assert_eq!(binning.bins.len(), 1);
    close(binning.information_value, 0.0, 1e-12);
}

#[test]
fn words_are_grouped_by_how_they_turned_out() {
    let words = [("a", 90, 10), ("b", 50, 50), ("c", 91, 9), ("d", 52, 48)];
    let mut values = Vec::new();
    let mut outcomes = Vec::new();
    for (word, goods, bads) in words {
        for (count, outcome) in [(goods, Outcome::Good), (bads, Outcome::Bad)] {
            values.extend(std::iter::repeat_n(Some(word.into()), count));
            outcomes.extend(std::iter::repeat_n(outcome, count));
        }
    }
    let x = Characteristic {
        name: "x".into(),
        values: Values::Categorical(values),
    };
    let binning = bin(&x, &outcomes, &BinningSettings::default());
    let bands: Vec<&Band> = binning.bins.iter().map(|bin| &bin.band).collect();
    let group = |words: [&str; 2]| Band::Values(words.map(str::to_owned).to_vec());
    assert_eq!(bands, [&group(["b", "d"]), &group(["a", "c"])]);
}

proptest! {
    /// Whatever the counts: every row has its bin, the weights move one way, small bins are merged, all is finite.
    #[test]
    fn bins_meet_their_demands(counts in proptest::collection::vec((0_usize..40, 0_usize..40), 1..12)) {
        let (x, outcomes) = column(&counts);
        let all = Tally::of(&outcomes);
        prop_assume!(all.goods > 0 && all.bads > 0);
        let settings = BinningSettings { least_share: 0.1, ..BinningSettings::default() };
        let binning = bin(&x, &outcomes, &settings);
        let total: usize = binning.bins.iter().map(|bin| bin.tally.total()).sum();
        prop_assert_eq!(total, outcomes.len());
        let woes = woes(&binning);
        prop_assert!(woes.iter().all(|woe| woe.is_finite()));
        prop_assert!(woes.is_sorted() || woes.iter().rev().is_sorted());
        if binning.bins.len() > 1 {
            prop_assert!(binning.bins.iter().all(|bin| bin.share >= 0.1 - 1e-9));
        }
        let Values::Numeric(values) = &x.values else { unreachable!() };
        for (value, weight) in values.iter().zip(binning.weights(&x.values)) {
            let answer = value.map(Answer::Number);
            let bin = binning.bins.iter().find(|bin| bin.band.holds(answer.as_ref())).unwrap();
            prop_assert!((bin.woe - weight).abs() < 1e-12);
        }
    }
}
