//! Limit checks.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::book::exposure::api::ExposureOut;
use crate::book::exposure::model::{Exposure, Limit, LimitKind};
use crate::book::exposure::rules::{Node, NodeKind};
use crate::book::policy::model::{Checkpoint, RuleCode, RuleEffect};
use crate::decide::limits::check::reasons::{Reason, ReasonCode};
use crate::decide::limits::check::record::Record;
use crate::decide::limits::check::rules::{Asked, CounterOffer, Decision, NodeFigures};
use crate::decide::limits::model::{LimitCheck, Outcome, ReservationStatus};
use crate::decide::limits::record::Decided;
use crate::platform::db::DbError;
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, CreditBlockId, CustomerId, LimitCheckId, ReservationId};
use kernel::money::{Currency, Money};
use kernel::places::Language;

/// Each check's answer, in the order of the questions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitCheckBatch, example = json!({"items": [{"status": 404, "check": null, "problem": {
    "type": "/problems/not_found", "title": "Not found", "status": 404,
    "detail": "There is no such customer, or you may not see it.", "instance": "/v1/limit-checks",
    "code": "not_found", "errors": [], "request_id": "01k5q0x3", "thing": "customer"}}]}))]
pub struct LimitCheckBatchOut {
    #[schema(max_items = 500)]
    pub items: Vec<LimitCheckItemOut>,
}

/// One check's answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitCheckItem)]
pub struct LimitCheckItemOut {
    /// What a single request would have been answered.
    #[schema(minimum = 200, maximum = 599)]
    pub status: u16,
    /// The decision, when there is one.
    pub check: Option<LimitCheckOut>,
    /// The problem, when there is one.
    #[schema(value_type = Option<crate::platform::http::problem::ProblemOut>)]
    pub problem: Option<Value>,
}

/// Why a check came out as it did.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Reason)]
pub struct ReasonOut {
    pub code: ReasonCode,
    pub effect: RuleEffect,
    /// For a person, in the caller's language.
    #[schema(max_length = 1000)]
    pub message: String,
    /// What the rule saw: money as amount and currency, everything else as text.
    #[schema(value_type = Object)]
    pub facts: BTreeMap<String, Value>,
}

impl ReasonOut {
    pub fn new(reason: &Reason, language: Language) -> ReasonOut {
        ReasonOut {
            code: reason.code,
            effect: reason.effect,
            message: reason.message(language),
            facts: reason.facts.clone(),
        }
    }
}

/// How the account stands after the decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckedAccount)]
pub struct CheckedAccountOut {
    id: CreditAccountId,
    limit_kind: LimitKind,
    /// With what raises it for now; null unless `limit_kind` is `amount`.
    limit: Option<Money>,
    exposure: ExposureOut,
    /// What the own limit leaves; null when unlimited.
    headroom: Option<Money>,
    #[schema(max_length = 20)]
    limit_source: String,
}

/// The reservation that a check took.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TakenReservation)]
pub struct TakenReservationOut {
    id: ReservationId,
    status: ReservationStatus,
    /// What it holds.
    amount: Money,
    expires_at: Instant,
}

/// The credit block that a check opened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenedBlock)]
pub struct OpenedBlockOut {
    id: CreditBlockId,
}

/// The decision on a limit check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitCheck, example = json!({
    "id": "chk_01k00000000000000000000001", "outcome": "approved_with_warning",
    "reasons": [{"code": "limit_utilisation", "effect": "warn",
        "message": "The limit of CNY 100000.00 would be used to 0.9300 of it.",
        "facts": {"node": "acc_01k00000000000000000000001", "utilisation": "0.9300"}}],
    "counter_offers": [], "conversion": null,
    "credit_account": {"id": "acc_01k00000000000000000000001", "limit_kind": "amount",
        "limit": {"amount": "100000.00", "currency": "CNY"},
        "exposure": {"total": {"amount": "93000.00", "currency": "CNY"}, "by_category": {
            "reservations": {"amount": "12500.00", "currency": "CNY"},
            "delivered_not_billed": {"amount": "0.00", "currency": "CNY"},
            "receivables": {"amount": "80500.00", "currency": "CNY"},
            "instruments": {"amount": "0.00", "currency": "CNY"},
            "claimed_charges": {"amount": "0.00", "currency": "CNY"},
            "unapplied_cash": {"amount": "0.00", "currency": "CNY"}}},
        "headroom": {"amount": "7000.00", "currency": "CNY"}, "limit_source": "application"},
    "reservation": {"id": "res_01k00000000000000000000001", "status": "active",
        "amount": {"amount": "12500.00", "currency": "CNY"}, "expires_at": "2026-12-31T00:00:00.000000Z"},
    "credit_block": null, "policy_version": 3, "checked_at": "2026-11-22T08:00:00.000000Z"
}))]
pub struct LimitCheckOut {
    /// Null for a dry run, which is not recorded.
    id: Option<LimitCheckId>,
    outcome: Outcome,
    #[schema(max_items = 100)]
    reasons: Vec<ReasonOut>,
    /// What else would pass now; each was put through the same rules.
    #[schema(max_items = 10)]
    counter_offers: Vec<CounterOffer>,
    /// How the order comes into the account's currency; null when it is in it, or when no rate is known.
    conversion: Option<AppliedRateOut>,
    credit_account: CheckedAccountOut,
    reservation: Option<TakenReservationOut>,
    credit_block: Option<OpenedBlockOut>,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    policy_version: i32,
    checked_at: Instant,
}

