//! Queries on agreements and assignments.

use diesel::prelude::*;

use super::input::{FactoringAgreementFilter, FactoringAssignmentFilter};
use super::model::{Agreement, AgreementRef, Assignment, AssignmentStatus};
use crate::book::customers::store::list_wanted;
use crate::platform::db::schema::{factoring_agreements, factoring_assignments};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::{FactoringAgreementId, FactoringAssignmentId, InvoiceId};

pub fn find_agreement(db: &mut Db, reference: &AgreementRef) -> Result<Option<Agreement>, DbError> {
    Ok(on_backend!(db, |c| {
        let query = factoring_agreements::table
            .select(Agreement::as_select())
            .into_boxed();
        match reference {
            AgreementRef::Id(id) => query.filter(factoring_agreements::id.eq(id)),
            AgreementRef::Number(number) => query.filter(factoring_agreements::number.eq(number)),
        }
        .first(c)
        .optional()
    })?)
}

/// These agreements.
pub fn list_agreements_by_ids(
    db: &mut Db,
    ids: &[FactoringAgreementId],
) -> Result<Vec<Agreement>, DbError> {
    Ok(on_backend!(db, |c| factoring_agreements::table
        .filter(factoring_agreements::id.eq_any(ids))
        .select(Agreement::as_select())
        .load(c))?)
}

/// Inserts an agreement when its number is free, and says whether it was.
pub fn insert_agreement(tx: &mut Tx, row: &Agreement) -> Result<bool, DbError> {
    let inserted = on_backend!(tx, |c| diesel::insert_into(factoring_agreements::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted > 0)
}

/// Writes how an agreement ended when the row still has the version that `row` was read with.
pub fn end_agreement_if_unchanged(
    tx: &mut Tx,
    row: &Agreement,
) -> Result<Option<Agreement>, DbError> {
    use factoring_agreements::dsl;
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::factoring_agreements
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::status.eq(row.status),
        dsl::ended_by.eq(&row.ended_by),
        dsl::ended_at.eq(row.ended_at),
        dsl::end_reason.eq(&row.end_reason),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Agreement::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of agreements, the newest first.
pub fn list_agreements(
    db: &mut Db,
    filter: &FactoringAgreementFilter,
    page: &PageRequest,
) -> Result<Page<Agreement>, Problem> {
    on_backend!(db, |c| {
        let mut query = factoring_agreements::table
            .select(Agreement::as_select())
            .into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(factoring_agreements::status.eq_any(&filter.status));
        }
        if !filter.kind.is_empty() {
            query = query.filter(factoring_agreements::kind.eq_any(&filter.kind));
        }
        if !filter.number.is_empty() {
            query = query.filter(factoring_agreements::number.eq_any(&filter.number));
        }
        seek!(c, query, page, Agreement, desc(factoring_agreements::id))
    })
}

pub fn find_assignment(
    db: &mut Db,
    id: FactoringAssignmentId,
) -> Result<Option<Assignment>, DbError> {
    Ok(on_backend!(db, |c| factoring_assignments::table
        .find(id)
        .select(Assignment::as_select())
        .first(c)
        .optional())?)
}

/// The assignment under which an invoice is with a factor now.
pub fn find_active(db: &mut Db, invoice: InvoiceId) -> Result<Option<Assignment>, DbError> {
    Ok(on_backend!(db, |c| factoring_assignments::table
        .filter(factoring_assignments::invoice_id.eq(invoice))
        .filter(factoring_assignments::status.eq(AssignmentStatus::Active))
        .select(Assignment::as_select())
        .first(c)
        .optional())?)
}

pub fn insert_assignment(tx: &mut Tx, row: &Assignment) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(factoring_assignments::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes how an assignment ended when the row still has the version that `row` was read with.
pub fn end_assignment_if_unchanged(
    tx: &mut Tx,
    row: &Assignment,
) -> Result<Option<Assignment>, DbError> {
    use factoring_assignments::dsl;
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::factoring_assignments
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::status.eq(row.status),
        dsl::ended_on.eq(row.ended_on),
        dsl::ended_by.eq(&row.ended_by),
        dsl::ended_at.eq(row.ended_at),
        dsl::end_reason.eq(&row.end_reason),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Assignment::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of assignments, the newest first.
pub fn list_assignments(
    db: &mut Db,
    filter: &FactoringAssignmentFilter,
    page: &PageRequest,
) -> Result<Page<Assignment>, Problem> {
    use factoring_assignments::dsl;
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = factoring_assignments::table
            .select(Assignment::as_select())
            .into_boxed();
        if let Some(wanted) = &wanted {
            query = query.filter(dsl::customer_id.eq_any(wanted));
        }
        if !filter.agreement_id.is_empty() {
            query = query.filter(dsl::agreement_id.eq_any(&filter.agreement_id));
        }
        if !filter.invoice_id.is_empty() {
            query = query.filter(dsl::invoice_id.eq_any(&filter.invoice_id));
        }
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if !filter.effect.is_empty() {
            query = query.filter(dsl::effect.eq_any(&filter.effect));
        }
        seek!(c, query, page, Assignment, desc(factoring_assignments::id))
    })
}
