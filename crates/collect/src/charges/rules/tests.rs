use proptest::prelude::*;

use super::*;
use crate::book::catalogues::model::Catalogue;
use crate::book::catalogues::rules::SHIPPED;
use kernel::figures::Figure;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn money(text: &str, currency: &str) -> Money {
    Money::parse(text, currency.parse().unwrap()).unwrap()
}

fn shipped(code: &str) -> Catalogue {
    let (_, text) = SHIPPED.iter().find(|(known, _)| *known == code).unwrap();
    serde_json::from_str(text).unwrap()
}

fn rates() -> Vec<RateRow> {
    read_rates(&shipped("reference_rates")).unwrap()
}

fn regime(code: &str) -> Terms {
    let regimes = read_regimes(&shipped("late_payment_regimes")).unwrap();
    let found = regimes
        .into_iter()
        .find(|regime| regime.code.as_str() == code);
    Terms::Regime(found.unwrap())
}

fn debt(amount: Money, due: &str, settled: &[(&str, i64)]) -> Debt {
    let settled = settled.iter().map(|(on, minor)| Settled {
        on: day(on),
        minor: *minor,
    });
    Debt {
        amount,
        due_date: day(due),
        settled: settled.collect(),
        paused: Vec::new(),
    }
}

/// The parts of interest as text: days, rate, interest.
fn told(segments: &[Segment]) -> Vec<String> {
    let told = segments.iter().map(|one| {
        let interest = one.interest.amount_text();
        format!(
            "{} days at {} on {}: {interest}",
            one.days,
            one.rate,
            one.principal.amount_text()
        )
    });
    told.collect()
}

#[test]
fn the_worked_example_of_europe() {
    let debt = debt(
        money("10000.00", "EUR"),
        "2026-05-15",
        &[("2026-08-14", 1_000_000)],
    );
    let span = (day("2026-01-01"), day("2026-12-31"));
    let segments = interest(&debt, &regime("eu_2011_7"), &rates(), span).unwrap();
    assert_eq!(
        told(&segments),
        [
            "46 days at 0.1015 on 10000.00: 127.92",
            "45 days at 0.104 on 10000.00: 128.22"
        ]
    );
    assert_eq!(total_minor(&segments), Ok(25_614));
    let Terms::Regime(europe) = regime("eu_2011_7") else {
        panic!("no regime");
    };
    assert_eq!(europe.fixed_sum(debt.amount), Some(money("40.00", "EUR")));
}

#[test]
fn the_worked_examples_of_china() {
    let debt = debt(money("100000.00", "CNY"), "2026-01-01", &[]);
    let span = (day("2026-01-02"), day("2026-04-02"));
    let of = |terms: &Terms| told(&interest(&debt, terms, &rates(), span).unwrap());
    assert_eq!(
        of(&regime("cn_decree_802")),
        ["91 days at 0.0005 on 100000.00: 4550.00"]
    );
    assert_eq!(
        of(&regime("cn_sales_150")),
        ["91 days at 0.045 on 100000.00: 1121.92"]
    );
    assert_eq!(
        of(&regime("cn_sales_130")),
        ["91 days at 0.039 on 100000.00: 972.33"]
    );
}

#[test]
fn a_part_that_is_paid_bears_interest_to_its_day() {
    let debt = debt(
        money("1000.00", "EUR"),
        "2026-03-10",
        &[("2026-03-20", 40_000)],
    );
    let terms = Terms::Agreed("0.0365".parse().unwrap());
    let segments = interest(&debt, &terms, &[], (day("2026-03-01"), day("2026-03-30"))).unwrap();
    assert_eq!(
        told(&segments),
        [
            "10 days at 0.0365 on 1000.00: 1.00",
            "10 days at 0.0365 on 600.00: 0.60"
        ]
    );
}

#[test]
fn a_payment_that_is_taken_back_goes_on_bearing_interest_and_a_dispute_does_not() {
    let settled = [("2026-03-20", 100_000), ("2026-03-25", -100_000)];
    let mut debt = debt(money("1000.00", "EUR"), "2026-03-10", &settled);
    let terms = Terms::Agreed("0.0365".parse().unwrap());
    let days = |debt: &Debt| -> i64 {
        let span = (day("2026-03-11"), day("2026-03-30"));
        let segments = interest(debt, &terms, &[], span).unwrap();
        segments.iter().map(|one| one.days).sum()
    };
    assert_eq!(days(&debt), 15);
    debt.paused.push((day("2026-03-12"), day("2026-03-14")));
    assert_eq!(days(&debt), 12);
}

#[test]
fn a_rate_that_is_fixed_at_the_first_day_stays_and_one_that_nobody_knows_is_told() {
    let debt = debt(money("1000.00", "GBP"), "2024-12-20", &[]);
    let span = (day("2024-12-21"), day("2025-08-31"));
    let segments = interest(&debt, &regime("uk_1998"), &rates(), span).unwrap();
    assert_eq!(segments.len(), 1);
    assert_eq!(segments[0].rate.to_string(), "0.1325");
    let later = (day("2024-12-21"), day("2099-01-01"));
    let fault = interest(&debt, &regime("eu_2011_7"), &rates(), later).unwrap_err();
    assert_eq!(fault, InterestFault::NoRate(day("2027-01-01")));
    let so_far = interest_so_far(&debt, &regime("eu_2011_7"), &rates(), later).unwrap();
    assert_eq!(so_far.unknown_from, Some(day("2027-01-01")));
    assert_eq!(so_far.segments.last().unwrap().to, day("2026-12-31"));
}

