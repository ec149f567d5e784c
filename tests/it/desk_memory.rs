//! The desk remembers accounts between orders. What others did meanwhile counts all the same: here it is done at another
//! server, of which the first one hears nothing.

use std::cell::Cell;

use diesel::connection::SimpleConnection as _;
use netterms::decide::limits::desk::Switch;
use netterms::platform::db::Conn;
use netterms::server::config::Config;
use serde_json::{Value, json};

use crate::factoring::{agree, assign};
use crate::limits::{an_order, check, codes};
use crate::portfolio::{a_temporary, grant, patch, set_cap};
use crate::support::{
    Made, Reply, TestApp, a_customer, an_invoice, on_both, on_both_with, set_limit, set_policy,
};

thread_local! {
    /// How the desk of the stories is set up.
    static SETTINGS: Cell<fn(&mut Config)> = const { Cell::new(|_| {}) };
}

/// Two servers, and a customer with a limit of 1,000 that the first one remembers well: two of its orders passed there.
fn after_two_orders(story: impl Fn(&TestApp, &TestApp, &Made)) {
    let change = |config: &mut Config| {
        // Else the second server says it, and whoever remembers a book on SQLite forgets it when another writes.
        config.currency = "CNY".parse().ok();
        SETTINGS.get()(config);
    };
    on_both_with(change, |here| {
        here.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("1000.00").create(here);
        for order in ["SO-1", "SO-2"] {
            assert_eq!(buy(here, order, "100.00")["outcome"], "approved");
        }
        let there = here.another();
        there.turn_to("2026-03-01");
        story(here, &there, &customer);
        here.adds_up();
    });
}

fn buy(app: &TestApp, order: &str, amount: &str) -> Reply {
    check(app, an_order("C-1", order, amount)).expect(200)
}

