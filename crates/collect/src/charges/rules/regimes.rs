//! Regimes of late payment: what the law grants, as the catalogues `late_payment_regimes` and `reference_rates` have it.

use chrono::NaiveDate;

use crate::book::catalogues::model::{Attribute, Catalogue, Item};
use crate::collect::charges::model::RatePer;
use kernel::figures::{Exact, Figure};
use kernel::money::{Currency, Money};
use kernel::places::Country;
use kernel::text::SnakeCode;

/// How many days a year has where nothing else is said.
const BASIS: u32 = 365;

/// A reference rate from a day on, to a day where it is said for a while only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateRow {
    /// Which one, such as that of a central bank.
    pub series: String,
    pub from: NaiveDate,
    pub to: Option<NaiveDate>,
    pub rate: Figure,
}

/// How a regime comes to its rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// A reference rate plus points.
    ReferencePlus { series: String, margin: Figure },
    /// A reference rate times something.
    ReferenceTimes { series: String, multiple: Figure },
    /// A share of every day.
    Daily(Figure),
    /// Nothing but what was agreed.
    ByContract,
}

/// What the law grants who is paid late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regime {
    pub code: SnakeCode,
    pub method: Method,
    pub basis: u32,
    /// Whether the rate of the first day counts to the end, whatever becomes of the reference rate.
    pub is_fixed: bool,
    /// The countries of the selling companies for which it holds where nothing is said.
    pub countries: Vec<Country>,
    /// From which amount on which fixed sum is due, the lowest first.
    pub fixed_sums: Vec<(Money, Money)>,
    /// What was due earlier is not under it.
    pub due_from: Option<NaiveDate>,
}

/// What holds between two: a rate of a year that was agreed, or a regime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Terms {
    Agreed(Figure),
    Regime(Regime),
}

/// What an item of the catalogue lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the attribute {attribute} of {item} is missing or can't be read")]
pub struct RegimeFault {
    pub item: SnakeCode,
    pub attribute: &'static str,
}

impl Terms {
    pub const fn basis(&self) -> u32 {
        match self {
            Terms::Agreed(_) => BASIS,
            Terms::Regime(regime) => regime.basis,
        }
    }

    /// Whether interest can run at all.
    pub fn bears_interest(&self) -> bool {
        match self {
            Terms::Agreed(rate) => *rate > Figure::ZERO,
            Terms::Regime(regime) => regime.method != Method::ByContract,
        }
    }

    /// The days on which the rate may be another one.
    pub fn changes(&self, rates: &[RateRow]) -> Vec<NaiveDate> {
        let Terms::Regime(regime) = self else {
            return Vec::new();
        };
        let Some(series) = regime.series().filter(|_| !regime.is_fixed) else {
            return Vec::new();
        };
        let of_series = rates.iter().filter(|row| row.series == series);
        of_series
            .flat_map(|row| {
                let after = row.to.and_then(|to| to.succ_opt());
                [Some(row.from), after].into_iter().flatten()
            })
            .collect()
    }

    /// The rate of a day, for a year or for a day; none where no reference rate is known.
    pub fn rate(
        &self,
        rates: &[RateRow],
        day: NaiveDate,
        late_from: NaiveDate,
    ) -> Option<(Figure, RatePer)> {
        let regime = match self {
            Terms::Agreed(rate) => return Some((*rate, RatePer::Year)),
            Terms::Regime(regime) => regime,
        };
        let day = if regime.is_fixed { late_from } else { day };
        let rate = match &regime.method {
            Method::Daily(rate) => return Some((*rate, RatePer::Day)),
            Method::ByContract => return None,
            Method::ReferencePlus { series, margin } => {
                Exact::from(reference(rates, series, day)?) + *margin
            }
            Method::ReferenceTimes { series, multiple } => {
                Exact::from(reference(rates, series, day)?) * *multiple
            }
        };
        let rate = rate.figure(10).ok()?;
        Some((rate.max(Figure::ZERO), RatePer::Year))
    }
}

/// The reference rate of a day: that of the last row which began by then, unless its time is over.
fn reference(rates: &[RateRow], series: &str, day: NaiveDate) -> Option<Figure> {
    let known = rates
        .iter()
        .filter(|row| row.series == series && row.from <= day);
    let last = known.max_by_key(|row| row.from)?;
    last.to.is_none_or(|to| day <= to).then_some(last.rate)
}

impl Regime {
    fn series(&self) -> Option<&str> {
        match &self.method {
            Method::ReferencePlus { series, .. } | Method::ReferenceTimes { series, .. } => {
                Some(series)
            }
            Method::Daily(_) | Method::ByContract => None,
        }
    }

    /// The fixed sum that is due once for an invoice of this amount, in the currency of the regime; the amount counts as it
    /// is in that currency.
    pub fn fixed_sum(&self, invoice: Money) -> Option<Money> {
        let reached = self
            .fixed_sums
            .iter()
            .filter(|(from, _)| from.minor() <= invoice.minor());
        reached.map(|(_, sum)| *sum).next_back()
    }

