//! Signing in with tokens of OIDC providers: their keys change, they go away, and others pretend to be them.

use std::sync::Barrier;

use diesel::connection::SimpleConnection as _;
use netterms::decide::limits::desk::Switch;
use netterms::platform::db::{Backend, Conn};
use netterms::server::housekeeping::sweep;
use netterms::server::sign_in::settings::{IssuerSettings, SigningAlgorithm};
use serde_json::{Value, json};

use crate::support::{
    Client, Provider, Reply, SigningKey, TestApp, eventually, forge, on_both_with, sign,
};

const PATH: &str = "/v1/customers";

fn calls_with(app: &TestApp, token: &str) -> Reply {
    Client::new(app, Some(token.to_owned())).get(PATH)
}

/// Runs a test on servers that take these issuers' tokens.
fn with_issuers(issuers: &[IssuerSettings], test: impl Fn(&TestApp)) {
    on_both_with(|config| config.issuers = issuers.to_vec(), test);
}

/// Turns the clock on by seconds. Tokens use the clock on the wall, what is remembered of issuers this one.
fn pass(app: &TestApp, seconds: i64) {
    let now = app.clock().now();
    app.clock()
        .turn_to(now.plus(chrono::Duration::seconds(seconds)));
}

fn rsa(id: &str) -> SigningKey {
    SigningKey::new(id, SigningAlgorithm::RS256)
}

fn elliptic(id: &str) -> SigningKey {
    SigningKey::new(id, SigningAlgorithm::ES256)
}

/// A provider that signs with a key of an elliptic curve, which is quickly made.
fn quick(name: &str) -> (Provider, SigningKey, IssuerSettings) {
    let key = elliptic("k-1");
    let provider = Provider::start(name, &[&key]);
    let settings = IssuerSettings {
        algorithms: vec![SigningAlgorithm::ES256],
        ..provider.settings()
    };
    (provider, key, settings)
}

#[test]
fn a_token_of_each_family_is_taken_and_of_another_family_refused() {
    let all = [
        SigningAlgorithm::RS256,
        SigningAlgorithm::ES256,
        SigningAlgorithm::EdDSA,
    ];
    let keys = all.map(|algorithm| SigningKey::new(&format!("{algorithm:?}"), algorithm));
    let published: Vec<&SigningKey> = keys.iter().collect();
    for (algorithm, key) in all.into_iter().zip(&keys) {
        let provider = Provider::start("id", &published);
        let settings = IssuerSettings {
            algorithms: vec![algorithm],
            ..provider.settings()
        };
        with_issuers(&[settings], |app| {
            calls_with(app, &provider.token(key, |_| {})).expect(200);
            for other in keys.iter().filter(|other| other.id != key.id) {
                calls_with(app, &provider.token(other, |_| {}))
                    .expect_problem(401, "token_invalid");
            }
        });
    }
}

#[test]
fn a_key_is_rotated_while_it_is_used() {
    let (provider, first, settings) = quick("id");
    with_issuers(&[settings], |app| {
        provider.publish(&[&first]);
        let old = provider.token(&first, |_| {});
        calls_with(app, &old).expect(200);
        // The provider begins to sign with another key. The first one is still published: both are taken.
        let second = elliptic("k-2");
        provider.publish(&[&first, &second]);
        pass(app, 11);
        let new = provider.token(&second, |_| {});
        calls_with(app, &new).expect(200);
        calls_with(app, &old).expect(200);
        // The first one is taken back: it is refused as soon as the keys are old.
        provider.publish(&[&second]);
        pass(app, 301);
        calls_with(app, &old).expect_problem(401, "token_invalid");
        calls_with(app, &new).expect(200);
        // A key of the same name that is another one is another one.
        let other = elliptic("k-2");
        provider.publish(&[&other]);
        pass(app, 301);
        calls_with(app, &new).expect_problem(401, "token_invalid");
        calls_with(app, &provider.token(&other, |_| {})).expect(200);
    });
}

#[test]
fn a_flood_of_unknown_keys_asks_the_issuer_once() {
    let (provider, key, settings) = quick("id");
    with_issuers(&[settings], |app| {
        calls_with(app, &provider.token(&key, |_| {})).expect(200);
        pass(app, 11);
        let before = provider.asked();
        let forged: Vec<SigningKey> = (0..8).map(|at| elliptic(&format!("forged-{at}"))).collect();
        let together = Barrier::new(forged.len());
        std::thread::scope(|scope| {
            for forged in &forged {
                scope.spawn(|| {
                    let token = provider.token(forged, |_| {});
                    together.wait();
                    for _ in 0..5 {
                        calls_with(app, &token).expect_problem(401, "token_invalid");
                    }
                });
            }
        });
        assert_eq!(provider.asked(), before + 1);
        pass(app, 11);
        calls_with(app, &provider.token(&forged[0], |_| {})).expect_problem(401, "token_invalid");
        assert_eq!(provider.asked(), before + 2);
        calls_with(app, &provider.token(&key, |_| {})).expect(200);
    });
}

