//! `/v1/jobs`.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use futures_util::stream;
use futures_util::stream::Stream;
use futures_util::stream::StreamExt as _;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::JobsError;
use super::model::{Job, JobError, JobStatus};
use super::{actions, report, store};
use crate::platform::http::auth::ReadJobs;
use crate::platform::http::messages::told;
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    AcceptLanguage, Actor, Answer, Code, Command, Executor, Listing, Nothing, Outcome, Problem,
};
use crate::platform::jobs::input::JobFilter;
use kernel::clock::Instant;
use kernel::ids::JobId;
use kernel::places::Language;

/// How often a stream of events looks whether the job changed.
const WATCH: std::time::Duration = std::time::Duration::from_millis(200);

/// After how many looks without a change a comment is sent, so that no proxy takes the stream for dead.
const LOOKS_PER_COMMENT: u32 = 75;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_jobs)
        .service(find_job)
        .service(cancel_job)
        .service(watch_job)
        .service(download_job_report);
}

/// List jobs
///
/// The newest first: your own; credit, finance, auditors and admins see everybody's.
#[utoipa::path(
    tag = "jobs",
    params(Listing<JobFilter>),
    responses((status = 200, description = "One page of jobs.", body = PageOut<JobOut>)),
    security(("bearer" = ["jobs:read"]))
)]
#[get("/v1/jobs")]
pub async fn list_jobs(
    actor: Actor<ReadJobs>,
    listing: Listing<JobFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
    language: AcceptLanguage,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let own = (!actions::sees_all(&actor)).then(|| actor.subject.as_str());
            store::list(db, own, &listing.filter, &listing.page)
        })
        .await?;
    Ok(page
        .map(|job| JobOut::from(job).told(language.0))
        .into_response(&request, &cursors))
}

/// Read a job
///
/// Where it stands, and its result and errors when it has ended.
#[utoipa::path(
    tag = "jobs",
    params(JobId),
    responses((status = 200, description = "The job.", body = JobOut)),
    security(("bearer" = ["jobs:read"]))
)]
#[get("/v1/jobs/{id}")]
pub async fn find_job(
    actor: Actor<ReadJobs>,
    id: web::Path<JobId>,
    executor: web::Data<Executor>,
    language: AcceptLanguage,
) -> Outcome {
    let job = executor
        .read(move |db| Ok(actions::find_visible(db, &actor, *id)?))
        .await?;
    let version = job.version;
    Ok(Answer::ok(&JobOut::from(job).told(language.0))?
        .version(version)
        .into_response())
}

/// Cancel a job
///
/// A waiting job ends at once; a running one at its next step, so read it until it has ended. What it has committed
/// by then stays. Everybody may cancel their own; credit, finance and admins any.
#[utoipa::path(
    tag = "jobs",
    params(JobId),
    request_body = Nothing,
    responses((status = 200, description = "The job as it is now.", body = JobOut)),
    security(("bearer" = ["jobs:read"]))
)]
#[post("/v1/jobs/{id}/cancel")]
pub async fn cancel_job(
    actor: Actor<ReadJobs>,
    id: web::Path<JobId>,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, _| {
            answer(actions::cancel(tx, *id)?)
        })
        .await
}

/// Watch a job
///
/// Server-sent events: one `job` event for each change, with the job as its data, from where it stands now until it
/// has ended; then the stream ends.
#[utoipa::path(
    tag = "jobs",
    params(JobId),
    responses((status = 200, description = "The events.", content_type = "text/event-stream", body = JobEvent)),
    security(("bearer" = ["jobs:read"]))
)]
#[get("/v1/jobs/{id}/events")]
pub async fn watch_job(
    actor: Actor<ReadJobs>,
    id: web::Path<JobId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let id = *id;
    executor
        .read(move |db| Ok(actions::find_visible(db, &actor, id)?))
        .await?;
    let watch = Watch {
        executor,
        id,
        seen: 0,
        looks: 0,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(watch.events()))
}

/// Download the report of a job
///
/// Everything that was found wrong or wants a look, line by line, as CSV: `line`, `severity` (`error` or `warning`),
/// `column`, `code`, `message`. The job itself shows the first 1,000. While the job runs, what it has found so far.
#[utoipa::path(
    tag = "jobs",
    params(JobId),
    responses((
        status = 200, description = "The report.", content_type = "text/csv", body = String,
        example = json!("line,severity,column,code,message\r\n3,error,country,malformed,is not a country code\r\n")
    )),
    security(("bearer" = ["jobs:read"]))
)]
#[get("/v1/jobs/{id}/report")]
pub async fn download_job_report(
    actor: Actor<ReadJobs>,
    id: web::Path<JobId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let job = executor
        .read(move |db| Ok(actions::find_visible(db, &actor, *id)?))
        .await?;
    let name = format!("attachment; filename=\"{}.csv\"", job.id);
    let first = report::header()?;
    let pieces = stream::unfold((executor, job, 0), |(executor, job, part)| async move {
        let (reader, read) = (executor.clone(), job.clone());
        let piece = reader
            .read(move |db| report::piece(db, &read, part))
            .await
            .transpose()?;
        Some((piece.map(web::Bytes::from), (executor, job, part + 1)))
    });
    let first = stream::iter([Ok(web::Bytes::from(first))]);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, name))
        .content_type("text/csv; charset=utf-8")
        .streaming(first.chain(pieces)))
}

