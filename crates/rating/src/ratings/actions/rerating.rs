//! Ratings looked at again by netterms itself, once a business day, as the policy says: those that are too old, and
//! those of customers who pay otherwise than when they were rated.
//!
//! The first replica that begins a day queues a job. A customer who was rated today is not rated again, so that a job
//! that was interrupted goes on where it was, and a day's work done twice changes nothing. An override that stands goes
//! over to the new rating, as it does whenever somebody is rated.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::engine::{Engine, Known, Occasion};
use super::{RatingError, hand_down, made};
use crate::book::policy::actions as policies;
use crate::book::policy::model::RerateCause;
use crate::platform::db::{Change, Db, DbError, Tx, read_document};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::model::{Ended, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext, JobKind, Lane};
use crate::rating::ratings::model::{RatingCause, RatingRow, Record};
use crate::rating::ratings::store;
use kernel::ids::{CustomerId, RatingId};

/// The name of the day's work.
pub const JOB_KIND: &str = "rerating";

/// How such a job is done.
pub const JOB: JobKind = JobKind {
    name: JOB_KIND,
    work,
    lane: Lane::Day,
};

/// How many customers are looked at at once.
const CHUNK: i64 = 1_000;

/// What a job is asked to do: the policy says it.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {}

/// A customer to be rated again, with the rating that stands, when there is one.
type Due = (Known, Occasion, Option<RatingId>);

/// Queues the work of a day that begins, when there may be any.
///
/// # Errors
/// When the database fails.
pub fn begin_day(tx: &mut Tx) -> Result<(), RatingError> {
    let policy = policies::live(tx)?;
    let causes = &policy.document.rerate;
    let unrated = causes.contains(&RerateCause::Unrated) && store::count_customers(tx)? > 0;
    if causes.is_empty() || !(unrated || store::is_anybody_rated(tx)?) {
        return Ok(());
    }
    let id = jobs::begin(tx, JOB_KIND, "customers")?;
    jobs::queue(tx, id, &Plan {}, None)?;
    Ok(())
}

/// Does the day's work.
///
/// # Errors
/// When the work was interrupted before its end, and may be begun anew.
pub fn work(context: &JobContext) -> Result<Ended, Interrupted> {
    let database = context.database();
    let engine = Engine::open(&mut database.reader()?)?;
    let causes: BTreeSet<RerateCause> = engine.policy.document.rerate.iter().copied().collect();
    let mut done = 0_i64;
    let mut after: Option<CustomerId> = None;
    loop {
        context.progress(done, None)?;
        let (rows, due) = {
            let mut db = database.reader()?;
            let today = db.today();
            let morning = db.clock().start_of(today);
            let rows = store::list_current_after(&mut db, Some(morning), after, CHUNK)?;
            let due = due(&engine, &mut db, context, &causes, &rows, today)?;
            (rows, due)
        };
        let Some(last) = rows.last() else {
            break;
        };
        after = Some(last.customer_id);
        done = done.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        carry_out(context, &engine, &due)?;
    }
    if causes.contains(&RerateCause::Unrated) {
        done = rate_the_unrated(context, &engine, done)?;
    }
    let counts = store::count_by_cause(&mut database.reader()?, context.job().id)?;
    let rated: BTreeMap<RatingCause, i64> = counts.into_iter().collect();
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: Some(done),
        result: json!({"customers": done, "rated": rated}),
        errors: Vec::new(),
    })
}

/// Those of these ratings that are to be made again, and why.
fn due(
    engine: &Engine,
    db: &mut Db,
    context: &JobContext,
    causes: &BTreeSet<RerateCause>,
    rows: &[RatingRow],
    today: NaiveDate,
) -> Result<Vec<Due>, DbError> {
    let is_stale = |row: &RatingRow| causes.contains(&RerateCause::Stale) && row.stale_on <= today;
    let ids: Vec<CustomerId> = rows
        .iter()
        .filter(|row| is_stale(row) || causes.contains(&RerateCause::Moved))
        .map(|row| row.customer_id)
        .collect();
    let mut known: BTreeMap<CustomerId, Known> = engine
        .know(db, &ids, today)?
        .into_iter()
        .map(|one| (one.customer, one))
        .collect();
    let run = Some(context.job().id);
    let mut due = Vec::new();
    for row in rows {
        let Some(one) = known.remove(&row.customer_id) else {
            continue;
        };
        let record: Record = read_document(&row.record)?;
        let moved = one.moved_since(&record, &engine.scale.content.bounds);
        let cause = if is_stale(row) {
            RatingCause::Stale
        } else if moved.is_empty() {
            continue;
        } else {
            RatingCause::Moved
        };
        let occasion = Occasion { cause, run, moved };
        due.push((one, occasion, Some(row.id)));
    }
    Ok(due)
}

fn rate_the_unrated(
    context: &JobContext,
    engine: &Engine,
    mut done: i64,
) -> Result<i64, Interrupted> {
    let database = context.database();
    let mut after = None;
    loop {
        context.progress(done, None)?;
        let (ids, known) = {
            let mut db = database.reader()?;
            let ids = store::list_unrated_after(&mut db, after, CHUNK)?;
            let today = db.today();
            (ids.clone(), engine.know(&mut db, &ids, today)?)
        };
        let Some(last) = ids.last() else {
            return Ok(done);
        };
        after = Some(*last);
        done = done.saturating_add(i64::try_from(ids.len()).unwrap_or(i64::MAX));
        let occasion = Occasion::new(RatingCause::Unrated, Some(context.job().id));
        let known = known.into_iter();
        let due: Vec<Due> = known.map(|one| (one, occasion.clone(), None)).collect();
        carry_out(context, engine, &due)?;
    }
}

/// Rates who is due, except those whom somebody else has rated since we looked.
fn carry_out(context: &JobContext, engine: &Engine, due: &[Due]) -> Result<(), DbError> {
    if due.is_empty() {
        return Ok(());
    }
    let database = context.database();
    database.write(context.caller(), |tx| -> Result<(), DbError> {
        let ids: Vec<CustomerId> = due.iter().map(|(one, ..)| one.customer).collect();
        store::lock_customers(tx, &ids)?;
        let standing: BTreeMap<CustomerId, RatingId> = store::list_current(tx, &ids)?
            .into_iter()
            .map(|row| (row.customer_id, row.id))
            .collect();
        let still = due
            .iter()
            .filter(|(one, _, seen)| standing.get(&one.customer) == seen.as_ref());
        let known: Vec<(Known, Occasion)> = still
            .map(|(one, occasion, _)| (one.clone(), occasion.clone()))
            .collect();
        let reasons: Vec<String> = known.iter().map(|(_, occasion)| reason(occasion)).collect();
        let rows = engine.rate(tx, known)?;
        let changes: Vec<Change> = rows
            .iter()
            .zip(reasons)
            .map(|(row, reason)| made(row).because(reason))
            .collect();
        tx.record_all(changes)
    })?;
    let known: Vec<Known> = due.iter().map(|(one, ..)| one.clone()).collect();
    hand_down(context, &known)
}

/// What the trail says of why netterms rated a customer.
fn reason(occasion: &Occasion) -> String {
    let moved = occasion.moved.join(", ");
    match occasion.cause {
        RatingCause::Stale => "The rating was too old.".to_owned(),
        RatingCause::Moved => format!("Behaviour moved: {moved}."),
        RatingCause::Unrated => "It had never been rated.".to_owned(),
        RatingCause::Asked | RatingCause::Run => "Somebody asked for it.".to_owned(),
    }
}
