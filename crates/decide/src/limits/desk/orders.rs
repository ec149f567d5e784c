//! The orders that a batch is about: what they have already, and what they take and open.

use std::collections::BTreeMap;

use super::CheckRequest;
use super::prefetch::Prefetched;
use crate::book::exposure::model::{AdditionalLimit, BalanceKey};
use crate::decide::limits::check::CheckKind;
use crate::decide::limits::model::{CreditBlock, Reservation};
use crate::decide::limits::store;
use crate::platform::db::{Db, DbError};
use kernel::ids::CreditAccountId;

/// The reservations and credit blocks of the orders that are asked about.
#[derive(Default)]
pub struct Orders {
    /// Open ones, those of this batch included.
    pub reservations: Vec<Reservation>,
    pub blocks: Vec<CreditBlock>,
    /// Releases by credit of the orders that are amended.
    pub releases: Vec<CreditBlock>,
    pub new_reservations: Vec<Reservation>,
    pub amended: Vec<Reservation>,
    /// Those whose time was past when their orders were reserved again.
    pub expired: Vec<Reservation>,
    pub new_blocks: Vec<CreditBlock>,
    pub decided_blocks: Vec<CreditBlock>,
    /// One-time limits that orders of this batch used up, as they were read but for how they ended.
    pub consumed: Vec<AdditionalLimit>,
    /// By how much the reservations of each balance of an account grow.
    pub taken: BTreeMap<(CreditAccountId, BalanceKey), i64>,
}

impl Orders {
    /// Reads what the orders have already, which for most is nothing.
    pub fn read(
        db: &mut Db,
        asked: &[CheckRequest],
        prefetched: &Prefetched,
    ) -> Result<Orders, DbError> {
        let mut orders = Orders::default();
        let standing = &prefetched.standing;
        if !standing.reservations.is_empty() {
            orders.reservations = store::list_open_by_ids(db, &standing.reservations)?;
        }
        if !standing.waiting.is_empty() {
            orders.blocks = store::list_waiting_by_ids(db, &standing.waiting)?;
        }
        let amended = asked
            .iter()
            .filter(|one| matches!(one.kind, CheckKind::Amend(_)));
        let amended: Vec<store::Order> = amended
            .filter_map(|one| {
                let customer = prefetched.customers.get(&one.input.customer)?;
                Some((customer.id, one.input.order()?))
            })
            .collect();
        if !amended.is_empty() {
            orders.releases = store::list_releases(db, &amended)?;
        }
        Ok(orders)
    }

    /// Whether the batch makes rows alone, and changes none of those that were there.
    pub fn are_new(&self) -> bool {
        self.amended.is_empty()
            && self.expired.is_empty()
            && self.decided_blocks.is_empty()
            && self.consumed.is_empty()
    }

    /// Keeps an amended reservation, whether it was there before this batch or not.
    pub fn amend(&mut self, after: &Reservation) {
        let is_new = self.new_reservations.iter().any(|new| new.id == after.id);
        let list = if is_new {
            &mut self.new_reservations
        } else {
            &mut self.amended
        };
        for rows in [&mut self.reservations, list] {
            match rows.iter_mut().find(|row| row.id == after.id) {
                Some(row) => *row = after.clone(),
                None => rows.push(after.clone()),
            }
        }
    }
}
