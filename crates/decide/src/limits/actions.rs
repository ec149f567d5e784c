//! What is done with reservations once they are taken.
//!
//! Every use case locks the customer's account first, then reads the reservation, so that a release, a capture and
//! the sweeper can never both end it.

use std::collections::{BTreeMap, BTreeSet};

use super::check::reserved_until;
use super::error::LimitsError;
use super::input::{AmendIn, LimitCheckIn};
use super::model::{DEFAULT_PURPOSE, Reservation, ReservationStatus};
use super::store;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::{self as exposure, Locked, orders};
use crate::book::exposure::model::{BalanceKey, Exposure, Remainder};
use crate::book::exposure::rules::orders::capturable_minor;
use crate::book::policy::actions as policies;
use crate::book::receivables::actions as receivables;
use crate::book::receivables::input::NewInvoice;
use crate::book::receivables::model::Invoice;
use crate::platform::db::{Change, Db, DbError, Tx};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::{CustomerId, ReservationId};
use kernel::money::Money;

/// How many reservations one sweep ends at most: the next begins where it stopped.
const SWEEP_MAX: i64 = 1_000;

/// The reservation with its account locked.
///
/// # Errors
/// When there is none, or its customer is hidden from the caller.
pub fn lock(tx: &mut Tx, id: ReservationId) -> Result<(Locked, Reservation), LimitsError> {
    let missing = || LimitsError::Missing("reservation");
    let found = store::find_reservation(tx, id)?.ok_or_else(missing)?;
    let caller = tx.caller();
    visible(tx, caller, found.customer_id)?.ok_or_else(missing)?;
    let locked = exposure::lock(tx, found.customer_id)?;
    // Only what is read under the lock is true.
    let reservation = store::find_reservation(tx, id)?.ok_or_else(missing)?;
    Ok((locked, reservation))
}

/// Gives back what the reservation still holds. Releasing it again changes nothing and gives the same answer.
///
/// # Errors
/// When it was captured or expired.
pub fn release(tx: &mut Tx, id: ReservationId, reason: &str) -> Result<Reservation, LimitsError> {
    let (locked, reservation) = lock(tx, id)?;
    if reservation.status == ReservationStatus::Released {
        return Ok(reservation);
    }
    refuse_ended(&reservation, tx.now())?;
    let held = reservation.remaining_minor();
    let mut after = reservation.clone();
    after.status = ReservationStatus::Released;
    after.ended_at = Some(tx.now());
    after.end_reason = Some(reason.to_owned());
    exposure::post(tx, &locked, reservation.key(), -Exposure::reserved(held))?;
    save(tx, "reservation.released", &reservation, &after, reason)
}

/// Lets the reservation hold until later.
///
/// # Errors
/// When it has ended, or the policy does not allow so long.
pub fn extend(
    tx: &mut Tx,
    id: ReservationId,
    reserve_until: Instant,
) -> Result<Reservation, LimitsError> {
    let (_, reservation) = lock(tx, id)?;
    refuse_ended(&reservation, tx.now())?;
    let policy = policies::live(tx)?;
    let mut after = reservation.clone();
    after.expires_at = reserved_until(&policy.document, Some(reserve_until), tx.now())?;
    save(tx, "reservation.extended", &reservation, &after, "")
}

/// The check that amending a reservation asks for: the same order with another amount.
///
/// # Errors
/// When there is no such reservation for the caller.
pub fn to_amend(
    db: &mut Db,
    caller: &Caller,
    id: ReservationId,
    input: &AmendIn,
) -> Result<LimitCheckIn, LimitsError> {
    let missing = || LimitsError::Missing("reservation");
    let reservation = store::find_reservation(db, id)?.ok_or_else(missing)?;
    visible(db, caller, reservation.customer_id)?.ok_or_else(missing)?;
    Ok(LimitCheckIn {
        payment_terms: None,
        customer: CustomerRef::Id(reservation.customer_id),
        order_number: Some(reservation.order_number.parse().map_err(unreadable)?),
        purpose: Some(reservation.purpose.parse().map_err(unreadable)?),
        amount: input.amount,
        net_days: input.net_days,
        checkpoint: None,
        prepaid: None,
        reserve: Some(true),
        reserve_until: None,
        dry_run: None,
        legal_entity: EntityRef::named(reservation.legal_entity_id),
    })
}

