//! The walls of the house, read from the source: which room may use which, what each kind of file may hold, and how
//! long a file may be. `docs/architecture.md` says why; where the plan moves, move the tables below with it.

mod exports;
mod messages;
mod registers;
mod source;

use source::SourceFile;
use std::fmt;
use std::path::{Path, PathBuf};

/// The floors from the ground up, each with its rooms. A room uses any floor below its own and, on its own floor, only
/// rooms named before it. A floor without rooms is one room.
#[rustfmt::skip]
const FLOORS: &[(&str, &[&str])] = &[
    ("platform", &["db", "idempotency", "http", "exports", "trail", "events", "jobs", "versions", "rooms"]),
    ("book", &["catalogues", "payment_terms", "entities", "customers", "change_requests", "policy", "exchange_rates", "exposure", "security", "periods", "receivables", "refunds", "deposit_requests", "deadlines", "instruments", "factoring", "imports", "cash"]),
    ("rating", &["rules", "catalogue", "statements", "industries", "facts", "indicators", "scales", "panels", "models", "ratings"]),
    ("collect", &["promises", "losses", "disputes", "signals", "correspondence", "charges", "dunning", "worklist"]),
    ("decide", &["terms", "limits", "applications", "reviews"]),
    ("connect", &["events", "webhooks", "postings", "api_keys", "revocations"]),
    ("prove", &["sealing", "trail", "controls", "timeline", "processes", "reports", "exports", "machines", "audit"]),
    ("drill", &[]),
    ("server", &[]),
    ("commands", &[]),
];

/// Words that only some files may hold. A place is a room or floor (`platform/db`), or a kind of file (`store.rs`,
/// which also means all files in a folder `store/`). A word ending in `*` is a beginning; `a::b` is a path's end.
const RESERVED: &[Reserved] = &[
    Reserved {
        rule: "queries stand in store.rs or platform/db",
        words: &["on_backend", "sql_query", "QueryDsl", "RunQueryDsl"],
        only_in: &["platform/db", "store.rs"],
    },
    Reserved {
        rule: "Diesel stands in store.rs, model.rs or platform/db",
        words: &["diesel", "diesel_migrations"],
        only_in: &["platform/db", "store.rs", "model.rs"],
    },
    Reserved {
        rule: "HTTP stands in api.rs, server, commands or platform/http",
        words: &["actix*"],
        only_in: &["api.rs", "server", "commands", "platform/http"],
    },
];

/// The files of a room in the order in which they read: each uses those behind it, none one before it, and rules and
/// store not each other.
const READING: &[(&str, usize)] = &[
    ("api", 4),
    ("actions", 3),
    ("rules", 2),
    ("store", 2),
    ("exports", 2),
    ("input", 1),
    ("model", 0),
];

/// Words that a kind of file never holds.
const FORBIDDEN: &[Forbidden] = &[
    Forbidden {
        rule: "rules are pure: values in, decisions out",
        kind: "rules.rs",
        words: IMPURE,
    },
    Forbidden {
        rule: "the engine is pure: facts and policy in, decision and effects out",
        kind: "decide/limits/check",
        words: IMPURE,
    },
    Forbidden {
        rule: "the engine knows no store and no HTTP",
        kind: "decide/limits/check",
        words: &["store", "desk", "Problem"],
    },
    Forbidden {
        rule: "the desk has errors of its own; api writes the problems",
        kind: "decide/limits/desk",
        words: &["Problem"],
    },
];

const IMPURE: &[&str] = &[
    "diesel",
    "on_backend",
    "Tx",
    "Db",
    "actix*",
    "Utc::now",
    "Local::now",
    "SystemTime::now",
];

/// Where all source stands.
const SOURCES: &[&str] = &[
    "src",
    "crates/kernel/src",
    "crates/letters/src",
    "crates/methods/src",
    "crates/tables/src",
    "crates/platform/src",
    "crates/book/src",
    "crates/rating/src",
    "crates/collect/src",
    "crates/decide/src",
];

