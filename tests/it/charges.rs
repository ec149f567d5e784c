//! What paying late costs: interest by the day, the fixed sum, fees; accrued, claimed, paid and waived.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::receivables::take_back;
use crate::support::{
    Reply, TestApp, a_customer, a_receipt, an_invoice, eventually, on_both, set_policy, set_rate,
};

fn money(amount: &str, currency: &str) -> Value {
    json!({"amount": amount, "currency": currency})
}

/// The company is in this country.
fn in_country(app: &TestApp, country: &str) {
    let main = app.finance().get("/v1/legal-entities/MAIN").expect(200);
    let body = json!({"country": country});
    app.finance()
        .patch("/v1/legal-entities/MAIN", &main.etag(), body)
        .expect(200);
}

/// Works out what has accrued by today, and gives what the job says.
fn accrue(app: &TestApp) -> Value {
    accrue_as(app, json!({}))
}

fn accrue_as(app: &TestApp, body: Value) -> Value {
    let credit = app.credit();
    let job = credit.post("/v1/charges/accrue", body).expect(202);
    let path = format!("/v1/jobs/{}", job.id());
    credit.get(&format!("{path}/events")).expect(200);
    let job = credit.get(&path).expect(200);
    assert_eq!(job["status"], "succeeded", "{}", job.text);
    job["result"]["accrued"].clone()
}

fn charges(app: &TestApp, query: &str) -> Vec<Value> {
    let list = app
        .credit()
        .get(&format!("/v1/charges?{query}"))
        .expect(200);
    let mut found = list["data"].as_array().unwrap().clone();
    found.reverse();
    found
}

/// Of the charges that a query finds: kind, status, amount.
fn told(app: &TestApp, query: &str) -> Vec<String> {
    let told = charges(app, query).into_iter().map(|one| {
        let text = |member: &str| one[member].as_str().unwrap().to_owned();
        let amount = one["amount"]["amount"].as_str().unwrap();
        format!("{} {} {amount}", text("kind"), text("status"))
    });
    told.collect()
}

fn the_charge(app: &TestApp, kind: &str) -> Reply {
    let found = charges(app, &format!("kind={kind}"));
    let id = found.last().unwrap()["id"].as_str().unwrap();
    app.finance().get(&format!("/v1/charges/{id}")).expect(200)
}

fn claim(app: &TestApp, charge: &Reply, body: Value) -> Reply {
    let path = format!("/v1/charges/{}/claim", charge.id());
    app.finance().post_if(&path, &charge.etag(), body)
}

fn propose_waiver(app: &TestApp, charge: &Reply) -> Reply {
    app.credit().post(
        "/v1/change-requests",
        json!({
            "kind": "charge_waiver", "target": charge.id(), "after": {"status": "waived"},
            "reason": "Our own invoice came late.",
        }),
    )
}

fn exposure(app: &TestApp, account: &str) -> [String; 2] {
    let found = app
        .finance()
        .get(&format!("/v1/credit-accounts/{account}"))
        .expect(200);
    ["receivables", "claimed_charges"]
        .map(|category| found.text_at(&format!("/exposure/by_category/{category}/amount")))
}

fn agree(app: &TestApp, account: &str, etag: &str, body: Value) -> Reply {
    let path = format!("/v1/credit-accounts/{account}/entities/MAIN/late-interest-terms");
    app.credit().put(&path, etag, body)
}

/// An invoice of EUR 10,000.00, due on 15 May 2026, of a Dutch company.
fn europe(app: &TestApp) -> String {
    app.turn_to("2026-05-01");
    in_country(app, "NL");
    let made = a_customer("C-1").in_currency("EUR").create(app);
    an_invoice("I-1", "C-1", "10000.00")
        .in_currency("EUR")
        .due("2026-05-15")
        .create(app);
    made.account
}

