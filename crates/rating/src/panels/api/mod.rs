//! `/v1/expert-panels`.

pub mod shapes;
mod summaries;

use actix_web::{HttpRequest, get, post, web};
use shapes::{OpinionOut, PanelOut, PanelSummaryOut};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::PanelError;
use super::model::Panel;
use super::rules::{ConveningError, OpinionError};
use super::{actions, store};
use crate::platform::db::Tx;
use crate::platform::http::auth::{ConvenePanels, GiveOpinions, ReadPanels};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, Listing, Nothing, Outcome, Problem, ReasonIn,
};
use crate::rating::facts::actions::FactError;
use crate::rating::panels::input::{ConclusionIn, OpinionIn, PanelFilter, PanelIn};
use kernel::ids::ExpertPanelId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(convene_expert_panel)
        .service(list_expert_panels)
        .service(find_expert_panel)
        .service(give_expert_opinion)
        .service(close_expert_round)
        .service(open_expert_round)
        .service(conclude_expert_panel)
        .service(cancel_expert_panel);
}

/// Convene a panel of experts
///
/// Asks several people what they think of a customer: one score for each indicator that is a matter of judgement
/// (`GET /v1/indicators?kind=qualitative`), in its own range or among its own answers. The first round is open at once.
/// Nobody sees what others say before a round is closed; who convenes a panel gives no opinion in it.
#[utoipa::path(
    tag = "facts",
    request_body = PanelIn,
    responses((status = 201, description = "The panel, with its first round open.", body = PanelOut)),
    security(("bearer" = ["expert-panels:convene"]))
)]
#[post("/v1/expert-panels")]
pub async fn convene_expert_panel(
    actor: Actor<ConvenePanels>,
    command: Command<PanelIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let panel = actions::convene(tx, &input.new_panel())?;
            let location = format!("/v1/expert-panels/{}", panel.id);
            let version = panel.version;
            Ok(Answer::created(&shown(tx, &panel)?, location)?.version(version))
        })
        .await
}

/// List panels of experts
///
/// The newest first. `part=expert&status=scoring` is what waits for the caller's own opinion. Sales see the panels on
/// their own customers, and those whose experts they are.
#[utoipa::path(
    tag = "facts",
    params(Listing<PanelFilter>),
    responses((status = 200, description = "One page of panels.", body = PageOut<PanelSummaryOut>)),
    security(("bearer" = ["expert-panels:read"]))
)]
#[get("/v1/expert-panels")]
pub async fn list_expert_panels(
    actor: Actor<ReadPanels>,
    listing: Listing<PanelFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &actor, &listing.filter, &listing.page)?;
            Ok(page.map(PanelSummaryOut::from))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a panel of experts
///
/// What is asked, what the caller said, and what the rounds that are closed came to: figures, dispersion and every score
/// with its note. Names stand beside the scores for who convened the panel and for auditors, unless they are experts of
/// it; sales who are no experts read the figures alone.
#[utoipa::path(
    tag = "facts",
    params(ExpertPanelId),
    responses((status = 200, description = "The panel.", body = PanelOut)),
    security(("bearer" = ["expert-panels:read"]))
)]
#[get("/v1/expert-panels/{id}")]
pub async fn find_expert_panel(
    actor: Actor<ReadPanels>,
    id: web::Path<ExpertPanelId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let seen = actions::find(db, &actor, *id)?;
            let version = seen.panel.version;
            Ok(Answer::ok(&PanelOut::of(&seen)?)?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Give an expert's opinion
///
/// One score for each indicator of the panel, with a note if wanted, in the round that is open. Until it is closed you
/// may think again: the last opinion counts. In a later round, a score outside of what the middle half of the panel said
/// before needs a note that says why.
#[utoipa::path(
    tag = "facts",
    params(ExpertPanelId),
    request_body = OpinionIn,
    responses((status = 201, description = "The opinion, as it was taken.", body = OpinionOut)),
    security(("bearer" = ["expert-panels:opine"]))
)]
#[post("/v1/expert-panels/{id}/opinions")]
pub async fn give_expert_opinion(
    actor: Actor<GiveOpinions>,
    id: web::Path<ExpertPanelId>,
    command: Command<OpinionIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let opinion = actions::give_opinion(tx, *id, &input.scores())?;
            let location = format!("/v1/expert-panels/{}", opinion.panel_id);
            Answer::created(&OpinionOut::of(&opinion)?, location)
        })
        .await
}

/// Close a round of a panel
///
/// Sums up what was said. It takes the quorum; who has not answered is named in `missing`. Kendall's W says whether the
/// experts put the indicators in the same order.
#[utoipa::path(
    tag = "facts",
    params(ExpertPanelId, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "The panel, with what the round came to.", body = PanelOut)),
    security(("bearer" = ["expert-panels:convene"]))
)]
#[post("/v1/expert-panels/{id}/close-round")]
pub async fn close_expert_round(
    actor: Actor<ConvenePanels>,
    id: web::Path<ExpertPanelId>,
    version: IfMatch,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, _| {
            let panel = actions::close_round(tx, *id, version.0)?;
            answer(tx, &panel)
        })
        .await
}

