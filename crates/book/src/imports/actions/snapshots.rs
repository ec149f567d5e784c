//! Snapshots: files that say all there is of something in another system, so that what they lack has ended there.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Holding, Import, ImportError, Importable};
use crate::book::entities::actions::Entities;
use crate::book::entities::model::EntityRef;
use crate::book::imports::model::{ControlTotals, Difference, Feed, Report, Row};
use crate::book::imports::rules::FromCells;
use crate::book::imports::store;
use crate::platform::db::{Change, DbError, Tx, write_json};
use crate::platform::jobs::model::JobError;
use kernel::ids::LegalEntityId;
use kernel::money::{Currency, Money, sum_minor};

/// A document of the book that a snapshot lacks.
pub(super) struct Missing<D> {
    pub number: String,
    pub entity: LegalEntityId,
    pub open: Money,
    pub document: D,
}

/// A row of which files are all there is.
pub(super) trait Whole: Importable {
    type Document;

    /// What is open by the line.
    fn open(&self) -> Money;

    /// The documents that the book has and the file lacks, of the legal entities of which it speaks. What is later than the
    /// day of which the file is, where its sender says it, could not be in the file, and is not missing.
    fn missing(
        tx: &mut Tx,
        seen: &Seen,
        ledger_as_of: Option<NaiveDate>,
    ) -> Result<Vec<Missing<Self::Document>>, ImportError>;

    /// The legal entity that the line names.
    fn entity(&self) -> Option<&EntityRef>;

    /// The customer's number and the document's.
    fn key(&self) -> (&str, &str);

    /// Closes what the file lacks.
    fn close(tx: &mut Tx, missing: &[Missing<Self::Document>]) -> Result<(), ImportError>;
}

/// What the lines of a file named: documents of customers and legal entities, and what they come to.
#[derive(Default)]
pub(super) struct Seen {
    /// Numbers with the customers' numbers, by legal entity.
    lines: BTreeMap<LegalEntityId, BTreeMap<String, Vec<String>>>,
    totals: BTreeMap<(LegalEntityId, Currency), i64>,
}

impl Seen {
    /// Begins with the companies of which the file says that it speaks.
    fn of(tx: &mut Tx, stated: &[EntityRef]) -> Result<Seen, ImportError> {
        let mut seen = Seen::default();
        let entities = Entities::read(tx, stated.iter().map(Some))?;
        for reference in stated {
            let entity = entities.find(Some(reference)).map_err(|_| {
                about_the_file(
                    "unknown_legal_entity",
                    "the file speaks of a legal entity that is not there".to_owned(),
                )
            })?;
            seen.lines.entry(entity).or_default();
        }
        Ok(seen)
    }

    fn add<R: Whole>(&mut self, tx: &mut Tx, rows: &[Row<R>]) -> Result<(), DbError> {
        let entities = Entities::read(tx, rows.iter().map(|row| row.content.entity()))?;
        for row in rows {
            // An entity that is not there is for the line's own verdict.
            let Ok(entity) = entities.find(row.content.entity()) else {
                continue;
            };
            let (customer, number) = row.content.key();
            let lines = self.lines.entry(entity).or_default();
            let named = lines.entry(number.to_owned()).or_default();
            named.push(customer.to_owned());
            let open = row.content.open();
            let total = self.totals.entry((entity, open.currency())).or_default();
            *total = sum_minor([*total, open.minor()])?;
        }
        Ok(())
    }

    /// The legal entities of which the file speaks.
    pub fn entities(&self) -> Vec<LegalEntityId> {
        self.lines.keys().copied().collect()
    }

    /// Whether a line named this number.
    pub fn has(&self, entity: LegalEntityId, number: &str) -> bool {
        let lines = self.lines.get(&entity);
        lines.is_some_and(|lines| lines.contains_key(number))
    }

    /// Whether a line named this number of this customer.
    pub fn has_of(&self, entity: LegalEntityId, customer: &str, number: &str) -> bool {
        let named = self.lines.get(&entity).and_then(|lines| lines.get(number));
        named.is_some_and(|named| named.iter().any(|known| known == customer))
    }