#[test]
fn the_worked_example_of_europe_accrues_to_the_cent_and_stays_when_the_invoice_is_paid() {
    on_both(|app| {
        europe(app);
        app.turn_to("2026-05-15");
        assert_eq!(accrue(app)["changed"], 0);
        app.turn_to("2026-08-14");
        a_receipt("R-1", "C-1", "10000.00")
            .in_currency("EUR")
            .create(app);
        app.turn_to("2026-09-30");
        assert_eq!(accrue(app)["changed"], 2);
        let expected = ["interest accrued 256.14", "fixed_sum accrued 40.00"];
        assert_eq!(told(app, "customer=C-1"), expected);
        let interest = the_charge(app, "interest");
        assert_eq!(interest["from"], "2026-05-16");
        assert_eq!(interest["to"], "2026-08-14");
        assert_eq!(interest["regime"], "eu_2011_7");
        let segments: Vec<Value> = interest["segments"].as_array().unwrap().clone();
        let parts: Vec<_> = segments
            .iter()
            .map(|one| {
                (
                    one["days"].clone(),
                    one["rate"].clone(),
                    one["interest"].clone(),
                )
            })
            .collect();
        assert_eq!(
            parts,
            [
                (json!(46), json!("0.1015"), money("127.92", "EUR")),
                (json!(45), json!("0.104"), money("128.22", "EUR")),
            ]
        );
        // Working it out again changes nothing.
        app.turn_to("2026-10-31");
        assert_eq!(accrue(app)["changed"], 0);
        assert_eq!(the_charge(app, "interest").etag(), interest.etag());
        app.adds_up();
    });
}

#[test]
fn the_worked_examples_of_china_follow_the_regime_that_was_agreed() {
    on_both(|app| {
        app.turn_to("2026-01-01");
        in_country(app, "CN");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "100000.00")
            .dated("2026-01-01")
            .due("2026-01-01")
            .create(app);
        app.turn_to("2026-04-02");
        accrue(app);
        assert_eq!(told(app, "customer=C-1"), ["interest accrued 972.33"]);
        let terms = |regime: &str| json!({"regime": regime, "reason": "As the contract says."});
        let agreed = agree(app, &made.account, "\"0\"", terms("cn_sales_150")).expect(200);
        accrue(app);
        assert_eq!(told(app, "customer=C-1"), ["interest accrued 1121.92"]);
        agree(app, &made.account, &agreed.etag(), terms("cn_decree_802")).expect(200);
        accrue(app);
        assert_eq!(told(app, "customer=C-1"), ["interest accrued 4550.00"]);
        app.adds_up();
    });
}

#[test]
fn an_agreed_rate_goes_first_a_part_payment_begins_a_segment_and_zero_is_none() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        in_country(app, "US");
        let made = a_customer("C-1").create(app);
        an_invoice("I-1", "C-1", "1000.00")
            .due("2026-03-10")
            .create(app);
        app.turn_to("2026-03-20");
        // The law of the company's country gives nothing that was not agreed.
        assert_eq!(accrue(app)["changed"], 0);
        let rate = |rate: &str| json!({"yearly_rate": rate, "reason": "Clause 10."});
        let agreed = agree(app, &made.account, "\"0\"", rate("0.0365")).expect(200);
        a_receipt("R-1", "C-1", "400.00")
            .paying("I-1", "400.00")
            .create(app);
        app.turn_to("2026-03-30");
        accrue(app);
        let charge = the_charge(app, "interest");
        assert_eq!(charge["amount"], money("1.60", "CNY"));
        assert_eq!(charge["regime"], Value::Null);
        assert_eq!(charge["segments"][0]["interest"], money("1.00", "CNY"));
        assert_eq!(charge["segments"][1]["principal"], money("600.00", "CNY"));
        // Paid, it goes no further; taken back, it goes on.
        let receipt = a_receipt("R-2", "C-1", "600.00").create(app);
        app.turn_to("2026-04-09");
        accrue(app);
        assert_eq!(the_charge(app, "interest")["to"], "2026-03-30");
        take_back(app, &format!("/v1/receipts/{receipt}"), "reverse").expect(200);
        app.turn_to("2026-04-10");
        accrue(app);
        assert_eq!(the_charge(app, "interest")["to"], "2026-04-10");
        agree(app, &made.account, &agreed.etag(), rate("0")).expect(200);
        accrue(app);
        assert_eq!(told(app, "status=accrued"), [""; 0]);
        agree(app, &made.account, &agreed.etag(), rate("0.01")).expect_problem(412, "stale");
        agree(app, &made.account, "\"2\"", rate("11")).expect_problem(400, "malformed_body");
        let unknown = json!({"regime": "moon_1", "reason": "No."});
        agree(app, &made.account, "\"2\"", unknown).expect_problem(422, "invalid");
        app.adds_up();
    });
}

