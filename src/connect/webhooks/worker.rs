//! Sends what is due, for as long as a server runs. Each endpoint is served by itself, so that a slow one holds up no
//! other; every server does it, and a lease on each delivery sees to it that one of them sends it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::actions::WebhookError;
use super::feeding::{self, Claimed};
use super::model::Endpoint;
use super::secrets::Vault;
use super::sender::{Attempt, Sender};
use super::store;
use crate::connect::events::actions::EventError;
use crate::connect::events::model::EventTypes;
use crate::platform::db::{Database, DbError, Retryable};
use crate::platform::http::Problem;
use crate::platform::http::auth::internal_caller;
use kernel::clock::machine_now;
use kernel::ids::WebhookEndpointId;

/// How often it is looked for news.
const EVERY: Duration = Duration::from_millis(500);

/// How often an endpoint is read on for before it is sent to.
const READS_MAX: usize = 5;

/// All that sending needs.
pub struct Worker {
    pub database: Database,
    pub types: EventTypes,
    pub vault: Arc<Vault>,
    pub sender: Sender,
}

/// Why an endpoint could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Caller(#[from] Problem),
    #[error("a thread was cut off: {0}")]
    CutOff(#[from] tokio::task::JoinError),
}

impl Retryable for WebhookError {
    fn is_retryable(&self) -> bool {
        matches!(self, WebhookError::Db(error) if error.is_retryable())
    }
}

/// The endpoints that are served now.
type Served = Arc<Mutex<BTreeSet<WebhookEndpointId>>>;

/// Serves all endpoints for as long as the runtime runs.
pub async fn run(worker: Worker) {
    let worker = Arc::new(worker);
    let served = Served::default();
    loop {
        let database = worker.database.clone();
        let enabled = blocking(move || Ok(store::list_enabled(&mut database.reader()?)?)).await;
        match enabled {
            Ok(endpoints) => {
                for endpoint in endpoints {
                    begin(&worker, &served, endpoint);
                }
            }
            Err(error) => tracing::warn!(%error, "webhook endpoints can't be looked up; next time"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Serves an endpoint, unless that is going on.
fn begin(worker: &Arc<Worker>, served: &Served, endpoint: Endpoint) {
    let is_new = served
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(endpoint.id);
    if !is_new {
        return;
    }
    let (worker, served) = (Arc::clone(worker), Arc::clone(served));
    tokio::spawn(async move {
        let id = endpoint.id;
        if let Err(error) = serve(&worker, endpoint).await {
            tracing::warn!(endpoint = %id, %error, "a webhook endpoint could not be served; next time");
        }
        served
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
    });
}

/// Makes deliveries of what is new, and sends until nothing more is due.
async fn serve(worker: &Arc<Worker>, endpoint: Endpoint) -> Result<(), ServingError> {
    let id = endpoint.id;
    let feeding = Arc::clone(worker);
    blocking(move || feeding.feed(endpoint)).await?;
    loop {
        let claiming = Arc::clone(worker);
        let claimed = blocking(move || claiming.claim(id)).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        let now = worker.database.clock().now();
        let sent = claimed.into_iter().map(|one| async move {
            let attempt = worker.sender.send(one.message.clone(), now).await;
            (one, attempt)
        });
        let sent = join_all(sent).await;
        let finishing = Arc::clone(worker);
        blocking(move || finishing.finish(&sent)).await?;
    }
}

impl Worker {
    fn feed(&self, mut endpoint: Endpoint) -> Result<(), ServingError> {
        let caller = internal_caller("netterms-webhooks", &[])?;
        for _ in 0..READS_MAX {
            let news = feeding::read_news(&mut self.database.reader()?, self.types, &endpoint)?;
            let Some(reading) = news else {
                return Ok(());
            };
            self.database
                .maintain(&caller, |tx| feeding::feed(tx, &endpoint, &reading))?;
            if !reading.has_more {
                return Ok(());
            }
            (endpoint.transaction_id, endpoint.seq) =
                (reading.reached.transaction_id, reading.reached.seq);
        }
        Ok(())
    }

    fn claim(&self, id: WebhookEndpointId) -> Result<Vec<Claimed>, ServingError> {
        let mut db = self.database.reader()?;
        let now = db.clock().now();
        if !store::has_due(&mut db, id, now)? {
            return Ok(Vec::new());
        }
        drop(db);
        let caller = internal_caller("netterms-webhooks", &[])?;
        let timestamp = machine_now().utc().timestamp();
        Ok(self.database.maintain(&caller, |tx| {
            feeding::claim(tx, self.types, &self.vault, id, timestamp)
        })?)
    }

    fn finish(&self, sent: &[(Claimed, Attempt)]) -> Result<(), ServingError> {
        let caller = internal_caller("netterms-webhooks", &[])?;
        for (claimed, attempt) in sent {
            let chance = fastrand::u16(0..=1_000);
            self.database
                .maintain(&caller, |tx| feeding::finish(tx, claimed, attempt, chance))?;
        }
        Ok(())
    }
}

/// Runs blocking work off the event loop.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServingError> + Send + 'static,
) -> Result<T, ServingError> {
    tokio::task::spawn_blocking(work).await?
}
