#![expect(
    clippy::unreadable_literal,
    reason = "figures are written as they are published"
)]

use serde_json::json;

use super::super::ahp::{global_weights, ranking_flip, sensitivity};
use super::super::grades::GradeScale;
use super::super::scoring::{FeatureScore, feature_analysis};
use super::*;

#[track_caller]
fn assert_near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{found} is not {expected}"
    );
}

fn weigh(tree: &Attribute) -> Result<WeighedTree, Vec<TreeProblem>> {
    tree.weigh(Gate::default(), None)
}

/// Where a tree, given as JSON, is wrong.
fn pointers(tree: serde_json::Value, purpose: Option<&str>) -> Vec<String> {
    let tree: Attribute = serde_json::from_value(tree).unwrap();
    let problems = tree.weigh(Gate::default(), purpose).unwrap_err();
    problems
        .into_iter()
        .map(|problem| problem.pointer)
        .collect()
}

fn leaf(code: &str) -> serde_json::Value {
    json!({"code": code, "name": {"en": code, "zh": code}, "indicator": {
        "code": code, "scoring": {"kind": "linear", "worst": 0, "best": 1}, "missing": {"rule": "refuse"}}})
}

fn goal(weighting: serde_json::Value, children: &[serde_json::Value]) -> serde_json::Value {
    json!({"code": "GOAL", "name": {"en": "Goal", "zh": "目标"}, "weighting": weighting, "children": children})
}

#[test]
fn every_template_can_be_weighed_and_scores_the_best_and_the_worst() {
    for found in TEMPLATES {
        let tree = template(found.code).unwrap_or_else(|| panic!("{} is no tree", found.code));
        assert_eq!(tree.code, found.code);
        let purposes = tree.purposes();
        let purpose = purposes.first().map(String::as_str);
        let weighed = tree.weigh(Gate::default(), purpose).unwrap();
        let sum: f64 = weighed.indicators.iter().map(|leaf| leaf.weight).sum();
        assert_near(sum, 1.0, 1e-12);
        // Written and read, it is the same tree.
        let text = serde_json::to_string(&tree).unwrap();
        assert_eq!(serde_json::from_str::<Attribute>(&text).unwrap(), tree);
        // Half the full score in everything but what is missing.
        let scored = weighed
            .score(&BTreeMap::from([first_of(&weighed)]))
            .unwrap();
        assert!((0.0..=1.0).contains(&scored.result.score));
        assert!(scored.result.penalty > 0.0);
    }
    assert_eq!(template("6X"), None);
}

fn first_of(tree: &WeighedTree) -> (String, Value) {
    (
        tree.indicators[0].indicator.code.clone(),
        Value::Number(1.0),
    )
}

#[test]
fn four_aspects_are_weighed_by_judgement() {
    let tree = weigh(&template("FOUR_ASPECTS").unwrap()).unwrap();
    let aspects = tree
        .attributes
        .iter()
        .filter(|attribute| attribute.path.len() == 1);
    let weights: Vec<f64> = aspects.map(|aspect| aspect.global_weight).collect();
    for (found, worked) in weights.iter().zip([0.277181, 0.160088, 0.467296, 0.095435]) {
        assert_near(*found, worked, 5e-7);
    }
    let judgements = tree.judgements.unwrap();
    assert_near(judgements.consistency.ratio, 0.011475, 2e-6);
    let codes: Vec<&str> = tree
        .indicators
        .iter()
        .map(|leaf| leaf.indicator.code.as_str())
        .collect();
    assert_eq!(
        codes,
        [
            "CURRENT_RATIO",
            "QUICK_RATIO",
            "DEBT_RATIO",
            "NET_MARGIN",
            "SALES_GROWTH",
            "MARKET_SHARE",
            "INVENTORY_TURNOVER",
            "OVERDUE_COUNT",
            "OVERDUE_SHARE",
            "REPAYMENT_RECORD",
            "INDUSTRY_GROWTH",
            "INDUSTRY_CONCENTRATION"
        ]
    );
}

#[test]
fn what_a_tree_hangs_on_can_be_asked() {
    let tree = weigh(&template("FOUR_ASPECTS").unwrap()).unwrap();
    let leaves = global_weights(&tree.criteria()).unwrap();
    for (leaf, indicator) in leaves.iter().zip(&tree.indicators) {
        assert_eq!(Some(&leaf.code), indicator.path.last());
        assert_near(leaf.weight, indicator.weight, 1e-12);
    }
    let found = sensitivity(&tree.criteria(), "HISTORY", 0.1).unwrap();
    assert_near(found.raised.weight, 0.567296, 5e-7);
    let record = found
        .raised
        .leaves
        .iter()
        .find(|leaf| leaf.code == "REPAYMENT_RECORD");
    assert_near(record.unwrap().weight_after, 0.567296 * 0.4, 5e-7);
}

