//! What a caller is told when a request can't be answered: in its language, with a page that helps, and in its words.

use netterms::platform::http::Code;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, a_customer, fresh_key, on_both, sign};

fn page(app: &TestApp, code: &str, language: &str) -> String {
    let page = app
        .anonymous()
        .request("GET", &format!("/problems/{code}"))
        .header("Accept-Language", language)
        .send()
        .expect(200);
    assert_eq!(page.header("content-language"), Some(language));
    page.text
}

fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn every_problem_has_a_page_with_cause_remedy_and_whether_to_retry() {
    on_both(|app| {
        for code in Code::ALL {
            let english = page(app, code.as_str(), "en");
            for heading in ["Cause", "What to do", "Try again?"] {
                assert!(
                    english.contains(&format!("<h2>{heading}</h2><p>")),
                    "{english}"
                );
            }
            let chinese = page(app, code.as_str(), "zh-CN");
            for heading in ["原因", "处理方法", "能否重试"] {
                assert!(
                    chinese.contains(&format!("<h2>{heading}</h2><p>")),
                    "{chinese}"
                );
            }
            for text in [&english, &chinese] {
                let (_, body) = text.split_once("<body>").unwrap();
                assert!(!body.contains(['{', '}', '—']), "{}: {body}", code.as_str());
            }
            let (_, body) = english.split_once("<body>").unwrap();
            assert!(!has_chinese(body), "{body}");
        }
        for (language, word) in [("en", "Problems"), ("zh-CN", "问题")] {
            let list = app
                .anonymous()
                .request("GET", "/problems")
                .header("Accept-Language", language)
                .send()
                .expect(200);
            assert!(list.text.contains(&format!("<h1>{word}</h1>")));
        }
        app.anonymous()
            .get("/problems/no-such-code")
            .expect_problem(404, "not_found");
    });
}

fn in_chinese(client: &Client<'_>, method: &'static str, path: &str, body: Value) -> Reply {
    let request = client
        .request(method, path)
        .header("Accept-Language", "zh-CN");
    let reply = if method == "GET" {
        request.send()
    } else {
        request.key(&fresh_key()).json(body).send()
    };
    assert_eq!(
        reply.header("content-language"),
        Some("zh-CN"),
        "{}",
        reply.text
    );
    reply
}

#[test]
fn title_detail_and_messages_are_chinese_for_who_asks_for_it() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let credit = app.credit();
        let mut said = vec![
            in_chinese(&credit, "GET", "/v1/invoices/I-9", json!({})),
            in_chinese(&credit, "POST", "/v1/customers", json!({"number": "a b"})),
            in_chinese(
                &credit,
                "POST",
                "/v1/customers",
                json!({"number": 5, "nme": "x"}),
            ),
            in_chinese(&credit, "GET", "/v1/customers?limit=0", json!({})),
            in_chinese(&credit, "GET", "/v1/customers?colour=red", json!({})),
            in_chinese(&app.anonymous(), "GET", "/v1/customers", json!({})),
            in_chinese(&app.sales(), "POST", "/v1/invoices", json!({})),
        ];
        let invoice = json!({
            "number": "I-1", "customer": "C-1", "invoice_date": "2026-01-05",
            "due_date": "2026-01-01", "amount": {"amount": "1.00", "currency": "CNY"},
        });
        said.push(in_chinese(&app.finance(), "POST", "/v1/invoices", invoice));
        for reply in said {
            let mut texts = vec![reply.text_at("/title"), reply.text_at("/detail")];
            for error in reply["errors"].as_array().unwrap() {
                texts.push(error["message"].as_str().unwrap().to_owned());
            }
            for text in texts {
                assert!(has_chinese(&text), "{text} in {}", reply.text);
                assert!(!text.contains(['{', '}', '—']), "{text}");
            }
        }
        let missing = in_chinese(&credit, "GET", "/v1/invoices/I-9", json!({}));
        assert_eq!(missing["detail"], "不存在该发票，或您无权查看。");
        assert_eq!(missing["thing"], "invoice");
    });
}

#[test]
fn a_kept_refusal_is_told_in_the_language_of_who_asks_again() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let finance = app.finance();
        let ask = |language: &str| {
            finance
                .request("POST", "/v1/invoices")
                .key("the-same")
                .header("Accept-Language", language)
                .json(json!({
                    "number": "I-1", "customer": "C-1", "invoice_date": "2026-01-05",
                    "due_date": "2026-01-01", "amount": {"amount": "1.00", "currency": "CNY"},
                }))
                .send()
                .expect(422)
        };
        assert_eq!(ask("zh-CN")["errors"][0]["message"], "不得早于发票日期");
        let again = ask("en");
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(
            again["errors"][0]["message"],
            "must not be before the invoice date"
        );
    });
}

