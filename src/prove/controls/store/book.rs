//! Queries on what the controls look at in the book: decisions, changes, receipts, and what was given up.

use std::collections::BTreeMap;

use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::book::change_requests::model::ChangeStatus;
use crate::book::exposure::model::LimitSource;
use crate::book::receivables::model::{DocumentStatus, SettlementKind};
use crate::decide::applications::model::{ApplicationStatus, Verb};
use crate::decide::limits::model::CreditBlockStatus;
use crate::platform::db::schema::{
    application_steps, applications, catalogue_versions, change_requests, credit_blocks,
    credit_notes, customer_owners, dunning_procedure_versions, grade_scales, invoices, limits,
    payment_term_versions, policies, rating_models, receipts, settlements,
};
use crate::platform::db::{Db, DbError, on_backend};
use crate::prove::controls::model::{Approved, Period, Released, WentLive};
use kernel::clock::Instant;
use kernel::ids::{
    ApplicationId, ChangeRequestId, CreditNoteId, DunningProcedureVersionId, GradeScaleId,
    InvoiceId, LimitId, PaymentTermsVersionId, PolicyId, RatingModelId, ReceiptId, SettlementId,
};

/// How many ids are asked for at once.
const IDS_AT_ONCE: usize = 500;

/// Applications that were approved in a period.
pub fn list_approved(db: &mut Db, period: &Period) -> Result<Vec<Approved>, DbError> {
    let approved = [
        ApplicationStatus::Approved,
        ApplicationStatus::ApprovedWithConditions,
    ];
    Ok(on_backend!(db, |c| applications::table
        .filter(applications::status.eq_any(approved))
        .filter(applications::decided_at.ge(period.start))
        .filter(applications::decided_at.lt(period.end))
        .order(applications::id)
        .select((
            applications::id,
            applications::customer_id,
            applications::currency,
            applications::recommended_limit_minor,
            applications::created_by,
            applications::submitted_by,
            applications::recommended_by,
            applications::credit_approver,
            applications::approver,
            applications::decided_at,
        ))
        .load(c))?)
}

/// The steps of some applications, each with who took it.
pub fn list_steps(
    db: &mut Db,
    of: &[ApplicationId],
) -> Result<BTreeMap<ApplicationId, Vec<(Verb, String)>>, DbError> {
    let mut all: BTreeMap<ApplicationId, Vec<(Verb, String)>> = BTreeMap::new();
    for chunk in of.chunks(IDS_AT_ONCE) {
        let rows: Vec<(ApplicationId, Verb, String)> =
            on_backend!(db, |c| application_steps::table
                .filter(application_steps::application_id.eq_any(chunk))
                .order(application_steps::id)
                .select((
                    application_steps::application_id,
                    application_steps::verb,
                    application_steps::subject,
                ))
                .load(c))?;
        for (application, verb, subject) in rows {
            all.entry(application).or_default().push((verb, subject));
        }
    }
    Ok(all)
}

/// A policy that was live: its document, and from when to when.
pub type LivePolicy = (String, Option<Instant>, Option<Instant>);

/// Policies that were live.
pub fn list_policies(db: &mut Db) -> Result<Vec<LivePolicy>, DbError> {
    Ok(on_backend!(db, |c| policies::table
        .filter(policies::live_at.is_not_null())
        .order(policies::live_at)
        .select((policies::document, policies::live_at, policies::retired_at))
        .load(c))?)
}

/// Credit blocks that somebody released in a period.
pub fn list_released(db: &mut Db, period: &Period) -> Result<Vec<Released>, DbError> {
    Ok(on_backend!(db, |c| credit_blocks::table
        .filter(credit_blocks::status.eq(CreditBlockStatus::Released))
        .filter(credit_blocks::decided_at.ge(period.start))
        .filter(credit_blocks::decided_at.lt(period.end))
        .order(credit_blocks::id)
        .select((
            credit_blocks::id,
            credit_blocks::opened_by,
            credit_blocks::release_requested_by,
            credit_blocks::decided_by,
            credit_blocks::decision_reason,
        ))
        .load(c))?)
}

/// How many customers owe something.
pub fn count_owing(db: &mut Db) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| invoices::table
        .filter(invoices::open_minor.gt(0))
        .select(sql::<BigInt>("COUNT(DISTINCT customer_id)"))
        .get_result(c))?)
}

