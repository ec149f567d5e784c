//! `/v1/postings`.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, PostingError};
use super::input::{AcknowledgeIn, PostingFilter};
use super::model::{Posting, PostingKind};
use super::store;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::platform::http::auth::{AcknowledgePostings, ReadPostings};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, Listing, Outcome, Problem,
};
use kernel::clock::Instant;
use kernel::ids::{
    ChargeId, CreditNoteId, CustomerId, InvoiceId, LegalEntityId, PostingId, ReceiptId, RefundId,
    SettlementId,
};
use kernel::money::Money;
use kernel::text::{Line, Number, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_postings)
        .service(find_posting)
        .service(acknowledge_posting);
}

/// List postings
///
/// What began here and a general ledger has to follow, the oldest first. With `status=open` those that no ledger has
/// acknowledged.
#[utoipa::path(
    tag = "postings",
    params(Listing<PostingFilter>),
    responses((status = 200, description = "One page of postings.", body = PageOut<PostingOut>)),
    security(("bearer" = ["postings:read"]))
)]
#[get("/v1/postings")]
pub async fn list_postings(
    actor: Actor<ReadPostings>,
    listing: Listing<PostingFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &actor, &listing.filter, &listing.page)?;
            let ids: BTreeSet<CustomerId> = page.items.iter().map(|one| one.customer_id).collect();
            let ids: Vec<CustomerId> = ids.into_iter().collect();
            let known: BTreeMap<CustomerId, Customer> = customers::list_by_ids(db, &ids)?
                .into_iter()
                .map(|customer| (customer.id, customer))
                .collect();
            Ok(page.map(|row| {
                let customer = known.get(&row.customer_id).cloned();
                PostingOut::new(row, customer)
            }))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a posting
///
/// What began here, and whether a ledger has followed.
#[utoipa::path(
    tag = "postings",
    params(PostingId),
    responses((status = 200, description = "The posting.", body = PostingOut)),
    security(("bearer" = ["postings:read"]))
)]
#[get("/v1/postings/{id}")]
pub async fn find_posting(
    actor: Actor<ReadPostings>,
    id: web::Path<PostingId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let posting = store::find(db, *id)?.ok_or(PostingError::Missing)?;
            let reference = CustomerRef::Id(posting.customer_id);
            let customer = customers::find_visible(db, &actor, &reference)?;
            answer(posting, customer.ok_or(PostingError::Missing)?)
        })
        .await?;
    Ok(answer.into_response())
}

/// Acknowledge a posting
///
/// The ledger has followed. Acknowledge it when it is posted there, not when it is read.
#[utoipa::path(
    tag = "postings",
    params(PostingId, IfMatch),
    request_body = AcknowledgeIn,
    responses((status = 200, description = "The posting, acknowledged.", body = PostingOut)),
    security(("bearer" = ["postings:acknowledge"]))
)]
#[post("/v1/postings/{id}/acknowledge")]
pub async fn acknowledge_posting(
    actor: Actor<AcknowledgePostings>,
    id: web::Path<PostingId>,
    version: IfMatch,
    command: Command<AcknowledgeIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let posting = actions::acknowledge(tx, *id, version.0, input)?;
            let customer = customers::find(tx, &CustomerRef::Id(posting.customer_id))?;
            answer(posting, customer.ok_or(PostingError::Missing)?)
        })
        .await
}

fn answer(posting: Posting, customer: Customer) -> Result<Answer, Problem> {
    let version = posting.version;
    Ok(Answer::ok(&PostingOut::new(posting, Some(customer)))?.version(version))
}

/// What a general ledger has to follow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Posting, example = json!({
    "id": "pst_01k00000000000000000000001", "kind": "payment", "settlement_id": "set_01k00000000000000000000001", "refund_id": null,
    "charge_id": null,
    "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.",
    "legal_entity_id": "ent_01k00000000000000000000001",
    "invoice_id": "inv_01k00000000000000000000001", "receipt_id": "rcp_01k00000000000000000000001",
    "credit_note_id": null, "amount": {"amount": "500.00", "currency": "CNY"}, "effective_on": "2026-03-31",
    "created_by": "u-31", "created_at": "2026-03-31T08:00:00.000000Z", "acknowledged_by": null,
    "acknowledged_at": null, "reference": null
}))]
pub struct PostingOut {
    id: PostingId,
    kind: PostingKind,
    settlement_id: Option<SettlementId>,
    refund_id: Option<RefundId>,
    charge_id: Option<ChargeId>,
    customer_id: CustomerId,
    customer_number: Option<Number>,
    customer_name: Option<Line>,
    legal_entity_id: LegalEntityId,
    invoice_id: Option<InvoiceId>,
    receipt_id: Option<ReceiptId>,
    credit_note_id: Option<CreditNoteId>,
    /// Negative where something is taken back.
    amount: Money,
    effective_on: NaiveDate,
    created_by: Subject,
    created_at: Instant,
    acknowledged_by: Option<Subject>,
    acknowledged_at: Option<Instant>,
    /// What the ledger that followed calls it.
    reference: Option<Line>,
}

impl PostingOut {
    fn new(row: Posting, customer: Option<Customer>) -> PostingOut {
        let (customer_number, customer_name) = customer.map(|one| (one.number, one.name)).unzip();
        PostingOut {
            customer_number,
            customer_name,
            amount: Money::from_minor(row.amount_minor, row.currency),
            id: row.id,
            kind: row.kind,
            settlement_id: row.settlement_id,
            refund_id: row.refund_id,
            charge_id: row.charge_id,
            customer_id: row.customer_id,
            legal_entity_id: row.legal_entity_id,
            invoice_id: row.invoice_id,
            receipt_id: row.receipt_id,
            credit_note_id: row.credit_note_id,
            effective_on: row.effective_on,
            created_by: row.created_by,
            created_at: row.created_at,
            acknowledged_by: row.acknowledged_by,
            acknowledged_at: row.acknowledged_at,
            reference: row.reference,
        }
    }
}

impl From<PostingError> for Problem {
    fn from(error: PostingError) -> Problem {
        match error {
            PostingError::Missing => Problem::not_found("posting"),
            PostingError::Acknowledged => Problem::ended("posting", "acknowledged"),
            PostingError::Stale => Problem::new(Code::Stale),
            PostingError::Db(error) => error.into(),
        }
    }
}
