//! The statement as it is stored.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::financial_statements;
use crate::platform::db::{DbError, read_document, write_document};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CustomerId, FinancialStatementId};
use kernel::money::{Currency, Money};
use kernel::text::{Note, Source, Subject};
use methods::statements::{Line, Statement};

/// How far a total may be from its parts: one in so many of total assets, or of sales. Statements are rounded.
pub const ROUNDING: i64 = 1_000;

text_enum! {
    /// What a statement covers.
    pub enum StatementKind {
        /// A financial year.
        Annual = "annual",
        /// A part of one.
        Interim = "interim",
    }
}

text_enum! {
    /// How far an auditor stands behind a statement.
    pub enum Audit {
        Audited = "audited",
        Reviewed = "reviewed",
        Unaudited = "unaudited",
    }
}

/// A financial statement: one version of what a customer reported for a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = financial_statements, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct FinancialStatement {
    pub id: FinancialStatementId,
    pub customer_id: CustomerId,
    pub period_end: NaiveDate,
    pub months: i32,
    pub kind: StatementKind,
    pub currency: Currency,
    pub audit: Audit,
    /// Who gave it to us.
    pub source: Source,
    /// The day on which we had it: a value as of an earlier day knows nothing of it.
    pub received_on: NaiveDate,
    /// The amounts by line, as JSON.
    pub lines: String,
    /// 1 for the first of its period; each correction is the next.
    pub statement_version: i32,
    /// The version before.
    pub corrects_id: Option<FinancialStatementId>,
    /// Why it was corrected.
    pub reason: Option<Note>,
    pub entered_by: Subject,
    pub entered_at: Instant,
}

impl FinancialStatement {
    /// What is computed from.
    ///
    /// # Errors
    /// When the row was changed by other hands.
    pub fn statement(&self) -> Result<Statement, DbError> {
        Ok(Statement {
            period_end: self.period_end,
            months: u32::try_from(self.months).unwrap_or_default(),
            currency: self.currency,
            lines: read_document(&self.lines)?,
        })
    }
}

/// A statement to be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatement {
    pub kind: StatementKind,
    pub audit: Audit,
    pub source: Source,
    pub received_on: NaiveDate,
    pub statement: Statement,
    /// Which version it corrects, and why; none for the first of a period.
    pub correction: Option<Correction>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    pub corrects_id: FinancialStatementId,
    pub reason: Note,
}

impl NewStatement {
    /// The lines as they are stored.
    ///
    /// # Errors
    /// When they have no JSON form.
    pub fn lines_document(&self) -> Result<String, DbError> {
        let lines: &BTreeMap<Line, Money> = &self.statement.lines;
        write_document(lines)
    }
}

/// How far totals of a statement may be from their parts.
pub fn tolerance(statement: &Statement) -> Money {
    let scale = statement
        .line(Line::TotalAssets)
        .or_else(|| statement.line(Line::Sales))
        .map_or(0, |money| money.minor().saturating_abs());
    Money::from_minor(scale / ROUNDING, statement.currency)
}

/// The last versions of each period, the newest period first, of versions in any order.
pub fn current(mut versions: Vec<FinancialStatement>) -> Vec<FinancialStatement> {
    let key = |row: &FinancialStatement| (row.period_end, row.months);
    versions.sort_by_key(|row| std::cmp::Reverse((key(row), row.statement_version)));
    versions.dedup_by_key(|row| key(row));
    versions
}
