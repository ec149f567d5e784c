//! `netterms import`: a file into the book, by the same code as `POST /v1/imports`, in this process.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use crate::book::imports::actions::{Holding, Import, Listener};
use crate::book::imports::model::{ImportKind, ImportMode, Mapping, Plan, Report, WriteMode};
use crate::book::imports::rules::mapping::check_mapping;
use crate::book::imports::rules::shipped::resolve;
use crate::platform::db::Database;
use crate::platform::http::auth::internal_caller;
use crate::platform::jobs::model::{JobStatus, Remark};
use crate::platform::jobs::worker::Interrupted;
use crate::server::{Config, react};
use kernel::caller::Role;
use kernel::text::Keyword;

#[derive(Args)]
pub struct Options {
    /// What the file holds: customers, credit_accounts, invoices, receipts, credit_notes, deposit_requests, exchange_rates,
    /// open_items, open_orders or open_deliveries.
    #[arg(long)]
    kind: ImportKind,
    /// What happens to the good lines of a file with bad ones: per_line posts them, all_or_nothing does not.
    #[arg(long, default_value = "per_line")]
    mode: ImportMode,
    /// A JSON file that says how a foreign file's columns are read.
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// The system whose numbers of customers the file has; the mapping's when not given.
    #[arg(long)]
    source_system: Option<Keyword>,
    /// What the file does to what the book has: insert, upsert, snapshot or recognise, as its kind can be written; the first
    /// way of the kind when not given.
    #[arg(long)]
    write: Option<WriteMode>,
    /// Tells what the file would do, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// The CSV file.
    file: PathBuf,
}

/// Imports the file; fails when a line was rejected.
pub fn run(config: &Config, options: &Options) -> Result<ExitCode, Failure> {
    let plan = plan(options)?;
    File::open(&options.file)
        .map_err(|error| format!("can't read {}: {error}", options.file.display()))?;
    let database = Database::open(&config.database(), config.clock()?)?;
    database.migrate()?;
    react(&database);
    let caller = internal_caller("netterms-import", &[Role::Finance])?;
    let outcome = Import {
        database: &database,
        caller: &caller,
        plan: &plan,
        open: &|| Ok(Box::new(File::open(&options.file)?)),
        listener: &Printer,
    }
    .run()?;
    let report = &outcome.report;
    if let Some(skipped) = report.skipped {
        println!("{skipped} lines passed over by the mapping");
    }
    println!(
        "{} lines: {} created, {} unchanged, {} rejected",
        report.lines, report.created, report.unchanged, report.rejected
    );
    for (what, count) in [
        ("updated", report.updated),
        ("recognised", report.recognised),
        ("missing", report.missing),
    ] {
        if let Some(count) = count {
            println!("{count} {what}");
        }
    }
    let good = outcome.status == JobStatus::Succeeded && report.rejected == 0;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints how an import gets on, and all that it finds.
struct Printer;

impl Listener for Printer {
    fn begin(&self) {}

    fn progress(&self, report: &Report, _: Holding) -> Result<(), Interrupted> {
        eprintln!("{} lines done", report.done());
        Ok(())
    }

    fn remark(&self, remarks: Vec<Remark>, _: Holding) -> Result<(), Interrupted> {
        for remark in remarks {
            let said = remark.said;
            let line = said
                .line
                .map_or_else(|| "-".to_owned(), |line| line.to_string());
            let column = said.column.as_deref().unwrap_or("-");
            let severity = remark.severity.as_str();
            println!(
                "line {line}, {column}: {severity}: {} ({})",
                said.message, said.code
            );
        }
        Ok(())
    }
}

/// How the file is to be written, when its kind can be.
fn write_mode(options: &Options) -> Result<WriteMode, Failure> {
    let (kind, ways) = (options.kind, options.kind.writes());
    let first = ways.first().copied().unwrap_or_default();
    let write = options.write.unwrap_or(first);
    if ways.contains(&write) {
        return Ok(write);
    }
    let ways: Vec<&str> = ways.iter().map(|way| way.as_str()).collect();
    Err(format!("{kind} are written by {}", ways.join(", ")).into())
}

fn plan(options: &Options) -> Result<Plan, Failure> {
    let mapping: Mapping = match &options.mapping {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("can't read {}: {error}", path.display()))?;
            serde_json::from_str(&text)
                .map_err(|error| format!("{} is no mapping: {error}", path.display()))?
        }
        None => Mapping::default(),
    };
    if options.kind.proposes() {
        let kind = options.kind;
        return Err(
            format!("{kind} are proposed by a person: send the file to POST /v1/imports").into(),
        );
    }
    let mapping = resolve(options.kind, mapping)
        .map_err(|(member, message)| format!("mapping, {member}: {message}"))?;
    check_mapping(options.kind, &mapping)
        .map_err(|(member, message)| format!("mapping, {member}: {message}"))?;
    let mapping = Mapping {
        source_system: options.source_system.clone().or(mapping.source_system),
        ..mapping
    };
    Ok(Plan {
        kind: options.kind,
        mode: options.mode,
        mapping,
        lines: None,
        request: None,
        write: write_mode(options)?,
        dry_run: options.dry_run,
        close_missing: false,
        ledger_as_of: None,
        control: None,
        legal_entities: Vec::new(),
    })
}
