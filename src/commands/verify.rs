//! `netterms verify`: whether every counter says what its documents say.

use std::path::PathBuf;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;

use super::Failure;
use crate::platform::db::{Database, migrations};
use crate::prove::audit::actions::audit_believing;
use crate::prove::audit::model::Audit;
use crate::prove::sealing::input::kept_checkpoints;
use crate::prove::sealing::model::Trust;
use crate::server::Config;

#[derive(Args)]
pub struct Options {
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
    /// Believe only checkpoints of the trail that this Ed25519 key signed, 32 bytes in Base64; may be given several times.
    #[arg(long, value_name = "BASE64", value_parser = public_key)]
    public_key: Vec<PublicKey>,
    /// Checkpoints of the trail that were kept elsewhere, as GET /v1/trail/checkpoints gives them: an answer, a list, or one
    /// in each line.
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<PathBuf>,
}

/// An Ed25519 key as it was given.
#[derive(Debug, Clone)]
struct PublicKey(Vec<u8>);

fn public_key(text: &str) -> Result<PublicKey, String> {
    let key = STANDARD.decode(text).ok().filter(|key| key.len() == 32);
    key.map(PublicKey)
        .ok_or_else(|| "must be the 32 bytes of an Ed25519 key in Base64".to_owned())
}

impl Options {
    /// What is believed besides the database.
    fn trust(&self) -> Result<Trust, Failure> {
        let kept = match &self.checkpoints {
            None => Vec::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("{} can't be read: {error}", path.display()))?;
                kept_checkpoints(&text).map_err(|error| format!("{}: {error}", path.display()))?
            }
        };
        Ok(Trust {
            keys: self.public_key.iter().map(|key| key.0.clone()).collect(),
            kept,
        })
    }
}

/// Adds the book up again; fails when a row tells a lie. Servers may go on serving meanwhile.
pub fn run(config: &Config, options: &Options) -> Result<ExitCode, Failure> {
    let database = Database::open_existing(&config.database(), config.clock()?)?;
    let pending = migrations::pending(&mut database.reader()?)?;
    if pending > 0 {
        return Err(format!("{pending} migrations are pending; run: netterms migrate").into());
    }
    let audit = audit_believing(&database, &options.trust()?)?;
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
