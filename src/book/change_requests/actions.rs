//! What is done with change requests.

use super::input::ChangeRequestIn;
use super::kinds::{ChangeKinds, KindOfChange, Refusal, Target};
use super::model::{ChangeRequest, ChangeStatus};
use super::store;
use crate::platform::db::{Change, Db, DbError, Tx, read_document, write_document};
use crate::platform::http::Problem;
use kernel::caller::Caller;
use kernel::ids::ChangeRequestId;
use kernel::text::Note;
use serde_json::Value;

/// Why a use case on change requests was refused.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("there is no such change request")]
    Missing,
    #[error("there is no such {0}")]
    NoTarget(&'static str),
    #[error("the request is {0}")]
    Decided(ChangeStatus),
    #[error("who proposed a change does not decide it")]
    OwnProposal,
    #[error("only who proposed a change withdraws it")]
    NotOwn,
    #[error("the room refuses the change")]
    Refused(Problem),
    #[error("the request changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Proposes a change. It is tried and undone, so that what can't be applied anyway is refused at once.
///
/// # Errors
/// When there is no such target for the caller, or the room refuses the change.
pub fn propose(
    tx: &mut Tx,
    kinds: ChangeKinds,
    input: &ChangeRequestIn,
) -> Result<ChangeRequest, ChangeError> {
    let kind = kinds.find(input.kind)?;
    let caller = tx.caller();
    let target = (kind.find)(tx, caller, input.target.as_str())?;
    let target = target.ok_or(ChangeError::NoTarget(kind.thing))?;
    let after = (kind.read)(tx, caller, &input.after).map_err(ChangeError::Refused)?;
    try_out(tx, kind, &target, &after)?;
    let request = ChangeRequest {
        id: ChangeRequestId::new(),
        kind: input.kind,
        status: ChangeStatus::Proposed,
        target_id: target.id,
        target_number: target.number,
        target_version: target.version,
        customer_id: target.customer_id,
        before: write_document(&target.state)?,
        after: write_document(&after)?,
        reason: input.reason.clone(),
        proposed_by: caller.subject.clone(),
        proposed_at: tx.now(),
        decided_by: None,
        decision_reason: None,
        decided_at: None,
        version: 1,
    };
    store::insert(tx, &request)?;
    tx.record(
        Change::new("change_request.proposed", request.id)
            .after(&request)
            .because(&input.reason),
    )?;
    Ok(request)
}

/// Approves a change, and applies it in this unit of work; where the target has changed since it was proposed, the
/// request becomes stale instead, and nothing is applied.
///
/// # Errors
/// When the request is not there or not visible, is decided, changed since `version`, the caller proposed it, or the room
/// refuses the change as the book is now: then the request waits on.
pub fn approve(
    tx: &mut Tx,
    kinds: ChangeKinds,
    id: ChangeRequestId,
    version: i64,
    reason: &Note,
) -> Result<ChangeRequest, ChangeError> {
    let before = lock_proposed(tx, id, version)?;
    refuse_own(tx.caller(), &before)?;
    let kind = kinds.find(before.kind)?;
    let caller = tx.caller();
    let target = (kind.find)(tx, caller, before.target_id.as_str())?;
    let unmoved = target.filter(|target| target.version == before.target_version);
    let applied = match unmoved {
        Some(target) => {
            let after: Value = read_document(&before.after)?;
            tx.savepoint(|tx| (kind.apply)(tx, &target, &after))
        }
        None => Err(Refusal::Stale),
    };
    match applied {
        Ok(()) => decide(tx, &before, ChangeStatus::Applied, reason),
        Err(Refusal::Stale) => decide(tx, &before, ChangeStatus::Stale, reason),
        Err(Refusal::Refused(problem)) => Err(ChangeError::Refused(problem)),
    }
}

/// Rejects a change: the target stays as it is.
///
/// # Errors
/// When the request is not there or not visible, is decided, changed since `version`, or the caller proposed it.
pub fn reject(
    tx: &mut Tx,
    id: ChangeRequestId,
    version: i64,
    reason: &Note,
) -> Result<ChangeRequest, ChangeError> {
    let before = lock_proposed(tx, id, version)?;
    refuse_own(tx.caller(), &before)?;
    decide(tx, &before, ChangeStatus::Rejected, reason)
}

/// Takes back a change that the caller proposed.
///
/// # Errors
/// When the request is not there or not visible, is decided, changed since `version`, or somebody else proposed it.
pub fn withdraw(
    tx: &mut Tx,
    id: ChangeRequestId,
    version: i64,
    reason: &Note,
) -> Result<ChangeRequest, ChangeError> {
    let before = lock_proposed(tx, id, version)?;
    if before.proposed_by != tx.caller().subject {
        return Err(ChangeError::NotOwn);
    }
    decide(tx, &before, ChangeStatus::Withdrawn, reason)
}

/// What a request was and is to become, as far as the reader may know it.
///
/// # Errors
/// When the database fails, or the row was changed by other hands.
pub fn shown(
    db: &mut Db,
    kinds: ChangeKinds,
    reader: &Caller,
    request: &ChangeRequest,
) -> Result<(Value, Value), DbError> {
    let kind = kinds.find(request.kind)?;
    let before = (kind.show)(db, reader, read_document(&request.before)?)?;
    let after = (kind.show)(db, reader, read_document(&request.after)?)?;
    Ok((before, after))
}

/// Why a change that was tried left nothing behind.
enum Undone {
    /// As it should.
    Possible,
    Impossible(Refusal),
}

impl From<DbError> for Undone {
    fn from(error: DbError) -> Undone {
        Undone::Impossible(error.into())
    }
}

/// Applies a change and undoes it.
fn try_out(
    tx: &mut Tx,
    kind: &KindOfChange,
    target: &Target,
    after: &Value,
) -> Result<(), ChangeError> {
    let tried: Result<(), Undone> = tx.savepoint(|tx| {
        (kind.apply)(tx, target, after).map_err(Undone::Impossible)?;
        Err(Undone::Possible)
    });
    match tried {
        Ok(()) | Err(Undone::Possible) => Ok(()),
        Err(Undone::Impossible(Refusal::Stale)) => Err(ChangeError::Stale),
        Err(Undone::Impossible(Refusal::Refused(problem))) => Err(ChangeError::Refused(problem)),
    }
}

fn lock_proposed(
    tx: &mut Tx,
    id: ChangeRequestId,
    version: i64,
) -> Result<ChangeRequest, ChangeError> {
    store::lock(tx, id)?;
    let caller = tx.caller();
    let request = store::find_visible(tx, caller, id)?.ok_or(ChangeError::Missing)?;
    if request.version != version {
        return Err(ChangeError::Stale);
    }
    if request.status != ChangeStatus::Proposed {
        return Err(ChangeError::Decided(request.status));
    }
    Ok(request)
}

fn refuse_own(caller: &Caller, request: &ChangeRequest) -> Result<(), ChangeError> {
    if request.proposed_by == caller.subject {
        return Err(ChangeError::OwnProposal);
    }
    Ok(())
}

fn decide(
    tx: &mut Tx,
    before: &ChangeRequest,
    status: ChangeStatus,
    reason: &Note,
) -> Result<ChangeRequest, ChangeError> {
    let action = match status {
        ChangeStatus::Proposed => "change_request.proposed",
        ChangeStatus::Applied => "change_request.applied",
        ChangeStatus::Stale => "change_request.stale",
        ChangeStatus::Rejected => "change_request.rejected",
        ChangeStatus::Withdrawn => "change_request.withdrawn",
    };
    let after = ChangeRequest {
        status,
        decided_by: Some(tx.caller().subject.clone()),
        decision_reason: Some(reason.clone()),
        decided_at: Some(tx.now()),
        ..before.clone()
    };
    let after = store::update_if_unchanged(tx, &after)?.ok_or(ChangeError::Stale)?;
    tx.record(
        Change::new(action, after.id)
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}
