//! What makes a sound customer file.

use chrono::NaiveDate;

use super::model::{GROUP_DEPTH_MAX, LegalStatus};
use kernel::ids::CustomerId;

/// Why a customer can't be put under a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    #[error("would make the customer its own ancestor")]
    Circle,
    #[error("would nest groups more than {GROUP_DEPTH_MAX} deep")]
    TooDeep,
}

/// Whether `customer`, with `levels_below` levels of customers under it, may stand under a parent whose own line of
/// ancestors, beginning with the parent itself, is `line`.
///
/// # Errors
/// When the tree would become a circle or too deep.
pub fn may_join(
    customer: CustomerId,
    levels_below: usize,
    line: &[CustomerId],
) -> Result<(), GroupError> {
    if line.contains(&customer) {
        return Err(GroupError::Circle);
    }
    if line.len() + 1 + levels_below > GROUP_DEPTH_MAX {
        return Err(GroupError::TooDeep);
    }
    Ok(())
}

/// Why a legal status can't hold from a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SinceError {
    #[error("{0} lies in the future")]
    InFuture(NaiveDate),
    #[error("who has no legal status has it from no day on")]
    SinceNothing,
}

/// Whether a legal status may hold from a day.
///
/// # Errors
/// When the day has not come, or there is no status that could begin on it.
pub fn check_since(
    status: LegalStatus,
    since: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<(), SinceError> {
    match since {
        Some(day) if day > today => Err(SinceError::InFuture(day)),
        Some(_) if status == LegalStatus::None => Err(SinceError::SinceNothing),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::customers::model::fold;

    #[test]
    fn a_legal_status_begins_on_a_day_that_has_come() {
        let today: NaiveDate = "2026-03-31".parse().unwrap();
        let tomorrow = today.succ_opt().unwrap();
        let check = |status, since| check_since(status, since, today);
        assert_eq!(check(LegalStatus::Sued, Some(today)), Ok(()));
        assert_eq!(check(LegalStatus::Sued, None), Ok(()));
        assert_eq!(check(LegalStatus::None, None), Ok(()));
        let refused = check(LegalStatus::Sued, Some(tomorrow));
        assert_eq!(refused, Err(SinceError::InFuture(tomorrow)));
        let refused = check(LegalStatus::None, Some(today));
        assert_eq!(refused, Err(SinceError::SinceNothing));
    }

    #[test]
    fn full_width_and_capitals_are_found_alike() {
        assert_eq!(fold("ＡＣＭＥ Trading"), fold("acme trading"));
    }

    #[test]
    fn a_group_is_a_tree_of_bounded_depth() {
        let (a, b) = (CustomerId::new(), CustomerId::new());
        assert_eq!(may_join(a, 0, &[b]), Ok(()));
        assert_eq!(may_join(a, 0, &[b, a]), Err(GroupError::Circle));
        assert_eq!(may_join(a, 0, &[a]), Err(GroupError::Circle));
        let line: Vec<CustomerId> = (0..GROUP_DEPTH_MAX).map(|_| CustomerId::new()).collect();
        assert_eq!(may_join(a, 0, &line), Err(GroupError::TooDeep));
    }
}
