//! Files that keep the book as another system has it: what differs is told before, and what is missing.

use serde_json::{Value, json};

use crate::dunning::list;
use crate::entities::bills_in;
use crate::limits::{an_order, check, codes};
use crate::support::{
    AnImport, Client, TestApp, a_customer, a_receipt, an_invoice, import, on_both, set_limit,
    set_policy, set_rules,
};
use netterms::book::exposure::model::LimitScope;

fn upsert(kind: &str, csv: &str) -> AnImport {
    import(kind, csv).part("write", "upsert")
}

/// Runs a file, and gives the job's result.
fn run(file: &AnImport, client: &Client) -> Value {
    let job = file.run(client);
    assert_eq!(job["status"], "succeeded", "{}", job.text);
    job["result"].clone()
}

/// A second company that sells.
fn another_company(app: &TestApp, number: &str) {
    let body = json!({
        "number": number, "name": "Steel GmbH", "country": "DE", "functional_currency": "EUR",
    });
    app.finance().post("/v1/legal-entities", body).expect(201);
}

const OPEN_ITEMS: &str = "number,customer_number,invoice_date,due_date,amount,open,currency\n\
    I-1,C-1,2026-03-01,2026-03-31,100.00,100.00,CNY\n\
    I-2,C-1,2026-03-02,2026-04-01,50.00,20.00,CNY\n\
    I-4,C-2,2026-03-03,2026-04-02,70.00,,CNY\n";

/// A book with I-1 and I-2 of C-1, and I-3 of C-2, which the file lacks.
fn a_book(app: &TestApp) {
    app.turn_to("2026-03-31");
    a_customer("C-1").create(app);
    a_customer("C-2").create(app);
    for (number, customer, amount, dated, due) in [
        ("I-1", "C-1", "100.00", "2026-03-01", "2026-03-31"),
        ("I-2", "C-1", "50.00", "2026-03-02", "2026-04-01"),
        ("I-3", "C-2", "30.00", "2026-03-03", "2026-04-02"),
    ] {
        an_invoice(number, customer, amount)
            .dated(dated)
            .due(due)
            .create(app);
    }
}

fn open(app: &TestApp, number: &str) -> Value {
    let path = format!("/v1/invoices/{number}");
    app.finance().get(&path).expect(200)["open"]["amount"].clone()
}

#[test]
fn a_snapshot_is_tried_first_and_tells_all_that_it_would_do() {
    on_both(|app| {
        a_book(app);
        let tried = import("open_items", OPEN_ITEMS).part("dry_run", "true");
        let told = run(&tried, &app.system());
        assert_eq!(told["dry_run"], true);
        assert_eq!(
            (
                &told["created"],
                &told["updated"],
                &told["unchanged"],
                &told["missing"]
            ),
            (&json!(1), &json!(1), &json!(1), &json!(1)),
            "{told}"
        );
        assert_eq!(
            told["differences"],
            json!([
                {"line": 3, "number": "I-2", "column": "open", "before": "CNY 50.00", "after": "CNY 20.00"},
                {"line": null, "number": "I-3", "column": "open", "before": "CNY 30.00", "after": null},
            ])
        );
        assert_eq!(told["warnings"][0]["code"], "missing");
        assert_eq!(open(app, "I-2"), "50.00");
        app.finance()
            .get("/v1/invoices/I-4")
            .expect_problem(404, "not_found");
        assert_eq!(list(&app.finance(), "/v1/imports/feeds").len(), 0);
        app.adds_up();
    });
}

