//! The configuration: a file and `NETTERMS_*` environment variables, which win.

use std::path::Path;
use std::time::Duration;

use chrono_tz::Tz;
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::kernel::clock::Clock;
use crate::platform::db::DatabaseConfig;
use crate::platform::http::auth::{SECRET_BYTES_MIN, SharedSecret};

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
    /// `NETTERMS_BODY_TIME_MS`: how long the body of a request may take to arrive, in milliseconds.
    pub body_time_ms: u64,
    /// `NETTERMS_DESK_QUEUE`: how many limit checks may wait for each clerk of the credit desk; one more is told to
    /// come back.
    pub desk_queue: usize,
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

/// Which clock the house runs on.
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
        Config {
            database_url: "sqlite://netterms.db".to_owned(),
            pool_size: 10,
            listen: "127.0.0.1:8080".to_owned(),
            workers: 0,
            jwt_secret: None,
            jwt_secret_file: None,
            jwt_issuer: "netterms".to_owned(),
            jwt_audience: "netterms".to_owned(),
            body_time_ms: 20_000,
            // More would wait longer than an order system does.
            desk_queue: 4_096,
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
    #[error("the secret file {path} can't be read: {error}")]
    SecretFile { path: String, error: std::io::Error },
    #[error("{0:?} is no timezone; take a name such as Asia/Shanghai")]
    Timezone(String),
}

impl Config {
    /// Reads the file, when there is one, and the environment.
    ///
    /// # Errors
    /// When a value is unknown or malformed.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        // These two name a file for the command line and a folder for the tests; neither is a setting.
        let environment =
            Env::prefixed("NETTERMS_").filter(|name| name != "test_data" && name != "config");
        figment
            .merge(environment)
            .extract()
            .map_err(|error| ConfigError::Malformed(Box::new(error)))
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

    pub fn database(&self) -> DatabaseConfig {
        DatabaseConfig {
            url: self.database_url.clone(),
            pool_size: self.pool_size,
            checkout_timeout: Duration::from_secs(3),
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
