//! What goes in and out of the credit desk.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::super::actions::Remainder;
use super::super::model::{
    CreditBlock, CreditBlockStatus, DEFAULT_PURPOSE, LimitCheck, Outcome, Reservation,
    ReservationStatus,
};
use super::super::reasons::{Reason, ReasonCode};
use super::super::rules::{CounterOffer, Decision, Question};
use crate::book::customers::model::CustomerRef;
use crate::book::exposure::api::ExposureOut;
use crate::book::exposure::model::{CreditAccount, LimitKind};
use crate::book::exposure::rules::headroom;
use crate::book::policy::model::{Checkpoint, RuleEffect};
use crate::book::receivables::actions::NewInvoice;
use crate::book::receivables::api::shapes::InvoiceOut;
use crate::book::receivables::model::Invoice;
use crate::kernel::clock::{Day, Instant};
use crate::kernel::ids::{CreditAccountId, CreditBlockId, CustomerId, LimitCheckId, ReservationId};
use crate::kernel::money::{AmountIn, Money, PositiveIn};
use crate::kernel::places::Language;
use crate::kernel::text::{Note, Number};

/// May this customer have so much more?
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "is_consistent"))]
#[schema(example = json!({
    "customer_number": "C-1001", "order_number": "SO-2026-0001", "amount": {"amount": "12500.00", "currency": "CNY"},
    "net_days": 30, "checkpoint": "order", "reserve": true, "dry_run": false
}))]
pub struct LimitCheckIn {
    /// The customer by id, or by `customer_number`: exactly one.
    pub customer_id: Option<CustomerId>,
    pub customer_number: Option<Number>,
    /// The order; needed to reserve.
    pub order_number: Option<Number>,
    /// What of the order the reservation is for; `order` when not given.
    pub purpose: Option<Number>,
    pub amount: PositiveIn,
    /// The term of the order, in days; the account's when not given.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
    /// The stage of the sale; `order` when not given.
    pub checkpoint: Option<Checkpoint>,
    /// What is paid before delivery: it needs no credit. In the currency of the amount, and no more than it.
    pub prepaid: Option<AmountIn>,
    /// Take the capacity when the check passes, open a credit block when credit must look at it.
    pub reserve: Option<bool>,
    /// Until when the reservation shall hold; the policy's default when not given.
    pub reserve_until: Option<Instant>,
    /// Only say what would happen.
    pub dry_run: Option<bool>,
}

/// What the request alone shows to be wrong.
fn is_consistent(input: &LimitCheckIn) -> Result<(), ValidationError> {
    let wrong = |code: &'static str, message: &'static str| {
        Err(ValidationError::new(code).with_message(message.into()))
    };
    if CustomerRef::either(input.customer_id, input.customer_number.as_ref()).is_none() {
        return wrong(
            "customer",
            "name the customer by customer_id or customer_number, exactly one",
        );
    }
    if input.reserves() && input.order_number.is_none() {
        return wrong("order_number", "order_number is needed to reserve");
    }
    if let Some(prepaid) = input.prepaid {
        let (prepaid, amount) = (prepaid.money(), input.amount.money());
        if prepaid.currency() != amount.currency() || prepaid.minor() > amount.minor() {
            return wrong(
                "prepaid",
                "prepaid must be in the currency of the amount and no more than it",
            );
        }
    }
    Ok(())
}

impl LimitCheckIn {
    pub fn customer(&self) -> CustomerRef {
        CustomerRef::either(self.customer_id, self.customer_number.as_ref())
            .unwrap_or(CustomerRef::Id(CustomerId::from_uuid(uuid::Uuid::nil())))
    }

    pub fn order(&self) -> Option<&str> {
        self.order_number.as_ref().map(Number::as_str)
    }

    pub fn purpose(&self) -> &str {
        self.purpose
            .as_ref()
            .map_or(DEFAULT_PURPOSE, Number::as_str)
    }

    pub fn reserves(&self) -> bool {
        self.reserve == Some(true) && !self.is_dry_run()
    }