#[test]
fn a_claimed_charge_is_an_invoice_of_its_own_and_interest_goes_on_after_it() {
    on_both(|app| {
        let account = europe(app);
        app.turn_to("2026-06-30");
        accrue(app);
        let interest = the_charge(app, "interest");
        assert_eq!(interest["amount"], money("127.92", "EUR"));
        assert_eq!(exposure(app, &account), ["10000.00", "0.00"]);
        let body = json!({"number": "LPI-1", "due_date": "2026-07-14", "reference": "Notice 7"});
        let claimed = claim(app, &interest, body).expect(200);
        assert_eq!(claimed["status"], "claimed");
        assert_eq!(claimed["claim_reference"], "Notice 7");
        assert_eq!(exposure(app, &account), ["10000.00", "127.92"]);
        let path = format!("/v1/invoices/{}", claimed.text_at("/claimed_invoice_id"));
        let invoice = app.finance().get(&path).expect(200);
        assert_eq!(invoice["number"], "LPI-1");
        assert_eq!(invoice["kind"], "late_interest");
        assert_eq!(invoice["due_date"], "2026-07-14");
        // Other days are other interest, and a charge bears none.
        app.turn_to("2026-08-14");
        accrue(app);
        let expected = [
            "interest claimed 127.92",
            "fixed_sum accrued 40.00",
            "interest accrued 128.22",
        ];
        assert_eq!(told(app, "customer=C-1"), expected);
        // Paid in part it is claimed; paid in full it is paid; and open again when the money is taken off.
        let pay = |number: &str, amount: &str| {
            a_receipt(number, "C-1", amount)
                .in_currency("EUR")
                .paying("LPI-1", amount)
                .create(app)
        };
        pay("R-1", "27.92");
        assert_eq!(told(app, "status=paid"), [""; 0]);
        let last = pay("R-2", "100.00");
        assert_eq!(told(app, "status=paid"), ["interest paid 127.92"]);
        assert_eq!(exposure(app, &account), ["10000.00", "0.00"]);
        app.adds_up();
        take_back(app, &format!("/v1/receipts/{last}"), "reverse").expect(200);
        assert_eq!(told(app, "status=claimed"), ["interest claimed 127.92"]);
        assert_eq!(exposure(app, &account), ["10000.00", "100.00"]);
        app.adds_up();
    });
}

#[test]
fn a_claim_is_made_once_by_finance_at_the_version_that_was_read() {
    on_both(|app| {
        europe(app);
        app.turn_to("2026-06-30");
        accrue(app);
        let interest = the_charge(app, "interest");
        let path = format!("/v1/charges/{}/claim", interest.id());
        for client in [
            app.sales(),
            app.credit(),
            app.auditor(),
            app.system(),
            app.admin(),
        ] {
            client
                .post_if(&path, &interest.etag(), json!({}))
                .expect_problem(403, "forbidden");
        }
        let finance = app.finance();
        finance
            .post_if(&path, "\"99\"", json!({}))
            .expect_problem(412, "stale");
        let once = || {
            finance
                .request("POST", &path)
                .header("If-Match", &interest.etag())
                .key("claim-1")
                .json(json!({}))
                .send()
        };
        let first = once().expect(200);
        assert_eq!(once().expect(200).text, first.text);
        finance
            .post_if(&path, &first.etag(), json!({}))
            .expect_problem(409, "state_conflict");
        finance
            .get("/v1/charges/chg_01k00000000000000000000001")
            .expect_problem(404, "not_found");
        assert_eq!(told(app, "status=claimed").len(), 1);
        app.adds_up();
    });
}

