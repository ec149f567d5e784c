//! The collect floor: seeing to it that the money comes in.

pub mod dunning;
