//! Deciding recorded checks again.

use serde::Serialize;
use utoipa::ToSchema;

use super::{NodeOut, ReasonOut, TraceOut, nodes_of, reasons_for};
use crate::book::policy::model::RuleCode;
use crate::decide::limits::check::rules::{CounterOffer, Decision};
use crate::decide::limits::model::Outcome;
use crate::decide::limits::replay::Replayed;
use kernel::caller::Caller;
use kernel::ids::LimitCheckId;
use kernel::money::Currency;
use kernel::places::Language;

/// A check as it was decided, and as it would be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay, example = json!({
    "limit_check_id": "chk_01k00000000000000000000001",
    "recorded": {"policy_version": 3, "outcome": "approved", "reasons": [], "counter_offers": [], "nodes": [], "trace": []},
    "replayed": {"policy_version": 3, "outcome": "approved", "reasons": [], "counter_offers": [], "nodes": [], "trace": []},
    "identical": true, "not_known": []
}))]
pub struct ReplayOut {
    limit_check_id: LimitCheckId,
    recorded: VerdictOut,
    replayed: VerdictOut,
    /// Whether the same is answered: outcome, reasons and counter-offers.
    identical: bool,
    /// The rules of the version asked for that could not be asked, because what they need was not looked up then.
    #[schema(max_items = 50)]
    not_known: Vec<RuleCode>,
}

/// What a version of the policy decides.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Verdict)]
pub struct VerdictOut {
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    policy_version: i32,
    outcome: Outcome,
    #[schema(max_items = 100)]
    reasons: Vec<ReasonOut>,
    #[schema(max_items = 10)]
    counter_offers: Vec<CounterOffer>,
    /// How each place stood at which a limit holds.
    #[schema(max_items = 100)]
    nodes: Vec<NodeOut>,
    /// Every rule that was asked, in order, and whether it hit.
    #[schema(max_items = 100)]
    trace: Vec<TraceOut>,
}

impl VerdictOut {
    fn new(
        policy_version: i32,
        decision: &Decision,
        currency: Currency,
        reader: &Caller,
        language: Language,
    ) -> VerdictOut {
        VerdictOut {
            policy_version,
            outcome: decision.outcome,
            reasons: reasons_for(&decision.reasons, reader, language),
            counter_offers: decision.counter_offers.clone(),
            nodes: nodes_of(decision, currency, reader),
            trace: decision.trace.iter().map(TraceOut::from).collect(),
        }
    }
}

impl ReplayOut {
    pub fn new(replayed: &Replayed, reader: &Caller, language: Language) -> ReplayOut {
        let (check, record) = (&replayed.check, &replayed.record);
        let verdict = |version: i32, decision: &Decision| {
            VerdictOut::new(version, decision, record.facts.currency, reader, language)
        };
        ReplayOut {
            limit_check_id: check.id,
            recorded: verdict(check.policy_version, &record.decision),
            replayed: verdict(replayed.policy_version, &replayed.decision),
            identical: replayed.is_identical(),
            not_known: replayed.not_known.clone(),
        }
    }
}
