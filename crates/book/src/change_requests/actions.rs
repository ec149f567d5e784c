//! What is done with change requests.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::input::{Proposal, ProposedLine};
use super::kinds::{ChangeKinds, KindOfChange, PlannedChange, Refusal};
use super::model::{ChangeKind, ChangeLine, ChangeRequest, ChangeStatus, LineOutcome};
use super::store;
use crate::platform::db::{Change, Db, DbError, Tx, read_document, write_document, write_json};
use crate::platform::http::{Code, Problem};
use kernel::caller::{Caller, Role};
use kernel::ids::ChangeRequestId;
use kernel::text::{Line, Note};

/// Why a use case on change requests was refused.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("there is no such change request")]
    Missing,
    #[error("the request is {0}")]
    Decided(ChangeStatus),
    #[error("who proposed a change does not decide it")]
    OwnProposal,
    #[error("another role decides such changes")]
    WrongRole(&'static [Role]),
    #[error("only who proposed a change withdraws it")]
    NotOwn,
    #[error("the room refuses the change")]
    Refused(Problem),
    /// What is wrong with lines of a proposal, by their place.
    #[error("lines of the proposal are wrong")]
    Lines(Vec<(i32, Problem)>),
    #[error("the request changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What the trail keeps of a request with its lines.
#[derive(Serialize)]
struct WithLines<'a, L> {
    #[serde(flatten)]
    request: &'a ChangeRequest,
    lines: Vec<L>,
}

/// What the trail keeps of a line that was decided.
#[derive(Serialize)]
struct Settled<'a> {
    line: i32,
    target_id: &'a Line,
    outcome: LineOutcome,
}

/// Proposes changes, as one request. They are tried in their order and undone, so that what can't be applied anyway is
/// refused at once; then the whole proposal is, with all that is wrong.
///
/// # Errors
/// When for a line there is no such target for the caller, another line has the same, or the room refuses the change.
pub fn propose(
    tx: &mut Tx,
    kinds: ChangeKinds,
    proposal: &Proposal,
) -> Result<ChangeRequest, ChangeError> {
    let kind = kinds.find(proposal.kind)?;
    let mut wrong = Vec::new();
    let (mut places, mut changes) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for proposed in &proposal.lines {
        match read_line(tx, kind, proposed) {
            Ok((target, _)) if !seen.insert(target.id.clone()) => {
                let again = Problem::invalid("/target", "repeated", "stands on another line too");
                wrong.push((proposed.line, again));
            }
            Ok(change) => {
                places.push(proposed.line);
                changes.push(change);
            }
            Err(problem) => wrong.push((proposed.line, sound(problem)?)),
        }
    }
    wrong.extend(try_out(tx, kind, &places, &changes)?);
    if !wrong.is_empty() {
        wrong.sort_by_key(|(line, _)| *line);
        return Err(ChangeError::Lines(wrong));
    }
    let caller = tx.caller();
    let request = ChangeRequest {
        id: proposal.id,
        kind: proposal.kind,
        status: ChangeStatus::Proposed,
        reason: proposal.reason.clone(),
        proposed_by: caller.subject.clone(),
        proposed_at: tx.now(),
        decided_by: None,
        decision_reason: None,
        decided_at: None,
        version: 1,
    };
    let lines = places
        .into_iter()
        .zip(changes)
        .map(|(line, (target, after))| {
            Ok(ChangeLine {
                request_id: request.id,
                line,
                target_id: target.id,
                target_number: target.number,
                target_version: target.version,
                customer_id: target.customer_id,
                before: write_document(&target.state)?,
                after: write_document(&after)?,
                outcome: None,
                refusal: None,
            })
        })
        .collect::<Result<Vec<_>, DbError>>()?;
    store::insert(tx, &request, &lines)?;
    tx.record(
        Change::new("change_request.proposed", request.id)
            .after(&WithLines {
                request: &request,
                lines: lines.iter().collect(),
            })
            .because(&proposal.reason),
    )?;
    Ok(request)
}

