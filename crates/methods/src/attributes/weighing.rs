//! The walk through a tree that finds its weights, and all that is wrong with it.

use std::collections::BTreeSet;

use super::super::ahp::{Expert, Gate, PairwiseMatrix, Priorities, Revision, group_priorities};
use super::super::numbers::{of_count, share};
use super::super::scoring::{Indicator, WeightedIndicator};
use super::{
    Attribute, AttributeProblem, CHILDREN_MAX, DEPTH_MAX, Judgements, TreeProblem,
    WeighedAttribute, WeighedTree, Weighting,
};

/// Weights under one attribute are at most this, in whatever unit.
const WEIGHT_MAX: f64 = 1e6;

const CODE_LENGTH_MAX: usize = 40;
const NAME_LENGTH_MAX: usize = 120;

/// Weighs a tree; see [`Attribute::weigh`].
pub(super) fn weigh(
    goal: &Attribute,
    gate: Gate,
    purpose: Option<&str>,
) -> Result<WeighedTree, Vec<TreeProblem>> {
    let mut walk = Walk {
        gate,
        purpose,
        codes: BTreeSet::new(),
        problems: Vec::new(),
        judgements: None,
        attributes: Vec::new(),
        indicators: Vec::new(),
    };
    if goal.children.is_empty() {
        walk.complain("/children".to_owned(), AttributeProblem::NoChildren);
    }
    walk.attribute(goal, "", &[], (1.0, 1.0));
    if !walk.problems.is_empty() {
        return Err(walk.problems);
    }
    Ok(WeighedTree {
        code: goal.code.clone(),
        purpose: purpose.map(str::to_owned),
        judgements: walk.judgements,
        attributes: walk.attributes,
        indicators: walk.indicators,
    })
}

/// A walk through the tree that collects weights and problems together.
struct Walk<'a> {
    gate: Gate,
    purpose: Option<&'a str>,
    codes: BTreeSet<&'a str>,
    problems: Vec<TreeProblem>,
    /// Those on the goal's own children.
    judgements: Option<Priorities>,
    attributes: Vec<WeighedAttribute>,
    indicators: Vec<WeightedIndicator>,
}

impl<'a> Walk<'a> {
    fn complain(&mut self, pointer: String, problem: impl Into<AttributeProblem>) {
        let problem = problem.into();
        self.problems.push(TreeProblem { pointer, problem });
    }

    /// `weights` are the attribute's local and global weight.
    fn attribute(
        &mut self,
        attribute: &'a Attribute,
        pointer: &str,
        path: &[String],
        weights: (f64, f64),
    ) {
        self.check(attribute, pointer, path.len());
        let (children, judgements) = self.weights_of_children(attribute, pointer);
        let (local_weight, global_weight) = weights;
        if path.is_empty() {
            self.judgements = judgements;
        } else {
            self.attributes.push(WeighedAttribute {
                path: path.to_vec(),
                name: attribute.name.clone(),
                local_weight,
                global_weight,
                judgements,
            });
        }
        if let Some(indicator) = &attribute.indicator {
            self.indicators.push(WeightedIndicator {
                path: path.to_vec(),
                weight: global_weight,
                indicator: indicator.clone(),
            });
        }
        if path.len() >= DEPTH_MAX {
            return; // complained about already
        }
        for (place, (child, weight)) in attribute.children.iter().zip(children).enumerate() {
            let path: Vec<String> = path.iter().chain([&child.code]).cloned().collect();
            let pointer = format!("{pointer}/children/{place}");
            self.attribute(child, &pointer, &path, (weight, weight * global_weight));
        }
    }

    fn check(&mut self, attribute: &'a Attribute, pointer: &str, depth: usize) {
        let code = &attribute.code;
        let of_code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if code.is_empty() || code.len() > CODE_LENGTH_MAX || !code.chars().all(of_code) {
            self.complain(format!("{pointer}/code"), AttributeProblem::Code);
        } else if !self.codes.insert(code) {
            self.complain(format!("{pointer}/code"), AttributeProblem::CodeTwice);
        }
        for (language, name) in [("en", &attribute.name.en), ("zh", &attribute.name.zh)] {
            if name.trim().is_empty() || name.chars().count() > NAME_LENGTH_MAX {
                self.complain(format!("{pointer}/name/{language}"), AttributeProblem::Name);
            }
        }
        if attribute.children.len() > CHILDREN_MAX {
            self.complain(format!("{pointer}/children"), AttributeProblem::TooMany);
        }
        match (&attribute.indicator, attribute.children.is_empty()) {
            (None, true) if depth > 0 => {
                self.complain(pointer.to_owned(), AttributeProblem::Neither);
            }
            (Some(_), false) => self.complain(pointer.to_owned(), AttributeProblem::Both),
            (None, false) if depth >= DEPTH_MAX => {
                self.complain(format!("{pointer}/children"), AttributeProblem::TooDeep);
            }
            _ => {}
        }
        for problem in attribute.indicator.iter().flat_map(Indicator::problems) {
            self.complain(format!("{pointer}/indicator{}", problem.pointer()), problem);
        }
    }

