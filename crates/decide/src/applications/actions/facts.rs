//! What is known of an application's customer, gathered from the rooms that know it.

use chrono::{Days, Months, NaiveDate};

use crate::book::exchange_rates::actions as rates;
use crate::book::exchange_rates::rules::{Rounding, convert};
use crate::book::exposure::actions::Locked;
use crate::book::exposure::actions::counting::Counting;
use crate::book::exposure::model::AdditionalKind;
use crate::book::exposure::store as exposure;
use crate::book::policy::model::{LimitMethods, PolicyDocument, Validity};
use crate::book::receivables::model::InvoicePart;
use crate::book::receivables::store as receivables;
use crate::decide::applications::model::Application;
use crate::decide::applications::rules::assessment::{
    AccountFact, AssessmentFacts, MissingRate, PaymentsFact, RatingFact, SalesFact, SecurityFact,
    StatementConversion, StatementFact,
};
use crate::decide::terms::actions::first_day;
use crate::platform::db::{Db, DbError, Tx};
use crate::rating::ratings::actions as ratings;
use crate::rating::statements::model::current;
use crate::rating::statements::store as statements;
use kernel::ids::CustomerId;
use kernel::money::{Currency, Money, sum_minor};
use methods::payment_behaviour::{Item, PaidPart, PaymentBehaviour, Window, payment_behaviour};
use methods::statements::Line;

/// Everything that netterms knows; what credit alone knows is for the caller to add.
///
/// # Errors
/// When the database fails.
pub fn gather(
    tx: &mut Tx,
    application: &Application,
    locked: &Locked,
    policy: &PolicyDocument,
) -> Result<AssessmentFacts, DbError> {
    let today = tx.today();
    let (customer, currency) = (application.customer_id, application.currency);
    Ok(AssessmentFacts {
        as_of: today,
        scope: application.scope,
        requested_limit: application.money(application.requested_limit_minor),
        requested_net_days: application.requested_net_days,
        account: account(tx, locked, policy, today)?,
        sales: sales(tx, customer, currency, today)?,
        security: security(tx, locked, today)?,
        rating: rating(tx, customer)?,
        statement: statement(tx, customer, currency, policy.validity, today)?,
        payments: payments(tx, customer, currency, &policy.limit_methods, today)?,
        expected: None,
        means: None,
        economics: None,
    })
}

fn account(
    tx: &mut Tx,
    locked: &Locked,
    policy: &PolicyDocument,
    today: NaiveDate,
) -> Result<AccountFact, DbError> {
    let account = &locked.account;
    let blocks = exposure::list_blocks(tx, &[account.id])?.len();
    let opened = tx.clock().day_of(account.created_at);
    let counted = Counting::read(tx, [account], today)?.counted(account, policy);
    Ok(AccountFact {
        status: account.status,
        blocks: u32::try_from(blocks).unwrap_or(u32::MAX),
        limit: account
            .limit()
            .minor()
            .filter(|minor| *minor > 0)
            .map(|minor| account.money(minor)),
        exposure: counted.ok().map(|minor| account.money(minor)),
        missing_rate: counted.err().map(|(from, to)| MissingRate { from, to }),
        segment: account.segment.as_ref().map(ToString::to_string),
        months: whole_months(opened, today),
    })
}

/// How many months have passed in full between two days.
fn whole_months(from: NaiveDate, to: NaiveDate) -> u32 {
    let years = to.years_since(from).unwrap_or(0);
    let months = (0..12_u32).rev().find(|months| {
        let passed = years.saturating_mul(12).saturating_add(*months);
        let day = from.checked_add_months(Months::new(passed));
        day.is_some_and(|day| day <= to)
    });
    years.saturating_mul(12).saturating_add(months.unwrap_or(0))
}

fn sales(
    db: &mut Db,
    customer: CustomerId,
    currency: Currency,
    today: NaiveDate,
) -> Result<SalesFact, DbError> {
    let from = first_day(today);
    let sold = receivables::list_sales(db, currency, (from, today), Some(customer))?.pop();
    Ok(SalesFact {
        from,
        to: today,
        sales: Money::from_minor(sold.map_or(0, |sold| sold.sales_minor), currency),
        invoices: sold.map_or(0, |sold| sold.invoices),
    })
}

fn security(db: &mut Db, locked: &Locked, today: NaiveDate) -> Result<SecurityFact, DbError> {
    let account = &locked.account;
    let standing = exposure::additional::list_standing(db, &[account.id], today)?;
    let sum = |kind: AdditionalKind| {
        let counted = standing
            .iter()
            .filter(|limit| limit.kind == kind && limit.counts(today, None));
        let minor = sum_minor(counted.map(|limit| limit.amount_minor))?;
        Ok::<_, DbError>((minor > 0).then(|| account.money(minor)))
    };
    Ok(SecurityFact {
        secured: sum(AdditionalKind::Secured)?,
        insured: sum(AdditionalKind::Insured)?,
    })
}

