//! The indicators: the catalogue, and what they say of customers as of any day.

use std::collections::BTreeMap;

use kernel::ids::CustomerId;
use kernel::money::Money;
use methods::payment_behaviour::{Item, PaidPart, Window, payment_behaviour};
use methods::scoring::Value as Measured;
use netterms::rating::indicators::actions::values;
use netterms::rating::indicators::model::IndicatorValue;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{
    TestApp, a_customer, a_receipt, a_statement, an_invoice, on_both, set_policy,
};

/// What every indicator says of a customer as of a day, by code.
fn indicators(app: &TestApp, customer: &str, as_of: &str) -> BTreeMap<String, Value> {
    let path = format!("/v1/customers/{customer}/indicators?as_of={as_of}");
    let read = app.credit().get(&path).expect(200);
    assert_eq!(read["as_of"], as_of);
    let all = read["indicators"].as_array().unwrap().iter();
    all.map(|one| (one["code"].as_str().unwrap().to_owned(), one.clone()))
        .collect()
}

fn number(all: &BTreeMap<String, Value>, code: &str) -> f64 {
    all[code]["value"]
        .as_f64()
        .unwrap_or_else(|| panic!("{}", all[code]))
}

#[test]
fn the_catalogue_says_what_each_indicator_is() {
    on_both(|app| {
        let all = app.sales().get("/v1/indicators").expect(200);
        let all = all["data"].as_array().unwrap().clone();
        for code in [
            "CURRENT_RATIO",
            "QUICK_RATIO",
            "DEBT_RATIO",
            "NET_MARGIN",
            "SALES_GROWTH",
            "MARKET_SHARE",
            "INVENTORY_TURNOVER",
            "OVERDUE_COUNT",
            "OVERDUE_AMOUNT",
            "OVERDUE_SHARE",
            "REPAYMENT_RECORD",
            "INDUSTRY_GROWTH",
            "INDUSTRY_CONCENTRATION",
            "ALTMAN_Z_PRIVATE",
            "ALTMAN_Z_NON_MANUFACTURING",
            "DAYS_BEYOND_TERMS",
        ] {
            let listed = all.iter().find(|one| one["code"] == code).unwrap();
            let one = app
                .auditor()
                .get(&format!("/v1/indicators/{code}"))
                .expect(200);
            assert_eq!(one.body, *listed);
        }
        let opinion = app.credit().get("/v1/indicators/AUDIT_OPINION").expect(200);
        assert_eq!(
            opinion["answers"][1]["name"],
            json!({"en": "Qualified", "zh": "保留意见"})
        );
        let history = app.credit().get("/v1/indicators?kind=history").expect(200);
        let history = history["data"].as_array().unwrap().clone();
        assert_eq!(history.len(), 11);
        assert!(history.iter().all(|one| one["origin"] == "ledger"));
        app.credit()
            .get("/v1/indicators/BROKEN_PROMISES")
            .expect_problem(404, "not_found");
        app.credit()
            .get("/v1/indicators?kind=odd")
            .expect_problem(400, "malformed_parameter");
        app.system()
            .get("/v1/indicators")
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn of_a_customer_nobody_knows_every_indicator_is_missing_with_its_reason() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let all = indicators(app, "C-1", "2026-03-31");
        let catalogue = app.credit().get("/v1/indicators").expect(200);
        assert_eq!(all.len(), catalogue["data"].as_array().unwrap().len());
        for (code, one) in &all {
            assert_eq!(one["value"], Value::Null, "{code}");
            assert!(one["missing"]["code"].is_string(), "{code}");
        }
        for (code, why) in [
            ("CURRENT_RATIO", "no_statement"),
            ("OVERDUE_COUNT", "no_history"),
            ("OVERDUE_AMOUNT", "no_history"),
            ("OVERDUE_SHARE", "no_history"),
            ("INDUSTRY_GROWTH", "no_industry"),
            ("MARKET_SHARE", "not_said"),
        ] {
            assert_eq!(all[code]["missing"]["code"], why, "{code}");
        }
        app.credit()
            .get("/v1/customers/C-1/indicators?as_of=2026-04-01")
            .expect_problem(422, "invalid");
        app.credit()
            .get("/v1/customers/C-9/indicators")
            .expect_problem(404, "not_found");
    });
}

