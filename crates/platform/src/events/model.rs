//! Subscriptions, the events that they get, and where each stands.

use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;
use serde::de::DeserializeOwned;

use crate::platform::db::schema::{subscriptions, trail_entries};
use crate::platform::db::{DbError, Tx, read_document};
use kernel::clock::Instant;
use kernel::ids::TrailEntryId;

/// Who wants to know of what, and what is done about it.
#[derive(Debug, Clone, Copy)]
pub struct Subscription {
    /// Names its place in the log: never to be changed, or it would begin anew.
    pub name: &'static str,
    /// The actions of the trail that it wants; none named are all, from the first entry of the log on.
    pub actions: &'static [&'static str],
    /// How many it is told of in one unit of work, at the most.
    pub at_once: usize,
    /// What is done about some of them, in the order in which they happened. Like every unit of work it has no effect
    /// outside the database. It finds the world as it is now, not as it was when they happened.
    pub handle: fn(&mut Tx, &[Event]) -> Result<(), DbError>,
}

/// Something that happened: an entry of the trail.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = trail_entries)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Event {
    pub(super) transaction_id: i64,
    pub seq: i64,
    pub at: Instant,
    pub action: String,
    pub entity_id: String,
    pub after: Option<String>,
    /// The roles of who did it, separated by spaces.
    pub roles: String,
}

/// How many events most subscriptions are told of in one unit of work.
pub const EVENTS_AT_ONCE: usize = 500;

impl Subscription {
    /// Where it begins in a log that has come as far as `end`.
    pub(super) const fn beginning(&self, end: Position) -> Position {
        if self.actions.is_empty() {
            Position {
                transaction_id: 0,
                seq: 0,
            }
        } else {
            end
        }
    }
}

impl Event {
    /// The thing as it became, or as much of it as `T` wants to know.
    ///
    /// # Errors
    /// When the entry tells it in another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, DbError> {
        read_document(self.after.as_deref().unwrap_or("null"))
    }

    pub(super) const fn position(&self) -> Position {
        Position {
            transaction_id: self.transaction_id,
            seq: self.seq,
        }
    }
}

/// An entry of the trail with all that is told of it to other systems.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = trail_entries)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct LoggedEvent {
    pub(super) transaction_id: i64,
    pub seq: i64,
    pub id: TrailEntryId,
    pub at: Instant,
    pub action: String,
    pub entity_id: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// The request that it happened in.
    pub request_id: String,
}

impl LoggedEvent {
    /// Where it stands in the log.
    pub const fn position(&self) -> Position {
        Position {
            transaction_id: self.transaction_id,
            seq: self.seq,
        }
    }
}

/// A place in the log: all up to and including it.
///
/// On SQLite there is one writer, so that `seq` alone is the order, and `transaction_id` is always 0. On PostgreSQL
/// transactions end out of the order of their `seq`: a reader that saw 7 and went on from there would miss 6, which
/// commits a moment later. So the number of the transaction leads. Those below the oldest one that still runs have all
/// ended; up to there the log stays as it is, and no further does anybody read. Within a transaction `seq` is the
/// order again.
///
/// The price: an event waits for every older transaction, of any database on the same PostgreSQL server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub transaction_id: i64,
    pub seq: i64,
}

/// Where a subscription stands.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = subscriptions, treat_none_as_default_value = false, treat_none_as_null = true, primary_key(name))]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Progress {
    pub name: String,
    pub transaction_id: i64,
    pub seq: i64,
    /// How often it failed since it last moved on.
    pub attempts: i32,
    pub last_error: Option<String>,
    /// Until when it rests after a failure.
    pub retry_at: Option<Instant>,
}

impl Position {
    /// Before everything.
    pub const START: Position = Position {
        transaction_id: 0,
        seq: 0,
    };
}

/// `7-1234`, for cursors.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transaction_id, self.seq)
    }
}

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Position, NoPosition> {
        let (transaction_id, seq) = text.split_once('-').ok_or(NoPosition)?;
        Ok(Position {
            transaction_id: transaction_id.parse().map_err(|_| NoPosition)?,
            seq: seq.parse().map_err(|_| NoPosition)?,
        })
    }
}

/// The text names no place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no place in the log")]
pub struct NoPosition;

impl Progress {
    pub fn at(name: &str, position: Position) -> Progress {
        Progress {
            name: name.to_owned(),
            transaction_id: position.transaction_id,
            seq: position.seq,
            attempts: 0,
            last_error: None,
            retry_at: None,
        }
    }

    pub const fn position(&self) -> Position {
        Position {
            transaction_id: self.transaction_id,
            seq: self.seq,
        }
    }

    pub fn rests(&self, now: Instant) -> bool {
        self.retry_at.is_some_and(|until| now < until)
    }
}

/// How a subscription is doing, for tests and metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscriptionLag {
    /// When the oldest event happened that it has still to be told; none when it is told of all.
    pub waiting_since: Option<Instant>,
    /// How often it failed since it last moved on.
    pub failed_attempts: i32,
    pub last_error: Option<String>,
}
