//! What use cases and lists are asked.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error as _;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{Audit, Correction, NewStatement, StatementKind};
use kernel::clock::Day;
use kernel::ids::FinancialStatementId;
use kernel::money::{Currency, Money, MoneyIn};
use kernel::text::{Note, Source};
use methods::statements::{Line, Statement};

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
