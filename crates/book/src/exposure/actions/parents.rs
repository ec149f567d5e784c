//! The group that a customer belongs to, changed by request.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AccountError, lock_all, move_to_group};
use crate::book::change_requests::kinds::{KindOfChange, PlannedChange, Refusal, Target};
use crate::book::change_requests::model::ChangeKind;
use crate::book::customers::actions::CustomerError;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exposure::input::ParentIn;
use crate::platform::db::{Db, DbError, Tx, read_document, write_json};
use crate::platform::http::{Problem, read_part};
use kernel::caller::Caller;
use kernel::ids::CustomerId;
use kernel::text::{Line, Number, TextError};

/// Changes of the head right above a customer in its group.
pub const CUSTOMER_PARENT: KindOfChange = KindOfChange {
    kind: ChangeKind::CustomerParent,
    thing: "customer",
    find,
    read,
    lock,
    apply,
    show,
};

/// The head of a customer's group, or none.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    #[serde(rename = "parent_customer_id")]
    id: Option<CustomerId>,
    #[serde(rename = "parent_customer_number")]
    number: Option<Number>,
    #[serde(rename = "parent_customer_name")]
    name: Option<Line>,
}

impl Head {
    fn of(customer: Option<Customer>) -> Head {
        customer.map_or_else(Head::default, |customer| Head {
            id: Some(customer.id),
            number: Some(customer.number),
            name: Some(customer.name),
        })
    }

    fn kept(&self) -> Result<Value, DbError> {
        read_document(&write_json(self)?)
    }

    fn read(kept: Value) -> Result<Head, DbError> {
        serde_json::from_value(kept).map_err(|error| DbError::Document(error.to_string()))
    }
}

fn find(db: &mut Db, caller: &Caller, name: &str) -> Result<Option<Target>, DbError> {
    let Ok(reference) = name.parse::<CustomerRef>() else {
        return Ok(None);
    };
    let Some(customer) = customers::find_visible(db, caller, &reference)? else {
        return Ok(None);
    };
    let parents: Vec<CustomerId> = customer.parent_customer_id.into_iter().collect();
    let parent = customers::list_by_ids(db, &parents)?.pop();
    let id = customer.id.to_string().parse();
    Ok(Some(Target {
        id: id.map_err(|error: TextError| DbError::Document(error.to_string()))?,
        number: Some(customer.number),
        version: customer.version,
        customer_id: Some(customer.id),
        state: Head::of(parent).kept()?,
    }))
}

fn read(db: &mut Db, caller: &Caller, after: &Value) -> Result<Value, Problem> {
    let asked: ParentIn = read_part("after", &write_json(after)?)?;
    let Some(reference) = asked.parent_customer else {
        return Ok(Head::default().kept()?);
    };
    let found = customers::find_visible(db, caller, &reference)?;
    let parent = found.ok_or_else(|| Problem::from(CustomerError::NoSuchParent).below("/after"))?;
    Ok(Head::of(Some(parent)).kept()?)
}

/// Everybody whose account a move locks: the customers with all below them, and their old and new heads.
fn lock(tx: &mut Tx, changes: &[PlannedChange]) -> Result<(), DbError> {
    let mut everyone = BTreeSet::new();
    for (target, after) in changes {
        if let Some(customer) = target.customer_id {
            everyone.insert(customer);
            everyone.extend(customers::descendants(tx, customer)?.into_iter().flatten());
        }
        everyone.extend(Head::read(after.clone())?.id);
    }
    lock_all(tx, &everyone)?;
    Ok(())
}

fn apply(tx: &mut Tx, target: &Target, after: &Value) -> Result<(), Refusal> {
    let customer = target
        .customer_id
        .ok_or_else(|| DbError::Document("a target that is no customer".to_owned()))?;
    let parent = Head::read(after.clone())?.id;
    let moved = move_to_group(
        tx,
        &CustomerRef::Id(customer),
        target.version,
        parent.map(CustomerRef::Id).as_ref(),
    );
    match moved {
        Ok(_) => Ok(()),
        Err(AccountError::Stale) => Err(Refusal::Stale),
        Err(AccountError::Db(error)) => Err(error.into()),
        Err(error) => Err(Refusal::Refused(Problem::from(error).below("/after"))),
    }
}

/// Whose customer a head is, sales learn of their own alone.
fn show(db: &mut Db, reader: &Caller, kept: Value) -> Result<Value, DbError> {
    if !reader.sees_only_own() {
        return Ok(kept);
    }
    let Some(parent) = Head::read(kept.clone())?.id else {
        return Ok(kept);
    };
    match customers::find_visible(db, reader, &CustomerRef::Id(parent))? {
        Some(_) => Ok(kept),
        None => Head::default().kept(),
    }
}
