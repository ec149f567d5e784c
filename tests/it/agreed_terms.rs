//! Terms where they are used: what a company has agreed with a customer, its calendar, limit checks; retention money, prepayments; lists.

use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, a_receipt, an_invoice, on_both};

fn invoice(app: &TestApp, number: &str, more: &Value) -> Reply {
    let mut body = json!({
        "number": number, "customer": "A", "invoice_date": "2026-03-01", "amount": {"amount": "100.00", "currency": "CNY"},
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    app.finance().post("/v1/invoices", body)
}

fn hamburg(app: &TestApp) {
    let body = json!({
        "number": "DE01", "name": "Hamburg", "country": "DE", "functional_currency": "EUR"
    });
    app.finance().post("/v1/legal-entities", body).expect(201);
}

#[test]
fn an_invoice_that_names_no_terms_has_those_that_its_company_agreed() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("A").create(app);
        hamburg(app);
        let path = format!("/v1/credit-accounts/{}/entities/DE01", made.account);
        let agree = |etag: &str, terms: &Value| {
            let mut body = json!({"reason": "Agreed."});
            for (name, value) in terms.as_object().unwrap() {
                body[name] = value.clone();
            }
            app.credit().put(&path, etag, body)
        };
        let of_hamburg = json!({"legal_entity": "DE01"});
        let due = |reply: &Reply| (reply["due_date"].clone(), reply["payment_terms"].clone());
        agree("\"0\"", &json!({"payment_terms": "unknown"})).expect_problem(422, "invalid");
        let agreed = agree("\"0\"", &json!({"net_days": 10})).expect(200);
        let by_days = invoice(app, "I-1", &of_hamburg).expect(201);
        assert_eq!(due(&by_days), (json!("2026-03-11"), Value::Null));
        let terms = json!({"net_days": 10, "payment_terms": "2_10_net_30"});
        let agreed = agree(&agreed.etag(), &terms).expect(200);
        assert_eq!(agreed["payment_terms"], "2_10_net_30");
        let by_terms = invoice(app, "I-2", &of_hamburg).expect(201);
        assert_eq!(due(&by_terms), (json!("2026-03-31"), json!("2_10_net_30")));
        // What the invoice says itself holds, and another company has the account's net days.
        let stated = json!({"legal_entity": "DE01", "due_date": "2026-03-05"});
        let stated = invoice(app, "I-3", &stated).expect(201);
        assert_eq!(due(&stated), (json!("2026-03-05"), Value::Null));
        let named = json!({"legal_entity": "DE01", "payment_terms": "net_60"});
        let named = invoice(app, "I-4", &named).expect(201);
        assert_eq!(due(&named), (json!("2026-04-30"), json!("net_60")));
        let other = invoice(app, "I-5", &json!({})).expect(201);
        assert_eq!(due(&other), (json!("2026-03-31"), Value::Null));
    });
}

#[test]
fn an_account_has_payment_terms_for_whichever_company_sells() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("A").create(app);
        hamburg(app);
        let path = format!("/v1/credit-accounts/{}/payment-terms", made.account);
        let none = app.auditor().get(&path).expect(200);
        assert_eq!(
            (&none["payment_terms"], none.etag()),
            (&Value::Null, "\"0\"".to_owned())
        );
        let set = |etag: &str, code: &Value| {
            let body = json!({"payment_terms": code, "reason": "Agreed."});
            app.credit().put(&path, etag, body)
        };
        let refused = set("\"0\"", &json!("unknown")).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/payment_terms");
        let agreed = set("\"0\"", &json!("net_60")).expect(200);
        set("\"0\"", &json!("net_60")).expect_problem(412, "stale");
        app.sales()
            .put(
                &path,
                &agreed.etag(),
                json!({"payment_terms": null, "reason": "No."}),
            )
            .expect_problem(403, "forbidden");
        let due = |number: &str, more: &Value| {
            let made = invoice(app, number, more).expect(201);
            (made["due_date"].clone(), made["payment_terms"].clone())
        };
        let in_sixty = (json!("2026-04-30"), json!("net_60"));
        assert_eq!(due("I-1", &json!({})), in_sixty);
        assert_eq!(due("I-2", &json!({"legal_entity": "DE01"})), in_sixty);
        // What the company agrees for itself comes first, days as well as terms.
        let of_hamburg = format!("/v1/credit-accounts/{}/entities/DE01", made.account);
        let days = json!({"net_days": 10, "reason": "Agreed."});
        app.credit().put(&of_hamburg, "\"0\"", days).expect(200);
        let in_ten = (json!("2026-03-11"), Value::Null);
        assert_eq!(due("I-3", &json!({"legal_entity": "DE01"})), in_ten);
        assert_eq!(due("I-4", &json!({})), in_sixty);
        set(&agreed.etag(), &Value::Null).expect(200);
        assert_eq!(due("I-5", &json!({})), (json!("2026-03-31"), Value::Null));
    });
}

