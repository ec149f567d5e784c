//! Giving a charge up: credit proposes, and another person in finance decides.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claims::claimed_invoice;
use super::{ChargeError, check, save};
use crate::book::change_requests::kinds::{KindOfChange, PlannedChange, Refusal, Target};
use crate::book::change_requests::model::ChangeKind;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::receivables::actions::{self as receivables, Accounts, ReceivableError};
use crate::book::receivables::input::CancelledOrder;
use crate::book::receivables::model::InvoiceRef;
use crate::collect::charges::model::{Charge, ChargeStatus};
use crate::collect::charges::store;
use crate::platform::db::{Db, DbError, Tx, read_document, write_json};
use crate::platform::http::{Code, Problem, read_part};
use kernel::caller::{Caller, Role};
use kernel::ids::{ChargeId, CustomerId};
use kernel::text::{Note, TextError};

/// Charges that are given up.
pub const CHARGE_WAIVER: KindOfChange = KindOfChange {
    kind: ChangeKind::ChargeWaiver,
    thing: "charge",
    find,
    read,
    lock,
    apply,
    show,
};

/// Where a charge stands.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    status: ChargeStatus,
}

fn kept(status: ChargeStatus) -> Result<Value, DbError> {
    read_document(&write_json(&Standing { status })?)
}

fn find(db: &mut Db, caller: &Caller, name: &str) -> Result<Option<Target>, DbError> {
    let Ok(id) = name.parse::<ChargeId>() else {
        return Ok(None);
    };
    let Some(charge) = store::find(db, id)? else {
        return Ok(None);
    };
    let customer = CustomerRef::Id(charge.customer_id);
    if customers::find_visible(db, caller, &customer)?.is_none() {
        return Ok(None);
    }
    let id = charge.id.to_string().parse();
    Ok(Some(Target {
        id: id.map_err(|error: TextError| DbError::Document(error.to_string()))?,
        number: None,
        version: charge.version,
        customer_id: Some(charge.customer_id),
        state: kept(charge.status)?,
    }))
}

fn read(_: &mut Db, caller: &Caller, after: &Value) -> Result<Value, Problem> {
    if !caller.has_any(&[Role::Credit]) {
        return Err(Problem::new(Code::Forbidden).with_list("roles", [Role::Credit]));
    }
    let standing: Standing = read_part("after", &write_json(after)?)?;
    if standing.status != ChargeStatus::Waived {
        return Err(Problem::invalid(
            "/after/status",
            "must_be",
            "must be waived",
        ));
    }
    Ok(kept(ChargeStatus::Waived)?)
}

fn lock(tx: &mut Tx, changes: &[PlannedChange]) -> Result<(), DbError> {
    let customers: BTreeSet<CustomerId> = changes
        .iter()
        .filter_map(|(target, _)| target.customer_id)
        .collect();
    Accounts::lock_customers(tx, &customers)?;
    Ok(())
}

fn apply(tx: &mut Tx, target: &Target, _: &Value) -> Result<(), Refusal> {
    let id: ChargeId = target
        .id
        .as_str()
        .parse()
        .map_err(|_| DbError::Document("a target that is no charge".to_owned()))?;
    let Some(before) = store::lock(tx, id)? else {
        return Err(Refusal::Stale);
    };
    if before.version != target.version {
        return Err(Refusal::Stale);
    }
    waive(tx, &before).map_err(|error| match error {
        ChargeError::Stale => Refusal::Stale,
        ChargeError::Is(status) => {
            Refusal::Refused(Problem::state("charge", status, status.allowed()))
        }
        ChargeError::Receivable(error) => Refusal::Refused(error.into()),
        ChargeError::Db(error) => error.into(),
        other => Refusal::Refused(Problem::internal(other)),
    })
}

fn waive(tx: &mut Tx, before: &Charge) -> Result<(), ChargeError> {
    check(before, None, "waive")?;
    let reason: Note = "The charge is given up."
        .parse()
        .map_err(|error: TextError| DbError::Document(error.to_string()))?;
    if before.status == ChargeStatus::Claimed {
        let invoice = claimed_invoice(tx, before)?;
        let reference = InvoiceRef::Id(invoice.id);
        let order = CancelledOrder::Gone;
        let done =
            receivables::cancel_invoice(tx, &reference, invoice.version, &reason, None, order);
        match done {
            Ok(_) => {}
            Err(ReceivableError::Stale) => return Err(ChargeError::Stale),
            Err(error) => return Err(error.into()),
        }
    }
    let after = Charge {
        status: ChargeStatus::Waived,
        ended_on: Some(tx.today()),
        end_reason: Some(reason),
        ..before.clone()
    };
    save(tx, "charge.waived", before, &after, None)?;
    Ok(())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every kind of change has the same form"
)]
fn show(_: &mut Db, _: &Caller, kept: Value) -> Result<Value, DbError> {
    Ok(kept)
}
