//! Reading cases.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::model::{Case, CaseQuestion, CycleTime, Step};
use super::rules::Durations;
use super::store;
use crate::platform::db::{Db, DbError};

/// How many cases are read at once.
const CASES: i64 = 500;

/// Why cases can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("the period ends before it begins")]
    Reversed,
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
    let mut steps: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    for entry in store::list_entries(db, &things)? {
        steps.entry(entry.entity_id).or_default().push(Step {
            activity: entry.action,
            at: entry.at,
            subject: entry.subject,
        });
    }
    for case in &mut cases {
        for thing in &case.things {
            case.steps.extend(steps.remove(thing).unwrap_or_default());
        }
        case.steps.sort_by_key(|step| step.at);
    }
    Ok(cases)
}

/// How long it takes from each step to the next.
///
/// # Errors
/// When the period ends before it begins, or the database fails.
pub fn cycle_times(db: &mut Db, question: &CaseQuestion) -> Result<Vec<CycleTime>, ProcessError> {
    check(question)?;
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
