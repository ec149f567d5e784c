//! What is asked of logs.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::model::{CaseQuestion, Process};
use kernel::clock::{Clock, Day};

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Csv,
    Xes,
}

/// Which log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProcessLogFilter {
    /// What its cases are.
    #[param(inline)]
    pub process: Process,
    /// Cases that began on this business day or later.
    pub from: Day,
    /// Cases that began on this business day or earlier.
    pub to: Day,
    /// How it is written; CSV when not given.
    #[param(inline)]
    pub format: Option<LogFormat>,
}

/// Which cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CycleTimeFilter {
    /// What the cases are.
    #[param(inline)]
    pub process: Process,
    /// Cases that began on this business day or later.
    pub from: Day,
    /// Cases that began on this business day or earlier.
    pub to: Day,
}

impl ProcessLogFilter {
    pub fn question(&self, clock: &Clock) -> CaseQuestion {
        question(self.process, self.from, self.to, clock)
    }
}

impl CycleTimeFilter {
    pub fn question(&self, clock: &Clock) -> CaseQuestion {
        question(self.process, self.from, self.to, clock)
    }
}

fn question(process: Process, from: Day, to: Day, clock: &Clock) -> CaseQuestion {
    CaseQuestion {
        process,
        start: clock.start_of(from.date()),
        end: clock.end_of(to.date()),
    }
}
