//! The arithmetic of ratings: values in, explained results out. No database, no HTTP, no clock.
#![forbid(unsafe_code)]

pub mod ahp;
pub mod attributes;
pub mod bands;
pub mod binning;
pub mod cut_offs;
pub mod faults;
pub mod grades;
pub mod logistic;
pub mod numbers;
pub mod payment_behaviour;
pub mod scorecard;
pub mod scoring;
pub mod statements;
pub mod topsis;
pub mod training;
pub mod tree;
pub mod validation;
