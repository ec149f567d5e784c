//! The shapes of financial statements.

use crate::rating::statements::input::LinesIn;

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::db::{DbError, read_document};
use crate::platform::http::{Code, Problem};
use crate::rating::statements::actions::Analysis;
use crate::rating::statements::model::{Audit, FinancialStatement, StatementKind};
use kernel::clock::Instant;
use kernel::ids::{CustomerId, FinancialStatementId};
use kernel::money::Currency;
use kernel::text::{Note, Source, Subject};
use methods::statements::Misfit;
use methods::statements::altman::{Model, Score};
use methods::statements::ratios::{NoValue, Ratio, Trend};

/// A financial statement, without what it tells.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FinancialStatementSummary, example = json!({
    "id": "fst_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "period_end": "2025-12-31", "months": 12, "kind": "annual", "currency": "CNY", "audit": "audited",
    "source": "Customer", "received_on": "2026-03-20",
    "lines": {"sales": {"amount": "12000.00", "currency": "CNY"}},
    "statement_version": 1, "corrects_id": null, "corrected_by_id": null, "correction_reason": null,
    "entered_by": "u-17", "entered_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct StatementSummaryOut {
    id: FinancialStatementId,
    customer_id: CustomerId,
    period_end: NaiveDate,
    #[schema(minimum = 1, maximum = 18)]
    months: i32,
    kind: StatementKind,
    currency: Currency,
    audit: Audit,
    source: Source,
    received_on: NaiveDate,
    lines: LinesIn,
    /// 1 for the first of its period; each correction is the next.
    #[schema(minimum = 1)]
    statement_version: i32,
    corrects_id: Option<FinancialStatementId>,
    /// The version that holds instead, or that was itself corrected.
    corrected_by_id: Option<FinancialStatementId>,
    correction_reason: Option<Note>,
    entered_by: Subject,
    entered_at: Instant,
}

impl StatementSummaryOut {
    /// # Errors
    /// When the row was changed by other hands.
    pub fn new(
        row: FinancialStatement,
        corrected_by_id: Option<FinancialStatementId>,
    ) -> Result<StatementSummaryOut, DbError> {
        Ok(StatementSummaryOut {
            id: row.id,
            customer_id: row.customer_id,
            period_end: row.period_end,
            months: row.months,
            kind: row.kind,
            currency: row.currency,
            audit: row.audit,
            source: row.source,
            received_on: row.received_on,
            lines: read_document(&row.lines)?,
            statement_version: row.statement_version,
            corrects_id: row.corrects_id,
            corrected_by_id,
            correction_reason: row.reason,
            entered_by: row.entered_by,
            entered_at: row.entered_at,
        })
    }
}

/// A financial statement with all that it tells.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FinancialStatement, example = json!({
    "statement": {
        "id": "fst_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
        "period_end": "2025-12-31", "months": 12, "kind": "annual", "currency": "CNY", "audit": "audited",
        "source": "Customer", "received_on": "2026-03-20",
        "lines": {
            "current_assets": {"amount": "5000.00", "currency": "CNY"},
            "current_liabilities": {"amount": "3200.00", "currency": "CNY"}
        },
        "statement_version": 1, "corrects_id": null, "corrected_by_id": null, "correction_reason": null,
        "entered_by": "u-17", "entered_at": "2026-03-31T08:00:00.000000Z"
    },
    "warnings": [],
    "before_id": null,
    "ratios": [{
        "code": "current_ratio", "formula": "current_assets / current_liabilities", "unit": "times", "value": "1.5625",
        "no_value": null, "inputs": [
            {"line": "current_assets", "period_end": "2025-12-31", "amount": {"amount": "5000.00", "currency": "CNY"}},
            {"line": "current_liabilities", "period_end": "2025-12-31", "amount": {"amount": "3200.00", "currency": "CNY"}}
        ]
    }],
    "trends": [{
        "code": "current_ratio", "points": [{"period_end": "2025-12-31", "value": "1.5625", "no_value": null}],
        "change": null, "movement": null
    }],
    "altman": [{
        "model": "private", "score": null, "missing": [{"code": "missing", "line": "total_assets"}]
    }]
}))]
pub struct StatementOut {
    statement: StatementSummaryOut,
    /// What does not fit together: shown, and left to whoever reads.
    #[schema(max_items = 50)]
    warnings: Vec<WarningOut>,
    /// The statement of the period before, which growth and averages were made with.
    before_id: Option<FinancialStatementId>,
    /// Every ratio, with its value or why it has none.
    #[schema(max_items = 50)]
    ratios: Vec<Ratio>,
    /// Every ratio over the customer's periods of the same length and currency, up to this one.
    #[schema(max_items = 50)]
    trends: Vec<Trend>,
    /// By every model; they may disagree.
    #[schema(max_items = 10)]
    altman: Vec<AltmanOut>,
}

/// Something in a statement that does not fit together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementWarning)]
pub struct WarningOut {
    /// What is wrong where, and by how much.
    #[schema(max_length = 1000)]
    message: String,
    misfit: Misfit,
}

/// A Z-score of a statement, or why it has none.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AltmanResult)]
pub struct AltmanOut {
    model: Model,
    /// Null when something is missing.
    score: Option<Score>,
    /// Why there is no score; empty when there is one.
    #[schema(max_items = 10)]
    missing: Vec<NoValue>,
}

impl StatementOut {
    /// # Errors
    /// When the row was changed by other hands.
    pub fn new(row: FinancialStatement, analysis: Analysis) -> Result<StatementOut, DbError> {
        let warnings = analysis.warnings.into_iter().map(|misfit| WarningOut {
            message: misfit.to_string(),
            misfit,
        });
        let altman = analysis.altman.into_iter().map(|(model, score)| {
            let (score, missing) = match score {
                Ok(score) => (Some(score), Vec::new()),
                Err(missing) => (None, missing),
            };
            AltmanOut {
                model,
                score,
                missing,
            }
        });
        Ok(StatementOut {
            statement: StatementSummaryOut::new(row, analysis.corrected_by_id)?,
            warnings: warnings.collect(),
            before_id: analysis.before_id,
            ratios: analysis.ratios,
            trends: analysis.trends,
            altman: altman.collect(),
        })
    }
}

/// What no statement can be, each at its line.
pub fn impossible(misfits: &[Misfit]) -> Problem {
    misfits
        .iter()
        .fold(Problem::new(Code::Invalid), |problem, misfit| {
            let pointer = match misfit.line() {
                Some(line) => format!("/lines/{}", line.code()),
                None => "/months".to_owned(),
            };
            problem.at(pointer, misfit.code(), misfit)
        })
}
