//! The orders that a batch is about: what they have already, and what they take and open.

use std::collections::BTreeMap;

use super::prefetch::Opened;
use super::{Asked, Errand};
use crate::book::exposure::model::AdditionalLimit;
use crate::decide::limits::model::{CreditBlock, Reservation};
use crate::decide::limits::record::Record;
use crate::decide::limits::store;
use crate::platform::db::{Db, DbError};
use crate::platform::http::{Code, Problem};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, CustomerId, LimitCheckId};

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
    /// By how much each account's reservations grow.
    pub taken: BTreeMap<CreditAccountId, i64>,
}

/// Whom a check is about, and what its order has already.
pub struct Subject {
    pub customer: CustomerId,
    pub account: CreditAccountId,
    pub reservation: Option<Reservation>,
    pub block: Option<CreditBlock>,
}

/// A check that was looked at.
pub struct Examined {
    pub check: LimitCheckId,
    pub subject: Subject,
    /// Until when it would reserve.
    pub expires_at: Instant,
    pub record: Record,
}

impl Orders {
    /// Reads what the orders have already, which for most is nothing.
    pub fn read(db: &mut Db, asked: &[Asked], opened: &Opened) -> Result<Orders, DbError> {
        let mut orders = Orders::default();
        let standing = &opened.standing;
        if !standing.reservations.is_empty() {
            orders.reservations = store::list_open_by_ids(db, &standing.reservations)?;
        }
        if !standing.waiting.is_empty() {
            orders.blocks = store::list_waiting_by_ids(db, &standing.waiting)?;
        }
        let amended = asked
            .iter()
            .filter(|one| matches!(one.errand, Errand::Amend(_)));
        let amended: Vec<store::Order> = amended
            .filter_map(|one| {
                let customer = opened.customers.get(&one.input.customer())?;
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

impl Examined {
    /// What credit the check asks for, in the account's currency; nothing when that can't be told.
    pub fn net_minor(&self) -> i64 {
        let credit = self.record.facts.credit(&self.record.question);
        credit.map_or(0, |credit| credit.net_minor)
    }
}

impl Subject {
    /// An order is reserved once: again is a mistake, more or less is an amendment. One that waits for credit waits.
    pub fn check(&self, asked: &Asked) -> Result<(), Problem> {
        let exists = |code, id: String| {
            Err(Problem::new(code)
                .with("order_number", asked.input.order().unwrap_or_default())
                .with("existing_id", id))
        };
        match (asked.errand, &self.reservation, &self.block) {
            (Errand::Check, Some(reservation), _) if asked.input.reserves() => {
                exists(Code::ReservationExists, reservation.id.to_string())
            }
            (Errand::Check | Errand::Amend(_), _, Some(block)) if asked.input.reserves() => {
                exists(Code::CreditBlockExists, block.id.to_string())
            }
            (Errand::Amend(id), reservation, _)
                if reservation.as_ref().map(|reservation| reservation.id) != Some(id) =>
            {
                Err(Problem::ended("reservation", "ended"))
            }
            (Errand::Amend(_), Some(reservation), _)
                if asked.input.amount.money().currency() == reservation.currency
                    && asked.input.amount.money().minor() <= reservation.captured_minor =>
            {
                Err(Problem::invalid(
                    "/amount",
                    "below_captured",
                    "must be more than what was captured already; release the rest instead",
                ))
            }
            (Errand::Recheck(id) | Errand::RecheckAmendment(id), _, block)
                if block.as_ref().map(|block| block.id) != Some(id) =>
            {
                Err(Problem::not_found("credit block"))
            }
            // There is nothing left to amend; reserving the whole anew would count twice what was invoiced.
            (Errand::RecheckAmendment(_), None, _) => Err(Problem::ended("reservation", "ended")),
            _ => Ok(()),
        }
    }
}
