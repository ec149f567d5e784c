//! Exports as they are stored, and what they are made with.

pub mod package;

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::db::schema::exports;
use crate::platform::exports::ExportTable;
use crate::platform::jobs::model::Job;
use crate::prove::sealing::signing::Signer;
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{ExportId, JobId};
use kernel::text::Subject;

text_enum! {
    /// The form of an exported file. An audit package is a `zip`, and nothing else is.
    pub enum ExportFormat {
        Csv = "csv",
        Ndjson = "ndjson",
        Xlsx = "xlsx",
        Parquet = "parquet",
        Zip = "zip",
    }
}

impl ExportFormat {
    pub const fn media_type(self) -> &'static str {
        match self.table() {
            Some(format) => format.media_type(),
            None => "application/zip",
        }
    }

    /// The form of a table; none of a package.
    pub const fn table(self) -> Option<tables::Format> {
        match self {
            ExportFormat::Csv => Some(tables::Format::Csv),
            ExportFormat::Ndjson => Some(tables::Format::Ndjson),
            ExportFormat::Xlsx => Some(tables::Format::Xlsx),
            ExportFormat::Parquet => Some(tables::Format::Parquet),
            ExportFormat::Zip => None,
        }
    }
}

text_enum! {
    /// Where an export stands.
    pub enum ExportStatus {
        /// Its job waits for a worker.
        Queued = "queued",
        Running = "running",
        /// The file can be downloaded.
        Ready = "ready",
        Failed = "failed",
        Cancelled = "cancelled",
        /// The file was deleted.
        Expired = "expired",
    }
}

/// An export.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = exports, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Export {
    pub id: ExportId,
    pub table_name: String,
    pub format: ExportFormat,
    pub period_from: Option<chrono::NaiveDate>,
    pub period_to: Option<chrono::NaiveDate>,
    pub as_of: Option<chrono::NaiveDate>,
    pub job_id: JobId,
    pub requested_by: Subject,
    pub requested_at: Instant,
    pub expires_at: Instant,
    /// Which attempt of the job made the file.
    pub attempt: Option<i32>,
    pub row_count: Option<i64>,
    pub byte_count: Option<i64>,
    pub sha256: Option<String>,
    pub deleted_at: Option<Instant>,
}

/// An export and the job that makes it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = exports)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ExportWithJob {
    #[diesel(embed)]
    pub export: Export,
    #[diesel(embed)]
    pub job: Job,
}

/// What the job is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportPlan {
    pub export: ExportId,
}

/// What the trail says of an export.
#[derive(Debug, Clone, Serialize)]
pub struct ExportRecord<'a> {
    pub table: &'a str,
    pub format: ExportFormat,
    pub period_from: Option<chrono::NaiveDate>,
    pub period_to: Option<chrono::NaiveDate>,
    pub as_of: Option<chrono::NaiveDate>,
    pub rows: Option<i64>,
    pub bytes: Option<i64>,
    pub sha256: Option<&'a str>,
}

impl Export {
    pub fn recorded(&self) -> ExportRecord<'_> {
        ExportRecord {
            table: &self.table_name,
            format: self.format,
            period_from: self.period_from,
            period_to: self.period_to,
            as_of: self.as_of,
            rows: self.row_count,
            bytes: self.byte_count,
            sha256: self.sha256.as_deref(),
        }
    }
}

/// Every table that a room lets be taken away, by name.
#[derive(Debug, Clone, Copy)]
pub struct ExportTables(pub &'static BTreeMap<&'static str, &'static ExportTable>);

impl ExportTables {
    pub fn find(self, name: &str) -> Option<&'static ExportTable> {
        self.0.get(name).copied()
    }

    /// Those that the caller may take.
    pub fn of(self, caller: &Caller) -> impl Iterator<Item = &'static ExportTable> {
        self.0
            .values()
            .copied()
            .filter(|table| table.readers.admit(caller))
    }
}

/// What exports are made with.
#[derive(Debug, Clone)]
pub struct ExportTools {
    pub tables: ExportTables,
    /// For how many days a file is kept.
    pub kept_days: i64,
    /// Who signs packages, where somebody does.
    pub signer: Option<std::sync::Arc<Signer>>,
}
