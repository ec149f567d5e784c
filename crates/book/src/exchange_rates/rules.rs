//! Which rate holds, and what money is in another currency.
//!
//! The worked numbers are the ECB's reference rates of 28 June 2024: one euro is USD 1.0705, CNY 7.7748, JPY 171.94.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::model::ExchangeRate;
use kernel::money::{Currency, Money, MoneyError};

/// How many significant digits the rate of an inverse or a cross is written with.
const DIGITS: u32 = 12;

/// A rate is set for a day that has not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be later than today, {today}")]
pub struct InFuture {
    pub today: NaiveDate,
}

/// # Errors
/// When the day of a rate has not begun: a rate is what somebody has published, no forecast.
pub fn check_day(rate_date: NaiveDate, today: NaiveDate) -> Result<(), InFuture> {
    if rate_date > today {
        return Err(InFuture { today });
    }
    Ok(())
}

/// The rates that hold on a day, one for each pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateTable {
    on: NaiveDate,
    rates: BTreeMap<(Currency, Currency), ExchangeRate>,
}

impl RateTable {
    /// Of the rates of one pair, the one of the latest day holds that is not after `on`, and of that day the one that
    /// was set last.
    pub fn new(on: NaiveDate, rates: impl IntoIterator<Item = ExchangeRate>) -> RateTable {
        let mut table = RateTable {
            on,
            rates: BTreeMap::new(),
        };
        for rate in rates.into_iter().filter(|rate| rate.rate_date <= on) {
            let pair = (rate.base_currency, rate.quote_currency);
            let rank = |rate: &ExchangeRate| (rate.rate_date, rate.id);
            if table
                .rates
                .get(&pair)
                .is_none_or(|held| rank(held) < rank(&rate))
            {
                table.rates.insert(pair, rate);
            }
        }
        table
    }

    /// How money is converted: by the pair itself, else by the pair turned round, else through one third currency;
    /// none when nothing leads from the one to the other. A currency is itself, without any rate.
    ///
    /// Of several third currencies the one is taken whose older rate is the newest, and of these the first by code.
    pub fn find(&self, from: Currency, to: Currency) -> Option<Conversion> {
        if from == to {
            return Some(Conversion::identity(from, self.on));
        }
        let legs = match self.leg(from, to) {
            Some(leg) => vec![leg],
            None => self.cross(from, to)?,
        };
        Conversion::along(from, to, legs)
    }

    fn leg(&self, from: Currency, to: Currency) -> Option<Leg> {
        let leg = |pair: &(Currency, Currency), inverse: bool| {
            let exchange_rate = self.rates.get(pair)?.clone();
            Some(Leg {
                exchange_rate,
                inverse,
            })
        };
        leg(&(from, to), false).or_else(|| leg(&(to, from), true))
    }

    fn cross(&self, from: Currency, to: Currency) -> Option<Vec<Leg>> {
        let thirds: BTreeSet<Currency> = self
            .rates
            .keys()
            .flat_map(|(base, quote)| [*base, *quote])
            .collect();
        thirds
            .into_iter()
            .filter_map(|third| Some(vec![self.leg(from, third)?, self.leg(third, to)?]))
            .min_by_key(|legs| Reverse(oldest(legs)))
    }
}

fn oldest(legs: &[Leg]) -> Option<NaiveDate> {
    legs.iter().map(|leg| leg.exchange_rate.rate_date).min()
}

/// A rate on the way from one currency to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub exchange_rate: ExchangeRate,
    /// From the quote currency to the base currency: money is divided by the rate.
    pub inverse: bool,
}

/// How money is converted from one currency to another on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    pub from: Currency,
    pub to: Currency,
    /// One unit of `from` in units of `to`, to be shown. Of an inverse or a cross it has 12 significant digits, which
    /// is why [`convert`] goes by the legs.
    #[serde(with = "as_text")]
    pub rate: Decimal,
    /// The day of the rate, of the older one when there are two.
    pub rate_date: NaiveDate,
    /// Who published the rates, each once.
    pub source: String,
    /// One rate, or two when it is a cross; none when both currencies are the same.
    pub legs: Vec<Leg>,
}

