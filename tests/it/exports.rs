//! Exports: whatever the book keeps can be taken away as a file, by those who may read it, and every file is what the API says.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use kernel::caller::Role;
use netterms::prove::sealing::rules::hex;
use netterms::server::housekeeping::sweep;
use netterms::server::rooms::export_tables;
use serde_json::{Value, json};

use crate::support::{
    Client, Reply, TestApp, a_customer, a_receipt, an_invoice, import, on_both, on_both_with,
};

/// Asks for an export and waits until its job has ended.
fn export(client: &Client<'_>, asked: Value) -> Value {
    let made = client.post("/v1/exports", asked).expect(202);
    wait_for(client, &made.id())
}

fn wait_for(client: &Client<'_>, id: &str) -> Value {
    let read = || client.get(&format!("/v1/exports/{id}")).expect(200).body;
    let job = read()["job_id"].as_str().unwrap().to_owned();
    // The stream of the job's events ends with the job.
    client.get(&format!("/v1/jobs/{job}/events")).expect(200);
    read()
}

fn content(client: &Client<'_>, export: &Value) -> Reply {
    let id = export["id"].as_str().unwrap();
    client.get(&format!("/v1/exports/{id}/content"))
}

/// The rows of a CSV, each by the names of its columns.
fn rows(text: &str) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let members = names.iter().zip(record.iter());
            members
                .map(|(name, cell)| (name.to_owned(), json!(cell)))
                .collect()
        })
        .collect()
}

fn a_book(app: &TestApp) {
    app.turn_to("2026-03-31");
    a_customer("C-1")
        .named("=HYPERLINK(\"x\") 江南")
        .with_limit("9000.00")
        .create(app);
    a_customer("C-2")
        .in_currency("JPY")
        .with_limit("900000")
        .create(app);
    an_invoice("I-1", "C-1", "100.00")
        .dated("2026-01-15")
        .due("2026-02-14")
        .create(app);
    an_invoice("I-2", "C-1", "250.50")
        .dated("2026-02-15")
        .due("2026-03-17")
        .create(app);
    an_invoice("I-3", "C-1", "30.00")
        .dated("2026-03-15")
        .due("2026-04-14")
        .create(app);
    an_invoice("J-1", "C-2", "5000")
        .in_currency("JPY")
        .dated("2026-02-20")
        .due("2026-03-20")
        .create(app);
    a_receipt("R-1", "C-1", "120.00")
        .dated("2026-03-01")
        .paying("I-1", "100.00")
        .create(app);
}

#[test]
fn a_table_is_taken_away_in_every_form_and_is_what_the_api_says() {
    on_both(|app| {
        a_book(app);
        let auditor = app.auditor();
        let made = export(&auditor, json!({"table": "invoices", "format": "csv"}));
        assert_eq!(made["status"], "ready", "{made}");
        assert_eq!(
            (&made["rows"], &made["file_name"]),
            (&json!(4), &json!("invoices.csv"))
        );
        assert_eq!(
            made["progress"],
            json!({"done": 4, "total": 4, "unit": "rows"})
        );
        let file = content(&auditor, &made).expect(200);
        assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
        assert_eq!(
            file.header("content-length"),
            Some(made["bytes"].to_string().as_str())
        );
        assert_eq!(made["sha256"], hex(digest(&SHA256, &file.bytes).as_ref()));
        assert!(file.header("repr-digest").unwrap().starts_with("sha-256=:"));
        let found = rows(&file.text);
        let listed = app.finance().get("/v1/invoices?limit=200").expect(200);
        for invoice in listed["data"].as_array().unwrap() {
            let row = found.iter().find(|row| row["id"] == invoice["id"]).unwrap();
            assert_eq!(row["number"], invoice["number"]);
            assert_eq!(row["amount"], invoice["amount"]["amount"]);
            assert_eq!(row["currency"], invoice["amount"]["currency"]);
            assert_eq!(row["open"], invoice["open"]["amount"], "{invoice}");
            assert_eq!(row["due_date"], invoice["due_date"]);
        }
        assert_eq!(found[0]["customer_name"], "'=HYPERLINK(\"x\") 江南");
        assert_eq!(
            found.iter().find(|row| row["number"] == "J-1").unwrap()["amount"],
            "5000"
        );
        // A line of JSON has the name as it is.
        let made = export(&auditor, json!({"table": "invoices", "format": "ndjson"}));
        let file = content(&auditor, &made).expect(200);
        let first: Value = serde_json::from_str(file.text.lines().next().unwrap()).unwrap();
        assert_eq!(first["customer_name"], "=HYPERLINK(\"x\") 江南");
        assert_eq!(first["amount"], "100.00");
        for (format, beginning) in [("xlsx", "PK"), ("parquet", "PAR1")] {
            let made = export(&auditor, json!({"table": "invoices", "format": format}));
            assert_eq!(made["status"], "ready", "{made}");
            let file = content(&auditor, &made).expect(200);
            assert!(file.bytes.starts_with(beginning.as_bytes()));
        }
        let trail = auditor
            .get("/v1/trail?action=export.downloaded")
            .expect(200);
        assert_eq!(trail["data"].as_array().unwrap().len(), 4);
        app.adds_up();
    });
}

