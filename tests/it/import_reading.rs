//! How the lines of a file are read, counted and reported.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Reply, a_customer, import, on_both};

const HEADER: &str = "number,customer_number,invoice_date,amount,currency";

/// What is wrong, as (line, code).
fn errors(job: &Reply) -> Vec<(i64, &str)> {
    let list = job["errors"].as_array().unwrap().iter();
    list.map(|error| {
        (
            error["line"].as_i64().unwrap_or_default(),
            error["code"].as_str().unwrap(),
        )
    })
    .collect()
}

#[test]
fn the_line_of_an_error_is_the_line_that_an_editor_shows() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let bad = "A-1,C-1,2026-03-01,x,CNY";
        for end in ["\n", "\r\n", "\r"] {
            for (lines, expected) in [
                (vec![HEADER, bad], 2),
                (vec![HEADER, "", "", bad], 4),
                (vec!["", HEADER, "", bad], 4),
                (vec!["", "", HEADER, ",,,,", bad], 5),
            ] {
                let job = import("invoices", lines.join(end)).run(&app.finance());
                assert_eq!(errors(&job), [(expected, "malformed")], "{end:?}");
                assert_eq!(job["result"]["lines"], 1);
            }
            let text = ["number,name,country", "A,\"two", "lines\",CN", "B,x,ZZ"].join(end);
            let job = import("customers", text)
                .all_or_nothing()
                .run(&app.finance());
            assert_eq!(
                errors(&job),
                [(2, "malformed"), (4, "malformed")],
                "{end:?}"
            );
        }
        let job = import("customers", "\r\rnumber,name\rA,B\r").run(&app.finance());
        assert_eq!(errors(&job), [(3, "missing_column")]);
    });
}

#[test]
fn rows_with_nothing_in_them_are_no_rows() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        let head = HEADER.replace(',', ";");
        let file = |number: &str| {
            format!(
                "{head}\n{number};C-1;2026-03-01;10.00;CNY\n\n;;;;\n ; ;;;\n\"\";;;;\n;;;;;;;;\n;\n\u{3000}\n"
            )
        };
        let expected = json!({"lines": 1, "created": 1, "unchanged": 0, "rejected": 0});
        let job = import("invoices", file("A-1")).run(&app.finance());
        assert_eq!(job["result"], expected, "{}", job.text);
        let job = import("invoices", file("A-2"))
            .all_or_nothing()
            .run(&app.finance());
        assert_eq!(
            (&job["status"], &job["result"]),
            (&json!("succeeded"), &expected)
        );
    });
}

#[test]
fn a_quote_inside_a_cell_fails_its_line_and_not_the_file() {
    on_both(|app| {
        let file = "number,name,country\n\
            A-1,Good,CN\n\
            A-2,5\" Pipe Ltd,CN\n\
            A-3,\"5\" Pipe Ltd\",CN\n\
            A-4,\"never closed,CN\n\
            A-5,\"The \"\"Best\"\"\",CN\n\
            A-6,Also good,CN\n\
            A-7,\"never closed either,CN\n";
        let job = import("customers", file).run(&app.credit());
        let broken = [3, 4, 5, 8].map(|line| (line, "broken_quotes"));
        assert_eq!(errors(&job), broken, "{}", job.text);
        let result = json!({"lines": 7, "created": 3, "unchanged": 0, "rejected": 4});
        assert_eq!(
            (&job["status"], &job["result"]),
            (&json!("succeeded"), &result)
        );
        let made = app.credit().get("/v1/customers/A-5").expect(200);
        assert_eq!(made["name"], "The \"Best\"");
        let long = format!(
            "number,name,country\nA-8,{},CN\nA-9,Good,CN\n",
            "x".repeat(100_000)
        );
        let job = import("customers", long).run(&app.credit());
        assert_eq!(errors(&job), [(2, "line_too_long")]);
        assert_eq!(job["result"]["created"], 1);
    });
}

#[test]
fn every_refused_line_is_in_the_report_to_download() {
    on_both(|app| {
        let mut file = "number,name,country\n".to_owned();
        for line in 2..=1501 {
            let country = if line == 700 { "CN" } else { "XX" };
            writeln!(file, "A-{line},Name,{country}").unwrap();
        }
        for upload in [
            import("customers", &file),
            import("customers", &file).all_or_nothing(),
        ] {
            let job = upload.run(&app.credit());
            assert_eq!(job["result"]["rejected"], 1499);
            assert_eq!(job["errors"].as_array().unwrap().len(), 1000);
            let path = format!("/v1/jobs/{}/report", job.id());
            let report = app.auditor().get(&path).expect(200);
            assert_eq!(
                report.header("content-type"),
                Some("text/csv; charset=utf-8")
            );
            let mut lines = report.text.lines();
            assert_eq!(lines.next(), Some("line,severity,column,code,message"));
            let refused: Vec<i64> = lines
                .map(|line| {
                    let cells: Vec<&str> = line.split(',').collect();
                    assert_eq!(cells[1..4], ["error", "country", "malformed"]);
                    cells[0].parse().unwrap()
                })
                .collect();
            let expected: Vec<i64> = (2..=1501).filter(|line| *line != 700).collect();
            assert_eq!(refused, expected);
            app.sales().get(&path).expect_problem(404, "not_found");
        }
    });
}

