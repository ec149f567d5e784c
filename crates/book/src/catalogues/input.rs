//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{CatalogueStatus, Item, Texts};
use kernel::text::Note;

/// The next version of a catalogue, to be drafted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CatalogueVersionIn, example = json!({
    "texts": {"en": "Reasons for disputes", "zh-CN": "争议原因"},
    "items": [
        {"code": "quality", "texts": {"en": "Quality complaint", "zh-CN": "质量问题"}, "attributes": {"proof": "Inspection report"}},
        {"code": "late_delivery", "texts": {"en": "Delivered late", "zh-CN": "交货迟延"}, "retired": true}
    ],
    "reason": "Late delivery is told as a price claim from now on."
}))]
pub struct CatalogueIn {
    /// The catalogue's name.
    pub texts: Texts,
    /// All items, in the order in which they are shown; each that was ever live is among them.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_items = 1, max_items = 500)]
    pub items: Vec<Item>,
    /// Why the catalogue is to change.
    pub reason: Note,
}

/// What is to change on a draft.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CatalogueVersionPatch, example = json!({
    "items": [{"code": "quality", "texts": {"en": "Quality", "zh-CN": "质量问题"}}], "reason": "Shorter."
}))]
pub struct CataloguePatch {
    /// The catalogue's name.
    pub texts: Option<Texts>,
    /// All items anew.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_items = 1, max_items = 500)]
    pub items: Option<Vec<Item>>,
    /// Why the catalogue is to change.
    pub reason: Note,
}

/// Which version of a catalogue.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CatalogueQuestion {
    /// The live one when not given.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    pub version: Option<i32>,
}

/// Which versions of a catalogue.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CatalogueVersionFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<CatalogueStatus>,
}
