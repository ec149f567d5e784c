//! The credit desk against a model of a few lines: whatever is done to a small group of accounts, in whatever order,
//! outcome, reservation and exposure are what whole numbers say.

use std::cell::Cell;

use chrono::{Days, NaiveDate};
use netterms::book::exposure::model::LimitScope;
use netterms::book::exposure::store as accounts;
use netterms::server::housekeeping;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, on_both, set_limit};

const CASES: u32 = 24;
const STEPS: usize = 40;
/// The group's head, and two below it.
const ACCOUNTS: usize = 3;

/// Something that is done; a number that names an account or reservation is taken around the list.
#[derive(Debug, Clone)]
enum Step {
    Reserve {
        account: usize,
        amount: i64,
        days: u64,
    },
    Ask {
        account: usize,
        amount: i64,
    },
    Amend {
        which: usize,
        amount: i64,
    },
    Capture {
        which: usize,
        share: i64,
        and_release: bool,
    },
    Release {
        which: usize,
    },
    Extend {
        which: usize,
        days: u64,
    },
    Pay {
        account: usize,
        amount: i64,
    },
    Limit {
        account: usize,
        amount: i64,
    },
    GroupLimit {
        amount: i64,
    },
    Wait {
        days: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0..1_000_usize;
    let account = 0..ACCOUNTS;
    let amount = 1..40_000_i64;
    let step = prop_oneof![
        6 => (account.clone(), amount.clone(), 1..6_u64)
            .prop_map(|(account, amount, days)| Step::Reserve { account, amount, days }),
        2 => (account.clone(), amount.clone()).prop_map(|(account, amount)| Step::Ask { account, amount }),
        3 => (which.clone(), amount.clone()).prop_map(|(which, amount)| Step::Amend { which, amount }),
        4 => (which.clone(), 1..120_i64, any::<bool>())
            .prop_map(|(which, share, and_release)| Step::Capture { which, share, and_release }),
        2 => which.clone().prop_map(|which| Step::Release { which }),
        1 => (which, 1..6_u64).prop_map(|(which, days)| Step::Extend { which, days }),
        3 => (account.clone(), amount.clone()).prop_map(|(account, amount)| Step::Pay { account, amount }),
        1 => (account, 0..100_000_i64).prop_map(|(account, amount)| Step::Limit { account, amount }),
        1 => (0..150_000_i64).prop_map(|amount| Step::GroupLimit { amount }),
        2 => (1..3_u64).prop_map(|days| Step::Wait { days }),
    ];
    vec(step, 1..=STEPS)
}

// ---------------------------------------------------------------- the model

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Owed {
    reserved: i64,
    receivable: i64,
    unapplied: i64,
}

impl Owed {
    const fn total(self) -> i64 {
        self.reserved + self.receivable - self.unapplied
    }
}

#[derive(Debug, Clone)]
struct Held {
    account: usize,
    amount: i64,
    captured: i64,
    status: &'static str,
    until: NaiveDate,
}

impl Held {
    fn is_open(&self) -> bool {
        ["active", "partially_captured"].contains(&self.status)
    }

    fn remaining(&self) -> i64 {
        if self.is_open() {
            self.amount - self.captured
        } else {
            0
        }
    }
}

struct Model {
    limits: [i64; ACCOUNTS],
    group_limit: i64,
    owed: [Owed; ACCOUNTS],
    held: Vec<Held>,
}

impl Model {
    fn group(&self) -> Owed {
        self.owed.iter().fold(Owed::default(), |sum, owed| Owed {
            reserved: sum.reserved + owed.reserved,
            receivable: sum.receivable + owed.receivable,
            unapplied: sum.unapplied + owed.unapplied,
        })
    }

    /// May the account have `net` more, when `held` of what is reserved is the order's own?
    fn outcome(&self, account: usize, net: i64, held: i64) -> &'static str {
        let own = self.owed[account].total() - held + net;
        let group = self.group().total() - held + net;
        if own > self.limits[account] || group > self.group_limit {
            "review_required"
        } else if own > self.limits[account] * 9 / 10 {
            "approved_with_warning"
        } else {
            "approved"
        }
    }

    fn set(&mut self, which: usize, after: Held) {
        let freed = self.held[which].remaining() - after.remaining();
        self.owed[after.account].reserved -= freed;
        self.held[which] = after;
    }
}

// ---------------------------------------------------------------- netterms

/// Netterms in which one case is played, beside its model.
struct Game<'a> {
    app: &'a TestApp,
    model: Model,
    /// Which case it is, to tell its numbers from those of others.
    case: u32,
    day: NaiveDate,
    ids: Vec<String>,
    invoices: usize,
    receipts: usize,
}

fn money(minor: i64) -> Value {
    json!({"amount": format!("{}.{:02}", minor / 100, minor % 100), "currency": "CNY"})
}

