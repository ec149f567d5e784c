//! Money on its way to invoices: planned over the invoices as they are under the lock, then written in one go.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{ReceivableError, check_positive};
use crate::book::exposure::model::{BalanceKey, Exposure};
use crate::book::receivables::input::{Application, NamedApplication};
use crate::book::receivables::model::{
    DocumentRef, Invoice, InvoiceRef, InvoiceStatus, Settlement, Source,
};
use crate::book::receivables::rules::{Candidate, Share};
use crate::book::receivables::{rules, store};
use crate::platform::db::{Change, Db, DbError, Tx};
use kernel::ids::{CustomerId, InvoiceId, LegalEntityId, SettlementId};
use kernel::money::Money;
use kernel::text::Number;

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
    pub available: Money,
}

/// The invoices that a unit of work may settle, as they are after what it has settled so far, and how that came.
/// Their accounts must be locked before they are read.
pub(super) struct Settling {
    invoices: BTreeMap<InvoiceId, Invoice>,
    by_customer: BTreeMap<CustomerId, Vec<InvoiceId>>,
    by_number: BTreeMap<(Number, LegalEntityId), InvoiceId>,
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
                Application::AsFarAsOpen(invoice) => references.push(invoice),
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
            // A number names the living document.
            let is_living = invoice.status != InvoiceStatus::Cancelled;
            let number = (invoice.number.clone(), invoice.legal_entity_id);
            if is_living || !settling.by_number.contains_key(&number) {
                settling.by_number.insert(number, invoice.id);
            }
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
            Application::AsFarAsOpen(reference) => self.share_of(funds, reference)?,
            Application::OldestFirst => {
                let ids = self
                    .by_customer
                    .get(&funds.customer_id)
                    .into_iter()
                    .flatten();
                let candidates: Vec<Candidate> = ids
                    .filter_map(|id| self.invoices.get(id))
                    .filter(|invoice| invoice.key() == funds.key)
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
                .find(&one.invoice, funds.key.legal_entity_id)
                .ok_or_else(|| ReceivableError::NoSuchInvoice { pointer: at(by) })?;
            if invoice.customer_id != funds.customer_id {
                return Err(ReceivableError::OtherCustomer { pointer: at(by) });
            }
            check_same(invoice, funds, || at(by))?;
            let amount = one.amount;
            if amount.currency() != invoice.currency {
                return Err(ReceivableError::Currency {
                    given: amount.currency(),
                    expected: invoice.currency,
                });
            }
            check_positive(amount, &at("amount"))?;
            let shared_already = shares
                .iter()
                .filter(|share| share.invoice_id == invoice.id)
                .map(|share| share.amount_minor)
                .sum::<i64>();
            let open = (invoice.open_minor - shared_already).min(left.minor());
            if amount.minor() > open {
                return Err(ReceivableError::OverApplied {
                    pointer: at("amount"),
                    amount,
                    available: invoice.money(open),
                });
            }
            left = invoice.money(left.minor() - amount.minor());
            shares.push(Share {
                invoice_id: invoice.id,
                amount_minor: amount.minor(),
            });
        }
        Ok(shares)
    }

    /// What an invoice takes of the funds: as much as is open on it.
    fn share_of(
        &self,
        funds: &Funds,
        reference: &InvoiceRef,
    ) -> Result<Vec<Share>, ReceivableError> {
        let pointer = || "/invoice_number".to_owned();
        let invoice = self
            .find(reference, funds.key.legal_entity_id)
            .ok_or_else(|| ReceivableError::NoSuchInvoice { pointer: pointer() })?;
        if invoice.customer_id != funds.customer_id {
            return Err(ReceivableError::OtherCustomer { pointer: pointer() });
        }
        check_same(invoice, funds, pointer)?;
        let amount_minor = funds.available.minor().min(invoice.open_minor);
        let share = Share {
            invoice_id: invoice.id,
            amount_minor,
        };
        Ok((amount_minor > 0).then_some(share).into_iter().collect())
    }

    /// The invoice that is named: of several with one number that of the money's legal entity, else any of them.
    fn find(&self, reference: &InvoiceRef, entity: LegalEntityId) -> Option<&Invoice> {
        match reference {
            DocumentRef::Id(id) => self.invoices.get(id),
            DocumentRef::Number(number) => {
                let of_entity = self.by_number.get(&(number.clone(), entity));
                let of_any = || {
                    self.by_number
                        .iter()
                        .find(|((known, _), _)| known == number)
                };
                let id = of_entity.or_else(|| of_any().map(|(_, id)| id))?;
                self.invoices.get(id)
            }
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
                created_by: tx.caller().subject.clone(),
                created_at: tx.now(),
            });
        }
        used
    }

    /// Undoes all that a receipt or credit note settled, from a day on: also what was undone already from a later day.
    pub fn undo(tx: &mut Tx, source: Source, from: NaiveDate) -> Result<Settling, DbError> {
        let all = store::list_settlements_of(tx, source)?;
        Settling::undo_rows(tx, &rules::taken_back_from(&all, from))
    }

    /// Undoes what a receipt or credit note settles now of an invoice, or of all of them, from a day on.
    pub fn undo_standing(
        tx: &mut Tx,
        source: Source,
        invoice: Option<&InvoiceRef>,
        from: NaiveDate,
    ) -> Result<Settling, ReceivableError> {
        let all = store::list_settlements_of(tx, source)?;
        let invoice = match invoice {
            Some(reference) => Some(settled_invoice(tx, reference)?),
            None => None,
        };
        let undone: BTreeSet<SettlementId> = all.iter().filter_map(|row| row.reverses_id).collect();
        let standing: Vec<Settlement> = all
            .into_iter()
            .filter(|row| row.reverses_id.is_none() && !undone.contains(&row.id))
            .filter(|row| invoice.is_none_or(|invoice| row.invoice_id == invoice))
            .collect();
        Ok(Settling::undo_rows(
            tx,
            &rules::taken_back_from(&standing, from),
        )?)
    }

    fn undo_rows(tx: &mut Tx, rows: &[(&Settlement, NaiveDate)]) -> Result<Settling, DbError> {
        let references: Vec<InvoiceRef> = rows
            .iter()
            .map(|(row, _)| DocumentRef::Id(row.invoice_id))
            .collect();
        let references: Vec<&InvoiceRef> = references.iter().collect();
        let mut settling = Settling::over(store::list_invoices_by_refs(tx, &references)?);
        for (row, effective_on) in rows {
            settling.add(Settlement {
                id: SettlementId::new(),
                amount_minor: -row.amount_minor,
                effective_on: *effective_on,
                reverses_id: Some(row.id),
                created_by: tx.caller().subject.clone(),
                created_at: tx.now(),
                ..Settlement::clone(row)
            });
        }
        Ok(settling)
    }

    /// What all of it gives back: how much less is settled afterwards.
    pub fn given_back_minor(&self) -> i64 {
        let settled = self.rows.iter().map(|row| row.amount_minor);
        -settled.sum::<i64>()
    }

    fn add(&mut self, row: Settlement) {
        if let Some(invoice) = self.invoices.get_mut(&row.invoice_id) {
            self.touched
                .entry(invoice.id)
                .or_insert_with(|| invoice.clone());
            invoice.open_minor -= row.amount_minor;
            invoice.status = rules::status_of(invoice.amount_minor, invoice.open_minor);
            if invoice.sold_on.is_some() && invoice.open_minor > 0 {
                invoice.status = InvoiceStatus::Sold;
            }
            self.rows.push(row);
        }
    }
}

