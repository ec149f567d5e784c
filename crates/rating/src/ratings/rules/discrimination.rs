//! Whether a model still tells good from bad customers: what became of those whom it rated.

#![expect(
    clippy::float_arithmetic,
    reason = "figures of discrimination are statistics, not money"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use kernel::ids::CustomerId;
use kernel::progress::Progress;
use methods::training::Outcome;
use methods::validation::{
    Estimate, Observation, ValidationError, ValidationReport, ValidationSettings, validate,
};

/// Below this KS a model hardly tells good from bad: a convention.
pub const KS_MINIMUM: f64 = 0.20;

/// A KS that has fallen by more than this since the model was validated is reason to act: a convention.
pub const KS_FALL: f64 = 0.10;

/// With fewer bad customers the figures say too little to act on.
pub const BADS_MINIMUM: usize = 10;

/// What the ledger says of the customers who were rated.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// Bad on the day for which the ratings held: there was nothing left to foresee.
    pub bad_before: BTreeSet<CustomerId>,
    /// Bad on some later day.
    pub bad_since: BTreeSet<CustomerId>,
    /// Who owed anything that could have become bad.
    pub owing: BTreeSet<CustomerId>,
}

/// Whether a model still tells good from bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Holds,
    /// It is to be calibrated anew, for the reasons that are noted.
    Recalibrate,
    /// Too few customers turned out badly, or none well.
    TooFew,
}

/// Something to think over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Notice {
    /// KS is below the least that is wanted.
    KsLow { ks: f64, minimum: f64 },
    /// KS is farther below the validation's than allowed, and the validation's lies above the interval.
    KsFell {
        ks: f64,
        validation: f64,
        allowed: f64,
    },
    /// The interval of AUC reaches down to a half: scores may as well be drawn by lot, or be the wrong way round.
    NoBetterThanChance { auc_low: f64 },
    /// Fewer turned out badly than the figures need.
    FewBads { bads: usize, needed: usize },
}

/// How well a model told good from bad.
#[derive(Debug, Clone, PartialEq)]
pub struct Discrimination {
    pub rated: usize,
    pub bad_before: usize,
    pub without_exposure: usize,
    pub goods: usize,
    pub bads: usize,
    /// None where all turned out alike.
    pub figures: Option<ValidationReport>,
    pub verdict: Verdict,
    pub notices: Vec<Notice>,
}

/// How well scores told who would turn out badly, beside what the model's validation promised.
///
/// Left out are those who were bad already, and those who owed nothing that could have become bad.
///
/// # Errors
/// When a score is no number.
pub fn discriminate(
    scores: &BTreeMap<CustomerId, f64>,
    outcomes: &Outcomes,
    made: Option<&ValidationReport>,
    settings: &ValidationSettings,
) -> Result<Discrimination, ValidationError> {
    let (mut bad_before, mut without_exposure, mut bads) = (0_usize, 0_usize, 0_usize);
    let mut observations = Vec::with_capacity(scores.len());
    for (customer, score) in scores {
        let is_bad = outcomes.bad_since.contains(customer);
        if outcomes.bad_before.contains(customer) {
            bad_before = bad_before.saturating_add(1);
        } else if !is_bad && !outcomes.owing.contains(customer) {
            without_exposure = without_exposure.saturating_add(1);
        } else {
            bads = bads.saturating_add(usize::from(is_bad));
            let outcome = if is_bad { Outcome::Bad } else { Outcome::Good };
            observations.push(Observation {
                score: *score,
                outcome,
                probability_of_default: None,
            });
        }
    }
    let goods = observations.len().saturating_sub(bads);
    let figures = if goods > 0 && bads > 0 {
        Some(validate(&observations, settings, &Progress::default())?)
    } else {
        None
    };
    let notices = notices(bads, figures.as_ref(), made);
    let verdict = match &figures {
        Some(_) if bads >= BADS_MINIMUM => {
            if notices.is_empty() {
                Verdict::Holds
            } else {
                Verdict::Recalibrate
            }
        }
        _ => Verdict::TooFew,
    };
    Ok(Discrimination {
        rated: scores.len(),
        bad_before,
        without_exposure,
        goods,
        bads,
        figures,
        verdict,
        notices,
    })
}

