//! Panels of experts: rounds in which nobody sees what the others say, what they come to, and what ratings make of it.

use kernel::caller::Role;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, a_customer, a_model, on_both, put_live};

const PATH: &str = "/v1/expert-panels";
const TODAY: &str = "2026-03-31";
const ABILITY: &str = "MANAGEMENT_ABILITY";
const PRODUCT: &str = "PRODUCT";
const AUDIT: &str = "AUDIT_OPINION";

fn question() -> Value {
    json!({
        "customer": "C-1", "question": "The founder has retired: how able is the new management?",
        "indicators": [ABILITY, PRODUCT, AUDIT], "experts": ["u-e1", "u-e2", "u-e3"], "quorum": 2,
    })
}

/// A panel of three on customer C-1, with its first round open.
fn convened(app: &TestApp) -> Reply {
    app.turn_to(TODAY);
    a_customer("C-1").create(app);
    app.credit().post(PATH, question()).expect(201)
}

/// One of its experts; the third is a salesperson who does not own the customer.
fn expert<'a>(app: &'a TestApp, name: &str) -> Client<'a> {
    let role = match name {
        "u-e1" => Role::Credit,
        "u-e2" => Role::Finance,
        _ => Role::Sales,
    };
    app.caller(name, &[role], None)
}

fn path(panel: &Reply) -> String {
    format!("{PATH}/{}", panel.id())
}

fn scores(ability: f64, product: f64, audit: &str) -> Value {
    json!({"scores": [
        {"indicator": ABILITY, "value": ability, "note": format!("Ability {ability}.")},
        {"indicator": PRODUCT, "value": product},
        {"indicator": AUDIT, "value": audit},
    ]})
}

fn give(app: &TestApp, panel: &Reply, name: &str, body: Value) -> Reply {
    expert(app, name).post(&format!("{}/opinions", path(panel)), body)
}

/// What credit reads of the panel now.
fn read(app: &TestApp, panel: &Reply) -> Reply {
    app.credit().get(&path(panel)).expect(200)
}

/// What credit does with the panel as it is now.
fn run(app: &TestApp, panel: &Reply, verb: &str, body: Value) -> Reply {
    let etag = read(app, panel).etag();
    app.credit()
        .post_if(&format!("{}/{verb}", path(panel)), &etag, body)
}

fn indicator<'a>(panel: &'a Reply, round: usize, code: &str) -> &'a Value {
    let found = panel["rounds"][round]["summary"]["indicators"].as_array();
    let found = found.unwrap_or_else(|| panic!("no summary: {}", panel.text));
    found.iter().find(|one| one["indicator"] == code).unwrap()
}

fn reason() -> Value {
    json!({"reason": "The product was seen very differently."})
}

/// The first round of three answers: at one on ability and the auditor, not on the product.
fn first_round(app: &TestApp) -> Reply {
    let panel = convened(app);
    give(app, &panel, "u-e1", scores(7.0, 2.0, "qualified")).expect(201);
    give(app, &panel, "u-e2", scores(7.5, 9.0, "qualified")).expect(201);
    give(app, &panel, "u-e3", scores(6.5, 3.0, "qualified")).expect(201);
    run(app, &panel, "close-round", json!({})).expect(200)
}

// ---------------------------------------------------------------- convening

