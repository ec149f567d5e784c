//! The two databases: the same tables, columns, indexes and references, there and back again.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use netterms::platform::db::{Backend, Conn, Db};
use netterms::prove::audit::codes::CODED;

use crate::support::{TestApp, on_both};

/// A table as both databases can tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Name, type and whether it must have a value, in order.
    columns: Vec<(String, String, bool)>,
    /// Name, columns and whether it is unique. An index behind a key or constraint has no name in SQLite.
    indexes: BTreeSet<(String, String, bool)>,
    /// The columns of keys and unique constraints.
    keys: BTreeSet<String>,
    /// Column and the table and column that it refers to.
    references: BTreeSet<(String, String)>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = BigInt)]
    flag: i64,
}

fn ask(db: &mut Db, query: &str) -> Vec<Row> {
    match db.conn() {
        Conn::Postgres(c) => diesel::sql_query(query).load(&mut **c),
        Conn::Sqlite(c) => diesel::sql_query(query).load(&mut **c),
    }
    .unwrap()
}

/// The queries for columns, named indexes, keys and references, each in the words of one database.
struct Catalogue {
    columns: &'static str,
    indexes: &'static str,
    keys: &'static str,
    references: &'static str,
}

const SQLITE: Catalogue = Catalogue {
    columns: "SELECT t.name AS table_name, c.name AS name, c.type AS detail, \
              (c.\"notnull\" OR c.pk > 0) AS flag \
              FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
              WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid",
    indexes: "SELECT t.name AS table_name, i.name AS name, \
              (SELECT group_concat(coalesce(x.name, '?'), ',') FROM \
                 (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) x) AS detail, \
              i.\"unique\" AS flag \
              FROM sqlite_schema t JOIN pragma_index_list(t.name) i \
              WHERE t.type = 'table' AND i.origin = 'c' AND t.name NOT LIKE 'sqlite_%'",
    keys: "SELECT t.name AS table_name, '' AS name, \
           (SELECT group_concat(x.name, ',') FROM \
              (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) x) AS detail, \
           1 AS flag \
           FROM sqlite_schema t JOIN pragma_index_list(t.name) i \
           WHERE t.type = 'table' AND i.origin IN ('pk', 'u') AND t.name NOT LIKE 'sqlite_%' \
           UNION SELECT t.name, '', c.name, 1 \
           FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
           WHERE t.type = 'table' AND c.pk = 1 AND t.name NOT LIKE 'sqlite_%' \
           AND (SELECT count(*) FROM pragma_table_info(t.name) k WHERE k.pk > 0) = 1",
    references: "SELECT t.name AS table_name, f.\"from\" AS name, \
                 f.\"table\" || '.' || coalesce(f.\"to\", 'id') AS detail, 1 AS flag \
                 FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
};

const POSTGRES: Catalogue = Catalogue {
    columns: "SELECT c.relname::text AS table_name, a.attname::text AS name, \
              format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid), NULL) AS detail, a.attnotnull::int::bigint AS flag \
              FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid \
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' \
              AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum",
    indexes: "SELECT t.relname::text AS table_name, i.relname::text AS name, \
              (SELECT string_agg(coalesce(a.attname::text, '?'), ',' ORDER BY k.place) \
               FROM unnest(x.indkey) WITH ORDINALITY k(attnum, place) \
               LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) AS detail, \
              x.indisunique::int::bigint AS flag \
              FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
              WHERE t.relnamespace = 'public'::regnamespace \
              AND NOT EXISTS (SELECT 1 FROM pg_constraint o WHERE o.conindid = i.oid AND o.contype IN ('p', 'u'))",
    keys: "SELECT t.relname::text AS table_name, '' AS name, \
           (SELECT string_agg(a.attname::text, ',' ORDER BY k.place) \
            FROM unnest(o.conkey) WITH ORDINALITY k(attnum, place) \
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) AS detail, \
           1::bigint AS flag \
           FROM pg_constraint o JOIN pg_class t ON t.oid = o.conrelid \
           WHERE o.contype IN ('p', 'u') AND t.relnamespace = 'public'::regnamespace",
    references: "SELECT t.relname::text AS table_name, a.attname::text AS name, \
                 r.relname::text || '.' || b.attname::text AS detail, 1::bigint AS flag \
                 FROM pg_constraint o JOIN pg_class t ON t.oid = o.conrelid JOIN pg_class r ON r.oid = o.confrelid \
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = o.conkey[1] \
                 JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = o.confkey[1] \
                 WHERE o.contype = 'f' AND t.relnamespace = 'public'::regnamespace",
};

