//! What serde and the validator say of input, in words for the caller: what the place must be, never how our types are
//! called.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeOwned, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_path_to_error::{Path, Segment};
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use super::problem::{Code, Problem};
use kernel::form::{in_words, named};
use kernel::money::NOT_POSITIVE;

/// One fault of the input: the members on the way to it, the code, and the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) path: Vec<String>,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Fault {
    /// As a JSON pointer.
    pub(super) fn pointer(&self) -> String {
        self.path.iter().fold(String::new(), |pointer, segment| {
            pointer + "/" + &segment.replace('~', "~0").replace('/', "~1")
        })
    }

    /// As the name of a parameter.
    pub(super) fn parameter(&self) -> String {
        format!("#{}", self.path.first().map_or("", String::as_str))
    }
}

/// What is wrong with JSON that can't be read, and where.
pub(super) fn what_is_malformed<In: DeserializeOwned>(bytes: &[u8]) -> Fault {
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return no_json(&error);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, In>(&mut deserializer) {
        // A number in the place of a word of ours is reported as if a value were missing.
        Err(error)
            if error.inner().is_data()
                || error.inner().to_string().starts_with("expected value ") =>
        {
            let text = error.inner().to_string();
            let text = text
                .rsplit_once(" at line ")
                .map_or(&*text, |(text, _)| text);
            at(segments(error.path()), text)
        }
        Err(error) => no_json(error.inner()),
        Ok(_) => at(Vec::new(), "is no JSON"),
    }
}

/// What is wrong with a form, such as a query, that can't be read, and where.
pub(super) fn what_is_malformed_in_form(path: &Path, text: &str) -> Fault {
    // What the library calls a list where one value is asked for.
    let text = if text == "unsupported value" {
        "must be given once"
    } else {
        text
    };
    at(segments(path).into_iter().take(1).collect(), text)
}

/// Reads the JSON of one part of a form.
///
/// # Errors
/// Where it is not of the shape that it should have, with a pointer that begins with the part's name.
pub fn read_part<In: DeserializeOwned>(part: &str, text: &str) -> Result<In, Problem> {
    serde_json::from_str(text).map_err(|_| {
        let fault = what_is_malformed::<In>(text.as_bytes());
        let pointer = format!("/{part}{}", fault.pointer());
        Problem::new(Code::MalformedBody).at(pointer, fault.code, fault.message)
    })
}

fn no_json(error: &serde_json::Error) -> Fault {
    let said = if error.is_eof() {
        "is no JSON: it ends too early".to_owned()
    } else if error.to_string().starts_with("recursion limit") {
        "is no JSON: brackets are nested too deep".to_owned()
    } else {
        let (line, column) = (error.line(), error.column());
        format!("is no JSON: line {line}, column {column}")
    };
    Fault {
        path: Vec::new(),
        code: "malformed",
        message: said,
    }
}

fn segments(path: &Path) -> Vec<String> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// serde's text as a fault: a member that is missing or given twice is pointed at.
fn at(mut path: Vec<String>, text: &str) -> Fault {
    let member = named(text).next().map(str::to_owned);
    let is_about_member =
        text.starts_with("missing field ") || text.starts_with("duplicate field ");
    if let Some(member) = member.filter(|_| is_about_member) {
        path.push(member);
    }
    let is_too_little = text == NOT_POSITIVE;
    Fault {
        path,
        code: if is_too_little {
            "not_positive"
        } else {
            "malformed"
        },
        message: in_words(text),
    }
}

/// JSON of any form in which no object has a key twice: a struct sees to that by itself, a free document does not.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unambiguous, D::Error> {
        deserializer.deserialize_any(AnyForm)
    }
}

struct AnyForm;

impl<'de> Visitor<'de> for AnyForm {
    type Value = Unambiguous;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unambiguous, A::Error> {
        let mut keys: Vec<Cow<'de, str>> = Vec::new();
        while let Some(key) = members.next_key::<Key<'de>>()? {
            keys.push(key.0);
            members.next_value::<Unambiguous>()?;
        }
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(pair) => {
                let key = pair.first().map(Cow::as_ref).unwrap_or_default();
                Err(A::Error::custom(format_args!("duplicate field `{key}`")))
            }
            None => Ok(Unambiguous),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unambiguous, A::Error> {
        while items.next_element::<Unambiguous>()?.is_some() {}
        Ok(Unambiguous)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_unit<E>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }
}

/// A member's name, borrowed from the text where it has no escapes in it.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'text>(#[serde(borrow)] Cow<'text, str>);

/// Refuses JSON in which an object has a key twice: one reader would see the first, another the last.
///
/// # Errors
/// A malformed body that points at the key.
pub(super) fn refuse_keys_twice(bytes: &[u8]) -> Result<(), Problem> {
    if serde_json::from_slice::<Unambiguous>(bytes).is_ok() {
        return Ok(());
    }
    let fault = what_is_malformed::<Unambiguous>(bytes);
    Err(Problem::new(Code::MalformedBody).at(fault.pointer(), fault.code, fault.message))
}

