//! The configuration: a file and `NETTERMS_*` environment variables, which win.
//!
//! A name in the file that is no setting is a mistake and stops the start. In the environment it may come from somebody
//! else: Kubernetes gives each container variables for every service beside it, and a service called `netterms` has
//! `NETTERMS_SERVICE_HOST`, `NETTERMS_PORT_8080_TCP_ADDR` and the like. These are passed over, others with a warning.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};

use super::peers::Proxies;
use super::rate_limits::{Allowance, RateLimits};
use super::sign_in::settings::{IssuerError, IssuerSettings, check_all};
use crate::connect::webhooks::rules::Reach;
use crate::decide::limits::desk::{DeskSettings, Switch};
use crate::platform::db::DatabaseConfig;
use crate::platform::http::auth::{SECRET_BYTES_MIN, SharedSecret};
use crate::prove::sealing::signing::{Signer, SigningError};
use kernel::clock::Clock;
use kernel::money::Currency;
use kernel::text::Number;

/// What an operator can set. `netterms.example.toml` explains each.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `NETTERMS_DATABASE_URL`: `sqlite://<path>` or `postgres://…`.
    pub database_url: String,
    /// `NETTERMS_POOL_SIZE`: connections to read from PostgreSQL, and as many to write; or readers of SQLite.
    pub pool_size: u32,
    /// `NETTERMS_LISTEN`: address and port.
    pub listen: String,
    /// `NETTERMS_WORKERS`: event-loop threads; 0 for one for each core.
    pub workers: usize,
    /// `NETTERMS_JWT_SECRET`: the HS256 secret, 32 bytes at least.
    pub jwt_secret: Option<String>,
    /// `NETTERMS_JWT_SECRET_FILE`: a file that holds the secret, instead.
    pub jwt_secret_file: Option<String>,
    /// `NETTERMS_JWT_ISSUER`: the `iss` that tokens must have.
    pub jwt_issuer: String,
    /// `NETTERMS_JWT_AUDIENCE`: the `aud` that tokens must have.
    pub jwt_audience: String,
    /// `NETTERMS_LOCAL_TOKENS`: `off` takes no token that is signed with the secret, which then seals and signs other things alone.
    pub local_tokens: Switch,
    /// `NETTERMS_ISSUERS`: OIDC providers whose tokens are taken, each with its settings.
    pub issuers: Vec<IssuerSettings>,
    /// `NETTERMS_RATE_LIMIT_PER_SECOND`: how many requests each caller may make each second, beside limit checks and
    /// reservations; 0 for as many as it likes.
    pub rate_limit_per_second: u32,
    /// `NETTERMS_RATE_LIMIT_BURST`: how many of them at once.
    pub rate_limit_burst: u32,
    /// `NETTERMS_DESK_RATE_LIMIT_PER_SECOND`: the same for limit checks and reservations.
    pub desk_rate_limit_per_second: u32,
    /// `NETTERMS_DESK_RATE_LIMIT_BURST`: how many of them at once.
    pub desk_rate_limit_burst: u32,
    /// `NETTERMS_FAILED_SIGN_INS_PER_MINUTE`: how many requests from one address may fail to sign in each minute before they
    /// are answered 429; 0 for as many as it likes.
    pub failed_sign_ins_per_minute: u32,
    /// `NETTERMS_TRUSTED_PROXIES`: addresses and networks of proxies whose `X-Forwarded-For` is believed, separated by commas.
    pub trusted_proxies: String,
    /// `NETTERMS_BODY_TIME_MS`: how long the body of a request may take to arrive, in milliseconds.
    pub body_time_ms: u64,
    /// `NETTERMS_DESK_QUEUE`: how many limit checks may wait for each worker of the credit desk; one more is told to
    /// come back.
    pub desk_queue: usize,
    /// `NETTERMS_DESK_MEMORY`: `on`, or `off` to have the credit desk read every account anew, under locks.
    pub desk_memory: Switch,
    /// `NETTERMS_DESK_READ_AHEAD`: how many customers each worker of the credit desk reads into its memory before anybody
    /// asks about them; 0 for none.
    pub desk_read_ahead: usize,
    /// `NETTERMS_DESK_GROUP_COMMIT`: `on`, or `off` to have every batch on PostgreSQL wait for the disk by itself.
    pub desk_group_commit: Switch,
    /// `NETTERMS_DESK_FLUSHER`: `on`, or `off` to have every batch on SQLite wait for the disk by itself.
    pub desk_flusher: Switch,
    /// `NETTERMS_DESK_RECHECK_SAMPLE`: how many in a million batches from memory are decided again from freshly read
    /// facts.
    pub desk_recheck_sample: u32,
    /// `NETTERMS_SIGNING_KEY_FILE`: an Ed25519 key as PKCS #8 (PEM), which signs checkpoints of the trail.
    pub signing_key_file: Option<PathBuf>,
    /// `NETTERMS_SIGNING_COMMAND`: a program that signs instead: it reads what is to be signed, and prints the signature in
    /// Base64.
    pub signing_command: Option<PathBuf>,
    /// `NETTERMS_SIGNING_PUBLIC_KEY`: the command's public key, in Base64.
    pub signing_public_key: Option<String>,
    /// `NETTERMS_EXPORT_DAYS`: for how many days the file of an export is kept.
    pub export_days: u32,
    /// `NETTERMS_CURRENCY`: in which currency the first company keeps its books, such as `EUR`. A book whose accounts are all in
    /// one needs no setting.
    pub currency: Option<Currency>,
    /// `NETTERMS_LEGAL_ENTITY`: the number of the company that documents are of which name none, such as `DE01`; `MAIN` when
    /// not given. A new book's first company gets it; it is fixed from the first account on.
    pub legal_entity: Option<Number>,
    /// `NETTERMS_WEBHOOK_PRIVATE_ADDRESSES`: `on` lets webhooks be sent into private networks and to this machine.
    pub webhook_private_addresses: Switch,
    /// `NETTERMS_WEBHOOK_PLAIN_HTTP`: `on` lets webhooks be sent without encryption.
    pub webhook_plain_http: Switch,
    /// `NETTERMS_SMTP_URL`: the mail server by which e-mail to customers is sent, such as
    /// `smtps://user:password@mail.example.com`; none is sent without.
    pub smtp_url: Option<String>,
    /// `NETTERMS_TIMEZONE`: where the organisation's business days begin, such as `Asia/Shanghai`.
    pub timezone: String,
    /// `NETTERMS_CLOCK`: `system`, or `turnable` for drills and tests.
    pub clock: ClockKind,
    /// `NETTERMS_DAILY_WORK`: `on`, or `off` where only another replica is to begin the work of each business day.
    pub daily_work: DailyWork,
    /// `NETTERMS_METRICS`: `public` serves `/metrics` without a token, `off` not at all.
    pub metrics: MetricsKind,
    /// `NETTERMS_CORS_ORIGINS`: origins of browser applications that may call, separated by commas; none by default.
    pub cors_origins: String,
    /// `NETTERMS_LOG`: what is logged, such as `info` or `netterms=debug`.
    pub log: String,
    /// `NETTERMS_LOG_FORMAT`: `pretty` or `json`.
    pub log_format: LogFormat,
}

