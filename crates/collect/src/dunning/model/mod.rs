//! Procedures and their levels, runs, notices, stages and blocks.

mod cases;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;
use validator::Validate;

use crate::book::exposure::model::BalanceKey;
use crate::platform::db::schema::{
    dunning_blocks, dunning_notice_items, dunning_notices, dunning_procedure_versions,
    dunning_procedures, dunning_runs, dunning_stages,
};
use crate::platform::db::{DbError, read_document};
use crate::platform::versions::model::lives_at_approval;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::drafters::Drafters;
use kernel::ids::{
    CreditAccountId, CustomerId, DunningBlockId, DunningNoticeId, DunningProcedureId,
    DunningProcedureVersionId, DunningRunId, InvoiceId, ItemId, JobId, LegalEntityId,
};
use kernel::money::{AmountIn, Currency, Money};
use kernel::places::Language;
use kernel::text::{Line, Note, Number, Subject};

pub use cases::{Case, CaseStatus, Closing, Escalation, Pursued};
pub use schedule::{LevelApproval, RunScope, Schedule, Timing};

text_enum! {
    /// How a notice reaches the customer.
    pub enum Channel {
        Letter = "letter",
        Email = "email",
        Phone = "phone",
        Visit = "visit",
        /// Handed over to legal proceedings.
        Legal = "legal",
    }
}

text_enum! {
    /// What a level does to the credit account.
    pub enum Effect {
        None = "none",
        /// Limit checks refuse until what stands at this level is settled.
        Block = "block",
    }
}

text_enum! {
    /// What a level that blocks closes.
    pub enum BlockScope {
        /// The whole account, for the orders of every company.
        Account = "account",
        /// What is sold by the company that is owed; the whole account where there is only one.
        Entity = "entity",
    }
}

text_enum! {
    /// For whom a procedure holds.
    pub enum ProcedureUsage {
        /// For every account that names no other and whose customer's grade has none; there is exactly one.
        Default = "default",
        /// For the accounts that name it, and the grades for which the policy does.
        Assigned = "assigned",
    }
}

text_enum! {
    /// Where a version of a procedure stands. Exactly one of each procedure is live; a live version never changes.
    pub enum ProcedureStatus {
        Draft = "draft",
        Live = "live",
        Retired = "retired",
    }
}

text_enum! {
    /// How far a run has come.
    pub enum RunStatus {
        /// It looks at what is overdue, customer by customer.
        Previewing = "previewing",
        Previewed = "previewed",
        Approved = "approved",
        /// Its notices go out, customer by customer.
        Issuing = "issuing",
        Issued = "issued",
        Cancelled = "cancelled",
    }
}

impl RunStatus {
    /// What can be done with a run from here.
    pub const fn allowed(self) -> &'static [&'static str] {
        match self {
            RunStatus::Previewing => &["cancel"],
            RunStatus::Previewed => &["approve", "cancel", "decide"],
            RunStatus::Approved => &["issue", "cancel"],
            RunStatus::Issuing => &["issue"],
            RunStatus::Issued | RunStatus::Cancelled => &[],
        }
    }
}

text_enum! {
    /// What is to become of a line before a run is approved.
    pub enum LineDecision {
        /// It goes out, as it was proposed.
        Include = "include",
        /// This run leaves it out; the next one proposes it again.
        Exclude = "exclude",
        /// It is kept from dunning up to a day, for a reason: its invoice gets a dunning block.
        Hold = "hold",
    }
}

