//! What an order holds, what was delivered of it and what was invoiced: it counts once, however they come.

use std::cell::Cell;

use netterms::server::housekeeping;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::limits::{an_order, capture, check};
use crate::support::{Made, Reply, TestApp, a_customer, import, on_both, set_policy};

/// A customer with a limit of 2,000 and a reserved order `SO-1` of 1,000.
fn with_an_order(story: impl Fn(&TestApp, &Made, &str)) {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("2000.00").create(app);
        let order = check(app, an_order("C-1", "SO-1", "1000.00")).expect(200);
        story(app, &customer, &order.text_at("/reservation/id"));
        app.adds_up();
    });
}

fn yuan(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

fn invoice(app: &TestApp, number: &str, amount: &str) -> Reply {
    let body = json!({
        "number": number, "customer": "C-1", "invoice_date": "2026-03-01", "amount": yuan(amount),
        "order_number": "SO-1",
    });
    app.system().post("/v1/invoices", body).expect(201)
}

fn state(app: &TestApp, customer: &Made, path: &str, body: Value) -> Reply {
    let path = format!(
        "/v1/credit-accounts/{}/exposure-entries/{path}",
        customer.account
    );
    let request = app.system().request("PUT", &path);
    request.json(body).send()
}

/// Says what the delivery note comes to by now.
fn deliver(app: &TestApp, customer: &Made, note: &str, amount: &str) -> Reply {
    let body = json!({"amount": yuan(amount), "entry_date": "2026-03-01", "order_number": "SO-1"});
    state(app, customer, &format!("delivered_not_billed/{note}"), body).expect(200)
}

/// What is reserved, delivered and not billed, and receivable.
fn exposure(app: &TestApp, customer: &Made) -> [String; 3] {
    let path = format!("/v1/credit-accounts/{}", customer.account);
    let account = app.credit().get(&path).expect(200);
    ["reservations", "delivered_not_billed", "receivables"]
        .map(|category| account.text_at(&format!("/exposure/by_category/{category}/amount")))
}

fn reservation(app: &TestApp, id: &str) -> Reply {
    let path = format!("/v1/reservations/{id}");
    app.credit().get(&path).expect(200)
}

fn cancel(app: &TestApp, number: &str, restore_order: bool) -> Reply {
    let path = format!("/v1/invoices/{number}");
    let etag = app.finance().get(&path).expect(200).etag();
    let body = json!({"reason": "Wrong price.", "restore_order": restore_order});
    let path = format!("{path}/cancel");
    app.finance().post_if(&path, &etag, body).expect(200)
}

#[test]
fn the_invoice_of_a_reserved_order_takes_the_place_of_its_reservation_however_it_comes() {
    with_an_order(|app, customer, id| {
        let single = invoice(app, "I-1", "300.00");
        assert_eq!(single["reservation_id"], id);
        assert_eq!(single["warnings"], json!([]));
        assert_eq!(exposure(app, customer), ["700.00", "0.00", "300.00"]);
        let one = |number: &str, amount: &str| {
            json!({
                "number": number, "customer": "C-1", "invoice_date": "2026-03-01",
                "amount": yuan(amount), "order_number": "SO-1",
            })
        };
        let batch =
            json!({"invoices": [one("I-2", "100.00"), one("I-1", "9.00"), one("I-3", "50.00")]});
        app.system().post("/v1/invoices/batch", batch).expect(207);
        assert_eq!(exposure(app, customer), ["550.00", "0.00", "450.00"]);
        let file = "number,customer_number,invoice_date,amount,currency,order_number\n\
                    I-4,C-1,2026-03-01,500.00,CNY,SO-1\nI-5,C-1,2026-03-01,20.00,CNY,SO-9\n";
        import("invoices", file).run(&app.finance());
        assert_eq!(exposure(app, customer), ["50.00", "0.00", "970.00"]);
        let held = reservation(app, id);
        assert_eq!(held["status"], "partially_captured");
        assert_eq!(held["captured"]["amount"], "950.00");
        capture(app, id, "I-6", "50.00").expect(201);
        assert_eq!(reservation(app, id)["status"], "captured");
        assert_eq!(exposure(app, customer), ["0.00", "0.00", "1020.00"]);
    });
}

#[test]
fn an_invoice_past_the_tolerance_is_posted_with_a_warning() {
    with_an_order(|app, customer, id| {
        set_policy(app, |document| {
            document["reservations"]["capture_tolerance_ppm"] = json!(50_000);
        });
        let within = invoice(app, "I-1", "1040.00");
        assert_eq!(within["warnings"], json!([]));
        assert_eq!(reservation(app, id)["status"], "captured");
        assert_eq!(exposure(app, customer), ["0.00", "0.00", "1040.00"]);
        let past = invoice(app, "I-2", "30.00");
        let warning = json!([{"code": "order_exceeded", "amount": yuan("20.00")}]);
        assert_eq!(past["warnings"], warning);
        assert_eq!(past["status"], "open");
        let read = app.finance().get("/v1/invoices/I-2").expect(200);
        assert_eq!(read["warnings"], warning);
        assert_eq!(reservation(app, id)["captured"]["amount"], "1050.00");
        assert_eq!(exposure(app, customer), ["0.00", "0.00", "1070.00"]);
    });
}

#[test]
fn what_is_delivered_takes_the_place_of_what_is_reserved_and_its_invoice_of_what_is_delivered() {
    with_an_order(|app, customer, id| {
        let note = deliver(app, customer, "DN-1", "400.00");
        assert_eq!(note["order_number"], "SO-1");
        assert_eq!(exposure(app, customer), ["600.00", "400.00", "0.00"]);
        invoice(app, "I-1", "300.00");
        assert_eq!(exposure(app, customer), ["600.00", "100.00", "300.00"]);
        // Said again, and then with what was delivered since: what is billed stays billed.
        let again = deliver(app, customer, "DN-1", "400.00");
        assert_eq!(again["billed"]["amount"], "300.00");
        assert_eq!(exposure(app, customer), ["600.00", "100.00", "300.00"]);
        let grown = deliver(app, customer, "DN-1", "500.00");
        assert_eq!(grown["amount"]["amount"], "500.00");
        assert_eq!(grown["remaining"]["amount"], "200.00");
        assert_eq!(exposure(app, customer), ["500.00", "200.00", "300.00"]);
        // Whoever does not name the order again means the same one.
        let body = json!({"amount": yuan("500.00"), "entry_date": "2026-03-02"});
        let later = state(app, customer, "delivered_not_billed/DN-1", body).expect(200);
        assert_eq!(later["order_number"], "SO-1");
        invoice(app, "I-2", "350.00");
        assert_eq!(exposure(app, customer), ["350.00", "0.00", "650.00"]);
        // A capture takes what is delivered first as well.
        deliver(app, customer, "DN-2", "350.00");
        assert_eq!(exposure(app, customer), ["0.00", "350.00", "650.00"]);
        assert_eq!(reservation(app, id)["status"], "captured");
        invoice(app, "I-3", "350.00");
        assert_eq!(exposure(app, customer), ["0.00", "0.00", "1000.00"]);
    });
}

#[test]
fn a_capture_takes_what_is_delivered_before_what_is_reserved() {
    with_an_order(|app, customer, id| {
        deliver(app, customer, "DN-1", "400.00");
        capture(app, id, "I-1", "500.00").expect(201);
        assert_eq!(exposure(app, customer), ["500.00", "0.00", "500.00"]);
        capture(app, id, "I-2", "500.01").expect_problem(422, "reservation_exceeded");
        deliver(app, customer, "DN-2", "500.00");
        assert_eq!(reservation(app, id)["status"], "captured");
        assert_eq!(exposure(app, customer), ["0.00", "500.00", "500.00"]);
        capture(app, id, "I-3", "1.00").expect_problem(409, "state_conflict");
    });
}

#[test]
fn a_delivery_that_is_said_after_its_invoice_is_not_counted_again() {
    with_an_order(|app, customer, _| {
        invoice(app, "I-1", "1000.00");
        let note = deliver(app, customer, "DN-1", "1000.00");
        assert_eq!(note["billed"]["amount"], "1000.00");
        assert_eq!(note["remaining"]["amount"], "0.00");
        assert_eq!(exposure(app, customer), ["0.00", "0.00", "1000.00"]);
        // What is delivered past the order is more.
        deliver(app, customer, "DN-2", "50.00");
        assert_eq!(exposure(app, customer), ["0.00", "50.00", "1000.00"]);
    });
}

#[test]
fn a_delivery_that_was_mistyped_gives_back_what_it_took() {
    with_an_order(|app, customer, id| {
        deliver(app, customer, "DN-1", "1000.00");
        assert_eq!(reservation(app, id)["status"], "captured");
        deliver(app, customer, "DN-1", "100.00");
        assert_eq!(exposure(app, customer), ["900.00", "100.00", "0.00"]);
        deliver(app, customer, "DN-1", "0.00");
        let held = reservation(app, id);
        assert_eq!(held["status"], "active");
        assert_eq!(held["ended_at"], json!(null));
        assert_eq!(exposure(app, customer), ["1000.00", "0.00", "0.00"]);
    });
}

#[test]
fn a_cancelled_invoice_gives_its_order_back_what_it_took_when_asked_to() {
    with_an_order(|app, customer, id| {
        deliver(app, customer, "DN-1", "400.00");
        invoice(app, "I-1", "1000.00");
        assert_eq!(exposure(app, customer), ["0.00", "0.00", "1000.00"]);
        cancel(app, "I-1", true);
        assert_eq!(exposure(app, customer), ["600.00", "400.00", "0.00"]);
        assert_eq!(reservation(app, id)["status"], "partially_captured");
        invoice(app, "I-2", "900.00");
        assert_eq!(exposure(app, customer), ["100.00", "0.00", "900.00"]);
        // Without being asked to, what it took is gone with it.
        cancel(app, "I-2", false);
        assert_eq!(exposure(app, customer), ["100.00", "0.00", "0.00"]);
        assert_eq!(reservation(app, id)["remaining"]["amount"], "100.00");
    });
}

#[test]
fn what_an_ended_reservation_can_not_hold_again_is_a_delivery() {
    with_an_order(|app, customer, id| {
        invoice(app, "I-1", "300.00");
        let because = json!({"reason": "The rest is not wanted."});
        let release = format!("/v1/reservations/{id}/release");
        app.system().post(&release, because).expect(200);
        cancel(app, "I-1", true);
        assert_eq!(exposure(app, customer), ["0.00", "300.00", "0.00"]);
        // The corrected invoice takes its place.
        invoice(app, "I-2", "290.00");
        assert_eq!(exposure(app, customer), ["0.00", "10.00", "290.00"]);
        // One that was captured in time, and whose time is past by now.
        check(app, an_order("C-1", "SO-1", "500.00")).expect(200);
        invoice(app, "I-3", "510.00");
        assert_eq!(exposure(app, customer), ["0.00", "0.00", "800.00"]);
        app.turn_to("2027-03-01");
        cancel(app, "I-3", true);
        assert_eq!(exposure(app, customer), ["0.00", "510.00", "290.00"]);
    });
}

#[test]
fn an_order_that_was_reserved_again_keeps_its_new_reservation() {
    with_an_order(|app, customer, id| {
        invoice(app, "I-1", "1000.00");
        check(app, an_order("C-1", "SO-1", "200.00")).expect(200);
        cancel(app, "I-1", true);
        assert_eq!(reservation(app, id)["status"], "captured");
        assert_eq!(exposure(app, customer), ["200.00", "1000.00", "0.00"]);
    });
}

#[test]
fn an_expired_reservation_is_not_counted_beside_the_invoice_of_its_order() {
    with_an_order(|app, customer, id| {
        app.turn_to("2027-03-01");
        // Nobody has swept yet.
        assert_eq!(exposure(app, customer), ["1000.00", "0.00", "0.00"]);
        let late = invoice(app, "I-1", "1000.00");
        assert_eq!(late["reservation_id"], json!(null));
        assert_eq!(exposure(app, customer), ["0.00", "0.00", "1000.00"]);
        assert_eq!(reservation(app, id)["status"], "expired");
        housekeeping::sweep(app.database()).unwrap();
        assert_eq!(exposure(app, customer), ["0.00", "0.00", "1000.00"]);
    });
}

#[test]
fn only_deliveries_are_of_an_order_and_each_of_one() {
    with_an_order(|app, customer, _| {
        let body =
            json!({"amount": yuan("1.00"), "entry_date": "2026-03-01", "order_number": "SO-1"});
        for category in ["reservations", "instruments", "claimed_charges"] {
            let refused = state(app, customer, &format!("{category}/X-1"), body.clone());
            let refused = refused.expect_problem(422, "invalid");
            assert_eq!(refused["errors"][0]["pointer"], "/order_number");
        }
        deliver(app, customer, "DN-1", "400.00");
        let body =
            json!({"amount": yuan("1.00"), "entry_date": "2026-03-01", "order_number": "SO-2"});
        let refused = state(app, customer, "delivered_not_billed/DN-1", body);
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "other_order");
        // Without an order, a delivery counts as it always did.
        let body = json!({"amount": yuan("70.00"), "entry_date": "2026-03-01"});
        state(app, customer, "delivered_not_billed/DN-2", body).expect(200);
        assert_eq!(exposure(app, customer), ["600.00", "470.00", "0.00"]);
    });
}

