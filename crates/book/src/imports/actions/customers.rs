//! Lines of customers.

use std::collections::{BTreeMap, BTreeSet};

use super::{ImportError, Importable};
use crate::book::customers::actions::search_key;
use crate::book::customers::model::Customer;
use crate::book::customers::{rules, store};
use crate::book::exposure::actions::lines;
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::CustomerRow;
use crate::platform::db::{Change, Tx};
use kernel::ids::CustomerId;
use kernel::text::Number;

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
                let same = existing == row;
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
            known.insert(row.number.clone(), row.clone());
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
                language: customer.language,
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
        language: row.language,
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