#[test]
fn a_nightly_snapshot_brings_the_book_to_the_ledger_and_closes_what_is_missing_only_when_asked() {
    on_both(|app| {
        a_book(app);
        let file = import("open_items", OPEN_ITEMS)
            .part("ledger_as_of", "2026-03-30")
            .part(
                "control",
                json!({"lines": 3, "totals": [{"amount": "190.00", "currency": "CNY"}]})
                    .to_string(),
            );
        let told = run(&file, &app.system());
        assert_eq!((&told["created"], &told["missing"]), (&json!(1), &json!(1)));
        assert_eq!(told["closed"], Value::Null);
        let now = ["I-1", "I-2", "I-3", "I-4"].map(|number| open(app, number));
        assert_eq!(now, ["100.00", "20.00", "30.00", "70.00"]);
        let feed = &list(&app.finance(), "/v1/imports/feeds")[0];
        assert_eq!(feed["kind"], "open_items");
        assert_eq!(feed["ledger_as_of"], "2026-03-30");
        assert_eq!(feed["confirmed"], true);
        assert_eq!(feed["missing"], 1);
        assert_eq!(feed["totals"][0]["amount"], "190.00");
        let again = run(&file, &app.system());
        assert_eq!(
            (&again["created"], &again["updated"], &again["unchanged"]),
            (&json!(0), &json!(0), &json!(3))
        );
        let closing = import("open_items", OPEN_ITEMS).part("close_missing", "true");
        let told = run(&closing, &app.system());
        assert_eq!((&told["missing"], &told["closed"]), (&json!(1), &json!(1)));
        assert_eq!(open(app, "I-3"), "0.00");
        let feed = &list(&app.finance(), "/v1/imports/feeds")[0];
        assert_eq!(
            (&feed["missing"], &feed["confirmed"]),
            (&json!(0), &json!(false))
        );
        app.adds_up();
    });
}

#[test]
fn what_came_after_the_day_of_a_snapshot_is_not_missing_in_it_and_an_old_file_closes_nothing() {
    on_both(|app| {
        a_book(app);
        let booked_late = json!({
            "number": "I-5", "customer": "C-1", "invoice_date": "2026-03-20", "posting_date": "2026-03-31",
            "amount": {"amount": "60.00", "currency": "CNY"},
        });
        app.finance().post("/v1/invoices", booked_late).expect(201);
        an_invoice("I-6", "C-1", "7.00")
            .dated("2026-03-31")
            .due("2026-04-30")
            .create(app);
        let closing = |day: &str| {
            import("open_items", OPEN_ITEMS)
                .part("close_missing", "true")
                .part("ledger_as_of", day)
        };
        let told = run(&closing("2026-03-30"), &app.system());
        assert_eq!(
            (&told["missing"], &told["closed"]),
            (&json!(1), &json!(1)),
            "{told}"
        );
        let now = ["I-3", "I-5", "I-6"].map(|number| open(app, number));
        assert_eq!(now, ["0.00", "60.00", "7.00"]);
        let told = run(&closing("2026-03-31"), &app.system());
        assert_eq!(told["closed"], 2, "{told}");
        let now = ["I-5", "I-6"].map(|number| open(app, number));
        assert_eq!(now, ["0.00", "0.00"]);
        an_invoice("I-7", "C-1", "8.00")
            .dated("2026-03-03")
            .due("2026-04-02")
            .create(app);
        let job = closing("2026-03-30").run(&app.system());
        assert_eq!(job["status"], "failed", "{}", job.text);
        assert_eq!(job["errors"][0]["code"], "older_than_the_last");
        assert_eq!(open(app, "I-7"), "8.00");
        // What closes nothing may be older, and makes the last day no older.
        let old = import("open_items", OPEN_ITEMS).part("ledger_as_of", "2026-03-30");
        run(&old, &app.system());
        let feed = &list(&app.finance(), "/v1/imports/feeds")[0];
        assert_eq!(feed["ledger_as_of"], "2026-03-31");
        app.adds_up();
    });
}

