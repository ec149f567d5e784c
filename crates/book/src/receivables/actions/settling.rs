//! Money on its way to items: planned over the invoices as they are under the lock, then written in one go.

mod crossing;
mod paying;
mod reading;
mod writing;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use super::ReceivableError;
use crate::book::customers::model::CustomerRef;
use crate::book::exchange_rates::rules::RateTable;
use crate::book::exposure::model::{BalanceKey, Exposure};
use crate::book::policy::model::Policy;
use crate::book::receivables::input::Rests;
use crate::book::receivables::model::{Invoice, InvoiceStatus, Item, Settlement, Source};
use crate::book::receivables::rules::OpenItem;
use crate::book::receivables::{rules, store};
use crate::platform::db::{DbError, Tx};
use kernel::ids::{CustomerId, InvoiceId, ItemId, LegalEntityId};
use kernel::money::{Currency, Money};
use kernel::text::Number;

pub(super) use paying::plain;
pub(super) use reading::named;
pub(super) use writing::{Owner, post, settle};

/// What changes in the balances of customers.
pub(super) type Changes = BTreeMap<(CustomerId, BalanceKey), Exposure>;

/// Money that can settle invoices: what a receipt or credit note has left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Funds {
    pub source: Source,
    pub customer_id: CustomerId,
    /// The balance that it is in.
    pub key: BalanceKey,
    /// The first day on which it may count.
    pub there_on: NaiveDate,
    /// The day of the money itself, by which discounts are taken.
    pub value_date: NaiveDate,
    pub available: Money,
    pub rests: Rests,
}

impl Funds {
    const fn owner(&self) -> Owner {
        (self.customer_id, self.key)
    }
}

/// A settlement to be written, with the balance that its money is taken from.
struct Row {
    settlement: Settlement,
    owner: Option<Owner>,
}

/// The invoices that a unit of work may settle, as they are after what it has settled so far, and how that came.
/// Their accounts must be locked before they are read.
pub(super) struct Settling {
    invoices: BTreeMap<InvoiceId, Invoice>,
    items: BTreeMap<InvoiceId, Vec<Item>>,
    by_customer: BTreeMap<CustomerId, Vec<InvoiceId>>,
    by_number: BTreeMap<(Number, LegalEntityId), InvoiceId>,
    /// Those that changed, as they were before.
    touched: BTreeMap<InvoiceId, Invoice>,
    changed_items: BTreeSet<ItemId>,
    rows: Vec<Row>,
    /// What was asked of the book once.
    policy: Option<Arc<Policy>>,
    rates: BTreeMap<(NaiveDate, BTreeSet<Currency>), RateTable>,
    debtors: HashMap<CustomerRef, CustomerId>,
    /// The heads of the groups of customers.
    heads: BTreeMap<CustomerId, CustomerId>,
}

/// How a plan stood, so that what is refused leaves nothing of itself.
struct Mark {
    rows: usize,
    invoices: Vec<(Invoice, Vec<Item>)>,
    /// Those of their items that had changed before.
    changed_items: BTreeSet<ItemId>,
}

impl Settling {
    /// What all of it gives back: how much less money is used afterwards.
    pub fn given_back_minor(&self) -> i64 {
        let used = self.rows.iter().map(|row| row.settlement.used_minor);
        -used.sum::<i64>()
    }

    fn mark(&self, invoices: impl IntoIterator<Item = InvoiceId>) -> Mark {
        let invoices = invoices.into_iter().filter_map(|id| {
            let items = self.items.get(&id).cloned().unwrap_or_default();
            Some((self.invoices.get(&id)?.clone(), items))
        });
        let invoices: Vec<(Invoice, Vec<Item>)> = invoices.collect();
        let items = invoices.iter().flat_map(|(_, items)| items);
        let changed_items = items
            .map(|item| item.id)
            .filter(|id| self.changed_items.contains(id))
            .collect();
        Mark {
            rows: self.rows.len(),
            invoices,
            changed_items,
        }
    }

