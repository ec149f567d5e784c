//! Exchange rates: an exact positive decimal, read by a strict grammar of our own.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The largest number of digits before the decimal point that a rate may have.
const INTEGER_DIGITS_MAX: usize = 12;

/// The largest number of digits after the decimal point that a rate may have.
const FRACTION_DIGITS_MAX: usize = 10;

/// Why a text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    #[error(
        "is not a rate: write digits with at most one decimal point, such as \"7.7748\", \
         without exponent, sign, separators or leading zeros"
    )]
    Malformed,
    #[error("must be more than zero")]
    NotPositive,
    #[error("has more than 12 digits before the decimal point")]
    TooLarge,
    #[error("has more than 10 digits after the decimal point")]
    TooPrecise,
}

/// How many units of one currency are one unit of another: more than zero, and exactly as it was written.
///
/// Two rates are equal when their values are: `395.1` and `395.10`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate(Decimal);

impl Rate {
    pub const fn value(self) -> Decimal {
        self.0
    }
}

impl FromStr for Rate {
    type Err = RateError;

    /// Reads `(0|[1-9][0-9]{0,11})(\.[0-9]{1,10})?`, and refuses zero.
    fn from_str(text: &str) -> Result<Rate, RateError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(RateError::Malformed),
            Some((whole, fraction)) => (whole, fraction),
            None => (text, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return Err(RateError::Malformed);
        }
        if whole.len() > INTEGER_DIGITS_MAX {
            return Err(RateError::TooLarge);
        }
        if fraction.len() > FRACTION_DIGITS_MAX {
            return Err(RateError::TooPrecise);
        }
        let value: Decimal = text.parse().map_err(|_| RateError::Malformed)?;
        if value.is_zero() {
            return Err(RateError::NotPositive);
        }
        Ok(Rate(value))
    }
}

impl TryFrom<String> for Rate {
    type Error = RateError;

    fn try_from(text: String) -> Result<Rate, RateError> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> String {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialSchema for Rate {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Decimal string, more than zero."))
            .pattern(Some(r"^(?!0(\.0+)?$)(0|[1-9][0-9]{0,11})(\.[0-9]{1,10})?$"))
            .max_length(Some(INTEGER_DIGITS_MAX + 1 + FRACTION_DIGITS_MAX))
            .examples(["7.7748"])
            .into()
    }
}

impl ToSchema for Rate {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rate_is_kept_as_it_was_published() {
        for text in [
            "1.0705",
            "395.10",
            "17487.21",
            "1",
            "0.0000000001",
            "999999999999.9999999999",
        ] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("395.10".parse::<Rate>(), "395.1".parse::<Rate>());
    }

    #[test]
    fn whatever_is_no_positive_plain_decimal_is_refused() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1_0", "1,5", "01", "00.1", " 1", "1 ", "NaN",
            "１", "1.2.3", "0x1",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Malformed), "{text:?}");
        }
        for text in ["0", "0.0", "0.0000000000"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::NotPositive), "{text}");
        }
        assert_eq!("1000000000000".parse::<Rate>(), Err(RateError::TooLarge));
        assert_eq!("0.00000000001".parse::<Rate>(), Err(RateError::TooPrecise));
    }

    proptest! {
        #[test]
        fn any_text_is_either_read_back_the_same_or_refused(text in "-?[0-9]{0,14}\\.?[0-9]{0,12}") {
            if let Ok(rate) = text.parse::<Rate>() {
                prop_assert_eq!(rate.to_string(), text);
            }
        }
    }
}