#[test]
fn an_issuer_that_is_away_at_the_start_is_asked_again_when_it_has_come() {
    let key = elliptic("k-1");
    let provider = Provider::away("id");
    let settings = IssuerSettings {
        algorithms: vec![SigningAlgorithm::ES256],
        ..provider.settings()
    };
    let app = TestApp::start_with(Backend::Sqlite, |config| config.issuers = vec![settings]);
    let token = provider.token(&key, |_| {});
    let refused = calls_with(&app, &token).expect_problem(503, "issuer_unavailable");
    assert!(refused.header("retry-after").is_some());
    // Others sign in as ever.
    app.auditor().get(PATH).expect(200);
    provider.publish(&[&key]);
    provider.come();
    pass(&app, 11);
    calls_with(&app, &token).expect(200);
}

#[test]
fn while_an_issuer_is_silent_its_last_keys_are_kept_for_an_hour() {
    let (provider, key, settings) = quick("id");
    let app = TestApp::start_with(Backend::Sqlite, |config| config.issuers = vec![settings]);
    let token = provider.token(&key, |_| {});
    calls_with(&app, &token).expect(200);
    provider.go();
    for _ in 0..5 {
        pass(&app, 600);
        calls_with(&app, &token).expect(200);
    }
    pass(&app, 601);
    calls_with(&app, &token).expect_problem(503, "issuer_unavailable");
}

#[test]
fn what_an_issuer_says_beyond_reason_is_not_taken() {
    let (provider, key, settings) = quick("id");
    let app = TestApp::start_with(Backend::Sqlite, |config| config.issuers = vec![settings]);
    let token = provider.token(&key, |_| {});
    calls_with(&app, &token).expect(200);
    let long = "x".repeat(300_000);
    let many: Vec<Value> = (0..101)
        .map(|at| json!({"kty": "EC", "kid": at.to_string()}))
        .collect();
    for said in [
        json!([{"kid": long}]),
        json!(many),
        json!("none"),
        json!({}),
    ] {
        provider.publish_raw(said);
        pass(&app, 301);
        calls_with(&app, &token).expect(200);
    }
    // Of a set with keys of any kind those are taken that verify signatures.
    let encrypts = |mut public: Value| {
        public["use"] = json!("enc");
        public
    };
    let oct = json!({"kty": "oct", "kid": "k-0", "k": "c2VjcmV0"});
    let odd = json!({"kty": "XYZ", "kid": "k-9"});
    provider.publish_raw(json!([oct, odd, key.public()]));
    pass(&app, 301);
    calls_with(&app, &token).expect(200);
    provider.publish_raw(json!([encrypts(key.public())]));
    pass(&app, 301);
    eventually(|| (calls_with(&app, &token).status == 401).then_some(()));
}

#[test]
fn a_token_with_wrong_claims_is_refused() {
    let (provider, key, settings) = quick("id");
    with_issuers(&[settings], |app| {
        let now = jsonwebtoken::get_current_timestamp();
        let wrong = [
            ("iss", json!("https://id.example.com")),
            ("iss", json!(provider.issuer() + "/")),
            ("iss", json!([provider.issuer()])),
            ("aud", json!("another-service")),
            ("aud", json!(["another-service"])),
            ("aud", json!([])),
            ("exp", json!((now + 60).to_string())),
            (
                "exp",
                serde_json::from_str(&format!("{}.5", now + 60)).unwrap(),
            ),
            ("exp", json!(now + 2 * 24 * 60 * 60)),
            ("nbf", json!(now + 600)),
            ("nbf", json!("0")),
            ("iat", json!(now + 600)),
            ("iat", json!("now")),
            ("sub", json!("")),
            ("sub", json!("a b")),
            ("sub", json!(7)),
            ("sub", json!("x".repeat(126))),
            ("client_id", json!("")),
            ("client_id", json!(["desk"])),
            ("jti", json!("a\0b")),
        ];
        for (claim, value) in wrong {
            let token = provider.token(&key, |claims| claims[claim] = value.clone());
            let refused = calls_with(app, &token);
            assert_eq!(
                (refused.status, &refused["code"]),
                (401, &json!("token_invalid")),
                "{claim}: {value}"
            );
        }
        for claim in ["iss", "aud", "exp", "iat", "sub", "client_id", "jti"] {
            let token = provider.token(&key, |claims| {
                claims.as_object_mut().unwrap().remove(claim);
            });
            assert_eq!(calls_with(app, &token).status, 401, "without {claim}");
        }
        let expired = provider.token(&key, |claims| claims["exp"] = json!(now - 60));
        calls_with(app, &expired).expect_problem(401, "token_expired");
        let nobody = provider.token(&key, |claims| claims["roles"] = json!(["emperor"]));
        calls_with(app, &nobody).expect_problem(403, "forbidden");
    });
}

