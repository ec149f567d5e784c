//! `/v1/credit-accounts/{id}/entities`.

use actix_web::{get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::find_visible;
use crate::book::entities::actions as entities;
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::entity_terms;
use crate::book::exposure::input::EntityTermsIn;
use crate::book::exposure::model::{AccountStatus, CreditAccount, EntityTerms};
use crate::book::exposure::store::balances;
use crate::platform::http::auth::{ManageAccounts, ReadAccounts};
use crate::platform::http::{Actor, Answer, Executor, IfMatch, Outcome, Valid};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, DunningProcedureId, LegalEntityId};
use kernel::money::Money;
use kernel::text::{Keyword, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config.service(find_entity_terms).service(set_entity_terms);
}

/// An account and a legal entity, in a path.
#[derive(Debug, Clone, Deserialize)]
pub struct OfEntity {
    pub id: CreditAccountId,
    pub entity: EntityRef,
}

impl IntoParams for OfEntity {
    fn into_params(at: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all = CreditAccountId::into_params(&at);
        all.extend(EntityRef::into_params(&at));
        all
    }
}

/// Read what a legal entity has agreed with a customer
///
/// Where nothing was agreed, all members are null and the ETag is `"0"`: what holds for all holds for it.
#[utoipa::path(
    tag = "credit-accounts",
    params(OfEntity),
    responses((status = 200, description = "What was agreed.", body = EntityTermsOut)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts/{id}/entities/{entity}")]
pub async fn find_entity_terms(
    actor: Actor<ReadAccounts>,
    of: web::Path<OfEntity>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let account = find_visible(db, &actor, of.id)?;
            let entity = entities::find(db, Some(&of.entity))?;
            let terms = balances::find_terms(db, of.id, entity)?
                .unwrap_or_else(|| entity_terms::nothing_agreed(&account, entity));
            let version = terms.version;
            Ok(Answer::ok(&EntityTermsOut::new(terms, &account))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Set what a legal entity agrees with a customer
///
/// A limit of its own, beside that of all and judged like it; net days; a suspension for this company alone; who collects
/// for it. What is left out holds as for all. `If-Match` is `"0"` the first time.
#[utoipa::path(
    tag = "credit-accounts",
    params(OfEntity, IfMatch),
    request_body = EntityTermsIn,
    responses((status = 200, description = "What is agreed now.", body = EntityTermsOut)),
    security(("bearer" = ["accounts:manage"]))
)]
#[put("/v1/credit-accounts/{id}/entities/{entity}")]
pub async fn set_entity_terms(
    actor: Actor<ManageAccounts>,
    of: web::Path<OfEntity>,
    version: IfMatch,
    input: Valid<EntityTermsIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let caller = tx.caller();
            let account = find_visible(tx, caller, of.id)?;
            let entity = entities::find(tx, Some(&of.entity))?;
            let terms = entity_terms::set(tx, of.id, entity, version.0, &input.0)?;
            let version = terms.version;
            Ok(Answer::ok(&EntityTermsOut::new(terms, &account))?.version(version))
        })
        .await
}

/// What a legal entity has agreed with a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntityTerms, example = json!({
    "credit_account_id": "acc_01k00000000000000000000001", "legal_entity_id": "ent_01k00000000000000000000001",
    "status": "active", "limit": {"amount": "1500000.00", "currency": "CNY"}, "net_days": 45, "payment_terms": null,
    "collector": "u-24", "reason": "Hamburg sells no more than this.", "set_by": "u-21",
    "changed_at": "2026-03-31T08:00:00.000000Z", "dunning_procedure_id": null, "dunning_blocked_at": null,
    "dunning_block_reason": null
}))]
pub struct EntityTermsOut {
    credit_account_id: CreditAccountId,
    legal_entity_id: LegalEntityId,
    status: AccountStatus,
    /// In the account's currency; null when only the limit of all holds.
    limit: Option<Money>,
    /// Days from invoice to due date; null for those of the account.
    #[schema(minimum = 0, maximum = 365)]
    net_days: Option<i32>,
    /// The payment terms of its invoices that name none and state no due date; null for net days.
    payment_terms: Option<Keyword>,
    /// Who collects for it.
    collector: Option<Subject>,
    /// Null when nothing was agreed.
    #[schema(max_length = 2000)]
    reason: Option<String>,
    #[schema(max_length = 128)]
    set_by: Option<String>,
    changed_at: Option<Instant>,
    /// The dunning procedure for what is owed to it; null for that of the account.
    dunning_procedure_id: Option<DunningProcedureId>,
    /// Since when dunning closes the account to its orders; null where it does not.
    dunning_blocked_at: Option<Instant>,
    #[schema(max_length = 2000)]
    dunning_block_reason: Option<String>,
}

impl EntityTermsOut {
    fn new(terms: EntityTerms, account: &CreditAccount) -> EntityTermsOut {
        let is_agreed = terms.version > 0;
        EntityTermsOut {
            credit_account_id: terms.account_id,
            legal_entity_id: terms.legal_entity_id,
            status: terms.status,
            limit: terms.limit_minor.map(|minor| account.money(minor)),
            net_days: terms.net_days,
            payment_terms: terms.payment_terms,
            collector: terms.collector,
            reason: is_agreed.then_some(terms.reason),
            set_by: is_agreed.then(|| terms.set_by.into()),
            changed_at: is_agreed.then_some(terms.changed_at),
            dunning_procedure_id: terms.dunning_procedure_id,
            dunning_blocked_at: terms.dunning_blocked_at,
            dunning_block_reason: terms.dunning_block_reason,
        }
    }
}
