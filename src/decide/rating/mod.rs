//! How good a customer is: from facts to indicators, from indicators by models to a score, and from the score to a
//! grade.
//!
//! Everything is computed here and explained factor by factor: a number that decides about somebody's credit can be
//! taken apart by the person who has to defend it.

pub mod rules;
