//! Scorecards and trees on published data: information values that others published, and how well models that were
//! fitted on one part of the customers tell good from bad among the rest. Rows 0, 1 and 2 of every ten are held back, a
//! rule that `scripts/compare/models.py` follows too; it prints scikit-learn's figures beside those printed here.

#![expect(
    clippy::float_arithmetic,
    reason = "shares and probabilities are statistics, not money"
)]

use std::time::Instant;

use kernel::progress::Progress;
use methods::binning::{Binning, bin_each_value};
use methods::scorecard::fit::{FitSettings, fit as fit_scorecard};
use methods::training::{Characteristic, Outcome, TrainingSet, Values};
use methods::tree::fit::{TreeSettings, fit as fit_tree};
use methods::validation::{Observation, ValidationReport, ValidationSettings, stability, validate};

use crate::support::public_data;

const POLISH: (&str, &str) = ("fin_polish_bankruptcy_5year.csv.gz", "1");
const AMERICAN: (&str, &str) = ("fin_american_bankruptcy_a.csv.gz", "1");
const GERMAN: (&str, &str) = ("credit_german.csv", "bad");

/// A table whose last column is the outcome: all other columns, numbers where every value is one. The year of a
/// statement is no characteristic of a customer.
fn table((name, bad): (&str, &str)) -> Option<TrainingSet> {
    let file = public_data(name)?;
    let mut reader = csv::Reader::from_reader(&file[..]);
    let names: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let last = names.len() - 1;
    let outcome = |row: &csv::StringRecord| {
        if &row[last] == bad {
            Outcome::Bad
        } else {
            Outcome::Good
        }
    };
    let outcomes = rows.iter().map(outcome).collect();
    let column = |(place, name): (usize, &String)| {
        let cells = || {
            rows.iter()
                .map(move |row| Some(&row[place]).filter(|cell| !cell.is_empty()))
        };
        let numbers: Result<Vec<Option<f64>>, _> = cells()
            .map(|cell| cell.map(str::parse).transpose())
            .collect();
        let words =
            || Values::Categorical(cells().map(|cell| cell.map(std::sync::Arc::from)).collect());
        let values = numbers.map_or_else(|_| words(), Values::Numeric);
        Characteristic {
            name: name.clone(),
            values,
        }
    };
    let columns = names
        .iter()
        .enumerate()
        .take(last)
        .filter(|(_, name)| *name != "year");
    Some(TrainingSet::new(columns.map(column).collect(), outcomes).unwrap())
}

/// Who is learnt from, and who is held back.
fn split(set: &TrainingSet) -> (TrainingSet, TrainingSet) {
    let (held_back, learnt): (Vec<usize>, Vec<usize>) =
        (0..set.outcomes().len()).partition(|row| row % 10 < 3);
    (set.pick(&learnt).unwrap(), set.pick(&held_back).unwrap())
}

fn observe(set: &TrainingSet, judge: impl Fn(usize) -> (f64, f64)) -> Vec<Observation> {
    let observation = |(row, outcome): (usize, &Outcome)| {
        let (score, probability) = judge(row);
        Observation {
            score,
            outcome: *outcome,
            probability_of_default: Some(probability),
        }
    };
    set.outcomes().iter().enumerate().map(observation).collect()
}

fn report(observations: &[Observation]) -> ValidationReport {
    validate(
        observations,
        &ValidationSettings::default(),
        &Progress::default(),
    )
    .unwrap()
}

fn scores(learnt: &TrainingSet, judged: &TrainingSet) -> Vec<Observation> {
    let fitted = fit_scorecard(learnt, &FitSettings::default(), &Progress::default()).unwrap();
    observe(judged, |row| {
        let score = fitted.scorecard.score(&judged.answers(row)).unwrap();
        (score.score, score.probability_of_default.unwrap())
    })
}

fn predictions(learnt: &TrainingSet, judged: &TrainingSet) -> Vec<Observation> {
    let fitted = fit_tree(learnt, &TreeSettings::default(), &Progress::default()).unwrap();
    observe(judged, |row| {
        let probability = fitted
            .tree
            .predict(&judged.answers(row))
            .unwrap()
            .probability_of_default;
        (-probability, probability)
    })
}