#[test]
fn an_order_of_a_later_day_than_the_snapshot_is_not_missing_in_it() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").with_limit("1000.00").create(app);
        let orders = |lines: &str| {
            let text = format!("number,customer_number,order_date,amount,currency\n{lines}");
            import("open_orders", text)
        };
        let first = "SO-1,C-1,2026-03-30,100.00,CNY\n";
        let both = format!("{first}SO-2,C-1,2026-03-31,40.00,CNY\n");
        run(&orders(&both), &app.system());
        let closing = |day: &str| {
            orders(first)
                .part("close_missing", "true")
                .part("ledger_as_of", day)
        };
        let told = run(&closing("2026-03-30"), &app.system());
        assert_eq!(told["closed"], 0, "{told}");
        let told = run(&closing("2026-03-31"), &app.system());
        assert_eq!(told["closed"], 1, "{told}");
        app.adds_up();
    });
}

#[test]
fn what_is_open_in_the_other_ledger_is_open_here_whatever_would_be_let_go() {
    on_both(|app| {
        a_book(app);
        set_policy(app, |policy| {
            policy["settlement"] =
                json!({"tolerance": {"amounts": {"CNY": "5.00"}, "share": "0.01"}});
        });
        let file = "number,customer_number,invoice_date,due_date,amount,open,currency\n\
            I-1,C-1,2026-03-01,2026-03-31,100.00,0.50,CNY\n\
            I-2,C-1,2026-03-02,2026-04-01,50.00,50.00,CNY\n\
            I-3,C-2,2026-03-03,2026-04-02,30.00,30.00,CNY\n\
            I-4,C-2,2026-03-03,2026-04-02,70.00,0.10,CNY\n";
        let told = run(&import("open_items", file), &app.system());
        assert_eq!((&told["updated"], &told["created"]), (&json!(1), &json!(1)));
        let now = ["I-1", "I-4"].map(|number| open(app, number));
        assert_eq!(now, ["0.50", "0.10"]);
        let again = run(&import("open_items", file), &app.system());
        assert_eq!(again["unchanged"], 4, "{again}");
        app.adds_up();
    });
}

#[test]
fn a_currency_that_is_billed_no_more_is_paid_and_closed_all_the_same() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").create(app);
        bills_in(app, &made.account, &["EUR"]);
        for number in ["I-1", "I-2"] {
            an_invoice(number, "C-1", "100.00")
                .in_currency("EUR")
                .dated("2026-03-01")
                .due("2026-03-31")
                .create(app);
        }
        let orders = |lines: &str| {
            let text = format!("number,customer_number,order_date,amount,currency\n{lines}");
            import("open_orders", text)
        };
        run(&orders("SO-1,C-1,2026-03-30,40.00,EUR\n"), &app.system());
        bills_in(app, &made.account, &["USD"]);
        an_invoice("I-3", "C-1", "1.00")
            .in_currency("EUR")
            .post(app)
            .expect_problem(422, "currency_mismatch");
        a_receipt("R-1", "C-1", "40.00")
            .in_currency("EUR")
            .paying("I-1", "40.00")
            .create(app);
        let note = json!({
            "number": "CN-1", "customer": "C-1", "credit_date": "2026-03-31", "invoice_number": "I-1",
            "amount": {"amount": "5.00", "currency": "EUR"}, "reason": "Damaged.",
        });
        app.finance().post("/v1/credit-notes", note).expect(201);
        let file = "number,customer_number,invoice_date,due_date,amount,open,currency\n\
            I-1,C-1,2026-03-01,2026-03-31,100.00,10.00,EUR\n";
        let closing = import("open_items", file).part("close_missing", "true");
        let told = run(&closing, &app.system());
        assert_eq!(
            (&told["updated"], &told["closed"]),
            (&json!(1), &json!(1)),
            "{told}"
        );
        let now = ["I-1", "I-2"].map(|number| open(app, number));
        assert_eq!(now, ["10.00", "0.00"]);
        let closing = orders("SO-2,C-1,2026-03-30,5.00,CNY\n").part("close_missing", "true");
        let told = run(&closing, &app.system());
        assert_eq!(told["closed"], 1, "{told}");
        app.adds_up();
    });
}

