//! Check digits of the identifiers that companies have.

/// Whether a text is a legal entity identifier (ISO 17442): 18 letters and digits and two check digits, so that the whole,
/// with each letter as a number from 10 on, leaves 1 when divided by 97 (ISO 7064, MOD 97-10).
///
/// `5493001KJTIIGC8Y1R12` is one, `5493001KJTIIGC8Y1R13` is none.
pub fn is_lei(text: &str) -> bool {
    if text.len() != 20 || !text.bytes().skip(18).all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let mut rest: u32 = 0;
    for letter in text.chars() {
        let Some(value) = letter.to_digit(36).filter(|_| !letter.is_lowercase()) else {
            return false;
        };
        let shifted = if value < 10 { rest * 10 } else { rest * 100 };
        rest = (shifted + value) % 97;
    }
    rest == 1
}

/// The characters of a unified social credit code, in the order of their values (GB 32100-2015).
const USCC_ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Whether a text is a unified social credit code (GB 32100-2015): 17 characters and a check character, which makes up the
/// weighted sum to a multiple of 31.
///
/// `91350100M000100Y43` is one, `91350100M000100Y44` is none.
pub fn is_uscc(text: &str) -> bool {
    let values: Option<Vec<u32>> = text
        .chars()
        .map(|letter| u32::try_from(USCC_ALPHABET.find(letter)?).ok())
        .collect();
    let Some(values) = values.filter(|values| values.len() == 18) else {
        return false;
    };
    let mut weight: u32 = 1;
    let mut sum: u32 = 0;
    for value in values.iter().take(17) {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    values.last() == Some(&((31 - sum % 31) % 31))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_identifiers_have_their_check_digits() {
        // GLEIF's own, and Alibaba (China) Co.'s and the standard's example.
        assert!(is_lei("506700GE1G29325QX363"));
        assert!(is_lei("5493001KJTIIGC8Y1R12"));
        assert!(!is_lei("5493001KJTIIGC8Y1R13"));
        assert!(!is_lei("5493001kjtiigc8y1r12"));
        assert!(is_uscc("91350100M000100Y43"));
        assert!(!is_uscc("91350100M000100Y44"));
        assert!(!is_uscc("91350100M000100Y4"));
        assert!(!is_uscc(""));
    }

    proptest! {
        // A letter counts as two digits: one that stands for a digit moves the rest, and one in 97 of these isn't found.
        #[test]
        fn a_wrong_letter_or_digit_in_the_place_of_its_kind_is_found(
            place in 0_usize..20, digit in "[0-9]", letter in "[A-Z]"
        ) {
            let right = "5493001KJTIIGC8Y1R12";
            let other = if right.as_bytes()[place].is_ascii_digit() { digit } else { letter };
            let mut wrong = right.to_owned();
            wrong.replace_range(place..=place, &other);
            prop_assert_eq!(is_lei(&wrong), wrong == right);
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let _ = (is_lei(&text), is_uscc(&text));
        }
    }
}
