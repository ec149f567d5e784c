//! The audit package: a ZIP of tables with their control totals, and a manifest that is signed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use tables::{Column, Format, TableError, TableWriter, Value};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::{Failure, span};
use crate::platform::db::rows::{Kept, Piece, Selection};
use crate::platform::db::{Db, DbError};
use crate::platform::exports::ExportTable;
use crate::platform::jobs::output::{JobOutput, Written};
use crate::platform::jobs::worker::JobContext;
use crate::prove::exports::model::package::{
    AR_ADJUSTMENTS, CASH_APPLICATION, CASH_RECEIVED, CUSTOMER_MASTER, FileNote, INVOICES_GENERATED,
    Manifest, ManifestSignature, OF_ROOMS, OPEN_ACCOUNTS_RECEIVABLE,
};
use crate::prove::exports::model::{Export, ExportTools};
use crate::prove::exports::rules::{self, Bounds, Totals};
use crate::prove::exports::store::package as store;
use crate::prove::reports::actions::{ReportError, aging};
use crate::prove::reports::model::{AgingBy, AgingQuestion, BucketBounds};
use crate::prove::sealing::rules::hex;
use crate::prove::sealing::signing::Signer;
use kernel::money::Currency;

/// The tables of the package alone.
pub(super) const OWN: &[&ExportTable] = &[
    &CUSTOMER_MASTER,
    &OPEN_ACCOUNTS_RECEIVABLE,
    &INVOICES_GENERATED,
    &CASH_RECEIVED,
    &CASH_APPLICATION,
    &AR_ADJUSTMENTS,
];

/// One file of the package, as it is written.
struct Entry {
    zip: ZipWriter<StreamWriter<JobOutput>>,
    digest: Context,
    bytes: u64,
}

impl Write for Entry {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.zip.write(bytes)?;
        self.digest.update(bytes.get(..count).unwrap_or(bytes));
        self.bytes += u64::try_from(count).map_err(io::Error::other)?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

/// A package that is being written.
struct Package<'a> {
    context: &'a JobContext,
    zip: Option<ZipWriter<StreamWriter<JobOutput>>>,
    days: (NaiveDate, NaiveDate),
    files: Vec<FileNote>,
    rows: i64,
}

/// Writes the package of a period.
pub fn write(
    context: &JobContext,
    export: &Export,
    tools: &ExportTools,
) -> Result<(i64, Written), Failure> {
    let (Some(first), Some(last)) = (export.period_from, export.period_to) else {
        return Err(DbError::Document("a package has a period".to_owned()).into());
    };
    let mut package = Package {
        context,
        zip: Some(ZipWriter::new_stream(JobOutput::new(context))),
        days: (first, last),
        files: Vec::new(),
        rows: 0,
    };
    let manifest = context
        .database()
        .snapshot(|db| package.write_tables(db, export, tools))?;
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| DbError::Document(error.to_string()))?;
    package.write_text("manifest.json", &text)?;
    if let Some(signer) = &tools.signer {
        package.write_text("manifest.signature.json", &signed(signer, &text)?)?;
    }
    package.finish()
}

fn signed(signer: &Signer, text: &str) -> Result<String, Failure> {
    // Whoever keeps the key does not answer: the work is done again, a little later.
    let signature = signer
        .sign(text)
        .map_err(|error| DbError::Unavailable(error.to_string()))?;
    let signature = ManifestSignature {
        algorithm: "Ed25519",
        over: "manifest.json",
        public_key: STANDARD.encode(signer.public_key()),
        signature: STANDARD.encode(signature),
    };
    Ok(serde_json::to_string_pretty(&signature)
        .map_err(|error| DbError::Document(error.to_string()))?)
}

