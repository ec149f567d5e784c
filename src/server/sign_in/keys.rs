//! An issuer's public keys: fetched when they are needed, believed for a while, and kept for longer while it is silent.
//!
//! A token whose key is not known has the keys fetched again, because the issuer may have a new one; at most once in
//! `refresh_seconds`, however many such tokens come. Who comes while they are fetched waits for that one answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::header::ACCEPT;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;

use super::settings::{Family, IssuerSettings};
use crate::platform::http::auth::Refusal;
use kernel::clock::{Clock, Instant};

/// How long an issuer is waited for.
pub const TIME_MAX: Duration = Duration::from_secs(5);

/// How large an answer of an issuer may be, and how many keys it may have.
const BYTES_MAX: usize = 256 * 1024;
const KEYS_MAX: usize = 100;

/// A public key, and what may be signed with it.
pub struct PublicKey {
    id: Option<String>,
    /// As the issuer wrote it: a key is the same as long as this is.
    text: String,
    pub key: DecodingKey,
    pub algorithms: Vec<Algorithm>,
}

impl PublicKey {
    pub fn is(&self, other: &PublicKey) -> bool {
        self.text == other.text
    }
}

/// The keys of an issuer.
pub struct Keys {
    settings: Arc<IssuerSettings>,
    client: Client,
    clock: Clock,
    state: Mutex<State>,
    /// Held by the one who asks the issuer.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct State {
    keys: Vec<Arc<PublicKey>>,
    fetched_at: Option<Instant>,
    tried_at: Option<Instant>,
}

/// How far keys can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Fresh,
    /// To be fetched again, and still good while that fails.
    Old,
    Worthless,
}

