//! Receiving a multipart body: part by part, the file straight into the database, never whole in memory.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::web::BytesMut;
use aws_lc_rs::digest::{Context, SHA256};
use futures_util::StreamExt as _;

use crate::book::entities::model::EntityRef;
use crate::book::imports::actions::JOB_KIND;
use crate::book::imports::input::ControlIn;
use crate::book::imports::model::{
    ImportKind, ImportMode, Mapping, Plan, PlannedRequest, WriteMode,
};
use crate::book::imports::rules::mapping::check_mapping;
use crate::book::imports::rules::shipped::resolve;
use crate::platform::http::uploads::Pace;
use crate::platform::http::{Code, Executor, Problem, read_part};
use crate::platform::jobs::actions as jobs;
use kernel::caller::{Caller, Role};
use kernel::clock::Day;
use kernel::ids::{ChangeRequestId, JobId};
use kernel::text::{Keyword, Note, TextError};

/// The largest file.
const FILE_BYTES_MAX: usize = 100 * 1024 * 1024;

/// The largest of the other parts.
const PART_BYTES_MAX: usize = 16 * 1024;

/// How large the pieces are in which a file is kept.
const PIECE_BYTES: usize = 1024 * 1024;

/// How long a body may take to arrive as a whole.
pub const UPLOAD_MAX: Duration = Duration::from_mins(15);

/// What was received: a job that waits to be queued, and what it is to do.
pub struct Received {
    pub job: JobId,
    pub plan: Plan,
    digest: String,
}

impl Received {
    /// What makes two uploads the same request.
    pub fn fingerprint(&self) -> Vec<String> {
        vec![
            self.plan.kind.to_string(),
            self.plan.mode.to_string(),
            serde_json::to_string(&self.plan.mapping).unwrap_or_default(),
            self.plan
                .request
                .as_ref()
                .map_or_else(String::new, |request| request.reason.to_string()),
            serde_json::to_string(&(
                self.plan.write,
                self.plan.dry_run,
                self.plan.close_missing,
                self.plan.ledger_as_of,
                &self.plan.control,
            ))
            .unwrap_or_default(),
            self.digest.clone(),
        ]
    }
}

/// Receives the parts. Nothing is left of an upload that fails.
pub async fn receive(
    executor: &Executor,
    caller: &Caller,
    body: Multipart,
    pace: &Pace,
) -> Result<Received, Problem> {
    let job = executor
        .maintain(caller, |tx| Ok(jobs::begin(tx, JOB_KIND, "lines")?))
        .await?;
    let received = tokio::time::timeout(UPLOAD_MAX, read_parts(executor, caller, job, body, pace))
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::RequestTimeout)));
    if received.is_err() {
        discard(executor, caller, job).await;
    }
    received
}

/// Forgets an upload that was not queued. When that fails, the worker does it later.
pub async fn discard(executor: &Executor, caller: &Caller, job: JobId) {
    let discarded = executor
        .maintain(caller, move |tx| Ok(jobs::discard(tx, job)?))
        .await;
    if let Err(error) = discarded {
        tracing::warn!(%job, %error, "an upload is left for the worker to forget");
    }
}

/// How many companies a file may say that it speaks of.
const ENTITIES_MAX: usize = 100;

/// The parts that came so far.
#[derive(Default)]
struct Parts {
    kind: Option<ImportKind>,
    mode: Option<ImportMode>,
    mapping: Option<Mapping>,
    reason: Option<Note>,
    source_system: Option<Keyword>,
    write: Option<WriteMode>,
    dry_run: Option<bool>,
    close_missing: Option<bool>,
    ledger_as_of: Option<Day>,
    control: Option<ControlIn>,
    legal_entities: Vec<EntityRef>,
    file: Option<File>,
}

impl Parts {
    /// How the file is to be written, when its kind can be, and what is said with it fits.
    fn write_mode(&self, kind: ImportKind, caller: &Caller) -> Result<WriteMode, Problem> {
        let first = kind.writes().first().copied().unwrap_or_default();
        let write = self.write.unwrap_or(first);
        if !kind.writes().contains(&write) {
            let ways: Vec<&str> = kind.writes().iter().map(|way| way.as_str()).collect();
            let message = format!("{kind} are written by {}", ways.join(", "));
            return Err(wrong("write", "not_taken", &message));
        }
        let roles = kind.roles(write);
        if !caller.has_any(roles) {
            return Err(Problem::new(Code::Forbidden).with_list("roles", roles));
        }
        let of_snapshots = [
            ("close_missing", self.close_missing.is_some()),
            ("ledger_as_of", self.ledger_as_of.is_some()),
            ("control", self.control.is_some()),
            ("legal_entity", !self.legal_entities.is_empty()),
        ];
        for (name, is_given) in of_snapshots {
            if is_given && write != WriteMode::Snapshot {
                return Err(wrong(name, "not_taken", "is taken with snapshots alone"));
            }
        }
        Ok(write)
    }
}

/// A file that was kept.
pub struct File {
    /// Two files with the same are the same.
    pub digest: String,
    pub newlines: i64,
}

