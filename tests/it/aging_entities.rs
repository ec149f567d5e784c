//! Aging by the company to which something is owed, and in one currency.

use serde_json::{Value, json};

use crate::applications::Case;
use crate::entities::{bills_in, the_worked_example};
use crate::support::{Reply, TestApp, a_customer, on_both, set_rate};

fn aging(app: &TestApp, query: &str) -> Reply {
    app.credit()
        .get(&format!("/v1/reports/aging?{query}"))
        .expect(200)
}

/// Each row as `customer entity currency outstanding/unapplied`.
fn rows(report: &Reply) -> Vec<String> {
    let name = |row: &Value, of: &str| row[of]["number"].as_str().unwrap_or("-").to_owned();
    let amount = |row: &Value, of: &str| row[of]["amount"].as_str().unwrap().to_owned();
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        format!(
            "{} {} {} {}/{}",
            name(row, "customer"),
            name(row, "legal_entity"),
            row["currency"].as_str().unwrap(),
            amount(row, "outstanding"),
            amount(row, "unapplied")
        )
    })
    .collect()
}

#[test]
fn rows_are_by_company_and_currency_and_can_be_asked_for_one_by_one() {
    on_both(|app| {
        the_worked_example(app);
        a_customer("C-2").create(app);
        let invoice = json!({
            "number": "I-9", "customer": "C-2", "invoice_date": "2024-06-28",
            "amount": {"amount": "500.00", "currency": "CNY"},
        });
        app.finance().post("/v1/invoices", invoice).expect(201);
        assert_eq!(
            rows(&aging(app, "by=legal_entity")),
            [
                "- DE01 EUR 120000.00/0.00",
                "- DE01 USD 80000.00/10000.00",
                "- MAIN CNY 1800500.00/50000.00",
            ]
        );
        assert_eq!(
            rows(&aging(app, "by=balance")),
            [
                "C-1 DE01 EUR 120000.00/0.00",
                "C-1 DE01 USD 80000.00/10000.00",
                "C-1 MAIN CNY 1800000.00/50000.00",
                "C-2 MAIN CNY 500.00/0.00",
            ]
        );
        assert_eq!(
            rows(&aging(app, "legal_entity=DE01&currency=USD")),
            ["C-1 - USD 80000.00/10000.00"]
        );
        assert_eq!(
            rows(&aging(app, "currency=CNY&customer=C-2")),
            ["C-2 - CNY 500.00/0.00"]
        );
        assert_eq!(
            rows(&aging(app, "by=group&legal_entity=MAIN&legal_entity=US01")),
            ["C-1 - CNY 1800000.00/50000.00", "C-2 - CNY 500.00/0.00"]
        );
        assert!(rows(&aging(app, "legal_entity=XX")).is_empty());
        app.credit()
            .get("/v1/reports/aging?currency=XXX")
            .expect_problem(400, "malformed_parameter");
        assert_eq!(aging(app, "by=currency")["converted"], Value::Null);
        app.adds_up();
    });
}

#[test]
fn a_total_in_one_currency_names_its_rates_and_is_that_of_the_exposure() {
    on_both(|app| {
        the_worked_example(app);
        let report = aging(app, "by=legal_entity&in=CNY");
        let converted = &report["converted"];
        assert_eq!(converted["currency"], "CNY");
        // 1,800,000.00 + 932,976.00 + 581,021.96, and 50,000.00 + 72,627.74 that are not applied.
        let total = &converted["total"];
        assert_eq!(total["outstanding"]["amount"], "3313997.96");
        assert_eq!(total["unapplied"]["amount"], "122627.74");
        let rates = converted["rates"].as_array().unwrap();
        assert_eq!(rates.len(), 2);
        let dollar = rates.iter().find(|rate| rate["from"] == "USD").unwrap();
        assert_eq!(dollar["rate"], "7.26277440448");
        assert_eq!(dollar["rate_date"], "2024-06-28");
        assert_eq!(dollar["source"], "ECB");
        assert_eq!(converted["missing_rates"], json!([]));
        // In euros by the same rates.
        let euros = aging(app, "by=currency&in=EUR");
        assert_eq!(
            euros["converted"]["total"]["outstanding"]["amount"],
            "426248.65"
        );
        app.turn_to("2024-06-29");
        set_rate(app, "EUR", "USD", "1.0500", "2024-06-29");
        set_rate(app, "EUR", "CNY", "8.0000", "2024-06-29");
        let today = aging(app, "by=currency&in=CNY");
        assert_eq!(
            today["converted"]["total"]["outstanding"]["amount"],
            "3369523.81"
        );
        // A past day is converted by its own rates.
        let before = aging(app, "by=legal_entity&in=CNY&as_of=2024-06-28");
        assert_eq!(before["converted"], report["converted"]);
        assert_eq!(before["rows"], report["rows"]);
    });
}

