//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use kernel::text::{Note, Subject};

/// Which tokens count no more: one, or all of a subject.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"subject": "keycloak:u-17", "reason": "The laptop was stolen."}))]
pub struct TokenRevocationIn {
    /// One token, by its `jti`, or what its issuer has instead, letter for letter: spaces at its ends belong to it.
    #[validate(length(min = 1, max = 255))]
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$"
    )]
    pub token_id: Option<String>,
    /// All tokens that were issued to this subject until now, as the trail writes it, and within the next minute, because its
    /// issuer's clock may be ahead. Later ones count.
    pub subject: Option<Subject>,
    pub reason: Note,
}
