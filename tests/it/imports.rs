//! Files into the book, and the jobs that bring them there.

use kernel::caller::Role;
use kernel::ids::JobId;
use netterms::platform::db::{DbError, Tx};
use netterms::platform::http::Problem;
use netterms::platform::http::auth::internal_caller;
use netterms::platform::jobs::actions as jobs;
use netterms::platform::jobs::model::ReportPart;
use netterms::platform::jobs::store as jobs_store;
use serde_json::{Value, json};

use crate::support::{AnImport, Client, Reply, TestApp, a_customer, import, on_both};

const CUSTOMERS: &str = "number,name,country,street,city,postal_code,email,language,owner,parent_number,industry\n\
    A-1,Jiangnan Trading,CN,88 Renmin Road,Suzhou,215000,ap@jiangnan.example,zh-CN,u-sales,,Steel\n\
    A-2,Bohai Steel,CN,,,,,,,A-1,\n";

#[track_caller]
fn expect_report(
    job: &Reply,
    status: &str,
    lines: i64,
    created: i64,
    unchanged: i64,
    rejected: i64,
) {
    assert_eq!(job["status"], status, "{}", job.text);
    let expected =
        json!({"lines": lines, "created": created, "unchanged": unchanged, "rejected": rejected});
    assert_eq!(job["result"], expected, "{}", job.text);
}

/// What is wrong, as (line, column, code).
fn errors(job: &Reply) -> Vec<(i64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    job["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["line"].as_i64().unwrap_or_default(),
                text(&error["column"]),
                text(&error["code"]),
            )
        })
        .collect()
}

fn error(line: i64, column: &str, code: &str) -> (i64, String, String) {
    (line, column.to_owned(), code.to_owned())
}

fn count(client: &Client, path: &str) -> usize {
    client.get(path).expect(200)["data"]
        .as_array()
        .unwrap()
        .len()
}

#[test]
fn customers_come_in_by_file_and_the_trail_says_who_sent_it() {
    on_both(|app| {
        let job = import("customers", CUSTOMERS).run(&app.credit());
        expect_report(&job, "succeeded", 2, 2, 0, 0);
        assert_eq!(
            job["progress"],
            json!({"done": 2, "total": 2, "unit": "lines"})
        );
        let first = app.sales().get("/v1/customers/A-1").expect(200);
        assert_eq!(first["email"], "ap@jiangnan.example");
        assert_eq!(first["language"], "zh-CN");
        assert_eq!(first["industry"], "Steel");
        let second = app.credit().get("/v1/customers/A-2").expect(200);
        assert_eq!(second["parent_customer_id"], first["id"]);
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", first.id()))
            .expect(200);
        assert_eq!(trail["data"][0]["subject"], "u-credit");
        assert_eq!(trail["data"][0]["action"], "customer.created");
    });
}

#[test]
fn a_parent_may_come_later_in_the_file_than_its_children() {
    on_both(|app| {
        let file = "number,name,country,parent_number\nC,Third,CN,B\nB,Second,CN,A\nA,First,CN,\nX,Lost,CN,NOBODY\nS,Self,CN,S\n";
        let job = import("customers", file).run(&app.finance());
        expect_report(&job, "succeeded", 5, 3, 0, 2);
        assert_eq!(
            errors(&job),
            [
                error(5, "parent_number", "unknown_parent"),
                error(6, "parent_number", "unknown_parent")
            ]
        );
        let second = app.credit().get("/v1/customers/B").expect(200).id();
        assert_eq!(
            app.credit().get("/v1/customers/C").expect(200)["parent_customer_id"],
            second
        );
    });
}

#[test]
fn every_wrong_cell_is_reported_with_its_line() {
    on_both(|app| {
        let file = "number,name,country,email,language\n\
            A-1,Good,CN,,\n\
            ,No number,CN,,\n\
            A-3,Wrong twice,China,nobody,\n\
            A-4,Short,CN\n\
            A-5,Nul\0,CN,,\n\
            A-6,Klingon,CN,,tlh\n\
            A-1,Other,CN,,\n\
            A-1,Good,CN,,\n";
        let job = import("customers", file).run(&app.credit());
        expect_report(&job, "succeeded", 8, 1, 1, 6);
        assert_eq!(
            errors(&job),
            [
                error(3, "number", "missing"),
                error(4, "country", "malformed"),
                error(4, "email", "malformed"),
                error(5, "", "wrong_number_of_cells"),
                error(6, "name", "malformed"),
                error(7, "language", "malformed"),
                error(8, "number", "number_taken_with_other_content"),
            ]
        );
        assert_eq!(count(&app.credit(), "/v1/customers"), 1);
    });
}

