//! Figures: exact numbers that are no money, such as shares, ratios and factors, and the arithmetic that leads to them.

use std::fmt;
use std::ops::{Add, Div, Mul, Sub};
use std::str::FromStr;

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::money::{Currency, Money};

/// The largest number of digits before the decimal point that a figure may have.
const INTEGER_DIGITS_MAX: usize = 18;

/// The largest number of digits after the decimal point that a figure may have.
const FRACTION_DIGITS_MAX: usize = 10;

/// How many decimal places a figure that was divided is rounded to, half away from zero.
pub const PLACES: u32 = 6;

/// Why something is no figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    #[error(
        "is not a number: write digits with at most one decimal point, such as \"0.85\", \
         without exponent, sign +, separators or leading zeros"
    )]
    Malformed,
    #[error("has more than 18 digits before the decimal point")]
    TooLarge,
    #[error("has more than 10 digits after the decimal point")]
    TooPrecise,
    #[error(
        "the numbers lead to none that can be written: one is far too large, or a divisor is zero"
    )]
    OutOfRange,
}

/// An exact decimal number of either sign that is no money. JSON carries it as a string, read as it was written.
///
/// Two figures are equal when their values are: `0.9` and `0.90`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Figure(Decimal);

impl Figure {
    pub const ZERO: Figure = Figure(Decimal::ZERO);
    pub const ONE: Figure = Figure(Decimal::ONE);

    /// `Figure::new(717, 3)` is 0.717. For numbers that stand in the source: at most 18 places.
    pub const fn new(digits: i64, places: u32) -> Figure {
        Figure(Decimal::from_parts(
            low(digits.unsigned_abs()),
            low(digits.unsigned_abs() >> 32),
            0,
            digits < 0,
            places,
        ))
    }

    pub const fn value(self) -> Decimal {
        self.0
    }

    /// Whether it is between 0 and 1, both included: a share, a probability.
    pub fn is_share(self) -> bool {
        (Figure::ZERO..=Figure::ONE).contains(&self)
    }

    pub const fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    /// A float's figure, rounded to so many places; none for what is no number, or too large.
    pub fn from_float(float: f64, places: u32) -> Option<Figure> {
        let exact = Decimal::from_f64_retain(float)?;
        Exact(Some(exact)).figure(places).ok()
    }

    pub fn to_float(self) -> Option<f64> {
        self.0.to_f64()
    }
}

/// The lowest 32 bits, in constants too.
const fn low(bits: u64) -> u32 {
    let [a, b, c, d, ..] = bits.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

impl FromStr for Figure {
    type Err = FigureError;

    /// Reads `-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,10})?`.
    fn from_str(text: &str) -> Result<Figure, FigureError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(FigureError::Malformed),
            Some((whole, fraction)) => (whole, fraction),
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return Err(FigureError::Malformed);
        }
        if whole.len() > INTEGER_DIGITS_MAX {
            return Err(FigureError::TooLarge);
        }
        if fraction.len() > FRACTION_DIGITS_MAX {
            return Err(FigureError::TooPrecise);
        }
        let value: Decimal = text.parse().map_err(|_| FigureError::Malformed)?;
        if value.is_zero() && digits.len() < text.len() {
            return Err(FigureError::Malformed);
        }
        Ok(Figure(value))
    }
}

impl TryFrom<String> for Figure {
    type Error = FigureError;

    fn try_from(text: String) -> Result<Figure, FigureError> {
        text.parse()
    }
}

impl From<Figure> for String {
    fn from(figure: Figure) -> String {
        figure.to_string()
    }
}

impl From<u32> for Figure {
    fn from(whole: u32) -> Figure {
        Figure(whole.into())
    }
}

impl From<Money> for Figure {
    fn from(money: Money) -> Figure {
        Figure(money.amount())
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialSchema for Figure {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Decimal string."))
            .pattern(Some(
                r"^(?!-0(\.0+)?$)-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,10})?$",
            ))
            .max_length(Some(INTEGER_DIGITS_MAX + 2 + FRACTION_DIGITS_MAX))
            .examples(["0.85"])
            .into()
    }
}

impl ToSchema for Figure {}

/// An amount or a number, as the steps of a computation show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Quantity {
    Money(Money),
    Figure(Figure),
}

