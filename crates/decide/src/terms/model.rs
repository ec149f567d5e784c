//! What comparisons of terms are made of.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use kernel::figures::Figure;
use kernel::text::GradeCode;

/// How many days a year is counted with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum YearDays {
    /// As banks count, and most Chinese textbooks.
    D360,
    #[default]
    D365,
}

impl TryFrom<u32> for YearDays {
    type Error = &'static str;

    fn try_from(days: u32) -> Result<YearDays, &'static str> {
        match days {
            360 => Ok(YearDays::D360),
            365 => Ok(YearDays::D365),
            _ => Err("must be 360 or 365"),
        }
    }
}

impl PartialSchema for YearDays {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some(
                "How many days a year is counted with: 365 when not given.",
            ))
            .enum_values(Some([360, 365]))
            .minimum(Some(360))
            .maximum(Some(365))
            .into()
    }
}

impl ToSchema for YearDays {}

/// What is lost of the sales to a grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BadDebt {
    pub grade: GradeCode,
    /// Of sales, from 0 to 1.
    pub share: Figure,
}
