//! Dunning by the company that is owed, and by currency: whose letter it is, whose money covers what, and what is closed.

use serde_json::{Value, json};

use crate::dunning::{blocks, dun, level, list, preview, skipped};
use crate::entities::{bills_in, reserve};
use crate::support::{Made, Reply, TestApp, a_customer, on_both, set_rate};

/// A German company beside the first one, and a customer who may buy from both in any currency.
fn open(app: &TestApp, language: &str) -> Made {
    app.turn_to("2026-01-01");
    set_rate(app, "EUR", "CNY", "8.0000", "2026-01-01");
    set_rate(app, "USD", "CNY", "7.0000", "2026-01-01");
    let entity = json!({
        "number": "DE01", "name": "Jiangnan Deutschland GmbH", "country": "DE", "functional_currency": "EUR",
        "street": "Hafenstraße 7", "postal_code": "20457", "city": "Hamburg", "vat_id": "DE136695976",
        "bank_details": "IBAN DE89 3704 0044 0532 0130 00\nBIC COBADEFFXXX",
        "letter_sender": "Credit department <Hamburg>",
    });
    app.finance().post("/v1/legal-entities", entity).expect(201);
    let made = a_customer("C-1")
        .with_limit("100000.00")
        .speaking(language)
        .create(app);
    bills_in(app, &made.account, &["any"]);
    made
}

fn owe(
    app: &TestApp,
    number: &str,
    entity: &str,
    currency: &str,
    amount: &str,
    due: &str,
) -> String {
    let invoice = json!({
        "number": number, "customer": "C-1", "invoice_date": "2026-01-01", "due_date": due, "legal_entity": entity,
        "amount": {"amount": amount, "currency": currency},
    });
    app.finance().post("/v1/invoices", invoice).expect(201).id()
}

fn receive(app: &TestApp, number: &str, entity: &str, currency: &str, amount: &str) {
    let receipt = json!({
        "number": number, "customer": "C-1", "receipt_date": "2026-01-01", "legal_entity": entity,
        "amount": {"amount": amount, "currency": currency}, "apply": "none",
    });
    app.finance().post("/v1/receipts", receipt).expect(201);
}

/// Pays an invoice in full, and gives the receipt.
fn settle(app: &TestApp, invoice: &str, entity: &str, currency: &str, amount: &str) -> Reply {
    let amount = json!({"amount": amount, "currency": currency});
    let receipt = json!({
        "number": format!("R-{invoice}"), "customer": "C-1", "receipt_date": "2026-01-01", "legal_entity": entity,
        "amount": amount, "applications": [{"invoice_id": invoice, "amount": amount}],
    });
    app.finance().post("/v1/receipts", receipt).expect(201)
}

/// A procedure of one level that blocks, which holds for everybody.
fn block_at_once(app: &TestApp, scope: Value) {
    let mut body = json!({"name": "Short", "levels": [level(1, 1, "block")]});
    if !scope.is_null() {
        body["block_scope"] = scope;
    }
    let made = app
        .credit()
        .post("/v1/dunning-procedures", body)
        .expect(201);
    let path = format!("/v1/dunning-procedures/{}/make-default", made.id());
    app.credit()
        .post_if(&path, &made.etag(), json!({}))
        .expect(200);
}

fn closed_for(app: &TestApp, account: &str, entity: &str) -> Value {
    let path = format!("/v1/credit-accounts/{account}/entities/{entity}");
    app.credit().get(&path).expect(200)["dunning_block_reason"].clone()
}

fn total(notice: &Value) -> String {
    let total = &notice["total"];
    format!(
        "{} {}",
        total["currency"].as_str().unwrap(),
        total["amount"].as_str().unwrap()
    )
}

#[test]
fn each_company_writes_a_letter_of_its_own_in_each_currency() {
    on_both(|app| {
        open(app, "en");
        owe(app, "I-1", "MAIN", "CNY", "100.00", "2026-03-01");
        owe(app, "I-2", "DE01", "EUR", "200.00", "2026-03-01");
        owe(app, "I-3", "DE01", "USD", "300.00", "2026-03-01");
        owe(app, "I-4", "MAIN", "USD", "400.00", "2026-03-01");
        let sent = dun(app, "2026-03-02");
        let mut totals: Vec<String> = sent.iter().map(total).collect();
        totals.sort();
        assert_eq!(
            totals,
            ["CNY 100.00", "EUR 200.00", "USD 300.00", "USD 400.00"]
        );
        let text = |notice: &Value| {
            let id = notice["id"].as_str().unwrap();
            let path = format!("/v1/dunning-notices/{id}/letter?format=text");
            app.credit().get(&path).expect(200).text.clone()
        };
        for notice in &sent {
            let german = ["EUR 200.00", "USD 300.00"].contains(&total(notice).as_str());
            let letter = text(notice);
            for line in [
                "Jiangnan Deutschland GmbH\nHafenstraße 7\n20457 Hamburg\nDE\nVAT ID DE136695976",
                "Please pay to:\nIBAN DE89 3704 0044 0532 0130 00\nBIC COBADEFFXXX",
            ] {
                assert_eq!(letter.contains(line), german, "{letter}");
            }
        }
        let of_german = list(&app.credit(), "/v1/dunning-notices?legal_entity=DE01");
        assert_eq!(of_german.len(), 2);
        let in_dollars = list(
            &app.credit(),
            "/v1/dunning-notices?legal_entity=DE01&currency=USD",
        );
        assert_eq!(in_dollars.len(), 1);
        let page = in_dollars[0]["id"].as_str().unwrap();
        let html = app
            .credit()
            .get(&format!("/v1/dunning-notices/{page}/letter"))
            .expect(200);
        assert!(
            html.text.contains("Credit department &lt;Hamburg&gt;"),
            "{}",
            html.text
        );
        // Who has been dunned is told by balance; what is in three currencies has no sum.
        let stages = list(&app.credit(), "/v1/dunning-stages/customers");
        assert_eq!(stages[0]["open"], Value::Null);
        assert_eq!(stages[0]["by_balance"].as_array().unwrap().len(), 4);
        app.adds_up();
    });
}

