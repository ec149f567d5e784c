//! From the log to what is sent: deliveries are made, taken, and written off.

use std::collections::BTreeMap;

use chrono::Duration;
use serde_json::{Value, json};

use super::actions::{self, WebhookError};
use super::events::{AVAILABLE, MOVES, TESTED};
use super::model::{Delivery, DeliveryStatus, DisabledBecause, Endpoint, EndpointStatus};
use super::rules::{FAILING_HOURS_MAX, Meaning, is_told, meaning, signature, wait_after};
use super::secrets::Vault;
use super::sender::{Attempt, Message};
use super::store;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::exposure::actions::read_available;
use crate::connect::events::actions::{EventError, Question, Reading, find, read_on};
use crate::connect::events::input::EventFilter;
use crate::connect::events::model::{Event, EventTypes};
use crate::connect::events::store::owners;
use crate::platform::db::{Db, DbError, Tx, fault};
use crate::platform::events::store as log;
use crate::platform::http::trace;
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, EventId, WebhookDeliveryId, WebhookEndpointId};

/// How many events are made deliveries at once.
const EVENTS_AT_ONCE: usize = 200;

/// As many deliveries of an endpoint wait to be tried at most: what happens beyond that stays in the log until there is room.
/// Those that may not be tried yet, because an earlier one about the same resource waits, do not count.
const UNTRIED_MAX: i64 = 1_000;

/// As many wait at most with those that were refused, and those behind them: what an endpoint always refuses must not keep the
/// rest from it.
const WAITING_MAX: i64 = 20_000;

/// How many are sent to an endpoint at once.
const SENT_AT_ONCE: i64 = 8;

/// How long a server has a delivery for itself: longer than an attempt may take.
const LEASE_SECONDS: i64 = 60;

/// An endpoint that wants nothing of what happens is moved on when it lies so far behind, so that not all of it is read
/// again and again.
const BEHIND_MAX: i64 = 2_000;

/// A delivery that this server sends now.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub delivery: Delivery,
    pub lease: Instant,
    pub message: Message,
}

/// Reads what an endpoint wants of the log beyond its place, without a lock; none when there is nothing to write down.
///
/// # Errors
/// When the database fails.
pub fn read_news(
    db: &mut Db,
    types: EventTypes,
    endpoint: &Endpoint,
) -> Result<Option<Reading>, EventError> {
    let from = endpoint.position();
    let horizon = log::horizon(db)?;
    if from > horizon {
        // A dump was loaded into another cluster, which counts its transactions from the beginning.
        tracing::warn!(
            endpoint = %endpoint.id,
            "the log has other transaction numbers than before; the endpoint begins at its end"
        );
        return Ok(Some(Reading {
            events: Vec::new(),
            reached: horizon,
            has_more: false,
        }));
    }
    if !log::has_entries(db, from, horizon)? {
        return Ok(None);
    }
    let is_full = store::count_pending(db, endpoint.id)? >= WAITING_MAX
        || store::count_untried(db, endpoint.id)? >= UNTRIED_MAX;
    if is_full {
        return Ok(None);
    }
    let named = endpoint.types()?;
    let wants = |of: &str| {
        let is_named = named.is_empty() || named.iter().any(|name| name.as_str() == of);
        is_named && types.find(of).is_some_and(|of| is_told(of.roles))
    };
    let mut wanted = named.clone();
    if !named.is_empty() {
        wanted.extend(TESTED.parse());
        let moves = MOVES.iter().filter(|_| wants(AVAILABLE));
        wanted.extend(moves.filter_map(|of| of.parse().ok()));
    }
    let filter = EventFilter {
        r#type: wanted,
        ..EventFilter::default()
    };
    let question = Question {
        types,
        reader: None,
        filter: &filter,
    };
    let mut reading = read_on(db, &question, from, EVENTS_AT_ONCE)?;
    let moved = if wants(AVAILABLE) {
        moved_accounts(types, &reading.events)
    } else {
        Vec::new()
    };
    let own = endpoint.id.to_string();
    reading.events.retain(|event| match event.r#type {
        TESTED => event.resource_id == own,
        of => wants(of),
    });
    reading.events.extend(moved);
    let (to, from) = (reading.reached, endpoint.position());
    let is_far = to.seq - from.seq > BEHIND_MAX
        || to.transaction_id - from.transaction_id > BEHIND_MAX
        || reading.has_more;
    Ok((is_far || !reading.events.is_empty()).then_some(reading))
}