async fn read_parts(
    executor: &Executor,
    caller: &Caller,
    job: JobId,
    mut body: Multipart,
    pace: &Pace,
) -> Result<Received, Problem> {
    let mut parts = Parts::default();
    while let Some(field) = next(&mut body, pace).await? {
        let name: String = field.name().unwrap_or_default().chars().take(100).collect();
        match name.as_str() {
            "kind" => {
                let kind: ImportKind = read_enum(field, &name, pace).await?;
                // Who may import it in no way at all is told so before the file is read.
                let ways = kind.writes().iter();
                if !ways.clone().any(|write| caller.has_any(kind.roles(*write))) {
                    let roles: BTreeSet<Role> =
                        ways.flat_map(|write| kind.roles(*write)).copied().collect();
                    return Err(Problem::new(Code::Forbidden).with_list("roles", roles));
                }
                fill(&mut parts.kind, kind, &name)?;
            }
            "mode" => fill(&mut parts.mode, read_enum(field, &name, pace).await?, &name)?,
            "mapping" => fill(&mut parts.mapping, read_mapping(field, pace).await?, &name)?,
            "source_system" => {
                let text = read_text(field, &name, pace).await?;
                let system = text
                    .parse()
                    .map_err(|why: TextError| wrong(&name, "malformed", &why.to_string()))?;
                fill(&mut parts.source_system, system, &name)?;
            }
            "reason" => fill(&mut parts.reason, read_reason(field, pace).await?, &name)?,
            "write" => fill(
                &mut parts.write,
                read_enum(field, &name, pace).await?,
                &name,
            )?,
            "dry_run" => fill(
                &mut parts.dry_run,
                read_flag(field, &name, pace).await?,
                &name,
            )?,
            "close_missing" => {
                let close = read_flag(field, &name, pace).await?;
                fill(&mut parts.close_missing, close, &name)?;
            }
            "ledger_as_of" => {
                let day = read_day(field, &name, pace).await?;
                fill(&mut parts.ledger_as_of, day, &name)?;
            }
            "control" => {
                let text = read_text(field, "control", pace).await?;
                fill(&mut parts.control, read_part("control", &text)?, &name)?;
            }
            "legal_entity" if parts.legal_entities.len() < ENTITIES_MAX => {
                let text = read_text(field, &name, pace).await?;
                let entity = text
                    .parse()
                    .map_err(|why: TextError| wrong(&name, "malformed", &why.to_string()))?;
                parts.legal_entities.push(entity);
            }
            "legal_entity" => return Err(wrong(&name, "repeated", "may be given 100 times")),
            "file" if parts.file.is_some() => {
                return Err(wrong(&name, "repeated", "must be given once"));
            }
            "file" => parts.file = Some(keep_file(executor, caller, job, field, pace).await?),
            _ => {
                return Err(wrong(
                    &name,
                    "unknown",
                    "is none of kind, mode, write, dry_run, close_missing, ledger_as_of, legal_entity, control, mapping, source_system, reason, file",
                ));
            }
        }
    }
    let missing = |name: &str| wrong(name, "missing", "is not there");
    let kind = parts.kind.ok_or_else(|| missing("kind"))?;
    let file = parts.file.take().ok_or_else(|| missing("file"))?;
    let mapping = parts.mapping.take().unwrap_or_default();
    let mapping = resolve(kind, mapping)
        .map_err(|(member, message)| wrong(&format!("mapping/{member}"), "malformed", &message))?;
    check_mapping(kind, &mapping)
        .map_err(|(member, message)| wrong(&format!("mapping/{member}"), "malformed", &message))?;
    let mapping = Mapping {
        source_system: parts.source_system.take().or(mapping.source_system),
        ..mapping
    };
    let write = parts.write_mode(kind, caller)?;
    let request = planned(kind, parts.mode, parts.reason)?;
    Ok(Received {
        job,
        digest: file.digest,
        plan: Plan {
            kind,
            mode: parts.mode.unwrap_or(ImportMode::PerLine),
            mapping,
            lines: Some(file.newlines),
            request,
            write,
            dry_run: parts.dry_run.unwrap_or(false),
            close_missing: parts.close_missing.unwrap_or(false),
            ledger_as_of: parts.ledger_as_of.map(Day::date),
            control: parts.control.map(ControlIn::totals),
            legal_entities: parts.legal_entities,
        },
    })
}

/// The change request that a file is to become, when its kind is proposed.
fn planned(
    kind: ImportKind,
    mode: Option<ImportMode>,
    reason: Option<Note>,
) -> Result<Option<PlannedRequest>, Problem> {
    match reason {
        None if kind.proposes() => Err(wrong("reason", "missing", "is not there")),
        Some(_) if !kind.proposes() => Err(wrong(
            "reason",
            "not_taken",
            "is taken with customer_parents alone",
        )),
        Some(_) if mode == Some(ImportMode::PerLine) => Err(wrong(
            "mode",
            "not_taken",
            "must be all_or_nothing: customer_parents are proposed whole",
        )),
        Some(reason) => Ok(Some(PlannedRequest {
            id: ChangeRequestId::new(),
            reason,
        })),
        None => Ok(None),
    }
}

