//! The form of an answer: JSON, or a table, by `format` in the query or by `Accept`.
//!
//! [`super::page::Listing`] settles the form of its request before anything is read, and the page is written in it: no handler
//! has to do with it. A table has a line for each item; what lies inside an item becomes columns such as `limit.amount`.

use std::fmt;

use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION, VARY};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tables::{Column, Kind, TableWriter};

use super::problem::{Code, Problem};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Csv,
    Ndjson,
    Xlsx,
}

impl Form {
    pub const ALL: [Form; 4] = [Form::Json, Form::Csv, Form::Ndjson, Form::Xlsx];

    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Json => "json",
            Form::Csv => "csv",
            Form::Ndjson => "ndjson",
            Form::Xlsx => "xlsx",
        }
    }

    /// The media type, without parameters.
    pub const fn media_type(self) -> &'static str {
        match self {
            Form::Json => "application/json",
            Form::Csv => "text/csv",
            Form::Ndjson => "application/x-ndjson",
            Form::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    const fn table(self) -> Option<tables::Format> {
        match self {
            Form::Json => None,
            Form::Csv => Some(tables::Format::Csv),
            Form::Ndjson => Some(tables::Format::Ndjson),
            Form::Xlsx => Some(tables::Format::Xlsx),
        }
    }
}

/// Which of the media types on offer the caller would rather have, by `Accept`: the first where it names none.
///
/// # Errors
/// 406 when it takes none of them.
pub fn negotiate(request: &HttpRequest, offered: &[&'static str]) -> Result<usize, Problem> {
    let mut ranges: Vec<(u32, String)> = Vec::new();
    for value in request.headers().get_all(ACCEPT) {
        let items = value.to_str().unwrap_or_default().split(',');
        ranges.extend(items.map(accepted).filter(|(_, range)| !range.is_empty()));
    }
    if ranges.is_empty() {
        return Ok(0);
    }
    let refused: Vec<&str> = ranges
        .iter()
        .filter(|(quality, _)| *quality == 0)
        .map(|(_, range)| range.as_str())
        .collect();
    let mut wanted: Vec<&(u32, String)> =
        ranges.iter().filter(|(quality, _)| *quality > 0).collect();
    wanted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    let found = wanted.iter().find_map(|(_, range)| {
        let takes = |kind: &&str| matches(range, kind) && !refused.contains(kind);
        offered.iter().position(takes)
    });
    found.ok_or_else(|| Problem::new(Code::NotAcceptable).with_list("offered", offered))
}

/// An item of `Accept`: its quality in thousandths, and what it takes.
fn accepted(item: &str) -> (u32, String) {
    let mut parts = item.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts.find_map(|part| {
        let said = part
            .strip_prefix("q=")
            .or_else(|| part.strip_prefix("Q="))?;
        let (whole, fraction) = said.split_once('.').unwrap_or((said, ""));
        let thousandths: u32 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let whole: u32 = whole.parse().ok()?;
        Some((whole * 1000 + thousandths).min(1000))
    });
    (quality.unwrap_or(1000), range)
}

fn matches(range: &str, kind: &str) -> bool {
    let of_its_class = || {
        let class = range.strip_suffix("/*")?;
        kind.strip_prefix(class)?.strip_prefix('/')
    };
    range == kind || range == "*/*" || of_its_class().is_some()
}

/// Settles in which form a list is answered: by `format` when it is given, else by `Accept`.
///
/// # Errors
/// 400 when there is no such format, 406 when the caller takes no form that there is.
pub fn settle(request: &HttpRequest, format: Option<&str>) -> Result<(), Problem> {
    let form = if let Some(format) = format {
        let found = Form::ALL.into_iter().find(|form| form.as_str() == format);
        found.ok_or_else(|| {
            let message = "must be json, csv, ndjson or xlsx";
            Problem::new(Code::MalformedParameter).at("#format", "malformed", message)
        })?
    } else {
        let at = negotiate(request, &Form::ALL.map(Form::media_type))?;
        Form::ALL.get(at).copied().unwrap_or(Form::Json)
    };
    request.extensions_mut().insert(form);
    Ok(())
}

/// The form that was settled; JSON where nothing was.
pub fn settled(request: &HttpRequest) -> Form {
    request.extensions().get().copied().unwrap_or(Form::Json)
}

/// Writes items as a table.
///
/// # Errors
/// When they have no JSON form.
pub fn write<T: Serialize>(
    response: &mut HttpResponseBuilder,
    form: Form,
    items: &[T],
) -> Result<HttpResponse, Problem> {
    let Some(format) = form.table() else {
        return Ok(response.json(items));
    };
    let body = table(format, items)?;
    Ok(response
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"list.{}\"", format.extension()),
        ))
        .append_header((VARY, "Accept"))
        .content_type(format.media_type())
        .body(body))
}

