//! What bounds an account besides its own limit: additional limits, portfolio caps, and exposure that other systems
//! know of.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, a_receipt, an_invoice, on_both, set_rate};

fn cny(amount: &str) -> Value {
    money(amount, "CNY")
}

fn money(amount: &str, currency: &str) -> Value {
    json!({"amount": amount, "currency": currency})
}

fn account(app: &TestApp, id: &str) -> Reply {
    app.credit()
        .get(&format!("/v1/credit-accounts/{id}"))
        .expect(200)
}

fn available(app: &TestApp, id: &str) -> String {
    account(app, id).text_at("/available/amount")
}

fn an_order(customer: &str, order: &str, amount: Value) -> Value {
    json!({"customer": customer, "order_number": order, "amount": amount, "reserve": true})
}

/// A check of the order system that takes the capacity when it passes.
fn buy(app: &TestApp, customer: &str, order: &str, amount: &str) -> Reply {
    let body = an_order(customer, order, cny(amount));
    app.system().post("/v1/limit-checks", body).expect(200)
}

/// A check that takes nothing.
fn ask(app: &TestApp, customer: &str, order: &str, amount: Value) -> Reply {
    let mut body = an_order(customer, order, amount);
    body["reserve"] = json!(false);
    app.credit().post("/v1/limit-checks", body).expect(200)
}

fn codes(reply: &Reply) -> Vec<&str> {
    let reasons = reply["reasons"].as_array().unwrap();
    reasons
        .iter()
        .map(|reason| reason["code"].as_str().unwrap())
        .collect()
}

/// What each place leaves, as the record of a check has it.
fn headrooms(app: &TestApp, check: &Reply) -> Vec<(String, String)> {
    let record = app
        .auditor()
        .get(&format!("/v1/limit-checks/{}", check.id()))
        .expect(200);
    let nodes = record["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| {
            let headroom = node["headroom"]["amount"].as_str().unwrap_or("unlimited");
            (
                node["kind"].as_str().unwrap().to_owned(),
                headroom.to_owned(),
            )
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(kind, headroom)| ((*kind).to_owned(), (*headroom).to_owned()))
        .collect()
}

/// What another system says of an account's exposure.
fn say(app: &TestApp, account: &str, entry: &str, amount: Value) -> Reply {
    app.system()
        .request(
            "PUT",
            &format!("/v1/credit-accounts/{account}/exposure-entries/{entry}"),
        )
        .json(json!({"amount": amount, "entry_date": "2026-03-31"}))
        .send()
}

pub fn a_temporary(amount: &str) -> Value {
    json!({"kind": "temporary", "amount": cny(amount), "valid_until": "2099-12-31", "reason": "The season."})
}

fn a_guarantee(amount: &str) -> Value {
    json!({
        "kind": "secured", "amount": cny(amount), "valid_until": "2099-12-31",
        "reference": "Guarantee of 100.00, haircut 5 %", "reason": "The bank's letter came today.",
    })
}

fn a_one_time(amount: &str, order: &str) -> Value {
    json!({
        "kind": "one_time", "amount": cny(amount), "valid_until": "2099-12-31", "order_number": order,
        "reason": "A single machine.",
    })
}

pub fn grant(app: &TestApp, account: &str, body: Value) -> Reply {
    app.credit().post(
        &format!("/v1/credit-accounts/{account}/additional-limits"),
        body,
    )
}

pub fn set_cap(app: &TestApp, kind: &str, key: Option<&str>, limit: Value) -> String {
    let body = json!({"kind": kind, "key": key, "limit": limit, "reason": "The board says so."});
    app.finance()
        .post("/v1/portfolio-caps", body)
        .expect(201)
        .id()
}

fn cap(app: &TestApp, id: &str) -> Reply {
    app.credit()
        .get(&format!("/v1/portfolio-caps/{id}"))
        .expect(200)
}

fn owed(app: &TestApp, id: &str) -> String {
    cap(app, id).text_at("/exposure/amount")
}

fn remove_cap(app: &TestApp, id: &str) {
    let path = format!("/v1/portfolio-caps/{id}");
    let etag = app.finance().get(&path).expect(200).etag();
    app.finance()
        .post_if(
            &format!("{path}/remove"),
            &etag,
            json!({"reason": "No longer needed."}),
        )
        .expect(200);
}

pub fn patch(app: &TestApp, path: &str, body: Value) -> Reply {
    let credit = app.credit();
    let etag = credit.get(path).expect(200).etag();
    credit.patch(path, &etag, body).expect(200)
}

// ---------------------------------------------------------------- the published figures

