//! Credit notes.

use actix_web::{HttpRequest, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::invoices::{language_of, refuse_unless_all};
use super::refuse_hidden;
use super::shapes::{BatchQuery, CreditNoteBatchOut, CreditNoteItemOut, CreditNoteOut};
use crate::book::receivables::actions::ReceivableError;
use crate::book::receivables::input::{
    ApplyIn, CreditNoteBatchIn, CreditNoteFilter, CreditNoteIn, TakeBackIn, UnapplyIn,
};
use crate::book::receivables::model::{CreditNote, CreditNoteRef};
use crate::book::receivables::{actions, store};
use crate::platform::http::auth::{PostCash, ReadReceivables, ReverseDocuments};
use crate::platform::http::page::{CursorKey, PageOut, Query};
use crate::platform::http::{
    Actor, Answer, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem,
};
use kernel::places::Language;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(post_credit_note)
        .service(post_credit_note_batch)
        .service(list_credit_notes)
        .service(find_credit_note)
        .service(apply_credit_note)
        .service(unapply_credit_note)
        .service(reverse_credit_note);
}

/// Post a credit note
///
/// About an invoice, it settles that one as far as it is open, and what is left is unapplied. About none, all of it is
/// unapplied. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    request_body = CreditNoteIn,
    responses((status = 201, description = "The credit note.", body = CreditNoteOut)),
    security(("bearer" = ["cash:post"]))
)]
#[post("/v1/credit-notes")]
pub async fn post_credit_note(
    actor: Actor<PostCash>,
    command: KeyedCommand<CreditNoteIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, |tx, input| {
            let note = actions::create_credit_note(tx, input)?;
            let location = format!("/v1/credit-notes/{}", note.id);
            let version = note.version;
            Ok(Answer::created(&CreditNoteOut::from(note), location)?.version(version))
        })
        .await
}

/// Post many credit notes
///
/// At most 500. Each is posted for itself and has a status of its own, unless `atomic=true` asks for all or none. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(BatchQuery),
    request_body = CreditNoteBatchIn,
    responses(
        (status = 200, description = "All were posted, as `atomic=true` asked.", body = CreditNoteBatchOut),
        (status = 207, description = "What became of each.", body = CreditNoteBatchOut),
    ),
    security(("bearer" = ["cash:post"]))
)]
#[post("/v1/credit-notes/batch")]
pub async fn post_credit_note_batch(
    actor: Actor<PostCash>,
    query: Query<BatchQuery>,
    command: KeyedCommand<CreditNoteBatchIn>,
    request: HttpRequest,
    executor: web::Data<Executor>,
) -> Outcome {
    let language = language_of(&request);
    let atomic = query.0.atomic.unwrap_or(false);
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let outcomes: Vec<Result<CreditNote, Problem>> =
                actions::create_credit_notes(tx, &input.credit_notes)?
                    .into_iter()
                    .enumerate()
                    .map(|(index, outcome)| {
                        let at = format!("/credit_notes/{index}");
                        outcome.map_err(|error| Problem::from(error).below(&at))
                    })
                    .collect();
            if atomic {
                refuse_unless_all(&outcomes)?;
            }
            let request_id = tx.caller().request_id.clone();
            let results = results(&input.credit_notes, outcomes, language, &request_id);
            let body = CreditNoteBatchOut { results };
            if atomic {
                Answer::ok(&body)
            } else {
                Answer::multi_status(&body)
            }
        })
        .await
}

fn results(
    inputs: &[CreditNoteIn],
    outcomes: Vec<Result<CreditNote, Problem>>,
    language: Language,
    request_id: &str,
) -> Vec<CreditNoteItemOut> {
    let item = |(input, outcome): (&CreditNoteIn, Result<CreditNote, Problem>)| {
        let number = input.number.clone();
        match outcome {
            Ok(note) => CreditNoteItemOut {
                number,
                status: 201,
                id: Some(note.id),
                problem: None,
            },
            Err(problem) => CreditNoteItemOut {
                number,
                status: problem.code().status(),
                id: None,
                problem: Some(problem.body(language, "/v1/credit-notes/batch", request_id)),
            },
        }
    };
    inputs.iter().zip(outcomes).map(item).collect()
}

