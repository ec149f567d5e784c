//! `/metrics`, for Prometheus.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::decide::limits::desk::DeskFigures;
use crate::platform::events::SubscriptionLag;
use kernel::clock::Instant;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabel {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SubscriptionLabel {
    subscription: &'static str,
}

/// The figures of this process.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram, fn() -> Histogram>,
    refusals: Family<RefusalLabel, Counter>,
    lags: Family<SubscriptionLabel, Gauge>,
    failed_attempts: Family<SubscriptionLabel, Gauge>,
}

fn histogram() -> Histogram {
    Histogram::new([
        0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0,
    ])
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("netterms");
        let requests = Family::default();
        let constructor: fn() -> Histogram = histogram;
        let seconds = Family::new_with_constructor(constructor);
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time to answer", seconds.clone());
        let refusals = Family::default();
        registry.register(
            "refused_callers",
            "Requests of callers that could not sign in, or may not do what they asked for",
            refusals.clone(),
        );
        let lags = Family::default();
        let failed_attempts = Family::default();
        registry.register(
            "subscription_lag_seconds",
            "Age of the oldest event that a subscription has still to be told",
            lags.clone(),
        );
        registry.register(
            "subscription_failed_attempts",
            "Failures of a subscription since it last moved on",
            failed_attempts.clone(),
        );
        Metrics {
            registry,
            requests,
            seconds,
            refusals,
            lags,
            failed_attempts,
        }
    }
}

impl Metrics {
    /// With the credit desk's figures.
    pub fn with_desk(desk: &DeskFigures) -> Metrics {
        let mut shown = Metrics::default();
        desk.register(&mut shown.registry);
        shown
    }

    /// Counts one answered request.
    pub fn observe(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        // Only known methods become labels: anybody can invent others without end.
        let method = match method {
            "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" => method,
            _ => "other",
        };
        let labels = Labels {
            method: method.to_owned(),
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.seconds
            .get_or_create(&labels)
            .observe(elapsed.as_secs_f64());
    }

    /// Counts a request of somebody who could not sign in, or may not do what was asked for.
    pub fn observe_refusal(&self, code: &'static str) {
        self.refusals.get_or_create(&RefusalLabel { code }).inc();
    }

    /// Shows how a subscription is doing.
    pub fn observe_subscription(
        &self,
        name: &'static str,
        standing: &SubscriptionLag,
        now: Instant,
    ) {
        let label = SubscriptionLabel { subscription: name };
        let lag = standing
            .waiting_since
            .map_or(0, |since| (now.utc() - since.utc()).num_seconds());
        self.lags.get_or_create(&label).set(lag);
        self.failed_attempts
            .get_or_create(&label)
            .set(i64::from(standing.failed_attempts));
    }
}

#[get("/metrics")]
pub async fn metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => HttpResponse::Ok()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_shows_its_lag_and_its_failures() {
        let shown = Metrics::default();
        let at = |text: &str| -> Instant { serde_json::from_str(&format!("\"{text}\"")).unwrap() };
        let standing = SubscriptionLag {
            waiting_since: Some(at("2026-03-31T08:00:00Z")),
            failed_attempts: 2,
            last_error: None,
        };
        shown.observe_subscription("dunning_blocks", &standing, at("2026-03-31T08:01:30Z"));
        let mut text = String::new();
        encode(&mut text, &shown.registry).unwrap();
        for line in [
            "netterms_subscription_lag_seconds{subscription=\"dunning_blocks\"} 90",
            "netterms_subscription_failed_attempts{subscription=\"dunning_blocks\"} 2",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
