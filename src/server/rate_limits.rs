//! How often one may ask: callers by their subject, and whoever can't sign in by the address that it comes from.
//!
//! GCRA: a caller may spend a burst at once, and gets back so many requests each second. Each server counts for itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What one may do: so many at once, and so many more each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Allowance {
    pub per_second: NonZeroU32,
    pub burst: NonZeroU32,
}

impl Allowance {
    /// None where `per_second` is 0, which is no limit.
    pub fn new(per_second: u32, burst: u32) -> Option<Allowance> {
        let per_second = NonZeroU32::new(per_second)?;
        Some(Allowance {
            per_second,
            burst: NonZeroU32::new(burst).unwrap_or(per_second),
        })
    }
}

/// What requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Limit checks and reservations.
    Desk,
    Others,
}

impl Class {
    pub fn of(path: &str) -> Class {
        let is_desk = ["/v1/limit-checks", "/v1/reservations"]
            .iter()
            .any(|beginning| path.starts_with(beginning));
        if is_desk { Class::Desk } else { Class::Others }
    }

    const fn name(self) -> &'static str {
        match self {
            Class::Desk => "desk",
            Class::Others => "default",
        }
    }
}

/// Callers with the same allowance are counted in the same.
type Callers = HashMap<(Class, Allowance), Arc<Limiter<String>>>;

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// The limits of this server.
pub struct RateLimits {
    desk: Option<Allowance>,
    others: Option<Allowance>,
    callers: Mutex<Callers>,
    failures: Option<Limiter<IpAddr>>,
}

/// How a caller stands with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    class: Class,
    allowance: Allowance,
    remaining: u32,
    /// Why it may not go on: so many seconds are to be waited.
    pub wait_seconds: Option<u32>,
}

impl RateLimits {
    pub fn new(
        others: Option<Allowance>,
        desk: Option<Allowance>,
        failures_per_minute: u32,
    ) -> RateLimits {
        let failures = NonZeroU32::new(failures_per_minute).map(|most| {
            let limiter = RateLimiter::hashmap(Quota::per_minute(most));
            limiter.with_middleware::<StateInformationMiddleware>()
        });
        RateLimits {
            desk,
            others,
            callers: Mutex::default(),
            failures,
        }
    }

    /// Counts a request of a caller; none where nothing limits it. `own` is what an API key has in place of what all have.
    pub fn count(&self, subject: &str, class: Class, own: Option<u32>) -> Option<Standing> {
        let common = match class {
            Class::Desk => self.desk,
            Class::Others => self.others,
        };
        let allowance = own.and_then(|rate| Allowance::new(rate, rate)).or(common)?;
        // A key's own number is for all that it does.
        let class = if own.is_some() { Class::Others } else { class };
        let limiter = self.limiter(class, allowance);
        let outcome = limiter.check_key(&subject.to_owned());
        let (remaining, wait_seconds) = match outcome {
            Ok(snapshot) => (snapshot.remaining_burst_capacity(), None),
            Err(refused) => {
                let wait = refused.wait_time_from(DefaultClock::default().now());
                (0, Some(whole_seconds(wait)))
            }
        };
        Some(Standing {
            class,
            allowance,
            remaining,
            wait_seconds,
        })
    }

    /// Counts a request that could not sign in; how many seconds its address must wait, when it has had too many.
    pub fn count_failure(&self, address: IpAddr) -> Option<u32> {
        let limiter = self.failures.as_ref()?;
        let refused = limiter.check_key(&network(address)).err()?;
        Some(whole_seconds(
            refused.wait_time_from(DefaultClock::default().now()),
        ))
    }

    fn limiter(&self, class: Class, allowance: Allowance) -> Arc<Limiter<String>> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = callers.entry((class, allowance)).or_insert_with(|| {
            let quota = Quota::per_second(allowance.per_second).allow_burst(allowance.burst);
            let limiter = RateLimiter::hashmap(quota);
            Arc::new(limiter.with_middleware::<StateInformationMiddleware>())
        });
        Arc::clone(limiter)
    }

    /// Forgets who has not asked for so long that it would make no difference.
    pub fn forget_idle(&self) {
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let limiters: Vec<_> = callers.values().cloned().collect();
        drop(callers);
        for limiter in limiters {
            limiter.retain_recent();
        }
        if let Some(failures) = &self.failures {
            failures.retain_recent();
        }
    }
}

impl Standing {
    /// Says it in the headers of an answer (draft-ietf-httpapi-ratelimit-headers): the policy, how many requests are left, and in
    /// how many seconds all are.
    pub fn write(&self, headers: &mut HeaderMap) {
        let (name, allowance) = (self.class.name(), self.allowance);
        let (burst, rate) = (allowance.burst.get(), allowance.per_second.get());
        let window = burst.div_ceil(rate);
        let until_full = burst.saturating_sub(self.remaining).div_ceil(rate);
        let policy = format!("\"{name}\";q={burst};w={window}");
        let standing = format!("\"{name}\";r={};t={until_full}", self.remaining);
        for (header, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, standing)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(header, value);
            }
        }
    }
}

/// The address that a limit counts by: of IPv6 the network, which one subscriber has for itself.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(long) => match long.to_ipv4_mapped() {
            Some(short) => IpAddr::V4(short),
            None => IpAddr::V6((long.to_bits() >> 64 << 64).into()),
        },
    }
}

/// At least one second: what `Retry-After` can say.
fn whole_seconds(wait: Duration) -> u32 {
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    seconds.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_spends_its_own_burst_and_nobody_elses() {
        let limits = RateLimits::new(Allowance::new(1, 3), None, 0);
        let count = |subject: &str| limits.count(subject, Class::Others, None).unwrap();
        for remaining in [2, 1, 0] {
            let standing = count("u-1");
            assert_eq!(
                (standing.remaining, standing.wait_seconds),
                (remaining, None)
            );
        }
        assert!(count("u-1").wait_seconds.is_some());
        assert_eq!(count("u-2").remaining, 2);
        assert_eq!(limits.count("u-1", Class::Desk, None), None);
        assert_eq!(
            limits.count("u-1", Class::Desk, Some(5)).unwrap().remaining,
            4
        );
        limits.forget_idle();
        assert!(count("u-1").wait_seconds.is_some());
    }

    #[test]
    fn failures_are_counted_by_network() {
        let limits = RateLimits::new(None, None, 2);
        let fails = |address: &str| limits.count_failure(address.parse().unwrap());
        assert_eq!(fails("2001:db8::1"), None);
        assert_eq!(fails("2001:db8::2"), None);
        assert!(fails("2001:db8::3").is_some());
        assert_eq!(fails("2001:db8:0:1::1"), None);
        for _ in 0..2 {
            assert_eq!(fails("192.0.2.1"), None);
        }
        assert!(fails("::ffff:192.0.2.1").is_some());
        assert_eq!(
            RateLimits::new(None, None, 0).count_failure([192, 0, 2, 1].into()),
            None
        );
    }
}
