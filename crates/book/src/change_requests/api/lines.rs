//! `/v1/change-requests/{id}/lines`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::book::change_requests::actions::{self, ChangeError};
use crate::book::change_requests::input::ChangeLineFilter;
use crate::book::change_requests::kinds::ChangeKinds;
use crate::book::change_requests::model::{ChangeKind, ChangeLine, LineOutcome};
use crate::book::change_requests::store;
use crate::book::customers::model::Customer;
use crate::book::customers::store as customers;
use crate::platform::db::{Db, DbError, read_document};
use crate::platform::http::auth::ReadChangeRequests;
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::problem::FieldError;
use crate::platform::http::{AcceptLanguage, Actor, Executor, Listing, Outcome, Problem};
use kernel::caller::Caller;
use kernel::ids::{ChangeRequestId, CustomerId};
use kernel::places::Language;
use kernel::text::{Line, Number};

/// List the lines of a change request
///
/// In the order in which they are applied, each with what its target was and what it is to become, and after the approval
/// with what became of it; sales those about their own customers.
#[utoipa::path(
    tag = "change-requests",
    params(ChangeRequestId, Listing<ChangeLineFilter>),
    responses((status = 200, description = "One page of lines.", body = PageOut<ChangeLineOut>)),
    security(("bearer" = ["change-requests:read"]))
)]
#[get("/v1/change-requests/{id}/lines")]
pub async fn list_change_request_lines(
    actor: Actor<ReadChangeRequests>,
    id: web::Path<ChangeRequestId>,
    listing: Listing<ChangeLineFilter>,
    (kinds, language): (web::Data<ChangeKinds>, AcceptLanguage),
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let of = store::find_visible(db, &actor, *id)?.ok_or(ChangeError::Missing)?;
            let page = store::list_lines(db, &actor, *id, &listing.filter, &listing.page)?;
            let customers = customers_of(db, &page.items)?;
            Ok(page.try_map(|row| {
                let (line, outcome, refusal) = (row.line, row.outcome, row.refusal.clone());
                let parts = LineParts::new(db, **kinds, &actor, of.kind, &customers, row)?;
                ChangeLineOut::new(line, parts, outcome, refusal.as_deref(), language.0)
            })?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// The customers whom lines are about.
pub fn customers_of(
    db: &mut Db,
    lines: &[ChangeLine],
) -> Result<BTreeMap<CustomerId, Customer>, DbError> {
    let ids: Vec<CustomerId> = lines.iter().filter_map(|line| line.customer_id).collect();
    let known = customers::list_by_ids(db, &ids)?.into_iter();
    Ok(known.map(|customer| (customer.id, customer)).collect())
}

/// What a line says, as its reader may know it.
pub struct LineParts {
    pub target: (Line, Option<Number>),
    pub about: Option<Customer>,
    /// Before and after.
    pub states: (Value, Value),
}

impl LineParts {
    /// # Errors
    /// When the database fails.
    pub fn new(
        db: &mut Db,
        kinds: ChangeKinds,
        reader: &Caller,
        kind: ChangeKind,
        customers: &BTreeMap<CustomerId, Customer>,
        line: ChangeLine,
    ) -> Result<LineParts, DbError> {
        let states = actions::shown(db, kinds, reader, kind, &line)?;
        let about = line.customer_id.and_then(|id| customers.get(&id));
        Ok(LineParts {
            about: about.cloned(),
            target: (line.target_id, line.target_number),
            states,
        })
    }
}

/// One line of a change request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeLine, example = json!({
    "line": 2, "target_id": "cus_01k00000000000000000000001", "target_number": "C-1001",
    "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.",
    "before": {"parent_customer_id": null, "parent_customer_number": null, "parent_customer_name": null},
    "after": {
        "parent_customer_id": "cus_01k00000000000000000000002", "parent_customer_number": "C-1000",
        "parent_customer_name": "Jiangnan Holding"
    },
    "outcome": "applied", "errors": []
}))]
pub struct ChangeLineOut {
    /// Its place, from 1 on; of a file the line on which it stands.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    line: i32,
    /// What is to change.
    target_id: Line,
    /// The number that another system gave it.
    target_number: Option<Number>,
    /// The customer whom it is about.
    customer_id: Option<CustomerId>,
    customer_number: Option<Number>,
    customer_name: Option<Line>,
    /// What the target was when the change was proposed. Of a head that is somebody else's customer, sales are told nothing.
    #[schema(value_type = Object)]
    before: Value,
    /// What it is to become, in the same form.
    #[schema(value_type = Object)]
    after: Value,
    /// What became of it; null before the request is approved.
    outcome: Option<LineOutcome>,
    /// Why it was refused.
    #[schema(max_items = 1000)]
    errors: Vec<FieldError>,
}

impl ChangeLineOut {
    fn new(
        line: i32,
        parts: LineParts,
        outcome: Option<LineOutcome>,
        refusal: Option<&str>,
        language: Language,
    ) -> Result<ChangeLineOut, DbError> {
        let refusal: Option<Problem> = refusal.map(read_document).transpose()?;
        let about = parts.about.as_ref();
        Ok(ChangeLineOut {
            line,
            target_id: parts.target.0,
            target_number: parts.target.1,
            customer_id: about.map(|customer| customer.id),
            customer_number: about.map(|customer| customer.number.clone()),
            customer_name: about.map(|customer| customer.name.clone()),
            before: parts.states.0,
            after: parts.states.1,
            outcome,
            errors: refusal.map_or_else(Vec::new, |refusal| refusal.told(language)),
        })
    }
}