#[test]
fn every_table_can_be_taken_in_every_form() {
    on_both(|app| {
        a_book(app);
        let everybody = app.caller(
            "u-all",
            &[Role::Credit, Role::Finance, Role::Auditor, Role::Admin],
            Some(3),
        );
        let listed = everybody.get("/v1/exports/tables").expect(200);
        assert_eq!(
            listed["tables"].as_array().unwrap().len(),
            export_tables().0.len()
        );
        for table in listed["tables"].as_array().unwrap() {
            let formats: &[&str] = match table["name"].as_str().unwrap() {
                "trail" | "customers" | "settlements" | "credit_accounts" => {
                    &["csv", "ndjson", "xlsx", "parquet"]
                }
                _ => &["ndjson"],
            };
            for format in formats {
                let mut asked = json!({"table": table["name"], "format": format});
                let made = export(&everybody, asked.clone());
                assert_eq!(made["status"], "ready", "{made}");
                if *format == "ndjson" {
                    let file = content(&everybody, &made).expect(200);
                    let names: Vec<&str> = table["columns"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|column| column["name"].as_str().unwrap())
                        .collect();
                    assert_eq!(json!(file.text.lines().count()), made["rows"]);
                    for line in file.text.lines() {
                        let row: Value = serde_json::from_str(line).unwrap();
                        assert_eq!(row.as_object().unwrap().len(), names.len());
                    }
                    if !table["day"].is_null() {
                        asked["as_of"] = json!("2026-03-31");
                        let bounded = export(&everybody, asked);
                        assert_eq!(bounded["status"], "ready", "{bounded}");
                    }
                }
            }
        }
    });
}

#[test]
fn a_period_and_a_day_bound_what_is_taken() {
    on_both(|app| {
        a_book(app);
        let auditor = app.auditor();
        let count = |asked: Value| export(&auditor, asked)["rows"].clone();
        let of = |from: &str, to: &str| json!({"table": "invoices", "format": "csv", "period_from": from, "period_to": to});
        assert_eq!(count(of("2026-02-15", "2026-02-20")), 2);
        assert_eq!(count(of("2026-02-16", "2026-02-19")), 0);
        assert_eq!(
            count(json!({"table": "invoices", "format": "csv", "as_of": "2026-02-15"})),
            2
        );
        // What has instants belongs to the organisation's days.
        let day = json!({"table": "trail", "format": "csv", "period_from": "2026-03-31", "period_to": "2026-03-31"});
        assert!(count(day).as_i64().unwrap() > 5);
        let before = json!({"table": "trail", "format": "csv", "as_of": "1999-12-31"});
        assert_eq!(count(before), 0);
        for (asked, code) in [
            (
                json!({"table": "invoices", "format": "csv", "period_from": "2026-01-01"}),
                "half_period",
            ),
            (of("2026-02-02", "2026-02-01"), "reversed_period"),
            (
                json!({"table": "invoices", "format": "csv", "period_from": "2026-01-01", "period_to": "2026-01-02", "as_of": "2026-01-01"}),
                "period_and_day",
            ),
            (
                json!({"table": "customers", "format": "csv", "as_of": "2026-01-01"}),
                "no_day",
            ),
            (
                json!({"table": "dragons", "format": "csv"}),
                "unknown_table",
            ),
            (
                json!({"table": "invoices", "format": "zip"}),
                "wrong_format",
            ),
            (
                json!({"table": "audit_package", "format": "csv", "period_from": "2026-01-01", "period_to": "2026-01-31"}),
                "wrong_format",
            ),
            (
                json!({"table": "audit_package", "format": "zip"}),
                "period_needed",
            ),
            (
                json!({"table": "audit_package", "format": "zip", "period_from": "2026-01-01", "period_to": "2026-04-01"}),
                "in_future",
            ),
        ] {
            let refused = auditor
                .post("/v1/exports", asked)
                .expect_problem(422, "invalid");
            assert_eq!(refused["errors"][0]["code"], code);
        }
        auditor
            .post("/v1/exports", json!({"table": "invoices", "format": "doc"}))
            .expect_problem(400, "malformed_body");
        auditor
            .post(
                "/v1/exports",
                json!({"table": "invoices", "format": "csv", "x": 1}),
            )
            .expect_problem(400, "malformed_body");
    });
}

