//! `/v1/charges`, what is agreed about paying late, and what it would come to.

mod shapes;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, ChargeError};
use super::input::{AccrueIn, ChargeFilter, ClaimIn, FeeIn};
use super::model::Charge;
use super::rules::InterestFault;
use super::store;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::platform::db::Db;
use crate::platform::http::auth::{AccrueCharges, ClaimCharges, ReadCharges};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem,
    ReasonIn,
};
use crate::platform::jobs::api::JobOut;
use crate::platform::jobs::worker::WakeSignal;
use kernel::ids::{ChargeId, CustomerId};
use shapes::ChargeOut;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(accrue_charges)
        .service(record_charge)
        .service(list_charges)
        .service(find_charge)
        .service(claim_charge)
        .service(cancel_charge)
        .configure(terms::routes);
}

/// Work out charges
///
/// Interest and fixed sums of what was or is paid late, to the end of a day, as a job. Interest that is not claimed is
/// replaced; what is claimed or waived stays, and interest goes on after it. A fixed sum is due once for an invoice. What
/// turns out not to be late is cancelled. Nobody owes what accrues. The job's `result` counts items, changed charges, and
/// items without a regime or a rate.
#[utoipa::path(
    tag = "charges",
    request_body = AccrueIn,
    responses((status = 202, description = "The job that does it.", body = JobOut)),
    security(("bearer" = ["charges:accrue"]))
)]
#[post("/v1/charges/accrue")]
pub async fn accrue_charges(
    actor: Actor<AccrueCharges>,
    command: Command<AccrueIn>,
    executor: web::Data<Executor>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let outcome = executor
        .once(&actor, command, |tx, input| {
            let job = actions::begin(tx, input)?;
            let location = format!("/v1/jobs/{}", job.id);
            Answer::accepted(&JobOut::from(job), location)
        })
        .await;
    bell.ring();
    outcome
}

/// Record a charge
///
/// A fee, collection costs or court costs, as what has accrued: nobody owes it before it is claimed. An `Idempotency-Key` is
/// required.
#[utoipa::path(
    tag = "charges",
    request_body = FeeIn,
    responses((status = 201, description = "The charge.", body = ChargeOut)),
    security(("bearer" = ["charges:claim"]))
)]
#[post("/v1/charges")]
pub async fn record_charge(
    actor: Actor<ClaimCharges>,
    command: KeyedCommand<FeeIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, |tx, input| {
            let charge = actions::record_fee(tx, input)?;
            let (location, version) = (format!("/v1/charges/{}", charge.id), charge.version);
            Ok(Answer::created(&described(tx, charge)?, location)?.version(version))
        })
        .await
}

/// List charges
///
/// Of the customers that you may see, the newest first.
#[utoipa::path(
    tag = "charges",
    params(Listing<ChargeFilter>),
    responses((status = 200, description = "One page of charges.", body = PageOut<ChargeOut>)),
    security(("bearer" = ["charges:read"]))
)]
#[get("/v1/charges")]
pub async fn list_charges(
    actor: Actor<ReadCharges>,
    listing: Listing<ChargeFilter>,
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
            Ok(page.try_map(|charge| {
                let customer = known.get(&charge.customer_id).cloned();
                ChargeOut::new(charge, customer)
            })?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a charge
///
/// With every segment of its interest: days, principal, rate and what that comes to.
#[utoipa::path(
    tag = "charges",
    params(ChargeId),
    responses((status = 200, description = "The charge.", body = ChargeOut)),
    security(("bearer" = ["charges:read"]))
)]
#[get("/v1/charges/{id}")]
pub async fn find_charge(
    actor: Actor<ReadCharges>,
    id: web::Path<ChargeId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let charge = store::find(db, *id)?.ok_or(ChargeError::Missing)?;
            let customer = CustomerRef::Id(charge.customer_id);
            customers::find_visible(db, &actor, &customer)?.ok_or(ChargeError::Missing)?;
            answer(db, charge)
        })
        .await?;
    Ok(answer.into_response())
}

