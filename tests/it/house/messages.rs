//! Every message that rules and handlers write has its Chinese text: read from the source, so that those are found, too,
//! which no test is ever answered.

use std::path::Path;

use netterms::platform::http::messages::is_known;

/// Where no message for a caller is written.
const SILENT: &[&str] = &[
    "commands",
    "server",
    "drill",
    "prove/audit",
    "platform/db",
    "platform/events",
    "decide/limits/desk/prefetch",
    "decide/limits/check/rules/mod",
    "platform/http/reading",
];

/// What begins a message: an error of the rules and of the kernel's types, and what is said in place.
const IN_PLACE: &[&str] = &[
    ".at(",
    "Problem::invalid(",
    "with_message(",
    "custom(",
    "let message = ",
];

#[test]
fn every_message_has_its_chinese_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for sources in super::SOURCES {
        super::collect_sources(&root.join(sources), &mut paths);
    }
    let mut unknown = Vec::new();
    for path in paths {
        let name = super::source::place_of(&path.strip_prefix(root).unwrap().display().to_string());
        let is_silent = SILENT.iter().any(|silent| name.starts_with(silent));
        if is_silent || name.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let has_rules = name.contains("/rules")
            || ["kernel/", "methods/"]
                .iter()
                .any(|values| name.starts_with(values));
        let beginnings = has_rules.then_some("#[error(").into_iter();
        for beginning in beginnings.chain(IN_PLACE.iter().copied()) {
            for message in messages_after(text, beginning) {
                if !is_known(&message) {
                    unknown.push(format!("{name}: {message}"));
                }
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "these have no Chinese text; add it to crates/platform/src/http/messages/zh-CN.txt:\n{}",
        unknown.join("\n")
    );
}

/// The messages in what follows each `beginning` up to the end of its statement or list of arguments: literals of
/// several words, with a word that is known in place of each fact.
fn messages_after(text: &str, beginning: &str) -> Vec<String> {
    text.match_indices(beginning)
        .filter(|(at, _)| {
            let line = text[..*at].rsplit('\n').next().unwrap();
            !line.trim_start().starts_with("//")
        })
        .flat_map(|(at, _)| literals(&text[at + beginning.len()..]))
        .filter(|literal| literal.trim().contains(' '))
        .map(|literal| with_facts(&literal))
        .collect()
}

/// The string literals before the parenthesis closes, or the statement ends.
fn literals(text: &str) -> Vec<String> {
    let (mut found, mut depth) = (Vec::new(), 0);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' | ';' if depth == 0 => break,
            ')' | '}' | ']' => depth -= 1,
            '"' => found.push(literal(&mut chars)),
            _ => {}
        }
    }
    found
}

/// The rest of a string literal, as the compiler reads it.
fn literal(chars: &mut std::str::Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('\n') => {
                    let rest = chars.as_str().trim_start();
                    *chars = rest.chars();
                }
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    text
}

/// A format string with a word in place of each fact.
fn with_facts(format: &str) -> String {
    let format = format.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let mut text = String::new();
    let mut rest = format.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        text.push_str("customer");
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    text.replace('\u{1}', "{").replace('\u{2}', "}")
}

#[test]
fn messages_are_found_where_they_are_written() {
    for (text, beginning, found) in [
        (
            r#"#[error("has {count} dragons, not {{one}}")] A"#,
            "#[error(",
            vec!["has customer dragons, not {one}"],
        ),
        (
            "problem.at(format!(\"/x/{i}\"), \"code\", \"must be \\\n   a dragon\") + \"is no matter\"",
            ".at(",
            vec!["must be a dragon"],
        ),
        (
            "let message = \"two words\"; \"not these words\"",
            "let message = ",
            vec!["two words"],
        ),
        ("// problem.at(\"is only a comment\")", ".at(", vec![]),
    ] {
        assert_eq!(messages_after(text, beginning), found, "{text}");
    }
}
