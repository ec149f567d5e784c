//! The audit of the whole book.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::NaiveDate;

use super::codes::CODED;
use super::model::{Audit, Finding, Invariant, Lie, named};
use super::rules::{Aged, Debtor};
use super::{rules, store};
use crate::book::exposure::model::BalanceKey;
use crate::book::policy::model::PolicyDocument;
use crate::book::policy::store as policies;
use crate::book::receivables::rules::off_its_rate;
use crate::collect::charges::model::{ChargeKind, Segment};
use crate::decide::limits::check::record::Record;
use crate::platform::db::{Database, Db, DbError, read_document};
use crate::platform::http::body::hex;
use crate::prove::reports::model::{AgingBy, AgingQuestion, BucketBounds};
use crate::prove::reports::store as reports;
use crate::prove::sealing::actions as sealing;
use crate::prove::sealing::model::Trust;
use kernel::ids::{ChargeId, LimitCheckId, MessageId, ReservationId, Settlement};
use kernel::money::Money;

/// How many rows are read at once where a statement alone can't tell.
const CHUNK: i64 = 1_000;

/// How many messages are read at once, with their bytes.
const MESSAGES_AT_ONCE: i64 = 20;

/// Asks every invariant of the whole book, on one state of the database.
///
/// # Errors
/// When the database fails.
pub fn audit(database: &Database) -> Result<Audit, DbError> {
    audit_believing(database, &Trust::default())
}

