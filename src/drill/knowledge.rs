//! What netterms knows of its customers, and what bounds them all: exchange rates, statements, ratings, caps.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use super::book::Figures;
use super::cast::{Character, Member, text};
use super::ledger::plus;
use super::staff::{SALES, Staff};
use crate::book::customers::model::CustomerRef;
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::model::NewRate;
use crate::book::exposure::actions::caps;
use crate::book::exposure::model::PortfolioKind;
use crate::platform::db::Database;
use crate::platform::http::Problem;
use crate::rating::ratings::actions as ratings;
use crate::rating::statements::actions as statements;
use crate::rating::statements::model::{Audit, NewStatement, StatementKind};
use kernel::money::Money;
use methods::statements::{Line, Statement};

/// Rates of the first day of each of the last months: what one of the base currency costs.
const RATES: [(&str, &str, [&str; 3]); 2] = [
    ("EUR", "CNY", ["7.78", "7.81", "7.8"]),
    ("USD", "CNY", ["7.24", "7.26", "7.25"]),
];

/// How many customers are rated in one unit of work.
const CHUNK: usize = 25;

/// Gathers what is known by today: rates, a statement of most customers, a rating of all, and caps above the whole book,
/// one country and one salesperson.
pub fn gather(
    database: &Database,
    staff: &Staff,
    cast: &[Member],
    figures: &mut Figures,
) -> Result<(), Problem> {
    let today = database.clock().today();
    figures.exchange_rates = set_rates(database, staff, today)?;
    figures.portfolio_caps = set_caps(database, staff)?;
    for chunk in cast.chunks(CHUNK) {
        let known = chunk.iter().filter(|one| one.character != Character::Bad);
        let new: Vec<(CustomerRef, NewStatement)> = known
            .map(|member| Ok((CustomerRef::Id(member.id), statement(member, today)?)))
            .collect::<Result<_, Problem>>()?;
        database.write(&staff.analyst, |tx| {
            for (customer, statement) in &new {
                statements::enter(tx, customer, statement)?;
            }
            for member in chunk {
                ratings::rate(tx, &CustomerRef::Id(member.id))?;
            }
            Ok::<(), Problem>(())
        })?;
        figures.statements += new.len();
        figures.ratings += chunk.len();
    }
    Ok(())
}

fn set_rates(database: &Database, staff: &Staff, today: NaiveDate) -> Result<usize, Problem> {
    let mut new = Vec::new();
    for (base, quote, rates) in RATES {
        for (back, rate) in (0..).zip(rates) {
            new.push(NewRate {
                base_currency: text(base)?,
                quote_currency: text(quote)?,
                rate: text(rate)?,
                rate_date: plus(today, -30 * back),
                source: text("Treasury's monthly fixing")?,
            });
        }
    }
    database.write(&staff.accountant, |tx| {
        for rate in &new {
            exchange_rates::set(tx, rate)?;
        }
        Ok::<(), Problem>(())
    })?;
    Ok(new.len())
}

/// Caps that leave room: they bound what comes next, and refuse nothing of what the book has.
fn set_caps(database: &Database, staff: &Staff) -> Result<usize, Problem> {
    let [first, ..] = SALES;
    let caps = [
        (PortfolioKind::Company, "", 500_000_000_000),
        (PortfolioKind::Country, "DE", 80_000_000_000),
        (PortfolioKind::Salesperson, first, 200_000_000_000),
    ];
    let currency = text("CNY")?;
    database.write(&staff.head_of_finance, |tx| {
        for (kind, key, minor) in caps {
            let limit = Money::from_minor(minor, currency);
            caps::create(tx, kind, key, limit, "Set by the board for the year.")?;
        }
        Ok::<(), Problem>(())
    })?;
    Ok(caps.len())
}

/// The last yearly statement that was due by today, in proportion to what the customer buys; who pays late has less
/// behind it.
fn statement(member: &Member, today: NaiveDate) -> Result<NewStatement, Problem> {
    let year = today.year() - if today.month() >= 6 { 1 } else { 2 };
    let period_end = NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(today);
    let sales = member.limit_minor.max(1_000_000) * 10;
    let equity_percent = match member.character {
        Character::Prompt => 45,
        Character::InParts => 30,
        Character::Late(_) | Character::Bad => 18,
    };
    let share = |percent: i64| Money::from_minor(sales / 100 * percent, member.currency);
    let lines = BTreeMap::from([
        (Line::CurrentAssets, share(50)),
        (Line::TotalAssets, share(80)),
        (Line::CurrentLiabilities, share(80 - equity_percent - 10)),
        (Line::TotalLiabilities, share(80 - equity_percent)),
        (Line::RetainedEarnings, share(equity_percent / 2)),
        (Line::TotalEquity, share(equity_percent)),
        (Line::Sales, share(100)),
        (Line::Ebit, share(equity_percent / 5)),
    ]);
    Ok(NewStatement {
        kind: StatementKind::Annual,
        audit: Audit::Audited,
        source: text("The customer")?,
        received_on: plus(period_end, 120),
        statement: Statement {
            period_end,
            months: 12,
            currency: member.currency,
            lines,
        },
        correction: None,
    })
}
