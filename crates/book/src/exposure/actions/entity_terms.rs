//! What one legal entity agrees with a customer for itself: a limit of its own within that of all, terms, a suspension.

use super::{AccountError, check_payment_terms, lock};
use crate::book::exposure::input::EntityTermsIn;
use crate::book::exposure::model::{AccountStatus, CreditAccount, EntityTerms};
use crate::book::exposure::store::{self, balances};
use crate::platform::db::{Change, DbError, Tx};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, DunningProcedureId, LegalEntityId};
use kernel::text::{Note, Subject};

/// What holds where nothing was agreed: version 0, and no terms of its own.
pub fn nothing_agreed(account: &CreditAccount, entity: LegalEntityId) -> EntityTerms {
    EntityTerms {
        account_id: account.id,
        legal_entity_id: entity,
        status: AccountStatus::Active,
        limit_minor: None,
        net_days: None,
        payment_terms: None,
        dunning_procedure_id: None,
        collector: None,
        reason: String::new(),
        set_by: Subject::stored(String::new()),
        created_at: account.created_at,
        changed_at: account.created_at,
        version: 0,
        dunning_blocked_at: None,
        dunning_block_reason: None,
    }
}

/// Lets what is owed to one company follow a dunning procedure of its own; none for that of the account.
///
/// # Errors
/// When the account is not there, or changed since `version`.
pub fn assign_procedure(
    tx: &mut Tx,
    id: CreditAccountId,
    entity: LegalEntityId,
    version: i64,
    procedure: Option<DunningProcedureId>,
    reason: &Note,
) -> Result<CreditAccount, AccountError> {
    let found = store::find(tx, id)?.ok_or(AccountError::Missing)?;
    let locked = lock(tx, found.customer_id)?;
    if locked.account.version != version {
        return Err(AccountError::Stale);
    }
    write(tx, &locked.account, entity, |terms, now, by| {
        terms.dunning_procedure_id = procedure;
        terms.reason = reason.to_string();
        terms.set_by = by.clone();
        terms.changed_at = now;
        terms.version = terms.version.saturating_add(1);
        ("credit_account.entity_terms_set", reason.to_string())
    })?;
    // The account's version is what the caller guards by.
    let account = store::find(tx, id)?.ok_or(AccountError::Missing)?;
    store::update_if_unchanged(tx, &account)?.ok_or(AccountError::Stale)
}

/// Closes an account to the orders of one company, or opens it again, because of what dunning reached there. The account
/// must be locked. What people agreed stays as it is, and keeps its version.
///
/// # Errors
/// When the database fails.
pub fn block_for_dunning(
    tx: &mut Tx,
    account: &CreditAccount,
    entity: LegalEntityId,
    reason: Option<&str>,
) -> Result<(), DbError> {
    write(tx, account, entity, |terms, now, _| {
        terms.dunning_blocked_at = reason.map(|_| now);
        terms.dunning_block_reason = reason.map(ToOwned::to_owned);
        if let Some(reason) = reason {
            ("credit_account.entity_blocked", reason.to_owned())
        } else {
            let why = "What was dunned is settled.".to_owned();
            ("credit_account.entity_unblocked", why)
        }
    })
}

/// Writes terms that are there or not yet, and records what was done.
fn write(
    tx: &mut Tx,
    account: &CreditAccount,
    entity: LegalEntityId,
    apply: impl FnOnce(&mut EntityTerms, Instant, &Subject) -> (&'static str, String),
) -> Result<(), DbError> {
    let stored = balances::find_terms(tx, account.id, entity)?;
    let mut after = stored
        .clone()
        .unwrap_or_else(|| nothing_agreed(account, entity));
    let (now, by) = (tx.now(), tx.caller().subject.clone());
    if stored.is_none() {
        after.created_at = now;
    }
    let (action, why) = apply(&mut after, now, &by);
    let change = Change::new(action, account.id).after(&after).because(&why);
    if let Some(before) = &stored {
        balances::update_terms(tx, &after)?;
        tx.record(change.before(before))
    } else {
        balances::insert_terms(tx, &after)?;
        tx.record(change)
    }
}

/// Sets what a legal entity agrees with a customer. A limit is in the account's currency.
///
/// # Errors
/// When the account is not there, the terms changed since `version` (0 when there were none), the limit is in another
/// currency, or the payment terms are not live.
pub fn set(
    tx: &mut Tx,
    id: CreditAccountId,
    entity: LegalEntityId,
    version: i64,
    input: &EntityTermsIn,
) -> Result<EntityTerms, AccountError> {
    let found = store::find(tx, id)?.ok_or(AccountError::Missing)?;
    let locked = lock(tx, found.customer_id)?;
    let account = &locked.account;
    if let Some(limit) = &input.limit
        && limit.money().currency() != account.currency
    {
        return Err(AccountError::Currency {
            given: limit.money().currency(),
            expected: account.currency,
        });
    }
    check_payment_terms(tx, input.payment_terms.as_ref())?;
    let stored = balances::find_terms(tx, id, entity)?;
    let before = stored
        .clone()
        .unwrap_or_else(|| nothing_agreed(account, entity));
    if before.version != version {
        return Err(AccountError::Stale);
    }
    let after = EntityTerms {
        status: input.status.unwrap_or(AccountStatus::Active),
        limit_minor: input.limit.map(|limit| limit.money().minor()),
        net_days: input.net_days,
        payment_terms: input.payment_terms.clone(),
        collector: input.collector.clone(),
        reason: input.reason.to_string(),
        set_by: tx.caller().subject.clone(),
        created_at: if stored.is_some() {
            before.created_at
        } else {
            tx.now()
        },
        changed_at: tx.now(),
        version: version.saturating_add(1),
        ..before.clone()
    };
    let change = Change::new("credit_account.entity_terms_set", id)
        .after(&after)
        .because(&input.reason);
    if let Some(before) = &stored {
        balances::update_terms(tx, &after)?;
        tx.record(change.before(before))?;
    } else {
        balances::insert_terms(tx, &after)?;
        tx.record(change)?;
    }
    Ok(after)
}
