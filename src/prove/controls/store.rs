//! Queries on runs of the controls, and on what the controls look at.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::dsl::{count_star, exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::input::ControlRunFilter;
use super::model::{Approved, ControlResult, ControlRun, Done, Numbered, Period, WentLive};
use crate::book::change_requests::model::ChangeStatus;
use crate::book::exposure::model::LimitSource;
use crate::book::receivables::model::SettlementKind;
use crate::decide::applications::model::ApplicationStatus;
use crate::decide::limits::model::CreditBlockStatus;
use crate::platform::db::schema::control_runs::{self, dsl};
use crate::platform::db::schema::{
    applications, business_days, catalogue_versions, change_requests, control_results,
    credit_blocks, credit_notes, customers, dunning_procedure_versions, grade_scales, invoices,
    limits, payment_term_versions, policies, rating_models, receipts, settlements,
    trail_checkpoints, trail_entries,
};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::clock::Instant;
use kernel::ids::{
    ChangeRequestId, ControlRunId, CreditBlockId, DunningProcedureVersionId, GradeScaleId,
    InvoiceId, LegalEntityId, LimitId, PaymentTermsVersionId, PolicyId, RatingModelId, ReceiptId,
    SettlementId,
};

pub fn find(db: &mut Db, id: ControlRunId) -> Result<Option<ControlRun>, DbError> {
    Ok(on_backend!(db, |c| control_runs::table
        .find(id)
        .select(ControlRun::as_select())
        .first(c)
        .optional())?)
}

pub fn insert(tx: &mut Tx, row: &ControlRun) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(control_runs::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes what changes of a run, when it still has the version that `row` was read with, and gives it as it is now.
pub fn update_if_unchanged(tx: &mut Tx, row: &ControlRun) -> Result<Option<ControlRun>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        control_runs::table
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::finished_at.eq(row.finished_at),
        dsl::signed_off_by.eq(&row.signed_off_by),
        dsl::signed_off_at.eq(row.signed_off_at),
        dsl::sign_off_note.eq(&row.sign_off_note),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(ControlRun::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of runs, the newest first.
pub fn list(
    db: &mut Db,
    filter: &ControlRunFilter,
    page: &PageRequest,
) -> Result<Page<ControlRun>, Problem> {
    on_backend!(db, |c| {
        let mut query = control_runs::table
            .select(ControlRun::as_select())
            .into_boxed();
        match filter.signed_off {
            Some(true) => query = query.filter(dsl::signed_off_at.is_not_null()),
            Some(false) => query = query.filter(dsl::signed_off_at.is_null()),
            None => {}
        }
        seek!(c, query, page, ControlRun, desc(control_runs::id))
    })
}

pub fn insert_results(tx: &mut Tx, rows: &[ControlResult]) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(control_results::table)
        .values(rows)
        .execute(c))?;
    Ok(())
}

/// What the controls found in a run, in their order.
pub fn list_results(db: &mut Db, run: ControlRunId) -> Result<Vec<ControlResult>, DbError> {
    Ok(on_backend!(db, |c| control_results::table
        .filter(control_results::run_id.eq(run))
        .order(control_results::position)
        .select(ControlResult::as_select())
        .load(c))?)
}

/// Who did some actions in a period, with which roles, and how often. What systems and netterms itself did is left out.
pub fn list_done(db: &mut Db, period: &Period, actions: &[&str]) -> Result<Vec<Done>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::at.ge(period.start))
        .filter(trail_entries::at.lt(period.end))
        .filter(trail_entries::action.eq_any(actions))
        .filter(trail_entries::roles.ne(""))
        .filter(trail_entries::roles.not_like("%system%"))
        .group_by((
            trail_entries::subject,
            trail_entries::roles,
            trail_entries::action
        ))
        .order((
            trail_entries::subject,
            trail_entries::roles,
            trail_entries::action
        ))
        .select((
            trail_entries::subject,
            trail_entries::roles,
            trail_entries::action,
            count_star()
        ))
        .load(c))?)
}

/// The things and persons of some actions in a period: each pair once.
pub fn list_things_done(
    db: &mut Db,
    period: &Period,
    actions: &[&str],
) -> Result<Vec<(String, String, String)>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::at.ge(period.start))
        .filter(trail_entries::at.lt(period.end))
        .filter(trail_entries::action.eq_any(actions))
        .filter(trail_entries::roles.ne(""))
        .distinct()
        .order((
            trail_entries::entity_id,
            trail_entries::subject,
            trail_entries::action
        ))
        .select((
            trail_entries::entity_id,
            trail_entries::subject,
            trail_entries::action
        ))
        .load(c))?)
}

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

/// A credit block that was released: who opened it, who released it, and why.
pub type Released = (CreditBlockId, String, Option<String>, Option<String>);

