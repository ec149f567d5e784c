//! Change requests of many lines: shown as one, decided once, and told line by line.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, a_customer, import, on_both};

const REQUESTS: &str = "/v1/change-requests";

/// Customers who are to belong to heads, as one request.
fn items(moves: &[(&str, Option<&str>)]) -> Value {
    let items: Vec<Value> = moves
        .iter()
        .map(|(customer, parent)| json!({"target": customer, "after": {"parent_customer": parent}}))
        .collect();
    json!({"kind": "customer_parent", "items": items, "reason": "The group was rearranged in March."})
}

fn propose(app: &TestApp, moves: &[(&str, Option<&str>)]) -> Reply {
    app.finance().post(REQUESTS, items(moves)).expect(201)
}

fn approve(client: &Client, request: &Reply) -> Reply {
    client.post_if(
        &format!("{REQUESTS}/{}/approve", request.id()),
        &request.etag(),
        json!({"reason": "Seen in the register."}),
    )
}

fn lines(client: &Client, request: &str, query: &str) -> Vec<Value> {
    let listed = client.get(&format!("{REQUESTS}/{request}/lines?{query}"));
    listed.expect(200)["data"].as_array().unwrap().clone()
}

fn counts(total: i64, applied: i64, stale: i64, refused: i64) -> Value {
    json!({"total": total, "applied": applied, "stale": stale, "refused": refused})
}

/// The number of the head right above a customer.
fn parent_of(app: &TestApp, customer: &str) -> Value {
    let read = |reference: &str| {
        let customer = app.credit().get(&format!("/v1/customers/{reference}"));
        customer.expect(200)
    };
    match read(customer)["parent_customer_id"].as_str() {
        Some(parent) => read(parent)["number"].clone(),
        None => Value::Null,
    }
}

fn customers(app: &TestApp, numbers: &[&str]) {
    for number in numbers {
        a_customer(number).create(app);
    }
}

/// Changes a customer past any request, so that requests about it are stale.
fn touch(app: &TestApp, customer: &str) {
    let path = format!("/v1/customers/{customer}");
    let etag = app.credit().get(&path).expect(200).etag();
    app.credit()
        .patch(&path, &etag, json!({"name": "Renamed"}))
        .expect(200);
}

#[test]
fn many_changes_are_one_request_that_another_person_approves_once() {
    on_both(|app| {
        let head = a_customer("P").with_group_limit("500.00").create(app);
        customers(app, &["Q", "A", "B", "C"]);
        let proposed = propose(app, &[("A", Some("P")), ("B", Some("P")), ("C", Some("A"))]);
        assert_eq!(proposed["status"], "proposed");
        assert_eq!(proposed["lines"], counts(3, 0, 0, 0));
        for member in ["target_id", "customer_id", "before", "after"] {
            assert_eq!(proposed[member], Value::Null, "{member}");
        }
        let told = lines(&app.auditor(), &proposed.id(), "");
        let told: Vec<_> = told
            .iter()
            .map(|line| {
                assert_eq!(line["before"]["parent_customer_id"], Value::Null);
                assert_eq!(line["outcome"], Value::Null);
                assert_eq!(line["errors"], json!([]));
                let text = |pointer: &str| line.pointer(pointer).unwrap().as_str().unwrap();
                (
                    line["line"].as_i64().unwrap(),
                    text("/customer_number").to_owned(),
                    text("/after/parent_customer_number").to_owned(),
                )
            })
            .collect();
        let expected = [(1, "A", "P"), (2, "B", "P"), (3, "C", "A")];
        let expected = expected.map(|(line, a, b)| (line, a.to_owned(), b.to_owned()));
        assert_eq!(told, expected);
        // Four eyes, and the right role.
        approve(&app.finance(), &proposed).expect_problem(403, "segregation_of_duties");
        approve(&app.sales(), &proposed).expect_problem(403, "forbidden");
        approve(&app.admin(), &proposed).expect_problem(403, "forbidden");
        assert_eq!(parent_of(app, "A"), Value::Null);

        let applied = approve(&app.credit(), &proposed).expect(200);
        assert_eq!(applied["status"], "applied");
        assert_eq!(applied["lines"], counts(3, 3, 0, 0));
        let heads = ["A", "B", "C"].map(|customer| parent_of(app, customer));
        assert_eq!(heads, ["P", "P", "A"]);
        assert_eq!(
            lines(&app.credit(), &proposed.id(), "outcome=applied").len(),
            3
        );
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", proposed.id()))
            .expect(200);
        for entry in trail["data"].as_array().unwrap() {
            let kept = &entry["after"]["lines"];
            assert_eq!(kept.as_array().unwrap().len(), 3, "{entry}");
        }
        // One is found by any of its targets.
        let found = |query: &str| {
            let listed = app.credit().get(&format!("{REQUESTS}?{query}")).expect(200);
            listed["data"].as_array().unwrap().len()
        };
        assert_eq!(found("target=B"), 1);
        assert_eq!(found(&format!("target={}", head.id)), 0);
    });
}

