//! Dunning cases: what is pursued of a customer together, and where it goes after the last level.

use netterms::server::housekeeping;
use serde_json::{Value, json};

use crate::dunning::{dun, invoice, level, list, pay, preview, set_levels, skipped};
use crate::receivables::take_back;
use crate::support::{Client, Reply, TestApp, a_customer, on_both};

fn cases(app: &TestApp, query: &str) -> Vec<Value> {
    list(&app.credit(), &format!("/v1/dunning-cases{query}"))
}

fn only_case(app: &TestApp) -> Value {
    let all = cases(app, "");
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

fn verb(client: &Client, case: &Value, verb: &str, body: Value) -> Reply {
    let path = format!("/v1/dunning-cases/{}", case["id"].as_str().unwrap());
    let etag = client.get(&path).expect(200).etag();
    client.post_if(&format!("{path}/{verb}"), &etag, body)
}

/// The payment of an invoice that was posted on a day bounces.
fn bounce(app: &TestApp, invoice: &str, on: &str) {
    let number = format!("R-{invoice}-{on}");
    let all = list(&app.finance(), "/v1/receipts");
    let receipt = all.iter().find(|one| one["number"] == number.as_str());
    let id = receipt.unwrap()["id"].as_str().unwrap();
    take_back(app, &format!("/v1/receipts/{id}"), "reverse").expect(200);
}

/// A ladder of two levels for everybody; the last gives five days.
fn short_ladder(app: &TestApp) {
    let procedures = list(&app.credit(), "/v1/dunning-procedures");
    let procedure = format!(
        "/v1/dunning-procedures/{}",
        procedures[0]["id"].as_str().unwrap()
    );
    let levels = json!([level(1, 1, "none"), level(2, 10, "none")]);
    set_levels(app, &procedure, levels);
}

#[test]
fn the_first_notice_opens_a_case_and_payment_of_all_that_is_overdue_closes_it() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        invoice(app, "C-1", "INV-2", "2026-03-25", "300.00");
        app.turn_to("2026-04-01");
        preview(app);
        assert_eq!(cases(app, ""), Vec::<Value>::new());
        let issued = dun(app, "2026-04-01");
        let case = only_case(app);
        assert_eq!(case["status"], "open");
        assert_eq!(
            (&case["level"], &case["currency"]),
            (&json!(1), &json!("CNY"))
        );
        assert_eq!(case["opened_on"], "2026-04-01");
        assert_eq!(case["last_notice_id"], issued[0]["id"]);
        assert_eq!(case["customer_number"], "C-1");
        dun(app, "2026-04-15");
        let case = only_case(app);
        assert_eq!(
            (&case["level"], &case["last_notice_on"]),
            (&json!(2), &json!("2026-04-15"))
        );
        pay(app, "C-1", "INV-1", "2026-04-15", "700.00");
        assert_eq!(only_case(app)["status"], "open");
        app.adds_up();
        pay(app, "C-1", "INV-2", "2026-04-15", "300.00");
        let case = only_case(app);
        assert_eq!(case["status"], "closed_paid");
        assert_eq!(case["closed_on"], "2026-04-15");
        // What is late the next time is another case.
        invoice(app, "C-1", "INV-3", "2026-04-20", "150.00");
        dun(app, "2026-05-01");
        assert_eq!(cases(app, "").len(), 2);
        assert_eq!(cases(app, "?status=open").len(), 1);
        app.adds_up();
    });
}

#[test]
fn the_level_of_a_case_is_the_highest_of_its_open_items() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        dun(app, "2026-04-01");
        invoice(app, "C-1", "INV-2", "2026-04-01", "300.00");
        dun(app, "2026-04-15");
        assert_eq!(only_case(app)["level"], 2);
        assert_eq!(cases(app, "?level_min=3"), Vec::<Value>::new());
        pay(app, "C-1", "INV-1", "2026-04-15", "700.00");
        assert_eq!(only_case(app)["level"], 1);
        app.adds_up();
    });
}

#[test]
fn a_receipt_that_is_reversed_opens_the_case_again() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        dun(app, "2026-04-01");
        pay(app, "C-1", "INV-1", "2026-04-01", "700.00");
        assert_eq!(only_case(app)["status"], "closed_paid");
        let receipt = app.finance().get("/v1/receipts").expect(200)["data"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = format!("/v1/receipts/{receipt}");
        let etag = app.finance().get(&path).expect(200).etag();
        app.finance()
            .post_if(
                &format!("{path}/reverse"),
                &etag,
                json!({"reason": "The bank took it back."}),
            )
            .expect(200);
        let case = only_case(app);
        assert_eq!(
            (&case["status"], &case["level"]),
            (&json!("open"), &json!(1))
        );
        assert_eq!(case["closed_on"], Value::Null);
        app.adds_up();
    });
}

