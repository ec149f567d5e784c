//! What use cases and lists are asked.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{AdviceStatus, EntryKind, EntryStatus, StatementFormat};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::receivables::model::DepositRequestRef;
use crate::platform::http::body::nullable;
use kernel::clock::Day;
use kernel::ids::{BankAccountId, BankEntryId, BankStatementId, InvoiceId, MatchProposalId};
use kernel::money::{Currency, PositiveIn};
use kernel::text::{Line, Note, Number};

/// An account of the organisation's own at a bank.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "number": "DE89370400440532013000", "currency": "EUR", "name": "Main account", "bank_code": "COBADEFFXXX"
}))]
pub struct BankAccountIn {
    /// The IBAN, or the number that the bank gave it; blanks do not count.
    pub number: Number,
    pub currency: Currency,
    pub name: Line,
    /// The BIC or another code of the bank.
    pub bank_code: Option<Line>,
    /// The company whose account it is: what comes in is paid to it. `MAIN` when not given.
    pub legal_entity: Option<EntityRef>,
}

/// What of a bank account is changed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Collection account"}))]
pub struct BankAccountPatch {
    pub name: Option<Line>,
    /// Null takes it away.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub bank_code: Option<Option<Line>>,
    /// From this day on no statements are taken; null opens it again.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Day>)]
    pub closed_on: Option<Option<Day>>,
}

/// Which bank accounts, the oldest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BankAccountFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub number: Vec<Number>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub currency: Vec<Currency>,
}

/// How a file of statements is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementQuery {
    /// The form of the file; recognised by its beginning when not given.
    pub format: Option<StatementFormat>,
}

/// The parts of an upload, in any order.
#[derive(ToSchema)]
#[schema(as = BankStatementIn, example = json!({
    "file": "account,currency,booking_date,amount,payer_name,remittance\nDE89370400440532013000,EUR,2026-03-31,125.00,Jiangnan Trading,I-2026-0001\n"
}))]
#[expect(
    dead_code,
    reason = "the contract's shape of a body that is read as a stream"
)]
pub struct BankStatementIn {
    /// How a CSV of a bank's own is read, as JSON: `columns`, `date_format`, `decimal_comma`, `account`, `currency`.
    #[schema(max_length = 16384)]
    mapping: Option<String>,
    /// camt.053, camt.054, MT940 or CSV.
    #[schema(format = Binary, max_length = 33_554_432)]
    file: String,
}

/// Which statements, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BankStatementFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub bank_account_id: Vec<BankAccountId>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub statement_format: Vec<StatementFormat>,
    /// Closed on this day or later.
    pub closing_date_from: Option<Day>,
    /// Closed on this day or earlier.
    pub closing_date_to: Option<Day>,
}

/// Which bank entries, the oldest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BankEntryFilter {
    /// The worklist is `open` and `unidentified`.
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<EntryStatus>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<EntryKind>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub bank_account_id: Vec<BankAccountId>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub statement_id: Vec<BankStatementId>,
    /// Taken for payments of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Booked on this day or later.
    pub booking_date_from: Option<Day>,
    /// Booked on this day or earlier.
    pub booking_date_to: Option<Day>,
}

/// Which proposal is right.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"proposal_id": "mpr_01k00000000000000000000001"}))]
pub struct AcceptIn {
    /// The best one when not given.
    pub proposal_id: Option<MatchProposalId>,
}

/// Whose money an entry is, and what it pays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"parts": [
    {"customer": "C-1001", "amount": {"amount": "800.00", "currency": "CNY"}, "invoices": [
        {"invoice_number": "I-2026-0001", "amount": {"amount": "800.00", "currency": "CNY"}}]},
    {"customer": "C-1002", "amount": {"amount": "200.00", "currency": "CNY"}}
], "reason": "The parent said so by telephone."}))]
pub struct AssignEntryIn {
    /// Each becomes a receipt of its customer. What they leave of the entry waits on.
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100)]
    pub parts: Vec<AssignPartIn>,
    pub reason: Option<Note>,
    /// Whether netterms is to know the payer's account as this customer's from now on; yes, when not given and there is
    /// one part.
    pub learn_payer_account: Option<bool>,
}

