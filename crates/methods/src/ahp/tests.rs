//! The published numbers, and what must hold of any matrix.

#![expect(
    clippy::unreadable_literal,
    reason = "figures are written as they are published"
)]

use proptest::prelude::*;

use super::*;

fn matrix(rows: &[&[f64]]) -> PairwiseMatrix {
    PairwiseMatrix::new(rows.iter().map(|row| row.to_vec()).collect()).unwrap()
}

fn gate(table: RandomIndexTable) -> Gate {
    Gate { table, limit: 0.10 }
}

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= tolerance,
            "{found} is not {expected}"
        );
    }
}

/// Financial, operating, history, industry.
fn four_aspects() -> PairwiseMatrix {
    matrix(&[
        &[1.0, 2.0, 1.0 / 2.0, 3.0],
        &[1.0 / 2.0, 1.0, 1.0 / 3.0, 2.0],
        &[2.0, 3.0, 1.0, 4.0],
        &[1.0 / 3.0, 1.0 / 2.0, 1.0 / 4.0, 1.0],
    ])
}

fn leader() -> PairwiseMatrix {
    matrix(&[
        &[1.0, 4.0, 3.0, 7.0],
        &[0.25, 1.0, 0.333333, 3.0],
        &[0.333333, 3.0, 1.0, 5.0],
        &[0.142857, 0.333333, 0.2, 1.0],
    ])
}

#[test]
fn four_aspects_get_the_worked_weights() {
    let found = four_aspects().priorities(Gate::default()).unwrap();
    assert_near(
        &found.weights,
        &[0.277181, 0.160088, 0.467296, 0.095435],
        5e-7,
    );
    let Consistency {
        lambda_max,
        index,
        ratio,
        verdict,
        ..
    } = found.consistency;
    assert_near(
        &[lambda_max, index, ratio],
        &[4.030983, 0.010328, 0.011475],
        5e-7,
    );
    assert_eq!((verdict, found.revision), (Verdict::Accept, None));
}

#[test]
fn drinks_agree_with_saaty_2008() {
    let ninth = 0.111111;
    let third = 0.333333;
    let drinks = matrix(&[
        &[1.0, 9.0, 5.0, 2.0, 1.0, 1.0, 0.5],
        &[ninth, 1.0, third, ninth, ninth, ninth, ninth],
        &[0.2, 3.0, 1.0, third, 0.25, third, ninth],
        &[0.5, 9.0, 3.0, 1.0, 0.5, 1.0, third],
        &[1.0, 9.0, 4.0, 2.0, 1.0, 2.0, 0.5],
        &[1.0, 9.0, 3.0, 1.0, 0.5, 1.0, third],
        &[2.0, 9.0, 9.0, 3.0, 2.0, 3.0, 1.0],
    ]);
    let found = drinks
        .priorities(gate(RandomIndexTable::Saaty2005))
        .unwrap();
    let published = [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327];
    assert_near(&found.weights, &published, 5.01e-4);
    let Consistency {
        lambda_max, ratio, ..
    } = found.consistency;
    assert_near(&[lambda_max, ratio], &[7.176629, 0.021806], 2e-6);
    // The same judgements by the older table: a ratio without its table's name means nothing.
    let older = drinks.priorities(Gate::default()).unwrap();
    assert_near(&[older.consistency.ratio], &[0.0223], 5e-5);
}

