//! What is around every request: its id, its log line and figures, the headers every answer has, problems written
//! in the caller's language, panics turned into problems, and the token's verification.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use actix_web::HttpMessage as _;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, ResponseError, web};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::metrics::Metrics;
use super::peers::Proxies;
use super::rate_limits::{Class, RateLimits};
use super::routing::Routing;
use super::sign_in::SignIn;
use crate::connect::events::api::holder as ticket_holder;
use crate::platform::http::auth::{OwnRate, Refusal, Verified};
use crate::platform::http::language::spoken;
use crate::platform::http::{Code, Problem, trace};
use kernel::caller::Caller;
use kernel::places::Language;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Names one request: as the caller did, or anew.
#[derive(Debug, Clone)]
struct RequestId(String);

/// Says who asks and leaves it for the handler's guard, which answers 401 or 403 before it looks at anything else; and counts
/// what the caller asks, and who could not sign in.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let refused = request
        .app_data::<web::Data<Routing>>()
        .and_then(|routing| routing.refuses(routed(request.request()), request.method()));
    if let Some(problem) = refused {
        return Ok(answered(request, &problem));
    }
    let gate = request.app_data::<web::Data<Gate>>().cloned();
    let (verified, own) = sign_in(&request, gate.as_ref().map(web::Data::get_ref)).await;
    let standing = gate.as_ref().and_then(|gate| {
        let (subject, own) = match ticket_holder(request.request()) {
            Some(holder) => (holder.subject, holder.requests_per_second),
            None => (verified.as_ref().ok()?.subject.clone(), own),
        };
        let class = Class::of(routed(request.request()));
        gate.limits.count(subject.as_str(), class, own)
    });
    if let Some((standing, seconds)) = standing.and_then(|one| Some((one, one.wait_seconds?))) {
        let problem = Problem::new(Code::RateLimited).retry_after(seconds);
        let mut response = answered(request, &problem);
        standing.write(response.headers_mut());
        return Ok(response);
    }
    request.extensions_mut().insert(Verified(verified));
    request.extensions_mut().insert(OwnRate(own));
    let origin = gate.as_ref().and_then(|gate| {
        let peer = request.peer_addr()?.ip();
        Some(gate.proxies.origin(peer, request.headers()))
    });
    let mut response = next
        .call(request)
        .await
        .map(ServiceResponse::map_into_boxed_body)?;
    if let Some(standing) = standing {
        standing.write(response.headers_mut());
    }
    Ok(match gate {
        Some(gate) => count_refusal(&gate, origin, response),
        None => response,
    })
}

/// The path as the router sees it: `%6C` is the letter that it stands for. Whatever depends on the path looks at this one,
/// so that nobody passes by writing it otherwise.
fn routed(request: &HttpRequest) -> &str {
    request.match_info().as_str()
}

/// Who may come in, and how often.
pub struct Gate {
    pub sign_in: SignIn,
    pub limits: RateLimits,
    pub proxies: Proxies,
    pub metrics: web::Data<Metrics>,
}

/// Whom the request's token speaks for, and how many requests it may make each second where that is its own.
async fn sign_in(
    request: &ServiceRequest,
    gate: Option<&Gate>,
) -> (Result<Arc<Caller>, Refusal>, Option<u32>) {
    let (token, gate) = match (bearer(request.headers()), gate) {
        (Ok(token), Some(gate)) => (token, gate),
        (Err(refusal), _) => return (Err(refusal), None),
        (Ok(_), None) => return (Err(Refusal::invalid("nobody verifies tokens")), None),
    };
    let admitted = match gate.sign_in.admit(token).await {
        Ok(admitted) => admitted,
        Err(refusal) => return (Err(refusal), None),
    };
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    let caller = Caller {
        request_id,
        ..admitted.caller
    };
    (Ok(Arc::new(caller)), admitted.requests_per_second)
}

/// Counts an answer that nobody may have, and tells an address that is refused too often to wait.
fn count_refusal(
    gate: &Gate,
    origin: Option<IpAddr>,
    response: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN {
        return response;
    }
    let code = response
        .response()
        .extensions()
        .get::<Problem>()
        .map(Problem::code);
    if let Some(code) = code {
        gate.metrics.observe_refusal(code.as_str());
    }
    if status == StatusCode::FORBIDDEN {
        return response;
    }
    match origin.and_then(|origin| gate.limits.count_failure(origin)) {
        Some(seconds) => {
            let problem = Problem::new(Code::RateLimited).retry_after(seconds);
            response.into_response(problem.error_response())
        }
        None => response,
    }
}