fn yuan(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

#[test]
fn what_another_server_took_is_not_there_any_more() {
    after_two_orders(|here, there, _| {
        assert_eq!(buy(there, "SO-3", "700.00")["outcome"], "approved");
        assert_eq!(buy(here, "SO-4", "100.01")["outcome"], "review_required");
        let decision = buy(here, "SO-5", "100.00");
        assert_eq!(decision["outcome"], "approved_with_warning");
        assert_eq!(decision["credit_account"]["headroom"]["amount"], "0.00");
    });
}

#[test]
fn a_lowered_limit_and_a_suspended_account_hold_at_once() {
    after_two_orders(|here, there, customer| {
        let decide = |verb: &str, body: Value| {
            let path = format!("/v1/credit-accounts/{}", customer.account);
            let etag = there.credit().get(&path).expect(200).etag();
            let path = format!("{path}/{verb}");
            there.credit().post_if(&path, &etag, body).expect(200);
        };
        let lowered = json!({"limit": yuan("250.00"), "reason": "It pays late."});
        decide("lower-limit", lowered);
        assert_eq!(buy(here, "SO-3", "100.00")["outcome"], "review_required");
        assert_eq!(buy(here, "SO-4", "10.00")["outcome"], "approved");
        decide("suspend", json!({"reason": "It pays nothing."}));
        assert_eq!(buy(here, "SO-5", "1.00")["outcome"], "rejected");
    });
}

#[test]
fn a_limit_for_the_season_counts_from_its_first_moment_to_its_last() {
    after_two_orders(|here, there, customer| {
        let limit = grant(there, &customer.account, a_temporary("500.00")).expect(201);
        assert_eq!(buy(here, "SO-3", "1000.00")["outcome"], "approved");
        there
            .credit()
            .post_if(
                &format!("/v1/additional-limits/{}/withdraw", limit.id()),
                &limit.etag(),
                json!({"reason": "The season is over."}),
            )
            .expect(200);
        assert_eq!(buy(here, "SO-4", "1.00")["outcome"], "review_required");
    });
}

#[test]
fn a_group_that_is_joined_bounds_its_new_member() {
    after_two_orders(|here, there, _| {
        a_customer("G").with_group_limit("250.00").create(there);
        let finance = there.finance();
        let etag = finance.get("/v1/customers/C-1").expect(200).etag();
        finance
            .put(
                "/v1/customers/C-1/parent",
                &etag,
                json!({"parent_customer": "G"}),
            )
            .expect(200);
        let decision = buy(here, "SO-3", "100.00");
        assert_eq!(decision["outcome"], "review_required");
        assert_eq!(codes(&decision), ["group_limit"]);
        assert_eq!(buy(here, "SO-4", "50.00")["outcome"], "approved");
    });
}

#[test]
fn a_group_whose_account_is_opened_later_bounds_its_members_from_then_on() {
    on_both(|here| {
        a_customer("G").without_account().create(here);
        a_customer("C-1")
            .below("G")
            .with_limit("1000.00")
            .create(here);
        for order in ["SO-1", "SO-2"] {
            assert_eq!(buy(here, order, "100.00")["outcome"], "approved");
        }
        let there = here.another();
        there
            .finance()
            .post(
                "/v1/credit-accounts",
                json!({"customer": "G", "currency": "CNY"}),
            )
            .expect(201);
        set_limit(
            &there,
            "G",
            netterms::book::exposure::model::LimitScope::Group,
            "250.00",
            "CNY",
        );
        assert_eq!(codes(&buy(here, "SO-3", "100.00")), ["group_limit"]);
        here.adds_up();
    });
}

#[test]
fn a_cap_that_is_set_up_bounds_the_next_order_and_counts_it() {
    after_two_orders(|here, there, _| {
        set_cap(there, "company", None, yuan("300.00"));
        assert_eq!(buy(here, "SO-3", "50.00")["outcome"], "approved");
        assert_eq!(codes(&buy(here, "SO-4", "100.00")), ["portfolio_cap"]);
    });
}

#[test]
fn another_policy_decides_the_next_order() {
    after_two_orders(|here, there, _| {
        let version = set_policy(there, |document| {
            document["check_rules"] = json!([{"code": "limit_utilisation", "effect": "review", "threshold_ppm": 250_000}]);
        });
        let decision = buy(here, "SO-3", "100.00");
        assert_eq!(decision["policy_version"], version);
        assert_eq!(decision["outcome"], "review_required");
    });
}

#[test]
fn an_invoice_takes_of_the_limit_at_once() {
    after_two_orders(|here, there, _| {
        an_invoice("INV-1", "C-1", "750.00").create(there);
        assert_eq!(buy(here, "SO-3", "100.00")["outcome"], "review_required");
        let decision = buy(here, "SO-4", "1.00");
        assert_eq!(decision["outcome"], "approved_with_warning");
    });
}

#[test]
fn from_one_day_to_the_next_something_is_overdue() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").with_limit("100000.00").create(app);
        an_invoice("INV-1", "C-1", "5000.00")
            .dated("2026-03-01")
            .due("2026-03-31")
            .create(app);
        app.turn_to("2026-04-30");
        for order in ["SO-1", "SO-2"] {
            assert_eq!(buy(app, order, "1.00")["outcome"], "approved");
        }
        app.turn_to("2026-05-01");
        assert_eq!(codes(&buy(app, "SO-3", "1.00")), ["overdue_days_oldest"]);
    });
}

#[test]
fn an_invoice_that_is_sold_is_overdue_no_more_for_memory_as_well() {
    on_both(|here| {
        here.turn_to("2026-03-01");
        a_customer("C-1").with_limit("100000.00").create(here);
        an_invoice("INV-1", "C-1", "5000.00")
            .dated("2026-01-05")
            .due("2026-01-20")
            .create(here);
        agree(here, "FA-1", |_| ()).expect(201);
        for order in ["SO-1", "SO-2"] {
            assert_eq!(codes(&buy(here, order, "1.00")), ["overdue_days_oldest"]);
        }
        let there = here.another();
        there.turn_to("2026-03-01");
        assign(&there, "INV-1", "FA-1");
        assert_eq!(buy(here, "SO-3", "1.00")["outcome"], "approved");
        here.adds_up();
    });
}

