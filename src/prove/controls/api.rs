//! `/v1/controls`.

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, CONTROLS, ControlError};
use super::input::{ControlRunFilter, ControlRunIn, SignOffIn};
use super::model::{
    ControlCode, ControlOutcome, ControlResult, ControlRun, Finding, FindingCode, NotTestable,
};
use super::{rules, store};
use crate::platform::db::{DbError, read_document};
use crate::platform::http::auth::{ReadControls, RunControls, SignOffControls};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    AcceptLanguage, Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing,
    Outcome, Problem,
};
use crate::platform::jobs::worker::WakeSignal;
use kernel::clock::Instant;
use kernel::ids::{ControlRunId, JobId};
use kernel::places::Language;
use kernel::text::{Note, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_controls)
        .service(list_control_runs)
        .service(start_control_run)
        .service(find_control_run)
        .service(sign_off_control_run);
}

/// List the controls
///
/// The internal controls that are tested, each with what it wants, in your language.
#[utoipa::path(
    tag = "controls",
    responses((status = 200, description = "The controls.", body = ControlsOut)),
    security(("bearer" = ["controls:read"]))
)]
#[get("/v1/controls")]
pub async fn list_controls(_: Actor<ReadControls>, language: AcceptLanguage) -> Outcome {
    let controls = CONTROLS.iter().map(|control| ControlOut {
        code: control.code,
        title: control.title.told(language.0).to_owned(),
        sentence: control.sentence.told(language.0).to_owned(),
    });
    let out = ControlsOut {
        data: controls.collect(),
    };
    Ok(Answer::ok(&out)?.into_response())
}

/// List runs of the controls
///
/// The newest first, without what they found.
#[utoipa::path(
    tag = "controls",
    params(Listing<ControlRunFilter>),
    responses((status = 200, description = "One page of runs.", body = PageOut<ControlRunSummary>)),
    security(("bearer" = ["controls:read"]))
)]
#[get("/v1/controls/runs")]
pub async fn list_control_runs(
    _: Actor<ReadControls>,
    listing: Listing<ControlRunFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list(db, &listing.filter, &listing.page))
        .await?;
    Ok(page
        .map(ControlRunSummary::from)
        .into_response(&request, &cursors))
}

/// Run the controls
///
/// Tests all controls over the business days of a period. The work goes on as a job, `job_id`; read the run when it has
/// finished. Whoever runs them does not sign them off.
#[utoipa::path(
    tag = "controls",
    request_body = ControlRunIn,
    responses((status = 202, description = "The run, as it begins.", body = ControlRunOut)),
    security(("bearer" = ["controls:run"]))
)]
#[post("/v1/controls/runs")]
pub async fn start_control_run(
    actor: Actor<RunControls>,
    command: Command<ControlRunIn>,
    executor: web::Data<Executor>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let outcome = executor
        .once(&actor, command, move |tx, input| {
            let run = actions::begin(tx, input)?;
            let (location, version) = (format!("/v1/jobs/{}", run.job_id), run.version);
            let out = ControlRunOut::new(run, Vec::new(), Language::English)?;
            Ok(Answer::accepted(&out, location)?.version(version))
        })
        .await;
    bell.ring();
    outcome
}

/// Read a run of the controls
///
/// What each control found: how many things it looked at, how many are not as they should be, and the first 200 of those,
/// each with why, in your language.
#[utoipa::path(
    tag = "controls",
    params(ControlRunId),
    responses((status = 200, description = "The run.", body = ControlRunOut)),
    security(("bearer" = ["controls:read"]))
)]
#[get("/v1/controls/runs/{id}")]
pub async fn find_control_run(
    _: Actor<ReadControls>,
    id: web::Path<ControlRunId>,
    executor: web::Data<Executor>,
    language: AcceptLanguage,
) -> Outcome {
    let (run, results) = executor
        .read(move |db| {
            let run = store::find(db, *id)?.ok_or(ControlError::Missing)?;
            Ok((run, store::list_results(db, *id)?))
        })
        .await?;
    let version = run.version;
    let out = ControlRunOut::new(run, results, language.0)?;
    Ok(Answer::ok(&out)?.version(version).into_response())
}

/// Sign off a run of the controls
///
/// An auditor has looked at what the controls found, and says in a note what came of it. It takes another person than the
/// one who ran them, and nobody signs off twice. Auditors alone sign off: credit and finance would judge their own work.
#[utoipa::path(
    tag = "controls",
    params(ControlRunId, IfMatch),
    request_body = SignOffIn,
    responses((status = 200, description = "The run, signed off.", body = ControlRunOut)),
    security(("bearer" = ["controls:sign-off"]))
)]
#[post("/v1/controls/runs/{id}/sign-off")]
pub async fn sign_off_control_run(
    actor: Actor<SignOffControls>,
    id: web::Path<ControlRunId>,
    version: IfMatch,
    command: KeyedCommand<SignOffIn>,
    executor: web::Data<Executor>,
    language: AcceptLanguage,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let run = actions::sign_off(tx, *id, version.0, input)?;
            let (results, version) = (store::list_results(tx, run.id)?, run.version);
            let out = ControlRunOut::new(run, results, language.0)?;
            Ok(Answer::ok(&out)?.version(version))
        })
        .await
}

/// Every control.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Controls, example = json!({"data": [{
    "code": "sequential_numbering", "title": "Sequential numbering and gap check",
    "sentence": "The numbers of invoices, credit notes and receipts of each legal entity have no gaps."
}]}))]
pub struct ControlsOut {
    #[schema(max_items = 100)]
    data: Vec<ControlOut>,
}