#[test]
fn the_fixed_sum_is_due_once_for_an_invoice_also_when_it_was_waived() {
    on_both(|app| {
        let account = europe(app);
        app.turn_to("2026-06-30");
        accrue(app);
        let sum = the_charge(app, "fixed_sum");
        let claimed = claim(app, &sum, json!({})).expect(200);
        assert_eq!(exposure(app, &account), ["10000.00", "40.00"]);
        let claimed = app
            .finance()
            .get(&format!("/v1/charges/{}", claimed.id()))
            .expect(200);
        let request = propose_waiver(app, &claimed).expect(201);
        let approve = |client: &crate::support::Client| {
            let path = format!("/v1/change-requests/{}/approve", request.id());
            client.post_if(&path, &request.etag(), json!({"reason": "Agreed."}))
        };
        // Credit proposes and finance decides; nobody decides what they proposed.
        approve(&app.credit()).expect(403);
        let both = app.caller("u-credit", &[Role::Credit, Role::Finance], None);
        approve(&both).expect_problem(403, "segregation_of_duties");
        assert_eq!(approve(&app.finance()).expect(200)["status"], "applied");
        assert_eq!(told(app, "kind=fixed_sum"), ["fixed_sum waived 40.00"]);
        assert_eq!(exposure(app, &account), ["10000.00", "0.00"]);
        app.turn_to("2026-07-31");
        accrue(app);
        assert_eq!(told(app, "kind=fixed_sum"), ["fixed_sum waived 40.00"]);
        propose_waiver(app, &the_charge(app, "fixed_sum")).expect_problem(409, "state_conflict");
        app.adds_up();
    });
}

#[test]
fn interest_that_is_waived_as_it_accrued_is_not_asked_for_again() {
    on_both(|app| {
        europe(app);
        app.turn_to("2026-06-30");
        accrue(app);
        let interest = the_charge(app, "interest");
        let request = propose_waiver(app, &interest).expect(201);
        let path = format!("/v1/change-requests/{}/approve", request.id());
        app.finance()
            .post_if(&path, &request.etag(), json!({"reason": "Agreed."}))
            .expect(200);
        app.turn_to("2026-07-01");
        accrue(app);
        let expected = ["interest waived 127.92", "interest accrued 2.85"];
        assert_eq!(told(app, "kind=interest"), expected);
        assert_eq!(the_charge(app, "interest")["from"], "2026-07-01");
        app.adds_up();
    });
}

#[test]
fn a_fee_is_recorded_cancelled_and_claimed_and_what_began_here_is_told() {
    on_both(|app| {
        let account = europe(app);
        let fee = |amount: Value| {
            let body = json!({
                "kind": "collection_cost", "invoice": "I-1", "amount": amount, "reason": "Register search.",
            });
            app.finance().post("/v1/charges", body)
        };
        fee(money("85.00", "CNY")).expect_problem(422, "invalid");
        let wrong = fee(money("850.00", "EUR")).expect(201);
        let cancel = format!("/v1/charges/{}/cancel", wrong.id());
        let why = json!({"reason": "A zero too many."});
        app.finance()
            .post_if(&cancel, &wrong.etag(), why)
            .expect(200);
        let right = fee(money("85.00", "EUR")).expect(201);
        let claimed = claim(app, &right, json!({})).expect(200);
        assert_eq!(exposure(app, &account), ["10000.00", "85.00"]);
        let invoice = format!("/v1/invoices/{}", claimed.text_at("/claimed_invoice_id"));
        assert_eq!(app.finance().get(&invoice).expect(200)["kind"], "costs");
        let postings = |count: usize| {
            eventually(|| {
                let page = app.finance().get("/v1/postings?status=open").expect(200);
                let found = page["data"].as_array().unwrap().clone();
                Some(found).filter(|found| found.len() == count)
            })
        };
        let told = postings(1);
        assert_eq!(told[0]["kind"], "charge");
        assert_eq!(told[0]["charge_id"], claimed["id"]);
        assert_eq!(told[0]["amount"], money("85.00", "EUR"));
        // The claim is taken back: so is what was told, and the charge counts no more.
        take_back(app, &invoice, "cancel").expect(200);
        assert_eq!(postings(2)[1]["amount"], money("-85.00", "EUR"));
        let expected = [
            "collection_cost cancelled 850.00",
            "collection_cost cancelled 85.00",
        ];
        assert_eq!(told_of(app), expected);
        assert_eq!(exposure(app, &account), ["10000.00", "0.00"]);
        app.adds_up();
    });
}

fn told_of(app: &TestApp) -> Vec<String> {
    told(app, "kind=collection_cost")
}

