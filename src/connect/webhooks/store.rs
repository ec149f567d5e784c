//! Queries on endpoints and deliveries.

use diesel::alias;
use diesel::dsl::{count_star, exists, not};
use diesel::prelude::*;

use super::input::{DeliveryFilter, WebhookEndpointFilter};
use super::model::{Delivery, DeliveryStatus, Endpoint, EndpointStatus};
use crate::platform::db::schema::webhook_deliveries::{self, dsl as deliveries};
use crate::platform::db::schema::webhook_endpoints::{self, dsl};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::events::Position;
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::clock::Instant;
use kernel::ids::{WebhookDeliveryId, WebhookEndpointId};

// ---------------------------------------------------------------- endpoints

/// The status of an endpoint that was removed and is not forgotten yet: no query but [`delete_removed`] finds it, and no
/// [`EndpointStatus`] says so.
const REMOVED: &str = "removed";

pub fn count(db: &mut Db) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| webhook_endpoints::table
        .filter(dsl::status.ne(REMOVED))
        .select(count_star())
        .first(c))?)
}

pub fn insert(tx: &mut Tx, row: &Endpoint) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(webhook_endpoints::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

pub fn find(db: &mut Db, id: WebhookEndpointId) -> Result<Option<Endpoint>, DbError> {
    Ok(on_backend!(db, |c| webhook_endpoints::table
        .find(id)
        .filter(dsl::status.ne(REMOVED))
        .select(Endpoint::as_select())
        .first(c)
        .optional())?)
}

/// The endpoint, locked until the unit of work ends. On SQLite the transaction holds the only write lock already.
pub fn lock(tx: &mut Tx, id: WebhookEndpointId) -> Result<Option<Endpoint>, DbError> {
    match tx.conn() {
        Conn::Postgres(c) => Ok(webhook_endpoints::table
            .find(id)
            .filter(dsl::status.ne(REMOVED))
            .select(Endpoint::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?),
        Conn::Sqlite(_) => find(tx, id),
    }
}

/// The endpoints that are told something.
pub fn list_enabled(db: &mut Db) -> Result<Vec<Endpoint>, DbError> {
    Ok(on_backend!(db, |c| webhook_endpoints::table
        .filter(dsl::status.eq(EndpointStatus::Enabled))
        .order(dsl::id)
        .select(Endpoint::as_select())
        .load(c))?)
}

pub fn list(
    db: &mut Db,
    filter: &WebhookEndpointFilter,
    page: &PageRequest,
) -> Result<Page<Endpoint>, Problem> {
    on_backend!(db, |c| {
        let mut query = webhook_endpoints::table
            .filter(dsl::status.ne(REMOVED))
            .select(Endpoint::as_select())
            .into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        seek!(c, query, page, Endpoint, asc(webhook_endpoints::id))
    })
}

/// Writes what a person or netterms decided about a locked endpoint.
pub fn update(tx: &mut Tx, row: &Endpoint) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(dsl::webhook_endpoints.find(row.id))
        .set((
            dsl::url.eq(&row.url),
            dsl::description.eq(&row.description),
            dsl::event_types.eq(&row.event_types),
            dsl::status.eq(row.status),
            dsl::disabled_because.eq(row.disabled_because),
            dsl::secret.eq(&row.secret),
            dsl::previous_secret.eq(&row.previous_secret),
            dsl::previous_secret_until.eq(row.previous_secret_until),
            dsl::transaction_id.eq(row.transaction_id),
            dsl::seq.eq(row.seq),
            dsl::failing_since.eq(row.failing_since),
            dsl::changed_at.eq(row.changed_at),
            dsl::version.eq(row.version),
        ))
        .execute(c))?;
    Ok(())
}

/// Moves a locked endpoint on in the log.
pub fn move_on(tx: &mut Tx, id: WebhookEndpointId, to: Position) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(dsl::webhook_endpoints.find(id))
        .set((
            dsl::transaction_id.eq(to.transaction_id),
            dsl::seq.eq(to.seq)
        ))
        .execute(c))?;
    Ok(())
}

/// Says since when an endpoint has received nothing.
pub fn set_failing(
    tx: &mut Tx,
    id: WebhookEndpointId,
    since: Option<Instant>,
) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(dsl::webhook_endpoints.find(id))
        .set(dsl::failing_since.eq(since))
        .execute(c))?;
    Ok(())
}

/// Removes a locked endpoint: nobody finds it from now on, and its secrets are gone. The row stays until its deliveries are
/// deleted.
pub fn set_removed(tx: &mut Tx, id: WebhookEndpointId) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(dsl::webhook_endpoints.find(id))
        .set((
            dsl::status.eq(REMOVED),
            dsl::secret.eq(""),
            dsl::previous_secret.eq(None::<String>),
        ))
        .execute(c))?;
    Ok(())
}

