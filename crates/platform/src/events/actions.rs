//! Delivering events.

use std::time::Duration;

use super::model::{Position, Progress, Subscription, SubscriptionLag};
use super::{rules, store};
use crate::platform::db::{Change, Database, DbError, Tx, fault};
use crate::platform::http::Problem;
use crate::platform::http::auth::internal_caller;

/// How long [`catch_up`] lets others finish before it looks again, and how often.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSES_MAX: usize = 2_000;

/// How much of an error is kept.
const ERROR_CHARS_MAX: usize = 1_000;

/// Lets a subscription begin at the end of the log, or one that wants all at its beginning, unless it began earlier.
///
/// # Errors
/// When the database fails.
pub fn begin(tx: &mut Tx, subscription: &Subscription) -> Result<(), DbError> {
    let start = subscription.beginning(store::horizon(tx)?);
    store::insert_progress(tx, &Progress::at(subscription.name, start))
}

/// Begins the business day that it is, and says whether nobody had: then `business_day.begun` is told to all who wait
/// for it.
///
/// # Errors
/// When the database fails.
pub fn begin_day(tx: &mut Tx) -> Result<bool, DbError> {
    let today = tx.today();
    if store::has_day(tx, today)? {
        return Ok(false);
    }
    let begins = store::insert_day(tx, today)?;
    if begins {
        tx.record(Change::new("business_day.begun", today))?;
    }
    Ok(begins)
}

/// Whether today has begun, or a later day had already: a clock that goes back begins none again.
///
/// # Errors
/// When the database fails.
pub fn has_begun(database: &Database) -> Result<bool, DbError> {
    let mut db = database.reader()?;
    let today = db.today();
    store::has_day(&mut db, today)
}

/// Delivers the next events in one unit of work, and says how many. None when there are none, when another replica is
/// delivering them, or when the subscription rests after a failure. A failure of the subscription is written down and
/// logged, and is no error.
///
/// # Errors
/// When the database fails.
pub fn deliver(database: &Database, subscription: &Subscription) -> Result<usize, Problem> {
    if !is_due(database, subscription)? {
        return Ok(0);
    }
    let house = internal_caller("netterms-subscriptions", &[])?;
    let mut from = None;
    let outcome = database.maintain(&house, |tx| deliver_next(tx, subscription, &mut from));
    match (outcome, from) {
        (Ok(delivered), _) => Ok(delivered),
        (Err(error), Some(from)) => {
            database.maintain(&house, |tx| put_off(tx, subscription, from, &error))?;
            Ok(0)
        }
        (Err(error), None) => Err(error.into()),
    }
}

/// Looks without a lock whether there is anything to do, so that an idle house writes nothing.
fn is_due(database: &Database, subscription: &Subscription) -> Result<bool, DbError> {
    let mut db = database.reader()?;
    let Some(progress) = store::find_progress(&mut db, subscription.name)? else {
        return Ok(true);
    };
    if progress.rests(db.clock().now()) {
        return Ok(false);
    }
    let (from, horizon) = (progress.position(), store::horizon(&mut db)?);
    Ok(from > horizon || store::has_entries(&mut db, from, horizon)?)
}

/// Delivers and moves on; `from` is told where it began once it is clear that it may.
fn deliver_next(
    tx: &mut Tx,
    subscription: &Subscription,
    from: &mut Option<Position>,
) -> Result<usize, DbError> {
    *from = None;
    let Some(progress) = store::lock_progress(tx, subscription.name)? else {
        begin(tx, subscription)?;
        return Ok(0);
    };
    if progress.rests(tx.now()) {
        return Ok(0);
    }
    let (start, horizon) = (progress.position(), store::horizon(tx)?);
    if start > horizon {
        // Only a dump does this that was loaded into another cluster, which counts its transactions from the beginning.
        tracing::warn!(
            subscription = subscription.name,
            "the log has other transaction numbers than before; beginning anew"
        );
        let start = subscription.beginning(horizon);
        store::save_progress(tx, &Progress::at(subscription.name, start))?;
        return Ok(0);
    }
    *from = Some(start);
    fault("events_claimed")?;
    let limit = i64::try_from(subscription.at_once).unwrap_or(i64::MAX);
    let events = store::list_events(tx, subscription.actions, start, horizon, limit)?;
    if !events.is_empty() {
        (subscription.handle)(tx, &events)?;
    }
    // Where nothing more is wanted up to the horizon, the next read begins there and is short.
    let reached = match events.last() {
        Some(last) if events.len() == subscription.at_once => last.position(),
        _ => horizon,
    };
    store::save_progress(tx, &Progress::at(subscription.name, reached))?;
    Ok(events.len())
}

/// Writes down that the subscription failed, and lets it rest, unless another replica moved it on meanwhile.
fn put_off(
    tx: &mut Tx,
    subscription: &Subscription,
    from: Position,
    error: &DbError,
) -> Result<(), DbError> {
    let Some(before) = store::lock_progress(tx, subscription.name)? else {
        return Ok(());
    };
    if before.position() != from {
        return Ok(());
    }
    let attempts = before.attempts.saturating_add(1);
    tracing::warn!(
        subscription = subscription.name,
        attempts,
        %error,
        "a subscription failed and is tried again later"
    );
    let last_error = error.to_string().chars().take(ERROR_CHARS_MAX).collect();
    let after = Progress {
        attempts,
        last_error: Some(last_error),
        retry_at: Some(tx.now().plus(rules::rest_after(attempts))),
        ..before
    };
    store::save_progress(tx, &after)
}

/// Delivers until the subscription was told of all that had happened, or failed; says how many events. Waits for other
/// replicas that deliver, and for transactions that hold the log up, but not for ever.
///
/// # Errors
/// When the database fails.
pub fn catch_up(database: &Database, subscription: &Subscription) -> Result<usize, Problem> {
    let mut total = 0;
    for _ in 0..PAUSES_MAX {
        loop {
            match deliver(database, subscription)? {
                0 => break,
                delivered => total += delivered,
            }
        }
        let standing = standing(database, subscription)?;
        if standing.waiting_since.is_none() || standing.failed_attempts > 0 {
            return Ok(total);
        }
        std::thread::sleep(PAUSE);
    }
    tracing::warn!(
        subscription = subscription.name,
        "an old transaction holds the log up"
    );
    Ok(total)
}

/// How a subscription is doing.
///
/// # Errors
/// When the database fails.
pub fn standing(
    database: &Database,
    subscription: &Subscription,
) -> Result<SubscriptionLag, DbError> {
    let mut db = database.reader()?;
    let Some(progress) = store::find_progress(&mut db, subscription.name)? else {
        return Ok(SubscriptionLag::default());
    };
    let from = progress.position();
    Ok(SubscriptionLag {
        waiting_since: store::first_waiting(&mut db, subscription.actions, from)?,
        failed_attempts: progress.attempts,
        last_error: progress.last_error,
    })
}