/// [`audit`], with the trail's checkpoints held against keys and checkpoints from elsewhere.
///
/// # Errors
/// When the database fails.
pub fn audit_believing(database: &Database, trust: &Trust) -> Result<Audit, DbError> {
    database.snapshot(|db| {
        let codes = known_codes(db)?;
        let is_readable = codes.lies == 0;
        let mut findings = vec![codes];
        for invariant in store::invariants() {
            findings.push(ask(db, &invariant)?);
        }
        // What follows reads rows as what they are, and would stop at a value that it does not know.
        if is_readable {
            findings.extend(aging_of_all_months(db)?);
            findings.push(crossed_settlements(db)?);
            findings.push(worked_out_charges(db)?);
            findings.push(sealed_trail(db, trust)?);
            findings.push(recorded_reservations(db)?);
            findings.push(kept_limits(db)?);
            findings.push(kept_messages(db)?);
        }
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

/// No column that holds one of a list of values holds another.
fn known_codes(db: &mut Db) -> Result<Finding, DbError> {
    let mut finding = Finding::new("every state and kind is one that this version knows");
    for coded in CODED {
        let known = (coded.known)();
        for (value, rows) in store::count_values(db, coded.table, coded.column)? {
            finding.rows = finding.rows.saturating_add(rows);
            if !known.contains(&value.as_str()) {
                finding.add(Lie {
                    id: format!("{}.{}", coded.table, coded.column),
                    what: format!("rows with {value:?}"),
                    stated: rows,
                    counted: 0,
                });
            }
        }
    }
    Ok(finding)
}

/// At the end of every month of the book's life aging says what the documents say by their dates, and today it says what
/// exposure counts.
fn aging_of_all_months(db: &mut Db) -> Result<[Finding; 2], DbError> {
    let mut by_month =
        Finding::new("aging is what the documents say by their dates, at every month's end");
    let today = db.today();
    let movements = store::list_movements(db)?;
    let mut days: Vec<NaiveDate> = movements.iter().map(|movement| movement.day).collect();
    days.extend(store::list_settlement_days(db)?);
    let mut movements = movements.into_iter().peekable();
    let mut documents: BTreeMap<Debtor, i64> = BTreeMap::new();
    let mut aged: BTreeMap<Debtor, Aged> = BTreeMap::new();
    for as_of in rules::month_ends(days, today) {
        while let Some(movement) = movements.next_if(|movement| movement.day <= as_of) {
            let key = BalanceKey::new(movement.legal_entity_id, movement.currency);
            let debtor = (movement.customer_id, key);
            let sum = documents.entry(debtor).or_default();
            *sum = sum.saturating_add(movement.minor);
        }
        aged = rules::aged(&reports::aging(db, &by_balance(as_of))?);
        by_month.rows += i64::try_from(documents.len()).unwrap_or(i64::MAX);
        for lie in rules::aging_lies(as_of, &aged, &documents) {
            by_month.add(lie);
        }
    }
    let mut now = Finding::new("aging with what is post-dated is what exposure counts today");
    for ((customer, key), owed) in store::list_owed(db)? {
        now.rows += 1;
        let told = aged.get(&(customer, key)).copied().unwrap_or_default();
        let stated = told.net_minor().saturating_add(told.post_dated_minor);
        if stated != owed {
            now.add(Lie {
                id: customer.to_string(),
                what: format!(
                    "outstanding less unapplied and with post-dated in {}",
                    key.currency
                ),
                stated,
                counted: owed,
            });
        }
    }
    Ok([by_month, now])
}

/// The report of all balances; its buckets are only added up.
fn by_balance(as_of: NaiveDate) -> AgingQuestion {
    AgingQuestion {
        as_of,
        by: AgingBy::Balance,
        bounds: BucketBounds::default(),
        owner: None,
        customers: Vec::new(),
        entities: Vec::new(),
        currencies: Vec::new(),
        converted_into: None,
    }
}

/// Money in another currency settles what it is worth by the rate that was written down.
fn crossed_settlements(db: &mut Db) -> Result<Finding, DbError> {
    let name = "money in another currency settles what it is worth by its rate";
    let mut finding = Finding::new(name);
    for row in store::list_crossed(db)? {
        finding.rows += 1;
        let settled = Money::from_minor(row.settled_minor, row.settled_currency);
        let used = Money::from_minor(row.used_minor, row.used_currency);
        if let Some(counted) = off_its_rate(settled, used, &row.rate) {
            finding.add(Lie {
                id: named::<Settlement>(row.id),
                what: "settled".to_owned(),
                stated: row.settled_minor,
                counted,
            });
        }
    }
    Ok(finding)
}

/// Interest comes to what its segments say, and each of them to its principal, days and rate.
fn worked_out_charges(db: &mut Db) -> Result<Finding, DbError> {
    let mut finding = Finding::new("interest comes to what its segments say");
    let mut after: Option<ChargeId> = None;
    loop {
        let charges = store::list_charges(db, after, CHUNK)?;
        let Some(last) = charges.last() else {
            return Ok(finding);
        };
        after = Some(last.id);
        for charge in &charges {
            finding.rows += 1;
            if charge.kind != ChargeKind::Interest {
                continue;
            }
            let segments: Vec<Segment> = read_document(&charge.segments)?;
            let counted = rules::interest_minor(&segments);
            if counted != Some(charge.amount_minor) {
                finding.add(Lie {
                    id: charge.id.to_string(),
                    what: "interest".to_owned(),
                    stated: charge.amount_minor,
                    counted: counted.unwrap_or(0),
                });
            }
        }
    }
}

/// Nobody changed the trail since it was sealed, and the chain is as its checkpoints have it.
fn sealed_trail(db: &mut Db, trust: &Trust) -> Result<Finding, DbError> {
    let mut finding = Finding::new("the trail is as it was sealed");
    let inspected = sealing::inspect(db, trust)?;
    finding.rows = inspected.links;
    for one in inspected.breaks {
        finding.add(Lie {
            id: one.id,
            what: one.fault.told().to_owned(),
            stated: one.position,
            counted: 0,
        });
    }
    Ok(finding)
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

/// The bytes of every message are those that were kept: their hash and their number are what the message says.
fn kept_messages(db: &mut Db) -> Result<Finding, DbError> {
    let mut finding = Finding::new("what was sent is kept byte for byte");
    let mut after: Option<MessageId> = None;
    loop {
        let kept = store::list_kept_messages(db, after, MESSAGES_AT_ONCE)?;
        let Some((last, ..)) = kept.last() else {
            return Ok(finding);
        };
        after = Some(*last);
        for (id, sha256, size, bytes) in kept {
            finding.rows += 1;
            let bytes = bytes.unwrap_or_default();
            let counted = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            let is_kept = hex(digest(&SHA256, &bytes).as_ref()) == sha256;
            if !is_kept || counted != size {
                finding.add(Lie {
                    id: id.to_string(),
                    what: "bytes".to_owned(),
                    stated: size,
                    counted,
                });
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
