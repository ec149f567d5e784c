//! What is delivered and invoiced of an order takes the place of what the order holds.
//!
//! Whoever comes here has locked the accounts. A reservation whose time is past is ended in passing: what it held must
//! not count beside what is delivered or invoiced now.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::{Locked, post_all};
use crate::book::exposure::model::{
    BalanceKey, DEFAULT_PURPOSE, EntryCategory, Exposure, ExposureEntry, OrderDocumentId,
    OrderInvoice, Reservation, ReservationCapture, ReservationStatus,
};
use crate::book::exposure::rules::orders::{self as rules, Delivery, OfOrder};
use crate::book::exposure::store::{entries, orders as store};
use crate::book::policy::actions as policies;
use crate::platform::db::{Change, DbError, Tx};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, CustomerId, ExposureEntryId, InvoiceId, ReservationId};
use kernel::text::Number;

/// An invoice that was posted for an order, on its locked account.
pub struct Billing<'a> {
    pub locked: &'a Locked,
    pub invoice: InvoiceId,
    pub order: &'a Number,
    /// The balance that the invoice counts in: it takes of what is held in the same.
    pub key: BalanceKey,
    pub amount_minor: i64,
    /// The reservation that is captured; the order's own when not given.
    pub reservation: Option<ReservationId>,
}

/// What an invoice found of its order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Billed {
    pub reservation: Option<ReservationId>,
    /// By how much it passed what the order had left, with the policy's tolerance.
    pub excess_minor: i64,
}

/// Takes invoices out of what their orders hold, in order: first out of what is delivered and not billed, then out of
/// their reservations. Exposure falls by what they take.
///
/// # Errors
/// When the database fails.
pub fn bill(tx: &mut Tx, billings: &[Billing]) -> Result<Vec<Billed>, DbError> {
    if billings.is_empty() {
        return Ok(Vec::new());
    }
    let mut orders = Orders::read(tx, billings)?;
    let tolerance_ppm = if orders.reservations.is_empty() {
        0
    } else {
        let policy = policies::live(tx)?;
        policy.document.reservations.capture_tolerance_ppm
    };
    let now = tx.now();
    let billed = billings
        .iter()
        .map(|billing| orders.bill(billing, tolerance_ppm, now))
        .collect();
    orders.save(tx)?;
    Ok(billed)
}

/// What is delivered of an order and not billed, in one balance.
///
/// # Errors
/// When the database fails.
pub fn delivered_minor(
    tx: &mut Tx,
    account: CreditAccountId,
    order: &str,
    key: BalanceKey,
) -> Result<i64, DbError> {
    let deliveries = store::list_deliveries(tx, &[account], &[order])?;
    let same = deliveries.iter().filter(|entry| entry.key() == key);
    Ok(same.map(|entry| entry.amount_minor).sum())
}

/// Gives an order back what a cancelled invoice took of it: deliveries are not billed again, and the reservation holds
/// again, where it still may. Where it expired or was released, what it held is a delivery under the invoice's number.
///
/// # Errors
/// When the database fails.
pub fn restore(
    tx: &mut Tx,
    locked: &Locked,
    invoice: InvoiceId,
    number: &Number,
    day: NaiveDate,
    key: BalanceKey,
) -> Result<(), DbError> {
    let Some(row) = store::find_invoice(tx, invoice)?.filter(|row| row.restored_at.is_none())
    else {
        return Ok(());
    };
    let mut orders = Orders::default();
    let back = row.delivered_minor.saturating_add(row.matched_minor);
    let deliveries = store::list_deliveries(tx, &[row.account_id], &[row.order_number.as_str()])?;
    let mut homeless = orders.give_back_to_deliveries(locked, deliveries, back);
    if let Some(id) = row.reservation_id {
        homeless =
            homeless.saturating_add(give_back_to_reservation(tx, &mut orders, locked, &row, id)?);
    }
    orders.save(tx)?;
    store::update_invoice(
        tx,
        &OrderInvoice {
            restored_at: Some(tx.now()),
            ..row.clone()
        },
    )?;
    if homeless > 0 {
        become_delivery(tx, locked, &row, number, day, key, homeless)?;
    }
    Ok(())
}

