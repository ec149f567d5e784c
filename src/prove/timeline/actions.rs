//! Entries of the trail are noted with the customers whom they concern.

use std::collections::{BTreeMap, BTreeSet};

use super::model::TimelineEntry;
use super::rules::Concerned;
use super::store;
use crate::book::customers::store as customers;
use crate::connect::events::store::owners;
use crate::platform::db::{DbError, Tx};
use crate::platform::events::{EVENTS_AT_ONCE, Event, Subscription};
use kernel::ids::{CreditAccountId, CustomerId};

/// Stories follow everything that happens.
pub const CONCERNING: Subscription = Subscription {
    name: "timeline",
    actions: &[],
    at_once: EVENTS_AT_ONCE,
    handle: note,
};

fn note(tx: &mut Tx, events: &[Event]) -> Result<(), DbError> {
    let by_after = |event: &Event| Concerned::by(&event.entity_id, event.after.as_deref());
    let mut concerned: BTreeMap<i64, Concerned> = events
        .iter()
        .map(|event| (event.seq, by_after(event)))
        .collect();
    // What is gone tells whom it concerned by how it was.
    let of_nobody = concerned.iter().filter(|(_, one)| one.is_nobody());
    let of_nobody: Vec<i64> = of_nobody.map(|(seq, _)| *seq).collect();
    for (seq, before) in store::list_before(tx, &of_nobody)? {
        concerned.insert(seq, Concerned::by("", before.as_deref()));
    }
    let accounts: BTreeSet<CreditAccountId> = concerned
        .values()
        .flat_map(|one| one.accounts.iter().copied())
        .collect();
    let owners = owners(tx, &accounts.into_iter().collect::<Vec<_>>())?;
    let mut noted: BTreeSet<TimelineEntry> = BTreeSet::new();
    for (seq, one) in &concerned {
        let of_accounts = one.accounts.iter().filter_map(|id| owners.get(id));
        let all = one.customers.iter().chain(of_accounts);
        noted.extend(all.map(|customer| TimelineEntry {
            customer_id: *customer,
            seq: *seq,
        }));
    }
    let named: BTreeSet<CustomerId> = noted.iter().map(|one| one.customer_id).collect();
    let known: BTreeSet<CustomerId> =
        customers::list_by_ids(tx, &named.into_iter().collect::<Vec<_>>())?
            .into_iter()
            .map(|customer| customer.id)
            .collect();
    let rows: Vec<TimelineEntry> = noted
        .into_iter()
        .filter(|one| known.contains(&one.customer_id))
        .collect();
    store::insert(tx, &rows)
}
