//! The report of accounts that are over a limit by a movement of rates.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::ReportError;
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::RateTable;
use crate::book::exposure::model::{AccountBalance, AdditionalLimit, CreditAccount, EntityTerms};
use crate::book::exposure::rules::Owing;
use crate::book::exposure::store::{additional, balances};
use crate::book::policy::actions::live;
use crate::book::policy::model::PolicyDocument;
use crate::platform::db::{Db, DbError};
use crate::prove::reports::model::{OverLimit, OverLimitQuestion};
use crate::prove::reports::rules::over_limit::{Moved, over_limit};
use crate::prove::reports::store;
use kernel::ids::CreditAccountId;
use kernel::money::Currency;

/// How many accounts are looked at together.
const CHUNK: i64 = 500;

/// # Errors
/// When the day whose rates are asked about is after today.
pub fn check_since(question: &OverLimitQuestion, today: NaiveDate) -> Result<(), ReportError> {
    if question.since.is_some_and(|since| since > today) {
        return Err(ReportError::RatesInFuture);
    }
    Ok(())
}

/// The next accounts after one, in order of id, that were within a limit by the rates of before and are over it by those
/// of today, or of which that can't be told: each with the day of before.
///
/// # Errors
/// When the database fails.
pub fn list(
    db: &mut Db,
    question: &OverLimitQuestion,
    after: Option<CreditAccountId>,
    count: i64,
) -> Result<Vec<(OverLimit, NaiveDate)>, DbError> {
    let today = db.today();
    let policy = live(db)?;
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let asked = store::list_in_several_currencies(db, question, after, CHUNK)?;
        after = asked.last().map(|(account, _)| account.id);
        let is_last = i64::try_from(asked.len()).unwrap_or(CHUNK) < CHUNK;
        let dated: Vec<(CreditAccount, NaiveDate)> = asked
            .into_iter()
            .map(|(account, checked_at)| {
                let decided = checked_at.map(|at| db.clock().day_of(at));
                let since = question.since.or(decided);
                (account, since.or(today.pred_opt()).unwrap_or(today))
            })
            .collect();
        let read = Read::of(db, &dated, today)?;
        for (account, since) in &dated {
            if let Some(over) = read.over_limit(account, *since, &policy.document) {
                found.push((over, *since));
            }
        }
        if is_last || found.len() >= wanted {
            found.truncate(wanted);
            return Ok(found);
        }
    }
}

/// What bounds some accounts, what they owe, and the rates of each day that is asked about.
struct Read {
    today: NaiveDate,
    balances: BTreeMap<CreditAccountId, Vec<AccountBalance>>,
    terms: Vec<EntityTerms>,
    additional: Vec<AdditionalLimit>,
    tables: BTreeMap<NaiveDate, RateTable>,
}

impl Read {
    fn of(
        db: &mut Db,
        dated: &[(CreditAccount, NaiveDate)],
        today: NaiveDate,
    ) -> Result<Read, DbError> {
        let accounts = || dated.iter().map(|(account, _)| account);
        let ids: Vec<CreditAccountId> = accounts().map(|account| account.id).collect();
        let mut owed: BTreeMap<CreditAccountId, Vec<AccountBalance>> = BTreeMap::new();
        let mut currencies: BTreeSet<Currency> =
            accounts().map(|account| account.currency).collect();
        for balance in balances::list(db, accounts())? {
            currencies.insert(balance.currency);
            owed.entry(balance.account_id).or_default().push(balance);
        }
        let additional = additional::list_standing(db, &ids, today)?;
        currencies.extend(additional.iter().map(|limit| limit.currency));
        let currencies: Vec<Currency> = currencies.into_iter().collect();
        let mut days: BTreeSet<NaiveDate> = dated.iter().map(|(_, since)| *since).collect();
        days.insert(today);
        let mut tables = BTreeMap::new();
        for day in days {
            tables.insert(day, exchange_rates::latest(db, &currencies, day)?);
        }
        Ok(Read {
            today,
            balances: owed,
            terms: balances::list_terms(db, accounts())?,
            additional,
            tables,
        })
    }

    fn over_limit(
        &self,
        account: &CreditAccount,
        since: NaiveDate,
        policy: &PolicyDocument,
    ) -> Option<OverLimit> {
        let own = self.balances.get(&account.id);
        let counts = |limit: &&AdditionalLimit| {
            limit.account_id == account.id && limit.counts(self.today, None)
        };
        let moved = Moved {
            owing: Owing {
                account,
                balances: own.map_or(&[], Vec::as_slice),
            },
            terms: &self.terms,
            raising: self.additional.iter().filter(counts).collect(),
            before: self.tables.get(&since)?,
            now: self.tables.get(&self.today)?,
        };
        over_limit(&moved, policy)
    }
}
