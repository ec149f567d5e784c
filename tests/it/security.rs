//! What an attacker tries, and is refused: tokens, bodies, money, texts, headers, logs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::connection::SimpleConnection as _;
use kernel::caller::Role;
use netterms::book::customers::actions as customers;
use netterms::platform::db::{Backend, Conn, Db};
use netterms::platform::http::Problem;
use netterms::platform::http::auth::internal_caller;
use netterms::server::Config;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, a_customer, forge, on_both, secret, sign};

const PATH: &str = "/v1/customers";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn calls_with(app: &TestApp, token: &str) -> crate::support::Reply {
    Client::new(app, Some(token.to_owned())).get(PATH)
}

// ---------------------------------------------------------------- tokens

#[test]
fn a_token_with_another_algorithm_or_type_is_refused() {
    on_both(|app| {
        let good = sign(|_| {});
        calls_with(app, &good).expect(200);
        let (signed, _) = good.rsplit_once('.').unwrap();
        let payload = signed.split('.').nth(1).unwrap();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let key = secret().secret;
        for alg in [
            "none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256", "EdDSA",
        ] {
            let header = json!({"alg": alg, "typ": "at+jwt"});
            let forged = forge(&header, &claims, &key);
            calls_with(app, &forged).expect_problem(401, "token_invalid");
            let (unsigned, _) = forged.rsplit_once('.').unwrap();
            calls_with(app, &format!("{unsigned}.")).expect_problem(401, "token_invalid");
            calls_with(app, unsigned).expect_problem(401, "token_invalid");
        }
        let long = json!({"alg": "HS256", "typ": "application/at+jwt"});
        calls_with(app, &forge(&long, &claims, &key)).expect(200);
        for header in [
            json!({"alg": "HS256"}),
            json!({"alg": "HS256", "typ": "application/jwt"}),
            json!({"alg": "HS256", "typ": "JWT"}),
            json!({"alg": "HS256", "typ": "id+jwt"}),
            json!({"alg": "HS256", "typ": "at+jwt", "crit": ["b64"], "b64": false}),
            json!({"typ": "at+jwt"}),
        ] {
            calls_with(app, &forge(&header, &claims, &key)).expect_problem(401, "token_invalid");
        }
        // A key that the token brings along, or points to, is not used; neither is a public key as a secret.
        let own = json!({
            "alg": "HS256", "typ": "at+jwt", "kid": "mine", "jku": "http://127.0.0.1:9/keys",
            "jwk": {"kty": "oct", "k": "bXkgb3duIHNlY3JldCBvZiBtb3JlIHRoYW4gMzIgYnl0ZXM"},
        });
        for key in [
            &b"my own secret of more than 32 bytes"[..],
            b"-----BEGIN PUBLIC KEY-----",
            b"",
        ] {
            calls_with(app, &forge(&own, &claims, key)).expect_problem(401, "token_invalid");
        }
    });
}

#[test]
fn a_token_with_wrong_claims_is_refused() {
    on_both(|app| {
        let now = jsonwebtoken::get_current_timestamp();
        let wrong = [
            ("iss", json!("somebody-else")),
            ("iss", json!(["netterms"])),
            ("aud", json!("another-service")),
            ("aud", json!(["another-service", "a third"])),
            ("aud", json!({"netterms": true})),
            ("exp", json!(now - 60)),
            ("exp", json!((now + 600).to_string())),
            ("exp", json!(1.5)),
            ("exp", json!(-1)),
            ("exp", json!(now + 2 * 24 * 60 * 60)),
            ("exp", json!(u64::MAX)),
            ("nbf", json!(now + 600)),
            ("iat", json!(now + 600)),
            ("sub", json!("")),
            ("sub", json!("a b")),
            ("sub", json!("x".repeat(129))),
            ("sub", json!("a\0b")),
            ("sub", json!("netterms")),
            ("sub", json!("netterms-sweeper")),
            ("client_id", json!("")),
            ("client_id", json!("a\0b")),
            ("client_id", json!("x".repeat(256))),
            ("jti", json!("")),
            ("jti", json!("\0")),
            ("roles", json!("credit")),
            ("roles", json!(["emperor"])),
        ];
        for (claim, value) in wrong {
            let token = sign(|claims| claims[claim] = value.clone());
            let refused = calls_with(app, &token);
            let code = match (claim, value) {
                ("exp", Value::Number(exp)) if exp.as_u64() == Some(now - 60) => "token_expired",
                _ => "token_invalid",
            };
            refused.expect_problem(401, code);
        }
        for claim in ["iss", "aud", "sub", "client_id", "iat", "exp", "jti"] {
            let token = sign(|claims| {
                claims.as_object_mut().unwrap().remove(claim);
            });
            let refused = calls_with(app, &token);
            assert_eq!(refused.status, 401, "without {claim}: {}", refused.text);
        }
        calls_with(
            app,
            &sign(|claims| claims["aud"] = json!(["another-service", "netterms"])),
        )
        .expect(200);
        let nobody = sign(|claims| {
            claims.as_object_mut().unwrap().remove("roles");
        });
        calls_with(app, &nobody).expect_problem(403, "forbidden");
    });
}

