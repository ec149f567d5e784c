//! Orders that wait for credit: the queue, what people decide, and what lets an order pass by itself.

use kernel::caller::Role;
use netterms::book::exposure::model::LimitScope;
use netterms::server::housekeeping;
use serde_json::{Value, json};

use crate::limits::{an_order, check, codes, reserved};
use crate::receivables::take_back;
use crate::support::{
    Client, Reply, TestApp, a_customer, a_receipt, an_invoice, on_both, set_limit, set_rate,
    set_rules,
};

/// An order that must wait; gives the path of its credit block.
fn waits(app: &TestApp, customer: &str, order: &str, amount: &str) -> String {
    let decision = check(app, an_order(customer, order, amount)).expect(200);
    assert_eq!(decision["outcome"], "review_required", "{}", decision.text);
    format!("/v1/credit-blocks/{}", decision.text_at("/credit_block/id"))
}

/// An order that passes; gives the path of its reservation.
fn passes(app: &TestApp, customer: &str, order: &str, amount: &str) -> String {
    let decision = check(app, an_order(customer, order, amount)).expect(200);
    format!("/v1/reservations/{}", decision.text_at("/reservation/id"))
}

fn read(app: &TestApp, path: &str) -> Reply {
    app.credit().get(path).expect(200)
}

/// The status of a credit block once everything that follows from what happened has been done.
fn then(app: &TestApp, path: &str) -> String {
    housekeeping::sweep(app.database()).unwrap();
    read(app, path).text_at("/status")
}

/// Somebody of credit who may release more than `u-credit`.
fn head_of_credit(app: &TestApp) -> Client<'_> {
    app.caller("u-credit-2", &[Role::Credit], Some(2))
}

/// Does something about a credit block as it is now.
fn act(client: &Client, path: &str, verb: &str, body: Value) -> Reply {
    let etag = client.get(path).expect(200).etag();
    client.post_if(&format!("{path}/{verb}"), &etag, body)
}

fn cancel(app: &TestApp, reservation: &str) {
    app.system()
        .post(
            &format!("{reservation}/release"),
            json!({"reason": "Cancelled."}),
        )
        .expect(200);
}

fn trail(app: &TestApp, path: &str) -> Vec<String> {
    let id = path.rsplit('/').next().unwrap();
    let entries = app
        .auditor()
        .get(&format!("/v1/trail?entity_id={id}"))
        .expect(200);
    let entries = entries["data"].as_array().unwrap().iter();
    let mut actions: Vec<String> = entries
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .collect();
    actions.sort();
    actions
}

// ---------------------------------------------------------------- by itself

#[test]
fn a_receipt_lets_the_order_pass_by_itself() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        an_invoice("I-1", "C-1", "800.00").create(app);
        let block = waits(app, "C-1", "SO-1", "500.00");
        a_receipt("R-1", "C-1", "200.00").create(app);
        assert_eq!(then(app, &block), "open");
        a_receipt("R-2", "C-1", "100.00").create(app);
        assert_eq!(then(app, &block), "auto_released");
        assert_eq!(reserved(app, &customer.account), "500.00");
        let released = read(app, &block);
        assert_eq!(released["decided_by"], "netterms-subscriptions");
        assert_eq!(released["now"], json!(null));
        let reservation = released.text_at("/reservation_id");
        let reservation = read(app, &format!("/v1/reservations/{reservation}"));
        assert_eq!(reservation["created_by"], "order-system");
        assert_eq!(reservation["status"], "active");
        assert_eq!(
            trail(app, &block),
            ["credit_block.auto_released", "credit_block.opened"]
        );
        assert_eq!(then(app, &block), "auto_released");
        assert_eq!(reserved(app, &customer.account), "500.00");
    });
}

#[test]
fn a_credit_note_or_a_cancelled_invoice_makes_room_as_well() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").with_limit("1000.00").create(app);
        let invoice = an_invoice("I-1", "C-1", "500.00").create(app);
        an_invoice("I-2", "C-1", "400.00").create(app);
        let first = waits(app, "C-1", "SO-1", "300.00");
        let second = waits(app, "C-1", "SO-2", "500.00");
        app.finance()
            .post(
                "/v1/credit-notes",
                json!({
                    "number": "N-1", "customer": "C-1", "credit_date": "2026-03-01", "invoice_number": "I-2",
                    "amount": {"amount": "400.00", "currency": "CNY"}, "reason": "Returned.",
                }),
            )
            .expect(201);
        assert_eq!(then(app, &first), "auto_released");
        assert_eq!(then(app, &second), "open");
        take_back(app, &format!("/v1/invoices/{invoice}"), "cancel").expect(200);
        assert_eq!(then(app, &second), "auto_released");
    });
}