    fn go_back(&mut self, mark: Mark) {
        self.rows.truncate(mark.rows);
        for (invoice, items) in mark.invoices {
            for item in &items {
                if !mark.changed_items.contains(&item.id) {
                    self.changed_items.remove(&item.id);
                }
            }
            self.items.insert(invoice.id, items);
            self.invoices.insert(invoice.id, invoice);
        }
    }

    fn items_of(&self, invoice: InvoiceId) -> &[Item] {
        self.items.get(&invoice).map_or(&[], Vec::as_slice)
    }

    fn item(&self, invoice: InvoiceId, id: ItemId) -> Option<&Item> {
        self.items_of(invoice).iter().find(|item| item.id == id)
    }

    /// Notes a settlement, and what it makes of its item and invoice.
    fn add(&mut self, settlement: Settlement, owner: Option<Owner>) {
        let Some(invoice) = self.invoices.get_mut(&settlement.invoice_id) else {
            return;
        };
        let of_item = self.items.get_mut(&invoice.id).and_then(|items| {
            items
                .iter_mut()
                .find(|item| Some(item.id) == settlement.item_id)
        });
        let Some(item) = of_item else {
            return;
        };
        self.touched
            .entry(invoice.id)
            .or_insert_with(|| invoice.clone());
        self.changed_items.insert(item.id);
        item.open_minor -= settlement.amount_minor;
        if item.open_minor == 0 {
            item.open_reason = None;
        }
        invoice.open_minor -= settlement.amount_minor;
        invoice.status = rules::status_of(invoice.amount_minor, invoice.open_minor);
        if invoice.sold_on.is_some() && invoice.open_minor > 0 {
            invoice.status = InvoiceStatus::Sold;
        }
        self.rows.push(Row { settlement, owner });
    }

    /// Spreads an amount over items of one invoice, the earliest due first, each part as the settlement that is made of it.
    pub fn spread(
        &mut self,
        items: &[Item],
        amount_minor: i64,
        settlement: impl Fn(&Item, i64) -> Settlement,
    ) {
        let open: Vec<OpenItem> = items.iter().map(paying::open_item).collect();
        for (id, minor) in rules::over_items(amount_minor, &open) {
            if let Some(item) = items.iter().find(|item| item.id == id) {
                self.add(settlement(item, minor), None);
            }
        }
    }

    /// Says why what is open of an item was not paid.
    fn leave_open(&mut self, invoice: InvoiceId, item: ItemId, reason: String) {
        let items = self.items.get_mut(&invoice);
        let found = items.and_then(|items| items.iter_mut().find(|one| one.id == item));
        if let Some(found) = found {
            found.open_reason = Some(reason);
            self.changed_items.insert(item);
        }
    }
}

/// The items over which an amount is spread.
pub(super) fn touched(items: &[Item], amount_minor: i64) -> Vec<ItemId> {
    let open: Vec<OpenItem> = items.iter().map(paying::open_item).collect();
    let parts = rules::over_items(amount_minor, &open).into_iter();
    parts.map(|(id, _)| id).collect()
}

/// Refuses an application from a day on when that much of the money was in use later.
pub(super) fn check_free(
    tx: &mut Tx,
    funds: &Funds,
    amount: Money,
    used_minor: i64,
) -> Result<(), ReceivableError> {
    // What is free today stays so: nothing that is undone counts from a later day than what it undoes.
    if funds.there_on >= tx.today() {
        return Ok(());
    }
    let rows = store::list_settlements_of(tx, funds.source)?;
    let settled = rows.iter().map(|row| (row.effective_on, row.used_minor));
    let mut uses: Vec<(NaiveDate, i64)> = settled.collect();
    if let Source::Receipt(receipt) = funds.source {
        for held in store::list_freed_refunds(tx, receipt)? {
            uses.push((held.from, held.minor));
            uses.push((held.until, -held.minor));
        }
    }
    match rules::free_from(amount.minor(), used_minor, &uses) {
        Some(day) if day > funds.there_on => Err(ReceivableError::InUse(day)),
        Some(_) => Ok(()),
        None => Err(ReceivableError::Stale),
    }
}

/// The unit of work must run again: what it locked is not all that it must lock.
pub(super) fn run_again() -> DbError {
    DbError::Serialization("an account that was not locked is to be settled".to_owned())
}
