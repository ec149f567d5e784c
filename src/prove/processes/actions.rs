//! Reading cases.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::model::{Case, CaseQuestion, CycleTime, InvoiceThen, Process, Step};
use super::rules::Durations;
use super::{rules, store};
use crate::platform::db::{Db, DbError, read_document};

/// How many cases are read at once.
const CASES: i64 = 500;

/// Why cases can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("the period ends before it begins")]
    Reversed,
    #[error("must make a period of at most {DAYS_MAX} days")]
    TooLong,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// # Errors
/// When the period ends before it begins.
pub fn check(question: &CaseQuestion) -> Result<(), ProcessError> {
    if question.end <= question.start {
        return Err(ProcessError::Reversed);
    }
    Ok(())
}

/// The next cases after one, each with all its steps in the order of time; none when there are no more.
///
/// # Errors
/// When the database fails.
pub fn next_cases(
    db: &mut Db,
    question: &CaseQuestion,
    after: Option<Uuid>,
) -> Result<Vec<Case>, DbError> {
    let mut cases = store::list_cases(db, question, after, CASES)?;
    let things: Vec<String> = cases.iter().flat_map(|case| case.things.clone()).collect();
    let settled = match question.process {
        Process::Invoice => settled(db, &things)?,
        Process::Application | Process::LimitCheck => BTreeMap::new(),
    };
    let mut steps: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    for entry in store::list_entries(db, &things)? {
        let told = settled.get(&entry.seq);
        steps.entry(entry.entity_id).or_default().push(Step {
            activity: told.map_or(entry.action, |told| (*told).to_owned()),
            at: entry.at,
            seq: entry.seq,
            subject: entry.subject,
        });
    }
    for case in &mut cases {
        for thing in &case.things {
            case.steps.extend(steps.remove(thing).unwrap_or_default());
        }
        case.steps.sort_by_key(|step| (step.at, step.seq));
    }
    Ok(cases)
}

/// What became of invoices each time that something was applied to them or taken off, by the entry.
fn settled(db: &mut Db, invoices: &[String]) -> Result<BTreeMap<i64, &'static str>, DbError> {
    let mut told = BTreeMap::new();
    for (seq, before, after) in store::list_settled(db, invoices)? {
        let (Some(before), Some(after)) = (before, after) else {
            continue;
        };
        let before: InvoiceThen = read_document(&before)?;
        let after: InvoiceThen = read_document(&after)?;
        told.insert(seq, rules::settled(before, after));
    }
    Ok(told)
}

/// Of cases of so many days at most it is told how long they take: it is one answer, and not a file.
pub const DAYS_MAX: i64 = 366;

/// How long it takes from each step to the next.
///
/// # Errors
/// When the period ends before it begins or is longer than [`DAYS_MAX`], or the database fails.
pub fn cycle_times(db: &mut Db, question: &CaseQuestion) -> Result<Vec<CycleTime>, ProcessError> {
    check(question)?;
    let clock = db.clock();
    let (first, after) = (clock.day_of(question.start), clock.day_of(question.end));
    if after.signed_duration_since(first).num_days() > DAYS_MAX {
        return Err(ProcessError::TooLong);
    }
    let mut durations = Durations::default();
    let mut after = None;
    loop {
        let cases = next_cases(db, question, after)?;
        let Some(last) = cases.last() else {
            return Ok(durations.figures());
        };
        after = Some(last.key);
        for case in &cases {
            durations.add(case);
        }
    }
}
