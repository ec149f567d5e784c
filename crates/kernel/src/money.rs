//! Money: an exact amount in one currency.
//!
//! Amounts are kept in the currency's minor units (fen, cents) as whole numbers, so that sums are exact in Rust
//! and in both databases. JSON carries decimal strings, read by a strict grammar of our own: a number that would
//! have to be rounded is refused, never rounded.

use std::fmt;
use std::str::FromStr;

use iso_currency::{Currency as IsoCurrency, IntoEnumIterator as _};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// The largest number of digits before the decimal point that an amount may have which comes in. Sums may have more.
pub const INTEGER_DIGITS_MAX: usize = 12;

/// The most that a kept sum may come to, of either sign, in minor units: what an account, a group or a cap counts in
/// all. It leaves room for one more limit or order of the largest size, so that no difference to one leaves the range.
pub const SUM_MAX_MINOR: i64 = 9_000_000_000_000_000_000;

/// Amounts add up to more than can be kept or told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amounts add up to more than can be kept")]
pub struct SumTooLarge;

/// The sum of amounts in minor units of one currency.
///
/// # Errors
/// When it leaves the range: a sum is never cut.
pub fn sum_minor(amounts: impl IntoIterator<Item = i64>) -> Result<i64, SumTooLarge> {
    let sum: i128 = amounts.into_iter().map(i128::from).sum();
    i64::try_from(sum).map_err(|_| SumTooLarge)
}

/// An ISO 4217 currency that has minor units.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(IsoCurrency);

impl Currency {
    /// The three-letter code, such as `CNY`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal places the currency has: 2 for CNY, 0 for JPY, 3 for KWD.
    pub fn minor_digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }

    /// Every currency that netterms knows, in order of code.
    pub fn all() -> impl Iterator<Item = Currency> {
        IsoCurrency::iter()
            .filter(|currency| currency.exponent().is_some())
            .map(Currency)
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        IsoCurrency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Currency)
            .ok_or(MoneyError::UnknownCurrency)
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(code: String) -> Result<Self, MoneyError> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("ISO 4217 currency code."))
            .enum_values(Some(Currency::all().map(Currency::code)))
            .examples(["CNY"])
            .into()
    }
}

impl ToSchema for Currency {}

/// What can be wrong with money that comes in, or with a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error(
        "is not an amount: write digits with at most one decimal point, such as \"12500.00\", \
         without exponent, sign +, separators or leading zeros"
    )]
    Malformed,
    #[error("has more than 12 digits before the decimal point")]
    TooLarge,
    #[error("has more decimal places than the currency has: {0} at most")]
    TooPrecise(u32),
    #[error("is not a currency code of ISO 4217 in capitals, such as \"CNY\"")]
    UnknownCurrency,
    #[error("amounts of different currencies can't be added")]
    CurrencyMismatch,
    #[error("the sum is too large")]
    Overflow,
}