#[test]
fn a_due_date_stated_beside_terms_is_the_only_or_the_last_one() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").create(app);
        let stated = json!({"payment_terms": "2_10_net_30", "due_date": "2026-03-05"});
        let made = invoice(app, "I-1", &stated).expect(201);
        assert_eq!(made["due_date"], "2026-03-05");
        let items = app
            .finance()
            .get(&format!("/v1/items?invoice_id={}", made.id()))
            .expect(200);
        assert_eq!(items["data"][0]["discounts"][0]["until"], "2026-03-05");
    });
}

#[test]
fn net_days_that_end_on_a_holiday_of_the_company_go_to_its_next_business_day() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").create(app);
        let calendar = json!({
            "texts": {"en": "China", "zh-CN": "中国"}, "weekend": ["saturday", "sunday"],
            "days": [{"day": "2026-03-31", "kind": "holiday", "name": null}]
        });
        app.credit()
            .request("PUT", "/v1/calendars/cn")
            .header("If-None-Match", "*")
            .json(calendar)
            .send()
            .expect(200);
        let main = app.finance().get("/v1/legal-entities/MAIN").expect(200);
        let patch = |code: &str| {
            let body = json!({"calendar": code});
            app.finance()
                .patch("/v1/legal-entities/MAIN", &main.etag(), body)
        };
        patch("moon").expect_problem(422, "invalid");
        assert_eq!(patch("cn").expect(200)["calendar"], "cn");
        assert_eq!(
            invoice(app, "I-1", &json!({})).expect(201)["due_date"],
            "2026-04-01"
        );
        // A day that the document states stays.
        let stated = invoice(app, "I-2", &json!({"due_date": "2026-03-31"})).expect(201);
        assert_eq!(stated["due_date"], "2026-03-31");
    });
}

#[test]
fn a_limit_check_by_payment_terms_is_judged_by_the_last_instalment() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").with_limit("1000.00").create(app);
        let check = |more: &Value| {
            let mut body = json!({
                "customer": "A", "amount": {"amount": "100.00", "currency": "CNY"}, "dry_run": true
            });
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            app.system().post("/v1/limit-checks", body)
        };
        let codes = |reply: &Reply| -> Vec<String> {
            let reasons = reply["reasons"].as_array().unwrap().iter();
            reasons
                .map(|reason| reason["code"].as_str().unwrap().to_owned())
                .collect()
        };
        let by_days = check(&json!({"net_days": 60})).expect(200);
        assert!(codes(&by_days).contains(&"term_exceeds_policy".to_owned()));
        let by_terms = check(&json!({"payment_terms": "net_60"})).expect(200);
        assert_eq!(by_terms["reasons"], by_days["reasons"]);
        let short = check(&json!({"payment_terms": "2_10_net_30"})).expect(200);
        assert_eq!(codes(&short), Vec::<String>::new());
        check(&json!({"payment_terms": "net_60", "net_days": 60}))
            .expect_problem(400, "malformed_body");
        let unknown = check(&json!({"payment_terms": "unknown"})).expect_problem(422, "invalid");
        assert_eq!(unknown["errors"][0]["pointer"], "/payment_terms");
        let items = json!({"items": [
            {"customer": "A", "amount": {"amount": "1.00", "currency": "CNY"}, "payment_terms": "unknown"},
            {"customer": "A", "amount": {"amount": "1.00", "currency": "CNY"}, "payment_terms": "net_30"}
        ]});
        let batch = app
            .system()
            .post("/v1/limit-checks/batch", items)
            .expect(207);
        let statuses = [&batch["items"][0]["status"], &batch["items"][1]["status"]];
        assert_eq!(statuses, [&json!(422), &json!(200)]);
    });
}