/// A file that is longer wants to become two.
const LINES_MAX: usize = 600;

struct Reserved {
    rule: &'static str,
    words: &'static [&'static str],
    only_in: &'static [&'static str],
}

struct Forbidden {
    rule: &'static str,
    kind: &'static str,
    words: &'static [&'static str],
}

// ---------------------------------------------------------------- the tests

#[test]
fn rooms_use_only_what_lies_below() {
    complain(&house(), check_floors);
}

#[test]
fn no_table_of_an_upper_floor_is_read_from_below() {
    let tables = tables_by_floor();
    complain(&house(), |file| check_tables(file, &tables));
}

#[test]
fn the_files_of_a_room_read_one_way() {
    complain(&house(), check_direction);
}

#[test]
fn every_kind_of_file_keeps_to_its_role() {
    complain(&house(), check_roles);
}

#[test]
fn no_file_is_too_long() {
    complain(&house(), check_length);
}

fn complain(files: &[SourceFile], check: impl Fn(&SourceFile) -> Vec<Complaint>) {
    let complaints: Vec<String> = files
        .iter()
        .flat_map(check)
        .map(|c| c.to_string())
        .collect();
    assert!(
        complaints.is_empty(),
        "the house has cracks:\n{}",
        complaints.join("\n")
    );
}

