//! Tokens of the set-up of a single machine: signed with one shared secret, minted by `netterms token`.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::{Refusal, is_of_the_house};
use kernel::caller::{Caller, Role};
use kernel::clock::machine_now;
use kernel::text::Subject;

/// The claims of an access token (RFC 9068), with netterms' own: `roles` and `authority_level`.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: serde_json::Value,
    sub: Subject,
    client_id: String,
    iat: u64,
    exp: u64,
    jti: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authority_level: Option<u8>,
}

/// Verifies tokens, one key for each issuer, the algorithm fixed by the key and never by the token (RFC 8725).
pub struct Verifier {
    issuers: Vec<Issuer>,
    /// Tokens that were verified, which order systems send thousands of times: their signature holds for ever, and
    /// their time is looked at again at every request.
    verified: Mutex<HashMap<String, Accepted>>,
}

/// What a verified token says.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Who it speaks for; the request is not named yet.
    pub caller: Caller,
    /// Its name, `jti`.
    pub token_id: String,
    /// The second at which it was issued.
    pub issued_at: u64,
    /// The last second at which it holds.
    pub until: u64,
}

/// How many verified tokens are remembered; then all are forgotten, and verified anew.
const VERIFIED_MAX: usize = 10_000;

struct Issuer {
    name: String,
    key: DecodingKey,
    validation: Validation,
    /// The longest lifetime that a token of this issuer may have, in seconds.
    lifetime_max: u64,
}

/// The issuer of a single-machine set-up: one shared secret, HS256.
#[derive(Clone)]
pub struct SharedSecret {
    pub issuer: String,
    pub audience: String,
    pub secret: Vec<u8>,
}

/// The longest lifetime of a token signed with the shared secret: one day.
pub const LIFETIME_MAX_SECONDS: u64 = 24 * 60 * 60;

/// The shortest secret that HS256 may have (RFC 7518, 3.2).
pub const SECRET_BYTES_MIN: usize = 32;

const TOKEN_TYPE: &str = "at+jwt";

/// Whether the `typ` of a token is that of an access token: `application/` may stand before it (RFC 9068, 2.1).
pub fn is_access_token(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    kind.strip_prefix("application/").unwrap_or(&kind) == TOKEN_TYPE
}

impl Verifier {
    /// A verifier for tokens signed with a shared secret.
    pub fn shared_secret(settings: &SharedSecret) -> Verifier {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 5;
        Verifier {
            issuers: vec![Issuer {
                name: settings.issuer.clone(),
                key: DecodingKey::from_secret(&settings.secret),
                validation,
                lifetime_max: LIFETIME_MAX_SECONDS,
            }],
            verified: Mutex::default(),
        }
    }

    /// Who the token speaks for.
    ///
    /// # Errors
    /// Why it is refused; the caller is told no more than 401.
    pub fn verify(&self, token: &str) -> Result<Accepted, Refusal> {
        let known = self.verified().get(token).cloned();
        if let Some(known) = known.filter(|known| wall_seconds() <= known.until) {
            return Ok(known);
        }
        let accepted = self.verify_anew(token)?;
        let mut verified = self.verified();
        if verified.len() >= VERIFIED_MAX {
            verified.clear();
        }
        verified.insert(token.to_owned(), accepted.clone());
        Ok(accepted)
    }

    fn verified(&self) -> MutexGuard<'_, HashMap<String, Accepted>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verify_anew(&self, token: &str) -> Result<Accepted, Refusal> {
        let header =
            jsonwebtoken::decode_header(token).map_err(|_| Refusal::invalid("not a token"))?;
        let kind = header.typ.as_deref().unwrap_or_default();
        if !is_access_token(kind) {
            return Err(Refusal::invalid("not an access token (typ)"));
        }
        if header.crit.is_some() {
            return Err(Refusal::invalid("asks for an extension (crit)"));
        }
        let mut refusal = Refusal::invalid("no issuer");
        for issuer in &self.issuers {
            match jsonwebtoken::decode::<Claims>(token, &issuer.key, &issuer.validation) {
                Ok(data) => return issuer.accept(data.claims),
                Err(error) => {
                    tracing::debug!(%error, issuer = issuer.name, "token refused");
                    // The signature is looked at before the claims: who learns that it expired had a good one.
                    refusal = match error.kind() {
                        ErrorKind::ExpiredSignature => Refusal::expired(),
                        _ => Refusal::invalid("signature or claims do not hold"),
                    };
                }
            }
        }
        Err(refusal)
    }
}

