use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn figure(text: &str) -> Figure {
    text.parse().unwrap()
}

fn cny(units: i64) -> Money {
    Money::from_minor(units * 100, "CNY".parse().unwrap())
}

fn forecast() -> SalesForecastIn {
    SalesForecastIn {
        yearly_need: cny(3_650_000),
        our_share: figure("0.6"),
        term_days: 60,
        buffer_days: 15,
        grade_factor: figure("0.9"),
    }
}

fn worth() -> NetWorthIn {
    NetWorthIn {
        net_assets: cny(8_000_000),
        intangible_and_doubtful: cny(1_000_000),
        working_capital: cny(2_500_000),
        share: figure("0.1"),
        grade_factor: figure("0.9"),
        variant: NetWorthVariant::CappedByWorkingCapital {
            working_capital_share: Figure::ONE,
        },
    }
}

fn record() -> PaymentAbilityIn {
    PaymentAbilityIn::History {
        paid: cny(1_800_000),
        period_days: 90,
        term_days: 60,
        timeliness: figure("0.85"),
    }
}

fn means(debts_due: i64) -> PaymentAbilityIn {
    PaymentAbilityIn::NoHistory {
        cash: cny(500_000),
        collectable_receivables: cny(900_000),
        undrawn_lines: cny(300_000),
        debts_due: cny(debts_due),
        major_suppliers: 4,
    }
}

fn three() -> Vec<Proposal> {
    vec![
        sales_forecast(&forecast()).unwrap(),
        net_worth(&worth()).unwrap(),
        payment_ability(&record()).unwrap(),
    ]
}

/// Formulas 3.11.
#[test]
fn the_three_methods_of_the_example() {
    let amounts: Vec<Money> = three().iter().map(|proposal| proposal.amount).collect();
    assert_eq!(amounts, [cny(405_000), cny(630_000), cny(1_020_000)]);
}

/// Formulas 3.11: the variant has no factor of the grade.
#[test]
fn net_worth_by_the_average() {
    let average = NetWorthIn {
        grade_factor: Figure::ONE,
        variant: NetWorthVariant::AverageWithWorkingCapital,
        ..worth()
    };
    assert_eq!(net_worth(&average).unwrap().amount, cny(475_000));
}

#[test]
fn a_proposal_tells_its_steps() {
    let found = sales_forecast(&forecast()).unwrap();
    let steps: Vec<_> = found
        .steps
        .iter()
        .map(|step| (step.name.as_str(), step.value))
        .collect();
    assert_eq!(
        steps,
        [
            ("expected_purchases", cny(2_190_000)),
            ("expected_outstanding", cny(450_000)),
            ("proposal", cny(405_000)),
        ]
    );
    assert_eq!(found.reasons, [LimitReason::ReducedByGrade]);
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(
        json["inputs"][1],
        serde_json::json!({"name": "our_share", "value": "0.6"})
    );
    assert_eq!(serde_json::from_value::<Proposal>(json).unwrap(), found);
}

#[test]
fn without_a_record_the_means_are_divided_among_suppliers() {
    let found = payment_ability(&means(700_000)).unwrap();
    assert_eq!(found.amount, cny(250_000));
    assert_eq!(found.reasons, [LimitReason::NoPaymentHistory]);
    let indebted = payment_ability(&means(5_000_000)).unwrap();
    assert_eq!(indebted.amount, cny(0));
    assert!(indebted.reasons.contains(&LimitReason::DebtsTakeAll));
}

#[test]
fn less_than_nothing_is_no_limit() {
    let broke = NetWorthIn {
        net_assets: cny(-10),
        working_capital: cny(-5),
        ..worth()
    };
    let found = net_worth(&broke).unwrap();
    assert_eq!(found.amount, cny(0));
    assert!(found.reasons.contains(&LimitReason::NoTangibleNetWorth));
    assert!(found.reasons.contains(&LimitReason::NoWorkingCapital));
    let worst = SalesForecastIn {
        grade_factor: Figure::ZERO,
        ..forecast()
    };
    let found = sales_forecast(&worst).unwrap();
    assert_eq!(
        (found.amount, found.reasons),
        (cny(0), vec![LimitReason::GradeHasNoLimit])
    );
}

