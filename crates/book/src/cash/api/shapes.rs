//! What goes out about bank accounts, statements, entries, payers' accounts and remittance advices.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::cash::model::{
    AdviceStatus, BankAccount, BankEntry, BankStatement, EntryKind, EntryReceipt, EntryStatus,
    MatchProposal, MatchReasonCode, PayerAccount, RemittanceAdvice, StatementFormat,
};
use crate::book::cash::store;
use crate::book::customers::model::Customer;
use crate::book::customers::store as customers;
use crate::platform::db::{Db, DbError};
use kernel::clock::Instant;
use kernel::ids::{
    BankAccountId, BankEntryId, BankStatementId, CustomerId, InvoiceId, LegalEntityId,
    MatchProposalId, PayerAccountId, ReceiptId, RemittanceAdviceId,
};
use kernel::money::{Currency, Money};
use kernel::text::{Line, Number};

/// An account of the organisation's own at a bank.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BankAccount, example = json!({
    "id": "bac_01k00000000000000000000001", "number": "DE89370400440532013000", "currency": "EUR", "name": "Main account",
    "bank_code": "COBADEFFXXX", "legal_entity_id": "ent_00000000000e00800000000001", "closed_on": null, "created_by": "u-31", "created_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct BankAccountOut {
    id: BankAccountId,
    number: Number,
    currency: Currency,
    name: Line,
    bank_code: Option<Line>,
    /// The company whose account it is.
    legal_entity_id: LegalEntityId,
    /// From this day on no statements are taken.
    closed_on: Option<NaiveDate>,
    #[schema(max_length = 128)]
    created_by: String,
    created_at: Instant,
}

impl From<BankAccount> for BankAccountOut {
    fn from(account: BankAccount) -> BankAccountOut {
        BankAccountOut {
            id: account.id,
            number: account.number,
            currency: account.currency,
            name: account.name,
            bank_code: account.bank_code,
            legal_entity_id: account.legal_entity_id,
            closed_on: account.closed_on,
            created_by: account.created_by.into(),
            created_at: account.created_at,
        }
    }
}

/// What a bank said of an account for a while.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BankStatement, example = json!({
    "id": "bst_01k00000000000000000000001", "bank_account_id": "bac_01k00000000000000000000001", "format": "camt053",
    "number": "S-2026-63", "opening_date": "2026-03-30", "closing_date": "2026-03-31",
    "opening": {"amount": "1000.00", "currency": "EUR"}, "closing": {"amount": "1450.00", "currency": "EUR"},
    "credits": {"amount": "500.00", "currency": "EUR"}, "debits": {"amount": "50.00", "currency": "EUR"},
    "entries": 3, "known_entries": 0, "sent_by": "u-31", "sent_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct BankStatementOut {
    id: BankStatementId,
    bank_account_id: BankAccountId,
    format: StatementFormat,
    /// As the bank numbers it.
    #[schema(max_length = 300)]
    number: String,
    opening_date: Option<NaiveDate>,
    closing_date: NaiveDate,
    /// Null where the format has no balances.
    opening: Option<Money>,
    closing: Option<Money>,
    /// All that came in, by the statement.
    credits: Money,
    /// All that went out, by the statement.
    debits: Money,
    /// How many payments it lists.
    #[schema(minimum = 0)]
    entries: i64,
    /// How many of them were known from other statements, and were not taken again.
    #[schema(minimum = 0)]
    known_entries: i64,
    #[schema(max_length = 128)]
    sent_by: String,
    sent_at: Instant,
}

impl From<BankStatement> for BankStatementOut {
    fn from(statement: BankStatement) -> BankStatementOut {
        let money = |minor| Money::from_minor(minor, statement.currency);
        BankStatementOut {
            id: statement.id,
            bank_account_id: statement.bank_account_id,
            format: statement.format,
            opening_date: statement.opening_date,
            closing_date: statement.closing_date,
            opening: statement.opening_minor.map(money),
            closing: statement.closing_minor.map(money),
            credits: money(statement.credits_minor),
            debits: money(statement.debits_minor),
            entries: statement.entries,
            known_entries: statement.known_entries,
            number: statement.number,
            sent_by: statement.sent_by.into(),
            sent_at: statement.sent_at,
        }
    }
}

/// Why a proposal is made, or is not surer.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatchReasonOut {
    code: MatchReasonCode,
    /// What it is about, such as a reference as it was written.
    #[schema(max_length = 200)]
    fact: Option<String>,
}

