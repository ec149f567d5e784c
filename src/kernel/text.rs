//! Texts that people type: each kind with its length and the characters it may hold, the same in the contract and
//! in the code that enforces it.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("must have between 1 and {max} characters")]
    Length { max: usize },
    #[error("must have no control characters, and none that change the direction of writing")]
    Characters,
    #[error("must begin and end with something other than a space")]
    Untrimmed,
    #[error("is not an e-mail address such as ap@example.com")]
    Email,
    #[error("may hold letters, digits and . _ : - + only")]
    Number,
    #[error("may hold letters, digits, + and - only")]
    Grade,
}

/// Characters that no text may hold: controls (a NUL can't be stored in PostgreSQL), and those that reverse the
/// direction of writing, with which a name can be made to look like another.
fn is_refused(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

const REFUSED: &str =
    r"\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF";

/// What a note may not hold: it may have lines and tabs.
const REFUSED_IN_NOTES: &str =
    r"\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF";

fn check_line(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    if text.trim() != text {
        return Err(TextError::Untrimmed);
    }
    if text.chars().any(is_refused) {
        return Err(TextError::Characters);
    }
    Ok(())
}

fn check_note(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    if text.trim().is_empty() {
        return Err(TextError::Length { max });
    }
    if text
        .chars()
        .any(|c| is_refused(c) && c != '\n' && c != '\t')
    {
        return Err(TextError::Characters);
    }
    Ok(())
}

fn check_number(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:+-".contains(&b);
    let ends = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    if !text.bytes().all(allowed) || !ends(text.bytes().next()) {
        return Err(TextError::Number);
    }
    Ok(())
}

fn check_visible(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(TextError::Characters)
    }
}

fn check_grade(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'-';
    if text.bytes().all(allowed) {
        Ok(())
    } else {
        Err(TextError::Grade)
    }
}

fn check_email(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    let local_byte = |b: u8| b.is_ascii_alphanumeric() || b"._%+-".contains(&b);
    let domain_byte = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let valid = text.split_once('@').is_some_and(|(local, domain)| {
        let mut labels = domain.rsplit('.');
        let top = labels.next().unwrap_or_default();
        let rest: Vec<&str> = labels.collect();
        (1..=64).contains(&local.len())
            && local.bytes().all(local_byte)
            && (2..=24).contains(&top.len())
            && top.bytes().all(|b| b.is_ascii_alphabetic())
            && !rest.is_empty()
            && rest
                .iter()
                .all(|label| !label.is_empty() && label.bytes().all(domain_byte))
    });
    if valid { Ok(()) } else { Err(TextError::Email) }
}

fn check_length(text: &str, max: usize) -> Result<(), TextError> {
    if (1..=max).contains(&text.chars().count()) {
        Ok(())
    } else {
        Err(TextError::Length { max })
    }
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $max:literal, $check:ident, $pattern:expr, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub const MAX: usize = $max;

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<$name, TextError> {
                $check(&text, $max)?;
                Ok($name(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<$name, TextError> {
                $name::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .min_length(Some(1))
                    .max_length(Some($max))
                    .pattern(Some($pattern))
                    .examples([$example])
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

text_type! {
    /// A number that another system gave: of a customer, an order, an invoice, a receipt.
    Number, 64, check_number, "^[A-Za-z0-9][A-Za-z0-9._:+-]*$", "C-1001"
}
text_type! {
    /// One line of text: a name, a street, a city.
    Line, 200, check_line, format!(r"^[^\s{REFUSED}]([^{REFUSED}]*[^\s{REFUSED}])?$"), "Jiangnan Trading Co."
}
text_type! {
    /// A reason or a note: several lines are allowed.
    Note, 2000, check_note, format!(r"^[^{REFUSED_IN_NOTES}]*[^\s{REFUSED_IN_NOTES}][^{REFUSED_IN_NOTES}]*$"), "Pays on time since 2019; two references checked."
}
text_type! {
    /// Where a figure comes from: a central bank, a bank, an agency.
    Source, 64, check_line, format!(r"^[^\s{REFUSED}]([^{REFUSED}]*[^\s{REFUSED}])?$"), "ECB"
}
text_type! {
    /// The code of a grade on a grade scale.
    GradeCode, 10, check_grade, "^[A-Za-z0-9+-]+$", "BBB"
}
text_type! {
    /// Who a token speaks for, as its issuer names them.
    Subject, 128, check_visible, "^[!-~]+$", "u-17"
}
text_type! {
    /// An e-mail address.
    Email, 254, check_email, r"^[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z]{2,24}$", "ap@example.com"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_visible_line() {
        assert!("江南贸易有限公司".parse::<Line>().is_ok());
        for text in [
            "",
            " x",
            "x ",
            "a\nb",
            "a\0b",
            "safe\u{202E}gpj",
            "\u{feff}x",
        ] {
            assert!(text.parse::<Line>().is_err(), "{text:?}");
        }
        assert!("x".repeat(200).parse::<Line>().is_ok());
        assert!("x".repeat(201).parse::<Line>().is_err());
    }

    #[test]
    fn an_email_address_has_a_domain() {
        assert!("ap@example.com".parse::<Email>().is_ok());
        for text in [
            "ap",
            "ap@",
            "@x.com",
            "a b@x.com",
            "a@x",
            "a@.com",
            "a@x.c",
            "a\n@x.com",
        ] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_number_has_no_spaces_or_slashes() {
        assert!("SO-2026-0001".parse::<Number>().is_ok());
        for text in ["", "a b", "a/b", "-a", "号"] {
            assert!(text.parse::<Number>().is_err(), "{text:?}");
        }
    }
}
