//! Texts that people type: each kind with its length and the characters it may hold, the same in the contract and
//! in the code that enforces it.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use validator::ValidateEmail as _;

use super::ids::looks_like_id;

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("must have between 1 and {max} characters")]
    Length { max: usize },
    #[error("must have no control characters, and none that change the direction of writing")]
    Characters,
    #[error("must begin and end with something other than a space")]
    Untrimmed,
    #[error(
        "is not an e-mail address such as ap@example.com; an international domain is written as it is in the DNS, such as xn--mller-kva.example"
    )]
    Email,
    #[error("has more than {max} addresses")]
    TooManyEmails { max: usize },
    #[error(
        "is no number of a document: no blanks but single-width spaces inside, no invisible or control characters, no dot in front"
    )]
    Number,
    #[error("looks like an id of ours, which a number may not")]
    LooksLikeId,
    #[error("may hold letters, digits and . _ : - + only, and begins with a letter or digit")]
    Keyword,
    #[error("may hold letters, digits, + and - only")]
    Grade,
    #[error("may hold small letters, digits and _ only, and begins with a letter")]
    SnakeCode,
    #[error("is not a language as BCP 47 writes it, such as en or zh-CN")]
    LanguageTag,
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

/// What a number may not hold beside that: blanks other than the plain space, and what nobody sees or what stands for
/// something unreadable, with which two numbers would look like one.
fn is_unseen(c: char) -> bool {
    is_refused(c)
        || (c.is_whitespace() && c != ' ')
        || matches!(
            c,
            '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        )
        || matches!(c, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}')
        || matches!(c, '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFF}')
        || matches!(c, '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The same for the contract, as far as every reader of patterns understands it: those beyond U+FFFF are left out.
const UNSEEN: &str = r"\u0000-\u001F\u007F-\u00A0\u00AD\u034F\u061C\u115F\u1160\u1680\u17B4\u17B5\u180B-\u180F\u2000-\u200F\u2028-\u202F\u205F-\u206F\u2800\u3000\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFF";

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

/// Whatever the trade writes: `INV/2026/00001`, `FV 12/2026`, `RE#7`, `发票-1`. A dot in front is refused, because `.` and
/// `..` can't be addressed in a path, and what looks like an id would be taken for one.
fn check_number(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    if text.trim() != text {
        return Err(TextError::Untrimmed);
    }
    if text.starts_with('.') || text.chars().any(is_unseen) {
        return Err(TextError::Number);
    }
    if looks_like_id(text) {
        return Err(TextError::LooksLikeId);
    }
    Ok(())
}

fn check_keyword(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:+-".contains(&b);
    if text.bytes().all(allowed) && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(TextError::Keyword)
    }
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

fn check_snake_code(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if text.bytes().all(allowed) && text.starts_with(|c: char| c.is_ascii_lowercase()) {
        Ok(())
    } else {
        Err(TextError::SnakeCode)
    }
}

fn check_language_tag(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    let mut parts = text.split('-');
    let is_language =
        |part: &str| (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_part = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if parts.next().is_some_and(is_language) && parts.all(is_part) {
        Ok(())
    } else {
        Err(TextError::LanguageTag)
    }
}

/// What RFC 5321 allows, but for quoted local parts and addresses by IP, which no customer has. Domains of other scripts
/// come in their A-label form; each label is one that IDNA knows, and the name has a top-level domain.
fn check_email(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    let is_dotted = |local: &str| local.split('.').all(|atom| !atom.is_empty());
    let is_named = |domain: &str| {
        let top = domain.rsplit_once('.').map(|(_, top)| top);
        top.is_some_and(|top| top.len() >= 2 && !top.bytes().all(|byte| byte.is_ascii_digit()))
            && idna::domain_to_ascii_strict(domain).is_ok()
    };
    let valid = text.is_ascii()
        && text.validate_email()
        && text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_dotted(local) && is_named(domain));
    if valid { Ok(()) } else { Err(TextError::Email) }
}

fn check_length(text: &str, max: usize) -> Result<(), TextError> {
    if (1..=max).contains(&text.chars().count()) {
        Ok(())
    } else {
        Err(TextError::Length { max })
    }
}

/// As it was given.
const fn as_given(text: String) -> String {
    text
}

/// Composed (NFC): `é` typed as one character or as two is one number.
fn composed(text: String) -> String {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes {
        text
    } else {
        text.nfc().collect()
    }
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $max:literal, $check:ident, $pattern:expr, $example:literal) => {
        text_type! { $(#[$doc])* $name, $max, as_given, $check, $pattern, $example }
    };
    ($(#[$doc:meta])* $name:ident, $max:literal, $form:ident, $check:ident, $pattern:expr, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub const MAX: usize = $max;

            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// One that is stored: it was checked when it came in, by the rules of that day.
            pub const fn stored(text: String) -> $name {
                $name(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<$name, TextError> {
                check_length(&text, $max)?;
                let text = $form(text);
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
    /// A number that another system gave: of a customer, an order, an invoice, a receipt. Any characters that can be
    /// seen, and spaces inside; no dot in front. It is kept composed (Unicode NFC) and may not look like an id of ours.
    /// In a path it is percent-encoded: `INV/2026/00001` as `INV%2F2026%2F00001`.
    Number, 64, composed, check_number, format!("^[^ .{UNSEEN}]([^{UNSEEN}]*[^ {UNSEEN}])?$"), "C-1001"
}
text_type! {
    /// A word of programs: the code of an indicator or a rating model, the purpose of a reservation, an action.
    Keyword, 64, check_keyword, "^[A-Za-z0-9][A-Za-z0-9._:+-]*$", "PAST_DUE_SHARE"
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
    /// A code in lower case: of a catalogue, of an item in one, of an attribute.
    SnakeCode, 64, check_snake_code, "^[a-z][a-z0-9_]*$", "quality"
}
text_type! {
    /// A language as BCP 47 writes it.
    LanguageTag, 35, check_language_tag, "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "zh-CN"
}
text_type! {
    /// Who a token speaks for, as its issuer names them.
    Subject, 128, check_visible, "^[!-~]+$", "u-17"
}
text_type! {
    /// An e-mail address as RFC 5321 has it, its domain in the form of the DNS (`xn--…`).
    Email, 254, check_email, format!("^{EMAIL}$"), "ap@example.com"
}

/// An address, for patterns.
const EMAIL: &str = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]";

/// Addresses as people write several: with commas or semicolons between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailList(Vec<Email>);

impl EmailList {
    /// The most addresses in one.
    pub const MAX: usize = 20;

    /// The longest text of one.
    const TEXT_MAX: usize = 2000;

    pub fn as_slice(&self) -> &[Email] {
        &self.0
    }
}

impl From<Email> for EmailList {
    fn from(email: Email) -> EmailList {
        EmailList(vec![email])
    }
}

impl TryFrom<String> for EmailList {
    type Error = TextError;

    fn try_from(text: String) -> Result<EmailList, TextError> {
        text.parse()
    }
}

impl std::str::FromStr for EmailList {
    type Err = TextError;

    fn from_str(text: &str) -> Result<EmailList, TextError> {
        check_length(text, EmailList::TEXT_MAX)?;
        let mut emails: Vec<Email> = Vec::new();
        for one in text.split([',', ';']).map(str::trim) {
            // One comma too many at the end says nothing.
            if one.is_empty() {
                continue;
            }
            let email = one.parse()?;
            if !emails.contains(&email) {
                emails.push(email);
            }
        }
        if emails.is_empty() {
            return Err(TextError::Email);
        }
        if emails.len() > EmailList::MAX {
            let max = EmailList::MAX;
            return Err(TextError::TooManyEmails { max });
        }
        Ok(EmailList(emails))
    }
}

impl From<EmailList> for String {
    fn from(list: EmailList) -> String {
        let texts: Vec<String> = list.0.into_iter().map(String::from).collect();
        texts.join(", ")
    }
}

impl PartialSchema for EmailList {
    fn schema() -> RefOr<Schema> {
        let space = "[ \\t]*";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(EmailList::TEXT_MAX))
            .pattern(Some(format!(
                "^{space}{EMAIL}({space}[,;]{space}{EMAIL})*{space}[,;]?{space}$"
            )))
            .examples(["ap@example.com, cfo@example.com"])
            .into()
    }
}

impl ToSchema for EmailList {}

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
    fn an_email_address_is_what_rfc_5321_allows() {
        let long = format!("{}@x.example", "l".repeat(65));
        for text in [
            "ap@example.com",
            "o'brien@example.ie",
            "r&d@example.com",
            "a+b/c=d{e}@example.com",
            "ap@example.xn--p1ai",
            "ap@xn--mller-kva.example",
            "A.P@EXAMPLE.COM",
            "x@a.b.c-d.co",
            "1@2.example",
        ] {
            assert!(text.parse::<Email>().is_ok(), "{text:?}");
        }
        for text in [
            "ap",
            "ap@",
            "@x.com",
            "a b@x.com",
            "a@x",
            "a@.com",
            "a@x.c",
            "a\n@x.com",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a@-b.com",
            "a@b-.com",
            "a@b..com",
            "a@b.com.",
            "a@b_c.com",
            "a@1.2.3.4",
            "a@[1.2.3.4]",
            "a@müller.example",
            "ä@example.com",
            "a@xn--.example",
            "a@xn--a-ecp.ru@x.com",
            "\"a b\"@example.com",
            "a@b@example.com",
            "a@b.com, c@d.com",
            &long,
        ] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_list_of_addresses_is_split() {
        let list = |text: &str| text.parse::<EmailList>().map(String::from);
        let two = "ap@a.de, cfo@a.de".to_owned();
        for text in [
            "ap@a.de, cfo@a.de",
            "ap@a.de;cfo@a.de",
            " ap@a.de ; cfo@a.de; ap@a.de;",
        ] {
            assert_eq!(list(text), Ok(two.clone()));
        }
        assert_eq!(list("ap@a.de cfo@a.de"), Err(TextError::Email));
        assert_eq!(list(";"), Err(TextError::Email));
        let many: Vec<String> = (0..21).map(|n| format!("a{n}@b.de")).collect();
        assert_eq!(
            list(&many.join(";")),
            Err(TextError::TooManyEmails { max: 20 })
        );
    }

    #[test]
    fn a_number_is_what_the_trade_writes() {
        for text in [
            "SO-2026-0001",
            "INV/2026/00001",
            "FV 12/2026",
            "RE#7",
            "发票-1",
            "№ 5%",
            "a+b?c&d=e",
            "فاتورة-٧",
            "-7",
        ] {
            assert_eq!(text.parse::<Number>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_keyword_is_what_programs_write() {
        assert!("customer.created".parse::<Keyword>().is_ok());
        for text in ["", "a b", "a/b", "-a", "号"] {
            assert!(text.parse::<Keyword>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_number_hides_nothing() {
        let id = crate::ids::InvoiceId::new().to_string();
        for text in [
            "",
            " A",
            "A ",
            "A\u{00A0}1",
            "A\u{3000}1",
            "A\t1",
            "A\n1",
            "A\0",
            "A\u{200B}1",
            "A\u{200D}1",
            "A\u{00AD}1",
            "A\u{2800}1",
            "A\u{FE0F}1",
            "A\u{E0041}1",
            "A\u{202E}1",
            "A\u{FFFD}1",
            ".",
            "..",
            ".htaccess",
            &id,
            "xyz_01k00000000000000000000001",
        ] {
            assert!(text.parse::<Number>().is_err(), "{text:?}");
        }
        assert!("inv_1".parse::<Number>().is_ok());
    }

    #[test]
    fn a_number_typed_composed_or_not_is_one() {
        let typed = "RE\u{0301}-7".parse::<Number>().unwrap();
        assert_eq!(typed.as_str(), "R\u{00C9}-7");
    }
}
