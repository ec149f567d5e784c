//! `GET /v1/imports/feeds`.

use actix_web::{HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::entities::actions as entities;
use crate::book::imports::model::{ControlTotals, Feed, ImportKind};
use crate::book::imports::store;
use crate::platform::db::{DbError, read_document};
use crate::platform::http::auth::ImportFiles;
use crate::platform::http::page::PageOut;
use crate::platform::http::{Actor, Executor, Listing, NoFilter, Outcome};
use kernel::clock::Instant;
use kernel::ids::LegalEntityId;
use kernel::money::Money;
use kernel::text::{Number, Subject};

/// List feeds
///
/// How far the ledgers that are kept elsewhere were taken over: the last snapshot of each kind and legal
/// entity, what it came to, and whether
/// its sender stated the same. One page has all.
#[utoipa::path(
    tag = "imports",
    params(Listing<NoFilter>),
    responses((status = 200, description = "All of them.", body = PageOut<FeedOut>)),
    security(("bearer" = ["imports:run"]))
)]
#[get("/v1/imports/feeds")]
pub async fn list_import_feeds(
    _: Actor<ImportFiles>,
    _: Listing<NoFilter>,
    executor: web::Data<Executor>,
) -> Outcome {
    let data = executor
        .read(|db| {
            let numbers = entities::numbers(db)?;
            let feeds = store::list_feeds(db)?.into_iter();
            let read = |feed: Feed| {
                let number = numbers.get(&feed.legal_entity_id).cloned();
                FeedOut::read(feed, number)
            };
            Ok(feeds.map(read).collect::<Result<Vec<_>, _>>()?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(PageOut {
        data,
        next_cursor: None,
        has_more: false,
    }))
}

/// How far a ledger that is kept elsewhere was taken over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportFeed, example = json!({
    "kind": "open_items", "legal_entity_id": "ent_00000000000e00800000000001", "legal_entity_number": "MAIN",
    "ledger_as_of": "2026-03-31", "lines": 2,
    "totals": [{"amount": "13734.56", "currency": "CNY"}], "confirmed": true, "missing": 0, "taken_by": "erp",
    "taken_at": "2026-04-01T01:00:00.000000Z"
}))]
pub struct FeedOut {
    kind: ImportKind,
    legal_entity_id: LegalEntityId,
    legal_entity_number: Option<Number>,
    /// The day of which the other ledger spoke.
    ledger_as_of: Option<NaiveDate>,
    #[schema(minimum = 0, maximum = 200_000_000)]
    lines: i64,
    /// What was open on them, by currency.
    #[schema(max_items = 300)]
    totals: Vec<Money>,
    /// Whether the sender stated these control totals.
    confirmed: bool,
    /// What was open here, was not in the file and was not closed.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    missing: i64,
    taken_by: Subject,
    taken_at: Instant,
}

impl FeedOut {
    fn read(feed: Feed, legal_entity_number: Option<Number>) -> Result<FeedOut, DbError> {
        let control: ControlTotals = read_document(&feed.control)?;
        Ok(FeedOut {
            kind: feed.kind,
            legal_entity_id: feed.legal_entity_id,
            legal_entity_number,
            ledger_as_of: feed.ledger_as_of,
            lines: control.lines,
            totals: control.totals,
            confirmed: feed.stated > 0,
            missing: feed.missing,
            taken_by: feed.taken_by,
            taken_at: feed.taken_at,
        })
    }
}
