//! What single controls find, and what they leave alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kernel::caller::Role;
use netterms::platform::events::catch_up;
use netterms::prove::controls::rules::{DUTIES, NO_DUTY};
use netterms::prove::sealing::actions::SEALING;
use netterms::prove::sealing::signing::Signer;
use netterms::server::declared_actions;
use netterms::server::housekeeping::{begin_day, sweep};
use serde_json::{Value, json};

use crate::applications::Case;
use crate::controls::{falsify, found, result, run};
use crate::limits::{an_order, check};
use crate::portfolio::set_cap;
use crate::sealed_trail::{falsify as falsify_trail, key_file, let_the_sealer, other_key_file};
use crate::support::{
    Client, TestApp, a_customer, a_receipt, an_invoice, on_both, on_both_with, set_rate,
};

const FROM: &str = "2026-03-01";
const TO: &str = "2026-03-31";

fn an_api_key(app: &TestApp, scopes: &[&str]) -> String {
    let body = json!({"name": "ERP", "role": "system", "scopes": scopes});
    app.admin()
        .post("/v1/api-keys", body)
        .expect(201)
        .text_at("/key")
}

fn invoice_body(app: &TestApp, number: &str) -> Value {
    an_invoice(number, "C-1", "100.00").body(app)
}

fn note_body(app: &TestApp, number: &str, about: &str) -> Value {
    json!({
        "number": number, "customer": "C-1", "credit_date": app.clock().today().to_string(),
        "invoice_number": about, "amount": {"amount": "30.00", "currency": "CNY"}, "reason": "Damaged.",
    })
}

fn receipt_body(app: &TestApp, number: &str) -> Value {
    json!({
        "number": number, "customer": "C-1", "receipt_date": app.clock().today().to_string(),
        "amount": {"amount": "10.00", "currency": "CNY"},
    })
}

// ---------------------------------------------------------------- duties

#[test]
fn every_action_is_a_duty_or_is_said_to_be_none() {
    let listed: Vec<&str> = DUTIES
        .iter()
        .map(|(action, _)| *action)
        .chain(NO_DUTY.iter().copied())
        .collect();
    let once: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(once.len(), listed.len(), "an action stands there twice");
    let declared: BTreeSet<&str> = declared_actions().into_iter().collect();
    let lacking: Vec<_> = declared.difference(&once).collect();
    let unknown: Vec<_> = once.difference(&declared).collect();
    assert!(
        lacking.is_empty() && unknown.is_empty(),
        "src/prove/controls/rules/duties.rs lacks {lacking:?}, and has {unknown:?} that nobody records"
    );
}

/// An operation that a system may use too is recorded with that role alone where sales may not.
#[test]
fn who_has_the_role_of_a_system_beside_another_is_a_person() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").owned_by("u-both").create(app);
        let both = app.caller("u-both", &[Role::Sales, Role::System], None);
        let asking = json!({
            "customer": "C-1", "requested_limit": {"amount": "900.00", "currency": "CNY"},
            "requested_net_days": 30, "purpose": "Steel.",
        });
        both.post("/v1/applications", asking).expect(201);
        both.post("/v1/receipts", receipt_body(app, "R-1"))
            .expect(201);
        app.system()
            .post("/v1/receipts", receipt_body(app, "R-2"))
            .expect(201);
        app.system()
            .post("/v1/invoices", invoice_body(app, "I-1"))
            .expect(201);
        let key = an_api_key(app, &["cash:post", "invoices:post"]);
        let erp = Client::new(app, Some(key));
        erp.post("/v1/receipts", receipt_body(app, "R-3"))
            .expect(201);
        erp.post("/v1/invoices", invoice_body(app, "I-2"))
            .expect(201);
        app.turn_to(TO);
        let run = run(app, &app.finance(), FROM, TO);
        assert_eq!(
            found(&run, "role_separation"),
            [("several_duties", "u-both")]
        );
        let cash = found(&run, "sales_touch_no_cash");
        assert!(
            cash.contains(&("sales_recorded_cash", "u-both")),
            "{cash:?}"
        );
        assert_eq!(result(&run, "sales_touch_no_cash")["population"], 1);
    });
}

