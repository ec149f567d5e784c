//! Preconditions: what the caller read before it asks for a change.

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

use super::problem::{Code, Problem};

/// The version that the caller read, from `If-Match`.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub i64);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<IfMatch, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(if_match(request.headers()))
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let read = "The ETag that you read.";
        vec![header("If-Match", read, Required::True, 40, ETAG)]
    }
}

/// What the caller read before it puts a thing that may not be there yet: its version (`If-Match`), or that there is
/// none (`If-None-Match: *`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    Absent,
    Version(i64),
}

impl FromRequest for Precondition {
    type Error = Problem;
    type Future = Ready<Result<Precondition, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let none = headers.get("if-none-match");
        ready(match none {
            Some(value) if !headers.contains_key("if-match") => match value.to_str() {
                Ok(any) if any.trim() == "*" => Ok(Precondition::Absent),
                _ => Err(Problem::new(Code::MalformedParameter).at(
                    "#If-None-Match",
                    "malformed",
                    "must be * here: it says that there is none yet",
                )),
            },
            _ => if_match(headers).map(|version| Precondition::Version(version.0)),
        })
    }
}

impl IntoParams for Precondition {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let (read, none) = (
            "The ETag that you read, for a change.",
            "`*`, for a new one.",
        );
        vec![
            header("If-Match", read, Required::False, 40, ETAG),
            header("If-None-Match", none, Required::False, 1, r"^\*$"),
        ]
    }
}

/// The form of an ETag of ours.
const ETAG: &str = "^\"[0-9]+\"$";

fn header(
    name: &str,
    description: &str,
    required: Required,
    length_max: usize,
    pattern: &str,
) -> Parameter {
    let form = match required {
        Required::True => Type::String.into(),
        Required::False => SchemaType::from_iter([Type::String, Type::Null]),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(form)
                .max_length(Some(length_max))
                .pattern(Some(pattern)),
        ))
        .build()
}

fn if_match(headers: &HeaderMap) -> Result<IfMatch, Problem> {
    let value = headers
        .get("if-match")
        .ok_or_else(|| Problem::new(Code::PreconditionRequired))?;
    let text = value.to_str().unwrap_or_default().trim();
    // By RFC 9110 a weak ETag never matches: an answer that a proxy changed on its way is not what we gave out.
    let (is_weak, tag) = text
        .strip_prefix("W/")
        .map_or((false, text), |tag| (true, tag));
    let opaque = tag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|opaque| !opaque.contains('"') && headers.get_all("if-match").count() == 1)
        .ok_or_else(|| {
            Problem::new(Code::MalformedParameter).at(
                "#If-Match",
                "malformed",
                "must be the ETag that was read, in double quotes, such as \"3\"; * and lists are not taken",
            )
        })?;
    // An ETag that we never gave out can't be the current one.
    opaque
        .parse()
        .ok()
        .filter(|_| !is_weak)
        .map(IfMatch)
        .ok_or_else(|| Problem::new(Code::Stale))
}
