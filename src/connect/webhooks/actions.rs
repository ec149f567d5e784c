//! What people do with endpoints.

use std::sync::Arc;

use chrono::Duration;
use serde::Serialize;

use super::events::TESTED;
use super::input::{ReplayIn, RotateSecretIn, WebhookEndpointIn, WebhookEndpointPatch};
use super::model::{Delivery, DisabledBecause, Endpoint, EndpointStatus};
use super::rules::{AddressError, Reach, check_address, is_told};
use super::secrets::{Vault, VaultError};
use super::store;
use crate::connect::events::model::EventTypes;
use crate::platform::db::{Change, DbError, Tx, write_json};
use crate::platform::events::store as log;
use kernel::ids::{WebhookDeliveryId, WebhookEndpointId};
use kernel::text::{Keyword, Note};

/// As many endpoints may there be.
pub const ENDPOINTS_MAX: i64 = 50;

/// For how long the secret before signs as well, when nobody says.
const OVERLAP_HOURS: i64 = 24;

/// How long it is remembered what was delivered.
const REMEMBERED_DAYS: i64 = 30;

/// How many are forgotten in one unit of work.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// What a change of endpoints has to go by.
pub struct Setting {
    pub reach: Reach,
    pub types: EventTypes,
    pub vault: Arc<Vault>,
}

/// Why an endpoint can't be set up or changed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("must be a type of events: the contract lists them below webhooks")]
    UnknownType { index: usize },
    #[error(
        "is read by people alone, and told to no endpoint: neither the role system nor admin may read what it tells"
    )]
    NotTold { index: usize },
    #[error("there are {ENDPOINTS_MAX} endpoints, and may not be more")]
    TooMany,
    #[error("the endpoint is {0} already")]
    IsAlready(EndpointStatus),
    #[error("the delivery waits already")]
    Waits,
    #[error("must not be in the future")]
    InFuture,
    #[error("the row has another version")]
    Stale,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Sets an endpoint up: it is told what happens from now on.
///
/// # Errors
/// When its address is refused, a type is unknown or told to no endpoint, or there are too many.
pub fn create(
    tx: &mut Tx,
    setting: &Setting,
    input: &WebhookEndpointIn,
) -> Result<Endpoint, WebhookError> {
    let url = check_address(&input.url, setting.reach)?;
    let event_types = checked_types(setting, &input.event_types)?;
    if store::count(tx)? >= ENDPOINTS_MAX {
        return Err(WebhookError::TooMany);
    }
    let place = log::horizon(tx)?;
    let endpoint = Endpoint {
        id: WebhookEndpointId::new(),
        url: url.to_string(),
        description: input.description.clone(),
        event_types,
        status: EndpointStatus::Enabled,
        disabled_because: None,
        secret: setting.vault.make()?,
        previous_secret: None,
        previous_secret_until: None,
        transaction_id: place.transaction_id,
        seq: place.seq,
        failing_since: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        changed_at: tx.now(),
        version: 1,
    };
    store::insert(tx, &endpoint)?;
    tx.record(Change::new("webhook_endpoint.created", endpoint.id).after(&endpoint))?;
    Ok(endpoint)
}

fn checked_types(setting: &Setting, types: &[Keyword]) -> Result<String, WebhookError> {
    for (index, name) in types.iter().enumerate() {
        let of = setting.types.find(name.as_str());
        let of = of.ok_or(WebhookError::UnknownType { index })?;
        if !is_told(of.roles) {
            return Err(WebhookError::NotTold { index });
        }
    }
    let mut named: Vec<&str> = types.iter().map(Keyword::as_str).collect();
    named.sort_unstable();
    named.dedup();
    Ok(write_json(&named)?)
}

fn lock(tx: &mut Tx, id: WebhookEndpointId, version: i64) -> Result<Endpoint, WebhookError> {
    let endpoint = store::lock(tx, id)?.ok_or(WebhookError::Missing("webhook endpoint"))?;
    if endpoint.version != version {
        return Err(WebhookError::Stale);
    }
    Ok(endpoint)
}

