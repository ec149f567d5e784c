//! What use cases and lists are asked.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{ApplicationStatus, PolicyException};
use crate::book::customers::model::CustomerRef;
use crate::book::exposure::model::LimitScope;
use kernel::clock::Day;
use kernel::figures::Figure;
use kernel::ids::AssessmentId;
use kernel::money::{AmountIn, PositiveIn};
use kernel::text::{Line, Note};

/// What credit knows beside the customer's file; whatever is left out is named as missing.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "expected": {"yearly_need": {"amount": "3650000.00", "currency": "CNY"}, "our_share": "0.60"},
    "economics": {"margin": "0.25", "default_probability": "0.04", "loss_given_default": "1", "capital_cost": "0.08"}
}))]
pub struct AssessIn {
    /// What the customer is expected to buy; what it bought in the last twelve months when not given.
    #[validate(nested)]
    pub expected: Option<ExpectedIn>,
    /// What it could pay with beside its statement, for who has no payments to us to show.
    #[validate(nested)]
    pub means: Option<MeansIn>,
    /// For the expected profit.
    #[validate(nested)]
    pub economics: Option<EconomicsIn>,
    /// Whether netterms may approve by itself; if the policy allows it when not given.
    pub approval: Option<AssessApproval>,
}

/// What the customer is expected to buy.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedIn {
    /// What it needs of such goods in twelve months.
    pub yearly_need: AmountIn,
    /// What of it is expected to be bought from us, from 0 to 1.
    pub our_share: Figure,
}

/// What the customer could pay with.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeansIn {
    /// Credit lines of banks that may still be drawn.
    pub undrawn_lines: AmountIn,
    /// Among how many suppliers like us the rest is divided.
    #[validate(range(min = 1, max = 10_000))]
    #[schema(minimum = 1, maximum = 10_000)]
    pub major_suppliers: u32,
}

/// What selling to the customer earns and risks.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"margin": "0.25", "loss_given_default": "1", "capital_cost": "0.08"}))]
pub struct EconomicsIn {
    /// Margin over variable cost as a share of sales, from 0 to 1.
    pub margin: Figure,
    /// The probability that the customer never pays, from 0 to 1; that of its rating when not given.
    pub default_probability: Option<Figure>,
    /// What is lost of the cost then, from 0 to 1.
    pub loss_given_default: Figure,
    /// What capital costs a year: 0.08 is 8 %.
    pub capital_cost: Figure,
}

/// Who may approve what was assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssessApproval {
    /// Netterms, where the policy lets it.
    IfPolicyAllows,
    /// People, whatever the policy lets netterms do.
    ByPeople,
}

/// An application to be drafted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer": "C-1001", "requested_limit": {"amount": "500000.00", "currency": "CNY"},
    "requested_net_days": 30, "purpose": "A yearly contract for steel plate, 120,000 a quarter."
}))]
pub struct ApplicationIn {
    pub customer: CustomerRef,
    /// Whose limit: the customer's own when not given.
    pub scope: Option<LimitScope>,
    pub requested_limit: PositiveIn,
    /// Days from invoice to due date.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub requested_net_days: i32,
    /// What the credit is for.
    pub purpose: Note,
}

/// What is to change on a draft.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"requested_net_days": 45}))]
pub struct ApplicationPatch {
    pub requested_limit: Option<PositiveIn>,
    /// Days from invoice to due date.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub requested_net_days: Option<i32>,
    pub purpose: Option<Note>,
}

/// What credit wants to know.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"question": "Please send the statements of 2025.", "deadline": "2026-04-30"}))]
pub struct InformationRequestIn {
    pub question: Note,
    /// The last day to answer; the policy's days from today when not given.
    pub deadline: Option<Day>,
}

/// What credit wanted to know.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"information": "The statements of 2025 are in the file since today."}))]
pub struct InformationIn {
    pub information: Note,
}

/// The limit and terms that credit recommends: its own, or those of the last assessment.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "limit": {"amount": "400000.00", "currency": "CNY"}, "net_days": 30, "valid_until": "2027-03-31",
    "conditions": ["A guarantee of the parent company"], "reason": "Pays on time since 2019; two references checked."
}))]
pub struct RecommendIn {
    /// As the last assessment has it when not given.
    pub limit: Option<PositiveIn>,
    /// Days from invoice to due date; as the last assessment has it when not given.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
    /// The assessment that it rests on, which must be the last one.
    pub assessment_id: Option<AssessmentId>,
    /// The last day of the limit; it has no end when not given.
    pub valid_until: Option<Day>,
    /// What must be fulfilled before the limit is set.
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub conditions: Vec<Line>,
    /// What passes the policy's row for the customer's grade, each kind once and with a reason of its own. Whoever
    /// approves needs the authority that the policy gives for it.
    #[serde(default)]
    #[validate(length(max = 2), custom(function = "each_kind_once"))]
    #[schema(max_items = 2)]
    pub exceptions: Vec<PolicyException>,
    pub reason: Note,
}

fn each_kind_once(exceptions: &[PolicyException]) -> Result<(), ValidationError> {
    let kinds: BTreeSet<_> = exceptions.iter().map(|exception| exception.kind).collect();
    if kinds.len() < exceptions.len() {
        return Err(ValidationError::new("repeated").with_message("names a kind twice".into()));
    }
    Ok(())
}

/// Why an application is approved, and on what further conditions.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Sound figures, and the customer is one of our oldest.", "conditions": []}))]
pub struct ApproveIn {
    pub reason: Note,
    /// Conditions beside the recommended ones.
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub conditions: Vec<Line>,
    /// The last day to fulfil conditions; the policy's days from today when not given.
    pub deadline: Option<Day>,
}

/// Conditions that are fulfilled.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"fulfilled": [{"position": 0, "evidence": "Guarantee signed on 2 April, in the file."}]}))]
pub struct FulfilIn {
    #[validate(length(min = 1, max = 20), nested)]
    #[schema(min_items = 1, max_items = 20)]
    pub fulfilled: Vec<FulfilledIn>,
}

/// A condition that is fulfilled, and what proves it.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"position": 0, "evidence": "Guarantee signed on 2 April, in the file."}))]
pub struct FulfilledIn {
    /// The condition's place in the application's list, from 0.
    #[validate(range(min = 0, max = 19))]
    #[schema(minimum = 0, maximum = 19)]
    pub position: i32,
    pub evidence: Note,
}

/// What speaks against a decline.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"new_facts": "The parent company guarantees from 1 April on."}))]
pub struct NewFactsIn {
    pub new_facts: Note,
}

/// Which applications, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplicationFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<ApplicationStatus>,
    /// Applications of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Only those that I had a part in.
    pub mine: Option<bool>,
    /// Only those that I may approve now.
    pub waiting_for_me: Option<bool>,
    /// The newest first when not given.
    #[param(inline)]
    pub sort: Option<ApplicationSort>,
}

/// The orders that a list of applications may have.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub enum ApplicationSort {
    #[serde(rename = "created_at")]
    CreatedAt,
    #[default]
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
}
