//! The normal distribution's tails.

#![expect(
    clippy::float_arithmetic,
    reason = "probabilities are statistics, not money"
)]

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The probability that a standard normal number is at least as far from 0 as `z`: erfc(|z| ÷ √2).
///
/// Near 0 by the power series of erf, further out by the continued fraction of erfc (both from Abramowitz & Stegun,
/// 7.1.6 and 7.1.14); right to twelve digits.
pub fn two_sided_p_value(z: f64) -> f64 {
    let x = z.abs() * FRAC_1_SQRT_2;
    if x < 2.0 {
        // erf(x) = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1))
        let mut term = x;
        let mut sum = x;
        for n in 1..100 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
        }
        return (1.0 - 2.0 / PI.sqrt() * (-x * x).exp() * sum).clamp(0.0, 1.0);
    }
    // √π · e^(x²) · erfc(x) = 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …))))
    let mut tail = x;
    for n in (1..=100).rev() {
        tail = x + f64::from(n) / 2.0 / tail;
    }
    ((-x * x).exp() / (PI.sqrt() * tail)).clamp(0.0, 1.0)
}