#[test]
fn a_file_that_is_sent_again_changes_nothing() {
    on_both(|app| {
        import("customers", CUSTOMERS).run(&app.credit());
        let again = import("customers", CUSTOMERS).run(&app.credit());
        expect_report(&again, "succeeded", 2, 0, 2, 0);
        let other = CUSTOMERS.replace("Bohai Steel", "Bohai Iron");
        let job = import("customers", other).run(&app.credit());
        expect_report(&job, "succeeded", 2, 0, 1, 1);
        assert_eq!(
            errors(&job),
            [error(3, "number", "number_taken_with_other_content")]
        );
        assert_eq!(
            app.credit().get("/v1/customers/A-2").expect(200)["name"],
            "Bohai Steel"
        );
    });
}

#[test]
fn all_or_nothing_leaves_nothing_when_one_line_is_wrong() {
    on_both(|app| {
        let file = format!("{CUSTOMERS}A-3,Wrong,ZZ,,,,,,,,\n");
        let job = import("customers", &file)
            .all_or_nothing()
            .run(&app.credit());
        expect_report(&job, "failed", 3, 0, 0, 1);
        assert_eq!(errors(&job), [error(4, "country", "malformed")]);
        assert_eq!(count(&app.credit(), "/v1/customers"), 0);
        let whole = import("customers", CUSTOMERS)
            .all_or_nothing()
            .run(&app.credit());
        expect_report(&whole, "succeeded", 2, 2, 0, 0);
        assert_eq!(count(&app.credit(), "/v1/customers"), 2);
    });
}

#[test]
fn credit_accounts_come_with_the_limits_they_have_today() {
    on_both(|app| {
        a_customer("G").without_account().create(app);
        a_customer("A").below("G").without_account().create(app);
        a_customer("B").with_limit("50.00").create(app);
        a_customer("C").create(app);
        let file = "customer_number,currency,net_days,limit_kind,limit,valid_until,group_limit\n\
            G,CNY,60,none,,,900.00\n\
            A,CNY,45,,120.50,2030-12-31,\n\
            B,CNY,30,amount,60.00,,\n\
            C,CNY,30,unlimited,,,\n\
            D,CNY,30,amount,60.00,,\n\
            A,EUR,45,amount,60.00,,\n\
            G,CNY,400,amount,,,-1.00\n";
        let job = import("credit_accounts", file).run(&app.finance());
        expect_report(&job, "succeeded", 7, 3, 0, 4);
        assert_eq!(
            errors(&job),
            [
                error(8, "net_days", "malformed"),
                error(8, "limit", "missing"),
                error(4, "limit", "limit_already_granted"),
                error(6, "customer_number", "unknown_customer"),
                error(7, "currency", "currency_mismatch"),
            ]
        );
        let account = |number: &str| {
            let list = app
                .credit()
                .get(&format!("/v1/credit-accounts?customer={number}"))
                .expect(200);
            list["data"][0].clone()
        };
        let a = account("A");
        assert_eq!(a["limit"], json!({"amount": "120.50", "currency": "CNY"}));
        assert_eq!(a["limit_source"], "import");
        assert_eq!(a["limit_valid_until"], "2030-12-31");
        assert_eq!(a["net_days"], 45);
        assert_eq!(account("G")["group"]["limit"]["amount"], "900.00");
        assert_eq!(account("C")["limit_kind"], "unlimited");
        assert_eq!(account("B")["limit"]["amount"], "50.00");
        let again = import("credit_accounts", file).run(&app.finance());
        expect_report(&again, "succeeded", 7, 0, 3, 4);
    });
}