/// Nothing in the API moves a due date alone yet. Whatever will, the desk hears of it.
#[test]
fn an_invoice_that_is_due_earlier_is_overdue_for_memory_as_well() {
    on_both(|app| {
        let mut db = app.database().reader().unwrap();
        let Conn::Postgres(c) = db.conn() else { return };
        app.turn_to("2026-03-01");
        a_customer("C-1").with_limit("100000.00").create(app);
        an_invoice("INV-1", "C-1", "5000.00")
            .dated("2026-01-05")
            .due("2026-03-31")
            .create(app);
        for order in ["SO-1", "SO-2"] {
            assert_eq!(buy(app, order, "1.00")["outcome"], "approved");
        }
        c.batch_execute(
            "UPDATE invoices SET due_date = '2026-01-20'; UPDATE invoice_items SET due_date = '2026-01-20'",
        )
        .unwrap();
        assert_eq!(codes(&buy(app, "SO-3", "1.00")), ["overdue_days_oldest"]);
        app.adds_up();
    });
}

#[test]
fn an_order_that_the_other_server_knows_is_known() {
    after_two_orders(|here, there, _| {
        let reserved = buy(there, "SO-3", "100.00");
        let again = check(here, an_order("C-1", "SO-3", "100.00"));
        let again = again.expect_problem(409, "reservation_exists");
        assert_eq!(again["existing_id"], reserved["reservation"]["id"]);
        let waiting = buy(there, "SO-4", "5000.00");
        let again = check(here, an_order("C-1", "SO-4", "10.00"));
        let again = again.expect_problem(409, "credit_block_exists");
        assert_eq!(again["existing_id"], waiting["credit_block"]["id"]);
        let with_key = |app: &TestApp, amount: &str| {
            app.system()
                .request("POST", "/v1/limit-checks")
                .key("one-key")
                .json(an_order("C-1", "SO-5", amount))
                .send()
        };
        let first = with_key(there, "10.00").expect(200);
        let replayed = with_key(here, "10.00").expect(200);
        assert_eq!(replayed.body, first.body);
        assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
        with_key(here, "11.00").expect_problem(422, "idempotency_key_reused");
    });
}

#[test]
fn an_order_that_is_reserved_and_asked_for_with_more_than_fits_is_a_conflict_and_waits_for_nobody()
{
    after_two_orders(|here, _, customer| {
        let reserved = buy(here, "SO-3", "600.00");
        assert_eq!(reserved["outcome"], "approved");
        // More than is left, more than the limit, less than it holds, and paid for in full: the order is reserved.
        for (amount, prepaid) in [
            ("700.00", None),
            ("9000.00", None),
            ("10.00", Some("10.00")),
        ] {
            let mut order = an_order("C-1", "SO-3", amount);
            if let Some(prepaid) = prepaid {
                order["prepaid"] = yuan(prepaid);
            }
            let again = check(here, order).expect_problem(409, "reservation_exists");
            assert_eq!(again["existing_id"], reserved["reservation"]["id"]);
        }
        // An account that is suspended rejects, and the order is reserved all the same.
        let path = format!("/v1/credit-accounts/{}", customer.account);
        let etag = here.credit().get(&path).expect(200).etag();
        let suspend = format!("{path}/suspend");
        let because = json!({"reason": "A bad year."});
        here.credit().post_if(&suspend, &etag, because).expect(200);
        let fresh = check(here, an_order("C-1", "SO-4", "1.00")).expect(200);
        assert_eq!(fresh["outcome"], "rejected");
        let again = check(here, an_order("C-1", "SO-3", "700.00"));
        again.expect_problem(409, "reservation_exists");
        let blocks = here.credit().get("/v1/credit-blocks").expect(200);
        assert_eq!(blocks["data"], json!([]));
        assert_eq!(reserved_of(here, customer), "800.00");
    });
}

fn reserved_of(app: &TestApp, customer: &Made) -> String {
    crate::limits::reserved(app, &customer.account)
}

