//! What a decision is made from: kept whole in the decision record, so that it can be made again.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::rules::NodeFigures;
use crate::book::exchange_rates::rules::{Conversion, Conversions, Rounding, convert, most_within};
use crate::book::exposure::model::{AccountStatus, BalanceKey, BlockCause};
use crate::book::exposure::rules::{Node, UnknownNode};
use crate::book::policy::model::{AccountCause, Checkpoint, OverdueBasis, PolicyDocument};
use kernel::money::{Currency, Money, SumTooLarge, sum_minor};

/// The question: may the customer have so much more?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub amount: Money,
    /// What is paid before delivery, and needs no credit; in the currency of the amount.
    #[serde(default)]
    pub prepaid_minor: i64,
    #[serde(default)]
    pub net_days: Option<i32>,
    pub checkpoint: Checkpoint,
    /// What the order holds already, which is left out of exposure; in the currency of its balance.
    #[serde(default)]
    pub held_minor: i64,
    /// What of the order was invoiced already, and is receivable; in the currency of its balance.
    #[serde(default)]
    pub captured_minor: i64,
}

impl Question {
    /// Whether nothing of the order is bought on account.
    pub const fn is_prepaid_in_full(&self) -> bool {
        self.prepaid_minor >= self.amount.minor()
    }

    /// Whether the order had something already, so that it is an amendment.
    pub const fn amends(&self) -> bool {
        self.held_minor > 0 || self.captured_minor > 0
    }
}

/// What a question comes to in the currency of the order's balance, in minor units. Nothing is understated: amounts are
/// rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// The order.
    pub amount_minor: i64,
    /// The order less what is prepaid: the part that rules judge.
    pub unpaid_minor: i64,
    /// What credit is asked for: the order less what is prepaid and what was invoiced already.
    pub net_minor: i64,
    /// The same in the account's currency, in which most rules have their amounts.
    pub in_account: InAccount,
}

/// What a question comes to in the account's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InAccount {
    pub unpaid_minor: i64,
    pub net_minor: i64,
}

/// What is known about the customer at the moment of the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub today: NaiveDate,
    /// The account's currency: all amounts here are in its minor units.
    pub currency: Currency,
    pub status: AccountStatus,
    /// Whether a block stands on the account.
    pub is_blocked: bool,
    /// For what causes, in their order. Older records have none: then dunning was the only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block_causes: Vec<BlockCause>,
    pub net_days: i32,
    /// How the base limit came to be.
    pub limit_source: String,
    pub limit_valid_until: Option<NaiveDate>,
    pub exempt_until: Option<NaiveDate>,
    pub opened_on: NaiveDate,
    /// Where limits hold: the account's own node first, then its groups from the nearest on, then caps.
    pub nodes: Vec<Node>,
    /// Caps of which it can't be told what they leave, for want of an exchange rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_nodes: Vec<UnknownNode>,
    /// The customer's grade, `NR` when it was never rated; none when the policy did not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// When a person is to look at the customer again; none when that is open, or the policy did not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<chrono::NaiveDate>,
    /// Of which day the other ledger's state is that was taken over last for the company that sells; none when none was, or
    /// the policy did not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_as_of: Option<NaiveDate>,
    /// What is overdue, by due date.
    pub overdue: Vec<Overdue>,
    /// What only some policies ask for; none when the policy did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpaid: Option<Unpaid>,
    /// The highest level at which an open invoice was dunned; none when the policy did not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dunning_level: Option<i32>,
    /// How the order's currency is converted to the account's; none when it is the same, or no rate is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<Conversion>,
    /// The balance that the order counts in; none when it is the account's home balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<BalanceKey>,
    /// How all other currencies are converted that count at some node.
    #[serde(default, skip_serializing_if = "Conversions::is_empty")]
    pub rates: Conversions,
    /// Whether the company that sells has suspended the customer for itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_suspended_by_entity: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<Behaviour>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_order: Option<UsualOrder>,
}

