//! Reservations.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::book::exposure::model::Remainder;
use crate::book::receivables::actions::NewInvoice;
use crate::book::receivables::api::shapes::InvoiceOut;
use crate::book::receivables::model::Invoice;
use crate::decide::limits::model::{Reservation, ReservationStatus};
use kernel::clock::{Day, Instant};
use kernel::ids::{CreditAccountId, CustomerId, LimitCheckId, ReservationId};
use kernel::money::{Money, PositiveIn};
use kernel::text::Number;

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
    /// What was delivered or became invoices.
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
            limit_check_id: reservation.check_id(),
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
        "cancel_reason": null, "warnings": [], "created_by": "u-31", "created_at": "2026-11-23T08:00:00.000000Z"
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

/// What the order is to come to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": {"amount": "15000.00", "currency": "CNY"}}))]
pub struct AmendIn {
    /// The whole of the order, with what was captured already.
    pub amount: PositiveIn,
    /// The term of the order, in days; the account's when not given.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
}
