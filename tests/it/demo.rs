//! The sandbox book: that what it says adds up, and that the demo shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use netterms::book::customers::model::Customer;
use netterms::book::customers::store as customers;
use netterms::book::exposure::model::{CreditAccount, Exposure};
use netterms::book::exposure::store as accounts;
use netterms::drill::{Figures, Plan, live_through};
use netterms::platform::db::Backend;
use serde_json::Value;

use super::support::{Client, TestApp, on_both};

const PLAN: Plan = Plan {
    seed: 7,
    customers: 20,
};

fn drawn(app: &TestApp) -> Figures {
    let (figures, showcase) = live_through(app.database(), PLAN, &mut |_, _| {}).unwrap();
    assert!(showcase.passing.is_some(), "an order passes");
    assert!(showcase.refused.is_some(), "an order does not pass");
    figures
}

/// Every row of a list, page by page.
fn all(client: &Client, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = client
            .get(&format!("{path}{sign}limit=200{cursor}"))
            .expect(200);
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// The sums of an amount by customer, in minor units.
fn sums(rows: &[Value], amount: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let text = row[amount]["amount"].as_str().unwrap();
        let minor: i64 = text.replace('.', "").parse().unwrap();
        *sums
            .entry(row["customer_id"].as_str().unwrap().to_owned())
            .or_default() += minor;
    }
    sums
}

fn book(app: &TestApp) -> Vec<(Customer, CreditAccount)> {
    let numbers: Vec<String> = (1..=PLAN.customers)
        .map(|at| format!("C-{}", 1_000 + at))
        .collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let mut db = app.database().reader().unwrap();
    let customers = customers::list_by_numbers(&mut db, &numbers).unwrap();
    assert_eq!(customers.len(), PLAN.customers);
    customers
        .into_iter()
        .map(|customer| {
            let account = accounts::list_by_customers(&mut db, &[customer.id]).unwrap();
            (customer, account.into_iter().next().unwrap())
        })
        .collect()
}

#[test]
fn every_counter_adds_up_to_its_source_rows() {
    on_both(|app| {
        drawn(app);
        let auditor = app.auditor();
        let receivable = sums(&all(&auditor, "/v1/invoices"), "open");
        let mut unapplied = sums(&all(&auditor, "/v1/receipts"), "unapplied");
        for (customer, minor) in sums(&all(&auditor, "/v1/credit-notes"), "unapplied") {
            *unapplied.entry(customer).or_default() += minor;
        }
        let reserved = sums(&all(&auditor, "/v1/reservations"), "remaining");
        let of = |sums: &BTreeMap<String, i64>, customer: &Customer| {
            sums.get(&customer.id.to_string()).copied().unwrap_or(0)
        };
        let book = book(app);
        for (customer, account) in &book {
            assert_eq!(
                account.receivable_minor,
                of(&receivable, customer),
                "{}",
                customer.number
            );
            assert_eq!(
                account.unapplied_minor,
                of(&unapplied, customer),
                "{}",
                customer.number
            );
            assert_eq!(
                account.reserved_minor,
                of(&reserved, customer),
                "{}",
                customer.number
            );
        }
        assert!(book.iter().any(|(_, account)| account.reserved_minor > 0));
        assert!(book.iter().any(|(_, account)| account.unapplied_minor > 0));
    });
}

#[test]
fn every_group_adds_up_over_its_members() {
    on_both(|app| {
        drawn(app);
        let book = book(app);
        let mut groups = 0;
        for (head, account) in &book {
            let family: Vec<Exposure> = book
                .iter()
                .filter(|(member, _)| {
                    member.id == head.id || member.parent_customer_id == Some(head.id)
                })
                .map(|(_, account)| account.exposure())
                .collect();
            groups += usize::from(family.len() > 1);
            let sum = family
                .into_iter()
                .fold(Exposure::default(), |sum, one| sum + one);
            assert_eq!(account.group_exposure(), sum, "{}", head.number);
        }
        assert_eq!(groups, 2);
    });
}

#[test]
fn the_same_seed_draws_the_same_book() {
    let first = TestApp::start(Backend::Sqlite);
    let second = TestApp::start(Backend::Sqlite);
    let figures = drawn(&first);
    assert_eq!(figures, drawn(&second));
    let third = TestApp::start(Backend::Sqlite);
    let other = Plan { seed: 8, ..PLAN };
    let (other, _) = live_through(third.database(), other, &mut |_, _| {}).unwrap();
    assert_ne!(figures, other);
}

