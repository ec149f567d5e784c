use proptest::prelude::*;

use super::*;
use kernel::clock::machine_now;
use kernel::ids::{CustomerId, ExpertPanelId};

const THREE: [&str; 3] = ["MANAGEMENT_ABILITY", "PRODUCT", "AUDIT_OPINION"];

fn codes() -> Vec<String> {
    THREE.map(str::to_owned).to_vec()
}

fn people(names: &[&str]) -> Vec<Subject> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn numbers(names: &[&str]) -> Vec<Keyword> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn score(value: Value) -> Score {
    Score { value, note: None }
}

/// Ability and product in points, and the auditor's opinion.
fn opinion(ability: f64, product: f64, audit: &str) -> Vec<(Keyword, Score)> {
    let values = [
        Value::Number(ability),
        Value::Number(product),
        Value::Answer(audit.to_owned()),
    ];
    numbers(&THREE).into_iter().zip(values.map(score)).collect()
}

fn by_expert(opinions: Vec<Vec<(Keyword, Score)>>) -> BTreeMap<Subject, Scores> {
    let all = opinions.into_iter().enumerate();
    all.map(|(place, given)| {
        let scores = check_opinion(&codes(), &given, None).unwrap();
        (format!("u-{place}").parse().unwrap(), scores)
    })
    .collect()
}

fn panel(status: PanelStatus, round: i32) -> Panel {
    Panel {
        id: ExpertPanelId::new(),
        customer_id: CustomerId::new(),
        status,
        question: "How able is the management?".parse().unwrap(),
        indicators: "[]".to_owned(),
        round,
        rounds_max: 2,
        quorum: 2,
        dispersion_limit_ppm: 200_000,
        convened_by: "u-1".parse().unwrap(),
        convened_at: machine_now(),
        ended_by: None,
        ended_at: None,
        end_reason: None,
        version: 1,
    }
}

#[test]
fn a_panel_goes_from_round_to_round_and_ends_once() {
    use PanelStatus as S;
    let may = |status: S, round: i32| allowed(&panel(status, round));
    assert_eq!(
        may(S::Scoring, 1),
        ["give_opinion", "close_round", "cancel"]
    );
    assert_eq!(may(S::Reviewing, 1), ["open_round", "conclude", "cancel"]);
    assert_eq!(may(S::Reviewing, 2), ["conclude", "cancel"]);
    assert_eq!(may(S::Concluded, 2), [""; 0]);
    assert_eq!(may(S::Cancelled, 1), [""; 0]);
}

#[test]
fn a_panel_is_convened_on_what_people_judge_and_who_convenes_is_no_expert() {
    let convene = |indicators: &[&str], experts: &[&str], quorum: Option<i32>| {
        let convener = "u-1".parse().unwrap();
        check_convened(&convener, &numbers(indicators), &people(experts), quorum)
    };
    assert_eq!(convene(&THREE, &["a", "b", "c", "d", "e"], None), Ok(3));
    assert_eq!(convene(&THREE, &["a", "b"], None), Ok(2));
    assert_eq!(convene(&THREE, &["a", "b", "c"], Some(3)), Ok(3));
    let experts = &["a", "b"];
    for (indicators, error) in [
        (["SHOE_SIZE"], ConveningError::NoIndicator { place: 0 }),
        (["CURRENT_RATIO"], ConveningError::NotJudged { place: 0 }),
        (["MARKET_SHARE"], ConveningError::NotJudged { place: 0 }),
    ] {
        assert_eq!(convene(&indicators, experts, None), Err(error));
    }
    assert_eq!(
        convene(&["PRODUCT", "PRODUCT"], experts, None),
        Err(ConveningError::IndicatorTwice { place: 1 })
    );
    assert_eq!(
        convene(&THREE, &["a", "u-1"], None),
        Err(ConveningError::ConvenerIsExpert { place: 1 })
    );
    assert_eq!(
        convene(&THREE, &["a", "b", "a"], None),
        Err(ConveningError::ExpertTwice { place: 2 })
    );
    for quorum in [1, 3] {
        let error = ConveningError::Quorum { experts: 2 };
        assert_eq!(convene(&THREE, experts, Some(quorum)), Err(error));
    }
}

