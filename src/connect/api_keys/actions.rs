//! What admins do with API keys.

use chrono::Duration;

use super::input::{ApiKeyIn, RotateKeyIn};
use super::model::{ApiKey, KeyStatus};
use super::rules::{ScopeError, check_scopes, hash_of, text_of};
use super::store;
use crate::connect::webhooks::secrets::{Vault, VaultError};
use crate::platform::db::{Change, DbError, Tx, write_json};
use crate::platform::http::auth::PERMISSIONS;
use kernel::ids::ApiKeyId;
use kernel::text::{Keyword, Note};

/// As many keys may there be that are not revoked.
pub const KEYS_MAX: i64 = 200;

/// For how long the key before is taken as well, when nobody says.
const OVERLAP_HOURS: i64 = 24;

/// What the vault of keys is for.
pub const PURPOSE: &str = "netterms API keys in stored answers";

/// Why a key can't be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    #[error("there is no such API key")]
    Missing,
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error("must be later than now")]
    Expired,
    #[error("there are {KEYS_MAX} API keys, and may not be more")]
    TooMany,
    #[error("the key is {0}")]
    Ended(KeyStatus),
    #[error("the row has another version")]
    Stale,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A key as it was just made, with its secret, sealed until it is told.
pub struct Made {
    pub key: ApiKey,
    pub sealed: String,
}

/// Makes a key.
///
/// # Errors
/// When a scope is none of its role's, it would have expired, or there are too many.
pub fn create(tx: &mut Tx, vault: &Vault, input: &ApiKeyIn) -> Result<Made, ApiKeyError> {
    check_scopes(input.role, &input.scopes, PERMISSIONS)?;
    if input.expires_at.is_some_and(|end| end <= tx.now()) {
        return Err(ApiKeyError::Expired);
    }
    if store::count(tx)? >= KEYS_MAX {
        return Err(ApiKeyError::TooMany);
    }
    let mut scopes: Vec<&str> = input.scopes.iter().map(Keyword::as_str).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let id = ApiKeyId::new();
    let sealed = vault.make()?;
    let key = ApiKey {
        id,
        name: input.name.clone(),
        role: input.role,
        scopes: write_json(&scopes)?,
        secret_hash: hash_of(&text_of(id, &vault.open(&sealed)?)),
        previous_hash: None,
        previous_until: None,
        expires_at: input.expires_at,
        requests_per_second: input.requests_per_second,
        last_used_at: None,
        revoked_at: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        changed_at: tx.now(),
        version: 1,
    };
    store::insert(tx, &key)?;
    tx.record(Change::new("api_key.created", key.id).after(&key))?;
    Ok(Made { key, sealed })
}

fn lock(tx: &mut Tx, id: ApiKeyId, version: i64) -> Result<ApiKey, ApiKeyError> {
    let key = store::lock(tx, id)?.ok_or(ApiKeyError::Missing)?;
    if key.version != version {
        return Err(ApiKeyError::Stale);
    }
    Ok(key)
}

/// Gives a key another secret; the one before is taken as well for a while.
///
/// # Errors
/// When it is not there, changed since `version`, expired or revoked.
pub fn rotate(
    tx: &mut Tx,
    vault: &Vault,
    id: ApiKeyId,
    version: i64,
    input: &RotateKeyIn,
) -> Result<Made, ApiKeyError> {
    let before = lock(tx, id, version)?;
    let status = before.status(tx.now());
    if status != KeyStatus::Active {
        return Err(ApiKeyError::Ended(status));
    }
    let hours = input.overlap_hours.unwrap_or(OVERLAP_HOURS);
    let overlaps = hours > 0;
    let sealed = vault.make()?;
    let after = ApiKey {
        secret_hash: hash_of(&text_of(id, &vault.open(&sealed)?)),
        previous_hash: overlaps.then(|| before.secret_hash.clone()),
        previous_until: overlaps.then(|| tx.now().plus(Duration::hours(hours))),
        changed_at: tx.now(),
        version: before.version.saturating_add(1),
        ..before.clone()
    };
    store::update(tx, &after)?;
    tx.record(
        Change::new("api_key.rotated", id)
            .before(&before)
            .after(&after),
    )?;
    Ok(Made { key: after, sealed })
}

/// Ends a key for ever.
///
/// # Errors
/// When it is not there, changed since `version`, or revoked already.
pub fn revoke(
    tx: &mut Tx,
    id: ApiKeyId,
    version: i64,
    reason: &Note,
) -> Result<ApiKey, ApiKeyError> {
    let before = lock(tx, id, version)?;
    if before.revoked_at.is_some() {
        return Err(ApiKeyError::Ended(KeyStatus::Revoked));
    }
    let after = ApiKey {
        previous_hash: None,
        previous_until: None,
        revoked_at: Some(tx.now()),
        changed_at: tx.now(),
        version: before.version.saturating_add(1),
        ..before.clone()
    };
    store::update(tx, &after)?;
    let change = Change::new("api_key.revoked", id)
        .before(&before)
        .after(&after);
    tx.record(change.because(reason))?;
    Ok(after)
}
