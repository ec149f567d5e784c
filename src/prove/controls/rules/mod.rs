//! What the controls want, as pure functions over what was read.

mod duties;
mod numbers;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

pub use duties::{DUTIES, Duty, NO_DUTY};
pub use numbers::{Gap, Series};

use super::model::{Approved, Done, Finding, FindingCode, NotTestable, Sentence, Tested};
use crate::book::policy::model::PolicyDocument;
use crate::book::policy::rules::level_needed;
use crate::decide::applications::model::Verb;
use crate::decide::applications::rules::{Parts, may_take};
use kernel::caller::Role;
use kernel::money::Money;

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

/// What is wrong with the approval of an application: somebody who approved had another part in it, or the limit is above
/// the highest authority of credit and credit had not approved before, or above that of finance as well. `taken` are the
/// steps of the application, each with who took it.
pub fn approval(
    approved: &Approved,
    taken: &[(Verb, String)],
    policy: Option<&PolicyDocument>,
) -> Option<Finding> {
    let by = approved.approver.as_deref()?;
    let finding = |code, subject: &str, detail| Finding {
        code,
        resource_id: approved.id.to_string(),
        subject: Some(subject.to_owned()),
        detail,
    };
    let first = approved.credit_approver.as_deref();
    if has_other_part(approved, taken, by, first) {
        return Some(finding(FindingCode::SamePerson, by, None));
    }
    if let Some(first) = first.filter(|first| has_other_part(approved, taken, first, None)) {
        return Some(finding(FindingCode::SamePerson, first, None));
    }
    let limit = Money::from_minor(approved.limit_minor?, approved.currency);
    let policy = policy?;
    let is_within = |role| level_needed(policy, role, limit).is_some();
    let is_above = if first.is_some() {
        !is_within(Role::Finance) && is_told(policy, Role::Finance, limit)
    } else {
        !is_within(Role::Credit)
    };
    is_above.then(|| finding(FindingCode::AboveAuthority, by, Some(limit.to_string())))
}

/// Whether somebody who approved an application applied, recommended or approved before as well.
fn has_other_part(
    approved: &Approved,
    taken: &[(Verb, String)],
    person: &str,
    before: Option<&str>,
) -> bool {
    let parts = [
        Some(approved.created_by.as_str()),
        approved.submitted_by.as_deref(),
        approved.recommended_by.as_deref(),
        before,
    ];
    let taken = Parts {
        taken: taken.to_vec(),
        credit_approver: before.map(str::to_owned),
    };
    parts.contains(&Some(person)) || may_take(Verb::Approve, person, &taken).is_err()
}

/// Whether the matrix has amounts of the limit's currency for a role. Where it has none, rates decided, which are another
/// day's by now.
fn is_told(policy: &PolicyDocument, role: Role, limit: Money) -> bool {
    let mut rows = policy.authority.iter().filter(|row| row.role == role);
    rows.any(|row| row.amounts.get(limit.currency()).is_some())
}

/// A shorter period says nothing of who was away.
pub const ROTATION_DAYS_MIN: i64 = 180;

/// So many days away at once are a leave.
pub const LEAVE_DAYS: i64 = 14;

/// Whether a period is long enough to tell who was away.
pub fn tells_who_was_away(first: NaiveDate, last: NaiveDate) -> bool {
    last.signed_duration_since(first).num_days() >= ROTATION_DAYS_MIN
}

/// Who was at work through the whole period and never away for two weeks. The population are those who did something in its
/// first and its last two weeks. The days are in order.
pub fn rotation(days: &[(String, NaiveDate)], first: NaiveDate, last: NaiveDate) -> Tested {
    if !tells_who_was_away(first, last) {
        return Tested::not_testable(NotTestable::PeriodTooShort);
    }
    let mut worked: BTreeMap<&str, Vec<NaiveDate>> = BTreeMap::new();
    for (subject, day) in days {
        worked.entry(subject).or_default().push(*day);
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
    use crate::decide::applications::model::APPLICANT_VERBS;

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

    fn approved(minor: i64, credit_approver: Option<&str>) -> Approved {
        Approved {
            id: "app_01k00000000000000000000001".parse().unwrap(),
            customer_id: "cus_01k00000000000000000000001".parse().unwrap(),
            currency: "CNY".parse().unwrap(),
            limit_minor: Some(minor),
            created_by: "u-sales".to_owned(),
            submitted_by: Some("u-sales".to_owned()),
            recommended_by: Some("u-third".to_owned()),
            credit_approver: credit_approver.map(str::to_owned),
            approver: Some("u-last".to_owned()),
            decided_at: None,
        }
    }

    #[test]
    fn nobody_approves_beyond_the_matrix_or_after_another_part() {
        let text = include_str!("../../../../tests/it/support/policy.json");
        let policy: PolicyDocument = serde_json::from_str(text).unwrap();
        let most = |role: Role| {
            let rows = policy.authority.iter().filter(|row| row.role == role);
            let amounts = rows.filter_map(|row| row.amounts.get("CNY".parse().unwrap()));
            amounts.map(Money::minor).max().unwrap()
        };
        let (credit, finance) = (most(Role::Credit), most(Role::Finance));
        let code = |approved: &Approved, taken: &[(Verb, String)]| {
            approval(approved, taken, Some(&policy)).map(|finding| finding.code)
        };
        let above = Some(FindingCode::AboveAuthority);
        let first = Some("u-first");
        assert_eq!(code(&approved(credit, None), &[]), None);
        assert_eq!(code(&approved(credit + 1, None), &[]), above);
        assert_eq!(code(&approved(credit + 1, first), &[]), None);
        assert_eq!(code(&approved(finance, first), &[]), None);
        assert_eq!(code(&approved(finance + 1, first), &[]), above);
        let same = Some(FindingCode::SamePerson);
        for verb in Verb::ALL {
            let had_part = APPLICANT_VERBS.contains(verb) || *verb == Verb::Recommend;
            for person in ["u-last", "u-first"] {
                let taken = [(*verb, person.to_owned())];
                let expected = same.filter(|_| had_part);
                assert_eq!(code(&approved(finance, first), &taken), expected, "{verb}");
            }
        }
    }

    #[test]
    fn who_is_never_away_for_two_weeks_is_found() {
        let day = |number: i64| {
            let first: NaiveDate = "2026-01-01".parse().unwrap();
            first + chrono::Duration::days(number)
        };
        let mut days: Vec<(String, NaiveDate)> = Vec::new();
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
        let tested = rotation(&days, first, day(199));
        assert_eq!(tested.population, 2);
        assert_eq!(tested.findings.len(), 1);
        assert_eq!(tested.findings[0].resource_id, "always");
        let short = rotation(&days, first, day(100));
        assert_eq!(short.not_testable, Some(NotTestable::PeriodTooShort));
    }
}