/// Forgets some deliveries of an endpoint that was removed, and the endpoint with the last of them; says how many rows.
pub fn delete_removed(tx: &mut Tx, limit: i64) -> Result<usize, DbError> {
    let removed: Option<WebhookEndpointId> = on_backend!(tx, |c| webhook_endpoints::table
        .filter(dsl::status.eq(REMOVED))
        .order(dsl::id)
        .select(dsl::id)
        .first(c)
        .optional())?;
    let Some(id) = removed else {
        return Ok(0);
    };
    let ids: Vec<WebhookDeliveryId> = on_backend!(tx, |c| webhook_deliveries::table
        .filter(deliveries::endpoint_id.eq(id))
        .order(deliveries::id)
        .limit(limit)
        .select(deliveries::id)
        .load(c))?;
    let mut rows = 0;
    if !ids.is_empty() {
        rows += on_backend!(tx, |c| diesel::delete(
            webhook_deliveries::table.filter(deliveries::id.eq_any(&ids))
        )
        .execute(c))?;
    }
    // These were all: nobody makes new ones of an endpoint that is not found.
    if i64::try_from(ids.len()).is_ok_and(|count| count < limit) {
        rows += on_backend!(tx, |c| diesel::delete(dsl::webhook_endpoints.find(id))
            .execute(c))?;
    }
    Ok(rows)
}

// ---------------------------------------------------------------- deliveries

pub fn insert_deliveries(tx: &mut Tx, rows: &[Delivery]) -> Result<(), DbError> {
    for chunk in rows.chunks(1_000) {
        on_backend!(tx, |c| diesel::insert_into(webhook_deliveries::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

pub fn find_delivery(db: &mut Db, id: WebhookDeliveryId) -> Result<Option<Delivery>, DbError> {
    Ok(on_backend!(db, |c| webhook_deliveries::table
        .find(id)
        .select(Delivery::as_select())
        .first(c)
        .optional())?)
}

/// About which of these resources an event of a type waits for an endpoint, and nobody sends it yet.
pub fn list_waiting(
    db: &mut Db,
    endpoint: WebhookEndpointId,
    event_type: &str,
    resources: &[&str],
) -> Result<Vec<String>, DbError> {
    Ok(on_backend!(db, |c| webhook_deliveries::table
        .filter(deliveries::endpoint_id.eq(endpoint))
        .filter(deliveries::status.eq(DeliveryStatus::Pending))
        .filter(deliveries::resource_id.eq_any(resources))
        .filter(deliveries::event_type.eq(event_type))
        .filter(deliveries::lease_until.is_null())
        .select(deliveries::resource_id)
        .load(c))?)
}

/// Whether no earlier delivery about the same resource waits.
macro_rules! is_first {
    ($earlier:ident, $endpoint:ident) => {
        not(exists(
            $earlier
                .filter($earlier.field(deliveries::endpoint_id).eq($endpoint))
                .filter(
                    $earlier
                        .field(deliveries::status)
                        .eq(DeliveryStatus::Pending),
                )
                .filter(
                    $earlier
                        .field(deliveries::resource_id)
                        .eq(deliveries::resource_id),
                )
                .filter($earlier.field(deliveries::seq).lt(deliveries::seq)),
        ))
    };
}

/// How many deliveries of an endpoint wait.
pub fn count_pending(db: &mut Db, endpoint: WebhookEndpointId) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| webhook_deliveries::table
        .filter(deliveries::endpoint_id.eq(endpoint))
        .filter(deliveries::status.eq(DeliveryStatus::Pending))
        .select(count_star())
        .first(c))?)
}

/// How many deliveries of an endpoint were never tried and may be: of each resource the first that waits.
pub fn count_untried(db: &mut Db, endpoint: WebhookEndpointId) -> Result<i64, DbError> {
    let earlier = alias!(webhook_deliveries as earlier);
    Ok(on_backend!(db, |c| webhook_deliveries::table
        .filter(deliveries::endpoint_id.eq(endpoint))
        .filter(deliveries::status.eq(DeliveryStatus::Pending))
        .filter(deliveries::attempts.eq(0))
        .filter(is_first!(earlier, endpoint))
        .select(count_star())
        .first(c))?)
}

/// What is due of an endpoint and nobody sends: of each resource the first that waits.
macro_rules! due {
    ($earlier:ident, $endpoint:ident, $now:ident) => {
        webhook_deliveries::table
            .filter(deliveries::endpoint_id.eq($endpoint))
            .filter(deliveries::status.eq(DeliveryStatus::Pending))
            .filter(deliveries::next_attempt_at.le($now))
            .filter(
                deliveries::lease_until
                    .is_null()
                    .or(deliveries::lease_until.le($now)),
            )
            .filter(is_first!($earlier, $endpoint))
    };
}

/// What is due of an endpoint at an instant, and nobody sends: of each resource the first that waits. On PostgreSQL it is
/// locked, and what another server has locked is passed over.
pub fn list_due(
    db: &mut Db,
    endpoint: WebhookEndpointId,
    now: Instant,
    limit: i64,
) -> Result<Vec<Delivery>, DbError> {
    let earlier = alias!(webhook_deliveries as earlier);
    match db.conn() {
        Conn::Postgres(c) => Ok(due!(earlier, endpoint, now)
            .order((deliveries::next_attempt_at, deliveries::id))
            .limit(limit)
            .select(Delivery::as_select())
            .for_update()
            .skip_locked()
            .load(&mut **c)?),
        Conn::Sqlite(c) => Ok(due!(earlier, endpoint, now)
            .order((deliveries::next_attempt_at, deliveries::id))
            .limit(limit)
            .select(Delivery::as_select())
            .load(&mut **c)?),
    }
}

/// Whether anything is due of an endpoint at an instant, and nobody sends it.
pub fn has_due(db: &mut Db, endpoint: WebhookEndpointId, now: Instant) -> Result<bool, DbError> {
    let earlier = alias!(webhook_deliveries as earlier);
    Ok(on_backend!(db, |c| diesel::select(exists(due!(
        earlier, endpoint, now
    )))
    .get_result(c))?)
}

/// Takes deliveries for oneself until an instant.
pub fn lease(tx: &mut Tx, ids: &[WebhookDeliveryId], until: Instant) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(
        webhook_deliveries::table.filter(deliveries::id.eq_any(ids))
    )
    .set(deliveries::lease_until.eq(until))
    .execute(c))?;
    Ok(())
}

