//! Who must approve a limit: the authority matrix, read for one application.

use crate::book::policy::model::PolicyDocument;
use crate::book::policy::rules::{authority_of, level_needed, role_needed, top_level};
use crate::decide::applications::model::Reach;
use kernel::caller::{Caller, Role};
use kernel::money::Money;

/// What somebody's approval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// It decides.
    Final,
    /// It is credit's, and finance must approve after.
    CreditFirst,
}

/// Why somebody's approval is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorityError {
    /// Somebody else must approve: `needed` says who.
    Over { needed: String },
    /// Nobody may approve so much in this currency; the policy's matrix would have to say who may.
    Nobody,
}

/// Whether the caller may approve the limit, by the authority matrix alone.
///
/// Credit approves what the authority of one of its levels reaches. Above that, credit's highest level approves first
/// and finance with authority after it. With credit up to 1,000,000 (level 2) and finance up to 10,000,000, a limit of
/// 4,000,000 takes credit level 2 and then finance.
///
/// # Errors
/// Who must approve instead, or that nobody may.
pub fn may_approve(
    caller: &Caller,
    policy: &PolicyDocument,
    limit: Money,
    credit_approver: Option<&str>,
) -> Result<Approval, AuthorityError> {
    let has_reach = |role| authority_of(caller, policy, role).is_some_and(|row| row.reaches(limit));
    let over = |needed: String| Err(AuthorityError::Over { needed });
    if credit_approver.is_some() {
        return match role_needed(policy, Role::Finance, limit) {
            _ if has_reach(Role::Finance) => Ok(Approval::Final),
            Some(needed) => over(needed),
            None => Err(AuthorityError::Nobody),
        };
    }
    if let Some(needed) = role_needed(policy, Role::Credit, limit) {
        return if has_reach(Role::Credit) {
            Ok(Approval::Final)
        } else {
            over(needed)
        };
    }
    let (Some(top), Some(finance)) = (
        top_level(policy, Role::Credit),
        role_needed(policy, Role::Finance, limit),
    ) else {
        return Err(AuthorityError::Nobody);
    };
    if authority_of(caller, policy, Role::Credit).is_some_and(|row| row.level == top) {
        Ok(Approval::CreditFirst)
    } else {
        over(format!("credit level {top}, then {finance}"))
    }
}

/// The same as [`may_approve`] for all applications at once, so that a query can find them.
pub fn reach(caller: &Caller, policy: &PolicyDocument) -> Reach {
    let amounts = |role| {
        authority_of(caller, policy, role)
            .map(|row| row.amounts.clone())
            .unwrap_or_default()
    };
    let finance: Vec<Money> = amounts(Role::Finance).iter().collect();
    let own = amounts(Role::Credit);
    let is_top = authority_of(caller, policy, Role::Credit)
        .is_some_and(|row| Some(row.level) == top_level(policy, Role::Credit));
    let mut credit: Vec<Money> = own.iter().collect();
    if is_top {
        // Credit's highest level approves first whatever finance may approve.
        let above = policy
            .authority
            .iter()
            .filter(|row| row.role == Role::Finance)
            .flat_map(|row| row.amounts.iter())
            .filter(|amount| level_needed(policy, Role::Credit, *amount).is_none());
        credit.extend(above);
    }
    Reach { credit, finance }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::policy::rules::plain_document;
    use proptest::prelude::*;

    fn caller(roles: &[Role], level: u8) -> Caller {
        Caller {
            subject: "u-1".parse().unwrap(),
            issuer: "test".to_owned(),
            client_id: "test".to_owned(),
            roles: roles.to_vec(),
            scopes: None,
            authority_level: Some(level),
            request_id: String::new(),
        }
    }

    fn usd(units: i64) -> Money {
        Money::from_minor(units * 100, "USD".parse().unwrap())
    }

    fn needed(outcome: Result<Approval, AuthorityError>) -> String {
        match outcome {
            Err(AuthorityError::Over { needed }) => needed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn credit_decides_within_its_authority_and_goes_first_above_it() {
        let policy = plain_document();
        let (first, second) = (caller(&[Role::Credit], 1), caller(&[Role::Credit], 2));
        let finance = caller(&[Role::Finance], 2);
        let ask = |who: &Caller, amount, credit_approved| {
            may_approve(
                who,
                &policy,
                usd(amount),
                Some("u-9").filter(|_| credit_approved),
            )
        };
        assert_eq!(ask(&first, 100_000, false), Ok(Approval::Final));
        assert_eq!(needed(ask(&first, 100_001, false)), "credit level 2");
        assert_eq!(needed(ask(&finance, 100_001, false)), "credit level 2");
        assert_eq!(ask(&second, 1_000_000, false), Ok(Approval::Final));
        assert_eq!(ask(&second, 4_000_000, false), Ok(Approval::CreditFirst));
        assert_eq!(
            needed(ask(&first, 4_000_000, false)),
            "credit level 2, then finance level 2"
        );
        assert_eq!(ask(&finance, 4_000_000, true), Ok(Approval::Final));
        assert_eq!(needed(ask(&second, 4_000_000, true)), "finance level 2");
        assert_eq!(needed(ask(&finance, 40_000_000, true)), "finance level 3");
        assert_eq!(
            ask(&second, 100_000_001, false),
            Err(AuthorityError::Nobody)
        );
    }

    #[test]
    fn a_currency_that_the_matrix_does_not_name_is_nobodys() {
        let policy = plain_document();
        let francs = Money::from_minor(1, "CHF".parse().unwrap());
        let outcome = may_approve(&caller(&[Role::Credit], 2), &policy, francs, None);
        assert_eq!(outcome, Err(AuthorityError::Nobody));
    }

    proptest! {
        #[test]
        fn the_reach_for_queries_says_the_same_as_the_rule(
            units in 1..200_000_000_i64,
            level in 1..4_u8,
            roles in proptest::sample::select(vec![
                vec![Role::Credit], vec![Role::Finance], vec![Role::Credit, Role::Finance], vec![Role::Sales],
            ]),
            credit_approved: bool,
        ) {
            let policy = plain_document();
            let caller = caller(&roles, level);
            let reach = reach(&caller, &policy);
            let bounds = if credit_approved { reach.finance } else { reach.credit };
            let found = bounds.iter().any(|bound| {
                bound.currency() == usd(1).currency() && usd(units).minor() <= bound.minor()
            });
            let may = may_approve(&caller, &policy, usd(units), Some("u-9").filter(|_| credit_approved)).is_ok();
            prop_assert_eq!(found, may);
        }
    }
}