/// Writes a locked endpoint as it becomes.
fn save(
    tx: &mut Tx,
    action: &'static str,
    before: &Endpoint,
    after: Endpoint,
    reason: Option<&Note>,
) -> Result<Endpoint, WebhookError> {
    let after = Endpoint {
        changed_at: tx.now(),
        version: before.version.saturating_add(1),
        ..after
    };
    store::update(tx, &after)?;
    let mut change = Change::new(action, after.id).before(before).after(&after);
    if let Some(reason) = reason {
        change = change.because(reason);
    }
    tx.record(change)?;
    Ok(after)
}

/// Changes where an endpoint is, and what it wants.
///
/// # Errors
/// When it is not there or changed since `version`, its address is refused, or a type is unknown or told to no endpoint.
pub fn change(
    tx: &mut Tx,
    setting: &Setting,
    id: WebhookEndpointId,
    version: i64,
    patch: &WebhookEndpointPatch,
) -> Result<Endpoint, WebhookError> {
    let before = lock(tx, id, version)?;
    let mut after = before.clone();
    if let Some(url) = &patch.url {
        after.url = check_address(url, setting.reach)?.to_string();
    }
    if let Some(description) = &patch.description {
        after.description.clone_from(description);
    }
    if let Some(types) = &patch.event_types {
        after.event_types = checked_types(setting, types)?;
    }
    if after == before {
        return Ok(before);
    }
    save(tx, "webhook_endpoint.changed", &before, after, None)
}

/// Gives an endpoint another secret; the one before signs as well for a while, unless the server's own secret was replaced
/// since: then nobody can open it, and it is not kept.
///
/// # Errors
/// When it is not there or changed since `version`.
pub fn rotate_secret(
    tx: &mut Tx,
    setting: &Setting,
    id: WebhookEndpointId,
    version: i64,
    input: &RotateSecretIn,
) -> Result<Endpoint, WebhookError> {
    let before = lock(tx, id, version)?;
    let hours = input.overlap_hours.unwrap_or(OVERLAP_HOURS);
    let overlaps = hours > 0 && setting.vault.open(&before.secret).is_ok();
    let after = Endpoint {
        secret: setting.vault.make()?,
        previous_secret: overlaps.then(|| before.secret.clone()),
        previous_secret_until: overlaps.then(|| tx.now().plus(Duration::hours(hours))),
        ..before.clone()
    };
    save(tx, "webhook_endpoint.secret_rotated", &before, after, None)
}

/// Switches an endpoint on. What happened while it was off is told now.
///
/// # Errors
/// When it is not there, changed since `version`, or on already.
pub fn enable(
    tx: &mut Tx,
    id: WebhookEndpointId,
    version: i64,
    reason: &Note,
) -> Result<Endpoint, WebhookError> {
    let before = lock(tx, id, version)?;
    if before.status == EndpointStatus::Enabled {
        return Err(WebhookError::IsAlready(before.status));
    }
    let after = Endpoint {
        status: EndpointStatus::Enabled,
        disabled_because: None,
        failing_since: None,
        ..before.clone()
    };
    save(tx, "webhook_endpoint.enabled", &before, after, Some(reason))
}

/// Switches an endpoint off.
///
/// # Errors
/// When it is not there, changed since `version`, or off already.
pub fn disable(
    tx: &mut Tx,
    id: WebhookEndpointId,
    version: i64,
    reason: &Note,
) -> Result<Endpoint, WebhookError> {
    let before = lock(tx, id, version)?;
    if before.status == EndpointStatus::Disabled {
        return Err(WebhookError::IsAlready(before.status));
    }
    switch_off(tx, &before, DisabledBecause::Asked, Some(reason))
}

/// Switches a locked endpoint off.
///
/// # Errors
/// When the database fails.
pub fn switch_off(
    tx: &mut Tx,
    before: &Endpoint,
    because: DisabledBecause,
    reason: Option<&Note>,
) -> Result<Endpoint, WebhookError> {
    let after = Endpoint {
        status: EndpointStatus::Disabled,
        disabled_because: Some(because),
        ..before.clone()
    };
    save(tx, "webhook_endpoint.disabled", before, after, reason)
}

