//! The shapes of terms simulations in the contract.

use crate::decide::terms::input::{DiscountIn, OrderIn, TermsSimulationIn, YearsIn};
use serde::Serialize;
use utoipa::ToSchema;

use super::wrong;
use crate::decide::terms::rules::{
    self, Discount, DiscountCost, ExpectedProfit, TermsComparison, TermsResult, TermsStep,
};
use crate::platform::http::Problem;
use crate::rating::ratings::model::{DefaultProbability, ProbabilitySource};
use kernel::figures::Figure;

/// What was asked of terms, answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TermsSimulation, example = json!({
    "order": null, "year": null,
    "discount": {
        "rate_per_period": "0.020408", "period_days": 20, "nominal": "0.372449", "effective": "0.445853",
        "steps": [{"name": "rate_per_period", "formula": "rate / (1 - rate)", "value": "0.020408"}]
    }
}))]
pub struct TermsSimulationOut {
    order: Option<OrderAnswerOut>,
    discount: Option<DiscountAnswerOut>,
    year: Option<YearAnswerOut>,
}

/// What an order on terms brings on average.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderProfit)]
pub struct OrderAnswerOut {
    #[serde(flatten)]
    profit: ExpectedProfit,
    #[schema(max_items = 20)]
    steps: Vec<TermsStep>,
    /// The probability of default that was taken.
    default_probability: Figure,
    /// Where it comes from.
    probability_source: ProbabilitySource,
    /// How the break-even is found.
    #[schema(max_length = 200)]
    break_even_formula: &'static str,
}

/// What not taking a discount costs a year.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DiscountAnswer)]
pub struct DiscountAnswerOut {
    #[serde(flatten)]
    cost: DiscountCost,
    #[schema(max_items = 20)]
    steps: Vec<TermsStep>,
}

/// What a year on terms costs and leaves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = YearAnswer)]
pub struct YearAnswerOut {
    before: TermsResult,
    #[schema(max_items = 20)]
    steps: Vec<TermsStep>,
    after: Option<TermsResult>,
    #[schema(max_items = 20)]
    steps_after: Option<Vec<TermsStep>>,
    /// After less before, line by line.
    change: Option<TermsResult>,
}

const BREAK_EVEN: &str = "(margin - (1 - margin) * capital_cost * days / year_days) / (margin + loss_given_default * (1 - margin))";

impl TermsSimulationOut {
    /// # Errors
    /// What is wrong with which input.
    pub fn answer(
        input: &TermsSimulationIn,
        probability: Option<DefaultProbability>,
    ) -> Result<TermsSimulationOut, Problem> {
        let order = input.order.as_ref().zip(probability);
        let order = order.map(|(order, probability)| answer_order(order, probability));
        let order = order.transpose()?;
        let discount = input.discount.as_ref().map(answer_discount).transpose()?;
        let year = input.year.as_ref().map(answer_year).transpose()?;
        Ok(TermsSimulationOut {
            order,
            discount,
            year,
        })
    }
}

fn answer_order(
    input: &OrderIn,
    probability: DefaultProbability,
) -> Result<OrderAnswerOut, Problem> {
    let order = input.order(probability.value);
    let profit = rules::expected_profit(&order).map_err(|error| wrong("/order", error))?;
    Ok(OrderAnswerOut {
        profit,
        steps: rules::order_steps(&profit),
        default_probability: probability.value,
        probability_source: probability.source,
        break_even_formula: BREAK_EVEN,
    })
}

fn answer_discount(input: &DiscountIn) -> Result<DiscountAnswerOut, Problem> {
    let discount = Discount {
        rate: input.rate,
        days: input.days,
    };
    let cost = rules::discount_cost(discount, input.pays_on_day, input.year_days)
        .map_err(|error| wrong("/discount", error))?;
    Ok(DiscountAnswerOut {
        cost,
        steps: rules::discount_steps(&cost),
    })
}

fn answer_year(input: &YearsIn) -> Result<YearAnswerOut, Problem> {
    let before = input.before.year();
    let result = rules::year_on_terms(&before).map_err(|error| wrong("/year/before", error))?;
    let Some(after) = &input.after else {
        return Ok(YearAnswerOut {
            before: result,
            steps: rules::year_steps(&result),
            after: None,
            steps_after: None,
            change: None,
        });
    };
    let after = after.year();
    rules::year_on_terms(&after).map_err(|error| wrong("/year/after", error))?;
    let TermsComparison {
        before,
        after,
        change,
    } = rules::compare_terms(&[before], &[after]).map_err(|error| wrong("/year", error))?;
    Ok(YearAnswerOut {
        steps: rules::year_steps(&before),
        steps_after: Some(rules::year_steps(&after)),
        before,
        after: Some(after),
        change: Some(change),
    })
}
