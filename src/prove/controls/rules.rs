//! What the controls want, as pure functions over what was read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::model::{Approved, Done, Finding, FindingCode, NotTestable, Sentence, Tested};
use crate::book::policy::model::PolicyDocument;
use crate::book::policy::rules::level_needed;
use kernel::caller::Role;
use kernel::money::Money;

/// The duties that no one person joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    Sales,
    Credit,
    Cash,
    Bookkeeping,
}

impl Duty {
    pub const fn as_str(self) -> &'static str {
        match self {
            Duty::Sales => "sales",
            Duty::Credit => "credit",
            Duty::Cash => "cash",
            Duty::Bookkeeping => "bookkeeping",
        }
    }
}

/// Which duty an action of the trail is.
pub const DUTIES: &[(&str, Duty)] = &[
    ("application.drafted", Duty::Sales),
    ("application.submitted", Duty::Sales),
    ("application.information_provided", Duty::Sales),
    ("application.appealed", Duty::Sales),
    ("credit_block.release_requested", Duty::Sales),
    ("application.recommended", Duty::Credit),
    ("application.approved", Duty::Credit),
    ("application.declined", Duty::Credit),
    ("credit_block.released", Duty::Credit),
    ("credit_block.rejected", Duty::Credit),
    ("credit_account.suspended", Duty::Credit),
    ("credit_account.reinstated", Duty::Credit),
    ("additional_limit.granted", Duty::Credit),
    ("receipt.posted", Duty::Cash),
    ("receipt.applied", Duty::Cash),
    ("receipt.reversed", Duty::Cash),
    ("receipt.unapplied", Duty::Cash),
    ("bank_entry.applied", Duty::Cash),
    ("refund.paid", Duty::Cash),
    ("instrument.received", Duty::Cash),
    ("instrument.cleared", Duty::Cash),
    ("invoice.posted", Duty::Bookkeeping),
    ("invoice.cancelled", Duty::Bookkeeping),
    ("credit_note.posted", Duty::Bookkeeping),
    ("credit_note.reversed", Duty::Bookkeeping),
    ("period.closed", Duty::Bookkeeping),
];

/// The duty that somebody did. Finance approves above credit's authority and grants limits by its office: that is no
/// credit's duty.
fn duty_of(done: &Done) -> Option<Duty> {
    let (_, duty) = DUTIES.iter().find(|(action, _)| *action == done.action)?;
    let is_credit = done
        .roles
        .split(' ')
        .any(|role| role == Role::Credit.as_str());
    (*duty != Duty::Credit || is_credit).then_some(*duty)
}

/// Who did the work of more than one duty. The population are the persons who did the work of any.
pub fn separation(done: &[Done]) -> Tested {
    let mut duties: BTreeMap<&str, BTreeSet<Duty>> = BTreeMap::new();
    for one in done {
        if let Some(duty) = duty_of(one) {
            duties.entry(&one.subject).or_default().insert(duty);
        }
    }
    let joined = duties.iter().filter(|(_, duties)| duties.len() > 1);
    let findings = joined.map(|(subject, duties)| {
        let names: Vec<&str> = duties.iter().map(|duty| duty.as_str()).collect();
        Finding {
            code: FindingCode::SeveralDuties,
            resource_id: (*subject).to_owned(),
            subject: Some((*subject).to_owned()),
            detail: Some(names.join(", ")),
        }
    });
    Tested::of(count(duties.len()), findings)
}

/// What is wrong with the approval of an application: the approver had another part in it, or the limit is above the
/// highest authority of credit and credit had not approved before.
pub fn approval(approved: &Approved, policy: Option<&PolicyDocument>) -> Option<Finding> {
    let by = approved.approver.as_deref()?;
    let parts = [
        Some(approved.created_by.as_str()),
        approved.submitted_by.as_deref(),
        approved.recommended_by.as_deref(),
        approved.credit_approver.as_deref(),
    ];
    let finding = |code, detail| Finding {
        code,
        resource_id: approved.id.to_string(),
        subject: Some(by.to_owned()),
        detail,
    };
    if parts.contains(&Some(by)) {
        return Some(finding(FindingCode::SamePerson, None));
    }
    let limit = Money::from_minor(approved.limit_minor?, approved.currency);
    let is_above = level_needed(policy?, Role::Credit, limit).is_none();
    (is_above && approved.credit_approver.is_none())
        .then(|| finding(FindingCode::AboveAuthority, Some(limit.to_string())))
}

/// A series of numbers: what they begin with, and the numbers behind it, each with how it is written.
#[derive(Debug, Default)]
pub struct Series(BTreeMap<String, BTreeMap<u64, String>>);

