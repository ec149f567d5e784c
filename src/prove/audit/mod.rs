//! Whether the book is true: every counter is added up again from its source rows, and every promise that netterms
//! makes about its rows is asked of all of them, on one state of the database. Nothing is changed, and nothing is put
//! right: a lie is a fault of ours that somebody must understand first.

pub mod actions;
pub mod codes;
pub mod model;
pub mod rules;
pub mod store;
