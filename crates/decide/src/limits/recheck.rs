//! Orders that wait for credit are looked at again when something happened that may let them pass: money came, a limit
//! rose, another order gave its capacity back, another policy holds, another day has begun.
//!
//! They compete for what became free in the order in which they came. A recheck that releases an order takes capacity,
//! which lets nobody else pass and is no reason for another one. When it lets a reservation hold another amount, it is
//! told of that itself; it then looks once more, and finds one order less to release.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::blocks::question_again;
use super::check::reasons::{Reason, ReasonCode};
use super::desk::{self, CheckRequest};
use super::model::Waiting;
use super::store;
use crate::book::exposure::actions as exposure;
use crate::book::policy::actions as policies;
use crate::platform::db::{DbError, Tx};
use crate::platform::events::{EVENTS_AT_ONCE, Event, Subscription};
use kernel::ids::{CreditAccountId, CreditBlockId, CustomerId};

/// How many orders are decided at a time.
const PAGE: usize = 200;

/// How many orders, or accounts, are looked at in one go. Where room is made between two looks, the younger orders of the
/// second come before the older ones of the first, until the event that tells of it is followed.
const CHUNK: usize = 5_000;

/// Waiting orders follow what may let them pass.
pub const WAITING_ORDERS: Subscription = Subscription {
    name: "credit_blocks",
    actions: &[
        "additional_limit.granted",
        "business_day.begun",
        "credit_account.changed",
        "credit_account.entity_terms_set",
        "credit_account.payment_terms_set",
        "credit_account.limit_set",
        "credit_account.reinstated",
        "credit_account.unblocked",
        "credit_account.entity_unblocked",
        "credit_note.applied",
        "credit_note.posted",
        "customer.changed",
        "customer.moved",
        "exchange_rate.set",
        "exposure_entry.set",
        "import_feed.taken_over",
        "instrument.cleared",
        "invoice.cancelled",
        "invoice.settled",
        "invoice.sold",
        "policy.live",
        "portfolio_cap.changed",
        "portfolio_cap.removed",
        "receipt.applied",
        "receipt.posted",
        "reservation.amended",
        "reservation.captured",
        "reservation.expired",
        "reservation.released",
    ],
    at_once: EVENTS_AT_ONCE,
    handle: follow,
};

/// What a recheck wants to know of a thing: whose it is.
#[derive(Deserialize)]
struct Owned {
    customer_id: Option<CustomerId>,
    account_id: Option<CreditAccountId>,
}

/// Whose orders something may let pass.
#[derive(Debug, Default)]
struct Concerned {
    everybody: bool,
    customers: BTreeSet<CustomerId>,
    accounts: BTreeSet<CreditAccountId>,
}

impl Concerned {
    fn by(events: &[Event]) -> Result<Concerned, DbError> {
        let mut concerned = Concerned::default();
        for event in events {
            match event.action.as_str() {
                // A limit may hold from today; who leaves a group or a cap makes room there, and the event does not say
                // which it was.
                "business_day.begun"
                | "customer.changed"
                | "customer.moved"
                | "exchange_rate.set"
                | "import_feed.taken_over"
                | "policy.live"
                | "portfolio_cap.changed"
                | "portfolio_cap.removed" => concerned.everybody = true,
                action if action.starts_with("credit_account.") => {
                    let account: Option<CreditAccountId> = event.entity_id.parse().ok();
                    concerned.accounts.extend(account);
                }
                _ => {
                    let owned: Owned = event.read()?;
                    concerned.customers.extend(owned.customer_id);
                    concerned.accounts.extend(owned.account_id);
                }
            }
        }
        Ok(concerned)
    }
}

/// Looks at the orders of the customers concerned, and of everybody in their groups. Most will wait on, and their
/// accounts are not locked.
fn follow(tx: &mut Tx, events: &[Event]) -> Result<(), DbError> {
    let waiting = store::list_waiting(tx)?;
    if waiting.is_empty() {
        return Ok(());
    }
    let waiting = of_concerned(tx, Concerned::by(events)?, waiting)?;
    let mut hopeful = Vec::new();
    let mut customers = BTreeSet::new();
    for chunk in waiting.chunks(CHUNK) {
        let (orders, asked) = read_questions(tx, chunk)?;
        for ((id, customer), passes) in orders.into_iter().zip(desk::would_pass(tx, &asked)?) {
            if passes {
                hopeful.push(id);
                customers.insert(customer);
            }
        }
    }
    // All at once, so that the order of the locks is the same for everybody.
    exposure::lock_all(tx, &customers)?;
    for page in hopeful.chunks(PAGE) {
        let (_, asked) = read_questions(tx, page)?;
        desk::recheck_all(tx, &asked)?;
    }
    Ok(())
}

/// The waiting orders of these customers, of all who are in a group with them, and those that a cap holds back; the
/// oldest first.
fn of_concerned(
    tx: &mut Tx,
    mut concerned: Concerned,
    waiting: Vec<Waiting>,
) -> Result<Vec<CreditBlockId>, DbError> {
    if concerned.everybody {
        return Ok(waiting.into_iter().map(|order| order.id).collect());
    }
    let accounts: Vec<CreditAccountId> = concerned.accounts.into_iter().collect();
    for chunk in accounts.chunks(CHUNK) {
        let customers = store::list_customers_of(tx, chunk)?;
        concerned.customers.extend(customers);
    }
    let mut everybody = concerned.customers.clone();
    everybody.extend(waiting.iter().map(|order| order.customer_id));
    let lines = exposure::lines(tx, &everybody)?;
    let head = |customer: &CustomerId| {
        let line = lines.get(customer);
        line.and_then(|line| line.last())
            .copied()
            .unwrap_or(*customer)
    };
    let heads: BTreeSet<CustomerId> = concerned.customers.iter().map(head).collect();
    Ok(waiting
        .iter()
        .filter(|order| heads.contains(&head(&order.customer_id)) || waits_at_cap(order))
        .map(|order| order.id)
        .collect())
}

/// Whether an order waits for room under a cap of ours, which anybody may make.
fn waits_at_cap(order: &Waiting) -> bool {
    let reasons: Vec<Reason> = serde_json::from_str(&order.reasons).unwrap_or_default();
    let is_cap = |code: ReasonCode| code.is_about_others() && code != ReasonCode::GroupLimit;
    reasons.iter().any(|reason| is_cap(reason.code))
}

/// The credit block of an order that waits, and its customer.
type Order = (CreditBlockId, CustomerId);

/// The checks of these orders, to be made again by netterms, each with its credit block and customer.
fn read_questions(
    tx: &mut Tx,
    ids: &[CreditBlockId],
) -> Result<(Vec<Order>, Vec<CheckRequest>), DbError> {
    let (policy, caller, now) = (policies::live(tx)?, tx.caller(), tx.now());
    let mut found = (Vec::new(), Vec::new());
    for (block, check) in store::list_waiting_with_checks(tx, ids)? {
        let asked = question_again(caller, &block, &check, &policy, now)?;
        found.0.push((block.id, block.customer_id));
        found.1.push(asked);
    }
    Ok(found)
}
