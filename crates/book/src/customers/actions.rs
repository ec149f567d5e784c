//! What is done with customers.

mod aliases;

use chrono::NaiveDate;

use super::input::{CustomerIn, CustomerPatch};
use super::model::{Contacts, Customer, CustomerRef, LegalStatus};
use super::{rules, store};
use crate::book::customers::model::{fold, written_to};
use crate::platform::db::{Change, DbError, Tx};
use kernel::caller::{Caller, Role};
use kernel::ids::CustomerId;
use kernel::text::{Note, Number};

pub use aliases::{add_alias, remove_alias};

/// Why a use case on customers was refused.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    #[error("there is no such customer")]
    Missing,
    #[error("there is no such parent customer")]
    NoSuchParent,
    #[error("the number {0} is taken")]
    NumberTaken(String),
    #[error("the system calls another customer {0}")]
    AliasTaken(Number),
    #[error("the customer has no such alias")]
    NoSuchAlias,
    #[error(transparent)]
    Group(#[from] rules::GroupError),
    #[error("sales can give a customer to nobody but themselves")]
    NotOwn,
    #[error(transparent)]
    LegalStatus(#[from] rules::SinceError),
    #[error("the customer changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Creates a customer. What sales create is theirs.
///
/// # Errors
/// When the number is taken, the parent is unknown, or sales name another owner.
pub fn create(tx: &mut Tx, input: &CustomerIn) -> Result<Customer, CustomerError> {
    let owner = match (&input.owner, tx.caller().sees_only_own()) {
        (None, true) => Some(tx.caller().subject.clone()),
        (owner, _) => owner.clone(),
    };
    refuse_giving_away(tx.caller(), owner.as_ref())?;
    let id = CustomerId::new();
    let parent = match &input.parent_customer {
        Some(reference) => Some(join(tx, id, 0, reference)?),
        None => None,
    };
    let customer = Customer {
        id,
        number: input.number.clone(),
        name: input.name.clone(),
        search_key: search_key(input.number.as_str(), input.name.as_str()),
        country: input.country,
        industry: input.industry.clone(),
        street: input.street.clone(),
        city: input.city.clone(),
        postal_code: input.postal_code.clone(),
        language: input.language.unwrap_or_default(),
        owner,
        parent_customer_id: parent,
        created_at: tx.now(),
        changed_at: tx.now(),
        version: 1,
        legal_status: LegalStatus::None,
        legal_status_since: None,
        contacts: written_to(
            &Contacts::default(),
            input.contacts.as_ref(),
            input.email.as_ref().map(Some),
        ),
    };
    store::insert(tx, std::slice::from_ref(&customer)).map_err(|error| {
        if error.is_duplicate_of("customers", &["number"]) {
            CustomerError::NumberTaken(customer.number.to_string())
        } else {
            error.into()
        }
    })?;
    tx.record(Change::new("customer.created", customer.id).after(&customer))?;
    Ok(customer)
}

/// Changes what the patch names. What the customer owes may then count under other caps, which is seen to by
/// [`crate::book::exposure`]: its `change_customer` is what everybody calls.
///
/// # Errors
/// When the customer is not there or not visible, was changed since `version`, or sales name another owner.
pub fn change(
    tx: &mut Tx,
    reference: &CustomerRef,
    version: i64,
    patch: &CustomerPatch,
) -> Result<Customer, CustomerError> {
    let caller = tx.caller();
    let before = store::find_visible(tx, caller, reference)?.ok_or(CustomerError::Missing)?;
    if before.version != version {
        return Err(CustomerError::Stale);
    }
    let mut after = before.clone();
    patch.apply_to(&mut after);
    refuse_giving_away(tx.caller(), after.owner.as_ref())?;
    after.search_key = search_key(after.number.as_str(), after.name.as_str());
    let after = store::update_if_unchanged(tx, &after)?.ok_or(CustomerError::Stale)?;
    tx.record(
        Change::new("customer.changed", after.id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}

/// Says how far the law has come in on a customer, and why we say so. Ratings ask for it: what follows is in the grade
/// scale.
///
/// # Errors
/// When the customer is not there or not visible, was changed since `version`, or the day can't be.
pub fn set_legal_status(
    tx: &mut Tx,
    reference: &CustomerRef,
    version: i64,
    status: LegalStatus,
    since: Option<NaiveDate>,
    reason: &Note,
) -> Result<Customer, CustomerError> {
    let caller = tx.caller();
    let before = store::find_visible(tx, caller, reference)?.ok_or(CustomerError::Missing)?;
    if before.version != version {
        return Err(CustomerError::Stale);
    }
    rules::check_since(status, since, tx.today())?;
    let after = Customer {
        legal_status: status,
        legal_status_since: since,
        ..before.clone()
    };
    let after = store::update_if_unchanged(tx, &after)?.ok_or(CustomerError::Stale)?;
    tx.record(
        Change::new("customer.legal_status_set", after.id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// The parent's id, when `customer` may join its group.
///
/// # Errors
/// When the parent is unknown or the tree would not stay sound.
pub fn join(
    tx: &mut Tx,
    customer: CustomerId,
    levels_below: usize,
    parent: &CustomerRef,
) -> Result<CustomerId, CustomerError> {
    let caller = tx.caller();
    let parent = store::find_visible(tx, caller, parent)?.ok_or(CustomerError::NoSuchParent)?;
    let mut line = vec![parent.id];
    line.extend(store::ancestors(tx, parent.id)?);
    rules::may_join(customer, levels_below, &line)?;
    Ok(parent.id)
}

/// What a customer is found by.
pub fn search_key(number: &str, name: &str) -> String {
    fold(&format!("{name} {number}"))
}

/// Sales who see only their own customers would lose sight of one that they gave away.
fn refuse_giving_away(
    caller: &Caller,
    owner: Option<&kernel::text::Subject>,
) -> Result<(), CustomerError> {
    if caller.has(Role::Sales) && caller.sees_only_own() && owner != Some(&caller.subject) {
        return Err(CustomerError::NotOwn);
    }
    Ok(())
}
