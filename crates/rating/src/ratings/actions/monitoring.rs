//! Models watched at work: a challenger beside the champion, whether customers are still those a model was made for, and
//! whether it still tells who will turn out badly.

use std::collections::BTreeMap;

use chrono::{Days, Months, NaiveDate};
use serde::Deserialize;

use super::RatingError;
use super::survey::{Moved, compare};
use crate::platform::db::{Db, DbError, read_document};
use crate::rating::models::rules::Report;
use crate::rating::models::store as models;
use crate::rating::ratings::model::Appraisal;
use crate::rating::ratings::rules::discrimination::{Discrimination, Outcomes, discriminate};
use crate::rating::ratings::{rules, store};
use crate::rating::scales::actions as scales;
use kernel::ids::{CustomerId, RatingModelId};
use methods::numbers::of_ppm;
use methods::validation::correlation::spearman;
use methods::validation::stability::{Stability, stability};
use methods::validation::{ValidationReport, ValidationSettings};

/// How many ratings are read at once.
const CHUNK: i64 = 2_000;

/// In how many bins scores are compared.
const BINS: usize = 10;

/// A challenger beside the champion, on the customers whom both have scored.
#[derive(Debug, Clone)]
pub struct Compared {
    /// How many the champion alone could score.
    pub champion_only: usize,
    /// How many the challenger alone could score.
    pub challenger_only: usize,
    /// From the grades that the champion's scores give to those that the challenger's give.
    pub grades: Moved,
    /// Spearman's, of the scores; none when one side gives everybody the same.
    pub rank_correlation: Option<f64>,
}

/// What models said, out of a record.
#[derive(Deserialize)]
struct Said {
    champion: Appraisal,
    challengers: Vec<Appraisal>,
}

/// What a model in shadow said of the customers, beside what the live model said, in the newest ratings.
///
/// # Errors
/// When there is no such model.
pub fn side_by_side(db: &mut Db, id: RatingModelId) -> Result<Compared, RatingError> {
    models::find(db, id)?.ok_or(RatingError::NoModel)?;
    let scale = scales::live(db)?.content.scale;
    let (mut champion_only, mut challenger_only) = (0_usize, 0_usize);
    let (mut pairs, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    let mut after = None;
    loop {
        let rows = store::list_current_after(db, None, after, CHUNK)?;
        let Some(last) = rows.last() else {
            break;
        };
        after = Some(last.customer_id);
        for row in rows {
            let said: Said = read_document(&row.record)?;
            let other = said.challengers.iter().find(|one| one.model_id == id);
            let Some(other) = other else {
                continue;
            };
            match (&said.champion.result, &other.result) {
                (Some(one), Some(two)) => {
                    pairs.push((said.champion.grade.clone(), other.grade.clone()));
                    first.push(one.score);
                    second.push(two.score);
                }
                (Some(_), None) => champion_only = champion_only.saturating_add(1),
                (None, Some(_)) => challenger_only = challenger_only.saturating_add(1),
                (None, None) => {}
            }
        }
    }
    Ok(Compared {
        champion_only,
        challenger_only,
        grades: compare(&scale, &scale, pairs)?,
        rank_correlation: spearman(&first, &second).ok(),
    })
}

/// Whether the scores that a model's ratings had at the end of one business day are spread as those at the end of
/// another (PSI).
///
/// # Errors
/// When there is no such model, no rating of it on one of the days, or the period ends before it begins or in the
/// future.
pub fn stability_between(
    db: &mut Db,
    id: RatingModelId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Stability, RatingError> {
    super::survey::check_period(db, from, to)?;
    models::find(db, id)?.ok_or(RatingError::NoModel)?;
    let expected = scores_on(db, id, from)?;
    let actual = scores_on(db, id, to)?;
    Ok(stability(
        &expected,
        &actual,
        BINS,
        &ValidationSettings::default(),
    )?)
}

fn scores_on(db: &mut Db, id: RatingModelId, day: NaiveDate) -> Result<Vec<f64>, RatingError> {
    Ok(scored_on(db, id, day)?.into_values().collect())
}

/// The scores that hold at the end of a business day.
fn scored_on(
    db: &mut Db,
    id: RatingModelId,
    day: NaiveDate,
) -> Result<BTreeMap<CustomerId, f64>, RatingError> {
    let end = db.clock().end_of(day);
    let scored = store::list_scored_at(db, id, end)?.into_iter();
    Ok(scored.map(|(id, ppm)| (id, of_ppm(ppm))).collect())
}

/// Over which time a model's ratings are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Lookback {
    /// The ratings that held at the end of this day; so many months before today when not given.
    pub rated_on: Option<NaiveDate>,
    /// How long the customers were watched since.
    pub months: u32,
    /// Who owed something for more days than this after it was due has turned out badly.
    pub overdue_days: u32,
}

/// How customers turned out whom a model had rated.
#[derive(Debug, Clone)]
pub struct Watched {
    pub rated_on: NaiveDate,
    /// The last day on which they were watched.
    pub until: NaiveDate,
    pub found: Discrimination,
    /// What the model's validation promised, when it was fitted here.
    pub made: Option<ValidationReport>,
}

/// How well a model's scores told, by the end of a business day, who would turn out badly in the months after (KS, AUC),
/// beside what its validation promised. It takes as many statements for many customers as for one.
///
/// # Errors
/// When there is no such model, it rated nobody who held that day, or the months after it are not over.
pub fn discrimination(
    db: &mut Db,
    id: RatingModelId,
    lookback: Lookback,
) -> Result<Watched, RatingError> {
    let row = models::find(db, id)?.ok_or(RatingError::NoModel)?;
    let today = db.today();
    let rated_on = lookback.rated_on.unwrap_or_else(|| {
        let back = Months::new(lookback.months);
        today.checked_sub_months(back).unwrap_or(today)
    });
    let until = rules::months_after(rated_on, lookback.months);
    if until > today {
        return Err(RatingError::NotOver(until));
    }
    let scores = scored_on(db, id, rated_on)?;
    if scores.is_empty() {
        return Err(RatingError::NobodyRated(rated_on));
    }
    let (days, next) = (
        lookback.overdue_days,
        rated_on.succ_opt().unwrap_or(rated_on),
    );
    let back = |day: NaiveDate, days: u32| {
        day.checked_sub_days(Days::new(u64::from(days)))
            .unwrap_or(day)
    };
    // What fell due in these days was overdue for too long, or not, while the customers were watched.
    let due = (back(rated_on, days), back(until, days.saturating_add(1)));
    let mut bad_before = store::list_overdue_within(db, days, (rated_on, rated_on))?;
    let end = db.clock().start_of(next);
    bad_before.extend(store::list_in_default_at(db, end)?);
    let mut bad_since = store::list_overdue_within(db, days, (next, until))?;
    bad_since.extend(store::list_defaulted_within(db, (next, until))?);
    let outcomes = Outcomes {
        bad_before,
        bad_since,
        owing: store::list_owing(db, rated_on, due)?,
    };
    let report: Option<Report> = row.report.as_deref().map(read_document).transpose()?;
    let made = report.map(|report| report.validation);
    let settings = ValidationSettings::default();
    let found = discriminate(&scores, &outcomes, made.as_ref(), &settings)
        .map_err(|error| DbError::Document(error.to_string()))?;
    Ok(Watched {
        rated_on,
        until,
        found,
        made,
    })
}
