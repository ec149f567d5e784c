//! Credit applications: from the salesperson's draft to the limit on the account.

use kernel::caller::Role;
use netterms::decide::applications::actions::expire_due;
use netterms::platform::http::Problem;
use netterms::platform::http::auth::internal_caller;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, a_customer, on_both, set_policy, set_rate};

/// An application on its way.
pub struct Case<'a> {
    app: &'a TestApp,
    pub id: String,
}

impl<'a> Case<'a> {
    /// Drafted by `u-sales` for the customer's own limit, in CNY.
    pub fn drafted(app: &'a TestApp, customer: &str, limit: &str) -> Case<'a> {
        let id = app
            .sales()
            .post("/v1/applications", asking(customer, limit))
            .expect(201)
            .id();
        Case { app, id }
    }

    pub fn submitted(app: &'a TestApp, customer: &str, limit: &str) -> Case<'a> {
        let case = Case::drafted(app, customer, limit);
        case.step(&app.sales(), "submit", json!({})).expect(200);
        case
    }

    pub fn under_review(app: &'a TestApp, customer: &str, limit: &str) -> Case<'a> {
        let case = Case::submitted(app, customer, limit);
        case.step(&app.credit(), "start-review", json!({}))
            .expect(200);
        case
    }

    /// Recommended as asked by `u-credit`.
    pub fn recommended(app: &'a TestApp, customer: &str, limit: &str) -> Case<'a> {
        let case = Case::under_review(app, customer, limit);
        case.step(&app.credit(), "recommend", recommending(limit))
            .expect(200);
        case
    }

    pub fn path(&self) -> String {
        format!("/v1/applications/{}", self.id)
    }

    pub fn read(&self) -> Reply {
        self.app.auditor().get(&self.path()).expect(200)
    }

    /// Takes a step with the ETag of the moment.
    pub fn step(&self, who: &Client, verb: &str, body: Value) -> Reply {
        let etag = self.read().etag();
        who.post_if(&format!("{}/{verb}", self.path()), &etag, body)
    }

    pub fn approve(&self, who: &Client) -> Reply {
        self.step(who, "approve", json!({"reason": "Sound figures."}))
    }
}

fn asking(customer: &str, limit: &str) -> Value {
    json!({
        "customer": customer, "requested_limit": cny(limit), "requested_net_days": 45,
        "purpose": "A yearly contract for steel plate.",
    })
}

fn recommending(limit: &str) -> Value {
    json!({"limit": cny(limit), "net_days": 40, "reason": "Pays on time since 2019."})
}

pub fn cny(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

/// A credit controller other than `u-credit`, of level 1.
pub fn second(app: &TestApp) -> Client<'_> {
    app.caller("u-second", &[Role::Credit], Some(1))
}

/// The head of credit, of the highest level.
pub fn chief(app: &TestApp) -> Client<'_> {
    app.caller("u-chief", &[Role::Credit], Some(2))
}

pub fn account(app: &TestApp, id: &str) -> Reply {
    app.credit()
        .get(&format!("/v1/credit-accounts/{id}"))
        .expect(200)
}

pub fn limits(app: &TestApp, id: &str) -> Vec<Value> {
    let history = app
        .credit()
        .get(&format!("/v1/credit-accounts/{id}/limits"))
        .expect(200);
    history["data"].as_array().unwrap().clone()
}

#[test]
fn from_draft_to_the_limit_on_the_account_with_its_history() {
    on_both(|app| {
        let made = a_customer("C-1").with_limit("1000.00").create(app);
        let case = Case::drafted(app, "C-1", "500000.00");
        assert_eq!(case.read()["status"], "draft");
        let etag = case.read().etag();
        let changed = app
            .sales()
            .patch(
                &case.path(),
                &etag,
                json!({"requested_limit": cny("600000.00")}),
            )
            .expect(200);
        assert_eq!(changed["requested_limit"], cny("600000.00"));
        assert_eq!(changed["allowed"], json!(["change", "submit", "withdraw"]));
        case.step(&app.sales(), "submit", json!({})).expect(200);
        let reviewed = case
            .step(&app.credit(), "start-review", json!({}))
            .expect(200);
        assert_eq!(reviewed["reviewer"], "u-credit");
        assert_eq!(
            reviewed["allowed"],
            json!(["request_information", "assess", "recommend"])
        );
        case.step(
            &app.credit(),
            "recommend",
            json!({"limit": cny("550000.00"), "net_days": 40, "valid_until": "2099-12-31", "reason": "Pays on time."}),
        )
        .expect(200);
        assert_eq!(account(app, &made.account)["limit"], cny("1000.00"));
        let approved = case.approve(&second(app)).expect(200);
        assert_eq!(approved["status"], "approved");
        assert_eq!(approved["approver"], "u-second");
        assert_eq!(approved["allowed"], json!([]));
        let account = account(app, &made.account);
        assert_eq!(account["limit"], cny("550000.00"));
        assert_eq!(account["limit_source"], "application");
        assert_eq!(account["limit_valid_until"], "2099-12-31");
        assert_eq!(account["net_days"], 40);
        let history = limits(app, &made.account);
        assert_eq!(history.len(), 2);
        assert_eq!(history[0]["application_id"], case.id);
        assert_eq!(history[0]["set_by"], "u-second");
        assert_eq!(history[0]["reason"], "Sound figures.");
        assert_eq!(history[1]["limit"], cny("1000.00"));
    });
}

#[test]
fn every_step_keeps_who_and_why() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "500000.00");
        case.approve(&second(app)).expect(200);
        let read = case.read();
        let steps: Vec<_> = read["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| {
                let text = |name: &str| step[name].as_str().unwrap_or("-").to_owned();
                format!(
                    "{} {}: {} -> {}",
                    text("subject"),
                    text("verb"),
                    text("from_status"),
                    text("to_status")
                )
            })
            .collect();
        assert_eq!(
            steps,
            [
                "u-sales create: - -> draft",
                "u-sales submit: draft -> submitted",
                "u-credit start_review: submitted -> under_review",
                "u-credit recommend: under_review -> pending_approval",
                "u-second approve: pending_approval -> approved",
            ]
        );
        assert_eq!(read["steps"][3]["reason"], "Pays on time since 2019.");
        assert_eq!(read["steps"][3]["details"]["limit"], cny("500000.00"));
        assert_eq!(read["steps"][4]["reason"], "Sound figures.");
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", case.id))
            .expect(200);
        let last = trail["data"].as_array().unwrap().last().unwrap();
        assert_eq!(last["action"], "application.approved");
        assert_eq!(last["subject"], "u-second");
        assert_eq!(last["reason"], "Sound figures.");
    });
}

