//! The arithmetic of ratings: values in, decisions out.

pub mod ahp;
pub mod attributes;
pub mod cut_offs;
pub mod grades;
mod numbers;
pub mod scoring;
pub mod topsis;