/// Which clock netterms runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    System,
    Turnable,
}

/// Whether this replica begins the work of each business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DailyWork {
    On,
    Off,
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricsKind {
    Public,
    Off,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Pretty,
    Json,
}

impl Default for Config {
    fn default() -> Config {
        let desk = DeskSettings::default();
        Config {
            database_url: "sqlite://netterms.db".to_owned(),
            pool_size: 10,
            listen: "127.0.0.1:8080".to_owned(),
            workers: 0,
            jwt_secret: None,
            jwt_secret_file: None,
            jwt_issuer: "netterms".to_owned(),
            jwt_audience: "netterms".to_owned(),
            local_tokens: Switch::On,
            issuers: Vec::new(),
            rate_limit_per_second: 200,
            rate_limit_burst: 2_000,
            desk_rate_limit_per_second: 0,
            desk_rate_limit_burst: 0,
            failed_sign_ins_per_minute: 120,
            trusted_proxies: String::new(),
            body_time_ms: 20_000,
            desk_queue: desk.queue,
            desk_memory: desk.memory,
            desk_read_ahead: desk.read_ahead,
            desk_group_commit: desk.group_commit,
            desk_flusher: desk.flusher,
            desk_recheck_sample: desk.recheck_sample_ppm,
            signing_key_file: None,
            signing_command: None,
            signing_public_key: None,
            export_days: 7,
            currency: None,
            legal_entity: None,
            webhook_private_addresses: Switch::Off,
            webhook_plain_http: Switch::Off,
            smtp_url: None,
            timezone: "UTC".to_owned(),
            clock: ClockKind::System,
            daily_work: DailyWork::On,
            metrics: MetricsKind::Public,
            cors_origins: String::new(),
            log: "info".to_owned(),
            log_format: LogFormat::Pretty,
        }
    }
}

