//! Fitting a model on a training set that was uploaded: a job that leaves a draft with its validation report.

use std::time::{Duration, Instant};

use serde_json::json;

use super::training_file::{ReadError, TrainingFile};
use super::{ModelError, keep_fitted};
use crate::platform::db::{DbError, Retryable};
use crate::platform::jobs::model::{Ended, JobError, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext, JobKind, Lane};
use crate::rating::models::model::{FitPlan, ModelDraft};
use crate::rating::models::rules::table::{Refusal, Taken};
use crate::rating::models::rules::{self, Fitted, FittingError};
use methods::numbers::shown;

/// The name of fitting jobs.
pub const JOB_KIND: &str = "rating_model_fit";

/// How such a job is done.
pub const JOB: JobKind = JobKind {
    name: JOB_KIND,
    work,
    lane: Lane::Computations,
};

/// How many rows are read before it is asked whether to go on.
const ROWS_AT_ONCE: usize = 2_000;

/// How often progress is reported while a file is read: each report is written.
const REPORT: Duration = Duration::from_millis(500);

/// How long a fit may take.
const LONGEST: Duration = Duration::from_mins(10);

/// Does a fitting job.
///
/// # Errors
/// When the work was interrupted before its end, and may be begun anew.
pub fn work(context: &JobContext) -> Result<Ended, Interrupted> {
    context.end_within(LONGEST);
    let plan: FitPlan = context.input()?;
    let taken = match read(context, &plan)? {
        Ok(taken) => taken,
        Err(refusal) => return Ok(Ended::failed(refused(refusal))),
    };
    let fitted = match rules::fit(&plan, taken, context.computation()) {
        Ok(fitted) => fitted,
        Err(error) => {
            return match error.stopped() {
                Some(stopped) => Err(context.why(stopped)),
                None => Ok(Ended::failed(not_fitted(&error))),
            };
        }
    };
    match keep(context, &plan, &fitted) {
        Ok(ended) => Ok(ended),
        Err(ModelError::Db(error)) => Err(error.into()),
        Err(error) => Ok(Ended::failed(refused(Refusal::new(
            None,
            "refused",
            error.to_string(),
        )))),
    }
}

impl Retryable for ModelError {
    fn is_retryable(&self) -> bool {
        matches!(self, ModelError::Db(DbError::Serialization(_)))
    }
}

fn keep(context: &JobContext, plan: &FitPlan, fitted: &Fitted) -> Result<Ended, ModelError> {
    let draft = ModelDraft {
        code: plan.code.clone(),
        name: plan.name.clone(),
        kind: plan.kind,
        document: fitted.document.clone(),
        reason: plan.reason.clone(),
    };
    let report = &fitted.report;
    let row = context
        .database()
        .write(context.caller(), |tx| keep_fitted(tx, &draft, report))?;
    let validation = &report.validation;
    let (done, _) = context.computation().seen();
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: Some(done),
        result: json!({
            "rating_model_id": row.id,
            "code": row.code,
            "model_version": row.model_version,
            "learnt_from": report.learnt_from,
            "held_back": report.held_back,
            "without_outcome": report.without_outcome,
            "warnings": report.warnings,
            "auc": shown(validation.auc.value),
            "gini": shown(validation.gini.value),
            "ks": shown(validation.ks.value),
        }),
        errors: Vec::new(),
    })
}

/// What the file holds; what is wrong with it otherwise.
fn read(context: &JobContext, plan: &FitPlan) -> Result<Result<Taken, Refusal>, Interrupted> {
    let mut file = match TrainingFile::open(context.file(), plan) {
        Ok(file) => file,
        Err(error) => return in_file(error).map(Err),
    };
    let (mut rows, mut reported) = (0_usize, Instant::now());
    let report = |rows: usize| context.progress(i64::try_from(rows).unwrap_or(i64::MAX), None);
    loop {
        match file.read(ROWS_AT_ONCE) {
            Ok(0) => break,
            Ok(read) => rows = rows.saturating_add(read),
            Err(error) => return in_file(error).map(Err),
        }
        if let Err(stopped) = context.computation().go_on() {
            return Err(context.why(stopped));
        }
        if reported.elapsed() >= REPORT {
            report(rows)?;
            reported = Instant::now();
        }
    }
    report(rows)?;
    // What follows is counted in rows that are gone through, too.
    context.computation().expect(rows);
    if let Err(stopped) = context.computation().advance(rows) {
        return Err(context.why(stopped));
    }
    let taken = file.into_table().finish();
    Ok(taken.map_err(|error| Refusal::new(None, "refused", error.to_string())))
}

/// A fault of the file is for whoever sent it; one of the database passes.
fn in_file(error: ReadError) -> Result<Refusal, Interrupted> {
    match error {
        ReadError::File(refusal) => Ok(refusal),
        ReadError::Source(error) => Err(DbError::Unavailable(error.to_string()).into()),
    }
}

fn not_fitted(error: &FittingError) -> JobError {
    refused(Refusal::new(None, "refused", error.to_string()))
}

fn refused(refusal: Refusal) -> JobError {
    JobError {
        line: refusal.line,
        column: refusal.column,
        code: refusal.code.to_owned(),
        message: refusal.message,
    }
}