#[test]
fn the_worked_example_comes_out_figure_by_figure() {
    on_both(|app| {
        a_customer("P").with_group_limit("1000.00").create(app);
        let a = a_customer("A").below("P").with_limit("600.00").create(app);
        let b = a_customer("B")
            .below("P")
            .with_limit("unlimited")
            .create(app);
        an_invoice("I-A", "A", "300.00").create(app);
        an_invoice("I-B", "B", "450.00").create(app);
        say(app, &a.account, "delivered_not_billed/DN-1", cny("40.00")).expect(200);
        say(app, &a.account, "reservations/SO-OLD", cny("60.00")).expect(200);
        assert_eq!(buy(app, "A", "A-1", "20.00")["outcome"], "approved");
        a_receipt("R-1", "A", "30.00").unapplied().create(app);

        let standing = account(app, &a.account);
        assert_eq!(standing["exposure"]["total"], cny("390.00"));
        let categories = &standing["exposure"]["by_category"];
        assert_eq!(categories["reservations"], cny("80.00"));
        assert_eq!(categories["delivered_not_billed"], cny("40.00"));
        assert_eq!(categories["receivables"], cny("300.00"));
        assert_eq!(categories["unapplied_cash"], cny("30.00"));
        assert_eq!(standing["headroom"], cny("210.00"));
        assert_eq!(standing["available"], cny("160.00"));

        let refused = ask(app, "A", "A-2", cny("180.00"));
        assert_eq!(refused["outcome"], "review_required");
        assert_eq!(
            headrooms(app, &refused),
            pairs(&[("own", "210.00"), ("group", "160.00")])
        );
        assert_eq!(
            refused["counter_offers"],
            json!([
                {"kind": "reduced_amount", "amount": cny("160.00")},
                {"kind": "prepayment", "amount": cny("20.00")},
                {"kind": "security", "amount": cny("20.00")},
            ])
        );

        // A bank guarantee of 100 with a haircut of 5 % adds 95 to the account and to its group.
        grant(app, &a.account, a_guarantee("95.00")).expect(201);
        let standing = account(app, &a.account);
        assert_eq!(standing["headroom"], cny("305.00"));
        assert_eq!(standing["available"], cny("255.00"));
        assert_eq!(standing["additional"][0]["amount"], cny("95.00"));
        let passed = buy(app, "A", "A-2", "180.00");
        assert_eq!(passed["outcome"], "approved");
        assert_eq!(
            headrooms(app, &passed),
            pairs(&[("own", "305.00"), ("group", "255.00")])
        );
        // It secures what A owes, and widens nothing for the sister: 1,000 less 1,020.
        assert_eq!(available(app, &b.account), "-20.00");
    });
}

#[test]
fn the_published_effective_limits_hold() {
    on_both(|app| {
        a_customer("P").with_group_limit("15000.00").create(app);
        for (number, own, effective) in [
            ("A", "10000.00", "10000.00"),
            ("B", "20000.00", "15000.00"),
            ("C", "0.00", "0.00"),
        ] {
            let made = a_customer(number).below("P").with_limit(own).create(app);
            assert_eq!(available(app, &made.account), effective);
        }
    });
}

// ---------------------------------------------------------------- additional limits

#[test]
fn an_additional_limit_counts_on_its_days_alone() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").with_limit("100.00").create(app);
        let mut season = a_temporary("50.00");
        season["valid_from"] = json!("2026-04-10");
        season["valid_until"] = json!("2026-04-20");
        grant(app, &made.account, season.clone()).expect(201);
        for (day, expected) in [
            ("2026-03-31", "100.00"),
            ("2026-04-09", "100.00"),
            ("2026-04-10", "150.00"),
            ("2026-04-20", "150.00"),
            ("2026-04-21", "100.00"),
        ] {
            app.turn_to(day);
            assert_eq!(available(app, &made.account), expected, "{day}");
            let check = ask(app, "C-1", "SO-1", cny("101.00"));
            let passes = check["outcome"] == "approved";
            assert_eq!(passes, expected == "150.00", "{day}: {}", check.text);
        }
        grant(app, &made.account, season.clone()).expect_problem(422, "invalid");
        season["valid_from"] = json!("2026-06-01");
        season["valid_until"] = json!("2026-05-01");
        grant(app, &made.account, season).expect_problem(422, "invalid");
    });
}

