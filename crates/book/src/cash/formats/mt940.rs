//! SWIFT MT940: customer statements, as banks really send them.

use chrono::{Datelike as _, NaiveDate};

use super::{
    Balance, Booking, FormatError, Payment, ReadStatement, account_number, amount, decoded, name,
    reference, remittance,
};
use crate::book::cash::model::{EntryKind, StatementFormat};
use kernel::money::Currency;

/// How long a line of a field is that the bank had to break.
const FULL_LINE_CHARS: usize = 65;

/// A field: its tag, its lines, and the line of the file in which it begins.
struct Field {
    tag: String,
    lines: Vec<String>,
    line: usize,
}

/// Reads every statement of a file, with or without the envelopes of SWIFT.
///
/// # Errors
/// When it is no MT940, ends before a statement does, or says what can't be read.
pub fn read(bytes: &[u8]) -> Result<Vec<ReadStatement>, FormatError> {
    let text = decoded(bytes, true)?;
    if text.contains('\0') {
        return Err(FormatError::Unrecognised);
    }
    let fields = fields(&text);
    if fields.is_empty() {
        return Err(FormatError::Unrecognised);
    }
    let mut statements = Vec::new();
    let mut draft: Option<Draft> = None;
    for field in &fields {
        if field.tag == "20" {
            if let Some(draft) = draft.take() {
                statements.push(draft.finish()?);
            }
            draft = Some(Draft::default());
        }
        let Some(draft) = &mut draft else {
            return Err(FormatError::Missing {
                what: ":20:",
                line: field.line,
            });
        };
        draft.take(field)?;
    }
    if let Some(draft) = draft {
        statements.push(draft.finish()?);
    }
    Ok(statements)
}

/// The fields, without envelopes and what stands between statements.
fn fields(text: &str) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut is_open = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end_matches(['\r', '\u{3}']);
        if let Some((tag, rest)) = tagged(line) {
            is_open = true;
            fields.push(Field {
                tag: tag.to_owned(),
                lines: vec![rest.to_owned()],
                line: index + 1,
            });
            continue;
        }
        // The end of a message.
        if line.trim() == "-" || line.starts_with("-}") || line.starts_with("{1:") {
            is_open = false;
        }
        if let Some(field) = fields.last_mut().filter(|_| is_open) {
            field.lines.push(line.to_owned());
        }
    }
    fields
}

/// `:61:…` and the like, also behind the beginning of an envelope.
fn tagged(line: &str) -> Option<(&str, &str)> {
    let line = line.split_once("{4:").map_or(line, |(_, rest)| rest);
    let (tag, rest) = line.strip_prefix(':')?.split_once(':')?;
    let is_tag = (2..=3).contains(&tag.len())
        && tag.bytes().take(2).all(|byte| byte.is_ascii_digit())
        && tag.bytes().skip(2).all(|byte| byte.is_ascii_uppercase());
    is_tag.then_some((tag, rest))
}

/// A statement of which some fields were read.
#[derive(Default)]
struct Draft {
    line: usize,
    reference: String,
    account: Option<String>,
    number: Option<String>,
    currency: Option<Currency>,
    opening: Option<Balance>,
    closing: Option<Balance>,
    bookings: Vec<Booking>,
    /// Whether the next text belongs to the last booking.
    wants_text: bool,
}

