//! `/v1/exports`.

use actix_web::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, ETAG, IF_RANGE, RANGE,
};
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _, get, post, web,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tables::Kind;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, ExportError, OPEN_MAX};
use super::input::{ExportFilter, ExportIn};
use super::model::{Export, ExportFormat, ExportStatus, ExportTools, ExportWithJob};
use super::{rules, store};
use crate::platform::db::rows::Kept;
use crate::platform::exports::{DayOf, ExportField, ExportTable, Holds};
use crate::platform::http::auth::ExportTables as MayExport;
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Code, Command, Executor, Listing, Outcome, Problem};
use crate::platform::jobs::output::{PIECE_BYTES, piece};
use crate::platform::jobs::worker::WakeSignal;
use kernel::clock::Instant;
use kernel::ids::{ExportId, JobId};
use kernel::text::Subject;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_export)
        .service(list_exports)
        .service(list_export_tables)
        .service(find_export)
        .service(download_export);
}

/// Export a table
///
/// The work goes on as a job; read the export until it is `ready`, and download its file from `content`. All its rows are of
/// one moment. Of a table that has days, a period can be asked for, or what there is up to a day; columns that tell how
/// something stands tell it as it stands now. Four exports of one caller may be under way: one more is 429. Who may read the
/// resource may export it, if they see all of it: sales can't.
/// `audit_package` is a ZIP in the names of the Audit Data Standards, for auditors: see docs/exports.md.
#[utoipa::path(
    tag = "exports",
    request_body = ExportIn,
    responses((status = 202, description = "The export; its job is queued.", body = ExportOut)),
    security(("bearer" = ["exports:run"]))
)]
#[post("/v1/exports")]
pub async fn create_export(
    actor: Actor<MayExport>,
    command: Command<ExportIn>,
    tools: web::Data<ExportTools>,
    executor: web::Data<Executor>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let outcome = executor
        .once(&actor, command, move |tx, asked| {
            let made = actions::create(tx, &tools, asked)?;
            let location = format!("/v1/exports/{}", made.export.id);
            Answer::accepted(&ExportOut::new(made, tx.now()), location)
        })
        .await;
    bell.ring();
    outcome
}

/// List exports
///
/// Your own, the newest first; auditors see everybody's.
#[utoipa::path(
    tag = "exports",
    params(Listing<ExportFilter>),
    responses((status = 200, description = "One page of exports.", body = PageOut<ExportOut>)),
    security(("bearer" = ["exports:run"]))
)]
#[get("/v1/exports")]
pub async fn list_exports(
    actor: Actor<MayExport>,
    listing: Listing<ExportFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let own = (!actions::sees_all(&actor)).then(|| actor.subject.as_str());
            let page = store::list(db, own, &listing.filter, &listing.page)?;
            let now = db.clock().now();
            Ok(page.map(|found| ExportOut::new(found, now)))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// List the tables that can be exported
///
/// Those that you may take, with their columns.
#[utoipa::path(
    tag = "exports",
    responses((status = 200, description = "The tables.", body = ExportTablesOut)),
    security(("bearer" = ["exports:run"]))
)]
#[get("/v1/exports/tables")]
pub async fn list_export_tables(actor: Actor<MayExport>, tools: web::Data<ExportTools>) -> Outcome {
    let tables = tools.tables.of(&actor).map(ExportTableOut::from).collect();
    Ok(Answer::ok(&ExportTablesOut { tables })?.into_response())
}

/// Read an export
///
/// Where it stands, and of what size its file is.
#[utoipa::path(
    tag = "exports",
    params(ExportId),
    responses((status = 200, description = "The export.", body = ExportOut)),
    security(("bearer" = ["exports:run"]))
)]
#[get("/v1/exports/{id}")]
pub async fn find_export(
    actor: Actor<MayExport>,
    id: web::Path<ExportId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let found = executor
        .read(move |db| {
            let found = actions::find_visible(db, &actor, *id)?;
            Ok(ExportOut::new(found, db.clock().now()))
        })
        .await?;
    Ok(Answer::ok(&found)?.into_response())
}

