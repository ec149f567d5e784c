//! How a file is posted: chunk by chunk, each with a few statements.

mod accounts;
mod aliases;
mod alike;
mod change_requests;
mod credit_notes;
mod customers;
mod deposit_requests;
mod documents;
mod entries;
mod exchange_rates;
mod invoices;
mod joined;
mod open_items;
mod receipts;
mod snapshots;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Read};

use serde_json::json;

use super::model::{ImportKind, ImportMode, Plan, Report, Row, Verdict, WriteMode};
use super::reading::{CsvFile, ReadError};
use super::rules::{
    AccountRow, CreditNoteRow, CustomerRow, DepositRequestRow, FromCells, InvoiceRow,
    OpenDeliveryRow, OpenItemRow, OpenOrderRow, ReceiptRow,
};
use crate::book::change_requests::actions::ChangeError;
use crate::book::customers::actions::CustomerError;
use crate::book::exchange_rates::model::NewRate;
use crate::book::exposure::actions::AccountError;
use crate::platform::db::{Database, DbError, Retryable, Tx};
use crate::platform::jobs::model::{Ended, JobError, JobStatus, Remark};
use crate::platform::jobs::report::ReportWriter;
use crate::platform::jobs::worker::{Interrupted, JobContext, JobKind, Lane};
use kernel::caller::Caller;

/// The name of import jobs.
pub const JOB_KIND: &str = "import";

/// How such a job is done.
pub const JOB: JobKind = JobKind {
    name: JOB_KIND,
    work,
    lane: Lane::Imports,
};

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
    /// All was good, and was tried only.
    #[error("the file was tried")]
    Tried(Box<Report>),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error("a chunk can't be posted: {0}")]
    Account(#[from] AccountError),
    #[error("a chunk can't be posted: {0}")]
    Customer(#[from] CustomerError),
    #[error("the file can't be proposed: {0}")]
    Change(#[from] ChangeError),
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
        match self {
            ImportError::Db(DbError::Serialization(_) | DbError::Duplicate { .. })
            | ImportError::Change(ChangeError::Db(DbError::Serialization(_))) => true,
            ImportError::Change(ChangeError::Refused(problem)) => problem.is_retryable(),
            _ => false,
        }
    }
}

/// A row that can be posted.
trait Importable: FromCells {
    /// Posts the rows, few statements for all of them, and says what became of each, in their order.
    fn post(tx: &mut Tx, rows: &[Row<Self>]) -> Result<Vec<Verdict>, ImportError>;

    /// The same where lines change what the book has; kinds that never do so post them.
    fn upsert(tx: &mut Tx, rows: &[Row<Self>]) -> Result<Vec<Verdict>, ImportError> {
        Self::post(tx, rows)
    }

    /// The same where what the book has by a bank statement is not posted; kinds that bring no money post them.
    fn recognise(tx: &mut Tx, rows: &[Row<Self>]) -> Result<Vec<Verdict>, ImportError> {
        Self::post(tx, rows)
    }
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
    pub listener: &'a dyn Listener,
}

/// Who is told how an import gets on; an error stops it.
pub trait Listener {
    /// The file is read from its beginning: whatever was remarked before counts no more.
    fn begin(&self);

    /// After each chunk.
    fn progress(&self, report: &Report, holding: Holding) -> Result<(), Interrupted>;

    /// Everything that was found wrong, however much.
    fn remark(&self, remarks: Vec<Remark>, holding: Holding) -> Result<(), Interrupted>;
}

/// How many rejected lines end an import that posts what is good: it is another file than its sender thinks.
const REJECTED_MAX: i64 = 1_000_000;

/// The same where all or nothing is posted, and the report waits in memory.
const REJECTED_WHOLE_MAX: i64 = 100_000;

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
    let listener = JobListener {
        context,
        plan: &plan,
        report: RefCell::default(),
    };
    let import = Import {
        database: context.database(),
        caller: context.caller(),
        plan: &plan,
        open: &|| Ok(Box::new(context.file())),
        listener: &listener,
    };
    let outcome = import.run().map_err(|error| match error {
        ImportError::Interrupted(interrupted) => interrupted,
        ImportError::Db(error) => Interrupted::Db(error),
        other => Interrupted::Db(DbError::Document(other.to_string())),
    })?;
    listener.report.into_inner().finish(context)?;
    Ok(Ended {
        status: outcome.status,
        done: (outcome.status == JobStatus::Succeeded).then_some(outcome.report.lines),
        result: json!(outcome.report),
        errors: outcome.report.errors,
    })
}

/// Tells a job how its import gets on.
struct JobListener<'a> {
    context: &'a JobContext,
    plan: &'a Plan,
    report: RefCell<ReportWriter>,
}