#[test]
fn a_leader_is_chosen_over_two_levels() {
    let by = gate(RandomIndexTable::Saaty2005);
    let criteria = leader().priorities(by).unwrap();
    assert_near(&criteria.weights, &[0.548, 0.127, 0.270, 0.056], 5.01e-4);
    assert_near(&[criteria.consistency.ratio], &[0.044351], 2e-6);
    // Moll, Nell, Sue.
    let alternatives = [
        matrix(&[&[1.0, 0.25, 4.0], &[4.0, 1.0, 9.0], &[0.25, 0.111111, 1.0]]),
        matrix(&[
            &[1.0, 3.0, 0.2],
            &[0.333333, 1.0, 0.142857],
            &[5.0, 7.0, 1.0],
        ]),
        matrix(&[&[1.0, 5.0, 9.0], &[0.2, 1.0, 4.0], &[0.111111, 0.25, 1.0]]),
        matrix(&[
            &[1.0, 0.333333, 5.0],
            &[3.0, 1.0, 9.0],
            &[0.2, 0.111111, 1.0],
        ]),
    ];
    let local: Vec<Priorities> = alternatives
        .iter()
        .map(|matrix| matrix.priorities(by).unwrap())
        .collect();
    assert_near(&local[0].weights, &[0.217166, 0.717065, 0.065769], 2e-6);
    assert_near(
        &[local[0].consistency.ratio, local[1].consistency.ratio],
        &[0.035476, 0.062392],
        2e-6,
    );
    let tree: Vec<Criterion> = ["Experience", "Education", "Charisma", "Age"]
        .iter()
        .zip(criteria.weights.iter().zip(&local))
        .map(|(criterion, (weight, local))| Criterion {
            code: (*criterion).to_owned(),
            weight: *weight,
            children: ["Moll", "Nell", "Sue"]
                .iter()
                .zip(&local.weights)
                .map(|(name, weight)| leaf(&format!("{criterion} {name}"), *weight))
                .collect(),
        })
        .collect();
    let leaves = global_weights(&tree).unwrap();
    let education: Vec<f64> = leaves[3..6].iter().map(|leaf| leaf.weight).collect();
    assert_near(&education, &[0.023860, 0.010249, 0.092467], 2e-5);
    // Published are 0.024, 0.010 and 0.093: the last is the product of weights that were rounded before.
    assert_near(&[0.127 * 0.731], &[0.093], 5.01e-4);
    let of = |name: &str| -> f64 {
        let own = leaves.iter().filter(|leaf| leaf.code.ends_with(name));
        own.map(|leaf| leaf.weight).sum()
    };
    assert_near(
        &[of("Moll"), of("Nell"), of("Sue")],
        &[0.358137, 0.492788, 0.149075],
        2e-6,
    );
}

#[test]
fn judgements_that_contradict_each_other_are_to_be_revised() {
    // A over B 3, B over C 3, and yet C over A 3.
    let circle = PairwiseMatrix::from_upper_triangle(3, &[3.0, 1.0 / 3.0, 3.0]).unwrap();
    let found = circle.priorities(Gate::default()).unwrap();
    assert_eq!(found.consistency.verdict, Verdict::Revise);
    assert_near(&found.weights, &[1.0 / 3.0; 3], 1e-9);
    let revision = found.revision.unwrap();
    // The other two say that A is nine times C, or B a ninth of A, and so on: then all fits.
    assert_near(&[revision.factor, revision.ratio_after], &[3.0, 0.0], 1e-9);
    assert_near(
        &[(revision.fitting / revision.given).ln().abs()],
        &[27.0_f64.ln()],
        1e-9,
    );

    // One slip in judgements that fit otherwise: 4 over 2 over 1, and the first against the last the wrong way round.
    let slip =
        PairwiseMatrix::from_upper_triangle(4, &[2.0, 4.0, 1.0 / 8.0, 2.0, 4.0, 2.0]).unwrap();
    let found = slip.priorities(Gate::default()).unwrap();
    let revision = found.revision.unwrap();
    assert_eq!((revision.row, revision.column), (0, 3));
    assert_near(&[revision.fitting, revision.ratio_after], &[8.0, 0.0], 1e-9);
}

#[test]
fn a_ratio_at_the_limit_is_not_below_it() {
    let ratio = four_aspects()
        .priorities(Gate::default())
        .unwrap()
        .consistency
        .ratio;
    let strict = Gate {
        limit: ratio,
        ..Gate::default()
    };
    let found = four_aspects().priorities(strict).unwrap();
    assert_eq!(found.consistency.verdict, Verdict::Revise);
    assert!(found.revision.is_some());
}

#[test]
fn a_limit_is_a_share() {
    for limit in [-0.1, 1.1, f64::NAN] {
        let gate = Gate {
            limit,
            ..Gate::default()
        };
        assert_eq!(four_aspects().priorities(gate), Err(MatrixError::Limit));
    }
}