#[test]
fn a_one_time_limit_is_consumed_by_its_order_and_by_no_other() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("100.00").create(app);
        let limit = grant(app, &made.account, a_one_time("50.00", "SO-1")).expect(201);
        let path = format!("/v1/additional-limits/{}", limit.id());
        assert_eq!(available(app, &made.account), "100.00");
        let other = ask(app, "C-1", "SO-2", cny("120.00"));
        assert_eq!(other["outcome"], "review_required");
        let status = || app.credit().get(&path).expect(200).text_at("/status");
        assert_eq!(
            ask(app, "C-1", "SO-1", cny("120.00"))["outcome"],
            "approved"
        );
        assert_eq!(status(), "active");

        let taken = buy(app, "C-1", "SO-1", "120.00");
        assert_eq!(taken["outcome"], "approved");
        assert_eq!(status(), "consumed");
        assert_eq!(available(app, &made.account), "-20.00");
        assert_eq!(account(app, &made.account)["additional"], json!([]));
        // For its own order it goes on counting: up to 150, and not beyond.
        let amend = |amount: &str| {
            let path = format!(
                "/v1/reservations/{}/amend",
                taken.text_at("/reservation/id")
            );
            app.system()
                .post(&path, json!({"amount": cny(amount)}))
                .expect(200)
        };
        assert_eq!(amend("150.00")["outcome"], "approved_with_warning");
        assert_eq!(amend("150.01")["outcome"], "review_required");
        let more = ask(app, "C-1", "SO-3", cny("0.01"));
        assert_eq!(more["outcome"], "review_required");
        // What was consumed can't be taken back.
        let read = app.credit().get(&path).expect(200);
        app.credit()
            .post_if(
                &format!("{path}/withdraw"),
                &read.etag(),
                json!({"reason": "Too late."}),
            )
            .expect_problem(409, "state_conflict");
        let trail = app
            .auditor()
            .get("/v1/trail?action=additional_limit.consumed")
            .expect(200);
        assert_eq!(trail["data"][0]["subject"], "order-system");
    });
}

#[test]
fn an_additional_limit_is_withdrawn_at_once() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("100.00").create(app);
        let limit = grant(app, &made.account, a_temporary("50.00")).expect(201);
        let path = format!("/v1/additional-limits/{}", limit.id());
        let withdraw = |etag: &str| {
            app.credit().post_if(
                &format!("{path}/withdraw"),
                etag,
                json!({"reason": "The season is over."}),
            )
        };
        withdraw("\"7\"").expect_problem(412, "stale");
        let withdrawn = withdraw(&limit.etag()).expect(200);
        assert_eq!(withdrawn["status"], "withdrawn");
        assert_eq!(withdrawn["end_reason"], "The season is over.");
        assert_eq!(available(app, &made.account), "100.00");
        withdraw(&withdrawn.etag()).expect_problem(409, "state_conflict");
        let list = app
            .sales()
            .get(&format!(
                "/v1/credit-accounts/{}/additional-limits",
                made.account
            ))
            .expect(200);
        assert_eq!(list["data"][0]["status"], "withdrawn");
        app.caller("u-other", &[Role::Sales], None)
            .get(&path)
            .expect_problem(404, "not_found");
    });
}

#[test]
fn nobody_grants_beyond_their_authority_or_to_their_own_customers() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("999900.00").create(app);
        let path = format!("/v1/credit-accounts/{}/additional-limits", made.account);
        // Credit of level 1 reaches 1,000,000.
        grant(app, &made.account, a_temporary("50.00")).expect(201);
        grant(app, &made.account, a_guarantee("50.01")).expect_problem(403, "over_authority");
        grant(app, &made.account, a_guarantee("50.00")).expect(201);
        let over =
            grant(app, &made.account, a_temporary("0.01")).expect_problem(403, "over_authority");
        assert_eq!(over["needed"], "credit level 2");
        app.finance().post(&path, a_temporary("0.01")).expect(201);
        app.sales()
            .post(&path, a_temporary("0.01"))
            .expect_problem(403, "forbidden");
        app.caller("u-sales", &[Role::Credit], Some(2))
            .post(&path, a_temporary("0.01"))
            .expect_problem(403, "segregation_of_duties");
    });
}

