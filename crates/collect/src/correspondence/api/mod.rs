//! `/v1/messages`.

mod shapes;
mod verbs;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::MessageError;
use super::input::MessageFilter;
use super::model::{Message, MessageChannel};
use super::store;
use crate::platform::http::auth::ReadMessages;
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Code, Executor, Listing, Outcome, Problem};
use kernel::ids::MessageId;
use shapes::MessageOut;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_messages)
        .service(verbs::print_letters)
        .service(verbs::mark_letters_sent)
        .service(verbs::post_delivery_notification)
        .service(find_message)
        .service(read_message_content)
        .service(verbs::cancel_message)
        .service(verbs::retry_message)
        .service(verbs::report_delivery);
}

/// List messages
///
/// What is sent to customers that you may see, the newest first. Letters to be printed are those of the channel `letter`
/// with the status `queued`.
#[utoipa::path(
    tag = "messages",
    params(Listing<MessageFilter>),
    responses((status = 200, description = "One page of messages.", body = PageOut<MessageOut>)),
    security(("bearer" = ["messages:read"]))
)]
#[get("/v1/messages")]
pub async fn list_messages(
    actor: Actor<ReadMessages>,
    listing: Listing<MessageFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &actor, &listing.filter, &listing.page)?;
            Ok(page.map(MessageOut::from))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a message
///
/// To whom it goes, where it stands, and the hash of its bytes.
#[utoipa::path(
    tag = "messages",
    params(MessageId),
    responses((status = 200, description = "The message.", body = MessageOut)),
    security(("bearer" = ["messages:read"]))
)]
#[get("/v1/messages/{id}")]
pub async fn find_message(
    actor: Actor<ReadMessages>,
    id: web::Path<MessageId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let message = store::find_visible(db, &actor, *id)?.ok_or(MessageError::Missing)?;
            answered(message)
        })
        .await?;
    Ok(answer.into_response())
}

/// Read the bytes of a message
///
/// Byte for byte as they are sent: an e-mail as `message/rfc822`, a letter as PDF. Their SHA-256 is the message's `sha256`.
#[utoipa::path(
    tag = "messages",
    params(MessageId),
    responses((status = 200, description = "The bytes.", content(
        (String = "message/rfc822", example = "From: …"),
        (String = "application/pdf"),
    ))),
    security(("bearer" = ["messages:read"]))
)]
#[get("/v1/messages/{id}/content")]
pub async fn read_message_content(
    actor: Actor<ReadMessages>,
    id: web::Path<MessageId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let (message, bytes) = executor
        .read(move |db| {
            let message = store::find_visible(db, &actor, *id)?.ok_or(MessageError::Missing)?;
            let bytes = store::find_bytes(db, *id)?.ok_or(MessageError::Missing)?;
            Ok((message, bytes))
        })
        .await?;
    let ending = match message.channel {
        MessageChannel::Email => "eml",
        MessageChannel::Letter => "pdf",
    };
    let name = format!("attachment; filename=\"{}.{ending}\"", message.id);
    Ok(HttpResponse::Ok()
        .content_type(message.media_type)
        .insert_header((CONTENT_DISPOSITION, name))
        .body(bytes))
}

/// A message as an answer, with its version.
fn answered(message: Message) -> Result<Answer, Problem> {
    let version = message.version;
    Ok(Answer::ok(&MessageOut::from(message))?.version(version))
}

impl From<MessageError> for Problem {
    fn from(error: MessageError) -> Problem {
        match error {
            MessageError::Missing => Problem::not_found("message"),
            MessageError::Unknown { index } => {
                Problem::not_found_at(format!("/message_ids/{index}"), "message")
            }
            MessageError::NotALetter { index } => {
                let pointer = format!("/message_ids/{index}");
                Problem::invalid(pointer, "not_waiting", error)
            }
            MessageError::Is(status) => Problem::state("message", status, status.allowed()),
            MessageError::BeingSent => Problem::state("message", "sending", [""; 0]),
            MessageError::InFuture => Problem::invalid("/occurred_at", "in_future", error),
            MessageError::NoSender => Problem::invalid("/legal_entity", "no_sender", error),
            MessageError::Stale => Problem::new(Code::Stale),
            MessageError::Mail(error) => Problem::internal(error),
            MessageError::Report(error) => {
                Problem::new(Code::MalformedBody).at("", "not_a_notification", error)
            }
            MessageError::Db(error) => error.into(),
        }
    }
}
