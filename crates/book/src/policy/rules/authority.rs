//! Who may approve how much: the authority matrix read for one person, or for one amount.

use crate::book::policy::model::{Authority, ExceptionAuthority, ExceptionKind, PolicyDocument};
use kernel::caller::{Caller, Role};
use kernel::money::{Currency, Money};

/// The matrix with an amount in each of these currencies as well: where a row doesn't name one, the least that its own amounts
/// come to. `most` says the most of a currency that comes to no more than an amount, where a rate leads there; where one is
/// missing for any of them, the row reaches nothing in that currency.
///
/// At 7.2628 yuan for a dollar, CNY 100,000.00 are USD 13,768.79; with EUR 10,000.00 (USD 10,705.00) beside it the row
/// reaches USD 10,705.00.
pub fn in_currencies(
    authority: &[Authority],
    currencies: &[Currency],
    most: impl Fn(Money, Currency) -> Option<Money>,
) -> Vec<Authority> {
    let widened = |row: &Authority| {
        let missing = |currency: &&Currency| row.amounts.get(**currency).is_none();
        let least = |currency: &Currency| {
            let each = row.amounts.iter().map(|amount| most(amount, *currency));
            let all: Option<Vec<Money>> = each.collect();
            all?.into_iter().min_by_key(|money| money.minor())
        };
        let added = currencies.iter().filter(missing).filter_map(least);
        Authority {
            amounts: row.amounts.iter().chain(added).collect(),
            ..row.clone()
        }
    };
    authority.iter().map(widened).collect()
}

/// The row of the authority matrix that holds for the caller in a role; none when the caller lacks the role or has
/// no level in it.
///
/// A level between two rows has the authority of the lower one.
pub fn authority_of<'a>(
    caller: &Caller,
    policy: &'a PolicyDocument,
    role: Role,
) -> Option<&'a Authority> {
    if !caller.has(role) {
        return None;
    }
    let level = level_of(caller, policy)?;
    rows(policy, role)
        .filter(|row| row.level <= level)
        .max_by_key(|row| row.level)
}

/// The caller's level: as the policy's own list of people says, otherwise as the token claims.
fn level_of(caller: &Caller, policy: &PolicyDocument) -> Option<u8> {
    let named = policy.levels_by_subject.get(&caller.subject).copied();
    named.or(caller.authority_level)
}

/// Whether the caller may approve an exception of a kind, as a role from a level on.
pub fn may_except(caller: &Caller, policy: &PolicyDocument, kind: ExceptionKind) -> bool {
    let level = level_of(caller, policy).unwrap_or(0);
    exception_rows(policy, kind).any(|row| caller.has(row.role) && level >= row.level)
}

/// Who may approve an exception of a kind, in words for a person: "credit level 2"; nobody when empty.
pub fn exception_approvers(policy: &PolicyDocument, kind: ExceptionKind) -> Vec<String> {
    exception_rows(policy, kind)
        .map(|row| format!("{} level {}", row.role, row.level))
        .collect()
}

/// Who may approve exceptions of a kind.
pub fn exception_rows(
    policy: &PolicyDocument,
    kind: ExceptionKind,
) -> impl Iterator<Item = &ExceptionAuthority> {
    policy.exceptions.iter().filter(move |row| row.kind == kind)
}

/// The lowest level of a role whose authority reaches the amount; none when no level's does, or none names the
/// currency.
///
/// With credit up to 100,000 at level 1 and 1,000,000 at level 2, an amount of 250,000 needs level 2.
pub fn level_needed(policy: &PolicyDocument, role: Role, amount: Money) -> Option<u8> {
    rows(policy, role)
        .filter(|row| reaches(row, amount))
        .map(|row| row.level)
        .min()
}

/// [`level_needed`] in words for a person: "credit level 2".
pub fn role_needed(policy: &PolicyDocument, role: Role, amount: Money) -> Option<String> {
    level_needed(policy, role, amount).map(|level| format!("{role} level {level}"))
}

/// The highest level that the matrix has for a role.
pub fn top_level(policy: &PolicyDocument, role: Role) -> Option<u8> {
    rows(policy, role).map(|row| row.level).max()
}

impl Authority {
    /// Whether this level may approve the amount.
    pub fn reaches(&self, amount: Money) -> bool {
        reaches(self, amount)
    }
}

fn reaches(row: &Authority, amount: Money) -> bool {
    row.amounts
        .get(amount.currency())
        .is_some_and(|most| amount.minor() <= most.minor())
}

fn rows(policy: &PolicyDocument, role: Role) -> impl Iterator<Item = &Authority> {
    policy.authority.iter().filter(move |row| row.role == role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::policy::rules::plain_document;

    fn caller(roles: &[Role], level: Option<u8>) -> Caller {
        Caller {
            subject: "u-1".parse().unwrap(),
            issuer: "test".to_owned(),
            client_id: "test".to_owned(),
            roles: roles.to_vec(),
            scopes: None,
            authority_level: level,
            request_id: String::new(),
        }
    }

    fn cny(amount: &str) -> Money {
        Money::parse(amount, "CNY".parse().unwrap()).unwrap()
    }

    #[test]
    fn the_policy_names_a_level_before_the_token_does() {
        let mut policy = plain_document();
        let credit = |caller: &Caller, policy: &PolicyDocument| {
            authority_of(caller, policy, Role::Credit).map(|row| row.level)
        };
        assert_eq!(credit(&caller(&[Role::Credit], None), &policy), None);
        assert_eq!(credit(&caller(&[Role::Credit], Some(1)), &policy), Some(1));
        // A level that the matrix does not have takes the one below it.
        assert_eq!(credit(&caller(&[Role::Credit], Some(9)), &policy), Some(2));
        assert_eq!(credit(&caller(&[Role::Finance], Some(2)), &policy), None);
        policy.levels_by_subject.insert("u-1".parse().unwrap(), 2);
        assert_eq!(credit(&caller(&[Role::Credit], Some(1)), &policy), Some(2));
    }

    #[test]
    fn an_amount_names_the_level_that_it_needs() {
        let policy = plain_document();
        assert_eq!(
            level_needed(&policy, Role::Credit, cny("1000000.00")),
            Some(1)
        );
        assert_eq!(
            level_needed(&policy, Role::Credit, cny("1000000.01")),
            Some(2)
        );
        assert_eq!(
            level_needed(&policy, Role::Credit, cny("10000000.01")),
            None
        );
        assert_eq!(top_level(&policy, Role::Finance), Some(3));
        let unknown = Money::from_minor(1, "CHF".parse().unwrap());
        assert_eq!(level_needed(&policy, Role::Finance, unknown), None);
    }
}
