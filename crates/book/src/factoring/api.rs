//! `/v1/factoring-agreements` and `/v1/factoring-assignments`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, FactoringError};
use super::input::{FactoringAgreementFilter, FactoringAgreementIn, FactoringAssignmentFilter};
use super::model::{
    Agreement, AgreementRef, AgreementStatus, Assignment, AssignmentEffect, AssignmentStatus,
    FactoringKind, Notification, Recourse,
};
use super::store;
use crate::book::customers::model::Customer;
use crate::book::customers::store as customers;
use crate::book::receivables::model::{Invoice, InvoiceRef};
use crate::book::receivables::store as ledger;
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{ManageFactoring, ReadFactoring};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem,
    ReasonIn,
};
use kernel::clock::Instant;
use kernel::ids::{CustomerId, FactoringAgreementId, FactoringAssignmentId, InvoiceId};
use kernel::money::Money;
use kernel::text::{Line, Note, Number, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(make_factoring_agreement)
        .service(list_factoring_agreements)
        .service(find_factoring_agreement)
        .service(end_factoring_agreement)
        .service(list_factoring_assignments)
        .service(find_factoring_assignment)
        .service(buy_back_invoice);
}

/// Record an agreement with a factor
///
/// Who buys or lends against receivables, who bears the loss, what is paid at once, and whether customers are told. Invoices
/// are sold and pledged under it by change requests of the kind `factoring_assignment` (`POST /v1/change-requests`).
#[utoipa::path(
    tag = "factoring",
    request_body = FactoringAgreementIn,
    responses((status = 201, description = "The agreement.", body = FactoringAgreementOut)),
    security(("bearer" = ["factoring:manage"]))
)]
#[post("/v1/factoring-agreements")]
pub async fn make_factoring_agreement(
    actor: Actor<ManageFactoring>,
    command: Command<FactoringAgreementIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let agreement = actions::agree(tx, input)?;
            let location = format!("/v1/factoring-agreements/{}", agreement.id);
            let version = agreement.version;
            let out = FactoringAgreementOut::from(agreement);
            Ok(Answer::created(&out, location)?.version(version))
        })
        .await
}

/// List agreements with factors
///
/// The newest first.
#[utoipa::path(
    tag = "factoring",
    params(Listing<FactoringAgreementFilter>),
    responses((status = 200, description = "One page of agreements.", body = PageOut<FactoringAgreementOut>)),
    security(("bearer" = ["factoring:read"]))
)]
#[get("/v1/factoring-agreements")]
pub async fn list_factoring_agreements(
    _: Actor<ReadFactoring>,
    listing: Listing<FactoringAgreementFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list_agreements(db, &listing.filter, &listing.page))
        .await?;
    Ok(page
        .map(FactoringAgreementOut::from)
        .into_response(&request, &cursors))
}

/// Read an agreement with a factor
///
/// Its terms, and whether anything can be sold or pledged under it.
#[utoipa::path(
    tag = "factoring",
    params(FactoringAgreementId),
    responses((status = 200, description = "The agreement.", body = FactoringAgreementOut)),
    security(("bearer" = ["factoring:read"]))
)]
#[get("/v1/factoring-agreements/{id}")]
pub async fn find_factoring_agreement(
    _: Actor<ReadFactoring>,
    id: web::Path<FactoringAgreementId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let missing = FactoringError::Missing("factoring agreement");
            let found = store::find_agreement(db, &AgreementRef::Id(*id))?.ok_or(missing)?;
            let version = found.version;
            Ok(Answer::ok(&FactoringAgreementOut::from(found))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// End an agreement with a factor
///
/// Nothing more is sold or pledged under it. What was is with the factor all the same.
#[utoipa::path(
    tag = "factoring",
    params(FactoringAgreementId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The agreement, ended.", body = FactoringAgreementOut)),
    security(("bearer" = ["factoring:manage"]))
)]
#[post("/v1/factoring-agreements/{id}/end")]
pub async fn end_factoring_agreement(
    actor: Actor<ManageFactoring>,
    id: web::Path<FactoringAgreementId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let agreement = actions::end_agreement(tx, *id, version.0, &input.reason)?;
            let version = agreement.version;
            Ok(Answer::ok(&FactoringAgreementOut::from(agreement))?.version(version))
        })
        .await
}

