//! `/v1/trail/proof` and `/v1/trail/checkpoints`.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpRequest, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, CheckpointError};
use super::input::ProofFilter;
use super::model::TrailCheckpointOut;
use super::signing::Signer;
use super::{rules, store};
use crate::platform::http::auth::{ReadProof, SignTrail};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, Listing, NoFilter, Nothing, Outcome, Problem,
};

/// Who signs, where somebody does.
pub type Signing = Option<Arc<Signer>>;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_proof)
        .service(list_trail_checkpoints)
        .service(sign_trail_checkpoint);
}

/// An entry of the trail in the chain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SealedEntry, example = json!({
    "position": 1, "hash": "5f2b1c8e9a7d4f3062b8c1e5d9a0f4738e6b2c5d1a9f8e7d6c5b4a3f2e1d0c9b",
    "entry": "{\"action\":\"policy.went_live\",\"after\":null,\"at\":\"2026-03-31T08:00:00.000000Z\",\"seq\":1}"
}))]
pub struct SealedEntryOut {
    /// The place in the chain, from 1 on without gaps.
    #[schema(minimum = 1)]
    position: i64,
    /// SHA-256 over the hash before it, as 32 bytes (zeros before the first), and the entry's bytes in UTF-8; in hexadecimal.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    hash: String,
    /// The entry's bytes: JSON in the form of RFC 8785, with `before` and `after` as the texts that were written. Null where
    /// the entry is gone.
    #[schema(max_length = 10_000_000)]
    entry: Option<String>,
}

/// Prove the audit trail
///
/// The chain over the trail from its beginning: each hash is over the one before it and the entry's own bytes. Compute it
/// anew, and compare the last with a checkpoint that you kept: then nobody changed, took out or put in an entry since. The
/// newest entries are sealed a moment after they are written. See docs/platform/sealed-trail.md for twenty lines that do it.
#[utoipa::path(
    tag = "trail",
    params(Listing<ProofFilter>),
    responses((status = 200, description = "One page of the chain.", body = PageOut<SealedEntryOut>)),
    security(("bearer" = ["trail:prove"]))
)]
#[get("/v1/trail/proof")]
pub async fn list_proof(
    _actor: Actor<ReadProof>,
    listing: Listing<ProofFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &listing.filter, &listing.page)?;
            page.try_map_all(|seals| {
                let seqs: Vec<i64> = seals.iter().map(|seal| seal.seq).collect();
                let entries = store::list_entries(db, &seqs)?;
                let texts: BTreeMap<i64, String> = entries
                    .iter()
                    .map(|entry| (entry.seq, rules::canonical(entry)))
                    .collect();
                let out = seals.into_iter().map(|seal| SealedEntryOut {
                    position: seal.position,
                    hash: rules::hex(&seal.hash),
                    entry: texts.get(&seal.seq).cloned(),
                });
                Ok::<_, Problem>(out.collect())
            })
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// List checkpoints of the audit trail
///
/// The newest first. Keep some outside: they prove that the chain was not made anew or cut off since.
#[utoipa::path(
    tag = "trail",
    params(Listing<NoFilter>),
    responses((status = 200, description = "One page of checkpoints.", body = PageOut<TrailCheckpointOut>)),
    security(("bearer" = ["trail:prove"]))
)]
#[get("/v1/trail/checkpoints")]
pub async fn list_trail_checkpoints(
    _actor: Actor<ReadProof>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list_checkpoints(db, &listing.filter, &listing.page))
        .await?;
    Ok(page
        .map(|row| rules::told(&row))
        .into_response(&request, &cursors))
}

/// Sign a checkpoint of the audit trail
///
/// How far the chain has come now. One is signed by itself each day. 409 `no_signing_key` where the server has no key.
#[utoipa::path(
    tag = "trail",
    request_body = Nothing,
    responses((status = 201, description = "The checkpoint.", body = TrailCheckpointOut)),
    security(("bearer" = ["trail:sign"]))
)]
#[post("/v1/trail/checkpoints")]
pub async fn sign_trail_checkpoint(
    actor: Actor<SignTrail>,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
    signing: web::Data<Signing>,
) -> Outcome {
    let (database, caller) = (executor.database().clone(), actor.caller());
    let signed = web::block(move || {
        let signer = signing.get_ref().as_deref();
        actions::prepare(&database, &caller, signer)
    })
    .await
    .map_err(Problem::internal)?;
    // Whoever repeats a request is told what was answered, whether the key's keeper answers now or not.
    let signed = signed.map_err(Problem::from);
    executor
        .once(&actor, command, move |tx, _| {
            let checkpoint = signed.as_ref().map_err(Problem::clone)?;
            actions::keep(tx, checkpoint)?;
            Answer::created(&rules::told(checkpoint), "/v1/trail/checkpoints")
        })
        .await
}

impl From<CheckpointError> for Problem {
    fn from(error: CheckpointError) -> Problem {
        match error {
            CheckpointError::NoKey => Problem::new(Code::NoSigningKey),
            CheckpointError::Signing(error) => {
                tracing::error!(%error, "the trail's checkpoint was not signed");
                Problem::new(Code::SigningFailed)
            }
            CheckpointError::Db(error) => error.into(),
        }
    }
}
