//! What is done with agreements, and with invoices under them.

use super::input::FactoringAgreementIn;
use super::model::{
    Agreement, AgreementRef, AgreementStatus, Assignment, AssignmentEffect, AssignmentStatus,
};
use super::rules::{self, AssignmentRefused};
use super::store;
use crate::book::exposure::actions::{self as exposure, AccountError, Locked};
use crate::book::receivables::actions::{self as receivables, ReceivableError};
use crate::book::receivables::model::{Invoice, InvoiceRef};
use crate::book::receivables::store as ledger;
use crate::platform::db::{Change, DbError, Tx};
use kernel::clock::Day;
use kernel::ids::{FactoringAgreementId, FactoringAssignmentId};
use kernel::text::{Note, Number};

pub use super::changes::FACTORING_ASSIGNMENT;

/// Why a use case on factoring was refused.
#[derive(Debug, thiserror::Error)]
pub enum FactoringError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("there is an agreement with the number {number} already")]
    NumberTaken {
        number: Number,
        existing_id: Option<FactoringAgreementId>,
    },
    #[error("valid_until must not be before valid_from")]
    EndsBeforeItBegins,
    #[error("the agreement is {0}")]
    AgreementEnded(AgreementStatus),
    #[error("the assignment is {0}")]
    AssignmentEnded(AssignmentStatus),
    #[error(transparent)]
    Refused(#[from] AssignmentRefused),
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Receivable(#[from] ReceivableError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Records an agreement with a factor.
///
/// # Errors
/// When the number is taken, or it ends before it begins.
pub fn agree(tx: &mut Tx, input: &FactoringAgreementIn) -> Result<Agreement, FactoringError> {
    let valid_from = input.valid_from.map_or_else(|| tx.today(), Day::date);
    let valid_until = input.valid_until.map(Day::date);
    if valid_until.is_some_and(|until| until < valid_from) {
        return Err(FactoringError::EndsBeforeItBegins);
    }
    let agreement = Agreement {
        id: FactoringAgreementId::new(),
        number: input.number.clone(),
        factor: input.factor.clone(),
        kind: input.kind,
        recourse: input.recourse,
        notification: input.notification,
        advance_ppm: input.advance_ppm,
        valid_from,
        valid_until,
        status: AgreementStatus::Active,
        note: input.note.clone(),
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        ended_by: None,
        ended_at: None,
        end_reason: None,
        version: 1,
    };
    if !store::insert_agreement(tx, &agreement)? {
        let reference = AgreementRef::Number(agreement.number.clone());
        let existing = store::find_agreement(tx, &reference)?;
        return Err(FactoringError::NumberTaken {
            number: agreement.number,
            existing_id: existing.map(|existing| existing.id),
        });
    }
    tx.record(Change::new("factoring_agreement.made", agreement.id).after(&agreement))?;
    Ok(agreement)
}

/// Ends an agreement: nothing more is sold or pledged under it. What was is with the factor all the same.
///
/// # Errors
/// When it is not there, has ended, or changed since `version`.
pub fn end_agreement(
    tx: &mut Tx,
    id: FactoringAgreementId,
    version: i64,
    reason: &Note,
) -> Result<Agreement, FactoringError> {
    let missing = FactoringError::Missing("factoring agreement");
    let before = store::find_agreement(tx, &AgreementRef::Id(id))?.ok_or(missing)?;
    if before.version != version {
        return Err(FactoringError::Stale);
    }
    if before.status == AgreementStatus::Ended {
        return Err(FactoringError::AgreementEnded(before.status));
    }
    let after = Agreement {
        status: AgreementStatus::Ended,
        ended_by: Some(tx.caller().subject.clone()),
        ended_at: Some(tx.now()),
        end_reason: Some(reason.clone()),
        ..before.clone()
    };
    let after = store::end_agreement_if_unchanged(tx, &after)?.ok_or(FactoringError::Stale)?;
    tx.record(
        Change::new("factoring_agreement.ended", id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// Sells or pledges an invoice under an agreement, from today on. Its account must be locked before it is read.
///
/// # Errors
/// When the agreement does not hold today, or the invoice is not open or is with a factor already.
pub(super) fn assign(
    tx: &mut Tx,
    locked: &Locked,
    invoice: &Invoice,
    agreement: &Agreement,
) -> Result<Assignment, FactoringError> {
    let today = tx.today();
    let is_assigned = store::find_active(tx, invoice.id)?.is_some();
    rules::check(agreement, invoice, is_assigned, today)?;
    let effect = rules::effect(agreement.kind, agreement.recourse);
    let assignment = Assignment {
        id: FactoringAssignmentId::new(),
        agreement_id: agreement.id,
        invoice_id: invoice.id,
        customer_id: invoice.customer_id,
        currency: invoice.currency,
        open_minor: invoice.open_minor,
        advanced_minor: rules::advanced_minor(invoice.open_minor, agreement.advance_ppm),
        effect,
        notification: agreement.notification,
        status: AssignmentStatus::Active,
        assigned_on: today,
        assigned_by: tx.caller().subject.clone(),
        assigned_at: tx.now(),
        ended_on: None,
        ended_by: None,
        ended_at: None,
        end_reason: None,
        version: 1,
    };
    store::insert_assignment(tx, &assignment)?;
    if effect == AssignmentEffect::Leaves {
        receivables::sell(tx, locked, invoice)?;
    }
    tx.record(Change::new("factoring_assignment.made", assignment.id).after(&assignment))?;
    Ok(assignment)
}

/// Takes an invoice back from a factor, from today on: what is open on it is exposure, and dunned by us.
///
/// # Errors
/// When the assignment is not there, has ended, or changed since `version`.
pub fn buy_back(
    tx: &mut Tx,
    id: FactoringAssignmentId,
    version: i64,
    reason: &Note,
) -> Result<Assignment, FactoringError> {
    let missing = || FactoringError::Missing("factoring assignment");
    let found = store::find_assignment(tx, id)?.ok_or_else(missing)?;
    let locked = exposure::lock(tx, found.customer_id)?;
    let before = store::find_assignment(tx, id)?.ok_or_else(missing)?;
    if before.version != version {
        return Err(FactoringError::Stale);
    }
    if before.status == AssignmentStatus::BoughtBack {
        return Err(FactoringError::AssignmentEnded(before.status));
    }
    if before.effect == AssignmentEffect::Leaves {
        let reference = InvoiceRef::Id(before.invoice_id);
        let invoice = ledger::find_invoice(tx, &reference)?.ok_or_else(missing)?;
        receivables::buy_back(tx, &locked, &invoice)?;
    }
    let after = Assignment {
        status: AssignmentStatus::BoughtBack,
        ended_on: Some(tx.today()),
        ended_by: Some(tx.caller().subject.clone()),
        ended_at: Some(tx.now()),
        end_reason: Some(reason.clone()),
        ..before.clone()
    };
    let after = store::end_assignment_if_unchanged(tx, &after)?.ok_or(FactoringError::Stale)?;
    tx.record(
        Change::new("factoring_assignment.bought_back", id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}
