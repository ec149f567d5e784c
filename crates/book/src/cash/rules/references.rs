//! References as payers write them: numbers of invoices without punctuation, and references with check digits.

use std::collections::BTreeSet;

/// The shortest number that is looked for.
const KEY_CHARS_MIN: usize = 3;

/// The shortest number of digits alone that is looked for.
const DIGITS_MIN: usize = 4;

/// The longest number that is looked for.
const KEY_CHARS_MAX: usize = 64;

/// How many words next to each other are read as one number: `2026 / 000 123`.
const WORDS_MAX: usize = 4;

/// How many keys one payment is looked up with at most.
pub const KEYS_MAX: usize = 200;

/// A number as payers write it: letters large, without punctuation and blanks, without zeros in front.
///
/// `inv-2026/000 123` and `INV2026000123` are one, and so are `000123` and `123`.
pub fn cleaned(number: &str) -> String {
    let kept: String = number
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    kept.trim_start_matches('0').to_owned()
}

/// The digits alone, without zeros in front.
fn digits_of(key: &str) -> String {
    let digits: String = key.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').to_owned()
}

fn is_key(key: &str) -> bool {
    (KEY_CHARS_MIN..=KEY_CHARS_MAX).contains(&key.chars().count())
        && key.bytes().any(|byte| byte.is_ascii_digit())
}

/// Under which keys an invoice is found: its number cleaned, and its digits alone.
///
/// `I-2026-0012` is found under `I20260012` and `20260012`.
pub fn keys_of_number(number: &str) -> BTreeSet<String> {
    let key = cleaned(number);
    let digits = digits_of(&key);
    let mut keys = BTreeSet::new();
    if digits.len() >= DIGITS_MIN && digits.len() <= KEY_CHARS_MAX {
        keys.insert(digits);
    }
    if is_key(&key) {
        keys.insert(key);
    }
    keys
}

/// How a payment named a number, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// A reference whose check digits are right.
    CheckDigits,
    /// In a field of its own.
    Structured,
    /// In the text, with letters.
    Text,
    /// In the text, with digits alone.
    Digits,
}

/// A number that a payment may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The key under which it is looked up.
    pub key: String,
    /// As it was written.
    pub written: String,
    pub naming: Naming,
}

/// Every number that a payment may mean: of its structured references, and of its text. The surest way to a key counts.
pub fn numbers_named(structured: &[String], texts: &[&str]) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for reference in structured {
        let checked = bodies_of_checked(reference);
        for body in checked.into_iter().chain(bodies_of_slips(reference)) {
            push(&mut found, body, reference, Naming::CheckDigits);
        }
        push(
            &mut found,
            cleaned(reference),
            reference,
            Naming::Structured,
        );
    }
    for text in texts {
        in_text(text, &mut found);
    }
    found.sort_by(|a, b| (a.naming, &a.key).cmp(&(b.naming, &b.key)));
    let mut seen = BTreeSet::new();
    found.retain(|one| seen.insert(one.key.clone()));
    found.truncate(KEYS_MAX);
    found
}

fn push(found: &mut Vec<Named>, key: String, written: &str, naming: Naming) {
    if is_key(&key) {
        let written = written.trim().chars().take(KEY_CHARS_MAX).collect();
        found.push(Named {
            key,
            written,
            naming,
        });
    }
}