/// List sold and pledged invoices
///
/// Assignments of invoices to factors, also those that ended, the newest first.
#[utoipa::path(
    tag = "factoring",
    params(Listing<FactoringAssignmentFilter>),
    responses((status = 200, description = "One page of assignments.", body = PageOut<FactoringAssignmentOut>)),
    security(("bearer" = ["factoring:read"]))
)]
#[get("/v1/factoring-assignments")]
pub async fn list_factoring_assignments(
    _: Actor<ReadFactoring>,
    listing: Listing<FactoringAssignmentFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list_assignments(db, &listing.filter, &listing.page)?;
            Ok(page.try_map_all(|rows| describe(db, rows))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read the assignment of an invoice
///
/// What was sold or pledged when, what was advanced, and whether it counts as exposure.
#[utoipa::path(
    tag = "factoring",
    params(FactoringAssignmentId),
    responses((status = 200, description = "The assignment.", body = FactoringAssignmentOut)),
    security(("bearer" = ["factoring:read"]))
)]
#[get("/v1/factoring-assignments/{id}")]
pub async fn find_factoring_assignment(
    _: Actor<ReadFactoring>,
    id: web::Path<FactoringAssignmentId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let missing = FactoringError::Missing("factoring assignment");
            let assignment = store::find_assignment(db, *id)?.ok_or(missing)?;
            answer(db, assignment)
        })
        .await?;
    Ok(answer.into_response())
}

/// Buy an invoice back
///
/// From today on, what is open on it is exposure again, and we dun for it. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "factoring",
    params(FactoringAssignmentId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The assignment, ended.", body = FactoringAssignmentOut)),
    security(("bearer" = ["factoring:manage"]))
)]
#[post("/v1/factoring-assignments/{id}/buy-back")]
pub async fn buy_back_invoice(
    actor: Actor<ManageFactoring>,
    id: web::Path<FactoringAssignmentId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let assignment = actions::buy_back(tx, *id, version.0, &input.reason)?;
            answer(tx, assignment)
        })
        .await
}

/// An agreement with a factor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FactoringAgreement, example = json!({
    "id": "fag_01k00000000000000000000001", "number": "FA-2026-1", "factor": "Suzhou Factoring Ltd.", "kind": "sale",
    "recourse": "without", "notification": "disclosed", "advance_ppm": 800_000, "valid_from": "2026-04-01",
    "valid_until": "2027-03-31", "status": "active", "note": "Invoices of the steel segment.", "created_by": "u-31",
    "created_at": "2026-03-31T08:00:00.000000Z", "ended_by": null, "ended_at": null, "end_reason": null
}))]
pub struct FactoringAgreementOut {
    id: FactoringAgreementId,
    number: Number,
    /// Who buys or lends.
    factor: Line,
    kind: FactoringKind,
    recourse: Recourse,
    notification: Notification,
    /// The part of an invoice that is paid at once, in parts per million.
    #[schema(minimum = 0, maximum = 1_000_000)]
    advance_ppm: i64,
    valid_from: NaiveDate,
    /// The last day on which something can be sold or pledged.
    valid_until: Option<NaiveDate>,
    status: AgreementStatus,
    note: Option<Note>,
    created_by: Subject,
    created_at: Instant,
    ended_by: Option<Subject>,
    ended_at: Option<Instant>,
    end_reason: Option<Note>,
}

impl From<Agreement> for FactoringAgreementOut {
    fn from(row: Agreement) -> FactoringAgreementOut {
        FactoringAgreementOut {
            id: row.id,
            number: row.number,
            factor: row.factor,
            kind: row.kind,
            recourse: row.recourse,
            notification: row.notification,
            advance_ppm: row.advance_ppm,
            valid_from: row.valid_from,
            valid_until: row.valid_until,
            status: row.status,
            note: row.note,
            created_by: row.created_by,
            created_at: row.created_at,
            ended_by: row.ended_by,
            ended_at: row.ended_at,
            end_reason: row.end_reason,
        }
    }
}

/// The sale or pledge of an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FactoringAssignment, example = json!({
    "id": "fas_01k00000000000000000000001", "agreement_id": "fag_01k00000000000000000000001", "agreement_number": "FA-2026-1",
    "factor": "Suzhou Factoring Ltd.", "kind": "sale", "recourse": "without", "notification": "disclosed",
    "invoice_id": "inv_01k00000000000000000000001", "invoice_number": "I-2026-0001",
    "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.",
    "assigned": {"amount": "12500.00", "currency": "CNY"}, "advanced": {"amount": "10000.00", "currency": "CNY"},
    "open": {"amount": "12500.00", "currency": "CNY"}, "effect": "leaves", "status": "active", "assigned_on": "2026-04-02",
    "assigned_by": "u-32", "assigned_at": "2026-04-02T08:00:00.000000Z", "ended_on": null, "ended_by": null,
    "ended_at": null, "end_reason": null
}))]
pub struct FactoringAssignmentOut {
    id: FactoringAssignmentId,
    agreement_id: FactoringAgreementId,
    agreement_number: Number,
    factor: Line,
    kind: FactoringKind,
    recourse: Recourse,
    notification: Notification,
    invoice_id: InvoiceId,
    invoice_number: Number,
    customer_id: CustomerId,
    customer_number: Number,
    customer_name: Line,
    /// What was open on the day of the sale or pledge.
    assigned: Money,
    /// What of it was paid at once.
    advanced: Money,
    /// What is open on the invoice now.
    open: Money,
    effect: AssignmentEffect,
    status: AssignmentStatus,
    assigned_on: NaiveDate,
    /// Who approved it.
    assigned_by: Subject,
    assigned_at: Instant,
    ended_on: Option<NaiveDate>,
    ended_by: Option<Subject>,
    ended_at: Option<Instant>,
    end_reason: Option<Note>,
}

