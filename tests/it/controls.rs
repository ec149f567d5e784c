//! The internal controls: what each finds, and who signs it off.

use diesel::connection::SimpleConnection as _;
use kernel::caller::Role;
use netterms::platform::db::Conn;
use netterms::platform::events::catch_up;
use netterms::prove::sealing::actions::SEALING;
use serde_json::{Value, json};

use crate::applications::Case;
use crate::limits::{an_order, check};
use crate::support::{
    Client, Reply, TestApp, a_customer, a_receipt, an_invoice, fresh_key, on_both,
};

const FROM: &str = "2026-03-01";
const TO: &str = "2026-03-31";

/// Runs the controls to their end, and reads the run. The clock has passed days at once, and the sealer comes after it.
pub fn run(app: &TestApp, client: &Client, from: &str, to: &str) -> Reply {
    catch_up(app.database(), &SEALING).unwrap();
    let begun = client
        .post("/v1/controls/runs", json!({"from": from, "to": to}))
        .expect(202);
    let job = begun.header("location").unwrap().to_owned();
    client.get(&format!("{job}/events")).expect(200);
    let ended = client.get(&job).expect(200);
    assert_eq!(ended["status"], "succeeded", "{}", ended.text);
    app.auditor()
        .get(&format!("/v1/controls/runs/{}", begun.id()))
        .expect(200)
}

pub fn result<'a>(run: &'a Reply, control: &str) -> &'a Value {
    let results = run["results"].as_array().unwrap();
    results
        .iter()
        .find(|one| one["control"] == control)
        .unwrap()
}

pub fn found<'a>(run: &'a Reply, control: &str) -> Vec<(&'a str, &'a str)> {
    let exceptions = result(run, control)["exceptions"].as_array().unwrap();
    exceptions
        .iter()
        .map(|one| {
            (
                one["code"].as_str().unwrap(),
                one["resource_id"].as_str().unwrap(),
            )
        })
        .collect()
}

/// Changes the book by other hands.
pub fn falsify(app: &TestApp, sql: &str) {
    match app.database().reader().unwrap().conn() {
        Conn::Postgres(c) => c.batch_execute(sql).unwrap(),
        Conn::Sqlite(c) => c.batch_execute(sql).unwrap(),
    }
}

#[test]
fn an_empty_period_passes_nothing() {
    on_both(|app| {
        app.turn_to(TO);
        let run = run(app, &app.finance(), "2020-01-01", "2020-12-31");
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 9);
        for one in results {
            let broken = one["status"] == "exceptions";
            assert!(one["status"] == "not_testable" && !broken, "{one}");
        }
        assert_eq!(result(&run, "customer_confirmation")["reason"], "not_kept");
        let chinese = app
            .auditor()
            .request("GET", &format!("/v1/controls/runs/{}", run.id()))
            .header("Accept-Language", "zh-CN")
            .send()
            .expect(200);
        assert_eq!(
            result(&chinese, "sequential_numbering")["reason_told"],
            "期间内没有此类业务。"
        );
    });
}

#[test]
fn gaps_in_numbers_are_found_for_each_entity_and_filled_by_what_came_in_another_period() {
    on_both(|app| {
        app.turn_to("2026-02-10");
        a_customer("C-1").create(app);
        an_invoice("INV-0003", "C-1", "10.00").create(app);
        app.turn_to("2026-03-10");
        for number in ["INV-0002", "INV-0004", "INV-0006", "INV-0009", "X"] {
            an_invoice(number, "C-1", "10.00").create(app);
        }
        a_receipt("R-1", "C-1", "10.00").create(app);
        a_receipt("R-2", "C-1", "10.00").create(app);
        app.turn_to(TO);
        let run = run(app, &app.finance(), FROM, TO);
        let numbering = result(&run, "sequential_numbering");
        assert_eq!(numbering["status"], "exceptions");
        assert_eq!(numbering["population"], 7);
        let exceptions = numbering["exceptions"].as_array().unwrap();
        let missing: Vec<&str> = exceptions
            .iter()
            .map(|one| one["detail"].as_str().unwrap())
            .collect();
        assert_eq!(missing, ["INV-0005", "INV-0007 … INV-0008 (2)"]);
        assert_eq!(numbering["exception_count"], 2);
        assert!(
            exceptions[0]["resource_id"]
                .as_str()
                .unwrap()
                .starts_with("ent_")
        );
        assert_eq!(
            exceptions[0]["why"],
            "Numbers are missing between two of a series."
        );
    });
}