#[test]
fn a_raised_limit_lets_the_order_pass_by_itself() {
    on_both(|app| {
        a_customer("C-1").with_limit("100.00").create(app);
        let block = waits(app, "C-1", "SO-1", "150.00");
        set_limit(app, "C-1", LimitScope::Own, "149.99", "CNY");
        assert_eq!(then(app, &block), "open");
        set_limit(app, "C-1", LimitScope::Own, "150.00", "CNY");
        assert_eq!(then(app, &block), "auto_released");
    });
}

#[test]
fn a_limit_that_holds_from_tomorrow_lets_the_order_pass_tomorrow() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let account = a_customer("C-1").with_limit("100.00").create(app).account;
        let block = waits(app, "C-1", "SO-1", "150.00");
        let season = json!({
            "kind": "temporary", "amount": {"amount": "50.00", "currency": "CNY"}, "valid_from": "2026-04-01",
            "valid_until": "2026-05-31", "reason": "The season.",
        });
        app.credit()
            .post(
                &format!("/v1/credit-accounts/{account}/additional-limits"),
                season,
            )
            .expect(201);
        housekeeping::begin_day(app.database()).unwrap();
        assert_eq!(then(app, &block), "open");
        app.turn_to("2026-04-01");
        assert_eq!(then(app, &block), "open");
        housekeeping::begin_day(app.database()).unwrap();
        assert_eq!(then(app, &block), "auto_released");
    });
}

#[test]
fn of_two_waiting_orders_and_room_for_one_the_older_gets_it() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let reservation = passes(app, "C-1", "SO-1", "900.00");
        let older = waits(app, "C-1", "SO-2", "600.00");
        let younger = waits(app, "C-1", "SO-3", "600.00");
        cancel(app, &reservation);
        assert_eq!(then(app, &older), "auto_released");
        assert_eq!(then(app, &younger), "open");
        assert_eq!(reserved(app, &customer.account), "600.00");
    });
}

#[test]
fn a_younger_order_that_fits_does_not_wait_for_an_older_one_that_does_not() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let reservation = passes(app, "C-1", "SO-1", "900.00");
        let older = waits(app, "C-1", "SO-2", "1500.00");
        let younger = waits(app, "C-1", "SO-3", "600.00");
        cancel(app, &reservation);
        assert_eq!(then(app, &older), "open");
        assert_eq!(then(app, &younger), "auto_released");
    });
}

#[test]
fn what_a_reservation_gives_back_when_it_shrinks_or_expires_is_there_for_others() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").with_limit("1000.00").create(app);
        let mut first = an_order("C-1", "SO-1", "900.00");
        first["reserve_until"] = json!("2026-03-10T00:00:00Z");
        let id = check(app, first).expect(200).text_at("/reservation/id");
        let small = waits(app, "C-1", "SO-2", "300.00");
        let large = waits(app, "C-1", "SO-3", "600.00");
        app.system()
            .post(
                &format!("/v1/reservations/{id}/amend"),
                json!({"amount": {"amount": "700.00", "currency": "CNY"}}),
            )
            .expect(200);
        assert_eq!(then(app, &small), "auto_released");
        assert_eq!(then(app, &large), "open");
        app.turn_to("2026-03-11");
        assert_eq!(then(app, &large), "auto_released");
    });
}

#[test]
fn room_in_the_group_is_there_for_everybody_in_it() {
    on_both(|app| {
        a_customer("G").with_group_limit("1000.00").create(app);
        a_customer("A")
            .below("G")
            .with_limit("unlimited")
            .create(app);
        a_customer("B")
            .below("G")
            .with_limit("unlimited")
            .create(app);
        a_customer("X").with_limit("100.00").create(app);
        let reservation = passes(app, "A", "A-1", "900.00");
        let sibling = waits(app, "B", "B-1", "500.00");
        let stranger = waits(app, "X", "X-1", "101.00");
        cancel(app, &reservation);
        assert_eq!(then(app, &sibling), "auto_released");
        assert_eq!(then(app, &stranger), "open");
    });
}

