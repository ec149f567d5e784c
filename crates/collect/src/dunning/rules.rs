//! Who is dunned, at which level, and who is left alone.

mod cases;
mod reference;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, Months, NaiveDate};

use super::model::{
    BlockScope, Effect, Held, LeftOut, Level, LevelApproval, OpenInvoice, ProcedureVersion,
    RunScope, Schedule, Skipped, Timing,
};
use crate::book::customers::model::LegalStatus;
use crate::book::exposure::model::BalanceKey;
use crate::book::policy::model::PolicyDocument;
use crate::book::policy::rules::Nonsense;
use crate::collect::dunning::model::Blocks;
use kernel::ids::DunningProcedureId;
use kernel::ids::{CustomerId, ItemId, LegalEntityId};
use kernel::money::Currency;

pub use cases::{after_notice, due_anew, followed, opened, reopened};
pub use reference::payment_reference;

/// How many of these customers are worked on at once: as long as their lines together are no more than `most`, and one
/// at least.
///
/// Of customers with 60, 30 and 20 lines and 100 at most: two.
pub fn slice<K>(customers: &[(K, i64)], most: i64) -> usize {
    let mut lines = 0_i64;
    let fit = customers.iter().take_while(|(_, count)| {
        lines = lines.saturating_add(*count);
        lines <= most
    });
    fit.count().max(1).min(customers.len())
}

/// Why nobody asks a customer of this legal status for money: proceedings are for all creditors together.
pub const fn by_law(status: LegalStatus) -> Option<LeftOut> {
    match status {
        LegalStatus::Insolvent => Some(LeftOut::Insolvent),
        LegalStatus::Dissolved => Some(LeftOut::Dissolved),
        LegalStatus::None | LegalStatus::Sued | LegalStatus::Judgment => None,
    }
}

/// What of each overdue invoice is covered by money and credit of its customer that are not applied yet, and are of the
/// same company and in the same currency.
#[derive(Debug, Clone, Default)]
pub struct Cover(BTreeMap<ItemId, i64>);

impl Cover {
    /// Spreads what is unapplied over what is overdue on a day, the oldest due first. An invoice that is kept from dunning
    /// by a block of its own, as for a dispute, is passed over: the money is for what the customer does not dispute.
    ///
    /// 150 unapplied, 100 due in January and 100 in February: the first is covered, and 50 of the second.
    pub fn spread(
        invoices: &[OpenInvoice],
        blocks: &Blocks,
        unapplied: impl Fn(CustomerId, BalanceKey) -> i64,
        as_of: NaiveDate,
    ) -> Cover {
        let mut overdue: Vec<&OpenInvoice> = invoices
            .iter()
            .filter(|invoice| invoice.open_minor > 0 && invoice.due_date < as_of)
            .filter(|invoice| !blocks.is_set_aside(invoice))
            .collect();
        overdue.sort_by_key(|invoice| (invoice.customer_id, invoice.due_date, invoice.id));
        let mut left: BTreeMap<(CustomerId, BalanceKey), i64> = BTreeMap::new();
        let mut covered = BTreeMap::new();
        for invoice in overdue {
            let (customer, key) = (invoice.customer_id, invoice.key());
            let left = left
                .entry((customer, key))
                .or_insert_with(|| unapplied(customer, key).max(0));
            let taken = invoice.open_minor.min(*left);
            *left -= taken;
            if taken > 0 {
                covered.insert(invoice.id, taken);
            }
        }
        Cover(covered)
    }

    /// What of an invoice is covered.
    pub fn of(&self, invoice: &OpenInvoice) -> i64 {
        self.0.get(&invoice.id).copied().unwrap_or_default()
    }

    /// Whether nothing of it is left to ask for.
    pub fn is_whole(&self, invoice: &OpenInvoice) -> bool {
        self.of(invoice) >= invoice.open_minor
    }

    /// What is covered of several together.
    pub fn of_all(&self, invoices: &[&OpenInvoice]) -> i64 {
        invoices
            .iter()
            .fold(0, |sum: i64, invoice| sum.saturating_add(self.of(invoice)))
    }
}

/// One notice to be: a customer's invoices of one company in one currency that reach the same level.
#[derive(Debug, Clone)]
pub struct Proposal<'a> {
    pub customer_id: CustomerId,
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    pub level: &'a Level,
    pub invoices: Vec<&'a OpenInvoice>,
    /// What of them is covered.
    pub unapplied_minor: i64,
}

