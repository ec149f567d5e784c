//! Bank statements as files: what each format says, read into one form. Pure: bytes in, statements out.

mod advice;
mod camt;
mod mt940;
mod table;
mod xml;

use chrono::NaiveDate;

use super::model::{EntryKind, StatementFormat};
use kernel::money::{Currency, Money};

pub use advice::{ReadAdvice, read as read_advices};
pub use table::TableMapping;

/// The largest file of statements.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How many payments one file may list.
pub const PAYMENTS_MAX: usize = 200_000;

/// The longest text that is kept of a payment, of a name and of a reference.
const REMITTANCE_CHARS_MAX: usize = 2_000;
const NAME_CHARS_MAX: usize = 200;
const REFERENCE_CHARS_MAX: usize = 140;

/// How many structured references of one payment are kept.
const REFERENCES_MAX: usize = 500;

/// Why a file can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error(
        "is none of camt.053, camt.054, MT940 and CSV, or of another form than it is said to be"
    )]
    Unrecognised,
    #[error("is not UTF-8, and no Latin-1 that says so")]
    Encoding,
    #[error("is no XML that can be read, from line {line} on")]
    NoXml { line: usize },
    #[error("declares a document type in line {line}, which is not taken")]
    DocumentType { line: usize },
    #[error("has an entity in line {line} that is none of XML's own")]
    Entity { line: usize },
    #[error("nests elements deeper than {max}")]
    TooDeep { max: usize },
    #[error("ends too early")]
    EndsEarly,
    #[error("has no statement")]
    Empty,
    #[error("lists more than {max} payments")]
    TooMany { max: usize },
    #[error("lacks {what} in line {line}")]
    Missing { what: &'static str, line: usize },
    #[error("has a {what} in line {line} that can't be read")]
    Malformed { what: &'static str, line: usize },
    #[error("has an amount in {given} in line {line}, on an account in {expected}")]
    OtherCurrency {
        given: Currency,
        expected: Currency,
        line: usize,
    },
    #[error(
        "statement {number} does not add up: opening balance and entries make {counted}, the closing balance is \
         {stated}, {difference} apart"
    )]
    Totals {
        number: String,
        counted: Money,
        stated: Money,
        difference: Money,
    },
    #[error(
        "the balance in line {line} does not follow from the one before: {counted} would, {stated} is said"
    )]
    RunningBalance {
        line: usize,
        counted: Money,
        stated: Money,
    },
}

impl FormatError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            FormatError::Unrecognised => "unrecognised",
            FormatError::Encoding => "not_utf8",
            FormatError::NoXml { .. } => "no_xml",
            FormatError::DocumentType { .. } => "document_type",
            FormatError::Entity { .. } => "entity",
            FormatError::TooDeep { .. } => "too_deep",
            FormatError::EndsEarly => "ends_early",
            FormatError::Empty => "empty_file",
            FormatError::TooMany { .. } => "too_many_entries",
            FormatError::Missing { .. } => "missing",
            FormatError::Malformed { .. } => "malformed",
            FormatError::OtherCurrency { .. } => "other_currency",
            FormatError::Totals { .. } => "totals_differ",
            FormatError::RunningBalance { .. } => "balance_differs",
        }
    }

    /// Whether the file can be read, and says what can't be.
    pub const fn is_about_content(&self) -> bool {
        matches!(
            self,
            FormatError::OtherCurrency { .. }
                | FormatError::Totals { .. }
                | FormatError::RunningBalance { .. }
        )
    }
}

/// A balance of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    pub day: NaiveDate,
    pub minor: i64,
}

/// A statement as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadStatement {
    pub format: StatementFormat,
    /// The IBAN or number of the account, without blanks.
    pub account: String,
    pub currency: Currency,
    /// As the bank numbers it.
    pub number: String,
    /// None where the format has no balances.
    pub opening: Option<Balance>,
    pub closing: Option<Balance>,
    pub bookings: Vec<Booking>,
}

/// A booking: one payment, or a batch of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    pub kind: EntryKind,
    pub minor: i64,
    pub booking_date: NaiveDate,
    pub value_date: NaiveDate,
    pub bank_reference: Option<String>,
    /// At least one; they add up to the booking.
    pub payments: Vec<Payment>,
    /// The line in which it begins.
    pub line: usize,
}