/// What raises a limit: an application, or another system from which it is taken over.
const GRANTED: [LimitSource; 2] = [LimitSource::Application, LimitSource::Import];

/// How many limits were set in a period, other than by lowering them.
pub fn count_granted_limits(db: &mut Db, period: &Period) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| limits::table
        .filter(limits::source.eq_any(GRANTED))
        .filter(limits::set_at.ge(period.start))
        .filter(limits::set_at.lt(period.end))
        .count()
        .get_result(c))?)
}

/// Limits that were granted in a period and name no application.
pub fn list_unfounded_limits(
    db: &mut Db,
    period: &Period,
) -> Result<Vec<(LimitId, String)>, DbError> {
    Ok(on_backend!(db, |c| limits::table
        .filter(limits::source.eq_any(GRANTED))
        .filter(limits::application_id.is_null())
        .filter(limits::set_at.ge(period.start))
        .filter(limits::set_at.lt(period.end))
        .order(limits::id)
        .select((limits::id, limits::set_by))
        .load(c))?)
}

/// Change requests that were made in a period: who proposed each, and who decided it.
pub fn list_changes(
    db: &mut Db,
    period: &Period,
) -> Result<Vec<(ChangeRequestId, String, Option<String>)>, DbError> {
    let made = [ChangeStatus::Applied, ChangeStatus::PartlyApplied];
    Ok(on_backend!(db, |c| change_requests::table
        .filter(change_requests::status.eq_any(made))
        .filter(change_requests::decided_at.ge(period.start))
        .filter(change_requests::decided_at.lt(period.end))
        .order(change_requests::id)
        .select((
            change_requests::id,
            change_requests::proposed_by,
            change_requests::decided_by,
        ))
        .load(c))?)
}

/// Versions of policies, catalogues, terms, procedures, scales and models that were set live in a period.
pub fn list_versions(db: &mut Db, period: &Period) -> Result<Vec<WentLive>, DbError> {
    let mut all = Vec::new();
    macro_rules! of {
        ($table:ident, $id:ty) => {
            let rows: Vec<($id, String, Option<String>)> = on_backend!(db, |c| $table::table
                .filter($table::live_at.ge(period.start))
                .filter($table::live_at.lt(period.end))
                .order($table::id)
                .select(($table::id, $table::drafters, $table::approver))
                .load(c))?;
            all.extend(rows.into_iter().map(|(id, drafters, approver)| WentLive {
                id: id.to_string(),
                drafters,
                approver,
            }));
        };
    }
    of!(policies, PolicyId);
    of!(catalogue_versions, kernel::ids::CatalogueVersionId);
    of!(payment_term_versions, PaymentTermsVersionId);
    of!(dunning_procedure_versions, DunningProcedureVersionId);
    of!(grade_scales, GradeScaleId);
    of!(rating_models, RatingModelId);
    Ok(all)
}

/// Receipts of a period that somebody recorded who owned the customer then, as far as it is known: since when somebody
/// owns a customer is not kept, until when is.
pub fn list_own_receipts(
    db: &mut Db,
    period: &Period,
) -> Result<Vec<(ReceiptId, String)>, DbError> {
    Ok(on_backend!(db, |c| receipts::table
        .inner_join(
            customer_owners::table.on(customer_owners::customer_id
                .eq(receipts::customer_id)
                .and(customer_owners::owner.eq(receipts::created_by)))
        )
        .filter(receipts::created_at.ge(period.start))
        .filter(receipts::created_at.lt(period.end))
        .filter(
            customer_owners::owned_until
                .is_null()
                .or(customer_owners::owned_until.ge(receipts::created_at.nullable()))
        )
        .order(receipts::id)
        .select((receipts::id, receipts::created_by))
        .load(c))?)
}

/// What gives an open amount up.
const GIVEN_UP: [SettlementKind; 3] = [
    SettlementKind::WriteOff,
    SettlementKind::Tolerance,
    SettlementKind::Deduction,
];

