//! The reference that a customer pays a notice with.

use kernel::ids::DunningNoticeId;
use kernel::text::Number;

/// How many characters a creditor reference has after `RF` and its check digits, at most.
const BODY_MAX: usize = 21;

/// How many of them are the notice's.
const OF_NOTICE: usize = 9;

/// The creditor reference (ISO 11649) of a notice: the customer's number as far as it fits, and the end of the notice's id.
///
/// Customer `C-1001`: `RF` with two check digits, `C1001`, and nine characters of the notice.
pub fn payment_reference(customer: &Number, notice: DunningNoticeId) -> String {
    let upper = |text: &str| -> Vec<char> {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_uppercase()).collect()
    };
    let mut body = upper(customer.as_str());
    body.truncate(BODY_MAX - OF_NOTICE);
    let id = upper(&notice.to_string());
    body.extend(id.iter().skip(id.len().saturating_sub(OF_NOTICE)));
    let body: String = body.into_iter().collect();
    format!("RF{:02}{body}", check_digits(&body))
}

/// The check digits of a creditor reference: what makes all of it 1 by 97, letters being 10 to 35 and `RF00` put last.
///
/// `539007547034` has 18.
fn check_digits(body: &str) -> u32 {
    let values = body
        .chars()
        .chain("RF00".chars())
        .filter_map(|c| c.to_digit(36));
    let rest = values.fold(0, |rest, value| {
        let shifted = if value < 10 { rest * 10 } else { rest * 100 };
        (shifted + value) % 97
    });
    98 - rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_iso_11649() {
        assert_eq!(check_digits("539007547034"), 18);
    }

    #[test]
    fn a_reference_has_the_customer_and_the_notice_and_is_no_longer_than_it_may_be() {
        let notice = DunningNoticeId::new();
        let reference = payment_reference(&"C-1001".parse().unwrap(), notice);
        assert!(reference[4..].starts_with("C1001"), "{reference}");
        let long = payment_reference(&"A-VERY-LONG-NUMBER-0123456789".parse().unwrap(), notice);
        assert_eq!(long.len(), 25, "{long}");
        assert_ne!(
            reference,
            payment_reference(&"C-1001".parse().unwrap(), DunningNoticeId::new())
        );
    }
}
