//! Reports as others ask for them.

pub mod over_limit;
pub mod violations;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::model::{AgingQuestion, AgingRow, Converted, MatrixValue};
use super::{rules, store};
use crate::book::customers::model::Customer;
use crate::book::customers::store as customers;
use crate::book::entities::model::LegalEntity;
use crate::book::entities::store as entities;
use crate::book::exchange_rates::actions as rates;
use crate::book::exchange_rates::rules::Conversions;
use crate::book::exposure::actions::counting::Counting;
use crate::book::policy::actions::live;
use crate::book::receivables::store as receivables;
use crate::decide::terms::actions::first_day;
use crate::platform::db::{Db, DbError};
use crate::prove::reports::model::Bucket;
use crate::rating::ratings::actions as ratings;
use crate::rating::scales::actions as scales;
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::Currency;
use kernel::text::Subject;
use methods::grades::portfolio_matrix as placed;
use methods::grades::{GradeBand, PlacedCustomer, PortfolioMatrix, SegmentError};

/// How many rows a report has at most.
pub const ROWS_MAX: usize = 100_000;

/// Why a report was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("must not be in the future: nobody knows what will be paid by then")]
    InFuture,
    #[error(
        "gives more than {ROWS_MAX} rows: ask for fewer customers, or by group, owner or currency"
    )]
    TooManyRows,
    #[error("must not be in the future: its rates are not known")]
    RatesInFuture,
    #[error("must be from 1 to {max}")]
    Classes { max: u8 },
    #[error(transparent)]
    Segments(#[from] SegmentError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// An aging report.
#[derive(Debug)]
pub struct Aging {
    pub buckets: Vec<Bucket>,
    pub rows: Vec<AgingRow>,
    /// One for each currency, over the rows.
    pub totals: Vec<AgingRow>,
    /// Who the rows by customer or group are about.
    pub customers: BTreeMap<CustomerId, Customer>,
    /// To whom the rows by legal entity or balance are owed.
    pub entities: BTreeMap<LegalEntityId, LegalEntity>,
    /// The total over all currencies, when it is asked for.
    pub converted: Option<Converted>,
}

/// What is outstanding at the end of a day, by how long it has been due.
///
/// # Errors
/// When the day has not begun, or there are too many rows.
pub fn aging(db: &mut Db, question: &AgingQuestion) -> Result<Aging, ReportError> {
    if question.as_of > db.today() {
        return Err(ReportError::InFuture);
    }
    let buckets = question.bounds.buckets();
    let parts = store::aging(db, question)?;
    let mut rows = rules::rows(&parts, buckets.len()).map_err(DbError::from)?;
    if rows.len() > ROWS_MAX {
        return Err(ReportError::TooManyRows);
    }
    let totals = rules::totals(&rows, buckets.len()).map_err(DbError::from)?;
    let ids: Vec<CustomerId> = rows.iter().filter_map(|row| row.key.customer).collect();
    let mut named: BTreeMap<CustomerId, Customer> = BTreeMap::new();
    for chunk in ids.chunks(5_000) {
        let found = customers::list_by_ids(db, chunk)?;
        named.extend(found.into_iter().map(|customer| (customer.id, customer)));
    }
    let entities = sellers(db, &rows)?;
    let number = |row: &AgingRow| {
        let customer = row.key.customer.and_then(|id| named.get(&id));
        customer.map(|customer| customer.number.clone())
    };
    let seller = |row: &AgingRow| {
        let entity = row.key.legal_entity.and_then(|id| entities.get(&id));
        entity.map(|entity| entity.number.clone())
    };
    rows.sort_by_cached_key(|row| {
        let owner = row.key.owner.clone();
        (number(row), owner, seller(row), row.currency)
    });
    let converted = match question.converted_into {
        Some(into) => Some(converted(db, &totals, into, question.as_of, buckets.len())?),
        None => None,
    };
    Ok(Aging {
        buckets,
        rows,
        totals,
        customers: named,
        entities,
        converted,
    })
}

/// The companies to which rows are owed.
fn sellers(
    db: &mut Db,
    rows: &[AgingRow],
) -> Result<BTreeMap<LegalEntityId, LegalEntity>, DbError> {
    let are_named = rows.iter().any(|row| row.key.legal_entity.is_some());
    let all = if are_named {
        entities::list_all(db)?
    } else {
        Vec::new()
    };
    Ok(all.into_iter().map(|entity| (entity.id, entity)).collect())
}

/// The total over all currencies by the rates of a day.
fn converted(
    db: &mut Db,
    totals: &[AgingRow],
    into: Currency,
    on: NaiveDate,
    buckets: usize,
) -> Result<Converted, DbError> {
    let mut currencies: Vec<Currency> = totals.iter().map(|total| total.currency).collect();
    currencies.push(into);
    let table = rates::latest(db, &currencies, on)?;
    let mut known = Conversions::default();
    for total in totals {
        known.look_up(total.currency, into, &table);
    }
    Ok(rules::converted(totals, into, buckets, known)?)
}

/// What is asked of the portfolio matrix.
#[derive(Debug, Clone)]
pub struct MatrixQuestion {
    pub value: MatrixValue,
    pub currency: Currency,
    /// How many value classes, from 1 to 10.
    pub classes: usize,
    /// Only customers of this owner.
    pub owner: Option<Subject>,
}

/// The customers by risk and value.
#[derive(Debug)]
pub struct Portfolio {
    pub question: MatrixQuestion,
    pub as_of: NaiveDate,
    /// The first day of the sales; none by exposure.
    pub from: Option<NaiveDate>,
    /// The best first, then default, then not rated.
    pub grades: Vec<String>,
    pub matrix: PortfolioMatrix,
    /// How many customers are in no cell, because a rate is missing to tell what they owe.
    pub unknown: usize,
    /// From which currency to which none leads.
    pub missing: BTreeSet<(Currency, Currency)>,
    /// The customers of the highest values in each cell, by id, with their values.
    pub largest: BTreeMap<String, (Customer, i64)>,
}

/// How many customers of a cell are named.
const LARGEST: usize = 10;

/// Places every customer with a value by its grade and the class of its value.
///
/// # Errors
/// When there are no or too many classes, or the values can't be added.
pub fn portfolio_matrix(db: &mut Db, question: MatrixQuestion) -> Result<Portfolio, ReportError> {
    let today = db.today();
    let from = (question.value == MatrixValue::Sales).then(|| first_day(today));
    let Values {
        known: values,
        unknown,
        missing,
    } = values(db, &question, from, today)?;
    let ids: Vec<CustomerId> = values.keys().copied().collect();
    let ratings = ratings::current(db, &ids)?;
    let scale = scales::live(db)?.content.scale;
    let grades = scale.codes();
    // A grade of another scale than the live one says nothing on this one.
    let not_rated = scale.not_rated().unwrap_or_default();
    let grade = |id: &CustomerId| {
        let grade = ratings
            .get(id)
            .map_or(not_rated, |rating| rating.grade.as_str());
        let is_known = grades.iter().any(|known| known == grade);
        if is_known { grade } else { not_rated }
    };
    let named: Vec<(String, CustomerId)> = ids.iter().map(|id| (id.to_string(), *id)).collect();
    let placed_customers: Vec<PlacedCustomer<'_>> = named
        .iter()
        .map(|(text, id)| PlacedCustomer {
            id: text,
            grade: grade(id),
            value_minor: values.get(id).copied().unwrap_or(0),
        })
        .collect();
    let bands: Vec<GradeBand> = grades
        .iter()
        .map(|code| GradeBand {
            code: code.clone(),
            grades: vec![code.clone()],
        })
        .collect();
    let matrix = placed(&placed_customers, &scale, &bands, question.classes)?;
    let largest = largest(db, &matrix, &values)?;
    Ok(Portfolio {
        question,
        as_of: today,
        from,
        grades,
        matrix,
        unknown,
        missing,
        largest,
    })
}

/// What customers are worth.
#[derive(Default)]
struct Values {
    known: BTreeMap<CustomerId, i64>,
    /// How many of them can't be told.
    unknown: usize,
    missing: BTreeSet<(Currency, Currency)>,
}

/// Minor units, or the pair that no rate leads over.
type Counted = Result<i64, (Currency, Currency)>;

/// What each customer is worth, of those that the question is about; who is worth nothing is left out. What they owe counts
/// as against their limits: all balances, by the rates of today.
fn values(
    db: &mut Db,
    question: &MatrixQuestion,
    from: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<Values, DbError> {
    let all: Vec<(CustomerId, Counted)> = if let Some(from) = from {
        let sales = receivables::list_sales(db, question.currency, (from, today), None)?;
        let each = sales.into_iter();
        each.map(|sold| (sold.customer_id, Ok(sold.sales_minor)))
            .collect()
    } else {
        let policy = live(db)?;
        let accounts = store::list_accounts(db, question.currency)?;
        let counting = Counting::read(db, &accounts, today)?;
        let each = accounts.iter();
        each.map(|account| {
            let counted = counting.counted(account, &policy.document);
            (account.customer_id, counted)
        })
        .collect()
    };
    let own = match &question.owner {
        Some(owner) => Some(store::list_owned(db, owner)?),
        None => None,
    };
    let mut values = Values::default();
    for (id, counted) in all {
        if own.as_ref().is_some_and(|own| !own.contains(&id)) {
            continue;
        }
        match counted {
            Ok(minor) if minor > 0 => {
                values.known.insert(id, minor);
            }
            Ok(_) => {}
            Err(pair) => {
                values.unknown += 1;
                values.missing.insert(pair);
            }
        }
    }
    Ok(values)
}

fn largest(
    db: &mut Db,
    matrix: &PortfolioMatrix,
    values: &BTreeMap<CustomerId, i64>,
) -> Result<BTreeMap<String, (Customer, i64)>, DbError> {
    let shown = matrix
        .cells
        .iter()
        .flat_map(|cell| cell.customers.iter().take(LARGEST));
    let ids: Vec<CustomerId> = shown.filter_map(|id| id.parse().ok()).collect();
    let customers = customers::list_by_ids(db, &ids)?.into_iter();
    Ok(customers
        .map(|customer| {
            let value = values.get(&customer.id).copied().unwrap_or(0);
            (customer.id.to_string(), (customer, value))
        })
        .collect())
}
