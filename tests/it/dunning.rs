//! Dunning: procedures, runs, notices, stages and blocks.

use std::collections::BTreeMap;

use kernel::caller::Role;
use netterms::server::housekeeping;
use serde_json::{Value, json};

use crate::support::{
    Client, Reply, TestApp, a_customer, a_graded_customer, on_both, rate_by_share, set_policy,
};

/// A second credit controller, who approves what the first one previewed.
pub fn colleague(app: &TestApp) -> Client<'_> {
    app.caller("u-colleague", &[Role::Credit], Some(1))
}

pub fn invoice(app: &TestApp, customer: &str, number: &str, due: &str, amount: &str) -> String {
    app.finance()
        .post(
            "/v1/invoices",
            json!({
                "number": number, "customer": customer, "invoice_date": "2026-01-01", "due_date": due,
                "amount": {"amount": amount, "currency": "CNY"},
            }),
        )
        .expect(201)
        .id()
}

pub fn pay(app: &TestApp, customer: &str, invoice: &str, on: &str, amount: &str) {
    let amount = json!({"amount": amount, "currency": "CNY"});
    app.finance()
        .post(
            "/v1/receipts",
            json!({
                "number": format!("R-{invoice}-{on}"), "customer": customer, "receipt_date": on,
                "amount": amount, "applications": [{"invoice_number": invoice, "amount": amount}],
            }),
        )
        .expect(201);
}

pub fn preview(app: &TestApp) -> Reply {
    app.credit().post("/v1/dunning-runs", json!({})).expect(201)
}

fn verb(client: &Client, run: &str, verb: &str) -> Reply {
    let path = format!("/v1/dunning-runs/{run}");
    let etag = client.get(&path).expect(200).etag();
    client.post_if(&format!("{path}/{verb}"), &etag, json!({}))
}

pub fn approve(app: &TestApp, run: &str) {
    verb(&colleague(app), run, "approve").expect(200);
}

pub fn issue(app: &TestApp, run: &str) -> Reply {
    verb(&app.credit(), run, "issue").expect(200)
}

/// Previews, approves and issues, and gives the run's notices.
pub fn dun(app: &TestApp, day: &str) -> Vec<Value> {
    app.turn_to(day);
    let run = preview(app).id();
    approve(app, &run);
    issue(app, &run);
    notices(app, &run)
}

pub fn notices(app: &TestApp, run: &str) -> Vec<Value> {
    list(&app.credit(), &format!("/v1/dunning-runs/{run}/notices"))
}

pub fn list(client: &Client, path: &str) -> Vec<Value> {
    client.get(path).expect(200)["data"]
        .as_array()
        .unwrap()
        .clone()
}

/// Why the overdue invoices of a run were left out, with how many.
pub fn skipped(run: &Reply) -> Value {
    run["skipped"].clone()
}

/// The blocks that stand on an account.
pub fn blocks(app: &TestApp, account: &str) -> Value {
    app.credit()
        .get(&format!("/v1/credit-accounts/{account}"))
        .expect(200)["blocks"]
        .clone()
}

pub fn level(number: i32, days: i32, effect: &str) -> Value {
    let wording = json!({"subject": "Level {{ level }}: {{ total }}", "body": "{{ customer_name }}\n\n{{ invoices }}"});
    json!({
        "level": number, "days_past_due": days, "minimum_days_between": 5, "minimum_amounts": [], "channel": "letter",
        "effect": effect, "texts": {"en": wording, "zh-CN": wording},
    })
}

/// One person drafts what a procedure is to say, and another sets it live.
pub fn set_levels(app: &TestApp, procedure: &str, levels: Value) -> Reply {
    let drafted = app
        .credit()
        .post(
            &format!("{procedure}/versions"),
            json!({"levels": levels, "reason": "To be seen."}),
        )
        .expect(201);
    colleague(app)
        .post_if(
            &format!("{}/approve", drafted.header("location").unwrap()),
            &drafted.etag(),
            json!({"reason": "Seen."}),
        )
        .expect(200)
}

// ---------------------------------------------------------------- runs

