//! The log as server-sent events, for screens; and tickets, since a browser's `EventSource` sends no token.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use actix_web::dev::Payload;
use actix_web::http::header::ACCEPT;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, get, post, web};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use utoipa::{IntoParams, ToSchema};

use crate::book::customers::model::CustomerRef;
use crate::connect::events::actions::{self, EventError, Question};
use crate::connect::events::input::EventFilter;
use crate::connect::events::model::{Event, EventTypes};
use crate::connect::events::pulse::{Beat, Pulse};
use crate::platform::events::Position;
use crate::platform::http::auth::{OwnRate, Permission as _, ReadEvents};
use crate::platform::http::page::{CursorKey, Query};
use crate::platform::http::{Actor, Answer, Code, Command, Executor, Nothing, Outcome, Problem};
use kernel::caller::Caller;
use kernel::clock::{Instant, machine_now};
use kernel::ids::EventId;
use kernel::text::{Keyword, Subject};

/// Where the stream is.
const STREAM: &str = "/v1/events/stream";

/// How long a ticket opens the stream.
const TICKET_SECONDS: i64 = 60;

/// How many watch at once on one server, and how many of them for one caller.
const WATCHERS_MAX: usize = 500;
const WATCHERS_OF_ONE_MAX: usize = 20;

/// After this long a stream ends, and its reader comes back with a new ticket.
const STREAM_TIME: Duration = Duration::from_mins(15);

/// How often a silent stream says that it is there, so that nobody between takes it for dead.
const SILENCE: Duration = Duration::from_secs(15);

/// How many events are sent at once.
const EVENTS_AT_ONCE: usize = 100;

/// Room for those who watch: how many do, by caller.
#[derive(Clone, Default)]
pub struct Watchers(Arc<Mutex<HashMap<Subject, usize>>>);

impl Watchers {
    /// A place for a caller, unless all are taken, or all of its own.
    fn admit(&self, caller: &Subject) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(caller).copied().unwrap_or_default();
        if all >= WATCHERS_MAX || own >= WATCHERS_OF_ONE_MAX {
            return None;
        }
        taken.insert(caller.clone(), own + 1);
        Some(Place {
            watchers: self.clone(),
            caller: caller.clone(),
        })
    }
}

/// A place among those who watch; dropped, it is free.
struct Place {
    watchers: Watchers,
    caller: Subject,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self
            .watchers
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.caller) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.remove(&self.caller);
            }
        }
    }
}

/// A place that is kept for a stream as long as one may last. A reader who takes nothing from the connection is never asked
/// whether the stream is over, and loses the place all the same.
struct Kept(JoinHandle<()>);

impl Kept {
    fn new(place: Place) -> Kept {
        Kept(tokio::spawn(async move {
            tokio::time::sleep(STREAM_TIME + SILENCE).await;
            drop(place);
        }))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A ticket as it is sealed: who came with a token, how many requests it may make each second where that is its own, and
/// until when it opens the stream.
#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    #[serde(rename = "ticket_of")]
    holder: Caller,
    #[serde(default)]
    requests_per_second: Option<u32>,
    until: Instant,
}

/// Whose requests those with a ticket are, and how many it may make each second where that is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub subject: Subject,
    pub requests_per_second: Option<u32>,
}

/// Who opens the stream with a ticket, so that it is counted with all else that this caller asks; none for any other
/// request, and for a ticket that opens nothing.
pub fn holder(request: &HttpRequest) -> Option<Holder> {
    if request.match_info().as_str() != STREAM {
        return None;
    }
    let ticket = open_ticket(request, ticket_of(request)?).ok()?;
    Some(Holder {
        subject: ticket.holder.subject,
        requests_per_second: ticket.requests_per_second,
    })
}

/// What opens the stream for a browser.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventTicket, example = json!({
    "ticket": "q1xWbS3yVqpS0lFyVrJSMjQyNjE1UdJRSlKyUqoFAA", "expires_at": "2026-03-31T08:01:00.000000Z"
}))]
pub struct TicketOut {
    /// Goes into the stream's address, as `ticket`.
    #[schema(max_length = 4000)]
    ticket: String,
    /// Opens the stream until then; a stream that is open stays so.
    expires_at: Instant,
}