/// Checks the shape of what was read.
///
/// # Errors
/// A malformed body, with everything that is wrong with it.
pub(super) fn check_shape(input: &impl Validate) -> Result<(), Problem> {
    input.validate().map_err(|errors| {
        let mut found = Vec::new();
        shape_errors("", &errors, &mut found);
        found.sort();
        let problem = Problem::new(Code::MalformedBody);
        found
            .into_iter()
            .fold(problem, |problem, (pointer, code, message)| {
                problem.at(pointer, &code, message)
            })
    })
}

/// Flattens the validator's tree into pointers, codes and messages.
fn shape_errors(
    prefix: &str,
    errors: &ValidationErrors,
    found: &mut Vec<(String, String, String)>,
) {
    for (field, kind) in errors.errors() {
        let pointer = if field == "__all__" {
            prefix.to_owned()
        } else {
            format!("{prefix}/{field}")
        };
        match kind {
            ValidationErrorsKind::Struct(inner) => shape_errors(&pointer, inner, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    shape_errors(&format!("{pointer}/{index}"), inner, found);
                }
            }
            ValidationErrorsKind::Field(errors) => {
                for error in errors {
                    let own = error.message.as_ref().map(ToString::to_string);
                    let message = own.unwrap_or_else(|| bounds(error));
                    found.push((pointer.clone(), error.code.to_string(), message));
                }
            }
        }
    }
}

/// The validator's bounds in words: of a number, of a text's characters, of a list's entries.
fn bounds(error: &ValidationError) -> String {
    let bound = |name: &str| error.params.get(name).map(ToString::to_string);
    let is_text = error
        .params
        .get("value")
        .is_some_and(serde_json::Value::is_string);
    let (verb, unit) = match (error.code.as_ref(), is_text) {
        ("length", true) => ("have", " characters"),
        ("length", false) => ("have", " entries"),
        _ => ("be", ""),
    };
    match (bound("min"), bound("max")) {
        (Some(least), Some(most)) => format!("must {verb} between {least} and {most}{unit}"),
        (Some(least), None) => format!("must {verb} at least {least}{unit}"),
        (None, Some(most)) => format!("must {verb} at most {most}{unit}"),
        (None, None) => "is not allowed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::http::messages::is_known;
    use kernel::money::Money;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Order {
        amount: Money,
        days: u8,
        side: Side,
        lines: Vec<String>,
        is_urgent: bool,
        share: f64,
        count: i64,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Side {
        Left,
        Right,
    }

    #[test]
    fn a_key_twice_is_found_at_any_depth() {
        for (json, pointer) in [
            (r#"{"a": 1, "a": 1}"#, "/a"),
            (
                r#"{"document": {"rules": [{"x": null}, {"y": {"k": 1, "j": true, "k": "2"}}]}}"#,
                "/document/rules/1/y/k",
            ),
            (r#"{"k": 1, "\u006b": 2}"#, "/k"),
        ] {
            let problem = refuse_keys_twice(json.as_bytes()).unwrap_err();
            let body = problem.body(kernel::places::Language::English, "/", "r");
            assert_eq!(body["errors"][0]["pointer"], pointer, "{json}");
            assert_eq!(body["errors"][0]["message"], "is given twice", "{json}");
        }
        let good = r#"{"a": {"a": [{"b": 1}, {"b": 1}]}, "c": 1e400, "d": -0.5}"#;
        let good = good.replace("1e400", "1e300");
        assert!(refuse_keys_twice(good.as_bytes()).is_ok());
    }

    #[test]
    fn serde_is_put_into_words_that_have_no_type_of_ours_in_them() {
        for (json, pointer, message) in [
            (r#"{"amount": 5}"#, "/amount", "must be an object"),
            (
                r#"{"amount": {"amount": 5}}"#,
                "/amount/amount",
                "must be a text",
            ),
            (
                r#"{"amount": {"currency": "CNY"}}"#,
                "/amount/amount",
                "must be given",
            ),
            (
                r#"{"days": "x"}"#,
                "/days",
                "must be a whole number from 0 to 255",
            ),
            (
                r#"{"days": 256}"#,
                "/days",
                "must be a whole number from 0 to 255",
            ),
            (r#"{"side": "up"}"#, "/side", "must be one of left, right"),
            (r#"{"side": 1}"#, "/side", "must be a text"),
            (r#"{"lines": {}}"#, "/lines", "must be a list"),
            (r#"{"lines": [1]}"#, "/lines/0", "must be a text"),
            (
                r#"{"is_urgent": null}"#,
                "/is_urgent",
                "must be true or false",
            ),
            (r#"{"share": []}"#, "/share", "must be a number"),
            (r#"{"count": 1.5}"#, "/count", "must be a whole number"),
            (r#"{"days": 1, "days": 1}"#, "/days", "is given twice"),
            (
                r#"{"a/b~": 1}"#,
                "/a~1b~0",
                "is not known here; known are amount, days, side, lines, is_urgent, share, count",
            ),
            ("{}", "/amount", "must be given"),
            (r#"{"days": 1e1.0}"#, "", "is no JSON: line 1, column 13"),
            (r#"{"days": "#, "", "is no JSON: it ends too early"),
            ("{} x", "", "is no JSON: line 1, column 4"),
        ] {
            let fault = what_is_malformed::<Order>(json.as_bytes());
            assert_eq!(
                (fault.pointer().as_str(), fault.message.as_str()),
                (pointer, message),
                "{json}"
            );
            assert!(is_known(&fault.message), "{}", fault.message);
        }
    }
}
