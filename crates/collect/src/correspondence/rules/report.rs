//! What a mail server says later of a message that it took: a delivery status notification (RFC 3464).

use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};

use kernel::ids::MessageId;

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The message of ours that it is about.
    pub message: MessageId,
    pub outcome: Reported,
    /// The status and what the server said, in one line.
    pub detail: Option<String>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    Delivered,
    Failed,
    /// It is on its way, or was handed to a system that tells no more.
    Undecided,
}

/// Why a text is no notification about a message of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    #[error("must be a delivery status notification (RFC 3464)")]
    NoNotification,
    #[error("must be about a message that was sent from here")]
    NotOurs,
}

/// What is kept of what a server said.
const DETAIL_MAX: usize = 500;

/// Reads a notification.
///
/// # Errors
/// When it is none, or names no message of ours.
pub fn read(bytes: &[u8]) -> Result<Notification, ReportError> {
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or(ReportError::NoNotification)?;
    let status = message
        .parts
        .iter()
        .find(|part| is_of_type(part, "message", "delivery-status"))
        .ok_or(ReportError::NoNotification)?;
    let text = String::from_utf8_lossy(status.contents()).into_owned();
    let action = field(&text, "action").ok_or(ReportError::NoNotification)?;
    let outcome = match action.to_ascii_lowercase().as_str() {
        "failed" => Reported::Failed,
        "delivered" => Reported::Delivered,
        _ => Reported::Undecided,
    };
    let named = field(&text, "original-envelope-id").and_then(|id| ours(&id));
    let message = named
        .or_else(|| original(&message))
        .ok_or(ReportError::NotOurs)?;
    let said = [field(&text, "status"), field(&text, "diagnostic-code")];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let detail: String = said.join(" ").chars().take(DETAIL_MAX).collect();
    Ok(Notification {
        message,
        outcome,
        detail: (!detail.trim().is_empty()).then_some(detail),
    })
}

fn is_of_type(part: &mail_parser::MessagePart, kind: &str, subkind: &str) -> bool {
    part.content_type().is_some_and(|found| {
        found.ctype().eq_ignore_ascii_case(kind)
            && found
                .subtype()
                .is_some_and(|found| found.eq_ignore_ascii_case(subkind))
    })
}

/// A field of the notification, its folded lines as one.
fn field(text: &str, name: &str) -> Option<String> {
    let unfolded = text
        .replace("\r\n", "\n")
        .replace("\n ", " ")
        .replace("\n\t", " ");
    unfolded.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        let is_it = found.trim().eq_ignore_ascii_case(name);
        is_it.then(|| value.trim().to_owned())
    })
}

/// The message of ours whose Message-ID this is.
fn ours(message_id: &str) -> Option<MessageId> {
    let bare = message_id.trim().trim_matches(['<', '>']);
    bare.split('@').next()?.parse().ok()
}

/// The message that came back with the notification, whole or its headers alone; else what the notification answers to.
fn original(notification: &Message) -> Option<MessageId> {
    for part in &notification.parts {
        if let PartType::Message(inner) = &part.body
            && let Some(id) = inner.message_id().and_then(ours)
        {
            return Some(id);
        }
        let is_headers = is_of_type(part, "text", "rfc822-headers")
            || is_of_type(part, "message", "rfc822-headers");
        if is_headers
            && let Some(id) = field(&String::from_utf8_lossy(part.contents()), "message-id")
            && let Some(id) = ours(&id)
        {
            return Some(id);
        }
    }
    let answered = notification.in_reply_to().as_text_list();
    let answered = answered.into_iter().flatten();
    answered.into_iter().find_map(|id| ours(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As Postfix writes it.
    fn notification(action: &str, returned: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mail.example\r\nTo: ar@northwind.example\r\nSubject: Undelivered Mail\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"XX\"\r\n\r\n\
             --XX\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry to inform you.\r\n\
             --XX\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mail.example\r\n\r\n\
             Final-Recipient: rfc822; cfo@a.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 <cfo@a.example>: mailbox\r\n unavailable\r\n\
             --XX\r\n{returned}\r\n--XX--\r\n"
        )
    }

    const WHOLE: &str = "Content-Type: message/rfc822\r\n\r\nMessage-ID: <msg_01k00000000000000000000001@northwind.example>\r\nSubject: x\r\n\r\nText";
    const HEADERS: &str = "Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID: <msg_01k00000000000000000000001@northwind.example>\r\n";

    #[test]
    fn a_notification_says_of_which_message_it_is_and_what_became_of_it() {
        for returned in [WHOLE, HEADERS] {
            let said = read(notification("failed", returned).as_bytes()).unwrap();
            assert_eq!(said.message.to_string(), "msg_01k00000000000000000000001");
            assert_eq!(said.outcome, Reported::Failed);
            assert_eq!(
                said.detail.as_deref(),
                Some("5.1.1 smtp; 550 5.1.1 <cfo@a.example>: mailbox unavailable")
            );
        }
        let outcome = |action| {
            read(notification(action, WHOLE).as_bytes())
                .unwrap()
                .outcome
        };
        assert_eq!(outcome("delivered"), Reported::Delivered);
        assert_eq!(outcome("delayed"), Reported::Undecided);
        assert_eq!(outcome("relayed"), Reported::Undecided);
    }

    #[test]
    fn what_is_no_notification_or_about_another_message_is_refused() {
        let plain = "From: a@b.example\r\nSubject: Out of office\r\n\r\nI am away.";
        assert_eq!(read(plain.as_bytes()), Err(ReportError::NoNotification));
        let other = WHOLE.replace("msg_01k", "other-");
        let other = notification("failed", &other);
        assert_eq!(read(other.as_bytes()), Err(ReportError::NotOurs));
        assert_eq!(read(b""), Err(ReportError::NoNotification));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..600), at in 0_usize..900) {
            let _ = read(&bytes);
            let mut cut = notification("failed", HEADERS).into_bytes();
            cut.truncate(at);
            let _ = read(&cut);
        }
    }
}
