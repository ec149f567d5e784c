//! The shapes of terms simulations in the contract.

use serde::Serialize;
use utoipa::ToSchema;

use super::wrong;
use crate::decide::terms::input::{
    DiscountIn, OrderIn, TermsComparisonIn, TermsSimulationIn, YearIn, YearsIn,
};
use crate::decide::terms::rules;
use crate::decide::terms::rules::{
    Assumptions, Discount, DiscountCost, ExpectedProfit, OrderOnTerms, PayingGroup,
    TermsComparison, TermsResult, TermsStep, TermsYear,
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

impl TermsComparisonIn {
    pub fn assumptions(&self) -> Assumptions {
        Assumptions {
            variable_cost_share: self.variable_cost_share,
            capital_cost: self.capital_cost,
            discount_taken_share: self.discount_taken_share,
            days_late: self.days_late,
            bad_debt_by_grade: self.bad_debt_by_grade.clone(),
            bad_debt_share: self.bad_debt_share,
            collection_cost_share: self.collection_cost_share,
            year_days: self.year_days,
        }
    }
}

impl OrderIn {
    pub const fn order(&self, default_probability: Figure) -> OrderOnTerms {
        OrderOnTerms {
            amount: self.amount.money(),
            margin: self.margin,
            default_probability,
            loss_given_default: self.loss_given_default,
            capital_cost: self.capital_cost,
            days: self.days,
            year_days: self.year_days,
        }
    }
}

impl YearIn {
    pub fn year(&self) -> TermsYear {
        TermsYear {
            credit_sales: self.credit_sales.money(),
            groups: self
                .groups
                .iter()
                .map(|group| PayingGroup {
                    share: group.share,
                    pays_on_day: group.pays_on_day,
                    discount_rate: group.discount_rate,
                })
                .collect(),
            variable_cost_share: self.variable_cost_share,
            capital_cost: self.capital_cost,
            bad_debt_share: self.bad_debt_share,
            collection_cost: self.collection_cost.money(),
            year_days: self.year_days,
        }
    }
}