#[test]
fn a_token_counts_only_in_the_authorization_header() {
    on_both(|app| {
        let token = sign(|_| {});
        let nobody = app.anonymous();
        for name in ["access_token", "token", "authorization"] {
            nobody
                .get(&format!("{PATH}?{name}={token}"))
                .expect_problem(401, "token_missing");
        }
        let with = |value: &str| {
            nobody
                .request("GET", PATH)
                .header("Authorization", value)
                .send()
        };
        with(&format!("bearer {token}")).expect(200);
        for value in [
            token.as_str(),
            "Bearer",
            "Bearer ",
            "Basic dTpw",
            &format!("Token {token}"),
        ] {
            let refused = with(value).expect_problem(401, "token_missing");
            assert!(
                refused
                    .header("www-authenticate")
                    .unwrap()
                    .starts_with("Bearer")
            );
        }
        nobody
            .request("GET", PATH)
            .header("Authorization", &format!("Bearer {token}"))
            .header("Authorization", &format!("Bearer {token}"))
            .send()
            .expect_problem(401, "token_missing");
        nobody
            .request("GET", PATH)
            .header("Cookie", &format!("access_token={token}"))
            .send()
            .expect_problem(401, "token_missing");
    });
}

// ---------------------------------------------------------------- bodies

#[test]
fn nobody_sets_what_the_service_owns() {
    on_both(|app| {
        let finance = app.finance();
        let etag = {
            a_customer("C-1").create(app);
            finance.get("/v1/customers/C-1").expect(200).etag()
        };
        for member in [
            "id",
            "version",
            "status",
            "created_at",
            "created_by",
            "tenant_id",
            "__proto__",
        ] {
            let mut body = json!({"number": "C-2", "name": "Two", "country": "CN"});
            body[member] = json!(1);
            let refused = finance
                .post(PATH, body)
                .expect_problem(400, "malformed_body");
            assert!(refused.text.contains(member), "{}", refused.text);
            finance
                .patch("/v1/customers/C-1", &etag, json!({member: 1}))
                .expect_problem(400, "malformed_body");
        }
        finance
            .patch("/v1/customers/C-1", &etag, json!({"number": "C-9"}))
            .expect_problem(400, "malformed_body");
    });
}