#[test]
fn a_chinese_letter_has_the_letterhead_and_the_bank_as_well() {
    on_both(|app| {
        open(app, "zh-CN");
        owe(app, "I-1", "DE01", "EUR", "200.00", "2026-03-01");
        let sent = dun(app, "2026-03-02");
        let path = format!(
            "/v1/dunning-notices/{}/letter?format=text",
            sent[0]["id"].as_str().unwrap()
        );
        let letter = app.credit().get(&path).expect(200).text.clone();
        assert!(
            letter.starts_with("Jiangnan Deutschland GmbH\n"),
            "{letter}"
        );
        assert!(letter.contains("税号 DE136695976"), "{letter}");
        assert!(letter.contains("收款账户:\nIBAN DE89"), "{letter}");
    });
}

#[test]
fn money_covers_what_is_owed_to_the_same_company_in_the_same_currency_alone() {
    on_both(|app| {
        open(app, "en");
        owe(app, "I-1", "MAIN", "CNY", "100.00", "2026-03-01");
        owe(app, "I-2", "DE01", "EUR", "200.00", "2026-03-01");
        owe(app, "I-3", "DE01", "USD", "300.00", "2026-03-01");
        receive(app, "R-1", "DE01", "EUR", "500.00");
        receive(app, "R-2", "DE01", "USD", "120.00");
        app.turn_to("2026-03-02");
        let run = preview(app);
        assert_eq!(skipped(&run), json!([{"reason": "covered", "invoices": 1}]));
        let notices = crate::dunning::notices(app, &run.id());
        let mut totals: Vec<String> = notices.iter().map(total).collect();
        totals.sort();
        assert_eq!(totals, ["CNY 100.00", "USD 180.00"]);
    });
}

#[test]
fn the_least_amount_of_each_currency_counts_for_itself() {
    on_both(|app| {
        open(app, "en");
        let mut only = level(1, 1, "none");
        only["minimum_amounts"] = json!([
            {"amount": "500.00", "currency": "EUR"}, {"amount": "100.00", "currency": "CNY"}
        ]);
        let made = app
            .credit()
            .post(
                "/v1/dunning-procedures",
                json!({"name": "Large", "levels": [only]}),
            )
            .expect(201);
        let path = format!("/v1/dunning-procedures/{}/make-default", made.id());
        app.credit()
            .post_if(&path, &made.etag(), json!({}))
            .expect(200);
        owe(app, "I-1", "MAIN", "CNY", "100.00", "2026-03-01");
        owe(app, "I-2", "DE01", "EUR", "300.00", "2026-03-01");
        // As much again, and owed to another: each is below the minimum for itself.
        owe(app, "I-3", "MAIN", "EUR", "300.00", "2026-03-01");
        owe(app, "I-4", "DE01", "USD", "1.00", "2026-03-01");
        app.turn_to("2026-03-02");
        let run = preview(app);
        assert_eq!(
            skipped(&run),
            json!([{"reason": "below_minimum", "invoices": 2}])
        );
        let notices = crate::dunning::notices(app, &run.id());
        assert_eq!(notices.len(), 2);
    });
}

