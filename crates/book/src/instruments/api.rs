//! `/v1/instruments`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, InstrumentError};
use super::input::{DishonourIn, InstrumentFilter, InstrumentIn, InstrumentStepIn, PassOnIn, Step};
use super::model::{AcceptorStanding, Instrument, InstrumentStatus, InstrumentVerb};
use super::{rules, store};
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::entities::actions as entities;
use crate::book::policy::model::ExposureSource;
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{ManageInstruments, ReadInstruments};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem,
    ReasonIn,
};
use kernel::clock::Instant;
use kernel::ids::{CustomerId, InstrumentId, LegalEntityId, ReceiptId};
use kernel::money::Money;
use kernel::text::{Line, Note, Number, SnakeCode, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(receive_instrument)
        .service(list_instruments)
        .service(find_instrument)
        .service(hold_instrument)
        .service(endorse_instrument)
        .service(discount_instrument)
        .service(present_instrument)
        .service(clear_instrument)
        .service(dishonour_instrument)
        .service(start_instrument_recourse)
        .service(withdraw_instrument);
}

/// Receive an instrument
///
/// A cheque, draft, bill or note that a customer pays with. It settles the invoices that it is for, by a receipt of its
/// own, and counts as exposure of the category `instruments` instead, until it clears. The last day on which it can be
/// presented is a deadline. Beyond its acceptor's cap it is recorded all the same: `acceptor_standing` says so, and an event
/// tells it. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "instruments",
    request_body = InstrumentIn,
    responses((status = 201, description = "The instrument.", body = InstrumentOut)),
    security(("bearer" = ["instruments:manage"]))
)]
#[post("/v1/instruments")]
pub async fn receive_instrument(
    actor: Actor<ManageInstruments>,
    command: KeyedCommand<InstrumentIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, |tx, input| {
            let instrument = actions::receive(tx, input)?;
            let location = format!("/v1/instruments/{}", instrument.id);
            let version = instrument.version;
            Ok(Answer::created(&describe_one(tx, instrument)?, location)?.version(version))
        })
        .await
}

/// List instruments
///
/// Those of customers that you may see, the newest first.
#[utoipa::path(
    tag = "instruments",
    params(Listing<InstrumentFilter>),
    responses((status = 200, description = "One page of instruments.", body = PageOut<InstrumentOut>)),
    security(("bearer" = ["instruments:read"]))
)]
#[get("/v1/instruments")]
pub async fn list_instruments(
    actor: Actor<ReadInstruments>,
    listing: Listing<InstrumentFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &actor, &listing.filter, &listing.page)?;
            Ok(page.try_map_all(|rows| describe(db, rows))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read an instrument
///
/// Where it stands, what it counts, and what may be done with it.
#[utoipa::path(
    tag = "instruments",
    params(InstrumentId),
    responses((status = 200, description = "The instrument.", body = InstrumentOut)),
    security(("bearer" = ["instruments:read"]))
)]
#[get("/v1/instruments/{id}")]
pub async fn find_instrument(
    actor: Actor<ReadInstruments>,
    id: web::Path<InstrumentId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let instrument = store::find(db, *id)?.ok_or(InstrumentError::Missing)?;
            let reference = CustomerRef::Id(instrument.customer_id);
            customers::find_visible(db, &actor, &reference)?.ok_or(InstrumentError::Missing)?;
            let version = instrument.version;
            Ok(Answer::ok(&describe_one(db, instrument)?)?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Hold an instrument
///
/// It was looked at, and is kept until it is due.
#[utoipa::path(
    tag = "instruments",
    params(InstrumentId, IfMatch),
    request_body = InstrumentStepIn,
    responses((status = 200, description = "The instrument, held.", body = InstrumentOut)),
    security(("bearer" = ["instruments:manage"]))
)]
#[post("/v1/instruments/{id}/hold")]
pub async fn hold_instrument(
    actor: Actor<ManageInstruments>,
    id: web::Path<InstrumentId>,
    version: IfMatch,
    command: Command<InstrumentStepIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let step = Step::from(input);
            let verb = InstrumentVerb::Hold;
            let instrument = actions::step(tx, *id, version.0, verb, &step)?;
            answer(tx, instrument)
        })
        .await
}