/// Writes what came of an attempt, unless the lease was lost meanwhile; says whether it was written.
pub fn save_attempt(tx: &mut Tx, row: &Delivery, lease: Instant) -> Result<bool, DbError> {
    let rows = on_backend!(tx, |c| diesel::update(
        deliveries::webhook_deliveries
            .find(row.id)
            .filter(deliveries::lease_until.eq(lease))
            .filter(deliveries::status.eq(DeliveryStatus::Pending))
    )
    .set((
        deliveries::status.eq(row.status),
        deliveries::attempts.eq(row.attempts),
        deliveries::next_attempt_at.eq(row.next_attempt_at),
        deliveries::lease_until.eq(None::<Instant>),
        deliveries::attempted_at.eq(row.attempted_at),
        deliveries::answer_code.eq(row.answer_code),
        deliveries::failure.eq(&row.failure),
        deliveries::duration_ms.eq(row.duration_ms),
        deliveries::ended_at.eq(row.ended_at),
    ))
    .execute(c))?;
    Ok(rows > 0)
}

/// Sends a delivery again that had ended; says whether it had.
pub fn revive(tx: &mut Tx, id: WebhookDeliveryId) -> Result<bool, DbError> {
    let now = tx.now();
    let rows = on_backend!(tx, |c| diesel::update(
        deliveries::webhook_deliveries
            .find(id)
            .filter(deliveries::status.ne(DeliveryStatus::Pending))
    )
    .set((
        deliveries::status.eq(DeliveryStatus::Pending),
        deliveries::attempts.eq(0),
        deliveries::next_attempt_at.eq(Some(now)),
        deliveries::lease_until.eq(None::<Instant>),
        deliveries::ended_at.eq(None::<Instant>),
    ))
    .execute(c))?;
    Ok(rows > 0)
}

/// Ends what waits of an endpoint: a replay takes its place.
pub fn supersede(tx: &mut Tx, endpoint: WebhookEndpointId) -> Result<(), DbError> {
    let now = tx.now();
    on_backend!(tx, |c| diesel::update(
        webhook_deliveries::table
            .filter(deliveries::endpoint_id.eq(endpoint))
            .filter(deliveries::status.eq(DeliveryStatus::Pending))
    )
    .set((
        deliveries::status.eq(DeliveryStatus::Superseded),
        deliveries::ended_at.eq(Some(now)),
    ))
    .execute(c))?;
    Ok(())
}

/// Forgets some deliveries that ended before an instant, and says how many.
pub fn delete_ended(tx: &mut Tx, before: Instant, limit: i64) -> Result<usize, DbError> {
    let ids: Vec<WebhookDeliveryId> = on_backend!(tx, |c| webhook_deliveries::table
        .filter(deliveries::ended_at.lt(before))
        .order(deliveries::ended_at)
        .limit(limit)
        .select(deliveries::id)
        .load(c))?;
    if ids.is_empty() {
        return Ok(0);
    }
    Ok(on_backend!(tx, |c| diesel::delete(
        webhook_deliveries::table.filter(deliveries::id.eq_any(&ids))
    )
    .execute(c))?)
}

/// The deliveries of an endpoint, the newest first.
pub fn list_deliveries(
    db: &mut Db,
    endpoint: WebhookEndpointId,
    filter: &DeliveryFilter,
    page: &PageRequest,
) -> Result<Page<Delivery>, Problem> {
    on_backend!(db, |c| {
        let mut query = webhook_deliveries::table
            .filter(deliveries::endpoint_id.eq(endpoint))
            .select(Delivery::as_select())
            .into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(deliveries::status.eq_any(&filter.status));
        }
        if !filter.event_type.is_empty() {
            query = query.filter(deliveries::event_type.eq_any(&filter.event_type));
        }
        if !filter.event_id.is_empty() {
            query = query.filter(deliveries::event_id.eq_any(&filter.event_id));
        }
        seek!(c, query, page, Delivery, desc(webhook_deliveries::id))
    })
}