/// Download the file of an export
///
/// The whole of it, or with `Range` a part (206), so that a download that broke off can go on; `If-Range` takes the `ETag`. Where
/// the part begins behind the end it is 416, where the export expired 410. `Repr-Digest` has the SHA-256 of the whole file.
#[utoipa::path(
    tag = "exports",
    params(ExportId),
    responses(
        (status = 200, description = "The file.", content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Vec<u8> = "application/vnd.apache.parquet"),
            (Vec<u8> = "application/zip"),
        )),
        (status = 206, description = "The part that was asked for.", content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Vec<u8> = "application/vnd.apache.parquet"),
            (Vec<u8> = "application/zip"),
        )),
    ),
    security(("bearer" = ["exports:run"]))
)]
#[get("/v1/exports/{id}/content")]
pub async fn download_export(
    actor: Actor<MayExport>,
    id: web::Path<ExportId>,
    request: HttpRequest,
    tools: web::Data<ExportTools>,
    executor: web::Data<Executor>,
) -> Outcome {
    let (caller, tables) = (actor.caller(), tools.tables);
    let (id, range) = (*id, header(&request, &RANGE));
    let asked = range.clone();
    let export = executor
        .maintain(&caller, move |tx| {
            Ok(actions::download(tx, tables, id, asked.as_deref())?)
        })
        .await?;
    let tag = format!("\"{}\"", export.sha256.as_deref().unwrap_or_default());
    let same = header(&request, &IF_RANGE).is_none_or(|of| of == tag);
    let bytes = export.byte_count.unwrap_or_default();
    let mut response = match rules::part(range.as_deref().filter(|_| same), bytes) {
        Ok(None) => {
            return Ok(send(
                HttpResponse::Ok(),
                &tag,
                executor,
                &export,
                (0, bytes - 1),
            ));
        }
        Ok(Some(part)) => {
            let mut response = HttpResponse::PartialContent();
            response.insert_header((
                CONTENT_RANGE,
                format!("bytes {}-{}/{bytes}", part.0, part.1),
            ));
            return Ok(send(response, &tag, executor, &export, part));
        }
        Err(rules::BehindTheEnd) => Problem::new(Code::RangeNotSatisfiable)
            .with("bytes", bytes)
            .error_response(),
    };
    if let Ok(value) = format!("bytes */{bytes}").parse() {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
    Ok(response)
}

fn header(request: &HttpRequest, name: &actix_web::http::header::HeaderName) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    Some(value.chars().take(200).collect())
}

/// Sends the part of a file from its first byte to its last.
fn send(
    mut response: HttpResponseBuilder,
    tag: &str,
    executor: web::Data<Executor>,
    export: &Export,
    part: (i64, i64),
) -> HttpResponse {
    let name = format!("attachment; filename=\"{}\"", rules::file_name(export));
    let length = u64::try_from(part.1 - part.0 + 1).unwrap_or(0);
    response
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((ETAG, tag))
        .insert_header(("Repr-Digest", digest(export)))
        .content_type(export.format.media_type())
        .no_chunking(length)
        .streaming(pieces(executor, export, part))
}

/// The digest as RFC 9530 has it.
fn digest(export: &Export) -> String {
    let text = export.sha256.as_deref().unwrap_or_default();
    let byte = |at: usize| {
        text.get(at..at + 2)
            .and_then(|two| u8::from_str_radix(two, 16).ok())
    };
    let bytes: Vec<u8> = (0..text.len()).step_by(2).filter_map(byte).collect();
    format!("sha-256=:{}:", STANDARD.encode(bytes))
}

/// The bytes of a file from one to another, piece by piece.
fn pieces(
    executor: web::Data<Executor>,
    export: &Export,
    (first, last): (i64, i64),
) -> impl Stream<Item = Result<web::Bytes, Problem>> + use<> {
    let (job, attempt) = (export.job_id, export.attempt.unwrap_or_default());
    stream::unfold((executor, first), move |(executor, at)| async move {
        if at > last {
            return None;
        }
        let read = read_piece(&executor, job, attempt, at, last).await;
        let next = match &read {
            Ok(bytes) => at + i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            // The stream ends with what went wrong.
            Err(_) => i64::MAX,
        };
        Some((read, (executor, next)))
    })
}