#[test]
fn a_reminder_is_previewed_approved_by_another_and_issued() {
    on_both(|app| {
        let made = a_customer("C-1").named("Acme Ltd").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-30", "1200.00");
        invoice(app, "C-1", "INV-2", "2026-03-31", "300.50");
        invoice(app, "C-1", "INV-3", "2026-04-30", "99.00");
        app.turn_to("2026-04-01");
        let run = preview(app);
        assert_eq!(run["status"], "previewed");
        assert_eq!(run["as_of"], "2026-04-01");
        let previewed = notices(app, &run.id());
        assert_eq!(previewed.len(), 1);
        assert_eq!(
            previewed[0]["total"],
            json!({"amount": "1500.50", "currency": "CNY"})
        );
        assert_eq!(previewed[0]["level"], 1);
        assert_eq!(previewed[0]["channel"], "email");
        assert_eq!(previewed[0]["items"].as_array().unwrap().len(), 2);
        assert_eq!(
            list(&app.credit(), "/v1/dunning-stages"),
            Vec::<Value>::new()
        );
        verb(&app.credit(), &run.id(), "issue").expect_problem(409, "state_conflict");
        verb(&app.credit(), &run.id(), "approve").expect_problem(403, "segregation_of_duties");
        verb(&app.finance(), &run.id(), "approve").expect(200);
        let issued = issue(app, &run.id());
        assert_eq!(issued["status"], "issued");
        assert_eq!(issued["approved_by"], "u-finance");
        assert_eq!(issued["issued_by"], "u-credit");
        let notice = &notices(app, &run.id())[0];
        assert_eq!(notice["status"], "issued");
        assert_eq!(notice["issued_on"], "2026-04-01");
        let stages = list(&app.sales(), "/v1/dunning-stages?customer=C-1");
        assert_eq!(stages.len(), 2);
        assert!(stages.iter().all(|stage| stage["level"] == 1));
        let customers = list(&app.sales(), "/v1/dunning-stages/customers");
        assert_eq!(customers.len(), 1);
        assert_eq!(customers[0]["customer_id"], made.id.as_str());
        assert_eq!(customers[0]["level"], 1);
        assert_eq!(customers[0]["invoices"], 2);
        assert_eq!(customers[0]["open"]["amount"], "1500.50");
    });
}

#[test]
fn levels_climb_with_the_days_one_at_a_time() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-01-31", "5000.00");
        let levels = |day: &str| -> Vec<i64> {
            dun(app, day)
                .iter()
                .map(|notice| notice["level"].as_i64().unwrap())
                .collect()
        };
        // 60 days past due and never dunned: the first reminder all the same.
        assert_eq!(levels("2026-04-01"), [1]);
        assert_eq!(levels("2026-04-01"), Vec::<i64>::new());
        assert_eq!(levels("2026-04-10"), Vec::<i64>::new());
        assert_eq!(levels("2026-04-11"), [2]);
        assert_eq!(levels("2026-04-21"), [3]);
        assert_eq!(levels("2026-05-05"), [4]);
        assert_eq!(levels("2026-12-31"), Vec::<i64>::new());
        let run = preview(app);
        assert_eq!(
            skipped(&run),
            json!([{"reason": "last_level", "invoices": 1}])
        );
    });
}

#[test]
fn a_preview_says_why_it_left_invoices_out() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-30", "500.00");
        invoice(app, "C-2", "INV-2", "2026-03-30", "500.00");
        dun(app, "2026-04-01");
        app.credit()
            .post(
                "/v1/dunning-blocks",
                json!({"customer": "C-2", "reason": "The goods are being inspected.", "until": "2026-04-30"}),
            )
            .expect(201);
        app.turn_to("2026-04-02");
        assert_eq!(
            skipped(&preview(app)),
            json!([{"reason": "blocked", "invoices": 1}, {"reason": "days_not_reached", "invoices": 1}])
        );
        app.turn_to("2026-04-20");
        let run = preview(app);
        assert_eq!(skipped(&run), json!([{"reason": "blocked", "invoices": 1}]));
        assert_eq!(notices(app, &run.id())[0]["customer_number"], "C-1");
    });
}

