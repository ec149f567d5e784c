//! What is let go when invoices are paid short.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::Amounts;
use kernel::columns::text_enum;
use kernel::figures::Figure;

/// What is let go when invoices are paid short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "tolerance": {"amounts": {"CNY": "5.00"}, "share": "0.01"}, "difference_limits": {"CNY": "50.00"},
    "apply_prepayments": true, "allocation": "due_date"
}))]
pub struct SettlementPolicy {
    /// Up to which difference an item counts as paid by itself; null for none.
    #[serde(default)]
    #[validate(nested)]
    pub tolerance: Option<TolerancePolicy>,
    /// The most that whoever applies money may let go of one item, as a deduction, bank charge, exchange difference or
    /// write-off; a currency that is not named has none.
    #[serde(default)]
    pub difference_limits: Amounts,
    /// Whether what was prepaid for an order settles its invoices when they are posted; a person applies it when not.
    #[serde(default = "yes")]
    pub apply_prepayments: bool,
    /// In which order money settles claimed charges and sales where nobody says what it is for.
    #[serde(default)]
    pub allocation: AllocationOrder,
}

text_enum! {
    /// In which order money settles what a customer owes; within each part what is due first goes first.
    #[derive(Default)]
    pub enum AllocationOrder {
        /// Whatever is due first, be it a charge or a sale.
        #[default]
        DueDate = "due_date",
        /// Costs, then interest, then what was sold (BGB § 367, Civil Code of China art. 561).
        CostsInterestPrincipal = "costs_interest_principal",
        /// What was sold, then costs, then interest.
        PrincipalFirst = "principal_first",
    }
}

const fn yes() -> bool {
    true
}

impl Default for SettlementPolicy {
    fn default() -> SettlementPolicy {
        SettlementPolicy {
            tolerance: None,
            difference_limits: Amounts::default(),
            apply_prepayments: yes(),
            allocation: AllocationOrder::default(),
        }
    }
}

/// The smaller of an amount and a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amounts": {"CNY": "5.00"}, "share": "0.01"}))]
pub struct TolerancePolicy {
    /// A currency that is not named has none.
    pub amounts: Amounts,
    /// Of the whole item, from 0 to 1.
    pub share: Figure,
}
