//! What is known of an industry, as it is stored.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::industry_versions;
use kernel::clock::Instant;
use kernel::figures::Figure;
use kernel::ids::IndustryVersionId;
use kernel::text::{Line, Source, Subject};

/// One version of what is known of an industry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = industry_versions, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct IndustryVersion {
    pub id: IndustryVersionId,
    /// As customers carry it.
    pub code: Line,
    /// 1 for the first; each change is the next.
    pub industry_version: i64,
    pub name_en: Line,
    pub name_zh: Line,
    /// Of the industry's sales in a year, as a share: 0.05.
    pub growth: Option<Figure>,
    /// The share of the four largest in sales.
    pub cr4: Option<Figure>,
    /// The sum of all squared shares in sales, from 0 to 1.
    pub hhi: Option<Figure>,
    /// 1, the lowest risk, to 5, the highest.
    pub risk_class: Option<i32>,
    /// Who published the figures.
    pub source: Source,
    /// The day for which they hold.
    pub as_of: NaiveDate,
    pub set_by: Subject,
    pub set_at: Instant,
}

/// What is to be known of an industry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIndustry {
    pub name_en: Line,
    pub name_zh: Line,
    pub growth: Option<Figure>,
    pub cr4: Option<Figure>,
    pub hhi: Option<Figure>,
    pub risk_class: Option<i32>,
    pub source: Source,
    pub as_of: NaiveDate,
}
