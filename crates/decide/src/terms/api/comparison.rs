//! The shapes of a comparison of two policies' terms.

use crate::decide::terms::input::TermsComparisonIn;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::policy::model::TermsRow;
use crate::decide::terms::actions::BookComparison;
use crate::decide::terms::rules::{
    LeftOut, LeftOutReason, Part, PayingGroup, TermsComparison, TermsResult, TermsStep, year_steps,
};
use kernel::figures::{Exact, Figure, PLACES};
use kernel::ids::PolicyId;
use kernel::money::Money;

/// Two policies' terms over our own sales.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyTermsComparison, example = json!({
    "policy_id": "pol_01k00000000000000000000002", "policy_version": 2,
    "with_id": "pol_01k00000000000000000000001", "with_version": 1, "from": "2025-04-01", "to": "2026-03-31",
    "assumptions": {"with": null, "currency": "CNY", "variable_cost_share": "0.75", "capital_cost": "0.08",
        "discount_taken_share": "0.4", "days_late": 5, "bad_debt_share": "0.005", "bad_debt_by_grade": [],
        "collection_cost_share": "0.002", "year_days": 365},
    "covered_share": "1", "total": {
        "before": {"credit_sales": {"amount": "3650000.00", "currency": "CNY"},
            "average_collection_days": "30",
            "sales_per_day": {"amount": "10000.00", "currency": "CNY"},
            "average_receivables": {"amount": "300000.00", "currency": "CNY"},
            "funds_tied_up": {"amount": "225000.00", "currency": "CNY"},
            "discounts": {"amount": "0.00", "currency": "CNY"},
            "variable_cost": {"amount": "2737500.00", "currency": "CNY"},
            "profit_before_credit_cost": {"amount": "912500.00", "currency": "CNY"},
            "opportunity_cost": {"amount": "18000.00", "currency": "CNY"},
            "bad_debt": {"amount": "18250.00", "currency": "CNY"},
            "collection_cost": {"amount": "7300.00", "currency": "CNY"},
            "credit_cost": {"amount": "43550.00", "currency": "CNY"},
            "profit": {"amount": "868950.00", "currency": "CNY"}},
        "after": {"credit_sales": {"amount": "3650000.00", "currency": "CNY"},
            "average_collection_days": "60",
            "sales_per_day": {"amount": "10000.00", "currency": "CNY"},
            "average_receivables": {"amount": "600000.00", "currency": "CNY"},
            "funds_tied_up": {"amount": "450000.00", "currency": "CNY"},
            "discounts": {"amount": "0.00", "currency": "CNY"},
            "variable_cost": {"amount": "2737500.00", "currency": "CNY"},
            "profit_before_credit_cost": {"amount": "912500.00", "currency": "CNY"},
            "opportunity_cost": {"amount": "36000.00", "currency": "CNY"},
            "bad_debt": {"amount": "18250.00", "currency": "CNY"},
            "collection_cost": {"amount": "7300.00", "currency": "CNY"},
            "credit_cost": {"amount": "61550.00", "currency": "CNY"},
            "profit": {"amount": "850950.00", "currency": "CNY"}},
        "change": {"credit_sales": {"amount": "0.00", "currency": "CNY"}, "average_collection_days": "30",
            "sales_per_day": {"amount": "0.00", "currency": "CNY"},
            "average_receivables": {"amount": "300000.00", "currency": "CNY"},
            "funds_tied_up": {"amount": "225000.00", "currency": "CNY"},
            "discounts": {"amount": "0.00", "currency": "CNY"},
            "variable_cost": {"amount": "0.00", "currency": "CNY"},
            "profit_before_credit_cost": {"amount": "0.00", "currency": "CNY"},
            "opportunity_cost": {"amount": "18000.00", "currency": "CNY"},
            "bad_debt": {"amount": "0.00", "currency": "CNY"},
            "collection_cost": {"amount": "0.00", "currency": "CNY"},
            "credit_cost": {"amount": "18000.00", "currency": "CNY"},
            "profit": {"amount": "-18000.00", "currency": "CNY"}}
    }, "steps_before": [], "steps_after": [], "parts": [], "left_out": []
}))]
pub struct TermsComparisonOut {
    policy_id: PolicyId,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    policy_version: i32,
    with_id: PolicyId,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    with_version: i32,
    /// The first and the last day of the sales.
    from: NaiveDate,
    to: NaiveDate,
    assumptions: TermsComparisonIn,
    /// What of the sales is in the comparison, from 0 to 1.
    covered_share: Figure,
    /// The whole book on the terms of the other policy, on those of this one, and this less the other.
    total: TermsComparison,
    /// How the totals on the other policy's terms came about, part by part and then added.
    #[schema(max_items = 20)]
    steps_before: Vec<TermsStep>,
    #[schema(max_items = 20)]
    steps_after: Vec<TermsStep>,
    /// By grade and credit segment.
    #[schema(max_items = 10_000)]
    parts: Vec<TermsPartOut>,
    #[schema(max_items = 10_000)]
    left_out: Vec<LeftOutOut>,
}

