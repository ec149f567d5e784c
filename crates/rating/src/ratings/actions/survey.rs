//! The whole book looked at: how it moves between grades, what another scale would do to it, where its scores lie, and
//! who is best by which criteria.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::RatingError;
use super::engine::numbers_of;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::platform::db::{Db, DbError, read_document};
use crate::rating::indicators::actions as indicators;
use crate::rating::ratings::model::grade_holding;
use crate::rating::ratings::model::{DefaultState, RatingRow};
use crate::rating::ratings::rules::Said;
use crate::rating::ratings::{rules, store};
use crate::rating::rules::composite::GradeFacts;
use crate::rating::scales::actions as scales;
use crate::rating::scales::model::Scale;
use kernel::ids::{CustomerId, GradeScaleId};
use methods::cut_offs::{Proposal, propose};
use methods::grades::{GradeScale, Migration, MigrationError, migration};
use methods::numbers::of_ppm;
use methods::scoring::Value;
use methods::topsis::{Cohort, Criterion, Direction, Explanation, Normalisation, rank_cohort};

/// How many customers are looked at at once.
const CHUNK: usize = 2_000;

/// How a book moved, or would.
#[derive(Debug, Clone)]
pub struct Moved {
    pub migration: Migration,
    /// Customers with a grade that the live scale does not have: rated on an older one.
    pub not_comparable: usize,
}

/// How the book moved between grades from the end of one business day to the end of another. Who had no rating yet
/// counts as not rated.
///
/// # Errors
/// When the period ends before it begins, or in the future.
pub fn moved_between(db: &mut Db, from: NaiveDate, to: NaiveDate) -> Result<Moved, RatingError> {
    check_period(db, from, to)?;
    let content = scales::live(db)?.content;
    let not_rated = rules::grade_of(&content, None);
    let scale = content.scale;
    let mut before = grades_on(db, from)?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (customer, grade) in grades_on(db, to)? {
        let earlier = before.remove(&customer);
        pairs.push((earlier.unwrap_or_else(|| not_rated.clone()), grade));
    }
    compare(&scale, &scale, pairs)
}

/// Refuses a period that ends before it begins, or in the future.
///
/// # Errors
/// Then.
pub fn check_period(db: &Db, from: NaiveDate, to: NaiveDate) -> Result<(), RatingError> {
    if to < from {
        return Err(RatingError::PeriodEndsFirst);
    }
    if to > db.today() {
        return Err(RatingError::InFuture(to));
    }
    Ok(())
}

fn grades_on(db: &mut Db, day: NaiveDate) -> Result<BTreeMap<CustomerId, String>, DbError> {
    let end = db.clock().end_of(day);
    let rows = store::list_grades_at(db, end)?.into_iter();
    Ok(rows
        .map(|(customer, grade, moved, until)| {
            let held = grade_holding(&grade, moved.as_deref(), until, day).to_owned();
            (customer, held)
        })
        .collect())
}

/// The migration of pairs, those apart with a grade that is on neither scale.
///
/// # Errors
/// When the scales contradict themselves.
pub fn compare(
    before: &GradeScale,
    after: &GradeScale,
    pairs: Vec<(String, String)>,
) -> Result<Moved, RatingError> {
    let (old, new) = (before.codes(), after.codes());
    let all = pairs.len();
    let known: Vec<(&str, &str)> = pairs
        .iter()
        .filter(|(from, to)| old.contains(from) && new.contains(to))
        .map(|(from, to)| (from.as_str(), to.as_str()))
        .collect();
    let not_comparable = all.saturating_sub(known.len());
    let inside = |error: MigrationError| DbError::Document(error.to_string());
    Ok(Moved {
        migration: migration(before, after, known).map_err(inside)?,
        not_comparable,
    })
}

/// The facts alone of a record, and what the live model said.
#[derive(Deserialize)]
struct FactsKept {
    facts: GradeFacts,
    champion: ChampionKept,
}

#[derive(Deserialize)]
struct ChampionKept {
    result: Option<ResultKept>,
}

#[derive(Deserialize)]
struct ResultKept {
    probability_of_default: Option<f64>,
}