fn say(data: &str, model: &str, report: &ValidationReport) {
    let auc = report.auc;
    println!(
        "ours {data} {model} auc {:.4} low {:.4} high {:.4} ks {:.4}",
        auc.value, auc.low, auc.high, report.ks.value
    );
}

/// The information value when only the empty cell is replaced, and shares are of the sums so made: how those who
/// published it reckon.
fn with_substitute(binning: &Binning, substitute: f64) -> f64 {
    let filled = |count: usize| {
        if count == 0 {
            substitute
        } else {
            f64::from(u32::try_from(count).unwrap())
        }
    };
    let cells: Vec<(f64, f64)> = (binning.bins.iter())
        .map(|bin| (filled(bin.tally.goods), filled(bin.tally.bads)))
        .collect();
    let goods: f64 = cells.iter().map(|cell| cell.0).sum();
    let bads: f64 = cells.iter().map(|cell| cell.1).sum();
    let part = |(g, b): &(f64, f64)| (g / goods - b / bads) * ((g / goods) / (b / bads)).ln();
    cells.iter().map(part).sum()
}

/// Published by ShichenXie/scorecard (reference of `iv`), one bin for every distinct value: 0.666, 0.335, 0.293, 0.260,
/// 0.196. Duration and age have values without any good or any bad customer, so theirs depend on what replaces the empty
/// cell. We add 0.5 to both cells of such a value and leave the totals as they are; the published figures fill the empty
/// cell alone with nearly a whole customer. Filled with 0.9 our counts give 0.338 (0.335 is published) and 0.260. Binned,
/// as scorecards use them, no cell is empty and all conventions agree.
#[test]
fn the_information_values_of_german_credit_are_those_published() {
    let Some(set) = table(GERMAN) else { return };
    let mut values: Vec<Binning> = set
        .characteristics()
        .iter()
        .filter(|characteristic| characteristic.name != "credit_amount") // 921 distinct values are no bins
        .map(|characteristic| bin_each_value(characteristic, set.outcomes()))
        .collect();
    values.sort_by(|a, b| b.information_value.total_cmp(&a.information_value));
    let expected = [
        ("status_of_existing_checking_account", 0.666_012, 0.666_012),
        ("duration_in_month", 0.382_107, 0.337_572),
        ("credit_history", 0.293_234, 0.293_234),
        ("age_in_years", 0.277_311, 0.260_453),
        ("savings_account_and_bonds", 0.196_010, 0.196_010),
    ];
    for (binning, (name, ours, theirs)) in values.iter().zip(expected) {
        assert_eq!(binning.characteristic, name);
        let value = binning.information_value;
        assert!((value - ours).abs() < 1e-6, "{name}: {value} is not {ours}");
        let value = with_substitute(binning, 0.9);
        assert!(
            (value - theirs).abs() < 1e-6,
            "{name}: {value} is not {theirs}"
        );
    }
}

