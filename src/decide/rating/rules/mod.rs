//! The arithmetic of rating: values in, explained results out.

pub mod ahp;
pub mod attributes;
pub mod cut_offs;
pub mod grades;
mod numbers;
pub mod scoring;
pub mod topsis;
