//! What other systems call customers.

use super::CustomerError;
use crate::book::customers::input::AliasIn;
use crate::book::customers::model::{CustomerAlias, CustomerRef};
use crate::book::customers::store::{self, aliases};
use crate::platform::db::{Change, Tx};
use kernel::ids::CustomerAliasId;
use kernel::text::Number;

/// Notes what a source system calls a customer.
///
/// # Errors
/// When the caller sees no such customer, or the system calls another one so.
pub fn add_alias(
    tx: &mut Tx,
    reference: &CustomerRef,
    input: &AliasIn,
) -> Result<CustomerAlias, CustomerError> {
    let caller = tx.caller();
    let customer = store::find_visible(tx, caller, reference)?.ok_or(CustomerError::Missing)?;
    let row = CustomerAlias {
        id: CustomerAliasId::new(),
        customer_id: customer.id,
        source_system: input.source_system.clone(),
        alias: input.alias.clone(),
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        version: 1,
    };
    aliases::insert_alias(tx, &row).map_err(|error| {
        if error.is_duplicate_of("customer_aliases", &["source_system", "alias"]) {
            CustomerError::AliasTaken(Number::clone(&row.alias))
        } else {
            error.into()
        }
    })?;
    tx.record(Change::new("customer.alias_added", customer.id).after(&row))?;
    Ok(row)
}

/// Forgets what a source system calls a customer. Documents that came by it stay.
///
/// # Errors
/// When the caller sees no such customer, it has no such alias, or that changed since `version`.
pub fn remove_alias(
    tx: &mut Tx,
    reference: &CustomerRef,
    id: CustomerAliasId,
    version: i64,
) -> Result<CustomerAlias, CustomerError> {
    let caller = tx.caller();
    let customer = store::find_visible(tx, caller, reference)?.ok_or(CustomerError::Missing)?;
    let row = aliases::find_alias(tx, customer.id, id)?.ok_or(CustomerError::NoSuchAlias)?;
    if row.version != version || !aliases::delete_alias_if_unchanged(tx, &row)? {
        return Err(CustomerError::Stale);
    }
    tx.record(Change::new("customer.alias_removed", customer.id).before(&row))?;
    Ok(row)
}
