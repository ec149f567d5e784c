//! Books of the base and of every version since come to the newest schema, and are true there.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use diesel_migrations::FileBasedMigrations;
use flate2::read::GzDecoder;
use netterms::platform::db::{Backend, DbError, migrations};

use crate::schema;
use crate::security::run;
use crate::support::{TestApp, a_customer, on_both, on_both_over};

/// The files of the base with their SHA-256, as `scripts/make-base-fixture` prints them.
#[rustfmt::skip]
const BASE: &[(&str, &str)] = &[
    ("postgres/2026-11-29-000001_platform/down.sql", "31d8d6dfd9c1cedacaad36857f1731469201ffcb1e43e7a251ea60da9cf1f36a"),
    ("postgres/2026-11-29-000001_platform/up.sql", "8880499f0fe418b1a09d24d78cb8d18ec9350d755c5baa78cf6a0b807147c1d1"),
    ("postgres/2026-11-29-000002_book/down.sql", "71dc7d909d118b55a497a6cd43d6b2d919d1df21e57b4a97d61e1fad521994e1"),
    ("postgres/2026-11-29-000002_book/up.sql", "1f4545e424b596b02088209d67a2049b3ce8bdfe1fb954fbad4e151bd0213eed"),
    ("postgres/2026-11-29-000003_rating/down.sql", "169dcbe0128fd1e5cdd64031fcd19c278627fedfd2a9bea4693600a11a0c7c7a"),
    ("postgres/2026-11-29-000003_rating/up.sql", "7926b58f8f300be5abb462cb7d93f4652c9f4cc0d5e927a858461b3c0a834a78"),
    ("postgres/2026-11-29-000004_collect/down.sql", "2af562c878456ab9b1359617f8dec6a987cf06d72ded3f487e248d1a6e37803b"),
    ("postgres/2026-11-29-000004_collect/up.sql", "d01f551f583e20e8c9065be85f062cc4f8d06a4099447b1201268cc77fb04269"),
    ("postgres/2026-11-29-000005_decide/down.sql", "8993b1aa4d4ae4068553c3aa1bf1739ef9d8e33d9145cc7403d946fa45466550"),
    ("postgres/2026-11-29-000005_decide/up.sql", "a6f285138612cde36f68a78e3706ec9b8e0d403e97c3b9a7ac1ab4bcf7ab115c"),
    ("sqlite/2026-11-29-000001_platform/down.sql", "1b7b99c08078d9b8e1cd9041a5f7376310ed95c020f266131fefe371e1cdddd2"),
    ("sqlite/2026-11-29-000001_platform/up.sql", "395818226e8b40ca460099dc320d9c70595e1fa2866418ac20764a39ed838da0"),
    ("sqlite/2026-11-29-000002_book/down.sql", "88cfcab7323042bb626b5af2666698f529f882d367409a47ab23b85fc9c37360"),
    ("sqlite/2026-11-29-000002_book/up.sql", "4dbd74c38f705bb8f37847d7dd2dfed17fb6becfd406a62ae33b52146762cae2"),
    ("sqlite/2026-11-29-000003_rating/down.sql", "169dcbe0128fd1e5cdd64031fcd19c278627fedfd2a9bea4693600a11a0c7c7a"),
    ("sqlite/2026-11-29-000003_rating/up.sql", "67c79dfb2a1760aeeff73b8ed73e423c396f049aba4e7b1774bec4ba35a015af"),
    ("sqlite/2026-11-29-000004_collect/down.sql", "2af562c878456ab9b1359617f8dec6a987cf06d72ded3f487e248d1a6e37803b"),
    ("sqlite/2026-11-29-000004_collect/up.sql", "5b85acadcf46affd97650f9fb9a9a64dbc69c57acbb15fa16531ee119142ae0f"),
    ("sqlite/2026-11-29-000005_decide/down.sql", "8993b1aa4d4ae4068553c3aa1bf1739ef9d8e33d9145cc7403d946fa45466550"),
    ("sqlite/2026-11-29-000005_decide/up.sql", "91919476405d83e147ae61e7c460e092683d2c12c7ef76e30d4fe9daaf3073e2"),
];

