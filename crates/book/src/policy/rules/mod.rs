//! The default policy, what a caller's authority is under a policy, and whether a policy makes sense.

mod authority;
mod compare;
mod default_terms;
mod sense;

pub use authority::{
    authority_of, exception_approvers, exception_rows, in_currencies, level_needed, may_except,
    role_needed, top_level,
};
pub use compare::{Difference, DifferenceKind, differences};
pub use sense::{Nonsense, faults};

use super::model::{
    AccountCause, Amounts, ApplicationPolicy, Authority, CashApplication, CheckRule, LimitMethods,
    OverdueBasis, PolicyDocument, ReservationPolicy, RuleCode, RuleEffect, SettlementPolicy,
    Sources, Validity, exceptions_default, own_customer_days_default, rerate_default,
};
use kernel::caller::Role;
use kernel::money::{Currency, Money};

/// The policy that a new book begins with; `docs/policy.md` says where each figure comes from.
///
/// Who is insolvent or dissolved, suspended or blocked by dunning buys nothing on account; who is in default, an order
/// beyond the limit, a group's limit or a cap, an expired limit, a longer term, or invoices overdue for more than 30 days
/// go to credit; from 90 % of the limit on, and from a week overdue, there is a warning. What is overdue is counted net
/// of what was paid and not applied yet. An exempt account passes what would need a review. Every category counts in
/// full. Each grade has its terms, also who was never rated; up to 5,000 is approved without a person from BBB on.
pub fn default_document() -> PolicyDocument {
    PolicyDocument {
        check_rules: default_rules(),
        authority: vec![
            authority(Role::Credit, 1, 25_000),
            authority(Role::Credit, 2, 100_000),
            authority(Role::Credit, 3, 500_000),
            authority(Role::Finance, 1, 250_000),
            authority(Role::Finance, 2, 2_000_000),
        ],
        levels_by_subject: std::collections::BTreeMap::new(),
        reservations: ReservationPolicy {
            days_default: 90,
            days_max: 366,
            capture_tolerance_ppm: 0,
        },
        applications: ApplicationPolicy {
            answer_days: 30,
            net_days_max: 180,
        },
        exposure: Vec::new(),
        net_across_currencies: false,
        net_across_entities: false,
        terms: default_terms::rows(),
        limit_methods: LimitMethods::default(),
        straight_through: default_terms::straight_through(),
        rerate: rerate_default(),
        validity: Validity::default(),
        overdue: OverdueBasis::Net,
        own_customer_days: own_customer_days_default(),
        sources: Sources::default(),
        exceptions: exceptions_default(),
        settlement: SettlementPolicy::default(),
        cash_application: CashApplication::default(),
    }
}

/// The check rules of a new book. None of them asks for more than the desk reads for every check.
fn default_rules() -> Vec<CheckRule> {
    use RuleEffect::{Block, Exempt, Review, Warn};
    let rule = |code, effect| CheckRule {
        code,
        effect,
        checkpoints: Vec::new(),
        grades: Vec::new(),
        threshold_ppm: None,
        days: None,
        count: None,
        category: None,
        causes: Vec::new(),
        amounts: Amounts::default(),
    };
    let overdue = |days, base, effect| CheckRule {
        days: Some(days),
        amounts: amounts(base),
        ..rule(RuleCode::OverdueDaysOldest, effect)
    };
    let mut rules = vec![
        CheckRule {
            causes: vec![
                AccountCause::Suspended,
                AccountCause::Dunning,
                AccountCause::Insolvent,
                AccountCause::Dissolved,
            ],
            ..rule(RuleCode::AccountStatus, Block)
        },
        CheckRule {
            causes: vec![AccountCause::InDefault],
            ..rule(RuleCode::AccountStatus, Review)
        },
        rule(RuleCode::LimitUtilisation, Review),
        CheckRule {
            threshold_ppm: Some(900_000),
            ..rule(RuleCode::LimitUtilisation, Warn)
        },
    ];
    let caps = [
        RuleCode::GroupLimit,
        RuleCode::SegmentLimit,
        RuleCode::SalespersonCap,
        RuleCode::CountryCap,
        RuleCode::IndustryCap,
        RuleCode::PortfolioCap,
    ];
    rules.extend(caps.map(|code| rule(code, Review)));
    rules.extend([
        overdue(30, 500, Review),
        overdue(7, 250, Warn),
        rule(RuleCode::LimitExpired, Review),
        rule(RuleCode::TermExceedsPolicy, Review),
        rule(RuleCode::ExemptParty, Exempt),
    ]);
    rules
}

fn authority(role: Role, level: u8, base: i64) -> Authority {
    Authority {
        role,
        level,
        amounts: amounts(base),
    }
}

/// Round amounts of like weight in the currencies that a new book knows: `base` in US dollars, euros and pounds,
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

/// The policy that most tests mean: it does not move with what a new book begins with.
#[cfg(any(test, feature = "test-support"))]
pub fn plain_document() -> PolicyDocument {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/it/support/policy.json"
    ));
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}