#[test]
fn what_a_snapshot_can_not_settle_is_told_with_its_invoice() {
    on_both(|app| {
        a_book(app);
        let main = app.finance().get("/v1/legal-entities/MAIN").expect(200);
        let kept_here = json!({"ledger": "ledger"});
        app.finance()
            .patch("/v1/legal-entities/MAIN", &main.etag(), kept_here)
            .expect(200);
        let closed = json!({"periods": [{
            "code": "2026-03", "first_day": "2026-03-01", "last_day": "2026-03-31", "status": "closed",
        }]});
        app.system()
            .request("PUT", "/v1/periods")
            .json(closed)
            .send()
            .expect(200);
        let header = "number,customer_number,invoice_date,due_date,amount,open,currency\n";
        let first = "I-1,C-1,2026-03-01,2026-03-31,100.00,100.00,CNY\n";
        let paid = format!("{header}{first}I-2,C-1,2026-03-02,2026-04-01,50.00,20.00,CNY\n");
        let job = import("open_items", paid).run(&app.system());
        assert_eq!(job["status"], "failed", "{}", job.text);
        let told = &job["errors"][0];
        assert_eq!(
            (&told["line"], &told["code"]),
            (&json!(3), &json!("not_settled"))
        );
        assert!(told["message"].as_str().unwrap().contains("I-2"), "{told}");
        let job = import("open_items", format!("{header}{first}"))
            .part("close_missing", "true")
            .run(&app.system());
        assert_eq!(job["status"], "failed", "{}", job.text);
        assert_eq!(job["errors"][0]["code"], "not_settled");
        assert_eq!(open(app, "I-2"), "50.00");
        app.adds_up();
    });
}

#[test]
fn a_snapshot_of_one_company_says_nothing_of_another() {
    on_both(|app| {
        a_book(app);
        another_company(app, "DE01");
        let of_another = json!({
            "number": "I-1", "customer": "C-1", "invoice_date": "2026-03-01", "legal_entity": "DE01",
            "amount": {"amount": "9.00", "currency": "CNY"},
        });
        let of_another = app
            .finance()
            .post("/v1/invoices", of_another)
            .expect(201)
            .id();
        let closing = import("open_items", OPEN_ITEMS).part("close_missing", "true");
        let told = run(&closing, &app.system());
        assert_eq!(
            (&told["missing"], &told["closed"]),
            (&json!(1), &json!(1)),
            "{told}"
        );
        assert_eq!(open(app, &of_another), "9.00");
        let file = "number,customer_number,invoice_date,amount,open,currency,legal_entity\n\
            I-1,C-1,2026-03-01,9.00,4.00,CNY,DE01\n";
        let told = run(&import("open_items", file), &app.system());
        assert_eq!(
            (&told["updated"], &told["missing"]),
            (&json!(1), &json!(0)),
            "{told}"
        );
        assert_eq!(open(app, &of_another), "4.00");
        let feeds = list(&app.finance(), "/v1/imports/feeds");
        assert_eq!(feeds.len(), 2);
        app.adds_up();
    });
}

#[test]
fn control_totals_that_differ_take_nothing_over() {
    on_both(|app| {
        a_book(app);
        for control in [
            json!({"lines": 2, "totals": [{"amount": "190.00", "currency": "CNY"}]}),
            json!({"lines": 3, "totals": [{"amount": "190.01", "currency": "CNY"}]}),
            json!({"lines": 3, "totals": [{"amount": "190.00", "currency": "EUR"}]}),
        ] {
            let job = import("open_items", OPEN_ITEMS)
                .part("control", control.to_string())
                .run(&app.system());
            assert_eq!(job["status"], "failed", "{}", job.text);
            assert_eq!(job["errors"][0]["code"], "control_totals_differ");
            assert_eq!(open(app, "I-2"), "50.00");
        }
    });
}

