//! A published ledger, as it is: invoices of two years with the days on which they were settled. The figures that it
//! must give were counted from the file by other means.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, import, on_both, public_data};

const DATES: &str = "%m/%d/%Y";

/// Imports customers and accounts; the file's country codes are none of ISO 3166.
fn import_customers(app: &TestApp, file: &[u8]) {
    let customers = import("customers", file)
        .mapped(
            json!({"columns": {"number": "customerID", "name": "customerID"}, "defaults": {"country": "US"}}),
        )
        .run(&app.finance());
    assert_eq!(customers["result"], report(2466, 100), "{}", customers.text);
    let accounts = import("credit_accounts", file)
        .mapped(
            json!({"columns": {"customer_number": "customerID"}, "defaults": {"currency": "USD"}}),
        )
        .run(&app.finance());
    assert_eq!(accounts["result"], report(2466, 100), "{}", accounts.text);
}

fn import_invoices(app: &TestApp, file: &[u8]) -> Reply {
    import("invoices", file)
        .mapped(json!({
            "columns": {"number": "invoiceNumber", "customer_number": "customerID", "invoice_date": "InvoiceDate",
                "due_date": "DueDate", "amount": "InvoiceAmount"},
            "date_format": DATES, "defaults": {"currency": "USD"},
        }))
        .run(&app.finance())
}

fn import_receipts(app: &TestApp, file: &[u8]) -> Reply {
    import("receipts", file)
        .mapped(json!({
            "columns": {"number": "invoiceNumber", "customer_number": "customerID", "receipt_date": "SettledDate",
                "amount": "InvoiceAmount", "invoice_number": "invoiceNumber"},
            "date_format": DATES, "defaults": {"currency": "USD"},
        }))
        .run(&app.finance())
}

fn report(lines: usize, created: usize) -> Value {
    json!({"lines": lines, "created": created, "unchanged": lines - created, "rejected": 0})
}

/// Imports the ledger four times over, each time read by another mapping.
fn import_ledger(app: &TestApp, file: &[u8]) {
    app.turn_to("2014-02-01");
    import_customers(app, file);
    let invoices = import_invoices(app, file);
    assert_eq!(invoices["result"], report(2466, 2466), "{}", invoices.text);
    let receipts = import_receipts(app, file);
    assert_eq!(receipts["result"], report(2466, 2466), "{}", receipts.text);
}

/// One line of the ledger.
struct Line {
    text: String,
    customer: String,
    number: String,
    invoiced: NaiveDate,
    due: NaiveDate,
    settled: NaiveDate,
    amount: String,
}

fn lines(file: &[u8]) -> (String, Vec<Line>) {
    let text = std::str::from_utf8(file).unwrap();
    let mut rows = text.lines();
    let header = rows.next().unwrap().to_owned();
    let day = |field: &str| NaiveDate::parse_from_str(field, DATES).unwrap();
    let read = |row: &str| {
        let fields: Vec<&str> = row.split(',').collect();
        Line {
            text: row.to_owned(),
            customer: fields[1].to_owned(),
            number: fields[3].to_owned(),
            invoiced: day(fields[4]),
            due: day(fields[5]),
            settled: day(fields[8]),
            amount: fields[6].to_owned(),
        }
    };
    (header, rows.map(read).collect())
}