/// What an invoice would get.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposedInvoiceOut {
    invoice_id: InvoiceId,
    #[schema(max_length = 64)]
    invoice_number: String,
    amount: Money,
}

/// What a customer would pay.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposedPartOut {
    customer_id: CustomerId,
    customer_number: Option<Number>,
    customer_name: Option<Line>,
    amount: Money,
    /// What these leave of the amount would stay unapplied.
    #[schema(max_items = 500)]
    invoices: Vec<ProposedInvoiceOut>,
}

/// Whose money an entry may be, and what it may pay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchProposal, example = json!({
    "id": "mpr_01k00000000000000000000001", "confidence": "0.960000", "parts": [{
        "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.",
        "amount": {"amount": "125.00", "currency": "EUR"}, "invoices": [{
            "invoice_id": "inv_01k00000000000000000000001", "invoice_number": "I-2026-0001",
            "amount": {"amount": "125.00", "currency": "EUR"}}]}],
    "reasons": [{"code": "reference_cleaned", "fact": "I 2026 0001"}, {"code": "amount_exact", "fact": null}],
    "returns_entry_id": null
}))]
pub struct MatchProposalOut {
    id: MatchProposalId,
    /// How sure it is, from 0 to 1.
    #[schema(max_length = 8, pattern = r"^(0\.[0-9]{6}|1\.000000)$")]
    confidence: String,
    #[schema(max_items = 100)]
    parts: Vec<ProposedPartOut>,
    #[schema(max_items = 20)]
    reasons: Vec<MatchReasonOut>,
    /// The payment that the entry would take back; its parts are the receipts that would be reversed.
    returns_entry_id: Option<BankEntryId>,
}

/// A receipt that an entry became.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryReceiptOut {
    receipt_id: ReceiptId,
    amount: Money,
    /// When it was reversed, and its money given back to the entry.
    given_back_at: Option<Instant>,
}

/// A payment on an account at a bank.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BankEntry, example = json!({
    "id": "ben_01k00000000000000000000001", "bank_account_id": "bac_01k00000000000000000000001",
    "statement_id": "bst_01k00000000000000000000001", "legal_entity_id": "ent_00000000000e00800000000001",
    "kind": "credit", "amount": {"amount": "125.00", "currency": "EUR"},
    "left": {"amount": "125.00", "currency": "EUR"}, "booking_date": "2026-03-31", "value_date": "2026-03-31",
    "bank_reference": "B-4711", "end_to_end_id": null, "payer_name": "JIANGNAN TRADING CO", "payer_account": "NL91ABNA0417164300",
    "references": [], "remittance": "Invoice I 2026 0001", "status": "open", "customer_id": null, "customer_number": null,
    "customer_name": null, "proposals": [], "receipts": [], "decided_by": null, "decided_at": null, "decision_reason": null,
    "returns_entry_id": null
}))]
pub struct BankEntryOut {
    id: BankEntryId,
    bank_account_id: BankAccountId,
    statement_id: BankStatementId,
    /// The company whose account it is.
    legal_entity_id: LegalEntityId,
    kind: EntryKind,
    amount: Money,
    /// What is no receipt yet.
    left: Money,
    booking_date: NaiveDate,
    value_date: NaiveDate,
    /// The bank's reference of the booking; several payments of a batch have the same.
    #[schema(max_length = 140)]
    bank_reference: Option<String>,
    #[schema(max_length = 140)]
    end_to_end_id: Option<String>,
    /// The other side: who paid, or for money that went out, who was paid.
    #[schema(max_length = 200)]
    payer_name: Option<String>,
    #[schema(max_length = 64)]
    payer_account: Option<String>,
    /// What stood in fields for references.
    #[schema(max_items = 500)]
    references: Vec<Line>,
    /// What the payer wrote.
    #[schema(max_length = 2000)]
    remittance: String,
    status: EntryStatus,
    /// Whose payment it is taken for, when it is one customer's.
    customer_id: Option<CustomerId>,
    customer_number: Option<Number>,
    customer_name: Option<Line>,
    /// What it may pay, the surest first.
    #[schema(max_items = 5)]
    proposals: Vec<MatchProposalOut>,
    #[schema(max_items = 1000)]
    receipts: Vec<EntryReceiptOut>,
    /// The person who decided; null where netterms did.
    #[schema(max_length = 128)]
    decided_by: Option<String>,
    decided_at: Option<Instant>,
    #[schema(max_length = 2000)]
    decision_reason: Option<String>,
    /// The payment that it takes back.
    returns_entry_id: Option<BankEntryId>,
}

