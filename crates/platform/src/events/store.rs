//! Queries on the log, and on the places of subscriptions in it.

use chrono::NaiveDate;
use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::model::{Event, LoggedEvent, Position, Progress};
use crate::platform::db::schema::{business_days, subscriptions, trail_entries};
use crate::platform::db::{Backend, Conn, Db, DbError, Tx, on_backend};
use crate::platform::trail::store as trail;
use kernel::clock::Instant;

/// Compares where entries stand with a position.
macro_rules! stands {
    ($words:expr, $position:expr) => {
        sql::<Bool>(&$words.0)
            .bind::<BigInt, _>($position.transaction_id)
            .sql(&$words.1)
            .bind::<BigInt, _>($position.seq)
            .sql(")")
    };
}

/// The comparison in the words that lead each database to the right index. SQLite needs to hear that there is one
/// transaction id only: then `seq` narrows an index on the action as well.
fn words(db: &Db, comparison: &str) -> (String, String) {
    match db.backend() {
        Backend::Postgres => (
            format!("(transaction_id, seq) {comparison} ("),
            ", ".to_owned(),
        ),
        Backend::Sqlite => (
            "transaction_id = (".to_owned(),
            format!(") AND seq {comparison} ("),
        ),
    }
}

/// How far the log may be read now; see [`Position`].
pub fn horizon(db: &mut Db) -> Result<Position, DbError> {
    Ok(match db.conn() {
        Conn::Postgres(c) => Position {
            transaction_id: diesel::select(sql::<BigInt>(
                "pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
            ))
            .get_result(&mut **c)?,
            seq: 0,
        },
        Conn::Sqlite(_) => Position {
            transaction_id: 0,
            seq: trail::last_seq(db)?,
        },
    })
}

/// Whether there are entries, of whatever action, after one position and up to another.
pub fn has_entries(db: &mut Db, after: Position, up_to: Position) -> Result<bool, DbError> {
    let (later, earlier) = (words(db, ">"), words(db, "<="));
    Ok(on_backend!(db, |c| diesel::select(exists(
        trail_entries::table
            .filter(stands!(later, after))
            .filter(stands!(earlier, up_to))
    ))
    .get_result(c))?)
}

/// The first events of these actions, or of all where none is named, after one position and up to another, in order.
pub fn list_events(
    db: &mut Db,
    actions: &[&str],
    after: Position,
    up_to: Position,
    limit: i64,
) -> Result<Vec<Event>, DbError> {
    let (later, earlier) = (words(db, ">"), words(db, "<="));
    Ok(on_backend!(db, |c| {
        let mut query = trail_entries::table
            .filter(stands!(later, after))
            .filter(stands!(earlier, up_to))
            .order((trail_entries::transaction_id, trail_entries::seq))
            .limit(limit)
            .select(Event::as_select())
            .into_boxed();
        if !actions.is_empty() {
            query = query.filter(trail_entries::action.eq_any(actions));
        }
        query.load(c)
    })?)
}

/// Which entries of the log: of these actions and about these things, where any are named.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    pub actions: &'a [&'a str],
    pub entity_ids: &'a [&'a str],
}

/// The first entries that are wanted after one position and up to another, in order, with all that is told of them.
pub fn list_logged(
    db: &mut Db,
    wanted: Wanted,
    after: Position,
    up_to: Position,
    limit: i64,
) -> Result<Vec<LoggedEvent>, DbError> {
    let (later, earlier) = (words(db, ">"), words(db, "<="));
    let rows: Vec<LoggedEvent> = on_backend!(db, |c| {
        let mut query = trail_entries::table
            .filter(stands!(later, after))
            .filter(stands!(earlier, up_to))
            .select(LoggedEvent::as_select())
            .into_boxed();
        if !wanted.actions.is_empty() {
            query = query.filter(trail_entries::action.eq_any(wanted.actions));
        }
        if !wanted.entity_ids.is_empty() {
            query = query.filter(trail_entries::entity_id.eq_any(wanted.entity_ids));
        }
        query
            .order((trail_entries::transaction_id, trail_entries::seq))
            .limit(limit)
            .load(c)
    })?;
    Ok(rows)
}

/// The entry with a number, with all that is told of it.
pub fn find_logged(db: &mut Db, seq: i64) -> Result<Option<LoggedEvent>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .find(seq)
        .select(LoggedEvent::as_select())
        .first(c)
        .optional())?)
}

