//! Periods as they are stored.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::{period_violations, periods};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{LegalEntityId, PeriodId, PeriodViolationId};
use kernel::text::{Keyword, Subject};

text_enum! {
    /// Whether anything is posted into a period.
    pub enum PeriodStatus {
        Open = "open",
        Closed = "closed",
    }
}

/// Some days of a legal entity's books. No two of one entity have a day in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = periods, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Period {
    pub id: PeriodId,
    pub legal_entity_id: LegalEntityId,
    /// What it is called, such as `2026-03`; unique within its entity.
    pub code: Keyword,
    pub first_day: NaiveDate,
    pub last_day: NaiveDate,
    pub status: PeriodStatus,
    pub changed_by: Subject,
    pub changed_at: Instant,
    pub version: i64,
}

impl Period {
    pub fn has(&self, day: NaiveDate) -> bool {
        (self.first_day..=self.last_day).contains(&day)
    }
}

/// What was recorded in a closed period, because it had happened elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = period_violations, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PeriodViolation {
    pub id: PeriodViolationId,
    pub period_id: PeriodId,
    /// The document that it came with, by its id.
    pub document_id: String,
    /// The day that lies in the period.
    pub day: NaiveDate,
    pub created_by: Subject,
    pub created_at: Instant,
}
