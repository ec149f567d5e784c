//! `/v1/deadlines`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, DeadlineError};
use super::input::{DeadlineFilter, DeadlineIn, MeetDeadlineIn};
use super::model::{Deadline, DeadlineKind, DeadlineStatus, DeadlineSubject};
use super::store;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{ManageDeadlines, ReadDeadlines};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, Listing, Outcome, Problem, ReasonIn,
};
use kernel::clock::Instant;
use kernel::ids::{CustomerId, DeadlineId};
use kernel::text::{Line, Note, Number, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(add_deadline)
        .service(list_deadlines)
        .service(find_deadline)
        .service(meet_deadline)
        .service(withdraw_deadline);
}

/// Add a deadline
///
/// One of your own, about a customer or one of its invoices. Those of instruments are written by the instruments.
#[utoipa::path(
    tag = "deadlines",
    request_body = DeadlineIn,
    responses((status = 201, description = "The deadline.", body = DeadlineOut)),
    security(("bearer" = ["deadlines:manage"]))
)]
#[post("/v1/deadlines")]
pub async fn add_deadline(
    actor: Actor<ManageDeadlines>,
    command: Command<DeadlineIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let deadline = actions::add(tx, input)?;
            let location = format!("/v1/deadlines/{}", deadline.id);
            let version = deadline.version;
            Ok(Answer::created(&describe_one(tx, deadline)?, location)?.version(version))
        })
        .await
}

/// List deadlines
///
/// Those about customers that you may see, the most urgent first.
#[utoipa::path(
    tag = "deadlines",
    params(Listing<DeadlineFilter>),
    responses((status = 200, description = "One page of deadlines.", body = PageOut<DeadlineOut>)),
    security(("bearer" = ["deadlines:read"]))
)]
#[get("/v1/deadlines")]
pub async fn list_deadlines(
    actor: Actor<ReadDeadlines>,
    listing: Listing<DeadlineFilter>,
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

/// Read a deadline
///
/// What must be done by when, why, and what became of it.
#[utoipa::path(
    tag = "deadlines",
    params(DeadlineId),
    responses((status = 200, description = "The deadline.", body = DeadlineOut)),
    security(("bearer" = ["deadlines:read"]))
)]
#[get("/v1/deadlines/{id}")]
pub async fn find_deadline(
    actor: Actor<ReadDeadlines>,
    id: web::Path<DeadlineId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let deadline = store::find(db, *id)?.ok_or(DeadlineError::Missing)?;
            let reference = CustomerRef::Id(deadline.customer_id);
            customers::find_visible(db, &actor, &reference)?.ok_or(DeadlineError::Missing)?;
            let version = deadline.version;
            Ok(Answer::ok(&describe_one(db, deadline)?)?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Meet a deadline
///
/// Says what was done, and when. What was done after the day on which it was due is too late; such a deadline is missed.
#[utoipa::path(
    tag = "deadlines",
    params(DeadlineId, IfMatch),
    request_body = MeetDeadlineIn,
    responses((status = 200, description = "The deadline, met.", body = DeadlineOut)),
    security(("bearer" = ["deadlines:manage"]))
)]
#[post("/v1/deadlines/{id}/meet")]
pub async fn meet_deadline(
    actor: Actor<ManageDeadlines>,
    id: web::Path<DeadlineId>,
    version: IfMatch,
    command: Command<MeetDeadlineIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let deadline = actions::meet_by_person(tx, *id, version.0, input)?;
            let version = deadline.version;
            Ok(Answer::ok(&describe_one(tx, deadline)?)?.version(version))
        })
        .await
}

/// Withdraw a deadline
///
/// Nothing more is to be done.
#[utoipa::path(
    tag = "deadlines",
    params(DeadlineId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The deadline, withdrawn.", body = DeadlineOut)),
    security(("bearer" = ["deadlines:manage"]))
)]
#[post("/v1/deadlines/{id}/withdraw")]
pub async fn withdraw_deadline(
    actor: Actor<ManageDeadlines>,
    id: web::Path<DeadlineId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let deadline = actions::withdraw_by_person(tx, *id, version.0, &input.reason)?;
            let version = deadline.version;
            Ok(Answer::ok(&describe_one(tx, deadline)?)?.version(version))
        })
        .await
}

/// A deadline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deadline, example = json!({
    "id": "ddl_01k00000000000000000000001", "kind": "instrument_presentation", "subject_kind": "instrument",
    "subject_id": "ins_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.", "due_on": "2026-04-10",
    "rule": "presentation_days=10", "note": null, "status": "open", "done_note": null, "done_on": null, "done_by": null,
    "done_at": null, "created_by": "u-31", "created_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct DeadlineOut {
    id: DeadlineId,
    kind: DeadlineKind,
    subject_kind: DeadlineSubject,
    /// The id of what it is about.
    #[schema(max_length = 64)]
    subject_id: String,
    customer_id: CustomerId,
    customer_number: Number,
    customer_name: Line,
    /// The last day on which it is in time.
    due_on: NaiveDate,
    /// Why it is that day: a person's words, or the attribute of the instrument's kind, such as `presentation_days=10`.
    rule: Line,
    note: Option<Note>,
    status: DeadlineStatus,
    /// What was done, or why there is nothing to be done.
    done_note: Option<Note>,
    /// The day on which it was done or withdrawn.
    done_on: Option<NaiveDate>,
    done_by: Option<Subject>,
    done_at: Option<Instant>,
    created_by: Subject,
    created_at: Instant,
}

fn describe_one(db: &mut Db, row: Deadline) -> Result<DeadlineOut, Problem> {
    let described = describe(db, vec![row])?.pop();
    Ok(described.ok_or(DeadlineError::Missing)?)
}

fn describe(db: &mut Db, rows: Vec<Deadline>) -> Result<Vec<DeadlineOut>, DbError> {
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    let found = customers::list_by_ids(db, &ids)?;
    let about: BTreeMap<CustomerId, Customer> = found
        .into_iter()
        .map(|customer| (customer.id, customer))
        .collect();
    let out = rows.into_iter().filter_map(|row| {
        let customer = about.get(&row.customer_id)?;
        Some(DeadlineOut {
            id: row.id,
            kind: row.kind,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            customer_id: customer.id,
            customer_number: customer.number.clone(),
            customer_name: customer.name.clone(),
            due_on: row.due_on,
            rule: row.rule,
            note: row.note,
            status: row.status,
            done_note: row.done_note,
            done_on: row.done_on,
            done_by: row.done_by,
            done_at: row.done_at,
            created_by: row.created_by,
            created_at: row.created_at,
        })
    });
    Ok(out.collect())
}

impl From<DeadlineError> for Problem {
    fn from(error: DeadlineError) -> Problem {
        let text = error.to_string();
        match error {
            DeadlineError::Missing => Problem::not_found("deadline"),
            DeadlineError::NoSuchCustomer => Problem::not_found_at("/customer", "customer"),
            DeadlineError::NoSuchInvoice => Problem::invalid("/invoice", "unknown_invoice", text),
            DeadlineError::HasPassed => Problem::invalid("/due_on", "out_of_bounds", text),
            DeadlineError::Day(error) => Problem::invalid("/done_on", "out_of_bounds", error),
            DeadlineError::Ended(status) => Problem::ended("deadline", status),
            DeadlineError::OfInstrument => Problem::invalid("", "of_instrument", text),
            DeadlineError::Stale => Problem::new(Code::Stale),
            DeadlineError::Db(error) => error.into(),
        }
    }
}
