//! The values of all indicators for any number of customers.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};

use super::model::{IndicatorValue, LedgerRow};
use super::rules::Known;
use super::{rules, store};
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::policy::actions::live;
use crate::book::policy::model::Validity;
use crate::platform::db::{Db, DbError};
use crate::rating::facts::model::CustomerFact;
use crate::rating::facts::store as facts;
use crate::rating::industries::model::IndustryVersion;
use crate::rating::industries::store as industries;
use crate::rating::statements::actions::before;
use crate::rating::statements::model::{FinancialStatement, current};
use crate::rating::statements::store as statements;
use kernel::caller::Caller;
use kernel::ids::CustomerId;
use kernel::text::Line;

/// Why the indicators of a customer were not given.
#[derive(Debug, thiserror::Error)]
pub enum IndicatorError {
    #[error("there is no such indicator")]
    NoIndicator,
    #[error("there is no such customer")]
    NoCustomer,
    #[error("{0} lies in the future")]
    InFuture(NaiveDate),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Every indicator's value of one customer as of a day; today when none is given.
///
/// # Errors
/// When the customer is not visible, or the day lies in the future.
pub fn of_customer(
    db: &mut Db,
    caller: &Caller,
    reference: &CustomerRef,
    as_of: Option<NaiveDate>,
) -> Result<(Customer, NaiveDate, BTreeMap<String, IndicatorValue>), IndicatorError> {
    let customer = customers::find_visible(db, caller, reference)?;
    let customer = customer.ok_or(IndicatorError::NoCustomer)?;
    let today = db.today();
    let as_of = as_of.unwrap_or(today);
    if as_of > today {
        return Err(IndicatorError::InFuture(as_of));
    }
    let values = values(db, &[customer.id], as_of)?.remove(&customer.id);
    Ok((customer, as_of, values.unwrap_or_default()))
}

/// How many customers one statement asks about.
const CHUNK: usize = 5_000;

/// Every indicator's value, by code, of each of these customers that is there, as of a day.
///
/// It takes one statement for the industry table, one for the policy, and four for each `CHUNK` of customers, however many indicators
/// there are. All that is known of a customer as of the day counts: statements that we had received, facts and industry
/// figures for that day or earlier, the ledger as it stood. A customer has some eighty values: whoever goes through a
/// whole book asks for a few thousand customers at a time, and keeps what it needs.
///
/// # Errors
/// When the database fails.
pub fn values(
    db: &mut Db,
    customers: &[CustomerId],
    as_of: NaiveDate,
) -> Result<BTreeMap<CustomerId, BTreeMap<String, IndicatorValue>>, DbError> {
    let table = industries::list_holding(db, as_of)?;
    let validity = live(db)?.document.validity;
    let mut values = BTreeMap::new();
    for chunk in customers.chunks(CHUNK) {
        let gathered = Gathered::read(db, chunk, as_of, validity)?;
        for (customer, industry) in &gathered.industries {
            let known = gathered.of(*customer, industry.as_ref(), &table, as_of)?;
            values.insert(*customer, rules::values(&known, CustomerFact::value)?);
        }
    }
    Ok(values)
}

/// What the database knows of many customers.
struct Gathered {
    validity: Validity,
    industries: Vec<(CustomerId, Option<Line>)>,
    /// The last versions, the newest period first.
    statements: BTreeMap<CustomerId, Vec<FinancialStatement>>,
    ledger: BTreeMap<CustomerId, LedgerRow>,
    facts: BTreeMap<CustomerId, Vec<CustomerFact>>,
}

impl Gathered {
    fn read(
        db: &mut Db,
        ids: &[CustomerId],
        as_of: NaiveDate,
        validity: Validity,
    ) -> Result<Gathered, DbError> {
        // A statement that holds, and one of as long a period before it.
        let reach = Months::new(2 * validity.statement_months);
        let since = as_of.checked_sub_months(reach).unwrap_or(NaiveDate::MIN);
        let mut by_customer: BTreeMap<CustomerId, Vec<FinancialStatement>> = BTreeMap::new();
        for row in statements::list_known(db, ids, since, as_of)? {
            by_customer.entry(row.customer_id).or_default().push(row);
        }
        let mut facts_by_customer: BTreeMap<CustomerId, Vec<CustomerFact>> = BTreeMap::new();
        for row in facts::list_said(db, ids, as_of)? {
            facts_by_customer
                .entry(row.customer_id)
                .or_default()
                .push(row);
        }
        let (from, to) = rules::window(as_of);
        let (earlier, _) = rules::window(from.pred_opt().unwrap_or(from));
        Ok(Gathered {
            validity,
            industries: store::list_industries(db, ids)?,
            statements: by_customer
                .into_iter()
                .map(|(customer, versions)| (customer, current(versions)))
                .collect(),
            ledger: store::list_conduct(db, ids, earlier, from, to)?
                .into_iter()
                .map(|row| (row.customer_id, row))
                .collect(),
            facts: facts_by_customer,
        })
    }

    fn of<'a>(
        &'a self,
        customer: CustomerId,
        industry: Option<&'a Line>,
        table: &'a BTreeMap<Line, IndustryVersion>,
        on: NaiveDate,
    ) -> Result<Known<'a>, DbError> {
        let rows = self.statements.get(&customer);
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        let statement = match rows.first() {
            Some(latest) => Some((latest, latest.statement()?)),
            None => None,
        };
        let before = match &statement {
            Some((_, statement)) => before(statement, rows)?,
            None => None,
        };
        let mut facts: BTreeMap<&str, Vec<&CustomerFact>> = BTreeMap::new();
        for fact in self.facts.get(&customer).into_iter().flatten() {
            facts.entry(&fact.indicator).or_default().push(fact);
        }
        Ok(Known {
            on,
            validity: self.validity,
            statement,
            before: before.map(|(_, before)| before),
            ledger: self.ledger.get(&customer),
            industry,
            industry_version: industry.and_then(|code| table.get(code)),
            facts,
        })
    }
}
