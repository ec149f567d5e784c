//! Assembly: the rooms' routes, the shared data, the server.

use std::net::TcpListener;
use std::sync::{Arc, LazyLock};

use actix_cors::Cors;
use actix_http::HttpService;
use actix_server::GracefulShutdownSignal;
use actix_service::IntoServiceFactory as _;
use actix_service::ServiceFactoryExt as _;
use actix_service::map_config;
use actix_web::dev::{AppConfig, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, rt, web};
use utoipa_actix_web::AppExt as _;

use super::config::{Config, ConfigError, MetricsKind};
use super::metrics::Metrics;
use super::middleware::Gate;
use super::rooms::{self, ROOMS};
use super::routing::Routing;
use super::sign_in::SignIn;
use super::{connection, docs, health, housekeeping, middleware, openapi, routing, subscriptions};
use crate::book::entities::actions::{self as entities, FirstCurrency, FirstNumber};
use crate::book::exposure::store::list_currencies;
use crate::collect::correspondence::sender::Sender as MailSender;
use crate::collect::correspondence::worker::{self as post, Postman};
use crate::connect::api_keys::actions::PURPOSE as API_KEYS;
use crate::connect::api_keys::api::KeyVault;
use crate::connect::api_keys::keyring::Keyring;
use crate::connect::events::api::Watchers;
use crate::connect::events::pulse::Pulse;
use crate::connect::revocations::revoked::Revoked;
use crate::connect::webhooks::actions::Setting;
use crate::connect::webhooks::secrets::{Vault, VaultError};
use crate::connect::webhooks::sender::{Sender, SystemLookup};
use crate::connect::webhooks::worker::{self, Worker};
use crate::decide::limits::desk::{Desk, DeskOpenError, Switch};
use crate::platform::db::{Copying, Database, DbError};
use crate::platform::http::auth::{SharedSecret, Verifier, internal_caller};
use crate::platform::http::body::BodyTime;
use crate::platform::http::page::CursorKey;
use crate::platform::http::uploads::Uploads;
use crate::platform::http::{Executor, Problem};
use crate::platform::jobs::worker::{Tools, WakeSignal, Workers};
use crate::prove::exports::model::ExportTools;
use crate::prove::sealing::api::Signing;
use crate::prove::sealing::model::Trust;
use kernel::caller::Caller;
use kernel::money::Currency;
use kernel::text::Number;

/// All that the application holds while it runs.
#[derive(Clone)]
pub struct Services {
    executor: web::Data<Executor>,
    gate: web::Data<Gate>,
    keyring: web::Data<Keyring>,
    key_vault: web::Data<KeyVault>,
    revoked: web::Data<Revoked>,
    cursors: web::Data<CursorKey>,
    desk: web::Data<Desk>,
    metrics: web::Data<Metrics>,
    bell: web::Data<WakeSignal>,
    uploads: web::Data<Uploads>,
    signing: web::Data<Signing>,
    exports: web::Data<ExportTools>,
    setting: web::Data<Setting>,
    pulse: web::Data<Pulse>,
    watchers: web::Data<Watchers>,
    config: Arc<Config>,
}