impl<'a> Game<'a> {
    fn begin(app: &'a TestApp, case: u32) -> Game<'a> {
        let day: NaiveDate = "2026-03-01".parse().unwrap();
        app.turn_to(&day.to_string());
        let game = Game {
            app,
            model: Model {
                limits: [60_000, 50_000, 40_000],
                group_limit: 100_000,
                owed: [Owed::default(); ACCOUNTS],
                held: Vec::new(),
            },
            case,
            day,
            ids: Vec::new(),
            invoices: 0,
            receipts: 0,
        };
        let head = a_customer(&game.number(0))
            .with_limit("600.00")
            .with_group_limit("1000.00");
        head.create(app);
        a_customer(&game.number(1))
            .below(&game.number(0))
            .with_limit("500.00")
            .create(app);
        a_customer(&game.number(2))
            .below(&game.number(0))
            .with_limit("400.00")
            .create(app);
        game
    }

    fn number(&self, account: usize) -> String {
        format!("C-{}-{account}", self.case)
    }

    fn until(&self, days: u64) -> NaiveDate {
        self.day.checked_add_days(Days::new(days)).unwrap()
    }

    fn question(&self, account: usize, amount: i64) -> Value {
        json!({"customer": self.number(account), "amount": money(amount)})
    }

    fn ask(&self, body: Value) -> Reply {
        self.app.system().post("/v1/limit-checks", body).expect(200)
    }

    fn post(&self, which: usize, verb: &str, body: Value) -> Reply {
        let path = format!("/v1/reservations/{}/{verb}", self.ids[which]);
        self.app.system().post(&path, body)
    }

    /// An order that waits for credit is withdrawn, so that its number may ask again.
    fn withdraw(&self, decision: &Reply) {
        let path = format!("/v1/credit-blocks/{}", decision.text_at("/credit_block/id"));
        let etag = self.app.credit().get(&path).expect(200).etag();
        let reason = json!({"reason": "The order is no more."});
        self.app
            .credit()
            .post_if(&format!("{path}/withdraw"), &etag, reason)
            .expect(200);
    }

    fn play(&mut self, step: &Step) {
        let around = |which: usize, count: usize| which.checked_rem(count);
        match *step {
            Step::Reserve {
                account,
                amount,
                days,
            } => self.reserve(account, amount, days),
            Step::Ask { account, amount } => {
                let expected = self.model.outcome(account, amount, 0);
                assert_eq!(
                    self.ask(self.question(account, amount))["outcome"],
                    expected
                );
            }
            Step::Pay { account, amount } => self.pay(account, amount),
            Step::Limit { account, amount } => {
                self.grant(account, LimitScope::Own, amount);
                self.model.limits[account] = amount;
            }
            Step::GroupLimit { amount } => {
                self.grant(0, LimitScope::Group, amount);
                self.model.group_limit = amount;
            }
            Step::Wait { days } => self.wait(days),
            Step::Amend { which, amount } => {
                if let Some(which) = around(which, self.ids.len()) {
                    self.amend(which, amount);
                }
            }
            Step::Capture {
                which,
                share,
                and_release,
            } => {
                if let Some(which) = around(which, self.ids.len()) {
                    self.capture(which, share, and_release);
                }
            }
            Step::Release { which } => {
                if let Some(which) = around(which, self.ids.len()) {
                    self.release(which);
                }
            }
            Step::Extend { which, days } => {
                if let Some(which) = around(which, self.ids.len()) {
                    self.extend(which, days);
                }
            }
        }
        self.compare();
    }

    fn reserve(&mut self, account: usize, amount: i64, days: u64) {
        let until = self.until(days);
        let mut body = self.question(account, amount);
        body["order_number"] = json!(format!("SO-{}-{}", self.case, self.ids.len()));
        body["reserve"] = json!(true);
        body["reserve_until"] = json!(format!("{until}T00:00:00Z"));
        let expected = self.model.outcome(account, amount, 0);
        let decision = self.ask(body);
        assert_eq!(decision["outcome"], expected);
        if expected == "review_required" {
            assert_eq!(decision["reservation"], json!(null));
            return self.withdraw(&decision);
        }
        self.ids.push(decision.text_at("/reservation/id"));
        self.model.owed[account].reserved += amount;
        self.model.held.push(Held {
            account,
            amount,
            captured: 0,
            status: "active",
            until,
        });
    }

    fn amend(&mut self, which: usize, amount: i64) {
        let before = self.model.held[which].clone();
        let reply = self.post(which, "amend", json!({"amount": money(amount)}));
        if !before.is_open() {
            reply.expect_problem(409, "state_conflict");
            return;
        }
        let net = amount - before.captured;
        if net <= 0 {
            reply.expect_problem(422, "invalid");
            return;
        }
        let expected = if net <= before.remaining() {
            "approved"
        } else {
            self.model.outcome(before.account, net, before.remaining())
        };
        let decision = reply.expect(200);
        assert_eq!(decision["outcome"], expected);
        if expected == "review_required" {
            return self.withdraw(&decision);
        }
        assert_eq!(decision["reservation"]["id"], self.ids[which]);
        let owed = &mut self.model.owed[before.account];
        owed.reserved += net - before.remaining();
        self.model.held[which].amount = amount;
    }

    fn capture(&mut self, which: usize, share: i64, and_release: bool) {
        let before = self.model.held[which].clone();
        // A share of more than 100 % is refused.
        let amount = (before.amount * share / 100).max(1);
        self.invoices += 1;
        let due = self.until(300);
        let reply = self.post(which, "capture", json!({
            "invoice": {
                "number": format!("INV-{}-{}", self.case, self.invoices), "invoice_date": self.day,
                "due_date": due, "amount": money(amount),
            },
            "remainder": if and_release { "release" } else { "keep" },
        }));
        if !before.is_open() {
            reply.expect_problem(409, "state_conflict");
            return;
        }
        if amount > before.remaining() {
            reply.expect_problem(422, "reservation_exceeded");
            return;
        }
        let captured = before.captured + amount;
        let status = if captured == before.amount || and_release {
            "captured"
        } else {
            "partially_captured"
        };
        assert_eq!(reply.expect(201)["reservation"]["status"], status);
        self.model.owed[before.account].receivable += amount;
        self.model.set(
            which,
            Held {
                captured,
                status,
                ..before
            },
        );
    }

    fn release(&mut self, which: usize) {
        let before = self.model.held[which].clone();
        let reply = self.post(which, "release", json!({"reason": "The order is no more."}));
        if before.is_open() || before.status == "released" {
            assert_eq!(reply.expect(200)["status"], "released");
            let status = "released";
            self.model.set(which, Held { status, ..before });
        } else {
            reply.expect_problem(409, "state_conflict");
        }
    }

    fn extend(&mut self, which: usize, days: u64) {
        let until = self.until(days);
        let body = json!({"reserve_until": format!("{until}T00:00:00Z")});
        let reply = self.post(which, "extend", body);
        if self.model.held[which].is_open() {
            reply.expect(200);
            self.model.held[which].until = until;
        } else {
            reply.expect_problem(409, "state_conflict");
        }
    }

    fn pay(&mut self, account: usize, amount: i64) {
        self.receipts += 1;
        let body = json!({
            "number": format!("R-{}-{}", self.case, self.receipts), "customer": self.number(account),
            "receipt_date": self.day, "amount": money(amount),
        });
        self.app.finance().post("/v1/receipts", body).expect(201);
        let owed = &mut self.model.owed[account];
        let settled = amount.min(owed.receivable);
        owed.receivable -= settled;
        owed.unapplied += amount - settled;
    }

    fn grant(&self, account: usize, scope: LimitScope, amount: i64) {
        let amount = format!("{}.{:02}", amount / 100, amount % 100);
        set_limit(self.app, &self.number(account), scope, &amount, "CNY");
    }

    fn wait(&mut self, days: u64) {
        self.day = self.until(days);
        self.app.turn_to(&self.day.to_string());
        housekeeping::sweep(self.app.database()).unwrap();
        for which in 0..self.model.held.len() {
            let held = self.model.held[which].clone();
            if held.is_open() && held.until <= self.day {
                let status = "expired";
                self.model.set(which, Held { status, ..held });
            }
        }
    }

    /// What each account owes, itself and as a group, is what the model says.
    fn compare(&self) {
        let mut db = self.app.database().reader().unwrap();
        for account in 0..ACCOUNTS {
            let number = self.number(account);
            let customer =
                netterms::book::customers::store::list_by_numbers(&mut db, &[&number]).unwrap();
            let row = accounts::list_by_customers(&mut db, &[customer[0].id])
                .unwrap()
                .remove(0);
            let own = Owed {
                reserved: row.reserved_minor,
                receivable: row.receivable_minor,
                unapplied: row.unapplied_minor,
            };
            let group = Owed {
                reserved: row.group_reserved_minor,
                receivable: row.group_receivable_minor,
                unapplied: row.group_unapplied_minor,
            };
            let expected = self.model.owed[account];
            assert_eq!(own, expected, "{number} itself");
            let expected = if account == 0 {
                self.model.group()
            } else {
                expected
            };
            assert_eq!(group, expected, "{number} as a group");
        }
    }

    /// Every reservation stands where the model says.
    fn end(&self) {
        let auditor = self.app.auditor();
        for (id, held) in self.ids.iter().zip(&self.model.held) {
            let reservation = auditor.get(&format!("/v1/reservations/{id}")).expect(200);
            assert_eq!(reservation["status"], held.status);
            assert_eq!(reservation["remaining"], money(held.remaining()));
            assert_eq!(reservation["captured"], money(held.captured));
        }
    }
}

#[test]
fn whatever_is_done_outcome_reservation_and_exposure_are_what_the_model_says() {
    on_both(|app| {
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        };
        let case = Cell::new(0);
        let last_day = Cell::new(NaiveDate::MIN);
        TestRunner::new(config)
            .run(&steps(), |steps| {
                case.set(case.get() + 1);
                let mut game = Game::begin(app, case.get());
                for step in &steps {
                    game.play(step);
                }
                game.end();
                last_day.set(last_day.get().max(game.day));
                Ok(())
            })
            .unwrap();
        // Each case begins on the same day; the book is looked at when nothing in it is of a later one.
        app.turn_to(&last_day.get().to_string());
        let audit = app.audit();
        assert!(audit.holds, "{audit:#?}");
    });
}
