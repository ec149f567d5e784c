//! Whether payment terms and calendars make sense.

use std::collections::BTreeSet;

use crate::book::payment_terms::model::{Calendar, DayRule, InstalmentRule, Shift, Terms};
use kernel::figures::{Exact, Figure};
use methods::faults::Fault;

/// What is wrong with terms, each with its place.
pub fn faults(terms: &Terms) -> Vec<Fault> {
    let mut found = Vec::new();
    for (index, rule) in terms.instalments.iter().enumerate() {
        let at = format!("/instalments/{index}");
        instalment_faults(rule, &at, &mut found);
        if rule.due.is_none() && terms.instalments.len() > 1 {
            found.push(Fault::new(
                format!("{at}/due"),
                "missing",
                "can only be left to the document where there is one instalment",
            ));
        }
    }
    whole_faults(&terms.instalments, &mut found);
    if terms.shift != Shift::None && terms.calendar.is_none() {
        found.push(Fault::new(
            "/calendar",
            "missing",
            "must be given where a day shifts",
        ));
    }
    found
}

fn instalment_faults(rule: &InstalmentRule, at: &str, found: &mut Vec<Fault>) {
    if rule.share.is_some() && rule.amount.is_some() {
        found.push(Fault::new(
            at,
            "exclusive",
            "must be a share or an amount, not both",
        ));
    }
    let is_part = |share: Figure| share.is_share() && share != Figure::ZERO;
    if rule.share.is_some_and(|share| !is_part(share)) {
        found.push(Fault::new(
            format!("{at}/share"),
            "out_of_range",
            "must be more than 0 and at most 1",
        ));
    }
    if let Some(due) = &rule.due {
        day_faults(due, &format!("{at}/due"), found);
    }
    let mut before: Option<Figure> = None;
    for (index, discount) in rule.discounts.iter().enumerate() {
        let at = format!("{at}/discounts/{index}");
        day_faults(&discount.until, &format!("{at}/until"), found);
        if !is_part(discount.rate) || discount.rate == Figure::ONE {
            found.push(Fault::new(
                format!("{at}/rate"),
                "out_of_range",
                "must be more than 0 and less than 1",
            ));
        }
        if before.is_some_and(|before| before.value() <= discount.rate.value()) {
            found.push(Fault::new(
                format!("{at}/rate"),
                "not_descending",
                "must be lower than that of the discount before",
            ));
        }
        before = Some(discount.rate);
    }
}

fn day_faults(rule: &DayRule, at: &str, found: &mut Vec<Fault>) {
    if !rule.month_end && (rule.months > 0 || rule.days_after_month_end > 0) {
        found.push(Fault::new(
            format!("{at}/month_end"),
            "missing",
            "must be true where months or days after the end of a month are counted",
        ));
    }
}

/// The parts must make up the whole: there is one rest, or the shares alone add up to 1.
fn whole_faults(rules: &[InstalmentRule], found: &mut Vec<Fault>) {
    let is_rest = |rule: &&InstalmentRule| rule.share.is_none() && rule.amount.is_none();
    let rests = rules.iter().filter(is_rest).count();
    let has_amounts = rules.iter().any(|rule| rule.amount.is_some());
    let shares = Exact::sum(rules.iter().filter_map(|rule| rule.share));
    let whole = Figure::ONE.value();
    let is_whole = match (rests, shares.value()) {
        (0, Ok(sum)) => !has_amounts && sum == whole,
        (1, Ok(sum)) => sum < whole,
        _ => false,
    };
    if !is_whole {
        found.push(Fault::new(
            "/instalments",
            "not_whole",
            "must make up the whole: shares that add up to 1, or one instalment without share and amount for the rest",
        ));
    }
    let currencies: BTreeSet<_> = rules
        .iter()
        .filter_map(|rule| rule.amount.map(|amount| amount.money().currency()))
        .collect();
    if currencies.len() > 1 {
        found.push(Fault::new(
            "/instalments",
            "several_currencies",
            "must have amounts in one currency",
        ));
    }
}

/// What is wrong with a calendar, each with its place.
pub fn calendar_faults(calendar: &Calendar) -> Vec<Fault> {
    let mut found = Vec::new();
    let weekend: BTreeSet<_> = calendar.weekend.iter().collect();
    if weekend.len() >= 7 {
        found.push(Fault::new(
            "/weekend",
            "out_of_range",
            "must leave a day of the week that is worked",
        ));
    }
    let mut seen = BTreeSet::new();
    for (index, special) in calendar.days.iter().enumerate() {
        if !seen.insert(special.day) {
            found.push(Fault::new(
                format!("/days/{index}/day"),
                "repeated",
                "is named twice",
            ));
        }
    }
    found
}