#[test]
fn a_file_is_read_in_parts_from_any_server_until_it_expires() {
    on_both_with(
        |config| config.export_days = 2,
        |app| {
            a_book(app);
            let auditor = app.auditor();
            let made = export(&auditor, json!({"table": "trail", "format": "csv"}));
            let whole = content(&auditor, &made).expect(200);
            let (etag, bytes) = (whole.etag(), whole.bytes.len());
            let path = format!("/v1/exports/{}/content", made["id"].as_str().unwrap());
            let other = app.another();
            other.turn_to("2026-03-31");
            let part = |range: &str| {
                other
                    .auditor()
                    .request("GET", &path)
                    .header("Range", range)
                    .send()
            };
            let first = part("bytes=0-99").expect(206);
            assert_eq!(
                first.header("content-range"),
                Some(format!("bytes 0-99/{bytes}").as_str())
            );
            let rest = part("bytes=100-").expect(206);
            assert_eq!([first.bytes, rest.bytes].concat(), *whole.bytes);
            assert_eq!(
                *part("bytes=-5").expect(206).bytes,
                whole.bytes[bytes - 5..]
            );
            let behind =
                part(&format!("bytes={bytes}-")).expect_problem(416, "range_not_satisfiable");
            assert_eq!(
                behind.header("content-range"),
                Some(format!("bytes */{bytes}").as_str())
            );
            for (tag, status) in [(etag.as_str(), 206), ("\"other\"", 200)] {
                auditor
                    .request("GET", &path)
                    .header("Range", "bytes=0-9")
                    .header("If-Range", tag)
                    .send()
                    .expect(status);
            }
            app.turn_to("2026-04-01");
            sweep(app.database()).unwrap();
            auditor.get(&path).expect(200);
            app.turn_to("2026-04-03");
            auditor.get(&path).expect_problem(410, "export_expired");
            sweep(app.database()).unwrap();
            auditor.get(&path).expect_problem(410, "export_expired");
            let read = auditor.get(&format!("/v1/exports/{}", made["id"].as_str().unwrap()));
            assert_eq!(read["status"], "expired");
            let told = auditor.get("/v1/trail?action=export.expired").expect(200);
            assert_eq!(told["data"][0]["entity_id"], made["id"]);
        },
    );
}

#[test]
fn a_large_file_comes_in_pieces() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").with_limit("9000.00").create(app);
        // About three pieces of the size in which a file is kept.
        let note = "x".repeat(180);
        for number in 0..3 {
            let lines: Vec<String> = (0..1_300)
                .map(|line| format!("C{number}-{line},{note},CN\n"))
                .collect();
            let lines = lines.concat();
            import("customers", format!("number,name,country\n{lines}")).run(&app.finance());
        }
        let auditor = app.auditor();
        let made = export(&auditor, json!({"table": "trail", "format": "ndjson"}));
        let file = content(&auditor, &made).expect(200);
        assert!(file.bytes.len() > 2_200_000, "{}", file.bytes.len());
        assert_eq!(made["sha256"], hex(digest(&SHA256, &file.bytes).as_ref()));
        let path = format!("/v1/exports/{}/content", made["id"].as_str().unwrap());
        let across = auditor
            .request("GET", &path)
            .header("Range", "bytes=1048000-2098000")
            .send();
        assert_eq!(*across.expect(206).bytes, file.bytes[1_048_000..=2_098_000]);
    });
}