/// What of a cancelled invoice was captured goes back to its reservation; gives what that can't hold any more.
fn give_back_to_reservation(
    tx: &mut Tx,
    orders: &mut Orders,
    locked: &Locked,
    row: &OrderInvoice,
    id: ReservationId,
) -> Result<i64, DbError> {
    let document = OrderDocumentId::from_uuid(row.invoice_id.uuid());
    let captured = store::captured_minor(tx, id, document)?;
    let back = captured.saturating_sub(row.matched_minor).max(0);
    let found = store::list_reservations_by_ids(tx, &[id])?.pop();
    let Some(before) = found.filter(|_| back > 0) else {
        return Ok(0);
    };
    let given = if store::is_replaced(tx, &before)? {
        None
    } else {
        rules::given_back(&before, back, tx.now())
    };
    let Some(after) = given else {
        return Ok(back);
    };
    let capture = ReservationCapture::by_invoice(id, row.invoice_id, captured.saturating_sub(back));
    orders.captures.push(capture);
    orders.keep(locked, before, after);
    Ok(0)
}

/// States a delivery under the number of a cancelled invoice.
fn become_delivery(
    tx: &mut Tx,
    locked: &Locked,
    row: &OrderInvoice,
    number: &Number,
    day: NaiveDate,
    key: BalanceKey,
    minor: i64,
) -> Result<(), DbError> {
    let category = EntryCategory::DeliveredNotBilled;
    let before = entries::find(tx, row.account_id, category, number)?;
    let (subject, now) = (tx.caller().subject.clone(), tx.now());
    let after = match &before {
        Some(before) => ExposureEntry {
            stated_minor: before.stated_minor.saturating_add(minor),
            amount_minor: before.amount_minor.saturating_add(minor),
            set_by: subject,
            set_at: now,
            version: before.version.saturating_add(1),
            ..before.clone()
        },
        None => ExposureEntry {
            id: ExposureEntryId::new(),
            account_id: row.account_id,
            category,
            number: number.clone(),
            currency: key.currency,
            amount_minor: minor,
            entry_date: day,
            set_by: subject,
            set_at: now,
            version: 1,
            order_number: Some(row.order_number.clone()),
            stated_minor: minor,
            billed_minor: 0,
            legal_entity_id: key.legal_entity_id,
        },
    };
    post_all(tx, &[(locked, key, Exposure::of(category.into(), minor))])?;
    let change = Change::new("exposure_entry.set", after.id).after(&after);
    if let Some(before) = &before {
        entries::update(tx, &after)?;
        tx.record(change.before(before))
    } else {
        entries::insert(tx, &after)?;
        tx.record(change)
    }
}

/// Puts a delivery of an order in the place of what the order holds: `after` states what is delivered by now, and gets
/// what is billed of it. The reservation's exposure moves; that of the delivery is the caller's to move.
///
/// # Errors
/// When the database fails.
pub fn deliver(
    tx: &mut Tx,
    locked: &Locked,
    before: Option<&ExposureEntry>,
    after: &mut ExposureEntry,
    order: &Number,
) -> Result<(), DbError> {
    let mut orders = Orders::default();
    let customer = locked.account.customer_id;
    let found = store::list_reservations(tx, &[customer], &[order.as_str()])?;
    orders.add_found(tx.now(), found);
    let reservation = orders.of_order(customer, order).cloned();
    let Some(reservation) = reservation.filter(|reservation| reservation.key() == after.key())
    else {
        // Nothing to take the place of.
        return orders.save_with(tx, locked);
    };
    let document = OrderDocumentId::from_uuid(after.id.uuid());
    let captured_minor = store::captured_minor(tx, reservation.id, document)?;
    let linked = before.filter(|entry| entry.order_number.is_some());
    let was = Delivery {
        stated_minor: linked.map_or(0, |entry| entry.stated_minor),
        billed_minor: after.billed_minor,
        captured_minor,
    };
    let mut ahead: Vec<OrderInvoice> = store::list_invoices(tx, after.account_id, order.as_str())?;
    ahead.retain(|row| row.reservation_id == Some(reservation.id));
    let is = rules::restate(
        was,
        after.stated_minor,
        OfOrder {
            remaining_minor: reservation.remaining_minor(),
            ahead_minor: ahead.iter().map(OrderInvoice::ahead_minor).sum(),
            uncovered_minor: uncovered_minor(tx, &reservation, after)?,
        },
    );
    after.billed_minor = is.billed_minor;
    let mut matched = is.billed_minor.saturating_sub(was.billed_minor);
    for row in &mut ahead {
        let part = matched.min(row.ahead_minor());
        if part > 0 {
            row.matched_minor = row.matched_minor.saturating_add(part);
            matched = matched.saturating_sub(part);
            store::update_invoice(tx, row)?;
        }
    }
    let taken = is.captured_minor.saturating_sub(captured_minor);
    let moved = if taken >= 0 {
        Some(rules::captured(&reservation, taken, tx.now()))
    } else {
        rules::given_back(&reservation, taken.saturating_neg(), tx.now())
    };
    if let Some(moved) = moved.filter(|_| taken != 0) {
        let capture = ReservationCapture::by_entry(reservation.id, after.id, is.captured_minor);
        orders.captures.push(capture);
        orders.change(moved);
    }
    orders.save_with(tx, locked)
}