#[test]
fn what_a_snapshot_says_otherwise_of_a_known_invoice_is_told_and_changes_nothing() {
    on_both(|app| {
        a_book(app);
        a_receipt("R-1", "C-1", "60.00")
            .paying("I-1", "60.00")
            .create(app);
        let file = "number,customer_number,invoice_date,due_date,amount,open,currency\n\
            I-1,C-1,2026-03-01,2026-03-31,100.00,100.00,CNY\n\
            I-2,C-1,2026-03-02,2026-05-01,50.00,50.00,CNY\n\
            I-3,C-1,2026-03-03,2026-04-02,30.00,30.00,CNY\n";
        let told = run(&import("open_items", file), &app.system());
        assert_eq!(told["unchanged"], 3);
        let codes: Vec<&Value> = told["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|warning| &warning["code"])
            .collect();
        assert_eq!(codes, ["more_open_than_in_the_book", "differs", "differs"]);
        assert_eq!(open(app, "I-1"), "40.00");
        app.adds_up();
    });
}

#[test]
fn one_bad_line_and_nothing_of_a_snapshot_is_taken_over() {
    on_both(|app| {
        a_book(app);
        let file = format!(
            "{OPEN_ITEMS}I-5,C-9,2026-03-01,2026-03-31,1.00,1.00,CNY\n\
            I-6,C-1,2026-03-01,2026-03-31,1.00,2.00,CNY\nI-1,C-1,2026-03-01,2026-03-31,100.00,100.00,CNY\n"
        );
        let job = import("open_items", &file)
            .part("close_missing", "true")
            .run(&app.system());
        assert_eq!(job["status"], "failed");
        let codes: Vec<&Value> = job["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["code"])
            .collect();
        assert_eq!(codes, ["out_of_bounds", "unknown_customer", "repeated"]);
        assert_eq!(open(app, "I-3"), "30.00");
        let empty = import(
            "open_items",
            "number,customer_number,invoice_date,amount,currency\n",
        )
        .part("close_missing", "true")
        .run(&app.system());
        assert_eq!(empty["errors"][0]["code"], "no_lines", "{}", empty.text);
        app.adds_up();
    });
}

#[test]
fn open_orders_and_deliveries_come_as_snapshots_and_a_reserved_order_counts_once() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("C-1").with_limit("1000.00").create(app);
        let check = json!({
            "customer": "C-1", "order_number": "SO-1", "amount": {"amount": "100.00", "currency": "CNY"}, "reserve": true,
        });
        app.system().post("/v1/limit-checks", check).expect(200);
        let orders = |lines: &str| {
            let text = format!("number,customer_number,order_date,amount,currency\n{lines}");
            import("open_orders", text)
        };
        let counted = |category: &str| {
            app.finance()
                .get(&format!("/v1/credit-accounts/{}", made.account))
                .expect(200)
                .text_at(&format!("/exposure/by_category/{category}/amount"))
        };
        let told = run(
            &orders(
                "SO-1,C-1,2026-03-30,100.00,CNY\nSO-2,C-1,2026-03-30,40.00,CNY\nSO-3,C-1,2026-03-30,5.00,CNY\n",
            ),
            &app.system(),
        );
        assert_eq!(
            (&told["created"], &told["unchanged"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(told["warnings"][0]["code"], "reserved");
        assert_eq!(counted("reservations"), "145.00");
        let told = run(
            &orders("SO-1,C-1,2026-03-30,100.00,CNY\nSO-2,C-1,2026-03-30,30.00,CNY\n")
                .part("close_missing", "true"),
            &app.system(),
        );
        assert_eq!((&told["updated"], &told["closed"]), (&json!(1), &json!(1)));
        assert_eq!(counted("reservations"), "130.00");
        let deliveries = "number,customer_number,delivery_date,amount,currency,order_number\n\
            DN-1,C-1,2026-03-31,60.00,CNY,SO-1\n";
        run(&import("open_deliveries", deliveries), &app.system());
        assert_eq!(counted("delivered_not_billed"), "60.00");
        assert_eq!(counted("reservations"), "70.00");
        app.adds_up();
    });
}

#[test]
fn an_order_system_keeps_customers_as_they_are_with_it_but_no_groups_addresses_and_law() {
    on_both(|app| {
        a_customer("C-0").create(app);
        a_customer("C-1").speaking("zh-CN").create(app);
        let file = "number,name,country,city,postal_code,email,parent_number\n\
            C-1,Renamed Ltd.,CN,Nanjing,,,\n\
            C-0,Customer C-0,CN,Suzhou,215000,cfo@new.example,C-1\n\
            C-2,New Ltd.,DE,Berlin,10115,,\n";
        let told = run(&upsert("customers", file), &app.system());
        assert_eq!(
            (&told["created"], &told["updated"], &told["unchanged"]),
            (&json!(1), &json!(1), &json!(1)),
            "{told}"
        );
        let differences = told["differences"].as_array().unwrap();
        assert_eq!(differences.len(), 2);
        assert_eq!(
            differences[0],
            json!({"line": 2, "number": "C-1", "column": "name", "before": "Customer C-1", "after": "Renamed Ltd."})
        );
        assert_eq!(told["warnings"][0]["code"], "not_by_import");
        let read = app.credit().get("/v1/customers/C-1").expect(200);
        assert_eq!(
            (&read["name"], &read["city"]),
            (&json!("Renamed Ltd."), &json!("Nanjing"))
        );
        // What a cell does not say stays.
        assert_eq!(
            (&read["postal_code"], &read["language"]),
            (&json!("215000"), &json!("zh-CN"))
        );
        let again = run(&upsert("customers", file), &app.system());
        assert_eq!(
            (&again["updated"], &again["unchanged"]),
            (&json!(0), &json!(3))
        );
        let law =
            "number,name,country,legal_status,legal_status_since\nC-3,X,CN,insolvent,2026-01-01\n";
        let job = upsert("customers", law).run(&app.system());
        assert_eq!(job["errors"][0]["code"], "not_by_system", "{}", job.text);
        import("customers", file)
            .send(&app.system())
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn terms_are_synchronised_and_limits_never() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("500.00").create(app);
        a_customer("C-2").without_account().create(app);
        let terms = "customer_number,currency,net_days\nC-1,CNY,45\nC-2,EUR,60\n";
        let tried = upsert("credit_accounts", terms).part("dry_run", "true");
        let told = run(&tried, &app.system());
        assert_eq!((&told["created"], &told["updated"]), (&json!(1), &json!(1)));
        let account = || {
            let path = format!("/v1/credit-accounts/{}", made.account);
            app.credit().get(&path).expect(200)
        };
        assert_eq!(account()["net_days"], 30);
        run(&upsert("credit_accounts", terms), &app.system());
        assert_eq!(account()["net_days"], 45);
        assert_eq!(account()["limit"]["amount"], "500.00");
        let limits = "customer_number,currency,net_days,limit\nC-1,CNY,45,900.00\n";
        let job = upsert("credit_accounts", limits).run(&app.system());
        assert_eq!(job["errors"][0]["code"], "not_by_import", "{}", job.text);
        assert_eq!(account()["limit"]["amount"], "500.00");
        app.adds_up();
    });
}

#[test]
fn a_company_whose_last_item_was_paid_is_spoken_of_without_a_line() {
    on_both(|app| {
        a_book(app);
        another_company(app, "DE01");
        let of_another = "number,customer_number,invoice_date,amount,open,currency,legal_entity\n\
            D-1,C-1,2026-03-01,9.00,9.00,CNY,DE01\n";
        run(&import("open_items", of_another), &app.system());
        let header = "number,customer_number,invoice_date,amount,open,currency,legal_entity\n";
        let all_paid = || {
            import("open_items", header)
                .part("close_missing", "true")
                .part("ledger_as_of", "2026-03-30")
        };
        let refused = all_paid().run(&app.system());
        assert_eq!(refused["errors"][0]["code"], "no_lines", "{}", refused.text);
        let unknown = all_paid().part("legal_entity", "XX").run(&app.system());
        let code = &unknown["errors"][0]["code"];
        assert_eq!(code, "unknown_legal_entity", "{}", unknown.text);
        assert_eq!(open(app, "D-1"), "9.00");
        // The same file for another company is another request.
        let of_hamburg = all_paid().part("legal_entity", "DE01").keyed("K-1");
        let told = run(&of_hamburg, &app.system());
        all_paid()
            .part("legal_entity", "MAIN")
            .keyed("K-1")
            .send(&app.system())
            .expect_problem(422, "idempotency_key_reused");
        assert_eq!(
            (&told["missing"], &told["closed"]),
            (&json!(1), &json!(1)),
            "{told}"
        );
        assert_eq!(open(app, "D-1"), "0.00");
        let feeds = list(&app.finance(), "/v1/imports/feeds");
        let of_hamburg = feeds.iter().find(|feed| feed["lines"] == 0).unwrap();
        assert_eq!(of_hamburg["ledger_as_of"], "2026-03-30");
        app.adds_up();
    });
}

#[test]
fn what_a_kind_of_file_does_not_take_is_refused_before_anything_is_read() {
    on_both(|app| {
        for (kind, part, value) in [
            ("invoices", "write", "upsert"),
            ("open_items", "write", "insert"),
            ("invoices", "close_missing", "true"),
            ("customers", "ledger_as_of", "2026-03-31"),
            ("open_items", "ledger_as_of", "2026-02-30"),
            ("open_items", "legal_entity", "a b\u{7}"),
            ("invoices", "legal_entity", "DE01"),
            ("open_items", "dry_run", "yes"),
            ("open_items", "control", "{}"),
            ("open_items", "control", "{\"lines\": -1, \"totals\": []}"),
        ] {
            import(kind, "number\n")
                .part(part, value)
                .send(&app.finance())
                .expect_problem(400, "malformed_body");
        }
        for client in [app.credit(), app.admin()] {
            import("open_items", "number\n")
                .send(&client)
                .expect_problem(403, "forbidden");
        }
    });
}

#[test]
fn an_order_is_told_when_the_ledger_was_last_taken_over_too_long_ago() {
    on_both(|app| {
        a_book(app);
        set_limit(app, "C-1", LimitScope::Own, "100000.00", "CNY");
        another_company(app, "DE01");
        set_rules(
            app,
            json!([{"code": "ledger_stale", "effect": "review", "days": 1}]),
        );
        let ask = |order: &str| check(app, an_order("C-1", order, "1.00")).expect(200);
        // Whose ledger was never taken over keeps it here.
        assert_eq!(ask("SO-1")["outcome"], "approved");
        let file = import("open_items", OPEN_ITEMS).part("ledger_as_of", "2026-03-30");
        run(&file, &app.system());
        assert_eq!(ask("SO-2")["outcome"], "approved");
        app.turn_to("2026-04-01");
        let late = ask("SO-3");
        assert_eq!(late["outcome"], "review_required");
        assert_eq!(codes(&late), ["ledger_stale"]);
        assert_eq!(
            late["reasons"][0]["facts"],
            json!({"ledger_as_of": "2026-03-30", "allowed_days": "1"})
        );
        // It is the ledger of the first company.
        let mut german = an_order("C-1", "SO-4", "1.00");
        german["legal_entity"] = json!("DE01");
        assert_eq!(check(app, german).expect(200)["outcome"], "approved");
        let again = import("open_items", OPEN_ITEMS).part("ledger_as_of", "2026-03-31");
        run(&again, &app.system());
        assert_eq!(ask("SO-5")["outcome"], "approved");
        let replay = format!("/v1/limit-checks/{}/replay", late.id());
        let replayed = app.auditor().post(&replay, json!({})).expect(200);
        assert_eq!(replayed["identical"], true);
    });
}