#[test]
fn an_account_has_one_open_application_for_each_scope() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let case = Case::drafted(app, "C-1", "500.00");
        let refused = app
            .sales()
            .post("/v1/applications", asking("C-1", "600.00"))
            .expect_problem(409, "draft_exists");
        assert_eq!(refused["existing_id"], case.id);
        let mut for_group = asking("C-1", "600.00");
        for_group["scope"] = json!("group");
        app.sales().post("/v1/applications", for_group).expect(201);
        case.step(&app.sales(), "withdraw", json!({"reason": "Too early."}))
            .expect(200);
        Case::drafted(app, "C-1", "600.00");
    });
}

#[test]
fn an_application_for_a_group_sets_the_groups_limit() {
    on_both(|app| {
        let made = a_customer("G").with_limit("10.00").create(app);
        let mut body = asking("G", "900.00");
        body["scope"] = json!("group");
        let id = app.sales().post("/v1/applications", body).expect(201).id();
        let case = Case { app, id };
        case.step(&app.sales(), "submit", json!({})).expect(200);
        case.step(&app.credit(), "start-review", json!({}))
            .expect(200);
        let mut ending = recommending("900.00");
        ending["valid_until"] = json!("2099-12-31");
        case.step(&app.credit(), "recommend", ending)
            .expect_problem(422, "invalid");
        case.step(&app.credit(), "recommend", recommending("900.00"))
            .expect(200);
        case.approve(&second(app)).expect(200);
        let account = account(app, &made.account);
        assert_eq!(account["limit"], cny("10.00"));
        assert_eq!(account["group"]["limit"], cny("900.00"));
    });
}

#[test]
fn a_limit_above_the_level_names_the_level_that_may() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "1000000.01");
        let refused = case
            .approve(&second(app))
            .expect_problem(403, "over_authority");
        assert_eq!(refused["needed"], "credit level 2");
        assert_eq!(refused["amount"], "CNY 1000000.01");
        // Finance does not stand in for credit.
        case.approve(&app.finance())
            .expect_problem(403, "over_authority");
        // A person without a level approves nothing.
        case.approve(&app.caller("u-none", &[Role::Credit], None))
            .expect_problem(403, "over_authority");
        assert_eq!(case.approve(&chief(app)).expect(200)["status"], "approved");
    });
}

