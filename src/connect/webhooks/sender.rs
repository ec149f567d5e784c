//! Sending: one POST, to an address that may be sent to, and what came of it.
//!
//! The address is looked at where it is connected to: the client asks a resolver of ours, which gives it no address that
//! is refused, so that a name that stands for something else a moment later leads nowhere. Redirections are not
//! followed, no proxy is used, and of the answer nothing is read but its status and `Retry-After`.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use chrono::DateTime;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, redirect};

use super::rules::{Reach, check_address, may_connect};
use kernel::clock::Instant;

/// How long a connection may take, and the whole of it.
const CONNECT_TIME: Duration = Duration::from_secs(5);
const TIME_MAX: Duration = Duration::from_secs(15);

/// What is sent.
#[derive(Debug, Clone)]
pub struct Message {
    pub url: String,
    pub id: String,
    /// Seconds since 1970, by the clock on the wall: receivers refuse what is old.
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
    /// The trace of the request that it happened in (W3C), when that is known.
    pub traceparent: Option<String>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The HTTP status of the answer.
    pub answer_code: Option<u16>,
    /// Why there was none.
    pub failure: Option<&'static str>,
    /// How long the receiver asks us to wait.
    pub retry_after: Option<chrono::Duration>,
    pub duration_ms: i64,
}

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync + 'static {
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// As the machine finds them.
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The name stands for an address that is refused.
#[derive(Debug, thiserror::Error)]
#[error("the address is refused")]
struct Refused;

/// Gives the client no address that may not be connected to.
struct Guarded {
    lookup: Arc<dyn Lookup>,
    reach: Reach,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, reach) = (Arc::clone(&self.lookup), self.reach);
        Box::pin(async move {
            let found = lookup.addresses(name.as_str().to_owned()).await?;
            if !found.iter().all(|address| may_connect(*address, reach)) {
                return Err(Refused.into());
            }
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            let addresses: Addrs = Box::new(addresses);
            Ok(addresses)
        })
    }
}

/// Sends messages.
pub struct Sender {
    client: Client,
    reach: Reach,
}

impl Sender {
    /// # Errors
    /// When the machine has no certificates to trust.
    pub fn new(lookup: Arc<dyn Lookup>, reach: Reach) -> reqwest::Result<Sender> {
        let client = Client::builder()
            .dns_resolver(Arc::new(Guarded { lookup, reach }))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .https_only(!reach.plain_http)
            .connect_timeout(CONNECT_TIME)
            .timeout(TIME_MAX)
            .pool_max_idle_per_host(2)
            .user_agent(concat!("netterms/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Sender { client, reach })
    }

    /// Sends once. `now` is for a receiver that says until when it wants to be left alone.
    pub async fn send(&self, message: Message, now: Instant) -> Attempt {
        let stopwatch = Stopwatch::now();
        let outcome = self.post(message, now).await;
        let duration_ms = i64::try_from(stopwatch.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (answer_code, retry_after, failure) = match outcome {
            Ok((code, retry_after)) => (Some(code), retry_after, None),
            Err(failure) => (None, None, Some(failure)),
        };
        Attempt {
            answer_code,
            failure,
            retry_after,
            duration_ms,
        }
    }

    async fn post(
        &self,
        message: Message,
        now: Instant,
    ) -> Result<(u16, Option<chrono::Duration>), &'static str> {
        // An address without a name is connected to without asking the resolver.
        let url = check_address(&message.url, self.reach).map_err(|_| "address_refused")?;
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", message.signature)
            .body(message.body);
        let request = match message.traceparent {
            Some(traceparent) => request.header("traceparent", traceparent),
            None => request,
        };
        let answer = request.send().await.map_err(|error| failure(&error))?;
        let asked = answer.headers().get(RETRY_AFTER);
        let asked = asked.and_then(|value| retry_after(value.to_str().ok()?, now));
        Ok((answer.status().as_u16(), asked))
    }
}

/// The code of what went wrong.
fn failure(error: &reqwest::Error) -> &'static str {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<Refused>() {
            return "address_refused";
        }
        source = inner.source();
    }
    if error.is_timeout() {
        "timed_out"
    } else if error.is_connect() {
        "connection_failed"
    } else {
        "broken_answer"
    }
}