#[test]
fn a_token_that_is_signed_otherwise_or_brings_its_key_is_refused() {
    let key = rsa("k-1");
    let provider = Provider::start("id", &[&key]);
    with_issuers(&[provider.settings()], |app| {
        let good = provider.token(&key, |_| {});
        calls_with(app, &good).expect(200);
        let asked = provider.asked();
        let claims = provider.claims();
        // The public key is known to everybody, and is no secret.
        let public = key.public();
        let modulus = public["n"].as_str().unwrap();
        for alg in ["HS256", "none", "None", "", "RS384", "PS256", "ES256"] {
            let header = json!({"alg": alg, "typ": "at+jwt", "kid": "k-1"});
            for secret in [modulus.as_bytes(), b"", public.to_string().as_bytes()] {
                let forged = forge(&header, &claims, secret);
                calls_with(app, &forged).expect_problem(401, "token_invalid");
                let (unsigned, _) = forged.rsplit_once('.').unwrap();
                calls_with(app, &format!("{unsigned}.")).expect_problem(401, "token_invalid");
            }
        }
        let (signed, _) = good.rsplit_once('.').unwrap();
        calls_with(app, &format!("{signed}.AAAA")).expect_problem(401, "token_invalid");
        for kind in ["JWT", "id+jwt", "logout+jwt", ""] {
            let token = key.sign_with(&key.header(kind), &claims);
            calls_with(app, &token).expect_problem(401, "token_invalid");
        }
        let own = rsa("k-1");
        for change in [
            |header: &mut jsonwebtoken::Header| {
                header.jku = Some("http://127.0.0.1:9/keys".to_owned());
            },
            |header: &mut jsonwebtoken::Header| {
                header.x5u = Some("http://127.0.0.1:9/x5u".to_owned());
            },
            |header: &mut jsonwebtoken::Header| header.crit = Some(vec!["b64".to_owned()]),
            |header: &mut jsonwebtoken::Header| header.x5c = Some(vec!["AAAA".to_owned()]),
        ] {
            for signer in [&key, &own] {
                let mut header = signer.header("at+jwt");
                change(&mut header);
                let token = signer.sign_with(&header, &claims);
                calls_with(app, &token).expect_problem(401, "token_invalid");
            }
        }
        let mut header = own.header("at+jwt");
        header.jwk = serde_json::from_value(own.public()).ok();
        let token = own.sign_with(&header, &claims);
        calls_with(app, &token).expect_problem(401, "token_invalid");
        assert_eq!(provider.asked(), asked, "none of them had the issuer asked");
    });
}

#[test]
fn two_issuers_name_two_people_and_neither_names_one_of_ours() {
    let (one, one_key, one_settings) = quick("one");
    let (other, other_key, other_settings) = quick("other");
    with_issuers(&[one_settings, other_settings], |app| {
        let me = |token: &str| {
            let answer = Client::new(app, Some(token.to_owned()))
                .get("/v1/me")
                .expect(200);
            answer.text_at("/subject")
        };
        assert_eq!(me(&one.token(&one_key, |_| {})), "one:u-7");
        assert_eq!(me(&other.token(&other_key, |_| {})), "other:u-7");
        assert_eq!(me(&sign(|claims| claims["sub"] = json!("u-7"))), "u-7");
        // The key of one does not sign for the other.
        let crossed = one_key.sign_with(&one_key.header("at+jwt"), &other.claims());
        calls_with(app, &crossed).expect_problem(401, "token_invalid");
        for subject in [
            "one:u-7",
            "other:x",
            "api-key:key_01k00000000000000000000001",
        ] {
            let local = sign(|claims| claims["sub"] = json!(subject));
            calls_with(app, &local).expect_problem(401, "token_invalid");
        }
    });
}

