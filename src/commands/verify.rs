//! `netterms verify`: whether every counter says what its documents say.

use std::process::ExitCode;

use clap::Args;

use super::Failure;
use crate::platform::db::{Database, migrations};
use crate::prove::audit::actions::audit;
use crate::prove::audit::model::Audit;
use crate::server::Config;

#[derive(Args)]
pub struct Options {
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// Adds the book up again; fails when a row tells a lie. Servers may go on serving meanwhile.
pub fn run(config: &Config, options: &Options) -> Result<ExitCode, Failure> {
    let database = Database::open_existing(&config.database(), config.clock()?)?;
    let pending = migrations::pending(&mut database.reader()?)?;
    if pending > 0 {
        return Err(format!("{pending} migrations are pending; run: netterms migrate").into());
    }
    let audit = audit(&database)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&audit)?);
    } else {
        tell(&audit);
    }
    Ok(if audit.holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(audit: &Audit) {
    for finding in &audit.invariants {
        let word = if finding.lies == 0 { "ok" } else { "FAIL" };
        let lies = match finding.lies {
            0 => String::new(),
            lies => format!(", {lies} lies"),
        };
        println!(
            "{word:<5} {}: {} rows{lies}",
            finding.invariant, finding.rows
        );
        for lie in &finding.first {
            println!(
                "      {}, {}: stated {}, counted {}",
                lie.id, lie.what, lie.stated, lie.counted
            );
        }
    }
}