/// Money settles what is owed to the same legal entity in the same currency.
fn check_same(
    invoice: &Invoice,
    funds: &Funds,
    pointer: impl Fn() -> String,
) -> Result<(), ReceivableError> {
    if invoice.legal_entity_id != funds.key.legal_entity_id {
        return Err(ReceivableError::OtherEntity { pointer: pointer() });
    }
    if invoice.currency != funds.key.currency {
        return Err(ReceivableError::Currency {
            given: funds.key.currency,
            expected: invoice.currency,
        });
    }
    Ok(())
}

/// The invoice that is named. What settles it stands, so that it is the living one of its number.
fn settled_invoice(tx: &mut Tx, reference: &InvoiceRef) -> Result<InvoiceId, ReceivableError> {
    let found = store::find_invoice(tx, reference)?.ok_or_else(|| {
        let by = match reference {
            DocumentRef::Id(_) => "/invoice_id",
            DocumentRef::Number(_) => "/invoice_number",
        };
        ReceivableError::NoSuchInvoice {
            pointer: by.to_owned(),
        }
    })?;
    Ok(found.id)
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
    match rules::free_from(amount.minor(), used_minor, &rows) {
        Some(day) if day > funds.there_on => Err(ReceivableError::InUse(day)),
        Some(_) => Ok(()),
        None => Err(ReceivableError::Stale),
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
/// changes in the balances of each customer is for the caller to post, together with its own document.
///
/// Settling 60.00 takes 60.00 from what is receivable and 60.00 from what is unapplied.
pub(super) fn settle(tx: &mut Tx, settling: &Settling) -> Result<Changes, DbError> {
    let mut changes = Changes::new();
    if settling.rows.is_empty() {
        return Ok(changes);
    }
    store::insert_settlements(tx, &settling.rows)?;
    // An undoing that is moved to an earlier day leaves the balance as it was.
    let moved: Vec<(&Invoice, Invoice)> = settling
        .touched
        .values()
        .filter_map(|before| Some((before, settling.invoices.get(&before.id)?)))
        .filter(|(before, after)| before.open_minor != after.open_minor)
        .map(|(before, after)| {
            let version = after.version + 1;
            let after = after.clone();
            (before, Invoice { version, ..after })
        })
        .collect();
    let after: Vec<&Invoice> = moved.iter().map(|(_, after)| after).collect();
    store::save_balances(tx, &after)?;
    tx.record_all(
        moved
            .iter()
            .map(|(before, after)| {
                Change::new("invoice.settled", after.id)
                    .before(before)
                    .after(after)
            })
            .collect(),
    )?;
    for row in &settling.rows {
        let Some(invoice) = settling.invoices.get(&row.invoice_id) else {
            continue;
        };
        let is_exposure = invoice.sold_on.is_none();
        let change = Exposure {
            // What is sold without recourse left exposure when it was sold.
            receivable_minor: if is_exposure { row.amount_minor } else { 0 },
            unapplied_minor: row.amount_minor,
            ..Exposure::default()
        };
        let sum = changes.entry((row.customer_id, invoice.key())).or_default();
        *sum = sum.plus(-change)?;
    }
    Ok(changes)
}