/// Get a ticket for the stream of events
///
/// For browsers, whose `EventSource` sends no token: it opens `GET /v1/events/stream` for a minute, with your roles. Each
/// request gets a ticket of its own, and none is stored, whatever its `Idempotency-Key`.
#[utoipa::path(
    tag = "events",
    request_body = Nothing,
    responses((status = 200, description = "The ticket.", body = TicketOut)),
    security(("bearer" = ["events:read"]))
)]
#[post("/v1/events/tickets")]
pub async fn create_event_ticket(
    actor: Actor<ReadEvents>,
    _command: Command<Nothing>,
    request: HttpRequest,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let own = request.extensions().get::<OwnRate>().copied();
    let until = machine_now().plus(chrono::Duration::seconds(TICKET_SECONDS));
    let ticket = Ticket {
        holder: Caller::clone(&actor),
        requests_per_second: own.and_then(|own| own.0),
        until,
    };
    let text = serde_json::to_string(&ticket).map_err(Problem::internal)?;
    let sealed = cursors.seal(&text);
    let ticket = sealed.ok_or_else(|| Problem::internal("a ticket can't be sealed"))?;
    let told = TicketOut {
        ticket,
        expires_at: until,
    };
    Ok(Answer::ok(&told)?.into_response())
}

/// Who watches: by a ticket, or by a token.
pub struct Watcher(Arc<Caller>);

impl FromRequest for Watcher {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Watcher, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if let Some(ticket) = ticket_of(request) {
            let caller = by_ticket(request, ticket);
            return Box::pin(async move { caller.map(Watcher) });
        }
        let actor = Actor::<ReadEvents>::from_request(request, payload);
        Box::pin(async move { Ok(Watcher(actor.await?.caller())) })
    }
}

/// The ticket that a request brings.
fn ticket_of(request: &HttpRequest) -> Option<&str> {
    let mut pairs = request.query_string().split('&');
    pairs.find_map(|pair| pair.strip_prefix("ticket="))
}

fn by_ticket(request: &HttpRequest, sealed: &str) -> Result<Arc<Caller>, Problem> {
    let ticket = open_ticket(request, sealed)?;
    if !ticket.holder.has_any(ReadEvents::ROLES) {
        return Err(Problem::new(Code::Forbidden));
    }
    Ok(Arc::new(ticket.holder))
}

fn open_ticket(request: &HttpRequest, sealed: &str) -> Result<Ticket, Problem> {
    let key = request
        .app_data::<web::Data<CursorKey>>()
        .ok_or_else(|| Problem::internal("no cursor key in app data"))?;
    let text = key.open(sealed);
    let ticket: Option<Ticket> = text.and_then(|text| serde_json::from_str(&text).ok());
    let ticket = ticket.ok_or_else(|| Problem::new(Code::TokenInvalid))?;
    if ticket.until <= machine_now() {
        return Err(Problem::new(Code::TokenExpired));
    }
    Ok(ticket)
}

/// Which events are streamed, and from where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Instead of a token.
    #[param(max_length = 4000)]
    #[serde(rename = "ticket")]
    pub _ticket: Option<String>,
    /// Those of these types, such as `invoice.posted`.
    #[serde(default)]
    #[param(max_items = 100)]
    pub r#type: Vec<Keyword>,
    /// Those about these resources, by id.
    #[serde(default)]
    #[param(max_items = 100)]
    pub resource_id: Vec<Keyword>,
    /// Those that concern these customers, by id or number.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// What happened after this event. The header `Last-Event-ID`, which a browser sends when a stream was cut off,
    /// wins. Without both, what happens from now on.
    pub last_event_id: Option<EventId>,
}

/// One event of the stream.
#[derive(ToSchema)]
#[schema(example = json!({"id": "evt_01k00000000000000000000001", "data": "{\"type\": \"invoice.posted\"}"}))]
#[expect(
    dead_code,
    reason = "it describes the lines of an event in the contract"
)]
struct StreamedEvent {
    /// The event's id.
    #[schema(max_length = 30)]
    id: String,
    /// The event as JSON, as `GET /v1/events/{id}` answers it.
    #[schema(max_length = 1_000_000)]
    data: String,
}