#[test]
fn whoever_may_not_read_may_not_take() {
    on_both(|app| {
        a_book(app);
        let asked = json!({"table": "invoices", "format": "csv"});
        app.sales()
            .post("/v1/exports", asked.clone())
            .expect_problem(403, "forbidden");
        app.system()
            .post("/v1/exports", asked.clone())
            .expect_problem(403, "forbidden");
        app.anonymous()
            .post("/v1/exports", asked.clone())
            .expect_problem(401, "token_missing");
        app.admin()
            .post("/v1/exports", asked.clone())
            .expect_problem(403, "forbidden");
        app.credit()
            .post("/v1/exports", json!({"table": "trail", "format": "csv"}))
            .expect_problem(403, "forbidden");
        let package = json!({"table": "audit_package", "format": "zip", "period_from": "2026-01-01", "period_to": "2026-01-31"});
        app.finance()
            .post("/v1/exports", package)
            .expect_problem(403, "forbidden");
        // One who sells and collects sees all by the second role.
        app.caller("u-both", &[Role::Sales, Role::Credit], Some(1))
            .post("/v1/exports", asked.clone())
            .expect(202);
        let made = export(&app.finance(), asked.clone());
        let path = format!("/v1/exports/{}", made["id"].as_str().unwrap());
        app.credit().get(&path).expect_problem(404, "not_found");
        app.credit()
            .get(&format!("{path}/content"))
            .expect_problem(404, "not_found");
        app.auditor().get(&format!("{path}/content")).expect(200);
        let own = app.finance().get("/v1/exports?table=invoices").expect(200);
        assert_eq!(own["data"].as_array().unwrap().len(), 1);
        app.auditor()
            .get("/v1/exports?unknown=1")
            .expect_problem(400, "malformed_parameter");
        let tables = app.admin().get("/v1/exports/tables").expect(200);
        let names: Vec<&str> = tables["tables"]
            .as_array()
            .unwrap()
            .iter()
            .map(|table| table["name"].as_str().unwrap())
            .collect();
        assert!(
            names.contains(&"webhook_endpoints") && !names.contains(&"invoices"),
            "{names:?}"
        );
        // The same key is the same export.
        let again = || {
            app.finance()
                .request("POST", "/v1/exports")
                .key("k-1")
                .json(asked.clone())
                .send()
                .expect(202)
        };
        assert_eq!(again().id(), again().id());
    });
}

#[test]
fn the_report_of_an_exports_job_does_not_show_its_file() {
    on_both(|app| {
        a_book(app);
        let auditor = app.auditor();
        let made = export(&auditor, json!({"table": "trail", "format": "csv"}));
        let path = format!("/v1/jobs/{}/report", made["job_id"].as_str().unwrap());
        for client in [app.admin(), app.finance(), app.credit(), app.auditor()] {
            let report = client.get(&path).expect(200).text;
            assert_eq!(report.lines().count(), 1, "{report}");
        }
    });
}

#[test]
fn a_key_takes_away_what_its_scopes_let_it_read_and_no_more() {
    on_both(|app| {
        a_book(app);
        let make = |scopes: Value| {
            let body = json!({"name": "Nightly", "role": "auditor", "scopes": scopes});
            let key = app.admin().post("/v1/api-keys", body).expect(201);
            Client::new(app, Some(key.text_at("/key")))
        };
        let bare = make(json!(["exports:run"]));
        for table in ["customers", "trail", "api_keys", "bank_entries"] {
            bare.post("/v1/exports", json!({"table": table, "format": "csv"}))
                .expect_problem(403, "forbidden");
        }
        let package = json!({
            "table": "audit_package", "format": "zip", "period_from": "2026-02-01", "period_to": "2026-03-31",
        });
        bare.post("/v1/exports", package.clone())
            .expect_problem(403, "forbidden");
        // What somebody else took is not to be had that way either.
        let trail = export(&app.auditor(), json!({"table": "trail", "format": "csv"}));
        content(&bare, &trail).expect_problem(403, "forbidden");
        let reading = make(json!(["exports:run", "receivables:read"]));
        let invoices = json!({"table": "invoices", "format": "csv"});
        reading.post("/v1/exports", invoices).expect(202);
        reading
            .post("/v1/exports", package.clone())
            .expect_problem(403, "forbidden");
        app.auditor().post("/v1/exports", package).expect(202);
    });
}

