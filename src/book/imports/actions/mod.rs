//! How a file is posted: chunk by chunk, each with a few statements.

mod accounts;
mod customers;
mod documents;
mod exchange_rates;
mod invoices;
mod receipts;

use std::collections::BTreeSet;
use std::io::{self, Read};

use serde_json::json;

use super::model::{ImportKind, ImportMode, Plan, Report, Row, Verdict};
use super::reading::{CsvFile, ReadError};
use super::rules::{AccountRow, CustomerRow, FromCells, InvoiceRow, ReceiptRow};
use crate::book::customers::actions::CustomerError;
use crate::book::exchange_rates::model::NewRate;
use crate::book::exposure::actions::AccountError;
use crate::kernel::caller::Caller;
use crate::platform::db::{Database, DbError, Retryable, Tx};
use crate::platform::jobs::model::{Ended, JobError, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext};

/// The name of import jobs.
pub const JOB_KIND: &str = "import";

/// Why a chunk could not be posted.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the file can't be read: {0}")]
    Source(#[from] io::Error),
    #[error("the file is wrong from some line on")]
    File(Vec<JobError>),
    /// Some lines are wrong, and the file is to be posted whole or not at all.
    #[error("some lines are wrong")]
    Rejected(Box<Report>),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error("a chunk can't be posted: {0}")]
    Account(#[from] AccountError),
    #[error("a chunk can't be posted: {0}")]
    Customer(#[from] CustomerError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<ReadError> for ImportError {
    fn from(error: ReadError) -> ImportError {
        match error {
            ReadError::File(errors) => ImportError::File(errors),
            ReadError::Source(error) => ImportError::Source(error),
        }
    }
}

impl Retryable for ImportError {
    /// A number that somebody else posted meanwhile is known when the chunk is tried again.
    fn is_retryable(&self) -> bool {
        matches!(
            self,
            ImportError::Db(DbError::Serialization(_) | DbError::Duplicate { .. })
        )
    }
}

/// A row that can be posted.
trait Importable: FromCells {
    /// Posts the rows, few statements for all of them, and says what became of each, in their order.
    fn post(tx: &mut Tx, rows: &[Row<Self>]) -> Result<Vec<Verdict>, ImportError>;
}

/// Whether the import holds a unit of work while it reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    Nothing,
    UnitOfWork,
}

/// What an import needs: where to post, as whom, what, from where, and whom to tell.
pub struct Import<'a> {
    pub database: &'a Database,
    pub caller: &'a Caller,
    pub plan: &'a Plan,
    /// Opens the file from its beginning.
    pub open: &'a dyn Fn() -> io::Result<Box<dyn Read + 'a>>,
    /// Told after each chunk; its error stops the import.
    pub progress: &'a dyn Fn(&Report, Holding) -> Result<(), Interrupted>,
}

/// How an import ended, and what became of the lines.
#[derive(Debug)]
pub struct Outcome {
    pub status: JobStatus,
    pub report: Report,
}

/// Does an import job.
///
/// # Errors
/// When the work was interrupted before its end, and may be begun anew.
pub fn work(context: &JobContext) -> Result<Ended, Interrupted> {
    let plan: Plan = context.input()?;
    context.progress(0, plan.lines)?;
    let import = Import {
        database: context.database(),
        caller: context.caller(),
        plan: &plan,
        open: &|| Ok(Box::new(context.file())),
        progress: &|report, holding| match holding {
            Holding::Nothing => context.progress(report.done(), total(&plan, report)),
            Holding::UnitOfWork => context.progress_inside(report.done(), total(&plan, report)),
        },
    };
    let outcome = import.run().map_err(|error| match error {
        ImportError::Interrupted(interrupted) => interrupted,
        ImportError::Db(error) => Interrupted::Db(error),
        other => Interrupted::Db(DbError::Document(other.to_string())),
    })?;
    Ok(Ended {
        status: outcome.status,
        done: (outcome.status == JobStatus::Succeeded).then_some(outcome.report.lines),
        result: json!(outcome.report),
        errors: outcome.report.errors,
    })
}

/// The estimate of the lines, which is never less than what was seen.
fn total(plan: &Plan, report: &Report) -> Option<i64> {
    plan.lines.map(|lines| lines.max(report.lines))
}

