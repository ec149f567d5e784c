//! `GET /v1/imports/mappings`.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::catalogues::model::Texts;
use crate::book::imports::model::ImportKind;
use crate::book::imports::rules::shipped;
use crate::platform::http::auth::ImportFiles;
use crate::platform::http::page::PageOut;
use crate::platform::http::{Actor, Listing, NoFilter, Outcome};

/// List shipped mappings
///
/// For files as well-known systems write them, by code. `{"shipped": code}` as an import's `mapping` reads such a file; its
/// columns may be named otherwise there (`columns`), where the other system lets its users choose them. One page has all.
#[utoipa::path(
    tag = "imports",
    params(Listing<NoFilter>),
    responses((status = 200, description = "All of them.", body = PageOut<ShippedMappingOut>)),
    security(("bearer" = ["imports:run"]))
)]
#[get("/v1/imports/mappings")]
pub async fn list_import_mappings(
    _: Actor<ImportFiles>,
    _all_on_one_page: Listing<NoFilter>,
) -> Outcome {
    let data: Vec<ShippedMappingOut> = shipped::all()
        .map(|(code, shipped)| ShippedMappingOut {
            code,
            system: shipped.system,
            kind: shipped.kind,
            texts: shipped.texts,
            mapping: serde_json::to_value(&shipped.mapping).unwrap_or_default(),
        })
        .collect();
    Ok(HttpResponse::Ok().json(PageOut {
        data,
        next_cursor: None,
        has_more: false,
    }))
}

/// A mapping that netterms ships.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShippedMapping, example = json!({
    "code": "datev_opos", "system": "DATEV Rechnungswesen", "kind": "invoices",
    "texts": {"en": "Open items (OPOS list)", "zh-CN": "未清项目（OPOS 清单）"},
    "mapping": {"encoding": "windows-1252", "decimal": "comma", "date_format": "%d.%m.%Y",
        "columns": {"number": "Rechnungsnummer", "customer_number": "Konto"}, "constants": {"currency": "EUR"}}
}))]
pub struct ShippedMappingOut {
    /// By which an import names it.
    #[schema(max_length = 64)]
    code: &'static str,
    /// Whose files it reads.
    #[schema(max_length = 200)]
    system: String,
    kind: ImportKind,
    /// What the file is called there.
    texts: Texts,
    /// What it says, in the form of an import's `mapping`.
    #[schema(value_type = Object)]
    mapping: serde_json::Value,
}
