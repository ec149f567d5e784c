//! Whether a wording can be filled in for any customer: it knows values and conditions and nothing else, and the engine
//! itself tries it whole.

use chrono::NaiveDate;
use minijinja::{Value, context};

use super::{INVOICES_MARK, TemplateError, fill, money_text};
use kernel::money::{Currency, Money};
use kernel::text::Line;

/// What a subject may name.
const SUBJECT_VALUES: [&str; 9] = [
    "customer_name",
    "customer_number",
    "level",
    "date",
    "total",
    "invoice_count",
    "days_past_due",
    "oldest_due_date",
    "payment_reference",
];

/// What a body may name besides.
const INVOICES: &str = "invoices";

/// Checks that a subject can be filled in for any customer.
///
/// # Errors
/// What is wrong with it.
pub fn check_subject(source: &str) -> Result<(), TemplateError> {
    check(source, &SUBJECT_VALUES)
}

/// Checks that a body can be filled in for any customer.
///
/// # Errors
/// What is wrong with it.
pub fn check_body(source: &str) -> Result<(), TemplateError> {
    let mut values = SUBJECT_VALUES.to_vec();
    values.push(INVOICES);
    check(source, &values)
}

fn check(source: &str, values: &[&str]) -> Result<(), TemplateError> {
    let mut rest = source;
    while let Some((open, close, tag, after)) = next_tag(rest)? {
        let inner = unmarked(tag);
        match (
            open,
            inner.split_whitespace().collect::<Vec<_>>().as_slice(),
        ) {
            ("{%", ["else" | "endif"]) => {}
            ("{{", [name]) | ("{%", ["if" | "elif", name]) => known(name, values)?,
            (
                "{%",
                [
                    "if" | "elif",
                    name,
                    "==" | "!=" | "<" | "<=" | ">" | ">=",
                    number,
                ],
            ) => {
                known(name, values)?;
                let plain = number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
                if !plain {
                    return Err(TemplateError::NotAllowed((*number).to_owned()));
                }
            }
            _ => return Err(TemplateError::NotAllowed(format!("{open}{tag}{close}"))),
        }
        rest = after;
    }
    try_whole(source)
}

/// What is in a tag, without the marks by which it takes the white space before or after it: one on each side at most.
fn unmarked(tag: &str) -> &str {
    let tag = tag.strip_prefix(['-', '+']).unwrap_or(tag);
    tag.strip_suffix(['-', '+']).unwrap_or(tag).trim()
}

/// Has the engine fill a template in, with the smallest values and the largest, as it stands and with every branch taken:
/// what can be saved can be sent.
fn try_whole(source: &str) -> Result<(), TemplateError> {
    let every_branch = with_every_branch(source)?;
    for values in extremes() {
        fill("trial", source, values.clone())?;
        fill("trial", &every_branch, values)?;
    }
    Ok(())
}

