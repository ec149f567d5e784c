//! Several companies that sell: what a customer owes each of them, in each currency, against one limit.

use serde_json::{Value, json};

use crate::support::{Made, Reply, TestApp, a_customer, on_both, set_policy, set_rate};
use kernel::caller::Role;

const PATH: &str = "/v1/legal-entities";

fn hamburg() -> Value {
    json!({
        "number": "DE01", "name": "Jiangnan Deutschland GmbH", "country": "DE", "functional_currency": "EUR",
        "vat_id": "DE136695976", "lei": "5493001KJTIIGC8Y1R12", "timezone": "Europe/Berlin",
    })
}

fn open(app: &TestApp, path: &str) -> Value {
    app.finance().get(path).expect(200).body
}

#[test]
fn the_first_company_is_there_from_the_start_and_gets_the_name_of_yours() {
    on_both(|app| {
        let main = app.sales().get(&format!("{PATH}/MAIN")).expect(200);
        assert_eq!(main["name"], "Main");
        assert_eq!(main["ledger"], "mirror");
        assert_eq!(main["functional_currency"], Value::Null);
        let id = main.id();
        let patch =
            json!({"number": "CN01", "name": "Jiangnan Trading Co.", "functional_currency": "CNY"});
        let changed = app
            .admin()
            .patch(&format!("{PATH}/MAIN"), &main.etag(), patch)
            .expect(200);
        assert_eq!(changed.id(), id);
        app.sales()
            .get(&format!("{PATH}/MAIN"))
            .expect_problem(404, "not_found");
        // A functional currency that was said stays.
        app.admin()
            .patch(
                &format!("{PATH}/CN01"),
                &changed.etag(),
                json!({"functional_currency": "EUR"}),
            )
            .expect_problem(422, "invalid");
        app.admin()
            .patch(
                &format!("{PATH}/CN01"),
                &main.etag(),
                json!({"name": "Other"}),
            )
            .expect_problem(412, "stale");
    });
}

#[test]
fn a_company_is_set_up_by_finance_with_identifiers_that_check() {
    on_both(|app| {
        app.credit()
            .post(PATH, hamburg())
            .expect_problem(403, "forbidden");
        let created = app.finance().post(PATH, hamburg()).expect(201);
        assert_eq!(created["ledger"], "mirror");
        app.finance()
            .post(PATH, hamburg())
            .expect_problem(409, "duplicate_number");
        for (field, wrong) in [
            ("lei", "5493001KJTIIGC8Y1R13"),
            ("uscc", "91350100M000100Y44"),
            ("timezone", "Mars/Olympus"),
        ] {
            let mut input = hamburg();
            input["number"] = json!("DE02");
            input[field] = json!(wrong);
            app.finance()
                .post(PATH, input)
                .expect_problem(400, "malformed_body");
        }
        let listed = app.auditor().get(PATH).expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 2);
        assert_eq!(listed["data"][1]["id"], created["id"]);
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", created.id()))
            .expect(200);
        assert_eq!(trail["data"][0]["action"], "legal_entity.created");
    });
}