fn move_below(app: &TestApp, customer: &str, parent: Option<&str>) {
    let path = format!("/v1/customers/{customer}");
    let etag = app.credit().get(&path).expect(200).etag();
    let request = app.credit().request("PUT", &format!("{path}/parent"));
    let request = request.header("If-Match", &etag);
    request
        .json(json!({"parent_customer": parent}))
        .send()
        .expect(200);
}

#[test]
fn a_group_that_is_turned_round_goes_on_buying() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        // Of several pairs some are at the same worker, who remembers one as it was before.
        for pair in 0..6 {
            let (below, above) = (format!("A-{pair}"), format!("B-{pair}"));
            let made = a_customer(&above).with_limit("1000.00");
            made.create(app);
            let made = a_customer(&below).with_limit("1000.00").below(&above);
            made.create(app);
            for customer in [&below, &above] {
                check(app, an_order(customer, "SO-1", "1.00")).expect(200);
            }
            move_below(app, &below, None);
            move_below(app, &above, Some(&below));
            for order in ["SO-2", "SO-3"] {
                for customer in [&above, &below] {
                    let decision = check(app, an_order(customer, order, "1.00"));
                    assert_eq!(decision.expect(200)["outcome"], "approved");
                }
            }
        }
        app.adds_up();
    });
}

#[test]
fn a_key_that_was_used_is_known_whoever_is_asked_about() {
    after_two_orders(|here, _, _| {
        let ask = |customer: &str| {
            here.system()
                .request("POST", "/v1/limit-checks")
                .key("one-key")
                .json(an_order(customer, "SO-3", "1.00"))
                .send()
        };
        ask("C-404").expect_problem(404, "not_found");
        ask("C-1").expect(200);
        ask("C-404").expect_problem(422, "idempotency_key_reused");
    });
}

#[test]
fn a_dry_run_knows_what_was_taken_and_uses_up_no_key() {
    after_two_orders(|here, there, _| {
        buy(there, "SO-3", "500.00");
        let ask = |amount: &str, is_dry_run: bool| {
            let mut question = an_order("C-1", "SO-4", amount);
            if is_dry_run {
                question["reserve"] = json!(false);
                question["dry_run"] = json!(true);
            }
            let request = here.system().request("POST", "/v1/limit-checks");
            request.key("one-key").json(question).send().expect(200)
        };
        for _ in 0..2 {
            assert_eq!(ask("300.01", true)["outcome"], "review_required");
            assert_eq!(ask("50.00", true)["outcome"], "approved");
        }
        let reserved = ask("50.00", false);
        assert_eq!(reserved.header("idempotent-replayed"), None);
        assert_eq!(reserved["outcome"], "approved");
        // What the order holds itself is left out.
        assert_eq!(ask("300.01", true)["outcome"], "review_required");
    });
}

#[test]
fn whose_salesperson_changed_is_not_theirs_to_ask_about() {
    after_two_orders(|here, there, _| {
        let asks = |app: &TestApp| {
            app.sales()
                .post("/v1/limit-checks", an_order("C-1", "SO-3", "1.00"))
        };
        patch(there, "/v1/customers/C-1", json!({"owner": "u-somebody"}));
        asks(here).expect_problem(404, "not_found");
    });
}

/// The stories that a desk tells the same, however it is set up.
const STORIES: &[fn()] = &[
    what_another_server_took_is_not_there_any_more,
    a_lowered_limit_and_a_suspended_account_hold_at_once,
    a_limit_for_the_season_counts_from_its_first_moment_to_its_last,
    a_group_that_is_joined_bounds_its_new_member,
    a_cap_that_is_set_up_bounds_the_next_order_and_counts_it,
    another_policy_decides_the_next_order,
    an_invoice_takes_of_the_limit_at_once,
    an_order_that_the_other_server_knows_is_known,
    an_order_that_is_reserved_and_asked_for_with_more_than_fits_is_a_conflict_and_waits_for_nobody,
    a_key_that_was_used_is_known_whoever_is_asked_about,
    a_dry_run_knows_what_was_taken_and_uses_up_no_key,
    whose_salesperson_changed_is_not_theirs_to_ask_about,
];