#[test]
fn invoices_and_receipts_move_what_the_customer_owes() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let made = a_customer("A").with_limit("1000.00").create(app);
        a_customer("B").without_account().create(app);
        let invoices = "number,customer_number,invoice_date,due_date,amount,currency,order_number\n\
            I-1,A,2026-01-10,2026-02-09,100.00,CNY,SO-1\n\
            I-2,A,2026-02-10,,50.00,CNY,\n\
            I-3,B,2026-02-10,,50.00,CNY,\n\
            I-4,A,2026-02-10,,50.00,EUR,\n\
            I-5,A,2026-02-10,2026-02-09,50.00,CNY,\n\
            I-6,A,2026-02-10,,0.00,CNY,\n\
            I-7,Z,2026-02-10,,5.00,CNY,\n";
        let job = import("invoices", invoices).run(&app.system());
        expect_report(&job, "succeeded", 7, 2, 0, 5);
        assert_eq!(
            errors(&job),
            [
                error(6, "due_date", "before_invoice_date"),
                error(7, "amount", "not_positive"),
                error(4, "customer_number", "no_credit_account"),
                error(5, "currency", "currency_mismatch"),
                error(8, "customer_number", "unknown_customer"),
            ]
        );
        let owed = || {
            app.credit()
                .get(&format!("/v1/credit-accounts/{}", made.account))
                .expect(200)
        };
        assert_eq!(owed()["exposure"]["total"]["amount"], "150.00");
        let receipts = "number,customer_number,receipt_date,amount,currency,invoice_number\n\
            R-1,A,2026-03-01,60.00,CNY,I-2\n\
            R-2,A,2026-03-02,30.00,CNY,\n\
            R-3,A,2026-03-03,30.00,CNY,I-99\n\
            R-4,A,2027-03-03,30.00,CNY,\n";
        let job = import("receipts", receipts).run(&app.finance());
        expect_report(&job, "succeeded", 4, 2, 0, 2);
        assert_eq!(
            errors(&job),
            [
                error(4, "invoice_number", "unknown_invoice"),
                error(5, "receipt_date", "out_of_bounds")
            ]
        );
        assert_eq!(
            app.credit().get("/v1/invoices/I-2").expect(200)["status"],
            "paid"
        );
        assert_eq!(
            app.credit().get("/v1/invoices/I-1").expect(200)["open"]["amount"],
            "70.00"
        );
        assert_eq!(owed()["exposure"]["total"]["amount"], "60.00");
        expect_report(
            &import("invoices", invoices).run(&app.system()),
            "succeeded",
            7,
            0,
            2,
            5,
        );
        expect_report(
            &import("receipts", receipts).run(&app.system()),
            "succeeded",
            4,
            0,
            2,
            2,
        );
        assert_eq!(owed()["exposure"]["total"]["amount"], "60.00");
    });
}

#[test]
fn each_kind_is_for_those_who_may_do_it_by_hand() {
    on_both(|app| {
        let refused = |client: Client, kind: &str| {
            import(kind, CUSTOMERS)
                .send(&client)
                .expect_problem(403, "forbidden");
        };
        refused(app.credit(), "credit_accounts");
        refused(app.credit(), "invoices");
        refused(app.credit(), "receipts");
        refused(app.system(), "customers");
        refused(app.system(), "credit_accounts");
        for client in [app.sales(), app.auditor(), app.admin()] {
            refused(client, "customers");
        }
        import("customers", CUSTOMERS)
            .send(&app.anonymous())
            .expect_problem(401, "token_missing");
        assert_eq!(count(&app.finance(), "/v1/jobs"), 0);
    });
}

#[test]
fn a_file_that_is_no_such_file_says_why() {
    on_both(|app| {
        let cases: &[(&[u8], &str, &str)] = &[
            (b"", "", "empty_file"),
            (b"\n\n", "", "empty_file"),
            (b"number,name\nA,B\n", "country", "missing_column"),
            (
                b"number,name,country,emial\nA,B,CN,\n",
                "emial",
                "unknown_column",
            ),
            (
                b"number,name,country,name\nA,B,CN,\n",
                "name",
                "duplicate_column",
            ),
            (b"number,\"name,country\nA,B,CN\n", "", "broken_quotes"),
            (b"number,n\xFFme,country\nA,B,CN\n", "", "not_utf8"),
        ];
        for (file, column, code) in cases {
            let job = import("customers", file).run(&app.credit());
            assert_eq!(job["status"], "failed", "{code}: {}", job.text);
            let found = errors(&job);
            assert_eq!((found[0].1.as_str(), found[0].2.as_str()), (*column, *code));
        }
        let long = format!(
            "number,name,country\nA-1,Good,CN\nA-2,\"{}\",CN\n",
            "x".repeat(100_000)
        );
        let job = import("customers", long).run(&app.credit());
        assert_eq!(errors(&job), [error(3, "", "line_too_long")]);
        let job = import("customers", b"number,name,country\nA-1,\xFF\xFE,CN\n").run(&app.credit());
        expect_report(&job, "succeeded", 1, 0, 0, 1);
        assert_eq!(errors(&job), [error(2, "", "not_utf8")]);
    });
}

