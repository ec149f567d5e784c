//! What comes in: bodies, keys and preconditions, each checked before a use case sees it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest};
use aws_lc_rs::digest::{SHA256, digest};
use futures_util::StreamExt as _;
use futures_util::future::{Ready, ready};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use validator::Validate;

use super::problem::{Code, Problem};
use super::reading::{check_shape, refuse_keys_twice, what_is_malformed};
use kernel::text::Note;

/// The largest JSON body: 256 KiB.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// The largest body of a bulk operation: 2 MiB.
pub const BULK_BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How long a body may take to arrive, from the configuration. actix itself would wait for ever.
#[derive(Debug, Clone, Copy)]
pub struct BodyTime(pub Duration);

impl Default for BodyTime {
    fn default() -> BodyTime {
        BodyTime(Duration::from_secs(20))
    }
}

/// A POST's input: the checked body, and the key under which its answer is kept.
pub struct Command<In> {
    pub(super) input: In,
    pub(super) key: Option<String>,
    pub(super) method: String,
    pub(super) route: String,
    pub(super) fingerprint: String,
}

/// A [`Command`] that must have an `Idempotency-Key`, because it moves money, capacity or approval.
pub struct KeyedCommand<In>(pub(super) Command<In>);

/// A checked JSON body, for changes that are safe to repeat because of `If-Match`.
pub struct Valid<In>(pub In);

/// What a request says before its body: for commands whose body is read as a stream, which get their key here.
pub struct Heading {
    key: Option<String>,
    method: String,
    route: String,
    path: String,
}

impl FromRequest for Heading {
    type Error = Problem;
    type Future = Ready<Result<Heading, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(idempotency_key(request.headers()).map(|key| Heading {
            key,
            method: request.method().to_string(),
            route: request.match_pattern().unwrap_or_default(),
            path: request.path().to_owned(),
        }))
    }
}

impl Heading {
    /// The command, once its body was read; `parts` are what makes two bodies the same request.
    pub fn command<In>(self, input: In, parts: &[&str]) -> Command<In> {
        let path = [self.path.as_str()];
        Command {
            input,
            key: self.key,
            method: self.method,
            route: self.route,
            fingerprint: fingerprint(&[&path, parts].concat()),
        }
    }
}

/// The body of an action that needs none: nothing at all, or `{}`.
#[derive(
    Debug, Clone, Default, serde::Deserialize, serde::Serialize, Validate, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct Nothing {}

/// The body of an action that needs a reason and nothing more.
#[derive(Debug, serde::Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Agreed with the customer on 31 March."}))]
pub struct ReasonIn {
    pub reason: Note,
}

/// Reads a member that must be given, though it may be null.
///
/// # Errors
/// When it is left out, or is neither null nor a `T`.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Tells a member that is null (`Some(None)`) from one that is not there (`None`).
///
/// # Errors
/// When the member is not what it should be.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The body of a request that brings an e-mail as it came, of 1 MiB at most.
pub struct MailBody(pub Vec<u8>);

impl FromRequest for MailBody {
    type Error = Problem;
    type Future = Boxed<MailBody>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let kind = request.headers().get(CONTENT_TYPE);
            let kind = kind
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().trim();
            if !kind.eq_ignore_ascii_case("message/rfc822") {
                let expected = "message/rfc822";
                return Err(Problem::new(Code::UnsupportedMediaType).with("expected", expected));
            }
            let bytes = read_body(&request, payload, BODY_BYTES_MAX).await?;
            Ok(MailBody(bytes.to_vec()))
        })
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<In: DeserializeOwned + Validate + 'static> FromRequest for Command<In> {
    type Error = Problem;
    type Future = Boxed<Command<In>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { command(&request, payload, KeyNeed::Optional).await })
    }
}

impl<In: DeserializeOwned + Validate + 'static> FromRequest for KeyedCommand<In> {
    type Error = Problem;
    type Future = Boxed<KeyedCommand<In>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            Ok(KeyedCommand(
                command(&request, payload, KeyNeed::Required).await?,
            ))
        })
    }
}

impl<In: DeserializeOwned + Validate + 'static> FromRequest for Valid<In> {
    type Error = Problem;
    type Future = Boxed<Valid<In>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = read_json(&request, payload).await?;
            Ok(Valid(parse(&bytes)?))
        })
    }
}

impl<In> Command<In> {
    /// Whether the command came with an `Idempotency-Key`.
    pub const fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The checked body, for decisions that the handler takes before the use case.
    pub const fn input(&self) -> &In {
        &self.input
    }
}

