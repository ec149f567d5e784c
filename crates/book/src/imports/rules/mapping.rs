//! How a foreign file is read: which of its columns is ours, what is passed over, and what a cell means.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::format::{Item, StrftimeItems};

use crate::book::imports::model::{Condition, DecimalMark, ImportKind, Mapping};
use crate::platform::jobs::model::JobError;

/// The longest name of a column, and the longest text that a mapping gives for a cell.
const TEXT_CHARS_MAX: usize = 200;

/// The most conditions, and the most texts in one.
const CONDITIONS_MAX: usize = 100;

/// What is wrong with a mapping, by the request alone.
///
/// # Errors
/// The member that is wrong, and why.
pub fn check_mapping(kind: ImportKind, mapping: &Mapping) -> Result<(), (String, String)> {
    let is_ours = |name: &str| kind.columns().iter().any(|column| column.name == name);
    for (member, names) in [
        ("columns", &mapping.columns),
        ("optional_columns", &mapping.optional_columns),
        ("defaults", &mapping.defaults),
        ("constants", &mapping.constants),
        ("strip_suffix", &mapping.strip_suffix),
    ] {
        for (name, text) in names {
            if !is_ours(name) {
                let ours: Vec<&str> = kind.columns().iter().map(|column| column.name).collect();
                return Err((
                    member.to_owned(),
                    format!("{kind} have the columns {}", ours.join(", ")),
                ));
            }
            check_text(text).map_err(|why| (member.to_owned(), why))?;
        }
    }
    for (name, texts) in &mapping.values {
        let wrong = |why: &str| ("values".to_owned(), why.to_owned());
        if !is_ours(name) {
            return Err(wrong("names a column that this kind does not have"));
        }
        if texts.len() > CONDITIONS_MAX {
            return Err((
                "values".to_owned(),
                format!("has more than {CONDITIONS_MAX} texts"),
            ));
        }
        for (theirs, ours) in texts {
            check_text(theirs).map_err(|why| wrong(&why))?;
            check_text(ours).map_err(|why| wrong(&why))?;
        }
    }
    check_skip(&mapping.skip).map_err(|why| ("skip".to_owned(), why))?;
    let unknown = |item: Item| matches!(item, Item::Error);
    match &mapping.date_format {
        Some(format) if format.len() > 40 || StrftimeItems::new(format).any(unknown) => Err((
            "date_format".to_owned(),
            "is not a format such as %m/%d/%Y".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn check_text(text: &str) -> Result<(), String> {
    if text.is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        return Err(format!(
            "must have between 1 and {TEXT_CHARS_MAX} characters"
        ));
    }
    Ok(())
}

fn check_skip(conditions: &[Condition]) -> Result<(), String> {
    let too_long = |text: &String| text.chars().count() > TEXT_CHARS_MAX;
    for condition in conditions {
        check_text(&condition.column)?;
        let lists = [&condition.is, &condition.is_not];
        let ends = [&condition.begins_with, &condition.ends_with];
        let given = lists.iter().filter(|list| !list.is_empty()).count();
        if given + ends.iter().filter(|end| end.is_some()).count() != 1 {
            return Err("a condition has one of is, is_not, begins_with and ends_with".to_owned());
        }
        if lists
            .iter()
            .any(|list| list.len() > CONDITIONS_MAX || list.iter().any(too_long))
        {
            return Err(format!(
                "a condition has at most {CONDITIONS_MAX} texts of {TEXT_CHARS_MAX} characters"
            ));
        }
        for text in ends.into_iter().flatten() {
            check_text(text)?;
        }
    }
    if conditions.len() > CONDITIONS_MAX {
        return Err(format!("has more than {CONDITIONS_MAX} conditions"));
    }
    Ok(())
}

/// Where each of our columns is in a file, and what its cells mean.
#[derive(Debug)]
pub struct Layout {
    places: BTreeMap<&'static str, usize>,
    /// Lines on which one of these holds are passed over: the cell, and what is asked of it.
    skip: Vec<(usize, Condition)>,
    defaults: BTreeMap<String, String>,
    constants: BTreeMap<String, String>,
    strip_suffix: BTreeMap<String, String>,
    values: BTreeMap<String, BTreeMap<String, String>>,
    decimal: Option<DecimalMark>,
    date_format: String,
}

impl Layout {
    /// Finds our columns in a file's header, which stands on `line`.
    ///
    /// # Errors
    /// Each column that is missing, or stands there twice; or that we do not know, which without a mapping is a
    /// misspelling whose cells would be lost.
    pub fn new(
        kind: ImportKind,
        line: i64,
        header: &[&str],
        mapping: &Mapping,
    ) -> Result<Layout, Vec<JobError>> {
        let mut search = Search {
            line,
            header,
            errors: Vec::new(),
        };
        let mut places = BTreeMap::new();
        let mut known = Vec::new();
        for column in kind.columns() {
            let mapped = mapping.columns.get(column.name);
            let may_be = mapped.or_else(|| mapping.optional_columns.get(column.name));
            let theirs = may_be.map_or(column.name, String::as_str);
            known.push(theirs);
            if mapping.constants.contains_key(column.name) {
                continue;
            }
            let needed = mapped.is_some()
                || (column.required && !mapping.defaults.contains_key(column.name));
            if let Some(place) = search.find(theirs, needed) {
                places.insert(column.name, place);
            }
        }
        let mut skip = Vec::new();
        for condition in &mapping.skip {
            known.push(&condition.column);
            if let Some(place) = search.find(&condition.column, true) {
                skip.push((place, condition.clone()));
            }
        }
        if mapping.columns.is_empty() {
            search.complain_of_all_but(&known);
        }
        if !search.errors.is_empty() {
            return Err(search.errors);
        }
        let date_format = mapping.date_format.as_deref().unwrap_or("%Y-%m-%d");
        Ok(Layout {
            places,
            skip,
            defaults: mapping.defaults.clone(),
            constants: mapping.constants.clone(),
            strip_suffix: mapping.strip_suffix.clone(),
            values: mapping.values.clone(),
            decimal: mapping.decimal,
            date_format: date_format.to_owned(),
        })
    }

    /// Whether a line is to be passed over.
    pub fn skips(&self, texts: &[&str]) -> bool {
        self.skip
            .iter()
            .any(|(place, condition)| texts.get(*place).is_some_and(|text| holds(condition, text)))
    }

    /// What a column says on a line; nothing when it is empty.
    pub fn text<'a>(&'a self, column: &str, texts: &[&'a str]) -> Option<&'a str> {
        if let Some(constant) = self.constants.get(column) {
            return Some(constant);
        }
        let place = self.places.get(column);
        let cell = place.and_then(|place| texts.get(*place)).copied();
        let suffix = self.strip_suffix.get(column);
        let stripped = |text: &'a str| {
            let rest = suffix.and_then(|suffix| text.strip_suffix(suffix.as_str()));
            rest.map_or(text, str::trim_end)
        };
        let values = self.values.get(column);
        let meant = |text: &'a str| {
            let ours = values.and_then(|values| values.get(text));
            ours.map_or(text, String::as_str)
        };
        cell.map(stripped)
            .map(meant)
            .filter(|text| !text.is_empty())
            .or_else(|| self.defaults.get(column).map(String::as_str))
    }

    /// An amount as our grammar writes it, from how the file does.
    pub fn amount<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.decimal {
            None => Cow::Borrowed(text),
            Some(decimal) => Cow::Owned(plain_amount(text, decimal)),
        }
    }

    pub fn date_format(&self) -> &str {
        &self.date_format
    }
}

/// An amount without groups of digits, with its sign in front and a point before its parts.
///
/// With a comma: `1.234,56-` is `-1234.56`, `1'234,5` is `1234.5`. With a point: `(1,234.56)` is `-1234.56`, `+7` is `7`.
fn plain_amount(text: &str, decimal: DecimalMark) -> String {
    let (mark, grouping) = match decimal {
        DecimalMark::Point => ('.', ','),
        DecimalMark::Comma => (',', '.'),
    };
    let bracketed = text
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    let inside = bracketed.unwrap_or(text).trim();
    let unsigned = inside
        .strip_suffix('-')
        .or_else(|| inside.strip_prefix('-'));
    let digits = unsigned.unwrap_or(inside).trim();
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let is_negative = bracketed.is_some() || unsigned.is_some();
    let groups = |c: &char| *c == grouping || c.is_whitespace() || matches!(c, '\'' | '’');
    let plain: String = digits
        .chars()
        .filter(|c| !groups(c))
        .map(|c| if c == mark { '.' } else { c })
        .collect();
    let is_zero = plain.chars().all(|c| matches!(c, '0' | '.'));
    if is_negative && !is_zero {
        return format!("-{plain}");
    }
    plain
}

fn holds(condition: &Condition, text: &str) -> bool {
    if let Some(beginning) = &condition.begins_with {
        return text.starts_with(beginning.as_str());
    }
    if let Some(end) = &condition.ends_with {
        return text.ends_with(end.as_str());
    }
    let among = |list: &[String]| list.iter().any(|one| one == text);
    if condition.is_not.is_empty() {
        among(&condition.is)
    } else {
        !among(&condition.is_not)
    }
}

/// A search for columns in a header, with what was found wrong.
struct Search<'a> {
    line: i64,
    header: &'a [&'a str],
    errors: Vec<JobError>,
}

