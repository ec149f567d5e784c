//! What a check is told.

use std::sync::Arc;

use crate::decide::limits::api::shapes::{Answering, LimitCheckOut};
use crate::decide::limits::record::Record;
use crate::kernel::caller::Caller;
use crate::kernel::clock::Instant;
use crate::kernel::ids::{CreditAccountId, LimitCheckId};
use crate::kernel::places::Language;
use crate::platform::http::{Answer, Ended, Kept, Problem};

/// The answer to a check.
pub type Answered = Result<Ended<Told>, Problem>;

/// What a check is told. It is written out by whoever asked, not by the clerk, for whom others wait.
#[derive(Debug)]
pub enum Told {
    Decision(Box<Decided>),
    Refusal(Problem),
}

/// A decision with its record, and for whom it is.
#[derive(Debug)]
pub struct Decided {
    pub record: Record,
    /// None for a dry run.
    pub id: Option<LimitCheckId>,
    pub account: CreditAccountId,
    pub policy_version: i32,
    pub checked_at: Instant,
    pub language: Language,
    pub reader: Arc<Caller>,
}

impl Told {
    /// The answer in its stored form.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn write(self) -> Result<Kept, Problem> {
        Ok(match self {
            Told::Decision(decided) => Kept::Answer(Answer::ok(&decided.shown())?),
            Told::Refusal(problem) => Kept::Refusal(problem),
        })
    }
}

impl Decided {
    /// The decision as its reader may see it.
    pub fn shown(&self) -> LimitCheckOut {
        let answering = Answering {
            id: self.id,
            account: self.account,
            policy_version: self.policy_version,
            checked_at: self.checked_at,
            language: self.language,
            reader: &self.reader,
        };
        LimitCheckOut::new(&self.record, answering)
    }
}