/// Why an issuer's keys could not be fetched.
#[derive(Debug, thiserror::Error)]
enum AskingError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("its answer is larger than {BYTES_MAX} bytes")]
    Large,
    #[error("it has more than {KEYS_MAX} keys")]
    Many,
    #[error("its answer can't be read: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("its discovery document is of another issuer")]
    OtherIssuer,
    #[error("its jwks_uri {0}")]
    Address(&'static str),
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Keys {
    pub fn new(settings: Arc<IssuerSettings>, client: Client, clock: Clock) -> Keys {
        Keys {
            settings,
            client,
            clock,
            state: Mutex::default(),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// The key of this id; the only one there is where none is named.
    ///
    /// # Errors
    /// When there is no such key, or no keys are known at all.
    pub async fn find(self: &Arc<Self>, id: Option<&str>) -> Result<Arc<PublicKey>, Refusal> {
        let now = self.clock.now();
        let state = self.state().clone();
        match (self.standing(&state, now), state.find(id)) {
            (Standing::Fresh, Some(key)) => return Ok(key),
            // It was asked a moment ago, in vain.
            (Standing::Old, Some(key)) if !self.may_ask(&state, now) => return Ok(key),
            // It has been silent for a while: nobody waits for it any more.
            (Standing::Old, Some(key)) if state.tried_at > state.fetched_at => {
                let keys = Arc::clone(self);
                tokio::spawn(async move { keys.refresh(None).await });
                return Ok(key);
            }
            _ => {}
        }
        self.refresh(id).await;
        let state = self.state().clone();
        match (self.standing(&state, self.clock.now()), state.find(id)) {
            (Standing::Worthless, _) => Err(Refusal::issuer_unavailable()),
            (_, Some(key)) => Ok(key),
            (_, None) => Err(Refusal::invalid(
                "signed with a key that its issuer does not have",
            )),
        }
    }

    /// Fetches the keys, unless somebody has just done so.
    pub async fn refresh(self: &Arc<Self>, id: Option<&str>) {
        let is_idle = self.asking.try_lock().is_ok();
        if is_idle && !self.may_ask(&self.state(), self.clock.now()) {
            return;
        }
        // By itself, so that a caller who gives up does not end it, and have the next one begin anew.
        let (keys, id) = (Arc::clone(self), id.map(str::to_owned));
        let asked = tokio::spawn(async move {
            let _asking = keys.asking.lock().await;
            let (state, now) = (keys.state().clone(), keys.clock.now());
            let is_known = keys.standing(&state, now) == Standing::Fresh
                && state.find(id.as_deref()).is_some();
            if !is_known && keys.may_ask(&state, now) {
                keys.ask(now).await;
            }
        });
        if let Err(error) = asked.await {
            tracing::warn!(%error, issuer = self.settings.issuer, "the keys could not be fetched");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self, state: &State, now: Instant) -> Standing {
        let Some(age) = state.fetched_at.and_then(|at| seconds_since(at, now)) else {
            return Standing::Worthless;
        };
        if age < u64::from(self.settings.cache_seconds) {
            Standing::Fresh
        } else if age < u64::from(self.settings.keep_seconds) {
            Standing::Old
        } else {
            Standing::Worthless
        }
    }

    fn may_ask(&self, state: &State, now: Instant) -> bool {
        let since = state.tried_at.and_then(|at| seconds_since(at, now));
        since.is_none_or(|since| since >= u64::from(self.settings.refresh_seconds))
    }

    /// Asks the issuer, and keeps what it says. What it said before is kept when it says nothing that can be read.
    async fn ask(&self, now: Instant) {
        let fetched = self.fetch().await;
        let mut state = self.state();
        state.tried_at = Some(now);
        match fetched {
            Ok(keys) => {
                if keys.is_empty() {
                    tracing::warn!(
                        issuer = self.settings.issuer,
                        "the issuer has no key of the configured algorithms: all of its tokens are refused"
                    );
                }
                state.keys = keys;
                state.fetched_at = Some(now);
            }
            Err(error) => {
                tracing::warn!(%error, issuer = self.settings.issuer, "the issuer's keys can't be fetched");
            }
        }
    }

    async fn fetch(&self) -> Result<Vec<Arc<PublicKey>>, AskingError> {
        let url = match &self.settings.jwks_url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        let url = self
            .settings
            .check_url(&url)
            .map_err(AskingError::Address)?;
        let set: KeySet = serde_json::from_slice(&self.get(url).await?)?;
        if set.keys.len() > KEYS_MAX {
            return Err(AskingError::Many);
        }
        let keys = set.keys.iter();
        Ok(keys
            .filter_map(|key| read_key(key, &self.settings).map(Arc::new))
            .collect())
    }

    /// Where the keys are, by the issuer's own word.
    async fn discover(&self) -> Result<String, AskingError> {
        let base = self.settings.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let url = self
            .settings
            .check_url(&url)
            .map_err(AskingError::Address)?;
        let said: Discovery = serde_json::from_slice(&self.get(url).await?)?;
        if said.issuer != self.settings.issuer {
            return Err(AskingError::OtherIssuer);
        }
        Ok(said.jwks_uri)
    }

    async fn get(&self, url: Url) -> Result<Vec<u8>, AskingError> {
        let request = self.client.get(url).header(ACCEPT, "application/json");
        let mut answer = request.send().await?;
        if answer.status() != StatusCode::OK {
            return Err(AskingError::Status(answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > BYTES_MAX {
                return Err(AskingError::Large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl State {
    fn find(&self, id: Option<&str>) -> Option<Arc<PublicKey>> {
        match (id, self.keys.as_slice()) {
            (Some(id), keys) => keys
                .iter()
                .find(|key| key.id.as_deref() == Some(id))
                .cloned(),
            (None, [only]) => Some(Arc::clone(only)),
            (None, _) => None,
        }
    }
}

/// Whole seconds from an instant to another; none when the clock was put back.
fn seconds_since(at: Instant, now: Instant) -> Option<u64> {
    u64::try_from((now.utc() - at.utc()).num_seconds()).ok()
}

/// A key of the set, when it verifies signatures by the issuer's algorithms; sets have others as well.
fn read_key(key: &Value, settings: &IssuerSettings) -> Option<PublicKey> {
    let jwk: Jwk = serde_json::from_value(key.clone()).ok()?;
    let common = &jwk.common;
    let is_for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
        && common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let family = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Family::Rsa,
        AlgorithmParameters::EllipticCurve(_) => Family::EllipticCurve,
        AlgorithmParameters::OctetKeyPair(_) => Family::Edwards,
        _ => return None,
    };
    let bound = common.key_algorithm.map(|algorithm| algorithm.to_string());
    let algorithms: Vec<Algorithm> = settings
        .algorithms
        .iter()
        .filter(|algorithm| algorithm.family() == family)
        .map(|algorithm| algorithm.algorithm())
        .filter(|algorithm| {
            bound
                .as_ref()
                .is_none_or(|bound| *bound == format!("{algorithm:?}"))
        })
        .collect();
    if !is_for_signatures || algorithms.is_empty() {
        return None;
    }
    Some(PublicKey {
        id: common.key_id.clone(),
        text: key.to_string(),
        key: DecodingKey::from_jwk(&jwk).ok()?,
        algorithms,
    })
}
