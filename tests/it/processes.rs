//! Logs for process mining, and how long steps take.

use std::collections::BTreeMap;

use netterms::book::exposure::model::LimitScope;
use netterms::server::housekeeping::sweep;
use serde_json::{Value, json};

use crate::applications::Case;
use crate::limits::{an_order, check};
use crate::receivables::take_back;
use crate::support::{TestApp, a_customer, a_receipt, an_invoice, on_both, set_limit};

const PERIOD: &str = "from=2026-03-01&to=2026-03-31";

fn log(app: &TestApp, process: &str) -> Vec<Vec<String>> {
    let reply = app
        .auditor()
        .get(&format!(
            "/v1/reports/process-log?process={process}&{PERIOD}"
        ))
        .expect(200);
    assert!(
        reply
            .header("content-type")
            .unwrap()
            .starts_with("text/csv")
    );
    let mut lines = reply.text.lines();
    assert_eq!(
        lines.next(),
        Some("case_id,activity,timestamp,resource,customer_number,amount,currency")
    );
    lines
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

fn activities(log: &[Vec<String>], case: &str) -> Vec<String> {
    let of_case = log.iter().filter(|line| line[0] == case);
    of_case.map(|line| line[1].clone()).collect()
}

#[test]
fn every_step_of_an_application_is_in_its_log_in_the_order_of_time() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "5000.00");
        let second = app.caller("u-second", &[kernel::caller::Role::Credit], Some(2));
        case.approve(&second).expect(200);
        let log = log(app, "application");
        let steps = activities(&log, &case.id);
        assert_eq!(
            steps.first().map(String::as_str),
            Some("application.drafted")
        );
        assert_eq!(
            steps.last().map(String::as_str),
            Some("application.approved")
        );
        assert_eq!(log[0][3..], ["u-sales", "C-1", "5000.00", "CNY"]);
        let times: Vec<&String> = log.iter().map(|line| &line[2]).collect();
        assert!(times.is_sorted());
        let report = app
            .credit()
            .get(&format!(
                "/v1/reports/cycle-times?process=application&{PERIOD}"
            ))
            .expect(200);
        let transitions = report["transitions"].as_array().unwrap();
        assert_eq!(transitions.len(), steps.len() - 1);
        assert!(transitions.iter().all(|one| one["count"] == 1));
    });
}

#[test]
fn an_invoice_and_a_limit_check_are_cases_with_what_came_of_them() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").with_limit("2000.00").create(app);
        let invoice = an_invoice("I-1", "C-1", "600.00").create(app);
        a_receipt("R-1", "C-1", "600.00")
            .paying("I-1", "600.00")
            .create(app);
        let approved = check(app, an_order("C-1", "SO-1", "500.00")).expect(200);
        let waits = check(app, an_order("C-1", "SO-2", "1600.00")).expect(200);
        let invoices = log(app, "invoice");
        assert_eq!(
            activities(&invoices, &invoice),
            ["invoice.posted", "invoice.paid"]
        );
        let checks = log(app, "limit_check");
        let first = activities(&checks, &approved.id());
        assert_eq!(first, ["limit_check.approved", "reservation.created"]);
        let second = activities(&checks, &waits.id());
        assert_eq!(second.len(), 2, "{second:?}");
        assert_eq!(second[1], "credit_block.opened");
    });
}