#[test]
fn a_body_that_is_no_plain_json_is_refused() {
    on_both(|app| {
        let send = |kind: &str, body: &[u8]| {
            app.credit()
                .request("POST", PATH)
                .header("Content-Type", kind)
                .bytes(body.to_vec())
                .send()
        };
        let good = br#"{"number":"C-1","name":"One","country":"CN"}"#;
        for kind in [
            "text/plain",
            "application/xml",
            "application/json; charset=latin1",
            "application/x-www-form-urlencoded",
        ] {
            send(kind, good).expect_problem(415, "unsupported_media_type");
        }
        for coding in ["gzip", "br", "zstd", "deflate", "identity, gzip"] {
            app.credit()
                .request("POST", PATH)
                .header("Content-Type", "application/json")
                .header("Content-Encoding", coding)
                .bytes(good.to_vec())
                .send()
                .expect_problem(415, "unsupported_media_type");
        }
        let nested_member = format!(r#"{{"number":{}"#, "[".repeat(100_000));
        let malformed: Vec<Vec<u8>> = [
            "",
            "null",
            "[]",
            "1",
            "\"x\"",
            "{",
            "{}",
            "{}{}",
            "{'number':1}",
            r#"["C-1","One","CN"]"#,
            r#"{"number":"C-1","number":"C-2","name":"One","country":"CN"}"#,
            r#"{"number":"C-1","name":"One","country":"CN"} x"#,
            r#"{"number":"C-1","name":"One","country":"CN",}"#,
            r#"{"number":1e1.0,"name":"One","country":"CN"}"#,
            &"[".repeat(100_000),
            &r#"{"a":"#.repeat(20_000),
            &nested_member,
        ]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .chain([b"{\"number\":\"C-1\",\"name\":\"\xff\xfe\",\"country\":\"CN\"}".to_vec()])
        .collect();
        for body in malformed {
            let start = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let refused = send("application/json", &body);
            assert_eq!(
                (refused.status, &refused["code"]),
                (400, &json!("malformed_body")),
                "{start}: {}",
                refused.text
            );
        }
        let large = format!(
            r#"{{"number":"C-1","name":"{}","country":"CN"}}"#,
            "x".repeat(300_000)
        );
        send("application/json", large.as_bytes()).expect_problem(413, "payload_too_large");
        send("Application/JSON; charset=UTF-8", good).expect(201);
    });
}

#[test]
fn a_key_twice_is_refused_in_free_documents_too() {
    on_both(|app| {
        let body = r#"{"code": "M", "name": "M", "kind": "scorecard", "reason": "First.",
                       "document": {"criteria": [{"code": "A", "code": "B"}]}}"#;
        let refused = app
            .credit()
            .request("POST", "/v1/rating-models")
            .header("Content-Type", "application/json")
            .bytes(body.as_bytes().to_vec())
            .send()
            .expect_problem(400, "malformed_body");
        assert_eq!(refused["errors"][0]["pointer"], "/document/criteria/0/code");
        assert_eq!(refused["errors"][0]["message"], "is given twice");
    });
}

#[test]
fn a_cursor_says_nothing_of_what_is_in_it() {
    on_both(|app| {
        for number in ["C-1", "C-2"] {
            a_customer(number).create(app);
        }
        let page = || {
            app.credit()
                .get("/v1/customers?limit=1&sort=number")
                .expect(200)
        };
        let cursor = page().text_at("/next_cursor");
        assert_eq!(page().text_at("/next_cursor"), cursor);
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("C-1") && !text.contains("cus_"), "{text}");
        let next = format!("/v1/customers?limit=1&sort=number&cursor={cursor}");
        assert_eq!(
            app.credit().get(&next).expect(200)["data"][0]["number"],
            "C-2"
        );
        // Another server with the same secret takes it as well.
        if app.backend == Backend::Postgres {
            let another = app.another();
            assert_eq!(
                another.credit().get(&next).expect(200)["data"][0]["number"],
                "C-2"
            );
        }
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            let forged = URL_SAFE_NO_PAD.encode(forged);
            app.credit()
                .get(&format!(
                    "/v1/customers?limit=1&sort=number&cursor={forged}"
                ))
                .expect_problem(422, "invalid_cursor");
        }
    });
}