impl Import<'_> {
    /// Posts the file.
    ///
    /// # Errors
    /// When the work was interrupted, or the database failed.
    pub fn run(&self) -> Result<Outcome, ImportError> {
        match self.plan.kind {
            ImportKind::Customers => self.run_as::<CustomerRow>(),
            ImportKind::CreditAccounts => self.run_as::<AccountRow>(),
            ImportKind::Invoices => self.run_as::<InvoiceRow>(),
            ImportKind::Receipts => self.run_as::<ReceiptRow>(),
            ImportKind::ExchangeRates => self.run_as::<NewRate>(),
        }
    }

    fn run_as<R: Importable>(&self) -> Result<Outcome, ImportError> {
        match self.plan.mode {
            ImportMode::PerLine => self.per_line::<R>(),
            ImportMode::AllOrNothing => self.all_or_nothing::<R>(),
        }
    }

    /// Each chunk is a unit of work of its own; what was posted stays.
    fn per_line<R: Importable>(&self) -> Result<Outcome, ImportError> {
        let mut report = Report::default();
        let passed = self.passes::<R>(&mut report, Holding::Nothing, &mut |rows| {
            self.database.write(self.caller, |tx| R::post(tx, rows))
        });
        let status = match passed {
            Ok(()) => JobStatus::Succeeded,
            Err(ImportError::File(errors)) => {
                for error in errors {
                    report.note(error);
                }
                JobStatus::Failed
            }
            Err(ImportError::Interrupted(Interrupted::Cancelled)) => JobStatus::Cancelled,
            Err(error) => return Err(error),
        };
        Ok(Outcome { status, report })
    }

    /// The whole file is one unit of work, undone when a single line is wrong. All lines are looked at all the same,
    /// so that one report says everything.
    fn all_or_nothing<R: Importable>(&self) -> Result<Outcome, ImportError> {
        let posted = self.database.write(self.caller, |tx| {
            let mut report = Report::default();
            let passed = self.passes::<R>(&mut report, Holding::UnitOfWork, &mut |rows| {
                R::post(tx, rows)
            });
            match passed {
                Ok(()) if report.rejected == 0 => Ok(report),
                Ok(()) => Err(ImportError::Rejected(Box::new(report))),
                Err(ImportError::File(errors)) => {
                    for error in errors {
                        report.note(error);
                    }
                    Err(ImportError::Rejected(Box::new(report)))
                }
                Err(error) => Err(error),
            }
        });
        match posted {
            Ok(report) => Ok(Outcome {
                status: JobStatus::Succeeded,
                report,
            }),
            Err(ImportError::Rejected(report)) => Ok(Outcome {
                status: JobStatus::Failed,
                report: Report {
                    created: 0,
                    ..*report
                },
            }),
            Err(ImportError::Interrupted(Interrupted::Cancelled)) => Ok(Outcome {
                status: JobStatus::Cancelled,
                report: Report::default(),
            }),
            Err(error) => Err(error),
        }
    }

    /// Goes through the file until every line is settled: once, and again for lines that need one that came later
    /// (a customer before its parent), as long as each time settles some.
    fn passes<R: Importable>(
        &self,
        report: &mut Report,
        holding: Holding,
        post: &mut Post<R>,
    ) -> Result<(), ImportError> {
        let mut deferred = self.pass(None, report, holding, post)?;
        while !deferred.is_empty() {
            let again = self.pass(Some(&deferred), report, holding, post)?;
            if again.len() == deferred.len() {
                break;
            }
            deferred = again;
        }
        for line in deferred {
            report.reject(vec![JobError {
                line: Some(line),
                column: Some("parent_number".to_owned()),
                code: "unknown_parent".to_owned(),
                message: "there is no such customer, neither in the book nor in this file"
                    .to_owned(),
            }]);
        }
        Ok(())
    }

    /// Goes through the file once, or through some of its lines; gives the lines that are to wait.
    fn pass<R: Importable>(
        &self,
        only: Option<&BTreeSet<i64>>,
        report: &mut Report,
        holding: Holding,
        post: &mut Post<R>,
    ) -> Result<BTreeSet<i64>, ImportError> {
        let mut file = CsvFile::open((self.open)()?, self.plan.kind, &self.plan.mapping)?;
        let mut deferred = BTreeSet::new();
        while let Some(rows) = file.next_chunk::<R>(only, report)? {
            let verdicts = if rows.is_empty() {
                Vec::new()
            } else {
                post(&rows)?
            };
            for (row, verdict) in rows.iter().zip(verdicts) {
                match verdict {
                    Verdict::Created => report.created += 1,
                    Verdict::Unchanged => report.unchanged += 1,
                    Verdict::Deferred => {
                        deferred.insert(row.line);
                    }
                    Verdict::Rejected {
                        column,
                        code,
                        message,
                    } => report.reject(vec![JobError {
                        line: Some(row.line),
                        column: Some(column.to_owned()),
                        code: code.to_owned(),
                        message,
                    }]),
                }
            }
            (self.progress)(report, holding)?;
        }
        Ok(deferred)
    }
}

/// Posts the rows of a chunk.
type Post<'p, R> = dyn FnMut(&[Row<R>]) -> Result<Vec<Verdict>, ImportError> + 'p;
