//! Invoices sold or pledged by change request: one person of finance proposes, another approves.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actions::{self, FactoringError};
use super::input::AssignmentIn;
use super::model::{Agreement, AgreementRef, FactoringKind, Notification, Recourse};
use super::store;
use crate::book::change_requests::kinds::{KindOfChange, PlannedChange, Refusal, Target};
use crate::book::change_requests::model::ChangeKind;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::exposure::actions as exposure;
use crate::book::receivables::model::InvoiceRef;
use crate::book::receivables::store as ledger;
use crate::platform::db::{Db, DbError, Tx, read_document, write_json};
use crate::platform::http::{Code, Problem, read_part};
use kernel::caller::{Caller, Role};
use kernel::ids::{CustomerId, FactoringAgreementId};
use kernel::text::{Line, Number, TextError};

/// The sale or pledge of an invoice.
pub const FACTORING_ASSIGNMENT: KindOfChange = KindOfChange {
    kind: ChangeKind::FactoringAssignment,
    thing: "invoice",
    find,
    read,
    lock,
    apply,
    show,
};

/// The agreement that an invoice is under, or none.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Under {
    factoring_agreement_id: Option<FactoringAgreementId>,
    factoring_agreement_number: Option<Number>,
    factor: Option<Line>,
    kind: Option<FactoringKind>,
    recourse: Option<Recourse>,
    notification: Option<Notification>,
}

impl Under {
    fn of(agreement: Option<Agreement>) -> Under {
        agreement.map_or_else(Under::default, |agreement| Under {
            factoring_agreement_id: Some(agreement.id),
            factoring_agreement_number: Some(agreement.number),
            factor: Some(agreement.factor),
            kind: Some(agreement.kind),
            recourse: Some(agreement.recourse),
            notification: Some(agreement.notification),
        })
    }

    fn kept(&self) -> Result<Value, DbError> {
        read_document(&write_json(self)?)
    }

    fn read(kept: &Value) -> Result<Under, DbError> {
        read_document(&write_json(kept)?)
    }
}

fn find(db: &mut Db, caller: &Caller, name: &str) -> Result<Option<Target>, DbError> {
    let Ok(reference) = name.parse::<InvoiceRef>() else {
        return Ok(None);
    };
    let Some(invoice) = ledger::find_invoice(db, &reference)? else {
        return Ok(None);
    };
    let customer = CustomerRef::Id(invoice.customer_id);
    if customers::find_visible(db, caller, &customer)?.is_none() {
        return Ok(None);
    }
    let agreement = match store::find_active(db, invoice.id)? {
        Some(active) => store::find_agreement(db, &AgreementRef::Id(active.agreement_id))?,
        None => None,
    };
    let id = invoice.id.to_string().parse();
    Ok(Some(Target {
        id: id.map_err(|error: TextError| DbError::Document(error.to_string()))?,
        number: Some(invoice.number),
        version: invoice.version,
        customer_id: Some(invoice.customer_id),
        state: Under::of(agreement).kept()?,
    }))
}

fn read(db: &mut Db, caller: &Caller, after: &Value) -> Result<Value, Problem> {
    refuse_others(caller)?;
    let asked: AssignmentIn = read_part("after", &write_json(after)?)?;
    let agreement = store::find_agreement(db, &asked.factoring_agreement)?.ok_or_else(|| {
        Problem::invalid(
            "/after/factoring_agreement",
            "unknown_factoring_agreement",
            "there is no such factoring agreement",
        )
    })?;
    Ok(Under::of(Some(agreement)).kept()?)
}

/// Selling is finance's, whoever else may propose and decide changes.
fn refuse_others(caller: &Caller) -> Result<(), Problem> {
    if caller.has(Role::Finance) {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden).with_list("roles", [Role::Finance]))
}

fn lock(tx: &mut Tx, changes: &[PlannedChange]) -> Result<(), DbError> {
    let everyone: BTreeSet<CustomerId> = changes
        .iter()
        .filter_map(|(target, _)| target.customer_id)
        .collect();
    exposure::lock_all(tx, &everyone)?;
    Ok(())
}

fn apply(tx: &mut Tx, target: &Target, after: &Value) -> Result<(), Refusal> {
    refuse_others(tx.caller()).map_err(Refusal::Refused)?;
    let wrong = |what: &str| DbError::Document(what.to_owned());
    let customer = target
        .customer_id
        .ok_or_else(|| wrong("a target without a customer"))?;
    let agreement = Under::read(after)?
        .factoring_agreement_id
        .ok_or_else(|| wrong("a sale under no agreement"))?;
    let reference: InvoiceRef = target
        .id
        .as_str()
        .parse()
        .map_err(|_| wrong("a target that is no invoice"))?;
    let locked = exposure::lock(tx, customer).map_err(|error| Refusal::Refused(error.into()))?;
    let invoice = ledger::find_invoice(tx, &reference)?
        .ok_or_else(|| wrong("an invoice that is not there"))?;
    if invoice.version != target.version {
        return Err(Refusal::Stale);
    }
    let agreement = store::find_agreement(tx, &AgreementRef::Id(agreement))?
        .ok_or_else(|| wrong("an agreement that is not there"))?;
    match actions::assign(tx, &locked, &invoice, &agreement) {
        Ok(_) => Ok(()),
        Err(FactoringError::Stale) => Err(Refusal::Stale),
        Err(FactoringError::Db(error)) => Err(error.into()),
        Err(error) => Err(Refusal::Refused(Problem::from(error).below("/after"))),
    }
}

/// What was agreed with factors is read by those who may read agreements.
fn show(_: &mut Db, reader: &Caller, kept: Value) -> Result<Value, DbError> {
    if reader.sees_others() {
        return Ok(kept);
    }
    Under::default().kept()
}
