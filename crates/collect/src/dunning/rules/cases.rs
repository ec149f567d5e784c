//! How a case follows the ledger and the notices.

use chrono::{Days, NaiveDate};

use crate::collect::dunning::model::{Case, CaseStatus, Escalation, Notice, Pursued};
use kernel::clock::Instant;

/// A case as the ledger has it now; none where it is so already. One of which nothing is overdue, and nothing open was
/// dunned, is closed as paid; else its level is the highest of its open items. Where that falls, the last level's time is no
/// longer running. One that is closed keeps it: the payment may bounce.
pub fn followed(case: &Case, now: Option<&Pursued>, today: NaiveDate) -> Option<Case> {
    let goes_on = |one: &&Pursued| one.level.is_some() || one.is_overdue(today);
    let Some(pursued) = now.filter(goes_on) else {
        return Some(Case {
            status: CaseStatus::ClosedPaid,
            closed_on: Some(today),
            ..case.clone()
        });
    };
    let level = pursued.level.unwrap_or(0);
    if level == case.level {
        return None;
    }
    let falls = level < case.level;
    Some(Case {
        level,
        status: match case.status {
            CaseStatus::EscalationDue if falls => CaseStatus::Open,
            status => status,
        },
        escalation_due_on: case.escalation_due_on.filter(|_| !falls),
        ..case.clone()
    })
}

/// A case that was closed as paid, when it turns out that it was not. What others pursued is theirs again; at the level that
/// it had, the last level's time goes on.
pub fn reopened(case: &Case, pursued: &Pursued) -> Case {
    let level = pursued.level.unwrap_or(0);
    let approved = case.escalation.filter(|_| case.decided_by.is_some());
    Case {
        status: approved.map_or(CaseStatus::Open, Escalation::status),
        level,
        closed_on: None,
        escalation_due_on: case.escalation_due_on.filter(|_| level >= case.level),
        ..case.clone()
    }
}

/// A case after a notice went out. `wait` is how long the last level of the procedure gives; none on another level.
pub fn after_notice(case: &Case, notice: &Notice, wait: Option<i32>, on: NaiveDate) -> Case {
    let due = wait.and_then(|days| on.checked_add_days(Days::new(u64::try_from(days).ok()?)));
    Case {
        level: case.level.max(notice.level),
        last_notice_id: notice.id,
        last_notice_on: on,
        escalation_due_on: due.or(case.escalation_due_on),
        ..case.clone()
    }
}

/// When the time of the last level is over that begins anew on a day; none before the last level.
///
/// A notice of 10 April gave five days: refused on 15 April, it gives them until 20 April.
pub fn due_anew(case: &Case, today: NaiveDate) -> Option<NaiveDate> {
    let wait = case.escalation_due_on? - case.last_notice_on;
    today.checked_add_signed(wait)
}

/// The case that a first notice opens.
pub fn opened(notice: &Notice, on: NaiveDate, now: Instant) -> Case {
    Case {
        id: kernel::ids::DunningCaseId::new(),
        customer_id: notice.customer_id,
        account_id: notice.account_id,
        legal_entity_id: notice.legal_entity_id,
        currency: notice.currency,
        status: CaseStatus::Open,
        level: notice.level,
        opened_on: on,
        last_notice_id: notice.id,
        last_notice_on: on,
        escalation_due_on: None,
        escalation: None,
        proposed_by: None,
        proposed_at: None,
        decided_by: None,
        decided_at: None,
        closed_on: None,
        reason: None,
        created_at: now,
        changed_at: now,
        version: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::ids::{CreditAccountId, CustomerId, DunningCaseId, DunningNoticeId, MAIN_ENTITY};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn case(level: i32) -> Case {
        let now: Instant = serde_json::from_str("\"2026-03-01T08:00:00.000000Z\"").unwrap();
        Case {
            id: DunningCaseId::new(),
            customer_id: CustomerId::new(),
            account_id: CreditAccountId::new(),
            legal_entity_id: MAIN_ENTITY,
            currency: "EUR".parse().unwrap(),
            status: CaseStatus::Open,
            level,
            opened_on: day("2026-03-01"),
            last_notice_id: DunningNoticeId::new(),
            last_notice_on: day("2026-03-01"),
            escalation_due_on: None,
            escalation: None,
            proposed_by: None,
            proposed_at: None,
            decided_by: None,
            decided_at: None,
            closed_on: None,
            reason: None,
            created_at: now,
            changed_at: now,
            version: 1,
        }
    }

    fn pursued(case: &Case, level: Option<i32>, due: &str) -> Pursued {
        Pursued {
            customer_id: case.customer_id,
            legal_entity_id: case.legal_entity_id,
            currency: case.currency,
            level,
            oldest_due: day(due),
        }
    }

    #[test]
    fn a_case_closes_when_nothing_is_overdue() {
        let case = case(2);
        let today = day("2026-04-01");
        let closed = followed(&case, None, today).unwrap();
        assert_eq!(closed.status, CaseStatus::ClosedPaid);
        assert_eq!((closed.level, closed.closed_on), (2, Some(today)));
        // What falls due today is not overdue, unless it was dunned before it was given more time.
        let due_today = pursued(&case, None, "2026-04-01");
        assert!(followed(&case, Some(&due_today), today).is_some());
        let dunned = pursued(&case, Some(2), "2026-04-20");
        assert_eq!(followed(&case, Some(&dunned), today), None);
        let late = pursued(&case, Some(2), "2026-03-31");
        assert_eq!(followed(&case, Some(&late), today), None);
    }

    #[test]
    fn a_level_that_falls_takes_the_escalation_back() {
        let mut due = case(4);
        due.status = CaseStatus::EscalationDue;
        due.escalation_due_on = Some(day("2026-03-20"));
        let lower = pursued(&due, Some(2), "2026-01-31");
        let after = followed(&due, Some(&lower), day("2026-04-01")).unwrap();
        assert_eq!(after.status, CaseStatus::Open);
        assert_eq!((after.level, after.escalation_due_on), (2, None));
        let undunned = pursued(&due, None, "2026-01-31");
        assert_eq!(
            followed(&due, Some(&undunned), day("2026-04-01"))
                .unwrap()
                .level,
            0
        );
    }

    #[test]
    fn a_payment_that_bounces_brings_the_last_level_and_what_others_pursue_back() {
        let mut last = case(4);
        last.escalation_due_on = Some(day("2026-04-10"));
        let closed = followed(&last, None, day("2026-04-01")).unwrap();
        let bounced = pursued(&last, Some(4), "2026-01-31");
        let after = reopened(&closed, &bounced);
        assert_eq!(after, last);
        let lower = pursued(&last, Some(2), "2026-01-31");
        assert_eq!(reopened(&closed, &lower).escalation_due_on, None);
        last.status = CaseStatus::EscalatedAgency;
        last.escalation = Some(Escalation::Agency);
        last.decided_by = Some("u-finance".parse().unwrap());
        let closed = followed(&last, None, day("2026-04-01")).unwrap();
        assert_eq!(reopened(&closed, &bounced), last);
    }
}