/// Open another round of a panel
///
/// The experts see what the rounds before came to and their own scores, and think again. Nothing is carried over: the
/// last round that is closed counts.
#[utoipa::path(
    tag = "facts",
    params(ExpertPanelId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The panel, with its next round open.", body = PanelOut)),
    security(("bearer" = ["expert-panels:convene"]))
)]
#[post("/v1/expert-panels/{id}/open-round")]
pub async fn open_expert_round(
    actor: Actor<ConvenePanels>,
    id: web::Path<ExpertPanelId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let panel = actions::open_round(tx, *id, version.0, &input.reason)?;
            answer(tx, &panel)
        })
        .await
}

/// Conclude a panel of experts
///
/// The median of the last round, of answers the commonest, becomes a fact of the customer for each indicator on which
/// the experts agreed; with `not_agreed: accept` also for the others. Ratings use these facts like any other until they
/// expire, and name the panel as their source.
#[utoipa::path(
    tag = "facts",
    params(ExpertPanelId, IfMatch),
    request_body = ConclusionIn,
    responses((status = 200, description = "The panel, with the facts that it came to.", body = PanelOut)),
    security(("bearer" = ["expert-panels:convene"]))
)]
#[post("/v1/expert-panels/{id}/conclude")]
pub async fn conclude_expert_panel(
    actor: Actor<ConvenePanels>,
    id: web::Path<ExpertPanelId>,
    version: IfMatch,
    command: Command<ConclusionIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let panel = actions::conclude(tx, *id, version.0, &input.conclusion())?;
            answer(tx, &panel)
        })
        .await
}

/// Cancel a panel of experts
///
/// It ends without a result. What was said stays to be seen as before.
#[utoipa::path(
    tag = "facts",
    params(ExpertPanelId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The panel, cancelled.", body = PanelOut)),
    security(("bearer" = ["expert-panels:convene"]))
)]
#[post("/v1/expert-panels/{id}/cancel")]
pub async fn cancel_expert_panel(
    actor: Actor<ConvenePanels>,
    id: web::Path<ExpertPanelId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let panel = actions::cancel(tx, *id, version.0, &input.reason)?;
            answer(tx, &panel)
        })
        .await
}

fn answer(tx: &mut Tx, panel: &Panel) -> Result<Answer, Problem> {
    Ok(Answer::ok(&shown(tx, panel)?)?.version(panel.version))
}

/// The panel as the caller sees it.
fn shown(tx: &mut Tx, panel: &Panel) -> Result<PanelOut, Problem> {
    let caller = tx.caller();
    Ok(PanelOut::of(&actions::find(tx, caller, panel.id)?)?)
}

impl From<PanelError> for Problem {
    fn from(error: PanelError) -> Problem {
        let text = error.to_string();
        match error {
            PanelError::Missing => Problem::not_found("expert panel"),
            PanelError::NoCustomer => Problem::not_found_at("/customer", "customer"),
            PanelError::Convening(error) => convening_problem(&error),
            PanelError::Status { status, allowed } => {
                Problem::state("expert panel", status, allowed)
            }
            PanelError::NotExpert => {
                Problem::new(Code::Forbidden).with_list("roles", ["expert of this panel"])
            }
            PanelError::OwnOpinion => {
                Problem::new(Code::SegregationOfDuties).with("duty", "expert of the panel")
            }
            PanelError::Opinion(error) => opinion_problem(&error),
            PanelError::NoQuorum { .. } => Problem::invalid("", "no_quorum", text),
            PanelError::NothingAgreed => Problem::invalid("/not_agreed", "nothing_agreed", text),
            PanelError::Fact(FactError::ExpiresBefore) => {
                Problem::invalid("/expires_on", "in_past", "lies in the past")
            }
            PanelError::Fact(error) => error.into(),
            PanelError::Stale => Problem::new(Code::Stale),
            PanelError::Db(error) => error.into(),
        }
    }
}

fn convening_problem(error: &ConveningError) -> Problem {
    let (pointer, code) = match error {
        ConveningError::NoIndicator { place } => {
            (format!("/indicators/{place}"), "unknown_indicator")
        }
        ConveningError::NotJudged { place } => (format!("/indicators/{place}"), "not_judged"),
        ConveningError::IndicatorTwice { place } => (format!("/indicators/{place}"), "twice"),
        ConveningError::ExpertTwice { place } => (format!("/experts/{place}"), "twice"),
        ConveningError::ConvenerIsExpert { place } => (format!("/experts/{place}"), "convener"),
        ConveningError::Quorum { .. } => ("/quorum".to_owned(), "out_of_range"),
    };
    Problem::invalid(pointer, code, error)
}

fn opinion_problem(error: &OpinionError) -> Problem {
    let (pointer, code) = match error {
        OpinionError::NotAsked { place } => (format!("/scores/{place}/indicator"), "not_asked"),
        OpinionError::Twice { place } => (format!("/scores/{place}/indicator"), "twice"),
        OpinionError::NotScored { .. } => ("/scores".to_owned(), "not_scored"),
        OpinionError::NoAnswer { place, .. } => (format!("/scores/{place}/value"), "no_answer"),
        OpinionError::NoteNeeded { place, .. } => (format!("/scores/{place}/note"), "required"),
    };
    Problem::invalid(pointer, code, error)
}
