//! Change requests: proposed by one person, decided by another, applied only to what was seen.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, on_both};

const REQUESTS: &str = "/v1/change-requests";

/// Sales propose that a customer belongs to another head, or to none.
fn propose(app: &TestApp, customer: &str, parent: Option<&str>) -> Reply {
    app.sales().post(REQUESTS, to_parent(customer, parent))
}

fn to_parent(customer: &str, parent: Option<&str>) -> Value {
    json!({
        "kind": "customer_parent", "target": customer, "after": {"parent_customer": parent},
        "reason": "Bought in March.",
    })
}

fn decide(app: &TestApp, who: &str, roles: &[Role], verb: &str, request: &Reply) -> Reply {
    app.caller(who, roles, None).post_if(
        &format!("{REQUESTS}/{}/{verb}", request.id()),
        &request.etag(),
        json!({"reason": "Seen in the register."}),
    )
}

fn approve(app: &TestApp, request: &Reply) -> Reply {
    decide(app, "u-credit", &[Role::Credit], "approve", request)
}

fn parent_of(app: &TestApp, customer: &str) -> Value {
    let customer = app.credit().get(&format!("/v1/customers/{customer}"));
    customer.expect(200)["parent_customer_id"].clone()
}

#[test]
fn what_another_person_approves_is_applied_in_the_same_moment() {
    on_both(|app| {
        let head = a_customer("P").with_group_limit("500.00").create(app);
        let firm = a_customer("A").with_limit("100.00").create(app);
        app.system()
            .post(
                "/v1/limit-checks",
                json!({
                    "customer": "A", "order_number": "SO-1", "checkpoint": "order", "net_days": 30, "reserve": true,
                    "amount": {"amount": "60.00", "currency": "CNY"},
                }),
            )
            .expect(200);
        let proposed = propose(app, "A", Some("P")).expect(201);
        assert_eq!(proposed["status"], "proposed");
        assert_eq!(proposed["proposed_by"], "u-sales");
        assert_eq!(proposed["target_id"], firm.id);
        assert_eq!(proposed["customer_number"], "A");
        assert_eq!(proposed["before"]["parent_customer_id"], Value::Null);
        assert_eq!(proposed["after"]["parent_customer_id"], head.id);
        assert_eq!(proposed["after"]["parent_customer_number"], "P");
        assert_eq!(parent_of(app, "A"), Value::Null);
        let group = |app: &TestApp| {
            let account = app
                .credit()
                .get(&format!("/v1/credit-accounts/{}", head.account));
            account.expect(200)["group"]["exposure"]["total"]["amount"].clone()
        };
        assert_eq!(group(app), "0.00");
        let applied = approve(app, &proposed).expect(200);
        assert_eq!(applied["status"], "applied");
        assert_eq!(applied["decided_by"], "u-credit");
        assert_eq!(applied["decision_reason"], "Seen in the register.");
        assert_eq!(parent_of(app, "A"), head.id);
        assert_eq!(group(app), "60.00");
        let read = app
            .auditor()
            .get(&format!("{REQUESTS}/{}", proposed.id()))
            .expect(200);
        assert_eq!(read.body, applied.body);
        let of = |id: &str| -> Vec<String> {
            let trail = app.auditor().get(&format!("/v1/trail?entity_id={id}"));
            let trail = trail.expect(200);
            let entries = trail["data"].as_array().unwrap();
            entries
                .iter()
                .map(|entry| entry["action"].as_str().unwrap().to_owned())
                .collect()
        };
        let actions = of(&proposed.id());
        assert!(actions.contains(&"change_request.proposed".to_owned()));
        assert!(actions.contains(&"change_request.applied".to_owned()));
        // Trying it out when it was proposed left nothing behind.
        let actions = of(&firm.id);
        let moved = actions.iter().filter(|action| *action == "customer.moved");
        assert_eq!(moved.count(), 1);
        // And out again.
        let out = propose(app, "A", None).expect(201);
        assert_eq!(out["before"]["parent_customer_number"], "P");
        approve(app, &out).expect(200);
        assert_eq!(parent_of(app, "A"), Value::Null);
        assert_eq!(group(app), "0.00");
    });
}

