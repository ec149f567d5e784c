//! How often one may ask, whose trace goes on, and who is counted.

use netterms::decide::limits::desk::Switch;
use netterms::server::Config;
use serde_json::json;

use crate::support::{Client, Receiver, TestApp, on_both_with, sign};

const PATH: &str = "/v1/customers";

#[test]
fn a_caller_that_asks_too_often_is_told_when_to_come_again() {
    let slow = |config: &mut Config| {
        config.rate_limit_per_second = 1;
        config.rate_limit_burst = 3;
    };
    on_both_with(slow, |app| {
        let auditor = app.auditor();
        let first = auditor.get(PATH).expect(200);
        assert_eq!(
            first.header("ratelimit-policy"),
            Some("\"default\";q=3;w=3")
        );
        assert_eq!(first.header("ratelimit"), Some("\"default\";r=2;t=1"));
        let refused = (0..60)
            .map(|_| auditor.get(PATH))
            .find(|reply| reply.status != 200)
            .unwrap()
            .expect_problem(429, "rate_limited");
        let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=2).contains(&wait), "{wait}");
        assert!(
            refused
                .header("ratelimit")
                .unwrap()
                .starts_with("\"default\";r=0;")
        );
        // Others are not held up, nor is the desk, nor what needs no token.
        app.credit().get(PATH).expect(200);
        app.anonymous().get("/healthz").expect(200);
        let check = json!({"customer": "C-1", "amount": {"amount": "10.00", "currency": "CNY"}});
        for _ in 0..10 {
            app.system()
                .post("/v1/limit-checks", check.clone())
                .expect_problem(404, "not_found");
        }
    });
}

#[test]
fn an_api_key_may_have_a_number_of_its_own() {
    on_both_with(
        |_| {},
        |app| {
            let key = app
            .admin()
            .post(
                "/v1/api-keys",
                json!({"name": "Slow", "role": "system", "scopes": ["customers:read"], "requests_per_second": 2}),
            )
            .expect(201)
            .text_at("/key");
            let slow = Client::new(app, Some(key));
            let first = slow.get(PATH).expect(200);
            assert_eq!(
                first.header("ratelimit-policy"),
                Some("\"default\";q=2;w=1")
            );
            let refused = (0..200).any(|_| slow.get(PATH).status == 429);
            assert!(refused);
            let unlimited = app.auditor().get(PATH).expect(200);
            assert_eq!(unlimited.header("ratelimit"), None);
        },
    );
}

#[test]
fn an_address_that_keeps_failing_to_sign_in_is_told_to_wait_and_others_are_not() {
    let strict = |config: &mut Config| {
        config.failed_sign_ins_per_minute = 3;
        config.trusted_proxies = "127.0.0.0/8".to_owned();
    };
    on_both_with(strict, |app| {
        let fails = |from: &str| {
            let stranger = Client::new(app, Some("guess".to_owned()));
            let request = stranger.request("GET", PATH);
            request.header("X-Forwarded-For", from).send()
        };
        for _ in 0..3 {
            fails("198.51.100.1").expect_problem(401, "token_invalid");
        }
        let refused = fails("198.51.100.1").expect_problem(429, "rate_limited");
        assert!(refused.header("retry-after").is_some());
        assert!(refused.header("www-authenticate").is_none());
        // What the caller itself puts in front does not count, and who signs in is let in from there, too.
        fails("203.0.113.5, 198.51.100.1").expect_problem(429, "rate_limited");
        fails("198.51.100.2").expect_problem(401, "token_invalid");
        let good = app.auditor().request("GET", PATH);
        good.header("X-Forwarded-For", "198.51.100.1")
            .send()
            .expect(200);
    });
}

#[test]
fn who_is_refused_is_counted() {
    on_both_with(
        |_| {},
        |app| {
            app.anonymous().get(PATH).expect(401);
            Client::new(app, Some("guess".to_owned()))
                .get(PATH)
                .expect(401);
            let expired = sign(|claims| claims["exp"] = json!(1_700_000_000));
            Client::new(app, Some(expired)).get(PATH).expect(401);
            app.sales().get("/v1/trail").expect(403);
            let figures = app.anonymous().get("/metrics").expect(200).text;
            for code in [
                "token_missing",
                "token_invalid",
                "token_expired",
                "forbidden",
            ] {
                let line = format!("netterms_refused_callers_total{{code=\"{code}\"}} 1");
                assert!(figures.contains(&line), "{line}: {figures}");
            }
        },
    );
}

