//! Whether what a document says of itself fits together.

use chrono::NaiveDate;

use crate::book::payment_terms::model::Instalment;
use kernel::money::Money;

/// What of a document does not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    #[error("must be in the currency of the amount")]
    Currency,
    #[error("net and tax must add up to the amount")]
    NotWhole,
    #[error("must not be more than the amount")]
    AboveAmount,
    #[error("the instalments must add up to the amount")]
    InstalmentsNotWhole,
    #[error("every instalment must be more than zero")]
    EmptyInstalment,
    #[error("may be given alone: without payment terms and due date")]
    InstalmentsAndTerms,
    #[error("must be the last due date of the payment terms, which have several")]
    OtherDueDate,
}

/// Net and tax of an amount, in minor units: where one is said, the other is the rest.
///
/// # Errors
/// When both do not add up to the amount, or one is more than it.
pub fn net_and_tax(
    amount: Money,
    net: Option<Money>,
    tax: Option<Money>,
) -> Result<Option<(i64, i64)>, DocumentFault> {
    let in_currency = |part: &Money| part.currency() == amount.currency();
    if !net.iter().chain(&tax).all(in_currency) {
        return Err(DocumentFault::Currency);
    }
    let rest = |part: Money| {
        let rest = amount.minor() - part.minor();
        if rest < 0 {
            Err(DocumentFault::AboveAmount)
        } else {
            Ok(rest)
        }
    };
    match (net, tax) {
        (None, None) => Ok(None),
        (Some(net), None) => Ok(Some((net.minor(), rest(net)?))),
        (None, Some(tax)) => Ok(Some((rest(tax)?, tax.minor()))),
        (Some(net), Some(tax)) if rest(net)? == tax.minor() => Ok(Some((net.minor(), tax.minor()))),
        (Some(_), Some(_)) => Err(DocumentFault::NotWhole),
    }
}

/// # Errors
/// When the instalments that a document states do not make up its amount.
pub fn check_instalments(amount: Money, instalments: &[Money]) -> Result<(), DocumentFault> {
    if instalments
        .iter()
        .any(|part| part.currency() != amount.currency())
    {
        return Err(DocumentFault::Currency);
    }
    if instalments.iter().any(|part| !part.is_positive()) {
        return Err(DocumentFault::EmptyInstalment);
    }
    let sum = instalments
        .iter()
        .map(|part| i128::from(part.minor()))
        .sum::<i128>();
    if sum == i128::from(amount.minor()) {
        Ok(())
    } else {
        Err(DocumentFault::InstalmentsNotWhole)
    }
}

/// What the payment terms make of an invoice that states its due date: of one instalment it is the due date, and no discount
/// holds beyond it; of several it must be the last.
///
/// Under 2/10 net 30 of 1 March, an invoice that states 5 March is due then, with 2 % until then.
///
/// # Errors
/// When the terms have several instalments, and the last is due on another day.
pub fn state_due_date(
    instalments: &mut [Instalment],
    stated: NaiveDate,
) -> Result<(), DocumentFault> {
    if let [only] = instalments {
        only.due_date = stated;
        for discount in &mut only.discounts {
            discount.until = discount.until.min(stated);
        }
        return Ok(());
    }
    let last = instalments.iter().map(|one| one.due_date).max();
    if last == Some(stated) {
        Ok(())
    } else {
        Err(DocumentFault::OtherDueDate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::payment_terms::model::{DiscountStep, InstalmentKind};

    fn cny(text: &str) -> Money {
        Money::parse(text, "CNY".parse().unwrap()).unwrap()
    }

    #[test]
    fn net_and_tax_make_the_amount() {
        let of = |net: Option<&str>, tax: Option<&str>| {
            net_and_tax(cny("113.00"), net.map(cny), tax.map(cny))
        };
        assert_eq!(of(None, None), Ok(None));
        assert_eq!(of(Some("100.00"), None), Ok(Some((10_000, 1_300))));
        assert_eq!(of(None, Some("13.00")), Ok(Some((10_000, 1_300))));
        assert_eq!(of(Some("100.00"), Some("13.00")), Ok(Some((10_000, 1_300))));
        assert_eq!(
            of(Some("100.00"), Some("12.00")),
            Err(DocumentFault::NotWhole)
        );
        assert_eq!(of(Some("114.00"), None), Err(DocumentFault::AboveAmount));
        let euros = Money::parse("1.00", "EUR".parse().unwrap()).unwrap();
        assert_eq!(
            net_and_tax(cny("113.00"), Some(euros), None),
            Err(DocumentFault::Currency)
        );
    }

    #[test]
    fn the_worked_example_of_a_stated_due_date() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let part = |amount, due: &str, until: Option<&str>| Instalment {
            kind: InstalmentKind::Instalment,
            amount: cny(amount),
            due_date: day(due),
            discounts: until
                .map(|until| DiscountStep {
                    until: day(until),
                    rate: "0.02".parse().unwrap(),
                })
                .into_iter()
                .collect(),
        };
        let mut one = [part("100.00", "2026-03-31", Some("2026-03-11"))];
        assert_eq!(state_due_date(&mut one, day("2026-03-05")), Ok(()));
        assert_eq!(one, [part("100.00", "2026-03-05", Some("2026-03-05"))]);
        let mut two = [
            part("50.00", "2026-03-31", None),
            part("50.00", "2026-04-30", None),
        ];
        assert_eq!(state_due_date(&mut two, day("2026-04-30")), Ok(()));
        let other = state_due_date(&mut two, day("2026-04-29"));
        assert_eq!(other, Err(DocumentFault::OtherDueDate));
    }

    #[test]
    fn stated_instalments_make_the_amount() {
        let check = |parts: &[&str]| {
            let parts: Vec<_> = parts.iter().map(|part| cny(part)).collect();
            check_instalments(cny("10.00"), &parts)
        };
        assert_eq!(check(&["4.00", "6.00"]), Ok(()));
        assert_eq!(
            check(&["4.00", "5.99"]),
            Err(DocumentFault::InstalmentsNotWhole)
        );
        assert_eq!(
            check(&["0.00", "10.00"]),
            Err(DocumentFault::EmptyInstalment)
        );
    }
}
