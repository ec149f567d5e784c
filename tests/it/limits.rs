//! Limit checks, reservations and credit blocks.

use netterms::server::housekeeping;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, on_both, set_rate};

/// A check of the order system that reserves.
pub fn an_order(customer: &str, order: &str, amount: &str) -> Value {
    json!({
        "customer": customer, "order_number": order, "amount": {"amount": amount, "currency": "CNY"},
        "reserve": true,
    })
}

pub fn check(app: &TestApp, body: Value) -> Reply {
    app.system().post("/v1/limit-checks", body)
}

pub fn codes(reply: &Reply) -> Vec<String> {
    reply["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["code"].as_str().unwrap().to_owned())
        .collect()
}

pub fn reserved(app: &TestApp, account: &str) -> String {
    app.credit()
        .get(&format!("/v1/credit-accounts/{account}"))
        .expect(200)
        .text_at("/exposure/by_category/reservations/amount")
}

#[test]
fn an_order_within_the_limit_is_approved_and_takes_its_capacity() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let decision = check(app, an_order("C-1", "SO-1", "400.00")).expect(200);
        assert_eq!(decision["outcome"], "approved");
        assert_eq!(decision["reasons"], json!([]));
        assert_eq!(decision["credit_block"], json!(null));
        assert_eq!(decision["reservation"]["status"], "active");
        assert_eq!(decision["credit_account"]["headroom"]["amount"], "600.00");
        assert_eq!(decision["policy_version"], 1);
        assert_eq!(reserved(app, &customer.account), "400.00");
        let recorded = app
            .auditor()
            .get(&format!("/v1/limit-checks/{}", decision.id()))
            .expect(200);
        assert_eq!(recorded["answer"], decision.body);
        assert_eq!(recorded["checked_by"], "order-system");
    });
}

#[test]
fn the_whole_limit_may_be_reserved_and_not_one_fen_more() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let full = check(app, an_order("C-1", "SO-1", "1000.00")).expect(200);
        assert_eq!(full["outcome"], "approved_with_warning");
        let more = check(app, an_order("C-1", "SO-2", "0.01")).expect(200);
        assert_eq!(more["outcome"], "review_required");
        assert_eq!(more["reservation"], json!(null));
        assert!(more["credit_block"]["id"].is_string());
        assert_eq!(reserved(app, &customer.account), "1000.00");
    });
}

#[test]
fn the_worked_example_of_the_group_offers_160_or_a_prepayment_of_20() {
    on_both(|app| {
        a_customer("G").with_group_limit("1000.00").create(app);
        a_customer("A").below("G").with_limit("600.00").create(app);
        a_customer("B")
            .below("G")
            .with_limit("unlimited")
            .create(app);
        check(app, an_order("A", "A-1", "390.00")).expect(200);
        check(app, an_order("B", "B-1", "450.00")).expect(200);
        let decision = check(app, an_order("A", "A-2", "180.00")).expect(200);
        assert_eq!(decision["outcome"], "review_required");
        assert!(codes(&decision).contains(&"group_limit".to_owned()));
        assert_eq!(
            decision["counter_offers"],
            json!([
                {"kind": "reduced_amount", "amount": {"amount": "160.00", "currency": "CNY"}},
                {"kind": "prepayment", "amount": {"amount": "20.00", "currency": "CNY"}},
                {"kind": "security", "amount": {"amount": "20.00", "currency": "CNY"}},
            ])
        );
        let mut accepted = an_order("A", "A-3", "160.00");
        accepted["dry_run"] = json!(true);
        assert_ne!(
            check(app, accepted).expect(200)["outcome"],
            "review_required"
        );
    });
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let mut question = an_order("C-1", "SO-1", "400.00");
        question["dry_run"] = json!(true);
        let answer = check(app, question).expect(200);
        assert_eq!(answer["outcome"], "approved");
        assert_eq!(answer["id"], json!(null));
        assert_eq!(answer["reservation"], json!(null));
        assert_eq!(reserved(app, &customer.account), "0.00");
        assert_eq!(
            app.credit().get("/v1/limit-checks").expect(200)["data"],
            json!([])
        );
    });
}