fn answered(request: ServiceRequest, problem: &Problem) -> ServiceResponse<BoxBody> {
    request
        .into_response(problem.error_response())
        .map_into_boxed_body()
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let value = values
        .next()
        .ok_or(Refusal::missing("no Authorization header"))?;
    if values.next().is_some() {
        return Err(Refusal::missing("more than one Authorization header"));
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or(Refusal::missing("no bearer token"))?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(Refusal::missing("no bearer token"))
    }
}

/// What the outermost layer must know of a request to finish its answer.
#[derive(Debug, Clone)]
struct Frame {
    request_id: String,
    trace_id: String,
    language: Language,
    path: String,
    /// Whether it asks the API, whose answers nobody stores.
    is_api: bool,
}

/// The outermost layer.
pub async fn frame(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let stopwatch = Stopwatch::now();
    let frame = Frame::of(&request);
    request
        .extensions_mut()
        .insert(RequestId(frame.request_id.clone()));
    let span = tracing::info_span!(
        "serving",
        request_id = frame.request_id,
        trace_id = frame.trace_id
    );
    let metrics = request.app_data::<web::Data<Metrics>>().cloned();
    let method = request.method().clone();
    // HEAD is GET without a body, which actix leaves out of the answer by itself.
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    // actix must be the only one to hold the request while it finds the route, so that none is left to build an
    // answer on when the handler panics: such an answer goes out as an error that carries all it needs.
    let outcome = match AssertUnwindSafe(next.call(request).instrument(span.clone()))
        .catch_unwind()
        .await
    {
        Ok(Ok(response)) => {
            let (request, response) = response.map_into_boxed_body().into_parts();
            Ok(ServiceResponse::new(request, frame.finish(response)))
        }
        Ok(Err(error)) => Err(Unanswered {
            status: error.as_response_error().status_code(),
            frame: frame.clone(),
        }),
        Err(_) => Err(Unanswered {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            frame: frame.clone(),
        }),
    };
    let (route, status) = match &outcome {
        Ok(response) => (response.request().match_pattern(), response.status()),
        Err(unanswered) => (None, unanswered.status),
    };
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    let elapsed = stopwatch.elapsed();
    if let Some(metrics) = metrics {
        metrics.observe(method.as_str(), &route, status.as_u16(), elapsed);
    }
    let _entered = span.enter();
    tracing::info!(
        request_id = frame.request_id,
        trace_id = frame.trace_id,
        %method,
        route,
        status = status.as_u16(),
        micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    Ok(outcome?)
}

/// A request that no handler answered: a panic, or an error of actix itself.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct Unanswered {
    status: StatusCode,
    frame: Frame,
}

impl ResponseError for Unanswered {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.frame.finish(HttpResponse::new(self.status))
    }
}

/// The answer to what could not be read as a request, of which nothing is known.
pub fn unread(code: Code) -> HttpResponse {
    let request_id = request_id(&HeaderMap::new(), None);
    let frame = Frame {
        trace_id: request_id.clone(),
        request_id,
        language: Language::English,
        path: "/".to_owned(),
        is_api: false,
    };
    tracing::info!(
        request_id = frame.request_id,
        code = code.as_str(),
        "no request"
    );
    frame.finish(Problem::new(code).error_response())
}

impl Frame {
    fn of(request: &ServiceRequest) -> Frame {
        let traceparent = request.headers().get(TRACEPARENT);
        let traceparent = traceparent.and_then(|value| value.to_str().ok());
        let trace_id = traceparent.and_then(trace::trace_id);
        let request_id = request_id(request.headers(), trace_id);
        Frame {
            trace_id: trace_id.map_or_else(|| request_id.clone(), str::to_owned),
            request_id,
            language: spoken(request.headers()),
            path: shortened(request.path()),
            is_api: routed(request.request()).starts_with("/v1/"),
        }
    }

    /// Writes a problem's body, and the headers that every answer has.
    fn finish(&self, response: HttpResponse) -> HttpResponse {
        let mut response = self.write_problem(response);
        self.add_headers(response.headers_mut());
        response
    }