#[test]
fn an_opinion_scores_everything_that_is_asked_each_in_its_range() {
    let take = |given: &[(Keyword, Score)]| check_opinion(&codes(), given, None);
    let good = opinion(7.0, 4.5, "qualified");
    assert_eq!(take(&good).unwrap().len(), 3);
    let twice = [good.clone(), good[..1].to_vec()].concat();
    assert_eq!(take(&twice), Err(OpinionError::Twice { place: 3 }));
    let code = "AUDIT_OPINION".to_owned();
    assert_eq!(take(&good[..2]), Err(OpinionError::NotScored { code }));
    let mut other = good.clone();
    other[1].0 = "LEVERAGE".parse().unwrap();
    assert_eq!(take(&other), Err(OpinionError::NotAsked { place: 1 }));
    for (wrong, place) in [
        (opinion(10.5, 1.0, "qualified"), 0),
        (opinion(1.0, -1.0, "qualified"), 1),
        (opinion(1.0, 1.0, "fine"), 2),
    ] {
        let found = take(&wrong);
        assert!(
            matches!(&found, Err(OpinionError::NoAnswer { place: at, .. }) if *at == place),
            "{found:?}"
        );
    }
}

#[test]
fn who_stays_outside_of_the_middle_half_says_why() {
    let first = by_expert(vec![
        opinion(6.0, 5.0, "qualified"),
        opinion(7.0, 5.0, "qualified"),
        opinion(10.0, 5.0, "adverse"),
    ]);
    let before = summarise(&codes(), &[], 200_000, &first);
    let take = |given: &[(Keyword, Score)]| check_opinion(&codes(), given, Some(&before));
    assert!(take(&opinion(6.5, 5.0, "qualified")).is_ok());
    let middle = "6.50 to 8.50".to_owned();
    let mut alone = opinion(10.0, 5.0, "qualified");
    assert_eq!(
        take(&alone),
        Err(OpinionError::NoteNeeded { place: 0, middle })
    );
    alone[0].1.note = Some("They replaced the board in May.".parse().unwrap());
    assert!(take(&alone).is_ok());
    let middle = "qualified".to_owned();
    assert_eq!(
        take(&opinion(7.0, 5.0, "adverse")),
        Err(OpinionError::NoteNeeded { place: 2, middle })
    );
}

#[test]
fn five_scores_have_a_median_quartiles_and_a_dispersion() {
    let five = by_expert(vec![
        opinion(6.0, 2.0, "qualified"),
        opinion(7.0, 9.0, "qualified"),
        opinion(7.0, 2.0, "qualified"),
        opinion(8.0, 8.0, "adverse"),
        opinion(10.0, 3.0, "qualified"),
    ]);
    let experts = people(&["u-0", "u-1", "u-2", "u-3", "u-4", "u-9"]);
    let summary = summarise(&codes(), &experts, 200_000, &five);
    assert_eq!(summary.missing, people(&["u-9"]));
    assert_eq!(summary.answered, 5);
    let ability = summary.of("MANAGEMENT_ABILITY").unwrap();
    let Findings::Numbers(spread) = ability.findings else {
        panic!("numbers");
    };
    assert_eq!(
        [
            spread.minimum,
            spread.lower_quartile,
            spread.median,
            spread.upper_quartile,
            spread.maximum,
            spread.mean,
        ]
        .map(|number| format!("{number:.2}")),
        ["6.00", "7.00", "7.00", "8.00", "10.00", "7.60"]
    );
    // Squares 2.56, 0.36, 0.36, 0.16, 5.76: mean 1.84.
    assert!((spread.standard_deviation - 1.84_f64.sqrt()).abs() < 1e-12);
    assert!((ability.dispersion - 0.1).abs() < 1e-12 && ability.agreed);
    assert_eq!(ability.result(), Some(Value::Number(7.0)));
    // 2, 2, 3, 8, 9: quartiles 2 and 8.
    let product = summary.of("PRODUCT").unwrap();
    assert!((product.dispersion - 0.6).abs() < 1e-12 && !product.agreed);
    // Four of five say so: the fifth is the dispersion.
    let audit = summary.of("AUDIT_OPINION").unwrap();
    assert!((audit.dispersion - 0.2).abs() < 1e-12 && audit.agreed);
    assert_eq!(audit.result(), Some(Value::Answer("qualified".to_owned())));
    assert!(!summary.is_agreed());
}

