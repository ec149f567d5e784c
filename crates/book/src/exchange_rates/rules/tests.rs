//! The rules tried: on the ECB's reference rates of 28 June 2024, and on any rate at all.

use proptest::prelude::*;

use super::*;
use kernel::clock::machine_now;
use kernel::ids::ExchangeRateId;

/// The ECB's euro foreign exchange reference rates of 28 June 2024.
const ECB: &[(&str, &str)] = &[
    ("USD", "1.0705"),
    ("JPY", "171.94"),
    ("GBP", "0.84638"),
    ("CHF", "0.9634"),
    ("CNY", "7.7748"),
    ("KRW", "1474.86"),
    ("IDR", "17487.21"),
];

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn money(amount: &str, code: &str) -> Money {
    Money::parse(amount, currency(code)).unwrap()
}

fn rate_from(base: &str, quote: &str, rate: &str, on: &str, source: &str) -> ExchangeRate {
    ExchangeRate {
        id: ExchangeRateId::new(),
        base_currency: currency(base),
        quote_currency: currency(quote),
        rate: rate.parse().unwrap(),
        rate_date: day(on),
        source: source.parse().unwrap(),
        set_by: "u-finance".parse().unwrap(),
        set_at: machine_now(),
    }
}

fn rate(base: &str, quote: &str, value: &str, on: &str) -> ExchangeRate {
    rate_from(base, quote, value, on, "ECB")
}

fn ecb() -> RateTable {
    let rates = ECB
        .iter()
        .map(|(quote, value)| rate("EUR", quote, value, "2024-06-28"));
    RateTable::new(day("2024-06-30"), rates)
}

fn find(table: &RateTable, from: &str, to: &str) -> Conversion {
    table.find(currency(from), currency(to)).unwrap()
}

#[track_caller]
fn expect(table: &RateTable, given: (&str, &str), up: &str, nearest: &str, to: &str) {
    let conversion = find(table, given.1, to);
    let converted = |rounding| convert(money(given.0, given.1), &conversion, rounding).unwrap();
    assert_eq!(converted(Rounding::Up), money(up, to));
    assert_eq!(converted(Rounding::HalfEven), money(nearest, to));
}

#[test]
fn what_is_rounded_down_is_never_more_and_what_is_rounded_up_never_less() {
    assert_eq!(divide(7, 2, Rounding::Down), 3);
    assert_eq!(divide(7, 2, Rounding::Up), 4);
    assert_eq!(divide(-7, 2, Rounding::Down), -4);
    assert_eq!(divide(8, 2, Rounding::Down), 4);
}

#[test]
fn published_rates_convert_as_a_pocket_calculator_does() {
    let ecb = ecb();
    expect(&ecb, ("100.00", "EUR"), "107.05", "107.05", "USD");
    expect(&ecb, ("100.00", "USD"), "93.42", "93.41", "EUR");
    expect(&ecb, ("100.00", "USD"), "726.28", "726.28", "CNY");
    expect(&ecb, ("10000", "JPY"), "452.19", "452.18", "CNY");
    expect(&ecb, ("1000.00", "USD"), "160617", "160617", "JPY");
    expect(&ecb, ("0.01", "IDR"), "0.01", "0.00", "EUR");
    expect(&ecb, ("-100.00", "USD"), "-93.41", "-93.41", "EUR");
    assert_eq!(
        find(&ecb, "EUR", "CNY").rate,
        Decimal::from_str_exact("7.7748").unwrap()
    );
    assert_eq!(
        find(&ecb, "USD", "EUR").rate,
        Decimal::from_str_exact("0.934142923867").unwrap()
    );
    assert_eq!(
        find(&ecb, "USD", "CNY").rate,
        Decimal::from_str_exact("7.26277440448").unwrap()
    );
}

