//! Events as other systems read them: who hears of what, in which order, and that nothing is skipped.

use std::collections::BTreeSet;

use kernel::caller::Role;
use netterms::drill::{Plan, live_through};
use netterms::platform::db::{Backend, Change, DbError, Tx};
use netterms::platform::http::auth::internal_caller;
use netterms::server::openapi;
use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, a_customer, a_receipt, an_invoice, eventually, on_both, set_rate,
};

/// All events that a caller reads, page by page; on PostgreSQL the log ends before whatever still runs elsewhere.
pub fn read_all(client: &Client, query: &str) -> Vec<Value> {
    let mut events = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client
            .get(&format!("/v1/events?{query}{cursor}"))
            .expect(200);
        events.extend(page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return events;
        }
        cursor = format!("&cursor={}", page.text_at("/next_cursor"));
    }
}

/// The events that a caller reads, as soon as there are so many.
pub fn read_when(client: &Client, query: &str, count: usize) -> Vec<Value> {
    eventually(|| Some(read_all(client, query)).filter(|events| events.len() >= count))
}

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

#[test]
fn what_happens_to_an_invoice_is_told_in_order_with_what_its_type_says() {
    on_both(|app| {
        let customer = a_customer("C-1").create(app);
        let invoice = an_invoice("INV-1", "C-1", "600.00").create(app);
        a_receipt("R-1", "C-1", "100.00")
            .paying("INV-1", "100.00")
            .create(app);
        let query = format!("resource_id={invoice}");
        let events = read_when(&app.finance(), &query, 2);
        assert_eq!(types(&events), ["invoice.posted", "invoice.settled"]);
        let posted = &events[0];
        assert_eq!(posted["version"], 1);
        assert_eq!(posted["resource_id"], json!(invoice));
        assert_eq!(posted["customer_id"], json!(customer.id));
        assert_eq!(posted["customer_number"], "C-1");
        let amount = json!({"amount": "600.00", "currency": "CNY"});
        assert_eq!(posted["data"]["amount"], amount);
        assert_eq!(events[1]["data"]["open"]["amount"], "500.00");
        assert!(posted["sequence"].as_i64() < events[1]["sequence"].as_i64());
        // Nothing that was not declared: who did it stays in the trail.
        assert!(posted["data"].get("created_by").is_none());
        let path = format!("/v1/events/{}", posted["id"].as_str().unwrap());
        assert_eq!(app.finance().get(&path).expect(200).body, *posted);
    });
}

#[test]
fn events_are_filtered_by_type_and_customer() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        an_invoice("INV-1", "C-1", "600.00").create(app);
        an_invoice("INV-2", "C-2", "700.00").create(app);
        let finance = app.finance();
        let of_type = read_when(&finance, "type=invoice.posted", 2);
        assert_eq!(of_type.len(), 2);
        let of_customer = read_when(&finance, "customer=C-2", 3);
        let numbers: BTreeSet<&str> = of_customer
            .iter()
            .map(|event| event["customer_number"].as_str().unwrap())
            .collect();
        assert_eq!(numbers, BTreeSet::from(["C-2"]));
        // An account's events name no customer themselves.
        assert!(types(&of_customer).contains(&"credit_account.opened"));
        assert!(read_all(&finance, "customer=C-3").is_empty());
        finance
            .get("/v1/events?type=invoice.lost")
            .expect_problem(400, "malformed_parameter");
        finance
            .get("/v1/events?colour=red")
            .expect_problem(400, "malformed_parameter");
    });
}