/// One payment of a booking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payment {
    pub minor: i64,
    pub end_to_end_id: Option<String>,
    pub payer_name: Option<String>,
    pub payer_account: Option<String>,
    pub references: Vec<String>,
    pub remittance: String,
}

impl Booking {
    /// What it adds to the balance.
    pub const fn signed_minor(&self) -> i64 {
        if self.kind.comes_in() {
            self.minor
        } else {
            -self.minor
        }
    }
}

impl ReadStatement {
    /// The last day that it tells of.
    pub fn closing_date(&self) -> NaiveDate {
        let booked = self.bookings.iter().map(|booking| booking.booking_date);
        let closed = self.closing.map(|balance| balance.day);
        closed.or_else(|| booked.max()).unwrap_or_default()
    }

    /// What came in and what went out.
    pub fn turnovers(&self) -> (i128, i128) {
        let sum = |comes_in: bool| {
            let those = self
                .bookings
                .iter()
                .filter(|b| b.kind.comes_in() == comes_in);
            those.map(|booking| i128::from(booking.minor)).sum()
        };
        (sum(true), sum(false))
    }

    pub fn payments(&self) -> usize {
        self.bookings.iter().map(|b| b.payments.len()).sum()
    }
}

/// Reads statements. The form is recognised when it is not given.
///
/// # Errors
/// When they can't be read, or do not add up.
pub fn read(
    bytes: &[u8],
    format: Option<StatementFormat>,
    mapping: &TableMapping,
) -> Result<Vec<ReadStatement>, FormatError> {
    let format = format.or_else(|| recognise(bytes));
    let statements = match format.ok_or(FormatError::Unrecognised)? {
        StatementFormat::Camt053 => camt::read(bytes, StatementFormat::Camt053)?,
        StatementFormat::Camt054 => camt::read(bytes, StatementFormat::Camt054)?,
        StatementFormat::Mt940 => mt940::read(bytes)?,
        StatementFormat::Csv => table::read(bytes, mapping)?,
    };
    if statements.is_empty() {
        return Err(FormatError::Empty);
    }
    let payments: usize = statements.iter().map(ReadStatement::payments).sum();
    if payments > PAYMENTS_MAX {
        return Err(FormatError::TooMany { max: PAYMENTS_MAX });
    }
    for statement in &statements {
        check_totals(statement)?;
    }
    Ok(statements)
}

/// Which form a file has, by how it begins.
fn recognise(bytes: &[u8]) -> Option<StatementFormat> {
    let start = bytes.get(..bytes.len().min(16 * 1024)).unwrap_or_default();
    let start = String::from_utf8_lossy(start);
    let start = start.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('<') {
        let of = |container: &str| start.contains(container);
        if of("BkToCstmrStmt") {
            return Some(StatementFormat::Camt053);
        }
        return of("BkToCstmrDbtCdtNtfctn").then_some(StatementFormat::Camt054);
    }
    let has_field = |field: &str| start.starts_with(field) || start.contains(&format!("\n{field}"));
    if has_field(":20:") || start.contains("{4:") {
        return Some(StatementFormat::Mt940);
    }
    let header = start.lines().next().unwrap_or_default();
    let columns = header.split([',', ';', '\t']).count();
    (columns >= 3).then_some(StatementFormat::Csv)
}

/// Opening balance and entries make the closing balance.
fn check_totals(statement: &ReadStatement) -> Result<(), FormatError> {
    let (Some(opening), Some(closing)) = (statement.opening, statement.closing) else {
        return Ok(());
    };
    let (credits, debits) = statement.turnovers();
    let counted = i128::from(opening.minor) + credits - debits;
    if counted == i128::from(closing.minor) {
        return Ok(());
    }
    let money = |minor: i128| {
        let minor = i64::try_from(minor).unwrap_or(i64::MAX);
        Money::from_minor(minor, statement.currency)
    };
    Err(FormatError::Totals {
        number: statement.number.clone(),
        counted: money(counted),
        stated: money(i128::from(closing.minor)),
        difference: money((counted - i128::from(closing.minor)).abs()),
    })
}