#[test]
fn an_additional_limit_must_be_sound() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("100.00").create(app);
        let free = a_customer("C-2").with_limit("unlimited").create(app);
        let refuse = |change: fn(&mut Value), status: u16, code: &str| {
            let mut body = a_temporary("50.00");
            change(&mut body);
            grant(app, &made.account, body).expect_problem(status, code);
        };
        refuse(
            |body| body["amount"] = money("50.00", "EUR"),
            422,
            "currency_mismatch",
        );
        refuse(|body| body["amount"] = cny("0.00"), 400, "malformed_body");
        refuse(|body| body["amount"] = cny("-1.00"), 400, "malformed_body");
        refuse(
            |body| body["order_number"] = json!("SO-1"),
            400,
            "malformed_body",
        );
        refuse(
            |body| body["kind"] = json!("one_time"),
            400,
            "malformed_body",
        );
        refuse(
            |body| body["kind"] = json!("insured"),
            400,
            "malformed_body",
        );
        refuse(|body| body["scope"] = json!("group"), 422, "invalid");
        grant(app, &free.account, a_temporary("1.00")).expect_problem(422, "invalid");
        grant(app, "acc_01k00000000000000000000001", a_temporary("1.00"))
            .expect_problem(404, "not_found");
        let path = format!("/v1/credit-accounts/{}/additional-limits", made.account);
        app.credit()
            .request("POST", &path)
            .json(a_temporary("1.00"))
            .send()
            .expect_problem(400, "idempotency_key_missing");
        let twice = || {
            app.credit()
                .request("POST", &path)
                .key("once")
                .json(a_temporary("1.00"))
                .send()
                .expect(201)
                .id()
        };
        assert_eq!(twice(), twice());
        assert_eq!(available(app, &made.account), "101.00");
    });
}

#[test]
fn what_is_for_the_group_raises_the_group_alone() {
    on_both(|app| {
        let parent = a_customer("P")
            .with_limit("10.00")
            .with_group_limit("100.00")
            .create(app);
        let a = a_customer("A").below("P").with_limit("300.00").create(app);
        let mut season = a_temporary("50.00");
        season["scope"] = json!("group");
        grant(app, &parent.account, season).expect(201);
        assert_eq!(available(app, &a.account), "150.00");
        assert_eq!(account(app, &parent.account)["headroom"], cny("10.00"));
        // What the parent has for itself is not A's.
        grant(app, &parent.account, a_guarantee("20.00")).expect(201);
        assert_eq!(available(app, &a.account), "150.00");
        assert_eq!(account(app, &parent.account)["headroom"], cny("30.00"));
        // What A has for a while is its own, and not the group's.
        grant(app, &a.account, a_temporary("500.00")).expect(201);
        assert_eq!(available(app, &a.account), "150.00");
        assert_eq!(account(app, &a.account)["headroom"], cny("800.00"));
    });
}

// ---------------------------------------------------------------- segment and exemption

#[test]
fn an_exemption_takes_the_highest_level_of_credit() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").with_limit("100.00").create(app);
        let path = format!("/v1/credit-accounts/{}", made.account);
        let body = |until: Value| json!({"exempt_until": until, "reason": "A state hospital."});
        let exempt = |subject: &str, level: u8, until: Value| {
            let caller = app.caller(subject, &[Role::Credit], Some(level));
            let etag = caller.get(&path).expect(200).etag();
            caller.patch(&path, &etag, body(until))
        };
        exempt("u-credit", 1, json!("2026-04-30")).expect_problem(403, "over_authority");
        exempt("u-sales", 2, json!("2026-04-30")).expect_problem(403, "segregation_of_duties");
        exempt("u-head", 2, json!("2026-03-30")).expect_problem(422, "invalid");
        exempt("u-head", 2, json!("2027-04-02")).expect_problem(422, "invalid");
        let exempted = exempt("u-head", 2, json!("2026-04-30")).expect(200);
        assert_eq!(exempted["exempt_until"], "2026-04-30");
        assert_eq!(
            ask(app, "C-1", "SO-1", cny("500.00"))["outcome"],
            "approved"
        );
        // Anybody of credit may end it.
        exempt("u-credit", 1, json!(null)).expect(200);
        assert_eq!(
            ask(app, "C-1", "SO-1", cny("500.00"))["outcome"],
            "review_required"
        );
    });
}

// ---------------------------------------------------------------- exposure entries

#[test]
fn an_exposure_entry_says_what_a_document_comes_to_now() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("100.00").create(app);
        let id = &made.account;
        let total = || account(app, id).text_at("/exposure/total/amount");
        let first = say(app, id, "instruments/B-1", cny("40.00")).expect(200);
        let again = say(app, id, "instruments/B-1", cny("40.00")).expect(200);
        assert_eq!(first.body, again.body);
        assert_eq!(total(), "40.00");
        say(app, id, "claimed_charges/B-1", cny("5.00")).expect(200);
        say(app, id, "instruments/B-1", cny("70.00")).expect(200);
        assert_eq!(total(), "75.00");
        assert_eq!(
            ask(app, "C-1", "SO-1", cny("25.01"))["outcome"],
            "review_required"
        );
        say(app, id, "instruments/B-1", cny("0.00")).expect(200);
        assert_eq!(total(), "5.00");
        let list = app
            .auditor()
            .get(&format!("/v1/credit-accounts/{id}/exposure-entries"))
            .expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        assert_eq!(list["data"][0]["category"], "claimed_charges");
        assert_eq!(list["data"][0]["amount"], cny("5.00"));
        say(app, id, "instruments/B-1", cny("10.00")).expect(200);
        assert_eq!(total(), "15.00");

        say(app, id, "instruments/B-1", money("1.00", "EUR"))
            .expect_problem(422, "currency_mismatch");
        say(app, id, "instruments/B-1", cny("-1.00")).expect_problem(400, "malformed_body");
        say(app, id, "receivables/I-1", cny("1.00")).expect_problem(404, "not_found");
        say(
            app,
            "acc_01k00000000000000000000001",
            "instruments/B",
            cny("1.00"),
        )
        .expect_problem(404, "not_found");
        app.credit()
            .request(
                "PUT",
                &format!("/v1/credit-accounts/{id}/exposure-entries/instruments/B-1"),
            )
            .json(json!({"amount": cny("1.00"), "entry_date": "2026-03-31"}))
            .send()
            .expect_problem(403, "forbidden");
        assert_eq!(total(), "15.00");
    });
}