#[test]
fn texts_that_deceive_or_break_are_refused() {
    on_both(|app| {
        let named = |name: &str| {
            let body = format!(r#"{{"number":"C-1","name":"{name}","country":"CN"}}"#);
            app.credit()
                .request("POST", PATH)
                .header("Content-Type", "application/json")
                .bytes(body.into_bytes())
                .send()
        };
        for name in [
            r"A\u0000B",
            r"\ud800",
            r"\udc00\ud800",
            r"safe\u202egpj",
            r"\u2066x",
            r"\ufeffx",
            r"a\u0007",
            r"a\nb",
            r" a",
            r"a ",
            "",
            "a\u{202e}b",
        ] {
            let refused = named(name);
            assert_eq!(
                (refused.status, &refused["code"]),
                (400, &json!("malformed_body")),
                "{name:?}"
            );
        }
        let kept = named(r"\ud83d\ude00 'OR 1=1; -- <b>%_\\").expect(201);
        assert_eq!(kept["name"], "😀 'OR 1=1; -- <b>%_\\");
    });
}

#[test]
fn money_has_one_spelling() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("1000.00").create(app);
        let path = format!("/v1/credit-accounts/{}", made.account);
        let credit = app.credit();
        let etag = credit.get(&path).expect(200).etag();
        let lower = |limit: Value| {
            credit.post_if(
                &format!("{path}/lower-limit"),
                &etag,
                json!({"limit": limit, "reason": "A test."}),
            )
        };
        let amounts = [
            "",
            " ",
            "1e2",
            "1E2",
            "1_0",
            "0x10",
            "NaN",
            "Infinity",
            "-Infinity",
            "１００",
            "٣",
            "1,000.00",
            "+1",
            "-0",
            "-0.00",
            "-1",
            "007",
            "00",
            "1.005",
            "1.",
            ".5",
            "1..0",
            "1.0.0",
            " 1",
            "1 ",
            "1\u{0}",
            "¥1",
            "1CNY",
            "9999999999999999999999999999999999999999",
            "1000000000000",
        ];
        for amount in amounts {
            let refused = lower(json!({"amount": amount, "currency": "CNY"}));
            assert_eq!(refused.status, 400, "{amount:?}: {}", refused.text);
        }
        for amount in [
            json!(100),
            json!(99.5),
            json!(null),
            json!(true),
            json!(["1"]),
            json!({"value": "1"}),
        ] {
            let refused = lower(json!({"amount": amount, "currency": "CNY"}));
            assert_eq!(refused.status, 400, "{amount}: {}", refused.text);
        }
        for currency in [
            "cny", "Cny", "CN", "CNYY", "", "XXX", "XAU", "¥", "156", "ZZZ",
        ] {
            let refused = lower(json!({"amount": "1.00", "currency": currency}));
            assert_eq!(refused.status, 400, "{currency:?}: {}", refused.text);
        }
        lower(json!({"amount": "1.00", "currency": "CNY", "scale": 2}))
            .expect_problem(400, "malformed_body");
        assert_eq!(credit.get(&path).expect(200)["limit"]["amount"], "1000.00");
        lower(json!({"amount": "0.01", "currency": "CNY"})).expect(200);
    });
}

#[test]
fn keys_and_versions_have_a_form() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let credit = app.credit();
        let long = "k".repeat(256);
        for key in ["", "\"\"", "a b", "ü", long.as_str(), "a\"b"] {
            credit
                .request("POST", PATH)
                .key(key)
                .json(json!({"number": "C-2", "name": "Two", "country": "CN"}))
                .send()
                .expect_problem(400, "idempotency_key_malformed");
        }
        credit
            .request("PATCH", "/v1/customers/C-1")
            .json(json!({"name": "One"}))
            .send()
            .expect_problem(428, "precondition_required");
        // What no ETag looks like is malformed; one that is not the present one, or weak, is stale.
        for etag in ["1", "*", "\"1", "\"1\", \"2\"", "W/1", "'1'"] {
            let refused = credit
                .patch("/v1/customers/C-1", etag, json!({"name": "One"}))
                .expect_problem(400, "malformed_parameter");
            assert_eq!(refused["errors"][0]["pointer"], "#If-Match", "{etag}");
            assert_eq!(refused["errors"][0]["code"], "malformed", "{etag}");
        }
        for etag in [
            "W/\"1\"",
            "\"x\"",
            "\"1-gzip\"",
            "\"-1\"",
            "\"99999999999999999999\"",
        ] {
            credit
                .patch("/v1/customers/C-1", etag, json!({"name": "One"}))
                .expect_problem(412, "stale");
        }
    });
}