text_enum! {
    /// What became of a notice.
    pub enum NoticeStatus {
        Previewed = "previewed",
        Issued = "issued",
        /// Not sent, because nothing on it was left to dun when the run was issued, or somebody took all of it off.
        Suppressed = "suppressed",
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// Why an invoice is not dunned.
    pub enum LeftOut {
        /// It was paid, credited or cancelled.
        NothingOpen = "nothing_open",
        /// The customer is insolvent: nobody is to be asked for money then.
        Insolvent = "insolvent",
        /// The customer is dissolved.
        Dissolved = "dissolved",
        /// A dunning block holds it or its customer.
        Blocked = "blocked",
        /// It is with a factor, and the customer knows: the factor asks for its money itself.
        Factored = "factored",
        /// Money and credit of the customer that are not applied yet cover it, the oldest due first.
        Covered = "covered",
        /// It is not overdue for as many days as its next level asks.
        DaysNotReached = "days_not_reached",
        /// The notice before is too recent.
        TooSoon = "too_soon",
        /// What the customer's level adds up to is below its minimum amount.
        BelowMinimum = "below_minimum",
        /// It stands at the procedure's last level.
        LastLevel = "last_level",
        /// Its case is with an agency, in court, or to be written off.
        Escalated = "escalated",
        /// Somebody took it off the run.
        Excluded = "excluded",
        /// Somebody holds it back up to a day.
        Held = "held",
        /// No schedule of its procedure is for this day: of scheduled runs alone.
        NotScheduled = "not_scheduled",
        /// A person must see its level first: another run of the day waits for one.
        NeedsApproval = "needs_approval",
        /// What is known of the company's payments is too old: another run of the day waits for a person.
        FeedStale = "feed_stale",
        /// Another run dunned it between preview and issue.
        AlreadyDunned = "already_dunned",
        /// The procedure lost the level between preview and issue.
        LevelGone = "level_gone",
        /// The level's wording could not be filled in.
        LetterFailed = "letter_failed",
        /// The items of a suppressed notice were dropped for different reasons.
        Several = "several",
    }
}

text_enum! {
    /// Whether a dunning block holds.
    pub enum BlockStatus {
        Active = "active",
        /// Its last day has passed.
        Expired = "expired",
        Lifted = "lifted",
    }
}

/// One step of a procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningLevel, example = json!({
    "level": 1, "days_past_due": 1, "minimum_days_between": 7,
    "minimum_amounts": [{"amount": "100.00", "currency": "CNY"}], "channel": "email", "effect": "none",
    "texts": {
        "en": {"subject": "Reminder: {{ total }} is past due", "body": "Dear customer,\n\n{{ invoices }}\n\nPlease pay."},
        "zh-CN": {"subject": "付款提醒：{{ total }} 已逾期", "body": "尊敬的客户：\n\n{{ invoices }}\n\n请付款。"}
    }
}))]
pub struct Level {
    /// 1 for the first, each one higher than the one before.
    #[validate(range(min = 1, max = 10))]
    #[schema(minimum = 1, maximum = 10)]
    pub level: i32,
    /// From how many days past due on; more than the level before asks.
    #[validate(range(min = 1, max = 3650))]
    #[schema(minimum = 1, maximum = 3650)]
    pub days_past_due: i32,
    /// How many days after the notice before, at the earliest.
    #[validate(range(min = 1, max = 365))]
    #[schema(minimum = 1, maximum = 365)]
    pub minimum_days_between: i32,
    /// What a customer's invoices at this level must add up to, by currency; any amount where none is named.
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub minimum_amounts: Vec<AmountIn>,
    pub channel: Channel,
    /// Never less than that of the level before.
    pub effect: Effect,
    /// Whether a person must see it before a scheduled run sends it. Other runs are approved by a second person anyway.
    #[serde(default)]
    pub approval: LevelApproval,
    /// From which day `days_past_due` counts.
    #[serde(default)]
    pub timing: Timing,
    pub texts: Texts,
}

impl Level {
    /// The least that must be due at this level, in minor units.
    pub fn minimum_minor(&self, currency: Currency) -> i64 {
        self.minimum_amounts
            .iter()
            .map(|amount| amount.money())
            .find(|amount| amount.currency() == currency)
            .map_or(0, Money::minor)
    }
}

/// A level's words in each language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningTexts)]
pub struct Texts {
    pub en: Wording,
    #[serde(rename = "zh-CN")]
    pub zh_cn: Wording,
}

impl Texts {
    pub const fn wording(&self, language: Language) -> &Wording {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh_cn,
        }
    }
}

/// Templates: `{{ name }}` stands for a value and `{% if name > 1 %} … {% else %} … {% endif %}` chooses. Values are
/// `customer_name`, `customer_number`, `level`, `date`, `total`, `invoice_count`, `days_past_due`, `oldest_due_date`,
/// `payment_reference`, and in the body `invoices`, where the list of invoices stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningWording)]
pub struct Wording {
    pub subject: Line,
    pub body: Note,
}

/// What a version of a procedure says, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub levels: Vec<Level>,
    /// Procedures of before there were several companies block the account.
    #[serde(default = "the_account")]
    pub block_scope: BlockScope,
    /// None where nobody but people begin runs.
    #[serde(default)]
    pub schedule: Option<Schedule>,
}

const fn the_account() -> BlockScope {
    BlockScope::Account
}

/// A dunning procedure: what accounts and policies name. What it says is in its versions.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = dunning_procedures, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Procedure {
    pub id: DunningProcedureId,
    pub name: Line,
    pub usage: ProcedureUsage,
    pub created_at: Instant,
    pub changed_at: Instant,
    pub version: i64,
}

