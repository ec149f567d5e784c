//! Lines of credit accounts, with the limits they have today.

use std::collections::{BTreeMap, BTreeSet};

use super::{ImportError, Importable};
use crate::book::customers::store as customers;
use crate::book::exposure::actions::{self as exposure, Grant, Locked, Movements, lock_all};
use crate::book::exposure::model::{
    BalanceKey, CreditAccount, Exposure, Limit, LimitEntry, LimitScope, LimitSource,
};
use crate::book::exposure::store;
use crate::book::imports::model::{Difference, Row, Verdict};
use crate::book::imports::rules::AccountRow;
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{CustomerId, LimitId};
use kernel::money::Currency;
use kernel::text::{Note, Number, TextError};

const REASON: &str = "The limit of the day on which the account was taken over.";

impl Importable for AccountRow {
    fn post(tx: &mut Tx, rows: &[Row<AccountRow>]) -> Result<Vec<Verdict>, ImportError> {
        let named: BTreeSet<&str> = rows
            .iter()
            .map(|row| row.content.customer_number.as_str())
            .collect();
        let ids: BTreeMap<Number, CustomerId> =
            customers::list_by_numbers(tx, &named.into_iter().collect::<Vec<_>>())?
                .into_iter()
                .map(|customer| (customer.number, customer.id))
                .collect();
        let mut chunk = Chunk::lock(tx, ids.values().copied().collect())?;
        let mut verdicts = Vec::with_capacity(rows.len());
        for row in rows.iter().map(|row| &row.content) {
            verdicts.push(match ids.get(&row.customer_number) {
                Some(customer) => chunk.take_over(tx, *customer, row)?,
                None => Verdict::rejected(
                    "customer_number",
                    "unknown_customer",
                    "there is no such customer",
                ),
            });
        }
        chunk.write(tx)?;
        Ok(verdicts)
    }

    /// The net days of an account are as the line says from now on, and an account that is not there is opened with no
    /// limit. Limits are never a file's to change.
    fn upsert(tx: &mut Tx, rows: &[Row<AccountRow>]) -> Result<Vec<Verdict>, ImportError> {
        let named: BTreeSet<&str> = rows
            .iter()
            .map(|row| row.content.customer_number.as_str())
            .collect();
        let found = customers::list_by_numbers(tx, &named.into_iter().collect::<Vec<_>>())?;
        let accounts = lock_all(tx, &found.iter().map(|customer| customer.id).collect())?;
        let accounts: BTreeMap<Number, CreditAccount> = found
            .into_iter()
            .filter_map(|customer| {
                let locked = accounts.get(&customer.id)?;
                Some((customer.number, locked.account.clone()))
            })
            .collect();
        let mut changed: BTreeSet<&Number> = BTreeSet::new();
        let mut verdicts: BTreeMap<usize, Verdict> = BTreeMap::new();
        let mut new = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            let line = &row.content;
            if line.limit != Limit::None || line.group_limit.is_some() || line.valid_until.is_some()
            {
                let message = "limits are granted, and no file changes them: leave the columns out";
                verdicts.insert(place, Verdict::rejected("limit", "not_by_import", message));
            } else if !changed.insert(&line.customer_number) {
                let message = "stands on another line too";
                verdicts.insert(
                    place,
                    Verdict::rejected("customer_number", "repeated", message),
                );
            } else if let Some(account) = accounts.get(&line.customer_number) {
                verdicts.insert(place, change(tx, row, account)?);
            } else {
                new.push((place, row.clone()));
            }
        }
        let opened: Vec<Row<AccountRow>> = new.iter().map(|(_, row)| row.clone()).collect();
        let opened = AccountRow::post(tx, &opened)?;
        verdicts.extend(new.iter().map(|(place, _)| *place).zip(opened));
        Ok(verdicts.into_values().collect())
    }
}

/// Changes the terms of an account to what a line says.
fn change(
    tx: &mut Tx,
    row: &Row<AccountRow>,
    account: &CreditAccount,
) -> Result<Verdict, ImportError> {
    let line = &row.content;
    if account.currency != line.currency {
        return Ok(other_currency(account.currency));
    }
    let Some(net_days) = line.net_days.filter(|days| *days != account.net_days) else {
        return Ok(Verdict::Unchanged);
    };
    let reason: Note = "The terms of the file that was synchronised."
        .parse()
        .map_err(|error: TextError| DbError::Document(error.to_string()))?;
    let apply = |account: &mut CreditAccount| account.net_days = net_days;
    exposure::change(tx, account.id, account.version, apply, &reason)?;
    Ok(Verdict::Updated(vec![Difference {
        line: Some(row.line),
        number: line.customer_number.to_string(),
        column: "net_days",
        before: Some(account.net_days.to_string()),
        after: Some(net_days.to_string()),
    }]))
}