#[test]
fn above_credits_authority_credit_approves_first_and_then_finance() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "50000000.00");
        let refused = case
            .approve(&second(app))
            .expect_problem(403, "over_authority");
        assert_eq!(refused["needed"], "credit level 2, then finance level 2");
        case.approve(&app.finance())
            .expect_problem(403, "over_authority");
        let first = case.approve(&chief(app)).expect(200);
        assert_eq!(first["status"], "pending_approval");
        assert_eq!(first["credit_approver"], "u-chief");
        assert_eq!(account(app, &made.account)["limit_kind"], "none");
        // One person is not two, whatever roles the token holds.
        let both = app.caller("u-chief", &[Role::Credit, Role::Finance], Some(3));
        let refused = case
            .approve(&both)
            .expect_problem(403, "segregation_of_duties");
        assert_eq!(refused["duty"], "credit approver");
        let junior = app.caller("u-junior", &[Role::Finance], Some(1));
        let refused = case.approve(&junior).expect_problem(403, "over_authority");
        assert_eq!(refused["needed"], "finance level 2");
        let approved = case.approve(&app.finance()).expect(200);
        assert_eq!(approved["status"], "approved");
        assert_eq!(approved["approver"], "u-finance");
        assert_eq!(account(app, &made.account)["limit"], cny("50000000.00"));
        assert_eq!(limits(app, &made.account).len(), 1);
    });
}

#[test]
fn what_nobody_may_approve_says_what_the_policy_lacks() {
    on_both(|app| {
        let refused = in_francs(app, "C-1", "500.00")
            .approve(&chief(app))
            .expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "nobody_has_authority");
        let message = refused.text_at("/errors/0/message");
        assert!(
            message.contains("/document/authority") && message.contains("CHF"),
            "{message}"
        );
    });
}

/// An application for a limit in francs, which the policy's matrix doesn't name, recommended as asked.
fn in_francs<'a>(app: &'a TestApp, customer: &str, amount: &str) -> Case<'a> {
    a_customer(customer).in_currency("CHF").create(app);
    let limit = json!({"amount": amount, "currency": "CHF"});
    let mut body = asking(customer, amount);
    body["requested_limit"] = limit.clone();
    let id = app.sales().post("/v1/applications", body).expect(201).id();
    let case = Case { app, id };
    case.step(&app.sales(), "submit", json!({})).expect(200);
    case.step(&app.credit(), "start-review", json!({}))
        .expect(200);
    let mut recommendation = recommending(amount);
    recommendation["limit"] = limit;
    case.step(&app.credit(), "recommend", recommendation)
        .expect(200);
    case
}

/// Level 1 may approve CNY 1,000,000.00 or EUR 100,000.00, whichever is less.
#[test]
fn a_limit_in_another_currency_is_converted_into_the_matrixs() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        set_policy(app, |policy| {
            for row in policy["authority"].as_array_mut().unwrap() {
                let amounts = row["amounts"].as_object_mut().unwrap();
                amounts.retain(|currency, _| currency == "CNY" || currency == "EUR");
            }
        });
        let fits = in_francs(app, "C-1", "125000.00");
        let over = in_francs(app, "C-2", "125000.01");
        let waiting = |who: &Client| {
            who.get("/v1/me").expect(200)["waiting_for_my_approval"]["count"].clone()
        };
        assert_eq!(waiting(&second(app)), 0);
        // With a rate into one of both currencies alone it is not known to be less.
        set_rate(app, "CHF", "CNY", "8.00", "2026-03-30");
        assert_eq!(waiting(&second(app)), 0);
        set_rate(app, "EUR", "CNY", "9.00", "2026-03-30");
        assert_eq!(waiting(&second(app)), 0);
        assert_eq!(waiting(&chief(app)), 2);
        set_rate(app, "EUR", "CNY", "10.00", "2026-03-30");
        assert_eq!(waiting(&second(app)), 1);
        let refused = over
            .approve(&second(app))
            .expect_problem(403, "over_authority");
        assert_eq!(refused["needed"], "credit level 2");
        // A franc is dear now: the same limit comes to more than EUR 100,000.00.
        set_rate(app, "EUR", "CHF", "0.95", "2026-03-31");
        fits.approve(&second(app))
            .expect_problem(403, "over_authority");
        assert_eq!(waiting(&second(app)), 0);
        set_rate(app, "EUR", "CHF", "1.25", "2026-03-31");
        fits.approve(&second(app)).expect(200);
        over.approve(&chief(app)).expect(200);
    });
}

#[test]
fn the_policy_gives_people_their_level() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "5000000.00");
        let unnamed = app.caller("u-named", &[Role::Credit], None);
        case.approve(&unnamed).expect_problem(403, "over_authority");
        let live = app.credit().get("/v1/policies/live").expect(200);
        let mut document = live["document"].clone();
        document["levels_by_subject"] = json!({"u-named": 2});
        let draft = app
            .admin()
            .post(
                "/v1/policies",
                json!({"document": document, "reason": "A new head of credit."}),
            )
            .expect(201);
        app.credit()
            .post_if(
                &format!("/v1/policies/{}/approve", draft.id()),
                &draft.etag(),
                json!({"reason": "Agreed."}),
            )
            .expect(200);
        case.approve(&unnamed).expect(200);
    });
}