impl From<Money> for Quantity {
    fn from(money: Money) -> Quantity {
        Quantity::Money(money)
    }
}

impl From<Figure> for Quantity {
    fn from(figure: Figure) -> Quantity {
        Quantity::Figure(figure)
    }
}

impl From<u32> for Quantity {
    fn from(whole: u32) -> Quantity {
        Quantity::Figure(whole.into())
    }
}

/// A number on its way through a formula, to 28 significant digits.
///
/// What overflows or divides by zero stays without a value to the end of the formula, where [`Exact::figure`] and its
/// sisters say so once. Formulas read as they are printed, and none can panic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exact(Option<Decimal>);

impl Exact {
    pub const ZERO: Exact = Exact(Some(Decimal::ZERO));
    pub const ONE: Exact = Exact(Some(Decimal::ONE));

    /// The sum of what is given; nothing sums to zero.
    pub fn sum<T: Into<Exact>>(parts: impl IntoIterator<Item = T>) -> Exact {
        parts.into_iter().fold(Exact::ZERO, |sum, part| sum + part)
    }

    /// # Errors
    /// When there is no value.
    pub fn value(self) -> Result<Decimal, FigureError> {
        self.0.ok_or(FigureError::OutOfRange)
    }

    /// The value as a figure, rounded half away from zero to so many places (10 at most).
    ///
    /// # Errors
    /// When there is no value, or it is too large for a figure.
    pub fn figure(self, places: u32) -> Result<Figure, FigureError> {
        let rounded = self
            .value()?
            .round_dp_with_strategy(places.min(10), RoundingStrategy::MidpointAwayFromZero);
        let bound = Decimal::from(10_i64.pow(18));
        if rounded.abs() >= bound {
            return Err(FigureError::OutOfRange);
        }
        Ok(Figure(rounded.normalize()))
    }

    /// The value as money, rounded half away from zero to the currency's minor unit.
    ///
    /// # Errors
    /// When there is no value, or it is too large for money.
    pub fn money(self, currency: Currency) -> Result<Money, FigureError> {
        self.to_money(currency, RoundingStrategy::MidpointAwayFromZero)
    }

    /// The value as money, rounded down to the currency's minor unit: what a customer may have at most.
    ///
    /// # Errors
    /// When there is no value, or it is too large for money.
    pub fn money_down(self, currency: Currency) -> Result<Money, FigureError> {
        self.to_money(currency, RoundingStrategy::ToNegativeInfinity)
    }

    fn to_money(
        self,
        currency: Currency,
        rounding: RoundingStrategy,
    ) -> Result<Money, FigureError> {
        let units = 10_i64
            .checked_pow(currency.minor_digits())
            .ok_or(FigureError::OutOfRange)?;
        let minor = (self * Decimal::from(units))
            .value()?
            .round_dp_with_strategy(0, rounding)
            .to_i64()
            .ok_or(FigureError::OutOfRange)?;
        Ok(Money::from_minor(minor, currency))
    }

    fn with(
        self,
        other: impl Into<Exact>,
        operation: impl Fn(Decimal, Decimal) -> Option<Decimal>,
    ) -> Exact {
        Exact(
            self.0
                .zip(other.into().0)
                .and_then(|(a, b)| operation(a, b)),
        )
    }
}

impl From<Decimal> for Exact {
    fn from(value: Decimal) -> Exact {
        Exact(Some(value))
    }
}

impl From<Figure> for Exact {
    fn from(figure: Figure) -> Exact {
        Exact(Some(figure.0))
    }
}

impl From<Money> for Exact {
    fn from(money: Money) -> Exact {
        Exact(Some(money.amount()))
    }
}

impl From<i64> for Exact {
    fn from(whole: i64) -> Exact {
        Exact(Some(whole.into()))
    }
}

impl From<u32> for Exact {
    fn from(whole: u32) -> Exact {
        Exact(Some(whole.into()))
    }
}

impl<T: Into<Exact>> Add<T> for Exact {
    type Output = Exact;

    fn add(self, other: T) -> Exact {
        self.with(other, Decimal::checked_add)
    }
}

impl<T: Into<Exact>> Sub<T> for Exact {
    type Output = Exact;

    fn sub(self, other: T) -> Exact {
        self.with(other, Decimal::checked_sub)
    }
}