    pub fn is_dry_run(&self) -> bool {
        self.dry_run == Some(true)
    }

    /// The question for the rules; `held_minor` is what the order holds already.
    pub fn question(&self, held_minor: i64) -> Question {
        Question {
            amount: self.amount.money(),
            prepaid_minor: self.prepaid.map_or(0, |prepaid| prepaid.money().minor()),
            net_days: self.net_days,
            checkpoint: self.checkpoint.unwrap_or(Checkpoint::Order),
            held_minor,
        }
    }
}

/// Many checks at once, decided in this order.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [
    {"customer_number": "C-1001", "amount": {"amount": "12500.00", "currency": "CNY"}},
    {"customer_number": "C-1002", "amount": {"amount": "800.00", "currency": "CNY"}}
]}))]
pub struct LimitCheckBatchIn {
    #[validate(length(min = 1, max = 500), nested)]
    #[schema(min_items = 1, max_items = 500)]
    pub items: Vec<LimitCheckIn>,
}

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
    #[schema(value_type = Option<LimitCheckOut>)]
    pub check: Option<Value>,
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
    /// Null unless `limit_kind` is `amount`.
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
    "counter_offers": [],
    "credit_account": {"id": "acc_01k00000000000000000000001", "limit_kind": "amount",
        "limit": {"amount": "100000.00", "currency": "CNY"},
        "exposure": {"total": {"amount": "93000.00", "currency": "CNY"}, "by_category": {
            "reservations": {"amount": "12500.00", "currency": "CNY"},
            "receivables": {"amount": "80500.00", "currency": "CNY"},
            "unapplied_cash": {"amount": "0.00", "currency": "CNY"}}},
        "headroom": {"amount": "7000.00", "currency": "CNY"}, "limit_source": "application"},
    "reservation": {"id": "res_01k00000000000000000000001", "status": "active",
        "expires_at": "2026-12-31T00:00:00.000000Z"},
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
    credit_account: CheckedAccountOut,
    reservation: Option<TakenReservationOut>,
    credit_block: Option<OpenedBlockOut>,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    policy_version: i32,
    checked_at: Instant,
}

impl LimitCheckOut {
    #[expect(
        clippy::too_many_arguments,
        reason = "an answer is made of all of these"
    )]
    pub fn new(
        id: Option<LimitCheckId>,
        decision: &Decision,
        account: &CreditAccount,
        reservation: Option<&Reservation>,
        credit_block: Option<CreditBlockId>,
        policy_version: i32,
        checked_at: Instant,
        language: Language,
    ) -> LimitCheckOut {
        LimitCheckOut {
            id,
            outcome: decision.outcome,
            reasons: decision
                .reasons
                .iter()
                .map(|reason| ReasonOut::new(reason, language))
                .collect(),
            counter_offers: decision.counter_offers.clone(),
            credit_account: CheckedAccountOut {
                id: account.id,
                limit_kind: account.limit_kind,
                limit: (account.limit_kind == LimitKind::Amount)
                    .then(|| account.money(account.limit_minor)),
                exposure: ExposureOut::new(account.exposure(), account.currency),
                headroom: headroom(account.limit(), account.exposure())
                    .map(|minor| account.money(minor)),
                limit_source: account.limit_source.clone(),
            },
            reservation: reservation.map(|reservation| TakenReservationOut {
                id: reservation.id,
                status: reservation.status,
                expires_at: reservation.expires_at,
            }),
            credit_block: credit_block.map(|id| OpenedBlockOut { id }),
            policy_version,
            checked_at,
        }
    }
}

/// A recorded check: what was asked and what was answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordedCheck, example = json!({
    "id": "chk_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "order_number": "SO-2026-0001", "checkpoint": "order", "amount": {"amount": "12500.00", "currency": "CNY"},
    "outcome": "approved", "policy_version": 3, "request": {"input": {}}, "answer": {"outcome": "approved"},
    "checked_by": "order-system", "checked_at": "2026-11-22T08:00:00.000000Z"
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
    /// The question with the facts that were looked up for it.
    request: Value,
    /// The answer as it was given.
    answer: Value,
    #[schema(max_length = 128)]
    checked_by: String,
    checked_at: Instant,
}