#[test]
fn conditions_hold_the_limit_back_until_each_is_fulfilled() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        let case = Case::under_review(app, "C-1", "500.00");
        let mut recommendation = recommending("500.00");
        recommendation["conditions"] = json!(["A guarantee of the parent"]);
        case.step(&app.credit(), "recommend", recommendation)
            .expect(200);
        let approved = case
            .step(
                &second(app),
                "approve",
                json!({"reason": "With security.", "conditions": ["A signed contract"]}),
            )
            .expect(200);
        assert_eq!(approved["status"], "approved_with_conditions");
        assert_eq!(approved["conditions"][1]["text"], "A signed contract");
        assert!(approved["deadline"].is_string());
        assert_eq!(account(app, &made.account)["limit_kind"], "none");
        let fulfil = |who: &Client, position: i32| {
            case.step(
                who,
                "fulfil-conditions",
                json!({"fulfilled": [{"position": position, "evidence": "In the file."}]}),
            )
        };
        fulfil(&app.sales(), 0).expect_problem(403, "forbidden");
        let applicant = app.caller("u-sales", &[Role::Sales, Role::Credit], Some(2));
        fulfil(&applicant, 0).expect_problem(403, "segregation_of_duties");
        let some = fulfil(&app.credit(), 1).expect(200);
        assert_eq!(some["status"], "approved_with_conditions");
        assert_eq!(some["conditions"][1]["fulfilled_by"], "u-credit");
        assert_eq!(account(app, &made.account)["limit_kind"], "none");
        fulfil(&app.credit(), 1).expect_problem(422, "invalid");
        fulfil(&app.credit(), 2).expect_problem(422, "invalid");
        fulfil(&app.credit(), 20).expect_problem(400, "malformed_body");
        assert_eq!(fulfil(&app.credit(), 0).expect(200)["status"], "approved");
        assert_eq!(account(app, &made.account)["limit"], cny("500.00"));
        assert_eq!(limits(app, &made.account)[0]["reason"], "With security.");
    });
}

#[test]
fn a_declined_application_can_be_appealed_once_with_new_facts() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "500.00");
        let reason = json!({"reason": "Two bills dishonoured."});
        let declined = case
            .step(&app.finance(), "decline", reason.clone())
            .expect(200);
        assert_eq!(declined["status"], "declined");
        assert_eq!(declined["decision_reason"], "Two bills dishonoured.");
        case.step(&app.sales(), "appeal", json!({}))
            .expect_problem(400, "malformed_body");
        let facts = json!({"new_facts": "The bills were paid, see the bank's letter."});
        let appealed = case.step(&app.sales(), "appeal", facts.clone()).expect(200);
        assert_eq!(appealed["status"], "under_review");
        assert_eq!(appealed["recommendation"], json!(null));
        case.step(&app.credit(), "recommend", recommending("400.00"))
            .expect(200);
        case.step(&second(app), "decline", reason).expect(200);
        let refused = case
            .step(&app.sales(), "appeal", facts)
            .expect_problem(409, "state_conflict");
        assert_eq!(refused["allowed"], json!([]));
        assert_eq!(account(app, &made.account)["limit_kind"], "none");
    });
}

#[test]
fn an_appeal_waits_while_another_application_is_open() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "500.00");
        case.step(&app.finance(), "decline", json!({"reason": "No."}))
            .expect(200);
        let other = Case::drafted(app, "C-1", "300.00");
        let refused = case
            .step(&app.sales(), "appeal", json!({"new_facts": "Paid."}))
            .expect_problem(409, "draft_exists");
        assert_eq!(refused["existing_id"], other.id);
    });
}

#[test]
fn information_is_asked_for_and_given_until_the_deadline() {
    on_both(|app| {
        app.turn_to("2026-04-01");
        a_customer("C-1").create(app);
        let case = Case::under_review(app, "C-1", "500.00");
        let ask = |deadline: &str| {
            case.step(
                &app.credit(),
                "request-information",
                json!({"question": "The statements of 2025?", "deadline": deadline}),
            )
        };
        ask("2026-03-31").expect_problem(422, "invalid");
        ask("2028-03-31").expect_problem(422, "invalid");
        let asked = ask("2026-04-30").expect(200);
        assert_eq!(asked["information_request"], "The statements of 2025?");
        case.step(&app.credit(), "recommend", recommending("500.00"))
            .expect_problem(409, "state_conflict");
        app.turn_to("2026-04-30");
        let given = case
            .step(
                &app.sales(),
                "provide-information",
                json!({"information": "Attached."}),
            )
            .expect(200);
        assert_eq!(given["status"], "under_review");
        assert_eq!(given["deadline"], json!(null));
        // Without a day, the policy's thirty days hold.
        let asked = case
            .step(
                &app.credit(),
                "request-information",
                json!({"question": "And those of 2024?"}),
            )
            .expect(200);
        assert_eq!(asked["deadline"], "2026-05-30");
    });
}

