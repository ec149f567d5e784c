//! A caller of the API, and what it is answered.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::caller::Role;
use netterms::platform::http::auth::{TokenRequest, mint};
use netterms::platform::http::messages::is_known;
use serde_json::{Value, json};

use super::TestApp;
use super::secret;

/// Mints a token for tests.
pub fn token(subject: &str, roles: &[Role], authority_level: Option<u8>) -> String {
    mint(
        &secret(),
        &TokenRequest {
            subject: subject.parse().unwrap(),
            roles: roles.to_vec(),
            authority_level,
            lifetime_seconds: 3600,
        },
    )
    .unwrap()
}

/// The claims of a good token, for the auditor and everybody else, changed as a test wants.
pub fn sign(change: impl FnOnce(&mut Value)) -> String {
    let now = jsonwebtoken::get_current_timestamp();
    let mut claims = json!({
        "iss": "netterms", "aud": "netterms", "sub": "u-1", "client_id": "tests", "iat": now, "exp": now + 600,
        "jti": "t-1", "roles": ["auditor"],
    });
    change(&mut claims);
    forge(
        &json!({"alg": "HS256", "typ": "at+jwt"}),
        &claims,
        &secret().secret,
    )
}

/// A token with any header at all, its signature by HMAC-SHA256.
pub fn forge(header: &Value, claims: &Value, key: &[u8]) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    format!("{signed}.{}", encode(tag.as_ref()))
}

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Client<'a> {
    app: &'a TestApp,
    token: Option<String>,
}

/// A request that is being put together.
pub struct Request<'a> {
    client: Client<'a>,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl<'a> Client<'a> {
    pub fn new(app: &'a TestApp, token: Option<String>) -> Client<'a> {
        Client { app, token }
    }

    pub fn request(&self, method: &'static str, path: &str) -> Request<'a> {
        Request {
            client: self.clone(),
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send()
    }

    /// Posts JSON under a fresh key.
    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.request("POST", path)
            .key(&fresh_key())
            .json(body)
            .send()
    }

    /// Posts JSON under a fresh key, as a change of what was read with `etag`.
    pub fn post_if(&self, path: &str, etag: &str, body: Value) -> Reply {
        self.request("POST", path)
            .key(&fresh_key())
            .header("If-Match", etag)
            .json(body)
            .send()
    }

    /// Patches what was read with `etag`.
    pub fn patch(&self, path: &str, etag: &str, body: Value) -> Reply {
        self.request("PATCH", path)
            .header("If-Match", etag)
            .json(body)
            .send()
    }

    /// Puts what was read with `etag`.
    pub fn put(&self, path: &str, etag: &str, body: Value) -> Reply {
        self.request("PUT", path)
            .header("If-Match", etag)
            .json(body)
            .send()
    }
}

/// A text as one segment of a path: whatever is no letter, digit or one of `-._~` is percent-encoded.
pub fn segment(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}

/// A key that no other request has.
pub fn fresh_key() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// One agent for all tests, so that connections are used again.
fn agent() -> &'static ureq::Agent {
    static AGENT: OnceLock<ureq::Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .build()
            .into()
    })
}

impl Request<'_> {
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    #[must_use]
    pub fn json(self, body: Value) -> Self {
        self.header("Content-Type", "application/json")
            .bytes(body.to_string().into_bytes())
    }

    #[must_use]
    pub fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    pub fn send(self) -> Reply {
        let agent = agent();
        let mut request = ureq::http::Request::builder()
            .method(self.method)
            .uri(self.client.app.url(&self.path));
        if let Some(token) = &self.client.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = match self.body {
            Some(body) => agent.run(request.body(body).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        };
        let mut answer =
            answer.unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path));
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    value.to_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(200_000_000)
            .read_to_vec()
            .unwrap_or_default();
        let text = String::from_utf8(bytes.clone()).unwrap_or_default();
        let reply = Reply {
            request: format!("{} {}", self.method, self.path).into_boxed_str(),
            status: answer.status().as_u16(),
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
            bytes: bytes.into_boxed_slice(),
        };
        reply.expect_words_in_both_languages();
        reply
    }
}

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Reply {
    request: Box<str>,
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Value,
    pub text: String,
    /// The body as it came.
    pub bytes: Box<[u8]>,
}

impl Reply {
    /// Demands that whatever is said to be wrong can be said in Chinese, too, and names no type of ours.
    #[track_caller]
    fn expect_words_in_both_languages(&self) {
        let is_problem = self.header("content-type") == Some("application/problem+json");
        if !is_problem || self.header("content-language") != Some("en") {
            return;
        }
        // The reasons of a limit check bring both languages themselves.
        let has_reasons = self.request.ends_with("/release");
        for error in self.body["errors"].as_array().into_iter().flatten() {
            let message = error["message"].as_str().unwrap_or_default();
            assert!(
                is_known(message) || (has_reasons && error["pointer"] == ""),
                "{message:?} has no Chinese text: add it to crates/platform/src/http/messages/zh-CN.txt\n{}: {}",
                self.request,
                self.text
            );
        }
    }

    /// Demands a status; shows the answer when it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text);
        self
    }

    /// Demands a problem with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Reply {
        let reply = self.expect(status);
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json"),
            "{}",
            reply.text
        );
        assert_eq!(
            reply.body["code"], code,
            "{}: {}",
            reply.request, reply.text
        );
        reply
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// All values of a header that may come more than once.
    pub fn all_headers(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("etag").expect("an ETag").to_owned()
    }

    /// A text member of the body.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no text at {pointer} in {}", self.text))
            .to_owned()
    }

    #[track_caller]
    pub fn id(&self) -> String {
        self.text_at("/id")
    }
}

impl std::ops::Index<&str> for Reply {
    type Output = Value;

    fn index(&self, member: &str) -> &Value {
        &self.body[member]
    }
}
