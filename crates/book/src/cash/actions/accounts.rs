//! Bank accounts of our own, and the accounts that payers paid from.

use super::CashError;
use crate::book::cash::formats::account_number;
use crate::book::cash::input::{BankAccountIn, BankAccountPatch};
use crate::book::cash::model::{BankAccount, PayerAccount};
use crate::book::cash::store;
use crate::book::entities::actions as entities;
use crate::platform::db::{Change, Tx};
use kernel::clock::Day;
use kernel::ids::{BankAccountId, PayerAccountId};
use kernel::text::{Note, Number};

/// Opens a bank account in the book.
///
/// # Errors
/// When there is one with the number in the currency.
pub fn create_account(tx: &mut Tx, input: &BankAccountIn) -> Result<BankAccount, CashError> {
    let number = account_number(input.number.as_str()).unwrap_or_default();
    let legal_entity_id = entities::find(tx, input.legal_entity.as_ref())?;
    let account = BankAccount {
        id: BankAccountId::new(),
        number: Number::stored(number.clone()),
        currency: input.currency,
        name: input.name.clone(),
        bank_code: input.bank_code.clone(),
        legal_entity_id,
        closed_on: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        version: 1,
    };
    if !store::insert_account(tx, &account)? {
        return Err(CashError::AccountTaken { number });
    }
    tx.record(Change::new("bank_account.created", account.id).after(&account))?;
    Ok(account)
}

/// Changes a bank account's name, its bank's code, or the day on which it was closed.
///
/// # Errors
/// When it is not there, or changed since `version`.
pub fn change_account(
    tx: &mut Tx,
    id: BankAccountId,
    version: i64,
    patch: &BankAccountPatch,
) -> Result<BankAccount, CashError> {
    let before = store::find_account(tx, id)?.ok_or(CashError::Missing("bank account"))?;
    if before.version != version {
        return Err(CashError::Stale);
    }
    let after = BankAccount {
        name: patch.name.clone().unwrap_or_else(|| before.name.clone()),
        bank_code: patch
            .bank_code
            .clone()
            .unwrap_or_else(|| before.bank_code.clone()),
        closed_on: patch
            .closed_on
            .map_or(before.closed_on, |day| day.map(Day::date)),
        ..before.clone()
    };
    if after == before {
        return Ok(before);
    }
    let after = store::update_account_if_unchanged(tx, &after)?.ok_or(CashError::Stale)?;
    tx.record(
        Change::new("bank_account.changed", id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}

/// Forgets that a customer paid from an account.
///
/// # Errors
/// When it is not there, or changed since `version`.
pub fn remove_payer_account(
    tx: &mut Tx,
    id: PayerAccountId,
    version: i64,
    reason: &Note,
) -> Result<PayerAccount, CashError> {
    let known = store::find_payer_account(tx, id)?.ok_or(CashError::Missing("payer account"))?;
    if known.version != version || !store::delete_payer_account(tx, id, version)? {
        return Err(CashError::Stale);
    }
    tx.record(
        Change::new("payer_account.removed", id)
            .before(&known)
            .because(reason),
    )?;
    Ok(known)
}