/// Seconds, or the instant until when.
fn retry_after(text: &str, now: Instant) -> Option<chrono::Duration> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(chrono::Duration::seconds(seconds.into()));
    }
    let until = DateTime::parse_from_rfc2822(text.trim()).ok()?;
    Some(until.to_utc() - now.utc())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpListener};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Says one address first, and another ever after.
    struct Rebinding {
        first: IpAddr,
        then: IpAddr,
        asked: AtomicUsize,
    }

    impl Lookup for Rebinding {
        fn addresses(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let is_first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
            let address = if is_first { self.first } else { self.then };
            Box::pin(async move { Ok(vec![address]) })
        }
    }

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn always(address: IpAddr) -> Arc<Rebinding> {
        let asked = AtomicUsize::new(0);
        Arc::new(Rebinding {
            first: address,
            then: address,
            asked,
        })
    }

    fn message(url: String) -> Message {
        Message {
            url,
            id: "evt_1".to_owned(),
            timestamp: 1,
            signature: "v1,AA==".to_owned(),
            body: "{}".to_owned(),
            traceparent: None,
        }
    }

    fn now() -> Instant {
        serde_json::from_str("\"2026-03-31T08:00:00Z\"").unwrap()
    }

    fn reach(private_addresses: bool) -> Reach {
        Reach {
            private_addresses,
            plain_http: true,
        }
    }

    /// Answers one request, and says what it was; none when nobody came.
    fn answering(answer: &'static str) -> (u16, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            let count = stream.read(&mut asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&asked[..count]).into_owned()
        });
        (port, thread)
    }

    #[tokio::test]
    async fn a_name_that_stands_for_a_private_address_is_not_connected_to() {
        let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sender = Sender::new(always(LOOPBACK), reach(false)).unwrap();
        let url = format!("http://erp.example.com:{port}/");
        let attempt = sender.send(message(url), now()).await;
        assert_eq!(attempt.failure, Some("address_refused"));
        assert!(listener.accept().is_err(), "somebody connected");
    }

    #[tokio::test]
    async fn a_name_that_stands_for_another_address_later_is_looked_at_again() {
        let metadata: IpAddr = "169.254.169.254".parse().unwrap();
        let lookup = Arc::new(Rebinding {
            // Of the range for examples, which is refused as well.
            first: "203.0.113.7".parse().unwrap(),
            then: metadata,
            asked: AtomicUsize::new(0),
        });
        let sender = Sender::new(lookup.clone(), reach(false)).unwrap();
        for _ in 0..2 {
            let url = "http://erp.example.com/".to_owned();
            let attempt = sender.send(message(url), now()).await;
            assert_eq!(attempt.failure, Some("address_refused"));
        }
        assert_eq!(lookup.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_address_without_a_name_is_refused_before_it_is_connected_to() {
        let sender = Sender::new(always(LOOPBACK), reach(false)).unwrap();
        for url in [
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
            "http://2130706433:1/",
        ] {
            let attempt = sender.send(message(url.to_owned()), now()).await;
            assert_eq!(attempt.failure, Some("address_refused"), "{url}");
        }
    }

    #[tokio::test]
    async fn a_redirection_is_an_answer_that_is_not_followed() {
        let (port, thread) = answering(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        );
        let sender = Sender::new(always(LOOPBACK), reach(true)).unwrap();
        let url = format!("http://erp.example.com:{port}/hook");
        let attempt = sender.send(message(url), now()).await;
        assert_eq!((attempt.answer_code, attempt.failure), (Some(302), None));
        let asked = thread.join().unwrap();
        assert!(asked.starts_with("POST /hook HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("webhook-id: evt_1\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn what_the_receiver_asks_for_is_read_from_its_answer() {
        let (port, thread) = answering(
            "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 1000000000\r\n\r\nendless",
        );
        let sender = Sender::new(always(LOOPBACK), reach(true)).unwrap();
        let url = format!("http://erp.example.com:{port}/");
        let attempt = sender.send(message(url), now()).await;
        assert_eq!(attempt.answer_code, Some(503));
        assert_eq!(attempt.retry_after, Some(chrono::Duration::seconds(120)));
        thread.join().unwrap();
        let until = retry_after("Tue, 31 Mar 2026 08:10:00 GMT", now());
        assert_eq!(until, Some(chrono::Duration::seconds(600)));
        assert_eq!(retry_after("soon", now()), None);
    }

    #[tokio::test]
    async fn without_leave_nothing_is_sent_in_the_clear() {
        let sender = Sender::new(always(LOOPBACK), Reach::default()).unwrap();
        let attempt = sender
            .send(message("http://erp.example.com/".to_owned()), now())
            .await;
        assert_eq!(attempt.failure, Some("address_refused"));
    }
}
