//! The jobs: statements are kept and matched; what waits is matched again.

use std::io::Read as _;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::CashError;
use super::gathering::read_names;
use super::keeping::{self, Kept};
use super::matching::{Asking, Matched, match_entries};
use super::returning::match_return;
use crate::book::cash::formats::{self, FILE_BYTES_MAX, TableMapping};
use crate::book::cash::model::{EntryStatus, StatementFormat};
use crate::book::cash::store;
use crate::platform::db::DbError;
use crate::platform::jobs::model::{Ended, JobError, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext, JobKind, Lane};
use kernel::ids::{BankEntryId, BankStatementId};

/// How many entries are matched in one unit of work.
const CHUNK: i64 = 500;

/// The name of jobs that take statements.
pub const STATEMENT_KIND: &str = "bank_statement";

/// How a statement is taken.
pub const STATEMENT_JOB: JobKind = JobKind {
    name: STATEMENT_KIND,
    work: take_statements,
    lane: Lane::Imports,
};

/// The name of jobs that match again what waits.
pub const MATCHING_KIND: &str = "cash_matching";

/// How what waits is matched again.
pub const MATCHING_JOB: JobKind = JobKind {
    name: MATCHING_KIND,
    work: match_waiting,
    lane: Lane::Imports,
};

/// What a job that takes statements is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatementPlan {
    pub format: Option<StatementFormat>,
    pub mapping: TableMapping,
    /// How many payments the file lists.
    pub payments: i64,
}

/// What a job that matches again is asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MatchingPlan {}

fn take_statements(context: &JobContext) -> Result<Ended, Interrupted> {
    let plan: StatementPlan = context.input()?;
    context.progress(0, Some(plan.payments))?;
    let mut bytes = Vec::new();
    let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    context
        .file()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| DbError::Unavailable(error.to_string()))?;
    let statements = match formats::read(&bytes, plan.format, &plan.mapping) {
        Ok(statements) => statements,
        // It was read when it came.
        Err(error) => return Ok(refused(&CashError::from(error))),
    };
    drop(bytes);
    let database = context.database();
    let kept = database.write(context.caller(), |tx| {
        let kept = keeping::keep(tx, &statements)?;
        if kept.iter().all(|one| one.was_known) {
            tx.is_its_own_record();
        }
        Ok::<_, CashError>(kept)
    });
    let kept = match kept {
        Ok(kept) => kept,
        Err(CashError::Db(error)) => return Err(error.into()),
        Err(error) => return Ok(refused(&error)),
    };
    let ids: Vec<BankStatementId> = kept.iter().map(|one| one.statement.id).collect();
    let matched = match_all(context, &[EntryStatus::Received], Some(&ids), plan.payments)?;
    finish(context, &kept, &ids, matched)
}

/// What became of the statements, and of their entries as they stand now.
fn finish(
    context: &JobContext,
    kept: &[Kept],
    ids: &[BankStatementId],
    matched: Matched,
) -> Result<Ended, Interrupted> {
    let mut db = context.database().reader()?;
    let counts = store::count_by_status(&mut db, ids)?;
    let count = |status: EntryStatus| {
        let found = counts.iter().find(|(known, _)| *known == status);
        found.map_or(0, |(_, count)| *count)
    };
    let statements: Vec<serde_json::Value> = kept
        .iter()
        .map(|one| {
            json!({
                "id": one.statement.id, "bank_account_id": one.statement.bank_account_id,
                "number": one.statement.number, "was_known": one.was_known,
                "entries": one.statement.entries, "known_entries": one.statement.known_entries,
            })
        })
        .collect();
    let result = json!({
        "statements": statements,
        "applied_now": matched.applied,
        "applied": count(EntryStatus::Applied), "open": count(EntryStatus::Open),
        "unidentified": count(EntryStatus::Unidentified), "no_receipt": count(EntryStatus::NoReceipt),
        "ignored": count(EntryStatus::Ignored), "returned": count(EntryStatus::Returned),
    });
    let total: i64 = kept.iter().map(|one| one.statement.entries).sum();
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: Some(total),
        result,
        errors: Vec::new(),
    })
}

fn match_waiting(context: &JobContext) -> Result<Ended, Interrupted> {
    let _: MatchingPlan = context.input()?;
    let waiting = [
        EntryStatus::Received,
        EntryStatus::Open,
        EntryStatus::Unidentified,
    ];
    let matched = match_all(context, &waiting, None, 0)?;
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: Some(matched.applied + matched.waiting),
        result: json!({"applied": matched.applied, "waiting": matched.waiting}),
        errors: Vec::new(),
    })
}

/// Matches entries, and what is left of them once more when some taught netterms who pays from which account.
fn match_all(
    context: &JobContext,
    statuses: &[EntryStatus],
    statements: Option<&[BankStatementId]>,
    total: i64,
) -> Result<Matched, Interrupted> {
    let first = match_once(context, statuses, statements, total)?;
    if first.applied == 0 || first.waiting == 0 {
        return Ok(first);
    }
    let left = [EntryStatus::Open, EntryStatus::Unidentified];
    let second = match_once(context, &left, statements, total)?;
    Ok(Matched {
        applied: first.applied + second.applied,
        waiting: second.waiting,
    })
}

/// Matches entries, some hundred in each unit of work, each entry once.
fn match_once(
    context: &JobContext,
    statuses: &[EntryStatus],
    statements: Option<&[BankStatementId]>,
    total: i64,
) -> Result<Matched, Interrupted> {
    let database = context.database();
    let names = read_names(&mut database.reader()?)?;
    let mut sum = Matched::default();
    let mut after: Option<BankEntryId> = None;
    loop {
        let mut reader = database.reader()?;
        let ids = store::list_ids_by_status(&mut reader, statuses, statements, after, CHUNK)?;
        let returns = store::list_returns(&mut reader, &ids)?;
        drop(reader);
        let Some(last) = ids.last() else {
            return Ok(sum);
        };
        after = Some(*last);
        // What is applied has its entries in the trail; that somebody looked has none.
        let matched = database.maintain(context.caller(), |tx| {
            tx.plan_anew()?;
            match_entries(tx, &ids, &names, Asking::Job)
        })?;
        sum.applied += matched.applied;
        sum.waiting += matched.waiting;
        for id in returns {
            let is_done = database.maintain(context.caller(), |tx| match_return(tx, id))?;
            sum.applied += i64::from(is_done);
            sum.waiting += i64::from(!is_done);
        }
        let done = sum.applied + sum.waiting;
        context.progress(done, Some(total.max(done)))?;
    }
}

fn refused(error: &CashError) -> Ended {
    let code = match error {
        CashError::Format(error) => error.code(),
        CashError::UnknownBankAccount { .. } => "unknown_bank_account",
        CashError::BankAccountClosed { .. } => "bank_account_closed",
        CashError::InFuture { .. } => "in_future",
        _ => "refused",
    };
    Ended::failed(JobError {
        line: None,
        column: None,
        code: code.to_owned(),
        message: error.to_string(),
    })
}
