//! `/v1/reports/policy-violations`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::AgingCustomerOut;
use crate::book::customers::model::Customer;
use crate::book::customers::store as customers;
use crate::platform::http::auth::ReadControls;
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Executor, Listing, Outcome, Problem};
use crate::prove::reports::actions::violations;
use crate::prove::reports::input::ViolationFilter;
use crate::prove::reports::model::{Violation, ViolationKind};
use kernel::clock::Instant;
use kernel::ids::{CustomerId, LegalEntityId, PeriodId};
use kernel::money::Money;

/// Report policy violations
///
/// What another ledger had recorded already, so that it was taken over though policy would have refused it: documents in
/// closed periods, invoices beyond what was reserved for their orders, instruments beyond a cap of their acceptor. The
/// newest first.
#[utoipa::path(
    tag = "reports",
    params(Listing<ViolationFilter>),
    responses((status = 200, description = "One page of violations.", body = PageOut<ViolationOut>)),
    security(("bearer" = ["controls:read"]))
)]
#[get("/v1/reports/policy-violations")]
pub async fn report_policy_violations(
    _: Actor<ReadControls>,
    listing: Listing<ViolationFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let Listing { filter, page } = listing;
    let page = executor
        .read(move |db| {
            let question = filter.question(db.clock());
            let found = page.read(position, |after, count| {
                let before = after.map(|(key, _): (Uuid, Uuid)| key);
                violations::list(db, &question, before, count)
            })?;
            found.try_map_all(|rows| {
                let ids: Vec<CustomerId> = rows.iter().filter_map(|row| row.customer_id).collect();
                let named = customers::list_by_ids(db, &ids)?.into_iter();
                let named: BTreeMap<CustomerId, Customer> =
                    named.map(|customer| (customer.id, customer)).collect();
                let out = rows.into_iter().map(|row| {
                    let customer = row.customer_id.and_then(|id| named.get(&id));
                    ViolationOut::new(row, customer)
                });
                Ok::<_, Problem>(out.collect())
            })
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

const fn position(row: &Violation) -> (&Uuid, &Uuid) {
    (&row.key, &row.key)
}

/// Something that was recorded though policy would refuse it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyViolation, example = json!({
    "kind": "order_exceeded", "resource_id": "inv_01k00000000000000000000001",
    "customer": {"id": "cus_01k00000000000000000000001", "number": "C-1001", "name": "Jiangnan Trading Co."},
    "legal_entity_id": "ent_01k00000000000000000000001", "period_id": null, "day": "2026-03-31",
    "amount": {"amount": "600.00", "currency": "CNY"}, "excess": {"amount": "100.00", "currency": "CNY"},
    "recorded_by": "erp", "recorded_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct ViolationOut {
    kind: ViolationKind,
    /// The document.
    #[schema(max_length = 128)]
    resource_id: String,
    customer: Option<AgingCustomerOut>,
    legal_entity_id: Option<LegalEntityId>,
    /// The period that was closed.
    period_id: Option<PeriodId>,
    /// The document's day.
    day: NaiveDate,
    /// The document's amount; null for documents in closed periods.
    amount: Option<Money>,
    /// By how much an invoice goes past its order.
    excess: Option<Money>,
    #[schema(max_length = 128)]
    recorded_by: String,
    recorded_at: Instant,
}

impl ViolationOut {
    fn new(row: Violation, customer: Option<&Customer>) -> ViolationOut {
        ViolationOut {
            kind: row.kind,
            resource_id: row.resource_id,
            customer: customer.map(AgingCustomerOut::from),
            legal_entity_id: row.legal_entity_id,
            period_id: row.period_id,
            day: row.day,
            amount: row.amount,
            excess: row.excess,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at,
        }
    }
}