#[test]
fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let app = TestApp::start_with(Backend::Sqlite, |config| config.body_time_ms = 200);
    let token = sign(|claims| claims["roles"] = json!(["credit"]));
    let mut connection = TcpStream::connect(app.address).unwrap();
    write!(
        connection,
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains(r#""code":"request_timeout""#), "{answer}");
    app.credit().get(PATH).expect(200);
}

/// Sends bytes as they are and reads until the server ends the connection.
fn raw(app: &TestApp, bytes: &[u8]) -> (String, Value) {
    let mut connection = TcpStream::connect(app.address).unwrap();
    connection.write_all(bytes).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.rsplit_once("\r\n\r\n").unwrap();
    (head.to_owned(), serde_json::from_str(body).unwrap())
}

#[test]
fn what_is_no_request_gets_a_problem_like_every_other_answer() {
    let app = TestApp::start(Backend::Sqlite);
    let long = format!(
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "x".repeat(200_000)
    );
    let after = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/9.9\r\n\r\n";
    let cases = [
        ("no words of HTTP\r\n\r\n", 400, "malformed_request"),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
            400,
            "malformed_request",
        ),
        (
            "POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            400,
            "malformed_request",
        ),
        (after, 400, "malformed_request"),
        (&long, 431, "headers_too_large"),
    ];
    for (bytes, status, code) in cases {
        let (head, problem) = raw(&app, bytes.as_bytes());
        let head = head.rsplit("HTTP/1.1 ").next().unwrap().to_lowercase();
        assert!(head.starts_with(&status.to_string()), "{head}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["type"], format!("/problems/{code}"));
        let id = problem["request_id"].as_str().unwrap();
        for line in [
            "content-type: application/problem+json",
            "api-version: ",
            "connection: close",
            &format!("x-request-id: {id}"),
        ] {
            assert!(head.contains(line), "{line} in {head}");
        }
    }
    // What was asked before on the same connection was answered.
    let mut connection = TcpStream::connect(app.address).unwrap();
    connection.write_all(after.as_bytes()).unwrap();
    let mut answers = String::new();
    connection.read_to_string(&mut answers).unwrap();
    assert!(answers.starts_with("HTTP/1.1 200 OK"), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{answers}");
}

#[test]
fn the_same_key_twice_at_once_has_one_effect() {
    on_both(|app| {
        let body = json!({"number": "C-1", "name": "Once", "country": "CN"});
        let input = serde_json::from_value(body.clone()).unwrap();
        let caller = internal_caller("test", &[Role::Finance]).unwrap();
        let (answers, answered) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            // The same customer, not yet committed, holds the first request up.
            let outcome: Result<(), Problem> = app.database().write(&caller, |tx| {
                customers::create(tx, &input)?;
                for _ in 0..2 {
                    let (answers, body) = (answers.clone(), body.clone());
                    scope.spawn(move || {
                        let request = app.credit().request("POST", PATH).key("k").json(body);
                        answers.send(request.send()).unwrap();
                    });
                }
                answered
                    .recv()
                    .unwrap()
                    .expect_problem(409, "request_in_progress");
                Err(Problem::not_found("reason to commit"))
            });
            outcome.unwrap_err();
        });
        answered.recv().unwrap().expect(201);
        let listed = app.credit().get(PATH).expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    });
}

// ---------------------------------------------------------------- what goes out

/// Words that only our own innards use.
const INNARDS: &[&str] = &[
    "select ", "insert ", "diesel", "sqlite", "postgres", "actix", "serde", ".rs", "panicked",
    "rustc", "/src/", "0.1.0",
];

#[track_caller]
fn assert_says_nothing_of_innards(text: &str) {
    let text = text.to_lowercase();
    for word in INNARDS {
        assert!(!text.contains(word), "{word:?} in {text}");
    }
}

#[test]
fn problems_say_nothing_of_innards() {
    on_both(|app| {
        let credit = app.credit();
        let replies = [
            credit.get("/v1/customers/C-9").expect(404),
            credit.get("/v1/customers/%00").expect(404),
            credit.get("/v1/credit-accounts/1'--").expect(404),
            credit.get("/v1/customers?limit=x").expect(400),
            credit
                .get("/v1/customers?cursor=AAAA")
                .expect_problem(422, "invalid_cursor"),
            credit.post(PATH, json!({"number": 1})).expect(400),
            credit
                .post(PATH, json!({"number": "C-1", "name": "x", "country": "ZZ"}))
                .expect(400),
            app.anonymous().get(PATH).expect(401),
            app.admin().get(PATH).expect(403),
            app.admin().get("/nowhere").expect(404),
        ];
        for reply in &replies {
            assert_says_nothing_of_innards(&reply.text);
            assert_eq!(reply["request_id"], reply.header("x-request-id").unwrap());
            assert_eq!(reply.header("server"), None);
        }
        run(
            &mut app.database().reader().unwrap(),
            "ALTER TABLE customers RENAME TO elsewhere",
        )
        .unwrap();
        let broken = credit.get(PATH).expect_problem(500, "internal_error");
        assert_says_nothing_of_innards(&broken.text);
        assert!(!broken.text.contains("customers\" does"), "{}", broken.text);
    });
}

