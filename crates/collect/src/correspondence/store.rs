//! Queries on messages and their bytes.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::input::MessageFilter;
use super::model::{Message, MessageChannel, MessageContent, MessageKind, MessageStatus};
use crate::book::customers::store::list_wanted;
use crate::book::entities::store as entities;
use crate::platform::db::schema::messages::{self, dsl};
use crate::platform::db::schema::{customers, message_contents};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::MessageId;
use kernel::text::Keyword;

/// Keeps a message with its bytes.
pub fn insert(tx: &mut Tx, row: &Message, content: &MessageContent) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(messages::table)
        .values(row)
        .execute(c))?;
    on_backend!(tx, |c| diesel::insert_into(message_contents::table)
        .values(content)
        .execute(c))?;
    Ok(())
}

/// The message, unless its customer is hidden from the caller.
pub fn find_visible(
    db: &mut Db,
    caller: &Caller,
    id: MessageId,
) -> Result<Option<Message>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = messages::table
            .filter(dsl::id.eq(id))
            .select(Message::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            let own = customers::table
                .filter(customers::owner.eq(&caller.subject))
                .select(customers::id);
            query = query.filter(dsl::customer_id.eq_any(own));
        }
        query.first(c).optional()
    })?)
}

/// The message, locked until the unit of work ends. On SQLite the transaction holds the only write lock already.
pub fn lock(tx: &mut Tx, id: MessageId) -> Result<Option<Message>, DbError> {
    match tx.conn() {
        Conn::Postgres(c) => Ok(messages::table
            .find(id)
            .select(Message::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?),
        Conn::Sqlite(c) => Ok(messages::table
            .find(id)
            .select(Message::as_select())
            .first(&mut **c)
            .optional()?),
    }
}

/// The bytes of a message.
pub fn find_bytes(db: &mut Db, id: MessageId) -> Result<Option<Vec<u8>>, DbError> {
    Ok(on_backend!(db, |c| message_contents::table
        .find(id)
        .select(message_contents::bytes)
        .first(c)
        .optional())?)
}

/// One page, the newest first.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &MessageFilter,
    page: &PageRequest,
) -> Result<Page<Message>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let entities = entities::list_wanted(db, &filter.legal_entity)?;
    on_backend!(db, |c| {
        let mut query = messages::table.select(Message::as_select()).into_boxed();
        if caller.sees_only_own() {
            let own = customers::table
                .filter(customers::owner.eq(&caller.subject))
                .select(customers::id);
            query = query.filter(dsl::customer_id.eq_any(own));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dsl::customer_id.eq_any(wanted));
        }
        if let Some(entities) = &entities {
            query = query.filter(dsl::legal_entity_id.eq_any(entities));
        }
        if !filter.kind.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kind));
        }
        if !filter.channel.is_empty() {
            query = query.filter(dsl::channel.eq_any(&filter.channel));
        }
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if !filter.about_id.is_empty() {
            query = query.filter(dsl::about_id.eq_any(filter.about_id.iter().map(Keyword::as_str)));
        }
        seek!(c, query, page, Message, desc(messages::id))
    })
}

/// E-mail whose time has come and that nobody sends, the longest due first.
macro_rules! due {
    ($now:ident, $limit:ident) => {
        messages::table
            .filter(dsl::status.eq(MessageStatus::Queued))
            .filter(dsl::channel.eq(MessageChannel::Email))
            .filter(dsl::next_attempt_at.le($now))
            .filter(dsl::lease_until.is_null().or(dsl::lease_until.lt($now)))
            .order((dsl::next_attempt_at, dsl::id))
            .limit($limit)
            .select(Message::as_select())
    };
}

/// E-mail that is due, locked on PostgreSQL, without what others lock.
pub fn list_due(tx: &mut Tx, now: Instant, limit: i64) -> Result<Vec<Message>, DbError> {
    match tx.conn() {
        Conn::Postgres(c) => Ok(due!(now, limit).for_update().skip_locked().load(&mut **c)?),
        Conn::Sqlite(c) => Ok(due!(now, limit).load(&mut **c)?),
    }
}

