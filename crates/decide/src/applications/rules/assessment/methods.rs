//! The limit methods of the policy, given what is known.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::notes::note;
use super::{AssessmentFacts, AssessmentNote, NoteCode, StatementFact};
use crate::book::policy::model::{LimitMethod, LimitMethods, PolicyDocument};
use crate::decide::applications::rules::limit_methods::{
    LimitReason, NetWorthIn, NetWorthVariant, PaymentAbilityIn, Proposal, SalesForecastIn,
    net_worth, payment_ability, sales_forecast,
};
use kernel::figures::Figure;
use kernel::money::Money;

/// A method with its proposal, or why it has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MethodResult {
    pub method: LimitMethod,
    pub proposal: Option<Proposal>,
    #[schema(max_length = 500)]
    pub why_not: Option<String>,
    /// The same as a code with its facts.
    #[serde(default)]
    pub why: Option<AssessmentNote>,
}

/// What each method of the policy proposes for a term.
pub fn propose(
    facts: &AssessmentFacts,
    policy: &PolicyDocument,
    net_days: i32,
) -> Vec<MethodResult> {
    let rules = &policy.limit_methods;
    let term_days = u32::try_from(net_days).unwrap_or(0);
    let proposed = |method: LimitMethod| match method {
        LimitMethod::SalesForecast => by_sales(facts, rules, term_days),
        LimitMethod::NetWorth => by_net_worth(facts, rules),
        LimitMethod::PaymentAbility => by_payments(facts, rules, term_days),
    };
    let methods = rules.methods.iter().copied();
    methods
        .map(|method| match proposed(method) {
            Ok(proposal) => MethodResult {
                method,
                proposal: Some(proposal),
                why_not: None,
                why: None,
            },
            Err(why) => MethodResult {
                method,
                proposal: None,
                why_not: Some(why.message.clone()),
                why: Some(why),
            },
        })
        .collect()
}

/// Whether some method says that the grade has no limit.
pub fn grade_has_no_limit(methods: &[MethodResult]) -> bool {
    let proposals = methods.iter().filter_map(|method| method.proposal.as_ref());
    proposals
        .flat_map(|proposal| &proposal.reasons)
        .any(|reason| *reason == LimitReason::GradeHasNoLimit)
}

fn by_sales(
    facts: &AssessmentFacts,
    rules: &LimitMethods,
    term_days: u32,
) -> Result<Proposal, AssessmentNote> {
    let grade_factor = factor(facts, rules)?;
    let (yearly_need, our_share) = match &facts.expected {
        Some(expected) => (expected.yearly_need, expected.our_share),
        None if facts.sales.sales.is_positive() => (facts.sales.sales, Figure::ONE),
        None => {
            return Err(note(NoteCode::LacksPurchases, []));
        }
    };
    sales_forecast(&SalesForecastIn {
        yearly_need,
        our_share,
        term_days,
        buffer_days: u32::try_from(rules.buffer_days).unwrap_or(0),
        grade_factor,
    })
    .map_err(|error| not_computable(&error))
}

fn by_net_worth(facts: &AssessmentFacts, rules: &LimitMethods) -> Result<Proposal, AssessmentNote> {
    let grade_factor = factor(facts, rules)?;
    let statement = statement(facts)?;
    let net_assets = line(facts, statement.net_assets, "net assets")?;
    // A statement that has no intangible assets does not name them.
    let intangible_and_doubtful = statement
        .intangible_assets
        .unwrap_or_else(|| Money::zero(net_assets.currency()));
    net_worth(&NetWorthIn {
        net_assets,
        intangible_and_doubtful,
        working_capital: line(facts, statement.working_capital, "working capital")?,
        share: rules.net_worth_share,
        grade_factor,
        variant: NetWorthVariant::CappedByWorkingCapital {
            working_capital_share: rules.working_capital_share,
        },
    })
    .map_err(|error| not_computable(&error))
}

/// By the customer's record with us; without one, by its statement.
fn by_payments(
    facts: &AssessmentFacts,
    rules: &LimitMethods,
    term_days: u32,
) -> Result<Proposal, AssessmentNote> {
    let input = match (&facts.payments, &facts.means) {
        (Some(payments), _) => PaymentAbilityIn::History {
            paid: payments.paid,
            period_days: u32::try_from(rules.payment_period_days).unwrap_or(0),
            term_days,
            timeliness: payments.share_in_time.unwrap_or(Figure::ZERO),
        },
        (None, None) => {
            return Err(note(NoteCode::LacksPayments, []));
        }
        (None, Some(means)) => {
            let statement = statement(facts)?;
            let debts = line(facts, statement.short_term_debt, "short-term debt")?;
            let payables = line(facts, statement.payables, "payables")?;
            PaymentAbilityIn::NoHistory {
                cash: line(facts, statement.cash, "cash")?,
                collectable_receivables: line(facts, statement.receivables, "receivables")?,
                undrawn_lines: means.undrawn_lines,
                debts_due: debts
                    .checked_add(payables)
                    .map_err(|error| not_computable(&error))?,
                major_suppliers: means.major_suppliers,
            }
        }
    };
    payment_ability(&input).map_err(|error| not_computable(&error))
}

fn factor(facts: &AssessmentFacts, rules: &LimitMethods) -> Result<Figure, AssessmentNote> {
    let rating = facts
        .rating
        .as_ref()
        .ok_or_else(|| note(NoteCode::LacksRating, []))?;
    let factor = rules.factor(&rating.grade);
    factor.ok_or_else(|| note(NoteCode::NoFactor, [("grade", &rating.grade)]))
}

fn statement(facts: &AssessmentFacts) -> Result<&StatementFact, AssessmentNote> {
    let statement = facts.statement.as_ref();
    statement.ok_or_else(|| note(NoteCode::LacksStatement, []))
}

/// A line of the statement, in the currency of the application: nothing is converted silently.
fn line(
    facts: &AssessmentFacts,
    line: Option<Money>,
    name: &'static str,
) -> Result<Money, AssessmentNote> {
    let amount = line.ok_or_else(|| note(NoteCode::LacksLine, [("line", &name)]))?;
    let (given, needed) = (amount.currency(), facts.requested_limit.currency());
    if given == needed {
        return Ok(amount);
    }
    let on = statement(facts)?.period_end;
    let facts: [(&'static str, &dyn Display); 3] = [("from", &given), ("to", &needed), ("on", &on)];
    Err(note(NoteCode::StatementCurrency, facts))
}

fn not_computable(error: &dyn Display) -> AssessmentNote {
    note(NoteCode::NotComputable, [("error", error)])
}