#[test]
fn a_customer_is_explained_aspect_by_aspect() {
    let tree = weigh(&template("FOUR_ASPECTS").unwrap()).unwrap();
    let values = [
        ("CURRENT_RATIO", 2.0),
        ("QUICK_RATIO", 0.9),
        ("DEBT_RATIO", 0.6),
        ("NET_MARGIN", 0.05),
        ("SALES_GROWTH", 0.12),
        ("INVENTORY_TURNOVER", 6.5),
        ("OVERDUE_COUNT", 2.0),
        ("OVERDUE_SHARE", 0.15),
        ("REPAYMENT_RECORD", 0.9),
        ("INDUSTRY_GROWTH", 0.04),
        ("INDUSTRY_CONCENTRATION", 0.6),
    ];
    let values = values
        .map(|(code, value)| (code.to_owned(), Value::Number(value)))
        .into();
    let found = tree.score(&values).unwrap();
    // The market share is not known: 0.25 of its weight is taken off.
    let weight = 0.160088 * 0.25;
    assert_near(found.result.known_weight, 1.0 - weight, 1e-6);
    assert_near(found.result.penalty, weight * 0.25, 1e-6);
    let subtotals: f64 = found
        .subtotals
        .iter()
        .map(|aspect| aspect.contribution - aspect.penalty)
        .sum();
    assert_near(subtotals, found.result.score, 1e-12);
    assert_eq!(found.subtotals.len(), 4);
    // 0.3·0.75 + 0.2·0.5 + 0.3·0.5 + 0.2·0.5 of the financial aspect.
    assert_near(found.subtotals[0].score.unwrap(), 0.575, 1e-12);
    // 0.3·0.8 + 0.3·0.6 + 0.4·0.8 of the history.
    assert_near(found.subtotals[2].score.unwrap(), 0.74, 1e-12);
}

#[test]
fn feature_analysis_by_its_tree_is_feature_analysis_by_its_formula() {
    let template = template("FEATURE_18").unwrap();
    assert_eq!(
        template.purposes(),
        ["growth", "risk_averse"].map(str::to_owned).into()
    );
    let mut percents = Vec::new();
    for purpose in ["risk_averse", "growth"] {
        let tree = template.weigh(Gate::default(), Some(purpose)).unwrap();
        assert_eq!(tree.indicators.len(), 18);
        let scores = (0..18).map(|place| f64::from(place % 10 + 1));
        let features: Vec<FeatureScore> = tree
            .indicators
            .iter()
            .zip(scores)
            .map(|(leaf, score)| FeatureScore {
                code: leaf.indicator.code.clone(),
                weight: leaf.weight,
                score: Some(score),
            })
            .collect();
        let values = features
            .iter()
            .map(|feature| (feature.code.clone(), Value::Number(feature.score.unwrap())));
        let by_tree = tree.score(&values.collect()).unwrap().result.score;
        let by_formula = feature_analysis(&features).unwrap().percent;
        assert_near(by_tree * 100.0, by_formula, 1e-9);
        percents.push(by_formula);
    }
    assert!(
        (percents[0] - percents[1]).abs() > 0.1,
        "the purpose matters: {percents:?}"
    );
    assert_eq!(
        template.weigh(Gate::default(), None).unwrap_err()[0].problem,
        AttributeProblem::Purpose {
            known: "growth, risk_averse".to_owned()
        }
    );
}

#[test]
fn weights_in_any_unit_are_shares() {
    let tree = goal(json!({"given": [30, 10]}), &[leaf("A"), leaf("B")]);
    let tree = weigh(&serde_json::from_value(tree).unwrap()).unwrap();
    assert_near(tree.indicators[0].weight, 0.75, 1e-15);
    let equal = goal(json!("equal"), &[leaf("A"), leaf("B")]);
    let equal = weigh(&serde_json::from_value(equal).unwrap()).unwrap();
    assert_near(equal.indicators[1].weight, 0.5, 1e-15);
}

#[test]
fn a_panel_of_experts_weighs_a_node() {
    let panel = json!({"judged_by_panel": [
        {"expert": "Chen", "matrix": [[1, 2], [0.5, 1]]}, {"expert": "Okafor", "matrix": [[1, 8], [0.125, 1]]}]});
    let tree = goal(panel, &[leaf("A"), leaf("B")]);
    let tree = weigh(&serde_json::from_value(tree).unwrap()).unwrap();
    assert_near(tree.indicators[0].weight, 0.8, 1e-12);
}