fn notices(
    bads: usize,
    figures: Option<&ValidationReport>,
    made: Option<&ValidationReport>,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    if bads < BADS_MINIMUM {
        let needed = BADS_MINIMUM;
        notices.push(Notice::FewBads { bads, needed });
    }
    let Some(found) = figures else {
        return notices;
    };
    let Estimate {
        value: ks, high, ..
    } = found.ks;
    if ks < KS_MINIMUM {
        let minimum = KS_MINIMUM;
        notices.push(Notice::KsLow { ks, minimum });
    }
    let validation = made.map(|made| made.ks.value);
    if let Some(validation) = validation.filter(|made| made - ks > KS_FALL && *made > high) {
        notices.push(Notice::KsFell {
            ks,
            validation,
            allowed: KS_FALL,
        });
    }
    if found.auc.low <= 0.5 {
        let auc_low = found.auc.low;
        notices.push(Notice::NoBetterThanChance { auc_low });
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Customers with these scores, the first of them bad.
    fn book(bads: &[f64], goods: &[f64]) -> (BTreeMap<CustomerId, f64>, Outcomes) {
        let mut scores = BTreeMap::new();
        let mut outcomes = Outcomes::default();
        for (place, score) in bads.iter().chain(goods).enumerate() {
            let customer = CustomerId::new();
            scores.insert(customer, *score);
            outcomes.owing.insert(customer);
            if place < bads.len() {
                outcomes.bad_since.insert(customer);
            }
        }
        (scores, outcomes)
    }

    fn found(bads: &[f64], goods: &[f64], made: Option<&ValidationReport>) -> Discrimination {
        let (scores, outcomes) = book(bads, goods);
        discriminate(&scores, &outcomes, made, &ValidationSettings::default()).unwrap()
    }

    fn rising(from: f64, count: u8) -> Vec<f64> {
        (0..count)
            .map(|place| from + f64::from(place) / 100.0)
            .collect()
    }

    #[test]
    fn a_model_that_tells_good_from_bad_holds() {
        let found = found(&rising(0.2, 20), &rising(0.305, 40), None);
        assert_eq!((found.bads, found.goods), (20, 40));
        // Up to 0.39 lie all bads and nine of forty goods.
        let figures = found.figures.as_ref().unwrap();
        assert!((figures.ks.value - 0.775).abs() < 1e-12, "{:?}", figures.ks);
        assert_eq!((found.verdict, found.notices), (Verdict::Holds, Vec::new()));
    }

    #[test]
    fn a_model_whose_power_is_gone_is_to_be_calibrated_anew() {
        let mixed = found(&rising(0.2, 30), &rising(0.2, 30), None);
        assert_eq!(mixed.verdict, Verdict::Recalibrate);
        let codes: Vec<bool> = mixed
            .notices
            .iter()
            .map(|notice| {
                matches!(
                    notice,
                    Notice::KsLow { .. } | Notice::NoBetterThanChance { .. }
                )
            })
            .collect();
        assert_eq!(codes, [true, true]);
        // The wrong way round its KS is perfect, and its scores are worse than chance.
        let reversed = found(&rising(0.6, 20), &rising(0.1, 20), None);
        assert!(matches!(
            reversed.notices.as_slice(),
            [Notice::NoBetterThanChance { .. }]
        ));
    }

    #[test]
    fn a_fall_from_what_validation_promised_counts_when_it_is_no_chance() {
        let promised = found(&rising(0.1, 30), &rising(0.5, 40), None)
            .figures
            .unwrap();
        assert!((promised.ks.value - 1.0).abs() < 1e-12);
        let fallen = found(&rising(0.2, 30), &rising(0.3, 40), Some(&promised));
        assert_eq!(fallen.verdict, Verdict::Recalibrate);
        assert!(matches!(fallen.notices.as_slice(), [Notice::KsFell { .. }]));
    }

    #[test]
    fn who_was_bad_before_or_owed_nothing_is_left_out_and_few_bads_say_little() {
        let (mut scores, mut outcomes) = book(&[0.2, 0.3], &[0.5, 0.6]);
        let (gone, idle) = (CustomerId::new(), CustomerId::new());
        scores.extend([(gone, 0.1), (idle, 0.9)]);
        outcomes.bad_before.insert(gone);
        outcomes.bad_since.insert(gone);
        let settings = ValidationSettings::default();
        let found = discriminate(&scores, &outcomes, None, &settings).unwrap();
        assert_eq!(
            (found.rated, found.bad_before, found.without_exposure),
            (6, 1, 1)
        );
        assert_eq!((found.goods, found.bads), (2, 2));
        assert_eq!(found.verdict, Verdict::TooFew);
        assert_eq!(
            found.notices[0],
            Notice::FewBads {
                bads: 2,
                needed: 10
            }
        );
        let nobody = discriminate(&BTreeMap::new(), &outcomes, None, &settings).unwrap();
        assert_eq!((nobody.figures, nobody.verdict), (None, Verdict::TooFew));
    }
}
