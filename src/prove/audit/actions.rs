//! The audit of the whole book.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::model::{Audit, Finding, Invariant, Lie};
use super::{rules, store};
use crate::book::policy::model::PolicyDocument;
use crate::book::policy::store as policies;
use crate::decide::limits::record::Record;
use crate::kernel::ids::{LimitCheckId, ReservationId};
use crate::platform::db::{Database, Db, DbError, read_document};

/// How many rows are read at once where a statement alone can't tell.
const CHUNK: i64 = 1_000;

/// Asks every invariant of the whole book, on one state of the database.
///
/// # Errors
/// When the database fails.
pub fn audit(database: &Database) -> Result<Audit, DbError> {
    database.snapshot(|db| {
        let mut findings = Vec::new();
        for invariant in store::invariants() {
            findings.push(ask(db, &invariant)?);
        }
        findings.push(recorded_reservations(db)?);
        findings.push(kept_limits(db)?);
        Ok(Audit::of(findings))
    })
}

fn ask(db: &mut Db, invariant: &Invariant) -> Result<Finding, DbError> {
    let rows = store::list_lies(db, invariant)?;
    Ok(Finding {
        invariant: invariant.name,
        rows: store::count_rows(db, invariant.table)?,
        lies: rows.first().map_or(0, |row| row.lies),
        first: rows
            .into_iter()
            .map(|row| Lie {
                id: (invariant.named)(row.id),
                what: row.what,
                stated: row.stated,
                counted: row.counted,
            })
            .collect(),
    })
}

/// No capacity is taken that the trail does not know of.
fn recorded_reservations(db: &mut Db) -> Result<Finding, DbError> {
    let mut finding = Finding::new("the trail knows of every reservation");
    let mut after: Option<ReservationId> = None;
    loop {
        let ids = store::list_reservations(db, after, CHUNK)?;
        let Some(last) = ids.last() else {
            return Ok(finding);
        };
        after = Some(*last);
        let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let known = store::list_recorded(db, "reservation.created", &names)?;
        let known: BTreeSet<String> = known.into_iter().collect();
        for name in names {
            finding.rows += 1;
            if !known.contains(&name) {
                finding.add(Lie {
                    id: name,
                    what: "reservation.created".to_owned(),
                    stated: 1,
                    counted: 0,
                });
            }
        }
    }
}

/// No check that took capacity passed a limit, by its own record.
fn kept_limits(db: &mut Db) -> Result<Finding, DbError> {
    let mut finding = Finding::new("an approved reservation kept to its limits");
    let mut documents: BTreeMap<i32, Option<Arc<PolicyDocument>>> = BTreeMap::new();
    let mut after: Option<LimitCheckId> = None;
    loop {
        let checks = store::list_approved(db, after, CHUNK)?;
        let Some(last) = checks.last() else {
            return Ok(finding);
        };
        after = Some(last.id);
        for check in &checks {
            let record: Record = read_document(&check.record)?;
            if record.reservation.is_none() {
                continue;
            }
            finding.rows += 1;
            let version = check.policy_version;
            if let std::collections::btree_map::Entry::Vacant(entry) = documents.entry(version) {
                entry.insert(document(db, version)?);
            }
            let Some(Some(policy)) = documents.get(&version) else {
                finding.add(Lie {
                    id: check.id.to_string(),
                    what: "policy_version".to_owned(),
                    stated: i64::from(version),
                    counted: 0,
                });
                continue;
            };
            for lie in rules::passed_limits(&check.id.to_string(), &record, policy) {
                finding.add(lie);
            }
        }
    }
}

fn document(db: &mut Db, version: i32) -> Result<Option<Arc<PolicyDocument>>, DbError> {
    let Some(row) = policies::find_version(db, version)? else {
        return Ok(None);
    };
    Ok(Some(Arc::new(read_document(&row.document)?)))
}
