//! The keys that are in use, as this process knows them.
//!
//! A key is read once every few seconds, however many requests it makes. What is done to a key by this process is known at
//! once, because the key is forgotten then; what another server did is known after [`KNOWN_FOR`] at the latest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use super::model::ApiKey;
use super::rules::{self, KeyRefusal};
use super::store;
use crate::platform::db::{Database, DbError};
use crate::platform::http::Problem;
use crate::platform::http::auth::{API_KEY_ISSUER, API_KEY_PREFIX, internal_caller};
use kernel::caller::Caller;
use kernel::ids::ApiKeyId;

/// For how long it is believed what was read.
pub const KNOWN_FOR: Duration = Duration::from_secs(5);

/// How often it is written down that a key is used.
const NOTED_EVERY: Duration = Duration::from_mins(1);

/// How many are remembered; then all are forgotten, and read anew.
const KNOWN_MAX: usize = 1_000;

/// The keys of this process.
pub struct Keyring {
    database: Database,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<ApiKeyId, Entry>,
    /// Grows whenever one is forgotten: what was read before that is not remembered any more.
    generation: u64,
}

struct Entry {
    /// None when there is no such key.
    key: Option<Arc<ApiKey>>,
    read_at: Stopwatch,
    noted_at: Option<Stopwatch>,
}

/// Whom a key lets in.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The request is not named yet.
    pub caller: Caller,
    pub requests_per_second: Option<u32>,
}

impl Keyring {
    pub fn new(database: Database) -> Keyring {
        Keyring {
            database,
            known: Mutex::default(),
        }
    }

    /// Whether a bearer token is an API key, sound or not.
    pub fn is_key(text: &str) -> bool {
        text.starts_with(rules::PREFIX)
    }

    /// Whom a key lets in.
    ///
    /// # Errors
    /// Why it lets nobody in.
    pub async fn admit(self: &Arc<Self>, text: &str) -> Result<Bearer, KeyRefusal> {
        let id = rules::id_of(text).ok_or(KeyRefusal::Unknown)?;
        let key = self.find(id).await?.ok_or(KeyRefusal::Unknown)?;
        let now = self.database.clock().now();
        rules::check_text(&key, &rules::hash_of(text), now)?;
        self.note_use(id);
        bearer(&key).map_err(|error| {
            tracing::error!(%error, key = %id, "an API key can't be read");
            KeyRefusal::Unavailable
        })
    }

    /// Forgets a key, so that it is read anew.
    pub fn forget(&self, id: ApiKeyId) {
        let mut known = self.known();
        known.keys.remove(&id);
        known.generation += 1;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<Arc<ApiKey>>, KeyRefusal> {
        let generation = {
            let known = self.known();
            let fresh = known
                .keys
                .get(&id)
                .filter(|entry| entry.read_at.elapsed() < KNOWN_FOR);
            if let Some(entry) = fresh {
                return Ok(entry.key.clone());
            }
            known.generation
        };
        let read_at = Stopwatch::now();
        let database = self.database.clone();
        let read = tokio::task::spawn_blocking(move || -> Result<_, DbError> {
            store::find(&mut database.reader()?, id)
        });
        let key = match read.await {
            Ok(Ok(key)) => key.map(Arc::new),
            Ok(Err(error)) => {
                tracing::warn!(%error, "an API key can't be looked up");
                return Err(KeyRefusal::Unavailable);
            }
            Err(error) => {
                tracing::warn!(%error, "an API key can't be looked up");
                return Err(KeyRefusal::Unavailable);
            }
        };
        self.remember(id, key.clone(), read_at, generation);
        Ok(key)
    }

    fn remember(
        &self,
        id: ApiKeyId,
        key: Option<Arc<ApiKey>>,
        read_at: Stopwatch,
        generation: u64,
    ) {
        let mut known = self.known();
        if known.generation != generation {
            return;
        }
        if known.keys.len() >= KNOWN_MAX {
            known.keys.clear();
        }
        let noted_at = known.keys.get(&id).and_then(|entry| entry.noted_at);
        let entry = Entry {
            key,
            read_at,
            noted_at,
        };
        known.keys.insert(id, entry);
    }

    /// Writes down that a key is used, aside and once in a while.
    fn note_use(self: &Arc<Self>, id: ApiKeyId) {
        let mut known = self.known();
        let Some(entry) = known.keys.get_mut(&id) else {
            return;
        };
        if entry
            .noted_at
            .is_some_and(|noted| noted.elapsed() < NOTED_EVERY)
        {
            return;
        }
        entry.noted_at = Some(Stopwatch::now());
        drop(known);
        let database = self.database.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = write_use(&database, id) {
                tracing::warn!(%error, key = %id, "it can't be written down that an API key is used");
            }
        });
    }
}

fn write_use(database: &Database, id: ApiKeyId) -> Result<(), Problem> {
    let caller = internal_caller("netterms-api-keys", &[])?;
    Ok(database.maintain(&caller, |tx| {
        let now = tx.now();
        let seconds = i64::try_from(NOTED_EVERY.as_secs()).unwrap_or(60);
        store::note_use(tx, id, now, now.plus(-chrono::Duration::seconds(seconds)))
    })?)
}

fn bearer(key: &ApiKey) -> Result<Bearer, Problem> {
    let subject = format!("{API_KEY_PREFIX}{}", key.id);
    Ok(Bearer {
        caller: Caller {
            subject: subject.parse().map_err(Problem::internal)?,
            issuer: API_KEY_ISSUER.to_owned(),
            client_id: key.name.to_string(),
            roles: vec![key.role.role()],
            scopes: Some(key.scopes()?.iter().map(ToString::to_string).collect()),
            authority_level: None,
            request_id: String::new(),
        },
        requests_per_second: key
            .requests_per_second
            .and_then(|rate| u32::try_from(rate).ok()),
    })
}
