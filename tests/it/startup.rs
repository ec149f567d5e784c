//! How the program starts: what stops it, what does not, and what it leaves untouched.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sqlite::SqliteConnection;

use kernel::text::Number;
use serde_json::{Value, json};

use crate::support::{a_customer, an_invoice, on_both, on_both_with, secret};

/// A folder of its own, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("netterms_{name}_{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the program on a database with these further variables, until it ends.
fn netterms(database: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netterms"))
        .args(arguments)
        .env_clear()
        .env("NETTERMS_DATABASE_URL", database)
        .env(
            "NETTERMS_JWT_SECRET",
            std::str::from_utf8(&secret().secret).unwrap(),
        )
        .env("NETTERMS_LISTEN", "127.0.0.1:0")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

// ---------------------------------------------------------------- settings

#[test]
fn what_kubernetes_injects_never_stops_the_start_and_a_typing_error_is_a_warning() {
    let folder = Folder::new("kubernetes");
    let injected = [
        ("NETTERMS_SERVICE_HOST", "10.96.0.12"),
        ("NETTERMS_SERVICE_PORT", "8080"),
        ("NETTERMS_SERVICE_PORT_HTTP", "8080"),
        ("NETTERMS_PORT", "tcp://10.96.0.12:8080"),
        ("NETTERMS_PORT_8080_TCP", "tcp://10.96.0.12:8080"),
        ("NETTERMS_PORT_8080_TCP_PROTO", "tcp"),
        ("NETTERMS_PORT_8080_TCP_PORT", "8080"),
        ("NETTERMS_PORT_8080_TCP_ADDR", "10.96.0.12"),
    ];
    let database = url(&folder.file("book.db"));
    let migrated = netterms(&database, &["migrate"], &injected);
    assert!(migrated.status.success(), "{}", said(&migrated));
    assert_eq!(said(&migrated), "");
    let mistyped = netterms(&database, &["migrate"], &[("NETTERMS_LISTNE", "x")]);
    assert!(mistyped.status.success(), "{}", said(&mistyped));
    assert!(said(&mistyped).contains("NETTERMS_LISTNE is no setting"));
}

#[test]
fn an_unknown_name_in_the_file_stops_the_start() {
    let folder = Folder::new("file");
    let file = folder.file("netterms.toml");
    std::fs::write(&file, "listne = \"127.0.0.1:0\"\n").unwrap();
    let path = file.display().to_string();
    let refused = netterms(
        &url(&folder.file("book.db")),
        &["--config", &path, "migrate"],
        &[],
    );
    assert!(!refused.status.success());
    assert!(said(&refused).contains("listne"), "{}", said(&refused));
}

#[test]
fn a_pool_without_connections_is_refused_by_its_name() {
    let folder = Folder::new("pool");
    let database = url(&folder.file("book.db"));
    for (name, value) in [
        ("NETTERMS_POOL_SIZE", "0"),
        ("NETTERMS_DESK_QUEUE", "0"),
        ("NETTERMS_BODY_TIME_MS", "0"),
    ] {
        let refused = netterms(&database, &["migrate"], &[(name, value)]);
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        assert!(said(&refused).contains(name), "{}", said(&refused));
        assert!(!said(&refused).contains("panicked"), "{}", said(&refused));
    }
}

#[test]
fn the_first_companys_currency_is_the_settings_and_stays() {
    let euro = "EUR".parse().unwrap();
    on_both_with(
        |config| config.currency = Some(euro),
        |app| {
            let main = app.finance().get("/v1/legal-entities/MAIN").expect(200);
            assert_eq!(main["functional_currency"], "EUR");
            let other = [("NETTERMS_CURRENCY", "CNY")];
            let refused = netterms(app.database_url(), &["serve"], &other);
            assert_eq!(refused.status.code(), Some(1));
            let said = said(&refused);
            assert!(said.contains("keeps its books in EUR"), "{said}");
        },
    );
}

#[test]
fn documents_that_name_no_company_are_of_the_settings() {
    let hamburg: Number = "DE01".parse().unwrap();
    on_both_with(
        |config| config.legal_entity = Some(hamburg.clone()),
        |app| {
            let first = app.finance().get("/v1/legal-entities/DE01").expect(200);
            app.finance()
                .get("/v1/legal-entities/MAIN")
                .expect_problem(404, "not_found");
            a_customer("C-1").create(app);
            let invoice = an_invoice("I-1", "C-1", "10.00").create(app);
            let invoice = app
                .finance()
                .get(&format!("/v1/invoices/{invoice}"))
                .expect(200);
            assert_eq!(invoice.text_at("/legal_entity_id"), first.id());
            // The same setting again changes nothing, another one is refused from now on: so is that of a second company.
            app.another();
            let second = json!({
                "number": "US01", "name": "Ohio", "country": "US", "functional_currency": "USD"
            });
            app.finance().post("/v1/legal-entities", second).expect(201);
            for other in ["MAIN", "US01"] {
                let other = [("NETTERMS_LEGAL_ENTITY", other)];
                let refused = netterms(app.database_url(), &["serve"], &other);
                assert_eq!(refused.status.code(), Some(1));
                let said = said(&refused);
                assert!(said.contains("are of DE01"), "{said}");
            }
            let malformed = [("NETTERMS_LEGAL_ENTITY", "a\u{7}")];
            let refused = netterms(app.database_url(), &["serve"], &malformed);
            assert_eq!(refused.status.code(), Some(1));
        },
    );
}

#[test]
fn a_book_whose_accounts_are_in_one_currency_keeps_its_books_in_it() {
    on_both(|app| {
        a_customer("C-1").create(app);
        let main = app.finance().get("/v1/legal-entities/MAIN").expect(200);
        assert_eq!(main["functional_currency"], Value::Null);
        let again = app.another();
        let main = again.finance().get("/v1/legal-entities/MAIN").expect(200);
        assert_eq!(main["functional_currency"], "CNY");
    });
    on_both(|app| {
        a_customer("C-1").create(app);
        a_customer("C-2").in_currency("EUR").create(app);
        let again = app.another();
        let main = again.finance().get("/v1/legal-entities/MAIN").expect(200);
        assert_eq!(main["functional_currency"], Value::Null);
    });
}

// ---------------------------------------------------------------- databases

#[test]
fn a_file_is_written_from_the_command_line_in_the_ways_of_its_kind() {
    let folder = Folder::new("write");
    let book = url(&folder.file("book.db"));
    let csv = folder.file("customers.csv");
    let import = |name: &str, write: &str| {
        std::fs::write(&csv, format!("number,name,country\nC-1,{name},CN\n")).unwrap();
        let file = csv.display().to_string();
        let arguments = ["import", "--kind", "customers", "--write", write, &file];
        netterms(&book, &arguments, &[])
    };
    let made = import("One", "insert");
    assert!(made.status.success(), "{}", said(&made));
    assert!(!import("Two", "insert").status.success());
    let changed = import("Two", "upsert");
    assert!(changed.status.success(), "{}", said(&changed));
    let told = String::from_utf8(changed.stdout).unwrap();
    assert!(told.contains("1 updated"), "{told}");
    let wrong = import("Two", "recognise");
    assert_eq!(wrong.status.code(), Some(1));
    let told = said(&wrong);
    assert!(
        told.contains("customers are written by insert, upsert"),
        "{told}"
    );
}

#[cfg(unix)]
#[test]
fn a_new_book_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("mode");
    let file = folder.file("book.db");
    let migrated = netterms(&url(&file), &["migrate"], &[]);
    assert!(migrated.status.success(), "{}", said(&migrated));
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Every command that opens the database, on one whose schema it does not know.
fn refuses_everywhere(database: &str, folder: &Folder, reason: &str) {
    let csv = folder.file("customers.csv");
    std::fs::write(&csv, "number,name,country\nC-1,One,CN\n").unwrap();
    let csv = csv.display().to_string();
    for arguments in [
        &["serve"][..],
        &["serve", "--no-migrate"],
        &["migrate"],
        &["verify"],
        &["import", "--kind", "customers", &csv],
    ] {
        let refused = netterms(database, arguments, &[("NETTERMS_LOG", "error")]);
        assert_eq!(
            refused.status.code(),
            Some(1),
            "{arguments:?}: {}",
            said(&refused)
        );
        assert!(
            said(&refused).contains(reason),
            "{arguments:?}: {}",
            said(&refused)
        );
    }
}

#[test]
fn a_schema_of_a_newer_version_is_refused_by_every_command_naming_the_migration() {
    on_both(|app| {
        crate::security::run(
            &mut app.database().reader().unwrap(),
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000001')",
        )
        .unwrap();
        let folder = Folder::new(&format!("newer_{:?}", app.backend));
        refuses_everywhere(app.database_url(), &folder, "20990101000001");
    });
}

#[test]
fn a_book_from_before_the_base_is_refused_by_every_command_saying_what_to_do() {
    on_both(|app| {
        crate::security::run(
            &mut app.database().reader().unwrap(),
            "DELETE FROM __diesel_schema_migrations; \
             INSERT INTO __diesel_schema_migrations (version) VALUES ('20261122000001'), ('20261128000050')",
        )
        .unwrap();
        let folder = Folder::new(&format!("before_base_{:?}", app.backend));
        for reason in [
            "before the base",
            "Name an empty database",
            "begin the book anew",
        ] {
            refuses_everywhere(app.database_url(), &folder, reason);
        }
    });
}

#[test]
fn a_file_of_another_program_is_refused_before_anything_is_written() {
    let folder = Folder::new("foreign");
    for (name, tables) in [
        ("notes.db", "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine');"),
        (
            "diesel.db",
            "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP);
             INSERT INTO __diesel_schema_migrations (version) VALUES ('20200101000000');
             CREATE TABLE users (id INTEGER);",
        ),
    ] {
        let file = folder.file(name);
        SqliteConnection::establish(file.to_str().unwrap())
            .unwrap()
            .batch_execute(tables)
            .unwrap();
        let before = std::fs::read(&file).unwrap();
        refuses_everywhere(&url(&file), &folder, "another program");
        assert_eq!(std::fs::read(&file).unwrap(), before, "{name} was written to");
    }
    let text = folder.file("letter.txt");
    std::fs::write(
        &text,
        "Dear customer, this is no database at all.\n".repeat(100),
    )
    .unwrap();
    let refused = netterms(&url(&text), &["migrate"], &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(
        std::fs::read_to_string(&text)
            .unwrap()
            .starts_with("Dear customer")
    );
}

#[test]
fn an_empty_file_becomes_a_book() {
    let folder = Folder::new("empty");
    let file = folder.file("book.db");
    std::fs::write(&file, "").unwrap();
    let migrated = netterms(&url(&file), &["migrate"], &[]);
    assert!(migrated.status.success(), "{}", said(&migrated));
    let mut connection = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    sql_query("SELECT id FROM customers")
        .execute(&mut connection)
        .unwrap();
}