/// Credit blocks that somebody released in a period: who opened the block, who released it, and why.
pub fn list_released(db: &mut Db, period: &Period) -> Result<Vec<Released>, DbError> {
    Ok(on_backend!(db, |c| credit_blocks::table
        .filter(credit_blocks::status.eq(CreditBlockStatus::Released))
        .filter(credit_blocks::decided_at.ge(period.start))
        .filter(credit_blocks::decided_at.lt(period.end))
        .order(credit_blocks::id)
        .select((
            credit_blocks::id,
            credit_blocks::opened_by,
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

/// How many limits were set in a period, other than by taking them over or lowering them.
pub fn count_granted_limits(db: &mut Db, period: &Period) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| limits::table
        .filter(limits::source.eq(LimitSource::Application))
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
        .filter(limits::source.eq(LimitSource::Application))
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

/// The kinds of documents whose numbers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    Invoice,
    CreditNote,
    Receipt,
}

impl Document {
    pub const ALL: [Document; 3] = [Document::Invoice, Document::CreditNote, Document::Receipt];
}

macro_rules! of_document {
    ($document:expr, |$table:ident| $body:expr) => {
        match $document {
            Document::Invoice => {
                use crate::platform::db::schema::invoices as $table;
                $body
            }
            Document::CreditNote => {
                use crate::platform::db::schema::credit_notes as $table;
                $body
            }
            Document::Receipt => {
                use crate::platform::db::schema::receipts as $table;
                $body
            }
        }
    };
}

/// The numbers of the documents of a kind that were recorded in a period, after a number of an entity, in order.
pub fn list_numbers(
    db: &mut Db,
    document: Document,
    period: &Period,
    after: Option<&Numbered>,
    limit: i64,
) -> Result<Vec<Numbered>, DbError> {
    Ok(of_document!(document, |table| on_backend!(db, |c| {
        let mut query = table::table
            .filter(table::created_at.ge(period.start))
            .filter(table::created_at.lt(period.end))
            .order((table::legal_entity_id, table::number))
            .limit(limit)
            .select((table::legal_entity_id, table::number))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(
                table::legal_entity_id
                    .gt(after.legal_entity_id)
                    .or(table::legal_entity_id
                        .eq(after.legal_entity_id)
                        .and(table::number.gt(&after.number))),
            );
        }
        query.load::<Numbered>(c)
    }))?)
}

/// Which of some numbers documents of a kind and an entity have, whenever they were recorded.
pub fn list_known(
    db: &mut Db,
    document: Document,
    entity: LegalEntityId,
    numbers: &[String],
) -> Result<BTreeSet<String>, DbError> {
    let found: Vec<String> = of_document!(document, |table| on_backend!(db, |c| table::table
        .filter(table::legal_entity_id.eq(entity))
        .filter(table::number.eq_any(numbers))
        .select(table::number)
        .load(c)))?;
    Ok(found.into_iter().collect())
}

/// Who worked as sales in a period.
pub fn list_salespeople(db: &mut Db, period: &Period) -> Result<BTreeSet<String>, DbError> {
    let found: Vec<String> = on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::at.ge(period.start))
        .filter(trail_entries::at.lt(period.end))
        .filter(trail_entries::roles.like("%sales%"))
        .distinct()
        .select(trail_entries::subject)
        .load(c))?;
    Ok(found.into_iter().collect())
}

/// Receipts of a period that the salesperson of the customer recorded.
pub fn list_own_receipts(
    db: &mut Db,
    period: &Period,
) -> Result<Vec<(ReceiptId, String)>, DbError> {
    Ok(on_backend!(db, |c| receipts::table
        .inner_join(customers::table.on(customers::id.eq(receipts::customer_id)))
        .filter(receipts::created_at.ge(period.start))
        .filter(receipts::created_at.lt(period.end))
        .filter(customers::owner.eq(receipts::created_by.nullable()))
        .order(receipts::id)
        .select((receipts::id, receipts::created_by))
        .load(c))?)
}

/// The days, in UTC, on which persons did something in a period, in order.
pub fn list_days(db: &mut Db, period: &Period) -> Result<Vec<(String, String)>, DbError> {
    const POSTGRES: &str = "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')";
    const SQLITE: &str = "substr(at, 1, 10)";
    let within = trail_entries::table
        .filter(trail_entries::at.ge(period.start))
        .filter(trail_entries::at.lt(period.end))
        .filter(trail_entries::roles.ne(""))
        .filter(trail_entries::roles.not_like("%system%"));
    Ok(match db.conn() {
        Conn::Postgres(c) => {
            let day = || sql::<Text>(POSTGRES);
            within
                .distinct()
                .order((trail_entries::subject, day()))
                .select((trail_entries::subject, day()))
                .load(&mut **c)?
        }
        Conn::Sqlite(c) => {
            let day = || sql::<Text>(SQLITE);
            within
                .distinct()
                .order((trail_entries::subject, day()))
                .select((trail_entries::subject, day()))
                .load(&mut **c)?
        }
    })
}

/// What gives an open amount up.
const GIVEN_UP: [SettlementKind; 3] = [
    SettlementKind::WriteOff,
    SettlementKind::Tolerance,
    SettlementKind::Deduction,
];

/// How many open amounts were given up, and credit notes granted, in a period.
pub fn count_given_up(db: &mut Db, period: &Period) -> Result<i64, DbError> {
    let settled: i64 = on_backend!(db, |c| settlements::table
        .filter(settlements::kind.eq_any(GIVEN_UP))
        .filter(settlements::created_at.ge(period.start))
        .filter(settlements::created_at.lt(period.end))
        .filter(settlements::reverses_id.is_null())
        .count()
        .get_result(c))?;
    let granted: i64 = on_backend!(db, |c| credit_notes::table
        .filter(credit_notes::created_at.ge(period.start))
        .filter(credit_notes::created_at.lt(period.end))
        .count()
        .get_result(c))?;
    Ok(settled.saturating_add(granted))
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

/// The business days of a period that have begun.
pub fn list_business_days(db: &mut Db, period: &Period) -> Result<Vec<NaiveDate>, DbError> {
    Ok(on_backend!(db, |c| business_days::table
        .filter(business_days::day.ge(period.first))
        .filter(business_days::day.le(period.last))
        .order(business_days::day)
        .select(business_days::day)
        .load(c))?)
}

/// When the checkpoints of a period were signed.
pub fn list_signed(db: &mut Db, period: &Period) -> Result<Vec<Instant>, DbError> {
    Ok(on_backend!(db, |c| trail_checkpoints::table
        .filter(trail_checkpoints::signed_at.ge(period.start))
        .filter(trail_checkpoints::signed_at.lt(period.end))
        .select(trail_checkpoints::signed_at)
        .load(c))?)
}