/// What is wrong with the configuration, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{0}")]
    Malformed(#[from] Box<figment::Error>),
    #[error(
        "set NETTERMS_JWT_SECRET (or NETTERMS_JWT_SECRET_FILE) to a secret of at least {SECRET_BYTES_MIN} bytes, such as the output of: openssl rand -base64 48"
    )]
    NoSecret,
    #[error(
        "the JWT secret has {0} bytes; HS256 takes at least {SECRET_BYTES_MIN}. Make one with: openssl rand -base64 48"
    )]
    ShortSecret(usize),
    #[error(
        "the JWT secret repeats a few characters; make a random one with: openssl rand -base64 48"
    )]
    WeakSecret,
    #[error("{name} is {value}: it must be from 1 to {most}")]
    OutOfBounds {
        name: &'static str,
        value: u64,
        most: u64,
    },
    #[error("the secret file {path} can't be read: {error}")]
    SecretFile { path: String, error: std::io::Error },
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    #[error("there are no issuers and local_tokens is off: nobody could sign in")]
    NobodySignsIn,
    #[error("trusted_proxies: {0:?} is no address and no network such as 10.0.0.0/8")]
    Proxy(String),
    #[error("{0:?} is no timezone; take a name such as Asia/Shanghai")]
    Timezone(String),
}

/// What the names of our variables begin with.
const PREFIX: &str = "NETTERMS_";

/// Variables that are no settings: a file for the command line, and a folder for tests.
const NO_SETTINGS: [&str; 2] = ["config", "test_data"];

