//! Items, and what settles them without money.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::refuse_hidden;
use super::shapes::{InvoiceOut, OpenItemOut, SettlementOut};
use crate::book::receivables::actions::ReceivableError;
use crate::book::receivables::input::{ItemFilter, SetOffIn};
use crate::book::receivables::model::{DocumentRef, Invoice, InvoiceRef, Item};
use crate::book::receivables::{actions, store};
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{ReadReceivables, ReverseDocuments, SetOffInvoices};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Executor, KeyedCommand, Listing, Outcome, ReasonIn};
use kernel::ids::{InvoiceId, ItemId, SettlementId};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_items)
        .service(find_item)
        .service(set_off_invoice)
        .service(reverse_settlement);
}

/// List items
///
/// What is open of the invoices that you may see, or was: an invoice has one item, or one for each instalment. The earliest
/// due first.
#[utoipa::path(
    tag = "receivables",
    params(Listing<ItemFilter>),
    responses((status = 200, description = "One page of items.", body = PageOut<OpenItemOut>)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/items")]
pub async fn list_items(
    actor: Actor<ReadReceivables>,
    listing: Listing<ItemFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let Listing { filter, page } = listing;
            let page = store::list_items(db, &actor, &filter, &page)?;
            Ok(page.try_map_all(|items| describe(db, items))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Items with what their invoices say.
fn describe(db: &mut Db, items: Vec<Item>) -> Result<Vec<OpenItemOut>, DbError> {
    let references: Vec<InvoiceRef> = items
        .iter()
        .map(|item| DocumentRef::Id(item.invoice_id))
        .collect();
    let references: Vec<&InvoiceRef> = references.iter().collect();
    let invoices: BTreeMap<InvoiceId, Invoice> = store::list_invoices_by_refs(db, &references)?
        .into_iter()
        .map(|invoice| (invoice.id, invoice))
        .collect();
    items
        .into_iter()
        .filter_map(|item| {
            let invoice = invoices.get(&item.invoice_id)?;
            Some(OpenItemOut::read(invoice, item))
        })
        .collect()
}

/// Read an item
///
/// What is open on an invoice, or on one of its instalments: when it is due, and which discounts it has until when.
#[utoipa::path(
    tag = "receivables",
    params(ItemId),
    responses((status = 200, description = "The item.", body = OpenItemOut)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/items/{id}")]
pub async fn find_item(
    actor: Actor<ReadReceivables>,
    id: web::Path<ItemId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let missing = || ReceivableError::Missing("item");
            let item = store::find_item(db, *id)?.ok_or_else(missing)?;
            refuse_hidden(db, &actor, item.customer_id, "item")?;
            let version = item.version;
            let out = describe(db, vec![item])?.pop().ok_or_else(missing)?;
            Ok(Answer::ok(&out)?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Set off an invoice
///
/// By what we owe the customer (`compensation`), or by giving up a small difference (`write_off`), within what the policy
/// lets go. More than is open is refused, so that no `If-Match` is needed. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(InvoiceRef),
    request_body = SetOffIn,
    responses((status = 200, description = "The invoice as it is now.", body = InvoiceOut)),
    security(("bearer" = ["invoices:set-off"]))
)]
#[post("/v1/invoices/{invoice}/set-off")]
pub async fn set_off_invoice(
    actor: Actor<SetOffInvoices>,
    invoice: web::Path<InvoiceRef>,
    command: KeyedCommand<SetOffIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let invoice = actions::set_off(tx, &invoice, input)?;
            let version = invoice.version;
            Ok(Answer::ok(&InvoiceOut::from(invoice))?.version(version))
        })
        .await
}

/// Reverse a settlement
///
/// What was set off or given up by mistake: the invoice is open again. What a receipt or credit note settles is taken off
/// with that document. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(SettlementId),
    request_body = ReasonIn,
    responses((status = 200, description = "The settlement that was undone.", body = SettlementOut)),
    security(("bearer" = ["documents:reverse"]))
)]
#[post("/v1/settlements/{id}/reverse")]
pub async fn reverse_settlement(
    actor: Actor<ReverseDocuments>,
    id: web::Path<SettlementId>,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let row = actions::reverse_settlement(tx, *id, &input.reason)?;
            let invoice = store::find_invoice(tx, &DocumentRef::Id(row.invoice_id))?;
            let invoice = invoice.ok_or(ReceivableError::Missing("invoice"))?;
            Answer::ok(&SettlementOut::new(&invoice, row))
        })
        .await
}
