//! What may be done with an instrument, and by when it must be presented.

use chrono::{Days, Months, NaiveDate};

use super::model::{InstrumentStatus, InstrumentVerb};
use crate::book::catalogues::model::{Attribute, Item};

/// How many days ahead an instrument may be dated.
pub const ISSUE_DAYS_AHEAD_MAX: u64 = 366;

/// A step that the state of an instrument does not allow, and those that it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the instrument is {status}")]
pub struct NotAllowed {
    pub status: InstrumentStatus,
    pub allowed: &'static [InstrumentVerb],
}

/// What can be done with an instrument in a state.
pub const fn allowed(status: InstrumentStatus) -> &'static [InstrumentVerb] {
    use InstrumentVerb as Verb;
    match status {
        InstrumentStatus::Received => &[Verb::Hold, Verb::Withdraw],
        InstrumentStatus::Held => &[Verb::Endorse, Verb::Discount, Verb::Present, Verb::Withdraw],
        InstrumentStatus::Endorsed | InstrumentStatus::Discounted | InstrumentStatus::Presented => {
            &[Verb::Clear, Verb::Dishonour]
        }
        InstrumentStatus::Dishonoured => &[Verb::StartRecourse],
        InstrumentStatus::Cleared | InstrumentStatus::Recourse | InstrumentStatus::Withdrawn => &[],
    }
}

/// Where a step leads.
///
/// # Errors
/// When the state does not allow it.
pub fn next(
    status: InstrumentStatus,
    verb: InstrumentVerb,
) -> Result<InstrumentStatus, NotAllowed> {
    let allowed = allowed(status);
    if !allowed.contains(&verb) {
        return Err(NotAllowed { status, allowed });
    }
    Ok(match verb {
        InstrumentVerb::Hold => InstrumentStatus::Held,
        InstrumentVerb::Endorse => InstrumentStatus::Endorsed,
        InstrumentVerb::Discount => InstrumentStatus::Discounted,
        InstrumentVerb::Present => InstrumentStatus::Presented,
        InstrumentVerb::Clear => InstrumentStatus::Cleared,
        InstrumentVerb::Dishonour => InstrumentStatus::Dishonoured,
        InstrumentVerb::StartRecourse => InstrumentStatus::Recourse,
        InstrumentVerb::Withdraw => InstrumentStatus::Withdrawn,
    })
}

/// Whether an instrument in this state counts as exposure.
pub const fn counts(status: InstrumentStatus) -> bool {
    match status {
        InstrumentStatus::Received
        | InstrumentStatus::Held
        | InstrumentStatus::Endorsed
        | InstrumentStatus::Discounted
        | InstrumentStatus::Presented => true,
        InstrumentStatus::Cleared
        | InstrumentStatus::Dishonoured
        | InstrumentStatus::Recourse
        | InstrumentStatus::Withdrawn => false,
    }
}

/// What the catalogue says of a kind of instrument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindOfInstrument {
    /// Money and no instrument: it is a receipt.
    pub is_cash: bool,
    /// Somebody beside the customer must pay it, and is to be named.
    pub needs_acceptor: bool,
    /// It is exposure on its acceptor as well.
    pub counts_on_acceptor: bool,
    /// The longest time from issue to maturity, in months.
    tenor_months: Option<u32>,
    presentation: Presentation,
}

/// How the last day of presentation is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Presentation {
    /// So many days after issue.
    DaysFromIssue(u32),
    /// So many months after issue.
    MonthsFromIssue(u32),
    /// So many days after maturity.
    DaysFromMaturity(u32),
    /// By its own terms: whoever enters it says the day.
    #[default]
    ByTerms,
}

/// What is wrong with the dates of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatesError {
    #[error("must not be more than {ISSUE_DAYS_AHEAD_MAX} days ahead")]
    IssueTooFarAhead,
    #[error("must be given for this kind")]
    MaturityMissing,
    #[error("must not be more than {0} months after the issue date")]
    TenorTooLong(u32),
    #[error("is found by the kind and must be left out")]
    FoundByKind,
    #[error("must not be before the issue date")]
    PresentBeforeIssue,
}

impl DatesError {
    /// Where it is wrong.
    pub const fn pointer(self) -> &'static str {
        match self {
            DatesError::IssueTooFarAhead => "/issue_date",
            DatesError::MaturityMissing | DatesError::TenorTooLong(_) => "/maturity_date",
            DatesError::FoundByKind | DatesError::PresentBeforeIssue => "/present_by",
        }
    }
}