fn tell_all_with(settings: fn(&mut Config)) {
    SETTINGS.set(settings);
    for story in STORIES {
        story();
    }
}

#[test]
fn without_memory_every_story_ends_the_same() {
    tell_all_with(|config| config.desk_memory = Switch::Off);
}

#[test]
fn without_reading_ahead_every_story_ends_the_same() {
    tell_all_with(|config| config.desk_read_ahead = 0);
}

#[test]
fn without_group_commit_and_flusher_every_story_ends_the_same() {
    tell_all_with(|config| {
        config.desk_group_commit = Switch::Off;
        config.desk_flusher = Switch::Off;
    });
}

/// A figure of `/metrics`; 0 when it is not there yet.
pub fn figure(app: &TestApp, name: &str) -> u64 {
    let text = app.anonymous().get("/metrics").expect(200).text;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |value| value.trim().parse().unwrap())
}

pub const BY_MEMORY: &str = "netterms_desk_checks_total{way=\"memory\"}";
pub const BY_READING: &str = "netterms_desk_checks_total{way=\"read\"}";
const EQUAL: &str = "netterms_desk_rechecks_total{result=\"equal\"}";
pub const DIFFERENT: &str = "netterms_desk_rechecks_total{result=\"different\"}";

#[test]
fn the_metrics_tell_how_checks_were_decided() {
    after_two_orders(|here, _, _| {
        assert_eq!(figure(here, BY_MEMORY), 2);
        assert_eq!(figure(here, EQUAL), 2);
        assert_eq!(figure(here, DIFFERENT), 0);
        assert_eq!(figure(here, "netterms_desk_batch_checks_count"), 2);
        assert_eq!(figure(here, "netterms_desk_queue"), 0);
        // Memory can't tell whether the order is reserved already.
        buy(here, "SO-3", "5000.00");
        assert_eq!(figure(here, BY_READING), 1);
        let fallbacks = "netterms_desk_fallbacks_total{reason=\"not_enough\"}";
        assert_eq!(figure(here, fallbacks), 1);
    });
}

#[test]
fn with_memory_switched_off_nothing_is_decided_from_it() {
    let without = |config: &mut Config| config.desk_memory = Switch::Off;
    on_both_with(without, |app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        buy(app, "SO-1", "100.00");
        buy(app, "SO-2", "100.00");
        assert_eq!(figure(app, BY_MEMORY), 0);
        assert_eq!(figure(app, BY_READING), 2);
    });
}

/// Blocks an account by hand, so that nothing tells the desk of it.
fn block_unseen(app: &TestApp, customer: &str) {
    let insert = |id: &str| {
        format!(
            "INSERT INTO account_blocks (id, account_id, cause, reason, set_at, set_by) \
             SELECT {id}, a.id, 'dunning', 'By hand.', '2026-03-01T00:00:00.000000Z', 'nobody' \
             FROM credit_accounts a JOIN customers c ON c.id = a.customer_id WHERE c.number = '{customer}'"
        )
    };
    let mut db = app.database().reader().unwrap();
    match db.conn() {
        Conn::Postgres(c) => {
            let insert = insert("gen_random_uuid()");
            let statements = format!(
                "SET session_replication_role = replica; {insert}; SET session_replication_role = DEFAULT"
            );
            c.batch_execute(&statements).unwrap();
        }
        Conn::Sqlite(c) => c.batch_execute(&insert("randomblob(16)")).unwrap(),
    }
}

#[test]
fn a_change_that_memory_is_not_told_of_is_caught_before_it_is_written() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        buy(app, "SO-1", "100.00");
        buy(app, "SO-2", "100.00");
        assert_eq!(figure(app, DIFFERENT), 0);
        block_unseen(app, "C-1");
        check(app, an_order("C-1", "SO-3", "100.00")).expect_problem(500, "internal_error");
        assert_eq!(figure(app, DIFFERENT), 1);
        assert_eq!(reserved_of(app, &customer), "200.00");
        assert_eq!(buy(app, "SO-3", "100.00")["outcome"], "rejected");
        assert_eq!(figure(app, DIFFERENT), 1);
    });
}