impl Facts {
    /// What counts of what the account itself owes.
    pub fn own_counted(&self, policy: &PolicyDocument) -> i64 {
        let own = self.nodes.first();
        let counted = own.map(|own| own.counted_in_all(self.currency, policy, &self.rates));
        counted.and_then(Result::ok).unwrap_or_default()
    }

    /// The balance that the order counts in.
    pub fn balance(&self) -> BalanceKey {
        self.balance
            .unwrap_or_else(|| BalanceKey::home(self.currency))
    }

    /// What the question comes to in the currency of the order's balance, and in the account's; none when nothing leads
    /// there from the order's.
    ///
    /// USD 100.00 of which USD 10.00 is prepaid, at 7.2628 yuan for a dollar: an order of CNY 726.28 that asks for
    /// CNY 653.66 of credit.
    pub fn credit(&self, question: &Question) -> Option<Credit> {
        let unpaid = question.amount.minor() - question.prepaid_minor;
        let unpaid = Money::from_minor(unpaid, question.amount.currency());
        let balance = self.balance().currency;
        let unpaid_minor = self.to(balance, unpaid)?;
        let net_minor = unpaid_minor.saturating_sub(question.captured_minor);
        Some(Credit {
            amount_minor: self.to(balance, question.amount)?,
            unpaid_minor,
            net_minor,
            in_account: InAccount {
                unpaid_minor: self.to(self.currency, Money::from_minor(unpaid_minor, balance))?,
                net_minor: self.to(self.currency, Money::from_minor(net_minor, balance))?,
            },
        })
    }

    /// What is wrong with the account, each cause once.
    pub fn account_causes(&self) -> Vec<AccountCause> {
        let is_suspended = self.status == AccountStatus::Suspended || self.is_suspended_by_entity;
        let suspended = is_suspended.then_some(AccountCause::Suspended);
        let unnamed =
            (self.is_blocked && self.block_causes.is_empty()).then_some(AccountCause::Dunning);
        let named = self.block_causes.iter().copied().map(AccountCause::from);
        suspended.into_iter().chain(unnamed).chain(named).collect()
    }

    /// What is overdue, as a policy has it: net of what is paid and not applied yet, that covers the oldest due first.
    ///
    /// 100 due in January and 50 due in February, with 120 unapplied: 30 due in February.
    pub fn overdue_by(&self, basis: OverdueBasis) -> Vec<Overdue> {
        let mut overdue = self.overdue.clone();
        if basis == OverdueBasis::Gross {
            return self.in_account(overdue);
        }
        overdue.sort_by_key(|overdue| overdue.due_date);
        let mut covers: BTreeMap<Option<BalanceKey>, i64> = BTreeMap::new();
        for overdue in &mut overdue {
            let cover = covers
                .entry(overdue.balance)
                .or_insert_with(|| self.unapplied(overdue.balance));
            let covered = (*cover).min(overdue.sum_minor);
            *cover -= covered;
            overdue.sum_minor -= covered;
            overdue.largest_minor = overdue.largest_minor.min(overdue.sum_minor);
        }
        overdue.retain(|overdue| overdue.sum_minor > 0);
        self.in_account(overdue)
    }

    /// What is paid and not applied in a balance.
    fn unapplied(&self, balance: Option<BalanceKey>) -> i64 {
        let key = balance.unwrap_or_else(|| BalanceKey::home(self.currency));
        let own = self.nodes.first();
        own.map_or(0, |node| {
            node.owed(key, self.currency).unapplied_minor.max(0)
        })
    }

    /// What is overdue in the account's currency, rounded up. What no rate leads to is left out: the account's own node is
    /// unknown then, and the order is refused for it.
    fn in_account(&self, overdue: Vec<Overdue>) -> Vec<Overdue> {
        let in_account = |mut overdue: Overdue| {
            let Some(key) = overdue.balance else {
                return Some(overdue);
            };
            let up = |minor| self.to(self.currency, Money::from_minor(minor, key.currency));
            overdue.sum_minor = up(overdue.sum_minor)?;
            overdue.largest_minor = up(overdue.largest_minor)?;
            Some(overdue)
        };
        overdue.into_iter().filter_map(in_account).collect()
    }