fn at_home(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The names of the migrations of a database, in the order in which they run.
fn names(database: &str) -> BTreeSet<String> {
    std::fs::read_dir(at_home("migrations").join(database))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

// ---------------------------------------------------------------- the base

#[test]
fn the_base_never_changes() {
    for (file, known) in BASE {
        let bytes = std::fs::read(at_home("migrations").join(file)).unwrap_or_default();
        let digits: Vec<String> = digest(&SHA256, &bytes)
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let found = digits.concat();
        assert_eq!(
            found, *known,
            "migrations/{file} is of the base that books in use were made by: no database runs it again, so a change of \
             it reaches nobody and lets new books differ from old ones. Take it back, and write a further migration, of \
             one name in both folders, that alters what stands (CONTRIBUTING.md, \"Writing a migration\")"
        );
    }
}

#[test]
fn migrations_are_twins_and_come_after_the_base() {
    let sqlite = names("sqlite");
    assert_eq!(sqlite, names("postgres"));
    let base: BTreeSet<String> = BASE
        .iter()
        .filter_map(|(file, _)| file.split('/').nth(1).map(str::to_owned))
        .collect();
    let first: BTreeSet<String> = sqlite.into_iter().take(base.len()).collect();
    assert_eq!(
        first, base,
        "a migration is dated before the base's last one"
    );
}

// ---------------------------------------------------------------- the way up

/// A book of the base in an empty database: `scripts/make-base-fixture` drew it.
fn fill(backend: Backend, url: &str) {
    let name = match backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    let file = at_home("tests/fixtures").join(format!("base.{name}.sql.gz"));
    let mut statements = String::new();
    GzDecoder::new(std::fs::File::open(file).unwrap())
        .read_to_string(&mut statements)
        .unwrap();
    match backend {
        Backend::Sqlite => SqliteConnection::establish(url.strip_prefix("sqlite://").unwrap())
            .unwrap()
            .batch_execute(&statements)
            .unwrap(),
        Backend::Postgres => PgConnection::establish(url)
            .unwrap()
            .batch_execute(&statements)
            .unwrap(),
    }
}

#[test]
fn a_book_of_the_base_comes_to_the_newest_schema_and_is_true_there() {
    on_both_over(fill, |app| {
        // A day after the book's last.
        app.turn_to("2026-12-01");
        let told = app.audit();
        assert!(told.holds, "{told:#?}");
        let rows_of = |words: &str| {
            let finding = told.invariants.iter().find(|f| f.invariant.contains(words));
            finding.unwrap().rows
        };
        assert_eq!(rows_of("an account owes"), 20);
        assert!(rows_of("an invoice is open") > 400);
        assert!(rows_of("the trail knows of every reservation") > 0);
        let fresh = TestApp::start(app.backend);
        assert_eq!(
            schema::read(app),
            schema::read(&fresh),
            "a book of the base (left) and a new one differ"
        );
        let customers = app.finance().get("/v1/customers?limit=50").expect(200);
        assert_eq!(customers["data"].as_array().unwrap().len(), 20);
    });
}

#[test]
fn change_requests_and_dunning_procedures_of_the_base_say_what_they_said() {
    let fill_more = |backend: Backend, url: &str| {
        fill(backend, url);
        let id = match backend {
            Backend::Sqlite => "X'0199000000007000800000000000000A'",
            Backend::Postgres => "'01990000-0000-7000-8000-00000000000a'",
        };
        let state = r#"{"parent_customer_id":null,"parent_customer_number":null,"parent_customer_name":null}"#;
        let at = "'2026-11-01T08:00:00.000000Z'";
        let statement = format!(
            "INSERT INTO change_requests (id, kind, status, target_id, target_number, target_version, customer_id, before,
                after, reason, proposed_by, proposed_at, decided_by, decision_reason, decided_at, version)
             SELECT {id}, 'customer_parent', 'stale', 'cus_x', number, 1, id, '{state}', '{state}', 'Bought.', 'u-17',
                {at}, 'u-21', 'Seen.', {at}, 2
             FROM customers ORDER BY number LIMIT 1"
        );
        match backend {
            Backend::Sqlite => SqliteConnection::establish(url.strip_prefix("sqlite://").unwrap())
                .unwrap()
                .batch_execute(&statement)
                .unwrap(),
            Backend::Postgres => PgConnection::establish(url)
                .unwrap()
                .batch_execute(&statement)
                .unwrap(),
        }
    };
    on_both_over(fill_more, |app| {
        let listed = app.credit().get("/v1/change-requests").expect(200);
        let request = &listed["data"][0];
        assert_eq!(request["status"], "stale");
        let counts = serde_json::json!({"total": 1, "applied": 0, "stale": 1, "refused": 0});
        assert_eq!(request["lines"], counts);
        assert_eq!(request["target_id"], "cus_x");
        assert_eq!(request["customer_number"], request["target_number"]);
        assert!(request["before"].is_object());
        let procedures = app.credit().get("/v1/dunning-procedures").expect(200);
        let standard = &procedures["data"][0];
        assert_eq!(standard["name"], "Standard");
        assert_eq!(standard["procedure_version"], 1);
        assert_eq!(standard["levels"].as_array().unwrap().len(), 4);
        let id = standard["id"].as_str().unwrap();
        let first = format!("/v1/dunning-procedures/{id}/versions/1");
        let first = app.credit().get(&first).expect(200);
        assert_eq!(first["author"], "netterms");
        assert_eq!(
            first["reason"],
            "The procedure that a new book begins with."
        );
        // What was sent before versions were kept says so.
        let notices = app.credit().get("/v1/dunning-notices?limit=1").expect(200);
        assert!(notices["data"][0]["procedure_version"].is_null());
        let runs = app.credit().get("/v1/dunning-runs?limit=1").expect(200);
        assert_eq!(runs["data"][0]["procedures"], serde_json::json!([]));
    });
}

// ---------------------------------------------------------------- what a migration may be

/// A folder with one migration, gone when it is dropped.
struct OneMigration(PathBuf);

impl OneMigration {
    fn new(name: &str, up: &str) -> OneMigration {
        let folder = std::env::temp_dir().join(format!("netterms_{name}_{}", std::process::id()));
        let migration = folder.join("2099-01-01-000001_outside");
        std::fs::create_dir_all(&migration).unwrap();
        std::fs::write(migration.join("up.sql"), up).unwrap();
        std::fs::write(migration.join("down.sql"), "SELECT 1;").unwrap();
        OneMigration(folder)
    }

    /// Says that it runs outside a transaction.
    fn outside_a_transaction(&self) {
        let file = self.0.join("2099-01-01-000001_outside/metadata.toml");
        std::fs::write(file, "run_in_transaction = false\n").unwrap();
    }

    fn run(&self, app: &TestApp) -> Result<Vec<String>, DbError> {
        let source = || FileBasedMigrations::from_path(&self.0).unwrap();
        let mut db = app.database().reader().unwrap();
        let outcome = migrations::run_from(&mut db, source(), source());
        if app.backend == Backend::Sqlite {
            // References are looked at on this connection, however the migration ended.
            let nobodys = "INSERT INTO portfolio_exposures VALUES (x'00', 'CNY', 0, 0, 0, 0, 0, 0)";
            assert!(run(&mut db, nobodys).is_err());
        }
        outcome
    }
}

impl Drop for OneMigration {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A table that others refer to, made anew: in a transaction references can't be switched off.
const TABLE_MADE_ANEW: &str = "
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;
CREATE TABLE portfolio_caps_anew (
    id BLOB PRIMARY KEY NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, currency TEXT NOT NULL,
    limit_minor INTEGER NOT NULL, reason TEXT NOT NULL, set_by TEXT NOT NULL, set_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
INSERT INTO portfolio_caps_anew SELECT * FROM portfolio_caps;
DROP TABLE portfolio_caps;
ALTER TABLE portfolio_caps_anew RENAME TO portfolio_caps;
CREATE UNIQUE INDEX portfolio_caps_kind_key_key ON portfolio_caps (kind, key);
COMMIT;
";

/// One statement: several that are sent together are one transaction.
const INDEX_BESIDE_WRITERS: &str =
    "CREATE INDEX CONCURRENTLY customers_city ON customers (city);\n";

#[test]
fn a_migration_may_run_outside_a_transaction() {
    on_both(|app| {
        a_customer("C-1").create(app);
        // A cap, and what refers to it.
        run(
            &mut app.database().reader().unwrap(),
            "INSERT INTO portfolio_caps SELECT id, 'country', 'DE', 'EUR', 100, 'why', 'u-1', created_at, 1 \
             FROM customers; \
             INSERT INTO portfolio_exposures SELECT id, 'EUR', 0, 0, 0, 0, 0, 0 FROM portfolio_caps",
        )
        .unwrap();
        let up = match app.backend {
            Backend::Sqlite => TABLE_MADE_ANEW,
            Backend::Postgres => INDEX_BESIDE_WRITERS,
        };
        let migration = OneMigration::new(&format!("outside_{:?}", app.backend), up);
        assert!(migration.run(app).is_err(), "it ran in a transaction");
        migration.outside_a_transaction();
        // Replicas start at the same time: one migrates, and no other is in its way.
        let replicas = match app.backend {
            Backend::Sqlite => 1,
            Backend::Postgres => 3,
        };
        let applied: Vec<String> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..replicas)
                .map(|_| scope.spawn(|| migration.run(app).unwrap()))
                .collect();
            running
                .into_iter()
                .flat_map(|replica| replica.join().unwrap())
                .collect()
        });
        assert_eq!(applied.len(), 1, "{applied:?}");
        assert!(app.audit().holds);
        let caps = app.finance().get("/v1/portfolio-caps").expect(200);
        assert_eq!(caps["data"].as_array().unwrap().len(), 1);
    });
}