/// How many open amounts were given up in a period, and credit notes granted or used.
pub fn count_given_up(db: &mut Db, period: &Period) -> Result<i64, DbError> {
    let settled: i64 = on_backend!(db, |c| settlements::table
        .filter(settlements::kind.eq_any(GIVEN_UP))
        .filter(settlements::created_at.ge(period.start))
        .filter(settlements::created_at.lt(period.end))
        .filter(settlements::reverses_id.is_null())
        .count()
        .get_result(c))?;
    let used = settlements::table
        .filter(settlements::credit_note_id.eq(credit_notes::id.nullable()))
        .filter(settlements::created_at.ge(period.start))
        .filter(settlements::created_at.lt(period.end))
        .filter(settlements::reverses_id.is_null());
    let granted: i64 = on_backend!(db, |c| credit_notes::table
        .filter(
            credit_notes::created_at
                .ge(period.start)
                .and(credit_notes::created_at.lt(period.end))
                .or(exists(used))
        )
        .count()
        .get_result(c))?;
    Ok(settled.saturating_add(granted))
}

/// A credit note, who granted it, the invoice that it is for, and when the note was recorded.
pub type OwnNote = (CreditNoteId, String, InvoiceId, Instant);

/// Credit notes that whoever recorded the invoice, or some of its money, granted: those that were used for the invoice in a
/// period and still are, and those that were recorded in the period, name the invoice and wait to be used.
pub fn list_own_notes(db: &mut Db, period: &Period) -> Result<Vec<OwnNote>, DbError> {
    let (paying, undoing) = diesel::alias!(settlements as paying, settlements as undoing);
    let paid = paying
        .inner_join(
            receipts::table.on(receipts::id
                .nullable()
                .eq(paying.field(settlements::receipt_id))),
        )
        .filter(paying.field(settlements::invoice_id).eq(invoices::id))
        .filter(receipts::created_by.eq(credit_notes::created_by))
        .select(receipts::id);
    let undone = undoing
        .filter(
            undoing
                .field(settlements::reverses_id)
                .eq(settlements::id.nullable()),
        )
        .select(undoing.field(settlements::id));
    let columns = (
        credit_notes::id,
        credit_notes::created_by,
        invoices::id,
        credit_notes::created_at,
    );
    let mut found: Vec<OwnNote> = on_backend!(db, |c| settlements::table
        .inner_join(
            credit_notes::table.on(credit_notes::id.nullable().eq(settlements::credit_note_id))
        )
        .inner_join(invoices::table.on(invoices::id.eq(settlements::invoice_id)))
        .filter(settlements::created_at.ge(period.start))
        .filter(settlements::created_at.lt(period.end))
        .filter(settlements::reverses_id.is_null())
        .filter(not(exists(undone)))
        .filter(
            invoices::created_by
                .eq(credit_notes::created_by)
                .or(exists(paid))
        )
        .order((credit_notes::id, invoices::id))
        .select(columns)
        .load(c))?;
    let waiting: Vec<OwnNote> = on_backend!(db, |c| credit_notes::table
        .inner_join(invoices::table.on(invoices::id.nullable().eq(credit_notes::invoice_id)))
        .filter(credit_notes::created_at.ge(period.start))
        .filter(credit_notes::created_at.lt(period.end))
        .filter(credit_notes::status.eq(DocumentStatus::Posted))
        .filter(credit_notes::unapplied_minor.gt(0))
        .filter(
            invoices::created_by
                .eq(credit_notes::created_by)
                .or(exists(paid))
        )
        .order((credit_notes::id, invoices::id))
        .select(columns)
        .load(c))?;
    found.extend(waiting);
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Open amounts of a period that whoever recorded the invoice, or some of its money, gave up.
pub fn list_own_given_up(
    db: &mut Db,
    period: &Period,
) -> Result<Vec<(SettlementId, String, InvoiceId)>, DbError> {
    let paying = diesel::alias!(settlements as paying);
    Ok(on_backend!(db, |c| settlements::table
        .inner_join(invoices::table.on(invoices::id.eq(settlements::invoice_id)))
        .filter(settlements::kind.eq_any(GIVEN_UP))
        .filter(settlements::created_at.ge(period.start))
        .filter(settlements::created_at.lt(period.end))
        .filter(settlements::reverses_id.is_null())
        .filter(
            invoices::created_by.eq(settlements::created_by).or(exists(
                paying
                    .inner_join(
                        receipts::table.on(receipts::id
                            .nullable()
                            .eq(paying.field(settlements::receipt_id)))
                    )
                    .filter(
                        paying
                            .field(settlements::invoice_id)
                            .eq(settlements::invoice_id)
                    )
                    .filter(receipts::created_by.eq(settlements::created_by))
                    .select(receipts::id),
            ))
        )
        .order(settlements::id)
        .select((
            settlements::id,
            settlements::created_by,
            settlements::invoice_id
        ))
        .load(c))?)
}