// ---------------------------------------------------------------- caps

/// The customer C-1 in the segment Steel and the industry Machines, with no limit of its own in the way.
fn a_machine_builder(app: &TestApp) -> String {
    let made = a_customer("C-1").with_limit("unlimited").create(app);
    patch(app, "/v1/customers/C-1", json!({"industry": "Machines"}));
    patch(
        app,
        &format!("/v1/credit-accounts/{}", made.account),
        json!({"segment": "Steel", "reason": "It sells steel."}),
    );
    made.account
}

#[test]
fn each_kind_of_cap_binds_and_is_named() {
    on_both(|app| {
        let id = a_machine_builder(app);
        an_invoice("I-1", "C-1", "40.00").create(app);
        for (kind, key, code) in [
            ("segment", Some("Steel"), "segment_limit"),
            ("salesperson", Some("u-sales"), "salesperson_cap"),
            ("country", Some("CN"), "country_cap"),
            ("industry", Some("Machines"), "industry_cap"),
            ("company", None, "portfolio_cap"),
        ] {
            let made = set_cap(app, kind, key, cny("100.00"));
            let read = cap(app, &made);
            assert_eq!(read["key"], json!(key));
            assert_eq!(read["exposure"], cny("40.00"));
            assert_eq!(read["headroom"], cny("60.00"));
            assert_eq!(available(app, &id), "60.00");
            let refused = ask(app, "C-1", "SO-1", cny("60.01"));
            assert_eq!(codes(&refused), [code]);
            let facts = &refused["reasons"][0]["facts"];
            assert_eq!(facts["headroom"], cny("60.00"));
            assert_eq!(facts["key"].as_str(), key);
            assert_eq!(ask(app, "C-1", "SO-1", cny("60.00"))["outcome"], "approved");
            // Neither sales nor an order system sees what others owe.
            for reader in [app.sales(), app.system()] {
                let mut body = an_order("C-1", "SO-1", cny("60.01"));
                body["reserve"] = json!(false);
                let masked = reader.post("/v1/limit-checks", body).expect(200);
                assert_eq!(codes(&masked), [code]);
                assert_eq!(masked["reasons"][0]["facts"], json!({}));
                assert!(!masked.text_at("/reasons/0/message").contains("100"));
                let record = reader
                    .get(&format!("/v1/limit-checks/{}", masked.id()))
                    .expect(200);
                assert_eq!(record["facts"], json!(null));
                assert_eq!(record["nodes"].as_array().unwrap().len(), 1);
                reader
                    .get(&format!("/v1/portfolio-caps/{made}"))
                    .expect_problem(403, "forbidden");
            }
            // A cap of others does not bind.
            remove_cap(app, &made);
            assert_eq!(account(app, &id)["available"], json!(null));
            if key.is_some() {
                let other = if kind == "country" { "DE" } else { "other" };
                let other = set_cap(app, kind, Some(other), cny("1.00"));
                assert_eq!(account(app, &id)["available"], json!(null));
                remove_cap(app, &other);
            }
        }
    });
}

#[test]
fn sales_see_no_figures_of_the_group() {
    on_both(|app| {
        let parent = a_customer("P").with_group_limit("100.00").create(app);
        let mut season = a_temporary("50.00");
        season["scope"] = json!("group");
        let limit = grant(app, &parent.account, season).expect(201).id();
        let path = format!("/v1/credit-accounts/{}", parent.account);
        assert_eq!(
            account(app, &parent.account)["group"]["limit"],
            cny("100.00")
        );
        for reader in [app.sales(), app.system()] {
            let read = reader.get(&path).expect(200);
            assert_eq!(read["group"], json!(null));
            assert_eq!(read["additional"], json!([]));
            let list = reader.get(&format!("{path}/additional-limits")).expect(200);
            assert_eq!(list["data"], json!([]));
            reader
                .get(&format!("/v1/additional-limits/{limit}"))
                .expect_problem(404, "not_found");
        }
    });
}