impl From<LimitCheck> for RecordedCheckOut {
    fn from(check: LimitCheck) -> RecordedCheckOut {
        let document = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        RecordedCheckOut {
            id: check.id,
            customer_id: check.customer_id,
            order_number: check.order_number,
            checkpoint: check.checkpoint,
            amount: Money::from_minor(check.amount_minor, check.currency),
            outcome: check.outcome,
            policy_version: check.policy_version,
            request: document(&check.request),
            answer: document(&check.answer),
            checked_by: check.checked_by,
            checked_at: check.checked_at,
        }
    }
}

/// A reservation of credit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reservation, example = json!({
    "id": "res_01k00000000000000000000001", "credit_account_id": "acc_01k00000000000000000000001",
    "customer_id": "cus_01k00000000000000000000001", "limit_check_id": "chk_01k00000000000000000000001",
    "order_number": "SO-2026-0001", "purpose": "order", "amount": {"amount": "12500.00", "currency": "CNY"},
    "captured": {"amount": "0.00", "currency": "CNY"}, "remaining": {"amount": "12500.00", "currency": "CNY"},
    "status": "active", "expires_at": "2026-12-31T00:00:00.000000Z", "created_by": "order-system",
    "created_at": "2026-11-22T08:00:00.000000Z", "ended_at": null, "end_reason": null
}))]
pub struct ReservationOut {
    id: ReservationId,
    credit_account_id: CreditAccountId,
    customer_id: CustomerId,
    limit_check_id: LimitCheckId,
    #[schema(max_length = 64)]
    order_number: String,
    #[schema(max_length = 64)]
    purpose: String,
    amount: Money,
    /// What became invoices.
    captured: Money,
    /// What it still holds; zero once it has ended.
    remaining: Money,
    status: ReservationStatus,
    expires_at: Instant,
    #[schema(max_length = 128)]
    created_by: String,
    created_at: Instant,
    ended_at: Option<Instant>,
    #[schema(max_length = 2000)]
    end_reason: Option<String>,
}

impl From<Reservation> for ReservationOut {
    fn from(reservation: Reservation) -> ReservationOut {
        ReservationOut {
            amount: reservation.money(reservation.amount_minor),
            captured: reservation.money(reservation.captured_minor),
            remaining: reservation.money(reservation.remaining_minor()),
            id: reservation.id,
            credit_account_id: reservation.account_id,
            customer_id: reservation.customer_id,
            limit_check_id: reservation.check_id,
            order_number: reservation.order_number,
            purpose: reservation.purpose,
            status: reservation.status,
            expires_at: reservation.expires_at,
            created_by: reservation.created_by,
            created_at: reservation.created_at,
            ended_at: reservation.ended_at,
            end_reason: reservation.end_reason,
        }
    }
}

/// A capture: the invoice that a reservation becomes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "invoice": {"number": "INV-2026-0001", "invoice_date": "2026-11-22", "due_date": "2026-12-22",
        "amount": {"amount": "12500.00", "currency": "CNY"}},
    "remainder": "keep"
}))]
pub struct CaptureIn {
    #[validate(nested)]
    pub invoice: CapturedInvoiceIn,
    /// What becomes of what the capture leaves; kept when not given.
    pub remainder: Option<Remainder>,
}

/// The invoice of a capture.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapturedInvoiceIn {
    pub number: Number,
    pub invoice_date: Day,
    /// The invoice date and the account's net days when not given.
    pub due_date: Option<Day>,
    pub amount: PositiveIn,
}

impl CapturedInvoiceIn {
    /// The invoice to be posted; the reservation and its order are added by the capture.
    pub fn to_new(&self) -> NewInvoice {
        NewInvoice {
            number: self.number.clone(),
            invoice_date: self.invoice_date.date(),
            due_date: self.due_date.map(Day::date),
            amount: self.amount.money(),
            order_number: None,
            reservation_id: None,
        }
    }
}