/// Keeps a part that must come once.
pub fn fill<T>(place: &mut Option<T>, value: T, name: &str) -> Result<(), Problem> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(wrong(name, "repeated", "must be given once")),
    }
}

/// A part is wrong.
pub fn wrong(part: &str, code: &str, message: &str) -> Problem {
    Problem::new(Code::MalformedBody).at(format!("/{part}"), code, message)
}

/// The next part of a body, or the next bytes of a part, in bounded time.
pub async fn next<S, T>(stream: &mut S, pace: &Pace) -> Result<Option<T>, Problem>
where
    S: futures_util::Stream<Item = Result<T, MultipartError>> + Unpin,
{
    match pace.wait(stream.next()).await? {
        None => Ok(None),
        Some(Ok(item)) => Ok(Some(item)),
        Some(Err(
            MultipartError::ContentTypeMissing
            | MultipartError::ContentTypeParse
            | MultipartError::ContentTypeIncompatible
            | MultipartError::BoundaryMissing,
        )) => Err(Problem::new(Code::UnsupportedMediaType).with("expected", "multipart/form-data")),
        Some(Err(_)) => Err(Problem::new(Code::MalformedBody).at(
            "",
            "malformed",
            "is no multipart body, or it broke off",
        )),
    }
}

/// Reads a part of text, which is short.
pub async fn read_text(mut field: Field, name: &str, pace: &Pace) -> Result<String, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = next(&mut field, pace).await? {
        pace.count(chunk.len());
        if bytes.len() + chunk.len() > PART_BYTES_MAX {
            return Err(Problem::new(Code::PayloadTooLarge).with("limit", PART_BYTES_MAX));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| wrong(name, "malformed", "is not UTF-8"))
}

async fn read_enum<T: std::str::FromStr<Err = String>>(
    field: Field,
    name: &str,
    pace: &Pace,
) -> Result<T, Problem> {
    let text = read_text(field, name, pace).await?;
    let shown: String = text.chars().take(100).collect();
    shown
        .parse()
        .map_err(|why: String| wrong(name, "malformed", &why))
}

async fn read_flag(field: Field, name: &str, pace: &Pace) -> Result<bool, Problem> {
    match read_text(field, name, pace).await?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong(name, "malformed", "must be true or false")),
    }
}

async fn read_day(field: Field, name: &str, pace: &Pace) -> Result<Day, Problem> {
    let text = read_text(field, name, pace).await?;
    text.parse()
        .map_err(|why: &str| wrong(name, "malformed", why))
}

async fn read_reason(field: Field, pace: &Pace) -> Result<Note, Problem> {
    let text = read_text(field, "reason", pace).await?;
    text.parse()
        .map_err(|why: TextError| wrong("reason", "malformed", &why.to_string()))
}

async fn read_mapping(field: Field, pace: &Pace) -> Result<Mapping, Problem> {
    let text = read_text(field, "mapping", pace).await?;
    read_part("mapping", &text)
}

/// Keeps a file in pieces as it arrives.
pub async fn keep_file(
    executor: &Executor,
    caller: &Caller,
    job: JobId,
    mut field: Field,
    pace: &Pace,
) -> Result<File, Problem> {
    let mut digest = Context::new(&SHA256);
    let (mut size, mut part) = (0usize, 0i32);
    let mut ends = LineEnds::default();
    let mut piece = Vec::new();
    while let Some(bytes) = next(&mut field, pace).await? {
        pace.count(bytes.len());
        size += bytes.len();
        if size > FILE_BYTES_MAX {
            return Err(Problem::new(Code::PayloadTooLarge).with("limit", FILE_BYTES_MAX));
        }
        digest.update(&bytes);
        ends.count(&bytes);
        piece.extend_from_slice(&bytes);
        if piece.len() >= PIECE_BYTES {
            let full = std::mem::take(&mut piece);
            keep_piece(executor, caller, job, part, full).await?;
            part += 1;
        }
    }
    keep_piece(executor, caller, job, part, piece).await?;
    let digest = digest.finish();
    Ok(File {
        digest: crate::platform::http::body::hex(digest.as_ref()),
        newlines: ends.seen,
    })
}

/// Counts the ends of lines, LF, CR LF and CR, over pieces.
#[derive(Default)]
struct LineEnds {
    seen: i64,
    /// Whether the last byte was a CR, which an LF may complete.
    half: bool,
}

impl LineEnds {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.seen += i64::from(*byte == b'\r' || (*byte == b'\n' && !self.half));
            self.half = *byte == b'\r';
        }
    }
}

async fn keep_piece(
    executor: &Executor,
    caller: &Caller,
    job: JobId,
    part: i32,
    bytes: Vec<u8>,
) -> Result<(), Problem> {
    executor
        .maintain(caller, move |tx| Ok(jobs::append(tx, job, part, &bytes)?))
        .await
}
