//! What a model learns from: customers in rows, what was known of them in columns, and how each turned out.

#![expect(
    clippy::float_arithmetic,
    reason = "shares, probabilities and band limits are statistics, not money"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How a customer turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Good,
    Bad,
}

impl Outcome {
    pub fn is_bad(self) -> bool {
        self == Outcome::Bad
    }

    /// 1 for bad, 0 for good.
    pub(super) fn badness(self) -> f64 {
        f64::from(u8::from(self.is_bad()))
    }
}

/// One known value of one customer. What is not known is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    Number(f64),
    Text(String),
}

/// What is known of one customer, by characteristic.
pub type Answers = BTreeMap<String, Answer>;

/// One column: a characteristic's value for every customer, `None` where it is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Characteristic {
    pub name: String,
    pub values: Values,
}

/// The values of a characteristic.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Numeric(Vec<Option<f64>>),
    /// Equal words share their letters.
    Categorical(Vec<Option<Arc<str>>>),
}

impl Values {
    pub fn len(&self) -> usize {
        match self {
            Values::Numeric(values) => values.len(),
            Values::Categorical(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn answer(&self, row: usize) -> Option<Answer> {
        match self {
            Values::Numeric(values) => values.get(row).copied().flatten().map(Answer::Number),
            Values::Categorical(values) => {
                let word = values.get(row)?.as_ref()?;
                Some(Answer::Text(word.to_string()))
            }
        }
    }

    fn pick(&self, rows: &[usize]) -> Values {
        fn of<T: Clone>(values: &[Option<T>], rows: &[usize]) -> Vec<Option<T>> {
            rows.iter()
                .map(|row| values.get(*row).cloned().flatten())
                .collect()
        }
        match self {
            Values::Numeric(values) => Values::Numeric(of(values, rows)),
            Values::Categorical(values) => Values::Categorical(of(values, rows)),
        }
    }
}

/// Why rows can't be learnt from.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TrainingError {
    #[error("there are no characteristics: give at least one column")]
    NoCharacteristics,
    #[error("`{name}` is given twice: name each characteristic once")]
    Twice { name: String },
    #[error(
        "`{name}` has {found} values for {rows} outcomes: give one for each row, null where it is missing"
    )]
    Length {
        name: String,
        found: usize,
        rows: usize,
    },
    #[error(
        "`{name}` has a value in row {row} that is no finite number: give null where it is missing"
    )]
    NotFinite { name: String, row: usize },
    #[error("{goods} good and {bads} bad customers: at least one of each is needed")]
    OneOutcome { goods: usize, bads: usize },
    #[error("{rows} rows are more than the {most} that can be learnt from: draw a sample")]
    TooMany { rows: usize, most: usize },
}

/// The most rows of a training set.
pub const ROWS_MAX: usize = 5_000_000;

/// Rows to learn from or to validate on: made by [`TrainingSet::new`], and so always well-formed.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSet {
    characteristics: Vec<Characteristic>,
    outcomes: Vec<Outcome>,
}

impl TrainingSet {
    /// # Errors
    /// Columns of different lengths, values that are no finite numbers, or only one kind of outcome.
    pub fn new(
        characteristics: Vec<Characteristic>,
        outcomes: Vec<Outcome>,
    ) -> Result<TrainingSet, TrainingError> {
        let rows = outcomes.len();
        if rows > ROWS_MAX {
            let most = ROWS_MAX;
            return Err(TrainingError::TooMany { rows, most });
        }
        if characteristics.is_empty() {
            return Err(TrainingError::NoCharacteristics);
        }
        let mut names = std::collections::BTreeSet::new();
        for Characteristic { name, values } in &characteristics {
            let name = name.clone();
            if !names.insert(name.clone()) {
                return Err(TrainingError::Twice { name });
            }
            if values.len() != rows {
                let found = values.len();
                return Err(TrainingError::Length { name, found, rows });
            }
            if let Values::Numeric(values) = values {
                let wrong = |value: &Option<f64>| value.is_some_and(|number| !number.is_finite());
                if let Some(row) = values.iter().position(wrong) {
                    return Err(TrainingError::NotFinite { name, row });
                }
            }
        }
        let bads = outcomes.iter().filter(|outcome| outcome.is_bad()).count();
        let goods = rows.saturating_sub(bads);
        if goods == 0 || bads == 0 {
            return Err(TrainingError::OneOutcome { goods, bads });
        }
        Ok(TrainingSet {
            characteristics,
            outcomes,
        })
    }

    pub fn characteristics(&self) -> &[Characteristic] {
        &self.characteristics
    }

    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// What is known of the customer in this row.
    pub fn answers(&self, row: usize) -> Answers {
        self.characteristics
            .iter()
            .filter_map(|column| Some((column.name.clone(), column.values.answer(row)?)))
            .collect()
    }

    /// These rows alone.
    ///
    /// # Errors
    /// When only one kind of outcome is left.
    pub fn pick(&self, rows: &[usize]) -> Result<TrainingSet, TrainingError> {
        let outcomes = rows
            .iter()
            .filter_map(|row| self.outcomes.get(*row).copied())
            .collect();
        let column = |column: &Characteristic| Characteristic {
            name: column.name.clone(),
            values: column.values.pick(rows),
        };
        TrainingSet::new(self.characteristics.iter().map(column).collect(), outcomes)
    }

