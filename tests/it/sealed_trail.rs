//! The seal over the trail: what an auditor takes away can be checked without trusting whoever keeps the book.

use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::connection::SimpleConnection as _;
use kernel::caller::Role;
use netterms::platform::db::{Backend, Conn};
use netterms::platform::http::auth::internal_caller;
use netterms::prove::audit::actions::{audit, audit_believing};
use netterms::prove::sealing::actions;
use netterms::prove::sealing::input::kept_checkpoints;
use netterms::prove::sealing::model::Trust;
use netterms::prove::sealing::signing::Signer;
use netterms::server::housekeeping::sweep;
use serde_json::{Value, json};

use crate::support::{TestApp, a_customer, an_invoice, on_both, on_both_with, token};

/// RFC 8032, 7.1, test 1, as PKCS #8.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

pub fn key_file() -> PathBuf {
    let path = std::env::temp_dir().join(format!("netterms-{}-signing.pem", std::process::id()));
    std::fs::write(&path, KEY).unwrap();
    path
}

/// RFC 8032, 7.1, test 2, as PKCS #8.
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n\
    -----END PRIVATE KEY-----\n";

pub fn other_key_file() -> PathBuf {
    let path = std::env::temp_dir().join(format!("netterms-{}-other.pem", std::process::id()));
    std::fs::write(&path, OTHER_KEY).unwrap();
    path
}

/// Has the sealer rest, as after a failure, or work again.
pub fn let_the_sealer(app: &TestApp, rest_or_work: &str) {
    let until = if rest_or_work == "rest" {
        sweep(app.database()).unwrap();
        "'2999-01-01T00:00:00.000000Z'"
    } else {
        "NULL"
    };
    let sql = format!("UPDATE subscriptions SET retry_at = {until} WHERE name = 'sealed_trail'");
    match app.database().reader().unwrap().conn() {
        Conn::Postgres(c) => c.batch_execute(&sql).unwrap(),
        Conn::Sqlite(c) => c.batch_execute(&sql).unwrap(),
    }
}

/// A book with some entries, all sealed.
fn a_sealed_book(app: &TestApp) {
    app.turn_to("2026-03-31");
    a_customer("C-1")
        .named("江南 \"Trading\" Co.")
        .with_limit("1000.00")
        .create(app);
    for number in 1..=5 {
        an_invoice(&format!("I-{number}"), "C-1", "10.00").create(app);
    }
    sweep(app.database()).unwrap();
}

/// Signs a checkpoint with a key, past the server.
pub fn sign_with(app: &TestApp, signer: &Signer) {
    let caller = internal_caller("netterms", &[]).unwrap();
    let checkpoint = actions::prepare(app.database(), &caller, Some(signer)).unwrap();
    app.database()
        .write(&caller, |tx| actions::keep(tx, &checkpoint))
        .unwrap();
}

fn sign(app: &TestApp) -> Value {
    app.admin()
        .post("/v1/trail/checkpoints", json!({}))
        .expect(201)
        .body
}

/// What `verify` finds wrong with the trail, in words.
fn found(app: &TestApp) -> Vec<String> {
    let audit = audit(app.database()).unwrap();
    let finding = audit
        .invariants
        .into_iter()
        .find(|finding| finding.invariant == "the trail is as it was sealed")
        .unwrap();
    finding
        .first
        .into_iter()
        .map(|lie| format!("{} {}", lie.what, lie.stated))
        .collect()
}

/// Changes the book by other hands, which know how to silence the database.
pub fn falsify(app: &TestApp, sql: &str) {
    match app.database().reader().unwrap().conn() {
        Conn::Postgres(c) => c
            .batch_execute(&format!(
                "ALTER TABLE trail_entries DROP CONSTRAINT IF EXISTS trail_entries_own_transaction; \
                 SET session_replication_role = replica; {sql}; SET session_replication_role = origin"
            ))
            .unwrap(),
        Conn::Sqlite(c) => {
            for trigger in [
                "trail_entries_no_update", "trail_entries_no_delete", "trail_entries_no_replace",
                "trail_seals_no_update", "trail_seals_no_delete",
                "trail_checkpoints_no_update", "trail_checkpoints_no_delete",
            ] {
                c.batch_execute(&format!("DROP TRIGGER IF EXISTS {trigger}")).unwrap();
            }
            c.batch_execute(sql).unwrap();
        }
    }
}

