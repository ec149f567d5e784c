//! The keys that are in use, as this process knows them.
//!
//! A key is read once every few seconds, however many requests it makes. What is done to a key by this process is known at
//! once, because the key is forgotten then; what another server did is known after [`KNOWN_FOR`] at the latest.
//!
//! Numbers of which no key is known to be are remembered by themselves and looked up a few at a time, so that whoever
//! guesses neither drives out the keys that are used nor takes the database's connections from them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

/// How many are remembered, keys and numbers without one each; then all of that kind are forgotten, and read anew.
const KNOWN_MAX: usize = 1_000;

/// How many numbers are looked up at once of which no key is known to be.
const GUESSES_AT_ONCE: usize = 2;

/// The keys of this process.
pub struct Keyring {
    database: Database,
    known: Mutex<Known>,
    guesses: Arc<Semaphore>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<ApiKeyId, Entry>,
    /// Numbers of which there is no key, and when that was read.
    missing: HashMap<ApiKeyId, Stopwatch>,
    /// Grows whenever one is forgotten: what was read before that is not remembered any more.
    generation: u64,
}

struct Entry {
    key: Arc<ApiKey>,
    /// None when it is to be read anew.
    read_at: Option<Stopwatch>,
    noted_at: Option<Stopwatch>,
}

/// What is known of a number.
#[derive(Debug, PartialEq, Eq)]
enum Knowledge {
    /// What was read a moment ago: the key, or that there is none.
    Fresh(Option<Arc<ApiKey>>),
    /// There is such a key; how it stands was read too long ago.
    Old,
    Nothing,
}

impl Known {
    fn of(&self, id: ApiKeyId) -> Knowledge {
        let is_fresh = |read_at: &Stopwatch| read_at.elapsed() < KNOWN_FOR;
        if let Some(entry) = self.keys.get(&id) {
            return if entry.read_at.as_ref().is_some_and(is_fresh) {
                Knowledge::Fresh(Some(Arc::clone(&entry.key)))
            } else {
                Knowledge::Old
            };
        }
        if self.missing.get(&id).is_some_and(is_fresh) {
            Knowledge::Fresh(None)
        } else {
            Knowledge::Nothing
        }
    }

    /// Remembers what was read at an instant; `generation` is that of before.
    fn remember(
        &mut self,
        id: ApiKeyId,
        key: Option<Arc<ApiKey>>,
        read_at: Stopwatch,
        generation: u64,
    ) {
        if self.generation != generation {
            return;
        }
        let Some(key) = key else {
            self.keys.remove(&id);
            if self.missing.len() >= KNOWN_MAX {
                self.missing.clear();
            }
            self.missing.insert(id, read_at);
            return;
        };
        self.missing.remove(&id);
        if self.keys.len() >= KNOWN_MAX && !self.keys.contains_key(&id) {
            self.keys.clear();
        }
        let noted_at = self.keys.get(&id).and_then(|entry| entry.noted_at);
        let entry = Entry {
            key,
            read_at: Some(read_at),
            noted_at,
        };
        self.keys.insert(id, entry);
    }

    /// Has a key read anew; that there is one stays known.
    fn forget(&mut self, id: ApiKeyId) {
        if let Some(entry) = self.keys.get_mut(&id) {
            entry.read_at = None;
        }
        self.missing.remove(&id);
        self.generation += 1;
    }
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
            guesses: Arc::new(Semaphore::new(GUESSES_AT_ONCE)),
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
        self.known().forget(id);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<Arc<ApiKey>>, KeyRefusal> {
        let turn = match self.look(id) {
            (Knowledge::Fresh(key), _) => return Ok(key),
            (Knowledge::Old, _) => None,
            (Knowledge::Nothing, _) => Some(self.turn().await?),
        };
        // Whoever waited for its turn may have been answered meanwhile.
        let generation = match self.look(id) {
            (Knowledge::Fresh(key), _) => return Ok(key),
            (_, generation) => generation,
        };
        let read_at = Stopwatch::now();
        let database = self.database.clone();
        let read = tokio::task::spawn_blocking(move || -> Result<_, DbError> {
            // Held until it is read, also when whoever asked has gone.
            let _turn = turn;
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
        self.known().remember(id, key.clone(), read_at, generation);
        Ok(key)
    }

    /// What is known of a number, and in which generation.
    fn look(&self, id: ApiKeyId) -> (Knowledge, u64) {
        let known = self.known();
        (known.of(id), known.generation)
    }

    /// Waits until a number may be looked up of which no key is known to be.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, KeyRefusal> {
        let turn = Arc::clone(&self.guesses).acquire_owned().await;
        turn.map_err(|error| {
            tracing::error!(%error, "an API key can't be looked up");
            KeyRefusal::Unavailable
        })
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

#[cfg(test)]
mod tests {
    use kernel::clock::machine_now;

    use super::super::model::KeyRole;
    use super::*;

    fn a_key() -> Arc<ApiKey> {
        let now = machine_now();
        Arc::new(ApiKey {
            id: ApiKeyId::new(),
            name: "Order desk".parse().unwrap(),
            role: KeyRole::System,
            scopes: "[]".to_owned(),
            secret_hash: String::new(),
            previous_hash: None,
            previous_until: None,
            expires_at: None,
            requests_per_second: None,
            last_used_at: None,
            revoked_at: None,
            created_by: "u-admin".parse().unwrap(),
            created_at: now,
            changed_at: now,
            version: 1,
        })
    }

    #[test]
    fn however_many_guess_the_keys_that_are_used_stay_known() {
        let (mut known, key) = (Known::default(), a_key());
        let now = Stopwatch::now();
        known.remember(key.id, Some(Arc::clone(&key)), now, 0);
        let mut last = ApiKeyId::new();
        for _ in 0..5 * KNOWN_MAX {
            last = ApiKeyId::new();
            assert_eq!(known.of(last), Knowledge::Nothing);
            known.remember(last, None, Stopwatch::now(), 0);
        }
        assert_eq!(known.of(last), Knowledge::Fresh(None));
        assert!(known.missing.len() <= KNOWN_MAX);
        assert_eq!(known.of(key.id), Knowledge::Fresh(Some(key)));
    }

    #[test]
    fn a_key_that_is_forgotten_is_read_anew_and_still_known_to_be_one() {
        let (mut known, key) = (Known::default(), a_key());
        known.remember(key.id, Some(Arc::clone(&key)), Stopwatch::now(), 0);
        known.forget(key.id);
        assert_eq!(known.of(key.id), Knowledge::Old);
        // What was read before it was forgotten is not believed.
        known.remember(key.id, Some(Arc::clone(&key)), Stopwatch::now(), 0);
        assert_eq!(known.of(key.id), Knowledge::Old);
        known.remember(key.id, Some(Arc::clone(&key)), Stopwatch::now(), 1);
        assert_eq!(known.of(key.id), Knowledge::Fresh(Some(Arc::clone(&key))));
        // A number that was guessed before its key was made is that key's.
        let new = a_key();
        known.remember(new.id, None, Stopwatch::now(), 1);
        known.remember(new.id, Some(Arc::clone(&new)), Stopwatch::now(), 1);
        assert_eq!(known.of(new.id), Knowledge::Fresh(Some(new)));
    }
}
