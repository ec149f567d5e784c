//! The columns that hold one of a list of values, each with the values that this version knows.
//!
//! No CHECK of the database says so, because these lists grow and SQLite can't alter a CHECK
//! (docs/decisions/0001-growing-lists.md). The types write only what they know and refuse to read what they don't; the
//! audit asks all rows.

use crate::book::cash::model::{AdviceStatus, EntryKind, EntryStatus, StatementFormat};
use crate::book::catalogues::model::CatalogueStatus;
use crate::book::change_requests::model::{ChangeKind, ChangeStatus, LineOutcome};
use crate::book::customers::model::LegalStatus;
use crate::book::deadlines::model::{DeadlineKind, DeadlineStatus, DeadlineSubject};
use crate::book::entities::model::Ledger;
use crate::book::exposure::model::{
    AccountStatus, AdditionalKind, AdditionalStatus, BlockCause, EntryCategory, LimitKind,
    LimitScope, LimitSource, PortfolioKind, ReservationStatus,
};
use crate::book::factoring::model::{
    AgreementStatus, AssignmentEffect, AssignmentStatus, FactoringKind, Notification, Recourse,
};
use crate::book::imports::model::ImportKind;
use crate::book::instruments::model::{AcceptorStanding, InstrumentStatus};
use crate::book::payment_terms::model::{InstalmentKind, PaymentTermsStatus};
use crate::book::periods::model::PeriodStatus;
use crate::book::policy::model::{Checkpoint, PolicyStatus};
use crate::book::receivables::model::{DocumentStatus, InvoiceKind, InvoiceStatus, SettlementKind};
use crate::book::refunds::model::RefundStatus;
use crate::collect::charges::model::{ChargeKind, ChargeStatus};
use crate::collect::correspondence::model::{MessageChannel, MessageKind, MessageStatus};
use crate::collect::dunning::model::{
    BlockScope, CaseStatus, Channel, Effect, Escalation, LeftOut, LineDecision, NoticeStatus,
    ProcedureStatus, ProcedureUsage, RunScope, RunStatus,
};
use crate::connect::api_keys::model::KeyRole;
use crate::connect::postings::model::PostingKind;
use crate::connect::webhooks::model::{DeliveryStatus, DisabledBecause, EndpointStatus};
use crate::decide::applications::model::{ApplicationStatus, AssessmentDecision, Verb};
use crate::decide::limits::model::{CreditBlockStatus, Outcome};
use crate::platform::jobs::model::JobStatus;
use crate::prove::controls::model::{ControlCode, ControlOutcome, NotTestable};
use crate::prove::exports::model::ExportFormat;
use crate::rating::models::model::{ModelKind, ModelStatus};
use crate::rating::panels::model::PanelStatus;
use crate::rating::ratings::model::RatingCause;
use crate::rating::scales::model::ScaleStatus;
use crate::rating::statements::model::{Audit, StatementKind};
use kernel::places::Language;

/// A column, and what may stand in it.
pub struct Coded {
    pub table: &'static str,
    pub column: &'static str,
    pub known: fn() -> Vec<&'static str>,
}

macro_rules! coded {
    ($($table:ident . $column:ident: $list:ident :: $text:ident,)+) => {
        &[$(Coded {
            table: stringify!($table),
            column: stringify!($column),
            known: || $list::ALL.iter().map(|value| value.$text()).collect(),
        },)+]
    };
}

