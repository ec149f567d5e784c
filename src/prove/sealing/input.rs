//! What is asked of the chain.

use serde::Deserialize;
use utoipa::IntoParams;

/// Which part of the chain.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ProofFilter {
    /// Places from this one on.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub position_from: Option<Place>,
    /// Places up to and including this one.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub position_to: Option<Place>,
}

/// A place in the chain: 1 or more.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub struct Place(i64);

impl Place {
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Place {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Place, &'static str> {
        if number < 1 {
            return Err("must be 1 or more");
        }
        Ok(Place(number))
    }
}
