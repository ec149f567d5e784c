//! Reading the log for somebody.

use std::collections::{BTreeMap, BTreeSet};

use super::input::EventFilter;
use super::model::{Event, EventTypes};
use super::rules::{self, Sight};
use super::store;
use crate::book::customers::model::Customer;
use crate::book::customers::store as customers;
use crate::platform::db::{Backend, Db, DbError};
use crate::platform::events::store::{self as log, Wanted};
use crate::platform::events::types::{tell, text_of};
use crate::platform::events::{EventType, LoggedEvent, Position};
use kernel::caller::Caller;
use kernel::ids::{CreditAccountId, CustomerId, EventId};

/// How many entries are read at once.
const ENTRIES_AT_ONCE: i64 = 500;

/// How often it is read on for one answer, when hardly anything is wanted of what is read.
const READS_MAX: usize = 8;

/// Of so many entries an index is asked at once on SQLite, which sorts all that it finds before it gives the first.
const ENTRIES_SORTED_MAX: i64 = 50_000;

/// As many types as an index is asked for; with more of them every entry is looked at.
const TYPES_BY_INDEX: usize = 20;

/// What of the log was read for somebody.
#[derive(Debug)]
pub struct Reading {
    pub events: Vec<Event>,
    /// Up to where, so that nothing between is looked at again.
    pub reached: Position,
    /// Whether there is more to be read at once.
    pub has_more: bool,
}

/// What of the log is wanted, by whom.
#[derive(Debug)]
pub struct Question<'a> {
    pub types: EventTypes,
    /// Whose eyes read it; none where an administrator has said what is told, as to a webhook.
    pub reader: Option<&'a Caller>,
    pub filter: &'a EventFilter,
}

/// Why the log can't be read.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The place lies ahead of the log: it is of another cluster, from which the database was moved.
    #[error("the place is of another log")]
    OtherLog,
    #[error("must be a type of events: the contract lists them below webhooks")]
    UnknownType,
    #[error("there is no such event")]
    Missing,
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Question<'_> {
    /// What is seen of a type.
    fn sight(&self, of: &EventType) -> Sight {
        self.reader
            .map_or(Sight::All, |caller| rules::sight(caller, of))
    }

    /// The types that are wanted and seen.
    fn wanted(&self) -> Result<Vec<&'static EventType>, EventError> {
        let named: Result<Vec<&'static EventType>, EventError> = self
            .filter
            .r#type
            .iter()
            .map(|name| {
                self.types
                    .find(name.as_str())
                    .ok_or(EventError::UnknownType)
            })
            .collect();
        let mut wanted = named?;
        if wanted.is_empty() {
            wanted = self.types.all().collect();
        }
        wanted.retain(|of| self.sight(of) != Sight::Nothing);
        Ok(wanted)
    }

    /// Whether an event is seen that concerns a customer, or nobody that is known.
    fn sees(&self, of: &EventType, customer: Option<&Customer>) -> bool {
        match (self.sight(of), self.reader) {
            (Sight::All, _) => true,
            (Sight::OwnCustomers, Some(caller)) => {
                customer.is_some_and(|customer| customer.owner.as_ref() == Some(&caller.subject))
            }
            _ => false,
        }
    }
}

/// Where a reader begins who names no place: before what happened at an instant or later, else at the beginning.
///
/// # Errors
/// When the database fails.
pub fn beginning(db: &mut Db, filter: &EventFilter) -> Result<Position, DbError> {
    filter
        .at_from
        .map_or(Ok(Position::START), |at| log::position_before(db, at))
}

/// The end of the log as it may be read now.
///
/// # Errors
/// When the database fails.
pub fn end(db: &mut Db) -> Result<Position, DbError> {
    log::horizon(db)
}

/// Reads on from a place, until there are as many events as are wanted, the log ends, or enough was looked at.
///
/// # Errors
/// When the place is of another log, a type is unknown, or the database fails.
pub fn read_on(
    db: &mut Db,
    question: &Question,
    from: Position,
    limit: usize,
) -> Result<Reading, EventError> {
    let horizon = log::horizon(db)?;
    if from > horizon {
        return Err(EventError::OtherLog);
    }
    let wanted = question.wanted()?;
    let named = customers::list_wanted(db, &question.filter.customer)?;
    let is_nothing_wanted = wanted.is_empty() || named.as_ref().is_some_and(Vec::is_empty);
    let mut reading = Reading {
        events: Vec::new(),
        reached: from,
        has_more: true,
    };
    for _ in 0..READS_MAX {
        let (entries, up_to) = if is_nothing_wanted {
            (Vec::new(), horizon)
        } else {
            let up_to = stretch(db, reading.reached, horizon);
            (
                entries_after(db, question, &wanted, reading.reached, up_to)?,
                up_to,
            )
        };
        let is_read = i64::try_from(entries.len()).unwrap_or(i64::MAX) < ENTRIES_AT_ONCE;
        let concerned = concerned(db, question.types, &entries)?;
        let count = entries.len();
        for (index, entry) in entries.into_iter().enumerate() {
            reading.reached = entry.position();
            let customer = concerned.get(&entry.seq);
            let is_named = named
                .as_ref()
                .is_none_or(|ids| customer.is_some_and(|customer| ids.contains(&customer.id)));
            let of = question.types.find(&entry.action);
            let Some(of) =
                of.filter(|of| is_named && wanted.iter().any(|one| one.action == of.action))
            else {
                continue;
            };
            if question.filter.at_from.is_some_and(|from| entry.at < from)
                || !question.sees(of, customer)
            {
                continue;
            }
            reading.events.push(told(of, &entry, customer));
            if reading.events.len() == limit {
                reading.has_more = !is_read || index + 1 < count || up_to < horizon;
                return Ok(reading);
            }
        }
        if is_read {
            reading.reached = reading.reached.max(up_to);
            if up_to == horizon {
                reading.has_more = false;
                return Ok(reading);
            }
        }
    }
    Ok(reading)
}