/// The accounts that may have another amount available after these events, each once: as events whose data is told when they
/// are sent.
fn moved_accounts(types: EventTypes, events: &[Event]) -> Vec<Event> {
    let Some(of) = types.find(AVAILABLE) else {
        return Vec::new();
    };
    let mut moved: BTreeMap<String, Event> = BTreeMap::new();
    for event in events.iter().filter(|event| MOVES.contains(&event.r#type)) {
        let named = event
            .data
            .get("account_id")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let account = named.unwrap_or_else(|| event.resource_id.clone());
        let follows = Event {
            id: EventId::new(),
            r#type: of.action,
            version: of.version,
            resource_id: account.clone(),
            data: Value::Null,
            ..event.clone()
        };
        moved.insert(account, follows);
    }
    moved.into_values().collect()
}

/// What an account has available now, as an event.
fn available(
    tx: &mut Tx,
    types: EventTypes,
    delivery: &Delivery,
) -> Result<Option<Event>, WebhookError> {
    let Ok(account) = delivery.resource_id.parse::<CreditAccountId>() else {
        return Ok(None);
    };
    let Some(customer) = owners(tx, &[account])?.remove(&account) else {
        return Ok(None);
    };
    let found = customers::find(tx, &CustomerRef::Id(customer))?;
    let (Some(found), Some(standing), Some(of)) =
        (found, read_available(tx, customer)?, types.find(AVAILABLE))
    else {
        return Ok(None);
    };
    let account = &standing.account;
    let available = standing.available_minor.map(|minor| account.money(minor));
    Ok(Some(Event {
        id: delivery.event_id,
        r#type: of.action,
        version: of.version,
        timestamp: tx.now(),
        sequence: delivery.seq,
        resource_id: delivery.resource_id.clone(),
        customer_id: Some(customer),
        customer_number: Some(found.number),
        data: json!({
            "account_id": account.id, "currency": account.currency, "status": account.status,
            "limit_kind": account.limit_kind, "available": available,
        }),
        request_id: String::new(),
    }))
}

/// What is told of a delivery: the event as it stands in the log, or what follows from it; none when it is told no more.
fn event_of(
    tx: &mut Tx,
    types: EventTypes,
    delivery: &Delivery,
) -> Result<Option<Event>, WebhookError> {
    let of = types.find(&delivery.event_type);
    if of.is_none_or(|of| !is_told(of.roles)) {
        return Ok(None);
    }
    if delivery.event_type == AVAILABLE {
        return available(tx, types, delivery);
    }
    match find(tx, types, None, delivery.event_id) {
        Ok((event, _)) => Ok(Some(event)),
        Err(EventError::Missing) => Ok(None),
        Err(EventError::Db(error)) => Err(error.into()),
        Err(error) => Err(DbError::Document(error.to_string()).into()),
    }
}

/// Makes deliveries of what was read, and moves the endpoint on; nothing when it was moved or switched off meanwhile. Says
/// how many.
///
/// # Errors
/// When the database fails.
pub fn feed(tx: &mut Tx, read_for: &Endpoint, reading: &Reading) -> Result<usize, DbError> {
    let Some(endpoint) = store::lock(tx, read_for.id)? else {
        return Ok(0);
    };
    if endpoint.position() != read_for.position()
        || endpoint.status == EndpointStatus::Disabled
        || endpoint.event_types != read_for.event_types
    {
        return Ok(0);
    }
    fault("webhooks_fed")?;
    let now = tx.now();
    let accounts = reading
        .events
        .iter()
        .filter(|event| event.r#type == AVAILABLE);
    let accounts: Vec<&str> = accounts.map(|event| event.resource_id.as_str()).collect();
    let waiting = store::list_waiting(tx, endpoint.id, AVAILABLE, &accounts)?;
    let rows: Vec<Delivery> = reading
        .events
        .iter()
        .filter(|event| event.r#type != AVAILABLE || !waiting.contains(&event.resource_id))
        .map(|event| delivery_of(&endpoint, event, now))
        .collect();
    if !rows.is_empty() {
        store::insert_deliveries(tx, &rows)?;
    }
    store::move_on(tx, endpoint.id, reading.reached)?;
    Ok(rows.len())
}

fn delivery_of(endpoint: &Endpoint, event: &Event, now: Instant) -> Delivery {
    Delivery {
        id: WebhookDeliveryId::at(now),
        endpoint_id: endpoint.id,
        event_id: event.id,
        event_type: event.r#type.to_owned(),
        resource_id: event.resource_id.clone(),
        seq: event.sequence,
        status: DeliveryStatus::Pending,
        attempts: 0,
        next_attempt_at: Some(now),
        lease_until: None,
        attempted_at: None,
        answer_code: None,
        failure: None,
        duration_ms: None,
        created_at: now,
        ended_at: None,
    }
}

/// Takes what is due of an endpoint for this server, ready to be sent. `timestamp` is the clock on the wall.
///
/// # Errors
/// When the database fails, or the endpoint's secret can't be opened.
pub fn claim(
    tx: &mut Tx,
    types: EventTypes,
    vault: &Vault,
    id: WebhookEndpointId,
    timestamp: i64,
) -> Result<Vec<Claimed>, WebhookError> {
    let Some(endpoint) = store::lock(tx, id)? else {
        return Ok(Vec::new());
    };
    if endpoint.status == EndpointStatus::Disabled {
        return Ok(Vec::new());
    }
    let now = tx.now();
    let lease = now.plus(Duration::seconds(LEASE_SECONDS));
    let due = store::list_due(tx, id, now, SENT_AT_ONCE)?;
    let ids: Vec<WebhookDeliveryId> = due.iter().map(|delivery| delivery.id).collect();
    store::lease(tx, &ids, lease)?;
    let secrets = secrets(&endpoint, vault, now)?;
    let mut claimed = Vec::new();
    for delivery in due {
        let Some(event) = event_of(tx, types, &delivery)? else {
            end_unknown(tx, delivery, lease)?;
            continue;
        };
        let body =
            serde_json::to_string(&event).map_err(|error| DbError::Document(error.to_string()))?;
        let traceparent = trace::onward(&event.request_id);
        let event = delivery.event_id.to_string();
        let message = Message {
            url: endpoint.url.clone(),
            signature: signature(&secrets, &event, timestamp, &body),
            id: event,
            timestamp,
            body,
            traceparent,
        };
        claimed.push(Claimed {
            delivery,
            lease,
            message,
        });
    }
    fault("webhooks_claimed")?;
    Ok(claimed)
}

/// The secrets that sign now: the endpoint's, and the one before for as long as it was given. One that was sealed before
/// the server's own secret was replaced signs nothing, and holds up nothing.
fn secrets(endpoint: &Endpoint, vault: &Vault, now: Instant) -> Result<Vec<Vec<u8>>, WebhookError> {
    let mut secrets = vec![vault.open(&endpoint.secret)?];
    let overlaps = endpoint
        .previous_secret_until
        .is_some_and(|until| now < until);
    if let Some(previous) = endpoint.previous_secret.as_ref().filter(|_| overlaps) {
        match vault.open(previous) {
            Ok(previous) => secrets.push(previous),
            Err(error) => {
                tracing::warn!(endpoint = %endpoint.id, %error, "the secret before signs no more");
            }
        }
    }
    Ok(secrets)
}

fn end_unknown(tx: &mut Tx, delivery: Delivery, lease: Instant) -> Result<(), DbError> {
    let ended = Delivery {
        status: DeliveryStatus::Dead,
        next_attempt_at: None,
        failure: Some("event_gone".to_owned()),
        ended_at: Some(tx.now()),
        ..delivery
    };
    store::save_attempt(tx, &ended, lease)?;
    Ok(())
}

/// Writes down what came of an attempt: the delivery has ended, or is tried again later; and an endpoint that is gone, or
/// has received nothing for long, is switched off. `chance` is from 0 to 1,000.
///
/// # Errors
/// When the database fails.
pub fn finish(
    tx: &mut Tx,
    claimed: &Claimed,
    attempt: &Attempt,
    chance: u16,
) -> Result<(), WebhookError> {
    fault("webhooks_sent")?;
    let now = tx.now();
    let Some(endpoint) = store::lock(tx, claimed.delivery.endpoint_id)? else {
        return Ok(());
    };
    let attempts = claimed.delivery.attempts.saturating_add(1);
    let meaning = meaning(attempt.answer_code);
    let wait = wait_after(attempts, chance, attempt.retry_after);
    let status = match (meaning, wait) {
        (Meaning::Received, _) => DeliveryStatus::Delivered,
        (Meaning::Failed, Some(_)) => DeliveryStatus::Pending,
        (Meaning::Failed | Meaning::Gone, _) => DeliveryStatus::Dead,
    };
    let waits = status == DeliveryStatus::Pending;
    let after = Delivery {
        status,
        attempts,
        next_attempt_at: wait.filter(|_| waits).map(|wait| now.plus(wait)),
        attempted_at: Some(now),
        answer_code: attempt.answer_code.map(i32::from),
        failure: attempt.failure.map(str::to_owned),
        duration_ms: Some(attempt.duration_ms),
        ended_at: (!waits).then_some(now),
        ..claimed.delivery.clone()
    };
    if !store::save_attempt(tx, &after, claimed.lease)? {
        return Ok(());
    }
    fare(tx, &endpoint, meaning)
}

/// How an endpoint fares: since when it has received nothing, and whether that is too long.
fn fare(tx: &mut Tx, endpoint: &Endpoint, meaning: Meaning) -> Result<(), WebhookError> {
    let now = tx.now();
    match (meaning, endpoint.failing_since) {
        (Meaning::Received, None) => {}
        (Meaning::Received, Some(_)) => store::set_failing(tx, endpoint.id, None)?,
        _ if endpoint.status == EndpointStatus::Disabled => {}
        (Meaning::Gone, _) => {
            actions::switch_off(tx, endpoint, DisabledBecause::Gone, None)?;
        }
        (Meaning::Failed, None) => store::set_failing(tx, endpoint.id, Some(now))?,
        (Meaning::Failed, Some(since)) => {
            if since.plus(Duration::hours(FAILING_HOURS_MAX)) <= now {
                actions::switch_off(tx, endpoint, DisabledBecause::Failing, None)?;
            }
        }
    }
    Ok(())
}
