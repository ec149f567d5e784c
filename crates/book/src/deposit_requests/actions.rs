//! Posting and cancelling deposit requests.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Deserialize;

use super::input::{DepositRequestIn, NewDepositRequest};
use super::model::{DepositRequest, Order, StandingRequest};
use super::{rules, store};
use crate::book::entities::actions as entities;
use crate::book::exposure::actions::Locked;
use crate::book::exposure::model::BalanceKey;
use crate::book::receivables::actions::{
    Accounts, ReceivableError, agreed_due_dates, check_amount,
};
use crate::book::receivables::input::{InvoiceDetails, NewInvoice};
use crate::book::receivables::model::{DepositRequestRef, DocumentRef};
use crate::platform::db::{Change, DbError, Reaction, Tx};
use kernel::ids::{CustomerId, DepositRequestId, LegalEntityId};
use kernel::money::{Currency, sum_minor};
use kernel::text::{Note, Number};

/// What a deposit request is called where a document is named.
pub const THING: &str = "deposit request";

/// Why a use case on deposit requests was refused.
#[derive(Debug, thiserror::Error)]
pub enum DepositError {
    #[error("there is no such deposit request")]
    Missing,
    #[error("the deposit request is cancelled")]
    Cancelled,
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Receivable(#[from] ReceivableError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Posts deposit requests, in few statements: one outcome for each, in order. Nothing is owed by them.
///
/// # Errors
/// When the database fails. Each outcome: when the currency is none of the account's, the amount is zero, a date is out of
/// bounds, or the number is taken.
pub fn post_requests(
    tx: &mut Tx,
    new: &[(&Locked, NewDepositRequest)],
) -> Result<Vec<Result<DepositRequest, ReceivableError>>, DbError> {
    let undated: Vec<(&Locked, NewInvoice)> = new
        .iter()
        .filter(|(_, new)| new.due_date.is_none())
        .map(|(locked, new)| (*locked, as_invoice(new)))
        .collect();
    let mut agreed = if undated.is_empty() {
        Vec::new()
    } else {
        agreed_due_dates(tx, &undated)?
    }
    .into_iter();
    let drafts: Vec<Result<DepositRequest, ReceivableError>> = new
        .iter()
        .map(|(locked, new)| {
            let due_date = match new.due_date {
                Some(day) => Ok(day),
                None => agreed.next().unwrap_or(Ok(new.request_date)),
            };
            draft(tx, locked, new, due_date?)
        })
        .collect();
    let rows: Vec<DepositRequest> = drafts.iter().flatten().cloned().collect();
    let inserted = store::insert(tx, &rows)?;
    let mut holders: BTreeMap<DepositRequestId, Option<DepositRequestId>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !inserted.contains(&row.id)) {
        let holder = store::find_living(tx, &row.number, row.legal_entity_id)?;
        holders.insert(row.id, holder);
    }
    let posted = rows.iter().filter(|row| inserted.contains(&row.id));
    tx.record_all(
        posted
            .map(|row| Change::new("deposit_request.posted", row.id).after(row))
            .collect(),
    )?;
    let outcome = |draft: Result<DepositRequest, ReceivableError>| {
        let row = draft?;
        match holders.get(&row.id) {
            None => Ok(row),
            Some(holder) => Err(ReceivableError::NumberTaken {
                thing: THING,
                number: row.number,
                existing_id: holder.map(|id| id.to_string()),
            }),
        }
    };
    Ok(drafts.into_iter().map(outcome).collect())
}

/// What is due by agreement is due as an invoice of the same day would be.
fn as_invoice(new: &NewDepositRequest) -> NewInvoice {
    NewInvoice {
        number: new.number.clone(),
        invoice_date: new.request_date,
        due_date: None,
        amount: new.amount,
        order_number: None,
        reservation_id: None,
        legal_entity: new.legal_entity,
        details: InvoiceDetails::default(),
    }
}

fn draft(
    tx: &Tx,
    locked: &Locked,
    new: &NewDepositRequest,
    due_date: NaiveDate,
) -> Result<DepositRequest, ReceivableError> {
    let account = &locked.account;
    check_amount(new.amount, account, "/amount")?;
    rules::check_dates(tx.today(), new.request_date, due_date)
        .map_err(|(pointer, error)| ReceivableError::Date { pointer, error })?;
    Ok(DepositRequest {
        id: DepositRequestId::new(),
        number: new.number.clone(),
        customer_id: account.customer_id,
        account_id: account.id,
        legal_entity_id: new.legal_entity,
        order_number: new.order_number.clone(),
        currency: new.amount.currency(),
        amount_minor: new.amount.minor(),
        request_date: new.request_date,
        due_date,
        label: new.label.clone(),
        cancelled_on: None,
        cancel_reason: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        version: 1,
    })
}

/// Posts a request to the customer that it names. What was prepaid for its order before counts for it at once.
///
/// # Errors
/// When the customer is unknown or has no account, and as [`post_requests`].
pub fn create(tx: &mut Tx, input: &DepositRequestIn) -> Result<StandingRequest, DepositError> {
    let entity = entities::find(tx, input.legal_entity.as_ref()).map_err(ReceivableError::from)?;
    let accounts = Accounts::lock(tx, std::slice::from_ref(&input.customer), [])?;
    let locked = accounts.find(&input.customer)?;
    let posted = post_requests(tx, &[(locked, input.to_new(entity))])?.pop();
    let posted = posted.unwrap_or(Err(ReceivableError::Missing(THING)))?;
    standing(tx, posted.id)
}

/// Takes back a request: the money is no longer asked for. What came for its order stays a prepayment.
///
/// # Errors
/// When the request is not there, changed since `version`, or is cancelled already.
pub fn cancel(
    tx: &mut Tx,
    reference: &DepositRequestRef,
    version: i64,
    reason: &Note,
) -> Result<StandingRequest, DepositError> {
    let found = store::find(tx, reference)?.ok_or(DepositError::Missing)?;
    let before = found.request;
    if before.version != version {
        return Err(DepositError::Stale);
    }
    if before.cancelled_on.is_some() {
        return Err(DepositError::Cancelled);
    }
    let after = DepositRequest {
        cancelled_on: Some(tx.today()),
        cancel_reason: Some(reason.to_string()),
        ..before.clone()
    };
    let after = store::update_if_unchanged(tx, &after)?.ok_or(DepositError::Stale)?;
    tx.record(
        Change::new("deposit_request.cancelled", after.id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    standing(tx, after.id)
}

fn standing(tx: &mut Tx, id: DepositRequestId) -> Result<StandingRequest, DepositError> {
    store::find(tx, &DocumentRef::Id(id))?.ok_or(DepositError::Missing)
}

/// Money that comes for an order, or a request that is posted or cancelled, may leave a request paid in full.
pub const PAYMENTS: Reaction = Reaction {
    actions: &[
        "receipt.posted",
        "deposit_request.posted",
        "deposit_request.cancelled",
    ],
    react: tell_paid,
};

/// What is wanted of a receipt.
#[derive(Deserialize)]
struct Came {
    customer_id: CustomerId,
    legal_entity_id: LegalEntityId,
    currency: Currency,
    amount_minor: i64,
    prepaid_order_number: Option<Number>,
}

/// What is wanted of a request.
#[derive(Deserialize)]
struct Asked {
    id: DepositRequestId,
    customer_id: CustomerId,
    legal_entity_id: LegalEntityId,
    currency: Currency,
    order_number: Number,
}

/// What a unit of work did about the money for an order.
#[derive(Default)]
struct Moved {
    came_minor: i64,
    posted: BTreeSet<DepositRequestId>,
    cancelled: BTreeSet<DepositRequestId>,
}

fn read_moved(changes: &[Change]) -> Result<BTreeMap<Order, Moved>, DbError> {
    let mut all: BTreeMap<Order, Moved> = BTreeMap::new();
    for change in changes {
        if change.action() == "receipt.posted" {
            let came: Came = change.read()?;
            if let Some(order) = came.prepaid_order_number {
                let key = BalanceKey::new(came.legal_entity_id, came.currency);
                let moved = all.entry((came.customer_id, key, order)).or_default();
                moved.came_minor = sum_minor([moved.came_minor, came.amount_minor])?;
            }
            continue;
        }
        let asked: Asked = change.read()?;
        let key = BalanceKey::new(asked.legal_entity_id, asked.currency);
        let order = (asked.customer_id, key, asked.order_number);
        let moved = all.entry(order).or_default();
        if change.action() == "deposit_request.posted" {
            moved.posted.insert(asked.id);
        } else {
            moved.cancelled.insert(asked.id);
        }
    }
    Ok(all)
}

/// Tells each request that is paid in full now and was not before.
fn tell_paid(tx: &mut Tx, changes: &[Change]) -> Result<(), DbError> {
    let all = read_moved(changes)?;
    if all.is_empty() {
        return Ok(());
    }
    let orders: BTreeSet<&Number> = all.keys().map(|(_, _, order)| order).collect();
    let received = store::sum_received(tx, &orders)?;
    let mut requests: BTreeMap<Order, Vec<DepositRequest>> = BTreeMap::new();
    for request in store::list_of_orders(tx, &orders)? {
        requests.entry(request.order()).or_default().push(request);
    }
    let mut told = Vec::new();
    for (order, moved) in &all {
        let of_order = requests.get(order).map_or(&[][..], Vec::as_slice);
        let received = received.get(order).copied().unwrap_or(0);
        let living = |request: &&DepositRequest| request.cancelled_on.is_none();
        let was_there = |request: &&DepositRequest| {
            let was_living = living(request) || moved.cancelled.contains(&request.id);
            was_living && !moved.posted.contains(&request.id)
        };
        let before: Vec<&DepositRequest> = of_order.iter().filter(was_there).collect();
        let now: Vec<&DepositRequest> = of_order.iter().filter(living).collect();
        let before = rules::paid_in_full(&before, received - moved.came_minor);
        let paid = rules::paid_in_full(&now, received);
        told.extend(
            now.iter()
                .filter(|request| paid.contains(&request.id) && !before.contains(&request.id))
                .map(|request| Change::new("deposit_request.paid", request.id).after(*request)),
        );
    }
    tx.record_all(told)
}
