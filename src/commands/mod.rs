//! The command line: what can be asked of the binary.

mod demo;
mod import;
mod serve;
mod token;
mod verify;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::server::Config;
use crate::server::config::unknown_variables;

/// Trade-credit management over HTTP.
#[derive(Parser)]
#[command(name = "netterms", version, about)]
struct Cli {
    /// A configuration file; environment variables win over it.
    #[arg(long, global = true, env = "NETTERMS_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API.
    Serve(serve::Options),
    /// Draw a sandbox book, show it around, and serve it.
    Demo(demo::Options),
    /// Apply the migrations and stop.
    Migrate,
    /// Mint a token for the shared-secret set-up.
    Token(token::Options),
    /// Import a CSV file into the book.
    Import(import::Options),
    /// Add the book up again from its documents, and say where a row tells a lie.
    Verify(verify::Options),
    /// Print the OpenAPI document.
    Openapi,
}

/// What ends a command early, said to the operator in one line.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Parses the command line and runs what it asks for.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // A server says so in its log.
    if !matches!(cli.command, Command::Serve(_) | Command::Demo(_)) {
        for name in unknown_variables() {
            eprintln!("netterms: {name} is no setting and changes nothing");
        }
    }
    let outcome = match cli.command {
        Command::Import(options) => {
            load(cli.config).and_then(|config| import::run(&config, &options))
        }
        Command::Demo(options) => {
            succeed(load(cli.config).and_then(|config| demo::run(config, &options)))
        }
        Command::Verify(options) => {
            load(cli.config).and_then(|config| verify::run(&config, &options))
        }
        Command::Openapi => succeed(print_contract()),
        Command::Serve(options) => {
            succeed(load(cli.config).and_then(|config| serve::run(config, &options)))
        }
        Command::Migrate => succeed(load(cli.config).and_then(|config| serve::migrate(&config))),
        Command::Token(options) => {
            succeed(load(cli.config).and_then(|config| token::run(&config, &options)))
        }
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("netterms: {error}");
            ExitCode::FAILURE
        }
    }
}

fn succeed(outcome: Result<(), Failure>) -> Result<ExitCode, Failure> {
    outcome.map(|()| ExitCode::SUCCESS)
}

fn load(file: Option<PathBuf>) -> Result<Config, Failure> {
    Ok(Config::load(file.as_deref())?)
}

fn print_contract() -> Result<(), Failure> {
    let document = crate::server::openapi::document();
    writeln!(
        std::io::stdout().lock(),
        "{}",
        crate::server::openapi::text(&document)
    )?;
    Ok(())
}
