//! `/v1/catalogues`.

use actix_web::{HttpRequest, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, CatalogueError};
use super::input::{CatalogueIn, CataloguePatch, CatalogueQuestion, CatalogueVersionFilter};
use super::model::{Catalogue, CatalogueRow, CatalogueStatus, Item, Texts};
use super::store;
use crate::platform::db::{DbError, read_document};
use crate::platform::http::auth::{ApproveCatalogues, DraftCatalogues, ReadCatalogues};
use crate::platform::http::page::{CursorKey, PageOut, Query};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, NoFilter, Outcome,
    Problem, ReasonIn, Valid,
};
use crate::platform::versions::api::refused;
use crate::platform::versions::store::VersionTable as _;
use kernel::clock::Instant;
use kernel::drafters::Drafters;
use kernel::ids::CatalogueVersionId;
use kernel::text::{SnakeCode, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_catalogues)
        .service(find_catalogue)
        .service(list_catalogue_versions)
        .service(draft_catalogue_version)
        .service(change_catalogue_version)
        .service(approve_catalogue_version);
}

/// Which catalogue, in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfCatalogue {
    /// The catalogue's code.
    code: SnakeCode,
}

/// Which version of which catalogue, in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfVersion {
    /// The catalogue's code.
    code: SnakeCode,
    /// The number of the version.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    version: i32,
}

/// List catalogues
///
/// Each with its live version, by code; the items are read one catalogue at a time.
#[utoipa::path(
    tag = "catalogues",
    params(Listing<NoFilter>),
    responses((status = 200, description = "One page of catalogues.", body = PageOut<CatalogueSummaryOut>)),
    security(("bearer" = ["catalogues:read"]))
)]
#[get("/v1/catalogues")]
pub async fn list_catalogues(
    _: Actor<ReadCatalogues>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list_live(db, &listing.page)?;
            Ok(page.try_map(CatalogueSummaryOut::read)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a catalogue
///
/// The live version with its items, or the one of `version`, whatever its status. Show each item's text in the language
/// of your reader, and in `en` where that is missing. Items that are retired are to be shown where something names them,
/// and can be chosen no more.
#[utoipa::path(
    tag = "catalogues",
    params(OfCatalogue, CatalogueQuestion),
    responses((status = 200, description = "The catalogue.", body = CatalogueOut)),
    security(("bearer" = ["catalogues:read"]))
)]
#[get("/v1/catalogues/{code}")]
pub async fn find_catalogue(
    _: Actor<ReadCatalogues>,
    of: web::Path<OfCatalogue>,
    question: Query<CatalogueQuestion>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let found = match question.0.version {
                Some(number) => store::find_version(db, of.code.as_str(), number)?,
                None => CatalogueRow::find_live(db, &of.code)?,
            };
            answer(found.ok_or(CatalogueError::Missing)?)
        })
        .await?;
    Ok(answer.into_response())
}

/// List the versions of a catalogue
///
/// The newest first, without their items.
#[utoipa::path(
    tag = "catalogues",
    params(OfCatalogue, Listing<CatalogueVersionFilter>),
    responses((status = 200, description = "One page of versions.", body = PageOut<CatalogueSummaryOut>)),
    security(("bearer" = ["catalogues:read"]))
)]
#[get("/v1/catalogues/{code}/versions")]
pub async fn list_catalogue_versions(
    _: Actor<ReadCatalogues>,
    of: web::Path<OfCatalogue>,
    listing: Listing<CatalogueVersionFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            CatalogueRow::find_live(db, &of.code)?.ok_or(CatalogueError::Missing)?;
            let page = store::list_versions(db, of.code.as_str(), &listing.filter, &listing.page)?;
            Ok(page.try_map(CatalogueSummaryOut::read)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Draft a version of a catalogue
///
/// The whole next version. Each item that was ever live is in it: one that is not to be chosen any more is `retired`. It
/// holds for nothing until another person sets it live.
#[utoipa::path(
    tag = "catalogues",
    params(OfCatalogue),
    request_body = CatalogueIn,
    responses((status = 201, description = "The draft.", body = CatalogueOut)),
    security(("bearer" = ["catalogues:draft"]))
)]
#[post("/v1/catalogues/{code}/versions")]
pub async fn draft_catalogue_version(
    actor: Actor<DraftCatalogues>,
    of: web::Path<OfCatalogue>,
    command: Command<CatalogueIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let row = actions::draft(tx, &of.code, input)?;
            let location = format!(
                "/v1/catalogues/{}?version={}",
                row.code, row.catalogue_version
            );
            let version = row.version;
            Ok(Answer::created(&CatalogueOut::read(row)?, location)?.version(version))
        })
        .await
}

/// Change a draft of a catalogue
///
/// What is named: `items` are all of them anew. Whoever changes a draft has written it too, and can't set it live.
#[utoipa::path(
    tag = "catalogues",
    params(OfVersion, IfMatch),
    request_body = CataloguePatch,
    responses((status = 200, description = "The draft as it is now.", body = CatalogueOut)),
    security(("bearer" = ["catalogues:draft"]))
)]
#[patch("/v1/catalogues/{code}/versions/{version}")]
pub async fn change_catalogue_version(
    actor: Actor<DraftCatalogues>,
    of: web::Path<OfVersion>,
    version: IfMatch,
    input: Valid<CataloguePatch>,
    executor: web::Data<Executor>,
) -> Outcome {
    let OfVersion {
        code,
        version: number,
    } = of.into_inner();
    executor
        .write(&actor, move |tx| {
            answer(actions::change(tx, &code, number, version.0, &input.0)?)
        })
        .await
}