#[test]
fn a_page_goes_on_where_the_one_before_ended_also_when_the_log_has_grown() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let finance = app.finance();
        for number in 1..=3 {
            an_invoice(&format!("INV-{number}"), "C-1", "10.00").create(app);
        }
        read_when(&finance, "type=invoice.posted", 3);
        let mut told = Vec::new();
        let mut query = "type=invoice.posted&limit=2".to_owned();
        for expected in [2, 1] {
            let page = finance.get(&format!("/v1/events?{query}")).expect(200);
            let data = page["data"].as_array().unwrap();
            assert_eq!(data.len(), expected);
            assert_eq!(page["has_more"], json!(expected == 2));
            told.extend(data.iter().map(|event| event["data"]["number"].clone()));
            query = format!(
                "type=invoice.posted&limit=2&cursor={}",
                page.text_at("/next_cursor")
            );
        }
        an_invoice("INV-4", "C-1", "10.00").create(app);
        let more = eventually(|| {
            let page = finance.get(&format!("/v1/events?{query}")).expect(200);
            page["data"]
                .as_array()
                .cloned()
                .filter(|data| !data.is_empty())
        });
        told.extend(more.iter().map(|event| event["data"]["number"].clone()));
        assert_eq!(json!(told), json!(["INV-1", "INV-2", "INV-3", "INV-4"]));
        // A cursor belongs to its filter.
        let other = query.replace("invoice.posted", "invoice.settled");
        finance
            .get(&format!("/v1/events?{other}"))
            .expect_problem(422, "invalid_cursor");
    });
}

#[test]
fn sales_hears_of_its_own_customers_and_nobody_of_what_his_role_may_not_read() {
    on_both(|app| {
        a_customer("C-1").owned_by("u-sales").create(app);
        a_customer("C-2").owned_by("u-other").create(app);
        let own = an_invoice("INV-1", "C-1", "10.00").create(app);
        let foreign = an_invoice("INV-2", "C-2", "10.00").create(app);
        set_rate(app, "EUR", "CNY", "7.8", "2026-01-01");
        let all = read_when(&app.finance(), "type=invoice.posted", 2);
        let id_of = |resource: &str| {
            let event = all
                .iter()
                .find(|event| event["resource_id"] == resource)
                .unwrap();
            event["id"].as_str().unwrap().to_owned()
        };
        let seen = read_all(&app.sales(), "type=invoice.posted");
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0]["resource_id"], json!(own));
        for event in read_all(&app.sales(), "") {
            assert_ne!(event["customer_number"], "C-2", "{event}");
        }
        // A role that reads no invoices widens nothing.
        let with_admin = app.caller("u-sales", &[Role::Sales, Role::Admin], None);
        assert_eq!(read_all(&with_admin, "type=invoice.posted").len(), 1);
        assert!(read_all(&app.admin(), "type=invoice.posted").is_empty());
        assert!(
            read_all(&app.admin(), "")
                .iter()
                .any(|event| event["type"] == "exchange_rate.set")
        );
        let path = format!("/v1/events/{}", id_of(&foreign));
        app.sales().get(&path).expect_problem(404, "not_found");
        app.admin().get(&path).expect_problem(404, "not_found");
        app.finance().get(&path).expect(200);
        let own = format!("/v1/events/{}", id_of(&own));
        app.sales().get(&own).expect(200);
        app.finance()
            .get("/v1/events/evt_01k00000000000000000000001")
            .expect_problem(404, "not_found");
    });
}

#[test]
fn the_log_is_read_from_an_instant_on() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        an_invoice("INV-1", "C-1", "10.00")
            .dated("2026-03-01")
            .create(app);
        app.turn_to("2026-03-02");
        an_invoice("INV-2", "C-1", "10.00")
            .dated("2026-03-01")
            .create(app);
        let finance = app.finance();
        read_when(&finance, "type=invoice.posted", 2);
        let later = read_all(&finance, "type=invoice.posted&at_from=2026-03-02T00:00:00Z");
        assert_eq!(later.len(), 1);
        assert_eq!(later[0]["data"]["number"], "INV-2");
        let none = read_all(&finance, "type=invoice.posted&at_from=2026-03-03T00:00:00Z");
        assert!(none.is_empty());
    });
}

fn happens(tx: &mut Tx, rate: &str) -> Result<(), DbError> {
    tx.record(Change::new("exchange_rate.set", rate))
}

