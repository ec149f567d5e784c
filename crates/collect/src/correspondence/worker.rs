//! Sends what is due, for as long as a server runs. Each message is sent by itself, so that one that takes long holds up no
//! other; every server does it, and a lease on each message sees to it that one of them sends it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::actions::{MessageError, Taken, claim, finish};
use super::sender::Sender;
use super::store;
use crate::platform::db::{Database, DbError};
use crate::platform::http::Problem;
use crate::platform::http::auth::internal_caller;

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_millis(500);

/// How often it is tried to keep what came of an e-mail.
const KEPT_TRIES_MAX: usize = 100;

/// How many are sent at once.
const SENT_AT_ONCE: usize = 16;

/// The name under which it is done.
const NAME: &str = "netterms-mail";

/// All that sending needs.
pub struct Postman {
    pub database: Database,
    pub sender: Sender,
}

/// Why nothing could be sent just now.
#[derive(Debug, thiserror::Error)]
enum PostError {
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Caller(#[from] Problem),
    #[error("a thread was cut off: {0}")]
    CutOff(#[from] tokio::task::JoinError),
}

/// Sends for as long as the runtime runs.
pub async fn run(postman: Postman) {
    let postman = Arc::new(postman);
    let slots = Arc::new(Semaphore::new(SENT_AT_ONCE));
    loop {
        match post(&postman, &slots).await {
            Ok(taken) if taken > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "e-mail could not be looked up; next time"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Takes as many as may be sent, and begins to send them; says how many.
async fn post(postman: &Arc<Postman>, slots: &Arc<Semaphore>) -> Result<usize, PostError> {
    let free = slots.available_permits();
    if free == 0 {
        return Ok(0);
    }
    let claiming = Arc::clone(postman);
    let limit = i64::try_from(free).unwrap_or(1);
    let taken = blocking(move || claiming.claim(limit)).await?;
    let count = taken.len();
    for one in taken {
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else {
            return Ok(0);
        };
        let postman = Arc::clone(postman);
        tokio::spawn(async move {
            let id = one.message.id;
            if let Err(error) = send(&postman, one).await {
                tracing::warn!(message = %id, %error, "what came of an e-mail could not be kept");
            }
            drop(slot);
        });
    }
    Ok(count)
}

async fn send(postman: &Arc<Postman>, taken: Taken) -> Result<(), PostError> {
    let from = taken.message.sender.as_deref().unwrap_or_default();
    let to = &taken.message.recipient;
    let attempt = postman.sender.send(from, to, &taken.bytes).await;
    // What came of it is known: it is kept as soon as the database lets, or the message would be sent again.
    let mut tries = 0;
    loop {
        let (finishing, taken, attempt) = (Arc::clone(postman), taken.clone(), attempt.clone());
        let kept = blocking(move || {
            let caller = internal_caller(NAME, &[])?;
            let work = finishing
                .database
                .maintain(&caller, |tx| finish(tx, &taken, &attempt));
            Ok(work?)
        });
        match kept.await {
            Err(error) if tries < KEPT_TRIES_MAX => {
                tracing::warn!(%error, "what came of an e-mail could not be kept yet");
                tries += 1;
                tokio::time::sleep(EVERY).await;
            }
            outcome => return outcome,
        }
    }
}

impl Postman {
    fn claim(&self, limit: i64) -> Result<Vec<Taken>, PostError> {
        let mut db = self.database.reader()?;
        let now = db.clock().now();
        if !store::has_due(&mut db, now)? {
            return Ok(Vec::new());
        }
        drop(db);
        let caller = internal_caller(NAME, &[])?;
        Ok(self.database.maintain(&caller, |tx| claim(tx, limit))?)
    }
}

/// Runs blocking work off the event loop.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PostError> + Send + 'static,
) -> Result<T, PostError> {
    tokio::task::spawn_blocking(work).await?
}