#[test]
fn a_trace_goes_on_in_the_trail_and_in_webhooks() {
    let inside = |config: &mut Config| {
        config.webhook_private_addresses = Switch::On;
        config.webhook_plain_http = Switch::On;
    };
    on_both_with(inside, |app: &TestApp| {
        app.turn_to("2027-03-01");
        let receiver = Receiver::start();
        app.admin()
            .post(
                "/v1/webhook-endpoints",
                json!({"url": receiver.url(), "event_types": ["customer.created"]}),
            )
            .expect(201);
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
        let create = |number: &str, headers: &[(&str, &str)]| {
            let client = app.credit();
            let mut request = client.request("POST", PATH);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            request
                .json(json!({"number": number, "name": "One", "country": "CN"}))
                .send()
                .expect(201)
        };
        let answer = create("C-1", &[("traceparent", &traceparent)]);
        assert_eq!(answer.header("x-request-id"), Some(trace));
        let sent = receiver.next().headers["traceparent"].clone();
        assert!(
            sent.starts_with(&format!("00-{trace}-")) && sent != traceparent,
            "{sent}"
        );
        // A malformed one begins a trace of its own.
        let answer = create("C-2", &[("traceparent", "00-xyz")]);
        let own = answer.header("x-request-id").unwrap().to_owned();
        assert!(receiver.next().headers["traceparent"].contains(&own));
        let answer = create(
            "C-3",
            &[("traceparent", &traceparent), ("X-Request-Id", "order-7")],
        );
        assert_eq!(answer.header("x-request-id"), Some("order-7"));
        assert!(!receiver.next().headers.contains_key("traceparent"));
    });
}

#[test]
fn a_path_that_is_written_otherwise_is_counted_and_answered_as_the_same() {
    let slow = |config: &mut Config| {
        config.desk_rate_limit_per_second = 1;
        config.desk_rate_limit_burst = 3;
    };
    on_both_with(slow, |app| {
        let check = json!({"customer": "C-1", "amount": {"amount": "10.00", "currency": "CNY"}});
        let desk = app.system();
        let first = desk
            .post("/v1/%6Cimit-checks", check.clone())
            .expect_problem(404, "not_found");
        assert_eq!(first.header("ratelimit-policy"), Some("\"desk\";q=3;w=3"));
        let refused = (0..60)
            .map(|_| desk.post("/%761/limit%2Dchecks", check.clone()))
            .find(|reply| reply.status != 404)
            .unwrap()
            .expect_problem(429, "rate_limited");
        let standing = refused.header("ratelimit").unwrap();
        assert!(standing.starts_with("\"desk\";r=0;"), "{standing}");
        // Nobody stores what the API answers, and no path of the contract is taken for another's parameter.
        let answer = app.auditor().get("/%761/customers").expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        app.auditor()
            .get("/v1/invoices/%62atch")
            .expect_problem(405, "method_not_allowed");
    });
}

#[test]
fn a_ticket_of_the_stream_spends_what_its_holder_has() {
    let slow = |config: &mut Config| {
        config.rate_limit_per_second = 1;
        config.rate_limit_burst = 3;
    };
    let there = |app: &TestApp, ticket: &str| {
        app.anonymous()
            .get(&format!("/v1/events/stream?ticket={ticket}"))
    };
    on_both_with(slow, |app| {
        let made = app.finance().post("/v1/events/tickets", json!({}));
        let ticket = made.expect(200).text_at("/ticket");
        let refused = (0..60)
            .map(|_| there(app, &ticket))
            .find(|reply| reply.status != 200)
            .unwrap()
            .expect_problem(429, "rate_limited");
        assert!(refused.header("retry-after").is_some());
        // Others are not held up.
        app.credit().get(PATH).expect(200);
    });
    on_both_with(
        |_| {},
        |app| {
            let key = app
                .admin()
                .post(
                    "/v1/api-keys",
                    json!({"name": "Watch", "role": "auditor", "scopes": ["events:read"], "requests_per_second": 2}),
                )
                .expect(201)
                .text_at("/key");
            let made = Client::new(app, Some(key)).post("/v1/events/tickets", json!({}));
            let ticket = made.expect(200).text_at("/ticket");
            let refused = (0..200)
                .map(|_| there(app, &ticket))
                .find(|reply| reply.status != 200)
                .unwrap()
                .expect_problem(429, "rate_limited");
            assert_eq!(
                refused.header("ratelimit-policy"),
                Some("\"default\";q=2;w=1")
            );
        },
    );
}