fn table<T: Serialize>(format: tables::Format, items: &[T]) -> Result<Vec<u8>, Problem> {
    if format == tables::Format::Ndjson {
        let mut lines = Vec::new();
        for item in items {
            serde_json::to_writer(&mut lines, item).map_err(Problem::internal)?;
            lines.push(b'\n');
        }
        return Ok(lines);
    }
    let mut rows: Vec<Vec<(String, Value)>> = Vec::new();
    for item in items {
        let text = serde_json::to_string(item).map_err(Problem::internal)?;
        let node: Node = serde_json::from_str(&text).map_err(Problem::internal)?;
        let mut cells = Vec::new();
        node.spread(String::new(), &mut cells);
        rows.push(cells);
    }
    let mut names: Vec<String> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    // Null here and an object there: the columns are those of the object.
    let inner: Vec<String> = names.clone();
    names.retain(|name| {
        let below = format!("{name}.");
        let says = |(known, value): &(String, Value)| known == name && !value.is_null();
        !inner.iter().any(|other| other.starts_with(&below)) || rows.iter().flatten().any(says)
    });
    let column = |name: &String| Column {
        name: name.clone(),
        kind: Kind::Text,
    };
    let columns: Vec<Column> = names.iter().map(column).collect();
    let mut table =
        TableWriter::begin(format, "list", &columns, Vec::new()).map_err(Problem::internal)?;
    for row in &rows {
        for name in &names {
            let cell = row.iter().find(|(known, _)| known == name);
            write_cell(&mut table, name, cell.map(|(_, value)| value))
                .map_err(Problem::internal)?;
        }
        table.end_row().map_err(Problem::internal)?;
    }
    table.finish().map_err(Problem::internal)
}

/// A value whose members keep their order.
enum Node {
    Leaf(Value),
    Members(Vec<(String, Node)>),
}

impl Node {
    /// What is in it, each under its name; what lies inside has a point in its name.
    fn spread(self, name: String, cells: &mut Vec<(String, Value)>) {
        match self {
            Node::Leaf(value) => cells.push((name, value)),
            Node::Members(members) => {
                for (member, node) in members {
                    let inner = if name.is_empty() {
                        member
                    } else {
                        format!("{name}.{member}")
                    };
                    node.spread(inner, cells);
                }
            }
        }
    }

    fn value(self) -> Value {
        match self {
            Node::Leaf(value) => value,
            Node::Members(members) => members
                .into_iter()
                .map(|(name, node)| (name, node.value()))
                .collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf(Value::Null))
    }

