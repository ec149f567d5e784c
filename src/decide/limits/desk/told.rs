//! What a check is told.

use crate::decide::limits::api::shapes::LimitCheckOut;
use crate::decide::limits::record::Decided;
use crate::platform::http::{Answer, Ended, Problem, StoredResponse};
use kernel::caller::Caller;
use kernel::places::Language;

/// The answer to a check.
pub type Answered = Result<Ended<Told>, Problem>;

/// What a check is told. It is written out by whoever asked, not by the worker, for whom others wait.
#[derive(Debug)]
pub enum Told {
    /// In a language: a repeated answer has that of the first.
    Decision(Box<Decided>, Language),
    Refusal(Problem),
}

impl Told {
    /// The answer in its stored form, as `reader` may see it.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn write(self, reader: &Caller) -> Result<StoredResponse, Problem> {
        Ok(match self {
            Told::Decision(decided, language) => {
                StoredResponse::Answer(Answer::ok(&LimitCheckOut::new(&decided, reader, language))?)
            }
            Told::Refusal(problem) => StoredResponse::Refusal(problem),
        })
    }
}