/// From a byte on what is left of its piece, up to the last byte that is wanted.
async fn read_piece(
    executor: &web::Data<Executor>,
    job: JobId,
    attempt: i32,
    at: i64,
    last: i64,
) -> Result<web::Bytes, Problem> {
    let size = i64::try_from(PIECE_BYTES).map_err(Problem::internal)?;
    let part = i32::try_from(at / size).map_err(Problem::internal)?;
    let found = executor
        .read(move |db| Ok(piece(db, job, attempt, part)?))
        .await?;
    let from = usize::try_from(at % size).map_err(Problem::internal)?;
    let wanted = usize::try_from(last - at + 1).map_err(Problem::internal)?;
    let bytes = found.as_deref().and_then(|bytes| bytes.get(from..));
    let bytes = bytes.filter(|bytes| !bytes.is_empty());
    let bytes = bytes.ok_or_else(|| Problem::internal("a piece of an export is missing"))?;
    Ok(web::Bytes::copy_from_slice(
        bytes.get(..wanted).unwrap_or(bytes),
    ))
}

/// An export.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Export, example = json!({
    "id": "exp_01k00000000000000000000001", "table": "invoices", "format": "csv",
    "period_from": "2026-01-01", "period_to": "2026-03-31", "as_of": null, "status": "ready",
    "progress": {"done": 1200, "total": 1200, "unit": "rows"}, "job_id": "job_01k00000000000000000000001",
    "file_name": "invoices_20260101_20260331.csv", "rows": 1200, "bytes": 183_500,
    "sha256": "5f2b1c8e9a7d4f3062b8c1e5d9a0f4738e6b2c5d1a9f8e7d6c5b4a3f2e1d0c9b",
    "requested_by": "u-auditor", "requested_at": "2026-03-31T08:00:00.000000Z",
    "expires_at": "2026-04-07T08:00:00.000000Z"
}))]
pub struct ExportOut {
    id: ExportId,
    #[schema(max_length = 64)]
    table: String,
    format: ExportFormat,
    period_from: Option<NaiveDate>,
    period_to: Option<NaiveDate>,
    as_of: Option<NaiveDate>,
    status: ExportStatus,
    progress: ExportProgressOut,
    /// The job that makes it; it can be watched and cancelled.
    job_id: JobId,
    #[schema(max_length = 120)]
    file_name: String,
    /// How many rows the file has; null until it is ready.
    #[schema(minimum = 0)]
    rows: Option<i64>,
    #[schema(minimum = 0)]
    bytes: Option<i64>,
    /// Of the file, in hexadecimal.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    sha256: Option<String>,
    requested_by: Subject,
    requested_at: Instant,
    /// When the file is deleted.
    expires_at: Instant,
}

/// How far an export is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportProgress)]
pub struct ExportProgressOut {
    #[schema(minimum = 0)]
    done: i64,
    /// Null while it is not known how much there is.
    #[schema(minimum = 0)]
    total: Option<i64>,
    #[schema(max_length = 32)]
    unit: String,
}

impl ExportOut {
    fn new(found: ExportWithJob, now: Instant) -> ExportOut {
        let ExportWithJob { export, job } = found;
        ExportOut {
            id: export.id,
            status: rules::status(&export, job.status, now),
            progress: ExportProgressOut {
                done: job.progress_done,
                total: job.progress_total,
                unit: job.progress_unit,
            },
            job_id: export.job_id,
            file_name: rules::file_name(&export),
            table: export.table_name,
            format: export.format,
            period_from: export.period_from,
            period_to: export.period_to,
            as_of: export.as_of,
            rows: export.row_count,
            bytes: export.byte_count,
            sha256: export.sha256,
            requested_by: export.requested_by,
            requested_at: export.requested_at,
            expires_at: export.expires_at,
        }
    }
}