/// Describes entries with their proposals, receipts and customers, in a handful of queries.
///
/// # Errors
/// When the database fails.
pub fn describe_all(db: &mut Db, entries: Vec<BankEntry>) -> Result<Vec<BankEntryOut>, DbError> {
    let ids: Vec<BankEntryId> = entries.iter().map(|entry| entry.id).collect();
    let mut proposals: BTreeMap<BankEntryId, Vec<MatchProposal>> = BTreeMap::new();
    for proposal in store::list_proposals(db, &ids)? {
        proposals
            .entry(proposal.entry_id)
            .or_default()
            .push(proposal);
    }
    let mut receipts: BTreeMap<BankEntryId, Vec<EntryReceipt>> = BTreeMap::new();
    for receipt in store::list_receipts_of(db, &ids)? {
        receipts.entry(receipt.entry_id).or_default().push(receipt);
    }
    let proposed = proposals
        .values()
        .flatten()
        .flat_map(|proposal| &proposal.parts.0)
        .map(|part| part.customer_id);
    let mut wanted: Vec<CustomerId> = entries
        .iter()
        .filter_map(|entry| entry.customer_id)
        .chain(proposed)
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let known: BTreeMap<CustomerId, Customer> = customers::list_by_ids(db, &wanted)?
        .into_iter()
        .map(|customer| (customer.id, customer))
        .collect();
    Ok(entries
        .into_iter()
        .map(|entry| {
            let proposals = proposals.remove(&entry.id).unwrap_or_default();
            let receipts = receipts.remove(&entry.id).unwrap_or_default();
            entry_out(entry, &proposals, &receipts, &known)
        })
        .collect())
}

/// [`describe_all`] for one entry.
///
/// # Errors
/// When the database fails.
pub fn describe(db: &mut Db, entry: BankEntry) -> Result<BankEntryOut, DbError> {
    describe_all(db, vec![entry])?
        .pop()
        .ok_or_else(|| DbError::Document("an entry that is none".to_owned()))
}

fn entry_out(
    entry: BankEntry,
    proposals: &[MatchProposal],
    receipts: &[EntryReceipt],
    known: &BTreeMap<CustomerId, Customer>,
) -> BankEntryOut {
    let customer = entry.customer_id.and_then(|id| known.get(&id));
    BankEntryOut {
        amount: entry.money(entry.amount_minor),
        left: entry.money(entry.left_minor()),
        customer_number: customer.map(|customer| customer.number.clone()),
        customer_name: customer.map(|customer| customer.name.clone()),
        proposals: proposals
            .iter()
            .map(|proposal| proposal_out(&entry, proposal, known))
            .collect(),
        receipts: receipts
            .iter()
            .map(|receipt| EntryReceiptOut {
                receipt_id: receipt.receipt_id,
                amount: entry.money(receipt.amount_minor),
                given_back_at: receipt.given_back_at,
            })
            .collect(),
        id: entry.id,
        bank_account_id: entry.bank_account_id,
        statement_id: entry.statement_id,
        legal_entity_id: entry.legal_entity_id,
        kind: entry.kind,
        booking_date: entry.booking_date,
        value_date: entry.value_date,
        bank_reference: entry.bank_reference,
        end_to_end_id: entry.end_to_end_id,
        payer_name: entry.payer_name,
        payer_account: entry.payer_account,
        references: entry
            .structured_references
            .0
            .into_iter()
            .map(Line::stored)
            .collect(),
        remittance: entry.remittance,
        status: entry.status,
        customer_id: entry.customer_id,
        decided_by: entry.decided_by.map(String::from),
        decided_at: entry.decided_at,
        decision_reason: entry.decision_reason,
        returns_entry_id: entry.returns_entry_id,
    }
}

