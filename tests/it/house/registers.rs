//! What stands in two places, because the language asks for it, says the same in both: a handler's parameters and
//! their documentation, a room and the list of rooms.

use std::fs;
use std::path::{Path, PathBuf};

use super::source::place_of;
use super::{SOURCES, collect_sources};

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = Vec::new();
    for sources in SOURCES {
        collect_sources(&root.join(sources), &mut paths);
    }
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        let place = place_of(&name.replace('\\', "/"));
        (place, fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}

#[test]
fn every_room_is_in_the_servers_list() {
    let sources = sources();
    let list = fs::read_to_string("src/server/rooms.rs").unwrap();
    let mut rooms = 0;
    for (name, text) in &sources {
        let path: Vec<&str> = name.split('/').collect();
        let [floor, room, "mod.rs"] = path[..] else {
            continue;
        };
        let is_room = text.contains("pub const ROOM: Room");
        if floor != "platform" && text.contains("pub mod api;") {
            assert!(is_room, "{name} has an api and no ROOM");
        }
        if is_room {
            rooms += 1;
            assert!(
                list.contains(&format!("    {floor}::{room}::ROOM,")),
                "{name} has a ROOM that src/server/rooms.rs does not list"
            );
        }
    }
    assert!(rooms > 15, "{rooms} rooms were found");
}

#[test]
fn a_handler_takes_what_its_documentation_names() {
    let mut handlers = 0;
    for (name, text) in sources() {
        for handler in text.split("#[utoipa::path(").skip(1) {
            let Some((documentation, rest)) = handler.split_once("\n)]\n") else {
                continue;
            };
            let Some((signature, _)) = rest.split_once(") -> ") else {
                continue;
            };
            let (_, signature) = signature.split_once(" fn ").unwrap();
            let (title, taken) = signature.split_once('(').unwrap();
            let named = named_parameters(documentation);
            let taken = taken_parameters(taken);
            assert_eq!(named, taken, "params(…) and arguments of {title} in {name}");
            handlers += 1;
        }
    }
    assert!(handlers > 150, "{handlers} handlers were found");
}

/// The types in `params(…)`, and those of parameters that are written out.
fn named_parameters(documentation: &str) -> Vec<String> {
    let Some((_, rest)) = documentation.split_once("params(") else {
        return Vec::new();
    };
    let mut depth = 1;
    let end = rest.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    let mut types: Vec<String> = Vec::new();
    let mut rest = &rest[..end.unwrap()];
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '(') {
        let one = &rest[start..];
        let end = if one.starts_with('(') {
            let end = one.find(')').unwrap_or(one.len() - 1) + 1;
            let written_out = &one[..end];
            types.push(if written_out.contains("\"If-Match\"") {
                "IfMatch".to_owned()
            } else {
                let (_, kind) = written_out.split_once("= ").unwrap();
                kind.split(',').next().unwrap().to_owned()
            });
            end
        } else {
            let end = one.find([',', '\n']).unwrap_or(one.len());
            types.push(one[..end].trim().to_owned());
            end
        };
        rest = &one[end..];
    }
    types.sort();
    types
}

/// The types of a handler's arguments that are parameters of the request.
fn taken_parameters(arguments: &str) -> Vec<String> {
    let mut types: Vec<String> = arguments
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once(": "))
        .filter_map(|(_, kind)| {
            let inside = |outside: &str| kind.strip_prefix(outside)?.strip_suffix('>');
            let is_whole =
                kind.starts_with("Listing<") || ["IfMatch", "Precondition"].contains(&kind);
            inside("web::Path<")
                .or_else(|| inside("Query<"))
                .or(is_whole.then_some(kind))
        })
        .map(str::to_owned)
        .collect();
    types.sort();
    types
}

/// The name that a line gives the contract's schema: after `as = `.
fn named_as(line: &str) -> Option<&str> {
    let name = line.split_once("#[schema(")?.1.split_once("as = ")?.1;
    name.split([',', ')']).next()
}