#[test]
fn the_policy_says_for_how_long_what_is_known_is_used() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        a_statement("C-1").create(app);
        let months = |code: &str| {
            let read = app.credit().get(&format!("/v1/indicators/{code}"));
            read.expect(200)["valid_months"].clone()
        };
        let all = || {
            [
                "CURRENT_RATIO",
                "INDUSTRY_GROWTH",
                "MARKET_SHARE",
                "OVERDUE_COUNT",
            ]
            .map(months)
        };
        assert_eq!(all(), [json!(18), json!(24), json!(12), Value::Null]);
        let ratio = || indicators(app, "C-1", "2026-03-31")["CURRENT_RATIO"].clone();
        assert_eq!(ratio()["expires_on"], "2027-06-30");
        set_policy(app, |document| {
            document["validity"] =
                json!({"statement_months": 2, "industry_months": 12, "fact_months": 1});
        });
        assert_eq!(all(), [json!(2), json!(12), json!(1), Value::Null]);
        assert_eq!(
            ratio()["missing"],
            json!({"code": "expired", "expired_on": "2026-02-28"})
        );
        let said = json!({
            "indicator": "MARKET_SHARE", "value": 0.1, "source": "Press", "as_of": "2026-03-31",
        });
        let fact = app
            .credit()
            .post("/v1/customers/C-1/facts", said)
            .expect(201);
        assert_eq!(fact["expires_on"], "2026-04-30");
    });
}

#[test]
fn statements_count_from_the_day_we_had_them_until_they_are_too_old() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        a_statement("C-1")
            .of("2024-12-31", "2025-03-20")
            .with("sales", "10000.00")
            .create(app);
        let first = a_statement("C-1").create(app);
        let corrected = a_statement("C-1")
            .with("current_assets", "4000.00")
            .saying("received_on", json!("2026-03-28"))
            .correcting(&first)
            .create(app);
        let before = indicators(app, "C-1", "2026-03-19");
        assert_eq!(before["CURRENT_RATIO"]["as_of"], "2024-12-31");
        assert_eq!(
            before["SALES_GROWTH"]["missing"],
            json!({"code": "no_figure", "reasons": [{"code": "no_period_before"}]})
        );
        let then = indicators(app, "C-1", "2026-03-27");
        assert!((number(&then, "CURRENT_RATIO") - 1.5625).abs() < 1e-9);
        assert_eq!(
            then["CURRENT_RATIO"]["source"]["statement_id"],
            first.as_str()
        );
        assert_eq!(then["CURRENT_RATIO"]["expires_on"], "2027-06-30");
        assert_eq!(
            then["CURRENT_RATIO"]["inputs"][0],
            json!({"name": "current_assets", "value": "5000.00", "currency": "CNY", "on": "2025-12-31"})
        );
        assert!((number(&then, "SALES_GROWTH") - 0.2).abs() < 1e-9);
        assert!((number(&then, "ALTMAN_Z_NON_MANUFACTURING") - 2.9746).abs() < 1e-9);
        assert_eq!(then["ALTMAN_Z_PRIVATE"]["inputs"][5]["value"], "grey");
        assert_eq!(
            then["QUICK_RATIO"]["missing"],
            json!({"code": "no_figure", "reasons": [{"code": "missing", "line": "inventory"}]})
        );
        let now = indicators(app, "C-1", "2026-03-31");
        assert!((number(&now, "CURRENT_RATIO") - 1.25).abs() < 1e-9);
        assert_eq!(
            now["CURRENT_RATIO"]["source"]["statement_id"],
            corrected.as_str()
        );
        app.turn_to("2027-07-01");
        let late = indicators(app, "C-1", "2027-07-01");
        assert_eq!(late["CURRENT_RATIO"]["value"], Value::Null);
        assert_eq!(
            late["CURRENT_RATIO"]["missing"],
            json!({"code": "expired", "expired_on": "2027-06-30"})
        );
    });
}