/// Turns the reservation, or a part of it, into an invoice: capacity moves from reserved to receivable in one unit of
/// work, and is counted once at every moment. A capture never fails for want of limit.
///
/// # Errors
/// When the reservation has ended or the invoice's number is taken, or the amount is in another currency or
/// more than what is left with the policy's tolerance.
pub fn capture(
    tx: &mut Tx,
    id: ReservationId,
    new: NewInvoice,
    remainder: Remainder,
) -> Result<(Reservation, Invoice), LimitsError> {
    let (locked, reservation) = lock(tx, id)?;
    check_capture(tx, &reservation, new.amount)?;
    let order_number = reservation.order_number.parse().map_err(unreadable)?;
    let invoice = NewInvoice {
        order_number: Some(order_number),
        reservation_id: Some(id),
        legal_entity: reservation.legal_entity_id,
        ..new
    };
    let invoice = receivables::post_invoice(tx, &locked, invoice)?;
    let missing = || LimitsError::Missing("reservation");
    let after = store::find_reservation(tx, id)?.ok_or_else(missing)?;
    if remainder == Remainder::Keep || !after.status.is_open() {
        return Ok((after, invoice));
    }
    let mut ended = after.clone();
    ended.status = ReservationStatus::Captured;
    ended.ended_at = Some(tx.now());
    let held = Exposure::reserved(after.remaining_minor());
    exposure::post(tx, &locked, after.key(), -held)?;
    let ended = save(tx, "reservation.captured", &after, &ended, "")?;
    Ok((ended, invoice))
}

/// Whether `amount` may be captured: what is delivered of the order already, and what the reservation holds besides, with
/// the policy's tolerance.
fn check_capture(tx: &mut Tx, reservation: &Reservation, amount: Money) -> Result<(), LimitsError> {
    refuse_ended(reservation, tx.now())?;
    if amount.currency() != reservation.currency {
        return Err(LimitsError::Currency {
            given: amount.currency(),
            expected: reservation.currency,
        });
    }
    let tolerance = policies::live(tx)?
        .document
        .reservations
        .capture_tolerance_ppm;
    let delivered = if reservation.purpose == DEFAULT_PURPOSE {
        {
            let (account, order) = (reservation.account_id, &reservation.order_number);
            orders::delivered_minor(tx, account, order, reservation.key())?
        }
    } else {
        0
    };
    let most = capturable_minor(
        reservation.amount_minor,
        reservation.captured_minor,
        tolerance,
    )
    .saturating_add(delivered);
    if amount.minor() > most {
        return Err(LimitsError::Exceeded {
            amount,
            remaining: reservation.money(most),
        });
    }
    Ok(())
}

/// Ends reservations whose time has come, some at a time, and says how many. Any replica may do it at any moment.
///
/// # Errors
/// When the database fails.
pub fn expire_due(tx: &mut Tx) -> Result<usize, DbError> {
    let now = tx.now();
    let due = store::list_due(tx, now, SWEEP_MAX)?;
    let wanted: BTreeSet<CustomerId> = due.iter().map(|(_, customer)| *customer).collect();
    if wanted.is_empty() {
        return Ok(0);
    }
    let locked = exposure::lock_all(tx, &wanted)?;
    let ids: Vec<ReservationId> = due.iter().map(|(id, _)| *id).collect();
    let open: Vec<Reservation> = store::list_open_by_ids(tx, &ids)?
        .into_iter()
        .filter(|reservation| reservation.expires_at <= now)
        .collect();
    let mut held: BTreeMap<(CustomerId, BalanceKey), Exposure> = BTreeMap::new();
    for reservation in &open {
        let balance = (reservation.customer_id, reservation.key());
        *held.entry(balance).or_default() += Exposure::reserved(reservation.remaining_minor());
    }
    let changes: Vec<(&Locked, BalanceKey, Exposure)> = held
        .iter()
        .filter_map(|((customer, key), held)| Some((locked.get(customer)?, *key, -*held)))
        .collect();
    exposure::post_all(tx, &changes)?;
    let ids: Vec<ReservationId> = open.iter().map(|reservation| reservation.id).collect();
    store::expire(tx, &ids)?;
    tx.record_all(
        open.iter()
            .map(|reservation| {
                let expired = Reservation {
                    status: ReservationStatus::Expired,
                    ended_at: Some(now),
                    version: reservation.version.saturating_add(1),
                    ..reservation.clone()
                };
                Change::new("reservation.expired", reservation.id)
                    .before(reservation)
                    .after(&expired)
            })
            .collect(),
    )?;
    Ok(open.len())
}

/// The customer, unless it is hidden from the caller.
///
/// # Errors
/// When the database fails.
pub fn visible(
    db: &mut Db,
    caller: &Caller,
    customer: CustomerId,
) -> Result<Option<Customer>, DbError> {
    customers::find_visible(db, caller, &CustomerRef::Id(customer))
}

/// What is stored and can't be read.
pub fn unreadable(error: impl ToString) -> DbError {
    DbError::Document(error.to_string())
}

/// A reservation that has ended is refused, also one whose time is past and that nobody has swept yet.
fn refuse_ended(reservation: &Reservation, now: Instant) -> Result<(), LimitsError> {
    let status = reservation.status_at(now);
    if status.is_open() {
        return Ok(());
    }
    Err(LimitsError::Ended {
        thing: "reservation",
        status: status.to_string(),
    })
}

fn save(
    tx: &mut Tx,
    action: &'static str,
    before: &Reservation,
    after: &Reservation,
    reason: &str,
) -> Result<Reservation, LimitsError> {
    let after = store::update_reservation(tx, after)?;
    let change = Change::new(action, after.id).before(before).after(&after);
    tx.record(if reason.is_empty() {
        change
    } else {
        change.because(reason)
    })?;
    Ok(after)
}
