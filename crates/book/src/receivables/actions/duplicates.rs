//! Money that a bank statement brought and that a ledger posts as well: flagged, so that nothing counts twice unseen.

use std::collections::{BTreeMap, BTreeSet};

use super::ReceivableError;
use super::receipts::change_receipt;
use crate::book::exposure::actions::Locked;
use crate::book::receivables::input::{NewReceipt, Origin};
use crate::book::receivables::model::{DocumentStatus, Receipt, ReceiptRef};
use crate::book::receivables::rules::{Described, is_twin, window};
use crate::book::receivables::store;
use crate::book::receivables::store::Window;
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::ReceiptId;
use kernel::text::{Note, Number};

/// The receipts of the book that new ones may be once more, each taken for one at most.
pub(super) struct Twins {
    /// Those of a bank statement for what a ledger posts, and the other way round.
    counterparts: BTreeMap<Side, Vec<Receipt>>,
    /// Those that a file said to be known elsewhere under a number.
    recognised: Vec<Receipt>,
    taken: BTreeSet<ReceiptId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Bank,
    Ledger,
}

const fn side(origin: Origin) -> Side {
    match origin {
        Origin::Bank => Side::Bank,
        Origin::Ledger => Side::Ledger,
    }
}

impl Twins {
    /// Reads what the book has of such money, in as many statements for many as for one.
    pub fn read(tx: &mut Tx, new: &[(&Locked, NewReceipt)]) -> Result<Twins, DbError> {
        let mut counterparts = BTreeMap::new();
        for origin in [Origin::Bank, Origin::Ledger] {
            let of_origin = new.iter().filter(|(_, new)| new.origin == origin);
            let windows: BTreeSet<Window> = of_origin
                .map(|(locked, new)| window(&described(locked, new)))
                .collect();
            let found = store::list_counterparts(tx, origin, &windows)?;
            counterparts.insert(side(origin), found);
        }
        let posted = new.iter().filter(|(_, new)| new.origin == Origin::Ledger);
        let numbers: Vec<&Number> = posted.map(|(_, new)| &new.number).collect();
        Ok(Twins {
            counterparts,
            recognised: store::list_recognised(tx, &numbers, DocumentStatus::Posted)?,
            taken: BTreeSet::new(),
        })
    }

    /// The receipt under which a file said that this money is in the book already.
    pub fn recognised(&self, locked: &Locked, new: &NewReceipt) -> Option<&Receipt> {
        self.recognised.iter().find(|known| {
            known.recognised_as.as_ref() == Some(&new.number)
                && known.customer_id == locked.account.customer_id
                && known.legal_entity_id == new.legal_entity
        })
    }

    /// The receipt that the new one may be once more; it is no other one's from now on.
    pub fn take(&mut self, locked: &Locked, new: &NewReceipt) -> Option<Receipt> {
        if let Some(known) = self.recognised(locked, new) {
            return Some(known.clone());
        }
        let asked = described(locked, new);
        let all = self.counterparts.get(&side(new.origin))?;
        let twin = all
            .iter()
            .find(|known| is_twin(&asked, known) && !self.taken.contains(&known.id))?;
        self.taken.insert(twin.id);
        Some(twin.clone())
    }
}

fn described(locked: &Locked, new: &NewReceipt) -> Described {
    Described {
        customer: locked.account.customer_id,
        legal_entity: new.legal_entity,
        amount: new.amount,
        day: new.receipt_date,
    }
}

/// What is told of receipts that may be others once more.
pub(super) fn tell(tx: &mut Tx, posted: &[Receipt]) -> Result<(), DbError> {
    let doubtful = posted
        .iter()
        .filter(|receipt| receipt.possible_duplicate_of.is_some());
    tx.record_all(
        doubtful
            .map(|receipt| Change::new("receipt.possible_duplicate", receipt.id).after(receipt))
            .collect(),
    )
}

/// Which of these receipts are money that a bank statement brought already, so that they need not be posted: each such
/// receipt remembers the number under which the other ledger has it, and is recognised by it from then on.
///
/// # Errors
/// When the database fails.
pub fn recognise_receipts(
    tx: &mut Tx,
    new: &[(&Locked, NewReceipt)],
) -> Result<Vec<Option<ReceiptId>>, DbError> {
    let mut twins = Twins::read(tx, new)?;
    let mut outcomes = Vec::with_capacity(new.len());
    for (locked, new) in new {
        let Some(before) = twins.take(locked, new) else {
            outcomes.push(None);
            continue;
        };
        outcomes.push(Some(before.id));
        if before.recognised_as.is_none() {
            let after = Receipt {
                recognised_as: Some(new.number.clone()),
                ..before.clone()
            };
            let saved = store::update_receipt_if_unchanged(tx, &after)?;
            // Its account is locked: who changed it did so before that, and the unit of work runs again.
            let after =
                saved.ok_or_else(|| DbError::Serialization("a receipt changed".to_owned()))?;
            let change = Change::new("receipt.recognised", after.id);
            tx.record(change.before(&before).after(&after))?;
        }
    }
    Ok(outcomes)
}

/// Says that a receipt is money of its own, and none that is in the book already.
///
/// # Errors
/// When the receipt is not there or reversed, changed since `version`, or is not taken for another one.
pub fn confirm_receipt(
    tx: &mut Tx,
    reference: &ReceiptRef,
    version: i64,
    reason: &Note,
) -> Result<Receipt, ReceivableError> {
    change_receipt(
        tx,
        reference,
        version,
        ("receipt.confirmed", reason),
        |receipt| match receipt.possible_duplicate_of.take() {
            Some(_) => Ok(()),
            None => Err(ReceivableError::NotDoubtful),
        },
    )
}
