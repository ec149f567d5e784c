use super::super::grade_defaults::{GRADES, default_grade_policy};
use super::*;
use Outcome::{Moved, NotFired, NotKnown, Within};
use proptest::prelude::*;

fn scale() -> Vec<String> {
    GRADES.map(str::to_owned).to_vec()
}

fn model(name: &str, share: f64, score: Option<f64>) -> ModelScore {
    ModelScore {
        model: name.to_owned(),
        share,
        score,
    }
}

fn today() -> NaiveDate {
    "2026-03-01".parse().unwrap()
}

/// A customer of years who pays and reports.
fn good() -> GradeFacts {
    GradeFacts {
        legal_status: Some(LegalStatus::None),
        unpaid_days: Some(0),
        past_due: Some(Vec::new()),
        customer_months: Some(40),
        statement_months: Some(5),
        dishonoured_instruments: Some(0),
        broken_promises: Some(0),
    }
}

fn expert(grade: &str) -> ExpertOverride {
    ExpertOverride {
        grade: grade.to_owned(),
        reason: "A new owner with deep pockets.".to_owned(),
        approved_by: "u-7".to_owned(),
        expires_on: today(),
    }
}

fn grade(
    model_grade: &str,
    rules: &[GradeRule],
    facts: &GradeFacts,
    expert: Option<&ExpertOverride>,
) -> CompositeGrade {
    let scale = scale();
    let policy = GradePolicy {
        rules: rules.to_vec(),
        override_grades: 1,
        probation_days: 0,
    };
    composite_grade(
        Grades::new(&scale).unwrap(),
        model_grade,
        &policy,
        facts,
        expert,
        today(),
    )
    .unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn shares_are_divided_by_their_sum() {
    let models = [
        model("scorecard", 60.0, Some(0.8)),
        model("topsis", 40.0, Some(0.5)),
    ];
    let found = composite_score(&models, MissingModel::Refuse).unwrap();
    assert!(close(found.score, 0.68), "{}", found.score);
    let contributions: Vec<f64> = found.parts.iter().map(|part| part.contribution).collect();
    assert!(
        close(contributions[0], 0.48) && close(contributions[1], 0.2),
        "{contributions:?}"
    );
}

#[test]
fn a_missing_model_is_refused_shared_out_or_punished() {
    let models = [
        model("scorecard", 3.0, Some(0.8)),
        model("altman", 1.0, None),
    ];
    let refused = composite_score(&models, MissingModel::Refuse);
    assert_eq!(
        refused,
        Err(CompositeError::Missing {
            model: "altman".to_owned()
        })
    );

    let shared = composite_score(&models, MissingModel::ShareOut).unwrap();
    assert!(close(shared.score, 0.8));
    assert_eq!(
        (shared.parts[1].share, shared.parts[1].was_missing),
        (0.0, true)
    );

    let punished = composite_score(&models, MissingModel::CountAs { score: 0.2 }).unwrap();
    assert!(close(punished.score, 0.65), "{}", punished.score);
    assert_eq!(
        (punished.parts[1].score, punished.parts[1].was_missing),
        (Some(0.2), true)
    );

    let nobody = composite_score(&models[1..], MissingModel::ShareOut);
    assert_eq!(nobody, Err(CompositeError::NothingCounts));
}

#[test]
fn scores_and_shares_that_are_none_are_named() {
    let name = || "m".to_owned();
    for share in [-0.1, f64::NAN, f64::INFINITY] {
        let found = composite_score(&[model("m", share, Some(0.5))], MissingModel::Refuse);
        assert_eq!(found, Err(CompositeError::Share { model: name() }));
    }
    for score in [-0.1, 1.1, f64::NAN] {
        let found = composite_score(&[model("m", 1.0, Some(score))], MissingModel::Refuse);
        assert_eq!(found, Err(CompositeError::Score { model: name() }));
        let found = composite_score(&[model("m", 1.0, None)], MissingModel::CountAs { score });
        assert_eq!(found, Err(CompositeError::CountAs));
    }
    let twice = [model("m", 1.0, Some(0.5)), model("m", 1.0, None)];
    assert_eq!(
        composite_score(&twice, MissingModel::ShareOut),
        Err(CompositeError::Twice { model: name() })
    );
}

/// Formulas 3.10: sued or more than 90 days unpaid, a customer of less than six months, no financials.
#[test]
fn the_default_rules_cap_grades() {
    let rules = default_grade_policy().rules;
    let capped = |change: fn(&mut GradeFacts)| {
        let mut facts = good();
        change(&mut facts);
        grade("AAA", &rules, &facts, None).grade
    };
    assert_eq!(capped(|_| {}), "AAA");
    assert_eq!(
        capped(|facts| facts.legal_status = Some(LegalStatus::Sued)),
        "B"
    );
    assert_eq!(capped(|facts| facts.unpaid_days = Some(90)), "AAA");
    assert_eq!(capped(|facts| facts.unpaid_days = Some(91)), "B");
    assert_eq!(capped(|facts| facts.dishonoured_instruments = Some(1)), "B");
    assert_eq!(capped(|facts| facts.customer_months = Some(6)), "AAA");
    assert_eq!(capped(|facts| facts.customer_months = Some(5)), "BBB");
    assert_eq!(capped(|facts| facts.statement_months = Some(18)), "AAA");
    assert_eq!(capped(|facts| facts.statement_months = None), "A");
}

#[test]
fn every_rule_is_in_the_record() {
    let mut facts = good();
    facts.unpaid_days = Some(120);
    facts.customer_months = Some(2);
    facts.legal_status = None;
    let found = grade("AA", &default_grade_policy().rules, &facts, None);
    assert_eq!(found.grade, "B");
    let outcomes: Vec<Outcome> = found.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, [NotKnown, Moved, NotFired, Within, NotFired]);
    assert_eq!(
        (found.steps[1].from.as_str(), found.steps[1].to.as_str()),
        ("AA", "B")
    );
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(
        json["steps"][1]["cause"]["condition"],
        serde_json::json!({"fact": "unpaid_days_over", "days": 90})
    );
    assert_eq!(
        serde_json::from_value::<CompositeGrade>(json).unwrap(),
        found
    );
}