    /// Money in another currency, rounded up.
    fn to(&self, currency: Currency, money: Money) -> Option<i64> {
        if money.currency() == currency {
            return Some(money.minor());
        }
        let conversion = self.rate(money.currency(), currency)?;
        let converted = convert(money, conversion, Rounding::Up).ok()?;
        Some(converted.minor())
    }

    fn rate(&self, from: Currency, to: Currency) -> Option<&Conversion> {
        let of_order = self.conversion.as_ref();
        of_order
            .filter(|conversion| conversion.from == from && conversion.to == to)
            .or_else(|| self.rates.find(from, to))
    }

    /// The most of one currency that comes to no more than `minor` of another.
    fn most_of(&self, from: Currency, minor: i64, of: Currency) -> Option<i64> {
        if from == of {
            return Some(minor);
        }
        most_within(Money::from_minor(minor, of), self.rate(from, of)?).map(Money::minor)
    }

    /// The most of the order's currency that comes to no more than `minor` of the account's.
    pub fn from_account(&self, minor: i64, currency: Currency) -> Option<i64> {
        self.most_of(currency, minor, self.currency)
    }

    /// The most of the order's currency that comes to no more than `minor` of its balance's.
    pub fn from_balance(&self, minor: i64, currency: Currency) -> Option<i64> {
        if currency == self.balance().currency {
            return Some(minor);
        }
        self.from_account(minor, currency)
    }

    /// The most of the balance's currency that comes to no more than `minor` of another; less than nothing is nothing.
    pub fn most_of_balance(&self, minor: i64, of: Currency) -> Option<i64> {
        let balance = self.balance().currency;
        let least = if of == balance { minor } else { minor.max(0) };
        self.most_of(balance, least, of)
    }

    /// By how much so much credit goes beyond a node's limit, in the account's currency; none where nothing limits it.
    /// What no rate leads to is as much as can be.
    pub fn beyond(&self, node: &NodeFigures, net_minor: i64) -> Option<i64> {
        let headroom = node.headroom()?;
        let currency = node.currency.unwrap_or(self.currency);
        let net = Money::from_minor(net_minor, self.balance().currency);
        let beyond = self
            .to(currency, net)
            .map(|net| Money::from_minor(net.saturating_sub(headroom), currency))
            .and_then(|beyond| self.to(self.currency, beyond));
        Some(beyond.unwrap_or(i64::MAX))
    }

    /// What is asked for in the currency of a node, rounded up; none when no rate leads there.
    pub fn asked_at(&self, node: &Node, net_minor: i64) -> Option<i64> {
        let to = node.currency(self.currency);
        self.to(to, Money::from_minor(net_minor, self.balance().currency))
    }
}

/// What is open on a customer's overdue invoices of one due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overdue {
    pub due_date: NaiveDate,
    /// What is open on all of them.
    pub sum_minor: i64,
    /// What is open on the largest of them.
    pub largest_minor: i64,
    /// The balance that they count in, in whose currency they are; none for the account's home balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<BalanceKey>,
}

/// What is open on invoices, due or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpaid {
    pub count: i64,
    pub sum_minor: i64,
}

/// How the customer paid in the last twelve months.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behaviour {
    /// What was paid.
    pub paid_minor: i64,
    /// Σ paid · days after the due date, in minor units times days; early payments count below zero.
    #[serde(with = "exact")]
    pub late_minor_days: i128,
}

impl Behaviour {
    /// Adds what was paid so many days after it was due.
    ///
    /// # Errors
    /// When what was paid comes to more than can be told.
    pub fn add(&mut self, paid_minor: i64, days_late: i64) -> Result<(), SumTooLarge> {
        self.paid_minor = sum_minor([self.paid_minor, paid_minor])?;
        self.late_minor_days += i128::from(paid_minor) * i128::from(days_late);
        Ok(())
    }