/// How far one query reads.
fn stretch(db: &Db, from: Position, horizon: Position) -> Position {
    let seq = match db.backend() {
        Backend::Postgres => horizon.seq,
        Backend::Sqlite => horizon.seq.min(from.seq.saturating_add(ENTRIES_SORTED_MAX)),
    };
    Position { seq, ..horizon }
}

fn entries_after(
    db: &mut Db,
    question: &Question,
    wanted: &[&EventType],
    from: Position,
    up_to: Position,
) -> Result<Vec<LoggedEvent>, DbError> {
    let mut actions: Vec<&str> = wanted.iter().map(|of| of.action).collect();
    if actions.len() > TYPES_BY_INDEX {
        actions.clear();
    }
    let things = &question.filter.resource_id;
    let entity_ids: Vec<&str> = things.iter().map(kernel::text::Keyword::as_str).collect();
    let wanted = Wanted {
        actions: &actions,
        entity_ids: &entity_ids,
    };
    log::list_logged(db, wanted, from, up_to, ENTRIES_AT_ONCE)
}

/// The customers that entries concern, by the number of the entry.
fn concerned(
    db: &mut Db,
    types: EventTypes,
    entries: &[LoggedEvent],
) -> Result<BTreeMap<i64, Customer>, DbError> {
    let mut by_entry: BTreeMap<i64, Concerned> = BTreeMap::new();
    for entry in entries {
        let of = types.find(&entry.action);
        if let Some(concerned) = of.and_then(|of| Concerned::by(of, entry)) {
            by_entry.insert(entry.seq, concerned);
        }
    }
    let accounts: BTreeSet<CreditAccountId> =
        by_entry.values().filter_map(Concerned::account).collect();
    let owners = store::owners(db, &accounts.into_iter().collect::<Vec<_>>())?;
    let customer_of = |one: &Concerned| match one {
        Concerned::Customer(id) => Some(*id),
        Concerned::Account(id) => owners.get(id).copied(),
    };
    let ids: BTreeSet<CustomerId> = by_entry.values().filter_map(customer_of).collect();
    let found: BTreeMap<CustomerId, Customer> =
        customers::list_by_ids(db, &ids.into_iter().collect::<Vec<_>>())?
            .into_iter()
            .map(|customer| (customer.id, customer))
            .collect();
    let known = by_entry.into_iter().filter_map(|(seq, one)| {
        let customer = found.get(&customer_of(&one)?)?;
        Some((seq, customer.clone()))
    });
    Ok(known.collect())
}

/// Whom an entry concerns, as far as it says so itself.
enum Concerned {
    Customer(CustomerId),
    Account(CreditAccountId),
}

impl Concerned {
    fn by(of: &EventType, entry: &LoggedEvent) -> Option<Concerned> {
        let named = |name: &str| {
            let (before, after) = (entry.before.as_deref(), entry.after.as_deref());
            text_of(of.payload, name, before, after)
        };
        if let Ok(id) = entry.entity_id.parse() {
            return Some(Concerned::Customer(id));
        }
        if let Some(id) = named("customer_id").and_then(|text| text.parse().ok()) {
            return Some(Concerned::Customer(id));
        }
        if let Ok(id) = entry.entity_id.parse() {
            return Some(Concerned::Account(id));
        }
        let id = named("account_id")?.parse().ok()?;
        Some(Concerned::Account(id))
    }

    const fn account(&self) -> Option<CreditAccountId> {
        match self {
            Concerned::Customer(_) => None,
            Concerned::Account(id) => Some(*id),
        }
    }
}

fn told(of: &EventType, entry: &LoggedEvent, customer: Option<&Customer>) -> Event {
    Event {
        id: rules::event_id(entry.id, entry.seq),
        r#type: of.action,
        version: of.version,
        timestamp: entry.at,
        sequence: entry.seq,
        resource_id: entry.entity_id.clone(),
        customer_id: customer.map(|customer| customer.id),
        customer_number: customer.map(|customer| customer.number.clone()),
        data: tell(of.payload, entry.before.as_deref(), entry.after.as_deref()),
        request_id: entry.request_id.clone(),
    }
}

/// One event, with its place in the log.
///
/// # Errors
/// When there is none for the reader.
pub fn find(
    db: &mut Db,
    types: EventTypes,
    reader: Option<&Caller>,
    id: EventId,
) -> Result<(Event, Position), EventError> {
    let entry = log::find_logged(db, rules::entry_number(id))?.ok_or(EventError::Missing)?;
    if rules::event_id(entry.id, entry.seq) != id {
        return Err(EventError::Missing);
    }
    let question = Question {
        types,
        reader,
        filter: &EventFilter::default(),
    };
    let of = types.find(&entry.action).ok_or(EventError::Missing)?;
    let concerned = concerned(db, types, std::slice::from_ref(&entry))?;
    let customer = concerned.get(&entry.seq);
    if !question.sees(of, customer) {
        return Err(EventError::Missing);
    }
    Ok((told(of, &entry, customer), entry.position()))
}