#[test]
fn who_pays_between_preview_and_issue_is_not_dunned() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "100.00");
        invoice(app, "C-2", "INV-2", "2026-03-20", "700.00");
        invoice(app, "C-2", "INV-3", "2026-03-21", "300.00");
        invoice(app, "C-2", "INV-4", "2026-03-22", "50.00");
        app.turn_to("2026-04-01");
        let run = preview(app).id();
        approve(app, &run);
        pay(app, "C-1", "INV-1", "2026-04-01", "100.00");
        pay(app, "C-2", "INV-2", "2026-04-01", "200.00");
        pay(app, "C-2", "INV-3", "2026-04-01", "300.00");
        issue(app, &run);
        let notices = notices(app, &run);
        let of = |customer: &str| {
            notices
                .iter()
                .find(|notice| notice["customer_number"] == customer)
                .unwrap()
        };
        assert_eq!(of("C-1")["status"], "suppressed");
        assert_eq!(of("C-1")["suppressed_reason"], "nothing_open");
        assert_eq!(of("C-2")["status"], "issued");
        assert_eq!(of("C-2")["total"]["amount"], "550.00");
        let dropped: Vec<&Value> = of("C-2")["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["dropped_reason"])
            .collect();
        assert_eq!(dropped.iter().filter(|reason| reason.is_null()).count(), 2);
        assert!(dropped.contains(&&json!("nothing_open")));
        let path = format!(
            "/v1/dunning-notices/{}/letter?format=text",
            of("C-2")["id"].as_str().unwrap()
        );
        let letter = app.credit().get(&path).expect(200);
        assert!(
            letter.text.contains("INV-2") && letter.text.contains("CNY 500.00"),
            "{}",
            letter.text
        );
        assert!(
            !letter.text.contains("INV-3") && letter.text.contains("CNY 550.00"),
            "{}",
            letter.text
        );
        let stages = list(&app.credit(), "/v1/dunning-stages");
        assert_eq!(stages.len(), 2);
    });
}

#[test]
fn a_retry_replays_and_a_second_issue_is_refused() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "100.00");
        app.turn_to("2026-04-01");
        let run = preview(app).id();
        approve(app, &run);
        let credit = app.credit();
        let path = format!("/v1/dunning-runs/{run}");
        let etag = credit.get(&path).expect(200).etag();
        let issue = || {
            credit
                .request("POST", &format!("{path}/issue"))
                .key("issue-once")
                .header("If-Match", &etag)
                .json(json!({}))
                .send()
        };
        let first = issue().expect(200);
        let again = issue().expect(200);
        assert_eq!(first.body, again.body);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        verb(&credit, &run, "issue").expect_problem(409, "state_conflict");
        verb(&colleague(app), &run, "approve").expect_problem(409, "state_conflict");
        credit
            .request("POST", &format!("{path}/issue"))
            .header("If-Match", &etag)
            .json(json!({}))
            .send()
            .expect_problem(400, "idempotency_key_missing");
        assert_eq!(list(&credit, "/v1/dunning-notices?status=issued").len(), 1);
    });
}

#[test]
fn two_runs_issued_at_once_dun_each_invoice_once() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        for (number, customer) in [("INV-1", "C-1"), ("INV-2", "C-2"), ("INV-3", "C-2")] {
            invoice(app, customer, number, "2026-01-31", "100.00");
        }
        app.turn_to("2026-04-01");
        let runs: Vec<String> = (0..4).map(|_| preview(app).id()).collect();
        for run in &runs {
            approve(app, run);
        }
        std::thread::scope(|scope| {
            for run in &runs {
                scope.spawn(|| issue(app, run));
            }
        });
        let issued = list(&app.credit(), "/v1/dunning-notices?status=issued");
        assert_eq!(issued.len(), 2);
        let suppressed = list(&app.credit(), "/v1/dunning-notices?status=suppressed");
        assert_eq!(suppressed.len(), 6);
        assert!(
            suppressed
                .iter()
                .all(|notice| notice["suppressed_reason"] == "already_dunned")
        );
        let stages = list(&app.credit(), "/v1/dunning-stages");
        assert_eq!(stages.len(), 3);
        assert!(stages.iter().all(|stage| stage["level"] == 1));
    });
}

