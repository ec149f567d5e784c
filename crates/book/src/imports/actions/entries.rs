//! Open orders and deliveries of an order system, as snapshots of exposure entries.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::documents::Standings;
use super::snapshots::{Missing, Seen, Whole, about_the_file};
use super::{ImportError, Importable};
use crate::book::customers::store as customers;
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::entries::{self, EntryStatement};
use crate::book::exposure::actions::{AccountError, Locked, lock_all};
use crate::book::exposure::model::{EntryCategory, ExposureEntry, ReservationStatus};
use crate::book::exposure::store::entries as stated;
use crate::book::exposure::store::orders;
use crate::book::imports::model::{Difference, Row, Verdict};
use crate::book::imports::rules::{EntryRow, OpenDeliveryRow, OpenOrderRow};
use crate::book::imports::store;
use crate::platform::db::Tx;
use kernel::ids::{CreditAccountId, CustomerId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Number;

/// Takes over what lines say of documents of a category.
fn post(
    tx: &mut Tx,
    category: EntryCategory,
    rows: &[(i64, &EntryRow)],
) -> Result<Vec<Verdict>, ImportError> {
    let customers = rows.iter().map(|(_, row)| &row.customer_number);
    let entities = rows.iter().map(|(_, row)| row.legal_entity.as_ref());
    let standings = Standings::lock(tx, customers, entities, [].into_iter())?;
    let reserved = match category {
        EntryCategory::Reservations => read_reserved(tx, &standings, rows)?,
        _ => BTreeSet::new(),
    };
    let mut seen: BTreeSet<(CreditAccountId, &Number)> = BTreeSet::new();
    let mut verdicts = Vec::with_capacity(rows.len());
    for (line, row) in rows {
        let named = standings
            .find(&row.customer_number)
            .and_then(|locked| Ok((locked, standings.entity(row.legal_entity.as_ref())?)));
        let (locked, entity) = match named {
            Ok(named) => named,
            Err(verdict) => {
                verdicts.push(verdict);
                continue;
            }
        };
        if !seen.insert((locked.account.id, &row.number)) {
            let message = "stands on another line too";
            verdicts.push(Verdict::rejected("number", "repeated", message));
            continue;
        }
        if reserved.contains(&(locked.account.customer_id, row.number.as_str().to_owned())) {
            verdicts.push(Verdict::Kept {
                column: "number",
                code: "reserved",
                message: "the order has a reservation here, which counts already".to_owned(),
                differences: Vec::new(),
            });
            continue;
        }
        verdicts.push(set(tx, category, (locked, entity), *line, row)?);
    }
    Ok(verdicts)
}

/// The orders of these lines that reservations hold here.
fn read_reserved(
    tx: &mut Tx,
    standings: &Standings,
    rows: &[(i64, &EntryRow)],
) -> Result<BTreeSet<(CustomerId, String)>, ImportError> {
    let customers: Vec<CustomerId> = rows
        .iter()
        .filter_map(|(_, row)| standings.find(&row.customer_number).ok())
        .map(|locked| locked.account.customer_id)
        .collect();
    let numbers: Vec<&str> = rows.iter().map(|(_, row)| row.number.as_str()).collect();
    let found = orders::list_reservations(tx, &customers, &numbers)?;
    let holds = |status| {
        matches!(
            status,
            ReservationStatus::Active | ReservationStatus::PartiallyCaptured
        )
    };
    Ok(found
        .into_iter()
        .filter(|reservation| holds(reservation.status))
        .map(|reservation| (reservation.customer_id, reservation.order_number.clone()))
        .collect())
}

/// States what one document comes to.
fn set(
    tx: &mut Tx,
    category: EntryCategory,
    (locked, legal_entity): (&Locked, LegalEntityId),
    line: i64,
    row: &EntryRow,
) -> Result<Verdict, ImportError> {
    let account = locked.account.id;
    let before = stated::find(tx, account, category, &row.number)?;
    let statement = EntryStatement {
        category,
        number: row.number.clone(),
        amount: row.amount,
        entry_date: row.entry_date,
        order_number: row.order_number.clone(),
        legal_entity,
    };
    let after = match entries::set(tx, account, &statement) {
        Ok(after) => after,
        Err(AccountError::Currency { expected, .. }) => {
            let message = format!("the account is in {expected}");
            return Ok(Verdict::rejected("currency", "currency_mismatch", message));
        }
        Err(AccountError::OtherOrder(known)) => {
            let message = format!("the delivery is of the order {known}");
            return Ok(Verdict::rejected("order_number", "other_order", message));
        }
        Err(AccountError::OtherEntity) => {
            let message = "the document is another legal entity's in the book";
            return Ok(Verdict::rejected("legal_entity", "other_entity", message));
        }
        Err(error) => return Err(error.into()),
    };
    let money = |entry: &ExposureEntry| Money::from_minor(entry.stated_minor, entry.currency);
    Ok(match before {
        None => Verdict::Created,
        Some(before) if before.version == after.version => Verdict::Unchanged,
        Some(before) => Verdict::Updated(vec![Difference {
            line: Some(line),
            number: row.number.to_string(),
            column: "amount",
            before: Some(money(&before).to_string()),
            after: Some(money(&after).to_string()),
        }]),
    })
}

/// The documents of a category that count and are not in the file, though they were there on its day.
fn missing(
    tx: &mut Tx,
    category: EntryCategory,
    seen: &Seen,
    as_of: Option<NaiveDate>,
) -> Result<Vec<Missing<ExposureEntry>>, ImportError> {
    let counting = store::list_entries(tx, category, &seen.entities())?;
    let ids: BTreeSet<CreditAccountId> = counting.iter().map(|entry| entry.account_id).collect();
    let ids: Vec<CreditAccountId> = ids.into_iter().collect();
    let owners: BTreeMap<CreditAccountId, CustomerId> =
        store::list_owners(tx, &ids)?.into_iter().collect();
    let named: Vec<CustomerId> = owners.values().copied().collect();
    let numbers: BTreeMap<CustomerId, Number> = customers::list_by_ids(tx, &named)?
        .into_iter()
        .map(|customer| (customer.id, customer.number))
        .collect();
    Ok(counting
        .into_iter()
        .filter(|entry| as_of.is_none_or(|day| entry.entry_date <= day))
        .filter(|entry| {
            let customer = owners.get(&entry.account_id).and_then(|id| numbers.get(id));
            !customer.is_some_and(|customer| {
                seen.has_of(
                    entry.legal_entity_id,
                    customer.as_str(),
                    entry.number.as_str(),
                )
            })
        })
        .map(|entry| Missing {
            number: entry.number.to_string(),
            entity: entry.legal_entity_id,
            open: Money::from_minor(entry.amount_minor, entry.currency),
            document: entry,
        })
        .collect())
}

/// Ends documents that the file lacks.
fn close(tx: &mut Tx, missing: &[Missing<ExposureEntry>]) -> Result<(), ImportError> {
    let ids: BTreeSet<CreditAccountId> =
        missing.iter().map(|one| one.document.account_id).collect();
    let ids: Vec<CreditAccountId> = ids.into_iter().collect();
    let owners = store::list_owners(tx, &ids)?;
    lock_all(tx, &owners.iter().map(|(_, customer)| *customer).collect())?;
    for one in missing {
        let entry = &one.document;
        let statement = EntryStatement {
            category: entry.category,
            number: entry.number.clone(),
            amount: Money::from_minor(0, entry.currency),
            entry_date: entry.entry_date,
            order_number: entry.order_number.clone(),
            legal_entity: entry.legal_entity_id,
        };
        entries::set(tx, entry.account_id, &statement).map_err(|error| match error {
            AccountError::Db(error) => error.into(),
            refused => {
                let message = format!("{} can't be closed: {refused}", one.number);
                about_the_file("not_closed", message)
            }
        })?;
    }
    Ok(())
}

macro_rules! of_category {
    ($row:ident, $category:expr) => {
        impl Importable for $row {
            fn post(tx: &mut Tx, rows: &[Row<$row>]) -> Result<Vec<Verdict>, ImportError> {
                let rows: Vec<(i64, &EntryRow)> =
                    rows.iter().map(|row| (row.line, &row.content.0)).collect();
                post(tx, $category, &rows)
            }
        }

        impl Whole for $row {
            type Document = ExposureEntry;

            fn open(&self) -> Money {
                self.0.amount
            }

            fn entity(&self) -> Option<&EntityRef> {
                self.0.legal_entity.as_ref()
            }

            fn key(&self) -> (&str, &str) {
                (self.0.customer_number.as_str(), self.0.number.as_str())
            }

            fn missing(
                tx: &mut Tx,
                seen: &Seen,
                as_of: Option<NaiveDate>,
            ) -> Result<Vec<Missing<ExposureEntry>>, ImportError> {
                missing(tx, $category, seen, as_of)
            }

            fn close(tx: &mut Tx, gone: &[Missing<ExposureEntry>]) -> Result<(), ImportError> {
                close(tx, gone)
            }
        }
    };
}

of_category!(OpenOrderRow, EntryCategory::Reservations);
of_category!(OpenDeliveryRow, EntryCategory::DeliveredNotBilled);
