//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::KeyRole;
use kernel::clock::Instant;
use kernel::text::{Keyword, Line};

/// An API key to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Order desk Shanghai", "role": "system", "scopes": ["limits:check", "reservations:manage"],
    "expires_at": "2027-03-31T00:00:00Z"
}))]
pub struct ApiKeyIn {
    /// What people call it.
    pub name: Line,
    pub role: KeyRole,
    /// The permissions that it is held to, by the names that operations have as `x-permission`. Each must be one
    /// that its role has.
    #[validate(length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    pub scopes: Vec<Keyword>,
    /// From when on it lets nobody in; never when not given.
    pub expires_at: Option<Instant>,
    /// How many requests it may make each second, in place of what the server allows every caller.
    #[validate(range(min = 1, max = 100_000))]
    #[schema(minimum = 1, maximum = 100_000)]
    pub requests_per_second: Option<i32>,
}

/// How a key is replaced.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_hours": 24}))]
pub struct RotateKeyIn {
    /// For how many hours the key before is taken as well, so that its user has time to take the new one; 24 when not given.
    /// With 0 it is worthless at once.
    #[validate(range(min = 0, max = 168))]
    #[schema(minimum = 0, maximum = 168)]
    pub overlap_hours: Option<i64>,
}

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApiKeyFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub role: Vec<KeyRole>,
}