#[test]
fn a_cancelled_run_duns_nobody() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "100.00");
        app.turn_to("2026-04-01");
        let run = preview(app).id();
        let credit = app.credit();
        let path = format!("/v1/dunning-runs/{run}");
        let etag = credit.get(&path).expect(200).etag();
        approve(app, &run);
        let reason = json!({"reason": "The bank statement was not posted yet."});
        credit
            .post_if(&format!("{path}/cancel"), &etag, reason.clone())
            .expect_problem(412, "stale");
        let etag = credit.get(&path).expect(200).etag();
        credit
            .post_if(&format!("{path}/cancel"), &etag, reason)
            .expect(200);
        verb(&credit, &run, "issue").expect_problem(409, "state_conflict");
        assert_eq!(notices(app, &run)[0]["status"], "cancelled");
        assert_eq!(dun(app, "2026-04-02")[0]["level"], 1);
    });
}

#[test]
fn a_run_looks_back_but_never_ahead() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "100.00");
        app.turn_to("2026-04-01");
        let credit = app.credit();
        let run = credit
            .post("/v1/dunning-runs", json!({"as_of": "2026-03-25"}))
            .expect(201);
        assert_eq!(notices(app, &run.id())[0]["items"][0]["days_past_due"], 5);
        let early = credit
            .post("/v1/dunning-runs", json!({"as_of": "2026-03-20"}))
            .expect(201);
        assert!(notices(app, &early.id()).is_empty());
        let ahead = credit
            .post("/v1/dunning-runs", json!({"as_of": "2026-04-02"}))
            .expect_problem(422, "invalid");
        assert_eq!(ahead["errors"][0]["pointer"], "/as_of");
        credit
            .post("/v1/dunning-runs", json!({"as_of": "yesterday"}))
            .expect_problem(400, "malformed_body");
    });
}

#[test]
fn only_credit_runs_dunning_and_sales_see_their_own() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").owned_by("u-other").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "100.00");
        invoice(app, "C-2", "INV-2", "2026-03-20", "100.00");
        for client in [
            app.sales(),
            app.finance(),
            app.auditor(),
            app.system(),
            app.admin(),
        ] {
            client
                .post("/v1/dunning-runs", json!({}))
                .expect_problem(403, "forbidden");
        }
        let issued = dun(app, "2026-04-01");
        assert_eq!(issued.len(), 2);
        let mine = list(&app.sales(), "/v1/dunning-notices");
        assert_eq!(mine.len(), 1);
        assert_eq!(mine[0]["customer_number"], "C-1");
        let other = issued
            .iter()
            .find(|notice| notice["customer_number"] == "C-2")
            .unwrap();
        let path = format!("/v1/dunning-notices/{}", other["id"].as_str().unwrap());
        app.sales().get(&path).expect_problem(404, "not_found");
        app.sales()
            .get(&format!("{path}/letter"))
            .expect_problem(404, "not_found");
        assert_eq!(list(&app.sales(), "/v1/dunning-stages").len(), 1);
        app.system()
            .get("/v1/dunning-notices")
            .expect_problem(403, "forbidden");
    });
}

// ---------------------------------------------------------------- letters