#[test]
fn who_owned_the_customer_when_its_money_came_is_found_though_another_owns_it_now() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").owned_by("u-first").create(app);
        let first = app.caller("u-first", &[Role::Finance], None);
        let own = first
            .post("/v1/receipts", receipt_body(app, "R-1"))
            .expect(201)
            .id();
        app.turn_to("2026-03-11");
        let file = app.finance().get("/v1/customers/C-1").expect(200);
        app.finance()
            .patch(
                "/v1/customers/C-1",
                &file.etag(),
                json!({"owner": "u-second"}),
            )
            .expect(200);
        app.turn_to("2026-03-12");
        first
            .post("/v1/receipts", receipt_body(app, "R-2"))
            .expect(201);
        app.turn_to(TO);
        let run = run(app, &app.finance(), FROM, TO);
        assert_eq!(
            found(&run, "sales_touch_no_cash"),
            [("own_customers_cash", own.as_str())]
        );
    });
}

#[test]
fn who_was_never_away_is_found_by_the_organisations_days_and_systems_are_nobody() {
    on_both_with(
        |config| config.timezone = "Asia/Shanghai".to_owned(),
        |app| {
            app.turn_to("2026-01-01");
            a_customer("C-1").create(app);
            let both = app.caller("u-both", &[Role::Finance, Role::System], None);
            let key = an_api_key(app, &["cash:post"]);
            let erp = Client::new(app, Some(key));
            let first: chrono::NaiveDate = "2026-01-01".parse().unwrap();
            for (number, day) in first.iter_days().step_by(10).take(21).enumerate() {
                app.turn_to(&day.to_string());
                for (name, client) in [("B", &both), ("E", &erp), ("S", &app.system())] {
                    let body = receipt_body(app, &format!("{name}-{number}"));
                    client.post("/v1/receipts", body).expect(201);
                }
            }
            let run = run(app, &app.finance(), "2026-01-01", "2026-07-20");
            assert_eq!(found(&run, "job_rotation"), [("never_away", "u-both")]);
            let away = &result(&run, "job_rotation")["exceptions"][0];
            assert_eq!(away["detail"], "9");
        },
    );
}

// ---------------------------------------------------------------- what is given up

#[test]
fn who_recorded_an_invoice_or_its_money_and_credits_it_is_found() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").create(app);
        let other = app.caller("u-other", &[Role::Finance], None);
        let note = |client: &Client, number: &str, about: &str| {
            client
                .post("/v1/credit-notes", note_body(app, number, about))
                .expect(201)
                .id()
        };
        for number in ["I-1", "I-2", "I-3", "I-4"] {
            an_invoice(number, "C-1", "100.00").create(app);
        }
        let own = note(&app.finance(), "N-1", "I-1");
        note(&other, "N-2", "I-2");
        // Another recorded the money of the third.
        let mut money = receipt_body(app, "R-1");
        money["applications"] = json!([{
            "invoice_number": "I-3", "amount": {"amount": "10.00", "currency": "CNY"},
        }]);
        other.post("/v1/receipts", money).expect(201);
        let payer = note(&other, "N-3", "I-3");
        // The fourth is paid, so that the note waits.
        a_receipt("R-2", "C-1", "100.00")
            .paying("I-4", "100.00")
            .create(app);
        let waiting = note(&app.finance(), "N-4", "I-4");
        // Systems post both by themselves.
        let key = an_api_key(app, &["cash:post", "invoices:post"]);
        for (number, client) in [("S", app.system()), ("E", Client::new(app, Some(key)))] {
            let invoice = invoice_body(app, &format!("I-{number}"));
            client.post("/v1/invoices", invoice).expect(201);
            note(&client, &format!("N-{number}"), &format!("I-{number}"));
        }
        app.turn_to(TO);
        let run = run(app, &app.finance(), FROM, TO);
        let told = found(&run, "write_off_independence");
        let expected: Vec<(&str, &str)> = [&own, &payer, &waiting]
            .iter()
            .map(|note| ("gave_up_own", note.as_str()))
            .collect();
        assert_eq!(told, expected);
        assert_eq!(result(&run, "write_off_independence")["population"], 6);
    });
}

