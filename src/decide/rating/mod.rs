//! The rating room: from facts about a customer to a score, a grade and what they mean.
//!
//! [`rules`] is the arithmetic, pure: values in, results out, each with the steps that led to it.

pub mod rules;
