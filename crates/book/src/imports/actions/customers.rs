//! Lines of customers.

use std::collections::{BTreeMap, BTreeSet};

use super::{ImportError, Importable};
use crate::book::customers::actions::{CustomerError, search_key};
use crate::book::customers::input::CustomerPatch;
use crate::book::customers::model::{Contacts, Customer, CustomerRef, LegalStatus};
use crate::book::customers::{rules, store};
use crate::book::exposure::actions::{change_customer, lines, lock_all};
use crate::book::imports::model::{Difference, Row, Verdict};
use crate::book::imports::rules::CustomerRow;
use crate::platform::db::{Change, Tx};
use kernel::caller::Role;
use kernel::ids::CustomerId;
use kernel::text::{Line, Number};

impl Importable for CustomerRow {
    fn post(tx: &mut Tx, rows: &[Row<CustomerRow>]) -> Result<Vec<Verdict>, ImportError> {
        let today = tx.today();
        let (mut known, parents) = read_known(tx, rows)?;
        let ids: BTreeSet<CustomerId> = parents.values().copied().collect();
        let lines = lines(tx, &ids)?;
        let mut created = Vec::new();
        let mut verdicts = Vec::with_capacity(rows.len());
        for row in rows.iter().map(|row| &row.content) {
            if let Some(existing) = known.get(&row.number) {
                let same = *existing == told(row);
                verdicts.push(if same {
                    Verdict::Unchanged
                } else {
                    Verdict::taken("number")
                });
                continue;
            }
            let parent = match row.parent_number.as_ref().map(|number| parents.get(number)) {
                None => None,
                Some(Some(parent)) => Some(*parent),
                Some(None) => {
                    verdicts.push(Verdict::Deferred);
                    continue;
                }
            };
            if let Err(why) = rules::check_since(row.legal_status, row.legal_status_since, today) {
                let column = "legal_status_since";
                verdicts.push(Verdict::rejected(column, "not_allowed", why));
                continue;
            }
            let customer = customer(tx, row, parent);
            let line: Vec<CustomerId> = parent
                .into_iter()
                .chain(
                    parent
                        .and_then(|parent| lines.get(&parent))
                        .into_iter()
                        .flatten()
                        .copied(),
                )
                .collect();
            if let Err(why) = rules::may_join(customer.id, 0, &line) {
                verdicts.push(Verdict::rejected("parent_number", "group", why));
                continue;
            }
            known.insert(row.number.clone(), told(row));
            created.push(customer);
            verdicts.push(Verdict::Created);
        }
        store::insert(tx, &created)?;
        let changes = created
            .iter()
            .map(|customer| Change::new("customer.created", customer.id).after(customer));
        tx.record_all(changes.collect())?;
        Ok(verdicts)
    }

    /// What a cell says is so from now on; an empty one says nothing. Groups, what the law says and addresses are not for a
    /// file to change: they are told.
    fn upsert(tx: &mut Tx, rows: &[Row<CustomerRow>]) -> Result<Vec<Verdict>, ImportError> {
        let (known, ids) = read_known(tx, rows)?;
        let (told_of, new): (Vec<&Row<CustomerRow>>, Vec<&Row<CustomerRow>>) = rows
            .iter()
            .partition(|row| known.contains_key(&row.content.number));
        let of_rows = told_of
            .iter()
            .filter_map(|row| ids.get(&row.content.number).copied());
        let of_rows: BTreeSet<CustomerId> = of_rows.collect();
        // All in one go, so that two units of work never wait for each other.
        lock_all(tx, &of_rows)?;
        let mut verdicts: BTreeMap<i64, Verdict> = BTreeMap::new();
        for row in told_of {
            if let Some(before) = known.get(&row.content.number) {
                verdicts.insert(row.line, change(tx, row, before)?);
            }
        }
        let new: Vec<Row<CustomerRow>> = new.into_iter().cloned().collect();
        let system_alone = !tx.caller().has_any(&[Role::Credit, Role::Finance]);
        for (row, verdict) in new.iter().zip(post_new(tx, &new, system_alone)?) {
            verdicts.insert(row.line, verdict);
        }
        Ok(verdicts.into_values().collect())
    }
}

/// Creates customers that are new. What the law says of one is not for an order system to say.
fn post_new(
    tx: &mut Tx,
    rows: &[Row<CustomerRow>],
    system_alone: bool,
) -> Result<Vec<Verdict>, ImportError> {
    let is_lawful = |row: &&Row<CustomerRow>| {
        !system_alone || row.content.legal_status == LegalStatus::default()
    };
    let lawful: Vec<Row<CustomerRow>> = rows.iter().filter(is_lawful).cloned().collect();
    let mut posted = CustomerRow::post(tx, &lawful)?.into_iter();
    let refused = || {
        Verdict::rejected(
            "legal_status",
            "not_by_system",
            "credit or finance say what the law says of a customer",
        )
    };
    Ok(rows
        .iter()
        .map(|row| {
            if is_lawful(&row) {
                posted.next().unwrap_or(Verdict::Created)
            } else {
                refused()
            }
        })
        .collect())
}