#[test]
fn another_policy_or_a_way_out_of_the_group_may_let_anybody_pass() {
    on_both(|app| {
        a_customer("G").with_group_limit("1000.00").create(app);
        let a = a_customer("A")
            .below("G")
            .with_limit("unlimited")
            .create(app);
        a_customer("B")
            .below("G")
            .with_limit("unlimited")
            .create(app);
        a_customer("X").with_limit("100.00").create(app);
        passes(app, "A", "A-1", "900.00");
        let sibling = waits(app, "B", "B-1", "500.00");
        let stranger = waits(app, "X", "X-1", "101.00");
        let path = format!("/v1/customers/{}", a.id);
        let credit = app.credit();
        let etag = credit.get(&path).expect(200).etag();
        credit
            .put(
                &format!("{path}/parent"),
                &etag,
                json!({"parent_customer": null}),
            )
            .expect(200);
        assert_eq!(then(app, &sibling), "auto_released");
        assert_eq!(then(app, &stranger), "open");
        set_rules(app, json!([{"code": "account_status", "effect": "block"}]));
        assert_eq!(then(app, &stranger), "auto_released");
    });
}

#[test]
fn another_exchange_rate_may_let_an_order_pass() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").with_limit("700.00").create(app);
        set_rate(app, "USD", "CNY", "7.20", "2026-03-29");
        let mut order = an_order("C-1", "SO-1", "100.00");
        order["amount"]["currency"] = json!("USD");
        let waiting = check(app, order).expect(200);
        let block = format!("/v1/credit-blocks/{}", waiting.text_at("/credit_block/id"));
        set_rate(app, "USD", "CNY", "7.10", "2026-03-30");
        assert_eq!(then(app, &block), "open");
        set_rate(app, "USD", "CNY", "6.90", "2026-03-31");
        assert_eq!(then(app, &block), "auto_released");
    });
}

#[test]
fn a_suspended_account_waits_on_and_a_rejected_order_stays_rejected() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("100.00").create(app);
        let block = waits(app, "C-1", "SO-1", "150.00");
        let rejected = waits(app, "C-1", "SO-2", "160.00");
        let credit = app.credit();
        let reason = json!({"reason": "No."});
        act(&credit, &rejected, "reject", reason.clone()).expect(200);
        let account = format!("/v1/credit-accounts/{}", customer.account);
        act(&credit, &account, "suspend", reason.clone()).expect(200);
        set_limit(app, "C-1", LimitScope::Own, "1000.00", "CNY");
        assert_eq!(then(app, &block), "open");
        let now = &read(app, &block)["now"];
        assert_eq!(now["outcome"], "rejected");
        act(&head_of_credit(app), &block, "release", reason.clone()).expect_problem(422, "invalid");
        act(&credit, &account, "reinstate", reason).expect(200);
        assert_eq!(then(app, &block), "auto_released");
        assert_eq!(then(app, &rejected), "rejected");
        assert_eq!(reserved(app, &customer.account), "150.00");
    });
}

#[test]
fn many_orders_are_released_page_by_page() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("0.00").create(app);
        let orders: Vec<Value> = (0..450)
            .map(|n| an_order("C-1", &format!("SO-{n:03}"), "1.00"))
            .collect();
        app.system()
            .post("/v1/limit-checks/batch", json!({"items": orders}))
            .expect(207);
        set_limit(app, "C-1", LimitScope::Own, "425.00", "CNY");
        housekeeping::sweep(app.database()).unwrap();
        assert_eq!(reserved(app, &customer.account), "425.00");
        let open = read(app, "/v1/credit-blocks?status=open");
        let open: Vec<_> = open["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| block["order_number"].as_str().unwrap())
            .collect();
        assert_eq!(open.len(), 25);
        assert_eq!((open[0], open[24]), ("SO-425", "SO-449"));
    });
}

// ---------------------------------------------------------------- by people