/// When the first entry at or after a number was written, and its number.
fn first_from(db: &mut Db, seq: i64) -> Result<Option<(i64, Instant)>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::seq.ge(seq))
        .order(trail_entries::seq)
        .select((trail_entries::seq, trail_entries::at))
        .first(c)
        .optional())?)
}

/// How many entries around a number may stand out of the order of their instants: more than are written while a
/// transaction runs.
const OUT_OF_ORDER: i64 = 5_000;

/// The place before all that happened at an instant or later.
///
/// Entries are numbered nearly in the order of their instants, so that the number is found by halving; around it the
/// exact place is looked for. A clock that was turned back has no such order.
pub fn position_before(db: &mut Db, instant: Instant) -> Result<Position, DbError> {
    let (mut low, mut high) = (0, trail::last_seq(db)?.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match first_from(db, middle)? {
            Some((_, at)) if at < instant => low = middle + 1,
            _ => high = middle,
        }
    }
    let around: Option<(i64, i64)> = on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::seq.ge(low - OUT_OF_ORDER))
        .filter(trail_entries::seq.le(low + OUT_OF_ORDER))
        .filter(trail_entries::at.ge(instant))
        .order((trail_entries::transaction_id, trail_entries::seq))
        .select((trail_entries::transaction_id, trail_entries::seq))
        .first(c)
        .optional())?;
    let horizon = horizon(db)?;
    Ok(around.map_or(horizon, |(transaction_id, seq)| {
        let place = Position {
            transaction_id,
            seq: seq - 1,
        };
        place.min(horizon)
    }))
}

/// When the first event of these actions, or of all, after a position happened, also one that may not be read yet.
pub fn first_waiting(
    db: &mut Db,
    actions: &[&str],
    after: Position,
) -> Result<Option<Instant>, DbError> {
    let later = words(db, ">");
    Ok(on_backend!(db, |c| {
        let mut query = trail_entries::table
            .filter(stands!(later, after))
            .order((trail_entries::transaction_id, trail_entries::seq))
            .select(trail_entries::at)
            .into_boxed();
        if !actions.is_empty() {
            query = query.filter(trail_entries::action.eq_any(actions));
        }
        query.first(c).optional()
    })?)
}

/// Gives a subscription its first place, unless it has one.
pub fn insert_progress(tx: &mut Tx, progress: &Progress) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(subscriptions::table)
        .values(progress)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

pub fn find_progress(db: &mut Db, name: &str) -> Result<Option<Progress>, DbError> {
    Ok(on_backend!(db, |c| subscriptions::table
        .find(name)
        .select(Progress::as_select())
        .first(c)
        .optional())?)
}

/// The place of a subscription, locked until the unit of work ends; none while another replica has it. On SQLite the
/// transaction holds the only write lock already.
pub fn lock_progress(tx: &mut Tx, name: &str) -> Result<Option<Progress>, DbError> {
    match tx.conn() {
        Conn::Postgres(c) => Ok(subscriptions::table
            .find(name)
            .select(Progress::as_select())
            .for_update()
            .skip_locked()
            .first(&mut **c)
            .optional()?),
        Conn::Sqlite(_) => find_progress(tx, name),
    }
}

/// Writes where a locked subscription stands.
pub fn save_progress(tx: &mut Tx, progress: &Progress) -> Result<(), DbError> {
    use subscriptions::dsl;
    on_backend!(tx, |c| diesel::update(
        dsl::subscriptions.find(&progress.name)
    )
    .set(progress)
    .execute(c))?;
    Ok(())
}

/// Writes down that a business day begins now, and says whether nobody had.
pub fn insert_day(tx: &mut Tx, day: NaiveDate) -> Result<bool, DbError> {
    let now = tx.now();
    let rows = on_backend!(tx, |c| diesel::insert_into(business_days::table)
        .values((business_days::day.eq(day), business_days::begun_at.eq(now)))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(rows > 0)
}

/// Whether a business day has begun.
pub fn has_day(db: &mut Db, day: NaiveDate) -> Result<bool, DbError> {
    Ok(on_backend!(db, |c| diesel::select(exists(
        business_days::table.filter(business_days::day.ge(day))
    ))
    .get_result(c))?)
}