#[test]
fn a_document_keeps_its_own_company_and_currency_and_a_number_may_stand_in_two() {
    on_both(|app| {
        app.finance().post(PATH, hamburg()).expect(201);
        let account = a_customer("C-1").create(app).account;
        let invoice = |entity: &str, currency: &str| {
            json!({
                "number": "I-1", "customer": "C-1", "invoice_date": "2026-03-31", "legal_entity": entity,
                "amount": {"amount": "100.00", "currency": currency},
            })
        };
        app.finance()
            .post("/v1/invoices", invoice("DE01", "EUR"))
            .expect_problem(422, "currency_mismatch");
        let patch =
            json!({"billing_currencies": ["EUR", "USD"], "reason": "Buys from Hamburg as well."});
        let before = app
            .credit()
            .get(&format!("/v1/credit-accounts/{account}"))
            .expect(200);
        app.credit()
            .patch(
                &format!("/v1/credit-accounts/{account}"),
                &before.etag(),
                patch,
            )
            .expect(200);
        app.finance()
            .post("/v1/invoices", invoice("XX", "EUR"))
            .expect_problem(404, "not_found");
        let german = app
            .finance()
            .post("/v1/invoices", invoice("DE01", "EUR"))
            .expect(201);
        assert_eq!(german["amount"]["currency"], "EUR");
        app.finance()
            .post("/v1/invoices", invoice("DE01", "USD"))
            .expect_problem(409, "duplicate_number");
        let chinese = app
            .finance()
            .post("/v1/invoices", invoice("MAIN", "CNY"))
            .expect(201);
        assert_ne!(german["legal_entity_id"], chinese["legal_entity_id"]);
        app.finance()
            .get("/v1/invoices/I-1")
            .expect_problem(409, "ambiguous_number");
        let by_id = open(app, &format!("/v1/invoices/{}", german.id()));
        assert_eq!(by_id["legal_entity_id"], german["legal_entity_id"]);
        // Money of one company does not settle what is owed to another.
        let receipt = |number: &str, entity: &str, currency: &str, invoice: &str| {
            json!({
                "number": number, "customer": "C-1", "receipt_date": "2026-03-31", "legal_entity": entity,
                "amount": {"amount": "60.00", "currency": currency},
                "applications": [{"invoice_id": invoice, "amount": {"amount": "60.00", "currency": currency}}],
            })
        };
        app.finance()
            .post("/v1/receipts", receipt("R-1", "MAIN", "EUR", &german.id()))
            .expect_problem(422, "entity_mismatch");
        app.finance()
            .post("/v1/receipts", receipt("R-1", "DE01", "EUR", &german.id()))
            .expect(201);
        let by_id = open(app, &format!("/v1/invoices/{}", german.id()));
        assert_eq!(by_id["open"]["amount"], "40.00");
        // By its number, an invoice of the money's own company is meant.
        let mut by_number = receipt("R-2", "DE01", "EUR", "");
        by_number["applications"] =
            json!([{"invoice_number": "I-1", "amount": {"amount": "40.00", "currency": "EUR"}}]);
        by_number["amount"]["amount"] = json!("40.00");
        app.finance().post("/v1/receipts", by_number).expect(201);
        let by_id = open(app, &format!("/v1/invoices/{}", german.id()));
        assert_eq!(by_id["status"], "paid");
        app.adds_up();
    });
}

#[test]
fn only_finance_and_admin_manage_companies() {
    on_both(|app| {
        for role in [Role::Sales, Role::Credit, Role::Auditor, Role::System] {
            app.caller("u-other", &[role], None)
                .post(PATH, hamburg())
                .expect_problem(403, "forbidden");
        }
    });
}

/// The customer of the worked numbers: CNY 5,000,000.00 over three companies, with the ECB's rates of 28 June 2024.
pub fn the_worked_example(app: &TestApp) -> Made {
    app.turn_to("2024-06-28");
    set_rate(app, "EUR", "USD", "1.0705", "2024-06-28");
    set_rate(app, "EUR", "CNY", "7.7748", "2024-06-28");
    for (number, country, currency) in [("DE01", "DE", "EUR"), ("US01", "US", "USD")] {
        let input = json!({
            "number": number, "name": number, "country": country, "functional_currency": currency,
        });
        app.finance().post(PATH, input).expect(201);
    }
    let made = a_customer("C-1").with_limit("5000000.00").create(app);
    bills_in(app, &made.account, &["any"]);
    for (number, entity, amount, currency) in [
        ("I-1", "MAIN", "1800000.00", "CNY"),
        ("I-2", "DE01", "120000.00", "EUR"),
        ("I-3", "DE01", "80000.00", "USD"),
    ] {
        let invoice = json!({
            "number": number, "customer": "C-1", "invoice_date": "2024-06-28", "legal_entity": entity,
            "amount": {"amount": amount, "currency": currency},
        });
        app.finance().post("/v1/invoices", invoice).expect(201);
    }
    for (number, entity, amount, currency) in [
        ("R-1", "MAIN", "50000.00", "CNY"),
        ("R-2", "DE01", "10000.00", "USD"),
    ] {
        let receipt = json!({
            "number": number, "customer": "C-1", "receipt_date": "2024-06-28", "legal_entity": entity,
            "amount": {"amount": amount, "currency": currency}, "apply": "none",
        });
        app.finance().post("/v1/receipts", receipt).expect(201);
    }
    reserve(app, "SO-1", "MAIN", "200000.00", "CNY").expect(200);
    let taken = reserve(app, "SO-2", "US01", "100000.00", "USD").expect(200);
    assert_eq!(taken["reservation"]["amount"]["currency"], "USD");
    made
}