#[test]
fn one_and_two_criteria_are_always_consistent() {
    let one = matrix(&[&[1.0]]).priorities(Gate::default()).unwrap();
    assert_eq!(one.weights, [1.0]);
    let two = matrix(&[&[1.0, 9.0], &[1.0 / 9.0, 1.0]]);
    let none_allowed = Gate {
        limit: 0.0,
        ..Gate::default()
    };
    let two = two.priorities(none_allowed).unwrap();
    assert_near(&two.weights, &[0.9, 0.1], 1e-12);
    assert_eq!(two.consistency.verdict, Verdict::Accept);
    assert!(two.consistency.ratio <= 0.0);
}

#[test]
fn a_matrix_says_what_is_wrong_where() {
    let new = |rows: &[&[f64]]| PairwiseMatrix::new(rows.iter().map(|row| row.to_vec()).collect());
    let wrong = |rows: &[&[f64]]| new(rows).unwrap_err();
    assert_eq!(wrong(&[]), MatrixError::Size { size: 0 });
    assert_eq!(
        PairwiseMatrix::new(vec![vec![1.0; 16]; 16]).unwrap_err(),
        MatrixError::Size { size: 16 }
    );
    assert_eq!(
        wrong(&[&[1.0, 2.0], &[0.5]]),
        MatrixError::NotSquare {
            row: 1,
            columns: 1,
            size: 2
        }
    );
    for judgement in [0.0, -2.0, f64::NAN, f64::INFINITY, 101.0] {
        assert_eq!(
            wrong(&[&[1.0, judgement], &[0.5, 1.0]]),
            MatrixError::OutOfRange { row: 0, column: 1 }
        );
    }
    assert_eq!(
        wrong(&[&[2.0, 2.0], &[0.5, 1.0]]),
        MatrixError::Diagonal { row: 0 }
    );
    assert_eq!(
        wrong(&[&[1.0, 3.0], &[0.3, 1.0]]),
        MatrixError::NotReciprocal { row: 0, column: 1 }
    );
    assert_eq!(
        PairwiseMatrix::from_upper_triangle(3, &[1.0]).unwrap_err(),
        MatrixError::UpperTriangle {
            size: 3,
            needed: 3,
            given: 1
        }
    );
    assert_eq!(
        PairwiseMatrix::from_upper_triangle(2, &[0.0096]).unwrap_err(),
        MatrixError::OutOfRange { row: 0, column: 1 }
    );
    let hundred = || Expert {
        name: "Silva".to_owned(),
        matrix: PairwiseMatrix::from_upper_triangle(2, &[100.0]).unwrap(),
    };
    let agreed = geometric_mean(&[hundred(), hundred(), hundred()]).unwrap();
    assert_eq!(agreed, hundred().matrix);
    // Rounded reciprocals are fine, and the larger judgement counts.
    let rounded = new(&[&[1.0, 3.0], &[0.33, 1.0]]).unwrap();
    assert_near(&rounded.rows()[1], &[1.0 / 3.0, 1.0], 1e-15);
}

#[test]
fn several_experts_are_taken_together() {
    let expert = |name: &str, judgements: &[f64]| Expert {
        name: name.to_owned(),
        matrix: PairwiseMatrix::from_upper_triangle(3, judgements).unwrap(),
    };
    let experts = [
        expert("Chen", &[2.0, 4.0, 2.0]),
        expert("Okafor", &[8.0, 4.0, 1.0 / 2.0]),
    ];
    let group = group_priorities(&experts, Gate::default()).unwrap();
    // √(2·8) = 4, √(4·4) = 4, √(2·½) = 1.
    assert_near(&group.matrix.rows()[0], &[1.0, 4.0, 4.0], 1e-12);
    assert_near(
        &group.priorities.weights,
        &[2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0],
        1e-9,
    );
    assert_near(
        &group.experts[0].priorities.weights,
        &[4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0],
        1e-9,
    );
    let first = &group.judgements[0];
    assert_near(
        &[first.lowest, first.highest, first.spread],
        &[2.0, 8.0, 2.0],
        1e-12,
    );
    assert_near(&[group.judgements[1].spread], &[1.0], 1e-12);

    assert_eq!(
        group_priorities(&[], Gate::default()).unwrap_err(),
        GroupError::NoExperts
    );
    let two = Expert {
        name: "Ito".to_owned(),
        matrix: matrix(&[&[1.0, 1.0], &[1.0, 1.0]]),
    };
    assert!(matches!(
        geometric_mean(&[experts[0].clone(), two]).unwrap_err(),
        GroupError::Sizes {
            size: 2,
            expected: 3,
            ..
        }
    ));
}