/// How an order comes into the account's currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppliedRate)]
pub struct AppliedRateOut {
    /// The order in the account's currency, rounded up; in its own where it counts in that.
    amount: Money,
    /// One unit of the order's currency in units of the account's.
    #[schema(max_length = 40, pattern = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$")]
    rate: String,
    /// The day of the rate, of the older one when there are two.
    rate_date: NaiveDate,
    /// Who published it.
    #[schema(max_length = 130)]
    source: String,
}

impl AppliedRateOut {
    fn new(record: &Record) -> Option<AppliedRateOut> {
        let facts = &record.facts;
        let conversion = facts.conversion.as_ref()?;
        let credit = facts.credit(&record.question)?;
        Some(AppliedRateOut {
            amount: Money::from_minor(credit.amount_minor, facts.balance().currency),
            rate: conversion.rate.to_string(),
            rate_date: conversion.rate_date,
            source: conversion.source.clone(),
        })
    }
}

impl LimitCheckOut {
    /// The decision as a reader may see it.
    pub fn new(decided: &Decided, reader: &Caller, language: Language) -> LimitCheckOut {
        let record = &decided.record;
        let facts = &record.facts;
        let money = |minor| Money::from_minor(minor, facts.currency);
        let own = facts.nodes.first();
        let taken = record.reservation.as_ref();
        let added = Exposure::reserved(taken.map_or(0, |taken| taken.added_minor));
        let own_after = own.map(|own| own.with(facts.balance(), added, facts.currency));
        let exposure = own_after
            .and_then(|own| own.exposure_in_all(facts.currency, &facts.rates).ok())
            .unwrap_or_default();
        let limit = own.map_or(Limit::None, |node| node.limit);
        let total = own.and_then(Node::total_limit);
        LimitCheckOut {
            id: decided.id,
            outcome: record.decision.outcome,
            reasons: reasons_for(&record.decision.reasons, reader, language),
            counter_offers: record.decision.counter_offers.clone(),
            conversion: AppliedRateOut::new(record),
            credit_account: CheckedAccountOut {
                id: decided.account,
                limit_kind: limit.kind(),
                limit: total
                    .filter(|_| limit.kind() == LimitKind::Amount)
                    .map(money),
                exposure: ExposureOut::new(exposure, record.included_minor, facts.currency),
                headroom: total.map(|total| money(total.saturating_sub(record.included_minor))),
                limit_source: facts.limit_source.clone(),
            },
            reservation: taken.map(|taken| TakenReservationOut {
                id: taken.id,
                status: taken.status,
                amount: Money::from_minor(taken.held_minor, facts.balance().currency),
                expires_at: taken.expires_at,
            }),
            credit_block: record.credit_block.map(|id| OpenedBlockOut { id }),
            policy_version: decided.policy_version,
            checked_at: decided.checked_at,
        }
    }
}

/// The reasons as a reader may see them.
pub fn reasons_for(reasons: &[Reason], reader: &Caller, language: Language) -> Vec<ReasonOut> {
    let sees_all = reader.sees_others();
    reasons
        .iter()
        .map(|reason| {
            if sees_all {
                ReasonOut::new(reason, language)
            } else {
                ReasonOut::new(&reason.masked(), language)
            }
        })
        .collect()
}

