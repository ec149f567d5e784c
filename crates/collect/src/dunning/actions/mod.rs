//! What is done in dunning.

mod blocks;
mod book;
mod cases;
mod decisions;
mod issue;
mod preview;
mod procedures;
mod sending;
mod work;

use chrono::NaiveDate;

use super::letters::TemplateError;
use super::model::{BlockStatus, CaseStatus, LeftOut, RunStatus};
use super::rules::Misfit;
use crate::book::exposure::actions::AccountError;
use crate::platform::db::DbError;
use crate::platform::versions::model::VersionError;
use kernel::text::Subject;

pub use blocks::{BLOCKS, lift_block, put_block};
pub use cases::{
    approve_escalation, close_case, escalate_due, propose_escalation, refuse_escalation,
};
pub use decisions::decide_lines;
pub use issue::{begin_issue, issue};
pub use preview::{approve, begin, cancel, preview};
pub use procedures::{
    approve_procedure_version, assign, change_procedure_version, create_procedure,
    draft_procedure_version, find_unknown, make_default, rename_procedure,
};
pub use sending::{SENDING, find_hindrance};
pub use work::{DAY_JOB, ISSUE_JOB, PREVIEW_JOB, begin_day};

/// Why a use case of dunning was refused.
#[derive(Debug, thiserror::Error)]
pub enum DunningError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("there is no such {thing} to name in {pointer}")]
    Unknown {
        pointer: &'static str,
        thing: &'static str,
    },
    #[error("the name is taken")]
    NameTaken,
    #[error("a schedule comes by a version that another person approves")]
    ScheduleAlone,
    #[error("levels do not fit together")]
    Misfits(Vec<(usize, Misfit)>),
    #[error("templates can't be used")]
    Templates(Vec<(String, TemplateError)>),
    #[error("{0} is in the future")]
    InFuture(NaiveDate),
    #[error("{0} has passed")]
    HasPassed(NaiveDate),
    #[error("the run is {0}")]
    RunIs(RunStatus),
    #[error("the case is {0}")]
    CaseIs(CaseStatus),
    #[error("{0} names nothing on the run")]
    NotOnRun(String),
    #[error("{0} proposed it and can't approve it")]
    Proposer(Subject),
    #[error("the block is {0}")]
    BlockIs(BlockStatus),
    #[error("{0} made the run and can't approve it")]
    Author(Subject),
    #[error("a notice lost its {0}")]
    Incomplete(&'static str),
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The sentence that the trail keeps of a notice or item that was not sent.
fn left_out_reason(reason: LeftOut) -> String {
    format!("Not dunned: {reason}.")
}