#[test]
fn without_a_rate_there_is_no_total_and_never_one_of_the_rest() {
    on_both(|app| {
        the_worked_example(app);
        let report = aging(app, "by=currency&in=JPY");
        let converted = &report["converted"];
        assert_eq!(converted["total"], Value::Null);
        assert_eq!(
            converted["missing_rates"],
            json!([{"from": "CNY", "to": "JPY"}, {"from": "EUR", "to": "JPY"}, {"from": "USD", "to": "JPY"}])
        );
        assert_eq!(converted["rates"], json!([]));
        // What is all in one currency needs none.
        let alone = aging(app, "by=currency&currency=EUR&in=EUR");
        assert_eq!(
            alone["converted"]["total"]["outstanding"]["amount"],
            "120000.00"
        );
        assert_eq!(alone["converted"]["rates"], json!([]));
        let none = aging(app, "legal_entity=US01&in=JPY");
        assert_eq!(none["converted"]["total"]["outstanding"]["amount"], "0");
    });
}

#[test]
fn aging_as_csv_tells_companies_rates_and_the_total() {
    on_both(|app| {
        the_worked_example(app);
        let csv = |query: &str| {
            let reply = app
                .credit()
                .get(&format!("/v1/reports/aging?format=csv&{query}"))
                .expect(200);
            reply.text.clone()
        };
        let told = csv("by=balance&in=CNY&buckets=30");
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines[0],
            "customer_id,customer_number,customer_name,legal_entity_id,legal_entity_number,currency,outstanding,\
             not_due,1-30,over_30,unapplied,post_dated,sold,line,rate,rate_date,rate_source"
        );
        assert!(lines[2].ends_with(
            ",DE01,USD,80000.00,80000.00,0.00,0.00,10000.00,0.00,0.00,row,7.26277440448,2024-06-28,ECB"
        ));
        assert!(
            lines[3]
                .ends_with(",MAIN,CNY,1800000.00,1800000.00,0.00,0.00,50000.00,0.00,0.00,row,,,")
        );
        assert_eq!(
            lines[4],
            ",,,,,CNY,3313997.96,3313997.96,0.00,0.00,122627.74,0.00,0.00,total,,,"
        );
        let told = csv("by=currency&in=JPY&buckets=30");
        assert!(told.ends_with("JPY,,,,,,,,total,,,\r\n"), "{told}");
    });
}

#[test]
fn what_is_put_right_later_changes_no_day_before_in_any_company() {
    on_both(|app| {
        the_worked_example(app);
        let before = aging(app, "by=balance").body;
        app.turn_to("2024-07-10");
        let receipt = json!({
            "number": "R-9", "customer": "C-1", "receipt_date": "2024-07-10", "legal_entity": "DE01",
            "amount": {"amount": "125000.00", "currency": "EUR"},
        });
        let receipt = app.finance().post("/v1/receipts", receipt).expect(201);
        assert_eq!(
            rows(&aging(app, "by=balance&legal_entity=DE01&currency=EUR")),
            ["C-1 DE01 EUR 0.00/5000.00"]
        );
        app.turn_to("2024-07-20");
        let reason = json!({"reason": "It bounced.", "effective_on": "2024-07-15"});
        app.finance()
            .post_if(
                &format!("/v1/receipts/{}/reverse", receipt.id()),
                &receipt.etag(),
                reason,
            )
            .expect(200);
        let on = |day: &str| {
            let query =
                format!("by=balance&customer=C-1&legal_entity=DE01&currency=EUR&as_of={day}");
            rows(&aging(app, &query))
        };
        assert_eq!(on("2024-07-09"), ["C-1 DE01 EUR 120000.00/0.00"]);
        assert_eq!(on("2024-07-10"), ["C-1 DE01 EUR 0.00/5000.00"]);
        assert_eq!(on("2024-07-14"), ["C-1 DE01 EUR 0.00/5000.00"]);
        assert_eq!(on("2024-07-15"), ["C-1 DE01 EUR 120000.00/0.00"]);
        assert_eq!(on("2024-07-20"), ["C-1 DE01 EUR 120000.00/0.00"]);
        // The day itself says what it said.
        let now = aging(app, "by=balance&as_of=2024-06-28").body;
        assert_eq!(now["rows"], before["rows"]);
        app.adds_up();
    });
}

fn lower(app: &TestApp, account: &str, limit: &str) {
    let path = format!("/v1/credit-accounts/{account}");
    let etag = app.credit().get(&path).expect(200).etag();
    let body =
        json!({"limit": {"amount": limit, "currency": "CNY"}, "reason": "Less than before."});
    app.credit()
        .post_if(&format!("{path}/lower-limit"), &etag, body)
        .expect(200);
}

fn over_limit(app: &TestApp, query: &str) -> Vec<Value> {
    let path = format!("/v1/reports/over-limit-by-rates?{query}");
    let page = app.credit().get(&path).expect(200);
    page["data"].as_array().unwrap().clone()
}

