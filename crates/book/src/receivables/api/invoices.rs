//! Invoices, one by one and many at once.

use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{HttpRequest, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::refuse_hidden;
use super::shapes::{BatchQuery, InvoiceBatchOut, InvoiceOut, ItemOut, SettlementOut};
use crate::book::receivables::actions::ReceivableError;
use crate::book::receivables::input::{CancelInvoiceIn, InvoiceBatchIn, InvoiceFilter, InvoiceIn};
use crate::book::receivables::model::{Invoice, InvoiceRef};
use crate::book::receivables::{actions, store};
use crate::platform::db::Db;
use crate::platform::http::auth::{PostInvoices, ReadReceivables, ReverseDocuments};
use crate::platform::http::page::{CursorKey, PageOut, Query};
use crate::platform::http::{
    Actor, Answer, Code, Executor, IfMatch, KeyedCommand, Listing, NoFilter, Outcome, Problem,
};
use kernel::caller::Caller;
use kernel::places::Language;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(post_invoice)
        .service(post_invoice_batch)
        .service(list_invoices)
        .service(find_invoice)
        .service(cancel_invoice)
        .service(list_settlements);
}

/// Post an invoice
///
/// The account's exposure goes up by its amount. An invoice is never refused for want of limit: the goods are
/// delivered. One that names its order takes the place of what was delivered of it, then of what is reserved for it
/// (purpose `order`); where it passes that by more than the policy's tolerance, it is posted with a warning. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    request_body = InvoiceIn,
    responses((status = 201, description = "The invoice.", body = InvoiceOut)),
    security(("bearer" = ["invoices:post"]))
)]
#[post("/v1/invoices")]
pub async fn post_invoice(
    actor: Actor<PostInvoices>,
    command: KeyedCommand<InvoiceIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, |tx, input| {
            let invoice = actions::create_invoice(tx, input)?;
            let location = format!("/v1/invoices/{}", invoice.id);
            let version = invoice.version;
            Ok(Answer::created(&InvoiceOut::from(invoice), location)?.version(version))
        })
        .await
}

/// Post many invoices
///
/// At most 500. Each is posted for itself and has a status of its own, unless `atomic=true` asks for all or none. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(BatchQuery),
    request_body = InvoiceBatchIn,
    responses(
        (status = 200, description = "All were posted, as `atomic=true` asked.", body = InvoiceBatchOut),
        (status = 207, description = "What became of each.", body = InvoiceBatchOut),
    ),
    security(("bearer" = ["invoices:post"]))
)]
#[post("/v1/invoices/batch")]
pub async fn post_invoice_batch(
    actor: Actor<PostInvoices>,
    query: Query<BatchQuery>,
    command: KeyedCommand<InvoiceBatchIn>,
    request: HttpRequest,
    executor: web::Data<Executor>,
) -> Outcome {
    let language = language_of(&request);
    let atomic = query.0.atomic.unwrap_or(false);
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let outcomes: Vec<Result<Invoice, Problem>> =
                actions::create_invoices(tx, &input.invoices)?
                    .into_iter()
                    .enumerate()
                    .map(|(index, outcome)| outcome.map_err(|error| item_problem(index, error)))
                    .collect();
            if atomic {
                refuse_unless_all(&outcomes)?;
            }
            let request_id = tx.caller().request_id.clone();
            let results = results(&input.invoices, outcomes, language, &request_id);
            if !atomic {
                return Answer::multi_status(&InvoiceBatchOut { results });
            }
            Answer::ok(&InvoiceBatchOut { results })
        })
        .await
}

/// The language in which the problems of a batch are told.
pub(super) fn language_of(request: &HttpRequest) -> Language {
    request
        .headers()
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map(Language::negotiate)
        .unwrap_or_default()
}

/// What is wrong with one invoice of a batch.
fn item_problem(index: usize, error: ReceivableError) -> Problem {
    Problem::from(error).below(&format!("/invoices/{index}"))
}