#[test]
fn credit_releases_an_order_that_it_did_not_create() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("100.00").create(app);
        let opened = app
            .credit()
            .post("/v1/limit-checks", an_order("C-1", "SO-1", "150.00"))
            .expect(200);
        let id = opened.text_at("/credit_block/id");
        let path = format!("/v1/credit-blocks/{id}");
        let block = app.credit().get(&path).expect(200);
        assert_eq!(block["status"], "open");
        assert_eq!(block["reasons"][0]["code"], "limit_utilisation");
        let reason = json!({"reason": "Paid this morning."});
        app.credit()
            .post_if(&format!("{path}/release"), &block.etag(), reason.clone())
            .expect_problem(403, "segregation_of_duties");
        app.sales()
            .post_if(&format!("{path}/release"), &block.etag(), reason.clone())
            .expect_problem(403, "forbidden");
        check(app, an_order("C-1", "SO-1", "150.00")).expect_problem(409, "credit_block_exists");
        let other = head_of_credit(app);
        let released = other
            .post_if(&format!("{path}/release"), &block.etag(), reason.clone())
            .expect(200);
        assert_eq!(released["status"], "released");
        assert_eq!(released["decided_by"], "u-credit-2");
        assert_eq!(reserved(app, &customer.account), "150.00");
        other
            .post_if(&format!("{path}/reject"), &released.etag(), reason)
            .expect_problem(409, "state_conflict");
    });
}

#[test]
fn a_rejected_order_takes_nothing() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("100.00").create(app);
        let id = check(app, an_order("C-1", "SO-1", "150.00"))
            .expect(200)
            .text_at("/credit_block/id");
        let path = format!("/v1/credit-blocks/{id}");
        let etag = app.credit().get(&path).expect(200).etag();
        let rejected = app
            .credit()
            .post_if(
                &format!("{path}/reject"),
                &etag,
                json!({"reason": "Too much."}),
            )
            .expect(200);
        assert_eq!(rejected["status"], "rejected");
        assert_eq!(reserved(app, &customer.account), "0.00");
    });
}

#[test]
fn an_order_may_grow_up_to_the_ceiling_of_its_release_while_that_is_valid() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("100.00").create(app);
        let mut order = an_order("C-1", "SO-1", "150.00");
        order["reserve_until"] = json!("2026-12-31T00:00:00Z");
        let id = check(app, order).expect(200).text_at("/credit_block/id");
        let block = format!("/v1/credit-blocks/{id}");
        let release = |ceiling: Value| {
            let body = json!({"reason": "A framework order.", "ceiling": ceiling, "valid_until": "2026-03-31"});
            act(&head_of_credit(app), &block, "release", body)
        };
        release(json!({"amount": "149.99", "currency": "CNY"})).expect_problem(422, "invalid");
        release(json!({"amount": "200.00", "currency": "EUR"}))
            .expect_problem(422, "currency_mismatch");
        let released = release(json!({"amount": "200.00", "currency": "CNY"})).expect(200);
        assert_eq!(released["ceiling"]["amount"], "200.00");
        assert_eq!(released["release_valid_until"], "2026-03-31");
        let reservation = released.text_at("/reservation_id");
        let amend = |amount: &str| {
            app.system()
                .post(
                    &format!("/v1/reservations/{reservation}/amend"),
                    json!({"amount": {"amount": amount, "currency": "CNY"}}),
                )
                .expect(200)
        };
        app.turn_to("2026-03-31");
        assert_eq!(amend("190.00")["outcome"], "approved");
        assert_eq!(amend("200.00")["outcome"], "approved");
        assert_eq!(reserved(app, &customer.account), "200.00");
        assert_eq!(amend("180.00")["outcome"], "approved");
        app.turn_to("2026-04-01");
        let refused = amend("190.00");
        assert_eq!(refused["outcome"], "review_required");
        assert_eq!(reserved(app, &customer.account), "180.00");
        // It waits now; another amendment has to wait for the decision.
        app.system()
            .post(
                &format!("/v1/reservations/{reservation}/amend"),
                json!({"amount": {"amount": "185.00", "currency": "CNY"}}),
            )
            .expect_problem(409, "credit_block_exists");
    });
}