/// An exact amount in one currency, of either sign: what is kept, added up and answered. It is read back whatever it
/// comes to; what comes in from outside is one of [`MoneyIn`], [`AmountIn`] and [`PositiveIn`], which have a limit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "MoneyText", into = "MoneyText")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount in minor units: `Money::from_minor(1_250_000, CNY)` is CNY 12,500.00.
    pub const fn from_minor(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// Reads an amount that comes in, by the strict grammar `-?(0|[1-9][0-9]*)(\.[0-9]+)?`.
    ///
    /// # Errors
    /// When the text breaks the grammar, has more than 12 integer digits, or more decimals than the currency.
    pub fn parse(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let money = Money::read(text, currency)?;
        let whole = text.trim_start_matches('-').split('.').next();
        if whole.is_some_and(|whole| whole.len() > INTEGER_DIGITS_MAX) {
            return Err(MoneyError::TooLarge);
        }
        Ok(money)
    }

    /// Reads an amount that we wrote, of any size that can be written.
    fn read(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(MoneyError::Malformed),
            Some((whole, fraction)) => (whole, fraction),
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::Malformed);
        }
        let places = usize::try_from(currency.minor_digits()).unwrap_or(0);
        if fraction.len() > places {
            return Err(MoneyError::TooPrecise(currency.minor_digits()));
        }
        let sign = if negative { "-" } else { "" };
        let minor: i64 = format!("{sign}{whole}{fraction:0<places$}")
            .parse()
            .map_err(|_| MoneyError::TooLarge)?;
        if negative && minor == 0 {
            return Err(MoneyError::Malformed);
        }
        Ok(Money::from_minor(minor, currency))
    }

    /// The amount in the currency's minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount as a decimal with the currency's places.
    pub fn amount(self) -> Decimal {
        Decimal::new(self.minor, self.currency.minor_digits())
    }

    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// # Errors
    /// When the currencies differ or the sum leaves the range.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// # Errors
    /// When the currencies differ or the difference leaves the range.
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.checked_add(Money {
            minor: other.minor.checked_neg().ok_or(MoneyError::Overflow)?,
            ..other
        })
    }

    /// The amount alone as a decimal string with exactly the currency's places: `"12500.00"`.
    pub fn amount_text(self) -> String {
        self.amount().to_string()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.amount())
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The JSON form of [`Money`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoneyText {
    amount: String,
    currency: Currency,
}

impl TryFrom<MoneyText> for Money {
    type Error = MoneyError;

    fn try_from(text: MoneyText) -> Result<Money, MoneyError> {
        Money::read(&text.amount, text.currency)
    }
}

impl From<Money> for MoneyText {
    fn from(money: Money) -> MoneyText {
        MoneyText {
            amount: money.amount_text(),
            currency: money.currency,
        }
    }
}

/// The pattern of an amount in answers, where sums have as many digits as they need.
const ANSWERED_PATTERN: &str = r"^-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,4})?$";

/// A sign, 19 digits for a currency without minor units, or 15 with four places after the point.
const ANSWERED_LENGTH_MAX: usize = 21;

const IN_LENGTH_MAX: usize = 18;

fn amount_schema(pattern: &str, length_max: usize) -> Schema {
    let amount = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(
            "Decimal string, with at most the currency's decimal places.",
        ))
        .pattern(Some(pattern))
        .max_length(Some(length_max));
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .property("amount", amount)
        .property("currency", Ref::from_schema_name("Currency"))
        .required("amount")
        .required("currency")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .examples([serde_json::json!({"amount": "12500.00", "currency": "CNY"})])
        .into()
}

impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        amount_schema(ANSWERED_PATTERN, ANSWERED_LENGTH_MAX).into()
    }
}

impl ToSchema for Money {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Currency".to_owned(), Currency::schema()));
    }
}

/// Money that comes in, of either sign: at most 12 digits before the decimal point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "MoneyText", into = "Money")]
pub struct MoneyIn(Money);

impl MoneyIn {
    pub const fn money(self) -> Money {
        self.0
    }
}

impl TryFrom<MoneyText> for MoneyIn {
    type Error = MoneyError;

    fn try_from(text: MoneyText) -> Result<MoneyIn, MoneyError> {
        Money::parse(&text.amount, text.currency).map(MoneyIn)
    }
}

impl From<MoneyIn> for Money {
    fn from(amount: MoneyIn) -> Money {
        amount.0
    }
}

impl PartialSchema for MoneyIn {
    fn schema() -> RefOr<Schema> {
        amount_schema(r"^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$", IN_LENGTH_MAX).into()
    }
}

impl ToSchema for MoneyIn {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Currency".to_owned(), Currency::schema()));
    }
}

/// What is said of money that comes in and is not more than nothing.
pub const NOT_POSITIVE: &str = "the amount must be more than zero";

/// Money that comes in and is more than nothing: an order, an invoice, a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "MoneyIn", into = "Money")]
pub struct PositiveIn(Money);

impl PositiveIn {
    pub const fn money(self) -> Money {
        self.0
    }
}

impl TryFrom<MoneyIn> for PositiveIn {
    type Error = &'static str;

    fn try_from(amount: MoneyIn) -> Result<PositiveIn, &'static str> {
        amount.0.try_into()
    }
}

impl TryFrom<Money> for PositiveIn {
    type Error = &'static str;

    fn try_from(money: Money) -> Result<PositiveIn, &'static str> {
        if money.is_positive() {
            Ok(PositiveIn(money))
        } else {
            Err(NOT_POSITIVE)
        }
    }
}

impl From<PositiveIn> for Money {
    fn from(amount: PositiveIn) -> Money {
        amount.0
    }
}

impl PartialSchema for PositiveIn {
    fn schema() -> RefOr<Schema> {
        amount_schema(
            r"^(?!0(\.0+)?$)(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$",
            IN_LENGTH_MAX,
        )
        .into()
    }
}

impl ToSchema for PositiveIn {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Currency".to_owned(), Currency::schema()));
    }
}

/// Money that comes in and is never negative: a limit, the amount of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "MoneyIn", into = "Money")]
pub struct AmountIn(Money);

