//! What is known of an order: what it holds, what was delivered of it, and what was invoiced.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{BalanceKey, EntryCategory};
use crate::platform::db::schema::{
    exposure_entries, order_invoices, reservation_captures, reservations,
};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{
    CreditAccountId, CustomerId, ExposureEntryId, Id, InvoiceId, Kind, LegalEntityId, LimitCheckId,
    ReservationId,
};
use kernel::money::{Currency, Money};
use kernel::text::{Number, Subject};

text_enum! {
    /// Where a reservation stands.
    pub enum ReservationStatus {
        Active = "active",
        PartiallyCaptured = "partially_captured",
        Captured = "captured",
        Released = "released",
        Expired = "expired",
    }
}

impl ReservationStatus {
    /// Whether it still holds capacity.
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            ReservationStatus::Active | ReservationStatus::PartiallyCaptured
        )
    }
}

/// What a reservation is for, when the order system does not say.
pub const DEFAULT_PURPOSE: &str = "order";

/// Capacity taken for an order, by a check whose id it shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = reservations, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Reservation {
    pub id: ReservationId,
    pub account_id: CreditAccountId,
    pub customer_id: CustomerId,
    pub order_number: String,
    pub purpose: String,
    pub currency: Currency,
    pub amount_minor: i64,
    /// What was delivered or invoiced of it; with the policy's tolerance it may pass the amount.
    pub captured_minor: i64,
    pub status: ReservationStatus,
    pub expires_at: Instant,
    pub created_by: String,
    pub created_at: Instant,
    pub ended_at: Option<Instant>,
    pub end_reason: Option<String>,
    pub version: i64,
    pub legal_entity_id: LegalEntityId,
}

impl Reservation {
    /// The balance that it counts in.
    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }

    /// The id of what a check reserves.
    pub const fn id_of(check: LimitCheckId) -> ReservationId {
        ReservationId::from_uuid(check.uuid())
    }

    /// The check that reserved it.
    pub const fn check_id(&self) -> LimitCheckId {
        LimitCheckId::from_uuid(self.id.uuid())
    }

    /// What it still holds, in minor units: nothing once it has ended.
    pub const fn remaining_minor(&self) -> i64 {
        if !self.status.is_open() {
            return 0;
        }
        let remaining = self.amount_minor.saturating_sub(self.captured_minor);
        if remaining > 0 { remaining } else { 0 }
    }

    /// Where it stands at an instant: what is past its time has expired, whether somebody wrote that down yet or not.
    pub fn status_at(&self, now: Instant) -> ReservationStatus {
        if self.status.is_open() && self.expires_at <= now {
            ReservationStatus::Expired
        } else {
            self.status
        }
    }

    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }
}

/// What becomes of what a capture leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// It stays reserved for the next delivery.
    #[default]
    Keep,
    /// It is released.
    Release,
}

/// What an invoice took of the order that it is for.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = order_invoices, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct OrderInvoice {
    pub invoice_id: InvoiceId,
    pub account_id: CreditAccountId,
    pub order_number: Number,
    /// The reservation that the order had.
    pub reservation_id: Option<ReservationId>,
    pub amount_minor: i64,
    /// What it took of deliveries that were not billed.
    pub delivered_minor: i64,
    /// What was delivered of it only later.
    pub matched_minor: i64,
    /// What it passed its order by, with the policy's tolerance.
    pub excess_minor: i64,
    /// When it was cancelled and the order had it back.
    pub restored_at: Option<Instant>,
}

impl OrderInvoice {
    /// What was invoiced before anybody said that it was delivered.
    pub fn ahead_minor(&self) -> i64 {
        if self.restored_at.is_some() {
            return 0;
        }
        let known = self.delivered_minor.saturating_add(self.matched_minor);
        self.amount_minor.saturating_sub(known).max(0)
    }
}

/// An invoice or an exposure entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderDocument;

impl Kind for OrderDocument {
    const PREFIX: &'static str = "";
    const SCHEMA: &'static str = "";
    const NOUN: &'static str = "document";
}

pub type OrderDocumentId = Id<OrderDocument>;

/// What one document took of a reservation.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = reservation_captures, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ReservationCapture {
    pub reservation_id: ReservationId,
    pub document_id: OrderDocumentId,
    pub captured_minor: i64,
}

impl ReservationCapture {
    pub const fn by_invoice(
        reservation: ReservationId,
        invoice: InvoiceId,
        captured_minor: i64,
    ) -> ReservationCapture {
        ReservationCapture {
            reservation_id: reservation,
            document_id: OrderDocumentId::from_uuid(invoice.uuid()),
            captured_minor,
        }
    }

    pub const fn by_entry(
        reservation: ReservationId,
        entry: ExposureEntryId,
        captured_minor: i64,
    ) -> ReservationCapture {
        ReservationCapture {
            reservation_id: reservation,
            document_id: OrderDocumentId::from_uuid(entry.uuid()),
            captured_minor,
        }
    }
}

/// What an order system knows of an account's exposure and netterms does not: one document of its own.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = exposure_entries, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ExposureEntry {
    pub id: ExposureEntryId,
    #[diesel(skip_update)]
    pub account_id: CreditAccountId,
    #[diesel(skip_update)]
    pub category: EntryCategory,
    #[diesel(skip_update)]
    pub number: Number,
    #[diesel(skip_update)]
    pub currency: Currency,
    /// What counts: of a delivery, what is not billed.
    pub amount_minor: i64,
    pub entry_date: NaiveDate,
    pub set_by: Subject,
    pub set_at: Instant,
    pub version: i64,
    /// The order that was delivered.
    pub order_number: Option<Number>,
    /// What the other system said.
    pub stated_minor: i64,
    /// What invoices took of it.
    pub billed_minor: i64,
    #[diesel(skip_update)]
    pub legal_entity_id: LegalEntityId,
}

impl ExposureEntry {
    /// The balance that it counts in.
    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }
}
