use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn cny(text: &str) -> Money {
    Money::parse(text, "CNY".parse().unwrap()).unwrap()
}

fn terms(instalments: &Value) -> Terms {
    serde_json::from_value(json!({"texts": {"en": "T"}, "instalments": instalments})).unwrap()
}

fn told(terms: &Terms, amount: &str, baseline: &str) -> Vec<(String, String)> {
    let parts = instalments(terms, None, cny(amount), day(baseline), None).unwrap();
    parts
        .into_iter()
        .map(|part| (part.amount.amount_text(), part.due_date.to_string()))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(amount, due)| ((*amount).to_owned(), (*due).to_owned()))
        .collect()
}

#[test]
fn the_worked_example_of_three_instalments() {
    let terms = terms(&json!([
        {"share": "0.30", "due": {"days": 30}},
        {"share": "0.30", "due": {"days": 60}},
        {"due": {"days": 90}}
    ]));
    assert_eq!(faults(&terms), []);
    assert_eq!(
        told(&terms, "100.00", "2026-03-31"),
        pairs(&[
            ("30.00", "2026-04-30"),
            ("30.00", "2026-05-30"),
            ("40.00", "2026-06-29")
        ])
    );
    // Rounded half up, and the rest takes what that leaves.
    assert_eq!(
        told(&terms, "0.05", "2026-03-31"),
        pairs(&[
            ("0.02", "2026-04-30"),
            ("0.02", "2026-05-30"),
            ("0.01", "2026-06-29")
        ])
    );
}

#[test]
fn a_deposit_comes_first_and_takes_no_more_than_there_is() {
    let terms = terms(&json!([
        {"amount": {"amount": "1000.00", "currency": "CNY"}, "due": {}},
        {"due": {"days": 30}}
    ]));
    assert_eq!(faults(&terms), []);
    assert_eq!(
        told(&terms, "2500.00", "2026-03-31"),
        pairs(&[("1000.00", "2026-03-31"), ("1500.00", "2026-04-30")])
    );
    assert_eq!(
        told(&terms, "800.00", "2026-03-31"),
        pairs(&[("800.00", "2026-03-31")])
    );
    let euros = Money::parse("800.00", "EUR".parse().unwrap()).unwrap();
    assert!(matches!(
        instalments(&terms, None, euros, day("2026-03-31"), None),
        Err(TermsError::Currency { .. })
    ));
}

#[test]
fn days_are_found_by_month_end_and_day_of_month() {
    let find = |rule: Value, from: &str| {
        let rule: DayRule = serde_json::from_value(rule).unwrap();
        day_by(&rule, day(from)).to_string()
    };
    assert_eq!(find(json!({"days": 30}), "2026-01-15"), "2026-02-14");
    assert_eq!(find(json!({"month_end": true}), "2026-01-15"), "2026-01-31");
    let later = json!({"month_end": true, "days_after_month_end": 10});
    assert_eq!(find(later, "2026-01-15"), "2026-02-10");
    let next = json!({"month_end": true, "day_of_month": 25});
    assert_eq!(find(next.clone(), "2026-01-15"), "2026-02-25");
    // The last day of January is the end of its month, and the 25th after it is in February.
    assert_eq!(find(next, "2026-01-31"), "2026-02-25");
    let thirty = json!({"days": 30, "month_end": true});
    assert_eq!(find(thirty, "2026-01-31"), "2026-03-31");
    let second = json!({"month_end": true, "months": 1});
    assert_eq!(find(second, "2024-01-31"), "2024-02-29");
    assert_eq!(
        find(json!({"day_of_month": 31}), "2026-02-03"),
        "2026-02-28"
    );
    assert_eq!(find(json!({"day_of_month": 5}), "2026-12-06"), "2027-01-05");
}

#[test]
fn the_worked_example_of_discounts_in_steps() {
    let terms = terms(&json!([{"due": {"days": 45}, "discounts": [
        {"until": {"days": 10}, "rate": "0.03"}, {"until": {"days": 20}, "rate": "0.02"}
    ]}]));
    let parts = instalments(&terms, None, cny("5000.00"), day("2026-03-01"), None).unwrap();
    let rate_on =
        |on: &str| discount_on(&parts[0].discounts, day(on)).map(|step| step.rate.to_string());
    assert_eq!(rate_on("2026-03-11").as_deref(), Some("0.03"));
    assert_eq!(rate_on("2026-03-12").as_deref(), Some("0.02"));
    assert_eq!(rate_on("2026-03-21").as_deref(), Some("0.02"));
    assert_eq!(rate_on("2026-03-22"), None);
    assert_eq!(
        part_of(cny("1000.25"), "0.02".parse().unwrap()),
        Ok(cny("20.01"))
    );
}

