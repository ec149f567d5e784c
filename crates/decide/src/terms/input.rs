//! What use cases and lists are asked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::book::customers::model::CustomerRef;
use crate::decide::terms::model::{BadDebt, YearDays};
use kernel::figures::Figure;
use kernel::ids::PolicyId;
use kernel::money::{AmountIn, Currency};

/// What is to be compared, and what is assumed where the ledger says nothing.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "currency": "CNY", "variable_cost_share": "0.75", "capital_cost": "0.08", "discount_taken_share": "0.4",
    "days_late": 5, "bad_debt_share": "0.005", "bad_debt_by_grade": [{"grade": "B", "share": "0.02"}],
    "collection_cost_share": "0.002"
}))]
pub struct TermsComparisonIn {
    /// The policy to compare with; the live one when not given.
    pub with: Option<PolicyId>,
    pub currency: Currency,
    /// Variable cost of sales, from 0 to 1.
    pub variable_cost_share: Figure,
    /// What capital costs a year: 0.08 is 8 %.
    pub capital_cost: Figure,
    /// How much of what could be paid early with a discount is, from 0 to 1.
    pub discount_taken_share: Figure,
    /// How many days after the due date the rest is paid.
    #[serde(default)]
    #[validate(range(max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub days_late: u32,
    /// What is lost of sales on account, from 0 to 1, in grades that are not named.
    pub bad_debt_share: Figure,
    /// What is lost in a grade.
    #[serde(default)]
    #[validate(length(max = 30))]
    #[schema(max_items = 30)]
    pub bad_debt_by_grade: Vec<BadDebt>,
    /// What collecting costs, of sales, from 0 to 1.
    pub collection_cost_share: Figure,
    #[serde(default)]
    pub year_days: YearDays,
}

/// What is asked of terms: at least one of the three.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "any", skip_on_field_errors = false))]
#[schema(example = json!({
    "order": {"amount": {"amount": "100000.00", "currency": "CNY"}, "margin": "0.25", "default_probability": "0.04",
        "loss_given_default": "1", "capital_cost": "0.08", "days": 75},
    "discount": {"rate": "0.02", "days": 10, "pays_on_day": 30}
}))]
pub struct TermsSimulationIn {
    #[validate(nested)]
    pub order: Option<OrderIn>,
    #[validate(nested)]
    pub discount: Option<DiscountIn>,
    #[validate(nested)]
    pub year: Option<YearsIn>,
}

fn any(input: &TermsSimulationIn) -> Result<(), ValidationError> {
    if input.order.is_some() || input.discount.is_some() || input.year.is_some() {
        return Ok(());
    }
    Err(ValidationError::new("one_of")
        .with_message("must have at least one of order, discount and year".into()))
}

/// An order, or a customer's year, on terms: with a probability of default, or the customer whose rating has one.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "probability_or_customer", skip_on_field_errors = false))]
pub struct OrderIn {
    pub amount: AmountIn,
    /// Margin over variable cost as a share of the amount, from 0 to 1.
    pub margin: Figure,
    /// The probability that it is never paid, from 0 to 1; that of the customer's rating when not given.
    pub default_probability: Option<Figure>,
    /// Needed where no probability of default is given.
    pub customer: Option<CustomerRef>,
    /// What is lost of the cost then, from 0 to 1.
    pub loss_given_default: Figure,
    /// What capital costs a year: 0.08 is 8 %.
    pub capital_cost: Figure,
    /// Until it is paid.
    #[validate(range(max = 3650))]
    #[schema(minimum = 0, maximum = 3650)]
    pub days: u32,
    #[serde(default)]
    pub year_days: YearDays,
}

/// A discount, and when who does not take it pays.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscountIn {
    /// Of the invoice amount, more than 0 and less than 1.
    pub rate: Figure,
    /// The last day after the invoice date on which it may be taken.
    #[validate(range(max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub days: u32,
    /// The day after the invoice date on which is paid otherwise.
    #[validate(range(max = 3650))]
    #[schema(minimum = 0, maximum = 3650)]
    pub pays_on_day: u32,
    #[serde(default)]
    pub year_days: YearDays,
}

/// A year on terms, and on others.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct YearsIn {
    #[validate(nested)]
    pub before: YearIn,
    /// The same year on other terms, to be compared.
    #[validate(nested)]
    pub after: Option<YearIn>,
}

/// A year of selling on certain terms.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct YearIn {
    pub credit_sales: AmountIn,
    /// Who pays when; the shares make 1.
    #[validate(length(min = 1, max = 20), nested)]
    #[schema(min_items = 1, max_items = 20)]
    pub groups: Vec<GroupIn>,
    /// Variable cost of sales, from 0 to 1.
    pub variable_cost_share: Figure,
    /// What capital costs a year: 0.10 is 10 %.
    pub capital_cost: Figure,
    /// What is lost of sales, from 0 to 1.
    pub bad_debt_share: Figure,
    /// What collecting costs in the year.
    pub collection_cost: AmountIn,
    #[serde(default)]
    pub year_days: YearDays,
}

/// A part of sales that is paid on one day.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupIn {
    /// Of credit sales, from 0 to 1.
    pub share: Figure,
    /// Days after the invoice date.
    #[validate(range(max = 3650))]
    #[schema(minimum = 0, maximum = 3650)]
    pub pays_on_day: u32,
    /// The discount that it takes, from 0 to 1; 0 for none.
    pub discount_rate: Figure,
}

fn probability_or_customer(input: &OrderIn) -> Result<(), ValidationError> {
    if input.default_probability.is_some() || input.customer.is_some() {
        return Ok(());
    }
    Err(ValidationError::new("one_of")
        .with_message("must have default_probability, or the customer whose rating has it".into()))
}
