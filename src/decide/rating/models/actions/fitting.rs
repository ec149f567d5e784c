//! Fitting a model on a training set that was uploaded: a job that leaves a draft with its validation report.

use std::io::{BufRead as _, BufReader, Read};

use serde_json::json;

use super::{ModelError, keep_fitted};
use crate::decide::rating::models::model::{Columns, FitPlan, ModelDraft};
use crate::decide::rating::models::rules::{self, Fitted, FittingError};
use crate::decide::rating::rules::numbers::shown;
use crate::platform::db::{DbError, Retryable};
use crate::platform::jobs::model::{Ended, JobError, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext};

/// The name of fitting jobs.
pub const JOB_KIND: &str = "rating_model_fit";

/// The most columns of a training set.
const COLUMNS_MAX: usize = 500;

/// The most rows that are learnt from: the whole set is in memory.
const ROWS_MAX: usize = 1_000_000;

/// How many rows are read between two reports of progress.
const ROWS_PER_REPORT: usize = 10_000;

/// Does a fitting job.
///
/// # Errors
/// When the work was interrupted before its end, and may be begun anew.
pub fn work(context: &JobContext) -> Result<Ended, Interrupted> {
    let plan: FitPlan = context.input()?;
    let columns = match read(context)? {
        Ok(columns) => columns,
        Err(error) => return Ok(Ended::failed(error)),
    };
    let fitted = rules::table(&plan, columns).and_then(|set| rules::fit(&plan, &set));
    let fitted = match fitted {
        Ok(fitted) => fitted,
        Err(error) => return Ok(Ended::failed(refused(&error))),
    };
    match keep(context, &plan, &fitted) {
        Ok(ended) => Ok(ended),
        Err(ModelError::Db(error)) => Err(error.into()),
        Err(error) => Ok(Ended::failed(wrong(None, "refused", &error.to_string()))),
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
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: None,
        result: json!({
            "rating_model_id": row.id,
            "code": row.code,
            "model_version": row.model_version,
            "learnt_from": report.learnt_from,
            "held_back": report.held_back,
            "auc": shown(validation.auc.value),
            "gini": shown(validation.gini.value),
            "ks": shown(validation.ks.value),
        }),
        errors: Vec::new(),
    })
}

/// The file's columns; what is wrong with it otherwise.
fn read(context: &JobContext) -> Result<Result<Columns, JobError>, Interrupted> {
    let mut source = BufReader::new(context.file());
    let start = match source.fill_buf() {
        Ok(start) => start,
        Err(error) => return Err(DbError::Unavailable(error.to_string()).into()),
    };
    let mark = if start.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    let header = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |wanted: u8| header.split(|byte| *byte == wanted).count();
    let delimiter = if count(b';') > count(b',') {
        b';'
    } else {
        b','
    };
    source.consume(mark);
    let mut table = Table::new(source, delimiter);
    let mut rows = 0;
    loop {
        match table.read(ROWS_PER_REPORT) {
            Ok(0) => return Ok(table.finish()),
            Ok(read) => rows += read,
            Err(error) => return Ok(Err(error)),
        }
        if rows > ROWS_MAX {
            let message = "has more than 1,000,000 rows: draw a sample";
            return Ok(Err(wrong(None, "too_many_rows", message)));
        }
        context.progress(i64::try_from(rows).unwrap_or(i64::MAX), None)?;
    }
}

/// A table that is being read column by column.
struct Table<R: Read> {
    reader: csv::Reader<R>,
    names: Vec<String>,
    cells: Vec<Vec<Option<String>>>,
}

impl<R: Read> Table<R> {
    fn new(source: R, delimiter: u8) -> Table<R> {
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(source);
        Table {
            reader,
            names: Vec::new(),
            cells: Vec::new(),
        }
    }

    /// Reads so many more rows, and says how many there were.
    fn read(&mut self, most: usize) -> Result<usize, JobError> {
        if self.names.is_empty() {
            let header = self.reader.headers().map_err(|error| broken(&error))?;
            self.names = header.iter().map(str::to_owned).collect();
            if self.names.len() > COLUMNS_MAX {
                let message = "has more than 500 columns: choose those to learn from";
                return Err(wrong(Some(1), "too_many_columns", message));
            }
            self.cells = self.names.iter().map(|_| Vec::new()).collect();
        }
        let mut record = csv::StringRecord::new();
        let mut read = 0;
        while read < most
            && self
                .reader
                .read_record(&mut record)
                .map_err(|error| broken(&error))?
        {
            for (column, cell) in self.cells.iter_mut().zip(&record) {
                column.push((!cell.is_empty()).then(|| cell.to_owned()));
            }
            read += 1;
        }
        Ok(read)
    }

    fn finish(self) -> Result<Columns, JobError> {
        let mut columns = Columns::new();
        for (name, cells) in self.names.into_iter().zip(self.cells) {
            if columns.insert(name.clone(), cells).is_some() {
                let message = format!("the column `{name}` is there twice");
                return Err(wrong(Some(1), "repeated", &message));
            }
        }
        Ok(columns)
    }
}

fn broken(error: &csv::Error) -> JobError {
    let line = error
        .position()
        .and_then(|at| i64::try_from(at.line()).ok());
    wrong(
        line,
        "malformed",
        "the file is no CSV in UTF-8 from here on",
    )
}

fn refused(error: &FittingError) -> JobError {
    wrong(None, "refused", &error.to_string())
}

fn wrong(line: Option<i64>, code: &str, message: &str) -> JobError {
    JobError {
        line,
        column: None,
        code: code.to_owned(),
        message: message.chars().take(1000).collect(),
    }
}