#[test]
fn an_event_that_is_committed_late_is_not_skipped() {
    on_both(|app| {
        if app.backend == Backend::Sqlite {
            return; // has one writer
        }
        let caller = internal_caller("somebody", &[]).unwrap();
        let finance = app.finance();
        let query = "type=exchange_rate.set";
        let mut cursor = String::new();
        let database = app.database();
        let both = database.write(&caller, |late| {
            database.write(&caller, |early| {
                happens(early, "first")?;
                happens(late, "late")?;
                happens(early, "last")
            })?;
            // `late` has a higher transaction, and a lower number than `last`.
            let page = eventually(|| {
                let page = finance.get(&format!("/v1/events?{query}")).expect(200);
                (page["data"].as_array().unwrap().len() == 2).then_some(page)
            });
            cursor = page.text_at("/next_cursor");
            Ok::<(), DbError>(())
        });
        both.unwrap();
        let late = eventually(|| {
            let page = finance
                .get(&format!("/v1/events?{query}&cursor={cursor}"))
                .expect(200);
            page["data"]
                .as_array()
                .cloned()
                .filter(|data| !data.is_empty())
        });
        assert_eq!(late.len(), 1);
        assert_eq!(late[0]["resource_id"], "late");
    });
}

/// What is wrong with a value by the schema of a member.
fn fault(schema: &Value, value: &Value) -> Option<String> {
    if let Some(parts) = schema["oneOf"].as_array() {
        return (!value.is_null())
            .then(|| fault(&parts[1], value))
            .flatten();
    }
    if schema["$ref"] == "#/components/schemas/Money" {
        let is_money = value["amount"].is_string() && value["currency"].is_string();
        return (!is_money).then(|| format!("{value} is no money"));
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let kind = match value {
        Value::Null => "null",
        Value::String(_) => "string",
        Value::Number(_) => "integer",
        _ => "object",
    };
    (!kinds.contains(&json!(kind))).then(|| format!("{value} is none of {kinds:?}"))
}

#[test]
fn every_event_of_a_lived_book_is_as_the_contract_says() {
    let document = openapi::document();
    on_both(|app| {
        let plan = Plan {
            seed: 7,
            customers: 20,
        };
        live_through(app.database(), plan, &mut |_, _| {}).unwrap();
        let credit = app.caller(
            "u-all",
            &[Role::Credit, Role::Finance, Role::Admin],
            Some(1),
        );
        let events = eventually(|| {
            let events = read_all(&credit, "limit=200");
            (events.len() > 500).then_some(events)
        });
        let mut seen = BTreeSet::new();
        for event in &events {
            let of = event["type"].as_str().unwrap();
            seen.insert(of.to_owned());
            let item = format!("/components/pathItems/{}", of.replace('.', "_"));
            let reference = document.pointer(&format!(
                "{item}/post/requestBody/content/application~1json/schema/$ref"
            ));
            let schema = reference.unwrap().as_str().unwrap().trim_start_matches('#');
            let data = document
                .pointer(&format!("{schema}/properties/data/$ref"))
                .unwrap();
            let payload = document
                .pointer(data.as_str().unwrap().trim_start_matches('#'))
                .unwrap();
            for (name, schema) in payload["properties"].as_object().unwrap() {
                let fault = fault(schema, &event["data"][name]);
                assert_eq!(fault, None, "{name} of {event}");
            }
        }
        assert!(seen.len() > 30, "{seen:?}");
    });
}

/// Opens the stream.
fn open_stream(
    app: &TestApp,
    query: &str,
    token: Option<&str>,
    last: Option<&str>,
) -> std::net::TcpStream {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(app.address).unwrap();
    let header = |name: &str, value: Option<&str>| {
        value.map_or(String::new(), |value| format!("{name}: {value}\r\n"))
    };
    let token = token.map(|token| format!("Bearer {token}"));
    let request = format!(
        "GET /v1/events/stream?{query} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{}{}\r\n",
        header("Authorization", token.as_deref()),
        header("Last-Event-ID", last),
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Opens the stream, and reads lines of it until so many events came.
fn watch(
    app: &TestApp,
    query: &str,
    token: Option<&str>,
    last: Option<&str>,
    count: usize,
) -> Vec<Value> {
    use std::io::{BufRead as _, BufReader};
    let stream = open_stream(app, query, token, last);
    let (mut events, mut id) = (Vec::new(), String::new());
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(given) = line.strip_prefix("id: ") {
            given.clone_into(&mut id);
        }
        if let Some(data) = line.strip_prefix("data: ") {
            let event: Value = serde_json::from_str(data).unwrap();
            assert_eq!(event["id"], json!(id));
            events.push(event);
        }
        if events.len() == count {
            return events;
        }
    }
    panic!("the stream ended after {events:?}")
}

#[test]
fn a_screen_watches_with_a_ticket_and_comes_back_where_it_was() {
    on_both(|app| {
        a_customer("C-1").create(app);
        for number in ["INV-1", "INV-2", "INV-3"] {
            an_invoice(number, "C-1", "10.00").create(app);
        }
        let finance = app.finance();
        let first = read_when(&finance, "type=invoice.posted", 3);
        let ticket = finance
            .post("/v1/events/tickets", json!({}))
            .expect(200)
            .text_at("/ticket");
        let last = first[0]["id"].as_str().unwrap();
        let query = format!("ticket={ticket}&type=invoice.posted");
        let seen = watch(app, &query, None, Some(last), 2);
        assert_eq!(seen, first[1..]);
        let seen = watch(app, &format!("{query}&last_event_id={last}"), None, None, 2);
        assert_eq!(seen, first[1..]);
        // Who asks for no stream by name is told what is there.
        let there = app
            .anonymous()
            .get(&format!("/v1/events/stream?{query}&last_event_id={last}"));
        assert_eq!(there.expect(200).text.matches("data: ").count(), 2);
        // What happens while somebody watches is told as well.
        std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch(app, &query, None, Some(last), 3));
            an_invoice("INV-4", "C-1", "10.00").create(app);
            let seen = watching.join().unwrap();
            assert_eq!(seen[2]["data"]["number"], "INV-4");
        });
    });
}

