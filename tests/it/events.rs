//! Events: what follows from what happened, exactly once.

use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;
use kernel::caller::Caller;
use netterms::platform::db::{Backend, Change, Conn, DbError, Tx};
use netterms::platform::events::{self, EVENTS_AT_ONCE, Event, Subscription, SubscriptionLag};
use netterms::platform::http::auth::internal_caller;
use serde_json::{Value, json};

use crate::dunning::{blocks, dun, invoice, pay};
use crate::receivables::take_back;
use crate::support::{TestApp, a_customer, on_both};

/// Brings the invoice INV-1 of the customer C-1, over 500.00, to the level that blocks, and gives the account.
fn a_blocked_account(app: &TestApp) -> String {
    let made = a_customer("C-1").create(app);
    invoice(app, "C-1", "INV-1", "2026-01-31", "500.00");
    for day in ["2026-04-01", "2026-04-11", "2026-04-21"] {
        dun(app, day);
    }
    assert_eq!(standing_blocks(app, &made.account), 1);
    made.account
}

fn standing_blocks(app: &TestApp, account: &str) -> usize {
    blocks(app, account).as_array().unwrap().len()
}

fn trail(app: &TestApp, account: &str, action: &str) -> Vec<Value> {
    app.auditor()
        .get(&format!("/v1/trail?entity_id={account}&action={action}"))
        .expect(200)["data"]
        .as_array()
        .unwrap()
        .clone()
}

// ---------------------------------------------------------------- dunning reacts to the ledger, in the very answer

#[test]
fn the_very_receipt_lifts_the_block_and_its_reversal_puts_it_back() {
    on_both(|app| {
        let account = a_blocked_account(app);
        pay(app, "C-1", "INV-1", "2026-04-21", "500.00");
        assert_eq!(standing_blocks(app, &account), 0);
        take_back(app, "/v1/receipts/R-INV-1-2026-04-21", "reverse").expect(200);
        let again = blocks(app, &account);
        assert_eq!(again[0]["cause"], "dunning");
        assert_eq!(again[0]["reason"], "Dunning reached level 3.");
        assert_eq!(trail(app, &account, "credit_account.blocked").len(), 2);
        let lifted = trail(app, &account, "credit_account.unblocked");
        assert_eq!(lifted.len(), 1);
        assert_eq!(lifted[0]["subject"], "u-finance");
    });
}

#[test]
fn a_credit_note_and_a_cancellation_lift_the_block_as_well() {
    on_both(|app| {
        let account = a_blocked_account(app);
        app.finance()
            .post(
                "/v1/credit-notes",
                json!({
                    "number": "CN-1", "customer": "C-1", "credit_date": "2026-04-21",
                    "amount": {"amount": "500.00", "currency": "CNY"}, "invoice_number": "INV-1",
                    "reason": "The goods were returned.",
                }),
            )
            .expect(201);
        assert_eq!(standing_blocks(app, &account), 0);
        take_back(app, "/v1/credit-notes/CN-1", "reverse").expect(200);
        assert_eq!(standing_blocks(app, &account), 1);
        take_back(app, "/v1/invoices/INV-1", "cancel").expect(200);
        assert_eq!(standing_blocks(app, &account), 0);
    });
}

#[test]
fn a_dunning_block_spares_letters_and_gives_no_credit_back() {
    on_both(|app| {
        let account = a_blocked_account(app);
        app.credit()
            .post(
                "/v1/dunning-blocks",
                json!({"customer": "C-1", "reason": "Pays on Friday.", "until": "2026-04-24"}),
            )
            .expect(201);
        pay(app, "C-1", "INV-1", "2026-04-21", "1.00");
        assert_eq!(standing_blocks(app, &account), 1);
        app.turn_to("2026-04-25");
        assert_eq!(standing_blocks(app, &account), 1);
    });
}

// ---------------------------------------------------------------- deliveries

/// Tells of what happens, in the trail, where it can be seen how often.
const TELLER: Subscription = Subscription {
    name: "teller",
    actions: &["test.happened"],
    at_once: EVENTS_AT_ONCE,
    handle: |tx, events| retell(tx, events, "test.told"),
};

/// Another that wants to know the same.
const NEIGHBOUR: Subscription = Subscription {
    name: "neighbour",
    actions: &["test.happened", "test.other"],
    at_once: EVENTS_AT_ONCE,
    handle: |tx, events| retell(tx, events, "test.noted"),
};