/// The names of the schemas that a file declares, each with the type that has it.
fn schemas(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut is_schema, mut other_name) = (false, None);
    for line in text.lines().map(str::trim) {
        is_schema |= line.starts_with("text_enum!") || line.contains("ToSchema");
        other_name = named_as(line).or(other_name);
        let declared = line.strip_prefix("pub ").unwrap_or(line);
        let name = ["struct ", "enum "]
            .iter()
            .find_map(|word| declared.strip_prefix(word));
        if let Some(name) = name {
            let own = name.split(|c: char| !c.is_alphanumeric()).next();
            if is_schema {
                found.extend(other_name.or(own).map(str::to_owned));
            }
            (is_schema, other_name) = (false, None);
        } else if line.starts_with("use ") || line.starts_with("impl") || line.is_empty() {
            (is_schema, other_name) = (false, None);
        }
    }
    found
}

/// The contract knows a schema by its name alone: of two with one name, one would take the other's place unseen.
#[test]
fn no_two_schemas_have_one_name() {
    let mut places: std::collections::BTreeMap<String, Vec<String>> =
        std::collections::BTreeMap::new();
    for (file, text) in sources() {
        for name in schemas(&text) {
            places.entry(name).or_default().push(file.clone());
        }
    }
    assert!(places.len() > 300, "{}", places.len());
    places.retain(|_, files| files.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
    let of_two = "#[derive(ToSchema)]\n#[schema(as = Capture, example = 1)]\npub struct A {\n}\n\ntext_enum! {\n    pub enum B {";
    assert_eq!(schemas(of_two), ["Capture", "B"]);
}

/// The actions that the source writes into the trail: texts such as `invoice.posted`, and the stages of versions. Columns
/// that a query names are none: a table's name is one of many.
fn recorded_actions() -> std::collections::BTreeSet<String> {
    let mut actions = std::collections::BTreeSet::new();
    let is_name = |text: &str| {
        text.len() > 2
            && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            && !text.ends_with('s')
    };
    for (name, text) in sources() {
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        // Queries name columns, and record nothing.
        let is_query = name.contains("/store");
        // The process log has names of its own for what actions tell, and records nothing.
        let is_log = name.starts_with("prove/processes");
        if is_query || is_log || name.starts_with("drill") || name.starts_with("commands") {
            continue;
        }
        // A declaration is no record; a name that actions use is.
        let names = |line: &&str| line.starts_with("pub const ") && line.contains(": &str = ");
        let text: String = if name.ends_with("events.rs") {
            text.lines().filter(names).collect()
        } else {
            text.to_owned()
        };
        for quoted in text.split('"').skip(1).step_by(2) {
            let Some((thing, what)) = quoted.split_once('.') else {
                continue;
            };
            let is_payment_terms = thing == "payment_terms";
            let is_file = ["html", "json", "toml", "csv", "svg", "txt"].contains(&what);
            let is_word =
                what.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && what.len() > 2;
            if (is_name(thing) || is_payment_terms) && is_word && !is_file {
                actions.insert(quoted.to_owned());
            }
        }
        for of in ["lives_at_approval!(", "events_of!("] {
            for rest in text.split(of).skip(1) {
                let thing = rest.split('"').nth(1).unwrap_or_default();
                if !is_name(thing) && thing != "payment_terms" {
                    continue;
                }
                for stage in [
                    "drafted",
                    "changed",
                    "in_shadow",
                    "approved",
                    "live",
                    "retired",
                ] {
                    actions.insert(format!("{thing}.{stage}"));
                }
            }
        }
    }
    actions
}

/// What is recorded is an event with a payload, or is named as internal; and what is declared is recorded somewhere.
#[test]
fn every_action_of_the_trail_is_an_event_or_is_named_as_internal() {
    let recorded = recorded_actions();
    assert!(recorded.len() > 140, "{}", recorded.len());
    let declared: std::collections::BTreeSet<String> = netterms::server::declared_actions()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let undeclared: Vec<&String> = recorded.difference(&declared).collect();
    assert!(
        undeclared.is_empty(),
        "neither an event nor internal; see the events.rs of the room: {undeclared:#?}"
    );
    let unrecorded: Vec<&String> = declared.difference(&recorded).collect();
    assert!(
        unrecorded.is_empty(),
        "declared, and never recorded: {unrecorded:#?}"
    );
}