#[test]
fn what_divides_exactly_is_not_rounded_up() {
    let table = RateTable::new(
        day("2024-06-30"),
        [rate("CNY", "USD", "0.13", "2024-06-28")],
    );
    expect(&table, ("13.00", "USD"), "100.00", "100.00", "CNY");
    expect(&table, ("100.00", "USD"), "769.24", "769.23", "CNY");
}

#[test]
fn currencies_have_their_own_minor_units() {
    let table = RateTable::new(
        day("2024-06-30"),
        [
            rate("KWD", "JPY", "500", "2024-06-28"),
            rate("USD", "KWD", "0.3066", "2024-06-28"),
        ],
    );
    expect(&table, ("1.000", "KWD"), "500", "500", "JPY");
    expect(&table, ("1", "JPY"), "0.002", "0.002", "KWD");
    expect(&table, ("1.50", "USD"), "0.460", "0.460", "KWD");
    expect(&table, ("1.25", "USD"), "0.384", "0.383", "KWD");
}

#[test]
fn the_middle_goes_to_the_even_unit() {
    let table = RateTable::new(day("2024-06-30"), [rate("EUR", "JPY", "50", "2024-06-28")]);
    expect(&table, ("0.01", "EUR"), "1", "0", "JPY");
    expect(&table, ("0.03", "EUR"), "2", "2", "JPY");
    expect(&table, ("-0.01", "EUR"), "0", "0", "JPY");
    expect(&table, ("-0.03", "EUR"), "-1", "-2", "JPY");
}

#[test]
fn the_latest_rate_that_has_begun_holds_and_of_one_day_the_last_set() {
    let first = rate("EUR", "USD", "1.10", "2026-03-02");
    let wrong = rate("EUR", "USD", "11.1", "2026-03-03");
    let right = rate("EUR", "USD", "1.11", "2026-03-03");
    let later = rate("EUR", "USD", "1.12", "2026-03-05");
    let rates = [later, right.clone(), wrong, first.clone()];
    let held = |on: &str| {
        let table = RateTable::new(day(on), rates.clone());
        let conversion = table.find(currency("EUR"), currency("USD"));
        conversion.map(|conversion| conversion.rate.to_string())
    };
    assert_eq!(held("2026-03-01"), None);
    assert_eq!(held("2026-03-02").as_deref(), Some("1.10"));
    assert_eq!(held("2026-03-03").as_deref(), Some("1.11"));
    assert_eq!(held("2026-03-04").as_deref(), Some("1.11"));
    assert_eq!(held("2026-03-05").as_deref(), Some("1.12"));
}

#[test]
fn a_pair_itself_goes_before_its_inverse_and_that_before_a_cross() {
    let direct = rate("USD", "CNY", "7.1", "2026-01-02");
    let inverse = rate("CNY", "USD", "0.14", "2026-02-02");
    let legs = [
        rate("EUR", "USD", "1.07", "2026-03-02"),
        rate("EUR", "CNY", "7.8", "2026-03-02"),
    ];
    let on = day("2026-03-31");
    let all = legs.iter().cloned().chain([inverse.clone(), direct]);
    let conversion = find(&RateTable::new(on, all), "USD", "CNY");
    assert_eq!(conversion.rate.to_string(), "7.1");
    let without = legs.iter().cloned().chain([inverse]);
    let conversion = find(&RateTable::new(on, without), "USD", "CNY");
    assert_eq!(conversion.rate.to_string(), "7.14285714286");
    assert_eq!(conversion.legs.len(), 1);
    let conversion = find(&RateTable::new(on, legs), "USD", "CNY");
    assert_eq!(conversion.rate.to_string(), "7.28971962617");
    assert_eq!(conversion.legs.len(), 2);
}