/// A reservation after a capture, with the invoice that was posted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Capture, example = json!({
    "reservation": {
        "id": "res_01k00000000000000000000001", "credit_account_id": "acc_01k00000000000000000000001",
        "customer_id": "cus_01k00000000000000000000001", "limit_check_id": "chk_01k00000000000000000000001",
        "order_number": "SO-2026-0001", "purpose": "order", "amount": {"amount": "12500.00", "currency": "CNY"},
        "captured": {"amount": "12500.00", "currency": "CNY"}, "remaining": {"amount": "0.00", "currency": "CNY"},
        "status": "captured", "expires_at": "2026-12-31T00:00:00.000000Z", "created_by": "order-system",
        "created_at": "2026-11-22T08:00:00.000000Z", "ended_at": "2026-11-23T08:00:00.000000Z", "end_reason": null
    },
    "invoice": {
        "id": "inv_01k00000000000000000000001", "number": "INV-2026-0001",
        "customer_id": "cus_01k00000000000000000000001", "credit_account_id": "acc_01k00000000000000000000001",
        "order_number": "SO-2026-0001", "reservation_id": "res_01k00000000000000000000001",
        "invoice_date": "2026-11-23", "due_date": "2026-12-23", "amount": {"amount": "12500.00", "currency": "CNY"},
        "open": {"amount": "12500.00", "currency": "CNY"}, "status": "open", "cancelled_on": null,
        "cancel_reason": null, "created_by": "u-31", "created_at": "2026-11-23T08:00:00.000000Z"
    }
}))]
pub struct CaptureOut {
    reservation: ReservationOut,
    invoice: InvoiceOut,
}

impl CaptureOut {
    pub fn new(reservation: Reservation, invoice: Invoice) -> CaptureOut {
        CaptureOut {
            reservation: reservation.into(),
            invoice: invoice.into(),
        }
    }
}

/// A reservation to be held longer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reserve_until": "2027-01-31T00:00:00Z"}))]
pub struct ExtendIn {
    pub reserve_until: Instant,
}

/// Why something is decided.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The customer paid by telegraphic transfer this morning."}))]
pub struct DecisionIn {
    pub reason: Note,
}

/// An order that waits for credit, with what is needed to decide.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditBlock, example = json!({
    "id": "blk_01k00000000000000000000001", "limit_check_id": "chk_01k00000000000000000000001",
    "credit_account_id": "acc_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "order_number": "SO-2026-0001", "purpose": "order", "amount": {"amount": "180000.00", "currency": "CNY"},
    "status": "open", "reasons": [], "opened_by": "order-system", "opened_at": "2026-11-22T08:00:00.000000Z",
    "decided_by": null, "decided_at": null, "decision_reason": null, "reservation_id": null
}))]
pub struct CreditBlockOut {
    id: CreditBlockId,
    limit_check_id: LimitCheckId,
    credit_account_id: CreditAccountId,
    customer_id: CustomerId,
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
    decided_by: Option<String>,
    decided_at: Option<Instant>,
    #[schema(max_length = 2000)]
    decision_reason: Option<String>,
    /// The reservation that its release took.
    reservation_id: Option<ReservationId>,
}

impl CreditBlockOut {
    pub fn new(block: CreditBlock, language: Language) -> CreditBlockOut {
        let reasons: Vec<Reason> = serde_json::from_str(&block.reasons).unwrap_or_default();
        CreditBlockOut {
            amount: Money::from_minor(block.amount_minor, block.currency),
            reasons: reasons
                .iter()
                .map(|reason| ReasonOut::new(reason, language))
                .collect(),
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

/// Which recorded checks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LimitCheckFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_id: Vec<CustomerId>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub order_number: Vec<Number>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub outcome: Vec<Outcome>,
}

/// Which reservations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReservationFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_id: Vec<CustomerId>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub order_number: Vec<Number>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<ReservationStatus>,
}

/// Which credit blocks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CreditBlockFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_id: Vec<CustomerId>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<CreditBlockStatus>,
}