#[test]
fn what_can_not_be_read_is_pointed_at_and_named_without_our_types() {
    on_both(|app| {
        let post = |body: &str| {
            app.finance()
                .request("POST", "/v1/invoices")
                .key(&fresh_key())
                .header("Content-Type", "application/json")
                .bytes(body.as_bytes().to_vec())
                .send()
                .expect(400)
        };
        for (body, pointer, message) in [
            (r#"{"amount": 5}"#, "/amount", "must be an object"),
            (
                r#"{"amount": {"amount": 5, "currency": "CNY"}}"#,
                "/amount/amount",
                "must be a text",
            ),
            (r#"{"number": ["x"]}"#, "/number", "must be a text"),
            (
                r#"{"nmber": "x"}"#,
                "/nmber",
                "is not known here; known are ",
            ),
            (
                r#"{"number": "I-1", "number": "I-2"}"#,
                "/number",
                "is given twice",
            ),
            ("{}", "/number", "must be given"),
            (r#"{"number": "#, "", "is no JSON: it ends too early"),
            (r#"{"number" "x"}"#, "", "is no JSON: line 1, column "),
            ("[]", "", "must be an object"),
        ] {
            let refused = post(body);
            let error = &refused["errors"][0];
            assert_eq!(error["pointer"], pointer, "{body}: {}", refused.text);
            let said = error["message"].as_str().unwrap();
            assert!(said.starts_with(message), "{body}: {said}");
            assert!(
                !said.contains("struct ") && !said.contains("expected"),
                "{said}"
            );
        }
        for (query, pointer, message) in [
            ("limit=x", "#limit", "must be a number from 1 to 200"),
            ("colour=red", "#colour", "is not known here; known are "),
            ("status=x", "#status", "must be one of "),
            (
                "due_date_from=x",
                "#due_date_from",
                "is not a day such as 2026-03-31",
            ),
            ("number=", "#number", "must not be empty"),
        ] {
            let refused = app
                .credit()
                .get(&format!("/v1/invoices?{query}"))
                .expect(400);
            let error = &refused["errors"][0];
            assert_eq!(error["pointer"], pointer, "{query}: {}", refused.text);
            let said = error["message"].as_str().unwrap();
            assert!(said.starts_with(message), "{query}: {said}");
        }
    });
}

#[test]
fn a_second_credit_account_is_refused_with_the_id_of_the_first() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        let refused = app
            .finance()
            .post(
                "/v1/credit-accounts",
                json!({"customer": "C-1", "currency": "CNY"}),
            )
            .expect_problem(409, "draft_exists");
        assert_eq!(refused["existing_id"], made.account);
    });
}

#[test]
fn the_number_of_another_thing_is_named_without_an_article_that_does_not_fit() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let invoice = json!({
            "number": "I-1", "customer": "C-1", "invoice_date": "2026-01-05",
            "amount": {"amount": "1.00", "currency": "CNY"},
        });
        app.finance()
            .post("/v1/invoices", invoice.clone())
            .expect(201);
        let refused = app
            .finance()
            .post("/v1/invoices", invoice)
            .expect_problem(409, "duplicate_number");
        assert_eq!(
            refused["detail"],
            "The number I-1 is taken by another invoice."
        );
    });
}

#[test]
fn each_reason_for_no_token_has_its_code_and_its_challenge() {
    on_both(|app| {
        let now = jsonwebtoken::get_current_timestamp();
        let ask = |token: Option<String>| Client::new(app, token).get("/v1/customers");
        let challenge = |reply: &Reply| reply.header("www-authenticate").unwrap().to_owned();
        // A request without a token is told of no error (RFC 6750, 3.1).
        let missing = ask(None).expect_problem(401, "token_missing");
        assert_eq!(challenge(&missing), "Bearer");
        let expired = ask(Some(sign(|claims| claims["exp"] = json!(now - 60))))
            .expect_problem(401, "token_expired");
        assert!(challenge(&expired).contains("error=\"invalid_token\""));
        let other = ask(Some(sign(|claims| claims["iss"] = json!("another"))))
            .expect_problem(401, "token_invalid");
        assert!(challenge(&other).contains("error=\"invalid_token\""));
        // Who has no good signature learns nothing of the time.
        let forged = sign(|claims| claims["exp"] = json!(now - 60)) + "x";
        ask(Some(forged)).expect_problem(401, "token_invalid");
    });
}