#[test]
fn of_several_crosses_the_newest_is_taken_and_it_is_as_old_as_its_older_leg() {
    let on = day("2026-03-31");
    let through_euro = [
        rate("EUR", "USD", "1.07", "2026-03-30"),
        rate("EUR", "CNY", "7.8", "2026-03-02"),
    ];
    let through_pound = [
        rate_from("GBP", "USD", "1.30", "2026-03-10", "BOE"),
        rate_from("GBP", "CNY", "9.4", "2026-03-10", "PBC"),
    ];
    let all = through_euro.iter().chain(&through_pound).cloned();
    let conversion = find(&RateTable::new(on, all), "USD", "CNY");
    assert_eq!(conversion.rate_date, day("2026-03-10"));
    assert_eq!(conversion.source, "BOE, PBC");
    // Equally new: the first by code.
    let newer = rate("EUR", "CNY", "7.9", "2026-03-10");
    let all = through_euro
        .iter()
        .chain(&through_pound)
        .cloned()
        .chain([newer]);
    let conversion = find(&RateTable::new(on, all), "USD", "CNY");
    assert_eq!(conversion.rate_date, day("2026-03-10"));
    assert_eq!(conversion.source, "ECB");
}

#[test]
fn where_nothing_leads_there_is_no_rate() {
    let on = day("2026-03-31");
    let rates = [
        rate("EUR", "USD", "1.07", "2026-03-02"),
        rate("GBP", "CNY", "9.4", "2026-03-02"),
        rate("EUR", "CHF", "0.96", "2026-03-02"),
        rate("CHF", "JPY", "180", "2026-03-02"),
    ];
    let table = RateTable::new(on, rates);
    for (from, to) in [("USD", "CNY"), ("USD", "KRW"), ("USD", "JPY")] {
        assert_eq!(
            table.find(currency(from), currency(to)),
            None,
            "{from} {to}"
        );
    }
    assert_eq!(
        RateTable::new(on, []).find(currency("USD"), currency("CNY")),
        None
    );
}

#[test]
fn money_of_another_currency_and_money_beyond_all_bounds_are_refused() {
    let conversion = find(&ecb(), "USD", "CNY");
    assert_eq!(
        convert(money("1.00", "EUR"), &conversion, Rounding::Up),
        Err(MoneyError::CurrencyMismatch)
    );
    let most = Money::from_minor(i64::MAX, currency("USD"));
    assert_eq!(
        convert(most, &conversion, Rounding::Up),
        Err(MoneyError::Overflow)
    );
}

#[test]
fn a_rate_has_no_day_that_has_not_begun() {
    let today = day("2026-03-31");
    assert_eq!(check_day(today, today), Ok(()));
    assert_eq!(check_day(day("2026-04-01"), today), Err(InFuture { today }));
}

/// Any rate that can be set, and those as they are published.
fn any_rate() -> impl Strategy<Value = String> {
    prop_oneof![
        (1u64..100_000_000, 0usize..7).prop_map(|(digits, places)| {
            let text = format!("{digits:0>width$}", width = places + 1);
            let (whole, fraction) = text.split_at(text.len() - places);
            match fraction {
                "" => whole.to_owned(),
                fraction => format!("{whole}.{fraction}"),
            }
        }),
        "[1-9][0-9]{0,11}\\.[0-9]{9}[1-9]",
    ]
}

fn any_code() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["USD", "CNY", "JPY", "KWD", "EUR"])
}

/// The value of a conversion as a fraction of itself: what one pocket calculator with endless digits would show.
fn exceeds_or_meets(result: Money, given: Money, conversion: &Conversion) -> bool {
    let (numerator, denominator) = fraction(conversion).unwrap();
    i128::from(result.minor()) * denominator >= i128::from(given.minor()) * numerator
}