/// The template with each condition looked at and each branch taken, one after the other.
///
/// `{% if a %}x{% elif b %}y{% else %}z{% endif %}` becomes
/// `{% if (a) or true %}x{% endif %}{% if (b) or true %}y{% endif %}{% if true %}z{% endif %}`.
fn with_every_branch(source: &str) -> Result<String, TemplateError> {
    let mut whole = String::with_capacity(2 * source.len());
    let mut rest = source;
    while let Some((open, close, tag, after)) = next_tag(rest)? {
        let length = rest.len() - after.len() - open.len() - tag.len() - close.len();
        whole.push_str(rest.get(..length).unwrap_or_default());
        let inner = unmarked(tag);
        let condition = |word: &str| {
            let condition = inner.strip_prefix(word)?;
            condition
                .starts_with(char::is_whitespace)
                .then(|| condition.trim().to_owned())
        };
        if open != "{%" {
            whole.extend([open, tag, close]);
        } else if let Some(condition) = condition("if") {
            whole.extend(["{% if (", &condition, ") or true %}"]);
        } else if let Some(condition) = condition("elif") {
            whole.extend(["{% endif %}{% if (", &condition, ") or true %}"]);
        } else if inner == "else" {
            whole.push_str("{% endif %}{% if true %}");
        } else {
            whole.extend([open, tag, close]);
        }
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

/// The least and the most that a letter can be filled in with.
fn extremes() -> [Value; 2] {
    let currency = |code: &str| code.parse::<Currency>().ok();
    let amount = |minor, code| {
        currency(code).map_or_else(String::new, |currency| {
            money_text(Money::from_minor(minor, currency))
        })
    };
    let values = |name: String,
                  number: String,
                  level: i32,
                  date: NaiveDate,
                  total: String,
                  count: usize,
                  days: i32| {
        context! {
            customer_name => name,
            customer_number => number,
            level => level,
            date => date.to_string(),
            total => total,
            invoice_count => count,
            days_past_due => days,
            oldest_due_date => date.to_string(),
            payment_reference => "RF18539007547034000000000",
            invoices => INVOICES_MARK.to_string(),
        }
    };
    let strange = "\u{6d4b}{{ \"'<&>%} ";
    [
        values(
            "A".to_owned(),
            "1".to_owned(),
            1,
            NaiveDate::MIN,
            amount(1, "JPY"),
            1,
            1,
        ),
        values(
            strange.repeat(Line::MAX / strange.chars().count()),
            "9".repeat(Line::MAX),
            i32::MAX,
            NaiveDate::MAX,
            amount(i64::MAX, "CNY"),
            usize::MAX,
            i32::MAX,
        ),
    ]
}

type Tag<'a> = (&'static str, &'static str, &'a str, &'a str);

/// The first tag of a template: how it opens and closes, what is in it, and what follows.
fn next_tag(source: &str) -> Result<Option<Tag<'_>>, TemplateError> {
    let first = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")]
        .into_iter()
        .filter_map(|(open, close)| Some((source.find(open)?, open, close)))
        .min();
    let Some((at, open, close)) = first else {
        return Ok(None);
    };
    let inside = source.get(at + open.len()..).unwrap_or_default();
    let (tag, after) = inside
        .split_once(close)
        .ok_or(TemplateError::NotClosed(open))?;
    Ok(Some((open, close, tag, after)))
}

fn known(name: &str, values: &[&str]) -> Result<(), TemplateError> {
    if values.contains(&name) {
        Ok(())
    } else {
        Err(TemplateError::UnknownValue(
            name.to_owned(),
            values.join(", "),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wording_knows_values_and_conditions() {
        for source in [
            "no tags at all",
            "{{ customer_name }}: {{ total }}",
            "{{total}} {{- level -}}",
            "{% if invoice_count > 1 %}invoices{% else %}invoice{% endif %}",
            "{{ invoices }}",
        ] {
            assert_eq!(check_body(source), Ok(()), "{source}");
        }
    }

    #[test]
    fn everything_else_is_refused_when_it_is_saved() {
        for source in [
            "{{ customer_iban }}",
            "{{ total",
            "{% if invoice_count > 1 %}",
            "{% endif %}",
            "{% for x in range(9) %}{% endfor %}",
            "{{ 'x' * 1000000000 }}",
            "{{ total|upper }}",
            "{{ customer_name.x }}",
            "{% include 'x' %}",
            "{% set x = total %}",
            "{# a comment #}",
            "{% if level == total %}{% endif %}",
            "{{ }}",
            "{{-- total }}",
            "{{- -total }}",
            "{{++ total }}",
            "{% if -- level %}{% endif %}",
            "{% if level > 3 %}{{-- total }}{% endif %}",
            "{% if level > 3 %}{% else %}{{ total --}}{% endif %}",
        ] {
            assert!(check_body(source).is_err(), "{source}");
        }
        assert!(check_subject("{{ invoices }}").is_err());
    }

    #[test]
    fn every_branch_of_a_wording_is_tried() {
        assert_eq!(
            with_every_branch("a{% if level > 1 %}b{% elif total %}c{%- else -%}d{% endif %}{{ date }}"),
            Ok("a{% if (level > 1) or true %}b{% endif %}{% if (total) or true %}c{% endif %}{% if true %}d\
                {% endif %}{{ date }}"
                .to_owned())
        );
    }

    proptest! {
        /// Whatever is saved can be filled in: the engine is never asked for more than it was tried with.
        #[test]
        fn what_is_saved_can_be_filled_in(parts in proptest::collection::vec(prop_oneof![
            Just("{{"), Just("}}"), Just("{%"), Just("%}"), Just("{#"), Just("#}"), Just("-"), Just("+"), Just(" if "),
            Just(" elif "), Just(" else "), Just(" endif "), Just(" total "), Just(" level "), Just(" > "), Just("3"),
            Just(" customer_name "), Just("x"), Just(" invoices "),
        ], 0..14)) {
            let source = parts.concat();
            if check_body(&source).is_ok() {
                for values in extremes() {
                    prop_assert!(fill("body", &source, values).is_ok(), "{source}");
                }
            }
        }
    }
}
