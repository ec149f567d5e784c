//! Queries on customers.

pub mod aliases;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::input::{CustomerFilter, CustomerSort};
use super::model::{Customer, CustomerRef, GROUP_DEPTH_MAX, LegalStatus};
use crate::book::customers::model::fold;
use crate::platform::db::schema::customers::dsl;
use crate::platform::db::schema::{customer_owners, customers};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::CustomerId;
use kernel::text::{Number, Subject};

/// How many ids stand in one statement.
const IDS_MAX: usize = 5_000;

/// The customer under this id or number.
pub fn find(db: &mut Db, reference: &CustomerRef) -> Result<Option<Customer>, DbError> {
    Ok(on_backend!(db, |c| {
        let query = customers::table.select(Customer::as_select()).into_boxed();
        match reference {
            CustomerRef::Id(id) => query.filter(dsl::id.eq(id)),
            CustomerRef::Number(number) => query.filter(dsl::number.eq(number)),
        }
        .first(c)
        .optional()
    })?)
}

/// Which customers these ids and numbers name, in one query. Who is not among them is not there.
pub fn list_named(
    db: &mut Db,
    references: &[CustomerRef],
) -> Result<HashMap<CustomerRef, CustomerId>, DbError> {
    let (mut ids, mut numbers) = (Vec::new(), Vec::new());
    for reference in references {
        match reference {
            CustomerRef::Id(id) => ids.push(*id),
            CustomerRef::Number(number) => numbers.push(number.as_str()),
        }
    }
    let found: Vec<(CustomerId, Number)> = on_backend!(db, |c| customers::table
        .filter(dsl::id.eq_any(&ids).or(dsl::number.eq_any(&numbers)))
        .select((dsl::id, dsl::number))
        .load(c))?;
    let named = found
        .into_iter()
        .flat_map(|(id, number)| [(CustomerRef::Id(id), id), (CustomerRef::Number(number), id)]);
    Ok(named.collect())
}

/// Of which customers a list is to be, as its filter names them; none when it names nobody, and everybody's is listed.
pub fn list_wanted(
    db: &mut Db,
    references: &[CustomerRef],
) -> Result<Option<Vec<CustomerId>>, DbError> {
    if references.is_empty() {
        return Ok(None);
    }
    let wanted: BTreeSet<CustomerId> = list_named(db, references)?.into_values().collect();
    Ok(Some(wanted.into_iter().collect()))
}

/// The customer under this id or number, unless the caller may not see it.
pub fn find_visible(
    db: &mut Db,
    caller: &Caller,
    reference: &CustomerRef,
) -> Result<Option<Customer>, DbError> {
    let visible = |customer: &Customer| {
        !caller.sees_only_own() || customer.owner.as_ref() == Some(&caller.subject)
    };
    Ok(find(db, reference)?.filter(visible))
}

/// Takes from customers what their reader may not know of them: the head above, when it is somebody else's.
pub fn hide_foreign_parents(
    db: &mut Db,
    reader: &Caller,
    customers: &mut [Customer],
) -> Result<(), DbError> {
    let parents: Vec<CustomerId> = customers
        .iter()
        .filter_map(|customer| customer.parent_customer_id)
        .collect();
    if !reader.sees_only_own() || parents.is_empty() {
        return Ok(());
    }
    let own: Vec<CustomerId> = on_backend!(db, |c| customers::table
        .filter(dsl::id.eq_any(&parents))
        .filter(dsl::owner.eq(&reader.subject))
        .select(dsl::id)
        .load(c))?;
    for customer in customers {
        let parent = customer.parent_customer_id;
        customer.parent_customer_id = parent.filter(|parent| own.contains(parent));
    }
    Ok(())
}

/// The customers under these ids.
pub fn list_by_ids(db: &mut Db, ids: &[CustomerId]) -> Result<Vec<Customer>, DbError> {
    Ok(on_backend!(db, |c| customers::table
        .filter(dsl::id.eq_any(ids))
        .select(Customer::as_select())
        .load(c))?)
}

/// The customers under these numbers.
pub fn list_by_numbers(db: &mut Db, numbers: &[&str]) -> Result<Vec<Customer>, DbError> {
    Ok(on_backend!(db, |c| customers::table
        .filter(dsl::number.eq_any(numbers))
        .select(Customer::as_select())
        .load(c))?)
}

