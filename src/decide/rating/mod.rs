//! How good a customer is: from facts to indicators, from indicators by models to a score, and from the score to a
//! grade.
//!
//! The facts are what the customer reports ([`statements`]), what is known of its industry ([`industries`]), what
//! people say of it ([`facts`]), and our own ledger. The [`catalogue`] says which indicators there are; [`indicators`]
//! has their values for any customers as of any day.
//!
//! Models turn what is known of a customer into a score: weighed criteria, scorecards, decision trees. They are learnt
//! from customers whose outcome is known or written by hand, and validated before they rate. Everything is computed here
//! and explained factor by factor: a number that decides about somebody's credit can be taken apart by the person who
//! has to defend it.

pub mod catalogue;
pub mod facts;
pub mod indicators;
pub mod industries;
pub mod ratings;
pub mod rules;
pub mod statements;