#[test]
fn beyond_the_ceiling_an_order_is_checked_like_any_other() {
    on_both(|app| {
        a_customer("C-1").with_limit("100.00").create(app);
        let block = waits(app, "C-1", "SO-1", "150.00");
        let today = app.clock().today();
        let released = act(
            &head_of_credit(app),
            &block,
            "release",
            json!({"reason": "A framework order.", "ceiling": {"amount": "200.00", "currency": "CNY"},
                "valid_until": today}),
        )
        .expect(200);
        let reservation = released.text_at("/reservation_id");
        let amended = app
            .system()
            .post(
                &format!("/v1/reservations/{reservation}/amend"),
                json!({"amount": {"amount": "200.01", "currency": "CNY"}}),
            )
            .expect(200);
        assert_eq!(amended["outcome"], "review_required");
        assert!(codes(&amended).contains(&"limit_utilisation".to_owned()));
    });
}

#[test]
fn a_release_takes_the_authority_for_what_is_beyond_the_limit_and_for_its_ceiling() {
    on_both(|app| {
        a_customer("C-1").with_limit("100.00").create(app);
        let large = waits(app, "C-1", "SO-1", "2000000.00");
        let reason = json!({"reason": "A good customer."});
        let refused = act(&app.credit(), &large, "release", reason.clone())
            .expect_problem(403, "over_authority");
        assert_eq!(refused["needed"], "credit level 2");
        act(&head_of_credit(app), &large, "release", reason).expect(200);
        a_customer("C-2").with_limit("100.00").create(app);
        let small = waits(app, "C-2", "SO-1", "500000.00");
        let body = json!({"reason": "It may grow.", "ceiling": {"amount": "2000000.00", "currency": "CNY"},
            "valid_until": app.clock().today()});
        act(&app.credit(), &small, "release", body).expect_problem(403, "over_authority");
        let body = json!({"reason": "As it is."});
        act(&app.credit(), &small, "release", body).expect(200);
    });
}

#[test]
fn an_order_is_given_to_somebody_and_back_into_the_queue() {
    on_both(|app| {
        a_customer("C-1").with_limit("100.00").create(app);
        let block = waits(app, "C-1", "SO-1", "150.00");
        let credit = app.credit();
        let before = read(app, &block).etag();
        let assigned = act(&credit, &block, "assign", json!({"assigned_to": "u-21"})).expect(200);
        assert_eq!(assigned["status"], "assigned");
        let mine = read(app, "/v1/credit-blocks?assigned_to=u-21");
        assert_eq!(mine["data"][0]["id"], assigned["id"]);
        let others = read(app, "/v1/credit-blocks?assigned_to=u-22");
        assert_eq!(others["data"], json!([]));
        credit
            .post_if(
                &format!("{block}/release"),
                &before,
                json!({"reason": "Fine."}),
            )
            .expect_problem(412, "stale");
        let back = act(&credit, &block, "assign", json!({"assigned_to": null})).expect(200);
        assert_eq!(
            (&back["status"], &back["assigned_to"]),
            (&json!("open"), &json!(null))
        );
        act(
            &app.sales(),
            &block,
            "assign",
            json!({"assigned_to": "u-21"}),
        )
        .expect_problem(403, "forbidden");
        // Somebody works on it, and it is released by itself all the same.
        act(&credit, &block, "assign", json!({"assigned_to": "u-21"})).expect(200);
        set_limit(app, "C-1", LimitScope::Own, "1000.00", "CNY");
        assert_eq!(then(app, &block), "auto_released");
    });
}

#[test]
fn the_order_system_withdraws_an_order_that_is_no_more() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("100.00").create(app);
        let block = waits(app, "C-1", "SO-1", "150.00");
        let system = app.system();
        let reason = json!({"reason": "The customer bought elsewhere."});
        let withdrawn = act(&system, &block, "withdraw", reason.clone()).expect(200);
        assert_eq!(withdrawn["status"], "withdrawn");
        act(&system, &block, "withdraw", reason.clone()).expect_problem(409, "state_conflict");
        act(&app.credit(), &block, "release", reason).expect_problem(409, "state_conflict");
        set_limit(app, "C-1", LimitScope::Own, "1000.00", "CNY");
        assert_eq!(then(app, &block), "withdrawn");
        assert_eq!(reserved(app, &customer.account), "0.00");
        // The order may come again.
        passes(app, "C-1", "SO-1", "150.00");
    });
}

