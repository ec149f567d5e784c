//! What is done without anybody asking: reservations expire, old idempotency keys are forgotten.
//!
//! Every replica does it; each piece of work locks what it touches, so that two at once do no harm.

use std::time::Duration;

use actix_web::{rt, web};

use crate::kernel::caller::Caller;
use crate::platform::db::Database;
use crate::platform::http::Problem;
use crate::platform::http::auth::house_caller;
use crate::platform::idempotency;

/// How often the house is swept.
const EVERY: Duration = Duration::from_secs(5);

/// Sweeps the house every few seconds for as long as the actix system runs.
pub fn begin(database: Database) {
    rt::spawn(async move {
        let mut ticks = rt::time::interval(EVERY);
        loop {
            ticks.tick().await;
            let database = database.clone();
            match web::block(move || sweep(&database)).await {
                Ok(Ok(())) => {}
                Ok(Err(problem)) => {
                    tracing::warn!(%problem, "the house could not be swept; next time")
                }
                Err(error) => tracing::error!(%error, "the sweeper was cut off"),
            }
        }
    });
}

/// Sweeps once.
///
/// # Errors
/// When the database fails; what was done before stays done.
pub fn sweep(database: &Database) -> Result<(), Problem> {
    let keeper: Caller = house_caller("netterms-sweeper", &[])?;
    database.write(&keeper, |tx| {
        crate::decide::limits::actions::expire_due(tx)?;
        Ok::<(), Problem>(())
    })?;
    database.maintain(&keeper, |tx| {
        idempotency::forget_old(tx)?;
        Ok(())
    })
}