#[test]
fn semicolons_and_a_byte_order_mark_are_understood() {
    on_both(|app| {
        let file = "\u{FEFF}number;name;country\r\nA-1;\"Müller, Söhne; Co\"\"\";DE\r\n";
        let job = import("customers", file).run(&app.credit());
        expect_report(&job, "succeeded", 1, 1, 0, 0);
        assert_eq!(
            app.credit().get("/v1/customers/A-1").expect(200)["name"],
            "Müller, Söhne; Co\""
        );
    });
}

#[test]
fn a_foreign_file_is_read_by_a_mapping() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("A").in_currency("USD").create(app);
        let file = "Invoice No,Client,Dated,Total,Remark\n0001,A,1/15/2026,12.50,x\n";
        let mapping = json!({
            "columns": {"number": "Invoice No", "customer_number": "Client", "invoice_date": "Dated", "amount": "Total"},
            "date_format": "%m/%d/%Y", "defaults": {"currency": "USD"},
        });
        let job = import("invoices", file).mapped(mapping).run(&app.system());
        expect_report(&job, "succeeded", 1, 1, 0, 0);
        let invoice = app.finance().get("/v1/invoices/0001").expect(200);
        assert_eq!(invoice["invoice_date"], "2026-01-15");
        assert_eq!(invoice["due_date"], "2026-02-14");
    });
}

#[test]
fn a_wrong_upload_points_at_the_part() {
    on_both(|app| {
        let credit = app.credit();
        let good = import("customers", CUSTOMERS);
        let pointer = |upload: &AnImport| {
            upload
                .send(&credit)
                .expect_problem(400, "malformed_body")
                .text_at("/errors/0/pointer")
        };
        assert_eq!(pointer(&good.clone().without("kind")), "/kind");
        assert_eq!(pointer(&good.clone().without("file")), "/file");
        assert_eq!(
            pointer(&good.clone().without("kind").part("kind", "dragons")),
            "/kind"
        );
        assert_eq!(pointer(&good.clone().part("kind", "customers")), "/kind");
        assert_eq!(pointer(&good.clone().part("mode", "sometimes")), "/mode");
        assert_eq!(pointer(&good.clone().part("colour", "red")), "/colour");
        assert_eq!(pointer(&good.clone().part("mapping", "{")), "/mapping");
        assert_eq!(
            pointer(&good.clone().mapped(json!({"columns": {"nmber": "x"}}))),
            "/mapping/columns"
        );
        assert_eq!(
            pointer(&good.clone().mapped(json!({"date_format": "%Q"}))),
            "/mapping/date_format"
        );
        good.clone()
            .part("mapping", "x".repeat(20_000))
            .send(&credit)
            .expect_problem(413, "payload_too_large");
        credit
            .post("/v1/imports", json!({"kind": "customers"}))
            .expect_problem(415, "unsupported_media_type");
        assert_eq!(count(&credit, "/v1/jobs"), 0);
    });
}

#[test]
fn a_retried_upload_is_one_job() {
    on_both(|app| {
        let credit = app.credit();
        let upload = import("customers", CUSTOMERS).keyed("k-1");
        let first = upload.send(&credit).expect(202);
        let again = upload.send(&credit).expect(202);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(first.id(), again.id());
        import("customers", "number,name,country\n")
            .keyed("k-1")
            .send(&credit)
            .expect_problem(422, "idempotency_key_reused");
        assert_eq!(count(&credit, "/v1/jobs"), 1);
    });
}

#[test]
fn people_see_their_own_jobs_and_those_who_oversee_see_all() {
    on_both(|app| {
        let job = import("customers", CUSTOMERS).run(&app.credit());
        let path = format!("/v1/jobs/{}", job.id());
        for client in [app.finance(), app.auditor(), app.admin()] {
            client.get(&path).expect(200);
            assert_eq!(count(&client, "/v1/jobs?status=succeeded&kind=import"), 1);
        }
        for client in [app.sales(), app.system()] {
            client.get(&path).expect_problem(404, "not_found");
            client
                .get(&format!("{path}/events"))
                .expect_problem(404, "not_found");
            client
                .post(&format!("{path}/cancel"), json!({}))
                .expect_problem(404, "not_found");
            assert_eq!(count(&client, "/v1/jobs"), 0);
        }
        app.auditor()
            .post(&format!("{path}/cancel"), json!({}))
            .expect_problem(403, "forbidden");
        app.credit()
            .post(&format!("{path}/cancel"), json!({}))
            .expect_problem(409, "state_conflict");
    });
}

