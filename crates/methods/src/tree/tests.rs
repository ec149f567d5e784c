use proptest::prelude::*;

use super::fit::{TreeFitError, TreeSettings, fit};
use super::*;
use crate::training::{Characteristic, Outcome, TrainingSet, Values};
use kernel::progress::Progress;

const BY_HAND: &str = r#"{"root": {"split": {"characteristic": "delay", "test": {"below": 6}, "missing": "fails",
    "holds": {"leaf": {"probability_of_default": 0.02}},
    "fails": {"split": {"characteristic": "site", "test": {"one_of": ["head office"]}, "missing": "holds",
        "holds": {"leaf": {"probability_of_default": 0.1}},
        "fails": {"leaf": {"probability_of_default": 0.3, "label": "ask for a guarantee"}}}}}}}"#;

fn answers<const N: usize>(values: [(&str, Answer); N]) -> Answers {
    values
        .map(|(name, answer)| (name.to_owned(), answer))
        .into()
}

fn numeric(name: &str, values: Vec<Option<f64>>) -> Characteristic {
    let values = Values::Numeric(values);
    Characteristic {
        name: name.into(),
        values,
    }
}

#[test]
fn a_tree_by_hand_tells_the_path_it_took() {
    let tree: DecisionTree = serde_json::from_str(BY_HAND).unwrap();
    tree.check().unwrap();
    assert_eq!(tree.leaves(), 3);
    let customer = answers([
        ("delay", Answer::Number(6.0)),
        ("site", Answer::Text("branch".into())),
    ]);
    let prediction = tree.predict(&customer).unwrap();
    assert_eq!(prediction.label.as_deref(), Some("ask for a guarantee"));
    assert_eq!(prediction.path.len(), 2);
    assert_eq!(prediction.path[0].side, Side::Fails);
    let unknown = tree.predict(&Answers::new()).unwrap();
    assert!((unknown.probability_of_default - 0.1).abs() < 1e-12);
    assert!(
        unknown
            .path
            .iter()
            .all(|turn| turn.by_missing && turn.answer.is_none())
    );
    let wrong_kind = answers([("delay", Answer::Text("long".into()))]);
    assert!(tree.predict(&wrong_kind).unwrap().path[0].by_missing);
    assert!(
        tree.predict(&answers([("delay", Answer::Number(f64::NAN))]))
            .is_err()
    );
    let again: DecisionTree = serde_json::from_str(&serde_json::to_string(&tree).unwrap()).unwrap();
    assert_eq!(again, tree);
}

#[test]
fn a_wrong_tree_is_refused_with_the_place() {
    let complaint = |from: &str, to: &str| {
        assert!(BY_HAND.contains(from));
        let tree: DecisionTree = serde_json::from_str(&BY_HAND.replace(from, to)).unwrap();
        tree.check().unwrap_err().to_string()
    };
    assert_eq!(
        complaint("0.3", "3"),
        "root.fails.fails: `probability_of_default` must be a number from 0 to 1"
    );
    assert!(complaint("[\"head office\"]", "[]").starts_with("root.fails: `one_of`"));
    assert!(
        complaint("site", "delay").starts_with("root.fails: `delay` is asked for as a number and")
    );
    let decided = complaint(
        r#""site", "test": {"one_of": ["head office"]}"#,
        r#""delay", "test": {"below": 5}"#,
    );
    assert!(
        decided.starts_with("root.fails: `holds` can't be reached"),
        "{decided}"
    );
    assert!(serde_json::from_str::<DecisionTree>(&BY_HAND.replace("missing", "mising")).is_err());
    let mut deep = Node::Leaf(Leaf {
        probability_of_default: 0.5,
        label: None,
        tally: None,
    });
    for limit in 0..=i32::try_from(DEPTH_MAX).unwrap() {
        let fails = Node::Leaf(Leaf {
            probability_of_default: 0.5,
            label: None,
            tally: None,
        });
        deep = Node::Split(Box::new(Split {
            characteristic: "x".into(),
            test: Test::Below(f64::from(limit)),
            holds: deep,
            fails,
            missing: Side::Holds,
            gain: None,
            tally: None,
        }));
    }
    let error = DecisionTree { root: deep }.check().unwrap_err();
    assert_eq!(error.problem, TreeProblem::TooDeep);
}