#[test]
fn who_does_the_work_of_several_duties_and_sales_that_touches_cash_are_found() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        a_customer("C-1").owned_by("u-both").create(app);
        let both = app.caller("u-both", &[Role::Sales, Role::Finance], Some(3));
        let body = json!({
            "number": "R-1", "customer": "C-1", "receipt_date": "2026-03-10",
            "amount": {"amount": "10.00", "currency": "CNY"},
        });
        both.post("/v1/receipts", body).expect(201);
        a_customer("C-2").create(app);
        Case::submitted(app, "C-2", "5000.00");
        let asking = json!({
            "customer": "C-1", "requested_limit": {"amount": "900.00", "currency": "CNY"},
            "requested_net_days": 30, "purpose": "Steel.",
        });
        both.post("/v1/applications", asking).expect(201);
        app.turn_to(TO);
        let run = run(app, &app.finance(), FROM, TO);
        let separation = found(&run, "role_separation");
        assert!(
            separation.contains(&("several_duties", "u-both")),
            "{separation:?}"
        );
        assert!(!separation.iter().any(|(_, who)| *who == "u-sales"));
        let cash = found(&run, "sales_touch_no_cash");
        assert!(
            cash.contains(&("sales_recorded_cash", "u-both")),
            "{cash:?}"
        );
        assert_eq!(
            cash.iter()
                .filter(|(code, _)| *code == "own_customers_cash")
                .count(),
            1
        );
    });
}

#[test]
fn approvals_by_the_maker_and_releases_without_a_reason_are_found_though_the_service_refuses_them()
{
    on_both(|app| {
        app.turn_to("2026-02-10");
        a_customer("C-2").with_limit("100.00").create(app);
        app.turn_to("2026-03-10");
        a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "5000.00");
        let second = app.caller("u-second", &[Role::Credit], Some(2));
        case.approve(&second).expect(200);
        let waits = check(app, an_order("C-2", "SO-1", "150.00")).expect(200);
        let block = waits.text_at("/credit_block/id");
        let path = format!("/v1/credit-blocks/{block}");
        let etag = second.get(&path).expect(200).etag();
        second
            .post_if(
                &format!("{path}/release"),
                &etag,
                json!({"reason": "They pay today."}),
            )
            .expect(200);
        app.turn_to(TO);
        let sound = run(app, &app.finance(), FROM, TO);
        let matrix = result(&sound, "authority_matrix");
        assert_eq!(
            (&matrix["status"], &matrix["exception_count"]),
            (&json!("passed"), &json!(0))
        );
        assert!(matrix["population"].as_i64().unwrap() >= 2);
        // By hands that go past the service.
        falsify(app, "UPDATE applications SET approver = recommended_by");
        falsify(app, "UPDATE credit_blocks SET decision_reason = ' '");
        let broken = run(app, &app.finance(), FROM, TO);
        let found = found(&broken, "authority_matrix");
        assert_eq!(
            found,
            [
                ("same_person", case.id.as_str()),
                ("without_reason", block.as_str())
            ]
        );
    });
}

#[test]
fn master_data_that_one_person_changed_alone_is_found() {
    on_both(|app| {
        app.turn_to("2026-03-10");
        let main = app.finance().get("/v1/legal-entities/MAIN").expect(200);
        app.finance()
            .patch(
                "/v1/legal-entities/MAIN",
                &main.etag(),
                json!({"name": "Acme Steel Co."}),
            )
            .expect(200);
        let made = a_customer("C-1").create(app);
        let second = app.caller("u-second", &[Role::Credit], Some(2));
        let file = second.get("/v1/customers/C-1").expect(200);
        second
            .patch("/v1/customers/C-1", &file.etag(), json!({"city": "Wuxi"}))
            .expect(200);
        let case = Case::recommended(app, "C-1", "5000.00");
        case.approve(&second).expect(200);
        app.turn_to(TO);
        let run = run(app, &app.finance(), FROM, TO);
        let found = found(&run, "master_data_four_eyes");
        assert!(
            found.contains(&("changed_alone", main.id().as_str())),
            "{found:?}"
        );
        assert!(
            found.contains(&("changed_and_approved", case.id.as_str())),
            "{found:?}"
        );
        assert!(!made.id.is_empty());
    });
}

#[test]
fn a_run_is_signed_off_once_by_an_auditor_who_did_not_begin_it() {
    on_both(|app| {
        app.turn_to(TO);
        let auditor = app.auditor();
        let other = app.caller("u-auditor-2", &[Role::Auditor], None);
        let begun = run(app, &auditor, FROM, TO);
        let path = format!("/v1/controls/runs/{}", begun.id());
        let sign_off = format!("{path}/sign-off");
        let note = json!({"note": "Looked into; nothing open."});
        auditor
            .post_if(&sign_off, &begun.etag(), note.clone())
            .expect_problem(403, "segregation_of_duties");
        for client in [app.finance(), app.credit(), app.admin()] {
            client
                .post_if(&sign_off, &begun.etag(), note.clone())
                .expect_problem(403, "forbidden");
        }
        other
            .post_if(&sign_off, "\"99\"", note.clone())
            .expect_problem(412, "stale");
        other
            .post_if(&sign_off, &begun.etag(), json!({}))
            .expect_problem(400, "malformed_body");
        other
            .request("POST", &sign_off)
            .header("If-Match", &begun.etag())
            .json(note.clone())
            .send()
            .expect_problem(400, "idempotency_key_missing");
        let key = fresh_key();
        let send = || {
            other
                .request("POST", &sign_off)
                .header("If-Match", &begun.etag())
                .key(&key)
                .json(note.clone())
                .send()
        };
        let signed = send().expect(200);
        assert_eq!(signed["signed_off_by"], "u-auditor-2");
        assert_eq!(signed["results"].as_array().unwrap().len(), 9);
        let again = send().expect(200);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        other
            .post_if(&sign_off, &signed.etag(), note)
            .expect_problem(409, "state_conflict");
        let listed = auditor.get("/v1/controls/runs?signed_off=true").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        let trail = auditor
            .get("/v1/trail?action=control_run.signed_off")
            .expect(200);
        assert_eq!(trail["data"][0]["reason"], "Looked into; nothing open.");
    });
}