/// One that fails, half-way, before April.
const LATE_RISER: Subscription = Subscription {
    name: "late_riser",
    actions: &["test.happened"],
    at_once: EVENTS_AT_ONCE,
    handle: |tx, events| {
        retell(tx, events, "test.told")?;
        if tx.today().to_string().as_str() < "2026-04-01" {
            return Err(DbError::Document("it is not April yet".to_owned()));
        }
        Ok(())
    },
};

fn retell(tx: &mut Tx, events: &[Event], action: &'static str) -> Result<(), DbError> {
    let told = events
        .iter()
        .map(|event| Change::new(action, &event.entity_id));
    tx.record_all(told.collect())
}

fn somebody() -> Caller {
    internal_caller("somebody", &[]).unwrap()
}

fn happened(what: impl ToString) -> Change {
    Change::new("test.happened", what)
}

fn happens(app: &TestApp, what: &[&str]) {
    let all = |tx: &mut Tx| tx.record_all(what.iter().map(happened).collect());
    app.database().write(&somebody(), all).unwrap();
}

#[derive(diesel::QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    entity_id: String,
}

/// What was retold, in order.
fn retold(app: &TestApp, action: &str) -> Vec<String> {
    let query =
        format!("SELECT entity_id FROM trail_entries WHERE action = '{action}' ORDER BY seq");
    let mut db = app.database().reader().unwrap();
    let rows: Vec<Told> = match db.conn() {
        Conn::Postgres(c) => diesel::sql_query(query).load(&mut **c),
        Conn::Sqlite(c) => diesel::sql_query(query).load(&mut **c),
    }
    .unwrap();
    rows.into_iter().map(|row| row.entity_id).collect()
}

fn told(app: &TestApp) -> Vec<String> {
    retold(app, "test.told")
}

fn deliver(app: &TestApp, subscription: &Subscription) -> usize {
    events::deliver(app.database(), subscription).unwrap()
}

fn catch_up(app: &TestApp, subscription: &Subscription) -> usize {
    events::catch_up(app.database(), subscription).unwrap()
}

fn standing(app: &TestApp, subscription: &Subscription) -> SubscriptionLag {
    events::standing(app.database(), subscription).unwrap()
}

#[test]
fn a_subscription_begins_at_the_end_of_the_log() {
    on_both(|app| {
        catch_up(app, &NEIGHBOUR);
        happens(app, &["before"]);
        assert_eq!(catch_up(app, &NEIGHBOUR), 1);
        catch_up(app, &TELLER);
        happens(app, &["after"]);
        assert_eq!(catch_up(app, &TELLER), 1);
        assert_eq!(catch_up(app, &TELLER), 0);
        assert_eq!(told(app), ["after"]);
    });
}

#[test]
fn several_deliverers_at_once_tell_everything_once_and_in_order() {
    on_both(|app| {
        catch_up(app, &TELLER);
        let all: Vec<String> = (0..1_200).map(|number| number.to_string()).collect();
        let half: Vec<&str> = all.iter().map(String::as_str).collect();
        happens(app, &half[..700]);
        a_customer("C-1").create(app);
        happens(app, &half[700..]);
        let delivered = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while standing(app, &TELLER).waiting_since.is_some() {
                        let now = deliver(app, &TELLER);
                        delivered.fetch_add(now, std::sync::atomic::Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(delivered.into_inner(), all.len());
        assert_eq!(told(app), all);
    });
}

#[test]
fn one_that_fails_is_tried_again_and_holds_up_no_other() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        for subscription in [&LATE_RISER, &NEIGHBOUR] {
            catch_up(app, subscription);
        }
        happens(app, &["a", "b"]);
        assert_eq!(catch_up(app, &LATE_RISER), 0);
        assert_eq!(catch_up(app, &NEIGHBOUR), 2);
        assert_eq!(retold(app, "test.noted"), ["a", "b"]);
        let failing = standing(app, &LATE_RISER);
        assert_eq!(failing.failed_attempts, 1);
        assert!(failing.waiting_since.is_some());
        assert!(failing.last_error.unwrap().contains("it is not April yet"));
        // It rests.
        app.turn_to("2026-02-28");
        assert_eq!(deliver(app, &LATE_RISER), 0);
        assert_eq!(standing(app, &LATE_RISER).failed_attempts, 1);
        app.turn_to("2026-03-02");
        assert_eq!(deliver(app, &LATE_RISER), 0);
        assert_eq!(standing(app, &LATE_RISER).failed_attempts, 2);
        // What it did before it failed is undone.
        assert!(told(app).is_empty());
        happens(app, &["c"]);
        app.turn_to("2026-04-01");
        assert_eq!(deliver_all(app, &LATE_RISER), 3);
        assert_eq!(told(app), ["a", "b", "c"]);
        assert_eq!(standing(app, &LATE_RISER), SubscriptionLag::default());
    });
}