fn answer(db: &mut Db, assignment: Assignment) -> Result<Answer, Problem> {
    let version = assignment.version;
    let missing = FactoringError::Missing("factoring assignment");
    let out = describe(db, vec![assignment])?.pop().ok_or(missing)?;
    Ok(Answer::ok(&out)?.version(version))
}

fn describe(db: &mut Db, rows: Vec<Assignment>) -> Result<Vec<FactoringAssignmentOut>, DbError> {
    let ids: Vec<FactoringAgreementId> = rows.iter().map(|row| row.agreement_id).collect();
    let agreements: BTreeMap<FactoringAgreementId, Agreement> =
        store::list_agreements_by_ids(db, &ids)?
            .into_iter()
            .map(|agreement| (agreement.id, agreement))
            .collect();
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    let known: BTreeMap<CustomerId, Customer> = customers::list_by_ids(db, &ids)?
        .into_iter()
        .map(|customer| (customer.id, customer))
        .collect();
    let references: Vec<InvoiceRef> = rows
        .iter()
        .map(|row| InvoiceRef::Id(row.invoice_id))
        .collect();
    let references: Vec<&InvoiceRef> = references.iter().collect();
    let invoices: BTreeMap<InvoiceId, Invoice> = ledger::list_invoices_by_refs(db, &references)?
        .into_iter()
        .map(|invoice| (invoice.id, invoice))
        .collect();
    let out = rows.into_iter().filter_map(|row| {
        let agreement = agreements.get(&row.agreement_id)?;
        let customer = known.get(&row.customer_id)?;
        let invoice = invoices.get(&row.invoice_id)?;
        Some(FactoringAssignmentOut::new(
            row, agreement, customer, invoice,
        ))
    });
    Ok(out.collect())
}

impl FactoringAssignmentOut {
    fn new(
        row: Assignment,
        agreement: &Agreement,
        customer: &Customer,
        invoice: &Invoice,
    ) -> FactoringAssignmentOut {
        FactoringAssignmentOut {
            assigned: row.money(row.open_minor),
            advanced: row.money(row.advanced_minor),
            open: invoice.money(invoice.open_minor),
            id: row.id,
            agreement_id: agreement.id,
            agreement_number: agreement.number.clone(),
            factor: agreement.factor.clone(),
            kind: agreement.kind,
            recourse: agreement.recourse,
            notification: row.notification,
            invoice_id: invoice.id,
            invoice_number: invoice.number.clone(),
            customer_id: customer.id,
            customer_number: customer.number.clone(),
            customer_name: customer.name.clone(),
            effect: row.effect,
            status: row.status,
            assigned_on: row.assigned_on,
            assigned_by: row.assigned_by,
            assigned_at: row.assigned_at,
            ended_on: row.ended_on,
            ended_by: row.ended_by,
            ended_at: row.ended_at,
            end_reason: row.end_reason,
        }
    }
}

impl From<FactoringError> for Problem {
    fn from(error: FactoringError) -> Problem {
        let text = error.to_string();
        match error {
            FactoringError::Missing(thing) => Problem::not_found(thing),
            FactoringError::NumberTaken {
                number,
                existing_id,
            } => {
                let problem = Problem::new(Code::DuplicateNumber)
                    .with("thing", "factoring agreement")
                    .with("number", number);
                match existing_id {
                    Some(id) => problem.with("existing_id", id),
                    None => problem,
                }
            }
            FactoringError::EndsBeforeItBegins => {
                Problem::invalid("/valid_until", "out_of_bounds", text)
            }
            FactoringError::AgreementEnded(status) => Problem::ended("factoring agreement", status),
            FactoringError::AssignmentEnded(status) => {
                Problem::ended("factoring assignment", status)
            }
            FactoringError::Refused(refused) => {
                Problem::invalid("/factoring_agreement", "not_assignable", refused)
            }
            FactoringError::Stale => Problem::new(Code::Stale),
            FactoringError::Receivable(error) => error.into(),
            FactoringError::Account(error) => error.into(),
            FactoringError::Db(error) => error.into(),
        }
    }
}