#[test]
fn a_note_of_an_earlier_period_is_found_in_the_period_in_which_it_is_used() {
    on_both(|app| {
        app.turn_to("2026-02-10");
        a_customer("C-1").create(app);
        let mut body = note_body(app, "N-1", "");
        body.as_object_mut().unwrap().remove("invoice_number");
        let granter = app.caller("u-granter", &[Role::Finance], None);
        let note = granter.post("/v1/credit-notes", body).expect(201).id();
        let invoice = invoice_body(app, "I-1");
        granter.post("/v1/invoices", invoice).expect(201);
        app.turn_to("2026-03-10");
        let apply = json!({"applications": [{
            "invoice_number": "I-1", "amount": {"amount": "30.00", "currency": "CNY"},
        }]});
        app.finance()
            .post("/v1/credit-notes/N-1/apply", apply)
            .expect(200);
        app.turn_to(TO);
        let before = run(app, &app.finance(), "2026-02-01", "2026-02-28");
        assert_eq!(found(&before, "write_off_independence"), []);
        let run = run(app, &app.finance(), FROM, TO);
        assert_eq!(
            found(&run, "write_off_independence"),
            [("gave_up_own", note.as_str())]
        );
    });
}

// ---------------------------------------------------------------- numbers

fn missing(app: &TestApp) -> Vec<String> {
    let run = run(app, &app.finance(), FROM, TO);
    let exceptions = result(&run, "sequential_numbering")["exceptions"].clone();
    let told = exceptions.as_array().unwrap().iter();
    told.map(|one| one["detail"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_gap_at_the_edge_of_a_period_is_found_in_the_period_after_it() {
    on_both(|app| {
        app.turn_to("2026-02-10");
        a_customer("C-1").create(app);
        for number in ["INV-0001", "R-9", "S-0001", "T-1", "OTHER-0004"] {
            an_invoice(number, "C-1", "10.00").create(app);
        }
        app.turn_to("2026-03-10");
        for number in ["INV-0003", "R-10", "S-0002", "T-13", "T-14"] {
            an_invoice(number, "C-1", "10.00").create(app);
        }
        app.turn_to(TO);
        assert_eq!(missing(app), ["INV-0002", "T-2 … T-12 (11)"]);
    });
}

#[test]
fn a_long_gap_is_one_only_where_no_other_period_fills_it() {
    on_both(|app| {
        app.turn_to("2026-02-10");
        a_customer("C-1").create(app);
        let numbers = |prefix: &'static str, but: u32| {
            let all = (2..=250_u32).filter(move |number| *number != but);
            let bodies = all.map(|number| {
                let number = match prefix {
                    "P-" => format!("P-{number:04}"),
                    _ => format!("{prefix}{number}"),
                };
                an_invoice(&number, "C-1", "1.00").body(app)
            });
            json!({"invoices": bodies.collect::<Vec<Value>>()})
        };
        for (prefix, but) in [("P-", 0), ("U-", 0), ("H-", 100)] {
            app.finance()
                .post("/v1/invoices/batch", numbers(prefix, but))
                .expect(207);
        }
        app.turn_to("2026-03-10");
        for number in [
            "P-0001", "P-0251", "U-1", "U-251", "H-1", "H-251", "H-99X", "HH-100",
        ] {
            an_invoice(number, "C-1", "1.00").create(app);
        }
        app.turn_to(TO);
        assert_eq!(missing(app), ["H-1 … H-251"]);
    });
}

// ---------------------------------------------------------------- decisions

#[test]
fn who_asks_for_a_release_does_not_release() {
    on_both(|app| {
        app.turn_to("2026-02-10");
        a_customer("C-1")
            .owned_by("u-else")
            .with_limit("100.00")
            .create(app);
        app.turn_to("2026-03-10");
        let waits = check(app, an_order("C-1", "SO-1", "150.00")).expect(200);
        let block = waits.text_at("/credit_block/id");
        let path = format!("/v1/credit-blocks/{block}");
        let both = app.caller("u-both", &[Role::Sales, Role::Credit], Some(2));
        let act = |client: &Client, verb: &str| {
            let etag = client.get(&path).expect(200).etag();
            let reason = json!({"reason": "They pay today."});
            client.post_if(&format!("{path}/{verb}"), &etag, reason)
        };
        act(&both, "request-release").expect(200);
        let refused = act(&both, "release").expect_problem(403, "segregation_of_duties");
        assert!(refused.text.contains("asking for the release"));
        let second = app.caller("u-second", &[Role::Credit], Some(2));
        act(&second, "release").expect(200);
        app.turn_to(TO);
        let sound = run(app, &app.finance(), FROM, TO);
        assert_eq!(found(&sound, "authority_matrix"), []);
        falsify(
            app,
            "UPDATE credit_blocks SET release_requested_by = decided_by",
        );
        let broken = run(app, &app.finance(), FROM, TO);
        assert_eq!(
            found(&broken, "authority_matrix"),
            [("same_person", block.as_str())]
        );
    });
}

#[test]
fn a_limit_that_was_taken_over_is_without_an_application() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").with_limit("100.00").create(app);
        app.turn_to(TO);
        let run = run(app, &app.finance(), FROM, TO);
        let matrix = result(&run, "authority_matrix");
        assert_eq!(matrix["population"], 1);
        assert_eq!(matrix["exceptions"][0]["code"], "without_reason");
        assert_eq!(matrix["exceptions"][0]["subject"], "test-builder");
    });
}

