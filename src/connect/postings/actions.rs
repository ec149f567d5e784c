//! Postings are made, and acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::input::AcknowledgeIn;
use super::model::{PaidRefund, Posting, PostingKind};
use super::{rules, store};
use crate::book::receivables::model::Settlement;
use crate::collect::charges::model::{Charge, ChargeStatus};
use crate::platform::db::{Change, DbError, Tx};
use crate::platform::events::{EVENTS_AT_ONCE, Event, Subscription};
use kernel::clock::Instant;
use kernel::ids::{
    ChargeId, InvoiceId, LegalEntityId, PostingId, ReceiptId, RefundId, SettlementId,
};
use kernel::money::Currency;
use kernel::text::Subject;

/// Postings follow what was settled, given back and claimed.
pub const WHAT_BEGAN_HERE: Subscription = Subscription {
    name: "postings",
    actions: &[
        "charge.cancelled",
        "charge.claimed",
        "charge.waived",
        "invoice.settled",
        "refund.paid",
    ],
    at_once: EVENTS_AT_ONCE,
    handle: follow,
};

/// Why a posting can't be acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum PostingError {
    #[error("there is no such posting")]
    Missing,
    #[error("the posting is acknowledged already")]
    Acknowledged,
    #[error("the row has another version")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

fn follow(tx: &mut Tx, events: &[Event]) -> Result<(), DbError> {
    let mut settled: BTreeMap<(InvoiceId, Instant), &str> = BTreeMap::new();
    let mut paid: Vec<RefundId> = Vec::new();
    let mut claimed: Vec<ChargeId> = Vec::new();
    for event in events {
        if event.action == "refund.paid" {
            paid.extend(event.entity_id.parse::<RefundId>());
        } else if event.action.starts_with("charge.") {
            claimed.extend(event.entity_id.parse::<ChargeId>());
        } else if let Ok(invoice) = event.entity_id.parse() {
            settled.insert((invoice, event.at), &event.roles);
        }
    }
    let mut postings = of_settlements(tx, &settled)?;
    let by = tx.caller().subject.clone();
    let now = tx.now();
    let refunds = store::list_refunds(tx, &paid)?;
    postings.extend(
        refunds
            .into_iter()
            .map(|refund| of_refund(refund, &by, now)),
    );
    postings.extend(of_charges(tx, &claimed)?);
    let known = (
        store::known_settlements(tx, &ids(&postings, |one| one.settlement_id))?,
        store::known_refunds(tx, &ids(&postings, |one| one.refund_id))?,
    );
    postings.retain(|posting| {
        let is_known = |id: &SettlementId| known.0.contains(id);
        !posting.settlement_id.as_ref().is_some_and(is_known)
            && !posting.refund_id.is_some_and(|id| known.1.contains(&id))
    });
    if postings.is_empty() {
        return Ok(());
    }
    store::insert(tx, &postings)?;
    let made = |posting: &Posting| Change::new("posting.made", posting.id).after(posting);
    tx.record_all(postings.iter().map(made).collect())
}

fn ids<Id>(postings: &[Posting], id: impl Fn(&Posting) -> Option<Id>) -> Vec<Id> {
    postings.iter().filter_map(id).collect()
}

/// The postings of settlements that were made in the units of work that settled invoices; with each its roles.
fn of_settlements(
    tx: &mut Tx,
    settled: &BTreeMap<(InvoiceId, Instant), &str>,
) -> Result<Vec<Posting>, DbError> {
    let invoices: BTreeSet<InvoiceId> = settled.keys().map(|(invoice, _)| *invoice).collect();
    let instants: BTreeSet<Instant> = settled.keys().map(|(_, at)| *at).collect();
    let found = store::list_settlements(
        tx,
        &invoices.into_iter().collect::<Vec<_>>(),
        &instants.into_iter().collect::<Vec<_>>(),
    )?;
    let receipts: Vec<ReceiptId> = found
        .iter()
        .filter_map(|(settlement, ..)| settlement.receipt_id)
        .collect();
    let from_banks = store::from_banks(tx, &receipts)?;
    let made = found
        .into_iter()
        .filter_map(|(settlement, currency, entity)| {
            let roles = settled.get(&(settlement.invoice_id, settlement.created_at))?;
            let is_from_bank = settlement
                .receipt_id
                .is_some_and(|receipt| from_banks.contains(&receipt));
            rules::began_here(roles, is_from_bank)
                .then(|| of_settlement(&settlement, currency, entity))
        });
    made.collect()
}