/// The accounts that a chunk of lines is about, with their groups, locked.
struct Chunk {
    locked: BTreeMap<CustomerId, Locked>,
    /// Each customer's ancestors and everybody below it.
    relatives: BTreeMap<CustomerId, Relatives>,
    opened: BTreeMap<CustomerId, CreditAccount>,
    entries: Vec<LimitEntry>,
    changes: Vec<Change>,
    movements: Movements,
}

#[derive(Default)]
struct Relatives {
    above: Vec<CustomerId>,
    below: Vec<CustomerId>,
}

impl Chunk {
    fn lock(tx: &mut Tx, wanted: BTreeSet<CustomerId>) -> Result<Chunk, DbError> {
        let relatives = relatives(tx, &wanted)?;
        let family: BTreeSet<CustomerId> = relatives
            .iter()
            .flat_map(|(customer, relatives)| {
                std::iter::once(customer)
                    .chain(&relatives.above)
                    .chain(&relatives.below)
            })
            .copied()
            .collect();
        Ok(Chunk {
            locked: lock_all(tx, &family)?,
            relatives,
            opened: BTreeMap::new(),
            entries: Vec::new(),
            changes: Vec::new(),
            movements: Movements::default(),
        })
    }

    fn take_over(
        &mut self,
        tx: &mut Tx,
        customer: CustomerId,
        row: &AccountRow,
    ) -> Result<Verdict, ImportError> {
        let in_book = self.locked.get(&customer).map(|locked| &locked.account);
        let Some(account) = self.opened.get(&customer).or(in_book) else {
            return Ok(self.open(tx, customer, row)?);
        };
        if is_same(account, row) {
            return Ok(Verdict::Unchanged);
        }
        if account.currency != row.currency {
            return Ok(other_currency(account.currency));
        }
        if account.limit_source != "none" || account.group_limit_kind.is_some() {
            return Ok(Verdict::rejected(
                "limit",
                "limit_already_granted",
                "the account has a limit, which an import never replaces",
            ));
        }
        match self.locked.get_mut(&customer) {
            Some(locked) => grant(tx, locked, row),
            // Opened by an earlier line of this file, with no limit.
            None => Ok(Verdict::taken("customer_number")),
        }
    }

    /// Opens the account and grants the limit in one go.
    fn open(
        &mut self,
        tx: &Tx,
        customer: CustomerId,
        row: &AccountRow,
    ) -> Result<Verdict, DbError> {
        let none = Relatives::default();
        let relatives = self.relatives.get(&customer).unwrap_or(&none);
        // Those below may owe already; what they owe is the group's from the first moment.
        let mut owed: BTreeMap<BalanceKey, Exposure> = BTreeMap::new();
        let below = relatives.below.iter().filter_map(|id| self.locked.get(id));
        for (key, exposure) in below.flat_map(|locked| locked.owed()) {
            *owed.entry(key).or_default() += exposure;
        }
        let home = BalanceKey::home(row.currency);
        let group = owed.remove(&home).unwrap_or_default();
        let opened = CreditAccount {
            billing_currencies: row.billing_currencies.clone(),
            ..CreditAccount::opened(customer, row.currency, row.net_days(), group, tx.now())
        };
        for (key, exposure) in owed.into_iter().filter(|(_, owed)| !owed.is_zero()) {
            self.movements.add_to_group(&opened, key, exposure)?;
        }
        self.changes
            .push(Change::new("credit_account.opened", opened.id).after(&opened));
        let account = self.set_limits(tx, opened, row);
        self.opened.insert(customer, account);
        Ok(Verdict::Created)
    }

