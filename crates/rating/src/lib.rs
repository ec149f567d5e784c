//! How good a customer is: from facts to indicators, from indicators by models to a score, and from the score to a
//! grade.
//!
//! The facts are what the customer reports ([`statements`]), what is known of its industry ([`industries`]), what
//! people say of it ([`facts`]), alone or as a panel of experts ([`panels`]), and our own ledger. The [`catalogue`] says which indicators there are; [`indicators`]
//! has their values for any customers as of any day.
//!
//! Models turn what is known of a customer into a score: weighed criteria, scorecards, decision trees. They are learnt
//! from customers whose outcome is known or written by hand, and validated before they rate. Everything is computed here
//! and explained factor by factor: a number that decides about somebody's credit can be taken apart by the person who
//! has to defend it.
//!
//! - [`rules`] has the methods, as pure functions;
//! - [`statements`], [`industries`] and [`facts`] are what is known beside our own ledger, and [`indicators`] what follows
//!   from all of it, as the [`catalogue`] defines it;
//! - [`panels`] asks experts about a customer, in rounds, and keeps as facts what they come to;
//! - [`scales`] the versions of the grade scale, with the rules that bound grades;
//! - [`models`] the registry of rating models, and how they are fitted;
//! - [`ratings`] who was rated how, when, by which versions and why. Other rooms ask [`ratings::actions::current`].

// A path tells its floor in every crate: `crate::book::customers`, `crate::platform::db`.
use {crate as rating, ::book, ::platform};

pub mod catalogue;
pub mod facts;
pub mod indicators;
pub mod industries;
pub mod models;
pub mod panels;
pub mod ratings;
pub mod rules;
pub mod scales;
pub mod statements;
