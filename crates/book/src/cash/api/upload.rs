//! Receiving a file of statements: kept as it arrives, then read whole, and refused when it can't be taken.

use std::io::Read as _;

use actix_multipart::Multipart;
use validator::Validate as _;

use crate::book::cash::actions::{STATEMENT_KIND, StatementPlan, check};
use crate::book::cash::formats::{self, FILE_BYTES_MAX, ReadAdvice, ReadStatement, TableMapping};
use crate::book::cash::model::StatementFormat;
use crate::book::imports::api::upload::{
    File, UPLOAD_MAX, discard, fill, keep_file, next, read_text, wrong,
};
use crate::platform::db::Database;
use crate::platform::http::uploads::Pace;
use crate::platform::http::{Code, Executor, Problem, read_part};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::file::JobFile;
use kernel::caller::Caller;
use kernel::ids::JobId;

/// What was received: a job that waits to be queued, and what it is to do.
pub struct Received {
    pub job: JobId,
    pub plan: StatementPlan,
    digest: String,
}

impl Received {
    /// What makes two uploads the same request.
    pub fn fingerprint(&self) -> Vec<String> {
        vec![
            serde_json::to_string(&self.plan).unwrap_or_default(),
            self.digest.clone(),
        ]
    }
}

/// Receives the parts and reads the file. Nothing is left of an upload that fails.
pub async fn receive(
    executor: &Executor,
    caller: &Caller,
    body: Multipart,
    pace: &Pace,
    format: Option<StatementFormat>,
) -> Result<Received, Problem> {
    let job = executor
        .maintain(caller, |tx| Ok(jobs::begin(tx, STATEMENT_KIND, "entries")?))
        .await?;
    let received = tokio::time::timeout(
        UPLOAD_MAX,
        read_parts(executor, caller, job, body, pace, format),
    )
    .await
    .unwrap_or_else(|_| Err(Problem::new(Code::RequestTimeout)));
    if received.is_err() {
        discard(executor, caller, job).await;
    }
    received
}

async fn read_parts(
    executor: &Executor,
    caller: &Caller,
    job: JobId,
    mut body: Multipart,
    pace: &Pace,
    format: Option<StatementFormat>,
) -> Result<Received, Problem> {
    let (mut mapping, mut file): (Option<TableMapping>, Option<File>) = (None, None);
    while let Some(field) = next(&mut body, pace).await? {
        let name: String = field.name().unwrap_or_default().chars().take(100).collect();
        match name.as_str() {
            "mapping" => fill(
                &mut mapping,
                mapping_in(&read_text(field, &name, pace).await?)?,
                &name,
            )?,
            "file" if file.is_some() => {
                return Err(wrong(&name, "repeated", "must be given once"));
            }
            "file" => file = Some(keep_file(executor, caller, job, field, pace).await?),
            _ => return Err(wrong(&name, "unknown", "is none of mapping, file")),
        }
    }
    let file = file.ok_or_else(|| wrong("file", "missing", "is not there"))?;
    let mapping = mapping.unwrap_or_default();
    let of_file = mapping.clone();
    let payments = executor_read(executor, job, format, of_file).await?;
    Ok(Received {
        job,
        plan: StatementPlan {
            format,
            mapping,
            payments,
        },
        digest: file.digest,
    })
}

/// Receives a file of remittance advices, and reads it. Gives the advices, and what makes two files the same.
pub async fn receive_advices(
    executor: &Executor,
    caller: &Caller,
    mut body: Multipart,
    pace: &Pace,
) -> Result<(Vec<ReadAdvice>, String), Problem> {
    let job = executor
        .maintain(caller, |tx| Ok(jobs::begin(tx, STATEMENT_KIND, "entries")?))
        .await?;
    let reading = async {
        let mut file: Option<File> = None;
        while let Some(field) = next(&mut body, pace).await? {
            let name: String = field.name().unwrap_or_default().chars().take(100).collect();
            match name.as_str() {
                "file" if file.is_some() => {
                    return Err(wrong(&name, "repeated", "must be given once"));
                }
                "file" => file = Some(keep_file(executor, caller, job, field, pace).await?),
                _ => {
                    return Err(wrong(
                        &name,
                        "unknown",
                        "is no part that is taken: there is file alone",
                    ));
                }
            }
        }
        let file = file.ok_or_else(|| wrong("file", "missing", "is not there"))?;
        let database = executor.database().clone();
        let advices = executor
            .read(move |_| Ok(formats::read_advices(&bytes_of(&database, job)?)?))
            .await?;
        Ok((advices, file.digest))
    };
    let received = tokio::time::timeout(UPLOAD_MAX, reading)
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::RequestTimeout)));
    // What was read is all that is needed.
    discard(executor, caller, job).await;
    received
}

/// A file that was kept, whole.
fn bytes_of(database: &Database, job: JobId) -> Result<Vec<u8>, Problem> {
    let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    JobFile::new(database, job)
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(Problem::internal)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Problem::new(Code::PayloadTooLarge).with("limit", FILE_BYTES_MAX));
    }
    Ok(bytes)
}

/// Reads the file whole, and says how many payments it lists.
async fn executor_read(
    executor: &Executor,
    job: JobId,
    format: Option<StatementFormat>,
    mapping: TableMapping,
) -> Result<i64, Problem> {
    let database = executor.database().clone();
    executor
        .read(move |db| {
            let bytes = bytes_of(&database, job)?;
            let statements = formats::read(&bytes, format, &mapping)?;
            check(db, &statements)?;
            let payments: usize = statements.iter().map(ReadStatement::payments).sum();
            Ok(i64::try_from(payments).unwrap_or(i64::MAX))
        })
        .await
}

fn mapping_in(text: &str) -> Result<TableMapping, Problem> {
    let mapping: TableMapping = read_part("mapping", text)?;
    mapping.validate().map_err(|_| {
        wrong(
            "mapping",
            "malformed",
            "has a text that is empty or too long",
        )
    })?;
    Ok(mapping)
}