#[test]
fn a_check_without_reserving_leaves_out_what_the_order_holds() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        check(app, an_order("C-1", "SO-1", "1000.00")).expect(200);
        let mut again = an_order("C-1", "SO-1", "1000.00");
        again["reserve"] = json!(false);
        assert_eq!(
            check(app, again).expect(200)["outcome"],
            "approved_with_warning"
        );
        let mut other = an_order("C-1", "SO-2", "1.00");
        other["reserve"] = json!(false);
        let other = check(app, other).expect(200);
        assert_eq!(other["outcome"], "review_required");
        assert_eq!(other["credit_block"], json!(null));
    });
}

#[test]
fn an_order_has_one_open_reservation_for_a_purpose() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let first = check(app, an_order("C-1", "SO-1", "100.00")).expect(200);
        let refused =
            check(app, an_order("C-1", "SO-1", "100.00")).expect_problem(409, "reservation_exists");
        assert_eq!(refused["existing_id"], first["reservation"]["id"]);
        let mut freight = an_order("C-1", "SO-1", "10.00");
        freight["purpose"] = json!("freight");
        assert_eq!(check(app, freight).expect(200)["outcome"], "approved");
    });
}

#[test]
fn a_retried_check_takes_its_capacity_once() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let send = |amount: &str| {
            app.system()
                .request("POST", "/v1/limit-checks")
                .key("SO-1")
                .json(an_order("C-1", "SO-1", amount))
                .send()
        };
        let first = send("300.00").expect(200);
        let again = send("300.00").expect(200);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        send("301.00").expect_problem(422, "idempotency_key_reused");
        assert_eq!(reserved(app, &customer.account), "300.00");
        app.system()
            .request("POST", "/v1/limit-checks")
            .json(an_order("C-1", "SO-2", "1.00"))
            .send()
            .expect_problem(400, "idempotency_key_missing");
    });
}

#[test]
fn a_suspended_account_rejects_and_an_unlimited_one_does_not_ask() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("unlimited").create(app);
        assert_eq!(
            check(app, an_order("C-1", "SO-1", "999999999999.99")).expect(200)["outcome"],
            "approved"
        );
        let credit = app.credit();
        let path = format!("/v1/credit-accounts/{}", customer.account);
        let etag = credit.get(&path).expect(200).etag();
        credit
            .post_if(
                &format!("{path}/suspend"),
                &etag,
                json!({"reason": "Insolvency."}),
            )
            .expect(200);
        let decision = check(app, an_order("C-1", "SO-2", "1.00")).expect(200);
        assert_eq!(decision["outcome"], "rejected");
        assert_eq!(codes(&decision), ["account_status"]);
        assert_eq!(decision["credit_block"], json!(null));
    });
}

#[test]
fn without_an_exchange_rate_another_currency_is_refused_and_never_taken_one_to_one() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let mut euro = an_order("C-1", "SO-1", "1.00");
        euro["amount"]["currency"] = json!("EUR");
        let decision = check(app, euro).expect(200);
        assert_eq!(decision["outcome"], "rejected");
        assert_eq!(codes(&decision), ["no_exchange_rate"]);
        assert_eq!(decision["reservation"], json!(null));
        assert_eq!(decision["conversion"], json!(null));
    });
}

#[test]
fn a_longer_term_than_the_agreed_one_goes_to_credit() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let mut long = an_order("C-1", "SO-2", "1.00");
        long["net_days"] = json!(60);
        let decision = check(app, long).expect(200);
        assert_eq!(decision["outcome"], "review_required");
        assert_eq!(codes(&decision), ["term_exceeds_policy"]);
        assert_eq!(
            decision["counter_offers"],
            json!([{"kind": "shorter_term", "net_days": 30}])
        );
    });
}

