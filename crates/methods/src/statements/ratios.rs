//! Ratios of a statement, each with its formula and the amounts that went in, and how they move over periods.

use std::cmp::Ordering;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Line, Statement};
use kernel::figures::{Exact, Figure, PLACES};
use kernel::money::Money;
use kernel::places::Language;

/// Why there is no value. A missing value is never a zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
#[schema(as = NoRatioValue)]
pub enum NoValue {
    #[error("{line} is not given")]
    Missing { line: Line },
    #[error("{line} of the period before is not given")]
    MissingBefore { line: Line },
    #[error("there is no statement of the period before")]
    NoPeriodBefore,
    #[error(
        "the period before is not the one that ends where this begins, with as many months and the same currency"
    )]
    NotComparable,
    #[error("{line} is zero, and nothing can be divided by it")]
    ZeroDivisor { line: Line },
    #[error("{line} is negative, so that the ratio would say nothing")]
    NegativeDivisor { line: Line },
    #[error("the amounts are too large or the months are zero")]
    OutOfRange,
}

impl NoValue {
    pub(super) fn unless_given(statement: &Statement, line: Line) -> Result<Exact, NoValue> {
        statement.exact(line).ok_or(NoValue::Missing { line })
    }
}

/// In what a ratio is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RatioUnit)]
pub enum Unit {
    /// 1.5: one and a half times.
    Times,
    /// 0.15: fifteen percent.
    Share,
    Days,
}

/// What is good about a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RatioBetter)]
pub enum Better {
    Higher,
    Lower,
}

macro_rules! ratios {
    ($($variant:ident, $code:tt, $unit:ident, $better:ident, $en:literal, $zh:literal, $formula:literal;)*) => {
        /// A ratio: a stable code, its unit, what is good, its name in each language and its formula. Where a formula
        /// says `average`, it is that of the balance sheets at the beginning and the end of the period, or the one at
        /// the end when the other is not given; `per year` means times 12 / months; `days` is 365 × months / 12.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        pub enum RatioCode {
            $(#[doc = $formula] #[serde(rename = $code)] $variant,)*
        }

        impl RatioCode {
            pub const ALL: &'static [RatioCode] = &[$(RatioCode::$variant,)*];

            pub const fn code(self) -> &'static str {
                match self { $(RatioCode::$variant => $code,)* }
            }

            pub const fn unit(self) -> Unit {
                match self { $(RatioCode::$variant => Unit::$unit,)* }
            }

            pub const fn better(self) -> Better {
                match self { $(RatioCode::$variant => Better::$better,)* }
            }

            pub const fn name(self, language: Language) -> &'static str {
                match (self, language) {
                    $((RatioCode::$variant, Language::English) => $en, (RatioCode::$variant, Language::Chinese) => $zh,)*
                }
            }

            pub const fn formula(self) -> &'static str {
                match self { $(RatioCode::$variant => $formula,)* }
            }
        }
    };
}

ratios! {
    Current, "current_ratio", Times, Higher, "Current ratio", "流动比率",
        "current_assets / current_liabilities";
    Quick, "quick_ratio", Times, Higher, "Quick ratio", "速动比率",
        "(current_assets - inventory) / current_liabilities";
    Cash, "cash_ratio", Times, Higher, "Cash ratio", "现金比率",
        "cash / current_liabilities";
    Debt, "debt_ratio", Share, Lower, "Debt ratio", "资产负债率",
        "total_liabilities / total_assets";
    DebtToEquity, "debt_to_equity", Times, Lower, "Debt to equity", "产权比率",
        "total_liabilities / total_equity";
    GrossMargin, "gross_margin", Share, Higher, "Gross margin", "毛利率",
        "(sales - cost_of_sales) / sales";
    OperatingMargin, "operating_margin", Share, Higher, "Operating margin", "营业利润率",
        "ebit / sales";
    NetMargin, "net_margin", Share, Higher, "Net margin", "净利润率",
        "net_profit / sales";
    ReturnOnAssets, "return_on_assets", Share, Higher, "Return on assets", "总资产收益率",
        "net_profit per year / average total_assets";
    ReturnOnEquity, "return_on_equity", Share, Higher, "Return on equity", "净资产收益率",
        "net_profit per year / average total_equity";
    AssetTurnover, "asset_turnover", Times, Higher, "Asset turnover", "总资产周转率",
        "sales per year / average total_assets";
    InventoryTurnover, "inventory_turnover", Times, Higher, "Inventory turnover", "存货周转率",
        "cost_of_sales per year / average inventory";
    ReceivablesTurnover, "receivables_turnover", Times, Higher, "Receivables turnover", "应收账款周转率",
        "sales per year / average receivables";
    InventoryDays, "inventory_days", Days, Lower, "Inventory days", "存货周转天数",
        "average inventory / cost_of_sales * days";
    ReceivableDays, "receivable_days", Days, Lower, "Receivable days", "应收账款周转天数",
        "average receivables / sales * days";
    PayableDays, "payable_days", Days, Lower, "Payable days", "应付账款周转天数",
        "average payables / cost_of_sales * days";
    InterestCover, "interest_cover", Times, Higher, "Interest cover", "利息保障倍数",
        "ebit / interest_expense";
    CashFlowCover, "cash_flow_cover", Times, Higher, "Cash flow to current liabilities", "现金流动负债比",
        "operating_cash_flow per year / current_liabilities";
    SalesGrowth, "sales_growth", Share, Higher, "Sales growth", "销售增长率",
        "(sales - sales before) / sales before";
    AssetGrowth, "asset_growth", Share, Higher, "Asset growth", "总资产增长率",
        "(total_assets - total_assets before) / total_assets before";
}

