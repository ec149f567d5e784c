//! Models watched at work: a challenger beside the champion, and whether customers are still those a model was made for.

use chrono::NaiveDate;
use serde::Deserialize;

use super::RatingError;
use super::survey::{Moved, compare};
use crate::decide::rating::models::store as models;
use crate::decide::rating::ratings::model::Appraisal;
use crate::decide::rating::ratings::store;
use crate::decide::rating::rules::numbers::of_ppm;
use crate::decide::rating::rules::validation::ValidationSettings;
use crate::decide::rating::rules::validation::correlation::spearman;
use crate::decide::rating::rules::validation::stability::{Stability, stability};
use crate::decide::rating::scales::actions as scales;
use crate::kernel::ids::RatingModelId;
use crate::platform::db::{Db, read_document};

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
        let rows = store::list_current_after(db, after, CHUNK)?;
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
    let end = db.clock().start_of(day.succ_opt().unwrap_or(day));
    let scores = store::list_scores_at(db, id, end)?.into_iter();
    Ok(scores.map(of_ppm).collect())
}