#[test]
fn after_the_last_level_a_case_goes_on_by_two_people() {
    on_both(|app| {
        short_ladder(app);
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        dun(app, "2026-04-01");
        dun(app, "2026-04-10");
        assert_eq!(only_case(app)["escalation_due_on"], "2026-04-15");
        app.turn_to("2026-04-14");
        housekeeping::sweep(app.database()).unwrap();
        assert_eq!(only_case(app)["status"], "open");
        app.turn_to("2026-04-15");
        housekeeping::sweep(app.database()).unwrap();
        let due = cases(app, "?status=escalation_due");
        assert_eq!(due.len(), 1);
        let to_agency = json!({"to": "agency", "reason": "No answer to two letters."});
        verb(
            &app.finance(),
            &due[0],
            "propose-escalation",
            to_agency.clone(),
        )
        .expect_problem(403, "forbidden");
        verb(&app.credit(), &due[0], "approve-escalation", json!({}))
            .expect_problem(403, "forbidden");
        let proposed = verb(
            &app.credit(),
            &due[0],
            "propose-escalation",
            to_agency.clone(),
        );
        assert_eq!(proposed.expect(200)["status"], "escalation_proposed");
        let refused = verb(
            &app.finance(),
            &due[0],
            "refuse-escalation",
            json!({"reason": "They promised to pay on Friday."}),
        )
        .expect(200);
        assert_eq!(
            (&refused["status"], &refused["escalation"]),
            (&json!("open"), &Value::Null)
        );
        // The last level's five days begin anew.
        assert_eq!(refused["escalation_due_on"], "2026-04-20");
        verb(&app.credit(), &due[0], "propose-escalation", to_agency).expect(200);
        let escalated = verb(&app.finance(), &due[0], "approve-escalation", json!({})).expect(200);
        assert_eq!(escalated["status"], "escalated_agency");
        assert_eq!(escalated["decided_by"], "u-finance");
        // What the agency collects gets no letters of ours.
        invoice(app, "C-1", "INV-2", "2026-04-10", "100.00");
        app.turn_to("2026-05-15");
        assert_eq!(
            skipped(&preview(app)),
            json!([{"reason": "escalated", "invoices": 2}])
        );
        pay(app, "C-1", "INV-1", "2026-05-15", "700.00");
        pay(app, "C-1", "INV-2", "2026-05-15", "100.00");
        assert_eq!(only_case(app)["status"], "closed_paid");
        app.adds_up();
    });
}

#[test]
fn who_proposed_an_escalation_does_not_approve_it() {
    use kernel::caller::Role;
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        dun(app, "2026-04-01");
        let both = app.caller("u-both", &[Role::Credit, Role::Finance], Some(1));
        let case = only_case(app);
        let body = json!({"to": "legal", "reason": "The limitation ends in June."});
        verb(&both, &case, "propose-escalation", body).expect(200);
        verb(&both, &case, "approve-escalation", json!({}))
            .expect_problem(403, "segregation_of_duties");
        let escalated = verb(&app.finance(), &case, "approve-escalation", json!({})).expect(200);
        assert_eq!(escalated["status"], "escalated_legal");
    });
}

#[test]
fn a_case_is_closed_by_hand_once_and_sales_see_their_own() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").owned_by("u-other").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        invoice(app, "C-2", "INV-2", "2026-03-20", "700.00");
        dun(app, "2026-04-01");
        assert_eq!(list(&app.sales(), "/v1/dunning-cases").len(), 1);
        let other = &cases(app, "?customer=C-2")[0];
        let path = format!("/v1/dunning-cases/{}", other["id"].as_str().unwrap());
        app.sales().get(&path).expect_problem(404, "not_found");
        let body = json!({"outcome": "uncollectable", "reason": "The company is gone."});
        let closed = verb(&app.credit(), other, "close", body.clone()).expect(200);
        assert_eq!(closed["status"], "closed_uncollectable");
        assert_eq!(closed["reason"], "The company is gone.");
        verb(&app.credit(), other, "close", body).expect_problem(409, "state_conflict");
        // A payment does not open what a person closed.
        pay(app, "C-2", "INV-2", "2026-04-01", "100.00");
        assert_eq!(
            cases(app, "?customer=C-2")[0]["status"],
            "closed_uncollectable"
        );
        // A new notice opens another case, at the level of all that is open.
        dun(app, "2026-04-16");
        let open = cases(app, "?customer=C-2&status=open");
        assert_eq!((open.len(), &open[0]["level"]), (1, &json!(2)));
        app.adds_up();
    });
}

#[test]
fn a_payment_that_bounces_after_the_last_level_lets_its_days_go_on() {
    on_both(|app| {
        short_ladder(app);
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        dun(app, "2026-04-01");
        dun(app, "2026-04-10");
        app.turn_to("2026-04-12");
        pay(app, "C-1", "INV-1", "2026-04-12", "700.00");
        assert_eq!(only_case(app)["status"], "closed_paid");
        app.turn_to("2026-04-14");
        bounce(app, "INV-1", "2026-04-12");
        let case = only_case(app);
        assert_eq!(
            (&case["status"], &case["level"], &case["escalation_due_on"]),
            (&json!("open"), &json!(2), &json!("2026-04-15"))
        );
        app.turn_to("2026-04-15");
        housekeeping::sweep(app.database()).unwrap();
        assert_eq!(only_case(app)["status"], "escalation_due");
        app.adds_up();
    });
}

#[test]
fn an_escalated_case_whose_payment_bounces_is_the_agencys_again() {
    on_both(|app| {
        short_ladder(app);
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "700.00");
        dun(app, "2026-04-01");
        let case = only_case(app);
        let to_agency = json!({"to": "agency", "reason": "The company has moved away."});
        verb(&app.credit(), &case, "propose-escalation", to_agency).expect(200);
        verb(&app.finance(), &case, "approve-escalation", json!({})).expect(200);
        app.turn_to("2026-04-12");
        pay(app, "C-1", "INV-1", "2026-04-12", "700.00");
        assert_eq!(only_case(app)["status"], "closed_paid");
        app.turn_to("2026-04-14");
        bounce(app, "INV-1", "2026-04-12");
        assert_eq!(only_case(app)["status"], "escalated_agency");
        // What the agency collects gets no letters of ours.
        app.turn_to("2026-05-15");
        assert_eq!(
            skipped(&preview(app)),
            json!([{"reason": "escalated", "invoices": 1}])
        );
        app.adds_up();
    });
}