/// A ratio of one statement: its value rounded to 6 places, or why it has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ratio {
    pub code: RatioCode,
    #[schema(max_length = 200)]
    pub formula: String,
    pub unit: Unit,
    pub value: Option<Figure>,
    pub no_value: Option<NoValue>,
    /// What was read, in that order, also where it led to no value.
    #[schema(max_items = 10)]
    pub inputs: Vec<Input>,
}

/// An amount that went into a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RatioInput)]
pub struct Input {
    pub line: Line,
    pub period_end: NaiveDate,
    pub amount: Money,
}

/// Every ratio of a statement, in the order of [`RatioCode::ALL`].
///
/// `before` is the statement of the period before: it must end where this one begins, have as many months and the
/// same currency; otherwise growth has no value, and no average is made with it.
pub fn ratios(statement: &Statement, before: Option<&Statement>) -> Vec<Ratio> {
    RatioCode::ALL
        .iter()
        .map(|code| ratio(*code, statement, before))
        .collect()
}

/// One ratio of a statement: 5,000 of current assets on 3,200 of current liabilities is 1.5625.
pub fn ratio(code: RatioCode, statement: &Statement, before: Option<&Statement>) -> Ratio {
    let mut reading = Reading {
        statement,
        before,
        inputs: Vec::new(),
    };
    let value = reading
        .compute(code)
        .and_then(|value| value.figure(PLACES).map_err(|_| NoValue::OutOfRange));
    Ratio {
        code,
        formula: code.formula().to_owned(),
        unit: code.unit(),
        value: value.ok(),
        no_value: value.err(),
        inputs: reading.inputs,
    }
}

/// Reads lines and remembers which.
struct Reading<'a> {
    statement: &'a Statement,
    before: Option<&'a Statement>,
    inputs: Vec<Input>,
}

impl Reading<'_> {
    fn compute(&mut self, code: RatioCode) -> Result<Exact, NoValue> {
        match code {
            RatioCode::Current => self.share(Line::CurrentAssets, Line::CurrentLiabilities),
            RatioCode::Quick => {
                let quick = self.line(Line::CurrentAssets)? - self.line(Line::Inventory)?;
                Ok(quick / self.divisor(Line::CurrentLiabilities)?)
            }
            RatioCode::Cash => self.share(Line::Cash, Line::CurrentLiabilities),
            RatioCode::Debt => self.share(Line::TotalLiabilities, Line::TotalAssets),
            RatioCode::DebtToEquity => self.share(Line::TotalLiabilities, Line::TotalEquity),
            RatioCode::GrossMargin => {
                let gross = self.line(Line::Sales)? - self.line(Line::CostOfSales)?;
                Ok(gross / self.divisor(Line::Sales)?)
            }
            RatioCode::OperatingMargin => self.share(Line::Ebit, Line::Sales),
            RatioCode::NetMargin => self.share(Line::NetProfit, Line::Sales),
            RatioCode::ReturnOnAssets => self.turnover(Line::NetProfit, Line::TotalAssets),
            RatioCode::ReturnOnEquity => self.turnover(Line::NetProfit, Line::TotalEquity),
            RatioCode::AssetTurnover => self.turnover(Line::Sales, Line::TotalAssets),
            RatioCode::InventoryTurnover => self.turnover(Line::CostOfSales, Line::Inventory),
            RatioCode::ReceivablesTurnover => self.turnover(Line::Sales, Line::Receivables),
            RatioCode::InventoryDays => self.days(Line::Inventory, Line::CostOfSales),
            RatioCode::ReceivableDays => self.days(Line::Receivables, Line::Sales),
            RatioCode::PayableDays => self.days(Line::Payables, Line::CostOfSales),
            RatioCode::InterestCover => self.share(Line::Ebit, Line::InterestExpense),
            RatioCode::CashFlowCover => {
                let flow = self.per_year(Line::OperatingCashFlow)?;
                Ok(flow / self.divisor(Line::CurrentLiabilities)?)
            }
            RatioCode::SalesGrowth => self.growth(Line::Sales),
            RatioCode::AssetGrowth => self.growth(Line::TotalAssets),
        }
    }

    fn share(&mut self, numerator: Line, divisor: Line) -> Result<Exact, NoValue> {
        Ok(self.line(numerator)? / self.divisor(divisor)?)
    }

    fn turnover(&mut self, flow: Line, stock: Line) -> Result<Exact, NoValue> {
        let flow = self.per_year(flow)?;
        let average = self.average(stock)?;
        Ok(flow / positive(stock, average)?)
    }

    fn days(&mut self, stock: Line, flow: Line) -> Result<Exact, NoValue> {
        let average = self.average(stock)?;
        let flow = self.divisor(flow)?;
        Ok(average * 365_i64 * self.statement.months / (flow * 12_i64))
    }

    fn growth(&mut self, line: Line) -> Result<Exact, NoValue> {
        let now = self.line(line)?;
        let before = self.line_before(line)?;
        Ok((now - before) / positive(line, before)?)
    }

    fn per_year(&mut self, line: Line) -> Result<Exact, NoValue> {
        Ok(self.line(line)? * 12_i64 / self.statement.months)
    }

    fn average(&mut self, line: Line) -> Result<Exact, NoValue> {
        let end = self.line(line)?;
        match self.line_before(line) {
            Ok(beginning) => Ok((beginning + end) / 2_i64),
            Err(_) => Ok(end),
        }
    }

    fn divisor(&mut self, line: Line) -> Result<Exact, NoValue> {
        let amount = self.line(line)?;
        positive(line, amount)
    }

    fn line(&mut self, line: Line) -> Result<Exact, NoValue> {
        let amount = self.read(self.statement, line);
        amount.ok_or(NoValue::Missing { line })
    }

    fn line_before(&mut self, line: Line) -> Result<Exact, NoValue> {
        let before = self.before.ok_or(NoValue::NoPeriodBefore)?;
        if !follows(self.statement, before) {
            return Err(NoValue::NotComparable);
        }
        let amount = self.read(before, line);
        amount.ok_or(NoValue::MissingBefore { line })
    }

    fn read(&mut self, statement: &Statement, line: Line) -> Option<Exact> {
        let amount = statement.line(line)?;
        let input = Input {
            line,
            period_end: statement.period_end,
            amount,
        };
        if !self.inputs.contains(&input) {
            self.inputs.push(input);
        }
        Some(Exact::from(amount))
    }
}