#[test]
fn an_order_in_dollars_takes_yuan_of_the_limit_by_the_rate_of_the_day() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        set_rate(app, "USD", "CNY", "7.2628", "2026-03-30");
        let in_dollars = |order: &str, amount: &str| {
            let mut order = an_order("C-1", order, amount);
            order["amount"]["currency"] = json!("USD");
            order
        };
        let decision = check(app, in_dollars("SO-1", "100.00")).expect(200);
        assert_eq!(decision["outcome"], "approved");
        assert_eq!(
            decision["conversion"],
            json!({"amount": {"amount": "726.28", "currency": "CNY"}, "rate": "7.2628",
                "rate_date": "2026-03-30", "source": "ECB"})
        );
        assert_eq!(reserved(app, &customer.account), "726.28");
        // 273.72 yuan are left: 37.68 dollars at the most, 37.69 would be 273.74.
        let refused = check(app, in_dollars("SO-2", "50.00")).expect(200);
        assert_eq!(refused["outcome"], "review_required");
        assert_eq!(
            refused["counter_offers"][0],
            json!({"kind": "reduced_amount", "amount": {"amount": "37.68", "currency": "USD"}})
        );
        check(app, in_dollars("SO-3", "37.69")).expect(200);
        assert_eq!(reserved(app, &customer.account), "726.28");
        check(app, in_dollars("SO-4", "37.68")).expect(200);
        assert_eq!(reserved(app, &customer.account), "999.95");
        // What was decided keeps its rate, whatever the rate is later.
        set_rate(app, "USD", "CNY", "8.0000", "2026-03-31");
        let path = format!("/v1/limit-checks/{}", decision.id());
        let recorded = app.auditor().get(&path).expect(200);
        assert_eq!(recorded["answer"]["conversion"], decision["conversion"]);
    });
}

#[test]
fn questions_that_make_no_sense_are_refused() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        a_customer("C-2").without_account().create(app);
        for (change, value) in [
            ("amount", json!({"amount": "0.00", "currency": "CNY"})),
            ("amount", json!({"amount": "-1.00", "currency": "CNY"})),
            ("amount", json!({"amount": "1.001", "currency": "CNY"})),
            ("amount", json!({"amount": 1, "currency": "CNY"})),
            ("customer", json!("inv_01h455vb4pex5vsknk084sn02q")),
            ("customer", json!(null)),
            ("order_number", json!(null)),
            ("prepaid", json!({"amount": "2.00", "currency": "CNY"})),
            ("net_days", json!(-1)),
            ("checkpoint", json!("payment")),
            ("limit", json!("mine")),
        ] {
            let mut question = an_order("C-1", "SO-1", "1.00");
            question[change] = value;
            check(app, question).expect_problem(400, "malformed_body");
        }
        let mut nothing = an_order("C-1", "SO-1", "1.00");
        nothing["amount"]["amount"] = json!("0.00");
        let nothing = check(app, nothing).expect_problem(400, "malformed_body");
        assert_eq!(nothing["errors"][0]["code"], "not_positive");
        assert_eq!(nothing["errors"][0]["pointer"], "/amount");
        let unknown = check(app, an_order("C-9", "SO-1", "1.00")).expect_problem(404, "not_found");
        assert_eq!(unknown["errors"][0]["pointer"], "/customer");
        check(app, an_order("C-2", "SO-1", "1.00")).expect_problem(422, "invalid");
        let mut past = an_order("C-1", "SO-1", "1.00");
        past["reserve_until"] = json!("2020-01-01T00:00:00Z");
        check(app, past).expect_problem(422, "invalid");
    });
}

#[test]
fn a_batch_decides_in_order_and_one_refusal_touches_nobody_else() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let batch = check_batch(
            app,
            vec![
                an_order("C-1", "SO-1", "600.00"),
                an_order("C-9", "SO-2", "1.00"),
                an_order("C-1", "SO-3", "600.00"),
                an_order("C-1", "SO-4", "400.00"),
            ],
        );
        let items = batch["items"].as_array().unwrap();
        let statuses: Vec<_> = items
            .iter()
            .map(|item| item["status"].as_u64().unwrap())
            .collect();
        assert_eq!(statuses, [200, 404, 200, 200]);
        assert_eq!(items[0]["check"]["outcome"], "approved");
        assert_eq!(items[1]["problem"]["code"], "not_found");
        assert_eq!(items[2]["check"]["outcome"], "review_required");
        assert_eq!(items[3]["check"]["outcome"], "approved_with_warning");
    });
}