#[test]
fn the_first_day_late_is_the_one_after_the_due_date_or_after_what_was_taken_back() {
    let first = |settled: &[(&str, i64)], to: &str| {
        debt(money("1000.00", "EUR"), "2026-03-10", settled).first_late_day(day(to))
    };
    assert_eq!(first(&[], "2026-03-10"), None);
    assert_eq!(first(&[], "2026-03-31"), Some(day("2026-03-11")));
    let in_time = ("2026-03-10", 100_000);
    assert_eq!(first(&[in_time], "2026-03-31"), None);
    let back = [in_time, ("2026-03-20", -100_000)];
    assert_eq!(first(&back, "2026-03-20"), None);
    assert_eq!(first(&back, "2026-03-31"), Some(day("2026-03-21")));
}

#[test]
fn the_fixed_sum_of_the_united_kingdom_rises_with_the_debt() {
    let Terms::Regime(kingdom) = regime("uk_1998") else {
        panic!("no regime");
    };
    let sum = |amount: &str| {
        kingdom
            .fixed_sum(money(amount, "GBP"))
            .unwrap()
            .amount_text()
    };
    assert_eq!(sum("999.99"), "40.00");
    assert_eq!(sum("1000.00"), "70.00");
    assert_eq!(sum("10000.00"), "100.00");
}

#[test]
fn a_country_has_its_regime() {
    let regimes = read_regimes(&shipped("late_payment_regimes")).unwrap();
    let of = |country: &str| {
        let found = regime_of_country(&regimes, country.parse().ok());
        found.map(|regime| regime.code.to_string())
    };
    assert_eq!(of("DE").as_deref(), Some("de_bgb_288"));
    assert_eq!(of("FR").as_deref(), Some("fr_l441_10"));
    assert_eq!(of("NL").as_deref(), Some("eu_2011_7"));
    assert_eq!(of("GB").as_deref(), Some("uk_1998"));
    assert_eq!(of("CN").as_deref(), Some("cn_sales_130"));
    assert_eq!(of("US").as_deref(), Some("us_contract"));
    assert_eq!(of("BR"), None);
    assert_eq!(regime_of_country(&regimes, None), None);
}

fn debts() -> impl Strategy<Value = Debt> {
    let settled = prop::collection::vec((0_u64..400, -50_000_i64..300_000), 0..6);
    (1_i64..1_000_000_000, settled).prop_map(|(minor, settled)| {
        let due_date = day("2025-03-10");
        let settled = settled.into_iter().map(|(after, minor)| Settled {
            on: due_date + Days::new(after),
            minor,
        });
        Debt {
            amount: Money::from_minor(minor, "EUR".parse().unwrap()),
            due_date,
            settled: settled.collect(),
            paused: Vec::new(),
        }
    })
}

proptest! {
    #[test]
    fn segments_part_the_days_on_which_something_is_owed(debt in debts(), days in 0_u64..500) {
        let to = debt.due_date + Days::new(days);
        let segments = interest(&debt, &regime("de_bgb_288"), &rates(), (debt.due_date, to)).unwrap();
        let counted: i64 = segments.iter().map(|one| one.days).sum();
        let owed = debt.late_from().iter_days().take_while(|day| *day <= to);
        let owed = owed.filter(|day| debt.principal_minor(*day) > 0).count();
        prop_assert_eq!(usize::try_from(counted).unwrap(), owed);
        for pair in segments.windows(2) {
            prop_assert!(pair[0].to < pair[1].from);
        }
        for one in &segments {
            prop_assert!(one.from > debt.due_date && one.to <= to);
            prop_assert!(one.interest.minor() >= 0);
            for day in one.from.iter_days().take_while(|day| *day <= one.to) {
                prop_assert_eq!(debt.principal_minor(day), one.principal.minor());
            }
        }
    }

    #[test]
    fn interest_of_two_spans_is_that_of_both(debt in debts(), first in 1_u64..250, second in 1_u64..250) {
        let middle = debt.due_date + Days::new(first);
        let end = middle + Days::new(second);
        let of = |from, to| interest(&debt, &regime("eu_2011_7"), &rates(), (from, to)).unwrap();
        let (one, two) = (of(debt.due_date, middle), of(next(middle), end));
        let both = of(debt.due_date, end);
        let apart = total_minor(&one).unwrap() + total_minor(&two).unwrap();
        let parts = i64::try_from(one.len() + two.len()).unwrap();
        // Each segment is rounded for itself.
        prop_assert!((apart - total_minor(&both).unwrap()).abs() <= parts);
    }

    #[test]
    fn nothing_runs_by_the_due_date(debt in debts(), days in 0_u64..400) {
        let to = debt.due_date.checked_sub_days(Days::new(days)).unwrap();
        let from = to.checked_sub_days(Days::new(30)).unwrap();
        let terms = Terms::Agreed(Figure::ONE);
        prop_assert_eq!(interest(&debt, &terms, &[], (from, to)).unwrap(), []);
    }
}