fn results(
    inputs: &[InvoiceIn],
    outcomes: Vec<Result<Invoice, Problem>>,
    language: Language,
    request_id: &str,
) -> Vec<ItemOut> {
    let item = |(input, outcome): (&InvoiceIn, Result<Invoice, Problem>)| {
        let number = input.number.clone();
        match outcome {
            Ok(invoice) => ItemOut {
                number,
                status: 201,
                id: Some(invoice.id),
                problem: None,
            },
            Err(problem) => ItemOut {
                number,
                status: problem.code().status(),
                id: None,
                problem: Some(problem.body(language, "/v1/invoices/batch", request_id)),
            },
        }
    };
    inputs.iter().zip(outcomes).map(item).collect()
}

/// All or none: one problem that tells everything that is wrong.
pub(super) fn refuse_unless_all<T>(outcomes: &[Result<T, Problem>]) -> Result<(), Problem> {
    let mut refused = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err())
        .peekable();
    if refused.peek().is_none() {
        return Ok(());
    }
    Err(refused
        .cloned()
        .fold(Problem::new(Code::Invalid), Problem::and))
}

/// List invoices
///
/// Those of the customers that you may see.
#[utoipa::path(
    tag = "receivables",
    params(Listing<InvoiceFilter>),
    responses((status = 200, description = "One page of invoices.", body = PageOut<InvoiceOut>)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/invoices")]
pub async fn list_invoices(
    actor: Actor<ReadReceivables>,
    listing: Listing<InvoiceFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list_invoices(db, &actor, &listing.filter, &listing.page))
        .await?;
    Ok(page.map(InvoiceOut::from).into_response(&request, &cursors))
}

/// Read an invoice
///
/// By id or number. A number names the living invoice, and where there is none, the one that was cancelled last; the
/// others by id.
#[utoipa::path(
    tag = "receivables",
    params(InvoiceRef),
    responses((status = 200, description = "The invoice.", body = InvoiceOut)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/invoices/{invoice}")]
pub async fn find_invoice(
    actor: Actor<ReadReceivables>,
    invoice: web::Path<InvoiceRef>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let invoice = find_visible(db, &actor, &invoice)?;
            let version = invoice.version;
            Ok(Answer::ok(&InvoiceOut::from(invoice))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Cancel an invoice
///
/// One that was posted by mistake, before anything settles it; a settled one needs its receipt or credit note
/// reversed or taken off first. It counts no more from `effective_on` on: its own date when it was wrong from the start,
/// today when not given. Its number may be used again. With
/// `restore_order` its order has back what the invoice took of it. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(InvoiceRef, IfMatch),
    request_body = CancelInvoiceIn,
    responses((status = 200, description = "The invoice as it is now.", body = InvoiceOut)),
    security(("bearer" = ["documents:reverse"]))
)]
#[post("/v1/invoices/{invoice}/cancel")]
pub async fn cancel_invoice(
    actor: Actor<ReverseDocuments>,
    invoice: web::Path<InvoiceRef>,
    version: IfMatch,
    command: KeyedCommand<CancelInvoiceIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let invoice = actions::cancel_invoice(
                tx,
                &invoice,
                version.0,
                &input.reason,
                input.day(),
                input.order(),
            )?;
            let version = invoice.version;
            Ok(Answer::ok(&InvoiceOut::from(invoice))?.version(version))
        })
        .await
}

/// List what settled an invoice
///
/// In the order in which it was done. What was undone stands there too, with the opposite sign, and an undoing that was
/// moved to an earlier day is undone in its turn.
#[utoipa::path(
    tag = "receivables",
    params(InvoiceRef, Listing<NoFilter>),
    responses((status = 200, description = "One page of settlements.", body = PageOut<SettlementOut>)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/invoices/{invoice}/settlements")]
pub async fn list_settlements(
    actor: Actor<ReadReceivables>,
    invoice: web::Path<InvoiceRef>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let invoice = find_visible(db, &actor, &invoice)?;
            let page = store::list_settlements(db, invoice.id, &listing.page)?;
            Ok(page.map(|row| SettlementOut::new(&invoice, row)))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

fn find_visible(db: &mut Db, caller: &Caller, reference: &InvoiceRef) -> Result<Invoice, Problem> {
    let invoice = store::find_invoice(db, reference)?.ok_or(ReceivableError::Missing("invoice"))?;
    refuse_hidden(db, caller, invoice.customer_id, "invoice")?;
    Ok(invoice)
}
