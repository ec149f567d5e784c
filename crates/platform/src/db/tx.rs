//! The unit of work: a transaction, who acts, one instant, and the trail entries that it must leave; and the unit of
//! work that is one statement.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Conn, Db, DbError, Writes, fault, insert_rows, read_document, write_json};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::columns::{IdColumn, InstantColumn};
use kernel::ids::TrailEntryId;

/// A transaction together with who acts and the one instant that all its rows share.
pub struct Tx<'a> {
    db: &'a mut Db,
    caller: &'a Caller,
    now: Instant,
    recorded: usize,
    /// Rows that were changed and put back by a savepoint.
    undone: i64,
    /// What was recorded and is to be reacted to before the end.
    noted: Vec<Change>,
}

/// One change for the audit trail: what was done to which thing, before, after and why. It is also the event that
/// `platform/events` delivers to whoever subscribed to its action.
#[derive(Debug, Clone)]
pub struct Change {
    action: &'static str,
    entity_id: String,
    before: Option<String>,
    after: Option<String>,
    reason: Option<String>,
}

impl Change {
    /// `action` is `<thing>.<what happened>`, such as `customer.created`; `entity_id` names the thing.
    pub fn new(action: &'static str, entity_id: impl ToString) -> Change {
        Change {
            action,
            entity_id: entity_id.to_string(),
            before: None,
            after: None,
            reason: None,
        }
    }

    /// What was done.
    pub const fn action(&self) -> &'static str {
        self.action
    }

    /// The thing as it became, or as much of it as `T` wants to know.
    ///
    /// # Errors
    /// When the change tells it in another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, DbError> {
        read_document(self.after.as_deref().unwrap_or("null"))
    }

    /// The thing as it was.
    #[must_use]
    pub fn before(mut self, value: &impl Serialize) -> Change {
        self.before = write_json(value).ok();
        self
    }

    /// The thing as it is now.
    #[must_use]
    pub fn after(mut self, value: &impl Serialize) -> Change {
        self.after = write_json(value).ok();
        self
    }

    #[must_use]
    pub fn because(mut self, reason: impl ToString) -> Change {
        self.reason = Some(reason.to_string());
        self
    }
}

/// Entries of the audit trail for changes that several callers made in one unit of work, as at the credit desk.
pub struct Entries<'a>(Vec<Entry<'a>>);

struct Entry<'a> {
    id: TrailEntryId,
    roles: String,
    caller: &'a Caller,
    change: &'a Change,
    at: Instant,
}

impl<'a> Entries<'a> {
    pub fn new(changes: &'a [(Arc<Caller>, Change)], at: Instant) -> Entries<'a> {
        let entries = changes.iter().map(|(caller, change)| Entry {
            id: TrailEntryId::new(),
            roles: caller.role_names(),
            caller,
            change,
            at,
        });
        Entries(entries.collect())
    }

    /// # Errors
    /// When the database fails.
    pub fn insert(&'a self, writes: &mut Writes<'_, 'a>) -> Result<(), DbError> {
        insert_rows!(writes, "trail_entries", &self.0, |entry| {
            id: IdColumn = entry.id,
            at: InstantColumn = entry.at,
            subject: Text = entry.caller.subject.as_str(),
            issuer: Text = entry.caller.issuer.as_str(),
            client_id: Text = entry.caller.client_id.as_str(),
            roles: Text = entry.roles.as_str(),
            action: Text = entry.change.action,
            entity_id: Text = entry.change.entity_id.as_str(),
            before: Nullable<Text> = entry.change.before.as_deref(),
            after: Nullable<Text> = entry.change.after.as_deref(),
            reason: Nullable<Text> = entry.change.reason.as_deref(),
            request_id: Text = entry.caller.request_id.as_str(),
        });
        Ok(())
    }
}

impl<'a> Tx<'a> {
    pub(super) fn new(db: &'a mut Db, caller: &'a Caller, now: Instant) -> Tx<'a> {
        Tx {
            db,
            caller,
            now,
            recorded: 0,
            undone: 0,
            noted: Vec::new(),
        }
    }

    /// Who acts.
    pub const fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// The instant of this unit of work: all its rows share it.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The organisation's business day at [`Tx::now`].
    pub fn today(&self) -> chrono::NaiveDate {
        self.db.clock.day_of(self.now)
    }

