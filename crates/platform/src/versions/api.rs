//! What a refused step is as a problem.

use super::model::VersionError;
use crate::platform::http::{Code, Problem};

/// The problem about a thing, such as `"policy"`; `duty` is what its drafters have done, such as `"author of the policy"`.
pub fn refused(thing: &str, duty: &str, error: VersionError) -> Problem {
    match error {
        VersionError::Stale => Problem::new(Code::Stale),
        VersionError::NotInStage { stage, allowed } => Problem::state(thing, stage, allowed),
        VersionError::OwnDraft => Problem::new(Code::SegregationOfDuties).with("duty", duty),
    }
}
