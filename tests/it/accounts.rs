//! Credit accounts, limits and groups.

use serde_json::json;

use crate::support::{a_customer, on_both};

#[test]
fn an_account_opens_with_no_credit_granted() {
    on_both(|app| {
        a_customer("C-1").without_account().create(app);
        let account = app
            .sales()
            .post(
                "/v1/credit-accounts",
                json!({"customer": "C-1", "currency": "CNY", "net_days": 45}),
            )
            .expect(201);
        assert_eq!(account["limit_kind"], "none");
        assert_eq!(account["limit"], json!(null));
        assert_eq!(
            account["available"],
            json!({"amount": "0.00", "currency": "CNY"})
        );
        app.sales()
            .post(
                "/v1/credit-accounts",
                json!({"customer": "C-1", "currency": "CNY"}),
            )
            .expect_problem(409, "draft_exists");
    });
}

#[test]
fn one_person_suspends_at_once_and_reinstates() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("1000.00").create(app);
        let credit = app.credit();
        let path = format!("/v1/credit-accounts/{}", made.account);
        let etag = credit.get(&path).expect(200).etag();
        let reason = json!({"reason": "Insolvency announced."});
        let suspended = credit
            .post_if(&format!("{path}/suspend"), &etag, reason.clone())
            .expect(200);
        assert_eq!(suspended["status"], "suspended");
        credit
            .post_if(&format!("{path}/suspend"), &etag, reason.clone())
            .expect_problem(412, "stale");
        let refused = credit
            .post_if(
                &format!("{path}/suspend"),
                &suspended.etag(),
                reason.clone(),
            )
            .expect_problem(409, "state_conflict");
        assert_eq!(refused["allowed"], json!(["reinstate"]));
        let active = credit
            .post_if(&format!("{path}/reinstate"), &suspended.etag(), reason)
            .expect(200);
        assert_eq!(active["status"], "active");
    });
}

#[test]
fn one_person_may_lower_a_limit_but_not_raise_it() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("1000.00").create(app);
        let credit = app.credit();
        let path = format!("/v1/credit-accounts/{}", made.account);
        let lower = |amount: &str, currency: &str| {
            let etag = credit.get(&path).expect(200).etag();
            credit.post_if(
                &format!("{path}/lower-limit"),
                &etag,
                json!({"limit": {"amount": amount, "currency": currency}, "reason": "Pays ever later."}),
            )
        };
        lower("1000.00", "CNY").expect_problem(422, "invalid");
        lower("1000.01", "CNY").expect_problem(422, "invalid");
        lower("1.00", "EUR").expect_problem(422, "currency_mismatch");
        lower("-1.00", "CNY").expect_problem(400, "malformed_body");
        let lowered = lower("400.00", "CNY").expect(200);
        assert_eq!(lowered["limit"]["amount"], "400.00");
        assert_eq!(lowered["limit_source"], "lowered");
        assert_eq!(
            lower("0.00", "CNY").expect(200)["available"]["amount"],
            "0.00"
        );
        let history = credit.get(&format!("{path}/limits")).expect(200);
        let amounts: Vec<_> = history["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|limit| limit["limit"]["amount"].as_str().unwrap())
            .collect();
        assert_eq!(amounts, ["0.00", "400.00", "1000.00"]);
    });
}

#[test]
fn a_group_may_mix_currencies_and_is_a_tree() {
    on_both(|app| {
        a_customer("G")
            .with_limit("0.00")
            .with_group_limit("1000.00")
            .create(app);
        a_customer("A").below("G").create(app);
        a_customer("B").below("G").without_account().create(app);
        app.finance()
            .post(
                "/v1/credit-accounts",
                json!({"customer": "B", "currency": "EUR"}),
            )
            .expect(201);
        let finance = app.finance();
        let etag = finance.get("/v1/customers/G").expect(200).etag();
        finance
            .put(
                "/v1/customers/G/parent",
                &etag,
                json!({"parent_customer": "A"}),
            )
            .expect_problem(422, "invalid");
        let etag = finance.get("/v1/customers/A").expect(200).etag();
        let moved = finance
            .put(
                "/v1/customers/A/parent",
                &etag,
                json!({"parent_customer": null}),
            )
            .expect(200);
        assert_eq!(moved["parent_customer_id"], json!(null));
    });
}

#[test]
fn every_change_is_in_the_trail_with_who_and_why() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("1000.00").create(app);
        let credit = app.credit();
        let path = format!("/v1/credit-accounts/{}", made.account);
        let etag = credit.get(&path).expect(200).etag();
        credit
            .request("POST", &format!("{path}/suspend"))
            .header("If-Match", &etag)
            .header("X-Request-Id", "req-42")
            .json(json!({"reason": "Insolvency announced."}))
            .send()
            .expect(200);
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", made.account))
            .expect(200);
        let entries = trail["data"].as_array().unwrap();
        let actions: Vec<_> = entries
            .iter()
            .map(|e| e["action"].as_str().unwrap())
            .collect();
        assert_eq!(
            actions,
            [
                "credit_account.opened",
                "credit_account.limit_set",
                "credit_account.suspended"
            ]
        );
        let last = &entries[2];
        assert_eq!(last["subject"], "u-credit");
        assert_eq!(last["roles"], json!(["credit"]));
        assert_eq!(last["reason"], "Insolvency announced.");
        assert_eq!(last["request_id"], "req-42");
        assert_eq!(last["before"]["status"], "active");
        assert_eq!(last["after"]["status"], "suspended");
    });
}