/// One event of the stream: the job as it has become.
#[derive(ToSchema)]
#[schema(example = json!({"event": "job", "id": "6", "data": "{\"status\": \"succeeded\"}"}))]
#[expect(
    dead_code,
    reason = "it describes the lines of an event in the contract"
)]
struct JobEvent {
    /// Always `job`.
    #[schema(max_length = 20)]
    event: String,
    /// The version of the job.
    #[schema(max_length = 20)]
    id: String,
    /// The job as JSON, as `GET /v1/jobs/{id}` answers it.
    #[schema(max_length = 1_000_000)]
    data: String,
}

/// A caller that watches a job.
struct Watch {
    executor: web::Data<Executor>,
    id: JobId,
    /// The version that was sent last.
    seen: i64,
    looks: u32,
}

impl Watch {
    fn events(self) -> impl Stream<Item = Result<web::Bytes, Problem>> {
        stream::unfold(Some(self), |watch| async {
            let mut watch = watch?;
            let (text, ended) = watch.next().await?;
            Some((Ok(web::Bytes::from(text)), (!ended).then_some(watch)))
        })
    }

    /// What is to be sent next, and whether it is the last; none when the job can't be read any more.
    async fn next(&mut self) -> Option<(String, bool)> {
        let id = self.id;
        loop {
            let job = self
                .executor
                .read(move |db| Ok(store::find(db, id)?))
                .await
                .ok()??;
            if job.version != self.seen {
                self.seen = job.version;
                self.looks = 0;
                let (version, ended) = (job.version, job.status.has_ended());
                let data = serde_json::to_string(&JobOut::from(job)).ok()?;
                return Some((
                    format!("event: job\nid: {version}\ndata: {data}\n\n"),
                    ended,
                ));
            }
            self.looks += 1;
            if self.looks.is_multiple_of(LOOKS_PER_COMMENT) {
                return Some((": nothing new\n\n".to_owned(), false));
            }
            tokio::time::sleep(WATCH).await;
        }
    }
}

fn answer(job: Job) -> Result<Answer, Problem> {
    let version = job.version;
    Ok(Answer::ok(&JobOut::from(job))?.version(version))
}

/// A background job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job, example = json!({
    "id": "job_01k00000000000000000000001", "kind": "import", "status": "succeeded",
    "progress": {"done": 2, "total": 2, "unit": "lines"},
    "result": {"lines": 2, "created": 1, "unchanged": 0, "rejected": 1},
    "errors": [{"line": 3, "column": "country", "code": "malformed", "message": "is not a country code"}],
    "created_by": "u-finance", "created_at": "2026-03-31T08:00:00.000000Z",
    "started_at": "2026-03-31T08:00:00.000000Z", "finished_at": "2026-03-31T08:00:01.000000Z",
    "cancel_requested_at": null, "attempts": 1
}))]
pub struct JobOut {
    id: JobId,
    #[schema(max_length = 64)]
    kind: String,
    status: JobStatus,
    progress: ProgressOut,
    /// What the work found or made, when it has ended; its members depend on the kind.
    result: Option<serde_json::Value>,
    /// What went wrong: the first 1,000; `/v1/jobs/{id}/report` has all.
    #[schema(max_items = 1000)]
    errors: Vec<JobError>,
    #[schema(max_length = 128)]
    created_by: String,
    created_at: Instant,
    started_at: Option<Instant>,
    finished_at: Option<Instant>,
    cancel_requested_at: Option<Instant>,
    /// How often the work was begun.
    #[schema(minimum = 0, maximum = 3)]
    attempts: i32,
}

/// How far a job is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub struct ProgressOut {
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    done: i64,
    /// Null while it is not known how much there is; an estimate until the end.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    total: Option<i64>,
    #[schema(max_length = 32)]
    unit: String,
}

impl ProgressOut {
    /// So much is done of so much.
    pub fn new(done: i64, total: i64, unit: &str) -> ProgressOut {
        ProgressOut {
            done,
            total: Some(total),
            unit: unit.to_owned(),
        }
    }
}

impl JobOut {
    /// The same with what went wrong in the reader's language.
    fn told(mut self, language: Language) -> JobOut {
        for error in &mut self.errors {
            error.message = told(&error.message, language).into_owned();
        }
        self
    }
}

impl From<Job> for JobOut {
    fn from(job: Job) -> JobOut {
        let parsed = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        JobOut {
            id: job.id,
            kind: job.kind,
            status: job.status,
            progress: ProgressOut {
                done: job.progress_done,
                total: job.progress_total,
                unit: job.progress_unit,
            },
            result: parsed(job.result).filter(|value| !serde_json::Value::is_null(value)),
            errors: job
                .errors
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default(),
            created_by: job.created_by,
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            cancel_requested_at: job.cancel_requested_at,
            attempts: job.attempts,
        }
    }
}

impl From<JobsError> for Problem {
    fn from(error: JobsError) -> Problem {
        match error {
            JobsError::Missing => Problem::not_found("job"),
            JobsError::NotOwn => {
                Problem::new(Code::Forbidden).with_list("roles", ["credit", "finance", "admin"])
            }
            JobsError::Ended(status) => Problem::state("job", status, [""; 0]),
            JobsError::Stale => Problem::new(Code::Stale),
            JobsError::Db(error) => error.into(),
        }
    }
}