#[test]
fn who_is_insolvent_or_owes_a_material_amount_for_too_long_is_in_default() {
    let policy = default_grade_policy();
    let told = |facts: &GradeFacts| -> Vec<(Outcome, String)> {
        let steps = default_steps(&policy, facts, "AA", "D").into_iter();
        steps.map(|step| (step.outcome, step.to)).collect()
    };
    let of = |outcome, grade: &str| (outcome, grade.to_owned());
    assert_eq!(told(&good()), [of(NotFired, "AA"), of(NotFired, "AA")]);
    let mut facts = good();
    facts.legal_status = Some(LegalStatus::Insolvent);
    assert_eq!(told(&facts), [of(Moved, "D"), of(NotFired, "D")]);
    let owed = |days, minor, currency: &str| PastDue {
        days,
        amount: Money::from_minor(minor, currency.parse().unwrap()),
    };
    // Together more than a thousand yuan; what is due for 90 days does not count.
    facts.past_due = Some(vec![
        owed(90, 1_000_000, "CNY"),
        owed(91, 60_000, "CNY"),
        owed(366, 40_001, "CNY"),
    ]);
    assert_eq!(told(&facts), [of(Moved, "D"), of(Within, "D")]);
    facts.legal_status = None;
    facts.past_due = Some(vec![owed(91, 100_000, "CNY")]);
    assert_eq!(told(&facts), [of(NotKnown, "AA"), of(NotFired, "AA")]);
    // Where the scale names no amount, anything is material.
    facts.past_due = Some(vec![owed(91, 1, "SEK")]);
    assert_eq!(told(&facts), [of(NotKnown, "AA"), of(Moved, "D")]);
}

#[test]
fn a_floor_lifts_and_a_cap_wins_over_it() {
    let floor = GradeRule {
        condition: Condition::BrokenPromisesOver { count: 0 },
        bound: Bound::NotBelow {
            grade: "BBB".to_owned(),
        },
    };
    let cap = GradeRule {
        condition: Condition::UnpaidDaysOver { days: 90 },
        bound: Bound::NotAbove {
            grade: "B".to_owned(),
        },
    };
    let mut facts = good();
    facts.broken_promises = Some(1);
    assert_eq!(
        grade("CCC", std::slice::from_ref(&floor), &facts, None).grade,
        "BBB"
    );
    facts.unpaid_days = Some(91);
    assert_eq!(
        grade("CCC", &[cap, floor], &facts, None).grade,
        "B",
        "whatever their order"
    );
}

#[test]
fn an_expert_moves_one_grade_until_the_last_day_and_never_over_a_cap() {
    let rules = default_grade_policy().rules;
    let last = |found: &CompositeGrade| found.steps[0].outcome;
    let lifted = grade("A", &rules, &good(), Some(&expert("AA")));
    assert_eq!(
        (lifted.grade.as_str(), last(&lifted)),
        ("AA", Outcome::Moved)
    );
    let lowered = grade("A", &rules, &good(), Some(&expert("BBB")));
    assert_eq!(lowered.grade, "BBB");
    let far = grade("BBB", &rules, &good(), Some(&expert("AA")));
    assert_eq!((far.grade.as_str(), last(&far)), ("BBB", Outcome::TooFar));
    let mut old = expert("AA");
    old.expires_on = today().pred_opt().unwrap();
    let expired = grade("A", &rules, &good(), Some(&old));
    assert_eq!(
        (expired.grade.as_str(), last(&expired)),
        ("A", Outcome::Expired)
    );

    let mut sued = good();
    sued.legal_status = Some(LegalStatus::Sued);
    assert_eq!(grade("B", &rules, &sued, Some(&expert("BB"))).grade, "B");
}