fn of_settlement(
    settlement: &Settlement,
    currency: Currency,
    legal_entity_id: LegalEntityId,
) -> Result<Posting, DbError> {
    let kind: PostingKind = settlement
        .kind
        .as_str()
        .parse()
        .map_err(DbError::Document)?;
    Ok(Posting {
        id: PostingId::at(settlement.created_at),
        kind,
        settlement_id: Some(settlement.id),
        refund_id: None,
        customer_id: settlement.customer_id,
        legal_entity_id,
        invoice_id: Some(settlement.invoice_id),
        receipt_id: settlement.receipt_id,
        credit_note_id: settlement.credit_note_id,
        currency,
        amount_minor: settlement.amount_minor,
        effective_on: settlement.effective_on,
        created_by: settlement.created_by.clone(),
        created_at: settlement.created_at,
        acknowledged_by: None,
        acknowledged_at: None,
        reference: None,
        version: 1,
        charge_id: None,
    })
}

fn of_refund(refund: PaidRefund, by: &Subject, now: Instant) -> Posting {
    Posting {
        id: PostingId::at(now),
        kind: PostingKind::Refund,
        settlement_id: None,
        refund_id: Some(refund.id),
        customer_id: refund.customer_id,
        legal_entity_id: refund.legal_entity_id,
        invoice_id: None,
        receipt_id: Some(refund.receipt_id),
        credit_note_id: None,
        currency: refund.currency,
        amount_minor: refund.amount_minor,
        effective_on: refund.paid_on.unwrap_or_else(|| now.utc().date_naive()),
        created_by: by.clone(),
        created_at: now,
        acknowledged_by: None,
        acknowledged_at: None,
        reference: None,
        version: 1,
        charge_id: None,
    }
}

/// What charges lack of postings: one of those that were claimed, and one that takes it back of those whose claim was
/// waived or cancelled.
fn of_charges(tx: &mut Tx, ids: &[ChargeId]) -> Result<Vec<Posting>, DbError> {
    let (by, now) = (tx.caller().subject.clone(), tx.now());
    let charges: BTreeMap<ChargeId, Charge> = store::list_claimed(tx, ids)?
        .into_iter()
        .map(|charge| (charge.id, charge))
        .collect();
    let ids: Vec<ChargeId> = charges.keys().copied().collect();
    let mut posted: BTreeMap<ChargeId, i64> = BTreeMap::new();
    for (charge, minor) in store::posted_of_charges(tx, &ids)? {
        *posted.entry(charge).or_default() += minor;
    }
    let mut postings = Vec::new();
    for charge in charges.values() {
        let is_over = matches!(
            charge.status,
            ChargeStatus::Waived | ChargeStatus::Cancelled
        );
        let told = posted.get(&charge.id).copied();
        let whole = charge.amount_minor;
        let made: Vec<(i64, Option<NaiveDate>)> = match (told, is_over) {
            (None, false) => vec![(whole, charge.claimed_on)],
            (None, true) => vec![(whole, charge.claimed_on), (-whole, charge.ended_on)],
            (Some(minor), true) if minor != 0 => vec![(-whole, charge.ended_on)],
            (Some(_), _) => Vec::new(),
        };
        for (minor, on) in made {
            postings.push(Posting {
                id: PostingId::at(now),
                kind: PostingKind::Charge,
                settlement_id: None,
                refund_id: None,
                customer_id: charge.customer_id,
                legal_entity_id: charge.legal_entity_id,
                invoice_id: charge.claimed_invoice_id,
                receipt_id: None,
                credit_note_id: None,
                currency: charge.currency,
                amount_minor: minor,
                effective_on: on.unwrap_or_else(|| now.utc().date_naive()),
                created_by: by.clone(),
                created_at: now,
                acknowledged_by: None,
                acknowledged_at: None,
                reference: None,
                version: 1,
                charge_id: Some(charge.id),
            });
        }
    }
    Ok(postings)
}

/// Says that a ledger has followed.
///
/// # Errors
/// When it is not there, changed since `version`, or acknowledged already.
pub fn acknowledge(
    tx: &mut Tx,
    id: PostingId,
    version: i64,
    input: &AcknowledgeIn,
) -> Result<Posting, PostingError> {
    let before = store::find(tx, id)?.ok_or(PostingError::Missing)?;
    if before.acknowledged_at.is_some() {
        return Err(PostingError::Acknowledged);
    }
    if before.version != version {
        return Err(PostingError::Stale);
    }
    let after = Posting {
        acknowledged_by: Some(tx.caller().subject.clone()),
        acknowledged_at: Some(tx.now()),
        reference: input.reference.clone(),
        ..before.clone()
    };
    let after = store::acknowledge_if_unchanged(tx, &after)?.ok_or(PostingError::Stale)?;
    tx.record(
        Change::new("posting.acknowledged", id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}
