//! Looking for what entries pay: proposals for each, and receipts where one is sure.

use std::collections::{BTreeMap, BTreeSet};

use super::gathering::{Found, Gathered, by_ledger, ids};
use super::posting::{self, Decision};
use crate::book::cash::model::{
    BankEntry, EntryKind, EntryStatus, MatchProposal, MatchReasonCode, Parts, Reason, Reasons,
};
use crate::book::cash::rules::matching::{Proposed, automatic, payer_of};
use crate::book::cash::rules::names::Names;
use crate::book::cash::store;
use crate::book::policy::actions as policies;
use crate::book::receivables::actions::Accounts;
use crate::platform::db::{DbError, Tx};
use kernel::ids::{BankEntryId, CustomerId, MatchProposalId};

/// How many entries became receipts, and how many wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Matched {
    pub applied: i64,
    pub waiting: i64,
}

/// Who asks for what entries pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// The job, for all that wait: what is in a person's hands is proposed only.
    Job,
    /// A person, for this very entry.
    Person,
}

/// Matches payments that wait, and applies what is sure. What a person decided meanwhile is left alone, and so are returns
/// ([`super::returning`]).
///
/// # Errors
/// When the database fails.
pub fn match_entries(
    tx: &mut Tx,
    entries: &[BankEntryId],
    names: &Names,
    asking: Asking,
) -> Result<Matched, DbError> {
    let policy = policies::live(tx)?;
    let threshold = policy.document.cash_application.automatic_above_ppm();
    // Accounts are locked before entries, and which accounts is known only when the entries were read.
    let read = store::list_entries_by_ids(tx, entries)?;
    let waiting: Vec<BankEntry> = read
        .into_iter()
        .filter(|entry| entry.status.is_waiting() && entry.kind != EntryKind::ReturnedCredit)
        .collect();
    let mut found: Vec<Found<'_>> = Vec::new();
    let mut chosen: BTreeMap<BankEntryId, Proposed> = BTreeMap::new();
    let mut heads: BTreeMap<CustomerId, CustomerId> = BTreeMap::new();
    for group in by_ledger(&waiting).into_values() {
        let gathered = Gathered::read(tx, &group, names, threshold)?;
        heads.extend(gathered.heads());
        found.extend(gathered.decide(|found| {
            if asking == Asking::Job && found.entry.is_in_a_persons_hands() {
                return None;
            }
            let sure = automatic(&found.proposals, threshold)?.clone();
            chosen.insert(found.entry.id, sure.clone());
            Some(sure)
        }));
    }
    leave_strangers(&waiting, &heads, &mut chosen);
    let customers: BTreeSet<CustomerId> = chosen
        .values()
        .flat_map(|sure| &sure.parts)
        .map(|part| part.customer_id)
        .collect();
    let accounts = Accounts::lock_customers(tx, &customers)?;
    let current: BTreeMap<BankEntryId, BankEntry> = store::lock_entries(tx, &ids(&waiting))?
        .into_iter()
        .map(|entry| (entry.id, entry))
        .collect();
    found.retain(|found| {
        current
            .get(&found.entry.id)
            .is_some_and(|entry| entry.version == found.entry.version)
    });
    let decisions = decisions(&found, &chosen);
    let outcomes = posting::post(tx, &accounts, decisions)?;
    let applied: BTreeSet<BankEntryId> = outcomes
        .iter()
        .filter(|outcome| outcome.entry.status == EntryStatus::Applied)
        .map(|outcome| outcome.entry.id)
        .collect();
    let touched: BTreeMap<BankEntryId, &BankEntry> = outcomes
        .iter()
        .map(|outcome| (outcome.entry.id, &outcome.entry))
        .collect();
    let left: Vec<&Found<'_>> = found
        .iter()
        .filter(|found| !applied.contains(&found.entry.id))
        .collect();
    keep_proposals(tx, &left, &touched)?;
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Ok(Matched {
        applied: count(applied.len()),
        waiting: count(left.len()),
    })
}

/// Leaves to a person what would pay for others than most payments from the same account do.
fn leave_strangers(
    entries: &[BankEntry],
    heads: &BTreeMap<CustomerId, CustomerId>,
    chosen: &mut BTreeMap<BankEntryId, Proposed>,
) {
    let head_of = |proposed: &Proposed| {
        let first = proposed.parts.first()?.customer_id;
        Some(heads.get(&first).copied().unwrap_or(first))
    };
    let mut by_account: BTreeMap<&str, Vec<(BankEntryId, CustomerId)>> = BTreeMap::new();
    for entry in entries {
        let head = chosen.get(&entry.id).and_then(head_of);
        if let (Some(account), Some(head)) = (entry.payer_account.as_deref(), head) {
            by_account
                .entry(account)
                .or_default()
                .push((entry.id, head));
        }
    }
    for payments in by_account.into_values() {
        let all: Vec<CustomerId> = payments.iter().map(|(_, head)| *head).collect();
        let payer = payer_of(&all);
        for (id, head) in payments {
            if payer != Some(head) {
                chosen.remove(&id);
            }
        }
    }
}

fn decisions(found: &[Found<'_>], chosen: &BTreeMap<BankEntryId, Proposed>) -> Vec<Decision> {
    found
        .iter()
        .filter_map(|found| {
            let sure = chosen.get(&found.entry.id)?;
            Some(Decision {
                entry: found.entry.clone(),
                parts: sure.parts.clone(),
                prepaid_orders: BTreeMap::new(),
                reasons: sure.reasons.clone(),
                payer: found.payer,
                by: None,
                because: None,
                learns: teaches(&sure.reasons),
            })
        })
        .collect()
}

/// Whether a match says who the payer is: it was found by what it pays, and nothing speaks for another.
pub fn teaches(reasons: &[Reason]) -> bool {
    !reasons
        .iter()
        .any(|reason| reason.code == MatchReasonCode::OtherPayer)
}

/// Writes the proposals of entries that wait, and whether anybody knows whose they are.
fn keep_proposals(
    tx: &mut Tx,
    left: &[&Found<'_>],
    touched: &BTreeMap<BankEntryId, &BankEntry>,
) -> Result<(), DbError> {
    let mut entries: Vec<BankEntry> = Vec::new();
    let mut rows: Vec<MatchProposal> = Vec::new();
    for found in left {
        let entry = touched.get(&found.entry.id).copied().unwrap_or(found.entry);
        let is_known = found.customer_id.is_some()
            || !found.proposals.is_empty()
            || entry.assigned_minor > 0
            || entry.kind != EntryKind::Credit;
        let status = if is_known {
            EntryStatus::Open
        } else {
            EntryStatus::Unidentified
        };
        entries.push(BankEntry {
            status,
            customer_id: found.customer_id.or(entry.customer_id),
            version: entry.version + 1,
            ..entry.clone()
        });
        for (rank, one) in (1..).zip(&found.proposals) {
            rows.push(MatchProposal {
                id: MatchProposalId::new(),
                entry_id: entry.id,
                rank,
                confidence_ppm: one.confidence_ppm,
                parts: Parts(one.parts.clone()),
                reasons: Reasons(one.reasons.clone()),
                returns_entry_id: None,
            });
        }
    }
    store::save_entries(tx, &entries)?;
    let ids: Vec<BankEntryId> = entries.iter().map(|entry| entry.id).collect();
    store::replace_proposals(tx, &ids, &rows)
}
