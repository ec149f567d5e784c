//! E-mail as it is sent (RFC 5322, MIME).

use std::time::SystemTime;

use lettre::Message;
use lettre::address::AddressError;
use lettre::error::Error;
use lettre::message::header::{ContentType, ContentTypeErr};
use lettre::message::{Attachment as Part, Mailbox, MultiPart, SinglePart};

use crate::collect::correspondence::input::Attachment;
use kernel::clock::Instant;
use kernel::ids::MessageId;

/// All that an e-mail is made of.
pub struct Mail<'a> {
    pub id: MessageId,
    pub at: Instant,
    pub from: &'a str,
    pub from_name: &'a str,
    pub to: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
    pub html: Option<&'a str>,
    pub attachments: &'a [Attachment],
}

/// Why an e-mail can't be made.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Message(#[from] Error),
    #[error(transparent)]
    MediaType(#[from] ContentTypeErr),
}

/// The bytes of an e-mail. Its Message-ID has the message's id, by which a notification finds it.
///
/// # Errors
/// When an address or a media type is none.
pub fn compose(mail: &Mail) -> Result<Vec<u8>, MailError> {
    let from = Mailbox::new(Some(one_line(mail.from_name)), mail.from.parse()?);
    let to = Mailbox::new(None, mail.to.parse()?);
    let host = mail.from.rsplit('@').next().unwrap_or("localhost");
    let begun = Message::builder()
        .message_id(Some(format!("<{}@{host}>", mail.id)))
        .date(SystemTime::from(mail.at.utc()))
        .from(from)
        .to(to)
        .subject(one_line(mail.subject));
    let text = SinglePart::plain(mail.text.to_owned());
    if mail.attachments.is_empty() {
        return Ok(match mail.html {
            None => begun.singlepart(text)?,
            Some(html) => begun.multipart(both(text, html))?,
        }
        .formatted());
    }
    let mut parts = match mail.html {
        None => MultiPart::mixed().singlepart(text),
        Some(html) => MultiPart::mixed().multipart(both(text, html)),
    };
    for attachment in mail.attachments {
        let kind = ContentType::parse(&attachment.media_type)?;
        let part = Part::new(one_line(&attachment.name));
        parts = parts.singlepart(part.body(attachment.bytes.clone(), kind));
    }
    Ok(begun.multipart(parts)?.formatted())
}

/// The same as text and as HTML: the reader chooses.
fn both(text: SinglePart, html: &str) -> MultiPart {
    MultiPart::alternative()
        .singlepart(text)
        .singlepart(SinglePart::html(html.to_owned()))
}

/// A text without line breaks, so that it adds no header.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::{MessageParser, MimeHeaders as _};
    use proptest::prelude::*;

    fn mail<'a>(subject: &'a str, text: &'a str, attachments: &'a [Attachment]) -> Mail<'a> {
        Mail {
            id: "msg_01k00000000000000000000001".parse().unwrap(),
            at: serde_json::from_str("\"2026-04-01T08:00:00Z\"").unwrap(),
            from: "ar@northwind.example",
            from_name: "江南钢铁贸易有限公司",
            to: "cfo@a.example",
            subject,
            text,
            html: None,
            attachments,
        }
    }

    #[test]
    fn an_e_mail_says_in_any_language_what_it_was_given() {
        let pdf = Attachment {
            name: "付款提醒.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: b"%PDF-1.7 \x00\xFF".to_vec(),
        };
        let attachments = [pdf];
        let bytes = compose(&mail(
            "第二次付款提醒",
            "尊敬的客户：\n请付款。",
            &attachments,
        ))
        .unwrap();
        assert!(bytes.is_ascii());
        let read = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(read.subject(), Some("第二次付款提醒"));
        assert_eq!(
            read.message_id(),
            Some("msg_01k00000000000000000000001@northwind.example")
        );
        assert!(read.body_text(0).unwrap().contains("请付款。"));
        let attached = read.attachment(0).unwrap();
        assert_eq!(attached.contents(), b"%PDF-1.7 \x00\xFF");
        assert_eq!(attached.attachment_name(), Some("付款提醒.pdf"));
    }

    #[test]
    fn a_subject_adds_no_header() {
        let bytes = compose(&mail("Pay\r\nBcc: all@a.example", "Text", &[])).unwrap();
        let read = MessageParser::default().parse(&bytes).unwrap();
        assert!(read.bcc().is_none());
    }

    proptest! {
        #[test]
        fn any_text_comes_back(subject in "\\PC{1,60}", text in "[a-zäöü中文 .\n]{0,300}") {
            let bytes = compose(&mail(&subject, &text, &[])).unwrap();
            let read = MessageParser::default().parse(&bytes).unwrap();
            let body = read.body_text(0).unwrap_or_default().replace("\r\n", "\n");
            prop_assert_eq!(body.trim_end(), text.trim_end());
        }
    }
}
