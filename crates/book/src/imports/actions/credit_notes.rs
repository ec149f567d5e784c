//! Lines of credit notes.

use chrono::NaiveDate;

use super::documents::{DocumentLine, Known, KnownMoney, Standings};
use super::joined::{Joined, JoinedLine, post_joined};
use super::{ImportError, Importable};
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::Locked;
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::CreditNoteRow;
use crate::book::receivables::actions::{Accounts, ReceivableError, post_credit_notes};
use crate::book::receivables::input::{Application, NamedApplication, NewCreditNote};
use crate::book::receivables::model::{CreditNote, DocumentRef, DocumentStatus};
use crate::book::receivables::store;
use crate::book::receivables::store::alike::{Wanted, Written, list_credit_notes_alike};
use crate::platform::db::{DbError, Tx};
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Number;

impl Importable for CreditNoteRow {
    fn post(tx: &mut Tx, rows: &[Row<CreditNoteRow>]) -> Result<Vec<Verdict>, ImportError> {
        post_joined(tx, rows, KnownMoney::IsPosted)
    }
}

impl JoinedLine for CreditNoteRow {
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

    fn contradicts(&self, other: &CreditNoteRow) -> Option<&'static str> {
        if self.customer_number != other.customer_number {
            return Some("customer_number");
        }
        if self.credit_date != other.credit_date {
            return Some("credit_date");
        }
        if self.amount.currency() != other.amount.currency() {
            return Some("currency");
        }
        (self.reason != other.reason).then_some("reason")
    }
}

impl DocumentLine for Joined<CreditNoteRow> {
    type Document = CreditNote;
    type New = NewCreditNote;
    const TAKEN_BACK: &'static str = "credit_note_reversed";

    fn number(&self) -> &Number {
        &self.first.number
    }

    fn customer_number(&self) -> &Number {
        &self.first.customer_number
    }

    fn invoice_numbers(&self) -> Vec<&Number> {
        let named = self.lines().filter_map(|line| line.invoice_number.as_ref());
        named.collect()
    }

    fn legal_entity(&self) -> Option<&EntityRef> {
        self.first.legal_entity.as_ref()
    }

    fn list_known(tx: &mut Tx, numbers: &[&Number]) -> Result<Known<CreditNote>, DbError> {
        let found = store::list_credit_notes_by_numbers(tx, numbers)?;
        Ok(Known::sort(found, |note| {
            let key = (note.legal_entity_id, note.number.clone());
            (key, note.status == DocumentStatus::Reversed)
        }))
    }

    /// Whether the lines say the same. What the credit note has settled by now is no part of it, nor is its reason.
    fn is_same(&self, note: &CreditNote, customer: CustomerId) -> bool {
        note.customer_id == customer
            && note.credit_date == self.first.credit_date
            && note.currency == self.amount.currency()
            && note.amount_minor == self.amount.minor()
    }

    /// One line is about its invoice; several settle theirs, each up to its amount.
    fn to_new(&self, legal_entity: LegalEntityId, _: &Standings) -> Result<NewCreditNote, Verdict> {
        let parts = self.lines().filter_map(|line| {
            let invoice = line.invoice_number.clone()?;
            let part = NamedApplication::of(DocumentRef::Number(invoice), line.amount);
            Some(part)
        });
        let about = self.first.invoice_number.clone();
        let about = about.filter(|_| self.is_single());
        Ok(NewCreditNote {
            number: self.first.number.clone(),
            credit_date: self.first.credit_date,
            amount: self.amount,
            about: about.map(|invoice| (DocumentRef::Number(invoice), "/invoice_number")),
            application: Application::UpTo(parts.collect()),
            reason: self.first.reason.clone(),
            legal_entity,
        })
    }

    fn described(new: &NewCreditNote) -> (NaiveDate, Money, &Number) {
        (new.credit_date, new.amount, &new.number)
    }

    fn list_alike(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
        list_credit_notes_alike(tx, wanted)
    }

    fn post_all(
        tx: &mut Tx,
        accounts: &Accounts,
        new: &[(&Locked, NewCreditNote)],
    ) -> Result<Vec<Result<CreditNote, ReceivableError>>, DbError> {
        post_credit_notes(tx, accounts, new)
    }
}
