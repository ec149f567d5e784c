//! What is asked of the chain.

use serde::Deserialize;
use utoipa::IntoParams;

/// Which part of the chain.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ProofFilter {
    /// Places from this one on.
    #[param(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub position_from: Option<i64>,
    /// Places up to and including this one.
    #[param(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub position_to: Option<i64>,
}