#[test]
fn sales_do_not_move_their_customer_out_of_a_cap() {
    on_both(|app| {
        a_machine_builder(app);
        set_cap(app, "country", Some("CN"), cny("100.00"));
        let sales = app.sales();
        let etag = sales.get("/v1/customers/C-1").expect(200).etag();
        let change = |body| sales.patch("/v1/customers/C-1", &etag, body);
        change(json!({"country": "DE"})).expect_problem(403, "over_authority");
        change(json!({"industry": "Tools"})).expect(200);
        assert_eq!(
            sales.get("/v1/customers/C-1").expect(200)["country"],
            json!("CN")
        );
    });
}

#[test]
fn what_a_customer_owes_follows_it_from_cap_to_cap() {
    on_both(|app| {
        let id = a_machine_builder(app);
        an_invoice("I-1", "C-1", "40.00").create(app);
        let caps = |kind: &str, old: &str, new: &str| {
            [old, new].map(|key| set_cap(app, kind, Some(key), cny("100.00")))
        };
        let moved = |[old, new]: &[String; 2], change: &dyn Fn()| {
            assert_eq!(
                (owed(app, old), owed(app, new)),
                ("40.00".into(), "0.00".into())
            );
            change();
            assert_eq!(
                (owed(app, old), owed(app, new)),
                ("0.00".into(), "40.00".into())
            );
        };
        let customer = |body: Value| {
            patch(app, "/v1/customers/C-1", body);
        };
        moved(&caps("salesperson", "u-sales", "u-other"), &|| {
            customer(json!({"owner": "u-other", "name": "Renamed"}));
        });
        moved(&caps("country", "CN", "DE"), &|| {
            customer(json!({"country": "DE"}));
        });
        moved(&caps("industry", "Machines", "Tools"), &|| {
            customer(json!({"industry": "Tools"}));
        });
        moved(&caps("segment", "Steel", "Brass"), &|| {
            let body = json!({"segment": "Brass", "reason": "It changed hands."});
            patch(app, &format!("/v1/credit-accounts/{id}"), body);
        });
        // It goes on counting where it is, and nowhere when the trait is gone.
        an_invoice("I-2", "C-1", "2.00").create(app);
        let list = app
            .auditor()
            .get("/v1/portfolio-caps?kind=segment")
            .expect(200);
        let figures: Vec<&Value> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cap| &cap["exposure"]["amount"])
            .collect();
        assert_eq!(figures, ["0.00", "42.00"]);
        let body = json!({"segment": null, "reason": "It belongs to none."});
        patch(app, &format!("/v1/credit-accounts/{id}"), body);
        let list = app
            .auditor()
            .get("/v1/portfolio-caps?kind=segment")
            .expect(200);
        assert_eq!(list["data"][1]["exposure"], cny("0.00"));
    });
}

#[test]
fn two_currencies_count_under_one_cap() {
    on_both(|app| {
        set_rate(app, "USD", "CNY", "7.2766", "2026-01-02");
        let company = set_cap(app, "company", None, cny("1000.00"));
        a_customer("C-CN").with_limit("unlimited").create(app);
        a_customer("C-US")
            .in_currency("USD")
            .with_limit("unlimited")
            .create(app);
        an_invoice("I-1", "C-CN", "300.00").create(app);
        an_invoice("I-2", "C-US", "10.00")
            .in_currency("USD")
            .create(app);
        let read = cap(app, &company);
        // USD 10.00 are CNY 72.766, rounded up.
        assert_eq!(read["exposure"], cny("372.77"));
        assert_eq!(read["headroom"], cny("627.23"));
        assert_eq!(read["by_currency"][0]["total"], cny("300.00"));
        assert_eq!(read["by_currency"][1]["total"], money("10.00", "USD"));
        // CNY 627.23 are USD 86.19 at the most: USD 86.20 are CNY 627.25.
        let at = |amount: &str| ask(app, "C-US", "SO-1", money(amount, "USD"));
        assert_eq!(at("86.19")["outcome"], "approved");
        let refused = at("86.20");
        assert_eq!(codes(&refused), ["portfolio_cap"]);
        assert_eq!(refused["reasons"][0]["facts"]["limit"], cny("1000.00"));
        assert_eq!(refused["reasons"][0]["facts"]["exposure"], cny("372.77"));
        // A cap in another currency than both.
        set_rate(app, "EUR", "CNY", "7.8", "2026-01-02");
        let etag = cap(app, &company).etag();
        let body = json!({"limit": money("50.00", "EUR"), "reason": "The board counts in euros."});
        let changed = app
            .finance()
            .patch(&format!("/v1/portfolio-caps/{company}"), &etag, body)
            .expect(200);
        // CNY 300.00 are EUR 38.47, USD 10.00 by way of CNY 9.33, both rounded up.
        assert_eq!(changed["exposure"], money("47.80", "EUR"));
        assert_eq!(changed["headroom"], money("2.20", "EUR"));
    });
}