#[test]
fn tokens_with_the_secret_are_refused_where_they_are_switched_off() {
    let (provider, key, settings) = quick("id");
    let change = |config: &mut netterms::server::Config| {
        config.issuers = vec![settings.clone()];
        config.local_tokens = Switch::Off;
    };
    on_both_with(change, |app| {
        calls_with(app, &provider.token(&key, |_| {})).expect(200);
        app.auditor().get(PATH).expect_problem(401, "token_invalid");
    });
}

#[test]
fn a_token_of_keycloak_is_taken_and_its_id_token_is_not() {
    let key = rsa("YJ8kJ0Vf8A");
    let provider = Provider::start("trade", &[&key]);
    with_issuers(&[provider.keycloak_settings()], |app| {
        let token = |change: &dyn Fn(&mut Value)| {
            let mut claims = provider.keycloak_claims();
            change(&mut claims);
            key.sign_with(&key.header("JWT"), &claims)
        };
        let me = Client::new(app, Some(token(&|_| {})))
            .get("/v1/me")
            .expect(200);
        assert_eq!(me["subject"], "trade:3f1c9a2e-1d2b-4c3d-8e4f-5a6b7c8d9e0f");
        assert_eq!(me["roles"], json!(["auditor"]));
        for kind in ["ID", "Refresh", "Logout"] {
            let other = token(&|claims| claims["typ"] = json!(kind));
            calls_with(app, &other).expect_problem(401, "token_invalid");
        }
        let id = token(&|claims| claims["at_hash"] = json!("x"));
        calls_with(app, &id).expect_problem(401, "token_invalid");
        let unmapped = token(&|claims| claims["realm_access"]["roles"] = json!(["auditor"]));
        calls_with(app, &unmapped).expect_problem(403, "forbidden");
    });
}

#[test]
fn a_token_of_entra_is_taken_and_one_for_another_service_is_not() {
    let key = rsa("nOo3ZDrODXEK1jKWhXslHR_KXEg");
    let provider = Provider::start("contoso", &[&key]);
    with_issuers(&[provider.entra_settings()], |app| {
        let token = |change: &dyn Fn(&mut Value)| {
            let mut claims = provider.entra_claims();
            change(&mut claims);
            key.sign_with(&key.header("JWT"), &claims)
        };
        let me = Client::new(app, Some(token(&|_| {})))
            .get("/v1/me")
            .expect(200);
        assert_eq!(
            me["subject"],
            "contoso:690222be-ff1a-4d56-abd1-7e4f7d38e474"
        );
        assert_eq!(me["roles"], json!(["auditor"]));
        let changes: [&dyn Fn(&mut Value); 4] = [
            &|claims| claims["aud"] = json!("00000003-0000-0000-c000-000000000000"),
            &|claims| claims["nonce"] = json!("678910"),
            &|claims| claims["scp"] = Value::Null,
            &|claims| claims["tid"] = Value::Null,
        ];
        for change in changes {
            calls_with(app, &token(change)).expect_problem(401, "token_invalid");
        }
    });
}

#[test]
fn a_revoked_token_and_all_of_a_person_count_no_more() {
    const REVOCATIONS: &str = "/v1/token-revocations";
    on_both_with(
        |_| {},
        |app| {
            let one = sign(|claims| claims["jti"] = json!("t-stolen"));
            let other = sign(|claims| claims["jti"] = json!("t-other"));
            calls_with(app, &one).expect(200);
            let revoke = |body: Value| app.admin().post(REVOCATIONS, body);
            revoke(json!({"token_id": "t-stolen", "reason": "It stood in a log."})).expect(201);
            calls_with(app, &one).expect_problem(401, "token_invalid");
            calls_with(app, &other).expect(200);
            revoke(json!({"subject": "u-1", "reason": "The laptop was stolen."})).expect(201);
            calls_with(app, &other).expect_problem(401, "token_invalid");
            // An issuer's clock may be ahead of ours: what it says to have issued within the next minute counts no more, either.
            let ahead = sign(|claims| {
                claims["jti"] = json!("t-ahead");
                claims["iat"] = json!(jsonwebtoken::get_current_timestamp() + 30);
            });
            calls_with(app, &ahead).expect_problem(401, "token_invalid");
            // Another server knows it from the start, or a moment later.
            let another = app.another();
            calls_with(&another, &other).expect_problem(401, "token_invalid");
            let mine = another.auditor();
            mine.get(PATH).expect(200);
            revoke(json!({"subject": "u-auditor", "reason": "Left the company."})).expect(201);
            eventually(|| (mine.get(PATH).status == 401).then_some(()));
            let listed = app.admin().get(REVOCATIONS).expect(200);
            assert_eq!(listed["data"].as_array().unwrap().len(), 3);
            for body in [
                json!({"reason": "x"}),
                json!({"subject": "u-1", "token_id": "t-1", "reason": "x"}),
            ] {
                revoke(body).expect_problem(422, "invalid");
            }
            app.finance()
                .post(REVOCATIONS, json!({"subject": "u-admin", "reason": "x"}))
                .expect_problem(403, "forbidden");
        },
    );
}

