//! `netterms serve` and `netterms migrate`.

use std::io::IsTerminal as _;
use std::net::TcpListener;

use clap::Args;
use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::platform::db::Database;
use crate::server::config::{LogFormat, unknown_variables};
use crate::server::{Config, Services, start};

#[derive(Args)]
pub struct Options {
    /// Refuse to start when migrations are pending, instead of applying them.
    #[arg(long)]
    no_migrate: bool,
}

/// Serves until SIGTERM or SIGINT; what is in flight is finished.
pub fn run(config: Config, options: &Options) -> Result<(), Failure> {
    start_logging(&config)?;
    let _faults = fail::FailScenario::setup();
    // A bad secret must stop us before anything is touched.
    config.shared_secret()?;
    let database = Database::open(&config.database(), config.clock()?)?;
    prepare(&database, options.no_migrate)?;
    let listener = TcpListener::bind(&config.listen)
        .map_err(|error| format!("can't listen on {}: {error}", config.listen))?;
    let house = Services::open(config, database)?;
    actix_web::rt::System::new().block_on(async move {
        let server = start(house, listener)?;
        tracing::info!(address = %server.address, "serving; the docs are at /docs");
        server.run().await?;
        tracing::info!("stopped");
        Ok(())
    })
}

/// Applies the migrations and says which.
pub fn migrate(config: &Config) -> Result<(), Failure> {
    let database = Database::open(&config.database(), config.clock()?)?;
    for name in database.migrate()? {
        println!("applied {name}");
    }
    Ok(())
}

fn prepare(database: &Database, no_migrate: bool) -> Result<(), Failure> {
    if no_migrate {
        let pending = crate::platform::db::migrations::pending(&mut database.reader()?)?;
        if pending > 0 {
            return Err(format!("{pending} migrations are pending; run: netterms migrate").into());
        }
        return Ok(());
    }
    for name in database.migrate()? {
        tracing::info!(name, "migration applied");
    }
    Ok(())
}

/// Log lines to standard error, as the configuration asks.
pub fn start_logging(config: &Config) -> Result<(), Failure> {
    // What can't be read as HTTP is its sender's fault, and not an error of ours.
    let filter = EnvFilter::try_new(format!("actix_http::h1=off,{}", config.log))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Pretty => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    for name in unknown_variables() {
        tracing::warn!(name, "this variable is no setting and changes nothing");
    }
    Ok(())
}