pub fn run(db: &mut Db, statement: &str) -> diesel::QueryResult<()> {
    match db.conn() {
        Conn::Postgres(c) => c.batch_execute(statement),
        Conn::Sqlite(c) => c.batch_execute(statement),
    }
}

#[test]
fn every_answer_has_the_headers_that_protect_it() {
    on_both(|app| {
        let credit = app.credit();
        for (path, status) in [
            (PATH, 200),
            ("/v1/customers/none", 404),
            ("/v1/nothing", 404),
            ("/healthz", 200),
            ("/docs/", 200),
        ] {
            let reply = credit.get(path).expect(status);
            assert_eq!(
                reply.header("x-content-type-options"),
                Some("nosniff"),
                "{path}"
            );
            assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{path}");
            assert_eq!(
                reply.header("referrer-policy"),
                Some("no-referrer"),
                "{path}"
            );
            assert!(
                reply
                    .header("content-security-policy")
                    .unwrap()
                    .contains("frame-ancestors 'none'")
            );
            assert!(reply.header("x-request-id").is_some(), "{path}");
            if path.starts_with("/v1/") {
                assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
            }
        }
    });
}

#[test]
fn no_browser_application_may_call_unless_its_origin_is_configured() {
    let origin = |app: &TestApp, origin: &str| {
        let reply = app
            .credit()
            .request("GET", PATH)
            .header("Origin", origin)
            .send();
        reply
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    let closed = TestApp::start(Backend::Sqlite);
    for stranger in ["https://evil.example", "null", "http://localhost:3000"] {
        assert_eq!(origin(&closed, stranger), None, "{stranger}");
    }
    let open = TestApp::start_with(Backend::Sqlite, |config| {
        "https://app.example, https://other.example".clone_into(&mut config.cors_origins);
    });
    assert_eq!(
        origin(&open, "https://app.example").as_deref(),
        Some("https://app.example")
    );
    assert_eq!(
        origin(&open, "https://other.example").as_deref(),
        Some("https://other.example")
    );
    for stranger in [
        "http://app.example",
        "https://app.example.evil.example",
        "https://app.example:8443",
        "null",
    ] {
        assert_eq!(origin(&open, stranger), None, "{stranger}");
    }
    let preflight = open
        .anonymous()
        .request("OPTIONS", PATH)
        .header("Origin", "https://app.example")
        .header("Access-Control-Request-Method", "POST")
        .header(
            "Access-Control-Request-Headers",
            "authorization,idempotency-key",
        )
        .send()
        .expect(200);
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    assert_eq!(preflight.header("access-control-allow-credentials"), None);
}

#[test]
fn a_browser_may_send_and_read_what_a_client_works_with() {
    let app = TestApp::start_with(Backend::Sqlite, |config| {
        "https://app.example".clone_into(&mut config.cors_origins);
    });
    a_customer("C-1").create(&app);
    let names = |text: &str| -> Vec<String> {
        text.split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .collect()
    };
    for (method, path) in [
        ("POST", "/v1/customers"),
        ("PATCH", "/v1/customers/C-1"),
        ("PUT", "/v1/industries/C24"),
        (
            "DELETE",
            "/v1/portfolio-caps/cap_01k00000000000000000000001",
        ),
        ("GET", "/v1/reports/aging"),
    ] {
        let sent = "authorization,content-type,if-match,if-none-match,idempotency-key,accept-language,\
                    x-request-id,traceparent,tracestate";
        let preflight = app
            .anonymous()
            .request("OPTIONS", path)
            .header("Origin", "https://app.example")
            .header("Access-Control-Request-Method", method)
            .header("Access-Control-Request-Headers", sent)
            .send()
            .expect(200);
        let allowed = names(preflight.header("access-control-allow-headers").unwrap());
        for name in sent.split(',') {
            assert!(allowed.contains(&name.to_owned()), "{name}: {allowed:?}");
        }
        let methods = preflight.header("access-control-allow-methods").unwrap();
        assert!(methods.contains(method), "{methods}");
    }
    let read = |path: &str| {
        app.credit()
            .request("GET", path)
            .header("Origin", "https://app.example")
            .header(
                "Traceparent",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            )
            .send()
    };
    for reply in [
        read("/v1/customers/C-1").expect(200),
        read("/v1/customers/C-2").expect(404),
    ] {
        let exposed = names(reply.header("access-control-expose-headers").unwrap());
        for name in [
            "content-disposition",
            "location",
            "etag",
            "retry-after",
            "link",
            "x-request-id",
            "idempotent-replayed",
            "api-version",
            "www-authenticate",
            "allow",
        ] {
            assert!(exposed.contains(&name.to_owned()), "{name}: {exposed:?}");
        }
        let varies: Vec<&str> = reply.all_headers("vary");
        assert!(
            varies.iter().any(|vary| vary.contains("Origin")),
            "{} {varies:?}",
            reply.status
        );
    }
}

// ---------------------------------------------------------------- the trail, secrets and logs

#[test]
fn the_database_itself_refuses_to_change_the_trail() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let before = app.auditor().get("/v1/trail").expect(200);
        assert!(!before["data"].as_array().unwrap().is_empty());
        let mut db = app.database().reader().unwrap();
        let mut attempts = vec![
            "UPDATE trail_entries SET subject = 'somebody else'",
            "UPDATE trail_entries SET reason = NULL WHERE seq = 1",
            "DELETE FROM trail_entries",
            "DELETE FROM trail_entries WHERE seq = 1",
        ];
        if app.backend == Backend::Postgres {
            attempts.push("TRUNCATE trail_entries");
        } else {
            attempts.push("REPLACE INTO trail_entries SELECT * FROM trail_entries WHERE seq = 1");
        }
        for attempt in attempts {
            let refused = run(&mut db, attempt).unwrap_err();
            assert!(
                refused.to_string().contains("append-only"),
                "{attempt}: {refused}"
            );
        }
        drop(db);
        assert_eq!(app.auditor().get("/v1/trail").expect(200).body, before.body);
    });
}