#[test]
fn a_chinese_customer_gets_a_chinese_letter() {
    on_both(|app| {
        a_customer("C-1")
            .named("江南贸易有限公司")
            .speaking("zh-CN")
            .create(app);
        a_customer("C-2").named("Acme <b>& Sons</b>").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-30", "1234567.00");
        invoice(app, "C-2", "INV-2", "2026-03-30", "100.00");
        let issued = dun(app, "2026-04-01");
        let letter = |customer: &str| {
            let notice = issued
                .iter()
                .find(|notice| notice["customer_number"] == customer)
                .unwrap();
            format!(
                "/v1/dunning-notices/{}/letter",
                notice["id"].as_str().unwrap()
            )
        };
        let credit = app.credit();
        let chinese = credit.get(&letter("C-1")).expect(200);
        assert_eq!(
            chinese.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(chinese.header("content-language"), Some("zh-CN"));
        for text in [
            "lang=\"zh-CN\"",
            "尊敬的江南贸易有限公司",
            "CNY 1,234,567.00",
            "逾期天数",
            "INV-1",
        ] {
            assert!(chinese.text.contains(text), "{text}: {}", chinese.text);
        }
        let english = credit.get(&letter("C-2")).expect(200);
        assert_eq!(english.header("content-language"), Some("en"));
        assert!(
            english.text.contains("Acme &lt;b&gt;&amp; Sons&lt;"),
            "{}",
            english.text
        );
        assert!(!english.text.contains("<b>"), "{}", english.text);
        let plain = credit
            .request("GET", &letter("C-2"))
            .header("Accept", "text/plain")
            .send()
            .expect(200);
        assert_eq!(
            plain.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert!(
            plain.text.contains("Dear Acme <b>& Sons</b>"),
            "{}",
            plain.text
        );
        assert!(
            plain.text.contains("the invoice below is past due"),
            "{}",
            plain.text
        );
        credit
            .get(&format!("{}?format=pdf", letter("C-2")))
            .expect_problem(400, "malformed_parameter");
    });
}

// ---------------------------------------------------------------- blocks

#[test]
fn a_dunning_block_holds_to_its_last_day_or_until_it_is_lifted() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "100.00");
        invoice(app, "C-1", "INV-2", "2026-03-20", "200.00");
        app.turn_to("2026-04-01");
        let credit = app.credit();
        let block = |until: &str| {
            credit.post(
                "/v1/dunning-blocks",
                json!({"invoice": "INV-1", "reason": "The price is being clarified.", "until": until}),
            )
        };
        block("2026-03-31").expect_problem(422, "invalid");
        let put = block("2026-04-05").expect(201);
        assert_eq!(put["status"], "active");
        let total = |day: &str| {
            app.turn_to(day);
            notices(app, &preview(app).id())[0]["total"]["amount"].clone()
        };
        assert_eq!(total("2026-04-05"), "200.00");
        assert_eq!(total("2026-04-06"), "300.00");
        let expired = list(&credit, "/v1/dunning-blocks?status=expired");
        assert_eq!(expired.len(), 1);
        let again = block("2026-04-30").expect(201);
        assert_eq!(total("2026-04-06"), "200.00");
        let path = format!("/v1/dunning-blocks/{}/lift", again.id());
        let reason = json!({"reason": "The price was right."});
        credit
            .post_if(&path, "\"7\"", reason.clone())
            .expect_problem(412, "stale");
        let lifted = credit
            .post_if(&path, &again.etag(), reason.clone())
            .expect(200);
        assert_eq!(lifted["status"], "lifted");
        assert_eq!(lifted["lifted_by"], "u-credit");
        credit
            .post_if(&path, &lifted.etag(), reason)
            .expect_problem(409, "state_conflict");
        assert_eq!(total("2026-04-06"), "300.00");
    });
}

#[test]
fn a_block_names_one_thing_and_ends() {
    on_both(|app| {
        a_customer("C-1").create(app);
        app.turn_to("2026-04-01");
        let credit = app.credit();
        let reason = "The goods are being inspected.";
        for body in [
            json!({"customer": "C-1", "reason": reason}),
            json!({"reason": reason, "until": "2026-04-30"}),
            json!({"customer": "C-1", "invoice": "INV-1", "reason": reason, "until": "2026-04-30"}),
            json!({"customer": "C-1", "reason": "", "until": "2026-04-30"}),
        ] {
            credit
                .post("/v1/dunning-blocks", body)
                .expect_problem(400, "malformed_body");
        }
        let unknown = credit
            .post(
                "/v1/dunning-blocks",
                json!({"invoice": "INV-9", "reason": reason, "until": "2026-04-30"}),
            )
            .expect_problem(422, "invalid");
        assert_eq!(unknown["errors"][0]["pointer"], "/invoice");
        app.sales()
            .post(
                "/v1/dunning-blocks",
                json!({"customer": "C-1", "reason": reason, "until": "2026-04-30"}),
            )
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn a_customer_blocked_after_the_preview_is_left_alone() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "100.00");
        app.turn_to("2026-04-01");
        let run = preview(app).id();
        approve(app, &run);
        app.credit()
            .post(
                "/v1/dunning-blocks",
                json!({"customer": "C-1", "reason": "Pays on Friday.", "until": "2026-04-03"}),
            )
            .expect(201);
        issue(app, &run);
        let notice = &notices(app, &run)[0];
        assert_eq!(notice["status"], "suppressed");
        assert_eq!(notice["suppressed_reason"], "blocked");
        assert!(list(&app.credit(), "/v1/dunning-stages").is_empty());
    });
}

