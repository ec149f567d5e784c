//! Reservations.

use serde::Serialize;
use utoipa::ToSchema;

use crate::book::receivables::api::shapes::InvoiceOut;
use crate::book::receivables::model::Invoice;
use crate::decide::limits::model::{Reservation, ReservationStatus};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, CustomerId, LimitCheckId, ReservationId};
use kernel::money::Money;

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
        "customer_id": "cus_01k00000000000000000000001", "legal_entity_id": "ent_00000000000e00800000000001",
        "credit_account_id": "acc_01k00000000000000000000001",
        "order_number": "SO-2026-0001", "reservation_id": "res_01k00000000000000000000001",
        "invoice_date": "2026-11-23", "due_date": "2026-12-23", "amount": {"amount": "12500.00", "currency": "CNY"},
        "open": {"amount": "12500.00", "currency": "CNY"}, "status": "open", "kind": "sale", "cancelled_on": null,
        "posting_date": "2026-11-23", "baseline_date": "2026-11-23", "labels": [],
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