#[test]
fn what_is_not_answered_in_time_has_expired() {
    on_both(|app| {
        app.turn_to("2026-04-01");
        a_customer("C-1").create(app);
        let case = Case::under_review(app, "C-1", "500.00");
        case.step(
            &app.credit(),
            "request-information",
            json!({"question": "?", "deadline": "2026-04-30"}),
        )
        .expect(200);
        app.turn_to("2026-05-01");
        // Nobody has noted it yet, and it holds all the same.
        assert_eq!(case.read()["status"], "expired");
        let refused = case
            .step(
                &app.sales(),
                "provide-information",
                json!({"information": "Late."}),
            )
            .expect_problem(409, "state_conflict");
        assert_eq!(refused["allowed"], json!([]));
        let caller = internal_caller("netterms", &[]).unwrap();
        let swept = || {
            let database = app.database();
            database
                .write(&caller, |tx| Ok::<usize, Problem>(expire_due(tx)?))
                .unwrap()
        };
        assert_eq!(swept(), 1);
        assert_eq!(swept(), 0);
        let read = case.read();
        assert_eq!(read["status"], "expired");
        let last = read["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(last["verb"], "expire");
        assert_eq!(last["subject"], "netterms");
        assert_eq!(last["from_status"], "information_requested");
        Case::drafted(app, "C-1", "600.00");
    });
}

#[test]
fn conditions_that_are_not_fulfilled_in_time_set_no_limit() {
    on_both(|app| {
        app.turn_to("2026-04-01");
        let made = a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "500.00");
        case.step(
            &second(app),
            "approve",
            json!({"reason": "Yes, if.", "conditions": ["A guarantee"], "deadline": "2026-04-15"}),
        )
        .expect(200);
        app.turn_to("2026-04-16");
        case.step(
            &app.credit(),
            "fulfil-conditions",
            json!({"fulfilled": [{"position": 0, "evidence": "Signed today."}]}),
        )
        .expect_problem(409, "state_conflict");
        assert_eq!(account(app, &made.account)["limit_kind"], "none");
        // A new application ends the old one on its way.
        Case::drafted(app, "C-1", "600.00");
        let read = case.read();
        let last = read["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(last["verb"], "expire");
    });
}

#[test]
fn no_person_takes_two_parts_whatever_roles_the_token_holds() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let all = [Role::Sales, Role::Credit, Role::Finance];
        let everyone = |subject: &'static str| app.caller(subject, &all, Some(3));
        let refuse = |reply: Reply, duty: &str| {
            let refused = reply.expect_problem(403, "segregation_of_duties");
            assert_eq!(refused["duty"], duty);
        };
        let case = Case::drafted(app, "C-1", "500.00");
        // Another than the drafter submits: both are applicants.
        let owner = app.caller("u-colleague", &all, Some(3));
        case.step(&owner, "submit", json!({})).expect(200);
        for applicant in ["u-sales", "u-colleague"] {
            refuse(
                case.step(&everyone(applicant), "start-review", json!({})),
                "applicant",
            );
        }
        case.step(&everyone("u-a"), "start-review", json!({}))
            .expect(200);
        // Who answers for the customer is an applicant from then on.
        case.step(
            &everyone("u-a"),
            "request-information",
            json!({"question": "Since when?"}),
        )
        .expect(200);
        case.step(
            &everyone("u-helper"),
            "provide-information",
            json!({"information": "1998."}),
        )
        .expect(200);
        for applicant in ["u-sales", "u-colleague", "u-helper"] {
            refuse(
                case.step(&everyone(applicant), "recommend", recommending("500.00")),
                "applicant",
            );
        }
        case.step(&everyone("u-a"), "recommend", recommending("500.00"))
            .expect(200);
        for applicant in ["u-sales", "u-colleague", "u-helper"] {
            refuse(case.approve(&everyone(applicant)), "applicant");
            refuse(
                case.step(&everyone(applicant), "decline", json!({"reason": "No."})),
                "applicant",
            );
        }
        refuse(case.approve(&everyone("u-a")), "recommender");
        case.approve(&everyone("u-b")).expect(200);
    });
}

