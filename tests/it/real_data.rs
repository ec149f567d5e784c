//! A published ledger, as it is: invoices of two years with the days on which they were settled. The figures that it
//! must give were counted from the file by other means.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, import, on_both};

/// The folder of public data; the tests on it are skipped where it is not.
fn test_data(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var("NETTERMS_TEST_DATA").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            eprintln!(
                "SKIPPED: {} can't be read ({error}); set NETTERMS_TEST_DATA to its folder",
                path.display()
            );
            None
        }
    }
}

/// Imports the ledger four times over, each time read by another mapping.
fn import_ledger(app: &TestApp, file: &[u8]) {
    app.turn_to("2014-02-01");
    let dates = "%m/%d/%Y";
    let run = |kind: &str, mapping: Value| -> Reply {
        import(kind, file).mapped(mapping).run(&app.finance())
    };
    let report = |created: i64| json!({"lines": 2466, "created": created, "unchanged": 2466 - created, "rejected": 0});
    // The file's country codes are none of ISO 3166.
    let customers = run(
        "customers",
        json!({"columns": {"number": "customerID", "name": "customerID"}, "defaults": {"country": "US"}}),
    );
    assert_eq!(customers["result"], report(100), "{}", customers.text);
    let accounts = run(
        "credit_accounts",
        json!({"columns": {"customer_number": "customerID"}, "defaults": {"currency": "USD"}}),
    );
    assert_eq!(accounts["result"], report(100), "{}", accounts.text);
    let invoices = run(
        "invoices",
        json!({"columns": {"number": "invoiceNumber", "customer_number": "customerID", "invoice_date": "InvoiceDate",
            "due_date": "DueDate", "amount": "InvoiceAmount"}, "date_format": dates, "defaults": {"currency": "USD"}}),
    );
    assert_eq!(invoices["result"], report(2466), "{}", invoices.text);
    let receipts = run(
        "receipts",
        json!({"columns": {"number": "invoiceNumber", "customer_number": "customerID", "receipt_date": "SettledDate",
            "amount": "InvoiceAmount", "invoice_number": "invoiceNumber"}, "date_format": dates,
            "defaults": {"currency": "USD"}}),
    );
    assert_eq!(receipts["result"], report(2466), "{}", receipts.text);
}

/// Every item of a list, page after page.
fn all(app: &TestApp, path: &str) -> Vec<Value> {
    let finance = app.finance();
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = finance
            .get(&format!("{path}?limit=200{cursor}"))
            .expect(200);
        items.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[test]
fn a_published_ledger_comes_in_whole_and_everybody_has_paid() {
    let Some(file) = test_data("ar_ibm_late_payments.csv") else {
        return;
    };
    on_both(|app| {
        import_ledger(app, &file);
        let invoices = all(app, "/v1/invoices");
        assert_eq!(invoices.len(), 2466);
        let minor =
            |value: &Value| -> i64 { value.as_str().unwrap().replace('.', "").parse().unwrap() };
        let total: i64 = invoices
            .iter()
            .map(|invoice| minor(&invoice["amount"]["amount"]))
            .sum();
        assert_eq!(total, 14_770_318);
        assert!(invoices.iter().all(|invoice| invoice["status"] == "paid"));
        let accounts = all(app, "/v1/credit-accounts");
        assert_eq!(accounts.len(), 100);
        assert!(
            accounts
                .iter()
                .all(|account| account["exposure"]["total"]["amount"] == "0.00")
        );
    });
}

#[test]
fn the_aging_of_a_published_ledger_agrees_to_the_cent() {
    let Some(file) = test_data("ar_ibm_late_payments.csv") else {
        return;
    };
    on_both(|app| {
        import_ledger(app, &file);
        for (day, not_due, late) in [
            ("2012-06-30", (83, "4594.36"), (15, "909.73")),
            ("2012-12-31", (86, "4936.32"), (13, "788.74")),
            ("2013-06-30", (72, "4284.29"), (12, "835.56")),
        ] {
            let path = format!("/v1/reports/aging?by=currency&as_of={day}&buckets=30,60,90");
            let total = app.finance().get(&path).expect(200)["totals"][0].clone();
            let figures: Vec<(&str, i64, &str)> = total["buckets"]
                .as_array()
                .unwrap()
                .iter()
                .map(|bucket| {
                    (
                        bucket["name"].as_str().unwrap(),
                        bucket["count"].as_i64().unwrap(),
                        bucket["amount"]["amount"].as_str().unwrap(),
                    )
                })
                .collect();
            assert_eq!(figures[0], ("not_due", not_due.0, not_due.1), "{day}");
            assert_eq!(figures[1], ("1-30", late.0, late.1), "{day}");
            assert!(
                figures[2..].iter().all(|(_, count, _)| *count == 0),
                "{day}"
            );
        }
    });
}