#[test]
fn a_tree_says_what_is_wrong_where() {
    let two = [leaf("A"), leaf("B")];
    let at = |weighting: serde_json::Value| pointers(goal(weighting, &two), None);
    assert_eq!(at(json!({"given": [1]})), ["/weighting/given"]);
    assert_eq!(
        at(json!({"given": [1, -1]})),
        ["/weighting/given/1", "/weighting/given"]
    );
    assert_eq!(at(json!({"given": [0, 0]})), ["/weighting/given"]);
    assert_eq!(
        at(json!({"judged": [[1, 2], [2, 1]]})),
        ["/weighting/judged"]
    );
    assert_eq!(at(json!({"judged": [[1]]})), ["/weighting/judged"]);
    assert_eq!(
        at(json!({"judged_by_panel": []})),
        ["/weighting/judged_by_panel"]
    );
    assert_eq!(
        pointers(
            goal(json!({"by_purpose": {"a/b": [1, 2, 3]}}), &two),
            Some("a/b")
        ),
        ["/weighting/by_purpose/a~1b"]
    );
    assert_eq!(pointers(goal(json!("equal"), &[]), None), ["/children"]);

    let nameless = json!({"code": "lower", "name": {"en": " ", "zh": "名"}});
    assert_eq!(
        pointers(
            goal(json!("equal"), &[leaf("A"), nameless, leaf("A")]),
            None
        ),
        [
            "/children/1/code",
            "/children/1/name/en",
            "/children/1",
            "/children/2/code"
        ]
    );
    let mut both = leaf("A");
    both["children"] = json!([leaf("B")]);
    both["indicator"]["scoring"]["best"] = json!(0);
    assert_eq!(
        pointers(goal(json!("equal"), &[both]), None),
        ["/children/0", "/children/0/indicator/scoring/best"]
    );
    let circle = json!({"judged": [[1, 3, 0.333333], [0.333333, 1, 3], [3, 0.333333, 1]]});
    let tree: Attribute =
        serde_json::from_value(goal(circle, &[leaf("A"), leaf("B"), leaf("C")])).unwrap();
    let problems = weigh(&tree).unwrap_err();
    assert_eq!(problems.len(), 1);
    let said = problems[0].problem.to_string();
    assert!(
        said.contains("consistency ratio is 1.149") && said.contains("would fit"),
        "{said}"
    );
}

#[test]
fn a_tree_is_not_deeper_than_it_may_be() {
    let deep = |levels: usize| {
        (0..levels).fold(leaf("END"), |below, level| {
            let mut node = goal(json!("equal"), &[below]);
            node["code"] = json!(format!("L{level}"));
            node
        })
    };
    assert!(weigh(&serde_json::from_value(deep(DEPTH_MAX)).unwrap()).is_ok());
    let place = "/children/0".repeat(DEPTH_MAX) + "/children";
    assert_eq!(
        pointers(deep(DEPTH_MAX + 1), None),
        std::slice::from_ref(&place)
    );
    assert_eq!(pointers(deep(40), None), [place]);
}

#[test]
fn unknown_members_are_refused() {
    let mut tree = goal(json!("equal"), &[leaf("A")]);
    tree["weight"] = json!(1);
    assert!(serde_json::from_value::<Attribute>(tree).is_err());
    let missing =
        weigh(&serde_json::from_value(goal(json!("equal"), &[leaf("A")])).unwrap()).unwrap();
    let refused = missing
        .score(&BTreeMap::from([("B".to_owned(), Value::Number(1.0))]))
        .unwrap_err();
    assert_eq!(
        refused,
        ScoreError::Missing {
            indicator: "A".to_owned()
        }
    );
}

// ---------------------------------------------------------------- at which weight something turns over

fn scored(tree: &WeighedTree, values: &[(&str, f64)]) -> Scored {
    let values = values
        .iter()
        .map(|(code, value)| ((*code).to_owned(), Value::Number(*value)))
        .collect();
    tree.score(&values).unwrap().result
}

fn tree_of(document: serde_json::Value) -> WeighedTree {
    weigh(&serde_json::from_value(document).unwrap()).unwrap()
}