fn leaf(code: &str, weight: f64) -> Criterion {
    Criterion {
        code: code.to_owned(),
        weight,
        children: Vec::new(),
    }
}

fn small_tree() -> Vec<Criterion> {
    vec![
        Criterion {
            code: "FINANCIAL".to_owned(),
            weight: 0.6,
            children: vec![
                leaf("LIQUIDITY", 0.5),
                leaf("LEVERAGE", 0.3),
                leaf("MARGIN", 0.2),
            ],
        },
        leaf("HISTORY", 0.4),
    ]
}

#[test]
fn moving_a_weight_rescales_its_siblings() {
    let found = sensitivity(&small_tree(), "LIQUIDITY", 0.2).unwrap();
    assert_near(
        &[found.weight, found.lowered.weight, found.raised.weight],
        &[0.5, 0.3, 0.7],
        1e-12,
    );
    let after = |shift: &Shift| {
        shift
            .leaves
            .iter()
            .map(|leaf| leaf.weight_after)
            .collect::<Vec<_>>()
    };
    // 0.3 of 0.6; the others share 0.7 as 3 to 2; history keeps its own.
    assert_near(&after(&found.lowered), &[0.18, 0.252, 0.168, 0.4], 1e-12);
    assert_near(&after(&found.raised), &[0.42, 0.108, 0.072, 0.4], 1e-12);
    // Lowered, leverage passes liquidity; raised, liquidity passes history.
    assert_eq!(
        (found.lowered.rank_changes, found.raised.rank_changes),
        (2, 2)
    );
    assert_eq!(found.raised.leaves[0].rank_after, 1);

    let of = |code: &str, step: f64| sensitivity(&small_tree(), code, step);
    assert_near(&[of("HISTORY", 1.0).unwrap().lowered.weight], &[0.0], 0.0);
    assert!(matches!(
        of("TASTE", 0.1),
        Err(HierarchyError::Unknown { .. })
    ));
    assert_eq!(of("HISTORY", f64::NAN), Err(HierarchyError::Step));
    let alone = [leaf("ONLY", 1.0)];
    assert!(matches!(
        sensitivity(&alone, "ONLY", 0.1),
        Err(HierarchyError::Alone { .. })
    ));
    let heavy = [leaf("A", 0.7), leaf("B", 0.7)];
    assert!(matches!(
        global_weights(&heavy),
        Err(HierarchyError::Weights { .. })
    ));
}

#[test]
fn a_ranking_flips_where_the_lead_is_nothing() {
    // The first leads by 0.2 in what is moved and is 0.3 behind in the rest.
    let flip = ranking_flip(&[0.5, 0.5], &[0.7, 0.3], &[0.5, 0.6], 0).unwrap();
    assert_near(&[flip.lead, flip.at.unwrap()], &[-0.05, 0.6], 1e-12);
    let leads_always = ranking_flip(&[0.5, 0.5], &[0.7, 0.7], &[0.5, 0.6], 0).unwrap();
    assert_eq!(leads_always.at, None);
    let equal = ranking_flip(&[0.5, 0.5], &[0.7, 0.7], &[0.7, 0.7], 0).unwrap();
    assert_eq!(equal.at, None);
    assert!(ranking_flip(&[0.5, 0.5], &[f64::NAN, 0.7], &[0.7, 0.7], 0).is_err());
    assert!(ranking_flip(&[0.5, 0.5], &[0.7], &[0.7, 0.7], 0).is_err());
    assert!(ranking_flip(&[0.5, 0.5], &[0.7, 0.7], &[0.7, 0.7], 2).is_err());
}

