//! The form of an answer: JSON, or a table, by `format` in the query or by `Accept`.
//!
//! [`super::page::Listing`] settles the form of its request before anything is read, and the page is written in it: no handler
//! has to do with it. A table has a line for each item; what lies inside an item becomes columns such as `limit.amount`.

use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION, VARY};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
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
    let values: Vec<Value> = items
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .map_err(Problem::internal)?;
    if format == tables::Format::Ndjson {
        let mut text = String::new();
        for value in values {
            text.push_str(&value.to_string());
            text.push('\n');
        }
        return Ok(text.into_bytes());
    }
    let mut names = Vec::new();
    for value in &values {
        gather_names(value, "", &mut names);
    }
    // Null here and an object there: the columns are those of the object.
    let inner: Vec<String> = names.clone();
    names.retain(|name| {
        let below = format!("{name}.");
        !inner.iter().any(|other| other.starts_with(&below))
    });
    let columns: Vec<Column> = names
        .iter()
        .map(|name| Column {
            name: name.clone(),
            kind: Kind::Text,
        })
        .collect();
    let mut table =
        TableWriter::begin(format, "list", &columns, Vec::new()).map_err(Problem::internal)?;
    for value in &values {
        for name in &names {
            let place = name
                .split('.')
                .try_fold(value, |value, member| value.get(member));
            write_cell(&mut table, place).map_err(Problem::internal)?;
        }
        table.end_row().map_err(Problem::internal)?;
    }
    table.finish().map_err(Problem::internal)
}

/// The names of a value's members, inner ones behind a point, in the order in which they come.
fn gather_names(value: &Value, before: &str, names: &mut Vec<String>) {
    let Some(members) = value.as_object() else {
        return;
    };
    for (member, value) in members {
        let name = format!("{before}{member}");
        if value.as_object().is_some_and(|inner| !inner.is_empty()) {
            gather_names(value, &format!("{name}."), names);
        } else if !names.contains(&name) {
            names.push(name);
        }
    }
}

fn write_cell(
    table: &mut TableWriter<Vec<u8>>,
    value: Option<&Value>,
) -> Result<(), tables::TableError> {
    match value {
        None | Some(Value::Null) => table.cell(tables::Value::Null),
        Some(Value::Bool(said)) => table.cell(tables::Value::Boolean(*said)),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(number) => table.cell(tables::Value::Integer(number)),
            None => table.cell(tables::Value::Text(&number.to_string())),
        },
        Some(Value::String(text)) => match decimal(text) {
            Some((digits, places)) => table.cell(tables::Value::Decimal { digits, places }),
            None => table.cell(tables::Value::Text(text)),
        },
        Some(value) => table.cell(tables::Value::Json(&value.to_string())),
    }
}

/// A text that is an amount as we write them, such as `-12.50` or `-12`. A number of a document, which is no amount, has no
/// point and no sign, or a nought in front.
fn decimal(text: &str) -> Option<(i128, u32)> {
    if let Some(whole) = text.strip_prefix('-')
        && !text.contains('.')
    {
        let (digits, places) = decimal(&format!("{whole}.0"))?;
        return Some((-digits / 10, places - 1));
    }
    let (whole, fraction) = text.split_once('.')?;
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
        let items = [
            json!({"id": "a", "limit": null, "tags": ["x", "y"], "name": "=1+1"}),
            json!({"id": "b", "limit": {"amount": "-12.50", "currency": "CNY"}, "tags": [], "name": "-5"}),
        ];
        let text = String::from_utf8(table(tables::Format::Csv, &items).unwrap()).unwrap();
        assert_eq!(
            text,
            "id,tags,name,limit.amount,limit.currency\r\n\
             a,\"[\"\"x\"\",\"\"y\"\"]\",'=1+1,,\r\nb,[],-5,-12.50,CNY\r\n"
        );
    }
}