/// A word of a text: letters and digits without a break, and where it stands.
struct Word<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    let ends = text.char_indices().chain([(text.len(), ' ')]);
    for (at, c) in ends {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let text = text.get(from..at).unwrap_or_default();
                words.push(Word {
                    text,
                    start: from,
                    end: at,
                });
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The numbers that a text may name: each run of up to four words next to each other, as far as it has digits.
fn in_text(text: &str, found: &mut Vec<Named>) {
    let words = words(text);
    for first in 0..words.len() {
        for count in 1..=WORDS_MAX.min(words.len() - first) {
            let Some(run) = words.get(first..first + count) else {
                continue;
            };
            let (Some(from), Some(to)) = (run.first(), run.last()) else {
                continue;
            };
            // A word without digits ends no number: `I-12 and`.
            if !to.text.bytes().any(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let written = text.get(from.start..to.end).unwrap_or_default();
            for body in bodies_of_checked(written) {
                push(found, body, written, Naming::CheckDigits);
            }
            let key = cleaned(written);
            let naming = if key.bytes().all(|byte| byte.is_ascii_digit()) {
                Naming::Digits
            } else {
                Naming::Text
            };
            if naming != Naming::Digits || key.len() >= DIGITS_MIN {
                push(found, key, written, naming);
            }
        }
    }
}

/// What references with check digits that are right carry: the number without prefix, check digits and zeros in front.
///
/// ISO 11649 (`RF18 5390 0754 7034` carries `539007547034`), the Belgian structured communication, the Finnish reference,
/// the Swiss reference with its 27 digits, and the Norwegian KID.
pub fn bodies_of_checked(reference: &str) -> Vec<String> {
    let text: String = reference
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let mut bodies = Vec::new();
    if let Some(body) = creditor_reference(&text) {
        bodies.push(body.trim_start_matches('0').to_owned());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let is_structured = reference.trim().starts_with("+++") || reference.contains("***");
        match text.len() {
            12 if is_structured && is_belgian(&text) => bodies.push(without_last(&text, 2)),
            27 if is_swiss(&text) => bodies.push(without_last(&text, 1)),
            _ => {}
        }
    }
    bodies.retain(|body| !body.is_empty());
    bodies
}

/// What a bare number of digits carries when its last digit checks by one of the ways that payment slips use. Any number
/// does so by chance once in ten times: what it carries must be found to count.
pub fn bodies_of_slips(reference: &str) -> Vec<String> {
    let digits: String = reference.chars().filter(char::is_ascii_digit).collect();
    let is_bare = reference
        .chars()
        .all(|c| c.is_ascii_digit() || c.is_whitespace());
    if !is_bare || !(4..=25).contains(&digits.len()) {
        return Vec::new();
    }
    if is_finnish(&digits) || is_luhn(&digits) {
        vec![without_last(&digits, 1)]
    } else {
        Vec::new()
    }
}

fn without_last(digits: &str, count: usize) -> String {
    let end = digits.len().saturating_sub(count);
    let body = digits.get(..end).unwrap_or_default();
    body.trim_start_matches('0').to_owned()
}

/// The reference in an ISO 11649 creditor reference, when its check digits are right: modulo 97 it leaves 1.
fn creditor_reference(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("RF")?;
    let (check, body) = rest.split_at_checked(2)?;
    if body.is_empty() || body.len() > 21 || !check.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut remainder: u32 = 0;
    for c in body.chars().chain("RF".chars()).chain(check.chars()) {
        let value = c.to_digit(36)?;
        let shift = if value > 9 { 100 } else { 10 };
        remainder = (remainder * shift + value) % 97;
    }
    (remainder == 1).then_some(body)
}

fn digit_values(digits: &str) -> impl DoubleEndedIterator<Item = u32> {
    digits.chars().filter_map(|c| c.to_digit(10))
}

/// Ten digits, and two that are their remainder by 97, or 97 where it is none.
fn is_belgian(digits: &str) -> bool {
    let Some((body, check)) = digits.split_at_checked(10) else {
        return false;
    };
    let remainder = digit_values(body).fold(0, |sum, digit| (sum * 10 + digit) % 97);
    let expected = if remainder == 0 { 97 } else { remainder };
    check.parse() == Ok(expected)
}

/// Modulo 10, recursive.
fn is_swiss(digits: &str) -> bool {
    const TABLE: [u32; 10] = [0, 9, 4, 6, 8, 2, 7, 1, 3, 5];
    let Some((body, check)) = digits.split_at_checked(digits.len().saturating_sub(1)) else {
        return false;
    };
    let carry = digit_values(body).fold(0, |carry, digit| {
        let place = usize::try_from((carry + digit) % 10).unwrap_or(0);
        TABLE.get(place).copied().unwrap_or(0)
    });
    check.parse() == Ok((10 - carry) % 10)
}

/// Weighted 7, 3, 1 from the right; the last digit fills up to the next ten.
fn is_finnish(digits: &str) -> bool {
    let weights = [7, 3, 1].into_iter().cycle();
    let Some((body, check)) = digits.split_at_checked(digits.len().saturating_sub(1)) else {
        return false;
    };
    let sum: u32 = digit_values(body)
        .rev()
        .zip(weights)
        .map(|(d, w)| d * w)
        .sum();
    check.parse() == Ok((10 - sum % 10) % 10)
}

/// Modulo 10 as on cards.
fn is_luhn(digits: &str) -> bool {
    let doubled = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    let sum: u32 = digit_values(digits).rev().enumerate().map(doubled).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(structured: &[&str], texts: &[&str]) -> Vec<(String, Naming)> {
        let structured: Vec<String> = structured.iter().map(|&text| text.to_owned()).collect();
        numbers_named(&structured, texts)
            .into_iter()
            .map(|named| (named.key, named.naming))
            .collect()
    }

    fn naming(structured: &[&str], text: &str, key: &str) -> Option<Naming> {
        let found = keys(structured, &[text]);
        let one = found.into_iter().find(|(found, _)| found == key);
        one.map(|(_, naming)| naming)
    }

    #[test]
    fn an_invoice_is_found_by_its_number_and_by_its_digits() {
        let found: Vec<String> = keys_of_number("I-2026-0012").into_iter().collect();
        assert_eq!(found, ["20260012", "I20260012"]);
        let found: Vec<String> = keys_of_number("000123").into_iter().collect();
        assert_eq!(found, ["123"]);
        assert_eq!(keys_of_number("A-1").len(), 0);
        assert_eq!(keys_of_number("发票-123").len(), 1);
    }

    #[test]
    fn payers_write_numbers_in_many_ways() {
        for text in [
            "Invoice I-2026-0012",
            "RG.NR. I 2026 0012 VOM 3.4.",
            "i-2026/0012",
            "I20260012",
        ] {
            assert!(naming(&[], text, "I20260012").is_some(), "{text}");
        }
        assert_eq!(naming(&[], "i-2026-0012", "I20260012"), Some(Naming::Text));
        assert_eq!(naming(&[], "2026-0012", "20260012"), Some(Naming::Digits));
        assert_eq!(
            naming(&["I-2026-0012"], "", "I20260012"),
            Some(Naming::Structured)
        );
        assert_eq!(naming(&[], "thank you, payment 12", "12"), None);
    }

    #[test]
    fn published_references_with_check_digits_carry_their_numbers() {
        assert_eq!(bodies_of_checked("RF18 5390 0754 7034"), ["539007547034"]);
        assert_eq!(bodies_of_checked("RF18539007547035"), [""; 0]);
        assert_eq!(bodies_of_checked("+++010/8068/17183+++"), ["108068171"]);
        assert_eq!(bodies_of_checked("+++010/8068/17184+++"), [""; 0]);
        assert_eq!(
            bodies_of_checked("21 00000 00003 13947 14300 09017"),
            ["21000000000313947143000901"]
        );
        assert_eq!(bodies_of_slips("1234561"), ["123456"]);
    }

    #[test]
    fn a_reference_with_check_digits_is_surer_than_the_same_number_in_a_text() {
        let found = naming(&["RF712348231"], "2348231", "2348231");
        assert_eq!(found, Some(Naming::CheckDigits));
    }

    proptest! {
        #[test]
        fn a_number_is_found_however_it_is_punctuated(
            letters in "[A-Z]{1,3}", year in 2000u32..2100, serial in 1u32..1_000_000, between in "[ /.-]",
        ) {
            let number = format!("{letters}-{year}-{serial:06}");
            let written = format!("pays {letters}{between}{year}{between}{serial:06} thanks");
            let wanted = keys_of_number(&number);
            let found = keys(&[], &[&written]);
            prop_assert!(found.iter().any(|(key, _)| wanted.contains(key)), "{:?} in {:?}", wanted, found);
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,300}", structured in ".{0,40}") {
            let found = numbers_named(std::slice::from_ref(&structured), &[&text]);
            prop_assert!(found.len() <= KEYS_MAX);
            prop_assert!(found.iter().all(|named| is_key(&named.key)));
            bodies_of_slips(&structured);
        }
    }
}
