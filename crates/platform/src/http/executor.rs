//! From a handler into the database: reads and units of work, off the event loop, once for each key.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::auth::Actor;
use super::body::{Command, KeyedCommand};
use super::problem::{Code, Problem};
use crate::platform::db::{Database, Db, Tx};
use crate::platform::idempotency::{self, Claim, Keyed, Scope};
use kernel::caller::Caller;
use kernel::ids::IdempotencyKeyId;

/// What every handler returns.
pub type Outcome = Result<HttpResponse, Problem>;

/// Runs units of work on the database for handlers, off the event loop.
#[derive(Clone)]
pub struct Executor {
    database: Database,
    /// The keyed requests that this process is working on.
    in_progress: Arc<Mutex<HashSet<IdempotencyKeyId>>>,
}

/// What is kept under an idempotency key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredResponse {
    Answer(Answer),
    Refusal(Problem),
}

/// How a unit of work ended, and whether now or earlier.
#[derive(Debug)]
pub enum Ended<With = StoredResponse> {
    Fresh(With),
    Replayed(With),
}

impl<With> Ended<With> {
    /// The same, with what `work` makes of what it ended with.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn try_map<To, E>(self, work: impl FnOnce(With) -> Result<To, E>) -> Result<Ended<To>, E> {
        Ok(match self {
            Ended::Fresh(with) => Ended::Fresh(work(with)?),
            Ended::Replayed(with) => Ended::Replayed(work(with)?),
        })
    }

    /// What it ended with, now or earlier.
    pub fn into_inner(self) -> With {
        match self {
            Ended::Fresh(with) | Ended::Replayed(with) => with,
        }
    }
}

impl Executor {
    pub fn new(database: Database) -> Executor {
        Executor {
            database,
            in_progress: Arc::default(),
        }
    }

    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Runs `work` with a connection to read with.
    ///
    /// # Errors
    /// Those of `work`; 503 when no connection is free.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let database = self.database.clone();
        block(move || work(&mut database.reader()?)).await
    }

    /// Runs `work` in a unit of work for the actor. For changes that `If-Match` makes safe to repeat.
    ///
    /// # Errors
    /// Those of `work`; 503 when no connection is free.
    pub async fn write<P>(
        &self,
        actor: &Actor<P>,
        work: impl FnMut(&mut Tx) -> Result<Answer, Problem> + Send + 'static,
    ) -> Outcome {
        let (database, caller) = (self.database.clone(), actor.caller());
        let answer = block(move || database.write(&caller, work)).await?;
        Ok(answer.into_response())
    }

    /// Runs housekeeping that the trail need not know.
    ///
    /// # Errors
    /// Those of `work`; 503 when no connection is free.
    pub async fn maintain<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnMut(&mut Tx) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (database, caller) = (self.database.clone(), caller.clone());
        block(move || database.maintain(&caller, work)).await
    }

    /// Runs `work` in a unit of work for the actor, once for the command's key when it has one.
    ///
    /// # Errors
    /// Those of `work`; 409 while the same key is in progress, 422 when it was used for another request.
    pub async fn once<P, In: Send + Sync + 'static>(
        &self,
        actor: &Actor<P>,
        command: Command<In>,
        work: impl FnMut(&mut Tx, &In) -> Result<Answer, Problem> + Send + 'static,
    ) -> Outcome {
        let ended = self.once_ended(actor, command, work).await?;
        Ok(ended.into_response())
    }

    /// [`Executor::once`], with what it ended with: for an answer that has something which may not be kept as it is told.
    ///
    /// # Errors
    /// As [`Executor::once`].
    pub async fn once_ended<P, In: Send + Sync + 'static>(
        &self,
        actor: &Actor<P>,
        command: Command<In>,
        mut work: impl FnMut(&mut Tx, &In) -> Result<Answer, Problem> + Send + 'static,
    ) -> Result<Ended, Problem> {
        let caller = actor.caller();
        let (input, keyed) = command.into_parts(&caller);
        let Some(keyed) = keyed else {
            let database = self.database.clone();
            let answer = block(move || database.write(&caller, |tx| work(tx, &input))).await?;
            return Ok(Ended::Fresh(StoredResponse::Answer(answer)));
        };
        let _claim = self.claim(keyed.id)?;
        let database = self.database.clone();
        block(move || {
            database.maintain(&caller, |tx| {
                if let Some(kept) = replay(tx, &keyed)? {
                    return Ok(Ended::Replayed(kept));
                }
                let kept = match tx.savepoint(|tx| tx.recording(|tx| work(tx, &input))) {
                    Ok(answer) => StoredResponse::Answer(answer),
                    Err(problem) if problem.is_business_refusal() => {
                        StoredResponse::Refusal(problem)
                    }
                    Err(problem) => return Err(problem),
                };
                keep(tx, &keyed, &kept)?;
                Ok(Ended::Fresh(kept))
            })
        })
        .await
    }

    /// [`Executor::once`] for commands that must have a key.
    ///
    /// # Errors
    /// As [`Executor::once`].
    pub async fn once_keyed<P, In: Send + Sync + 'static>(
        &self,
        actor: &Actor<P>,
        command: KeyedCommand<In>,
        work: impl FnMut(&mut Tx, &In) -> Result<Answer, Problem> + Send + 'static,
    ) -> Outcome {
        self.once(actor, command.0, work).await
    }

    /// Marks a keyed request as in progress in this process, until the claim is dropped.
    ///
    /// # Errors
    /// 409 when it is in progress already.
    pub fn claim(&self, id: IdempotencyKeyId) -> Result<InProgress, Problem> {
        let mut in_progress = self
            .in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !in_progress.insert(id) {
            return Err(Problem::new(Code::RequestInProgress).retry_after(1));
        }
        Ok(InProgress {
            id,
            set: Arc::clone(&self.in_progress),
        })
    }
}

