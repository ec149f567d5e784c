//! What a grade of customers gets: terms, how their limits are found, and what is approved without a person.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{Amounts, Checkpoint, PolicyDocument};
use kernel::columns::text_enum;
use kernel::figures::Figure;
use kernel::ids::DunningProcedureId;
use kernel::money::Currency;
use kernel::text::{GradeCode, Line};

/// A discount for paying early: `2/10` is a rate of 0.02 until the tenth day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"rate": "0.02", "days": 10}))]
pub struct Discount {
    /// Of the invoice amount, more than 0 and less than 1.
    pub rate: Figure,
    /// The last day after the invoice date on which it may be taken.
    #[validate(range(max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub days: u32,
}

/// The grade of who was never rated: a policy may have terms and rules for it.
pub const NOT_RATED: &str = "NR";

/// The terms of one grade; with a credit segment, of that segment's customers alone, and then before the grade's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "grade": "A", "segment": null, "net_days_max": 60, "discount": {"rate": "0.02", "days": 10},
    "prepaid_share": "0", "limit_cap": {"CNY": "2000000.00"}, "review_months": 12, "checkpoints": ["order"]
}))]
pub struct TermsRow {
    pub grade: GradeCode,
    /// A credit segment; the grade in every segment when not given.
    pub segment: Option<Line>,
    /// The most days from invoice to due date; 0 where everything is paid before delivery.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days_max: i32,
    /// For paying early; null for no discount.
    #[validate(nested)]
    pub discount: Option<Discount>,
    /// The share of an order that is paid before delivery, from 0 to 1; 0 when not given.
    #[serde(default = "zero")]
    pub prepaid_share: Figure,
    /// The most that a limit may be; a currency that is not named has no cap.
    #[serde(default)]
    pub limit_cap: Amounts,
    /// After how many months the customer is looked at again; not by itself when null.
    #[validate(range(min = 1, max = 60))]
    #[schema(minimum = 1, maximum = 60)]
    pub review_months: Option<i32>,
    /// At which stages the order system is to ask for a limit check; at all when empty. A check is answered at any stage.
    #[serde(default)]
    #[validate(length(max = 4))]
    #[schema(max_items = 4)]
    pub checkpoints: Vec<Checkpoint>,
    /// How the customer is dunned, where its account names no procedure of its own; by the default one when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dunning_procedure_id: Option<DunningProcedureId>,
}

const fn zero() -> Figure {
    Figure::ZERO
}

text_enum! {
    /// A way to find a limit (formulas 3.11).
    pub enum LimitMethod {
        /// What the customer is expected to buy within term and buffer.
        SalesForecast = "sales_forecast",
        /// A share of what the customer owns.
        NetWorth = "net_worth",
        /// What the customer has shown that it can pay within the term.
        PaymentAbility = "payment_ability",
    }
}

text_enum! {
    /// How the proposals of the methods become one.
    pub enum LimitCombination {
        /// The lowest.
        Min = "min",
        /// The average by weights.
        Weighted = "weighted",
        /// The middle one.
        Median = "median",
    }
}

text_enum! {
    /// Whether a limit may pass what is insured.
    pub enum InsuredCap {
        /// It may.
        NoCap = "no_cap",
        /// It may not, where insured limits stand on the account.
        InsuredAmount = "insured_amount",
    }
}

/// How much a method counts in the average.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodWeight {
    pub method: LimitMethod,
    /// 0 or more.
    pub weight: Figure,
}

/// What a proposed limit is multiplied with for a grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GradeFactor {
    pub grade: GradeCode,
    /// From 0, which is no limit, to 1.
    pub factor: Figure,
}