/// Numbers of so many digits at most are counted; longer ones are no series of ours.
const DIGITS_MAX: usize = 15;

/// A gap of more numbers is told as one and not looked into.
pub const GAP_MAX: u64 = 200;

/// A gap in a series: between which two numbers, and the numbers that are missing where they are few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub after: String,
    pub before: String,
    pub missing: Vec<String>,
}

impl Series {
    /// Adds a number: `INV-0042` is the 42nd of the series `INV-`. One that does not end in a digit is of no series.
    pub fn add(&mut self, number: &str) {
        let digits = number
            .chars()
            .rev()
            .take_while(char::is_ascii_digit)
            .count();
        let digits = digits.min(DIGITS_MAX);
        let Some((prefix, tail)) = number.split_at_checked(number.len().saturating_sub(digits))
        else {
            return;
        };
        if let Ok(value) = tail.parse() {
            let series = self.0.entry(prefix.to_owned()).or_default();
            series.insert(value, number.to_owned());
        }
    }

    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where numbers are missing between the first and the last of a series.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (prefix, numbers) in &self.0 {
            for ((low, after), (high, before)) in numbers.iter().zip(numbers.iter().skip(1)) {
                let between = high.saturating_sub(*low).saturating_sub(1);
                if between == 0 {
                    continue;
                }
                let width = after.len().saturating_sub(prefix.len());
                let told = if between > GAP_MAX { 0 } else { between };
                let missing = (1..=told)
                    .map(|step| format!("{prefix}{:0width$}", low.saturating_add(step)))
                    .collect();
                gaps.push(Gap {
                    after: after.clone(),
                    before: before.clone(),
                    missing,
                });
            }
        }
        gaps
    }
}

/// A shorter period says nothing of who was away.
pub const ROTATION_DAYS_MIN: i64 = 180;

/// So many days away at once are a leave.
pub const LEAVE_DAYS: i64 = 14;

/// Who was at work through the whole period and never away for two weeks. The population are those who did something in its
/// first and its last two weeks.
pub fn rotation(days: &[(String, String)], first: NaiveDate, last: NaiveDate) -> Tested {
    if last.signed_duration_since(first).num_days() < ROTATION_DAYS_MIN {
        return Tested::not_testable(NotTestable::PeriodTooShort);
    }
    let mut worked: BTreeMap<&str, Vec<NaiveDate>> = BTreeMap::new();
    for (subject, day) in days {
        if let Ok(day) = day.parse() {
            worked.entry(subject).or_default().push(day);
        }
    }
    let away = |from: NaiveDate, to: NaiveDate| to.signed_duration_since(from).num_days();
    let throughout = worked.iter().filter(|(_, days)| {
        days.first()
            .is_some_and(|day| away(first, *day) < LEAVE_DAYS)
            && days.last().is_some_and(|day| away(*day, last) < LEAVE_DAYS)
    });
    let throughout: Vec<(&&str, &Vec<NaiveDate>)> = throughout.collect();
    let findings = throughout.iter().filter_map(|(subject, days)| {
        let pairs = days.iter().zip(days.iter().skip(1));
        let longest = pairs.map(|(from, to)| away(*from, *to)).max().unwrap_or(0);
        (longest <= LEAVE_DAYS).then(|| Finding {
            code: FindingCode::NeverAway,
            resource_id: (**subject).to_owned(),
            subject: Some((**subject).to_owned()),
            detail: Some(longest.saturating_sub(1).max(0).to_string()),
        })
    });
    Tested::of(count(throughout.len()), findings)
}

/// A number of things, as it is kept.
pub fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// What a finding means.
pub const fn told(code: FindingCode) -> Sentence {
    let (english, chinese) = match code {
        FindingCode::SeveralDuties => (
            "One person did the work of several duties.",
            "同一人履行了多个不相容职责。",
        ),
        FindingCode::SamePerson => (
            "One person both made it and approved it.",
            "同一人既经办又审批。",
        ),
        FindingCode::AboveAuthority => (
            "It is above the authority of whoever decided alone.",
            "超出单独决定者的审批权限。",
        ),
        FindingCode::WithoutReason => (
            "Nothing says why, or on which application.",
            "没有说明理由，或没有所依据的申请。",
        ),
        FindingCode::ChangedAlone => (
            "One person changed it, and nobody approved it.",
            "由一人单独更改，无人复核。",
        ),
        FindingCode::ChangedAndApproved => (
            "One person changed the customer's file and approved its limit.",
            "同一人更改了客户资料并审批了其额度。",
        ),
        FindingCode::NumbersMissing => (
            "Numbers are missing between two of a series.",
            "连续编号之间有缺号。",
        ),
        FindingCode::SalesRecordedCash => (
            "Somebody who works as sales recorded money.",
            "销售人员经手了收款。",
        ),
        FindingCode::OwnCustomersCash => (
            "The salesperson of the customer recorded its money.",
            "客户的业务员登记了该客户的收款。",
        ),
        FindingCode::NeverAway => (
            "Somebody worked through the whole period and was never away for two weeks.",
            "某人整个期间在岗，从未连续离岗两周。",
        ),
        FindingCode::GaveUpOwn => (
            "Who recorded the invoice or its money gave up what was open of it.",
            "登记发票或收款的人自行核销了其余额。",
        ),
        FindingCode::DayWithoutCheckpoint => (
            "No checkpoint of the audit trail was signed on this day.",
            "当日没有签署审计轨迹检查点。",
        ),
        FindingCode::ChainBroken => (
            "The chain over the audit trail is broken here.",
            "审计轨迹的哈希链在此断裂。",
        ),
    };
    Sentence { english, chinese }
}