/// The dates of an instrument that came in.
#[derive(Debug, Clone, Copy)]
pub struct Dates {
    pub issue: NaiveDate,
    pub maturity: Option<NaiveDate>,
    /// The last day of presentation as it was given.
    pub present_by: Option<NaiveDate>,
}

impl KindOfInstrument {
    /// Reads what an item of the catalogue says. An attribute that is not there says nothing.
    pub fn of(item: &Item) -> KindOfInstrument {
        let flag = |name| matches!(item.attributes.get(name), Some(Attribute::Flag(true)));
        let count = |name| match item.attributes.get(name) {
            Some(Attribute::Count(count)) => u32::try_from(*count).ok(),
            _ => None,
        };
        let presentation = count("presentation_days")
            .map(Presentation::DaysFromIssue)
            .or_else(|| count("presentation_months").map(Presentation::MonthsFromIssue))
            .or_else(|| count("days_after_maturity").map(Presentation::DaysFromMaturity))
            .unwrap_or_default();
        KindOfInstrument {
            is_cash: flag("is_cash"),
            needs_acceptor: flag("needs_acceptor"),
            counts_on_acceptor: flag("counts_on_acceptor"),
            tenor_months: count("tenor_months"),
            presentation,
        }
    }

    /// The last day on which an instrument can be presented, with the rule that says so.
    ///
    /// A cheque of 31 March 2026 (10 days): 10 April 2026. A bank promissory note of 31 December 2025 (2 months):
    /// 28 February 2026, the last day of a shorter month. A bill that matures on 15 September 2026 (10 days): 25 September.
    ///
    /// # Errors
    /// When a date is missing, or out of the kind's bounds.
    pub fn last_day(
        &self,
        dates: &Dates,
        today: NaiveDate,
    ) -> Result<Option<(NaiveDate, String)>, DatesError> {
        if dates.issue > plus_days(today, ISSUE_DAYS_AHEAD_MAX) {
            return Err(DatesError::IssueTooFarAhead);
        }
        if let (Some(months), Some(maturity)) = (self.tenor_months, dates.maturity)
            && maturity > plus_months(dates.issue, months)
        {
            return Err(DatesError::TenorTooLong(months));
        }
        let given = dates.present_by;
        if given.is_some_and(|day| day < dates.issue) {
            return Err(DatesError::PresentBeforeIssue);
        }
        let found = match self.presentation {
            Presentation::ByTerms => return Ok(given.map(|day| (day, "present_by".to_owned()))),
            Presentation::DaysFromIssue(days) => (
                plus_days(dates.issue, u64::from(days)),
                format!("presentation_days={days}"),
            ),
            Presentation::MonthsFromIssue(months) => (
                plus_months(dates.issue, months),
                format!("presentation_months={months}"),
            ),
            Presentation::DaysFromMaturity(days) => {
                let maturity = dates.maturity.ok_or(DatesError::MaturityMissing)?;
                (
                    plus_days(maturity, u64::from(days)),
                    format!("days_after_maturity={days}"),
                )
            }
        };
        if given.is_some() {
            return Err(DatesError::FoundByKind);
        }
        Ok(Some(found))
    }
}

fn plus_days(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days))
        .unwrap_or(NaiveDate::MAX)
}

fn plus_months(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months))
        .unwrap_or(NaiveDate::MAX)
}

/// What is wrong with the day of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepDayError {
    #[error("must not be in the future")]
    InFuture,
    #[error("must not be before the day of the step before, {0}")]
    BeforeLastStep(NaiveDate),
}

