//! A server of one's own on a fresh database.

use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use kernel::caller::Role;
use kernel::clock::{Clock, Instant};
use netterms::book::policy::actions as policies;
use netterms::platform::db::{Backend, Database, Tx};
use netterms::platform::events::catch_up;
use netterms::platform::http::auth::internal_caller;
use netterms::prove::audit::actions::audit;
use netterms::prove::audit::model::Audit;
use netterms::prove::sealing::actions::SEALING;
use netterms::server::config::{ClockKind, Config, DailyWork};
use netterms::server::{Services, start};

use super::client::{Client, token};
use super::secret;

/// Runs a test on SQLite, and on PostgreSQL when `TEST_DATABASE_URL` names a server.
pub fn on_both(test: impl Fn(&TestApp)) {
    on_both_with(|_| {}, test);
}

/// [`on_both`] with a changed configuration.
pub fn on_both_with(change: impl Fn(&mut Config), test: impl Fn(&TestApp)) {
    on_each(|backend| TestApp::start_with(backend, &change), test);
}

/// [`on_both`] with the policy that a new book begins with. All other tests have one of their own (`policy.json`), so that
/// they mean what they say whatever a new book begins with.
pub fn on_both_as_shipped(test: impl Fn(&TestApp)) {
    on_each(
        |backend| TestApp::set_up(backend, |_| {}, Policy::AsShipped),
        test,
    );
}

/// [`on_both_as_shipped`] on a database that somebody else has filled before the server comes to it: given the backend, its
/// URL and an empty database.
pub fn on_both_over(fill: impl Fn(Backend, &str), test: impl Fn(&TestApp)) {
    on_each(
        |backend| {
            let (home, url) = Home::empty(backend);
            fill(backend, &url);
            let config = config_of_tests(url);
            TestApp::serve(backend, config, home, Policy::AsShipped)
        },
        test,
    );
}

fn on_each(start: impl Fn(Backend) -> TestApp, test: impl Fn(&TestApp)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if backend == Backend::Postgres && server_url().is_none() {
            eprintln!("skipped on PostgreSQL: TEST_DATABASE_URL is not set (scripts/test sets it)");
            continue;
        }
        let app = start(backend);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(&app))) {
            eprintln!("the test failed on {backend:?}");
            resume_unwind(panic);
        }
    }
}

fn server_url() -> Option<String> {
    std::env::var("TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
}

/// A running server with a database of its own, both gone when it is dropped.
pub struct TestApp {
    pub address: SocketAddr,
    pub backend: Backend,
    config: Config,
    database: Option<Database>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    home: Home,
}

/// The policy that a book begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    OfTests,
    AsShipped,
}

/// Where the database is, to remove it afterwards.
enum Home {
    /// Another app's, who removes it.
    Elsewhere,
    File(std::path::PathBuf),
    Server(String),
}

impl Home {
    /// A place for a database, and its URL: no file yet, or on the server one that `made` makes.
    fn new(backend: Backend, made: impl Fn(&str)) -> (Home, String) {
        let name = format!("netterms_{}_{}", std::process::id(), next_number());
        match backend {
            Backend::Sqlite => {
                let path = std::env::temp_dir().join(format!("{name}.db"));
                let url = format!("sqlite://{}", path.display());
                (Home::File(path), url)
            }
            Backend::Postgres => {
                made(&name);
                let url = database_url(&name);
                (Home::Server(name), url)
            }
        }
    }

    fn empty(backend: Backend) -> (Home, String) {
        Home::new(backend, |name| admin(&format!("CREATE DATABASE {name}")))
    }

    fn migrated(backend: Backend) -> (Home, String) {
        let (home, url) = Home::new(backend, |name| {
            let template = template();
            admin(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        });
        if let Home::File(path) = &home {
            std::fs::write(path, template_file()).unwrap();
        }
        (home, url)
    }
}

fn config_of_tests(database_url: String) -> Config {
    Config {
        database_url,
        pool_size: 4,
        workers: 1,
        jwt_secret: Some(String::from_utf8(secret().secret).unwrap()),
        clock: ClockKind::Turnable,
        // Tests are quicker than callers may be.
        rate_limit_per_second: 0,
        failed_sign_ins_per_minute: 0,
        // A test that wants the day's work begins it: the clock turns in many others.
        daily_work: DailyWork::Off,
        ..Config::default()
    }
}

impl TestApp {
    pub fn start(backend: Backend) -> TestApp {
        TestApp::start_with(backend, |_| {})
    }

    /// Starts with a changed configuration.
    pub fn start_with(backend: Backend, change: impl FnOnce(&mut Config)) -> TestApp {
        TestApp::set_up(backend, change, Policy::OfTests)
    }

    fn set_up(backend: Backend, change: impl FnOnce(&mut Config), policy: Policy) -> TestApp {
        let (home, url) = Home::migrated(backend);
        let mut config = config_of_tests(url);
        change(&mut config);
        TestApp::serve(backend, config, home, policy)
    }

    /// Another server on the same database. Its clock is its own.
    pub fn another(&self) -> TestApp {
        let config = self.config.clone();
        TestApp::serve(self.backend, config, Home::Elsewhere, Policy::AsShipped)
    }

