//! Bank accounts, statements, entries, proposals, payers' accounts and remittance advices as they are stored and named.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::db::schema::{
    bank_accounts, bank_entries, bank_entry_receipts, bank_statements, match_proposals,
    payer_accounts, remittance_advices,
};
use kernel::clock::Instant;
use kernel::columns::{text_column, text_enum};
use kernel::ids::{
    BankAccountId, BankEntryId, BankStatementId, CustomerId, InvoiceId, LegalEntityId,
    MatchProposalId, PayerAccountId, ReceiptId, RemittanceAdviceId,
};
use kernel::money::{Currency, Money};
use kernel::text::{Line, Number, Subject};

text_enum! {
    /// The form of a bank statement.
    pub enum StatementFormat {
        /// ISO 20022, a statement of a day.
        Camt053 = "camt053",
        /// ISO 20022, a notification of single entries, without balances.
        Camt054 = "camt054",
        /// SWIFT.
        Mt940 = "mt940",
        /// Lines with the columns that docs/imports.md lists.
        Csv = "csv",
    }
}

text_enum! {
    /// Which way the money of a bank entry went.
    pub enum EntryKind {
        /// It came in.
        Credit = "credit",
        /// It went out.
        Debit = "debit",
        /// What came in before went back: a payment that was returned.
        ReturnedCredit = "returned_credit",
        /// What went out before came back.
        ReturnedDebit = "returned_debit",
    }
}

impl EntryKind {
    /// Whether the balance rises with it.
    pub const fn comes_in(self) -> bool {
        matches!(self, EntryKind::Credit | EntryKind::ReturnedDebit)
    }
}

text_enum! {
    /// Where a bank entry stands.
    pub enum EntryStatus {
        /// It was kept, and nobody has looked at it yet.
        Received = "received",
        /// It waits for a person, with proposals or a payer who is known.
        Open = "open",
        /// Nobody knows whose money it is. It waits for a person.
        Unidentified = "unidentified",
        /// All of it became receipts.
        Applied = "applied",
        /// A person said that it is no payment of a customer.
        Ignored = "ignored",
        /// Money that went out: it is no receipt.
        NoReceipt = "no_receipt",
        /// The bank took it back: what became of it was reversed.
        Returned = "returned",
    }
}

impl EntryStatus {
    /// Whether a person may still say what it is.
    pub const fn is_waiting(self) -> bool {
        matches!(
            self,
            EntryStatus::Received | EntryStatus::Open | EntryStatus::Unidentified
        )
    }

    /// What can be done with an entry that stands here.
    pub const fn allowed(self) -> &'static [&'static str] {
        match self {
            EntryStatus::Received | EntryStatus::Open | EntryStatus::Unidentified => {
                &["accept", "assign", "ignore", "match"]
            }
            EntryStatus::Ignored | EntryStatus::NoReceipt | EntryStatus::Returned => &["reopen"],
            EntryStatus::Applied => &[],
        }
    }
}

text_enum! {
    /// Where a remittance advice stands.
    pub enum AdviceStatus {
        /// Its payment has not come.
        Open = "open",
        /// Its payment came.
        Paid = "paid",
        /// It is no longer expected.
        Withdrawn = "withdrawn",
    }
}

/// An account of the organisation's own at a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = bank_accounts, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct BankAccount {
    pub id: BankAccountId,
    /// The IBAN or the number that the bank gave it, without blanks.
    pub number: Number,
    pub currency: Currency,
    pub name: Line,
    /// The BIC or another code of the bank.
    pub bank_code: Option<Line>,
    /// The company whose account it is.
    pub legal_entity_id: LegalEntityId,
    /// From this day on no statements are taken.
    pub closed_on: Option<NaiveDate>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub version: i64,
}

/// What a bank said of an account for a while. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = bank_statements, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct BankStatement {
    pub id: BankStatementId,
    pub bank_account_id: BankAccountId,
    pub format: StatementFormat,
    /// As the bank numbers it.
    pub number: String,
    /// A hash of what it says: the same is the same statement.
    pub digest: String,
    pub opening_date: Option<NaiveDate>,
    pub closing_date: NaiveDate,
    pub currency: Currency,
    /// None where the format has no balances.
    pub opening_minor: Option<i64>,
    pub closing_minor: Option<i64>,
    pub credits_minor: i64,
    pub debits_minor: i64,
    /// How many payments it lists.
    pub entries: i64,
    /// How many of them were known from other statements.
    pub known_entries: i64,
    pub sent_by: Subject,
    pub sent_at: Instant,
}

