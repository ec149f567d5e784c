//! Lines of receipts.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::documents::{DocumentLine, Known, KnownMoney, Standings};
use super::joined::{Joined, JoinedLine, post_joined};
use super::{ImportError, Importable};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::Locked;
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::ReceiptRow;
use crate::book::receivables::actions::{
    Accounts, ReceivableError, post_receipts_of, recognise_receipts,
};
use crate::book::receivables::input::{Application, NamedApplication, NewReceipt, Origin, Rests};
use crate::book::receivables::model::{DocumentRef, DocumentStatus, Receipt};
use crate::book::receivables::store;
use crate::book::receivables::store::alike::{Wanted, Written, list_receipts_alike};
use crate::platform::db::{DbError, Tx};
use kernel::ids::{CustomerId, LegalEntityId, ReceiptId};
use kernel::money::Money;
use kernel::text::Number;

impl Importable for ReceiptRow {
    fn post(tx: &mut Tx, rows: &[Row<ReceiptRow>]) -> Result<Vec<Verdict>, ImportError> {
        post_joined(tx, rows, KnownMoney::IsPosted)
    }

    fn recognise(tx: &mut Tx, rows: &[Row<ReceiptRow>]) -> Result<Vec<Verdict>, ImportError> {
        post_joined(tx, rows, KnownMoney::IsRecognised)
    }
}

impl JoinedLine for ReceiptRow {
    fn number(&self) -> &Number {
        &self.number
    }

    fn legal_entity(&self) -> Option<&EntityRef> {
        self.legal_entity.as_ref()
    }

    fn invoice_number(&self) -> Option<&Number> {
        self.invoice_number.as_ref()
    }

    fn amount(&self) -> Money {
        self.amount
    }

    /// Lines of several customers are one receipt when they name who paid.
    fn contradicts(&self, other: &ReceiptRow) -> Option<&'static str> {
        if self.receipt_date != other.receipt_date {
            return Some("receipt_date");
        }
        if self.amount.currency() != other.amount.currency() {
            return Some("currency");
        }
        if self.payer_number != other.payer_number {
            return Some("payer_number");
        }
        if self.prepaid_order_number != other.prepaid_order_number {
            return Some("prepaid_order_number");
        }
        let is_one_customer = self.customer_number == other.customer_number;
        (!is_one_customer && self.payer_number.is_none()).then_some("customer_number")
    }
}

impl Joined<ReceiptRow> {
    /// Who paid for several customers: the money is theirs.
    fn payer_of_several(&self) -> Option<&Number> {
        let first = &self.first.customer_number;
        let is_one = self.lines().all(|line| line.customer_number == *first);
        self.first.payer_number.as_ref().filter(|_| !is_one)
    }

    /// A part of the money for the invoice of each line that names one. A line without stays unapplied.
    fn parts(&self, standings: &Standings) -> Result<Vec<NamedApplication>, Verdict> {
        let mut parts = Vec::new();
        for line in self.lines() {
            let Some(invoice) = line.invoice_number.clone() else {
                continue;
            };
            let owes = standings.customer("customer_number", &line.customer_number)?;
            let is_other = line.customer_number != *self.customer_number();
            parts.push(NamedApplication {
                customer: is_other.then_some(CustomerRef::Id(owes)),
                ..NamedApplication::of(DocumentRef::Number(invoice), line.amount)
            });
        }
        Ok(parts)
    }
}

impl DocumentLine for Joined<ReceiptRow> {
    type Document = Receipt;
    type New = NewReceipt;
    const TAKEN_BACK: &'static str = "receipt_reversed";

    fn number(&self) -> &Number {
        &self.first.number
    }

    fn customer_number(&self) -> &Number {
        let own = &self.first.customer_number;
        self.payer_of_several().unwrap_or(own)
    }

    fn customer_numbers(&self) -> Vec<&Number> {
        self.lines()
            .flat_map(|line| std::iter::once(&line.customer_number).chain(&line.payer_number))
            .collect()
    }

    fn invoice_numbers(&self) -> Vec<&Number> {
        let named = self.lines().filter_map(|line| line.invoice_number.as_ref());
        named.collect()
    }

    fn legal_entity(&self) -> Option<&EntityRef> {
        self.first.legal_entity.as_ref()
    }

    fn list_known(tx: &mut Tx, numbers: &[&Number]) -> Result<Known<Receipt>, DbError> {
        let mut found = store::list_receipts_by_numbers(tx, numbers)?;
        // A bank's receipt that was known to be this one, and was taken back since.
        let recognised = store::list_recognised(tx, numbers, DocumentStatus::Reversed)?;
        let by_number: BTreeSet<ReceiptId> = found.iter().map(|receipt| receipt.id).collect();
        found.extend(recognised);
        Ok(Known::sort(found, |receipt| {
            let number = match &receipt.recognised_as {
                Some(known) if !by_number.contains(&receipt.id) => known,
                _ => &receipt.number,
            };
            let key = (receipt.legal_entity_id, number.clone());
            (key, receipt.status == DocumentStatus::Reversed)
        }))
    }

    /// Whether the lines say the same. What the receipt has settled by now is no part of it, and a bank has its own day of
    /// what is known by another number.
    fn is_same(&self, receipt: &Receipt, customer: CustomerId) -> bool {
        let is_known_elsewhere = receipt.number != self.first.number;
        receipt.customer_id == customer
            && (is_known_elsewhere || receipt.receipt_date == self.first.receipt_date)
            && receipt.currency == self.amount.currency()
            && receipt.amount_minor == self.amount.minor()
    }

    /// It settles the invoices that the lines name, as far as they are open after all lines before them (money that came is
    /// money that came: what is too much stays unapplied), or, when its one line names none, the oldest first; nothing, when
    /// it is paid for an order beforehand.
    fn to_new(
        &self,
        legal_entity: LegalEntityId,
        standings: &Standings,
    ) -> Result<NewReceipt, Verdict> {
        let customer = standings.customer("customer_number", self.customer_number())?;
        let payer = match &self.first.payer_number {
            Some(payer) => Some(standings.customer("payer_number", payer)?),
            None => None,
        };
        let named = self.first.invoice_number.clone();
        let application = match named.map(DocumentRef::Number) {
            _ if !self.is_single() => Application::UpTo(self.parts(standings)?),
            Some(invoice) => Application::AsFarAsOpen(invoice),
            None if self.first.prepaid_order_number.is_some() => Application::Nothing,
            None => Application::OldestFirst,
        };
        Ok(NewReceipt {
            prepaid_order: self.first.prepaid_order_number.clone(),
            origin: Origin::Ledger,
            rests: Rests::MayClose,
            payer: payer.filter(|payer| *payer != customer),
            number: self.first.number.clone(),
            receipt_date: self.first.receipt_date,
            amount: self.amount,
            application,
            legal_entity,
        })
    }

    fn described(new: &NewReceipt) -> (NaiveDate, Money, &Number) {
        (new.receipt_date, new.amount, &new.number)
    }

    fn list_alike(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
        list_receipts_alike(tx, wanted)
    }

    fn recognise(tx: &mut Tx, new: &[(&Locked, NewReceipt)]) -> Result<Vec<bool>, DbError> {
        let known = recognise_receipts(tx, new)?;
        Ok(known.into_iter().map(|known| known.is_some()).collect())
    }

    fn post_all(
        tx: &mut Tx,
        accounts: &Accounts,
        new: &[(&Locked, NewReceipt)],
    ) -> Result<Vec<Result<Receipt, ReceivableError>>, DbError> {
        post_receipts_of(tx, accounts, new)
    }
}
