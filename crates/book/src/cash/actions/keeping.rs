//! Statements that came: whether they may be taken, and what of them is new.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use chrono::NaiveDate;

use super::CashError;
use crate::book::cash::formats::{Booking, ReadStatement};
use crate::book::cash::model::{
    BankAccount, BankEntry, BankStatement, EntryKind, EntryStatus, References,
};
use crate::book::cash::rules::known::{Seen, known};
use crate::book::cash::store;
use crate::platform::db::{Change, Db, DbError, Tx};
use crate::platform::http::body::hex;
use kernel::ids::{BankAccountId, BankEntryId, BankStatementId};

/// The shortest end of an account's number by which it is known: old formats leave out what an IBAN has in front.
const ENDING_CHARS_MIN: usize = 7;

/// What became of a statement.
#[derive(Debug, Clone)]
pub struct Kept {
    pub statement: BankStatement,
    /// Whether it was there before.
    pub was_known: bool,
}

/// Whether these statements may be taken: their accounts are ours and open, and nothing lies in the future.
///
/// # Errors
/// When one may not.
pub fn check(db: &mut Db, statements: &[ReadStatement]) -> Result<(), CashError> {
    let accounts = store::list_all_accounts(db)?;
    let today = db.today();
    for statement in statements {
        check_one(&accounts, statement, today)?;
    }
    Ok(())
}

fn check_one<'a>(
    accounts: &'a [BankAccount],
    statement: &ReadStatement,
    today: NaiveDate,
) -> Result<&'a BankAccount, CashError> {
    let account = account_of(accounts, statement).ok_or_else(|| CashError::UnknownBankAccount {
        account: statement.account.clone(),
        currency: statement.currency,
    })?;
    if let Some(day) = account
        .closed_on
        .filter(|day| *day <= statement.closing_date())
    {
        return Err(CashError::BankAccountClosed {
            account: account.number.to_string(),
            day,
        });
    }
    let late = statement
        .bookings
        .iter()
        .map(|booking| booking.booking_date);
    if let Some(day) = late.max().filter(|day| *day > today) {
        return Err(CashError::InFuture {
            number: statement.number.clone(),
            day,
        });
    }
    Ok(account)
}

/// The account of ours that a statement is about: by its number, or by the end of it that only one has.
fn account_of<'a>(
    accounts: &'a [BankAccount],
    statement: &ReadStatement,
) -> Option<&'a BankAccount> {
    let of_currency = || {
        accounts
            .iter()
            .filter(|account| account.currency == statement.currency)
    };
    let exact = of_currency().find(|account| account.number.as_str() == statement.account);
    if exact.is_some() || statement.account.len() < ENDING_CHARS_MIN {
        return exact;
    }
    let mut ending =
        of_currency().filter(|account| account.number.as_str().ends_with(&statement.account));
    let found = ending.next()?;
    ending.next().is_none().then_some(found)
}

/// Keeps statements with those of their entries that no other statement told of.
///
/// # Errors
/// When one may not be taken.
pub fn keep(tx: &mut Tx, statements: &[ReadStatement]) -> Result<Vec<Kept>, CashError> {
    let accounts = store::list_all_accounts(tx)?;
    let today = tx.today();
    let mut of_accounts: BTreeMap<BankAccountId, Vec<&ReadStatement>> = BTreeMap::new();
    for statement in statements {
        let account = check_one(&accounts, statement, today)?;
        of_accounts.entry(account.id).or_default().push(statement);
    }
    let mut kept = Vec::new();
    for (account, statements) in of_accounts {
        let found = store::lock_account(tx, account)?;
        let account = found.ok_or(CashError::Missing("bank account"))?;
        for statement in statements {
            kept.push(keep_one(tx, &account, statement)?);
        }
    }
    Ok(kept)
}

fn keep_one(
    tx: &mut Tx,
    account: &BankAccount,
    statement: &ReadStatement,
) -> Result<Kept, CashError> {
    let digest = digest_of_statement(statement);
    if let Some(statement) = store::find_same_statement(tx, account.id, &digest)? {
        return Ok(Kept {
            statement,
            was_known: true,
        });
    }
    let seen = seen_of(statement);
    let days = || statement.bookings.iter().map(|b| b.booking_date);
    let others = match (days().min(), days().max()) {
        (Some(from), Some(to)) => others_of(&store::list_booked(tx, account.id, (from, to))?),
        _ => Vec::new(),
    };
    let is_known = known(&seen, &others);
    let new: Vec<(&Booking, &Seen)> = statement
        .bookings
        .iter()
        .zip(&seen)
        .zip(&is_known)
        .filter(|(_, known)| !**known)
        .map(|(new, _)| new)
        .collect();
    let new_payments: usize = new.iter().map(|(booking, _)| booking.payments.len()).sum();
    let (credits, debits) = statement.turnovers();
    let too_large = |_| CashError::Db(DbError::from(kernel::money::SumTooLarge));
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let row = BankStatement {
        id: BankStatementId::new(),
        bank_account_id: account.id,
        format: statement.format,
        number: statement.number.clone(),
        digest,
        opening_date: statement.opening.map(|balance| balance.day),
        closing_date: statement.closing_date(),
        currency: statement.currency,
        opening_minor: statement.opening.map(|balance| balance.minor),
        closing_minor: statement.closing.map(|balance| balance.minor),
        credits_minor: i64::try_from(credits).map_err(too_large)?,
        debits_minor: i64::try_from(debits).map_err(too_large)?,
        entries: count(statement.payments()),
        known_entries: count(statement.payments() - new_payments),
        sent_by: tx.caller().subject.clone(),
        sent_at: tx.now(),
    };
    store::insert_statement(tx, &row)?;
    let entries: Vec<BankEntry> = new
        .iter()
        .flat_map(|(booking, seen)| entries_of(account, &row, booking, seen))
        .collect();
    store::insert_entries(tx, &entries)?;
    tx.record(Change::new("bank_statement.received", row.id).after(&row))?;
    Ok(Kept {
        statement: row,
        was_known: false,
    })
}