    fn serve(backend: Backend, config: Config, home: Home, policy: Policy) -> TestApp {
        let database = Database::open(&config.database(), config.clock().unwrap()).unwrap();
        database.migrate().unwrap();
        if policy == Policy::OfTests {
            let document = serde_json::from_str(include_str!("policy.json")).unwrap();
            let caller = internal_caller("netterms", &[]).unwrap();
            let begin = |tx: &mut Tx| policies::ensure(tx, &document);
            database.write(&caller, begin).unwrap();
        }
        let house = Services::open(config.clone(), database.clone()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = start(house, listener).unwrap();
                sender
                    .send((server.address, server.handle.clone()))
                    .unwrap();
                server.run().await.unwrap();
            });
        });
        let (address, handle) = receiver.recv().unwrap();
        TestApp {
            address,
            backend,
            config,
            database: Some(database),
            handle,
            thread: Some(thread),
            home,
        }
    }

    /// Where the database is.
    pub fn database_url(&self) -> &str {
        &self.config.database_url
    }

    pub fn database(&self) -> &Database {
        self.database.as_ref().unwrap()
    }

    pub fn clock(&self) -> &Clock {
        self.database().clock()
    }

    /// Turns the server's clock to noon UTC of a day.
    pub fn turn_to(&self, day: &str) {
        let noon: Instant = serde_json::from_str(&format!("\"{day}T12:00:00Z\"")).unwrap();
        self.clock().turn_to(noon);
    }

    /// What `netterms verify` finds when the sealer has come to the end of the log: in tests the clock passes days at once.
    pub fn audit(&self) -> Audit {
        catch_up(self.database(), &SEALING).unwrap();
        audit(self.database()).unwrap()
    }

    /// The book adds up: every invariant of `netterms verify` holds.
    #[track_caller]
    pub fn adds_up(&self) {
        let audit = self.audit();
        let lies: Vec<_> = audit
            .invariants
            .iter()
            .filter(|finding| finding.lies > 0)
            .collect();
        assert!(audit.holds && lies.is_empty(), "{lies:#?}");
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A caller without a token.
    pub fn anonymous(&self) -> Client<'_> {
        Client::new(self, None)
    }

    /// A caller with these roles.
    pub fn caller(&self, subject: &str, roles: &[Role], authority_level: Option<u8>) -> Client<'_> {
        Client::new(self, Some(token(subject, roles, authority_level)))
    }

    /// The salesperson `u-sales`.
    pub fn sales(&self) -> Client<'_> {
        self.caller("u-sales", &[Role::Sales], None)
    }

    /// The credit controller `u-credit`.
    pub fn credit(&self) -> Client<'_> {
        self.caller("u-credit", &[Role::Credit], Some(1))
    }

    /// The head of finance `u-finance`.
    pub fn finance(&self) -> Client<'_> {
        self.caller("u-finance", &[Role::Finance], Some(3))
    }

    pub fn auditor(&self) -> Client<'_> {
        self.caller("u-auditor", &[Role::Auditor], None)
    }

    /// The order system.
    pub fn system(&self) -> Client<'_> {
        self.caller("order-system", &[Role::System], None)
    }

    pub fn admin(&self) -> Client<'_> {
        self.caller("u-admin", &[Role::Admin], None)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let handle = self.handle.clone();
        let stopping = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(handle.stop(false));
        });
        let _ = stopping.join();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.database = None;
        match &self.home {
            Home::Elsewhere => {}
            Home::File(path) => {
                for suffix in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
                }
            }
            Home::Server(name) => admin(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")),
        }
    }
}

fn next_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A database with every migration, made once in a test run and cloned for each test.
fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("netterms_template_{}", std::process::id());
        admin(&format!("CREATE DATABASE {name}"));
        migrate(database_url(&name));
        name
    })
}

/// Gives an empty database every migration.
fn migrate(database_url: String) {
    let config = Config {
        database_url,
        pool_size: 1,
        ..Config::default()
    };
    let database = Database::open(&config.database(), config.clock().unwrap()).unwrap();
    database.migrate().unwrap();
}

/// The same as a file of SQLite.
fn template_file() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("netterms_template_{}", std::process::id());
        let path = |ending: &str| std::env::temp_dir().join(format!("{name}.{ending}"));
        let (made, copy) = (path("db"), path("copy"));
        migrate(format!("sqlite://{}", made.display()));
        let mut connection = SqliteConnection::establish(&made.display().to_string()).unwrap();
        let into = format!("VACUUM INTO '{}'", copy.display());
        connection.batch_execute(&into).unwrap();
        drop(connection);
        let bytes = std::fs::read(&copy).unwrap();
        for file in [&made, &copy, &path("db-wal"), &path("db-shm")] {
            let _ = std::fs::remove_file(file);
        }
        bytes
    })
}

/// The URL of a database on the test server.
pub fn database_url(name: &str) -> String {
    let url = server_url().unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// Runs a statement on the test server, one at a time: a template can't be cloned by two at once.
fn admin(statement: &str) {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut connection = PgConnection::establish(&server_url().unwrap()).unwrap();
    connection.batch_execute(statement).unwrap();
}
