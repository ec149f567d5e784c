//! What only some policies ask for: looked up for a whole batch, one query each, and not at all when no rule wants it.

use std::collections::{BTreeMap, HashMap};

use chrono::{Months, NaiveDate};

use crate::book::imports::store as feeds;
use crate::book::policy::model::{NOT_RATED, PolicyDocument, RuleCode};
use crate::book::receivables::model::Payment;
use crate::book::receivables::store as receivables;
use crate::collect::dunning::store as dunning;
use crate::decide::limits::check::facts::{Behaviour, Unpaid, UsualOrder};
use crate::decide::limits::store;
use crate::platform::db::{Db, DbError};
use crate::rating::ratings::actions as ratings;
use crate::rating::ratings::model::CurrentRating;
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::Currency;

/// How far back behaviour and usual orders look.
const MONTHS_BACK: u32 = 12;

/// Each is none when the policy does not ask for it.
#[derive(Default)]
pub struct OptionalFacts {
    unpaid: Option<HashMap<CustomerId, Vec<(Currency, Unpaid)>>>,
    dunning_levels: Option<HashMap<CustomerId, i32>>,
    behaviour: Option<HashMap<CustomerId, Vec<Payment>>>,
    orders: Option<HashMap<CustomerId, Orders>>,
    ratings: Option<BTreeMap<CustomerId, CurrentRating>>,
    ledgers: BTreeMap<LegalEntityId, NaiveDate>,
}

/// What a customer's orders came to.
#[derive(Default)]
struct Orders(Vec<(String, Currency, i64)>);

/// Brings an amount of another currency into the account's; none where no rate leads there.
pub type IntoAccount<'a> = &'a dyn Fn(i64, Currency) -> Option<i64>;

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
        if policy.asks(RuleCode::LedgerStale) {
            let ledgers = feeds::list_ledger_days(db)?;
            found.ledgers = ledgers.into_iter().collect();
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

    pub fn ledger_as_of(&self, entity: LegalEntityId) -> Option<NaiveDate> {
        self.ledgers.get(&entity).copied()
    }

    pub fn unpaid(&self, customer: CustomerId, into: IntoAccount) -> Option<Unpaid> {
        let unpaid = self.unpaid.as_ref()?.get(&customer);
        let all = unpaid.into_iter().flatten();
        Some(all.fold(Unpaid::default(), |sum, (currency, unpaid)| {
            let open = into(unpaid.sum_minor, *currency).unwrap_or_default();
            Unpaid {
                count: sum.count.saturating_add(unpaid.count),
                sum_minor: sum.sum_minor.saturating_add(open),
            }
        }))
    }

    pub fn dunning_level(&self, customer: CustomerId) -> Option<i32> {
        let levels = self.dunning_levels.as_ref()?;
        Some(levels.get(&customer).copied().unwrap_or_default())
    }

    pub fn behaviour(&self, customer: CustomerId, into: IntoAccount) -> Option<Behaviour> {
        let payments = self.behaviour.as_ref()?.get(&customer);
        let mut behaviour = Behaviour::default();
        for payment in payments.into_iter().flatten() {
            if let Some(minor) = into(payment.minor, payment.currency) {
                behaviour.add(minor, payment.days_late()).ok()?;
            }
        }
        Some(behaviour)
    }

    /// What the customer's orders are like, but for the one that is asked about.
    pub fn usual_order(
        &self,
        customer: CustomerId,
        order: Option<&str>,
        into: IntoAccount,
    ) -> Option<UsualOrder> {
        let Some(Orders(orders)) = self.orders.as_ref()?.get(&customer) else {
            return Some(UsualOrder::default());
        };
        let mut own = None;
        let mut amounts = Vec::with_capacity(orders.len());
        for (number, currency, minor) in orders {
            let Some(minor) = into(*minor, *currency) else {
                continue;
            };
            if order == Some(number.as_str()) {
                own = Some(minor);
            }
            amounts.push(minor);
        }
        amounts.sort_unstable();
        Some(UsualOrder::of(&amounts, own))
    }
}

fn read_unpaid(
    db: &mut Db,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, Vec<(Currency, Unpaid)>>, DbError> {
    let mut found: HashMap<CustomerId, Vec<(Currency, Unpaid)>> = HashMap::new();
    for (customer, currency, count, sum_minor) in receivables::list_unpaid(db, customers)? {
        let unpaid = Unpaid { count, sum_minor };
        found.entry(customer).or_default().push((currency, unpaid));
    }
    Ok(found)
}

fn read_behaviour(
    db: &mut Db,
    customers: &[CustomerId],
    since: NaiveDate,
) -> Result<HashMap<CustomerId, Vec<Payment>>, DbError> {
    let mut found: HashMap<CustomerId, Vec<Payment>> = HashMap::new();
    for payment in receivables::list_payments(db, customers, since)? {
        found.entry(payment.customer_id).or_default().push(payment);
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
    for (customer, number, currency, minor) in store::list_usual_orders(db, customers, since)? {
        let orders = found.entry(customer).or_default();
        orders.0.push((number, currency, minor));
    }
    Ok(found)
}