#[test]
fn sales_see_why_their_order_waits_but_not_what_others_owe() {
    on_both(|app| {
        a_customer("G").with_group_limit("1000.00").create(app);
        a_customer("A")
            .below("G")
            .owned_by("u-other")
            .with_limit("unlimited")
            .create(app);
        a_customer("B").below("G").with_limit("600.00").create(app);
        passes(app, "A", "A-1", "900.00");
        let block = waits(app, "B", "B-1", "500.00");
        let seen = app.sales().get(&block).expect(200);
        assert_eq!(seen["reasons"][0]["code"], "group_limit");
        assert!(!seen.text.contains("900.00"), "{}", seen.text);
        let nodes = seen["now"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 1);
        assert_eq!(nodes[0]["kind"], "own");
        let full = read(app, &block);
        assert_eq!(full["now"]["nodes"][1]["exposure"]["amount"], "900.00");
        let other = app.caller("u-other", &[Role::Sales], None);
        other.get(&block).expect_problem(404, "not_found");
        assert_eq!(
            other.get("/v1/credit-blocks").expect(200)["data"],
            json!([])
        );
    });
}

#[test]
fn sales_ask_for_a_release_and_name_the_day_of_the_promised_payment() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").with_limit("100.00").create(app);
        a_customer("C-2")
            .owned_by("u-other")
            .with_limit("100.00")
            .create(app);
        let block = waits(app, "C-1", "SO-1", "150.00");
        let others = waits(app, "C-2", "SO-1", "150.00");
        assert_eq!(read(app, &block)["release_request"], json!(null));
        let sales = app.sales();
        let body = json!({"reason": "Pays on Friday.", "promised_on": "2026-03-06"});
        let before = read(app, &block).etag();
        let asked = act(&sales, &block, "request-release", body.clone()).expect(200);
        assert_eq!(asked["status"], "open");
        let queued = &read(app, "/v1/credit-blocks?customer=C-1")["data"][0];
        let request = &queued["release_request"];
        assert_eq!(request["reason"], "Pays on Friday.");
        assert_eq!(request["promised_on"], "2026-03-06");
        assert_eq!(request["requested_by"], "u-sales");
        assert!(request["requested_at"].is_string());
        assert_eq!(
            trail(app, &block),
            ["credit_block.opened", "credit_block.release_requested"]
        );
        let path = format!("{block}/request-release");
        sales
            .post_if(&path, &before, body.clone())
            .expect_problem(412, "stale");
        let late = json!({"reason": "Paid yesterday.", "promised_on": "2026-02-28"});
        act(&sales, &block, "request-release", late).expect_problem(422, "invalid");
        act(&app.credit(), &block, "request-release", body.clone())
            .expect_problem(403, "forbidden");
        sales
            .post_if(&format!("{others}/request-release"), "\"1\"", body.clone())
            .expect_problem(404, "not_found");
        let again = json!({"reason": "Pays on Monday.", "promised_on": null});
        let again = act(&sales, &block, "request-release", again).expect(200);
        assert_eq!(again["release_request"]["promised_on"], json!(null));
        act(&app.credit(), &block, "reject", json!({"reason": "No."})).expect(200);
        act(&sales, &block, "request-release", body).expect_problem(409, "state_conflict");
    });
}

#[test]
fn the_queue_names_the_customers_and_begins_with_the_oldest_order() {
    on_both(|app| {
        a_customer("C-1")
            .named("Acme Ltd")
            .with_limit("100.00")
            .create(app);
        a_customer("C-2").with_limit("100.00").create(app);
        waits(app, "C-1", "SO-1", "150.00");
        let second = waits(app, "C-2", "SO-2", "150.00");
        waits(app, "C-1", "SO-3", "150.00");
        act(&app.credit(), &second, "reject", json!({"reason": "No."})).expect(200);
        let orders = |query: &str| -> Vec<String> {
            let page = read(app, &format!("/v1/credit-blocks{query}"));
            let rows = page["data"].as_array().unwrap().iter();
            rows.map(|row| row["order_number"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(orders(""), ["SO-1", "SO-2", "SO-3"]);
        assert_eq!(orders("?status=open&status=assigned"), ["SO-1", "SO-3"]);
        assert_eq!(orders("?order_number=SO-2"), ["SO-2"]);
        assert_eq!(orders("?customer=C-2"), ["SO-2"]);
        assert_eq!(orders("?limit=2"), ["SO-1", "SO-2"]);
        let row = &read(app, "/v1/credit-blocks")["data"][0];
        assert_eq!(row["customer_number"], "C-1");
        assert_eq!(row["customer_name"], "Acme Ltd");
    });
}