/// An amount above or at zero, in minor units. Places beyond those of the currency must be zeros.
fn amount(text: &str, currency: Currency) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let places = usize::try_from(currency.minor_digits()).ok()?;
    let (kept, beyond) = fraction.split_at_checked(places).unwrap_or((fraction, ""));
    let whole = whole.trim_start_matches('0');
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(kept) || !beyond.bytes().all(|byte| byte == b'0') {
        return None;
    }
    if text.is_empty() || text == "." {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let written = if kept.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{kept}")
    };
    Money::parse(&written, currency).ok().map(Money::minor)
}

/// A text on one line, of a bounded length: control characters and line ends become blanks, several become one.
fn tidy(text: &str, chars_max: usize) -> String {
    let plain = text.replace(|c: char| c.is_control() || c == '\u{feff}', " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    let joined = words.join(" ");
    match joined.char_indices().nth(chars_max) {
        Some((end, _)) => joined.get(..end).unwrap_or_default().trim_end().to_owned(),
        None => joined,
    }
}

fn name(text: &str) -> Option<String> {
    Some(tidy(text, NAME_CHARS_MAX)).filter(|name| !name.is_empty())
}

fn remittance(text: &str) -> String {
    tidy(text, REMITTANCE_CHARS_MAX)
}

/// A reference, unless it says that there is none.
fn reference(text: &str) -> Option<String> {
    let text = tidy(text, REFERENCE_CHARS_MAX);
    let none = ["", "NOTPROVIDED", "NONREF", "NOT PROVIDED", "NOREF"];
    (!none.contains(&text.to_ascii_uppercase().as_str())).then_some(text)
}

/// The number of an account: without blanks, letters large.
pub fn account_number(text: &str) -> Option<String> {
    let number: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .map(|c| c.to_ascii_uppercase())
        .take(64)
        .collect();
    (!number.is_empty()).then_some(number)
}

/// The text of a file: UTF-8, or Latin-1 where that is said or there is no other way.
fn decoded(bytes: &[u8], may_be_latin: bool) -> Result<String, FormatError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) if may_be_latin => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Err(_) => Err(FormatError::Encoding),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_have_the_places_of_their_currency() {
        let eur: Currency = "EUR".parse().unwrap();
        for (text, minor) in [
            ("12.5", Some(1_250)),
            ("12", Some(1_200)),
            ("12.50000", Some(1_250)),
            ("000000001000.00", Some(100_000)),
            ("0", Some(0)),
            (".5", Some(50)),
            ("12.505", None),
            ("1e3", None),
            ("-1", None),
            ("", None),
            (".", None),
            ("1234567890123.00", None),
        ] {
            assert_eq!(amount(text, eur), minor, "{text}");
        }
        assert_eq!(amount("2700", "JPY".parse().unwrap()), Some(2_700));
        assert_eq!(amount("2700.5", "JPY".parse().unwrap()), None);
    }

    #[test]
    fn texts_are_one_line_of_bounded_length() {
        assert_eq!(tidy(" a\r\n b\u{0}c ", 10), "a b c");
        assert_eq!(tidy("abcdef", 3), "abc");
        assert_eq!(reference("NONREF"), None);
        assert_eq!(account_number("de89 3704 "), Some("DE893704".to_owned()));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            for format in StatementFormat::ALL {
                let _ = read(&bytes, Some(*format), &TableMapping::default());
            }
            let _ = read(&bytes, None, &TableMapping::default());
        }

        #[test]
        fn no_text_breaks_the_readers(text in "(\n?:(20|25|28C|60F|61|86|62F):[A-Z0-9,/?+ ]{0,40}){0,12}", xml in "(<[A-Za-z]{1,6}>|</[A-Za-z]{1,6}>|&[a-z]{1,4};|x){0,40}") {
            let _ = read(text.as_bytes(), Some(StatementFormat::Mt940), &TableMapping::default());
            let _ = read(xml.as_bytes(), Some(StatementFormat::Camt053), &TableMapping::default());
        }
    }
}
