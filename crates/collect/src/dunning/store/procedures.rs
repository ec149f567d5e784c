//! Queries on dunning procedures.

use diesel::prelude::*;

use crate::collect::dunning::input::ProcedureVersionFilter;
use crate::collect::dunning::model::{Procedure, ProcedureStatus, ProcedureVersion};
use crate::platform::db::schema::dunning_procedures::dsl;
use crate::platform::db::schema::{dunning_procedure_versions, dunning_procedures};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use crate::platform::versions::store::version_table;
use kernel::ids::{DunningProcedureId, DunningProcedureVersionId};

version_table!(
    ProcedureVersion in dunning_procedure_versions, ProcedureStatus,
    |procedure| [dunning_procedure_versions::dunning_procedure_id.eq(procedure)], number: procedure_version
);

pub fn find_procedure(db: &mut Db, id: DunningProcedureId) -> Result<Option<Procedure>, DbError> {
    Ok(on_backend!(db, |c| dunning_procedures::table
        .find(id)
        .select(Procedure::as_select())
        .first(c)
        .optional())?)
}

/// Every procedure: there are few.
pub fn list_all_procedures(db: &mut Db) -> Result<Vec<Procedure>, DbError> {
    Ok(on_backend!(db, |c| dunning_procedures::table
        .order(dsl::id)
        .select(Procedure::as_select())
        .load(c))?)
}

/// One page of procedures, by name.
pub fn list_procedures(db: &mut Db, page: &PageRequest) -> Result<Page<Procedure>, Problem> {
    on_backend!(db, |c| {
        let mut query = dunning_procedures::table
            .select(Procedure::as_select())
            .into_boxed();
        seek!(c, query, page, Procedure, asc(dsl::name, dsl::id))
    })
}

pub fn insert_procedure(tx: &mut Tx, procedure: &Procedure) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(dunning_procedures::table)
        .values(procedure)
        .execute(c))?;
    Ok(())
}

pub fn update_procedure_if_unchanged(
    tx: &mut Tx,
    procedure: &Procedure,
) -> Result<Option<Procedure>, DbError> {
    let now = tx.now();
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::dunning_procedures
            .find(procedure.id)
            .filter(dsl::version.eq(procedure.version))
    )
    .set((
        dsl::name.eq(&procedure.name),
        dsl::usage.eq(procedure.usage),
        dsl::changed_at.eq(now),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Procedure::as_returning())
    .get_result(c)
    .optional())?)
}

/// A version of a procedure by its number.
pub fn find_procedure_version(
    db: &mut Db,
    procedure: DunningProcedureId,
    number: i32,
) -> Result<Option<ProcedureVersion>, DbError> {
    use dunning_procedure_versions::dsl;
    Ok(on_backend!(db, |c| dunning_procedure_versions::table
        .filter(dsl::dunning_procedure_id.eq(procedure))
        .filter(dsl::procedure_version.eq(number))
        .select(ProcedureVersion::as_select())
        .first(c)
        .optional())?)
}

/// The live version of every procedure.
pub fn list_live_procedure_versions(db: &mut Db) -> Result<Vec<ProcedureVersion>, DbError> {
    use dunning_procedure_versions::dsl;
    Ok(on_backend!(db, |c| dunning_procedure_versions::table
        .filter(dsl::status.eq(ProcedureStatus::Live))
        .select(ProcedureVersion::as_select())
        .load(c))?)
}

/// All versions of these procedures.
pub fn list_versions_of(
    db: &mut Db,
    procedures: &[DunningProcedureId],
) -> Result<Vec<ProcedureVersion>, DbError> {
    use dunning_procedure_versions::dsl;
    Ok(on_backend!(db, |c| dunning_procedure_versions::table
        .filter(dsl::dunning_procedure_id.eq_any(procedures))
        .select(ProcedureVersion::as_select())
        .load(c))?)
}

/// The versions under these ids.
pub fn list_procedure_versions_by_ids(
    db: &mut Db,
    ids: &[DunningProcedureVersionId],
) -> Result<Vec<ProcedureVersion>, DbError> {
    use dunning_procedure_versions::dsl;
    Ok(on_backend!(db, |c| dunning_procedure_versions::table
        .filter(dsl::id.eq_any(ids))
        .select(ProcedureVersion::as_select())
        .load(c))?)
}

/// One page of a procedure's versions, the newest first.
pub fn list_procedure_versions(
    db: &mut Db,
    procedure: DunningProcedureId,
    filter: &ProcedureVersionFilter,
    page: &PageRequest,
) -> Result<Page<ProcedureVersion>, Problem> {
    use dunning_procedure_versions::dsl;
    on_backend!(db, |c| {
        let mut query = dunning_procedure_versions::table
            .filter(dsl::dunning_procedure_id.eq(procedure))
            .select(ProcedureVersion::as_select())
            .into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        seek!(
            c,
            query,
            page,
            ProcedureVersion,
            desc(dsl::procedure_version, dsl::id)
        )
    })
}
