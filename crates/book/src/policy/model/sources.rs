//! Which system tells of a category of exposure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use kernel::columns::text_enum;

text_enum! {
    /// Who tells what a category of exposure comes to.
    pub enum ExposureSource {
        /// Documents that are posted here.
        Ledger = "ledger",
        /// Another system, by exposure entries.
        Stated = "stated",
    }
}

/// The one source of each category that both documents here and another system's entries could tell of. Where a source is
/// named, the other is refused; where none is, both are taken, and the same number from both is refused.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema,
)]
#[serde(deny_unknown_fields)]
#[schema(as = ExposureSources, example = json!({"instruments": "ledger"}))]
pub struct Sources {
    /// Who tells of instruments that have not cleared.
    pub instruments: Option<ExposureSource>,
}

impl Sources {
    /// Whether no source is named.
    pub fn are_open(&self) -> bool {
        *self == Sources::default()
    }
}