#[test]
fn the_events_of_a_job_end_with_it() {
    on_both(|app| {
        let credit = app.credit();
        let job = import("customers", CUSTOMERS).send(&credit).expect(202);
        let events = credit
            .get(&format!("/v1/jobs/{}/events", job.id()))
            .expect(200);
        assert_eq!(events.header("content-type"), Some("text/event-stream"));
        let last = events.text.trim_end().rsplit("\n\n").next().unwrap();
        let data = last
            .lines()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["status"], "succeeded");
        assert!(last.starts_with("event: job\n"));
    });
}

/// Leaves a job behind as a worker does that died: taken, its lease not yet run out. The clock must have been turned
/// forward, if at all: to a worker that had begun to look before it was turned back, the lease has run out.
fn leave_behind(app: &TestApp, kind: &str, csv: &str) -> JobId {
    let caller = internal_caller("u-credit", &[Role::Credit]).unwrap();
    let plan = json!({"kind": "customers", "mode": "per_line", "lines": null});
    app.database()
        .write(&caller, |tx| {
            let id = jobs::begin(tx, kind, "lines")?;
            jobs::append(tx, id, 0, csv.as_bytes())?;
            jobs::queue(tx, id, &plan, None)?;
            let taken = jobs::take(tx, jobs::Wanted::of(&[kind]))?;
            assert_eq!(taken.map(|job| job.id), Some(id));
            Ok::<_, Problem>(id)
        })
        .unwrap()
}

#[test]
fn a_job_whose_worker_died_is_taken_again() {
    on_both(|app| {
        app.turn_to("2100-03-30");
        let job = leave_behind(app, "import", CUSTOMERS);
        let credit = app.credit();
        let path = format!("/v1/jobs/{job}");
        assert_eq!(credit.get(&path).expect(200)["status"], "running");
        app.turn_to("2100-03-31");
        credit.get(&format!("{path}/events")).expect(200);
        let ended = credit.get(&path).expect(200);
        expect_report(&ended, "succeeded", 2, 2, 0, 0);
        assert_eq!(ended["attempts"], 2);
    });
}

#[test]
fn a_job_that_kills_its_workers_is_given_up() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        // Of a kind that this server has no work for, so that the only workers are those of this test.
        let job = leave_behind(app, "deadly", CUSTOMERS);
        let caller = internal_caller("worker", &[]).unwrap();
        let take = |day: &str| {
            app.turn_to(day);
            let taken = app
                .database()
                .maintain(&caller, |tx| jobs::take(tx, jobs::Wanted::of(&["deadly"])))
                .unwrap();
            taken.map(|job| job.attempts)
        };
        assert_eq!(take("2026-03-01"), None);
        assert_eq!(take("2026-03-02"), Some(2));
        assert_eq!(take("2026-03-03"), Some(3));
        assert_eq!(take("2026-03-04"), None);
        let ended = app.credit().get(&format!("/v1/jobs/{job}")).expect(200);
        assert_eq!(ended["status"], "failed");
        assert_eq!(ended["errors"][0]["code"], "gave_up");
    });
}

#[test]
fn a_job_that_was_given_back_writes_its_file_anew() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        let id = leave_behind(app, "deadly", CUSTOMERS);
        let caller = internal_caller("worker", &[]).unwrap();
        let in_one = |work: &dyn Fn(&mut Tx) -> Result<(), DbError>| {
            app.database().maintain(&caller, |tx| work(tx)).unwrap();
        };
        for _ in 0..2 {
            in_one(&|tx| {
                let part = ReportPart {
                    job_id: id,
                    attempt: 1,
                    part: -1,
                    bytes: b"half a file",
                };
                jobs_store::insert_report_part(tx, &part)
            });
            // The server is told to stop, and the next one takes the job.
            let job = jobs::read(app.database(), id).unwrap().unwrap();
            in_one(&|tx| jobs::give_back(tx, &job));
            in_one(&|tx| {
                let taken = jobs::take(tx, jobs::Wanted::of(&["deadly"]))?;
                assert_eq!(taken.map(|job| job.attempts), Some(1));
                Ok(())
            });
        }
    });
}

#[test]
fn a_cancelled_job_stops() {
    on_both(|app| {
        app.turn_to("2100-03-30");
        let job = leave_behind(app, "import", CUSTOMERS);
        let credit = app.credit();
        let path = format!("/v1/jobs/{job}");
        let asked = credit
            .post(&format!("{path}/cancel"), json!({}))
            .expect(200);
        assert_eq!(asked["status"], "running");
        assert_ne!(asked["cancel_requested_at"], json!(null));
        app.turn_to("2100-03-31");
        credit.get(&format!("{path}/events")).expect(200);
        assert_eq!(credit.get(&path).expect(200)["status"], "cancelled");
    });
}