impl Draft {
    fn take(&mut self, field: &Field) -> Result<(), FormatError> {
        let first = field.lines.first().map(String::as_str).unwrap_or_default();
        let wants_text = std::mem::take(&mut self.wants_text);
        match field.tag.as_str() {
            "20" => {
                self.line = field.line;
                first.trim().clone_into(&mut self.reference);
            }
            "25" => self.account = account_of(first),
            "28" | "28C" => self.number = Some(first.trim().to_owned()),
            "60F" | "60M" => {
                let (balance, currency) = balance(first, field.line)?;
                self.currency = Some(currency);
                self.opening = Some(balance);
            }
            "61" => {
                let currency = self.currency.ok_or(FormatError::Missing {
                    what: ":60F:",
                    line: field.line,
                })?;
                self.bookings.extend(booking(field, currency)?);
                self.wants_text = true;
            }
            "86" if wants_text => {
                if let Some(payment) = self
                    .bookings
                    .last_mut()
                    .and_then(|booking| booking.payments.first_mut())
                {
                    tell(payment, &field.lines);
                }
            }
            "62F" | "62M" => {
                let (balance, currency) = balance(first, field.line)?;
                if let Some(expected) = self.currency.filter(|known| *known != currency) {
                    return Err(FormatError::OtherCurrency {
                        given: currency,
                        expected,
                        line: field.line,
                    });
                }
                self.closing = Some(balance);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<ReadStatement, FormatError> {
        let line = self.line;
        let missing = |what| FormatError::Missing { what, line };
        let number = self.number.unwrap_or_default();
        Ok(ReadStatement {
            format: StatementFormat::Mt940,
            account: self.account.ok_or_else(|| missing(":25:"))?,
            currency: self.currency.ok_or_else(|| missing(":60F:"))?,
            number: [self.reference.as_str(), number.as_str()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
            opening: Some(self.opening.ok_or_else(|| missing(":60F:"))?),
            closing: Some(self.closing.ok_or(FormatError::EndsEarly)?),
            // What was zero tells of nothing that moved.
            bookings: self.bookings.into_iter().filter(|b| b.minor > 0).collect(),
        })
    }
}

/// The number of the account: what stands behind a bank's code, without the currency that some banks add.
fn account_of(text: &str) -> Option<String> {
    let number = text.trim().rsplit('/').next().unwrap_or_default();
    let number = account_number(number)?;
    let is_iban = number.len() > 18
        && number.bytes().take(2).all(|byte| byte.is_ascii_uppercase())
        && number
            .bytes()
            .skip(2)
            .take(2)
            .all(|byte| byte.is_ascii_digit());
    let split = number.len().saturating_sub(3);
    match number.split_at_checked(split) {
        Some((before, code))
            if !before.is_empty()
                && before.ends_with(|c: char| c.is_ascii_digit())
                && code.parse::<Currency>().is_ok()
                && (is_iban || before.bytes().all(|byte| byte.is_ascii_digit())) =>
        {
            Some(before.to_owned())
        }
        _ => Some(number),
    }
}

/// `C110522EUR3236,28`
fn balance(text: &str, line: usize) -> Result<(Balance, Currency), FormatError> {
    let malformed = FormatError::Malformed {
        what: "balance",
        line,
    };
    let parsed = || {
        let text = text.trim();
        let (mark, rest) = text.split_at_checked(1)?;
        let (day, rest) = rest.split_at_checked(6)?;
        let (code, rest) = rest.split_at_checked(3)?;
        let currency: Currency = code.parse().ok()?;
        let minor = swift_amount(rest, currency)?;
        let minor = match mark {
            "C" => minor,
            "D" => -minor,
            _ => return None,
        };
        let day = swift_day(day)?;
        Some((Balance { day, minor }, currency))
    };
    parsed().ok_or(malformed)
}

/// An amount with a comma, as SWIFT writes it: `300,` and `7,5`.
fn swift_amount(text: &str, currency: Currency) -> Option<i64> {
    let text = text.trim();
    if text.contains('.') && text.contains(',') {
        return None;
    }
    amount(text.replace(',', ".").trim_end_matches('.'), currency)
}

/// `YYMMDD`. A day that a month does not have, such as 30 February in the interest calendar of banks, is its last.
fn swift_day(text: &str) -> Option<NaiveDate> {
    if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at_checked(2)?;
    let (month, day) = rest.split_at_checked(2)?;
    let year: i32 = year.parse().ok()?;
    let century = if year >= 80 { 1900 } else { 2000 };
    day_of(century + year, month.parse().ok()?, day.parse().ok()?)
}

fn day_of(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    if !(1..=31).contains(&day) {
        return None;
    }
    (0..=3).find_map(|back| NaiveDate::from_ymd_opt(year, month, day.saturating_sub(back)))
}

/// `:61:` with the payment that it is. Nothing for what has no amount.
fn booking(field: &Field, currency: Currency) -> Result<Option<Booking>, FormatError> {
    let malformed = FormatError::Malformed {
        what: ":61:",
        line: field.line,
    };
    let (head, rest) = field.lines.split_first().ok_or_else(|| malformed.clone())?;
    let parsed = statement_line(head, currency).map(|line| (line, rest));
    // Some banks break the line behind the mark.
    let broken = || {
        let (next, rest) = rest.split_first()?;
        let joined = format!("{}{next}", head.trim_end());
        statement_line(&joined, currency).map(|line| (line, rest))
    };
    let (line, rest) = parsed.or_else(broken).ok_or(malformed)?;
    let rest = rest.join(" ");
    let supplement = rest.trim();
    let mut payment = Payment {
        minor: line.minor,
        end_to_end_id: line.reference,
        remittance: remittance(supplement),
        ..Payment::default()
    };
    if let Some(own) = &payment.end_to_end_id
        && supplement.is_empty()
    {
        payment.remittance = remittance(own);
    }
    Ok(Some(Booking {
        kind: line.kind,
        minor: line.minor,
        booking_date: line.booking_date,
        value_date: line.value_date,
        bank_reference: line.bank_reference,
        payments: vec![payment],
        line: field.line,
    }))
}

struct StatementLine {
    kind: EntryKind,
    minor: i64,
    value_date: NaiveDate,
    booking_date: NaiveDate,
    reference: Option<String>,
    bank_reference: Option<String>,
}

/// `YYMMDD[MMDD]mark[funds code]amount,type reference[//bank reference]`
fn statement_line(text: &str, currency: Currency) -> Option<StatementLine> {
    let text = text.trim_start();
    let (value, rest) = text.split_at_checked(6)?;
    let value_date = swift_day(value)?;
    let (entry, rest) = match rest.split_at_checked(4) {
        Some((entry, after)) if entry.bytes().all(|byte| byte.is_ascii_digit()) => {
            (Some(entry), after)
        }
        Some((entry, after)) if entry.trim().is_empty() => (None, after),
        _ => (None, rest),
    };
    let booking_date = entry.map_or(Some(value_date), |entry| entry_day(entry, value_date))?;
    let rest = rest.trim_start();
    let (kind, rest) = mark(rest)?;
    // The third letter of the currency, or another letter.
    let rest = match rest.chars().next() {
        Some(c) if c.is_ascii_alphabetic() => rest.get(1..)?,
        _ => rest,
    };
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.')
        .unwrap_or(rest.len());
    let (written, rest) = rest.split_at_checked(end)?;
    let minor = swift_amount(written, currency)?;
    let after_type = rest.get(4..).unwrap_or_default();
    let (own, bank) = match after_type.split_once("//") {
        Some((own, bank)) => (own, Some(bank)),
        None => (after_type, None),
    };
    Some(StatementLine {
        kind,
        minor,
        value_date,
        booking_date,
        reference: reference(own.trim()),
        bank_reference: bank.and_then(|bank| reference(bank.trim())),
    })
}

fn mark(text: &str) -> Option<(EntryKind, &str)> {
    for (mark, kind) in [
        ("RC", EntryKind::ReturnedCredit),
        ("RD", EntryKind::ReturnedDebit),
        ("EC", EntryKind::Credit),
        ("ED", EntryKind::Debit),
        ("C", EntryKind::Credit),
        ("D", EntryKind::Debit),
    ] {
        if let Some(rest) = text.strip_prefix(mark) {
            return Some((kind, rest));
        }
    }
    None
}

/// The day of booking, in the year that brings it next to the value date.
fn entry_day(text: &str, value_date: NaiveDate) -> Option<NaiveDate> {
    let (month, day) = text.split_at_checked(2)?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    let year = value_date.year();
    let candidates = [year, year - 1, year + 1];
    let days = candidates
        .into_iter()
        .filter_map(|year| day_of(year, month, day));
    days.min_by_key(|candidate| candidate.signed_duration_since(value_date).num_days().abs())
}

/// Reads what `:86:` tells of a payment.
fn tell(payment: &mut Payment, lines: &[String]) {
    let direct = lines.concat();
    let direct = direct.trim();
    if let Some((separator, code)) = subfields(direct) {
        by_subfields(payment, direct, separator, code);
    } else if direct.starts_with('/') && direct.matches('/').count() >= 4 {
        by_keywords(payment, direct);
    } else {
        payment.remittance = remittance(&unbroken(lines));
    }
}

/// Lines as one text: a line that is full was broken by the bank, any other by who wrote it.
fn unbroken(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        if line.chars().count() < FULL_LINE_CHARS {
            text.push(' ');
        }
    }
    text
}

/// The German form: a code of three digits, then parts with numbers behind a separator: `166?00…?20…`.
fn subfields(text: &str) -> Option<(char, usize)> {
    let is_code = text.len() > 5 && text.bytes().take(3).all(|byte| byte.is_ascii_digit());
    let separator = text
        .chars()
        .nth(3)
        .filter(|c| !c.is_alphanumeric() && *c != ' ')?;
    let after: String = text.chars().skip(4).take(2).collect();
    let has_number = after.len() == 2 && after.bytes().all(|byte| byte.is_ascii_digit());
    (is_code && has_number && separator != '/').then_some((separator, 3))
}

fn by_subfields(payment: &mut Payment, text: &str, separator: char, code: usize) {
    let rest = text.get(code..).unwrap_or_default();
    let (mut purpose, mut payer, mut account, mut bank) =
        (String::new(), String::new(), String::new(), String::new());
    for part in rest.split(separator).filter(|part| part.len() >= 2) {
        let Some((number, content)) = part.split_at_checked(2) else {
            continue;
        };
        match number.parse::<u32>() {
            Ok(20..=29 | 60..=63) => purpose.push_str(content),
            Ok(30) => bank.push_str(content),
            Ok(31) => account.push_str(content),
            Ok(32 | 33) => payer.push_str(content),
            _ => {}
        }
    }
    payment.payer_name = name(&payer);
    payment.payer_account = account_number(&account);
    let told = sepa(&purpose);
    payment.end_to_end_id = told.end_to_end_id.or_else(|| payment.end_to_end_id.take());
    let text = told.remittance.unwrap_or(purpose);
    payment.remittance = remittance(&text);
    payment.references.extend(told.creditor_reference);
}

/// What stands behind the words of SEPA in a purpose: `EREF+…SVWZ+…`.
#[derive(Default)]
struct Sepa {
    end_to_end_id: Option<String>,
    remittance: Option<String>,
    creditor_reference: Option<String>,
}

fn sepa(purpose: &str) -> Sepa {
    const WORDS: [&str; 12] = [
        "EREF+", "KREF+", "MREF+", "BREF+", "RREF+", "CRED+", "DEBT+", "SVWZ+", "ABWA+", "ABWE+",
        "IBAN+", "BIC+",
    ];
    let mut places: Vec<(usize, &str)> = WORDS
        .iter()
        .flat_map(|word| purpose.match_indices(word))
        .collect();
    places.sort_unstable();
    let mut told = Sepa::default();
    for (index, (at, word)) in places.iter().enumerate() {
        let end = places
            .get(index + 1)
            .map_or(purpose.len(), |(next, _)| *next);
        let content = purpose.get(at + word.len()..end).unwrap_or_default();
        match *word {
            "EREF+" => told.end_to_end_id = reference(content),
            "SVWZ+" => told.remittance = Some(content.to_owned()),
            "RREF+" => told.creditor_reference = reference(content),
            _ => {}
        }
    }
    told
}

/// The Dutch form: `/EREF/…/NAME/…/REMI/…`.
fn by_keywords(payment: &mut Payment, text: &str) {
    const WORDS: [&str; 18] = [
        "/TRTP/", "/EREF/", "/MARF/", "/CSID/", "/BENM/", "/ORDP/", "/NAME/", "/IBAN/", "/BIC/",
        "/REMI/", "/ISDT/", "/RTRN/", "/PREF/", "/TRCD/", "/ULTD/", "/ULTC/", "/PURP/", "/CREF/",
    ];
    let mut places: Vec<(usize, &str)> = WORDS
        .iter()
        .flat_map(|word| text.match_indices(word))
        .collect();
    places.sort_unstable();
    if places.is_empty() {
        payment.remittance = remittance(text);
        return;
    }
    for (index, (at, word)) in places.iter().enumerate() {
        let end = places.get(index + 1).map_or(text.len(), |(next, _)| *next);
        let content = text
            .get(at + word.len()..end.max(at + word.len()))
            .unwrap_or_default();
        let content = content.trim_matches('/');
        match *word {
            "/EREF/" => {
                payment.end_to_end_id = reference(content).or_else(|| payment.end_to_end_id.take());
            }
            "/NAME/" => payment.payer_name = name(content),
            "/IBAN/" => payment.payer_account = account_number(content),
            "/REMI/" => remitted(payment, content),
            _ => {}
        }
    }
}

/// `/REMI/USTD//text` and `/REMI/STRD/CUR/reference`, or the text as it is.
fn remitted(payment: &mut Payment, content: &str) {
    if let Some(rest) = content.strip_prefix("STRD/") {
        let creditor = rest.rsplit('/').next().unwrap_or(rest);
        payment.references.extend(reference(creditor));
        payment.remittance = remittance(rest);
        return;
    }
    let text = content.strip_prefix("USTD//").unwrap_or(content);
    payment.remittance = remittance(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: &str = ":20:STARTUMS\n:25:37040044/0532013000\n:28C:17/1\n:60F:C260330EUR1000,\n\
        :61:2603310331CR500,5NTRFNONREF//B-4711\n\
        :86:166?00GUTSCHRIFT?100399?20EREF+E2E-1?21SVWZ+Rechnung I-2026-00?2212 danke?30PBNKDEFF\n\
        ?31DE42100100100043921105?32Mueller Ma?33schinenbau GmbH\n\
        :61:260331D0,50NCHGNONREF\n:86:Fee for the month\n\
        :61:2601021231RC100,00NRTIREF-9//B-4712\n\
        :62F:C260331EUR1400,00\n:86:text of the statement\n-\n";

    #[test]
    fn a_statement_tells_balances_and_payments() {
        let read = read(STATEMENT.as_bytes()).unwrap();
        let statement = &read[0];
        assert_eq!(statement.account, "0532013000");
        assert_eq!(statement.number, "STARTUMS 17/1");
        assert_eq!(statement.closing.unwrap().minor, 140_000);
        let first = &statement.bookings[0];
        assert_eq!((first.kind, first.minor), (EntryKind::Credit, 50_050));
        assert_eq!(first.bank_reference.as_deref(), Some("B-4711"));
        let payment = &first.payments[0];
        assert_eq!(payment.end_to_end_id.as_deref(), Some("E2E-1"));
        assert_eq!(payment.remittance, "Rechnung I-2026-0012 danke");
        assert_eq!(
            payment.payer_name.as_deref(),
            Some("Mueller Maschinenbau GmbH")
        );
        assert_eq!(
            payment.payer_account.as_deref(),
            Some("DE42100100100043921105")
        );
        assert_eq!(statement.bookings[1].kind, EntryKind::Debit);
        let returned = &statement.bookings[2];
        assert_eq!(returned.kind, EntryKind::ReturnedCredit);
        assert_eq!(returned.booking_date.to_string(), "2025-12-31");
    }

    #[test]
    fn dutch_texts_are_read_by_their_words() {
        let mut payment = Payment::default();
        let lines = [
            "/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/J".to_owned(),
            "AN BV/REMI/Factuur 2026001/EREF/NOTPROVIDED".to_owned(),
        ];
        tell(&mut payment, &lines);
        assert_eq!(payment.payer_name.as_deref(), Some("JAN BV"));
        assert_eq!(payment.payer_account.as_deref(), Some("NL91ABNA0417164300"));
        assert_eq!(payment.remittance, "Factuur 2026001");
    }

    #[test]
    fn accounts_lose_the_code_of_the_bank_and_of_the_currency() {
        for (text, number) in [
            ("50880050/0194774600888", "0194774600888"),
            ("DE89370400440532013000", "DE89370400440532013000"),
            ("NL71RABO0123456789EUR", "NL71RABO0123456789"),
            ("517852257EUR", "517852257"),
            ("517852257", "517852257"),
        ] {
            assert_eq!(account_of(text).as_deref(), Some(number));
        }
    }

    #[test]
    fn a_statement_that_breaks_off_is_refused() {
        for (cut, code) in [
            (":20:A\n:25:1\n:28C:1\n:60F:C260330EUR1,\n", "ends_early"),
            (":20:A\n:25:1\n:60F:C260330EUR1\n:61:26033", "malformed"),
            (":25:1\n", "missing"),
            ("nothing", "unrecognised"),
        ] {
            assert_eq!(read(cut.as_bytes()).unwrap_err().code(), code, "{cut}");
        }
    }
}
