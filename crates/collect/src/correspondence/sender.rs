//! Sending: one message to the mail server of the setting, and what came of it.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

/// How long it may take until a server is reached.
const SILENT_MAX: Duration = Duration::from_secs(20);
/// How long all of it may take: a server may look at a message for ten minutes before it takes it (RFC 5321, 4.5.3.2.6).
const TIME_MAX: Duration = Duration::from_mins(10);
/// What a server says is kept up to here.
const SAID_MAX: usize = 500;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The server took it.
    Taken,
    /// The server will never take it.
    Refused(String),
    /// It may go later.
    Failed(String),
}

/// Why there is no sender by a URL.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    #[error(transparent)]
    Url(#[from] Error),
    #[error(
        "it must be smtps://…, or smtp://…?tls=required: only a server on this machine is spoken to without TLS"
    )]
    NotEncrypted,
}

/// Sends e-mail.
pub struct Sender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Sender {
    /// A sender by a URL: `smtps://user:password@mail.example.com`, or `smtp://…:587?tls=required`.
    ///
    /// # Errors
    /// When the URL is none of a mail server, or of one elsewhere that need not be spoken to with TLS.
    pub fn new(url: &str) -> Result<Sender, SenderError> {
        if !is_private(url) {
            return Err(SenderError::NotEncrypted);
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?
            .timeout(Some(SILENT_MAX))
            .build();
        Ok(Sender { transport })
    }

    /// Sends bytes as they are.
    pub async fn send(&self, from: &str, to: &str, bytes: &[u8]) -> Attempt {
        let (Ok(from), Ok(to)) = (from.parse::<Address>(), to.parse::<Address>()) else {
            return Attempt::Refused("the address is none".to_owned());
        };
        let Ok(envelope) = Envelope::new(Some(from), vec![to]) else {
            return Attempt::Refused("there is no address".to_owned());
        };
        let sending = self.transport.send_raw(&envelope, bytes);
        match tokio::time::timeout(TIME_MAX, sending).await {
            Ok(Ok(_)) => Attempt::Taken,
            Ok(Err(error)) => meaning(&error),
            Err(_) => Attempt::Failed("the mail server took too long".to_owned()),
        }
    }
}

/// Whether nobody on the way reads what is said to a server: it is encrypted, or does not leave this machine.
fn is_private(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else {
        // The transport says what is wrong with it.
        return true;
    };
    let must_be = |(key, value): (_, _)| key == "tls" && value == "required";
    url.scheme() == "smtps"
        || url.query_pairs().any(must_be)
        || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// A server that refuses the mailbox or the message will do so for ever; one that does not know us may later.
fn meaning(error: &Error) -> Attempt {
    // What a server says may hold anything.
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let said: String = said(error).chars().map(shown).take(SAID_MAX).collect();
    let code = error.status().map(|code| code.to_string().parse::<u16>());
    match code {
        Some(Ok(550..=556)) => Attempt::Refused(said),
        _ => Attempt::Failed(said),
    }
}

fn said(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        for url in [
            "smtps://user:pw@mail.example.com",
            "smtp://user:pw@mail.example.com:587?tls=required",
            "smtp://127.0.0.1:2525",
            "smtp://localhost",
        ] {
            assert!(is_private(url), "{url}");
        }
        for url in [
            "smtp://user:pw@mail.example.com:587",
            "smtp://mail.example.com?TLS=required",
            "smtp://mail.example.com?tls=opportunistic",
            "smtp://127.0.0.1.example.com",
        ] {
            assert!(!is_private(url), "{url}");
        }
    }
}