#[test]
fn an_order_that_credit_releases_is_one_case_in_the_order_of_what_was_done() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").with_limit("1000.00").create(app);
        let waits = check(app, an_order("C-1", "SO-1", "1500.00")).expect(200);
        let by_itself = check(app, an_order("C-1", "SO-2", "1100.00")).expect(200);
        let second = app.caller("u-second", &[kernel::caller::Role::Credit], Some(2));
        let path = format!("/v1/credit-blocks/{}", waits.text_at("/credit_block/id"));
        let etag = second.get(&path).expect(200).etag();
        let reason = json!({"reason": "They pay today."});
        let released = second
            .post_if(&format!("{path}/release"), &etag, reason)
            .expect(200);
        let reservation = released.text_at("/reservation_id");
        app.turn_to("2026-03-11");
        let cancelled = json!({"reason": "Cancelled."});
        app.system()
            .post(
                &format!("/v1/reservations/{reservation}/release"),
                cancelled,
            )
            .expect(200);
        app.turn_to("2026-03-12");
        set_limit(app, "C-1", LimitScope::Own, "2000.00", "CNY");
        sweep(app.database()).unwrap();
        let log = log(app, "limit_check");
        assert_eq!(
            activities(&log, &waits.id()),
            [
                "limit_check.review_required",
                "credit_block.opened",
                "reservation.created",
                "credit_block.released",
                "reservation.released"
            ]
        );
        assert_eq!(
            activities(&log, &by_itself.id()),
            [
                "limit_check.review_required",
                "credit_block.opened",
                "reservation.created",
                "credit_block.auto_released"
            ]
        );
        let cases: std::collections::BTreeSet<&String> = log.iter().map(|line| &line[0]).collect();
        assert_eq!(cases.len(), 2, "a check that was made again is no case");
        let report = app
            .credit()
            .get(&format!(
                "/v1/reports/cycle-times?process=limit_check&{PERIOD}"
            ))
            .expect(200);
        let of = |from: &str, to: &str| {
            let mut all = report["transitions"].as_array().unwrap().iter();
            all.find(|one| one["from"] == from && one["to"] == to)
                .map(|one| one["median_seconds"].as_i64().unwrap())
        };
        let day = of("credit_block.released", "reservation.released").unwrap();
        assert!((86_000..87_000).contains(&day), "{day}");
    });
}

/// A reservation that grows and waits is the case of the order; what asked for more is another.
#[test]
fn an_amendment_that_credit_releases_leaves_the_order_its_case() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").with_limit("1000.00").create(app);
        let order = check(app, an_order("C-1", "SO-1", "900.00")).expect(200);
        let reservation = order.text_at("/reservation/id");
        let more = json!({"amount": {"amount": "1200.00", "currency": "CNY"}});
        let waits = app
            .system()
            .post(&format!("/v1/reservations/{reservation}/amend"), more)
            .expect(200);
        let second = app.caller("u-second", &[kernel::caller::Role::Credit], Some(2));
        let path = format!("/v1/credit-blocks/{}", waits.text_at("/credit_block/id"));
        let etag = second.get(&path).expect(200).etag();
        second
            .post_if(
                &format!("{path}/release"),
                &etag,
                json!({"reason": "They pay today."}),
            )
            .expect(200);
        let log = log(app, "limit_check");
        assert_eq!(
            activities(&log, &order.id()),
            [
                "limit_check.approved",
                "reservation.created",
                "reservation.amended"
            ]
        );
        let cases: std::collections::BTreeSet<&String> = log.iter().map(|line| &line[0]).collect();
        assert_eq!(cases.len(), 2, "{log:?}");
        let asked = cases.into_iter().find(|case| **case != order.id()).unwrap();
        assert_eq!(
            activities(&log, asked),
            [
                "limit_check.review_required",
                "credit_block.opened",
                "credit_block.released"
            ]
        );
    });
}

#[test]
fn an_invoice_is_partly_paid_paid_and_opened_again_in_its_log() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").create(app);
        let invoice = an_invoice("I-1", "C-1", "600.00").create(app);
        a_receipt("R-1", "C-1", "200.00")
            .paying("I-1", "200.00")
            .create(app);
        a_receipt("R-2", "C-1", "400.00")
            .paying("I-1", "400.00")
            .create(app);
        take_back(app, "/v1/receipts/R-1", "reverse").expect(200);
        let log = log(app, "invoice");
        assert_eq!(
            activities(&log, &invoice),
            [
                "invoice.posted",
                "invoice.partially_paid",
                "invoice.paid",
                "invoice.reopened"
            ]
        );
    });
}

