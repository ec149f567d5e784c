//! Amending reservations.

use kernel::caller::Role;
use netterms::book::exposure::model::LimitScope;
use netterms::server::housekeeping;
use serde_json::{Value, json};

use crate::limits::{an_order, capture, check, codes, reserved};
use crate::support::{Client, Reply, TestApp, a_customer, on_both, set_limit};

/// An order that passes; gives the id of its reservation.
fn reserve(app: &TestApp, order: &str, amount: &str) -> String {
    check(app, an_order("C-1", order, amount))
        .expect(200)
        .text_at("/reservation/id")
}

fn to(amount: &str) -> Value {
    json!({"amount": {"amount": amount, "currency": "CNY"}})
}

fn amend(client: &Client, reservation: &str, body: Value) -> Reply {
    client.post(&format!("/v1/reservations/{reservation}/amend"), body)
}

fn read(app: &TestApp, reservation: &str) -> Reply {
    app.credit()
        .get(&format!("/v1/reservations/{reservation}"))
        .expect(200)
}

#[test]
fn only_what_an_order_grows_by_is_checked() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "800.00");
        let grown = amend(&app.system(), &id, to("900.00")).expect(200);
        assert_eq!(grown["outcome"], "approved");
        assert_eq!(grown["reservation"]["id"], id.as_str());
        assert_eq!(grown["reservation"]["amount"]["amount"], "900.00");
        let grown = amend(&app.system(), &id, to("1000.00")).expect(200);
        assert_eq!(grown["outcome"], "approved_with_warning");
        assert_eq!(grown["credit_account"]["headroom"]["amount"], "0.00");
        assert_eq!(reserved(app, &customer.account), "1000.00");
        assert_eq!(read(app, &id)["amount"]["amount"], "1000.00");
    });
}

#[test]
fn less_always_passes_also_over_the_limit() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "900.00");
        set_limit(app, "C-1", LimitScope::Own, "100.00", "CNY");
        let less = amend(&app.system(), &id, to("899.99")).expect(200);
        assert_eq!(less["outcome"], "approved");
        let same = amend(&app.system(), &id, to("899.99")).expect(200);
        assert_eq!(same["outcome"], "approved");
        assert_eq!(reserved(app, &customer.account), "899.99");
        let more = amend(&app.system(), &id, to("900.00")).expect(200);
        assert_eq!(more["outcome"], "review_required");
        assert_eq!(reserved(app, &customer.account), "899.99");
    });
}

#[test]
fn a_refused_amendment_leaves_the_reservation_and_its_release_amends_it() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "900.00");
        let before = read(app, &id);
        let refused = amend(&app.system(), &id, to("1200.00")).expect(200);
        assert_eq!(refused["outcome"], "review_required");
        assert_eq!(read(app, &id).body, before.body);
        let block = format!("/v1/credit-blocks/{}", refused.text_at("/credit_block/id"));
        let waiting = app.credit().get(&block).expect(200);
        assert_eq!(waiting["amount"]["amount"], "1200.00");
        let released = app
            .credit()
            .post_if(
                &format!("{block}/release"),
                &waiting.etag(),
                json!({"reason": "A good customer."}),
            )
            .expect(200);
        assert_eq!(released["reservation_id"], id.as_str());
        assert_eq!(read(app, &id)["amount"]["amount"], "1200.00");
        assert_eq!(reserved(app, &customer.account), "1200.00");
    });
}

#[test]
fn a_refused_amendment_passes_by_itself_when_the_limit_is_raised() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "900.00");
        capture(app, &id, "I-1", "400.00").expect(201);
        let refused = amend(&app.system(), &id, to("1200.00")).expect(200);
        assert_eq!(refused["outcome"], "review_required");
        set_limit(app, "C-1", LimitScope::Own, "1200.00", "CNY");
        housekeeping::sweep(app.database()).unwrap();
        let amended = read(app, &id);
        assert_eq!(amended["amount"]["amount"], "1200.00");
        assert_eq!(amended["remaining"]["amount"], "800.00");
        assert_eq!(reserved(app, &customer.account), "800.00");
    });
}

#[test]
fn an_amendment_has_nothing_to_wait_for_once_its_reservation_has_ended() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "900.00");
        let refused = amend(&app.system(), &id, to("1200.00")).expect(200);
        let block = format!("/v1/credit-blocks/{}", refused.text_at("/credit_block/id"));
        capture(app, &id, "I-1", "900.00").expect(201);
        set_limit(app, "C-1", LimitScope::Own, "9000.00", "CNY");
        housekeeping::sweep(app.database()).unwrap();
        let waiting = app.credit().get(&block).expect(200);
        assert_eq!(waiting["status"], "open");
        assert_eq!(waiting["now"], json!(null));
        app.credit()
            .post_if(
                &format!("{block}/release"),
                &waiting.etag(),
                json!({"reason": "A good customer."}),
            )
            .expect_problem(409, "state_conflict");
        assert_eq!(reserved(app, &customer.account), "0.00");
    });
}