/// The day on which a step counts: today, or one that is asked for, from the day of the step before on.
///
/// # Errors
/// When the day is out of these bounds.
pub fn step_day(
    last_step: NaiveDate,
    today: NaiveDate,
    asked: Option<NaiveDate>,
) -> Result<NaiveDate, StepDayError> {
    let on = asked.unwrap_or(today);
    if on > today {
        return Err(StepDayError::InFuture);
    }
    if on < last_step {
        return Err(StepDayError::BeforeLastStep(last_step));
    }
    Ok(on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn kind(attributes: &serde_json::Value) -> KindOfInstrument {
        let item = json!({"code": "a", "texts": {"en": "A"}, "attributes": attributes});
        KindOfInstrument::of(&serde_json::from_value(item).unwrap())
    }

    fn dates(issue: &str, maturity: Option<&str>) -> Dates {
        Dates {
            issue: day(issue),
            maturity: maturity.map(day),
            present_by: None,
        }
    }

    #[test]
    fn the_worked_days_of_presentation() {
        let today = day("2026-03-31");
        let last = |attributes: serde_json::Value, dates: Dates| {
            kind(&attributes)
                .last_day(&dates, today)
                .map(|found| found.map(|(day, rule)| (day.to_string(), rule)))
        };
        let is = |day: &str, rule: &str| Ok(Some((day.to_owned(), rule.to_owned())));
        assert_eq!(
            last(json!({"presentation_days": 10}), dates("2026-03-31", None)),
            is("2026-04-10", "presentation_days=10")
        );
        assert_eq!(
            last(json!({"presentation_months": 2}), dates("2025-12-31", None)),
            is("2026-02-28", "presentation_months=2")
        );
        let bill = json!({"days_after_maturity": 10, "tenor_months": 6});
        assert_eq!(
            last(bill.clone(), dates("2026-03-15", Some("2026-09-15"))),
            is("2026-09-25", "days_after_maturity=10")
        );
        assert_eq!(
            last(bill.clone(), dates("2026-03-15", Some("2026-09-16"))),
            Err(DatesError::TenorTooLong(6))
        );
        assert_eq!(
            last(bill, dates("2026-03-15", None)),
            Err(DatesError::MaturityMissing)
        );
        assert_eq!(last(json!({}), dates("2026-03-15", None)), Ok(None));
        assert_eq!(
            last(json!({}), dates("2027-04-02", None)),
            Err(DatesError::IssueTooFarAhead)
        );
    }

    #[test]
    fn terms_of_its_own_say_the_day_where_the_kind_does_not() {
        let today = day("2026-03-31");
        let given = Dates {
            present_by: Some(day("2026-05-01")),
            ..dates("2026-03-31", None)
        };
        let by_terms = kind(&json!({"presentation_by_terms": true}));
        assert_eq!(
            by_terms.last_day(&given, today),
            Ok(Some((day("2026-05-01"), "present_by".to_owned())))
        );
        let cheque = kind(&json!({"presentation_days": 10}));
        assert_eq!(cheque.last_day(&given, today), Err(DatesError::FoundByKind));
    }

    #[test]
    fn every_step_outside_the_table_is_refused_with_those_inside() {
        let mut steps = Vec::new();
        for status in InstrumentStatus::ALL {
            for verb in InstrumentVerb::ALL {
                match next(*status, *verb) {
                    Ok(then) => steps.push(format!("{status} {verb} {then}")),
                    Err(refused) => assert_eq!(refused.allowed, allowed(*status)),
                }
            }
        }
        assert_eq!(
            steps,
            [
                "received hold held",
                "received withdraw withdrawn",
                "held endorse endorsed",
                "held discount discounted",
                "held present presented",
                "held withdraw withdrawn",
                "endorsed clear cleared",
                "endorsed dishonour dishonoured",
                "discounted clear cleared",
                "discounted dishonour dishonoured",
                "presented clear cleared",
                "presented dishonour dishonoured",
                "dishonoured start_recourse recourse",
            ]
        );
    }

    #[test]
    fn a_step_counts_from_the_last_one_to_today() {
        let (last, today) = (day("2026-03-10"), day("2026-03-31"));
        assert_eq!(step_day(last, today, None), Ok(today));
        assert_eq!(step_day(last, today, Some(last)), Ok(last));
        assert_eq!(
            step_day(last, today, Some(day("2026-03-09"))),
            Err(StepDayError::BeforeLastStep(last))
        );
        assert_eq!(
            step_day(last, today, Some(day("2026-04-01"))),
            Err(StepDayError::InFuture)
        );
    }

    proptest! {
        #[test]
        fn the_last_day_of_presentation_never_lies_before_issue_and_moves_with_it(
            issued in 0u64..2_000, days in 0u32..400,
        ) {
            let today = day("2026-03-31");
            let issue = plus_days(day("2020-01-01"), issued);
            let cheque = kind(&json!({"presentation_days": days}));
            let of = |issue| {
                let dates = Dates { issue, maturity: None, present_by: None };
                cheque.last_day(&dates, today).unwrap().unwrap().0
            };
            prop_assert!(of(issue) >= issue);
            prop_assert_eq!(of(plus_days(issue, 1)), plus_days(of(issue), 1));
        }
    }
}
