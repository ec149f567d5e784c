//! `/v1/rating-models` and `/v1/rating-templates`.

pub mod shapes;
mod upload;
mod verbs;
mod weighing;

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::Deserialize;
use shapes::{RatingModelOut, RatingTemplateOut, RatingTemplatesOut};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::ModelError;
use super::model::{ChartKind, ModelRow};
use super::{actions, store};
use crate::book::imports::api::upload::discard;
use crate::platform::http::auth::{DraftModels, ReadModels};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::uploads::Uploads;
use crate::platform::http::{
    AcceptLanguage, Actor, Answer, Command, Executor, Heading, IfMatch, Listing, Outcome, Problem,
    Valid,
};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::api::JobOut;
use crate::platform::jobs::worker::WakeSignal;
use crate::platform::versions::api::refused;
use crate::rating::models::input::{FitIn, ModelFilter, RatingModelIn};
use crate::rating::scales::api::faulty;
use kernel::ids::RatingModelId;
use kernel::places::Language;
use methods::attributes::TEMPLATES;
use methods::validation::charts;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_rating_templates)
        .service(list_rating_models)
        .service(find_live_rating_model)
        .service(fit_rating_model)
        .service(find_rating_model)
        .service(draft_rating_model)
        .service(change_rating_model)
        .service(draw_rating_model_chart)
        .configure(verbs::routes)
        .configure(weighing::routes);
}

/// List rating templates
///
/// Attribute trees to start from, bilingual: copy one into the `tree` of a model, and change it.
#[utoipa::path(
    tag = "ratings",
    responses((status = 200, description = "The templates.", body = RatingTemplatesOut)),
    security(("bearer" = ["rating-models:read"]))
)]
#[get("/v1/rating-templates")]
pub async fn list_rating_templates(_: Actor<ReadModels>) -> Outcome {
    let templates = TEMPLATES.iter().filter_map(|template| {
        Some(RatingTemplateOut {
            code: template.code.to_owned(),
            purpose: template.purpose.to_owned(),
            tree: serde_json::to_value(template.tree()?).ok()?,
        })
    });
    let data = templates.collect();
    Ok(Answer::ok(&RatingTemplatesOut { data })?.into_response())
}

/// List rating models
///
/// Every version of every model, the newest first.
#[utoipa::path(
    tag = "ratings",
    params(Listing<ModelFilter>),
    responses((status = 200, description = "One page of models.", body = PageOut<RatingModelOut>)),
    security(("bearer" = ["rating-models:read"]))
)]
#[get("/v1/rating-models")]
pub async fn list_rating_models(
    _: Actor<ReadModels>,
    listing: Listing<ModelFilter>,
    request: HttpRequest,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &listing.filter, &listing.page)?;
            Ok(page.try_map(|row| RatingModelOut::read(row, language.0))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read the live rating model
///
/// The one that rates now.
#[utoipa::path(
    tag = "ratings",
    responses((status = 200, description = "The model.", body = RatingModelOut)),
    security(("bearer" = ["rating-models:read"]))
)]
#[get("/v1/rating-models/live")]
pub async fn find_live_rating_model(
    _: Actor<ReadModels>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            answer(
                store::find_live(db)?.ok_or(ModelError::Missing)?,
                language.0,
            )
        })
        .await?;
    Ok(answer.into_response())
}

/// Read a rating model
///
/// Any version, also a retired one, with its weights and the report of its fitting.
#[utoipa::path(
    tag = "ratings",
    params(RatingModelId),
    responses((status = 200, description = "The model.", body = RatingModelOut)),
    security(("bearer" = ["rating-models:read"]))
)]
#[get("/v1/rating-models/{id}")]
pub async fn find_rating_model(
    _: Actor<ReadModels>,
    id: web::Path<RatingModelId>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            answer(
                store::find(db, *id)?.ok_or(ModelError::Missing)?,
                language.0,
            )
        })
        .await?;
    Ok(answer.into_response())
}

/// Draft a rating model
///
/// The next version of its code. The `document` is what its kind takes (`docs/rating.md` has an example of each):
/// - `attribute_tree`: `tree`, \[purpose, consistency\]; weights are given, or judged pair by pair (AHP), and judgements
///   that do not fit together are refused with the one to revise;
/// - `anchored_topsis`: `criteria`, each with weight, worst, best, \[missing\];
/// - `scorecard`: `points` by an expert or `coefficients` of a regression, \[range\];
/// - `decision_tree`: `root`;
/// - `composite`: `parts`, shares of other models, and `missing`.
///
/// Everything that is wrong is answered at once, each with its place.
#[utoipa::path(
    tag = "ratings",
    request_body = RatingModelIn,
    responses((status = 201, description = "The draft.", body = RatingModelOut)),
    security(("bearer" = ["rating-models:draft"]))
)]
#[post("/v1/rating-models")]
pub async fn draft_rating_model(
    actor: Actor<DraftModels>,
    command: Command<RatingModelIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let model = actions::draft(tx, &input.draft())?;
            let location = format!("/v1/rating-models/{}", model.id);
            let version = model.version;
            Ok(
                Answer::created(&RatingModelOut::read(model, language.0)?, location)?
                    .version(version),
            )
        })
        .await
}