#[test]
fn costs_go_before_interest_and_interest_before_what_was_sold_where_the_policy_says_so() {
    on_both(|app| {
        let account = europe(app);
        app.turn_to("2026-06-30");
        accrue(app);
        claim(app, &the_charge(app, "interest"), json!({"number": "L-1"})).expect(200);
        claim(app, &the_charge(app, "fixed_sum"), json!({"number": "K-1"})).expect(200);
        set_policy(app, |policy| {
            policy["settlement"]["allocation"] = json!("costs_interest_principal");
        });
        let pay = |number: &str, amount: &str| {
            a_receipt(number, "C-1", amount)
                .in_currency("EUR")
                .create(app)
        };
        pay("R-1", "40.00");
        assert_eq!(told(app, "status=paid"), ["fixed_sum paid 40.00"]);
        pay("R-2", "227.92");
        assert_eq!(told(app, "status=paid").len(), 2);
        assert_eq!(exposure(app, &account), ["9900.00", "0.00"]);
        app.adds_up();
    });
}

#[test]
fn the_fixed_sum_is_converted_for_an_invoice_in_another_currency() {
    on_both(|app| {
        app.turn_to("2026-05-01");
        in_country(app, "DE");
        a_customer("C-1").in_currency("USD").create(app);
        an_invoice("I-1", "C-1", "1000.00")
            .in_currency("USD")
            .due("2026-05-15")
            .create(app);
        app.turn_to("2026-05-25");
        // 1,000.00 at 1.27 % plus 9 points for 10 days; no rate leads from euros to dollars.
        let accrued = accrue(app);
        assert_eq!(
            (&accrued["changed"], &accrued["without_rate"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(told(app, "customer=C-1"), ["interest accrued 2.81"]);
        set_rate(app, "EUR", "USD", "1.10", "2026-05-01");
        accrue(app);
        assert_eq!(told(app, "kind=fixed_sum"), ["fixed_sum accrued 44.00"]);
        app.adds_up();
    });
}

#[test]
fn what_accrued_for_an_invoice_that_is_cancelled_is_no_charge_and_what_nobody_may_see_is_not_there()
{
    on_both(|app| {
        europe(app);
        app.turn_to("2026-06-30");
        accrue(app);
        let interest = the_charge(app, "interest");
        let path = format!("/v1/charges/{}", interest.id());
        app.sales().get(&path).expect(200);
        app.caller("u-other", &[Role::Sales], None)
            .get(&path)
            .expect_problem(404, "not_found");
        let invoice = interest.text_at("/invoice_id");
        take_back(app, &format!("/v1/invoices/{invoice}"), "cancel").expect(200);
        let expected = ["interest cancelled 127.92", "fixed_sum cancelled 40.00"];
        assert_eq!(told(app, "customer=C-1"), expected);
        app.adds_up();
    });
}

#[test]
fn interest_is_calculated_without_effect() {
    on_both(|app| {
        let ask = |change: &dyn Fn(&mut Value)| {
            let mut body = json!({
                "amount": money("10000.00", "EUR"), "due_date": "2026-05-15", "to": "2026-12-31",
                "regime": "eu_2011_7", "payments": [{"on": "2026-08-14", "amount": money("10000.00", "EUR")}],
            });
            change(&mut body);
            app.sales().post("/v1/late-interest/calculations", body)
        };
        let told = ask(&|_| ()).expect(200);
        assert_eq!(told["interest"], money("256.14", "EUR"));
        assert_eq!(told["fixed_sum"], money("40.00", "EUR"));
        // On the due date nothing runs.
        let none = ask(&|body| body["to"] = json!("2026-05-15")).expect(200);
        assert_eq!(none["interest"], money("0.00", "EUR"));
        assert_eq!(none["fixed_sum"], Value::Null);
        // The largest debt there is, for ten years at 1,000 %.
        let huge = ask(&|body| {
            *body = json!({
                "amount": money("999999999999.99", "EUR"), "due_date": "2026-01-01", "to": "2035-12-30",
                "yearly_rate": "10",
            });
        });
        assert_eq!(
            huge.expect(200)["interest"],
            money("99999999999999.00", "EUR")
        );
        ask(&|body| body["to"] = json!("2099-01-01")).expect(200);
        ask(&|body| {
            body["payments"] = json!([]);
            body["to"] = json!("2099-01-01");
        })
        .expect_problem(422, "invalid");
        ask(&|body| body["regime"] = json!("moon_1")).expect_problem(422, "invalid");
        ask(&|body| body["yearly_rate"] = json!("0.05")).expect_problem(400, "malformed_body");
        ask(&|body| body["payments"][0]["amount"] = money("1.00", "USD"))
            .expect_problem(422, "invalid");
        ask(&|body| body["paused"] = json!([{"from": "2026-06-02", "to": "2026-06-01"}]))
            .expect_problem(422, "invalid");
        let paused =
            ask(&|body| body["paused"] = json!([{"from": "2026-06-01", "to": "2026-06-30"}]));
        assert_eq!(paused.expect(200)["segments"][0]["days"], 16);
    });
}

#[test]
fn interest_goes_up_to_the_last_day_whose_rate_is_known_and_stays() {
    on_both(|app| {
        europe(app);
        app.turn_to("2026-12-10");
        accrue(app);
        // The reference rates are known to the end of the year.
        app.turn_to("2027-01-15");
        let accrued = accrue(app);
        assert_eq!(
            (&accrued["changed"], &accrued["without_rate"]),
            (&json!(1), &json!(1))
        );
        let interest = the_charge(app, "interest");
        assert_eq!(interest["status"], "accrued");
        assert_eq!(interest["to"], "2026-12-31");
        app.turn_to("2027-02-15");
        let accrued = accrue(app);
        assert_eq!(
            (&accrued["changed"], &accrued["without_rate"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(the_charge(app, "interest").etag(), interest.etag());
        // What is known can be claimed.
        claim(app, &interest, json!({})).expect(200);
        assert_eq!(accrue(app)["changed"], 0);
        app.adds_up();
    });
}

#[test]
fn a_payment_that_counts_from_the_due_date_takes_charges_back_and_its_return_brings_them_on() {
    on_both(|app| {
        europe(app);
        app.turn_to("2026-06-30");
        assert_eq!(accrue(app)["changed"], 2);
        let receipt = a_receipt("R-1", "C-1", "10000.00")
            .in_currency("EUR")
            .dated("2026-05-15")
            .paying("I-1", "10000.00")
            .create(app);
        // Nothing of the customer is late any more, and yet its charges are looked at.
        assert_eq!(accrue(app)["changed"], 2);
        let expected = ["interest cancelled 127.92", "fixed_sum cancelled 40.00"];
        assert_eq!(told(app, "customer=C-1"), expected);
        app.turn_to("2026-07-10");
        take_back(app, &format!("/v1/receipts/{receipt}"), "reverse").expect(200);
        app.turn_to("2026-07-20");
        accrue(app);
        // 10,000.00 at 10.40 % for 10 days.
        let expected = ["interest accrued 28.49", "fixed_sum accrued 40.00"];
        assert_eq!(told(app, "status=accrued"), expected);
        assert_eq!(the_charge(app, "interest")["from"], "2026-07-11");
        assert_eq!(the_charge(app, "fixed_sum")["from"], "2026-07-11");
        // By an earlier day, what begins later stays as it is.
        let earlier = accrue_as(app, json!({"as_of": "2026-07-05"}));
        assert_eq!(earlier["changed"], 0);
        assert_eq!(told(app, "status=accrued"), expected);
        app.adds_up();
    });
}

#[test]
fn what_is_not_owed_so_any_more_is_worked_out_again_before_it_is_claimed() {
    on_both(|app| {
        europe(app);
        app.turn_to("2026-06-30");
        accrue(app);
        let (interest, sum) = (the_charge(app, "interest"), the_charge(app, "fixed_sum"));
        // A part came on 31 May, and is entered on 1 July.
        app.turn_to("2026-07-01");
        a_receipt("R-1", "C-1", "4000.00")
            .in_currency("EUR")
            .dated("2026-05-31")
            .paying("I-1", "4000.00")
            .create(app);
        let refused = claim(app, &interest, json!({})).expect_problem(409, "state_conflict");
        assert!(refused.text.contains("outdated"), "{}", refused.text);
        // The fixed sum is due all the same.
        claim(app, &sum, json!({})).expect(200);
        accrue(app);
        // 16 days on 10,000.00 are 44.49, 30 days on 6,000.00 are 50.05, and a day at 10.40 % is 1.71.
        assert_eq!(told(app, "kind=interest"), ["interest accrued 96.25"]);
        claim(app, &the_charge(app, "interest"), json!({})).expect(200);
        app.adds_up();
    });
}
