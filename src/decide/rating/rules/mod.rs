//! The arithmetic of ratings: values in, decisions out.

pub mod bands;
pub mod binning;
pub mod logistic;
pub mod scorecard;
pub mod training;
pub mod tree;
pub mod validation;
