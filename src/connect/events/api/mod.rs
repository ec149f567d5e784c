//! `/v1/events`. `stream` has it as server-sent events.

mod stream;

use actix_web::{HttpRequest, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

pub use self::stream::{Holder, Watchers, holder};
use super::actions::{self, EventError, Question};
use super::input::EventFilter;
use super::model::{Event, EventTypes};
use crate::platform::http::auth::ReadEvents;
use crate::platform::http::page::{CursorKey, LogPageOut};
use crate::platform::http::{Actor, Answer, Code, Executor, Listing, Outcome, Problem};
use kernel::ids::EventId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_events)
        .service(stream::create_event_ticket)
        .service(stream::watch_events)
        .service(find_event);
}

/// List events
///
/// What happened, in the order of the log: of each type what your role may read, and sales what concerns its own
/// customers. Keep `next_cursor`, and ask again with it for what happens after: nothing is skipped, and nothing told
/// twice. Of two events about one resource the one with the higher `sequence` is the later.
#[utoipa::path(
    tag = "events",
    params(Listing<EventFilter>),
    responses((status = 200, description = "One page of events.", body = LogPageOut<Event>)),
    security(("bearer" = ["events:read"]))
)]
#[get("/v1/events")]
pub async fn list_events(
    actor: Actor<ReadEvents>,
    listing: Listing<EventFilter>,
    request: HttpRequest,
    types: web::Data<EventTypes>,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let from = match listing.page.place()? {
                Some(place) => place,
                None => actions::beginning(db, &listing.filter)?,
            };
            let question = Question {
                types: **types,
                reader: Some(&*actor),
                filter: &listing.filter,
            };
            let reading = actions::read_on(db, &question, from, listing.page.limit())?;
            Ok(listing
                .page
                .of_log(reading.events, reading.reached, reading.has_more))
        })
        .await?;
    page.into_response(&request, &cursors)
}

/// Read an event
///
/// One event, as it was told.
#[utoipa::path(
    tag = "events",
    params(EventId),
    responses((status = 200, description = "The event.", body = Event)),
    security(("bearer" = ["events:read"]))
)]
#[get("/v1/events/{id}")]
pub async fn find_event(
    actor: Actor<ReadEvents>,
    id: web::Path<EventId>,
    types: web::Data<EventTypes>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let (event, _) = actions::find(db, **types, Some(&*actor), *id)?;
            Answer::ok(&event)
        })
        .await?;
    Ok(answer.into_response())
}

impl From<EventError> for Problem {
    fn from(error: EventError) -> Problem {
        match error {
            EventError::OtherLog => Problem::new(Code::InvalidCursor),
            EventError::UnknownType => {
                Problem::new(Code::MalformedParameter).at("#type", "malformed", error)
            }
            EventError::Missing => Problem::not_found("event"),
            EventError::Db(error) => error.into(),
        }
    }
}
