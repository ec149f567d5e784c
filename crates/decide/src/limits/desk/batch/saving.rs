//! Writing what a batch decided.

use std::collections::BTreeSet;

use super::Batch;
use crate::book::exposure::actions::caps;
use crate::book::exposure::store::{self as accounts, additional, balances};
use crate::decide::limits::desk::memory::Memory;
use crate::decide::limits::desk::{Answered, CheckRequest, stored};
use crate::decide::limits::store;
use crate::platform::db::{AtOnce, DbError, Durability, Entries, RowVersion, Tx, Writes};
use crate::platform::idempotency::{self, Keeping};
use kernel::ids::CreditAccountId;

/// The row version of accounts where there are no row versions.
const UNMARKED: RowVersion = 0;

impl Batch {
    /// Writes all that the batch decided, in a handful of statements.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(self, tx: &mut Tx) -> Result<(), DbError> {
        self.save_with(tx, &[], &[], &mut Memory::default())
    }

    /// Writes all that the batch decided, with the answers to those of its checks that have keys. Accounts that came from
    /// memory are remembered as they are then, others forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save_with(
        self,
        tx: &mut Tx,
        asked: &[CheckRequest],
        answers: &[Answered],
        memory: &mut Memory,
    ) -> Result<(), DbError> {
        let movements = self.book.movements(&self.orders.taken);
        let entries = Entries::new(&self.changes, self.now);
        let kept = self.keep(asked, answers)?;
        for expired in &self.orders.expired {
            // Before the order is reserved anew: it holds one reservation.
            store::update_reservation(tx, expired)?;
        }
        let mut writes = tx.writes();
        accounts::add_reserved(&mut writes, &movements.accounts, None)?;
        self.add_rows(&mut writes, &entries, &kept)?;
        writes.send()?;
        tx.is_its_own_record();
        for amended in &self.orders.amended {
            store::update_reservation(tx, amended)?;
        }
        for decided in &self.orders.decided_blocks {
            // A person may have decided it since it was read: the whole work is then done anew.
            store::update_block_if_unchanged(tx, decided)?
                .ok_or_else(|| DbError::Serialization("a credit block was decided".to_owned()))?;
        }
        for consumed in &self.orders.consumed {
            additional::end_if_unchanged(tx, consumed)?;
        }
        balances::add(tx, &movements.balances)?;
        caps::post(tx, &movements.caps)?;
        let beside = movements.balances.keys().map(|(id, _)| id);
        let moved: BTreeSet<&CreditAccountId> = movements.accounts.keys().chain(beside).collect();
        let moved = moved.into_iter();
        if self.is_from_memory {
            self.remember(moved, UNMARKED, memory);
        } else {
            let moved = moved.filter_map(|id| Some(self.book.account(*id)?.customer_id));
            memory.forget_accounts(&moved.collect::<Vec<_>>());
        }
        Ok(())
    }

    /// Remembers accounts as this batch leaves them.
    fn remember<'a>(
        &self,
        moved: impl Iterator<Item = &'a CreditAccountId>,
        row_version: RowVersion,
        memory: &mut Memory,
    ) {
        for id in moved {
            if let Some(account) = self.book.account(*id) {
                let blocks = &self.orders.new_blocks;
                let waits = blocks.iter().any(|block| block.account_id == *id);
                let balances = self.book.balances(*id);
                memory.remember_moved(account, balances, row_version, waits);
            }
        }
    }

    /// Writes all that the batch decided in one statement, and remembers the accounts as they are then; false when it
    /// can't be, and nothing was written.
    ///
    /// # Errors
    /// When the database fails; as a meeting of two units of work when an account was changed or locked meanwhile.
    pub fn save_at_once(
        self,
        unit: &mut AtOnce,
        asked: &[CheckRequest],
        answers: &[Answered],
        memory: &mut Memory,
        durability: Durability,
    ) -> Result<bool, DbError> {
        if !self.orders.are_new() || self.book.opens_balances() {
            return Ok(false);
        }
        let mut movements = self.book.movements(&self.orders.taken);
        for (account, _) in movements.balances.keys() {
            // The account's row version tells of its balances as well.
            movements.accounts.entry(*account).or_default();
        }
        let entries = Entries::new(&self.changes, self.now);
        let kept = self.keep(asked, answers)?;
        let moved = &movements.accounts;
        // Those that are moved are looked at by their update; those that are only read, here.
        let (others, row_versions): (Vec<CreditAccountId>, Vec<RowVersion>) = self
            .row_versions
            .iter()
            .filter(|(id, _)| !moved.contains_key(id))
            .map(|(id, row_version)| (*id, *row_version))
            .unzip();
        let mut writes = unit.writes()?;
        accounts::add_reserved(&mut writes, moved, Some(&self.row_versions))?;
        balances::add_reserved(&mut writes, &movements.balances);
        self.add_rows(&mut writes, &entries, &kept)?;
        if writes.is_empty() {
            return Ok(false);
        }
        let is_right = store::is_as_decided_on(moved.len(), &others, &row_versions, self.policy_id);
        let row_version = writes.send_if(is_right, durability)?;
        self.remember(moved.keys(), row_version, memory);
        Ok(true)
    }

    /// Adds the rows that the batch makes.
    fn add_rows<'a>(
        &'a self,
        writes: &mut Writes<'_, 'a>,
        entries: &'a Entries<'a>,
        kept: &'a [Keeping<'a>],
    ) -> Result<(), DbError> {
        store::insert_checks(writes, &self.checks)?;
        store::insert_reservations(writes, &self.orders.new_reservations)?;
        store::insert_blocks(writes, &self.orders.new_blocks)?;
        entries.insert(writes)?;
        idempotency::keep_all(writes, kept)
    }

    /// What is to be kept under the keys of the checks.
    fn keep<'a>(
        &self,
        asked: &'a [CheckRequest],
        answers: &[Answered],
    ) -> Result<Vec<Keeping<'a>>, DbError> {
        let mut keeping = Vec::new();
        for (one, answer) in asked.iter().zip(answers) {
            let Some(keyed) = &one.keyed else { continue };
            let check = self.recorded.get(&keyed.id).copied();
            if let Some(text) = stored::write(answer, check, one.language)? {
                keeping.push(Keeping {
                    id: keyed.id,
                    fingerprint: &keyed.fingerprint,
                    answer: text.into(),
                    at: self.now,
                });
            }
        }
        Ok(keeping)
    }
}