/// What other deliveries of the order have past what they took of its reservation.
fn uncovered_minor(
    tx: &mut Tx,
    reservation: &Reservation,
    entry: &ExposureEntry,
) -> Result<i64, DbError> {
    let number = reservation.order_number.as_str();
    let mut others = store::list_deliveries(tx, &[entry.account_id], &[number])?;
    others.retain(|other| other.id != entry.id && other.amount_minor > 0);
    let ids: Vec<OrderDocumentId> = others
        .iter()
        .map(|other| OrderDocumentId::from_uuid(other.id.uuid()))
        .collect();
    let captures = store::list_captures(tx, reservation.id, &ids)?;
    let by_document: HashMap<_, i64> = captures
        .iter()
        .map(|capture| (capture.document_id.uuid(), capture.captured_minor))
        .collect();
    Ok(others
        .iter()
        .map(|other| {
            let covered = by_document
                .get(&other.id.uuid())
                .copied()
                .unwrap_or_default();
            other.amount_minor.saturating_sub(covered).max(0)
        })
        .sum())
}

/// What orders hold and what was delivered of them, as it was and as it is by now.
#[derive(Default)]
struct Orders {
    reservations: BTreeMap<ReservationId, Moved<Reservation>>,
    /// Each order's own, by customer and number.
    by_order: HashMap<(CustomerId, String), ReservationId>,
    /// The oldest first.
    deliveries: Vec<Moved<ExposureEntry>>,
    by_delivery: HashMap<(CreditAccountId, String), Vec<usize>>,
    invoices: Vec<OrderInvoice>,
    captures: Vec<ReservationCapture>,
    locked: BTreeMap<CreditAccountId, Locked>,
    /// By how much exposure moves.
    exposure: BTreeMap<(CreditAccountId, BalanceKey), Exposure>,
}

struct Moved<T> {
    before: T,
    after: T,
}

impl Orders {
    fn read(tx: &mut Tx, billings: &[Billing]) -> Result<Orders, DbError> {
        let customers: BTreeSet<CustomerId> = billings
            .iter()
            .map(|billing| billing.locked.account.customer_id)
            .collect();
        let accounts: BTreeSet<CreditAccountId> = billings
            .iter()
            .map(|billing| billing.locked.account.id)
            .collect();
        let numbers: BTreeSet<&str> = billings.iter().map(|one| one.order.as_str()).collect();
        let customers: Vec<CustomerId> = customers.into_iter().collect();
        let accounts: Vec<CreditAccountId> = accounts.into_iter().collect();
        let numbers: Vec<&str> = numbers.into_iter().collect();
        let mut orders = Orders::default();
        let found = store::list_reservations(tx, &customers, &numbers)?;
        orders.add_found(tx.now(), found);
        let named: Vec<ReservationId> = billings.iter().filter_map(|one| one.reservation).collect();
        if !named.is_empty() {
            for reservation in store::list_reservations_by_ids(tx, &named)? {
                orders.add(reservation.clone(), reservation);
            }
        }
        for entry in store::list_deliveries(tx, &accounts, &numbers)? {
            orders.add_delivery(entry);
        }
        for billing in billings {
            orders.know(billing.locked);
        }
        Ok(orders)
    }