#[test]
fn the_tables_are_the_published_ones() {
    let at = |size: usize| {
        use RandomIndexTable::{AlonsoLamata2006, Saaty, Saaty2005};
        [Saaty, Saaty2005, AlonsoLamata2006].map(|table| table.random_index(size))
    };
    assert_near(&at(2), &[0.0; 3], 0.0);
    assert_near(&at(3), &[0.58, 0.52, 0.5245], 0.0);
    assert_near(&at(10), &[1.49, 1.49, 1.4854], 0.0);
    assert_near(&at(15), &[1.59, 1.59, 1.5838], 0.0);
}

#[test]
fn a_matrix_is_written_as_its_rows() {
    let text = serde_json::to_string(&four_aspects()).unwrap();
    assert!(text.starts_with("[[1.0,2.0,0.5,3.0]"), "{text}");
    assert_eq!(
        serde_json::from_str::<PairwiseMatrix>(&text).unwrap(),
        four_aspects()
    );
    assert!(serde_json::from_str::<PairwiseMatrix>("[[1,3],[3,1]]").is_err());
}

/// Judgements of Saaty's scale for so many criteria.
fn judgements() -> impl Strategy<Value = (usize, Vec<f64>)> {
    (1_usize..=9).prop_flat_map(|size| {
        let judgement = (1_u32..=9, any::<bool>()).prop_map(|(level, over)| {
            if over {
                f64::from(level)
            } else {
                1.0 / f64::from(level)
            }
        });
        (
            Just(size),
            prop::collection::vec(judgement, size * (size - 1) / 2),
        )
    })
}

proptest! {
    #[test]
    fn weights_are_shares_and_the_eigenvector((size, judgements) in judgements()) {
        let matrix = PairwiseMatrix::from_upper_triangle(size, &judgements).unwrap();
        let found = matrix.priorities(Gate::default()).unwrap();
        prop_assert!((found.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        prop_assert!(found.weights.iter().all(|weight| *weight > 0.0));
        let stretched = times(matrix.rows(), &found.weights);
        for (stretched, weight) in stretched.iter().zip(&found.weights) {
            prop_assert!((stretched - found.consistency.lambda_max * weight).abs() < 1e-8);
        }
        prop_assert!(found.consistency.lambda_max >= of_count(size) - 1e-9);
        prop_assert!(found.consistency.ratio.is_finite());
    }

    #[test]
    fn judgements_made_from_weights_give_them_back(weights in prop::collection::vec(1.0_f64..9.0, 1..=9)) {
        let rows = weights.iter().map(|a| weights.iter().map(|b| a / b).collect()).collect();
        let found = PairwiseMatrix::new(rows).unwrap().priorities(Gate::default()).unwrap();
        let sum: f64 = weights.iter().sum();
        for (found, weight) in found.weights.iter().zip(&weights) {
            prop_assert!((found - weight / sum).abs() < 1e-9);
        }
        prop_assert!(found.consistency.ratio < 1e-9);
    }

    #[test]
    fn moved_weights_still_sum_to_one(step in 0.01_f64..=1.0) {
        for code in ["FINANCIAL", "LEVERAGE", "HISTORY"] {
            let found = sensitivity(&small_tree(), code, step).unwrap();
            for shift in [found.lowered, found.raised] {
                let sum: f64 = shift.leaves.iter().map(|leaf| leaf.weight_after).sum();
                prop_assert!((sum - 1.0).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn the_hardest_judgements_are_still_weighed() {
    // Everybody is a hundred times the next, in a circle.
    for size in 3..=15 {
        let mut rows = vec![vec![1.0; size]; size];
        for row in 0..size {
            put(&mut rows, row, (row + 1) % size, 100.0);
        }
        let found = PairwiseMatrix::new(rows)
            .unwrap()
            .priorities(Gate::default())
            .unwrap();
        assert_eq!(found.consistency.verdict, Verdict::Revise);
    }
}