    /// The children's local weights, and the check of the judgements that they come from.
    fn weights_of_children(
        &mut self,
        attribute: &Attribute,
        pointer: &str,
    ) -> (Vec<f64>, Option<Priorities>) {
        let children = attribute.children.len();
        let equal = vec![share(1.0, of_count(children)); children];
        if children == 0 {
            return (equal, None);
        }
        let at = |member: &str| format!("{pointer}/weighting/{member}");
        match &attribute.weighting {
            Weighting::Equal => (equal, None),
            Weighting::Given(given) => (self.shares(given, equal, &at("given")), None),
            Weighting::ByPurpose(weights) => {
                // Purposes that are not asked for must be right as well.
                let mut asked = None;
                for (purpose, given) in weights {
                    let token = purpose.replace('~', "~0").replace('/', "~1");
                    let pointer = format!("{}/{token}", at("by_purpose"));
                    let shares = self.shares(given, equal.clone(), &pointer);
                    if self.purpose == Some(purpose) {
                        asked = Some(shares);
                    }
                }
                if asked.is_none() {
                    let known: Vec<&str> = weights.keys().map(String::as_str).collect();
                    let known = known.join(", ");
                    self.complain(at("by_purpose"), AttributeProblem::Purpose { known });
                }
                (asked.unwrap_or(equal), None)
            }
            Weighting::Judged(rows) => {
                let priorities = judged("the matrix", rows, children)
                    .and_then(|matrix| Ok(matrix.priorities(self.gate)?));
                self.accept(priorities, equal, at("judged"))
            }
            Weighting::JudgedByPanel(panel) => {
                let priorities = judged_by_panel(panel, children, self.gate);
                self.accept(priorities, equal, at("judged_by_panel"))
            }
        }
    }

    fn shares(&mut self, given: &[f64], equal: Vec<f64>, pointer: &str) -> Vec<f64> {
        let before = self.problems.len();
        let children = equal.len();
        if given.len() != children {
            let given = given.len();
            self.complain(
                pointer.to_owned(),
                AttributeProblem::WeightCount { given, children },
            );
        }
        for (place, weight) in given.iter().enumerate() {
            if !(0.0..=WEIGHT_MAX).contains(weight) {
                self.complain(format!("{pointer}/{place}"), AttributeProblem::Weight);
            }
        }
        let sum: f64 = given.iter().sum();
        if sum <= 0.0 {
            self.complain(pointer.to_owned(), AttributeProblem::NoWeight);
        }
        if self.problems.len() > before {
            return equal;
        }
        given.iter().map(|weight| share(*weight, sum)).collect()
    }

    /// The weights of judgements, when the gate lets them through.
    fn accept(
        &mut self,
        priorities: Result<Priorities, AttributeProblem>,
        equal: Vec<f64>,
        pointer: String,
    ) -> (Vec<f64>, Option<Priorities>) {
        match priorities {
            Ok(priorities) => {
                if let Some(revision) = &priorities.revision {
                    let problem = AttributeProblem::Inconsistent {
                        ratio: priorities.consistency.ratio,
                        limit: priorities.consistency.limit,
                        hint: hint(revision),
                    };
                    self.complain(pointer, problem);
                }
                (priorities.weights.clone(), Some(priorities))
            }
            Err(problem) => {
                self.complain(pointer, problem);
                (equal, None)
            }
        }
    }
}

fn hint(revision: &Revision) -> String {
    let Revision {
        row,
        column,
        given,
        fitting,
        ..
    } = revision;
    format!(
        "think over row {row}, column {column} first: {given:.2} is given, {fitting:.2} would fit"
    )
}

fn judged(
    expert: &str,
    rows: &[Vec<f64>],
    children: usize,
) -> Result<PairwiseMatrix, AttributeProblem> {
    if rows.len() != children {
        return Err(AttributeProblem::JudgementCount {
            expert: expert.to_owned(),
            given: rows.len(),
            children,
        });
    }
    Ok(PairwiseMatrix::new(rows.to_vec())?)
}

fn judged_by_panel(
    panel: &[Judgements],
    children: usize,
    gate: Gate,
) -> Result<Priorities, AttributeProblem> {
    let experts = panel
        .iter()
        .map(|judgements| {
            let name = judgements.expert.clone();
            let matrix = judged(&name, &judgements.matrix, children)?;
            Ok(Expert { name, matrix })
        })
        .collect::<Result<Vec<_>, AttributeProblem>>()?;
    Ok(group_priorities(&experts, gate)?.priorities)
}