#[test]
fn a_line_whose_target_has_moved_is_stale_and_the_others_are_applied() {
    on_both(|app| {
        customers(app, &["P", "A", "B", "C"]);
        let proposed = propose(app, &[("A", Some("P")), ("B", Some("P")), ("C", Some("P"))]);
        touch(app, "B");
        let request = |key: &str| {
            app.credit()
                .request("POST", &format!("{REQUESTS}/{}/approve", proposed.id()))
                .header("If-Match", &proposed.etag())
                .key(key)
                .json(json!({"reason": "Seen."}))
                .send()
        };
        let settled = request("k-1").expect(200);
        assert_eq!(settled["status"], "partly_applied");
        assert_eq!(settled["lines"], counts(3, 2, 1, 0));
        assert_eq!(parent_of(app, "A"), "P");
        assert_eq!(parent_of(app, "B"), Value::Null);
        assert_eq!(parent_of(app, "C"), "P");
        let stale = lines(&app.credit(), &proposed.id(), "outcome=stale");
        assert_eq!(stale.len(), 1);
        assert_eq!(stale[0]["customer_number"], "B");
        // The same key is answered the same, and nothing happens again.
        let again = request("k-1").expect(200);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, settled.body);
        request("k-2").expect_problem(412, "stale");
        approve(&app.credit(), &settled).expect_problem(409, "state_conflict");
        let listed = app
            .credit()
            .get(&format!("{REQUESTS}?status=partly_applied"))
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        // Where all have moved the request is stale.
        let second = propose(app, &[("A", None), ("C", None)]);
        touch(app, "A");
        touch(app, "C");
        let stale = approve(&app.credit(), &second).expect(200);
        assert_eq!(stale["status"], "stale");
        assert_eq!(stale["lines"], counts(2, 0, 2, 0));
    });
}

#[test]
fn a_line_that_the_book_does_not_allow_any_more_is_refused_and_says_why() {
    on_both(|app| {
        customers(app, &["P", "A", "B"]);
        let first = propose(app, &[("P", Some("A")), ("B", Some("A"))]);
        // Meanwhile A has come under P, so that P under A would be a circle.
        let other = propose(app, &[("A", Some("P"))]);
        approve(&app.credit(), &other).expect(200);
        let settled = approve(&app.credit(), &first).expect(200);
        assert_eq!(settled["status"], "partly_applied");
        assert_eq!(settled["lines"], counts(2, 1, 0, 1));
        assert_eq!(parent_of(app, "P"), Value::Null);
        assert_eq!(parent_of(app, "B"), "A");
        let refused = lines(&app.credit(), &first.id(), "outcome=refused");
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0]["errors"][0]["code"], "group");
        assert_eq!(refused[0]["errors"][0]["pointer"], "/after/parent_customer");
        // In the reader's language.
        let chinese = app
            .credit()
            .request("GET", &format!("{REQUESTS}/{}/lines", first.id()))
            .header("Accept-Language", "zh-CN")
            .send()
            .expect(200);
        assert_ne!(
            chinese["data"][0]["errors"][0]["message"],
            refused[0]["errors"][0]["message"]
        );
        // When nothing of it is possible, it waits on.
        let circles = [("P", Some("B"))];
        let refused = app
            .finance()
            .post(REQUESTS, items(&circles))
            .expect_problem(422, "invalid");
        assert_eq!(
            refused["errors"][0]["pointer"],
            "/items/0/after/parent_customer"
        );
        customers(app, &["X", "Y", "Z"]);
        let waiting = propose(app, &[("X", Some("Y")), ("Z", Some("Y"))]);
        let turned = propose(app, &[("Y", Some("X"))]);
        approve(&app.credit(), &turned).expect(200);
        touch(app, "Z");
        let refused = approve(&app.credit(), &waiting).expect_problem(422, "invalid");
        assert_eq!(
            refused["errors"][0]["pointer"],
            "/lines/1/after/parent_customer"
        );
        let read = app
            .credit()
            .get(&format!("{REQUESTS}/{}", waiting.id()))
            .expect(200);
        assert_eq!(read["status"], "proposed");
        assert_eq!(read["lines"], counts(2, 0, 0, 0));
    });
}

