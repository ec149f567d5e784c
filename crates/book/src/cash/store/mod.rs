//! Queries on bank accounts, statements and entries.

mod advices;
mod lists;
mod matching;

use chrono::{Days, NaiveDate};
use diesel::prelude::*;

use super::model::{
    BankAccount, BankEntry, BankStatement, EntryKind, EntryReceipt, EntryStatus, MatchProposal,
};
use crate::platform::db::schema::{
    bank_accounts, bank_entries, bank_entry_receipts, bank_statements, match_proposals,
};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend};
use kernel::clock::Instant;
use kernel::ids::{BankAccountId, BankEntryId, BankStatementId, MatchProposalId, ReceiptId};

pub use advices::{
    delete_payer_account, find_advice, find_payer_account, insert_advice, insert_advices,
    learn_payer_account, list_advices, list_advices_by_numbers, list_advices_of_entries,
    list_open_advices, list_payer_accounts, list_payers, list_taught, update_advice_if_unchanged,
};
pub use lists::{list_accounts, list_entries, list_statements};
pub use matching::{
    Candidate, insert_keys, list_by_keys, list_heads, list_names, list_of_amounts, list_of_small,
};

/// How many values one statement is bound to at most.
const CHUNK: usize = 5_000;

/// The bank account under this id.
pub fn find_account(db: &mut Db, id: BankAccountId) -> Result<Option<BankAccount>, DbError> {
    Ok(on_backend!(db, |c| bank_accounts::table
        .find(id)
        .select(BankAccount::as_select())
        .first(c)
        .optional())?)
}

/// All bank accounts: an organisation has few.
pub fn list_all_accounts(db: &mut Db) -> Result<Vec<BankAccount>, DbError> {
    Ok(on_backend!(db, |c| bank_accounts::table
        .order(bank_accounts::id)
        .select(BankAccount::as_select())
        .load(c))?)
}

/// Inserts a bank account when its number is free in its currency, and says whether it was.
pub fn insert_account(tx: &mut Tx, account: &BankAccount) -> Result<bool, DbError> {
    let inserted = on_backend!(tx, |c| diesel::insert_into(bank_accounts::table)
        .values(account)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted > 0)
}

/// Writes what may be changed of a bank account when it still has the version that it was read with, and gives it as it
/// is now.
pub fn update_account_if_unchanged(
    tx: &mut Tx,
    account: &BankAccount,
) -> Result<Option<BankAccount>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        bank_accounts::table
            .find(account.id)
            .filter(bank_accounts::version.eq(account.version))
    )
    .set((
        bank_accounts::name.eq(&account.name),
        bank_accounts::bank_code.eq(&account.bank_code),
        bank_accounts::closed_on.eq(account.closed_on),
        bank_accounts::version.eq(bank_accounts::version + 1),
    ))
    .returning(BankAccount::as_returning())
    .get_result(c)
    .optional())?)
}

/// Locks a bank account: its statements are kept one after the other.
pub fn lock_account(tx: &mut Tx, id: BankAccountId) -> Result<Option<BankAccount>, DbError> {
    Ok(match tx.conn() {
        Conn::Postgres(c) => bank_accounts::table
            .find(id)
            .select(BankAccount::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => bank_accounts::table
            .find(id)
            .select(BankAccount::as_select())
            .first(&mut **c)
            .optional()?,
    })
}

/// The statement under this id.
pub fn find_statement(db: &mut Db, id: BankStatementId) -> Result<Option<BankStatement>, DbError> {
    Ok(on_backend!(db, |c| bank_statements::table
        .find(id)
        .select(BankStatement::as_select())
        .first(c)
        .optional())?)
}

/// The statement of an account that says the same.
pub fn find_same_statement(
    db: &mut Db,
    account: BankAccountId,
    digest: &str,
) -> Result<Option<BankStatement>, DbError> {
    Ok(on_backend!(db, |c| bank_statements::table
        .filter(bank_statements::bank_account_id.eq(account))
        .filter(bank_statements::digest.eq(digest))
        .select(BankStatement::as_select())
        .first(c)
        .optional())?)
}

pub fn insert_statement(tx: &mut Tx, statement: &BankStatement) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(bank_statements::table)
        .values(statement)
        .execute(c))?;
    Ok(())
}