/// The letters that wait and that nobody prints now, the oldest first.
macro_rules! waiting {
    ($limit:ident, $now:ident) => {
        messages::table
            .filter(dsl::status.eq(MessageStatus::Queued))
            .filter(dsl::channel.eq(MessageChannel::Letter))
            .filter(dsl::lease_until.is_null().or(dsl::lease_until.lt($now)))
            .order(dsl::id)
            .limit($limit)
            .select(Message::as_select())
    };
}

/// The letters that wait and that nobody prints now, locked on PostgreSQL.
pub fn list_waiting_letters(tx: &mut Tx, limit: i64) -> Result<Vec<Message>, DbError> {
    let now = tx.now();
    match tx.conn() {
        Conn::Postgres(c) => Ok(waiting!(limit, now).for_update().load(&mut **c)?),
        Conn::Sqlite(c) => Ok(waiting!(limit, now).load(&mut **c)?),
    }
}

/// Whether any e-mail is due that nobody sends.
pub fn has_due(db: &mut Db, now: Instant) -> Result<bool, DbError> {
    let found: Option<MessageId> = on_backend!(db, |c| messages::table
        .filter(dsl::status.eq(MessageStatus::Queued))
        .filter(dsl::channel.eq(MessageChannel::Email))
        .filter(dsl::next_attempt_at.le(now))
        .filter(dsl::lease_until.is_null().or(dsl::lease_until.lt(now)))
        .select(dsl::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// What waits that belongs to something.
pub fn list_queued_about(db: &mut Db, about_id: &str) -> Result<Vec<Message>, DbError> {
    Ok(on_backend!(db, |c| messages::table
        .filter(dsl::about_id.eq(about_id))
        .filter(dsl::status.eq(MessageStatus::Queued))
        .order(dsl::id)
        .select(Message::as_select())
        .load(c))?)
}

/// About which of these something was queued already.
pub fn list_known_abouts(
    db: &mut Db,
    kind: MessageKind,
    ids: &[String],
) -> Result<BTreeSet<String>, DbError> {
    let mut known = BTreeSet::new();
    for chunk in ids.chunks(5_000) {
        let found: Vec<String> = on_backend!(db, |c| messages::table
            .filter(dsl::about_id.eq_any(chunk))
            .filter(dsl::kind.eq(kind))
            .select(dsl::about_id)
            .load(c))?;
        known.extend(found);
    }
    Ok(known)
}

/// Takes messages for oneself until an instant.
pub fn lease(tx: &mut Tx, ids: &[MessageId], until: Instant) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(
        messages::table.filter(dsl::id.eq_any(ids))
    )
    .set(dsl::lease_until.eq(until))
    .execute(c))?;
    Ok(())
}

/// Writes where a message stands, when it has the version that it was read with and, where it was leased, still has that lease.
pub fn save(
    tx: &mut Tx,
    row: &Message,
    version: i64,
    lease: Option<Instant>,
) -> Result<bool, DbError> {
    let rows = on_backend!(tx, |c| {
        let changed = (
            dsl::status.eq(row.status),
            dsl::status_reason.eq(&row.status_reason),
            dsl::attempts.eq(row.attempts),
            dsl::next_attempt_at.eq(row.next_attempt_at),
            dsl::lease_until.eq(row.lease_until),
            dsl::attempted_at.eq(row.attempted_at),
            dsl::failure.eq(&row.failure),
            dsl::sent_at.eq(row.sent_at),
            dsl::ended_at.eq(row.ended_at),
            dsl::changed_at.eq(row.changed_at),
            dsl::version.eq(row.version),
        );
        let found = dsl::messages.find(row.id).filter(dsl::version.eq(version));
        match lease {
            Some(lease) => diesel::update(found.filter(dsl::lease_until.eq(lease)))
                .set(changed)
                .execute(c),
            None => diesel::update(found).set(changed).execute(c),
        }
    })?;
    Ok(rows > 0)
}