/// The line of ancestors of a customer: its parent, the parent's parent, and so on.
pub fn ancestors(db: &mut Db, id: CustomerId) -> Result<Vec<CustomerId>, DbError> {
    let mut line = Vec::new();
    let mut at = id;
    while line.len() <= GROUP_DEPTH_MAX {
        let parent: Option<Option<CustomerId>> = on_backend!(db, |c| customers::table
            .find(at)
            .select(dsl::parent_customer_id)
            .first(c)
            .optional())?;
        let Some(parent) = parent.flatten() else {
            break;
        };
        line.push(parent);
        at = parent;
    }
    Ok(line)
}

/// The customers below a customer, level by level.
pub fn descendants(db: &mut Db, id: CustomerId) -> Result<Vec<Vec<CustomerId>>, DbError> {
    let mut levels: Vec<Vec<CustomerId>> = Vec::new();
    let mut above = vec![id];
    while levels.len() <= GROUP_DEPTH_MAX {
        let below: Vec<CustomerId> = on_backend!(db, |c| customers::table
            .filter(dsl::parent_customer_id.eq_any(&above))
            .select(dsl::id)
            .load(c))?;
        if below.is_empty() {
            break;
        }
        levels.push(below.clone());
        above = below;
    }
    Ok(levels)
}

pub fn insert(tx: &mut Tx, rows: &[Customer]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(customers::table)
            .values(chunk)
            .execute(c))?;
        keep_owners(tx, chunk)?;
    }
    Ok(())
}

