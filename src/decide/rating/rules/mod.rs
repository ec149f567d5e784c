//! The arithmetic of ratings: values in, explained results out.

pub mod ahp;
pub mod attributes;
pub mod composite;
pub mod cut_offs;
pub mod grade_defaults;
pub mod grades;
mod numbers;
pub mod payment_behaviour;
pub mod scoring;
pub mod statements;
pub mod topsis;