/// # Errors
/// When the divisor is zero or negative; `line` is the one that it comes from.
pub(super) fn positive(line: Line, divisor: Exact) -> Result<Exact, NoValue> {
    let value = divisor.value().map_err(|_| NoValue::OutOfRange)?;
    if value.is_zero() {
        Err(NoValue::ZeroDivisor { line })
    } else if value.is_sign_negative() {
        Err(NoValue::NegativeDivisor { line })
    } else {
        Ok(divisor)
    }
}

/// Whether one statement's period ends where the other's begins, in the same currency and as long. Some years have 52
/// weeks, some 53: eight days are allowed.
pub fn follows(statement: &Statement, before: &Statement) -> bool {
    let begins = statement
        .period_end
        .checked_sub_months(chrono::Months::new(statement.months));
    let near = |begins: NaiveDate| (begins - before.period_end).num_days().abs() <= 8;
    statement.currency == before.currency
        && statement.months == before.months
        && begins.is_some_and(near)
}

/// Where a ratio went between its last two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RatioMovement)]
pub enum Movement {
    Improved,
    Unchanged,
    Worsened,
}

/// A ratio over periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RatioTrend)]
pub struct Trend {
    pub code: RatioCode,
    /// Ascending by day.
    #[schema(max_items = 200)]
    pub points: Vec<Point>,
    /// The last value less the one before; none unless both have a value.
    pub change: Option<Figure>,
    pub movement: Option<Movement>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RatioTrendPoint)]
pub struct Point {
    pub period_end: NaiveDate,
    pub value: Option<Figure>,
    pub no_value: Option<NoValue>,
}

/// How every ratio moved over a customer's statements, which may come in any order.
pub fn trends(statements: &[Statement]) -> Vec<Trend> {
    let mut ordered: Vec<&Statement> = statements.iter().collect();
    ordered.sort_by_key(|statement| statement.period_end);
    RatioCode::ALL
        .iter()
        .map(|code| trend(*code, &ordered))
        .collect()
}

fn trend(code: RatioCode, ordered: &[&Statement]) -> Trend {
    let mut before = None;
    let mut points: Vec<Point> = Vec::new();
    for statement in ordered {
        let ratio = ratio(code, statement, before);
        points.push(Point {
            period_end: statement.period_end,
            value: ratio.value,
            no_value: ratio.no_value,
        });
        before = Some(*statement);
    }
    let mut latest = points.iter().rev().map(|point| point.value);
    let change = match (latest.next().flatten(), latest.next().flatten()) {
        (Some(last), Some(earlier)) => (Exact::from(last) - earlier).figure(PLACES).ok(),
        _ => None,
    };
    let movement = change.map(|change| match (change.cmp(&Figure::ZERO), code.better()) {
        (Ordering::Equal, _) => Movement::Unchanged,
        (Ordering::Greater, Better::Higher) | (Ordering::Less, Better::Lower) => Movement::Improved,
        _ => Movement::Worsened,
    });
    Trend {
        code,
        points,
        change,
        movement,
    }
}