#[test]
fn a_panel_is_convened_with_its_first_round_open() {
    on_both(|app| {
        let panel = convened(app);
        assert_eq!(
            (&panel["status"], &panel["round"], &panel["rounds_max"]),
            (&json!("scoring"), &json!(1), &json!(2))
        );
        assert_eq!(panel["dispersion_limit"], 0.2);
        assert_eq!(
            panel["allowed"],
            json!(["give_opinion", "close_round", "cancel"])
        );
        assert_eq!(
            panel["experts"][0],
            json!({"expert": "u-e1", "answered_in": []})
        );
        assert_eq!(read(app, &panel).body, panel.body);
        let listed = app
            .auditor()
            .get(&format!("{PATH}?status=scoring"))
            .expect(200);
        assert_eq!(listed["data"][0]["id"], panel.id().as_str());
        let others = app
            .auditor()
            .get(&format!("{PATH}?status=concluded&status=cancelled"))
            .expect(200);
        assert_eq!(others["data"], json!([]));
        app.credit()
            .get(&format!("{PATH}/pnl_01k00000000000000000000001"))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn a_panel_is_asked_for_judgements_by_several_people_who_are_not_its_convener() {
    on_both(|app| {
        app.turn_to(TODAY);
        a_customer("C-1").create(app);
        let with = |member: &str, value: Value| {
            let mut body = question();
            body[member] = value;
            app.credit().post(PATH, body)
        };
        for (member, value, pointer, code) in [
            (
                "indicators",
                json!(["SHOE_SIZE"]),
                "/indicators/0",
                "unknown_indicator",
            ),
            (
                "indicators",
                json!([ABILITY, "CURRENT_RATIO"]),
                "/indicators/1",
                "not_judged",
            ),
            (
                "indicators",
                json!(["MARKET_SHARE"]),
                "/indicators/0",
                "not_judged",
            ),
            (
                "indicators",
                json!([ABILITY, ABILITY]),
                "/indicators/1",
                "twice",
            ),
            (
                "experts",
                json!(["u-e1", "u-e2", "u-e1"]),
                "/experts/2",
                "twice",
            ),
            (
                "experts",
                json!(["u-e1", "u-e2", "u-credit"]),
                "/experts/2",
                "convener",
            ),
            ("quorum", json!(4), "/quorum", "out_of_range"),
        ] {
            let refused = with(member, value).expect_problem(422, "invalid");
            assert_eq!(
                (
                    &refused["errors"][0]["pointer"],
                    &refused["errors"][0]["code"]
                ),
                (&json!(pointer), &json!(code))
            );
        }
        for (member, value) in [
            ("experts", json!(["u-e1"])),
            ("indicators", json!([])),
            ("quorum", json!(1)),
            ("rounds_max", json!(4)),
            ("rounds_max", json!(0)),
            ("dispersion_limit", json!(1.1)),
            ("dispersion_limit", json!(-0.1)),
            ("question", json!("")),
            ("chair", json!("u-1")),
        ] {
            with(member, value).expect_problem(400, "malformed_body");
        }
        with("customer", json!("C-9")).expect_problem(404, "not_found");
        for other in [app.sales(), app.finance(), app.auditor(), app.admin()] {
            other
                .post(PATH, question())
                .expect_problem(403, "forbidden");
        }
        let half = with("quorum", Value::Null).expect(201);
        assert_eq!(half["quorum"], 2);
    });
}

#[test]
fn a_repeated_key_convenes_one_panel() {
    on_both(|app| {
        app.turn_to(TODAY);
        a_customer("C-1").create(app);
        let send = || {
            app.credit()
                .request("POST", PATH)
                .key("panel-1")
                .json(question())
                .send()
                .expect(201)
        };
        let (first, again) = (send(), send());
        assert_eq!(first.id(), again.id());
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let listed = app.credit().get(PATH).expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    });
}

// ---------------------------------------------------------------- opinions

#[test]
fn nobody_sees_what_others_say_before_the_round_is_closed() {
    on_both(|app| {
        let panel = convened(app);
        give(app, &panel, "u-e1", scores(7.0, 2.0, "qualified")).expect(201);
        let other = expert(app, "u-e2").get(&path(&panel)).expect(200);
        assert_eq!(
            (&other["experts_answered"], &other["own_opinions"]),
            (&json!(1), &json!([]))
        );
        assert_eq!(other["rounds"][0]["summary"], Value::Null);
        assert_eq!(other["experts"], Value::Null);
        assert!(!other.text.contains("Ability 7"), "{}", other.text);
        // Who convened it knows who has answered, and not what.
        let convener = read(app, &panel);
        assert_eq!(convener["experts"][0]["answered_in"], json!([1]));
        assert!(!convener.text.contains("Ability 7"), "{}", convener.text);
        let own = expert(app, "u-e1").get(&path(&panel)).expect(200);
        assert_eq!(own["own_opinions"][0]["scores"][1]["value"], 7.0);
    });
}

#[test]
fn an_expert_may_think_again_until_the_round_is_closed_and_the_last_opinion_counts() {
    on_both(|app| {
        let panel = convened(app);
        give(app, &panel, "u-e1", scores(1.0, 1.0, "adverse")).expect(201);
        give(app, &panel, "u-e1", scores(7.0, 2.0, "qualified")).expect(201);
        give(app, &panel, "u-e2", scores(7.0, 2.0, "qualified")).expect(201);
        let closed = run(app, &panel, "close-round", json!({})).expect(200);
        let ability = indicator(&closed, 0, ABILITY);
        assert_eq!(ability["numbers"]["minimum"], 7.0);
        assert_eq!(closed["rounds"][0]["summary"]["answered"], 2);
        assert_eq!(closed["rounds"][0]["summary"]["missing"], json!(["u-e3"]));
        let late = give(app, &panel, "u-e3", scores(7.0, 2.0, "qualified"));
        let late = late.expect_problem(409, "state_conflict");
        assert_eq!(late["allowed"], json!(["open_round", "conclude", "cancel"]));
    });
}

#[test]
fn only_the_panels_experts_give_opinions_on_what_is_asked() {
    on_both(|app| {
        let panel = convened(app);
        let opinions = format!("{}/opinions", path(&panel));
        let good = scores(7.0, 2.0, "qualified");
        for stranger in [app.credit(), app.finance(), app.sales()] {
            stranger
                .post(&opinions, good.clone())
                .expect_problem(403, "forbidden");
        }
        app.caller("u-other", &[Role::Sales], None)
            .post(&opinions, good.clone())
            .expect_problem(404, "not_found");
        for reader in [app.auditor(), app.system(), app.admin()] {
            reader
                .post(&opinions, good.clone())
                .expect_problem(403, "forbidden");
        }
        let mut changed = good.clone();
        changed["scores"][2]["indicator"] = json!("LEVERAGE");
        let mut twice = good.clone();
        twice["scores"][2] = good["scores"][0].clone();
        let few = json!({"scores": [good["scores"][0]]});
        for (body, pointer, code) in [
            (
                scores(10.5, 2.0, "qualified"),
                "/scores/0/value",
                "no_answer",
            ),
            (
                scores(7.0, -1.0, "qualified"),
                "/scores/1/value",
                "no_answer",
            ),
            (scores(7.0, 2.0, "splendid"), "/scores/2/value", "no_answer"),
            (changed, "/scores/2/indicator", "not_asked"),
            (twice, "/scores/2/indicator", "twice"),
            (few, "/scores", "not_scored"),
        ] {
            let refused = give(app, &panel, "u-e1", body).expect_problem(422, "invalid");
            assert_eq!(
                (
                    &refused["errors"][0]["pointer"],
                    &refused["errors"][0]["code"]
                ),
                (&json!(pointer), &json!(code))
            );
        }
        for body in [
            json!({}),
            json!({"scores": []}),
            json!({"scores": [{"indicator": ABILITY}]}),
            json!({"scores": [{"indicator": ABILITY, "value": [7]}]}),
            json!({"scores": [{"indicator": ABILITY, "value": 7, "weight": 1}]}),
        ] {
            give(app, &panel, "u-e1", body).expect_problem(400, "malformed_body");
        }
    });
}

// ---------------------------------------------------------------- closing a round

#[test]
fn a_round_is_closed_by_a_quorum_and_those_who_are_missing_are_named() {
    on_both(|app| {
        let panel = convened(app);
        give(app, &panel, "u-e2", scores(7.0, 2.0, "qualified")).expect(201);
        let refused = run(app, &panel, "close-round", json!({})).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "no_quorum");
        let message = refused.text_at("/errors/0/message");
        assert!(message.ends_with("missing: u-e1, u-e3"), "{message}");
        give(app, &panel, "u-e1", scores(7.0, 2.0, "qualified")).expect(201);
        // An expert who holds credit's role does not run the panel.
        let close = format!("{}/close-round", path(&panel));
        let etag = read(app, &panel).etag();
        expert(app, "u-e1")
            .post_if(&close, &etag, json!({}))
            .expect_problem(403, "segregation_of_duties");
        app.finance()
            .post_if(&close, &etag, json!({}))
            .expect_problem(403, "forbidden");
        app.credit()
            .post(&close, json!({}))
            .expect_problem(428, "precondition_required");
        app.credit().post_if(&close, &etag, json!({})).expect(200);
        app.credit()
            .post_if(&close, &etag, json!({}))
            .expect_problem(412, "stale");
        run(app, &panel, "close-round", json!({})).expect_problem(409, "state_conflict");
    });
}

#[test]
fn a_closed_round_tells_figures_dispersion_and_concordance() {
    on_both(|app| {
        let closed = first_round(app);
        assert_eq!(closed["status"], "reviewing");
        let summary = &closed["rounds"][0]["summary"];
        assert_eq!(
            (
                &summary["answered"],
                &summary["missing"],
                &summary["agreed"]
            ),
            (&json!(3), &json!([]), &json!(false))
        );
        // Two see ability before product, one the other way round: rank sums 5 and 4, W = 1/9.
        assert_eq!(summary["concordance"], 0.111_111);
        let ability = indicator(&closed, 0, ABILITY);
        assert_eq!(
            ability["numbers"],
            json!({
                "median": 7.0, "mean": 7.0, "lower_quartile": 6.75, "upper_quartile": 7.25,
                "interquartile_range": 0.5, "standard_deviation": 0.408_248, "minimum": 6.5, "maximum": 7.5
            })
        );
        assert_eq!(
            (
                &ability["result"],
                &ability["dispersion"],
                &ability["agreed"]
            ),
            (&json!(7.0), &json!(0.05), &json!(true))
        );
        // 2, 3, 9: the middle half goes from 2.5 to 6.
        let product = indicator(&closed, 0, PRODUCT);
        assert_eq!(
            (
                &product["result"],
                &product["dispersion"],
                &product["agreed"]
            ),
            (&json!(3.0), &json!(0.35), &json!(false))
        );
        let audit = indicator(&closed, 0, AUDIT);
        assert_eq!(
            audit["answers"],
            json!([{"answer": "qualified", "count": 3}])
        );
        assert_eq!(
            (&audit["result"], &audit["numbers"]),
            (&json!("qualified"), &Value::Null)
        );
    });
}

#[test]
fn names_are_for_the_convener_and_the_auditor_and_figures_alone_for_sales() {
    on_both(|app| {
        let closed = first_round(app);
        let seen = |client: Client<'_>| {
            let panel = client.get(&path(&closed)).expect(200);
            let scores = indicator(&panel, 0, ABILITY)["scores"].clone();
            (scores, panel["experts"].clone(), panel)
        };
        for client in [app.credit(), app.auditor()] {
            let (scores, experts, _) = seen(client);
            assert_eq!(
                scores[0],
                json!({"value": 6.5, "note": "Ability 6.5.", "expert": "u-e3"})
            );
            assert_eq!(experts.as_array().unwrap().len(), 3);
        }
        let colleague = app.caller("u-credit-2", &[Role::Credit], None);
        for client in [expert(app, "u-e1"), expert(app, "u-e3"), colleague] {
            let (scores, experts, panel) = seen(client);
            assert_eq!(
                scores[2],
                json!({"value": 7.5, "note": "Ability 7.5.", "expert": null})
            );
            assert_eq!(experts, Value::Null);
            assert_eq!(panel["rounds"][0]["summary"]["missing"], Value::Null);
            assert!(!panel.text.contains("u-e2"), "{}", panel.text);
        }
        // Who owns the customer and is no expert.
        let (scores, _, panel) = seen(app.sales());
        assert_eq!(scores, json!([]));
        assert_eq!(indicator(&panel, 0, ABILITY)["numbers"]["median"], 7.0);
        // An auditor's role does not lift the anonymity of a panel for its expert.
        let both = app.caller("u-e1", &[Role::Credit, Role::Auditor], None);
        assert_eq!(seen(both).0[0]["expert"], Value::Null);
        app.caller("u-other", &[Role::Sales], None)
            .get(&path(&closed))
            .expect_problem(404, "not_found");
    });
}

#[test]
fn sales_list_panels_on_their_own_customers_and_those_that_ask_them() {
    on_both(|app| {
        let panel = convened(app);
        let mut other = question();
        a_customer("C-2").owned_by("u-other").create(app);
        other["customer"] = json!("C-2");
        other["experts"] = json!(["u-e1", "u-e2"]);
        let other = app.credit().post(PATH, other).expect(201);
        let listed = |client: Client<'_>, query: &str| {
            let reply = client.get(&format!("{PATH}{query}")).expect(200);
            let rows = reply["data"].as_array().unwrap().iter();
            rows.map(|row| row["id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(listed(app.sales(), ""), [panel.id()]);
        assert_eq!(listed(expert(app, "u-e3"), ""), [panel.id()]);
        assert_eq!(listed(expert(app, "u-e3"), "?part=convener"), [""; 0]);
        assert_eq!(
            listed(expert(app, "u-e1"), "?part=expert&status=scoring"),
            [other.id(), panel.id()]
        );
        assert_eq!(listed(app.finance(), "?part=expert"), [""; 0]);
        assert_eq!(listed(app.credit(), "?part=convener").len(), 2);
        let customer = other.text_at("/customer_id");
        assert_eq!(
            listed(app.credit(), &format!("?customer={customer}")),
            [other.id()]
        );
        app.credit()
            .get(&format!("{PATH}?part=chair"))
            .expect_problem(400, "malformed_parameter");
    });
}

// ---------------------------------------------------------------- the second round

#[test]
fn in_the_second_round_experts_see_the_first_and_who_stays_apart_says_why() {
    on_both(|app| {
        let panel = first_round(app);
        let opened = run(app, &panel, "open-round", reason()).expect(200);
        assert_eq!(
            (&opened["status"], &opened["round"]),
            (&json!("scoring"), &json!(2))
        );
        let seen = expert(app, "u-e2").get(&path(&panel)).expect(200);
        assert_eq!(seen["own_opinions"][0]["round"], 1);
        assert_eq!(indicator(&seen, 0, PRODUCT)["numbers"]["median"], 3.0);
        assert_eq!(seen["rounds"][1]["summary"], Value::Null);
        let apart = scores(7.0, 9.0, "qualified");
        let refused = give(app, &panel, "u-e2", apart.clone()).expect_problem(422, "invalid");
        assert_eq!(
            (
                &refused["errors"][0]["pointer"],
                &refused["errors"][0]["code"]
            ),
            (&json!("/scores/1/note"), &json!("required"))
        );
        let mut said = apart;
        said["scores"][1]["note"] = json!("The new line sells out.");
        give(app, &panel, "u-e2", said).expect(201);
        give(app, &panel, "u-e1", scores(7.0, 4.0, "qualified")).expect(201);
        give(app, &panel, "u-e3", scores(7.0, 4.5, "qualified")).expect(201);
        let closed = run(app, &panel, "close-round", json!({})).expect(200);
        // 4, 4.5, 9: nearer, and not at one.
        assert_eq!(indicator(&closed, 1, PRODUCT)["dispersion"], 0.25);
        assert_eq!(indicator(&closed, 0, PRODUCT)["dispersion"], 0.35);
        // Two rounds there are at most.
        let refused = run(app, &panel, "open-round", reason());
        let refused = refused.expect_problem(409, "state_conflict");
        assert_eq!(refused["allowed"], json!(["conclude", "cancel"]));
    });
}

// ---------------------------------------------------------------- the conclusion

fn facts(app: &TestApp) -> Vec<Value> {
    let listed = app.credit().get("/v1/customers/C-1/facts").expect(200);
    listed["data"].as_array().unwrap().clone()
}

#[test]
fn what_a_panel_agrees_on_becomes_facts_that_ratings_use_and_explain() {
    on_both(|app| {
        let panel = first_round(app);
        let by_ability = json!({"criteria": [
            {"code": ABILITY, "weight": 1, "worst": 0, "best": 10, "missing": "refuse"}
        ]});
        put_live(app, &a_model(app, "ABILITY", by_ability));
        let mut body = reason();
        body["expires_on"] = json!("2026-12-31");
        let concluded = run(app, &panel, "conclude", body).expect(200);
        assert_eq!(concluded["status"], "concluded");
        let made: Vec<&Value> = concluded["facts"].as_array().unwrap().iter().collect();
        assert_eq!(made.len(), 2, "{}", concluded.text);
        assert_eq!(
            (&made[0]["indicator"], &made[0]["value"]),
            (&json!(AUDIT), &json!("qualified"))
        );
        assert_eq!(
            (
                &made[1]["indicator"],
                &made[1]["value"],
                &made[1]["expires_on"]
            ),
            (&json!(ABILITY), &json!(7.0), &json!("2026-12-31"))
        );
        for fact in facts(app) {
            assert_eq!(fact["panel_id"], panel.id().as_str());
            assert_eq!(
                (&fact["source"], &fact["said_by"], &fact["as_of"]),
                (&json!("expert_panel"), &json!("u-credit"), &json!(TODAY))
            );
        }
        let rating = app
            .credit()
            .post("/v1/ratings", json!({"customer": "C-1"}))
            .expect(201);
        assert_eq!(rating["model"]["score"], 0.7);
        let source = &rating["inputs"][ABILITY]["source"];
        assert_eq!(
            (&source["kind"], &source["panel_id"], &source["fact_id"]),
            (&json!("fact"), &json!(panel.id()), &made[1]["fact_id"])
        );
        for verb in ["open-round", "conclude", "cancel"] {
            let refused = run(app, &panel, verb, reason());
            assert_eq!(
                refused.expect_problem(409, "state_conflict")["allowed"],
                json!([])
            );
        }
    });
}

#[test]
fn the_middle_is_accepted_where_the_convener_says_so() {
    on_both(|app| {
        let panel = first_round(app);
        let mut body = reason();
        body["not_agreed"] = json!("accept");
        body["expires_on"] = json!("2026-03-30");
        let refused = run(app, &panel, "conclude", body.clone()).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/expires_on");
        assert_eq!(facts(app), [Value::Null; 0]);
        body.as_object_mut().unwrap().remove("expires_on");
        let concluded = run(app, &panel, "conclude", body).expect(200);
        let made = concluded["facts"].as_array().unwrap();
        assert_eq!(made.len(), 3);
        assert_eq!(
            (
                &made[2]["indicator"],
                &made[2]["value"],
                &made[2]["expires_on"]
            ),
            (&json!(PRODUCT), &json!(3.0), &json!("2027-03-31"))
        );
    });
}

#[test]
fn a_panel_that_agrees_on_nothing_concludes_nothing() {
    on_both(|app| {
        let panel = convened(app);
        give(app, &panel, "u-e1", scores(1.0, 9.0, "qualified")).expect(201);
        give(app, &panel, "u-e2", scores(9.0, 1.0, "adverse")).expect(201);
        run(app, &panel, "close-round", json!({})).expect(200);
        let refused = run(app, &panel, "conclude", reason()).expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "nothing_agreed");
        assert_eq!(facts(app), [Value::Null; 0]);
        run(app, &panel, "conclude", json!({})).expect_problem(400, "malformed_body");
        let cancelled = run(app, &panel, "cancel", reason()).expect(200);
        assert_eq!(
            (&cancelled["status"], &cancelled["ended_by"]),
            (&json!("cancelled"), &json!("u-credit"))
        );
        give(app, &panel, "u-e1", scores(1.0, 9.0, "qualified"))
            .expect_problem(409, "state_conflict");
    });
}

#[test]
fn every_step_of_a_panel_is_in_the_trail() {
    on_both(|app| {
        let panel = first_round(app);
        run(app, &panel, "open-round", reason()).expect(200);
        run(app, &panel, "cancel", reason()).expect(200);
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", panel.id()))
            .expect(200);
        let mut actions: Vec<(&str, &str)> = trail["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                (
                    entry["action"].as_str().unwrap(),
                    entry["subject"].as_str().unwrap(),
                )
            })
            .collect();
        actions.sort_unstable();
        assert_eq!(
            actions,
            [
                ("expert_panel.cancelled", "u-credit"),
                ("expert_panel.convened", "u-credit"),
                ("expert_panel.opinion_given", "u-e1"),
                ("expert_panel.opinion_given", "u-e2"),
                ("expert_panel.opinion_given", "u-e3"),
                ("expert_panel.round_closed", "u-credit"),
                ("expert_panel.round_opened", "u-credit"),
            ]
        );
    });
}

#[test]
fn opinions_that_come_while_a_round_is_closed_are_in_it_or_refused() {
    on_both(|app| {
        let panel = convened(app);
        give(app, &panel, "u-e1", scores(7.0, 2.0, "qualified")).expect(201);
        give(app, &panel, "u-e2", scores(7.0, 2.0, "qualified")).expect(201);
        let status = std::thread::scope(|scope| {
            let late =
                scope.spawn(|| give(app, &panel, "u-e3", scores(7.0, 2.0, "qualified")).status);
            run(app, &panel, "close-round", json!({})).expect(200);
            late.join().unwrap()
        });
        let answered = read(app, &panel)["rounds"][0]["summary"]["answered"].clone();
        match status {
            201 => assert_eq!(answered, 3),
            409 => assert_eq!(answered, 2),
            other => panic!("{other}"),
        }
    });
}
