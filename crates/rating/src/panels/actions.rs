//! What is done with panels of experts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::json;

use super::model::{
    IndicatorSummary, NotAgreed, Opinion, Panel, PanelExpert, PanelRound, PanelStatus,
    RoundSummary, Score, Scores,
};
use super::rules::{ConveningError, OpinionError, Verb};
use super::{rules, store};
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::platform::db::{Change, Db, DbError, Tx, read_document, write_document};
use crate::rating::facts::actions as facts;
use crate::rating::facts::actions::FactError;
use crate::rating::facts::model::{CustomerFact, NewFact};
use crate::rating::facts::store as fact_store;
use crate::rating::panels::input::{Conclusion, NewPanel};
use kernel::caller::{Caller, Role};
use kernel::ids::{ExpertOpinionId, ExpertPanelId};
use kernel::text::{Keyword, Note, Source, Subject, TextError};
use methods::numbers::ppm_of;

/// From where a fact has it that a panel came to.
const SOURCE: &str = "expert_panel";

/// Why a use case on panels was refused.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    #[error("there is no such panel")]
    Missing,
    #[error("there is no such customer")]
    NoCustomer,
    #[error(transparent)]
    Convening(#[from] ConveningError),
    #[error("the panel is {status}")]
    Status {
        status: PanelStatus,
        allowed: Vec<&'static str>,
    },
    #[error("only the panel's experts give their opinion")]
    NotExpert,
    #[error("who gives an opinion in a panel does not run it")]
    OwnOpinion,
    #[error(transparent)]
    Opinion(#[from] OpinionError),
    #[error("{answered} experts have answered, it takes {quorum}; missing: {missing}")]
    NoQuorum {
        answered: usize,
        quorum: i32,
        missing: String,
    },
    #[error(
        "the experts agreed on nothing: open another round, accept the middle, or cancel the panel"
    )]
    NothingAgreed,
    #[error(transparent)]
    Fact(FactError),
    #[error("the panel changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<TextError> for PanelError {
    fn from(error: TextError) -> PanelError {
        PanelError::Db(DbError::Document(error.to_string()))
    }
}

/// Convenes a panel, and opens its first round.
///
/// # Errors
/// When the customer is not visible, or indicators, experts or quorum can't be so.
pub fn convene(tx: &mut Tx, new: &NewPanel) -> Result<Panel, PanelError> {
    let caller = tx.caller();
    let customer = customers::find_visible(tx, caller, &new.customer)?;
    let customer = customer.ok_or(PanelError::NoCustomer)?;
    let quorum = rules::check_convened(&caller.subject, &new.indicators, &new.experts, new.quorum)?;
    let id = ExpertPanelId::new();
    let panel = Panel {
        id,
        customer_id: customer.id,
        status: PanelStatus::Scoring,
        question: new.question.clone(),
        indicators: write_document(&new.indicators)?,
        round: 1,
        rounds_max: new.rounds_max,
        quorum,
        dispersion_limit_ppm: ppm_of(new.dispersion_limit),
        convened_by: caller.subject.clone(),
        convened_at: tx.now(),
        ended_by: None,
        ended_at: None,
        end_reason: None,
        version: 1,
    };
    let experts = new.experts.iter().map(|subject| PanelExpert {
        panel_id: id,
        subject: subject.clone(),
    });
    store::insert(tx, &panel, &experts.collect::<Vec<_>>())?;
    begin_round(tx, &panel)?;
    tx.record(
        Change::new("expert_panel.convened", id)
            .after(&json!({"panel": panel, "experts": new.experts}))
            .because(&new.question),
    )?;
    Ok(panel)
}

fn begin_round(tx: &mut Tx, panel: &Panel) -> Result<(), DbError> {
    let round = PanelRound {
        panel_id: panel.id,
        round: panel.round,
        opened_at: tx.now(),
        closed_by: None,
        closed_at: None,
        summary: None,
    };
    store::insert_round(tx, &round)
}

/// Takes the caller's opinion in the round that is open. Who has given one in it already thinks again: the last counts.
///
/// # Errors
/// When the panel is not visible, the caller is none of its experts, no round is open, or the scores can't be taken.
pub fn give_opinion(
    tx: &mut Tx,
    id: ExpertPanelId,
    given: &[(Keyword, Score)],
) -> Result<Opinion, PanelError> {
    let caller = tx.caller();
    let seen = find(tx, caller, id)?;
    if !seen.experts.contains(&caller.subject) {
        return Err(PanelError::NotExpert);
    }
    let panel = store::lock(tx, id)?.ok_or(PanelError::Missing)?;
    may(&panel, Verb::GiveOpinion)?;
    let before = last_summary(tx, &panel)?;
    let scores = rules::check_opinion(&panel.codes()?, given, before.as_ref())?;
    let opinion = Opinion {
        id: ExpertOpinionId::new(),
        panel_id: id,
        round: panel.round,
        subject: caller.subject.clone(),
        scores: write_document(&scores)?,
        given_at: tx.now(),
    };
    store::insert_opinion(tx, &opinion)?;
    tx.record(Change::new("expert_panel.opinion_given", id).after(&opinion))?;
    Ok(opinion)
}

