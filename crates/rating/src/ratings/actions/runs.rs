//! Rating the whole book: a job that goes from customer to customer in chunks.

use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Engine, Occasion};
use super::{RatingError, hand_down, made};
use crate::platform::db::{DbError, Tx};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::model::{Ended, Job, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext, JobKind, Lane};
use crate::rating::ratings::model::RatingCause;
use crate::rating::ratings::store;
use kernel::ids::CustomerId;

/// The name of rating runs.
pub const JOB_KIND: &str = "rating_run";

/// How such a job is done.
pub const JOB: JobKind = JobKind {
    name: JOB_KIND,
    work,
    lane: Lane::Computations,
};

/// How many customers are rated at once.
const CHUNK: i64 = 1_000;

/// What a run is asked to do: everybody.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {}

/// Queues a run over the whole book.
///
/// # Errors
/// When the database fails.
pub fn begin(tx: &mut Tx) -> Result<Job, RatingError> {
    let total = store::count_customers(tx)?;
    let id = jobs::begin(tx, JOB_KIND, "customers")?;
    Ok(jobs::queue(tx, id, &Plan {}, Some(total))?)
}

/// Does a run. One that was interrupted goes on where it was: whom it has rated it does not rate again.
///
/// # Errors
/// When the work was interrupted before its end, and may be begun anew.
pub fn work(context: &JobContext) -> Result<Ended, Interrupted> {
    let database = context.database();
    let run = context.job().id;
    let (engine, total) = {
        let mut db = database.reader()?;
        (Engine::open(&mut db)?, store::count_customers(&mut db)?)
    };
    let mut after: Option<CustomerId> = None;
    let mut done = 0_i64;
    loop {
        context.progress(done, Some(total))?;
        let (ids, known) = {
            let mut db = database.reader()?;
            let ids = store::list_customers_after(&mut db, after, CHUNK)?;
            let rated: BTreeSet<CustomerId> = store::list_rated_by_run(&mut db, run, &ids)?
                .into_iter()
                .collect();
            let open: Vec<CustomerId> = ids
                .iter()
                .filter(|id| !rated.contains(id))
                .copied()
                .collect();
            let today = db.today();
            (ids, engine.know(&mut db, &open, today)?)
        };
        let Some(last) = ids.last() else {
            break;
        };
        after = Some(*last);
        done = done.saturating_add(i64::try_from(ids.len()).unwrap_or(i64::MAX));
        if known.is_empty() {
            continue;
        }
        database.write(context.caller(), |tx| -> Result<(), DbError> {
            let open: Vec<CustomerId> = known.iter().map(|one| one.customer).collect();
            store::lock_customers(tx, &open)?;
            let occasion = Occasion::new(RatingCause::Run, Some(run));
            let known = known.iter().map(|one| (one.clone(), occasion.clone()));
            let rows = engine.rate(tx, known.collect())?;
            tx.record_all(rows.iter().map(made).collect())
        })?;
        hand_down(context, &known)?;
    }
    let grades: BTreeMap<String, i64> = store::count_by_grade(&mut database.reader()?, run)?
        .into_iter()
        .collect();
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: Some(done),
        result: json!({
            "customers": done,
            "grades": grades,
            "scale_version": engine.scale.version,
        }),
        errors: Vec::new(),
    })
}