/// The type that SQLite keeps a PostgreSQL type in; SQLite's own are themselves.
fn common_type(name: &str) -> String {
    match name {
        "bigint" | "integer" | "boolean" => "INTEGER",
        "text" | "date" | "timestamp with time zone" => "TEXT",
        "uuid" | "bytea" => "BLOB",
        other => other,
    }
    .to_owned()
}

pub fn read(app: &TestApp) -> BTreeMap<String, Table> {
    let mut db = app.database().reader().unwrap();
    let catalogue = match app.backend {
        Backend::Postgres => POSTGRES,
        Backend::Sqlite => SQLITE,
    };
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in ask(&mut db, catalogue.columns) {
        let column = (row.name, common_type(&row.detail), row.flag == 1);
        tables
            .entry(row.table_name)
            .or_default()
            .columns
            .push(column);
    }
    for row in ask(&mut db, catalogue.indexes) {
        let index = (row.name, row.detail, row.flag == 1);
        tables
            .entry(row.table_name)
            .or_default()
            .indexes
            .insert(index);
    }
    for row in ask(&mut db, catalogue.keys) {
        tables
            .entry(row.table_name)
            .or_default()
            .keys
            .insert(row.detail);
    }
    for row in ask(&mut db, catalogue.references) {
        let reference = (row.name, row.detail);
        tables
            .entry(row.table_name)
            .or_default()
            .references
            .insert(reference);
    }
    tables.remove("__diesel_schema_migrations");
    tables
}

/// Indexes of PostgreSQL whose order SQLite's rows have by themselves: that of transactions is that of the trail's
/// entries, and keys are kept in the order of time.
const IN_ORDER: [&str; 2] = ["trail_entries_position", "idempotency_keys_created"];

#[test]
fn both_databases_have_the_same_schema() {
    let schemas = std::cell::RefCell::new(Vec::new());
    on_both(|app| schemas.borrow_mut().push(read(app)));
    let schemas = schemas.into_inner();
    let sqlite = schemas.first().unwrap();
    assert!(sqlite.len() > 20, "{:?}", sqlite.keys());
    let Some(postgres) = schemas.get(1) else {
        return;
    };
    assert_eq!(
        sqlite.keys().collect::<Vec<_>>(),
        postgres.keys().collect::<Vec<_>>()
    );
    for (name, table) in sqlite {
        let mut twin = postgres[name].clone();
        twin.indexes
            .retain(|(index, _, _)| !IN_ORDER.contains(&index.as_str()));
        assert_eq!(
            table, &twin,
            "SQLite (left) and PostgreSQL differ in {name}"
        );
    }
}

/// Columns that are called like one with a list of values, and are free: what somebody wrote, or what rooms name.
const FREE: [&str; 7] = [
    "customer_facts.source",
    "exchange_rates.source",
    "financial_statements.source",
    "import_feeds.control",
    "industry_versions.source",
    "instruments.kind",
    "jobs.kind",
];

#[test]
fn verify_knows_every_column_with_a_list_of_values() {
    on_both(|app| {
        let coded: BTreeSet<String> = CODED
            .iter()
            .map(|coded| format!("{}.{}", coded.table, coded.column))
            .collect();
        let names: BTreeSet<&str> = CODED.iter().map(|coded| coded.column).collect();
        let mut called_so = BTreeSet::new();
        for (table, told) in read(app) {
            for (column, _, _) in told.columns {
                let is_called_so = names.contains(column.as_str())
                    || ["_status", "_kind", "_scope", "_cause"]
                        .iter()
                        .any(|end| column.ends_with(end));
                let name = format!("{table}.{column}");
                if is_called_so && !FREE.contains(&name.as_str()) {
                    called_so.insert(name);
                }
            }
        }
        assert_eq!(
            called_so, coded,
            "the schema's columns (left) and `prove::audit::codes::CODED` differ; what is free goes into FREE"
        );
    });
}

#[test]
fn every_migration_has_a_version_of_its_own() {
    for folder in ["migrations/postgres", "migrations/sqlite"] {
        let names = std::fs::read_dir(folder).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for name in names {
            // Of two with one version the second would never be applied.
            let version = name.split('_').next().unwrap().to_owned();
            let other = seen.insert(version, name.clone());
            assert_eq!(other, None, "{folder}/{name} has the version of another");
        }
    }
}

#[test]
fn the_migrations_go_down_and_up_again() {
    on_both(|app| {
        let before = read(app);
        app.database().revert_all_migrations().unwrap();
        assert_eq!(read(app), BTreeMap::new());
        let refused = app
            .anonymous()
            .get("/readyz")
            .expect_problem(503, "database_unavailable");
        assert!(refused.header("retry-after").is_some());
        app.anonymous().get("/healthz").expect(200);
        app.database().migrate().unwrap();
        assert_eq!(read(app), before);
        app.anonymous().get("/readyz").expect(200);
    });
}
