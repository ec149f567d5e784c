//! `GET /v1/imports/feeds`.

use actix_web::{HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::imports::model::{ControlTotals, Feed, ImportKind};
use crate::book::imports::store;
use crate::platform::db::{DbError, read_document};
use crate::platform::http::auth::ImportFiles;
use crate::platform::http::page::PageOut;
use crate::platform::http::{Actor, Executor, Listing, NoFilter, Outcome};
use kernel::clock::Instant;
use kernel::money::Money;
use kernel::text::Subject;

/// List feeds
///
/// How far the ledgers that are kept elsewhere were taken over: the last snapshot of each kind, what it came to, and whether
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
            let feeds = store::list_feeds(db)?.into_iter();
            Ok(feeds.map(FeedOut::read).collect::<Result<Vec<_>, _>>()?)
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
    "kind": "open_items", "ledger_as_of": "2026-03-31", "lines": 2,
    "totals": [{"amount": "13734.56", "currency": "CNY"}], "confirmed": true, "missing": 0, "taken_by": "erp",
    "taken_at": "2026-04-01T01:00:00.000000Z"
}))]
pub struct FeedOut {
    kind: ImportKind,
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
    fn read(feed: Feed) -> Result<FeedOut, DbError> {
        let control: ControlTotals = read_document(&feed.control)?;
        Ok(FeedOut {
            kind: feed.kind,
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