/// A decimal number as JSON text: exact, and never a float.
mod as_text {
    use rust_decimal::Decimal;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Conversion {
    fn identity(currency: Currency, on: NaiveDate) -> Conversion {
        Conversion {
            from: currency,
            to: currency,
            rate: Decimal::ONE,
            rate_date: on,
            source: "identity".to_owned(),
            legs: Vec::new(),
        }
    }

    /// None when there is no leg, or when the rate is beyond what can be written, which no two rates are.
    fn along(from: Currency, to: Currency, legs: Vec<Leg>) -> Option<Conversion> {
        let mut sources: Vec<&str> = Vec::new();
        for leg in &legs {
            let source = leg.exchange_rate.source.as_str();
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        Some(Conversion {
            from,
            to,
            rate: shown_rate(&legs)?,
            rate_date: oldest(&legs)?,
            source: sources.join(", "),
            legs,
        })
    }
}

/// Conversions that were looked up, each once: what a decision was made with, and can be made again from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conversions(Vec<Conversion>);

impl Conversions {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Conversion> {
        self.0.iter()
    }

    /// Looks up how one currency is converted into another; false when nothing leads there.
    pub fn look_up(&mut self, from: Currency, to: Currency, rates: &RateTable) -> bool {
        if from == to || self.find(from, to).is_some() {
            return true;
        }
        let found = rates.find(from, to);
        self.0.extend(found);
        self.find(from, to).is_some()
    }

    pub fn find(&self, from: Currency, to: Currency) -> Option<&Conversion> {
        let mut all = self.0.iter();
        all.find(|conversion| conversion.from == from && conversion.to == to)
    }

    /// Minor units of one currency in those of another; a currency is itself, without any rate.
    ///
    /// # Errors
    /// The pair, when nothing leads there, or to an amount that can be told.
    pub fn convert(
        &self,
        minor: i64,
        from: Currency,
        to: Currency,
        rounding: Rounding,
    ) -> Result<i64, (Currency, Currency)> {
        if from == to {
            return Ok(minor);
        }
        let conversion = self.find(from, to).ok_or((from, to))?;
        convert(Money::from_minor(minor, from), conversion, rounding)
            .map(Money::minor)
            .map_err(|_| (from, to))
    }

    /// The most of one currency that comes to no more than `minor` of another; none when that is less than nothing, or
    /// nothing leads there.
    pub fn most_within(&self, minor: i64, of: Currency, from: Currency) -> Option<i64> {
        if from == of {
            return Some(minor);
        }
        let conversion = self.find(from, of)?;
        most_within(Money::from_minor(minor, of), conversion).map(Money::minor)
    }
}

/// The rate of all legs together. A single rate is shown as it was published.
fn shown_rate(legs: &[Leg]) -> Option<Decimal> {
    if let [leg] = legs
        && !leg.inverse
    {
        return Some(leg.exchange_rate.rate.value());
    }
    let (mut multiplier, mut divisor) = (Decimal::ONE, Decimal::ONE);
    for leg in legs {
        let factor = if leg.inverse {
            &mut divisor
        } else {
            &mut multiplier
        };
        *factor = factor.checked_mul(leg.exchange_rate.rate.value())?;
    }
    let rate = multiplier.checked_div(divisor)?.round_sf(DIGITS)?;
    Some(rate.normalize())
}

/// How a converted amount is brought to the minor units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the next higher one, so that exposure is never understated.
    Up,
    /// To the next lower one, so that a limit is never overstated.
    Down,
    /// To the nearest one, from the very middle to the even one.
    HalfEven,
}

/// The most of `from` that converts, rounded up, to no more than `limit` of `to`; none when even nothing does.
///
/// At 7.2628 yuan for a dollar, CNY 100.00 are USD 13.76 at the most: USD 13.77 would be CNY 100.01.
pub fn most_within(limit: Money, conversion: &Conversion) -> Option<Money> {
    if limit.currency() != conversion.to || limit.is_negative() {
        return None;
    }
    let (numerator, denominator) = fraction(conversion)?;
    let product = i128::from(limit.minor()).checked_mul(denominator)?;
    let minor = i64::try_from(product.div_euclid(numerator)).ok()?;
    Some(Money::from_minor(minor, conversion.from))
}

/// What money is in the other currency, rounded once, at the end.
///
/// - USD 100.00 to EUR is 100.00 / 1.0705 = 93.4143…: EUR 93.42 rounded up, EUR 93.41 to the nearest.
/// - USD 100.00 to CNY is 100.00 × 7.7748 / 1.0705 = 726.2774…: CNY 726.28.
/// - USD 1,000.00 to JPY, which has no minor units, is 160,616.53…: JPY 160,617.
/// - At 0.13 dollars for one unit, USD 13.00 are exactly 100.00 units, also when rounded up: multiplying by
///   1 / 0.13 = 7.6923… instead would make 100.01 of it, or too little.
///
/// # Errors
/// When the money is not in the conversion's currency, or when the result, or a number on the way to it, is too large to
/// be exact.
pub fn convert(
    money: Money,
    conversion: &Conversion,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    if money.currency() != conversion.from {
        return Err(MoneyError::CurrencyMismatch);
    }
    let minor = fraction(conversion)
        .and_then(|(numerator, denominator)| {
            let product = i128::from(money.minor()).checked_mul(numerator)?;
            Some(divide(product, denominator, rounding))
        })
        .and_then(|minor| i64::try_from(minor).ok())
        .ok_or(MoneyError::Overflow)?;
    Ok(Money::from_minor(minor, conversion.to))
}

/// One minor unit of the one currency in minor units of the other, as a fraction of whole numbers.
fn fraction(conversion: &Conversion) -> Option<(i128, i128)> {
    let (mut numerator, mut denominator) = (1i128, 1i128);
    let mut places = i64::from(conversion.to.minor_digits())
        .checked_sub(i64::from(conversion.from.minor_digits()))?;
    for leg in &conversion.legs {
        let rate = leg.exchange_rate.rate.value().normalize();
        let scale = i64::from(rate.scale());
        if leg.inverse {
            denominator = denominator.checked_mul(rate.mantissa())?;
            places = places.checked_add(scale)?;
        } else {
            numerator = numerator.checked_mul(rate.mantissa())?;
            places = places.checked_sub(scale)?;
        }
    }
    let power = 10i128.checked_pow(u32::try_from(places.unsigned_abs()).ok()?)?;
    if places < 0 {
        denominator = denominator.checked_mul(power)?;
    } else {
        numerator = numerator.checked_mul(power)?;
    }
    Some((numerator, denominator))
}

/// Divides by a number that is more than zero.
const fn divide(dividend: i128, divisor: i128, rounding: Rounding) -> i128 {
    let floor = dividend.div_euclid(divisor);
    let rest = dividend.rem_euclid(divisor);
    let to_next = divisor - rest;
    let is_up = match rounding {
        Rounding::Up => rest > 0,
        Rounding::Down => false,
        Rounding::HalfEven => rest > to_next || (rest == to_next && floor % 2 != 0),
    };
    if is_up { floor + 1 } else { floor }
}

#[cfg(test)]
mod tests;
