//! Numbers that look like one and the same document's, typed once more.

use unicode_normalization::UnicodeNormalization as _;

/// What is left of a number when writing it otherwise is left out: width, case, blanks and signs, a `.0` that a
/// spreadsheet put behind, zeros in front of digits, and letters that are read as digits.
///
/// `INV-007`, `inv 7`, `INV007.0` and `lNV/O07` come to the same; `INV-7` and `INV-70` do not, nor `7-11` and `71-1`.
pub fn look_alike_key(number: &str) -> String {
    let folded: String = number.nfkc().flat_map(char::to_lowercase).collect();
    let folded = folded.strip_suffix(".0").unwrap_or(&folded);
    let mut key = String::with_capacity(folded.len());
    let (mut in_digits, mut after_digits) = (false, false);
    for c in folded.chars() {
        if !c.is_alphanumeric() {
            after_digits |= in_digits;
            in_digits = false;
            continue;
        }
        let read_as = match c {
            'o' => '0',
            'l' | 'i' => '1',
            other => other,
        };
        // Zeros in front of digits say nothing.
        if read_as == '0' && !in_digits {
            continue;
        }
        // Where digits end and others begin does say something.
        if after_digits && read_as.is_ascii_digit() {
            key.push('-');
        }
        in_digits = read_as.is_ascii_digit() && (in_digits || c.is_ascii_digit());
        after_digits = false;
        key.push(read_as);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_write_one_number_come_to_one() {
        let one = look_alike_key("INV-007");
        for text in [
            "inv 7",
            "INV007.0",
            "INV/7",
            "lNV-OO7",
            "ＩＮＶ－７",
            "INV#0007",
        ] {
            assert_eq!(look_alike_key(text), one, "{text}");
        }
        for text in ["INV-70", "INV-8", "IN-7", "RE-7", "INV-7a"] {
            assert_ne!(look_alike_key(text), one, "{text}");
        }
        assert_eq!(look_alike_key("0000611365"), look_alike_key("611365"));
        assert_eq!(look_alike_key("RE-2026-01"), look_alike_key("re2026/1"));
        assert_eq!(look_alike_key("1OO7"), look_alike_key("1007"));
        assert_ne!(look_alike_key("2026/11"), look_alike_key("2026/12"));
        assert_ne!(look_alike_key("7-11"), look_alike_key("71-1"));
    }
}
