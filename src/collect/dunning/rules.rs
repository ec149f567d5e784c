//! Who is dunned, at which level, and who is left alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::model::{Effect, LeftOut, Level, OpenInvoice, Skipped};
use crate::kernel::ids::{CustomerId, InvoiceId};
use crate::kernel::money::Currency;

/// What stands in the way of dunning today.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    pub customers: BTreeSet<CustomerId>,
    pub invoices: BTreeSet<InvoiceId>,
}

impl Blocks {
    pub fn hold(&self, invoice: &OpenInvoice) -> bool {
        self.customers.contains(&invoice.customer_id) || self.invoices.contains(&invoice.id)
    }
}

/// One notice to be: a customer's invoices in one currency that reach the same level.
#[derive(Debug, Clone)]
pub struct Proposal<'a> {
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub level: &'a Level,
    pub invoices: Vec<&'a OpenInvoice>,
}

impl Proposal<'_> {
    pub fn total_minor(&self) -> i64 {
        total_minor(&self.invoices)
    }
}

/// What a run would do.
#[derive(Debug, Clone, Default)]
pub struct Plan<'a> {
    pub proposals: Vec<Proposal<'a>>,
    pub skipped: Skipped,
}

/// What is open on these invoices, together.
pub fn total_minor(invoices: &[&OpenInvoice]) -> i64 {
    invoices.iter().fold(0, |sum: i64, invoice| {
        sum.saturating_add(invoice.open_minor)
    })
}

/// How many days past due on a day: an invoice due on 31 March is 1 day past due on 1 April.
pub fn days_past_due(due: NaiveDate, as_of: NaiveDate) -> i32 {
    i32::try_from((as_of - due).num_days()).unwrap_or(i32::MAX)
}

/// The level at which an invoice is dunned next, which is always one above its stage: an invoice that is found 60 days
/// past due, and was never dunned, gets the first reminder and no other.
///
/// # Errors
/// Why it is not dunned on that day.
pub fn next_level<'a>(
    invoice: &OpenInvoice,
    blocks: &Blocks,
    levels: &'a [Level],
    as_of: NaiveDate,
) -> Result<&'a Level, LeftOut> {
    if invoice.open_minor <= 0 {
        return Err(LeftOut::NothingOpen);
    }
    if blocks.hold(invoice) {
        return Err(LeftOut::Blocked);
    }
    let next = invoice.stage.unwrap_or(0).saturating_add(1);
    let level = levels
        .iter()
        .find(|level| level.level == next)
        .ok_or(LeftOut::LastLevel)?;
    if days_past_due(invoice.due_date, as_of) < level.days_past_due {
        return Err(LeftOut::DaysNotReached);
    }
    let waited = invoice.last_dunned_on.map(|last| (as_of - last).num_days());
    if waited.is_some_and(|days| days < i64::from(level.minimum_days_between)) {
        return Err(LeftOut::TooSoon);
    }
    Ok(level)
}

/// What a run on this day would do. The minimum amount is compared with all that would be on the notice: one
/// customer's invoices that reach the same level in the same currency.
pub fn plan<'a>(
    invoices: &'a [OpenInvoice],
    blocks: &Blocks,
    levels_for: impl Fn(CustomerId) -> &'a [Level],
    as_of: NaiveDate,
) -> Plan<'a> {
    let mut plan = Plan::default();
    let mut proposals: BTreeMap<(CustomerId, Currency, i32), Proposal<'a>> = BTreeMap::new();
    for invoice in invoices {
        match next_level(invoice, blocks, levels_for(invoice.customer_id), as_of) {
            Ok(level) => proposals
                .entry((invoice.customer_id, invoice.currency, level.level))
                .or_insert_with(|| Proposal {
                    customer_id: invoice.customer_id,
                    currency: invoice.currency,
                    level,
                    invoices: Vec::new(),
                })
                .invoices
                .push(invoice),
            Err(reason) => *plan.skipped.entry(reason).or_default() += 1,
        }
    }
    for proposal in proposals.into_values() {
        if proposal.total_minor() >= proposal.level.minimum_minor(proposal.currency) {
            plan.proposals.push(proposal);
        } else {
            let count = i64::try_from(proposal.invoices.len()).unwrap_or(i64::MAX);
            *plan.skipped.entry(LeftOut::BelowMinimum).or_default() += count;
        }
    }
    plan
}

/// Whether an invoice may still be dunned at the level of a notice that was previewed earlier. Days only grow, and a
/// stage changes only by dunning: so it is enough that something is open, nothing blocks, and the stage is the one
/// that the notice goes out from.
///
/// # Errors
/// Why it is dropped from the notice.
pub fn still_due(invoice: &OpenInvoice, blocks: &Blocks, level: i32) -> Result<(), LeftOut> {
    if invoice.open_minor <= 0 {
        return Err(LeftOut::NothingOpen);
    }
    if blocks.hold(invoice) {
        return Err(LeftOut::Blocked);
    }
    if invoice.stage.unwrap_or(0).saturating_add(1) != level {
        return Err(LeftOut::AlreadyDunned);
    }
    Ok(())
}

/// The one reason for which a whole notice is suppressed.
pub fn common_reason(reasons: impl IntoIterator<Item = LeftOut>) -> LeftOut {
    let reasons: BTreeSet<LeftOut> = reasons.into_iter().collect();
    match (reasons.len(), reasons.first()) {
        (1, Some(reason)) => *reason,
        _ => LeftOut::Several,
    }
}

/// Something in a procedure's levels that does not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error("levels are numbered 1, 2, 3 and so on, in order")]
    Numbering,
    #[error("a level asks for more days past due than the one before")]
    DaysNotAscending,
    #[error("a level that follows one that blocks must block as well")]
    EffectWeaker,
    #[error("a currency has one minimum amount")]
    CurrencyTwice,
}

impl Misfit {
    /// The member of the level that is wrong, and the code.
    pub const fn place(self) -> (&'static str, &'static str) {
        match self {
            Misfit::Numbering => ("level", "numbering"),
            Misfit::DaysNotAscending => ("days_past_due", "not_ascending"),
            Misfit::EffectWeaker => ("effect", "weaker_than_before"),
            Misfit::CurrencyTwice => ("minimum_amounts", "currency_twice"),
        }
    }
}

/// Everything that does not fit, each with the index of its level.
pub fn misfits(levels: &[Level]) -> Vec<(usize, Misfit)> {
    let mut found = Vec::new();
    let mut before: Option<&Level> = None;
    for (index, level) in levels.iter().enumerate() {
        if usize::try_from(level.level) != Ok(index + 1) {
            found.push((index, Misfit::Numbering));
        }
        if before.is_some_and(|before| level.days_past_due <= before.days_past_due) {
            found.push((index, Misfit::DaysNotAscending));
        }
        if before
            .is_some_and(|before| before.effect == Effect::Block && level.effect == Effect::None)
        {
            found.push((index, Misfit::EffectWeaker));
        }
        let currencies: BTreeSet<Currency> = level
            .minimum_amounts
            .iter()
            .map(|amount| amount.money().currency())
            .collect();
        if currencies.len() < level.minimum_amounts.len() {
            found.push((index, Misfit::CurrencyTwice));
        }
        before = Some(level);
    }
    found
}

#[cfg(test)]
mod tests;
