//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use kernel::text::{Line, Note, Subject};

/// Which tokens count no more: one, or all of a subject.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"subject": "keycloak:u-17", "reason": "The laptop was stolen."}))]
pub struct TokenRevocationIn {
    /// One token, by its `jti`, or what its issuer has instead.
    pub token_id: Option<Line>,
    /// All tokens that were issued to this subject until now, as the trail writes it. Later ones count.
    pub subject: Option<Subject>,
    pub reason: Note,
}
