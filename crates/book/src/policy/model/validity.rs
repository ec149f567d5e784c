//! For how long what is known of a customer is used.

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// For how many months values are used, by where they come from. What our own ledger tells is computed for every day, and
/// never too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"statement_months": 18, "industry_months": 24, "fact_months": 12}))]
pub struct Validity {
    /// A financial statement, from the end of its period: until the next year's should have come.
    #[validate(range(min = 1, max = 60))]
    #[schema(minimum = 1, maximum = 60)]
    pub statement_months: u32,
    /// Figures of an industry, from the day for which they hold.
    #[validate(range(min = 1, max = 120))]
    #[schema(minimum = 1, maximum = 120)]
    pub industry_months: u32,
    /// What somebody says without saying until when.
    #[validate(range(min = 1, max = 60))]
    #[schema(minimum = 1, maximum = 60)]
    pub fact_months: u32,
}

impl Default for Validity {
    fn default() -> Validity {
        Validity {
            statement_months: 18,
            industry_months: 24,
            fact_months: 12,
        }
    }
}

impl Validity {
    /// The last day on which a statement of a period that ended on a day is used.
    pub fn of_statement(&self, period_end: NaiveDate) -> NaiveDate {
        after(period_end, self.statement_months)
    }

    /// The last day on which figures of an industry are used that hold for a day.
    pub fn of_industry(&self, as_of: NaiveDate) -> NaiveDate {
        after(as_of, self.industry_months)
    }

    /// The last day on which something is used that was said of a day.
    pub fn of_fact(&self, as_of: NaiveDate) -> NaiveDate {
        after(as_of, self.fact_months)
    }
}

fn after(day: NaiveDate, months: u32) -> NaiveDate {
    let last = day.checked_add_months(Months::new(months));
    last.unwrap_or(NaiveDate::MAX)
}