#[test]
fn a_request_about_what_has_moved_is_stale_and_changes_nothing() {
    on_both(|app| {
        a_customer("P").create(app);
        let other = a_customer("Q").create(app);
        a_customer("A").create(app);
        let first = propose(app, "A", Some("P")).expect(201);
        let second = propose(app, "A", Some("Q")).expect(201);
        approve(app, &second).expect(200);
        let stale = approve(app, &first).expect(200);
        assert_eq!(stale["status"], "stale");
        assert_eq!(stale["decided_by"], "u-credit");
        assert_eq!(parent_of(app, "A"), other.id);
        // So is one about a customer that was changed in another way.
        let third = propose(app, "A", Some("P")).expect(201);
        let customer = app.credit().get("/v1/customers/A").expect(200);
        app.credit()
            .patch(
                "/v1/customers/A",
                &customer.etag(),
                json!({"name": "A again"}),
            )
            .expect(200);
        assert_eq!(approve(app, &third).expect(200)["status"], "stale");
        assert_eq!(parent_of(app, "A"), other.id);
        approve(app, &stale).expect_problem(409, "state_conflict");
    });
}

#[test]
fn who_proposed_a_change_never_decides_it() {
    on_both(|app| {
        a_customer("P").create(app);
        a_customer("A").create(app);
        let both = [Role::Sales, Role::Credit];
        let proposed = app
            .caller("u-both", &both, None)
            .post(REQUESTS, to_parent("A", Some("P")))
            .expect(201);
        for verb in ["approve", "reject"] {
            decide(app, "u-both", &both, verb, &proposed)
                .expect_problem(403, "segregation_of_duties");
            decide(app, "u-sales", &[Role::Sales], verb, &proposed)
                .expect_problem(403, "forbidden");
            decide(app, "u-admin", &[Role::Admin], verb, &proposed)
                .expect_problem(403, "forbidden");
        }
        app.auditor()
            .post(REQUESTS, to_parent("A", None))
            .expect_problem(403, "forbidden");
        app.system().get(REQUESTS).expect_problem(403, "forbidden");
        assert_eq!(parent_of(app, "A"), Value::Null);
        approve(app, &proposed).expect(200);
    });
}

#[test]
fn a_request_is_rejected_by_another_or_withdrawn_by_its_proposer() {
    on_both(|app| {
        a_customer("P").create(app);
        a_customer("A").create(app);
        let first = propose(app, "A", Some("P")).expect(201);
        let rejected = decide(app, "u-finance", &[Role::Finance], "reject", &first).expect(200);
        assert_eq!(rejected["status"], "rejected");
        decide(app, "u-sales", &[Role::Sales], "withdraw", &rejected)
            .expect_problem(409, "state_conflict");
        let second = propose(app, "A", Some("P")).expect(201);
        let refused = decide(app, "u-credit", &[Role::Credit], "withdraw", &second)
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "not_own");
        let withdrawn = decide(app, "u-sales", &[Role::Sales], "withdraw", &second).expect(200);
        assert_eq!(withdrawn["status"], "withdrawn");
        approve(app, &withdrawn).expect_problem(409, "state_conflict");
        assert_eq!(parent_of(app, "A"), Value::Null);
        let third = propose(app, "A", Some("P")).expect(201);
        let list = |query: &str| -> Vec<String> {
            let listed = app.credit().get(&format!("{REQUESTS}?{query}")).expect(200);
            let data = listed["data"].as_array().unwrap();
            data.iter()
                .map(|request| request["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let all = [third.id(), second.id(), first.id()];
        assert_eq!(list("limit=10"), all);
        assert_eq!(list("kind=customer_parent&target=A"), all);
        let target = third.text_at("/target_id");
        assert_eq!(list(&format!("target={target}&status=proposed")), all[..1]);
        assert_eq!(list("status=rejected&status=withdrawn"), all[1..]);
        assert_eq!(list("target=P"), [""; 0]);
        assert_eq!(list("proposed_by=u-credit"), [""; 0]);
        app.credit()
            .get(&format!("{REQUESTS}?status=lost"))
            .expect_problem(400, "malformed_parameter");
    });
}

#[test]
fn sales_see_requests_about_their_own_customers_and_nothing_of_foreign_heads() {
    on_both(|app| {
        a_customer("P").owned_by("u-other").create(app);
        a_customer("A").create(app);
        a_customer("B").owned_by("u-other").create(app);
        let propose_as_finance = |customer: &str| {
            let body = to_parent(customer, Some("P"));
            app.finance().post(REQUESTS, body).expect(201)
        };
        let (own, foreign) = (propose_as_finance("A"), propose_as_finance("B"));
        let sales = app.sales();
        let listed = sales.get(REQUESTS).expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        let told = sales.get(&format!("{REQUESTS}/{}", own.id())).expect(200);
        assert_eq!(told["after"]["parent_customer_id"], Value::Null);
        assert!(!told.text.contains("Customer P"), "{}", told.text);
        assert_eq!(listed["data"][0], told.body);
        sales
            .get(&format!("{REQUESTS}/{}", foreign.id()))
            .expect_problem(404, "not_found");
        decide(app, "u-sales", &[Role::Sales], "withdraw", &foreign)
            .expect_problem(404, "not_found");
        propose(app, "B", None).expect_problem(404, "not_found");
        let refused = propose(app, "A", Some("P")).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "unknown_customer");
        assert_eq!(refused["errors"][0]["pointer"], "/after/parent_customer");
    });
}

#[test]
fn what_the_book_does_not_allow_is_refused_at_once_and_again_when_it_is_approved() {
    on_both(|app| {
        a_customer("P").create(app);
        a_customer("A").create(app);
        let refused = propose(app, "A", Some("A")).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "group");
        assert_eq!(refused["errors"][0]["pointer"], "/after/parent_customer");
        propose(app, "P", Some("nobody")).expect_problem(422, "invalid");
        let listed = app.credit().get(REQUESTS).expect(200);
        assert_eq!(listed["data"], json!([]));
        // Both are sound alone; after the first the second would make a circle, and waits on.
        let first = propose(app, "A", Some("P")).expect(201);
        let second = propose(app, "P", Some("A")).expect(201);
        approve(app, &first).expect(200);
        let refused = approve(app, &second).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "group");
        let waiting = app
            .credit()
            .get(&format!("{REQUESTS}/{}", second.id()))
            .expect(200);
        assert_eq!(waiting["status"], "proposed");
        assert_eq!(parent_of(app, "P"), Value::Null);
    });
}