/// The target of a proposed line as it is now, and what it is to become.
fn read_line(
    tx: &mut Tx,
    kind: &KindOfChange,
    proposed: &ProposedLine,
) -> Result<PlannedChange, Problem> {
    let caller = tx.caller();
    let target = (kind.find)(tx, caller, proposed.target.as_str())?;
    let target = target.ok_or_else(|| Problem::not_found(kind.thing))?;
    let after = (kind.read)(tx, caller, &proposed.after)?;
    Ok((target, after))
}

/// Approves a request, and applies its lines in this unit of work, in their order. A line whose target has changed since
/// it was proposed is stale, and one that the room refuses as the book is now is refused; the others are applied all the
/// same.
///
/// # Errors
/// When the request is not there or not visible, is decided, changed since `version`, or the caller proposed it; and when
/// no line can be applied and the room refuses one: then the request waits on.
pub fn approve(
    tx: &mut Tx,
    kinds: ChangeKinds,
    id: ChangeRequestId,
    version: i64,
    reason: &Note,
) -> Result<ChangeRequest, ChangeError> {
    let before = lock_proposed(tx, id, version)?;
    refuse_own(tx.caller(), &before)?;
    if !tx.caller().has_any(before.kind.deciders()) {
        return Err(ChangeError::WrongRole(before.kind.deciders()));
    }
    let kind = kinds.find(before.kind)?;
    let mut lines = store::list_all_lines(tx, id)?;
    let refused = apply_lines(tx, kind, &mut lines)?;
    let is = |outcome| lines.iter().any(|line| line.outcome == Some(outcome));
    let status = match (is(LineOutcome::Applied), is(LineOutcome::Stale)) {
        (true, false) if refused.is_empty() => ChangeStatus::Applied,
        (true, _) => ChangeStatus::PartlyApplied,
        (false, _) if refused.is_empty() => ChangeStatus::Stale,
        (false, _) => return Err(ChangeError::Refused(all_refused(&lines, refused))),
    };
    store::settle_lines(tx, &lines)?;
    let after = decided(tx, &before, status, reason)?;
    let settled = lines.iter().filter_map(|line| {
        Some(Settled {
            line: line.line,
            target_id: &line.target_id,
            outcome: line.outcome?,
        })
    });
    tx.record(
        Change::new(action(status), after.id)
            .before(&before)
            .after(&WithLines {
                request: &after,
                lines: settled.collect(),
            })
            .because(reason),
    )?;
    Ok(after)
}

/// Applies what can be applied, and says of each line what became of it. Gives what was refused.
fn apply_lines(
    tx: &mut Tx,
    kind: &KindOfChange,
    lines: &mut [ChangeLine],
) -> Result<Vec<(i32, Problem)>, ChangeError> {
    let caller = tx.caller();
    let mut changes = Vec::with_capacity(lines.len());
    for line in lines.iter() {
        let target = (kind.find)(tx, caller, line.target_id.as_str())?;
        let unmoved = target.filter(|target| target.version == line.target_version);
        let after: Value = read_document(&line.after)?;
        changes.push(unmoved.map(|target| (target, after)));
    }
    let possible: Vec<PlannedChange> = changes.iter().flatten().cloned().collect();
    (kind.lock)(tx, &possible)?;
    let mut refused = Vec::new();
    for (line, change) in lines.iter_mut().zip(&changes) {
        let applied = match change {
            Some((target, after)) => tx.savepoint(|tx| (kind.apply)(tx, target, after)),
            None => Err(Refusal::Stale),
        };
        line.outcome = Some(match applied {
            Ok(()) => LineOutcome::Applied,
            Err(Refusal::Stale) => LineOutcome::Stale,
            Err(Refusal::Refused(problem)) => {
                let problem = sound(problem)?;
                line.refusal = Some(write_json(&problem)?);
                refused.push((line.line, problem));
                LineOutcome::Refused
            }
        });
    }
    Ok(refused)
}

