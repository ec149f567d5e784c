//! Who is over a limit only because exchange rates moved.

use crate::book::exchange_rates::rules::{Conversions, RateTable};
use crate::book::exposure::model::{AdditionalLimit, EntityTerms};
use crate::book::exposure::rules::{Node, Owing, nodes};
use crate::book::policy::model::PolicyDocument;
use crate::prove::reports::model::{MovedPlace, MovedRates, OverLimit};
use kernel::money::Currency;

/// What bounds an account and raises its limits today, with the rates of a day and of today.
pub struct Moved<'a> {
    pub owing: Owing<'a>,
    pub terms: &'a [EntityTerms],
    pub raising: Vec<&'a AdditionalLimit>,
    pub before: &'a RateTable,
    pub now: &'a RateTable,
}

/// Where the account was within a limit by the rates of before and is over it by those of today, with the same books and
/// the same limits; none where that is nowhere, and no rate is missing.
///
/// A limit of CNY 4,150,000.00 over CNY 4,117,647.67 at one euro for CNY 7.7748 and USD 1.0705; the day after, at CNY 8.0000
/// and USD 1.0500, the same books count CNY 4,205,238.11.
pub fn over_limit(moved: &Moved, policy: &PolicyDocument) -> Option<OverLimit> {
    let account = moved.owing.account;
    let currency = account.currency;
    let rates_before = conversions(moved, moved.before);
    let rates_now = conversions(moved, moved.now);
    let at = |rates: &Conversions| nodes(&[moved.owing], moved.terms, &moved.raising, rates);
    let mut places = Vec::new();
    let mut missing: Vec<(Currency, Currency)> = Vec::new();
    for (before, now) in at(&rates_before).iter().zip(&at(&rates_now)) {
        for unknown in now.missing_rates(currency, &rates_now) {
            let pair = (unknown.from, unknown.to);
            if !missing.contains(&pair) {
                missing.push(pair);
            }
        }
        let figures = |node: &Node, rates: &Conversions| {
            let counted = node.counted_in_all(currency, policy, rates).ok()?;
            Some((node.total_limit()?, counted))
        };
        let (Some((limit_before, counted_before)), Some((limit_now, counted_now))) =
            (figures(before, &rates_before), figures(now, &rates_now))
        else {
            continue;
        };
        if counted_before <= limit_before && counted_now > limit_now {
            places.push(MovedPlace {
                kind: now.kind,
                legal_entity_id: now.legal_entity_id,
                limit_before_minor: limit_before,
                counted_before_minor: counted_before,
                limit_now_minor: limit_now,
                counted_now_minor: counted_now,
            });
        }
    }
    if places.is_empty() && missing.is_empty() {
        return None;
    }
    Some(OverLimit {
        credit_account_id: account.id,
        customer_id: account.customer_id,
        currency,
        places,
        rates: MovedRates {
            before: rates_before,
            now: rates_now,
        },
        missing,
    })
}

/// The rates from the currencies of what is owed, and of what raises a limit, to that of the limit.
fn conversions(moved: &Moved, table: &RateTable) -> Conversions {
    let to = moved.owing.account.currency;
    let owed = moved.owing.balances.iter().map(|balance| balance.currency);
    let raised = moved.raising.iter().map(|limit| limit.currency);
    let mut rates = Conversions::default();
    for from in owed.chain(raised) {
        rates.look_up(from, to, table);
    }
    rates
}