#[test]
fn a_weak_secret_is_no_secret() {
    let with = |secret: Option<&str>| {
        let config = Config {
            jwt_secret: secret.map(str::to_owned),
            ..Config::default()
        };
        config
            .shared_secret()
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    for weak in [
        None,
        Some(""),
        Some("changeme"),
        Some("0123456789012345678901234567890"),
        Some(&*"ab".repeat(40)),
    ] {
        let refused = with(weak).unwrap_err();
        assert!(refused.contains("openssl rand"), "{refused}");
        if let Some(secret) = weak.filter(|secret| !secret.is_empty()) {
            assert!(!refused.contains(secret), "{refused}");
        }
    }
    with(Some("a test secret of more than thirty-two bytes")).unwrap();
    let shown = format!(
        "{:?}",
        Config {
            jwt_secret: Some("canary".to_owned()),
            ..Config::default()
        }
    );
    assert!(!shown.contains("canary"), "{shown}");
}

/// The program itself, serving on a fresh SQLite file.
struct Service {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: SocketAddr,
    lines: Vec<String>,
    file: std::path::PathBuf,
}

fn program(file: &std::path::Path, jwt_secret: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_netterms"))
        .arg("serve")
        .env_clear()
        .env(
            "NETTERMS_DATABASE_URL",
            format!("sqlite://{}", file.display()),
        )
        .env("NETTERMS_JWT_SECRET", jwt_secret)
        .env("NETTERMS_LISTEN", "127.0.0.1:0")
        .env("NETTERMS_LOG", "debug")
        .env("NETTERMS_LOG_FORMAT", "json")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn fresh_file(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("netterms_{name}_{}.db", std::process::id()))
}

impl Service {
    fn start(name: &str) -> Service {
        let file = fresh_file(name);
        let mut child = program(&file, std::str::from_utf8(&secret().secret).unwrap());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut lines = Vec::new();
        let address = loop {
            let mut line = String::new();
            assert!(
                stderr.read_line(&mut line).unwrap() > 0,
                "it ended: {lines:?}"
            );
            lines.push(line.trim_end().to_owned());
            let entry: Value = serde_json::from_str(&line).unwrap();
            if let Some(address) = entry["address"].as_str() {
                break address.parse().unwrap();
            }
        };
        Service {
            child,
            stderr,
            address,
            lines,
            file,
        }
    }

    fn send(&self, request: &str) -> String {
        let mut connection = TcpStream::connect(self.address).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    fn terminate(&self) {
        let status = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the end: the exit code, and everything that was logged.
    fn finish(mut self) -> (Option<i32>, Vec<String>) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        self.lines.extend(rest.lines().map(str::to_owned));
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.file.display()));
        }
        (status.code(), self.lines)
    }
}

