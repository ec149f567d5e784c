//! Lines that are one document: how they are put together, and what each of them is told.

use super::ImportError;
use super::documents::{DocumentLine, KnownMoney, post_lines};
use crate::book::entities::model::EntityRef;
use crate::book::imports::model::{Row, Verdict};
use crate::platform::db::Tx;
use kernel::money::{Money, sum_minor};
use kernel::text::Number;

/// A line that is a document, or one of several that are.
pub trait JoinedLine: Clone + PartialEq {
    fn number(&self) -> &Number;
    fn legal_entity(&self) -> Option<&EntityRef>;
    fn invoice_number(&self) -> Option<&Number>;
    fn amount(&self) -> Money;
    /// The column in which two lines of one document say different things that must be the same.
    fn contradicts(&self, other: &Self) -> Option<&'static str>;
}

/// One or more lines that are one document.
#[derive(Debug, Clone)]
pub struct Joined<L> {
    pub first: L,
    pub others: Vec<L>,
    /// What the lines come to.
    pub amount: Money,
}

impl<L> Joined<L> {
    pub fn lines(&self) -> impl Iterator<Item = &L> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub const fn is_single(&self) -> bool {
        self.others.is_empty()
    }
}

/// What becomes of lines that are one document.
struct Unit<L> {
    /// For each row, which line of the document it is.
    places: Vec<usize>,
    document: Result<Joined<L>, Verdict>,
}

/// Posts the lines of a chunk, those that are one document together, and says what became of each.
///
/// # Errors
/// When the database fails.
pub fn post_joined<L: JoinedLine>(
    tx: &mut Tx,
    rows: &[Row<L>],
    known: KnownMoney,
) -> Result<Vec<Verdict>, ImportError>
where
    Joined<L>: DocumentLine,
{
    let units = units(rows);
    let documents: Vec<&Joined<L>> = units
        .iter()
        .filter_map(|unit| unit.document.as_ref().ok())
        .collect();
    let mut posted = post_lines(tx, &documents, known)?.into_iter();
    let mut verdicts = Vec::with_capacity(rows.len());
    for unit in units {
        let verdict = match unit.document {
            Ok(document) => of_line(posted.next().unwrap_or(Verdict::Created), &document),
            Err(verdict) => verdict,
        };
        verdicts.extend(told(&verdict, &unit.places));
    }
    Ok(verdicts)
}

/// The documents of a chunk: lines of one number that stand together and name different invoices are one; others are each
/// for itself.
fn units<L: JoinedLine>(rows: &[Row<L>]) -> Vec<Unit<L>> {
    let mut units = Vec::new();
    let key = |row: &Row<L>| {
        let line = &row.content;
        (line.number().clone(), line.legal_entity().cloned())
    };
    for run in rows.chunk_by(|one, other| key(one) == key(other)) {
        let invoice = run.first().and_then(|row| row.content.invoice_number());
        if run
            .iter()
            .all(|row| row.content.invoice_number() == invoice)
        {
            units.extend(run.iter().map(single));
        } else {
            units.push(several(run));
        }
    }
    units
}

fn incomplete() -> Verdict {
    let message = "another line of the document is wrong, and it is posted whole or not at all";
    Verdict::rejected("number", "incomplete_document", message)
}

fn single<L: JoinedLine>(row: &Row<L>) -> Unit<L> {
    let document = Joined {
        amount: row.content.amount(),
        first: row.content.clone(),
        others: Vec::new(),
    };
    Unit {
        places: vec![0],
        document: if row.is_incomplete {
            Err(incomplete())
        } else {
            Ok(document)
        },
    }
}

/// Lines that are one document, each line that stands there twice taken once.
fn several<L: JoinedLine>(run: &[Row<L>]) -> Unit<L> {
    let mut lines: Vec<&L> = Vec::with_capacity(run.len());
    let mut places = Vec::with_capacity(run.len());
    for row in run {
        let known = lines.iter().position(|line| **line == row.content);
        places.push(known.unwrap_or(lines.len()));
        if known.is_none() {
            lines.push(&row.content);
        }
    }
    let document = if run.iter().any(|row| row.is_incomplete) {
        Err(incomplete())
    } else {
        join(&lines)
    };
    Unit { places, document }
}

fn join<L: JoinedLine>(lines: &[&L]) -> Result<Joined<L>, Verdict> {
    let Some((first, others)) = lines.split_first() else {
        return Err(incomplete());
    };
    for (place, line) in lines.iter().enumerate().skip(1) {
        if let Some(column) = first.contradicts(line) {
            let message = format!("is not what the other lines of the document have in {column}");
            return Err(Verdict::rejected(column, "lines_contradict", message));
        }
        let same = |other: &&&L| other.invoice_number() == line.invoice_number();
        if lines.iter().take(place).any(|other| same(&other)) {
            let message = "two lines of the document name the same invoice, with other content";
            return Err(Verdict::rejected(
                "invoice_number",
                "lines_contradict",
                message,
            ));
        }
    }
    let minors = lines.iter().map(|line| line.amount().minor());
    let total = sum_minor(minors).map_err(|why| Verdict::rejected("amount", "malformed", why))?;
    Ok(Joined {
        first: (*first).clone(),
        others: others.iter().map(|line| (*line).clone()).collect(),
        amount: Money::from_minor(total, first.amount().currency()),
    })
}

/// A verdict on one of the invoices that a document settles, as one on the line that names it.
fn of_line<L: JoinedLine>(verdict: Verdict, document: &Joined<L>) -> Verdict {
    let Verdict::Rejected {
        part: Some(part), ..
    } = &verdict
    else {
        return verdict;
    };
    let mut lines = document
        .lines()
        .enumerate()
        .filter(|(_, line)| line.invoice_number().is_some());
    let line = lines.nth(*part).map(|(place, _)| place);
    verdict.of_part(line)
}

/// What each line of a document is told. A line that stands there twice is once no news.
fn told(verdict: &Verdict, places: &[usize]) -> Vec<Verdict> {
    let is_posted = matches!(verdict, Verdict::Created | Verdict::Suspicious { .. });
    let told = |(row, place): (usize, &usize)| match verdict {
        _ if is_posted && places.iter().take(row).any(|known| known == place) => Verdict::Unchanged,
        Verdict::Suspicious { .. } if row > 0 => Verdict::Created,
        Verdict::Rejected {
            part: Some(part), ..
        } if part != place && places.len() > 1 => incomplete(),
        verdict => verdict.clone(),
    };
    places.iter().enumerate().map(told).collect()
}
