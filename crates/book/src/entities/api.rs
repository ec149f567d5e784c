//! `/v1/legal-entities`.

use actix_web::{HttpRequest, get, patch, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, EntityError};
use super::input::{LegalEntityIn, LegalEntityPatch};
use super::model::{EntityRef, Ledger, LegalEntity};
use super::store;
use crate::platform::http::auth::{ManageEntities, ReadEntities};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, Listing, NoFilter, Outcome, Problem, Valid,
};
use kernel::clock::Instant;
use kernel::ids::LegalEntityId;
use kernel::money::Currency;
use kernel::places::Country;
use kernel::text::{Keyword, Line, Note, Number};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_legal_entities)
        .service(create_legal_entity)
        .service(find_legal_entity)
        .service(change_legal_entity);
}

/// List legal entities
///
/// The companies that sell, the oldest first. `MAIN` is there from the start, and every document that names none is of
/// it.
#[utoipa::path(
    tag = "legal-entities",
    params(Listing<NoFilter>),
    responses((status = 200, description = "One page of legal entities.", body = PageOut<LegalEntityOut>)),
    security(("bearer" = ["legal-entities:read"]))
)]
#[get("/v1/legal-entities")]
pub async fn list_legal_entities(
    _: Actor<ReadEntities>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list(db, &listing.page))
        .await?;
    Ok(page
        .map(LegalEntityOut::from)
        .into_response(&request, &cursors))
}

/// Set up a legal entity
///
/// A company that sells. Invoices, receipts and orders may name it from then on; what customers owe it is kept apart from
/// what they owe others, and counts against the same limit.
#[utoipa::path(
    tag = "legal-entities",
    request_body = LegalEntityIn,
    responses((status = 201, description = "The legal entity.", body = LegalEntityOut)),
    security(("bearer" = ["legal-entities:manage"]))
)]
#[post("/v1/legal-entities")]
pub async fn create_legal_entity(
    actor: Actor<ManageEntities>,
    command: Command<LegalEntityIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let entity = actions::create(tx, input)?;
            let location = format!("/v1/legal-entities/{}", entity.id);
            let version = entity.version;
            Ok(Answer::created(&LegalEntityOut::from(entity), location)?.version(version))
        })
        .await
}

/// Read a legal entity
///
/// By id or by number.
#[utoipa::path(
    tag = "legal-entities",
    params(EntityRef),
    responses((status = 200, description = "The legal entity.", body = LegalEntityOut)),
    security(("bearer" = ["legal-entities:read"]))
)]
#[get("/v1/legal-entities/{entity}")]
pub async fn find_legal_entity(
    _: Actor<ReadEntities>,
    entity: web::Path<EntityRef>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let entity = store::find(db, &entity)?.ok_or(EntityError::Missing)?;
            let version = entity.version;
            Ok(Answer::ok(&LegalEntityOut::from(entity))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Change a legal entity
///
/// Changes the fields that are named; null empties one that may be empty. `MAIN` may get the number and name of your
/// company. A functional currency that was said stays.
#[utoipa::path(
    tag = "legal-entities",
    params(EntityRef, IfMatch),
    request_body = LegalEntityPatch,
    responses((status = 200, description = "The legal entity as it is now.", body = LegalEntityOut)),
    security(("bearer" = ["legal-entities:manage"]))
)]
#[patch("/v1/legal-entities/{entity}")]
pub async fn change_legal_entity(
    actor: Actor<ManageEntities>,
    entity: web::Path<EntityRef>,
    version: IfMatch,
    patch: Valid<LegalEntityPatch>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let entity = actions::change(tx, &entity, version.0, &patch.0)?;
            let version = entity.version;
            Ok(Answer::ok(&LegalEntityOut::from(entity))?.version(version))
        })
        .await
}

/// A company that sells.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LegalEntity, example = json!({
    "id": "ent_01k00000000000000000000001", "number": "DE01", "name": "Jiangnan Deutschland GmbH", "country": "DE",
    "functional_currency": "EUR", "ledger": "mirror", "vat_id": "DE136695976", "registration_number": null, "uscc": null,
    "lei": null, "peppol_id": null, "street": null, "city": "Hamburg", "postal_code": null, "bank_details": null,
    "letter_sender": null, "timezone": null, "calendar": null, "created_at": "2026-03-31T08:00:00.000000Z",
    "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct LegalEntityOut {
    id: LegalEntityId,
    number: Number,
    name: Line,
    /// Null for `MAIN` until it is said.
    country: Option<Country>,
    /// The currency of its books; null for `MAIN` until it is said.
    functional_currency: Option<Currency>,
    ledger: Ledger,
    vat_id: Option<Line>,
    registration_number: Option<Line>,
    uscc: Option<Line>,
    lei: Option<Line>,
    peppol_id: Option<Line>,
    street: Option<Line>,
    city: Option<Line>,
    postal_code: Option<Line>,
    bank_details: Option<Note>,
    letter_sender: Option<Note>,
    timezone: Option<Line>,
    /// The calendar by which due dates of net days go to the next business day; null when they stay.
    calendar: Option<Keyword>,
    created_at: Instant,
    changed_at: Instant,
}

impl From<LegalEntity> for LegalEntityOut {
    fn from(row: LegalEntity) -> LegalEntityOut {
        LegalEntityOut {
            id: row.id,
            number: row.number,
            name: row.name,
            country: row.country,
            functional_currency: row.functional_currency,
            ledger: row.ledger,
            vat_id: row.vat_id,
            registration_number: row.registration_number,
            uscc: row.uscc,
            lei: row.lei,
            peppol_id: row.peppol_id,
            street: row.street,
            city: row.city,
            postal_code: row.postal_code,
            bank_details: row.bank_details,
            letter_sender: row.letter_sender,
            timezone: row.timezone,
            calendar: row.calendar,
            created_at: row.created_at,
            changed_at: row.changed_at,
        }
    }
}

impl From<EntityError> for Problem {
    fn from(error: EntityError) -> Problem {
        match error {
            EntityError::Missing => Problem::not_found("legal entity"),
            EntityError::NumberTaken(number) => Problem::new(Code::DuplicateNumber)
                .with("thing", "legal entity")
                .with("number", number),
            EntityError::NoSuchCalendar => {
                Problem::invalid("/calendar", "unknown_calendar", "there is no such calendar")
            }
            EntityError::CurrencyFixed => Problem::invalid(
                "/functional_currency",
                "fixed",
                "the functional currency was said before and stays",
            ),
            EntityError::Stale => Problem::new(Code::Stale),
            EntityError::Db(error) => error.into(),
        }
    }
}
