//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{
    AgreementRef, AgreementStatus, AssignmentEffect, AssignmentStatus, FactoringKind, Notification,
    Recourse,
};
use crate::book::customers::model::CustomerRef;
use kernel::clock::Day;
use kernel::ids::{FactoringAgreementId, InvoiceId};
use kernel::text::{Line, Note, Number};

/// An agreement with a factor.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "agreement_is_consistent"))]
#[schema(example = json!({
    "number": "FA-2026-1", "factor": "Suzhou Factoring Ltd.", "kind": "sale", "recourse": "without",
    "notification": "disclosed", "advance_ppm": 800_000, "valid_until": "2027-03-31", "note": "Invoices of the steel segment."
}))]
pub struct FactoringAgreementIn {
    /// No other agreement has it.
    pub number: Number,
    /// Who buys or lends.
    pub factor: Line,
    pub kind: FactoringKind,
    /// Who bears the loss; a pledge is always `with`.
    pub recourse: Recourse,
    pub notification: Notification,
    /// The part of an invoice that is paid at once, in parts per million: 800,000 is 80 %.
    #[validate(range(min = 0, max = 1_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub advance_ppm: i64,
    /// The first day on which something can be sold or pledged; today when not given.
    pub valid_from: Option<Day>,
    /// The last day on which something can be sold or pledged.
    pub valid_until: Option<Day>,
    pub note: Option<Note>,
}

/// What the request alone shows to be wrong.
fn agreement_is_consistent(input: &FactoringAgreementIn) -> Result<(), ValidationError> {
    let wrong = |code: &'static str, message: &'static str| {
        Err(ValidationError::new(code).with_message(message.into()))
    };
    if input.kind == FactoringKind::Pledge && input.recourse == Recourse::Without {
        return wrong("recourse", "recourse must be with for a pledge");
    }
    if let (Some(from), Some(until)) = (input.valid_from, input.valid_until)
        && until < from
    {
        return wrong("out_of_bounds", "valid_until must not be before valid_from");
    }
    Ok(())
}

/// What a change request of the kind `factoring_assignment` says that its target is to become.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"factoring_agreement": "FA-2026-1"}))]
pub struct AssignmentIn {
    /// The agreement under which the invoice is sold or pledged, by id or number.
    #[schema(value_type = Number)]
    pub factoring_agreement: AgreementRef,
}

/// Which agreements, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FactoringAgreementFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<AgreementStatus>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<FactoringKind>,
    /// Agreements with these numbers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub number: Vec<Number>,
}

/// Which assignments, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FactoringAssignmentFilter {
    /// Assignments of invoices of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Assignments under these agreements.
    #[serde(default)]
    #[param(max_items = 100)]
    pub agreement_id: Vec<FactoringAgreementId>,
    /// Assignments of these invoices.
    #[serde(default)]
    #[param(max_items = 100)]
    pub invoice_id: Vec<InvoiceId>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<AssignmentStatus>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub effect: Vec<AssignmentEffect>,
}