impl Package<'_> {
    fn write_tables(
        &mut self,
        db: &mut Db,
        export: &Export,
        tools: &ExportTools,
    ) -> Result<Manifest, Failure> {
        let (first, last) = self.days;
        self.write_own(db, &CUSTOMER_MASTER, None)?;
        let open = self.write_own(db, &OPEN_ACCOUNTS_RECEIVABLE, Some(store::open_items(last)))?;
        self.write_own(db, &INVOICES_GENERATED, None)?;
        self.write_own(db, &CASH_RECEIVED, None)?;
        // What a receipt let go besides, such as a discount, is an adjustment.
        let applied = "SELECT * FROM settlements WHERE receipt_id IS NOT NULL AND kind = 'payment'"
            .to_owned();
        self.write_own(db, &CASH_APPLICATION, Some(applied))?;
        self.write_own(db, &AR_ADJUSTMENTS, Some(store::adjustments(first, last)))?;
        for (name, called) in OF_ROOMS {
            if let Some(table) = tools.tables.find(name) {
                let columns = table.columns().into_iter().map(titled).collect();
                self.write_table(db, table, called, columns, None)?;
            }
        }
        let opening = balances(db, first.pred_opt().unwrap_or(first))?;
        let closing = balances(db, last)?;
        let moved = store::list_moved(db, first, last)?;
        let roll_forward = rules::roll_forward(&opening, &moved_of(moved), &closing, &open)
            .map_err(DbError::from)?;
        Ok(Manifest {
            package: "netterms audit package",
            manifest_version: 1,
            generator: "netterms",
            generator_version: env!("CARGO_PKG_VERSION"),
            export: export.id,
            period_from: first,
            period_to: last,
            requested_by: export.requested_by.to_string(),
            made_at: db.clock().now().to_string(),
            encoding: "UTF-8",
            delimiter: ",",
            line_end: "CRLF",
            files: std::mem::take(&mut self.files),
            holds: roll_forward.iter().all(|one| one.holds),
            roll_forward,
        })
    }

    fn write_own(
        &mut self,
        db: &mut Db,
        table: &'static ExportTable,
        query: Option<String>,
    ) -> Result<Totals, Failure> {
        self.write_table(db, table, table.name, table.columns(), query)
    }

    /// Writes a table as a file, and gives the sums of its first amount by currency.
    fn write_table(
        &mut self,
        db: &mut Db,
        table: &'static ExportTable,
        called: &str,
        columns: Vec<Column>,
        query: Option<String>,
    ) -> Result<Totals, Failure> {
        let (first, last) = self.days;
        let span = span(db.clock(), table, Bounds::Days(first, last));
        let selection = Selection {
            query,
            ..table.selection(span)
        };
        let selection = by_decision(selection);
        let name = format!(
            "{called}_{}_{}.csv",
            rules::compact(first),
            rules::compact(last)
        );
        let entry = self.begin(&name)?;
        let mut writer = TableWriter::begin(Format::Csv, called, &columns, entry)?;
        let mut control = Control::of(table);
        let progress = self.context.computation();
        progress.expect(usize::try_from(selection.count(db)?).unwrap_or(usize::MAX));
        selection.read(db, &mut |piece| match piece {
            Piece::Cell(value) => {
                control.look(value);
                Ok(writer.cell(value)?)
            }
            Piece::RowEnds => {
                control.end_row();
                writer.end_row()?;
                progress.advance(1).map_err(Failure::from)
            }
        })?;
        let rows = writer.count();
        let entry = writer.finish()?;
        self.rows += i64::try_from(rows).unwrap_or(i64::MAX);
        self.files.push(FileNote {
            name,
            rows,
            bytes: entry.bytes,
            sha256: hex(entry.digest.finish().as_ref()),
            control_totals: rules::told_totals(&control.totals),
        });
        self.zip = Some(entry.zip);
        Ok(control.totals)
    }

    fn begin(&mut self, name: &str) -> Result<Entry, Failure> {
        let missing = || TableError::Format("the package has ended".to_owned());
        let mut zip = self.zip.take().ok_or_else(missing)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true);
        zip.start_file(name, options).map_err(broken)?;
        Ok(Entry {
            zip,
            digest: Context::new(&SHA256),
            bytes: 0,
        })
    }

    fn write_text(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let mut entry = self.begin(name)?;
        entry.write_all(text.as_bytes()).map_err(TableError::Io)?;
        self.zip = Some(entry.zip);
        Ok(())
    }

    fn finish(mut self) -> Result<(i64, Written), Failure> {
        let missing = || TableError::Format("the package has ended".to_owned());
        let zip = self.zip.take().ok_or_else(missing)?;
        let output = zip.finish().map_err(broken)?.into_inner();
        Ok((self.rows, output.finish().map_err(TableError::Io)?))
    }
}

