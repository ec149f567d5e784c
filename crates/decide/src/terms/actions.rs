//! The terms of two policies over our own sales.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};

use super::rules::{self, Assumptions, LeftOut, Part, PartSales, TermsComparison, TermsError};
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::exposure::store as exposure;
use crate::book::policy::model::{PolicyDocument, PolicyRow};
use crate::book::policy::store as policies;
use crate::book::receivables::store as receivables;
use crate::platform::db::{Db, DbError, read_document};
use crate::rating::ratings::actions as ratings;
use crate::rating::ratings::actions::NoProbability;
use crate::rating::ratings::model::{DefaultProbability, ProbabilitySource};
use kernel::caller::Caller;
use kernel::figures::Figure;
use kernel::ids::{CustomerId, PolicyId};
use kernel::money::{Currency, Money, sum_minor};

/// Why terms could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error("there is no such policy")]
    NoPolicy,
    #[error("nothing was sold on terms in this currency in the last twelve months")]
    NothingSold,
    #[error("{error}")]
    Terms {
        /// JSON Pointer to what the question is in.
        pointer: &'static str,
        error: TermsError,
    },
    #[error("there is no such customer")]
    NoCustomer,
    #[error(transparent)]
    NoProbability(#[from] NoProbability),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// How likely an order on terms is never paid: as was said, else as the customer's rating has it.
///
/// # Errors
/// When there is no such customer for the caller, or nobody can say.
pub fn default_probability(
    db: &mut Db,
    caller: &Caller,
    given: Option<Figure>,
    customer: Option<&CustomerRef>,
) -> Result<DefaultProbability, SimulationError> {
    if let Some(value) = given {
        let source = ProbabilitySource::Given;
        return Ok(DefaultProbability { value, source });
    }
    let customer = match customer {
        Some(reference) => customers::find_visible(db, caller, reference)?,
        None => None,
    };
    let customer = customer.ok_or(SimulationError::NoCustomer)?;
    Ok(ratings::default_probability(db, customer.id)?)
}

/// Two policies' terms over the sales of twelve months.
#[derive(Debug)]
pub struct BookComparison {
    pub policy: PolicyRow,
    pub with: PolicyRow,
    /// The first and the last day of the twelve months.
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub total: TermsComparison,
    pub parts: Vec<(Part, TermsComparison)>,
    pub left_out: Vec<LeftOut>,
}

/// What the terms of one policy cost and bring over our own sales of the last twelve months, beside those of another.
///
/// # Errors
/// When there is no such policy, an assumption can't be, or nothing was sold to rated customers in this currency.
pub fn compare_policies(
    db: &mut Db,
    id: PolicyId,
    with: Option<PolicyId>,
    currency: Currency,
    assumptions: &Assumptions,
) -> Result<BookComparison, SimulationError> {
    let policy = policies::find(db, id)?.ok_or(SimulationError::NoPolicy)?;
    let with = match with {
        Some(with) => policies::find(db, with)?,
        None => policies::find_live(db)?,
    };
    let with = with.ok_or(SimulationError::NoPolicy)?;
    let before: PolicyDocument = read_document(&with.document)?;
    let after: PolicyDocument = read_document(&policy.document)?;
    let to = db.today();
    let from = first_day(to);
    let sales = credit_sales(db, currency, from, to)?;
    let wrong = |error| SimulationError::Terms { pointer: "", error };
    let (parts, left_out) = rules::parts(&sales, &before, &after, assumptions).map_err(wrong)?;
    if parts.is_empty() {
        return Err(SimulationError::NothingSold);
    }
    let years = |year: fn(&Part) -> &rules::TermsYear| -> Vec<rules::TermsYear> {
        parts.iter().map(year).cloned().collect()
    };
    let total = rules::compare_terms(&years(|part| &part.before), &years(|part| &part.after));
    let total = total.map_err(wrong)?;
    let mut compared = Vec::with_capacity(parts.len());
    for part in parts {
        let one = rules::compare_terms(
            std::slice::from_ref(&part.before),
            std::slice::from_ref(&part.after),
        );
        compared.push((part, one.map_err(wrong)?));
    }
    Ok(BookComparison {
        policy,
        with,
        from,
        to,
        total,
        parts: compared,
        left_out,
    })
}

/// The first day of the twelve months that end with a day.
pub fn first_day(to: NaiveDate) -> NaiveDate {
    let year_ago = to.checked_sub_months(Months::new(12));
    year_ago.and_then(|day| day.succ_opt()).unwrap_or(to)
}

/// What was sold on account, by grade and credit segment: three reads whatever the size of the book, a few thousand
/// customers at a time.
fn credit_sales(
    db: &mut Db,
    currency: Currency,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<PartSales>, DbError> {
    let sales = receivables::list_sales(db, currency, (from, to), None)?;
    let ids: Vec<CustomerId> = sales.iter().map(|sale| sale.customer_id).collect();
    let segments = exposure::list_segments(db, &ids)?;
    let grades = ratings::current(db, &ids)?;
    let mut parts: BTreeMap<(Option<String>, Option<String>), (u32, i64)> = BTreeMap::new();
    for sale in sales {
        let grade = grades
            .get(&sale.customer_id)
            .map(|rating| rating.grade.clone());
        let segment = segments.get(&sale.customer_id).map(ToString::to_string);
        let (customers, minor) = parts.entry((grade, segment)).or_default();
        *customers = customers.saturating_add(1);
        *minor = sum_minor([*minor, sale.sales_minor])?;
    }
    Ok(parts
        .into_iter()
        .map(|((grade, segment), (customers, minor))| PartSales {
            grade,
            segment,
            customers,
            credit_sales: Money::from_minor(minor, currency),
        })
        .collect())
}
