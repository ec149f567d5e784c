//! Bodies that are read as a stream: how many may be on their way at once, and how slowly they may come. Each holds a
//! piece of its file in memory, so that their number bounds what all of them take.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;

use super::body::BodyTime;
use super::problem::{Code, Problem};
use kernel::caller::Caller;

/// How many uploads one person may have on their way.
pub const EACH_MAX: usize = 4;

/// How many uploads all together may be on their way.
pub const ALL_MAX: usize = 32;

/// The least rate: once the time that any body has is over, a body may be waited for as long as it has brought bytes
/// at this rate.
const BYTES_PER_SECOND_MIN: u32 = 8 * 1024;

/// The uploads that are on their way.
#[derive(Debug, Default)]
pub struct Uploads {
    by_subject: Mutex<HashMap<String, usize>>,
}

impl Uploads {
    /// Lets an upload in, unless it is of another kind than `multipart/form-data`, or too many are on their way.
    ///
    /// # Errors
    /// 415, 429 when the caller has too many, 503 when all together have.
    pub fn admit(
        self: &Arc<Uploads>,
        request: &HttpRequest,
        caller: &Caller,
    ) -> Result<Admission, Problem> {
        check_form(request)?;
        let subject = caller.subject.to_string();
        let mut by_subject = self.lock();
        if by_subject.values().sum::<usize>() >= ALL_MAX {
            return Err(Problem::new(Code::Overloaded));
        }
        let own = by_subject.entry(subject.clone()).or_default();
        if *own >= EACH_MAX {
            return Err(Problem::new(Code::TooManyUploads)
                .with("limit", EACH_MAX)
                .retry_after(1));
        }
        *own += 1;
        drop(by_subject);
        let time = request.app_data::<BodyTime>().copied().unwrap_or_default();
        Ok(Admission {
            uploads: Arc::clone(self),
            subject,
            pace: Pace::new(time.0),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.by_subject
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Other kinds of multipart bodies have parts without names, and a reader of forms would take them for anything.
fn check_form(request: &HttpRequest) -> Result<(), Problem> {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("multipart/form-data") {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType).with("expected", "multipart/form-data"))
}

/// An upload that was let in; its place is free again when this is dropped.
#[derive(Debug)]
pub struct Admission {
    uploads: Arc<Uploads>,
    subject: String,
    pace: Pace,
}

impl Admission {
    pub const fn pace(&self) -> &Pace {
        &self.pace
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut by_subject = self.uploads.lock();
        if let Some(own) = by_subject.get_mut(&self.subject) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                by_subject.remove(&self.subject);
            }
        }
    }
}

/// How fast a body comes, by the time that it was waited for.
#[derive(Debug)]
pub struct Pace {
    body_time: Duration,
    waited: Cell<Duration>,
    bytes: Cell<u64>,
}

impl Pace {
    const fn new(body_time: Duration) -> Pace {
        Pace {
            body_time,
            waited: Cell::new(Duration::ZERO),
            bytes: Cell::new(0),
        }
    }

    /// Bytes came.
    pub fn count(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes.set(self.bytes.get().saturating_add(bytes));
    }

    /// How much longer the next bytes may be waited for.
    fn patience(&self) -> Duration {
        let brought = Duration::from_secs(self.bytes.get()) / BYTES_PER_SECOND_MIN;
        self.body_time
            .saturating_add(brought)
            .saturating_sub(self.waited.get())
            .min(self.body_time)
    }

    /// Waits for what comes next.
    ///
    /// # Errors
    /// 408 when it came too slowly.
    pub async fn wait<T>(&self, next: impl Future<Output = T>) -> Result<T, Problem> {
        let begun = Instant::now();
        let outcome = tokio::time::timeout(self.patience(), next).await;
        self.waited
            .set(self.waited.get().saturating_add(begun.elapsed()));
        outcome.map_err(|_| Problem::new(Code::RequestTimeout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_be_waited_for_as_long_as_it_brings_bytes() {
        let second = Duration::from_secs(1);
        let pace = Pace::new(20 * second);
        assert_eq!(pace.patience(), 20 * second);
        pace.waited.set(15 * second);
        assert_eq!(pace.patience(), 5 * second);
        pace.count(10 * 8 * 1024);
        assert_eq!(pace.patience(), 15 * second);
        pace.waited.set(30 * second);
        assert_eq!(pace.patience(), Duration::ZERO);
        pace.count(100 * 1024 * 1024);
        assert_eq!(pace.patience(), 20 * second);
    }
}
