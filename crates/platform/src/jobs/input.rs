//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::IntoParams;

use super::model::JobStatus;

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<JobStatus>,
    /// Jobs of these kinds, such as `import`.
    #[serde(default)]
    #[param(max_items = 10, max_length = 64)]
    pub kind: Vec<String>,
}