/// `limit-rules` of the worked examples (payontime): the lower of 10% of net worth and 20% of working capital, or twice
/// the monthly sales. Rules without figures; the figures are ours.
#[test]
fn rules_of_thumb() {
    let lower = |working_capital| {
        let input = NetWorthIn {
            working_capital: cny(working_capital),
            intangible_and_doubtful: cny(0),
            grade_factor: Figure::ONE,
            variant: NetWorthVariant::CappedByWorkingCapital {
                working_capital_share: figure("0.2"),
            },
            ..worth()
        };
        net_worth(&input).unwrap()
    };
    assert_eq!(lower(10_000_000).amount, cny(800_000), "10% of net worth");
    let capped = lower(2_500_000);
    assert_eq!(capped.amount, cny(500_000), "20% of working capital");
    assert_eq!(capped.reasons, [LimitReason::CappedByWorkingCapital]);

    // Two months are 60.83 days: 61 are less than a day's purchases away.
    let twice_monthly = SalesForecastIn {
        yearly_need: cny(1_200_000),
        our_share: Figure::ONE,
        term_days: 61,
        buffer_days: 0,
        grade_factor: Figure::ONE,
    };
    let amount = sales_forecast(&twice_monthly).unwrap().amount;
    assert!(
        (amount.minor() - cny(200_000).minor()).abs() < cny(1_200_000).minor() / 365,
        "{amount}"
    );
}

/// `limit-rules` (Bernstein): not above 10% of the customer's net worth, and no customer above 10% of our own annual
/// business.
#[test]
fn no_customer_is_a_tenth_of_our_business() {
    let ours = Cap {
        kind: CapKind::Concentration,
        amount: cny(300_000),
    };
    let found = combine(&three()[1..2], &Combination::Min, &[ours], cny(1)).unwrap();
    assert_eq!(
        (found.limit, found.decided_by),
        (cny(300_000), Some(CapKind::Concentration))
    );
}

/// `limit-rules` (highako): the average of 10% of net worth, the median limit of other creditors and the stated need. An
/// average of equal weights; other creditors' limits are no method of ours, so that two are averaged here.
#[test]
fn proposals_are_combined() {
    let limit =
        |combination: &Combination| combine(&three(), combination, &[], cny(1)).unwrap().limit;
    assert_eq!(limit(&Combination::Min), cny(405_000));
    assert_eq!(limit(&Combination::Median), cny(630_000));
    let weights = |forecast: &str, worth: &str| Combination::Weighted {
        weights: BTreeMap::from([
            (LimitMethod::SalesForecast, figure(forecast)),
            (LimitMethod::NetWorth, figure(worth)),
        ]),
    };
    assert_eq!(limit(&weights("1", "1")), cny(517_500));
    assert_eq!(limit(&weights("3", "1")), cny(461_250));
    let two = combine(&three()[..2], &Combination::Median, &[], cny(1)).unwrap();
    assert_eq!(two.limit, cny(517_500));
    let nothing = combine(&three()[2..], &weights("1", "1"), &[], cny(1));
    assert_eq!(nothing, Err(LimitError::NoWeight));
}

#[test]
fn caps_lower_one_after_the_other_and_the_step_rounds_down() {
    let cap = |kind, units| Cap {
        kind,
        amount: cny(units),
    };
    let caps = [
        cap(CapKind::Grade, 400_000),
        cap(CapKind::Insured, 500_000),
        cap(CapKind::Requested, 382_500),
    ];
    let found = combine(&three(), &Combination::Min, &caps, cny(10_000)).unwrap();
    assert_eq!((found.combined, found.limit), (cny(405_000), cny(380_000)));
    assert_eq!(found.decided_by, Some(CapKind::Requested));
    let after: Vec<Money> = found.caps.iter().map(|taken| taken.after).collect();
    assert_eq!(after, [cny(400_000), cny(400_000), cny(382_500)]);
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(serde_json::from_value::<Combined>(json).unwrap(), found);
}