/// A version of a dunning procedure.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = dunning_procedure_versions, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ProcedureVersion {
    pub id: DunningProcedureVersionId,
    pub dunning_procedure_id: DunningProcedureId,
    pub procedure_version: i32,
    pub status: ProcedureStatus,
    /// A [`Document`].
    #[serde(serialize_with = "as_document")]
    pub document: String,
    pub reason: String,
    pub author: String,
    /// Everybody who wrote it. None of them sets it live.
    pub drafters: Drafters,
    pub approver: Option<String>,
    pub created_at: Instant,
    pub live_at: Option<Instant>,
    pub retired_at: Option<Instant>,
    pub version: i64,
}

lives_at_approval!(ProcedureVersion {
    "dunning_procedure", id: DunningProcedureVersionId, number: procedure_version, status: ProcedureStatus,
    dunning_procedure_id: DunningProcedureId
});

impl ProcedureVersion {
    /// The levels, from the first up.
    ///
    /// # Errors
    /// When the row was changed by other hands.
    pub fn levels(&self) -> Result<Vec<Level>, DbError> {
        Ok(self.says()?.levels)
    }

    /// All that it says.
    ///
    /// # Errors
    /// When the row was changed by other hands.
    pub fn says(&self) -> Result<Document, DbError> {
        read_document(&self.document)
    }
}

/// A procedure with the version that was live when a run was previewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DunningRunProcedure, example = json!({
    "dunning_procedure_id": "dpr_01k00000000000000000000001", "name": "Standard", "procedure_version": 2
}))]
pub struct RunProcedure {
    pub dunning_procedure_id: DunningProcedureId,
    pub name: Line,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    pub procedure_version: i32,
}

/// Shows a stored document as what it says, not as text within text.
fn as_document<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<serde_json::Value>(text)
        .map_err(serde::ser::Error::custom)?
        .serialize(serializer)
}

/// How many overdue invoices a preview left out, by reason.
pub type Skipped = BTreeMap<LeftOut, i64>;

/// A dunning run.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = dunning_runs, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Run {
    pub id: DunningRunId,
    pub as_of: NaiveDate,
    pub status: RunStatus,
    /// [`Skipped`], as a document.
    #[serde(serialize_with = "as_document")]
    pub skipped: String,
    pub created_by: Subject,
    pub created_at: Instant,
    pub approved_by: Option<Subject>,
    pub approved_at: Option<Instant>,
    pub issued_by: Option<Subject>,
    pub issued_at: Option<Instant>,
    pub version: i64,
    /// A list of [`RunProcedure`]: what each procedure said when the run was previewed.
    #[serde(serialize_with = "as_document")]
    pub procedures: String,
    /// The job that previews or issues it, where it is large.
    pub job_id: Option<JobId>,
    /// The last customer that was previewed, or issued; none before the first.
    #[serde(skip)]
    pub done_to: Option<CustomerId>,
    /// How many lines were previewed of those overdue, or issued of those on its notices.
    #[serde(skip)]
    pub progress_done: i64,
    #[serde(skip)]
    pub progress_total: i64,
    /// How many notices it has, and lines on them, as they were previewed.
    pub notices: i64,
    pub lines: i64,
    pub scope: RunScope,
}

/// What one customer is told at one level of what it owes one company in one currency.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = dunning_notices, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Notice {
    pub id: DunningNoticeId,
    pub run_id: DunningRunId,
    pub customer_id: CustomerId,
    pub account_id: CreditAccountId,
    pub level: i32,
    pub channel: Channel,
    pub effect: Effect,
    pub language: Language,
    pub status: NoticeStatus,
    pub currency: Currency,
    /// What is asked for: what is open on its invoices, less `unapplied_minor`.
    pub total_minor: i64,
    /// What of its invoices is covered by money and credit that are not applied yet.
    pub unapplied_minor: i64,
    pub subject: String,
    #[serde(skip)]
    pub body_text: String,
    #[serde(skip)]
    pub body_html: String,
    pub issued_on: Option<NaiveDate>,
    pub suppressed_reason: Option<LeftOut>,
    pub created_at: Instant,
    pub version: i64,
    /// The version of the procedure that it follows; none for notices that are older than versions.
    pub procedure_version_id: Option<DunningProcedureVersionId>,
    /// To whom it asks to be paid.
    pub legal_entity_id: LegalEntityId,
    /// What it closes when its level blocks.
    pub block_scope: BlockScope,
    /// What the customer is to pay it with; none for notices of before.
    pub payment_reference: Option<String>,
}

/// One item on a notice.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = dunning_notice_items, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct NoticeItem {
    pub notice_id: DunningNoticeId,
    pub item_id: ItemId,
    pub invoice_id: InvoiceId,
    pub level: i32,
    pub days_past_due: i32,
    pub open_minor: i64,
    /// Why it was dropped when the run was issued.
    pub dropped_reason: Option<LeftOut>,
    /// What somebody decided before the run was approved; none where it goes out as it was proposed.
    pub decision: Option<LineDecision>,
    pub decision_reason: Option<Note>,
    pub decided_by: Option<Subject>,
    /// What holds its invoice back.
    pub dunning_block_id: Option<DunningBlockId>,
}

