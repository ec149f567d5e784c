//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{
    BlockScope, BlockStatus, CaseStatus, Closing, Escalation, Level, LineDecision, NoticeStatus,
    ProcedureStatus, RunStatus, Schedule,
};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::receivables::model::InvoiceRef;
use kernel::clock::Day;
use kernel::ids::{DunningNoticeId, DunningProcedureId, DunningRunId, InvoiceId, ItemId};
use kernel::money::Currency;
use kernel::text::{Line, Note, Number};

/// A dunning block, on a customer or on one invoice.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = one_target))]
#[schema(as = DunningBlockIn, example = json!({
    "customer": "C-1001", "reason": "The delivery of 12 March is being inspected.", "until": "2026-04-15"
}))]
pub struct BlockIn {
    /// All invoices of this customer.
    pub customer: Option<CustomerRef>,
    /// This invoice alone, by id or number.
    #[schema(value_type = Option<Number>)]
    pub invoice: Option<InvoiceRef>,
    pub reason: Note,
    /// The last day on which it holds.
    pub until: Day,
}

fn one_target(block: &BlockIn) -> Result<(), ValidationError> {
    if block.customer.is_some() == block.invoice.is_some() {
        return Err(ValidationError::new("one_target")
            .with_message("name either a customer or an invoice".into()));
    }
    Ok(())
}

/// Which blocks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BlockFilter {
    /// Blocks on these customers and on their invoices.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Blocks on these invoices.
    #[serde(default)]
    #[param(max_items = 100)]
    pub invoice_id: Vec<InvoiceId>,
    pub status: Option<BlockStatus>,
}

/// The highest level that a procedure may have.
const LEVEL_MAX: i32 = 10;

/// A dunning level in a query: within the bounds that the contract gives.
fn level_number<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i32>, D::Error> {
    use serde::Deserialize as _;
    let level = i32::deserialize(deserializer)?;
    if (1..=LEVEL_MAX).contains(&level) {
        Ok(Some(level))
    } else {
        Err(serde::de::Error::custom(format!(
            "must be between 1 and {LEVEL_MAX}"
        )))
    }
}

/// Which notices.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoticeFilter {
    /// Notices of this run.
    pub run_id: Option<DunningRunId>,
    /// Notices to these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Notices of this level.
    #[param(minimum = 1, maximum = 10)]
    #[serde(default, deserialize_with = "level_number")]
    pub level: Option<i32>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<NoticeStatus>,
    /// Notices under the letterheads of these legal entities.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    /// Notices in these currencies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub currency: Vec<Currency>,
}

/// A dunning procedure that is written. What it says is its first version.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningProcedureIn, example = json!({
    "name": "Key accounts",
    "levels": [{
        "level": 1, "days_past_due": 5, "minimum_days_between": 7,
        "minimum_amounts": [{"amount": "500.00", "currency": "CNY"}], "channel": "email", "effect": "none",
        "texts": {
            "en": {"subject": "Reminder: {{ total }}", "body": "Dear {{ customer_name }},\n\n{{ invoices }}\n\nPlease pay."},
            "zh-CN": {"subject": "付款提醒：{{ total }}", "body": "尊敬的{{ customer_name }}：\n\n{{ invoices }}\n\n请付款。"}
        }
    }]
}))]
pub struct ProcedureIn {
    pub name: Line,
    #[validate(length(min = 1, max = 10), nested)]
    #[schema(min_items = 1, max_items = 10)]
    pub levels: Vec<Level>,
    /// What a level that blocks closes: `entity` when not given, which is the whole account where there is one company.
    pub block_scope: Option<BlockScope>,
    /// Not given: when netterms runs it by itself is said by a version that another person approves.
    #[validate(nested)]
    pub schedule: Option<Schedule>,
    /// Why the procedure says so.
    pub reason: Option<Note>,
}