/// A list of structured references, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct References(pub Vec<String>);

/// Stores a document of ours as JSON.
macro_rules! json_text {
    ($name:ident) => {
        text_column!(@shown $name);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
            }
        }

        impl std::str::FromStr for $name {
            type Err = serde_json::Error;

            fn from_str(text: &str) -> Result<$name, serde_json::Error> {
                serde_json::from_str(text)
            }
        }
    };
}

json_text!(References);
json_text!(Parts);
json_text!(Reasons);
json_text!(AdviceLines);

/// A payment on an account at a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = bank_entries, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct BankEntry {
    pub id: BankEntryId,
    pub bank_account_id: BankAccountId,
    pub statement_id: BankStatementId,
    /// The company whose account it is.
    pub legal_entity_id: LegalEntityId,
    pub kind: EntryKind,
    pub currency: Currency,
    pub amount_minor: i64,
    pub booking_date: NaiveDate,
    pub value_date: NaiveDate,
    /// The bank's reference of the booking; several payments of a batch have the same.
    pub bank_reference: Option<String>,
    pub end_to_end_id: Option<String>,
    pub payer_name: Option<String>,
    /// The IBAN or number of the account that it came from, without blanks.
    pub payer_account: Option<String>,
    pub structured_references: References,
    pub remittance: String,
    /// A hash of the booking: two statements that have it in common tell of the same.
    pub booking_digest: String,
    /// The amount of the booking, of which this payment may be a part.
    pub booking_minor: i64,
    /// The balance after the booking, where the statement has balances.
    pub balance_minor: Option<i64>,
    pub status: EntryStatus,
    /// Whose payment it is taken for.
    pub customer_id: Option<CustomerId>,
    /// What became receipts that stand.
    pub assigned_minor: i64,
    /// How many receipts were ever made of it: their numbers count on.
    pub receipts_made: i32,
    /// The person who decided; none where netterms did.
    pub decided_by: Option<Subject>,
    pub decided_at: Option<Instant>,
    pub decision_reason: Option<String>,
    pub version: i64,
    /// The payment that it takes back.
    pub returns_entry_id: Option<BankEntryId>,
}

impl BankEntry {
    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }

    /// What is no receipt yet.
    pub const fn left_minor(&self) -> i64 {
        self.amount_minor - self.assigned_minor
    }

    /// Whether a person has begun with it: assigned a part of it, or taken back what it had become. What a person has put
    /// back into the worklist waits as if it had just come; that alone is decided with a reason and nothing assigned.
    pub const fn is_in_a_persons_hands(&self) -> bool {
        let is_put_back = self.assigned_minor == 0 && self.decision_reason.is_some();
        self.decided_by.is_some() && !is_put_back
    }
}

/// A receipt that an entry became.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = bank_entry_receipts, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct EntryReceipt {
    pub receipt_id: ReceiptId,
    pub entry_id: BankEntryId,
    pub amount_minor: i64,
    /// When it was reversed.
    pub given_back_at: Option<Instant>,
}

/// What one customer would pay of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub customer_id: CustomerId,
    pub amount_minor: i64,
    /// The invoices; what they leave of the amount stays unapplied.
    pub invoices: Vec<InvoiceShare>,
}

/// What an invoice would get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceShare {
    pub invoice_id: InvoiceId,
    pub number: String,
    pub amount_minor: i64,
}

/// What customers would pay of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parts(pub Vec<Part>);