fn house() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for sources in SOURCES {
        collect_sources(&root.join(sources), &mut paths);
    }
    paths.sort();
    assert!(
        !paths.is_empty(),
        "no source found below {}",
        root.display()
    );
    let read = |path: &PathBuf| {
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        SourceFile::new(&name, &std::fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}

fn collect_sources(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_sources(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

// ---------------------------------------------------------------- the checks

struct Complaint {
    file: String,
    line: usize,
    rule: String,
}

impl Complaint {
    fn about(file: &SourceFile, line: usize, rule: String) -> Complaint {
        let file = file.name.clone();
        Complaint { file, line, rule }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}:{}: {}", self.file, self.line, self.rule)
    }
}

/// Whether a file is of a crate without rooms.
fn has_no_rooms(file: &SourceFile) -> bool {
    matches!(
        file.module.first().map(String::as_str),
        Some("kernel" | "letters" | "methods" | "tables")
    )
}

fn check_floors(file: &SourceFile) -> Vec<Complaint> {
    if file.module.is_empty() || has_no_rooms(file) {
        return Vec::new(); // main.rs and lib.rs stand above the house
    }
    let Some(from) = Spot::of(&file.module) else {
        return vec![Complaint::about(
            file,
            1,
            "is in no room of the floor plan; a new room goes into FLOORS".into(),
        )];
    };
    let mut complaints = Vec::new();
    for (path, line) in &file.paths {
        // A path to something that is no floor leads to the crate's root, or out of it.
        let Some(to) = Spot::of_path(path) else {
            continue;
        };
        if !from.may_use(&to) {
            let rule = format!(
                "{from} uses {to} (`{}`), which does not lie below it",
                path.join("::")
            );
            complaints.push(Complaint::about(file, *line, rule));
        }
    }
    complaints
}

/// The tables of each floor, as `platform/db/schema/<floor>.rs` declares them.
fn tables_by_floor() -> Vec<(String, usize)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/platform/src/db/schema");
    let mut tables = Vec::new();
    for (floor, (name, _)) in FLOORS.iter().enumerate() {
        let Ok(mut text) = std::fs::read_to_string(folder.join(format!("{name}.rs"))) else {
            continue;
        };
        for part in std::fs::read_dir(folder.join(name)).into_iter().flatten() {
            text += &std::fs::read_to_string(part.unwrap().path()).unwrap();
        }
        let named = text
            .lines()
            .filter_map(|line| line.strip_prefix("    ")?.split_once(" ("));
        tables.extend(named.map(|(table, _)| (table.to_owned(), floor)));
    }
    assert!(tables.len() > 40, "{tables:?}");
    tables
}

fn check_tables(file: &SourceFile, tables: &[(String, usize)]) -> Vec<Complaint> {
    let Some(spot) = Spot::of_path(&file.module).filter(|_| !file.is_in("platform/db")) else {
        return Vec::new();
    };
    let used = file
        .paths
        .iter()
        .filter_map(|(path, line)| match path.as_slice() {
            [platform, db, schema, table, ..]
                if [platform, db, schema] == ["platform", "db", "schema"] =>
            {
                Some((table, *line))
            }
            _ => None,
        });
    used.filter(|(table, _)| {
        tables
            .iter()
            .any(|(name, floor)| name == *table && *floor > spot.floor)
    })
    .map(|(table, line)| {
        Complaint::about(
            file,
            line,
            format!("{spot} reads {table}, a table of an upper floor"),
        )
    })
    .collect()
}

fn check_direction(file: &SourceFile) -> Vec<Complaint> {
    let Some((room, own)) = kind_of(&file.module) else {
        return Vec::new();
    };
    let mut complaints = Vec::new();
    for (path, line) in &file.paths {
        let Some((other_room, used)) = kind_of(path) else {
            continue;
        };
        // Another room's HTTP is for HTTP alone, and its use cases are called by use cases.
        let is_back = if other_room == room {
            used.1 > own.1 || (used.1 == own.1 && used.0 != own.0)
        } else {
            used.0 == "api" && own.0 != "api"
        };
        if is_back {
            let rule = format!(
                "{} uses {} (`{}`): files read one way",
                own.0,
                used.0,
                path.join("::")
            );
            complaints.push(Complaint::about(file, *line, rule));
        }
    }
    complaints
}

/// The room that a path leads into, and the kind of file there.
fn kind_of(path: &[String]) -> Option<(&[String], (&'static str, usize))> {
    let spot = Spot::of_path(path)?;
    let depth = if spot.room.is_some() { 2 } else { 1 };
    let (room, rest) = path.split_at_checked(depth)?;
    let kind = READING
        .iter()
        .find(|(name, _)| rest.first().is_some_and(|first| first == name))?;
    Some((room, *kind))
}

fn check_roles(file: &SourceFile) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if has_no_rooms(file) {
        return complaints;
    }
    let mut forbid = |words: &[&str], rule: &str| {
        for (word, line) in file.occurrences(words) {
            complaints.push(Complaint::about(file, line, format!("`{word}`: {rule}")));
        }
    };
    for reserved in RESERVED {
        if !reserved.only_in.iter().any(|place| file.is_in(place)) {
            forbid(reserved.words, reserved.rule);
        }
    }
    for forbidden in FORBIDDEN {
        if file.is_in(forbidden.kind) {
            forbid(forbidden.words, forbidden.rule);
        }
    }
    complaints
}

fn check_length(file: &SourceFile) -> Vec<Complaint> {
    if file.lines <= LINES_MAX {
        return Vec::new();
    }
    vec![Complaint::about(
        file,
        file.lines,
        format!("has {} lines, more than {LINES_MAX}", file.lines),
    )]
}

/// Where something stands: its floor, and on it the room. A floor's own `mod.rs` has no room.
#[derive(Debug, PartialEq)]
struct Spot {
    floor: usize,
    room: Option<usize>,
}

impl Spot {
    /// The spot of a file by its module path; `None` when it is in no floor or room of the plan.
    fn of(module: &[String]) -> Option<Spot> {
        let spot = Spot::of_path(module)?;
        let is_mod_of_floor = module.len() == 1;
        (spot.room.is_some() || is_mod_of_floor || FLOORS[spot.floor].1.is_empty()).then_some(spot)
    }

    /// The spot that a path leads to; `None` when its first segment is no floor.
    fn of_path(path: &[String]) -> Option<Spot> {
        let floor = FLOORS
            .iter()
            .position(|(name, _)| path.first().is_some_and(|first| first == name))?;
        let room = path
            .get(1)
            .and_then(|second| FLOORS[floor].1.iter().position(|name| name == second));
        Some(Spot { floor, room })
    }

    fn may_use(&self, other: &Spot) -> bool {
        if self.floor != other.floor {
            return other.floor < self.floor;
        }
        match (self.room, other.room) {
            (None, _) => true,        // a floor's own mod.rs, or a floor of one room
            (Some(_), None) => false, // around the walls, by way of the floor's mod.rs
            (Some(own), Some(used)) => used <= own,
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (floor, rooms) = FLOORS[self.floor];
        match self.room {
            Some(room) => write!(f, "{floor}/{}", rooms[room]),
            None => write!(f, "{floor}"),
        }
    }
}

// ---------------------------------------------------------------- the checks themselves, tried

fn complaints_about(name: &str, text: &str) -> Vec<String> {
    let file = SourceFile::new(name, text);
    let checks = [check_floors, check_direction, check_roles, check_length];
    checks
        .iter()
        .flat_map(|check| check(&file))
        .map(|complaint| complaint.to_string())
        .collect()
}

#[test]
fn a_room_sees_what_lies_below_it_and_before_it() {
    let fine = [
        (
            "crates/platform/src/db/tx.rs",
            "use super::session::Session;",
        ),
        (
            "crates/platform/src/jobs/mod.rs",
            "use crate::platform::{db::Tx, http};",
        ),
        (
            "crates/platform/src/mod.rs",
            "pub mod db; pub use self::jobs::Job;",
        ),
        (
            "crates/book/src/receivables/actions.rs",
            "use crate::book::exposure; use kernel::Money;",
        ),
        (
            "src/commands/serve.rs",
            "use crate::server::run; use super::Options;",
        ),
        ("src/lib.rs", "use crate::commands::serve;"),
        ("src/server/app.rs", "use crate::{Thing, some_macro};"),
    ];
    for (name, text) in fine {
        assert_eq!(complaints_about(name, text), [""; 0], "{name}");
    }
    let wrong = [
        (
            "crates/platform/src/db/tx.rs",
            "use crate::book::policy;",
            "platform/db uses book/policy",
        ),
        (
            "crates/platform/src/db/mod.rs",
            "use super::jobs;",
            "platform/db uses platform/jobs",
        ),
        (
            "crates/book/src/customers/rules.rs",
            "fn f() { crate::rating::rate() }",
            "book/customers uses rating",
        ),
        (
            "crates/book/src/policy/mod.rs",
            "use super::receivables;",
            "book/policy uses book/receivables",
        ),
        (
            "crates/book/src/policy/mod.rs",
            "use crate::book::*;",
            "book/policy uses book",
        ),
        (
            "src/server/mod.rs",
            "use crate::commands;",
            "server uses commands",
        ),
        (
            "crates/book/src/attic/mod.rs",
            "",
            "is in no room of the floor plan",
        ),
        ("src/helpers.rs", "", "is in no room of the floor plan"),
    ];
    for (name, text, rule) in wrong {
        let complaints = complaints_about(name, text);
        assert!(
            complaints.len() == 1 && complaints[0].starts_with(&format!("  {name}:1: {rule}")),
            "{complaints:?}"
        );
    }
}

#[test]
fn a_file_uses_only_files_behind_it() {
    let fine = [
        (
            "crates/book/src/policy/api.rs",
            "use super::{actions, rules, store}; use super::input::PolicyIn;",
        ),
        (
            "crates/book/src/policy/actions/live.rs",
            "use crate::book::policy::{rules, store};",
        ),
        (
            "crates/book/src/policy/rules/sense.rs",
            "use super::authority; use crate::book::policy::model::Policy;",
        ),
        (
            "crates/collect/src/dunning/store.rs",
            "use crate::book::customers::rules::fold;",
        ),
        ("src/drill/cast.rs", "use crate::book::customers::api;"),
    ];
    for (name, text) in fine {
        assert_eq!(complaints_about(name, text), [""; 0], "{name}");
    }
    let wrong = [
        (
            "crates/book/src/policy/store.rs",
            "use super::api::PolicyFilter;",
            "store uses api",
        ),
        (
            "crates/book/src/policy/store.rs",
            "use super::rules;",
            "store uses rules",
        ),
        (
            "crates/book/src/policy/rules.rs",
            "use crate::book::policy::{store, model};",
            "rules uses store",
        ),
        (
            "crates/book/src/policy/input.rs",
            "use super::rules::faults;",
            "input uses rules",
        ),
        (
            "crates/book/src/policy/model/terms.rs",
            "use crate::book::policy::input::PolicyIn;",
            "model uses input",
        ),
        (
            "crates/book/src/policy/actions.rs",
            "use crate::book::customers::api::Shape;",
            "actions uses api",
        ),
    ];
    for (name, text, rule) in wrong {
        let complaints = complaints_about(name, text);
        assert!(
            complaints.len() == 1 && complaints[0].contains(rule),
            "{name}: {complaints:?}"
        );
    }
}

#[test]
fn a_file_holds_what_its_name_promises() {
    let fine = [
        (
            "crates/book/src/customers/store.rs",
            "use diesel::prelude::*; fn f() { on_backend!(db, |c| x.load(c)) }",
        ),
        (
            "crates/book/src/customers/store/search.rs",
            "use diesel::dsl::exists;",
        ),
        (
            "crates/book/src/customers/model.rs",
            "use diesel::{Insertable, Queryable}; #[diesel(table_name = customers)] struct C;",
        ),
        ("crates/platform/src/db/open.rs", "use diesel::prelude::*;"),
        (
            "crates/platform/src/http/auth.rs",
            "use actix_web::HttpRequest;",
        ),
        ("src/server/middleware.rs", "use actix_web::dev::Service;"),
        (
            "crates/book/src/customers/api/groups.rs",
            "use actix_web::web;",
        ),
        (
            "crates/book/src/customers/rules.rs",
            "//! No diesel, no Tx.\nconst NAME: &str = \"Db\"; fn f(now: DateTime<Utc>) {}",
        ),
    ];
    for (name, text) in fine {
        assert_eq!(complaints_about(name, text), [""; 0], "{name}");
    }
    let wrong = [
        (
            "crates/book/src/customers/rules.rs",
            "fn f(tx: &mut Tx) {}",
            "`Tx`: rules are pure",
        ),
        (
            "crates/collect/src/dunning/rules/fees.rs",
            "fn f() { chrono::Utc::now(); }",
            "`Utc`: rules are pure",
        ),
        (
            "crates/book/src/customers/actions.rs",
            "fn f() { on_backend!(db, |c| c) }",
            "`on_backend`: queries stand in",
        ),
        (
            "crates/book/src/customers/model.rs",
            "use diesel::RunQueryDsl;",
            "`RunQueryDsl`: queries stand in",
        ),
        (
            "crates/book/src/customers/mod.rs",
            "#[diesel(table_name = customers)] struct C;",
            "`diesel`: Diesel stands in",
        ),
        (
            "crates/book/src/customers/actions.rs",
            "use actix_web::web;",
            "`actix_web`: HTTP stands in",
        ),
        (
            "src/server_room/mod.rs",
            "use actix_web::web;",
            "`actix_web`: HTTP stands in",
        ),
    ];
    for (name, text, rule) in wrong {
        let complaints = complaints_about(name, text);
        assert!(
            complaints.iter().any(|complaint| complaint.contains(rule)),
            "{name}: {complaints:?}"
        );
    }
    let long = "\n".repeat(LINES_MAX + 1);
    assert_eq!(
        complaints_about("crates/kernel/src/money.rs", &long),
        ["  crates/kernel/src/money.rs:601: has 601 lines, more than 600"]
    );
}