/// The next version of a procedure, to be drafted, or a draft anew.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningProcedureVersionIn, example = json!({
    "levels": [{
        "level": 1, "days_past_due": 10, "minimum_days_between": 7,
        "minimum_amounts": [{"amount": "500.00", "currency": "CNY"}], "channel": "email", "effect": "none",
        "texts": {
            "en": {"subject": "Reminder: {{ total }}", "body": "Dear {{ customer_name }},\n\n{{ invoices }}\n\nPlease pay."},
            "zh-CN": {"subject": "付款提醒：{{ total }}", "body": "尊敬的{{ customer_name }}：\n\n{{ invoices }}\n\n请付款。"}
        }
    }],
    "reason": "Banks need a week for a transfer."
}))]
pub struct ProcedureVersionIn {
    /// All levels.
    #[validate(length(min = 1, max = 10), nested)]
    #[schema(min_items = 1, max_items = 10)]
    pub levels: Vec<Level>,
    /// What a level that blocks closes; what the live version says when not given.
    pub block_scope: Option<BlockScope>,
    /// When netterms runs it by itself; what the live version says when not given. No weekday is never.
    #[validate(nested)]
    pub schedule: Option<Schedule>,
    /// Why the procedure is to change.
    pub reason: Note,
}

/// What of a procedure changes at once.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningProcedurePatch, example = json!({"name": "Key accounts"}))]
pub struct ProcedurePatch {
    pub name: Line,
}

/// Which versions of a procedure.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProcedureVersionFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<ProcedureStatus>,
}

/// Which procedure an account is given.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningAssignmentIn, example = json!({
    "dunning_procedure_id": "dpr_01k00000000000000000000001", "reason": "Key account: written to by its salesperson."
}))]
pub struct AssignmentIn {
    /// For what is owed to this legal entity alone; for the account when not given.
    pub legal_entity: Option<EntityRef>,
    /// Null for the default, or for a legal entity that of the account.
    pub dunning_procedure_id: Option<DunningProcedureId>,
    pub reason: Note,
}

/// A run to be previewed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningRunIn, example = json!({"as_of": "2026-03-31"}))]
pub struct RunIn {
    /// The day on which ages are counted: today when not given, never in the future.
    pub as_of: Option<Day>,
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<RunStatus>,
}

/// What is to become of lines of a run before it is approved.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = whole_decision))]
#[schema(as = DunningDecisionIn, example = json!({
    "decision": "hold", "items": ["itm_01k00000000000000000000001"],
    "reason": "The customer says that half of it came broken.", "until": "2026-04-15"
}))]
pub struct DecisionIn {
    pub decision: LineDecision,
    /// These lines.
    #[serde(default)]
    #[validate(length(max = 500))]
    #[schema(max_items = 500)]
    pub items: Vec<ItemId>,
    /// All lines of these notices.
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    pub notices: Vec<DunningNoticeId>,
    /// Why; not needed to include a line.
    pub reason: Option<Note>,
    /// The last day on which a line is held: for `hold` alone.
    pub until: Option<Day>,
}

fn whole_decision(input: &DecisionIn) -> Result<(), ValidationError> {
    let wrong = |code: &'static str, message: &'static str| {
        Err(ValidationError::new(code).with_message(message.into()))
    };
    if input.items.is_empty() && input.notices.is_empty() {
        return wrong("nothing_named", "name lines or notices");
    }
    if input.decision != LineDecision::Include && input.reason.is_none() {
        return wrong("reason_missing", "a line is left out or held for a reason");
    }
    if (input.decision == LineDecision::Hold) != input.until.is_some() {
        return wrong("until", "a line that is held, and no other, has a last day");
    }
    Ok(())
}

/// Which cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CaseFilter {
    /// Cases of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Cases about what is owed to these legal entities.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub currency: Vec<Currency>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<CaseStatus>,
    /// Cases of this level or higher.
    #[param(minimum = 1, maximum = 10)]
    #[serde(default, deserialize_with = "level_number")]
    pub level_min: Option<i32>,
}

/// Where a case is proposed to go.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningEscalationIn, example = json!({
    "to": "agency", "reason": "Four letters and two calls without an answer."
}))]
pub struct EscalationIn {
    pub to: Escalation,
    pub reason: Note,
}

/// How a case is closed by hand.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningCaseClosingIn, example = json!({
    "outcome": "settled", "reason": "Settled for 80 % by the agreement of 12 March."
}))]
pub struct ClosingIn {
    pub outcome: Closing,
    pub reason: Note,
}

/// Which stages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StageFilter {
    /// Stages of invoices to these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Stages of this level or higher.
    #[param(minimum = 1, maximum = 10)]
    #[serde(default, deserialize_with = "level_number")]
    pub level_min: Option<i32>,
}

/// Which customers' stages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomerStageFilter {
    /// These customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
}
