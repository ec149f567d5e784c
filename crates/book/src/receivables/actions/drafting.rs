//! An invoice as it will be, with its items.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::booking::Books;
use super::{ReceivableError, check_amount};
use crate::book::exposure::actions::Locked;
use crate::book::exposure::actions::agreements::{Agreement, Agreements};
use crate::book::exposure::model::CreditAccount;
use crate::book::payment_terms::model::{DiscountStep, InstalmentKind};
use crate::book::periods::actions::ClosedPeriods;
use crate::book::receivables::input::NewInvoice;
use crate::book::receivables::model::{Invoice, InvoiceStatus, Item, NO_DISCOUNTS, first_item};
use crate::book::receivables::rules::{self, DateError, DocumentFault};
use crate::platform::db::{DbError, Tx, write_document};
use kernel::ids::{InvoiceId, ItemId};
use kernel::money::Money;
use kernel::text::Keyword;

/// What many invoices are drafted with, read once.
pub(super) struct Desk {
    books: Books,
    agreements: Agreements,
    pub periods: ClosedPeriods,
}

/// A part of an invoice before it is an item.
struct Part {
    kind: InstalmentKind,
    amount_minor: i64,
    due_date: NaiveDate,
    discounts: Vec<DiscountStep>,
}

impl Desk {
    pub fn read(tx: &mut Tx, new: &[(&Locked, NewInvoice)]) -> Result<Desk, DbError> {
        let accounts = new.iter().map(|(locked, _)| &locked.account);
        let named = new.iter();
        let named = named.filter_map(|(_, new)| new.details.payment_terms.as_ref());
        Ok(Desk {
            agreements: Agreements::read(tx, accounts, named)?,
            books: Books::read(tx)?,
            periods: ClosedPeriods::read(tx)?,
        })
    }

    /// The invoice with its items.
    pub fn draft(
        &mut self,
        tx: &mut Tx,
        locked: &Locked,
        new: &NewInvoice,
    ) -> Result<(Invoice, Vec<Item>), ReceivableError> {
        let account = &locked.account;
        check_amount(new.amount, account, "/amount")?;
        let details = &new.details;
        let (parts, payment_terms) = self.parts(new, account)?;
        for part in &parts {
            check_dates(tx.today(), new.invoice_date, part.due_date)?;
        }
        let posting_date = details.posting_date.unwrap_or(new.invoice_date);
        check_ahead(tx.today(), "/posting_date", posting_date)?;
        let baseline = details.baseline_date.unwrap_or(new.invoice_date);
        check_ahead(tx.today(), "/baseline_date", baseline)?;
        let net_and_tax = rules::net_and_tax(new.amount, details.net, details.tax)
            .map_err(|fault| ReceivableError::Document("/net", fault))?;
        let id = InvoiceId::new();
        self.periods.check(tx, new.legal_entity, posting_date, id)?;
        let (books, booked) = self
            .books
            .book(tx, new.legal_entity, new.amount, posting_date)?;
        let due_date = parts.iter().map(|part| part.due_date).max();
        let invoice = Invoice {
            id,
            number: new.number.clone(),
            customer_id: account.customer_id,
            account_id: account.id,
            order_number: new.order_number.clone(),
            reservation_id: new.reservation_id,
            invoice_date: new.invoice_date,
            due_date: due_date.unwrap_or(new.invoice_date),
            currency: new.amount.currency(),
            amount_minor: new.amount.minor(),
            open_minor: new.amount.minor(),
            status: InvoiceStatus::Open,
            cancelled_on: None,
            cancel_reason: None,
            created_by: tx.caller().subject.clone(),
            created_at: tx.now(),
            version: 1,
            cancel_entered_on: None,
            order_excess_minor: None,
            sold_on: None,
            legal_entity_id: new.legal_entity,
            net_minor: net_and_tax.map(|(net, _)| net),
            tax_minor: net_and_tax.map(|(_, tax)| tax),
            posting_date: Some(posting_date),
            baseline_date: Some(baseline),
            customer_order_number: details.customer_order_number.clone(),
            labels: labels(&details.labels)?,
            payment_terms,
            booking_minor: booked.as_ref().map(|booked| booked.money.minor()),
            booking_currency: books,
            booking_rate: booked.map(|booked| booked.rate),
            kind: details.kind,
        };
        let items = items(&invoice, &parts)?;
        Ok((invoice, items))
    }