/// On SQLite instants are texts, and a year of five digits sorts before all others.
#[test]
fn a_period_may_last_to_the_last_day_that_there_is() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "600.00").create(app);
        let path = "/v1/reports/process-log?process=invoice&from=2026-03-01&to=9999-12-31";
        let log = app.auditor().get(path).expect(200);
        assert_eq!(log.text.lines().count(), 2, "{}", log.text);
        let closed = json!({"periods": [{
            "code": "2026-02", "first_day": "2026-02-01", "last_day": "2026-02-28", "status": "closed",
        }]});
        app.system()
            .request("PUT", "/v1/periods")
            .json(closed)
            .send()
            .expect(200);
        an_invoice("I-2", "C-1", "5.00")
            .dated("2026-02-10")
            .create(app);
        let path = "/v1/reports/policy-violations?recorded_to=9999-12-31";
        let report = app.auditor().get(path).expect(200);
        assert_eq!(report["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn cycle_times_are_of_a_year_at_most() {
    on_both(|app| {
        let path = "/v1/reports/cycle-times?process=invoice";
        let finance = app.finance();
        finance
            .get(&format!("{path}&from=2026-01-01&to=2027-01-01"))
            .expect(200);
        for to in ["2027-01-02", "9999-12-31"] {
            let refused = finance
                .get(&format!("{path}&from=2026-01-01&to={to}"))
                .expect_problem(422, "invalid");
            assert_eq!(refused["errors"][0]["code"], "out_of_bounds");
        }
        let log = "/v1/reports/process-log?process=invoice&from=2026-01-01&to=2027-01-02";
        finance.get(log).expect(200);
    });
}

#[test]
fn a_log_has_every_case_once_however_many_there_are() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").create(app);
        let body: Vec<Value> = (1..=450)
            .map(|number| an_invoice(&format!("I-{number}"), "C-1", "1.00").body(app))
            .collect();
        let body = json!({"invoices": body});
        app.finance().post("/v1/invoices/batch", body).expect(207);
        for number in 451..=560 {
            an_invoice(&format!("I-{number}"), "C-1", "1.00").create(app);
        }
        let mut cases: BTreeMap<String, usize> = BTreeMap::new();
        for line in log(app, "invoice") {
            *cases.entry(line[0].clone()).or_default() += 1;
        }
        assert_eq!(cases.len(), 560);
        assert!(cases.values().all(|steps| *steps == 1));
    });
}

#[test]
fn a_log_in_xes_is_well_formed_and_has_what_miners_look_for() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").named("A & <B>").create(app);
        an_invoice("I-1", "C-1", "600.00").create(app);
        a_receipt("R-1", "C-1", "600.00")
            .paying("I-1", "600.00")
            .create(app);
        let path = format!("/v1/reports/process-log?process=invoice&format=xes&{PERIOD}");
        let reply = app.finance().get(&path).expect(200);
        let mut reader = quick_xml::Reader::from_str(&reply.text);
        let (mut open, mut traces, mut events, mut keys) = (Vec::new(), 0, 0, Vec::new());
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(tag) => {
                    let name = tag.name().as_ref().to_owned();
                    traces += usize::from(name == "trace");
                    events += usize::from(name == "event");
                    open.push(name);
                }
                quick_xml::events::Event::End(_) => {
                    open.pop();
                }
                quick_xml::events::Event::Empty(tag)
                    if open.last().is_some_and(|name| name == "event") =>
                {
                    let key = tag.try_get_attribute("key").unwrap().unwrap();
                    keys.push(key.value.into_owned());
                }
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert!(open.is_empty());
        assert_eq!((traces, events), (1, 2));
        assert_eq!(
            keys,
            ["concept:name", "time:timestamp", "org:resource"].repeat(2)
        );
    });
}

#[test]
fn a_log_needs_a_period_and_a_role() {
    on_both(|app| {
        let finance = app.finance();
        let path = "/v1/reports/process-log?process=invoice";
        finance.get(path).expect_problem(400, "malformed_parameter");
        finance
            .get(&format!("{path}&from=2026-03-31&to=2026-03-01"))
            .expect_problem(422, "invalid");
        finance
            .get(&format!("/v1/reports/process-log?process=dragon&{PERIOD}"))
            .expect_problem(400, "malformed_parameter");
        app.sales()
            .get(&format!("{path}&{PERIOD}"))
            .expect_problem(403, "forbidden");
        let empty = finance
            .get(&format!(
                "/v1/reports/cycle-times?process=limit_check&{PERIOD}"
            ))
            .expect(200);
        assert_eq!(empty["transitions"], json!([]));
    });
}
