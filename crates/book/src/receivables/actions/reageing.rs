//! Another due date by agreement: credit proposes, finance decides. The original one is kept.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Accounts;
use crate::book::change_requests::kinds::{KindOfChange, PlannedChange, Refusal, Target};
use crate::book::change_requests::model::ChangeKind;
use crate::book::receivables::model::InvoiceRef;
use crate::book::receivables::{rules, store};
use crate::platform::db::{Change, Db, DbError, Tx, read_document, write_json};
use crate::platform::http::{Code, Problem, read_part};
use kernel::caller::{Caller, Role};
use kernel::clock::Day;
use kernel::ids::{CustomerId, ItemId};
use kernel::text::TextError;

/// Other due dates of items.
pub const ITEM_DUE_DATE: KindOfChange = KindOfChange {
    kind: ChangeKind::ItemDueDate,
    thing: "item",
    find,
    read,
    lock,
    apply,
    show,
};

/// When an item is due.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Due {
    due_date: Day,
}

fn kept(due: &Due) -> Result<Value, DbError> {
    read_document(&write_json(due)?)
}

fn find(db: &mut Db, caller: &Caller, name: &str) -> Result<Option<Target>, DbError> {
    let Ok(id) = name.parse::<ItemId>() else {
        return Ok(None);
    };
    let Some(item) = store::find_item(db, id)? else {
        return Ok(None);
    };
    let customer = crate::book::customers::model::CustomerRef::Id(item.customer_id);
    if crate::book::customers::store::find_visible(db, caller, &customer)?.is_none() {
        return Ok(None);
    }
    let invoice = store::find_invoice(db, &InvoiceRef::Id(item.invoice_id))?;
    let id = item.id.to_string().parse();
    Ok(Some(Target {
        id: id.map_err(|error: TextError| DbError::Document(error.to_string()))?,
        number: invoice.map(|invoice| invoice.number),
        version: item.version,
        customer_id: Some(item.customer_id),
        state: kept(&Due {
            due_date: item.due_date.into(),
        })?,
    }))
}

fn read(_: &mut Db, caller: &Caller, after: &Value) -> Result<Value, Problem> {
    if !caller.has_any(&[Role::Credit]) {
        return Err(Problem::new(Code::Forbidden).with_list("roles", [Role::Credit]));
    }
    let due: Due = read_part("after", &write_json(after)?)?;
    Ok(kept(&due)?)
}

fn lock(tx: &mut Tx, changes: &[PlannedChange]) -> Result<(), DbError> {
    let customers: BTreeSet<CustomerId> = changes
        .iter()
        .filter_map(|(target, _)| target.customer_id)
        .collect();
    Accounts::lock_customers(tx, &customers)?;
    Ok(())
}

fn apply(tx: &mut Tx, target: &Target, after: &Value) -> Result<(), Refusal> {
    let broken = |text: &str| DbError::Document(text.to_owned());
    let id: ItemId = target
        .id
        .as_str()
        .parse()
        .map_err(|_| broken("a target that is no item"))?;
    let due: Due = serde_json::from_value(after.clone())
        .map_err(|error| DbError::Document(error.to_string()))?;
    let Some(before) = store::find_item(tx, id)? else {
        return Err(Refusal::Stale);
    };
    if before.version != target.version {
        return Err(Refusal::Stale);
    }
    let invoice = store::find_invoice(tx, &InvoiceRef::Id(before.invoice_id))?
        .ok_or_else(|| broken("an item without an invoice"))?;
    if before.open_minor == 0 {
        return Err(Refusal::Refused(Problem::ended("item", "settled")));
    }
    let (dated, due_date) = (invoice.invoice_date, due.due_date.date());
    rules::check_invoice_dates(tx.today(), dated, due_date).map_err(|error| {
        Refusal::Refused(Problem::invalid("/after/due_date", "out_of_bounds", error))
    })?;
    let after = crate::book::receivables::model::Item {
        due_date,
        ..before.clone()
    };
    let after = store::update_due_date_if_unchanged(tx, &after)?.ok_or(Refusal::Stale)?;
    let items = store::list_items_of(tx, &[invoice.id])?;
    if let Some(last) = items.iter().map(|item| item.due_date).max()
        && last != invoice.due_date
    {
        store::save_due_date(tx, invoice.id, last)?;
    }
    tx.record(
        Change::new("item.due_date_changed", after.id)
            .before(&before)
            .after(&after),
    )?;
    Ok(())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every kind of change has the same form"
)]
fn show(_: &mut Db, _: &Caller, kept: Value) -> Result<Value, DbError> {
    Ok(kept)
}