/// Delivers until nothing waits, also when the subscription failed before.
fn deliver_all(app: &TestApp, subscription: &Subscription) -> usize {
    let mut delivered = 0;
    while standing(app, subscription).waiting_since.is_some() {
        delivered += deliver(app, subscription);
    }
    delivered
}

#[test]
fn an_entry_that_is_committed_late_is_still_told() {
    on_both(|app| {
        if app.backend == Backend::Sqlite {
            return; // has one writer
        }
        catch_up(app, &TELLER);
        let (database, caller) = (app.database(), somebody());
        let both = database.write(&caller, |late| {
            database.write(&caller, |early| {
                early.record(happened("first"))?;
                late.record(happened("late"))?;
                early.record(happened("last"))
            })?;
            // `late` has a higher transaction id, and a lower place in the trail than `last`.
            while told(app).len() < 2 {
                deliver(app, &TELLER);
            }
            assert_eq!(told(app), ["first", "last"]);
            Ok::<(), DbError>(())
        });
        both.unwrap();
        assert_eq!(catch_up(app, &TELLER), 1);
        assert_eq!(told(app), ["first", "last", "late"]);
    });
}

#[test]
fn nobody_reads_past_a_transaction_that_has_not_ended() {
    on_both(|app| {
        if app.backend == Backend::Sqlite {
            return; // has one writer
        }
        catch_up(app, &TELLER);
        let (database, caller) = (app.database(), somebody());
        let outcome = database.write(&caller, |old| {
            old.record(happened("old"))?;
            happens(app, &["young"]);
            assert_eq!(deliver(app, &TELLER), 0);
            assert!(standing(app, &TELLER).waiting_since.is_some());
            Ok::<(), DbError>(())
        });
        outcome.unwrap();
        assert_eq!(catch_up(app, &TELLER), 2);
        assert_eq!(told(app), ["old", "young"]);
    });
}

#[test]
fn a_log_that_was_moved_to_a_younger_cluster_is_followed_from_its_end() {
    on_both(|app| {
        catch_up(app, &TELLER);
        let far = "UPDATE subscriptions SET transaction_id = 1000000000000, seq = 1000000000000 WHERE name = 'teller'";
        let moved = app.database().maintain(&somebody(), |tx| {
            match tx.conn() {
                Conn::Postgres(c) => diesel::sql_query(far).execute(&mut **c),
                Conn::Sqlite(c) => diesel::sql_query(far).execute(&mut **c),
            }?;
            Ok::<(), DbError>(())
        });
        moved.unwrap();
        assert_eq!(deliver(app, &TELLER), 0);
        happens(app, &["a"]);
        assert_eq!(catch_up(app, &TELLER), 1);
        assert_eq!(told(app), ["a"]);
    });
}

#[test]
fn a_clock_that_goes_back_begins_no_day_again() {
    on_both(|app| {
        let begun = || {
            let entries = app
                .auditor()
                .get("/v1/trail?action=business_day.begun")
                .expect(200);
            let days = entries["data"].as_array().unwrap().iter();
            let mut days: Vec<String> = days.map(|day| day["entity_id"].to_string()).collect();
            days.sort();
            days
        };
        for (day, expected) in [
            ("2026-03-05", 1),
            ("2026-03-04", 1),
            ("2026-03-05", 1),
            ("2026-03-06", 2),
            ("2026-03-02", 2),
        ] {
            app.turn_to(day);
            netterms::server::housekeeping::begin_day(app.database()).unwrap();
            assert_eq!(begun().len(), expected, "{day}");
        }
        assert_eq!(begun(), ["\"2026-03-05\"", "\"2026-03-06\""]);
    });
}