#[test]
fn the_ledger_tells_how_a_customer_pays_as_it_stood_on_the_day() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let invoice = |number: &str, amount: &str| {
            an_invoice(number, "C-1", amount)
                .dated("2026-01-10")
                .due("2026-02-09")
                .create(app);
        };
        // As in the book: 100,000 paid 5 days late, 50,000 paid 20 days late, 150,000 on the day.
        invoice("I-1", "100000.00");
        invoice("I-2", "50000.00");
        invoice("I-3", "150000.00");
        a_receipt("R-1", "C-1", "100000.00")
            .dated("2026-02-14")
            .paying("I-1", "100000.00")
            .create(app);
        a_receipt("R-2", "C-1", "50000.00")
            .dated("2026-03-01")
            .paying("I-2", "50000.00")
            .create(app);
        a_receipt("R-3", "C-1", "150000.00")
            .dated("2026-02-09")
            .paying("I-3", "150000.00")
            .create(app);
        let paid = indicators(app, "C-1", "2026-03-31");
        assert!((number(&paid, "DAYS_BEYOND_TERMS") - 5.0).abs() < 1e-9);
        assert!((number(&paid, "DAYS_TO_PAY") - 35.0).abs() < 1e-9);
        assert!((number(&paid, "REPAYMENT_RECORD") - 0.5).abs() < 1e-9);
        assert!((number(&paid, "OVERDUE_COUNT") - 2.0).abs() < 1e-9);
        assert!((number(&paid, "DAYS_LATE_MAX") - 20.0).abs() < 1e-9);
        assert!(number(&paid, "OVERDUE_AMOUNT").abs() < 1e-9);
        assert_eq!(
            paid["OVERDUE_AMOUNT"]["source"],
            json!({"kind": "ledger", "from": "2025-04-01", "to": "2026-03-31"})
        );
        let inputs = paid["OVERDUE_COUNT"]["inputs"].as_array().unwrap();
        assert!(inputs.contains(
            &json!({"name": "amount_paid", "value": "300000.00", "currency": "CNY", "on": null})
        ));
        // On 20 February one of them was still open, and eleven days past due.
        let then = indicators(app, "C-1", "2026-02-20");
        assert!((number(&then, "OVERDUE_AMOUNT") - 50000.0).abs() < 1e-9);
        assert!((number(&then, "OVERDUE_COUNT") - 2.0).abs() < 1e-9);
        assert!((number(&then, "DAYS_LATE_MAX") - 11.0).abs() < 1e-9);
        assert!((number(&then, "REPAYMENT_RECORD") - 0.5).abs() < 1e-9);
        // On the due day itself nothing was late, and what was not due yet has shown nothing.
        let due = indicators(app, "C-1", "2026-02-08");
        assert_eq!(due["OVERDUE_COUNT"]["missing"]["code"], "no_history");
        assert!(number(&due, "OVERDUE_AMOUNT").abs() < 1e-9);
        let before = indicators(app, "C-1", "2026-01-09");
        assert_eq!(before["OVERDUE_AMOUNT"]["missing"]["code"], "no_history");
        // What was invoiced counts at once; it grows only against something.
        assert!((number(&due, "INVOICED_AMOUNT") - 300_000.0).abs() < 1e-9);
        assert_eq!(due["INVOICED_GROWTH"]["missing"]["code"], "no_history");
        // A year later nothing of it is looked at any more.
        app.turn_to("2027-03-01");
        assert!(
            (number(&indicators(app, "C-1", "2027-02-28"), "OVERDUE_COUNT") - 1.0).abs() < 1e-9
        );
        assert_eq!(
            indicators(app, "C-1", "2027-03-01")["OVERDUE_COUNT"]["missing"]["code"],
            "no_history"
        );
    });
}

#[test]
fn money_that_was_taken_back_was_a_payment_until_then() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "1000.00")
            .dated("2026-03-01")
            .due("2026-03-11")
            .create(app);
        let receipt = a_receipt("R-1", "C-1", "1000.00")
            .dated("2026-03-10")
            .create(app);
        app.turn_to("2026-04-10");
        let finance = app.finance();
        let path = format!("/v1/receipts/{receipt}");
        let etag = finance.get(&path).expect(200).etag();
        finance
            .post_if(
                &format!("{path}/reverse"),
                &etag,
                json!({"reason": "The cheque bounced."}),
            )
            .expect(200);
        let until = indicators(app, "C-1", "2026-04-09");
        assert!((number(&until, "REPAYMENT_RECORD") - 1.0).abs() < 1e-9);
        let since = indicators(app, "C-1", "2026-04-10");
        assert!(number(&since, "REPAYMENT_RECORD").abs() < 1e-9);
        assert!((number(&since, "DAYS_LATE_MAX") - 30.0).abs() < 1e-9);
        assert_eq!(since["DAYS_TO_PAY"]["missing"]["code"], "no_history");
    });
}