pub fn insert_entries(tx: &mut Tx, rows: &[BankEntry]) -> Result<(), DbError> {
    for chunk in rows.chunks(400) {
        on_backend!(tx, |c| diesel::insert_into(bank_entries::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// The entries of an account that were booked from one day to another, both included.
pub fn list_booked(
    db: &mut Db,
    account: BankAccountId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<BankEntry>, DbError> {
    Ok(on_backend!(db, |c| bank_entries::table
        .filter(bank_entries::bank_account_id.eq(account))
        .filter(bank_entries::booking_date.ge(from))
        .filter(bank_entries::booking_date.le(to))
        .order(bank_entries::id)
        .select(BankEntry::as_select())
        .load(c))?)
}

/// The entry under this id.
pub fn find_entry(db: &mut Db, id: BankEntryId) -> Result<Option<BankEntry>, DbError> {
    Ok(on_backend!(db, |c| bank_entries::table
        .find(id)
        .select(BankEntry::as_select())
        .first(c)
        .optional())?)
}

/// The payments to the account of a return, of its amount, that came some days before it or less, stand, and have a reference,
/// an account, a name or a text in common with it; the latest first, and so many of them at most.
pub fn list_payments_like(
    db: &mut Db,
    returned: &BankEntry,
    days_back: u64,
    most: usize,
) -> Result<Vec<BankEntry>, DbError> {
    let alike = bank_entries::end_to_end_id
        .eq(&returned.end_to_end_id)
        .or(bank_entries::payer_account.eq(&returned.payer_account))
        .or(bank_entries::payer_name.eq(&returned.payer_name))
        .or(bank_entries::remittance
            .nullable()
            .eq(Some(&returned.remittance)));
    let from = returned.booking_date.checked_sub_days(Days::new(days_back));
    Ok(on_backend!(db, |c| bank_entries::table
        .filter(bank_entries::bank_account_id.eq(returned.bank_account_id))
        .filter(bank_entries::amount_minor.eq(returned.amount_minor))
        .filter(bank_entries::kind.eq(EntryKind::Credit))
        .filter(bank_entries::booking_date.ge(from.unwrap_or(NaiveDate::MIN)))
        .filter(bank_entries::booking_date.le(returned.booking_date))
        .filter(bank_entries::status.ne(EntryStatus::Returned))
        .filter(alike)
        .order((bank_entries::booking_date.desc(), bank_entries::id))
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select(BankEntry::as_select())
        .load(c))?)
}

/// Which of these entries are payments that went back.
pub fn list_returns(db: &mut Db, ids: &[BankEntryId]) -> Result<Vec<BankEntryId>, DbError> {
    Ok(on_backend!(db, |c| bank_entries::table
        .filter(bank_entries::id.eq_any(ids))
        .filter(bank_entries::kind.eq(EntryKind::ReturnedCredit))
        .order(bank_entries::id)
        .select(bank_entries::id)
        .load(c))?)
}

/// The entry that took a payment back.
pub fn find_return_of(db: &mut Db, payment: BankEntryId) -> Result<Option<BankEntry>, DbError> {
    Ok(on_backend!(db, |c| bank_entries::table
        .filter(bank_entries::returns_entry_id.eq(payment))
        .select(BankEntry::as_select())
        .first(c)
        .optional())?)
}

/// Locks these entries, in order of id, and gives them.
pub fn lock_entries(tx: &mut Tx, ids: &[BankEntryId]) -> Result<Vec<BankEntry>, DbError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<BankEntry> = match tx.conn() {
            Conn::Postgres(c) => bank_entries::table
                .filter(bank_entries::id.eq_any(chunk))
                .order(bank_entries::id)
                .select(BankEntry::as_select())
                .for_update()
                .load(&mut **c)?,
            Conn::Sqlite(c) => bank_entries::table
                .filter(bank_entries::id.eq_any(chunk))
                .order(bank_entries::id)
                .select(BankEntry::as_select())
                .load(&mut **c)?,
        };
        found.extend(rows);
    }
    Ok(found)
}

/// The ids of the next entries that stand in one of these ways, after an id, of some statements when they are given.
pub fn list_ids_by_status(
    db: &mut Db,
    statuses: &[EntryStatus],
    statements: Option<&[BankStatementId]>,
    after: Option<BankEntryId>,
    limit: i64,
) -> Result<Vec<BankEntryId>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = bank_entries::table
            .filter(bank_entries::status.eq_any(statuses))
            .select(bank_entries::id)
            .into_boxed();
        if let Some(statements) = statements {
            query = query.filter(bank_entries::statement_id.eq_any(statements));
        }
        if let Some(after) = after {
            query = query.filter(bank_entries::id.gt(after));
        }
        query.order(bank_entries::id).limit(limit).load(c)
    })?)
}

/// How many entries of these statements stand in each way, and what they are together.
pub fn count_by_status(
    db: &mut Db,
    statements: &[BankStatementId],
) -> Result<Vec<(EntryStatus, i64)>, DbError> {
    Ok(on_backend!(db, |c| bank_entries::table
        .filter(bank_entries::statement_id.eq_any(statements))
        .group_by(bank_entries::status)
        .select((bank_entries::status, diesel::dsl::count_star()))
        .load(c))?)
}