    /// What the lines come to: all of them, or those of one legal entity.
    fn control(&self, only: Option<LegalEntityId>) -> Result<ControlTotals, DbError> {
        let is_asked = |entity: &LegalEntityId| only.is_none_or(|only| only == *entity);
        let lines = self.lines.iter().filter(|(entity, _)| is_asked(entity));
        let lines: usize = lines
            .flat_map(|(_, lines)| lines.values())
            .map(Vec::len)
            .sum();
        let mut totals: BTreeMap<Currency, i64> = BTreeMap::new();
        for ((_, currency), minor) in self.totals.iter().filter(|((of, _), _)| is_asked(of)) {
            let total = totals.entry(*currency).or_default();
            *total = sum_minor([*total, *minor])?;
        }
        let totals = totals.into_iter();
        Ok(ControlTotals {
            lines: i64::try_from(lines).unwrap_or(i64::MAX),
            totals: totals
                .map(|(currency, minor)| Money::from_minor(minor, currency))
                .collect(),
        })
    }
}

impl Import<'_> {
    /// Takes a whole file over in one unit of work: its lines, then what it lacks, then what is known of the feed.
    pub(super) fn snapshot<R: Whole + FromCells>(
        &self,
        tx: &mut Tx,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let mut seen = Seen::of(tx, &self.plan.legal_entities)?;
        self.passes::<R>(report, Holding::UnitOfWork, &mut |rows| {
            self.put_own_numbers(tx, rows)?;
            seen.add(tx, rows)?;
            R::post(tx, rows)
        })?;
        let control = seen.control(None)?;
        self.check_control(&control)?;
        report.control = Some(control.clone());
        // Lines that are wrong may name what would then be missing.
        if report.rejected > 0 {
            return Ok(());
        }
        if self.plan.close_missing {
            self.check_newest(tx, &seen)?;
        }
        let missing = R::missing(tx, &seen, self.plan.ledger_as_of)?;
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
            if control.lines == 0 && self.plan.legal_entities.is_empty() {
                return Err(about_the_file(
                    "no_lines",
                    "a file without lines closes nothing unless it says of which legal entities it speaks"
                        .to_owned(),
                ));
            }
            R::close(tx, &missing)?;
            report.closed = report.missing;
        }
        self.save_feeds(tx, &seen, &missing)
    }

    /// A file of an earlier day than the last lacks what came since: it closes nothing.
    fn check_newest(&self, tx: &mut Tx, seen: &Seen) -> Result<(), ImportError> {
        let Some(of_file) = self.plan.ledger_as_of else {
            return Ok(());
        };
        let entities = seen.entities();
        let newest = store::list_feeds(tx)?
            .into_iter()
            .filter(|feed| feed.kind == self.plan.kind && entities.contains(&feed.legal_entity_id))
            .filter_map(|feed| feed.ledger_as_of)
            .max();
        match newest.filter(|newest| of_file < *newest) {
            None => Ok(()),
            Some(newest) => Err(about_the_file(
                "older_than_the_last",
                format!(
                    "the file is of {of_file}, and one of {newest} was taken over: it closes nothing"
                ),
            )),
        }
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

    /// Writes down how far each ledger was taken over.
    fn save_feeds<D>(
        &self,
        tx: &mut Tx,
        seen: &Seen,
        missing: &[Missing<D>],
    ) -> Result<(), ImportError> {
        let known = store::list_feeds(tx)?;
        for entity in seen.entities() {
            let before = known
                .iter()
                .find(|feed| feed.kind == self.plan.kind && feed.legal_entity_id == entity);
            let left = missing.iter().filter(|one| one.entity == entity).count();
            let left = if self.plan.close_missing { 0 } else { left };
            let feed = Feed {
                kind: self.plan.kind,
                legal_entity_id: entity,
                // A file that does not say its day takes none away, and an older one makes what is known no older.
                ledger_as_of: self
                    .plan
                    .ledger_as_of
                    .max(before.and_then(|feed| feed.ledger_as_of)),
                control: write_json(&seen.control(Some(entity))?)?,
                stated: i64::from(self.plan.control.is_some()),
                missing: i64::try_from(left).unwrap_or(i64::MAX),
                taken_by: tx.caller().subject.clone(),
                taken_at: tx.now(),
            };
            store::save_feed(tx, &feed)?;
            tx.record(Change::new("import_feed.taken_over", feed.kind).after(&feed))?;
        }
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