/// Bad when x is from 0.3 to below 0.6 and the word is `b`, else rarely; who gives no x is often bad.
fn training(rows: usize) -> TrainingSet {
    let mut random = fastrand::Rng::with_seed(9);
    let (mut x, mut noise, mut word, mut outcomes) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let (value, b, known) = (random.f64(), random.bool(), random.f64() > 0.1);
        let chance = if !known {
            0.7
        } else if (0.3..0.6).contains(&value) && b {
            0.8
        } else {
            0.05
        };
        x.push(known.then_some(value));
        noise.push(Some(random.f64()));
        word.push(Some(if b { "b" } else { "a" }.into()));
        outcomes.push(if random.f64() < chance {
            Outcome::Bad
        } else {
            Outcome::Good
        });
    }
    let word = Characteristic {
        name: "word".into(),
        values: Values::Categorical(word),
    };
    TrainingSet::new(
        vec![numeric("x", x), numeric("noise", noise), word],
        outcomes,
    )
    .unwrap()
}

#[test]
fn a_fitted_tree_finds_the_box_and_learns_where_the_missing_belong() {
    let fitted = fit(
        &training(5000),
        &TreeSettings::default(),
        &Progress::default(),
    )
    .unwrap();
    let tree = &fitted.tree;
    tree.check().unwrap();
    let pd = |x: Option<f64>, word: &str| {
        let mut customer = answers([
            ("word", Answer::Text(word.into())),
            ("noise", Answer::Number(0.5)),
        ]);
        if let Some(x) = x {
            customer.insert("x".into(), Answer::Number(x));
        }
        tree.predict(&customer).unwrap().probability_of_default
    };
    assert!(pd(Some(0.45), "b") > 0.7 && pd(Some(0.45), "a") < 0.1 && pd(Some(0.1), "b") < 0.1);
    assert!(pd(None, "b") > 0.5, "{}", pd(None, "b"));
    let full = fitted.pruning.first().unwrap();
    assert!(tree.leaves() < full.leaves, "noise is pruned");
    assert_eq!(fitted.pruning.last().unwrap().leaves, 1);
    assert_eq!(
        fit(
            &training(5000),
            &TreeSettings::default(),
            &Progress::default()
        )
        .unwrap(),
        fitted
    );
}

/// The fewest customers of a leaf.
fn small(node: &Node) -> usize {
    match node {
        Node::Leaf(leaf) => leaf.tally.unwrap().total(),
        Node::Split(split) => small(&split.holds).min(small(&split.fails)),
    }
}

#[test]
fn limits_hold() {
    let settings = TreeSettings {
        most_leaves: 3,
        most_depth: 4,
        least_leaf: 100,
        ..TreeSettings::default()
    };
    let fitted = fit(&training(3000), &settings, &Progress::default()).unwrap();
    assert!(fitted.tree.leaves() <= 3);
    assert!(small(&fitted.tree.root) >= 100);
    let wrong = TreeSettings {
        most_depth: 31,
        ..TreeSettings::default()
    };
    assert!(matches!(
        fit(&training(100), &wrong, &Progress::default()),
        Err(TreeFitError::Setting { .. })
    ));
}

proptest! {
    /// Whatever the rows: the tree is valid, every leaf's count is what the rows give, probabilities are proper.
    #[test]
    fn leaves_hold_the_rows_that_reach_them(
        rows in proptest::collection::vec((proptest::option::of(-3_i32..3), proptest::option::of(0_u8..3), any::<bool>()), 20..120)
    ) {
        let x = rows.iter().map(|row| row.0.map(f64::from)).collect();
        let words = rows.iter().map(|row| row.1.map(|word| word.to_string().into())).collect();
        let outcomes = rows.iter().map(|row| if row.2 { Outcome::Bad } else { Outcome::Good }).collect();
        let words = Characteristic { name: "word".into(), values: Values::Categorical(words) };
        let Ok(training) = TrainingSet::new(vec![numeric("x", x), words], outcomes) else { return Ok(()) };
        let settings = TreeSettings { least_leaf: 3, ..TreeSettings::default() };
        let Ok(fitted) = fit(&training, &settings, &Progress::default()) else { return Ok(()) };
        prop_assert!(fitted.tree.check().is_ok());
        let mut reached = std::collections::HashMap::<String, Tally>::new();
        for (row, outcome) in training.outcomes().iter().enumerate() {
            let prediction = fitted.tree.predict(&training.answers(row)).unwrap();
            prop_assert!(prediction.probability_of_default > 0.0 && prediction.probability_of_default < 1.0);
            let key = prediction.path.iter().map(|turn| if turn.side == Side::Holds { 'h' } else { 'f' }).collect();
            reached.entry(key).or_default().add(*outcome);
            let leaf = prediction.tally.unwrap();
            prop_assert!(leaf.total() >= 3);
        }
        prop_assert_eq!(reached.len(), fitted.tree.leaves());
    }
}