#[test]
fn a_level_that_blocks_closes_what_the_company_sells_until_it_is_paid() {
    on_both(|app| {
        let made = open(app, "en");
        block_at_once(app, Value::Null);
        owe(app, "I-1", "MAIN", "CNY", "100.00", "2026-12-31");
        let invoice = owe(app, "I-2", "DE01", "EUR", "200.00", "2026-03-01");
        let sent = dun(app, "2026-03-02");
        assert_eq!(sent[0]["block_scope"], "entity");
        assert_eq!(blocks(app, &made.account), json!([]));
        assert_eq!(
            closed_for(app, &made.account, "DE01"),
            "Dunning reached level 1."
        );
        assert_eq!(closed_for(app, &made.account, "MAIN"), Value::Null);
        let refused = reserve(app, "SO-1", "DE01", "1.00", "EUR").expect(200);
        assert_eq!(refused["outcome"], "rejected");
        assert_eq!(refused["reasons"][0]["code"], "account_status");
        assert_eq!(refused["reasons"][0]["facts"]["cause"], "dunning");
        let elsewhere = reserve(app, "SO-2", "MAIN", "1.00", "CNY").expect(200);
        assert!(elsewhere["reservation"].is_object(), "{:?}", elsewhere.body);
        // What people agree stays theirs.
        let path = format!("/v1/credit-accounts/{}/entities/DE01", made.account);
        assert_eq!(app.credit().get(&path).expect(200).etag(), "\"0\"");
        let receipt = settle(app, &invoice, "DE01", "EUR", "200.00");
        assert_eq!(closed_for(app, &made.account, "DE01"), Value::Null);
        let open_again = reserve(app, "SO-3", "DE01", "1.00", "EUR").expect(200);
        assert!(
            open_again["reservation"].is_object(),
            "{:?}",
            open_again.body
        );
        // The money bounces: closed again, in the same unit of work.
        app.finance()
            .post_if(
                &format!("/v1/receipts/{}/reverse", receipt.id()),
                &receipt.etag(),
                json!({"reason": "It bounced."}),
            )
            .expect(200);
        assert_eq!(
            closed_for(app, &made.account, "DE01"),
            "Dunning reached level 1."
        );
        app.adds_up();
    });
}

#[test]
fn an_account_of_one_company_is_blocked_as_it_always_was() {
    on_both(|app| {
        let made = open(app, "en");
        block_at_once(app, json!("entity"));
        let invoice = owe(app, "I-1", "MAIN", "CNY", "100.00", "2026-03-01");
        dun(app, "2026-03-02");
        assert_eq!(blocks(app, &made.account)[0]["cause"], "dunning");
        assert_eq!(closed_for(app, &made.account, "MAIN"), Value::Null);
        settle(app, &invoice, "MAIN", "CNY", "100.00");
        assert_eq!(blocks(app, &made.account), json!([]));
    });
}

#[test]
fn a_procedure_may_block_the_whole_account_and_that_of_before_does() {
    on_both(|app| {
        let made = open(app, "en");
        block_at_once(app, json!("account"));
        owe(app, "I-1", "MAIN", "CNY", "100.00", "2026-12-31");
        owe(app, "I-2", "DE01", "EUR", "200.00", "2026-03-01");
        dun(app, "2026-03-02");
        assert_eq!(blocks(app, &made.account)[0]["cause"], "dunning");
        assert_eq!(closed_for(app, &made.account, "DE01"), Value::Null);
        let refused = reserve(app, "SO-1", "MAIN", "1.00", "CNY").expect(200);
        assert_eq!(refused["outcome"], "rejected");
        let standard = list(&app.credit(), "/v1/dunning-procedures");
        let standard = standard
            .iter()
            .find(|procedure| procedure["name"] != "Short")
            .unwrap();
        assert_eq!(standard["block_scope"], "account");
    });
}

#[test]
fn a_company_may_dun_by_a_procedure_of_its_own() {
    on_both(|app| {
        let made = open(app, "en");
        let patient = app
            .credit()
            .post(
                "/v1/dunning-procedures",
                json!({"name": "Patient", "levels": [level(1, 20, "none")]}),
            )
            .expect(201);
        let path = format!("/v1/credit-accounts/{}", made.account);
        let assign = |entity: &str, procedure: Value| {
            let etag = app.credit().get(&path).expect(200).etag();
            app.credit().put(
                &format!("{path}/dunning-procedure"),
                &etag,
                json!({"legal_entity": entity, "dunning_procedure_id": procedure, "reason": "Hamburg waits."}),
            )
        };
        assign("XX", json!(patient.id())).expect_problem(422, "invalid");
        let account = assign("DE01", json!(patient.id())).expect(200);
        assert_eq!(account["dunning_procedure_id"], Value::Null);
        owe(app, "I-1", "MAIN", "CNY", "100.00", "2026-03-01");
        owe(app, "I-2", "DE01", "EUR", "200.00", "2026-03-01");
        let sent = dun(app, "2026-03-02");
        assert_eq!(sent.iter().map(total).collect::<Vec<_>>(), ["CNY 100.00"]);
        let sent = dun(app, "2026-03-21");
        assert!(
            sent.iter()
                .any(|notice| notice["subject"] == "Level 1: EUR 200.00")
        );
        let terms = app
            .credit()
            .get(&format!("{path}/entities/DE01"))
            .expect(200);
        assert_eq!(terms["dunning_procedure_id"], patient.id().as_str());
        assign("DE01", Value::Null).expect(200);
        app.adds_up();
    });
}