impl<In> KeyedCommand<In> {
    /// The checked body, for decisions that the handler takes before the use case.
    pub const fn input(&self) -> &In {
        &self.0.input
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyNeed {
    Optional,
    Required,
}

async fn command<In: DeserializeOwned + Validate>(
    request: &HttpRequest,
    payload: Payload,
    need: KeyNeed,
) -> Result<Command<In>, Problem> {
    let key = idempotency_key(request.headers())?;
    if key.is_none() && need == KeyNeed::Required {
        return Err(Problem::new(Code::IdempotencyKeyMissing));
    }
    let bytes = read_json(request, payload).await?;
    let input = parse(&bytes)?;
    // Nobody asks for the fingerprint of a request without a key.
    let fingerprint = if key.is_some() {
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        fingerprint(&[
            request.path(),
            request.query_string(),
            &canonical(&document),
        ])
    } else {
        String::new()
    };
    Ok(Command {
        input,
        key,
        method: request.method().to_string(),
        route: request.match_pattern().unwrap_or_default(),
        fingerprint,
    })
}

/// The `Idempotency-Key`, with or without the quotes of a structured-field string.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key");
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let malformed = || Problem::new(Code::IdempotencyKeyMalformed);
    let text = value.to_str().map_err(|_| malformed())?.trim();
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let key = quoted.unwrap_or(text);
    let visible = key.bytes().all(|b| b.is_ascii_graphic());
    if values.next().is_some() || !(1..=255).contains(&key.len()) || !visible || key.contains('"') {
        return Err(malformed());
    }
    Ok(Some(key.to_owned()))
}

/// JSON with sorted members and no spaces, so that a retry by another serialiser is the same request.
fn canonical(value: &serde_json::Value) -> String {
    let mut text = Vec::with_capacity(256);
    // Writing to a vector can't fail, and what was read has a JSON form.
    let _ = write_canonical(value, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

fn write_canonical(value: &serde_json::Value, out: &mut Vec<u8>) -> serde_json::Result<()> {
    use serde_json::Value;
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push(b'{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write_canonical(value, out)?;
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_canonical(item, out)?;
            }
            out.push(b']');
        }
        scalar => serde_json::to_writer(out, scalar)?,
    }
    Ok(())
}

/// SHA-256 over the parts, in hex.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let joined = parts.join("\n");
    hex(digest(&SHA256, joined.as_bytes()).as_ref())
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

async fn read_json(request: &HttpRequest, payload: Payload) -> Result<Vec<u8>, Problem> {
    let limit = if request.match_info().as_str().ends_with("/batch") {
        BULK_BODY_BYTES_MAX
    } else {
        BODY_BYTES_MAX
    };
    let media = || Problem::new(Code::UnsupportedMediaType).with("expected", "application/json");
    if request
        .headers()
        .get(CONTENT_ENCODING)
        .is_some_and(|coding| coding != "identity")
    {
        return Err(media());
    }
    let bytes = without_empty_fractions(&read_body(request, payload, limit).await?);
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase());
    match content_type {
        None if bytes.is_empty() => Ok(bytes),
        Some(kind) if is_json(&kind) => Ok(bytes),
        _ => Err(media()),
    }
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    parts.next() == Some("application/json")
        && parts.all(|parameter| {
            parameter
                .strip_prefix("charset=")
                .is_none_or(|charset| charset.trim_matches('"') == "utf-8")
        })
}

/// Reads a body of at most `limit` bytes, in bounded time.
async fn read_body(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<BytesMut, Problem> {
    let time = request.app_data::<BodyTime>().copied().unwrap_or_default();
    let reading = async {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| {
                Problem::new(Code::MalformedBody).at("", "incomplete", "the body broke off")
            })?;
            if bytes.len() + chunk.len() > limit {
                return Err(Problem::new(Code::PayloadTooLarge).with("limit", limit));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    tokio::time::timeout(time.0, reading)
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::RequestTimeout)))
}

/// Writes `120.0` as `120`: both are the same integer in JSON Schema, but serde reads the first as a float.
fn without_empty_fractions(bytes: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(bytes.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            in_string = true;
        } else if byte == b'.' && ends_in_whole_number(&written) {
            let zeros = after.iter().take_while(|&&digit| digit == b'0').count();
            let (_, behind) = after.split_at(zeros);
            let goes_on = behind
                .first()
                .is_some_and(|next| next.is_ascii_digit() || matches!(next, b'e' | b'E' | b'.'));
            if zeros > 0 && !goes_on {
                rest = behind;
                continue;
            }
        }
        written.push(byte);
    }
    written
}

/// Whether the bytes end in the digits of a number that has no fraction and no exponent yet.
fn ends_in_whole_number(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let number = bytes.iter().rev().take_while(|byte| is_part(byte));
    bytes.last().is_some_and(u8::is_ascii_digit)
        && number
            .into_iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'-')
}

/// Reads JSON strictly, and checks its shape.
fn parse<In: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<In, Problem> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    // serde would take a list as a struct, too, its items in the order of the members.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::new(Code::MalformedBody).at("", "malformed", "must be an object"));
    }
    // Keeping the path at hand costs as much as reading, so only what can't be read is read a second time with it.
    let input: In = serde_json::from_slice(bytes).map_err(|_| {
        let fault = what_is_malformed::<In>(bytes);
        Problem::new(Code::MalformedBody).at(fault.pointer(), fault.code, fault.message)
    })?;
    refuse_keys_twice(bytes)?;
    check_shape(&input)?;
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_members_is_no_part_of_a_request() {
        let a: serde_json::Value =
            serde_json::from_str(r#"{"b":[1,{"y":null,"x":"ü"}],"a":1}"#).unwrap();
        assert_eq!(canonical(&a), r#"{"a":1,"b":[1,{"x":"ü","y":null}]}"#);
    }

    #[test]
    fn an_integer_may_be_written_with_an_empty_fraction() {
        for (given, written) in [
            (r#"{"a":120.0,"b":[-1.000]}"#, r#"{"a":120,"b":[-1]}"#),
            (
                r#"{"a":"1.0","b\"":"2.0\\"}"#,
                r#"{"a":"1.0","b\"":"2.0\\"}"#,
            ),
            ("[1.05,1.50,1.0e3,1.,.0]", "[1.05,1.50,1.0e3,1.,.0]"),
            (
                "[1e1.0,1E-2.0,1.5.0,e1.0,-3.00]",
                "[1e1.0,1E-2.0,1.5.0,e1.0,-3]",
            ),
        ] {
            assert_eq!(
                without_empty_fractions(given.as_bytes()),
                written.as_bytes(),
                "{given}"
            );
        }
    }

    #[test]
    fn a_hundred_thousand_brackets_are_refused_without_harm() {
        let nested = "[".repeat(100_000);
        assert!(parse::<Nothing>(nested.as_bytes()).is_err());
    }
}