#[test]
fn what_falls_on_a_holiday_shifts_to_a_business_day() {
    let calendar: Calendar = serde_json::from_value(json!({
        "texts": {"en": "China"}, "weekend": ["saturday", "sunday"], "days": [
            {"day": "2026-10-01", "kind": "holiday", "name": "National Day"},
            {"day": "2026-10-02", "kind": "holiday", "name": null},
            {"day": "2026-10-05", "kind": "holiday", "name": null},
            {"day": "2026-10-10", "kind": "working_day", "name": null}
        ]
    }))
    .unwrap();
    assert_eq!(calendar_faults(&calendar), []);
    let go = |on: &str, shift| shifted(day(on), shift, Some(&calendar)).to_string();
    assert_eq!(go("2026-10-01", Shift::Following), "2026-10-06");
    assert_eq!(go("2026-10-03", Shift::Preceding), "2026-09-30");
    assert_eq!(go("2026-10-10", Shift::Following), "2026-10-10");
    assert_eq!(go("2026-10-03", Shift::None), "2026-10-03");
}

#[test]
fn a_document_states_the_due_date_where_the_terms_leave_it_open() {
    let terms = terms(&json!([{"discounts": [{"until": {"days": 10}, "rate": "0.02"}]}]));
    assert_eq!(faults(&terms), []);
    let with = |stated| instalments(&terms, None, cny("10.00"), day("2026-03-01"), stated);
    assert_eq!(with(None), Err(TermsError::DueDateMissing));
    let parts = with(Some(day("2026-03-05"))).unwrap();
    assert_eq!(parts[0].due_date, day("2026-03-05"));
    // No discount holds beyond the due date.
    assert_eq!(parts[0].discounts[0].until, day("2026-03-05"));
}

#[test]
fn terms_that_make_no_sense_are_told_where() {
    let codes = |rules: Value| -> Vec<(String, &'static str)> {
        let found = faults(&terms(&rules));
        found
            .into_iter()
            .map(|fault| (fault.pointer, fault.code))
            .collect()
    };
    let one = |pointer: &str, code| vec![(pointer.to_owned(), code)];
    let half = json!({"share": "0.5", "due": {}});
    assert_eq!(codes(json!([half, half])), []);
    assert_eq!(codes(json!([half])), one("/instalments", "not_whole"));
    assert_eq!(
        codes(json!([half, half, {"due": {}}])),
        one("/instalments", "not_whole")
    );
    assert_eq!(
        codes(json!([half, {}])),
        one("/instalments/1/due", "missing")
    );
    assert_eq!(
        codes(json!([{"due": {"months": 1}}])),
        one("/instalments/0/due/month_end", "missing")
    );
    let discounts =
        json!([{"until": {"days": 5}, "rate": "0.02"}, {"until": {"days": 9}, "rate": "0.03"}]);
    assert_eq!(
        codes(json!([{"due": {"days": 30}, "discounts": discounts}])),
        one("/instalments/0/discounts/1/rate", "not_descending")
    );
    assert_eq!(
        codes(json!([{"due": {}, "discounts": [{"until": {}, "rate": "1"}]}])),
        one("/instalments/0/discounts/0/rate", "out_of_range")
    );
}

/// Shares in hundredths with a rest, fixed amounts among them.
fn rules() -> impl Strategy<Value = Vec<InstalmentRule>> {
    let one = (1u32..20, prop::option::of(1i64..50_000), 0u32..200);
    prop::collection::vec(one, 0..5).prop_map(|parts| {
        let mut rules: Vec<InstalmentRule> = parts
            .into_iter()
            .map(|(share, fixed, days)| InstalmentRule {
                kind: None,
                share: fixed
                    .is_none()
                    .then(|| format!("0.{share:02}").parse().unwrap()),
                amount: fixed.map(|minor| {
                    PositiveIn::try_from(Money::from_minor(minor, "CNY".parse().unwrap())).unwrap()
                }),
                due: Some(DayRule {
                    days,
                    ..DayRule::default()
                }),
                discounts: Vec::new(),
            })
            .collect();
        rules.push(InstalmentRule {
            kind: None,
            share: None,
            amount: None,
            due: Some(DayRule::default()),
            discounts: Vec::new(),
        });
        rules
    })
}

proptest! {
    #[test]
    fn instalments_add_up_to_the_whole_to_the_minor_unit(rules in rules(), minor in 1i64..10_000_000) {
        let amount = Money::from_minor(minor, "CNY".parse().unwrap());
        let parts = split(&rules, amount).unwrap();
        prop_assert_eq!(parts.iter().map(|part| part.minor()).sum::<i64>(), minor);
        prop_assert!(parts.iter().all(|part| !part.is_negative()));
    }

    #[test]
    fn a_day_is_never_before_the_baseline(
        days in 0u32..400, month_end: bool, months in 0u32..24, of_month in prop::option::of(1u32..32), from in 0u32..4_000,
    ) {
        let baseline = plus(day("2024-01-01"), from);
        let rule = DayRule { days, month_end, months, days_after_month_end: 0, day_of_month: of_month };
        prop_assert!(day_by(&rule, baseline) >= plus(baseline, days));
    }
}
