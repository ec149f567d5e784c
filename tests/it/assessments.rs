//! The assessment of an application: what is known, what each method makes of it, what the policy gives, and why.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::applications::{Case, account, chief, cny, limits, second};
use crate::support::{
    Reply, TestApp, a_customer, a_graded_customer, a_receipt, an_invoice, on_both, rate_by_share,
    set_policy, set_rate,
};

const TODAY: &str = "2026-03-31";

/// A house on 31 March that rates by market share, rounds limits down to 10,000 and looks 90 days back on payments.
fn open(app: &TestApp) {
    app.turn_to(TODAY);
    rate_by_share(app);
    set_policy(app, |document| {
        document["limit_methods"]["rounding_steps"] = json!({"CNY": "10000.00"});
        document["limit_methods"]["payment_period_days"] = json!(90);
    });
}

/// The customer of formulas 3.11, of grade A: 1,800,000 paid in 90 days, of it 85 % in time.
fn customer(app: &TestApp, number: &str) -> String {
    let made = a_graded_customer(app, number, "A");
    let on_time = format!("{number}-1");
    let late = format!("{number}-2");
    an_invoice(&on_time, number, "1530000.00")
        .dated("2026-01-10")
        .due("2026-03-11")
        .create(app);
    an_invoice(&late, number, "270000.00")
        .dated("2025-12-10")
        .due("2026-01-10")
        .create(app);
    a_receipt(&format!("{number}-R1"), number, "270000.00")
        .dated("2026-02-10")
        .paying(&late, "270000.00")
        .create(app);
    a_receipt(&format!("{number}-R2"), number, "1530000.00")
        .dated("2026-03-11")
        .paying(&on_time, "1530000.00")
        .create(app);
    made.account
}

/// Enters the statement of formulas 3.11, times as many: net assets of 8,000,000, working capital of 2,500,000.
fn statement(app: &TestApp, customer: &str, times: i64) {
    let amount = |units: i64| cny(&format!("{}.00", units * times));
    let body = json!({
        "period_end": "2025-12-31", "months": 12, "kind": "annual", "currency": "CNY", "audit": "audited",
        "source": "Customer", "received_on": "2026-03-20",
        "lines": {
            "current_assets": amount(6_000_000), "intangible_assets": amount(1_000_000),
            "total_assets": amount(12_000_000), "current_liabilities": amount(3_500_000),
            "total_liabilities": amount(4_000_000), "total_equity": amount(8_000_000),
        }
    });
    let path = format!("/v1/customers/{customer}/financial-statements");
    app.credit().post(&path, body).expect(201);
}

fn expecting() -> Value {
    json!({"expected": {"yearly_need": cny("3650000.00"), "our_share": "0.60"}})
}

fn assess(case: &Case, app: &TestApp, body: Value) -> Reply {
    case.step(&app.credit(), "assess", body)
}