impl<T: Into<Exact>> Mul<T> for Exact {
    type Output = Exact;

    fn mul(self, other: T) -> Exact {
        self.with(other, Decimal::checked_mul)
    }
}

impl<T: Into<Exact>> Div<T> for Exact {
    type Output = Exact;

    fn div(self, other: T) -> Exact {
        self.with(other, Decimal::checked_div)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn figure(text: &str) -> Figure {
        text.parse().unwrap()
    }

    #[test]
    fn figures_are_read_as_they_are_written_or_refused() {
        for text in ["0", "0.85", "-1.10", "999999999999999999.9999999999"] {
            assert_eq!(figure(text).to_string(), text);
        }
        for text in [
            "", "-", ".", "1.", ".5", "+1", "1e3", "1_0", "01", "-0", "-0.0", "NaN", "１",
        ] {
            assert_eq!(
                text.parse::<Figure>(),
                Err(FigureError::Malformed),
                "{text:?}"
            );
        }
        assert_eq!(
            "1000000000000000000".parse::<Figure>(),
            Err(FigureError::TooLarge)
        );
        assert_eq!(
            "0.00000000001".parse::<Figure>(),
            Err(FigureError::TooPrecise)
        );
        assert_eq!(Figure::new(717, 3), figure("0.717"));
        assert_eq!(Figure::new(-12_345_678_901, 2), figure("-123456789.01"));
    }

    #[test]
    fn a_formula_without_a_value_says_so_at_its_end() {
        let sum = Exact::from(1_i64) / Figure::ZERO + Figure::ONE;
        assert_eq!(sum.figure(2), Err(FigureError::OutOfRange));
        let huge = Exact::from(Decimal::MAX) * Decimal::MAX;
        assert_eq!(huge.value(), Err(FigureError::OutOfRange));
        assert_eq!(
            (Exact::ONE * Decimal::MAX).figure(2),
            Err(FigureError::OutOfRange)
        );
        let yen: Currency = "JPY".parse().unwrap();
        assert_eq!(Exact::from(figure("1.5")).money(yen).unwrap().minor(), 2);
        assert_eq!(
            Exact::from(figure("1.9")).money_down(yen).unwrap().minor(),
            1
        );
        assert_eq!(
            Exact::from(figure("-1.1")).money_down(yen).unwrap().minor(),
            -2
        );
        assert_eq!((Exact::from(2_i64) / 3_i64).figure(4), Ok(figure("0.6667")));
        assert_eq!(Figure::from_float(0.445_853, 6), Some(figure("0.445853")));
        assert_eq!(Figure::from_float(f64::NAN, 6), None);
        let hardly = Exact::from(figure("-0.0000001")).figure(6).unwrap();
        assert_eq!(hardly.to_string(), "0", "never a negative zero");
    }

    proptest! {
        #[test]
        fn any_text_is_either_read_back_the_same_or_refused(text in "-?[0-9]{0,20}\\.?[0-9]{0,12}") {
            if let Ok(figure) = text.parse::<Figure>() {
                prop_assert_eq!(figure.to_string(), text);
            }
        }

        #[test]
        fn what_is_computed_can_be_read_back(one: i32, other: i32, places in 0..12_u32) {
            if let Ok(computed) = (Exact::from(i64::from(one)) / i64::from(other)).figure(places) {
                prop_assert_eq!(computed.to_string().parse(), Ok(computed));
            }
        }

        #[test]
        fn a_quantity_is_stored_and_read_as_what_it_is(minor: i64, one: i32, other: i32) {
            let money = Money::from_minor(minor, "VND".parse().unwrap());
            let figure = (Exact::from(i64::from(one)) / i64::from(other)).figure(10);
            for quantity in [Some(Quantity::Money(money)), figure.ok().map(Quantity::Figure)].into_iter().flatten() {
                let json = serde_json::to_string(&quantity).unwrap();
                prop_assert_eq!(serde_json::from_str::<Quantity>(&json).unwrap(), quantity);
            }
        }

        #[test]
        fn a_figure_of_the_source_is_what_its_digits_say(digits: i64, places in 0..=10_u32) {
            prop_assert_eq!(Figure::new(digits, places).value(), Decimal::new(digits, places));
        }
    }
}