/// Keeps who owns these customers from now on, and until when others did.
fn keep_owners(tx: &mut Tx, of: &[Customer]) -> Result<(), DbError> {
    use customer_owners::dsl as own;
    let owned = of
        .iter()
        .filter_map(|customer| Some((customer.id, customer.owner.clone()?)));
    let rows: Vec<_> = owned
        .map(|(id, owner)| {
            (
                own::customer_id.eq(id),
                own::owner.eq(owner),
                own::owned_until.eq(None::<Instant>),
            )
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    on_backend!(tx, |c| diesel::insert_into(customer_owners::table)
        .values(&rows)
        .on_conflict((own::customer_id, own::owner))
        .do_update()
        .set(own::owned_until.eq(None::<Instant>))
        .execute(c))?;
    Ok(())
}

/// Says that whoever else owned a customer until now owns it no longer.
fn end_other_owners(tx: &mut Tx, customer: &Customer) -> Result<(), DbError> {
    use customer_owners::dsl as own;
    let now = tx.now();
    on_backend!(tx, |c| {
        let still = own::customer_owners
            .filter(own::customer_id.eq(customer.id))
            .filter(own::owned_until.is_null());
        match &customer.owner {
            Some(owner) => diesel::update(still.filter(own::owner.ne(owner)))
                .set(own::owned_until.eq(now))
                .execute(c),
            None => diesel::update(still)
                .set(own::owned_until.eq(now))
                .execute(c),
        }
    })?;
    Ok(())
}

/// Whether a person owns a customer, or did at some time since an instant.
pub fn has_owned(
    db: &mut Db,
    customer: CustomerId,
    person: &Subject,
    since: Instant,
) -> Result<bool, DbError> {
    use customer_owners::dsl as own;
    let found: Option<CustomerId> = on_backend!(db, |c| own::customer_owners
        .filter(own::customer_id.eq(customer))
        .filter(own::owner.eq(person))
        .filter(own::owned_until.is_null().or(own::owned_until.ge(since)))
        .select(own::customer_id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Writes the row when it still has the version that `customer` was read with, and gives the row as it is now.
pub fn update_if_unchanged(tx: &mut Tx, customer: &Customer) -> Result<Option<Customer>, DbError> {
    let now: Instant = tx.now();
    let after: Option<Customer> = on_backend!(tx, |c| diesel::update(
        dsl::customers
            .find(customer.id)
            .filter(dsl::version.eq(customer.version))
    )
    .set((
        customer,
        dsl::changed_at.eq(now),
        dsl::version.eq(dsl::version + 1)
    ))
    .returning(Customer::as_returning())
    .get_result(c)
    .optional())?;
    if let Some(after) = &after {
        end_other_owners(tx, after)?;
        keep_owners(tx, std::slice::from_ref(after))?;
    }
    Ok(after)
}

/// One page of the customers that the caller may see.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &CustomerFilter,
    page: &PageRequest,
) -> Result<Page<Customer>, Problem> {
    // A head that is hidden is no filter either: who is below it would be told.
    let parent = match &filter.parent_customer {
        Some(reference) => match find_visible(db, caller, reference)? {
            Some(parent) => Some(parent.id),
            None => return Ok(Page::empty()),
        },
        None => None,
    };
    on_backend!(db, |c| {
        let mut query = customers::table.select(Customer::as_select()).into_boxed();
        if caller.sees_only_own() {
            query = query.filter(dsl::owner.eq(&caller.subject));
        }
        if !filter.number.is_empty() {
            query = query.filter(dsl::number.eq_any(&filter.number));
        }
        if !filter.owner.is_empty() {
            query = query.filter(dsl::owner.eq_any(&filter.owner));
        }
        if !filter.country.is_empty() {
            query = query.filter(dsl::country.eq_any(&filter.country));
        }
        if !filter.legal_status.is_empty() {
            query = query.filter(dsl::legal_status.eq_any(&filter.legal_status));
        }
        if let Some(parent) = parent {
            query = query.filter(dsl::parent_customer_id.eq(parent));
        }
        if let Some(text) = &filter.q {
            query = query.filter(dsl::search_key.like(contains(text.as_str())).escape('\\'));
        }
        match filter.sort.unwrap_or_default() {
            CustomerSort::Number => seek!(c, query, page, Customer, asc(dsl::number, dsl::id)),
            CustomerSort::NumberDescending => {
                seek!(c, query, page, Customer, desc(dsl::number, dsl::id))
            }
            CustomerSort::Name => seek!(c, query, page, Customer, asc(dsl::name, dsl::id)),
            CustomerSort::NameDescending => {
                seek!(c, query, page, Customer, desc(dsl::name, dsl::id))
            }
        }
    })
}

/// The `LIKE` pattern for texts that contain `text`, whatever `%` or `_` it holds.
fn contains(text: &str) -> String {
    let escaped = fold(text)
        .replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_");
    format!("%{escaped}%")
}

/// The legal status of each of these customers.
pub fn list_legal_statuses(
    db: &mut Db,
    ids: &[CustomerId],
) -> Result<BTreeMap<CustomerId, LegalStatus>, DbError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(IDS_MAX) {
        let rows: Vec<(CustomerId, LegalStatus)> = on_backend!(db, |c| customers::table
            .filter(dsl::id.eq_any(chunk))
            .select((dsl::id, dsl::legal_status))
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Those of these customers who are in default, with the day since when, as rating handed it down.
pub fn list_in_default(
    db: &mut Db,
    ids: &[CustomerId],
) -> Result<BTreeMap<CustomerId, NaiveDate>, DbError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(IDS_MAX) {
        let rows: Vec<(CustomerId, Option<NaiveDate>)> = on_backend!(db, |c| customers::table
            .filter(dsl::id.eq_any(chunk))
            .filter(dsl::in_default_since.is_not_null())
            .select((dsl::id, dsl::in_default_since))
            .load(c))?;
        found.extend(
            rows.into_iter()
                .filter_map(|(id, since)| Some((id, since?))),
        );
    }
    Ok(found)
}

/// Keeps since when a customer is in default, or that it is not. Its version stays: nobody edits this.
pub fn set_in_default(
    tx: &mut Tx,
    customer: CustomerId,
    since: Option<NaiveDate>,
) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(dsl::customers.find(customer))
        .set(dsl::in_default_since.eq(since))
        .execute(c))?;
    Ok(())
}

/// Everybody who is insolvent or dissolved, or in default.
pub fn list_ruined(db: &mut Db) -> Result<Vec<CustomerId>, DbError> {
    Ok(on_backend!(db, |c| customers::table
        .filter(
            dsl::legal_status
                .eq_any([LegalStatus::Insolvent, LegalStatus::Dissolved])
                .or(dsl::in_default_since.is_not_null())
        )
        .select(dsl::id)
        .load(c))?)
}

/// The customers right below these: each with its parent first.
pub fn list_children(
    db: &mut Db,
    parents: &[CustomerId],
) -> Result<Vec<(CustomerId, CustomerId)>, DbError> {
    let mut children = Vec::new();
    for chunk in parents.chunks(IDS_MAX) {
        let found: Vec<(Option<CustomerId>, CustomerId)> = on_backend!(db, |c| customers::table
            .filter(dsl::parent_customer_id.eq_any(chunk))
            .select((dsl::parent_customer_id, dsl::id))
            .order(dsl::id)
            .load(c))?;
        children.extend(
            found
                .into_iter()
                .filter_map(|(parent, child)| Some((parent?, child))),
        );
    }
    Ok(children)
}

/// Each of these customers with its parent.
pub fn list_parents(
    db: &mut Db,
    ids: &[CustomerId],
) -> Result<Vec<(CustomerId, Option<CustomerId>)>, DbError> {
    Ok(on_backend!(db, |c| customers::table
        .filter(dsl::id.eq_any(ids))
        .select((dsl::id, dsl::parent_customer_id))
        .load(c))?)
}