impl Issuer {
    fn accept(&self, claims: Claims) -> Result<Accepted, Refusal> {
        let now = wall_seconds();
        if claims.iat > now.saturating_add(ISSUED_AHEAD_SECONDS) {
            return Err(Refusal::invalid("issued in the future"));
        }
        check_lifetime(
            claims.iat,
            claims.exp,
            self.lifetime_max,
            ISSUED_AHEAD_SECONDS,
        )?;
        if !is_name(&claims.jti) || !is_name(&claims.client_id) {
            return Err(Refusal::invalid("jti or client_id is no name"));
        }
        if is_of_the_house(&claims.sub) {
            return Err(Refusal::invalid("the subject is one of netterms' own"));
        }
        Ok(Accepted {
            until: claims.exp,
            token_id: claims.jti,
            issued_at: claims.iat,
            caller: Caller {
                subject: claims.sub,
                issuer: self.name.clone(),
                client_id: claims.client_id,
                roles: claims.roles,
                scopes: None,
                authority_level: claims.authority_level,
                request_id: String::new(),
            },
        })
    }
}

/// By how many seconds an issuer's clock may be ahead of ours.
pub const ISSUED_AHEAD_SECONDS: u64 = 60;

/// Whether a token that was issued then, and ends then, lives no longer than it may: counted from its own beginning, so
/// that one that lives too long is refused for ever and not until its end has come near enough. `leeway` is how far clocks
/// may be apart.
///
/// # Errors
/// When it lives too long.
pub const fn check_lifetime(
    issued_at: u64,
    until: u64,
    max: u64,
    leeway: u64,
) -> Result<(), Refusal> {
    if until.saturating_sub(issued_at) > max.saturating_add(leeway) {
        return Err(Refusal::invalid("lives longer than it may"));
    }
    Ok(())
}

/// Whether a claim names something: 1 to 255 characters, none of them a control character such as NUL.
pub fn is_name(claim: &str) -> bool {
    (1..=255).contains(&claim.chars().count()) && !claim.chars().any(char::is_control)
}

/// Seconds since 1970 by the machine's own clock: tokens use wall time.
pub fn wall_seconds() -> u64 {
    u64::try_from(machine_now().utc().timestamp()).unwrap_or(0)
}

/// What a minted token says.
pub struct TokenRequest {
    pub subject: Subject,
    pub roles: Vec<Role>,
    pub authority_level: Option<u8>,
    pub lifetime_seconds: u64,
}

/// Mints a token for the shared-secret set-up.
///
/// # Errors
/// When the secret can't sign.
pub fn mint(
    settings: &SharedSecret,
    request: &TokenRequest,
) -> Result<String, jsonwebtoken::errors::Error> {
    let now = wall_seconds();
    let claims = Claims {
        iss: settings.issuer.clone(),
        aud: serde_json::Value::String(settings.audience.clone()),
        sub: request.subject.clone(),
        client_id: "netterms-cli".to_owned(),
        iat: now,
        exp: now + request.lifetime_seconds.min(LIFETIME_MAX_SECONDS),
        jti: uuid::Uuid::now_v7().to_string(),
        nbf: None,
        roles: request.roles.clone(),
        authority_level: request.authority_level,
    };
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(TOKEN_TYPE.to_owned());
    jsonwebtoken::encode(
        &header,
        &claims,
        &EncodingKey::from_secret(&settings.secret),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_as_long_as_it_may_counted_from_its_own_beginning() {
        let lives = |issued_at, until| check_lifetime(issued_at, until, 3_600, 60).is_ok();
        assert!(lives(1_000, 4_600));
        assert!(lives(1_000, 4_660));
        assert!(!lives(1_000, 4_661));
        // However far its end is, and when it is looked at.
        assert!(!lives(0, u64::MAX));
        assert!(lives(u64::MAX, 0));
    }
}
