//! Sending: one message to the mail server of the setting, and what came of it.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

/// How long a server may be silent.
const SILENT_MAX: Duration = Duration::from_secs(20);
/// How long all of it may take.
const TIME_MAX: Duration = Duration::from_secs(60);
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

/// Sends e-mail.
pub struct Sender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Sender {
    /// A sender by a URL: `smtps://user:password@mail.example.com`, or `smtp://…:587?tls=required`.
    ///
    /// # Errors
    /// When the URL is none of a mail server.
    pub fn new(url: &str) -> Result<Sender, Error> {
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

/// A server that refuses the mailbox or the message will do so for ever; one that does not know us may later.
fn meaning(error: &Error) -> Attempt {
    let said: String = said(error).chars().take(SAID_MAX).collect();
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