#[test]
fn everything_that_is_wrong_with_a_proposal_is_told_at_once_and_nothing_is_kept() {
    on_both(|app| {
        let a = a_customer("A").create(app);
        customers(app, &["P", "B", "C"]);
        let refused = app
            .finance()
            .post(
                REQUESTS,
                items(&[
                    ("A", Some("P")),
                    ("N-1", Some("P")),
                    ("B", Some("N-2")),
                    (&a.id, None),
                    ("C", Some("C")),
                    ("P", Some("A")),
                ]),
            )
            .expect_problem(422, "invalid");
        let told: Vec<_> = refused["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                let text = |name: &str| error[name].as_str().unwrap().to_owned();
                (text("pointer"), text("code"))
            })
            .collect();
        let expected = [
            ("/items/1/target", "not_found"),
            ("/items/2/after/parent_customer", "unknown_customer"),
            ("/items/3/target", "repeated"),
            ("/items/4/after/parent_customer", "group"),
            ("/items/5/after/parent_customer", "group"),
        ];
        let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()));
        assert_eq!(told, expected);
        let mut malformed = items(&[("A", Some("P")), ("B", Some("N-2"))]);
        malformed["items"][0]["after"] = json!({"parent": "P"});
        let refused = app
            .finance()
            .post(REQUESTS, malformed)
            .expect_problem(400, "malformed_body");
        assert!(
            refused["errors"][0]["pointer"]
                .as_str()
                .unwrap()
                .starts_with("/items/0/after"),
            "{}",
            refused.text
        );
        let one = json!({"kind": "customer_parent", "target": "A", "after": {"parent_customer": "P"}, "reason": "X."});
        let both = {
            let mut both = items(&[("A", Some("P"))]);
            both["target"] = json!("A");
            both
        };
        let without = |member: &str| {
            let mut body = one.clone();
            body.as_object_mut().unwrap().remove(member);
            body
        };
        let many: Vec<(&str, Option<&str>)> = vec![("A", None); 501];
        for body in [
            both,
            without("target"),
            without("after"),
            items(&[]),
            items(&many),
        ] {
            app.finance()
                .post(REQUESTS, body)
                .expect_problem(400, "malformed_body");
        }
        let listed = app.credit().get(REQUESTS).expect(200);
        assert_eq!(listed["data"], json!([]));
        assert_eq!(parent_of(app, "A"), Value::Null);
    });
}

#[test]
fn sales_see_the_lines_about_their_own_customers() {
    on_both(|app| {
        customers(app, &["P", "A"]);
        a_customer("B").owned_by("u-other").create(app);
        let proposed = propose(app, &[("A", Some("P")), ("B", Some("P"))]);
        let foreign = propose(app, &[("B", Some("A"))]);
        let sales = app.sales();
        let told = lines(&sales, &proposed.id(), "");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["customer_number"], "A");
        let listed = sales.get(REQUESTS).expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        sales
            .get(&format!("{REQUESTS}/{}/lines", foreign.id()))
            .expect_problem(404, "not_found");
        app.system()
            .get(&format!("{REQUESTS}/{}/lines", foreign.id()))
            .expect_problem(403, "forbidden");
        let refused = sales
            .post(REQUESTS, items(&[("A", None), ("B", None)]))
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/items/1/target");
        // By pages, in order.
        let page = app
            .credit()
            .get(&format!("{REQUESTS}/{}/lines?limit=1", proposed.id()))
            .expect(200);
        assert_eq!(page["data"][0]["line"], 1);
        let cursor = page["next_cursor"].as_str().unwrap();
        let next = lines(
            &app.credit(),
            &proposed.id(),
            &format!("limit=1&cursor={cursor}"),
        );
        assert_eq!(next[0]["line"], 2);
    });
}

fn a_file(csv: &str) -> crate::support::AnImport {
    import("customer_parents", csv).part("reason", "The group was rearranged in March.")
}

#[test]
fn a_file_is_one_request_whose_lines_are_those_of_the_file() {
    on_both(|app| {
        customers(app, &["P", "A", "B"]);
        let file = "customer_number,parent_customer_number\nA,P\n\nB,\n";
        let job = a_file(file).run(&app.finance());
        assert_eq!(job["status"], "succeeded", "{}", job.text);
        assert_eq!(job["result"]["created"], 2);
        let id = job["result"]["change_request_id"].as_str().unwrap();
        let request = app.credit().get(&format!("{REQUESTS}/{id}")).expect(200);
        assert_eq!(request["status"], "proposed");
        assert_eq!(request["proposed_by"], "u-finance");
        assert_eq!(request["reason"], "The group was rearranged in March.");
        assert_eq!(request["lines"], counts(2, 0, 0, 0));
        let told = lines(&app.credit(), id, "");
        let places: Vec<_> = told.iter().map(|line| line["line"].clone()).collect();
        assert_eq!(places, [2, 4]);
        assert_eq!(parent_of(app, "A"), Value::Null);
        approve(&app.finance(), &request).expect_problem(403, "segregation_of_duties");
        let applied = approve(&app.credit(), &request).expect(200);
        assert_eq!(applied["status"], "applied");
        assert_eq!(parent_of(app, "A"), "P");
    });
}

