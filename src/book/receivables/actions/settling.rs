//! Money on its way to invoices: planned over the invoices as they are under the lock, then written in one go.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::ReceivableError;
use crate::book::exposure::model::Exposure;
use crate::book::receivables::model::{DocumentRef, Invoice, InvoiceRef, Settlement, Source};
use crate::book::receivables::rules::{self, Candidate, Share};
use crate::book::receivables::store;
use crate::kernel::ids::{CustomerId, InvoiceId, SettlementId};
use crate::kernel::money::Money;
use crate::kernel::text::Number;
use crate::platform::db::{Change, Db, DbError, Tx};

/// Which invoices money is for.
#[derive(Debug, Clone)]
pub enum Application {
    /// These, with these amounts; what is left stays unapplied.
    Named(Vec<NamedApplication>),
    /// Whatever is open, the oldest first.
    OldestFirst,
    /// None: all of it stays unapplied.
    Nothing,
}

/// A part of some money for a named invoice.
#[derive(Debug, Clone)]
pub struct NamedApplication {
    pub invoice: InvoiceRef,
    pub amount: Money,
}

/// Money that can settle invoices: what a receipt or credit note has left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Funds {
    pub source: Source,
    pub customer_id: CustomerId,
    /// The first day on which it may count.
    pub there_on: NaiveDate,
    pub available: Money,
}

/// The invoices that a unit of work may settle, as they are after what it has settled so far, and how that came.
/// Their accounts must be locked before they are read.
pub(super) struct Settling {
    invoices: BTreeMap<InvoiceId, Invoice>,
    by_customer: BTreeMap<CustomerId, Vec<InvoiceId>>,
    by_number: BTreeMap<Number, InvoiceId>,
    /// Those that changed, as they were before.
    touched: BTreeMap<InvoiceId, Invoice>,
    rows: Vec<Settlement>,
}

impl Settling {
    /// Reads what these applications, each of a customer, may settle.
    pub fn read<'a>(
        db: &mut Db,
        applications: impl Iterator<Item = (CustomerId, &'a Application)>,
    ) -> Result<Settling, DbError> {
        let mut customers: BTreeSet<CustomerId> = BTreeSet::new();
        let mut references: Vec<&InvoiceRef> = Vec::new();
        for (customer, application) in applications {
            match application {
                Application::Named(named) => {
                    references.extend(named.iter().map(|one| &one.invoice));
                }
                Application::OldestFirst => {
                    customers.insert(customer);
                }
                Application::Nothing => {}
            }
        }
        let customers: Vec<CustomerId> = customers.into_iter().collect();
        let mut found = store::list_invoices_by_refs(db, &references)?;
        found.extend(store::list_open_invoices(db, &customers)?);
        Ok(Settling::over(found))
    }

    fn over(found: Vec<Invoice>) -> Settling {
        let mut settling = Settling {
            invoices: BTreeMap::new(),
            by_customer: BTreeMap::new(),
            by_number: BTreeMap::new(),
            touched: BTreeMap::new(),
            rows: Vec::new(),
        };
        for invoice in found {
            settling
                .by_number
                .insert(invoice.number.clone(), invoice.id);
            let (id, customer) = (invoice.id, invoice.customer_id);
            if settling.invoices.insert(id, invoice).is_none() {
                settling.by_customer.entry(customer).or_default().push(id);
            }
        }
        settling
    }

    /// Settles invoices with the funds, and gives how much of them was used.
    ///
    /// # Errors
    /// When an invoice that is named is unknown or another customer's, or more is applied than is open or there.
    pub fn apply(
        &mut self,
        tx: &Tx,
        funds: &Funds,
        application: &Application,
    ) -> Result<i64, ReceivableError> {
        let shares = match application {
            Application::Named(named) => self.named_shares(funds, named)?,
            Application::OldestFirst => {
                let ids = self
                    .by_customer
                    .get(&funds.customer_id)
                    .into_iter()
                    .flatten();
                let candidates: Vec<Candidate> = ids
                    .filter_map(|id| self.invoices.get(id))
                    .map(candidate)
                    .collect();
                rules::oldest_first(funds.available.minor(), &candidates)
            }
            Application::Nothing => Vec::new(),
        };
        Ok(self.take(tx, funds, &shares))
    }

    fn named_shares(
        &self,
        funds: &Funds,
        named: &[NamedApplication],
    ) -> Result<Vec<Share>, ReceivableError> {
        let mut left = funds.available;
        let mut shares: Vec<Share> = Vec::new();
        for (index, one) in named.iter().enumerate() {
            let at = |field: &str| format!("/applications/{index}/{field}");
            let by = match one.invoice {
                DocumentRef::Id(_) => "invoice_id",
                DocumentRef::Number(_) => "invoice_number",
            };
            let invoice = self
                .find(&one.invoice)
                .ok_or_else(|| ReceivableError::NoSuchInvoice { pointer: at(by) })?;
            if invoice.customer_id != funds.customer_id {
                return Err(ReceivableError::OtherCustomer { pointer: at(by) });
            }
            let amount = one.amount;
            if amount.currency() != invoice.currency {
                return Err(ReceivableError::Currency {
                    given: amount.currency(),
                    expected: invoice.currency,
                });
            }
            if !amount.is_positive() {
                return Err(ReceivableError::NotPositive {
                    pointer: at("amount"),
                });
            }
            let shared_already = shares
                .iter()
                .filter(|share| share.invoice_id == invoice.id)
                .map(|share| share.amount_minor)
                .sum::<i64>();
            let open = invoice
                .open_minor
                .saturating_sub(shared_already)
                .min(left.minor());
            if amount.minor() > open {
                return Err(ReceivableError::OverApplied {
                    pointer: at("amount"),
                    amount,
                    available: invoice.money(open),
                });
            }
            left = invoice.money(left.minor().saturating_sub(amount.minor()));
            shares.push(Share {
                invoice_id: invoice.id,
                amount_minor: amount.minor(),
            });
        }
        Ok(shares)
    }

