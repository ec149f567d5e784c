//! Places at which a test makes netterms fail. In a release there is nothing here: only what is built for tests has
//! the `fail` crate's points, and only a process that is told so by `FAILPOINTS` meets a fault.

use super::DbError;

/// `FAILPOINTS="<point>=<chance>%return(crash)"` ends the process here as `kill -9` does, `return(fail)` fails the work,
/// and `sleep(<ms>)` holds it up.
///
/// # Errors
/// When it was asked for; the database is then said to be unavailable.
pub fn fault(point: &'static str) -> Result<(), DbError> {
    // A release has no use for the name.
    let _ = point;
    fail::fail_point!(point, |how| {
        let how = how.unwrap_or_default();
        tracing::warn!("a fault: {how} at {point}");
        if how == "crash" {
            std::process::abort();
        }
        Err(DbError::Unavailable(format!("a fault at {point}")))
    });
    Ok(())
}