text_enum! {
    /// Why a proposal is made, or is not surer.
    pub enum MatchReasonCode {
        /// A reference with check digits that are right carries the invoice's number.
        ReferenceCheckDigits = "reference_check_digits",
        /// A field for references names the invoice.
        ReferenceStructured = "reference_structured",
        /// The text names the invoice as it is written.
        ReferenceExact = "reference_exact",
        /// The text names the invoice, but for punctuation, blanks and zeros in front.
        ReferenceCleaned = "reference_cleaned",
        /// The text has the digits of the invoice's number.
        ReferenceDigits = "reference_digits",
        /// The amount is what is open on the invoices, to the last minor unit.
        AmountExact = "amount_exact",
        /// The amount is what is open less the discount for paying early.
        AmountLessDiscount = "amount_less_discount",
        /// The amount is what is open on the next instalments of an invoice.
        AmountOfInstalments = "amount_of_instalments",
        /// The amount is what is open on one invoice of the customer's, and on no other.
        AmountOfOne = "amount_of_one",
        /// Several invoices have this amount open; the oldest is proposed.
        AmountOfSeveral = "amount_of_several",
        /// The amount is what is open on several invoices together, and on no others.
        AmountOfSum = "amount_of_sum",
        /// The amount is all that the customer owes.
        AmountOfAll = "amount_of_all",
        /// The amount is less than what is open.
        AmountShort = "amount_short",
        /// The amount is more than what is open.
        AmountOver = "amount_over",
        /// The customer paid from this account before.
        PayerAccount = "payer_account",
        /// Several customers paid from this account before.
        PayerAccountShared = "payer_account_shared",
        /// The payer is called as the customer is.
        PayerName = "payer_name",
        /// The text names the customer's number.
        CustomerNumber = "customer_number",
        /// The payment is as a remittance advice announced it.
        RemittanceAdvice = "remittance_advice",
        /// The account it came from is another customer's.
        OtherPayer = "other_payer",
        /// Nothing says which invoices it is for: it would stay unapplied.
        OnAccount = "on_account",
        /// What is taken back came with the same end-to-end reference.
        SameEndToEndId = "same_end_to_end_id",
        /// What is taken back came from the same account.
        SameAccount = "same_account",
        /// What is taken back came from somebody with the same name.
        SameName = "same_name",
        /// What is taken back came with the same text.
        SameText = "same_text",
    }
}

/// A reason with its facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: MatchReasonCode,
    /// What it is about: a reference as it was written, an account, an amount.
    pub fact: Option<String>,
    /// The advice that it is, where it is one: others' may have its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice_id: Option<RemittanceAdviceId>,
}

impl Reason {
    pub const fn new(code: MatchReasonCode, fact: Option<String>) -> Reason {
        Reason {
            code,
            fact,
            advice_id: None,
        }
    }
}

/// The reasons of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reasons(pub Vec<Reason>);

/// Whose money an entry may be, and what it may pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = match_proposals, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct MatchProposal {
    pub id: MatchProposalId,
    pub entry_id: BankEntryId,
    /// 1 for the best.
    pub rank: i32,
    pub confidence_ppm: i64,
    pub parts: Parts,
    pub reasons: Reasons,
    /// The payment that the entry would take back.
    pub returns_entry_id: Option<BankEntryId>,
}

/// An account from which a customer paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = payer_accounts, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PayerAccount {
    pub id: PayerAccountId,
    pub number: String,
    pub customer_id: CustomerId,
    /// As the bank named the payer when it was learned.
    pub payer_name: Option<String>,
    /// The entry that taught it.
    pub entry_id: BankEntryId,
    pub uses: i64,
    pub learned_by: Subject,
    pub learned_at: Instant,
    pub used_at: Instant,
    pub version: i64,
}

/// One line of a remittance advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdviceLine {
    /// The invoice as the payer names it.
    pub reference: Number,
    pub amount_minor: i64,
}

/// The lines of a remittance advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AdviceLines(pub Vec<AdviceLine>);

/// What a payer says that a payment is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = remittance_advices, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct RemittanceAdvice {
    pub id: RemittanceAdviceId,
    /// The payer's own number of it.
    pub number: Number,
    pub customer_id: CustomerId,
    pub payer_account: Option<String>,
    pub currency: Currency,
    pub amount_minor: i64,
    pub payment_date: Option<NaiveDate>,
    pub lines: AdviceLines,
    pub status: AdviceStatus,
    /// The payment that came.
    pub entry_id: Option<BankEntryId>,
    pub posted_by: Subject,
    pub posted_at: Instant,
    pub end_reason: Option<String>,
    pub version: i64,
}