/// Why a control can't be tested.
pub const fn why(reason: NotTestable) -> Sentence {
    let (english, chinese) = match reason {
        NotTestable::NothingHappened => (
            "Nothing of the kind happened in the period.",
            "期间内没有此类业务。",
        ),
        NotTestable::NotKept => (
            "What this control looks at is not kept yet.",
            "系统尚未记录本控制所需的资料。",
        ),
        NotTestable::PeriodTooShort => (
            "The period is shorter than 180 days, which is too short to tell.",
            "期间短于 180 天，无法判断。",
        ),
    };
    Sentence { english, chinese }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn done(subject: &str, roles: &str, action: &str) -> Done {
        Done {
            subject: subject.to_owned(),
            roles: roles.to_owned(),
            action: action.to_owned(),
            count: 1,
        }
    }

    #[test]
    fn one_person_has_one_duty() {
        let tested = separation(&[
            done("u-1", "sales", "application.submitted"),
            done("u-1", "sales", "application.drafted"),
            done("u-2", "credit finance", "application.approved"),
            done("u-2", "credit finance", "receipt.posted"),
            done("u-3", "finance", "application.approved"),
            done("u-3", "finance", "receipt.posted"),
        ]);
        assert_eq!(tested.population, 3);
        assert_eq!(tested.finding_count, 1);
        assert_eq!(tested.findings[0].resource_id, "u-2");
        assert_eq!(tested.findings[0].detail.as_deref(), Some("credit, cash"));
    }

    #[test]
    fn a_gap_lies_between_two_numbers_of_a_series() {
        let mut series = Series::default();
        for number in [
            "INV-0007", "INV-0009", "R-1", "R-2", "none", "X-1", "X-9000",
        ] {
            series.add(number);
        }
        let gaps = series.gaps();
        assert_eq!(series.len(), 6);
        assert_eq!(gaps.len(), 2);
        assert_eq!(gaps[0].missing, ["INV-0008"]);
        assert_eq!(
            (gaps[1].after.as_str(), gaps[1].before.as_str()),
            ("X-1", "X-9000")
        );
        assert!(gaps[1].missing.is_empty());
    }

    proptest! {
        #[test]
        fn a_series_without_gaps_has_none(first in 0..1_000_000_u64, length in 1..300_u64) {
            let mut series = Series::default();
            for number in first..first + length {
                series.add(&format!("S{number:08}"));
            }
            prop_assert!(series.gaps().is_empty());
        }

        #[test]
        fn any_text_may_be_a_number(text in "\\PC{0,40}") {
            let mut series = Series::default();
            series.add(&text);
            prop_assert!(series.gaps().is_empty());
        }
    }

    #[test]
    fn who_is_never_away_for_two_weeks_is_found() {
        let day = |number: i64| {
            let first: NaiveDate = "2026-01-01".parse().unwrap();
            (first + chrono::Duration::days(number)).to_string()
        };
        let mut days: Vec<(String, String)> = Vec::new();
        days.extend(
            (0..200)
                .step_by(7)
                .map(|number| ("always".to_owned(), day(number))),
        );
        let on_leave = (0..200)
            .step_by(7)
            .filter(|number| !(60..80).contains(number));
        days.extend(on_leave.map(|number| ("on-leave".to_owned(), day(number))));
        days.push(("guest".to_owned(), day(3)));
        let first = "2026-01-01".parse().unwrap();
        let tested = rotation(&days, first, day(199).parse().unwrap());
        assert_eq!(tested.population, 2);
        assert_eq!(tested.findings.len(), 1);
        assert_eq!(tested.findings[0].resource_id, "always");
        let short = rotation(&days, first, day(100).parse().unwrap());
        assert_eq!(short.not_testable, Some(NotTestable::PeriodTooShort));
    }
}