/// What was sold to one grade in one segment, on the terms of both policies.
#[derive(Debug, Serialize, ToSchema)]
pub struct TermsPartOut {
    #[schema(max_length = 10)]
    grade: String,
    #[schema(max_length = 200)]
    segment: Option<String>,
    #[schema(minimum = 0, maximum = 4_294_967_295_i64)]
    customers: u32,
    credit_sales: Money,
    before: OnTermsOut,
    after: OnTermsOut,
    /// After less before, line by line.
    change: TermsResult,
}

/// A part of the book on one policy's terms.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnTermsOut {
    terms: TermsRow,
    /// Who pays when.
    #[schema(max_items = 3)]
    groups: Vec<PayingGroup>,
    /// What is lost of sales; what is prepaid can't be lost.
    bad_debt_share: Figure,
    result: TermsResult,
    #[schema(max_items = 20)]
    steps: Vec<TermsStep>,
}

/// Sales of which the policies say nothing.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftOutOut {
    #[schema(max_length = 10)]
    grade: Option<String>,
    #[schema(max_length = 200)]
    segment: Option<String>,
    #[schema(minimum = 0, maximum = 4_294_967_295_i64)]
    customers: u32,
    credit_sales: Money,
    reason: LeftOutReason,
}

impl TermsComparisonOut {
    pub fn read(found: BookComparison, question: &TermsComparisonIn) -> TermsComparisonOut {
        let covered = Exact::from(found.total.before.credit_sales);
        let left_out = found.left_out.iter().map(|part| part.sales.credit_sales);
        let all = covered + Exact::sum(left_out);
        let covered_share = (covered / all).figure(PLACES).unwrap_or(Figure::ONE);
        TermsComparisonOut {
            policy_id: found.policy.id,
            policy_version: found.policy.policy_version,
            with_id: found.with.id,
            with_version: found.with.policy_version,
            from: found.from,
            to: found.to,
            assumptions: question.clone(),
            covered_share,
            steps_before: year_steps(&found.total.before),
            steps_after: year_steps(&found.total.after),
            total: found.total,
            parts: found.parts.into_iter().map(TermsPartOut::read).collect(),
            left_out: found.left_out.into_iter().map(LeftOutOut::read).collect(),
        }
    }
}

impl TermsPartOut {
    fn read((part, compared): (Part, TermsComparison)) -> TermsPartOut {
        TermsPartOut {
            grade: part.grade,
            segment: part.segment,
            customers: part.customers,
            credit_sales: part.before.credit_sales,
            before: OnTermsOut {
                terms: part.terms_before,
                groups: part.before.groups,
                bad_debt_share: part.before.bad_debt_share,
                result: compared.before,
                steps: year_steps(&compared.before),
            },
            after: OnTermsOut {
                terms: part.terms_after,
                groups: part.after.groups,
                bad_debt_share: part.after.bad_debt_share,
                result: compared.after,
                steps: year_steps(&compared.after),
            },
            change: compared.change,
        }
    }
}

impl LeftOutOut {
    fn read(part: LeftOut) -> LeftOutOut {
        LeftOutOut {
            grade: part.sales.grade,
            segment: part.sales.segment,
            customers: part.sales.customers,
            credit_sales: part.sales.credit_sales,
            reason: part.reason,
        }
    }
}