#[test]
fn the_final_notice_blocks_the_account_until_it_is_paid() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-01-31", "500.00");
        invoice(app, "C-1", "INV-2", "2026-04-20", "80.00");
        dun(app, "2026-04-01");
        dun(app, "2026-04-11");
        assert_eq!(blocks(app, &made.account), json!([]));
        let last = dun(app, "2026-04-21");
        assert!(
            last.iter()
                .any(|notice| notice["level"] == 3 && notice["effect"] == "block")
        );
        let standing = blocks(app, &made.account);
        assert_eq!(standing[0]["cause"], "dunning");
        assert_eq!(standing.as_array().unwrap().len(), 1);
        pay(app, "C-1", "INV-1", "2026-04-21", "499.99");
        housekeeping::sweep(app.database()).unwrap();
        assert_eq!(blocks(app, &made.account).as_array().unwrap().len(), 1);
        app.finance()
            .post(
                "/v1/receipts",
                json!({
                    "number": "R-last", "customer": "C-1", "receipt_date": "2026-04-21",
                    "amount": {"amount": "0.01", "currency": "CNY"},
                    "applications": [{"invoice_number": "INV-1", "amount": {"amount": "0.01", "currency": "CNY"}}],
                }),
            )
            .expect(201);
        housekeeping::sweep(app.database()).unwrap();
        // INV-2 stands at the first level only, which blocks nothing.
        assert_eq!(blocks(app, &made.account), json!([]));
        housekeeping::sweep(app.database()).unwrap();
        let trail = app
            .auditor()
            .get(&format!(
                "/v1/trail?entity_id={}&action=credit_account.unblocked",
                made.account
            ))
            .expect(200);
        assert_eq!(trail["data"].as_array().unwrap().len(), 1);
    });
}

// ---------------------------------------------------------------- procedures

#[test]
fn a_standard_procedure_is_there_from_the_first_start() {
    on_both(|app| {
        let credit = app.credit();
        let found = list(&credit, "/v1/dunning-procedures");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["usage"], "default");
        let levels = found[0]["levels"].as_array().unwrap();
        let effects: Vec<_> = levels
            .iter()
            .map(|level| level["effect"].as_str().unwrap())
            .collect();
        assert_eq!(effects, ["none", "none", "block", "block"]);
        // What is delivered passes our own checks.
        let path = format!(
            "/v1/dunning-procedures/{}",
            found[0]["id"].as_str().unwrap()
        );
        let read = credit.get(&path).expect(200);
        assert_eq!(read["procedure_version"], 1);
        let said = |levels: &Value| json!({"levels": levels, "reason": "As it was."});
        let drafted = credit
            .post(&format!("{path}/versions"), said(&read["levels"]))
            .expect(201);
        assert_eq!(drafted["levels"], read["levels"]);
        let renamed = credit
            .patch(&path, &read.etag(), json!({"name": "Usual"}))
            .expect(200);
        assert_eq!(renamed["name"], "Usual");
        credit
            .patch(&path, &read.etag(), json!({"name": "Standard"}))
            .expect_problem(412, "stale");
    });
}

#[test]
fn an_account_can_have_a_procedure_of_its_own() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-30", "300.00");
        invoice(app, "C-2", "INV-2", "2026-03-30", "300.00");
        let credit = app.credit();
        let patient = credit
            .post(
                "/v1/dunning-procedures",
                json!({"name": "Patient", "levels": [level(1, 20, "none")]}),
            )
            .expect(201);
        assert_eq!(patient["usage"], "assigned");
        let path = format!("/v1/credit-accounts/{}", made.account);
        let assign = |procedure: Value| {
            let etag = credit.get(&path).expect(200).etag();
            credit.put(
                &format!("{path}/dunning-procedure"),
                &etag,
                json!({"dunning_procedure_id": procedure, "reason": "A key account."}),
            )
        };
        assign(json!("dpr_01h455vb4pex5vsknk084sn02q")).expect_problem(422, "invalid");
        let account = assign(json!(patient.id())).expect(200);
        assert_eq!(account["dunning_procedure_id"], patient.id().as_str());
        let reached: Vec<Value> = dun(app, "2026-04-01");
        assert_eq!(reached.len(), 1);
        assert_eq!(reached[0]["customer_number"], "C-2");
        let later = dun(app, "2026-04-19");
        let subjects: Vec<_> = later.iter().map(|notice| &notice["subject"]).collect();
        assert!(
            subjects.contains(&&json!("Level 1: CNY 300.00")),
            "{subjects:?}"
        );
        assert!(
            subjects.contains(&&json!("Second reminder: CNY 300.00 overdue")),
            "{subjects:?}"
        );
        assign(json!(null)).expect(200);
    });
}

