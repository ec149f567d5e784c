//! What is done because time passes: reservations and applications expire, old idempotency keys are forgotten; and once
//! a business day, ratings are looked at again.
//!
//! Every replica does it; each piece of work locks what it touches, so that two at once do no harm.

use std::time::Duration;

use actix_web::{rt, web};

use super::config::DailyWork;
use super::rooms::ROOMS;
use super::subscriptions;
use crate::platform::db::{Backend, Database, DbError};
use crate::platform::http::Problem;
use crate::platform::http::auth::internal_caller;
use crate::platform::rooms::Work;
use crate::platform::{events, idempotency};
use crate::prove::sealing::actions as sealing;
use crate::prove::sealing::api::Signing;
use crate::prove::sealing::signing::Signer;
use kernel::caller::Caller;

/// How often netterms is swept.
const EVERY: Duration = Duration::from_secs(5);

/// How often it is looked whether commits wait for a standby that is lost.
const WATCHED_EVERY: Duration = Duration::from_secs(2);

/// Sees to it, as long as the actix system runs, that no commit waits for ever.
pub fn watch_commits(database: Database) {
    if database.backend() != Backend::Postgres {
        return;
    }
    rt::spawn(async move {
        let mut ticks = rt::time::interval(WATCHED_EVERY);
        loop {
            ticks.tick().await;
            let database = database.clone();
            match web::block(move || database.end_unconfirmed_commits()).await {
                Ok(Ok(0)) => {}
                Ok(Ok(ended)) => {
                    tracing::warn!(
                        ended,
                        "no standby confirmed commits; their connections were ended"
                    );
                }
                Ok(Err(error)) => tracing::info!(%error, "commits could not be looked after"),
                Err(error) => tracing::error!(%error, "whoever looks after commits was cut off"),
            }
        }
    });
}

/// Sweeps netterms every few seconds for as long as the actix system runs, and begins the work of each business day.
pub fn begin(database: Database, daily: DailyWork, signing: Signing) {
    rt::spawn(async move {
        let mut ticks = rt::time::interval(EVERY);
        loop {
            ticks.tick().await;
            let (database, signing) = (database.clone(), signing.clone());
            match web::block(move || tend(&database, daily, signing.as_deref())).await {
                Ok(Ok(())) => {}
                Ok(Err(problem)) => {
                    tracing::warn!(%problem, "netterms could not be swept; next time");
                }
                Err(error) => tracing::error!(%error, "the sweeper was cut off"),
            }
        }
    });
}

/// Does at once, and to the end, what a running server does by and by: what is due by now, and what follows from what
/// happened. For tests, and for programs that run without a server.
///
/// # Errors
/// When the database fails; what was done before stays done.
pub fn sweep(database: &Database) -> Result<(), Problem> {
    tidy(database)?;
    subscriptions::catch_up(database)
}

/// Begins the business day, when nobody has yet: what waits for it follows by subscriptions, and jobs that a worker does.
///
/// # Errors
/// When the database fails.
pub fn begin_day(database: &Database) -> Result<(), Problem> {
    if events::has_begun(database)? {
        return Ok(());
    }
    let internal: Caller = internal_caller("netterms", &[])?;
    database.write(&internal, |tx| -> Result<(), Problem> {
        if events::begin_day(tx)? {
            for begin in ROOMS.iter().filter_map(|room| room.begin_day) {
                begin(tx)?;
            }
        }
        Ok(())
    })
}

fn tend(database: &Database, daily: DailyWork, signer: Option<&Signer>) -> Result<(), Problem> {
    tidy(database)?;
    if daily == DailyWork::Off {
        return Ok(());
    }
    begin_day(database)?;
    sealing::sign_daily(database, signer)
}

fn tidy(database: &Database) -> Result<(), Problem> {
    let keeper: Caller = internal_caller("netterms-sweeper", &[])?;
    for sweep in ROOMS.iter().filter_map(|room| room.sweep) {
        until_done(database, &keeper, sweep)?;
    }
    database.maintain(&keeper, |tx| {
        idempotency::forget_old(tx)?;
        Ok(())
    })
}

/// Repeats work that is done some at a time, each time in a unit of work of its own, until nothing is left.
fn until_done(
    database: &Database,
    keeper: &Caller,
    work: Work<usize, DbError>,
) -> Result<(), Problem> {
    while database.write(keeper, work)? > 0 {}
    Ok(())
}