    /// Has every statement of this unit of work planned for the tables as they are now, for work that fills them: PostgreSQL
    /// would keep the plan that was good when they were empty until somebody counts them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn plan_anew(&mut self) -> Result<(), DbError> {
        if let Conn::Postgres(c) = self.db.conn() {
            diesel::sql_query("SET LOCAL plan_cache_mode = force_custom_plan").execute(&mut **c)?;
        }
        Ok(())
    }

    /// Writes one entry into the audit trail.
    ///
    /// # Errors
    /// When the database fails.
    pub fn record(&mut self, change: Change) -> Result<(), DbError> {
        self.record_all(vec![change])
    }

    /// Writes entries into the audit trail, in few statements.
    ///
    /// # Errors
    /// When the database fails.
    pub fn record_all(&mut self, changes: Vec<Change>) -> Result<(), DbError> {
        let reactions = self.db.reactions.all();
        let wanted = |change: &&Change| reactions.iter().any(|reaction| reaction.wants(change));
        self.noted.extend(changes.iter().filter(wanted).cloned());
        let caller = Arc::new(self.caller.clone());
        let changes: Vec<(Arc<Caller>, Change)> = changes
            .into_iter()
            .map(|change| (Arc::clone(&caller), change))
            .collect();
        let entries = Entries::new(&changes, self.now);
        let mut writes = self.writes();
        entries.insert(&mut writes)?;
        writes.send()?;
        self.recorded += changes.len();
        Ok(())
    }

    /// Lets netterms react to what was recorded, until there is nothing more that anybody reacts to.
    pub(super) fn react(&mut self) -> Result<(), DbError> {
        while !self.noted.is_empty() {
            let noted = std::mem::take(&mut self.noted);
            for reaction in self.db.reactions.all() {
                let wanted = noted.iter().filter(|change| reaction.wants(change));
                let wanted: Vec<Change> = wanted.cloned().collect();
                if !wanted.is_empty() {
                    (reaction.react)(self, &wanted)?;
                }
            }
        }
        Ok(())
    }

    /// Changes of rows that go to the database together.
    pub fn writes<'w>(&mut self) -> Writes<'_, 'w> {
        Writes::new(self.db.conn())
    }

    /// Says that the rows of this unit of work are a record themselves, and need no trail entry: a limit check is
    /// kept whole, with who asked and what was answered, and never changes.
    pub const fn is_its_own_record(&mut self) {
        self.recorded += 1;
    }

    /// Runs `work` as another caller inside this unit of work: for what netterms decides by itself while it does what
    /// somebody asked.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn acting_as<T, E>(
        &mut self,
        caller: &Caller,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tx = Tx {
            db: &mut *self.db,
            caller,
            now: self.now,
            recorded: self.recorded,
            undone: self.undone,
            noted: std::mem::take(&mut self.noted),
        };
        let outcome = work(&mut tx);
        (self.recorded, self.undone) = (tx.recorded, tx.undone);
        self.noted = tx.noted;
        outcome
    }

    /// Runs `work` inside a savepoint: what it did is undone when it gives `Err`, and this unit of work goes on.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub fn savepoint<T, E: From<DbError>>(
        &mut self,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let (recorded, changed) = (self.recorded, self.rows_changed()?);
        let noted = self.noted.len();
        self.db.begin_savepoint()?;
        match work(self) {
            Ok(value) => {
                self.db.commit()?;
                Ok(value)
            }
            Err(error) => {
                self.undone += self.rows_changed()? - changed;
                self.db.rollback()?;
                self.recorded = recorded;
                self.noted.truncate(noted);
                Err(error)
            }
        }
    }

    /// Runs `work`, which must leave a trail entry when it changes rows: in debug builds it fails on SQLite, which
    /// counts them, when it does not.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub fn recording<T, E: From<DbError>>(
        &mut self,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let (recorded, changed) = (self.recorded, self.rows_changed()?);
        let value = work(self)?;
        if self.recorded == recorded && self.rows_changed()? > changed {
            let reason = "a unit of work changed rows without a trail entry";
            return Err(DbError::Document(reason.to_owned()).into());
        }
        Ok(value)
    }

    /// How many rows this connection has changed and not put back, where the database counts them (SQLite, in debug
    /// builds).
    fn rows_changed(&mut self) -> Result<i64, DbError> {
        if !cfg!(debug_assertions) {
            return Ok(0);
        }
        let Conn::Sqlite(c) = self.db.conn() else {
            return Ok(0);
        };
        let changed: i64 =
            diesel::select(diesel::dsl::sql::<BigInt>("total_changes()")).get_result(&mut **c)?;
        Ok(changed - self.undone)
    }
}

/// A unit of work that writes in one statement, and therefore needs no transaction: what it read may have changed until
/// then, so the statement must look ([`Writes::send_if`]). On PostgreSQL alone.
pub struct AtOnce<'a> {
    db: &'a mut Db,
    now: Instant,
    is_sending: bool,
}

impl<'a> AtOnce<'a> {
    pub(super) fn new(db: &'a mut Db, now: Instant) -> AtOnce<'a> {
        AtOnce {
            db,
            now,
            is_sending: false,
        }
    }

    /// The instant of this unit of work: all its rows share it.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Changes of rows that go to the database together.
    ///
    /// # Errors
    /// When a test has the work fail before it takes effect.
    pub fn writes<'w>(&mut self) -> Result<Writes<'_, 'w>, DbError> {
        fault("unit_before_commit")?;
        self.is_sending = true;
        Ok(Writes::new(self.db.conn()))
    }

    /// Whether something may have been written.
    pub(super) const fn is_sending(&self) -> bool {
        self.is_sending
    }
}

impl std::ops::Deref for AtOnce<'_> {
    type Target = Db;

    fn deref(&self) -> &Db {
        self.db
    }
}

impl std::ops::DerefMut for AtOnce<'_> {
    fn deref_mut(&mut self) -> &mut Db {
        self.db
    }
}

impl std::ops::Deref for Tx<'_> {
    type Target = Db;

    fn deref(&self) -> &Db {
        self.db
    }
}

impl std::ops::DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Db {
        self.db
    }
}