/// How far an item has been dunned. It never goes down: what is paid is no longer looked at.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = dunning_stages, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Stage {
    pub item_id: ItemId,
    pub invoice_id: InvoiceId,
    pub customer_id: CustomerId,
    pub level: i32,
    pub last_dunned_on: NaiveDate,
    pub notice_id: DunningNoticeId,
}

/// What stands at a stage that blocks, of one customer, company and scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Held {
    pub customer_id: CustomerId,
    pub legal_entity_id: LegalEntityId,
    pub block_scope: BlockScope,
    /// The highest such level.
    pub level: i32,
}

/// A promise to ourselves not to dun a customer, or one invoice, up to and including a day.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = dunning_blocks, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct DunningBlock {
    pub id: DunningBlockId,
    pub customer_id: CustomerId,
    pub invoice_id: Option<InvoiceId>,
    pub reason: Note,
    pub until: NaiveDate,
    pub created_by: Subject,
    pub created_at: Instant,
    pub lifted_at: Option<Instant>,
    pub lifted_by: Option<Subject>,
    pub version: i64,
}

impl OpenInvoice {
    /// Whether it is an instalment, and not the invoice as a whole.
    pub const fn is_instalment(&self) -> bool {
        self.amount_minor < self.invoice_minor
    }

    /// The balance that it is owed in.
    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }
}

impl DunningBlock {
    pub fn status(&self, today: NaiveDate) -> BlockStatus {
        if self.lifted_at.is_some() {
            BlockStatus::Lifted
        } else if self.until < today {
            BlockStatus::Expired
        } else {
            BlockStatus::Active
        }
    }
}

/// An item as dunning sees it, which is an invoice or an instalment of one: the ledger's facts with its stage.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct OpenInvoice {
    pub id: ItemId,
    pub invoice_id: InvoiceId,
    pub number: Number,
    /// Its place in the invoice, from 1 on.
    pub position: i32,
    /// The whole of it, and of its invoice.
    pub amount_minor: i64,
    pub invoice_minor: i64,
    pub customer_id: CustomerId,
    /// To whom it is owed.
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    pub invoice_date: NaiveDate,
    pub due_date: NaiveDate,
    pub open_minor: i64,
    /// The last level that it was dunned at; none before the first.
    pub stage: Option<i32>,
    pub last_dunned_on: Option<NaiveDate>,
}

/// What stands in the way of dunning today.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    pub customers: BTreeSet<CustomerId>,
    pub invoices: BTreeSet<InvoiceId>,
    /// Those that a factor asks for itself.
    pub factored: BTreeSet<InvoiceId>,
    /// Those whom nobody may ask for money, with the reason.
    pub by_law: BTreeMap<CustomerId, LeftOut>,
    /// What others pursue: an agency, or a court.
    pub escalated: BTreeSet<(CustomerId, BalanceKey)>,
    /// What somebody took off the run.
    pub decided: BTreeMap<ItemId, LineDecision>,
}

impl Blocks {
    /// Why an invoice is not to be dunned at all.
    pub fn refusal(&self, invoice: &OpenInvoice) -> Option<LeftOut> {
        let decided = match self.decided.get(&invoice.id) {
            Some(LineDecision::Exclude) => Some(LeftOut::Excluded),
            Some(LineDecision::Hold) => Some(LeftOut::Held),
            Some(LineDecision::Include) | None => None,
        };
        let by_law = self.by_law.get(&invoice.customer_id).copied();
        let is_blocked = self.customers.contains(&invoice.customer_id)
            || self.invoices.contains(&invoice.invoice_id);
        let is_factored = self.factored.contains(&invoice.invoice_id);
        let is_escalated = self
            .escalated
            .contains(&(invoice.customer_id, invoice.key()));
        decided
            .or(by_law)
            .or(is_escalated.then_some(LeftOut::Escalated))
            .or(is_factored.then_some(LeftOut::Factored))
            .or(is_blocked.then_some(LeftOut::Blocked))
    }

    /// Whether an invoice is not to be asked for whatever money there is: the money is for the others then.
    pub fn is_set_aside(&self, invoice: &OpenInvoice) -> bool {
        self.invoices.contains(&invoice.invoice_id)
            || matches!(
                self.decided.get(&invoice.id),
                Some(LineDecision::Exclude | LineDecision::Hold)
            )
    }
}