    /// What the invoice is due in, and under which terms: as it states, by its terms, or by what was agreed with the
    /// customer.
    fn parts(
        &self,
        new: &NewInvoice,
        account: &CreditAccount,
    ) -> Result<(Vec<Part>, Option<Keyword>), ReceivableError> {
        let details = &new.details;
        if !details.instalments.is_empty() {
            if details.payment_terms.is_some() || new.due_date.is_some() {
                let fault = DocumentFault::InstalmentsAndTerms;
                return Err(ReceivableError::Document("/instalments", fault));
            }
            let stated = details.instalments.iter();
            let amounts: Vec<Money> = stated.clone().map(|one| one.amount).collect();
            rules::check_instalments(new.amount, &amounts)
                .map_err(|fault| ReceivableError::Document("/instalments", fault))?;
            let parts = stated.map(|one| Part {
                kind: one.kind,
                ..Part::plain(one.amount, one.due_date)
            });
            return Ok((parts.collect(), None));
        }
        let baseline = details.baseline_date.unwrap_or(new.invoice_date);
        let code = match (&details.payment_terms, new.due_date) {
            (Some(code), _) => code,
            (None, Some(stated)) => return Ok((vec![Part::plain(new.amount, stated)], None)),
            (None, None) => match self.agreements.of(account, new.legal_entity) {
                Agreement::Terms(code) => code,
                Agreement::NetDays(days) => {
                    let due_date = rules::due_date(baseline, days);
                    let due_date = self.books.business_day(new.legal_entity, due_date);
                    return Ok((vec![Part::plain(new.amount, due_date)], None));
                }
            },
        };
        Ok((self.by_terms(new, code, baseline)?, Some(code.clone())))
    }

    fn by_terms(
        &self,
        new: &NewInvoice,
        code: &Keyword,
        baseline: NaiveDate,
    ) -> Result<Vec<Part>, ReceivableError> {
        let mut by_terms = self
            .agreements
            .terms()
            .instalments(code, new.amount, baseline, new.due_date)
            .map_err(ReceivableError::Terms)?
            .ok_or(ReceivableError::NoSuchTerms)?;
        if let Some(stated) = new.due_date {
            rules::state_due_date(&mut by_terms, stated)
                .map_err(|fault| ReceivableError::Document("/due_date", fault))?;
        }
        Ok(by_terms
            .into_iter()
            .map(|part| Part {
                kind: part.kind,
                amount_minor: part.amount.minor(),
                due_date: part.due_date,
                discounts: part.discounts,
            })
            .collect())
    }
}

/// When each of these would be due by what was agreed with its customer, as an invoice's last instalment.
///
/// # Errors
/// When the database fails. Each outcome: when the terms that were agreed can't be followed.
pub fn agreed_due_dates(
    tx: &mut Tx,
    new: &[(&Locked, NewInvoice)],
) -> Result<Vec<Result<NaiveDate, ReceivableError>>, DbError> {
    let desk = Desk::read(tx, new)?;
    let due = |(locked, new): &(&Locked, NewInvoice)| {
        let (parts, _) = desk.parts(new, &locked.account)?;
        let last = parts.iter().map(|part| part.due_date).max();
        Ok(last.unwrap_or(new.invoice_date))
    };
    Ok(new.iter().map(due).collect())
}

impl Part {
    const fn plain(amount: Money, due_date: NaiveDate) -> Part {
        Part {
            kind: InstalmentKind::Instalment,
            amount_minor: amount.minor(),
            due_date,
            discounts: Vec::new(),
        }
    }
}

fn check_dates(
    today: NaiveDate,
    invoice_date: NaiveDate,
    due_date: NaiveDate,
) -> Result<(), ReceivableError> {
    rules::check_invoice_dates(today, invoice_date, due_date).map_err(|error| {
        let pointer = match error {
            DateError::TooFarAhead | DateError::InFuture | DateError::BeforeDocument => {
                "/invoice_date"
            }
            DateError::DueBeforeInvoice | DateError::DueTooLate | DateError::LongAfterDocument => {
                "/due_date"
            }
        };
        ReceivableError::Date { pointer, error }
    })
}

fn check_ahead(
    today: NaiveDate,
    pointer: &'static str,
    day: NaiveDate,
) -> Result<(), ReceivableError> {
    rules::check_invoice_dates(today, day, day)
        .map_err(|error| ReceivableError::Date { pointer, error })
}

fn labels(labels: &[Keyword]) -> Result<Option<String>, DbError> {
    let labels: BTreeSet<&str> = labels.iter().map(Keyword::as_str).collect();
    let labels: Vec<String> = labels.into_iter().map(ToOwned::to_owned).collect();
    write_document(&labels).map(Some)
}

fn items(invoice: &Invoice, parts: &[Part]) -> Result<Vec<Item>, DbError> {
    parts
        .iter()
        .zip(1..)
        .map(|(part, position)| {
            let discounts = if part.discounts.is_empty() {
                NO_DISCOUNTS.to_owned()
            } else {
                write_document(&part.discounts)?
            };
            Ok(Item {
                id: match position {
                    1 => first_item(invoice.id),
                    _ => ItemId::new(),
                },
                invoice_id: invoice.id,
                customer_id: invoice.customer_id,
                kind: part.kind,
                position,
                amount_minor: part.amount_minor,
                open_minor: part.amount_minor,
                due_date: part.due_date,
                original_due_date: part.due_date,
                discounts,
                open_reason: None,
                version: 1,
            })
        })
        .collect()
}
