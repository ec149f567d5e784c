//! What we decide: who may buy on account, up to what limit, and whether this order may go.

pub mod limits;
