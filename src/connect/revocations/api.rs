//! `/v1/token-revocations`: which tokens count no more.

use actix_web::{HttpRequest, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, RevocationError};
use super::input::TokenRevocationIn;
use super::model::TokenRevocation;
use super::revoked::Revoked;
use super::store;
use crate::platform::http::auth::{ReadRevocations, RevokeTokens};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, Listing, NoFilter, Outcome, Problem,
};
use kernel::clock::Instant;
use kernel::ids::TokenRevocationId;
use kernel::text::{Note, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(revoke_tokens)
        .service(list_token_revocations);
}

/// Revoke tokens
///
/// One token, or all that a subject was issued until now and within the next minute, since clocks differ: from this answer on
/// where it is given, and two seconds later on every other server. Whoever signs in anew after that minute is let in; to keep
/// somebody out, end the account at the provider as well. API keys are revoked by themselves.
#[utoipa::path(
    tag = "token-revocations",
    request_body = TokenRevocationIn,
    responses((status = 201, description = "What counts no more.", body = TokenRevocationOut)),
    security(("bearer" = ["token-revocations:manage"]))
)]
#[post("/v1/token-revocations")]
pub async fn revoke_tokens(
    actor: Actor<RevokeTokens>,
    command: Command<TokenRevocationIn>,
    revoked: web::Data<Revoked>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .once(&actor, command, move |tx, input| {
            let row = actions::revoke(tx, input)?;
            let location = "/v1/token-revocations".to_owned();
            Answer::created(&TokenRevocationOut::new(row), location)
        })
        .await?;
    let read = web::block(move || revoked.read()).await;
    read.map_err(Problem::internal)??;
    Ok(answer)
}

/// List revoked tokens
///
/// Those that could be valid otherwise, the first that was revoked first.
#[utoipa::path(
    tag = "token-revocations",
    params(Listing<NoFilter>),
    responses((status = 200, description = "One page of revocations.", body = PageOut<TokenRevocationOut>)),
    security(("bearer" = ["token-revocations:read"]))
)]
#[get("/v1/token-revocations")]
pub async fn list_token_revocations(
    _actor: Actor<ReadRevocations>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| Ok(store::list(db, &listing.page)?.map(TokenRevocationOut::new)))
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Tokens that count no more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenRevocation, example = json!({
    "id": "trv_01k00000000000000000000001", "token_id": null, "subject": "keycloak:u-17",
    "reason": "The laptop was stolen.", "created_by": "u-1", "created_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct TokenRevocationOut {
    id: TokenRevocationId,
    /// The one token.
    #[schema(max_length = 255)]
    token_id: Option<String>,
    /// All tokens of this subject that were issued until then, and within a minute after.
    subject: Option<Subject>,
    reason: Note,
    created_by: Subject,
    created_at: Instant,
}

impl TokenRevocationOut {
    fn new(row: TokenRevocation) -> TokenRevocationOut {
        TokenRevocationOut {
            id: row.id,
            token_id: row.token_id,
            subject: row.subject,
            reason: row.reason,
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}

impl From<RevocationError> for Problem {
    fn from(error: RevocationError) -> Problem {
        let text = error.to_string();
        match error {
            RevocationError::NotOne => Problem::invalid("", "not_one", text),
            RevocationError::NoName => Problem::invalid("/token_id", "malformed", text),
            RevocationError::Db(error) => error.into(),
        }
    }
}