/// Changes a customer to what a line says of it.
fn change(
    tx: &mut Tx,
    row: &Row<CustomerRow>,
    before: &CustomerRow,
) -> Result<Verdict, ImportError> {
    let line = &row.content;
    let patch = CustomerPatch {
        name: differing(Some(&line.name), Some(&before.name)),
        country: differing(Some(&line.country), Some(&before.country)),
        industry: differing(line.industry.as_ref(), before.industry.as_ref()).map(Some),
        street: differing(line.street.as_ref(), before.street.as_ref()).map(Some),
        city: differing(line.city.as_ref(), before.city.as_ref()).map(Some),
        postal_code: differing(line.postal_code.as_ref(), before.postal_code.as_ref()).map(Some),
        email: None,
        contacts: None,
        language: differing(line.language.as_ref(), before.language.as_ref()),
        owner: differing(line.owner.as_ref(), before.owner.as_ref()).map(Some),
    };
    let differences = differences(row, before);
    if !differences.is_empty() {
        let reference = CustomerRef::Number(line.number.clone());
        let caller = tx.caller();
        let found = store::find_visible(tx, caller, &reference)?.ok_or(CustomerError::Missing)?;
        change_customer(tx, &reference, found.version, &patch)?;
        return Ok(Verdict::Updated(differences));
    }
    let others = others(line, before);
    Ok(match others.first() {
        None => Verdict::Unchanged,
        Some(column) => Verdict::Kept {
            column,
            code: "not_by_import",
            message: format!("differs, and a file does not change: {}", others.join(", ")),
            differences: Vec::new(),
        },
    })
}

/// What a line says, where it says something else than the book.
fn differing<T: Clone + PartialEq>(said: Option<&T>, before: Option<&T>) -> Option<T> {
    said.filter(|said| Some(*said) != before).cloned()
}

/// What a line would change, column by column.
fn differences(row: &Row<CustomerRow>, before: &CustomerRow) -> Vec<Difference> {
    let line = &row.content;
    let text = |value: &Option<Line>| value.as_ref().map(ToString::to_string);
    let columns = [
        (
            "name",
            Some(before.name.to_string()),
            Some(line.name.to_string()),
        ),
        (
            "country",
            Some(before.country.code().to_owned()),
            Some(line.country.code().to_owned()),
        ),
        ("industry", text(&before.industry), text(&line.industry)),
        ("street", text(&before.street), text(&line.street)),
        ("city", text(&before.city), text(&line.city)),
        (
            "postal_code",
            text(&before.postal_code),
            text(&line.postal_code),
        ),
        (
            "language",
            before.language.map(|language| language.code().to_owned()),
            line.language.map(|language| language.code().to_owned()),
        ),
        (
            "owner",
            before.owner.as_ref().map(ToString::to_string),
            line.owner.as_ref().map(ToString::to_string),
        ),
    ];
    columns
        .into_iter()
        .filter(|(_, before, after)| after.is_some() && before != after)
        .map(|(column, before, after)| Difference {
            line: Some(row.line),
            number: line.number.to_string(),
            column,
            before,
            after,
        })
        .collect()
}

/// What a line says otherwise, and a file does not change.
fn others(line: &CustomerRow, before: &CustomerRow) -> Vec<&'static str> {
    let parent = line.parent_number.is_some() && line.parent_number != before.parent_number;
    let law = line.legal_status != LegalStatus::default()
        && (line.legal_status, line.legal_status_since)
            != (before.legal_status, before.legal_status_since);
    let contacts = line.contacts != Contacts::default() && line.contacts != before.contacts;
    [
        ("parent_number", parent),
        ("legal_status", law),
        ("contacts", contacts),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(column, _)| column)
    .collect()
}

/// The row with what an empty cell means for a customer that is new.
fn told(row: &CustomerRow) -> CustomerRow {
    CustomerRow {
        language: Some(row.language.unwrap_or_default()),
        ..row.clone()
    }
}

type Known = BTreeMap<Number, CustomerRow>;

/// The customers that the rows name and that are in the book: as rows, and those named as parents by number.
fn read_known(
    tx: &mut Tx,
    rows: &[Row<CustomerRow>],
) -> Result<(Known, BTreeMap<Number, CustomerId>), ImportError> {
    let named: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| std::iter::once(&row.content.number).chain(&row.content.parent_number))
        .map(Number::as_str)
        .collect();
    let found = store::list_by_numbers(tx, &named.into_iter().collect::<Vec<_>>())?;
    let above: Vec<CustomerId> = found
        .iter()
        .filter_map(|customer| customer.parent_customer_id)
        .collect();
    let above: BTreeMap<CustomerId, Number> = store::list_by_ids(tx, &above)?
        .into_iter()
        .map(|customer| (customer.id, customer.number))
        .collect();
    let by_number = found
        .iter()
        .map(|customer| (customer.number.clone(), customer.id))
        .collect();
    let known = found
        .into_iter()
        .map(|customer| {
            let parent_number = customer
                .parent_customer_id
                .and_then(|id| above.get(&id).cloned());
            let row = CustomerRow {
                number: customer.number.clone(),
                name: customer.name,
                country: customer.country,
                industry: customer.industry,
                street: customer.street,
                city: customer.city,
                postal_code: customer.postal_code,
                language: Some(customer.language),
                owner: customer.owner,
                parent_number,
                legal_status: customer.legal_status,
                legal_status_since: customer.legal_status_since,
                contacts: customer.contacts,
            };
            (customer.number, row)
        })
        .collect();
    Ok((known, by_number))
}

fn customer(tx: &Tx, row: &CustomerRow, parent: Option<CustomerId>) -> Customer {
    Customer {
        id: CustomerId::new(),
        number: row.number.clone(),
        name: row.name.clone(),
        search_key: search_key(row.number.as_str(), row.name.as_str()),
        country: row.country,
        industry: row.industry.clone(),
        street: row.street.clone(),
        city: row.city.clone(),
        postal_code: row.postal_code.clone(),
        language: row.language.unwrap_or_default(),
        owner: row.owner.clone(),
        parent_customer_id: parent,
        created_at: tx.now(),
        changed_at: tx.now(),
        version: 1,
        legal_status: row.legal_status,
        legal_status_since: row.legal_status_since,
        contacts: row.contacts.clone(),
    }
}
