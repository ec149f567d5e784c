//! `/v1/dunning-blocks`.

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::collect::dunning::input::{BlockFilter, BlockIn};
use crate::collect::dunning::model::{BlockStatus, DunningBlock};
use crate::collect::dunning::{actions, store};
use crate::platform::http::auth::{ReadDunning, RunDunning};
use crate::platform::http::page::{CursorKey, Page, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, Listing, Outcome, ReasonIn,
};
use kernel::clock::Instant;
use kernel::ids::{CustomerId, DunningBlockId, InvoiceId};
use kernel::text::{Note, Subject};

/// Block dunning
///
/// Keeps dunning away from a customer or from one invoice, up to and including a day. It ends by itself: a block
/// without an end is forgotten.
#[utoipa::path(
    tag = "dunning",
    request_body = BlockIn,
    responses((status = 201, description = "The block.", body = BlockOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-blocks")]
pub async fn put_dunning_block(
    actor: Actor<RunDunning>,
    command: Command<BlockIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let block = actions::put_block(tx, input)?;
            let location = format!("/v1/dunning-blocks?customer={}", block.customer_id);
            let version = block.version;
            let today = tx.today();
            Ok(Answer::created(&BlockOut::new(block, today), location)?.version(version))
        })
        .await
}

/// List dunning blocks
///
/// Those on customers that you may see, the newest first.
#[utoipa::path(
    tag = "dunning",
    params(Listing<BlockFilter>),
    responses((status = 200, description = "One page of blocks.", body = PageOut<BlockOut>)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-blocks")]
pub async fn list_dunning_blocks(
    actor: Actor<ReadDunning>,
    listing: Listing<BlockFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page: Page<BlockOut> = executor
        .read(move |db| {
            let page = store::list_blocks(db, &actor, &listing.filter, &listing.page)?;
            let today = db.today();
            Ok(page.map(|row| BlockOut::new(row, today)))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Lift a dunning block
///
/// Before its time.
#[utoipa::path(
    tag = "dunning",
    params(
        DunningBlockId,
        IfMatch,
    ),
    request_body = ReasonIn,
    responses((status = 200, description = "The block as it is now.", body = BlockOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-blocks/{id}/lift")]
pub async fn lift_dunning_block(
    actor: Actor<RunDunning>,
    id: web::Path<DunningBlockId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let block = actions::lift_block(tx, *id, version.0, input.reason.as_str())?;
            let version = block.version;
            Ok(Answer::ok(&BlockOut::new(block, tx.today()))?.version(version))
        })
        .await
}

/// A dunning block.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningBlock, example = json!({
    "id": "dbl_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001", "invoice_id": null,
    "reason": "The delivery of 12 March is being inspected.", "until": "2026-04-15", "status": "active",
    "created_by": "u-21", "created_at": "2026-03-31T08:00:00.000000Z", "lifted_by": null, "lifted_at": null,
    "version": 1
}))]
pub struct BlockOut {
    id: DunningBlockId,
    customer_id: CustomerId,
    /// Null when it holds for all invoices of the customer.
    invoice_id: Option<InvoiceId>,
    reason: Note,
    until: NaiveDate,
    status: BlockStatus,
    created_by: Subject,
    created_at: Instant,
    lifted_by: Option<Subject>,
    lifted_at: Option<Instant>,
    /// For `If-Match`, in quotes.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    version: i64,
}

impl BlockOut {
    fn new(block: DunningBlock, today: NaiveDate) -> BlockOut {
        BlockOut {
            status: block.status(today),
            id: block.id,
            customer_id: block.customer_id,
            invoice_id: block.invoice_id,
            reason: block.reason,
            until: block.until,
            created_by: block.created_by,
            created_at: block.created_at,
            lifted_by: block.lifted_by,
            lifted_at: block.lifted_at,
            version: block.version,
        }
    }
}
