//! `/v1/credit-accounts/{id}/exposure-entries`.

use crate::book::entities::actions as entities;
use crate::book::exposure::input::ExposureEntryIn;
use actix_web::{HttpRequest, get, put, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::find_visible;
use crate::book::exposure::actions::entries::{self, EntryStatement};
use crate::book::exposure::model::{EntryCategory, ExposureEntry};
use crate::book::exposure::store::entries as store;
use crate::platform::http::auth::{PostExposureEntries, ReadAccounts};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Executor, Listing, NoFilter, Outcome, Valid};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, ExposureEntryId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Number;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(set_exposure_entry)
        .service(list_exposure_entries);
}

/// Which entry of which account, in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfEntry {
    /// The account.
    id: CreditAccountId,
    /// What kind of exposure it is.
    #[param(inline)]
    category: EntryCategory,
    /// The other system's number.
    number: Number,
}

/// Set an exposure entry
///
/// States what a document of another system comes to now: an open order, a delivery that is not billed, an instrument
/// that has not cleared, a claimed charge. It replaces what was said of the same category and number before, so that
/// saying it twice changes nothing; 0 ends it. Exposure moves by the difference. Want of limit is no reason to refuse.
///
/// A delivery (`delivered_not_billed`) may name its order. It states all that was delivered by it, billed or not. As far
/// as the order is reserved, what is delivered takes the place of what is reserved; an invoice with the order's number
/// then takes the place of what is delivered, which stands beside the entry as `billed`. What is left, `remaining`, counts.
/// So no order counts twice. A delivery that falls again gives back what it took of the reservation.
#[utoipa::path(
    tag = "credit-accounts",
    params(OfEntry),
    request_body = ExposureEntryIn,
    responses((status = 200, description = "The entry as it is now.", body = ExposureEntryOut)),
    security(("bearer" = ["exposure-entries:post"]))
)]
#[put("/v1/credit-accounts/{id}/exposure-entries/{category}/{number}")]
pub async fn set_exposure_entry(
    actor: Actor<PostExposureEntries>,
    of: web::Path<OfEntry>,
    input: Valid<ExposureEntryIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let statement = EntryStatement {
                category: of.category,
                number: of.number.clone(),
                amount: input.0.amount.money(),
                entry_date: input.0.entry_date.date(),
                order_number: input.0.order_number.clone(),
                legal_entity: entities::find(tx, input.0.legal_entity.as_ref())?,
            };
            let entry = entries::set(tx, of.id, &statement)?;
            Answer::ok(&ExposureEntryOut::from(entry))
        })
        .await
}

/// List the exposure entries of an account
///
/// Those that have not ended, the oldest first.
#[utoipa::path(
    tag = "credit-accounts",
    params(CreditAccountId, Listing<NoFilter>),
    responses((status = 200, description = "One page of entries.", body = PageOut<ExposureEntryOut>)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts/{id}/exposure-entries")]
pub async fn list_exposure_entries(
    actor: Actor<ReadAccounts>,
    id: web::Path<CreditAccountId>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            find_visible(db, &actor, *id)?;
            store::list(db, *id, &listing.page)
        })
        .await?;
    Ok(page
        .map(ExposureEntryOut::from)
        .into_response(&request, &cursors))
}

/// Exposure that another system told of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExposureEntry, example = json!({
    "id": "exe_01k00000000000000000000001", "category": "delivered_not_billed", "number": "DN-2026-0815",
    "order_number": "SO-2026-0001", "amount": {"amount": "40000.00", "currency": "CNY"},
    "billed": {"amount": "15000.00", "currency": "CNY"}, "remaining": {"amount": "25000.00", "currency": "CNY"},
    "entry_date": "2026-03-31", "legal_entity_id": "ent_00000000000e00800000000001", "set_by": "order-system",
    "set_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct ExposureEntryOut {
    id: ExposureEntryId,
    category: EntryCategory,
    number: Number,
    /// The order that was delivered.
    order_number: Option<Number>,
    /// As it was stated.
    amount: Money,
    /// What invoices of the order took of it.
    billed: Money,
    /// What counts.
    remaining: Money,
    entry_date: NaiveDate,
    /// The company that it is owed to.
    legal_entity_id: LegalEntityId,
    #[schema(max_length = 128)]
    set_by: String,
    set_at: Instant,
}

impl From<ExposureEntry> for ExposureEntryOut {
    fn from(entry: ExposureEntry) -> ExposureEntryOut {
        let money = |minor| Money::from_minor(minor, entry.currency);
        ExposureEntryOut {
            amount: money(entry.stated_minor),
            billed: money(entry.billed_minor),
            remaining: money(entry.amount_minor),
            id: entry.id,
            category: entry.category,
            number: entry.number,
            order_number: entry.order_number,
            entry_date: entry.entry_date,
            legal_entity_id: entry.legal_entity_id,
            set_by: entry.set_by.into(),
            set_at: entry.set_at,
        }
    }
}
