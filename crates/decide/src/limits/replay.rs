//! What a recorded check would come to if it were decided again, from its record alone.

use super::check::record::Record;
use super::check::rules::Decision;
use super::error::LimitsError;
use super::model::LimitCheck;
use super::store;
use crate::book::policy::actions as policies;
use crate::book::policy::model::{Policy, RuleCode};
use crate::platform::db::{Db, DbError, read_document};
use kernel::ids::LimitCheckId;

/// A check as it was decided, and as it would be.
#[derive(Debug, Clone)]
pub struct Replayed {
    pub check: LimitCheck,
    pub record: Record,
    /// The version under which it was decided again.
    pub policy_version: i32,
    pub decision: Decision,
    /// The rules of that version that could not be asked.
    pub not_known: Vec<RuleCode>,
}

impl Replayed {
    /// Decides a check again under `policy`; `original` is the version that decided it.
    ///
    /// # Errors
    /// When the record can't be read.
    pub fn new(check: LimitCheck, original: &Policy, policy: &Policy) -> Result<Replayed, DbError> {
        let record: Record = read_document(&check.record)?;
        let decision = record.decide_again(&policy.document);
        let not_known = record.not_known(&original.document, &policy.document);
        Ok(Replayed {
            check,
            record,
            policy_version: policy.version,
            decision,
            not_known,
        })
    }

    /// Whether the same is answered: outcome, reasons and counter-offers.
    pub fn is_identical(&self) -> bool {
        let recorded = &self.record.decision;
        recorded.outcome == self.decision.outcome
            && recorded.reasons == self.decision.reasons
            && recorded.counter_offers == self.decision.counter_offers
    }
}

/// Decides a recorded check again: under the version of the policy that decided it, or under another.
///
/// # Errors
/// When there is no such check, or no such version.
pub fn replay(
    db: &mut Db,
    id: LimitCheckId,
    version: Option<i32>,
) -> Result<Replayed, LimitsError> {
    let check = store::find_check(db, id)?.ok_or(LimitsError::Missing("limit check"))?;
    let original = policies::find_version(db, check.policy_version)?
        .ok_or_else(|| DbError::Document("a limit check without its policy".to_owned()))?;
    let Some(version) = version.filter(|version| *version != original.version) else {
        return Ok(Replayed::new(check, &original, &original)?);
    };
    let policy = policies::find_version(db, version)?.ok_or(LimitsError::NoSuchVersion)?;
    Ok(Replayed::new(check, &original, &policy)?)
}
