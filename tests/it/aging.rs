//! What is outstanding, by how long it has been due, as of any day.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, a_receipt, an_invoice, on_both};

fn aging(app: &TestApp, query: &str) -> Reply {
    app.credit()
        .get(&format!("/v1/reports/aging?{query}"))
        .expect(200)
}

/// The buckets of a row that hold something, as `name=amount/count`, with what is outstanding and unapplied.
fn told(row: &Value) -> String {
    let buckets = row["buckets"].as_array().unwrap();
    let filled: Vec<String> = buckets
        .iter()
        .filter(|bucket| bucket["count"] != 0)
        .map(|bucket| {
            let amount = bucket["amount"]["amount"].as_str().unwrap();
            format!(
                "{}={amount}/{}",
                bucket["name"].as_str().unwrap(),
                bucket["count"]
            )
        })
        .collect();
    let amount = |name: &str| row[name]["amount"].as_str().unwrap().to_owned();
    format!(
        "{} of {}, unapplied {}",
        filled.join(" "),
        amount("outstanding"),
        amount("unapplied")
    )
}

/// What the only row of a report by currency tells; nothing when there is none.
fn total(app: &TestApp, as_of: &str) -> String {
    let report = aging(app, &format!("by=currency&as_of={as_of}"));
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.len() <= 1);
    assert_eq!(report["totals"].as_array().unwrap().len(), rows.len());
    rows.first().map(told).unwrap_or_default()
}

fn take_back(app: &TestApp, path: &str, verb: &str) {
    let etag = app.finance().get(path).expect(200).etag();
    app.finance()
        .post_if(
            &format!("{path}/{verb}"),
            &etag,
            json!({"reason": "Posted by mistake."}),
        )
        .expect(200);
}

#[test]
fn every_invoice_is_in_the_bucket_of_its_age() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        for (number, due, amount) in [
            ("I-1", "2026-04-15", "1.00"),
            ("I-2", "2026-03-31", "2.00"),
            ("I-3", "2026-03-30", "4.00"),
            ("I-4", "2026-03-01", "8.00"),
            ("I-5", "2026-02-28", "16.00"),
            ("I-6", "2025-03-31", "32.00"),
            ("I-7", "2025-03-30", "64.00"),
        ] {
            an_invoice(number, "C-1", amount)
                .dated("2025-01-01")
                .due(due)
                .create(app);
        }
        let report = aging(app, "");
        assert_eq!(report["as_of"], "2026-03-31");
        assert_eq!(report["covers"], "all");
        assert_eq!(report["rows"][0]["customer"]["number"], "C-1");
        assert_eq!(report["rows"][0]["customer"]["id"], json!(made.id));
        let expected = "not_due=3.00/2 1-30=12.00/2 31-60=16.00/1 181-365=32.00/1 over_365=64.00/1 of 127.00, unapplied 0.00";
        assert_eq!(told(&report["rows"][0]), expected);
        assert_eq!(told(&report["totals"][0]), expected);
        // Buckets are data.
        let report = aging(app, "buckets=1,400");
        assert_eq!(
            told(&report["rows"][0]),
            "not_due=3.00/2 1-1=4.00/1 2-400=120.00/4 of 127.00, unapplied 0.00"
        );
        assert_eq!(report["rows"][0]["buckets"].as_array().unwrap().len(), 4);
        assert_eq!(report["rows"][0]["buckets"][3]["name"], "over_400");
        assert_eq!(report["rows"][0]["buckets"][3]["to_days"], json!(null));
    });
}

#[test]
fn a_past_day_keeps_its_answer_whatever_happens_later() {
    on_both(|app| {
        app.turn_to("2026-01-10");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .dated("2026-01-10")
            .due("2026-01-31")
            .create(app);
        an_invoice("I-2", "C-1", "40.00")
            .dated("2026-01-10")
            .due("2026-01-31")
            .create(app);
        let january = "not_due=140.00/2 of 140.00, unapplied 0.00";
        assert_eq!(total(app, "2026-01-10"), january);
        app.turn_to("2026-02-10");
        let receipt = a_receipt("R-1", "C-1", "120.00")
            .paying("I-1", "100.00")
            .create(app);
        let february = "1-30=40.00/1 of 40.00, unapplied 20.00";
        assert_eq!(total(app, "2026-02-10"), february);
        app.turn_to("2026-03-10");
        take_back(app, &format!("/v1/receipts/{receipt}"), "reverse");
        let march = "31-60=140.00/2 of 140.00, unapplied 0.00";
        assert_eq!(total(app, "2026-03-10"), march);
        app.turn_to("2026-04-10");
        take_back(app, "/v1/invoices/I-2", "cancel");
        let note = json!({
            "number": "CN-1", "customer": "C-1", "invoice_number": "I-1", "credit_date": "2026-04-10",
            "amount": {"amount": "25.00", "currency": "CNY"}, "reason": "Damaged.",
        });
        app.finance().post("/v1/credit-notes", note).expect(201);
        let april = "61-90=75.00/1 of 75.00, unapplied 0.00";
        assert_eq!(total(app, "2026-04-10"), april);
        // Each day by itself, asked long after.
        app.turn_to("2026-12-31");
        assert_eq!(total(app, "2026-01-09"), "");
        assert_eq!(total(app, "2026-01-10"), january);
        assert_eq!(
            total(app, "2026-02-09"),
            "1-30=140.00/2 of 140.00, unapplied 0.00"
        );
        assert_eq!(total(app, "2026-02-10"), february);
        assert_eq!(
            total(app, "2026-03-09"),
            "31-60=40.00/1 of 40.00, unapplied 20.00"
        );
        assert_eq!(total(app, "2026-03-10"), march);
        assert_eq!(
            total(app, "2026-04-09"),
            "61-90=140.00/2 of 140.00, unapplied 0.00"
        );
        assert_eq!(total(app, "2026-04-10"), april);
        // Today it is what the account itself says.
        let account = app
            .finance()
            .get(&format!("/v1/credit-accounts/{}", made.account))
            .expect(200);
        let today = aging(app, "");
        assert_eq!(
            today["rows"][0]["outstanding"],
            account["exposure"]["by_category"]["receivables"]
        );
        assert_eq!(
            today["rows"][0]["unapplied"],
            account["exposure"]["by_category"]["unapplied_cash"]
        );
    });
}

