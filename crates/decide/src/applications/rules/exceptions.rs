//! What of the policy's row for a grade a recommendation passes, and who may approve that.

use crate::book::policy::model::{ExceptionKind, NOT_RATED, PolicyDocument, TermsRow};
use crate::book::policy::rules::{exception_approvers, exception_rows, may_except};
use kernel::caller::{Caller, Role};
use kernel::money::Money;
use kernel::text::GradeCode;

/// Something of a row of terms that is passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// The highest limit of the grade.
    Limit { grade: GradeCode, most: Money },
    /// The longest term of the grade, in days.
    Term { grade: GradeCode, most: i32 },
}

impl Bound {
    /// The kind of exception that passes it.
    pub const fn kind(&self) -> ExceptionKind {
        match self {
            Bound::Limit { .. } => ExceptionKind::Limit,
            Bound::Term { .. } => ExceptionKind::Term,
        }
    }
}

/// The policy's row for a customer's grade in its segment, or for who was never rated; none where the policy is silent.
pub fn row_of<'a>(
    policy: &'a PolicyDocument,
    grade: Option<&str>,
    segment: Option<&str>,
) -> Option<&'a TermsRow> {
    policy.terms_of(grade.unwrap_or(NOT_RATED), segment)
}

/// What of a row a limit and its terms pass.
///
/// With a highest limit of 25,000 and 30 days for NR, 900,000 on 150 days passes both, 25,000 on 30 days none.
pub fn bounds(row: &TermsRow, limit: Money, net_days: i32) -> Vec<Bound> {
    let grade = || row.grade.clone();
    let cap = row.cap(limit.currency());
    let limit = cap
        .filter(|most| limit.minor() > most.minor())
        .map(|most| Bound::Limit {
            grade: grade(),
            most,
        });
    let term = (net_days > row.net_days_max).then(|| Bound::Term {
        grade: grade(),
        most: row.net_days_max,
    });
    limit.into_iter().chain(term).collect()
}

/// Whether the caller's final approval is enough for an exception of a kind. Where credit's highest level has approved
/// before, what credit may except is excepted.
///
/// # Errors
/// Who may approve instead; nobody when empty.
pub fn may_approve_exception(
    caller: &Caller,
    policy: &PolicyDocument,
    kind: ExceptionKind,
    credit_approved: bool,
) -> Result<(), Vec<String>> {
    let credit_may = || exception_rows(policy, kind).any(|row| row.role == Role::Credit);
    if may_except(caller, policy, kind) || (credit_approved && credit_may()) {
        return Ok(());
    }
    Err(exception_approvers(policy, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::policy::rules::default_document;
    use proptest::prelude::*;

    fn caller(role: Role, level: u8) -> Caller {
        Caller {
            subject: "u-1".parse().unwrap(),
            issuer: "test".to_owned(),
            client_id: "test".to_owned(),
            roles: vec![role],
            scopes: None,
            authority_level: Some(level),
            request_id: String::new(),
        }
    }

    fn cny(amount: &str) -> Money {
        Money::parse(amount, "CNY".parse().unwrap()).unwrap()
    }

    #[test]
    fn who_was_never_rated_has_a_row_of_its_own() {
        let policy = default_document();
        let row = row_of(&policy, None, Some("Steel")).unwrap();
        let kinds = |amount, days| -> Vec<_> {
            let bounds = bounds(row, cny(amount), days);
            bounds.iter().map(Bound::kind).collect()
        };
        assert_eq!(kinds("25000.00", 30), []);
        assert_eq!(kinds("25000.01", 30), [ExceptionKind::Limit]);
        assert_eq!(kinds("25000.00", 31), [ExceptionKind::Term]);
        assert_eq!(kinds("900000.00", 150), ExceptionKind::ALL);
        assert_eq!(row_of(&policy, Some("ZZ"), None), None);
    }

    #[test]
    fn an_exception_takes_the_authority_that_the_policy_gives_for_it() {
        let mut policy = default_document();
        let may = |policy: &PolicyDocument, who: Caller, credit_approved| {
            may_approve_exception(&who, policy, ExceptionKind::Term, credit_approved)
        };
        let needed = vec!["credit level 2".to_owned(), "finance level 1".to_owned()];
        assert_eq!(may(&policy, caller(Role::Credit, 1), false), Err(needed));
        assert_eq!(may(&policy, caller(Role::Credit, 2), false), Ok(()));
        assert_eq!(may(&policy, caller(Role::Finance, 1), false), Ok(()));
        policy.exceptions.retain(|row| row.role == Role::Credit);
        assert!(may(&policy, caller(Role::Finance, 9), false).is_err());
        assert_eq!(may(&policy, caller(Role::Finance, 9), true), Ok(()));
        policy.exceptions.clear();
        assert_eq!(may(&policy, caller(Role::Finance, 9), true), Err(vec![]));
    }

    proptest! {
        #[test]
        fn what_is_within_the_row_takes_no_exception_and_what_is_past_it_does(
            minor in 0..10_000_000_i64, days in 0..366_i32,
        ) {
            let policy = default_document();
            for row in &policy.terms {
                let limit = Money::from_minor(minor, "EUR".parse().unwrap());
                let kinds: Vec<_> = bounds(row, limit, days).iter().map(Bound::kind).collect();
                let cap = row.cap(limit.currency()).unwrap();
                prop_assert_eq!(kinds.contains(&ExceptionKind::Limit), minor > cap.minor());
                prop_assert_eq!(kinds.contains(&ExceptionKind::Term), days > row.net_days_max);
            }
        }
    }
}
