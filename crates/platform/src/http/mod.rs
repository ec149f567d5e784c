//! What every handler leans on: the guard, the checked input, the executor, the answer and the problem.
//!
//! A handler reads: `Actor<Permission>` first, then path and [`page::Listing`] or [`body::Command`], and ends in one
//! call of [`Executor`], which runs the use case off the event loop in a unit of work.

pub mod answer;
pub mod auth;
pub mod body;
pub mod csv;
mod executor;
pub mod guide;
pub mod language;
pub mod messages;
pub mod page;
mod precondition;
pub mod problem;
mod reading;
pub mod trace;
pub mod uploads;

pub use answer::Answer;
pub use auth::Actor;
pub use body::{Command, Heading, KeyedCommand, Nothing, ReasonIn, Valid, given, nullable};
pub use executor::{Ended, Executor, Outcome, StoredResponse};
pub use language::AcceptLanguage;
pub use page::{Listing, NoFilter, Page, PageRequest};
pub use precondition::{IfMatch, Precondition};
pub use problem::{Code, Problem};
pub use reading::read_part;