impl AmountIn {
    pub const fn money(self) -> Money {
        self.0
    }
}

impl TryFrom<MoneyIn> for AmountIn {
    type Error = &'static str;

    fn try_from(amount: MoneyIn) -> Result<AmountIn, &'static str> {
        amount.0.try_into()
    }
}

impl TryFrom<Money> for AmountIn {
    type Error = &'static str;

    fn try_from(money: Money) -> Result<AmountIn, &'static str> {
        if money.is_negative() {
            return Err("must not be negative");
        }
        Ok(AmountIn(money))
    }
}

impl From<AmountIn> for Money {
    fn from(amount: AmountIn) -> Money {
        amount.0
    }
}

impl PartialSchema for AmountIn {
    fn schema() -> RefOr<Schema> {
        amount_schema(r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$", IN_LENGTH_MAX).into()
    }
}

impl ToSchema for AmountIn {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Currency".to_owned(), Currency::schema()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn amounts_are_read_and_written_exactly() {
        let money = Money::parse("12500.5", currency("CNY")).unwrap();
        assert_eq!(money.minor(), 1_250_050);
        assert_eq!(money.amount_text(), "12500.50");
        assert_eq!(
            Money::parse("7", currency("JPY")).unwrap().amount_text(),
            "7"
        );
        assert_eq!(Money::parse("-0.001", currency("KWD")).unwrap().minor(), -1);
    }

    #[test]
    fn whatever_would_need_rounding_or_guessing_is_refused() {
        for text in [
            "", "-", ".", "1.", ".5", "+1", "1e3", "1_000", "1,000", "01", "00", "-0", "-0.00",
            " 1", "1 ", "0x10", "NaN", "１２", "1.2.3", "--1",
        ] {
            assert_eq!(
                Money::parse(text, currency("CNY")),
                Err(MoneyError::Malformed),
                "{text:?}"
            );
        }
        assert_eq!(
            Money::parse("1000000000000", currency("CNY")),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(
            Money::parse("0.001", currency("CNY")),
            Err(MoneyError::TooPrecise(2))
        );
        assert_eq!(
            Money::parse("1.0", currency("JPY")),
            Err(MoneyError::TooPrecise(0))
        );
        for code in ["cny", "CNy", "XXY", "XAU", "", "CN"] {
            assert!(code.parse::<Currency>().is_err(), "{code}");
        }
    }

    #[test]
    fn two_currencies_are_never_added() {
        let yuan = Money::from_minor(100, currency("CNY"));
        let euro = Money::from_minor(100, currency("EUR"));
        assert_eq!(yuan.checked_add(euro), Err(MoneyError::CurrencyMismatch));
        let most = Money::from_minor(i64::MAX, currency("CNY"));
        assert_eq!(most.checked_add(yuan), Err(MoneyError::Overflow));
    }

    proptest! {
        #[test]
        fn no_minor_unit_is_lost_between_text_and_number(minor: i64, code in prop::sample::select(vec!["CNY", "VND", "KWD", "CLF"])) {
            let money = Money::from_minor(minor, currency(code));
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn the_contract_permits_every_amount_that_is_answered_and_no_longer_one_comes_in(minor: i64, code in prop::sample::select(vec!["CNY", "VND", "KWD", "CLF"])) {
            let money = Money::from_minor(minor, currency(code));
            let text = money.amount_text();
            prop_assert!(text.len() <= ANSWERED_LENGTH_MAX);
            let fits = minor.unsigned_abs() < 10_u64.pow(12 + currency(code).minor_digits());
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<MoneyIn>(&json).is_ok(), fits);
            prop_assert_eq!(Money::parse(&text, currency(code)).is_ok(), fits);
        }

        #[test]
        fn a_sum_is_exact_or_refused(amounts in prop::collection::vec(any::<i64>(), 0..6)) {
            let exact: i128 = amounts.iter().copied().map(i128::from).sum();
            match sum_minor(amounts) {
                Ok(sum) => prop_assert_eq!(i128::from(sum), exact),
                Err(SumTooLarge) => prop_assert!(i64::try_from(exact).is_err()),
            }
        }

        #[test]
        fn any_text_is_either_read_back_the_same_or_refused(text in "-?[0-9]{0,14}\\.?[0-9]{0,3}") {
            if let Ok(money) = Money::parse(&text, currency("USD")) {
                let exact: Decimal = text.parse().unwrap();
                prop_assert_eq!(money.amount(), exact);
            }
        }
    }
}
