//! How a figure came about: each result by its name, with the formula that leads to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DiscountCost, ExpectedProfit, TermsResult};
use kernel::figures::Quantity;

/// One figure of a computation; its formula uses names of inputs and of steps before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TermsStep {
    #[schema(max_length = 64)]
    pub name: String,
    #[schema(max_length = 200)]
    pub formula: String,
    pub value: Quantity,
}

fn step(name: &str, formula: &str, value: impl Into<Quantity>) -> TermsStep {
    TermsStep {
        name: name.to_owned(),
        formula: formula.to_owned(),
        value: value.into(),
    }
}

/// How a year on terms came about.
pub fn year_steps(result: &TermsResult) -> Vec<TermsStep> {
    vec![
        step(
            "average_collection_days",
            "sum of share * pays_on_day",
            result.average_collection_days,
        ),
        step(
            "sales_per_day",
            "credit_sales / year_days",
            result.sales_per_day,
        ),
        step(
            "average_receivables",
            "credit_sales * average_collection_days / year_days",
            result.average_receivables,
        ),
        step(
            "funds_tied_up",
            "average_receivables * variable_cost_share",
            result.funds_tied_up,
        ),
        step(
            "discounts",
            "credit_sales * sum of share * discount_rate",
            result.discounts,
        ),
        step(
            "variable_cost",
            "credit_sales * variable_cost_share",
            result.variable_cost,
        ),
        step(
            "profit_before_credit_cost",
            "credit_sales - discounts - variable_cost",
            result.profit_before_credit_cost,
        ),
        step(
            "opportunity_cost",
            "funds_tied_up * capital_cost",
            result.opportunity_cost,
        ),
        step("bad_debt", "credit_sales * bad_debt_share", result.bad_debt),
        step(
            "credit_cost",
            "opportunity_cost + bad_debt + collection_cost",
            result.credit_cost,
        ),
        step(
            "profit",
            "profit_before_credit_cost - credit_cost",
            result.profit,
        ),
    ]
}

/// How the expected profit of an order came about.
pub fn order_steps(found: &ExpectedProfit) -> Vec<TermsStep> {
    vec![
        step(
            "expected_margin",
            "(1 - default_probability) * amount * margin",
            found.expected_margin,
        ),
        step(
            "expected_loss",
            "default_probability * loss_given_default * amount * (1 - margin)",
            found.expected_loss,
        ),
        step(
            "financing_cost",
            "amount * (1 - margin) * capital_cost * days / year_days",
            found.financing_cost,
        ),
        step(
            "expected_profit",
            "expected_margin - expected_loss - financing_cost",
            found.expected_profit,
        ),
    ]
}

/// How the annual rate of a discount came about.
pub fn discount_steps(found: &DiscountCost) -> Vec<TermsStep> {
    vec![
        step(
            "rate_per_period",
            "rate / (1 - rate)",
            found.rate_per_period,
        ),
        step("period_days", "pays_on_day - days", found.period_days),
        step(
            "nominal",
            "rate_per_period * year_days / period_days",
            found.nominal,
        ),
        step(
            "effective",
            "(1 + rate_per_period) ^ (year_days / period_days) - 1",
            found.effective,
        ),
    ]
}