/// The tables that can be exported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportTables, example = json!({"tables": [{
    "name": "exchange_rates", "description": "Exchange rates, by pair and day.", "day": "rate_date",
    "columns": [{"name": "rate", "kind": "decimal", "currency": null, "holds": "business"}]
}]}))]
pub struct ExportTablesOut {
    #[schema(max_items = 200)]
    tables: Vec<ExportTableOut>,
}

/// A table that can be exported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportTable)]
pub struct ExportTableOut {
    #[schema(max_length = 64)]
    name: &'static str,
    #[schema(max_length = 200)]
    description: &'static str,
    /// The column by which a period or a day bounds it; null where it can't be bounded.
    #[schema(max_length = 64)]
    day: Option<&'static str>,
    #[schema(max_items = 200)]
    columns: Vec<ExportColumnOut>,
}

/// A column of a table that can be exported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportColumn)]
pub struct ExportColumnOut {
    #[schema(max_length = 64)]
    name: &'static str,
    kind: ColumnKind,
    /// Of an amount: the column that has its currency.
    #[schema(max_length = 64)]
    currency: Option<&'static str>,
    holds: ColumnHolds,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    Text,
    Id,
    Integer,
    Boolean,
    Day,
    Instant,
    Amount,
    Decimal,
    Json,
}

/// Whether it wants care.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnHolds {
    Business,
    /// Of persons, or what people wrote.
    Personal,
    /// Of accounts at banks.
    Bank,
}

impl From<&'static ExportTable> for ExportTableOut {
    fn from(table: &'static ExportTable) -> ExportTableOut {
        ExportTableOut {
            name: table.name,
            description: table.description,
            day: table.day.map(|day| match day {
                DayOf::Day(column) | DayOf::Instant(column) => column,
            }),
            columns: table
                .fields
                .iter()
                .map(|field| column_of(table, field))
                .collect(),
        }
    }
}

fn column_of(table: &'static ExportTable, field: &'static ExportField) -> ExportColumnOut {
    let currency = match field.kept {
        Kept::Money(place) => table
            .fields
            .iter()
            .find(|other| other.place == place)
            .map(|other| other.name),
        _ => None,
    };
    ExportColumnOut {
        name: field.name,
        kind: match (field.kept, field.written().kind) {
            (Kept::Money(_), _) => ColumnKind::Amount,
            (_, Kind::Text) => ColumnKind::Text,
            (_, Kind::Id) => ColumnKind::Id,
            (_, Kind::Integer) => ColumnKind::Integer,
            (_, Kind::Boolean) => ColumnKind::Boolean,
            (_, Kind::Day) => ColumnKind::Day,
            (_, Kind::Instant) => ColumnKind::Instant,
            (_, Kind::Decimal { .. }) => ColumnKind::Decimal,
            (_, Kind::Json) => ColumnKind::Json,
        },
        currency,
        holds: match field.holds {
            Holds::Business => ColumnHolds::Business,
            Holds::Personal => ColumnHolds::Personal,
            Holds::Bank => ColumnHolds::Bank,
        },
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Problem {
        match error {
            ExportError::Missing => Problem::not_found("export"),
            ExportError::UnknownTable => Problem::invalid(
                "/table",
                "unknown_table",
                "is no table that can be exported",
            ),
            ExportError::NotForCaller(roles) => {
                Problem::new(Code::Forbidden).with_list("roles", roles)
            }
            ExportError::Bounds(error) => {
                let (pointer, code) = error.place();
                Problem::invalid(pointer, code, error)
            }
            ExportError::TooMany => Problem::new(Code::TooManyExports)
                .with("limit", OPEN_MAX)
                .retry_after(2),
            ExportError::NotReady(status) => Problem::state("export", status, [""; 0]),
            ExportError::Expired(at) => Problem::new(Code::ExportExpired).with("expired_at", at),
            ExportError::Db(error) => error.into(),
        }
    }
}