fn proposal_out(
    entry: &BankEntry,
    proposal: &MatchProposal,
    known: &BTreeMap<CustomerId, Customer>,
) -> MatchProposalOut {
    let parts = proposal.parts.0.iter().map(|part| {
        let customer = known.get(&part.customer_id);
        let invoices = part.invoices.iter().map(|share| ProposedInvoiceOut {
            invoice_id: share.invoice_id,
            invoice_number: share.number.clone(),
            amount: entry.money(share.amount_minor),
        });
        ProposedPartOut {
            customer_id: part.customer_id,
            customer_number: customer.map(|customer| customer.number.clone()),
            customer_name: customer.map(|customer| customer.name.clone()),
            amount: entry.money(part.amount_minor),
            invoices: invoices.collect(),
        }
    });
    let reasons = proposal.reasons.0.iter().map(|reason| MatchReasonOut {
        code: reason.code,
        fact: reason.fact.clone(),
    });
    MatchProposalOut {
        id: proposal.id,
        confidence: Decimal::new(proposal.confidence_ppm, 6).to_string(),
        parts: parts.collect(),
        reasons: reasons.collect(),
        returns_entry_id: proposal.returns_entry_id,
    }
}

/// An account from which a customer paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayerAccount, example = json!({
    "id": "pac_01k00000000000000000000001", "number": "NL91ABNA0417164300", "customer_id": "cus_01k00000000000000000000001",
    "payer_name": "JIANGNAN TRADING CO", "entry_id": "ben_01k00000000000000000000001", "uses": 3, "learned_by": "u-31",
    "learned_at": "2026-03-31T08:00:00.000000Z", "used_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct PayerAccountOut {
    id: PayerAccountId,
    #[schema(max_length = 64)]
    number: String,
    customer_id: CustomerId,
    /// As the bank named the payer when it was learned.
    #[schema(max_length = 200)]
    payer_name: Option<String>,
    /// The entry that taught it.
    entry_id: BankEntryId,
    /// How many payments came from it.
    #[schema(minimum = 1)]
    uses: i64,
    #[schema(max_length = 128)]
    learned_by: String,
    learned_at: Instant,
    used_at: Instant,
}

impl From<PayerAccount> for PayerAccountOut {
    fn from(account: PayerAccount) -> PayerAccountOut {
        PayerAccountOut {
            id: account.id,
            number: account.number,
            customer_id: account.customer_id,
            payer_name: account.payer_name,
            entry_id: account.entry_id,
            uses: account.uses,
            learned_by: account.learned_by.into(),
            learned_at: account.learned_at,
            used_at: account.used_at,
        }
    }
}

/// An invoice as the payer names it, and what it gets.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdviceLineOut {
    invoice_number: Number,
    amount: Money,
}

/// What a payer says that a payment is for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RemittanceAdvice, example = json!({
    "id": "rad_01k00000000000000000000001", "number": "ADV-77", "customer_id": "cus_01k00000000000000000000001",
    "amount": {"amount": "1300.00", "currency": "CNY"}, "payment_date": "2026-04-30", "payer_account": null,
    "lines": [{"invoice_number": "I-2026-0001", "amount": {"amount": "1300.00", "currency": "CNY"}}], "status": "open",
    "entry_id": null, "end_reason": null, "posted_by": "u-31", "posted_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct RemittanceAdviceOut {
    id: RemittanceAdviceId,
    number: Number,
    customer_id: CustomerId,
    amount: Money,
    payment_date: Option<NaiveDate>,
    #[schema(max_length = 64)]
    payer_account: Option<String>,
    #[schema(max_items = 500)]
    lines: Vec<AdviceLineOut>,
    status: AdviceStatus,
    /// The payment that came.
    entry_id: Option<BankEntryId>,
    #[schema(max_length = 2000)]
    end_reason: Option<String>,
    #[schema(max_length = 128)]
    posted_by: String,
    posted_at: Instant,
}

impl From<RemittanceAdvice> for RemittanceAdviceOut {
    fn from(advice: RemittanceAdvice) -> RemittanceAdviceOut {
        let money = |minor| Money::from_minor(minor, advice.currency);
        RemittanceAdviceOut {
            id: advice.id,
            number: advice.number,
            customer_id: advice.customer_id,
            amount: money(advice.amount_minor),
            payment_date: advice.payment_date,
            payer_account: advice.payer_account,
            lines: advice
                .lines
                .0
                .into_iter()
                .map(|line| AdviceLineOut {
                    invoice_number: line.reference,
                    amount: money(line.amount_minor),
                })
                .collect(),
            status: advice.status,
            entry_id: advice.entry_id,
            end_reason: advice.end_reason,
            posted_by: advice.posted_by.into(),
            posted_at: advice.posted_at,
        }
    }
}
