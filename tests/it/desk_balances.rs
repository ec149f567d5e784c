//! The desk remembers accounts that owe several companies in several currencies as well as others. What another server, or
//! a person, did meanwhile in any of their balances counts in the next order.

use std::sync::atomic::{AtomicUsize, Ordering};

use netterms::server::config::Config;
use serde_json::{Value, json};

use crate::desk_memory::{BY_MEMORY, BY_READING, DIFFERENT, figure};
use crate::entities::{reserve, the_worked_example};

use crate::support::{Made, TestApp, on_both_with, set_rate};

/// Two servers, and the customer of the worked numbers, whom the first one remembers well. USD 121,489.70 are left, less
/// what its two orders took.
fn after_two_orders(story: impl Fn(&TestApp, &TestApp, &Made)) {
    let currency = |config: &mut Config| config.currency = "CNY".parse().ok();
    on_both_with(currency, |here| {
        let made = the_worked_example(here);
        for order in ["SO-10", "SO-11"] {
            assert!(takes(here, order, "US01", "10.00", "USD"));
        }
        let there = here.another();
        there.turn_to("2024-06-28");
        story(here, &there, &made);
        assert_eq!(figure(here, DIFFERENT), 0);
        here.adds_up();
    });
}

fn takes(app: &TestApp, order: &str, entity: &str, amount: &str, currency: &str) -> bool {
    let decision = reserve(app, order, entity, amount, currency).expect(200);
    decision["reservation"]["id"].is_string()
}

#[test]
fn orders_in_every_balance_of_an_account_are_decided_from_memory() {
    after_two_orders(|here, _, _| {
        let before = figure(here, BY_MEMORY);
        for (order, entity, currency) in [
            ("SO-12", "US01", "USD"),
            ("SO-13", "DE01", "EUR"),
            ("SO-14", "DE01", "USD"),
            ("SO-15", "MAIN", "CNY"),
        ] {
            assert!(takes(here, order, entity, "10.00", currency));
        }
        assert_eq!(figure(here, BY_MEMORY), before + 4);
    });
}

#[test]
fn the_first_order_in_a_balance_opens_it_and_those_that_follow_are_decided_from_memory() {
    after_two_orders(|here, _, _| {
        let (memory, reading) = (figure(here, BY_MEMORY), figure(here, BY_READING));
        assert!(takes(here, "SO-12", "US01", "10.00", "EUR"));
        let on_postgres = figure(here, BY_READING) - reading;
        assert_eq!(figure(here, BY_MEMORY) - memory + on_postgres, 1);
        // Whoever was read under locks is remembered by the next one.
        assert!(takes(here, "SO-13", "US01", "10.00", "EUR"));
        assert!(takes(here, "SO-14", "US01", "10.00", "EUR"));
        assert_eq!(figure(here, BY_READING) - reading, on_postgres);
        assert!(on_postgres <= 1);
    });
}

#[test]
fn what_another_server_took_in_a_balance_is_not_there_any_more() {
    after_two_orders(|here, there, _| {
        assert!(takes(there, "SO-12", "US01", "121000.00", "USD"));
        assert!(!takes(here, "SO-13", "DE01", "500.00", "USD"));
        assert!(takes(here, "SO-14", "DE01", "400.00", "USD"));
    });
}

#[test]
fn what_a_company_agreed_meanwhile_holds_at_once() {
    after_two_orders(|here, there, made| {
        let path = format!("/v1/credit-accounts/{}/entities/US01", made.account);
        let none = there.credit().get(&path).expect(200);
        let terms = json!({
            "limit": {"amount": "750000.00", "currency": "CNY"}, "reason": "No more from New York.",
        });
        let set = there.credit().put(&path, &none.etag(), terms).expect(200);
        assert!(!takes(here, "SO-12", "US01", "10000.00", "USD"));
        assert!(takes(here, "SO-13", "DE01", "10000.00", "USD"));
        let suspended = json!({"status": "suspended", "reason": "Sells there no more."});
        there
            .credit()
            .put(&path, &set.etag(), suspended)
            .expect(200);
        let stopped = reserve(here, "SO-14", "US01", "1.00", "USD").expect(200);
        assert_eq!(stopped["outcome"], "rejected");
        assert!(takes(here, "SO-15", "DE01", "1.00", "USD"));
    });
}

#[test]
fn a_rate_that_was_set_meanwhile_converts_the_next_order() {
    after_two_orders(|here, there, _| {
        set_rate(there, "EUR", "CNY", "8.0000", "2024-06-28");
        let refused = reserve(here, "SO-12", "US01", "121000.00", "USD").expect(200);
        assert_eq!(refused["reservation"], Value::Null);
    });
}

#[test]
fn two_servers_with_orders_in_several_balances_never_take_more_than_the_limit() {
    after_two_orders(|here, there, _| {
        // USD 121,469.70 are left: twelve times 10,000.00, whichever company sells.
        let taken = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for (worker, app) in [here, there, here, there].into_iter().enumerate() {
                let taken = &taken;
                scope.spawn(move || {
                    for n in 0..8 {
                        let entity = if n % 2 == 0 { "US01" } else { "DE01" };
                        let order = format!("SO-{worker}-{n}");
                        if takes(app, &order, entity, "10000.00", "USD") {
                            taken.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), 12);
    });
}
