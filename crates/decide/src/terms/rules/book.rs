//! The terms of a policy over our own book: what was sold to each grade, as if it had been sold on these terms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{PayingGroup, TermsError, TermsYear, share};
use crate::book::policy::model::{PolicyDocument, TermsRow};
use crate::decide::terms::model::{BadDebt, YearDays};
use kernel::figures::{Exact, Figure};
use kernel::money::Money;

/// What was sold on account to the customers of one grade in one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSales {
    /// None for those that are not rated.
    pub grade: Option<String>,
    pub segment: Option<String>,
    pub customers: u32,
    pub credit_sales: Money,
}

/// What nobody can read from the ledger, and the comparison therefore takes as given. Sales are taken to stay as they
/// are, whatever the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumptions {
    /// Variable cost of sales, from 0 to 1.
    pub variable_cost_share: Figure,
    /// What capital costs a year.
    pub capital_cost: Figure,
    /// How much of what could be paid early with a discount is, from 0 to 1.
    pub discount_taken_share: Figure,
    /// How many days after the due date the rest is paid.
    pub days_late: u32,
    /// What is lost of sales on account in a grade; in a grade that is not named, `bad_debt_share`.
    pub bad_debt_by_grade: Vec<BadDebt>,
    pub bad_debt_share: Figure,
    /// What collecting costs, of sales, from 0 to 1.
    pub collection_cost_share: Figure,
    pub year_days: YearDays,
}

/// A part of the book under both policies.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub grade: String,
    pub segment: Option<String>,
    pub customers: u32,
    pub terms_before: TermsRow,
    pub terms_after: TermsRow,
    pub before: TermsYear,
    pub after: TermsYear,
}

/// A part of the book of which nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub sales: PartSales,
    pub reason: LeftOutReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// The customers are not rated.
    NotRated,
    /// One of the policies has no terms for the grade.
    NoTerms,
    /// More was credited than sold.
    NoSales,
}

/// Each part of the book under two policies, and what had to be left out: both see the same sales, so that they can be
/// compared.
///
/// Who prepays a share pays it on day 0 and it can't be lost. Of the rest, the share that takes the discount pays on its
/// last day, and what remains pays `days_late` after the longest term.
///
/// # Errors
/// What is wrong with which assumption.
pub fn parts(
    sales: &[PartSales],
    before: &PolicyDocument,
    after: &PolicyDocument,
    assumptions: &Assumptions,
) -> Result<(Vec<Part>, Vec<LeftOut>), TermsError> {
    check(assumptions)?;
    let lost: BTreeMap<&str, Figure> = assumptions
        .bad_debt_by_grade
        .iter()
        .map(|row| (row.grade.as_str(), row.share))
        .collect();
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for part in sales {
        let segment = part.segment.as_deref();
        let rows = part.grade.as_deref().map(|grade| {
            let lost = lost
                .get(grade)
                .copied()
                .unwrap_or(assumptions.bad_debt_share);
            (
                grade,
                lost,
                before.terms_of(grade, segment),
                after.terms_of(grade, segment),
            )
        });
        match rows {
            Some((grade, lost, Some(row_before), Some(row_after)))
                if !part.credit_sales.is_negative() =>
            {
                found.push(Part {
                    grade: grade.to_owned(),
                    segment: part.segment.clone(),
                    customers: part.customers,
                    before: year(part.credit_sales, row_before, lost, assumptions)?,
                    after: year(part.credit_sales, row_after, lost, assumptions)?,
                    terms_before: row_before.clone(),
                    terms_after: row_after.clone(),
                });
            }
            rows => left_out.push(LeftOut {
                sales: part.clone(),
                reason: match rows {
                    None => LeftOutReason::NotRated,
                    Some((_, _, Some(_), Some(_))) => LeftOutReason::NoSales,
                    Some(_) => LeftOutReason::NoTerms,
                },
            }),
        }
    }
    Ok((found, left_out))
}

fn check(assumptions: &Assumptions) -> Result<(), TermsError> {
    share("discount_taken_share", assumptions.discount_taken_share)?;
    share("collection_cost_share", assumptions.collection_cost_share)?;
    share("bad_debt_share", assumptions.bad_debt_share)?;
    for row in &assumptions.bad_debt_by_grade {
        share("bad_debt_by_grade", row.share)?;
    }
    Ok(())
}