#[test]
fn the_book_has_applications_in_every_state_and_a_dunning_history() {
    on_both(|app| {
        let figures = drawn(app);
        let applications = all(&app.auditor(), "/v1/applications");
        let states: BTreeSet<&str> = applications
            .iter()
            .map(|application| application["status"].as_str().unwrap())
            .collect();
        let expected = [
            "approved",
            "approved_with_conditions",
            "declined",
            "draft",
            "expired",
            "information_requested",
            "pending_approval",
            "submitted",
            "under_review",
            "withdrawn",
        ];
        assert_eq!(states, BTreeSet::from(expected));
        assert_eq!(figures.dunning_runs, 13);
        let notices = all(&app.auditor(), "/v1/dunning-notices?status=issued");
        let levels: BTreeSet<i64> = notices
            .iter()
            .map(|notice| notice["level"].as_i64().unwrap())
            .collect();
        assert!(
            levels.len() > 2,
            "notices of several levels, not only {levels:?}"
        );
        assert!(figures.credit_blocks > 0);
        let suspended = all(&app.auditor(), "/v1/credit-accounts?status=suspended");
        assert_eq!(suspended.len(), 1);
    });
}

#[test]
fn nothing_in_the_book_is_of_tomorrow() {
    on_both(|app| {
        drawn(app);
        let now = app.clock().now().to_string();
        for path in [
            "/v1/invoices",
            "/v1/receipts",
            "/v1/applications",
            "/v1/reservations",
        ] {
            for row in all(&app.auditor(), path) {
                assert!(
                    row["created_at"].as_str().unwrap() <= now.as_str(),
                    "{path}: {row}"
                );
            }
        }
    });
}

#[test]
fn the_demo_gives_its_tour_and_stops_when_told_not_to_serve() {
    let output = Command::new(env!("CARGO_BIN_EXE_netterms"))
        .args([
            "demo",
            "--no-serve",
            "--customers",
            "20",
            "--listen",
            "127.0.0.1:0",
        ])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{printed}\n{complaints}");
    for heading in [
        "The book",
        "A limit check that passes",
        "A limit check that does not pass, and why",
        "Aging on ",
        "The dunning run of today, previewed",
        "statements",
        "ratings",
        "exchange rates",
        "portfolio caps",
    ] {
        assert!(printed.contains(heading), "no {heading:?} in:\n{printed}");
    }
    for currency in ["CNY", "EUR", "USD"] {
        let line = format!("\n  {currency} ");
        assert!(
            printed.contains(&line),
            "no aging in {currency} in:\n{printed}"
        );
    }
    for served in ["Try it", "/docs", "Serving on", "='ey"] {
        assert!(!printed.contains(served), "{served:?} in:\n{printed}");
    }
    let is_token = |line: &str| line.contains("='ey");
    for line in printed.lines().filter(|line| !is_token(line)) {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
}

#[test]
fn the_demo_gives_tokens_of_two_people_of_each_role_under_a_secret_that_is_given() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_netterms"))
        .args(["demo", "--customers", "20", "--listen", "127.0.0.1:0"])
        .env(
            "NETTERMS_JWT_SECRET",
            "a-secret-of-my-own-with-more-than-32-bytes",
        )
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let mut people: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut tokens = 0;
    for line in lines {
        let line = line.unwrap();
        if let Some((roles, subject)) = line.strip_prefix("# ").and_then(|who| who.split_once(": "))
        {
            for role in roles.split(' ') {
                people
                    .entry(role.to_owned())
                    .or_default()
                    .insert(subject.to_owned());
            }
        }
        if let Some((_, token)) = line.split_once("='ey") {
            tokens += 1;
            let token = format!("ey{}", token.trim_end_matches('\''));
            let key = DecodingKey::from_secret(b"a-secret-of-my-own-with-more-than-32-bytes");
            let mut validation = Validation::new(Algorithm::HS256);
            validation.validate_aud = false;
            decode::<Value>(&token, &key, &validation).unwrap();
        }
        if line.starts_with("Serving on http://") {
            break;
        }
    }
    demo.kill().unwrap();
    demo.wait().unwrap();
    assert_eq!(people.len(), 6, "{people:?}");
    assert!(
        people.values().all(|subjects| subjects.len() >= 2),
        "{people:?}"
    );
    assert_eq!(tokens, 12);
}

#[test]
fn the_demo_book_has_what_is_known_of_customers_and_what_bounds_them() {
    on_both(|app| {
        let figures = drawn(app);
        let finance = app.finance();
        assert_eq!(all(&finance, "/v1/ratings").len(), figures.ratings);
        assert_eq!(
            all(&finance, "/v1/exchange-rates").len(),
            figures.exchange_rates
        );
        assert_eq!(
            all(&finance, "/v1/portfolio-caps").len(),
            figures.portfolio_caps
        );
        let statements = all(&finance, "/v1/customers/C-1001/financial-statements");
        assert_eq!(statements.len(), 1);
        for cap in all(&finance, "/v1/portfolio-caps") {
            assert!(cap["headroom"].is_object(), "{cap}");
        }
    });
}