    /// Writes the body of a problem, also where actix itself answered with an empty or plain one.
    fn write_problem(&self, mut response: HttpResponse) -> HttpResponse {
        let given = response.extensions_mut().remove::<Problem>();
        let Some(problem) = given.or_else(|| problem_for(response.status())) else {
            return response;
        };
        let body = problem.body(self.language, &self.path, &self.request_id);
        let mut written = HttpResponse::build(problem.status_code());
        for (name, value) in response.headers() {
            written.append_header((name.clone(), value.clone()));
        }
        written.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        written.insert_header((header::CONTENT_LANGUAGE, self.language.code()));
        // Cross-origin answers vary by their origin already.
        written.append_header((header::VARY, "Accept-Language"));
        if let Some(challenge) = challenge(problem.code()) {
            written.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        if let Some(seconds) = problem.retry_after_seconds() {
            written.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if problem.code() == Code::MethodNotAllowed
            && let Some(allowed) = problem.fact_text("allowed")
        {
            written.insert_header((header::ALLOW, allowed));
        }
        written.body(body.to_string())
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            headers.insert(REQUEST_ID, value);
        }
        for (name, value) in ON_EVERY_ANSWER {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self.is_api {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// What a 401 asks for (RFC 6750, 3): a request without a token is told no error.
const fn challenge(code: Code) -> Option<&'static str> {
    match code {
        Code::TokenMissing => Some("Bearer"),
        Code::TokenExpired => {
            Some("Bearer error=\"invalid_token\", error_description=\"The token has expired\"")
        }
        Code::TokenInvalid => Some("Bearer error=\"invalid_token\""),
        _ => None,
    }
}

const ON_EVERY_ANSWER: [(HeaderName, &str); 5] = [
    (
        HeaderName::from_static("api-version"),
        env!("CARGO_PKG_VERSION"),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    ),
];

/// At most a thousand characters of a path, and no half of an escape such as `%C3`.
fn shortened(path: &str) -> String {
    let mut short: String = path.chars().take(1000).collect();
    let is_cut = short.len() < path.len();
    if let Some(at) = short.rfind('%').filter(|at| is_cut && at + 3 > short.len()) {
        short.truncate(at);
    }
    short
}

/// The problem for a status that came without one.
fn problem_for(status: StatusCode) -> Option<Problem> {
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    Some(match status.as_u16() {
        404 => Problem::new(Code::UnknownRoute),
        408 => Problem::new(Code::RequestTimeout),
        415 => Problem::new(Code::UnsupportedMediaType).with("expected", "application/json"),
        _ if status.is_client_error() => Problem::new(Code::MalformedParameter),
        _ => Problem::new(Code::InternalError),
    })
}

/// Takes the caller's request id when it is harmless, else its trace's id, else makes one.
fn request_id(headers: &HeaderMap, trace_id: Option<&str>) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=128).contains(&id.len()))
        .filter(|id| {
            id.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        })
        .or(trace_id)
        .map_or_else(|| uuid::Uuid::now_v7().simple().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App, test, web};

    use super::*;

    #[actix_web::test]
    async fn a_long_path_is_cut_before_an_escape() {
        assert_eq!(shortened("/v1/%C3"), "/v1/%C3");
        for length in 995..=999 {
            let path = format!("{}%C3%A9", "/".repeat(length));
            let cut = shortened(&path);
            assert!(cut.len() <= 1000 && path.starts_with(&cut), "{cut}");
            assert!(
                !cut.ends_with('%') && !cut.ends_with("%C") && !cut.ends_with("%A"),
                "{cut}"
            );
        }
    }

    async fn broken() -> HttpResponse {
        panic!("secret innards")
    }

    #[actix_web::test]
    async fn a_panic_is_a_problem_that_says_nothing_of_it() {
        let app = test::init_service(
            App::new()
                .wrap(from_fn(frame))
                .route("/broken", web::to(broken)),
        )
        .await;
        let request = test::TestRequest::get()
            .uri("/broken")
            .insert_header(("X-Request-Id", "req-7"))
            .to_request();
        let error = test::try_call_service(&app, request).await.unwrap_err();
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers().get(REQUEST_ID).unwrap(), "req-7");
        assert_eq!(
            response.headers().get("content-type").unwrap(),
            "application/problem+json"
        );
        let body = actix_web::body::to_bytes(response.into_body())
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["code"], "internal_error");
        assert_eq!(body["request_id"], "req-7");
        assert!(!body.to_string().contains("innards"));
    }
}
