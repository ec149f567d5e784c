//! How much room is left (formulas 3.16).

use super::model::{CreditAccount, Exposure, Limit};

/// What may still be bought under a limit: negative when exposure is above it, none when unlimited.
///
/// A limit of 600 with exposure 390 leaves 210.
pub fn headroom(limit: Limit, exposure: Exposure) -> Option<i64> {
    limit
        .minor()
        .map(|minor| minor.saturating_sub(exposure.total_minor()))
}

/// What may still be bought on an account: the least headroom over the account itself and every group it belongs
/// to; none when nothing limits it.
///
/// Account A has 210 left, its parent's group 160: A may buy 160.
pub fn available(account: &CreditAccount, ancestors: &[CreditAccount]) -> Option<i64> {
    let own = headroom(account.limit(), account.exposure());
    let groups = std::iter::once(account)
        .chain(ancestors)
        .filter_map(|node| headroom(node.group_limit()?, node.group_exposure()));
    own.into_iter().chain(groups).min()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::book::exposure::model::{AccountStatus, LimitKind};
    use crate::kernel::clock::machine_now;
    use crate::kernel::ids::{CreditAccountId, CustomerId};

    /// An account with a limit and exposure, in hundredths.
    pub fn an_account(limit_minor: i64, exposure: Exposure) -> CreditAccount {
        CreditAccount {
            id: CreditAccountId::new(),
            customer_id: CustomerId::new(),
            currency: "CNY".parse().unwrap(),
            status: AccountStatus::Active,
            limit_kind: LimitKind::Amount,
            limit_minor,
            limit_source: "application".to_owned(),
            limit_valid_until: None,
            net_days: 30,
            group_limit_kind: None,
            group_limit_minor: 0,
            dunning_procedure_id: None,
            reserved_minor: exposure.reserved_minor,
            receivable_minor: exposure.receivable_minor,
            unapplied_minor: exposure.unapplied_minor,
            group_reserved_minor: exposure.reserved_minor,
            group_receivable_minor: exposure.receivable_minor,
            group_unapplied_minor: exposure.unapplied_minor,
            created_at: machine_now(),
            changed_at: machine_now(),
            version: 1,
        }
    }

    #[test]
    fn the_worked_example_of_the_group() {
        // Formulas 3.16, in thousands: A has limit 600 and exposure 390; its parent's group 1,000 and 840.
        let a = an_account(
            600,
            Exposure {
                reserved_minor: 120,
                receivable_minor: 300,
                unapplied_minor: 30,
            },
        );
        let mut parent = an_account(0, Exposure::default());
        parent.group_limit_kind = Some(LimitKind::Amount);
        parent.group_limit_minor = 1_000;
        parent.group_reserved_minor = 840;
        assert_eq!(headroom(a.limit(), a.exposure()), Some(210));
        assert_eq!(available(&a, &[parent]), Some(160));
    }

    #[test]
    fn the_published_effective_limits_hold() {
        // Own 10,000 and group 15,000 → 10,000; own 20,000 and group 15,000 → 15,000; own 0 and group 15,000 → 0.
        for (own, effective) in [(10_000, 10_000), (20_000, 15_000), (0, 0)] {
            let mut parent = an_account(0, Exposure::default());
            parent.group_limit_kind = Some(LimitKind::Amount);
            parent.group_limit_minor = 15_000;
            let account = an_account(own, Exposure::default());
            assert_eq!(available(&account, &[parent]), Some(effective));
        }
    }

    #[test]
    fn no_credit_is_zero_and_unlimited_is_no_number() {
        assert_eq!(headroom(Limit::None, Exposure::receivable(5)), Some(-5));
        assert_eq!(headroom(Limit::Unlimited, Exposure::receivable(5)), None);
    }
}
