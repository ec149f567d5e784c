//! What is kept under the key of a check: not the answer, which stands in the check's record, but where it stands.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Answered, CheckRequest, DeskError, Reply};
use crate::decide::limits::check::CheckError;
use crate::decide::limits::model::LimitCheck;
use crate::decide::limits::record::Decided;
use crate::decide::limits::store;
use crate::platform::db::{DbError, Tx, read_document, write_hot_document};
use crate::platform::http::Ended;
use crate::platform::idempotency::{self, Claim};
use kernel::ids::{IdempotencyKeyId, LimitCheckId};
use kernel::places::Language;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredCheck {
    /// The check that was recorded, and the language of its answer.
    Check(LimitCheckId, Language),
    Refusal(CheckError),
}

/// What is to be kept of an answer; nothing of one that is not final. `check` is the one that was recorded.
///
/// # Errors
/// When it has no JSON form.
pub fn write(
    answer: &Answered,
    check: Option<LimitCheckId>,
    language: Language,
) -> Result<Option<String>, DbError> {
    let kept = match (answer, check) {
        (Ok(Ended::Fresh(Reply::Decision(..))), Some(check)) => StoredCheck::Check(check, language),
        (Ok(Ended::Fresh(Reply::Refusal(refusal))), _) => StoredCheck::Refusal(refusal.clone()),
        _ => return Ok(None),
    };
    write_hot_document(&kept).map(Some)
}

/// The answers to those of the checks whose keys were used before.
///
/// # Errors
/// When the database fails.
pub fn replay(
    tx: &mut Tx,
    asked: &[CheckRequest],
    used: &[IdempotencyKeyId],
) -> Result<HashMap<IdempotencyKeyId, Answered>, DbError> {
    if used.is_empty() {
        return Ok(HashMap::new());
    }
    let used: HashSet<IdempotencyKeyId> = used.iter().copied().collect();
    let keyed = asked.iter().filter_map(|one| one.keyed.as_ref());
    let keys: Vec<(IdempotencyKeyId, &str)> = keyed
        .filter(|keyed| used.contains(&keyed.id))
        .map(|keyed| (keyed.id, keyed.fingerprint.as_str()))
        .collect();
    let mut kept = HashMap::new();
    for (id, claim) in idempotency::find_all(tx, &keys)? {
        kept.insert(
            id,
            match claim {
                Claim::StoredResponse(text) => Ok(read_document::<StoredCheck>(&text)?),
                Claim::OtherRequest => Err(DeskError::KeyReused),
                Claim::New | Claim::InProgress => Err(DeskError::InProgress),
            },
        );
    }
    let checks: Vec<LimitCheckId> = kept
        .values()
        .filter_map(|kept| match kept {
            Ok(StoredCheck::Check(id, _)) => Some(*id),
            _ => None,
        })
        .collect();
    let checks: HashMap<LimitCheckId, LimitCheck> = store::list_checks_by_ids(tx, &checks)?
        .into_iter()
        .map(|check| (check.id, check))
        .collect();
    let mut answers = HashMap::new();
    for one in asked {
        let Some(id) = one.keyed.as_ref().map(|keyed| keyed.id) else {
            continue;
        };
        let answer = match kept.remove(&id) {
            None => continue,
            Some(Err(error)) => Err(error),
            Some(Ok(StoredCheck::Refusal(refusal))) => Ok(Ended::Replayed(Reply::Refusal(refusal))),
            Some(Ok(StoredCheck::Check(check, language))) => match checks.get(&check) {
                Some(check) => {
                    let decided = Box::new(Decided::read(check)?);
                    Ok(Ended::Replayed(Reply::Decision(decided, language)))
                }
                None => Err(DeskError::Internal("a kept check is not there")),
            },
        };
        answers.insert(id, answer);
    }
    Ok(answers)
}
