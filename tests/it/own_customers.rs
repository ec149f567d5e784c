//! Nobody does for a customer of their own: limits, releases and approvals, also when the customer was given away of late.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::limits::{an_order, check};
use crate::support::{Client, Made, Reply, TestApp, a_customer, on_both, set_policy};

/// A salesperson who also has a token of credit.
fn one(app: &TestApp) -> Client<'_> {
    app.caller("u-one", &[Role::Credit], Some(2))
}

fn give(app: &TestApp, customer: &str, owner: Value) {
    let path = format!("/v1/customers/{customer}");
    let etag = one(app).get(&path).expect(200).etag();
    one(app)
        .request("PATCH", &path)
        .header("If-Match", &etag)
        .json(json!({"owner": owner}))
        .send()
        .expect(200);
}

fn additional_limit(app: &TestApp, made: &Made) -> Reply {
    let today = app.clock().today();
    one(app).post(
        &format!("/v1/credit-accounts/{}/additional-limits", made.account),
        json!({
            "kind": "temporary", "amount": {"amount": "10.00", "currency": "CNY"}, "valid_from": today,
            "valid_until": today + chrono::Days::new(20), "reason": "A large order.",
        }),
    )
}

/// An order that waits for credit; its path.
fn waits(app: &TestApp, order: &str) -> String {
    let decision = check(app, an_order("C-1", order, "6000.00")).expect(200);
    format!("/v1/credit-blocks/{}", decision.text_at("/credit_block/id"))
}

fn release(app: &TestApp, block: &str) -> Reply {
    let etag = one(app).get(block).expect(200).etag();
    one(app).post_if(
        &format!("{block}/release"),
        &etag,
        json!({"reason": "They always pay."}),
    )
}

/// An application of the salesperson before, recommended by another, that waits for approval.
fn recommended(app: &TestApp) -> String {
    let applicant = app.caller("u-zed", &[Role::Credit, Role::Sales], Some(1));
    let reviewer = app.caller("u-two", &[Role::Credit], Some(1));
    let body = json!({
        "customer": "C-1", "requested_limit": {"amount": "1000.00", "currency": "CNY"},
        "requested_net_days": 30, "purpose": "Spring season.",
    });
    let mut application = applicant.post("/v1/applications", body).expect(201);
    let path = format!("/v1/applications/{}", application.id());
    for (client, verb, body) in [
        (&applicant, "submit", json!({})),
        (&reviewer, "start-review", json!({})),
        (
            &reviewer,
            "recommend",
            json!({"limit": {"amount": "1000.00", "currency": "CNY"}, "net_days": 30, "reason": "Sound."}),
        ),
    ] {
        application = client
            .post_if(&format!("{path}/{verb}"), &application.etag(), body)
            .expect(200);
    }
    path
}

fn approve(app: &TestApp, application: &str) -> Reply {
    let etag = one(app).get(application).expect(200).etag();
    one(app).post_if(
        &format!("{application}/approve"),
        &etag,
        json!({"reason": "I know them."}),
    )
}

#[test]
fn giving_a_customer_away_and_back_opens_neither_limits_nor_releases_nor_approvals() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let made = a_customer("C-1")
            .owned_by("u-zed")
            .with_limit("5000.00")
            .create(app);
        let block = waits(app, "SO-1");
        let application = recommended(app);
        give(app, "C-1", json!("u-one"));
        let refused = || {
            for reply in [
                additional_limit(app, &made),
                release(app, &block),
                approve(app, &application),
            ] {
                let problem = reply.expect_problem(403, "segregation_of_duties");
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.contains("salesperson of the customer"), "{detail}");
            }
        };
        refused();
        give(app, "C-1", json!("u-other"));
        refused();
        give(app, "C-1", json!("u-one"));
        give(app, "C-1", Value::Null);
        app.turn_to("2026-05-30");
        refused();
        // After the policy's 90 days it is somebody else's customer.
        app.turn_to("2026-05-31");
        additional_limit(app, &made).expect(201);
        release(app, &block).expect(200);
        approve(app, &application).expect(200);
    });
}

#[test]
fn the_policy_says_for_how_long_a_customer_stays_ones_own() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let made = a_customer("C-1")
            .owned_by("u-one")
            .with_limit("5000.00")
            .create(app);
        set_policy(app, |document| document["own_customer_days"] = json!(0));
        give(app, "C-1", json!("u-other"));
        app.turn_to("2026-03-02");
        additional_limit(app, &made).expect(201);
        set_policy(app, |document| document["own_customer_days"] = json!(2));
        additional_limit(app, &made).expect_problem(403, "segregation_of_duties");
    });
}
