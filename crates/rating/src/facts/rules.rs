//! Whether what somebody says answers an indicator, and which of several answers counts.

use chrono::NaiveDate;

use super::model::CustomerFact;
use crate::rating::catalogue::{Entry, Origin, Place};
use methods::scoring::Value;

/// Why a value is no answer to an indicator.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoAnswer {
    #[error("is computed from {0}: nobody says it")]
    Computed(&'static str),
    #[error("must be a number from {0} to {1}")]
    Number(f64, f64),
    #[error("must be one of {0}")]
    Choice(String),
}

/// Whether a value answers an indicator.
///
/// # Errors
/// When the indicator is computed, or takes other values.
pub fn check(entry: &Entry, value: &Value) -> Result<(), NoAnswer> {
    match (entry.origin, value) {
        (Origin::Said(least, most), Value::Number(number)) if (least..=most).contains(number) => {
            Ok(())
        }
        (Origin::Said(least, most), _) => Err(NoAnswer::Number(least, most)),
        (Origin::Chosen(choices), Value::Answer(given))
            if choices.iter().any(|choice| choice.answer == given) =>
        {
            Ok(())
        }
        (Origin::Chosen(choices), _) => {
            let answers: Vec<&str> = choices.iter().map(|choice| choice.answer).collect();
            Err(NoAnswer::Choice(answers.join(", ")))
        }
        (Origin::Ratio(_) | Origin::Altman(_) | Origin::Ledger(_) | Origin::Table(_), _) => {
            Err(NoAnswer::Computed(match entry.origin.place() {
                Place::FinancialStatements => "financial statements",
                Place::Ledger => "our own ledger",
                Place::IndustryTable | Place::Facts => "the industry table",
            }))
        }
    }
}

/// Which of the facts about one indicator counts as of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting<'a> {
    /// The newest of those that hold.
    Holds(&'a CustomerFact),
    /// None holds any more; this one did last.
    Expired(&'a CustomerFact),
    NotSaid,
}

/// Of facts about one customer and indicator, in any order, the one that counts as of a day: the newest that holds then,
/// of those for one day the one said last.
pub fn counting<'a>(
    facts: impl IntoIterator<Item = &'a CustomerFact>,
    on: NaiveDate,
) -> Counting<'a> {
    let mut best = Counting::NotSaid;
    for fact in facts.into_iter().filter(|fact| fact.as_of <= on) {
        let holds = fact.expires_on >= on;
        let is_newer = |other: &CustomerFact| (fact.as_of, fact.id) > (other.as_of, other.id);
        let is_later =
            |other: &CustomerFact| (fact.expires_on, fact.id) > (other.expires_on, other.id);
        best = match best {
            Counting::Holds(other) if !holds || !is_newer(other) => best,
            Counting::Expired(other) if !holds && !is_later(other) => best,
            _ if holds => Counting::Holds(fact),
            _ => Counting::Expired(fact),
        };
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating::catalogue::find;
    use kernel::clock::machine_now;
    use kernel::ids::{CustomerFactId, CustomerId};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn fact(as_of: &str, expires_on: &str) -> CustomerFact {
        CustomerFact {
            id: CustomerFactId::new(),
            customer_id: CustomerId::new(),
            indicator: "MARKET_SHARE".to_owned(),
            value: "0.1".to_owned(),
            source: "Sales".parse().unwrap(),
            as_of: day(as_of),
            expires_on: day(expires_on),
            note: None,
            said_by: "u-1".parse().unwrap(),
            said_at: machine_now(),
            panel_id: None,
        }
    }

    #[test]
    fn the_newest_that_holds_counts() {
        let facts = [
            fact("2026-01-01", "2026-12-31"),
            fact("2026-03-01", "2026-04-30"),
            fact("2026-02-01", "2027-01-31"),
        ];
        let on = |text: &str| counting(&facts, day(text));
        assert_eq!(on("2025-12-31"), Counting::NotSaid);
        assert_eq!(on("2026-01-31"), Counting::Holds(&facts[0]));
        assert_eq!(on("2026-04-30"), Counting::Holds(&facts[1]));
        assert_eq!(on("2026-05-01"), Counting::Holds(&facts[2]));
        assert_eq!(on("2027-02-01"), Counting::Expired(&facts[2]));
        let twice = [
            facts[0].clone(),
            CustomerFact {
                id: CustomerFactId::new(),
                ..facts[0].clone()
            },
        ];
        assert_eq!(
            counting(&twice, day("2026-06-01")),
            Counting::Holds(&twice[1])
        );
        assert_eq!(
            counting(twice.iter().rev(), day("2026-06-01")),
            Counting::Holds(&twice[1])
        );
    }

    #[test]
    fn an_answer_must_fit_its_indicator() {
        let answer = |text: &str| Value::Answer(text.to_owned());
        let fits = |code: &str, value: Value| check(find(code).unwrap(), &value).is_ok();
        assert!(fits("MARKET_SHARE", Value::Number(1.0)));
        assert!(!fits("MARKET_SHARE", Value::Number(1.01)));
        assert!(!fits("MARKET_SHARE", Value::Number(f64::NAN)));
        assert!(!fits("MARKET_SHARE", answer("0.5")));
        assert!(fits("AUDIT_OPINION", answer("qualified")));
        assert!(!fits("AUDIT_OPINION", answer("Qualified")));
        assert!(!fits("AUDIT_OPINION", Value::Number(1.0)));
        for computed in [
            "CURRENT_RATIO",
            "ALTMAN_Z_PRIVATE",
            "OVERDUE_COUNT",
            "INDUSTRY_GROWTH",
        ] {
            assert!(!fits(computed, Value::Number(1.0)), "{computed}");
        }
    }
}
