//! The shapes of financial statements.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use validator::{Validate, ValidationError};

use methods::statements::altman::{Model, Score};
use methods::statements::ratios::{NoValue, Ratio, Trend};
use methods::statements::{Line, Misfit, Statement};
use crate::rating::statements::actions::Analysis;
use crate::rating::statements::model::{
    Audit, Correction, FinancialStatement, NewStatement, StatementKind,
};
use kernel::clock::{Day, Instant};
use kernel::ids::{CustomerId, FinancialStatementId};
use kernel::money::{Currency, Money, MoneyIn};
use kernel::text::{Note, Source, Subject};
use crate::platform::db::{DbError, read_document};
use crate::platform::http::{Code, Problem};

/// The amounts of a statement by line, each line once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinesIn(BTreeMap<Line, Money>);

impl<'de> Deserialize<'de> for LinesIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LinesIn, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = LinesIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("amounts by line")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LinesIn, A::Error> {
                let mut lines = BTreeMap::new();
                while let Some((line, amount)) = map.next_entry::<Line, MoneyIn>()? {
                    if lines.insert(line, amount.money()).is_some() {
                        return Err(A::Error::custom(format!("{line} is given twice")));
                    }
                }
                if lines.is_empty() {
                    return Err(A::Error::custom("must have at least one line"));
                }
                Ok(LinesIn(lines))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

impl PartialSchema for LinesIn {
    fn schema() -> RefOr<Schema> {
        let mut lines = ObjectBuilder::new()
            .schema_type(Type::Object)
            .min_properties(Some(1))
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .examples([json!({"sales": {"amount": "12000000.00", "currency": "CNY"}})]);
        for line in Line::ALL {
            lines = lines.property(line.code(), Ref::from_schema_name("MoneyIn"));
        }
        lines.into()
    }
}

impl ToSchema for LinesIn {
    fn name() -> std::borrow::Cow<'static, str> {
        "StatementLines".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("MoneyIn".to_owned(), MoneyIn::schema()));
        MoneyIn::schemas(schemas);
    }
}

/// A financial statement to be entered.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "is_consistent"))]
#[schema(as = FinancialStatementIn, example = json!({
    "period_end": "2025-12-31", "months": 12, "kind": "annual", "currency": "CNY", "audit": "audited",
    "source": "Customer", "received_on": "2026-03-20",
    "lines": {
        "current_assets": {"amount": "5000.00", "currency": "CNY"},
        "total_assets": {"amount": "10000.00", "currency": "CNY"},
        "current_liabilities": {"amount": "3200.00", "currency": "CNY"},
        "total_liabilities": {"amount": "6000.00", "currency": "CNY"},
        "retained_earnings": {"amount": "1500.00", "currency": "CNY"},
        "total_equity": {"amount": "4000.00", "currency": "CNY"},
        "sales": {"amount": "12000.00", "currency": "CNY"},
        "ebit": {"amount": "900.00", "currency": "CNY"}
    }
}))]
pub struct StatementIn {
    /// The last day of the period, which is the day of the balance sheet; not in the future.
    pub period_end: Day,
    /// How many months the income and cash flow lines cover: 12 for a year; an interim statement has fewer than 12.
    #[validate(range(min = 1, max = 18))]
    #[schema(minimum = 1, maximum = 18)]
    pub months: u32,
    pub kind: StatementKind,
    /// Of all lines.
    pub currency: Currency,
    pub audit: Audit,
    /// Who gave it to us.
    pub source: Source,
    /// The day on which we had it: not before the period's end, not in the future.
    pub received_on: Day,
    pub lines: LinesIn,
    /// The version of the same period that this one corrects: the last one.
    pub corrects_id: Option<FinancialStatementId>,
    /// Why it is corrected; given just when `corrects_id` is.
    pub correction_reason: Option<Note>,
}

/// What the request alone shows to be wrong.
fn is_consistent(input: &StatementIn) -> Result<(), ValidationError> {
    let wrong = |code: &'static str, message: &'static str| {
        Err(ValidationError::new(code).with_message(message.into()))
    };
    if input.kind == StatementKind::Interim && input.months >= 12 {
        return wrong("months", "an interim statement covers fewer than 12 months");
    }
    if input.received_on.date() < input.period_end.date() {
        return wrong("received_on", "received_on lies before period_end");
    }
    if input.corrects_id.is_some() != input.correction_reason.is_some() {
        return wrong(
            "correction",
            "corrects_id and correction_reason must be given together or not at all",
        );
    }
    Ok(())
}

impl StatementIn {
    pub fn new_statement(&self) -> NewStatement {
        NewStatement {
            kind: self.kind,
            audit: self.audit,
            source: self.source.clone(),
            received_on: self.received_on.date(),
            statement: Statement {
                period_end: self.period_end.date(),
                months: self.months,
                currency: self.currency,
                lines: self.lines.0.clone(),
            },
            correction: self.corrects_id.zip(self.correction_reason.clone()).map(
                |(corrects_id, reason)| Correction {
                    corrects_id,
                    reason,
                },
            ),
        }
    }
}

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

/// Which statements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<StatementKind>,
    /// Of periods that ended on this day or later.
    pub period_end_from: Option<Day>,
    /// Of periods that ended on this day or earlier.
    pub period_end_to: Option<Day>,
}