/// A recorded check: what was asked, what was looked up, and what was answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordedCheck, example = json!({
    "id": "chk_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "order_number": "SO-2026-0001", "checkpoint": "order", "amount": {"amount": "12500.00", "currency": "CNY"},
    "outcome": "approved", "policy_version": 3, "question": {}, "facts": null, "nodes": [], "trace": [],
    "answer": {"outcome": "approved"}, "checked_by": "order-system", "checked_at": "2026-11-22T08:00:00.000000Z"
}))]
pub struct RecordedCheckOut {
    id: LimitCheckId,
    customer_id: CustomerId,
    #[schema(max_length = 64)]
    order_number: Option<String>,
    checkpoint: Checkpoint,
    amount: Money,
    outcome: Outcome,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    policy_version: i32,
    /// The question as the rules saw it; amounts in minor units.
    #[schema(value_type = Object)]
    question: Value,
    /// What was looked up for it, with which it can be decided again; amounts in minor units. Null for readers who
    /// may not see what others owe.
    #[schema(value_type = Option<Object>)]
    facts: Option<Value>,
    /// How each place stood at which a limit holds; the customer's own alone for readers who may not see others'.
    #[schema(max_items = 100)]
    nodes: Vec<NodeOut>,
    /// Every rule that was asked, in order, and whether it hit.
    #[schema(max_items = 100)]
    trace: Vec<TraceOut>,
    /// The answer, in the reader's language.
    #[schema(value_type = Object)]
    answer: LimitCheckOut,
    #[schema(max_length = 128)]
    checked_by: String,
    checked_at: Instant,
}

/// How a place stood at which a limit holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeFigures)]
pub struct NodeOut {
    kind: NodeKind,
    /// The account's or the cap's.
    #[schema(max_length = 40)]
    id: String,
    /// What a cap is about; empty for accounts and groups.
    #[schema(max_length = 200)]
    key: String,
    /// Null when unlimited.
    limit: Option<Money>,
    exposure: Money,
    /// Null when unlimited.
    headroom: Option<Money>,
}

impl NodeOut {
    pub fn new(node: &NodeFigures, currency: Currency) -> NodeOut {
        let money = |minor| Money::from_minor(minor, node.currency.unwrap_or(currency));
        NodeOut {
            kind: node.kind,
            id: node.id.clone(),
            key: node.key.clone(),
            limit: node.limit_minor.map(money),
            exposure: money(node.exposure_minor),
            headroom: node.headroom().map(money),
        }
    }
}

/// The nodes of a decision that a reader may see.
pub fn nodes_for(record: &Record, reader: &Caller) -> Vec<NodeOut> {
    nodes_of(&record.decision, record.facts.currency, reader)
}

/// [`nodes_for`], for a decision in this currency.
pub fn nodes_of(decision: &Decision, currency: Currency, reader: &Caller) -> Vec<NodeOut> {
    let sees_all = reader.sees_others();
    let nodes = decision.nodes.iter();
    nodes
        .filter(|node| sees_all || node.kind == NodeKind::Own)
        .map(|node| NodeOut::new(node, currency))
        .collect()
}

/// A rule that was asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AskedRule)]
pub struct TraceOut {
    code: RuleCode,
    effect: RuleEffect,
    hit: bool,
}

impl From<&Asked> for TraceOut {
    fn from(asked: &Asked) -> TraceOut {
        TraceOut {
            code: asked.code,
            effect: asked.effect,
            hit: asked.hit,
        }
    }
}

impl RecordedCheckOut {
    /// # Errors
    /// When the record can't be read, which can't be.
    pub fn new(
        check: LimitCheck,
        reader: &Caller,
        language: Language,
    ) -> Result<RecordedCheckOut, DbError> {
        let decided = Decided::read(&check)?;
        let record = &decided.record;
        let sees_all = reader.sees_others();
        let document = |value: serde_json::Result<Value>| value.unwrap_or(Value::Null);
        Ok(RecordedCheckOut {
            id: check.id,
            customer_id: check.customer_id,
            order_number: check.order_number,
            checkpoint: check.checkpoint,
            amount: Money::from_minor(check.amount_minor, check.currency),
            outcome: check.outcome,
            policy_version: check.policy_version,
            question: document(serde_json::to_value(&record.question)),
            facts: sees_all.then(|| document(serde_json::to_value(&record.facts))),
            nodes: nodes_for(record, reader),
            trace: record.decision.trace.iter().map(TraceOut::from).collect(),
            answer: LimitCheckOut::new(&decided, reader, language),
            checked_by: check.checked_by,
            checked_at: check.checked_at,
        })
    }
}
