use proptest::prelude::*;

use super::*;

fn close(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within, "{a} is not {b} ± {within}");
}

fn outcomes(goods: &[u8]) -> Vec<Outcome> {
    let outcome = |good: &u8| {
        if *good == 1 {
            Outcome::Good
        } else {
            Outcome::Bad
        }
    };
    goods.iter().map(outcome).collect()
}

fn free() -> LogisticSettings {
    LogisticSettings {
        ridge: 0.0,
        ..LogisticSettings::default()
    }
}

/// With one yes-or-no column the coefficients are the logs of the odds of its four counts:
/// β₀ = ln(6/4), β₁ = ln((9/1) ÷ (6/4)), and the variance of β₁ is 1/9 + 1/1 + 1/6 + 1/4.
#[test]
fn a_yes_or_no_column_gives_the_odds_of_its_counts() {
    let x = [vec![0.0; 10], vec![1.0; 10]].concat();
    let y = [vec![1; 6], vec![0; 4], vec![1; 9], vec![0; 1]].concat();
    let regressor = Regressor {
        name: "x",
        values: &x,
    };
    let fit = fit(&[regressor], &outcomes(&y), &free()).unwrap();
    close(fit.intercept.value, 1.5_f64.ln(), 1e-9);
    close(fit.coefficients[0].value, 6_f64.ln(), 1e-9);
    let variance: f64 = 1.0 / 9.0 + 1.0 + 1.0 / 6.0 + 1.0 / 4.0;
    close(fit.coefficients[0].standard_error, variance.sqrt(), 1e-7);
    let expected = 6.0 * 0.6_f64.ln() + 4.0 * 0.4_f64.ln() + 9.0 * 0.9_f64.ln() + 0.1_f64.ln();
    close(fit.log_likelihood, expected, 1e-9);
    assert!(fit.steps.last().unwrap().moved <= 1e-8);
}

/// On a single characteristic's weights of evidence the coefficient is 1 and the intercept the average log-odds.
#[test]
fn weights_of_evidence_alone_have_the_coefficient_one() {
    let bins = [(500, 30), (300, 35), (100, 35)];
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for (goods, bads) in bins {
        let woe = (f64::from(goods) / 900.0 / (f64::from(bads) / 100.0)).ln();
        x.extend((0..goods + bads).map(|_| woe));
        y.extend((0..goods + bads).map(|row| u8::from(row < goods)));
    }
    let regressor = Regressor {
        name: "delay",
        values: &x,
    };
    let fit = fit(&[regressor], &outcomes(&y), &free()).unwrap();
    close(fit.coefficients[0].value, 1.0, 1e-9);
    close(fit.intercept.value, 9_f64.ln(), 1e-9);
    assert!(fit.coefficients[0].p_value < 1e-6);
}

#[test]
fn perfect_separation_is_an_error_with_advice_unless_there_is_a_ridge() {
    let x = [0.0, 1.0, 2.0, 3.0];
    let y = outcomes(&[0, 0, 1, 1]);
    let regressor = Regressor {
        name: "x",
        values: &x,
    };
    let error = fit(&[regressor], &y, &free()).unwrap_err();
    assert_eq!(error, LogisticError::Separated { name: "x".into() });
    let ridged = fit(&[regressor], &y, &LogisticSettings::default()).unwrap();
    assert!(ridged.coefficients[0].value > 0.0);
}

#[test]
fn columns_that_repeat_each_other_are_named() {
    let (a, b) = ([0.0, 1.0, 2.0, 3.0, 1.0], [1.0, 0.0, 1.0, 0.0, 1.0]);
    let sum: Vec<f64> = a.iter().zip(b).map(|(a, b)| a + b).collect();
    let columns = [
        Regressor {
            name: "a",
            values: &a,
        },
        Regressor {
            name: "b",
            values: &b,
        },
        Regressor {
            name: "sum",
            values: &sum,
        },
    ];
    let y = outcomes(&[0, 1, 0, 1, 1]);
    let error = fit(&columns, &y, &free()).unwrap_err();
    assert_eq!(error, LogisticError::Singular { name: "sum".into() });
    assert!(fit(&columns, &y, &LogisticSettings::default()).is_ok());
}

#[test]
fn malformed_input_is_refused() {
    let y = outcomes(&[0, 1]);
    let nan = Regressor {
        name: "x",
        values: &[1.0, f64::NAN],
    };
    assert!(matches!(
        fit(&[nan], &y, &free()),
        Err(LogisticError::Malformed { .. })
    ));
    let ok = Regressor {
        name: "x",
        values: &[1.0, 0.0],
    };
    let one = fit(&[ok], &outcomes(&[1, 1]), &free());
    assert_eq!(one, Err(LogisticError::OneOutcome { goods: 2, bads: 0 }));
    let settings = LogisticSettings {
        ridge: -1.0,
        ..free()
    };
    assert!(matches!(
        fit(&[ok], &y, &settings),
        Err(LogisticError::Setting { .. })
    ));
}

/// Tables of the normal distribution.
#[test]
fn p_values_are_those_of_the_tables() {
    close(two_sided_p_value(0.0), 1.0, 1e-12);
    close(two_sided_p_value(1.0), 0.317_310_507_863, 1e-11);
    close(two_sided_p_value(-1.959_963_984_540_054), 0.05, 1e-12);
    close(two_sided_p_value(2.575_829_303_548_901), 0.01, 1e-12);
    close(two_sided_p_value(2.83), two_sided_p_value(2.828_427), 3e-5);
    close(two_sided_p_value(5.0) / 5.733_031_437_583e-7, 1.0, 1e-10);
}

proptest! {
    /// Whatever the rows: an answer of finite numbers whose slope is flat, or an error.
    #[test]
    fn a_fit_is_finite_and_its_average_is_the_data_s(
        rows in proptest::collection::vec((-3.0..3.0_f64, -3.0..3.0_f64, any::<bool>()), 2..60)
    ) {
        let a: Vec<f64> = rows.iter().map(|row| row.0).collect();
        let b: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let y: Vec<Outcome> = rows.iter().map(|row| if row.2 { Outcome::Good } else { Outcome::Bad }).collect();
        let columns = [Regressor { name: "a", values: &a }, Regressor { name: "b", values: &b }];
        if let Ok(fit) = fit(&columns, &y, &LogisticSettings::default()) {
            let beta = [fit.intercept.value, fit.coefficients[0].value, fit.coefficients[1].value];
            prop_assert!(beta.iter().all(|value| value.is_finite()));
            // The intercept is not penalised, so fitted and true goods are as many.
            let fitted: f64 = rows.iter().map(|row| 1.0 / (1.0 + (-(beta[0] + beta[1] * row.0 + beta[2] * row.1)).exp())).sum();
            let goods = y.iter().filter(|outcome| !outcome.is_bad()).count();
            prop_assert!((fitted - real(goods)).abs() < 1e-5);
        }
    }
}