/// A year of selling to a grade on its terms.
fn year(
    credit_sales: Money,
    row: &TermsRow,
    bad_debt: Figure,
    assumptions: &Assumptions,
) -> Result<TermsYear, TermsError> {
    let group = |share: Exact, pays_on_day: u32, discount_rate: Figure| {
        Ok::<PayingGroup, TermsError>(PayingGroup {
            share: share.figure(10)?,
            pays_on_day,
            discount_rate,
        })
    };
    let prepaid = group(row.prepaid_share.into(), 0, Figure::ZERO)?;
    let on_account = Exact::ONE - prepaid.share;
    let early = match row.discount {
        Some(discount) => {
            let share = on_account * assumptions.discount_taken_share;
            Some(group(share, discount.days, discount.rate)?)
        }
        None => None,
    };
    let early_share = early.map_or(Figure::ZERO, |early| early.share);
    let net_days = u32::try_from(row.net_days_max).unwrap_or(0);
    let due = net_days.saturating_add(assumptions.days_late);
    let late = group(on_account - early_share, due, Figure::ZERO)?;
    let groups = [Some(prepaid), early, Some(late)];
    let collection = Exact::from(credit_sales) * assumptions.collection_cost_share;
    Ok(TermsYear {
        credit_sales,
        groups: groups
            .into_iter()
            .flatten()
            .filter(|group| group.share != Figure::ZERO)
            .collect(),
        variable_cost_share: assumptions.variable_cost_share,
        capital_cost: assumptions.capital_cost,
        bad_debt_share: (on_account * bad_debt).figure(10)?,
        collection_cost: collection.money(credit_sales.currency())?,
        year_days: assumptions.year_days,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{compare_terms, year_on_terms};
    use super::*;
    use crate::book::policy::rules::plain_document;

    fn cny(units: i64) -> Money {
        Money::from_minor(units * 100, "CNY".parse().unwrap())
    }

    fn sold(grade: Option<&str>, units: i64) -> PartSales {
        PartSales {
            grade: grade.map(str::to_owned),
            segment: None,
            customers: 1,
            credit_sales: cny(units),
        }
    }

    fn assuming() -> Assumptions {
        Assumptions {
            variable_cost_share: Figure::new(75, 2),
            capital_cost: Figure::new(8, 2),
            discount_taken_share: Figure::new(40, 2),
            days_late: 5,
            bad_debt_by_grade: vec![BadDebt {
                grade: "B".parse().unwrap(),
                share: Figure::new(2, 2),
            }],
            bad_debt_share: Figure::new(5, 3),
            collection_cost_share: Figure::ZERO,
            year_days: YearDays::D365,
        }
    }

    #[test]
    fn who_prepays_half_pays_it_at_once_and_can_not_lose_it() {
        let policy = plain_document();
        let sales = [sold(Some("B"), 1_000)];
        let (parts, left_out) = parts(&sales, &policy, &policy, &assuming()).unwrap();
        assert_eq!(left_out, []);
        let groups = &parts[0].before.groups;
        let days: Vec<u32> = groups.iter().map(|group| group.pays_on_day).collect();
        assert_eq!(days, [0, 35]);
        assert_eq!(parts[0].before.bad_debt_share, Figure::new(1, 2));
        let found = year_on_terms(&parts[0].before).unwrap();
        assert_eq!(found.average_collection_days, Figure::new(175, 1));
        assert_eq!(found.bad_debt, cny(10));
    }

    #[test]
    fn a_longer_term_costs_the_capital_that_it_ties_up() {
        let before = plain_document();
        let mut after = plain_document();
        after.terms[4].net_days_max = 103;
        let sales = [sold(Some("BB"), 365_000), sold(None, 5), sold(Some("D"), 7)];
        let (parts, left_out) = parts(&sales, &before, &after, &assuming()).unwrap();
        let reasons: Vec<LeftOutReason> = left_out.iter().map(|part| part.reason).collect();
        assert_eq!(reasons, [LeftOutReason::NotRated, LeftOutReason::NoTerms]);
        let years =
            |year: fn(&Part) -> &TermsYear| parts.iter().map(year).cloned().collect::<Vec<_>>();
        let found = compare_terms(&years(|part| &part.before), &years(|part| &part.after)).unwrap();
        // 73 days more of 1,000 a day, three quarters of it cost, at 8%.
        assert_eq!(found.change.funds_tied_up, cny(54_750));
        assert_eq!(found.change.opportunity_cost, cny(4_380));
        assert_eq!(
            found.change.profit,
            Money::from_minor(-438_000, "CNY".parse().unwrap())
        );
    }
}