#[test]
fn what_can_not_be_computed_is_named() {
    let dollars = Money::zero("USD".parse().unwrap());
    let currencies = |found| matches!(found, Err(LimitError::Currencies { .. }));
    assert!(currencies(
        net_worth(&NetWorthIn {
            working_capital: dollars,
            ..worth()
        })
        .map(|_| ())
    ));
    assert!(currencies(
        combine(
            &three(),
            &Combination::Min,
            &[],
            dollars
                .checked_add(Money::from_minor(1, dollars.currency()))
                .unwrap()
        )
        .map(|_| ())
    ));
    let greedy = SalesForecastIn {
        our_share: figure("1.01"),
        ..forecast()
    };
    let share = LimitError::NoShare {
        input: "our_share",
        value: figure("1.01"),
    };
    assert_eq!(sales_forecast(&greedy), Err(share));
    let negative = SalesForecastIn {
        yearly_need: cny(-1),
        ..forecast()
    };
    assert_eq!(
        sales_forecast(&negative),
        Err(LimitError::Negative {
            input: "yearly_need"
        })
    );
    let timeless = PaymentAbilityIn::History {
        paid: cny(1),
        period_days: 0,
        term_days: 1,
        timeliness: Figure::ONE,
    };
    assert_eq!(
        payment_ability(&timeless),
        Err(LimitError::Zero {
            input: "period_days"
        })
    );
    assert_eq!(
        combine(&[], &Combination::Min, &[], cny(1)),
        Err(LimitError::NoProposal)
    );
    assert_eq!(
        combine(&three(), &Combination::Min, &[], cny(0)),
        Err(LimitError::Zero { input: "step" })
    );
    let twice = [three(), three()].concat();
    assert_eq!(
        combine(&twice, &Combination::Min, &[], cny(1)),
        Err(LimitError::Twice(LimitMethod::SalesForecast))
    );
}

fn any_share() -> impl Strategy<Value = Figure> {
    (0..=10_000_i64).prop_map(|parts| Figure::new(parts, 4))
}

fn any_money(minor: std::ops::Range<i64>) -> impl Strategy<Value = Money> {
    minor.prop_map(|minor| Money::from_minor(minor, cny(0).currency()))
}

fn any_forecast() -> impl Strategy<Value = SalesForecastIn> {
    (
        any_money(0..1_000_000_000_000),
        any_share(),
        0..365_u32,
        0..365_u32,
        any_share(),
    )
        .prop_map(
            |(yearly_need, our_share, term_days, buffer_days, grade_factor)| SalesForecastIn {
                yearly_need,
                our_share,
                term_days,
                buffer_days,
                grade_factor,
            },
        )
}

fn any_worth() -> impl Strategy<Value = NetWorthIn> {
    let signed = || any_money(-1_000_000_000_000..1_000_000_000_000);
    let variant = prop_oneof![
        Just(NetWorthVariant::AverageWithWorkingCapital),
        any_share().prop_map(
            |working_capital_share| NetWorthVariant::CappedByWorkingCapital {
                working_capital_share
            }
        ),
    ];
    (
        signed(),
        any_money(0..1_000_000_000_000),
        signed(),
        any_share(),
        any_share(),
        variant,
    )
        .prop_map(
            |(
                net_assets,
                intangible_and_doubtful,
                working_capital,
                share,
                grade_factor,
                variant,
            )| NetWorthIn {
                net_assets,
                intangible_and_doubtful,
                working_capital,
                share,
                grade_factor,
                variant,
            },
        )
}

fn any_ability() -> impl Strategy<Value = PaymentAbilityIn> {
    let amount = || any_money(0..1_000_000_000_000);
    prop_oneof![
        (amount(), 1..400_u32, 0..200_u32, any_share()).prop_map(
            |(paid, period_days, term_days, timeliness)| {
                PaymentAbilityIn::History {
                    paid,
                    period_days,
                    term_days,
                    timeliness,
                }
            }
        ),
        (amount(), amount(), amount(), amount(), 1..50_u32).prop_map(
            |(cash, collectable_receivables, undrawn_lines, debts_due, major_suppliers)| {
                PaymentAbilityIn::NoHistory {
                    cash,
                    collectable_receivables,
                    undrawn_lines,
                    debts_due,
                    major_suppliers,
                }
            }
        ),
    ]
}