#[test]
fn the_policy_can_name_a_procedure_for_a_grade_and_an_account_has_its_own_before_it() {
    on_both(|app| {
        app.turn_to("2026-03-25");
        rate_by_share(app);
        a_graded_customer(app, "C-1", "BB");
        a_graded_customer(app, "C-2", "B");
        let own = a_graded_customer(app, "C-3", "B");
        a_customer("C-4").create(app);
        for number in ["C-1", "C-2", "C-3", "C-4"] {
            invoice(app, number, &format!("I-{number}"), "2026-03-26", "100.00");
        }
        let credit = app.credit();
        let procedure = |name: &str, days: i32| {
            let body = json!({"name": name, "levels": [level(1, days, "none")]});
            credit.post("/v1/dunning-procedures", body).expect(201).id()
        };
        let (strict, patient) = (procedure("Strict", 1), procedure("Patient", 20));
        let path = format!("/v1/credit-accounts/{}", own.account);
        credit
            .put(
                &format!("{path}/dunning-procedure"),
                &credit.get(&path).expect(200).etag(),
                json!({"dunning_procedure_id": patient, "reason": "A key account."}),
            )
            .expect(200);
        let name_for_b = |document: &mut Value, procedure: &str| {
            for row in document["terms"].as_array_mut().unwrap() {
                if row["grade"] == "B" {
                    row["dunning_procedure_id"] = json!(procedure);
                }
            }
        };
        let mut document = credit.get("/v1/policies/live").expect(200)["document"].clone();
        name_for_b(&mut document, "dpr_01h455vb4pex5vsknk084sn02q");
        let refused = credit
            .post(
                "/v1/policies",
                json!({"document": document, "reason": "No such."}),
            )
            .expect_problem(422, "invalid");
        assert_eq!(
            refused["errors"][0]["pointer"],
            "/document/terms/5/dunning_procedure_id"
        );
        set_policy(app, |document| name_for_b(document, &strict));
        // Two days late: the default procedure reminds after one day too, but not in these words.
        let told: BTreeMap<String, String> = dun(app, "2026-03-28")
            .iter()
            .map(|notice| {
                let text = |name: &str| notice[name].as_str().unwrap().to_owned();
                (text("customer_number"), text("subject"))
            })
            .collect();
        assert_eq!(told.keys().collect::<Vec<_>>(), ["C-1", "C-2", "C-4"]);
        assert_eq!(told["C-2"], "Level 1: CNY 100.00");
        assert!(!told["C-1"].starts_with("Level"), "{}", told["C-1"]);
        assert_eq!(told["C-1"], told["C-4"]);
    });
}