/// Applications belong to the period in which they were decided, others of a room to that of their own day.
fn by_decision(selection: Selection) -> Selection {
    let within = selection
        .within
        .map(|(column, span)| match selection.table {
            "applications" => ("decided_at", span),
            _ => (column, span),
        });
    Selection {
        within,
        ..selection
    }
}

fn broken(error: zip::result::ZipError) -> TableError {
    match error {
        zip::result::ZipError::Io(error) => TableError::Io(error),
        error => TableError::Format(error.to_string()),
    }
}

/// A column under a name of the standard's make: `Customer_ID` of `customer_id`.
fn titled(column: Column) -> Column {
    Column {
        name: rules::titled(&column.name),
        ..column
    }
}

/// Adds up the first amount of a table, in each currency.
struct Control {
    /// Where the amount and its currency stand, where there is one.
    places: Option<(usize, usize)>,
    at: usize,
    amount: Option<i128>,
    currency: Option<String>,
    totals: Totals,
}

impl Control {
    fn of(table: &ExportTable) -> Control {
        let mut fields = table.fields.iter().enumerate();
        let places = fields.find_map(|(at, field)| {
            let Kept::Money(place) = field.kept else {
                return None;
            };
            let currency = table.fields.iter().position(|other| other.place == place)?;
            Some((at, currency))
        });
        Control {
            places,
            at: 0,
            amount: None,
            currency: None,
            totals: Totals::new(),
        }
    }

    fn look(&mut self, value: Value<'_>) {
        if let Some((amount, currency)) = self.places {
            match value {
                Value::Decimal { digits, .. } if self.at == amount => self.amount = Some(digits),
                Value::Text(code) if self.at == currency => self.currency = Some(code.to_owned()),
                _ => {}
            }
        }
        self.at += 1;
    }

    fn end_row(&mut self) {
        if let (Some(amount), Some(currency)) = (self.amount.take(), self.currency.take())
            && let Ok(currency) = currency.parse::<Currency>()
        {
            *self.totals.entry(currency).or_default() += amount;
        }
        self.at = 0;
    }
}

/// What customers owe less what is unapplied at the end of a day, by currency.
fn balances(db: &mut Db, as_of: NaiveDate) -> Result<Totals, Failure> {
    let question = AgingQuestion {
        as_of,
        by: AgingBy::Currency,
        bounds: BucketBounds::default(),
        owner: None,
        customers: Vec::new(),
        entities: Vec::new(),
        currencies: Vec::new(),
        converted_into: None,
    };
    let report = aging(db, &question).map_err(|error| match error {
        ReportError::Db(error) => error,
        other => DbError::Document(other.to_string()),
    })?;
    Ok(report
        .totals
        .iter()
        .map(|row| {
            let owed = i128::from(row.outstanding_minor) - i128::from(row.unapplied_minor);
            (row.currency, owed)
        })
        .collect())
}

fn moved_of(moved: Vec<store::Moved>) -> BTreeMap<Currency, Vec<rules::Moved>> {
    let mut by_currency: BTreeMap<Currency, Vec<rules::Moved>> = BTreeMap::new();
    for one in moved {
        by_currency
            .entry(one.currency)
            .or_default()
            .push(rules::Moved {
                kind: one.kind,
                entries: one.entries,
                minor: one.amount_minor.into(),
            });
    }
    by_currency
}