proptest! {
    #[test]
    fn rounding_up_is_never_less_than_exact_and_less_than_one_unit_more(
        minor in -100_000_000_000i64..100_000_000_000, value in any_rate(), from in any_code(), inverse: bool,
    ) {
        let pair = if inverse { ("GBP", from) } else { (from, "GBP") };
        let table = RateTable::new(day("2026-03-31"), [rate(pair.0, pair.1, &value, "2026-03-31")]);
        let conversion = find(&table, from, "GBP");
        let given = Money::from_minor(minor, currency(from));
        if let Ok(up) = convert(given, &conversion, Rounding::Up) {
            prop_assert!(exceeds_or_meets(up, given, &conversion));
            let below = Money::from_minor(up.minor() - 1, up.currency());
            prop_assert!(!exceeds_or_meets(below, given, &conversion));
            let nearest = convert(given, &conversion, Rounding::HalfEven).unwrap();
            prop_assert!(nearest == up || nearest == below);
        }
    }

    #[test]
    fn more_money_is_never_converted_into_less(
        a in -100_000_000_000i64..100_000_000_000, b in -100_000_000_000i64..100_000_000_000,
        first in any_rate(), second in any_rate(), to in any_code(),
    ) {
        let table = RateTable::new(
            day("2026-03-31"),
            [rate("GBP", "CHF", &first, "2026-03-31"), rate("GBP", to, &second, "2026-03-31")],
        );
        let conversion = find(&table, "CHF", to);
        let (less, more) = (a.min(b), a.max(b));
        for rounding in [Rounding::Up, Rounding::HalfEven] {
            let converted = |minor| convert(Money::from_minor(minor, currency("CHF")), &conversion, rounding);
            if let (Ok(less), Ok(more)) = (converted(less), converted(more)) {
                prop_assert!(less.minor() <= more.minor());
            }
        }
    }

    #[test]
    fn there_and_back_again_is_the_same_within_one_unit(
        minor in 0i64..100_000_000_000, value in any_rate(),
    ) {
        let table = RateTable::new(day("2026-03-31"), [rate("GBP", "CHF", &value, "2026-03-31")]);
        let given = Money::from_minor(minor, currency("GBP"));
        let there = convert(given, &find(&table, "GBP", "CHF"), Rounding::Up);
        if let Ok(there) = there {
            let back = convert(there, &find(&table, "CHF", "GBP"), Rounding::Up).unwrap();
            // Rounded up there: at least what was given, and more by what one unit there is worth here, at most.
            let unit = convert(Money::from_minor(1, currency("CHF")), &find(&table, "CHF", "GBP"), Rounding::Up).unwrap();
            prop_assert!(back.minor() >= given.minor());
            prop_assert!(back.minor() <= given.minor() + unit.minor());
        }
    }

    #[test]
    fn a_rate_and_its_exact_inverse_turned_round_agree(
        minor in 0i64..1_000_000_000, value in prop::sample::select(vec!["0.5", "2", "0.25", "4", "8", "0.125", "1.25", "0.8", "6.25", "0.16"]),
    ) {
        let inverse = (Decimal::ONE / Decimal::from_str_exact(value).unwrap()).normalize().to_string();
        let direct = RateTable::new(day("2026-03-31"), [rate("GBP", "CHF", value, "2026-03-31")]);
        let turned = RateTable::new(day("2026-03-31"), [rate("CHF", "GBP", &inverse, "2026-03-31")]);
        let given = Money::from_minor(minor, currency("GBP"));
        for rounding in [Rounding::Up, Rounding::HalfEven] {
            let a = convert(given, &find(&direct, "GBP", "CHF"), rounding).unwrap();
            let b = convert(given, &find(&turned, "GBP", "CHF"), rounding).unwrap();
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn money_in_the_same_currency_stays_what_it_is(minor: i64, code in any_code()) {
        let table = RateTable::new(day("2026-03-31"), [rate("GBP", "CHF", "1.1", "2026-03-31")]);
        let given = Money::from_minor(minor, currency(code));
        for rounding in [Rounding::Up, Rounding::HalfEven] {
            prop_assert_eq!(convert(given, &find(&table, code, code), rounding), Ok(given));
        }
    }
}