/// Removes an endpoint: from now on it is not there. What is known of its deliveries is forgotten by and by, since there may
/// be many: see [`forget_old`].
///
/// # Errors
/// When it is not there, or changed since `version`.
pub fn remove(
    tx: &mut Tx,
    id: WebhookEndpointId,
    version: i64,
    reason: &Note,
) -> Result<Endpoint, WebhookError> {
    let endpoint = lock(tx, id, version)?;
    store::set_removed(tx, id)?;
    tx.record(
        Change::new("webhook_endpoint.removed", id)
            .before(&endpoint)
            .because(reason),
    )?;
    Ok(endpoint)
}

/// What the trail tells of a try.
#[derive(Serialize)]
struct Tried<'a> {
    #[serde(flatten)]
    endpoint: &'a Endpoint,
    tried_by: &'a str,
}

/// Lets an event happen that is told to this endpoint alone.
///
/// # Errors
/// When it is not there, or switched off.
pub fn test(tx: &mut Tx, id: WebhookEndpointId) -> Result<Endpoint, WebhookError> {
    let endpoint = store::lock(tx, id)?.ok_or(WebhookError::Missing("webhook endpoint"))?;
    if endpoint.status == EndpointStatus::Disabled {
        return Err(WebhookError::IsAlready(endpoint.status));
    }
    let tried_by = tx.caller().subject.to_string();
    let tried = Tried {
        endpoint: &endpoint,
        tried_by: &tried_by,
    };
    tx.record(Change::new(TESTED, id).after(&tried))?;
    Ok(endpoint)
}

/// Tells an endpoint again what happened since an instant; what waits is left to that.
///
/// # Errors
/// When it is not there or changed since `version`, or the instant has not come.
pub fn replay(
    tx: &mut Tx,
    id: WebhookEndpointId,
    version: i64,
    input: &ReplayIn,
) -> Result<Endpoint, WebhookError> {
    if input.from > tx.now() {
        return Err(WebhookError::InFuture);
    }
    let before = lock(tx, id, version)?;
    let place = log::position_before(tx, input.from)?;
    store::supersede(tx, id)?;
    let after = Endpoint {
        transaction_id: place.transaction_id,
        seq: place.seq,
        ..before.clone()
    };
    save(
        tx,
        "webhook_endpoint.replayed",
        &before,
        after,
        Some(&input.reason),
    )
}

/// Sends one delivery again.
///
/// # Errors
/// When it is not there, or has not ended.
pub fn replay_delivery(
    tx: &mut Tx,
    id: WebhookEndpointId,
    delivery: WebhookDeliveryId,
) -> Result<Delivery, WebhookError> {
    store::find(tx, id)?.ok_or(WebhookError::Missing("webhook endpoint"))?;
    find_delivery_of(tx, id, delivery)?;
    if !store::revive(tx, delivery)? {
        return Err(WebhookError::Waits);
    }
    let after = find_delivery_of(tx, id, delivery)?;
    tx.record(Change::new("webhook_delivery.replayed", delivery).after(&after.event_id))?;
    Ok(after)
}

fn find_delivery_of(
    tx: &mut Tx,
    id: WebhookEndpointId,
    delivery: WebhookDeliveryId,
) -> Result<Delivery, WebhookError> {
    let found = store::find_delivery(tx, delivery)?;
    let found = found.filter(|found| found.endpoint_id == id);
    found.ok_or(WebhookError::Missing("delivery"))
}

/// Forgets deliveries that ended long ago, and endpoints that were removed with theirs, some at a time.
///
/// # Errors
/// When the database fails.
pub fn forget_old(tx: &mut Tx) -> Result<usize, DbError> {
    let before = tx.now().plus(-Duration::days(REMEMBERED_DAYS));
    let forgotten = store::delete_ended(tx, before, FORGOTTEN_AT_ONCE)?
        + store::delete_removed(tx, FORGOTTEN_AT_ONCE)?;
    if forgotten > 0 {
        tx.is_its_own_record();
    }
    Ok(forgotten)
}