#[test]
fn a_cap_that_can_not_be_told_rejects() {
    on_both(|app| {
        let company = set_cap(app, "company", None, cny("1000.00"));
        let made = a_customer("C-1")
            .in_currency("EUR")
            .with_limit("1000.00")
            .create(app);
        let refused = ask(app, "C-1", "SO-1", money("1.00", "EUR"));
        assert_eq!(refused["outcome"], "rejected");
        assert_eq!(codes(&refused), ["no_exchange_rate"]);
        assert_eq!(
            refused["reasons"][0]["facts"],
            json!({"from": "EUR", "to": "CNY"})
        );
        assert_eq!(refused["counter_offers"], json!([]));
        assert_eq!(account(app, &made.account)["available"]["amount"], "0.00");
        // Goods that were delivered are owed all the same; then the cap itself can't be told.
        an_invoice("I-1", "C-1", "5.00")
            .in_currency("EUR")
            .create(app);
        let read = cap(app, &company);
        assert_eq!(read["exposure"], json!(null));
        assert_eq!(read["headroom"], json!(null));
        assert_eq!(read["by_currency"][0]["total"], money("5.00", "EUR"));
        set_rate(app, "EUR", "CNY", "7.8", "2026-01-02");
        assert_eq!(cap(app, &company)["exposure"], cny("39.00"));
        let passed = ask(app, "C-1", "SO-1", money("1.00", "EUR"));
        assert_eq!(passed["outcome"], "approved");
    });
}

