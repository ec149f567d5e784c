//! What may be sold or pledged, and what that does.

use chrono::NaiveDate;

use super::model::{Agreement, AgreementStatus, AssignmentEffect, FactoringKind, Recourse};
use crate::book::receivables::model::{Invoice, InvoiceStatus};

/// Why an invoice can't be sold or pledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssignmentRefused {
    #[error("the agreement has ended")]
    AgreementEnded,
    #[error("the agreement holds from {0}")]
    NotYet(NaiveDate),
    #[error("the agreement held until {0}")]
    NoLonger(NaiveDate),
    #[error("the invoice is {0}: only an open one can be sold or pledged")]
    NotOpen(InvoiceStatus),
    #[error("the invoice is with a factor already")]
    Assigned,
}

/// Whether an invoice can be sold or pledged under an agreement on a day.
///
/// # Errors
/// Why not.
pub fn check(
    agreement: &Agreement,
    invoice: &Invoice,
    is_assigned: bool,
    today: NaiveDate,
) -> Result<(), AssignmentRefused> {
    if agreement.status == AgreementStatus::Ended {
        return Err(AssignmentRefused::AgreementEnded);
    }
    if today < agreement.valid_from {
        return Err(AssignmentRefused::NotYet(agreement.valid_from));
    }
    if let Some(until) = agreement.valid_until
        && today > until
    {
        return Err(AssignmentRefused::NoLonger(until));
    }
    if is_assigned {
        return Err(AssignmentRefused::Assigned);
    }
    match invoice.status {
        InvoiceStatus::Open | InvoiceStatus::PartiallyPaid => Ok(()),
        status => Err(AssignmentRefused::NotOpen(status)),
    }
}

/// What an assignment does to exposure: only a sale without recourse takes the invoice out of it.
pub const fn effect(kind: FactoringKind, recourse: Recourse) -> AssignmentEffect {
    match (kind, recourse) {
        (FactoringKind::Sale, Recourse::Without) => AssignmentEffect::Leaves,
        (FactoringKind::Sale | FactoringKind::Pledge, _) => AssignmentEffect::Stays,
    }
}

/// What is paid at once of what is open, rounded half up: 80 % of 100.01 is 80.01.
pub fn advanced_minor(open_minor: i64, advance_ppm: i64) -> i64 {
    let product = i128::from(open_minor) * i128::from(advance_ppm);
    let rounded = (product + 500_000).div_euclid(1_000_000);
    i64::try_from(rounded).unwrap_or(open_minor).min(open_minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_worked_advance_is_rounded_half_up() {
        assert_eq!(advanced_minor(10_001, 800_000), 8_001);
        assert_eq!(advanced_minor(10_000, 800_000), 8_000);
        assert_eq!(advanced_minor(1, 500_000), 1);
        assert_eq!(advanced_minor(1, 499_999), 0);
        assert_eq!(advanced_minor(12_345, 0), 0);
        assert_eq!(advanced_minor(12_345, 1_000_000), 12_345);
    }

    #[test]
    fn only_a_sale_without_recourse_leaves_exposure() {
        for kind in FactoringKind::ALL {
            for recourse in Recourse::ALL {
                let leaves = effect(*kind, *recourse) == AssignmentEffect::Leaves;
                let is_true_sale = (*kind, *recourse) == (FactoringKind::Sale, Recourse::Without);
                assert_eq!(leaves, is_true_sale);
            }
        }
    }

    proptest! {
        #[test]
        fn an_advance_is_never_more_than_what_is_open(open in 1i64..=i64::MAX / 2, ppm in 0i64..=1_000_000) {
            let advanced = advanced_minor(open, ppm);
            prop_assert!((0..=open).contains(&advanced));
        }
    }
}