/// What the grades of the newest ratings, overrides apart, would be on another scale with its rules.
///
/// # Errors
/// When there is no such scale.
pub fn preview(db: &mut Db, id: GradeScaleId) -> Result<Moved, RatingError> {
    let other = scales::find(db, id)?.ok_or(RatingError::NoScale)?.content;
    let live = scales::live(db)?.content;
    let today = db.today();
    let mut pairs = Vec::new();
    let mut after = None;
    loop {
        let rows = store::list_current_after(db, None, after, 2_000)?;
        let Some(last) = rows.last() else {
            break;
        };
        after = Some(last.customer_id);
        for row in rows {
            let grade = regraded(&other, &row, today)?;
            pairs.push((row.grade, grade));
        }
    }
    compare(&live.scale, &other.scale, pairs)
}

fn regraded(scale: &Scale, row: &RatingRow, today: NaiveDate) -> Result<String, DbError> {
    let FactsKept { facts, champion } = read_document(&row.record)?;
    let said = row.score_ppm.map(|score| Said {
        score: of_ppm(score),
        probability_of_default: champion
            .result
            .and_then(|result| result.probability_of_default),
    });
    let model_grade = said.map(|said| rules::grade_of(scale, Some(said)));
    let in_default = DefaultState::read(row.in_default_since, row.cured_on);
    let graded = rules::grade(
        scale,
        model_grade.as_deref(),
        &facts,
        None,
        in_default,
        today,
    );
    let graded = graded.map_err(|error| DbError::Document(error.to_string()))?;
    Ok(graded.grade)
}

/// Cut-offs for so many classes, of these scores or of the newest ratings' scores.
///
/// # Errors
/// When a score is none, or there are fewer different scores than classes.
pub fn propose_cut_offs(
    db: &mut Db,
    scores: Option<&[f64]>,
    classes: usize,
) -> Result<Proposal, RatingError> {
    if let Some(scores) = scores {
        return Ok(propose(scores, classes)?);
    }
    let scores: Vec<f64> = store::list_current_scores(db)?
        .into_iter()
        .map(of_ppm)
        .collect();
    Ok(propose(&scores, classes)?)
}

/// One criterion of a ranking.
#[derive(Debug, Clone)]
pub struct RankedBy {
    pub indicator: String,
    pub weight: f64,
    pub direction: Direction,
}

/// A customer with its values in the order of the criteria.
type Row = (CustomerId, Vec<Option<f64>>);

/// A cohort with its best.
#[derive(Debug, Clone)]
pub struct Ranking {
    pub cohort: Cohort,
    /// Customers of whom nothing that was asked for is known.
    pub left_out: usize,
    /// The best of them, in order of rank.
    pub best: Vec<RankedCustomer>,
}

#[derive(Debug, Clone)]
pub struct RankedCustomer {
    pub customer: CustomerId,
    pub number: String,
    pub rank: usize,
    pub explanation: Explanation,
    /// The indicators that are not known of it, and counted as the cohort's worst.
    pub missing: Vec<String>,
}

/// Ranks customers among each other by TOPSIS: those of the list, or the whole book. A value that is missing counts as
/// the worst of the cohort; a customer of whom nothing is known is left out.
///
/// # Errors
/// When a customer or a criterion is not there, weights are no shares, or the cohort can't be ranked.
pub fn rank(
    db: &mut Db,
    by: &[RankedBy],
    of: Option<&[CustomerRef]>,
    top: usize,
) -> Result<Ranking, RatingError> {
    let codes: Vec<&str> = by.iter().map(|one| one.indicator.as_str()).collect();
    if let Some(twice) = codes
        .iter()
        .enumerate()
        .position(|(place, code)| codes.iter().take(place).any(|before| before == code))
    {
        return Err(RatingError::Criterion(twice));
    }
    let mut left_out = 0_usize;
    let mut rows: Vec<Row> = Vec::new();
    let mut keep = |known: Vec<Row>| {
        for row in known {
            if row.1.iter().all(Option::is_none) {
                left_out = left_out.saturating_add(1);
            } else {
                rows.push(row);
            }
        }
    };
    if let Some(listed) = of {
        let ids = found(db, listed)?;
        keep(numbers(db, &ids, &codes)?);
    } else {
        let count = i64::try_from(CHUNK).unwrap_or(i64::MAX);
        let mut after = None;
        loop {
            let ids = store::list_customers_after(db, after, count)?;
            let Some(last) = ids.last() else {
                break;
            };
            after = Some(*last);
            keep(numbers(db, &ids, &codes)?);
        }
    }
    let values = filled(by, &rows);
    let cohort = rank_cohort(&criteria(by), &values, Normalisation::Vector)?;
    let best = best_of(db, &cohort, &rows, &values, &codes, top)?;
    Ok(Ranking {
        cohort,
        left_out,
        best,
    })
}