impl Proposal<'_> {
    /// What is asked for.
    pub fn total_minor(&self) -> i64 {
        total_minor(&self.invoices).saturating_sub(self.unapplied_minor)
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

/// From which day a level counts its days.
///
/// Due on 10 March and last dunned on 2 April: from 10 March, from the month's end on 31 March, or from 2 April.
pub fn counted_from(timing: Timing, invoice: &OpenInvoice) -> NaiveDate {
    let due = invoice.due_date;
    match timing {
        Timing::DueDate => due,
        Timing::MonthEnd => {
            let next = due
                .with_day(1)
                .and_then(|first| first.checked_add_months(Months::new(1)));
            next.and_then(|next| next.pred_opt()).unwrap_or(due)
        }
        Timing::LastNotice => invoice.last_dunned_on.unwrap_or(due),
    }
}

/// The schedule that a version says, when another person approved it: one person alone sends no letters unattended.
pub fn approved_schedule(
    version: &ProcedureVersion,
    schedule: Option<Schedule>,
) -> Option<Schedule> {
    schedule.filter(|_| version.approver.is_some())
}

/// Whether a scheduled run sends a level by itself.
///
/// # Errors
/// Why it does not: no schedule of the procedure is for today, a person must see the level, or what is known of payments
/// is too old.
pub fn goes_alone(
    level: &Level,
    schedule: Option<&Schedule>,
    known_to: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<(), LeftOut> {
    let schedule = schedule.filter(|schedule| schedule.is_due(today));
    let schedule = schedule.ok_or(LeftOut::NotScheduled)?;
    if level.approval == LevelApproval::SecondPerson {
        return Err(LeftOut::NeedsApproval);
    }
    let known_to = known_to.filter(|day| *day <= today);
    if !schedule.is_fresh(known_to, today) {
        return Err(LeftOut::FeedStale);
    }
    Ok(())
}

/// Why a run of this scope does not propose what [`goes_alone`] says so of; none where it does.
pub fn out_of_scope(scope: RunScope, alone: Result<(), LeftOut>) -> Option<LeftOut> {
    match (scope, alone) {
        (RunScope::All, _)
        | (RunScope::Unattended, Ok(()))
        | (RunScope::Attended, Ok(()) | Err(LeftOut::NeedsApproval | LeftOut::FeedStale)) => None,
        (RunScope::Unattended | RunScope::Attended, Err(reason)) => Some(reason),
    }
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
    if let Some(reason) = blocks.refusal(invoice) {
        return Err(reason);
    }
    let next = invoice.stage.unwrap_or(0).saturating_add(1);
    let level = levels
        .iter()
        .find(|level| level.level == next)
        .ok_or(LeftOut::LastLevel)?;
    if days_past_due(counted_from(level.timing, invoice), as_of) < level.days_past_due {
        return Err(LeftOut::DaysNotReached);
    }
    let waited = invoice.last_dunned_on.map(|last| (as_of - last).num_days());
    if waited.is_some_and(|days| days < i64::from(level.minimum_days_between)) {
        return Err(LeftOut::TooSoon);
    }
    Ok(level)
}

/// What a run on this day would do. The minimum amount is compared with all that would be asked for on the notice: one
/// customer's invoices of the same company that reach the same level in the same currency, less what of them is covered.
pub fn plan<'a>(
    invoices: &'a [OpenInvoice],
    blocks: &Blocks,
    cover: &Cover,
    levels_for: impl Fn(CustomerId, LegalEntityId) -> &'a [Level],
    as_of: NaiveDate,
) -> Plan<'a> {
    let mut plan = Plan::default();
    let mut proposals: BTreeMap<(CustomerId, BalanceKey, i32), Proposal<'a>> = BTreeMap::new();
    for invoice in invoices {
        let levels = levels_for(invoice.customer_id, invoice.legal_entity_id);
        let next = next_level(invoice, blocks, levels, as_of);
        match next.and_then(|level| {
            if cover.is_whole(invoice) {
                Err(LeftOut::Covered)
            } else {
                Ok(level)
            }
        }) {
            Ok(level) => {
                let proposal = proposals
                    .entry((invoice.customer_id, invoice.key(), level.level))
                    .or_insert_with(|| Proposal {
                        customer_id: invoice.customer_id,
                        legal_entity_id: invoice.legal_entity_id,
                        currency: invoice.currency,
                        level,
                        invoices: Vec::new(),
                        unapplied_minor: 0,
                    });
                proposal.unapplied_minor += cover.of(invoice);
                proposal.invoices.push(invoice);
            }
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
/// stage changes only by dunning: so it is enough that something is open and not covered, nothing blocks, and the stage
/// is the one that the notice goes out from.
///
/// # Errors
/// Why it is dropped from the notice.
pub fn still_due(
    invoice: &OpenInvoice,
    blocks: &Blocks,
    cover: &Cover,
    level: i32,
) -> Result<(), LeftOut> {
    if invoice.open_minor <= 0 {
        return Err(LeftOut::NothingOpen);
    }
    if let Some(reason) = blocks.refusal(invoice) {
        return Err(reason);
    }
    if cover.is_whole(invoice) {
        return Err(LeftOut::Covered);
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

/// What dunning closes of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closures {
    /// The level for which the whole account is closed; none when it is open.
    pub account: Option<i32>,
    /// The companies for whose orders it is closed, with the level.
    pub entities: BTreeMap<LegalEntityId, i32>,
}

/// What dunning closes of an account: the whole of it where a procedure says so, or where the account owes the first
/// company alone; else what the companies sell that are owed.
///
/// Level 3 of the German company blocks: of an account that also owes the Chinese one, orders of the German one alone.
pub fn closures<'a>(held: impl IntoIterator<Item = &'a Held>, owes_others: bool) -> Closures {
    let mut closures = Closures::default();
    for one in held {
        if one.block_scope == BlockScope::Account || !owes_others {
            closures.account = closures.account.max(Some(one.level));
        } else {
            let level = closures.entities.entry(one.legal_entity_id).or_default();
            *level = one.level.max(*level);
        }
    }
    closures
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
        // Days since the last notice are others than days since it was due.
        let climbs =
            |before: &Level| before.timing == level.timing && level.timing != Timing::LastNotice;
        if before
            .is_some_and(|before| climbs(before) && level.days_past_due <= before.days_past_due)
        {
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

/// The rows that name a dunning procedure which is not there.
pub fn unknown_procedures(policy: &PolicyDocument, there: &[DunningProcedureId]) -> Vec<Nonsense> {
    let rows = policy.terms.iter().enumerate();
    rows.filter(|(_, row)| {
        row.dunning_procedure_id
            .is_some_and(|id| !there.contains(&id))
    })
    .map(|(index, _)| Nonsense {
        pointer: format!("/terms/{index}/dunning_procedure_id"),
        code: "unknown",
        message: "there is no such dunning procedure".to_owned(),
    })
    .collect()
}

#[cfg(test)]
mod tests;