#[test]
fn no_secret_and_no_forged_line_gets_into_the_log() {
    let service = Service::start("log");
    let token = sign(|claims| {
        claims["roles"] = json!(["credit"]);
        claims["jti"] = json!("canary-jti");
    });
    let signature = token.rsplit('.').next().unwrap().to_owned();
    let body = r#"{"number":"canary-number","name":"canary-name","country":"CN","email":"canary@mail.example","x":"canary-x"}"#;
    let post = |body: &str, more: &str| {
        service.send(&format!(
            "POST {PATH}?access_token=canary-query HTTP/1.1\r\nHost: canary-host\r\nAuthorization: Bearer {token}\r\n\
             Idempotency-Key: canary-key\r\nCookie: session=canary-cookie\r\nX-Request-Id: r1\tforged\r\n{more}\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ))
    };
    assert!(post(body, "").starts_with("HTTP/1.1 400"));
    assert!(post(&body.replace(r#","x":"canary-x""#, ""), "").starts_with("HTTP/1.1 201"));
    let answers = [
        post("{\"number\":\"canary-broken", "X-Forwarded-For: canary-forwarded\r\n"),
        service.send(&format!(
            "GET {PATH}/a%0d%0a%7B%22level%22:%22FORGED%22%7D?q=canary-search HTTP/1.1\r\nHost: x\r\n\
             Authorization: Bearer canary-bearer\r\nUser-Agent: canary-agent\r\nConnection: close\r\n\r\n"
        )),
        service.send("GET /%0aFORGED%1b[31m HTTP/1.1\r\nHost: x\r\nAuthorization: Basic canary-basic\r\nConnection: close\r\n\r\n"),
        service.send("FORGED /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        service.send(&format!(
            "GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ntk_canary\r\n\
             traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\nConnection: close\r\n\r\n"
        )),
    ];
    for answer in answers {
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    service.terminate();
    let (code, lines) = service.finish();
    assert_eq!(code, Some(0));
    assert!(lines.len() > 5, "{lines:?}");
    for line in &lines {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(
            entry["level"].is_string() && entry["level"] != "FORGED",
            "{line}"
        );
        assert!(!line.contains("canary"), "{line}");
        assert!(!line.contains(&signature), "{line}");
        assert!(
            !line.contains(std::str::from_utf8(&secret().secret).unwrap()),
            "{line}"
        );
    }
    let refusals = lines
        .iter()
        .filter(|line| line.contains("authentication failed"))
        .count();
    assert!(refusals >= 1, "a refused token leaves no line: {lines:?}");
    // Each line of a request has its trace: the refusal, and what was answered.
    for message in ["authentication failed", "request"] {
        let traced = lines.iter().any(|line| {
            let entry: Value = serde_json::from_str(line).unwrap();
            entry["message"] == message && entry["span"]["trace_id"] == TRACE
        });
        assert!(traced, "{message}: {lines:?}");
    }
}

#[test]
fn what_is_in_flight_is_finished_before_the_end() {
    let service = Service::start("stop");
    let token = sign(|claims| claims["roles"] = json!(["credit"]));
    let body = r#"{"number":"C-1","name":"One","country":"CN"}"#;
    let mut connection = TcpStream::connect(service.address).unwrap();
    write!(
        connection,
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .unwrap();
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    service.terminate();
    // Once nobody new is let in, the end has begun.
    while TcpStream::connect(service.address).is_ok() {
        std::thread::yield_now();
    }
    connection.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    reader.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("HTTP/1.1 201"), "{answer}");
    let (code, lines) = service.finish();
    assert_eq!(code, Some(0), "{lines:?}");
}

#[test]
fn the_program_does_not_start_with_a_weak_secret() {
    let file = fresh_file("weak");
    let mut child = program(&file, "canary-short");
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(said.contains("at least 32"), "{said}");
    assert!(!said.contains("canary"), "{said}");
    assert!(!file.exists(), "the database was touched");
}
