//! A provider of tokens: a server that says its keys, and signs with them as Keycloak, Entra and others do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use netterms::server::sign_in::settings::{IssuerSettings, SigningAlgorithm, TokenType};
use serde_json::{Value, json};

/// How many bytes PKCS #8 puts in front of a key of RSA with 2048 bits.
const RSA_WRAPPING: usize = 26;

/// A pair of keys, and its name.
#[derive(Clone)]
pub struct SigningKey {
    pub id: String,
    algorithm: Algorithm,
    key: EncodingKey,
    public: Value,
}

impl SigningKey {
    pub fn new(id: &str, algorithm: SigningAlgorithm) -> SigningKey {
        let random = SystemRandom::new();
        let key = match algorithm {
            SigningAlgorithm::ES256 => {
                let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
                EncodingKey::from_ec_der(der.unwrap().as_ref())
            }
            SigningAlgorithm::EdDSA => {
                let der = Ed25519KeyPair::generate_pkcs8v1(&random).unwrap();
                EncodingKey::from_ed_der(der.as_ref())
            }
            _ => {
                let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
                let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
                EncodingKey::from_rsa_der(&der.as_ref()[RSA_WRAPPING..])
            }
        };
        let algorithm = algorithm.algorithm();
        let public = Jwk::from_encoding_key(&key, algorithm).unwrap();
        let mut public = serde_json::to_value(public).unwrap();
        public["kid"] = json!(id);
        public["use"] = json!("sig");
        SigningKey {
            id: id.to_owned(),
            algorithm,
            key,
            public,
        }
    }

    /// As the provider says it.
    pub fn public(&self) -> Value {
        self.public.clone()
    }

    /// Signs a header and claims of any kind.
    pub fn sign_with(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).unwrap()
    }

    pub fn header(&self, kind: &str) -> Header {
        let mut header = Header::new(self.algorithm);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.id.clone());
        header
    }
}

/// What the provider answers.
struct Said {
    keys: Value,
    status: &'static str,
}

/// A running provider.
pub struct Provider {
    pub name: String,
    port: u16,
    said: Arc<Mutex<Said>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    pub fn start(name: &str, keys: &[&SigningKey]) -> Provider {
        let provider = Provider::away(name);
        provider.publish(keys);
        provider.come();
        provider
    }

    /// One that has an address, and answers nobody yet.
    pub fn away(name: &str) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Said {
            keys: json!([]),
            status: "503 Busy",
        };
        let provider = Provider {
            name: name.to_owned(),
            port,
            said: Arc::new(Mutex::new(said)),
            asked: Arc::default(),
        };
        provider.listen(listener);
        provider
    }

    /// From now on it answers.
    pub fn come(&self) {
        self.said.lock().unwrap().status = "200 OK";
    }

    /// From now on it answers nobody.
    pub fn go(&self) {
        self.said.lock().unwrap().status = "503 Busy";
    }

    pub fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        self.publish_raw(json!(keys));
    }

    /// Keys of any kind.
    pub fn publish_raw(&self, keys: Value) {
        self.said.lock().unwrap().keys = keys;
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}/realms/{}", self.port, self.name)
    }

    fn listen(&self, listener: TcpListener) {
        let (said, asked) = (Arc::clone(&self.said), Arc::clone(&self.asked));
        let issuer = self.issuer();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (said, asked, issuer) = (Arc::clone(&said), Arc::clone(&asked), issuer.clone());
                std::thread::spawn(move || answer(stream.unwrap(), &issuer, &said, &asked));
            }
        });
    }

    /// As it is configured; found by discovery.
    pub fn settings(&self) -> IssuerSettings {
        IssuerSettings {
            name: self.name.clone(),
            issuer: self.issuer(),
            audiences: vec!["netterms".to_owned()],
            ..IssuerSettings::default()
        }
    }

    /// The claims of an access token by RFC 9068.
    pub fn claims(&self) -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({
            "iss": self.issuer(), "aud": "netterms", "sub": "u-7", "client_id": "desk", "iat": now, "exp": now + 300,
            "jti": "t-1", "roles": ["auditor"],
        })
    }

    /// A good token, changed as a test wants.
    pub fn token(&self, key: &SigningKey, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        key.sign_with(&key.header("at+jwt"), &claims)
    }

    /// An access token as Keycloak issues it: names and numbers are made up, the shape is its.
    pub fn keycloak_claims(&self) -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({
            "exp": now + 300, "iat": now, "auth_time": now - 5, "jti": "onrtac:7f1b3a55-0f1d-4d6e-9a51-2d6a7a1f3c11",
            "iss": self.issuer(), "aud": ["netterms", "account"], "sub": "3f1c9a2e-1d2b-4c3d-8e4f-5a6b7c8d9e0f",
            "typ": "Bearer", "azp": "credit-desk", "sid": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "acr": "1",
            "allowed-origins": ["https://desk.example.com"],
            "realm_access": {"roles": ["offline_access", "nt-auditor", "default-roles-trade"]},
            "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
            "scope": "openid email profile", "email_verified": true, "name": "Mei Lin",
            "preferred_username": "mei.lin", "email": "mei.lin@example.com",
        })
    }

    pub fn keycloak_settings(&self) -> IssuerSettings {
        let role = |name: &str, role: &str| (name.to_owned(), role.parse().unwrap());
        IssuerSettings {
            token_type: TokenType::Any,
            client_claim: "azp".to_owned(),
            roles_claim: "realm_access.roles".to_owned(),
            roles: [role("nt-auditor", "auditor"), role("nt-credit", "credit")].into(),
            ..self.settings()
        }
    }

    /// An access token as Entra issues it (v2.0).
    pub fn entra_claims(&self) -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({
            "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3", "iss": self.issuer(), "iat": now, "nbf": now - 300,
            "exp": now + 4_500, "aio": "AXQAi/8IAAAAr", "azp": "1fb0a4c2-6c5e-4a3c-9d5e-0f7c7c6f3b1a", "azpacr": "1",
            "name": "Abe Lincoln", "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "preferred_username": "abeli@example.com",
            "rh": "I", "roles": ["Netterms.Auditor"], "scp": "access_as_user",
            "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ", "tid": "fa15d692-e9c7-4460-a743-29f2956fd429",
            "uti": "fqiBqXLPj0eQa82S-IYFAA", "ver": "2.0",
        })
    }

    pub fn entra_settings(&self) -> IssuerSettings {
        IssuerSettings {
            audiences: vec!["6e74172b-be56-4843-9ff4-e66a39bb12e3".to_owned()],
            token_type: TokenType::Any,
            subject_claim: "oid".to_owned(),
            client_claim: "azp".to_owned(),
            token_id_claim: "uti".to_owned(),
            roles: [("Netterms.Auditor".to_owned(), "auditor".parse().unwrap())].into(),
            required_claims: vec!["tid".to_owned(), "scp".to_owned()],
            ..self.settings()
        }
    }
}

/// Answers one request: the discovery document, or the keys.
fn answer(stream: TcpStream, issuer: &str, said: &Mutex<Said>, asked: &AtomicUsize) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).is_err() {
        return;
    }
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
        line.clear();
    }
    let said = said.lock().unwrap();
    let body = if first.contains("/.well-known/openid-configuration") {
        json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")})
    } else {
        asked.fetch_add(1, Ordering::SeqCst);
        json!({"keys": said.keys})
    };
    let (status, body) = (said.status, body.to_string());
    let mut writer = stream;
    let _gone = write!(
        writer,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}
