//! What use cases and lists are asked.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{ChangeKind, ChangeStatus, LineOutcome};
use kernel::ids::ChangeRequestId;
use kernel::text::{Line, Note, Subject};

/// The most lines of one request.
pub const LINES_MAX: usize = 500;

/// A change to be proposed: one `target` with what it is to become (`after`), or several as `items`, which are shown and
/// decided as one.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = one_or_several))]
#[schema(example = json!({
    "kind": "customer_parent", "target": "C-1001", "after": {"parent_customer": "C-1000"},
    "reason": "Bought by Jiangnan Holding in March."
}))]
pub struct ChangeRequestIn {
    pub kind: ChangeKind,
    /// What is to change, by its id or number: for `customer_parent` the customer, for `factoring_assignment` the invoice,
    /// for `charge_waiver` the charge.
    pub target: Option<Line>,
    /// What it is to become. For `customer_parent`: `parent_customer`, the id or number of the head of the group, or null
    /// for none. For `factoring_assignment`: `factoring_agreement`, the id or number of the agreement under which the invoice
    /// is sold or pledged; finance alone proposes and approves it. For `charge_waiver`: `status`, which is `waived`; credit
    /// proposes it, and finance approves.
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
    /// Several changes of this kind, each of another target, in the order in which they are applied.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_items = 1, max_items = 500)]
    pub items: Option<Vec<ChangeItemIn>>,
    /// Why it is to change.
    pub reason: Note,
}

/// One of several changes.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"target": "C-1001", "after": {"parent_customer": "C-1000"}}))]
pub struct ChangeItemIn {
    /// What is to change, by its id or number.
    pub target: Line,
    /// What it is to become.
    #[schema(value_type = Object)]
    pub after: serde_json::Value,
}

fn one_or_several(input: &ChangeRequestIn) -> Result<(), ValidationError> {
    let is_sound = match &input.items {
        Some(_) => input.target.is_none() && input.after.is_none(),
        None => input.target.is_some() && input.after.is_some(),
    };
    if is_sound {
        return Ok(());
    }
    Err(ValidationError::new("one_or_several")
        .with_message("give either target and after, or items".into()))
}

/// What is proposed, whatever form it came in.
#[derive(Debug)]
pub struct Proposal {
    pub id: ChangeRequestId,
    pub kind: ChangeKind,
    pub lines: Vec<ProposedLine>,
    pub reason: Note,
}

/// One target and what it is to become.
#[derive(Debug)]
pub struct ProposedLine {
    /// Its place, from 1 on; of a file the line on which it stands.
    pub line: i32,
    pub target: Line,
    pub after: serde_json::Value,
}

impl From<&ChangeRequestIn> for Proposal {
    fn from(input: &ChangeRequestIn) -> Proposal {
        let only = input.target.iter().zip(&input.after);
        let items = input.items.iter().flatten();
        let lines = only
            .chain(items.map(|item| (&item.target, &item.after)))
            .zip(1..)
            .map(|((target, after), line)| ProposedLine {
                line,
                target: target.clone(),
                after: after.clone(),
            });
        Proposal {
            id: ChangeRequestId::new(),
            kind: input.kind,
            lines: lines.collect(),
            reason: input.reason.clone(),
        }
    }
}

/// Which change requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeRequestFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<ChangeStatus>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<ChangeKind>,
    /// Requests with a line about this, by its id or number.
    pub target: Option<Line>,
    /// Requests of these people.
    #[serde(default)]
    #[param(max_items = 100)]
    pub proposed_by: Vec<Subject>,
}

/// Which lines of a change request.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeLineFilter {
    /// Lines of which this became.
    #[serde(default)]
    #[param(max_items = 10)]
    pub outcome: Vec<LineOutcome>,
}