impl Listener for JobListener<'_> {
    fn begin(&self) {
        self.report.replace(ReportWriter::default());
    }

    fn progress(&self, report: &Report, holding: Holding) -> Result<(), Interrupted> {
        let total = total(self.plan, report);
        match holding {
            Holding::Nothing => self.context.progress(report.done(), total),
            Holding::UnitOfWork => self.context.progress_inside(report.done(), total),
        }
    }

    fn remark(&self, remarks: Vec<Remark>, holding: Holding) -> Result<(), Interrupted> {
        let mut report = self.report.borrow_mut();
        report.add(&remarks)?;
        match holding {
            Holding::Nothing => report.keep_piece(self.context),
            Holding::UnitOfWork => Ok(()),
        }
    }
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
            ImportKind::CreditNotes => self.run_as::<CreditNoteRow>(),
            ImportKind::DepositRequests => self.run_as::<DepositRequestRow>(),
            ImportKind::ExchangeRates => self.run_as::<NewRate>(),
            ImportKind::CustomerParents => {
                self.whole(&|tx, report| change_requests::propose_parents(self, tx, report))
            }
            ImportKind::OpenItems => {
                self.whole(&|tx, report| self.snapshot::<OpenItemRow>(tx, report))
            }
            ImportKind::OpenOrders => {
                self.whole(&|tx, report| self.snapshot::<OpenOrderRow>(tx, report))
            }
            ImportKind::OpenDeliveries => {
                self.whole(&|tx, report| self.snapshot::<OpenDeliveryRow>(tx, report))
            }
        }
    }

    fn run_as<R: Importable>(&self) -> Result<Outcome, ImportError> {
        match self.plan.mode {
            ImportMode::PerLine if !self.plan.dry_run => self.per_line::<R>(),
            ImportMode::PerLine | ImportMode::AllOrNothing => self.all_or_nothing::<R>(),
        }
    }

    /// Posts rows as the plan says.
    fn write<R: Importable>(
        &self,
        tx: &mut Tx,
        rows: &[Row<R>],
    ) -> Result<Vec<Verdict>, ImportError> {
        tx.plan_anew()?;
        match self.plan.write {
            WriteMode::Upsert => R::upsert(tx, rows),
            WriteMode::Recognise => R::recognise(tx, rows),
            WriteMode::Insert | WriteMode::Snapshot => R::post(tx, rows),
        }
    }

    /// Each chunk is a unit of work of its own; what was posted stays.
    fn per_line<R: Importable>(&self) -> Result<Outcome, ImportError> {
        let mut report = Report::new(self.plan);
        self.listener.begin();
        let passed = self.passes::<R>(&mut report, Holding::Nothing, &mut |rows| {
            // Outside of the unit of work, which may run again.
            self.put_own_numbers(&mut self.database.reader()?, rows)?;
            self.database
                .write(self.caller, |tx| self.write::<R>(tx, rows))
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
        self.listener.remark(report.take_news(), Holding::Nothing)?;
        Ok(Outcome { status, report })
    }

    fn all_or_nothing<R: Importable>(&self) -> Result<Outcome, ImportError> {
        self.whole(&|tx, report| {
            self.passes::<R>(report, Holding::UnitOfWork, &mut |rows| {
                self.put_own_numbers(tx, rows)?;
                self.write::<R>(tx, rows)
            })
        })
    }

    /// The whole file is one unit of work, undone when a single line is wrong. All lines are looked at all the same,
    /// so that one report says everything.
    fn whole(&self, post: &Whole) -> Result<Outcome, ImportError> {
        let posted = self.database.write(self.caller, |tx| {
            let mut report = Report::new(self.plan);
            self.listener.begin();
            match post(tx, &mut report) {
                Ok(()) if self.plan.dry_run => Err(ImportError::Tried(Box::new(report))),
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
            Err(ImportError::Tried(mut report)) => {
                report.change_request_id = None;
                let news = report.take_news();
                self.listener.remark(news, Holding::Nothing)?;
                Ok(Outcome {
                    status: JobStatus::Succeeded,
                    report: *report,
                })
            }
            Err(ImportError::Rejected(mut report)) => {
                report.take_nothing();
                let news = report.take_news();
                self.listener.remark(news, Holding::Nothing)?;
                Ok(Outcome {
                    status: JobStatus::Failed,
                    report: *report,
                })
            }
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
        while let Some(mut rows) = file.next_chunk::<R>(only, report)? {
            let verdicts = if rows.is_empty() {
                Vec::new()
            } else {
                post(&mut rows)?
            };
            for (row, verdict) in rows.iter().zip(verdicts) {
                let complaint = |column: &str, code: &str, message: String| JobError {
                    line: Some(row.line),
                    column: Some(column.to_owned()),
                    code: code.to_owned(),
                    message,
                };
                match verdict {
                    Verdict::Created => report.created += 1,
                    Verdict::Suspicious {
                        column,
                        code,
                        message,
                    } => {
                        report.created += 1;
                        report.warn(complaint(column, code, message));
                    }
                    Verdict::Unchanged => report.unchanged += 1,
                    Verdict::Recognised => report.recognise(),
                    Verdict::Updated(differences) => report.update(differences),
                    Verdict::Kept {
                        column,
                        code,
                        message,
                        differences,
                    } => {
                        report.unchanged += 1;
                        report.differ(differences);
                        report.warn(complaint(column, code, message));
                    }
                    Verdict::Deferred => {
                        deferred.insert(row.line);
                    }
                    Verdict::Rejected {
                        column,
                        code,
                        message,
                        part: _,
                    } => report.reject(vec![complaint(column, code, message)]),
                }
            }
            self.listener.remark(report.take_news(), holding)?;
            self.listener.progress(report, holding)?;
            check_rejected(report, self.plan.mode)?;
        }
        Ok(deferred)
    }
}

/// Ends an import of which too much was refused.
fn check_rejected(report: &Report, mode: ImportMode) -> Result<(), ImportError> {
    let most = match mode {
        ImportMode::PerLine => REJECTED_MAX,
        ImportMode::AllOrNothing => REJECTED_WHOLE_MAX,
    };
    if report.rejected < most {
        return Ok(());
    }
    Err(ImportError::File(vec![JobError {
        line: None,
        column: None,
        code: "too_many_rejected".to_owned(),
        message: format!("{most} lines were rejected, and the rest of the file was not read"),
    }]))
}

/// Posts a whole file.
type Whole<'p> = dyn Fn(&mut Tx, &mut Report) -> Result<(), ImportError> + 'p;

/// Posts the rows of a chunk.
type Post<'p, R> = dyn FnMut(&mut [Row<R>]) -> Result<Vec<Verdict>, ImportError> + 'p;
