//! `/v1/credit-accounts/{id}/payment-terms`.

use actix_web::{get, put, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::find_visible;
use crate::book::exposure::actions::agreed as actions;
use crate::book::exposure::input::AgreedTermsIn;
use crate::book::exposure::model::AgreedTerms;
use crate::book::exposure::store::agreed;
use crate::platform::http::auth::{ManageAccounts, ReadAccounts};
use crate::platform::http::{Actor, Answer, Executor, IfMatch, Outcome, Valid};
use kernel::clock::Instant;
use kernel::ids::CreditAccountId;
use kernel::text::Keyword;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(find_account_payment_terms)
        .service(set_account_payment_terms);
}

/// Read the payment terms of an account
///
/// Those of its invoices that name none and state no due date, whichever company sells. Where none were agreed, all members are
/// null and the ETag is `"0"`: the net days hold.
#[utoipa::path(
    tag = "credit-accounts",
    params(CreditAccountId),
    responses((status = 200, description = "What is agreed.", body = AgreedTermsOut)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts/{id}/payment-terms")]
pub async fn find_account_payment_terms(
    actor: Actor<ReadAccounts>,
    id: web::Path<CreditAccountId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            find_visible(db, &actor, *id)?;
            let agreed = agreed::find(db, *id)?;
            let version = agreed.as_ref().map_or(0, |agreed| agreed.version);
            Ok(Answer::ok(&AgreedTermsOut::new(*id, agreed))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Set the payment terms of an account
///
/// For invoices that name none and state no due date; what a company has agreed for itself comes first. `null` gives them up,
/// and the net days hold. `If-Match` is `"0"` the first time.
#[utoipa::path(
    tag = "credit-accounts",
    params(CreditAccountId, IfMatch),
    request_body = AgreedTermsIn,
    responses((status = 200, description = "What is agreed now.", body = AgreedTermsOut)),
    security(("bearer" = ["accounts:manage"]))
)]
#[put("/v1/credit-accounts/{id}/payment-terms")]
pub async fn set_account_payment_terms(
    actor: Actor<ManageAccounts>,
    id: web::Path<CreditAccountId>,
    version: IfMatch,
    input: Valid<AgreedTermsIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let caller = tx.caller();
            find_visible(tx, caller, *id)?;
            let agreed = actions::set(tx, *id, version.0, &input.0)?;
            let version = agreed.version;
            Ok(Answer::ok(&AgreedTermsOut::new(*id, Some(agreed)))?.version(version))
        })
        .await
}

/// The payment terms of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountPaymentTerms, example = json!({
    "credit_account_id": "acc_01k00000000000000000000001", "payment_terms": "2_10_net_30",
    "reason": "Agreed with the customer on 31 March.", "set_by": "u-21", "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct AgreedTermsOut {
    credit_account_id: CreditAccountId,
    /// Null when none are agreed.
    payment_terms: Option<Keyword>,
    /// Null when nothing ever was agreed.
    #[schema(max_length = 2000)]
    reason: Option<String>,
    #[schema(max_length = 128)]
    set_by: Option<String>,
    changed_at: Option<Instant>,
}

impl AgreedTermsOut {
    fn new(account: CreditAccountId, agreed: Option<AgreedTerms>) -> AgreedTermsOut {
        AgreedTermsOut {
            credit_account_id: account,
            payment_terms: agreed
                .as_ref()
                .and_then(|agreed| agreed.payment_terms.clone()),
            reason: agreed.as_ref().map(|agreed| agreed.reason.clone()),
            set_by: agreed.as_ref().map(|agreed| agreed.set_by.to_string()),
            changed_at: agreed.map(|agreed| agreed.changed_at),
        }
    }
}