/// Whatever columns say of the last of them, the steps tell of all who had a part.
#[test]
fn an_approver_who_had_an_earlier_part_is_found_by_the_steps() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "5000.00");
        let second = app.caller("u-second", &[Role::Credit], Some(2));
        case.approve(&second).expect(200);
        app.turn_to(TO);
        let expect = |sql: &str, told: &[(&str, &str)]| {
            falsify(app, sql);
            let run = run(app, &app.finance(), FROM, TO);
            assert_eq!(found(&run, "authority_matrix"), told, "{sql}");
        };
        let same = [("same_person", case.id.as_str())];
        expect("UPDATE applications SET recommended_by = 'u-third'", &[]);
        expect("UPDATE applications SET approver = 'u-credit'", &same);
        expect("UPDATE applications SET approver = 'u-second'", &[]);
        expect(
            "UPDATE applications SET credit_approver = 'u-credit'",
            &same,
        );
        expect("UPDATE applications SET credit_approver = 'u-fourth'", &[]);
        expect(
            "UPDATE applications SET created_by = 'u-x', submitted_by = 'u-y', approver = 'u-sales'",
            &same,
        );
    });
}

// ---------------------------------------------------------------- master data

#[test]
fn who_changed_a_file_in_another_period_and_approves_now_is_found() {
    on_both(|app| {
        app.turn_to("2026-02-10");
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        let second = app.caller("u-second", &[Role::Credit], Some(2));
        let file = second.get("/v1/customers/C-1").expect(200);
        second
            .patch("/v1/customers/C-1", &file.etag(), json!({"city": "Wuxi"}))
            .expect(200);
        app.turn_to("2026-03-10");
        let case = Case::recommended(app, "C-1", "5000.00");
        case.approve(&second).expect(200);
        app.turn_to("2026-04-10");
        let alias = json!({"source_system": "erp", "alias": "77"});
        second.post("/v1/customers/C-1/aliases", alias).expect(201);
        app.turn_to("2026-04-30");
        for (from, to) in [(FROM, TO), ("2026-04-01", "2026-04-30")] {
            let run = run(app, &app.finance(), from, to);
            let told = found(&run, "master_data_four_eyes");
            assert!(
                told.contains(&("changed_and_approved", case.id.as_str())),
                "{from}: {told:?}"
            );
        }
        let before = run(app, &app.finance(), "2026-02-01", "2026-02-28");
        assert_eq!(found(&before, "master_data_four_eyes"), []);
    });
}

#[test]
fn caps_industries_and_rates_that_one_person_sets_are_found() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        let cap = set_cap(
            app,
            "country",
            Some("CN"),
            json!({"amount": "10.00", "currency": "CNY"}),
        );
        set_rate(app, "USD", "CNY", "7.1", "2026-03-09");
        set_rate(app, "EUR", "CNY", "8.1", "2026-03-09");
        let key = app
            .admin()
            .post(
                "/v1/api-keys",
                json!({"name": "Rates", "role": "system", "scopes": ["calendars:edit"]}),
            )
            .expect(201)
            .text_at("/key");
        let calendar = json!({"code": "CN", "name": "China", "weekend": ["saturday", "sunday"]});
        let _ = Client::new(app, Some(key)).post("/v1/calendars", calendar);
        app.turn_to(TO);
        let run = run(app, &app.finance(), FROM, TO);
        let told = found(&run, "master_data_four_eyes");
        assert_eq!(
            told,
            [
                ("changed_alone", cap.as_str()),
                ("changed_alone", "u-finance")
            ]
        );
        let rates = &result(&run, "master_data_four_eyes")["exceptions"][1];
        assert_eq!(rates["detail"], "exchange_rate.set (2)");
    });
}

