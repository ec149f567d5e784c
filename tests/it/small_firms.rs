//! Sixty-two small firms with what they were invoiced over three years, published with the grades that a bank gave them.
//! What the ledger alone tells of a customer is set against these grades. The file has no payments: all that is known is
//! how much was bought, since when, and whether it grows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use methods::validation::correlation::spearman;
use serde_json::json;

use crate::support::{TestApp, a_model, import, on_both, public_data, put_live};

/// The last day of the last whole year.
const TODAY: &str = "2019-12-31";

/// What the firms bought: number, customer, day, amount. Void invoices and red ones, which take something back, are
/// left out.
fn purchases() -> Option<String> {
    let file = public_data("cn_sme_purchase_invoices_a.csv.gz")?;
    let mut csv = "number,customer_number,invoice_date,amount,currency\n".to_owned();
    for row in csv::Reader::from_reader(&file[..]).records() {
        let row = row.unwrap();
        let (firm, number, day, gross, status) = (&row[0], &row[1], &row[2], &row[6], &row[7]);
        let amount: rust_decimal::Decimal = gross.parse().unwrap();
        if status == "valid" && amount > rust_decimal::Decimal::ZERO && day <= TODAY {
            writeln!(csv, "{firm}-{number},{firm},{day},{amount:.2},CNY").unwrap();
        }
    }
    Some(csv)
}

/// The firms with their grades: 3 is an A, 0 is a D.
fn firms() -> Option<BTreeMap<String, f64>> {
    let file = public_data("cn_sme_enterprises_a.csv")?;
    let rows = csv::Reader::from_reader(&file[..]).into_records();
    let firm = |row: csv::StringRecord| {
        let better = "DCBA".find(&row[2]).unwrap();
        (row[0].to_owned(), f64::from(u8::try_from(better).unwrap()))
    };
    Some(rows.map(|row| firm(row.unwrap())).collect())
}

fn furnish(app: &TestApp, firms: &BTreeMap<String, f64>, purchases: &str) {
    let (mut customers, mut accounts) = (
        "number,name,country\n".to_owned(),
        "customer_number,currency\n".to_owned(),
    );
    for firm in firms.keys() {
        writeln!(customers, "{firm},Firm {firm},CN").unwrap();
        writeln!(accounts, "{firm},CNY").unwrap();
    }
    for (kind, file) in [
        ("customers", customers.as_str()),
        ("credit_accounts", &accounts),
        ("invoices", purchases),
    ] {
        let job = import(kind, file).run(&app.finance());
        assert_eq!(job["status"], "succeeded", "{}", job.text);
        println!("{:?} {kind}: {}", app.backend, job["result"]);
    }
}

#[test]
fn what_the_ledger_tells_of_small_firms_goes_with_the_grades_that_a_bank_gave_them() {
    let (Some(firms), Some(purchases)) = (firms(), purchases()) else {
        return;
    };
    on_both(|app| {
        app.turn_to(TODAY);
        furnish(app, &firms, &purchases);
        let by_ledger = json!({"criteria": [
            {"code": "INVOICED_AMOUNT", "weight": 0.5, "worst": 0, "best": 5_000_000, "missing": "worst"},
            {"code": "YEARS_KNOWN", "weight": 0.35, "worst": 0, "best": 3, "missing": "worst"},
            {"code": "INVOICED_GROWTH", "weight": 0.15, "worst": -0.5, "best": 0.5, "missing": "worst"},
        ]});
        put_live(app, &a_model(app, "SMALL_FIRMS", by_ledger));
        let credit = app.credit();
        let job = credit.post("/v1/rating-runs", json!({})).expect(202);
        let location = job.header("location").unwrap();
        credit.get(&format!("{location}/events")).expect(200);
        let customers = credit.get("/v1/customers?limit=200").expect(200);
        let numbers: BTreeMap<&str, &str> = customers["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["id"].as_str().unwrap(), row["number"].as_str().unwrap()))
            .collect();
        let rated = credit.get("/v1/ratings?limit=200").expect(200);
        let (mut scores, mut grades) = (Vec::new(), Vec::new());
        for row in rated["data"].as_array().unwrap() {
            scores.push(row["score"].as_f64().unwrap());
            grades.push(firms[numbers[row["customer_id"].as_str().unwrap()]]);
        }
        assert_eq!(scores.len(), firms.len());
        let correlation = spearman(&scores, &grades).unwrap();
        println!(
            "{:?}: rank correlation with the bank's grades {correlation:.3}",
            app.backend
        );
        assert!(correlation > 0.4, "{correlation}");
    });
}
