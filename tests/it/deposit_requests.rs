//! Money that is asked for before an invoice: what is paid of it, what it never counts in, and how the final invoice takes it.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{
    Made, Reply, TestApp, a_bank_account, a_customer, a_payment, a_statement_of, an_invoice,
    fresh_key, import, on_both, send, set_policy,
};

fn cny(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

fn with(mut body: Value, change: &Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Asks customer `C-1` for 300.00 of its order SO-1, with a change.
fn ask(app: &TestApp, number: &str, change: &Value) -> Reply {
    let body = json!({
        "number": number, "customer": "C-1", "order_number": "SO-1", "amount": cny("300.00"),
        "request_date": "2026-03-31", "due_date": "2026-04-10"
    });
    app.finance()
        .post("/v1/deposit-requests", with(body, change))
}

fn pay(app: &TestApp, number: &str, change: &Value) -> Reply {
    let body = json!({
        "number": number, "customer": "C-1", "receipt_date": "2026-03-31", "amount": cny("100.00")
    });
    app.finance().post("/v1/receipts", with(body, change))
}

fn read(app: &TestApp, number: &str) -> Reply {
    let path = format!("/v1/deposit-requests/{number}");
    app.finance().get(&path).expect(200)
}

/// Status, paid and open.
fn stands(app: &TestApp, number: &str) -> (String, String, String) {
    let read = read(app, number);
    let at = |pointer: &str| read.text_at(pointer);
    (at("/status"), at("/paid/amount"), at("/open/amount"))
}

fn is(status: &str, paid: &str, open: &str) -> (String, String, String) {
    (status.to_owned(), paid.to_owned(), open.to_owned())
}

fn numbers(app: &TestApp, query: &str) -> Vec<String> {
    let path = format!("/v1/deposit-requests{query}");
    let listed = app.finance().get(&path).expect(200);
    let all = listed["data"].as_array().unwrap().iter();
    all.map(|one| one["number"].as_str().unwrap().to_owned())
        .collect()
}

fn a_book(app: &TestApp) -> Made {
    app.turn_to("2026-03-31");
    a_customer("C-1").create(app)
}

#[test]
fn a_request_is_noted_and_nothing_is_owed_by_it() {
    on_both(|app| {
        let made = a_book(app);
        let account = format!("/v1/credit-accounts/{}", made.account);
        let before = app.credit().get(&account).expect(200)["exposure"].clone();
        let asked = ask(app, "DR-1", &json!({"label": "pilot"})).expect(201);
        assert_eq!(
            asked.header("Location"),
            Some(format!("/v1/deposit-requests/{}", asked.id()).as_str())
        );
        assert_eq!(asked["status"], "open");
        assert_eq!(asked["open"]["amount"], "300.00");
        assert_eq!(asked["label"], "pilot");
        assert_eq!(asked["is_overdue"], false);
        let after = app.credit().get(&account).expect(200)["exposure"].clone();
        assert_eq!(after, before);
        let aging = app.finance().get("/v1/reports/aging").expect(200);
        assert_eq!(aging["rows"], json!([]), "{}", aging.text);
        assert_eq!(read(app, asked.id().as_str()).text, read(app, "DR-1").text);
        let trail = format!("/v1/trail?entity_id={}", asked.id());
        let trail = app.auditor().get(&trail).expect(200);
        assert_eq!(trail["data"][0]["action"], "deposit_request.posted");
        app.adds_up();
    });
}

#[test]
fn money_that_comes_by_bank_file_or_cheque_pays_the_request_too() {
    on_both(|app| {
        a_book(app);
        a_bank_account(app, "CNY");
        ask(app, "DR-1", &json!({})).expect(201);
        an_invoice("I-9", "C-1", "50.00").create(app);
        let payment = a_payment("100.00", "deposit");
        let day = "2026-03-31";
        send(app, a_statement_of(day, "CNY").with(payment).text());
        let listed = app.finance().get("/v1/bank-entries").expect(200);
        let path = format!("/v1/bank-entries/{}", listed.text_at("/data/0/id"));
        let assign = |change: &Value| {
            let part = json!({"customer": "C-1", "amount": cny("100.00")});
            let etag = app.finance().get(&path).expect(200).etag();
            let body = json!({"parts": [with(part, change)]});
            app.finance()
                .post_if(&format!("{path}/assign"), &etag, body)
        };
        assign(&json!({"deposit_request": "DR-9"})).expect_problem(404, "not_found");
        assign(&json!({"deposit_request": "DR-1", "prepaid_order_number": "SO-1"}))
            .expect_problem(400, "malformed_body");
        let of_no_order = json!([{"invoice_number": "I-9", "amount": cny("50.00")}]);
        let refused = assign(&json!({"deposit_request": "DR-1", "invoices": of_no_order}));
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "prepaid");
        assert_eq!(refused["errors"][0]["pointer"], "/parts/0/invoices");
        assign(&json!({"deposit_request": "DR-1"})).expect(200);
        assert_eq!(stands(app, "DR-1"), is("part_paid", "100.00", "200.00"));
        let file = "number,customer_number,receipt_date,amount,currency,prepaid_order_number\n\
            R-5,C-1,2026-03-31,120.00,CNY,SO-1\n";
        let job = import("receipts", file).run(&app.finance());
        assert_eq!(job["result"]["created"], 1, "{}", job.text);
        assert_eq!(stands(app, "DR-1"), is("part_paid", "220.00", "80.00"));
        let cheque = json!({
            "number": "CHQ-1", "kind": "cheque", "customer": "C-1", "amount": cny("80.00"), "issue_date": day,
            "deposit_request": "DR-1",
        });
        app.finance().post("/v1/instruments", cheque).expect(201);
        assert_eq!(stands(app, "DR-1"), is("paid", "300.00", "0.00"));
        let invoice = app.finance().get("/v1/invoices/I-9").expect(200);
        assert_eq!(invoice["open"], cny("50.00"));
        app.adds_up();
    });
}

#[test]
fn a_request_that_is_paid_in_full_is_told_once() {
    on_both(|app| {
        a_book(app);
        let first = ask(app, "DR-1", &json!({})).expect(201).id();
        let later = json!({"due_date": "2026-05-10"});
        let second = ask(app, "DR-2", &later).expect(201).id();
        let told = || {
            let path = "/v1/trail?action=deposit_request.paid";
            let trail = app.auditor().get(path).expect(200);
            let all = trail["data"].as_array().unwrap().iter();
            all.map(|entry| entry["entity_id"].as_str().unwrap().to_owned())
                .collect::<Vec<String>>()
        };
        let for_order = |amount: &str| json!({"deposit_request": "DR-1", "amount": cny(amount)});
        pay(app, "R-1", &for_order("299.99")).expect(201);
        pay(
            app,
            "R-2",
            &json!({"amount": cny("500.00"), "apply": "none"}),
        )
        .expect(201);
        assert_eq!(told(), [""; 0]);
        pay(app, "R-3", &for_order("0.01")).expect(201);
        assert_eq!(told(), std::slice::from_ref(&first));
        pay(app, "R-4", &for_order("10.00")).expect(201);
        assert_eq!(told(), std::slice::from_ref(&first));
        // Its money goes to the other when it is cancelled.
        let etag = read(app, "DR-1").etag();
        let body = json!({"reason": "The order was changed."});
        app.finance()
            .post_if("/v1/deposit-requests/DR-1/cancel", &etag, body)
            .expect(200);
        assert_eq!(told(), [first.clone(), second.clone()]);
        // One for which the money is there already.
        let third = ask(
            app,
            "DR-3",
            &json!({"due_date": "2026-06-10", "amount": cny("10.00")}),
        );
        let third = third.expect(201).id();
        assert_eq!(told(), [first, second, third]);
        app.adds_up();
    });
}

#[test]
fn prepayments_of_the_order_pay_what_is_due_first_first() {
    on_both(|app| {
        a_book(app);
        ask(app, "DR-2", &json!({"due_date": "2026-05-10"})).expect(201);
        ask(app, "DR-1", &json!({})).expect(201);
        let paid = pay(app, "R-1", &json!({"deposit_request": "DR-1"})).expect(201);
        assert_eq!(paid["prepaid_order_number"], "SO-1");
        assert_eq!(paid["unapplied"]["amount"], "100.00");
        assert_eq!(stands(app, "DR-1"), is("part_paid", "100.00", "200.00"));
        assert_eq!(stands(app, "DR-2"), is("open", "0.00", "300.00"));
        // By the order's number, and more than the first asks for.
        let more = json!({"prepaid_order_number": "SO-1", "amount": cny("350.00")});
        let second = pay(app, "R-2", &more).expect(201);
        assert_eq!(stands(app, "DR-1"), is("paid", "300.00", "0.00"));
        assert_eq!(stands(app, "DR-2"), is("part_paid", "150.00", "150.00"));
        // Another order's money, and another customer's for an order of the same number, are none for it.
        a_customer("C-2").create(app);
        pay(app, "R-3", &json!({"prepaid_order_number": "SO-2"})).expect(201);
        let other = json!({"prepaid_order_number": "SO-1", "customer": "C-2"});
        pay(app, "R-4", &other).expect(201);
        assert_eq!(stands(app, "DR-2"), is("part_paid", "150.00", "150.00"));
        assert_eq!(numbers(app, "?status=paid"), ["DR-1"]);
        assert_eq!(
            numbers(app, "?status=part_paid&status=paid"),
            ["DR-1", "DR-2"]
        );
        assert_eq!(numbers(app, "?status=open"), [""; 0]);
        // A payment that bounces was none.
        let body = json!({"reason": "It bounced."});
        let path = format!("/v1/receipts/{}/reverse", second.id());
        app.finance()
            .post_if(&path, &second.etag(), body)
            .expect(200);
        assert_eq!(stands(app, "DR-1"), is("part_paid", "100.00", "200.00"));
        // Cancelling the first leaves its money to the other.
        let body = json!({"reason": "The order was changed."});
        let etag = read(app, "DR-1").etag();
        let path = "/v1/deposit-requests/DR-1/cancel";
        let gone = app.finance().post_if(path, &etag, body.clone()).expect(200);
        assert_eq!(gone["status"], "cancelled");
        assert_eq!(gone["paid"]["amount"], "0.00");
        assert_eq!(gone["cancel_reason"], "The order was changed.");
        assert_eq!(stands(app, "DR-2"), is("part_paid", "100.00", "200.00"));
        app.finance()
            .post_if(path, &gone.etag(), body)
            .expect_problem(409, "state_conflict");
        pay(app, "R-5", &json!({"deposit_request": "DR-1"})).expect_problem(404, "not_found");
        // The number is free for the corrected one.
        let again = ask(app, "DR-1", &json!({"due_date": "2026-06-10"})).expect(201);
        assert_eq!(read(app, "DR-1").id(), again.id());
        assert_eq!(numbers(app, "?status=cancelled"), ["DR-1"]);
        app.adds_up();
    });
}

#[test]
fn a_request_is_overdue_from_the_day_after_it_was_due() {
    on_both(|app| {
        a_book(app);
        ask(app, "DR-1", &json!({"due_date": "2026-04-02"})).expect(201);
        ask(app, "DR-2", &json!({"order_number": "SO-2"})).expect(201);
        app.turn_to("2026-04-02");
        assert_eq!(numbers(app, "?overdue=true"), [""; 0]);
        app.turn_to("2026-04-04");
        assert_eq!(numbers(app, "?overdue=true"), ["DR-1"]);
        assert_eq!(numbers(app, "?overdue=false"), ["DR-2"]);
        let late = read(app, "DR-1");
        assert_eq!(
            (&late["is_overdue"], &late["days_overdue"]),
            (&json!(true), &json!(2))
        );
        let whole = json!({"deposit_request": "DR-1", "amount": cny("300.00")});
        pay(app, "R-1", &whole).expect(201);
        assert_eq!(numbers(app, "?overdue=true"), [""; 0]);
        assert_eq!(read(app, "DR-1")["days_overdue"], 0);
        assert_eq!(
            numbers(app, "?due_date_from=2026-04-05&order_number=SO-2"),
            ["DR-2"]
        );
        let first = app
            .finance()
            .get("/v1/deposit-requests?limit=1")
            .expect(200);
        assert_eq!(first["data"][0]["number"], "DR-1");
        let next = first.text_at("/next_cursor");
        let path = format!("/v1/deposit-requests?limit=1&cursor={next}");
        let second = app.finance().get(&path).expect(200);
        assert_eq!(second["data"][0]["number"], "DR-2");
        app.finance()
            .get("/v1/deposit-requests?colour=red")
            .expect_problem(400, "malformed_parameter");
    });
}

#[test]
fn without_a_due_date_it_is_due_by_what_was_agreed() {
    on_both(|app| {
        let made = a_book(app);
        let none = json!({"due_date": null});
        let by_days = ask(app, "DR-1", &none).expect(201);
        assert_eq!(by_days["due_date"], "2026-04-30");
        let path = format!("/v1/credit-accounts/{}/payment-terms", made.account);
        let terms = json!({"payment_terms": "net_60", "reason": "Agreed."});
        app.credit().put(&path, "\"0\"", terms).expect(200);
        let by_terms = ask(app, "DR-2", &none).expect(201);
        assert_eq!(by_terms["due_date"], "2026-05-30");
    });
}

#[test]
fn who_asks_wrongly_is_told_what_is_wrong() {
    on_both(|app| {
        a_book(app);
        ask(app, "DR-1", &json!({})).expect(201);
        let taken = ask(app, "DR-1", &json!({})).expect_problem(409, "duplicate_number");
        assert_eq!(taken["thing"], "deposit request");
        let nobody = ask(app, "DR-2", &json!({"customer": "C-9"}));
        nobody.expect_problem(404, "not_found");
        ask(
            app,
            "DR-2",
            &json!({"amount": {"amount": "1.00", "currency": "EUR"}}),
        )
        .expect_problem(422, "currency_mismatch");
        for (change, pointer) in [
            (json!({"request_date": "2026-04-01"}), "/request_date"),
            (json!({"due_date": "2026-03-30"}), "/due_date"),
            (json!({"due_date": "2062-03-30"}), "/due_date"),
        ] {
            let problem = ask(app, "DR-2", &change).expect_problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        for change in [
            json!({"amount": cny("0.00")}),
            json!({"order_number": null}),
            json!({"number": "x".repeat(65)}),
            json!({"kind": "deposit"}),
        ] {
            ask(app, "DR-2", &change).expect_problem(400, "malformed_body");
        }
        let both = json!({"deposit_request": "DR-1", "prepaid_order_number": "SO-1"});
        pay(app, "R-1", &both).expect_problem(400, "malformed_body");
        let oldest = json!({"deposit_request": "DR-1", "apply": "oldest_first"});
        pay(app, "R-1", &oldest).expect_problem(400, "malformed_body");
        a_customer("C-2").create(app);
        let other = json!({"deposit_request": "DR-1", "customer": "C-2"});
        let problem = pay(app, "R-1", &other).expect_problem(404, "not_found");
        assert_eq!(problem["errors"][0]["pointer"], "/deposit_request");
        pay(app, "R-1", &json!({"deposit_request": "DR-9"})).expect_problem(404, "not_found");
        app.finance()
            .get("/v1/deposit-requests/DR-9")
            .expect_problem(404, "not_found");
        let body = json!({"reason": "No."});
        let path = "/v1/deposit-requests/DR-1/cancel";
        app.finance()
            .post_if(path, "\"7\"", body.clone())
            .expect_problem(412, "stale");
        app.credit()
            .post_if(path, "\"1\"", body)
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn finance_and_order_systems_ask_and_sales_see_their_own_customers() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").owned_by("u-anna").create(app);
        let body = json!({
            "number": "DR-1", "customer": "C-1", "order_number": "SO-1", "amount": cny("300.00"),
            "request_date": "2026-03-31"
        });
        for refused in [app.sales(), app.credit(), app.auditor()] {
            refused
                .post("/v1/deposit-requests", body.clone())
                .expect_problem(403, "forbidden");
        }
        let system = app.system();
        let key = fresh_key();
        let keyed = |body: &Value| {
            system
                .request("POST", "/v1/deposit-requests")
                .key(&key)
                .json(body.clone())
                .send()
        };
        let first = keyed(&body).expect(201);
        assert_eq!(keyed(&body).expect(201).id(), first.id());
        let other = with(body, &json!({"number": "DR-2"}));
        keyed(&other).expect_problem(422, "idempotency_key_reused");
        let seen = |who: &str| {
            let path = "/v1/deposit-requests";
            let listed = app.caller(who, &[Role::Sales], None).get(path).expect(200);
            listed["data"].as_array().unwrap().len()
        };
        assert_eq!((seen("u-anna"), seen("u-bert")), (1, 0));
        app.caller("u-bert", &[Role::Sales], None)
            .get("/v1/deposit-requests/DR-1")
            .expect_problem(404, "not_found");
    });
}

#[test]
fn the_same_number_asked_for_at_the_same_time_is_taken_once() {
    on_both(|app| {
        a_book(app);
        let asked: Vec<Reply> = std::thread::scope(|scope| {
            let each: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| ask(app, "DR-1", &json!({}))))
                .collect();
            each.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let made = asked.iter().filter(|reply| reply.status == 201).count();
        let taken = asked.iter().filter(|reply| reply.status == 409).count();
        assert_eq!((made, taken), (1, 5));
        assert_eq!(numbers(app, ""), ["DR-1"]);
    });
}

#[test]
fn requests_come_in_by_file_and_again_without_harm() {
    on_both(|app| {
        a_book(app);
        let file = "number,customer_number,order_number,request_date,due_date,amount,currency,label\n\
            DR-1,C-1,SO-1,2026-03-31,2026-04-10,300.00,CNY,pilot\n\
            DR-2,C-1,SO-2,2026-03-31,,80.00,CNY,\n\
            DR-3,C-9,SO-2,2026-03-31,,80.00,CNY,\n\
            DR-4,C-1,SO-2,2026-04-01,,80.00,CNY,\n\
            DR-5,C-1,,2026-03-31,,80.00,CNY,\n";
        let run = || import("deposit_requests", file).run(&app.finance());
        let job = run();
        assert_eq!(job["result"]["created"], 2, "{}", job.text);
        let codes: Vec<&str> = job["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["column"].as_str().unwrap())
            .collect();
        assert!(codes.contains(&"customer_number"), "{}", job.text);
        assert!(codes.contains(&"request_date"), "{}", job.text);
        assert!(codes.contains(&"order_number"), "{}", job.text);
        assert_eq!(numbers(app, ""), ["DR-1", "DR-2"]);
        assert_eq!(read(app, "DR-2")["due_date"], "2026-04-30");
        let again = run();
        assert_eq!(again["result"]["unchanged"], 2, "{}", again.text);
        let other = "number,customer_number,order_number,request_date,amount,currency\n\
            DR-1,C-1,SO-1,2026-03-31,301.00,CNY\n";
        let other = import("deposit_requests", other).run(&app.finance());
        assert_eq!(
            other["errors"][0]["code"],
            "number_taken_with_other_content"
        );
        let etag = read(app, "DR-2").etag();
        let body = json!({"reason": "Not needed."});
        app.finance()
            .post_if("/v1/deposit-requests/DR-2/cancel", &etag, body)
            .expect(200);
        let third = run();
        let code = |error: &Value| error["code"] == "deposit_request_cancelled";
        assert!(
            third["errors"].as_array().unwrap().iter().any(code),
            "{}",
            third.text
        );
    });
}

#[test]
fn a_final_invoice_takes_the_prepayment_of_its_order() {
    on_both(|app| {
        let made = a_book(app);
        ask(app, "DR-1", &json!({})).expect(201);
        let whole = json!({"deposit_request": "DR-1", "amount": cny("300.00")});
        pay(app, "R-1", &whole).expect(201);
        pay(app, "R-2", &json!({"prepaid_order_number": "SO-2"})).expect(201);
        let body = json!({
            "number": "I-1", "customer": "C-1", "invoice_date": "2026-03-31", "amount": cny("1000.00"),
            "order_number": "SO-1"
        });
        let invoice = app.finance().post("/v1/invoices", body.clone()).expect(201);
        assert_eq!(invoice["open"]["amount"], "700.00");
        assert_eq!(invoice["status"], "partially_paid");
        let read_again = app.finance().get("/v1/invoices/I-1").expect(200);
        assert_eq!(read_again.text, invoice.text);
        assert_eq!(read_again.etag(), invoice.etag());
        let receipt = app.finance().get("/v1/receipts/R-1").expect(200);
        assert_eq!(receipt["unapplied"]["amount"], "0.00");
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", receipt.id()))
            .expect(200);
        assert_eq!(trail["data"][1]["action"], "receipt.applied");
        // What was asked for is paid, as long as the money stands.
        assert_eq!(stands(app, "DR-1"), is("paid", "300.00", "0.00"));
        let account = format!("/v1/credit-accounts/{}", made.account);
        let exposure = app.credit().get(&account).expect(200);
        let unapplied = &exposure["exposure"]["by_category"]["unapplied_cash"]["amount"];
        assert_eq!(unapplied, "100.00");
        // Two invoices of one order: what the first leaves is the second's, also where both come by file.
        pay(
            app,
            "R-3",
            &json!({"prepaid_order_number": "SO-3", "amount": cny("150.00")}),
        )
        .expect(201);
        let file = "number,customer_number,invoice_date,due_date,amount,currency,order_number\n\
            I-3,C-1,2026-03-31,2026-04-30,100.00,CNY,SO-3\n\
            I-4,C-1,2026-03-31,2026-05-30,100.00,CNY,SO-3\n";
        let job = import("invoices", file).run(&app.finance());
        assert_eq!(job["result"]["created"], 2, "{}", job.text);
        let open = |number: &str| {
            let read = app.finance().get(&format!("/v1/invoices/{number}"));
            read.expect(200).text_at("/open/amount")
        };
        assert_eq!(
            (open("I-3"), open("I-4")),
            ("0.00".to_owned(), "50.00".to_owned())
        );
        app.adds_up();
    });
}

#[test]
fn where_the_policy_says_so_a_person_applies_prepayments() {
    on_both(|app| {
        a_book(app);
        set_policy(app, |policy| {
            policy["settlement"]["apply_prepayments"] = json!(false);
        });
        pay(app, "R-1", &json!({"prepaid_order_number": "SO-1"})).expect(201);
        let body = json!({
            "number": "I-1", "customer": "C-1", "invoice_date": "2026-03-31", "amount": cny("1000.00"),
            "order_number": "SO-1"
        });
        let invoice = app.finance().post("/v1/invoices", body).expect(201);
        assert_eq!(invoice["open"]["amount"], "1000.00");
        // Invoices of no order, or another one, take nothing whatever the policy says.
        an_invoice("I-2", "C-1", "10.00").create(app);
        let receipt = app.finance().get("/v1/receipts/R-1").expect(200);
        assert_eq!(receipt["unapplied"]["amount"], "100.00");
        app.adds_up();
    });
}
