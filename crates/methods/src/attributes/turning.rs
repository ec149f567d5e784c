//! At which weight of an attribute a customer's grade, or the order of two customers, turns over.
//!
//! While one attribute's weight among its siblings goes from 0 to 1 and the siblings share the rest in proportion, every
//! leaf's weight in the whole runs on a straight line. What a customer brings in, the weight that counts and the penalty
//! for what is missing are sums of such lines, and the score is the first through the second less the third. So the score
//! meets a cut-off, and another customer's score, where a polynomial of at most the third degree is 0: between two of
//! its turning points there is one such weight or none, and it is found as exactly as numbers are.

use super::super::ahp::{HierarchyError, LeafWeight, Sensitivity, sensitivity, weights_at};
use super::super::grades::GradeScale;
use super::super::numbers::{of_count, share};
use super::super::scoring::{Missing, Scored};
use super::WeighedTree;

/// A polynomial that is nearer to 0 than this is 0: no score is known better.
const LEVEL: f64 = 1e-12;

/// How often an interval is halved until the weight is found.
const HALVINGS: usize = 60;

/// What hangs on one attribute's weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Turning {
    /// The codes from below the goal down to the attribute.
    pub path: Vec<String>,
    /// Among its siblings.
    pub weight: f64,
    /// In the whole.
    pub global_weight: f64,
    /// What a step down and up does to the leaves.
    pub shift: Sensitivity,
    /// Where the grade of each customer turns, in the order in which they were given.
    pub grades: Vec<GradeTurns>,
    /// Where two customers change places, by rising weight.
    pub orders: Vec<OrderTurn>,
}

/// The nearest weights on either side at which a customer gets another grade.
#[derive(Debug, Clone, PartialEq)]
pub struct GradeTurns {
    /// With less weight than this; none when the grade stays down to 0.
    pub lower: Option<GradeTurn>,
    /// With more weight than this, or with just this; none when the grade stays up to 1.
    pub higher: Option<GradeTurn>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct GradeTurn {
    /// Among the siblings.
    pub weight: f64,
    /// The grade beyond.
    pub grade: String,
}

/// A weight at which two customers are level.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderTurn {
    /// Among the siblings.
    pub weight: f64,
    /// The place of the customer who leads with less weight, counted from 0.
    pub ahead_below: usize,
    /// The place of the customer who leads with more weight.
    pub ahead_above: usize,
}

impl WeighedTree {
    /// What hangs on the weight of each attribute that has siblings to trade weight with, top down. The customers were
    /// scored by this tree.
    ///
    /// # Errors
    /// When the step is not above 0 and at most 1.
    pub fn turning(
        &self,
        customers: &[Scored],
        scale: &GradeScale,
        step: f64,
    ) -> Result<Vec<Turning>, HierarchyError> {
        let criteria = self.criteria();
        let mut found = Vec::new();
        for attribute in &self.attributes {
            let Some(code) = attribute.path.last() else {
                continue;
            };
            let shift = match sensitivity(&criteria, code, step) {
                Err(HierarchyError::Alone { .. }) => continue,
                shift => shift?,
            };
            let none = weights_at(&criteria, code, 0.0)?;
            let all = weights_at(&criteria, code, 1.0)?;
            let courses: Vec<Course> = customers
                .iter()
                .map(|customer| self.course(customer, &none, &all))
                .collect();
            let weight = attribute.local_weight;
            let grades = courses.iter().map(|course| course.turns(scale, weight));
            found.push(Turning {
                path: attribute.path.clone(),
                weight,
                global_weight: attribute.global_weight,
                shift,
                grades: grades.collect(),
                orders: orders(&courses),
            });
        }
        Ok(found)
    }

    /// How a customer's score runs; the leaves' weights are in the tree's order.
    fn course(&self, customer: &Scored, none: &[LeafWeight], all: &[LeafWeight]) -> Course {
        let mut course = Course {
            brought: [0.0; 2],
            counted: [0.0; 2],
            penalty: [0.0; 2],
        };
        let leaves = self.indicators.iter().zip(none.iter().zip(all));
        for ((leaf, (none, all)), part) in leaves.zip(&customer.contributions) {
            let weight = [none.weight, all.weight - none.weight];
            match (part.points, leaf.indicator.missing) {
                (Some(points), _) => {
                    add(&mut course.brought, weight, share(points, part.full_score));
                    add(&mut course.counted, weight, 1.0);
                }
                (None, Missing::LeaveOut { penalty }) => add(&mut course.penalty, weight, penalty),
                (None, Missing::Refuse | Missing::Score { .. }) => {}
            }
        }
        course
    }
}

/// A straight line: the value at weight 0, and what it gains up to weight 1.
type Line = [f64; 2];

fn add(line: &mut Line, weight: Line, times: f64) {
    for (sum, part) in line.iter_mut().zip(weight) {
        *sum += part * times;
    }
}

/// How a customer's score runs over an attribute's weight: brought ÷ counted − penalty.
struct Course {
    brought: Line,
    counted: Line,
    penalty: Line,
}

impl Course {
    /// The score at a weight; none where nothing counts.
    fn score(&self, weight: f64) -> Option<f64> {
        let counted = at(&self.counted, weight);
        (counted > LEVEL).then(|| {
            let score = at(&self.brought, weight) / counted - at(&self.penalty, weight);
            score.clamp(0.0, 1.0)
        })
    }