/// The program that docs/platform/sealed-trail.md shows.
fn verifier() -> String {
    let page = std::fs::read_to_string("docs/platform/sealed-trail.md").unwrap();
    let (_, after) = page.split_once("```python\n").unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

fn run_verifier(app: &TestApp) -> (bool, String) {
    let output = Command::new("python3")
        .args([
            "-c",
            &verifier(),
            &app.url(""),
            &token("u-auditor", &[Role::Auditor], None),
        ])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn an_auditor_computes_the_chain_anew_with_twenty_lines() {
    let file = key_file();
    on_both_with(
        |config| config.signing_key_file = Some(file.clone()),
        |app| {
            a_sealed_book(app);
            // Before the checkpoint, which is an entry itself and is sealed soon.
            let (holds, said) = run_verifier(app);
            let checkpoint = sign(app);
            assert_eq!(
                checkpoint["public_key"],
                "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
            );
            assert!(holds, "{said}");
            let position = checkpoint["position"].as_i64().unwrap();
            assert_eq!(
                said.trim(),
                format!(
                    "{position} entries, {}",
                    checkpoint["hash"].as_str().unwrap()
                )
            );
            assert_eq!(found(app), [""; 0]);
            // The checkpoint is sealed like any entry.
            sweep(app.database()).unwrap();
            let proof = app
                .auditor()
                .get(&format!("/v1/trail/proof?position_from={}", position + 1))
                .expect(200);
            assert!(
                proof["data"][0]["entry"]
                    .as_str()
                    .unwrap()
                    .contains("trail_checkpoint.signed")
            );
            falsify(
                app,
                "UPDATE trail_entries SET after = replace(after, '10', '11') WHERE action = 'invoice.posted' AND seq = (SELECT max(seq) FROM trail_entries WHERE action = 'invoice.posted')",
            );
            let (holds, said) = run_verifier(app);
            assert!(!holds && said.contains("was changed"), "{said}");
        },
    );
}

const THIRD: &str = "(SELECT seq FROM trail_seals WHERE position = 3)";

#[test]
fn whatever_is_done_to_the_trail_is_named() {
    let file = key_file();
    for (sql, expected) in [
        (
            format!("UPDATE trail_entries SET reason = 'another' WHERE seq = {THIRD}"),
            "changed since it was sealed 3",
        ),
        (
            format!("UPDATE trail_entries SET subject = 'u-9' WHERE seq = {THIRD}"),
            "changed since it was sealed 3",
        ),
        (
            format!("DELETE FROM trail_entries WHERE seq = {THIRD}"),
            "sealed and gone 3",
        ),
        (
            "DELETE FROM trail_seals WHERE position = 3".to_owned(),
            "an empty place in the chain 3",
        ),
        (
            "DELETE FROM trail_seals WHERE position >= 5".to_owned(),
            "the chain is not as the checkpoint has it LAST",
        ),
        (
            "UPDATE trail_checkpoints SET position = 4".to_owned(),
            "the checkpoint's signature is wrong 4",
        ),
    ] {
        on_both_with(
            |config| config.signing_key_file = Some(file.clone()),
            |app| {
                a_sealed_book(app);
                let last = sign(app)["position"].clone();
                assert_eq!(found(app), [""; 0]);
                falsify(app, &sql);
                let expected = expected.replace("LAST", &last.to_string());
                assert!(found(app).contains(&expected), "{sql}: {:?}", found(app));
            },
        );
    }
}

#[test]
fn checkpoints_are_held_against_those_that_were_kept_and_the_keys_that_are_believed() {
    let file = key_file();
    on_both_with(
        |config| config.signing_key_file = Some(file.clone()),
        |app| {
            a_sealed_book(app);
            sign(app);
            let kept = app.auditor().get("/v1/trail/checkpoints").expect(200).text;
            let told = |keys: &[[u8; 32]], kept: &str| -> Vec<String> {
                let trust = Trust {
                    keys: keys.iter().map(|key| key.to_vec()).collect(),
                    kept: kept_checkpoints(kept).unwrap(),
                };
                let audit = audit_believing(app.database(), &trust).unwrap();
                let finding = audit
                    .invariants
                    .into_iter()
                    .find(|finding| finding.invariant == "the trail is as it was sealed");
                let lies = finding.unwrap().first.into_iter();
                lies.map(|lie| lie.what).collect()
            };
            let own = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
            let own: [u8; 32] = STANDARD.decode(own).unwrap().try_into().unwrap();
            assert_eq!(told(&[], &kept), [""; 0]);
            let stranger = "the checkpoint is signed by another key".to_owned();
            assert!(!told(&[own], &kept).contains(&stranger));
            assert!(told(&[[7; 32]], "").contains(&stranger));
            // Whoever takes a checkpoint out of the database is found by the one that was kept.
            falsify(app, "DELETE FROM trail_checkpoints");
            assert_eq!(told(&[], ""), [""; 0]);
            assert!(
                told(&[own], &kept)
                    .contains(&"the checkpoint that was kept elsewhere is not here".to_owned())
            );
            for wrong in ["{}", "[1]", "no JSON"] {
                assert!(kept_checkpoints(wrong).is_err(), "{wrong}");
            }
        },
    );
}

/// The days on which entries were sealed and no key that is believed signed, of those that the test lives through.
fn unsigned_days(app: &TestApp, keys: &[[u8; 32]], kept: &str) -> Vec<String> {
    let trust = Trust {
        keys: keys.iter().map(|key| key.to_vec()).collect(),
        kept: kept_checkpoints(kept).unwrap(),
    };
    let audit = audit_believing(app.database(), &trust).unwrap();
    let finding = audit
        .invariants
        .into_iter()
        .find(|finding| finding.invariant == "the trail is as it was sealed");
    let lies = finding.unwrap().first.into_iter();
    let unsigned = lies
        .filter(|lie| lie.what == "no checkpoint of the day is signed by a key that is believed");
    // The book was furnished on a day of the machine's own.
    unsigned
        .map(|lie| lie.id)
        .filter(|day| day.starts_with("2031-"))
        .collect()
}

#[test]
fn whoever_names_a_key_is_told_of_every_day_that_it_did_not_sign() {
    let (file, other) = (key_file(), other_key_file());
    on_both_with(
        |config| config.signing_key_file = Some(file.clone()),
        |app| {
            let own: [u8; 32] = STANDARD
                .decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
                .unwrap()
                .try_into()
                .unwrap();
            for day in ["2031-03-30", "2031-03-31", "2031-04-01", "2031-04-02"] {
                app.turn_to(day);
                a_customer(&format!("C-{day}")).create(app);
                sweep(app.database()).unwrap();
                match day {
                    "2031-03-30" => drop(sign(app)),
                    // Whoever can write into the database signs with a key of his own.
                    "2031-03-31" => {
                        let stranger = Signer::from_file(&other).unwrap();
                        sign_with(app, &stranger);
                    }
                    _ => {}
                }
                sweep(app.database()).unwrap();
            }
            assert_eq!(unsigned_days(app, &[], ""), [""; 0]);
            // The last day is not over.
            let two = ["2031-03-31", "2031-04-01"];
            assert_eq!(unsigned_days(app, &[own], ""), two);
            let kept = app.auditor().get("/v1/trail/checkpoints").expect(200).text;
            falsify(app, "DELETE FROM trail_checkpoints");
            assert_eq!(
                unsigned_days(app, &[own], ""),
                ["2031-03-30", "2031-03-31", "2031-04-01"]
            );
            assert_eq!(unsigned_days(app, &[own], &kept), two);
        },
    );
}

#[test]
fn a_trail_that_is_not_sealed_is_named() {
    on_both(|app| {
        a_sealed_book(app);
        let_the_sealer(app, "rest");
        an_invoice("I-6", "C-1", "10.00").create(app);
        assert_eq!(found(app), [""; 0], "the sealer may be a moment late");
        app.turn_to("2026-04-01");
        let told = found(app);
        assert!(
            !told.is_empty()
                && told
                    .iter()
                    .all(|one| one.starts_with("written long ago and never sealed")),
            "{told:?}"
        );
        let_the_sealer(app, "work");
        sweep(app.database()).unwrap();
        assert_eq!(found(app), [""; 0]);
        // Somebody empties both tables.
        falsify(
            app,
            "DELETE FROM trail_seals; DELETE FROM trail_checkpoints",
        );
        let told = found(app);
        assert_eq!(told.len(), 20, "{told:?}");
        assert!(
            told.iter()
                .all(|one| one.starts_with("among sealed entries and never sealed")),
            "{told:?}"
        );
    });
}

/// Readers have gone past the beginning of the log, and none comes to a place of a transaction that never was.
#[test]
fn an_entry_stands_where_its_transaction_does_or_is_named() {
    on_both(|app| {
        a_sealed_book(app);
        let put_in = "INSERT INTO trail_entries (seq, id, at, subject, issuer, client_id, roles, action, entity_id, \
                      request_id, transaction_id) \
                      SELECT 9000000000, id, at, 'u-9', issuer, client_id, roles, action, entity_id, request_id, 1 \
                      FROM trail_entries WHERE seq = (SELECT max(seq) FROM trail_entries)";
        let (refusal, without) = match app.database().reader().unwrap().conn() {
            Conn::Postgres(c) => (
                c.batch_execute(put_in).unwrap_err().to_string(),
                "ALTER TABLE trail_entries DROP CONSTRAINT IF EXISTS trail_entries_own_transaction",
            ),
            Conn::Sqlite(c) => (
                c.batch_execute(put_in).unwrap_err().to_string(),
                "DROP TRIGGER trail_entries_own_transaction",
            ),
        };
        assert!(refusal.contains("own"), "{refusal}");
        assert_eq!(found(app), [""; 0]);
        falsify(app, &format!("{without}; {put_in}"));
        app.turn_to("2026-04-01");
        sweep(app.database()).unwrap();
        let told = found(app);
        let expected = match app.backend {
            Backend::Postgres => "among sealed entries and never sealed 9000000000",
            Backend::Sqlite => "written long ago and never sealed 9000000000",
        };
        assert_eq!(told, [expected]);
    });
}

#[test]
fn the_days_checkpoint_waits_a_while_for_what_the_day_before_left_to_the_sealer() {
    let file = key_file();
    on_both_with(
        |config| config.signing_key_file = Some(file.clone()),
        |app| {
            a_sealed_book(app);
            let_the_sealer(app, "rest");
            an_invoice("I-6", "C-1", "10.00").create(app);
            let signer = Signer::from_file(&file).unwrap();
            let signed_at = |at: &str| {
                let at = serde_json::from_str(&format!("\"{at}\"")).unwrap();
                app.clock().turn_to(at);
                actions::sign_daily(app.database(), Some(&signer)).unwrap();
                let listed = app.auditor().get("/v1/trail/checkpoints").expect(200);
                listed["data"].as_array().unwrap().len()
            };
            assert_eq!(signed_at("2026-04-01T00:00:10Z"), 0);
            let_the_sealer(app, "work");
            sweep(app.database()).unwrap();
            assert_eq!(signed_at("2026-04-01T00:00:20Z"), 1);
            let_the_sealer(app, "rest");
            an_invoice("I-7", "C-1", "10.00").create(app);
            // Nobody waits for ever, and controls find the day.
            assert_eq!(signed_at("2026-04-02T00:59:00Z"), 1);
            assert_eq!(signed_at("2026-04-02T01:00:00Z"), 2);
        },
    );
}

#[test]
fn an_entry_that_is_put_in_among_sealed_ones_is_named() {
    on_both(|app| {
        a_sealed_book(app);
        falsify(
            app,
            "DELETE FROM trail_seals WHERE position = (SELECT max(position) FROM trail_seals); \
             UPDATE trail_seals SET seq = (SELECT max(seq) FROM trail_entries) \
             WHERE position = (SELECT max(position) FROM trail_seals)",
        );
        let told = found(app);
        assert!(
            told.iter()
                .any(|one| one.starts_with("among sealed entries and never sealed")),
            "{told:?}"
        );
    });
}

#[test]
fn the_trail_is_proved_to_auditors_and_signed_by_admins_who_have_a_key() {
    on_both(|app| {
        a_sealed_book(app);
        app.finance()
            .get("/v1/trail/proof")
            .expect_problem(403, "forbidden");
        app.anonymous()
            .get("/v1/trail/proof")
            .expect_problem(401, "token_missing");
        app.auditor()
            .post("/v1/trail/checkpoints", json!({}))
            .expect_problem(403, "forbidden");
        app.admin()
            .post("/v1/trail/checkpoints", json!({}))
            .expect_problem(409, "no_signing_key");
        for wrong in ["0", "-1", "x", "9223372036854775808"] {
            app.auditor()
                .get(&format!("/v1/trail/proof?position_to={wrong}"))
                .expect_problem(400, "malformed_parameter");
        }
        let page = app
            .auditor()
            .get("/v1/trail/proof?position_from=2&position_to=3")
            .expect(200);
        let positions: Vec<&Value> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| &link["position"])
            .collect();
        assert_eq!(positions, [2, 3]);
        let entry: Value =
            serde_json::from_str(page["data"][0]["entry"].as_str().unwrap()).unwrap();
        let told = app.auditor().get("/v1/trail?limit=200").expect(200);
        let same = told["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["seq"] == entry["seq"])
            .unwrap();
        assert_eq!(
            (&same["id"], &same["action"], &same["at"]),
            (&entry["id"], &entry["action"], &entry["at"])
        );
    });
}

#[cfg(unix)]
#[test]
fn a_command_that_gives_no_signature_signs_nothing() {
    on_both_with(
        |config| {
            config.signing_command = Some("/bin/false".into());
            config.signing_public_key =
                Some("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned());
        },
        |app| {
            app.admin()
                .post("/v1/trail/checkpoints", json!({}))
                .expect_problem(503, "signing_failed");
            let listed = app.auditor().get("/v1/trail/checkpoints").expect(200);
            assert_eq!(listed["data"], json!([]));
        },
    );
}

/// What happened while the sealer slept is sealed when it wakes, once.
#[test]
fn two_servers_seal_everything_once() {
    on_both(|app| {
        a_sealed_book(app);
        let other = app.another();
        an_invoice("I-6", "C-1", "10.00").create(app);
        an_invoice("I-7", "C-1", "10.00").create(&other);
        std::thread::scope(|scope| {
            scope.spawn(|| sweep(app.database()).unwrap());
            scope.spawn(|| sweep(other.database()).unwrap());
        });
        assert_eq!(found(app), [""; 0]);
        let trail = app.auditor().get("/v1/trail?limit=200").expect(200)["data"]
            .as_array()
            .unwrap()
            .len();
        let chain = app.auditor().get("/v1/trail/proof?limit=200").expect(200)["data"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(trail, chain);
    });
}

#[test]
fn a_checkpoint_is_signed_once_for_each_key() {
    let file = key_file();
    on_both_with(
        |config| config.signing_key_file = Some(file.clone()),
        |app| {
            a_sealed_book(app);
            let admin = app.admin();
            let send = |key: &str, body: Value| {
                let request = admin.request("POST", "/v1/trail/checkpoints");
                request.key(key).json(body).send()
            };
            let first = send("K-1", json!({})).expect(201);
            an_invoice("I-6", "C-1", "10.00").create(app);
            sweep(app.database()).unwrap();
            let again = send("K-1", json!({})).expect(201);
            assert_eq!(again.body, first.body);
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
            let other = send("K-2", json!({})).expect(201);
            assert_ne!(other.id(), first.id());
            assert!(other["position"].as_i64() > first["position"].as_i64());
            let listed = app.auditor().get("/v1/trail/checkpoints").expect(200);
            assert_eq!(listed["data"].as_array().unwrap().len(), 2);
            let signed = app
                .auditor()
                .get("/v1/trail?action=trail_checkpoint.signed")
                .expect(200);
            assert_eq!(signed["data"].as_array().unwrap().len(), 2);
            // No body is as good as an empty one; what is not expected is refused, and nothing signed.
            let bare = admin.request("POST", "/v1/trail/checkpoints").send();
            bare.expect(201);
            send("K-3", json!({"position": 1})).expect_problem(400, "malformed_body");
            send(&"k".repeat(300), json!({})).expect(400);
            let listed = app.auditor().get("/v1/trail/checkpoints").expect(200);
            assert_eq!(listed["data"].as_array().unwrap().len(), 3);
            assert_eq!(found(app), [""; 0]);
        },
    );
}