#[test]
fn a_retried_request_happens_once_and_a_stale_reader_is_told_so() {
    on_both(|app| {
        a_customer("P").create(app);
        a_customer("A").create(app);
        let send = || {
            app.sales()
                .request("POST", REQUESTS)
                .key("k-1")
                .json(to_parent("A", Some("P")))
                .send()
                .expect(201)
        };
        let proposed = send();
        assert_eq!(send().id(), proposed.id());
        let request = |etag: &str| {
            app.credit()
                .request("POST", &format!("{REQUESTS}/{}/approve", proposed.id()))
                .header("If-Match", etag)
                .json(json!({"reason": "Seen."}))
        };
        request("\"7\"")
            .key("k-2")
            .send()
            .expect_problem(412, "stale");
        request(&proposed.etag())
            .send()
            .expect_problem(400, "idempotency_key_missing");
        let first = request(&proposed.etag()).key("k-3").send().expect(200);
        let again = request(&proposed.etag()).key("k-3").send().expect(200);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        app.credit()
            .post(
                &format!("{REQUESTS}/{}/reject", proposed.id()),
                json!({"reason": "No."}),
            )
            .expect_problem(428, "precondition_required");
    });
}

#[test]
fn what_is_unknown_or_malformed_is_pointed_at() {
    on_both(|app| {
        a_customer("A").create(app);
        let malformed: [(&str, Value, &str); 5] = [
            ("kind", json!("customer_colour"), "/kind"),
            ("target", json!(""), "/target"),
            ("after", json!({}), "/after/parent_customer"),
            (
                "after",
                json!({"parent_customer": 7}),
                "/after/parent_customer",
            ),
            (
                "after",
                json!({"parent_customer": null, "colour": 1}),
                "/after/colour",
            ),
        ];
        for (member, wrong, pointer) in malformed {
            let mut body = to_parent("A", None);
            body[member] = wrong;
            let refused = app
                .sales()
                .post(REQUESTS, body)
                .expect_problem(400, "malformed_body");
            assert_eq!(refused["errors"][0]["pointer"], pointer);
        }
        propose(app, "Z", None).expect_problem(404, "not_found");
        let refused = propose(app, "A", Some("Z")).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/after/parent_customer");
        app.credit()
            .get(&format!("{REQUESTS}/chr_01k00000000000000000000009"))
            .expect_problem(404, "not_found");
    });
}