impl Search<'_> {
    fn complain(&mut self, column: &str, code: &str, message: &str) {
        self.errors.push(JobError {
            line: Some(self.line),
            column: Some(column.chars().take(TEXT_CHARS_MAX).collect()),
            code: code.to_owned(),
            message: message.to_owned(),
        });
    }

    fn find(&mut self, name: &str, needed: bool) -> Option<usize> {
        let mut found = (0..).zip(self.header).filter(|(_, one)| **one == name);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => {
                self.complain(name, "duplicate_column", "stands in the header twice");
                None
            }
            (Some((place, _)), None) => Some(place),
            (None, _) => {
                if needed {
                    self.complain(name, "missing_column", "is not in the header");
                }
                None
            }
        }
    }

    fn complain_of_all_but(&mut self, known: &[&str]) {
        let unknown = self.header.iter().filter(|name| !known.contains(name));
        for name in unknown.take(100).copied().collect::<Vec<_>>() {
            self.complain(name, "unknown_column", "is no column of this kind");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapping(value: serde_json::Value) -> Mapping {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_line_is_passed_over_when_a_condition_holds() {
        let mapping = mapping(json!({
            "columns": {"number": "No"},
            "skip": [{"column": "type", "is": ["void", ""]}, {"column": "sum", "begins_with": "-"}, {"column": "co", "is_not": ["E1"]}],
            "constants": {"currency": "CNY", "customer_number": "C-1", "invoice_date": "2026-03-31"},
            "defaults": {"amount": "1.00"}, "strip_suffix": {"number": ".0", "order_number": ".0"}
        }));
        check_mapping(ImportKind::Invoices, &mapping).unwrap();
        let header = ["No", "type", "sum", "co", "currency"];
        let layout = Layout::new(ImportKind::Invoices, 1, &header, &mapping).unwrap();
        assert!(layout.skips(&["1.0", "void", "5", "E1", "EUR"]));
        assert!(layout.skips(&["1.0", "", "5", "E1", "EUR"]));
        assert!(layout.skips(&["1.0", "valid", "-5", "E1", "EUR"]));
        assert!(layout.skips(&["1.0", "valid", "5", "E2", "EUR"]));
        let line = ["1.0", "valid", "5", "E1", "EUR"];
        assert!(!layout.skips(&line));
        assert_eq!(layout.text("number", &line), Some("1"));
        assert_eq!(layout.text("currency", &line), Some("CNY"));
        assert_eq!(layout.text("amount", &line), Some("1.00"));
        assert_eq!(layout.text("order_number", &line), None);
    }

    #[test]
    fn a_column_that_a_file_may_have_is_empty_where_it_lacks() {
        let mapping = mapping(json!({
            "columns": {"number": "No", "customer_number": "Client", "invoice_date": "Dated", "amount": "Gross"},
            "optional_columns": {"tax": "VAT", "net": "Net"}, "constants": {"currency": "EUR"}
        }));
        check_mapping(ImportKind::Invoices, &mapping).unwrap();
        let header = ["No", "Client", "Dated", "Gross", "VAT"];
        let layout = Layout::new(ImportKind::Invoices, 1, &header, &mapping).unwrap();
        let line = ["1", "C", "2026-03-31", "119.00", "19.00"];
        assert_eq!(layout.text("tax", &line), Some("19.00"));
        assert_eq!(layout.text("net", &line), None);
    }

    #[test]
    fn amounts_are_read_as_other_systems_write_them() {
        for (text, decimal, plain) in [
            ("1.234,56-", DecimalMark::Comma, "-1234.56"),
            ("1.234.567,00", DecimalMark::Comma, "1234567.00"),
            ("1'234,5", DecimalMark::Comma, "1234.5"),
            ("1\u{a0}234,56", DecimalMark::Comma, "1234.56"),
            ("-12,5", DecimalMark::Comma, "-12.5"),
            ("0,00-", DecimalMark::Comma, "0.00"),
            ("(1,234.56)", DecimalMark::Point, "-1234.56"),
            ("+7", DecimalMark::Point, "7"),
            ("1,234.56 -", DecimalMark::Point, "-1234.56"),
            ("12x", DecimalMark::Point, "12x"),
        ] {
            assert_eq!(plain_amount(text, decimal), plain, "{text}");
        }
    }

    #[test]
    fn a_mapping_that_can_not_be_meant_is_refused() {
        for (member, value) in [
            ("constants", json!({"constants": {"colour": "red"}})),
            ("strip_suffix", json!({"strip_suffix": {"number": ""}})),
            ("skip", json!({"skip": [{"column": "type"}]})),
            ("skip", json!({"skip": [{"column": "type", "is": []}]})),
            ("skip", json!({"skip": [{"column": "", "is": ["x"]}]})),
            (
                "skip",
                json!({"skip": [{"column": "t", "is": ["x"], "is_not": ["y"]}]}),
            ),
        ] {
            let refused = check_mapping(ImportKind::Invoices, &mapping(value)).unwrap_err();
            assert_eq!(refused.0, member);
        }
    }

    #[test]
    fn a_column_that_a_condition_asks_for_must_be_there() {
        let mapping = mapping(json!({"skip": [{"column": "type", "is": ["void"]}]}));
        let header = ["number", "name", "country"];
        let errors = Layout::new(ImportKind::Customers, 3, &header, &mapping).unwrap_err();
        assert_eq!(
            (errors[0].line, errors[0].code.as_str()),
            (Some(3), "missing_column")
        );
    }
}