#[test]
fn where_answers_are_level_the_panel_says_nothing() {
    let level = by_expert(vec![
        opinion(5.0, 5.0, "qualified"),
        opinion(5.0, 5.0, "adverse"),
    ]);
    let summary = summarise(&codes(), &[], 1_000_000, &level);
    assert_eq!(summary.of("AUDIT_OPINION").unwrap().result(), None);
    // Nobody puts ability before product or after it: there is no order to agree on.
    assert_eq!(summary.concordance, None);
}

#[test]
fn experts_who_see_the_same_strengths_are_in_concordance() {
    let concordance = |scores: [(f64, f64); 3]| {
        let opinions = scores.map(|(ability, product)| opinion(ability, product, "qualified"));
        summarise(&codes(), &[], 0, &by_expert(opinions.to_vec())).concordance
    };
    assert_eq!(concordance([(9.0, 3.0), (8.0, 1.0), (5.0, 4.0)]), Some(1.0));
    // Rank sums 5 and 4 about 4.5: S = 0.5, W = 12 · 0.5 / (9 · 6).
    let split = concordance([(9.0, 3.0), (1.0, 8.0), (5.0, 4.0)]).unwrap();
    assert!((split - 1.0 / 9.0).abs() < 1e-12);
}

proptest! {
    #[test]
    fn the_order_of_the_experts_does_not_matter(
        given in proptest::collection::vec((0..=20_u8, 0..=20_u8, 0..3_usize), 2..12),
        turn in 0..12_usize,
    ) {
        let opinions: Vec<_> = given
            .iter()
            .map(|(ability, product, audit)| {
                let audit = ["qualified", "adverse", "disclaimer"][*audit];
                opinion(f64::from(*ability) / 2.0, f64::from(*product) / 2.0, audit)
            })
            .collect();
        let mut turned = opinions.clone();
        turned.rotate_left(turn % opinions.len());
        let sum = |opinions| summarise(&codes(), &[], 200_000, &by_expert(opinions));
        prop_assert_eq!(sum(opinions), sum(turned));
    }

    #[test]
    fn the_middle_lies_between_the_ends(numbers in proptest::collection::vec(0.0..=10.0_f64, 1..40)) {
        let found = spread(numbers.iter().copied()).unwrap();
        let rising = [
            found.minimum, found.lower_quartile, found.median, found.upper_quartile, found.maximum,
        ];
        prop_assert!(rising.is_sorted(), "{:?}", rising);
        prop_assert!((found.minimum..=found.maximum).contains(&found.mean));
        prop_assert!(found.standard_deviation <= found.maximum - found.minimum);
    }

    #[test]
    fn concordance_is_a_share(
        given in proptest::collection::vec((0..=10_u8, 0..=10_u8), 2..15),
    ) {
        let opinions = given
            .iter()
            .map(|(ability, product)| opinion(f64::from(*ability), f64::from(*product), "qualified"))
            .collect();
        let found = summarise(&codes(), &[], 0, &by_expert(opinions)).concordance;
        prop_assert!(found.is_none_or(|w| (0.0..=1.0).contains(&w)), "{:?}", found);
    }
}
