//! Credit blocks.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::{NodeOut, ReasonOut, nodes_for, reasons_for};
use crate::decide::limits::check::reasons::Reason;
use crate::decide::limits::check::record::Record;
use crate::decide::limits::check::rules::CounterOffer;
use crate::decide::limits::model::{CreditBlockStatus, Outcome, QueuedBlock};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, CreditBlockId, CustomerId, LimitCheckId, ReservationId};
use kernel::money::Money;
use kernel::places::Language;
use kernel::text::{Line, Number};

/// That sales ask for a release, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReleaseRequest)]
pub struct ReleaseRequestOut {
    #[schema(max_length = 2000)]
    reason: String,
    /// The day on which the customer promised to pay.
    promised_on: Option<NaiveDate>,
    #[schema(max_length = 128)]
    requested_by: Option<String>,
    requested_at: Option<Instant>,
}

/// An order that waits for credit, with what is needed to decide.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditBlock, example = json!({
    "id": "blk_01k00000000000000000000001", "limit_check_id": "chk_01k00000000000000000000001",
    "credit_account_id": "acc_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.",
    "order_number": "SO-2026-0001", "purpose": "order", "amount": {"amount": "180000.00", "currency": "CNY"},
    "status": "open", "reasons": [], "opened_by": "order-system", "opened_at": "2026-11-22T08:00:00.000000Z",
    "assigned_to": null, "release_request": null, "decided_by": null, "decided_at": null, "decision_reason": null, "ceiling": null,
    "release_valid_until": null, "reservation_id": null
}))]
pub struct CreditBlockOut {
    id: CreditBlockId,
    limit_check_id: LimitCheckId,
    credit_account_id: CreditAccountId,
    customer_id: CustomerId,
    customer_number: Number,
    customer_name: Line,
    #[schema(max_length = 64)]
    order_number: String,
    #[schema(max_length = 64)]
    purpose: String,
    amount: Money,
    status: CreditBlockStatus,
    #[schema(max_items = 100)]
    reasons: Vec<ReasonOut>,
    #[schema(max_length = 128)]
    opened_by: String,
    opened_at: Instant,
    #[schema(max_length = 128)]
    assigned_to: Option<String>,
    /// What sales ask for; null when they did not.
    release_request: Option<ReleaseRequestOut>,
    #[schema(max_length = 128)]
    decided_by: Option<String>,
    decided_at: Option<Instant>,
    #[schema(max_length = 2000)]
    decision_reason: Option<String>,
    /// Up to which amount the order was released.
    ceiling: Option<Money>,
    release_valid_until: Option<NaiveDate>,
    /// The reservation that its release took.
    reservation_id: Option<ReservationId>,
}

impl CreditBlockOut {
    pub fn new(queued: QueuedBlock, reader: &Caller, language: Language) -> CreditBlockOut {
        let block = queued.block;
        let reasons: Vec<Reason> = serde_json::from_str(&block.reasons).unwrap_or_default();
        let money = |minor| Money::from_minor(minor, block.currency);
        CreditBlockOut {
            amount: money(block.amount_minor),
            ceiling: block.ceiling_minor.map(money),
            release_valid_until: block.release_valid_until,
            assigned_to: block.assigned_to,
            release_request: block.release_request.map(|reason| ReleaseRequestOut {
                reason,
                promised_on: block.promised_on,
                requested_by: block.release_requested_by,
                requested_at: block.release_requested_at,
            }),
            customer_number: queued.customer_number,
            customer_name: queued.customer_name,
            reasons: reasons_for(&reasons, reader, language),
            id: block.id,
            limit_check_id: block.check_id,
            credit_account_id: block.account_id,
            customer_id: block.customer_id,
            order_number: block.order_number,
            purpose: block.purpose,
            status: block.status,
            opened_by: block.opened_by,
            opened_at: block.opened_at,
            decided_by: block.decided_by,
            decided_at: block.decided_at,
            decision_reason: block.decision_reason,
            reservation_id: block.reservation_id,
        }
    }
}

/// A credit block with what its check would say now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditBlockDetail, example = json!({
    "id": "blk_01k00000000000000000000001", "limit_check_id": "chk_01k00000000000000000000001",
    "credit_account_id": "acc_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.",
    "order_number": "SO-2026-0001", "purpose": "order", "amount": {"amount": "180000.00", "currency": "CNY"},
    "status": "open", "reasons": [], "opened_by": "order-system", "opened_at": "2026-11-22T08:00:00.000000Z",
    "assigned_to": null, "release_request": null, "decided_by": null, "decided_at": null, "decision_reason": null, "ceiling": null,
    "release_valid_until": null, "reservation_id": null,
    "now": {"outcome": "approved", "reasons": [], "counter_offers": [], "nodes": []}
}))]
pub struct CreditBlockDetailOut {
    #[serde(flatten)]
    pub block: CreditBlockOut,
    /// Null when the block is decided, and when the order can't be checked any more, as when the reservation ended that
    /// it was to amend.
    pub now: Option<CheckNowOut>,
}

/// What the check of a waiting order would say now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckNow)]
pub struct CheckNowOut {
    outcome: Outcome,
    #[schema(max_items = 100)]
    reasons: Vec<ReasonOut>,
    #[schema(max_items = 10)]
    counter_offers: Vec<CounterOffer>,
    /// How each place stands at which a limit holds; the customer's own alone for readers who may not see others'.
    #[schema(max_items = 100)]
    nodes: Vec<NodeOut>,
}

impl CheckNowOut {
    pub fn new(record: &Record, reader: &Caller, language: Language) -> CheckNowOut {
        let decision = &record.decision;
        CheckNowOut {
            outcome: decision.outcome,
            reasons: reasons_for(&decision.reasons, reader, language),
            counter_offers: decision.counter_offers.clone(),
            nodes: nodes_for(record, reader),
        }
    }
}
