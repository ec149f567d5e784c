//! The posting as it is stored, and what it is made of.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::postings;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{
    ChargeId, CreditNoteId, CustomerId, InvoiceId, LegalEntityId, PostingId, ReceiptId, RefundId,
    SettlementId,
};
use kernel::money::Currency;
use kernel::text::{Line, Subject};

text_enum! {
    /// What a posting tells: the kinds of settlements, refunds, and claimed charges.
    pub enum PostingKind {
        /// Money was applied to an invoice.
        Payment = "payment",
        /// A credit note was applied to an invoice.
        Credit = "credit",
        /// Granted for paying early.
        Discount = "discount",
        /// Taken off by the customer, and granted.
        Deduction = "deduction",
        /// Kept by banks.
        BankCharge = "bank_charge",
        /// A difference within what the policy tolerates.
        Tolerance = "tolerance",
        /// Set off against what we owe.
        Compensation = "compensation",
        /// Left because two currencies moved.
        ExchangeDifference = "exchange_difference",
        /// A small difference that is given up.
        WriteOff = "write_off",
        /// Money was given back.
        Refund = "refund",
        /// Interest, a fixed sum or a fee for paying late was claimed, or its claim taken back.
        Charge = "charge",
    }
}

/// What a general ledger has to follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = postings, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Posting {
    pub id: PostingId,
    pub kind: PostingKind,
    /// What it tells of: a settlement, a refund or a charge.
    pub settlement_id: Option<SettlementId>,
    pub refund_id: Option<RefundId>,
    pub customer_id: CustomerId,
    pub legal_entity_id: LegalEntityId,
    pub invoice_id: Option<InvoiceId>,
    pub receipt_id: Option<ReceiptId>,
    pub credit_note_id: Option<CreditNoteId>,
    pub currency: Currency,
    /// Negative where something is taken back.
    pub amount_minor: i64,
    pub effective_on: NaiveDate,
    pub created_by: Subject,
    pub created_at: Instant,
    pub acknowledged_by: Option<Subject>,
    pub acknowledged_at: Option<Instant>,
    /// What the ledger that followed calls it.
    pub reference: Option<Line>,
    pub version: i64,
    /// The charge of which it tells that it was claimed, or that its claim was taken back.
    pub charge_id: Option<ChargeId>,
}

/// A refund that was paid, with what its receipt says of it.
#[derive(Debug, Clone, Queryable)]
pub struct PaidRefund {
    pub id: RefundId,
    pub receipt_id: ReceiptId,
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub amount_minor: i64,
    pub paid_on: Option<NaiveDate>,
    pub legal_entity_id: LegalEntityId,
}