/// List credit notes
///
/// Those of the customers that you may see, the newest first.
#[utoipa::path(
    tag = "receivables",
    params(Listing<CreditNoteFilter>),
    responses((status = 200, description = "One page of credit notes.", body = PageOut<CreditNoteOut>)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/credit-notes")]
pub async fn list_credit_notes(
    actor: Actor<ReadReceivables>,
    listing: Listing<CreditNoteFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let Listing { filter, page } = listing;
            store::list_credit_notes(db, &actor, &filter, &page)
        })
        .await?;
    Ok(page
        .map(CreditNoteOut::from)
        .into_response(&request, &cursors))
}

/// Read a credit note
///
/// By id or number. A number names the living credit note, and where there is none, the one that was reversed last; the
/// others by id.
#[utoipa::path(
    tag = "receivables",
    params(CreditNoteRef),
    responses((status = 200, description = "The credit note.", body = CreditNoteOut)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/credit-notes/{credit_note}")]
pub async fn find_credit_note(
    actor: Actor<ReadReceivables>,
    note: web::Path<CreditNoteRef>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let note = store::find_credit_note(db, &note)?
                .ok_or(ReceivableError::Missing("credit note"))?;
            refuse_hidden(db, &actor, note.customer_id, "credit note")?;
            let version = note.version;
            Ok(Answer::ok(&CreditNoteOut::from(note))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Apply what a credit note has left
///
/// To named invoices, or to the oldest first. It counts from `effective_on` on, today when not given; an invoice of a
/// later date is settled from its own date on. More than is left or open is refused, so that no `If-Match` is needed. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(CreditNoteRef),
    request_body = ApplyIn,
    responses((status = 200, description = "The credit note as it is now.", body = CreditNoteOut)),
    security(("bearer" = ["cash:post"]))
)]
#[post("/v1/credit-notes/{credit_note}/apply")]
pub async fn apply_credit_note(
    actor: Actor<PostCash>,
    note: web::Path<CreditNoteRef>,
    command: KeyedCommand<ApplyIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let note = actions::apply_credit_note(tx, &note, &input.application(), input.day())?;
            let version = note.version;
            Ok(Answer::ok(&CreditNoteOut::from(note))?.version(version))
        })
        .await
}

/// Take a credit note off an invoice
///
/// The one that is named, or all that it settles; they are open again and the money is unapplied, from `effective_on` on,
/// today when not given. What settles nothing there is refused, so that no `If-Match` is needed. An `Idempotency-Key`
/// is required.
#[utoipa::path(
    tag = "receivables",
    params(CreditNoteRef),
    request_body = UnapplyIn,
    responses((status = 200, description = "The credit note as it is now.", body = CreditNoteOut)),
    security(("bearer" = ["documents:reverse"]))
)]
#[post("/v1/credit-notes/{credit_note}/unapply")]
pub async fn unapply_credit_note(
    actor: Actor<ReverseDocuments>,
    note: web::Path<CreditNoteRef>,
    command: KeyedCommand<UnapplyIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let note =
                actions::unapply_credit_note(tx, &note, &input.unapplication(), &input.reason)?;
            let version = note.version;
            Ok(Answer::ok(&CreditNoteOut::from(note))?.version(version))
        })
        .await
}

/// Reverse a credit note
///
/// One that was posted by mistake. All that it settled is undone, and the invoices are open again, from `effective_on`
/// on: the credit note's own date when it was wrong from the start, today when not given. Its number may be used again. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(CreditNoteRef, IfMatch),
    request_body = TakeBackIn,
    responses((status = 200, description = "The credit note as it is now.", body = CreditNoteOut)),
    security(("bearer" = ["documents:reverse"]))
)]
#[post("/v1/credit-notes/{credit_note}/reverse")]
pub async fn reverse_credit_note(
    actor: Actor<ReverseDocuments>,
    note: web::Path<CreditNoteRef>,
    version: IfMatch,
    command: KeyedCommand<TakeBackIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let note =
                actions::reverse_credit_note(tx, &note, version.0, &input.reason, input.day())?;
            let version = note.version;
            Ok(Answer::ok(&CreditNoteOut::from(note))?.version(version))
        })
        .await
}