/// Endorse an instrument
///
/// It is passed on to pay a debt of ours. It counts as exposure until it clears, because whoever has it may come back to us.
#[utoipa::path(
    tag = "instruments",
    params(InstrumentId, IfMatch),
    request_body = PassOnIn,
    responses((status = 200, description = "The instrument, endorsed.", body = InstrumentOut)),
    security(("bearer" = ["instruments:manage"]))
)]
#[post("/v1/instruments/{id}/endorse")]
pub async fn endorse_instrument(
    actor: Actor<ManageInstruments>,
    id: web::Path<InstrumentId>,
    version: IfMatch,
    command: Command<PassOnIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let step = Step::from(input);
            let verb = InstrumentVerb::Endorse;
            let instrument = actions::step(tx, *id, version.0, verb, &step)?;
            answer(tx, instrument)
        })
        .await
}

/// Discount an instrument
///
/// It is sold to a bank before it is due. It counts as exposure until it clears, because the bank may come back to us.
#[utoipa::path(
    tag = "instruments",
    params(InstrumentId, IfMatch),
    request_body = PassOnIn,
    responses((status = 200, description = "The instrument, discounted.", body = InstrumentOut)),
    security(("bearer" = ["instruments:manage"]))
)]
#[post("/v1/instruments/{id}/discount")]
pub async fn discount_instrument(
    actor: Actor<ManageInstruments>,
    id: web::Path<InstrumentId>,
    version: IfMatch,
    command: Command<PassOnIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let step = Step::from(input);
            let verb = InstrumentVerb::Discount;
            let instrument = actions::step(tx, *id, version.0, verb, &step)?;
            answer(tx, instrument)
        })
        .await
}

/// Present an instrument
///
/// It is presented for payment. Its deadline is met when that is in time, else missed.
#[utoipa::path(
    tag = "instruments",
    params(InstrumentId, IfMatch),
    request_body = InstrumentStepIn,
    responses((status = 200, description = "The instrument, presented.", body = InstrumentOut)),
    security(("bearer" = ["instruments:manage"]))
)]
#[post("/v1/instruments/{id}/present")]
pub async fn present_instrument(
    actor: Actor<ManageInstruments>,
    id: web::Path<InstrumentId>,
    version: IfMatch,
    command: Command<InstrumentStepIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let step = Step::from(input);
            let verb = InstrumentVerb::Present;
            let instrument = actions::step(tx, *id, version.0, verb, &step)?;
            answer(tx, instrument)
        })
        .await
}

/// Clear an instrument
///
/// It was paid, and is exposure no more. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "instruments",
    params(InstrumentId, IfMatch),
    request_body = InstrumentStepIn,
    responses((status = 200, description = "The instrument, cleared.", body = InstrumentOut)),
    security(("bearer" = ["instruments:manage"]))
)]
#[post("/v1/instruments/{id}/clear")]
pub async fn clear_instrument(
    actor: Actor<ManageInstruments>,
    id: web::Path<InstrumentId>,
    version: IfMatch,
    command: KeyedCommand<InstrumentStepIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let step = Step::from(input);
            let verb = InstrumentVerb::Clear;
            let instrument = actions::step(tx, *id, version.0, verb, &step)?;
            answer(tx, instrument)
        })
        .await
}

/// Dishonour an instrument
///
/// It was not paid. The debt is there again with its own due dates: the receipt by which it settled invoices is reversed, and
/// it counts as an instrument no more. A fee may be claimed. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "instruments",
    params(InstrumentId, IfMatch),
    request_body = DishonourIn,
    responses((status = 200, description = "The instrument, dishonoured.", body = InstrumentOut)),
    security(("bearer" = ["instruments:manage"]))
)]
#[post("/v1/instruments/{id}/dishonour")]
pub async fn dishonour_instrument(
    actor: Actor<ManageInstruments>,
    id: web::Path<InstrumentId>,
    version: IfMatch,
    command: KeyedCommand<DishonourIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let instrument = actions::dishonour(tx, *id, version.0, input)?;
            answer(tx, instrument)
        })
        .await
}

