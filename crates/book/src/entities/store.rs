//! Queries on legal entities: there are few of them.

use diesel::prelude::*;

use super::model::{EntityRef, LegalEntity};
use crate::platform::db::schema::legal_entities::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::LegalEntityId;

pub fn find(db: &mut Db, reference: &EntityRef) -> Result<Option<LegalEntity>, DbError> {
    Ok(on_backend!(db, |c| {
        let query = legal_entities::table
            .select(LegalEntity::as_select())
            .into_boxed();
        match reference {
            EntityRef::Id(id) => query.filter(dsl::id.eq(id)),
            EntityRef::Number(number) => query.filter(dsl::number.eq(number)),
        }
        .first(c)
        .optional()
    })?)
}

/// Every legal entity, the oldest first.
pub fn list_all(db: &mut Db) -> Result<Vec<LegalEntity>, DbError> {
    Ok(on_backend!(db, |c| legal_entities::table
        .order(dsl::id)
        .select(LegalEntity::as_select())
        .load(c))?)
}

pub fn list_by_ids(db: &mut Db, ids: &[LegalEntityId]) -> Result<Vec<LegalEntity>, DbError> {
    Ok(on_backend!(db, |c| legal_entities::table
        .filter(dsl::id.eq_any(ids))
        .select(LegalEntity::as_select())
        .load(c))?)
}

/// The legal entities that are named, those that there are; none where all are meant.
pub fn list_wanted(
    db: &mut Db,
    references: &[EntityRef],
) -> Result<Option<Vec<LegalEntityId>>, DbError> {
    if references.is_empty() {
        return Ok(None);
    }
    let is_named = |entity: &LegalEntity| {
        references.iter().any(|reference| match reference {
            EntityRef::Id(id) => *id == entity.id,
            EntityRef::Number(number) => *number == entity.number,
        })
    };
    let all = list_all(db)?.into_iter().filter(is_named);
    Ok(Some(all.map(|entity| entity.id).collect()))
}

/// One page, the oldest first.
pub fn list(db: &mut Db, page: &PageRequest) -> Result<Page<LegalEntity>, Problem> {
    on_backend!(db, |c| {
        let mut query = legal_entities::table
            .select(LegalEntity::as_select())
            .into_boxed();
        seek!(c, query, page, LegalEntity, asc(dsl::id))
    })
}

pub fn insert(tx: &mut Tx, row: &LegalEntity) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(legal_entities::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes an entity when the row still has the version that it was read with.
pub fn update_if_unchanged(tx: &mut Tx, row: &LegalEntity) -> Result<Option<LegalEntity>, DbError> {
    let now = tx.now();
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::legal_entities
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        row,
        dsl::changed_at.eq(now),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(LegalEntity::as_returning())
    .get_result(c)
    .optional())?)
}
