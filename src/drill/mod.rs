//! A sandbox book, for demos, training and tests: customers with believable names and habits, and two years of what
//! happens between them and us, lived through week by week on a clock that can be turned.
//!
//! Everything goes through the rooms' own actions, by people who may do it, so that every rule of netterms holds for
//! the book that comes out: who applied did not approve, every counter adds up, every change is in the trail. The
//! same seed on the same day gives the same figures.

mod applications;
mod book;
mod cast;
mod knowledge;
mod ledger;
mod names;
mod orders;
mod staff;

pub use book::{Figures, Plan, Showcase, live_through};
pub use staff::Staff;