/// All of them. A test compares their names with those of the schema's columns, so that a new one is not forgotten.
pub const CODED: &[Coded] = coded! {
    jobs.status: JobStatus::as_str,
    exports.format: ExportFormat::as_str,
    customers.language: Language::code,
    customers.legal_status: LegalStatus::as_str,
    policies.status: PolicyStatus::as_str,
    catalogue_versions.status: CatalogueStatus::as_str,
    change_requests.kind: ChangeKind::as_str,
    change_requests.status: ChangeStatus::as_str,
    change_request_lines.outcome: LineOutcome::as_str,
    periods.status: PeriodStatus::as_str,
    payment_term_versions.status: PaymentTermsStatus::as_str,
    legal_entities.ledger: Ledger::as_str,
    entity_terms.status: AccountStatus::as_str,
    credit_accounts.status: AccountStatus::as_str,
    credit_accounts.limit_kind: LimitKind::as_str,
    credit_accounts.group_limit_kind: LimitKind::as_str,
    limits.scope: LimitScope::as_str,
    limits.limit_kind: LimitKind::as_str,
    limits.source: LimitSource::as_str,
    account_blocks.cause: BlockCause::as_str,
    additional_limits.scope: LimitScope::as_str,
    additional_limits.kind: AdditionalKind::as_str,
    additional_limits.status: AdditionalStatus::as_str,
    portfolio_caps.kind: PortfolioKind::as_str,
    exposure_entries.category: EntryCategory::as_str,
    reservations.status: ReservationStatus::as_str,
    invoices.status: InvoiceStatus::as_str,
    invoices.kind: InvoiceKind::as_str,
    invoice_items.kind: InstalmentKind::as_str,
    credit_notes.status: DocumentStatus::as_str,
    receipts.status: DocumentStatus::as_str,
    deadlines.kind: DeadlineKind::as_str,
    deadlines.subject_kind: DeadlineSubject::as_str,
    deadlines.status: DeadlineStatus::as_str,
    instruments.acceptor_standing: AcceptorStanding::as_str,
    instruments.status: InstrumentStatus::as_str,
    import_feeds.kind: ImportKind::as_str,
    factoring_agreements.kind: FactoringKind::as_str,
    factoring_agreements.recourse: Recourse::as_str,
    factoring_agreements.notification: Notification::as_str,
    factoring_agreements.status: AgreementStatus::as_str,
    factoring_assignments.effect: AssignmentEffect::as_str,
    factoring_assignments.notification: Notification::as_str,
    factoring_assignments.status: AssignmentStatus::as_str,
    settlements.kind: SettlementKind::as_str,
    refunds.status: RefundStatus::as_str,
    bank_entries.kind: EntryKind::as_str,
    bank_entries.status: EntryStatus::as_str,
    bank_statements.format: StatementFormat::as_str,
    remittance_advices.status: AdviceStatus::as_str,
    financial_statements.kind: StatementKind::as_str,
    financial_statements.audit: Audit::as_str,
    expert_panels.status: PanelStatus::as_str,
    grade_scales.status: ScaleStatus::as_str,
    rating_models.kind: ModelKind::as_str,
    rating_models.status: ModelStatus::as_str,
    ratings.cause: RatingCause::as_str,
    messages.kind: MessageKind::as_str,
    messages.channel: MessageChannel::as_str,
    messages.language: Language::code,
    messages.status: MessageStatus::as_str,
    charges.kind: ChargeKind::as_str,
    charges.status: ChargeStatus::as_str,
    dunning_procedures.usage: ProcedureUsage::as_str,
    dunning_procedure_versions.status: ProcedureStatus::as_str,
    dunning_runs.status: RunStatus::as_str,
    dunning_runs.scope: RunScope::as_str,
    dunning_notices.channel: Channel::as_str,
    dunning_notices.effect: Effect::as_str,
    dunning_notices.block_scope: BlockScope::as_str,
    dunning_notices.language: Language::code,
    dunning_notices.status: NoticeStatus::as_str,
    dunning_notices.suppressed_reason: LeftOut::as_str,
    dunning_notice_items.dropped_reason: LeftOut::as_str,
    dunning_notice_items.decision: LineDecision::as_str,
    dunning_cases.status: CaseStatus::as_str,
    dunning_cases.escalation: Escalation::as_str,
    limit_checks.checkpoint: Checkpoint::as_str,
    limit_checks.outcome: Outcome::as_str,
    credit_blocks.status: CreditBlockStatus::as_str,
    applications.scope: LimitScope::as_str,
    applications.status: ApplicationStatus::as_str,
    application_steps.verb: Verb::as_str,
    application_steps.from_status: ApplicationStatus::as_str,
    application_steps.to_status: ApplicationStatus::as_str,
    application_assessments.decision: AssessmentDecision::as_str,
    postings.kind: PostingKind::as_str,
    api_keys.role: KeyRole::as_str,
    control_results.control: ControlCode::as_str,
    control_results.status: ControlOutcome::as_str,
    control_results.not_testable: NotTestable::as_str,
    webhook_endpoints.status: EndpointStatus::as_str,
    webhook_endpoints.disabled_because: DisabledBecause::as_str,
    webhook_deliveries.status: DeliveryStatus::as_str,
};