/// Claim a charge
///
/// It becomes an invoice with one item of its own, of the kind `late_interest` or `costs`: exposure of the category
/// `claimed_charges`, that ages and is paid as any other. Where what is owed changed since it was worked out, such as by a
/// payment, accrue again first. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "charges",
    params(ChargeId, IfMatch),
    request_body = ClaimIn,
    responses((status = 200, description = "The charge as it is now.", body = ChargeOut)),
    security(("bearer" = ["charges:claim"]))
)]
#[post("/v1/charges/{id}/claim")]
pub async fn claim_charge(
    actor: Actor<ClaimCharges>,
    id: web::Path<ChargeId>,
    version: IfMatch,
    command: KeyedCommand<ClaimIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let charge = actions::claim(tx, *id, version.0, input)?;
            answer(tx, charge)
        })
        .await
}

/// Cancel a charge
///
/// One that has accrued and was no charge, such as a fee that was recorded by mistake. Interest that still runs is worked
/// out again. What is claimed is waived, by a change request. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "charges",
    params(ChargeId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The charge as it is now.", body = ChargeOut)),
    security(("bearer" = ["charges:claim"]))
)]
#[post("/v1/charges/{id}/cancel")]
pub async fn cancel_charge(
    actor: Actor<ClaimCharges>,
    id: web::Path<ChargeId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let charge = actions::cancel(tx, *id, version.0, &input.reason)?;
            answer(tx, charge)
        })
        .await
}

fn described(db: &mut Db, charge: Charge) -> Result<ChargeOut, Problem> {
    let customer = customers::find(db, &CustomerRef::Id(charge.customer_id))?;
    Ok(ChargeOut::new(charge, customer)?)
}

fn answer(db: &mut Db, charge: Charge) -> Result<Answer, Problem> {
    let version = charge.version;
    Ok(Answer::ok(&described(db, charge)?)?.version(version))
}

impl From<ChargeError> for Problem {
    fn from(error: ChargeError) -> Problem {
        let text = error.to_string();
        match error {
            ChargeError::Missing => Problem::not_found("charge"),
            ChargeError::NoSuchInvoice => Problem::not_found_at("/invoice", "invoice"),
            ChargeError::NoSuchItem => Problem::invalid("/item_id", "unknown_item", text),
            ChargeError::NoSuchCustomer { pointer } => Problem::not_found_at(pointer, "customer"),
            ChargeError::NoSuchRegime => Problem::invalid("/regime", "unknown_regime", text),
            ChargeError::OfCharge => Problem::invalid("/invoice", "of_charge", text),
            ChargeError::CancelledInvoice => Problem::ended("invoice", "cancelled"),
            ChargeError::Currency { pointer } => Problem::invalid(pointer, "currency", text),
            ChargeError::InFuture => Problem::invalid("/as_of", "in_future", text),
            ChargeError::Backwards { pointer } => Problem::invalid(pointer, "backwards", text),
            ChargeError::Is(status) => Problem::state("charge", status, status.allowed()),
            // It is worked out again before it is claimed.
            ChargeError::Outdated => Problem::state("charge", "outdated", ["accrue"]),
            ChargeError::Stale => Problem::new(Code::Stale),
            ChargeError::Regime(fault) => Problem::invalid("/regime", "faulty_regime", fault),
            ChargeError::Interest(InterestFault::NoRate(day)) => {
                Problem::invalid("/to", "no_reference_rate", InterestFault::NoRate(day))
            }
            ChargeError::Interest(InterestFault::TooLarge) => {
                Problem::invalid("/amount", "too_large", InterestFault::TooLarge)
            }
            ChargeError::Entity(error) => error.into(),
            ChargeError::Job(error) => error.into(),
            ChargeError::Receivable(error) => error.into(),
            ChargeError::Db(error) => error.into(),
        }
    }
}