#[test]
fn a_step_out_of_turn_is_refused_with_what_is_possible() {
    on_both(|app| {
        let all = [Role::Sales, Role::Credit, Role::Finance];
        let stranger = app.caller("u-stranger", &all, Some(3));
        let bodies = [
            ("submit", json!({})),
            ("start-review", json!({})),
            ("request-information", json!({"question": "?"})),
            ("provide-information", json!({"information": "!"})),
            ("assess", json!({})),
            ("recommend", recommending("500.00")),
            ("approve", json!({"reason": "Yes."})),
            ("decline", json!({"reason": "No."})),
            (
                "fulfil-conditions",
                json!({"fulfilled": [{"position": 0, "evidence": "Here."}]}),
            ),
            ("withdraw", json!({"reason": "No more."})),
            ("appeal", json!({"new_facts": "Some."})),
        ];
        let refused_everything_but = |case: &Case, possible: &[&str]| {
            let before = case.read();
            for (verb, body) in &bodies {
                if !possible.contains(verb) {
                    let refused = case
                        .step(&stranger, verb, body.clone())
                        .expect_problem(409, "state_conflict");
                    let allowed: Vec<String> = refused["allowed"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|v| v.as_str().unwrap().replace('_', "-"))
                        .filter(|v| v != "change")
                        .collect();
                    assert_eq!(allowed, possible);
                }
            }
            assert_eq!(case.read().body, before.body);
        };
        for n in 1..=4 {
            a_customer(&format!("C-{n}")).create(app);
        }
        let case = Case::drafted(app, "C-1", "500.00");
        refused_everything_but(&case, &["submit", "withdraw"]);
        case.step(&app.sales(), "submit", json!({})).expect(200);
        refused_everything_but(&case, &["start-review", "withdraw"]);
        case.step(&app.credit(), "start-review", json!({}))
            .expect(200);
        refused_everything_but(
            &case,
            &["request-information", "assess", "recommend", "withdraw"],
        );
        case.step(
            &app.credit(),
            "request-information",
            json!({"question": "?"}),
        )
        .expect(200);
        refused_everything_but(&case, &["provide-information", "withdraw"]);
        case.step(&app.sales(), "withdraw", json!({"reason": "No more."}))
            .expect(200);
        refused_everything_but(&case, &[]);
        let case = Case::recommended(app, "C-2", "500.00");
        refused_everything_but(&case, &["approve", "decline", "withdraw"]);
        case.step(
            &second(app),
            "approve",
            json!({"reason": "If.", "conditions": ["A guarantee"]}),
        )
        .expect(200);
        refused_everything_but(&case, &["fulfil-conditions"]);
        let case = Case::recommended(app, "C-3", "500.00");
        case.approve(&second(app)).expect(200);
        refused_everything_but(&case, &[]);
        let case = Case::recommended(app, "C-4", "500.00");
        case.step(&second(app), "decline", json!({"reason": "No."}))
            .expect(200);
        refused_everything_but(&case, &["appeal"]);
    });
}

#[test]
fn a_draft_changes_until_it_is_submitted() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let case = Case::drafted(app, "C-1", "500.00");
        let patch = |body: Value| app.sales().patch(&case.path(), &case.read().etag(), body);
        patch(json!({"requested_net_days": 200})).expect_problem(422, "invalid");
        patch(json!({"requested_limit": {"amount": "1.00", "currency": "EUR"}}))
            .expect_problem(422, "currency_mismatch");
        patch(json!({"status": "approved"})).expect_problem(400, "malformed_body");
        patch(json!({"requested_net_days": 60})).expect(200);
        case.step(&app.sales(), "submit", json!({})).expect(200);
        patch(json!({"requested_net_days": 30})).expect_problem(409, "state_conflict");
    });
}

#[test]
fn a_stale_or_missing_etag_changes_nothing() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "500.00");
        let path = format!("{}/approve", case.path());
        let body = json!({"reason": "Yes."});
        second(app)
            .post_if(&path, "\"1\"", body.clone())
            .expect_problem(412, "stale");
        second(app)
            .post(&path, body.clone())
            .expect_problem(428, "precondition_required");
        second(app)
            .request("POST", &path)
            .header("If-Match", &case.read().etag())
            .json(body)
            .send()
            .expect_problem(400, "idempotency_key_missing");
        assert_eq!(case.read()["status"], "pending_approval");
    });
}

#[test]
fn a_retried_approval_has_one_effect() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "500.00");
        let etag = case.read().etag();
        let send = || {
            second(app)
                .request("POST", &format!("{}/approve", case.path()))
                .key("approval-1")
                .header("If-Match", &etag)
                .json(json!({"reason": "Yes."}))
                .send()
                .expect(200)
        };
        let first = send();
        let again = send();
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.body, first.body);
        assert_eq!(limits(app, &made.account).len(), 1);
    });
}

