//! How money that came in finds its invoices.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use kernel::figures::Figure;

/// What of cash application needs no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"automatic_above": "0.95"}))]
pub struct CashApplication {
    /// How sure a proposal must be, from 0 to 1, to be applied without a person; nothing is when null.
    pub automatic_above: Option<Figure>,
}

impl Default for CashApplication {
    fn default() -> CashApplication {
        CashApplication {
            automatic_above: Some(Figure::new(95, 2)),
        }
    }
}

impl CashApplication {
    /// The same in parts per million, rounded up: what is less sure is not enough.
    pub fn automatic_above_ppm(&self) -> Option<i64> {
        let share = self.automatic_above?.value();
        (share * Decimal::from(1_000_000)).ceil().to_i64()
    }
}