    fn know(&mut self, locked: &Locked) {
        self.locked
            .entry(locked.account.id)
            .or_insert_with(|| locked.clone());
    }

    /// Keeps the reservations of orders, the oldest first: an open one is its order's, else the last that was captured. One
    /// whose time is past ends.
    fn add_found(&mut self, now: Instant, found: Vec<Reservation>) {
        for before in found {
            let order = (before.customer_id, before.order_number.clone());
            let mut after = before.clone();
            after.status = before.status_at(now);
            if after.status == ReservationStatus::Expired {
                after.ended_at = Some(now);
                self.by_order.remove(&order);
            } else {
                let known = self.by_order.get(&order);
                let known = known.and_then(|id| self.reservations.get(id));
                if !known.is_some_and(|known| known.after.status.is_open()) {
                    self.by_order.insert(order, before.id);
                }
            }
            self.add(before, after);
        }
    }

    fn add(&mut self, before: Reservation, after: Reservation) {
        self.reservations
            .entry(before.id)
            .or_insert(Moved { before, after });
    }

    fn change(&mut self, after: Reservation) {
        if let Some(known) = self.reservations.get_mut(&after.id) {
            known.after = after;
        }
    }

    /// Keeps a reservation as it was and is now, with its account.
    fn keep(&mut self, locked: &Locked, before: Reservation, after: Reservation) {
        self.know(locked);
        self.add(before, after);
    }

    fn add_delivery(&mut self, entry: ExposureEntry) {
        if let Some(order) = &entry.order_number {
            let order = (entry.account_id, order.to_string());
            self.by_delivery
                .entry(order)
                .or_default()
                .push(self.deliveries.len());
        }
        self.deliveries.push(Moved {
            before: entry.clone(),
            after: entry,
        });
    }

    /// The order's own reservation. One that was captured for a part, and whose remainder was released, is none any more.
    fn of_order(&self, customer: CustomerId, order: &Number) -> Option<&Reservation> {
        let id = self.by_order.get(&(customer, order.to_string()))?;
        let reservation = &self.reservations.get(id)?.after;
        let is_whole = reservation.captured_minor >= reservation.amount_minor;
        (reservation.status.is_open() || is_whole).then_some(reservation)
    }

    fn bill(&mut self, billing: &Billing, tolerance_ppm: i64, now: Instant) -> Billed {
        let account = &billing.locked.account;
        let reservation = match billing.reservation {
            Some(id) => self.reservations.get(&id).map(|known| &known.after),
            None => self.of_order(account.customer_id, billing.order),
        }
        .filter(|reservation| reservation.key() == billing.key)
        .cloned();
        let is_order = |reservation: &Reservation| reservation.purpose == DEFAULT_PURPOSE;
        let deliveries = if reservation.as_ref().is_none_or(is_order) {
            let order = (account.id, billing.order.to_string());
            let mut found = self.by_delivery.get(&order).cloned().unwrap_or_default();
            found.retain(|at| {
                let delivery = self.deliveries.get(*at);
                delivery.is_some_and(|delivery| delivery.after.key() == billing.key)
            });
            found
        } else {
            Vec::new()
        };
        let delivered = deliveries
            .iter()
            .filter_map(|at| Some(self.deliveries.get(*at)?.after.amount_minor))
            .sum();
        let taken = rules::bill(
            billing.amount_minor,
            delivered,
            reservation.as_ref(),
            tolerance_ppm,
        );
        let mut left = taken.delivered_minor;
        for at in deliveries {
            if let Some(delivery) = self.deliveries.get_mut(at) {
                let part = left.min(delivery.after.amount_minor);
                bill_delivery(&mut delivery.after, part);
                left = left.saturating_sub(part);
            }
        }
        let id = reservation.as_ref().map(|reservation| reservation.id);
        if let Some(reservation) = &reservation {
            self.change(rules::captured(reservation, taken.captured_minor, now));
            self.captures.push(ReservationCapture::by_invoice(
                reservation.id,
                billing.invoice,
                taken.captured_minor,
            ));
        }
        if id.is_some() || taken.delivered_minor > 0 {
            self.invoices.push(OrderInvoice {
                invoice_id: billing.invoice,
                account_id: account.id,
                order_number: billing.order.clone(),
                reservation_id: id,
                amount_minor: billing.amount_minor,
                delivered_minor: taken.delivered_minor,
                matched_minor: 0,
                excess_minor: taken.excess_minor,
                restored_at: None,
            });
        }
        Billed {
            reservation: id,
            excess_minor: taken.excess_minor,
        }
    }