/// Writes where entries stand now: one statement on PostgreSQL, a prepared one for each row on SQLite. The entries must be
/// locked.
pub fn save_entries(tx: &mut Tx, rows: &[BankEntry]) -> Result<(), DbError> {
    for row in rows {
        on_backend!(tx, |c| diesel::update(bank_entries::table.find(row.id))
            .set((
                bank_entries::status.eq(row.status),
                bank_entries::customer_id.eq(row.customer_id),
                bank_entries::assigned_minor.eq(row.assigned_minor),
                bank_entries::receipts_made.eq(row.receipts_made),
                bank_entries::decided_by.eq(&row.decided_by),
                bank_entries::decided_at.eq(row.decided_at),
                bank_entries::decision_reason.eq(&row.decision_reason),
                bank_entries::version.eq(row.version),
                bank_entries::returns_entry_id.eq(row.returns_entry_id),
            ))
            .execute(c))?;
    }
    Ok(())
}

pub fn insert_entry_receipts(tx: &mut Tx, rows: &[EntryReceipt]) -> Result<(), DbError> {
    for chunk in rows.chunks(1_000) {
        on_backend!(tx, |c| diesel::insert_into(bank_entry_receipts::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// Which of these receipts came of entries, and stand.
pub fn list_entry_receipts(
    db: &mut Db,
    receipts: &[ReceiptId],
) -> Result<Vec<EntryReceipt>, DbError> {
    let mut found = Vec::new();
    for chunk in receipts.chunks(CHUNK) {
        let rows: Vec<EntryReceipt> = on_backend!(db, |c| bank_entry_receipts::table
            .filter(bank_entry_receipts::receipt_id.eq_any(chunk))
            .filter(bank_entry_receipts::given_back_at.is_null())
            .select(EntryReceipt::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The receipts that came of these entries, those that were reversed included.
pub fn list_receipts_of(
    db: &mut Db,
    entries: &[BankEntryId],
) -> Result<Vec<EntryReceipt>, DbError> {
    Ok(on_backend!(db, |c| bank_entry_receipts::table
        .filter(bank_entry_receipts::entry_id.eq_any(entries))
        .order(bank_entry_receipts::receipt_id)
        .select(EntryReceipt::as_select())
        .load(c))?)
}

/// Says that receipts were reversed, and their money given back.
pub fn give_back(tx: &mut Tx, receipts: &[ReceiptId], at: Instant) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(
        bank_entry_receipts::table.filter(bank_entry_receipts::receipt_id.eq_any(receipts))
    )
    .set(bank_entry_receipts::given_back_at.eq(at))
    .execute(c))?;
    Ok(())
}

/// Puts proposals in the place of those that these entries had.
pub fn replace_proposals(
    tx: &mut Tx,
    entries: &[BankEntryId],
    rows: &[MatchProposal],
) -> Result<(), DbError> {
    for chunk in entries.chunks(CHUNK) {
        on_backend!(tx, |c| diesel::delete(
            match_proposals::table.filter(match_proposals::entry_id.eq_any(chunk))
        )
        .execute(c))?;
    }
    for chunk in rows.chunks(1_000) {
        on_backend!(tx, |c| diesel::insert_into(match_proposals::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// The proposals of these entries, each entry's best first.
pub fn list_proposals(db: &mut Db, entries: &[BankEntryId]) -> Result<Vec<MatchProposal>, DbError> {
    Ok(on_backend!(db, |c| match_proposals::table
        .filter(match_proposals::entry_id.eq_any(entries))
        .order((match_proposals::entry_id, match_proposals::rank))
        .select(MatchProposal::as_select())
        .load(c))?)
}

/// A proposal of an entry: the one under an id, or the best.
pub fn find_proposal(
    db: &mut Db,
    entry: BankEntryId,
    id: Option<MatchProposalId>,
) -> Result<Option<MatchProposal>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = match_proposals::table
            .filter(match_proposals::entry_id.eq(entry))
            .select(MatchProposal::as_select())
            .into_boxed();
        if let Some(id) = id {
            query = query.filter(match_proposals::id.eq(id));
        }
        query.order(match_proposals::rank).first(c).optional()
    })?)
}

/// The entries under these ids, in order of id.
pub fn list_entries_by_ids(db: &mut Db, ids: &[BankEntryId]) -> Result<Vec<BankEntry>, DbError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<BankEntry> = on_backend!(db, |c| bank_entries::table
            .filter(bank_entries::id.eq_any(chunk))
            .order(bank_entries::id)
            .select(BankEntry::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}