    /// The currency of its fixed sums.
    pub fn fixed_sum_currency(&self) -> Option<Currency> {
        self.fixed_sums.first().map(|(_, sum)| sum.currency())
    }
}

/// The regime that holds for a company of a country where nothing was agreed.
pub fn regime_of_country(regimes: &[Regime], country: Option<Country>) -> Option<&Regime> {
    let country = country?;
    regimes
        .iter()
        .find(|regime| regime.countries.contains(&country))
}

/// The regimes of a catalogue; one that is retired holds no more.
///
/// # Errors
/// With the first item that lacks something.
pub fn read_regimes(catalogue: &Catalogue) -> Result<Vec<Regime>, RegimeFault> {
    let living = catalogue.items.iter().filter(|item| !item.retired);
    living.map(read_regime).collect()
}

/// The reference rates of a catalogue.
///
/// # Errors
/// With the first item that lacks something.
pub fn read_rates(catalogue: &Catalogue) -> Result<Vec<RateRow>, RegimeFault> {
    let living = catalogue.items.iter().filter(|item| !item.retired);
    living
        .map(|item| {
            Ok(RateRow {
                series: text(item, "series")?.to_owned(),
                from: parsed(item, "from")?,
                to: optional(item, "to")?,
                rate: parsed(item, "rate")?,
            })
        })
        .collect()
}

fn read_regime(item: &Item) -> Result<Regime, RegimeFault> {
    let series = || Ok(text(item, "series")?.to_owned());
    let method = match text(item, "method")? {
        "reference_plus" => Method::ReferencePlus {
            series: series()?,
            margin: parsed(item, "margin")?,
        },
        "reference_times" => Method::ReferenceTimes {
            series: series()?,
            multiple: parsed(item, "multiple")?,
        },
        "daily" => Method::Daily(parsed(item, "daily_rate")?),
        "by_contract" => Method::ByContract,
        _ => return Err(fault(item, "method")),
    };
    let basis = match item.attributes.get("basis") {
        None => BASIS,
        Some(Attribute::Count(days)) => u32::try_from(*days)
            .ok()
            .filter(|days| [360, 365].contains(days))
            .ok_or_else(|| fault(item, "basis"))?,
        Some(_) => return Err(fault(item, "basis")),
    };
    Ok(Regime {
        code: item.code.clone(),
        method,
        basis,
        is_fixed: matches!(
            item.attributes.get("rate_is_fixed"),
            Some(Attribute::Flag(true))
        ),
        countries: list(item, "countries")?,
        fixed_sums: fixed_sums(item)?,
        due_from: optional(item, "due_from")?,
    })
}

/// `0 40.00, 1000 70.00`: from nothing on 40.00, from 1,000 on 70.00.
fn fixed_sums(item: &Item) -> Result<Vec<(Money, Money)>, RegimeFault> {
    let Some(Attribute::Text(text)) = item.attributes.get("fixed_sums") else {
        return Ok(Vec::new());
    };
    let currency: Currency = parsed(item, "fixed_sum_currency")?;
    let wrong = || fault(item, "fixed_sums");
    let mut sums: Vec<(Money, Money)> = Vec::new();
    for part in text.as_str().split(", ") {
        let (from, sum) = part.split_once(' ').ok_or_else(wrong)?;
        let money = |text: &str| Money::parse(text, currency).map_err(|_| wrong());
        let one = (money(from)?, money(sum)?);
        if sums
            .last()
            .is_some_and(|(before, _)| before.minor() >= one.0.minor())
        {
            return Err(wrong());
        }
        sums.push(one);
    }
    Ok(sums)
}

fn fault(item: &Item, attribute: &'static str) -> RegimeFault {
    RegimeFault {
        item: item.code.clone(),
        attribute,
    }
}

fn text<'item>(item: &'item Item, attribute: &'static str) -> Result<&'item str, RegimeFault> {
    match item.attributes.get(attribute) {
        Some(Attribute::Text(text)) => Ok(text.as_str()),
        _ => Err(fault(item, attribute)),
    }
}

fn parsed<T: std::str::FromStr>(item: &Item, attribute: &'static str) -> Result<T, RegimeFault> {
    text(item, attribute)?
        .parse()
        .map_err(|_| fault(item, attribute))
}

fn optional<T: std::str::FromStr>(
    item: &Item,
    attribute: &'static str,
) -> Result<Option<T>, RegimeFault> {
    item.attributes
        .get(attribute)
        .map(|_| parsed(item, attribute))
        .transpose()
}

fn list<T: std::str::FromStr>(item: &Item, attribute: &'static str) -> Result<Vec<T>, RegimeFault> {
    if item.attributes.get(attribute).is_none() {
        return Ok(Vec::new());
    }
    text(item, attribute)?
        .split(' ')
        .map(|one| one.parse().map_err(|_| fault(item, attribute)))
        .collect()
}
