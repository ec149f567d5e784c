//! Reads a Rust source file as far as the house needs it: its words, and the paths that lead into this crate. A small
//! reader of our own, because a whole parser of the language would be slower to build than all our tests.

pub struct SourceFile {
    pub name: String,
    /// Its module path below the crate: `["book", "customers", "store"]`; empty for `main.rs` and `lib.rs`.
    pub module: Vec<String>,
    pub lines: usize,
    tokens: Vec<Token>,
    /// Every path that leads somewhere in this crate, from the crate's root, with its line.
    pub paths: Vec<(Vec<String>, usize)>,
}

impl SourceFile {
    pub fn new(name: &str, text: &str) -> SourceFile {
        let module = module_of(name);
        let tokens = tokens_of(text);
        let root = &module[..usize::from(name.starts_with("crates/"))];
        let paths = Paths::of(&tokens, &module, root);
        SourceFile {
            name: name.into(),
            module,
            lines: text.lines().count(),
            tokens,
            paths,
        }
    }

    /// Is it in this place: a floor, `floor/room`, or a kind of file as the table names it?
    pub fn is_in(&self, place: &str) -> bool {
        match place.strip_suffix(".rs") {
            // The first two segments are floor and room: `platform/trail/store.rs`, `book/customers/rules/score.rs`.
            Some(kind) => self.module.iter().skip(1).any(|segment| segment == kind),
            None => self
                .module
                .join("/")
                .strip_prefix(place)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }

    /// Where these words occur outside comments and strings.
    pub fn occurrences(&self, words: &[&str]) -> Vec<(String, usize)> {
        let is_at = |at: usize, word: &str| {
            let parts: Vec<&str> = word.split("::").collect();
            parts.iter().enumerate().all(|(i, part)| {
                let token = self.tokens.get(at + 2 * i).map_or("", |t| t.text.as_str());
                let joined = i == 0 || self.tokens[at + 2 * i - 1].text == "::";
                joined
                    && part
                        .strip_suffix('*')
                        .map_or(token == *part, |start| token.starts_with(start))
            })
        };
        let mut found = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if words.iter().any(|word| is_at(at, word)) {
                found.push((token.text.clone(), token.line));
            }
        }
        found
    }
}

/// A file's place in the house: floor, room, file. A floor that is a crate is named by its folder.
pub fn place_of(name: &str) -> String {
    match name.strip_prefix("crates/") {
        Some(name) => name.replacen("/src/", "/", 1),
        None => name.trim_start_matches("src/").to_owned(),
    }
}

fn module_of(name: &str) -> Vec<String> {
    let path = place_of(name).trim_end_matches(".rs").to_owned();
    let mut module: Vec<String> = path.split('/').map(String::from).collect();
    if matches!(
        module.last().map(String::as_str),
        Some("mod" | "main" | "lib")
    ) {
        module.pop();
    }
    module
}

/// A word, a `::`, or a single other character, with its line. Comments, strings and lifetimes leave none.
#[derive(Debug, PartialEq)]
struct Token {
    text: String,
    line: usize,
}

