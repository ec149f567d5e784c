//! What is done with messages.

use actix_web::{post, web};

use super::answered;
use super::shapes::{MarkedLettersOut, MessageOut, PrintQueueOut};
use crate::collect::correspondence::actions;
use crate::collect::correspondence::input::{DeliveryIn, DeliveryNotificationIn, MarkSentIn};
use crate::platform::http::auth::{ReportDeliveries, SendMessages};
use crate::platform::http::body::MailBody;
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, Nothing, Outcome, ReasonIn,
};
use kernel::ids::MessageId;

/// Look at the letters to be printed
///
/// The letters that wait, the oldest first, 200 at most. Each is looked at once more: one that holds no longer, since what it
/// asks for was paid meanwhile, is cancelled.
#[utoipa::path(
    tag = "messages",
    request_body = Nothing,
    responses((status = 200, description = "The letters.", body = PrintQueueOut)),
    security(("bearer" = ["messages:send"]))
)]
#[post("/v1/messages/print")]
pub async fn print_letters(
    actor: Actor<SendMessages>,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, _| {
            let queue = actions::print(tx)?;
            Answer::ok(&PrintQueueOut::from(queue))
        })
        .await
}

/// Say that letters were posted
///
/// All of them or none: each must be a letter that waits.
#[utoipa::path(
    tag = "messages",
    request_body = MarkSentIn,
    responses((status = 200, description = "The letters.", body = MarkedLettersOut)),
    security(("bearer" = ["messages:send"]))
)]
#[post("/v1/messages/mark-sent")]
pub async fn mark_letters_sent(
    actor: Actor<SendMessages>,
    command: Command<MarkSentIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let marked = actions::mark_sent(tx, input)?;
            Answer::ok(&MarkedLettersOut::from(marked))
        })
        .await
}

/// Post a delivery status notification
///
/// What a mail server sends back (RFC 3464), as it came. Which message it is about it says by the message or the headers that
/// it returns. A notification that nothing is decided yet changes nothing.
#[utoipa::path(
    tag = "messages",
    request_body(content = DeliveryNotificationIn, content_type = "message/rfc822"),
    responses((status = 200, description = "The message that it is about.", body = MessageOut)),
    security(("bearer" = ["messages:report"]))
)]
#[post("/v1/messages/delivery-notifications")]
pub async fn post_delivery_notification(
    actor: Actor<ReportDeliveries>,
    body: MailBody,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            answered(actions::report_notification(tx, &body.0)?)
        })
        .await
}

/// Cancel a message
///
/// One that waits is not sent. An e-mail that is being sent at this moment can't be held back.
#[utoipa::path(
    tag = "messages",
    params(MessageId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The message, cancelled.", body = MessageOut)),
    security(("bearer" = ["messages:send"]))
)]
#[post("/v1/messages/{id}/cancel")]
pub async fn cancel_message(
    actor: Actor<SendMessages>,
    id: web::Path<MessageId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answered(actions::cancel(tx, *id, version.0, &input.reason)?)
        })
        .await
}

/// Have a message tried again
///
/// One that was given up waits to be sent again, from now on.
#[utoipa::path(
    tag = "messages",
    params(MessageId, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "The message; it waits to be sent.", body = MessageOut)),
    security(("bearer" = ["messages:send"]))
)]
#[post("/v1/messages/{id}/retry")]
pub async fn retry_message(
    actor: Actor<SendMessages>,
    id: web::Path<MessageId>,
    version: IfMatch,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, _| {
            answered(actions::retry(tx, *id, version.0)?)
        })
        .await
}

/// Say what became of a message
///
/// It arrived or came back: for mail services that tell it by webhook, and for letters. The same again changes nothing.
#[utoipa::path(
    tag = "messages",
    params(MessageId),
    request_body = DeliveryIn,
    responses((status = 200, description = "The message.", body = MessageOut)),
    security(("bearer" = ["messages:report"]))
)]
#[post("/v1/messages/{id}/delivery")]
pub async fn report_delivery(
    actor: Actor<ReportDeliveries>,
    id: web::Path<MessageId>,
    command: Command<DeliveryIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answered(actions::report(tx, *id, input)?)
        })
        .await
}
