//! Panels as they are stored, and what is kept of each round.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::db::schema::{expert_opinions, expert_panels, panel_experts, panel_rounds};
use crate::platform::db::{DbError, read_document};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CustomerId, ExpertOpinionId, ExpertPanelId};
use kernel::text::{Note, Subject};
use methods::scoring::Value;

text_enum! {
    /// Where a panel stands.
    pub enum PanelStatus {
        /// A round is open: the experts give their opinions.
        Scoring = "scoring",
        /// A round is closed: it is to be decided whether there is another.
        Reviewing = "reviewing",
        /// What it came to is kept as facts.
        Concluded = "concluded",
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// The part that the caller has in a panel.
    pub enum PanelPart {
        /// One of its experts.
        Expert = "expert",
        /// Who convened it.
        Convener = "convener",
    }
}

text_enum! {
    /// What becomes of what the experts did not agree on.
    #[derive(Default)]
    pub enum NotAgreed {
        /// No fact is made of it.
        #[default]
        LeaveOut = "leave_out",
        /// The middle of the scores counts none the less.
        Accept = "accept",
    }
}

/// A panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = expert_panels, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Panel {
    pub id: ExpertPanelId,
    pub customer_id: CustomerId,
    pub status: PanelStatus,
    /// What the experts are asked, and why.
    pub question: Note,
    /// The codes of the indicators, as a JSON list in the order in which they were named.
    pub indicators: String,
    /// The last round that was opened, from 1.
    pub round: i32,
    pub rounds_max: i32,
    /// How many experts must have answered before a round can be closed.
    pub quorum: i32,
    /// The largest dispersion at which the experts agree, in parts per million.
    pub dispersion_limit_ppm: i64,
    pub convened_by: Subject,
    pub convened_at: Instant,
    /// Who concluded or cancelled it.
    pub ended_by: Option<Subject>,
    pub ended_at: Option<Instant>,
    pub end_reason: Option<Note>,
    pub version: i64,
}

impl Panel {
    /// The codes of the indicators.
    ///
    /// # Errors
    /// When the row was changed by other hands.
    pub fn codes(&self) -> Result<Vec<String>, DbError> {
        read_document(&self.indicators)
    }
}

/// One expert of a panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = panel_experts)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PanelExpert {
    pub panel_id: ExpertPanelId,
    pub subject: Subject,
}

/// One round of a panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = panel_rounds, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PanelRound {
    pub panel_id: ExpertPanelId,
    pub round: i32,
    pub opened_at: Instant,
    pub closed_by: Option<Subject>,
    pub closed_at: Option<Instant>,
    /// The [`RoundSummary`] as JSON, once the round is closed.
    pub summary: Option<String>,
}

/// What one expert said in one round. It never changes: an expert who thinks again says it anew, and the last counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = expert_opinions)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Opinion {
    pub id: ExpertOpinionId,
    pub panel_id: ExpertPanelId,
    pub round: i32,
    pub subject: Subject,
    /// The [`Scores`] as JSON.
    pub scores: String,
    pub given_at: Instant,
}

/// One expert's scores, by the indicator's code.
pub type Scores = BTreeMap<String, Score>;

/// One expert's score on one indicator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub value: Value,
    pub note: Option<Note>,
}

/// What a round came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundSummary {
    /// The experts who had not answered when the round was closed.
    pub missing: Vec<Subject>,
    /// How many had.
    pub answered: usize,
    /// In the order in which the panel names them.
    pub indicators: Vec<IndicatorSummary>,
    /// Kendall's W over the indicators that are scored in numbers; none when there is no order to compare.
    pub concordance: Option<f64>,
}

impl RoundSummary {
    /// Whether the experts agreed on everything.
    pub fn is_agreed(&self) -> bool {
        self.indicators.iter().all(|indicator| indicator.agreed)
    }

    pub fn of(&self, code: &str) -> Option<&IndicatorSummary> {
        self.indicators
            .iter()
            .find(|indicator| indicator.code == code)
    }
}

/// What a round came to on one indicator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndicatorSummary {
    pub code: String,
    pub findings: Findings,
    /// From 0, where all say the same, to 1.
    pub dispersion: f64,
    /// Whether the dispersion is within the panel's limit.
    pub agreed: bool,
}

impl IndicatorSummary {
    /// What the panel as a whole says: the median, or the answer that most gave. None when no answer was given more
    /// often than every other.
    pub fn result(&self) -> Option<Value> {
        match &self.findings {
            Findings::Numbers(spread) => Some(Value::Number(spread.median)),
            Findings::Answers(answers) => answers
                .commonest()
                .map(|answer| Value::Answer(answer.to_owned())),
        }
    }
}

/// The scores of a round on one indicator, taken together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Findings {
    Numbers(Spread),
    Answers(Answers),
}

/// Where numbers lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub minimum: f64,
    pub lower_quartile: f64,
    pub median: f64,
    pub upper_quartile: f64,
    pub maximum: f64,
    pub mean: f64,
    /// Over all who answered (divided by their number, for they are the whole panel and no sample).
    pub standard_deviation: f64,
}

/// How often each answer was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    pub counts: BTreeMap<String, usize>,
}

impl Answers {
    /// The answer that was given more often than every other.
    pub fn commonest(&self) -> Option<&str> {
        let most = self.counts.values().max()?;
        let mut first = self.counts.iter().filter(|(_, count)| *count == most);
        match (first.next(), first.next()) {
            (Some((answer, _)), None) => Some(answer),
            _ => None,
        }
    }
}