#[test]
fn a_batch_that_only_asks_needs_no_key() {
    on_both(|app| {
        a_customer("C-1").with_limit("1000.00").create(app);
        let question = json!({"customer": "C-1", "amount": {"amount": "1.00", "currency": "CNY"}});
        let batch = app
            .system()
            .request("POST", "/v1/limit-checks/batch")
            .json(json!({"items": [question]}))
            .send()
            .expect(207);
        assert_eq!(batch["items"][0]["check"]["outcome"], "approved");
    });
}

fn check_batch(app: &TestApp, items: Vec<Value>) -> Reply {
    app.system()
        .post("/v1/limit-checks/batch", json!({"items": items}))
        .expect(207)
}

#[test]
fn a_released_reservation_gives_back_what_it_held_and_stays_released() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let id = check(app, an_order("C-1", "SO-1", "400.00"))
            .expect(200)
            .text_at("/reservation/id");
        let path = format!("/v1/reservations/{id}");
        let release = || {
            app.system()
                .post(&format!("{path}/release"), json!({"reason": "Cancelled."}))
        };
        let released = release().expect(200);
        assert_eq!(released["status"], "released");
        assert_eq!(released["remaining"]["amount"], "0.00");
        assert_eq!(release().expect(200)["status"], "released");
        assert_eq!(reserved(app, &customer.account), "0.00");
        app.system()
            .post(
                &format!("{path}/extend"),
                json!({"reserve_until": "2099-01-01T00:00:00Z"}),
            )
            .expect_problem(409, "state_conflict");
        // The order may be reserved anew.
        check(app, an_order("C-1", "SO-1", "400.00")).expect(200);
    });
}

#[test]
fn a_reservation_expires_unless_it_was_extended() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let mut short = an_order("C-1", "SO-1", "400.00");
        short["reserve_until"] = json!("2026-03-10T00:00:00Z");
        let mut longer = an_order("C-1", "SO-2", "300.00");
        longer["reserve_until"] = json!("2026-03-10T00:00:00Z");
        let short = check(app, short).expect(200).text_at("/reservation/id");
        let longer = check(app, longer).expect(200).text_at("/reservation/id");
        app.system()
            .post(
                &format!("/v1/reservations/{longer}/extend"),
                json!({"reserve_until": "2026-03-20T00:00:00Z"}),
            )
            .expect(200);
        app.system()
            .post(
                &format!("/v1/reservations/{longer}/extend"),
                json!({"reserve_until": "2028-03-20T00:00:00Z"}),
            )
            .expect_problem(422, "invalid");
        app.turn_to("2026-03-11");
        housekeeping::sweep(app.database()).unwrap();
        let status = |id: &str| {
            app.credit()
                .get(&format!("/v1/reservations/{id}"))
                .expect(200)
                .text_at("/status")
        };
        assert_eq!(status(&short), "expired");
        assert_eq!(status(&longer), "active");
        assert_eq!(reserved(app, &customer.account), "300.00");
    });
}