    fn grade(&self, scale: &GradeScale, weight: f64) -> Option<String> {
        let graded = scale.grade(self.score(weight)?).ok()?;
        Some(graded.grade)
    }

    /// Where the grade turns on either side of the weight as it is.
    fn turns(&self, scale: &GradeScale, weight: f64) -> GradeTurns {
        let cut_offs = scale.grades().iter().filter_map(|grade| grade.from);
        let mut ends: Vec<f64> = cut_offs
            .flat_map(|cut_off| {
                let [penalty, more] = self.penalty;
                let taken = product(&[penalty + cut_off, more], &self.counted);
                crossings(&difference(&self.brought, &taken))
            })
            .chain([0.0, 1.0])
            .collect();
        ends.sort_unstable_by(f64::total_cmp);
        let here = self.grade(scale, weight);
        let beyond = |near: f64, far: f64| {
            let grade = self.grade(scale, f64::midpoint(near, far));
            let other = grade.filter(|grade| Some(grade) != here.as_ref())?;
            Some(GradeTurn {
                weight: near,
                grade: other,
            })
        };
        let parts = ends.windows(2).filter_map(|pair| match pair {
            [low, high] if low < high => Some((*low, *high)),
            _ => None,
        });
        GradeTurns {
            lower: parts
                .clone()
                .rev()
                .filter(|(low, _)| *low < weight)
                .find_map(|(low, high)| beyond(high.min(weight), low)),
            higher: parts
                .filter(|(_, high)| *high > weight)
                .find_map(|(low, high)| beyond(low.max(weight), high)),
        }
    }

    /// The polynomial that is above 0 where this customer leads the other.
    fn lead(&self, other: &Course) -> Vec<f64> {
        let own = product(&self.brought, &other.counted);
        let others = product(&other.brought, &self.counted);
        let counted = product(&self.counted, &other.counted);
        let penalties = product(&difference(&self.penalty, &other.penalty), &counted);
        difference(&difference(&own, &others), &penalties)
    }
}

/// Where any two customers change places.
fn orders(courses: &[Course]) -> Vec<OrderTurn> {
    let mut turns = Vec::new();
    for (first, one) in courses.iter().enumerate() {
        for (second, other) in courses.iter().enumerate().skip(first.saturating_add(1)) {
            let lead = one.lead(other);
            let mut before = 0.0;
            for weight in crossings(&lead) {
                let leads_below = at(&lead, f64::midpoint(before, weight)) > 0.0;
                before = weight;
                // Where both have lost everything to penalties there is no order to turn.
                if one.score(weight).is_none_or(|score| score <= 0.0) {
                    continue;
                }
                let (ahead_below, ahead_above) = if leads_below {
                    (first, second)
                } else {
                    (second, first)
                };
                turns.push(OrderTurn {
                    weight,
                    ahead_below,
                    ahead_above,
                });
            }
        }
    }
    turns.sort_by(|a, b| a.weight.total_cmp(&b.weight));
    turns
}

/// A polynomial's value: its coefficients come from the constant up.
fn at(polynomial: &[f64], weight: f64) -> f64 {
    let rising = polynomial.iter().rev();
    rising.fold(0.0, |sum, coefficient| sum * weight + coefficient)
}

fn product(one: &[f64], other: &[f64]) -> Vec<f64> {
    let degrees = (one.len() + other.len()).saturating_sub(1);
    let mut all = vec![0.0; degrees];
    for (low, a) in one.iter().enumerate() {
        for (sum, b) in all.iter_mut().skip(low).zip(other) {
            *sum += a * b;
        }
    }
    all
}

fn difference(one: &[f64], other: &[f64]) -> Vec<f64> {
    let coefficient = |of: &[f64], place: usize| of.get(place).copied().unwrap_or(0.0);
    (0..one.len().max(other.len()))
        .map(|place| coefficient(one, place) - coefficient(other, place))
        .collect()
}

/// The weights between 0 and 1 at which a polynomial goes through 0, rising. Where it only touches 0 nothing turns.
fn crossings(polynomial: &[f64]) -> Vec<f64> {
    if polynomial.len() < 2 {
        return Vec::new();
    }
    let slope = polynomial.iter().enumerate().skip(1);
    let slope: Vec<f64> = slope
        .map(|(power, coefficient)| of_count(power) * coefficient)
        .collect();
    let mut ends = vec![0.0];
    ends.extend(crossings(&slope));
    ends.push(1.0);
    let between = ends.windows(2).filter_map(|pair| match pair {
        [low, high] => crossing(polynomial, *low, *high),
        _ => None,
    });
    between.collect()
}

/// Where a polynomial goes through 0 on a stretch on which it only rises, or only falls.
fn crossing(polynomial: &[f64], mut low: f64, mut high: f64) -> Option<f64> {
    let (first, last) = (at(polynomial, low), at(polynomial, high));
    let is_through = (first > LEVEL && last < -LEVEL) || (first < -LEVEL && last > LEVEL);
    if !is_through {
        return None;
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if (at(polynomial, middle) > 0.0) == (first > 0.0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(f64::midpoint(low, high))
}