/// What is done to an order.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// So much more is delivered by one of two notes.
    Deliver(usize, i64),
    Invoice(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0_usize..2, 0_i64..60_000).prop_map(|(note, minor)| Step::Deliver(note, minor)),
        (1_i64..60_000).prop_map(Step::Invoice),
    ];
    prop::collection::vec(step, 1..10)
}

fn written(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn minor(written: &str) -> i64 {
    written.replace('.', "").parse().unwrap()
}

/// In whole numbers: an order comes to the most that was said of it.
#[test]
fn an_order_counts_what_is_reserved_delivered_or_invoiced_whichever_is_most() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let cases = Cell::new(0);
        let config = Config {
            cases: 6,
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner = TestRunner::new(config);
        let outcome = runner.run(&(1_i64..150_000, steps()), |(reserved, steps)| {
            let case = cases.get() + 1;
            cases.set(case);
            let number = format!("C-{case}");
            let customer = a_customer(&number).with_limit("2000.00").create(app);
            let order = json!({
                "customer": number, "order_number": "SO-1", "amount": yuan(&written(reserved)), "reserve": true,
            });
            assert_eq!(check(app, order).expect(200)["outcome"], "approved");
            let (mut notes, mut invoiced, mut documents) = ([0; 2], 0, 0);
            for step in steps {
                match step {
                    Step::Deliver(note, more) => {
                        notes[note] += more;
                        deliver(app, &customer, &format!("DN-{note}"), &written(notes[note]));
                    }
                    Step::Invoice(amount) => {
                        (invoiced, documents) = (invoiced + amount, documents + 1);
                        let body = json!({
                            "number": format!("I-{case}-{documents}"), "customer": number,
                            "invoice_date": "2026-03-01", "amount": yuan(&written(amount)), "order_number": "SO-1",
                        });
                        app.system().post("/v1/invoices", body).expect(201);
                    }
                }
                let delivered: i64 = notes.iter().sum();
                let counted = exposure(app, &customer).map(|amount| minor(&amount));
                let most = reserved.max(delivered).max(invoiced);
                prop_assert_eq!(counted.iter().sum::<i64>(), most);
                prop_assert_eq!(counted[2], invoiced);
            }
            Ok(())
        });
        outcome.unwrap();
        app.adds_up();
    });
}