#[test]
fn an_order_on_the_terms_that_were_agreed_is_within_the_terms() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("A").with_limit("1000.00").create(app);
        hamburg(app);
        let exceeds = |more: &Value| {
            let mut body = json!({
                "customer": "A", "amount": {"amount": "100.00", "currency": "CNY"}, "dry_run": true
            });
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            let decided = app.system().post("/v1/limit-checks", body).expect(200);
            let reasons = decided["reasons"].as_array().unwrap().clone();
            let found = reasons
                .into_iter()
                .find(|one| one["code"] == "term_exceeds_policy");
            found.map(|reason| reason["facts"]["allowed_days"].clone())
        };
        let days = |days: i32| json!({"net_days": days});
        assert_eq!(exceeds(&days(30)), None);
        assert_eq!(
            exceeds(&json!({"payment_terms": "net_60"})),
            Some(json!("30"))
        );
        let path = format!("/v1/credit-accounts/{}/payment-terms", made.account);
        let agree = |etag: &str, code: &Value| {
            let body = json!({"payment_terms": code, "reason": "Agreed."});
            app.credit().put(&path, etag, body).expect(200)
        };
        let agreed = agree("\"0\"", &json!("net_60"));
        assert_eq!(exceeds(&json!({"payment_terms": "net_60"})), None);
        assert_eq!(exceeds(&days(60)), None);
        assert_eq!(exceeds(&days(61)), Some(json!("60")));
        // What a company agrees for itself comes first.
        let of_hamburg = format!("/v1/credit-accounts/{}/entities/DE01", made.account);
        let ten = json!({"net_days": 10, "reason": "Agreed."});
        let ten = app.credit().put(&of_hamburg, "\"0\"", ten).expect(200);
        let at_hamburg = json!({"net_days": 11, "legal_entity": "DE01"});
        assert_eq!(exceeds(&at_hamburg), Some(json!("10")));
        assert_eq!(exceeds(&days(60)), None);
        let terms = json!({"payment_terms": "2_10_net_30", "reason": "Agreed."});
        app.credit()
            .put(&of_hamburg, &ten.etag(), terms)
            .expect(200);
        assert_eq!(exceeds(&at_hamburg), None);
        // Given up, the net days hold again.
        agree(&agreed.etag(), &Value::Null);
        assert_eq!(exceeds(&days(31)), Some(json!("30")));
    });
}

#[test]
fn documents_are_listed_by_label_company_currency_and_the_buyers_order() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let account = a_customer("A").create(app).account;
        let read = app
            .credit()
            .get(&format!("/v1/credit-accounts/{account}"))
            .expect(200);
        let billing = json!({"billing_currencies": ["EUR"], "reason": "Agreed."});
        app.credit()
            .patch(
                &format!("/v1/credit-accounts/{account}"),
                &read.etag(),
                billing,
            )
            .expect(200);
        hamburg(app);
        let first = json!({"labels": ["export", "pilot"], "customer_order_number": "PO 1"});
        invoice(app, "I-1", &first).expect(201);
        invoice(
            app,
            "I-2",
            &json!({"labels": ["exports"], "legal_entity": "DE01"}),
        )
        .expect(201);
        let euros = json!({"amount": {"amount": "5.00", "currency": "EUR"}});
        invoice(app, "I-3", &euros).expect(201);
        an_invoice("I-4", "A", "1.00").create(app);
        a_receipt("R-1", "A", "1.00").unapplied().create(app);
        let body = json!({
            "number": "R-2", "customer": "A", "receipt_date": "2026-03-31", "legal_entity": "DE01",
            "amount": {"amount": "1.00", "currency": "EUR"}, "applications": []
        });
        app.finance().post("/v1/receipts", body).expect(201);
        let note = json!({
            "number": "CN-1", "customer": "A", "credit_date": "2026-03-31", "legal_entity": "DE01",
            "amount": {"amount": "1.00", "currency": "CNY"}, "reason": "Price."
        });
        app.finance().post("/v1/credit-notes", note).expect(201);
        let count = |path: &str| {
            let listed = app.finance().get(path).expect(200);
            listed["data"].as_array().unwrap().len()
        };
        for (query, invoices) in [
            ("label=export", 1),
            ("label=export&label=exports", 2),
            ("label=expor_", 0),
            ("legal_entity=DE01", 1),
            ("legal_entity=MAIN", 3),
            ("legal_entity=NONE", 0),
            ("currency=EUR", 1),
            ("customer_order_number=PO%201", 1),
            ("currency=CNY&legal_entity=MAIN&label=pilot", 1),
        ] {
            assert_eq!(count(&format!("/v1/invoices?{query}")), invoices, "{query}");
            assert_eq!(count(&format!("/v1/items?{query}")), invoices, "{query}");
        }
        assert_eq!(count("/v1/receipts?legal_entity=DE01"), 1);
        assert_eq!(count("/v1/receipts?currency=CNY"), 1);
        assert_eq!(count("/v1/credit-notes?legal_entity=DE01&currency=CNY"), 1);
        assert_eq!(count("/v1/credit-notes?legal_entity=MAIN"), 0);
    });
}

