//! The caller's language, for handlers whose answers carry words.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};
use actix_web::{FromRequest, HttpRequest};

use super::problem::Problem;
use kernel::places::Language;

/// The best of our languages for what `Accept-Language` asks; English when it is not there.
pub fn spoken(headers: &HeaderMap) -> Language {
    headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map(Language::negotiate)
        .unwrap_or_default()
}

/// The best of our languages for the caller.
#[derive(Debug, Clone, Copy)]
pub struct AcceptLanguage(pub Language);

impl FromRequest for AcceptLanguage {
    type Error = Problem;
    type Future = Ready<Result<AcceptLanguage, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(AcceptLanguage(spoken(request.headers()))))
    }
}