/// Set a version of a catalogue live
///
/// At once, by a person who had no part in writing it; the version that was live is retired. A live version never
/// changes. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "catalogues",
    params(OfVersion, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The version, live.", body = CatalogueOut)),
    security(("bearer" = ["catalogues:approve"]))
)]
#[post("/v1/catalogues/{code}/versions/{version}/approve")]
pub async fn approve_catalogue_version(
    actor: Actor<ApproveCatalogues>,
    of: web::Path<OfVersion>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    let OfVersion {
        code,
        version: number,
    } = of.into_inner();
    executor
        .once_keyed(&actor, command, move |tx, input| {
            answer(actions::approve(
                tx,
                &code,
                number,
                version.0,
                &input.reason,
            )?)
        })
        .await
}

fn answer(row: CatalogueRow) -> Result<Answer, Problem> {
    let version = row.version;
    Ok(Answer::ok(&CatalogueOut::read(row)?)?.version(version))
}

/// A version of a catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueVersion, example = json!({
    "id": "ctv_01k00000000000000000000001", "code": "dispute_reasons", "catalogue_version": 2, "status": "live",
    "texts": {"en": "Reasons for disputes", "zh-CN": "争议原因"},
    "items": [{
        "code": "quality", "texts": {"en": "Quality complaint", "zh-CN": "质量问题"},
        "attributes": {"proof": "Inspection report"}, "retired": false
    }],
    "reason": "Shorter names.", "author": "u-21", "drafters": ["u-21"], "approver": "u-22",
    "created_at": "2026-03-31T08:00:00.000000Z", "live_at": "2026-03-31T09:00:00.000000Z", "retired_at": null
}))]
pub struct CatalogueOut {
    id: CatalogueVersionId,
    code: SnakeCode,
    /// Ascends by one with each draft.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    catalogue_version: i32,
    status: CatalogueStatus,
    /// The catalogue's name.
    texts: Texts,
    /// In the order in which they are shown.
    #[schema(max_items = 500)]
    items: Vec<Item>,
    /// Why it was drafted so.
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    author: String,
    /// Everybody who wrote it; none of them can set it live.
    #[schema(value_type = Vec<Subject>, max_items = 1000)]
    drafters: Drafters,
    #[schema(max_length = 128)]
    approver: Option<String>,
    created_at: Instant,
    live_at: Option<Instant>,
    retired_at: Option<Instant>,
}

impl CatalogueOut {
    fn read(row: CatalogueRow) -> Result<CatalogueOut, DbError> {
        let catalogue: Catalogue = read_document(&row.document)?;
        Ok(CatalogueOut {
            id: row.id,
            code: row.code,
            catalogue_version: row.catalogue_version,
            status: row.status,
            texts: catalogue.texts,
            items: catalogue.items,
            reason: row.reason,
            author: row.author,
            drafters: row.drafters,
            approver: row.approver,
            created_at: row.created_at,
            live_at: row.live_at,
            retired_at: row.retired_at,
        })
    }
}

/// A version of a catalogue without its items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueSummary, example = json!({
    "id": "ctv_01k00000000000000000000001", "code": "dispute_reasons", "catalogue_version": 2, "status": "live",
    "texts": {"en": "Reasons for disputes", "zh-CN": "争议原因"}, "item_count": 15, "retired_count": 1,
    "reason": "Shorter names.", "author": "u-21", "approver": "u-22",
    "created_at": "2026-03-31T08:00:00.000000Z", "live_at": "2026-03-31T09:00:00.000000Z", "retired_at": null
}))]
pub struct CatalogueSummaryOut {
    id: CatalogueVersionId,
    code: SnakeCode,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    catalogue_version: i32,
    status: CatalogueStatus,
    /// The catalogue's name.
    texts: Texts,
    /// How many items it has, those that are retired among them.
    #[schema(minimum = 0, maximum = 500)]
    item_count: usize,
    #[schema(minimum = 0, maximum = 500)]
    retired_count: usize,
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    author: String,
    #[schema(max_length = 128)]
    approver: Option<String>,
    created_at: Instant,
    live_at: Option<Instant>,
    retired_at: Option<Instant>,
}

impl CatalogueSummaryOut {
    fn read(row: CatalogueRow) -> Result<CatalogueSummaryOut, DbError> {
        let catalogue: Catalogue = read_document(&row.document)?;
        let retired = catalogue.items.iter().filter(|item| item.retired);
        Ok(CatalogueSummaryOut {
            id: row.id,
            code: row.code,
            catalogue_version: row.catalogue_version,
            status: row.status,
            retired_count: retired.count(),
            item_count: catalogue.items.len(),
            texts: catalogue.texts,
            reason: row.reason,
            author: row.author,
            approver: row.approver,
            created_at: row.created_at,
            live_at: row.live_at,
            retired_at: row.retired_at,
        })
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Problem {
        match error {
            CatalogueError::Missing => Problem::not_found("catalogue"),
            CatalogueError::Faulty(faults) => {
                let invalid = Problem::new(Code::Invalid);
                faults.into_iter().fold(invalid, |problem, fault| {
                    problem.at(fault.pointer, fault.code, fault.message)
                })
            }
            CatalogueError::Version(error) => {
                refused("catalogue version", "author of the catalogue", error)
            }
            CatalogueError::Db(error) => error.into(),
        }
    }
}
