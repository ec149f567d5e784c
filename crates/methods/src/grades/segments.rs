//! Risk and value side by side: who is worth keeping, who is worth watching.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::GradeScale;

/// The most value classes.
const QUANTILES_MAX: usize = 10;

/// Grades that are looked at together, such as AAA to A.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeBand {
    pub code: String,
    pub grades: Vec<String>,
}

/// A customer with its grade and what it is worth to us: sales or margin of a year, in minor units of one currency
/// for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedCustomer<'a> {
    pub id: &'a str,
    pub grade: &'a str,
    pub value_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    #[error("ask for 1 to 10 value classes")]
    Quantiles,
    #[error("{grade} must be in exactly one band")]
    Bands { grade: String },
    #[error("there is no grade {grade} on this scale")]
    Unknown { grade: String },
    #[error("the values are too large to be added")]
    TooLarge,
}

/// The portfolio by grade band and value class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortfolioMatrix {
    pub customers: usize,
    pub value_minor: i64,
    /// Band by band in their order, in each the value classes from the highest.
    pub cells: Vec<PortfolioCell>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortfolioCell {
    pub band: String,
    /// 1 is the class of the highest values.
    pub value_class: usize,
    /// The customers, the highest value first.
    pub customers: Vec<String>,
    pub value_minor: i64,
}

/// Places every customer by grade band and value class.
///
/// Value classes are quantiles of the number of customers: with 3 classes the first third by value is class 1. Equal
/// values are in one class, the better one.
///
/// # Errors
/// When the bands do not hold each grade of the scale once, a grade is unknown, or the values can't be added.
pub fn portfolio_matrix(
    customers: &[PlacedCustomer<'_>],
    scale: &GradeScale,
    bands: &[GradeBand],
    quantiles: usize,
) -> Result<PortfolioMatrix, SegmentError> {
    if !(1..=QUANTILES_MAX).contains(&quantiles) {
        return Err(SegmentError::Quantiles);
    }
    check_bands(scale, bands)?;
    let mut cells: Vec<PortfolioCell> = bands
        .iter()
        .flat_map(|band| (1..=quantiles).map(|value_class| cell(&band.code, value_class)))
        .collect();
    let mut order: Vec<&PlacedCustomer<'_>> = customers.iter().collect();
    order.sort_by(|a, b| {
        b.value_minor
            .cmp(&a.value_minor)
            .then_with(|| a.id.cmp(b.id))
    });
    let mut total: i64 = 0;
    let mut level: Option<(i64, usize)> = None;
    for (position, customer) in order.into_iter().enumerate() {
        let class = match level {
            Some((value, class)) if value == customer.value_minor => class,
            _ => position * quantiles / customers.len(),
        };
        level = Some((customer.value_minor, class));
        let band = bands
            .iter()
            .position(|band| band.grades.iter().any(|grade| grade == customer.grade))
            .ok_or_else(|| SegmentError::Unknown {
                grade: customer.grade.to_owned(),
            })?;
        let sum = |a: i64| {
            a.checked_add(customer.value_minor)
                .ok_or(SegmentError::TooLarge)
        };
        total = sum(total)?;
        if let Some(cell) = cells.get_mut(band * quantiles + class) {
            cell.value_minor = sum(cell.value_minor)?;
            cell.customers.push(customer.id.to_owned());
        }
    }
    Ok(PortfolioMatrix {
        customers: customers.len(),
        value_minor: total,
        cells,
    })
}

fn cell(band: &str, value_class: usize) -> PortfolioCell {
    PortfolioCell {
        band: band.to_owned(),
        value_class,
        customers: Vec::new(),
        value_minor: 0,
    }
}

fn check_bands(scale: &GradeScale, bands: &[GradeBand]) -> Result<(), SegmentError> {
    let codes = scale.codes();
    let mut seen = BTreeSet::new();
    for grade in bands.iter().flat_map(|band| &band.grades) {
        let grade_is_known = codes.contains(grade);
        if !grade_is_known {
            return Err(SegmentError::Unknown {
                grade: grade.clone(),
            });
        }
        if !seen.insert(grade) {
            return Err(SegmentError::Bands {
                grade: grade.clone(),
            });
        }
    }
    match codes.iter().find(|code| !seen.contains(code)) {
        Some(grade) => Err(SegmentError::Bands {
            grade: grade.clone(),
        }),
        None => Ok(()),
    }
}