#[test]
fn accounts_over_their_limit_by_a_movement_of_rates_are_told_with_both_figures() {
    on_both(|app| {
        let made = the_worked_example(app);
        lower(app, &made.account, "4150000.00");
        assert!(over_limit(app, "").is_empty());
        app.turn_to("2024-06-29");
        set_rate(app, "EUR", "USD", "1.0500", "2024-06-29");
        set_rate(app, "EUR", "CNY", "8.0000", "2024-06-29");
        // The account's last limit check was the day before.
        let told = over_limit(app, "");
        assert_eq!(told.len(), 1);
        let over = &told[0];
        assert_eq!(over["customer"]["number"], "C-1");
        assert_eq!(over["since"], "2024-06-28");
        let place = &over["places"][0];
        assert_eq!(place["kind"], "own");
        assert_eq!(place["exposure_before"]["amount"], "4117647.67");
        assert_eq!(place["exposure_now"]["amount"], "4205238.11");
        assert_eq!(place["excess"]["amount"], "55238.11");
        let rate = |rates: &str| {
            let rates = over[rates].as_array().unwrap().iter();
            let mut euro = rates.filter(|rate| rate["from"] == "EUR");
            euro.next().unwrap()["rate"].clone()
        };
        assert_eq!(
            (rate("rates_before"), rate("rates_now")),
            (json!("7.7748"), json!("8.0000"))
        );
        assert_eq!(over_limit(app, "since=2024-06-28"), told);
        assert_eq!(
            over_limit(app, "since=2024-06-28&currency=CNY&customer=C-1"),
            told
        );
        assert!(over_limit(app, "since=2024-06-28&currency=EUR").is_empty());
        // By the same rates nothing moved, and before any there is nothing to compare.
        assert!(over_limit(app, "since=2024-06-29").is_empty());
        assert!(over_limit(app, "since=2024-06-01").is_empty());
        app.credit()
            .get("/v1/reports/over-limit-by-rates?since=2024-06-30")
            .expect_problem(422, "invalid");
        app.system()
            .get("/v1/reports/over-limit-by-rates")
            .expect_problem(403, "forbidden");
        // Sales see their own customers alone.
        let stranger = app.caller("u-other", &[kernel::caller::Role::Sales], None);
        let page = stranger.get("/v1/reports/over-limit-by-rates").expect(200);
        assert_eq!(page["data"], json!([]));
    });
}

#[test]
fn accounts_whose_rates_are_missing_are_told_with_the_pair_page_by_page() {
    on_both(|app| {
        for number in ["C-1", "C-2", "C-3"] {
            let made = a_customer(number).with_limit("1000.00").create(app);
            bills_in(app, &made.account, &["USD"]);
            let invoice = json!({
                "number": number, "customer": number, "invoice_date": "2026-03-31",
                "amount": {"amount": "10.00", "currency": "USD"},
            });
            app.finance().post("/v1/invoices", invoice).expect(201);
        }
        a_customer("C-4").with_limit("1000.00").create(app);
        let mut path = "/v1/reports/over-limit-by-rates?limit=2".to_owned();
        let mut seen = Vec::new();
        loop {
            let page = app.credit().get(&path).expect(200);
            for over in page["data"].as_array().unwrap() {
                assert_eq!(over["places"], json!([]));
                assert_eq!(over["missing_rates"], json!([{"from": "USD", "to": "CNY"}]));
                seen.push(over["customer"]["number"].as_str().unwrap().to_owned());
            }
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            path = format!("/v1/reports/over-limit-by-rates?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, ["C-1", "C-2", "C-3"]);
    });
}

#[test]
fn the_matrix_and_an_assessment_count_all_that_a_customer_owes() {
    on_both(|app| {
        the_worked_example(app);
        let path = "/v1/reports/portfolio-matrix?currency=CNY&value=exposure&classes=1";
        let matrix = app.credit().get(path).expect(200);
        assert_eq!(matrix["value"]["amount"], "4117647.67");
        assert_eq!(matrix["customers_unknown"], 0);
        let case = Case::under_review(app, "C-1", "500000.00");
        let assessed = case.step(&app.credit(), "assess", json!({})).expect(200);
        let account = &assessed["assessment"]["facts"]["account"];
        assert_eq!(account["exposure"]["amount"], "4117647.67");
        assert_eq!(account["missing_rate"], Value::Null);
        // A customer of whom a rate is missing is in no cell, and there is no value of the whole.
        let made = a_customer("C-2").with_limit("1000.00").create(app);
        bills_in(app, &made.account, &["JPY"]);
        let invoice = json!({
            "number": "I-9", "customer": "C-2", "invoice_date": "2024-06-28",
            "amount": {"amount": "10", "currency": "JPY"},
        });
        app.finance().post("/v1/invoices", invoice).expect(201);
        let matrix = app.credit().get(path).expect(200);
        assert_eq!(matrix["value"], Value::Null);
        assert_eq!(
            (&matrix["customers"], &matrix["customers_unknown"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(
            matrix["missing_rates"],
            json!([{"from": "JPY", "to": "CNY"}])
        );
        let drawn = app.credit().get(&format!("{path}&format=svg")).expect(200);
        assert!(drawn.text.contains("1 of whom an exchange rate is missing"));
    });
}
