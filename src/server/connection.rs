//! Connections, so that what is no request gets a problem like every other answer.
//!
//! The HTTP parser answers by itself what it can't read, with a bare status and before any layer sees it, and then ends
//! the connection with an error. A [`Connection`] keeps such an answer back until the end tells whether it was one;
//! [`speak`] then writes ours instead.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::Protocol;
use actix_http::error::{DispatchError, ParseError};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, fn_factory, fn_service};
use actix_web::HttpResponse;
use actix_web::body::MessageBody as _;
use actix_web::rt::net::TcpStream;
use actix_web::rt::time::timeout;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::middleware::unread;
use crate::platform::http::Code;

/// How long, and how much of what a caller still sends, is taken so that it can read why it was refused.
const DRAIN_TIME: Duration = Duration::from_secs(1);
const DRAIN_BYTES: u64 = 256 * 1024;

/// The statuses that the parser answers with.
const BARE: [&[u8]; 3] = [
    b"HTTP/1.1 400 Bad Request\r\n",
    b"HTTP/1.1 408 Request Timeout\r\n",
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
];

/// What the HTTP service takes.
type Spoken = (Connection, Protocol, Option<SocketAddr>);

/// A stream whose bare answer is kept back.
#[derive(Clone)]
pub struct Connection {
    inner: Rc<RefCell<Inner>>,
}

struct Inner {
    stream: TcpStream,
    kept: Vec<u8>,
}

/// Lets an HTTP service speak on every stream, and tells by a problem why it could not.
pub fn speak<F, S>(
    http: F,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()>
where
    F: IntoServiceFactory<S, Spoken>,
    S: ServiceFactory<Spoken, Config = (), Response = (), Error = DispatchError, InitError = ()>,
    S::Service: 'static,
    S::Future: 'static,
{
    let http = http.into_factory();
    fn_factory(move || {
        let made = http.new_service(());
        async move {
            let http = Rc::new(made.await?);
            Ok::<_, ()>(fn_service(move |stream: TcpStream| {
                let http = Rc::clone(&http);
                async move {
                    let peer = stream.peer_addr().ok();
                    let connection = Connection::new(stream);
                    let outcome = http.call((connection.clone(), Protocol::Http1, peer)).await;
                    // Whoever has gone meanwhile needs no answer.
                    let _gone = connection
                        .end(outcome.err().and_then(|error| refused(&error)))
                        .await;
                    Ok::<(), ()>(())
                }
            }))
        }
    })
}

/// Why the parser refused, where it did.
fn refused(error: &DispatchError) -> Option<Code> {
    match error {
        DispatchError::Parse(ParseError::TooLarge) => Some(Code::HeadersTooLarge),
        DispatchError::Parse(_) => Some(Code::MalformedRequest),
        DispatchError::SlowRequestTimeout => Some(Code::RequestTimeout),
        _ => None,
    }
}

impl Connection {
    fn new(stream: TcpStream) -> Connection {
        Connection {
            inner: Rc::new(RefCell::new(Inner {
                stream,
                kept: Vec::new(),
            })),
        }
    }

    /// Writes what was kept back, or our answer instead of it.
    async fn end(self, refused: Option<Code>) -> io::Result<()> {
        let Some(inner) = Rc::into_inner(self.inner) else {
            return Ok(());
        };
        let Inner { mut stream, kept } = inner.into_inner();
        if kept.is_empty() {
            return Ok(());
        }
        match refused {
            Some(code) => stream.write_all(&written(unread(code))).await?,
            None => stream.write_all(&kept).await?,
        }
        stream.shutdown().await?;
        // An end with bytes unread would be a reset, and the answer lost on its way.
        let mut rest = stream.take(DRAIN_BYTES);
        let _in_time = timeout(
            DRAIN_TIME,
            tokio::io::copy(&mut rest, &mut tokio::io::sink()),
        )
        .await;
        Ok(())
    }
}

/// An answer as it goes over the wire.
fn written(answer: HttpResponse) -> Vec<u8> {
    let status = answer.status();
    let mut text = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in answer.headers() {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    let body = answer.into_body().try_into_bytes().unwrap_or_default();
    text.extend_from_slice(
        format!(
            "content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        )
        .as_bytes(),
    );
    text.extend_from_slice(&body);
    text
}

/// More than the parser ever writes.
const BARE_MAX: usize = 300;

/// Where a bare answer begins that ends what is written: a status of the parser's, headers, and no body.
fn bare(bytes: &[u8]) -> Option<usize> {
    let begin = bytes.len().saturating_sub(BARE_MAX);
    let tail = bytes.get(begin..)?;
    let head = tail.strip_suffix(b"\r\n\r\n")?;
    let (at, answer) = (0..head.len())
        .rev()
        .filter_map(|at| Some((at, head.get(at..)?)))
        .find(|(_, rest)| BARE.iter().any(|line| rest.starts_with(line)))?;
    let has = |wanted: &[u8]| answer.windows(wanted.len()).any(|found| found == wanted);
    (has(b"\r\ncontent-length: 0") && !has(b"\r\n\r\n")).then_some(begin + at)
}

impl Inner {
    /// Writes what was kept back and turned out to be none of the parser's answers.
    fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.kept.is_empty() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.kept))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.kept.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner.borrow_mut().stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let inner = &mut *self.inner.borrow_mut();
        ready!(inner.poll_release(cx))?;
        match bare(bytes).map(|at| bytes.split_at(at)) {
            Some(([], kept)) => {
                inner.kept.extend_from_slice(kept);
                Poll::Ready(Ok(kept.len()))
            }
            Some((before, _)) => Pin::new(&mut inner.stream).poll_write(cx, before),
            None => Pin::new(&mut inner.stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner.borrow_mut().stream).poll_flush(cx)
    }

    /// What is kept back is still to be written: then the end shuts the stream.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let inner = &mut *self.inner.borrow_mut();
        if inner.kept.is_empty() {
            Pin::new(&mut inner.stream).poll_shutdown(cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &[u8] =
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: Sat, 28 Nov 2026 08:00:00 GMT\r\n\r\n";

    #[test]
    fn a_bare_answer_is_known_alone_and_behind_another() {
        assert_eq!(bare(REFUSED), Some(0));
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(bare(&[answer, REFUSED].concat()), Some(answer.len()));
        let long = [b'x'; 9_000];
        assert_eq!(bare(&[&long, REFUSED].concat()), Some(long.len()));
    }

    #[test]
    fn an_answer_of_ours_is_none() {
        let ours =
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 27\r\n\r\n{\"code\": \"malformed_body\"}";
        assert_eq!(bare(ours), None);
        assert_eq!(
            bare(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"),
            None
        );
        assert_eq!(bare(b""), None);
        assert_eq!(bare(&REFUSED[..REFUSED.len() - 1]), None);
        assert_eq!(bare(&[REFUSED, b"and more"].concat()), None);
    }
}