/// The names of all settings.
fn settings() -> BTreeSet<String> {
    match serde_json::to_value(Config::default()) {
        Ok(serde_json::Value::Object(members)) => {
            members.into_iter().map(|(name, _)| name).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// The variables of this environment that look like ours and are none, so that a mistyped one is noticed.
pub fn unknown_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    unknown_of(names)
}

fn unknown_of(names: impl Iterator<Item = String>) -> Vec<String> {
    let known = settings();
    let mut unknown: Vec<String> = names
        .filter(|name| {
            name.to_ascii_uppercase()
                .strip_prefix(PREFIX)
                .map(str::to_lowercase)
                .is_some_and(|setting| {
                    !known.contains(&setting)
                        && !NO_SETTINGS.contains(&setting.as_str())
                        && !is_of_a_service(&setting)
                })
        })
        .collect();
    unknown.sort();
    unknown
}

/// Whether Kubernetes (or Docker, for a link) names a variable so for a service that is called like us.
fn is_of_a_service(setting: &str) -> bool {
    let is_port = |rest: &str| {
        let mut parts = rest.split('_');
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        parts.next().is_some_and(is_number)
            && matches!(parts.next(), Some("tcp" | "udp" | "sctp"))
            && matches!(
                parts.next(),
                None | Some("proto" | "port" | "addr" | "start" | "end")
            )
    };
    matches!(setting, "service_host" | "service_port" | "port" | "name")
        || setting.starts_with("service_port_")
        || setting.starts_with("env_")
        || setting.strip_prefix("port_").is_some_and(is_port)
}

impl Config {
    /// Reads the file, when there is one, and the environment.
    ///
    /// # Errors
    /// When a name in the file is unknown, or a value malformed or out of its bounds.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let known = settings();
        let environment =
            Env::prefixed(PREFIX).filter(move |name| known.contains(&name.as_str().to_lowercase()));
        let config: Config = figment
            .merge(environment)
            .extract()
            .map_err(|error| ConfigError::Malformed(Box::new(error)))?;
        config.check_bounds()?;
        config.check_issuers()?;
        config.proxies()?;
        Ok(config)
    }

    fn check_bounds(&self) -> Result<(), ConfigError> {
        let queue = u64::try_from(self.desk_queue).unwrap_or(u64::MAX);
        for (name, value, most) in [
            (
                "pool_size (NETTERMS_POOL_SIZE)",
                self.pool_size.into(),
                1_000,
            ),
            ("desk_queue (NETTERMS_DESK_QUEUE)", queue, 1_000_000),
            (
                "export_days (NETTERMS_EXPORT_DAYS)",
                self.export_days.into(),
                365,
            ),
            (
                "body_time_ms (NETTERMS_BODY_TIME_MS)",
                self.body_time_ms,
                3_600_000,
            ),
        ] {
            if !(1..=most).contains(&value) {
                return Err(ConfigError::OutOfBounds { name, value, most });
            }
        }
        Ok(())
    }

    /// Looks at the issuers of tokens.
    ///
    /// # Errors
    /// When one is wrong, or nobody could sign in.
    pub fn check_issuers(&self) -> Result<(), ConfigError> {
        let takes_local = self.local_tokens == Switch::On;
        if self.issuers.is_empty() && !takes_local {
            return Err(ConfigError::NobodySignsIn);
        }
        let local = takes_local.then_some(self.jwt_issuer.as_str());
        Ok(check_all(&self.issuers, local)?)
    }

    /// The proxies whose word is believed.
    ///
    /// # Errors
    /// When one is no address and no network.
    pub fn proxies(&self) -> Result<Proxies, ConfigError> {
        Proxies::parse(&self.trusted_proxies).map_err(ConfigError::Proxy)
    }

    /// How often callers may ask.
    pub fn rate_limits(&self) -> RateLimits {
        RateLimits::new(
            Allowance::new(self.rate_limit_per_second, self.rate_limit_burst),
            Allowance::new(self.desk_rate_limit_per_second, self.desk_rate_limit_burst),
            self.failed_sign_ins_per_minute,
        )
    }

    /// The shared secret, when it is long and varied enough to be one.
    ///
    /// # Errors
    /// When it is missing, short, or of a few characters only.
    pub fn shared_secret(&self) -> Result<SharedSecret, ConfigError> {
        let secret = match (&self.jwt_secret, &self.jwt_secret_file) {
            (Some(secret), _) => secret.clone(),
            (None, Some(path)) => std::fs::read_to_string(path)
                .map(|text| text.trim().to_owned())
                .map_err(|error| ConfigError::SecretFile {
                    path: path.clone(),
                    error,
                })?,
            (None, None) => return Err(ConfigError::NoSecret),
        };
        if secret.len() < SECRET_BYTES_MIN {
            return Err(ConfigError::ShortSecret(secret.len()));
        }
        let distinct: std::collections::BTreeSet<u8> = secret.bytes().collect();
        if distinct.len() < 8 {
            return Err(ConfigError::WeakSecret);
        }
        Ok(SharedSecret {
            issuer: self.jwt_issuer.clone(),
            audience: self.jwt_audience.clone(),
            secret: secret.into_bytes(),
        })
    }

    /// The clock, on the organisation's days.
    ///
    /// # Errors
    /// When the timezone is unknown.
    pub fn clock(&self) -> Result<Clock, ConfigError> {
        let timezone: Tz = self
            .timezone
            .parse()
            .map_err(|_| ConfigError::Timezone(self.timezone.clone()))?;
        Ok(match self.clock {
            ClockKind::System => Clock::system(timezone),
            ClockKind::Turnable => Clock::turnable(timezone),
        })
    }

    /// Who signs checkpoints of the trail; nobody where nothing is set.
    ///
    /// # Errors
    /// When the key can't be used.
    pub fn signer(&self) -> Result<Option<Signer>, ConfigError> {
        if let Some(file) = &self.signing_key_file {
            return Ok(Some(Signer::from_file(file)?));
        }
        let Some(program) = &self.signing_command else {
            return Ok(None);
        };
        let public_key = self.signing_public_key.as_deref().unwrap_or_default();
        Ok(Some(Signer::from_command(program, public_key)?))
    }

    pub fn database(&self) -> DatabaseConfig {
        DatabaseConfig {
            url: self.database_url.clone(),
            pool_size: self.pool_size,
            checkout_timeout: Duration::from_secs(3),
        }
    }

    pub const fn desk(&self) -> DeskSettings {
        DeskSettings {
            queue: self.desk_queue,
            memory: self.desk_memory,
            read_ahead: self.desk_read_ahead,
            group_commit: self.desk_group_commit,
            flusher: self.desk_flusher,
            recheck_sample_ppm: self.desk_recheck_sample,
        }
    }

    /// Where webhooks may be sent.
    pub fn webhook_reach(&self) -> Reach {
        Reach {
            private_addresses: self.webhook_private_addresses == Switch::On,
            plain_http: self.webhook_plain_http == Switch::On,
        }
    }

    /// The origins that browsers may call from.
    pub fn origins(&self) -> Vec<String> {
        self.cors_origins
            .split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("timezone", &self.timezone)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_injects_for_a_service_of_our_name_is_no_mistake_and_a_typing_error_is() {
        let names = |names: &[&str]| unknown_of(names.iter().map(|name| (*name).to_owned()));
        let injected = [
            "NETTERMS_SERVICE_HOST",
            "NETTERMS_SERVICE_PORT",
            "NETTERMS_SERVICE_PORT_HTTP",
            "NETTERMS_PORT",
            "NETTERMS_PORT_8080_TCP",
            "NETTERMS_PORT_8080_TCP_PROTO",
            "NETTERMS_PORT_8080_TCP_PORT",
            "NETTERMS_PORT_8080_TCP_ADDR",
            "NETTERMS_NAME",
            "NETTERMS_ENV_PATH",
            "NETTERMS_LISTEN",
            "NETTERMS_JWT_SECRET",
            "NETTERMS_CONFIG",
            "PATH",
        ];
        assert_eq!(names(&injected), Vec::<String>::new());
        for typed in [
            "NETTERMS_LISTNE",
            "NETTERMS_PORT_HTTP",
            "NETTERMS_",
            "netterms_pool",
        ] {
            assert_eq!(names(&[typed]), [typed]);
        }
    }

    #[test]
    fn issuers_can_be_given_in_the_environment() {
        let given = concat!(
            r#"[{name="keycloak", issuer="https://id.example.com/realms/trade", audiences=["netterms"], "#,
            r#"roles_claim="realm_access.roles", roles={nt-credit="credit"}, token_type="JWT"}]"#,
        );
        let figment = Figment::from(Serialized::defaults(Config::default()))
            .merge(Serialized::default("jwt_secret", "x"))
            .merge(figment::providers::Toml::string(&format!(
                "issuers = {given}"
            )));
        let by_file: Config = figment.extract().unwrap();
        let value: figment::value::Value = given.parse().unwrap();
        let by_variable: Vec<IssuerSettings> = value.deserialize().unwrap();
        assert_eq!(by_variable, by_file.issuers);
        by_file.check_issuers().unwrap();
        let nobody = Config {
            local_tokens: Switch::Off,
            ..Config::default()
        };
        assert!(matches!(
            nobody.check_issuers(),
            Err(ConfigError::NobodySignsIn)
        ));
    }

    #[test]
    fn every_setting_is_known_by_its_name() {
        let settings = settings();
        for name in [
            "database_url",
            "jwt_secret",
            "jwt_secret_file",
            "cors_origins",
        ] {
            assert!(settings.contains(name), "{name}");
        }
    }
}
