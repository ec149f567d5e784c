//! Entries become receipts, of each customer that paid a part: each of them once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::book::cash::model::{
    AdviceStatus, BankEntry, EntryReceipt, EntryStatus, Part, PayerAccount, Reason,
    RemittanceAdvice,
};
use crate::book::cash::store;
use crate::book::exposure::actions::Locked;
use crate::book::receivables::actions::{Accounts, ReceivableError, post_receipts_of};
use crate::book::receivables::input::{Application, NamedApplication, NewReceipt, Origin, Rests};
use crate::book::receivables::model::{InvoiceRef, Receipt};
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{BankEntryId, CustomerId, PayerAccountId};
use kernel::text::{Number, Subject};

/// What an entry becomes. The entry must be locked, and the accounts of its customers and of those whose invoices it pays.
#[derive(Debug, Clone)]
pub struct Decision {
    pub entry: BankEntry,
    pub parts: Vec<Part>,
    /// The orders that parts are paid for beforehand, by the parts' places.
    pub prepaid_orders: BTreeMap<usize, Number>,
    pub reasons: Vec<Reason>,
    /// Who paid, where that is known: also for others.
    pub payer: Option<CustomerId>,
    /// The person who decided; none where netterms does.
    pub by: Option<Subject>,
    pub because: Option<String>,
    /// Whether the payer's account is known as the customer's from now on.
    pub learns: bool,
}

/// An entry afterwards, and what could not be posted of it: the part, and why.
pub struct Outcome {
    pub entry: BankEntry,
    pub refused: Vec<(usize, ReceivableError)>,
}

/// Posts receipts for entries, in few statements for all of them.
///
/// # Errors
/// When the database fails.
pub fn post(
    tx: &mut Tx,
    accounts: &Accounts,
    decisions: Vec<Decision>,
) -> Result<Vec<Outcome>, DbError> {
    let today = tx.today();
    let mut new: Vec<(&Locked, NewReceipt)> = Vec::new();
    // Which part of which decision each receipt is.
    let mut of: Vec<(usize, usize)> = Vec::new();
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(decisions.len());
    for (index, decision) in decisions.iter().enumerate() {
        let mut outcome = Outcome {
            entry: decision.entry.clone(),
            refused: Vec::new(),
        };
        for (place, part) in decision.parts.iter().enumerate() {
            let account = match accounts.of(part.customer_id) {
                Ok(account) => account,
                Err(error) => {
                    outcome.refused.push((place, error));
                    continue;
                }
            };
            outcome.entry.receipts_made += 1;
            let payer = decision.payer.filter(|payer| *payer != part.customer_id);
            new.push((
                account,
                NewReceipt {
                    prepaid_order: decision.prepaid_orders.get(&place).cloned(),
                    ..new_receipt(&outcome.entry, part, payer, today)
                },
            ));
            of.push((index, place));
        }
        outcomes.push(outcome);
    }
    let posted = post_receipts_of(tx, accounts, &new)?;
    let mut links: Vec<EntryReceipt> = Vec::new();
    for ((index, place), receipt) in of.into_iter().zip(posted) {
        let Some(outcome) = outcomes.get_mut(index) else {
            continue;
        };
        match receipt {
            Ok(receipt) => {
                outcome.entry.assigned_minor += receipt.amount_minor;
                links.push(link(&outcome.entry, &receipt));
            }
            Err(error) => outcome.refused.push((place, error)),
        }
    }
    store::insert_entry_receipts(tx, &links)?;
    finish(tx, &decisions, &mut outcomes)?;
    Ok(outcomes)
}

fn link(entry: &BankEntry, receipt: &Receipt) -> EntryReceipt {
    EntryReceipt {
        receipt_id: receipt.id,
        entry_id: entry.id,
        amount_minor: receipt.amount_minor,
        given_back_at: None,
    }
}

fn new_receipt(
    entry: &BankEntry,
    part: &Part,
    payer: Option<CustomerId>,
    today: NaiveDate,
) -> NewReceipt {
    let named: Vec<NamedApplication> = part
        .invoices
        .iter()
        .map(|share| {
            let invoice = InvoiceRef::Id(share.invoice_id);
            NamedApplication::of(invoice, entry.money(share.amount_minor))
        })
        .collect();
    NewReceipt {
        prepaid_order: None,
        origin: Origin::Bank,
        rests: Rests::MayClose,
        number: receipt_number(entry.id, entry.receipts_made),
        // Money whose value comes later is there when it is booked.
        receipt_date: Some(entry.value_date)
            .filter(|day| *day <= today)
            .unwrap_or(entry.booking_date),
        amount: entry.money(part.amount_minor),
        legal_entity: entry.legal_entity_id,
        payer,
        application: if named.is_empty() {
            Application::Nothing
        } else {
            Application::Named(named)
        },
    }
}

