//! Aging by the company to which something is owed, and in one currency.

use serde_json::{Value, json};

use crate::entities::{holds, the_worked_example};
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
            .expect_problem(400, "malformed_query");
        assert_eq!(aging(app, "by=currency")["converted"], Value::Null);
        holds(app);
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
        assert!(lines[3].ends_with(",MAIN,CNY,1800000.00,1800000.00,0.00,0.00,50000.00,0.00,0.00,row,,,"));
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
            let query = format!("by=balance&customer=C-1&legal_entity=DE01&currency=EUR&as_of={day}");
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
        holds(app);
    });
}