#[test]
fn two_people_who_approve_at_once_set_one_limit() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        let case = Case::recommended(app, "C-1", "500.00");
        let etag = case.read().etag();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let path = format!("{}/approve", case.path());
            let tries: Vec<_> = (0..4)
                .map(|n| {
                    let (path, etag) = (path.clone(), etag.clone());
                    scope.spawn(move || {
                        let who = app.caller(&format!("u-{n}"), &[Role::Credit], Some(1));
                        who.post_if(&path, &etag, json!({"reason": "Yes."})).status
                    })
                })
                .collect();
            tries.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        assert!(statuses.iter().all(|status| [200, 412].contains(status)));
        assert_eq!(limits(app, &made.account).len(), 1);
    });
}

#[test]
fn drafts_made_at_once_are_one() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let mut statuses: Vec<u16> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        app.sales()
                            .post("/v1/applications", asking("C-1", "5.00"))
                            .status
                    })
                })
                .collect();
            tries.into_iter().map(|t| t.join().unwrap()).collect()
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409]);
    });
}

#[test]
fn what_is_asked_for_must_be_possible() {
    on_both(|app| {
        let made = a_customer("C-1").create(app);
        a_customer("C-2").without_account().create(app);
        let send = |change: fn(&mut Value, &str)| {
            let mut body = asking("C-1", "500.00");
            change(&mut body, &made.id);
            app.sales().post("/v1/applications", body)
        };
        for change in [
            |body: &mut Value, _: &str| body["requested_limit"] = cny("0.00"),
            |body: &mut Value, _: &str| body["requested_limit"] = cny("-1.00"),
            |body: &mut Value, _: &str| body["requested_limit"] = cny("1.001"),
            |body: &mut Value, _: &str| body["requested_limit"] = cny("1000000000000.00"),
            |body: &mut Value, _: &str| body["requested_net_days"] = json!(366),
            |body: &mut Value, _: &str| body["purpose"] = json!(" "),
            |body: &mut Value, _: &str| body["status"] = json!("approved"),
            |body: &mut Value, _: &str| body["customer"] = json!(null),
        ] {
            send(change).expect_problem(400, "malformed_body");
        }
        let nothing = send(|body, _| body["requested_limit"] = cny("0.00"));
        let nothing = nothing.expect_problem(400, "malformed_body");
        assert_eq!(nothing["errors"][0]["code"], "not_positive");
        assert_eq!(nothing["errors"][0]["pointer"], "/requested_limit");
        send(|body, _| body["requested_net_days"] = json!(181)).expect_problem(422, "invalid");
        send(|body, _| body["requested_limit"]["currency"] = json!("EUR"))
            .expect_problem(422, "currency_mismatch");
        send(|body, _| body["customer"] = json!("C-2")).expect_problem(422, "invalid");
        send(|body, _| body["customer"] = json!("C-9")).expect_problem(404, "not_found");
        let by_id = send(|body, id| body["customer"] = json!(id)).expect(201);
        assert_eq!(by_id["customer_number"], "C-1");
    });
}

#[test]
fn sales_see_the_applications_of_their_own_customers_only() {
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").owned_by("u-other").create(app);
        let own = Case::drafted(app, "C-1", "500.00");
        let other = app.caller("u-other", &[Role::Sales], None);
        other
            .post("/v1/applications", asking("C-1", "1.00"))
            .expect_problem(404, "not_found");
        other.get(&own.path()).expect_problem(404, "not_found");
        own.step(&other, "submit", json!({}))
            .expect_problem(404, "not_found");
        let listed = other.get("/v1/applications").expect(200);
        assert_eq!(listed["data"], json!([]));
        let listed = app.sales().get("/v1/applications?mine=true").expect(200);
        assert_eq!(listed["data"][0]["id"], own.id);
        // Credit's view of it is no secret to sales; what credit notes for whoever decides is.
        own.step(&app.sales(), "submit", json!({})).expect(200);
        own.step(&app.credit(), "start-review", json!({}))
            .expect(200);
        own.step(&app.credit(), "recommend", recommending("400.00"))
            .expect(200);
        let read = app.sales().get(&own.path()).expect(200);
        assert_eq!(read["recommendation"]["limit"], cny("400.00"));
        assert_eq!(read["recommendation"]["reason"], json!(null));
        assert_eq!(read["allowed"], json!(["withdraw"]));
    });
}