#[test]
fn a_file_with_a_bad_line_proposes_nothing_and_says_what_is_wrong() {
    on_both(|app| {
        customers(app, &["P", "A", "B"]);
        let run = |csv: &str| a_file(csv).run(&app.finance());
        let file = "customer_number,parent_customer_number\nA,P\nN-1,P\nB,N-2\nA,\n,P\n";
        let job = run(file);
        assert_eq!(job["status"], "failed", "{}", job.text);
        assert_eq!(
            job["result"],
            json!({"lines": 5, "created": 0, "unchanged": 0, "rejected": 4})
        );
        let mut told: Vec<_> = job["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                let text = |name: &str| error[name].as_str().unwrap().to_owned();
                (
                    error["line"].as_i64().unwrap(),
                    text("column"),
                    text("code"),
                )
            })
            .collect();
        told.sort();
        let expected = [
            (3, "customer_number", "not_found"),
            (4, "parent_customer_number", "unknown_customer"),
            (5, "customer_number", "repeated"),
            (6, "customer_number", "missing"),
        ];
        let expected = expected.map(|(line, a, b)| (line, a.to_owned(), b.to_owned()));
        assert_eq!(told, expected);
        let failed_as = |csv: &str| {
            let job = run(csv);
            assert_eq!(job["status"], "failed", "{}", job.text);
            job["errors"][0]["code"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            failed_as("customer_number,parent_customer_number\n"),
            "no_lines"
        );
        assert_eq!(failed_as("customer_number\nA\n"), "missing_column");
        let long = "A,P\n".repeat(501);
        let long = format!("customer_number,parent_customer_number\n{long}");
        assert_eq!(failed_as(&long), "too_many_lines");
        let listed = app.credit().get(REQUESTS).expect(200);
        assert_eq!(listed["data"], json!([]));
    });
}

#[test]
fn a_file_of_changes_has_a_reason_is_whole_and_comes_from_who_may_propose() {
    on_both(|app| {
        customers(app, &["P", "A"]);
        let file = "customer_number,parent_customer_number\nA,P\n";
        let refused = |upload: crate::support::AnImport, pointer: &str| {
            let problem = upload
                .send(&app.finance())
                .expect_problem(400, "malformed_body");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{}", problem.text);
        };
        refused(import("customer_parents", file), "/reason");
        refused(a_file(file).part("mode", "per_line"), "/mode");
        refused(
            import("customers", "number,name,country\nZ,Z,CN\n").part("reason", "New."),
            "/reason",
        );
        for role in [Role::System, Role::Admin, Role::Sales] {
            let caller = app.caller("u-other", &[role], None);
            a_file(file).send(&caller).expect_problem(403, "forbidden");
        }
        // Sent again with the same key it is the same job, and one request.
        let first = a_file(file).keyed("k-1").send(&app.finance()).expect(202);
        let again = a_file(file).keyed("k-1").send(&app.finance()).expect(202);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.id(), first.id());
        import("customer_parents", file)
            .part("reason", "Another reason.")
            .keyed("k-1")
            .send(&app.finance())
            .expect_problem(422, "idempotency_key_reused");
        let whole = a_file(file).all_or_nothing().run(&app.credit());
        assert_eq!(whole["status"], "succeeded", "{}", whole.text);
        assert_eq!(whole["result"]["created"], 1);
    });
}

#[test]
fn five_hundred_lines_are_applied_in_one_unit_of_work() {
    on_both(|app| {
        use std::fmt::Write as _;
        let mut customers = "number,name,country\nP,Head,CN\n".to_owned();
        let mut moves = "customer_number,parent_customer_number\n".to_owned();
        for number in 1..=500 {
            writeln!(customers, "A-{number},Customer {number},CN").unwrap();
            writeln!(moves, "A-{number},P").unwrap();
        }
        let job = import("customers", customers).run(&app.credit());
        assert_eq!(job["result"]["created"], 501, "{}", job.text);
        let job = a_file(&moves).run(&app.finance());
        let id = job["result"]["change_request_id"].as_str().unwrap();
        let request = app.credit().get(&format!("{REQUESTS}/{id}")).expect(200);
        let applied = approve(&app.credit(), &request).expect(200);
        assert_eq!(applied["lines"], counts(500, 500, 0, 0));
        assert_eq!(parent_of(app, "A-500"), "P");
    });
}