/// What the last round that is closed came to.
fn last_summary(db: &mut Db, panel: &Panel) -> Result<Option<RoundSummary>, DbError> {
    let rounds = store::list_rounds(db, panel.id)?;
    let last = rounds
        .iter()
        .rev()
        .find_map(|round| round.summary.as_deref());
    last.map(read_document).transpose()
}

/// Closes the round that is open, and sums it up.
///
/// # Errors
/// When the panel is not there, changed since `version`, has no open round, the caller is one of its experts, or fewer
/// have answered than the quorum.
pub fn close_round(tx: &mut Tx, id: ExpertPanelId, version: i64) -> Result<Panel, PanelError> {
    let (before, experts) = run(tx, id, version, Verb::CloseRound)?;
    let mut opinions: BTreeMap<Subject, Scores> = BTreeMap::new();
    for opinion in store::list_opinions(tx, id)? {
        if opinion.round == before.round {
            // They come as they were given: the last one stays.
            opinions.insert(opinion.subject, read_document(&opinion.scores)?);
        }
    }
    let limit = before.dispersion_limit_ppm;
    let summary = rules::summarise(&before.codes()?, &experts, limit, &opinions);
    let quorum = before.quorum;
    if usize::try_from(quorum).is_ok_and(|quorum| summary.answered < quorum) {
        let missing: Vec<&str> = summary.missing.iter().map(Subject::as_str).collect();
        return Err(PanelError::NoQuorum {
            answered: summary.answered,
            quorum,
            missing: missing.join(", "),
        });
    }
    let mut rounds = store::list_rounds(tx, id)?.into_iter();
    let open = rounds.find(|round| round.round == before.round);
    let closed = PanelRound {
        closed_by: Some(tx.caller().subject.clone()),
        closed_at: Some(tx.now()),
        summary: Some(write_document(&summary)?),
        ..open.ok_or(PanelError::Missing)?
    };
    store::close_round(tx, &closed)?;
    let after = Panel {
        status: PanelStatus::Reviewing,
        ..before.clone()
    };
    let after = store::update_if_unchanged(tx, &after)?.ok_or(PanelError::Stale)?;
    tx.record(
        Change::new("expert_panel.round_closed", id)
            .before(&before)
            .after(&json!({"panel": after, "summary": summary})),
    )?;
    Ok(after)
}

/// Lets the experts think again, now that they know what the panel said.
///
/// # Errors
/// When the panel is not there, changed since `version`, has an open round or no round left, or the caller is one of its
/// experts.
pub fn open_round(
    tx: &mut Tx,
    id: ExpertPanelId,
    version: i64,
    reason: &Note,
) -> Result<Panel, PanelError> {
    let (before, _) = run(tx, id, version, Verb::OpenRound)?;
    let after = Panel {
        status: PanelStatus::Scoring,
        round: before.round.saturating_add(1),
        ..before.clone()
    };
    begin_round(tx, &after)?;
    save(tx, "expert_panel.round_opened", &before, &after, reason)
}

/// Keeps what the panel came to in its last round as facts of the customer.
///
/// # Errors
/// When the panel is not there, changed since `version`, has an open round, the caller is one of its experts, nothing
/// was agreed, or the facts would expire before today.
pub fn conclude(
    tx: &mut Tx,
    id: ExpertPanelId,
    version: i64,
    conclusion: &Conclusion,
) -> Result<Panel, PanelError> {
    let (before, _) = run(tx, id, version, Verb::Conclude)?;
    let summary = last_summary(tx, &before)?.ok_or(PanelError::Missing)?;
    let customer = CustomerRef::Id(before.customer_id);
    let mut made = 0_usize;
    for indicator in &summary.indicators {
        if !indicator.agreed && conclusion.not_agreed == NotAgreed::LeaveOut {
            continue;
        }
        let Some(fact) = fact_of(&before, &summary, indicator, tx.today(), conclusion)? else {
            continue;
        };
        facts::record(tx, &customer, &fact).map_err(PanelError::Fact)?;
        made = made.saturating_add(1);
    }
    if made == 0 {
        return Err(PanelError::NothingAgreed);
    }
    let after = ended(tx, &before, PanelStatus::Concluded, &conclusion.reason);
    save(
        tx,
        "expert_panel.concluded",
        &before,
        &after,
        &conclusion.reason,
    )
}