    /// Splits off a part for validation, drawn from goods and bads alike (stratified). The same seed, the same split.
    ///
    /// # Errors
    /// When a part would be left without goods or without bads.
    pub fn split(
        &self,
        validation_share: f64,
        seed: u64,
    ) -> Result<(TrainingSet, TrainingSet), TrainingError> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut held_back = vec![false; self.outcomes.len()];
        for kind in [Outcome::Good, Outcome::Bad] {
            let mut rows: Vec<usize> = (0..self.outcomes.len())
                .filter(|row| self.outcomes.get(*row) == Some(&kind))
                .collect();
            random.shuffle(&mut rows);
            let size = real(rows.len()) * validation_share;
            let taken = rows.iter().enumerate();
            for (_, row) in taken.take_while(|(place, _)| real(*place) + 0.5 < size) {
                if let Some(flag) = held_back.get_mut(*row) {
                    *flag = true;
                }
            }
        }
        let rows_where = |wanted: bool| -> Vec<usize> {
            let flags = held_back.iter().enumerate();
            flags
                .filter(|(_, flag)| **flag == wanted)
                .map(|(row, _)| row)
                .collect()
        };
        Ok((
            self.pick(&rows_where(false))?,
            self.pick(&rows_where(true))?,
        ))
    }
}

/// A count as a number to reckon with. Counts here stay far below 2³² (see [`ROWS_MAX`]).
pub(super) fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The roundest number between two neighbouring values, above the lower and at most the upper, so that limits of bands
/// can be read: between 1393 and 1409 it is 1400.
pub(super) fn roundest_between(lower: f64, upper: f64) -> f64 {
    let middle = lower + (upper - lower) / 2.0;
    for digits in -12_i32..=12 {
        // Only whole powers of ten are exact, so small and large units are reckoned differently.
        let unit = 10_f64.powi(digits.abs());
        let round = if digits < 0 {
            (middle / unit).round() * unit
        } else {
            (middle * unit).round() / unit
        };
        if round > lower && round <= upper {
            return if round == 0.0 { 0.0 } else { round }; // no negative zero
        }
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(name: &str, values: Vec<Option<f64>>) -> Characteristic {
        let values = Values::Numeric(values);
        Characteristic {
            name: name.to_owned(),
            values,
        }
    }

    #[test]
    fn malformed_rows_are_refused_with_the_place() {
        use Outcome::{Bad, Good};
        let new = TrainingSet::new;
        assert_eq!(
            new(vec![], vec![Good, Bad]),
            Err(TrainingError::NoCharacteristics)
        );
        let nan = column("a", vec![Some(1.0), Some(f64::NAN)]);
        let error = new(vec![nan], vec![Good, Bad]).unwrap_err();
        assert_eq!(
            error,
            TrainingError::NotFinite {
                name: "a".into(),
                row: 1
            }
        );
        let short = column("a", vec![Some(1.0)]);
        assert!(new(vec![short], vec![Good, Bad]).is_err());
        let twice = vec![column("a", vec![None; 2]), column("a", vec![None; 2])];
        assert!(matches!(
            new(twice, vec![Good, Bad]),
            Err(TrainingError::Twice { .. })
        ));
        let one = new(vec![column("a", vec![None; 2])], vec![Good, Good]);
        assert_eq!(one, Err(TrainingError::OneOutcome { goods: 2, bads: 0 }));
    }

    #[test]
    fn a_split_keeps_the_share_of_bads_and_follows_its_seed() {
        let outcomes: Vec<Outcome> = (0..100)
            .map(|row| {
                if row % 10 == 0 {
                    Outcome::Bad
                } else {
                    Outcome::Good
                }
            })
            .collect();
        let values = (0..100).map(|row| Some(f64::from(row))).collect();
        let set = TrainingSet::new(vec![column("a", values)], outcomes).unwrap();
        let (rest, held_back) = set.split(0.3, 7).unwrap();
        assert_eq!(
            (rest.outcomes().len(), held_back.outcomes().len()),
            (70, 30)
        );
        let bads = held_back.outcomes().iter().filter(|o| o.is_bad()).count();
        assert_eq!(bads, 3);
        assert_eq!(set.split(0.3, 7).unwrap().1, held_back);
        assert_ne!(set.split(0.3, 8).unwrap().1, held_back);
    }

    #[test]
    fn limits_are_round_where_they_can_be() {
        assert!((roundest_between(1393.0, 1409.0) - 1400.0).abs() < 1e-12);
        assert!((roundest_between(0.1234, 0.1241) - 0.124).abs() < 1e-12);
        assert!((roundest_between(-1.0, 1.0)).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_limit_lies_above_the_lower_and_at_most_at_the_upper(a in -1e9..1e9_f64, b in -1e9..1e9_f64) {
            prop_assume!(a < b);
            let limit = roundest_between(a, b);
            prop_assert!(a < limit && limit <= b);
        }
    }
}
