//! The scale's document and its versions.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::db::schema::grade_scales;
use crate::platform::versions::model::lives_at_approval;
use crate::rating::rules::composite::GradePolicy;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::drafters::Drafters;
use kernel::ids::GradeScaleId;
use methods::grades::{GradeScale, ScaleDocument};

text_enum! {
    /// Where a version of the grade scale stands. Exactly one is live; a live version never changes.
    pub enum ScaleStatus {
        Draft = "draft",
        Live = "live",
        Retired = "retired",
    }
}

/// A scale as somebody writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleText {
    pub scale: ScaleDocument,
    /// Floors and caps, and by how many grades an expert may move a customer.
    pub bounds: GradePolicy,
    /// How many months a rating is good.
    pub rating_months: u32,
}

/// A scale that can be rated by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    pub scale: GradeScale,
    pub bounds: GradePolicy,
    pub rating_months: u32,
}

/// A version of the grade scale.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = grade_scales, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ScaleRow {
    pub id: GradeScaleId,
    pub scale_version: i32,
    pub status: ScaleStatus,
    /// The [`Scale`] as JSON.
    pub document: String,
    pub reason: String,
    pub author: String,
    /// Everybody who wrote it. None of them sets it live.
    pub drafters: Drafters,
    pub approver: Option<String>,
    pub created_at: Instant,
    pub live_at: Option<Instant>,
    pub retired_at: Option<Instant>,
    pub version: i64,
}

lives_at_approval!(ScaleRow { "grade_scale", id: GradeScaleId, number: scale_version, status: ScaleStatus });