#[test]
fn two_auditors_who_sign_off_at_once_are_one_who_does() {
    on_both(|app| {
        app.turn_to(TO);
        let begun = run(app, &app.finance(), FROM, TO);
        let sign_off = format!("/v1/controls/runs/{}/sign-off", begun.id());
        let etag = begun.etag();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let (sign_off, etag) = (&sign_off, &etag);
                    scope.spawn(move || {
                        let client = app.caller(&format!("u-a{number}"), &[Role::Auditor], None);
                        client
                            .post_if(sign_off, etag, json!({"note": "Seen."}))
                            .status
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        assert!(
            statuses
                .iter()
                .all(|status| [200, 409, 412].contains(status)),
            "{statuses:?}"
        );
    });
}

#[test]
fn a_run_needs_a_period_that_has_begun_and_a_role() {
    on_both(|app| {
        app.turn_to(TO);
        let finance = app.finance();
        let begin = |client: &Client, from: &str, to: &str| {
            client.post("/v1/controls/runs", json!({"from": from, "to": to}))
        };
        begin(&finance, "2026-03-02", "2026-03-01").expect_problem(422, "invalid");
        begin(&finance, "2026-03-01", "2026-04-01").expect_problem(422, "invalid");
        begin(&finance, "yesterday", "2026-03-01").expect_problem(400, "malformed_body");
        for client in [app.sales(), app.credit(), app.admin(), app.system()] {
            begin(&client, FROM, TO).expect_problem(403, "forbidden");
        }
        app.sales()
            .get("/v1/controls")
            .expect_problem(403, "forbidden");
        let none = "/v1/controls/runs/ctl_01k00000000000000000000001";
        app.credit().get(none).expect_problem(404, "not_found");
        let controls = app.credit().get("/v1/controls").expect(200);
        assert_eq!(controls["data"].as_array().unwrap().len(), 9);
        assert_eq!(controls["data"][3]["code"], "sequential_numbering");
    });
}

#[test]
fn what_was_recorded_against_policy_is_reported_the_newest_first() {
    on_both(|app| {
        app.turn_to("2026-04-03");
        a_customer("C-1").with_limit("2000.00").create(app);
        let closed = json!({"periods": [{
            "code": "2026-03", "first_day": "2026-03-01", "last_day": "2026-03-31", "status": "closed",
        }]});
        app.system()
            .request("PUT", "/v1/periods")
            .json(closed)
            .send()
            .expect(200);
        let late = an_invoice("I-1", "C-1", "100.00")
            .dated("2026-03-10")
            .create(app);
        check(app, an_order("C-1", "SO-1", "1000.00")).expect(200);
        let body = json!({
            "number": "I-2", "customer": "C-1", "invoice_date": "2026-04-03", "order_number": "SO-1",
            "amount": {"amount": "1300.00", "currency": "CNY"},
        });
        let beyond = app.system().post("/v1/invoices", body).expect(201).id();
        let path = "/v1/reports/policy-violations";
        let report = app.auditor().get(path).expect(200);
        let rows = report["data"].as_array().unwrap();
        assert_eq!(rows.len(), 2, "{}", report.text);
        assert_eq!(
            (&rows[0]["kind"], &rows[0]["resource_id"]),
            (&json!("order_exceeded"), &json!(beyond))
        );
        assert_eq!(
            rows[0]["excess"],
            json!({"amount": "300.00", "currency": "CNY"})
        );
        assert_eq!(
            (&rows[1]["kind"], &rows[1]["resource_id"]),
            (&json!("closed_period"), &json!(late))
        );
        assert_eq!(rows[1]["customer"]["number"], "C-1");
        let first = app.credit().get(&format!("{path}?limit=1")).expect(200);
        let cursor = first.text_at("/next_cursor");
        let second = app
            .credit()
            .get(&format!("{path}?limit=1&cursor={cursor}"))
            .expect(200);
        assert_eq!(second["data"][0], rows[1]);
        let of_kind = app
            .finance()
            .get(&format!("{path}?kind=closed_period"))
            .expect(200);
        assert_eq!(of_kind["data"].as_array().unwrap().len(), 1);
        let before = app
            .finance()
            .get(&format!("{path}?recorded_to=2026-04-02"))
            .expect(200);
        assert_eq!(before["data"], json!([]));
        app.finance()
            .get(&format!("{path}?kind=dragons"))
            .expect_problem(400, "malformed_parameter");
        app.sales().get(path).expect_problem(403, "forbidden");
    });
}