/// What nobody can apply: the problem of the only line, or those of all.
fn all_refused(lines: &[ChangeLine], refused: Vec<(i32, Problem)>) -> Problem {
    let is_single = lines.len() == 1;
    let mut all = Problem::new(Code::Invalid);
    for (line, problem) in refused {
        if is_single {
            return problem;
        }
        all = all.and(problem.below(&format!("/lines/{line}")));
    }
    all
}

/// What is wrong with a line, unless it is netterms that failed.
fn sound(problem: Problem) -> Result<Problem, ChangeError> {
    if problem.code().status() >= 500 {
        return Err(ChangeError::Refused(problem));
    }
    Ok(problem)
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

/// What a line's target was and is to become, as far as the reader may know it.
///
/// # Errors
/// When the database fails, or the row was changed by other hands.
pub fn shown(
    db: &mut Db,
    kinds: ChangeKinds,
    reader: &Caller,
    kind: ChangeKind,
    line: &ChangeLine,
) -> Result<(Value, Value), DbError> {
    let kind = kinds.find(kind)?;
    let before = (kind.show)(db, reader, read_document(&line.before)?)?;
    let after = (kind.show)(db, reader, read_document(&line.after)?)?;
    Ok((before, after))
}

/// Why changes that were tried left nothing behind.
enum Undone {
    /// As it should, with what was refused.
    Tried(Vec<(i32, Problem)>),
    Failed(ChangeError),
}

impl From<DbError> for Undone {
    fn from(error: DbError) -> Undone {
        Undone::Failed(error.into())
    }
}

/// Applies changes and undoes them. Gives what was refused, by its place.
fn try_out(
    tx: &mut Tx,
    kind: &KindOfChange,
    places: &[i32],
    changes: &[PlannedChange],
) -> Result<Vec<(i32, Problem)>, ChangeError> {
    let tried: Result<(), Undone> = tx.savepoint(|tx| {
        (kind.lock)(tx, changes)?;
        let mut refused = Vec::new();
        for (place, (target, after)) in places.iter().zip(changes) {
            let problem = match tx.savepoint(|tx| (kind.apply)(tx, target, after)) {
                Ok(()) => continue,
                Err(Refusal::Stale) => Problem::new(Code::Stale),
                Err(Refusal::Refused(problem)) => sound(problem).map_err(Undone::Failed)?,
            };
            refused.push((*place, problem));
        }
        Err(Undone::Tried(refused))
    });
    match tried {
        Ok(()) => Ok(Vec::new()),
        Err(Undone::Tried(refused)) => Ok(refused),
        Err(Undone::Failed(error)) => Err(error),
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
    let after = decided(tx, before, status, reason)?;
    tx.record(
        Change::new(action(status), after.id)
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

fn decided(
    tx: &mut Tx,
    before: &ChangeRequest,
    status: ChangeStatus,
    reason: &Note,
) -> Result<ChangeRequest, ChangeError> {
    let after = ChangeRequest {
        status,
        decided_by: Some(tx.caller().subject.clone()),
        decision_reason: Some(reason.clone()),
        decided_at: Some(tx.now()),
        ..before.clone()
    };
    store::update_if_unchanged(tx, &after)?.ok_or(ChangeError::Stale)
}

const fn action(status: ChangeStatus) -> &'static str {
    match status {
        ChangeStatus::Proposed => "change_request.proposed",
        ChangeStatus::Applied => "change_request.applied",
        ChangeStatus::PartlyApplied => "change_request.partly_applied",
        ChangeStatus::Stale => "change_request.stale",
        ChangeStatus::Rejected => "change_request.rejected",
        ChangeStatus::Withdrawn => "change_request.withdrawn",
    }
}