#[test]
fn each_verb_takes_its_role() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let case = Case::drafted(app, "C-1", "500.00");
        let reason = json!({"reason": "So."});
        let forbidden = |who: Client, verb: &str, body: &Value| {
            case.step(&who, verb, body.clone())
                .expect_problem(403, "forbidden");
        };
        for verb in ["submit", "withdraw", "provide-information", "appeal"] {
            for who in [app.credit(), app.finance(), app.auditor(), app.admin()] {
                forbidden(who, verb, &reason);
            }
        }
        for verb in ["start-review", "request-information", "assess", "recommend"] {
            for who in [app.sales(), app.finance(), app.auditor(), app.system()] {
                forbidden(who, verb, &reason);
            }
        }
        for verb in ["approve", "decline"] {
            for who in [app.sales(), app.auditor(), app.admin(), app.system()] {
                forbidden(who, verb, &reason);
            }
        }
        app.credit()
            .post("/v1/applications", asking("C-1", "1.00"))
            .expect_problem(403, "forbidden");
        app.system()
            .get("/v1/applications")
            .expect_problem(403, "forbidden");
    });
}

#[test]
fn i_am_told_my_authority_and_what_waits_for_me() {
    on_both(|app| {
        for n in 1..=4 {
            a_customer(&format!("C-{n}")).create(app);
        }
        let small = Case::recommended(app, "C-1", "500.00");
        let middle = Case::recommended(app, "C-2", "5000000.00");
        let large = Case::recommended(app, "C-3", "50000000.00");
        Case::submitted(app, "C-4", "500.00");
        let waiting = |who: &Client| -> Vec<String> {
            let me = who.get("/v1/me").expect(200);
            let shown = me["waiting_for_my_approval"]["applications"]
                .as_array()
                .unwrap()
                .clone();
            assert_eq!(me["waiting_for_my_approval"]["count"], shown.len());
            let ids: Vec<String> = shown
                .iter()
                .map(|a| a["id"].as_str().unwrap().to_owned())
                .collect();
            if who.get("/v1/applications").status == 200 {
                let listed = who
                    .get("/v1/applications?waiting_for_me=true&sort=created_at")
                    .expect(200);
                let listed = listed["data"].as_array().unwrap().clone();
                let listed: Vec<_> = listed.iter().map(|a| a["id"].clone()).collect();
                assert_eq!(json!(listed), json!(ids));
            }
            ids
        };
        assert_eq!(waiting(&second(app)), [small.id.as_str()]);
        let all = [small.id.as_str(), &middle.id, &large.id];
        assert_eq!(waiting(&chief(app)), all);
        // The recommender, finance before credit, and those who approve nothing have nothing to decide.
        for who in [app.credit(), app.finance(), app.sales(), app.system()] {
            assert_eq!(waiting(&who), [""; 0]);
        }
        large.approve(&chief(app)).expect(200);
        assert_eq!(waiting(&app.finance()), [large.id.as_str()]);
        let both = app.caller("u-chief", &[Role::Credit, Role::Finance], Some(3));
        assert_eq!(waiting(&both), [small.id.as_str(), &middle.id]);
        let me = second(app).get("/v1/me").expect(200);
        assert_eq!(me["subject"], "u-second");
        assert_eq!(me["roles"], json!(["credit"]));
        assert_eq!(me["authority"][0]["role"], "credit");
        assert_eq!(me["authority"][0]["level"], 1);
        assert_eq!(me["authority"][0]["amounts"]["CNY"], "1000000.00");
        assert_eq!(
            app.sales().get("/v1/me").expect(200)["authority"],
            json!([])
        );
        app.anonymous()
            .get("/v1/me")
            .expect_problem(401, "token_missing");
    });
}

#[test]
fn a_list_of_applications_is_filtered_and_paged() {
    on_both(|app| {
        let mut drafted = Vec::new();
        for n in 1..=5 {
            a_customer(&format!("C-{n}")).create(app);
            drafted.push(Case::drafted(app, &format!("C-{n}"), "500.00"));
        }
        drafted[2]
            .step(&app.sales(), "submit", json!({}))
            .expect(200);
        let listed = app
            .credit()
            .get("/v1/applications?status=submitted")
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        assert_eq!(listed["data"][0]["id"], drafted[2].id);
        let listed = app
            .credit()
            .get("/v1/applications?customer=C-2&customer=C-4")
            .expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 2);
        let first = app.credit().get("/v1/applications?limit=3").expect(200);
        assert_eq!(first["data"][0]["id"], drafted[4].id);
        let cursor = first.text_at("/next_cursor");
        let next = app
            .credit()
            .get(&format!("/v1/applications?limit=3&cursor={cursor}"))
            .expect(200);
        assert_eq!(next["data"].as_array().unwrap().len(), 2);
        assert_eq!(next["has_more"], false);
        app.credit()
            .get("/v1/applications?mine=perhaps")
            .expect_problem(400, "malformed_parameter");
    });
}
