//! The shapes of terms simulations in the contract.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::wrong;
use crate::book::customers::model::CustomerRef;
use crate::rating::ratings::model::{DefaultProbability, ProbabilitySource};
use crate::decide::terms::rules::{
    self, Discount, DiscountCost, ExpectedProfit, OrderOnTerms, PayingGroup, TermsComparison,
    TermsResult, TermsStep, TermsYear, YearDays,
};
use kernel::figures::Figure;
use kernel::money::AmountIn;
use kernel::text::Number;
use crate::platform::http::Problem;

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
    /// The customer, by id or number; needed where no probability of default is given.
    #[schema(value_type = Option<Number>)]
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

impl OrderIn {
    const fn order(&self, default_probability: Figure) -> OrderOnTerms {
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
    fn year(&self) -> TermsYear {
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