#[test]
fn money_counts_from_the_day_on_which_it_came() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100.00")
            .dated("2026-03-10")
            .due("2026-03-20")
            .create(app);
        a_receipt("R-1", "C-1", "60.00")
            .dated("2026-03-05")
            .create(app);
        a_receipt("R-2", "C-1", "30.00")
            .dated("2026-03-25")
            .create(app);
        // Before the invoice there was money on account; from its day on the money settles it.
        assert_eq!(total(app, "2026-03-05"), " of 0.00, unapplied 60.00");
        assert_eq!(
            total(app, "2026-03-10"),
            "not_due=40.00/1 of 40.00, unapplied 0.00"
        );
        assert_eq!(
            total(app, "2026-03-24"),
            "1-30=40.00/1 of 40.00, unapplied 0.00"
        );
        assert_eq!(
            total(app, "2026-03-25"),
            "1-30=10.00/1 of 10.00, unapplied 0.00"
        );
    });
}

#[test]
fn rows_are_by_customer_group_owner_or_currency_and_never_mix_currencies() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("G").create(app);
        a_customer("A").below("G").create(app);
        a_customer("B").below("A").owned_by("u-other").create(app);
        a_customer("E").in_currency("EUR").create(app);
        for (number, customer, currency) in [
            ("I-1", "G", "CNY"),
            ("I-2", "A", "CNY"),
            ("I-3", "B", "CNY"),
            ("I-4", "E", "EUR"),
        ] {
            an_invoice(number, customer, "10.00")
                .in_currency(currency)
                .create(app);
        }
        let rows = |by: &str| -> Vec<String> {
            let report = aging(app, &format!("by={by}"));
            let rows = report["rows"].as_array().unwrap().clone();
            let totals: Vec<_> = report["totals"]
                .as_array()
                .unwrap()
                .iter()
                .map(|t| t["outstanding"].clone())
                .collect();
            assert_eq!(
                totals,
                [
                    json!({"amount": "30.00", "currency": "CNY"}),
                    json!({"amount": "10.00", "currency": "EUR"})
                ]
            );
            rows.iter()
                .map(|row| {
                    let key = row["customer"]["number"]
                        .as_str()
                        .or(row["owner"].as_str())
                        .unwrap_or("-");
                    format!(
                        "{key} {} {}",
                        row["currency"].as_str().unwrap(),
                        row["outstanding"]["amount"].as_str().unwrap()
                    )
                })
                .collect()
        };
        assert_eq!(
            rows("customer"),
            ["A CNY 10.00", "B CNY 10.00", "E EUR 10.00", "G CNY 10.00"]
        );
        assert_eq!(rows("group"), ["E EUR 10.00", "G CNY 30.00"]);
        assert_eq!(
            rows("owner"),
            [
                "u-other CNY 10.00",
                "u-sales CNY 20.00",
                "u-sales EUR 10.00"
            ]
        );
        assert_eq!(rows("currency"), ["- CNY 30.00", "- EUR 10.00"]);
        let some = aging(app, "customer=A&customer=E");
        assert_eq!(some["rows"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn sales_see_the_aging_of_their_own_customers() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").owned_by("u-other").create(app);
        an_invoice("I-1", "C-1", "10.00").create(app);
        an_invoice("I-2", "C-2", "90.00").create(app);
        let own = app.sales().get("/v1/reports/aging").expect(200);
        assert_eq!(own["covers"], "own");
        assert_eq!(own["rows"].as_array().unwrap().len(), 1);
        assert_eq!(own["rows"][0]["customer"]["number"], "C-1");
        assert_eq!(own["totals"][0]["outstanding"]["amount"], "10.00");
        for by in ["group", "owner", "currency"] {
            let own = app
                .sales()
                .get(&format!("/v1/reports/aging?by={by}"))
                .expect(200);
            assert_eq!(own["totals"][0]["outstanding"]["amount"], "10.00");
        }
        assert_eq!(
            aging(app, "")["totals"][0]["outstanding"]["amount"],
            "100.00"
        );
        app.system()
            .get("/v1/reports/aging")
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn a_question_that_makes_no_sense_is_refused() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let asked = |query: &str| app.credit().get(&format!("/v1/reports/aging?{query}"));
        asked("as_of=2026-04-01").expect_problem(422, "invalid");
        for query in [
            "as_of=2026-02-30",
            "by=colour",
            "buckets=30,30",
            "buckets=60,30",
            "buckets=0",
            "format=pdf",
            "colour=red",
        ] {
            asked(query).expect_problem(400, "malformed_parameter");
        }
    });
}

