//! What may be done with an application, by whom, and who must approve it.

pub mod assessment;
mod authority;
mod exceptions;
pub mod limit_methods;
mod machine;

pub use authority::{Approval, AuthorityError, may_approve, reach};
pub use exceptions::{Bound, bounds, may_approve_exception, row_of};
pub use machine::{
    Duty, Parts, after_approval, allowed, deadline_for, may_take, status_on, transition,
};