#[test]
fn the_industry_table_answers_as_of_the_day() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let credit = app.credit();
        let etag = credit.get("/v1/customers/C-1").expect(200).etag();
        credit
            .patch("/v1/customers/C-1", &etag, json!({"industry": "Steel"}))
            .expect(200);
        let missing = indicators(app, "C-1", "2026-03-31");
        assert_eq!(
            missing["INDUSTRY_GROWTH"]["missing"],
            json!({"code": "not_in_industry_table", "industry": "Steel"})
        );
        let figures = |growth: &str, as_of: &str| {
            json!({
                "name_en": "Steel", "name_zh": "钢铁", "growth": growth, "cr4": "0.3", "risk_class": 4,
                "source": "NBS", "as_of": as_of,
            })
        };
        let request = credit
            .request("PUT", "/v1/industries/Steel")
            .header("If-None-Match", "*");
        request
            .json(figures("0.05", "2024-12-31"))
            .send()
            .expect(200);
        credit
            .put(
                "/v1/industries/Steel",
                "\"1\"",
                figures("-0.02", "2025-12-31"),
            )
            .expect(200);
        let now = indicators(app, "C-1", "2026-03-31");
        assert!((number(&now, "INDUSTRY_GROWTH") + 0.02).abs() < 1e-9);
        assert!((number(&now, "INDUSTRY_CONCENTRATION") - 0.3).abs() < 1e-9);
        assert!((number(&now, "INDUSTRY_RISK_CLASS") - 4.0).abs() < 1e-9);
        assert_eq!(
            now["INDUSTRY_HHI"]["missing"]["code"],
            "not_in_industry_table"
        );
        assert_eq!(now["INDUSTRY_GROWTH"]["source"]["industry_version"], 2);
        let then = indicators(app, "C-1", "2025-12-30");
        assert!((number(&then, "INDUSTRY_GROWTH") - 0.05).abs() < 1e-9);
        app.turn_to("2028-01-01");
        let late = indicators(app, "C-1", "2028-01-01");
        assert_eq!(
            late["INDUSTRY_GROWTH"]["missing"],
            json!({"code": "expired", "expired_on": "2027-12-31"})
        );
    });
}

#[test]
fn sales_read_the_indicators_of_their_own_customers() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").owned_by("u-other").create(app);
        app.sales().get("/v1/customers/C-1/indicators").expect(200);
        app.sales()
            .get("/v1/customers/C-2/indicators")
            .expect_problem(404, "not_found");
        app.auditor()
            .get("/v1/customers/C-2/indicators")
            .expect(200);
        app.system()
            .get("/v1/customers/C-1/indicators")
            .expect_problem(403, "forbidden");
    });
}