#[test]
fn retention_money_is_owed_at_once_and_overdue_only_after_its_own_day() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("A").create(app);
        let cny = |amount: &str| json!({"amount": amount, "currency": "CNY"});
        let instalments = json!({"instalments": [
            {"amount": cny("95.00"), "due_date": "2026-03-20"},
            {"amount": cny("5.00"), "due_date": "2027-03-01", "kind": "retention"}
        ]});
        let invoice = invoice(app, "I-1", &instalments).expect(201);
        let items = |query: &str| {
            let listed = app.finance().get(&format!("/v1/items?{query}")).expect(200);
            let items = listed["data"].as_array().unwrap().iter();
            items
                .map(|item| {
                    let text = |value: &Value| value.as_str().unwrap().to_owned();
                    (text(&item["kind"]), text(&item["open"]["amount"]))
                })
                .collect::<Vec<_>>()
        };
        let pair = |kind: &str, open: &str| (kind.to_owned(), open.to_owned());
        let retained = pair("retention", "5.00");
        assert_eq!(items("kind=retention"), std::slice::from_ref(&retained));
        let of_invoice = format!("invoice_id={}", invoice.id());
        assert_eq!(
            items(&of_invoice),
            [pair("instalment", "95.00"), retained.clone()]
        );
        let account = app
            .credit()
            .get(&format!("/v1/credit-accounts/{}", made.account))
            .expect(200);
        assert_eq!(account["exposure"]["total"]["amount"], "100.00");
        // Neither is it overdue, nor does money for the oldest reach it before the rest.
        assert_eq!(
            items("overdue_as_of=2026-03-31"),
            [pair("instalment", "95.00")]
        );
        let receipt = json!({
            "number": "R-1", "customer": "A", "receipt_date": "2026-03-31", "amount": cny("96.00")
        });
        app.finance().post("/v1/receipts", receipt).expect(201);
        assert_eq!(items("open=true"), [pair("retention", "4.00")]);
        assert_eq!(items("overdue_as_of=2027-03-01"), []);
        assert_eq!(
            items("overdue_as_of=2027-03-02"),
            [pair("retention", "4.00")]
        );
        app.adds_up();
    });
}

#[test]
fn a_prepayment_pays_for_its_order_alone_until_it_is_released() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("A").create(app);
        let cny = |amount: &str| json!({"amount": amount, "currency": "CNY"});
        let finance = app.finance();
        let mut body = json!({
            "number": "R-1", "customer": "A", "receipt_date": "2026-03-01", "amount": cny("150.00"),
            "prepaid_order_number": "SO-1", "apply": "oldest_first"
        });
        finance
            .post("/v1/receipts", body.clone())
            .expect_problem(400, "malformed_body");
        body.as_object_mut().unwrap().remove("apply");
        an_invoice("I-0", "A", "40.00")
            .dated("2026-03-01")
            .create(app);
        let paid = finance.post("/v1/receipts", body.clone()).expect(201);
        assert_eq!(paid["prepaid_order_number"], "SO-1");
        // It is there for its order, and lowers what is at risk.
        assert_eq!(paid["unapplied"]["amount"], "150.00");
        let account = format!("/v1/credit-accounts/{}", made.account);
        let exposure = app.credit().get(&account).expect(200);
        assert_eq!(
            exposure["exposure"]["by_category"]["unapplied_cash"]["amount"],
            "150.00"
        );
        let listed = finance
            .get("/v1/receipts?prepaid_order_number=SO-1")
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        let apply = |more: Value| finance.post("/v1/receipts/R-1/apply", more);
        let to = |invoice: &str, amount: &str| {
            apply(json!({"applications": [{"invoice_number": invoice, "amount": cny(amount)}]}))
        };
        for refused in [to("I-0", "40.00"), apply(json!({"apply": "oldest_first"}))] {
            let problem = refused.expect_problem(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], "prepaid");
        }
        invoice(app, "I-1", &json!({"order_number": "SO-1"})).expect(201);
        assert_eq!(
            to("I-1", "100.00").expect(200)["unapplied"]["amount"],
            "50.00"
        );
        // A prepayment that is said to pay for another order's invoice is refused at once.
        body["number"] = json!("R-2");
        body["applications"] = json!([{"invoice_number": "I-0", "amount": cny("1.00")}]);
        finance
            .post("/v1/receipts", body)
            .expect_problem(422, "invalid");
        let etag = finance.get("/v1/receipts/R-1").expect(200).etag();
        let release = |etag: &str| {
            let body = json!({"reason": "Nothing more is delivered."});
            finance.post_if("/v1/receipts/R-1/release", etag, body)
        };
        release("\"99\"").expect_problem(412, "stale");
        app.credit()
            .post_if("/v1/receipts/R-1/release", &etag, json!({"reason": "No."}))
            .expect_problem(403, "forbidden");
        let free = release(&etag).expect(200);
        assert_eq!(free["prepaid_order_number"], Value::Null);
        release(&free.etag()).expect_problem(409, "state_conflict");
        assert_eq!(
            to("I-0", "40.00").expect(200)["unapplied"]["amount"],
            "10.00"
        );
        app.adds_up();
    });
}
