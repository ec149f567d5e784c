//! `/v1/grade-scales`.

use actix_web::{HttpRequest, get, post, put, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::ScaleError;
use super::model::{ScaleRow, ScaleStatus};
use super::{actions, store};
use crate::platform::db::{DbError, read_document};
use crate::platform::http::auth::{DraftModels, ReadScales};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, Listing, Outcome, Problem, Valid,
};
use crate::platform::versions::api::refused;
use crate::rating::scales::input::{GradeScaleIn, ScaleFilter};
use kernel::clock::Instant;
use kernel::drafters::Drafters;
use kernel::ids::GradeScaleId;
use kernel::text::Subject;
use methods::faults::Fault;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_grade_scales)
        .service(find_live_grade_scale)
        .service(find_grade_scale)
        .service(draft_grade_scale)
        .service(change_grade_scale);
}

/// List grade scales
///
/// Every version, the newest first.
#[utoipa::path(
    tag = "ratings",
    params(Listing<ScaleFilter>),
    responses((status = 200, description = "One page of grade scales.", body = PageOut<GradeScaleOut>)),
    security(("bearer" = ["grade-scales:read"]))
)]
#[get("/v1/grade-scales")]
pub async fn list_grade_scales(
    _: Actor<ReadScales>,
    listing: Listing<ScaleFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &listing.filter, &listing.page)?;
            Ok(page.try_map(GradeScaleOut::read)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read the live grade scale
///
/// The one version that grades now.
#[utoipa::path(
    tag = "ratings",
    responses((status = 200, description = "The scale.", body = GradeScaleOut)),
    security(("bearer" = ["grade-scales:read"]))
)]
#[get("/v1/grade-scales/live")]
pub async fn find_live_grade_scale(_: Actor<ReadScales>, executor: web::Data<Executor>) -> Outcome {
    let answer = executor
        .read(|db| answer(store::find_live(db)?.ok_or(ScaleError::Missing)?))
        .await?;
    Ok(answer.into_response())
}

/// Read a grade scale
///
/// Any version, also a retired one: what graded then can always be read.
#[utoipa::path(
    tag = "ratings",
    params(GradeScaleId),
    responses((status = 200, description = "The scale.", body = GradeScaleOut)),
    security(("bearer" = ["grade-scales:read"]))
)]
#[get("/v1/grade-scales/{id}")]
pub async fn find_grade_scale(
    _: Actor<ReadScales>,
    id: web::Path<GradeScaleId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| answer(store::find(db, *id)?.ok_or(ScaleError::Missing)?))
        .await?;
    Ok(answer.into_response())
}

/// Draft a grade scale
///
/// The whole document, as the next version: `scale` with the grades from the best to the worst, each with the lowest
/// score that it takes (`from`) and the highest probability of default (`probability_up_to`) for models that give one (the
/// lowest grade has neither), and the codes of who defaulted and who is not rated;
/// `bounds` with the floors and caps that hold whatever the score, and how many grades an expert may move a customer;
/// `rating_months`, how long a rating is good. It grades nobody until another person sets it live.
#[utoipa::path(
    tag = "ratings",
    request_body = GradeScaleIn,
    responses((status = 201, description = "The draft.", body = GradeScaleOut)),
    security(("bearer" = ["rating-models:draft"]))
)]
#[post("/v1/grade-scales")]
pub async fn draft_grade_scale(
    actor: Actor<DraftModels>,
    command: Command<GradeScaleIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let scale = actions::draft(tx, &input.document, &input.reason)?;
            let location = format!("/v1/grade-scales/{}", scale.id);
            let version = scale.version;
            Ok(Answer::created(&GradeScaleOut::read(scale)?, location)?.version(version))
        })
        .await
}

/// Change a draft of a grade scale
///
/// The whole document anew. Whoever changes a draft has written it too, and can't set it live.
#[utoipa::path(
    tag = "ratings",
    params(GradeScaleId, IfMatch),
    request_body = GradeScaleIn,
    responses((status = 200, description = "The draft as it is now.", body = GradeScaleOut)),
    security(("bearer" = ["rating-models:draft"]))
)]
#[put("/v1/grade-scales/{id}")]
pub async fn change_grade_scale(
    actor: Actor<DraftModels>,
    id: web::Path<GradeScaleId>,
    version: IfMatch,
    input: Valid<GradeScaleIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let input = &input.0;
            answer(actions::change(
                tx,
                *id,
                version.0,
                &input.document,
                &input.reason,
            )?)
        })
        .await
}

fn answer(scale: ScaleRow) -> Result<Answer, Problem> {
    let version = scale.version;
    Ok(Answer::ok(&GradeScaleOut::read(scale)?)?.version(version))
}

/// A version of the grade scale.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GradeScale, example = json!({
    "id": "gsc_01k00000000000000000000001", "scale_version": 2, "status": "draft",
    "document": {
        "scale": {
            "grades": [
                {"code": "A", "from": 0.7, "probability_up_to": 0.01, "probability_of_default": 0.005},
                {"code": "B", "from": 0.4, "probability_up_to": 0.05, "probability_of_default": 0.025},
                {"code": "C", "probability_of_default": 0.12}
            ],
            "in_default": "D", "not_rated": "NR"
        },
        "bounds": {"rules": [], "override_grades": 1},
        "rating_months": 12
    },
    "reason": "Three grades are enough for the pilot.", "author": "u-21", "drafters": ["u-21"], "approver": null,
    "created_at": "2026-03-31T08:00:00.000000Z", "live_at": null, "retired_at": null
}))]
pub struct GradeScaleOut {
    id: GradeScaleId,
    /// Ascends by one with each draft.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    scale_version: i32,
    status: ScaleStatus,
    #[schema(value_type = Object)]
    document: serde_json::Value,
    /// Why it was drafted so.
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    author: String,
    /// Everybody who wrote it; none of them can set it live.
    #[schema(value_type = Vec<Subject>, max_items = 1000)]
    drafters: Drafters,
    #[schema(max_length = 128)]
    approver: Option<String>,
    created_at: Instant,
    live_at: Option<Instant>,
    retired_at: Option<Instant>,
}

impl GradeScaleOut {
    /// # Errors
    /// When the row was changed by other hands.
    pub fn read(row: ScaleRow) -> Result<GradeScaleOut, DbError> {
        Ok(GradeScaleOut {
            id: row.id,
            scale_version: row.scale_version,
            status: row.status,
            document: read_document(&row.document)?,
            reason: row.reason,
            author: row.author,
            drafters: row.drafters,
            approver: row.approver,
            created_at: row.created_at,
            live_at: row.live_at,
            retired_at: row.retired_at,
        })
    }
}

/// Everything that is wrong with a document that came below `prefix`.
pub fn faulty(prefix: &str, faults: Vec<Fault>) -> Problem {
    faults
        .into_iter()
        .take(1000)
        .fold(Problem::new(Code::Invalid), |problem, fault| {
            let message: String = fault.message.chars().take(1000).collect();
            problem.at(format!("{prefix}{}", fault.pointer), fault.code, message)
        })
}

impl From<ScaleError> for Problem {
    fn from(error: ScaleError) -> Problem {
        match error {
            ScaleError::Missing => Problem::not_found("grade scale"),
            ScaleError::Faulty(faults) => faulty("/document", faults),
            ScaleError::Version(error) => refused("grade scale", "author of the scale", error),
            ScaleError::Db(error) => error.into(),
        }
    }
}