pub fn bills_in(app: &TestApp, account: &str, currencies: &[&str]) {
    let path = format!("/v1/credit-accounts/{account}");
    let etag = app.credit().get(&path).expect(200).etag();
    let billing = json!({"billing_currencies": currencies, "reason": "Buys from all of us."});
    app.credit().patch(&path, &etag, billing).expect(200);
}

pub fn reserve(app: &TestApp, order: &str, entity: &str, amount: &str, currency: &str) -> Reply {
    app.system().post(
        "/v1/limit-checks",
        json!({
            "customer": "C-1", "order_number": order, "legal_entity": entity, "reserve": true,
            "amount": {"amount": amount, "currency": currency},
        }),
    )
}

#[test]
fn balances_of_three_companies_count_against_one_limit_to_the_cent() {
    on_both(|app| {
        let made = the_worked_example(app);
        let account = open(app, &format!("/v1/credit-accounts/{}", made.account));
        assert_eq!(account["exposure"]["total"]["amount"], "4117647.67");
        assert_eq!(account["headroom"]["amount"], "882352.33");
        let balances = account["exposure"]["by_balance"].as_array().unwrap();
        let told: Vec<(&str, &str)> = balances
            .iter()
            .map(|balance| {
                let total = &balance["total"];
                (
                    total["currency"].as_str().unwrap(),
                    total["amount"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(told[0], ("CNY", "1950000.00"));
        for natural in [
            ("EUR", "120000.00"),
            ("USD", "70000.00"),
            ("USD", "100000.00"),
        ] {
            assert!(told.contains(&natural), "{told:?}");
        }
        // USD 150,000.00 do not fit; USD 121,489.70 do, and not a cent more.
        let refused = reserve(app, "SO-3", "US01", "150000.00", "USD").expect(200);
        assert_eq!(refused["outcome"], "review_required");
        assert_eq!(
            refused["counter_offers"][0]["amount"],
            json!({"amount": "121489.70", "currency": "USD"})
        );
        reserve(app, "SO-4", "US01", "121489.71", "USD")
            .expect(200)
            .body["outcome"]
            .as_str()
            .filter(|outcome| *outcome == "review_required")
            .unwrap();
        let fits = reserve(app, "SO-5", "US01", "121489.70", "USD").expect(200);
        assert!(fits["reservation"].is_object(), "{:?}", fits.body);
        app.adds_up();
    });
}

#[test]
fn a_companys_own_limit_binds_and_its_suspension_stops_its_own_orders_alone() {
    on_both(|app| {
        let made = the_worked_example(app);
        let path = format!("/v1/credit-accounts/{}/entities/US01", made.account);
        let none = app.sales().get(&path).expect(200);
        assert_eq!(none["limit"], Value::Null);
        let terms = json!({
            "limit": {"amount": "1500000.00", "currency": "CNY"}, "reason": "No more from New York.",
        });
        app.sales()
            .put(&path, &none.etag(), terms.clone())
            .expect_problem(403, "forbidden");
        let mut euro = terms.clone();
        euro["limit"]["currency"] = json!("EUR");
        app.credit()
            .put(&path, &none.etag(), euro)
            .expect_problem(422, "currency_mismatch");
        let set = app
            .credit()
            .put(&path, &none.etag(), terms.clone())
            .expect(200);
        app.credit()
            .put(&path, &none.etag(), terms)
            .expect_problem(412, "stale");
        let refused = reserve(app, "SO-3", "US01", "150000.00", "USD").expect(200);
        assert_eq!(
            refused["counter_offers"][0]["amount"],
            json!({"amount": "106532.64", "currency": "USD"})
        );
        // Another company is not bound by it.
        let elsewhere = reserve(app, "SO-4", "DE01", "110000.00", "USD").expect(200);
        assert!(elsewhere["reservation"].is_object(), "{:?}", elsewhere.body);
        let suspended = json!({"status": "suspended", "reason": "Sells there no more."});
        app.credit().put(&path, &set.etag(), suspended).expect(200);
        let stopped = reserve(app, "SO-5", "US01", "1.00", "USD").expect(200);
        assert_eq!(stopped["outcome"], "rejected");
        assert_eq!(stopped["reasons"][0]["code"], "account_status");
        let elsewhere = reserve(app, "SO-6", "DE01", "1.00", "USD").expect(200);
        assert_ne!(elsewhere["outcome"], "rejected");
        app.adds_up();
    });
}

#[test]
fn rates_of_another_day_change_what_is_left_and_no_book() {
    on_both(|app| {
        let made = the_worked_example(app);
        app.turn_to("2024-06-29");
        set_rate(app, "EUR", "USD", "1.0500", "2024-06-29");
        set_rate(app, "EUR", "CNY", "8.0000", "2024-06-29");
        let account = open(app, &format!("/v1/credit-accounts/{}", made.account));
        assert_eq!(account["exposure"]["total"]["amount"], "4205238.11");
        assert_eq!(account["headroom"]["amount"], "794761.89");
        let told = reserve(app, "SO-3", "US01", "1.00", "USD").expect(200);
        let replay = app
            .auditor()
            .post(&format!("/v1/limit-checks/{}/replay", told.id()), json!({}))
            .expect(200);
        assert_eq!(replay["replayed"]["outcome"], told["outcome"]);
        app.adds_up();
    });
}

#[test]
fn without_a_rate_an_order_is_refused_and_the_account_says_which_pair_is_missing() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("1000.00").create(app);
        bills_in(app, &made.account, &["USD"]);
        let invoice = json!({
            "number": "I-1", "customer": "C-1", "invoice_date": "2026-03-31",
            "amount": {"amount": "10.00", "currency": "USD"},
        });
        app.finance().post("/v1/invoices", invoice).expect(201);
        let account = open(app, &format!("/v1/credit-accounts/{}", made.account));
        assert_eq!(account["exposure"]["total"], Value::Null);
        assert_eq!(
            account["exposure"]["missing_rates"],
            json!([{"from": "USD", "to": "CNY"}])
        );
        let refused = reserve(app, "SO-1", "MAIN", "1.00", "CNY").expect(200);
        assert_eq!(refused["outcome"], "rejected");
        assert_eq!(refused["reasons"][0]["code"], "no_exchange_rate");
        assert_eq!(refused["reasons"][0]["facts"]["from"], "USD");
        reserve(app, "SO-2", "XX", "1.00", "CNY").expect_problem(404, "not_found");
    });
}

#[test]
fn a_group_of_mixed_currencies_is_judged_in_that_of_its_head() {
    on_both(|app| {
        app.turn_to("2024-06-28");
        set_rate(app, "EUR", "USD", "1.0705", "2024-06-28");
        set_rate(app, "EUR", "CNY", "7.7748", "2024-06-28");
        a_customer("G")
            .in_currency("EUR")
            .with_group_limit("900000.00")
            .create(app);
        a_customer("C-1")
            .below("G")
            .with_limit("9000000.00")
            .create(app);
        a_customer("S").below("G").in_currency("EUR").create(app);
        for (number, customer, amount, currency) in [
            ("I-1", "C-1", "1800000.00", "CNY"),
            ("I-2", "S", "150000.00", "EUR"),
        ] {
            let invoice = json!({
                "number": number, "customer": customer, "invoice_date": "2024-06-28",
                "amount": {"amount": amount, "currency": currency},
            });
            app.finance().post("/v1/invoices", invoice).expect(201);
        }
        // CNY 1,800,000.00 are EUR 231,517.21: EUR 518,482.79 are left, CNY 4,031,099.99 at the most.
        let asked = json!({
            "customer": "C-1", "order_number": "SO-1", "amount": {"amount": "4100000.00", "currency": "CNY"},
        });
        // Who may not see what others owe, is not told it.
        let masked = app
            .system()
            .post("/v1/limit-checks", asked.clone())
            .expect(200);
        assert_eq!(masked["outcome"], "review_required");
        let refused = app.credit().post("/v1/limit-checks", asked).expect(200);
        assert_eq!(refused["outcome"], "review_required");
        let reasons = refused["reasons"].as_array().unwrap();
        let group = reasons
            .iter()
            .find(|reason| reason["code"] == "group_limit");
        let facts = &group.unwrap()["facts"];
        assert_eq!(
            facts["exposure"],
            json!({"amount": "381517.21", "currency": "EUR"})
        );
        let offered = refused["counter_offers"][0]["amount"]["amount"].clone();
        let amount = offered.as_str().unwrap();
        let taken = reserve(app, "SO-2", "MAIN", amount, "CNY").expect(200);
        assert!(taken["reservation"].is_object(), "{:?}", taken.body);
        app.adds_up();
    });
}

#[test]
fn money_that_is_not_applied_lowers_other_balances_only_where_the_policy_nets_them() {
    on_both(|app| {
        let made = the_worked_example(app);
        // USD 20,000.00 more than is owed at the German company: CNY 145,255.48.
        let receipt = json!({
            "number": "R-3", "customer": "C-1", "receipt_date": "2024-06-28", "legal_entity": "DE01",
            "amount": {"amount": "90000.00", "currency": "USD"}, "apply": "none",
        });
        app.finance().post("/v1/receipts", receipt).expect(201);
        let exposure = || {
            let account = open(app, &format!("/v1/credit-accounts/{}", made.account));
            account["exposure"]["total"]["amount"].clone()
        };
        assert_eq!(exposure(), "3609253.45");
        // CNY 1,390,746.55 are left: USD 191,489.70 at the most.
        let apart = reserve(app, "SO-3", "US01", "900000.00", "USD").expect(200);
        let offered = |told: &Reply| told["counter_offers"][0]["amount"]["amount"].clone();
        assert_eq!(offered(&apart), "191489.70");
        let live = app.credit().get("/v1/policies/live").expect(200);
        assert_eq!(live["document"]["net_across_entities"], Value::Null);
        set_policy(app, |document| {
            document["net_across_currencies"] = json!(true);
        });
        assert_eq!(exposure(), "3463997.97");
        set_policy(app, |document| {
            document["net_across_currencies"] = json!(false);
            document["net_across_entities"] = json!(true);
        });
        assert_eq!(exposure(), "3463997.97");
        // The German dollars now stand beside the American ones.
        let netted = reserve(app, "SO-4", "US01", "900000.00", "USD").expect(200);
        assert_eq!(offered(&netted), "211489.70");
        // What was decided before is decided again by what held then.
        for told in [&apart, &netted] {
            let path = format!("/v1/limit-checks/{}/replay", told.id());
            let replay = app.auditor().post(&path, json!({})).expect(200);
            assert_eq!(replay["replayed"]["outcome"], told["outcome"]);
            assert_eq!(replay["replayed"]["counter_offers"], told["counter_offers"]);
        }
        app.adds_up();
    });
}