#[test]
fn an_order_stays_above_what_was_delivered_of_it() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "400.00");
        capture(app, &id, "I-1", "150.00").expect(201);
        for amount in ["149.99", "150.00"] {
            amend(&app.system(), &id, to(amount)).expect_problem(422, "invalid");
        }
        amend(&app.system(), &id, to("150.01")).expect(200);
        assert_eq!(reserved(app, &customer.account), "0.01");
        let grown = amend(&app.system(), &id, to("1000.00")).expect(200);
        assert_eq!(grown["outcome"], "approved_with_warning");
        assert_eq!(reserved(app, &customer.account), "850.00");
        let more = amend(&app.system(), &id, to("1000.01")).expect(200);
        assert_eq!(more["outcome"], "review_required");
    });
}

#[test]
fn without_a_rate_another_currency_is_rejected_and_an_ended_reservation_is_not_amended() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "400.00");
        let euro = json!({"amount": {"amount": "1.00", "currency": "EUR"}});
        let refused = amend(&app.system(), &id, euro).expect(200);
        assert_eq!(refused["outcome"], "rejected");
        assert_eq!(codes(&refused), ["no_exchange_rate"]);
        assert_eq!(reserved(app, &customer.account), "400.00");
        app.system()
            .post(
                &format!("/v1/reservations/{id}/release"),
                json!({"reason": "Cancelled."}),
            )
            .expect(200);
        amend(&app.system(), &id, to("300.00")).expect_problem(409, "state_conflict");
        // The order has another reservation now; the one that ended stays as it is.
        reserve(app, "SO-1", "200.00");
        amend(&app.system(), &id, to("300.00")).expect_problem(409, "state_conflict");
        assert_eq!(reserved(app, &customer.account), "200.00");
    });
}

#[test]
fn a_retried_amendment_is_made_once() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "400.00");
        let send = |amount: &str, key: &str| {
            app.system()
                .request("POST", &format!("/v1/reservations/{id}/amend"))
                .key(key)
                .json(to(amount))
                .send()
        };
        let first = send("500.00", "k-1").expect(200);
        send("300.00", "k-2").expect(200);
        let again = send("500.00", "k-1").expect(200);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        assert_eq!(reserved(app, &customer.account), "300.00");
        send("501.00", "k-1").expect_problem(422, "idempotency_key_reused");
        app.system()
            .request("POST", &format!("/v1/reservations/{id}/amend"))
            .json(to("500.00"))
            .send()
            .expect_problem(400, "idempotency_key_missing");
    });
}

#[test]
fn nobody_amends_the_orders_of_others() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "400.00");
        let other = app.caller("u-other", &[Role::Sales], None);
        amend(&other, &id, to("300.00")).expect_problem(404, "not_found");
        amend(&app.finance(), &id, to("300.00")).expect_problem(403, "forbidden");
        amend(&app.sales(), &id, to("300.00")).expect(200);
        let nothing = "res_01k00000000000000000000009";
        amend(&app.sales(), nothing, to("300.00")).expect_problem(404, "not_found");
        for body in [to("0.00"), to("-1.00"), to("x"), json!({})] {
            amend(&app.sales(), &id, body).expect_problem(400, "malformed_body");
        }
    });
}

#[test]
fn what_has_expired_is_not_captured_extended_amended_or_released_and_its_order_is_reserved_anew() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = reserve(app, "SO-1", "900.00");
        // Nobody sweeps at once.
        app.turn_to("2026-05-01");
        capture(app, &id, "I-1", "900.00").expect_problem(409, "state_conflict");
        let verb = |verb: &str, body: Value| {
            let path = format!("/v1/reservations/{id}/{verb}");
            app.system().post(&path, body)
        };
        let later = json!({"reserve_until": "2026-05-20T00:00:00Z"});
        verb("extend", later).expect_problem(409, "state_conflict");
        let reason = json!({"reason": "The order is no more."});
        verb("release", reason).expect_problem(409, "state_conflict");
        amend(&app.system(), &id, to("950.00")).expect_problem(409, "state_conflict");
        let anew = reserve(app, "SO-1", "1000.00");
        assert_ne!(anew, id);
        assert_eq!(read(app, &id)["status"], "expired");
        assert_eq!(reserved(app, &customer.account), "1000.00");
        housekeeping::sweep(app.database()).unwrap();
        assert_eq!(reserved(app, &customer.account), "1000.00");
    });
}
