use super::*;
use crate::book::exposure::model::{AccountStatus, LimitScope};
use crate::book::policy::model::{LimitMethod, StraightThrough, StraightThroughConditions};
use crate::book::policy::rules::plain_document;
use crate::rating::ratings::model::ProbabilitySource;
use kernel::clock::machine_now;

fn cny(text: &str) -> Money {
    Money::parse(text, "CNY".parse().unwrap()).unwrap()
}

fn figure(text: &str) -> Figure {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The customer of formulas 3.11: its need, its statement and its record give 405,000, 630,000 and 1,020,000.
fn facts() -> AssessmentFacts {
    AssessmentFacts {
        as_of: day("2026-03-31"),
        scope: LimitScope::Own,
        requested_limit: cny("382500"),
        requested_net_days: 90,
        account: AccountFact {
            status: AccountStatus::Active,
            blocks: 0,
            limit: Some(cny("300000")),
            exposure: Some(cny("120000")),
            missing_rate: None,
            segment: None,
            months: 24,
        },
        sales: SalesFact {
            from: day("2025-04-01"),
            to: day("2026-03-31"),
            sales: cny("2000000"),
            invoices: 24,
        },
        security: SecurityFact {
            secured: None,
            insured: None,
        },
        rating: Some(RatingFact {
            id: "rat_1".to_owned(),
            grade: "A".to_owned(),
            rated_at: machine_now(),
            stale_on: day("2026-12-31"),
        }),
        statement: Some(StatementFact {
            id: "fst_1".to_owned(),
            period_end: day("2025-12-31"),
            net_assets: Some(cny("8000000")),
            intangible_assets: Some(cny("1000000")),
            working_capital: Some(cny("2500000")),
            cash: None,
            receivables: None,
            short_term_debt: None,
            payables: None,
            conversion: None,
        }),
        payments: Some(PaymentsFact {
            from: day("2026-01-01"),
            to: day("2026-03-31"),
            invoices: 6,
            invoices_late: 1,
            paid: cny("1800000"),
            overdue: cny("0"),
            not_due: cny("120000"),
            days_beyond_terms: Some(figure("1.5")),
            share_in_time: Some(figure("0.85")),
        }),
        expected: Some(ExpectedPurchases {
            yearly_need: cny("3650000"),
            our_share: figure("0.60"),
        }),
        means: None,
        economics: None,
    }
}

fn policy() -> PolicyDocument {
    let mut policy = plain_document();
    policy.limit_methods.payment_period_days = 90;
    policy.limit_methods.rounding_steps = [cny("10000")].into_iter().collect();
    policy
}

fn straight_through(ceiling: &str) -> StraightThrough {
    StraightThrough {
        ceilings: [cny(ceiling)].into_iter().collect(),
        worst_grade: "A".parse().unwrap(),
        conditions: StraightThroughConditions {
            customer_months_min: Some(12),
            in_time_share_min: Some(figure("0.80")),
            statement_months_max: Some(6),
            increase_share_max: Some(figure("0.50")),
        },
    }
}

fn codes(notes: &[AssessmentNote]) -> Vec<NoteCode> {
    notes.iter().map(|note| note.code).collect()
}

fn unmet(found: &Assessment) -> Vec<StraightThroughCode> {
    let checks = found.straight_through.checks.iter();
    let unmet = checks.filter(|check| check.result == ConditionResult::NotMet);
    unmet.map(|check| check.code).collect()
}

#[test]
fn the_customer_of_the_formulas_gets_what_it_asks_for_on_the_grades_days() {
    let found = assess(facts(), &policy());
    let amounts: Vec<Money> = found
        .methods
        .iter()
        .map(|method| method.proposal.as_ref().unwrap().amount)
        .collect();
    assert_eq!(amounts, [cny("405000"), cny("630000"), cny("1020000")]);
    assert_eq!(found.combined.unwrap().combined, cny("405000"));
    let recommended = &found.recommendation;
    assert_eq!(recommended.decision, AssessmentDecision::Grant);
    assert_eq!(recommended.limit, Some(cny("380000")));
    assert_eq!(recommended.net_days, 60);
    assert_eq!(recommended.discount.unwrap().rate, figure("0.02"));
    assert_eq!(
        recommended.review_on,
        Some(day("2026-12-31")),
        "the rating is too old by then"
    );
    assert_eq!(
        codes(&found.reasons),
        [NoteCode::AsRequested, NoteCode::TermShortened]
    );
    assert_eq!(found.warnings, []);
    let missing: Vec<&str> = found
        .missing
        .iter()
        .map(|missing| missing.fact.as_str())
        .collect();
    assert_eq!(missing, ["security", "economics"]);
    assert_eq!(
        found.straight_through.outcome,
        StraightThroughOutcome::NotInPolicy
    );
}

#[test]
fn a_method_without_its_facts_says_which_it_lacks() {
    let mut known = facts();
    known.statement = None;
    known.payments = None;
    let found = assess(known, &policy());
    let whys: Vec<Option<&str>> = found
        .methods
        .iter()
        .map(|method| method.why_not.as_deref())
        .collect();
    assert_eq!(
        whys,
        [
            None,
            Some("It lacks a financial statement."),
            Some("It lacks payments in the period, or bank lines and major suppliers."),
        ]
    );
    assert_eq!(found.recommendation.decision, AssessmentDecision::Grant);
}

#[test]
fn who_is_not_rated_is_for_a_person_to_judge() {
    let mut known = facts();
    known.rating = None;
    let found = assess(known, &policy());
    assert_eq!(found.recommendation.decision, AssessmentDecision::Undecided);
    assert_eq!(
        found.recommendation.net_days, 90,
        "no terms shorten what was asked for"
    );
    assert!(codes(&found.reasons).contains(&NoteCode::NotRated));
    // Payments speak for themselves; the other methods need the grade's factor.
    let proposed: Vec<LimitMethod> = found
        .methods
        .iter()
        .filter(|method| method.proposal.is_some())
        .map(|method| method.method)
        .collect();
    assert_eq!(proposed, [LimitMethod::PaymentAbility]);
}

#[test]
fn a_grade_without_limit_is_declined_and_caps_hold() {
    let mut known = facts();
    known.rating.as_mut().unwrap().grade = "CCC".to_owned();
    let found = assess(known, &policy());
    assert_eq!(found.recommendation.decision, AssessmentDecision::Decline);
    assert_eq!(found.recommendation.limit, Some(cny("0")));
    assert!(codes(&found.reasons).contains(&NoteCode::GradeHasNoLimit));
    assert!(codes(&found.reasons).contains(&NoteCode::Prepayment));
    assert!(codes(&found.warnings).contains(&NoteCode::BelowExposure));

    let mut capping = policy();
    capping.terms[2].limit_cap = [cny("255000")].into_iter().collect();
    let found = assess(facts(), &capping);
    assert_eq!(found.recommendation.limit, Some(cny("250000")));
    assert_eq!(found.recommendation.decision, AssessmentDecision::GrantLess);
    assert!(codes(&found.reasons).contains(&NoteCode::CappedByGrade));

    capping.limit_methods.insured_cap = InsuredCap::InsuredAmount;
    let mut insured = facts();
    insured.security.insured = Some(cny("200000"));
    let found = assess(insured, &capping);
    assert_eq!(found.recommendation.limit, Some(cny("200000")));
    assert!(codes(&found.reasons).contains(&NoteCode::CappedByInsurance));
}

#[test]
fn the_house_approves_only_when_everything_holds() {
    let mut rule = policy();
    rule.straight_through = Some(straight_through("380000"));
    let found = assess(facts(), &rule);
    assert_eq!(unmet(&found), []);
    assert_eq!(found.straight_through.outcome, StraightThroughOutcome::Met);

    rule.straight_through = Some(straight_through("379999.99"));
    assert_eq!(
        unmet(&assess(facts(), &rule)),
        [StraightThroughCode::Ceiling]
    );

    rule.straight_through = Some(straight_through("380000"));
    let mut overdue = facts();
    overdue.payments.as_mut().unwrap().overdue = cny("0.01");
    let found = assess(overdue, &rule);
    assert_eq!(codes(&found.warnings), [NoteCode::Overdue]);
    assert_eq!(unmet(&found), [StraightThroughCode::NoWarning]);

    let mut stranger = facts();
    stranger.scope = LimitScope::Group;
    stranger.account.months = 3;
    stranger.account.limit = None;
    stranger.statement = None;
    stranger.rating.as_mut().unwrap().grade = "BBB".to_owned();
    stranger.payments.as_mut().unwrap().share_in_time = Some(figure("0.79"));
    assert_eq!(
        unmet(&assess(stranger, &rule)),
        [
            StraightThroughCode::OwnLimit,
            StraightThroughCode::Granted,
            StraightThroughCode::WorstGrade,
            StraightThroughCode::CustomerMonthsMin,
            StraightThroughCode::InTimeShareMin,
            StraightThroughCode::StatementMonthsMax,
            StraightThroughCode::IncreaseShareMax,
        ]
    );
}

#[test]
fn what_costs_more_than_it_brings_is_warned_of() {
    let mut known = facts();
    known.economics = Some(Economics {
        margin: figure("0.05"),
        default_probability: figure("0.20"),
        probability_source: Some(ProbabilitySource::Given),
        loss_given_default: figure("1"),
        capital_cost: figure("0.08"),
    });
    let found = assess(known, &policy());
    assert!(found.profit.unwrap().result.expected_profit.is_negative());
    assert_eq!(codes(&found.warnings), [NoteCode::ExpectedLoss]);
}

#[test]
fn an_assessment_is_read_as_it_was_kept() {
    let found = assess(facts(), &policy());
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Assessment>(&text).unwrap(), found);
}