#[test]
fn finance_sets_caps_and_others_read_them() {
    on_both(|app| {
        let body =
            json!({"kind": "country", "key": "CN", "limit": cny("10.00"), "reason": "Risk."});
        for other in [app.credit(), app.sales(), app.system(), app.auditor()] {
            other
                .post("/v1/portfolio-caps", body.clone())
                .expect_problem(403, "forbidden");
        }
        let finance = app.finance();
        let made = finance.post("/v1/portfolio-caps", body.clone()).expect(201);
        finance
            .post("/v1/portfolio-caps", body.clone())
            .expect_problem(409, "duplicate_number");
        for (kind, key) in [
            ("country", json!("China")),
            ("country", json!(null)),
            ("company", json!("all")),
            ("salesperson", json!("two words")),
        ] {
            let mut wrong = body.clone();
            wrong["kind"] = json!(kind);
            wrong["key"] = key;
            finance
                .post("/v1/portfolio-caps", wrong)
                .expect_problem(400, "malformed_body");
        }
        let path = format!("/v1/portfolio-caps/{}", made.id());
        let lower = json!({"limit": cny("5.00"), "reason": "Outlook was cut."});
        finance
            .patch(&path, "\"9\"", lower.clone())
            .expect_problem(412, "stale");
        let changed = finance.patch(&path, &made.etag(), lower).expect(200);
        assert_eq!(changed["limit"], cny("5.00"));
        finance
            .post_if(
                &format!("{path}/remove"),
                &made.etag(),
                json!({"reason": "No."}),
            )
            .expect_problem(412, "stale");
        remove_cap(app, &made.id());
        finance.get(&path).expect_problem(404, "not_found");
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", made.id()))
            .expect(200);
        let mut actions: Vec<&str> = trail["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        actions.sort_unstable();
        assert_eq!(
            actions,
            [
                "portfolio_cap.changed",
                "portfolio_cap.removed",
                "portfolio_cap.set"
            ]
        );
        // The same can be set up again.
        finance.post("/v1/portfolio-caps", body).expect(201);
    });
}

#[test]
fn two_accounts_at_once_never_pass_the_cap_that_both_are_under() {
    on_both(|app| {
        let company = set_cap(app, "company", None, cny("100.00"));
        let accounts = ["C-1", "C-2"].map(|number| {
            a_customer(number)
                .with_limit("unlimited")
                .create(app)
                .account
        });
        let taken: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| scope.spawn(move || buy_many(app, thread)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(taken, 100);
        let read = cap(app, &company);
        assert_eq!(read["exposure"], cny("100.00"));
        assert_eq!(read["headroom"], cny("0.00"));
        let sum: f64 = accounts
            .iter()
            .map(|id| {
                let total = account(app, id).text_at("/exposure/total/amount");
                total.parse::<f64>().unwrap()
            })
            .sum();
        assert!((sum - 100.0).abs() < 0.001, "{sum}");
    });
}

/// Buys 40 times for 1.00: two threads through the desk, two in batches past it, both for two customers.
fn buy_many(app: &TestApp, thread: usize) -> usize {
    let customer = if thread.is_multiple_of(2) {
        "C-1"
    } else {
        "C-2"
    };
    let mut taken = 0;
    for number in 0..40 {
        let order = an_order(customer, &format!("SO-{thread}-{number}"), cny("1.00"));
        let outcome = if thread < 2 {
            let reply = app.system().post("/v1/limit-checks", order).expect(200);
            reply["outcome"].clone()
        } else {
            let body = json!({"items": [order]});
            let reply = app
                .system()
                .post("/v1/limit-checks/batch", body)
                .expect(207);
            reply["items"][0]["check"]["outcome"].clone()
        };
        taken += usize::from(outcome == "approved");
    }
    taken
}

#[test]
fn caps_are_set_and_moved_while_others_buy_and_every_figure_agrees() {
    on_both(|app| {
        a_customer("C-1").with_limit("unlimited").create(app);
        a_customer("C-2").with_limit("unlimited").create(app);
        let caps: Vec<String> = std::thread::scope(|scope| {
            let buyers: Vec<_> = (0..4)
                .map(|thread| scope.spawn(move || buy_many(app, thread)))
                .collect();
            let invoices = scope.spawn(move || {
                for number in 0..20 {
                    an_invoice(&format!("I-{number}"), "C-1", "3.00").create(app);
                    a_receipt(&format!("R-{number}"), "C-1", "2.00").create(app);
                }
            });
            let owners = scope.spawn(move || {
                for owner in ["u-a", "u-b", "u-a", "u-b", "u-sales"] {
                    patch(app, "/v1/customers/C-1", json!({"owner": owner}));
                }
            });
            let caps = [
                ("company", None),
                ("salesperson", Some("u-sales")),
                ("salesperson", Some("u-a")),
                ("country", Some("CN")),
            ]
            .map(|(kind, key)| set_cap(app, kind, key, cny("100000.00")));
            for buyer in buyers {
                assert_eq!(buyer.join().unwrap(), 40);
            }
            invoices.join().unwrap();
            owners.join().unwrap();
            caps.to_vec()
        });
        let figures: Vec<Value> = caps
            .iter()
            .map(|id| cap(app, id)["by_currency"].clone())
            .collect();
        // 160 orders of 1.00, 20 invoices of 3.00, 20 receipts of 2.00.
        for id in [0, 1, 3] {
            assert_eq!(owed(app, &caps[id]), "180.00");
        }
        assert_eq!(owed(app, &caps[2]), "0.00");
        // Summed anew from the accounts, they are the same.
        remove_cap(app, &caps[0]);
        let again = set_cap(app, "company", None, cny("1.00"));
        assert_eq!(cap(app, &again)["by_currency"], figures[0]);
        // Reservations that are given back, captured or written off leave the caps too.
        let open = app.credit().get("/v1/reservations?limit=200").expect(200);
        let reservation = open["data"][0]["id"].as_str().unwrap();
        app.system()
            .post(
                &format!("/v1/reservations/{reservation}/release"),
                json!({"reason": "Cancelled."}),
            )
            .expect(200);
        let captured = open["data"][1]["id"].as_str().unwrap();
        let customer = open["data"][1]["customer_id"].as_str().unwrap();
        let today = app.clock().today().to_string();
        let body =
            json!({"invoice": {"number": "I-CAP", "invoice_date": today, "amount": cny("1.00")}});
        app.system()
            .post(&format!("/v1/reservations/{captured}/capture"), body)
            .expect(201);
        assert!(!customer.is_empty());
        assert_eq!(owed(app, &again), "179.00");
        let of_company = cap(app, &again);
        let categories = &of_company["by_currency"][0]["by_category"];
        assert_eq!(categories["reservations"], cny("158.00"));
        assert_eq!(categories["receivables"], cny("21.00"));
    });
}

#[test]
fn a_customer_has_an_industry_until_somebody_takes_it_away() {
    on_both(|app| {
        let body = json!({"number": "C-9", "name": "Nine", "country": "CN", "industry": "Paper"});
        let made = app.credit().post("/v1/customers", body).expect(201);
        assert_eq!(made["industry"], "Paper");
        let changed = patch(app, "/v1/customers/C-9", json!({"industry": null}));
        assert_eq!(changed["industry"], json!(null));
    });
}
