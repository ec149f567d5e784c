//! What a spreadsheet would run.

use unicode_normalization::UnicodeNormalization as _;

/// Whether a spreadsheet may take the text for a formula. Some read full-width and other forms of the signs (`＝`, `﹢`,
/// `⁻`) as the plain ones, and pass over blanks in front.
pub fn is_formula(text: &str) -> bool {
    let Some(byte) = text.as_bytes().first() else {
        return false;
    };
    if byte.is_ascii_alphanumeric() {
        return false;
    }
    let blank = text.starts_with(['\t', '\r', '\n', '\0']);
    let first = text.trim_start().chars().next();
    let sign = first.and_then(|first| std::iter::once(first).nfkc().next());
    blank || matches!(sign, Some('=' | '+' | '-' | '@' | '\u{2212}'))
}
