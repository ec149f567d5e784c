use super::*;
use proptest::prelude::*;

fn figure(text: &str) -> Figure {
    text.parse().unwrap()
}

fn cny(text: &str) -> Money {
    Money::parse(text, "CNY".parse().unwrap()).unwrap()
}

fn group(share: &str, pays_on_day: u32, discount_rate: &str) -> PayingGroup {
    PayingGroup {
        share: figure(share),
        pays_on_day,
        discount_rate: figure(discount_rate),
    }
}

/// The exercise of formulas 3.13, in units of 10,000: 3/10, 2/20, n/45.
fn exercise() -> TermsYear {
    TermsYear {
        credit_sales: cny("5000"),
        groups: vec![
            group("0.60", 10, "0.03"),
            group("0.18", 20, "0.02"),
            group("0.22", 45, "0"),
        ],
        variable_cost_share: figure("0.40"),
        capital_cost: figure("0.10"),
        bad_debt_share: figure("0.025"),
        collection_cost: cny("120"),
        year_days: YearDays::D360,
    }
}

#[test]
fn a_year_of_the_exercise() {
    let found = year_on_terms(&exercise()).unwrap();
    assert_eq!(found.average_collection_days, figure("19.5"));
    assert_eq!(found.average_receivables, cny("270.83"));
    assert_eq!(found.funds_tied_up, cny("108.33"));
    assert_eq!(found.opportunity_cost, cny("10.83"));
    assert_eq!(found.bad_debt, cny("125"));
    assert_eq!(found.credit_cost, cny("255.83"));
    assert_eq!(found.discounts, cny("108"));
    assert_eq!(found.profit_before_credit_cost, cny("2892"));
    assert_eq!(found.profit, cny("2636.17"));
}

/// `terms-mcdowell` of the worked examples (Brigham and Ehrhardt): 3/10 net 30, where 40% pay on day 10 and 60% on day 40.
#[test]
fn mcdowell_collects_after_28_days() {
    let mut year = TermsYear {
        credit_sales: cny("912500"),
        groups: vec![group("0.4", 10, "0.03"), group("0.6", 40, "0")],
        year_days: YearDays::D365,
        ..exercise()
    };
    let late = year_on_terms(&year).unwrap();
    assert_eq!(late.average_collection_days, figure("28"));
    assert_eq!(late.sales_per_day, cny("2500"));
    assert_eq!(late.average_receivables, cny("70000"));
    year.groups[1].pays_on_day = 30;
    let in_time = year_on_terms(&year).unwrap();
    assert_eq!(in_time.average_collection_days, figure("22"));
    assert_eq!(in_time.average_receivables, cny("55000"));
}

fn rates(rate: &str, days: u32, pays_on_day: u32, year_days: YearDays) -> (Figure, Figure) {
    let discount = Discount {
        rate: figure(rate),
        days,
    };
    let found = discount_cost(discount, pays_on_day, year_days).unwrap();
    (found.nominal, found.effective)
}

/// `terms-mcdowell`: published 56.44% and 74.35% to day 30, 37.63% and 44.86% to day 40.
#[test]
fn mcdowells_customers_pay_for_waiting() {
    assert_eq!(
        rates("0.03", 10, 30, YearDays::D365),
        (figure("0.564433"), figure("0.743476"))
    );
    assert_eq!(
        rates("0.03", 10, 40, YearDays::D365),
        (figure("0.376289"), figure("0.448585"))
    );
}

/// Formulas 3.13.
#[test]
fn two_ten_net_thirty() {
    let (nominal, effective) = rates("0.02", 10, 30, YearDays::D365);
    assert_eq!(nominal, figure("0.372449"));
    assert_eq!(effective, figure("0.445853"));
    assert_eq!(rates("0.02", 10, 30, YearDays::D360).0, figure("0.367347"));
}

/// Formulas 3.13.
fn order() -> OrderOnTerms {
    OrderOnTerms {
        amount: cny("100000"),
        margin: figure("0.25"),
        default_probability: figure("0.04"),
        loss_given_default: figure("1"),
        capital_cost: figure("0.08"),
        days: 75,
        year_days: YearDays::D365,
    }
}