/// The payments of a booking as entries.
fn entries_of(
    account: &BankAccount,
    statement: &BankStatement,
    booking: &Booking,
    seen: &Seen,
) -> Vec<BankEntry> {
    let status = match booking.kind {
        EntryKind::Credit | EntryKind::ReturnedCredit => EntryStatus::Received,
        EntryKind::Debit => EntryStatus::NoReceipt,
        EntryKind::ReturnedDebit => EntryStatus::Open,
    };
    booking
        .payments
        .iter()
        .map(|payment| BankEntry {
            id: BankEntryId::new(),
            bank_account_id: statement.bank_account_id,
            statement_id: statement.id,
            legal_entity_id: account.legal_entity_id,
            kind: booking.kind,
            currency: statement.currency,
            amount_minor: payment.minor,
            booking_date: booking.booking_date,
            value_date: booking.value_date,
            bank_reference: booking.bank_reference.clone(),
            end_to_end_id: payment.end_to_end_id.clone(),
            payer_name: payment.payer_name.clone(),
            payer_account: payment.payer_account.clone(),
            structured_references: References(payment.references.clone()),
            remittance: payment.remittance.clone(),
            booking_digest: seen.digest.clone(),
            booking_minor: booking.minor,
            balance_minor: seen.balance_minor,
            status,
            customer_id: None,
            assigned_minor: 0,
            receipts_made: 0,
            decided_by: None,
            decided_at: None,
            decision_reason: None,
            version: 1,
            returns_entry_id: None,
        })
        .collect()
}

/// What the bookings of a statement are known by.
fn seen_of(statement: &ReadStatement) -> Vec<Seen> {
    let mut balance = statement.opening.map(|opening| opening.minor);
    statement
        .bookings
        .iter()
        .map(|booking| {
            balance = balance.and_then(|before| before.checked_add(booking.signed_minor()));
            Seen {
                booking_date: booking.booking_date,
                signed_minor: booking.signed_minor(),
                bank_reference: booking.bank_reference.clone(),
                digest: digest_of_booking(booking),
                balance_minor: balance,
            }
        })
        .collect()
}

/// The bookings behind entries that are there: the payments of one have their booking's hash in common, and the bank's
/// reference, by which two bookings that say the same may differ.
fn others_of(entries: &[BankEntry]) -> Vec<Seen> {
    type Key<'e> = (BankStatementId, &'e str, Option<i64>, Option<&'e str>);
    let mut bookings: BTreeMap<Key<'_>, (&BankEntry, i64)> = BTreeMap::new();
    for entry in entries {
        let key = (
            entry.statement_id,
            entry.booking_digest.as_str(),
            entry.balance_minor,
            entry.bank_reference.as_deref(),
        );
        let (_, sum) = bookings.entry(key).or_insert((entry, 0));
        *sum = sum.saturating_add(entry.amount_minor);
    }
    let mut seen = Vec::new();
    for (entry, sum) in bookings.into_values() {
        let sign = if entry.kind.comes_in() { 1 } else { -1 };
        // Two bookings that say the same and have no reference have one hash.
        let times = usize::try_from(sum / entry.booking_minor.max(1)).unwrap_or(1);
        let one = Seen {
            booking_date: entry.booking_date,
            signed_minor: sign * entry.booking_minor,
            bank_reference: entry.bank_reference.clone(),
            digest: entry.booking_digest.clone(),
            balance_minor: entry.balance_minor,
        };
        seen.extend(std::iter::repeat_n(one, times.max(1)));
    }
    seen
}

/// A hash of fields, each told from the next.
struct Digest(Context);

impl Digest {
    fn new() -> Digest {
        Digest(Context::new(&SHA256))
    }

    fn add(&mut self, field: impl ToString) {
        let text = field.to_string();
        self.0.update(text.len().to_string().as_bytes());
        self.0.update(b":");
        self.0.update(text.as_bytes());
    }

    fn finish(self) -> String {
        hex(self.0.finish().as_ref())
    }
}

/// What a booking says, but for how many ways there are to say it: references of the bank and the number of payments are
/// left out where formats differ in them.
fn digest_of_booking(booking: &Booking) -> String {
    let mut digest = Digest::new();
    digest.add(booking.booking_date);
    digest.add(booking.kind);
    digest.add(booking.minor);
    for payment in &booking.payments {
        digest.add(payment.minor);
        digest.add(payment.end_to_end_id.as_deref().unwrap_or_default());
        digest.add(payment.payer_name.as_deref().unwrap_or_default());
        digest.add(payment.payer_account.as_deref().unwrap_or_default());
        digest.add(&payment.remittance);
        for reference in &payment.references {
            digest.add(reference);
        }
    }
    digest.finish()
}

fn digest_of_statement(statement: &ReadStatement) -> String {
    let mut digest = Digest::new();
    digest.add(&statement.account);
    digest.add(statement.currency);
    digest.add(&statement.number);
    for balance in [statement.opening, statement.closing].into_iter().flatten() {
        digest.add(balance.day);
        digest.add(balance.minor);
    }
    for booking in &statement.bookings {
        digest.add(digest_of_booking(booking));
        digest.add(booking.bank_reference.as_deref().unwrap_or_default());
        digest.add(booking.value_date);
    }
    digest.finish()
}