fn any_proposals() -> impl Strategy<Value = Vec<Proposal>> {
    (any_forecast(), any_worth(), any_ability()).prop_map(|(forecast, worth, ability)| {
        vec![
            sales_forecast(&forecast).unwrap(),
            net_worth(&worth).unwrap(),
            payment_ability(&ability).unwrap(),
        ]
    })
}

fn any_cap() -> impl Strategy<Value = Cap> {
    let kind = prop::sample::select(vec![CapKind::Grade, CapKind::Insured, CapKind::Requested]);
    (kind, any_money(0..100_000_000_000)).prop_map(|(kind, amount)| Cap { kind, amount })
}

proptest! {
    #[test]
    fn a_limit_is_never_negative_nor_above_any_cap(
        proposals in any_proposals(),
        caps in prop::collection::vec(any_cap(), 0..4),
        step in 1..10_000_000_i64,
        weights in prop::array::uniform3(1..100_i64),
    ) {
        let step = Money::from_minor(step, cny(0).currency());
        let weights = proposals.iter().map(|proposal| proposal.method).zip(weights.map(|weight| Figure::new(weight, 2))).collect();
        let of = |combination| combine(&proposals, &combination, &caps, step).unwrap();
        let (min, weighted, median) =
            (of(Combination::Min), of(Combination::Weighted { weights }), of(Combination::Median));
        let highest = proposals.iter().map(|proposal| proposal.amount.minor()).max().unwrap();
        for found in [&min, &weighted, &median] {
            prop_assert!(found.limit.minor() >= 0);
            prop_assert!(found.limit.minor() <= found.combined.minor());
            prop_assert!(found.combined.minor() <= highest);
            prop_assert!(min.combined.minor() <= found.combined.minor());
            prop_assert!(min.limit.minor() <= found.limit.minor());
            prop_assert_eq!(found.limit.minor() % step.minor(), 0);
            for cap in &caps {
                prop_assert!(found.limit.minor() <= cap.amount.minor());
            }
        }
    }

    #[test]
    fn more_sales_time_and_grade_never_lower_a_forecast(less in any_forecast(), more in any_forecast()) {
        let more = SalesForecastIn {
            yearly_need: if more.yearly_need.minor() > less.yearly_need.minor() { more.yearly_need } else { less.yearly_need },
            our_share: more.our_share.max(less.our_share),
            term_days: more.term_days.max(less.term_days),
            buffer_days: more.buffer_days.max(less.buffer_days),
            grade_factor: more.grade_factor.max(less.grade_factor),
        };
        let amount = |input| sales_forecast(input).unwrap().amount.minor();
        prop_assert!(amount(&less) <= amount(&more));
    }

    #[test]
    fn more_worth_never_lowers_a_limit(input in any_worth(), more in 0..1_000_000_000_i64) {
        let more = Money::from_minor(more, cny(0).currency());
        let amount = |input| net_worth(&input).unwrap().amount.minor();
        let richer = NetWorthIn { net_assets: input.net_assets.checked_add(more).unwrap(), ..input };
        let liquid = NetWorthIn { working_capital: input.working_capital.checked_add(more).unwrap(), ..input };
        let doubtful = NetWorthIn {
            intangible_and_doubtful: input.intangible_and_doubtful.checked_add(more).unwrap(),
            ..input
        };
        prop_assert!(amount(input) <= amount(richer));
        prop_assert!(amount(input) <= amount(liquid));
        prop_assert!(amount(input) >= amount(doubtful));
    }

    #[test]
    fn paying_more_and_in_time_never_lowers_a_limit(
        paid in 0..1_000_000_000_i64, more in 0..1_000_000_000_i64, timeliness in any_share(), better in any_share(), period_days in 1..400_u32,
    ) {
        let amount = |minor, timeliness| {
            let paid = Money::from_minor(minor, cny(0).currency());
            let input = PaymentAbilityIn::History { paid, period_days, term_days: 60, timeliness };
            payment_ability(&input).unwrap().amount.minor()
        };
        prop_assert!(amount(paid, timeliness) <= amount(paid + more, timeliness.max(better)));
    }
}