fn break_even_at(order: &OrderOnTerms) -> Figure {
    match expected_profit(order).unwrap().break_even {
        BreakEven::At {
            default_probability,
        } => default_probability,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_order_and_the_probability_at_which_it_earns_nothing() {
    let found = expected_profit(&order()).unwrap();
    assert_eq!(found.expected_margin, cny("24000"));
    assert_eq!(found.expected_loss, cny("3000"));
    assert_eq!(found.financing_cost, cny("1232.88"));
    assert_eq!(found.expected_profit, cny("19767.12"));
    assert_eq!(break_even_at(&order()), figure("0.237671"));
    let secured = OrderOnTerms {
        loss_given_default: figure("0.6"),
        ..order()
    };
    assert_eq!(break_even_at(&secured), figure("0.33953"));
}

#[test]
fn an_order_may_never_pay_or_not_matter() {
    let thin = OrderOnTerms {
        margin: figure("0.01"),
        days: 365,
        ..order()
    };
    assert_eq!(
        expected_profit(&thin).unwrap().break_even,
        BreakEven::NeverPays
    );
    let nothing = OrderOnTerms {
        margin: figure("0"),
        loss_given_default: figure("0"),
        capital_cost: figure("0"),
        ..order()
    };
    assert_eq!(
        expected_profit(&nothing).unwrap().break_even,
        BreakEven::Indifferent
    );
}

#[test]
fn two_policies_side_by_side() {
    let net_45 = TermsYear {
        groups: vec![group("1", 45, "0")],
        ..exercise()
    };
    let found = compare_terms(&[net_45], &[exercise()]).unwrap();
    assert_eq!(found.change.average_collection_days, figure("-25.5"));
    assert_eq!(found.change.discounts, cny("108"));
    assert_eq!(found.change.opportunity_cost, cny("-14.17"));
    assert_eq!(found.change.profit, cny("-93.83"));
    let json = serde_json::to_value(found).unwrap();
    assert_eq!(
        serde_json::from_value::<TermsComparison>(json).unwrap(),
        found
    );
}

#[test]
fn a_book_is_the_sum_of_its_parts() {
    let net_45 = TermsYear {
        credit_sales: cny("15000"),
        groups: vec![group("1", 45, "0")],
        ..exercise()
    };
    let found = book_on_terms(&[exercise(), net_45.clone()]).unwrap();
    // (5,000 × 19.5 + 15,000 × 45) / 20,000
    assert_eq!(found.average_collection_days, figure("38.625"));
    assert_eq!(found.credit_sales, cny("20000"));
    // 255.83 and 75 + 375 + 120
    assert_eq!(found.credit_cost, cny("825.83"));
    assert_eq!(book_on_terms(&[exercise()]), year_on_terms(&exercise()));
    assert_eq!(book_on_terms(&[]), Err(TermsError::NoPart));
    let usd = Money::zero("USD".parse().unwrap());
    let foreign = TermsYear {
        credit_sales: usd,
        collection_cost: usd,
        ..net_45
    };
    assert!(matches!(
        book_on_terms(&[exercise(), foreign]),
        Err(TermsError::Currencies { .. })
    ));
}

#[test]
fn inputs_that_make_no_sense_are_named() {
    let mut year = exercise();
    year.groups.pop();
    assert_eq!(
        year_on_terms(&year),
        Err(TermsError::Shares {
            sum: figure("0.78")
        })
    );
    year = exercise();
    year.bad_debt_share = figure("1.5");
    let no_share = TermsError::NoShare {
        input: "bad_debt_share",
        value: figure("1.5"),
    };
    assert_eq!(year_on_terms(&year), Err(no_share));
    year = exercise();
    year.capital_cost = figure("-0.1");
    assert_eq!(
        year_on_terms(&year),
        Err(TermsError::Negative {
            input: "capital_cost"
        })
    );
    year.collection_cost = Money::zero("USD".parse().unwrap());
    assert!(matches!(
        year_on_terms(&year),
        Err(TermsError::Currencies { .. })
    ));

    let two_ten = Discount {
        rate: figure("0.02"),
        days: 10,
    };
    let early = TermsError::WithinDiscount {
        pays_on_day: 10,
        discount_days: 10,
    };
    assert_eq!(discount_cost(two_ten, 10, YearDays::D365), Err(early));
    let all = Discount {
        rate: figure("1"),
        days: 10,
    };
    assert_eq!(
        discount_cost(all, 30, YearDays::D365),
        Err(TermsError::NoDiscount)
    );
    let steep = Discount {
        rate: figure("0.9"),
        days: 10,
    };
    assert_eq!(
        discount_cost(steep, 11, YearDays::D365),
        Err(TermsError::TooLarge)
    );
    assert!(serde_json::from_value::<YearDays>(serde_json::json!(366)).is_err());
}

fn any_order() -> impl Strategy<Value = OrderOnTerms> {
    let share = || (0..=10_000_i64).prop_map(|hundredths| Figure::new(hundredths, 4));
    (
        0..100_000_000_000_i64,
        share(),
        share(),
        share(),
        0..5_000_i64,
        0..720_u32,
    )
        .prop_map(
            |(minor, margin, default_probability, loss_given_default, cost, days)| OrderOnTerms {
                amount: Money::from_minor(minor, cny("0").currency()),
                margin,
                default_probability,
                loss_given_default,
                capital_cost: Figure::new(cost, 4),
                days,
                year_days: YearDays::D365,
            },
        )
}

proptest! {
    #[test]
    fn at_break_even_nothing_is_earned(order in any_order()) {
        let found = expected_profit(&order).unwrap();
        if let BreakEven::At { default_probability } = found.break_even {
            let at = OrderOnTerms { default_probability, ..order };
            let earned = expected_profit(&at).unwrap().expected_profit.minor();
            // The probability is rounded to 6 places, and three amounts to the minor unit.
            prop_assert!(earned.abs() <= order.amount.minor() / 1_000_000 + 2, "{}", earned);
        } else {
            prop_assert!(found.expected_profit.minor() <= 1);
        }
    }

    #[test]
    fn more_risk_never_earns_more(order in any_order(), riskier in 0..=10_000_i64) {
        let riskier = OrderOnTerms { default_probability: Figure::new(riskier, 4), ..order };
        let (low, high) = if riskier.default_probability >= order.default_probability {
            (order, riskier)
        } else {
            (riskier, order)
        };
        let profit = |order| expected_profit(order).unwrap().expected_profit.minor();
        prop_assert!(profit(&high) <= profit(&low));
    }

    #[test]
    fn a_years_sums_are_the_readers(sales in 0..1_000_000_000_i64, early in 0..=100_i64, day in 0..180_u32) {
        let year = TermsYear {
            credit_sales: Money::from_minor(sales, cny("0").currency()),
            groups: vec![
                PayingGroup { share: Figure::new(early, 2), pays_on_day: 10, discount_rate: Figure::new(2, 2) },
                PayingGroup { share: Figure::new(100 - early, 2), pays_on_day: day, discount_rate: Figure::ZERO },
            ],
            ..exercise()
        };
        let found = year_on_terms(&year).unwrap();
        let costs = found.opportunity_cost.minor() + found.bad_debt.minor() + found.collection_cost.minor();
        prop_assert_eq!(found.credit_cost.minor(), costs);
        let rest = sales - found.discounts.minor() - found.variable_cost.minor() - costs;
        prop_assert_eq!(found.profit.minor(), rest);
        let lowest = day.min(10);
        prop_assert!(found.average_collection_days >= Figure::from(lowest));
        prop_assert!(found.average_collection_days <= Figure::from(day.max(10)));
    }

    #[test]
    fn the_effective_rate_is_never_below_the_nominal(rate in 1..300_i64, wait in 10..300_u32) {
        let discount = Discount { rate: Figure::new(rate, 4), days: 10 };
        let found = discount_cost(discount, 10 + wait, YearDays::D365).unwrap();
        prop_assert!(found.effective >= found.nominal);
    }
}