impl Services {
    /// Opens netterms on a database whose migrations have been applied, and furnishes it when it is new.
    ///
    /// # Errors
    /// When the configuration has no sound secret, or the database fails.
    pub fn open(config: Config, database: Database) -> Result<Services, OpeningError> {
        let secret = config.shared_secret()?;
        let signer = config.signer()?.map(Arc::new);
        let caller = internal_caller("netterms", &[])?;
        subscriptions::react(&database);
        furnish(&database, &caller)?;
        settle_first_number(&config, &database, &caller)?;
        settle_first_currency(&config, &database, &caller)?;
        let desk = Desk::open(&database, &caller, &config.desk())?;
        let metrics = web::Data::new(Metrics::with_desk(desk.figures()));
        let keyring = web::Data::new(Keyring::new(database.clone()));
        let revoked = web::Data::new(Revoked::open(database.clone())?);
        let sign_in = sign_in(&config, &secret, &database, &keyring, &revoked)?;
        let gate = Gate {
            sign_in,
            limits: config.rate_limits(),
            proxies: config.proxies()?,
            metrics: metrics.clone(),
        };
        let key_vault = Vault::derive_for(&secret.secret, API_KEYS)?;
        Ok(Services {
            desk: web::Data::new(desk),
            executor: web::Data::new(Executor::new(database)),
            gate: web::Data::new(gate),
            keyring,
            revoked,
            key_vault: web::Data::new(KeyVault(Arc::new(key_vault))),
            cursors: web::Data::new(CursorKey::derive(&secret.secret)?),
            metrics,
            bell: web::Data::new(WakeSignal::default()),
            uploads: web::Data::new(Uploads::default()),
            exports: web::Data::new(ExportTools {
                tables: rooms::export_tables(),
                kept_days: config.export_days.into(),
                signer: signer.clone(),
            }),
            signing: web::Data::new(signer),
            pulse: web::Data::new(Pulse::default()),
            watchers: web::Data::new(Watchers::default()),
            setting: web::Data::new(Setting {
                reach: config.webhook_reach(),
                types: rooms::event_types(),
                vault: Arc::new(Vault::derive(&secret.secret)?),
            }),
            config: Arc::new(config),
        })
    }
}

/// Everybody who may vouch for a caller.
fn sign_in(
    config: &Config,
    secret: &SharedSecret,
    database: &Database,
    keyring: &Arc<Keyring>,
    revoked: &Arc<Revoked>,
) -> Result<SignIn, OpeningError> {
    config.check_issuers()?;
    let takes_local = config.local_tokens == Switch::On;
    let local = takes_local.then(|| Verifier::shared_secret(secret));
    let (keyring, revoked) = (Arc::clone(keyring), Arc::clone(revoked));
    let made = SignIn::new(local, &config.issuers, keyring, revoked, database.clock());
    made.map_err(OpeningError::Client)
}

/// Why netterms could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Furnishing(#[from] Problem),
    #[error(
        "NETTERMS_CURRENCY is {setting}, and the first legal entity keeps its books in {said}: leave the setting out"
    )]
    OtherCurrency { setting: Currency, said: Currency },
    #[error(
        "NETTERMS_LEGAL_ENTITY is {setting}, and documents that name no legal entity are of {said}, which stays so: give \
         {said} the number {setting} (PATCH /v1/legal-entities/{said}), or leave the setting out"
    )]
    OtherEntity { setting: Number, said: Number },
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("issuers of tokens can't be asked: {0}")]
    Client(reqwest::Error),
    #[error("the credit desk can't be opened: {0}")]
    Desk(#[from] DeskOpenError),
}

/// Puts in place what every book needs and a new one lacks.
fn furnish(database: &Database, caller: &Caller) -> Result<(), Problem> {
    database.maintain(caller, |tx| {
        for furnish in ROOMS.iter().filter_map(|room| room.furnish) {
            furnish(tx)?;
        }
        subscriptions::begin_all(tx)?;
        Ok(())
    })
}

/// Has the first company the number that the setting says, where the book is new.
fn settle_first_number(
    config: &Config,
    database: &Database,
    caller: &Caller,
) -> Result<(), OpeningError> {
    let Some(setting) = &config.legal_entity else {
        return Ok(());
    };
    let settled = database.write(caller, |tx| {
        entities::settle_first_number(tx, setting, list_currencies)
    })?;
    match settled {
        FirstNumber::Settled => Ok(()),
        FirstNumber::Otherwise { said } => Err(OpeningError::OtherEntity {
            setting: setting.clone(),
            said,
        }),
    }
}

