//! One issuer: whether a token is its, and whom it speaks for.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation};
use serde_json::Value;

use super::claims::{at, is_no_access_token, roles_at, text_at};
use super::keys::{Keys, PublicKey};
use super::settings::{IssuerSettings, TokenType};
use crate::platform::http::auth::{
    Accepted, ISSUED_AHEAD_SECONDS, Refusal, check_lifetime, is_access_token, is_name, wall_seconds,
};
use kernel::caller::Caller;
use kernel::text::Subject;

/// An OIDC provider whose tokens are taken.
pub struct Issuer {
    pub settings: Arc<IssuerSettings>,
    pub keys: Arc<Keys>,
    validation: Validation,
}

/// A token that was verified, and with which key.
#[derive(Clone)]
pub struct Verified {
    pub accepted: Accepted,
    pub key_id: Option<String>,
    pub key: Arc<PublicKey>,
}

impl Issuer {
    pub fn new(settings: Arc<IssuerSettings>, keys: Arc<Keys>) -> Issuer {
        let algorithms: Vec<_> = settings
            .algorithms
            .iter()
            .map(|algorithm| algorithm.algorithm())
            .collect();
        let mut validation = Validation {
            algorithms,
            validate_nbf: true,
            leeway: settings.leeway_seconds,
            ..Validation::default()
        };
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&settings.audiences);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Issuer {
            settings,
            keys,
            validation,
        }
    }

    /// Whom a token speaks for.
    ///
    /// A signature takes a tenth of a millisecond, which is less than another thread would cost.
    ///
    /// # Errors
    /// Why it is refused.
    pub async fn verify(&self, token: &str, header: &Header) -> Result<Verified, Refusal> {
        self.check_type(header)?;
        let is_ours = self.validation.algorithms.contains(&header.alg);
        if !is_ours {
            return Err(Refusal::invalid(
                "signed by another algorithm than configured",
            ));
        }
        let key = self.keys.find(header.kid.as_deref()).await?;
        let mut validation = self.validation.clone();
        validation.algorithms.clone_from(&key.algorithms);
        let decoded = jsonwebtoken::decode::<Value>(token, &key.key, &validation);
        let claims = match decoded {
            Ok(data) => data.claims,
            Err(error) => {
                tracing::debug!(%error, issuer = self.settings.issuer, "token refused");
                // The signature is looked at before the claims: who learns that it expired had a good one.
                return Err(match error.kind() {
                    ErrorKind::ExpiredSignature => Refusal::expired(),
                    _ => Refusal::invalid("signature or claims do not hold"),
                });
            }
        };
        Ok(Verified {
            accepted: self.accept(&claims)?,
            key_id: header.kid.clone(),
            key,
        })
    }

    fn check_type(&self, header: &Header) -> Result<(), Refusal> {
        let kind = header.typ.as_deref();
        let is_access = kind.is_some_and(is_access_token);
        let is_plain = kind.is_none_or(|kind| kind.eq_ignore_ascii_case("jwt"));
        match self.settings.token_type {
            _ if is_access => Ok(()),
            TokenType::Any if is_plain => Ok(()),
            TokenType::AccessToken | TokenType::Any => {
                Err(Refusal::invalid("not an access token (typ)"))
            }
        }
    }

    fn accept(&self, claims: &Value) -> Result<Accepted, Refusal> {
        let settings = &*self.settings;
        let (issued_at, until) = self.check_times(claims)?;
        if claims.get("iss").and_then(Value::as_str) != Some(settings.issuer.as_str()) {
            return Err(Refusal::invalid("iss is no text"));
        }
        if settings.token_type == TokenType::Any && is_no_access_token(claims) {
            return Err(Refusal::invalid(
                "an ID token, or another that is not for access",
            ));
        }
        let lacks = |path: &String| at(claims, path).is_none();
        if settings.required_claims.iter().any(lacks) {
            return Err(Refusal::invalid("lacks a required claim"));
        }
        let token_id = text_at(claims, &settings.token_id_claim).unwrap_or_default();
        let client_id = text_at(claims, &settings.client_claim).unwrap_or_default();
        if !is_name(token_id) || !is_name(client_id) {
            return Err(Refusal::invalid(
                "the token's or the client's id is no name",
            ));
        }
        let own = text_at(claims, &settings.subject_claim).filter(|own| !own.is_empty());
        let subject = own.and_then(|own| {
            format!("{}{own}", settings.prefix())
                .parse::<Subject>()
                .ok()
        });
        let subject = subject.ok_or(Refusal::invalid("the subject is no name"))?;
        Ok(Accepted {
            caller: Caller {
                subject,
                issuer: settings.issuer.clone(),
                client_id: client_id.to_owned(),
                roles: roles_at(claims, &settings.roles_claim, &settings.roles),
                scopes: None,
                authority_level: self.authority_level(claims)?,
                request_id: String::new(),
            },
            token_id: token_id.to_owned(),
            issued_at,
            until,
        })
    }

    /// When the token was issued, and until when it holds.
    fn check_times(&self, claims: &Value) -> Result<(u64, u64), Refusal> {
        let seconds = |name: &str| claims.get(name).and_then(Value::as_u64);
        let (now, leeway) = (wall_seconds(), self.settings.leeway_seconds);
        let until = seconds("exp").ok_or(Refusal::invalid("exp is no number of seconds"))?;
        let issued_at = seconds("iat").ok_or(Refusal::invalid("iat is no number of seconds"))?;
        if claims.get("nbf").is_some() && seconds("nbf").is_none() {
            return Err(Refusal::invalid("nbf is no number of seconds"));
        }
        let ahead = leeway.max(ISSUED_AHEAD_SECONDS);
        if issued_at > now.saturating_add(ahead) {
            return Err(Refusal::invalid("issued in the future"));
        }
        check_lifetime(issued_at, until, self.settings.lifetime_max_seconds, ahead)?;
        Ok((issued_at, until))
    }

    /// The level in the policy's authority matrix, where the issuer tells it: a number, or the same as a text.
    fn authority_level(&self, claims: &Value) -> Result<Option<u8>, Refusal> {
        let path = self.settings.authority_claim.as_deref();
        let Some(told) = path.and_then(|path| at(claims, path)) else {
            return Ok(None);
        };
        let level = match told {
            Value::Number(number) => number.as_u64().and_then(|level| u8::try_from(level).ok()),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let level = level.ok_or(Refusal::invalid("the authority level is none"))?;
        Ok(Some(level))
    }
}