fn criteria(by: &[RankedBy]) -> Vec<Criterion> {
    let shares = rules::shares(by.iter().map(|one| one.weight));
    by.iter()
        .zip(shares)
        .map(|(one, weight)| Criterion {
            code: one.indicator.clone(),
            weight,
            direction: one.direction,
        })
        .collect()
}

/// The customers of a list, each once.
///
/// # Errors
/// When one of them is not there.
pub fn found(db: &mut Db, listed: &[CustomerRef]) -> Result<Vec<CustomerId>, RatingError> {
    let named = customers::list_named(db, listed)?;
    let mut all = Vec::with_capacity(listed.len());
    for (place, one) in listed.iter().enumerate() {
        let id = named.get(one).ok_or(RatingError::NoCustomerAt(place))?;
        if !all.contains(id) {
            all.push(*id);
        }
    }
    Ok(all)
}

/// The numbers that are known of customers, in the order of the criteria.
fn numbers(db: &mut Db, ids: &[CustomerId], codes: &[&str]) -> Result<Vec<Row>, RatingError> {
    let today = db.today();
    let all = indicators::values(db, ids, today)?;
    if let Some(values) = all.values().next()
        && let Some(strange) = codes.iter().position(|code| !values.contains_key(*code))
    {
        return Err(RatingError::Criterion(strange));
    }
    Ok(all
        .into_iter()
        .map(|(customer, values)| {
            let number = |code: &&str| match values.get(*code)?.value {
                Some(Value::Number(number)) => Some(number),
                _ => None,
            };
            (customer, codes.iter().map(number).collect())
        })
        .collect())
}

/// All values row after row, what is missing being the worst that anybody has.
fn filled(by: &[RankedBy], rows: &[Row]) -> Vec<f64> {
    let worst: Vec<f64> = by
        .iter()
        .enumerate()
        .map(|(column, one)| {
            let known = rows
                .iter()
                .filter_map(|(_, row)| row.get(column).copied().flatten());
            let found = match one.direction {
                Direction::Benefit => known.reduce(f64::min),
                Direction::Cost => known.reduce(f64::max),
            };
            found.unwrap_or(0.0)
        })
        .collect();
    rows.iter()
        .flat_map(|(_, row)| row.iter().zip(&worst))
        .map(|(value, worst)| value.unwrap_or(*worst))
        .collect()
}

fn best_of(
    db: &mut Db,
    cohort: &Cohort,
    rows: &[Row],
    values: &[f64],
    codes: &[&str],
    top: usize,
) -> Result<Vec<RankedCustomer>, RatingError> {
    let mut order: Vec<(usize, usize)> = cohort
        .standings
        .iter()
        .enumerate()
        .map(|(place, standing)| (standing.rank, place))
        .collect();
    order.sort_unstable();
    order.truncate(top);
    let ids: Vec<CustomerId> = order
        .iter()
        .filter_map(|(_, place)| rows.get(*place).map(|(customer, _)| *customer))
        .collect();
    let named = numbers_of(db, &ids)?;
    let mut best = Vec::with_capacity(order.len());
    for (rank, place) in order {
        let own = values.chunks(codes.len().max(1)).nth(place);
        let (Some((customer, known)), Some(own)) = (rows.get(place), own) else {
            continue;
        };
        let missing = codes.iter().zip(known).filter(|(_, value)| value.is_none());
        best.push(RankedCustomer {
            customer: *customer,
            number: named.get(customer).cloned().unwrap_or_default(),
            rank,
            explanation: cohort.explain(own)?,
            missing: missing.map(|(code, _)| (*code).to_owned()).collect(),
        });
    }
    Ok(best)
}