#[test]
fn a_grade_turns_where_the_score_meets_a_cut_off() {
    let tree = tree_of(goal(json!({"given": [0.6, 0.4]}), &[leaf("A"), leaf("B")]));
    // 0.7 w + 0.3 (1 - w) is 0.54 at 0.6: BBB, from 0.50 at 0.5 to below 0.60 at 0.75.
    let customer = scored(&tree, &[("A", 0.7), ("B", 0.3)]);
    let scale = GradeScale::default();
    let found = tree.turning(&[customer], &scale, 0.1).unwrap();
    assert_eq!(found.len(), 2);
    let turns = &found[0].grades[0];
    let (lower, higher) = (
        turns.lower.as_ref().unwrap(),
        turns.higher.as_ref().unwrap(),
    );
    assert_near(lower.weight, 0.5, 1e-12);
    assert_near(higher.weight, 0.75, 1e-12);
    assert_eq!((lower.grade.as_str(), higher.grade.as_str()), ("BB", "A"));
    // The other one's weight is the rest of it.
    let turns = &found[1].grades[0];
    assert_near(turns.lower.as_ref().unwrap().weight, 0.25, 1e-12);
    assert_eq!(turns.lower.as_ref().unwrap().grade, "A");
    assert_near(found[0].shift.raised.weight, 0.7, 1e-12);
    assert!(tree.turning(&[], &scale, 0.0).is_err());
}

#[test]
fn two_customers_change_places_where_they_are_level() {
    let tree = tree_of(goal(json!({"given": [1, 1]}), &[leaf("A"), leaf("B")]));
    let customers = [
        scored(&tree, &[("A", 0.7), ("B", 0.3)]),
        scored(&tree, &[("A", 0.5), ("B", 0.6)]),
        scored(&tree, &[("A", 0.9), ("B", 0.9)]),
    ];
    let found = tree
        .turning(&customers, &GradeScale::default(), 0.1)
        .unwrap();
    let flip = ranking_flip(&[0.5, 0.5], &[0.7, 0.3], &[0.5, 0.6], 0).unwrap();
    let [turn] = found[0].orders.as_slice() else {
        panic!("{:?}", found[0].orders);
    };
    assert_near(turn.weight, flip.at.unwrap(), 1e-12);
    assert_eq!((turn.ahead_below, turn.ahead_above), (1, 0));
}

#[test]
fn an_attribute_without_siblings_hangs_on_nothing() {
    let below =
        json!({"code": "X", "name": {"en": "X", "zh": "X"}, "children": [leaf("A"), leaf("B")]});
    let tree = tree_of(goal(json!("equal"), &[below]));
    let customer = scored(&tree, &[("A", 0.7), ("B", 0.3)]);
    let found = tree
        .turning(&[customer], &GradeScale::default(), 0.1)
        .unwrap();
    let paths: Vec<String> = found.iter().map(|one| one.path.join("/")).collect();
    assert_eq!(paths, ["X/A", "X/B"]);
}

/// A tree of two branches with these weights; what is missing in it is left out with a penalty.
fn branches(upper: [f64; 2], first: [f64; 2], second: [f64; 2]) -> WeighedTree {
    let open = |code: &str| {
        let mut leaf = leaf(code);
        leaf["indicator"]["missing"] = json!({"rule": "leave_out", "penalty": 0.5});
        leaf
    };
    let branch = |code: &str, weights: [f64; 2], ends: [&str; 2]| {
        let mut branch = goal(json!({"given": weights}), &ends.map(open));
        branch["code"] = json!(code);
        branch
    };
    let children = [
        branch("X", first, ["A", "B"]),
        branch("Y", second, ["C", "D"]),
    ];
    tree_of(goal(json!({"given": upper}), &children))
}

proptest::proptest! {
    /// Whatever is missing: on either side of a weight that is named, the tree itself gives the other grade.
    #[test]
    fn just_beyond_a_turn_the_grade_is_the_one_that_is_named(
        weight in 0.05..=0.95_f64,
        inner in 0.1..=0.9_f64,
        known in proptest::collection::vec(proptest::option::of(0.0..=1.0_f64), 4),
    ) {
        let values: Vec<(&str, f64)> = ["A", "B", "C", "D"]
            .into_iter()
            .zip(&known)
            .filter_map(|(code, value)| Some((code, (*value)?)))
            .collect();
        proptest::prop_assume!(!values.is_empty());
        let tree = |weight: f64| branches([weight, 1.0 - weight], [inner, 1.0 - inner], [0.3, 0.7]);
        let scale = GradeScale::default();
        let grade = |weight: f64| scale.grade(scored(&tree(weight), &values).score).unwrap().grade;
        let at = tree(weight);
        let found = at.turning(&[scored(&at, &values)], &scale, 0.05).unwrap();
        let turns = &found[0].grades[0];
        if let Some(turn) = turns.lower.as_ref().filter(|turn| turn.weight > 1e-4) {
            proptest::prop_assert!(turn.weight <= weight);
            proptest::prop_assert_eq!(&grade(turn.weight - 1e-5), &turn.grade);
        }
        if let Some(turn) = turns.higher.as_ref().filter(|turn| turn.weight < 1.0 - 1e-4) {
            proptest::prop_assert!(turn.weight >= weight);
            proptest::prop_assert_eq!(&grade(turn.weight + 1e-5), &turn.grade);
        }
    }
}
