//! Queries on dunning procedures.

use diesel::prelude::*;

use crate::collect::dunning::model::Procedure;
use crate::platform::db::schema::dunning_procedures::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::DunningProcedureId;

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
        dsl::document.eq(&procedure.document),
        dsl::changed_at.eq(now),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Procedure::as_returning())
    .get_result(c)
    .optional())?)
}
