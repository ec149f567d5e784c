//! What exports and their lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::ExportFormat;
use kernel::clock::Day;
use kernel::text::Keyword;

/// A table to be exported.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "table": "invoices", "format": "csv", "period_from": "2026-01-01", "period_to": "2026-03-31"
}))]
pub struct ExportIn {
    /// One of `/v1/exports/tables`, or `audit_package`.
    pub table: Keyword,
    pub format: ExportFormat,
    /// Only what belongs to this day or a later one. It goes with `period_to`.
    pub period_from: Option<Day>,
    /// Only what belongs to this day or an earlier one.
    pub period_to: Option<Day>,
    /// Only what belongs to this day or an earlier one, from the beginning on.
    pub as_of: Option<Day>,
}

/// Which exports.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportFilter {
    /// Of these tables.
    #[serde(default)]
    #[param(max_items = 100)]
    pub table: Vec<Keyword>,
}