/// Watch events
///
/// Server-sent events: what happens, as `GET /v1/events` tells it, a moment later. Open it with a token, or from a browser with
/// a ticket. It ends after 15 minutes: come back with a new ticket and `last_event_id`, and nothing is missed. Whoever does
/// not accept `text/event-stream` by name, as `EventSource` does, is told what is there, and the stream ends.
#[utoipa::path(
    tag = "events",
    params(StreamQuery),
    responses((status = 200, description = "The events.", content_type = "text/event-stream", body = StreamedEvent)),
    security(("bearer" = ["events:read"]))
)]
#[get("/v1/events/stream")]
pub async fn watch_events(
    watcher: Watcher,
    query: Query<StreamQuery>,
    request: HttpRequest,
    types: web::Data<EventTypes>,
    executor: web::Data<Executor>,
    pulse: web::Data<Pulse>,
    watchers: web::Data<Watchers>,
) -> Outcome {
    let place = watchers.admit(&watcher.0.subject);
    let place = place.ok_or_else(|| Problem::new(Code::Overloaded).retry_after(5))?;
    let StreamQuery {
        r#type,
        resource_id,
        customer,
        last_event_id,
        ..
    } = query.0;
    let last = last_event(&request)?.or(last_event_id);
    let (types, reader) = (**types, Arc::clone(&watcher.0));
    let mut watch = Watch {
        executor: executor.clone(),
        types,
        reader: watcher.0,
        filter: Arc::new(EventFilter {
            r#type,
            resource_id,
            customer,
            at_from: None,
        }),
        beats: pulse.watch(),
        reached: Position::START,
        has_more: true,
        stays: accepts_streams(&request),
        begun: Stopwatch::now(),
        _place: Kept::new(place),
    };
    watch.reached = executor
        .read(move |db| match last {
            Some(id) => match actions::find(db, types, Some(&reader), id) {
                Ok((_, place)) => Ok(place),
                Err(EventError::Missing) => Err(Problem::new(Code::InvalidCursor)),
                Err(error) => Err(error.into()),
            },
            None => Ok(actions::end(db)?),
        })
        .await?;
    // Types and customers are looked at before the answer begins.
    let first = watch.read().await?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(watch.pieces(first)))
}

/// Whether the caller asks for a stream by name.
fn accepts_streams(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(ACCEPT);
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/event-stream"))
}

/// The event that a browser had last.
fn last_event(request: &HttpRequest) -> Result<Option<EventId>, Problem> {
    let malformed = |message: &str| {
        Problem::new(Code::MalformedParameter).at("#Last-Event-ID", "malformed", message)
    };
    let header = request.headers().get("last-event-id");
    let text = header.map(|value| value.to_str().unwrap_or_default());
    text.map(|text| {
        text.parse()
            .map_err(|_| malformed("must be the id of an event"))
    })
    .transpose()
}

/// Somebody who watches.
struct Watch {
    executor: web::Data<Executor>,
    types: EventTypes,
    reader: Arc<Caller>,
    filter: Arc<EventFilter>,
    beats: watch::Receiver<Beat>,
    reached: Position,
    has_more: bool,
    /// Whether it waits for more when it has read all.
    stays: bool,
    begun: Stopwatch,
    _place: Kept,
}

impl Watch {
    /// What is new, as lines; a word when there is nothing.
    async fn read(&mut self) -> Result<Bytes, Problem> {
        let (types, from) = (self.types, self.reached);
        let (reader, filter) = (Arc::clone(&self.reader), Arc::clone(&self.filter));
        let reading = self
            .executor
            .read(move |db| {
                let question = Question {
                    types,
                    reader: Some(&reader),
                    filter: &filter,
                };
                match actions::read_on(db, &question, from, EVENTS_AT_ONCE) {
                    Err(EventError::OtherLog) => Err(Problem::new(Code::DatabaseUnavailable)),
                    other => Ok(other?),
                }
            })
            .await?;
        (self.reached, self.has_more) = (reading.reached, reading.has_more);
        let mut lines = String::new();
        for event in &reading.events {
            lines += &line(event)?;
        }
        if lines.is_empty() {
            lines.push_str(": nothing new\n\n");
        }
        Ok(Bytes::from(lines))
    }

    /// Waits until the log has grown, or silence has lasted long.
    async fn wait(&mut self) {
        let grown = self.beats.changed();
        // Whether it has grown or not, it is looked.
        let _ = tokio::time::timeout(SILENCE, grown).await;
    }

    fn is_over(&self) -> bool {
        self.begun.elapsed() > STREAM_TIME || self.beats.borrow().is_over
    }

    fn pieces(self, first: Bytes) -> impl Stream<Item = Result<Bytes, Problem>> {
        let first = Some(first);
        stream::unfold((self, first), |(mut watch, first)| async move {
            if let Some(first) = first {
                return Some((Ok(first), (watch, None)));
            }
            if !watch.has_more {
                if !watch.stays {
                    return None;
                }
                watch.wait().await;
            }
            if watch.is_over() {
                return None;
            }
            let piece = watch.read().await;
            Some((piece, (watch, None)))
        })
    }
}

fn line(event: &Event) -> Result<String, Problem> {
    let data = serde_json::to_string(event).map_err(Problem::internal)?;
    Ok(format!("id: {}\ndata: {data}\n\n", event.id))
}