/// Start recourse for an instrument
///
/// Its amount is claimed from those who answer for it, such as endorsers.
#[utoipa::path(
    tag = "instruments",
    params(InstrumentId, IfMatch),
    request_body = InstrumentStepIn,
    responses((status = 200, description = "The instrument, under recourse.", body = InstrumentOut)),
    security(("bearer" = ["instruments:manage"]))
)]
#[post("/v1/instruments/{id}/start-recourse")]
pub async fn start_instrument_recourse(
    actor: Actor<ManageInstruments>,
    id: web::Path<InstrumentId>,
    version: IfMatch,
    command: Command<InstrumentStepIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let step = Step::from(input);
            let verb = InstrumentVerb::StartRecourse;
            let instrument = actions::step(tx, *id, version.0, verb, &step)?;
            answer(tx, instrument)
        })
        .await
}

/// Withdraw an instrument
///
/// One that was posted by mistake or given back before it was used. The debt is there again with its own due dates. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "instruments",
    params(InstrumentId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The instrument, withdrawn.", body = InstrumentOut)),
    security(("bearer" = ["instruments:manage"]))
)]
#[post("/v1/instruments/{id}/withdraw")]
pub async fn withdraw_instrument(
    actor: Actor<ManageInstruments>,
    id: web::Path<InstrumentId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let instrument = actions::withdraw(tx, *id, version.0, &input.reason)?;
            answer(tx, instrument)
        })
        .await
}

/// An instrument.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Instrument, example = json!({
    "id": "ins_01k00000000000000000000001", "number": "130258100012620260315", "kind": "bank_acceptance",
    "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.",
    "legal_entity_id": "ent_01k00000000000000000000001", "legal_entity_number": "MAIN",
    "amount": {"amount": "12500.00", "currency": "CNY"}, "outstanding": {"amount": "12500.00", "currency": "CNY"},
    "issue_date": "2026-03-15", "maturity_date": "2026-09-15", "received_on": "2026-03-31", "present_by": "2026-09-25",
    "drawer": "Jiangnan Trading Co.", "acceptor": "Bank of Suzhou", "acceptor_customer_id": null,
    "counts_on_acceptor": false, "acceptor_standing": "within", "receipt_id": "rcp_01k00000000000000000000001",
    "status": "received", "status_on": "2026-03-31", "allowed": ["hold", "withdraw"], "passed_to": null,
    "dishonoured_on": null, "dishonour_reason": null, "fee": null, "created_by": "u-31",
    "created_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct InstrumentOut {
    id: InstrumentId,
    number: Number,
    /// An item of the catalogue `instrument_kinds`.
    kind: SnakeCode,
    customer_id: CustomerId,
    customer_number: Number,
    customer_name: Line,
    /// The company that received it.
    legal_entity_id: LegalEntityId,
    legal_entity_number: Number,
    amount: Money,
    /// What counts as exposure: its amount until it is cleared, dishonoured or withdrawn.
    outstanding: Money,
    issue_date: NaiveDate,
    maturity_date: Option<NaiveDate>,
    received_on: NaiveDate,
    /// The last day on which it can be presented.
    present_by: Option<NaiveDate>,
    drawer: Line,
    /// Who must pay it.
    acceptor: Option<Line>,
    acceptor_customer_id: Option<CustomerId>,
    /// Whether it is exposure on the acceptor's own account too.
    counts_on_acceptor: bool,
    /// How the acceptor's instruments stood to its portfolio cap when this one was received.
    acceptor_standing: AcceptorStanding,
    /// The receipt by which it settles invoices.
    receipt_id: ReceiptId,
    status: InstrumentStatus,
    /// The day of its last step.
    status_on: NaiveDate,
    /// What may be done with it now.
    #[schema(max_items = 10)]
    allowed: &'static [InstrumentVerb],
    /// To whom it was endorsed, or the bank that discounted it.
    passed_to: Option<Line>,
    dishonoured_on: Option<NaiveDate>,
    dishonour_reason: Option<Note>,
    /// The fee that was claimed for its dishonour.
    fee: Option<Money>,
    created_by: Subject,
    created_at: Instant,
}

