//! How a book moves from grades to grades: from one scale to the next, or from one year to the next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::GradeScale;
use crate::numbers::{of_count, share};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    #[error("there is no grade {code} on the scale before")]
    Before { code: String },
    #[error("there is no grade {code} on the scale after")]
    After { code: String },
}

/// Who went from which grade to which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Migration {
    /// The columns: grades after, best first, then default and not rated.
    pub after: Vec<String>,
    /// One for each grade before, in the same order.
    pub rows: Vec<MigrationRow>,
    /// How many have each grade after, in the order of the columns.
    pub totals: Vec<usize>,
    /// How many there are.
    pub count: usize,
    /// Which way they went; none when the two scales have different grades, which can't be compared one by one.
    pub moves: Option<Moves>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MigrationRow {
    pub before: String,
    pub total: usize,
    /// In the order of the columns.
    pub counts: Vec<usize>,
    /// Each count as a share of the row's total; all 0 when nobody had this grade.
    pub shares: Vec<f64>,
}

/// Which way customers went, those who were or are not rated apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    pub better: usize,
    pub same: usize,
    pub worse: usize,
    /// From or to not rated.
    pub apart: usize,
}

/// The migration matrix of pairs of grades, before and after.
///
/// # Errors
/// When a grade is not on its scale.
pub fn migration<'a>(
    before: &GradeScale,
    after: &GradeScale,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Migration, MigrationError> {
    let (rows, columns) = (before.codes(), after.codes());
    let row_places = places(&rows);
    let column_places = places(&columns);
    let mut counts = vec![vec![0_usize; columns.len()]; rows.len()];
    for (from, to) in pairs {
        let row = row_places.get(from).ok_or_else(|| MigrationError::Before {
            code: from.to_owned(),
        })?;
        let column = column_places.get(to).ok_or_else(|| MigrationError::After {
            code: to.to_owned(),
        })?;
        if let Some(cell) = counts.get_mut(*row).and_then(|row| row.get_mut(*column)) {
            *cell += 1;
        }
    }
    let totals: Vec<usize> = (0..columns.len())
        .map(|column| counts.iter().filter_map(|row| row.get(column)).sum())
        .collect();
    let moves = (rows == columns).then(|| moves(before, &rows, &counts));
    Ok(Migration {
        count: totals.iter().sum(),
        totals,
        moves,
        rows: rows
            .into_iter()
            .zip(counts)
            .map(|(before, counts)| row(before, counts))
            .collect(),
        after: columns,
    })
}

fn places(codes: &[String]) -> BTreeMap<&str, usize> {
    let pairs = codes.iter().enumerate();
    pairs.map(|(place, code)| (code.as_str(), place)).collect()
}

fn row(before: String, counts: Vec<usize>) -> MigrationRow {
    let total: usize = counts.iter().sum();
    MigrationRow {
        before,
        total,
        shares: counts
            .iter()
            .map(|count| share(of_count(*count), of_count(total)))
            .collect(),
        counts,
    }
}

fn moves(scale: &GradeScale, codes: &[String], counts: &[Vec<usize>]) -> Moves {
    let mut moves = Moves::default();
    let place = |code: &String| scale.place(code).ok().flatten();
    for (from, row) in codes.iter().zip(counts) {
        for (to, count) in codes.iter().zip(row) {
            let way = match (place(from), place(to)) {
                (Some(from), Some(to)) if to < from => &mut moves.better,
                (Some(from), Some(to)) if to > from => &mut moves.worse,
                (Some(_), Some(_)) => &mut moves.same,
                _ => &mut moves.apart,
            };
            *way += count;
        }
    }
    moves
}
