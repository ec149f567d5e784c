//! What an operator says of an issuer of tokens. `netterms.example.toml` explains each setting.

use std::collections::{BTreeMap, BTreeSet};

use jsonwebtoken::Algorithm;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use url::Host;

use kernel::caller::Role;

/// An OIDC provider whose tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerSettings {
    /// What stands before the subjects of its tokens, so that two issuers' `u-1` are two people: `keycloak:u-1`.
    pub name: String,
    /// The `iss` of its tokens, to the letter.
    pub issuer: String,
    /// The `aud` of its tokens is, or has, one of these.
    pub audiences: Vec<String>,
    /// Where its keys are; else its discovery document says.
    pub jwks_url: Option<String>,
    /// With what its tokens are signed, all of one family.
    pub algorithms: Vec<SigningAlgorithm>,
    /// The `typ` of its access tokens.
    pub token_type: TokenType,
    /// Where in the claims the subject is.
    pub subject_claim: String,
    pub client_claim: String,
    pub token_id_claim: String,
    /// Where the roles are: `roles`, `realm_access.roles`, `groups`, or a JSON Pointer.
    pub roles_claim: String,
    /// Which of ours each of its roles or groups stands for; where none is given, its names are ours.
    pub roles: BTreeMap<String, Role>,
    /// Where the level in the policy's authority matrix is, when it is told.
    pub authority_claim: Option<String>,
    /// What a token must have beside what it must have anyway.
    pub required_claims: Vec<String>,
    /// The longest lifetime of a token.
    pub lifetime_max_seconds: u64,
    /// How far its clock may differ from ours.
    pub leeway_seconds: u64,
    /// How long its keys are believed; a key that it takes back is refused after that.
    pub cache_seconds: u32,
    /// How long its keys are believed while it can't be asked.
    pub keep_seconds: u32,
    /// How often it is asked at most, whatever tokens come.
    pub refresh_seconds: u32,
    /// Whether it may be asked without encryption; this machine always may.
    pub plain_http: bool,
}

/// Signatures with a public key. Those with a shared secret are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

/// The kind of key that an algorithm takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Rsa,
    EllipticCurve,
    Edwards,
}

impl SigningAlgorithm {
    pub const fn family(self) -> Family {
        match self {
            SigningAlgorithm::RS256
            | SigningAlgorithm::RS384
            | SigningAlgorithm::RS512
            | SigningAlgorithm::PS256
            | SigningAlgorithm::PS384
            | SigningAlgorithm::PS512 => Family::Rsa,
            SigningAlgorithm::ES256 | SigningAlgorithm::ES384 => Family::EllipticCurve,
            SigningAlgorithm::EdDSA => Family::Edwards,
        }
    }

    pub const fn algorithm(self) -> Algorithm {
        match self {
            SigningAlgorithm::RS256 => Algorithm::RS256,
            SigningAlgorithm::RS384 => Algorithm::RS384,
            SigningAlgorithm::RS512 => Algorithm::RS512,
            SigningAlgorithm::PS256 => Algorithm::PS256,
            SigningAlgorithm::PS384 => Algorithm::PS384,
            SigningAlgorithm::PS512 => Algorithm::PS512,
            SigningAlgorithm::ES256 => Algorithm::ES256,
            SigningAlgorithm::ES384 => Algorithm::ES384,
            SigningAlgorithm::EdDSA => Algorithm::EdDSA,
        }
    }
}

/// What the header of an access token says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenType {
    /// By RFC 9068, which no ID token has.
    #[serde(rename = "at+jwt")]
    AccessToken,
    /// As Keycloak and Entra have it: then the claims must show that it is no ID token.
    #[serde(rename = "JWT")]
    Any,
}

impl Default for IssuerSettings {
    fn default() -> IssuerSettings {
        IssuerSettings {
            name: String::new(),
            issuer: String::new(),
            audiences: Vec::new(),
            jwks_url: None,
            algorithms: vec![SigningAlgorithm::RS256],
            token_type: TokenType::AccessToken,
            subject_claim: "sub".to_owned(),
            client_claim: "client_id".to_owned(),
            token_id_claim: "jti".to_owned(),
            roles_claim: "roles".to_owned(),
            roles: BTreeMap::new(),
            authority_claim: None,
            required_claims: Vec::new(),
            lifetime_max_seconds: 24 * 60 * 60,
            leeway_seconds: 30,
            cache_seconds: 300,
            keep_seconds: 3_600,
            refresh_seconds: 10,
            plain_http: false,
        }
    }
}

/// What is wrong with an issuer's settings.
#[derive(Debug, thiserror::Error)]
#[error("issuers: {name:?}: {what}")]
pub struct IssuerError {
    name: String,
    what: String,
}

/// How long a name may be: subjects have room for 128 characters.
const NAME_MAX: usize = 32;