#[test]
fn a_discount_is_an_adjustment_and_no_cash() {
    on_both(|app| {
        app.turn_to("2026-03-01");
        a_customer("C-1").create(app);
        let invoice = json!({
            "number": "I-1", "customer": "C-1", "invoice_date": "2026-03-01", "payment_terms": "2_10_net_30",
            "amount": {"amount": "100.00", "currency": "CNY"},
        });
        app.finance().post("/v1/invoices", invoice).expect(201);
        app.turn_to("2026-03-05");
        a_receipt("R-1", "C-1", "98.00")
            .paying("I-1", "98.00")
            .create(app);
        app.turn_to("2026-03-31");
        let auditor = app.auditor();
        let made = export(
            &auditor,
            json!({"table": "audit_package", "format": "zip", "period_from": "2026-03-01", "period_to": "2026-03-31"}),
        );
        let package = content(&auditor, &made).expect(200).bytes.into_vec();
        let manifest: Value = serde_json::from_str(&in_package(&package, "manifest.json")).unwrap();
        assert_eq!(manifest["holds"], true, "{manifest:#}");
        let discount = manifest["roll_forward"][0]["movements"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["kind"] == "discount")
            .unwrap();
        assert_eq!(discount["entries"], 1);
        let named = |name: &str| {
            rows(&in_package(
                &package,
                &format!("{name}_20260301_20260331.csv"),
            ))
        };
        let applied = named("Cash_Application");
        assert_eq!(applied.len(), 1, "{applied:?}");
        let adjusted = named("AR_Adjustments");
        assert_eq!(adjusted.len(), 1, "{adjusted:?}");
    });
}

#[test]
fn a_caller_has_four_exports_under_way_at_most() {
    on_both(|app| {
        a_book(app);
        let asked = json!({"table": "invoices", "format": "csv"});
        let answers: Vec<Reply> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..12)
                .map(|_| scope.spawn(|| app.auditor().post("/v1/exports", asked.clone())))
                .collect();
            callers
                .into_iter()
                .map(|caller| caller.join().unwrap())
                .collect()
        });
        for answer in answers {
            if answer.status == 429 {
                assert!(answer.header("retry-after").is_some());
                answer.expect_problem(429, "too_many_exports");
            } else {
                let id = answer.expect(202).id();
                assert_eq!(wait_for(&app.auditor(), &id)["status"], "ready");
            }
        }
    });
}

#[test]
fn a_list_is_a_table_by_accept_or_by_format() {
    on_both(|app| {
        a_book(app);
        let finance = app.finance();
        let ask =
            |path: &str, accept: &str| finance.request("GET", path).header("Accept", accept).send();
        let csv = ask("/v1/invoices?limit=2", "text/csv").expect(200);
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
        let found = rows(&csv.text);
        assert_eq!(found.len(), 2);
        let listed = finance.get("/v1/invoices?limit=2").expect(200);
        for (row, invoice) in found.iter().zip(listed["data"].as_array().unwrap()) {
            assert_eq!(row["number"], invoice["number"]);
            assert_eq!(row["amount.amount"], invoice["amount"]["amount"]);
            assert_eq!(row["amount.currency"], invoice["amount"]["currency"]);
        }
        let cursor = csv.header("next-cursor").unwrap().to_owned();
        let next = finance
            .get(&format!("/v1/invoices?limit=2&format=csv&cursor={cursor}"))
            .expect(200);
        assert_eq!(rows(&next.text).len(), 2);
        assert!(next.header("next-cursor").is_none());
        let lines = ask("/v1/customers?format=ndjson", "application/json").expect(200);
        let first: Value = serde_json::from_str(lines.text.lines().next().unwrap()).unwrap();
        assert!(first["number"].as_str().unwrap().starts_with("C-"));
        assert!(
            finance
                .get("/v1/customers?format=xlsx")
                .expect(200)
                .bytes
                .starts_with(b"PK")
        );
        let names = finance.get("/v1/customers?format=csv").expect(200);
        assert!(
            names.text.contains("\"'=HYPERLINK(\"\"x\"\") 江南\""),
            "{}",
            names.text
        );
        ask("/v1/invoices", "image/png").expect_problem(406, "not_acceptable");
        ask("/v1/invoices", "text/html, */*;q=0.1").expect(200);
        finance
            .get("/v1/invoices?format=doc")
            .expect_problem(400, "malformed_parameter");
        finance
            .get("/v1/invoices?format=csv&format=csv")
            .expect_problem(400, "malformed_parameter");
        ask("/v1/reports/aging", "text/csv").expect(200);
        ask("/v1/reports/aging", "image/png").expect_problem(406, "not_acceptable");
        let events = app.auditor().get("/v1/events?format=csv").expect(200);
        assert!(events.header("next-cursor").is_some());
    });
}