#[test]
fn an_override_is_checked_before_it_is_kept() {
    let scale = scale();
    let grades = Grades::new(&scale).unwrap();
    let check = |grade: &str, set: &ExpertOverride| {
        check_override(grades, grade, &default_grade_policy(), set, today())
    };
    assert_eq!(check("A", &expert("AA")), Ok(()));
    let far = CompositeError::OverrideTooFar {
        asked: 2,
        allowed: 1,
    };
    assert_eq!(check("A", &expert("AAA")), Err(far));
    let mut old = expert("AA");
    old.expires_on = today().pred_opt().unwrap();
    assert_eq!(
        check("A", &old),
        Err(CompositeError::OverrideExpired {
            expires_on: old.expires_on
        })
    );
    let unknown = CompositeError::UnknownGrade {
        grade: "A+".to_owned(),
    };
    assert_eq!(check("A", &expert("A+")), Err(unknown));
    let twice = ["A".to_owned(), "A".to_owned()];
    assert_eq!(
        Grades::new(&twice).unwrap_err(),
        CompositeError::GradeTwice {
            grade: "A".to_owned()
        }
    );
}

fn any_rule() -> impl Strategy<Value = GradeRule> {
    let condition = prop_oneof![
        (0..200_u32).prop_map(|days| Condition::UnpaidDaysOver { days }),
        (0..24_u32).prop_map(|months| Condition::CustomerMonthsUnder { months }),
        (0..24_u32).prop_map(|months| Condition::StatementMissingOrOlder { months }),
    ];
    let grade = prop::sample::select(scale());
    (condition, grade, any::<bool>()).prop_map(|(condition, grade, is_cap)| GradeRule {
        condition,
        bound: if is_cap {
            Bound::NotAbove { grade }
        } else {
            Bound::NotBelow { grade }
        },
    })
}

fn any_facts() -> impl Strategy<Value = GradeFacts> {
    let count = || prop::option::of(0..200_u32);
    (count(), count(), count()).prop_map(|(unpaid_days, customer_months, statement_months)| {
        GradeFacts {
            unpaid_days,
            customer_months,
            statement_months,
            ..good()
        }
    })
}

proptest! {
    #[test]
    fn no_cap_that_fires_is_ever_passed(
        start in 0..7_usize,
        rules in prop::collection::vec(any_rule(), 0..8),
        facts in any_facts(),
        set in prop::option::of(0..7_usize),
    ) {
        let rank = |grade: &str| GRADES.iter().position(|code| *code == grade).unwrap();
        let set = set.map(|rank| expert(GRADES[rank]));
        let found = grade(GRADES[start], &rules, &facts, set.as_ref());
        for rule in &rules {
            if let (Bound::NotAbove { grade }, Some(true)) = (&rule.bound, rule.condition.holds(&facts)) {
                prop_assert!(rank(&found.grade) >= rank(grade));
            }
        }
        prop_assert_eq!(found.steps.len(), rules.len() + usize::from(set.is_some()));
        let mut at = GRADES[start].to_owned();
        for step in &found.steps {
            prop_assert_eq!(&step.from, &at);
            prop_assert_eq!(step.from != step.to, step.outcome == Outcome::Moved);
            at.clone_from(&step.to);
        }
        prop_assert_eq!(at, found.grade);
    }

    #[test]
    fn a_composite_lies_between_its_scores(
        models in prop::collection::vec((0.001..10.0_f64, 0.0..=1.0_f64), 1..6),
    ) {
        let given: Vec<ModelScore> = models.iter().enumerate()
            .map(|(index, (share, score))| model(&index.to_string(), *share, Some(*score)))
            .collect();
        let found = composite_score(&given, MissingModel::Refuse).unwrap();
        let lowest = models.iter().map(|(_, score)| *score).fold(1.0, f64::min);
        let highest = models.iter().map(|(_, score)| *score).fold(0.0, f64::max);
        prop_assert!(found.score >= lowest - 1e-12 && found.score <= highest + 1e-12);
        let shares: f64 = found.parts.iter().map(|part| part.share).sum();
        prop_assert!(close(shares, 1.0));
    }
}