/// What subjects of ours begin with.
const OUR_NAMES: [&str; 2] = ["netterms", "api-key"];

impl IssuerSettings {
    pub(super) fn error(&self, what: impl ToString) -> IssuerError {
        IssuerError {
            name: self.name.clone(),
            what: what.to_string(),
        }
    }

    /// What stands before the subjects of its tokens.
    pub fn prefix(&self) -> String {
        format!("{}:", self.name)
    }

    /// # Errors
    /// When it can't be taken at its word.
    pub fn check(&self) -> Result<(), IssuerError> {
        let is_name = (1..=NAME_MAX).contains(&self.name.len())
            && self
                .name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_name {
            return Err(self.error(
                "name must have 1 to 32 lower case letters, digits and hyphens, and stands before each subject",
            ));
        }
        if OUR_NAMES.iter().any(|ours| self.name.starts_with(ours)) {
            return Err(self.error("name begins as the service's own subjects do"));
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            return Err(self.error("audiences must name at least one"));
        }
        let families: BTreeSet<Family> = self
            .algorithms
            .iter()
            .map(|algorithm| algorithm.family())
            .collect();
        if families.len() != 1 {
            return Err(self.error("algorithms must be of one family: RS and PS, ES, or EdDSA"));
        }
        self.check_url(&self.issuer)
            .map_err(|error| self.error(format!("issuer {error}")))?;
        if let Some(url) = &self.jwks_url {
            self.check_url(url)
                .map_err(|error| self.error(format!("jwks_url {error}")))?;
        }
        for (setting, value, most) in [
            ("lifetime_max_seconds", self.lifetime_max_seconds, 604_800),
            ("leeway_seconds", self.leeway_seconds, 300),
            ("cache_seconds", self.cache_seconds.into(), 86_400),
            ("keep_seconds", self.keep_seconds.into(), 604_800),
            ("refresh_seconds", self.refresh_seconds.into(), 3_600),
        ] {
            if value > most {
                return Err(self.error(format!("{setting} is {value}: it must be at most {most}")));
            }
        }
        Ok(())
    }

    /// Reads an address that the issuer may be asked at.
    ///
    /// # Errors
    /// When it is none, or leads over the network in the clear.
    pub(super) fn check_url(&self, text: &str) -> Result<Url, &'static str> {
        let url =
            Url::parse(text).map_err(|_| "must be an address such as https://id.example.com")?;
        let is_here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_here || self.plain_http => Ok(url),
            _ => Err("must begin with https, unless plain_http says otherwise"),
        }
    }
}

/// Looks at all issuers together.
///
/// # Errors
/// When one is wrong, or two are the same; `local` is the `iss` of tokens with the shared secret, when these are taken.
pub fn check_all(issuers: &[IssuerSettings], local: Option<&str>) -> Result<(), IssuerError> {
    for (index, issuer) in issuers.iter().enumerate() {
        issuer.check()?;
        let others = issuers.get(..index).unwrap_or_default();
        if others
            .iter()
            .any(|other| other.name == issuer.name || other.issuer == issuer.issuer)
        {
            return Err(issuer.error("two issuers have the same name, or the same issuer"));
        }
        if local == Some(issuer.issuer.as_str()) {
            return Err(issuer.error("issuer is jwt_issuer, which signs with the shared secret"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> IssuerSettings {
        IssuerSettings {
            name: "keycloak".to_owned(),
            issuer: "https://id.example.com/realms/trade".to_owned(),
            audiences: vec!["netterms".to_owned()],
            ..IssuerSettings::default()
        }
    }

    #[test]
    fn an_issuer_is_taken_at_its_word_only_when_it_can_be() {
        good().check().unwrap();
        let here = IssuerSettings {
            jwks_url: Some("http://127.0.0.1:8081/keys".to_owned()),
            ..good()
        };
        here.check().unwrap();
        let changes: [fn(&mut IssuerSettings); 10] = [
            |issuer| issuer.name = "netterms-prod".to_owned(),
            |issuer| issuer.name.clear(),
            |issuer| issuer.name = "api-key".to_owned(),
            |issuer| issuer.name = "a:b".to_owned(),
            |issuer| issuer.audiences.clear(),
            |issuer| issuer.algorithms.clear(),
            |issuer| issuer.algorithms.push(SigningAlgorithm::ES256),
            |issuer| issuer.issuer = "id.example.com".to_owned(),
            |issuer| issuer.jwks_url = Some("http://id.example.com/keys".to_owned()),
            |issuer| issuer.lifetime_max_seconds = u64::MAX,
        ];
        for change in changes {
            let mut wrong = good();
            change(&mut wrong);
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
        assert!(check_all(&[good(), good()], None).is_err());
        let local = Some("https://id.example.com/realms/trade");
        assert!(check_all(&[good()], local).is_err());
    }
}
