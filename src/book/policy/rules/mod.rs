//! The default policy, what a caller's authority is under a policy, and whether a policy makes sense.

mod authority;
mod compare;
mod default_terms;
mod sense;

pub use authority::{authority_of, level_needed, role_needed, top_level};
pub use compare::{Difference, DifferenceKind, differences};
pub use sense::{Nonsense, faults, unknown_procedures};

use super::model::{
    Amounts, ApplicationPolicy, Authority, CheckRule, LimitMethods, PolicyDocument,
    ReservationPolicy, RuleCode, RuleEffect, Validity, rerate_default,
};
use crate::kernel::caller::Role;
use crate::kernel::money::{Currency, Money};

/// The policy that a new house begins with.
///
/// An order beyond the limit, a group's limit or a cap, an expired limit, a longer term, or invoices overdue for more
/// than 30 days go to credit; from 90 % of the limit on there is a warning; a suspended or blocked account is rejected.
/// An exempt account passes what would need a review. Every category counts in full. Each grade has its terms (formulas
/// 3.11); no limit is approved without a person.
pub fn default_document() -> PolicyDocument {
    let rule = |code, effect| CheckRule {
        code,
        effect,
        checkpoints: Vec::new(),
        grades: Vec::new(),
        threshold_ppm: None,
        days: None,
        count: None,
        category: None,
        amounts: Amounts::default(),
    };
    PolicyDocument {
        check_rules: vec![
            rule(RuleCode::AccountStatus, RuleEffect::Block),
            rule(RuleCode::LimitUtilisation, RuleEffect::Review),
            CheckRule {
                threshold_ppm: Some(900_000),
                ..rule(RuleCode::LimitUtilisation, RuleEffect::Warn)
            },
            rule(RuleCode::GroupLimit, RuleEffect::Review),
            rule(RuleCode::SegmentLimit, RuleEffect::Review),
            rule(RuleCode::SalespersonCap, RuleEffect::Review),
            rule(RuleCode::CountryCap, RuleEffect::Review),
            rule(RuleCode::IndustryCap, RuleEffect::Review),
            rule(RuleCode::PortfolioCap, RuleEffect::Review),
            CheckRule {
                days: Some(30),
                amounts: amounts(100),
                ..rule(RuleCode::OverdueDaysOldest, RuleEffect::Review)
            },
            CheckRule {
                amounts: amounts(10_000),
                ..rule(RuleCode::OverdueAmount, RuleEffect::Warn)
            },
            rule(RuleCode::LimitExpired, RuleEffect::Review),
            rule(RuleCode::TermExceedsPolicy, RuleEffect::Review),
            rule(RuleCode::ExemptParty, RuleEffect::Exempt),
        ],
        authority: vec![
            authority(Role::Credit, 1, 100_000),
            authority(Role::Credit, 2, 1_000_000),
            authority(Role::Finance, 1, 1_000_000),
            authority(Role::Finance, 2, 10_000_000),
            authority(Role::Finance, 3, 100_000_000),
        ],
        levels_by_subject: std::collections::BTreeMap::new(),
        reservations: ReservationPolicy {
            days_default: 30,
            days_max: 366,
            capture_tolerance_ppm: 0,
        },
        applications: ApplicationPolicy {
            answer_days: 30,
            net_days_max: 180,
        },
        exposure: Vec::new(),
        terms: default_terms::rows(),
        limit_methods: LimitMethods::default(),
        straight_through: None,
        rerate: rerate_default(),
        validity: Validity::default(),
    }
}

fn authority(role: Role, level: u8, base: i64) -> Authority {
    Authority {
        role,
        level,
        amounts: amounts(base),
    }
}

/// Round amounts of like weight in the currencies that a new house knows: `base` in US dollars, euros and pounds,
/// ten times as many yuan and Hong Kong dollars, a hundred times as many yen.
pub fn amounts(base: i64) -> Amounts {
    [
        ("USD", 1),
        ("EUR", 1),
        ("GBP", 1),
        ("CNY", 10),
        ("HKD", 10),
        ("JPY", 100),
    ]
    .into_iter()
    .filter_map(|(code, times)| {
        let currency: Currency = code.parse().ok()?;
        let units = 10_i64.checked_pow(currency.minor_digits())?;
        Some(Money::from_minor(
            base.checked_mul(times)?.checked_mul(units)?,
            currency,
        ))
    })
    .collect()
}