    fn set_limits(&mut self, tx: &Tx, opened: CreditAccount, row: &AccountRow) -> CreditAccount {
        let mut account = opened;
        for (scope, limit) in limits(row) {
            let before = account.clone();
            match scope {
                LimitScope::Own => {
                    account.limit_kind = limit.kind();
                    account.limit_minor = limit.minor().unwrap_or(0);
                    account.limit_valid_until = row.valid_until;
                    LimitSource::Import
                        .as_str()
                        .clone_into(&mut account.limit_source);
                }
                LimitScope::Group => {
                    account.group_limit_kind = Some(limit.kind());
                    account.group_limit_minor = limit.minor().unwrap_or(0);
                }
            }
            account.version += 1;
            self.entries.push(entry(tx, &account, scope, limit, row));
            self.changes.push(
                Change::new("credit_account.limit_set", account.id)
                    .before(&before)
                    .after(&account)
                    .because(REASON),
            );
        }
        account
    }

    fn write(self, tx: &mut Tx) -> Result<(), DbError> {
        let opened: Vec<CreditAccount> = self.opened.into_values().collect();
        store::insert(tx, &opened)?;
        store::insert_limits(tx, &self.entries)?;
        self.movements.write(tx)?;
        tx.record_all(self.changes)
    }
}

/// Grants the limits to an account that has none yet.
fn grant(tx: &mut Tx, locked: &mut Locked, row: &AccountRow) -> Result<Verdict, ImportError> {
    for (scope, limit) in limits(row) {
        let grant = Grant {
            scope,
            limit,
            net_days: Some(row.net_days()),
            valid_until: if scope == LimitScope::Own {
                row.valid_until
            } else {
                None
            },
            source: LimitSource::Import,
            application_id: None,
            reason: REASON.to_owned(),
        };
        locked.set_account(exposure::grant(tx, locked, &grant)?);
    }
    if limits(row).is_empty() {
        return Ok(Verdict::taken("customer_number"));
    }
    Ok(Verdict::Created)
}

/// The limits that a line grants.
fn limits(row: &AccountRow) -> Vec<(LimitScope, Limit)> {
    let own = (row.limit != Limit::None).then_some((LimitScope::Own, row.limit));
    let group = row.group_limit.map(|limit| (LimitScope::Group, limit));
    own.into_iter().chain(group).collect()
}

fn is_same(account: &CreditAccount, row: &AccountRow) -> bool {
    account.currency == row.currency
        && account.net_days == row.net_days()
        && account.limit() == row.limit
        && account.limit_valid_until == row.valid_until
        && account.group_limit() == row.group_limit
        && (row.billing_currencies.is_none()
            || account.billing_currencies == row.billing_currencies)
}

fn other_currency(expected: Currency) -> Verdict {
    let message = format!("the account is in {expected}");
    Verdict::rejected("currency", "currency_mismatch", message)
}

fn entry(
    tx: &Tx,
    account: &CreditAccount,
    scope: LimitScope,
    limit: Limit,
    row: &AccountRow,
) -> LimitEntry {
    LimitEntry {
        id: LimitId::new(),
        account_id: account.id,
        scope,
        limit_kind: limit.kind(),
        limit_minor: limit.minor().unwrap_or(0),
        currency: account.currency,
        net_days: Some(row.net_days()),
        valid_until: if scope == LimitScope::Own {
            row.valid_until
        } else {
            None
        },
        source: LimitSource::Import,
        application_id: None,
        reason: REASON.to_owned(),
        set_by: tx.caller().subject.clone(),
        set_at: tx.now(),
    }
}

/// Everybody above and below these customers, read level by level.
fn relatives(
    tx: &mut Tx,
    wanted: &BTreeSet<CustomerId>,
) -> Result<BTreeMap<CustomerId, Relatives>, DbError> {
    let mut children: BTreeMap<CustomerId, Vec<CustomerId>> = BTreeMap::new();
    let mut level: Vec<CustomerId> = wanted.iter().copied().collect();
    let mut seen = BTreeSet::new();
    while !level.is_empty() {
        let found = customers::list_children(tx, &level)?;
        level = Vec::new();
        for (parent, child) in found {
            if seen.insert(child) {
                level.push(child);
                children.entry(parent).or_default().push(child);
            }
        }
    }
    let lines = exposure::lines(tx, wanted)?;
    Ok(lines
        .into_iter()
        .map(|(customer, above)| {
            let mut below: Vec<CustomerId> = Vec::new();
            let mut open = vec![customer];
            while let Some(parent) = open.pop() {
                let next = children.get(&parent).into_iter().flatten().copied();
                open.extend(next.clone());
                below.extend(next);
            }
            (customer, Relatives { above, below })
        })
        .collect())
}