/// Which payment a return takes back.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "entry_id": "ben_01k00000000000000000000001", "reason": "The customer's bank had not enough on the account."
}))]
pub struct ReturnedPaymentIn {
    /// The payment, as it came in.
    pub entry_id: BankEntryId,
    pub reason: Note,
    /// From which day on its receipts are reversed; the day on which the bank booked the return, when not given. A later one
    /// where the books of that day are closed.
    pub effective_on: Option<Day>,
}

/// What one customer pays.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_order"))]
pub struct AssignPartIn {
    pub customer: CustomerRef,
    pub amount: PositiveIn,
    /// The invoices that it pays; what is left stays unapplied. Left out, all of it does.
    #[serde(default)]
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500)]
    pub invoices: Vec<AssignInvoiceIn>,
    /// The order that it is paid for beforehand, by our number: it settles invoices of that order alone, until it is released.
    pub prepaid_order_number: Option<Number>,
    /// The deposit request that it is paid for, by its id or number, in place of `prepaid_order_number`: the order is the
    /// request's.
    #[schema(value_type = Option<Number>)]
    pub deposit_request: Option<DepositRequestRef>,
}

fn one_order(part: &AssignPartIn) -> Result<(), ValidationError> {
    if part.prepaid_order_number.is_some() && part.deposit_request.is_some() {
        let message = "give prepaid_order_number or deposit_request, not both";
        return Err(ValidationError::new("exclusive").with_message(message.into()));
    }
    Ok(())
}

/// A part of the money for an invoice.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_invoice"))]
pub struct AssignInvoiceIn {
    /// The invoice by id; either this or `invoice_number`.
    pub invoice_id: Option<InvoiceId>,
    /// The invoice by number; either this or `invoice_id`.
    pub invoice_number: Option<Number>,
    pub amount: PositiveIn,
}

fn one_invoice(one: &AssignInvoiceIn) -> Result<(), ValidationError> {
    if one.invoice_id.is_some() == one.invoice_number.is_some() {
        return Err(ValidationError::new("exclusive").with_message(
            "must name the invoice by invoice_id or invoice_number, exactly one".into(),
        ));
    }
    Ok(())
}

/// Which accounts payers paid from, by customer and number.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PayerAccountFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub number: Vec<Number>,
}

/// What a payer says that a payment is for.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "number": "ADV-77", "customer": "C-1001", "amount": {"amount": "1300.00", "currency": "CNY"},
    "payment_date": "2026-04-30", "payer_account": "NL91ABNA0417164300", "lines": [
        {"invoice_number": "I-2026-0001", "amount": {"amount": "800.00", "currency": "CNY"}},
        {"invoice_number": "I-2026-0002", "amount": {"amount": "500.00", "currency": "CNY"}}]
}))]
pub struct RemittanceAdviceIn {
    /// The payer's own number of it; no other of the customer's has it.
    pub number: Number,
    /// Who pays.
    pub customer: CustomerRef,
    /// What will come.
    pub amount: PositiveIn,
    pub payment_date: Option<Day>,
    /// The IBAN or number of the account that it will come from.
    pub payer_account: Option<Number>,
    /// The invoices that it pays, of this customer or of others; they add up to the amount.
    #[validate(length(min = 1, max = 500), nested)]
    #[schema(min_items = 1, max_items = 500)]
    pub lines: Vec<AdviceLineIn>,
}

/// A file of remittance advices.
#[derive(ToSchema)]
#[schema(as = RemittanceAdviceFileIn, example = json!({
    "file": "number,customer_number,invoice_number,amount,currency\nADV-77,C-1001,I-2026-0001,800.00,CNY\n"
}))]
#[expect(
    dead_code,
    reason = "the contract's shape of a body that is read as a stream"
)]
pub struct RemittanceAdviceFileIn {
    /// CSV or remt.001.
    #[schema(format = Binary, max_length = 33_554_432)]
    file: String,
}

/// An invoice as the payer names it, and what it gets.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdviceLineIn {
    pub invoice_number: Number,
    pub amount: PositiveIn,
}

/// Which remittance advices, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemittanceAdviceFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<AdviceStatus>,
}
