//! What only some policies ask for: looked up for a whole batch, one query each, and not at all when no rule wants it.

use std::collections::{BTreeMap, HashMap};

use chrono::{Months, NaiveDate};

use crate::book::policy::model::{NOT_RATED, PolicyDocument, RuleCode};
use crate::book::receivables::store as receivables;
use crate::collect::dunning::store as dunning;
use crate::decide::limits::check::facts::{Behaviour, Unpaid, UsualOrder};
use crate::decide::limits::store;
use crate::platform::db::{Db, DbError};
use crate::rating::ratings::actions as ratings;
use crate::rating::ratings::model::CurrentRating;
use kernel::ids::CustomerId;

/// How far back behaviour and usual orders look.
const MONTHS_BACK: u32 = 12;

/// Each is none when the policy does not ask for it.
#[derive(Default)]
pub struct OptionalFacts {
    unpaid: Option<HashMap<CustomerId, Unpaid>>,
    dunning_levels: Option<HashMap<CustomerId, i32>>,
    behaviour: Option<HashMap<CustomerId, Behaviour>>,
    orders: Option<HashMap<CustomerId, Orders>>,
    ratings: Option<BTreeMap<CustomerId, CurrentRating>>,
}

/// What a customer's orders came to.
#[derive(Default)]
struct Orders {
    by_number: HashMap<String, i64>,
    /// In ascending order.
    amounts: Vec<i64>,
}

impl OptionalFacts {
    pub fn read(
        db: &mut Db,
        policy: &PolicyDocument,
        customers: &[CustomerId],
        today: NaiveDate,
    ) -> Result<OptionalFacts, DbError> {
        let since = today
            .checked_sub_months(Months::new(MONTHS_BACK))
            .unwrap_or(today);
        let mut found = OptionalFacts::default();
        if policy.asks(RuleCode::UnpaidCount) || policy.asks(RuleCode::OverdueRatio) {
            found.unpaid = Some(read_unpaid(db, customers)?);
        }
        if policy.asks(RuleCode::MaxDunningLevel) {
            let levels = dunning::list_levels(db, customers)?;
            found.dunning_levels = Some(levels.into_iter().collect());
        }
        if policy.asks(RuleCode::PaymentBehaviour) {
            found.behaviour = Some(read_behaviour(db, customers, since)?);
        }
        if policy.asks(RuleCode::OrderOutlier) {
            found.orders = Some(read_orders(db, customers, since)?);
        }
        if policy.asks_for_ratings() {
            found.ratings = Some(ratings::current(db, customers)?);
        }
        Ok(found)
    }

    pub fn grade(&self, customer: CustomerId) -> Option<String> {
        let rating = self.ratings.as_ref()?.get(&customer);
        Some(rating.map_or_else(|| NOT_RATED.to_owned(), |rating| rating.grade.clone()))
    }

    pub fn review_on(&self, customer: CustomerId) -> Option<NaiveDate> {
        self.ratings.as_ref()?.get(&customer)?.review_on
    }

    pub fn unpaid(&self, customer: CustomerId) -> Option<Unpaid> {
        let unpaid = self.unpaid.as_ref()?;
        Some(unpaid.get(&customer).copied().unwrap_or_default())
    }

    pub fn dunning_level(&self, customer: CustomerId) -> Option<i32> {
        let levels = self.dunning_levels.as_ref()?;
        Some(levels.get(&customer).copied().unwrap_or_default())
    }

    pub fn behaviour(&self, customer: CustomerId) -> Option<Behaviour> {
        let behaviour = self.behaviour.as_ref()?;
        Some(behaviour.get(&customer).copied().unwrap_or_default())
    }

    /// What the customer's orders are like, but for the one that is asked about.
    pub fn usual_order(&self, customer: CustomerId, order: Option<&str>) -> Option<UsualOrder> {
        let Some(orders) = self.orders.as_ref()?.get(&customer) else {
            return Some(UsualOrder::default());
        };
        let own = order.and_then(|order| orders.by_number.get(order));
        Some(UsualOrder::of(&orders.amounts, own.copied()))
    }
}

fn read_unpaid(
    db: &mut Db,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, Unpaid>, DbError> {
    let rows = receivables::list_unpaid(db, customers)?;
    Ok(rows
        .into_iter()
        .map(|(customer, count, sum_minor)| (customer, Unpaid { count, sum_minor }))
        .collect())
}

fn read_behaviour(
    db: &mut Db,
    customers: &[CustomerId],
    since: NaiveDate,
) -> Result<HashMap<CustomerId, Behaviour>, DbError> {
    let mut found: HashMap<CustomerId, Behaviour> = HashMap::new();
    for payment in receivables::list_payments(db, customers, since)? {
        let behaviour = found.entry(payment.customer_id).or_default();
        behaviour.add(payment.minor, payment.days_late())?;
    }
    Ok(found)
}

fn read_orders(
    db: &mut Db,
    customers: &[CustomerId],
    since: NaiveDate,
) -> Result<HashMap<CustomerId, Orders>, DbError> {
    let since = db.clock().start_of(since);
    let mut found: HashMap<CustomerId, Orders> = HashMap::new();
    for (customer, number, minor) in store::list_usual_orders(db, customers, since)? {
        let orders = found.entry(customer).or_default();
        orders.by_number.insert(number, minor);
        orders.amounts.push(minor);
    }
    for orders in found.values_mut() {
        orders.amounts.sort_unstable();
    }
    Ok(found)
}