#[test]
fn there_is_always_one_default_procedure() {
    on_both(|app| {
        let credit = app.credit();
        let other = credit
            .post(
                "/v1/dunning-procedures",
                json!({"name": "Short", "levels": [level(1, 1, "block")]}),
            )
            .expect(201);
        let path = format!("/v1/dunning-procedures/{}/make-default", other.id());
        credit
            .post_if(&path, "\"9\"", json!({}))
            .expect_problem(412, "stale");
        let made = credit.post_if(&path, &other.etag(), json!({})).expect(200);
        assert_eq!(made["usage"], "default");
        let usages: Vec<_> = list(&credit, "/v1/dunning-procedures")
            .iter()
            .map(|procedure| procedure["usage"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(usages, ["default", "assigned"]);
        credit
            .post(
                "/v1/dunning-procedures",
                json!({"name": "Short", "levels": [level(1, 1, "none")]}),
            )
            .expect_problem(422, "invalid");
    });
}

#[test]
fn a_procedure_that_could_fail_a_run_is_refused_when_it_is_saved() {
    on_both(|app| {
        let credit = app.credit();
        let refused = |levels: Value, pointer: &str| {
            let problem = credit
                .post(
                    "/v1/dunning-procedures",
                    json!({"name": "Wrong", "levels": levels}),
                )
                .expect_problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{}", problem.text);
        };
        refused(json!([level(2, 1, "none")]), "/levels/0/level");
        refused(
            json!([level(1, 5, "none"), level(2, 5, "none")]),
            "/levels/1/days_past_due",
        );
        refused(
            json!([level(1, 5, "block"), level(2, 9, "none")]),
            "/levels/1/effect",
        );
        let mut wrong = level(1, 5, "none");
        wrong["texts"]["en"]["subject"] = json!("{{ iban }}");
        refused(json!([wrong]), "/levels/0/texts/en/subject");
        for body in [
            "{{ total",
            "{% for x in total %}{% endfor %}",
            "{{ 'x' * 1000000000 }}",
            "{% if level %}",
            "{{-- total }}",
            "{% if level > 1 %}{{ -total }}{% endif %}",
        ] {
            let mut wrong = level(1, 5, "none");
            wrong["texts"]["zh-CN"]["body"] = json!(body);
            refused(json!([wrong]), "/levels/0/texts/zh-CN/body");
        }
        let mut negative = level(1, 5, "none");
        negative["minimum_amounts"] = json!([{"amount": "-1.00", "currency": "CNY"}]);
        for levels in [
            json!([]),
            json!([level(1, 0, "none")]),
            json!([negative]),
            json!([level(11, 1, "none")]),
        ] {
            credit
                .post(
                    "/v1/dunning-procedures",
                    json!({"name": "Wrong", "levels": levels}),
                )
                .expect_problem(400, "malformed_body");
        }
    });
}

#[test]
fn in_a_book_of_the_start_a_cent_climbs_no_ladder() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "0.01");
        invoice(app, "C-2", "INV-2", "2026-03-20", "100.00");
        let reached = dun(app, "2026-04-01");
        assert_eq!(reached.len(), 1);
        assert_eq!(reached[0]["customer_number"], "C-2");
        // 100 are worth a reminder, and not the letter after it.
        app.turn_to("2026-04-15");
        assert_eq!(
            skipped(&preview(app)),
            json!([{"reason": "below_minimum", "invoices": 2}])
        );
    });
}

#[test]
fn a_letter_asks_to_be_paid_with_a_reference_of_its_own() {
    on_both(|app| {
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "300.00");
        let notice = &dun(app, "2026-04-01")[0];
        let reference = notice["payment_reference"].as_str().unwrap();
        assert!(
            reference.starts_with("RF") && reference.contains("C1"),
            "{reference}"
        );
        for format in ["html", "text"] {
            let id = notice["id"].as_str().unwrap();
            let path = format!("/v1/dunning-notices/{id}/letter?format={format}");
            let letter = app.credit().get(&path).expect(200).text;
            assert!(letter.contains(reference), "{letter}");
        }
    });
}

#[test]
fn small_sums_wait_until_they_are_worth_a_letter() {
    on_both(|app| {
        let credit = app.credit();
        let path = format!(
            "/v1/dunning-procedures/{}",
            list(&credit, "/v1/dunning-procedures")[0]["id"]
                .as_str()
                .unwrap()
        );
        let mut first = level(1, 1, "none");
        first["minimum_amounts"] = json!([{"amount": "100.00", "currency": "CNY"}]);
        set_levels(app, &path, json!([first]));
        a_customer("C-1").create(app);
        invoice(app, "C-1", "INV-1", "2026-03-20", "99.99");
        app.turn_to("2026-04-01");
        let run = preview(app);
        assert_eq!(
            skipped(&run),
            json!([{"reason": "below_minimum", "invoices": 1}])
        );
        invoice(app, "C-1", "INV-2", "2026-03-20", "0.01");
        let run = preview(app).id();
        assert_eq!(notices(app, &run)[0]["total"]["amount"], "100.00");
        approve(app, &run);
        pay(app, "C-1", "INV-2", "2026-04-01", "0.01");
        issue(app, &run);
        let notice = &notices(app, &run)[0];
        assert_eq!(notice["status"], "suppressed");
        assert_eq!(notice["suppressed_reason"], "several");
    });
}