    fn visit_bool<E>(self, said: bool) -> Result<Node, E> {
        Ok(Node::Leaf(said.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Leaf(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Leaf(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Leaf(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Leaf(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut values = Vec::new();
        while let Some(node) = list.next_element::<Node>()? {
            values.push(node.value());
        }
        Ok(Node::Leaf(Value::Array(values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Node::Members(members))
    }
}

fn write_cell(
    table: &mut TableWriter<Vec<u8>>,
    name: &str,
    value: Option<&Value>,
) -> Result<(), tables::TableError> {
    match value {
        None | Some(Value::Null) => table.cell(tables::Value::Null),
        Some(Value::Bool(said)) => table.cell(tables::Value::Boolean(*said)),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(number) => table.cell(tables::Value::Integer(number)),
            None => table.cell(tables::Value::Text(&number.to_string())),
        },
        // A document's number may look like an amount, and is none.
        Some(Value::String(text)) => match decimal(text).filter(|_| is_amount(name)) {
            Some((digits, places)) => table.cell(tables::Value::Decimal { digits, places }),
            None => table.cell(tables::Value::Text(text)),
        },
        Some(value) => table.cell(tables::Value::Json(&value.to_string())),
    }
}

/// Whether a column holds amounts, which stand beside their currency.
fn is_amount(name: &str) -> bool {
    name == "amount" || name.ends_with(".amount")
}

/// A text that is an amount as we write them, such as `-12.50` or `12`.
fn decimal(text: &str) -> Option<(i128, u32)> {
    let Some((whole, fraction)) = text.split_once('.') else {
        let (digits, places) = decimal(&format!("{text}.0"))?;
        return Some((digits / 10, places - 1));
    };
    let bare = whole.strip_prefix('-').unwrap_or(whole);
    let are_digits = |part: &str| {
        !part.is_empty() && part.len() <= 18 && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_plain = bare == "0" || !bare.starts_with('0');
    if !are_digits(bare) || !are_digits(fraction) || !is_plain {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let places = u32::try_from(fraction.len()).ok()?;
    // A negative number whose digits are all noughts would lose its sign.
    (digits != 0 || !whole.starts_with('-')).then_some((digits, places))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chosen(accept: &str) -> Option<usize> {
        let request = actix_web::test::TestRequest::get()
            .insert_header((ACCEPT, accept))
            .to_http_request();
        negotiate(&request, &Form::ALL.map(Form::media_type)).ok()
    }

    #[test]
    fn the_caller_has_the_form_that_it_would_rather_have() {
        for (accept, form) in [
            ("*/*", Some(0)),
            ("text/csv", Some(1)),
            ("text/csv;q=0.5, application/json", Some(0)),
            ("text/html, application/xml;q=0.9, */*;q=0.8", Some(0)),
            ("text/*", Some(1)),
            ("application/json;q=0, */*", Some(1)),
            ("text/csv; charset=utf-8", Some(1)),
            ("image/png", None),
            ("application/json;q=0", None),
            ("text/csv, application/json", Some(1)),
        ] {
            assert_eq!(chosen(accept), form, "{accept}");
        }
    }

    #[test]
    fn what_lies_inside_becomes_columns() {
        #[derive(Serialize)]
        struct Item {
            id: &'static str,
            limit: Value,
            tags: Value,
            name: &'static str,
        }
        let items = [
            Item {
                id: "a",
                limit: Value::Null,
                tags: json!(["x", "y"]),
                name: "=1+1",
            },
            Item {
                id: "b",
                limit: json!({"amount": "-12.50", "currency": "CNY"}),
                tags: json!([]),
                name: "-5",
            },
        ];
        let text = String::from_utf8(table(tables::Format::Csv, &items).unwrap()).unwrap();
        assert_eq!(
            text,
            "id,tags,name,limit.amount,limit.currency\r\n\
             a,\"[\"\"x\"\",\"\"y\"\"]\",'=1+1,,\r\nb,[],'-5,-12.50,CNY\r\n"
        );
    }

    #[test]
    fn nothing_that_is_said_is_lost_where_others_say_an_object() {
        let items = [
            json!({"before": "queued", "after": null}),
            json!({"before": {"status": "open"}, "after": {"status": "paid"}}),
        ];
        let text = String::from_utf8(table(tables::Format::Csv, &items).unwrap()).unwrap();
        assert_eq!(
            text,
            "before,after.status,before.status\r\nqueued,,\r\n,paid,open\r\n"
        );
    }

    #[test]
    fn a_documents_number_is_no_amount() {
        let items = [json!({"number": "2026.100", "total": {"amount": "-12", "currency": "JPY"}})];
        let text = String::from_utf8(table(tables::Format::Csv, &items).unwrap()).unwrap();
        assert_eq!(
            text,
            "number,total.amount,total.currency\r\n2026.100,-12,JPY\r\n"
        );
    }
}