/// What one customer owed and paid: invoices with their due days, each with its payments.
type Story = Vec<(i64, &'static str, &'static str, Vec<(i64, &'static str)>)>;

/// The sums of the database and the rule that reads item by item say the same.
#[test]
fn many_customers_are_answered_at_once_as_the_rule_says_of_each() {
    let stories: Vec<Story> = vec![
        vec![(
            100,
            "2026-01-01",
            "2026-01-31",
            vec![(40, "2026-01-20"), (60, "2026-02-10")],
        )],
        vec![
            (500, "2025-02-01", "2025-03-01", vec![(500, "2025-04-15")]),
            (300, "2026-02-01", "2026-03-03", vec![(100, "2026-03-03")]),
            (700, "2026-03-20", "2026-04-19", vec![]),
        ],
        vec![(
            900,
            "2025-11-01",
            "2025-12-01",
            vec![(1, "2025-12-02"), (2, "2026-03-31")],
        )],
        vec![(10, "2026-03-31", "2026-03-31", vec![])],
    ];
    on_both(|app| {
        app.turn_to("2026-03-31");
        let mut ids: Vec<CustomerId> = Vec::new();
        for (place, story) in stories.iter().enumerate() {
            let number = format!("C-{place}");
            ids.push(a_customer(&number).create(app).id.parse().unwrap());
            for (item, (amount, dated, due, paid)) in story.iter().enumerate() {
                let invoice = format!("I-{place}-{item}");
                an_invoice(&invoice, &number, &format!("{amount}.00"))
                    .dated(dated)
                    .due(due)
                    .create(app);
                for (part, (amount, on)) in paid.iter().enumerate() {
                    let receipt = format!("R-{place}-{item}-{part}");
                    let amount = format!("{amount}.00");
                    a_receipt(&receipt, &number, &amount)
                        .dated(on)
                        .paying(&invoice, &amount)
                        .create(app);
                }
            }
        }
        for as_of in ["2026-03-31", "2026-03-03", "2026-02-05"] {
            let on = as_of.parse().unwrap();
            let mut db = app.database().reader().unwrap();
            let all = values(&mut db, &ids, on).unwrap();
            assert_eq!(all.len(), ids.len());
            for (id, story) in ids.iter().zip(&stories) {
                check(&all[id], story, as_of);
            }
        }
        let strangers = vec![CustomerId::new(); 3];
        let mut db = app.database().reader().unwrap();
        assert!(
            values(&mut db, &strangers, "2026-03-31".parse().unwrap())
                .unwrap()
                .is_empty()
        );
        assert!(
            values(&mut db, &[], "2026-03-31".parse().unwrap())
                .unwrap()
                .is_empty()
        );
    });
}

fn check(all: &BTreeMap<String, IndicatorValue>, story: &Story, as_of: &str) {
    let cny = "CNY".parse().unwrap();
    let money = |amount: i64| Money::from_minor(amount * 100, cny);
    let to: chrono::NaiveDate = as_of.parse().unwrap();
    let items: Vec<Item> = story
        .iter()
        .map(|(amount, dated, due, paid)| Item {
            amount: money(*amount),
            invoice_date: dated.parse().unwrap(),
            due_date: due.parse().unwrap(),
            paid: paid
                .iter()
                .map(|(amount, on)| PaidPart {
                    amount: money(*amount),
                    on: on.parse().unwrap(),
                })
                .collect(),
        })
        .collect();
    let window = Window {
        from: to - chrono::Days::new(364),
        to,
        tolerance_days: 0,
    };
    let behaviour = payment_behaviour(&items, cny, window).unwrap();
    let told = |code: &str| match &all[code].value {
        Some(Measured::Number(number)) => Some(*number),
        Some(Measured::Answer(answer)) => panic!("{code} is {answer}"),
        None => None,
    };
    let same = |code: &str, expected: Option<f64>| {
        assert_eq!(told(code), expected, "{code} as of {as_of}");
    };
    let shown = |number: u32| (behaviour.items > 0).then(|| f64::from(number));
    same("OVERDUE_COUNT", shown(behaviour.items_late));
    same("DAYS_LATE_MAX", shown(behaviour.days_late_max));
    let float = |figure: Option<kernel::figures::Figure>| {
        figure.and_then(kernel::figures::Figure::to_float)
    };
    same(
        "REPAYMENT_RECORD",
        float(behaviour.paid_and_overdue.share_in_time),
    );
    same(
        "DAYS_BEYOND_TERMS",
        float(behaviour.paid_and_overdue.days_beyond_terms),
    );
    same("DAYS_TO_PAY", float(behaviour.paid.days_to_pay));
    let invoiced = items.iter().any(|item| item.invoice_date <= to);
    let overdue = behaviour.overdue.amount();
    let as_float = overdue.to_string().parse().unwrap();
    same("OVERDUE_AMOUNT", invoiced.then_some(as_float));
    let fell_due = behaviour.paid_and_overdue.amount.amount();
    let share = (behaviour.items > 0).then(|| overdue / fell_due);
    let told = told("OVERDUE_SHARE").map(|told| Decimal::try_from(told).unwrap());
    let near = share
        .zip(told)
        .map(|(share, told)| (share - told).abs() <= Decimal::new(1, 5));
    assert_eq!(near, share.map(|_| true), "OVERDUE_SHARE as of {as_of}");
}