#[test]
fn a_short_report_can_be_downloaded_too_and_holds_no_formula() {
    on_both(|app| {
        let job = import("customers", "number,name,country,＝cmd\nA,B,CN,x\n").run(&app.credit());
        let path = format!("/v1/jobs/{}/report", job.id());
        let report = app.credit().get(&path).expect(200);
        assert_eq!(
            report.text,
            "line,severity,column,code,message\r\n1,error,'＝cmd,unknown_column,is no column of this kind\r\n"
        );
        let job = import("customers", "number,name,country\nA,B,CN\n").run(&app.credit());
        let path = format!("/v1/jobs/{}/report", job.id());
        let report = app.credit().get(&path).expect(200);
        assert_eq!(report.text, "line,severity,column,code,message\r\n");
        app.credit()
            .get("/v1/jobs/job_01k00000000000000000000001/report")
            .expect_problem(404, "not_found");
    });
}

#[test]
fn a_file_of_which_too_much_is_wrong_is_not_read_to_its_end() {
    on_both(|app| {
        let file = format!("number,name,country\n{}", "x\n".repeat(101_500));
        let job = import("customers", file)
            .all_or_nothing()
            .run(&app.credit());
        assert_eq!(job["status"], "failed");
        assert!(job["result"]["rejected"].as_i64().unwrap() < 101_500);
        let report = format!("/v1/jobs/{}/report", job.id());
        let report = app.credit().get(&report).expect(200);
        let last = report.text.lines().last().unwrap();
        assert!(last.contains("too_many_rejected"), "{last}");
    });
}

#[test]
fn the_same_customer_day_and_amount_under_a_look_alike_number_is_a_warning() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        let first = format!(
            "{HEADER}\nINV-007,C-1,2026-03-01,10.00,CNY\nINV-008,C-1,2026-03-01,10.00,CNY\n"
        );
        let job = import("invoices", first).run(&app.finance());
        assert_eq!(job["result"]["warnings"], Value::Null, "{}", job.text);
        let second = format!(
            "{HEADER}\ninv 7,C-1,2026-03-01,10.00,CNY\nINV/7,C-1,2026-03-01,10.01,CNY\nINV 007,C-1,2026-03-02,10.00,CNY\n\
            INV.7,C-2,2026-03-01,10.00,CNY\nlNV8,C-1,2026-03-01,10.00,CNY\nX1,C-2,2026-03-01,9.00,CNY\nX-1,C-2,2026-03-01,9.00,CNY\n"
        );
        let job = import("invoices", second).run(&app.finance());
        assert_eq!(
            (&job["result"]["created"], &job["result"]["rejected"]),
            (&json!(7), &json!(0))
        );
        let warned: Vec<(i64, &str, bool)> = job["result"]["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|warning| {
                let message = warning["message"].as_str().unwrap();
                let number = message.split_once(" has ").unwrap().0;
                (
                    warning["line"].as_i64().unwrap(),
                    number,
                    warning["code"] == "looks_alike",
                )
            })
            .collect();
        assert_eq!(
            warned,
            [(2, "INV-007", true), (6, "INV-008", true), (8, "X1", true)]
        );
        let path = format!("/v1/jobs/{}/report", job.id());
        let report = app.finance().get(&path).expect(200);
        assert!(
            report.text.contains("\r\n2,warning,number,looks_alike,"),
            "{}",
            report.text
        );

        let receipts = "number,customer_number,receipt_date,amount,currency\nR-1,C-1,2026-03-05,1.00,CNY\nR1.0,C-1,2026-03-05,1.00,CNY\n";
        let job = import("receipts", receipts).run(&app.finance());
        assert_eq!(job["result"]["warnings"][0]["line"], 3, "{}", job.text);
        let cancelled = app.finance().get("/v1/invoices/INV-008").expect(200);
        app.finance()
            .post_if(
                "/v1/invoices/INV-008/cancel",
                &cancelled.etag(),
                json!({"reason": "Twice."}),
            )
            .expect(200);
        let again = format!("{HEADER}\nINV-0008,C-1,2026-03-01,10.00,CNY\n");
        let job = import("invoices", again).run(&app.finance());
        assert_eq!(
            job["result"]["warnings"][0]["message"]
                .as_str()
                .unwrap()
                .split(' ')
                .next(),
            Some("lNV8")
        );
    });
}
