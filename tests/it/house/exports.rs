//! What can be taken away is complete: every table of the database, and every column of it, is exported by a room or left out
//! with a reason, and no room exports a table of a floor above it.

use std::collections::BTreeMap;
use std::path::Path;

use netterms::platform::db::rows::Kept;
use netterms::platform::exports::{DayOf, ExportTable};
use netterms::server::rooms::{ROOMS, export_tables};

use super::FLOORS;

/// Tables that nobody takes away, each with the reason.
const INTERNAL: &[(&str, &str)] = &[
    (
        "business_days",
        "which days' work was begun: the trail has it",
    ),
    ("idempotency_keys", "stored answers, forgotten after a week"),
    (
        "invoice_keys",
        "numbers of invoices again, folded to be found",
    ),
    ("invoice_labels", "labels of invoices again, to be found by"),
    ("job_files", "uploads on their way"),
    ("job_reports", "what jobs found, and the files of exports"),
    (
        "timeline_entries",
        "which entries of the trail concern which customer: made anew from the trail",
    ),
    (
        "subscriptions",
        "how far the program has come in its own log",
    ),
];

/// Every table with its columns, as the schema declares them, and its floor.
fn declared() -> BTreeMap<String, (usize, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/platform/src/db/schema");
    let mut tables = BTreeMap::new();
    for (floor, (name, _)) in FLOORS.iter().enumerate() {
        let Ok(mut text) = std::fs::read_to_string(folder.join(format!("{name}.rs"))) else {
            continue;
        };
        for part in std::fs::read_dir(folder.join(name)).into_iter().flatten() {
            text += &std::fs::read_to_string(part.unwrap().path()).unwrap();
        }
        for block in text.split("diesel::table! {").skip(1) {
            let mut lines = block.lines();
            let table = lines
                .find_map(|line| line.strip_prefix("    ")?.split_once(" ("))
                .unwrap()
                .0;
            let columns = lines.map_while(|line| line.strip_prefix("        "));
            let columns = columns.filter_map(|line| Some(line.split_once(" ->")?.0.to_owned()));
            tables.insert(table.to_owned(), (floor, columns.collect()));
        }
    }
    assert!(tables.len() > 60, "{tables:?}");
    tables
}

#[test]
fn every_table_and_column_is_exported_or_left_out_with_a_reason() {
    let declared = declared();
    let internal: BTreeMap<&str, &str> = INTERNAL.iter().copied().collect();
    let mut complaints = Vec::new();
    let mut exported: BTreeMap<&str, &str> = BTreeMap::new();
    for table in ROOMS.iter().flat_map(|room| room.exports) {
        if let Some(other) = exported.insert(table.table, table.name) {
            complaints.push(format!("{} and {other} export {}", table.name, table.table));
        }
        let (_, columns) = &declared[table.table];
        for column in columns {
            let is_taken = table
                .fields
                .iter()
                .any(|field| field.place.of.is_empty() && field.place.column == column);
            let is_left = table
                .left_out
                .iter()
                .any(|(left, why)| left == column && why.len() > 5);
            if is_taken == is_left {
                complaints.push(format!(
                    "{}.{column}: exported or left out, one of them",
                    table.table
                ));
            }
        }
        check_columns(table, columns);
    }
    for table in declared.keys() {
        let is_exported = exported.contains_key(table.as_str());
        if is_exported == internal.contains_key(table.as_str()) {
            complaints.push(format!(
                "{table} is exported by no room, and not internal; or both"
            ));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(
        export_tables().0.len(),
        exported.len(),
        "a name stands for two tables"
    );
}

/// Names stand once, the day is a column, and every amount comes with its currency.
fn check_columns(table: &ExportTable, columns: &[String]) {
    let mut names: Vec<&str> = table.fields.iter().map(|field| field.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        names.len(),
        table.fields.len(),
        "{} has a name twice",
        table.name
    );
    if let Some(DayOf::Day(day) | DayOf::Instant(day)) = table.day {
        assert!(
            columns.iter().any(|column| column == day),
            "{}: {day}",
            table.name
        );
    }
    assert!(
        !table.readers.roles.is_empty() && table.description.len() > 10,
        "{}",
        table.name
    );
    for field in table.fields {
        if let Kept::Money(place) = field.kept {
            assert!(
                table.fields.iter().any(|other| other.place == place),
                "{}.{} has an amount without its currency",
                table.name,
                field.name
            );
        }
    }
}

#[test]
fn no_table_of_an_upper_floor_is_exported_from_below() {
    let declared = declared();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for sources in super::SOURCES {
        super::collect_sources(&root.join(sources), &mut paths);
    }
    let mut files = 0;
    for path in paths.iter().filter(|path| path.ends_with("exports.rs")) {
        let place =
            super::source::place_of(&path.strip_prefix(root).unwrap().display().to_string());
        let floor = FLOORS
            .iter()
            .position(|(name, _)| place.starts_with(&format!("{name}/")))
            .unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let joins = text
            .split("by_id(")
            .skip(1)
            .filter_map(|rest| rest.split('"').nth(3));
        let own = text
            .split("table: \"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        for table in own.chain(joins) {
            assert!(
                declared[table].0 <= floor,
                "{place} exports {table}, a table of an upper floor"
            );
        }
        files += 1;
    }
    assert!(files > 20, "{files}");
}
