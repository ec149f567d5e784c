//! `/v1/reports/process-log` and `/v1/reports/cycle-times`.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, get, web};
use futures_util::stream;
use futures_util::stream::StreamExt as _;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, ProcessError};
use super::input::{CycleTimeFilter, LogFormat, ProcessLogFilter};
use super::model::{Case, CaseQuestion, CycleTime};
use super::rules;
use crate::platform::http::auth::ReadProcessLogs;
use crate::platform::http::csv::{Cell, rows, table};
use crate::platform::http::page::Query;
use crate::platform::http::{Actor, Answer, Executor, Outcome, Problem};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(download_process_log)
        .service(report_cycle_times);
}

/// Download a process log
///
/// Every step of the cases that began in a period, for process mining: case, activity, instant, who did it, customer and
/// amount. The steps of a case come together, in the order of time. As CSV, or as XES (IEEE 1849).
#[utoipa::path(
    tag = "reports",
    params(ProcessLogFilter),
    responses((status = 200, description = "The log.", content(
        (String = "text/csv"),
        (String = "application/xml"),
    ))),
    security(("bearer" = ["process-logs:read"]))
)]
#[get("/v1/reports/process-log")]
pub async fn download_process_log(
    _: Actor<ReadProcessLogs>,
    filter: Query<ProcessLogFilter>,
    executor: web::Data<Executor>,
) -> Outcome {
    let filter = filter.0;
    let question = filter.question(executor.database().clock());
    actions::check(&question)?;
    let format = filter.format.unwrap_or(LogFormat::Csv);
    let (kind, ending, head, foot) = match format {
        LogFormat::Csv => {
            let head = table(&rules::COLUMNS.map(str::to_owned), std::iter::empty());
            let head = head.map_err(Problem::internal)?;
            ("text/csv; charset=utf-8", "csv", head, "")
        }
        LogFormat::Xes => (
            "application/xml; charset=utf-8",
            "xes",
            rules::XES_HEAD.into(),
            rules::XES_FOOT,
        ),
    };
    let pieces = stream::unfold(Some((executor, None)), move |place| async move {
        let (executor, after) = place?;
        let read = executor
            .read(move |db| Ok(actions::next_cases(db, &question, after)?))
            .await
            .and_then(|cases| piece(&cases, format));
        match read {
            Ok((bytes, Some(last))) => Some((Ok(bytes), Some((executor, Some(last))))),
            Ok((_, None)) => None,
            Err(problem) => Some((Err(problem), None)),
        }
    });
    let head = stream::iter([Ok::<_, Problem>(web::Bytes::from(head))]);
    let foot = stream::iter([Ok::<_, Problem>(web::Bytes::from(foot))]);
    let name = format!("attachment; filename=\"{}-log.{ending}\"", filter.process);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, name))
        .content_type(kind)
        .streaming(head.chain(pieces).chain(foot)))
}

/// Some cases as they are written, and where the next ones begin; nowhere when there were none.
fn piece(cases: &[Case], format: LogFormat) -> Result<(web::Bytes, Option<Uuid>), Problem> {
    let bytes = match format {
        LogFormat::Csv => rows(cases.iter().flat_map(lines)).map_err(Problem::internal)?,
        LogFormat::Xes => cases.iter().map(rules::trace).collect::<String>().into(),
    };
    Ok((bytes.into(), cases.last().map(|case| case.key)))
}

fn lines(case: &Case) -> impl Iterator<Item = Vec<Cell>> {
    case.steps.iter().map(|step| {
        vec![
            Cell::Plain(case.id.clone()),
            Cell::Plain(step.activity.clone()),
            Cell::Plain(step.at.to_string()),
            Cell::Text(step.subject.clone()),
            Cell::Text(case.customer_number.clone()),
            Cell::Plain(case.amount.amount_text()),
            Cell::Plain(case.amount.currency().to_string()),
        ]
    })
}

/// Report cycle times
///
/// How long it takes from a step of a case to the next one, over the cases that began in a period: for each pair of steps
/// how often, and in how many seconds half and nine tenths of them were done. A period has 366 days at most.
#[utoipa::path(
    tag = "reports",
    params(CycleTimeFilter),
    responses((status = 200, description = "The report.", body = CycleTimesOut)),
    security(("bearer" = ["process-logs:read"]))
)]
#[get("/v1/reports/cycle-times")]
pub async fn report_cycle_times(
    _: Actor<ReadProcessLogs>,
    filter: Query<CycleTimeFilter>,
    executor: web::Data<Executor>,
) -> Outcome {
    let question: CaseQuestion = filter.0.question(executor.database().clock());
    let found = executor
        .read(move |db| Ok(actions::cycle_times(db, &question)?))
        .await?;
    let out = CycleTimesOut {
        transitions: found.into_iter().map(CycleTimeOut::from).collect(),
    };
    Ok(Answer::ok(&out)?.into_response())
}

/// How long steps take.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CycleTimes, example = json!({"transitions": [{
    "from": "application.submitted", "to": "application.review_started", "count": 41, "median_seconds": 5400,
    "p90_seconds": 86400
}]}))]
pub struct CycleTimesOut {
    /// By the first step, then by the second.
    #[schema(max_items = 10_000)]
    transitions: Vec<CycleTimeOut>,
}

/// How long it takes from a step to the next one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CycleTime, example = json!({
    "from": "application.submitted", "to": "application.review_started", "count": 41, "median_seconds": 5400,
    "p90_seconds": 86400
}))]
pub struct CycleTimeOut {
    #[schema(max_length = 80)]
    from: String,
    #[schema(max_length = 80)]
    to: String,
    /// How often the one followed the other.
    #[schema(minimum = 1)]
    count: i64,
    /// Half of them took at most so long.
    #[schema(minimum = 0)]
    median_seconds: i64,
    /// Nine tenths of them took at most so long.
    #[schema(minimum = 0)]
    p90_seconds: i64,
}

impl From<CycleTime> for CycleTimeOut {
    fn from(time: CycleTime) -> CycleTimeOut {
        CycleTimeOut {
            from: time.from,
            to: time.to,
            count: time.count,
            median_seconds: time.median_seconds,
            p90_seconds: time.p90_seconds,
        }
    }
}

impl From<ProcessError> for Problem {
    fn from(error: ProcessError) -> Problem {
        let text = error.to_string();
        match error {
            ProcessError::TooLong => Problem::invalid("#to", "out_of_bounds", text),
            ProcessError::Reversed => {
                Problem::invalid("#to", "before_from", "must not be before from")
            }
            ProcessError::Db(error) => error.into(),
        }
    }
}