/// RFC 8032, 7.1, test 1, as PKCS #8.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

fn key_file() -> PathBuf {
    let path = std::env::temp_dir().join(format!("netterms-{}-package.pem", std::process::id()));
    std::fs::write(&path, KEY).unwrap();
    path
}

/// The program that docs/exports.md shows, over a package.
fn verify(package: &[u8], name: &str) -> (bool, String) {
    let page = std::fs::read_to_string("docs/exports.md").unwrap();
    let (_, after) = page.split_once("```python\n").unwrap();
    let program = after.split_once("```").unwrap().0;
    let path = std::env::temp_dir().join(format!("netterms-{}-{name}.zip", std::process::id()));
    std::fs::write(&path, package).unwrap();
    let output = Command::new("python3")
        .args(["-c", program])
        .arg(&path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn in_package(package: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(package)).unwrap();
    let mut text = String::new();
    zip.by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// The package of two months in which an invoice was paid and another cancelled.
fn a_package(app: &TestApp) -> Vec<u8> {
    a_book(app);
    let invoice = app.finance().get("/v1/invoices/I-2").expect(200);
    app.finance()
        .post_if(
            &format!("/v1/invoices/{}/cancel", invoice.id()),
            &invoice.etag(),
            json!({"reason": "Never delivered."}),
        )
        .expect(200);
    let auditor = app.auditor();
    let made = export(
        &auditor,
        json!({"table": "audit_package", "format": "zip", "period_from": "2026-02-01", "period_to": "2026-03-31"}),
    );
    assert_eq!(made["status"], "ready", "{made}");
    assert_eq!(made["file_name"], "audit_package_20260201_20260331.zip");
    content(&auditor, &made).expect(200).bytes.into_vec()
}

#[test]
fn an_audit_package_adds_up() {
    on_both(|app| {
        let package = a_package(app);
        let manifest: Value = serde_json::from_str(&in_package(&package, "manifest.json")).unwrap();
        assert_eq!(manifest["holds"], true, "{manifest:#}");
        let of = |currency: &str| {
            let all = manifest["roll_forward"].as_array().unwrap();
            all.iter()
                .find(|one| one["currency"] == currency)
                .unwrap()
                .clone()
        };
        let cny = of("CNY");
        assert_eq!(
            (&cny["opening"], &cny["closing"]),
            (&json!("100.00"), &json!("10.00"))
        );
        let kinds: Vec<&str> = cny["movements"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["kind"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            ["invoice", "invoice_cancelled", "payment", "receipt"]
        );
        assert_eq!(of("JPY")["closing"], "5000");
        let invoices = in_package(&package, "Invoices_Generated_20260201_20260331.csv");
        assert!(
            invoices.starts_with("Invoice_ID,Invoice_Number,Invoice_Date,"),
            "{invoices}"
        );
        assert_eq!(rows(&invoices).len(), 3);
        let open = rows(&in_package(
            &package,
            "Open_Accounts_Receivable_20260201_20260331.csv",
        ));
        let balance = |number: &str| {
            open.iter()
                .find(|row| row["Transaction_ID"] == number)
                .map(|row| row["Balance_Amount"].clone())
        };
        assert_eq!(balance("I-3"), Some(json!("30.00")));
        assert_eq!(balance("R-1"), Some(json!("-20.00")));
        assert_eq!(balance("I-2"), None);
        let adjusted = rows(&in_package(
            &package,
            "AR_Adjustments_20260201_20260331.csv",
        ));
        assert_eq!(adjusted.len(), 1);
        assert_eq!(adjusted[0]["Adjustment_Type"], "invoice_cancelled");
        for name in [
            "Customer_Master",
            "Cash_Received",
            "Cash_Application",
            "Credit_Limits",
            "Credit_Decisions",
            "Dunning_Events",
            "Audit_Log",
        ] {
            in_package(&package, &format!("{name}_20260201_20260331.csv"));
        }
    });
}

#[test]
fn an_audit_package_is_proved_with_a_short_program() {
    let file = key_file();
    on_both_with(
        |config| config.signing_key_file = Some(file.clone()),
        |app| {
            let package = a_package(app);
            let (holds, said) = verify(&package, "whole");
            assert!(holds, "{said}");
            assert!(
                said.contains("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
                "{said}"
            );
            // An opened and changed package is found out.
            let changed = rezipped(&package, |name, text| {
                if name.starts_with("Cash_Received") {
                    text.replace("120.00", "121.00")
                } else {
                    text
                }
            });
            assert!(!verify(&changed, "table").0);
            let changed = rezipped(&package, |name, text| {
                if name == "manifest.json" {
                    text.replace("\"100.00\"", "\"101.00\"")
                } else {
                    text
                }
            });
            assert!(!verify(&changed, "manifest").0);
        },
    );
}

fn rezipped(package: &[u8], change: impl Fn(&str, String) -> String) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(package)).unwrap();
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let name = entry.name().unwrap().into_owned();
        out.start_file(&name, zip::write::SimpleFileOptions::default())
            .unwrap();
        out.write_all(change(&name, text).as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// Whether the Python of `scripts/contract` has what reads tables; where it does not, the test is left out, loudly.
fn python() -> Option<PathBuf> {
    let python = PathBuf::from(".tools/tables/bin/python");
    if python.exists() {
        return Some(python);
    }
    eprintln!(
        "SKIPPED: no .tools/tables (scripts/tools/tables makes it): Parquet and XLSX are read by nobody"
    );
    None
}

#[test]
fn duckdb_pandas_and_openpyxl_read_the_same_totals() {
    let Some(python) = python() else { return };
    on_both(|app| {
        a_book(app);
        let auditor = app.auditor();
        let mut paths = Vec::new();
        for format in ["csv", "parquet", "xlsx"] {
            let made = export(&auditor, json!({"table": "invoices", "format": format}));
            let path =
                std::env::temp_dir().join(format!("netterms-{}-read.{format}", std::process::id()));
            std::fs::write(&path, content(&auditor, &made).expect(200).bytes).unwrap();
            paths.push(path);
        }
        let output = Command::new(&python)
            .args(["-c", READERS])
            .args(&paths)
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{said}");
        for path in paths {
            std::fs::remove_file(path).unwrap();
        }
        assert_eq!(said.trim(), "CNY 380.50 JPY 5000.00");
    });
}

/// Reads the three files with three programs, and prints the totals that all of them find.
const READERS: &str = r#"
import sys, csv, decimal, duckdb, pandas, openpyxl
of_csv, of_parquet, of_xlsx = sys.argv[1:]
D = decimal.Decimal
def totals(rows):
    sums = {}
    for currency, amount in rows:
        sums[currency] = sums.get(currency, D(0)) + D(str(amount)).quantize(D("0.01"))
    return sums
with open(of_csv, newline="", encoding="utf-8") as file:
    by_csv = totals((row["currency"], row["amount"]) for row in csv.DictReader(file))
duck = duckdb.sql(f"SELECT currency, amount, invoice_date, created_at FROM '{of_parquet}'")
assert [str(t) for t in duck.types] == ["VARCHAR", "DECIMAL(23,4)", "DATE", "TIMESTAMP WITH TIME ZONE"], duck.types
by_duckdb = totals(duckdb.sql(f"SELECT currency, amount FROM '{of_parquet}'").fetchall())
frame = pandas.read_parquet(of_parquet)
by_pandas = totals(zip(frame["currency"], frame["amount"]))
sheet = openpyxl.load_workbook(of_xlsx, read_only=True).active
names, *rows = sheet.iter_rows(values_only=True)
at = {name: index for index, name in enumerate(names)}
by_openpyxl = totals((row[at["currency"]], row[at["amount"]]) for row in rows)
assert any(row[at["customer_name"]] == '=HYPERLINK("x") 江南' for row in rows)
assert by_csv == by_duckdb == by_pandas == by_openpyxl, (by_csv, by_duckdb, by_pandas, by_openpyxl)
print(*(f"{currency} {amount}" for currency, amount in sorted(by_csv.items())))
"#;