/// Published for 60 to 70% to learn from, by one seed: AUC 0.8308, Gini 0.6617, KS 0.5113 on those, AUC 0.7777, Gini
/// 0.5554, KS 0.4613 on those held back, PSI 0.0384. With 300 held back the figures swing by ±0.05 with who they are;
/// so the published ones must lie within our intervals, and our means over ten draws reach those of the
/// held back.
#[test]
fn a_scorecard_of_german_credit_does_as_well_as_those_published() {
    let Some(set) = table(GERMAN) else { return };
    let (learnt, held_back) = split(&set);
    let (own, others) = (scores(&learnt, &learnt), scores(&learnt, &held_back));
    let (trained, held) = (report(&own), report(&others));
    say("german", "scorecard-training", &trained);
    say("german", "scorecard", &held);
    say("german", "tree", &report(&predictions(&learnt, &held_back)));
    for (estimate, published) in [
        (trained.auc, 0.8308),
        (trained.gini, 0.6617),
        (trained.ks, 0.5113),
        (held.auc, 0.7777),
        (held.gini, 0.5554),
        (held.ks, 0.4613),
    ] {
        assert!(
            (estimate.low..=estimate.high).contains(&published),
            "{published}: {estimate:?}"
        );
    }
    let score =
        |observations: &[Observation]| observations.iter().map(|o| o.score).collect::<Vec<f64>>();
    let stable = stability::stability(
        &score(&own),
        &score(&others),
        10,
        &ValidationSettings::default(),
    )
    .unwrap();
    println!(
        "ours german psi {:.4} of {} and {}",
        stable.index.value, stable.expected, stable.actual
    );
    assert!(
        stable.index.value < 0.10,
        "a split by place is stable: {:?}",
        stable.index
    );
    let once = ValidationSettings {
        replicates: 1, // no intervals
        ..ValidationSettings::default()
    };
    let draws: Vec<ValidationReport> = (0..10)
        .map(|seed| set.split(0.3, seed).unwrap())
        .map(|(learnt, held_back)| scores(&learnt, &held_back))
        .map(|observations| validate(&observations, &once, &Progress::default()).unwrap())
        .collect();
    let mean = |of: fn(&ValidationReport) -> f64| draws.iter().map(of).sum::<f64>() / 10.0;
    let (auc, gini, ks) = (
        mean(|r| r.auc.value),
        mean(|r| r.gini.value),
        mean(|r| r.ks.value),
    );
    println!("ours german scorecard mean of ten draws: auc {auc:.4} gini {gini:.4} ks {ks:.4}");
    assert!(auc >= 0.7777 && gini >= 0.5554 && ks >= 0.4613);
}

#[test]
fn models_of_bankruptcy_tell_good_from_bad_among_those_held_back() {
    for (name, file, least_scorecard, least_tree) in [
        ("polish", POLISH, 0.88, 0.86),
        ("american", AMERICAN, 0.62, 0.60),
    ] {
        let Some(set) = table(file) else { continue };
        let (learnt, held_back) = split(&set);
        let scorecard = report(&scores(&learnt, &held_back));
        let tree = report(&predictions(&learnt, &held_back));
        say(name, "scorecard", &scorecard);
        say(name, "tree", &tree);
        assert!(
            scorecard.auc.value >= least_scorecard,
            "{name}: {:?}",
            scorecard.auc
        );
        assert!(tree.auc.value >= least_tree, "{name}: {:?}", tree.auc);
    }
}

/// The Polish companies again and again until there are 100,000, each time with values larger by a thousandth.
fn hundred_thousand() -> Option<TrainingSet> {
    let set = table(POLISH)?;
    let rows: Vec<usize> = (0..100_000).map(|row| row % set.outcomes().len()).collect();
    let copy = |row: usize| f64::from(u32::try_from(row / set.outcomes().len()).unwrap());
    let tiled = set.pick(&rows).unwrap();
    let columns = tiled.characteristics().iter().map(|column| {
        let Values::Numeric(values) = &column.values else {
            unreachable!("all are numbers")
        };
        let values = values.iter().enumerate();
        let values =
            values.map(|(row, value)| value.map(|value| value * (1.0 + copy(row) / 1000.0)));
        Characteristic {
            name: column.name.clone(),
            values: Values::Numeric(values.collect()),
        }
    });
    Some(TrainingSet::new(columns.collect(), tiled.outcomes().to_vec()).unwrap())
}

/// To be run with optimisation: `cargo test --release --test it rating_data -- --ignored --nocapture`.
#[test]
#[ignore = "measures time"]
fn fits_of_100_000_rows_and_64_characteristics() {
    let Some(set) = hundred_thousand() else {
        return;
    };
    let start = Instant::now();
    let fitted = fit_scorecard(&set, &FitSettings::default(), &Progress::default()).unwrap();
    let kept = fitted.scorecard.characteristics.len();
    println!(
        "ours 100000 scorecard seconds {:.2} ({kept} characteristics kept)",
        start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    let fitted = fit_tree(&set, &TreeSettings::default(), &Progress::default()).unwrap();
    println!(
        "ours 100000 tree seconds {:.2} ({} leaves)",
        start.elapsed().as_secs_f64(),
        fitted.tree.leaves()
    );
}