/// The fact that a panel's word on an indicator is; none when it has none.
fn fact_of(
    panel: &Panel,
    summary: &RoundSummary,
    indicator: &IndicatorSummary,
    today: NaiveDate,
    conclusion: &Conclusion,
) -> Result<Option<NewFact>, PanelError> {
    let Some(value) = indicator.result() else {
        return Ok(None);
    };
    let note = format!(
        "What {} experts said in round {}, with a dispersion of {:.2}.",
        summary.answered, panel.round, indicator.dispersion
    );
    let source: Source = SOURCE.parse()?;
    Ok(Some(NewFact {
        indicator: indicator.code.clone(),
        value,
        source,
        as_of: today,
        expires_on: conclusion.expires_on,
        note: Some(note.parse()?),
        panel_id: Some(panel.id),
    }))
}

/// Ends a panel without a result.
///
/// # Errors
/// When the panel is not there, changed since `version`, has ended, or the caller is one of its experts.
pub fn cancel(
    tx: &mut Tx,
    id: ExpertPanelId,
    version: i64,
    reason: &Note,
) -> Result<Panel, PanelError> {
    let (before, _) = run(tx, id, version, Verb::Cancel)?;
    let after = ended(tx, &before, PanelStatus::Cancelled, reason);
    save(tx, "expert_panel.cancelled", &before, &after, reason)
}

fn ended(tx: &Tx, before: &Panel, status: PanelStatus, reason: &Note) -> Panel {
    Panel {
        status,
        ended_by: Some(tx.caller().subject.clone()),
        ended_at: Some(tx.now()),
        end_reason: Some(reason.clone()),
        ..before.clone()
    }
}

/// The panel and its experts, locked, when the caller may do this with it now: anybody with the permission who gives no
/// opinion in it, so that a panel goes on when who convened it is away.
fn run(
    tx: &mut Tx,
    id: ExpertPanelId,
    version: i64,
    verb: Verb,
) -> Result<(Panel, Vec<Subject>), PanelError> {
    let panel = store::lock(tx, id)?.ok_or(PanelError::Missing)?;
    let experts = store::list_experts(tx, id)?;
    if experts.contains(&tx.caller().subject) {
        return Err(PanelError::OwnOpinion);
    }
    if panel.version != version {
        return Err(PanelError::Stale);
    }
    may(&panel, verb)?;
    Ok((panel, experts))
}

fn may(panel: &Panel, verb: Verb) -> Result<(), PanelError> {
    match rules::transition(panel, verb) {
        Some(_) => Ok(()),
        None => Err(PanelError::Status {
            status: panel.status,
            allowed: rules::allowed(panel),
        }),
    }
}

fn save(
    tx: &mut Tx,
    action: &'static str,
    before: &Panel,
    after: &Panel,
    reason: &Note,
) -> Result<Panel, PanelError> {
    let after = store::update_if_unchanged(tx, after)?.ok_or(PanelError::Stale)?;
    tx.record(
        Change::new(action, after.id)
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// How much of what was said the caller sees once a round is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// What it came to.
    Figures,
    /// Every score with its note, without names.
    Nameless,
    /// With names, and who has answered: for who convened the panel and auditors, unless they are its experts.
    Names,
}

/// A panel with everything about it; what of it may be shown is told by the sight.
#[derive(Debug)]
pub struct Seen {
    pub panel: Panel,
    pub experts: Vec<Subject>,
    pub rounds: Vec<PanelRound>,
    pub opinions: Vec<Opinion>,
    /// What it concluded.
    pub facts: Vec<CustomerFact>,
    pub sight: Sight,
    /// Who looks.
    pub viewer: Subject,
}

/// A panel, when the caller may see it: sales see those on their own customers, and those whose experts they are.
///
/// # Errors
/// When there is no such panel for the caller.
pub fn find(db: &mut Db, caller: &Caller, id: ExpertPanelId) -> Result<Seen, PanelError> {
    let panel = store::find(db, id)?.ok_or(PanelError::Missing)?;
    let experts = store::list_experts(db, id)?;
    let is_expert = experts.contains(&caller.subject);
    let of = CustomerRef::Id(panel.customer_id);
    if !is_expert && customers::find_visible(db, caller, &of)?.is_none() {
        return Err(PanelError::Missing);
    }
    let runs = caller.subject == panel.convened_by || caller.has(Role::Auditor);
    let sight = match (is_expert, runs) {
        (false, true) => Sight::Names,
        (true, _) => Sight::Nameless,
        (false, false) if caller.sees_others() => Sight::Nameless,
        (false, false) => Sight::Figures,
    };
    Ok(Seen {
        rounds: store::list_rounds(db, id)?,
        opinions: store::list_opinions(db, id)?,
        facts: fact_store::list_of_panel(db, id)?,
        viewer: caller.subject.clone(),
        panel,
        experts,
        sight,
    })
}