fn codes(notes: &Value) -> Vec<String> {
    let notes = notes.as_array().unwrap().iter();
    notes
        .map(|note| note["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_customer_of_the_formulas_is_assessed_with_every_step() {
    on_both(|app| {
        open(app);
        customer(app, "C-1");
        statement(app, "C-1", 1);
        let case = Case::under_review(app, "C-1", "382500.00");
        let assessed = assess(&case, app, expecting()).expect(200);
        assert_eq!(assessed["status"], "under_review");
        let found = &assessed["assessment"];
        let methods: Vec<(&Value, &Value)> = found["methods"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (&one["method"], &one["proposal"]["amount"]["amount"]))
            .collect();
        // Asked for 45 days, which A has: 2,190,000 / 365 * (45 + 15) * 0.9, and 20,000 a day * 45 * 0.85.
        assert_eq!(
            methods,
            [
                (&json!("sales_forecast"), &json!("324000.00")),
                (&json!("net_worth"), &json!("630000.00")),
                (&json!("payment_ability"), &json!("765000.00")),
            ]
        );
        let last = found["methods"][2]["proposal"]["steps"].as_array().unwrap();
        assert_eq!(last[0]["name"], "paid_per_day");
        assert_eq!(last[0]["value"], cny("20000.00"));
        assert_eq!(found["facts"]["payments"]["share_in_time"], "0.85");
        assert_eq!(found["facts"]["rating"]["grade"], "A");
        assert_eq!(found["facts"]["sales"]["sales"], cny("1800000.00"));
        assert_eq!(found["combined"]["combined"], cny("324000.00"));
        let recommended = &found["recommendation"];
        assert_eq!(recommended["decision"], "grant_less");
        assert_eq!(recommended["limit"], cny("320000.00"));
        assert_eq!(recommended["net_days"], 45);
        assert_eq!(recommended["discount"], json!({"rate": "0.02", "days": 10}));
        assert_eq!(recommended["review_on"], "2027-03-31");
        assert_eq!(codes(&found["reasons"]), ["methods_allow_less"]);
        assert_eq!(found["warnings"], json!([]));
        assert_eq!(found["straight_through"]["outcome"], "not_in_policy");
        let missing = found["missing"].as_array().unwrap().iter();
        let missing: Vec<&Value> = missing.map(|one| &one["fact"]).collect();
        assert_eq!(missing, ["security", "economics"]);
        let step = assessed["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(step["verb"], "assess");
        assert_eq!(step["details"]["assessment_id"], found["id"]);
    });
}

#[test]
fn a_statement_in_another_currency_is_converted_at_the_end_of_its_period() {
    on_both(|app| {
        open(app);
        customer(app, "C-1");
        let usd = |amount: &str| json!({"amount": amount, "currency": "USD"});
        let body = json!({
            "period_end": "2025-12-31", "months": 12, "kind": "annual", "currency": "USD", "audit": "audited",
            "source": "Customer", "received_on": "2026-03-20",
            "lines": {
                "current_assets": usd("600000.00"), "intangible_assets": usd("100000.00"),
                "total_assets": usd("1200000.00"), "current_liabilities": usd("350000.00"),
                "total_liabilities": usd("400000.00"), "total_equity": usd("800000.00"),
            }
        });
        let path = "/v1/customers/C-1/financial-statements";
        app.credit().post(path, body).expect(201);
        let case = Case::under_review(app, "C-1", "382500.00");
        // Without a rate nothing is converted, and the method says so in the reader's language.
        set_rate(app, "USD", "CNY", "9", "2026-01-15");
        let assessed = assess(&case, app, expecting()).expect(200);
        let method = &assessed["assessment"]["methods"][1];
        assert_eq!(method["proposal"], Value::Null);
        assert_eq!(
            method["why_not"],
            "The financial statement is in USD, the application in CNY, and no exchange rate leads there on 2025-12-31."
        );
        assert_eq!(method["why"]["code"], "statement_currency");
        let read = app
            .credit()
            .request("GET", &case.path())
            .header("Accept-Language", "zh-CN")
            .send()
            .expect(200);
        assert_eq!(
            read["assessment"]["methods"][1]["why_not"],
            "财务报表币种为 USD，申请币种为 CNY，2025-12-31 无可用汇率。"
        );
        assert_eq!(
            read["assessment"]["reasons"][0]["message"],
            "3 种方法中的 2 种合计允许 CNY 324000.00，申请 CNY 382500.00。"
        );
        assert_eq!(
            read["assessment"]["missing"][0]["message"],
            "账户没有保证、质押或投保额度。"
        );
        set_rate(app, "USD", "CNY", "10", "2025-12-30");
        let assessed = assess(&case, app, expecting()).expect(200);
        let found = &assessed["assessment"];
        assert_eq!(found["methods"][1]["proposal"]["amount"], cny("630000.00"));
        assert_eq!(found["facts"]["statement"]["net_assets"], cny("8000000.00"));
        assert_eq!(
            found["facts"]["statement"]["conversion"],
            json!({"from": "USD", "to": "CNY", "rate": "10", "rate_date": "2025-12-30", "source": "ECB"})
        );
    });
}

#[test]
fn what_is_not_known_is_named_and_nobody_is_judged_by_it() {
    on_both(|app| {
        app.turn_to(TODAY);
        a_customer("C-1").create(app);
        let case = Case::under_review(app, "C-1", "500000.00");
        // Nobody says how likely an unrated customer defaults; of every grade the scale does.
        let unknown = json!({
            "economics": {"margin": "0.25", "loss_given_default": "1", "capital_cost": "0.08"}
        });
        let refused = assess(&case, app, unknown).expect_problem(422, "invalid");
        assert_eq!(
            refused["errors"][0]["pointer"],
            "/economics/default_probability"
        );
        let found = assess(&case, app, json!({})).expect(200);
        let found = &found["assessment"];
        assert_eq!(found["recommendation"]["decision"], "undecided");
        assert_eq!(found["recommendation"]["limit"], Value::Null);
        assert_eq!(found["combined"], Value::Null);
        assert_eq!(codes(&found["reasons"]), ["not_rated", "no_proposal"]);
        let whys: Vec<&Value> = found["methods"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["why_not"])
            .collect();
        assert_eq!(
            whys,
            [
                "It lacks a rating.",
                "It lacks a rating.",
                "It lacks payments in the period, or bank lines and major suppliers.",
            ]
        );
        let missing = found["missing"].as_array().unwrap();
        assert!(missing.iter().any(|one| one["fact"] == "rating"));
        case.step(
            &app.credit(),
            "recommend",
            json!({"reason": "As assessed."}),
        )
        .expect_problem(422, "invalid");
    });
}

#[test]
fn a_recommendation_takes_what_the_last_assessment_says() {
    on_both(|app| {
        open(app);
        customer(app, "C-1");
        let case = Case::under_review(app, "C-1", "300000.00");
        let first = assess(&case, app, expecting()).expect(200);
        let second_one = assess(
            &case,
            app,
            json!({
                "expected": {"yearly_need": cny("3650000.00"), "our_share": "1"},
                "economics": {"margin": "0.25", "default_probability": "0.04", "loss_given_default": "1",
                    "capital_cost": "0.08"},
            }),
        )
        .expect(200);
        let assessment = &second_one["assessment"];
        assert_eq!(assessment["number"], 2);
        assert_eq!(assessment["recommendation"]["decision"], "grant");
        assert_eq!(codes(&assessment["reasons"]), ["as_requested"]);
        // (1 - 4 %) * 25 % - 4 % * 75 % - 75 % * 8 % * 45 / 365 of 300,000.
        assert_eq!(
            assessment["profit"]["result"]["expected_profit"],
            cny("60780.82")
        );
        let old = json!({"assessment_id": first["assessment"]["id"], "reason": "As assessed."});
        let refused = case
            .step(&app.credit(), "recommend", old)
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/assessment_id");
        let taken = json!({"assessment_id": assessment["id"], "reason": "As assessed."});
        let done = case.step(&app.credit(), "recommend", taken).expect(200);
        assert_eq!(done["recommendation"]["limit"], cny("300000.00"));
        assert_eq!(done["recommendation"]["net_days"], 45);
        // The approver sees the last one, and it stays as it was whatever is known later.
        let later =
            json!({"indicator": "MARKET_SHARE", "value": 0.1, "source": "Press", "as_of": TODAY});
        app.credit()
            .post("/v1/customers/C-1/facts", later)
            .expect(201);
        let approved = case.approve(&second(app)).expect(200);
        assert_eq!(&approved["assessment"], assessment);
        let step = approved["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(step["details"]["assessment_id"], assessment["id"]);
        let all = app
            .auditor()
            .get(&format!("{}/assessments", case.path()))
            .expect(200);
        assert_eq!(all["data"][0], *assessment);
        assert_eq!(all["data"][1], first["assessment"]);
        case.step(&app.credit(), "assess", json!({}))
            .expect_problem(409, "state_conflict");
    });
}

/// Lets netterms approve up to 400,000 for grade A and better.
fn let_the_house_approve(app: &TestApp) -> i64 {
    set_policy(app, |document| {
        document["straight_through"] = json!({
            "ceilings": {"CNY": "400000.00"}, "worst_grade": "A",
            "conditions": {"customer_months_min": 12, "in_time_share_min": "0.80"},
        });
    })
}

#[test]
fn the_house_approves_what_the_policy_lets_it_and_says_so() {
    on_both(|app| {
        open(app);
        let version = let_the_house_approve(app);
        let credit_account = customer(app, "C-1");
        let case = Case::under_review(app, "C-1", "300000.00");
        let done = assess(&case, app, expecting()).expect(200);
        assert_eq!(done["status"], "approved");
        assert_eq!(done["approver"], "netterms");
        assert_eq!(done["assessment"]["straight_through"]["outcome"], "met");
        let reason = format!(
            "Straight through under policy version {version}: every condition of assessment 1 is met."
        );
        assert_eq!(done["decision_reason"], reason);
        let steps = done["steps"].as_array().unwrap();
        let told: Vec<(&Value, &Value)> = steps[3..]
            .iter()
            .map(|step| (&step["verb"], &step["subject"]))
            .collect();
        assert_eq!(
            told,
            [
                (&json!("assess"), &json!("u-credit")),
                (&json!("approve_straight_through"), &json!("netterms")),
            ]
        );
        let account = account(app, &credit_account);
        assert_eq!(account["limit"], cny("300000.00"));
        assert_eq!(account["limit_valid_until"], "2027-03-31");
        assert_eq!(limits(app, &credit_account)[0]["set_by"], "netterms");
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", case.id))
            .expect(200);
        let last = trail["data"].as_array().unwrap().last().unwrap();
        assert_eq!(last["action"], "application.approved_straight_through");
        assert_eq!(
            (&last["subject"], &last["reason"]),
            (&json!("netterms"), &json!(reason))
        );
    });
}

#[test]
fn the_house_never_approves_above_its_ceiling_nor_with_an_open_warning_nor_when_people_are_asked_for()
 {
    on_both(|app| {
        open(app);
        let_the_house_approve(app);
        let unmet = |reply: &Reply| -> Vec<String> {
            let found = &reply["assessment"]["straight_through"];
            assert_eq!(found["outcome"], "not_met");
            let checks = found["checks"].as_array().unwrap().iter();
            let unmet = checks.filter(|check| check["result"] == "not_met");
            unmet
                .map(|check| check["code"].as_str().unwrap().to_owned())
                .collect()
        };
        customer(app, "C-1");
        let large = Case::under_review(app, "C-1", "410000.00");
        let need = json!({"expected": {"yearly_need": cny("9000000.00"), "our_share": "1"}});
        let held = assess(&large, app, need).expect(200);
        assert_eq!(held["status"], "under_review");
        assert_eq!(unmet(&held), ["ceiling"]);

        customer(app, "C-2");
        let asked = Case::under_review(app, "C-2", "300000.00");
        let mut by_people = expecting();
        by_people["approval"] = json!("by_people");
        let held = assess(&asked, app, by_people).expect(200);
        assert_eq!(held["status"], "under_review");
        assert_eq!(held["assessment"]["straight_through"]["outcome"], "met");

        customer(app, "C-3");
        an_invoice("C-3-9", "C-3", "10.00")
            .dated("2026-02-01")
            .due("2026-03-30")
            .create(app);
        let warned = Case::under_review(app, "C-3", "300000.00");
        let held = assess(&warned, app, expecting()).expect(200);
        assert_eq!(held["status"], "under_review");
        assert_eq!(codes(&held["assessment"]["warnings"]), ["overdue"]);
        assert_eq!(unmet(&held), ["no_warning"]);
    });
}

#[test]
fn an_assessment_is_made_once_by_credit_on_what_was_read() {
    on_both(|app| {
        open(app);
        customer(app, "C-1");
        let case = Case::under_review(app, "C-1", "300000.00");
        let path = format!("{}/assess", case.path());
        let etag = case.read().etag();
        app.sales()
            .post_if(&path, &etag, json!({}))
            .expect_problem(403, "forbidden");
        app.caller("u-sales", &[Role::Sales, Role::Credit], Some(1))
            .post_if(&path, &etag, json!({}))
            .expect_problem(403, "segregation_of_duties");
        app.credit()
            .request("POST", &path)
            .header("If-Match", &etag)
            .json(json!({}))
            .send()
            .expect_problem(400, "idempotency_key_missing");
        let foreign = json!({"expected": {"yearly_need": {"amount": "1.00", "currency": "EUR"}, "our_share": "1"}});
        app.credit()
            .post_if(&path, &etag, foreign)
            .expect_problem(422, "currency_mismatch");
        let share = json!({"expected": {"yearly_need": cny("1.00"), "our_share": "1.01"}});
        let refused = app
            .credit()
            .post_if(&path, &etag, share)
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/expected/our_share");
        let once = || {
            app.credit()
                .request("POST", &path)
                .key("assess-once")
                .header("If-Match", &etag)
                .json(expecting())
                .send()
                .expect(200)
        };
        let first = once();
        let replayed = once();
        assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
        assert_eq!(replayed.body, first.body);
        app.credit()
            .post_if(&path, &etag, json!({}))
            .expect_problem(412, "stale");
    });
}

/// Draft, assessment, escalation above credit's authority, a condition with its evidence, and an auditor who reads why.
#[test]
fn a_large_application_goes_from_draft_to_approved_and_the_auditor_reads_why() {
    on_both(|app| {
        open(app);
        let made = a_graded_customer(app, "C-1", "A");
        statement(app, "C-1", 100);
        let case = Case::under_review(app, "C-1", "12000000.00");
        let need = json!({"expected": {"yearly_need": cny("365000000.00"), "our_share": "0.60"}});
        let assessed = assess(&case, app, need).expect(200);
        let assessment = assessed["assessment"].clone();
        assert_eq!(assessment["recommendation"]["limit"], cny("12000000.00"));
        let recommending = json!({
            "assessment_id": assessment["id"], "conditions": ["A guarantee of the parent company"],
            "reason": "Both methods carry three times as much.",
        });
        case.step(&app.credit(), "recommend", recommending)
            .expect(200);

        let refused = case
            .approve(&second(app))
            .expect_problem(403, "over_authority");
        assert_eq!(refused["needed"], "credit level 2, then finance level 2");
        let first = case.approve(&chief(app)).expect(200);
        assert_eq!(first["status"], "pending_approval");
        assert_eq!(first["credit_approver"], "u-chief");
        let decided = case.approve(&app.finance()).expect(200);
        assert_eq!(decided["status"], "approved_with_conditions");
        assert_eq!(account(app, &made.account)["limit"], Value::Null);
        let evidence = json!({"fulfilled": [{"position": 0, "evidence": "Guarantee 2026-17, signed on 30 March."}]});
        case.step(&app.credit(), "fulfil-conditions", evidence)
            .expect(200);
        assert_eq!(account(app, &made.account)["limit"], cny("12000000.00"));

        let read = app.auditor().get(&case.path()).expect(200);
        assert_eq!(read["status"], "approved");
        assert_eq!(read["assessment"], assessment);
        assert_eq!(
            read["conditions"][0]["evidence"],
            "Guarantee 2026-17, signed on 30 March."
        );
        let steps = read["steps"].as_array().unwrap().iter();
        let told: Vec<String> = steps
            .map(|step| {
                format!(
                    "{} {}",
                    step["subject"].as_str().unwrap(),
                    step["verb"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "u-sales create",
                "u-sales submit",
                "u-credit start_review",
                "u-credit assess",
                "u-credit recommend",
                "u-chief approve",
                "u-finance approve",
                "u-credit fulfil_conditions",
            ]
        );
        for approval in [5, 6] {
            let step = &read["steps"][approval];
            assert_eq!(step["details"]["assessment_id"], assessment["id"]);
            assert_eq!(step["reason"], "Sound figures.");
        }
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}&limit=200", case.id))
            .expect(200);
        let actions = trail["data"].as_array().unwrap().iter();
        let actions: Vec<&str> = actions
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        assert_eq!(
            actions,
            [
                "application.drafted",
                "application.submitted",
                "application.review_started",
                "application.assessed",
                "application.recommended",
                "application.approved",
                "application.approved",
                "application.conditions_fulfilled",
            ]
        );
        assert_eq!(limits(app, &made.account)[0]["application_id"], case.id);
    });
}