#[test]
fn what_is_issued_a_minute_after_a_revocation_counts() {
    on_both_with(
        |_| {},
        |app| {
            let before = sign(|claims| claims["jti"] = json!("t-before"));
            app.admin()
                .post(
                    "/v1/token-revocations",
                    json!({"subject": "u-1", "reason": "The laptop was stolen."}),
                )
                .expect(201);
            // As if some of the minute had passed.
            run(
                app,
                "UPDATE token_revocations SET issued_until = issued_until - 45",
            );
            let later_server = app.another();
            let later = sign(|claims| {
                claims["jti"] = json!("t-later");
                claims["iat"] = json!(jsonwebtoken::get_current_timestamp() + 50);
            });
            calls_with(&later_server, &later).expect(200);
            calls_with(&later_server, &before).expect_problem(401, "token_invalid");
        },
    );
}

fn run(app: &TestApp, sql: &str) {
    match app.database().reader().unwrap().conn() {
        Conn::Postgres(c) => c.batch_execute(sql).unwrap(),
        Conn::Sqlite(c) => c.batch_execute(sql).unwrap(),
    }
}

#[test]
fn whatever_signs_in_under_a_name_can_be_revoked_by_it() {
    on_both_with(
        |_| {},
        |app| {
            let revoke = |name: &str| {
                let body = json!({"token_id": name, "reason": "It stood in a log."});
                app.admin().post("/v1/token-revocations", body)
            };
            for name in [
                " t-1 ".to_owned(),
                "t ".to_owned(),
                "x".repeat(201),
                "é".repeat(255),
            ] {
                let token = sign(|claims| claims["jti"] = json!(name));
                calls_with(app, &token).expect(200);
                let revoked = revoke(&name).expect(201);
                assert_eq!(revoked["token_id"], json!(name));
                calls_with(app, &token).expect_problem(401, "token_invalid");
            }
            // Another name is another token.
            calls_with(app, &sign(|claims| claims["jti"] = json!("t"))).expect(200);
            // What nobody can sign in with is no name.
            revoke("").expect_problem(400, "malformed_body");
            revoke(&"x".repeat(256)).expect_problem(400, "malformed_body");
            let refused = revoke("a\u{1}b").expect_problem(422, "invalid");
            assert_eq!(refused.text_at("/errors/0/pointer"), "/token_id");
        },
    );
}

#[test]
fn revocations_that_are_about_nothing_any_more_are_forgotten_and_the_sweep_goes_on() {
    on_both_with(
        |_| {},
        |app| {
            let body = json!({"token_id": "t-old", "reason": "It stood in a log."});
            app.admin()
                .post("/v1/token-revocations", body.clone())
                .expect(201);
            run(app, "UPDATE token_revocations SET kept_until = 1");
            app.admin()
                .post(
                    "/v1/token-revocations",
                    json!({"token_id": "t-new", "reason": "It stood in a log."}),
                )
                .expect(201);
            sweep(app.database()).unwrap();
            sweep(app.database()).unwrap();
            let listed = app.admin().get("/v1/token-revocations").expect(200);
            let left = listed["data"].as_array().unwrap();
            assert_eq!(left.len(), 1, "{left:?}");
            assert_eq!(left[0]["token_id"], "t-new");
        },
    );
}

#[test]
fn a_token_that_lives_too_long_is_refused_however_near_its_end_is() {
    let (provider, key, settings) = quick("id");
    with_issuers(&[settings], |app| {
        let now = jsonwebtoken::get_current_timestamp();
        let day = 24 * 60 * 60;
        // A day is the most, and clocks may be a minute apart.
        for (lived, left, status) in [
            (day - 600, 600, 200),
            (day - 600, 630, 200),
            (day - 600, 720, 401),
            (9 * day, 600, 401),
        ] {
            let own = provider.token(&key, |claims| {
                claims["iat"] = json!(now - lived);
                claims["exp"] = json!(now + left);
            });
            assert_eq!(calls_with(app, &own).status, status, "{lived} {left}");
            let local = sign(|claims| {
                claims["iat"] = json!(now - lived);
                claims["exp"] = json!(now + left);
            });
            assert_eq!(calls_with(app, &local).status, status, "{lived} {left}");
        }
    });
}