    /// Has deliveries not billed again, the last first; gives what they do not count any more, because they say less by
    /// now.
    fn give_back_to_deliveries(
        &mut self,
        locked: &Locked,
        deliveries: Vec<ExposureEntry>,
        minor: i64,
    ) -> i64 {
        self.know(locked);
        let (mut left, mut counted) = (minor, 0_i64);
        for entry in deliveries.into_iter().rev() {
            let part = left.min(entry.billed_minor);
            left = left.saturating_sub(part);
            let before = entry.amount_minor;
            self.add_delivery(entry);
            if let Some(delivery) = self.deliveries.last_mut() {
                bill_delivery(&mut delivery.after, part.saturating_neg());
                counted =
                    counted.saturating_add(delivery.after.amount_minor.saturating_sub(before));
            }
        }
        minor.saturating_sub(counted)
    }

    /// [`Orders::save`] for one account.
    fn save_with(mut self, tx: &mut Tx, locked: &Locked) -> Result<(), DbError> {
        self.know(locked);
        self.save(tx)
    }

    /// Writes what moved, moves exposure with it, and records it.
    fn save(mut self, tx: &mut Tx) -> Result<(), DbError> {
        let mut changes = Vec::new();
        let mut reservations = Vec::new();
        for moved in self.reservations.into_values() {
            let Moved { before, mut after } = moved;
            if before == after {
                continue;
            }
            after.version = before.version.saturating_add(1);
            let held = after.remaining_minor() - before.remaining_minor();
            *self
                .exposure
                .entry((after.account_id, after.key()))
                .or_default() += Exposure::reserved(held);
            let action = if after.status == ReservationStatus::Expired {
                "reservation.expired"
            } else if after.captured_minor < before.captured_minor {
                "reservation.reopened"
            } else {
                "reservation.captured"
            };
            changes.push(Change::new(action, after.id).before(&before).after(&after));
            reservations.push(after);
        }
        let mut deliveries = Vec::new();
        for moved in self.deliveries {
            let Moved { before, mut after } = moved;
            if before.billed_minor == after.billed_minor {
                continue;
            }
            after.version = before.version.saturating_add(1);
            let open = after.amount_minor - before.amount_minor;
            *self
                .exposure
                .entry((after.account_id, after.key()))
                .or_default() += Exposure::of(after.category.into(), open);
            let change = Change::new("exposure_entry.billed", after.id);
            changes.push(change.before(&before).after(&after));
            deliveries.push(after);
        }
        store::save_reservations(tx, &reservations)?;
        store::save_deliveries(tx, &deliveries)?;
        store::insert_invoices(tx, &self.invoices)?;
        store::save_captures(tx, &self.captures)?;
        let exposure: Vec<(&Locked, BalanceKey, Exposure)> = self
            .exposure
            .iter()
            .filter_map(|((account, key), exposure)| {
                Some((self.locked.get(account)?, *key, *exposure))
            })
            .collect();
        post_all(tx, &exposure)?;
        if changes.is_empty() {
            return Ok(());
        }
        tx.record_all(changes)
    }
}

/// Says that so much more of a delivery is billed.
fn bill_delivery(entry: &mut ExposureEntry, minor: i64) {
    entry.billed_minor = entry.billed_minor.saturating_add(minor);
    let delivery = Delivery {
        stated_minor: entry.stated_minor,
        billed_minor: entry.billed_minor,
        captured_minor: 0,
    };
    entry.amount_minor = delivery.open_minor();
}