/// The number of the receipt that an entry becomes: the entry's own id, and which one of its receipts it is.
fn receipt_number(entry: BankEntryId, count: i32) -> Number {
    let id = entry.to_string();
    let suffix = id.split_once('_').map_or(id.as_str(), |(_, suffix)| suffix);
    Number::stored(format!("BANK-{suffix}-{count}"))
}

/// Writes where the entries stand now, what is learned, and the trail.
fn finish(tx: &mut Tx, decisions: &[Decision], outcomes: &mut [Outcome]) -> Result<(), DbError> {
    let mut after: Vec<BankEntry> = Vec::new();
    let mut changes: Vec<Change> = Vec::new();
    for (decision, outcome) in decisions.iter().zip(outcomes.iter_mut()) {
        let before = &decision.entry;
        if outcome.entry.assigned_minor == before.assigned_minor {
            outcome.entry = before.clone();
            continue;
        }
        stand(tx, decision, &mut outcome.entry);
        let mut change = Change::new("bank_entry.applied", before.id)
            .before(before)
            .after(&Applied {
                entry: &outcome.entry,
                parts: &decision.parts,
                reasons: &decision.reasons,
            });
        if let Some(because) = &decision.because {
            change = change.because(because);
        }
        changes.push(change);
        after.push(outcome.entry.clone());
        learn(tx, decision)?;
        use_advice(tx, decision)?;
    }
    store::save_entries(tx, &after)?;
    let done: Vec<BankEntryId> = after
        .iter()
        .filter(|entry| entry.status == EntryStatus::Applied)
        .map(|entry| entry.id)
        .collect();
    store::replace_proposals(tx, &done, &[])?;
    tx.record_all(changes)
}

/// An entry that became receipts, as the trail tells it.
#[derive(serde::Serialize)]
struct Applied<'a> {
    entry: &'a BankEntry,
    parts: &'a [Part],
    reasons: &'a [Reason],
}

fn stand(tx: &Tx, decision: &Decision, entry: &mut BankEntry) {
    entry.status = if entry.left_minor() == 0 {
        EntryStatus::Applied
    } else {
        EntryStatus::Open
    };
    let customers: BTreeSet<CustomerId> =
        decision.parts.iter().map(|part| part.customer_id).collect();
    entry.customer_id = customers.first().copied().filter(|_| customers.len() == 1);
    entry.decided_by.clone_from(&decision.by);
    entry.decided_at = Some(tx.now());
    entry.decision_reason.clone_from(&decision.because);
    entry.version += 1;
}

/// Keeps that the customer paid from this account.
fn learn(tx: &mut Tx, decision: &Decision) -> Result<(), DbError> {
    let entry = &decision.entry;
    let ([part], Some(number), true) = (
        decision.parts.as_slice(),
        entry.payer_account.as_ref(),
        decision.learns,
    ) else {
        return Ok(());
    };
    let account = PayerAccount {
        id: PayerAccountId::new(),
        number: number.clone(),
        customer_id: part.customer_id,
        payer_name: entry.payer_name.clone(),
        entry_id: entry.id,
        uses: 1,
        learned_by: tx.caller().subject.clone(),
        learned_at: tx.now(),
        used_at: tx.now(),
        version: 1,
    };
    let kept = store::learn_payer_account(tx, &account)?;
    if kept.id == account.id {
        tx.record(Change::new("payer_account.learned", kept.id).after(&kept))?;
    }
    Ok(())
}

/// The advice that announced the payment is paid.
fn use_advice(tx: &mut Tx, decision: &Decision) -> Result<(), DbError> {
    let advice = decision.reasons.iter().find_map(|reason| reason.advice_id);
    let Some(advice) = advice else {
        return Ok(());
    };
    let found = store::find_advice(tx, advice)?;
    let Some(before) = found.filter(|advice| advice.status == AdviceStatus::Open) else {
        return Ok(());
    };
    let after = RemittanceAdvice {
        status: AdviceStatus::Paid,
        entry_id: Some(decision.entry.id),
        ..before.clone()
    };
    if let Some(after) = store::update_advice_if_unchanged(tx, &after)? {
        tx.record(
            Change::new("remittance_advice.paid", after.id)
                .before(&before)
                .after(&after),
        )?;
    }
    Ok(())
}