/// Says in which currency the first company keeps its books, where the book doesn't yet.
fn settle_first_currency(
    config: &Config,
    database: &Database,
    caller: &Caller,
) -> Result<(), OpeningError> {
    let settled = database.write(caller, |tx| {
        entities::settle_first_currency(tx, config.currency, list_currencies)
    })?;
    match (settled, config.currency) {
        (FirstCurrency::Otherwise { said }, Some(setting)) => {
            Err(OpeningError::OtherCurrency { setting, said })
        }
        (FirstCurrency::Undecided, _) => {
            tracing::warn!(
                "the accounts are in several currencies: set NETTERMS_CURRENCY to the one in which the first legal entity keeps its books; until then its documents have no booking rate"
            );
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A running server.
pub struct Server {
    pub address: std::net::SocketAddr,
    pub handle: ServerHandle,
    running: actix_web::dev::Server,
    jobs: Workers,
    copying: Copying,
}

impl Server {
    /// Runs until the server is stopped.
    ///
    /// # Errors
    /// When the event loop fails.
    pub async fn run(self) -> std::io::Result<()> {
        let ended = self.running.await;
        // The workers end their jobs' steps and give the jobs back, those that have one.
        drop(self.jobs);
        drop(self.copying);
        ended
    }
}

/// What is known from the contract: made once, however many servers run in this process.
static CONTRACT: LazyLock<(web::Data<Routing>, web::Data<openapi::Served>)> = LazyLock::new(|| {
    let document = openapi::document();
    (
        web::Data::new(Routing::new(&document)),
        web::Data::new(openapi::Served::new(&document)),
    )
});

/// What jobs are given: what exports are made with, and the key by which controls believe checkpoints.
fn tools(services: &Services) -> Tools {
    let keys = services
        .signing
        .iter()
        .map(|signer| signer.public_key().to_vec());
    let trust = Trust {
        keys: keys.collect(),
        kept: Vec::new(),
    };
    Tools::default()
        .with(services.exports.clone().into_inner())
        .with(Arc::new(trust))
}

/// Starts to serve on the listener. Must be called inside an actix system.
///
/// # Errors
/// When the listener can't be used, or no thread can be made.
pub fn start(services: Services, listener: TcpListener) -> std::io::Result<Server> {
    let address = listener.local_addr()?;
    let keeper = services.executor.database().clone();
    let daily_work = services.config.daily_work;
    let signing = services.signing.get_ref().clone();
    let pulse = services.pulse.clone();
    let gate = services.gate.clone();
    let setting = services.setting.clone();
    let metrics = services.metrics.clone();
    let (routing, document) = CONTRACT.clone();
    let workers = match services.config.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        workers => workers,
    };
    let body_time = BodyTime(std::time::Duration::from_millis(
        services.config.body_time_ms,
    ));
    let bell = Arc::clone(&services.bell);
    let mail = mail_sender(&services.config)?;
    let copying = keeper.copy_log_by_and_by().map_err(std::io::Error::other)?;
    let tools = tools(&services);
    let jobs = Workers::start(services.executor.database(), &rooms::jobs(), &bell, &tools)?;
    let application = move || {
        let public_metrics = services.config.metrics == MetricsKind::Public;
        App::new()
            .app_data(services.executor.clone())
            .app_data(services.desk.clone())
            .app_data(services.gate.clone())
            .app_data(services.keyring.clone())
            .app_data(services.key_vault.clone())
            .app_data(services.revoked.clone())
            .app_data(services.cursors.clone())
            .app_data(services.metrics.clone())
            .app_data(services.bell.clone())
            .app_data(services.uploads.clone())
            .app_data(services.signing.clone())
            .app_data(services.exports.clone())
            .app_data(web::Data::new(rooms::CHANGES))
            .app_data(web::Data::new(rooms::event_types()))
            .app_data(services.setting.clone())
            .app_data(services.pulse.clone())
            .app_data(services.watchers.clone())
            .app_data(routing.clone())
            .app_data(document.clone())
            .app_data(routing::path_config())
            .app_data(body_time)
            .wrap(from_fn(middleware::authenticate))
            .wrap(cors(&services.config.origins()))
            .wrap(from_fn(middleware::frame))
            .into_utoipa_app()
            .configure(rooms::routes)
            .configure(health::routes)
            .into_app()
            .configure(docs::routes)
            .configure(|config| {
                if public_metrics {
                    config.service(super::metrics::metrics);
                }
            })
            .default_service(web::to(routing::nothing_here))
            .into_factory()
            .map_err(|error: actix_web::Error| error.error_response())
    };
    let builder = actix_server::Server::build()
        .workers(workers)
        .shutdown_timeout(30);
    let stopping = builder.graceful_shutdown_signal();
    watch_log(&keeper, &pulse, stopping.clone());
    let running = builder
        .listen("netterms", listener, move || {
            let stopping = stopping.clone();
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .client_request_timeout(std::time::Duration::from_secs(10))
                .local_addr(address)
                .finish(map_config(application(), |()| AppConfig::default()));
            connection::speak(http)
        })?
        .run();
    subscriptions::run(&keeper, &metrics);
    deliver_webhooks(&keeper, &setting);
    if let Some(sender) = mail {
        send_mail(&keeper, sender);
    }
    keep_gate(gate);
    housekeeping::watch_commits(keeper.clone());
    housekeeping::begin(keeper, daily_work, signing);
    Ok(Server {
        address,
        handle: running.handle(),
        running,
        jobs,
        copying,
    })
}

/// Tells who watches the log that it has grown, and ends the streams when the server ends.
fn watch_log(database: &Database, pulse: &web::Data<Pulse>, stopping: GracefulShutdownSignal) {
    let (beating, ending, database) = (pulse.clone(), pulse.clone(), database.clone());
    rt::spawn(async move { beating.beat(database).await });
    rt::spawn(async move {
        stopping.notified().await;
        ending.end();
    });
}

/// How often it is forgotten who has not asked for long.
const FORGOTTEN_EVERY: std::time::Duration = std::time::Duration::from_mins(1);

/// Fetches the keys of issuers before anybody needs them, and forgets idle callers for as long as the actix system runs.
fn keep_gate(gate: web::Data<Gate>) {
    let watching = gate.clone();
    rt::spawn(async move { watching.sign_in.watch_revocations().await });
    rt::spawn(async move {
        gate.sign_in.prepare().await;
        loop {
            rt::time::sleep(FORGOTTEN_EVERY).await;
            gate.limits.forget_idle();
        }
    });
}

/// Who sends e-mail, when the setting names a mail server.
fn mail_sender(config: &Config) -> std::io::Result<Option<MailSender>> {
    let Some(url) = &config.smtp_url else {
        tracing::info!("smtp_url is not set: e-mail to customers waits");
        return Ok(None);
    };
    let sender = MailSender::new(url).map_err(|error| {
        std::io::Error::other(format!("smtp_url (NETTERMS_SMTP_URL) is wrong: {error}"))
    })?;
    Ok(Some(sender))
}

/// Sends e-mail to customers for as long as the actix system runs.
fn send_mail(database: &Database, sender: MailSender) {
    let database = database.clone();
    rt::spawn(post::run(Postman { database, sender }));
}

/// Delivers to webhook endpoints for as long as the actix system runs.
fn deliver_webhooks(database: &Database, setting: &Setting) {
    match Sender::new(Arc::new(SystemLookup), setting.reach) {
        Ok(sender) => {
            let worker = Worker {
                database: database.clone(),
                types: setting.types,
                vault: Arc::clone(&setting.vault),
                sender,
            };
            rt::spawn(worker::run(worker));
        }
        Err(error) => tracing::error!(%error, "nothing can be delivered to webhook endpoints"),
    }
}

/// What a browser may send with a request, beside what it always may.
const SENT_BY_BROWSERS: [&str; 11] = [
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Range",
    "Idempotency-Key",
    "Accept-Language",
    "X-Request-Id",
    "Traceparent",
    "Tracestate",
];

/// What a page may read of an answer, beside what it always may.
const READ_BY_BROWSERS: [&str; 18] = [
    "Accept-Ranges",
    "Allow",
    "Api-Version",
    "Content-Disposition",
    "Content-Language",
    "Content-Range",
    "ETag",
    "Has-More",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "Next-Cursor",
    "RateLimit",
    "RateLimit-Policy",
    "Repr-Digest",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
];

/// Browsers of the configured origins may call; with none configured, no browser application may.
fn cors(origins: &[String]) -> Cors {
    let mut cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers(SENT_BY_BROWSERS)
        .expose_headers(READ_BY_BROWSERS)
        .max_age(3600);
    for origin in origins {
        cors = cors.allowed_origin(origin);
    }
    cors
}
