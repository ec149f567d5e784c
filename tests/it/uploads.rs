//! Files on their way: how many at once, how slowly, and of which kind.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use kernel::caller::Role;
use serde_json::json;

use crate::support::{Reply, TestApp, import, on_both_with, sign};

const FILE: &str = "number,name,country\nA-1,Good,CN\n";

/// An upload that has begun and brings nothing more.
fn begin(app: &TestApp, subject: &str) -> TcpStream {
    let token = sign(|claims| {
        claims["sub"] = json!(subject);
        claims["roles"] = json!(["credit"]);
    });
    let mut connection = TcpStream::connect(app.address).unwrap();
    write!(
        connection,
        "POST /v1/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n\
         --x\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncustomers\r\n"
    )
    .unwrap();
    connection
}

/// Sends whole files until one is answered with this status: the server may not have seen yet what is on its way.
fn until(app: &TestApp, subject: &str, status: u16) -> Reply {
    let client = app.caller(subject, &[Role::Credit], None);
    loop {
        let reply = import("customers", FILE).send(&client);
        if reply.status == status {
            return reply;
        }
        assert!([202, 429, 503].contains(&reply.status), "{}", reply.text);
    }
}

#[test]
fn one_person_has_a_few_uploads_at_once_and_others_are_served() {
    on_both_with(
        |config| config.body_time_ms = 600_000,
        |app| {
            let mut slow: Vec<TcpStream> = (0..4).map(|_| begin(app, "u-slow")).collect();
            let refused = until(app, "u-slow", 429);
            let refused = refused.expect_problem(429, "too_many_uploads");
            assert!(refused.header("retry-after").is_some());
            until(app, "u-other", 202);
            drop(slow.pop());
            until(app, "u-slow", 202);
        },
    );
}

#[test]
fn all_together_have_a_bounded_number_of_uploads() {
    on_both_with(
        |config| config.body_time_ms = 600_000,
        |app| {
            let slow: Vec<TcpStream> = (0..32)
                .map(|upload| begin(app, &format!("u-{}", upload / 4)))
                .collect();
            let refused = until(app, "u-late", 503).expect_problem(503, "overloaded");
            assert!(refused.header("retry-after").is_some());
            drop(slow);
            until(app, "u-late", 202);
        },
    );
}

#[test]
fn an_upload_that_brings_nothing_is_not_waited_for_and_leaves_nothing() {
    on_both_with(
        |config| config.body_time_ms = 200,
        |app| {
            let mut answer = String::new();
            begin(app, "u-slow").read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
            assert!(answer.contains(r#""code":"request_timeout""#), "{answer}");
            let jobs = app.credit().get("/v1/jobs").expect(200);
            assert_eq!(jobs["data"], json!([]));
        },
    );
}

#[test]
fn only_forms_are_uploads() {
    on_both_with(
        |_| {},
        |app| {
            for (path, client) in [
                ("/v1/imports", app.credit()),
                ("/v1/rating-models/fit", app.credit()),
            ] {
                for kind in [
                    "multipart/mixed",
                    "multipart/related",
                    "multipart/form-datax",
                    "text/csv",
                ] {
                    let body = format!(
                        "--x\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncustomers\r\n\
                         --x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n{FILE}\r\n--x--\r\n"
                    );
                    let refused = client
                        .request("POST", path)
                        .header("Content-Type", &format!("{kind}; boundary=x"))
                        .bytes(body.into_bytes())
                        .send()
                        .expect_problem(415, "unsupported_media_type");
                    assert_eq!(refused["expected"], "multipart/form-data");
                }
            }
        },
    );
}