/// The lines of the file on which something holds, as a file.
fn part(header: &str, lines: &[Line], holds: impl Fn(&Line) -> bool) -> (usize, Vec<u8>) {
    let kept: Vec<&str> = lines
        .iter()
        .filter(|line| holds(line))
        .map(|line| line.text.as_str())
        .collect();
    (
        kept.len(),
        format!("{header}\n{}\n", kept.join("\n")).into_bytes(),
    )
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
    let Some(file) = public_data("ar_ibm_late_payments.csv") else {
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
    let Some(file) = public_data("ar_ibm_late_payments.csv") else {
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

/// Posts the invoices of one day.
fn invoice_day(finance: &Client, lines: &[Line], today: NaiveDate) {
    let invoices: Vec<Value> = lines
        .iter()
        .filter(|line| line.invoiced == today)
        .map(|line| {
            json!({"number": line.number, "customer": line.customer, "invoice_date": line.invoiced,
                "due_date": line.due, "amount": {"amount": line.amount, "currency": "USD"}})
        })
        .collect();
    if !invoices.is_empty() {
        finance
            .post(
                "/v1/invoices/batch?atomic=true",
                json!({"invoices": invoices}),
            )
            .expect(200);
    }
}

/// Posts the money of one day.
fn receive_day(finance: &Client, lines: &[Line], today: NaiveDate) {
    for line in lines.iter().filter(|line| line.settled == today) {
        let amount = json!({"amount": line.amount, "currency": "USD"});
        let receipt = json!({"number": line.number, "customer": line.customer, "receipt_date": line.settled,
            "amount": amount, "applications": [{"invoice_number": line.number, "amount": amount}]});
        finance.post("/v1/receipts", receipt).expect(201);
    }
}

fn verb(client: &Client, run: &str, verb: &str) {
    let path = format!("/v1/dunning-runs/{run}");
    let etag = client.get(&path).expect(200).etag();
    client
        .post_if(&format!("{path}/{verb}"), &etag, json!({}))
        .expect(200);
}

#[test]
fn in_a_year_of_daily_dunning_nobody_is_dunned_for_what_was_settled() {
    const AFTER_DAYS: [u64; 3] = [1, 8, 22];
    let Some(file) = public_data("ar_ibm_late_payments.csv") else {
        return;
    };
    let (header, lines) = lines(&file);
    let first = NaiveDate::from_ymd_opt(2013, 1, 1).unwrap();
    let year = || first.iter_days().take(365);
    on_both(|app| {
        let finance = app.finance();
        let credit = app.credit();
        let colleague = app.caller("u-colleague", &[Role::Credit], Some(1));
        app.turn_to("2012-12-31");
        import_customers(app, &file);
        let (count, past) = part(&header, &lines, |line| line.invoiced < first);
        assert_eq!(import_invoices(app, &past)["result"], report(count, count));
        let (count, past) = part(&header, &lines, |line| line.settled < first);
        assert_eq!(import_receipts(app, &past)["result"], report(count, count));
        let levels: Vec<Value> = (1..)
            .zip(AFTER_DAYS)
            .map(|(level, days)| {
                json!({"level": level, "days_past_due": days, "minimum_days_between": 7, "channel": "email",
                    "effect": "none", "minimum_amounts": [],
                    "texts": {"en": {"subject": "Reminder", "body": "Please pay {{ total }}."},
                        "zh-CN": {"subject": "提醒", "body": "请支付 {{ total }}。"}}})
            })
            .collect();
        let ladder = credit
            .post(
                "/v1/dunning-procedures",
                json!({"name": "Daily", "levels": levels}),
            )
            .expect(201);
        let path = format!("/v1/dunning-procedures/{}/make-default", ladder.id());
        credit.post_if(&path, &ladder.etag(), json!({})).expect(200);

        // Each day: a run is made and approved, then the day's money comes in, then the run goes out.
        for today in year() {
            app.turn_to(&today.to_string());
            invoice_day(&finance, &lines, today);
            let run = credit.post("/v1/dunning-runs", json!({})).expect(201).id();
            verb(&colleague, &run, "approve");
            receive_day(&finance, &lines, today);
            verb(&credit, &run, "issue");
        }

        let mut dunned: BTreeMap<String, Vec<(i64, NaiveDate)>> = BTreeMap::new();
        let notices = all(app, "/v1/dunning-notices");
        for notice in notices.iter().filter(|notice| notice["status"] == "issued") {
            let on: NaiveDate = notice["issued_on"].as_str().unwrap().parse().unwrap();
            let level = notice["level"].as_i64().unwrap();
            let items = notice["items"].as_array().unwrap().iter();
            for item in items.filter(|item| item["dropped_reason"].is_null()) {
                let number = item["invoice_number"].as_str().unwrap().to_owned();
                dunned.entry(number).or_default().push((level, on));
            }
        }
        assert!(dunned.len() > 100);
        for line in &lines {
            let mut days = dunned.remove(&line.number).unwrap_or_default();
            days.sort_unstable();
            assert!(
                days.iter().all(|(_, day)| *day < line.settled),
                "{} was settled on {} and dunned on {days:?}",
                line.number,
                line.settled
            );
            assert_eq!(days, expected(line, first, AFTER_DAYS), "{}", line.number);
        }
        assert!(dunned.is_empty());
    });
}

/// The levels at which an invoice must be dunned, and the days, counted from the file: at each level on the first day on which it is
/// late enough and a week has passed since the level before, as long as it is not settled on that day.
fn expected(line: &Line, first: NaiveDate, after_days: [u64; 3]) -> Vec<(i64, NaiveDate)> {
    let last = NaiveDate::from_ymd_opt(2013, 12, 31).unwrap();
    let mut days: Vec<(i64, NaiveDate)> = Vec::new();
    for (level, after) in (1..).zip(after_days) {
        let mut day = (line.due + Days::new(after)).max(first);
        if let Some((_, before)) = days.last() {
            day = day.max(*before + Days::new(7));
        }
        if day >= line.settled || day > last {
            break;
        }
        days.push((level, day));
    }
    days
}