/// Change a draft of a rating model
///
/// Name and document anew; code and kind stay. Whoever changes a draft has written it too, and can't approve it.
#[utoipa::path(
    tag = "ratings",
    params(RatingModelId, IfMatch),
    request_body = RatingModelIn,
    responses((status = 200, description = "The draft as it is now.", body = RatingModelOut)),
    security(("bearer" = ["rating-models:draft"]))
)]
#[put("/v1/rating-models/{id}")]
pub async fn change_rating_model(
    actor: Actor<DraftModels>,
    id: web::Path<RatingModelId>,
    version: IfMatch,
    input: Valid<RatingModelIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            answer(
                actions::change(tx, *id, version.0, &input.0.draft())?,
                language.0,
            )
        })
        .await
}

/// Fit a rating model
///
/// A scorecard or a decision tree, learnt from a training set in CSV (UTF-8, comma or semicolon, up to 100 MiB): one
/// line for each customer, one column that tells how it turned out, and the characteristics. The work goes on as a job;
/// it leaves a draft with its report, and its `result` names it (`rating_model_id`) with AUC, Gini and KS on customers
/// who were held back. The same file, plan and seed give the same model.
///
/// Empty cells and `NA`, `NaN`, `null` and `.` are missing values (`missing` in the plan says otherwise), and rows without
/// an outcome are left out and counted. A word in a column of numbers fails the job with the line of the first one, unless
/// the plan names the column in `words`; so does a decimal comma, unless the plan says `"decimal": "comma"`. At most
/// 1,000,000 rows, 500 columns and 10,000,000 cells are learnt from, for ten minutes: beyond that the job fails with
/// `too_many_rows`, `too_many_columns`, `too_many_cells` or `took_too_long`. The report's `warnings` tell of columns that
/// seem to know the outcome, and of too few customers to learn from.
#[utoipa::path(
    tag = "ratings",
    request_body(content = FitIn, content_type = "multipart/form-data"),
    responses((status = 202, description = "The job that does it.", body = JobOut)),
    security(("bearer" = ["rating-models:draft"]))
)]
#[post("/v1/rating-models/fit")]
pub async fn fit_rating_model(
    actor: Actor<DraftModels>,
    heading: Heading,
    body: Multipart,
    request: HttpRequest,
    executor: web::Data<Executor>,
    uploads: web::Data<Uploads>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let admission = uploads.admit(&request, &actor)?;
    let received = upload::receive(&executor, &actor, body, admission.pace()).await?;
    drop(admission);
    let id = received.job;
    let parts = received.fingerprint();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let lines = received.lines;
    let command = heading.command(received.plan, &parts);
    let outcome = executor
        .once(&actor, command, move |tx, plan| {
            let job = jobs::queue(tx, id, plan, Some(lines))?;
            Answer::accepted(&JobOut::from(job), format!("/v1/jobs/{id}"))
        })
        .await;
    // A replayed answer names the first job; what came this time is not needed.
    discard(&executor, &actor, id).await;
    bell.ring();
    outcome
}

/// Which chart of which model, in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfChart {
    /// The model.
    id: RatingModelId,
    /// Which chart.
    #[param(inline)]
    chart: ChartKind,
}

/// Draw a chart of a rating model
///
/// Of the validation report of a model that was fitted here: the ROC curve, the Kolmogorov-Smirnov chart, or the
/// calibration, as SVG.
#[utoipa::path(
    tag = "ratings",
    params(OfChart),
    responses((status = 200, description = "The chart.", body = String, content_type = "image/svg+xml")),
    security(("bearer" = ["rating-models:read"]))
)]
#[get("/v1/rating-models/{id}/charts/{chart}.svg")]
pub async fn draw_rating_model_chart(
    _: Actor<ReadModels>,
    of: web::Path<OfChart>,
    executor: web::Data<Executor>,
) -> Outcome {
    let OfChart { id, chart } = of.into_inner();
    let report = executor
        .read(move |db| Ok(actions::report(db, id)?))
        .await?;
    let draw = match chart {
        ChartKind::Roc => charts::roc,
        ChartKind::Ks => charts::ks,
        ChartKind::Calibration => charts::calibration,
    };
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml")
        .body(draw(&report.validation)))
}

fn answer(model: ModelRow, language: Language) -> Result<Answer, Problem> {
    let version = model.version;
    Ok(Answer::ok(&RatingModelOut::read(model, language)?)?.version(version))
}

impl From<ModelError> for Problem {
    fn from(error: ModelError) -> Problem {
        match error {
            ModelError::Missing => Problem::not_found("rating model"),
            ModelError::Faulty(faults) => faulty(
                "",
                faults
                    .into_iter()
                    .map(|mut fault| {
                        if fault.code != "immutable" {
                            fault.pointer.insert_str(0, "/document");
                        }
                        fault
                    })
                    .collect(),
            ),
            ModelError::OtherKind(kind) => {
                Problem::invalid("/kind", "immutable", format!("is {kind} for ever"))
            }
            ModelError::Version(error) => refused("rating model", "author of the model", error),
            ModelError::PartNotApproved(place) => Problem::invalid(
                "",
                "part_not_approved",
                format!("part {place} of the composite is not approved yet"),
            ),
            ModelError::NoReport => Problem::not_found("validation report"),
            ModelError::Db(error) => error.into(),
        }
    }
}