    /// Days beyond terms, weighted by amount; none when nothing was paid.
    ///
    /// 100 paid 10 days late and 300 paid on time: 2.5, of which the whole days are 2.
    pub fn days_beyond_terms(&self) -> Option<i64> {
        let days = self.late_minor_days.checked_div(self.paid_minor.into())?;
        i64::try_from(days).ok()
    }
}

/// A whole number in records: a JSON number, or a string of digits where it has more than a JSON number may have.
mod exact {
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer, de};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(i64),
        Digits(String),
    }

    pub fn serialize<S: Serializer>(value: &i128, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(*value) {
            Ok(number) => number.serialize(serializer),
            Err(_) => value.to_string().serialize(serializer),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i128, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(number.into()),
            Written::Digits(digits) => digits.parse().map_err(de::Error::custom),
        }
    }
}

/// What the customer's orders of the last twelve months were like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsualOrder {
    pub count: i64,
    /// The median of their amounts.
    pub median_minor: i64,
}

impl UsualOrder {
    /// Of amounts in ascending order, but for one of them; of two in the middle the mean, rounded down.
    ///
    /// 100, 120, 200 and 5,000 without the 5,000: three orders, 120 in the middle.
    pub fn of(amounts: &[i64], without: Option<i64>) -> UsualOrder {
        let skipped = without.and_then(|amount| amounts.binary_search(&amount).ok());
        let count = amounts.len() - usize::from(skipped.is_some());
        let at = |index: usize| {
            let passed = skipped.is_some_and(|skipped| index >= skipped);
            amounts.get(index + usize::from(passed)).copied()
        };
        let Some(upper) = at(count / 2).filter(|_| count > 0) else {
            return UsualOrder::default();
        };
        let lower = match count % 2 {
            0 => at(count / 2 - 1).unwrap_or(upper),
            _ => upper,
        };
        UsualOrder {
            count: i64::try_from(count).unwrap_or(i64::MAX),
            median_minor: lower.midpoint(upper),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usual(amounts: &[i64], without: Option<i64>) -> (i64, i64) {
        let usual = UsualOrder::of(amounts, without);
        (usual.count, usual.median_minor)
    }

    #[test]
    fn the_usual_order_is_the_one_in_the_middle() {
        assert_eq!(usual(&[], None), (0, 0));
        assert_eq!(usual(&[100], None), (1, 100));
        assert_eq!(usual(&[100, 121], None), (2, 110));
        assert_eq!(usual(&[100, 120, 200], None), (3, 120));
    }

    #[test]
    fn the_order_that_is_asked_about_is_no_part_of_what_is_usual() {
        assert_eq!(usual(&[5_000], Some(5_000)), (0, 0));
        assert_eq!(usual(&[100, 120, 200, 5_000], Some(5_000)), (3, 120));
        assert_eq!(usual(&[100, 120, 200, 5_000], Some(100)), (3, 200));
    }

    #[test]
    fn days_beyond_terms_are_weighted_by_what_was_paid() {
        let mut behaviour = Behaviour::default();
        assert_eq!(behaviour.days_beyond_terms(), None);
        behaviour.add(100, 10).unwrap();
        behaviour.add(300, 0).unwrap();
        assert_eq!(behaviour.days_beyond_terms(), Some(2));
        behaviour.add(400, -10).unwrap();
        assert_eq!(behaviour.days_beyond_terms(), Some(-3));
    }

    proptest! {
        #[test]
        fn leaving_one_out_is_as_if_it_had_never_been(
            mut amounts in proptest::collection::vec(1_i64..1_000, 1..20), pick in any::<proptest::sample::Index>(),
        ) {
            amounts.sort_unstable();
            let one = *pick.get(&amounts);
            let mut others = amounts.clone();
            others.remove(others.binary_search(&one).unwrap());
            prop_assert_eq!(UsualOrder::of(&amounts, Some(one)), UsualOrder::of(&others, None));
        }
    }
}