#[test]
fn a_caller_who_watches_in_many_places_leaves_room_for_others() {
    on_both(|app| {
        use std::io::{BufRead as _, BufReader};
        let ticket = |client: &crate::support::Client| {
            let made = client.post("/v1/events/tickets", json!({})).expect(200);
            format!("ticket={}", made.text_at("/ticket"))
        };
        let status = |query: &str| {
            let stream = open_stream(app, query, None, None);
            let mut line = String::new();
            let mut reader = BufReader::new(stream);
            reader.read_line(&mut line).unwrap();
            (line.split(' ').nth(1).unwrap().to_owned(), reader)
        };
        let own = ticket(&app.finance());
        let mut open = Vec::new();
        for _ in 0..20 {
            let (answer, stream) = status(&own);
            assert_eq!(answer, "200");
            open.push(stream);
        }
        assert_eq!(status(&own).0, "503");
        assert_eq!(status(&ticket(&app.auditor())).0, "200");
        // One who leaves makes room.
        drop(open.pop());
        crate::support::eventually(|| (status(&own).0 == "200").then_some(()));
    });
}

#[test]
fn a_ticket_is_stored_nowhere() {
    on_both(|app| {
        let ticket = || {
            let request = app.finance().request("POST", "/v1/events/tickets");
            let made = request.key("K-1").json(json!({})).send();
            made.expect(200).text_at("/ticket")
        };
        assert_ne!(ticket(), ticket());
    });
}

#[test]
fn a_ticket_opens_for_its_owner_alone_and_nothing_else() {
    on_both(|app| {
        let ticket = app
            .sales()
            .post("/v1/events/tickets", json!({}))
            .expect(200)
            .text_at("/ticket");
        app.anonymous()
            .get("/v1/events/stream")
            .expect_problem(401, "token_missing");
        app.anonymous()
            .get("/v1/events/stream?ticket=forged")
            .expect_problem(401, "token_invalid");
        app.anonymous()
            .get(&format!("/v1/events?ticket={ticket}"))
            .expect_problem(401, "token_missing");
        let cursor = app
            .finance()
            .get("/v1/events")
            .expect(200)
            .text_at("/next_cursor");
        app.anonymous()
            .get(&format!("/v1/events/stream?ticket={cursor}"))
            .expect_problem(401, "token_invalid");
        app.finance()
            .get("/v1/events?cursor=")
            .expect_problem(400, "malformed_parameter");
        app.finance()
            .get(&format!("/v1/events?cursor={ticket}"))
            .expect_problem(422, "invalid_cursor");
        app.anonymous()
            .get(&format!(
                "/v1/events/stream?ticket={ticket}&type=invoice.lost"
            ))
            .expect_problem(400, "malformed_parameter");
        app.anonymous()
            .get(&format!(
                "/v1/events/stream?ticket={ticket}&last_event_id=evt_01k00000000000000000000001"
            ))
            .expect_problem(422, "invalid_cursor");
    });
}
