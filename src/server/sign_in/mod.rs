//! Signing in: whom a bearer token speaks for, be it an OIDC provider's, one signed with the shared secret, or an API key.
//!
//! The token's `iss` says whose it is; how it is signed says that issuer's configuration, and never the token (RFC 8725). No
//! address that a token brings along is ever asked.

mod claims;
mod issuer;
mod keys;
pub mod settings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::{Client, redirect};
use serde::Deserialize;

use self::issuer::{Issuer, Verified};
use self::keys::{Keys, TIME_MAX};
use self::settings::IssuerSettings;
use crate::connect::api_keys::keyring::Keyring;
use crate::connect::api_keys::rules::KeyRefusal;
use crate::connect::revocations::revoked::{EVERY, Revoked};
use crate::platform::http::auth::{Accepted, Refusal, Verifier, wall_seconds};
use kernel::caller::Caller;
use kernel::clock::Clock;

/// How many verified tokens are remembered; then all are forgotten, and verified anew.
const REMEMBERED_MAX: usize = 10_000;

/// Everybody who may vouch for a caller.
pub struct SignIn {
    /// Tokens that are signed with the shared secret, where they are taken.
    local: Option<Verifier>,
    issuers: Vec<Issuer>,
    keyring: Arc<Keyring>,
    revoked: Arc<Revoked>,
    /// Tokens of issuers that were verified: their signature holds for as long as its key does.
    remembered: Mutex<HashMap<String, Remembered>>,
}

#[derive(Clone)]
struct Remembered {
    issuer: usize,
    verified: Verified,
}

/// Who has signed in.
pub struct Admitted {
    /// The request is not named yet.
    pub caller: Caller,
    /// How many requests it may make each second, where that is its own.
    pub requests_per_second: Option<u32>,
}

/// The part of a token's claims that says whose it is, before anything is verified.
#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

impl SignIn {
    /// # Errors
    /// When there are issuers to be asked, and the machine has no certificates to trust.
    pub fn new(
        local: Option<Verifier>,
        issuers: &[IssuerSettings],
        keyring: Arc<Keyring>,
        revoked: Arc<Revoked>,
        clock: &Clock,
    ) -> reqwest::Result<SignIn> {
        let mut known = Vec::new();
        if !issuers.is_empty() {
            let client = client()?;
            for settings in issuers {
                let settings = Arc::new(settings.clone());
                let keys = Keys::new(Arc::clone(&settings), client.clone(), clock.clone());
                known.push(Issuer::new(settings, Arc::new(keys)));
            }
        }
        Ok(SignIn {
            local,
            issuers: known,
            keyring,
            revoked,
            remembered: Mutex::default(),
        })
    }

    /// Fetches the keys of all issuers, so that the first caller need not wait. One that is away is asked again when it is
    /// needed.
    pub async fn prepare(&self) {
        for issuer in &self.issuers {
            issuer.keys.refresh(None).await;
        }
    }

    /// Whom a bearer token speaks for.
    ///
    /// # Errors
    /// Why it is refused; the caller is told the code alone.
    pub async fn admit(&self, token: &str) -> Result<Admitted, Refusal> {
        if Keyring::is_key(token) {
            let bearer = self.keyring.admit(token).await.map_err(refusal)?;
            return Ok(Admitted {
                caller: bearer.caller,
                requests_per_second: bearer.requests_per_second,
            });
        }
        let accepted = self.verify(token).await?;
        let subject = accepted.caller.subject.as_str();
        if self
            .revoked
            .has(&accepted.token_id, subject, accepted.issued_at)
        {
            return Err(Refusal::invalid("the token is revoked"));
        }
        Ok(Admitted {
            caller: accepted.caller,
            requests_per_second: None,
        })
    }

    /// Looks for new revocations for as long as the runtime runs.
    pub async fn watch_revocations(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            let revoked = Arc::clone(&self.revoked);
            match tokio::task::spawn_blocking(move || revoked.read()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "revoked tokens can't be looked up; next time");
                }
                Err(error) => {
                    tracing::warn!(%error, "revoked tokens can't be looked up; next time");
                }
            }
        }
    }

    async fn verify(&self, token: &str) -> Result<Accepted, Refusal> {
        if self.issuers.is_empty() {
            return self.verify_local(token);
        }
        let known = self.remembered().get(token).cloned();
        if let Some(accepted) = self.still_holds(known).await? {
            return Ok(accepted);
        }
        let claimed = jsonwebtoken::dangerous::insecure_decode_claims::<Claimed>(token);
        let claimed = claimed.map_err(|_| Refusal::invalid("not a token"))?;
        let found = self
            .issuers
            .iter()
            .enumerate()
            .find(|(_, issuer)| issuer.settings.issuer == claimed.iss);
        let Some((index, issuer)) = found else {
            return self.verify_local(token);
        };
        let header =
            jsonwebtoken::decode_header(token).map_err(|_| Refusal::invalid("not a token"))?;
        let brings_keys = header.jku.is_some()
            || header.jwk.is_some()
            || header.x5u.is_some()
            || header.x5c.is_some();
        if header.crit.is_some() || brings_keys {
            return Err(Refusal::invalid("brings a key, or asks for an extension"));
        }
        let verified = issuer.verify(token, &header).await?;
        let accepted = verified.accepted.clone();
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        let issuer = index;
        remembered.insert(token.to_owned(), Remembered { issuer, verified });
        Ok(accepted)
    }

    /// What a remembered token says, when its time is not over and its issuer still has the key.
    async fn still_holds(&self, known: Option<Remembered>) -> Result<Option<Accepted>, Refusal> {
        let Some(Remembered { issuer, verified }) = known else {
            return Ok(None);
        };
        let Some(issuer) = self.issuers.get(issuer) else {
            return Ok(None);
        };
        if wall_seconds() > verified.accepted.until {
            return Ok(None);
        }
        let key = issuer.keys.find(verified.key_id.as_deref()).await?;
        Ok(key.is(&verified.key).then_some(verified.accepted))
    }

    fn verify_local(&self, token: &str) -> Result<Accepted, Refusal> {
        let local = self.local.as_ref();
        let local = local.ok_or(Refusal::invalid("its issuer is not configured"))?;
        let accepted = local.verify(token)?;
        let subject = accepted.caller.subject.as_str();
        let is_of_an_issuer = self
            .issuers
            .iter()
            .any(|issuer| subject.starts_with(&issuer.settings.prefix()));
        if is_of_an_issuer {
            return Err(Refusal::invalid("the subject is another issuer's"));
        }
        Ok(accepted)
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

const fn refusal(refusal: KeyRefusal) -> Refusal {
    match refusal {
        KeyRefusal::Unknown => Refusal::invalid("no such API key"),
        KeyRefusal::Expired => Refusal::expired(),
        KeyRefusal::Revoked => Refusal::invalid("the API key is revoked"),
        KeyRefusal::Unavailable => Refusal::database_unavailable(),
    }
}

/// Asks issuers: follows no redirection, uses no proxy, and keeps no connection, since it is asked seldom and from several
/// threads.
fn client() -> reqwest::Result<Client> {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(TIME_MAX)
        .timeout(TIME_MAX)
        .pool_max_idle_per_host(0)
        .user_agent(concat!("netterms/", env!("CARGO_PKG_VERSION")))
        .build()
}