fn answer(db: &mut Db, instrument: Instrument) -> Result<Answer, Problem> {
    let version = instrument.version;
    Ok(Answer::ok(&describe_one(db, instrument)?)?.version(version))
}

fn describe_one(db: &mut Db, row: Instrument) -> Result<InstrumentOut, Problem> {
    let described = describe(db, vec![row])?.pop();
    Ok(described.ok_or(InstrumentError::Missing)?)
}

fn describe(db: &mut Db, rows: Vec<Instrument>) -> Result<Vec<InstrumentOut>, DbError> {
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    let found = customers::list_by_ids(db, &ids)?;
    let of: BTreeMap<CustomerId, Customer> = found
        .into_iter()
        .map(|customer| (customer.id, customer))
        .collect();
    let entities = entities::numbers(db)?;
    let out = rows.into_iter().filter_map(|row| {
        let customer = of.get(&row.customer_id)?;
        let entity = entities.get(&row.legal_entity_id)?;
        Some(InstrumentOut::new(row, customer, entity))
    });
    Ok(out.collect())
}

impl InstrumentOut {
    fn new(row: Instrument, customer: &Customer, entity: &Number) -> InstrumentOut {
        InstrumentOut {
            amount: row.money(row.amount_minor),
            outstanding: row.money(row.outstanding_minor),
            fee: (row.fee_minor > 0).then(|| row.money(row.fee_minor)),
            allowed: rules::allowed(row.status),
            counts_on_acceptor: row.acceptor_account_id.is_some(),
            id: row.id,
            number: row.number,
            kind: row.kind,
            customer_id: customer.id,
            customer_number: customer.number.clone(),
            customer_name: customer.name.clone(),
            legal_entity_id: row.legal_entity_id,
            legal_entity_number: entity.clone(),
            issue_date: row.issue_date,
            maturity_date: row.maturity_date,
            received_on: row.received_on,
            present_by: row.present_by,
            drawer: row.drawer,
            acceptor: row.acceptor,
            acceptor_customer_id: row.acceptor_customer_id,
            acceptor_standing: row.acceptor_standing,
            receipt_id: row.receipt_id,
            status: row.status,
            status_on: row.status_on,
            passed_to: row.passed_to,
            dishonoured_on: row.dishonoured_on,
            dishonour_reason: row.dishonour_reason,
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}

impl From<InstrumentError> for Problem {
    fn from(error: InstrumentError) -> Problem {
        let text = error.to_string();
        match error {
            InstrumentError::Missing => Problem::not_found("instrument"),
            InstrumentError::NoSuchCustomer { pointer } => {
                Problem::not_found_at(pointer, "customer")
            }
            InstrumentError::UnknownKind => Problem::invalid("/kind", "unknown_kind", text),
            InstrumentError::IsCash => Problem::invalid("/kind", "is_cash", text),
            InstrumentError::AcceptorMissing => Problem::invalid("/acceptor", "missing", text),
            InstrumentError::Dates(error) => {
                Problem::invalid(error.pointer(), "out_of_bounds", error)
            }
            InstrumentError::Day(error) => Problem::invalid("/on", "out_of_bounds", error),
            InstrumentError::ReceivedInFuture => {
                Problem::invalid("/received_on", "out_of_bounds", text)
            }
            InstrumentError::NumberTaken {
                number,
                existing_id,
            } => {
                let problem = Problem::new(Code::DuplicateNumber)
                    .with("thing", "instrument")
                    .with("number", number);
                match existing_id {
                    Some(id) => problem.with("existing_id", id),
                    None => problem,
                }
            }
            InstrumentError::StatedAlready(number) => Problem::new(Code::CountedTwice)
                .with("number", number)
                .with("source", ExposureSource::Stated),
            InstrumentError::OtherSource(source) => {
                Problem::new(Code::OtherSource).with("source", source)
            }
            InstrumentError::NotAllowed(refused) => {
                Problem::state("instrument", refused.status, refused.allowed)
            }
            InstrumentError::Stale => Problem::new(Code::Stale),
            InstrumentError::Entity(error) => error.into(),
            InstrumentError::Receivable(error) => error.into(),
            InstrumentError::Account(error) => error.into(),
            InstrumentError::Db(error) => error.into(),
        }
    }
}
