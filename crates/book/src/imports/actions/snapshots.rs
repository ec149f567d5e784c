//! Snapshots: files that say all there is of something in another system, so that what they lack has ended there.

use std::collections::BTreeMap;

use super::{Holding, Import, ImportError, Importable};
use crate::book::imports::model::{ControlTotals, Difference, Feed, Report, Row};
use crate::book::imports::rules::FromCells;
use crate::book::imports::store;
use crate::platform::db::{Change, DbError, Tx, write_json};
use crate::platform::jobs::model::JobError;
use kernel::money::{Currency, Money, sum_minor};

/// A document of the book that a snapshot lacks.
pub(super) struct Missing<D> {
    pub number: String,
    pub open: Money,
    pub document: D,
}

/// A row of which files are all there is.
pub(super) trait Whole: Importable {
    type Document;

    /// What is open by the line.
    fn open(&self) -> Money;

    /// The documents that the book has and the file lacks. `seen` is asked whether a line of the file named a number of a
    /// customer's account.
    fn missing(tx: &mut Tx, seen: &Seen) -> Result<Vec<Missing<Self::Document>>, ImportError>;

    /// What names the line's document.
    fn key(&self) -> (&str, &str);

    /// Closes what the file lacks.
    fn close(tx: &mut Tx, missing: &[Missing<Self::Document>]) -> Result<(), ImportError>;
}

/// What the lines of a file named: customers' numbers with the numbers of documents.
#[derive(Default)]
pub(super) struct Seen {
    lines: BTreeMap<String, Vec<String>>,
    totals: BTreeMap<Currency, i64>,
    count: i64,
}

impl Seen {
    fn add<R: Whole>(&mut self, rows: &[Row<R>]) -> Result<(), DbError> {
        for row in rows {
            let (customer, number) = row.content.key();
            let named = self.lines.entry(number.to_owned()).or_default();
            named.push(customer.to_owned());
            let open = row.content.open();
            let total = self.totals.entry(open.currency()).or_default();
            *total = sum_minor([*total, open.minor()])?;
            self.count += 1;
        }
        Ok(())
    }

    /// Whether a line named this number.
    pub fn has(&self, number: &str) -> bool {
        self.lines.contains_key(number)
    }

    /// Whether a line named this number of this customer.
    pub fn has_of(&self, customer: &str, number: &str) -> bool {
        let named = self.lines.get(number);
        named.is_some_and(|named| named.iter().any(|known| known == customer))
    }

    fn control(&self) -> ControlTotals {
        let totals = self.totals.iter();
        ControlTotals {
            lines: self.count,
            totals: totals
                .map(|(currency, minor)| Money::from_minor(*minor, *currency))
                .collect(),
        }
    }
}

impl Import<'_> {
    /// Takes a whole file over in one unit of work: its lines, then what it lacks, then what is known of the feed.
    pub(super) fn snapshot<R: Whole + FromCells>(
        &self,
        tx: &mut Tx,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let mut seen = Seen::default();
        self.passes::<R>(report, Holding::UnitOfWork, &mut |rows| {
            seen.add(rows)?;
            R::post(tx, rows)
        })?;
        let control = seen.control();
        self.check_control(&control)?;
        report.control = Some(control.clone());
        // Lines that are wrong may name what would then be missing.
        if report.rejected > 0 {
            return Ok(());
        }
        let missing = R::missing(tx, &seen)?;
        report.missing = Some(i64::try_from(missing.len()).unwrap_or(i64::MAX));
        for one in &missing {
            report.warn(JobError {
                line: None,
                column: Some("number".to_owned()),
                code: "missing".to_owned(),
                message: format!(
                    "{} is open with {} and is not in the file",
                    one.number, one.open
                ),
            });
        }
        report.differ(missing.iter().map(|one| Difference {
            line: None,
            number: one.number.clone(),
            column: "open",
            before: Some(one.open.to_string()),
            after: None,
        }));
        if self.plan.close_missing {
            if control.lines == 0 {
                return Err(about_the_file(
                    "no_lines",
                    "a file without lines closes nothing".to_owned(),
                ));
            }
            R::close(tx, &missing)?;
            report.closed = report.missing;
        }
        self.save_feed(tx, report, &control)
    }

    /// What the sender says that the file comes to is what was read, or nothing is taken over.
    fn check_control(&self, found: &ControlTotals) -> Result<(), ImportError> {
        let Some(stated) = &self.plan.control else {
            return Ok(());
        };
        let sorted = |control: &ControlTotals| {
            let mut totals = control.totals.clone();
            totals.sort_by_key(|money| money.currency());
            totals
        };
        let told = |control: &ControlTotals| {
            let totals: Vec<String> = sorted(control).iter().map(ToString::to_string).collect();
            format!("{} lines with {}", control.lines, totals.join(", "))
        };
        if stated.lines == found.lines && sorted(stated) == sorted(found) {
            return Ok(());
        }
        Err(about_the_file(
            "control_totals_differ",
            format!(
                "the sender states {}, the file has {}",
                told(stated),
                told(found)
            ),
        ))
    }

    fn save_feed(
        &self,
        tx: &mut Tx,
        report: &Report,
        control: &ControlTotals,
    ) -> Result<(), ImportError> {
        let feed = Feed {
            kind: self.plan.kind,
            ledger_as_of: self.plan.ledger_as_of,
            control: write_json(control)?,
            stated: i64::from(self.plan.control.is_some()),
            missing: report.missing.unwrap_or_default() - report.closed.unwrap_or_default(),
            taken_by: tx.caller().subject.clone(),
            taken_at: tx.now(),
        };
        store::save_feed(tx, &feed)?;
        tx.record(Change::new("import_feed.taken_over", feed.kind).after(&feed))?;
        Ok(())
    }
}

pub(super) fn about_the_file(code: &str, message: String) -> ImportError {
    ImportError::File(vec![JobError {
        line: None,
        column: None,
        code: code.to_owned(),
        message,
    }])
}