/// A control.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Control, example = json!({
    "code": "sequential_numbering", "title": "Sequential numbering and gap check",
    "sentence": "The numbers of invoices, credit notes and receipts of each legal entity have no gaps."
}))]
pub struct ControlOut {
    code: ControlCode,
    #[schema(max_length = 200)]
    title: String,
    /// What holds where the control passes.
    #[schema(max_length = 500)]
    sentence: String,
}

/// A run of the controls, without what it found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "ctl_01k00000000000000000000001", "from": "2026-01-01", "to": "2026-06-30",
    "job_id": "job_01k00000000000000000000001", "started_by": "u-31", "started_at": "2026-07-01T08:00:00.000000Z",
    "finished_at": "2026-07-01T08:00:09.000000Z", "signed_off_by": null, "signed_off_at": null, "sign_off_note": null
}))]
pub struct ControlRunSummary {
    id: ControlRunId,
    /// The first business day.
    from: NaiveDate,
    /// The last business day.
    to: NaiveDate,
    job_id: JobId,
    started_by: Subject,
    started_at: Instant,
    /// Null until all controls were tested.
    finished_at: Option<Instant>,
    signed_off_by: Option<Subject>,
    signed_off_at: Option<Instant>,
    sign_off_note: Option<Note>,
}

impl From<ControlRun> for ControlRunSummary {
    fn from(run: ControlRun) -> ControlRunSummary {
        ControlRunSummary {
            id: run.id,
            from: run.period_from,
            to: run.period_to,
            job_id: run.job_id,
            started_by: run.started_by,
            started_at: run.started_at,
            finished_at: run.finished_at,
            signed_off_by: run.signed_off_by,
            signed_off_at: run.signed_off_at,
            sign_off_note: run.sign_off_note,
        }
    }
}

/// A run of the controls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ControlRun, example = json!({
    "id": "ctl_01k00000000000000000000001", "from": "2026-01-01", "to": "2026-06-30",
    "job_id": "job_01k00000000000000000000001", "started_by": "u-31", "started_at": "2026-07-01T08:00:00.000000Z",
    "finished_at": "2026-07-01T08:00:09.000000Z", "signed_off_by": null, "signed_off_at": null, "sign_off_note": null,
    "results": [{
        "control": "sequential_numbering", "status": "exceptions", "reason": null, "reason_told": null,
        "population": 1843, "exception_count": 1,
        "exceptions": [{
            "code": "numbers_missing", "resource_id": "ent_01k00000000000000000000001", "subject": null,
            "detail": "INV-0008", "why": "Numbers are missing between two of a series."
        }]
    }]
}))]
pub struct ControlRunOut {
    #[serde(flatten)]
    run: ControlRunSummary,
    /// What each control found; empty until the run has finished.
    #[schema(max_items = 100)]
    results: Vec<ControlResultOut>,
}

/// What a control found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ControlResult)]
pub struct ControlResultOut {
    control: ControlCode,
    status: ControlOutcome,
    /// Why it can't be tested.
    reason: Option<NotTestable>,
    /// The same in words.
    #[schema(max_length = 500)]
    reason_told: Option<String>,
    /// How many things it looked at.
    #[schema(minimum = 0)]
    population: i64,
    /// How many are not as they should be.
    #[schema(minimum = 0)]
    exception_count: i64,
    /// The first of them.
    #[schema(max_items = 200)]
    exceptions: Vec<ControlExceptionOut>,
}

/// Something that is not as a control wants it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ControlException)]
pub struct ControlExceptionOut {
    code: FindingCode,
    /// What it is about: an id, a person, or a day.
    #[schema(max_length = 128)]
    resource_id: String,
    /// Who did it, where that is known.
    #[schema(max_length = 128)]
    subject: Option<String>,
    /// The facts, in no language: numbers, duties, days.
    #[schema(max_length = 4000)]
    detail: Option<String>,
    #[schema(max_length = 500)]
    why: String,
}

impl ControlRunOut {
    fn new(
        run: ControlRun,
        results: Vec<ControlResult>,
        language: Language,
    ) -> Result<ControlRunOut, DbError> {
        let results: Result<Vec<ControlResultOut>, DbError> = results
            .into_iter()
            .map(|result| ControlResultOut::new(&result, language))
            .collect();
        Ok(ControlRunOut {
            run: run.into(),
            results: results?,
        })
    }
}

impl ControlResultOut {
    fn new(result: &ControlResult, language: Language) -> Result<ControlResultOut, DbError> {
        let findings: Vec<Finding> = read_document(&result.exceptions)?;
        let told = findings.into_iter().map(|finding| ControlExceptionOut {
            why: rules::told(finding.code).told(language).to_owned(),
            code: finding.code,
            resource_id: finding.resource_id,
            subject: finding.subject,
            detail: finding.detail,
        });
        Ok(ControlResultOut {
            control: result.control,
            status: result.status,
            reason: result.not_testable,
            reason_told: result
                .not_testable
                .map(|reason| rules::why(reason).told(language).to_owned()),
            population: result.population,
            exception_count: result.exception_count,
            exceptions: told.collect(),
        })
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Problem {
        match error {
            ControlError::Missing => Problem::not_found("control run"),
            ControlError::Reversed => {
                Problem::invalid("/to", "before_from", "must not be before from")
            }
            ControlError::InFuture => {
                Problem::invalid("/to", "in_future", "must not be in the future")
            }
            ControlError::Unfinished => Problem::state("control run", "running", [""; 0]),
            ControlError::SignedOff => Problem::ended("control run", "signed_off"),
            ControlError::Own => {
                Problem::new(Code::SegregationOfDuties).with("duty", "running the controls")
            }
            ControlError::Stale => Problem::new(Code::Stale),
            ControlError::Job(error) => error.into(),
            ControlError::Db(error) => error.into(),
        }
    }
}
