//! Queries on the numbers of documents.

use std::collections::BTreeSet;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text};

use crate::platform::db::{Db, DbError, on_backend};
use crate::prove::controls::model::{NumberRange, Numbered, Period};
use kernel::ids::LegalEntityId;

/// How many numbers are asked for at once.
const NUMBERS_AT_ONCE: usize = 500;

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
    numbers: &[&String],
) -> Result<BTreeSet<String>, DbError> {
    let mut known = BTreeSet::new();
    for chunk in numbers.chunks(NUMBERS_AT_ONCE) {
        let found: Vec<String> = of_document!(document, |table| on_backend!(db, |c| table::table
            .filter(table::legal_entity_id.eq(entity))
            .filter(table::number.eq_any(chunk))
            .select(table::number)
            .load(c)))?;
        known.extend(found);
    }
    Ok(known)
}

/// The numbers of a range: written as long as those, with the same beginning and digits behind it.
macro_rules! within {
    ($table:ident, $entity:expr, $range:expr) => {
        $table::table
            .filter($table::legal_entity_id.eq($entity))
            .filter($table::number.ge(&$range.first))
            .filter($table::number.le(&$range.last))
            .filter(
                sql::<Bool>("(length(number) = ")
                    .bind::<Integer, _>($range.length())
                    .sql(" AND substr(number, 1, ")
                    .bind::<Integer, _>($range.prefix_length())
                    .sql(") = ")
                    .bind::<Text, _>(&$range.prefix)
                    .sql(" AND ltrim(substr(number, ")
                    .bind::<Integer, _>($range.prefix_length().saturating_add(1))
                    .sql("), '0123456789') = '')"),
            )
    };
}

/// How many numbers of some ranges documents of a kind and an entity have, whenever they were recorded.
pub fn count_numbers(
    db: &mut Db,
    document: Document,
    entity: LegalEntityId,
    ranges: &[NumberRange],
) -> Result<i64, DbError> {
    let mut all = 0_i64;
    for range in ranges {
        let found: i64 = of_document!(document, |table| on_backend!(db, |c| within!(
            table, entity, range
        )
        .select(sql::<BigInt>("COUNT(DISTINCT number)"))
        .get_result(c)))?;
        all = all.saturating_add(found);
    }
    Ok(all)
}

/// The last number in the first of some ranges in which documents of a kind and an entity have any.
pub fn find_last_number(
    db: &mut Db,
    document: Document,
    entity: LegalEntityId,
    ranges: &[NumberRange],
) -> Result<Option<String>, DbError> {
    for range in ranges {
        let found: Option<String> = of_document!(document, |table| on_backend!(db, |c| within!(
            table, entity, range
        )
        .order(table::number.desc())
        .select(table::number)
        .first(c)
        .optional()))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