fn tokens_of(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let end = end_of_token(&chars, at);
        let text: String = chars[at..end].iter().collect();
        let is_word = text.starts_with(is_word_char) && !text.contains(['"', '\'']);
        if is_word || text == "::" || (end == at + 1 && !text.trim().is_empty()) {
            tokens.push(Token {
                text: text.trim_start_matches("r#").into(),
                line,
            });
        }
        line += chars[at..end].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    tokens
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn end_of_token(chars: &[char], at: usize) -> usize {
    let next = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    match (chars[at], next(1)) {
        ('/', '/') => chars[at..]
            .iter()
            .position(|c| *c == '\n')
            .map_or(chars.len(), |n| at + n),
        ('/', '*') => end_of_block_comment(chars, at),
        (':', ':') => at + 2,
        ('"', _) => end_of_quoted(chars, at, '"'),
        // A lifetime has no closing quote: 'a' is a character, 'a and 'static are not.
        ('\'', '\\') => end_of_quoted(chars, at, '\''),
        ('\'', _) if next(2) == '\'' => at + 3,
        ('\'', c) if is_word_char(c) => at + 1 + word_length(&chars[at + 1..]),
        (c, _) if is_word_char(c) => {
            let end = at + word_length(&chars[at..]);
            let prefix: String = chars[at..end].iter().collect();
            let hashes = chars[end..].iter().take_while(|c| **c == '#').count();
            match chars.get(end + hashes) {
                Some('"') if matches!(prefix.as_str(), "r" | "br" | "cr") => {
                    end_of_raw_string(chars, end, hashes)
                }
                Some('"') if hashes == 0 && matches!(prefix.as_str(), "b" | "c") => {
                    end_of_quoted(chars, end, '"')
                }
                Some('\'') if hashes == 0 && prefix == "b" => end_of_quoted(chars, end, '\''),
                Some(c) if prefix == "r" && hashes == 1 && is_word_char(*c) => {
                    end + 1 + word_length(&chars[end + 1..])
                }
                _ => end,
            }
        }
        _ => at + 1,
    }
}

fn word_length(chars: &[char]) -> usize {
    chars.iter().take_while(|c| is_word_char(**c)).count()
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn end_of_quoted(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// `start` is at the first `#`, or at the quote when there is none.
fn end_of_raw_string(chars: &[char], start: usize, hashes: usize) -> usize {
    let mut at = start + hashes + 1;
    while at < chars.len() {
        let closes =
            chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
        if closes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

/// Finds the paths into this crate: all in `use` declarations, and elsewhere those that begin with `crate`, `self` or
/// `super`. A name that a `use` brought in is not followed; the `use` itself was seen.
struct Paths<'a> {
    tokens: &'a [Token],
    at: usize,
    /// Where the crate stands in the house: nowhere, or the floor that it is.
    root: Vec<String>,
    /// The module at this point, longer than the file's inside `mod tests { … }`.
    module: Vec<String>,
    found: Vec<(Vec<String>, usize)>,
}

impl Paths<'_> {
    fn of(tokens: &[Token], module: &[String], root: &[String]) -> Vec<(Vec<String>, usize)> {
        let mut paths = Paths {
            tokens,
            at: 0,
            root: root.to_vec(),
            module: module.to_vec(),
            found: Vec::new(),
        };
        paths.walk();
        paths.found
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    fn walk(&mut self) {
        let (mut depth, mut inline_modules) = (0, Vec::new());
        while self.at < self.tokens.len() {
            match self.text(self.at) {
                "use" if self.text(self.at + 1) != "<" => {
                    self.at += 1;
                    self.use_tree(&[]);
                    continue;
                }
                "mod" if self.text(self.at + 2) == "{" => {
                    self.module.push(self.text(self.at + 1).to_owned());
                    inline_modules.push(depth);
                    depth += 1;
                    self.at += 3;
                    continue;
                }
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if inline_modules.last() == Some(&depth) {
                        inline_modules.pop();
                        self.module.pop();
                    }
                }
                "crate" | "self" | "super"
                    if self.text(self.at + 1) == "::" && !self.is_visibility() =>
                {
                    self.plain_path();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// `pub(in crate::book)` says who may see, and uses nothing.
    fn is_visibility(&self) -> bool {
        self.at >= 2 && self.text(self.at - 1) == "in" && self.text(self.at - 2) == "("
    }

    fn plain_path(&mut self) {
        let line = self.tokens[self.at].line;
        let mut path = vec![self.text(self.at).to_owned()];
        self.at += 1;
        while self.text(self.at) == "::" && self.text(self.at + 1).starts_with(is_word_char) {
            path.push(self.text(self.at + 1).to_owned());
            self.at += 2;
        }
        self.found_path(&path, line);
    }

    /// One branch of a `use` tree; leaves `at` behind it.
    fn use_tree(&mut self, prefix: &[String]) {
        let mut path = prefix.to_vec();
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        loop {
            match self.text(self.at) {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while !matches!(self.text(self.at), "}" | "") {
                        self.use_tree(&path);
                        if self.text(self.at) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "as" => self.at += 2,
                "," | "}" | ";" | "" => break,
                "self" if !path.is_empty() => self.at += 1, // `a::{self}` is `a`
                segment => {
                    path.push(segment.to_owned());
                    self.at += 1;
                }
            }
        }
        self.found_path(&path, line);
    }

    /// Turns a path as written into one from the crate's root. Another crate's is left out.
    fn found_path(&mut self, path: &[String], line: usize) {
        let mut from_root = match path.first().map(String::as_str) {
            Some("crate") if path.get(1).is_some_and(|name| is_floor(name)) => Vec::new(),
            Some("crate") => self.root.clone(),
            Some("self" | "super") => self.module.clone(),
            _ => return,
        };
        for segment in path {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => drop(from_root.pop()),
                _ => from_root.push(segment.clone()),
            }
        }
        self.found.push((from_root, line));
    }
}

fn is_floor(name: &str) -> bool {
    super::FLOORS.iter().any(|(floor, _)| *floor == name)
}

// ---------------------------------------------------------------- the reader itself, tried

fn paths_in(name: &str, text: &str) -> Vec<String> {
    SourceFile::new(name, text)
        .paths
        .iter()
        .map(|(path, line)| format!("{line} {}", path.join("::")))
        .collect()
}

#[test]
fn comments_strings_and_lifetimes_are_no_words() {
    let text = "a /* b /* c */ d */ \"e \\\" f\" r#\"g \" h\"# b\"i\" 'j' '\\'' b'k' &'l m::n // o\nr#type 1.5";
    let words: Vec<String> = tokens_of(text)
        .iter()
        .map(|t| format!("{}@{}", t.text, t.line))
        .collect();
    assert_eq!(
        words,
        [
            "a@1", "&@1", "m@1", "::@1", "n@1", "type@2", "1@2", ".@2", "5@2"
        ]
    );
}

#[test]
fn paths_are_read_from_trees_over_several_lines() {
    let text = "use crate::{\n    platform::Money,\n    book::{customers::{self, store as s}, policy::*},\n};\nuse std::fs;";
    let expected = [
        "2 platform::Money",
        "3 book::customers",
        "3 book::customers::store",
        "3 book::policy::*",
    ];
    assert_eq!(paths_in("crates/decide/src/limits/desk.rs", text), expected);
}

#[test]
fn relative_paths_are_followed_from_where_they_stand() {
    let text = "use super::store;\nuse super::super::policy::rules;\nmod tests {\n use super::*;\n}\nuse self::inner::X;";
    let expected = [
        "1 book::customers::store",
        "2 book::policy::rules",
        "4 book::customers::actions::*",
        "6 book::customers::actions::inner::X",
    ];
    assert_eq!(
        paths_in("crates/book/src/customers/actions.rs", text),
        expected
    );
}

#[test]
fn paths_in_the_code_count_but_visibilities_do_not() {
    let text = "pub(in crate::prove) fn f() { crate::collect::dunning::run(); for x in crate::drill::all() {} }";
    assert_eq!(
        paths_in("crates/book/src/mod.rs", text),
        ["1 collect::dunning::run", "1 drill::all"]
    );
}