// ---------------------------------------------------------------- the second person

#[test]
fn a_key_is_no_second_person_whatever_it_was_made_for() {
    on_both(|app| {
        app.turn_to(TO);
        let refused = app
            .admin()
            .post(
                "/v1/api-keys",
                json!({"name": "Auditor", "role": "auditor", "scopes": ["controls:run", "controls:sign-off"]}),
            )
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "second_person");
        assert_eq!(refused["errors"][0]["pointer"], "/scopes/1");
        // A key of before may have it.
        let key = app
            .admin()
            .post(
                "/v1/api-keys",
                json!({"name": "Auditor", "role": "auditor", "scopes": ["controls:read"]}),
            )
            .expect(201)
            .text_at("/key");
        falsify(
            app,
            "UPDATE api_keys SET scopes = '[\"controls:read\",\"controls:sign-off\"]'",
        );
        let begun = run(app, &app.finance(), FROM, TO);
        let path = format!("/v1/controls/runs/{}", begun.id());
        let robot = Client::new(app, Some(key));
        robot.get(&path).expect(200);
        robot
            .post_if(
                &format!("{path}/sign-off"),
                &begun.etag(),
                json!({"note": "Looked into."}),
            )
            .expect_problem(403, "out_of_scope");
    });
}

// ---------------------------------------------------------------- the trail

fn with_key(app: impl Fn(&TestApp)) {
    let file: PathBuf = key_file();
    on_both_with(|config| config.signing_key_file = Some(file.clone()), app);
}

fn sign(app: &TestApp) {
    app.admin()
        .post("/v1/trail/checkpoints", json!({}))
        .expect(201);
}

#[test]
fn a_day_is_signed_when_its_checkpoint_says_all_of_the_day_before() {
    with_key(|app| {
        let live = |day: &str| {
            app.turn_to(day);
            begin_day(app.database()).unwrap();
        };
        live("2026-03-30");
        a_customer("C-1").create(app);
        sweep(app.database()).unwrap();
        sign(app);
        let_the_sealer(app, "rest");
        an_invoice("I-1", "C-1", "10.00").create(app);
        live("2026-03-31");
        sign(app);
        let_the_sealer(app, "work");
        catch_up(app.database(), &SEALING).unwrap();
        live("2026-04-01");
        catch_up(app.database(), &SEALING).unwrap();
        sign(app);
        let sound = run(app, &app.finance(), "2026-03-30", "2026-04-01");
        assert_eq!(
            found(&sound, "trail_review"),
            [("day_without_checkpoint", "2026-03-31")]
        );
        // Somebody empties both tables.
        falsify_trail(
            app,
            "DELETE FROM trail_seals; DELETE FROM trail_checkpoints",
        );
        let emptied = run(app, &app.finance(), "2026-03-30", "2026-04-01");
        let told = found(&emptied, "trail_review");
        let days = told
            .iter()
            .filter(|(code, _)| *code == "day_without_checkpoint");
        assert_eq!(days.count(), 3, "{told:?}");
        assert!(told.iter().any(|(code, _)| *code == "chain_broken"));
    });
}

/// Whoever can write into the database signs with a key of his own.
fn sign_with(app: &TestApp, key: &Path) {
    crate::sealed_trail::sign_with(app, &Signer::from_file(key).unwrap());
}

#[test]
fn a_checkpoint_of_a_key_that_is_not_the_servers_signs_no_day() {
    let file = key_file();
    on_both(|app| {
        app.turn_to("2026-03-30");
        begin_day(app.database()).unwrap();
        sweep(app.database()).unwrap();
        sign_with(app, &file);
        let believed = run(app, &app.finance(), "2026-03-30", "2026-03-30");
        // Where the server has no key, it believes any.
        assert_eq!(found(&believed, "trail_review"), []);
    });
    let other = other_key_file();
    on_both_with(
        |config| config.signing_key_file = Some(other.clone()),
        |app| {
            app.turn_to("2026-03-30");
            begin_day(app.database()).unwrap();
            sweep(app.database()).unwrap();
            sign_with(app, &file);
            let run = run(app, &app.finance(), "2026-03-30", "2026-03-30");
            let told = found(&run, "trail_review");
            let codes: Vec<&str> = told.iter().map(|(code, _)| *code).collect();
            assert_eq!(codes, ["day_without_checkpoint", "chain_broken"]);
        },
    );
}
