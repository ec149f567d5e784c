//! Ratings: how good a customer is, by which model, and why.
//!
//! Models turn what is known of a customer into a score, each factor shown: weighed criteria, scorecards, decision
//! trees. They are learnt from customers whose outcome is known or written by hand, and validated before they rate.

pub mod rules;