#[test]
fn aging_as_csv_opens_safely_in_a_spreadsheet() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").named("=cmd, \"x\"").create(app);
        an_invoice("I-1", "C-1", "1234567.50")
            .dated("2026-01-01")
            .due("2026-03-01")
            .create(app);
        let expected = format!(
            "customer_id,customer_number,customer_name,currency,outstanding,not_due,1-30,over_30,unapplied,post_dated,sold\r\n\
             {},C-1,\"'=cmd, \"\"x\"\"\",CNY,1234567.50,0.00,1234567.50,0.00,0.00,0.00,0.00\r\n",
            made.id
        );
        let by_parameter = aging(app, "format=csv&buckets=30");
        assert_eq!(
            by_parameter.header("content-type"),
            Some("text/csv; charset=utf-8")
        );
        assert_eq!(by_parameter.text, expected);
        let accepted = app
            .credit()
            .request("GET", "/v1/reports/aging?buckets=30")
            .header("Accept", "text/csv")
            .send();
        assert_eq!(accepted.expect(200).text, expected);
        let json = app
            .credit()
            .request("GET", "/v1/reports/aging")
            .header("Accept", "application/json, text/csv;q=0.5")
            .send()
            .expect(200);
        assert_eq!(json.header("content-type"), Some("application/json"));
    });
}

#[test]
fn the_book_adds_up_on_every_day_of_a_random_year() {
    on_both(|app| {
        let mut seed = fastrand::Rng::with_seed(20_260_331);
        app.turn_to("2026-01-01");
        let accounts: Vec<String> = (0..3)
            .map(|n| a_customer(&format!("C-{n}")).create(app).account)
            .collect();
        let mut answers: Vec<(String, Value)> = Vec::new();
        let mut receipts: Vec<String> = Vec::new();
        for month in 1..=12 {
            let day = format!("2026-{month:02}-15");
            app.turn_to(&day);
            for n in 0..4 {
                let customer = format!("C-{}", seed.u8(0..3));
                let amount = format!("{}.{:02}", seed.u32(1..500), seed.u8(0..100));
                let due = format!(
                    "2026-{:02}-{:02}",
                    seed.u8(month..=12).max(month),
                    seed.u8(16..28)
                );
                an_invoice(&format!("I-{month}-{n}"), &customer, &amount)
                    .due(&due)
                    .create(app);
            }
            for n in 0..2 {
                let customer = format!("C-{}", seed.u8(0..3));
                let amount = format!("{}.{:02}", seed.u32(1..900), seed.u8(0..100));
                receipts.push(a_receipt(&format!("R-{month}-{n}"), &customer, &amount).create(app));
            }
            if month % 3 == 0 {
                let receipt = receipts.swap_remove(seed.usize(0..receipts.len()));
                take_back(app, &format!("/v1/receipts/{receipt}"), "reverse");
            }
            let report = aging(app, "");
            for (account, customer) in accounts.iter().zip(["C-0", "C-1", "C-2"]) {
                let owed = app
                    .finance()
                    .get(&format!("/v1/credit-accounts/{account}"))
                    .expect(200);
                let rows = report["rows"].as_array().unwrap();
                let zero = json!({"amount": "0.00", "currency": "CNY"});
                let row = rows
                    .iter()
                    .find(|row| row["customer"]["number"] == customer);
                let figure = |name: &str| row.map_or(zero.clone(), |row| row[name].clone());
                assert_eq!(
                    figure("outstanding"),
                    owed["exposure"]["by_category"]["receivables"],
                    "{day} {customer}"
                );
                assert_eq!(
                    figure("unapplied"),
                    owed["exposure"]["by_category"]["unapplied_cash"],
                    "{day} {customer}"
                );
            }
            answers.push((day, report.body));
        }
        app.turn_to("2027-06-30");
        for (day, answer) in answers {
            assert_eq!(aging(app, &format!("as_of={day}")).body, answer, "{day}");
        }
    });
}