impl<In> Command<In> {
    /// The input, and what is known of its key when there is one.
    pub fn into_parts(self, caller: &Caller) -> (In, Option<Keyed>) {
        let keyed = self.key.map(|key| Keyed {
            id: Scope {
                caller: format!("{}|{}", caller.issuer, caller.subject),
                method: self.method,
                route: self.route,
                key,
            }
            .id(),
            fingerprint: self.fingerprint,
        });
        (self.input, keyed)
    }
}

impl<In> KeyedCommand<In> {
    /// The body, and the key.
    ///
    /// # Errors
    /// When there is no key, which reading the command refused already.
    pub fn into_parts(self, caller: &Caller) -> Result<(In, Keyed), Problem> {
        let (input, keyed) = self.0.into_parts(caller);
        let keyed = keyed.ok_or_else(|| Problem::new(Code::IdempotencyKeyMissing))?;
        Ok((input, keyed))
    }
}

/// Holds a key for this process while its request is worked on.
pub struct InProgress {
    id: IdempotencyKeyId,
    set: Arc<Mutex<HashSet<IdempotencyKeyId>>>,
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.set
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
    }
}

fn replay(tx: &mut Tx, keyed: &Keyed) -> Result<Option<StoredResponse>, Problem> {
    match idempotency::claim(tx, keyed)? {
        Claim::New => Ok(None),
        Claim::StoredResponse(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(Problem::internal),
        Claim::OtherRequest => Err(Problem::new(Code::IdempotencyKeyReused)),
        Claim::InProgress => Err(Problem::new(Code::RequestInProgress).retry_after(1)),
    }
}

fn keep(tx: &mut Tx, keyed: &Keyed, kept: &StoredResponse) -> Result<(), Problem> {
    let text = serde_json::to_string(kept).map_err(Problem::internal)?;
    Ok(idempotency::keep(tx, keyed, &text)?)
}

impl Ended {
    /// The answer, marked when it is a replay.
    pub fn into_response(self) -> HttpResponse {
        let replayed = matches!(self, Ended::Replayed(_));
        let mut response = match self.into_inner() {
            StoredResponse::Answer(answer) => answer.into_response(),
            StoredResponse::Refusal(problem) => actix_web::ResponseError::error_response(&problem),
        };
        if replayed {
            response.headers_mut().insert(
                actix_web::http::header::HeaderName::from_static("idempotent-replayed"),
                actix_web::http::header::HeaderValue::from_static("true"),
            );
        }
        response
    }
}

/// Runs blocking work off the event loop. A panic inside is a 500, and the pool goes on.
async fn block<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    // What is logged there belongs to the request as well.
    let span = tracing::Span::current();
    let work = move || span.in_scope(work);
    web::block(work).await.map_err(Problem::internal)?
}