fn rating(db: &mut Db, customer: CustomerId) -> Result<Option<RatingFact>, DbError> {
    let rating = ratings::current(db, &[customer])?.remove(&customer);
    Ok(rating.map(|rating| RatingFact {
        id: rating.id.to_string(),
        grade: rating.grade,
        rated_at: rating.rated_at,
        stale_on: rating.stale_at,
    }))
}

/// The latest financial statement that may still be used: of the periods known today, the last version of the newest. Its
/// lines are what stood on its last day, so that they are converted by the rate of that day; where no rate leads to the
/// application's currency they stay as they are, and no method uses them.
fn statement(
    db: &mut Db,
    customer: CustomerId,
    currency: Currency,
    validity: Validity,
    today: NaiveDate,
) -> Result<Option<StatementFact>, DbError> {
    let since = today.checked_sub_months(Months::new(validity.statement_months));
    let known = statements::list_known(db, &[customer], since.unwrap_or(today), today)?;
    let Some(row) = current(known).into_iter().next() else {
        return Ok(None);
    };
    let statement = row.statement()?;
    let own = statement.currency;
    let conversion = if own == currency {
        None
    } else {
        rates::latest(db, &[own, currency], statement.period_end)?.find(own, currency)
    };
    let converted = |amount: Option<Money>| match &conversion {
        None => amount,
        Some(conversion) => convert(amount?, conversion, Rounding::HalfEven).ok(),
    };
    Ok(Some(StatementFact {
        id: row.id.to_string(),
        period_end: statement.period_end,
        net_assets: converted(statement.net_assets().ok()),
        intangible_assets: converted(statement.line(Line::IntangibleAssets)),
        working_capital: converted(statement.working_capital().ok()),
        cash: converted(statement.line(Line::Cash)),
        receivables: converted(statement.line(Line::Receivables)),
        short_term_debt: converted(statement.line(Line::ShortTermDebt)),
        payables: converted(statement.line(Line::Payables)),
        conversion: conversion.map(|conversion| StatementConversion {
            from: conversion.from,
            to: conversion.to,
            rate: conversion.rate.to_string(),
            rate_date: conversion.rate_date,
            source: conversion.source,
        }),
    }))
}

/// How the customer paid us in the policy's period; nothing when it has shown nothing in it.
fn payments(
    db: &mut Db,
    customer: CustomerId,
    currency: Currency,
    rules: &LimitMethods,
    today: NaiveDate,
) -> Result<Option<PaymentsFact>, DbError> {
    let back = u64::try_from(rules.payment_period_days.saturating_sub(1)).unwrap_or(0);
    let from = today.checked_sub_days(Days::new(back)).unwrap_or(today);
    let parts = receivables::list_invoice_parts(db, customer, currency, from)?;
    let window = Window {
        from,
        to: today,
        tolerance_days: u32::try_from(rules.tolerance_days).unwrap_or(0),
    };
    let behaviour = payment_behaviour(&items(&parts, currency), currency, window)
        .map_err(|error| DbError::Document(error.to_string()))?;
    Ok((behaviour.items > 0).then(|| shown(&behaviour)))
}

/// Invoices from their parts, which come invoice by invoice; one that was credited in full has nothing to be paid.
fn items(parts: &[InvoicePart], currency: Currency) -> Vec<Item> {
    let money = |minor| Money::from_minor(minor, currency);
    parts
        .chunk_by(|one, other| one.id == other.id)
        .filter_map(|parts| {
            let invoice = parts.first().filter(|invoice| invoice.amount_minor > 0)?;
            let paid = parts.iter().filter_map(|part| {
                Some(PaidPart {
                    amount: money(part.paid_minor),
                    on: part.paid_on?,
                })
            });
            Some(Item {
                amount: money(invoice.amount_minor),
                invoice_date: invoice.invoice_date,
                due_date: invoice.due_date,
                paid: paid.collect(),
            })
        })
        .collect()
}

fn shown(behaviour: &PaymentBehaviour) -> PaymentsFact {
    PaymentsFact {
        from: behaviour.window.from,
        to: behaviour.window.to,
        invoices: behaviour.items,
        invoices_late: behaviour.items_late,
        paid: behaviour.paid.amount,
        overdue: behaviour.overdue,
        not_due: behaviour.not_due,
        days_beyond_terms: behaviour.paid_and_overdue.days_beyond_terms,
        share_in_time: behaviour.paid_and_overdue.share_in_time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_count_when_they_have_passed() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let months = |from, to| whole_months(day(from), day(to));
        assert_eq!(months("2025-03-31", "2026-03-30"), 11);
        assert_eq!(months("2025-03-31", "2026-03-31"), 12);
        assert_eq!(months("2026-01-31", "2026-02-28"), 1);
        assert_eq!(months("2026-01-31", "2026-01-31"), 0);
        assert_eq!(months("2020-02-29", "2026-03-01"), 72);
    }
}
