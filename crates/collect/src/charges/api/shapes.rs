//! What goes out about charges.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::customers::model::Customer;
use crate::collect::charges::model::{
    Charge, ChargeKind, ChargeStatus, LateInterestTerms, Segment,
};
use crate::platform::db::{DbError, read_document};
use kernel::clock::Instant;
use kernel::figures::Figure;
use kernel::ids::{ChargeId, CreditAccountId, CustomerId, InvoiceId, ItemId, LegalEntityId};
use kernel::money::Money;
use kernel::text::{Line, Note, Number, SnakeCode, Subject};

/// What paying late costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Charge, example = json!({
    "id": "chg_01k00000000000000000000001", "kind": "interest", "status": "accrued",
    "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.",
    "credit_account_id": "acc_01k00000000000000000000001", "legal_entity_id": "ent_01k00000000000000000000001",
    "invoice_id": "inv_01k00000000000000000000001", "item_id": "itm_01k00000000000000000000001",
    "amount": {"amount": "127.92", "currency": "EUR"}, "from": "2026-05-16", "to": "2026-06-30", "regime": "eu_2011_7",
    "segments": [{
        "from": "2026-05-16", "to": "2026-06-30", "days": 46, "principal": {"amount": "10000.00", "currency": "EUR"},
        "rate": "0.1015", "per": "year", "interest": {"amount": "127.92", "currency": "EUR"}
    }],
    "note": null, "created_by": "netterms-worker", "created_at": "2026-06-30T08:00:00.000000Z", "claimed_invoice_id": null,
    "claimed_on": null, "claimed_by": null, "claim_reference": null, "ended_on": null, "end_reason": null
}))]
pub struct ChargeOut {
    id: ChargeId,
    kind: ChargeKind,
    status: ChargeStatus,
    customer_id: CustomerId,
    customer_number: Option<Number>,
    customer_name: Option<Line>,
    credit_account_id: CreditAccountId,
    legal_entity_id: LegalEntityId,
    /// The invoice that was paid late.
    invoice_id: InvoiceId,
    /// The item of it.
    item_id: ItemId,
    amount: Money,
    /// Of interest the first day that counts; of others the day on which they came up.
    from: NaiveDate,
    /// Of interest the last day that counts.
    to: NaiveDate,
    /// What it follows, by its code in the catalogue `late_payment_regimes`; null where a rate was agreed, and of fees.
    regime: Option<SnakeCode>,
    /// Of interest: how it comes about.
    #[schema(max_items = 10_000)]
    segments: Vec<Segment>,
    /// What whoever recorded it said.
    note: Option<Note>,
    created_by: Subject,
    created_at: Instant,
    /// The invoice that it became when it was claimed.
    claimed_invoice_id: Option<InvoiceId>,
    claimed_on: Option<NaiveDate>,
    claimed_by: Option<Subject>,
    /// What it was claimed with, such as the number of a notice.
    claim_reference: Option<Line>,
    /// The day on which it was paid, waived or cancelled.
    ended_on: Option<NaiveDate>,
    end_reason: Option<Note>,
}

impl ChargeOut {
    pub fn new(charge: Charge, customer: Option<Customer>) -> Result<ChargeOut, DbError> {
        let (customer_number, customer_name) = customer.map(|one| (one.number, one.name)).unzip();
        Ok(ChargeOut {
            customer_number,
            customer_name,
            amount: charge.amount(),
            segments: read_document(&charge.segments)?,
            id: charge.id,
            kind: charge.kind,
            status: charge.status,
            customer_id: charge.customer_id,
            credit_account_id: charge.account_id,
            legal_entity_id: charge.legal_entity_id,
            invoice_id: charge.invoice_id,
            item_id: charge.item_id,
            from: charge.from_day,
            to: charge.to_day,
            regime: charge.regime,
            note: charge.note,
            created_by: charge.created_by,
            created_at: charge.created_at,
            claimed_invoice_id: charge.claimed_invoice_id,
            claimed_on: charge.claimed_on,
            claimed_by: charge.claimed_by,
            claim_reference: charge.claim_reference,
            ended_on: charge.ended_on,
            end_reason: charge.end_reason,
        })
    }
}

/// What paying late would come to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LateInterestCalculation, example = json!({
    "segments": [{
        "from": "2026-05-16", "to": "2026-06-30", "days": 46, "principal": {"amount": "10000.00", "currency": "EUR"},
        "rate": "0.1015", "per": "year", "interest": {"amount": "127.92", "currency": "EUR"}
    }],
    "interest": {"amount": "127.92", "currency": "EUR"}, "fixed_sum": {"amount": "40.00", "currency": "EUR"}
}))]
pub struct CalculationOut {
    #[schema(max_items = 10_000)]
    pub segments: Vec<Segment>,
    pub interest: Money,
    /// What the regime grants once for an invoice; null where it grants none, or the debt is in another currency.
    pub fixed_sum: Option<Money>,
}

/// What is agreed with a customer about paying late.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LateInterestTerms, example = json!({
    "credit_account_id": "acc_01k00000000000000000000001", "legal_entity_id": "ent_01k00000000000000000000001",
    "yearly_rate": "0.08", "regime": null, "reason": "Frame contract of 2026, clause 10.", "set_by": "u-21",
    "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct LateInterestTermsOut {
    credit_account_id: CreditAccountId,
    legal_entity_id: LegalEntityId,
    /// The rate of a year that goes before any regime; zero for no interest, null where none was agreed.
    yearly_rate: Option<Figure>,
    /// The regime that holds; null for that of the legal entity's country.
    regime: Option<SnakeCode>,
    #[schema(max_length = 2000)]
    reason: String,
    /// Who said so; null where nothing was agreed.
    set_by: Option<Subject>,
    changed_at: Option<Instant>,
}

impl From<LateInterestTerms> for LateInterestTermsOut {
    fn from(terms: LateInterestTerms) -> LateInterestTermsOut {
        let is_agreed = terms.version > 0;
        LateInterestTermsOut {
            credit_account_id: terms.account_id,
            legal_entity_id: terms.legal_entity_id,
            yearly_rate: terms.yearly_rate,
            regime: terms.regime,
            reason: terms.reason.into(),
            set_by: is_agreed.then_some(terms.set_by),
            changed_at: is_agreed.then_some(terms.changed_at),
        }
    }
}