/// How limits are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "methods": ["sales_forecast", "net_worth", "payment_ability"], "combination": "min", "weights": [],
    "grade_factors": [{"grade": "A", "factor": "0.90"}, {"grade": "BBB", "factor": "0.75"}], "buffer_days": 15,
    "net_worth_share": "0.10", "working_capital_share": "1", "payment_period_days": 180, "tolerance_days": 3,
    "insured_cap": "no_cap", "rounding_steps": {"CNY": "1000.00"}
}))]
pub struct LimitMethods {
    /// Those that count.
    #[validate(length(max = 3))]
    #[schema(max_items = 3)]
    pub methods: Vec<LimitMethod>,
    pub combination: LimitCombination,
    /// For `weighted`; a method that is not named does not count.
    #[serde(default)]
    #[validate(length(max = 3), nested)]
    #[schema(max_items = 3)]
    pub weights: Vec<MethodWeight>,
    /// Every grade that has terms, the best first: this is the policy's order of grades.
    #[validate(length(max = 30), nested)]
    #[schema(max_items = 30)]
    pub grade_factors: Vec<GradeFactor>,
    /// Added to the term for the habit of paying late and for goods under way.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub buffer_days: i32,
    /// What one supplier may carry of a customer's tangible net worth, from 0 to 1.
    pub net_worth_share: Figure,
    /// And not more than this share of its working capital, from 0 to 1.
    pub working_capital_share: Figure,
    /// Over how many days back payments are looked at.
    #[validate(range(min = 1, max = 1096))]
    #[schema(minimum = 1, maximum = 1096)]
    pub payment_period_days: i32,
    /// A payment so many days after the due date is still in time.
    #[validate(range(min = 0, max = 60))]
    #[schema(minimum = 0, maximum = 60)]
    pub tolerance_days: i32,
    pub insured_cap: InsuredCap,
    /// What limits are rounded down to; the minor unit in a currency that is not named.
    #[serde(default)]
    pub rounding_steps: Amounts,
}

/// What must be so before netterms approves by itself; what is null is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_months_min": 12, "in_time_share_min": "0.90", "statement_months_max": null, "increase_share_max": "0.50"
}))]
pub struct StraightThroughConditions {
    /// For how many months the account has been there.
    #[validate(range(min = 0, max = 600))]
    #[schema(minimum = 0, maximum = 600)]
    pub customer_months_min: Option<i32>,
    /// The share of what was due that was paid in time, from 0 to 1; who has paid nothing yet does not reach it.
    pub in_time_share_min: Option<Figure>,
    /// How old the latest financial statement may be, in months.
    #[validate(range(min = 0, max = 120))]
    #[schema(minimum = 0, maximum = 120)]
    pub statement_months_max: Option<i32>,
    /// By what share of the present limit the new one may pass it, from 0; who has no limit yet can't meet it.
    pub increase_share_max: Option<Figure>,
}

/// What is approved without a person: never above the ceiling, never in a worse grade, never with an open warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "ceilings": {"CNY": "100000.00"}, "worst_grade": "A", "conditions": {"customer_months_min": 12}
}))]
pub struct StraightThrough {
    /// The highest limit; in a currency that is not named, nothing is approved without a person.
    pub ceilings: Amounts,
    pub worst_grade: GradeCode,
    /// All that are given must hold.
    #[serde(default)]
    #[validate(nested)]
    pub conditions: StraightThroughConditions,
}

impl LimitMethods {
    pub fn factor(&self, grade: &str) -> Option<Figure> {
        let row = self
            .grade_factors
            .iter()
            .find(|row| row.grade.as_str() == grade);
        row.map(|row| row.factor)
    }

    /// A grade's place in the policy's order, 0 for the best.
    pub fn place(&self, grade: &str) -> Option<usize> {
        self.grade_factors
            .iter()
            .position(|row| row.grade.as_str() == grade)
    }
}

impl PolicyDocument {
    /// The dunning procedures that terms name.
    pub fn dunning_procedures(&self) -> impl Iterator<Item = DunningProcedureId> {
        self.terms.iter().filter_map(|row| row.dunning_procedure_id)
    }

    /// The terms of a grade in a segment: the row that names the segment, otherwise the grade's own.
    ///
    /// With rows for A on 60 days and for A in the segment `Steel` on 30, a customer of grade A buys steel on 30 days
    /// and everything else on 60.
    pub fn terms_of(&self, grade: &str, segment: Option<&str>) -> Option<&TermsRow> {
        let find = |segment: Option<&str>| {
            self.terms.iter().find(|row| {
                row.grade.as_str() == grade && row.segment.as_ref().map(Line::as_str) == segment
            })
        };
        segment
            .and_then(|segment| find(Some(segment)))
            .or_else(|| find(None))
    }
}

impl TermsRow {
    /// The cap in one currency.
    pub fn cap(&self, currency: Currency) -> Option<kernel::money::Money> {
        self.limit_cap.get(currency)
    }
}