#[test]
fn many_clerks_at_once_never_take_more_than_the_limit() {
    on_both(|app| {
        let customer = a_customer("C-1").with_limit("100.00").create(app);
        let approved = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for worker in 0..8 {
                let approved = &approved;
                scope.spawn(move || {
                    for n in 0..20 {
                        let order = format!("SO-{worker}-{n}");
                        let decision = check(app, an_order("C-1", &order, "1.00")).expect(200);
                        if decision["reservation"]["id"].is_string() {
                            approved.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(approved.into_inner(), 100);
        assert_eq!(reserved(app, &customer.account), "100.00");
    });
}

#[test]
fn sales_check_their_own_customers_only() {
    on_both(|app| {
        a_customer("C-1")
            .owned_by("u-other")
            .with_limit("100.00")
            .create(app);
        app.sales()
            .post("/v1/limit-checks", an_order("C-1", "SO-1", "1.00"))
            .expect_problem(404, "not_found");
        check(app, an_order("C-1", "SO-1", "1.00")).expect(200);
        assert_eq!(
            app.sales().get("/v1/reservations").expect(200)["data"],
            json!([])
        );
        assert_eq!(
            app.sales().get("/v1/limit-checks").expect(200)["data"],
            json!([])
        );
    });
}

#[test]
fn reasons_speak_the_callers_language() {
    on_both(|app| {
        a_customer("C-1").with_limit("100.00").create(app);
        let mut question = an_order("C-1", "SO-1", "150.00");
        question["dry_run"] = json!(true);
        let chinese = app
            .system()
            .request("POST", "/v1/limit-checks")
            .header("Accept-Language", "zh-CN")
            .json(question)
            .send()
            .expect(200);
        assert!(chinese.text_at("/reasons/0/message").contains("超出"));
    });
}

/// A reservation of 400.00 on `C-1`, and a way to capture it.
pub fn capture(app: &TestApp, reservation: &str, number: &str, amount: &str) -> Reply {
    app.finance().post(
        &format!("/v1/reservations/{reservation}/capture"),
        json!({"invoice": {
            "number": number, "invoice_date": "2026-03-01", "amount": {"amount": amount, "currency": "CNY"}
        }}),
    )
}

#[test]
fn a_delivery_moves_capacity_from_reserved_to_receivable() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("400.00").create(app);
        let id = check(app, an_order("C-1", "SO-1", "400.00"))
            .expect(200)
            .text_at("/reservation/id");
        let part = capture(app, &id, "INV-1", "150.00").expect(201);
        assert_eq!(part["reservation"]["status"], "partially_captured");
        assert_eq!(part["reservation"]["remaining"]["amount"], "250.00");
        assert_eq!(part["invoice"]["due_date"], "2026-03-31");
        assert_eq!(part["invoice"]["order_number"], "SO-1");
        let account = app
            .credit()
            .get(&format!("/v1/credit-accounts/{}", customer.account))
            .expect(200);
        let exposure = &account["exposure"]["by_category"];
        assert_eq!(exposure["reservations"]["amount"], "250.00");
        assert_eq!(exposure["receivables"]["amount"], "150.00");
        assert_eq!(account["headroom"]["amount"], "0.00");
        capture(app, &id, "INV-2", "250.01").expect_problem(422, "reservation_exceeded");
        capture(app, &id, "INV-1", "1.00").expect_problem(409, "duplicate_number");
        let rest = capture(app, &id, "INV-2", "250.00").expect(201);
        assert_eq!(rest["reservation"]["status"], "captured");
        assert_eq!(reserved(app, &customer.account), "0.00");
        capture(app, &id, "INV-3", "1.00").expect_problem(409, "state_conflict");
    });
}

#[test]
fn a_capture_never_fails_for_want_of_limit() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let customer = a_customer("C-1").with_limit("400.00").create(app);
        let id = check(app, an_order("C-1", "SO-1", "400.00"))
            .expect(200)
            .text_at("/reservation/id");
        let credit = app.credit();
        let path = format!("/v1/credit-accounts/{}", customer.account);
        let etag = credit.get(&path).expect(200).etag();
        credit
            .post_if(
                &format!("{path}/lower-limit"),
                &etag,
                json!({"limit": {"amount": "0.00", "currency": "CNY"}, "reason": "Pays ever later."}),
            )
            .expect(200);
        capture(app, &id, "INV-1", "400.00").expect(201);
    });
}

#[test]
fn what_is_overdue_for_too_long_goes_to_credit() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        a_customer("C-1").with_limit("100000.00").create(app);
        let id = check(app, an_order("C-1", "SO-1", "5000.00"))
            .expect(200)
            .text_at("/reservation/id");
        app.finance()
            .post(
                &format!("/v1/reservations/{id}/capture"),
                json!({"invoice": {"number": "INV-1", "invoice_date": "2026-01-01", "due_date": "2026-01-31",
                    "amount": {"amount": "5000.00", "currency": "CNY"}}}),
            )
            .expect(201);
        app.turn_to("2026-03-02");
        assert_eq!(
            check(app, an_order("C-1", "SO-2", "1.00")).expect(200)["outcome"],
            "approved"
        );
        app.turn_to("2026-03-03");
        let decision = check(app, an_order("C-1", "SO-3", "1.00")).expect(200);
        assert_eq!(decision["outcome"], "review_required");
        assert_eq!(codes(&decision), ["overdue_days_oldest"]);
        assert_eq!(decision["reasons"][0]["facts"]["days"], "31");
    });
}