    fn find(&self, reference: &InvoiceRef) -> Option<&Invoice> {
        match reference {
            DocumentRef::Id(id) => self.invoices.get(id),
            DocumentRef::Number(number) => self.invoices.get(self.by_number.get(number)?),
        }
    }

    fn take(&mut self, tx: &Tx, funds: &Funds, shares: &[Share]) -> i64 {
        let mut used = 0;
        for share in shares {
            let Some(invoice) = self.invoices.get(&share.invoice_id) else {
                continue;
            };
            used += share.amount_minor;
            let effective_on = rules::effective_on(funds.there_on, invoice.invoice_date);
            self.add(Settlement {
                id: SettlementId::new(),
                invoice_id: share.invoice_id,
                customer_id: funds.customer_id,
                receipt_id: funds.source.receipt(),
                credit_note_id: funds.source.credit_note(),
                amount_minor: share.amount_minor,
                effective_on,
                reverses_id: None,
                created_by: tx.caller().subject.to_string(),
                created_at: tx.now(),
            });
        }
        used
    }

    /// Undoes all that a receipt or credit note settled and that stands.
    pub fn undo(tx: &mut Tx, source: Source) -> Result<Settling, DbError> {
        let all = store::list_settlements_of(tx, source)?;
        let undone: BTreeSet<SettlementId> = all.iter().filter_map(|row| row.reverses_id).collect();
        let standing: Vec<&Settlement> = all
            .iter()
            .filter(|row| row.reverses_id.is_none() && !undone.contains(&row.id))
            .collect();
        let references: Vec<InvoiceRef> = standing
            .iter()
            .map(|row| DocumentRef::Id(row.invoice_id))
            .collect();
        let references: Vec<&InvoiceRef> = references.iter().collect();
        let mut settling = Settling::over(store::list_invoices_by_refs(tx, &references)?);
        for row in standing {
            settling.add(Settlement {
                id: SettlementId::new(),
                amount_minor: row.amount_minor.saturating_neg(),
                effective_on: rules::undone_on(tx.today(), row.effective_on),
                reverses_id: Some(row.id),
                created_by: tx.caller().subject.to_string(),
                created_at: tx.now(),
                ..row.clone()
            });
        }
        Ok(settling)
    }

    fn add(&mut self, row: Settlement) {
        if let Some(invoice) = self.invoices.get_mut(&row.invoice_id) {
            self.touched
                .entry(invoice.id)
                .or_insert_with(|| invoice.clone());
            invoice.open_minor = invoice.open_minor.saturating_sub(row.amount_minor);
            invoice.status = rules::status_of(invoice.amount_minor, invoice.open_minor);
            self.rows.push(row);
        }
    }
}

fn candidate(invoice: &Invoice) -> Candidate {
    Candidate {
        invoice_id: invoice.id,
        due_date: invoice.due_date,
        invoice_date: invoice.invoice_date,
        number: invoice.number.clone(),
        open_minor: invoice.open_minor,
    }
}

/// Writes what was planned. Every settlement of an invoice, and every undoing of one, goes through here; what it
/// changes in each customer's exposure is for the caller to post, together with its own document.
///
/// Settling 60.00 takes 60.00 from what is receivable and 60.00 from what is unapplied.
pub(super) fn settle(
    tx: &mut Tx,
    settling: &Settling,
) -> Result<BTreeMap<CustomerId, Exposure>, DbError> {
    let mut changes: BTreeMap<CustomerId, Exposure> = BTreeMap::new();
    if settling.rows.is_empty() {
        return Ok(changes);
    }
    store::insert_settlements(tx, &settling.rows)?;
    let after: Vec<Invoice> = settling
        .touched
        .keys()
        .filter_map(|id| settling.invoices.get(id))
        .map(|invoice| Invoice {
            version: invoice.version + 1,
            ..invoice.clone()
        })
        .collect();
    store::save_balances(tx, &after)?;
    let entries = settling.touched.values().zip(&after);
    tx.record_all(
        entries
            .map(|(before, after)| {
                Change::new("invoice.settled", after.id)
                    .before(before)
                    .after(after)
            })
            .collect(),
    )?;
    for row in &settling.rows {
        let change = Exposure {
            receivable_minor: row.amount_minor,
            unapplied_minor: row.amount_minor,
            ..Exposure::default()
        };
        *changes.entry(row.customer_id).or_default() += -change;
    }
    Ok(changes)
}
